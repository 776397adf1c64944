#include "stack/clp/clp_table.h"

#include <string.h>

#include "stack/clp/clp_random.h"

/* --- the ring of free ports ---------------------------------------------------------------------------------------- */

void table_push(struct clp_table *t, uint16_t port)
{
    if (port_in(t->queued, port)) {
        port_set(t->touched, port);         /* it stands there since before its use */
        return;
    }
    t->ring[(t->ring_head + t->ring_count++) & (PORTS_PER_DVIPA - 1)] = port;
    port_set(t->queued, port);
}

/* Amortised constant: every turn of the loop takes back a push. */
uint32_t table_pop(struct clp_table *t)
{
    while (t->ring_count) {
        uint16_t port = t->ring[t->ring_head];

        t->ring_head = (t->ring_head + 1) & (PORTS_PER_DVIPA - 1);
        t->ring_count--;
        port_clear(t->queued, port);
        bool touched = port_in(t->touched, port);
        port_clear(t->touched, port);
        if (t->use[port] || !port_in(t->owned, port) || !port_in(t->eligible, port))
            continue;
        if (!touched)
            return port;
        table_push(t, port);
    }
    return NO_PORT;
}

/* Bring the last n ports of the ring into random order. */
static void shuffle(struct clp *clp, struct clp_table *t, uint32_t n)
{
    uint32_t from = t->ring_head + t->ring_count - n;

    for (; n > 1; n--) {
        uint16_t *a = &t->ring[(from + n - 1) & (PORTS_PER_DVIPA - 1)];
        uint16_t *b = &t->ring[(from + clp_random_below(clp, n)) & (PORTS_PER_DVIPA - 1)];
        uint16_t port = *a;

        *a = *b;
        *b = port;
    }
}

static void push_free(struct clp_table *t, uint32_t word, uint64_t ports)
{
    for (uint64_t left = ports & t->owned[word] & t->eligible[word]; left;) {
        uint16_t port = (uint16_t)(word * 64 + bits_first(left));

        left &= ~port_bit(port);
        if (!t->use[port]) {
            t->free_owned++;
            table_push(t, port);
        }
    }
}

void table_add(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    uint32_t before = t->ring_count;

    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t word = g->words[i].word;
        uint64_t ports = g->words[i].ports & ~t->owned[word];

        t->owned[word] |= ports;
        t->owned_ports += bits_count(ports & t->eligible[word]);
        push_free(t, word, ports);
    }
    shuffle(clp, t, t->ring_count - before);
}

/* The ports of the word that are not in use. */
static uint64_t unused(const struct clp_table *t, uint32_t word)
{
    uint64_t ports = ~0ull;

    if (t->busy[word])
        for (uint32_t p = 0; p < 64; p++)
            if (t->use[word * 64 + p])
                ports &= ~port_bit(p);
    return ports;
}

void table_remove(struct clp_table *t, const struct clp_grant *g)
{
    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t word = g->words[i].word;
        uint64_t ports = g->words[i].ports & t->owned[word];

        t->owned[word] &= ~ports;
        ports &= t->eligible[word];
        t->owned_ports -= bits_count(ports);
        t->free_owned -= bits_count(ports & unused(t, word));
    }
}

void table_recount(struct clp *clp, struct clp_table *t)
{
    uint32_t before = t->ring_count;

    t->free_owned = t->owned_ports = 0;
    for (uint32_t word = 0; word < CLP_WORDS; word++) {
        t->owned_ports += bits_count(t->owned[word] & t->eligible[word]);
        push_free(t, word, ~0ull);
    }
    shuffle(clp, t, t->ring_count - before);
}

void table_mix(struct clp *clp, struct clp_table *t)
{
    shuffle(clp, t, t->ring_count);
}

void table_disown(struct clp_table *t)
{
    memset(t->owned, 0, sizeof t->owned);
    t->owned_ports = t->free_owned = 0;
}

/* --- destinations -------------------------------------------------------------------------------------------------- */

static uint32_t bucket_of(uint32_t address, uint16_t port, uint32_t table)
{
    uint64_t key = ((uint64_t)address << 32) ^ ((uint64_t)port << 8) ^ table;

    return (uint32_t)((key * 0x9E3779B97F4A7C15ull) >> 32) % CLP_DESTINATIONS;
}

static bool is(const struct clp_destination *d, uint32_t address, uint16_t port, uint32_t table)
{
    return d->address == address && d->port == port && d->table == table;
}

struct clp_destination *destination_find(struct clp *clp, const struct clp_table *t, uint32_t address, uint16_t port)
{
    uint32_t table = (uint32_t)(t - clp->tables);

    if (address == 0)
        return NULL;
    if (clp->destination && is(clp->destination, address, port, table))
        return clp->destination;
    for (uint8_t i = clp->buckets[bucket_of(address, port, table)]; i; i = clp->destinations[i - 1].next)
        if (is(&clp->destinations[i - 1], address, port, table))
            return clp->destination = &clp->destinations[i - 1];
    return NULL;
}

static void unlink_destination(struct clp *clp, struct clp_destination *d)
{
    uint8_t self = (uint8_t)(d - clp->destinations + 1);
    uint8_t *link = &clp->buckets[bucket_of(d->address, d->port, d->table)];

    while (*link != self)
        link = &clp->destinations[*link - 1].next;
    *link = d->next;
}

/* A record that is not used: a new one, else one whose destination has no connection. */
static struct clp_destination *free_destination(struct clp *clp)
{
    if (clp->destination_count < CLP_DESTINATIONS) {
        clp->destinations_idle++;
        return &clp->destinations[clp->destination_count++];
    }
    for (uint32_t i = 0; clp->destinations_idle && i < CLP_DESTINATIONS; i++) {
        if (clp->destinations[i].count == 0) {
            unlink_destination(clp, &clp->destinations[i]);
            return &clp->destinations[i];
        }
    }
    return NULL;
}

struct clp_destination *destination_make(struct clp *clp, const struct clp_table *t, uint32_t address, uint16_t port)
{
    struct clp_destination *d = destination_find(clp, t, address, port);

    if (d || address == 0)
        return d;
    d = free_destination(clp);
    if (!d)
        return NULL;
    uint8_t *bucket = &clp->buckets[bucket_of(address, port, (uint32_t)(t - clp->tables))];
    d->address = address;
    d->port = port;
    d->table = (uint16_t)(t - clp->tables);
    d->cursor = (uint16_t)clp_random_below(clp, CLP_WORDS);
    d->next = *bucket;
    *bucket = (uint8_t)(d - clp->destinations + 1);
    return clp->destination = d;
}

uint32_t table_share(struct clp_table *t, struct clp_destination *d)
{
    if (t->tracked == d->count)
        return NO_PORT;
    for (uint32_t i = 0; i < CLP_WORDS; i++) {
        uint32_t word = (d->cursor + i) % CLP_WORDS;

        for (uint64_t ports = t->owned[word] & t->eligible[word] & ~t->solo[word] & ~t->draining[word] & ~d->busy[word];
             ports && t->busy[word];) {
            uint16_t port = (uint16_t)(word * 64 + bits_first(ports));

            if (t->use[port]) {
                d->cursor = (uint16_t)((word + 1) % CLP_WORDS);
                return port;
            }
            ports &= ~port_bit(port);
        }
    }
    return NO_PORT;
}

/* --- use ----------------------------------------------------------------------------------------------------------- */

void table_use(struct clp *clp, struct clp_table *t, struct clp_destination *d, uint16_t port)
{
    if (t->use[port]++ == 0) {
        t->used++;
        t->busy[port / 64]++;
        if (port_in(t->owned, port) && port_in(t->eligible, port))
            t->free_owned--;
        if (d)
            t->tracked++;
        else
            port_set(t->solo, port);
    }
    if (d) {
        port_set(d->busy, port);
        if (d->count++ == 0)
            clp->destinations_idle--;
    }
}

bool table_unuse(struct clp *clp, struct clp_table *t, struct clp_destination *d, uint16_t port)
{
    bool solo = port_in(t->solo, port);

    STACK_ASSERT(t->use[port] > 0);
    if (!solo) {
        STACK_ASSERT(d && port_in(d->busy, port));
        port_clear(d->busy, port);
        if (--d->count == 0)
            clp->destinations_idle++;
    }
    if (--t->use[port] > 0)
        return false;
    port_clear(t->solo, port);
    t->used--;
    t->busy[port / 64]--;
    if (!solo)
        t->tracked--;
    if (port_in(t->owned, port) && port_in(t->eligible, port))
        t->free_owned++;
    return true;
}

/* --- what can be given back ---------------------------------------------------------------------------------------- */

static uint64_t block_of(uint32_t size, uint32_t port)
{
    return size >= 64 ? ~0ull : (~0ull << (64 - size)) >> (port & 63 & ~(size - 1));
}

/* Owned ports of the idle blocks of a word; blocks of more than a word count word by word. */
static uint64_t idle_in_word(const struct clp_table *t, uint32_t word)
{
    uint32_t size = t->clusterports.blocksize;
    uint64_t free, idle = 0;

    if (!t->busy[word] || !t->owned[word])
        return t->owned[word];
    if (size >= 64)
        return 0;
    free = unused(t, word);
    for (uint32_t p = 0; p < 64; p += size)
        if ((free & block_of(size, p)) == block_of(size, p))
            idle |= block_of(size, p);
    return t->owned[word] & idle;
}

void table_block(const struct clp_table *t, uint16_t port, struct clp_grant *g)
{
    uint32_t size = t->clusterports.blocksize, words = size < 64 ? 1 : size / 64, first = port / 64u & ~(words - 1);

    g->count = 0;
    for (uint32_t w = first; w < first + words; w++) {
        uint64_t ports = t->owned[w] & block_of(size, port);

        if (ports)
            g->words[g->count++] = (struct clp_word){ .word = (uint16_t)w, .ports = ports };
    }
}

bool table_block_idle(const struct clp_table *t, uint16_t port)
{
    uint32_t size = t->clusterports.blocksize, word = port / 64;

    if (size < 64)
        return (idle_in_word(t, word) & port_bit(port)) != 0;
    word &= ~(size / 64 - 1);
    for (uint32_t i = 0; i < size / 64; i++)
        if (t->busy[word + i])
            return false;
    return true;
}

/* Blocks of several words go whole. */
uint32_t table_idle(struct clp *clp, const struct clp_table *t, uint32_t wanted, struct clp_grant *g)
{
    uint32_t unit = t->clusterports.blocksize > 64 ? t->clusterports.blocksize / 64 : 1, units = CLP_WORDS / unit;
    uint32_t start = clp_random_below(clp, units), ports = 0;

    g->count = 0;
    for (uint32_t i = 0; i < units && ports < wanted && g->count + unit <= CLP_GRANT_WORDS; i++) {
        uint32_t first = (start + i) % units * unit;

        if (unit > 1 && !table_block_idle(t, (uint16_t)(first * 64)))
            continue;
        for (uint32_t w = first; w < first + unit; w++) {
            uint64_t idle = idle_in_word(t, w);

            ports += bits_count(idle & t->eligible[w]);
            if (idle)
                g->words[g->count++] = (struct clp_word){ .word = (uint16_t)w, .ports = idle };
        }
    }
    return ports;
}

uint32_t table_free(struct clp *clp, const struct clp_table *t, uint32_t wanted, struct clp_grant *g)
{
    uint32_t start = clp_random_below(clp, CLP_WORDS), ports = 0;

    g->count = 0;
    for (uint32_t i = 0; i < CLP_WORDS && ports < wanted && g->count < CLP_GRANT_WORDS; i++) {
        uint32_t w = (start + i) % CLP_WORDS;
        uint64_t free = t->owned[w] & t->eligible[w] ? t->owned[w] & t->eligible[w] & unused(t, w) : 0, some = 0;

        while (free && ports < wanted) {
            uint64_t bit = port_bit(bits_first(free));

            free &= ~bit;
            some |= bit;
            ports++;
        }
        if (some)
            g->words[g->count++] = (struct clp_word){ .word = (uint16_t)w, .ports = some };
    }
    return ports;
}
