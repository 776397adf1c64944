/* The window: events, when to read, when to draw. And pictures without one. */
#ifndef CFDASH_WINDOW_H
#define CFDASH_WINDOW_H

#include "tools/cfdash/app.h"

struct window_options {
    int width, height;
    enum app_view view;
    uint32_t port;                  /* selected from the start, APP_NONE */
    uint32_t figure;
    const char *screenshot;         /* NULL: a window */
    double after_s;                 /* until the picture */
    float scale;                    /* of the picture */
};

/* Run until the user leaves. 0; -1: SDL cannot, SDL_GetError() says why. */
int window_run(struct session *session, const char *run, const struct window_options *options);

/* Read for after_s seconds, or until SIGINT or SIGTERM, then write the picture; of a recording, what it shows at that time. 0; -1 as above; -errno of the file, below -1. */
int window_picture(struct session *session, const char *run, const struct window_options *options);

uint64_t monotonic_ms(void);

#endif
