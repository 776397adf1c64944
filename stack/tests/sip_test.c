/* stack/sip: every way through figures 2, 3 and 7, with the blocks that it must pass. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/sip/sip.h"

enum {
    DVIPA = 0x0A010901,     /* 10.1.9.1 */
    HOME = 0x0A010001,
    LINK = 0x0A010002,
    STATIC_VIPA = 0x0A010801,
    BOUND = 0x0A010077,
    SERVER = 0x0A010064,
};

/* What a stack knows, about the one address that SOURCEIPA names. */
struct world {
    bool dvipa, defined, configured, active, range, activates;
    bool sourcevipa, route;
    unsigned activated;
};

static bool is_dvipa(void *context, uint32_t address)
{
    return address == DVIPA && ((struct world *)context)->dvipa;
}

static bool is_defined(void *context, uint32_t address)
{
    return address == DVIPA && ((struct world *)context)->defined;
}

static bool is_configured(void *context, uint32_t address)
{
    return address == DVIPA && ((struct world *)context)->configured;
}

static bool is_active(void *context, uint32_t address)
{
    return address == DVIPA && ((struct world *)context)->active;
}

static bool in_range(void *context, uint32_t address)
{
    return address == DVIPA && ((struct world *)context)->range;
}

static bool activate(void *context, uint32_t address)
{
    struct world *world = context;

    ck_assert_uint_eq(address, DVIPA);
    world->activated++;
    return world->activates;
}

static uint32_t source_vipa(void *context, uint32_t destination)
{
    ck_assert_uint_eq(destination, SERVER);
    return ((struct world *)context)->sourcevipa ? STATIC_VIPA : 0;
}

static uint32_t link_address(void *context, uint32_t destination)
{
    ck_assert_uint_eq(destination, SERVER);
    return ((struct world *)context)->route ? LINK : 0;
}

static struct sip_tables tables_of(struct world *world)
{
    return (struct sip_tables){ world, is_dvipa, is_defined, is_configured, is_active, in_range, activate, source_vipa, link_address, NULL };
}

/* The blocks passed since the counts were cleared, "3/300 3/305 ... 7/700 ...", in the order of flow_blocks.h. */
static const char *blocks_passed(void)
{
    static char text[512];
    size_t length = 0;

    text[0] = 0;
    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++) {
        ck_assert_uint_le(flow_counts[i], 1);
        if (flow_counts[i] == 1)
            length += (size_t)sprintf(text + length, " %s/%u", flow_names[i].figure, flow_names[i].block);
    }
    return text;
}

static const struct {
    const char *name;
    const char *job;
    uint32_t bound;
    struct world world;
    int result;
    uint32_t address, reason;
    unsigned activated;
    const char *blocks;
} ways[] = {
    { "bound socket", "APPA", BOUND, { .dvipa = true }, SIP_OK, BOUND, 0, 0, " 3/300 3/320 3/330 7/700 7/705" },
    { "no SOURCEIPA, SOURCEVIPA", "OTHER", 0, { .sourcevipa = true, .route = true }, SIP_OK, STATIC_VIPA, 0, 0,
      " 3/300 3/305 3/310 3/320 3/325 7/700 7/710 7/715" },
    { "no SOURCEIPA, link", "OTHER", 0, { .route = true }, SIP_OK, LINK, 0, 0, " 3/300 3/305 3/310 3/320 3/325 7/700 7/710 7/715" },
    { "no SOURCEIPA, no route", "OTHER", 0, { 0 }, SIP_ENETUNREACH, 0, 0, 0, " 3/300 3/305 3/310 3/325 7/700 7/710 7/715" },
    { "no DVIPA, defined", "APPA", 0, { .defined = true }, SIP_OK, DVIPA, 0, 0, " 3/300 3/305 3/310 3/315 3/320 7/700 7/710 7/720 7/725 7/730" },
    { "no DVIPA, not defined", "APPA", 0, { .route = true }, SIP_EADDRNOTAVAIL, 0, SIP_JRBINDADDRNACTIVE, 0,
      " 3/300 3/305 3/310 3/315 7/700 7/710 7/720 7/725 7/740" },
    { "DVIPA, not configured", "APPA", 0, { .dvipa = true, .active = true, .route = true }, SIP_EADDRNOTAVAIL, 0, SIP_JRBINDADDRNACTIVE, 0,
      " 3/300 3/305 3/310 3/315 7/700 7/710 7/720 7/735 7/740" },
    { "DVIPA, active", "APPA", 0, { .dvipa = true, .configured = true, .active = true }, SIP_OK, DVIPA, 0, 0,
      " 3/300 3/305 3/310 3/315 3/320 7/700 7/710 7/720 7/735 7/745 7/755" },
    { "DVIPA, not active, no range", "APPA", 0, { .dvipa = true, .configured = true, .route = true }, SIP_EADDRNOTAVAIL, 0,
      SIP_JRBINDADDRNACTIVE, 0, " 3/300 3/305 3/310 3/315 7/700 7/710 7/720 7/735 7/740 7/745 7/750" },
    { "DVIPA, activated from range", "APPA", 0, { .dvipa = true, .configured = true, .range = true, .activates = true }, SIP_OK, DVIPA, 0, 1,
      " 3/300 3/305 3/310 3/315 3/320 7/700 7/710 7/720 7/735 7/745 7/750 7/755 7/760" },
    { "DVIPA, activation fails", "APPA", 0, { .dvipa = true, .configured = true, .range = true }, SIP_EADDRNOTAVAIL, 0, SIP_JRBINDADDRNACTIVE,
      1, " 3/300 3/305 3/310 3/315 7/700 7/710 7/720 7/735 7/740 7/745 7/750 7/760" },
};

START_TEST(every_way_through_the_figure)
{
    struct world world = ways[_i].world;
    struct sip_tables tables = tables_of(&world);
    struct sip_request request = { .job = ways[_i].job, .user = "IBMUSER", .bound_address = ways[_i].bound, .destination = SERVER };
    struct sip_result result;
    struct sip sip = { .count = 0 };

    ck_assert(sip_associate(&sip, "APPA", DVIPA));
    memset(flow_counts, 0, sizeof flow_counts);
    ck_assert_msg(sip_select(&sip, &request, &tables, &result) == ways[_i].result, "%s", ways[_i].name);
    ck_assert_uint_eq(result.address, ways[_i].address);
    ck_assert_uint_eq(result.reason, ways[_i].reason);
    ck_assert_uint_eq(world.activated, ways[_i].activated);
    ck_assert_int_eq(result.association != NULL, strcmp(ways[_i].job, "APPA") == 0 && ways[_i].bound == 0);
    ck_assert_str_eq(blocks_passed(), ways[_i].blocks);
}
END_TEST

/* Together, the ways above pass every block of figures 3 and 7. */
START_TEST(no_block_is_left_out)
{
    char block[16];
    bool found;

    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++) {
        if (strcmp(flow_names[i].figure, "3") != 0 && strcmp(flow_names[i].figure, "7") != 0)
            continue;
        sprintf(block, " %s/%u", flow_names[i].figure, flow_names[i].block);
        found = false;
        for (unsigned way = 0; way < sizeof ways / sizeof *ways; way++)
            found |= strstr(ways[way].blocks, block) != NULL;
        ck_assert_msg(found, "block%s", block);
    }
}
END_TEST

static const struct {
    const char *job, *user, *association;
} matches[] = {
    { "APPA", "USER1", "APPA" },        /* the exact name */
    { "APPA1", "USER1", "APPA*" },      /* the longest before an asterisk */
    { "APPX", "USER1", "APP*" },
    { "ZZZ", "USER1", "*" },
    { "ZZZ", "WEBGROUP", "WEB*" },      /* a group of user ids */
    { "ZZZ", "SYSADM", "SYSADM" },      /* the user id */
    { "APPX", "SYSADM", "SYSADM" },     /* an exact user id before a generic job name */
    { "APPA", "SYSADM", "APPA" },       /* equally specific: the job name */
    { "APPX", "WEBGROUP", "APP*" },
    { "appa", NULL, "APPA" },
};

START_TEST(the_most_specific_association_wins)
{
    static const char *const names[] = { "*", "APP*", "SYSADM", "APPA*", "APPA", "WEB*" };
    const struct sip_association *found;
    struct sip sip = { .count = 0 };

    for (unsigned i = 0; i < 6; i++)
        ck_assert(sip_associate(&sip, names[i], DVIPA + i));
    found = sip_find(&sip, matches[_i].job, matches[_i].user);
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found->job, matches[_i].association);

    sip.count = 0;                      /* the order of the statements does not matter */
    for (unsigned i = 6; i-- > 0;)
        ck_assert(sip_associate(&sip, names[i], DVIPA + i));
    ck_assert_str_eq(sip_find(&sip, matches[_i].job, matches[_i].user)->job, matches[_i].association);
}
END_TEST

START_TEST(no_association_for_a_stranger)
{
    struct sip sip = { .count = 0 };

    ck_assert_ptr_null(sip_find(&sip, "APPA", "USER1"));
    ck_assert(sip_associate(&sip, "APPA", DVIPA));
    ck_assert(sip_associate(&sip, "WEB*", DVIPA));
    ck_assert_ptr_null(sip_find(&sip, "APPB", "USER1"));
    ck_assert_ptr_null(sip_find(&sip, "APPA1", NULL));
}
END_TEST

START_TEST(associating_again_replaces)
{
    struct sip sip = { .count = 0 };

    ck_assert(sip_associate(&sip, "APPA", DVIPA));
    ck_assert(sip_associate(&sip, "appa", HOME));
    ck_assert_uint_eq(sip.count, 1);
    ck_assert_uint_eq(sip_find(&sip, "APPA", NULL)->address, HOME);
}
END_TEST

START_TEST(a_full_table_refuses)
{
    static struct sip sip;
    char name[NAME_LEN + 1];

    for (unsigned i = 0; i < SOURCEIPA_MAX; i++) {
        sprintf(name, "J%u", i);
        ck_assert(sip_associate(&sip, name, DVIPA));
    }
    ck_assert(!sip_associate(&sip, "ONEMORE", DVIPA));
    ck_assert(sip_associate(&sip, "J0", HOME));
    ck_assert_uint_eq(sip.count, SOURCEIPA_MAX);
}
END_TEST

static void no_message(void *context, const char *message)
{
    (void)context;
    ck_assert_msg(strncmp(message, "EZZ03", 5) == 0 && strstr(message, "WAS FOUND") == NULL, "%s", message);
}

START_TEST(a_profile_sets_the_table_up_as_figure_2_says)
{
    static const char text[] = "SOURCEIPA 10.1.9.1 APPA WEB*\nSOURCEIPA 10.1.9.2 APPB";
    static struct profile profile;
    struct sip sip = { .count = 7 };

    ck_assert_int_eq(profile_parse(&profile, "T", text, sizeof text - 1, NULL, no_message, NULL), 0);
    memset(flow_counts, 0, sizeof flow_counts);
    sip_configure(&sip, &profile);
    ck_assert_uint_eq(sip.count, 3);
    ck_assert_uint_eq(sip_find(&sip, "APPB", NULL)->address, 0x0A010902);
    ck_assert_uint_eq(sip_find(&sip, "ANY", "WEBSRV")->address, DVIPA);
    ck_assert_uint_eq(flow_counts[FLOW_2_200], 1);
    ck_assert_uint_eq(flow_counts[FLOW_2_210], 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sip");
    TCase *tcase = tcase_create("sip");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, every_way_through_the_figure, 0, sizeof ways / sizeof *ways);
    tcase_add_test(tcase, no_block_is_left_out);
    tcase_add_loop_test(tcase, the_most_specific_association_wins, 0, sizeof matches / sizeof *matches);
    tcase_add_test(tcase, no_association_for_a_stranger);
    tcase_add_test(tcase, associating_again_replaces);
    tcase_add_test(tcase, a_full_table_refuses);
    tcase_add_test(tcase, a_profile_sets_the_table_up_as_figure_2_says);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
