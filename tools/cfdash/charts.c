/* As the figures are drawn, but for the places of a few blocks. A block that ends several ways may stand twice. */
#include "tools/cfdash/charts.h"

#define D true
#define S false

const struct chart charts[CHART_COUNT] = {
    {.title = "Fig. 7   source address", .columns = 4, .rows = 6, .node_count = 13, .edge_count = 15,
     .node = {{FLOW_7_700, 1, 0, D}, {FLOW_7_705, 0, 0, S}, {FLOW_7_710, 1, 1, D}, {FLOW_7_715, 0, 1, S}, {FLOW_7_720, 1, 2, D},
              {FLOW_7_725, 2, 2, D}, {FLOW_7_730, 2, 1, S}, {FLOW_7_735, 1, 3, D}, {FLOW_7_745, 1, 4, D}, {FLOW_7_750, 2, 4, D},
              {FLOW_7_755, 1, 5, S}, {FLOW_7_760, 2, 5, S}, {FLOW_7_740, 3, 3, S}},
     .edge = {{0, 1, STRAIGHT, "Y"}, {0, 2, STRAIGHT, "N"}, {2, 3, STRAIGHT, "N"}, {2, 4, STRAIGHT, "Y"}, {4, 5, STRAIGHT, "N"},
              {4, 7, STRAIGHT, "Y"}, {5, 6, STRAIGHT, "Y"}, {5, 12, ACROSS, "N"}, {7, 12, STRAIGHT, "N"}, {7, 8, STRAIGHT, "Y"},
              {8, 10, STRAIGHT, "Y"}, {8, 9, STRAIGHT, "N"}, {9, 11, STRAIGHT, "Y"}, {9, 12, ACROSS, "N"}, {11, 10, STRAIGHT, ""}}},
    {.title = "Fig. 9   source port; 925 to 940 once for each block of ports", .columns = 3, .rows = 7, .node_count = 11, .edge_count = 12,
     .node = {{FLOW_9_900, 0, 0, D}, {FLOW_9_950, 2, 0, S}, {FLOW_9_905, 0, 1, D}, {FLOW_9_910, 2, 1, S}, {FLOW_9_915, 0, 2, D},
              {FLOW_9_920, 1, 2, S}, {FLOW_9_925, 0, 3, S}, {FLOW_9_935, 0, 4, S}, {FLOW_9_940, 0, 5, S}, {FLOW_9_930, 1, 5, S},
              {FLOW_9_945, 0, 6, S}},
     .edge = {{0, 1, STRAIGHT, "N"}, {0, 2, STRAIGHT, "Y"}, {2, 3, STRAIGHT, "N"}, {2, 4, STRAIGHT, "Y"}, {4, 5, STRAIGHT, "Y"},
              {4, 6, STRAIGHT, "N"}, {5, 9, STRAIGHT, ""}, {3, 9, DOWN, ""}, {6, 7, STRAIGHT, ""}, {7, 8, STRAIGHT, ""},
              {8, 10, STRAIGHT, ""}, {9, 10, DOWN, ""}}},
    {.title = "Fig. 10   termination", .columns = 2, .rows = 6, .node_count = 7, .edge_count = 6,
     .node = {{FLOW_10_1000, 0, 0, D}, {FLOW_10_1035, 1, 0, S}, {FLOW_10_1005, 0, 1, S}, {FLOW_10_1010, 0, 2, D}, {FLOW_10_1015, 0, 3, S},
              {FLOW_10_1020, 0, 4, S}, {FLOW_10_1025, 0, 5, S}},
     .edge = {{0, 1, STRAIGHT, "N"}, {0, 2, STRAIGHT, "Y"}, {2, 3, STRAIGHT, ""}, {3, 4, STRAIGHT, "Y"}, {4, 5, STRAIGHT, ""},
              {5, 6, STRAIGHT, ""}}},
    {.title = "Fig. 11   bind", .columns = 5, .rows = 6, .node_count = 15, .edge_count = 18,
     .node = {{FLOW_11_1100, 1, 0, D}, {FLOW_11_1102, 2, 0, D}, {FLOW_11_1105, 3, 0, D}, {FLOW_11_1110, 4, 0, S}, {FLOW_11_1115, 3, 1, S},
              {FLOW_11_1120, 1, 2, D}, {FLOW_11_1125, 0, 2, D}, {FLOW_11_1130, 0, 1, S}, {FLOW_11_1140, 0, 3, S}, {FLOW_11_1135, 1, 3, D},
              {FLOW_11_1145, 1, 4, D}, {FLOW_11_1150, 2, 4, D}, {FLOW_11_1155, 1, 5, S}, {FLOW_11_1160, 2, 5, S}, {FLOW_11_1140, 3, 3, S}},
     .edge = {{0, 1, STRAIGHT, "Y"}, {0, 5, STRAIGHT, "N"}, {1, 2, STRAIGHT, "Y"}, {1, 5, DOWN, "N"}, {2, 3, STRAIGHT, "N"},
              {2, 4, STRAIGHT, "Y"}, {4, 5, DOWN, ""}, {5, 6, STRAIGHT, "N"}, {6, 7, STRAIGHT, "Y"}, {6, 8, STRAIGHT, "N"},
              {5, 9, STRAIGHT, "Y"}, {9, 14, STRAIGHT, "N"}, {9, 10, STRAIGHT, "Y"}, {10, 12, STRAIGHT, "Y"}, {10, 11, STRAIGHT, "N"},
              {11, 13, STRAIGHT, "Y"}, {11, 14, ACROSS, "N"}, {13, 12, STRAIGHT, ""}}},
};

bool chart_certain(int block)
{
    return block == FLOW_9_900 || block == FLOW_9_905 || block == FLOW_9_915 || block == FLOW_9_930 || block == FLOW_9_945;
}
