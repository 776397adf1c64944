/* What is shown: the present of a Sysplex with its last minutes, or a recording. Pause, step back, go on. */
#ifndef CFDASH_SESSION_H
#define CFDASH_SESSION_H

#include <stdio.h>

#include "tools/cfdash/frames.h"
#include "tools/cfdash/source.h"

#define SESSION_INTERVAL_MS 500u
#define SESSION_FRAMES 2400u                    /* 20 minutes */
#define SESSION_BYTES (64u << 20)

struct session {
    struct source *source;          /* NULL: a replay */
    struct frames *frames;
    struct model *shown;            /* what the views draw */
    struct model *live;             /* the newest reading */
    FILE *record;                   /* NULL: no recording */
    bool paused;
    uint32_t position;              /* frame shown, while paused or replayed */
    uint64_t due_ms;                /* of the next reading, or frame; monotonic */
    uint32_t version;               /* counts what was put into *shown */
};

/* Live. 0, or -errno of source_open(). */
int session_open(struct session *s, const struct source_options *options);

/* A recording: the errors of frames_replay(), in *at the frame that is bad; -ENODATA: it has none. */
int session_open_replay(struct session *s, FILE *in, uint32_t *at);
void session_close(struct session *s);

/* Write every reading from now on to a file. 0 or -errno. */
int session_record(struct session *s, const char *path);

/* Do what is due at now_ms (monotonic): read, or take the next frame. 0, or -errno: the recording cannot be written and ends. */
int session_step(struct session *s, uint64_t now_ms);

void session_pause(struct session *s, bool paused);

/* Of a recording: what it shows so long after its beginning, the end if it is shorter. */
void session_go_to(struct session *s, uint64_t ms);

/* So many frames further, back if negative; pauses. */
void session_seek(struct session *s, int frames);

#endif
