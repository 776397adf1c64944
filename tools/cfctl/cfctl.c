/* cfctl: make, look at, check, dump, restore and remove coupling facilities from the host. The commands are in files of their own. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf_limits.h"
#include "tools/cfctl/command.h"

static const struct command *const commands[] = {
    &create_command,
    &remove_command,
    &pair_command,
    &fail_command,
    &activate_command,
    &display_command,
    &list_command,
    &locks_command,
    &statistics_command,
    &duplex_command,
    &rebuild_command,
    &policy_command,
    &check_command,
    &dump_command,
    &restore_command,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

int trouble(const char *what, const char *name, const char *reason)
{
    fprintf(stderr, "cfctl: %s %s: %s\n", what, name, reason);
    return EXIT_TROUBLE;
}

const char *why(int error)
{
    switch (-error) {
    case ENOENT:
        return "there is no such coupling facility in /dev/shm";
    case EEXIST:
        return "it exists already";
    case EPROTO:
        return "this is not a coupling facility, or one of another version";
    case EBUSY:
        return "in use or held up by another process; try again";
    case EALREADY:
        return "it has not failed";
    case ENOSPC:
        return "all its attachment slots are taken";
    case EINVAL:
        return "this is no segment's name: expected 1 to 255 characters, none of them /, the first not a dot";
    default:
        return strerror(-error);
    }
}

/* --- the command line ------------------------------------------------------------------------------------------------ */

enum { OPTION_INTERVAL = 'i', OPTION_TIMES = 'n', OPTION_CFNAME = 'c', OPTION_SIZE = 's', OPTION_JSON = 'j', OPTION_POLNAME = 'p' };

static const char doc[] =
    "Make, look at, check, dump, restore and remove coupling facilities. NAME is the facility's shared memory segment, a file in /dev/shm.\v";

static const char exit_codes[] =
    "Exit code: 0 done, 1 check found damage, 2 it could not be done, 64 wrong usage.\n\n"
    "Examples:\n"
    "  cfctl create PLEX1.CF01 --size 64M\n"
    "  cfctl display PLEX1.CF01 xcf,str,strname=EZBEPORT\n"
    "  cfctl statistics PLEX1.CF01 EZBEPORT --interval 5 --times 12\n"
    "  cfctl rebuild PLEX1.CF01 START EZBEPORT USER\n\n"
    "Files:\n"
    "  /dev/shm/NAME  the facility; sysplex status --json has its name as segment";

static const struct argp_option argp_options[] = {
    {"cfname", OPTION_CFNAME, "CFNAME", 0, "create: name of the facility, 1 to 8 characters A-Z 0-9 @ # $", 0},
    {"size", OPTION_SIZE, "SIZE", 0, "create: bytes, or with a unit K, M, G; 1M to 64G", 0},
    {"json", OPTION_JSON, NULL, 0, "the answer as JSON", 0},
    {"interval", OPTION_INTERVAL, "SECONDS", 0, "statistics: what happened in an interval, 0.01 to 86400", 0},
    {"polname", OPTION_POLNAME, "POLNAME", 0, "policy start: which policy of the file", 0},
    {"times", OPTION_TIMES, "N", 0, "statistics: so many intervals (default 1)", 0},
    {0},
};

struct line {
    const struct command *command;
    struct request request;
};

static uint64_t parse_size(const char *text, struct argp_state *state)
{
    static const char units[] = "KMG";
    char *end;
    errno = 0;
    uint64_t size = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (text[0] < '0' || text[0] > '9' || errno != 0 || (*end && (!unit || end[1])) || size > CF_SEGMENT_MAX >> shift ||
        size << shift < CF_SEGMENT_MIN)
        argp_error(state, "--size %s: expected 1M to 64G, such as 64M", text);
    return size << shift;
}

static double parse_number(const char *text, const char *option, double least, double most, struct argp_state *state)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !(number >= least && number <= most))
        argp_error(state, "--%s %s: expected a number from %.10g to %.10g", option, text, least, most);
    return number;
}

static const char *parse_cfname(const char *text, struct argp_state *state)
{
    size_t length = strlen(text);
    if (length < 1 || length > 8 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$") != length)
        argp_error(state, "--cfname %s: expected 1 to 8 characters A-Z 0-9 @ # $", text);
    return text;
}

static void parse_argument(struct line *line, const char *argument, struct argp_state *state)
{
    struct request *request = &line->request;
    if (!line->command) {
        for (size_t i = 0; i < COMMANDS; i++)
            if (strcmp(commands[i]->name, argument) == 0)
                line->command = commands[i];
        if (!line->command)
            argp_error(state, "%s: no such command", argument);
    } else if (!request->facility) {
        request->facility = argument;
    } else if (request->count < line->command->most && request->count < ARGUMENTS_MAX) {
        request->argument[request->count++] = argument;
    } else {
        argp_error(state, "%s: one argument too many for %s", argument, line->command->name);
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct line *line = state->input;
    switch (key) {
    case OPTION_CFNAME:
        line->request.cfname = parse_cfname(argument, state);
        return 0;
    case OPTION_SIZE:
        line->request.size = parse_size(argument, state);
        return 0;
    case OPTION_JSON:
        line->request.json = true;
        return 0;
    case OPTION_INTERVAL:
        line->request.interval = parse_number(argument, "interval", 0.01, 86400, state);
        return 0;
    case OPTION_POLNAME:
        line->request.polname = argument;
        return 0;
    case OPTION_TIMES:
        line->request.times = (unsigned)parse_number(argument, "times", 1, 1e9, state);
        return 0;
    case ARGP_KEY_ARG:
        parse_argument(line, argument, state);
        return 0;
    case ARGP_KEY_END:
        if (!line->command)
            argp_error(state, "expected a command and the name of a facility");
        if (!line->request.facility || line->request.count < line->command->least)
            argp_error(state, "expected %s %s", line->command->name, line->command->arguments);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --help: the commands after the options, from the table. argp frees the text. */
static char *help(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    char *all = NULL;
    size_t size;
    FILE *to = open_memstream(&all, &size);
    if (!to)
        return NULL;
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "%s %s\n    %s\n", commands[i]->name, commands[i]->arguments, commands[i]->purpose);
    fprintf(to, "\n%s", exit_codes);
    return fclose(to) == 0 ? all : NULL;
}

static int run(const struct command *command, const struct request *request)
{
    struct cf *cf = NULL;
    int error = command->opens ? cf_open(request->facility, "CFCTL", &cf) : 0;
    if (error != 0)
        return trouble(command->name, request->facility, why(error));
    int result = command->run(cf, request);
    if (cf)
        cf_close(cf);
    return fflush(stdout) == 0 ? result : trouble(command->name, request->facility, strerror(errno));
}

int main(int argc, char **argv)
{
    static const struct argp argp = {argp_options, parse, "COMMAND NAME [ARGUMENT...]", doc, NULL, help, NULL};
    struct line line = {.request = {.cfname = "CF01", .size = 64u << 20, .times = 1}};
    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return run(line.command, &line.request);
}
