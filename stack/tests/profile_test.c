/* stack/profile: one behaviour a test; a profile of nonsense against its golden messages; random damage to a good one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/text.h"
#include "stack/profile/profile.h"
#include "stack/tests/console.h"
#include "stack/tests/members.h"

#define GOLDEN "stack/tests/golden/"

static struct profile profile;
static const char *clusterports = "CLUSTERPORTS";

static const char *symbol(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "SYSNAME") == 0)
        return "MVS1";
    if (strcmp(name, "SYSCLONE") == 0)
        return "7";
    return strcmp(name, "CLUSTERPORTS") == 0 ? clusterports : NULL;
}

/* Errors; the messages are in console_text(), without the two that stand around them. */
static void keep_error(void *context, const char *line)
{
    (void)context;
    ck_assert_uint_lt(strlen(line), WTO_MAX);       /* none is cut */
    if (strncmp(line, "EZZ0309I", 8) != 0 && strncmp(line, "EZZ0316I", 8) != 0)
        console_line(NULL, line);
}

static int parse(const char *text)
{
    console_clear();
    return profile_parse(&profile, "TEST", text, (uint32_t)strlen(text), symbol, keep_error, NULL);
}

static void parse_well(const char *text)
{
    int errors = parse(text);

    ck_assert_str_eq(console_text(), "");
    ck_assert_int_eq(errors, 0);
}

static void parse_badly(const char *text, const char *message)
{
    ck_assert_int_eq(parse(text), 1);
    ck_assert_str_eq(console_text(), message);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, PROFILE_TEXT_MAX);

    ck_assert_msg(file != NULL, "%s cannot be read; tests run in the root of the repository", path);
    ck_assert_uint_lt(fread(text, 1, PROFILE_TEXT_MAX - 1, file), PROFILE_TEXT_MAX - 1);
    fclose(file);
    return text;
}

static uint32_t ip(const char *text)
{
    uint32_t address;

    ck_assert(text_parse_ip(text, &address));
    return address;
}

#define NET "DEVICE LCS1 LCS E20 LINK ETH1 ETHERNET 0 LCS1 DEVICE VDEV VIRTUAL 0 LINK VLINK VIRTUAL 0 VDEV\n"
#define VIPA(text) "VIPADYNAMIC\n" text "\nENDVIPADYNAMIC"

/* --- words --------------------------------------------------------------------------------------------------------- */

START_TEST(empty_profile_has_the_defaults)
{
    parse_well("");
    ck_assert_uint_eq(profile.ephemeral_low, 1024);
    ck_assert_uint_eq(profile.ephemeral_high, 65535);
    ck_assert_uint_eq(profile.timewait_s, 60);
    ck_assert(!profile.sourcevipa);
}
END_TEST

START_TEST(statements_span_lines_and_fold_case)
{
    parse_well("; DEVICE IN A COMMENT\n  device ; HOME\r\n lcs1\n\tLcs\ne20 ;; end\nstart LCS1");
    ck_assert_uint_eq(profile.device_count, 1);
    ck_assert_str_eq(profile.devices[0].name, "LCS1");
    ck_assert_uint_eq(profile.devices[0].devnum, 0xE20);
    ck_assert(profile.devices[0].started);
}
END_TEST

START_TEST(semicolon_inside_a_word_is_no_comment)
{
    parse_badly("DEVICE LCS1 LCS E20;COMMENT",
                "EZZ0318I E20;COMMENT WAS FOUND ON LINE 1 AND A DEVICE NUMBER (HEX) WAS EXPECTED - DEVICE IGNORED\n");
}
END_TEST

START_TEST(symbols_become_part_of_words)
{
    parse_well("DEVICE &sysname.X LCS E2&SYSCLONE. ; &NONE.\nSOURCEIPA 10.1.&SYSCLONE..9 &SYSNAME");
    ck_assert_str_eq(profile.devices[0].name, "MVS1X");
    ck_assert_uint_eq(profile.devices[0].devnum, 0xE27);
    ck_assert_uint_eq(profile.sourceipas[0].address, ip("10.1.7.9"));
    ck_assert_str_eq(profile.sourceipas[0].job, "MVS1");
}
END_TEST

START_TEST(symbol_may_be_nothing_or_several_words)
{
    const char *text = VIPA("VIPADEFINE &CLUSTERPORTS. 255.255.0.0 10.1.9.1");

    clusterports = "";
    parse_well(text);
    ck_assert(!profile.dvipas[0].clusterports.on);
    clusterports = "CLUSTERPORTS\nBLOCKSIZE 1";
    parse_well(text);
    ck_assert(profile.dvipas[0].clusterports.on);
    ck_assert_uint_eq(profile.dvipas[0].clusterports.blocksize, 1);
    ck_assert_uint_eq(PROFILE_LINE(profile.dvipas[0].line), 2);
    clusterports = "CLUSTERPORTS";
}
END_TEST

START_TEST(unknown_symbol_stays_and_is_reported)
{
    parse_badly("DEVICE LCS1 LCS &DEVNO.",
                "EZZ0318I &DEVNO. WAS FOUND ON LINE 1 AND A DEVICE NUMBER (HEX) WAS EXPECTED - DEVICE IGNORED\n");
}
END_TEST

START_TEST(messages_stand_between_begin_and_end)
{
    console_clear();
    profile_parse(&profile, "TCPIP.PROFILE", "FROB", 4, NULL, console_line, NULL);
    ck_assert_str_eq(console_text(), "EZZ0309I PROFILE PROCESSING BEGINNING FOR TCPIP.PROFILE\n"
                                     "EZZ0318I FROB WAS FOUND ON LINE 1 AND A STATEMENT WAS EXPECTED - SKIPPED TO END OF FILE ON LINE 1\n"
                                     "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE TCPIP.PROFILE\n");
}
END_TEST

START_TEST(too_long_a_profile_is_cut_with_a_message)
{
    char *text = malloc(PROFILE_TEXT_MAX + 100);

    memset(text, ' ', PROFILE_TEXT_MAX + 100);
    memcpy(text, "START X", 7);
    console_clear();
    ck_assert_int_eq(profile_parse(&profile, "T", text, PROFILE_TEXT_MAX + 100, NULL, keep_error, NULL), 2);
    ck_assert_ptr_nonnull(strstr(console_text(), "65636 BYTES WERE FOUND AND AT MOST 65536 WAS EXPECTED"));
    free(text);
}
END_TEST

/* --- network ------------------------------------------------------------------------------------------------------- */

START_TEST(links_home_and_routes)
{
    parse_well(NET "HOME 10.1.8.1 VLINK 10.1.0.1 ETH1 START LCS1\n"
                   "BEGINROUTES ROUTE 10.1.0.0/16 = ETH1 MTU 1500 ROUTE 10.1.0.0 255.255.255.0 10.1.0.9 ETH1 MTU 1492\n"
                   "ROUTE 172.16.0.5 HOST 10.1.0.8 ETH1 MTU 576 ROUTE DEFAULT 10.1.0.254 ETH1 MTU 1500 ENDROUTES\n");
    ck_assert_uint_eq(profile.link_count, 2);
    ck_assert_uint_eq(profile.links[0].address, ip("10.1.0.1"));
    ck_assert_uint_eq(profile.links[0].devnum, 0xE20);
    ck_assert(profile.links[0].started && !profile.links[0].is_virtual);
    ck_assert(profile.links[1].started && profile.links[1].is_virtual);
    ck_assert_uint_eq(profile.home_count, 2);
    ck_assert_uint_eq(profile.home[0], 1);
    ck_assert_uint_eq(profile.route_count, 4);
    ck_assert_uint_eq(profile.routes[0].mask, 0xFFFF0000);
    ck_assert_uint_eq(profile.routes[0].gateway, 0);
    ck_assert_uint_eq(profile.routes[1].gateway, ip("10.1.0.9"));
    ck_assert_uint_eq(profile.routes[2].mask, 0xFFFFFFFF);
    ck_assert_uint_eq(profile.routes[3].mask, 0);
    ck_assert_uint_eq(profile.routes[3].mtu, 1500);
    ck_assert_uint_eq(profile_link_mask(&profile, 0), 0xFFFF0000);
    ck_assert_uint_eq(profile_link_mask(&profile, 1), 0xFF000000);
}
END_TEST

START_TEST(second_home_statement_adds)
{
    parse_well(NET "HOME 10.1.0.1 ETH1 HOME 10.1.8.1 VLINK");
    ck_assert_uint_eq(profile.home_count, 2);
}
END_TEST

START_TEST(ipconfig)
{
    parse_well("IPCONFIG SOURCEVIPA DYNAMICXCF 192.168.49.1 255.255.255.0 1");
    ck_assert(profile.sourcevipa);
    ck_assert_uint_eq(profile.dynamicxcf_address, ip("192.168.49.1"));
    ck_assert_uint_eq(profile.dynamicxcf_mask, 0xFFFFFF00);
    ck_assert_uint_eq(profile.dynamicxcf_metric, 1);
    parse_well("IPCONFIG DYNAMICXCF 192.168.49.1/28 1");
    ck_assert_uint_eq(profile.dynamicxcf_mask, 0xFFFFFFF0);
    parse_well("IPCONFIG SOURCEVIPA\nIPCONFIG NOSOURCEVIPA");
    ck_assert(!profile.sourcevipa);
}
END_TEST

/* The example of the product's manual: a VIPA is the source of the links that follow it. */
START_TEST(sourcevipa_is_the_vipa_before_the_link_in_the_home_list)
{
    const char *text = "DEVICE LCS1 LCS E20 DEVICE LCS2 LCS E24 DEVICE LCS3 LCS E28 DEVICE V1 VIRTUAL 0 DEVICE V2 VIRTUAL 0\n"
                       "LINK VIPA2 VIRTUAL 0 V2 LINK LINK1 ETHERNET 0 LCS1 LINK LINK2 ETHERNET 0 LCS2 LINK LINK3 ETHERNET 0 LCS3\n"
                       "LINK VIPA1 VIRTUAL 0 V1 HOME 10.1.0.1 LINK1 172.2.1.1 VIPA1 10.2.0.1 LINK2 172.2.1.2 VIPA2 10.3.0.1 LINK3\n"
                       "BEGINROUTES ROUTE 10.1.0.0/16 = LINK1 MTU 1500 ROUTE 10.2.0.0/16 = LINK2 MTU 1500\n"
                       "ROUTE 10.3.0.0/16 = LINK3 MTU 1500 ENDROUTES";

    parse_well(text);
    ck_assert_uint_eq(profile_source_vipa(&profile, ip("10.2.0.9")), 0);
    profile.sourcevipa = true;
    ck_assert_uint_eq(profile_source_vipa(&profile, ip("10.1.0.9")), 0);
    ck_assert_uint_eq(profile_source_vipa(&profile, ip("10.2.0.9")), ip("172.2.1.1"));
    ck_assert_uint_eq(profile_source_vipa(&profile, ip("10.3.0.9")), ip("172.2.1.2"));
    ck_assert_uint_eq(profile_source_vipa(&profile, ip("11.3.0.9")), 0);
    ck_assert_str_eq(profile_route_link(&profile, ip("10.3.0.9"))->name, "LINK3");
    ck_assert_ptr_null(profile_route_link(&profile, ip("11.3.0.9")));
}
END_TEST

/* --- DVIPAs -------------------------------------------------------------------------------------------------------- */

START_TEST(vipadynamic_block_in_full)
{
    parse_well(VIPA("VIPADEF MOVE IMMED CLUSTERP 255.255.0.0 10.1.9.1 10.1.9.2\n"
                    "VIPADEFINE CLUSTERPORTS BLOCKSIZE 4096 MOVEABLE WHENIDLE 255.255.255.0 10.2.9.1\n"
                    "VIPAB 200 10.3.9.1 10.4.9.1 VIPABACKUP MOVEABLE WHENIDLE 255.255.255.0 10.5.9.1\n"
                    "VIPADIST DEFINE SYSPLEXP 10.1.9.1 PORT 20 21 4000-4003 DESTIP ALL\n"
                    "VIPADISTRIBUTE 10.1.9.2 DESTIP 192.168.49.1 192.168.49.2\n"
                    "VIPARANGE DEFINE MOVEABLE NONDISRUPTIVE CLUSTERPORTS 255.255.255.0 10.1.10.77\n"
                    "SOURCEIPA 10.1.9.1 APPA\n"));
    ck_assert_uint_eq(profile.dvipa_count, 6);
    ck_assert_uint_eq(profile.dvipas[0].clusterports.blocksize, BLOCKSIZE_DEFAULT);
    ck_assert_uint_eq(profile.dvipas[1].address, ip("10.1.9.2"));
    ck_assert_uint_eq(profile.dvipas[2].clusterports.blocksize, 4096);
    ck_assert_int_eq(profile.dvipas[2].moveable, MOVEABLE_WHENIDLE);
    ck_assert(profile.dvipas[3].backup && profile.dvipas[3].rank == 200 && profile.dvipas[3].mask == 0);
    ck_assert(profile.dvipas[5].backup && profile.dvipas[5].rank == 1 && profile.dvipas[5].mask == 0xFFFFFF00);
    ck_assert_uint_eq(profile.distributes[0].port_count, 6);
    ck_assert_uint_eq(profile.distributes[0].ports[5], 4003);
    ck_assert(profile.distributes[0].dest_all && profile.distributes[0].clusterports.on);
    ck_assert_uint_eq(profile.distributes[1].port_count, 0);
    ck_assert_uint_eq(profile.distributes[1].dest_count, 2);
    ck_assert_uint_eq(profile.ranges[0].address, ip("10.1.10.0"));
    ck_assert_str_eq(profile.sourceipas[0].job, "APPA");
}
END_TEST

START_TEST(vipadefine_without_mask_takes_that_of_the_class)
{
    parse_well(VIPA("VIPADEFINE 10.1.9.1 10.200.9.1 VIPADEFINE 172.16.1.1 VIPADEFINE 192.168.1.1"));
    ck_assert_uint_eq(profile.dvipas[0].mask, 0xFF000000);
    ck_assert_uint_eq(profile.dvipas[2].mask, 0xFFFF0000);
    ck_assert_uint_eq(profile.dvipas[3].mask, 0xFFFFFF00);
}
END_TEST

START_TEST(distribution_of_an_address_of_others_is_accepted)
{
    parse_well(VIPA("VIPADISTRIBUTE 10.1.9.1 PORT 60 DESTIP 192.168.49.2, 192.168.49.3,192.168.49.4"));
    ck_assert_uint_eq(profile.distributes[0].dest_count, 3);
}
END_TEST

START_TEST(clusterports_of_an_address)
{
    parse_well(VIPA("VIPADEFINE CLUSTERPORTS BLOCKSIZE 1 255.255.0.0 10.1.9.1 VIPADEFINE 255.255.0.0 10.1.9.2 10.1.9.3\n"
                    "VIPADISTRIBUTE CLUSTERPORTS BLOCKSIZE 16 10.1.9.2 DESTIP ALL\n"
                    "VIPARANGE CLUSTERPORTS BLOCKSIZE 32 255.255.0.0 10.2.0.0 VIPARANGE 255.255.255.0 10.2.3.0"));
    ck_assert_uint_eq(profile_clusterports(&profile, ip("10.1.9.1")).blocksize, 1);
    ck_assert_uint_eq(profile_clusterports(&profile, ip("10.1.9.2")).blocksize, 16);
    ck_assert(!profile_clusterports(&profile, ip("10.1.9.3")).on);
    ck_assert_uint_eq(profile_clusterports(&profile, ip("10.2.9.9")).blocksize, 32);
    ck_assert(!profile_clusterports(&profile, ip("10.2.3.4")).on);
}
END_TEST

START_TEST(limit_of_dvipas)
{
    char text[4096] = "VIPADYNAMIC\n";

    for (unsigned i = 0; i < DVIPA_MAX + 1; i++)
        sprintf(text + strlen(text), "VIPADEFINE 255.255.0.0 10.1.1.%u\n", i + 1);
    strcat(text, "ENDVIPADYNAMIC");
    parse_badly(text, "EZZ8309I TOO MANY VIPAS - 10.1.1.65 REJECTED, LINE 66, AT MOST 64\n");
    ck_assert_uint_eq(profile.dvipa_count, DVIPA_MAX);
}
END_TEST

START_TEST(missing_end_takes_in_what_follows)
{
    ck_assert_int_eq(parse("VIPADYNAMIC\nVIPADEFINE 255.255.0.0 10.1.9.1\nTCPCONFIG TIMEWAITINTERVAL 5\nSOURCEIPA 10.1.9.1 APPA\n"), 2);
    ck_assert_str_eq(console_text(),
                     "EZZ0318I TCPCONFIG WAS FOUND ON LINE 3 AND ENDVIPADYNAMIC WAS EXPECTED - TCPCONFIG IGNORED\n"
                     "EZZ0318I END OF FILE WAS FOUND ON LINE 5 AND ENDVIPADYNAMIC WAS EXPECTED - VIPADYNAMIC ON LINE 1 TOOK ALL THAT "
                     "FOLLOWED\n");
    ck_assert_uint_eq(profile.timewait_s, 60);
    ck_assert_uint_eq(profile.dvipa_count, 1);
    ck_assert_uint_eq(profile.sourceipa_count, 1);
}
END_TEST

/* --- ports --------------------------------------------------------------------------------------------------------- */

START_TEST(ports_and_ranges)
{
    parse_well("PORT 60 TCP APPA 60 TCP APPB 60 UDP RESERVED\nPORTRANGE 4000 100 TCP APP* 65530 100 UDP RESERVED");
    ck_assert_uint_eq(profile.port_count, 5);
    ck_assert(profile.ports[0].tcp && !profile.ports[2].tcp);
    ck_assert_uint_eq(profile.ports[3].count, 100);
    ck_assert_uint_eq(profile.ports[4].first, 65530);
    ck_assert_uint_eq(profile.ports[4].count, 6);
}
END_TEST

START_TEST(later_portrange_over_a_port_is_ignored)
{
    parse_badly("PORT 60 TCP APPA\nPORTRANGE 50 20 TCP RESERVED",
                "EZZ0326I PORTRANGE ON LINE 2 CONFLICTS WITH PORT VALUE 60 USED ON LINE 1 - ENTRY IGNORED\n");
    ck_assert_uint_eq(profile.port_count, 1);
}
END_TEST

START_TEST(later_port_in_a_portrange_is_ignored)
{
    parse_badly("PORTRANGE 50 20 TCP RESERVED\nPORT 60 TCP APPA 70 TCP APPA",
                "EZZ0326I PORT ON LINE 2 CONFLICTS WITH PORTRANGE VALUE 60 USED ON LINE 1 - ENTRY IGNORED\n");
    ck_assert_uint_eq(profile.port_count, 2);
    ck_assert_uint_eq(profile.ports[1].first, 70);
}
END_TEST

START_TEST(bad_port_entry_costs_only_itself)
{
    parse_badly("PORT 61 TPC APPB 62 TCP APPC",
                "EZZ0318I TPC WAS FOUND ON LINE 1 AND TCP OR UDP WAS EXPECTED - ENTRY OF PORT IGNORED\n");
    ck_assert_uint_eq(profile.ports[0].first, 62);
    parse_badly("PORTRANGE\n 70000 10 TCP APPB\n 62 2 TCP APPC",
                "EZZ0318I 70000 WAS FOUND ON LINE 2 AND A PORT FROM 1 TO 65535 WAS EXPECTED - ENTRY OF PORTRANGE IGNORED\n");
    ck_assert_uint_eq(profile.ports[0].first, 62);
}
END_TEST

START_TEST(tcpconfig)
{
    parse_well("TCPCONFIG EPHEMERALPORTS 2000 60000 TIMEWAITINTERVAL 0");
    ck_assert_uint_eq(profile.ephemeral_low, 2000);
    ck_assert_uint_eq(profile.ephemeral_high, 60000);
    ck_assert_uint_eq(profile.timewait_s, 0);
}
END_TEST

/* --- CLUSTERPORTS, distribution, ranges ---------------------------------------------------------------------------- */

static const struct {
    const char *options;
    unsigned blocksize, store, quota;
} cluster[] = {
    { "CLUSTERPORTS", 64, STORE_BITMAP, 0 },
    { "SYSPLEXPORTS STORE BITMAP", 64, STORE_BITMAP, 0 },
    { "CLUSTERPORTS STORE REVERSED BLOCKSIZE 1", 1, STORE_REVERSED, 0 },
    { "CLUSTERPORTS STORE LISTS QUOTA 5 BLOCKS BLOCKSIZE 16", 16, STORE_LISTS, 80 },
    { "CLUSTERPORTS STORE CRHT QUOTA 1000 PORTS", 64, STORE_CRHT, 960 },
    { "CLUSTERPORTS QUOTA 1000", 64, STORE_BITMAP, 960 },
    { "CLUSTERPORTS STORE BROADCAST", 64, STORE_BROADCAST, 0 },
    { "CLUSTERPORTS STORE DISTRIBUTOR QUOTA 60000 BLOCKS", 64, STORE_DISTRIBUTOR, 65536 },
};

static void check_options(const struct profile_clusterports *c, int i)
{
    ck_assert(c->on);
    ck_assert_uint_eq(c->blocksize, cluster[i].blocksize);
    ck_assert_uint_eq(c->store, cluster[i].store);
    ck_assert_uint_eq(c->quota, cluster[i].quota);
}

START_TEST(clusterports_options_in_every_statement)
{
    char text[512];

    sprintf(text, VIPA("VIPADEFINE %s 255.255.0.0 10.1.9.1 VIPABACKUP 9 MOVEABLE IMMEDIATE %s 255.255.0.0 10.1.9.2\n"
                       "VIPADISTRIBUTE %s 10.1.9.1 DESTIP ALL VIPARANGE %s 255.255.255.0 10.2.9.0"),
            cluster[_i].options, cluster[_i].options, cluster[_i].options, cluster[_i].options);
    parse_well(text);
    check_options(&profile.dvipas[0].clusterports, _i);
    check_options(&profile.dvipas[1].clusterports, _i);
    check_options(&profile.distributes[0].clusterports, _i);
    check_options(&profile.ranges[0].clusterports, _i);
}
END_TEST

START_TEST(distribution_methods_and_weights)
{
    parse_well(VIPA("VIPADIST DISTM ROUNDROBIN NOOPTLOCAL TIMEDAFF 0 10.1.9.1 PORT 80 DESTIP 10.9.0.1\n"
                    "VIPADIST DEFINE DISTMETHOD WEIGHTEDA 10.1.9.1 PORT 81 DESTIP 10.9.0.1 WEIGHT 30 10.9.0.2 10.9.0.3 WEIGHT 0\n"
                    "VIPADIST DISTMETHOD BASEWLM 10.1.9.1 PORT 82-84 DESTIP ALL"));
    ck_assert_int_eq(profile.distributes[0].method, DIST_ROUNDROBIN);
    ck_assert_int_eq(profile.distributes[1].method, DIST_WEIGHTEDACTIVE);
    ck_assert_uint_eq(profile.distributes[1].weights[0], 30);
    ck_assert_uint_eq(profile.distributes[1].weights[1], 10);
    ck_assert_uint_eq(profile.distributes[1].weights[2], 0);
    ck_assert_int_eq(profile.distributes[2].method, DIST_BASEWLM);
}
END_TEST

START_TEST(options_without_effect_are_named)
{
    ck_assert_int_eq(parse(VIPA("VIPADISTRIBUTE OPTLOCAL 4 TIMEDAFFINITY 30 10.1.9.1 DESTIP ALL") "\nPORT 70 TCP A SAF RES 71 TCP B NOSMC"), 0);
    ck_assert_str_eq(console_text(), "EZZ0328I OPTLOCAL ON LINE 2 HAS NO EFFECT\nEZZ0328I TIMEDAFFINITY ON LINE 2 HAS NO EFFECT\n"
                                     "EZZ0328I SAF RES ON LINE 4 HAS NO EFFECT\nEZZ0328I SMC ON LINE 4 HAS NO EFFECT\n");
    ck_assert_uint_eq(profile.distribute_count, 1);
    ck_assert_uint_eq(profile.port_count, 2);
}
END_TEST

START_TEST(options_and_statements_of_the_product_disturb_nothing)
{
    ck_assert_int_eq(parse("TCPCONFIG RESTRICTLOWPORTS FINWAIT2TIME 60 EPHEMERALPORTS 2000 3000 NOTTLS TIMEWAITINTERVAL 5\n"
                           "GLOBALCONFIG WLMPRIORITYQ IOPRI3 2 3 IOPRI4 4 5 6 FWD NOTCPIPSTAT EXPLICITBINDPORTRANGE 5000 10 ZIIP NOIPSECURITY\n"
                           "SOMAXCONN 10 ARPAGE 20 PORT 60 TCP APPA"), 0);
    ck_assert_str_eq(console_text(), "EZZ0328I RESTRICTLOWPORTS ON LINE 1 HAS NO EFFECT\nEZZ0328I FINWAIT2TIME ON LINE 1 HAS NO EFFECT\n"
                                     "EZZ0328I NOTTLS ON LINE 1 HAS NO EFFECT\nEZZ0328I WLMPRIORITYQ ON LINE 2 HAS NO EFFECT\n"
                                     "EZZ0328I NOTCPIPSTAT ON LINE 2 HAS NO EFFECT\nEZZ0328I ZIIP ON LINE 2 HAS NO EFFECT\n"
                                     "EZZ0328I SOMAXCONN ON LINE 3 HAS NO EFFECT\nEZZ0328I ARPAGE ON LINE 3 HAS NO EFFECT\n");
    ck_assert_uint_eq(profile.ephemeral_low, 2000);
    ck_assert_uint_eq(profile.timewait_s, 5);
    ck_assert_uint_eq(profile.explicit_first, 5000);
    ck_assert_uint_eq(profile.port_count, 1);
}
END_TEST

START_TEST(a_bad_option_costs_only_itself)
{
    ck_assert_int_eq(parse("TCPCONFIG RESTRICTLOWPORTS EPHMERALPORTS 1 2 TIMEWAITINTERVAL 5"), 1);
    ck_assert_str_eq(console_text(), "EZZ0328I RESTRICTLOWPORTS ON LINE 1 HAS NO EFFECT\n"
                                     "EZZ0318I EPHMERALPORTS WAS FOUND ON LINE 1 AND AN OPTION WAS EXPECTED - OPTION OF TCPCONFIG IGNORED\n");
    ck_assert_uint_eq(profile.ephemeral_low, 1024);
    ck_assert_uint_eq(profile.timewait_s, 5);
}
END_TEST

START_TEST(a_block_is_passed_over_to_its_end)
{
    ck_assert_int_eq(parse("AUTOLOG 5\n FTPD JOBNAME FTPD1 PORT\nENDAUTOLOG PORT 60 TCP APPA"), 0);
    ck_assert_str_eq(console_text(), "EZZ0328I AUTOLOG ON LINE 1 HAS NO EFFECT\n");
    ck_assert_uint_eq(profile.port_count, 1);
    ck_assert_int_eq(parse("AUTOLOG 5 FTPD\nPORT 60 TCP APPA"), 1);
    ck_assert_str_eq(console_text(), "EZZ0328I AUTOLOG ON LINE 1 HAS NO EFFECT\n"
                                     "EZZ0318I END OF FILE WAS FOUND ON LINE 2 AND ENDAUTOLOG WAS EXPECTED - AUTOLOG ON LINE 1 TOOK ALL THAT FOLLOWED\n");
    ck_assert_uint_eq(profile.port_count, 0);
}
END_TEST

START_TEST(viparange_is_disruptive_or_not)
{
    parse_well(VIPA("VIPARANGE DEFINE MOVEABLE DISRUPTIVE 255.255.0.0 10.1.0.0 VIPARANGE MOVE NONDISRUPT 255.255.0.0 10.2.0.0\n"
                    "VIPARANGE 255.255.0.0 10.3.0.0 VIPARANGE DELETE 255.255.0.0 10.2.7.7"));
    ck_assert_uint_eq(profile.range_count, 2);
    ck_assert(profile.ranges[0].disruptive && !profile.ranges[1].disruptive);
    ck_assert_uint_eq(profile.ranges[1].address, ip("10.3.0.0"));
}
END_TEST

/* --- SRCIP --------------------------------------------------------------------------------------------------------- */

START_TEST(srcip_block)
{
    parse_well("SRCIP JOBNAME APPA 10.1.9.1 JOBNAME WEB* 10.1.9.2 BOTH\nJOBNAME FTPD 10.1.9.3 SERVER JOBNAME * 10.1.9.4 CLIENT\n"
               "DESTINATION 10.7.0.0/16 10.1.9.5 DESTINATION 10.8.0.1 10.1.9.6 ENDSRCIP");
    ck_assert_uint_eq(profile.srcip_count, 6);
    ck_assert_int_eq(profile.srcips[0].use, SRCIP_CLIENT);
    ck_assert_int_eq(profile.srcips[1].use, SRCIP_BOTH);
    ck_assert_int_eq(profile.srcips[2].use, SRCIP_SERVER);
    ck_assert_str_eq(profile.srcips[3].job, "*");
    ck_assert(profile.srcips[4].is_destination);
    ck_assert_uint_eq(profile.srcips[4].mask, 0xFFFF0000);
    ck_assert_uint_eq(profile.srcips[5].mask, 0xFFFFFFFF);
}
END_TEST

START_TEST(an_error_discards_the_whole_srcip_block)
{
    ck_assert_int_eq(parse("SRCIP\nJOBNAME APPA 10.1.9.1\nJOBNAME APPB NOWHERE\nENDSRCIP\nTCPCONFIG TIMEWAITINTERVAL 9"), 1);
    ck_assert_str_eq(console_text(), "EZZ0318I NOWHERE WAS FOUND ON LINE 3 AND AN IP ADDRESS WAS EXPECTED - JOBNAME IGNORED\n"
                                     "EZZ0328I SRCIP ON LINE 1 IGNORED AS A WHOLE, IT HAS ERRORS\n");
    ck_assert_uint_eq(profile.srcip_count, 0);
    ck_assert_uint_eq(profile.timewait_s, 9);
}
END_TEST

START_TEST(a_second_srcip_block_is_ignored)
{
    ck_assert_int_eq(parse("SRCIP JOBNAME APPA 10.1.9.1 ENDSRCIP\nSRCIP JOBNAME APPB NONSENSE ENDSRCIP TCPCONFIG TIMEWAITINTERVAL 9"), 0);
    ck_assert_str_eq(console_text(), "EZZ0328I SRCIP ON LINE 2 IGNORED, THIS PROFILE HAS ONE ALREADY\n");
    ck_assert_uint_eq(profile.srcip_count, 1);
    ck_assert_uint_eq(profile.timewait_s, 9);
}
END_TEST

START_TEST(a_srcip_block_without_end_is_discarded)
{
    ck_assert_int_eq(parse("SRCIP\nJOBNAME APPA 10.1.9.1\nPORT 60 TCP APPA\n"), 2);
    ck_assert_str_eq(console_text(), "EZZ0318I PORT WAS FOUND ON LINE 3 AND ENDSRCIP WAS EXPECTED - PORT IGNORED\n"
                                     "EZZ0318I END OF FILE WAS FOUND ON LINE 4 AND ENDSRCIP WAS EXPECTED - SRCIP ON LINE 1 TOOK ALL THAT FOLLOWED\n"
                                     "EZZ0328I SRCIP ON LINE 1 IGNORED AS A WHOLE, IT HAS ERRORS\n");
    ck_assert_uint_eq(profile.srcip_count, 0);
    ck_assert_uint_eq(profile.port_count, 0);
}
END_TEST

START_TEST(a_rule_given_twice_costs_only_itself)
{
    parse_badly("SRCIP JOBNAME APPA 10.1.9.1 JOBNAME APPA 10.1.9.2 JOBNAME APPA 10.1.9.3 SERVER ENDSRCIP",
                "EZZ0326I JOBNAME ON LINE 1 CONFLICTS WITH JOBNAME VALUE APPA USED ON LINE 1 - IGNORED\n");
    ck_assert_uint_eq(profile.srcip_count, 2);
}
END_TEST

START_TEST(tcpstacksourcevipa_needs_sourcevipa)
{
    ck_assert_int_eq(parse("IPCONFIG TCPSTACKSOURCEVIPA 10.1.9.1"), 0);
    ck_assert_str_eq(console_text(), "EZZ0328I TCPSTACKSOURCEVIPA ON LINE 1 IS NOT ENABLED WITHOUT SOURCEVIPA\n");
    parse_well("IPCONFIG TCPSTACKSOURCEVIPA 10.1.9.1 SOURCEVIPA");
    ck_assert_uint_eq(profile.tcpstacksourcevipa, ip("10.1.9.1"));
    parse_well("IPCONFIG TCPSTACKSOURCEVIPA 10.1.9.1 NOTCPSTACKSOURCEVIPA");
    ck_assert_uint_eq(profile.tcpstacksourcevipa, 0);
}
END_TEST

/* --- ports --------------------------------------------------------------------------------------------------------- */

START_TEST(port_options)
{
    parse_well("PORT 20 TCP FTPD NOAUTOLOG 21 TCP FTPD NODELAYACKS SHAREPORT BIND 10.1.9.1 22 TCP SSHD* DELAYACKS SHAREPORTWLM\n"
               " 53 UDP NAMED BIND 10.1.9.2 21 TCP FTPE BIND 10.1.9.3 23 TCP T BIND 10.1.9.1 23 TCP T BIND 10.1.9.2\n"
               "PORTRANGE 5000 10 TCP AUTHPORT 6000 10 TCP OMVS NOAUTOLOG NODELAYACKS");
    ck_assert_uint_eq(profile.port_count, 9);
    ck_assert(profile.ports[0].noautolog && !profile.ports[0].nodelayacks);
    ck_assert(!profile.ports[1].noautolog && profile.ports[1].nodelayacks);
    ck_assert_int_eq(profile.ports[1].share, PORT_SHARED);
    ck_assert_uint_eq(profile.ports[1].bind_address, ip("10.1.9.1"));
    ck_assert_int_eq(profile.ports[2].share, PORT_SHARED_WLM);
    ck_assert_uint_eq(profile.ports[3].bind_address, ip("10.1.9.2"));
    ck_assert(profile.ports[8].nodelayacks && profile.ports[8].range);
}
END_TEST

START_TEST(a_port_belongs_to_its_jobs)
{
    bool reserved;

    parse_well("PORT 60 TCP APPA 60 TCP APP* 61 TCP RESERVED 62 TCP OMVS PORTRANGE 5000 10 TCP AUTHPORT");
    ck_assert_str_eq(profile_port_of(&profile, true, 60, "APPA", NULL, &reserved)->job, "APPA");
    ck_assert(reserved);
    ck_assert_str_eq(profile_port_of(&profile, true, 60, "APPB", NULL, NULL)->job, "APP*");
    ck_assert_str_eq(profile_port_of(&profile, true, 60, "ANY", "APPUSER", NULL)->job, "APP*");
    ck_assert_ptr_null(profile_port_of(&profile, true, 60, "WEB", "USER", NULL));
    ck_assert_ptr_null(profile_port_of(&profile, false, 60, "APPA", NULL, &reserved));
    ck_assert(!reserved);
    ck_assert_ptr_null(profile_port_of(&profile, true, 61, "RESERVED", NULL, &reserved));
    ck_assert(reserved);
    ck_assert_ptr_nonnull(profile_port_of(&profile, true, 62, "WEB", NULL, NULL));
    ck_assert_ptr_null(profile_port_of(&profile, true, 5009, "WEB", NULL, &reserved));
    ck_assert(reserved);
    ck_assert_ptr_null(profile_port_of(&profile, true, 5010, "WEB", NULL, &reserved));
    ck_assert(!reserved);
}
END_TEST

START_TEST(unreserved_ports_may_be_denied)
{
    parse_well("PORT 60 TCP APPA UNRSV TCP * DENY WHENBIND UNRSV TCP WEB* WHENBIND UNRSV UDP APPB DENY");
    ck_assert(profile_port_allowed(&profile, true, 60, false, "APPA", NULL));
    ck_assert(!profile_port_allowed(&profile, true, 60, false, "WEBA", NULL));
    ck_assert(!profile_port_allowed(&profile, true, 61, false, "APPA", NULL));
    ck_assert(profile_port_allowed(&profile, true, 61, true, "APPA", NULL));       /* said for the bind, not the listen */
    ck_assert(profile_port_allowed(&profile, true, 61, false, "WEBA", NULL));
    ck_assert(!profile_port_allowed(&profile, false, 61, false, "APPB", NULL));
    ck_assert(profile_port_allowed(&profile, false, 61, false, "APPA", NULL));
}
END_TEST

START_TEST(unrsv_entries_of_a_protocol_agree)
{
    parse_badly("PORT UNRSV TCP A DENY WHENBIND UNRSV TCP B WHENLISTEN 60 TCP APPA",
                "EZZ0147I UNRSV WHENLISTEN ON LINE 1 CONFLICTS WITH WHENBIND OF EARLIER UNRSV ENTRIES - ENTRY IGNORED\n");
    ck_assert_uint_eq(profile.unrsv_count, 1);
    ck_assert_uint_eq(profile.port_count, 1);
}
END_TEST

START_TEST(delete_takes_reservations_away)
{
    parse_well("PORT 60 TCP APPA 60 TCP APPB 61 UDP RESERVED UNRSV TCP * DENY PORTRANGE 5000 10 TCP OMVS\n"
               "DELETE PORT 60 TCP APPA 61 UDP RESERVED UNRSV TCP * DELETE PORTRANGE 5000 10 TCP OMVS");
    ck_assert_uint_eq(profile.port_count, 1);
    ck_assert_uint_eq(profile.unrsv_count, 0);
    ck_assert_str_eq(profile.ports[0].job, "APPB");
    ck_assert_int_eq(parse("PORT 60 TCP APPA DELETE PORT 60 UDP APPA\n"), 0);
    ck_assert_str_eq(console_text(), "EZZ0328I DELETE PORT 60 APPA ON LINE 1 HAS NO EFFECT, THERE IS NONE\n");
}
END_TEST

/* The product's own arithmetic: its documentation gives this profile and both numbers. */
START_TEST(ephemeral_ports_as_the_product_counts_them)
{
    parse_well("GLOBALCONFIG EXPLICITBINDPORTRANGE 30200 100\nTCPCONFIG EPHEMERALPORTS 30000 39999\nUDPCONFIG EPHEMERALPORTS 30000 39999\n"
               "PORT 30005 TCP RESERVED 30015 TCP RESERVED 30010 UDP RESERVED 30015 UDP RESERVED\n"
               "PORTRANGE 30025 5 TCP RESERVED 30100 50 TCP AUTHPORT 30500 300 TCP OMVS\n"
               "          30030 5 UDP RESERVED 30500 300 UDP OMVS");
    ck_assert_uint_eq(profile_ephemeral_ports(&profile, true), 9543);
    ck_assert_uint_eq(profile_ephemeral_ports(&profile, false), 9693);
    profile_display_stats(&profile, UINT32_MAX, &(struct profile_port_use){ .in_use = 7, .exhausted = 2 }, console_line, NULL);
    ck_assert_ptr_nonnull(strstr(console_text(), "CONFIGURED EPHEMERAL PORTS           = 0000009543\n"
                                                 "  EPHEMERAL PORTS IN USE               = 0000000007\n"
                                                 "  EPHEMERAL PORTS EXHAUSTED            = 0000000002\n"));
    ck_assert_ptr_nonnull(strstr(console_text(), "CONFIGURED EPHEMERAL PORTS           = 0000009693\n"));
}
END_TEST

/* Against counting port by port, for reservations anywhere: overlapping the ends, shared, side by side. */
START_TEST(ephemeral_ports_equal_a_count)
{
    char text[256];
    bool reserved;
    uint32_t count;

    srand((unsigned)_i);
    for (int round = 0; round < 20; round++) {
        int low = 1024 + rand() % 60, length = 1 + rand() % 100;

        sprintf(text, "TCPCONFIG EPHEMERALPORTS %d %d PORT %d TCP A %d TCP B PORTRANGE %d %d TCP RESERVED GLOBALCONFIG EXPLICITBINDPORTRANGE %d %d",
                low, low + length, 1024 + rand() % 80, 1024 + rand() % 80, 1105 + rand() % 40, 1 + rand() % 40, 1024 + rand() % 150,
                1 + rand() % 30);
        (void)parse(text);
        count = 0;
        for (int port = low; port <= low + length; port++) {
            (void)profile_port_of(&profile, true, (uint16_t)port, "X", NULL, &reserved);
            count += !reserved && !(port >= profile.explicit_first && port < profile.explicit_first + profile.explicit_count);
        }
        ck_assert_msg(profile_ephemeral_ports(&profile, true) == count, "%s", text);
    }
}
END_TEST

START_TEST(the_last_explicitbindportrange_holds)
{
    parse_well("GLOBALCONFIG EXPLICITBINDPORTRANGE 30200 100 GLOBALCONFIG EXPLICITBINDPORTRANGE 5000 128");
    ck_assert_uint_eq(profile.explicit_first, 5000);
    ck_assert_uint_eq(profile.explicit_count, 128);
    parse_well("GLOBALCONFIG EXPLICITBINDPORTRANGE 30200 100 NOEXPLICITBINDPORTRANGE");
    ck_assert_uint_eq(profile.explicit_count, 0);
}
END_TEST

/* --- members ------------------------------------------------------------------------------------------------------- */

static int load(struct members *members, const char *name)
{
    console_clear();
    members->symbol = symbol;
    return profile_load(&profile, name, &members->input);
}

START_TEST(members_include_members)
{
    struct members *members = members_new();

    members->all_messages = true;
    members_add(members, "MAIN", "DEVICE LCS1 LCS E20 INCLUDE LINKS.&SYSNAME. HOME 10.1.0.1 ETH1\n");
    members_add(members, "LINKS.MVS1", "LINK ETH1 ETHERNET 0 LCS1\nINCLUDE START\n");
    members_add(members, "START", "START LCS1");
    ck_assert_int_eq(load(members, "MAIN"), 0);
    ck_assert_str_eq(console_text(), "EZZ0300I OPENED PROFILE FILE MAIN\nEZZ0309I PROFILE PROCESSING BEGINNING FOR MAIN\n"
                                     "EZZ0300I OPENED INCLUDE FILE LINKS.MVS1\nEZZ0309I PROFILE PROCESSING BEGINNING FOR LINKS.MVS1\n"
                                     "EZZ0300I OPENED INCLUDE FILE START\nEZZ0309I PROFILE PROCESSING BEGINNING FOR START\n"
                                     "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE START\n"
                                     "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE LINKS.MVS1\n"
                                     "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE MAIN\n");
    ck_assert_uint_eq(profile.home_count, 1);
    ck_assert(profile.links[0].started);
    ck_assert_uint_eq(PROFILE_FILE(profile.links[0].line), 2);
    ck_assert_uint_eq(PROFILE_LINE(profile.links[0].line), 1);
}
END_TEST

START_TEST(a_block_goes_on_in_an_included_member)
{
    struct members *members = members_new();

    members_add(members, "MAIN", "VIPADYNAMIC INCLUDE DVIPAS VIPADEFINE 255.255.0.0 10.1.9.2 ENDVIPADYNAMIC");
    members_add(members, "DVIPAS", "VIPADEFINE 255.255.0.0 10.1.9.1");
    ck_assert_int_eq(load(members, "MAIN"), 0);
    ck_assert_uint_eq(profile.dvipa_count, 2);
}
END_TEST

START_TEST(conflicts_over_members_name_the_member)
{
    struct members *members = members_new();

    members_add(members, "MAIN", "INCLUDE USER.TCPPARMS(MORE)\nPORT 60 TCP RESERVED");
    members_add(members, "USER.TCPPARMS(MORE)", "\n\nPORT 60 TCP APPA");
    ck_assert_int_eq(load(members, "MAIN"), 1);
    ck_assert_str_eq(console_text(), "EZZ0326I PORT ON LINE 2 CONFLICTS WITH PORT VALUE 60 USED IN TCPPARMS(MORE) - ENTRY IGNORED\n");
}
END_TEST

START_TEST(a_member_cannot_include_itself)
{
    struct members *members = members_new();

    members_add(members, "MAIN", "INCLUDE MORE\nPORT 60 TCP APPA");
    members_add(members, "MORE", "INCLUDE MAIN\nINCLUDE MORE PORT 61 TCP APPA");
    ck_assert_int_eq(load(members, "MAIN"), 2);
    ck_assert_str_eq(console_text(), "EZZ0318I MAIN WAS FOUND ON LINE 1 AND A MEMBER THAT DOES NOT INCLUDE ITSELF WAS EXPECTED - INCLUDE IGNORED\n"
                                     "EZZ0318I MORE WAS FOUND ON LINE 2 AND A MEMBER THAT DOES NOT INCLUDE ITSELF WAS EXPECTED - INCLUDE IGNORED\n");
    ck_assert_uint_eq(profile.port_count, 2);
    ck_assert_uint_eq(members->opened, 2);
}
END_TEST

START_TEST(missing_and_unreadable_members)
{
    struct members *members = members_new();

    members_add(members, "MAIN", "INCLUDE NOSUCH PORT 60 TCP APPA");
    ck_assert_int_eq(load(members, "MAIN"), 1);
    ck_assert_str_eq(console_text(), "EZZ0318I NOSUCH WAS FOUND ON LINE 1 AND A MEMBER THAT CAN BE READ WAS EXPECTED - INCLUDE IGNORED\n");
    ck_assert_uint_eq(profile.port_count, 1);
    ck_assert_int_eq(load(members, "NOSUCH"), PROFILE_UNREADABLE);
    ck_assert_str_eq(console_text(), "EZZ0301I PROFILE FILE NOSUCH CANNOT BE READ - NOTHING CHANGED\n");
    members->read_error_after = 1;
    ck_assert_int_eq(load(members, "MAIN"), PROFILE_UNREADABLE);
    members_add(members, "MAIN", "INCLUDE MAIN2 PORT 60 TCP APPA");
    members_add(members, "MAIN2", "PORT 61 TCP APPA");
    members->read_error_after = 4;      /* MAIN takes two, its end included */
    ck_assert_int_eq(load(members, "MAIN"), 1);
    members_add(members, "MAIN", "INCLUDE");
    ck_assert_int_eq(load(members, "MAIN"), 1);
    ck_assert_str_eq(console_text(), "EZZ0318I END OF FILE WAS FOUND ON LINE 1 AND A MEMBER WAS EXPECTED - INCLUDE IGNORED\n");
}
END_TEST

START_TEST(members_have_limits)
{
    static char names[20][8], texts[20][24], large[PROFILE_TEXT_MAX + 10];
    struct members *members = members_new();

    for (int i = 0; i < 10; i++) {
        sprintf(names[i], "M%d", i);
        sprintf(texts[i], "INCLUDE M%d PORT %d TCP A", i + 1, i + 1);
        members_add(members, names[i], texts[i]);
    }
    ck_assert_int_eq(load(members, "M0"), 1);
    ck_assert_str_eq(console_text(), "EZZ0318I M9 WAS FOUND ON LINE 1 AND NO MORE THAN 8 MEMBERS IN EACH OTHER WAS EXPECTED - INCLUDE IGNORED\n");
    ck_assert_uint_eq(profile.port_count, 9);

    members_add(members, "MANY", "INCLUDE A INCLUDE A INCLUDE A INCLUDE A INCLUDE A INCLUDE A INCLUDE A INCLUDE A INCLUDE A INCLUDE A\n"
                                 "INCLUDE A INCLUDE A INCLUDE A INCLUDE A INCLUDE A INCLUDE A");
    members_add(members, "A", "");
    ck_assert_int_eq(load(members, "MANY"), 1);
    ck_assert_str_eq(console_text(), "EZZ0318I A WAS FOUND ON LINE 2 AND NO MORE THAN 16 MEMBERS WAS EXPECTED - INCLUDE IGNORED\n");

    memset(large, ' ', sizeof large - 1);
    members_add(members, "LARGE", large);
    members_add(members, "MAIN", "INCLUDE LARGE PORT 60 TCP A");
    ck_assert_int_eq(load(members, "MAIN"), 1);
    ck_assert_str_eq(console_text(), "EZZ0318I LARGE WAS FOUND ON LINE 1 AND A MEMBER OF AT MOST 65509 BYTES WAS EXPECTED - INCLUDE IGNORED\n");
    ck_assert_int_eq(load(members, "LARGE"), 1);
    ck_assert_ptr_nonnull(strstr(console_text(), "BYTES WERE FOUND AND AT MOST 65536 WAS EXPECTED"));
}
END_TEST

/* --- changes of a running profile ---------------------------------------------------------------------------------- */

#define RUNNING NET "HOME 10.1.0.1 ETH1 IPCONFIG DYNAMICXCF 10.9.0.1 255.255.255.0 1\n" \
    "BEGINROUTES ROUTE 10.1.0.0/16 = ETH1 MTU 1500 ENDROUTES\n" \
    "VIPADYNAMIC VIPADEFINE 255.255.0.0 10.1.9.1 VIPADEFINE CLUSTERPORTS 255.255.0.0 10.1.9.2 VIPABACKUP 100 10.1.9.3\n" \
    "VIPADISTRIBUTE 10.1.9.1 PORT 80 81 DESTIP 10.9.0.2 10.9.0.3 VIPADISTRIBUTE 10.1.9.7 DESTIP ALL\n" \
    "VIPARANGE 255.255.255.0 10.5.0.0 ENDVIPADYNAMIC\n" \
    "SOURCEIPA 10.1.9.1 APPA APPB SRCIP JOBNAME APPC 10.1.9.2 ENDSRCIP\n" \
    "PORT 60 TCP APPA GLOBALCONFIG EXPLICITBINDPORTRANGE 5000 100"

static const char *const kind_names[] = {
    [CHANGE_DVIPA_REMOVED] = "DVIPA-", [CHANGE_DISTRIBUTE_REMOVED] = "DISTRIBUTE-", [CHANGE_RANGE_REMOVED] = "RANGE-",
    [CHANGE_RANGE_ADDED] = "RANGE+", [CHANGE_DVIPA_ADDED] = "DVIPA+", [CHANGE_DISTRIBUTE_ADDED] = "DISTRIBUTE+",
    [CHANGE_DISTRIBUTE_CHANGED] = "DISTRIBUTE", [CHANGE_CLUSTERPORTS_ADDED] = "CLUSTERPORTS+",
    [CHANGE_CLUSTERPORTS_REMOVED] = "CLUSTERPORTS-", [CHANGE_RANGE_CLUSTERPORTS] = "RANGECLUSTER", [CHANGE_SOURCES] = "SOURCES",
    [CHANGE_PORTS] = "PORTS", [CHANGE_EXPLICITBIND] = "EXPLICITBIND", [CHANGE_TIMEWAIT] = "TIMEWAIT", [CHANGE_HOME] = "HOME",
    [CHANGE_ROUTES] = "ROUTES",
};

/* "DVIPA+ 10.1.9.9 64;": what changed, the address, and the block size of CLUSTERPORTS if it has it */
static void note_change(void *context, const struct profile_change *change)
{
    char *text = context, address[16];

    text += strlen(text);
    text += sprintf(text, "%s", kind_names[change->kind]);
    if (change->address != 0)
        text += sprintf(text, " %s", text_ip(address, change->address));
    if (change->clusterports.on)
        text += sprintf(text, " %u", change->clusterports.blocksize);
    ck_assert(change->dvipa == NULL || change->dvipa->address == change->address);
    ck_assert(change->distribute == NULL || change->distribute->address == change->address);
    ck_assert(change->range == NULL || change->range->address == change->address);
    sprintf(text, ";");
}

static struct profile before;
static char told[8192];

static int obey(const char *text)
{
    struct members *members = members_new();
    int errors;

    members->symbol = symbol;
    members_add(members, "OBEY", text);
    console_clear();
    errors = profile_obey(&profile, &before, "OBEY", &members->input);
    told[0] = 0;
    (void)profile_compare(&before, &profile, note_change, told);
    members_check_profile(&profile);
    return errors;
}

static const struct {
    const char *text, *changes, *messages;
} obeys[] = {
    { "", "", "" },
    { "NONSENSE", "", "EZZ0318I NONSENSE WAS FOUND ON LINE 1 AND A STATEMENT WAS EXPECTED - SKIPPED TO END OF FILE ON LINE 1\n" },
    /* VIPADEFINE, VIPABACKUP, VIPADELETE */
    { VIPA("VIPADEFINE 255.255.0.0 10.1.9.9"), "DVIPA+ 10.1.9.9;", "" },
    { VIPA("VIPADEFINE CLUSTERPORTS BLOCKSIZE 8 255.255.0.0 10.1.9.9 10.1.9.1"), "DVIPA+ 10.1.9.9 8;CLUSTERPORTS+ 10.1.9.1 8;",
      "EZZ0328I CLUSTERPORTS ON LINE 2 ADDED LIVE TO 10.1.9.1, PORTS SHARED NOW ARE COUNTED UNTIL THEY ARE FREE\n" },
    { VIPA("VIPADEFINE 255.255.0.0 10.1.9.1 VIPABACKUP 100 10.1.9.3 VIPADEFINE CLUSTERPORTS 10.1.9.2"), "", "" },
    { VIPA("VIPADEFINE 255.255.255.0 10.1.9.1"), "",
      "EZZ0326I VIPADEFINE ON LINE 2 CONFLICTS WITH VIPADEFINE VALUE 10.1.9.1 OF THE RUNNING PROFILE - ENTRY IGNORED\n" },
    { VIPA("VIPADEFINE MOVEABLE WHENIDLE 255.255.0.0 10.1.9.1"), "",
      "EZZ0326I VIPADEFINE ON LINE 2 CONFLICTS WITH VIPADEFINE VALUE 10.1.9.1 OF THE RUNNING PROFILE - ENTRY IGNORED\n" },
    { VIPA("VIPADEFINE 255.255.0.0 10.1.9.2"), "",
      "EZZ0326I VIPADEFINE ON LINE 2 CONFLICTS WITH VIPADEFINE VALUE 10.1.9.2 OF THE RUNNING PROFILE - ENTRY IGNORED\n" },
    { VIPA("VIPADEFINE CLUSTERPORTS BLOCKSIZE 1 255.255.0.0 10.1.9.2"), "",
      "EZZ0326I VIPADEFINE ON LINE 2 CONFLICTS WITH VIPADEFINE VALUE 10.1.9.2 OF THE RUNNING PROFILE - ENTRY IGNORED\n" },
    { VIPA("VIPABACKUP 50 10.1.9.3"), "",
      "EZZ0326I VIPABACKUP ON LINE 2 CONFLICTS WITH VIPABACKUP VALUE 10.1.9.3 OF THE RUNNING PROFILE - ENTRY IGNORED\n" },
    { VIPA("VIPADELETE 10.1.9.2 VIPADEFINE 255.255.0.0 10.1.9.2"), "DVIPA- 10.1.9.2;DVIPA+ 10.1.9.2;", "" },
    { VIPA("VIPADELETE 10.1.9.1 10.1.9.3 10.5.0.9"), "DVIPA- 10.1.9.1;DVIPA- 10.1.9.3;DVIPA- 10.5.0.9;DISTRIBUTE- 10.1.9.1;", "" },
    { VIPA("VIPADELETE 10.1.9.5"), "", "EZZ0318I 10.1.9.5 WAS FOUND ON LINE 2 AND A DVIPA WAS EXPECTED - VIPADELETE IGNORED\n" },
    /* VIPADISTRIBUTE */
    { VIPA("VIPADISTRIBUTE 10.1.9.2 PORT 80 DESTIP ALL"), "DISTRIBUTE+ 10.1.9.2 64;", "" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 PORT 80 81 DESTIP 10.9.0.3 10.9.0.4"), "DISTRIBUTE 10.1.9.1;", "" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 PORT 80 81 DESTIP ALL"), "DISTRIBUTE 10.1.9.1;", "" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 PORT 80 81 DESTIP 10.9.0.2"), "", "" },
    { VIPA("VIPADISTRIBUTE SYSPLEXPORTS 10.1.9.1 PORT 80 81 DESTIP 10.9.0.2"), "CLUSTERPORTS+ 10.1.9.1 64;",
      "EZZ0328I CLUSTERPORTS ON LINE 2 ADDED LIVE TO 10.1.9.1, PORTS SHARED NOW ARE COUNTED UNTIL THEY ARE FREE\n" },
    { VIPA("VIPADISTRIBUTE CLUSTERPORTS 10.1.9.7 DESTIP ALL"), "CLUSTERPORTS+ 10.1.9.7 64;",
      "EZZ0328I CLUSTERPORTS ON LINE 2 ADDED LIVE TO 10.1.9.7, PORTS SHARED NOW ARE COUNTED UNTIL THEY ARE FREE\n" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 PORT 80 DESTIP ALL"), "",
      "EZZ0326I VIPADISTRIBUTE ON LINE 2 CONFLICTS WITH VIPADISTRIBUTE VALUE 10.1.9.1..80 OF THE RUNNING PROFILE - IGNORED\n" },
    { VIPA("VIPADISTRIBUTE DISTMETHOD ROUNDROBIN 10.1.9.1 PORT 80 81 DESTIP ALL"), "",
      "EZZ0326I VIPADISTRIBUTE ON LINE 2 CONFLICTS WITH VIPADISTRIBUTE VALUE 10.1.9.1..80 OF THE RUNNING PROFILE - IGNORED\n" },
    { VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 PORT 80 81 DESTIP ALL"), "DISTRIBUTE- 10.1.9.1;", "" },
    { VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 DESTIP ALL VIPADISTRIBUTE DEFINE SYSPLEXPORTS 10.1.9.1 PORT 80 DESTIP ALL"),
      "DISTRIBUTE- 10.1.9.1 64;DISTRIBUTE+ 10.1.9.1 64;CLUSTERPORTS+ 10.1.9.1 64;", "" },
    { VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 PORT 80 DESTIP ALL"), "DISTRIBUTE- 10.1.9.1;DISTRIBUTE+ 10.1.9.1;", "" },
    { VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 DESTIP 10.9.0.2"), "DISTRIBUTE 10.1.9.1;", "" },
    { VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 DESTIP 10.9.0.2 10.9.0.3"), "DISTRIBUTE- 10.1.9.1;", "" },
    { VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 PORT 80 DESTIP 10.9.0.2"), "DISTRIBUTE- 10.1.9.1;DISTRIBUTE+ 10.1.9.1;DISTRIBUTE+ 10.1.9.1;", "" },
    { VIPA("VIPADISTRIBUTE DELETE 10.1.9.7 DESTIP 10.9.0.2"), "",
      "EZZ0328I VIPADISTRIBUTE DELETE 10.1.9.7 ON LINE 2 HAS NO EFFECT, THERE IS NONE\n" },
    { VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 PORT 99 DESTIP ALL"), "",
      "EZZ0328I VIPADISTRIBUTE DELETE 10.1.9.1 ON LINE 2 HAS NO EFFECT, THERE IS NONE\n" },
    /* VIPARANGE */
    { VIPA("VIPARANGE CLUSTERPORTS 255.255.255.0 10.6.0.0"), "RANGE+ 10.6.0.0 64;", "" },
    { VIPA("VIPARANGE CLUSTERPORTS 255.255.255.0 10.5.0.0"), "RANGECLUSTER 10.5.0.0 64;",
      "EZZ0328I CLUSTERPORTS ON LINE 2 ADDED LIVE TO 10.5.0.0, PORTS SHARED NOW ARE COUNTED UNTIL THEY ARE FREE\n" },
    { VIPA("VIPARANGE 255.255.255.0 10.5.0.0 VIPARANGE MOVEABLE DISRUPTIVE 255.255.255.0 10.5.0.0"), "",
      "EZZ0326I VIPARANGE ON LINE 2 CONFLICTS WITH VIPARANGE VALUE 10.5.0.0 OF THE RUNNING PROFILE - IGNORED\n" },
    { VIPA("VIPARANGE DELETE 255.255.255.0 10.5.0.0"), "RANGE- 10.5.0.0;", "" },
    { VIPA("VIPARANGE DELETE 255.255.0.0 10.5.0.0"), "", "EZZ0328I VIPARANGE DELETE 10.5.0.0 ON LINE 2 HAS NO EFFECT, THERE IS NONE\n" },
    { VIPA("VIPARANGE CLUSTERPORTS 255.255.255.0 10.1.9.0"), "RANGE+ 10.1.9.0 64;CLUSTERPORTS+ 10.1.9.1 64;CLUSTERPORTS+ 10.1.9.3 64;"
      "CLUSTERPORTS+ 10.1.9.7 64;", "" },
    /* sources */
    { "SOURCEIPA 10.1.9.2 APPA", "SOURCES;", "" },
    { "SOURCEIPA 10.1.9.1 APPA", "", "" },
    { "SOURCEIPA DELETE APPA APPB", "SOURCES;", "" },
    { "SOURCEIPA DELETE APPZ", "", "EZZ0318I APPZ WAS FOUND ON LINE 1 AND A JOB OF AN EARLIER SOURCEIPA WAS EXPECTED - SOURCEIPA IGNORED\n" },
    { "SRCIP JOBNAME APPD 10.1.9.2 ENDSRCIP", "SOURCES;", "" },
    { "SRCIP JOBNAME APPD ENDSRCIP", "",
      "EZZ0318I ENDSRCIP WAS FOUND ON LINE 1 AND AN IP ADDRESS WAS EXPECTED - JOBNAME IGNORED\n"
      "EZZ0328I SRCIP ON LINE 1 IGNORED AS A WHOLE, IT HAS ERRORS\n" },
    { "SRCIP ENDSRCIP", "SOURCES;", "" },
    { "IPCONFIG SOURCEVIPA TCPSTACKSOURCEVIPA 10.1.9.1", "SOURCES;", "" },
    /* ports */
    { "PORT 61 TCP APPA", "PORTS;", "" },
    { "PORT 60 TCP RESERVED", "", "EZZ0326I PORT ON LINE 1 CONFLICTS WITH PORT VALUE 60 OF THE RUNNING PROFILE - ENTRY IGNORED\n" },
    { "DELETE PORT 60 TCP APPA PORT 60 TCP RESERVED", "PORTS;", "" },
    { "DELETE PORT 60 TCP APPA", "PORTS;", "" },
    { "PORT UNRSV TCP * DENY", "PORTS;", "" },
    { "TCPCONFIG EPHEMERALPORTS 2000 3000 TIMEWAITINTERVAL 5 UDPCONFIG EPHEMERALPORTS 2000 3000", "PORTS;TIMEWAIT;", "" },
    { "GLOBALCONFIG EXPLICITBINDPORTRANGE 6000 100 EXPLICITBINDPORTRANGE 5000 100", "", "" },
    { "GLOBALCONFIG NOEXPLICITBINDPORTRANGE", "EXPLICITBIND;", "" },
    { "GLOBALCONFIG EXPLICITBINDPORTRANGE 6000 100", "EXPLICITBIND;", "" },
    /* network */
    { "IPCONFIG DYNAMICXCF 10.9.0.1 255.255.255.0 1", "", "" },
    { "IPCONFIG DYNAMICXCF 10.9.0.7 255.255.255.0 1", "",
      "EZZ0326I IPCONFIG ON LINE 1 CONFLICTS WITH DYNAMICXCF VALUE 10.9.0.1 OF THE RUNNING PROFILE - OPTION IGNORED\n" },
    { "DEVICE LCS2 LCS E40 LINK ETH2 ETHERNET 0 LCS2 HOME 10.2.0.1 ETH2 START LCS2", "HOME;", "" },
    { "START LCS1", "HOME;", "" },
    { "BEGINROUTES ROUTE 10.1.0.0/16 = ETH1 MTU 1492 ENDROUTES", "ROUTES;", "" },
};

START_TEST(a_change_is_applied_and_told)
{
    static struct profile as_it_was;
    int errors;

    parse_well(RUNNING);
    errors = obey(obeys[_i].text);
    ck_assert_msg(strcmp(told, obeys[_i].changes) == 0, "%s\n%s", obeys[_i].text, told);
    ck_assert_str_eq(console_text(), obeys[_i].messages);
    ck_assert_int_eq(errors != 0, strstr(console_text(), "IGNORED") != NULL || strstr(console_text(), "SKIPPED") != NULL);
    as_it_was = before;
    parse_well(RUNNING);
    (void)obey("");
    ck_assert_uint_eq(profile_compare(&as_it_was, &profile, NULL, NULL), 0);        /* before: the profile as it was */
}
END_TEST

START_TEST(a_new_routes_block_stands_in_place_of_the_old_one)
{
    parse_well(RUNNING);
    ck_assert_int_eq(obey("BEGINROUTES ROUTE 10.2.0.0/16 = ETH1 MTU 1492 ENDROUTES\nBEGINROUTES ROUTE 10.3.0.0/16 = ETH1 MTU 1492 ENDROUTES"), 0);
    ck_assert_uint_eq(profile.route_count, 2);
    ck_assert_uint_eq(profile.routes[0].destination, ip("10.2.0.0"));
}
END_TEST

START_TEST(a_distribution_is_deleted_in_part)
{
    parse_well(RUNNING);
    ck_assert_int_eq(obey(VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 PORT 81 DESTIP 10.9.0.2")), 0);
    ck_assert_uint_eq(profile.distribute_count, 3);
    ck_assert_uint_eq(profile.distributes[0].ports[0], 80);
    ck_assert_uint_eq(profile.distributes[0].dest_count, 2);
    ck_assert_uint_eq(profile.distributes[1].ports[0], 81);
    ck_assert_uint_eq(profile.distributes[1].dest_count, 1);
    ck_assert_uint_eq(profile.distributes[1].dests[0], ip("10.9.0.3"));
}
END_TEST

START_TEST(a_full_table_of_distributions_can_be_emptied_but_not_split)
{
    static char text[16384];

    strcpy(text, "VIPADYNAMIC\n");
    for (int i = 0; i < DVIPA_MAX; i++)
        sprintf(text + strlen(text), "VIPADISTRIBUTE 10.1.9.1 PORT %d %d DESTIP 10.9.0.1 10.9.0.2\n", 1000 + 2 * i, 1001 + 2 * i);
    strcat(text, "ENDVIPADYNAMIC");
    parse_well(text);
    ck_assert_int_eq(obey(VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 PORT 1000 DESTIP 10.9.0.1")), 1);
    ck_assert_uint_eq(profile.distribute_count, DVIPA_MAX);
    ck_assert_int_eq(obey(VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 DESTIP 10.9.0.1")), 0);
    ck_assert_uint_eq(profile.distribute_count, DVIPA_MAX);
    ck_assert_int_eq(obey(VIPA("VIPADISTRIBUTE DELETE 10.1.9.1 DESTIP ALL")), 0);
    ck_assert_uint_eq(profile.distribute_count, 0);
}
END_TEST

START_TEST(an_unreadable_change_changes_nothing)
{
    struct members *members = members_new();

    parse_well(RUNNING);
    ck_assert_int_eq(profile_obey(&profile, &before, "NOSUCH", &members->input), PROFILE_UNREADABLE);
    ck_assert_uint_eq(profile_compare(&before, &profile, NULL, NULL), 0);
}
END_TEST

START_TEST(syntaxcheck_knows_nothing_of_the_running_profile)
{
    static struct profile scratch;
    struct members *members = members_new();

    members_add(members, "OBEY", VIPA("VIPADELETE 10.1.9.1 VIPADISTRIBUTE DELETE 10.1.9.1 DESTIP ALL VIPARANGE DELETE 255.0.0.0 10.0.0.0")
                                 "\nDELETE PORT 60 TCP APPA UNRSV UDP * SOURCEIPA DELETE APPA PORT 60 TPC APPA");
    console_clear();
    ck_assert_int_eq(profile_syntaxcheck(&scratch, "OBEY", &members->input), 1);
    ck_assert_str_eq(console_text(), "EZZ0318I TPC WAS FOUND ON LINE 4 AND TCP OR UDP WAS EXPECTED - ENTRY OF PORT IGNORED\n");
}
END_TEST

/* --- one statement, one message ------------------------------------------------------------------------------------- */

static const struct {
    const char *text, *message;
} bad[] = {
    { "DEVICE ABCDEFGHIJKLMNOPQ LCS E20", "ABCDEFGHIJKLMNOPQ WAS FOUND ON LINE 1 AND A DEVICE NAME OF AT MOST 16 CHARACTERS WAS" },
    { "DEVICE", "END OF FILE WAS FOUND ON LINE 1 AND A DEVICE NAME OF AT MOST 16 CHARACTERS WAS EXPECTED - DEVICE IGNORED" },
    { "DEVICE L LCS 12345", "12345 WAS FOUND ON LINE 1 AND A DEVICE NUMBER (HEX) WAS" },
    { "DEVICE V VIRTUAL X", "X WAS FOUND ON LINE 1 AND A NUMBER FROM 0 TO 65535 WAS" },
    { NET "LINK ETH1 ETHERNET 0 LCS1", "EZZ0326I LINK ON LINE 2 CONFLICTS WITH LINK VALUE ETH1 USED ON LINE 1 - IGNORED" },
    { NET "LINK ETH2 MPCIPA 0 LCS1", "MPCIPA WAS FOUND ON LINE 2 AND ETHERNET OR VIRTUAL WAS" },
    { NET "HOME 10.1.0.1 ETH1 10.1.0.1 VLINK", "EZZ0326I HOME ON LINE 2 CONFLICTS WITH HOME VALUE 10.1.0.1 USED ON LINE 2 - REST IGNORED" },
    { NET "HOME 10.1.0.1 ETH1 10.1.0.2 ETH1", "CONFLICTS WITH HOME VALUE 10.1.0.1 USED ON LINE 2 - REST IGNORED" },
    { NET "HOME 224.0.0.1 ETH1", "224.0.0.1 WAS FOUND ON LINE 2 AND AN IP ADDRESS WAS" },
    { NET "HOME 127.0.0.1 ETH1", "127.0.0.1 WAS FOUND ON LINE 2 AND AN IP ADDRESS WAS" },
    { NET "HOME 0.1.0.1 ETH1", "0.1.0.1 WAS FOUND ON LINE 2 AND AN IP ADDRESS WAS" },
    { NET "IPCONFIG DYNAMICXCF 10.1.0.1 255.255.0.0 1\nHOME 10.1.0.1 ETH1", "CONFLICTS WITH DYNAMICXCF VALUE 10.1.0.1 USED ON LINE 2" },
    { NET "BEGINROUTES ROUTE 10.1.0.0 255.0.0.0 = ETH1 MTU 1500 ENDROUTES", "255.0.0.0 WAS FOUND ON LINE 2 AND A MASK THAT COVERS THE" },
    { NET "BEGINROUTES ROUTE 10.1.0.0 = ETH1 MTU 1500 ENDROUTES", "= WAS FOUND ON LINE 2 AND HOST OR AN ADDRESS MASK WAS" },
    { NET "BEGINROUTES ROUTE DEFAULT = ETH1 MTU 1500 ENDROUTES", "= WAS FOUND ON LINE 2 AND AN IP ADDRESS WAS" },
    { NET "BEGINROUTES ROUTE 10.0.0.0/8 = VLINK MTU 1500 ENDROUTES", "VLINK WAS FOUND ON LINE 2 AND AN EARLIER LINK, NOT VIRTUAL, WAS" },
    { NET "BEGINROUTES ROUTE 10.0.0.0/8 = ETH1 ENDROUTES", "ENDROUTES WAS FOUND ON LINE 2 AND MTU WAS EXPECTED - ROUTE IGNORED" },
    { NET "BEGINROUTES 1 ENDROUTES", "1 WAS FOUND ON LINE 2 AND ROUTE WAS EXPECTED - BEGINROUTES IGNORED" },
    { VIPA("VIPADEFINE 255.255.0.0"), "ENDVIPADYNAMIC WAS FOUND ON LINE 3 AND AN IP ADDRESS WAS EXPECTED - VIPADEFINE ON LINE 2 IGNORED" },
    { VIPA("VIPADEFINE 255.0.255.0 10.1.9.1"), "255.0.255.0 WAS FOUND ON LINE 2 AND AN ADDRESS MASK WAS" },
    { VIPA("VIPADEFINE 10.1.9.1 11.1.9.1"), "11.1.9.1 WAS FOUND ON LINE 2 AND AN ADDRESS IN 10.0.0.0/8 WAS" },
    { VIPA("VIPADEFINE CLUSTERPORTS BLOCKSIZE 0 10.1.9.1"), "0 WAS FOUND ON LINE 2 AND A POWER OF TWO FROM 1 TO 4096 WAS" },
    { VIPA("VIPADEFINE CLUSTERPORTS BLOCKSIZE 8192 10.1.9.1"), "8192 WAS FOUND ON LINE 2 AND A POWER OF TWO FROM 1 TO 4096 WAS" },
    { VIPA("VIPABACKUP MOVEABLE NEVER 10.1.9.1"), "NEVER WAS FOUND ON LINE 2 AND IMMEDIATE OR WHENIDLE WAS" },
    { VIPA("VIPABACKUP MOVEABLE IMMEDIATE 255.0.255.0 10.1.9.1"), "255.0.255.0 WAS FOUND ON LINE 2 AND AN ADDRESS MASK WAS" },
    { VIPA("VIPABACKUP 10.1.9.1 VIPADEFINE 10.1.9.1"), "EZZ0326I VIPADEFINE ON LINE 2 CONFLICTS WITH VIPABACKUP VALUE 10.1.9.1 USED" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 PORT 90-80 DESTIP ALL"), "90-80 WAS FOUND ON LINE 2 AND A PORT OR DESTIP WAS" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 PORT 1-65 DESTIP ALL"), "1-65 WAS FOUND ON LINE 2 AND NO MORE THAN 64 PORTS WAS" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 PORT 0 DESTIP ALL"), "0 WAS FOUND ON LINE 2 AND A PORT OR DESTIP WAS" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 ALL"), "ALL WAS FOUND ON LINE 2 AND DESTIP WAS" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 DESTIP MVS2"), "MVS2 WAS FOUND ON LINE 2 AND AN IP ADDRESS WAS" },
    { VIPA("VIPADISTRIBUTE CLUSTERPORTS BLOCKSIZE X 10.1.9.1 DESTIP ALL"), "X WAS FOUND ON LINE 2 AND A POWER OF TWO" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 DESTIP ALL VIPADISTRIBUTE 10.1.9.1 DESTIP ALL"), "CONFLICTS WITH VIPADISTRIBUTE VALUE 10.1.9.1 USED ON LINE 2" },
    { VIPA("VIPARANGE MOVEABLE IMMEDIATE 255.255.0.0 10.1.9.0"), "IMMEDIATE WAS FOUND ON LINE 2 AND NONDISRUPTIVE OR DISRUPTIVE WAS" },
    { VIPA("VIPARANGE CLUSTERPORTS BLOCKSIZE 3 255.255.0.0 10.1.9.0"), "3 WAS FOUND ON LINE 2 AND A POWER OF TWO FROM 1 TO 4096 WAS" },
    { "VIPADYNAMIC 10.1.9.1 ENDVIPADYNAMIC", "10.1.9.1 WAS FOUND ON LINE 1 AND A VIPADYNAMIC STATEMENT WAS" },
    { "ENDVIPADYNAMIC", "ENDVIPADYNAMIC WAS FOUND ON LINE 1 AND A VIPADYNAMIC BLOCK WAS EXPECTED - ENDVIPADYNAMIC IGNORED" },
    { "SOURCEIPA 10.1.9.1", "END OF FILE WAS FOUND ON LINE 1 AND A JOB NAME WAS EXPECTED - SOURCEIPA IGNORED" },
    { "SOURCEIPA 10.1.9.1 NINELONGX", "NINELONGX WAS FOUND ON LINE 1 AND A JOB NAME WAS" },
    { "SOURCEIPA 10.1.9.1 A*B", "A*B WAS FOUND ON LINE 1 AND A JOB NAME WAS" },
    { "PORT", "END OF FILE WAS FOUND ON LINE 1 AND A PORT FROM 1 TO 65535 WAS EXPECTED - ENTRY OF PORT IGNORED" },
    { "PORT 0 TCP APPA", "0 WAS FOUND ON LINE 1 AND A PORT FROM 1 TO 65535 WAS" },
    { "PORTRANGE 50 0 TCP APPA", "0 WAS FOUND ON LINE 1 AND A NUMBER OF PORTS FROM 1 TO 65535 WAS" },
    { "PORT 60 UDP APPA 60 UDP APPB", "EZZ0326I PORT ON LINE 1 CONFLICTS WITH PORT VALUE 60 USED ON LINE 1 - ENTRY IGNORED" },
    { "TCPCONFIG EPHEMERALPORTS 1023 5000", "1023 WAS FOUND ON LINE 1 AND A PORT FROM 1024 TO 65535 WAS" },
    { "IPCONFIG", "END OF FILE WAS FOUND ON LINE 1 AND AN OPTION WAS EXPECTED - OPTION OF IPCONFIG IGNORED" },
    { "IPCONFIG TCPSTACKSOURCEVIPA 255.255.255.255", "255.255.255.255 WAS FOUND ON LINE 1 AND AN IP ADDRESS WAS EXPECTED - OPTION OF IPCONFIG IGNORED" },
    { VIPA("VIPADEFINE CLUSTERPORTS STORE SOMEWHERE 10.1.9.1"), "SOMEWHERE WAS FOUND ON LINE 2 AND BITMAP, LISTS, CRHT OR ANOTHER STORE WAS" },
    { VIPA("VIPADEFINE CLUSTERPORTS QUOTA 0 10.1.9.1"), "0 WAS FOUND ON LINE 2 AND A QUOTA FROM 1 TO 65536 WAS" },
    { VIPA("VIPADEFINE CLUSTERPORTS QUOTA 63 10.1.9.1"), "10.1.9.1 WAS FOUND ON LINE 2 AND A QUOTA OF A BLOCK OF 64 OR MORE BEFORE IT WAS" },
    { VIPA("VIPADISTRIBUTE DISTMETHOD TARGCONTROLLED 10.1.9.1 DESTIP ALL"), "TARGCONTROLLED WAS FOUND ON LINE 2 AND ROUNDROBIN, WEIGHTEDACTIVE OR BASEWLM WAS" },
    { VIPA("VIPADISTRIBUTE DISTMETHOD HOTSTANDBY 10.1.9.1 DESTIP ALL"), "HOTSTANDBY WAS FOUND ON LINE 2 AND ROUNDROBIN, WEIGHTEDACTIVE OR BASEWLM" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 DESTIP 10.9.0.1 WEIGHT 5"), "WEIGHT WAS FOUND ON LINE 2 AND AN IP ADDRESS WAS" },
    { VIPA("VIPADISTRIBUTE DISTMETHOD WEIGHTEDACTIVE 10.1.9.1 DESTIP 10.9.0.1 WEIGHT 100"), "100 WAS FOUND ON LINE 2 AND A WEIGHT FROM 0 TO 99 WAS" },
    { VIPA("VIPADISTRIBUTE 10.1.9.1 DESTIP 10.9.0.1 10.9.0.1"), "10.9.0.1 WAS FOUND ON LINE 2 AND EACH TARGET ONCE WAS" },
    { VIPA("VIPADISTRIBUTE OPTLOCAL 17 10.1.9.1 DESTIP ALL"), "17 WAS FOUND ON LINE 2 AND A NUMBER FROM 0 TO 16 WAS" },
    { VIPA("VIPADISTRIBUTE TIMEDAFFINITY X 10.1.9.1 DESTIP ALL"), "X WAS FOUND ON LINE 2 AND A NUMBER OF SECONDS FROM 0 TO 9999 WAS" },
    { VIPA("VIPADELETE"), "ENDVIPADYNAMIC WAS FOUND ON LINE 3 AND A DVIPA WAS EXPECTED - VIPADELETE ON LINE 2 IGNORED" },
    { "PORT 60 TCP AUTHPORT", "AUTHPORT WAS FOUND ON LINE 1 AND AUTHPORT IN PORTRANGE OF TCP ONLY WAS" },
    { "PORT 60 TCP APPA BIND HERE", "HERE WAS FOUND ON LINE 1 AND AN IP ADDRESS WAS EXPECTED - ENTRY OF PORT IGNORED" },
    { "PORT 60 TCP APPA SAF", "END OF FILE WAS FOUND ON LINE 1 AND A RESOURCE NAME OF AT MOST 16 CHARACTERS WAS" },
    { "PORT UNRSV SCTP *", "SCTP WAS FOUND ON LINE 1 AND TCP OR UDP WAS EXPECTED - ENTRY OF PORT IGNORED" },
    { "PORT UNRSV TCP * DENY UNRSV TCP *", "EZZ0326I PORT ON LINE 1 CONFLICTS WITH UNRSV VALUE * USED ON LINE 1 - ENTRY IGNORED" },
    { "PORT 60 TCP APPA 60 TCP APPA BIND 10.1.9.1", "CONFLICTS WITH PORT VALUE 60 USED ON LINE 1 - ENTRY IGNORED" },
    { "DELETE ETH1", "EZZ0318I ETH1 WAS FOUND ON LINE 1 AND PORT OR PORTRANGE WAS EXPECTED - DELETE IGNORED" },
    { "DELETE PORT UNRSV TCP 5", "5 WAS FOUND ON LINE 1 AND A JOB NAME WAS EXPECTED - ENTRY OF DELETE IGNORED" },
    { "UDPCONFIG TIMEWAITINTERVAL 5", "TIMEWAITINTERVAL WAS FOUND ON LINE 1 AND AN OPTION WAS EXPECTED - OPTION OF UDPCONFIG IGNORED" },
    { "UDPCONFIG EPHEMERALPORTS 5000 70000", "70000 WAS FOUND ON LINE 1 AND A PORT FROM 5000 TO 65535 WAS" },
    { "GLOBALCONFIG XCFGROUP 11", "XCFGROUP WAS FOUND ON LINE 1 AND AN OPTION WAS EXPECTED - OPTION OF GLOBALCONFIG IGNORED" },
    { "IPCONFIG DYNAMICXCF 10.9.0.1/33 1", "10.9.0.1/33 WAS FOUND ON LINE 1 AND AN IP ADDRESS WAS" },
    { "IPCONFIG DYNAMICXCF 224.0.0.1/24 1", "224.0.0.1/24 WAS FOUND ON LINE 1 AND AN IP ADDRESS WAS" },
    { "INTERFACE OSA DEFINE IPAQENET PORTNAME OSA1 IPADDR 10.1.0.1/24 SOURCEVIPAINTERFACE V",
      "EZZ0318I INTERFACE WAS FOUND ON LINE 1 AND DEVICE AND LINK WAS EXPECTED - INTERFACE IGNORED" },
    { "GATEWAY 10 = ETH1 1492 0", "EZZ0318I GATEWAY WAS FOUND ON LINE 1 AND BEGINROUTES WAS EXPECTED - GATEWAY IGNORED" },
    { "VIPASMPARMS SMPORT 5000", "VIPASMPARMS WAS FOUND ON LINE 1 AND A VIPADYNAMIC BLOCK WAS EXPECTED - VIPASMPARMS IGNORED" },
    { "GLOBALCONFIG EXPLICITBINDPORTRANGE 1000 5", "1000 WAS FOUND ON LINE 1 AND A PORT FROM 1024 TO 65535 WAS" },
    { "GLOBALCONFIG EXPLICITBINDPORTRANGE 65000 600", "600 WAS FOUND ON LINE 1 AND A NUMBER OF PORTS FROM 1 TO 536 WAS" },
    { "SRCIP SOMETHING ENDSRCIP", "SOMETHING WAS FOUND ON LINE 1 AND JOBNAME, DESTINATION OR ENDSRCIP WAS EXPECTED - SRCIP IGNORED" },
    { "SRCIP DESTINATION 10.1.0.1/16 10.1.9.1 ENDSRCIP", "10.1.0.1/16 WAS FOUND ON LINE 1 AND A NETWORK OF ITS PREFIX LENGTH WAS" },
    { "SRCIP DESTINATION HERE 10.1.9.1 ENDSRCIP", "HERE WAS FOUND ON LINE 1 AND AN IP ADDRESS WAS EXPECTED - DESTINATION IGNORED" },
    { "SRCIP DESTINATION 10.1.0.0/16 10.1.9.1 DESTINATION 10.1.0.0/16 10.1.9.2 ENDSRCIP", "CONFLICTS WITH DESTINATION VALUE 10.1.0.0/16 USED" },
    { "JOBNAME APPA 10.1.9.1", "JOBNAME WAS FOUND ON LINE 1 AND A SRCIP BLOCK WAS EXPECTED - JOBNAME IGNORED" },
    { "SOURCEIPA DELETE APPA", "APPA WAS FOUND ON LINE 1 AND A JOB OF AN EARLIER SOURCEIPA WAS" },
    { "IPCONFIG DYNAMICXCF 10.9.0.1 255.0.0.0 1 DYNAMICXCF 10.9.0.2 255.0.0.0 1", "EZZ0326I IPCONFIG ON LINE 1 CONFLICTS WITH DYNAMICXCF VALUE 10.9.0.1" },
    { "INCLUDE MORE", "MORE WAS FOUND ON LINE 1 AND ITS TEXT IN PLACE OF IT WAS EXPECTED - INCLUDE IGNORED" },
    { "&SEVENTEENCHARACTER.", "&SEVENTEENCHARACTER. WAS FOUND ON LINE 1 AND A STATEMENT WAS" },
};

START_TEST(bad_statement_has_its_one_message)
{
    ck_assert_msg(parse(bad[_i].text) == 1, "%s\n%s", bad[_i].text, console_text());
    ck_assert_msg(strstr(console_text(), bad[_i].message) != NULL, "%s\n%s", bad[_i].text, console_text());
}
END_TEST

/* A format with the numbers 0 .. limit in it, one more than there is room for. */
static const struct {
    const char *begin, *format, *end;
    unsigned limit;
    const char *expected;
} full[] = {
    { "", "DEVICE D%u LCS %x\n", "", HOME_MAX, "NO MORE THAN 16 DEVICES" },
    { "DEVICE L LCS 1\n", "LINK L%u ETHERNET 0 L\n", "", HOME_MAX, "NO MORE THAN 16 LINKS" },
    { NET "BEGINROUTES\n", "ROUTE 10.%u.0.0/16 = ETH1 MTU 1500\n", "ENDROUTES", HOME_MAX, "NO MORE THAN 16 ROUTES" },
    { "PORT\n", "%u TCP A\n", "", PORTRESERVE_MAX, "NO MORE THAN 256 PORT ENTRIES" },
    { "VIPADYNAMIC VIPADEFINE\n", "10.1.1.%u\n", "ENDVIPADYNAMIC", DVIPA_MAX, "NO MORE THAN 64 ADDRESSES" },
    { "VIPADYNAMIC\n", "VIPADISTRIBUTE 10.1.1.%u DESTIP ALL\n", "ENDVIPADYNAMIC", DVIPA_MAX, "NO MORE THAN 64 VIPADISTRIBUTE" },
    { "VIPADYNAMIC VIPADISTRIBUTE 10.1.1.1 DESTIP\n", "10.1.2.%u\n", "ENDVIPADYNAMIC", SYSTEMS_MAX, "NO MORE THAN 32 TARGETS" },
    { "VIPADYNAMIC\n", "VIPARANGE 255.255.255.0 10.1.%u.0\n", "ENDVIPADYNAMIC", VIPARANGE_MAX, "NO MORE THAN 64 VIPARANGE" },
    { "SRCIP\n", "JOBNAME J%u 10.1.9.1\n", "ENDSRCIP", SRCIP_MAX, "NO MORE THAN 128 ENTRIES" },
    { "PORT\n", "UNRSV TCP J%u\n", "", UNRSV_MAX, "NO MORE THAN 32 UNRSV ENTRIES" },
    { "SOURCEIPA 10.1.9.1\n", "J%u\n", "", SOURCEIPA_MAX, "NO MORE THAN 256 JOBS" },
};

START_TEST(full_table_is_reported)
{
    static char text[32768];

    strcpy(text, full[_i].begin);
    for (unsigned n = 1; n <= full[_i].limit; n++)
        sprintf(text + strlen(text), full[_i].format, n, n);
    sprintf(text + strlen(text), "%s", full[_i].end);
    parse_well(text);
    text[strlen(text) - strlen(full[_i].end)] = 0;
    sprintf(text + strlen(text), full[_i].format, full[_i].limit + 1, full[_i].limit + 1);
    strcat(text, full[_i].end);
    ck_assert_int_eq(parse(text), 1);
    ck_assert_msg(strstr(console_text(), full[_i].expected) != NULL, "%s", console_text());
}
END_TEST

/* --- whole profiles ------------------------------------------------------------------------------------------------ */

START_TEST(threeway_profiles_are_right)
{
    char path[64], address[16];
    char *text;

    sprintf(path, "config/threeway/MVS%d.profile", _i);
    text = read_file(path);
    parse_well(text);
    sprintf(address, "10.1.0.%d", _i);
    ck_assert_uint_eq(profile.links[profile.home[0]].address, ip(address));
    ck_assert_uint_eq(profile_link_mask(&profile, profile.home[0]), 0xFFFF0000);
    ck_assert_uint_eq(profile.links[0].devnum, 0xE20);
    ck_assert(profile.links[0].started);
    sprintf(address, "192.168.49.%d", _i);
    ck_assert_uint_eq(profile.dynamicxcf_address, ip(address));
    ck_assert_str_eq(profile.sourceipas[0].job, "CONNGEN*");
    ck_assert_uint_eq(profile.dvipa_count, _i == 1);
    ck_assert_int_eq(profile_clusterports(&profile, ip("10.1.9.1")).on, _i == 1);
    clusterports = "";
    parse_well(text);
    ck_assert(!profile_clusterports(&profile, ip("10.1.9.1")).on);
    ck_assert_uint_eq(profile.distribute_count, _i == 1);
    clusterports = "CLUSTERPORTS";
    free(text);
}
END_TEST

static const struct {
    unsigned dvipas, distributes, jobs;
} fig6[] = { { 2, 1, 2 }, { 0, 0, 2 }, { 0, 0, 1 }, { 0, 0, 2 }, { 2, 2, 2 } };

START_TEST(the_statements_of_the_patent_are_accepted)
{
    char path[64];
    char *text;

    sprintf(path, "config/fig6/MVS%d.profile", _i);
    text = read_file(path);
    parse_well(text);
    ck_assert_uint_eq(profile.dvipa_count, fig6[_i - 1].dvipas);
    ck_assert_uint_eq(profile.distribute_count, fig6[_i - 1].distributes);
    ck_assert_uint_eq(profile.sourceipa_count, fig6[_i - 1].jobs);
    free(text);
}
END_TEST

START_TEST(figure_6_distributes_as_the_patent_says)
{
    char *text = read_file("config/fig6/MVS5.profile");

    parse_well(text);
    ck_assert_uint_eq(profile.dvipas[0].address, ip("10.1.9.2"));
    ck_assert(profile.dvipas[0].clusterports.on && !profile.dvipas[0].backup);
    ck_assert(profile.distributes[0].dest_all);
    ck_assert_uint_eq(profile.distributes[1].address, ip("10.1.9.1"));
    ck_assert_uint_eq(profile.distributes[1].ports[0], 60);
    ck_assert_uint_eq(profile.distributes[1].dest_count, 3);
    ck_assert_uint_eq(profile.distributes[1].dests[2], ip("192.168.49.4"));
    ck_assert(profile.dvipas[1].backup && profile.dvipas[1].rank == 100);
    free(text);
}
END_TEST

static void compare_to_golden(const char *path)
{
    char *golden = read_file(path);

    if (strcmp(golden, console_text()) != 0)
        fputs(console_text(), stderr);
    ck_assert_msg(strcmp(golden, console_text()) == 0, "%s differs from what was written (see standard error)", path);
    free(golden);
}

static void compare_reports(const char *path)
{
    console_clear();
    profile_display(&profile, UINT32_MAX, console_line, NULL);
    profile_display_home(&profile, UINT32_MAX, console_line, NULL);
    profile_display_srcip(&profile, UINT32_MAX, console_line, NULL);
    profile_display_portlist(&profile, UINT32_MAX, console_line, NULL);
    profile_display_stats(&profile, UINT32_MAX, &(struct profile_port_use){ 0 }, console_line, NULL);
    compare_to_golden(path);
}

START_TEST(every_bad_statement_is_named_and_the_good_ones_applied)
{
    char *text = read_file(GOLDEN "nonsense.profile");
    int errors = parse(text);

    compare_to_golden(GOLDEN "nonsense.messages");
    ck_assert_int_eq(errors, 66);
    compare_reports(GOLDEN "nonsense.reports");
    free(text);
}
END_TEST

/* The profile of a production system: what the image has no use for is named, what is left is in force. */
START_TEST(profile_of_a_production_system)
{
    char *text = read_file(GOLDEN "production.profile");
    int errors = parse(text);

    compare_to_golden(GOLDEN "production.messages");
    ck_assert_int_eq(errors, 9);
    compare_reports(GOLDEN "production.reports");
    ck_assert(profile.sourcevipa);
    ck_assert_uint_eq(profile.dynamicxcf_address, ip("192.168.49.1"));
    ck_assert_uint_eq(profile.route_count, 4);
    ck_assert_uint_eq(profile.timewait_s, 30);
    free(text);
}
END_TEST

/* --- damage -------------------------------------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t below(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % limit;
}

static uint32_t random_word(const char *text, uint32_t length, uint32_t *start)
{
    uint32_t end;

    for (*start = below(length); *start > 0 && text[*start - 1] > ' '; --*start)
        ;
    for (end = *start; end < length && text[end] > ' '; end++)
        ;
    return end - *start;
}

/* Change a byte, drop a stretch, double one, or put one word in the place of another. */
static uint32_t damage(char *text, uint32_t length)
{
    char word[128];
    uint32_t at = below(length), n = 1 + below(30), from;

    if (at + n > length)
        n = length - at;
    switch (below(4)) {
    case 0:
        text[at] = (char)below(256);
        return length;
    case 1:
        memmove(text + at, text + at + n, length - at - n);
        return length - n;
    case 2:
        memmove(text + at + n, text + at, length - at);
        return length + n;
    default:
        n = random_word(text, length, &from);
        n = n > sizeof word ? sizeof word : n;
        memcpy(word, text + from, n);
        memmove(text + at + n, text + at, length - at);
        memcpy(text + at, word, n);
        return length + n;
    }
}

START_TEST(damaged_profiles_always_end_in_messages)
{
    static const char *const files[] = { "config/fig6/MVS5.profile", "config/threeway/MVS1.profile", GOLDEN "nonsense.profile",
                                         GOLDEN "production.profile" };
    char *good = read_file(files[_i % 4]), *text;
    uint32_t length;

    seed = 88172645463325252u + (uint64_t)_i;
    for (int round = 0; round < 400; round++) {
        length = (uint32_t)strlen(good);
        text = malloc(length + 64 * 128);
        memcpy(text, good, length);
        for (uint32_t changes = 1 + below(40); changes > 0 && length > 100; changes--)
            length = damage(text, length);
        text = realloc(text, length);       /* the sanitizer sees a read beyond the end */
        console_clear();
        profile_parse(&profile, "DAMAGED", text, length, symbol, console_line, NULL);
        members_check_profile(&profile);
        console_clear();
        profile_display(&profile, UINT32_MAX, console_line, NULL);
        free(text);
    }
    free(good);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile");
    TCase *tcase = tcase_create("profile");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, empty_profile_has_the_defaults);
    tcase_add_test(tcase, statements_span_lines_and_fold_case);
    tcase_add_test(tcase, semicolon_inside_a_word_is_no_comment);
    tcase_add_test(tcase, symbols_become_part_of_words);
    tcase_add_test(tcase, symbol_may_be_nothing_or_several_words);
    tcase_add_test(tcase, unknown_symbol_stays_and_is_reported);
    tcase_add_test(tcase, messages_stand_between_begin_and_end);
    tcase_add_test(tcase, too_long_a_profile_is_cut_with_a_message);
    tcase_add_test(tcase, links_home_and_routes);
    tcase_add_test(tcase, second_home_statement_adds);
    tcase_add_test(tcase, ipconfig);
    tcase_add_test(tcase, sourcevipa_is_the_vipa_before_the_link_in_the_home_list);
    tcase_add_test(tcase, vipadynamic_block_in_full);
    tcase_add_test(tcase, vipadefine_without_mask_takes_that_of_the_class);
    tcase_add_test(tcase, distribution_of_an_address_of_others_is_accepted);
    tcase_add_test(tcase, clusterports_of_an_address);
    tcase_add_test(tcase, limit_of_dvipas);
    tcase_add_test(tcase, missing_end_takes_in_what_follows);
    tcase_add_test(tcase, ports_and_ranges);
    tcase_add_test(tcase, later_portrange_over_a_port_is_ignored);
    tcase_add_test(tcase, later_port_in_a_portrange_is_ignored);
    tcase_add_test(tcase, bad_port_entry_costs_only_itself);
    tcase_add_test(tcase, tcpconfig);
    tcase_add_test(tcase, distribution_methods_and_weights);
    tcase_add_test(tcase, options_without_effect_are_named);
    tcase_add_test(tcase, options_and_statements_of_the_product_disturb_nothing);
    tcase_add_test(tcase, a_bad_option_costs_only_itself);
    tcase_add_test(tcase, a_block_is_passed_over_to_its_end);
    tcase_add_test(tcase, viparange_is_disruptive_or_not);
    tcase_add_test(tcase, srcip_block);
    tcase_add_test(tcase, an_error_discards_the_whole_srcip_block);
    tcase_add_test(tcase, a_second_srcip_block_is_ignored);
    tcase_add_test(tcase, a_srcip_block_without_end_is_discarded);
    tcase_add_test(tcase, a_rule_given_twice_costs_only_itself);
    tcase_add_test(tcase, tcpstacksourcevipa_needs_sourcevipa);
    tcase_add_test(tcase, port_options);
    tcase_add_test(tcase, a_port_belongs_to_its_jobs);
    tcase_add_test(tcase, unreserved_ports_may_be_denied);
    tcase_add_test(tcase, unrsv_entries_of_a_protocol_agree);
    tcase_add_test(tcase, delete_takes_reservations_away);
    tcase_add_test(tcase, ephemeral_ports_as_the_product_counts_them);
    tcase_add_test(tcase, the_last_explicitbindportrange_holds);
    tcase_add_test(tcase, members_include_members);
    tcase_add_test(tcase, a_block_goes_on_in_an_included_member);
    tcase_add_test(tcase, conflicts_over_members_name_the_member);
    tcase_add_test(tcase, a_member_cannot_include_itself);
    tcase_add_test(tcase, missing_and_unreadable_members);
    tcase_add_test(tcase, members_have_limits);
    tcase_add_test(tcase, a_new_routes_block_stands_in_place_of_the_old_one);
    tcase_add_test(tcase, a_distribution_is_deleted_in_part);
    tcase_add_test(tcase, a_full_table_of_distributions_can_be_emptied_but_not_split);
    tcase_add_test(tcase, an_unreadable_change_changes_nothing);
    tcase_add_test(tcase, syntaxcheck_knows_nothing_of_the_running_profile);
    tcase_add_loop_test(tcase, clusterports_options_in_every_statement, 0, sizeof cluster / sizeof *cluster);
    tcase_add_loop_test(tcase, ephemeral_ports_equal_a_count, 1, 11);
    tcase_add_loop_test(tcase, a_change_is_applied_and_told, 0, sizeof obeys / sizeof *obeys);
    tcase_add_loop_test(tcase, bad_statement_has_its_one_message, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(tcase, full_table_is_reported, 0, sizeof full / sizeof *full);
    tcase_add_loop_test(tcase, threeway_profiles_are_right, 1, 4);
    tcase_add_loop_test(tcase, the_statements_of_the_patent_are_accepted, 1, 6);
    tcase_add_test(tcase, figure_6_distributes_as_the_patent_says);
    tcase_add_test(tcase, every_bad_statement_is_named_and_the_good_ones_applied);
    tcase_add_test(tcase, profile_of_a_production_system);
    tcase_add_loop_test(tcase, damaged_profiles_always_end_in_messages, 0, 8);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
