/* An open-addressing hash of at most half load; nothing is ever removed. */
#include "tools/tuplecheck/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As far from chance as this many standard deviations is no chance. */
#define DEVIATIONS 5.0
/* With steps of which so many are near, the last port tells the next. */
#define SEQUENTIAL 0.5

static struct tally *tally_add(struct tally_table *t, struct address key)
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
    return tally_add(t, (struct address){ UINT64_MAX, UINT64_MAX }) != NULL;
}

void tally_table_free(struct tally_table *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        free(t->tallies[i]);
    t->count = 0;
}

uint32_t tally_find(struct tally_table *t, struct address key)
{
    uint32_t mask = sizeof t->slots / sizeof t->slots[0] - 1;
    uint32_t slot = (uint32_t)((key.low ^ key.high * 0xbf58476d1ce4e5b9u) * 0x9e3779b97f4a7c15u >> 40) & mask;
    for (; t->slots[slot]; slot = (slot + 1) & mask)
        if (address_equal(t->tallies[t->slots[slot]]->key, key))
            return t->slots[slot];
    if (!tally_add(t, key))
        return TALLY_OTHERS;
    t->slots[slot] = (uint16_t)(t->count - 1);
    return t->count - 1;
}

uint32_t tally_order(const struct tally_table *t, uint32_t order[TALLIES_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = TALLY_OTHERS + 1; i < t->count; i++) {
        uint32_t at = count++;
        for (; at > 0 && address_compare(t->tallies[order[at - 1]]->key, t->tallies[i]->key) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    if (t->count)
        order[count++] = TALLY_OTHERS;
    return count;
}

static void port_used(struct tally *t, uint16_t port)
{
    uint8_t bit = (uint8_t)(1u << port % 8);
    if (!(t->port_seen[port / 8] & bit))
        t->ports++;
    t->port_seen[port / 8] |= bit;
}

static void port_chosen(struct tally *t, uint16_t port)
{
    if (!t->port_chosen) {
        t->port_lowest = t->port_highest = port;
    } else {
        t->steps++;
        t->near_steps += abs(port - t->port_last) <= TALLY_NEAR;
    }
    t->port_chosen = true;
    t->port_last = port;
    if (port < t->port_lowest)
        t->port_lowest = port;
    if (port > t->port_highest)
        t->port_highest = port;
}

void tally_opened(struct tally *t, uint16_t port, bool chosen)
{
    t->opened++;
    if (++t->open > t->open_peak)
        t->open_peak = t->open;
    port_used(t, port);
    if (chosen)
        port_chosen(t, port);
}

void tally_udp_flow(struct tally *t, uint16_t port)
{
    t->udp_flows++;
    port_used(t, port);
    port_chosen(t, port);
}

int64_t tally_distance_bound(unsigned class)
{
    static const int64_t ms[TALLY_DISTANCES - 1] = { 1, 10, 100, 1000, 10000, 60000, 600000 };
    return class < TALLY_DISTANCES - 1 ? ms[class] * 1000000 : INT64_MAX;
}

void tally_reused(struct tally *t, int64_t distance_ns)
{
    unsigned class = 0;
    while (distance_ns >= tally_distance_bound(class) && class < TALLY_DISTANCES - 1)
        class++;
    t->reuse_distances[class]++;
}

double tally_near(const struct tally *t)
{
    return t->steps ? (double)t->near_steps / (double)t->steps : 0;
}

double tally_near_random(const struct tally *t)
{
    double range = t->port_highest - t->port_lowest + 1.0, reach = 2 * TALLY_NEAR + 1;
    return reach < range ? reach / range : 1;
}

enum predictability tally_predictability(const struct tally *t)
{
    if (t->steps < TALLY_STEPS_MIN)
        return PORTS_TOO_FEW;
    double chance = tally_near_random(t);
    double excess = tally_near(t) - chance;
    if (excess <= DEVIATIONS * sqrt(chance * (1 - chance) / (double)t->steps))
        return PORTS_RANDOM;
    return tally_near(t) >= SEQUENTIAL ? PORTS_SEQUENTIAL : PORTS_PARTLY_PREDICTABLE;
}
