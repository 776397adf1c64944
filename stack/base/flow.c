#include "stack/base/flow.h"

#include <string.h>

#define WAY_BLOCKS_MAX 8

uint64_t flow_counts[FLOW_BLOCK_COUNT];
uint64_t flow_ways[FLOW_WAY_COUNT];

static const struct {
    uint8_t count;
    enum flow_block blocks[WAY_BLOCKS_MAX];
} ways[FLOW_WAY_COUNT] = {
    /* clp_assign(): a port of this stack's blocks is ready */
    [FLOW_WAY_ASSIGN] = { 8, { FLOW_9_900, FLOW_9_905, FLOW_9_915, FLOW_9_930, FLOW_9_945, FLOW_4_400, FLOW_4_410, FLOW_4_425 } },
    /* clp_release(): it stays with this stack */
    [FLOW_WAY_RELEASE] = { 6, { FLOW_10_1000, FLOW_10_1005, FLOW_10_1010, FLOW_5_500, FLOW_5_505, FLOW_5_510 } },
};

uint64_t flow_count(enum flow_block block)
{
    uint64_t count = flow_counts[block];

    for (unsigned way = 0; way < FLOW_WAY_COUNT; way++)
        for (unsigned i = 0; i < ways[way].count; i++)
            count += ways[way].blocks[i] == block ? flow_ways[way] : 0;
    return count;
}

void flow_reset(void)
{
    memset(flow_counts, 0, sizeof flow_counts);
    memset(flow_ways, 0, sizeof flow_ways);
}

const struct flow_name flow_names[FLOW_BLOCK_COUNT] = {
#define FLOW_NAME(figure, block, text) { #figure, block, text },
    FLOW_BLOCKS(FLOW_NAME)
#undef FLOW_NAME
};
