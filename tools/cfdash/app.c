#include "tools/cfdash/app.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/cfdash/words.h"

enum { HEADER = 46, FOOTER = 24, MARGIN = 10 };
enum { REST_MS = 300, ANSWER_MS = 20 };     /* the mouse rests: the user wants to know; how often is looked for an answer */

static const char *const view_names[VIEW_COUNT] = {"1 Overview", "2 Ports", "3 Flowcharts", "4 Locks, members", "5 Events"};

/* --- life ------------------------------------------------------------------------------------------------------------------- */

void app_open(struct app *app, struct session *session, const char *run)
{
    app->session = session;
    app->run = run;
    app->system = app->port = app->hovered = app->asked = APP_NONE;
    app->figure = 4;
    app->map_dvipa = APP_NONE;
    app->mouse_x = app->mouse_y = -1;
    app->history = calloc(1, sizeof *app->history);
    struct model *model = model_new();
    for (uint32_t i = 0; app->history && model && i < frames_count(session->frames); i++)
        if (frames_get(session->frames, i, model))
            history_add(app->history, model);
    model_free(model);
}

void app_close(struct app *app)
{
    lookup_end(&app->lookup);
    lookup_end(&app->hint);
    SDL_FreeSurface(app->map);
    free(app->history);
    canvas_close(&app->canvas);
}

void app_update(struct app *app)
{
    const struct model *m = app->session->shown;
    if (app->history && app->session->source)
        history_add(app->history, app->session->live);
    if (app->dvipa >= m->dvipa_count)
        app->dvipa = 0;
    if (app->system != APP_NONE && app->system >= m->system_count)
        app->system = APP_NONE;
}

/* --- what views share --------------------------------------------------------------------------------------------------------- */

colour system_colour(uint32_t number)
{
    static const colour colours[] = {SKY, ORANGE, GREEN, PURPLE, YELLOW, VERMILLION, 0x4C8DFF};
    uint32_t i = number > 0 ? number - 1 : 0, turn = i / 7;
    return canvas_mix(colours[i % 7], 0xFFFFFF, turn == 0 ? 0 : 0.18f * (float)turn);
}

colour series_colour(uint32_t place)
{
    return system_colour(place + 1);
}

const char *clock_text(uint64_t realtime_ms, char text[16])
{
    struct tm when;
    time_t seconds = (time_t)(realtime_ms / 1000);
    strftime(text, 16, "%H:%M:%S", localtime_r(&seconds, &when));
    return text;
}

void app_spot(struct app *app, struct area area, enum spot_kind kind, uint32_t value)
{
    if (app->spot_count < APP_SPOTS_MAX)
        app->spot[app->spot_count++] = (struct spot){area, kind, value};
}

struct area draw_panel(struct app *app, struct area a, const char *title)
{
    canvas_fill(&app->canvas, a, PANEL);
    canvas_frame(&app->canvas, a, EDGE);
    canvas_text(&app->canvas, FONT_BOLD, a.x + MARGIN, a.y + 7, FAINT, "%s", title);
    return (struct area){a.x + MARGIN, a.y + 30, a.w - 2 * MARGIN, a.h - 30 - MARGIN};
}

void draw_graph_ground(struct app *app, struct area a)
{
    struct canvas *c = &app->canvas;
    colour grid = canvas_mix(GROUND, EDGE, 0.6f);
    canvas_fill(c, a, GROUND);
    for (int i = 1; i < 4; i++) {
        canvas_line(c, a.x, a.y + a.h * i / 4, a.x + a.w, a.y + a.h * i / 4, grid);
        canvas_line(c, a.x + a.w * i / 4, a.y, a.x + a.w * i / 4, a.y + a.h, grid);
    }
}

float graph_top(float highest)
{
    return highest > 0 ? highest * 1.15f : 1;
}

void draw_graph_curve(struct app *app, struct area a, const float *values, int count, float top, colour ink)
{
    canvas_curve(&app->canvas, a, values, count, history_span(app->history, app->session->shown->time_ms), top, ink);
}

const char *graph_span_text(const struct app *app)
{
    return history_span(app->history, app->session->shown->time_ms) == HISTORY_SHORT ? "30 s" : "2 min";
}

void draw_bar(struct app *app, struct area a, double part, colour ink)
{
    canvas_fill(&app->canvas, a, EDGE);
    if (part > 0)
        a.w = (int)((double)a.w * (part > 1 ? 1 : part) + 0.999);
    else
        a.w = 0;
    canvas_fill(&app->canvas, a, ink);
}

int draw_button(struct app *app, int x, int y, const char *text, bool chosen, enum spot_kind kind, uint32_t value)
{
    struct area a = {x, y, canvas_text_width(&app->canvas, FONT_BODY, text) + 20, 24};
    canvas_fill(&app->canvas, a, chosen ? EDGE : PANEL);
    canvas_frame(&app->canvas, a, chosen ? SKY : EDGE);
    canvas_text(&app->canvas, FONT_BODY, x + 10, y + 4, chosen ? INK : FAINT, "%s", text);
    app_spot(app, a, kind, value);
    return a.w;
}

/* --- frame of the window ------------------------------------------------------------------------------------------------------- */

static void draw_state(struct app *app, int right)
{
    struct canvas *c = &app->canvas;
    const struct session *s = app->session;
    char when[16];
    int y = 13, width = canvas_right(c, FONT_TITLE, right, y, INK, "%s", clock_text(s->shown->time_ms, when));
    uint64_t behind = s->live->time_ms > s->shown->time_ms ? (s->live->time_ms - s->shown->time_ms) / 1000 : 0;
    right -= width + 16;
    if (!s->source)
        width = canvas_right(c, FONT_BOLD, right, y + 3, ORANGE, "%s  %u of %u", s->paused ? "REPLAY, PAUSED" : "▶ REPLAY", s->position + 1, frames_count(s->frames));
    else if (s->paused)
        width = canvas_right(c, FONT_BOLD, right, y + 3, ORANGE, "PAUSED  –%u:%02u", (unsigned)(behind / 60), (unsigned)(behind % 60));
    else
        width = canvas_right(c, FONT_BOLD, right, y + 3, GREEN, "● LIVE%s", s->record ? ", RECORDING" : "");
    app_spot(app, (struct area){right - width, 0, width, HEADER}, SPOT_PAUSE, 0);
}

static void draw_header(struct app *app)
{
    struct canvas *c = &app->canvas;
    canvas_fill(c, (struct area){0, 0, c->width, HEADER}, PANEL);
    canvas_line(c, 0, HEADER, c->width, HEADER, EDGE);
    int x = 16 + canvas_text(c, FONT_TITLE, 16, 13, INK, "%s", app->session->shown->sysplex) + 28;
    for (uint32_t i = 0; i < VIEW_COUNT; i++)
        x += draw_button(app, x, 11, view_names[i], app->view == i, SPOT_VIEW, i) + 6;
    draw_state(app, c->width - 16);
}

static void draw_footer(struct app *app)
{
    struct canvas *c = &app->canvas;
    int y = c->height - FOOTER + 4;
    canvas_text(c, FONT_SMALL, 16, y, FAINT, "%s", "1–5 view · Space pause · , . step · < > 10 s · End live · D address · F figure · Y system · + - size · S picture · H help · Q quit");
    if (app->notice[0])
        canvas_right(c, FONT_SMALL, c->width - 16, y, ORANGE, "%s", app->notice);
}

static void draw_help(struct app *app)
{
    static const char *const lines[] = {
        "1 2 3 4 5, Tab      the views",
        "Space               pause, go on",
        ", and .  or arrows  one reading back, one on",
        "< and >             ten seconds back, on",
        "End                 the present",
        "D                   next address of the port map",
        "Y                   next system of the flowcharts",
        "F                   next figure, or all",
        "mouse on a port     who has it, since when; if it rests: job and peer",
        "mouse on a block    what it does, its count on each system",
        "click on a port     it stays selected; its way through the flowcharts",
        "Page Up, Page Down  older and newer events",
        "+ and -             everything larger, smaller",
        "S                   picture of this window",
        "Q, Esc              leave",
        "",
        "Ports in use are bright, owned but idle ones dim, each in its system's colour.",
        "In use is what the stacks tell, once a second. All else is read in the",
        "coupling facility, which is not changed by it.",
    };
    struct canvas *c = &app->canvas;
    int count = sizeof lines / sizeof lines[0];
    struct area inside = draw_panel(app, (struct area){c->width / 2 - 290, 90, 580, 46 + count * 21}, "Keys");
    for (int i = 0; i < count; i++)
        canvas_text(c, FONT_BODY, inside.x + 6, inside.y + i * 21, INK, "%s", lines[i]);
}

/* Another view: what was under the mouse is not there. */
static void see_pointer(struct app *app)
{
    if (app->hovered_view != app->view)
        app->hovered = app->asked = APP_NONE;
    app->hovered_view = app->view;
}

void app_draw(struct app *app)
{
    static void (*const views[VIEW_COUNT])(struct app *, struct area) = {view_overview, view_ports, view_flow, view_locks, view_events};
    struct canvas *c = &app->canvas;
    see_pointer(app);
    app->spot_count = 0;
    app->map_area = (struct area){0};
    SDL_SetRenderDrawColor(c->renderer, GROUND >> 16 & 255, GROUND >> 8 & 255, GROUND & 255, 255);
    SDL_RenderClear(c->renderer);
    draw_header(app);
    views[app->view](app, (struct area){MARGIN, HEADER + MARGIN, c->width - 2 * MARGIN, c->height - HEADER - FOOTER - 2 * MARGIN});
    draw_footer(app);
    if (app->help)
        draw_help(app);
    canvas_flush(c);
}

/* The note stands beside the mouse, where there is room. false: there is nothing to say. */
static bool find_hint(struct app *app, struct hint *h)
{
    struct canvas *c = &app->canvas;
    *h = (struct hint){.edge = DIM};
    if (app->help || app->hovered == APP_NONE)
        return false;
    if (!(app->view == VIEW_PORTS ? view_ports_hint(app, h) : app->view == VIEW_FLOW && view_flow_hint(app, h)))
        return false;
    int w = 190, tall = 30 + 16 * (h->lines - 1);
    for (int i = 0; i < h->lines; i++) {
        int wide = canvas_text_width(c, i == 0 ? FONT_BOLD : FONT_SMALL, h->line[i]) + 24;
        w = wide > w ? wide : w;
    }
    int x = app->mouse_x + 16, y = app->mouse_y + 16;
    h->area = (struct area){x + w > c->width ? app->mouse_x - 16 - w : x, y + tall > c->height ? app->mouse_y - 14 - tall : y, w, tall};
    return true;
}

struct area app_pointer_area(struct app *app)
{
    struct hint h;
    if (!find_hint(app, &h))
        return (struct area){0};
    struct area a = h.about, b = h.area;
    int x = a.x < b.x ? a.x : b.x, y = a.y < b.y ? a.y : b.y;
    int right = a.x + a.w > b.x + b.w ? a.x + a.w : b.x + b.w, bottom = a.y + a.h > b.y + b.h ? a.y + a.h : b.y + b.h;
    return (struct area){x, y, right - x, bottom - y};
}

void app_draw_pointer(struct app *app)
{
    struct canvas *c = &app->canvas;
    struct hint h;
    if (find_hint(app, &h)) {
        canvas_frame(c, h.about, GROUND);
        canvas_frame(c, (struct area){h.about.x + 1, h.about.y + 1, h.about.w - 2, h.about.h - 2}, INK);
        canvas_fill(c, h.area, PANEL);
        canvas_frame(c, h.area, h.edge);
        for (int i = 0; i < h.lines; i++)
            canvas_text(c, i == 0 ? FONT_BOLD : FONT_SMALL, h.area.x + 12, h.area.y + (i == 0 ? 6 : 10 + 16 * i), i == 0 ? INK : FAINT, "%s", h.line[i]);
    }
    canvas_flush(c);
}

/* --- keys and mouse ------------------------------------------------------------------------------------------------------------ */

/* Ask who uses the port of the address shown. */
static void ask(struct app *app, struct lookup *lookup, uint32_t port)
{
    const struct model *m = app->session->shown;
    lookup_end(lookup);
    if (app->dvipa >= m->dvipa_count || port >= MODEL_PORTS || !app->session->source)
        return;
    const struct model_dvipa *d = &m->dvipa[app->dvipa];
    const struct model_system *owner = model_system_numbered(app->session->shown, port_who(d->port[port]));
    if (port_kind(d->port[port]) != CELL_FREE && owner)
        lookup_begin(lookup, app->run, owner->name, d->address, port);
}

void app_choose_port(struct app *app, uint32_t port)
{
    app->port = port;
    ask(app, &app->lookup, port);
}

int app_wait_ms(const struct app *app, uint64_t now_ms)
{
    if (app->lookup.state == LOOKUP_WAITS || app->hint.state == LOOKUP_WAITS)
        return ANSWER_MS;
    if (app->view != VIEW_PORTS || app->hovered == APP_NONE || app->asked == app->hovered)
        return INT_MAX;
    uint64_t due = app->moved_ms + REST_MS;
    return due > now_ms ? (int)(due - now_ms) : 0;
}

bool app_step(struct app *app, uint64_t now_ms, bool *pointer)
{
    *pointer = lookup_step(&app->hint);
    if (app->view == VIEW_PORTS && app->hovered != APP_NONE && app->asked != app->hovered && now_ms >= app->moved_ms + REST_MS) {
        app->asked = app->hovered;
        if (app->session->source && !app->session->paused)
            ask(app, &app->hint, app->hovered);
        *pointer = true;
    }
    return lookup_step(&app->lookup);
}

static bool within(const struct area *a, int x, int y)
{
    return x >= a->x && y >= a->y && x < a->x + a->w && y < a->y + a->h;
}

static uint32_t port_at(const struct app *app, int x, int y)
{
    const struct area *a = &app->map_area;
    if (!within(a, x, y))
        return APP_NONE;
    return (uint32_t)((y - a->y) * 256 / a->h * 256 + (x - a->x) * 256 / a->w);
}

/* The place in app->spot[] of the block there. */
static uint32_t block_at(const struct app *app, int x, int y)
{
    for (uint32_t i = 0; i < app->spot_count; i++)
        if (app->spot[i].kind == SPOT_BLOCK && within(&app->spot[i].area, x, y))
            return i;
    return APP_NONE;
}

void app_click(struct app *app, int x, int y)
{
    if (app->help) {
        app->help = false;
        return;
    }
    if (port_at(app, x, y) != APP_NONE) {
        app_choose_port(app, port_at(app, x, y));
        return;
    }
    for (uint32_t i = 0; i < app->spot_count; i++) {
        const struct spot *s = &app->spot[i];
        if (!within(&s->area, x, y))
            continue;
        switch (s->kind) {
        case SPOT_VIEW: app->view = (enum app_view)s->value; break;
        case SPOT_DVIPA: app->dvipa = s->value; app_choose_port(app, APP_NONE); app->view = VIEW_PORTS; break;
        case SPOT_SYSTEM: app->system = s->value; app->view = VIEW_FLOW; break;
        case SPOT_FIGURE: app->figure = s->value; break;
        case SPOT_BLOCK: break;
        case SPOT_PAUSE: session_pause(app->session, !app->session->paused); break;
        }
        return;
    }
}

bool app_move(struct app *app, int x, int y, uint64_t now_ms)
{
    uint32_t before = app->hovered;
    app->mouse_x = x;
    app->mouse_y = y;
    app->moved_ms = now_ms;
    app->hovered = app->view == VIEW_PORTS ? port_at(app, x, y) : app->view == VIEW_FLOW ? block_at(app, x, y) : APP_NONE;
    if (app->hovered == before)
        return false;
    lookup_end(&app->hint);
    app->asked = APP_NONE;
    return true;
}

void app_wheel(struct app *app, int lines)
{
    if (app->view != VIEW_EVENTS)
        return;
    int64_t to = (int64_t)app->scroll + 3 * lines;
    int64_t most = app->session->shown->event_count > 0 ? app->session->shown->event_count - 1 : 0;
    app->scroll = to < 0 ? 0 : to > most ? (uint32_t)most : (uint32_t)to;
}

bool app_key(struct app *app, SDL_Keycode key, bool shift)
{
    const struct model *m = app->session->shown;
    const int ten = (int)(10000 / SESSION_INTERVAL_MS);
    if (app->help && key != SDLK_q) {
        app->help = false;
        return true;
    }
    if (key >= SDLK_1 && key < SDLK_1 + VIEW_COUNT)
        app->view = (enum app_view)(key - SDLK_1);
    switch (key) {
    case SDLK_q:
    case SDLK_ESCAPE:
        return false;
    case SDLK_TAB:
        app->view = (app->view + (shift ? VIEW_COUNT - 1 : 1)) % VIEW_COUNT;
        break;
    case SDLK_SPACE:
        session_pause(app->session, !app->session->paused);
        break;
    case SDLK_LEFT:
    case SDLK_COMMA:
        session_seek(app->session, shift ? -ten : -1);
        break;
    case SDLK_RIGHT:
    case SDLK_PERIOD:
        session_seek(app->session, shift ? ten : 1);
        break;
    case SDLK_LESS:
        session_seek(app->session, shift ? ten : -ten);
        break;
    case SDLK_GREATER:
        session_seek(app->session, ten);
        break;
    case SDLK_END:
        session_pause(app->session, false);
        break;
    case SDLK_d:
        app->dvipa = m->dvipa_count > 0 ? (app->dvipa + 1) % m->dvipa_count : 0;
        app_choose_port(app, APP_NONE);
        break;
    case SDLK_y:
        app->system = app->system == APP_NONE ? 0 : app->system + 1 < m->system_count ? app->system + 1 : APP_NONE;
        break;
    case SDLK_f:
        app->figure = (app->figure + 1) % 5;
        break;
    case SDLK_PAGEUP:
    case SDLK_UP:
        app_wheel(app, key == SDLK_UP ? 1 : 7);
        break;
    case SDLK_PAGEDOWN:
    case SDLK_DOWN:
        app_wheel(app, key == SDLK_DOWN ? -1 : -7);
        break;
    case SDLK_h:
    case SDLK_F1:
        app->help = true;
        break;
    default:
        break;
    }
    return true;
}
