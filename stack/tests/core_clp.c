/* Cluster-wide ports over the real coupling facility, several stacks in one process. */
#include <string.h>

#include "stack/base/flow.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_peer.h"
#include "stack/clp/clp_private.h"
#include "stack/recovery/recovery.h"
#include "stack/operator/operator_ports.h"
#include "stack/tests/core_plex.h"
#include "stack/tests/flow_report.h"

/* Who has which port of DVA: the truth to which the stacks are held. */
static uint8_t owner[PORTS_PER_DVIPA];

/* For what runs a hundred thousand times: each ck_assert writes to the runner, this one only when it fails. */
#define MUST(condition)                     \
    do {                                    \
        if (!(condition))                   \
            ck_abort_msg("%s", #condition); \
    } while (0)

static int assign(unsigned n, uint16_t *port)
{
    int rc = clp_assign(&plex_select(n)->clp, DVA, 0, SERVER, 80, port);

    if (rc == CLP_OK) {
        if (owner[*port] != 0)
            ck_abort_msg("port %u given to %u belongs to %u", *port, n, owner[*port]);
        owner[*port] = (uint8_t)n;
    }
    return rc;
}

static void release(unsigned n, uint16_t port)
{
    MUST(owner[port] == n);
    owner[port] = 0;
    clp_release(&plex_select(n)->clp, DVA, port, SERVER, 80);
}

static struct clp_audit audit(unsigned n)
{
    struct clp_audit a;

    ck_assert_int_eq(clp_check(&plex_select(n)->clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.differences, 0);
    ck_assert_uint_eq(a.doubles, 0);
    return a;
}

static enum profile_store store;    /* for start() */
static uint32_t quota;

/* MVS1 distributes DVA to all; `stacks` systems. */
static void start(unsigned stacks, uint16_t blocksize)
{
    memset(owner, 0, sizeof owner);
    flow_restart();
    plex_define(1, DVA, blocksize);
    plex.systems[1].profile.dvipas[plex.systems[1].profile.dvipa_count - 1].clusterports.store = store;
    plex.systems[1].profile.dvipas[plex.systems[1].profile.dvipa_count - 1].clusterports.quota = quota;
    plex_distribute(1, DVA);
    for (unsigned n = 1; n <= stacks; n++)
        plex_ipl(n);
    plex_settle();
}

static const struct {
    uint16_t blocksize;
    unsigned stacks;
} sharing[] = { { 1, 2 }, { 1, 4 }, { 16, 2 }, { 64, 2 }, { 64, 4 }, { 4096, 4 } };

START_TEST(stacks_never_own_the_same_port)
{
    unsigned stacks = sharing[_i].stacks, steps = sharing[_i].blocksize == 1 ? 2000 : 20000;
    uint16_t held[4][600];
    unsigned count[4] = { 0 };
    uint64_t random = 4711;

    start(stacks, sharing[_i].blocksize);
    for (unsigned step = 0; step < steps; step++) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        unsigned k = (unsigned)(random >> 33) % stacks;
        if (count[k] < 600 && (count[k] == 0 || (random >> 40) % 5 < 3)) {
            MUST(assign(k + 1, &held[k][count[k]]) == CLP_OK);
            count[k]++;
        } else {
            unsigned victim = (unsigned)(random >> 45) % count[k];
            release(k + 1, held[k][victim]);
            held[k][victim] = held[k][--count[k]];
        }
    }
    for (unsigned k = 0; k < stacks; k++)
        while (count[k])
            release(k + 1, held[k][--count[k]]);
    host_platform_advance_us(20000000);     /* nobody wants ports for a while: blocks beyond the first go back */
    plex_settle();
    for (unsigned k = 0; k < stacks; k++) {
        struct clp_audit a = audit(k + 1);
        ck_assert_uint_eq(a.leaked, 0);
        ck_assert_uint_eq(a.pool + a.owned, PORTS_PER_DVIPA);
        ck_assert_uint_le(clp_usage(&plex_select(k + 1)->clp, DVA).free_owned, 3u * sharing[_i].blocksize);
    }
    if (sharing[_i].blocksize == 1)
        ck_assert_uint_eq(audit(1).pool, PORTS_PER_DVIPA);
}
END_TEST

static const uint16_t exhausting[] = { 64, 4096 };

START_TEST(all_64512_ports_are_given_out_once_then_the_error)
{
    unsigned given = 0, failed[5] = { 0 };
    uint16_t port, last[5] = { 0 };

    start(4, exhausting[_i]);
    while (failed[1] + failed[2] + failed[3] + failed[4] < 4) {
        for (unsigned n = 1; n <= 4; n++) {
            if (failed[n])
                continue;
            int rc = assign(n, &port);
            if (rc == CLP_OK) {
                MUST(port >= PORT_EPHEMERAL_LOW);
                last[n] = port;
                given++;
            } else {
                ck_assert_int_eq(rc, CLP_EADDRNOTAVAIL);
                ck_assert_uint_eq(plex_select(n)->clp.reason, CLP_REASON_EXHAUSTED);
                failed[n] = 1;
            }
        }
    }
    ck_assert_uint_eq(given, 64512);
    for (unsigned n = 1; n <= 4; n++)
        ck_assert_int_eq(assign(n, &port), CLP_EADDRNOTAVAIL);
    release(3, last[3]);
    ck_assert_int_eq(assign(3, &port), CLP_OK);
    ck_assert_uint_eq(port, last[3]);
    ck_assert_int_eq(assign(3, &port), CLP_EADDRNOTAVAIL);
    ck_assert_uint_eq(audit(1).leaked, 0);
    for (uint32_t p = PORT_EPHEMERAL_LOW; p < PORTS_PER_DVIPA; p++)
        release(owner[p], (uint16_t)p);
    ck_assert_uint_eq(audit(2).leaked, 0);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
}
END_TEST

START_TEST(exhaustion_with_block_size_1_frees_a_port_for_another_stack)
{
    uint16_t port, other;

    plex.systems[1].profile.ephemeral_high = plex.systems[2].profile.ephemeral_high = PORT_EPHEMERAL_LOW + 9;
    start(2, 1);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(assign(1 + i % 2, &port), CLP_OK);
    ck_assert_int_eq(assign(1, &other), CLP_EADDRNOTAVAIL);
    ck_assert_int_eq(assign(2, &other), CLP_EADDRNOTAVAIL);
    release(2, port);
    ck_assert_int_eq(assign(1, &other), CLP_OK);    /* it rests, but it is the only one */
    ck_assert_uint_eq(other, port);
}
END_TEST

START_TEST(a_block_that_changes_its_stack_rests_first)
{
    struct profile *one = &plex.systems[1].profile, *two = &plex.systems[2].profile;
    uint16_t a, b, c;

    /* Two blocks of 64 ports: 2048-2111 and 2112-2175. */
    one->ephemeral_low = two->ephemeral_low = 2048;
    one->ephemeral_high = two->ephemeral_high = 2175;
    start(2, 1);
    ck_assert_int_eq(assign(1, &a), CLP_OK);
    release(1, a);
    for (unsigned i = 0; i < 20; i++) {             /* for the other stack the 64 ports around it rest */
        ck_assert_int_eq(assign(2, &b), CLP_OK);
        ck_assert_uint_ne(b / 64, a / 64);
        release(2, b);
    }
    bool again = false;
    for (unsigned i = 0; i < 40; i++) {             /* for the one that gave it back they do not */
        ck_assert_int_eq(assign(1, &c), CLP_OK);
        ck_assert_uint_eq(c / 64, a / 64);          /* and those of the other stack rest for this one */
        again = again || c == a;
        release(1, c);
    }
    host_platform_advance_us((TIMEWAIT_DEFAULT_S + 1) * 1000000ull);
    again = false;
    for (unsigned i = 0; i < 40 && !again; i++) {
        ck_assert_int_eq(assign(2, &b), CLP_OK);
        again = b / 64 == a / 64;
        release(2, b);
    }
    ck_assert(again);
}
END_TEST

START_TEST(of_resting_blocks_the_longest_rested_is_taken)
{
    struct profile *one = &plex.systems[1].profile, *two = &plex.systems[2].profile;
    uint16_t ports[128], p;
    unsigned n = 0;

    one->ephemeral_low = two->ephemeral_low = 2048;
    one->ephemeral_high = two->ephemeral_high = 2175;
    start(2, 1);
    while (n < 128)
        ck_assert_int_eq(assign(1, &ports[n++]), CLP_OK);
    for (unsigned i = 0; i < 128; i++)
        if (ports[i] / 64 == 2112 / 64)
            release(1, ports[i]);
    host_platform_advance_us(5000000);
    for (unsigned i = 0; i < 128; i++)
        if (ports[i] / 64 == 2048 / 64)
            release(1, ports[i]);
    for (unsigned i = 0; i < 64; i++) {
        ck_assert_int_eq(assign(2, &p), CLP_OK);
        ck_assert_uint_eq(p / 64, 2112 / 64);
    }
    ck_assert_int_eq(assign(2, &p), CLP_OK);
    ck_assert_uint_eq(p / 64, 2048 / 64);
}
END_TEST

/* Also at the moment at which it is known which of the resting ones is to be taken next. */
START_TEST(what_a_stack_gave_back_itself_goes_before_what_rests)
{
    struct profile *one = &plex.systems[1].profile, *two = &plex.systems[2].profile;
    uint16_t ports[128], own[64], p;

    one->ephemeral_low = 2112;
    two->ephemeral_low = 2048;
    one->ephemeral_high = two->ephemeral_high = 2239;
    start(2, 1);
    for (unsigned i = 0; i < 128; i++)
        ck_assert_int_eq(assign(1, &ports[i]), CLP_OK);
    for (unsigned i = 0; i < 128; i++)
        release(1, ports[i]);
    for (unsigned i = 0; i < 64; i++) {
        ck_assert_int_eq(assign(2, &own[i]), CLP_OK);
        ck_assert_uint_eq(own[i] / 64, 2048 / 64);
    }
    ck_assert_int_eq(assign(2, &p), CLP_OK);
    ck_assert_uint_ge(p, 2112);
    release(2, own[0]);
    ck_assert_int_eq(assign(2, &p), CLP_OK);
    ck_assert_uint_eq(p, own[0]);
}
END_TEST

static const uint16_t sizes[] = { 1, 2, 64, 256, 4096 };

START_TEST(reserved_ports_are_never_given_out)
{
    struct profile *p = &plex.systems[1].profile;
    uint16_t port;
    unsigned given = 0;

    /* The product's own arithmetic: 10000 ports less 50 less 300 less 2 less 5. */
    p->ephemeral_low = 30000;
    p->ephemeral_high = 39999;
    p->ports[p->port_count++] = (struct profile_portreserve){ .first = 30005, .count = 1, .tcp = true };
    p->ports[p->port_count++] = (struct profile_portreserve){ .first = 30015, .count = 1, .tcp = true };
    p->ports[p->port_count++] = (struct profile_portreserve){ .first = 30025, .count = 5, .tcp = true };
    p->ports[p->port_count++] = (struct profile_portreserve){ .first = 30100, .count = 50, .tcp = true };
    p->ports[p->port_count++] = (struct profile_portreserve){ .first = 30500, .count = 300, .tcp = true };
    p->ports[p->port_count++] = (struct profile_portreserve){ .first = 31000, .count = 9, .tcp = false };
    start(1, sizes[_i]);
    while (assign(1, &port) == CLP_OK) {
        given++;
        MUST(port >= 30000 && port <= 39999 && port != 30005 && port != 30015);
        MUST(port < 30025 || port > 30029);
        MUST(port < 30100 || port > 30149);
        MUST(port < 30500 || port > 30799);
    }
    ck_assert_uint_eq(given, 10000 - 2 - 5 - 50 - 300);
    ck_assert_uint_eq(audit(1).leaked, 0);
}
END_TEST

START_TEST(block_size_1_goes_through_every_block_of_figures_9_and_10_each_time)
{
    uint16_t port;

    start(1, 1);
    flow_restart();
    for (unsigned i = 0; i < 7; i++)
        ck_assert_int_eq(assign(1, &port), CLP_OK);
    for (unsigned i = 0; i < 3; i++) {
        release(1, port);
        ck_assert_int_eq(assign(1, &port), CLP_OK);
    }
    static const enum flow_block assigns[] = { FLOW_9_900, FLOW_9_905, FLOW_9_915, FLOW_9_925, FLOW_9_935, FLOW_9_940,
                                               FLOW_9_930, FLOW_9_945 };
    static const enum flow_block releases[] = { FLOW_10_1000, FLOW_10_1005, FLOW_10_1010, FLOW_10_1015, FLOW_10_1020,
                                                FLOW_10_1025 };
    for (unsigned i = 0; i < 8; i++)
        ck_assert_uint_eq(flow_count(assigns[i]), 10);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(flow_count(releases[i]), 3);
    ck_assert_uint_eq(flow_count(FLOW_9_910) + flow_count(FLOW_9_920) + flow_count(FLOW_9_950), 0);
}
END_TEST

START_TEST(the_number_of_blocks_of_a_trip_doubles_under_demand_and_falls_without)
{
    uint16_t port;

    start(1, 64);
    struct clp *clp = &plex_select(1)->clp;
    flow_restart();
    for (unsigned i = 0; i < 64 * (1 + 2 + 4 + 8 + 16); i++)
        ck_assert_int_eq(assign(1, &port), CLP_OK);
    ck_assert_uint_eq(flow_count(FLOW_9_915), 64 * 31);
    ck_assert_uint_eq(flow_count(FLOW_9_925), 5);
    ck_assert_uint_eq(flow_count(FLOW_9_940), 5);
    ck_assert_uint_eq(clp_usage(clp, DVA).free_owned, 0);
    ck_assert_uint_eq(clp->tables[0].blocks, 16);
    uint64_t requests = clp->connection->requests;
    for (unsigned i = 0; i < 100; i++) {
        release(1, port);
        ck_assert_int_eq(assign(1, &port), CLP_OK);
    }
    ck_assert_uint_eq(clp->connection->requests, requests);
    host_platform_advance_us(3000000);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    ck_assert_uint_eq(clp->tables[0].blocks, 2);        /* 16, 8, 4, 2 */
    ck_assert_uint_eq(clp_usage(clp, DVA).free_owned, 127);
}
END_TEST

START_TEST(a_trip_for_ports_is_made_before_a_connection_waits_for_it)
{
    uint16_t port;

    start(1, 64);
    struct clp *clp = &plex_select(1)->clp;
    for (unsigned i = 0; i < 50; i++)
        ck_assert_int_eq(assign(1, &port), CLP_OK);
    uint64_t taken = clp->statistics.taken;
    (void)stack_poll(plex.systems[1].stack);
    ck_assert_uint_eq(clp->statistics.taken, taken + 1);
    ck_assert_uint_eq(clp->statistics.prefetched, 1);
    ck_assert_uint_eq(clp_usage(clp, DVA).free_owned, 14 + 128);
    (void)stack_poll(plex.systems[1].stack);
    ck_assert_uint_eq(clp->statistics.taken, taken + 1);
}
END_TEST

START_TEST(figure_8B_creates_what_is_not_there)
{
    flow_restart();
    start(1, 64);
    ck_assert_uint_eq(flow_count(FLOW_8B_800), 1);
    ck_assert_uint_eq(flow_count(FLOW_8B_850), 1);
    ck_assert_uint_eq(flow_count(FLOW_8B_855), 1);
    ck_assert_uint_eq(flow_count(FLOW_8B_860), 1);
    ck_assert_uint_eq(flow_count(FLOW_8B_865), 1);
    ck_assert_uint_eq(flow_count(FLOW_8B_870), 1);
    ck_assert_uint_eq(flow_count(FLOW_8B_875), 1);
    ck_assert_uint_eq(flow_count(FLOW_8B_890), 0);
    plex_ipl(2);
    plex_settle();
    ck_assert_uint_eq(flow_count(FLOW_8B_850), 2);
    ck_assert_uint_eq(flow_count(FLOW_8B_855), 1);     /* the target finds it */
    ck_assert_uint_eq(flow_count(FLOW_8B_865), 2);
}
END_TEST

static const struct {
    unsigned origin;
    enum flow_block passed, not_passed;
} origins[] = { { CLP_VARY_OBEY, FLOW_8B_885, FLOW_8B_880 }, { CLP_VIPARANGE, FLOW_8B_880, FLOW_8B_885 } };

START_TEST(figure_8B_finds_ports_of_connections_that_exist)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64 };
    struct clp_audit a;

    plex_ipl(1);
    plex_ipl(2);
    plex.systems[1].scan[0] = 5000;
    plex.systems[1].scan[1] = 5001;
    plex.systems[1].scan[2] = 5000;             /* two connections of one port */
    flow_restart();
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_activate(clp, DVB, &on, origins[_i].origin), CLP_OK);
    ck_assert_uint_eq(flow_count(origins[_i].passed), 1);
    ck_assert_uint_eq(flow_count(origins[_i].not_passed), 0);
    ck_assert_uint_eq(flow_count(FLOW_8B_890), 1);
    ck_assert_uint_eq(clp_usage(clp, DVB).used, 2);
    ck_assert_int_eq(clp_check(clp, DVB, &a), CLP_OK);
    ck_assert_uint_eq(a.owned, 2);
    ck_assert_uint_eq(a.doubles + a.leaked + a.differences, 0);
    ck_assert_int_eq(clp_activate(&plex_select(2)->clp, DVB, &on, CLP_DEFINED), CLP_OK);
    ck_assert_int_eq(clp_claim(&plex.systems[2].stack->clp, DVB, 5000), CLP_EADDRINUSE);
    plex_select(1);
    clp_release(clp, DVB, 5000, SERVER, 80);
    ck_assert_uint_eq(clp_usage(clp, DVB).used, 2);     /* the second one still has it */
    clp_release(clp, DVB, 5000, SERVER, 80);
    clp_release(clp, DVB, 5001, SERVER, 80);
    ck_assert_uint_eq(clp_usage(clp, DVB).used, 0);
}
END_TEST

START_TEST(a_given_port_is_taken_from_the_pool_and_is_then_this_stacks)
{
    uint16_t port;

    start(2, 64);
    flow_restart();
    struct clp *one = &plex_select(1)->clp;
    ck_assert_int_eq(clp_assign(one, DVA, 7000, SERVER, 80, &port), CLP_OK);
    ck_assert_uint_eq(port, 7000);
    ck_assert_uint_eq(flow_count(FLOW_9_920), 1);
    ck_assert_uint_eq(flow_count(FLOW_9_930), 1);
    ck_assert_uint_eq(flow_count(FLOW_9_945), 1);
    ck_assert_uint_eq(flow_count(FLOW_9_925), 0);
    struct clp *two = &plex_select(2)->clp;
    ck_assert_int_eq(clp_assign(two, DVA, 7000, SERVER, 80, &port), CLP_EADDRNOTAVAIL);
    ck_assert_uint_eq(two->reason, CLP_REASON_JRSRCIPDISTDVIPA);
    ck_assert_int_eq(clp_claim(two, DVA, 7000), CLP_EADDRINUSE);
    ck_assert_uint_eq(two->reason, CLP_REASON_OWNED);
    plex_select(1);
    ck_assert_int_eq(clp_assign(one, DVA, 7000, SERVER, 80, &port), CLP_EADDRINUSE);    /* this connection is open */
    ck_assert_int_eq(clp_assign(one, DVA, 7000, SERVER, 81, &port), CLP_OK);    /* a second one from the same bound port */
    ck_assert_int_eq(clp_claim(one, DVA, 7000), CLP_EADDRINUSE);
    ck_assert_uint_eq(one->reason, CLP_REASON_USED);
    ck_assert_int_eq(clp_claim(one, DVA, 80), CLP_OK);              /* not an ephemeral port: this stack's own affair */
    clp_release(one, DVA, 80, 0, 0);
    clp_release(one, DVA, 7000, SERVER, 80);
    clp_release(one, DVA, 7000, SERVER, 81);
    ck_assert_uint_eq(audit(1).leaked, 0);
    ck_assert_uint_eq(clp_usage(one, DVA).used, 0);
}
END_TEST

START_TEST(without_clusterports_ports_are_conventional_and_may_coincide)
{
    uint16_t port;
    unsigned twice = 0;
    bool seen[PORTS_PER_DVIPA] = { false };

    start(2, 0);
    ck_assert_int_eq(plex_select(1)->vipa.dvipas[0].clusterports.on, false);
    flow_restart();
    for (unsigned i = 0; i < 4000; i++) {
        ck_assert_int_eq(clp_assign(&plex_select(1 + i % 2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
        ck_assert_uint_ge(port, PORT_EPHEMERAL_LOW);
        twice += seen[port];
        seen[port] = true;
        if (i % 100 == 0)
            plex_settle();
    }
    ck_assert_uint_gt(twice, 0);            /* 2000 * 2000 / 64512 = 62 are expected: what CLUSTERPORTS prevents */
    ck_assert_uint_eq(flow_count(FLOW_9_910), 4000);
    ck_assert_uint_eq(flow_count(FLOW_9_945), 4000);
    ck_assert_uint_eq(flow_count(FLOW_9_915) + flow_count(FLOW_9_925), 0);
}
END_TEST

START_TEST(ordinary_addresses_are_conventional)
{
    uint16_t port;

    start(1, 64);
    flow_restart();
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_assign(clp, 0x0A0A0A0A, 0, SERVER, 80, &port), CLP_OK);
    ck_assert_uint_eq(flow_count(FLOW_9_950), 1);
    clp_release(clp, 0x0A0A0A0A, port, SERVER, 80);
    ck_assert_uint_eq(flow_count(FLOW_10_1035), 1);
    ck_assert_uint_eq(flow_count(FLOW_9_905) + flow_count(FLOW_10_1010), 0);
}
END_TEST

START_TEST(a_free_port_is_reused_as_late_as_possible)
{
    uint16_t ports[64], port;

    start(1, 64);
    for (unsigned i = 0; i < 64; i++)
        ck_assert_int_eq(assign(1, &ports[i]), CLP_OK);
    for (unsigned i = 0; i < 64; i++)
        release(1, ports[i]);
    for (unsigned i = 0; i < 64; i++) {
        ck_assert_int_eq(assign(1, &port), CLP_OK);
        ck_assert_uint_eq(port, ports[i]);
        release(1, port);
    }
}
END_TEST

START_TEST(ports_within_a_block_and_blocks_are_not_in_order)
{
    uint16_t port, before = 0;
    unsigned ascending = 0, adjacent_blocks = 0;

    start(1, 64);
    for (unsigned i = 0; i < 640; i++) {
        ck_assert_int_eq(assign(1, &port), CLP_OK);
        ascending += port == before + 1;
        if (i % 64 == 0)
            adjacent_blocks += port / 64 == before / 64 + 1;
        before = port;
    }
    ck_assert_uint_lt(ascending, 60);
    ck_assert_uint_lt(adjacent_blocks, 5);
}
END_TEST

START_TEST(a_lost_cf_leaves_the_ports_that_are_owned)
{
    uint16_t port;
    unsigned given = 0;

    start(1, 64);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    host_platform_add_cf(NULL);                 /* condition code 3 from now on */
    while (assign(1, &port) == CLP_OK)
        given++;
    ck_assert_uint_eq(given, 63);
    ck_assert_uint_eq(plex.systems[1].stack->clp.reason, CLP_REASON_CF);
    release(1, port);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
}
END_TEST

START_TEST(a_stack_that_is_back_returns_the_ports_of_its_earlier_life)
{
    uint16_t port;

    start(2, 64);
    for (unsigned i = 0; i < 300; i++)
        ck_assert_int_eq(assign(2, &port), CLP_OK);
    ck_assert_uint_eq(audit(1).owned, 448);     /* 1 + 2 + 4 blocks */
    plex_kill(2);
    plex_settle();
    ck_assert_uint_eq(audit(1).owned, 448);     /* nobody has recovered them: they stay out of the pool */
    plex_ipl(2);
    plex_settle();
    struct clp_audit a = audit(1);
    ck_assert_uint_eq(a.owned, 0);
    ck_assert_uint_eq(a.pool, PORTS_PER_DVIPA);
}
END_TEST

START_TEST(two_dvipas_do_not_share_ports_and_may_share_a_list)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64 };
    uint32_t other = DVA + 1;
    uint16_t port;
    struct clp_audit a;

    while (clp_list(other) != clp_list(DVA))
        other++;
    start(2, 64);
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_activate(clp, other, &on, CLP_DEFINED), CLP_OK);
    ck_assert_int_eq(clp_assign(clp, other, 0, SERVER, 80, &port), CLP_OK);
    ck_assert_int_eq(clp_assign(clp, DVA, port, SERVER, 80, &port), CLP_OK);    /* the same port of another address */
    ck_assert_int_eq(clp_check(clp, other, &a), CLP_OK);
    ck_assert_uint_eq(a.owned, 64);
    ck_assert_uint_eq(a.doubles + a.leaked + a.differences, 0);
}
END_TEST

static const uint16_t dying[] = { 1, 64, 4096 };

/* MVS2 dies after each message of an assignment, of a claim and of a release in turn. Whoever looks then finds each port in
 * one map at most, and at most one block in none. */
START_TEST(death_at_any_step_leaves_a_port_in_one_map_at_most)
{
    uint16_t size = dying[_i], port;
    unsigned leaks = 0;

    start(1, size);
    for (unsigned what = 0; what < 3; what++) {
        for (unsigned step = 0; step < 6; step++) {
            struct clp *clp = &plex_ipl(2)->clp;
            plex_settle();
            plex_select(2);
            ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &port), CLP_OK);
            struct clp_table *t = &clp->tables[0];
            struct clp_grant block = { 0 };
            for (uint32_t w = port / 64u & ~(size < 64 ? 0 : size / 64u - 1u), i = 0; i < (size < 64 ? 1 : size / 64u); i++)
                block.words[block.count++] = (struct clp_word){ .word = (uint16_t)(w + i), .ports = t->owned[w + i] };
            host_platform_lose_cfs_after(step);
            if (what == 0)
                (void)t->store->take(clp, t, size, &block);
            else if (what == 1)
                (void)t->store->give(clp, t, &block);
            else
                (void)t->store->claim(clp, t, (uint16_t)(port ^ 0x8000), &block);
            plex_kill(2);
            plex_settle();
            struct clp_audit a = audit(1);
            ck_assert_uint_le(a.leaked, size);  /* what was there before, MVS2 has put in order at its IPL */
            leaks += a.leaked > 0;
        }
    }
    ck_assert_uint_gt(leaks, 0);                /* some steps do leak: the test has met them */
    ck_assert_int_eq(assign(1, &port), CLP_OK); /* and the lock of the dead is free */
}
END_TEST

START_TEST(a_port_used_out_of_turn_goes_to_the_end)
{
    uint16_t port;

    start(1, 64);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    struct clp *clp = &plex_select(1)->clp;
    uint16_t next = clp->tables[0].ring[clp->tables[0].ring_head];
    ck_assert_int_eq(clp_claim(clp, DVA, next), CLP_OK);
    clp_release(clp, DVA, next, SERVER, 80);
    for (unsigned i = 0; i < 62; i++) {
        ck_assert_int_eq(assign(1, &port), CLP_OK);
        ck_assert_uint_ne(port, next);
    }
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    ck_assert_uint_eq(port, next);
}
END_TEST

/* Overwrite an entry of DVA in the CF ("" = the pool) with bytes of one value. */
static void spoil(struct clp *clp, const char *system, uint8_t value, uint32_t length)
{
    static uint8_t data[CLP_POOL_BYTES];
    char name[CF_NAME_SIZE + 1];
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .entrytype = CF_ENTRY_OLD,
                             .options = CF_OPT_DATA, .list = clp_list(DVA), .out = data, .out_len = length };

    memset(data, value, sizeof data);
    snprintf(name, sizeof name, "%08X%s", DVA, system);
    xes_name(r.name, CF_NAME_SIZE, name);
    ck_assert_int_eq(xes_list(clp->connection, &r), IXLRETCODEOK);
}

START_TEST(the_audit_finds_what_is_wrong)
{
    uint16_t port;
    struct clp_audit a;

    start(2, 64);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    struct clp *clp = &plex_select(1)->clp;
    clp->tables[0].owned[port / 64] ^= 1;       /* the stack forgets a port */
    ck_assert_int_eq(clp_check(clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.differences, 1);
    clp->tables[0].owned[port / 64] ^= 1;
    spoil(clp, "MVS2", 0xFF, CLP_OWN_BYTES);    /* a stack claims everything */
    ck_assert_int_eq(clp_check(clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.doubles, PORTS_PER_DVIPA);
    spoil(clp, "MVS2", 0, CLP_OWN_BYTES);
    spoil(clp, "", 0, CLP_POOL_BYTES);          /* the pool is forgotten, and who has maps */
    ck_assert_int_eq(clp_check(clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.doubles, 0);
    ck_assert_uint_eq(a.leaked, PORTS_PER_DVIPA);
}
END_TEST

/* --- figure 12 ----------------------------------------------------------------------------------------------------- */

static const enum profile_store recoverable[] = { STORE_BITMAP, STORE_REVERSED };

/* The model: what the failed stack had is available again, and nothing else. */
START_TEST(recovery_makes_the_ports_of_a_failed_stack_available)
{
    uint16_t port;

    store = recoverable[_i];
    start(3, 64);
    for (unsigned i = 0; i < 300; i++)
        for (unsigned n = 1; n <= 3; n++)
            ck_assert_int_eq(assign(n, &port), CLP_OK);
    plex_kill(2);
    plex_settle();
    struct clp_audit before = audit(1);
    struct clp *clp = &plex_select(1)->clp;
    flow_restart();
    struct recovery r = recovery_of_ports(clp, "MVS2", 2);
    ck_assert_uint_eq(r.dvipas, 1);
    ck_assert_uint_eq(r.failed, 0);
    ck_assert_uint_eq(r.ports, 448);
    for (unsigned b = FLOW_12_1200; b <= FLOW_12_1215; b++)
        ck_assert_uint_eq(flow_count(b), 1);
    struct clp_audit after = audit(3);
    ck_assert_uint_eq(after.pool, before.pool + 448);
    ck_assert_uint_eq(after.owned, before.owned - 448);
    ck_assert_uint_eq(after.leaked, 0);
    ck_assert_uint_eq(recovery_of_ports(&plex_select(3)->clp, "MVS2", 2).ports, 0);     /* the second one finds it done */
    for (uint32_t p = 0; p < PORTS_PER_DVIPA; p++)
        if (owner[p] == 2)
            owner[p] = 0;
    while (assign(1, &port) == CLP_OK)      /* all are to be had, and none that MVS3 has */
        ;
    ck_assert_uint_eq(clp_usage(&plex_select(1)->clp, DVA).used, 64512 - clp_usage(&plex.systems[3].stack->clp, DVA).owned);
}
END_TEST

/* Whoever recovers dies after each message of it in turn; a third stack does it again. */
START_TEST(death_in_the_middle_of_a_recovery_is_made_good_by_the_next_one)
{
    uint16_t port;

    store = recoverable[_i];
    start(3, 64);
    for (unsigned step = 0; step < 9; step++) {
        for (unsigned i = 0; i < 100; i++)
            ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
        plex_kill(2);
        plex_settle();
        plex_select(3);
        host_platform_lose_cfs_after(step);
        (void)recovery_of_ports(&plex.systems[3].stack->clp, "MVS2", 2);
        plex_kill(3);
        plex_settle();
        struct clp *clp = &plex_select(1)->clp;
        ck_assert_uint_eq(audit(1).doubles, 0);
        ck_assert_uint_eq(recovery_of_ports(clp, "MVS2", 2).failed, 0);
        ck_assert_uint_eq(recovery_of_ports(clp, "MVS3", 3).failed, 0);
        ck_assert_uint_eq(audit(1).leaked, 0);
        ck_assert_uint_eq(audit(1).pool, PORTS_PER_DVIPA);
        plex_ipl(2);
        plex_ipl(3);
        plex_settle();
    }
}
END_TEST

static const enum profile_store of_lives[] = { STORE_BITMAP, STORE_REVERSED, STORE_LISTS };

/* MVS3 hears of the end of MVS2 when that is back and has taken ports again. */
START_TEST(a_late_recovery_leaves_alone_what_the_next_life_has)
{
    uint16_t port;

    store = of_lives[_i];
    start(3, 64);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    struct stack *late = plex.systems[3].stack;     /* it stands still */
    plex.systems[3].stack = NULL;
    plex_kill(2);
    plex_settle();
    plex_ipl(2);
    plex_settle();
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    plex.systems[3].stack = late;
    const uint64_t *own = clp_find(&plex.systems[2].stack->clp, DVA)->owned;
    ck_assert_uint_eq(recovery_of_ports(&plex_select(3)->clp, "MVS2", 2).failed, 0);
    plex_settle();
    while (clp_assign(&plex_select(1)->clp, DVA, 0, 0, 0, &port) == CLP_OK)
        MUST(!port_in(own, port));
}
END_TEST

/* Nobody who is left has known of the address when MVS2 ended. */
START_TEST(who_meets_an_address_recovers_who_had_it_and_has_ended)
{
    uint16_t port;
    uint32_t all = 0;

    store = of_lives[_i];
    start(3, 64);
    plex_kill(3);
    plex_settle();
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    plex_kill(2);
    plex_settle();
    plex_ipl(3);
    plex_settle();
    while (clp_assign(&plex_select(3)->clp, DVA, 0, 0, 0, &port) == CLP_OK)
        all++;
    ck_assert_uint_eq(all + clp_usage(&plex.systems[1].stack->clp, DVA).owned, PORT_EPHEMERAL_HIGH - PORT_EPHEMERAL_LOW + 1);
}
END_TEST

/* It is back before anybody has recovered it, and does not use the explicit-bind pool any more. */
START_TEST(an_earlier_life_is_recovered_when_the_next_one_does_not_know_the_address)
{
    static uint8_t map[PORTS_PER_DVIPA / 8], none[PORTS_PER_DVIPA / 8];
    uint16_t port;

    for (unsigned n = 1; n <= 2; n++) {
        plex.systems[n].profile.explicit_first = 60000;
        plex.systems[n].profile.explicit_count = 100;
    }
    store = STORE_BITMAP;
    start(2, 64);
    ck_assert_int_eq(clp_claim_explicit(&plex_select(2)->clp, &port), CLP_OK);
    plex_kill(2);
    plex_ipl(2);
    plex_settle();
    ck_assert_int_eq(clp_claim_explicit(&plex_select(1)->clp, &port), CLP_OK);
    if (clp_owned_ports(&plex.systems[1].stack->clp, CLP_EXPLICIT, "MVS2", map))
        ck_assert_mem_eq(map, none, sizeof map);
}
END_TEST

START_TEST(a_stack_that_died_moving_a_block_is_recovered_with_the_block)
{
    uint16_t port;

    store = recoverable[_i];
    start(2, 64);
    for (unsigned step = 0; step < 4; step++) {
        plex_select(2);
        host_platform_lose_cfs_after(step);
        (void)clp_assign(&plex.systems[2].stack->clp, DVA, 0, SERVER, 80, &port);
        plex_kill(2);
        plex_settle();
        ck_assert_uint_eq(recovery_of_ports(&plex_select(1)->clp, "MVS2", 2).failed, 0);
        ck_assert_uint_eq(audit(1).pool, PORTS_PER_DVIPA);
        plex_ipl(2);
        plex_settle();
    }
}
END_TEST

START_TEST(repair_puts_in_order_what_the_audit_finds)
{
    uint16_t port;
    struct clp_audit a;

    store = recoverable[_i];
    start(2, 64);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    ck_assert_int_eq(assign(2, &port), CLP_OK);
    struct clp *clp = &plex_select(1)->clp;
    struct clp_table *t = &clp->tables[0];
    uint32_t word = 0;
    while (!t->owned[word])
        word++;
    t->owned[word] &= ~7ull;                    /* three ports that the stack forgot: leaked */
    ck_assert_int_eq(clp_repair(clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.differences, 3);
    ck_assert_uint_eq(a.repaired, 6);           /* out of the map, into the pool */
    ck_assert_uint_eq(audit(1).leaked, 0);
    t->owned[word] |= 7;                        /* three that it believes to have but are in the pool */
    ck_assert_int_eq(clp_repair(clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.repaired, 6);
    a = audit(2);
    ck_assert_uint_eq(a.doubles + a.leaked, 0);
    ck_assert_uint_eq(a.owned, 128);
    ck_assert_uint_eq(a.pool, PORTS_PER_DVIPA - 128);
}
END_TEST

/* --- figure 11 ----------------------------------------------------------------------------------------------------- */

#define RANGE 0x0A020200u       /* 10.2.2.0/24 */

static bool is_dvipa(void *context, uint32_t address)
{
    struct stack *s = context;
    return vipa_find(&s->vipa, address) || vipa_find_range(&s->vipa, address);
}

static bool is_defined(void *context, uint32_t address)
{
    (void)context;
    return address == 0x0A0A0A0A;
}

static bool is_configured(void *context, uint32_t address)
{
    return is_dvipa(context, address) && address != DVB;
}

static bool is_active(void *context, uint32_t address)
{
    const struct vipa_dvipa *d = vipa_find(&((struct stack *)context)->vipa, address);
    return d && d->active;
}

static bool in_range(void *context, uint32_t address)
{
    return vipa_find_range(&((struct stack *)context)->vipa, address) != NULL;
}

static bool activate(void *context, uint32_t address)
{
    return vipa_activate_range(&((struct stack *)context)->vipa, address, REQUEST_BIND) == VIPA_OK;
}

static struct profile_clusterports clusterports_of(void *context, uint32_t address)
{
    return profile_clusterports(((struct stack *)context)->profile, address);
}

static int bind_on(unsigned n, uint32_t address, uint16_t port, uint16_t *bound)
{
    struct stack *s = plex_select(n);
    const struct clp_addresses a = { s, is_dvipa, is_defined, is_configured, is_active, in_range, activate, clusterports_of };

    return clp_bind(&s->clp, &a, address, port, bound);
}

static void passed(const uint16_t *blocks)
{
    for (unsigned b = FLOW_11_1100; b <= FLOW_11_1160; b++) {
        unsigned expected = 0;
        for (const uint16_t *p = blocks; *p; p++)
            expected += *p == flow_names[b].block;
        if (flow_count(b) != expected)
            ck_abort_msg("block %u passed %u times, not %u", flow_names[b].block, (unsigned)flow_count(b), expected);
    }
    flow_restart();
}

START_TEST(bind_takes_each_way_through_figure_11)
{
    uint16_t bound, port;

    plex.systems[1].profile.ranges[plex.systems[1].profile.range_count++] = (struct profile_range){
        .address = RANGE, .mask = 0xFFFFFF00, .clusterports = { .on = true, .blocksize = 64, .store = store } };
    plex_define(2, DVB, 64);
    start(2, 64);
    flow_restart();
    ck_assert_int_eq(bind_on(1, DVA, 7000, &bound), CLP_OK);
    ck_assert_uint_eq(bound, 7000);
    passed((uint16_t[]){ 1100, 1102, 1105, 1115, 1120, 1135, 1145, 1155, 0 });
    ck_assert_int_eq(bind_on(2, DVA, 7000, &bound), CLP_EADDRINUSE);            /* in use there: not given up */
    ck_assert_uint_eq(plex.systems[2].stack->clp.reason, CLP_REASON_OWNED);
    passed((uint16_t[]){ 1100, 1102, 1105, 1110, 0 });
    ck_assert_int_eq(bind_on(1, DVA, 7000, &bound), CLP_EADDRINUSE);
    ck_assert_uint_eq(plex.systems[1].stack->clp.reason, CLP_REASON_USED);
    passed((uint16_t[]){ 1100, 1102, 1105, 1110, 0 });
    ck_assert_int_eq(bind_on(1, DVA, 0, &bound), CLP_OK);                       /* the port comes with the connection */
    ck_assert_uint_eq(bound, 0);
    passed((uint16_t[]){ 1100, 1120, 1135, 1145, 1155, 0 });
    ck_assert_int_eq(bind_on(1, 0x0A0A0A0A, 8000, &bound), CLP_OK);
    passed((uint16_t[]){ 1100, 1102, 1120, 1125, 1130, 0 });
    ck_assert_int_eq(bind_on(1, 0x0B0B0B0B, 8000, &bound), CLP_EADDRNOTAVAIL);
    ck_assert_uint_eq(plex.systems[1].stack->clp.reason, 0x744C7230);
    passed((uint16_t[]){ 1100, 1102, 1120, 1125, 1140, 0 });
    ck_assert_int_eq(bind_on(2, DVB, 8000, &bound), CLP_EADDRNOTAVAIL);         /* not configured, says the test */
    passed((uint16_t[]){ 1100, 1102, 1105, 1115, 1120, 1135, 1140, 0 });
    ck_assert_int_eq(bind_on(1, RANGE + 9, 8000, &bound), CLP_OK);
    passed((uint16_t[]){ 1100, 1102, 1105, 1115, 1120, 1135, 1145, 1150, 1160, 1155, 0 });
    ck_assert_int_eq(clp_usage(&plex.systems[1].stack->clp, RANGE + 9).used, 1);
    for (unsigned i = 0; i < plex.systems[1].stack->vipa.count; i++)
        if (plex.systems[1].stack->vipa.dvipas[i].address == DVA)
            plex.systems[1].stack->vipa.dvipas[i].active = false;
    ck_assert_int_eq(bind_on(1, DVA, 0, &bound), CLP_EADDRNOTAVAIL);
    passed((uint16_t[]){ 1100, 1120, 1135, 1145, 1150, 1140, 0 });
    clp_unbind(&plex.systems[1].stack->clp, DVA, 7000);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
}
END_TEST

START_TEST(a_bind_that_is_rejected_leaves_an_address_of_a_viparange_where_it_is)
{
    uint16_t bound;

    for (unsigned n = 1; n <= 2; n++)
        plex.systems[n].profile.ranges[plex.systems[n].profile.range_count++] = (struct profile_range){
            .address = RANGE, .mask = 0xFFFFFF00, .clusterports = { .on = true, .blocksize = 64, .store = store } };
    start(2, 64);
    ck_assert_int_eq(bind_on(1, RANGE + 9, 8000, &bound), CLP_OK);
    ck_assert_int_eq(bind_on(2, RANGE + 9, 8000, &bound), CLP_EADDRINUSE);
    ck_assert(plex.systems[1].stack->vipa.count > 0 && is_active(plex.systems[1].stack, RANGE + 9));
    ck_assert(!is_active(plex.systems[2].stack, RANGE + 9));
    ck_assert_int_eq(bind_on(2, RANGE + 9, 8001, &bound), CLP_OK);
    ck_assert(is_active(plex.systems[2].stack, RANGE + 9));
}
END_TEST

START_TEST(an_owner_gives_up_a_port_that_it_does_not_use)
{
    uint16_t port, bound;

    store = recoverable[_i];
    start(2, 64);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    const struct clp_table *t = &plex.systems[1].stack->clp.tables[0];
    uint16_t idle = t->ring[t->ring_head];      /* owned by MVS1, not in use */
    ck_assert_int_eq(bind_on(2, DVA, idle, &bound), CLP_OK);
    ck_assert_uint_eq(bound, idle);
    owner[idle] = 2;
    ck_assert_int_eq(bind_on(2, DVA, port, &bound), CLP_EADDRINUSE);
    ck_assert_uint_eq(audit(1).leaked, 0);
    for (unsigned i = 0; i < 62; i++)
        ck_assert_int_eq(assign(1, &port), CLP_OK);
}
END_TEST

START_TEST(bind_to_any_port_of_any_address_takes_from_the_explicit_bind_pool)
{
    uint16_t a, b = 0, port;                    /* b: a port of MVS2 */
    bool seen[300] = { false };

    for (unsigned n = 1; n <= 2; n++) {
        plex.systems[n].profile.explicit_first = 30200;
        plex.systems[n].profile.explicit_count = 256;
    }
    start(2, 64);
    /* Blocks are of different sizes, as the pool does not begin at a boundary: one stack may get more than the other. While a
     * port is left, one of the two has it. */
    for (unsigned i = 0; i < 256; i++) {
        unsigned first = 1 + i % 2;
        bool by_first = bind_on(first, 0, 0, &a) == CLP_OK;
        if (!by_first)
            ck_assert_int_eq(bind_on(3 - first, 0, 0, &a), CLP_OK);
        MUST(a >= 30200 && a < 30456 && !seen[a - 30200]);
        seen[a - 30200] = true;
        if (by_first == (first == 2))
            b = a;
    }
    ck_assert_int_eq(bind_on(1, 0, 0, &a), CLP_EADDRNOTAVAIL);
    ck_assert_uint_eq(plex.systems[1].stack->clp.reason, CLP_REASON_JRSRCIPDISTDVIPA);
    ck_assert_ptr_nonnull(strstr(plex_wto, "EZD1296I EXPLICITBINDPORTRANGE IS NEARLY EXHAUSTED"));
    struct clp *two = &plex_select(2)->clp;
    ck_assert_int_eq(clp_assign(two, DVA, b, SERVER, 80, &port), CLP_OK);       /* the connect that follows */
    ck_assert_uint_eq(port, b);
    clp_release(two, DVA, b, SERVER, 80);
    clp_unbind(two, 0, b);
    int rc = CLP_EADDRNOTAVAIL;
    for (unsigned i = 0; i < 10 && rc != CLP_OK; i++) {
        host_platform_advance_us(200000);       /* others are not asked all the time */
        rc = bind_on(1, 0, 0, &a);                                              /* asked back from MVS2 */
    }
    ck_assert_int_eq(rc, CLP_OK);
    ck_assert_uint_eq(a, b);
    while (clp_assign(&plex_select(1)->clp, DVA, 0, SERVER, 80, &port) == CLP_OK)
        MUST(port < 30200 || port >= 30456);    /* and they are given out for nothing else */
}
END_TEST

/* --- more than one destination, quota, asking back, sharing ---------------------------------------------------------- */

static uint16_t towards[4][PORTS_PER_DVIPA];    /* users of a port per destination, all stacks */

START_TEST(two_hundred_thousand_connections_to_four_destinations)
{
    static uint16_t ports[4][50000];
    uint16_t port;

    memset(towards, 0, sizeof towards);
    store = recoverable[_i];
    start(4, 64);
    for (unsigned i = 0; i < 50000; i++) {
        for (unsigned n = 1; n <= 4; n++) {
            uint32_t to = (i + n) % 4;
            MUST(clp_assign(&plex_select(n)->clp, DVA, 0, SERVER + to, 80, &port) == CLP_OK);
            MUST(towards[to][port]++ == 0);
            MUST(owner[port] == 0 || owner[port] == n);
            owner[port] = (uint8_t)n;
            ports[n - 1][i] = port;
        }
    }
    ck_assert_uint_gt(plex.systems[1].stack->clp.statistics.shared, 30000);
    ck_assert_uint_eq(audit(1).leaked, 0);
    for (unsigned i = 0; i < 50000; i++)
        for (unsigned n = 1; n <= 4; n++)
            clp_release(&plex_select(n)->clp, DVA, ports[n - 1][i], SERVER + (i + n) % 4, 80);
    for (unsigned n = 1; n <= 4; n++) {
        ck_assert_uint_eq(clp_usage(&plex_select(n)->clp, DVA).used, 0);
        ck_assert_uint_eq(clp_usage(&plex.systems[n].stack->clp, DVA).used, 0);
    }
}
END_TEST

START_TEST(more_destinations_than_records_get_ports_of_their_own)
{
    uint16_t port[200], again;

    start(1, 64);
    struct clp *clp = &plex_select(1)->clp;
    for (unsigned i = 0; i < 200; i++) {
        ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER + i, 80, &port[i]), CLP_OK);
        for (unsigned k = CLP_DESTINATIONS; k < i; k++)
            ck_assert_uint_ne(port[k], port[i]);
    }
    for (unsigned i = 0; i < 200; i++)
        clp_release(clp, DVA, port[i], SERVER + i, 80);
    ck_assert_uint_eq(clp_usage(clp, DVA).used, 0);
    ck_assert(clp->destinations_idle);
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER + 199, 80, &again), CLP_OK);    /* and a record when one is free */
    ck_assert_ptr_nonnull(clp->destination);
    ck_assert_uint_eq(clp->destination->address, SERVER + 199);
}
END_TEST

START_TEST(a_stack_owns_no_more_than_its_quota)
{
    uint16_t port;
    unsigned given = 0;

    quota = 256;
    start(2, 64);
    while (assign(1, &port) == CLP_OK)
        given++;
    ck_assert_uint_eq(given, 256);
    ck_assert_uint_eq(plex.systems[1].stack->clp.reason, CLP_REASON_QUOTA);
    ck_assert_int_eq(clp_assign(&plex_select(1)->clp, DVA, 0, SERVER + 1, 80, &port), CLP_OK);      /* of its own ports */
    ck_assert_int_eq(assign(2, &port), CLP_OK);
}
END_TEST

START_TEST(idle_ports_are_asked_back_when_the_pool_is_empty)
{
    static uint16_t ports[PORTS_PER_DVIPA];
    uint16_t port;
    unsigned n = 0;

    start(2, 64);
    while (assign(1, &port) == CLP_OK)
        ports[n++] = port;
    ck_assert_uint_ge(n, 64512 - 64);
    ck_assert_int_eq(assign(2, &port), CLP_EADDRNOTAVAIL);
    for (unsigned i = 0; i < n; i += 13)        /* scattered: hardly a block is idle */
        release(1, ports[i]);
    host_platform_advance_us(200000);
    for (unsigned i = 0; i < 2000; i++) {
        MUST(assign(2, &port) == CLP_OK);
        if (i % 50 == 0)
            host_platform_advance_us(200000);
    }
    ck_assert_uint_gt(plex.systems[1].stack->clp.statistics.returned, 2000);
    ck_assert_uint_eq(audit(2).leaked, 0);
}
END_TEST

START_TEST(the_operator_is_told_before_the_pool_is_empty)
{
    uint16_t port;

    start(1, 64);
    while (clp_usage(&plex_select(1)->clp, DVA).used < 64512 / 10 * 8)
        ck_assert_int_eq(assign(1, &port), CLP_OK);
    ck_assert_ptr_null(strstr(plex_wto, "EZD1296I"));
    while (assign(1, &port) == CLP_OK)
        ;
    const char *told = strstr(plex_wto, "EZD1296I PORTS OF DVIPA 10.1.1.1 ARE NEARLY EXHAUSTED");
    ck_assert_ptr_nonnull(told);
    ck_assert_ptr_null(strstr(told + 1, "EZD1296I"));       /* once */
}
END_TEST

START_TEST(reserved_ports_of_every_stack_are_skipped)
{
    uint16_t port;

    plex.systems[2].profile.ports[plex.systems[2].profile.port_count++] =
        (struct profile_portreserve){ .first = 2000, .count = 60000, .tcp = true };
    start(1, 64);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    release(1, port);
    plex_ipl(2);
    plex_settle();
    while (assign(1, &port) == CLP_OK)
        MUST(port < 2000 || port >= 62000);
    plex_kill(2);
    plex_settle();
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    MUST(port >= 2000 && port < 62000);
}
END_TEST

START_TEST(ports_that_stacks_share_when_clusterports_comes_are_free_when_the_last_connection_has_ended)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64, .store = recoverable[_i] };
    static uint16_t port[5][3000];
    struct clp_audit a;

    start(3, 0);
    memset(towards, 0, sizeof towards);
    for (unsigned n = 1; n <= 3; n++)
        for (unsigned i = 0; i < 3000; i++) {
            MUST(clp_assign(&plex_select(n)->clp, DVA, 0, SERVER, 80, &port[n][i]) == CLP_OK);
            towards[0][port[n][i]]++;
        }
    unsigned distinct = 0, several = 0;
    for (unsigned p = 0; p < PORTS_PER_DVIPA; p++) {
        distinct += towards[0][p] > 0;
        several += towards[0][p] > 1;
    }
    ck_assert_uint_gt(several, 100);
    flow_restart();
    for (unsigned n = 1; n <= 3; n++)
        ck_assert_int_eq(clp_activate(&plex_select(n)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    ck_assert_uint_eq(flow_count(FLOW_8B_885), 3);
    ck_assert_int_eq(clp_check(&plex_select(1)->clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.leaked, 0);
    ck_assert_uint_eq(a.differences, 0);
    ck_assert_uint_eq(a.doubles, 0);
    ck_assert_uint_eq(a.shared, several);
    ck_assert_uint_eq(a.owned, distinct);
    ck_assert_uint_eq(a.pool, PORTS_PER_DVIPA - distinct);
    for (unsigned i = 0; i < 3000; i++) {
        uint16_t fresh;
        for (unsigned n = 1; n <= 2; n++) {     /* MVS3's connections stay */
            clp_release(&plex_select(n)->clp, DVA, port[n][i], SERVER, 80);
            towards[0][port[n][i]]--;
            if (i % 8 == 0) {
                MUST(clp_assign(&plex.systems[n].stack->clp, DVA, 0, SERVER, 80, &fresh) == CLP_OK);
                MUST(towards[0][fresh]++ == 0);
            }
        }
    }
    ck_assert_int_eq(clp_check(&plex_select(2)->clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.doubles, 0);
    ck_assert_uint_eq(a.leaked, 0);
    ck_assert_uint_eq(a.differences, 0);
    plex_kill(3);                               /* those of a failed stack count too */
    plex_settle();
    ck_assert_uint_eq(recovery_of_ports(&plex_select(1)->clp, "MVS3", 3).failed, 0);
    ck_assert_int_eq(clp_check(&plex.systems[1].stack->clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.shared, 0);
    ck_assert_uint_eq(a.leaked, 0);
}
END_TEST

START_TEST(the_log_tells_when_a_port_was_this_stacks)
{
    uint16_t port;
    uint64_t since;
    char line[128];

    start(1, 1);
    struct clp *clp = &plex_select(1)->clp;
    uint64_t before = platform_clock_us();
    host_platform_advance_us(1000000);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    uint64_t during = platform_clock_us();
    host_platform_advance_us(1000000);
    release(1, port);
    uint64_t after = platform_clock_us();
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port, before, NULL), CLP_LOG_NO);
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port, during, &since), CLP_LOG_YES);
    MUST(since > before && since <= during);
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port, after, NULL), CLP_LOG_NO);
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port ^ 1, during, NULL), CLP_LOG_NO);
    clp_log_line(&(struct clp_log_record){ .time_us = 951868799990000ull, .ports = 3, .address = DVA, .word = 2, .came = true },
                 "MVS1", line, sizeof line);
    ck_assert_str_eq(line, "2000/02/29 23:59:59.99 MVS1 10.1.1.1 CAME 190-191 (2 PORTS)");
    for (unsigned i = 0; i < CLP_LOG_RECORDS; i++)
        clp_log_write(&clp->log, after, DVB, 1, 1, true);
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port, during, NULL), CLP_LOG_UNKNOWN);
}
END_TEST

static struct port_use present_use;

static void present(port_use_fn *use, void *argument)
{
    use(argument, &present_use);
}

static struct port_use use_of(const char *job, uint16_t port, uint64_t since_us)
{
    struct port_use use = port_use_begin(job, since_us);

    use.address = DVA;
    use.port = port;
    use.destination = SERVER;
    use.dport = 80;
    return use;
}

START_TEST(the_operator_asks_which_job_had_a_port)
{
    static struct port_log log;
    static struct operator operator;
    uint64_t day = 951782400000000ull;      /* 2000/02/29 */
    char command[128], line[128];
    uint16_t port;

    start(1, 64);
    struct clp *clp = &plex_select(1)->clp;
    struct operator_ports ports = { .clp = clp, .log = &log, .present = present };
    log.written = 0;
    operator_init(&operator);
    operator_ports_register(&operator, &ports);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    struct port_use use = use_of("APPA", port, day + 3600000000ull);
    port_log_write(&log, &use, day + 3660000000ull);
    use = use_of("LONGNAME", port, day + 7200000000ull);
    port_log_write(&log, &use, day + 7260000000ull);
    present_use = use_of("APPB", port, day + 10800000000ull);
    static const struct { const char *time, *job; } asked[] = {
        { "01.00.00", "APPA" }, { "01:00:59.99", "APPA" }, { "01.01.00", NULL }, { "02.00.30", "LONGNAME" }, { "23.00.00", "APPB" },
        { "00.59.59", NULL },
    };
    for (unsigned i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        plex_wto[0] = 0;
        snprintf(command, sizeof command, "D TCPIP,,SYS,PORTS,DVIPA=10.1.1.1,PORT=%u,TIME='2000/02/29 %s'", port, asked[i].time);
        operator_command(&operator, command);
        snprintf(line, sizeof line, "%u OF %u RECORDS DISPLAYED", asked[i].job != NULL, asked[i].job != NULL);
        ck_assert_msg(strstr(plex_wto, line) != NULL, "%s", plex_wto);
        ck_assert_msg(asked[i].job == NULL || strstr(plex_wto, asked[i].job) != NULL, "%s", plex_wto);
        ck_assert_msg(strstr(plex_wto, "THE PORT IS NOT OF THIS STACK") != NULL, "%s", plex_wto);  /* it came just now */
    }
    plex_wto[0] = 0;
    snprintf(command, sizeof command, "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1,PORT=%u", port);
    operator_command(&operator, command);
    ck_assert_msg(strstr(plex_wto, "THE PORT IS OF THIS STACK SINCE") != NULL, "%s", plex_wto);
    snprintf(line, sizeof line, "  APPA     2000/02/29 01:00:00.00 2000/02/29 01:01:00.00 10.1.1.1..%u TO 10.99.99.99..80", port);
    ck_assert_msg(strstr(plex_wto, line) != NULL, "%s", plex_wto);
    snprintf(line, sizeof line, "  APPB     2000/02/29 03:00:00.00 NOW                    10.1.1.1..%u TO 10.99.99.99..80", port);
    ck_assert_msg(strstr(plex_wto, line) != NULL, "%s", plex_wto);
    ck_assert_ptr_nonnull(strstr(plex_wto, "3 OF 3 RECORDS DISPLAYED"));
    plex_wto[0] = 0;
    operator_command(&operator, "D TCPIP,,SYSPLEX,PORTS,LOG,MAX=2");
    ck_assert_msg(strstr(plex_wto, "10.1.1.1 CAME") != NULL, "%s", plex_wto);
    ck_assert_msg(strstr(plex_wto, "2 OF 3 RECORDS DISPLAYED") != NULL && strstr(plex_wto, "LONGNAME") != NULL, "%s", plex_wto);
    static const struct { const char *command, *answer; } wrong[] = {
        { "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1", "EXPECTED PORT=NUMBER" },
        { "D TCPIP,,SYSPLEX,PORTS,PORT=80", "EXPECTED DVIPA=IPADDR" },
        { "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1,PORT=80", "UNIDENTIFIABLE KEYWORD 10.1.1" },
        { "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1,PORT=80,TIME=25.00.00", "UNIDENTIFIABLE KEYWORD 25.00.00" },
        { "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1,PORT=0", "IEE306I" },
        { "D TCPIP,,SYSPLEX,PORTS,PAST", "EXPECTED LOG" },
        { "D TCPIP,,SYSPLEX,PORTS,LOG,PORT=80", "EXPECTED DVIPA MAX" },
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        plex_wto[0] = 0;
        operator_command(&operator, wrong[i].command);
        ck_assert_msg(strstr(plex_wto, wrong[i].answer) != NULL, "%s: %s", wrong[i].command, plex_wto);
    }
    use.port = (uint16_t)(port ^ 1);
    for (unsigned i = 0; i < PORT_LOG_USES - 1; i++)
        port_log_write(&log, &use, day + 14400000000ull);
    plex_wto[0] = 0;                        /* APPA has left the log, LONGNAME is its oldest */
    snprintf(command, sizeof command, "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1,PORT=%u,TIME=2000/02/29-01.30.00", port);
    operator_command(&operator, command);
    ck_assert_msg(strstr(plex_wto, "USES THAT ENDED BEFORE 2000/02/29 02:01:00.00 ARE NOT KNOWN") != NULL, "%s", plex_wto);
}
END_TEST

/* Each stack sees the same pool, and what the others have. */
START_TEST(the_display_shows_the_cluster)
{
    char lines[3][64];
    uint16_t port;

    start(2, 64);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    ck_assert_int_eq(assign(2, &port), CLP_OK);
    uint32_t one = clp_usage(&plex_select(1)->clp, DVA).owned, two = clp_usage(&plex_select(2)->clp, DVA).owned;
    struct clp_audit audit;
    ck_assert_int_eq(clp_check(&plex_select(1)->clp, DVA, &audit), CLP_OK);
    snprintf(lines[0], sizeof lines[0], "%5u AVAILABLE IN THE SYSPLEX\n", audit.pool);
    snprintf(lines[1], sizeof lines[1], "%5u OF TCPIP AT MVS1\n", one);
    snprintf(lines[2], sizeof lines[2], "%5u OF TCPIP AT MVS2\n", two);
    for (unsigned n = 1; n <= 2; n++) {
        plex_wto[0] = 0;
        clp_display(&plex_select(n)->clp, operator_line, NULL);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_msg(strstr(plex_wto, lines[i]) != NULL, "%s is not in %s", lines[i], plex_wto);
        ck_assert_ptr_nonnull(strstr(plex_wto, "  SURVIVES FAILURE OF STACKS AND, IF THERE IS ANOTHER ONE, A COUPLING FACILITY\n"));
    }
}
END_TEST

START_TEST(figures_4_and_5_are_the_general_form_of_9_and_10)
{
    uint16_t port;

    start(1, 1);
    flow_restart();
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    release(1, port);
    static const enum flow_block clustered[] = { FLOW_4_400, FLOW_4_410, FLOW_4_415, FLOW_4_420, FLOW_4_425,
                                                 FLOW_5_500, FLOW_5_505, FLOW_5_510, FLOW_5_515 };
    for (unsigned i = 0; i < sizeof clustered / sizeof clustered[0]; i++)
        ck_assert_uint_eq(flow_count(clustered[i]), 1);
    ck_assert_uint_eq(flow_count(FLOW_4_430) + flow_count(FLOW_4_435) + flow_count(FLOW_4_440) + flow_count(FLOW_5_520) +
                      flow_count(FLOW_5_525), 0);
    struct profile_clusterports off = { 0 };
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_activate(clp, DVB, &off, CLP_DEFINED), CLP_OK);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(clp_assign(clp, i ? DVB : 0x0A0A0A0A, 0, SERVER, 80, &port), CLP_OK);
        clp_release(clp, i ? DVB : 0x0A0A0A0A, port, SERVER, 80);
    }
    ck_assert_uint_eq(flow_count(FLOW_4_430), 1);
    ck_assert_uint_eq(flow_count(FLOW_4_435), 1);
    ck_assert_uint_eq(flow_count(FLOW_4_440), 1);
    ck_assert_uint_eq(flow_count(FLOW_5_520), 1);
    ck_assert_uint_eq(flow_count(FLOW_5_525), 1);
}
END_TEST

/* --- every keeper -------------------------------------------------------------------------------------------------- */

static const enum profile_store all_stores[] = { STORE_BITMAP, STORE_REVERSED, STORE_CLUSTERWIDE, STORE_LISTS, STORE_CRHT,
                                                 STORE_BROADCAST, STORE_DISTRIBUTOR };
enum { ALL_STORES = sizeof all_stores / sizeof all_stores[0] };

#define OPEN_MAX 400
static struct open {
    uint16_t port;
    uint8_t to;
} opened[5][OPEN_MAX];
static unsigned open_count[5];
static uint8_t connection[4][PORTS_PER_DVIPA];      /* who has the connection from this port to that destination */

static bool connect_to(unsigned n, uint8_t to)
{
    struct open *o = &opened[n][open_count[n]];

    if (clp_assign(&plex_select(n)->clp, DVA, 0, SERVER + to, 80, &o->port) != CLP_OK)
        return false;
    if (connection[to][o->port] != 0)
        ck_abort_msg("%u: 4-tuple of port %u to %u is open on %u", n, o->port, to, connection[to][o->port]);
    connection[to][o->port] = (uint8_t)n;
    o->to = to;
    open_count[n]++;
    return true;
}

static void disconnect(unsigned n, unsigned which)
{
    struct open o = opened[n][which];

    opened[n][which] = opened[n][--open_count[n]];
    MUST(connection[o.to][o.port] == n);
    connection[o.to][o.port] = 0;
    clp_release(&plex_select(n)->clp, DVA, o.port, SERVER + o.to, 80);
}

static void forget(unsigned n)
{
    for (unsigned i = 0; i < open_count[n]; i++)
        connection[opened[n][i].to][opened[n][i].port] = 0;
    open_count[n] = 0;
}

static uint64_t dice;

static unsigned throw(unsigned sides)
{
    dice = dice * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(dice >> 33) % sides;
}

/* Narrow ports, so that stacks run dry, ask each other, and give back all the time. */
static void start_narrow(enum profile_store which, uint16_t blocksize, unsigned stacks)
{
    store = which;
    dice = 4711;
    memset(connection, 0, sizeof connection);
    memset(open_count, 0, sizeof open_count);
    for (unsigned n = 1; n < PLEX_STACKS; n++) {
        plex.systems[n].profile.ephemeral_low = 20000;
        plex.systems[n].profile.ephemeral_high = 20000 + 1023;
    }
    start(stacks, blocksize);
}

static void traffic(unsigned stacks, unsigned steps, unsigned *refused)
{
    for (unsigned step = 0; step < steps; step++) {
        unsigned n = 1 + throw(stacks);

        if (!plex.systems[n].stack)
            continue;
        if (open_count[n] < OPEN_MAX && (open_count[n] == 0 || throw(5) < 3))
            *refused += !connect_to(n, (uint8_t)throw(2));
        else
            disconnect(n, throw(open_count[n]));
        if (step % 64 == 0) {
            host_platform_advance_us(150000);
            plex_settle();
        }
    }
}

START_TEST(no_keeper_ever_lets_a_4_tuple_be_open_twice)
{
    static const uint16_t blocks[] = { 1, 16, 64, 128 };
    enum profile_store which = all_stores[_i / 4];
    unsigned refused = 0;

    start_narrow(which, blocks[_i % 4], 4);
    traffic(4, blocks[_i % 4] == 1 ? 2000 : 4000, &refused);
    ck_assert_uint_lt(refused, 1000);
    ck_assert_uint_gt(open_count[1] + open_count[2] + open_count[3] + open_count[4], 400);
    for (unsigned n = 1; n <= 4; n++)
        while (open_count[n])
            disconnect(n, 0);
    for (unsigned i = 0; i < 40; i++) {
        host_platform_advance_us(2000000);
        plex_settle();
    }
    for (unsigned n = 1; n <= 4; n++) {
        struct clp_usage u = clp_usage(&plex_select(n)->clp, DVA);
        ck_assert_uint_eq(u.used, 0);
        if (which != STORE_CRHT)
            ck_assert_uint_le(u.owned, 2u * blocks[_i % 4]);
    }
    if (which == STORE_BITMAP || which == STORE_REVERSED)
        ck_assert_uint_eq(audit(1).leaked, 0);
    unsigned given = 0;                         /* nothing has leaked: one stack can have all there is */
    for (unsigned tries = 0; tries < 40; tries++) {
        host_platform_advance_us(2000000);
        plex_settle();
        uint16_t port;
        while (given < 1024 && clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port) == CLP_OK)
            given++;
    }
    ck_assert_uint_eq(given, 1024);
}
END_TEST

/* A target stack dies in the middle of its work and is recovered, again and again; its ports are used by the others. */
START_TEST(no_keeper_loses_ports_when_stacks_die)
{
    enum profile_store which = all_stores[_i];
    unsigned refused = 0;

    if (which == STORE_CLUSTERWIDE)
        return;                                 /* keeps no record of who had what: see below */
    start_narrow(which, 16, 3);
    for (unsigned life = 0; life < 12; life++) {
        traffic(3, 600, &refused);
        plex_select(2);
        host_platform_lose_cfs_after(throw(12));
        for (unsigned i = 0; i < 30 && open_count[2] < OPEN_MAX; i++)
            (void)connect_to(2, (uint8_t)throw(2));
        plex_kill(2);
        plex_settle();
        ck_assert_uint_eq(recovery_of_ports(&plex_select(1)->clp, "MVS2", 2).failed, 0);
        (void)recovery_of_ports(&plex_select(3)->clp, "MVS2", 2);
        forget(2);
        traffic(3, 300, &refused);
        plex_ipl(2);
        plex_settle();
    }
    for (unsigned n = 1; n <= 3; n++)
        while (open_count[n])
            disconnect(n, 0);
    unsigned given = 0;
    for (unsigned tries = 0; tries < 40; tries++) {
        host_platform_advance_us(2000000);
        plex_settle();
        uint16_t port;
        while (given < 1024 && clp_assign(&plex_select(3)->clp, DVA, 0, SERVER, 80, &port) == CLP_OK)
            given++;
    }
    ck_assert_uint_eq(given, 1024);
}
END_TEST

START_TEST(every_keeper_gives_out_a_given_port_once)
{
    uint16_t bound;

    store = all_stores[_i];
    start(3, 64);
    ck_assert_int_eq(bind_on(1, DVA, 7000, &bound), CLP_OK);
    if (store == STORE_CRHT) {                  /* the port is nobody's: the connections are told apart */
        uint16_t port;
        ck_assert_int_eq(bind_on(2, DVA, 7000, &bound), CLP_OK);
        ck_assert_int_eq(clp_assign(&plex_select(1)->clp, DVA, 7000, SERVER, 80, &port), CLP_OK);
        ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 7000, SERVER, 80, &port), CLP_EADDRINUSE);
        ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 7000, SERVER + 1, 80, &port), CLP_OK);
        return;
    }
    ck_assert_int_eq(bind_on(2, DVA, 7000, &bound), CLP_EADDRINUSE);
    ck_assert_int_eq(bind_on(3, DVA, 7000, &bound), CLP_EADDRINUSE);
    clp_unbind(&plex_select(1)->clp, DVA, 7000);
    ck_assert_int_eq(bind_on(2, DVA, 7000, &bound), CLP_OK);        /* given up by MVS1, which does not use it */
    ck_assert_int_eq(bind_on(1, DVA, 7000, &bound), CLP_EADDRINUSE);
}
END_TEST

START_TEST(crht_serves_200000_connections_to_four_destinations_and_routes_by_them)
{
    uint16_t port;

    memset(towards, 0, sizeof towards);
    store = STORE_CRHT;
    start(4, 64);
    for (unsigned i = 0; i < 50000; i++) {
        for (unsigned n = 1; n <= 4; n++) {
            uint32_t to = (i + n) % 4;
            MUST(clp_assign(&plex_select(n)->clp, DVA, 0, SERVER + to, 80, &port) == CLP_OK);
            MUST(towards[to][port]++ == 0);
            if (i % 5000 == 0) {
                struct clp_tuple tuple = { DVA, SERVER + to, port, 80 };
                MUST(clp_tuple_owner(&plex_select(1 + (n + 1) % 4)->clp, &tuple) == n);
            }
        }
    }
    plex_kill(2);
    plex_settle();
    struct recovery r = recovery_of_ports(&plex_select(1)->clp, "MVS2", 2);
    ck_assert_uint_eq(r.failed, 0);
    ck_assert_uint_eq(r.ports, 50000);
}
END_TEST

START_TEST(connections_from_before_a_crht_are_entered_in_it)
{
    struct profile_clusterports on = { .on = true, .store = STORE_CRHT };
    uint16_t port, other;

    start(2, 0);
    ck_assert_int_eq(clp_assign(&plex_select(1)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    ck_assert_int_eq(clp_activate(&plex_select(1)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    ck_assert_int_eq(clp_activate(&plex_select(2)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    ck_assert_int_ne(clp_assign(&plex_select(2)->clp, DVA, port, SERVER, 80, &other), CLP_OK);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, port, SERVER, 81, &other), CLP_OK);
    clp_release(&plex_select(1)->clp, DVA, port, SERVER, 80);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, port, SERVER, 80, &other), CLP_OK);
}
END_TEST

/* The CF cannot be reached when CLUSTERPORTS comes: what is in use then is made known when it can. */
START_TEST(connections_from_before_clusterports_are_not_forgotten_without_the_cf)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64, .store = recoverable[_i] };
    uint16_t port, other;

    start(2, 0);
    struct clp *clp = &plex_select(1)->clp;
    struct xes_connection *to_cf = clp->connection;
    struct xes *xes = clp->xes;
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    clp->connection = NULL;
    clp->xes = NULL;
    ck_assert_int_ne(clp_activate(clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    clp->connection = to_cf;
    clp->xes = xes;
    host_platform_advance_us(200000);
    clp_poll(clp);
    ck_assert_int_eq(clp_activate(&plex_select(2)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    ck_assert_int_eq(clp_claim(&plex_select(2)->clp, DVA, port), CLP_EADDRINUSE);
    clp_release(&plex_select(1)->clp, DVA, port, SERVER, 80);
    ck_assert_int_eq(clp_claim(&plex_select(2)->clp, DVA, port), CLP_OK);
    ck_assert_int_eq(clp_assign(&plex_select(1)->clp, DVA, 0, SERVER, 80, &other), CLP_OK);
}
END_TEST

static unsigned times_told(const char *text)
{
    unsigned times = 0;

    for (const char *at = plex_wto; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

/* Each connection tries to have the structure. */
START_TEST(a_structure_that_cannot_be_had_is_told_once)
{
    struct profile_clusterports on = { .on = true, .store = _i == 0 ? STORE_LISTS : STORE_CRHT };
    uint16_t port;

    struct clp *clp = &plex_ipl(1)->clp;
    struct xes *xes = clp->xes;
    clp->xes = NULL;
    ck_assert_int_eq(clp_activate(clp, DVB, &on, CLP_DEFINED), CLP_EADDRNOTAVAIL);
    ck_assert_int_eq(clp_assign(clp, DVB, 0, SERVER, 80, &port), CLP_EADDRNOTAVAIL);
    ck_assert_int_eq(clp->reason, CLP_REASON_CF);
    ck_assert_int_eq(clp_assign(clp, DVB, 0, SERVER, 80, &port), CLP_EADDRNOTAVAIL);
    ck_assert_uint_eq(times_told("EZD1297I"), 1);
    clp->xes = xes;
    ck_assert_int_eq(clp_assign(clp, DVB, 0, SERVER, 80, &port), CLP_OK);
    ck_assert_uint_eq(times_told("EZD1297I"), 1);
}
END_TEST

/* A port that was outside of EPHEMERALPORTS was this stack's own affair. It is another one's now. */
START_TEST(a_bound_port_that_becomes_eligible_is_not_taken_from_its_owner)
{
    struct profile *p = &plex.systems[2].profile;
    uint16_t port;

    p->ephemeral_low = 40000;
    store = STORE_BITMAP;
    start(2, 64);
    ck_assert_int_eq(clp_claim(&plex_select(2)->clp, DVA, 2000), CLP_OK);
    ck_assert_int_eq(clp_claim(&plex_select(2)->clp, DVA, 3000), CLP_OK);
    ck_assert_int_eq(clp_claim(&plex_select(1)->clp, DVA, 2000), CLP_OK);
    p->ephemeral_low = 1024;
    clp_configure(&plex_select(2)->clp, p);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 2000, SERVER, 80, &port), CLP_EADDRNOTAVAIL);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 3000, SERVER, 80, &port), CLP_OK);
    ck_assert_int_eq(clp_claim(&plex_select(1)->clp, DVA, 3000), CLP_EADDRINUSE);
    clp_release(&plex_select(2)->clp, DVA, 3000, SERVER, 80);
    clp_release(&plex_select(2)->clp, DVA, 3000, 0, 0);
    ck_assert_int_eq(clp_claim(&plex_select(1)->clp, DVA, 3000), CLP_OK);
}
END_TEST

/* While a request waits for other stacks, CLUSTERPORTS go from its address. */
START_TEST(clusterports_change_when_no_question_is_open)
{
    const struct profile_clusterports off = { 0 };
    uint16_t port;

    store = STORE_BITMAP;
    start(2, 64);
    struct clp *clp = &plex_select(2)->clp;
    const struct clp_table *t = clp_find(clp, DVA);
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    clp->outside++;                             /* as in clp_listen() */
    ck_assert_int_eq(clp_activate(clp, DVA, &off, CLP_VARY_OBEY), CLP_OK);
    ck_assert(t->clusterports.on);
    clp->outside--;
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    ck_assert(!t->clusterports.on);
    ck_assert_uint_eq(audit(1).pool, PORTS_PER_DVIPA);
}
END_TEST

/* Blocks of lists move whole: a port that is free does not take those of its block along that are not. */
START_TEST(a_found_port_of_a_list_does_not_take_its_block_along)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64, .store = STORE_LISTS };
    uint16_t found, port;

    start(2, 0);
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &found), CLP_OK);
    ck_assert_int_eq(clp_activate(clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    ck_assert_uint_eq(port / 64, found / 64);
    clp_release(clp, DVA, found, SERVER, 80);
    ck_assert_int_eq(clp_activate(&plex_select(2)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    while (clp_assign(&plex_select(2)->clp, DVA, 0, 0, 0, &port) == CLP_OK)
        MUST(port / 64 != found / 64);
}
END_TEST

/* Not owned, but a connection from before CLUSTERPORTS is left: the others must not have it. */
START_TEST(a_broadcast_keeper_refuses_what_is_in_use)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64, .store = STORE_BROADCAST };
    uint16_t port;

    start(2, 0);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    ck_assert_int_eq(clp_activate(&plex_select(1)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    ck_assert_int_eq(clp_claim(&plex_select(1)->clp, DVA, port), CLP_EADDRINUSE);
    clp_release(&plex_select(2)->clp, DVA, port, SERVER, 80);
    ck_assert_int_eq(clp_claim(&plex_select(1)->clp, DVA, port), CLP_OK);
}
END_TEST

/* MVS2 has not heard yet that MVS1 distributes the address now; that is in the question what it has. */
START_TEST(who_has_told_the_distributing_stack_gives_ports_back_to_it)
{
    struct clp_message m = { .kind = CLP_TELL, .address = DVA, .ticket = UINT64_MAX };
    uint16_t port;

    store = STORE_DISTRIBUTOR;
    start(2, 1);
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    const struct clp_view *view = clp_view_of(clp, DVA);
    ck_assert_uint_eq(view->owner[port], 1);
    clp_distributor_heard(clp, 2, &m);
    clp_release(clp, DVA, port, SERVER, 80);
    ck_assert_uint_eq(view->owner[port], 1);    /* it went to MVS2 */
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &port), CLP_EADDRNOTAVAIL);    /* which does not know of it either */
    ck_assert_uint_eq(clp->reason, CLP_REASON_KEEPER);
}
END_TEST

/* What MVS2 has been answered by MVS1, the distributing stack, when it waits no more. */
static void answer_late(struct clp_message *m, uint8_t kind)
{
    m->ticket = m->ticket << 8 | kind;
    m->kind = CLP_ANSWER;
    ck_assert_int_eq(clp_send(&plex_select(1)->clp, 2, m), 0);
    plex_settle();
}

START_TEST(ports_that_are_granted_too_late_go_back)
{
    struct clp_message claim = { .kind = CLP_CLAIM, .address = DVA }, m;
    uint16_t port;

    store = STORE_DISTRIBUTOR;
    start(2, 1);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);     /* it has told what it has */
    grant_one(&claim.grant, 5000);
    struct clp *clp = &plex_select(1)->clp;
    const struct clp_view *view = clp_view_of(clp, DVA);
    m = claim;
    clp_distributor_heard(clp, 2, &m);
    ck_assert_uint_eq(m.flags, CLP_FLAG_YES);
    ck_assert_uint_eq(view->owner[5000], 2);
    struct clp_message again = claim;           /* the answer to the first one is on its way: not again */
    clp_distributor_heard(clp, 2, &again);
    ck_assert_uint_eq(again.flags, 0);
    answer_late(&m, CLP_CLAIM);
    ck_assert_uint_eq(view->owner[5000], 0);
    ck_assert_int_eq(clp_claim(&plex_select(2)->clp, DVA, 5000), CLP_OK);
    ck_assert_uint_eq(view->owner[5000], 2);
    struct clp_message back = { .kind = CLP_BACK, .address = DVA, .ticket = view->since + 1, .grant = claim.grant };
    clp_distributor_heard(clp, 2, &back);       /* of another time of being the distributing stack */
    ck_assert_uint_eq(view->owner[5000], 2);
}
END_TEST

/* The queue of the distributing stack is full: they go back with clp_poll(), and nobody gets them before. */
START_TEST(ports_that_are_granted_too_late_wait_until_they_can_go_back)
{
    struct clp_message m = { .kind = CLP_CLAIM, .address = DVA };
    uint16_t port;

    store = STORE_DISTRIBUTOR;
    start(2, 1);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    grant_one(&m.grant, 5000);
    struct clp *clp = &plex_select(1)->clp;
    const struct clp_view *view = clp_view_of(clp, DVA);
    clp_distributor_heard(clp, 2, &m);
    struct stack *two = plex_select(2);
    struct xes_connection *xcf = two->xcf.connection;
    two->xcf.connection = NULL;
    clp_distributor_late(&two->clp, 1, DVA, &m.grant, view->since);
    two->xcf.connection = xcf;
    ck_assert(port_in(clp_find(&two->clp, DVA)->owned, 5000));
    ck_assert_uint_eq(view->owner[5000], 2);
    ck_assert_int_eq(clp_assign(&two->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    ck_assert_uint_ne(port, 5000);
    host_platform_advance_us(200000);
    clp_poll(&two->clp);
    plex_settle();
    ck_assert_uint_eq(view->owner[5000], 0);
    ck_assert_uint_eq(view->owner[port], 2);
}
END_TEST

/* The ports that the asker can use, not those that the distributing stack could. */
START_TEST(the_distributing_stack_gives_out_what_is_eligible_for_the_asker)
{
    struct profile *one = &plex.systems[1].profile, *two = &plex.systems[2].profile;
    uint16_t port;

    one->ephemeral_high = 40099;
    two->ephemeral_low = 40000;
    store = STORE_DISTRIBUTOR;
    start(2, 64);
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, 0, 0, &port), CLP_OK);
        MUST(port >= 40000);
    }
}
END_TEST

/* A message says that CLUSTERPORTS come. While it is being dealt with nobody's answer could come in. */
START_TEST(a_keeper_that_asks_begins_when_the_message_has_been_dealt_with)
{
    struct profile_clusterports on = { .on = true, .blocksize = 1, .store = _i == 0 ? STORE_DISTRIBUTOR : STORE_BROADCAST };
    uint16_t found;

    start(2, 0);
    struct stack *two = plex_select(2);
    ck_assert_int_eq(clp_assign(&two->clp, DVA, 0, SERVER, 80, &found), CLP_OK);
    ck_assert_int_eq(clp_activate(&plex_select(1)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    plex_select(2);
    two->xcf.polling = true;
    ck_assert_int_eq(clp_activate(&two->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    clp_poll(&two->clp);
    ck_assert(!clp_find(&two->clp, DVA)->clusterports.on);
    two->xcf.polling = false;
    clp_poll(&two->clp);
    ck_assert(clp_find(&two->clp, DVA)->clusterports.on);
    ck_assert(port_in(clp_find(&two->clp, DVA)->owned, found));
    ck_assert_int_eq(clp_claim(&plex_select(1)->clp, DVA, found), CLP_EADDRINUSE);
}
END_TEST

/* No CF, no sysplex: whom nobody can ask may have any port. */
START_TEST(a_keeper_without_a_cf_needs_the_sysplex)
{
    static const enum profile_store without_cf[] = { STORE_BROADCAST, STORE_DISTRIBUTOR };
    uint16_t port;

    store = without_cf[_i];
    start(1, 1);
    ck_assert_int_eq(clp_assign(&plex_select(1)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    plex.systems[1].stack->xcf.connection->lost = true;
    ck_assert_int_eq(clp_assign(&plex_select(1)->clp, DVA, 0, SERVER, 80, &port), CLP_EADDRNOTAVAIL);
    ck_assert_uint_eq(plex.systems[1].stack->clp.reason, CLP_REASON_KEEPER);
    plex.systems[1].stack->xcf.connection->lost = false;
}
END_TEST

/* Few ports, each a block: the lists hold no more than these, however many there could be. */
START_TEST(lists_hold_only_blocks_that_can_be_given_out)
{
    struct profile *p = &plex.systems[1].profile;
    uint16_t port;
    uint32_t all = 0;

    p->ephemeral_low = 2000;
    p->ephemeral_high = 2099;
    store = STORE_LISTS;
    start(1, 1);
    struct clp *clp = &plex_select(1)->clp;
    while (clp_assign(clp, DVA, 0, SERVER, 80, &port) == CLP_OK)
        all++;
    ck_assert_uint_eq(all, 100);
    uint64_t before = clp->lists->requests;
    ck_assert_int_eq(clp_assign(clp, DVA, 0, SERVER, 80, &port), CLP_EADDRNOTAVAIL);
    ck_assert_uint_le(clp->lists->requests - before, 8);
    p->ephemeral_low = 1950;                    /* more are added when they are wanted */
    clp_configure(clp, p);
    while (clp_assign(clp, DVA, 0, SERVER, 80, &port) == CLP_OK)
        all++;
    ck_assert_uint_eq(all, 150);
}
END_TEST

/* The distributing stack keeps the port of a target's connection until that stack has found it itself. */
START_TEST(figure_8A_frees_the_port_of_a_target_with_its_connection)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64, .store = STORE_CLUSTERWIDE };
    uint16_t port;

    start(3, 0);
    ck_assert_int_eq(clp_assign(&plex_select(2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    plex_settle();                              /* it tells the distributing stack */
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_activate(clp, DVA, &on, CLP_DISTRIBUTED | CLP_VARY_OBEY), CLP_OK);
    ck_assert(port_in(clp_find(clp, DVA)->owned, port));
    ck_assert_int_eq(clp_activate(&plex_select(2)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    ck_assert_int_eq(clp_activate(&plex_select(3)->clp, DVA, &on, CLP_VARY_OBEY), CLP_OK);
    plex_select(1);
    host_platform_advance_us(200000);
    clp_poll(clp);
    ck_assert(!port_in(clp_find(clp, DVA)->owned, port));
    ck_assert_int_eq(clp_claim(&plex_select(3)->clp, DVA, port), CLP_EADDRINUSE);
    clp_release(&plex_select(2)->clp, DVA, port, SERVER, 80);
    ck_assert_int_eq(clp_claim(&plex_select(3)->clp, DVA, port), CLP_OK);
}
END_TEST

START_TEST(figure_8A_with_the_cluster_wide_structure_only)
{
    struct profile_clusterports on = { .on = true, .blocksize = 1, .store = STORE_CLUSTERWIDE };
    static const struct {
        unsigned origin;
        uint16_t blocks[10];
    } ways[] = {
        { CLP_DEFINED, { 800, 805, 810, 820, 825, 0 } },
        { CLP_DISTRIBUTED, { 800, 805, 810, 815, 825, 840, 0 } },
        { CLP_VIPARANGE, { 800, 805, 810, 820, 830, 835, 840, 0 } },
        { CLP_VARY_OBEY, { 800, 805, 810, 820, 825, 835, 840, 0 } },
        { CLP_DISTRIBUTED | CLP_VARY_OBEY, { 800, 805, 810, 815, 825, 835, 840, 0 } },
    };
    uint16_t port;

    plex_ipl(1);
    plex_ipl(2);
    plex.systems[1].scan[0] = 5000;
    struct clp *clp = &plex_select(1)->clp;
    for (unsigned i = 0; i < 5; i++) {
        flow_restart();
        ck_assert_int_eq(clp_activate(clp, DVB + i, &on, ways[i].origin), CLP_OK);
        for (unsigned b = FLOW_8A_800; b <= FLOW_8A_840; b++) {
            unsigned expected = 0;
            for (const uint16_t *p = ways[i].blocks; *p; p++)
                expected += *p == flow_names[b].block;
            if (flow_count(b) != expected)
                ck_abort_msg("way %u: block %u passed %u times", i, flow_names[b].block, (unsigned)flow_count(b));
        }
        ck_assert_uint_eq(flow_count(FLOW_8B_800), 0);
    }
    struct clp *two = &plex_select(2)->clp;     /* the port found in use is not available to another stack */
    ck_assert_int_eq(clp_activate(two, DVB + 3, &on, CLP_DEFINED), CLP_OK);
    ck_assert_int_eq(clp_claim(two, DVB + 3, 5000), CLP_EADDRINUSE);
    plex_select(1);
    clp_release(clp, DVB + 3, 5000, 0, 0);
    plex_select(2);
    ck_assert_int_eq(clp_claim(two, DVB + 3, 5000), CLP_OK);
    ck_assert_int_eq(clp_assign(two, DVB + 3, 0, SERVER, 80, &port), CLP_OK);
    plex_kill(2);
    plex_settle();                              /* why figure 8B exists: nobody knows what the failed stack had */
    ck_assert_uint_gt(recovery_of_ports(&plex_select(1)->clp, "MVS2", 2).failed, 0);
    ck_assert_uint_eq(clp->reason, CLP_REASON_NO_RECORD);
}
END_TEST

/* Another stack becomes the distributing one: it learns what the targets have before it gives out anything. */
START_TEST(a_new_distributing_stack_learns_who_has_what)
{
    uint16_t port;
    static bool theirs[PORTS_PER_DVIPA];

    memset(theirs, 0, sizeof theirs);
    store = STORE_DISTRIBUTOR;
    start(3, 64);
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_int_eq(assign(2 + i % 2, &port), CLP_OK);
        theirs[port] = true;
    }
    plex_kill(1);
    plex_settle();
    plex_ipl(1);
    plex_settle();
    for (unsigned i = 0; i < 5000; i++) {
        MUST(clp_assign(&plex_select(1)->clp, DVA, 0, SERVER, 80, &port) == CLP_OK);
        MUST(!theirs[port]);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("clp");

    tcase_add_loop_test(t, stacks_never_own_the_same_port, 0, sizeof sharing / sizeof sharing[0]);
    tcase_add_loop_test(t, all_64512_ports_are_given_out_once_then_the_error, 0, 2);
    tcase_add_test(t, exhaustion_with_block_size_1_frees_a_port_for_another_stack);
    tcase_add_test(t, a_block_that_changes_its_stack_rests_first);
    tcase_add_test(t, of_resting_blocks_the_longest_rested_is_taken);
    tcase_add_test(t, what_a_stack_gave_back_itself_goes_before_what_rests);
    tcase_add_loop_test(t, reserved_ports_are_never_given_out, 0, 5);
    tcase_add_test(t, block_size_1_goes_through_every_block_of_figures_9_and_10_each_time);
    tcase_add_test(t, the_number_of_blocks_of_a_trip_doubles_under_demand_and_falls_without);
    tcase_add_test(t, a_trip_for_ports_is_made_before_a_connection_waits_for_it);
    tcase_add_test(t, figure_8B_creates_what_is_not_there);
    tcase_add_loop_test(t, figure_8B_finds_ports_of_connections_that_exist, 0, 2);
    tcase_add_test(t, a_given_port_is_taken_from_the_pool_and_is_then_this_stacks);
    tcase_add_test(t, without_clusterports_ports_are_conventional_and_may_coincide);
    tcase_add_test(t, ordinary_addresses_are_conventional);
    tcase_add_test(t, a_free_port_is_reused_as_late_as_possible);
    tcase_add_test(t, ports_within_a_block_and_blocks_are_not_in_order);
    tcase_add_test(t, a_lost_cf_leaves_the_ports_that_are_owned);
    tcase_add_test(t, a_stack_that_is_back_returns_the_ports_of_its_earlier_life);
    tcase_add_test(t, two_dvipas_do_not_share_ports_and_may_share_a_list);
    tcase_add_loop_test(t, death_at_any_step_leaves_a_port_in_one_map_at_most, 0, 3);
    tcase_add_test(t, a_port_used_out_of_turn_goes_to_the_end);
    tcase_add_test(t, the_audit_finds_what_is_wrong);
    tcase_add_loop_test(t, recovery_makes_the_ports_of_a_failed_stack_available, 0, 2);
    tcase_add_loop_test(t, death_in_the_middle_of_a_recovery_is_made_good_by_the_next_one, 0, 2);
    tcase_add_loop_test(t, a_late_recovery_leaves_alone_what_the_next_life_has, 0, 3);
    tcase_add_loop_test(t, a_stack_that_died_moving_a_block_is_recovered_with_the_block, 0, 2);
    tcase_add_loop_test(t, repair_puts_in_order_what_the_audit_finds, 0, 2);
    tcase_add_test(t, bind_takes_each_way_through_figure_11);
    tcase_add_test(t, a_bind_that_is_rejected_leaves_an_address_of_a_viparange_where_it_is);
    tcase_add_loop_test(t, an_owner_gives_up_a_port_that_it_does_not_use, 0, 2);
    tcase_add_test(t, bind_to_any_port_of_any_address_takes_from_the_explicit_bind_pool);
    tcase_add_loop_test(t, two_hundred_thousand_connections_to_four_destinations, 0, 2);
    tcase_add_test(t, more_destinations_than_records_get_ports_of_their_own);
    tcase_add_test(t, a_stack_owns_no_more_than_its_quota);
    tcase_add_test(t, idle_ports_are_asked_back_when_the_pool_is_empty);
    tcase_add_test(t, the_operator_is_told_before_the_pool_is_empty);
    tcase_add_test(t, reserved_ports_of_every_stack_are_skipped);
    tcase_add_loop_test(t, ports_that_stacks_share_when_clusterports_comes_are_free_when_the_last_connection_has_ended, 0, 2);
    tcase_add_test(t, the_operator_asks_which_job_had_a_port);
    tcase_add_test(t, the_display_shows_the_cluster);
    tcase_add_test(t, the_log_tells_when_a_port_was_this_stacks);
    tcase_add_loop_test(t, no_keeper_ever_lets_a_4_tuple_be_open_twice, 0, 4 * ALL_STORES);
    tcase_add_loop_test(t, no_keeper_loses_ports_when_stacks_die, 0, ALL_STORES);
    tcase_add_loop_test(t, every_keeper_gives_out_a_given_port_once, 0, ALL_STORES);
    tcase_add_test(t, crht_serves_200000_connections_to_four_destinations_and_routes_by_them);
    tcase_add_test(t, connections_from_before_a_crht_are_entered_in_it);
    tcase_add_loop_test(t, connections_from_before_clusterports_are_not_forgotten_without_the_cf, 0, sizeof recoverable / sizeof recoverable[0]);
    tcase_add_loop_test(t, a_structure_that_cannot_be_had_is_told_once, 0, 2);
    tcase_add_loop_test(t, who_meets_an_address_recovers_who_had_it_and_has_ended, 0,
                        sizeof of_lives / sizeof of_lives[0]);
    tcase_add_test(t, an_earlier_life_is_recovered_when_the_next_one_does_not_know_the_address);
    tcase_add_test(t, a_bound_port_that_becomes_eligible_is_not_taken_from_its_owner);
    tcase_add_test(t, clusterports_change_when_no_question_is_open);
    tcase_add_test(t, a_found_port_of_a_list_does_not_take_its_block_along);
    tcase_add_test(t, figure_8A_frees_the_port_of_a_target_with_its_connection);
    tcase_add_test(t, a_broadcast_keeper_refuses_what_is_in_use);
    tcase_add_test(t, who_has_told_the_distributing_stack_gives_ports_back_to_it);
    tcase_add_test(t, ports_that_are_granted_too_late_go_back);
    tcase_add_test(t, ports_that_are_granted_too_late_wait_until_they_can_go_back);
    tcase_add_test(t, the_distributing_stack_gives_out_what_is_eligible_for_the_asker);
    tcase_add_loop_test(t, a_keeper_that_asks_begins_when_the_message_has_been_dealt_with, 0, 2);
    tcase_add_loop_test(t, a_keeper_without_a_cf_needs_the_sysplex, 0, 2);
    tcase_add_test(t, lists_hold_only_blocks_that_can_be_given_out);
    tcase_add_test(t, figure_8A_with_the_cluster_wide_structure_only);
    tcase_add_test(t, a_new_distributing_stack_learns_who_has_what);
    tcase_add_test(t, figures_4_and_5_are_the_general_form_of_9_and_10);
    return plex_main(t, "core_clp");
}
