/* Systems, coupling facilities, structures as RMF's coupling facility activity report tells of them, graphs, the last events. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cfemu/engine/cf_segment.h"
#include "tools/cfdash/app.h"
#include "tools/cfdash/words.h"

/* --- systems ---------------------------------------------------------------------------------------------------------------- */

static colour state_colour(const struct model_system *s)
{
    const char *text = system_state_text(s);
    if (strcmp(text, "ACTIVE") == 0)
        return GREEN;
    return strcmp(text, "LEFT") == 0 || strcmp(text, "GONE") == 0 ? FAINT : VERMILLION;
}

enum { SPARK = 150, TALL = 120 };

/* Two minutes of one figure, with its name if there is room. */
static void draw_spark(struct app *app, struct area a, const char *name, size_t offset, float least_top, colour ink)
{
    float values[HISTORY_SHOWN], highest = 0;
    int count = history_values(app->history, app->session->shown->time_ms, offset, values);
    for (int i = 0; i < count; i++)
        highest = values[i] > highest ? values[i] : highest;
    float top = graph_top(highest);
    canvas_fill(&app->canvas, a, GROUND);
    draw_graph_curve(app, a, values, count, top > least_top ? top : least_top, ink);
    if (a.h >= 34)
        canvas_text(&app->canvas, FONT_SMALL, a.x + 4, a.y + 1, DIM + 0x202020, "%s", name);
}

/* Two graphs, of which the second is left out where there is no room. Under the words if there is room for that, else beside them. */
static void draw_sparks(struct app *app, struct area a, const struct model_system *s, uint32_t place)
{
    struct area first = {a.x + a.w - SPARK, a.y + 5, SPARK - 4, a.h - 14}, second = first;
    if (a.h >= TALL) {
        first = (struct area){a.x + 14, a.y + 48, (a.w - 24) / 2, a.h - 58};
        second = (struct area){first.x + first.w + 6, first.y, first.w, first.h};
    } else if (a.h >= 88) {
        first.h = first.h / 2 - 2;
        second.y += first.h + 4;
        second.h -= first.h + 4;
    }
    draw_spark(app, first, "ports in use", offsetof(struct history_point, used) + place * sizeof(float), 10, system_colour(s->number));
    if (second.x != first.x || second.y != first.y)
        draw_spark(app, second, "CPU", offsetof(struct history_point, cpu) + place * sizeof(float), 10, FAINT);
}

static void draw_system(struct app *app, struct area a, uint32_t place)
{
    struct canvas *c = &app->canvas;
    const struct model_system *s = &app->session->shown->system[place];
    colour ink = system_colour(s->number);
    int right = a.h >= TALL ? a.x + a.w - 4 : a.x + a.w - SPARK - 10;
    canvas_fill(c, (struct area){a.x, a.y + 3, 5, a.h - 8}, ink);
    int x = a.x + 14 + canvas_text(c, FONT_BOLD, a.x + 14, a.y + 4, INK, "%s", s->name);
    canvas_text(c, FONT_BOLD, x + 10, a.y + 4, state_colour(s), "%s", system_state_text(s));
    canvas_right(c, FONT_BODY, right, a.y + 4, INK, "CPU %.1f %%", s->cpu_percent);
    if (a.h >= 52)
        canvas_text(c, FONT_SMALL, a.x + 14, a.y + 25, FAINT, "%u ports in use, %u owned", s->ports_used, s->ports_owned);
    if (a.h >= TALL)
        canvas_right(c, FONT_SMALL, right, a.y + 25, FAINT, "%u connections to structures, %u MiB", s->cf_connections, s->memory_mib);
    else if (a.h >= 76)
        canvas_text(c, FONT_SMALL, a.x + 14, a.y + 41, FAINT, "%u connections to structures, %u MiB", s->cf_connections, s->memory_mib);
    if (a.h >= 52 && a.h < TALL)
        draw_bar(app, (struct area){a.x + 14, a.y + (a.h >= 76 ? 62 : 44), right - 14 - a.x, 4}, s->cpu_percent / 100, ink);
    draw_sparks(app, a, s, place);
    app_spot(app, a, SPOT_SYSTEM, place);
}

static void draw_systems(struct app *app, struct area area)
{
    const struct model *m = app->session->shown;
    char title[64];
    snprintf(title, sizeof title, "Systems   state, load, ports in use; the last %s", graph_span_text(app));
    struct area in = draw_panel(app, area, title);
    int each = m->system_count > 0 ? in.h / (int)m->system_count : in.h;
    each = each > 160 ? 160 : each < 22 ? 22 : each;
    canvas_clip(&app->canvas, &in);
    for (uint32_t i = 0; i < m->system_count; i++)
        draw_system(app, (struct area){in.x, in.y + (int)i * each, in.w, each}, i);
    canvas_clip(&app->canvas, NULL);
}

/* --- coupling facilities ---------------------------------------------------------------------------------------------------- */

static void draw_cfs(struct app *app, struct area area)
{
    struct canvas *c = &app->canvas;
    const struct model *m = app->session->shown;
    struct area in = draw_panel(app, area, "Coupling facilities");
    int each = in.w / (int)(m->cf_count > 0 ? m->cf_count : 1);
    for (uint32_t i = 0; i < m->cf_count; i++) {
        const struct model_cf *cf = &m->cf[i];
        int x = in.x + (int)i * each, w = each - 24;
        double used = cf->total_kib > 0 ? 1 - (double)cf->free_kib / (double)cf->total_kib : 0;
        int at = x + canvas_text(c, FONT_BOLD, x, in.y, INK, "%s", cf->name);
        canvas_text(c, FONT_BOLD, at + 10, in.y, cf->failed ? VERMILLION : GREEN, "%s", cf->failed ? "FAILED" : "ACTIVE");
        canvas_right(c, FONT_BODY, x + w, in.y, INK, "%.0f requests/s", cf->per_second);
        draw_bar(app, (struct area){x, in.y + 21, w, 8}, used, cf->failed ? VERMILLION : SKY);
        canvas_text(c, FONT_SMALL, x, in.y + 34, FAINT, "%.1f of %.1f MiB allocated, structures: %u", (double)(cf->total_kib - cf->free_kib) / 1024,
                    (double)cf->total_kib / 1024, cf->structures);
    }
}

/* --- structures ------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *title, *unit;
    int right;                  /* its right edge, thousandths of the width; the first two begin there */
} columns[] = {{"STRUCTURE", "", 0}, {"TYPE", "", 130}, {"CF", "", 275}, {"STATUS", "", 325}, {"REQ/S", "", 490}, {"SYNC", "%", 560}, {"AVG", "µs", 630},
               {"STD DEV", "µs", 718}, {"CONT/S", "", 785}, {"FALSE/S", "", 858}, {"ENTRIES", "%", 945}, {"CONN", "", 1000}};

static unsigned percent(uint32_t part, uint32_t whole)
{
    return whole > 0 ? (unsigned)((uint64_t)part * 100 / whole) : 0;
}

static void draw_structure(struct app *app, struct area in, int y, uint32_t place)
{
    struct canvas *c = &app->canvas;
    const struct model *m = app->session->shown;
    const struct model_structure *s = &m->structure[place];
    char text[12][24];
    snprintf(text[0], sizeof text[0], "%s", s->name);
    snprintf(text[1], sizeof text[1], "%s", structure_type_text(s->type));
    snprintf(text[2], sizeof text[2], "%s", m->cf[s->cf].name);
    snprintf(text[3], sizeof text[3], "%s", structure_status_text(s));
    snprintf(text[4], sizeof text[4], "%.0f", s->per_second);
    snprintf(text[5], sizeof text[5], s->per_second > 0 ? "%.0f" : "–", s->synchronous_percent);
    snprintf(text[6], sizeof text[6], s->per_second > 0 ? "%.2f" : "–", s->average_us);
    snprintf(text[7], sizeof text[7], s->per_second > 0 ? "%.2f" : "–", s->deviation_us);
    snprintf(text[8], sizeof text[8], "%.1f", s->contended_per_second);
    snprintf(text[9], sizeof text[9], "%.1f", s->false_per_second);
    snprintf(text[10], sizeof text[10], "%u", percent(s->entries_used, s->entries_total));
    snprintf(text[11], sizeof text[11], "%u", s->connections);
    canvas_fill(c, (struct area){in.x, y + 3, 5, 12}, series_colour(place));
    for (int i = 0; i < 12; i++) {
        int x = in.x + in.w * columns[i].right / 1000;
        bool bad = (i == 3 && s->lost) || (i == 8 && s->contended_per_second > 0);
        if (i < 4)
            canvas_text(c, i == 0 ? FONT_BOLD : FONT_BODY, x + (i == 0 ? 12 : 0), y, bad ? VERMILLION : i == 0 ? INK : FAINT, "%s", text[i]);
        else
            canvas_right(c, FONT_BODY, x, y, bad ? ORANGE : INK, "%s", text[i]);
    }
}

static void draw_structures(struct app *app, struct area area)
{
    struct canvas *c = &app->canvas;
    const struct model *m = app->session->shown;
    struct area in = draw_panel(app, area, "Structure activity   of the last half second");
    for (int i = 0; i < 12; i++) {
        int x = in.x + in.w * columns[i].right / 1000;
        if (i < 4)
            canvas_text(c, FONT_SMALL, x + (i == 0 ? 12 : 0), in.y - 2, DIM + 0x202020, "%s", columns[i].title);
        else
            canvas_right(c, FONT_SMALL, x, in.y - 2, DIM + 0x202020, "%s%s%s", columns[i].title, columns[i].unit[0] ? " " : "", columns[i].unit);
    }
    canvas_clip(c, &in);
    for (uint32_t i = 0; i < m->structure_count; i++)
        draw_structure(app, in, in.y + 16 + (int)i * 20, i);
    canvas_clip(c, NULL);
    if (m->structures_unseen > 0)
        canvas_right(c, FONT_SMALL, area.x + area.w - 10, area.y + 8, FAINT, "and %u more", m->structures_unseen);
}

/* --- graphs ----------------------------------------------------------------------------------------------------------------- */

/* One curve for each structure, their names in its colour in the heading, as many as it has room for. */
static void draw_graph(struct app *app, struct area area, const char *title, size_t offset, const char *unit)
{
    struct canvas *c = &app->canvas;
    const struct model *m = app->session->shown;
    struct area in = draw_panel(app, area, title);
    static float values[MODEL_STRUCTURES_MAX][HISTORY_SHOWN];
    int points[MODEL_STRUCTURES_MAX];
    float highest = 0;
    for (uint32_t i = 0; i < m->structure_count; i++) {
        points[i] = history_values(app->history, m->time_ms, offset + i * sizeof(float), values[i]);
        for (int k = 0; k < points[i]; k++)
            highest = values[i][k] > highest ? values[i][k] : highest;
    }
    float top = graph_top(highest);
    draw_graph_ground(app, in);
    int right = area.x + area.w - 10 - canvas_right(c, FONT_SMALL, area.x + area.w - 10, area.y + 8, FAINT, top < 10 ? "to %.2f %s" : "to %.0f %s", (double)top, unit);
    int x = area.x + 20 + canvas_text_width(c, FONT_BOLD, title);
    for (uint32_t i = 0; i < m->structure_count; i++) {
        draw_graph_curve(app, in, values[i], points[i], top, series_colour(i));
        if (x + canvas_text_width(c, FONT_SMALL, m->structure[i].name) < right - 10)
            x += 10 + canvas_text(c, FONT_SMALL, x, area.y + 8, series_colour(i), "%s", m->structure[i].name);
    }
    canvas_text(c, FONT_SMALL, in.x + 4, in.y + in.h - 15, DIM + 0x202020, "–%s", graph_span_text(app));
    canvas_right(c, FONT_SMALL, in.x + in.w - 4, in.y + in.h - 15, DIM + 0x202020, "now");
}

void view_overview(struct app *app, struct area a)
{
    const struct model *m = app->session->shown;
    int left = a.w * 34 / 100, right = a.w - left - 10, x = a.x + left + 10;
    int structures = 62 + 20 * (int)(m->structure_count > 3 ? m->structure_count : 3);
    structures = structures > a.h * 4 / 10 ? a.h * 4 / 10 : structures;
    int y = a.y + 90 + 10 + structures + 10, rest = a.y + a.h - y;
    int graphs = rest / 2 - 5;
    draw_systems(app, (struct area){a.x, a.y, left, a.h});
    draw_cfs(app, (struct area){x, a.y, right, 90});
    draw_structures(app, (struct area){x, a.y + 100, right, structures});
    draw_graph(app, (struct area){x, y, right / 2 - 5, graphs}, "Requests", offsetof(struct history_point, per_second), "/s");
    draw_graph(app, (struct area){x + right / 2 + 5, y, right - right / 2 - 5, graphs}, "Service time", offsetof(struct history_point, average_us), "µs");
    struct area events = draw_panel(app, (struct area){x, y + graphs + 10, right, rest - graphs - 10}, "Events");
    draw_events(app, events, 0);
}
