#include "stack/vipa/vipa_crht.h"

#include <stddef.h>

#include "stack/vipa/vipa.h"

static uint32_t *bucket_of(struct vipa_crht *c, uint32_t address, const struct vipa_tuple *t)
{
    uint64_t hash = ((uint64_t)address << 32 | t->peer) ^ ((uint64_t)t->port << 40 | (uint64_t)t->peer_port << 8);

    hash *= 0x9E3779B97F4A7C15u;            /* Fibonacci hashing: the high bits depend on all */
    return &c->buckets[hash >> 50 & (CRHT_BUCKETS - 1)];
}

static bool is(const struct crht_entry *e, uint32_t address, const struct vipa_tuple *t)
{
    return e->address == address && e->peer == t->peer && e->port == t->port && e->peer_port == t->peer_port;
}

struct crht_entry *crht_find(struct vipa_crht *c, uint32_t address, const struct vipa_tuple *t)
{
    for (uint32_t i = *bucket_of(c, address, t); i; i = c->entries[i - 1].next)
        if (is(&c->entries[i - 1], address, t))
            return &c->entries[i - 1];
    return NULL;
}

/* --- counts -------------------------------------------------------------------------------------------------------- */

const struct crht_count *crht_count_of(const struct vipa_crht *c, uint32_t address, uint16_t port, uint8_t system)
{
    for (unsigned i = 0; i < c->count_count; i++)
        if (c->counts[i].address == address && c->counts[i].port == port && c->counts[i].system == system)
            return &c->counts[i];
    return NULL;
}

static void count(struct vipa_crht *c, struct crht_entry *e)
{
    const struct crht_count *found = crht_count_of(c, e->address, e->port, e->system);
    unsigned i = found ? (unsigned)(found - c->counts) : c->count_count;

    e->count = 0;
    if (i == CRHT_COUNTS)
        return;
    if (!found)
        c->counts[c->count_count++] = (struct crht_count){ .address = e->address, .port = e->port, .system = e->system };
    c->counts[i].active++;
    c->counts[i].total++;
    e->count = (uint16_t)(i + 1);
}

static void uncount(struct vipa_crht *c, const struct crht_entry *e)
{
    if (e->count)
        c->counts[e->count - 1].active--;
}

/* --- entries ------------------------------------------------------------------------------------------------------- */

static uint32_t take_free(struct vipa_crht *c)
{
    uint32_t i = c->free;

    if (i)
        c->free = c->entries[i - 1].next;
    else if (c->used < CRHT_MAX)
        i = ++c->used;
    return i;
}

struct crht_entry *crht_enter(struct vipa_crht *c, uint32_t address, const struct vipa_tuple *t, uint8_t system, bool confirmed,
                              uint64_t now_us)
{
    struct crht_entry *e = crht_find(c, address, t);

    if (e && e->system == system) {
        e->confirmed |= confirmed;
        return e;
    }
    if (e) {
        uncount(c, e);
    } else {
        uint32_t i = take_free(c), *bucket = bucket_of(c, address, t);

        if (!i) {
            c->full++;
            return NULL;
        }
        e = &c->entries[i - 1];
        *e = (struct crht_entry){ .address = address, .peer = t->peer, .port = t->port, .peer_port = t->peer_port, .next = *bucket };
        *bucket = i;
        c->count++;
    }
    e->system = system;
    e->confirmed = confirmed;
    e->made_us = now_us;
    count(c, e);
    return e;
}

static void remove_entry(struct vipa_crht *c, struct crht_entry *e)
{
    struct vipa_tuple t = { .peer = e->peer, .port = e->port, .peer_port = e->peer_port };
    uint32_t self = (uint32_t)(e - c->entries) + 1, *link = bucket_of(c, e->address, &t);

    while (*link != self)
        link = &c->entries[*link - 1].next;
    *link = e->next;
    uncount(c, e);
    e->address = 0;
    e->next = c->free;
    c->free = self;
    c->count--;
}

void crht_remove(struct vipa_crht *c, uint32_t address, const struct vipa_tuple *t, uint8_t system)
{
    struct crht_entry *e = crht_find(c, address, t);

    if (e && e->system == system)
        remove_entry(c, e);
}

uint32_t crht_clear(struct vipa_crht *c, uint32_t address, uint8_t system)
{
    uint32_t removed = 0;

    for (uint32_t i = 0; i < c->used && c->count; i++) {
        struct crht_entry *e = &c->entries[i];

        if (e->address && (!address || e->address == address) && (!system || e->system == system)) {
            remove_entry(c, e);
            removed++;
        }
    }
    return removed;
}

bool crht_has(const struct vipa_crht *c, uint32_t address)
{
    for (unsigned i = 0; i < c->count_count; i++)
        if (c->counts[i].address == address && c->counts[i].active)
            return true;
    if (c->count_count < CRHT_COUNTS)
        return false;
    for (uint32_t i = 0; i < c->used; i++)      /* some are not counted */
        if (c->entries[i].address == address)
            return true;
    return false;
}

void crht_age(struct vipa_crht *c, uint64_t now_us)
{
    for (unsigned n = 0; n < CRHT_SWEEP && c->count; n++) {
        struct crht_entry *e = &c->entries[c->sweep];

        c->sweep = c->sweep + 1 < c->used ? c->sweep + 1 : 0;
        if (e->address && !e->confirmed && now_us - e->made_us > CRHT_AGE_US) {
            remove_entry(c, e);
            c->aged++;
        }
    }
}
