/* The views, drawn into pictures in memory: no display, no Sysplex. The pictures are kept in build/check. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cfemu/engine/cf_segment.h"
#include "tools/cfdash/app.h"
#include "tools/cfdash/charts.h"

static struct session session;
static struct app app;

/* --- a model by hand -------------------------------------------------------------------------------------------------------- */

static void make_systems(struct model *m, uint32_t count)
{
    m->system_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct model_system *s = &m->system[i];
        snprintf(s->name, sizeof s->name, "MVS%u", (i + 1) % 100);
        s->number = (uint8_t)(i + 1);
        s->member = i == 2 ? MEMBER_FAILED : MEMBER_ACTIVE;
        s->process = PROCESS_RUNS;
        s->cpu_percent = 7.5 * (i + 1);
        s->flow_known = true;
        for (int b = 0; b < FLOW_BLOCK_COUNT; b++) {
            s->flow[b] = (uint64_t)b * 1000;
            s->flow_rate[b] = b % 3 ? 0 : 40;
        }
    }
}

static void make_structures(struct model *m)
{
    static const char *const names[] = {"IXCSTR1", "EZBEPORT", "EZBCRHT"};
    m->cf_count = 2;
    m->cf[0] = (struct model_cf){"CF01", false, 65280, 57088, 2, 1200};
    m->cf[1] = (struct model_cf){"CF02", true, 65280, 65280, 1, 0};
    m->structure_count = 3;
    for (uint32_t i = 0; i < 3; i++) {
        struct model_structure *s = &m->structure[i];
        snprintf(s->name, sizeof s->name, "%s", names[i]);
        s->type = (uint8_t)(i % 3);
        s->cf = i == 2;
        s->lost = i == 2;
        s->per_second = 400 * (i + 1);
        s->average_us = 1.25;
        s->deviation_us = 0.5;
        s->connections = 1;
        snprintf(s->connection[0].name, sizeof s->connection[0].name, "CONN%u", i);
        snprintf(s->connection[0].system, sizeof s->connection[0].system, "MVS1");
        s->connection[0].id = 1;
        s->connection[0].state = CF_CONN_ACTIVE;
    }
    m->lock_count = 1;
    snprintf(m->lock[0].structure, sizeof m->lock[0].structure, "EZBEPORT");
    snprintf(m->lock[0].holder, sizeof m->lock[0].holder, "EZBTCPCSMVS1");
    m->lock[0].waiters = 1;
    snprintf(m->lock[0].waiter[0], sizeof m->lock[0].waiter[0], "EZBTCPCSMVS2");
}

/* Port p: in blocks of 64, one kind after the other. */
static uint8_t cell_of(uint32_t port, uint32_t systems)
{
    uint8_t who = (uint8_t)(port / 256 % systems + 1);
    switch (port / 64 % 4) {
    case 0: return MODEL_PORT(CELL_USED, who);
    case 1: return MODEL_PORT(CELL_IDLE, who);
    case 2: return MODEL_PORT(CELL_FREE, CELL_RESTING);
    default: return MODEL_PORT(CELL_FREE, port < 1024 ? CELL_RESERVED : CELL_AVAILABLE);
    }
}

static void make(struct model *m, uint32_t systems, uint64_t time_ms)
{
    snprintf(m->sysplex, sizeof m->sysplex, "PLEX1");
    m->began_ms = 1795419000000u;
    m->time_ms = m->began_ms + time_ms;
    make_systems(m, systems);
    if (systems == 0)
        return;
    make_structures(m);
    m->dvipa_count = 2;
    for (uint32_t d = 0; d < 2; d++) {
        m->dvipa[d].address = 0x0A010901 + d;
        for (uint32_t p = 0; p < MODEL_PORTS; p++)
            m->dvipa[d].port[p] = d == 0 ? cell_of(p, systems) : MODEL_PORT(CELL_FREE, CELL_AVAILABLE);
        m->dvipa[d].use_known[1] = true;
        model_dvipa_count(&m->dvipa[d]);
    }
    m->event_count = 3;
    for (uint32_t i = 0; i < 3; i++) {
        m->event[i].ms = m->time_ms - 1000 * i;
        snprintf(m->event[i].event, sizeof m->event[i].event, "%s", i == 1 ? "killed" : "ready");
        snprintf(m->event[i].text, sizeof m->event[i].text, "line %u", i);
    }
}

/* A replay of ten such models. */
static void start(uint32_t systems, int width, int height, float scale)
{
    FILE *file = tmpfile();
    struct frames *frames = frames_new(2, 8 << 20);
    uint32_t at;
    ck_assert_int_eq(frames_record_begin(file), 0);
    for (uint32_t i = 0; i < 10; i++) {
        struct model *m = model_new();
        make(m, systems, 500 * (i + 1));
        ck_assert(frames_add(frames, m));
        ck_assert_int_eq(frames_record(frames, file), 0);
        model_free(m);
    }
    frames_free(frames);
    rewind(file);
    ck_assert_int_eq(session_open_replay(&session, file, &at), 0);
    fclose(file);
    memset(&app, 0, sizeof app);
    ck_assert(canvas_open(&app.canvas, (int)((float)width * scale), (int)((float)height * scale), scale));
    app_open(&app, &session, "");
    session_seek(&session, 9);
    app_update(&app);
}

static void finish(void)
{
    app_close(&app);
    session_close(&session);
}

static colour pixel(int x, int y)
{
    const SDL_Surface *s = app.canvas.surface;
    uint32_t value;
    memcpy(&value, (const uint8_t *)s->pixels + y * s->pitch + x * 4, 4);
    return value & 0xFFFFFF;
}

static void keep(const char *name)
{
    char path[64];
    mkdir("build/check", 0755);
    snprintf(path, sizeof path, "build/check/cfdash-%s.png", name);
    ck_assert_int_eq(canvas_save(&app.canvas, path), 0);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_gt(status.st_size, 5000);
}

/* --- tests ------------------------------------------------------------------------------------------------------------------ */

static const struct {
    uint32_t systems;
    int width, height;
    float scale;
} screens[] = {{5, 1440, 900, 1}, {5, 960, 640, 1}, {32, 1440, 900, 2}, {1, 2560, 1440, 1}, {0, 1440, 900, 1}};

static const char *const names[VIEW_COUNT] = {"overview", "ports", "flow", "locks", "events"};

START_TEST(every_view_is_drawn_on_every_screen)
{
    start(screens[_i].systems, screens[_i].width, screens[_i].height, screens[_i].scale);
    for (int view = 0; view < VIEW_COUNT; view++) {
        char name[40];
        ck_assert(app_key(&app, SDLK_1 + view, false));
        app_draw(&app);
        snprintf(name, sizeof name, "%s-%u-%dx%d", names[view], screens[_i].systems, screens[_i].width, screens[_i].height);
        keep(name);
        for (uint32_t i = 0; i < app.spot_count; i++) {             /* what can be clicked is on the screen */
            const struct area *a = &app.spot[i].area;
            if (app.spot[i].kind != SPOT_SYSTEM)
                ck_assert(a->x >= 0 && a->y >= 0 && a->x + a->w <= screens[_i].width && a->y + a->h <= screens[_i].height);
        }
    }
    app_key(&app, SDLK_h, false);
    app_draw(&app);
    finish();
}
END_TEST

START_TEST(each_port_has_the_colour_of_its_owner_and_state)
{
    start(3, 1440, 900, 1);
    app.view = VIEW_PORTS;
    app_draw(&app);
    const struct area *a = &app.map_area;
    ck_assert_int_eq(a->w, 768);
    for (uint32_t port = 0; port < MODEL_PORTS; port++) {
        uint8_t cell = cell_of(port, 3);
        colour is = pixel(a->x + (int)(port % 256) * 3 + 1, a->y + (int)(port / 256) * 3 + 1), owner = system_colour(port_who(cell));
        if (port_kind(cell) == CELL_USED && is != owner)
            ck_abort_msg("port %u: %06X, expected %06X", port, is, owner);
        if (port_kind(cell) == CELL_IDLE && (is == owner || is != canvas_mix(GROUND, owner, 0.42f)))
            ck_abort_msg("idle port %u: %06X", port, is);
    }
    colour resting = pixel(a->x + 128 * 3 + 1, a->y + 10), available = pixel(a->x + 192 * 3 + 1, a->y + 100 * 3), reserved = pixel(a->x + 192 * 3 + 1, a->y + 1);
    ck_assert(resting != available && available != reserved && reserved != resting);
    finish();
}
END_TEST

START_TEST(the_mouse_finds_and_chooses_ports)
{
    start(3, 1440, 900, 1);
    app.view = VIEW_PORTS;
    app_draw(&app);
    int x = app.map_area.x + 10 * 3 + 1, y = app.map_area.y + 200 * 3 + 1;
    ck_assert(app_move(&app, x, y, 0));
    ck_assert_uint_eq(app.hovered, 200 * 256 + 10);
    colour before = pixel(x + 30, y + 18);
    struct area around = app_pointer_area(&app);
    ck_assert(around.x <= x - 3 && around.y <= y - 3 && around.x + around.w > x + 30 && around.y + around.h > y + 18);
    app_draw_pointer(&app);
    ck_assert_uint_ne(pixel(x + 30, y + 18), before);               /* the note beside it */
    app_click(&app, x, y);
    ck_assert_uint_eq(app.port, 200 * 256 + 10);
    ck_assert(!app_move(&app, x + 1, y, 1));                           /* still the same port: nothing to draw */
    ck_assert(app_move(&app, 1, 1, 2));
    ck_assert_uint_eq(app.hovered, APP_NONE);
    ck_assert_int_eq(app_pointer_area(&app).w, 0);
    app_draw(&app);
    keep("ports-chosen");
    finish();
}
END_TEST

START_TEST(keys_lead_through_views_time_and_addresses)
{
    start(3, 1440, 900, 1);
    ck_assert_uint_eq(session.position, 9);
    app_key(&app, SDLK_COMMA, false);
    ck_assert_uint_eq(session.position, 8);
    app_key(&app, SDLK_COMMA, true);
    ck_assert_uint_eq(session.position, 0);
    app_key(&app, SDLK_PERIOD, false);
    ck_assert_uint_eq(session.position, 1);
    ck_assert(session.paused);
    app_key(&app, SDLK_SPACE, false);
    ck_assert(!session.paused);
    app_key(&app, SDLK_TAB, false);
    ck_assert_int_eq(app.view, VIEW_PORTS);
    app_key(&app, SDLK_d, false);
    ck_assert_uint_eq(app.dvipa, 1);
    app_key(&app, SDLK_d, false);
    ck_assert_uint_eq(app.dvipa, 0);
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(app.system, i == 0 ? APP_NONE : i - 1);
        app_key(&app, SDLK_y, false);
    }
    ck_assert_uint_eq(app.system, APP_NONE);
    app_key(&app, SDLK_h, false);
    ck_assert(app.help);
    app_key(&app, SDLK_h, false);
    ck_assert(!app.help);
    ck_assert(!app_key(&app, SDLK_q, false));
    finish();
}
END_TEST

/* The buttons of the header lead to the views. */
START_TEST(a_click_on_a_button_does_what_it_says)
{
    start(3, 1440, 900, 1);
    app_draw(&app);
    for (uint32_t i = 0; i < VIEW_COUNT; i++) {
        const struct spot *s = &app.spot[i];
        ck_assert_int_eq(s->kind, SPOT_VIEW);
        app_click(&app, s->area.x + 2, s->area.y + 2);
        ck_assert_uint_eq((uint32_t)app.view, s->value);
    }
    app.view = VIEW_FLOW;
    app_draw(&app);
    for (uint32_t i = 0; i < app.spot_count; i++)
        if (app.spot[i].kind == SPOT_FIGURE && app.spot[i].value == 1)
            app_click(&app, app.spot[i].area.x, app.spot[i].area.y);
    ck_assert_uint_eq(app.figure, 1);
    app_draw(&app);
    keep("flow-figure-9");
    finish();
}
END_TEST

/* Every block of the figures stands in its chart, and no two blocks of a chart in one place. */
START_TEST(charts_are_complete)
{
    static const char *const figures[CHART_COUNT] = {"7", "9", "10", "11"};
    for (uint32_t k = 0; k < CHART_COUNT; k++) {
        const struct chart *chart = &charts[k];
        for (int b = 0; b < FLOW_BLOCK_COUNT; b++) {
            int found = 0;
            for (int i = 0; i < chart->node_count; i++)
                found += chart->node[i].block == b;
            ck_assert_msg((strcmp(flow_names[b].figure, figures[k]) == 0) == (found > 0), "figure %s, block %u", figures[k], flow_names[b].block);
        }
        for (int i = 0; i < chart->node_count; i++) {
            ck_assert_int_lt(chart->node[i].column, chart->columns);
            ck_assert_int_lt(chart->node[i].row, chart->rows);
            int edges = 0;
            for (int j = 0; j < i; j++)
                ck_assert(chart->node[i].column != chart->node[j].column || chart->node[i].row != chart->node[j].row);
            for (int e = 0; e < chart->edge_count; e++) {
                ck_assert(chart->edge[e].from < chart->node_count && chart->edge[e].to < chart->node_count);
                edges += chart->edge[e].from == i || chart->edge[e].to == i;
            }
            ck_assert_int_gt(edges, 0);
        }
    }
}
END_TEST

START_TEST(a_picture_that_cannot_be_written_is_told)
{
    start(1, 960, 640, 1);
    ck_assert_int_eq(canvas_save(&app.canvas, "/nonexistent/x.png"), -ENOENT);
    finish();
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("views");
    Suite *suite = suite_create("cfdash_views");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, every_view_is_drawn_on_every_screen, 0, sizeof screens / sizeof screens[0]);
    tcase_add_test(t, each_port_has_the_colour_of_its_owner_and_state);
    tcase_add_test(t, the_mouse_finds_and_chooses_ports);
    tcase_add_test(t, keys_lead_through_views_time_and_addresses);
    tcase_add_test(t, a_click_on_a_button_does_what_it_says);
    tcase_add_test(t, charts_are_complete);
    tcase_add_test(t, a_picture_that_cannot_be_written_is_told);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
