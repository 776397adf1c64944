#include "tools/cfdash/app.h"

#include <string.h>

static colour event_colour(const char *event)
{
    static const char *const bad[] = {"killed", "failed", "wait", "stopped", "partitioning", "partitioned", "fenced", "left"};
    static const char *const change[] = {"takeover", "moved", "rebuild", "recovered"};
    static const char *const good[] = {"ready", "sysplex-ready", "joined", "ipl", "up"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (strcmp(event, bad[i]) == 0)
            return VERMILLION;
    for (size_t i = 0; i < sizeof change / sizeof change[0]; i++)
        if (strcmp(event, change[i]) == 0)
            return ORANGE;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (strcmp(event, good[i]) == 0)
            return GREEN;
    return FAINT;
}

void draw_events(struct app *app, struct area a, uint32_t scroll)
{
    struct canvas *c = &app->canvas;
    const struct model *m = app->session->shown;
    uint32_t rows = (uint32_t)(a.h / 19), end = m->event_count > scroll ? m->event_count - scroll : 0, first = end > rows ? end - rows : 0;
    char when[16];
    canvas_clip(c, &a);
    for (uint32_t i = first; i < end; i++) {
        const struct model_event *e = &m->event[i];
        int y = a.y + (int)(i - first) * 19;
        canvas_text(c, FONT_BODY, a.x, y, FAINT, "%s", clock_text(e->ms, when));
        canvas_text(c, FONT_BODY, a.x + 68, y, INK, "%s", e->system);
        canvas_text(c, FONT_BODY, a.x + 138, y, event_colour(e->event), "%s", e->event);
        canvas_text(c, FONT_BODY, a.x + 240, y, FAINT, "%s", e->text);
    }
    canvas_clip(c, NULL);
    if (m->event_count == 0)
        canvas_text(c, FONT_BODY, a.x, a.y, FAINT, "none is known: they stand in the run directory of a Sysplex that sysplex has brought up");
}

void view_events(struct app *app, struct area a)
{
    struct area in = draw_panel(app, a, "Events   the newest at the bottom; Page Up, Page Down or the wheel");
    draw_events(app, in, app->scroll);
}
