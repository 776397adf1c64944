/* An egress connector: connections from one source address that several such programs share, as a proxy would open them. --help
 * tells more. */
#include <clusterports.h>

#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int fd;                         /* -1: not open */
    struct sockaddr_in source;
};

static const char doc[] =
    "Open COUNT connections from a source address that several such programs share, as a proxy would: no two get the same port. An "
    "example of libclusterports.\v"
    "It opens them, shows what it got, stays, closes them and leaves. Start it several times, with different names and numbers, on one "
    "machine or on several; one that is killed loses its ports to the others.\n\n"
    "  FACILITY     coupling facility of this machine, such as PLEX1.CF01, or one\n"
    "               that cfd serves: PLEX1.CF01@192.0.2.1:7070,psk=FILE\n"
    "  NAME         of this member, 1 to 8 characters\n"
    "  NUMBER       of this member, 1 to 32\n"
    "  SOURCE       the IPv4 address that all share; one of this\n"
    "               machine, or any with net.ipv4.ip_nonlocal_bind=1\n"
    "  DESTINATION  IPv4 address of the server, PORT its port, 1 to 65535\n"
    "  COUNT        connections, 1 to 1000000\n"
    "  SECONDS      it stays with all of them open, 0 to 86400; 0 unless given\n\n"
    "Exit code: 0 all were opened, 1 not all, or it could not become a member, 64 wrong usage.\n\n"
    "Examples:\n"
    "  cfctl create PLEX1.CF01\n"
    "  egress PLEX1.CF01 EGRESS1 1 127.0.0.9 127.0.0.1 8080 1000 60\n"
    "  egress PLEX1.CF01@192.0.2.1:7070,psk=KEY E2 2 127.0.0.9 127.0.0.1 8080 9\n\n"
    "Files:\n"
    "  /dev/shm/FACILITY  a coupling facility of this machine";

enum { ARGUMENTS_MIN = 7, ARGUMENTS_MAX = 8 };

struct arguments {
    char *of[ARGUMENTS_MAX];
    unsigned count;
};

static error_t take(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;

    if (key == ARGP_KEY_ARG && a->count == ARGUMENTS_MAX)
        argp_error(state, "%s: expected nothing more", text);
    else if (key == ARGP_KEY_ARG)
        a->of[a->count++] = text;
    else if (key == ARGP_KEY_END && a->count < ARGUMENTS_MIN)
        argp_error(state, "expected %u arguments or %u, these are %u", ARGUMENTS_MIN, ARGUMENTS_MAX, a->count);
    else if (key != ARGP_KEY_END)
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static void log_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

static void fail(const char *what, int error)
{
    fprintf(stderr, "egress: %s: %s\n", what, clusterports_error(error));
    exit(1);
}

/* A socket that is bound to the assigned port and connected; -errno of the call that failed, told. */
static int open_socket(const struct sockaddr_in *source, const struct sockaddr_in *destination)
{
    static const int on = 1;
    const char *call = "socket";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (call = "bind", bind(fd, (const struct sockaddr *)source, sizeof *source)) == 0 &&
        (call = "connect", connect(fd, (const struct sockaddr *)destination, sizeof *destination)) == 0)
        return fd;
    int error = errno;
    fprintf(stderr, "egress: %s, port %u: %s\n", call, ntohs(source->sin_port), strerror(error));
    if (fd >= 0)
        close(fd);
    return -error;
}

static int open_connection(struct clusterports *member, struct connection *c, struct in_addr from,
                           const struct sockaddr_in *destination)
{
    c->source = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = from };
    c->fd = -1;
    int error = clusterports_assign(member, &c->source, destination);
    if (error != 0)
        return error;
    c->fd = open_socket(&c->source, destination);
    if (c->fd >= 0)
        return 0;
    error = c->fd;
    c->fd = -1;
    clusterports_release(member, &c->source, destination, CLUSTERPORTS_CLOSED);
    return error;
}

static void show(struct clusterports *member, struct in_addr from, const struct connection *connections, unsigned opened,
                 double seconds)
{
    struct clusterports_statistics s;
    char text[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &from, text, sizeof text);
    for (unsigned i = 0; i < opened && i < 5; i++)
        printf("%s:%u\n", text, ntohs(connections[i].source.sin_port));
    printf("%u connections in %.3f s\n", opened, seconds);
    if (clusterports_statistics(member, from, &s) == 0)
        printf("ports of %s: %u in use, %u this member's; %llu trips to the coupling facility; %llu ports reclaimed\n", text,
               s.used, s.owned, (unsigned long long)s.taken, (unsigned long long)s.reclaimed);
    fflush(stdout);
}

/* The member has the connections closed before it goes; this side closes first, so that they stay in TIME_WAIT. */
static void close_all(struct clusterports *member, struct connection *connections, unsigned opened,
                      const struct sockaddr_in *destination)
{
    for (unsigned i = 0; i < opened; i++) {
        close(connections[i].fd);
        clusterports_release(member, &connections[i].source, destination, CLUSTERPORTS_TIME_WAIT);
    }
}

/* Stays for so long, unless the coupling facility is lost: then the ports are another's soon. */
static void stay(struct clusterports *member, int seconds)
{
    struct pollfd lost = { .fd = clusterports_fd(member), .events = POLLIN };

    if (poll(&lost, 1, seconds * 1000) == 1)
        fprintf(stderr, "egress: %s\n", clusterports_error(-ENOTCONN));
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned number(const char *text, unsigned least, unsigned most, const char *what)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != 0 || value < least || value > most) {
        fprintf(stderr, "egress: %s %s: expected %u to %u\n", what, text, least, most);
        exit(64);
    }
    return (unsigned)value;
}

static struct in_addr address(const char *text, const char *what)
{
    struct in_addr a;

    if (inet_pton(AF_INET, text, &a) != 1) {
        fprintf(stderr, "egress: %s %s: expected an IPv4 address\n", what, text);
        exit(64);
    }
    return a;
}

int main(int argc, char **argv)
{
    static const struct argp argp = { NULL, take, "FACILITY NAME NUMBER SOURCE DESTINATION PORT COUNT [SECONDS]", doc, NULL, NULL, NULL };
    struct arguments a = { .count = 0 };

    argp_err_exit_status = 64;
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    struct clusterports_options options = {
        .facility = a.of[0], .name = a.of[1], .number = (uint8_t)number(a.of[2], 1, 32, "NUMBER"), .log = log_line };
    if (*a.of[1] == 0 || strlen(a.of[1]) > 8) {
        fprintf(stderr, "egress: NAME %s: expected 1 to 8 characters\n", a.of[1]);
        return 64;
    }
    struct in_addr from = address(a.of[3], "SOURCE");
    struct sockaddr_in destination = { .sin_family = AF_INET, .sin_addr = address(a.of[4], "DESTINATION"),
                                       .sin_port = htons((uint16_t)number(a.of[5], 1, 65535, "PORT")) };
    unsigned count = number(a.of[6], 1, 1000000, "COUNT"), opened = 0;
    int seconds = a.count == ARGUMENTS_MAX ? (int)number(a.of[7], 0, 86400, "SECONDS") : 0;
    struct connection *connections = calloc(count, sizeof *connections);
    struct clusterports *member;

    int error = connections ? clusterports_open(&options, &member) : -ENOMEM;
    if (error != 0)
        fail(a.of[0], error);
    error = clusterports_add(member, from);
    if (error != 0)
        fail(a.of[3], error);
    double start = now_s();
    while (opened < count && (error = open_connection(member, &connections[opened], from, &destination)) == 0)
        opened++;
    if (opened < count)
        fprintf(stderr, "egress: connection %u: %s\n", opened + 1, clusterports_error(error));
    show(member, from, connections, opened, now_s() - start);
    if (opened == count)
        stay(member, seconds);
    close_all(member, connections, opened, &destination);
    clusterports_close(member);
    free(connections);
    return opened < count;
}
