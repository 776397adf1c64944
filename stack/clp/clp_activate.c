/* Figure 8: an address becomes active, with CLUSTERPORTS or without, gets them later, loses them. */
#include <string.h>

#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp_table.h"

struct scan {
    struct clp *clp;
    struct clp_table *table;
};

/* A port of connections that were there before CLUSTERPORTS was: unavailable to the others until the last connection has
 * ended, here and wherever else it is in use. */
static void keep_found_port(struct clp *clp, struct clp_table *t, uint16_t port)
{
    struct clp_grant g;
    int rc = CLP_OK;

    if (!port_in(t->eligible, port) || t->store->enter)
        return;
    if (!port_in(t->owned, port)) {
        rc = t->store->claim(clp, t, port, &g);
        if (rc != CLP_OK && t->store->share) {
            clp->statistics.conflicts++;
            rc = t->store->share(clp, t, port);
            grant_one(&g, port);
        }
        if (rc == CLP_OK)
            clp_came(clp, t, &g);
    }
    if (rc == CLP_OK)
        table_drain(t, port);
}

static void use_found_port(void *argument, uint16_t port)
{
    struct scan *scan = argument;
    struct clp_table *t = scan->table;

    if (t->use[port] == UINT8_MAX || (t->use[port] && !port_in(t->solo, port)))
        return;
    if (!t->use[port])
        keep_found_port(scan->clp, t, port);
    table_use(t, NULL, port);
}

/* A port that a target stack uses is not in the pool: until that stack has found its own connections this one keeps it, and
 * then it is shared. Ended meanwhile: it goes back with the next clp_poll() all the same. */
static void claim_for_target(void *argument, uint16_t port)
{
    struct scan *scan = argument;
    struct clp_table *t = scan->table;
    struct clp_grant g;

    if (!port_in(t->eligible, port) || port_in(t->owned, port) || t->store->claim(scan->clp, t, port, &g) != CLP_OK)
        return;                             /* in use already is as good */
    clp_came(scan->clp, t, &g);
    table_drain(t, port);
    t->undrained = true;
}

void clp_keep_found_ports(struct clp *clp, struct clp_table *t)
{
    t->found = false;
    for (uint32_t port = 0; table_used(t) && port < PORTS_PER_DVIPA; port++)
        if (t->use[port])
            keep_found_port(clp, t, (uint16_t)port);
}

/* 835, 880, 885: the ports of connections that are there already, or where connections are what counts, these. */
static int scan_connections(struct clp *clp, struct clp_table *t)
{
    struct scan scan = { clp, t };

    clp_keep_found_ports(clp, t);
    if (clp->ops && clp->ops->scan)
        clp->ops->scan(clp->context, t->address, use_found_port, &scan);
    return t->store->enter ? t->store->contribute(clp, t) : CLP_OK;
}

/* Only the cluster-wide structure: what is in use is known from the connections alone. */
static int initialise_8a(struct clp *clp, struct clp_table *t, unsigned origin)
{
    struct scan scan = { clp, t };
    bool update = false;
    int rc = CLP_OK;

    FLOW(8A, 810);
    if (origin & CLP_DISTRIBUTED) {
        FLOW(8A, 815);
        if (clp->ops && clp->ops->scan_targets)
            clp->ops->scan_targets(clp->context, t->address, claim_for_target, &scan);
        update = true;
    } else {
        FLOW(8A, 820);
        if (origin & CLP_VIPARANGE)
            FLOW(8A, 830);                  /* this address, which has become active, is the one to be marked */
    }
    if (!(origin & CLP_VIPARANGE) || origin & CLP_DISTRIBUTED)
        FLOW(8A, 825);
    if (origin & (CLP_VARY_OBEY | CLP_VIPARANGE)) {
        FLOW(8A, 835);
        rc = scan_connections(clp, t);
        update = true;
    }
    if (update)
        FLOW(8A, 840);
    return rc;
}

static int initialise_8b(struct clp *clp, struct clp_table *t, unsigned origin)
{
    FLOW(8B, 870);
    if (origin & CLP_VIPARANGE) {
        FLOW(8B, 880);
    } else {
        FLOW(8B, 875);
        if (!(origin & CLP_VARY_OBEY))
            return CLP_OK;
        FLOW(8B, 885);
    }
    int rc = scan_connections(clp, t);
    FLOW(8B, 890);
    return rc;
}

/* A life that has ended before this stack knew of the address was not recovered here, and who knew of it may have ended too. */
static void recover_ended(struct clp *clp, struct clp_table *t)
{
    enum clp_reason reason = clp->reason;

    for (uint8_t n = 1; clp->ops && clp->ops->known && n <= SYSTEMS_MAX; n++) {
        const char *name = n == clp->number ? NULL : clp->ops->known(clp->context, n);
        uint64_t began = platform_clock_us();
        uint32_t ports = 0;

        if (name)
            (void)t->store->recover(clp, t, name, n, &ports);   /* fails: its ports stay where they are, as before */
        if (ports)
            clp->ops->recovered(clp->context, name, ports, platform_clock_us() - began);
    }
    clp->reason = reason;
}

/* What fails before the table is ready is done by clp_make_ready() later; what fails after that, only the operator can help. */
static int initialise(struct clp *clp, struct clp_table *t, unsigned origin)
{
    bool a = t->store == &clp_clusterwide_store;

    t->origin = origin;
    if (a)
        FLOW(8A, 800);
    else
        FLOW(8B, 800);
    if (!t->clusterports.on) {
        clp_own_all(t);
        return CLP_OK;
    }
    int rc = t->store->init(clp, t, origin);        /* 805, 850 - 865 */
    if (rc != CLP_OK && clp_again(clp, t))
        rc = t->store->init(clp, t, origin);
    if (rc != CLP_OK)
        return rc;
    table_set_blocks(t, t->blocks);         /* the block size may be what other stacks have said */
    if (t->store->enter)
        clp_own_all(t);                    /* what counts is the connection, not the port */
    t->ready = true;
    recover_ended(clp, t);
    return a ? initialise_8a(clp, t, origin) : initialise_8b(clp, t, origin);
}

static const struct clp_store *const stores[] = {
    [STORE_BITMAP] = &clp_bitmap_store, [STORE_REVERSED] = &clp_reversed_store, [STORE_LISTS] = &clp_lists_store,
    [STORE_CRHT] = &clp_crht_store, [STORE_BROADCAST] = &clp_broadcast_store,
    [STORE_DISTRIBUTOR] = &clp_distributor_store, [STORE_CLUSTERWIDE] = &clp_clusterwide_store,
};

static const struct clp_store *store_of(const struct profile_clusterports *clusterports)
{
    return clusterports->store < sizeof stores / sizeof stores[0] ? stores[clusterports->store] : &clp_bitmap_store;
}

static void set_clusterports(struct clp_table *t, const struct profile_clusterports *clusterports)
{
    t->clusterports = *clusterports;
    if (t->clusterports.blocksize == 0)
        t->clusterports.blocksize = BLOCKSIZE_DEFAULT;
    STACK_ASSERT((t->clusterports.blocksize & (t->clusterports.blocksize - 1)) == 0 &&
                 t->clusterports.blocksize <= BLOCKSIZE_MAX);
    t->store = store_of(clusterports);
    table_set_blocks(t, 1);
}

/* CLUSTERPORTS comes to an address that has been conventional: nothing is owned any more but what is in use. */
static int join_clusterports(struct clp *clp, struct clp_table *t, const struct profile_clusterports *clusterports,
                             unsigned origin)
{
    table_disown(t);
    t->ready = false;
    set_clusterports(t, clusterports);
    return initialise(clp, t, origin | CLP_VARY_OBEY);
}

/* The next owned ports, as many as move in one trip, from word *word on. False: there are no more. */
static bool next_owned(const struct clp_table *t, uint32_t *word, struct clp_grant *g)
{
    g->count = 0;
    for (; *word < CLP_WORDS && g->count < CLP_GRANT_WORDS; ++*word)
        if (t->owned[*word])
            g->words[g->count++] = (struct clp_word){ .word = (uint16_t)*word, .ports = t->owned[*word] };
    return g->count != 0;
}

/* CLUSTERPORTS goes from an address that stays: the ports go back to the pool, in use or not, and from now on every port is
 * this stack's, as it is every other one's. A CRHT stays in force: its entries end with their connections. */
static int leave_clusterports(struct clp *clp, struct clp_table *t, const struct profile_clusterports *clusterports)
{
    struct clp_grant g;
    uint32_t word = 0;

    if (t->store->enter)
        return CLP_OK;
    while (next_owned(t, &word, &g))
        (void)clp_give(clp, t, &g);         /* fails if the CF is lost: there they stay this stack's, which harms nobody */
    table_disown(t);
    memset(t->draining, 0, sizeof t->draining);
    set_clusterports(t, clusterports);
    clp_own_all(t);
    return CLP_OK;
}

static int change_clusterports(struct clp *clp, struct clp_table *t, const struct profile_clusterports *clusterports,
                               unsigned origin)
{
    if (clusterports->on == t->clusterports.on)
        return CLP_OK;
    clp->quick = NULL;
    return clusterports->on ? join_clusterports(clp, t, clusterports, origin) : leave_clusterports(clp, t, clusterports);
}

static struct clp_table *new_table(struct clp *clp, uint32_t dvipa)
{
    if (clp->count == DVIPA_MAX)
        return NULL;
    struct clp_table *t = &clp->tables[clp->count];
    clp->addresses[clp->count++] = dvipa;
    t->address = dvipa;
    t->eligible = clp->eligible;
    t->destinations = clp->destinations;
    t->list = clp_list(dvipa);
    return t;
}

/* No other stack's answer would come in now. */
static bool is_delivering(const struct clp *clp)
{
    return clp->outside || (clp->ops && clp->ops->delivering && clp->ops->delivering(clp->context));
}

/* A new address is conventional for the moment in which nothing is asked of it. */
static int change_later(struct clp *clp, struct clp_table *t, const struct profile_clusterports *clusterports, unsigned origin)
{
    static const struct profile_clusterports conventional;

    if (!t->store) {
        set_clusterports(t, &conventional);
        clp_own_all(t);
    }
    t->next = *clusterports;
    t->next_origin = origin;
    t->changing = clp->changing = true;
    clp->quick = NULL;
    return CLP_OK;
}

int clp_activate(struct clp *clp, uint32_t dvipa, const struct profile_clusterports *clusterports, unsigned origin)
{
    struct clp_table *t = clp_dvipa(clp, dvipa);

    if (!t && !(t = new_table(clp, dvipa)))
        return clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_TABLES);
    t->changing = false;
    if (clp->outside || (clusterports->on && store_of(clusterports)->asks && is_delivering(clp)))
        return change_later(clp, t, clusterports, origin);
    if (t->store)
        return change_clusterports(clp, t, clusterports, origin);
    set_clusterports(t, clusterports);
    return initialise(clp, t, origin);
}

/* The stack that distributes the address routes by what it is told here. */
int clp_announce(struct clp *clp, const struct clp_table *t, const struct clp_grant *g)
{
    if (t->address == CLP_EXPLICIT || !clp->ops || !clp->ops->announce || g->count == 0)
        return CLP_OK;
    clp->outside++;
    int result = clp->ops->announce(clp->context, t->address, g);
    clp->outside--;
    return result == 0 ? CLP_OK : clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_ROUTING);
}

/* Ports in use were found later than the stack that routes to them was told what this one has. */
static void announce_owned(struct clp *clp, const struct clp_table *t)
{
    struct clp_grant g;
    uint32_t word = 0;

    while (t->clusterports.on && !t->store->enter && next_owned(t, &word, &g))
        if (clp_announce(clp, t, &g) != CLP_OK)
            return;                         /* vipa tells it all of them with its next news */
}

/* What came in while a question was open, or could not be asked. */
void clp_settle(struct clp *clp)
{
    char text[16];

    if (!clp->changing || is_delivering(clp))
        return;
    clp->changing = false;
    for (unsigned i = 0; i < clp->count; i++) {
        struct clp_table *t = &clp->tables[i];

        if (!t->changing)
            continue;
        if (clp_activate(clp, t->address, &t->next, t->next_origin) == CLP_OK)
            announce_owned(clp, t);
        else
            text_wto("EZD1303I PORTS OF DVIPA %s CANNOT BE ASSIGNED CLUSTER-WIDE, REASON %04X", text_ip(text, t->address),
                     (unsigned)clp->reason);
    }
}

void clp_listen(struct clp *clp, uint32_t us)
{
    if (!clp->ops || !clp->ops->listen)
        return;
    clp->outside++;
    clp->ops->listen(clp->context, us);
    clp->outside--;
}

int clp_make_ready(struct clp *clp, struct clp_table *t)
{
    return t->ready ? CLP_OK : initialise(clp, t, t->origin);
}
