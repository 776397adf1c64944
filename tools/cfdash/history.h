/* The figures of the last minutes, for graphs. */
#ifndef CFDASH_HISTORY_H
#define CFDASH_HISTORY_H

#include <stddef.h>

#include "tools/cfdash/model.h"

#define HISTORY_MAX 2400u
#define HISTORY_SHOWN 240u          /* points of a graph: two minutes */
#define HISTORY_SHORT 60u           /* while there are no more than these: half a minute */

struct history_point {
    uint64_t time_ms;
    float cpu[MODEL_SYSTEMS_MAX], used[MODEL_SYSTEMS_MAX];          /* by place in the model */
    float per_second[MODEL_STRUCTURES_MAX], average_us[MODEL_STRUCTURES_MAX];
    float dvipa_used[MODEL_DVIPAS_MAX], dvipa_free[MODEL_DVIPAS_MAX];
};

struct history {
    uint32_t count;
    struct history_point point[HISTORY_MAX];
};

/* Add a model that is newer than the last point; others, and the first of all, which has no rates yet, are passed over. */
void history_add(struct history *h, const struct model *model);

/* Values up to a time, at most HISTORY_SHOWN, of the member at this offset of a point. Result: how many. */
int history_values(const struct history *h, uint64_t until_ms, size_t offset, float values[HISTORY_SHOWN]);

/* Points that a graph has room for: HISTORY_SHORT or HISTORY_SHOWN. */
int history_span(const struct history *h, uint64_t until_ms);

#endif
