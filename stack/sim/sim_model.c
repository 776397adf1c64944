/* See sim_model.h. */
#include "stack/sim/sim_model.h"

#include <string.h>

#include "stack/base/text.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_private.h"

#define ADDRESSES (SIM_DVIPAS + 1u)         /* the last one: the explicit-bind pool */
#define OVERLAPS_MAX 256u
#define TUPLES_MAX (SIM_STACKS_MAX * SIM_CONNECTIONS)
#define BUCKETS 4096u

/* The taker has what the holder's tables still show. */
struct overlap {
    unsigned holder, taker, address;
    uint32_t word;
    uint64_t ports;
};

struct entry {
    struct clp_tuple tuple;
    uint8_t system;
    bool promised;
    uint16_t next;                          /* number + 1 */
};

static uint32_t words;
static uint64_t shadow[SIM_STACKS_MAX + 1][ADDRESSES][CLP_WORDS];
static bool dead[SIM_STACKS_MAX + 1], clustered[SIM_STACKS_MAX + 1][ADDRESSES];
static bool unsure[SIM_STACKS_MAX + 1];         /* dead, of which is not known what it had */
static struct overlap overlaps[OVERLAPS_MAX];
static unsigned overlap_count;
static struct entry tuples[TUPLES_MAX];
static uint16_t buckets[BUCKETS], free_tuples;
static unsigned open_count;

void model_reset(uint32_t ports)
{
    words = (ports + 63) / 64;
    memset(shadow, 0, sizeof shadow);
    memset(dead, 0, sizeof dead);
    memset(clustered, 0, sizeof clustered);
    overlap_count = 0;
    memset(buckets, 0, sizeof buckets);
    for (unsigned i = 0; i < TUPLES_MAX; i++)
        tuples[i].next = (uint16_t)(i + 2 <= TUPLES_MAX ? i + 2 : 0);
    free_tuples = 1;
    open_count = 0;
}

static const char *address_text(unsigned i, char text[16])
{
    return i < SIM_DVIPAS ? text_ip(text, sim_address(i)) : "the explicit-bind pool";
}

/* The table of an address, if ports are owned by it. */
static const struct clp_table *table_of(unsigned n, unsigned address)
{
    struct clp *clp = &sim_systems[n].stack->clp;
    const struct clp_table *t = address < SIM_DVIPAS ? clp_find(clp, sim_address(address)) : &clp->tables[DVIPA_MAX + 1];

    return t && t->clusterports.on && t->store && !t->store->enter ? t : NULL;
}

/* --- (a) ------------------------------------------------------------------------------------------------------------ */

static const char *state_of(unsigned n)
{
    return dead[n] ? "is dead and not recovered" : sim_systems[n].resting ? "has it" : "is in the middle of a call";
}

static void twice(unsigned holder, unsigned taker, unsigned address, uint32_t word, uint64_t ports)
{
    char text[16];

    sim_violation("port %u of %s has two owners: %s took it, %s %s", word * 64 + bits_first(ports), address_text(address, text),
                  sim_systems[taker].name, sim_systems[holder].name, state_of(holder));
}

/* Ports in use since before CLUSTERPORTS: shared, and never given out again. */
static uint64_t draining(unsigned n, unsigned address, uint32_t word)
{
    const struct clp_table *t = dead[n] ? NULL : table_of(n, address);

    return t ? t->draining[word] : 0;
}

static void came(unsigned n, unsigned address, uint32_t word, uint64_t ports)
{
    ports &= ~draining(n, address, word);
    for (unsigned m = 1; m <= sim_plan.stacks; m++) {
        uint64_t both = m == n ? 0 : ports & shadow[m][address][word];

        if (both)
            both &= ~draining(m, address, word);
        if (!both)
            continue;
        if (dead[m] && unsure[m]) {
            shadow[m][address][word] &= ~both;      /* it has been given away with the last breath */
            continue;
        }
        if (dead[m] || sim_systems[m].resting || overlap_count == OVERLAPS_MAX) {
            twice(m, n, address, word, both);
            return;
        }
        overlaps[overlap_count++] = (struct overlap){ m, n, address, word, both };
    }
}

static void forget_connections(unsigned n, unsigned address);

static void note(unsigned n, unsigned address, uint32_t word, const char *how, uint64_t ports)
{
    char text[16];

    if (ports && simulator_trace)
        simulator_note("%s %s %u ports of %s: word %u, %016llx", sim_systems[n].name, how, bits_count(ports),
                       address_text(address, text), word, (unsigned long long)ports);
}

static void compare(unsigned n, unsigned address)
{
    static const uint64_t nothing[CLP_WORDS];
    const struct clp_table *t = table_of(n, address);
    const uint64_t *now = t ? t->owned : nothing;
    uint64_t *before = shadow[n][address];

    if (clustered[n][address] && !t)
        forget_connections(n, address);
    clustered[n][address] = t != NULL;
    if (memcmp(before, now, words * sizeof *now) == 0)
        return;
    for (uint32_t w = 0; w < words; w++) {
        uint64_t more = now[w] & ~before[w];

        note(n, address, w, "has lost", before[w] & ~now[w]);
        note(n, address, w, "has got", more);
        before[w] = now[w];
        if (more)
            came(n, address, w, more);
    }
}

void model_step(unsigned n)
{
    for (unsigned a = 0; a < ADDRESSES; a++)
        compare(n, a);
}

void model_rests(unsigned n)
{
    unsigned kept = 0;

    if (overlap_count == 0)
        return;
    model_step(n);
    for (unsigned i = 0; i < overlap_count; i++) {
        const struct overlap *o = &overlaps[i];

        if (o->holder != n) {
            overlaps[kept++] = *o;
            continue;
        }
        uint64_t both = o->ports & shadow[n][o->address][o->word] & shadow[o->taker][o->address][o->word] &
                        ~draining(n, o->address, o->word) & ~draining(o->taker, o->address, o->word);
        if (both)
            twice(n, o->taker, o->address, o->word, both);
    }
    overlap_count = kept;
}

const uint64_t *model_owned(unsigned n, uint32_t address)
{
    for (unsigned a = 0; a < ADDRESSES; a++)
        if (sim_address(a) == address)
            return shadow[n][a];
    return NULL;
}

/* --- death ---------------------------------------------------------------------------------------------------------- */

/* What it was about to give away is the taker's. */
void model_died(unsigned n, bool changed)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < overlap_count; i++) {
        const struct overlap *o = &overlaps[i];

        if (o->holder == n)
            shadow[n][o->address][o->word] &= ~o->ports;
        else if (o->taker != n)
            overlaps[kept++] = *o;
    }
    overlap_count = kept;
    dead[n] = true;
    unsure[n] = changed;
    for (unsigned a = 0; a < SIM_DVIPAS && sim_plan.clusterports.store == STORE_BROADCAST; a++)
        memset(shadow[n][a], 0, sizeof shadow[n][a]);       /* whom nobody can ask has nothing */
    for (unsigned a = 0; a < ADDRESSES; a++)
        clustered[n][a] = false;
}

void model_recovered(unsigned n)
{
    if (!dead[n])
        return;
    dead[n] = false;
    memset(shadow[n], 0, sizeof shadow[n]);
}

void model_gone(uint32_t address)
{
    for (unsigned a = 0; a < ADDRESSES; a++)
        for (unsigned n = 1; n <= SIM_STACKS_MAX && sim_address(a) == address; n++)
            if (dead[n])
                memset(shadow[n][a], 0, sizeof shadow[n][a]);
}

/* --- (b) ------------------------------------------------------------------------------------------------------------ */

static bool same(const struct clp_tuple *a, const struct clp_tuple *b)
{
    return a->source == b->source && a->destination == b->destination && a->port == b->port && a->dport == b->dport;
}

static uint16_t *bucket_of(const struct clp_tuple *t)
{
    uint64_t key = ((uint64_t)t->source << 32 ^ (uint64_t)t->port << 16 ^ t->dport ^ (uint64_t)t->destination << 20);

    return &buckets[(key * 0x9E3779B97F4A7C15ull >> 40) % BUCKETS];
}

void model_opened(unsigned n, const struct clp_tuple *tuple, bool promised)
{
    char from[16], to[16];

    for (uint16_t i = *bucket_of(tuple); i; i = tuples[i - 1].next) {
        const struct entry *e = &tuples[i - 1];

        if (same(&e->tuple, tuple) && (e->system == n || (promised && e->promised)))
            sim_violation("%s:%u to %s:%u is open on %s and was opened on %s", text_ip(from, tuple->source), tuple->port,
                          text_ip(to, tuple->destination), tuple->dport, sim_systems[e->system].name, sim_systems[n].name);
    }
    STACK_ASSERT(free_tuples);
    uint16_t number = free_tuples, *bucket = bucket_of(tuple);
    struct entry *e = &tuples[number - 1];
    free_tuples = e->next;
    *e = (struct entry){ .tuple = *tuple, .system = (uint8_t)n, .promised = promised, .next = *bucket };
    *bucket = number;
    open_count++;
}

void model_closed(unsigned n, const struct clp_tuple *tuple)
{
    for (uint16_t *link = bucket_of(tuple); *link; link = &tuples[*link - 1].next) {
        uint16_t number = *link;
        struct entry *e = &tuples[number - 1];

        if (e->system != n || !same(&e->tuple, tuple))
            continue;
        *link = e->next;
        e->next = free_tuples;
        free_tuples = number;
        open_count--;
        return;
    }
}

unsigned model_open(void)
{
    return open_count;
}

/* CLUSTERPORTS has gone from the address: what is open is no more than conventional. */
static void forget_connections(unsigned n, unsigned address)
{
    for (unsigned b = 0; b < BUCKETS; b++)
        for (uint16_t i = buckets[b]; i; i = tuples[i - 1].next)
            if (tuples[i - 1].system == n && (address == SIM_DVIPAS || tuples[i - 1].tuple.source == sim_address(address)))
                tuples[i - 1].promised = false;
}

/* --- (c) ------------------------------------------------------------------------------------------------------------ */

/* Eligible on system n (0: on every one), by the profiles alone: in its range, reserved nowhere. */
static void eligible(unsigned n, uint32_t address, uint64_t map[CLP_WORDS])
{
    memset(map, 0, CLP_WORDS * sizeof *map);
    for (uint32_t port = 0; port < words * 64; port++)
        port_set(map, port);
    for (unsigned m = 1; m <= sim_plan.stacks; m++) {
        const struct profile *p = &sim_systems[m].profile;
        uint32_t low = p->ephemeral_low, high = p->ephemeral_high, xlow = p->explicit_first, xcount = p->explicit_count;

        if (sim_systems[m].state != SIM_UP)
            continue;
        for (uint32_t port = 0; port < words * 64; port++) {
            bool pool = xcount && port >= xlow && port < xlow + xcount;
            bool outside = (n == 0 || n == m) && (port < low || port > high);

            if (address == CLP_EXPLICIT ? !pool : outside || pool)
                port_clear(map, port);
        }
        for (unsigned i = 0; i < p->port_count; i++)
            for (uint32_t port = p->ports[i].first; port < p->ports[i].first + (uint32_t)p->ports[i].count; port++)
                if (port < words * 64)
                    port_clear(map, port);
    }
}

void model_all_open(unsigned n, uint32_t address, uint32_t count)
{
    static uint64_t map[CLP_WORDS];
    uint32_t ports = 0;
    char text[16];

    eligible(n, address, map);
    for (uint32_t w = 0; w < words; w++)
        ports += bits_count(map[w]);
    if (ports != count)
        sim_violation("%s could open %u connections of %s to one destination, not %u: some have leaked", sim_systems[n].name,
                      count, text_ip(text, address), ports);
}

void model_all_taken(uint32_t address)
{
    static uint64_t left[CLP_WORDS];
    uint32_t count = 0, first = 0;
    char text[16];

    eligible(0, address, left);
    for (uint32_t w = words; w-- > 0;) {
        for (unsigned n = 1; n <= sim_plan.stacks; n++)
            if (sim_systems[n].state == SIM_UP)
                left[w] &= ~model_owned(n, address)[w];
        count += bits_count(left[w]);
        if (left[w])
            first = w * 64 + bits_first(left[w]);
    }
    if (count)
        sim_violation("%u ports of %s have leaked: nobody has them and nobody can get them; the first is %u", count,
                      text_ip(text, address), first);
}
