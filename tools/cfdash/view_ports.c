/* The port map: all 65,536 ports of an address, 256 in a row, each in the colour of its owner. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tools/cfdash/app.h"
#include "tools/cfdash/words.h"

enum { SIDE = 400 };

static const colour free_colours[] = {[CELL_AVAILABLE] = 0x232B35, [CELL_RESTING] = 0x77808D, [CELL_RESERVED] = 0x0B0E12, [CELL_NOWHERE] = 0xFF3D3D};

static colour cell_colour(uint8_t cell)
{
    switch (port_kind(cell)) {
    case CELL_IDLE:
        return canvas_mix(GROUND, system_colour(port_who(cell)), 0.42f);
    case CELL_USED:
        return system_colour(port_who(cell));
    case CELL_SHARED:
        return 0xFFFFFF;
    default:
        return port_who(cell) <= CELL_NOWHERE ? free_colours[port_who(cell)] : GROUND;
    }
}

/* --- the picture ------------------------------------------------------------------------------------------------------------ */

static void update_map(struct app *app, const struct model_dvipa *d)
{
    if (app->map && app->map_version == app->session->version && app->map_dvipa == app->dvipa)
        return;
    if (!app->map)
        app->map = SDL_CreateRGBSurfaceWithFormat(0, 256, 256, 32, SDL_PIXELFORMAT_XRGB8888);
    if (!app->map)
        return;
    colour colours[256];
    for (unsigned i = 0; i < 256; i++)
        colours[i] = cell_colour((uint8_t)i);
    for (int y = 0; y < 256; y++) {
        uint32_t *row = (uint32_t *)((uint8_t *)app->map->pixels + y * app->map->pitch);
        for (int x = 0; x < 256; x++)
            row[x] = colours[d->port[y * 256 + x]];
    }
    app->map_version = app->session->version;
    app->map_dvipa = app->dvipa;
}

static void draw_map(struct app *app, struct area a, const struct model_dvipa *d)
{
    struct canvas *c = &app->canvas;
    update_map(app, d);
    for (int i = 0; i <= 4; i++)
        canvas_right(c, FONT_SMALL, a.x - 6, a.y + a.h * i / 4 - (i == 4 ? 14 : i == 0 ? 0 : 7), FAINT, "%d", i == 4 ? 65535 : i * 16384);
    canvas_picture(c, a, app->map);
    canvas_frame(c, (struct area){a.x - 1, a.y - 1, a.w + 2, a.h + 2}, EDGE);
    app->map_area = a;
}

/* Port, with what is drawn around it. */
static struct area port_area(const struct app *app, uint32_t port)
{
    const struct area *a = &app->map_area;
    int size = a->w / 256 > 0 ? a->w / 256 : 1, x = a->x + (int)(port % 256) * a->w / 256, y = a->y + (int)(port / 256) * a->h / 256;
    return (struct area){x - 4, y - 4, size + 8, size + 8};
}

static void mark_chosen(struct app *app)
{
    struct area a = port_area(app, app->port);
    canvas_frame(&app->canvas, a, GROUND);
    canvas_frame(&app->canvas, (struct area){a.x + 1, a.y + 1, a.w - 2, a.h - 2}, YELLOW);
}

/* --- what is beside it ------------------------------------------------------------------------------------------------------ */

static int legend_line(struct app *app, struct area in, int y, colour ink, const char *what, uint32_t count)
{
    canvas_fill(&app->canvas, (struct area){in.x, y + 3, 12, 12}, ink);
    canvas_frame(&app->canvas, (struct area){in.x, y + 3, 12, 12}, DIM);
    canvas_text(&app->canvas, FONT_BODY, in.x + 20, y, INK, "%s", what);
    canvas_right(&app->canvas, FONT_BODY, in.x + in.w, y, INK, "%u", count);
    return 19;
}

static int draw_owner(struct app *app, struct area in, int y, const struct model_dvipa *d, const struct model_system *s)
{
    struct canvas *c = &app->canvas;
    uint32_t owned = d->owned[s->number], used = d->used[s->number];
    canvas_fill(c, (struct area){in.x, y + 3, 12, 12}, system_colour(s->number));
    canvas_fill(c, (struct area){in.x + 12, y + 3, 12, 12}, canvas_mix(GROUND, system_colour(s->number), 0.42f));
    canvas_text(c, FONT_BODY, in.x + 32, y, INK, "%s", s->name);
    if (d->use_known[s->number])
        canvas_right(c, FONT_BODY, in.x + in.w - 90, y, INK, "%u in use", used);
    else if (owned > 0)
        canvas_right(c, FONT_BODY, in.x + in.w - 90, y, FAINT, "use not told");
    canvas_right(c, FONT_BODY, in.x + in.w, y, INK, "%u idle", owned - used);
    return 19;
}

static void draw_legend(struct app *app, struct area area, const struct model_dvipa *d)
{
    const struct model *m = app->session->shown;
    struct area in = draw_panel(app, area, "Ports   bright: in use, dim: owned but idle");
    int y = in.y;
    canvas_clip(&app->canvas, &in);
    for (uint32_t i = 0; i < m->system_count && m->system_count <= 10; i++)
        y += draw_owner(app, in, y, d, &m->system[i]);
    for (uint32_t i = 0; i < m->system_count && m->system_count > 10; i++)
        if (d->owned[m->system[i].number] > 0 && y < in.y + 190)
            y += draw_owner(app, in, y, d, &m->system[i]);
    y += 6;
    y += legend_line(app, in, y, free_colours[CELL_AVAILABLE], d->mapped ? "available: in the cluster's pool" : "available: of no stack", d->count[COUNT_AVAILABLE]);
    if (d->mapped)
        y += legend_line(app, in, y, free_colours[CELL_RESTING], "resting: given back a moment ago", d->count[COUNT_RESTING]);
    y += legend_line(app, in, y, free_colours[CELL_RESERVED], "reserved: never given out", d->count[COUNT_RESERVED]);
    if (d->count[COUNT_SHARED] > 0)
        y += legend_line(app, in, y, 0xFFFFFF, d->mapped ? "shared by several stacks" : "used by several stacks, to different peers", d->count[COUNT_SHARED]);
    if (d->count[COUNT_NOWHERE] > 0)
        legend_line(app, in, y, free_colours[CELL_NOWHERE], "in no map: of a stack that has died", d->count[COUNT_NOWHERE]);
    canvas_clip(&app->canvas, NULL);
}

static void draw_trend(struct app *app, struct area area, const struct model_dvipa *d)
{
    struct canvas *c = &app->canvas;
    uint32_t free_ports = d->count[COUNT_AVAILABLE] + d->count[COUNT_RESTING], all = MODEL_PORTS - d->count[COUNT_RESERVED];
    char title[32];
    snprintf(title, sizeof title, "In use, last %s", graph_span_text(app));
    struct area in = draw_panel(app, area, title);
    float values[HISTORY_SHOWN];
    int count = history_values(app->history, app->session->shown->time_ms, offsetof(struct history_point, dvipa_used) + app->dvipa * sizeof(float), values);
    float highest = 0;
    for (int i = 0; i < count; i++)
        highest = values[i] > highest ? values[i] : highest;
    in.h -= 30;
    draw_graph_ground(app, in);
    draw_graph_curve(app, in, values, count, graph_top(highest), INK);
    canvas_right(c, FONT_BOLD, area.x + area.w - 10, area.y + 7, INK, "%u", d->count[COUNT_USED]);
    draw_bar(app, (struct area){in.x, in.y + in.h + 8, in.w, 5}, all > 0 ? (double)free_ports / all : 0, GREEN);
    canvas_text(c, FONT_SMALL, in.x, in.y + in.h + 16, FAINT, "%u of %u ports are %s", free_ports, all,
                d->mapped ? "free in the cluster's pool" : "of no stack");
}

/* --- one port --------------------------------------------------------------------------------------------------------------- */

static const char *since_text(const struct model *m, const struct model_dvipa *d, uint32_t port, char text[40])
{
    char when[16];
    if (d->since[port] != 0)
        snprintf(text, 40, "since %s", clock_text((uint64_t)d->since[port] * 1000, when));
    else
        snprintf(text, 40, "since before %s", clock_text(m->began_ms, when));
    return text;
}

static const char *owner_text(struct model *m, uint8_t cell)
{
    const struct model_system *s = port_kind(cell) == CELL_FREE ? NULL : model_system_numbered(m, port_who(cell));
    return s ? s->name : "";
}

static int draw_peers(struct app *app, struct area in, int y)
{
    struct canvas *c = &app->canvas;
    const struct lookup *l = &app->lookup;
    static const char *const states[] = {[LOOKUP_NONE] = "", [LOOKUP_WAITS] = "asking the stack …", [LOOKUP_FAILED] = "the stack could not be asked"};
    if (l->state != LOOKUP_ANSWERED)
        canvas_text(c, FONT_BODY, in.x, y, FAINT, "%s", states[l->state]);
    else if (l->lines == 0)
        canvas_text(c, FONT_BODY, in.x, y, FAINT, "the stack has no connection with this port now");
    for (unsigned i = 0; l->state == LOOKUP_ANSWERED && i < l->lines; i++, y += 34) {
        char job[16] = "", local[32] = "", peer[32] = "", state[16] = "";
        if (sscanf(l->line[i], "%15s %31s %31s %15s", job, local, peer, state) < 4)
            continue;
        canvas_text(c, FONT_BODY, in.x, y, INK, "job %s", job);
        canvas_right(c, FONT_BODY, in.x + in.w, y, GREEN, "%s", state);
        canvas_text(c, FONT_SMALL, in.x, y + 16, FAINT, "%s → %s", local, peer);
    }
    return y;
}

static void draw_port(struct app *app, struct area area, const struct model_dvipa *d)
{
    struct canvas *c = &app->canvas;
    struct model *m = app->session->shown;
    struct area in = draw_panel(app, area, "Port");
    char text[40];
    if (app->port >= MODEL_PORTS) {
        canvas_text(c, FONT_BODY, in.x, in.y, FAINT, "click at a port: who has it, since when, who uses it");
        return;
    }
    uint8_t cell = d->port[app->port];
    canvas_clip(c, &in);
    canvas_fill(c, (struct area){in.x, in.y + 3, 12, 12}, cell_colour(cell));
    canvas_text(c, FONT_BOLD, in.x + 20, in.y, INK, "%u   %s", app->port, port_text(cell));
    canvas_right(c, FONT_BOLD, in.x + in.w, in.y, system_colour(port_who(cell)), "%s", owner_text(m, cell));
    canvas_text(c, FONT_SMALL, in.x + 20, in.y + 18, FAINT, "%s", since_text(m, d, app->port, text));
    canvas_clip(c, NULL);
    int y = draw_peers(app, in, in.y + 38);
    const struct model_system *owner = port_kind(cell) == CELL_FREE ? NULL : model_system_numbered(m, port_who(cell));
    if (owner && y + 24 <= in.y + in.h)
        draw_button(app, in.x, in.y + in.h - 24, "its way through the flowcharts", false, SPOT_SYSTEM, (uint32_t)(owner - m->system));
}

static void add_peers(const struct lookup *l, struct hint *h)
{
    if (l->state == LOOKUP_WAITS)
        snprintf(h->line[h->lines++], sizeof h->line[0], "asking the stack …");
    for (unsigned i = 0; l->state == LOOKUP_ANSWERED && i < l->lines && h->lines < HINT_LINES_MAX; i++) {
        char job[16], peer[32], state[16];
        if (sscanf(l->line[i], "%15s %*31s %31s %15s", job, peer, state) == 3)
            snprintf(h->line[h->lines++], sizeof h->line[0], "%s → %s  %s", job, peer, state);
    }
}

bool view_ports_hint(struct app *app, struct hint *h)
{
    struct model *m = app->session->shown;
    if (app->hovered >= MODEL_PORTS || app->dvipa >= m->dvipa_count)
        return false;
    const struct model_dvipa *d = &m->dvipa[app->dvipa];
    uint8_t cell = d->port[app->hovered];
    const char *owner = owner_text(m, cell);
    snprintf(h->line[0], sizeof h->line[0], "%u   %s%s%s", app->hovered, owner, owner[0] ? "   " : "", port_text(cell));
    since_text(m, d, app->hovered, h->line[1]);
    h->lines = 2;
    add_peers(&app->hint, h);
    h->edge = cell_colour(cell) == free_colours[CELL_RESERVED] ? DIM : cell_colour(cell);
    h->about = port_area(app, app->hovered);
    return true;
}

/* --- all -------------------------------------------------------------------------------------------------------------------- */

/* The largest square of whole physical pixels a port. */
static int map_size(const struct app *app, int w, int h)
{
    float room = (float)(w < h ? w : h) * app->canvas.scale;
    int pixels = (int)(room / 256);
    return (int)((float)((pixels > 0 ? pixels : 1) * 256) / app->canvas.scale);
}

void view_ports(struct app *app, struct area a)
{
    const struct model *m = app->session->shown;
    char text[20];
    if (m->dvipa_count == 0) {
        draw_panel(app, a, "No address has cluster-wide ports, or no stack has told of them yet (structure EZBEPORT)");
        return;
    }
    int x = a.x;
    for (uint32_t i = 0; i < m->dvipa_count; i++)
        x += draw_button(app, x, a.y, address_text(m->dvipa[i].address, text), app->dvipa == i, SPOT_DVIPA, i) + 6;
    const struct model_dvipa *d = &m->dvipa[app->dvipa];
    canvas_text(&app->canvas, FONT_SMALL, x + 10, a.y + 6, FAINT, "%s%s", d->keeper[0] ? "keeper: " : "", keeper_text(d));
    struct area rest = {a.x, a.y + 34, a.w, a.h - 34};
    int size = map_size(app, rest.w - SIDE - 60, rest.h), space = rest.w - SIDE - 10 - 44;
    draw_map(app, (struct area){rest.x + 44 + (space - size) / 2, rest.y + (rest.h - size) / 2, size, size}, d);
    if (app->port < MODEL_PORTS)
        mark_chosen(app);
    x = rest.x + rest.w - SIDE;
    int systems = m->system_count > 10 ? 10 : (int)m->system_count, legend = 46 + (systems + 5) * 19, port = 190;
    legend = legend > rest.h - port - 110 ? rest.h - port - 110 : legend;
    draw_legend(app, (struct area){x, rest.y, SIDE, legend}, d);
    draw_trend(app, (struct area){x, rest.y + legend + 10, SIDE, rest.h - legend - port - 20}, d);
    draw_port(app, (struct area){x, rest.y + rest.h - port, SIDE, port}, d);
}
