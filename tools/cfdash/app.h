/* The window's state, and the views that draw it. A view draws the model that is shown, and notes where things are that can be
 * clicked or pointed at. */
#ifndef CFDASH_APP_H
#define CFDASH_APP_H

#include "tools/cfdash/canvas.h"
#include "tools/cfdash/history.h"
#include "tools/cfdash/lookup.h"
#include "tools/cfdash/session.h"

enum app_view { VIEW_OVERVIEW, VIEW_PORTS, VIEW_FLOW, VIEW_LOCKS, VIEW_EVENTS, VIEW_COUNT };

#define APP_NONE UINT32_MAX
#define APP_SPOTS_MAX 256

/* What is said at the mouse of what is under it. */
enum { HINT_LINES_MAX = 8 };
struct hint {
    char line[HINT_LINES_MAX][160];
    int lines;
    colour edge;
    struct area about;              /* what is under the mouse */
    struct area area;               /* the note itself: set when all else is known */
};

/* What a click on a place does. */
enum spot_kind { SPOT_BLOCK, SPOT_VIEW, SPOT_DVIPA, SPOT_SYSTEM, SPOT_FIGURE, SPOT_PAUSE };
struct spot {
    struct area area;
    enum spot_kind kind;
    uint32_t value;
};

struct app {
    struct canvas canvas;
    struct session *session;
    const char *run;                /* run directory, "": none */
    struct history *history;
    enum app_view view;
    uint32_t dvipa;                 /* place in the model */
    uint32_t system;                /* of the flowcharts: place in the model, APP_NONE: all */
    uint32_t figure;                /* drawn large, FIGURES: all of them */
    uint32_t port;                  /* selected, APP_NONE: none */
    uint32_t hovered;               /* what is under the mouse: a port, a block of a flowchart; likewise */
    uint32_t scroll;                /* events: lines from the newest */
    bool help;
    char notice[160];               /* what was done last */
    enum app_view hovered_view;     /* of which it is a place */
    struct lookup lookup;           /* of the selected port */
    struct lookup hint;             /* of the one under the mouse, when it rests there */
    uint32_t asked;                 /* hovered port that has been asked about */
    uint64_t moved_ms;              /* when the mouse was moved last */
    struct spot spot[APP_SPOTS_MAX];
    uint32_t spot_count;
    struct area map_area;           /* of the port map */
    SDL_Surface *map;               /* a pixel a port */
    uint32_t map_version, map_dvipa;
    int mouse_x, mouse_y;
};

void app_open(struct app *app, struct session *session, const char *run);
void app_close(struct app *app);

/* Take what has changed in the model; draw everything. */
void app_update(struct app *app);
void app_draw(struct app *app);

/* The mouse and what follows it lie in this area; draw it. Empty: there is nothing. */
struct area app_pointer_area(struct app *app);
void app_draw_pointer(struct app *app);

/* A key, a click at a place. false: the user wants to leave. */
bool app_key(struct app *app, SDL_Keycode key, bool shift);
void app_click(struct app *app, int x, int y);
void app_wheel(struct app *app, int lines);

/* Choose a port of the address shown; who owns it is asked who uses it. APP_NONE: no port. */
void app_choose_port(struct app *app, uint32_t port);

/* The mouse is there now (now_ms: monotonic). true: what is shown follows. */
bool app_move(struct app *app, int x, int y, uint64_t now_ms);

/* What stacks have answered; a port at which the mouse rests is asked about. true: draw everything; *pointer: what is at the
 * mouse. app_wait_ms: milliseconds until there is something to do. */
bool app_step(struct app *app, uint64_t now_ms, bool *pointer);
int app_wait_ms(const struct app *app, uint64_t now_ms);

/* --- for the views -------------------------------------------------------------------------------------------------------- */

void view_overview(struct app *app, struct area area);
void view_ports(struct app *app, struct area area);

/* What there is to say of app->hovered; false: nothing. */
bool view_ports_hint(struct app *app, struct hint *hint);
bool view_flow_hint(struct app *app, struct hint *hint);
void view_flow(struct app *app, struct area area);
void view_locks(struct app *app, struct area area);
void view_events(struct app *app, struct area area);

/* The newest events that an area has room for, `scroll` lines back. */
void draw_events(struct app *app, struct area area, uint32_t scroll);

/* A panel with a title; what is inside it. */
struct area draw_panel(struct app *app, struct area area, const char *title);

/* Ground of a graph of the last minutes; how many; the value at its upper edge, with some room above the highest; a curve on it. */
void draw_graph_ground(struct app *app, struct area area);
const char *graph_span_text(const struct app *app);
float graph_top(float highest);
void draw_graph_curve(struct app *app, struct area area, const float *values, int count, float top, colour ink);
void draw_bar(struct app *app, struct area area, double part, colour ink);

/* Something that can be clicked, lit if it is chosen. Result: its width. */
int draw_button(struct app *app, int x, int y, const char *text, bool chosen, enum spot_kind kind, uint32_t value);
void app_spot(struct app *app, struct area area, enum spot_kind kind, uint32_t value);

/* The colour of a system, by its number; of a structure's curve, by its place. */
colour system_colour(uint32_t number);
colour series_colour(uint32_t place);

/* hh:mm:ss, local. */
const char *clock_text(uint64_t realtime_ms, char text[16]);

#endif
