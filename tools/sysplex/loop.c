/* The descriptors of a round are copied before the calls: a call that unwatches another one leaves nothing of it to be
 * called, and a descriptor that is opened in the same round is not taken for one that was closed in it. */
#include "tools/sysplex/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "tools/sysplex/process.h"

void loop_init(struct loop *loop)
{
    memset(loop, 0, sizeof *loop);
}

static struct loop_watch *find_watch(struct loop *loop, int fd)
{
    for (unsigned i = 0; i < loop->watch_count; i++)
        if (loop->watches[i].fd == fd)
            return &loop->watches[i];
    return NULL;
}

void loop_watch(struct loop *loop, int fd, short events, loop_watch_fn *call, void *context)
{
    struct loop_watch *w = find_watch(loop, fd);
    if (!w)
        w = find_watch(loop, -1);
    if (!w) {
        assert(loop->watch_count < LOOP_WATCHES_MAX);
        w = &loop->watches[loop->watch_count++];
    }
    *w = (struct loop_watch){ fd, events, call, context };
}

void loop_unwatch(struct loop *loop, int fd)
{
    struct loop_watch *w = fd >= 0 ? find_watch(loop, fd) : NULL;
    if (w)
        *w = (struct loop_watch){ .fd = -1 };
}

void loop_timer_stop(struct loop *loop, loop_timer_fn *call, const void *context)
{
    for (unsigned i = 0; i < LOOP_TIMERS_MAX; i++)
        if (loop->timers[i].due_ms && loop->timers[i].call == call && loop->timers[i].context == context)
            loop->timers[i].due_ms = 0;
}

void loop_timer(struct loop *loop, unsigned ms, loop_timer_fn *call, void *context)
{
    unsigned i = 0;
    loop_timer_stop(loop, call, context);
    while (i < LOOP_TIMERS_MAX && loop->timers[i].due_ms)
        i++;
    assert(i < LOOP_TIMERS_MAX);
    loop->timers[i] = (struct loop_timer){ now_ms() + ms, call, context };
}

static int patience_ms(const struct loop *loop, unsigned ms_max)
{
    uint64_t now = now_ms(), until = now + ms_max;
    for (unsigned i = 0; i < LOOP_TIMERS_MAX; i++)
        if (loop->timers[i].due_ms && loop->timers[i].due_ms < until)
            until = loop->timers[i].due_ms;
    return until > now ? (int)(until - now) : 0;
}

static void run_timers(struct loop *loop)
{
    uint64_t now = now_ms();
    for (unsigned i = 0; i < LOOP_TIMERS_MAX; i++) {
        struct loop_timer t = loop->timers[i];
        if (!t.due_ms || t.due_ms > now)
            continue;
        loop->timers[i].due_ms = 0;
        t.call(t.context);
    }
}

static bool is_same(const struct loop_watch *one, const struct loop_watch *other)
{
    return one->fd == other->fd && one->call == other->call && one->context == other->context;
}

int loop_round(struct loop *loop, unsigned ms_max)
{
    struct loop_watch watched[LOOP_WATCHES_MAX];
    struct pollfd fds[LOOP_WATCHES_MAX];
    unsigned count = loop->watch_count;
    memcpy(watched, loop->watches, count * sizeof watched[0]);
    for (unsigned i = 0; i < count; i++)
        fds[i] = (struct pollfd){ .fd = watched[i].fd, .events = watched[i].events };
    if (poll(fds, count, patience_ms(loop, ms_max)) < 0)
        return errno == EINTR ? 0 : -errno;
    for (unsigned i = 0; i < count; i++)
        if (fds[i].fd >= 0 && fds[i].revents && is_same(&watched[i], &loop->watches[i]))
            watched[i].call(watched[i].context, fds[i].fd, fds[i].revents);
    run_timers(loop);
    return 0;
}
