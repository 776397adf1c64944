/* The local table, and the flowcharts over it. See clp.h. */
#include "stack/clp/clp.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_random.h"

#define NO_PORT 65536u

/* Idle blocks stay here up to this many free ports, so that a stack at the edge of a block does not move it to and fro. */
static uint32_t high_water(const struct clp_table *t)
{
    return 2u * t->clusterports.blocksize;
}

static int error(struct clp *clp, int code, enum clp_reason reason)
{
    clp->reason = reason;
    return code;
}

/* --- the ring of free ports ---------------------------------------------------------------------------------------- */

static void ring_push(struct clp_table *t, uint16_t port)
{
    if (port_in(t->queued, port)) {
        port_set(t->touched, port);         /* it stands there since before its use */
        return;
    }
    t->ring[(t->ring_head + t->ring_count++) & (PORTS_PER_DVIPA - 1)] = port;
    port_set(t->queued, port);
}

/* The port that is free for longest. Amortised constant: every turn of the loop takes back a push. */
static uint32_t ring_pop(struct clp_table *t)
{
    while (t->ring_count) {
        uint16_t port = t->ring[t->ring_head];

        t->ring_head = (t->ring_head + 1) & (PORTS_PER_DVIPA - 1);
        t->ring_count--;
        port_clear(t->queued, port);
        bool touched = port_in(t->touched, port);
        port_clear(t->touched, port);
        if (!port_in(t->owned, port) || t->use[port])
            continue;
        if (!touched)
            return port;
        ring_push(t, port);
    }
    return NO_PORT;
}

/* Bring the last n ports of the ring into random order. */
static void ring_shuffle(struct clp *clp, struct clp_table *t, uint32_t n)
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

/* Ports that are this stack's now: into the ring, in random order. words: from word `first` on. */
static void add_ports(struct clp *clp, struct clp_table *t, uint32_t first, const uint64_t *words, uint32_t count)
{
    uint32_t before = t->ring_count;

    for (uint32_t w = 0; w < count; w++) {
        t->owned[first + w] |= words[w];
        for (uint64_t left = words[w] & clp->eligible[first + w]; left;) {
            uint32_t place = bits_first(left);

            uint16_t port = (uint16_t)((first + w) * 64 + place);

            left &= ~port_bit(port);
            if (!t->use[port]) {
                t->free_owned++;
                ring_push(t, port);
            }
        }
    }
    ring_shuffle(clp, t, t->ring_count - before);
}

static void use_port(struct clp *clp, struct clp_table *t, uint16_t port)
{
    if (t->use[port]++ == 0) {
        t->used++;
        if (port_in(t->owned, port) && port_in(clp->eligible, port))
            t->free_owned--;
    }
}

/* --- tables -------------------------------------------------------------------------------------------------------- */

static struct clp_table *find_dvipa(struct clp *clp, uint32_t address)
{
    for (unsigned i = 0; i < clp->count; i++)
        if (clp->addresses[i] == address)
            return &clp->tables[i];
    return NULL;
}

/* Conventional assignment: all ports of the address are this stack's, it asks nobody. */
static void own_all(struct clp *clp, struct clp_table *t)
{
    add_ports(clp, t, 0, clp->eligible, CLP_WORDS);
    t->ready = true;
}

static struct clp_table *ordinary(struct clp *clp)
{
    struct clp_table *t = &clp->tables[DVIPA_MAX];

    if (!t->ready)
        own_all(clp, t);
    return t;
}

static struct clp_table *table_of(struct clp *clp, uint32_t address)
{
    struct clp_table *t = find_dvipa(clp, address);

    return t ? t : ordinary(clp);
}

static uint32_t list_of(uint32_t dvipa)
{
    return 1 + (uint32_t)(((dvipa * 0x9E3779B97F4A7C15ull) >> 32) % (CLP_LISTS - 1));
}

void clp_init(struct clp *clp, const struct profile *profile, const char *system, uint8_t number,
              const struct clp_ops *ops, void *context)
{
    text_format(clp->system, sizeof clp->system, "%s", system);
    clp->store = &clp_cf_store;
    clp->number = number;
    clp->ops = ops;
    clp->context = context;
    clp->timewait_s = profile->timewait_s;
    for (uint32_t port = profile->ephemeral_low; port <= profile->ephemeral_high; port++)
        port_set(clp->eligible, port);
    for (unsigned i = 0; i < profile->port_count; i++) {
        const struct profile_portreserve *r = &profile->ports[i];

        for (uint32_t port = r->first; r->tcp && port < (uint32_t)r->first + r->count && port < PORTS_PER_DVIPA; port++)
            port_clear(clp->eligible, port);
    }
    clp_random_stir(clp);
}

/* --- Fig. 8B ------------------------------------------------------------------------------------------------------- */

/* Take one given port from the pool. */
static int claim_port(struct clp *clp, struct clp_table *t, uint16_t port)
{
    uint64_t word = port_bit(port);
    int rc = clp->store->claim(clp, t, port);

    if (rc == CLP_OK)
        add_ports(clp, t, port / 64, &word, 1);
    return rc;
}

struct scan {
    struct clp *clp;
    struct clp_table *table;
};

/* A port of a connection that was there before CLUSTERPORTS was: in use here, and unavailable to the others. */
static void use_found_port(void *argument, uint16_t port)
{
    struct scan *scan = argument;
    struct clp *clp = scan->clp;
    struct clp_table *t = scan->table;

    if (!port_in(t->owned, port) && port_in(clp->eligible, port) && claim_port(clp, t, port) != CLP_OK)
        clp->statistics.conflicts++;
    use_port(clp, t, port);
}

static void scan_connections(struct clp *clp, struct clp_table *t)
{
    struct scan scan = { clp, t };

    if (clp->ops && clp->ops->scan)
        clp->ops->scan(clp->context, t->address, use_found_port, &scan);
}

static int initialise(struct clp *clp, struct clp_table *t, unsigned origin)
{
    FLOW(8B, 800);
    if (!t->clusterports.on) {
        own_all(clp, t);
        return CLP_OK;
    }
    int rc = clp->store->init(clp, t);      /* 850 - 865 */
    if (rc != CLP_OK)
        return rc;
    t->ready = true;
    FLOW(8B, 870);
    if (origin & CLP_VIPARANGE) {
        FLOW(8B, 880);
        scan_connections(clp, t);
        FLOW(8B, 890);
    } else {
        FLOW(8B, 875);
        if (origin & CLP_VARY_OBEY) {
            FLOW(8B, 885);
            scan_connections(clp, t);
            FLOW(8B, 890);
        }
    }
    return CLP_OK;
}

int clp_activate(struct clp *clp, uint32_t dvipa, const struct profile_clusterports *clusterports, unsigned origin)
{
    if (find_dvipa(clp, dvipa))
        return CLP_OK;
    if (clp->count == DVIPA_MAX)
        return error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_TABLES);
    struct clp_table *t = &clp->tables[clp->count];

    clp->addresses[clp->count++] = dvipa;
    t->address = dvipa;
    t->clusterports = *clusterports;
    if (t->clusterports.blocksize == 0)
        t->clusterports.blocksize = BLOCKSIZE_DEFAULT;
    STACK_ASSERT((t->clusterports.blocksize & (t->clusterports.blocksize - 1)) == 0 &&
                 t->clusterports.blocksize <= BLOCKSIZE_MAX);
    t->list = list_of(dvipa);
    return initialise(clp, t, origin);
}

/* --- blocks -------------------------------------------------------------------------------------------------------- */

static int announce(struct clp *clp, const struct clp_table *t, uint32_t first, uint32_t count, const uint8_t *owned)
{
    if (clp->ops && clp->ops->announce && clp->ops->announce(clp->context, t->address, first, count, owned) != 0)
        return error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_ROUTING);
    return CLP_OK;
}

static int announce_grant(struct clp *clp, const struct clp_table *t, const struct clp_grant *g)
{
    uint8_t owned[BLOCKSIZE_MAX / 8];

    if (g->count == 1)
        return announce(clp, t, g->first, 1, NULL);
    if (g->count < 64) {
        put_be64(owned, g->ports[0] << (g->first & 63));
    } else {
        for (uint32_t w = 0; w < g->count / 64; w++)
            put_be64(owned + 8 * w, g->ports[w]);
    }
    return announce(clp, t, g->first, g->count, owned);
}

static uint32_t grant_words(const struct clp_grant *g)
{
    return g->count < 64 ? 1 : g->count / 64;
}

/* Move a block from the pool to this stack and tell the distributing stack. */
static int take_block(struct clp *clp, struct clp_table *t)
{
    struct clp_grant g;
    int rc = t->ready ? CLP_OK : initialise(clp, t, CLP_DEFINED);

    if (rc == CLP_OK)
        rc = clp->store->take(clp, t, &g);
    if (rc != CLP_OK)
        return rc;
    clp->statistics.taken++;
    rc = announce_grant(clp, t, &g);
    if (rc != CLP_OK && clp->store->give(clp, t, &g) == CLP_OK)
        return error(clp, rc, CLP_REASON_ROUTING);
    /* Not announced, and not to be given back either (the CF has just gone): it stays here. Nobody else can get it. */
    add_ports(clp, t, g.first / 64, g.ports, grant_words(&g));
    return rc;
}

static bool block_is_idle(const struct clp_table *t, uint32_t first, uint32_t count)
{
    uint64_t eight;

    for (; count >= 8; count -= 8, first += 8) {
        memcpy(&eight, &t->use[first], 8);
        if (eight)
            return false;
    }
    for (; count; count--, first++)
        if (t->use[first])
            return false;
    return true;
}

/* Give the ports of an idle block back to the pool. If that fails they stay here, and the next end of a connection tries
 * again. */
static void give_block(struct clp *clp, struct clp_table *t, uint32_t first, uint32_t count)
{
    struct clp_grant g = { .first = first, .count = count };
    uint64_t within = count < 64 ? (~0ull << (64 - count)) >> (first & 63) : ~0ull;
    uint32_t ports = 0;

    for (uint32_t w = 0; w < grant_words(&g); w++) {
        g.ports[w] = t->owned[first / 64 + w] & within;
        ports += bits_count(g.ports[w] & clp->eligible[first / 64 + w]);
    }
    if (clp->store->give(clp, t, &g) != CLP_OK)
        return;
    clp->statistics.given++;
    for (uint32_t w = 0; w < grant_words(&g); w++)
        t->owned[first / 64 + w] &= ~g.ports[w];
    t->free_owned -= ports;
}

/* --- Fig. 9 -------------------------------------------------------------------------------------------------------- */

/* A free port that is this stack's, from the pool if none is here. */
static int assign_clustered(struct clp *clp, struct clp_table *t, uint32_t *port)
{
    int rc = CLP_OK;

    if (t->clusterports.blocksize == 1 || t->free_owned == 0)
        rc = take_block(clp, t);
    *port = ring_pop(t);                    /* also without a new block: ports that are here may be used without the CF */
    if (*port != NO_PORT)
        return CLP_OK;
    if (clp->reason == CLP_REASON_EXHAUSTED)
        clp->statistics.exhausted++;
    return rc;
}

static int assign_local(struct clp *clp, struct clp_table *t, uint32_t *port)
{
    *port = ring_pop(t);
    if (*port == NO_PORT) {
        clp->statistics.exhausted++;
        return error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_EXHAUSTED);
    }
    int rc = t->address ? announce(clp, t, *port, 1, NULL) : CLP_OK;
    if (rc != CLP_OK)
        ring_push(t, (uint16_t)*port);
    return rc;
}

/* Make a given port this stack's. */
static int own_port(struct clp *clp, struct clp_table *t, uint16_t port)
{
    if (t->address == 0 || !port_in(clp->eligible, port) || t->use[port])
        return CLP_OK;                      /* no other stack's business, or settled at its first use */
    if (!t->clusterports.on)
        return announce(clp, t, port, 1, NULL);
    if (port_in(t->owned, port))
        return CLP_OK;
    int rc = t->ready ? CLP_OK : initialise(clp, t, CLP_DEFINED);
    if (rc == CLP_OK)
        rc = claim_port(clp, t, port);
    return rc == CLP_OK ? announce(clp, t, port, 1, NULL) : rc;
}

static int assign_given(struct clp *clp, struct clp_table *t, uint16_t port)
{
    if (t->clusterports.on)
        FLOW(9, 920);
    if (t->use[port] == UINT8_MAX)
        return error(clp, CLP_EADDRINUSE, CLP_REASON_USED);
    return own_port(clp, t, port);
}

int clp_assign(struct clp *clp, uint32_t source, uint16_t bound_port, uint16_t *port)
{
    uint32_t chosen = bound_port;
    int rc;

    FLOW(9, 900);
    struct clp_table *t = find_dvipa(clp, source);
    if (!t) {
        FLOW(9, 950);
        t = ordinary(clp);
        rc = bound_port ? assign_given(clp, t, bound_port) : assign_local(clp, t, &chosen);
    } else {
        FLOW(9, 905);
        if (!t->clusterports.on)
            FLOW(9, 910);
        else
            FLOW(9, 915);
        rc = bound_port ? assign_given(clp, t, bound_port)
             : t->clusterports.on ? assign_clustered(clp, t, &chosen) : assign_local(clp, t, &chosen);
    }
    if (rc != CLP_OK)
        return rc;
    if (t->address) {
        FLOW(9, 930);
        FLOW(9, 945);                       /* the caller opens the connection with it */
    }
    use_port(clp, t, (uint16_t)chosen);
    *port = (uint16_t)chosen;
    clp->statistics.assigned++;
    return CLP_OK;
}

int clp_claim(struct clp *clp, uint32_t source, uint16_t port)
{
    struct clp_table *t = table_of(clp, source);

    if (t->use[port])
        return error(clp, CLP_EADDRINUSE, CLP_REASON_USED);
    int rc = assign_given(clp, t, port);
    if (rc != CLP_OK)
        return rc;
    if (t->address)
        FLOW(9, 930);
    use_port(clp, t, port);
    clp->statistics.assigned++;
    return CLP_OK;
}

/* --- Fig. 10 ------------------------------------------------------------------------------------------------------- */

void clp_release(struct clp *clp, uint32_t source, uint16_t port)
{
    struct clp_table *t = table_of(clp, source);

    STACK_ASSERT(t->use[port] > 0);
    FLOW(10, 1000);
    clp->statistics.released++;
    if (t->address) {
        FLOW(10, 1005);
        FLOW(10, 1010);
    } else {
        FLOW(10, 1035);
    }
    if (--t->use[port] > 0)
        return;
    t->used--;
    if (!port_in(t->owned, port) || !port_in(clp->eligible, port))
        return;
    t->free_owned++;
    ring_push(t, port);
    if (!t->clusterports.on)
        return;
    uint32_t size = t->clusterports.blocksize;
    uint32_t first = port & ~(size - 1);
    if (size == 1 || (t->free_owned > high_water(t) && block_is_idle(t, first, size)))
        give_block(clp, t, first, size);
}

struct clp_usage clp_usage(const struct clp *clp, uint32_t address)
{
    struct clp_usage usage = { 0, 0 };

    for (unsigned i = 0; i < clp->count; i++) {
        if (clp->addresses[i] == address) {
            usage.used = clp->tables[i].used;
            usage.free_owned = clp->tables[i].free_owned;
        }
    }
    return usage;
}

uint32_t clp_list(uint32_t dvipa)
{
    return list_of(dvipa);
}
