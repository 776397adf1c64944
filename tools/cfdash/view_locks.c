/* Lock entries with holder and waiters, members of the sysplex, connections of the structures. */
#include <stdio.h>
#include <string.h>

#include "cfemu/engine/cf_segment.h"
#include "tools/cfdash/app.h"
#include "tools/cfdash/words.h"

static void draw_locks(struct app *app, struct area area)
{
    struct canvas *c = &app->canvas;
    const struct model *m = app->session->shown;
    struct area in = draw_panel(app, area, "Locks that are held   holder, then who waits or shares");
    canvas_clip(c, &in);
    for (uint32_t i = 0; i < m->lock_count; i++) {
        const struct model_lock *l = &m->lock[i];
        int y = in.y + (int)i * 20;
        canvas_text(c, FONT_BODY, in.x, y, FAINT, "%s", l->structure);
        canvas_right(c, FONT_BODY, in.x + 190, y, INK, "%u", l->index);
        int x = in.x + 210 + canvas_text(c, FONT_BOLD, in.x + 210, y, GREEN, "%s", l->holder[0] ? l->holder : "shared");
        for (uint32_t w = 0; w < l->waiters && w < MODEL_WAITERS_MAX; w++)
            x += 12 + canvas_text(c, FONT_BODY, x + 12, y, ORANGE, "%s", l->waiter[w]);
        if (l->waiters > MODEL_WAITERS_MAX)
            canvas_text(c, FONT_BODY, x + 12, y, FAINT, "and %u more", l->waiters - MODEL_WAITERS_MAX);
    }
    canvas_clip(c, NULL);
    if (m->lock_count == 0)
        canvas_text(c, FONT_BODY, in.x, in.y, FAINT, "none at this instant: a stack holds one for the microseconds of 925 to 940");
}

static void draw_members(struct app *app, struct area area)
{
    struct canvas *c = &app->canvas;
    const struct model *m = app->session->shown;
    struct area in = draw_panel(app, area, "Group EZBTCPCS   members, by their records in IXCSTR1");
    char when[16];
    canvas_clip(c, &in);
    for (uint32_t i = 0; i < m->system_count; i++) {
        const struct model_system *s = &m->system[i];
        int y = in.y + (int)i * 20;
        canvas_fill(c, (struct area){in.x, y + 3, 5, 12}, system_colour(s->number));
        canvas_text(c, FONT_BOLD, in.x + 12, y, INK, "%s", s->name);
        canvas_right(c, FONT_BODY, in.x + 110, y, FAINT, "%u", s->number);
        canvas_text(c, FONT_BOLD, in.x + 130, y, s->member == MEMBER_ACTIVE ? GREEN : s->member == MEMBER_LEFT ? FAINT : VERMILLION, "%s", member_text(s->member));
        if (s->joined_ms != 0)
            canvas_text(c, FONT_BODY, in.x + 260, y, FAINT, "joined %s", clock_text(s->joined_ms, when));
        if (s->pid != 0)
            canvas_text(c, FONT_BODY, in.x + 380, y, s->process == PROCESS_RUNS ? FAINT : VERMILLION, "process %u%s", s->pid,
                        s->process == PROCESS_STOPPED ? " STOPPED" : s->process == PROCESS_ENDED ? " HAS ENDED" : "");
    }
    canvas_clip(c, NULL);
}

static void draw_connections(struct app *app, struct area area)
{
    struct canvas *c = &app->canvas;
    const struct model *m = app->session->shown;
    struct area in = draw_panel(app, area, "Connections");
    int y = in.y;
    canvas_clip(c, &in);
    for (uint32_t i = 0; i < m->structure_count; i++) {
        const struct model_structure *s = &m->structure[i];
        canvas_text(c, FONT_BOLD, in.x, y, FAINT, "%s", s->name);
        y += 20;
        for (uint32_t k = 0; k < MODEL_CONNECTIONS_MAX && s->connection[k].id != 0; k++, y += 19) {
            const struct model_connection *n = &s->connection[k];
            const struct model_system *system = model_system_named(app->session->shown, n->system);
            canvas_fill(c, (struct area){in.x, y + 3, 5, 12}, system ? system_colour(system->number) : DIM);
            canvas_right(c, FONT_BODY, in.x + 34, y, FAINT, "%02X", n->id);
            canvas_text(c, FONT_BODY, in.x + 44, y, INK, "%s", n->name);
            canvas_text(c, FONT_BODY, in.x + 190, y, n->state == CF_CONN_ACTIVE ? GREEN : VERMILLION, "%s", cf_conn_state_name(n->state));
            canvas_right(c, FONT_BODY, in.x + in.w, y, INK, "%.0f/s", n->per_second);
        }
        y += 6;
    }
    canvas_clip(c, NULL);
}

void view_locks(struct app *app, struct area a)
{
    int left = a.w * 58 / 100, top = a.h / 2 - 5;
    draw_members(app, (struct area){a.x, a.y, left, top});
    draw_locks(app, (struct area){a.x, a.y + top + 10, left, a.h - top - 10});
    draw_connections(app, (struct area){a.x + left + 10, a.y, a.w - left - 10, a.h});
}
