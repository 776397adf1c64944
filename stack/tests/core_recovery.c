/* Who recovers the ports of a failed system (figure 12): the distributing stack of the address, its backup if that is what failed, the
 * survivor with the lowest number if there is neither; and the next of them if the one whose turn it is dies at it. */
#include <string.h>

#include "stack/recovery/recovery.h"
#include "stack/tests/core_plex.h"

static unsigned recovered_by[PLEX_STACKS];      /* by the number of the failed system: bit n, MVSn has made ports available */

/* As the image does. */
static void on_gone(unsigned n, const char *system, uint8_t number)
{
    size_t before = strlen(plex_wto);

    stack_recover(plex.systems[n].stack, system, number);
    if (strstr(plex_wto + before, "EZD1304I"))
        recovered_by[number] |= 1u << n;
}

static void back_up(unsigned n, uint8_t rank)
{
    struct profile *p = &plex.systems[n].profile;

    p->dvipas[p->dvipa_count++] = (struct profile_dvipa){ .address = DVA, .backup = true, .rank = rank };
}

/* Four systems that have ports of DVA. ranks: of the backups, 0: is none. */
static void start(unsigned distributor, const uint8_t ranks[PLEX_STACKS])
{
    uint16_t port;

    memset(recovered_by, 0, sizeof recovered_by);
    plex.gone = on_gone;
    plex_define(distributor, DVA, 64);
    plex_distribute(distributor, DVA);
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (ranks[n])
            back_up(n, ranks[n]);
    plex_ipl(distributor);
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (n != distributor)
            plex_ipl(n);
    plex_settle();
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        ck_assert_int_eq(clp_assign(&plex_select(n)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
}

static unsigned a_survivor(void)
{
    unsigned n = 1;

    while (!plex.systems[n].stack)
        n++;
    return n;
}

/* Nothing that the failed systems had is left, nothing is owned twice, nothing lost. */
static void all_is_recovered(void)
{
    struct clp_audit a;
    struct stack *s = plex_select(a_survivor());

    ck_assert_int_eq(clp_check(&s->clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.differences + a.doubles + a.leaked, 0);
    for (uint8_t n = 1; n < PLEX_STACKS; n++)
        if (!plex.systems[n].stack)
            ck_assert_uint_eq(recovery_of_ports(&s->clp, plex_names[n - 1], n).ports, 0);
}

static const struct {
    unsigned distributor, fails, recovers;
    uint8_t ranks[PLEX_STACKS];
} cases[] = {
    { 1, 4, 1, { 0, 0, 10, 20, 0 } },       /* the distributing stack */
    { 3, 4, 3, { 0, 0, 0, 0, 0 } },
    { 4, 1, 4, { 0, 200, 0, 0, 0 } },       /* its backup has failed: that is not its business */
    { 1, 1, 3, { 0, 0, 10, 20, 0 } },       /* the distributing stack has failed: its backup with the highest rank */
    { 2, 2, 4, { 0, 0, 0, 0, 10 } },
    { 1, 1, 2, { 0, 0, 0, 0, 0 } },         /* it had none: the lowest number */
    { 3, 3, 1, { 0, 0, 0, 0, 0 } },
};

START_TEST(one_recovers_by_its_turn)
{
    start(cases[_i].distributor, cases[_i].ranks);
    plex_kill(cases[_i].fails);
    plex_settle();
    ck_assert_uint_eq(recovered_by[cases[_i].fails], 1u << cases[_i].recovers);
    all_is_recovered();
}
END_TEST

/* MVS4 fails; the distributing stack, its backup, which begins with what that has left, and so on to the last one: each dies after
 * some messages of its recovery, and the last one finds all that is left. */
START_TEST(the_next_recovers_what_one_that_dies_at_it_has_left)
{
    static const uint8_t ranks[PLEX_STACKS] = { 0, 0, 0, 10, 0 };
    static const unsigned turns[] = { 1, 3 };      /* then MVS2 is left */

    start(1, ranks);
    plex_kill(4);
    for (unsigned i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        plex_select(turns[i]);
        host_platform_lose_cfs_after((unsigned)_i);
        host_platform_attend(0);
        (void)stack_poll(plex.systems[turns[i]].stack);
        plex_kill(turns[i]);
    }
    plex_settle();
    host_platform_advance_us(2000000);             /* each looks once more whether anything is left */
    plex_settle();
    all_is_recovered();
    ck_assert_uint_eq(clp_usage(&plex.systems[2].stack->clp, DVA).owned, 64);
}
END_TEST

/* The distributing stack is gone before it has heard that MVS4 is. */
START_TEST(two_that_fail_at_once_are_recovered)
{
    static const uint8_t ranks[PLEX_STACKS] = { 0, 0, 10, 0, 0 };

    start(1, ranks);
    plex_kill(_i ? 1 : 4);
    plex_kill(_i ? 4 : 1);
    plex_settle();
    host_platform_advance_us(2000000);
    plex_settle();
    all_is_recovered();
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("recovery");

    tcase_add_loop_test(t, one_recovers_by_its_turn, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(t, the_next_recovers_what_one_that_dies_at_it_has_left, 0, 60);
    tcase_add_loop_test(t, two_that_fail_at_once_are_recovered, 0, 2);
    return plex_main(t, "core_recovery");
}
