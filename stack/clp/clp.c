/* Tables, blocks and the flowcharts over them. See clp.h; figure 11 stands in clp_bind.c. */
#include "stack/clp/clp.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp_peer.h"
#include "stack/clp/clp_random.h"
#include "stack/clp/clp_table.h"

#define DEMAND_US 1000000u          /* a trip within this time of the one before: demand. The same without one: less of it */
#define BEG_ROUNDS 4u               /* a trip for ports that are given back, while others are faster */

int clp_error(struct clp *clp, int code, enum clp_reason reason)
{
    clp->reason = reason;
    return code;
}

int clp_connect_structure(struct clp *clp, struct xes_connection **connection, bool *refused, const char *structure,
                          const struct xes_attributes *attributes)
{
    struct xes_connect_parms parms = { .cf = clp->cf, .structure = structure, .system = clp->system, .job = "TCPIP",
                                       .attributes = *attributes, .context = clp };
    int rc = IXLRETCODEENVERROR;
    uint32_t reason = IXLRSNCODENOFAC;

    if (*connection)
        return CLP_OK;
    if (clp->xes)
        rc = clp_structure_connect(clp, connection, &parms, &reason);
    if (rc <= IXLRETCODEWARNING) {
        *refused = false;
        return CLP_OK;
    }
    *connection = NULL;
    if (!*refused)
        text_wto("EZD1297I TCPIP CANNOT USE STRUCTURE %s: IXLCONN RETURN CODE %X, REASON %04X", structure, (unsigned)rc, reason);
    *refused = true;
    return clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_CF);
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
static void own_all(struct clp_table *t)
{
    table_own_all(t);
    t->ready = true;
}

static struct clp_table *ordinary(struct clp *clp)
{
    struct clp_table *t = &clp->tables[DVIPA_MAX];

    if (!t->ready) {
        t->eligible = clp->eligible;
        t->destinations = clp->destinations;
        own_all(t);
    }
    return t;
}

static struct clp_table *explicit_pool(struct clp *clp)
{
    struct clp_table *t = &clp->tables[DVIPA_MAX + 1];

    if (t->address == 0) {
        t->address = CLP_EXPLICIT;
        t->eligible = clp->explicit_eligible;
        t->destinations = clp->destinations;
        t->clusterports = (struct profile_clusterports){ .on = true, .blocksize = BLOCKSIZE_DEFAULT };
        t->store = &clp_bitmap_store;
        table_set_blocks(t, 1);
    }
    return t;
}

struct clp_table *clp_find(struct clp *clp, uint32_t address)
{
    return address == CLP_EXPLICIT ? explicit_pool(clp) : find_dvipa(clp, address);
}

static struct clp_table *table_of(struct clp *clp, uint32_t address)
{
    struct clp_table *t = clp_find(clp, address);

    return t ? t : ordinary(clp);
}

uint32_t clp_list(uint32_t dvipa)
{
    return dvipa == CLP_EXPLICIT ? 0
                                 : 1 + (uint32_t)(((dvipa * 0x9E3779B97F4A7C15ull) >> 32) % (CLP_LISTS - 1));
}

static void logged(struct clp *clp, const struct clp_table *t, const struct clp_grant *g, bool have_come)
{
    uint64_t now = platform_clock_us();

    for (uint32_t i = 0; i < g->count; i++)
        clp_log_write(&clp->log, now, t->address, g->words[i].word, g->words[i].ports, have_come);
}

/* Ports have become this stack's. */
static void came(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    table_add(clp, t, g);
    logged(clp, t, g, true);
}

/* --- eligible ports ------------------------------------------------------------------------------------------------ */

static void clear_range(uint64_t *map, uint32_t first, uint32_t count)
{
    for (uint32_t port = first; port < first + count && port < PORTS_PER_DVIPA; port++)
        port_clear(map, port);
}

static uint32_t count_map(const uint64_t *map)
{
    uint32_t count = 0;

    for (uint32_t w = 0; w < CLP_WORDS; w++)
        count += bits_count(map[w]);
    return count;
}

/* What is eligible here, less what any other stack has reserved. */
static void combine(struct clp *clp)
{
    memset(clp->unreserved, 0xFF, sizeof clp->unreserved);
    for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
        for (unsigned i = 0; i < clp->reserved[n].count; i++)
            clear_range(clp->unreserved, clp->reserved[n].ranges[i].first, clp->reserved[n].ranges[i].count);
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        clp->eligible[w] = clp->own_eligible[w] & clp->unreserved[w];
    clp->eligible_ports = count_map(clp->eligible);
    clp->explicit_ports = count_map(clp->explicit_eligible);
    for (unsigned i = 0; i < CLP_TABLES; i++) {
        struct clp_table *t = &clp->tables[i];

        if (!t->ready)
            continue;
        for (uint32_t w = 0; (!t->clusterports.on || t->store->enter) && w < CLP_WORDS; w++)
            t->owned[w] |= t->eligible[w];  /* all are this stack's, also those that have become eligible */
        table_recount(clp, t);
        t->found = t->clusterports.on && table_used(t);
    }
}

void clp_configure(struct clp *clp, const struct profile *profile)
{
    struct clp_reserved *mine = &clp->reserved[clp->number];

    clp->timewait_s = profile->timewait_s;
    mine->count = 0;
    for (unsigned i = 0; i < profile->port_count; i++) {
        const struct profile_portreserve *r = &profile->ports[i];

        if (!r->tcp)
            continue;
        mine->ranges[mine->count].first = r->first;
        mine->ranges[mine->count++].count = r->count;
    }
    if (profile->explicit_count) {          /* its ports are given out for nothing else */
        mine->ranges[mine->count].first = profile->explicit_first;
        mine->ranges[mine->count++].count = profile->explicit_count;
    }
    memset(clp->own_eligible, 0, sizeof clp->own_eligible);
    clp->low = profile->ephemeral_low;
    clp->high = profile->ephemeral_high;
    for (uint32_t port = profile->ephemeral_low; port <= profile->ephemeral_high; port++)
        port_set(clp->own_eligible, port);
    memset(clp->explicit_eligible, 0, sizeof clp->explicit_eligible);
    for (uint32_t i = 0; i < profile->explicit_count && (uint32_t)profile->explicit_first + i < PORTS_PER_DVIPA; i++)
        port_set(clp->explicit_eligible, profile->explicit_first + i);
    for (unsigned i = 0; i + (profile->explicit_count != 0) < mine->count; i++)
        clear_range(clp->explicit_eligible, mine->ranges[i].first, mine->ranges[i].count);
    combine(clp);
    clp_tell_reserved(clp, 0);
}

void clp_reservations_changed(struct clp *clp)
{
    combine(clp);
}

uint64_t clp_life(const struct clp *clp, uint8_t number)
{
    uint64_t life = clp->ops && clp->ops->life ? clp->ops->life(clp->context, number) : 0;

    return life || number == clp->number ? life : UINT64_MAX;
}

void clp_gone(struct clp *clp, uint8_t number)
{
    for (unsigned i = 0; i < CLP_VIEWS; i++)
        clp->views[i].heard &= ~(1ull << number);
    if (clp->reserved[number].count == 0)
        return;
    clp->reserved[number].count = 0;
    combine(clp);
}

void clp_init(struct clp *clp, const struct profile *profile, const char *system, uint8_t number,
              const struct clp_ops *ops, void *context)
{
    text_format(clp->system, sizeof clp->system, "%s", system);
    clp->number = number;
    clp->context = context;
    clp_configure(clp, profile);
    clp->ops = ops;
    clp_random_stir(clp);
}

/* --- Fig. 8 -------------------------------------------------------------------------------------------------------- */

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
            came(clp, t, &g);
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
    came(scan->clp, t, &g);
    table_drain(t, port);
    t->undrained = true;
}

static void keep_found_ports(struct clp *clp, struct clp_table *t)
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

    keep_found_ports(clp, t);
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

/* What fails before the table is ready is done by make_ready() later; what fails after that, only the operator can help. */
static int initialise(struct clp *clp, struct clp_table *t, unsigned origin)
{
    bool a = t->store == &clp_clusterwide_store;

    t->origin = origin;
    if (a)
        FLOW(8A, 800);
    else
        FLOW(8B, 800);
    if (!t->clusterports.on) {
        own_all(t);
        return CLP_OK;
    }
    int rc = t->store->init(clp, t, origin);        /* 805, 850 - 865 */
    if (rc != CLP_OK && clp_again(clp, t))
        rc = t->store->init(clp, t, origin);
    if (rc != CLP_OK)
        return rc;
    table_set_blocks(t, t->blocks);         /* the block size may be what other stacks have said */
    if (t->store->enter)
        own_all(t);                    /* what counts is the connection, not the port */
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
    own_all(t);
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
        own_all(t);
    }
    t->next = *clusterports;
    t->next_origin = origin;
    t->changing = clp->changing = true;
    clp->quick = NULL;
    return CLP_OK;
}

int clp_activate(struct clp *clp, uint32_t dvipa, const struct profile_clusterports *clusterports, unsigned origin)
{
    struct clp_table *t = find_dvipa(clp, dvipa);

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
static int announce(struct clp *clp, const struct clp_table *t, const struct clp_grant *g)
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
        if (announce(clp, t, &g) != CLP_OK)
            return;                         /* vipa tells it all of them with its next news */
}

/* What came in while a question was open, or could not be asked. */
static void settle(struct clp *clp)
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

static int make_ready(struct clp *clp, struct clp_table *t)
{
    return t->ready ? CLP_OK : initialise(clp, t, t->origin);
}

/* --- blocks -------------------------------------------------------------------------------------------------------- */

static int announce_port(struct clp *clp, const struct clp_table *t, uint16_t port)
{
    struct clp_grant g;

    return announce(clp, t, grant_one(&g, port));
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
    int rc = make_ready(clp, t);

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
    came(clp, t, &g);
    rc = announce(clp, t, &g);
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
    logged(clp, t, g, false);
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
    int rc = make_ready(clp, t);

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
    int rc = make_ready(clp, t);
    if (rc == CLP_OK)
        rc = t->store->claim(clp, t, port, &g);
    if (rc != CLP_OK && clp_again(clp, t))
        rc = t->store->claim(clp, t, port, &g);
    if (rc == CLP_EADDRINUSE && clp_ask_owner(clp, t, port))
        rc = t->store->claim(clp, t, port, &g);
    if (rc != CLP_OK)
        return rc;
    came(clp, t, &g);
    rc = announce(clp, t, &g);
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

    settle(clp);
    struct clp_table *t = find_dvipa(clp, source);
    if (!t)
        t = ordinary(clp);
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
    settle(clp);
    struct clp_table *t = table_of(clp, source);

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
    struct clp_table *t = explicit_pool(clp);
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
    settle(clp);
    struct clp_table *t = table_of(clp, source);

    flow_of_termination(t);
    if (destination && may_be_entered(t)) {
        struct clp_tuple tuple = { source, destination, port, dport };
        bool counted = !is_entered(t) || t->store->leave(clp, t, &tuple);

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
    const struct clp_table *t = table_of(clp, source);

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
        keep_found_ports(clp, t);
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

/* The keeper could not be reached when CLUSTERPORTS came: the ports in use are not to wait for the next connection. */
static void try_again(struct clp *clp, struct clp_table *t)
{
    enum clp_reason reason = clp->reason;

    (void)make_ready(clp, t);               /* fails: once more with the next poll */
    clp->reason = reason;
}

void clp_poll(struct clp *clp)
{
    if (clp->outside)
        return;                             /* a request is waiting for others */
    settle(clp);
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
        if (!t->ready && (t->origin & (CLP_VARY_OBEY | CLP_VIPARANGE)))
            try_again(clp, t);
        if (t->ready && !t->store->enter)
            tend(clp, t, now);
    }
    clp_show(clp, now);
}

struct clp_usage clp_usage(const struct clp *clp, uint32_t address)
{
    struct clp_usage usage = { 0 };

    for (unsigned i = 0; i < CLP_TABLES; i++) {
        const struct clp_table *t = &clp->tables[i];

        if (t->address == address && (address || i == DVIPA_MAX))
            usage = (struct clp_usage){ .used = table_used(t), .owned = t->owned_ports, .free_owned = table_free_owned(t) };
    }
    return usage;
}

uint32_t clp_ephemeral_in_use(const struct clp *clp)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < CLP_TABLES; i++) {
        const struct clp_table *t = &clp->tables[i];

        for (uint32_t port = 0; t->eligible && table_used(t) && port < PORTS_PER_DVIPA; port++)
            count += t->use[port] && port_in(t->eligible, port);
    }
    return count;
}

/* What the CF says of the address: the pool, and what each stack has. */
static void display_cluster(struct clp *clp, uint32_t address, clp_line_fn *line, void *context)
{
    char names[SYSTEMS_MAX + 1][NAME_LEN + 1], text[WTO_MAX + 1];
    uint8_t map[PORTS_PER_DVIPA / 8];
    uint32_t available;

    if (clp_systems(clp, address, names, &available) != CLP_OK)
        return;                             /* this keeper does not know, or the CF is lost */
    text_format(text, sizeof text, "  %5u AVAILABLE IN THE SYSPLEX", available);
    line(context, text);
    for (unsigned n = 1; n <= SYSTEMS_MAX; n++) {
        uint32_t owned = 0;

        if (!names[n][0] || !clp_owned_ports(clp, address, names[n], map))
            continue;
        for (unsigned i = 0; i < sizeof map; i++)
            owned += bits_count(map[i]);
        text_format(text, sizeof text, "  %5u OF TCPIP AT %s", owned, names[n]);
        line(context, text);
    }
}

void clp_display(struct clp *clp, clp_line_fn *line, void *context)
{
    char text[WTO_MAX + 1], ip[16];
    unsigned records = 0;

    line(context, "EZZ8260I SYSPLEX CS V2R5");
    text_format(text, sizeof text, "PORTS DISPLAY FROM TCPIP AT %s", clp->system);
    line(context, text);
    line(context, "IPADDR          KEEPER      BLOCKSIZE OWNED FREE  INUSE");
    for (unsigned i = 0; i < clp->count; i++) {
        const struct clp_table *t = &clp->tables[i];

        if (!t->clusterports.on)
            continue;
        text_format(text, sizeof text, "%-15s %-11s %9u %5u %5u %5u", text_ip(ip, t->address), t->store->name,
                    t->clusterports.blocksize, t->owned_ports, table_free_owned(t), table_used(t));
        line(context, text);
        text_format(text, sizeof text, "  SURVIVES FAILURE OF %s", t->store->survives);
        line(context, text);
        display_cluster(clp, t->address, line, context);
        records++;
    }
    text_format(text, sizeof text, "%u OF %u RECORDS DISPLAYED", records, records);
    line(context, text);
}
