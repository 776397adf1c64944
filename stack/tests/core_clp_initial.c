/* Cluster-wide assignment comes to an address (figures 8A and 8B), also to one with connections, and changes. */
#include "stack/tests/core_clp.h"

#include <string.h>

#include "stack/base/flow.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_private.h"
#include "stack/recovery/recovery.h"
#include "stack/tests/flow_report.h"

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

TCase *clp_initial_tests(void)
{
    TCase *t = tcase_create("clp initial");

    tcase_add_test(t, figure_8B_creates_what_is_not_there);
    tcase_add_loop_test(t, figure_8B_finds_ports_of_connections_that_exist, 0, 2);
    tcase_add_loop_test(t, ports_that_stacks_share_when_clusterports_comes_are_free_when_the_last_connection_has_ended, 0, 2);
    tcase_add_test(t, connections_from_before_a_crht_are_entered_in_it);
    tcase_add_loop_test(t, connections_from_before_clusterports_are_not_forgotten_without_the_cf, 0, RECOVERABLE);
    tcase_add_loop_test(t, a_structure_that_cannot_be_had_is_told_once, 0, 2);
    tcase_add_test(t, a_bound_port_that_becomes_eligible_is_not_taken_from_its_owner);
    tcase_add_test(t, clusterports_change_when_no_question_is_open);
    tcase_add_test(t, a_found_port_of_a_list_does_not_take_its_block_along);
    tcase_add_test(t, figure_8A_frees_the_port_of_a_target_with_its_connection);
    tcase_add_test(t, figure_8A_with_the_cluster_wide_structure_only);
    return t;
}
