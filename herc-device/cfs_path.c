#include "herc-device/cfs_path.h"

#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cfemu/arch/cf_bytes.h"

/* --- assertions in the engine --------------------------------------------------------------------------------------*/

struct guard {
    jmp_buf leave;
    char what[160];     /* the assertion */
};

static _Thread_local struct guard *guarded;     /* the calling thread is in the engine, under this guard */

/* What assert() calls. The linker gives the module's own calls this one (hdtcfs.map). */
void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
{
    struct guard *guard = guarded;

    if (guard == NULL) {
        fprintf(stderr, "%s:%u: %s: assertion failed: %s\n", file, line, function, assertion);
        abort();
    }
    guarded = NULL;
    snprintf(guard->what, sizeof guard->what, "%s line %u: %s", file, line, assertion);
    longjmp(guard->leave, 1);
}

/* The calling thread has left the engine by an assertion. Another one may have done so before, or closed the path. */
static void fence(struct cfs_path *path, struct cf *cf, const char *what)
{
    struct cf *expected = cf;
    bool first = atomic_compare_exchange_strong(&path->cf, &expected, NULL);

    if (first)
        cf_interrupt(cf); /* the device's threads end; the view stays mapped for whoever is in it */
    cf_abandon(cf);
    if (first)
        path->fenced(path, CFS_ASSERTION, what);
}

/* The link is lost. The view can be closed, but not while others may be in it. */
static void lose(struct cfs_path *path, struct cf *cf, const char *why)
{
    struct cf *expected = cf;

    atomic_store(&path->lost, cf);      /* first: a command that finds no CF goes there */
    if (!atomic_compare_exchange_strong(&path->cf, &expected, NULL))
        return;
    cf_interrupt(cf);
    path->fenced(path, CFS_LINK_LOST, why);
}

/* --- the path ------------------------------------------------------------------------------------------------------*/

int cfs_path_open(struct cfs_path *path, const char *segment, const char *system,
                  void (*fenced)(struct cfs_path *path, enum cfs_end how, const char *what))
{
    struct cf *cf;
    int rc = cf_open(segment, system, &cf);

    if (rc == 0) {
        path->fenced = fenced;
        atomic_store(&path->cf, cf);
    }
    return rc;
}

static void close_view(struct cf *cf)
{
    struct guard guard;

    if (_setjmp(guard.leave) == 0) {
        guarded = &guard;
        cf_close(cf);
        guarded = NULL;
    } else {
        cf_abandon(cf);
    }
}

void cfs_path_close(struct cfs_path *path)
{
    const struct timespec moment = {.tv_nsec = 20000};
    struct cf *cf = atomic_exchange(&path->cf, NULL), *lost;

    while (atomic_load(&path->users) > 0)
        nanosleep(&moment, NULL);
    lost = atomic_exchange(&path->lost, NULL);
    if (cf != NULL || lost != NULL)
        close_view(cf != NULL ? cf : lost);
}

static enum cfs_cc condition(struct cfs_path *path, struct cf *cf, uint16_t response)
{
    switch (response) {
    case CF_RSP_BUSY:
        return CFS_BUSY;
    case CF_RSP_CF_FAILED:
        if (cf_lost(cf) != NULL)
            lose(path, cf, cf_lost(cf));
        return CFS_NOT_OPERATIONAL;
    default:
        return CFS_DONE;
    }
}

/* The view is open as long as its user is counted. */
static enum cfs_cc message(struct cfs_path *path, struct cf *cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb,
                           void *in, uint32_t in_cap, uint32_t wait_us)
{
    struct guard guard;

    if (_setjmp(guard.leave) != 0) {
        fence(path, cf, guard.what);
        return CFS_NOT_OPERATIONAL;
    }
    guarded = &guard;
    cf_message_within(cf, mcb, out, out_len, mrb, in, in_cap, wait_us);
    guarded = NULL;
    return condition(path, cf, get_be16(mrb + MRB_RESPONSE));
}

enum cfs_cc cfs_path_message(struct cfs_path *path, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb,
                             void *in, uint32_t in_cap, uint32_t wait_us)
{
    enum cfs_cc cc = CFS_NOT_OPERATIONAL;   /* closed or fenced */
    struct cf *cf;

    atomic_fetch_add(&path->users, 1);
    cf = atomic_load(&path->cf);
    if (cf == NULL)
        cf = atomic_load(&path->lost);      /* its answer is that it is, and it knows then that the program was told */
    if (cf != NULL)
        cc = message(path, cf, mcb, out, out_len, mrb, in, in_cap, wait_us);
    atomic_fetch_sub(&path->users, 1);
    return cc;
}

void cfs_path_look(struct cfs_path *path)
{
    struct cf *cf;

    atomic_fetch_add(&path->users, 1);
    cf = atomic_load(&path->cf);
    if (cf != NULL && cf_lost(cf) != NULL)
        lose(path, cf, cf_lost(cf));
    atomic_fetch_sub(&path->users, 1);
}

void cfs_path_watch(struct cfs_path *path)
{
    struct cf *cf = atomic_load(&path->cf);
    struct guard guard;

    if (cf == NULL)
        return;
    if (_setjmp(guard.leave) == 0) {
        guarded = &guard;
        cf_watch(cf);
        guarded = NULL;
    } else {
        fence(path, cf, guard.what);
    }
}

uint32_t cfs_path_data_len(const uint8_t *mrb, uint32_t in_cap)
{
    uint32_t len = get_be32(mrb + MRB_DATALEN);

    return len <= in_cap ? len : 0;
}
