#include "cfemu/link/cf_server.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/engine/cf_segment.h"
#include "cfemu/link/cf_session.h"
#include "cfemu/link/cf_wire.h"

#define PEERS_MAX (2 * LINK_LINKS_MAX + LINK_PENDING_MAX)

/* A link, from its HELLO until both its threads are out of it. */
struct server_link {
    struct cf *view;            /* NULL: the place is free */
    uint64_t epoch;
    char system[LINK_SYSTEM_SIZE + 1];
    const struct link_wire *commands, *events;  /* events: NULL until and after its connection */
    bool ending;
    uint64_t heard;             /* when the last frame of the command connection came */
};

struct peer {
    bool used;
    struct link_server *server;
    struct link_wire wire;
};

enum { LISTEN_UNIX, LISTEN_TCP, LISTENERS };

struct link_server {
    struct cf *cf;              /* the watcher's view */
    char segment[LINK_NAME_SIZE + 1], cfname[9];
    uint32_t interval_ms;
    void (*log)(const char *line);
    SSL_CTX *tls;
    int listeners[LISTENERS];   /* or -1 */
    char unix_path[108];        /* to be removed at the end, or "" */
    uint16_t port;
    int wake_fd;                /* eventfd: the acceptor shall look again whether to stop and what to accept */
    atomic_int spinners;        /* processors to spare for threads that wait without sleeping */
    pthread_t acceptor, watcher;

    pthread_mutex_t mutex;      /* of what follows; taken by threads of this process only, held for moments */
    pthread_cond_t changed;
    bool stopping;
    unsigned pending, running;  /* peers that have not said HELLO; peers in all */
    struct peer peers[PEERS_MAX];
    struct server_link links[LINK_LINKS_MAX];
};

static void say(const struct link_server *server, const char *system, const char *what, const char *why)
{
    char line[160];
    if (!server->log)
        return;
    snprintf(line, sizeof line, "link of %s: %s%s%s", system, what, why ? ": " : "", why ? why : "");
    server->log(line);
}

/* --- links ----------------------------------------------------------------------------------------------------------- */

static bool serves(const struct link_server *server, const char *name)
{
    return strcmp(name, server->segment) == 0 || strcmp(name, server->cfname) == 0;
}

/* A number that nobody guesses; 0 is none. */
static int epoch_make(uint64_t *epoch)
{
    do
        if (getrandom(epoch, sizeof *epoch, 0) != sizeof *epoch)
            return -EIO;
    while (*epoch == 0);
    return 0;
}

/* Make a link for a system. 0 or why it is refused. */
static int link_make(struct link_server *server, const struct link_hello *hello, struct link_wire *wire, struct server_link **made)
{
    struct cf *view;
    uint64_t epoch;
    if (!serves(server, hello->name))
        return LINK_REFUSED_NAME;
    if (epoch_make(&epoch) != 0 || cf_open(server->segment, hello->system, &view) != 0)
        return LINK_REFUSED_FULL;
    cf_for_remote(view, server->interval_ms);
    pthread_mutex_lock(&server->mutex);
    struct server_link *link = server->links;
    while (link < server->links + LINK_LINKS_MAX && link->view)
        link++;
    bool free_place = link < server->links + LINK_LINKS_MAX;
    if (free_place) {
        *link = (struct server_link){.view = view, .epoch = epoch, .commands = wire};
        strcpy(link->system, hello->system);
        *made = link;
    }
    pthread_mutex_unlock(&server->mutex);
    if (free_place)
        return 0;
    cf_close(view);
    return LINK_REFUSED_FULL;
}

/* Who has been fenced may live, and does not know it if its host sleeps: it has given up when the interval is over. */
static void outlast(const struct link_server *server, uint64_t heard)
{
    uint64_t until = heard + server->interval_ms * 1000000ull;
    for (uint64_t now; (now = link_now()) < until;) {
        struct timespec rest = {.tv_sec = (time_t)((until - now) / 1000000000u), .tv_nsec = (long)((until - now) % 1000000000u)};
        nanosleep(&rest, NULL);
    }
}

/* The fence: nobody is in the view any more when it is closed. */
static void link_end(struct link_server *server, struct server_link *link)
{
    pthread_mutex_lock(&server->mutex);
    link->ending = true;
    if (link->events)
        link_wire_cut(link->events);
    while (link->events) {
        cf_interrupt(link->view);
        pthread_cond_wait(&server->changed, &server->mutex);
    }
    pthread_mutex_unlock(&server->mutex);
    if (cf_fenced(link->view))
        outlast(server, link->heard);
    cf_close(link->view);
    pthread_mutex_lock(&server->mutex);
    link->view = NULL;
    pthread_mutex_unlock(&server->mutex);
}

/* Attach an event connection to its link. NULL: there is no such one that has none. */
static struct server_link *events_begin(struct link_server *server, const struct link_hello *hello, const struct link_wire *wire)
{
    struct server_link *found = NULL;
    pthread_mutex_lock(&server->mutex);
    for (struct server_link *link = server->links; link < server->links + LINK_LINKS_MAX; link++)
        if (link->view && link->epoch == hello->epoch && !link->ending && !link->events && hello->epoch != 0)
            found = link;
    if (found)
        found->events = wire;
    pthread_mutex_unlock(&server->mutex);
    return found;
}

static void events_end(struct link_server *server, struct server_link *link)
{
    pthread_mutex_lock(&server->mutex);
    link->events = NULL;
    link_wire_cut(link->commands);      /* its thread ends the link, and is there until we are gone */
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

static bool is_ending(struct link_server *server, const struct server_link *link)
{
    pthread_mutex_lock(&server->mutex);
    bool ending = link->ending;
    pthread_mutex_unlock(&server->mutex);
    return ending;
}

/* --- serving --------------------------------------------------------------------------------------------------------- */

static void serve_commands(struct link_server *server, struct server_link *link, struct link_wire *wire)
{
    const uint64_t interval_ns = server->interval_ms * 1000000ull;
    const uint32_t requests = LINK_ALLOW(LINK_COMMAND) | LINK_ALLOW(LINK_PING);
    link->heard = link_now();
    enum link_trouble trouble;
    for (;;) {
        struct link_frame frame;
        trouble = link_wire_receive(wire, requests, true, link->heard + interval_ns, &frame);
        if (trouble != LINK_FINE)
            break;
        link->heard = link_now();
        size_t length = link_session_answer(link->view, &frame, wire->out);
        trouble = link_wire_send(wire, length, link_now() + interval_ns);
        if (trouble != LINK_FINE)
            break;
    }
    say(server, link->system, cf_fenced(link->view) ? "fenced" : "ended", link_trouble_text(trouble));
}

static void serve_events(struct link_server *server, struct server_link *link, struct link_wire *wire)
{
    uint32_t seen = 0;
    int pause_ms = (int)(link_keepalive_ns(server->interval_ms) / 1000000u);
    for (uint64_t sequence = 1; !is_ending(server, link); sequence++) {
        bool news = cf_wait(link->view, &seen, pause_ms);
        if (cf_fenced(link->view))
            break;              /* the link is cut: events_end() */
        size_t length = link_session_notify(wire->out, sequence, news);
        if (link_wire_send(wire, length, link_now() + server->interval_ms * 1000000ull) != LINK_FINE)
            break;
    }
}

static bool welcome(struct link_server *server, struct link_wire *wire, uint64_t epoch, uint64_t deadline)
{
    size_t length = link_session_welcome(wire->out, server->cf->header->cfname, server->interval_ms, epoch);
    link_tcp_options(wire->fd, server->interval_ms);
    return link_wire_send(wire, length, deadline) == LINK_FINE;
}

static void refuse(struct link_server *server, struct link_wire *wire, const char *system, enum link_refusal reason, uint64_t deadline)
{
    static const char *const reasons[] = {
        [LINK_REFUSED_VERSION] = "it speaks another version",
        [LINK_REFUSED_NAME] = "it wants another coupling facility",
        [LINK_REFUSED_SYSTEM] = "its system name is none",
        [LINK_REFUSED_FULL] = "no link or attachment is free",
        [LINK_REFUSED_EPOCH] = "no link waits for this event connection",
    };
    if (link_wire_send(wire, link_session_refuse(wire->out, reason), deadline) == LINK_FINE)
        say(server, system, "refused", reasons[reason]);
}

/* One of the pending is less: it has said HELLO, or ends. */
static void pending_less(struct link_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->pending--;
    pthread_mutex_unlock(&server->mutex);
    eventfd_write(server->wake_fd, 1);
}

static void serve(struct link_server *server, struct link_wire *wire)
{
    uint64_t deadline = link_now() + LINK_HELLO_MS * 1000000ull;
    struct link_frame frame;
    struct link_hello hello;
    struct server_link *link = NULL;
    enum link_trouble trouble = link_wire_handshake(wire, true, deadline);
    if (trouble == LINK_FINE)
        trouble = link_wire_receive(wire, LINK_ALLOW(LINK_HELLO), false, deadline, &frame);
    pending_less(server);
    if (trouble != LINK_FINE) {
        say(server, "an unknown system", "refused", link_trouble_text(trouble));
        return;
    }
    int refusal = link_hello_read(&frame, &hello);
    if (refusal == 0 && hello.kind == LINK_COMMANDS)
        refusal = link_make(server, &hello, wire, &link);
    else if (refusal == 0 && !(link = events_begin(server, &hello, wire)))
        refusal = LINK_REFUSED_EPOCH;
    if (refusal != 0) {
        refuse(server, wire, refusal == LINK_REFUSED_VERSION ? "an unknown system" : hello.system, (enum link_refusal)refusal, deadline);
        return;
    }
    bool greeted = welcome(server, wire, link->epoch, deadline);
    if (hello.kind == LINK_COMMANDS) {
        say(server, hello.system, "begun", NULL);
        if (greeted)
            serve_commands(server, link, wire);
        link_end(server, link);
    } else {
        if (greeted)
            serve_events(server, link, wire);
        events_end(server, link);
    }
}

static void *peer_main(void *argument)
{
    struct peer *peer = argument;
    struct link_server *server = peer->server;
    serve(server, &peer->wire);
    pthread_mutex_lock(&server->mutex);
    link_wire_close(&peer->wire);       /* under the mutex: link_server_stop() cuts what is open */
    peer->used = false;
    server->running--;
    eventfd_write(server->wake_fd, 1);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);   /* nothing after this: the server may be gone */
    return NULL;
}

/* --- accepting ------------------------------------------------------------------------------------------------------- */

/* Start a thread for an accepted connection. The mutex is held, and there is a place. */
static void peer_start(struct link_server *server, int fd, SSL_CTX *tls)
{
    struct peer *peer = server->peers;
    while (peer->used)
        peer++;
    assert(peer < server->peers + PEERS_MAX);
    pthread_t thread;
    if (link_wire_open(&peer->wire, fd, tls) != 0)
        return;
    peer->server = server;
    peer->wire.spinners = &server->spinners;
    if (pthread_create(&thread, NULL, peer_main, peer) != 0) {
        link_wire_close(&peer->wire);
        return;
    }
    pthread_detach(thread);     /* running counts them */
    peer->used = true;
    server->pending++;
    server->running++;
}

/* How many more connections may be accepted now. */
static unsigned places(struct link_server *server, bool *stopping)
{
    pthread_mutex_lock(&server->mutex);
    *stopping = server->stopping;
    unsigned count = LINK_PENDING_MAX - server->pending;
    if (count > PEERS_MAX - server->running)
        count = PEERS_MAX - server->running;
    pthread_mutex_unlock(&server->mutex);
    return count;
}

static void accept_one(struct link_server *server, int which)
{
    int fd = accept4(server->listeners[which], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        const struct timespec moment = {.tv_nsec = 10000000};
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            nanosleep(&moment, NULL);   /* the connection stays in the queue; others will end */
        return;
    }
    pthread_mutex_lock(&server->mutex);
    peer_start(server, fd, which == LISTEN_TCP ? server->tls : NULL);
    pthread_mutex_unlock(&server->mutex);
}

static void *acceptor_main(void *argument)
{
    struct link_server *server = argument;
    bool stopping;
    for (;;) {
        bool open = places(server, &stopping) > 0;
        if (stopping)
            return NULL;
        struct pollfd polls[LISTENERS + 1];
        for (int i = 0; i < LISTENERS; i++)
            polls[i] = (struct pollfd){.fd = open ? server->listeners[i] : -1, .events = POLLIN};
        polls[LISTENERS] = (struct pollfd){.fd = server->wake_fd, .events = POLLIN};
        poll(polls, LISTENERS + 1, -1);
        eventfd_t ignored;
        if (polls[LISTENERS].revents)
            eventfd_read(server->wake_fd, &ignored);
        for (int i = 0; i < LISTENERS; i++)
            if (polls[i].revents && places(server, &stopping) > 0)
                accept_one(server, i);
    }
}

static void *watcher_main(void *argument)
{
    struct link_server *server = argument;
    cf_watch(server->cf);
    return NULL;
}

/* --- start and stop --------------------------------------------------------------------------------------------------- */

static int listen_all(struct link_server *server, const struct link_server_config *config, const char **what)
{
    if (config->unix_address) {
        *what = "listening at the Unix socket";
        server->listeners[LISTEN_UNIX] = link_listen(config->unix_address);
        if (server->listeners[LISTEN_UNIX] < 0)
            return server->listeners[LISTEN_UNIX];
        strcpy(server->unix_path, config->unix_address->path);
    }
    if (!config->tcp_address)
        return 0;
    *what = "listening at the TCP address";
    server->tls = link_tls_new(config->psk, true);
    if (!server->tls)
        return -ENOMEM;
    server->listeners[LISTEN_TCP] = link_listen(config->tcp_address);
    if (server->listeners[LISTEN_TCP] < 0)
        return server->listeners[LISTEN_TCP];
    struct sockaddr_in6 at;     /* the port stands at the same place in both families */
    socklen_t size = sizeof at;
    if (getsockname(server->listeners[LISTEN_TCP], (struct sockaddr *)&at, &size) == 0)
        server->port = ntohs(at.sin6_port);
    return 0;
}

static int threads_start(struct link_server *server)
{
    sigset_t all, before;
    sigfillset(&all);   /* signals are for the threads of our user */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&server->watcher, NULL, watcher_main, server);
    if (error == 0) {
        error = pthread_create(&server->acceptor, NULL, acceptor_main, server);
        if (error != 0) {
            cf_interrupt(server->cf);
            pthread_join(server->watcher, NULL);
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

static void server_free(struct link_server *server)
{
    for (int i = 0; i < LISTENERS; i++)
        if (server->listeners[i] >= 0)
            close(server->listeners[i]);
    if (server->unix_path[0])
        unlink(server->unix_path);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    link_tls_free(server->tls);
    if (server->cf)
        cf_close(server->cf);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

static struct link_server *server_new(const struct link_server_config *config)
{
    struct link_server *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    snprintf(server->segment, sizeof server->segment, "%s", config->segment);
    server->interval_ms = config->interval_ms;
    server->log = config->log;
    for (int i = 0; i < LISTENERS; i++)
        server->listeners[i] = -1;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    atomic_init(&server->spinners, processors > 1 ? (int)(processors / 2) : 0);
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->changed, NULL);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return server;
}

int link_server_start(const struct link_server_config *config, struct link_server **started, const char **what)
{
    const char *ignored;
    if (!what)
        what = &ignored;
    *what = "coupling facility";
    assert(config->interval_ms >= LINK_INTERVAL_MS_MIN && config->interval_ms <= LINK_INTERVAL_MS_MAX);
    if (strlen(config->segment) > LINK_NAME_SIZE)
        return -EINVAL;
    struct link_server *server = server_new(config);
    if (!server)
        return -ENOMEM;
    int error = server->wake_fd < 0 ? -EMFILE : cf_open(config->segment, "CFD", &server->cf);
    if (error == 0) {
        memcpy(server->cfname, server->cf->header->cfname, 8);
        server->cfname[strcspn(server->cfname, " ")] = '\0';
        error = listen_all(server, config, what);
    }
    if (error == 0)
        error = threads_start(server);
    if (error == 0)
        *started = server;
    else
        server_free(server);
    return error;
}

void link_server_stop(struct link_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->stopping = true;
    pthread_mutex_unlock(&server->mutex);
    eventfd_write(server->wake_fd, 1);
    pthread_join(server->acceptor, NULL);
    pthread_mutex_lock(&server->mutex);
    for (struct peer *peer = server->peers; peer < server->peers + PEERS_MAX; peer++)
        if (peer->used)
            link_wire_cut(&peer->wire);
    while (server->running > 0)
        pthread_cond_wait(&server->changed, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
    cf_interrupt(server->cf);
    pthread_join(server->watcher, NULL);
    server_free(server);
}

uint16_t link_server_port(const struct link_server *server)
{
    return server->port;
}
