#include "stack/clp/clp_show.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_private.h"

#define SHOW_US 1000000u

static void write(struct clp *clp, uint32_t list, const char *name, struct xes_request *r, uint32_t length)
{
    r->command = CF_CMD_LIST_WRITE;
    r->locate = CF_LOCATE_NAME;
    r->options = CF_OPT_DATA | CF_OPT_ADJUNCT;
    r->list = list;
    xes_name(r->name, CF_NAME_SIZE, name);
    put_be64(r->adjunct + SHOW_TIME, platform_clock_us());
    memset(clp->shown + length, 0, (256 - length % 256) % 256);
    r->out = clp->shown;
    r->out_len = (length + 255u) & ~255u;
    (void)xes_list(clp->connection, r);         /* nobody needs it to work: the next one comes in a second */
}

static uint8_t *put_word(uint8_t *to, uint32_t w, uint64_t ports)
{
    put_be16(to, (uint16_t)w);
    put_be64(to + 2, ports);
    return to + CLP_SHOW_RECORD;
}

/* Most ports are not in use: eight are looked at together. */
static uint64_t ports_in_use(const struct clp_table *t, uint32_t w)
{
    uint64_t ports = 0, eight;

    for (uint32_t i = 0; i < 64; i += 8) {
        memcpy(&eight, &t->use[w * 64 + i], 8);
        for (uint32_t k = i; eight && k < i + 8; k++)
            if (t->use[w * 64 + k])
                ports |= port_bit(k);
    }
    return ports;
}

/* The ports of this stack that nobody else can tell of. A keeper of connections (CRHT) owns none. */
static uint8_t *put_owned(const struct clp_table *t, uint8_t *to)
{
    for (uint32_t w = 0; w < CLP_WORDS && !clp_is_bitmap(t) && t->store->take; w++)
        if (t->owned[w])
            to = put_word(to, w, t->owned[w]);
    return to;
}

static void show_ports(struct clp *clp, const struct clp_table *t)
{
    struct xes_request r = { .command = 0 };
    uint8_t *to = clp->shown;
    char name[CF_NAME_SIZE + 1], suffix[NAME_LEN + 1];

    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint64_t ports = ports_in_use(t, w);

        if (ports)
            to = put_word(to, w, ports);
    }
    put_be32(r.adjunct + SHOW_USED, (uint32_t)(to - clp->shown) / CLP_SHOW_RECORD);
    const uint8_t *middle = to;
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        if (~t->eligible[w])
            to = put_word(to, w, ~t->eligible[w]);
    put_be32(r.adjunct + SHOW_NOT_ELIGIBLE, (uint32_t)(to - middle) / CLP_SHOW_RECORD);
    middle = to;
    to = put_owned(t, to);
    put_be32(r.adjunct + SHOW_OWNED, (uint32_t)(to - middle) / CLP_SHOW_RECORD);
    xes_name(r.adjunct + SHOW_KEEPER, CLP_SHOW_KEEPER_LEN, t->store->name);
    memcpy(r.adjunct, "USE ", 4);
    put_be32(r.adjunct + SHOW_ADDRESS, t->address);
    put_be32(r.adjunct + SHOW_TIMEWAIT, clp->timewait_s);
    text_format(suffix, sizeof suffix, CLP_SHOW_USE, clp->number);
    text_format(name, sizeof name, "%08X%s", t->address, suffix);
    write(clp, t->list, name, &r, (uint32_t)(to - clp->shown));
}

static void show_flow(struct clp *clp)
{
    struct xes_request r = { .command = 0 };
    char name[CF_NAME_SIZE + 1];

    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++)
        put_be64(clp->shown + 8 * i, flow_count(i));
    memcpy(r.adjunct, "FLOW", 4);
    put_be32(r.adjunct + SHOW_BLOCKS, FLOW_BLOCK_COUNT);
    text_format(name, sizeof name, CLP_SHOW_FLOW, clp->number);
    write(clp, 0, name, &r, 8 * FLOW_BLOCK_COUNT);
}

/* Every assignment, release, bind and command of the keepers passes blocks. */
static uint64_t blocks_passed(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++)
        sum += flow_counts[i];
    for (unsigned way = 0; way < FLOW_WAY_COUNT; way++)
        sum += flow_ways[way];
    return sum;
}

/* The first blocks of an assignment and of a termination, on the long way and the quick one: so a look at this costs a main loop nothing. */
static uint64_t connections_seen(void)
{
    return flow_counts[FLOW_9_900] + flow_counts[FLOW_10_1000] + flow_ways[FLOW_WAY_ASSIGN] + flow_ways[FLOW_WAY_RELEASE];
}

void clp_show(struct clp *clp, uint64_t now)
{
    struct xes_connection *c = clp->connection;

    if (now - clp->shown_us < SHOW_US || !c || c->lost)
        return;
    clp->shown_us = now;
    clp->shown_connections = connections_seen();
    if (clp->shown_token == c->token && clp->shown_blocks == blocks_passed())
        return;
    clp->shown_token = c->token;                /* of a rebuilt structure, in which nothing stands yet, it is another one */
    clp->shown_blocks = blocks_passed();
    show_flow(clp);
    for (unsigned i = 0; i < CLP_TABLES; i++)
        if (clp->tables[i].ready && clp->tables[i].clusterports.on)
            show_ports(clp, &clp->tables[i]);
}

uint64_t clp_show_due(const struct clp *clp)
{
    uint64_t show = clp->shown_us + SHOW_US, poll = clp->polled_us + CLP_POLL_US;

    if (!clp->connection || clp->connection->lost || clp->shown_connections == connections_seen())
        return UINT64_MAX;
    return show > poll ? show : poll;
}
