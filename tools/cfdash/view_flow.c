/* The flowcharts with what has passed each block: since IPL, and a second. The counts are the stacks' own (clp_show.h), of one of
 * them or of all. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/cfdash/app.h"
#include "tools/cfdash/charts.h"

enum { ALL_FIGURES = CHART_COUNT };

struct sums {
    uint64_t count[FLOW_BLOCK_COUNT];
    double rate[FLOW_BLOCK_COUNT];
    bool known;
};

/* Place of a drawing and of its blocks. */
struct sheet {
    struct area area;
    int step_x, step_y, w, h;       /* from block to block; size of one */
    bool texts;                     /* there is room for them */
};

static void add_up(const struct app *app, struct sums *sums)
{
    const struct model *m = app->session->shown;
    memset(sums, 0, sizeof *sums);
    for (uint32_t i = 0; i < m->system_count; i++) {
        if ((app->system != APP_NONE && app->system != i) || !m->system[i].flow_known)
            continue;
        sums->known = true;
        for (int b = 0; b < FLOW_BLOCK_COUNT; b++) {
            sums->count[b] += m->system[i].flow[b];
            sums->rate[b] += (double)m->system[i].flow_rate[b];
        }
    }
}

/* 0: nothing passes now .. 1: thousands a second. */
static float heat(double rate)
{
    return rate <= 0 ? 0 : (float)fmin(1, 0.35 + 0.18 * log10(1 + rate));
}

static const char *count_text(uint64_t count, char text[24])
{
    if (count >= 10000000)
        snprintf(text, 24, "%.1f M", (double)count / 1e6);
    else
        snprintf(text, 24, "%llu", (unsigned long long)count);
    return text;
}

static struct area node_area(const struct sheet *sheet, const struct chart_node *n)
{
    int x = sheet->area.x + n->column * sheet->step_x + (sheet->step_x - sheet->w) / 2;
    int y = sheet->area.y + n->row * sheet->step_y + (sheet->step_y - sheet->h) / 2;
    return (struct area){x, y, sheet->w, sheet->h};
}

/* --- edges ------------------------------------------------------------------------------------------------------------------ */

static void draw_arrow(struct canvas *c, int x, int y, int dx, int dy, colour ink)
{
    for (int i = 0; i < 5; i++)
        canvas_line(c, x - dx * i - dy * i / 2, y - dy * i - dx * i / 2, x - dx * i + dy * i / 2, y - dy * i + dx * i / 2, ink);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void draw_edge(struct app *app, const struct sheet *sheet, const struct chart *chart, const struct chart_edge *e, colour ink)
{
    struct canvas *c = &app->canvas;
    struct area a = node_area(sheet, &chart->node[e->from]), b = node_area(sheet, &chart->node[e->to]);
    int ax = a.x + a.w / 2, ay = a.y + a.h / 2, bx = b.x + b.w / 2, by = b.y + b.h / 2;
    bool across_first = e->bend == ACROSS || (e->bend == STRAIGHT && ay == by), across_last = e->bend == DOWN || (e->bend == STRAIGHT && ay == by);
    int from_x = across_first ? ax + sign(bx - ax) * a.w / 2 : ax, from_y = across_first ? ay : ay + sign(by - ay) * a.h / 2;
    int to_x = across_last ? bx - sign(bx - ax) * b.w / 2 : bx, to_y = across_last ? by : by - sign(by - ay) * b.h / 2;
    if (e->bend == STRAIGHT) {
        canvas_line(c, from_x, from_y, to_x, to_y, ink);
    } else {
        int corner_x = e->bend == ACROSS ? bx : ax, corner_y = e->bend == ACROSS ? ay : by;
        canvas_line(c, from_x, from_y, corner_x, corner_y, ink);
        canvas_line(c, corner_x, corner_y, to_x, to_y, ink);
    }
    draw_arrow(c, to_x, to_y, across_last ? sign(bx - ax) : 0, across_last ? 0 : sign(by - ay), ink);
    if (e->label[0])
        canvas_text(c, FONT_SMALL, across_first ? from_x + (sign(bx - ax) > 0 ? 4 : -12) : from_x + 4, across_first ? from_y - 14 : from_y + (sign(by - ay) > 0 ? 0 : -14), FAINT,
                    "%s", e->label);
}

/* --- blocks ----------------------------------------------------------------------------------------------------------------- */

static void draw_middle(struct app *app, struct area a, int y, const char *text, colour ink)
{
    struct canvas *c = &app->canvas;
    canvas_text(c, FONT_SMALL, a.x + (a.w - canvas_text_width(c, FONT_SMALL, text)) / 2, y, ink, "%s", text);
}

/* What the block does, in the lines that there is room for; words that do not fit are left out. */
static void draw_words(struct app *app, struct area a, int y, const char *text, colour ink)
{
    struct canvas *c = &app->canvas;
    char line[100] = "", longer[140], word[32];
    for (int used; sscanf(text, " %31s%n", word, &used) == 1; text += used) {
        bool last = y + 26 > a.y + a.h, more = text[used] != 0;
        snprintf(longer, sizeof longer, "%s%s%s%s", line, line[0] ? " " : "", word, last && more ? "…" : "");
        if (canvas_text_width(c, FONT_SMALL, longer) <= a.w - 14) {
            snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", line[0] ? " " : "", word);
        } else if (last || line[0] == 0) {
            if (line[0])
                strcat(line, "…");
            break;
        } else {
            draw_middle(app, a, y, line, ink);
            y += 13;
            snprintf(line, sizeof line, "%s", word);
        }
    }
    draw_middle(app, a, y, line, ink);
}

static void draw_node(struct app *app, const struct sheet *sheet, const struct chart_node *n, const struct sums *sums)
{
    struct canvas *c = &app->canvas;
    struct area a = node_area(sheet, n);
    float warm = heat(sums->rate[n->block]);
    bool passed = sums->count[n->block] > 0, certain = app->port < MODEL_PORTS && app->system != APP_NONE && chart_certain(n->block);
    colour ink = passed ? INK : FAINT, side = passed ? SKY : DIM;
    char text[24];
    canvas_fill(c, a, canvas_mix(passed ? 0x242D38 : GROUND, ORANGE, warm * 0.55f));
    canvas_frame(c, a, certain ? YELLOW : warm > 0 ? ORANGE : n->decision ? side : EDGE);
    if (n->decision)            /* a decision has a double side */
        for (int i = 0; i < 2; i++)
            canvas_line(c, i ? a.x + a.w - 4 : a.x + 3, a.y, i ? a.x + a.w - 4 : a.x + 3, a.y + a.h - 1, certain ? YELLOW : side);
    canvas_text(c, FONT_BOLD, a.x + 8, a.y + 3, ink, "%u", flow_names[n->block].block);
    canvas_right(c, FONT_BODY, a.x + a.w - 8, a.y + 3, ink, "%s", count_text(sums->count[n->block], text));
    if (sums->rate[n->block] > 0)
        canvas_right(c, FONT_SMALL, a.x + a.w - 8, a.y + a.h - (a.h >= 62 ? 16 : 17), INK, "%.0f/s", sums->rate[n->block]);
    else if (sheet->texts)
        draw_words(app, a, a.y + (a.h >= 62 ? 26 : 20), flow_names[n->block].text, passed ? FAINT : DIM + 0x202020);
    if (sums->rate[n->block] > 0 && a.h >= 62)
        draw_words(app, a, a.y + 26, flow_names[n->block].text, INK);
    app_spot(app, a, SPOT_BLOCK, (uint32_t)n->block);
}

static void draw_chart(struct app *app, struct area area, const struct chart *chart, const struct sums *sums)
{
    struct area in = draw_panel(app, area, chart->title);
    struct sheet sheet = {.area = in, .step_x = in.w / chart->columns, .step_y = in.h / chart->rows};
    sheet.w = sheet.step_x * 78 / 100 > 230 ? 230 : sheet.step_x * 78 / 100;
    sheet.h = sheet.step_y * 74 / 100 > 76 ? 76 : sheet.step_y * 74 / 100;
    sheet.texts = sheet.h >= 36 && sheet.w >= 90;
    for (int i = 0; i < chart->edge_count; i++) {
        const struct chart_edge *e = &chart->edge[i];
        bool both = sums->rate[chart->node[e->from].block] > 0 && sums->rate[chart->node[e->to].block] > 0;
        draw_edge(app, &sheet, chart, e, both ? ORANGE : DIM);
    }
    for (int i = 0; i < chart->node_count; i++)
        draw_node(app, &sheet, &chart->node[i], sums);
}

bool view_flow_hint(struct app *app, struct hint *h)
{
    const struct model *m = app->session->shown;
    if (app->hovered >= app->spot_count || app->spot[app->hovered].kind != SPOT_BLOCK)
        return false;
    const struct flow_name *name = &flow_names[app->spot[app->hovered].value];
    snprintf(h->line[0], sizeof h->line[0], "%u   %s", name->block, name->text);
    h->lines = 1;
    uint32_t block = app->spot[app->hovered].value, shown = 0;
    for (uint32_t i = 0; i < m->system_count && h->lines < HINT_LINES_MAX - 1; i++) {
        if (!m->system[i].flow_known || m->system[i].flow[block] == 0)
            continue;
        snprintf(h->line[h->lines++], sizeof h->line[0], "%s  %llu, %.0f/s", m->system[i].name, (unsigned long long)m->system[i].flow[block],
                 (double)m->system[i].flow_rate[block]);
        shown++;
    }
    if (shown == 0)
        snprintf(h->line[h->lines++], sizeof h->line[0], "passed by no system yet");
    h->about = app->spot[app->hovered].area;
    return true;
}

void view_flow(struct app *app, struct area a)
{
    static struct sums sums;
    const struct model *m = app->session->shown;
    static const char *const figures[] = {"Fig. 7", "Fig. 9", "Fig. 10", "Fig. 11", "all"};
    int x = a.x;
    for (uint32_t i = 0; i <= CHART_COUNT; i++)
        x += draw_button(app, x, a.y, figures[i], app->figure == i, SPOT_FIGURE, i) + 6;
    x += 20;
    x += draw_button(app, x, a.y, "all systems", app->system == APP_NONE, SPOT_SYSTEM, APP_NONE) + 6;
    for (uint32_t i = 0; i < m->system_count && x < a.x + a.w - 80; i++)
        x += draw_button(app, x, a.y, m->system[i].name, app->system == i, SPOT_SYSTEM, i) + 6;
    add_up(app, &sums);
    struct area rest = {a.x, a.y + 34, a.w, a.h - 34 - 20};
    if (app->figure < CHART_COUNT)
        draw_chart(app, rest, &charts[app->figure], &sums);
    for (uint32_t i = 0; app->figure == ALL_FIGURES && i < CHART_COUNT; i++) {
        int w = i % 2 == 0 ? rest.w / 2 : rest.w - rest.w / 2 - 10, h = rest.h / 2 - 5;
        draw_chart(app, (struct area){rest.x + (i % 2 ? rest.w / 2 + 10 : 0), rest.y + (i / 2 ? h + 10 : 0), w, h}, &charts[i], &sums);
    }
    const char *note = !sums.known                                  ? "no stack has told its counts yet"
                       : app->port < MODEL_PORTS && app->system != APP_NONE ? "yellow: passed by the chosen connection for certain; 925 to 940 once for each block of ports"
                                                                      : "orange: passed in the last second; grey: never passed. Double sides: a decision";
    canvas_text(&app->canvas, FONT_SMALL, a.x, a.y + a.h - 14, FAINT, "%s", note);
}
