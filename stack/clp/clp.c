/* The tables of the addresses, and which ports are eligible. See clp.h; figure 8 stands in clp_activate.c, figures 4, 5, 9 and 10 in
 * clp_assign.c, figure 11 in clp_bind.c. */
#include "stack/clp/clp.h"

#include <string.h>

#include "stack/base/text.h"
#include "stack/clp/clp_peer.h"
#include "stack/clp/clp_random.h"
#include "stack/clp/clp_table.h"

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

struct clp_table *clp_dvipa(struct clp *clp, uint32_t address)
{
    for (unsigned i = 0; i < clp->count; i++)
        if (clp->addresses[i] == address)
            return &clp->tables[i];
    return NULL;
}

/* Conventional assignment: all ports of the address are this stack's, it asks nobody. */
void clp_own_all(struct clp_table *t)
{
    table_own_all(t);
    t->ready = true;
}

struct clp_table *clp_ordinary(struct clp *clp)
{
    struct clp_table *t = &clp->tables[DVIPA_MAX];

    if (!t->ready) {
        t->eligible = clp->eligible;
        t->destinations = clp->destinations;
        clp_own_all(t);
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
    return address == CLP_EXPLICIT ? explicit_pool(clp) : clp_dvipa(clp, address);
}

struct clp_table *clp_table_of(struct clp *clp, uint32_t address)
{
    struct clp_table *t = clp_find(clp, address);

    return t ? t : clp_ordinary(clp);
}

uint32_t clp_list(uint32_t dvipa)
{
    return dvipa == CLP_EXPLICIT ? 0
                                 : 1 + (uint32_t)(((dvipa * 0x9E3779B97F4A7C15ull) >> 32) % (CLP_LISTS - 1));
}

void clp_logged(struct clp *clp, const struct clp_table *t, const struct clp_grant *g, bool have_come)
{
    uint64_t now = platform_clock_us();

    for (uint32_t i = 0; i < g->count; i++)
        clp_log_write(&clp->log, now, t->address, g->words[i].word, g->words[i].ports, have_come);
}

/* Ports have become this stack's. */
void clp_came(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    table_add(clp, t, g);
    clp_logged(clp, t, g, true);
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
    for (unsigned i = 0; i < CLP_VIEWS; i++) {
        clp->views[i].heard &= ~(1ull << number);
        clp->views[i].asked &= ~(1ull << number);
    }
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
