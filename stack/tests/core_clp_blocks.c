/* Ports one by one and in blocks (figures 4, 5, 9 and 10): every one to one stack, none twice, none lost; exhaustion, rest,
 * demand, quota, destinations, reservations. */
#include "stack/tests/core_clp.h"

#include <string.h>

#include "stack/base/flow.h"
#include "stack/operator/operator_ports.h"
#include "stack/tests/flow_report.h"

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
    uint16_t port;

    start(4, exhausting[_i]);
    while (failed[1] + failed[2] + failed[3] + failed[4] < 4) {
        for (unsigned n = 1; n <= 4; n++) {
            if (failed[n])
                continue;
            int rc = assign(n, &port);
            if (rc == CLP_OK) {
                MUST(port >= PORT_EPHEMERAL_LOW);
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
    for (unsigned p = PORT_EPHEMERAL_LOW; p < PORTS_PER_DVIPA; p += 501) {      /* each end makes one available, and no more */
        unsigned n = owner[p];
        release(n, (uint16_t)p);
        MUST(assign(n, &port) == CLP_OK && port == p);
        MUST(assign(n, &port) == CLP_EADDRNOTAVAIL);
    }
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

TCase *clp_blocks_tests(void)
{
    TCase *t = tcase_create("clp blocks");

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
    tcase_add_test(t, without_clusterports_ports_are_conventional_and_may_coincide);
    tcase_add_test(t, ordinary_addresses_are_conventional);
    tcase_add_test(t, a_free_port_is_reused_as_late_as_possible);
    tcase_add_test(t, ports_within_a_block_and_blocks_are_not_in_order);
    tcase_add_test(t, a_lost_cf_leaves_the_ports_that_are_owned);
    tcase_add_test(t, two_dvipas_do_not_share_ports_and_may_share_a_list);
    tcase_add_test(t, a_port_used_out_of_turn_goes_to_the_end);
    tcase_add_loop_test(t, two_hundred_thousand_connections_to_four_destinations, 0, 2);
    tcase_add_test(t, more_destinations_than_records_get_ports_of_their_own);
    tcase_add_test(t, a_stack_owns_no_more_than_its_quota);
    tcase_add_test(t, idle_ports_are_asked_back_when_the_pool_is_empty);
    tcase_add_test(t, the_operator_is_told_before_the_pool_is_empty);
    tcase_add_test(t, reserved_ports_of_every_stack_are_skipped);
    tcase_add_test(t, figures_4_and_5_are_the_general_form_of_9_and_10);
    return t;
}
