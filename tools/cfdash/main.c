/* cfdash: a Parallel Sysplex in a window. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/cfdash/model_json.h"
#include "tools/cfdash/place.h"
#include "tools/cfdash/session.h"
#include "tools/sysplex/tell.h"

enum { EXIT_OK = 0, EXIT_TROUBLE = 2 };        /* argp: 64 for wrong usage */

struct command_line {
    const char *name, *segment, *record, *replay;
    bool json;
};

enum { KEY_RECORD = 256, KEY_REPLAY };

static const struct argp_option options[] = {
    {"name", 'n', "NAME", 0, "The Sysplex of this name; else the one that was brought up last", 0},
    {"json", 'j', NULL, 0, "Write what is known to standard output once, as JSON, and end", 0},
    {"record", KEY_RECORD, "FILE", 0, "Write everything that is shown to FILE", 0},
    {"replay", KEY_REPLAY, "FILE", 0, "Show a recording", 0},
    {0},
};

static const char doc[] =
    "Show a Parallel Sysplex that is up: its systems, coupling facilities, structures, ports and events.\v"
    "SEGMENT names the shared memory of a coupling facility (a file in /dev/shm), for one that no sysplex command has made.\n\n"
    "Exit code: 0 done, 2 it could not be done, 64 wrong usage.";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct command_line *c = state->input;
    switch (key) {
    case 'n':
        c->name = argument;
        return 0;
    case 'j':
        c->json = true;
        return 0;
    case KEY_RECORD:
        c->record = argument;
        return 0;
    case KEY_REPLAY:
        c->replay = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (c->segment)
            argp_error(state, "%s: expected nothing more", argument);
        c->segment = argument;
        return 0;
    case ARGP_KEY_END:
        if ((c->replay != NULL) + (c->segment != NULL) + (c->name != NULL) > 1)
            argp_error(state, "expected one of --name, --replay and SEGMENT");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int trouble(const char *what, const char *name, const char *reason)
{
    fprintf(stderr, "cfdash: %s %s: %s\n", what, name, reason);
    return EXIT_TROUBLE;
}

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int open_live(struct session *s, const struct command_line *c, struct place *place)
{
    struct source_options from = {.segment = c->segment};
    if (!c->segment) {
        if (place_find(place, c->name) < 0)
            return EXIT_TROUBLE;
        from = (struct source_options){place->segment, place->rundir.name, place->events};
    }
    int rc = session_open(s, &from);
    if (rc == 0)
        return EXIT_OK;
    return trouble("cannot look at", from.segment,
                   rc == -ENOENT    ? "there is no such coupling facility in /dev/shm"
                   : rc == -EPROTO ? "this is not a coupling facility, or one of another version, or damaged"
                                   : strerror(-rc));
}

static int open_replay(struct session *s, const char *path)
{
    uint32_t at;
    char reason[128];
    FILE *in = fopen(path, "re");
    if (!in)
        return trouble("cannot replay", path, strerror(errno));
    int rc = session_open_replay(s, in, &at);
    fclose(in);
    if (rc == -EBADMSG)
        snprintf(reason, sizeof reason, "frame %u is damaged, cut off, or of another build of cfdash", at);
    else
        snprintf(reason, sizeof reason, "%s", rc == -EPROTO ? "this is no recording of cfdash" : rc == -ENODATA ? "nothing is in it" : strerror(-rc));
    return rc == 0 ? EXIT_OK : trouble("cannot replay", path, reason);
}

/* Two readings: rates are the difference. */
static int print_json(struct session *s)
{
    const struct timespec pause = {.tv_nsec = SESSION_INTERVAL_MS * 1000000l};
    session_step(s, monotonic_ms());
    if (s->source) {
        nanosleep(&pause, NULL);
        session_step(s, monotonic_ms() + SESSION_INTERVAL_MS);
    }
    cJSON *o = model_json(s->shown);
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    if (!text)
        return trouble("print", "the answer", "not enough memory");
    puts(text);
    free(text);
    return fflush(stdout) == 0 ? EXIT_OK : trouble("write", "the answer", strerror(errno));
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "[SEGMENT]", doc, NULL, NULL, NULL};
    struct command_line c = {0};
    struct place place = {.rundir.lock = -1};
    struct session session;
    tell_init(stdout, false);
    argp_parse(&argp, argc, argv, 0, NULL, &c);
    int code = c.replay ? open_replay(&session, c.replay) : open_live(&session, &c, &place);
    if (code != EXIT_OK)
        return code;
    code = print_json(&session);
    session_close(&session);
    return code;
}
