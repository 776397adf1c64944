/* Figures 9 and 4: a port for a connection, from this stack's blocks or the cluster's pool. Figures 10 and 5: its end. */
#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp_peer.h"
#include "stack/clp/clp_table.h"

#define DEMAND_US 1000000u          /* a trip within this time of the one before: demand. The same without one: less of it */
#define BEG_ROUNDS 4u               /* a trip for ports that are given back, while others are faster */

/* --- blocks -------------------------------------------------------------------------------------------------------- */

static int announce_port(struct clp *clp, const struct clp_table *t, uint16_t port)
{
    struct clp_grant g;

    return clp_announce(clp, t, grant_one(&g, port));
}

/* Demand falls: half as many blocks for every DEMAND_US without a trip. */
static void cool(struct clp_table *t, uint64_t now)
{
    while (t->blocks > 1 && now - t->cooled_us >= DEMAND_US) {
        table_set_blocks(t, t->blocks / 2);
        t->cooled_us += DEMAND_US;
    }
}

/* Blocks of the next trip. Block size 1 is the patent to the letter: one at a time. */
static uint32_t appetite(struct clp_table *t, uint64_t now)
{
    uint32_t size = t->clusterports.blocksize;

    if (t->taken_us && now - t->taken_us < DEMAND_US && size > 1 && t->blocks * 2 <= CLP_GRANT_WORDS &&
        t->blocks * 2 * size <= CLP_GRANT_WORDS * 64)
        return t->blocks * 2;
    cool(t, now);
    return t->blocks;
}

/* Cut to what the quota leaves, in whole blocks; 0: nothing. */
static uint32_t within_quota(struct clp *clp, const struct clp_table *t, uint32_t ports)
{
    uint32_t quota = t->clusterports.quota, size = t->clusterports.blocksize;

    if (quota == 0 || t->owned_ports + ports <= quota)
        return ports;
    clp->statistics.over_quota++;
    return t->owned_ports >= quota ? 0 : (quota - t->owned_ports) / size * size;
}

/* The pool runs low: ask the others in time, with luck. Nobody waits for it. */
static void ask_back(struct clp *clp, struct clp_table *t)
{
    const struct clp_message m = { .kind = CLP_RETURN, .address = t->address };
    uint64_t now = platform_clock_us();

    if (t->asked_us && now - t->asked_us < CLP_ASK_AGAIN_US)
        return;
    t->asked_us = now;
    clp->statistics.asked++;
    (void)clp_send(clp, 0, &m);
}

/* The pool is empty, and a connection waits: take what another stack gives back. The first that does is enough, unless a third
 * one is faster: then the rest is asked again. No: nobody has any, and is not asked again for CLP_ASK_AGAIN_US. */
static int beg(struct clp *clp, struct clp_table *t, struct clp_grant *g)
{
    int rc = clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_EXHAUSTED);

    if (t->begged_us && platform_clock_us() - t->begged_us < CLP_ASK_AGAIN_US)
        return rc;
    for (unsigned round = 0; round < BEG_ROUNDS; round++) {
        struct clp_message m = { .kind = CLP_RETURN, .flags = CLP_FLAG_URGENT, .address = t->address };

        clp->statistics.asked++;
        (void)clp_ask(clp, 0, &m, CLP_ASK_US, true);
        bool given = clp->question.yes;
        rc = t->store->take(clp, t, t->clusterports.blocksize, g);
        if (rc == CLP_OK)
            return rc;
        if (!given || clp->reason != CLP_REASON_EXHAUSTED)
            break;
    }
    t->begged_us = platform_clock_us();
    return rc;
}

/* Move ports from the pool to this stack and tell the distributing stack. wait: a connection waits for them, so wait for
 * ports of other stacks too if there are no others. */
static int take_blocks(struct clp *clp, struct clp_table *t, bool wait)
{
    struct clp_grant g;
    int rc = clp_make_ready(clp, t);

    if (rc != CLP_OK)
        return rc;
    uint64_t now = platform_clock_us();
    uint32_t blocks = appetite(t, now), ports = within_quota(clp, t, blocks * t->clusterports.blocksize);
    if (ports == 0)
        return clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_QUOTA);
    rc = t->store->take(clp, t, ports, &g);
    if (rc != CLP_OK && clp_again(clp, t))
        rc = t->store->take(clp, t, ports, &g);
    if (rc != CLP_OK && wait && clp->reason == CLP_REASON_EXHAUSTED)
        rc = beg(clp, t, &g);
    if (rc != CLP_OK)
        return rc;
    table_set_blocks(t, blocks);
    t->taken_us = t->cooled_us = now;
    clp->statistics.taken++;
    clp->statistics.ports_taken += grant_ports(&g);
    /* In the table first: while others are told, messages come in, and one may ask for ports back. */
    clp_came(clp, t, &g);
    rc = clp_announce(clp, t, &g);
    if (rc == CLP_OK)
        return rc;
    (void)clp_give(clp, t, &g);
    /* Not announced, and not to be given back either (the CF has just gone): it stays here. Nobody else can get it. */
    return clp_error(clp, rc, CLP_REASON_ROUTING);
}

int clp_give(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    int rc = t->store->give(clp, t, g);

    if (rc != CLP_OK)
        return rc;                          /* they stay here, and the next end of a connection tries again */
    clp->statistics.given++;
    clp->statistics.ports_given += grant_ports(g);
    table_remove(t, g);
    clp_logged(clp, t, g, false);
    return CLP_OK;
}

uint32_t clp_give_surplus(struct clp *clp, struct clp_table *t, uint32_t keep)
{
    struct clp_grant g;
    uint32_t given = 0;

    while (table_free_owned(t) > keep) {
        uint32_t ports = table_idle(clp, t, table_free_owned(t) - keep, &g);
        if (ports == 0 || clp_give(clp, t, &g) != CLP_OK)
            break;
        given += ports;
    }
    return given;
}

/* The keeper has seen how full the pool is: tell the operator before it is empty, and the other stacks that ports are
 * wanted. available: of `all` ports that could be given out. */
void clp_pool_seen(struct clp_table *t, uint32_t available, uint32_t all)
{
    char text[16];

    if (available >= all / 5)
        t->low_told = false;
    if (available >= all / 10)
        return;
    if (!t->low_told) {
        t->low_told = true;
        if (t->address == CLP_EXPLICIT)
            text_wto("EZD1296I EXPLICITBINDPORTRANGE IS NEARLY EXHAUSTED: %u OF %u PORTS ARE LEFT", available, all);
        else
            text_wto("EZD1296I PORTS OF DVIPA %s ARE NEARLY EXHAUSTED: %u OF %u PORTS ARE LEFT", text_ip(text, t->address),
                     available, all);
    }
    t->wanting = true;
}

/* --- Figs. 9 and 4 ------------------------------------------------------------------------------------------------- */

static int exhausted(struct clp *clp, int rc)
{
    if (clp->reason == CLP_REASON_EXHAUSTED || clp->reason == CLP_REASON_QUOTA)
        clp->statistics.exhausted++;
    return rc;
}

/* A port that is here: a free one, else one that is in use towards other destinations. */
static uint32_t port_here(struct clp *clp, struct clp_table *t, struct clp_destination *d)
{
    uint32_t port = table_pop(clp, t);

    if (port == NO_PORT && d && (t->clusterports.blocksize != 1 || !t->clusterports.on)) {
        port = table_share(t, d);
        clp->statistics.shared += port != NO_PORT;
    }
    return port;
}

/* From the pool if none is here. */
static int assign_clustered(struct clp *clp, struct clp_table *t, struct clp_destination *d, uint32_t *port)
{
    int rc = CLP_OK;

    if (t->clusterports.blocksize == 1) {
        rc = take_blocks(clp, t, true);
        *port = table_pop(clp, t);               /* also without a new one: ports that are here may be used without the CF */
    } else {
        *port = port_here(clp, t, d);
        if (*port == NO_PORT) {
            rc = take_blocks(clp, t, true);
            *port = port_here(clp, t, d);
        } else if (table_free_owned(t) < t->low) {
            clp->thirsty = t;
        }
    }
    if (*port != NO_PORT)
        return CLP_OK;
    return exhausted(clp, rc != CLP_OK ? rc : clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_EXHAUSTED));
}

static int assign_local(struct clp *clp, struct clp_table *t, struct clp_destination *d, uint32_t *port)
{
    *port = port_here(clp, t, d);
    if (*port == NO_PORT)
        return exhausted(clp, clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_EXHAUSTED));
    int rc = t->address && !t->use[*port] ? announce_port(clp, t, (uint16_t)*port) : CLP_OK;
    if (rc != CLP_OK)
        table_push(t, (uint16_t)*port);
    return rc;
}

/* CRHT: propose ports until the 4-tuple is new in the cluster. */
static int assign_entered(struct clp *clp, struct clp_table *t, struct clp_destination *d, uint32_t destination,
                          uint16_t dport, uint32_t *port)
{
    int rc = clp_make_ready(clp, t);

    for (uint32_t tries = t->owned_ports; rc == CLP_OK && tries; tries--) {
        *port = port_here(clp, t, d);
        if (*port == NO_PORT)
            break;
        struct clp_tuple tuple = { t->address, destination, (uint16_t)*port, dport };
        rc = t->store->enter(clp, t, &tuple);
        if (rc == CLP_OK)
            return CLP_OK;
        if (!t->use[*port])
            table_push(t, (uint16_t)*port);
        if (rc == CLP_EADDRINUSE)
            rc = CLP_OK;
    }
    return exhausted(clp, rc != CLP_OK ? rc : clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_EXHAUSTED));
}

/* Make a given port this stack's. It may be in use and not be: since before it was eligible, or CLUSTERPORTS came. */
static int own_port(struct clp *clp, struct clp_table *t, uint16_t port)
{
    struct clp_grant g;

    if (t->address == 0)
        return CLP_OK;                      /* no other stack's business */
    if (t->clusterports.on && t->store->enter)
        return CLP_OK;                      /* the connection is what counts */
    if (!t->clusterports.on || !port_in(t->eligible, port))
        return t->use[port] ? CLP_OK : announce_port(clp, t, port);
    if (port_in(t->draining, port))
        return clp_error(clp, CLP_EADDRINUSE, CLP_REASON_OWNED);        /* perhaps another stack has it too */
    if (port_in(t->owned, port))
        return CLP_OK;
    int rc = clp_make_ready(clp, t);
    if (rc == CLP_OK)
        rc = t->store->claim(clp, t, port, &g);
    if (rc != CLP_OK && clp_again(clp, t))
        rc = t->store->claim(clp, t, port, &g);
    if (rc == CLP_EADDRINUSE && clp_ask_owner(clp, t, port))
        rc = t->store->claim(clp, t, port, &g);
    if (rc != CLP_OK)
        return rc;
    clp_came(clp, t, &g);
    rc = clp_announce(clp, t, &g);
    if (rc != CLP_OK || port_in(t->owned, port))
        return rc;
    return clp_error(clp, CLP_EADDRINUSE, CLP_REASON_OWNED);    /* free still, it has been given up to another stack */
}

/* The port that the socket is bound to. Bound to the address itself it is this stack's already; bound to INADDR_ANY it
 * comes from the explicit-bind pool, or must be had from the address's pool now. */
static int assign_given(struct clp *clp, struct clp_table *t, struct clp_destination *d, uint16_t port)
{
    if (t->clusterports.on)
        FLOW(9, 920);
    if (t->use[port] == UINT8_MAX || (t->use[port] && !port_in(t->solo, port) && (!d || table_towards(t, d, port))))
        return clp_error(clp, CLP_EADDRINUSE, CLP_REASON_USED);
    int rc = own_port(clp, t, port);
    if (rc == CLP_EADDRINUSE)
        return clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_JRSRCIPDISTDVIPA);
    return rc;
}

/* Is each of its connections an entry of the keeper? */
static bool is_entered(const struct clp_table *t)
{
    return t->address && t->clusterports.on && t->store->enter;
}

/* Or will they be, when CLUSTERPORTS come? */
static bool may_be_entered(const struct clp_table *t)
{
    return t->address && (!t->clusterports.on || t->store->enter);
}

static void flow_of_assignment(const struct clp_table *t)
{
    FLOW(9, 900);
    FLOW(4, 400);
    if (t->address == 0) {
        FLOW(9, 950);
        FLOW(4, 440);
        return;
    }
    FLOW(9, 905);
    FLOW(4, 410);
    if (t->clusterports.on) {
        FLOW(9, 915);
    } else {
        FLOW(9, 910);
        FLOW(4, 430);
    }
}

static __attribute__((noinline)) int assign(struct clp *clp, uint32_t source, uint16_t bound_port, uint32_t destination,
                                            uint16_t dport, uint16_t *port)
{
    uint32_t chosen = bound_port;
    int rc;

    clp_settle(clp);
    struct clp_table *t = clp_dvipa(clp, source);
    if (!t)
        t = clp_ordinary(clp);
    flow_of_assignment(t);
    struct clp_destination *d = destination_make(clp, t, destination, dport);
    clp->quick = t->quick ? d : NULL;
    if (bound_port)
        rc = assign_given(clp, t, d, bound_port);
    else if (!t->clusterports.on)
        rc = assign_local(clp, t, d, &chosen);
    else if (t->store->enter)
        rc = assign_entered(clp, t, d, destination, dport, &chosen);
    else
        rc = assign_clustered(clp, t, d, &chosen);
    if (rc == CLP_OK && bound_port && is_entered(t)) {
        struct clp_tuple tuple = { source, destination, bound_port, dport };
        rc = t->store->enter(clp, t, &tuple);
    }
    if (rc != CLP_OK)
        return rc;
    if (t->address) {
        FLOW(9, 930);
        if (!t->clusterports.on)
            FLOW(4, 435);
        FLOW(9, 945);                       /* the caller opens the connection with it */
        FLOW(4, 425);
    }
    if (t->use[chosen] && port_in(t->solo, chosen))
        d = NULL;
    table_use(t, d, (uint16_t)chosen);
    if (!d && destination && may_be_entered(t))
        clp_loose_add(&clp->loose, &(struct clp_tuple){ source, destination, (uint16_t)chosen, dport });
    *port = (uint16_t)chosen;
    return CLP_OK;
}

/* The quick way first: where the destination is that of the connection before, and a port of this stack's blocks is ready. */
int clp_assign(struct clp *clp, uint32_t source, uint16_t bound_port, uint32_t destination, uint16_t dport, uint16_t *port)
{
    struct clp_destination *d = clp->quick;
    struct clp_table *t;

    if (!d || d->source != source || d->address != destination || d->port != dport || bound_port ||
        !table_quick_use(t = d->table, d, port))
        return assign(clp, source, bound_port, destination, dport, port);
    FLOW_WAY(ASSIGN);                       /* 9: 900, 905, 915, 930, 945; 4: 400, 410, 425 */
    if (t->plain > t->plain_low)
        clp->thirsty = t;
    return CLP_OK;
}

int clp_claim(struct clp *clp, uint32_t source, uint16_t port)
{
    clp_settle(clp);
    struct clp_table *t = clp_table_of(clp, source);

    if (t->use[port])
        return clp_error(clp, CLP_EADDRINUSE, CLP_REASON_USED);
    int rc = own_port(clp, t, port);
    if (rc != CLP_OK)
        return rc;
    if (t->address)
        FLOW(9, 930);
    table_use(t, NULL, port);
    return CLP_OK;
}

int clp_claim_explicit(struct clp *clp, uint16_t *port)
{
    struct clp_table *t = clp_find(clp, CLP_EXPLICIT);
    uint32_t chosen;
    int rc = assign_clustered(clp, t, NULL, &chosen);

    if (rc != CLP_OK) {
        text_wto("EZD1296I NO PORT OF THE EXPLICITBINDPORTRANGE CAN BE ASSIGNED, REASON %04X", (unsigned)clp->reason);
        return clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_JRSRCIPDISTDVIPA);
    }
    table_use(t, NULL, (uint16_t)chosen);
    *port = (uint16_t)chosen;
    return CLP_OK;
}

/* --- Figs. 10 and 5 ------------------------------------------------------------------------------------------------ */

static void flow_of_termination(const struct clp_table *t)
{
    FLOW(10, 1000);
    FLOW(5, 500);
    if (t->address == 0) {
        FLOW(10, 1035);
        FLOW(5, 525);
        return;
    }
    FLOW(10, 1005);
    FLOW(10, 1010);
    FLOW(5, 505);
    FLOW(5, 510);
    if (!t->clusterports.on)
        FLOW(5, 520);
}

/* Idle blocks stay here up to a number of free ports, so that a stack at the edge of a block does not move it to and fro. */
static void give_idle(struct clp *clp, struct clp_table *t, uint16_t port)
{
    if (table_free_owned(t) > t->high && table_block_idle(t, port))
        (void)clp_give_surplus(clp, t, t->high / 2);
}

/* A port of this stack is free: to the ring, or to the pool. */
static void port_free(struct clp *clp, struct clp_table *t, uint16_t port)
{
    struct clp_grant g;

    bool drained = port_in(t->draining, port);

    port_clear(t->draining, port);
    if (drained && !t->store->whole_blocks) {
        if (clp_give(clp, t, grant_one(&g, port)) != CLP_OK) {
            port_set(t->draining, port);    /* nobody gets it until clp_poll() has given it back */
            t->undrained = true;
        }
        return;
    }
    table_push(t, port);
    if (!t->clusterports.on || t->store->enter)
        return;
    if (t->clusterports.blocksize == 1)
        (void)clp_give(clp, t, grant_one(&g, port));
    else
        give_idle(clp, t, port);
}

static __attribute__((noinline)) void release(struct clp *clp, uint32_t source, uint16_t port, uint32_t destination,
                                              uint16_t dport)
{
    clp_settle(clp);
    struct clp_table *t = clp_table_of(clp, source);

    flow_of_termination(t);
    if (destination && may_be_entered(t)) {
        struct clp_tuple tuple = { source, destination, port, dport };
        bool counted = !is_entered(t) || t->store->leave(clp, t, &tuple);

        if (!counted)
            clp_loose_remove(&clp->others, &tuple, true);
        if (port_in(t->solo, port))
            clp_loose_remove(&clp->loose, &tuple, counted);
    }
    struct clp_destination *d = destination_find(clp, t, destination, dport);
    clp->quick = t->quick ? d : NULL;
    if (!table_unuse(clp, t, d, port))
        return;
    if (port_in(t->owned, port))
        port_free(clp, t, port);
}

void clp_release(struct clp *clp, uint32_t source, uint16_t port, uint32_t destination, uint16_t dport)
{
    struct clp_destination *d = clp->quick;
    struct clp_table *t;

    if (!d || d->source != source || !table_quick_unuse(clp, t = d->table, port)) {
        release(clp, source, port, destination, dport);
        return;
    }
    FLOW_WAY(RELEASE);                      /* 10: 1000, 1005, 1010; 5: 500, 505, 510 */
    if (t->plain < t->plain_high)
        give_idle(clp, t, port);
}

bool clp_in_use(struct clp *clp, uint32_t source, uint16_t port, uint32_t destination, uint16_t dport)
{
    const struct clp_table *t = clp_table_of(clp, source);

    if (!t->use[port] || port_in(t->solo, port))
        return t->use[port];
    const struct clp_destination *d = destination_find(clp, t, destination, dport);
    return d && table_towards(t, d, port);
}

/* --- in the background --------------------------------------------------------------------------------------------- */

static void prefetch(struct clp *clp)
{
    struct clp_table *t = clp->thirsty;
    enum clp_reason reason = clp->reason;

    clp->thirsty = NULL;
    if (t->yielded_us && platform_clock_us() - t->yielded_us < DEMAND_US)
        return;                             /* others need ports more: do not take back what they were just given */
    if (table_free_owned(t) < t->low && take_blocks(clp, t, false) == CLP_OK)
        clp->statistics.prefetched++;
    clp->reason = reason;                   /* nobody has asked for anything */
}

static void give_drained(struct clp *clp, struct clp_table *t)
{
    struct clp_grant g = { 0 };

    for (uint32_t w = 0; w < CLP_WORDS && g.count < CLP_GRANT_WORDS; w++) {
        uint64_t ports = t->draining[w];

        for (uint64_t left = ports; left; left &= ~port_bit(bits_first(left)))
            if (t->use[w * 64 + bits_first(left)])
                ports &= ~port_bit(bits_first(left));
        if (ports)
            g.words[g.count++] = (struct clp_word){ .word = (uint16_t)w, .ports = ports };
    }
    if (clp_give(clp, t, &g) != CLP_OK)
        return;
    t->undrained = g.count == CLP_GRANT_WORDS;
    for (uint32_t i = 0; i < g.count; i++)
        t->draining[g.words[i].word] &= ~g.words[i].ports;
}

static void tend(struct clp *clp, struct clp_table *t, uint64_t now)
{
    cool(t, now);
    if (t->found)
        clp_keep_found_ports(clp, t);
    if (t->undrained)
        give_drained(clp, t);
    uint32_t keep = t->clusterports.blocksize == 1 ? 0 : t->high;     /* 1: only what could not be given at once */
    if (table_free_owned(t) > keep)
        (void)clp_give_surplus(clp, t, keep);
    if (t->wanting) {
        t->wanting = false;
        ask_back(clp, t);
    }
}

/* The keeper could not be reached when CLUSTERPORTS came: ports in use, and an audit, are not to wait for the next connection. */
static void try_again(struct clp *clp, struct clp_table *t)
{
    enum clp_reason reason = clp->reason;

    (void)clp_make_ready(clp, t);               /* fails: once more with the next poll */
    clp->reason = reason;
}

void clp_poll(struct clp *clp)
{
    if (clp->outside)
        return;                             /* a request is waiting for others */
    clp_settle(clp);
    if (clp->thirsty)
        prefetch(clp);
    uint64_t now = platform_clock_us();
    if (now - clp->polled_us < CLP_POLL_US)
        return;
    clp->polled_us = now;
    for (unsigned i = 0; i < CLP_TABLES; i++) {
        struct clp_table *t = &clp->tables[i];

        if (!t->clusterports.on)
            continue;
        if (!t->ready)
            try_again(clp, t);
        if (t->ready && !t->store->enter)
            tend(clp, t, now);
    }
    clp_show(clp, now);
}
