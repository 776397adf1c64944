/* The flowcharts of the patent's figures 7, 9, 10 and 11 as drawings: blocks on a grid, edges between them. */
#ifndef CFDASH_CHARTS_H
#define CFDASH_CHARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/flow.h"

#define CHART_COUNT 4u
#define CHART_NODES_MAX 20u
#define CHART_EDGES_MAX 28u

/* STRAIGHT, or first so far ACROSS and then down or up, or first DOWN (up) and then across. */
enum chart_bend { STRAIGHT, ACROSS, DOWN };

struct chart_node {
    int block;              /* enum flow_block */
    int column, row;
    bool decision;
};

struct chart_edge {
    int from, to;           /* places of nodes */
    enum chart_bend bend;
    const char *label;
};

struct chart {
    const char *title;
    int columns, rows;
    int node_count, edge_count;
    struct chart_node node[CHART_NODES_MAX];
    struct chart_edge edge[CHART_EDGES_MAX];
};

extern const struct chart charts[CHART_COUNT];

/* The blocks that a connection with a port of an address with CLUSTERPORTS has passed for certain. */
bool chart_certain(int block);

#endif
