/* tuplecheck: does any 4-tuple in this capture belong to two images at once? */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/tuplecheck/roster.h"
#include "tools/tuplecheck/tuplecheck.h"

enum {
    ADDRESSES_MAX = 64,         /* as many DVIPAs as a stack knows */
};

struct options {
    struct address addresses[ADDRESSES_MAX];
    size_t address_count;
    struct roster roster;
    const char *interface, *keep, *plot;
    uint64_t memory_mib;
    uint64_t seconds;           /* of a live capture; 0: until a signal */
    unsigned shown;
    bool json;
    const char **files;
    size_t file_count;
};

static const char doc[] =
    "Read captures of a cluster's traffic and report every 4-tuple that two images had open at once.\v"
    "FILE is pcap or pcapng (- is standard input) of Ethernet with or without VLAN tags, Linux cooked, raw IP or BSD loopback; "
    "several are read in order of time as one capture. With -i an interface is watched instead, until Ctrl-C; each collision "
    "is told as it happens. Images are told apart by the MAC address they send from, where the link layer has none by the "
    "file. TCP connections count from SYN to their end, a UDP flow until 120 s of silence.\n\n"
    "Exit code: 0 every 4-tuple was unique, 1 a collision or a packet of a dead image was found, 2 the captures do not allow a verdict, 64 wrong usage.\n\n"
    "Examples:\n"
    "  tuplecheck capture.pcap\n"
    "  tuplecheck --images capture.images --plot ports.svg capture.pcap\n"
    "  tuplecheck --dvipa 10.1.9.1 mvs1.pcapng mvs2.pcapng\n"
    "  tuplecheck -i eth0 --write kept.pcap --seconds 3600 --json\n\n"
    "Files:\n"
    "  build/run/latest/capture.pcap, capture.images: what sysplex run leaves,\n"
    "  of such lines: 02:00:00:00:00:03 MVS3\n"
    "                 02:00:00:00:00:03@1763887812.345-1763887813.5 (it was dead)";

static const struct argp_option argp_options[] = {
    { "dvipa", 'd', "ADDRESS", 0, "An address of the cluster, IPv4 or IPv6 (repeatable); without it the side that sends the "
      "first SYN of a connection is taken for the cluster", 0 },
    { "dead", 'D', "MAC@TIME[-TIME]", 0, "The image with this MAC address died then, in seconds since 1970, and its next life began at "
      "the second time (repeatable): what it had open is open no more, and no collision if another image opens it after that; "
      "in between it is to send nothing", 0 },
    { "images", 'I', "FILE", 0, "The names of the images by their MAC addresses, and their deaths, a line each, as sysplex writes "
      "them beside a capture", 0 },
    { "interface", 'i', "NAME", 0, "Watch this interface, or \"any\"", 0 },
    { "write", 'w', "FILE", 0, "With -i: keep what was seen in FILE", 0 },
    { "seconds", 's', "N", 0, "With -i: end after N seconds; at Ctrl-C unless given", 0 },
    { "show", 'n', "COUNT", 0, "List at most so many collisions, 0 to 1000; 10 unless given", 0 },
    { "plot", 'p', "FILE", 0, "Draw source ports over time, a colour an image, as SVG", 0 },
    { "memory", 'm', "MIB", 0, "Use at most so many MiB of memory for connections, all there is unless given; what ended long ago is forgotten first", 0 },
    { "json", 'j', NULL, 0, "Report as JSON", 0 },
    { 0 },
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = 1;
}

static void add_address(struct options *o, const char *text, struct argp_state *state)
{
    if (o->address_count == ADDRESSES_MAX)
        argp_error(state, "--dvipa %s: at most %d addresses", text, ADDRESSES_MAX);
    if (!address_parse(text, &o->addresses[o->address_count++]))
        argp_error(state, "--dvipa %s: expected an IP address such as 10.1.9.1 or 2001:db8::1", text);
}

static void add_death(struct options *o, const char *text, struct argp_state *state)
{
    struct flow_death death;
    if (!roster_parse_death(text, &death))
        argp_error(state, "--dead %s: expected a MAC address, @ and seconds since 1970, such as 02:00:00:00:00:03@1763887812.345, or "
                   "two times, -1763887813 behind it", text);
    if (!roster_add_death(&o->roster, &death))
        argp_failure(state, VERDICT_UNKNOWN, ENOMEM, "--dead %s", text);
}

static uint64_t number(const char *option, const char *text, uint64_t most, struct argp_state *state)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value > most)
        argp_error(state, "%s %s: expected a number from 0 to %llu", option, text, (unsigned long long)most);
    return value;
}

static void check_options(const struct options *o, struct argp_state *state)
{
    if (!o->interface && !o->file_count)
        argp_error(state, "expected a capture file, or -i with an interface");
    if (o->interface && o->file_count)
        argp_error(state, "%s: expected either files or -i %s", o->files[0], o->interface);
    if (!o->interface && (o->keep || o->seconds))
        argp_error(state, "%s: only with -i", o->keep ? "--write" : "--seconds");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'd':
        add_address(o, argument, state);
        return 0;
    case 'D':
        add_death(o, argument, state);
        return 0;
    case 'I':
        if (roster_read(&o->roster, argument) < 0)
            exit(VERDICT_UNKNOWN);
        return 0;
    case 'i':
        o->interface = argument;
        return 0;
    case 'w':
        o->keep = argument;
        return 0;
    case 's':
        o->seconds = number("--seconds", argument, 1u << 30, state);
        return 0;
    case 'n':
        o->shown = (unsigned)number("--show", argument, COLLISIONS_KEPT_MAX, state);
        return 0;
    case 'p':
        o->plot = argument;
        return 0;
    case 'm':
        o->memory_mib = number("--memory", argument, 1u << 24, state);
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        o->files[o->file_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        check_options(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_json(const struct tuplecheck *t, unsigned shown)
{
    cJSON *json = tuplecheck_json(t, shown);
    char *text = json ? cJSON_Print(json) : NULL;
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(json);
}

/* false, told: the file could not be written. */
static bool write_plot(struct tuplecheck *t, const char *path)
{
    FILE *out = fopen(path, "we");
    if (out)
        plot_svg(&t->flows, tuplecheck_sender, t, out);
    bool failed = !out || ferror(out);
    if ((out && fclose(out) != 0) || failed) {
        fprintf(stderr, "tuplecheck: %s: %s; the plot is not there\n", path, strerror(errno));
        return false;
    }
    return true;
}

/* --- while it reads ------------------------------------------------------------------------------------------------ */

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct watch {
    double began, told;
    bool terminal;              /* standard error is one: progress is shown there */
    uint64_t collisions;        /* told so far */
};

static void clear_progress(const struct watch *w)
{
    if (w->terminal)
        fprintf(stderr, "\r\033[K");
}

static void tell_collisions(const struct tuplecheck *t, struct watch *w)
{
    for (; w->collisions < t->flows.collision_count && w->collisions < COLLISIONS_KEPT_MAX; w->collisions++) {
        clear_progress(w);
        fprintf(stderr, "collision: ");
        tuplecheck_collision(t, &t->flows.collisions[w->collisions], stderr);
        fprintf(stderr, "\n");
    }
}

static void tell_progress(const struct tuplecheck *t, struct watch *w)
{
    uint64_t done, all;
    double at = now();
    if (!w->terminal || at - w->told < 0.5)
        return;
    w->told = at;
    reader_progress(t->reader, &done, &all);
    fprintf(stderr, "\r%llu packets, %llu connections, %llu collisions", (unsigned long long)t->packets,
            (unsigned long long)t->flows.total.opened, (unsigned long long)t->flows.collision_count);
    if (all)
        fprintf(stderr, ", %llu of %llu MiB", (unsigned long long)(done >> 20), (unsigned long long)(all >> 20));
}

/* What the kernel holds back until a block of its buffer is full or old, of the time before the end.
 * Not for longer than a moment. */
static void read_late(struct tuplecheck *t)
{
    const double late = 0.4;
    const double ended = now();
    struct timespec ts;
    enum reader_result result;
    clock_gettime(CLOCK_REALTIME, &ts);
    int64_t ended_ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
    do
        result = tuplecheck_step(t);
    while (result != READER_END && now() - ended < late && (result != READER_FRAME || t->last_ns < ended_ns));
}

static void read_all(struct tuplecheck *t, const struct options *o)
{
    enum { PACKETS_A_LOOK = 4096 };
    struct watch w = { .began = now(), .told = now(), .terminal = isatty(STDERR_FILENO) };
    enum reader_result result;
    while (!interrupted && (result = tuplecheck_step(t)) != READER_END) {
        if (o->interface)
            tell_collisions(t, &w);
        if (result == READER_FRAME && !o->interface && t->packets % PACKETS_A_LOOK)
            continue;
        tell_progress(t, &w);
        if (o->interface && o->seconds && now() - w.began >= (double)o->seconds)
            break;
    }
    if (o->interface)
        read_late(t);
    clear_progress(&w);
    t->broken_off = interrupted && !o->interface;
    tuplecheck_end(t);
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char **argv)
{
    static const struct argp argp = { argp_options, parse, "[FILE...]", doc, NULL, NULL, NULL };
    static struct tuplecheck t;
    static struct options options = { .shown = 10 };
    options.files = calloc((size_t)argc, sizeof *options.files);
    if (!options.files)
        return VERDICT_UNKNOWN;
    argp_err_exit_status = 64;
    argp_parse(&argp, argc, argv, 0, NULL, &options);

    const struct flow_options flow = { options.addresses, options.address_count, options.memory_mib << 20, options.roster.deaths,
                                       options.roster.death_count };
    catch_signals();
    if (options.interface) {
        tuplecheck_begin_live(&t, &options.interface, options.keep, &flow);
        if (!t.damage_count)
            fprintf(stderr, "watching %s; Ctrl-C ends it\n", options.interface);
    } else {
        tuplecheck_begin(&t, options.files, options.file_count, &flow);
    }
    t.roster = &options.roster;
    read_all(&t, &options);
    if (options.json)
        print_json(&t, options.shown);
    else
        tuplecheck_print(&t, stdout, options.shown, isatty(STDOUT_FILENO));
    enum verdict verdict = tuplecheck_verdict(&t);
    if (options.plot && !write_plot(&t, options.plot) && verdict == VERDICT_UNIQUE)
        verdict = VERDICT_UNKNOWN;
    tuplecheck_free(&t);
    roster_free(&options.roster);
    free(options.files);
    return verdict;
}
