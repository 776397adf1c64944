#include "tools/sysplex/timeline.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sysplex/html.h"

enum {
    LEFT = 64, WIDTH = 880, RIGHT = 16, TOP = 8, BOTTOM = 24,      /* of the drawing, in its units */
    LANE = 46, BAR_TOP = 26, BAR = 14, LABEL_ROWS = 2,
    LETTER = 6,                 /* width of one in a label, about */
    TICKS = 12,
};

/* --- reading -------------------------------------------------------------------------------------------------------- */

static const char *text_of(const cJSON *o, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
    return text ? text : "";
}

static int add_event(struct timeline *t, const char *line)
{
    cJSON *o = cJSON_Parse(line);
    struct timeline_event *more = o ? realloc(t->events, (t->count + 1) * sizeof *more) : NULL;
    if (!more) {
        cJSON_Delete(o);
        return o ? -ENOMEM : -EBADMSG;
    }
    t->events = more;
    struct timeline_event *e = &t->events[t->count];
    *e = (struct timeline_event){ .text = strdup(text_of(o, "text")) };
    const cJSON *ms = cJSON_GetObjectItemCaseSensitive(o, "ms");
    e->ms = cJSON_IsNumber(ms) && ms->valuedouble > 0 ? (uint64_t)ms->valuedouble : 0;
    snprintf(e->system, sizeof e->system, "%s", text_of(o, "system"));
    snprintf(e->event, sizeof e->event, "%s", text_of(o, "event"));
    cJSON_Delete(o);
    t->count += e->text != NULL;
    return e->text ? 0 : -ENOMEM;
}

int timeline_read(struct timeline *t, const char *path)
{
    char *line = NULL;
    size_t size = 0;
    *t = (struct timeline){ 0 };
    FILE *in = fopen(path, "re");
    int rc = in ? 0 : -errno;
    while (rc == 0 && getline(&line, &size, in) > 0)
        rc = add_event(t, line);
    free(line);
    if (in)
        fclose(in);
    return rc;
}

void timeline_free(struct timeline *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->events[i].text);
    free(t->events);
    *t = (struct timeline){ 0 };
}

/* --- drawing -------------------------------------------------------------------------------------------------------- */

struct lane {
    FILE *out;
    const char *system;
    uint64_t end_ms;
    unsigned y;
    double label_end[LABEL_ROWS];       /* x where the last label of each row ends */
};

static double x_of(uint64_t end_ms, uint64_t ms)
{
    return LEFT + (double)WIDTH * (double)ms / (double)end_ms;
}

/* What a system is from an event on; NULL: the event does not change that. */
static const char *state_colour(const char *event)
{
    static const struct {
        const char *event, *colour;
    } states[] = {
        { "ipl", "#a9cfe8" }, { "ready", "#0072b2" }, { "killed", "#f3c9b5" }, { "failed", "#f3c9b5" }, { "wait", "#f3c9b5" },
        { "stopped", "#f6dfa4" }, { "halted", "#ddd" },
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i].event, event) == 0)
            return states[i].colour;
    return NULL;
}

static void draw_bar(const struct lane *l, uint64_t from_ms, uint64_t to_ms, const char *colour, const char *event)
{
    double from = x_of(l->end_ms, from_ms), to = x_of(l->end_ms, to_ms);
    fprintf(l->out, "<rect x='%.1f' y='%u' width='%.1f' height='%d' fill='%s'><title>%s: %s, %.2f s to %.2f s</title></rect>\n", from,
            l->y + BAR_TOP, to - from, BAR, colour, l->system, event, (double)from_ms / 1000, (double)to_ms / 1000);
}

/* A label where it does not cover the one before. */
static void draw_label(struct lane *l, uint64_t ms, const char *colour, const char *text)
{
    double x = x_of(l->end_ms, ms), width = (double)strlen(text) * LETTER + 8;
    double right = LEFT + WIDTH;
    double from = x + width > right ? right - width : x;
    unsigned row = l->label_end[0] <= from || l->label_end[0] < l->label_end[1] ? 0 : 1;
    unsigned y = l->y + BAR_TOP - 4 - row * 11;
    fprintf(l->out, "<path d='M%.1f %uV%u' stroke='%s' stroke-width='1.5'/><text x='%.1f' y='%u' fill='%s'>", x, y - 7, l->y + BAR_TOP + BAR,
            colour, from + 3, y, colour);
    html_text(l->out, text);
    fputs("</text>\n", l->out);
    l->label_end[row] = from + width;
}

/* What the event says of the system of its lane, NULL: nothing. */
static const char *label_of(const struct timeline_event *e, char text[64])
{
    char address[16];
    unsigned long ports;
    if (strcmp(e->event, "killed") == 0 || strcmp(e->event, "failed") == 0 || strcmp(e->event, "stopped") == 0 || strcmp(e->event, "wait") == 0)
        return e->event;
    if (sscanf(e->text, "EZZ8301I VIPA %15s", address) == 1)
        snprintf(text, 64, "takes %s over", address);
    else if (sscanf(e->text, "EZZ8302I VIPA %15s", address) == 1)
        snprintf(text, 64, "takes %s back", address);
    else if (sscanf(e->text, "EZD1304I %lu PORTS", &ports) == 1)
        snprintf(text, 64, "recovers %lu ports", ports);
    else
        return NULL;
    return text;
}

static void draw_lane(const struct timeline *t, struct lane *l)
{
    const char *colour = NULL, *event = NULL, *next;
    char text[64];
    uint64_t since = 0, jobs_since = 0;
    unsigned jobs = 0;
    fprintf(l->out, "<text x='%d' y='%u' text-anchor='end' font-weight='bold'>%s</text>\n", LEFT - 8, l->y + BAR_TOP + 11, l->system);
    for (size_t i = 0; i <= t->count; i++) {
        const struct timeline_event *e = i < t->count ? &t->events[i] : NULL;
        uint64_t ms = e && e->ms < l->end_ms ? e->ms : l->end_ms;
        if (e && strcmp(e->system, l->system) != 0)
            continue;
        next = e ? state_colour(e->event) : "";
        if (colour && next)
            draw_bar(l, since, ms, colour, event);
        if (next) {
            colour = next;
            event = e ? e->event : NULL;
            since = ms;
        }
        bool starts = e && strcmp(e->event, "job-started") == 0, ends = e && strcmp(e->event, "job-ended") == 0;
        if (starts && jobs++ == 0)
            jobs_since = ms;
        bool over = jobs > 0 && (!e || (ends && --jobs == 0) || (next && strcmp(e->event, "ready") != 0));
        if (over) {
            jobs = 0;
            fprintf(l->out, "<rect x='%.1f' y='%u' width='%.1f' height='3' fill='#009e73'/>\n", x_of(l->end_ms, jobs_since),
                    l->y + BAR_TOP + BAR + 1, x_of(l->end_ms, ms) - x_of(l->end_ms, jobs_since));
        }
    }
    for (size_t i = 0; i < t->count; i++) {
        const struct timeline_event *e = &t->events[i];
        const char *label = strcmp(e->system, l->system) == 0 ? label_of(e, text) : NULL;
        if (label)
            draw_label(l, e->ms, label == e->event ? "#b33" : "#333", label);
    }
}

static void draw_axis(uint64_t end_ms, unsigned bottom, FILE *out)
{
    static const unsigned steps_ms[] = { 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000, 600000, 3600000 };
    size_t step = 0;
    while (step + 1 < sizeof steps_ms / sizeof steps_ms[0] && end_ms / steps_ms[step] > TICKS)
        step++;
    for (uint64_t ms = 0; ms <= end_ms; ms += steps_ms[step])
        fprintf(out, "<path d='M%.1f %dV%u' stroke='#eee'/><text x='%.1f' y='%u' text-anchor='middle' fill='#666'>%g s</text>\n",
                x_of(end_ms, ms), TOP, bottom, x_of(end_ms, ms), bottom + 14, (double)ms / 1000);
}

static uint64_t end_of(const struct timeline *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->events[i].event, "down") == 0)
            return t->events[i].ms + 1;
    return t->count ? t->events[t->count - 1].ms + 1 : 1;
}

void timeline_svg(const struct timeline *t, const struct definition *d, FILE *out)
{
    uint64_t end_ms = end_of(t);
    unsigned bottom = TOP + LANE * d->system_count;
    fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %u' font-family='sans-serif' font-size='11'>\n",
            LEFT + WIDTH + RIGHT, bottom + BOTTOM);
    draw_axis(end_ms, bottom, out);
    for (unsigned i = 0; i < d->system_count; i++) {
        struct lane lane = { .out = out, .system = d->systems[i].name, .end_ms = end_ms, .y = TOP + LANE * i };
        draw_lane(t, &lane);
    }
    fputs("</svg>\n", out);
}
