/* sysplex: boots a Parallel Sysplex on this machine and runs a job on it. */
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/sysplex/run.h"
#include "tools/sysplex/tell.h"

struct command_line {
    struct run_options run;
    const char *command;
    char config[PATH_MAX];
};

static const char doc[] =
    "run: boot the systems that CONFIG defines, run its job on all of them against a server outside, and check in a capture "
    "of every packet that no two systems ever shared a 4-tuple.\n"
    "clean: remove what runs that were killed have left, and the directories of ended runs.\v"
    "CONFIG is config/threeway.conf unless given. A run's directory is build/run/<time>, build/run/latest the newest.\n\n"
    "Exit code of run: 0 it showed what it should (with CLUSTERPORTS: everything answered, no collision; without: "
    "collisions), 1 it did not, 2 it could not be done, 64 wrong usage, 130 interrupted.";

enum { KEY_CLUSTERPORTS = 256, KEY_CONNECTIONS, KEY_HOLD, KEY_IMAGES, KEY_KILL, KEY_KEEP, KEY_COMMANDS };

static const struct argp_option argp_options[] = {
    { "clusterports", KEY_CLUSTERPORTS, "on|off|1", 0, "Assign ports cluster-wide in blocks (on, the default), one by one (1), "
      "or each system for itself (off)", 0 },
    { "connections", KEY_CONNECTIONS, "N", 0, "Connections that each system opens", 0 },
    { "hold", KEY_HOLD, "M", 0, "So many of them are held open at once", 0 },
    { "images", KEY_IMAGES, "NAMES", 0, "Boot only these systems, such as MVS1,MVS3", 0 },
    { "kill", KEY_KILL, "NAME@N%", 0, "Kill the image of this system when its job is N % done", 0 },
    { "commands", KEY_COMMANDS, "FILE", 0, "Run this script of operator commands in place of the job: lines such as "
      "\"MVS2: D TCPIP,,FLOW => END OF THE REPORT\", \"all: ...\", \"wait 2\", \"kill MVS3\"", 0 },
    { "keep", KEY_KEEP, NULL, 0, "Never remove the directory of this run", 0 },
    { "json", 'j', NULL, 0, "Summary as JSON on standard output, all else on standard error", 0 },
    { "verbose", 'v', NULL, 0, "Show what the systems write on their consoles", 0 },
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

static void get_argument(struct argp_state *state, char *text, struct command_line *c)
{
    if (state->arg_num == 0 && (strcmp(text, "run") == 0 || strcmp(text, "clean") == 0))
        c->command = text;
    else if (state->arg_num == 0)
        argp_error(state, "%s: expected run or clean", text);
    else if (state->arg_num == 1 && strcmp(c->command, "run") == 0)
        c->run.config = text;
    else
        argp_error(state, "%s: expected nothing more", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct command_line *c = state->input;
    switch (key) {
    case KEY_CLUSTERPORTS:
        c->run.clusterports = get_clusterports(state, argument);
        return 0;
    case KEY_CONNECTIONS:
        c->run.connections = get_number(state, "connections", argument, 10000000);
        return 0;
    case KEY_HOLD:
        c->run.hold = get_number(state, "hold", argument, 65535);
        return 0;
    case KEY_IMAGES:
        c->run.images = argument;
        return 0;
    case KEY_KILL:
        get_kill(state, argument, &c->run);
        return 0;
    case KEY_COMMANDS:
        c->run.commands = argument;
        return 0;
    case KEY_KEEP:
        c->run.keep = true;
        return 0;
    case 'j':
        c->run.json = true;
        return 0;
    case 'v':
        c->run.verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        get_argument(state, argument, c);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "expected run or clean");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int clean(void)
{
    struct rundir r = { .lock = -1 };
    tell_init(stdout, false);
    if (rundir_find_build(&r) < 0)
        return EXIT_NOT_RUN;
    int segments = segment_clean();
    int runs = rundir_clean(&r, 0);
    tell_step("%d coupling facilities and %d run directories removed", segments, runs);
    return EXIT_AS_EXPECTED;
}

/* config/threeway.conf beside the build folder. */
static const char *default_config(struct command_line *c)
{
    struct rundir r = { .lock = -1 };
    if (rundir_find_build(&r) < 0)
        exit(EXIT_NOT_RUN);
    char *slash = strrchr(r.build, '/');
    snprintf(c->config, sizeof c->config, "%.*s/config/threeway.conf", (int)(slash - r.build), r.build);
    return c->config;
}

int main(int argc, char **argv)
{
    static const struct argp argp = { argp_options, parse, "run [CONFIG]\nclean", doc, NULL, NULL, NULL };
    struct command_line c = { .run = { .connections = UINT64_MAX, .hold = UINT64_MAX, .clusterports = "ON" } };
    tell_init(stdout, false);
    argp_err_exit_status = 64;
    argp_parse(&argp, argc, argv, 0, NULL, &c);
    if (strcmp(c.command, "clean") == 0)
        return clean();
    if (!c.run.config)
        c.run.config = default_config(&c);
    return run_sysplex(&c.run);
}
