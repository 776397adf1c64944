/* cfd: serves a coupling facility to images on other machines. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf.h"
#include "cfemu/link/cf_server.h"

enum { EXIT_TROUBLE = 2 };      /* argp: 64 for wrong usage */

static const char doc[] =
    "Serve the coupling facility in segment NAME to images elsewhere, over a Unix socket or over TCP with TLS 1.3 and a "
    "pre-shared key. They name it as, for example,\n\n"
    "  0F00 CFS NAME@192.0.2.1:7070,psk=FILE SYSTEM=MVS1\n"
    "  0F00 CFS NAME@/run/cf01 SYSTEM=MVS1\v"
    "An image whose link ends, or that is not heard of for the interval, has failed as if its machine had: its "
    "connections end and its locks pass on. It stops itself after two thirds of the interval. SIGTERM or SIGINT: all links end, "
    "then cfd does.\n\n"
    "Exit code: 0 done, 2 it could not be done, 64 wrong usage.\n\n"
    "Examples:\n"
    "  cfctl create PLEX1.CF01\n"
    "  cfd --new-psk KEY\n"
    "  cfd PLEX1.CF01 --listen 0.0.0.0:7070 --psk-file KEY\n\n"
    "Files:\n"
    "  /dev/shm/NAME  the coupling facility, made by cfctl or sysplex";

struct options {
    const char *name, *psk_file, *new_psk;
    struct link_address unix_address, tcp_address;
    bool unix_given, tcp_given;
    uint32_t interval_ms;
};

static const struct argp_option argp_options[] = {
    {"unix", 'u', "PATH", 0, "listen at a Unix socket; its file is for this user alone", 0},
    {"listen", 'l', "[ADDR:]PORT", 0, "listen at a TCP port, of 127.0.0.1 unless an address is given; port 0: any, it is shown", 0},
    {"psk-file", 'k', "FILE", 0, "the key for --listen, 64 hexadecimal digits, mode 0600; the images have the same file", 0},
    {"interval", 'i', "MS", 0, "milliseconds without a sign of life after which an image has failed; default 3000, 300 to 60000", 0},
    {"new-psk", 'n', "FILE", 0, "make a key file, and nothing else", 0},
    {0},
};

static uint32_t parse_interval(const char *text, struct argp_state *state)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || value < LINK_INTERVAL_MS_MIN || value > LINK_INTERVAL_MS_MAX)
        argp_error(state, "--interval %s: expected %u to %u milliseconds", text, LINK_INTERVAL_MS_MIN, LINK_INTERVAL_MS_MAX);
    return (uint32_t)value;
}

static void parse_unix(const char *text, struct argp_state *state, struct options *o)
{
    if (text[0] == '\0' || strlen(text) >= sizeof o->unix_address.path)
        argp_error(state, "--unix: expected a path of 1 to %zu characters", sizeof o->unix_address.path - 1);
    else
        strcpy(o->unix_address.path, text);
    o->unix_given = true;
}

static void complete(struct argp_state *state, const struct options *o)
{
    if (o->new_psk)
        return;
    if (!o->name)
        argp_error(state, "expected the segment of a coupling facility");
    if (!o->unix_given && !o->tcp_given)
        argp_error(state, "expected --unix or --listen or both");
    if (o->tcp_given && !o->psk_file)
        argp_error(state, "--listen needs --psk-file; cfd --new-psk FILE makes one");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'u':
        parse_unix(argument, state, o);
        return 0;
    case 'l':
        if (link_address_parse_listen(argument, &o->tcp_address) != 0)
            argp_error(state, "--listen %s: expected a port, or address:port", argument);
        o->tcp_given = true;
        return 0;
    case 'k':
        o->psk_file = argument;
        return 0;
    case 'i':
        o->interval_ms = parse_interval(argument, state);
        return 0;
    case 'n':
        o->new_psk = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (o->name)
            argp_error(state, "%s: expected one coupling facility", argument);
        o->name = argument;
        return 0;
    case ARGP_KEY_END:
        complete(state, o);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void log_line(const char *line)
{
    fprintf(stderr, "cfd: %s\n", line);
}

static const char *why(int error)
{
    switch (error) {
    case -EPROTO:
        return "this is no coupling facility, or one of another version";
    case -ENOSPC:
        return "all attachment slots are taken";
    default:
        return strerror(-error);
    }
}

static int new_psk(const char *path)
{
    int error = link_psk_create(path);
    if (error == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "cfd: %s: no key file made: %s\n", path, strerror(-error));
    return EXIT_TROUBLE;
}

static void announce(const struct options *o, const struct link_server *server)
{
    printf("cfd: serving %s", o->name);
    if (o->unix_given)
        printf(" at %s", o->unix_address.path);
    if (o->tcp_given)
        printf(" at %s:%u", o->tcp_address.host, link_server_port(server));
    printf(", interval %u ms\n", o->interval_ms);
    fflush(stdout);
}

static int serve(const struct options *o)
{
    uint8_t psk[LINK_PSK_SIZE] = {0};
    const char *reason;
    if (o->tcp_given && link_psk_read(o->psk_file, psk, &reason) != 0) {
        fprintf(stderr, "cfd: key file %s: %s\n", o->psk_file, reason);
        return EXIT_TROUBLE;
    }
    const struct link_server_config config = {
        .segment = o->name,
        .unix_address = o->unix_given ? &o->unix_address : NULL,
        .tcp_address = o->tcp_given ? &o->tcp_address : NULL,
        .psk = psk,
        .interval_ms = o->interval_ms,
        .log = log_line,
    };
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    struct link_server *server;
    cf_operator = log_line;
    int error = link_server_start(&config, &server, &reason);
    OPENSSL_cleanse(psk, sizeof psk);
    if (error != 0) {
        fprintf(stderr, "cfd: %s: %s: %s\n", o->name, reason, why(error));
        return EXIT_TROUBLE;
    }
    announce(o, server);
    int signal;
    sigwait(&ends, &signal);
    link_server_stop(server);
    return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
    static const struct argp argp = {.options = argp_options, .parser = parse, .args_doc = "NAME", .doc = doc};
    struct options o = {.interval_ms = LINK_INTERVAL_MS};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    return o.new_psk ? new_psk(o.new_psk) : serve(&o);
}
