#include "stack/clp/clp_table.h"

#include <string.h>

#include "stack/clp/clp_random.h"

/* --- state of ports ------------------------------------------------------------------------------------------------ */

static bool in_ring(const struct clp_table *t, uint32_t port)
{
    return t->state[port] == PORT_READY || t->state[port] == PORT_LOOK;
}

static bool is_ours(const struct clp_table *t, uint32_t port)
{
    return port_in(t->owned, port) && port_in(t->eligible, port) && !port_in(t->draining, port);
}

/* Whoever changes what these follow from says so. */
static void set_bounds(struct clp_table *t)
{
    t->plain_low = (int32_t)(t->free_owned_or_plain - t->low);
    t->plain_high = (int32_t)(t->free_owned_or_plain - t->high);
}

/* Something about the port is not any more as its state says, or will not be. */
static void unsettle(struct clp_table *t, uint32_t port)
{
    if (t->state[port] == PORT_READY)
        t->state[port] = PORT_LOOK;
    if (t->state[port] < PORT_PLAIN)
        return;
    port_set(t->destinations[t->state[port] - PORT_PLAIN].busy, port);
    t->state[port] = PORT_ELSEWHERE;
    t->plain--;
    t->free_owned_or_plain--;
    t->tracked_not_plain++;
    set_bounds(t);
}

static void unsettle_word(struct clp_table *t, uint32_t word, uint64_t ports)
{
    for (; ports; ports &= ~port_bit(bits_first(ports)))
        unsettle(t, word * 64 + bits_first(ports));
}

/* Is any port of the word in use? */
static bool word_used(const struct clp_table *t, uint32_t word)
{
    uint64_t eight, any = 0;

    for (uint32_t p = word * 64; p < word * 64 + 64; p += 8) {
        memcpy(&eight, &t->use[p], 8);
        any |= eight;
    }
    return any != 0;
}

/* The ports of the word that are not in use. */
static uint64_t unused(const struct clp_table *t, uint32_t word)
{
    uint64_t ports = ~0ull;

    if (word_used(t, word))
        for (uint32_t p = 0; p < 64; p++)
            if (t->use[word * 64 + p])
                ports &= ~port_bit(p);
    return ports;
}

void table_drain(struct clp_table *t, uint16_t port)
{
    port_set(t->draining, port);
    unsettle(t, port);
}

/* --- the ring of free ports ---------------------------------------------------------------------------------------- */

static uint32_t ring_count(const struct clp_table *t)
{
    return (uint16_t)(t->ring_tail - t->ring_head);
}

void table_push(struct clp_table *t, uint16_t port)
{
    if (in_ring(t, port)) {
        t->state[port] = PORT_LOOK;         /* it stands there since before its use */
        return;
    }
    t->ring[t->ring_tail++] = port;
    t->state[port] = is_ours(t, port) && !t->use[port] ? PORT_READY : PORT_LOOK;
}

/* Bring n ports of the ring into random order. */
static void shuffle(struct clp *clp, struct clp_table *t, uint32_t from, uint32_t n)
{
    for (; n > 1; n--) {
        uint16_t *a = &t->ring[(from + n - 1) & (PORTS_PER_DVIPA - 1)];
        uint16_t *b = &t->ring[(from + clp_random_below(clp, n)) & (PORTS_PER_DVIPA - 1)];
        uint16_t port = *a;

        *a = *b;
        *b = port;
    }
}

/* A fresh port from a random place on; there is one. */
static uint16_t take_fresh(struct clp *clp, struct clp_table *t)
{
    uint32_t start = clp_random_below(clp, PORTS_PER_DVIPA), word = start / 64, turn = start & 63;

    while (!t->fresh[word])
        word = (word + 1) % CLP_WORDS;
    uint16_t port = (uint16_t)(word * 64 + ((bits_first(bits_rotate_left(t->fresh[word], turn)) + turn) & 63));
    port_clear(t->fresh, port);
    t->fresh_ports--;
    return port;
}

/* Amortised constant: every turn of the loops takes back a push, or a fresh port. */
uint32_t table_pop(struct clp *clp, struct clp_table *t)
{
    while (t->fresh_ports) {
        uint16_t port = take_fresh(clp, t);

        if (t->state[port] == PORT_ELSEWHERE && !t->use[port] && is_ours(t, port))
            return port;
    }
    while (ring_count(t)) {
        uint16_t port = t->ring[t->ring_head++];
        bool ready = t->state[port] == PORT_READY;

        t->state[port] = PORT_ELSEWHERE;
        if (ready)
            return port;
        if (!t->use[port] && is_ours(t, port))
            table_push(t, port);
    }
    return NO_PORT;
}

static void push_free(struct clp_table *t, uint32_t word, uint64_t ports)
{
    for (uint64_t left = ports & t->owned[word] & t->eligible[word]; left;) {
        uint16_t port = (uint16_t)(word * 64 + bits_first(left));

        left &= ~port_bit(port);
        if (t->use[port])
            continue;
        t->free_owned_or_plain++;
        if (t->state[port] != PORT_READY && !port_in(t->fresh, port))
            table_push(t, port);
    }
}

void table_add(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    uint32_t before = ring_count(t);

    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t word = g->words[i].word;
        uint64_t ports = g->words[i].ports & ~t->owned[word];

        t->owned[word] |= ports;
        t->owned_ports += bits_count(ports & t->eligible[word]);
        push_free(t, word, ports);
    }
    shuffle(clp, t, t->ring_head + before, ring_count(t) - before);
    set_bounds(t);
}

void table_own_all(struct clp_table *t)
{
    t->owned_ports = t->free_owned_or_plain = 0;
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint32_t ports = bits_count(t->eligible[w]);

        t->owned[w] = t->fresh[w] = t->eligible[w];
        if (ports == 0)
            continue;
        t->owned_ports += ports;
        t->free_owned_or_plain += word_used(t, w) ? bits_count(t->eligible[w] & unused(t, w)) : ports;
    }
    t->fresh_ports = t->owned_ports;
    set_bounds(t);
}

void table_remove(struct clp_table *t, const struct clp_grant *g)
{
    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t word = g->words[i].word;
        uint64_t ports = g->words[i].ports & t->owned[word];

        unsettle_word(t, word, ports);
        t->owned[word] &= ~ports;
        ports &= t->eligible[word];
        t->owned_ports -= bits_count(ports);
        t->free_owned_or_plain -= bits_count(ports & unused(t, word));
    }
    set_bounds(t);
}

void table_recount(struct clp *clp, struct clp_table *t)
{
    uint32_t before = ring_count(t);

    t->free_owned_or_plain = (uint32_t)t->plain;
    t->owned_ports = 0;
    for (uint32_t word = 0; word < CLP_WORDS; word++) {
        unsettle_word(t, word, t->owned[word] & ~t->eligible[word]);
        t->owned_ports += bits_count(t->owned[word] & t->eligible[word]);
        push_free(t, word, ~0ull);
    }
    shuffle(clp, t, t->ring_head + before, ring_count(t) - before);
    set_bounds(t);
}

void table_disown(struct clp_table *t)
{
    for (uint32_t word = 0; word < CLP_WORDS; word++)
        unsettle_word(t, word, t->owned[word]);
    memset(t->owned, 0, sizeof t->owned);
    memset(t->fresh, 0, sizeof t->fresh);
    t->fresh_ports = 0;
    t->owned_ports = t->free_owned_or_plain = 0;
    set_bounds(t);
}

void table_set_blocks(struct clp_table *t, uint32_t blocks)
{
    uint32_t ports = blocks * t->clusterports.blocksize;

    t->blocks = blocks;
    t->low = (ports + 3) / 4;
    t->high = 2 * ports;
    t->quick = t->clusterports.on && !t->store->enter && t->clusterports.blocksize > 1;
    set_bounds(t);
}

/* --- destinations -------------------------------------------------------------------------------------------------- */

static uint32_t bucket_of(uint32_t address, uint16_t port, uint32_t source)
{
    uint64_t key = (((uint64_t)address << 32) | source) ^ ((uint64_t)port << 16);

    return (uint32_t)((key * 0x9E3779B97F4A7C15ull) >> 32) % CLP_DESTINATIONS;
}

static bool is(const struct clp_destination *d, uint32_t address, uint16_t port, const struct clp_table *t)
{
    return d->address == address && d->port == port && d->table == t;
}

struct clp_destination *destination_find(struct clp *clp, const struct clp_table *t, uint32_t address, uint16_t port)
{
    if (address == 0)
        return NULL;
    if (clp->destination && is(clp->destination, address, port, t))
        return clp->destination;
    for (uint8_t i = clp->buckets[bucket_of(address, port, t->address)]; i; i = clp->destinations[i - 1].next)
        if (is(&clp->destinations[i - 1], address, port, t))
            return clp->destination = &clp->destinations[i - 1];
    return NULL;
}

static void unlink_destination(struct clp *clp, struct clp_destination *d)
{
    uint8_t self = (uint8_t)(d - clp->destinations + 1);
    uint8_t *link = &clp->buckets[bucket_of(d->address, d->port, d->source)];

    while (*link != self)
        link = &clp->destinations[*link - 1].next;
    *link = d->next;
}

/* A record that is not used: a new one, else one whose destination has no connection. */
static struct clp_destination *free_destination(struct clp *clp)
{
    if (clp->destination_count < CLP_DESTINATIONS)
        return &clp->destinations[clp->destination_count++];
    for (uint32_t i = 0; clp->destinations_idle && i < CLP_DESTINATIONS; i++) {
        if (clp->destinations[i].count == 0) {
            unlink_destination(clp, &clp->destinations[i]);
            return &clp->destinations[i];
        }
    }
    clp->destinations_idle = false;
    return NULL;
}

struct clp_destination *destination_make(struct clp *clp, struct clp_table *t, uint32_t address, uint16_t port)
{
    struct clp_destination *d = destination_find(clp, t, address, port);

    if (d || address == 0)
        return d;
    d = free_destination(clp);
    if (!d)
        return NULL;
    uint8_t *bucket = &clp->buckets[bucket_of(address, port, t->address)];
    d->address = address;
    d->port = port;
    d->table = t;
    d->source = t->address;
    d->cursor = (uint16_t)clp_random_below(clp, CLP_WORDS);
    d->plain = (uint8_t)(PORT_PLAIN + (d - clp->destinations));
    d->next = *bucket;
    *bucket = (uint8_t)(d - clp->destinations + 1);
    return clp->destination = d;
}

bool table_towards(const struct clp_table *t, const struct clp_destination *d, uint16_t port)
{
    return t->state[port] == d->plain || port_in(d->busy, port);
}

/* Plain ports of the destination itself get their bits in its map: nobody looks at them twice. */
uint32_t table_share(struct clp_table *t, struct clp_destination *d)
{
    if (t->tracked_not_plain + (uint32_t)t->plain == d->count)
        return NO_PORT;
    for (uint32_t i = 0; i < CLP_WORDS; i++) {
        uint32_t word = (d->cursor + i) % CLP_WORDS;

        for (uint64_t ports = t->owned[word] & t->eligible[word] & ~t->solo[word] & ~t->draining[word] & ~d->busy[word];
             ports && word_used(t, word);) {
            uint16_t port = (uint16_t)(word * 64 + bits_first(ports));

            if (t->state[port] == d->plain) {
                unsettle(t, port);
            } else if (t->use[port]) {
                d->cursor = (uint16_t)((word + 1) % CLP_WORDS);
                return port;
            }
            ports &= ~port_bit(port);
        }
    }
    return NO_PORT;
}

/* --- use ----------------------------------------------------------------------------------------------------------- */

void table_use(struct clp_table *t, struct clp_destination *d, uint16_t port)
{
    unsettle(t, port);
    if (d)
        d->count++;
    if (t->use[port]++ == 0 && d && t->state[port] == PORT_ELSEWHERE && is_ours(t, port)) {
        t->state[port] = d->plain;
        t->plain++;
        return;
    }
    if (d)
        port_set(d->busy, port);
    if (t->use[port] > 1)
        return;
    if (port_in(t->owned, port) && port_in(t->eligible, port))
        t->free_owned_or_plain--;
    set_bounds(t);
    if (d) {
        t->tracked_not_plain++;
    } else {
        t->solos++;
        port_set(t->solo, port);
    }
}

bool table_unuse(struct clp *clp, struct clp_table *t, struct clp_destination *d, uint16_t port)
{
    bool solo = port_in(t->solo, port);

    STACK_ASSERT(t->use[port] > 0);
    unsettle(t, port);
    if (!solo) {
        STACK_ASSERT(d && port_in(d->busy, port));
        port_clear(d->busy, port);
        if (--d->count == 0)
            clp->destinations_idle = true;
    }
    if (--t->use[port] > 0)
        return false;
    port_clear(t->solo, port);
    if (solo)
        t->solos--;
    else
        t->tracked_not_plain--;
    if (port_in(t->owned, port) && port_in(t->eligible, port))
        t->free_owned_or_plain++;
    set_bounds(t);
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

    if (!t->owned[word] || !word_used(t, word))
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
        if (word_used(t, word + i))
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
