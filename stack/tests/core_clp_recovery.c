/* A stack fails, at any step (figure 12); what the audit finds and the repair puts in order. */
#include "stack/tests/core_clp.h"

#include <string.h>

#include "stack/base/flow.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_private.h"
#include "stack/recovery/recovery.h"
#include "stack/tests/flow_report.h"

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

TCase *clp_recovery_tests(void)
{
    TCase *t = tcase_create("clp recovery");

    tcase_add_test(t, a_stack_that_is_back_returns_the_ports_of_its_earlier_life);
    tcase_add_loop_test(t, death_at_any_step_leaves_a_port_in_one_map_at_most, 0, 3);
    tcase_add_test(t, the_audit_finds_what_is_wrong);
    tcase_add_loop_test(t, recovery_makes_the_ports_of_a_failed_stack_available, 0, 2);
    tcase_add_loop_test(t, death_in_the_middle_of_a_recovery_is_made_good_by_the_next_one, 0, 2);
    tcase_add_loop_test(t, a_late_recovery_leaves_alone_what_the_next_life_has, 0, 3);
    tcase_add_loop_test(t, a_stack_that_died_moving_a_block_is_recovered_with_the_block, 0, 2);
    tcase_add_loop_test(t, repair_puts_in_order_what_the_audit_finds, 0, 2);
    tcase_add_loop_test(t, who_meets_an_address_recovers_who_had_it_and_has_ended, 0,
                        sizeof of_lives / sizeof of_lives[0]);
    tcase_add_test(t, an_earlier_life_is_recovered_when_the_next_one_does_not_know_the_address);
    return t;
}
