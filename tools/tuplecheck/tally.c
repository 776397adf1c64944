/* An open-addressing hash of at most half load; nothing is ever removed. */
#include "tools/tuplecheck/tally.h"

#include <stdlib.h>
#include <string.h>

static struct tally *tally_add(struct tally_table *t, uint64_t key)
{
    struct tally *tally = t->count < TALLIES_MAX ? calloc(1, sizeof *tally) : NULL;
    if (tally) {
        tally->key = key;
        t->tallies[t->count++] = tally;
    }
    return tally;
}

bool tally_table_init(struct tally_table *t)
{
    memset(t, 0, sizeof *t);
    return tally_add(t, UINT64_MAX) != NULL;
}

void tally_table_free(struct tally_table *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        free(t->tallies[i]);
    t->count = 0;
}

uint32_t tally_find(struct tally_table *t, uint64_t key)
{
    uint32_t mask = sizeof t->slots / sizeof t->slots[0] - 1;
    uint32_t slot = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 40) & mask;
    for (; t->slots[slot]; slot = (slot + 1) & mask)
        if (t->tallies[t->slots[slot]]->key == key)
            return t->slots[slot];
    if (!tally_add(t, key))
        return TALLY_OTHERS;
    t->slots[slot] = (uint16_t)(t->count - 1);
    return t->count - 1;
}

void tally_opened(struct tally *t, uint16_t port)
{
    t->opened++;
    if (++t->open > t->open_peak)
        t->open_peak = t->open;
    uint8_t bit = (uint8_t)(1u << port % 8);
    if (!(t->port_seen[port / 8] & bit))
        t->ports++;
    t->port_seen[port / 8] |= bit;
}
