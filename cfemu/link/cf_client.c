#include "cfemu/link/cf_client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/link/cf_address.h"
#include "cfemu/link/cf_tls.h"
#include "cfemu/link/cf_wire.h"

#define OPEN_MS 5000u       /* for a connection, its handshake and its HELLO; each of the two */

struct link {
    struct cf view;                     /* first: a struct cf * is a struct link * */
    struct cf_attachment attachment;    /* its only one: cf_wait() sleeps on it */
    struct link_wire commands, events;
    pthread_mutex_t turn;               /* one command at a time */
    pthread_t keeper;
    const char *_Atomic lost;           /* why; NULL: it is not */
    atomic_bool connected;              /* a structure was connected to over this link */
    atomic_bool told;                   /* a command was answered that it is lost */
    _Atomic uint64_t proven;            /* when the newest answered request was sent */
    uint64_t give_up_ns, standstill_ns, keepalive_ns;
    uint64_t sequence;                  /* of the last request */
    uint64_t heard_event;               /* the keeper's: when the last NOTIFY came */
};

static struct link *link_of(struct cf *cf)
{
    return (struct link *)cf;
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

static void wake(struct link *link)
{
    struct cf_wakes wakes = {.set = {1}};
    atomic_fetch_add(&link->attachment.notify, 1);
    cf_wake(&link->view, &wakes);
}

/* For ever. The first reason counts. */
static void lose(struct link *link, const char *why)
{
    const char *expected = NULL;
    atomic_fetch_add(&link->attachment.notify, 1);      /* who finds it lost finds that there is news, too */
    if (!atomic_compare_exchange_strong(&link->lost, &expected, why))
        return;
    link_wire_cut(&link->commands);
    link_wire_cut(&link->events);
    wake(link);
}

/* The instant at which we stop, unless another answer comes. */
static uint64_t end_of_proof(struct link *link)
{
    return atomic_load(&link->proven) + link->give_up_ns;
}

/* false: it is lost, maybe just now. */
static bool still_good(struct link *link)
{
    if (atomic_load(&link->lost))
        return false;
    if (link_now() < end_of_proof(link))
        return true;
    lose(link, "no answer in time");
    return false;
}

/* --- commands -------------------------------------------------------------------------------------------------------- */

/* Send the request that stands at commands.out and receive its answer. The turn is ours. false: lost. */
static bool exchange(struct link *link, size_t length, enum link_type type, struct link_frame *answer)
{
    if (!still_good(link))
        return false;
    uint64_t sent = link_now(), deadline = end_of_proof(link);
    enum link_trouble trouble = link_wire_send(&link->commands, length, deadline);
    if (trouble == LINK_FINE)
        trouble = link_wire_receive(&link->commands, LINK_ALLOW(type), true, deadline, answer);
    if (trouble == LINK_FINE && answer->sequence != link->sequence)
        trouble = LINK_GARBAGE;
    if (trouble != LINK_FINE) {
        lose(link, link_trouble_text(trouble));
        return false;
    }
    if (!still_good(link))      /* stopped or suspended meanwhile: who knows what the answer is worth */
        return false;
    atomic_store(&link->proven, sent);
    return true;
}

static bool ping(struct link *link)
{
    struct link_frame pong;
    return exchange(link, link_frame_header(link->commands.out, LINK_PING, ++link->sequence, 0), LINK_PONG, &pong);
}

/* Take over a RESPONSE. false: it does not fit what was asked. */
static bool response_take(const struct link_frame *answer, uint8_t *mrb, void *in, uint32_t in_cap)
{
    uint32_t length = answer->length - RESPONSE_DATA;
    uint32_t told = get_be32(answer->body + RESPONSE_MRB + MRB_DATALEN);
    if (length != (told <= in_cap ? told : 0))
        return false;
    memcpy(mrb, answer->body + RESPONSE_MRB, CF_MRB_SIZE);
    if (length > 0)
        memcpy(in, answer->body + RESPONSE_DATA, length);
    return true;
}

/* The turn is ours. false: lost. */
static bool command(struct link *link, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap)
{
    uint8_t *frame = link->commands.out, *body = frame + LINK_HEADER;
    size_t length = link_frame_header(frame, LINK_COMMAND, ++link->sequence, COMMAND_DATA + out_len);
    put_be32(body + COMMAND_IN_CAP, in_cap);
    put_be32(body + COMMAND_ZERO, 0);
    memcpy(body + COMMAND_MCB, mcb, CF_MCB_SIZE);
    if (out_len > 0)
        memcpy(body + COMMAND_DATA, out, out_len);
    struct link_frame answer;
    if (!exchange(link, length, LINK_RESPONSE, &answer))
        return false;
    if (response_take(&answer, mrb, in, in_cap))
        return true;
    lose(link, link_trouble_text(LINK_GARBAGE));
    return false;
}

/* Wait for our turn, as long as a command may take. */
static bool turn_take(struct link *link)
{
    if (pthread_mutex_trylock(&link->turn) == 0)
        return true;
    uint64_t until = cf_clock_ns(CLOCK_MONOTONIC) + link->give_up_ns;
    struct timespec deadline = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
    return pthread_mutex_clocklock(&link->turn, CLOCK_MONOTONIC, &deadline) == 0;
}

static void tell_lost(struct link *link, uint8_t *mrb)
{
    put_be16(mrb + MRB_RESPONSE, CF_RSP_CF_FAILED);
    atomic_store(&link->told, true);
}

static void remote_message(struct cf *cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in,
                           uint32_t in_cap)
{
    struct link *link = link_of(cf);
    memset(mrb, 0, CF_MRB_SIZE);
    if (out_len > CF_DATA_MAX) {
        put_be16(mrb + MRB_RESPONSE, CF_RSP_BAD_REQUEST);
        put_be16(mrb + MRB_REASON, MCB_DATALEN);
        return;
    }
    if (atomic_load(&link->lost)) {
        tell_lost(link, mrb);
        return;
    }
    if (!turn_take(link)) {
        put_be16(mrb + MRB_RESPONSE, CF_RSP_BUSY);
        return;
    }
    if (!command(link, mcb, out, out_len, mrb, in, in_cap < CF_DATA_MAX ? in_cap : CF_DATA_MAX))
        tell_lost(link, mrb);
    else if (get_be16(mcb + MCB_COMMAND) == CF_CMD_CONNECT && get_be16(mrb + MRB_RESPONSE) == CF_RSP_OK)
        atomic_store(&link->connected, true);
    pthread_mutex_unlock(&link->turn);
}

/* --- the keeper ------------------------------------------------------------------------------------------------------ */

/* Take what has come over the event connection. false: lost. */
static bool notifications_take(struct link *link)
{
    const struct link_wire *wire = &link->events;
    do {
        struct link_frame frame;
        enum link_trouble trouble = link_wire_receive(&link->events, LINK_ALLOW(LINK_NOTIFY), false,
                                                      link->heard_event + link->give_up_ns, &frame);
        if (trouble != LINK_FINE) {
            lose(link, link_trouble_text(trouble));
            return false;
        }
        link->heard_event = link_now();
        if (get_be32(frame.body + NOTIFY_NEWS))
            wake(link);
    } while (wire->at < wire->have || (wire->ssl && SSL_pending(wire->ssl) > 0));
    return true;
}

/* Ping if nothing else has been answered for a while. Who has the turn is about to find out by itself. */
static void keep_alive(struct link *link, uint64_t *next)
{
    uint64_t now = link_now();
    *next = atomic_load(&link->proven) + link->keepalive_ns;
    if (now < *next)
        return;
    *next = now + link->keepalive_ns;
    if (pthread_mutex_trylock(&link->turn) != 0)
        return;
    ping(link);
    pthread_mutex_unlock(&link->turn);
}

static void *keeper_main(void *argument)
{
    struct link *link = argument;
    struct pollfd events = {.fd = link->events.fd, .events = POLLIN};
    while (still_good(link)) {      /* lose() makes the connection readable */
        uint64_t next, now;
        keep_alive(link, &next);
        if (next > end_of_proof(link))
            next = end_of_proof(link);
        now = link_now();
        uint64_t left = next > now ? next - now : 0;
        struct timespec wait = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
        if (ppoll(&events, 1, &wait, NULL) == 1 && !notifications_take(link))
            break;
        if (link_now() > link->heard_event + link->give_up_ns)
            lose(link, "no notification in time");
    }
    return NULL;
}

/* --- open and close --------------------------------------------------------------------------------------------------- */

static int refusal_errno(const struct link_frame *frame)
{
    switch (get_be16(frame->body + REFUSED_REASON)) {
    case LINK_REFUSED_NAME:
        return -ENOENT;
    case LINK_REFUSED_SYSTEM:
        return -EINVAL;
    case LINK_REFUSED_FULL:
        return -ENOSPC;
    default:
        return -EPROTO;
    }
}

static int trouble_errno(enum link_trouble trouble)
{
    switch (trouble) {
    case LINK_FINE:
        return 0;
    case LINK_CLOSED:
        return -ECONNRESET;
    case LINK_LATE:
        return -ETIMEDOUT;
    case LINK_REFUSED_KEY:
        return -EKEYREJECTED;
    default:
        return -EPROTO;
    }
}

/* Say HELLO over a new connection; *welcome is good until the next receive. 0 or -errno. */
static int greet(struct link_wire *wire, const struct link_address *address, const char *system, enum link_kind kind,
                 uint64_t epoch, uint64_t deadline, struct link_frame *welcome)
{
    uint8_t *body = wire->out + LINK_HEADER;
    memset(body, 0, HELLO_SIZE);
    put_be64(body + HELLO_MAGIC, LINK_MAGIC);
    put_be16(body + HELLO_VERSION, LINK_VERSION);
    put_be16(body + HELLO_KIND, (uint16_t)kind);
    memcpy(body + HELLO_NAME, address->name, strlen(address->name));
    memset(body + HELLO_SYSTEM, ' ', LINK_SYSTEM_SIZE);
    memcpy(body + HELLO_SYSTEM, system, strlen(system));
    put_be64(body + HELLO_EPOCH, epoch);
    size_t length = link_frame_header(wire->out, LINK_HELLO, 0, HELLO_SIZE);
    enum link_trouble trouble = link_wire_handshake(wire, false, deadline);
    if (trouble == LINK_FINE)
        trouble = link_wire_send(wire, length, deadline);
    if (trouble == LINK_FINE)
        trouble = link_wire_receive(wire, LINK_ALLOW(LINK_WELCOME) | LINK_ALLOW(LINK_REFUSED), false, deadline, welcome);
    if (trouble != LINK_FINE)
        return trouble_errno(trouble);
    if (welcome->type == LINK_REFUSED)
        return refusal_errno(welcome);
    return get_be16(welcome->body + WELCOME_VERSION) == LINK_VERSION ? 0 : -EPROTO;
}

/* Make one of the two connections. 0 or -errno. */
static int dial(struct link_wire *wire, const struct link_address *address, SSL_CTX *context, const char *system,
                enum link_kind kind, uint64_t epoch, struct link_frame *welcome)
{
    uint64_t deadline = link_now() + OPEN_MS * 1000000ull;
    int fd = link_connect(address, deadline);
    if (fd < 0)
        return fd;
    int error = link_wire_open(wire, fd, context);
    return error != 0 ? error : greet(wire, address, system, kind, epoch, deadline, welcome);
}

static int dial_both(struct link *link, const struct link_address *address, SSL_CTX *context, const char *system)
{
    struct link_frame welcome;
    int error = dial(&link->commands, address, context, system, LINK_COMMANDS, 0, &welcome);
    if (error != 0)
        return error;
    uint32_t interval_ms = get_be32(welcome.body + WELCOME_INTERVAL);
    if (interval_ms < LINK_INTERVAL_MS_MIN || interval_ms > LINK_INTERVAL_MS_MAX)
        return -EPROTO;
    link->give_up_ns = link_give_up_ns(interval_ms);
    link->standstill_ns = link_standstill_ns(interval_ms);
    link->keepalive_ns = link_keepalive_ns(interval_ms);
    error = dial(&link->events, address, context, system, LINK_EVENTS, get_be64(welcome.body + WELCOME_EPOCH), &welcome);
    if (error != 0)
        return error;
    link_tcp_options(link->commands.fd, interval_ms);
    link_tcp_options(link->events.fd, interval_ms);
    link->heard_event = link_now();
    atomic_store(&link->proven, link_now());    /* until the ping has proven something, nobody has the view */
    return ping(link) ? 0 : -ETIMEDOUT;         /* the second connection took too long for the first one */
}

/* The key's context, NULL for a Unix socket. */
static int context_make(const struct link_address *address, SSL_CTX **context)
{
    uint8_t key[LINK_PSK_SIZE];
    const char *why, *file = address->psk[0] ? address->psk : getenv(LINK_PSK_VARIABLE);
    *context = NULL;
    if (address->path[0])
        return 0;
    if (!file || link_psk_read(file, key, &why) != 0)
        return -ENOKEY;
    *context = link_tls_new(key, false);
    OPENSSL_cleanse(key, sizeof key);
    return *context ? 0 : -ENOMEM;
}

static int keeper_start(struct link *link)
{
    sigset_t all, before;
    sigfillset(&all);   /* signals are for the threads of our user */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&link->keeper, NULL, keeper_main, link);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

static void link_free(struct link *link)
{
    link_wire_close(&link->commands);
    link_wire_close(&link->events);
    if (link->view.interrupt_fd >= 0)
        close(link->view.interrupt_fd);
    pthread_mutex_destroy(&link->turn);
    munmap(link, sizeof *link);
}

/* The server sees the connections end, and fails those of the view as cf_close() does. */
static void remote_close(struct cf *cf)
{
    struct link *link = link_of(cf);
    lose(link, "closed");
    pthread_join(link->keeper, NULL);
    link_free(link);
}

static void remote_abandon(struct cf *cf)
{
    lose(link_of(cf), "abandoned");
}

static const char *remote_lost(struct cf *cf)
{
    return atomic_load(&link_of(cf)->lost);
}

static uint64_t remote_standstill(struct cf *cf)
{
    struct link *link = link_of(cf);
    bool connected = atomic_load(&link->connected);
    if (atomic_load(&link->lost) && (atomic_load(&link->told) || !connected))
        return UINT64_MAX;
    return (connected ? atomic_load(&link->proven) : link_now()) + link->standstill_ns;
}

static const struct cf_remote calls = {
    .message = remote_message,
    .close = remote_close,
    .abandon = remote_abandon,
    .lost = remote_lost,
    .standstill = remote_standstill,
};

static struct link *link_new(void)
{
    struct link *link = mmap(NULL, sizeof *link, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (link == MAP_FAILED)
        return NULL;
    link->view.remote = &calls;
    link->view.attachments = &link->attachment;
    link->view.fd = link->commands.fd = link->events.fd = -1;
    link->view.interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&link->turn, NULL);
    if (link->view.interrupt_fd >= 0)
        return link;
    link_free(link);
    return NULL;
}

int cf_remote_open(const char *name, const char *system, struct cf **cf)
{
    struct link_address address;
    if (link_address_parse(name, &address) != 0 || strlen(system) < 1 || strlen(system) > LINK_SYSTEM_SIZE)
        return -EINVAL;
    SSL_CTX *context;
    int error = context_make(&address, &context);
    if (error != 0)
        return error;
    struct link *link = link_new();
    error = link ? dial_both(link, &address, context, system) : -ENOMEM;
    link_tls_free(context);     /* made connections do without */
    if (error == 0)
        error = keeper_start(link);
    if (error == 0)
        *cf = &link->view;
    else if (link)
        link_free(link);
    return error;
}
