/* stack/profile: one behaviour a test; a profile of nonsense against its golden messages; random damage to a good one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/text.h"
#include "stack/profile/profile.h"
#include "stack/tests/console.h"

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
    parse_well("IPCONFIG SOURCEVIPA\nIPCONFIG NOSOURCEVIPA");
    ck_assert(!profile.sourcevipa);
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
    { "IPCONFIG", "END OF FILE WAS FOUND ON LINE 1 AND SOURCEVIPA, TCPSTACKSOURCEVIPA OR DYNAMICXCF WAS" },
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
} fig6[] = { { 2, 1, 1 }, { 0, 0, 2 }, { 0, 0, 1 }, { 0, 0, 1 }, { 2, 2, 2 } };

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

START_TEST(every_bad_statement_is_named_and_the_good_ones_applied)
{
    char *text = read_file(GOLDEN "nonsense.profile");
    int errors = parse(text);

    compare_to_golden(GOLDEN "nonsense.messages");
    ck_assert_int_eq(errors, 49);
    console_clear();
    profile_display(&profile, console_line, NULL);
    profile_display_home(&profile, console_line, NULL);
    profile_display_srcip(&profile, console_line, NULL);
    profile_display_portlist(&profile, console_line, NULL);
    compare_to_golden(GOLDEN "nonsense.reports");
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

static void check_bounds(const struct profile *p)
{
    ck_assert_uint_le(p->dvipa_count, DVIPA_MAX);
    for (unsigned i = 0; i < p->dvipa_count; i++) {
        ck_assert_uint_ne(p->dvipas[i].address, 0);
        ck_assert(p->dvipas[i].backup || p->dvipas[i].mask != 0);
        for (unsigned j = 0; j < i; j++)
            ck_assert_uint_ne(p->dvipas[i].address, p->dvipas[j].address);
    }
    for (unsigned i = 0; i < p->port_count; i++)
        ck_assert_uint_le(p->ports[i].first + p->ports[i].count, 65536);
    for (unsigned i = 0; i < p->route_count; i++)
        ck_assert_uint_lt(p->routes[i].link, p->link_count);
    ck_assert_uint_le(p->ephemeral_low, p->ephemeral_high);
}

START_TEST(damaged_profiles_always_end_in_messages)
{
    static const char *const files[] = { "config/fig6/MVS5.profile", "config/threeway/MVS1.profile", GOLDEN "nonsense.profile" };
    char *good = read_file(files[_i % 3]), *text;
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
        check_bounds(&profile);
        console_clear();
        profile_display(&profile, console_line, NULL);
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
    tcase_add_loop_test(tcase, bad_statement_has_its_one_message, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(tcase, full_table_is_reported, 0, sizeof full / sizeof *full);
    tcase_add_loop_test(tcase, threeway_profiles_are_right, 1, 4);
    tcase_add_loop_test(tcase, the_statements_of_the_patent_are_accepted, 1, 6);
    tcase_add_test(tcase, figure_6_distributes_as_the_patent_says);
    tcase_add_test(tcase, every_bad_statement_is_named_and_the_good_ones_applied);
    tcase_add_loop_test(tcase, damaged_profiles_always_end_in_messages, 0, 6);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
