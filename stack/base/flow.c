#include "stack/base/flow.h"

uint64_t flow_counts[FLOW_BLOCK_COUNT];

const struct flow_name flow_names[FLOW_BLOCK_COUNT] = {
#define FLOW_NAME(figure, block, text) { #figure, block, text },
    FLOW_BLOCKS(FLOW_NAME)
#undef FLOW_NAME
};
