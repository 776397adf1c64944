/* Cluster-wide ports over the real coupling facility, several stacks in one process. */
#include <string.h>

#include "stack/base/flow.h"
#include "stack/tests/core_plex.h"

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

/* MVS1 distributes DVA to all; `stacks` systems. */
static void start(unsigned stacks, uint16_t blocksize)
{
    memset(owner, 0, sizeof owner);
    memset(flow_counts, 0, sizeof flow_counts);
    plex_define(1, DVA, blocksize);
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
    memset(flow_counts, 0, sizeof flow_counts);
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
        ck_assert_uint_eq(flow_counts[assigns[i]], 10);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(flow_counts[releases[i]], 3);
    ck_assert_uint_eq(flow_counts[FLOW_9_910] + flow_counts[FLOW_9_920] + flow_counts[FLOW_9_950], 0);
}
END_TEST

START_TEST(the_number_of_blocks_of_a_trip_doubles_under_demand_and_falls_without)
{
    uint16_t port;

    start(1, 64);
    struct clp *clp = &plex_select(1)->clp;
    memset(flow_counts, 0, sizeof flow_counts);
    for (unsigned i = 0; i < 64 * (1 + 2 + 4 + 8 + 16); i++)
        ck_assert_int_eq(assign(1, &port), CLP_OK);
    ck_assert_uint_eq(flow_counts[FLOW_9_915], 64 * 31);
    ck_assert_uint_eq(flow_counts[FLOW_9_925], 5);
    ck_assert_uint_eq(flow_counts[FLOW_9_940], 5);
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
    stack_poll(plex.systems[1].stack);
    ck_assert_uint_eq(clp->statistics.taken, taken + 1);
    ck_assert_uint_eq(clp->statistics.prefetched, 1);
    ck_assert_uint_eq(clp_usage(clp, DVA).free_owned, 14 + 128);
    stack_poll(plex.systems[1].stack);
    ck_assert_uint_eq(clp->statistics.taken, taken + 1);
}
END_TEST

START_TEST(figure_8B_creates_what_is_not_there)
{
    memset(flow_counts, 0, sizeof flow_counts);
    start(1, 64);
    ck_assert_uint_eq(flow_counts[FLOW_8B_800], 1);
    ck_assert_uint_eq(flow_counts[FLOW_8B_850], 1);
    ck_assert_uint_eq(flow_counts[FLOW_8B_855], 1);
    ck_assert_uint_eq(flow_counts[FLOW_8B_860], 1);
    ck_assert_uint_eq(flow_counts[FLOW_8B_865], 1);
    ck_assert_uint_eq(flow_counts[FLOW_8B_870], 1);
    ck_assert_uint_eq(flow_counts[FLOW_8B_875], 1);
    ck_assert_uint_eq(flow_counts[FLOW_8B_890], 0);
    plex_ipl(2);
    plex_settle();
    ck_assert_uint_eq(flow_counts[FLOW_8B_850], 2);
    ck_assert_uint_eq(flow_counts[FLOW_8B_855], 1);     /* the target finds it */
    ck_assert_uint_eq(flow_counts[FLOW_8B_865], 2);
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
    memset(flow_counts, 0, sizeof flow_counts);
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_activate(clp, DVB, &on, origins[_i].origin), CLP_OK);
    ck_assert_uint_eq(flow_counts[origins[_i].passed], 1);
    ck_assert_uint_eq(flow_counts[origins[_i].not_passed], 0);
    ck_assert_uint_eq(flow_counts[FLOW_8B_890], 1);
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
    memset(flow_counts, 0, sizeof flow_counts);
    struct clp *one = &plex_select(1)->clp;
    ck_assert_int_eq(clp_assign(one, DVA, 7000, SERVER, 80, &port), CLP_OK);
    ck_assert_uint_eq(port, 7000);
    ck_assert_uint_eq(flow_counts[FLOW_9_920], 1);
    ck_assert_uint_eq(flow_counts[FLOW_9_930], 1);
    ck_assert_uint_eq(flow_counts[FLOW_9_945], 1);
    ck_assert_uint_eq(flow_counts[FLOW_9_925], 0);
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
    memset(flow_counts, 0, sizeof flow_counts);
    for (unsigned i = 0; i < 4000; i++) {
        ck_assert_int_eq(clp_assign(&plex_select(1 + i % 2)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
        ck_assert_uint_ge(port, PORT_EPHEMERAL_LOW);
        twice += seen[port];
        seen[port] = true;
        if (i % 100 == 0)
            plex_settle();
    }
    ck_assert_uint_gt(twice, 0);            /* 2000 * 2000 / 64512 = 62 are expected: what CLUSTERPORTS prevents */
    ck_assert_uint_eq(flow_counts[FLOW_9_910], 4000);
    ck_assert_uint_eq(flow_counts[FLOW_9_945], 4000);
    ck_assert_uint_eq(flow_counts[FLOW_9_915] + flow_counts[FLOW_9_925], 0);
}
END_TEST

START_TEST(ordinary_addresses_are_conventional)
{
    uint16_t port;

    start(1, 64);
    memset(flow_counts, 0, sizeof flow_counts);
    struct clp *clp = &plex_select(1)->clp;
    ck_assert_int_eq(clp_assign(clp, 0x0A0A0A0A, 0, SERVER, 80, &port), CLP_OK);
    ck_assert_uint_eq(flow_counts[FLOW_9_950], 1);
    clp_release(clp, 0x0A0A0A0A, port, SERVER, 80);
    ck_assert_uint_eq(flow_counts[FLOW_10_1035], 1);
    ck_assert_uint_eq(flow_counts[FLOW_9_905] + flow_counts[FLOW_10_1010], 0);
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
            ck_assert_uint_le(a.leaked, (leaks + 1) * size);
            leaks = (a.leaked + size - 1) / size;
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

int main(void)
{
    TCase *t = tcase_create("clp");

    tcase_add_loop_test(t, stacks_never_own_the_same_port, 0, sizeof sharing / sizeof sharing[0]);
    tcase_add_loop_test(t, all_64512_ports_are_given_out_once_then_the_error, 0, 2);
    tcase_add_test(t, exhaustion_with_block_size_1_frees_a_port_for_another_stack);
    tcase_add_test(t, a_block_that_changes_its_stack_rests_first);
    tcase_add_test(t, of_resting_blocks_the_longest_rested_is_taken);
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
    return plex_main(t, "core_clp");
}
