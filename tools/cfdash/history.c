#include "tools/cfdash/history.h"

#include <string.h>

void history_add(struct history *h, const struct model *m)
{
    if (m->interval_s <= 0 || (h->count > 0 && h->point[h->count - 1].time_ms >= m->time_ms))
        return;
    if (h->count == HISTORY_MAX)
        memmove(&h->point[0], &h->point[1], --h->count * sizeof h->point[0]);
    struct history_point *p = &h->point[h->count++];
    memset(p, 0, sizeof *p);
    p->time_ms = m->time_ms;
    for (uint32_t i = 0; i < m->system_count; i++) {
        p->cpu[i] = (float)m->system[i].cpu_percent;
        p->used[i] = (float)m->system[i].ports_used;
    }
    for (uint32_t i = 0; i < m->structure_count; i++) {
        p->per_second[i] = (float)m->structure[i].per_second;
        p->average_us[i] = (float)m->structure[i].average_us;
    }
    for (uint32_t i = 0; i < m->dvipa_count; i++) {
        p->dvipa_used[i] = (float)m->dvipa[i].count[COUNT_USED];
        p->dvipa_free[i] = (float)(m->dvipa[i].count[COUNT_AVAILABLE] + m->dvipa[i].count[COUNT_RESTING]);
    }
}

static uint32_t points_until(const struct history *h, uint64_t until_ms)
{
    uint32_t end = h->count;
    while (end > 0 && h->point[end - 1].time_ms > until_ms)
        end--;
    return end;
}

int history_span(const struct history *h, uint64_t until_ms)
{
    return points_until(h, until_ms) > HISTORY_SHORT ? HISTORY_SHOWN : HISTORY_SHORT;
}

int history_values(const struct history *h, uint64_t until_ms, size_t offset, float values[HISTORY_SHOWN])
{
    uint32_t end = points_until(h, until_ms);
    uint32_t first = end > HISTORY_SHOWN ? end - HISTORY_SHOWN : 0;
    for (uint32_t i = first; i < end; i++)
        memcpy(&values[i - first], (const uint8_t *)&h->point[i] + offset, sizeof values[0]);
    return (int)(end - first);
}
