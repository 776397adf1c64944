/* See clusterports.h. A member is what a stack is in an image, less what the kernel does: XCF for who is there, clp for the
 * ports, on the host port of the platform, where each member is a system of its own.
 *
 *   program's threads ── lock ──► clp ──► xes ──► CF ◄── cf_wait() ── service thread ── lock ──► xcf, clp: in the background
 *                                                    ◄── cf_watch() ── watcher: which process has died
 *
 * Everything of a member is used under its lock, by a thread that has selected its system. A call that waits in the CF keeps
 * the lock and looks for news itself (platform_wait), so the service thread is not missed. */
#include "stack/native/clusterports.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cfemu/engine/cf.h"
#include "stack/base/text.h"
#include "stack/native/rest.h"
#include "stack/platform/host.h"
#include "stack/recovery/recovery.h"
#include "stack/xcf/xcf.h"

#define GROUP "EZBNATIV"        /* XCF group of the members */
enum { TYPE_CLP = 1 };          /* its messages: clp_peer.h */

#define TICK_BUSY_MS 100        /* service: while ports come and go */
#define TICK_IDLE_MS 2000

struct clusterports {
    pthread_mutex_t lock;
    unsigned slot;              /* system of the host platform, index in members[] */
    void (*log)(void *context, const char *line);
    void *context;
    struct cf *cf;
    pthread_t service, watcher;
    atomic_bool stopping, news, lost;
    int lost_fd;
    struct profile_clusterports clusterports;
    char ended[SYSTEMS_MAX + 1][NAME_LEN + 1];      /* members whose ports are to be reclaimed, by number; "": none */
    uint64_t reclaimed, tended, assigned, released;
    struct rest rest;
    struct profile profile;
    struct xes xes;
    struct xcf xcf;
    struct clp clp;
};

static pthread_mutex_t members_lock = PTHREAD_MUTEX_INITIALIZER;
static struct clusterports *members[HOST_SYSTEMS_MAX];

static void log_line(const char *line)
{
    const struct clusterports *m = members[host_platform_selected()];

    if (m && m->log)
        m->log(m->context, line);
}

/* --- the others ---------------------------------------------------------------------------------------------------- */

static int send_message(void *context, uint8_t to, const uint8_t *message, uint32_t length)
{
    struct clusterports *m = context;

    return xcf_send(&m->xcf, to, GROUP, TYPE_CLP, message, length);
}

static void listen_us(void *context, uint32_t us)
{
    struct clusterports *m = context;

    xcf_listen(&m->xcf, us);
}

static uint64_t others(void *context)
{
    const struct clusterports *m = context;

    return xcf_others(&m->xcf);
}

static const struct clp_ops clp_calls = { .send = send_message, .listen = listen_us, .members = others };

static void receive(void *context, uint8_t from, uint16_t type, const uint8_t *data, uint32_t length)
{
    struct clusterports *m = context;

    if (type == TYPE_CLP)
        clp_receive(&m->clp, from, data, length);
}

/* Fig. 12. The process is dead, or its link to the CF is cut and it knows. */
static void reclaim(struct clusterports *m, const char *name, uint8_t number)
{
    struct recovery r = recovery_of_ports(&m->clp, name, number);

    m->reclaimed += r.ports;
    recovery_tell(&r, name);
}

static void event(void *context, enum xcf_event what, const struct xcf_member *member)
{
    struct clusterports *m = context;

    if (what != XCF_ROOM)
        text_wto("EZD117%uI %s HAS %s THE SYSPLEX GROUP %s", what == XCF_JOINED ? 6u : 7u, member->name,
                 what == XCF_JOINED ? "JOINED" : what == XCF_LEFT ? "LEFT" : "FAILED IN", GROUP);
    if (what == XCF_JOINED || what == XCF_ROOM) {
        clp_joined(&m->clp, member->number);
        return;
    }
    clp_gone(&m->clp, member->number);
    text_format(m->ended[member->number], sizeof m->ended[0], "%s", member->name);
}

/* One that is back by now has returned what it had itself (8B, 860), and what it has now is its own. */
static void reclaim_ended(struct clusterports *m)
{
    xcf_drain(&m->xcf);
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        if (m->ended[n][0] && !xcf_member(&m->xcf, n))
            reclaim(m, m->ended[n], n);
        m->ended[n][0] = 0;
    }
}

/* Ports that members had of an address when they ended, and nobody shared it. Who is a member is asked after whose maps
 * there are: a member joins before it makes one. */
static void reclaim_left_behind(struct clusterports *m, uint32_t address)
{
    char names[SYSTEMS_MAX + 1][NAME_LEN + 1];

    if (clp_systems(&m->clp, address, names, NULL) != CLP_OK)
        return;                         /* the CF is lost: the next call says so */
    xcf_drain(&m->xcf);
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (names[n][0] && !xcf_member(&m->xcf, n))
            reclaim(m, names[n], n);
}

/* --- in the background --------------------------------------------------------------------------------------------- */

static bool is_lost(struct clusterports *m)
{
    if (!atomic_load(&m->lost) && (cf_lost(m->cf) || m->clp.connection->lost || m->xcf.connection->lost)) {
        atomic_store(&m->lost, true);
        eventfd_write(m->lost_fd, 1);
        text_wto("EZD1289I TCPIP HAS LOST ACCESS TO THE COUPLING FACILITY: THE PORTS OF THIS MEMBER ARE NOT TO BE USED");
    }
    return atomic_load(&m->lost);
}

static void release(struct clusterports *m, const struct clp_tuple *t)
{
    clp_release(&m->clp, t->source, t->port, t->destination, t->dport);
    m->released++;
}

static void tend(struct clusterports *m)
{
    struct clp_tuple t;

    if (atomic_exchange(&m->news, false))
        xes_attention(&m->xes);
    xes_repoll(&m->xes);
    xcf_poll(&m->xcf);
    for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
        if (m->ended[n][0])
            reclaim_ended(m);
    while (rest_over(&m->rest, platform_clock_us(), &t))
        if (clp_in_use(&m->clp, t.source, t.port, t.destination, t.dport))      /* else it was released twice */
            release(m, &t);
    clp_poll(&m->clp);
}

static int enter(struct clusterports *m)
{
    pthread_mutex_lock(&m->lock);
    host_platform_select(m->slot);
    if (is_lost(m))
        return -ENOTCONN;
    if (atomic_load_explicit(&m->news, memory_order_relaxed))
        tend(m);
    return 0;
}

static int leave(struct clusterports *m, int result)
{
    pthread_mutex_unlock(&m->lock);
    return result;
}

static void *serve(void *context)
{
    struct clusterports *m = context;
    uint32_t seen = 0;
    int tick_ms = TICK_BUSY_MS;

    while (!atomic_load(&m->stopping)) {
        if (cf_wait(m->cf, &seen, tick_ms))
            atomic_store(&m->news, true);       /* a thread of the program may be faster to the lock: then it tends */
        if (atomic_load(&m->stopping))
            break;
        if (enter(m) == 0)
            tend(m);
        uint64_t done = m->assigned + m->released;
        tick_ms = done != m->tended || m->rest.count ? TICK_BUSY_MS : TICK_IDLE_MS;
        m->tended = done;
        (void)is_lost(m);
        leave(m, 0);
    }
    return NULL;
}

static void *watch(void *context)
{
    struct clusterports *m = context;

    cf_watch(m->cf);
    return NULL;
}

static void stop_threads(struct clusterports *m, bool watching)
{
    atomic_store(&m->stopping, true);
    cf_interrupt(m->cf);
    pthread_join(m->service, NULL);
    if (watching)
        pthread_join(m->watcher, NULL);
}

/* The program's signals are for its own threads. */
static int start_threads(struct clusterports *m)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&m->service, NULL, serve, m);
    if (rc == 0) {
        rc = pthread_create(&m->watcher, NULL, watch, m);
        if (rc != 0)
            stop_threads(m, false);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}

/* --- open, close --------------------------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$";
    size_t length = name ? strlen(name) : 0;

    return length >= 1 && length <= NAME_LEN && strspn(name, letters) == length;
}

static bool are_valid(const struct clusterports_options *o)
{
    bool range = o->port_low ? o->port_low <= o->port_high : o->port_high == 0;

    return o->facility && is_name(o->name) && o->number >= 1 && o->number <= SYSTEMS_MAX &&
           o->block_size <= BLOCKSIZE_MAX && (o->block_size & (o->block_size - 1)) == 0 && range;
}

static void configure(struct clusterports *m, const struct clusterports_options *o)
{
    m->profile.ephemeral_low = o->port_low ? o->port_low : PORT_EPHEMERAL_LOW;
    m->profile.ephemeral_high = o->port_low ? o->port_high : PORT_EPHEMERAL_HIGH;
    m->profile.timewait_s = o->time_wait_s ? o->time_wait_s : TIMEWAIT_DEFAULT_S;
    m->clusterports.on = true;
    m->clusterports.store = STORE_BITMAP;
    m->clusterports.blocksize = o->block_size ? o->block_size : BLOCKSIZE_DEFAULT;
    m->clusterports.quota = o->quota;
    m->log = o->log;
    m->context = o->context;
}

static void start_log(void)
{
    host_platform_on_wto(log_line);
}

static int take_slot(struct clusterports *m)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int rc = -EMFILE;

    pthread_once(&once, start_log);
    pthread_mutex_lock(&members_lock);
    for (unsigned i = 0; rc != 0 && i < HOST_SYSTEMS_MAX; i++) {
        if (members[i])
            continue;
        members[i] = m;
        m->slot = i;
        rc = 0;
    }
    pthread_mutex_unlock(&members_lock);
    return rc;
}

static void free_slot(struct clusterports *m)
{
    host_platform_reset();
    pthread_mutex_lock(&members_lock);
    members[m->slot] = NULL;
    pthread_mutex_unlock(&members_lock);
}

static void attention(void *context)
{
    struct clusterports *m = context;

    xes_attention(&m->xes);
}

/* A member of the group, connected to the structure of the ports. */
static int join(struct clusterports *m, const struct clusterports_options *o)
{
    host_platform_select(m->slot);
    host_platform_reset();
    host_platform_add_cf(m->cf);
    host_platform_on_attention(attention, m);
    clp_init(&m->clp, &m->profile, o->name, o->number, &clp_calls, m);
    xcf_join_group(&m->xcf, GROUP, receive, event, m);
    int rc = xcf_start(&m->xcf, &m->xes, 0, o->name, o->number);
    if (rc != XCF_OK)
        return rc == XCF_NUMBER_IN_USE ? -EEXIST : -ENOTCONN;
    if (clp_connect(&m->clp, &m->xes, 0) != 0) {
        xcf_stop(&m->xcf);
        return -ENOTCONN;
    }
    clp_joined(&m->clp, XCF_ALL);
    return 0;
}

static void part(struct clusterports *m)
{
    host_platform_select(m->slot);
    xcf_stop(&m->xcf);
    xes_disconnect(m->clp.connection, false);
}

int clusterports_open(const struct clusterports_options *o, struct clusterports **member)
{
    *member = NULL;
    if (!are_valid(o))
        return -EINVAL;
    struct clusterports *m = calloc(1, sizeof *m);
    if (!m)
        return -ENOMEM;
    pthread_mutex_init(&m->lock, NULL);
    configure(m, o);
    int rc = take_slot(m);
    if (rc != 0)
        goto no_slot;
    rc = cf_open(o->facility, o->name, &m->cf);
    if (rc != 0)
        goto no_cf;
    m->lost_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = m->lost_fd < 0 ? -errno : join(m, o);
    if (rc != 0)
        goto not_joined;
    rc = start_threads(m);
    if (rc == 0) {
        *member = m;
        return 0;
    }
    part(m);
not_joined:
    if (m->lost_fd >= 0)
        close(m->lost_fd);
    cf_close(m->cf);
no_cf:
    host_platform_select(m->slot);
    free_slot(m);
no_slot:
    pthread_mutex_destroy(&m->lock);
    free(m);
    return rc;
}

void clusterports_close(struct clusterports *m)
{
    if (!m)
        return;
    stop_threads(m, true);
    part(m);
    close(m->lost_fd);
    cf_close(m->cf);
    free_slot(m);
    pthread_mutex_destroy(&m->lock);
    rest_free(&m->rest);
    free(m);
}

/* --- ports --------------------------------------------------------------------------------------------------------- */

static bool is_shared(const struct clusterports *m, uint32_t address)
{
    for (unsigned i = 0; i < m->clp.count; i++)
        if (m->clp.addresses[i] == address)
            return true;
    return false;
}

/* What clp refuses, as an errno. */
static int error_of(const struct clusterports *m, int rc)
{
    if (rc == CLP_OK)
        return 0;
    switch (m->clp.reason) {
    case CLP_REASON_CF:
        return -ENOTCONN;
    case CLP_REASON_TABLES:
        return -ENOSPC;
    default:
        return rc == CLP_EADDRINUSE ? -EADDRINUSE : -EADDRNOTAVAIL;
    }
}

/* Locked if it is 0. */
static int enter_with(struct clusterports *m, const struct sockaddr_in *source)
{
    if (source->sin_family != AF_INET)
        return -EAFNOSUPPORT;
    int rc = enter(m);
    if (rc == 0 && !is_shared(m, ntohl(source->sin_addr.s_addr)))
        rc = -ENOENT;
    return rc == 0 ? 0 : leave(m, rc);
}

int clusterports_add(struct clusterports *m, struct in_addr address)
{
    uint32_t a = ntohl(address.s_addr);

    if (a == 0 || a == CLP_EXPLICIT)
        return -EINVAL;
    int rc = enter(m);
    if (rc != 0 || is_shared(m, a))
        return leave(m, rc);
    rc = error_of(m, clp_activate(&m->clp, a, &m->clusterports, CLP_DEFINED));
    if (rc == 0)
        reclaim_left_behind(m, a);
    return leave(m, rc);
}

int clusterports_assign(struct clusterports *m, struct sockaddr_in *source, const struct sockaddr_in *destination)
{
    uint16_t port;

    if (destination->sin_family != AF_INET)
        return -EAFNOSUPPORT;
    if (destination->sin_addr.s_addr == 0 || destination->sin_port == 0)
        return -EINVAL;
    int rc = enter_with(m, source);
    if (rc != 0)
        return rc;
    rc = clp_assign(&m->clp, ntohl(source->sin_addr.s_addr), ntohs(source->sin_port), ntohl(destination->sin_addr.s_addr),
                    ntohs(destination->sin_port), &port);
    m->assigned += rc == CLP_OK;
    if (rc == CLP_OK)
        source->sin_port = htons(port);
    return leave(m, error_of(m, rc));
}

int clusterports_bind(struct clusterports *m, const struct sockaddr_in *source)
{
    if (source->sin_port == 0)
        return -EINVAL;
    int rc = enter_with(m, source);
    if (rc != 0)
        return rc;
    rc = clp_claim(&m->clp, ntohl(source->sin_addr.s_addr), ntohs(source->sin_port));
    m->assigned += rc == CLP_OK;
    return leave(m, error_of(m, rc));
}

int clusterports_release(struct clusterports *m, const struct sockaddr_in *source, const struct sockaddr_in *destination,
                         enum clusterports_end end)
{
    struct clp_tuple t = { .source = ntohl(source->sin_addr.s_addr), .port = ntohs(source->sin_port) };
    int rc = enter(m);

    if (rc != 0)
        return leave(m, 0);             /* nothing is this member's any more */
    if (destination) {
        t.destination = ntohl(destination->sin_addr.s_addr);
        t.dport = ntohs(destination->sin_port);
    }
    if (!is_shared(m, t.source) || !clp_in_use(&m->clp, t.source, t.port, t.destination, t.dport))
        rc = -ENOENT;
    else if (end != CLUSTERPORTS_TIME_WAIT)
        release(m, &t);
    else if (!rest_add(&m->rest, &t, platform_clock_us() + m->profile.timewait_s * 1000000ull))
        rc = -ENOMEM;
    return leave(m, rc);
}

/* --- what there is to know ----------------------------------------------------------------------------------------- */

int clusterports_fd(const struct clusterports *m)
{
    return m->lost_fd;
}

int clusterports_statistics(struct clusterports *m, struct in_addr address, struct clusterports_statistics *statistics)
{
    const struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr = address };
    int rc = enter_with(m, &source);

    if (rc != 0)
        return rc;
    const struct clp_statistics *s = &m->clp.statistics;
    struct clp_usage usage = clp_usage(&m->clp, ntohl(address.s_addr));
    *statistics = (struct clusterports_statistics){
        .used = usage.used, .owned = usage.owned, .free_owned = usage.free_owned, .assigned = m->assigned,
        .released = m->released, .shared = s->shared, .taken = s->taken, .given = s->given, .asked = s->asked,
        .answered = s->answered, .exhausted = s->exhausted, .reclaimed = m->reclaimed };
    return leave(m, 0);
}

int clusterports_audit(struct clusterports *m, struct in_addr address, bool repair, struct clusterports_audit *audit)
{
    const struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr = address };
    struct clp_audit a;
    int rc = enter_with(m, &source);

    if (rc != 0)
        return rc;
    rc = repair ? clp_repair(&m->clp, ntohl(address.s_addr), &a) : clp_check(&m->clp, ntohl(address.s_addr), &a);
    if (rc == CLP_OK)
        *audit = (struct clusterports_audit){ .pool = a.pool, .owned = a.owned, .doubles = a.doubles, .leaked = a.leaked,
                                              .differences = a.differences, .repaired = a.repaired };
    return leave(m, error_of(m, rc));
}

const char *clusterports_error(int error)
{
    static const struct {
        int error;
        const char *text;
    } texts[] = {
        { 0, "done" },
        { EADDRNOTAVAIL, "no port can be had: none is free here or in the cluster, the quota is reached, or the port is another member's" },
        { EADDRINUSE, "this member has this connection open, or the port is bound, here or on another member" },
        { ENOTCONN, "the coupling facility is lost or cannot serve: connections of the shared addresses are to be closed" },
        { ENOENT, "no such coupling facility, shared address or connection" },
        { EEXIST, "another live member has this number or this name" },
        { EINVAL, "an argument is out of its range (clusterports.h)" },
        { EMFILE, "the process has as many members as it may" },
        { ENOSPC, "no room: 64 addresses are shared, or the coupling facility is full" },
        { EAFNOSUPPORT, "not an IPv4 address" },
        { EPROTO, "this is no coupling facility, or one of another version" },
        { ENOKEY, "no key file is named, or it is not one that only its owner can read" },
        { EKEYREJECTED, "the other side has another key" },
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].error == -error)
            return texts[i].text;
    return strerror(-error);            /* of the operating system */
}
