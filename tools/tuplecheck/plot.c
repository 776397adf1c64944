#include "tools/tuplecheck/plot.h"

#include "tools/tuplecheck/flow.h"

enum {
    LEFT = 64, TOP = 24, ROW_HEIGHT = 2, RIGHT = 190, BOTTOM = 40,      /* of the drawing, in its units */
    OWNERS_SHOWN = 32,
    PORTS_A_ROW = PORTS / PLOT_ROWS,
    TIME_TICKS = 6,             /* about so many */
    PORT_TICK_ROWS = 32,
};

#define COLUMN_NS_FIRST 1000000LL

static void halve(struct plot *p)
{
    for (unsigned row = 0; row < PLOT_ROWS; row++) {
        uint16_t *cells = p->cells[row];
        for (unsigned i = 0; i < PLOT_COLUMNS; i++) {
            unsigned from = i * 2;
            if (from >= PLOT_COLUMNS)
                cells[i] = PLOT_EMPTY;
            else
                cells[i] = cells[from + 1] ? cells[from + 1] : cells[from];
        }
    }
    p->column_ns *= 2;
}

static uint64_t column_of(const struct plot *p, int64_t ns)
{
    return ns > p->first_ns ? (uint64_t)(ns - p->first_ns) / (uint64_t)p->column_ns : 0;
}

void plot_opening(struct plot *p, int64_t ns, uint16_t port, uint32_t sender)
{
    if (!p->begun)
        *p = (struct plot){ .first_ns = ns, .column_ns = COLUMN_NS_FIRST, .begun = true };
    while (column_of(p, ns) >= PLOT_COLUMNS)
        halve(p);
    p->cells[port / PORTS_A_ROW][column_of(p, ns)] = (uint16_t)(sender + 1);
}

/* Colours that stay apart for colour-blind eyes: those of Okabe and Ito, then others around the wheel. owner: its place in the legend. */
static const char *colour(unsigned owner, char text[24])
{
    static const char *const okabe_ito[] = { "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442" };
    enum { NAMED = sizeof okabe_ito / sizeof okabe_ito[0] };
    if (owner < NAMED)
        return okabe_ito[owner];
    snprintf(text, 24, "hsl(%u,60%%,%u%%)", owner * 137 % 360, 35 + owner % 3 * 15);
    return text;
}

static unsigned row_y(unsigned row)
{
    return TOP + (PLOT_ROWS - 1 - row) * ROW_HEIGHT;
}

/* Cells of one owner as one path: a line for each run of cells in a row. */
static void draw_owner(const struct plot *p, uint16_t cell, const char *ink, FILE *out)
{
    fprintf(out, "<path stroke='%s' stroke-width='%d' d='", ink, ROW_HEIGHT);
    for (unsigned row = 0; row < PLOT_ROWS; row++)
        for (unsigned i = 0; i < PLOT_COLUMNS; i++) {
            unsigned first = i;
            while (i < PLOT_COLUMNS && p->cells[row][i] == cell)
                i++;
            if (i > first)
                fprintf(out, "M%u %uh%u", LEFT + first, row_y(row) + ROW_HEIGHT / 2, i - first);
        }
    fprintf(out, "'/>\n");
}

static void find_owners(const struct plot *p, bool has_cells[TALLIES_MAX])
{
    for (unsigned row = 0; row < PLOT_ROWS; row++)
        for (unsigned i = 0; i < PLOT_COLUMNS; i++)
            if (p->cells[row][i] != PLOT_EMPTY)
                has_cells[p->cells[row][i] - 1] = true;
}

/* Nanoseconds between two ticks: 1, 2 or 5 of a power of ten. */
static int64_t tick_ns(const struct plot *p)
{
    int64_t least = p->column_ns * PLOT_COLUMNS / TIME_TICKS, tick = 1;
    while (tick * 10 <= least)
        tick *= 10;
    return least <= tick ? tick : least <= 2 * tick ? 2 * tick : least <= 5 * tick ? 5 * tick : 10 * tick;
}

static void draw_axes(const struct plot *p, FILE *out)
{
    unsigned bottom = TOP + PLOT_ROWS * ROW_HEIGHT;
    fprintf(out, "<rect x='%d' y='%d' width='%d' height='%d' fill='#fff' stroke='#888'/>\n", LEFT, TOP, PLOT_COLUMNS,
            PLOT_ROWS * ROW_HEIGHT);
    for (unsigned row = 0; row < PLOT_ROWS; row += PORT_TICK_ROWS)
        fprintf(out, "<text x='%d' y='%u' text-anchor='end'>%u</text>\n", LEFT - 6, row_y(row) + ROW_HEIGHT + 4,
                row * PORTS_A_ROW);
    for (int64_t ns = 0; p->begun && ns <= p->column_ns * PLOT_COLUMNS; ns += tick_ns(p)) {
        unsigned x = LEFT + (unsigned)(ns / p->column_ns);
        fprintf(out, "<line x1='%u' x2='%u' y1='%u' y2='%u' stroke='#888'/><text x='%u' y='%u' text-anchor='middle'>%.10g s</text>\n", x, x, bottom, bottom + 4, x, bottom + 18,
                (double)ns / 1e9);
    }
    fprintf(out, "<text x='%d' y='14'>source port of each connection opened, over time</text>\n", LEFT);
}

void plot_svg(const struct flow_table *t, struct sender_text (*name)(void *context, uint64_t sender), void *context, FILE *out)
{
    const struct plot *p = &t->plot;
    bool has_cells[TALLIES_MAX] = { false };
    uint32_t order[TALLIES_MAX], count = tally_order(&t->senders, order);
    char text[24];
    unsigned legend = 0;
    fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' font-family='sans-serif' font-size='11'>\n"
            "<rect width='100%%' height='100%%' fill='#fff'/>\n", LEFT + PLOT_COLUMNS + RIGHT,
            TOP + PLOT_ROWS * ROW_HEIGHT + BOTTOM);
    draw_axes(p, out);
    find_owners(p, has_cells);
    for (uint32_t i = 0; i < count && legend < OWNERS_SHOWN; i++) {
        uint32_t owner = order[i];
        if (!has_cells[owner])
            continue;
        const char *ink = colour(legend++, text);
        int y = TOP + 14 * (int)legend;
        draw_owner(p, (uint16_t)(owner + 1), ink, out);
        fprintf(out, "<rect x='%d' y='%d' width='10' height='10' fill='%s'/><text x='%d' y='%d'>%s</text>\n",
                LEFT + PLOT_COLUMNS + 12, y - 9, ink, LEFT + PLOT_COLUMNS + 28, y,
                owner == TALLY_OTHERS ? "others" : name(context, t->senders.tallies[owner]->key.low).s);
    }
    for (uint64_t i = 0; i < t->collision_count && i < COLLISIONS_KEPT_MAX; i++)
        fprintf(out, "<circle cx='%u' cy='%u' r='4' fill='none' stroke='#d00' stroke-width='1.5'/>\n",
                LEFT + (unsigned)column_of(p, t->collisions[i].second.ns),
                row_y(t->collisions[i].tuple.port / PORTS_A_ROW) + ROW_HEIGHT / 2);
    fprintf(out, "<text x='%d' y='%d'>collisions: %llu%s</text>\n</svg>\n", LEFT + PLOT_COLUMNS + 12,
            TOP + 14 * (int)(legend + 2), (unsigned long long)t->collision_count,
            t->collision_count ? " (circles)" : "");
}
