/* stack/sip: every way through figures 2, 3 and 7, with the blocks that it must pass. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/sip/sip.h"
#include "stack/tests/console.h"
#include "stack/tests/flow_report.h"

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
        ck_assert_uint_le(flow_count(i), 1);
        if (flow_count(i) == 1)
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
    flow_restart();
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
    flow_restart();
    sip_configure(&sip, &profile);
    ck_assert_uint_eq(sip.count, 3);
    ck_assert_uint_eq(sip_find(&sip, "APPB", NULL)->address, 0x0A010902);
    ck_assert_uint_eq(sip_find(&sip, "ANY", "WEBSRV")->address, DVIPA);
    ck_assert_uint_eq(flow_count(FLOW_2_200), 1);
    ck_assert_uint_eq(flow_count(FLOW_2_210), 3);
}
END_TEST

/* --- selection by a whole profile ---------------------------------------------------------------------------------- */

/* A stack as far as source selection sees it: its profile, what is active, and what others distribute to it. */
struct small_stack {
    struct profile profile;
    struct sip sip;
    uint32_t active[32], distributed[8];
    unsigned active_count, distributed_count;
};

static struct small_stack stack;

static bool listed(const uint32_t *list, unsigned count, uint32_t address)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i] == address)
            return true;
    return false;
}

static bool stack_defines(uint32_t address)
{
    for (unsigned i = 0; i < stack.profile.dvipa_count; i++)
        if (stack.profile.dvipas[i].address == address)
            return true;
    return false;
}

static bool stack_in_range(void *context, uint32_t address)
{
    (void)context;
    for (unsigned i = 0; i < stack.profile.range_count; i++)
        if ((address & stack.profile.ranges[i].mask) == stack.profile.ranges[i].address)
            return true;
    return false;
}

static bool stack_is_distributed(void *context, uint32_t address)
{
    (void)context;
    return listed(stack.distributed, stack.distributed_count, address);
}

static bool stack_is_configured(void *context, uint32_t address)
{
    return stack_defines(address) || stack_in_range(context, address) || stack_is_distributed(context, address);
}

static bool stack_is_defined(void *context, uint32_t address)
{
    (void)context;
    for (unsigned i = 0; i < stack.profile.link_count; i++)
        if (stack.profile.links[i].address == address)
            return true;
    return stack.profile.dynamicxcf_address == address;
}

static bool stack_is_active(void *context, uint32_t address)
{
    (void)context;
    return listed(stack.active, stack.active_count, address);
}

static bool stack_activate(void *context, uint32_t address)
{
    (void)context;
    stack.active[stack.active_count++] = address;
    return true;
}

static uint32_t stack_source_vipa(void *context, uint32_t destination)
{
    (void)context;
    (void)destination;
    return stack.profile.sourcevipa ? STATIC_VIPA : 0;
}

static uint32_t stack_link_address(void *context, uint32_t destination)
{
    (void)context;
    (void)destination;
    return LINK;
}

static const struct sip_tables stack_tables = {
    .is_dvipa = stack_is_configured,        /* of the DVIPAs that there are, this stack may use all */
    .is_defined = stack_is_defined,
    .is_configured = stack_is_configured,
    .is_active = stack_is_active,
    .in_range = stack_in_range,
    .activate = stack_activate,
    .source_vipa = stack_source_vipa,
    .link_address = stack_link_address,
    .is_distributed = stack_is_distributed,
};

static uint32_t ip(const char *text)
{
    uint32_t address;

    ck_assert(text_parse_ip(text, &address));
    return address;
}

#define STACK_NET "DEVICE LCS1 LCS E20 LINK ETH1 ETHERNET 0 LCS1 DEVICE V VIRTUAL 0 LINK VIPA1 VIRTUAL 0 V\n" \
    "HOME 10.1.0.2 ETH1 10.1.8.1 VIPA1 IPCONFIG DYNAMICXCF 10.9.0.1 255.255.255.0 1\n"

/* 10.1.9.1 is defined here, 10.1.9.3 backed up, 10.5.0.0/24 a range, 10.1.9.7 distributed by another stack; .1, .6, .7 active */
static void stack_set_up(const char *statements)
{
    static char text[4096];

    sprintf(text, STACK_NET "VIPADYNAMIC VIPADEFINE 255.255.0.0 10.1.9.1 10.1.9.6 VIPABACKUP 10 10.1.9.3\n"
                            "VIPARANGE 255.255.255.0 10.5.0.0 ENDVIPADYNAMIC\n%s", statements);
    memset(&stack, 0, sizeof stack);
    ck_assert_int_eq(profile_parse(&stack.profile, "T", text, (uint32_t)strlen(text), NULL, no_message, NULL), 0);
    stack.active[stack.active_count++] = ip("10.1.9.1");
    stack.active[stack.active_count++] = ip("10.1.9.6");
    stack.active[stack.active_count++] = ip("10.1.9.7");
    stack.distributed[stack.distributed_count++] = ip("10.1.9.7");
    sip_configure(&stack.sip, &stack.profile);
}

/* "10.1.9.1", or "1116 744C7230" */
static const char *choose(const char *job, const char *user, const char *destination, uint16_t port, bool pool)
{
    static char text[32];
    struct sip_request request = { .job = job, .user = user, .destination = ip(destination), .bound_port = port, .pool_port = pool };
    struct sip_result result;
    int rc = sip_select(&stack.sip, &request, &stack_tables, &result);

    if (rc == SIP_OK)
        return text_ip(text, result.address);
    sprintf(text, "%d %08X", rc, result.reason);
    return text;
}

/* The four cases of SOURCEIPA's address, each with its opposite. */
static const struct {
    const char *name, *statement, *chosen;
} cases[] = {
    { "(a) VIPADEFINE, active", "SOURCEIPA 10.1.9.1 APPA", "10.1.9.1" },
    { "(a) VIPABACKUP, active elsewhere", "SOURCEIPA 10.1.9.3 APPA", "1116 744C7230" },
    { "(b) in a VIPARANGE: activated", "SOURCEIPA 10.5.0.9 APPA", "10.5.0.9" },
    { "(b) in no VIPARANGE", "SOURCEIPA 10.6.0.9 APPA", "1116 744C7230" },
    { "(c) target of a distributed DVIPA", "SOURCEIPA 10.1.9.7 APPA", "10.1.9.7" },
    { "(c) no target of it", "SOURCEIPA 10.1.9.8 APPA", "1116 744C7230" },
    { "(d) defined: a link", "SOURCEIPA 10.1.0.2 APPA", "10.1.0.2" },
    { "(d) defined: a static VIPA", "SOURCEIPA 10.1.8.1 APPA", "10.1.8.1" },
    { "(d) defined: dynamic XCF", "SOURCEIPA 10.9.0.1 APPA", "10.9.0.1" },
};

START_TEST(the_four_cases_of_the_address)
{
    stack_set_up(cases[_i].statement);
    ck_assert_msg(strcmp(choose("APPA", "USER", "10.7.0.1", 0, false), cases[_i].chosen) == 0, "%s", cases[_i].name);
    ck_assert_str_eq(choose("OTHER", "USER", "10.7.0.1", 0, false), "10.1.0.2");
}
END_TEST

/* Each rule has a source of its own: the links of range 10.5.0.0 are activated as they are chosen. */
#define RULES "SOURCEIPA 10.5.0.1 APPA APPB* GRP*\n" \
    "SRCIP JOBNAME APPA 10.5.0.2 JOBNAME APPC 10.5.0.3 JOBNAME APPB1 10.5.0.4 JOBNAME FTPD 10.5.0.5 SERVER JOBNAME * 10.5.0.6\n" \
    "DESTINATION 10.7.0.0/16 10.5.0.7 DESTINATION 10.7.7.0/24 10.5.0.8 DESTINATION 10.7.7.7 10.5.0.9 ENDSRCIP\n" \
    "PORT 700 TCP APPC BIND 10.5.0.10 701 TCP OMVS BIND 10.5.0.11"

static const struct {
    const char *job, *user, *destination;
    uint16_t port;
    const char *chosen;
} orders[] = {
    { "APPA", "USER", "10.8.0.1", 0, "10.5.0.1" },          /* SOURCEIPA before SRCIP */
    { "APPA", "USER", "10.7.7.7", 0, "10.5.0.1" },          /* a job before any destination */
    { "APPC", "USER", "10.7.7.7", 0, "10.5.0.3" },
    { "APPB1", "USER", "10.7.7.7", 0, "10.5.0.4" },         /* the whole name before APPB* */
    { "APPB2", "USER", "10.7.7.7", 0, "10.5.0.1" },
    { "ANY", "GRPUSER", "10.7.7.7", 0, "10.5.0.1" },        /* a group of user ids */
    { "FTPD", "USER", "10.8.0.1", 0, "10.5.0.6" },          /* SERVER is not for connections */
    { "ANY", "USER", "10.7.7.7", 0, "10.5.0.9" },           /* the longest prefix */
    { "ANY", "USER", "10.7.7.8", 0, "10.5.0.8" },
    { "ANY", "USER", "10.7.8.8", 0, "10.5.0.7" },
    { "ANY", NULL, "10.8.0.1", 0, "10.5.0.6" },             /* JOBNAME * after all */
    { "APPC", "USER", "10.7.7.7", 700, "10.5.0.10" },       /* PORT BIND before SRCIP */
    { "APPA", "USER", "10.7.7.7", 700, "10.5.0.1" },        /* but only for its job */
    { "APPA", "USER", "10.7.7.7", 701, "10.5.0.11" },
};

START_TEST(the_order_of_the_statements)
{
    stack_set_up(RULES);
    ck_assert_str_eq(choose(orders[_i].job, orders[_i].user, orders[_i].destination, orders[_i].port, false), orders[_i].chosen);
}
END_TEST

/* A DESTINATION that names a distributed DVIPA, for a socket that has its port already. */
static const struct {
    const char *job, *destination;
    uint16_t port;
    bool pool;
    const char *chosen;
} bound[] = {
    { "APPA", "10.7.0.1", 0, false, "10.1.9.7" },
    { "APPA", "10.7.0.1", 5000, false, "1116 744C7231" },   /* nobody reserved it */
    { "APPA", "10.7.0.1", 5000, true, "10.1.9.7" },         /* out of EXPLICITBINDPORTRANGE */
    { "APPA", "10.7.0.1", 1023, false, "10.1.9.7" },
    { "APPA", "10.7.0.1", 1024, false, "1116 744C7231" },
    { "APPA", "10.7.0.1", 6000, false, "10.1.9.7" },        /* reserved for the job */
    { "OTHER", "10.7.0.1", 6000, false, "1116 744C7231" },  /* for another job */
    { "APPA", "10.7.0.1", 7000, false, "10.1.9.7" },
    { "APPA", "10.8.0.1", 5000, false, "10.1.9.1" },        /* not distributed */
    { "APPJ", "10.7.0.1", 5000, false, "10.1.9.7" },        /* by JOBNAME: known at the bind */
};

START_TEST(a_bound_port_and_a_distributed_dvipa)
{
    stack_set_up("SRCIP DESTINATION 10.7.0.0/16 10.1.9.7 DESTINATION 10.8.0.0/16 10.1.9.1 JOBNAME APPJ 10.1.9.7 ENDSRCIP\n"
                 "PORT 6000 TCP APPA PORTRANGE 7000 10 TCP APP*");
    ck_assert_str_eq(choose(bound[_i].job, "USER", bound[_i].destination, bound[_i].port, bound[_i].pool), bound[_i].chosen);
}
END_TEST

static const struct {
    const char *ipconfig;
    uint16_t port;
    const char *chosen;
    bool warned;
} tcpstack[] = {
    { "TCPSTACKSOURCEVIPA 10.1.9.6 SOURCEVIPA", 0, "10.1.9.6", false },
    { "TCPSTACKSOURCEVIPA 10.1.9.6 SOURCEVIPA", 5000, "10.1.8.1", false },      /* only without a bind */
    { "TCPSTACKSOURCEVIPA 10.1.9.3 SOURCEVIPA", 0, "10.1.8.1", true },          /* not active */
    { "TCPSTACKSOURCEVIPA 10.1.8.1 SOURCEVIPA", 0, "10.1.8.1", false },         /* a static VIPA */
    { "SOURCEVIPA", 0, "10.1.8.1", false },
    { "NOSOURCEVIPA", 0, "10.1.0.2", false },
};

START_TEST(tcpstacksourcevipa_before_sourcevipa)
{
    struct sip_request request = { .job = "APPA", .destination = SERVER, .bound_port = tcpstack[_i].port };
    struct sip_result result;
    char text[128];

    sprintf(text, "IPCONFIG %s", tcpstack[_i].ipconfig);
    stack_set_up(text);
    ck_assert_str_eq(choose("APPA", NULL, "10.7.0.1", tcpstack[_i].port, false), tcpstack[_i].chosen);
    ck_assert_int_eq(sip_select(&stack.sip, &request, &stack_tables, &result), SIP_OK);
    ck_assert_int_eq(result.tcpstack_passed_over, tcpstack[_i].warned);
}
END_TEST

START_TEST(tcpstacksourcevipa_is_nothing_without_sourcevipa)
{
    static const char text[] = "IPCONFIG TCPSTACKSOURCEVIPA 10.1.9.6";

    stack_set_up("");
    console_clear();
    ck_assert_int_eq(profile_parse(&stack.profile, "T", text, sizeof text - 1, NULL, console_line, NULL), 0);
    sip_configure(&stack.sip, &stack.profile);
    ck_assert_str_eq(choose("APPA", NULL, "10.7.0.1", 0, false), "10.1.0.2");
}
END_TEST

START_TEST(a_passed_over_address_is_told_every_five_minutes)
{
    struct sip_result result = { .tcpstack_passed_over = true }, fine = { .tcpstack_passed_over = false };

    stack_set_up("IPCONFIG TCPSTACKSOURCEVIPA 10.1.9.3 SOURCEVIPA");
    console_clear();
    sip_warn(&stack.sip, &fine, 1000);
    ck_assert_str_eq(console_text(), "");
    sip_warn(&stack.sip, &result, 2000);
    ck_assert_str_eq(console_text(), "EZD1312I TCPSTACKSOURCEVIPA 10.1.9.3 IS NOT ACTIVE, CONNECTIONS USE OTHER ADDRESSES\n");
    console_clear();
    sip_warn(&stack.sip, &result, 2000 + SIP_WARNING_US - 1);
    ck_assert_str_eq(console_text(), "");
    sip_warn(&stack.sip, &result, 2000 + SIP_WARNING_US);
    ck_assert_str_ne(console_text(), "");
}
END_TEST

START_TEST(what_a_bind_to_any_address_stands_for)
{
    stack_set_up("SRCIP JOBNAME FTPD 10.5.0.1 SERVER JOBNAME WEB* 10.5.0.2 BOTH JOBNAME CLI 10.5.0.3 ENDSRCIP\n"
                 "PORT 21 TCP FTPD BIND 10.5.0.4 22 TCP FTPD");
    ck_assert_uint_eq(sip_bind_address(&stack.sip, "FTPD", NULL, 21, true), ip("10.5.0.4"));
    ck_assert_uint_eq(sip_bind_address(&stack.sip, "FTPD", NULL, 21, false), ip("10.5.0.4"));
    ck_assert_uint_eq(sip_bind_address(&stack.sip, "FTPD", NULL, 22, true), ip("10.5.0.1"));
    ck_assert_uint_eq(sip_bind_address(&stack.sip, "FTPD", NULL, 22, false), 0);
    ck_assert_uint_eq(sip_bind_address(&stack.sip, "WEBA", NULL, 80, true), ip("10.5.0.2"));
    ck_assert_uint_eq(sip_bind_address(&stack.sip, "CLI", NULL, 80, true), 0);
    ck_assert_uint_eq(sip_bind_address(&stack.sip, "ANY", "WEBUSER", 80, true), ip("10.5.0.2"));
}
END_TEST

/* The way of the figures through every row above: a table, as comments of the test output. */
static void print_blocks(void)
{
    static const char *const figures[] = { "2", "3", "7" };

    flow_restart();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        stack_set_up(cases[i].statement);
        (void)choose("APPA", "USER", "10.7.0.1", 0, false);
        (void)choose("OTHER", "USER", "10.7.0.1", 0, false);
    }
    stack_set_up(RULES);
    for (unsigned i = 0; i < sizeof orders / sizeof *orders; i++)
        (void)choose(orders[i].job, orders[i].user, orders[i].destination, orders[i].port, false);
    for (unsigned f = 0; f < 3; f++)
        for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++)
            if (strcmp(flow_names[i].figure, figures[f]) == 0)
                printf("# FIG %s BLOCK %-4u %5llu %s\n", flow_names[i].figure, flow_names[i].block, (unsigned long long)flow_count(i),
                       flow_names[i].text);
}

START_TEST(every_block_is_passed_by_real_profiles)
{
    print_blocks();
    (void)fflush(stdout);
    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++)
        if (strcmp(flow_names[i].figure, "2") == 0 || strcmp(flow_names[i].figure, "3") == 0 || strcmp(flow_names[i].figure, "7") == 0)
            ck_assert_msg(flow_count(i) > 0, "figure %s, block %u", flow_names[i].figure, flow_names[i].block);
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
    tcase_add_loop_test(tcase, the_four_cases_of_the_address, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tcase, the_order_of_the_statements, 0, sizeof orders / sizeof *orders);
    tcase_add_loop_test(tcase, a_bound_port_and_a_distributed_dvipa, 0, sizeof bound / sizeof *bound);
    tcase_add_loop_test(tcase, tcpstacksourcevipa_before_sourcevipa, 0, sizeof tcpstack / sizeof *tcpstack);
    tcase_add_test(tcase, tcpstacksourcevipa_is_nothing_without_sourcevipa);
    tcase_add_test(tcase, a_passed_over_address_is_told_every_five_minutes);
    tcase_add_test(tcase, what_a_bind_to_any_address_stands_for);
    tcase_add_test(tcase, every_block_is_passed_by_real_profiles);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
