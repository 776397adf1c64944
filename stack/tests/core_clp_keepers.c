/* What every keeper of the ports has to keep, and what those do that ask other stacks. */
#include "stack/tests/core_clp.h"

#include <string.h>

#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_peer.h"
#include "stack/clp/clp_private.h"
#include "stack/recovery/recovery.h"

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

TCase *clp_keepers_tests(void)
{
    TCase *t = tcase_create("clp keepers");

    tcase_add_loop_test(t, no_keeper_ever_lets_a_4_tuple_be_open_twice, 0, 4 * ALL_STORES);
    tcase_add_loop_test(t, no_keeper_loses_ports_when_stacks_die, 0, ALL_STORES);
    tcase_add_loop_test(t, every_keeper_gives_out_a_given_port_once, 0, ALL_STORES);
    tcase_add_test(t, crht_serves_200000_connections_to_four_destinations_and_routes_by_them);
    tcase_add_test(t, a_broadcast_keeper_refuses_what_is_in_use);
    tcase_add_test(t, who_has_told_the_distributing_stack_gives_ports_back_to_it);
    tcase_add_test(t, ports_that_are_granted_too_late_go_back);
    tcase_add_test(t, ports_that_are_granted_too_late_wait_until_they_can_go_back);
    tcase_add_test(t, the_distributing_stack_gives_out_what_is_eligible_for_the_asker);
    tcase_add_loop_test(t, a_keeper_that_asks_begins_when_the_message_has_been_dealt_with, 0, 2);
    tcase_add_loop_test(t, a_keeper_without_a_cf_needs_the_sysplex, 0, 2);
    tcase_add_test(t, lists_hold_only_blocks_that_can_be_given_out);
    tcase_add_test(t, a_new_distributing_stack_learns_who_has_what);
    return t;
}
