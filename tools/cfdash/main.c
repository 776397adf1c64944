/* cfdash: a Parallel Sysplex in a window. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/cfdash/charts.h"
#include "tools/cfdash/model_json.h"
#include "tools/cfdash/place.h"
#include "tools/cfdash/window.h"
#include "tools/sysplex/tell.h"

enum { EXIT_OK = 0, EXIT_TROUBLE = 2 };        /* argp: 64 for wrong usage */

struct command_line {
    const char *name, *segment, *record, *replay;
    bool json;
    struct window_options window;
};

enum { KEY_RECORD = 256, KEY_REPLAY, KEY_SCREENSHOT, KEY_AFTER, KEY_VIEW, KEY_SIZE, KEY_PORT, KEY_FIGURE, KEY_SCALE };

static const struct argp_option options[] = {
    {"name", 'n', "NAME", 0, "The Sysplex of this name; else the one that was brought up last", 0},
    {"json", 'j', NULL, 0, "Write what is known to standard output once, as JSON, and end", 0},
    {"record", KEY_RECORD, "FILE", 0, "Write everything that is shown to FILE", 0},
    {"replay", KEY_REPLAY, "FILE", 0, "Show a recording", 0},
    {"view", KEY_VIEW, "VIEW", 0, "Begin with overview (the default), ports, flow, locks or events", 0},
    {"figure", KEY_FIGURE, "N", 0, "Flowchart: 7, 9, 10, 11 or all (the default)", 0},
    {"port", KEY_PORT, "N", 0, "Begin with this port chosen, 0 to 65535", 0},
    {"size", KEY_SIZE, "WxH", 0, "Of the window or picture; 1440x900 unless given", 0},
    {"screenshot", KEY_SCREENSHOT, "FILE", 0, "No window: write a picture (PNG) to FILE and end; needs no display", 1},
    {"after", KEY_AFTER, "SECONDS", 0, "The picture is taken after so long, 1 unless given, or at SIGINT or SIGTERM; of a recording it is what that shows then", 1},
    {"scale", KEY_SCALE, "N", 0, "Pixels of the picture for each of the size, as on a screen of high density: 1 to 4", 1},
    {0},
};

static const char doc[] =
    "Show a Parallel Sysplex that is up: its systems, coupling facilities, structures, ports and events.\v"
    "A window with five views: systems, coupling facilities and structures; the ports of each address; the patent's flowcharts with the counts of "
    "their blocks; locks, members and connections; events. H in it tells the keys. It reads the coupling facility and changes nothing there.\n\n"
    "SEGMENT names the shared memory of a coupling facility (a file in /dev/shm), for one that no sysplex command has made.\n\n"
    "Exit code: 0 done, 2 it could not be done, 64 wrong usage.\n\n"
    "Examples:\n"
    "  cfdash\n"
    "  cfdash --name PLEX2 --view ports --port 40000\n"
    "  cfdash --screenshot ports.png --view ports --after 2\n"
    "  cfdash --record session.cfdash\n"
    "  cfdash --replay session.cfdash --screenshot then.png --after 90\n\n"
    "Files:\n"
    "  build/run/latest/dashboard.cfdash  what was recorded of a run\n"
    "  cfdash-DATE-TIME.png  what the key S leaves in the working directory";

static double get_number(struct argp_state *state, const char *option, const char *text, double low, double high)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        argp_error(state, "--%s %s: expected a number from %g to %g", option, text, low, high);
    return value;
}

static uint32_t get_word(struct argp_state *state, const char *option, const char *text, const char *const *words, uint32_t count)
{
    char all[80] = "";
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0)
            return i;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", words[i]);
    }
    argp_error(state, "--%s %s: expected one of %s", option, text, all);
    return 0;
}

static void get_size(struct argp_state *state, const char *text, struct window_options *o)
{
    char more;
    if (sscanf(text, "%5dx%5d%c", &o->width, &o->height, &more) != 2 || o->width < 640 || o->height < 480 || o->width > 7680 || o->height > 4320)
        argp_error(state, "--size %s: expected such as 1440x900, from 640x480 to 7680x4320", text);
}

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
    case KEY_VIEW:
        c->window.view = get_word(state, "view", argument, (const char *const[]){"overview", "ports", "flow", "locks", "events"}, VIEW_COUNT);
        return 0;
    case KEY_FIGURE:
        c->window.figure = get_word(state, "figure", argument, (const char *const[]){"7", "9", "10", "11", "all"}, CHART_COUNT + 1);
        return 0;
    case KEY_PORT:
        c->window.port = (uint32_t)get_number(state, "port", argument, 0, MODEL_PORTS - 1);
        return 0;
    case KEY_SIZE:
        get_size(state, argument, &c->window);
        return 0;
    case KEY_SCREENSHOT:
        c->window.screenshot = argument;
        return 0;
    case KEY_AFTER:
        c->window.after_s = get_number(state, "after", argument, 0, 86400);
        return 0;
    case KEY_SCALE:
        c->window.scale = (float)get_number(state, "scale", argument, 1, 4);
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

static int show(struct session *s, const char *run, const struct window_options *o)
{
    int rc = o->screenshot ? window_picture(s, run, o) : window_run(s, run, o);
    if (rc == -1)
        return trouble(o->screenshot ? "cannot draw" : "cannot open", o->screenshot ? o->screenshot : "a window", SDL_GetError());
    return rc < 0 ? trouble("cannot write", o->screenshot, strerror(-rc)) : EXIT_OK;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "[SEGMENT]", doc, NULL, NULL, NULL};
    struct command_line c = {.window = {.width = 1440, .height = 900, .port = APP_NONE, .figure = CHART_COUNT, .after_s = 1, .scale = 1}};
    struct place place = {.rundir.lock = -1};
    struct session session;
    tell_init(stdout, false);
    argp_parse(&argp, argc, argv, 0, NULL, &c);
    int code = c.replay ? open_replay(&session, c.replay) : open_live(&session, &c, &place);
    if (code != EXIT_OK)
        return code;
    int rc = c.record ? session_record(&session, c.record) : 0;
    if (rc < 0)
        code = trouble("cannot record to", c.record, strerror(-rc));
    else
        code = c.json ? print_json(&session) : show(&session, place.rundir.path, &c.window);
    session_close(&session);
    return code;
}
