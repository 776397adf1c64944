/* FLOW trace: each block of each flowchart of the patent says that it was passed.
 *
 * FLOW(9, 925) at the code of block 925 of figure 9 costs one increment. flow_count() reads it; tests check that every
 * block has run, the operator sees the counts, the dashboard shows the way of a connection. Figures 8A and 8B are
 * written FLOW(8A, 805) and FLOW(8B, 855). The list of all blocks stands in flow_blocks.h, once. */
#ifndef FLOW_H
#define FLOW_H

#include <stdint.h>

#include "stack/base/flow_blocks.h"

enum flow_block {
#define FLOW_BLOCK(figure, block, text) FLOW_##figure##_##block,
    FLOW_BLOCKS(FLOW_BLOCK)
#undef FLOW_BLOCK
    FLOW_BLOCK_COUNT
};

struct flow_name {
    const char *figure;     /* "9", "8A" */
    uint16_t block;         /* 925 */
    const char *text;       /* what the block does, for displays */
};

/* Of the stack that is running now; one stack a process but for the simulator, which swaps it. */
extern uint64_t flow_counts[FLOW_BLOCK_COUNT];
extern const struct flow_name flow_names[FLOW_BLOCK_COUNT];

#define FLOW(figure, block) flow_passed(&flow_counts[FLOW_##figure##_##block])

/* Stacks in threads of one process count together and may lose a count; nothing else may happen to them. */
static inline void flow_passed(uint64_t *count)
{
    __atomic_store_n(count, __atomic_load_n(count, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

/* A way: blocks that are always passed together, and too often for a store each. One store for all of them; the list of
 * their blocks stands in flow.c. */
enum flow_way { FLOW_WAY_ASSIGN, FLOW_WAY_RELEASE, FLOW_WAY_COUNT };
extern uint64_t flow_ways[FLOW_WAY_COUNT];

#define FLOW_WAY(way) flow_passed(&flow_ways[FLOW_WAY_##way])

/* How often a block was passed, by itself and as part of a way. */
uint64_t flow_count(enum flow_block block);

/* All counts are 0. */
void flow_reset(void);

#endif
