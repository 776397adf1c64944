#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sysplex/exits.h"
#include "tools/sysplex/rundir.h"
#include "tools/sysplex/subcommand.h"

static const struct argp_option all_options[] = {
    { "name", 'n', "NAME", 0, "The Sysplex of this name; needed if several are up", 0 },
    { "force", 'f', NULL, 0, "At once, without a system taking part in it", 0 },
    { "json", 'j', NULL, 0, "As JSON", 0 },
    { "follow", 'F', NULL, 0, "Go on with what comes, until Ctrl-C", 0 },
    { "wait", 'w', "TEXT", 0, "Wait until the console shows this text after the command, and show what comes before it, too", 0 },
    { "seconds", 's', "N", 0, "Wait so long for the answer, 20 unless given", 0 },
};
enum { OPTIONS = sizeof all_options / sizeof all_options[0] };

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct words *w = state->input;
    char *end;
    switch (key) {
    case 'n':
        if (!rundir_name_valid(argument))
            argp_error(state, "--name %s: expected 1 to 32 letters, digits and . - _ @ # $", argument);
        w->name = argument;
        return 0;
    case 'f':
        w->force = w->follow = true;
        return 0;
    case 'j':
        w->json = true;
        return 0;
    case 'w':
        w->await = argument;
        return 0;
    case 's':
        w->seconds = strtod(argument, &end);
        if (*end || end == argument || !(w->seconds > 0 && w->seconds <= 600))
            argp_error(state, "--seconds %s: expected a number up to 600", argument);
        return 0;
    case ARGP_KEY_ARG:
        if (w->count == w->max)
            argp_error(state, "%s: expected nothing more", argument);
        w->word[w->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (w->count < w->min)
            argp_error(state, w->count ? "expected more after %s" : "expected more%.0s", w->count ? w->word[w->count - 1] : "");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void words_parse(struct words *w, int argc, char **argv, const char *options, const char *usage, const char *doc)
{
    struct argp_option chosen[OPTIONS + 1] = { all_options[0] };
    unsigned count = 1;
    for (unsigned i = 1; i < OPTIONS; i++)
        if (strchr(options, all_options[i].key)) {
            chosen[count] = all_options[i];
            if (chosen[count].key == 'F')
                chosen[count].key = 'f';        /* -f stands for one or the other */
            count++;
        }
    const struct argp argp = { chosen, parse, usage, doc, NULL, NULL, NULL };
    argp_parse(&argp, argc, argv, 0, NULL, w);
}
