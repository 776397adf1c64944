/* libclusterports.a as its users see it: members in processes of their own, over one coupling facility in shared memory or
 * through cfd's server, real sockets on the loopback of a network namespace, processes killed in the middle.
 *
 * A table that all share says who has which port, apart from the library: who gets a port enters itself there, and must find
 * nobody who lives. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf.h"
#include "cfemu/link/cf_server.h"
#include "stack/native/clusterports.h"

#define SHARED_ADDRESS "127.0.0.9"
#define PORTS 65536u
#define GIVEN_OUT 64512u            /* 1024 to 65535 */
#define MEMBERS 8u
#define DESTINATIONS 4u
#define LIVES 32u
#define TRIES 300                   /* of 100 ms: what takes milliseconds on an idle machine */

struct shared {
    _Atomic uint8_t owner[DESTINATIONS][PORTS];     /* life of the process that has the connection, 0 = none */
    _Atomic bool dying[LIVES];                      /* has been or is being killed: what it had may be another's */
    _Atomic uint32_t doubles, kernel_errors, errors;
    _Atomic uint32_t assigned[LIVES], given, refused, step;
    _Atomic uint64_t reclaimed;
    _Atomic bool stop;
};

static struct shared *shared;
static char segment[40];
static pid_t runner_pid;
static struct in_addr address;

static void setup(void)
{
    snprintf(segment, sizeof segment, "nativetest.%d", (int)runner_pid);
    (void)cf_remove(segment);               /* of a test before this one that failed */
    ck_assert_int_eq(cf_create(segment, "CF01", 64u << 20), 0);
    inet_pton(AF_INET, SHARED_ADDRESS, &address);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void teardown(void)
{
    struct cf *cf;

    ck_assert_int_eq(cf_open(segment, "CHECK", &cf), 0);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_close(cf);
    ck_assert_int_eq(cf_remove(segment), 0);
    munmap(shared, sizeof *shared);
}

/* --- members ------------------------------------------------------------------------------------------------------- */

/* For who looks why a test has failed. */
static void log_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "# %d %s\n", (int)getpid(), line);
}

static struct clusterports_options options_of(unsigned number, char name[9])
{
    snprintf(name, 9, "MEMBER%u", number);
    return (struct clusterports_options){ .facility = segment, .name = name, .number = (uint8_t)number, .log = log_line };
}

static struct clusterports *open_options(const struct clusterports_options *options)
{
    struct clusterports *member;
    int rc = clusterports_open(options, &member);

    if (rc == 0)
        rc = clusterports_add(member, address);
    if (rc != 0) {
        fprintf(stderr, "member %u: %s\n", options->number, clusterports_error(rc));
        abort();
    }
    return member;
}

static struct clusterports *open_member(unsigned number)
{
    char name[9];
    struct clusterports_options options = options_of(number, name);

    return open_options(&options);
}

static struct sockaddr_in at(const char *text, uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

    inet_pton(AF_INET, text, &a.sin_addr);
    return a;
}

/* Servers 10.0.0.1 to 10.0.0.4, for what is not really connected. */
static struct sockaddr_in server(unsigned destination)
{
    char text[16];

    snprintf(text, sizeof text, "10.0.0.%u", destination + 1);
    return at(text, 80);
}

/* Assign, and enter it into the table. Result as clusterports_assign(). */
static int assign(struct clusterports *member, uint8_t life, unsigned destination, const struct sockaddr_in *to,
                  struct sockaddr_in *source)
{
    *source = at(SHARED_ADDRESS, 0);
    int rc = clusterports_assign(member, source, to);
    if (rc != 0)
        return rc;
    uint8_t before = atomic_exchange(&shared->owner[destination][ntohs(source->sin_port)], life);
    if (before != 0 && !atomic_load(&shared->dying[before]))
        atomic_fetch_add(&shared->doubles, 1);
    if (ntohs(source->sin_port) < 1024)
        atomic_fetch_add(&shared->errors, 1);
    atomic_fetch_add(&shared->assigned[life], 1);
    return 0;
}

/* While there are enough ports for all: those that others have and do not use come when they have been asked. */
static int assign_patiently(struct clusterports *member, uint8_t life, unsigned destination, const struct sockaddr_in *to,
                            struct sockaddr_in *source)
{
    int rc = assign(member, life, destination, to, source);

    for (int tries = 0; rc == -EADDRNOTAVAIL && tries < TRIES; tries++) {
        poll(NULL, 0, 100);
        rc = assign(member, life, destination, to, source);
    }
    return rc;
}

static void release(struct clusterports *member, unsigned destination, const struct sockaddr_in *to,
                    const struct sockaddr_in *source, enum clusterports_end end)
{
    if (end == CLUSTERPORTS_CLOSED)         /* else it is this one's a while longer */
        atomic_store(&shared->owner[destination][ntohs(source->sin_port)], 0);
    if (clusterports_release(member, source, to, end) != 0)
        atomic_fetch_add(&shared->errors, 1);
}

static void audit_is_clean(struct clusterports *member)
{
    struct clusterports_audit a;

    ck_assert_int_eq(clusterports_audit(member, address, false, &a), 0);
    ck_assert_uint_eq(a.doubles, 0);
    ck_assert_uint_eq(a.differences, 0);
    ck_assert_uint_eq(a.leaked, 0);
    ck_assert_uint_eq(a.pool + a.owned, PORTS);
}

static void pause_100ms(void)
{
    poll(NULL, 0, 100);
}

static void ends_well(pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process ended with status %x", (unsigned)status);
}

/* --- real sockets -------------------------------------------------------------------------------------------------- */

static void own_network(void)
{
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd;

    if (unshare(CLONE_NEWNET) != 0 || (fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
        ck_abort_msg("no network namespace: %s", strerror(errno));
    close(fd);
}

static int listen_at(const struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)to, sizeof *to) != 0 || listen(fd, 4096) != 0)
        ck_abort_msg("no server: %s", strerror(errno));
    return fd;
}

/* Accepts, and closes when the other side has; never ends by itself. */
static void serve(int listener)
{
    struct epoll_event e = { .events = EPOLLIN, .data.fd = listener }, events[64];
    int epoll = epoll_create1(0);

    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int count = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                close(events[i].data.fd);
                continue;
            }
            for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
                e.data.fd = fd;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
            }
        }
    }
}

/* -1: the kernel refused the port, which must never happen. */
static int connect_from(const struct sockaddr_in *source, const struct sockaddr_in *to)
{
    static const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)source, sizeof *source) == 0 &&
        connect(fd, (const struct sockaddr *)to, sizeof *to) == 0)
        return fd;
    fprintf(stderr, "port %u: %s\n", ntohs(source->sin_port), strerror(errno));
    atomic_fetch_add(&shared->kernel_errors, 1);
    close(fd);
    return -1;
}

/* Every second one is reset, the others are closed by this side. */
static enum clusterports_end disconnect(int fd, bool reset)
{
    static const struct linger linger = { .l_onoff = 1 };

    if (reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
    return reset ? CLUSTERPORTS_CLOSED : CLUSTERPORTS_TIME_WAIT;
}

#define HELD 40

static void connecting_process(unsigned number, uint8_t life, const struct sockaddr_in *to, unsigned count)
{
    struct clusterports *member = open_member(number);
    struct sockaddr_in source[HELD];
    int fd[HELD];

    for (unsigned i = 0; i < HELD; i++)
        fd[i] = -1;
    for (unsigned i = 0; count == 0 || i < count; i++) {
        unsigned k = i % HELD;

        if (fd[k] >= 0)
            release(member, 0, to, &source[k], disconnect(fd[k], i & 1));
        int rc = assign_patiently(member, life, 0, to, &source[k]);
        if (rc != 0) {
            fprintf(stderr, "member %u: %s\n", number, clusterports_error(rc));
            atomic_fetch_add(&shared->errors, 1);
            break;
        }
        fd[k] = connect_from(&source[k], to);
    }
    for (unsigned k = 0; k < HELD; k++)
        if (fd[k] >= 0)
            release(member, 0, to, &source[k], disconnect(fd[k], true));
    struct clusterports_statistics s;
    clusterports_statistics(member, address, &s);
    atomic_fetch_add(&shared->reclaimed, s.reclaimed);
    while (!atomic_load(&shared->stop))     /* stays until the end: who survives reclaims */
        pause_100ms();
    clusterports_statistics(member, address, &s);
    clusterports_close(member);
    _exit(0);
}

static pid_t start_connecting(unsigned number, uint8_t life, const struct sockaddr_in *to, unsigned count)
{
    pid_t pid = fork();

    if (pid == 0)
        connecting_process(number, life, to, count);
    return pid;
}

static void wait_for_connections(uint8_t life, uint32_t count)
{
    for (int tries = 0; atomic_load(&shared->assigned[life]) < count; tries++) {
        ck_assert_msg(tries < TRIES, "process %u has %u of %u connections", life, shared->assigned[life], count);
        pause_100ms();
    }
}

START_TEST(processes_with_real_connections_some_of_them_killed)
{
    const struct sockaddr_in to = at("127.0.0.1", 8080);
    pid_t pid[MEMBERS + 1];
    unsigned killed[] = { 2, 5, 7 };
    struct clusterports_statistics s;

    own_network();
    int listener = listen_at(&to);
    pid_t server_pid = fork();
    if (server_pid == 0)
        serve(listener);
    close(listener);
    /* Those that will be killed connect for ever, the others so many times. */
    for (unsigned n = 1; n <= MEMBERS; n++)
        pid[n] = start_connecting(n, (uint8_t)n, &to, n == 2 || n == 5 || n == 7 ? 0 : 2000);
    struct clusterports *member = open_member(MEMBERS + 1);
    for (unsigned i = 0; i < 3; i++) {
        int status;

        wait_for_connections((uint8_t)killed[i], 500);
        atomic_store(&shared->dying[killed[i]], true);
        kill(pid[killed[i]], SIGKILL);
        ck_assert_int_eq(waitpid(pid[killed[i]], &status, 0), pid[killed[i]]);
    }
    /* One of them comes back, with the same name and number. */
    pid[2] = start_connecting(2, MEMBERS + 2, &to, 2000);
    for (unsigned n = 1; n <= MEMBERS; n++)
        if (n != 5 && n != 7)
            wait_for_connections((uint8_t)(n == 2 ? MEMBERS + 2 : n), 2000);
    /* Nothing is the dead ones' any more: the survivors and this member have reclaimed it. */
    struct clusterports_audit a;
    for (int tries = 0;; tries++) {
        ck_assert_int_eq(clusterports_audit(member, address, false, &a), 0);
        ck_assert_uint_eq(a.doubles + a.differences, 0);
        if (a.leaked == 0)
            break;
        ck_assert_int_lt(tries, TRIES);
        pause_100ms();
    }
    audit_is_clean(member);
    atomic_store(&shared->stop, true);
    for (unsigned n = 1; n <= MEMBERS; n++)
        if (n != 5 && n != 7)
            ends_well(pid[n]);
    kill(server_pid, SIGKILL);
    ck_assert_int_eq(waitpid(server_pid, NULL, 0), server_pid);
    ck_assert_uint_eq(shared->doubles, 0);
    ck_assert_uint_eq(shared->kernel_errors, 0);
    ck_assert_uint_eq(shared->errors, 0);
    for (int tries = 0; tries < TRIES; tries++) {       /* all others are gone, and nobody has their ports */
        ck_assert_int_eq(clusterports_audit(member, address, false, &a), 0);
        if (a.owned == 0)
            break;
        pause_100ms();
    }
    ck_assert_uint_eq(a.owned, 0);
    ck_assert_int_eq(clusterports_statistics(member, address, &s), 0);
    ck_assert_uint_gt(shared->reclaimed + s.reclaimed, 0);
    clusterports_close(member);
}
END_TEST

/* --- exhaustion ---------------------------------------------------------------------------------------------------- */

/* The steps of the test: every process does them when the table says so. */
enum { START, TAKE_ALL, ONE_MORE, END };

static void reach(uint32_t step)
{
    while (atomic_load(&shared->step) < step)
        poll(NULL, 0, 5);
}

#define FIRST_SHARE 1000u       /* of each process, before the fastest takes the rest */

/* Ports until all are given out, by whomever. -EADDRNOTAVAIL, or what else was wrong. */
static int take_all(struct clusterports *member, unsigned number)
{
    const struct sockaddr_in to = server(0);
    struct sockaddr_in source;
    int rc = 0;

    for (uint32_t mine = 0; (rc == 0 || rc == -EADDRNOTAVAIL) && atomic_load(&shared->given) < GIVEN_OUT;) {
        if (mine == FIRST_SHARE && atomic_load(&shared->given) < 4 * FIRST_SHARE) {
            poll(NULL, 0, 1);
            continue;
        }
        rc = assign(member, (uint8_t)number, 0, &to, &source);
        if (rc == 0) {
            mine++;
            atomic_fetch_add(&shared->given, 1);
        }
    }
    return rc == 0 ? -EADDRNOTAVAIL : rc;
}

static void exhausting_process(unsigned number)
{
    const struct sockaddr_in to = server(0);
    struct clusterports *member = open_member(number);
    struct sockaddr_in source;

    reach(TAKE_ALL);
    if (take_all(member, number) != -EADDRNOTAVAIL)
        abort();
    reach(ONE_MORE);
    if (assign(member, (uint8_t)number, 0, &to, &source) != -EADDRNOTAVAIL)
        abort();
    atomic_fetch_add(&shared->refused, 1);
    reach(END);
    if (number == 3) {                      /* its ports go to others */
        for (uint32_t port = 1024; port < PORTS; port++) {
            source = at(SHARED_ADDRESS, (uint16_t)port);
            if (atomic_load(&shared->owner[0][port]) == number)
                release(member, 0, &to, &source, CLUSTERPORTS_CLOSED);
        }
        atomic_fetch_add(&shared->step, 1);
    }
    reach(END + 2);
    clusterports_close(member);
    _exit(0);
}

static void wait_until(const char *what, _Atomic uint32_t *count, uint32_t value)
{
    for (int tries = 0; atomic_load(count) < value; tries++) {
        ck_assert_msg(tries < TRIES, "%s: %u of %u", what, atomic_load(count), value);
        pause_100ms();
    }
}

START_TEST(all_64512_ports_are_given_out_once_then_the_error_then_each_that_is_released)
{
    const struct sockaddr_in to = server(0);
    struct sockaddr_in source;
    pid_t pid[4];

    for (unsigned n = 1; n < 4; n++)
        if ((pid[n] = fork()) == 0)
            exhausting_process(n);
    struct clusterports *member = open_member(4);
    atomic_store(&shared->step, TAKE_ALL);
    ck_assert_int_eq(take_all(member, 4), -EADDRNOTAVAIL);
    ck_assert_uint_eq(shared->given, GIVEN_OUT);
    ck_assert_uint_eq(shared->doubles + shared->errors, 0);
    atomic_store(&shared->step, ONE_MORE);
    ck_assert_int_eq(assign(member, 4, 0, &to, &source), -EADDRNOTAVAIL);
    wait_until("refusals", &shared->refused, 3);
    /* What this member releases it can have again, and no more. */
    for (uint32_t port = 1024, times = 0; times < 100; port++) {
        if (shared->owner[0][port] != 4)
            continue;
        source = at(SHARED_ADDRESS, (uint16_t)port);
        release(member, 0, &to, &source, CLUSTERPORTS_CLOSED);
        ck_assert_int_eq(assign(member, 4, 0, &to, &source), 0);
        ck_assert_uint_eq(ntohs(source.sin_port), port);
        ck_assert_int_eq(assign(member, 4, 0, &to, &source), -EADDRNOTAVAIL);
        times++;
    }
    /* What another one releases, this one gets: every port of it. */
    uint32_t theirs = shared->assigned[3];
    ck_assert_uint_ge(theirs, FIRST_SHARE);
    atomic_store(&shared->step, END);
    wait_until("releases", &shared->step, END + 1);
    for (uint32_t got = 0; got < theirs; got++)
        if (assign_patiently(member, 4, 0, &to, &source) != 0)
            ck_abort_msg("%u of %u ports", got, theirs);
    ck_assert_int_eq(assign(member, 4, 0, &to, &source), -EADDRNOTAVAIL);
    audit_is_clean(member);
    atomic_store(&shared->step, END + 2);
    for (unsigned n = 1; n < 4; n++)
        ends_well(pid[n]);
    ck_assert_uint_eq(shared->doubles + shared->errors, 0);
    clusterports_close(member);
}
END_TEST

#define CONNECTIONS 200000u

static void many_process(unsigned number)
{
    struct clusterports *member = open_member(number);
    struct sockaddr_in source;

    reach(TAKE_ALL);
    for (unsigned i = 0; i < CONNECTIONS / 4; i++) {
        const struct sockaddr_in to = server(i % DESTINATIONS);
        if (assign_patiently(member, (uint8_t)number, i % DESTINATIONS, &to, &source) != 0)
            abort();
    }
    atomic_fetch_add(&shared->given, 1);
    reach(END);
    clusterports_close(member);
    _exit(0);
}

START_TEST(two_hundred_thousand_connections_to_four_destinations)
{
    pid_t pid[5];

    for (unsigned n = 1; n <= 4; n++)
        if ((pid[n] = fork()) == 0)
            many_process(n);
    struct clusterports *member = open_member(5);
    atomic_store(&shared->step, TAKE_ALL);
    wait_until("processes", &shared->given, 4);
    audit_is_clean(member);
    atomic_store(&shared->step, END);
    for (unsigned n = 1; n <= 4; n++)
        ends_well(pid[n]);
    uint32_t connections = 0;
    for (uint32_t port = 0; port < PORTS; port++) {
        uint8_t owner = 0;
        for (unsigned d = 0; d < DESTINATIONS; d++) {
            uint8_t has = shared->owner[d][port];
            connections += has != 0;
            ck_assert_msg(!has || !owner || has == owner, "port %u is of %u and %u", port, owner, has);
            owner = has ? has : owner;
        }
    }
    ck_assert_uint_eq(connections, CONNECTIONS);
    ck_assert_uint_eq(shared->doubles + shared->errors, 0);
    clusterports_close(member);
}
END_TEST

/* --- one member ---------------------------------------------------------------------------------------------------- */

START_TEST(what_is_wrong_is_told)
{
    char name[9];
    struct clusterports *member = open_member(1), *other;
    struct clusterports_options good = options_of(2, name), o;
    struct clusterports_statistics s;
    struct sockaddr_in source = at(SHARED_ADDRESS, 0), to = at("10.0.0.1", 80), six = to;

#define REFUSED(error, change)                                  \
    do {                                                        \
        o = good;                                               \
        change;                                                 \
        ck_assert_int_eq(clusterports_open(&o, &other), error); \
        ck_assert_ptr_eq(other, NULL);                          \
    } while (0)
    REFUSED(-EINVAL, o.name = "member2");
    REFUSED(-EINVAL, o.name = "MEMBER2TOO");
    REFUSED(-EINVAL, o.name = "");
    REFUSED(-EINVAL, o.name = NULL);
    REFUSED(-EINVAL, o.facility = NULL);
    REFUSED(-EINVAL, o.number = 0);
    REFUSED(-EINVAL, o.number = 33);
    REFUSED(-EINVAL, o.block_size = 3);
    REFUSED(-EINVAL, o.block_size = 8192);
    REFUSED(-EINVAL, o.port_high = 5000);
    REFUSED(-EINVAL, (o.port_low = 5001, o.port_high = 5000));
    REFUSED(-EEXIST, o.number = 1);
    REFUSED(-EEXIST, o.name = "MEMBER1");
    REFUSED(-ENOENT, o.facility = "nativetest.none");
    REFUSED(-ENOENT, o.facility = "nativetest.none@/tmp/nativetest.none");
    REFUSED(-EINVAL, o.facility = "nativetest@");

    ck_assert_int_eq(clusterports_add(member, (struct in_addr){ 0 }), -EINVAL);
    ck_assert_int_eq(clusterports_add(member, address), 0);         /* again */
    ck_assert_int_eq(clusterports_statistics(member, to.sin_addr, &s), -ENOENT);
    ck_assert_int_eq(clusterports_assign(member, &to, &to), -ENOENT);
    six.sin_family = AF_INET6;
    ck_assert_int_eq(clusterports_assign(member, &six, &to), -EAFNOSUPPORT);
    ck_assert_int_eq(clusterports_assign(member, &source, &six), -EAFNOSUPPORT);
    ck_assert_int_eq(clusterports_bind(member, &source), -EINVAL);
    ck_assert_int_eq(clusterports_release(member, &source, &to, CLUSTERPORTS_CLOSED), -ENOENT);
    ck_assert_int_eq(clusterports_assign(member, &source, &to), 0);
    struct sockaddr_in elsewhere = at("10.0.0.2", 80);
    ck_assert_int_eq(clusterports_release(member, &source, &elsewhere, CLUSTERPORTS_CLOSED), -ENOENT);
    ck_assert_int_eq(clusterports_release(member, &source, NULL, CLUSTERPORTS_CLOSED), -ENOENT);
    ck_assert_int_eq(clusterports_assign(member, &source, &to), -EADDRINUSE);       /* this very connection */
    ck_assert_int_eq(clusterports_assign(member, &source, &elsewhere), 0);
    ck_assert_int_eq(clusterports_release(member, &source, &to, CLUSTERPORTS_CLOSED), 0);
    ck_assert_int_eq(clusterports_release(member, &source, &to, CLUSTERPORTS_CLOSED), -ENOENT);
    ck_assert_int_eq(clusterports_release(member, &source, &elsewhere, CLUSTERPORTS_CLOSED), 0);
    ck_assert_str_ne(clusterports_error(-EADDRNOTAVAIL), clusterports_error(-ENOTCONN));
    ck_assert_str_eq(clusterports_error(-ECONNREFUSED), strerror(ECONNREFUSED));
    clusterports_close(member);
    clusterports_close(NULL);
}
END_TEST

START_TEST(a_given_port_is_one_members_and_is_given_up_when_it_is_not_used)
{
    struct clusterports *one = open_member(1), *two = open_member(2);       /* a process may have several */
    struct sockaddr_in given = at(SHARED_ADDRESS, 7000), to = server(0), wanted = given;

    ck_assert_int_eq(clusterports_bind(one, &given), 0);
    ck_assert_int_eq(clusterports_bind(one, &given), -EADDRINUSE);
    ck_assert_int_eq(clusterports_bind(two, &given), -EADDRINUSE);
    ck_assert_int_eq(clusterports_assign(two, &wanted, &to), -EADDRNOTAVAIL);
    ck_assert_int_eq(clusterports_release(one, &given, NULL, CLUSTERPORTS_CLOSED), 0);
    int rc, tries = 0;
    while ((rc = clusterports_bind(two, &given)) == -EADDRINUSE && tries++ < TRIES)
        pause_100ms();                      /* the first time it is asked for and given up, if the owner's thread runs in time */
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(clusterports_bind(one, &given), -EADDRINUSE);
    audit_is_clean(one);
    clusterports_close(one);
    clusterports_close(two);
}
END_TEST

START_TEST(a_port_in_time_wait_is_kept_as_long)
{
    char name[9];
    struct clusterports_options options = options_of(1, name);
    struct sockaddr_in source = at(SHARED_ADDRESS, 0), to = server(0);
    struct clusterports_statistics s;

    options.port_low = 2000;
    options.port_high = 2099;
    options.time_wait_s = 1;
    options.block_size = 4;
    struct clusterports *member = open_options(&options);
    for (unsigned i = 0; i < 100; i++) {
        source.sin_port = 0;
        ck_assert_int_eq(clusterports_assign(member, &source, &to), 0);
        ck_assert_int_eq(clusterports_release(member, &source, &to, CLUSTERPORTS_TIME_WAIT), 0);
    }
    ck_assert_int_eq(clusterports_statistics(member, address, &s), 0);
    if (s.used == 100) {                                /* else a second has passed already */
        source.sin_port = 0;
        int rc = clusterports_assign(member, &source, &to);
        ck_assert(rc == -EADDRNOTAVAIL || rc == 0);     /* 0: it passed meanwhile */
        if (rc == 0)
            ck_assert_int_eq(clusterports_release(member, &source, &to, CLUSTERPORTS_CLOSED), 0);
    }
    for (int tries = 0; s.used > 0; tries++) {
        ck_assert_int_lt(tries, TRIES);
        pause_100ms();
        ck_assert_int_eq(clusterports_statistics(member, address, &s), 0);
    }
    clusterports_close(member);
}
END_TEST

/* The structure is kept by a member that does not share the address when the one that does dies. */
START_TEST(who_shares_an_address_later_reclaims_what_the_dead_left)
{
    char name[9];
    struct clusterports_options options = options_of(1, name);
    struct clusterports *survivor;
    struct sockaddr_in to = server(0), source;
    struct clusterports_statistics s;
    int ready[2], status;

    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct clusterports *member = open_member(2);
        for (unsigned i = 0; i < 1000; i++)
            if (assign(member, 2, 0, &to, &source) != 0)
                abort();
        if (write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq(clusterports_open(&options, &survivor), 0);
    ck_assert_int_eq((int)read(ready[0], &status, 1), 1);
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    /* It may add the address before it has heard of the death: then it hears of it later, and reclaims then. */
    ck_assert_int_eq(clusterports_add(survivor, address), 0);
    for (int tries = 0;; tries++) {
        ck_assert_int_eq(clusterports_statistics(survivor, address, &s), 0);
        if (s.reclaimed >= 1000)
            break;
        ck_assert_int_lt(tries, TRIES);
        pause_100ms();
    }
    audit_is_clean(survivor);
    clusterports_close(survivor);
}
END_TEST

START_TEST(a_facility_that_fails_ends_its_members)
{
    struct clusterports *member = open_member(1);
    struct sockaddr_in source = at(SHARED_ADDRESS, 0), to = server(0);
    struct pollfd lost = { .fd = clusterports_fd(member), .events = POLLIN };
    struct clusterports_audit a;

    ck_assert_int_eq(clusterports_assign(member, &source, &to), 0);
    ck_assert_int_eq(poll(&lost, 1, 0), 0);
    ck_assert_int_eq(cf_fail(segment), 0);
    ck_assert_int_eq(poll(&lost, 1, 100 * TRIES), 1);
    struct sockaddr_in another = at(SHARED_ADDRESS, 0);
    ck_assert_int_eq(clusterports_assign(member, &another, &to), -ENOTCONN);
    ck_assert_int_eq(clusterports_add(member, to.sin_addr), -ENOTCONN);
    ck_assert_int_eq(clusterports_audit(member, address, true, &a), -ENOTCONN);
    ck_assert_int_eq(clusterports_release(member, &source, &to, CLUSTERPORTS_CLOSED), 0);
    clusterports_close(member);
    ck_assert_int_eq(cf_activate(segment), 0);
    member = open_member(1);                            /* it is back, and so are they */
    ck_assert_int_eq(clusterports_assign(member, &another, &to), 0);
    clusterports_close(member);
}
END_TEST

static void *assign_and_release(void *context)
{
    struct sockaddr_in source, to = server(0);
    unsigned life = 1 + atomic_fetch_add(&shared->step, 1);

    for (unsigned i = 0; i < 20000; i++) {
        if (assign(context, (uint8_t)life, 0, &to, &source) != 0) {
            atomic_fetch_add(&shared->errors, 1);
            continue;
        }
        release(context, 0, &to, &source, CLUSTERPORTS_CLOSED);
    }
    return NULL;
}

START_TEST(threads_may_share_a_member_or_have_their_own)
{
    struct clusterports *one = open_member(1), *two = open_member(2);
    pthread_t threads[6];

    for (unsigned i = 0; i < 6; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, assign_and_release, i % 2 ? one : two), 0);
    for (unsigned i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(shared->doubles + shared->errors, 0);
    audit_is_clean(one);
    clusterports_close(one);
    clusterports_close(two);
}
END_TEST

/* --- through cfd --------------------------------------------------------------------------------------------------- */

static struct link_server *start_server(char directory[40], char unix_name[200], char tls_name[200])
{
    static uint8_t psk[LINK_PSK_SIZE];
    struct link_address at_unix = { 0 }, at_tcp;
    struct link_server *server;
    const char *why;
    char key[60];

    strcpy(directory, "/tmp/nativetest.XXXXXX");
    ck_assert_ptr_ne(mkdtemp(directory), NULL);
    snprintf(key, sizeof key, "%s/psk", directory);
    ck_assert_int_eq(link_psk_create(key), 0);
    ck_assert_int_eq(link_psk_read(key, psk, &why), 0);
    snprintf(at_unix.path, sizeof at_unix.path, "%s/socket", directory);
    ck_assert_int_eq(link_address_parse_listen("0", &at_tcp), 0);
    struct link_server_config config = { .segment = segment, .unix_address = &at_unix, .tcp_address = &at_tcp, .psk = psk,
                                         .interval_ms = LINK_INTERVAL_MS };
    ck_assert_int_eq(link_server_start(&config, &server, NULL), 0);
    snprintf(unix_name, 200, "%s@%s", segment, at_unix.path);
    snprintf(tls_name, 200, "%s@127.0.0.1:%u,psk=%s", segment, link_server_port(server), key);
    return server;
}

static void remove_directory(const char *directory)
{
    static const char *const files[] = { "psk", "socket" };
    char path[60];

    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(directory), 0);
}

START_TEST(members_by_unix_socket_and_by_tls_and_the_end_of_their_links)
{
    char directory[40], unix_name[200], tls_name[200], name[3][9];
    struct clusterports *members[3];
    struct sockaddr_in source, to = server(0);

    struct link_server *cfd = start_server(directory, unix_name, tls_name);
    const char *const facilities[] = { segment, unix_name, tls_name };
    for (unsigned i = 0; i < 3; i++) {
        struct clusterports_options o = options_of(i + 1, name[i]);
        o.facility = facilities[i];
        members[i] = open_options(&o);
    }
    for (unsigned i = 0; i < 6000; i++)
        ck_assert_int_eq(assign(members[i % 3], (uint8_t)(1 + i % 3), 0, &to, &source), 0);
    ck_assert_uint_eq(shared->doubles + shared->errors, 0);
    for (unsigned i = 0; i < 3; i++)
        audit_is_clean(members[i]);
    link_server_stop(cfd);
    for (unsigned i = 1; i < 3; i++) {
        struct pollfd lost = { .fd = clusterports_fd(members[i]), .events = POLLIN };
        ck_assert_int_eq(poll(&lost, 1, 100 * TRIES), 1);
        source.sin_port = 0;
        ck_assert_int_eq(clusterports_assign(members[i], &source, &to), -ENOTCONN);
    }
    struct clusterports_statistics s;
    for (int tries = 0;; tries++) {                 /* the one in shared memory has survived, and reclaims */
        ck_assert_int_eq(clusterports_statistics(members[0], address, &s), 0);
        if (s.reclaimed >= 4000)
            break;
        ck_assert_int_lt(tries, TRIES);
        pause_100ms();
    }
    audit_is_clean(members[0]);
    for (unsigned i = 0; i < 3; i++)
        clusterports_close(members[i]);
    remove_directory(directory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("native");
    TCase *t = tcase_create("native");
    SRunner *runner = srunner_create(suite);

    runner_pid = getpid();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, what_is_wrong_is_told);
    tcase_add_test(t, a_given_port_is_one_members_and_is_given_up_when_it_is_not_used);
    tcase_add_test(t, a_port_in_time_wait_is_kept_as_long);
    tcase_add_test(t, who_shares_an_address_later_reclaims_what_the_dead_left);
    tcase_add_test(t, a_facility_that_fails_ends_its_members);
    tcase_add_test(t, threads_may_share_a_member_or_have_their_own);
    tcase_add_test(t, members_by_unix_socket_and_by_tls_and_the_end_of_their_links);
    tcase_add_test(t, processes_with_real_connections_some_of_them_killed);
    tcase_add_test(t, all_64512_ports_are_given_out_once_then_the_error_then_each_that_is_released);
    tcase_add_test(t, two_hundred_thousand_connections_to_four_destinations);
    suite_add_tcase(suite, t);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    snprintf(segment, sizeof segment, "nativetest.%d", (int)runner_pid);
    (void)cf_remove(segment);               /* what the last failed one left */
    return failed != 0;
}
