/* A picture of ports over time: which image opened a connection from which port when. A raster of fixed size however long
 * the capture is: when time runs out on the right, each two columns become one. */
#ifndef TUPLECHECK_PLOT_H
#define TUPLECHECK_PLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    PLOT_COLUMNS = 720,
    PLOT_ROWS = 256,            /* of 256 ports each */
    PLOT_EMPTY = 0,
};

struct plot {
    int64_t first_ns, column_ns;
    bool begun;
    uint16_t cells[PLOT_ROWS][PLOT_COLUMNS];    /* latest sender (tally) + 1, PLOT_EMPTY: none */
};

struct flow_table;

void plot_opening(struct plot *p, int64_t ns, uint16_t port, uint32_t sender);

/* As SVG: a colour an image, collisions as circles. name: what a sender is called. */
struct sender_text {
    char s[64];
};
void plot_svg(const struct flow_table *t, struct sender_text (*name)(void *context, uint64_t sender), void *context, FILE *out);

#endif
