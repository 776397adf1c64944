/* bind() to a given port and to any (figure 11). */
#include "stack/tests/core_clp.h"

#include <string.h>

#include "stack/base/flow.h"
#include "stack/tests/flow_report.h"

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

int bind_on(unsigned n, uint32_t address, uint16_t port, uint16_t *bound)
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

TCase *clp_bind_tests(void)
{
    TCase *t = tcase_create("clp bind");

    tcase_add_test(t, a_given_port_is_taken_from_the_pool_and_is_then_this_stacks);
    tcase_add_test(t, bind_takes_each_way_through_figure_11);
    tcase_add_test(t, a_bind_that_is_rejected_leaves_an_address_of_a_viparange_where_it_is);
    tcase_add_loop_test(t, an_owner_gives_up_a_port_that_it_does_not_use, 0, 2);
    tcase_add_test(t, bind_to_any_port_of_any_address_takes_from_the_explicit_bind_pool);
    return t;
}
