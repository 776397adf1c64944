/* The event loop of a Sysplex's process: one poll() over what can be read and the timers that are set. One thread; a
 * callback must not wait. A callback may watch, unwatch and set timers, also its own. */
#ifndef SYSPLEX_LOOP_H
#define SYSPLEX_LOOP_H

#include <stdint.h>

enum {
    LOOP_WATCHES_MAX = 256,     /* 32 images with a console and two readers each, clients, signals */
    LOOP_TIMERS_MAX = 640,      /* COMMANDS_MAX for each image, decks that are sent again, samples */
};

typedef void loop_watch_fn(void *context, int fd, short events);   /* events: as poll() returned them */
typedef void loop_timer_fn(void *context);

struct loop {
    struct loop_watch {
        int fd;                 /* -1: free */
        short events;
        loop_watch_fn *call;
        void *context;
    } watches[LOOP_WATCHES_MAX];
    unsigned watch_count;       /* the free ones among them are reused */
    struct loop_timer {
        uint64_t due_ms;        /* 0: free */
        loop_timer_fn *call;
        void *context;
    } timers[LOOP_TIMERS_MAX];
};

void loop_init(struct loop *loop);

/* Call when one of events (POLLIN, POLLOUT) happens at fd, or an error; for a descriptor that is watched, its events are
 * changed. More than LOOP_WATCHES_MAX of them are a programming error. */
void loop_watch(struct loop *loop, int fd, short events, loop_watch_fn *call, void *context);
void loop_unwatch(struct loop *loop, int fd);

/* Call once after ms. A timer is known by its function and context: setting it again moves it. */
void loop_timer(struct loop *loop, unsigned ms, loop_timer_fn *call, void *context);
void loop_timer_stop(struct loop *loop, loop_timer_fn *call, const void *context);

/* Wait until something happens, at most ms_max, and make the calls. 0 or -errno. */
int loop_round(struct loop *loop, unsigned ms_max);

#endif
