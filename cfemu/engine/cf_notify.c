#include "cfemu/engine/cf_notify.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <stdio.h>

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_lock.h"
#include "cfemu/engine/cf_undo.h"

/* --- telling -------------------------------------------------------------------------------------------------------- */

void cf_tell(struct cf *cf, struct cf_structure *s, uint32_t conid, struct cf_wakes *wakes)
{
    uint32_t attachment = s->conn[conid].attachment;
    atomic_fetch_add(&cf->attachments[attachment].notify, 1);
    wakes->set[attachment / 64] |= 1ull << attachment % 64;
}

void cf_tell_others(struct cf *cf, struct cf_structure *s, uint32_t conid, uint32_t event, struct cf_wakes *wakes)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        struct cf_conn *conn = &s->conn[i];
        if (i == conid || conn->state != CF_CONN_ACTIVE ||
            (event == CF_EVENT_CONN_GONE && !(conn->options & CF_CONN_OPT_RESPONDS)))
            continue;
        cf_set32(s, &conn->events, conn->events | event);
        uint64_t *map = event == CF_EVENT_CONN_FAILED ? conn->failed : event == CF_EVENT_CONN_GONE ? conn->gone : NULL;
        if (map)
            cf_set64(s, &map[conid / 64], map[conid / 64] | cf_conid_bit(conid));
        cf_tell(cf, s, i, wakes);
    }
}

static long futex(_Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, operation, value, timeout, NULL, FUTEX_BITSET_MATCH_ANY);
}

void cf_wake(struct cf *cf, const struct cf_wakes *wakes)
{
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX / 64; i++) {
        for (uint64_t set = wakes->set[i]; set != 0; set &= set - 1) {
            struct cf_attachment *attachment = &cf->attachments[i * 64 + (uint32_t)__builtin_ctzll(set)];
            if (atomic_load(&attachment->waiting))
                futex(&attachment->notify, FUTEX_WAKE, INT_MAX, NULL);
        }
    }
}

/* --- list monitors --------------------------------------------------------------------------------------------------- */

void cf_vector_bit_set(struct cf_structure *s, uint32_t bit, uint32_t conid, bool on)
{
    uint64_t *word = &s->conn[conid].vector[bit / 64];
    uint64_t mask = 1ull << (63 - bit % 64);
    cf_set64(s, word, on ? *word | mask : *word & ~mask);
}

static void list_filled(struct cf *cf, struct cf_structure *s, const struct cf_monitor *monitor, struct cf_wakes *wakes)
{
    struct cf_conn *conn = &s->conn[monitor->conid];
    cf_vector_bit_set(s, monitor->bit, monitor->conid, true);
    cf_set32(s, &conn->events, conn->events | CF_EVENT_LIST);
    cf_tell(cf, s, monitor->conid, wakes);
}

void cf_list_transition(struct cf_call *call, struct cf_list *list)
{
    struct cf_structure *s = call->s;
    for (uint32_t number = list->monitors; number != 0; number = s->monitor[number].next) {
        const struct cf_monitor *monitor = &s->monitor[number];
        if (list->count > 0)
            list_filled(call->cf, s, monitor, &call->wakes);
        else
            cf_vector_bit_set(s, monitor->bit, monitor->conid, false);
    }
}

static void monitor_end(struct cf_structure *s, uint32_t number)
{
    struct cf_monitor *monitor = &s->monitor[number];
    uint32_t *link = &cf_list_at(s, monitor->list)->monitors;
    while (*link != number)
        link = &s->monitor[*link].next;
    cf_set32(s, link, monitor->next);
    cf_vector_bit_set(s, monitor->bit, monitor->conid, false);
    cf_set32(s, &monitor->conid, 0);
    cf_set32(s, &monitor->next, s->monitor_free);
    cf_set32(s, &s->monitor_free, number);
}

bool cf_monitor_end_one(struct cf_structure *s, uint32_t conid)
{
    for (uint32_t number = 1; number <= CF_MONITORS_MAX; number++) {
        if (s->monitor[number].conid == conid) {
            monitor_end(s, number);
            return true;
        }
    }
    return false;
}

/* The connection's monitor of a list, or the one that uses a vector bit; 0 = none. */
static uint32_t monitor_find(struct cf_structure *s, uint32_t conid, const uint32_t *list, const uint32_t *bit)
{
    for (uint32_t number = 1; number <= CF_MONITORS_MAX; number++) {
        const struct cf_monitor *monitor = &s->monitor[number];
        if (monitor->conid == conid && ((list && monitor->list == *list) || (bit && monitor->bit == *bit)))
            return number;
    }
    return 0;
}

bool cf_vector_bit_free(struct cf_structure *s, uint32_t conid, uint32_t bit)
{
    const struct cf_conn *conn = &s->conn[conid];
    return bit < conn->vector_bits && conn->eq_bit != bit + 1 && monitor_find(s, conid, NULL, &bit) == 0;
}

static int monitor_start(struct cf_call *call, uint32_t list_number, uint32_t bit)
{
    struct cf_structure *s = call->s;
    if (!cf_vector_bit_free(s, call->conid, bit))
        return cf_bad(call, MCB_VECTORINDEX);
    uint32_t number = s->monitor_free;
    if (number == 0)
        return CF_RSP_TOO_MANY;
    struct cf_monitor *monitor = &s->monitor[number];
    struct cf_list *list = cf_list_at(s, list_number);
    cf_set32(s, &s->monitor_free, monitor->next);
    cf_set32(s, &monitor->conid, call->conid);
    cf_set32(s, &monitor->list, list_number);
    cf_set32(s, &monitor->bit, bit);
    cf_set32(s, &monitor->next, list->monitors);
    cf_set32(s, &list->monitors, number);
    if (list->count > 0)
        list_filled(call->cf, s, monitor, &call->wakes);
    return 0;
}

int cf_command_monitor(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint8_t options = call->mcb[MCB_OPTIONS];
    uint32_t list = get_be32(call->mcb + MCB_LIST);
    if (options & (uint8_t)~CF_OPT_STOP)
        return cf_bad(call, MCB_OPTIONS);
    if (list >= s->listheaders)
        return cf_bad(call, MCB_LIST);
    uint32_t number = monitor_find(s, call->conid, &list, NULL);
    int result = 0;
    if (options & CF_OPT_STOP) {
        if (number != 0)
            monitor_end(s, number);
    } else {
        uint32_t bit = get_be32(call->mcb + MCB_VECTORINDEX);
        if (number == 0)
            result = monitor_start(call, list, bit);
        else if (s->monitor[number].bit != bit)
            result = cf_bad(call, MCB_VECTORINDEX);     /* stop it first */
    }
    put_be32(call->mrb + MRB_LIST, list);
    put_be32(call->mrb + MRB_LISTCOUNT, cf_list_at(s, list)->count);
    return result;
}

/* --- VECTOR_READ ----------------------------------------------------------------------------------------------------- */

static void vector_fetch(struct cf_call *call, uint32_t bytes)
{
    uint8_t vector[CF_VECTOR_BITS_MAX / 8];
    for (uint32_t i = 0; i < CF_VECTOR_BITS_MAX / 64; i++)
        put_be64(vector + 8 * i, call->conn->vector[i]);
    if (bytes > 0)
        memcpy(call->in, vector, bytes);
}

/* Report one grant or refusal; its event, 0 = there is none. */
static uint32_t lock_report(struct cf_call *call)
{
    for (uint32_t i = 0; i < CF_WAITS_MAX; i++) {
        const struct cf_wait_entry *wait = &call->conn->wait[i];
        if (wait->state != CF_WAIT_GRANTED && wait->state != CF_WAIT_REFUSED)
            continue;
        uint32_t event = wait->state == CF_WAIT_GRANTED ? CF_EVENT_LOCK_GRANTED : CF_EVENT_LOCK_REFUSED;
        put_be32(call->mrb + MRB_LOCKOWNER, cf_lock_at(call->s, wait->lock)->owner);
        put_be32(call->mrb + MRB_OWN + VECTOR_LOCKINDEX, wait->lock);
        cf_lock_forget(call->s, call->conid, i);
        return event;
    }
    return 0;
}

/* Report a bit map of connections, once. */
static void map_report(struct cf_structure *s, uint64_t map[4], uint8_t *to)
{
    for (uint32_t i = 0; i < 4; i++) {
        put_be64(to + 8 * i, map[i]);
        if (map[i] != 0)
            cf_set64(s, &map[i], 0);
    }
}

int cf_command_vector(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    struct cf_conn *conn = call->conn;
    uint8_t *own = call->mrb + MRB_OWN;
    uint32_t bytes = conn->vector_bits / 8;
    put_be32(call->mrb + MRB_DATALEN, bytes);
    put_be32(own + VECTOR_BYTES, bytes);
    if (bytes > call->in_cap)
        return CF_RSP_BUFFER_FULL;
    vector_fetch(call, bytes);
    uint32_t events = conn->events | lock_report(call);
    if (cf_structure_lost(call->cf, s))
        events |= CF_EVENT_CF_FAILED;
    put_be32(own + VECTOR_EVENTS, events);
    if (events & CF_EVENT_REBUILD)
        put_be32(own + VECTOR_REBUILD, conn->rebuild);
    if (conn->events != 0)
        cf_set32(s, &conn->events, 0);
    map_report(s, conn->failed, own + VECTOR_FAILED);
    map_report(s, conn->gone, call->mrb + VECTOR_GONE);
    return 0;
}

/* --- waiting --------------------------------------------------------------------------------------------------------- */

bool cf_wait(struct cf *cf, uint32_t *seen, int timeout_ms)
{
    struct cf_attachment *attachment = &cf->attachments[cf->attachment];
    uint64_t until_ns = cf_clock_ns(CLOCK_MONOTONIC) + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000000u;
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u), .tv_nsec = (long)(until_ns % 1000000000u)};
    bool news = false, over = false;
    atomic_fetch_add(&attachment->waiting, 1);
    while (!news && !over) {
        uint32_t notify = atomic_load(&attachment->notify);
        if (atomic_exchange(&cf->interrupted, 0)) {
            break;
        } else if (notify != *seen) {
            *seen = notify;
            news = true;
        } else if (timeout_ms == 0) {
            over = true;                /* only a look: no system call */
        } else if (futex(&attachment->notify, FUTEX_WAIT_BITSET, notify, timeout_ms < 0 ? NULL : &until) != 0) {
            over = errno == ETIMEDOUT;
        }
    }
    atomic_fetch_sub(&attachment->waiting, 1);
    return news;
}

void cf_interrupt(struct cf *cf)
{
    struct cf_attachment *attachment = &cf->attachments[cf->attachment];
    atomic_store(&cf->interrupted, 1);
    atomic_fetch_add(&attachment->notify, 1);       /* no sleep can begin on the old value */
    futex(&attachment->notify, FUTEX_WAKE, INT_MAX, NULL);
    eventfd_write(cf->interrupt_fd, 1);
}

/* --- watching -------------------------------------------------------------------------------------------------------- */

#define WATCH_RETRY_MS 100      /* a dead process could not be cleaned up because a structure was held up: try again */

enum { WATCH_INTERRUPT, WATCH_ARRIVALS, WATCH_PROCESSES };

static void drain(int fd)
{
    char buffer[4096];
    while (read(fd, buffer, sizeof buffer) > 0)
        ;
}

/* Fill in a file descriptor for each process that is attached. *retry: some have ended and are not cleaned up yet. */
static nfds_t watch_processes(struct cf *cf, struct pollfd *polls, bool *retry)
{
    nfds_t count = WATCH_PROCESSES;
    *retry = !cf_reap(cf);
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++) {
        const struct cf_attachment *attachment = &cf->attachments[i];
        if (i == cf->attachment || atomic_load(&attachment->state) != CF_ATTACHMENT_ACTIVE)
            continue;
        int fd = cf_attachment_gone(cf, i) ? -1 : (int)syscall(SYS_pidfd_open, (pid_t)attachment->pid, 0);
        if (fd >= 0)
            polls[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
        else
            *retry = true;
    }
    return count;
}

/* The processes of a remote CF are watched where it is. */
static void watch_nobody(struct cf *cf)
{
    struct pollfd interrupt = {.fd = cf->interrupt_fd, .events = POLLIN};
    while (poll(&interrupt, 1, -1) != 1)
        ;
    eventfd_t ignored;
    eventfd_read(cf->interrupt_fd, &ignored);
}

/* New attachments change the times of the segment's file (cf_open), which inotify tells; a process that ends makes its
 * pidfd readable. Neither needs a timer. */
void cf_watch(struct cf *cf)
{
    if (cf->remote) {
        watch_nobody(cf);
        return;
    }
    struct pollfd polls[WATCH_PROCESSES + CF_ATTACHMENTS_MAX];
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", cf->fd);
    int arrivals = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bool blind = arrivals < 0 || inotify_add_watch(arrivals, path, IN_ATTRIB) < 0;
    polls[WATCH_INTERRUPT] = (struct pollfd){.fd = cf->interrupt_fd, .events = POLLIN};
    polls[WATCH_ARRIVALS] = (struct pollfd){.fd = arrivals, .events = POLLIN};
    do {
        drain(arrivals);
        bool retry;
        nfds_t count = watch_processes(cf, polls, &retry);
        poll(polls, count, retry || blind ? WATCH_RETRY_MS : -1);
        for (nfds_t i = WATCH_PROCESSES; i < count; i++)
            close(polls[i].fd);
    } while (!(polls[WATCH_INTERRUPT].revents & POLLIN));
    eventfd_t ignored;
    eventfd_read(cf->interrupt_fd, &ignored);
    if (arrivals >= 0)
        close(arrivals);
}
