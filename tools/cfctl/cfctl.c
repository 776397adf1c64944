/* cfctl: make, look at, check and remove coupling facilities from the host. */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf.h"
#include "cfemu/engine/cf_limits.h"
#include "cfemu/engine/cf_request.h"
#include "tools/cfctl/display.h"

enum { EXIT_OK = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };    /* argp: 64 for wrong usage */

struct options {
    const char *cfname;
    const char *structure;
    uint64_t size;
    const char *argument[4];
    unsigned count;
};

static const char doc[] =
    "Make, look at, check and remove coupling facilities. NAME is the facility's shared memory segment, a file in /dev/shm.\v"
    "create NAME          make a facility; --cfname (default CF01), --size (default 64M)\n"
    "remove NAME          remove it; who uses it keeps it until its end\n"
    "display NAME         storage, attached processes, structures; --structure S: connections, locks and waiters, statistics of one\n"
    "list NAME S [LIST]   the entries of structure S, on one list or on all\n"
    "check NAME           verify everything in it\n\n"
    "Exit code: 0 done, 1 check found damage, 2 it could not be done, 64 wrong usage.";

static const struct argp_option argp_options[] = {
    {"cfname", 'c', "CFNAME", 0, "create: name of the facility, 1 to 8 characters A-Z 0-9 @ # $", 0},
    {"size", 's', "SIZE", 0, "create: bytes, or with a unit K, M, G; 1M to 64G", 0},
    {"structure", 'S', "STRNAME", 0, "display: one structure", 0},
    {0},
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

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'c':
        o->cfname = argument;
        return 0;
    case 's':
        o->size = parse_size(argument, state);
        return 0;
    case 'S':
        o->structure = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (o->count == 4)
            argp_error(state, "%s: too many arguments", argument);
        o->argument[o->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (o->count < 2)
            argp_error(state, "expected a command and the name of a facility");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *why(int error)
{
    switch (-error) {
    case ENOENT:
        return "there is no such coupling facility in /dev/shm";
    case EEXIST:
        return "it exists already";
    case EPROTO:
        return "this is not a coupling facility, or one of another version";
    case EINVAL:
        return "a name or size is not valid (--help says what is)";
    default:
        return strerror(-error);
    }
}

static int trouble(const char *what, const char *name, const char *reason)
{
    fprintf(stderr, "cfctl: %s %s: %s\n", what, name, reason);
    return EXIT_TROUBLE;
}

static int create(struct cf *cf, const struct options *o)
{
    (void)cf;
    int error = cf_create(o->argument[1], o->cfname, o->size);
    return error == 0 ? EXIT_OK : trouble("create", o->argument[1], why(error));
}

static int remove_facility(struct cf *cf, const struct options *o)
{
    (void)cf;
    int error = cf_remove(o->argument[1]);
    return error == 0 ? EXIT_OK : trouble("remove", o->argument[1], why(error));
}

static int check(struct cf *cf, const struct options *o)
{
    int findings = cf_check(cf, stdout);
    printf("%s: %d finding%s\n", o->argument[1], findings, findings == 1 ? "" : "s");
    return findings == 0 ? EXIT_OK : EXIT_FINDINGS;
}

/* Write out what a display function collected. */
static int show(int result, FILE *to, char **text, const char *what, const char *name)
{
    static const char *const reasons[] = {"", "no such structure", "the structure has no such list", "held up by another process; try again"};
    fclose(to);
    if (result == DISPLAY_OK)
        fputs(*text, stdout);
    free(*text);
    return result == DISPLAY_OK ? EXIT_OK : trouble(what, name, reasons[result]);
}

static int display(struct cf *cf, const struct options *o)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return trouble("display", o->argument[1], strerror(errno));
    if (!o->structure)
        return show(display_facility(cf, to), to, &text, "display", o->argument[1]);
    uint8_t name[CF_NAME_SIZE];
    cf_name_put(name, sizeof name, o->structure);
    return show(display_structure(cf, name, to), to, &text, "display", o->structure);
}

static int list(struct cf *cf, const struct options *o)
{
    char *text = NULL, *end = NULL;
    size_t size;
    const char *number = o->argument[3];
    long index = number ? strtol(number, &end, 10) : -1;
    if (number && (*end || end == number || index < 0))
        return trouble("list", number, "expected a list number");
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return trouble("list", o->argument[2], strerror(errno));
    uint8_t name[CF_NAME_SIZE];
    cf_name_put(name, sizeof name, o->argument[2]);
    return show(display_entries(cf, name, index, to), to, &text, "list", o->argument[2]);
}

static const struct command {
    const char *name;
    unsigned least, most;       /* arguments, itself included */
    bool opens;                 /* works on an existing facility */
    int (*run)(struct cf *cf, const struct options *o);
} commands[] = {
    {"create", 2, 2, false, create},  {"remove", 2, 2, false, remove_facility}, {"check", 2, 2, true, check},
    {"display", 2, 2, true, display}, {"list", 3, 4, true, list},
};

static int run(const struct command *command, const struct options *o)
{
    struct cf *cf = NULL;
    int error = command->opens ? cf_open(o->argument[1], "CFCTL", &cf) : 0;
    if (error != 0)
        return trouble(command->name, o->argument[1], why(error));
    int result = command->run(cf, o);
    if (cf)
        cf_close(cf);
    if (fflush(stdout) != 0)
        return trouble(command->name, o->argument[1], strerror(errno));
    return result;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {argp_options, parse, "COMMAND NAME [ARGUMENT...]", doc, NULL, NULL, NULL};
    struct options o = {.cfname = "CF01", .size = 64u << 20};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct command *command = &commands[i];
        if (strcmp(command->name, o.argument[0]) != 0)
            continue;
        if (o.count >= command->least && o.count <= command->most)
            return run(command, &o);
        fprintf(stderr, "cfctl: %s: wrong number of arguments; try --help\n", command->name);
        return argp_err_exit_status;
    }
    fprintf(stderr, "cfctl: %s: no such command; expected create, remove, display, list or check\n", o.argument[0]);
    return argp_err_exit_status;
}
