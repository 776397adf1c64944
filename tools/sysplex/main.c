/* sysplex: boots a Parallel Sysplex on this machine, runs jobs on it, operates it. */
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/sysplex/run.h"
#include "tools/sysplex/subcommand.h"
#include "tools/sysplex/supervise.h"
#include "tools/sysplex/tell.h"

struct command_line {
    struct run_options run;
    bool up;                    /* sysplex up; else sysplex run */
    char config[PATH_MAX];
};

static const char run_doc[] =
    "Boot the systems that CONFIG defines, run its jobs on them against a server outside, and check in a capture of every packet that "
    "no two systems ever shared a 4-tuple.\v"
    "CONFIG is config/fig6.conf unless given. A run's directory is build/run/<time>, build/run/latest the newest.\n\n"
    "Exit code: 0 it showed what it should (with CLUSTERPORTS: everything answered, no collision; without: collisions), 1 it did not, "
    "2 it could not be done, 64 wrong usage, 130 interrupted.\n\n"
    "Examples:\n"
    "  sysplex run\n"
    "  sysplex run --clusterports=off\n"
    "  sysplex run --kill=MVS3@50% config/threeway.conf\n"
    "  sysplex run --commands=config/flow.commands config/flow.conf\n\n"
    "Files:\n"
    "  config/*.conf  definitions of Sysplexes\n"
    "  build/run/latest/report.html  what the run showed; beside it summary.txt,\n"
    "                                summary.json, capture.pcap, MVS1.console, ...";

static const char up_doc[] =
    "Boot the systems that CONFIG defines and leave them to be operated in the background, with sysplex status, cmd, console and so on, until "
    "sysplex down.\v"
    "CONFIG is config/fig6.conf unless given. Several Sysplexes can be up at a time, each with a name; it is that of the definition's "
    "SYSPLEX unless given. As a user other than root they live in a user namespace.\n\n"
    "Exit code: 0 all systems are ready, 2 it could not be done, 64 wrong usage, 130 interrupted.\n\n"
    "Examples:\n"
    "  sysplex up\n"
    "  sysplex up --name TEST --images=MVS1,MVS3 config/32way.conf\n\n"
    "Files:\n"
    "  build/run/latest  its directory: MVS1.console, operlog, events.jsonl,\n"
    "                    statistics.jsonl, captures";

enum { KEY_CLUSTERPORTS = 256, KEY_CONNECTIONS, KEY_HOLD, KEY_IMAGES, KEY_KILL, KEY_KEEP, KEY_COMMANDS, KEY_CAPTURE };

#define CLUSTERPORTS_OPTION { "clusterports", KEY_CLUSTERPORTS, "on|off|1", 0, "Assign ports cluster-wide in blocks (on, the default), " \
      "one by one (1), or each system for itself (off)", 0 }
#define IMAGES_OPTION { "images", KEY_IMAGES, "NAMES", 0, "Boot only these systems, such as MVS1,MVS3", 0 }
#define NAME_OPTION { "name", 'n', "NAME", 0, "Name of this Sysplex among those that are up", 0 }
#define KEEP_OPTION { "keep", KEY_KEEP, NULL, 0, "Never remove the run directory", 0 }
#define VERBOSE_OPTION { "verbose", 'v', NULL, 0, "Show what the systems write on their consoles", 0 }

static const struct argp_option run_options[] = {
    CLUSTERPORTS_OPTION,
    { "connections", KEY_CONNECTIONS, "N", 0, "Connections that each job opens on its system, 0 to 10000000; what the definition says unless given", 0 },
    { "hold", KEY_HOLD, "M", 0, "So many of them are held open at once, 0 to 65535; what the definition says unless given", 0 },
    IMAGES_OPTION,
    { "kill", KEY_KILL, "NAME@N%", 0, "Kill the image of this system when its job is N % done", 0 },
    { "commands", KEY_COMMANDS, "FILE", 0, "Run this script of operator commands in place of the jobs and the story: lines such as "
      "\"MVS2: D TCPIP,,FLOW => END OF THE REPORT\", \"all: ...\", \"wait 2\", \"kill MVS3\"", 0 },
    NAME_OPTION,
    KEEP_OPTION,
    { "json", 'j', NULL, 0, "Summary as JSON on standard output, all else on standard error", 0 },
    VERBOSE_OPTION,
    { 0 },
};

static const struct argp_option up_options[] = {
    CLUSTERPORTS_OPTION,
    IMAGES_OPTION,
    { "capture", KEY_CAPTURE, NULL, 0, "Begin a capture before the systems start", 0 },
    NAME_OPTION,
    KEEP_OPTION,
    VERBOSE_OPTION,
    { 0 },
};

static uint64_t get_number(struct argp_state *state, const char *option, const char *text, uint64_t high)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || value > high)
        argp_error(state, "--%s %s: expected a number up to %lu", option, text, high);
    return value;
}

static void get_kill(struct argp_state *state, const char *text, struct run_options *o)
{
    char end = '\0', more;
    const char *at = strrchr(text, '@');        /* the last one: it is a letter of names, too */
    if (!at || at == text || at - text >= DEFINED_NAME_SIZE || sscanf(at + 1, "%3u%c%c", &o->kill_percent, &end, &more) != 2 || end != '%' ||
        o->kill_percent > 100)
        argp_error(state, "--kill %s: expected such as MVS3@50%%", text);
    snprintf(o->kill_system, sizeof o->kill_system, "%.*s", (int)(at - text), text);
    for (char *c = o->kill_system; *c; c++)
        *c = (char)toupper((unsigned char)*c);
}

static const char *get_clusterports(struct argp_state *state, const char *text)
{
    static const char *const values[] = { "ON", "OFF", "1" };
    for (size_t i = 0; i < 3; i++)
        if (strcasecmp(text, values[i]) == 0)
            return values[i];
    argp_error(state, "--clusterports %s: expected on, off or 1", text);
    return NULL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct command_line *c = state->input;
    switch (key) {
    case KEY_CLUSTERPORTS:
        c->run.plex.clusterports = get_clusterports(state, argument);
        return 0;
    case KEY_CONNECTIONS:
        c->run.connections = get_number(state, "connections", argument, 10000000);
        return 0;
    case KEY_HOLD:
        c->run.hold = get_number(state, "hold", argument, 65535);
        return 0;
    case KEY_IMAGES:
        c->run.plex.images = argument;
        return 0;
    case KEY_KILL:
        get_kill(state, argument, &c->run);
        return 0;
    case KEY_COMMANDS:
        c->run.commands = argument;
        return 0;
    case KEY_CAPTURE:
        c->run.plex.capture = true;
        return 0;
    case 'n':
        if (!rundir_name_valid(argument))
            argp_error(state, "--name %s: expected 1 to 32 letters, digits and . - _ @ # $", argument);
        c->run.plex.name = argument;
        return 0;
    case ARGP_KEY_END:
        if (c->run.commands && (c->run.kill_system[0] || c->run.connections != UINT64_MAX || c->run.hold != UINT64_MAX))
            argp_error(state, "--commands %s: expected no --kill, --connections or --hold with it: no job is run", c->run.commands);
        return 0;
    case KEY_KEEP:
        c->run.plex.keep = true;
        return 0;
    case 'j':
        c->run.json = true;
        return 0;
    case 'v':
        c->run.verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "%s: expected nothing more", argument);
        c->run.plex.config = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* config/fig6.conf beside the build folder. */
static const char *default_config(struct command_line *c)
{
    struct rundir r = { .lock = -1 };
    if (rundir_find_build(&r) < 0)
        exit(EXIT_NOT_RUN);
    char *slash = strrchr(r.build, '/');
    snprintf(c->config, sizeof c->config, "%.*s/config/fig6.conf", (int)(slash - r.build), r.build);
    return c->config;
}

static void read_command_line(struct command_line *c, int argc, char **argv, const struct argp_option *options, const char *doc)
{
    const struct argp argp = { options, parse, "[CONFIG]", doc, NULL, NULL, NULL };
    *c = (struct command_line){ .run = { .connections = UINT64_MAX, .hold = UINT64_MAX, .plex.clusterports = "ON" } };
    argp_parse(&argp, argc, argv, 0, NULL, c);
    if (!c->run.plex.config)
        c->run.plex.config = default_config(c);
}

int subcommand_run(int argc, char **argv)
{
    struct command_line c;
    read_command_line(&c, argc, argv, run_options, run_doc);
    c.run.plex.capture = true;
    return run_sysplex(&c.run);
}

int subcommand_up(int argc, char **argv)
{
    struct command_line c;
    read_command_line(&c, argc, argv, up_options, up_doc);
    tell_init(stdout, c.run.verbose);
    return supervise(&c.run.plex);
}

int subcommand_clean(int argc, char **argv)
{
    static const struct argp argp = { NULL, NULL, "", "Remove what Sysplexes that were killed have left, and the directories of those that have "
                                      "ended.\vThose that live, and directories made with --keep, stay.\n\nExit code: 0 done, 2 it could not be done, 64 wrong usage.\n\n"
                                      "Example:\n  sysplex clean", NULL, NULL, NULL };
    struct rundir r = { .lock = -1 };
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    if (rundir_find_build(&r) < 0)
        return EXIT_NOT_RUN;
    int segments = segment_clean();
    int runs = rundir_clean(&r, 0);
    tell_step("%d coupling facilities and %d run directories removed", segments, runs);
    return EXIT_AS_EXPECTED;
}

/* --- the subcommands ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    subcommand *call;
    const char *summary;
} subcommands[] = {
    { "run", subcommand_run, "boot a Sysplex, run its jobs, judge the capture, end" },
    { "up", subcommand_up, "boot a Sysplex and leave it in the background" },
    { "status", subcommand_status, "systems, their state and load, coupling facilities" },
    { "console", subcommand_console, "be the operator of a system" },
    { "cmd", subcommand_cmd, "give a system, or all, a command and show the answer" },
    { "start", subcommand_start, "start a job" },
    { "obey", subcommand_obey, "change the TCP/IP profile of a system" },
    { "kill", subcommand_kill, "kill a system: it fails" },
    { "stop", subcommand_stop, "end a system in order" },
    { "ipl", subcommand_ipl, "IPL a system again" },
    { "vary", subcommand_vary, "remove a system from the sysplex" },
    { "capture", subcommand_capture, "begin or end a capture of the packets" },
    { "logs", subcommand_logs, "hardcopy log of a system, or of all" },
    { "down", subcommand_down, "take a Sysplex down" },
    { "clean", subcommand_clean, "remove what killed and ended Sysplexes have left" },
};
enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static void print_help(FILE *out)
{
    fprintf(out, "Usage: sysplex COMMAND [OPTION...] [ARGUMENT...]\nBoot a Parallel Sysplex on this machine, and operate it.\n\n");
    for (int i = 0; i < SUBCOMMANDS; i++)
        fprintf(out, "  %-9s %s\n", subcommands[i].name, subcommands[i].summary);
    fputs("\nsysplex COMMAND --help tells more of each.\n\n"
          "Exit code: 0 done, 1 refused by a system or not as expected, 2 it could not be\ndone, 64 wrong usage, 130 interrupted.\n\n"
          "Examples:\n"
          "  sysplex up\n  sysplex status\n  sysplex cmd MVS1 D TCPIP,,SYSPLEX,VIPADYN\n  sysplex console MVS2\n  sysplex down\n\n"
          "Files:\n"
          "  config/*.conf     definitions of Sysplexes\n"
          "  build/run/latest  directory of the one that was brought up last; five are kept\n"
          "  tools/sysplex/completion.bash  for bash: commands, options, systems\n", out);
}

int main(int argc, char **argv)
{
    tell_init(stdout, false);
    argp_err_exit_status = EXIT_USAGE;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 || strcmp(argv[1], "help") == 0)) {
        print_help(stdout);
        return EXIT_AS_EXPECTED;
    }
    for (int i = 0; argc > 1 && i < SUBCOMMANDS; i++)
        if (strcmp(argv[1], subcommands[i].name) == 0) {
            char name[32];
            snprintf(name, sizeof name, "sysplex %s", argv[1]);
            argv[1] = name;
            return subcommands[i].call(argc - 1, argv + 1);
        }
    if (argc > 1)
        fprintf(stderr, "sysplex: %s: expected one of these commands\n\n", argv[1]);
    print_help(stderr);
    return EXIT_USAGE;
}
