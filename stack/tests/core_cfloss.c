/* A coupling facility is lost, or its structure moved away, while stacks assign ports: whatever the keeper, and whatever they
 * are doing at that instant. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/operator/operator.h"
#include "stack/tests/core_plex.h"

enum { STACKS = 3, HELD_MAX = 400 };

static uint8_t owner[PORTS_PER_DVIPA];      /* of a connection from DVA: the truth to which the stacks are held */
static uint16_t held[STACKS + 1][HELD_MAX];
static unsigned count[STACKS + 1];
static uint64_t seed;

static uint32_t throw(uint32_t below)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % below;
}

static int assign(unsigned n)
{
    uint16_t port;
    int rc = clp_assign(&plex_select(n)->clp, DVA, 0, SERVER, 80, &port);

    if (rc != CLP_OK)
        return rc;
    if (owner[port])
        ck_abort_msg("port %u given to %u is in use by %u", port, n, owner[port]);
    owner[port] = (uint8_t)n;
    held[n][count[n]++] = port;
    return CLP_OK;
}

static void release(unsigned n)
{
    unsigned i = throw(count[n]);
    uint16_t port = held[n][i];

    held[n][i] = held[n][--count[n]];
    owner[port] = 0;
    clp_release(&plex_select(n)->clp, DVA, port, SERVER, 80);
}

/* Connections come and go on all stacks that are up; each new one gets its port. */
static void work(unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        unsigned n = 1 + throw(STACKS);

        if (!plex.systems[n].stack)
            continue;
        if (count[n] < HELD_MAX && (count[n] == 0 || throw(5) < 3))
            ck_assert_int_eq(assign(n), CLP_OK);
        else
            release(n);
    }
}

/* No port is in two maps, none is in no map. */
static void sound(void)
{
    struct clp_audit a;

    for (unsigned n = 1; n <= STACKS; n++) {
        if (!plex.systems[n].stack)
            continue;
        ck_assert_int_eq(clp_check(&plex_select(n)->clp, DVA, &a), CLP_OK);
        ck_assert_uint_eq(a.differences, 0);
        ck_assert_uint_eq(a.doubles, 0);
        ck_assert_uint_eq(a.leaked, 0);
        ck_assert_uint_eq(a.pool + a.owned, PORTS_PER_DVIPA);
    }
}

static void start(enum profile_store store, uint16_t blocksize)
{
    memset(owner, 0, sizeof owner);
    memset(count, 0, sizeof count);
    seed = 4711;
    plex_define(1, DVA, blocksize);
    plex.systems[1].profile.dvipas[0].clusterports.store = store;
    plex_distribute(1, DVA);
    for (unsigned n = 1; n <= STACKS; n++)
        plex_ipl(n);
    plex_settle();
}

static void lose_cf01(void)
{
    ck_assert_int_eq(cf_fail(plex.segment), 0);
}

static uint16_t operate(enum cf_command command, const char *structure)
{
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];
    struct cf *cf;

    ck_assert_int_eq(cf_open(plex.segment, "OPERATOR", &cf), 0);
    put_be16(mcb + MCB_COMMAND, (uint16_t)command);
    xes_name(mcb + MCB_NAME, CF_NAME_SIZE, structure);
    cf_message(cf, mcb, NULL, 0, mrb, NULL, 0);
    cf_close(cf);
    return get_be16(mrb + MRB_RESPONSE);
}

static void move_ports(void)
{
    ck_assert_uint_eq(operate(CF_CMD_REBUILD_START, CLP_STRUCTURE), CF_RSP_OK);
}

/* --- */

static const struct {
    enum profile_store store;
    uint16_t blocksize;
    bool maps;                  /* of the stacks: there is an audit */
} keepers[] = {
    { STORE_BITMAP, 64, true }, { STORE_BITMAP, 1, true }, { STORE_BITMAP, 1024, true }, { STORE_REVERSED, 64, true },
    { STORE_CLUSTERWIDE, 64, false }, { STORE_LISTS, 64, false }, { STORE_LISTS, 16, false }, { STORE_CRHT, 64, false },
};
enum { KEEPERS = sizeof keepers / sizeof keepers[0] };

START_TEST(all_go_on_when_the_cf_is_lost)
{
    plex_pair();
    start(keepers[_i].store, keepers[_i].blocksize);
    work(1000);
    lose_cf01();
    work(1000);                 /* who needs a port meanwhile waits for the rebuild, and gets it */
    plex_settle();
    work(1000);
    if (keepers[_i].maps)
        sound();
    ck_assert_ptr_nonnull(strstr(plex_wto, "IXC526I STRUCTURE IXCSTR1 IS REBUILDING FROM COUPLING FACILITY CF01 TO COUPLING FACILITY CF02"));
    for (unsigned n = 1; n <= STACKS; n++) {
        ck_assert(!plex.systems[n].stack->xcf.connection->lost);
        ck_assert_str_eq(plex.systems[n].stack->xcf.connection->cfname, "CF02");
        for (unsigned other = 1; other <= STACKS; other++)
            ck_assert_ptr_nonnull(xcf_member(&plex.systems[n].stack->xcf, (uint8_t)other));
    }
}
END_TEST

/* More destinations than a stack has records of, and a socket that was bound: all of it is entered again. */
START_TEST(a_crht_is_rebuilt_whole)
{
    enum { DESTINATIONS = 3 * CLP_DESTINATIONS, BOUND = 5000 };
    struct clp_tuple tuples[DESTINATIONS + 1];

    plex_pair();
    start(STORE_CRHT, 64);
    struct clp *one = &plex_select(1)->clp;
    for (uint32_t i = 0; i < DESTINATIONS; i++) {
        tuples[i] = (struct clp_tuple){ .source = DVA, .destination = SERVER + i, .dport = 80 };
        ck_assert_int_eq(clp_assign(one, DVA, 0, SERVER + i, 80, &tuples[i].port), CLP_OK);
    }
    struct clp_tuple *bound = &tuples[DESTINATIONS];
    *bound = (struct clp_tuple){ .source = DVA, .destination = SERVER, .dport = 81 };
    ck_assert_int_eq(clp_claim(one, DVA, BOUND), CLP_OK);
    ck_assert_int_eq(clp_assign(one, DVA, BOUND, SERVER, 81, &bound->port), CLP_OK);
    clp_release(one, DVA, tuples[1].port, SERVER + 1, 80);
    clp_release(one, DVA, tuples[DESTINATIONS - 1].port, SERVER + DESTINATIONS - 1, 80);
    lose_cf01();
    plex_settle();
    for (uint32_t i = 0; i <= DESTINATIONS; i++)
        ck_assert_uint_eq(clp_tuple_owner(&plex_select(2)->clp, &tuples[i]), i == 1 || i == DESTINATIONS - 1 ? 0 : 1);
    clp_release(&plex_select(1)->clp, DVA, bound->port, SERVER, 81);
    ck_assert_uint_eq(clp_tuple_owner(&plex_select(2)->clp, bound), 0);
}
END_TEST

/* The CF is lost before message _i of MVS1; with block size 1 each connection and each end of one is several messages. */
START_TEST(lost_at_any_message)
{
    plex_pair();
    start(STORE_BITMAP, 1);
    work(60);
    plex_select(1);
    host_platform_strike_after((unsigned)_i, lose_cf01);
    work(60);
    plex_settle();
    work(60);
    sound();
}
END_TEST

/* SETXCF START,REBUILD at any message: nothing is lost, nobody sees anything but a pause. */
START_TEST(moved_at_any_message)
{
    plex_pair();
    start(STORE_BITMAP, 1);
    work(60);
    plex_select(1);
    host_platform_strike_after((unsigned)_i, move_ports);
    work(60);
    plex_settle();
    sound();
    ck_assert_str_eq(plex.systems[1].stack->clp.connection->cfname, "CF02");
    ck_assert_str_eq(plex.systems[1].stack->xcf.connection->cfname, "CF01");
    move_ports();               /* and back */
    work(60);
    plex_settle();
    sound();
    ck_assert_str_eq(plex.systems[1].stack->clp.connection->cfname, "CF01");
}
END_TEST

static void lose_cf02(void)
{
    ck_assert_int_eq(cf_fail(plex.segment2), 0);
}

static void move_again(void)
{
    (void)operate(CF_CMD_REBUILD_START, CLP_STRUCTURE);     /* refused as long as the first move is under way */
}

/* The next rebuild begins at any message of MVS3, which answers last: also when the others have not heard yet that the one
 * before is over. */
START_TEST(one_rebuild_after_the_other)
{
    plex_pair();
    start(STORE_BITMAP, 64);
    work(300);
    move_ports();
    plex_select(3);
    host_platform_strike_after((unsigned)_i / 2, _i % 2 ? lose_cf02 : move_again);
    plex_settle();
    plex_select(3);
    host_platform_strike_after(0, NULL);
    work(300);
    plex_settle();
    sound();
    for (unsigned n = 2; n <= STACKS; n++)
        ck_assert_str_eq(plex.systems[n].stack->clp.connection->cfname, plex.systems[1].stack->clp.connection->cfname);
}
END_TEST

static void forget(unsigned n)
{
    while (count[n])
        owner[held[n][--count[n]]] = 0;
}

/* Nobody has recovered its ports when the map that says which they are is lost. */
START_TEST(ports_of_a_stack_that_died_come_back)
{
    plex_pair();
    start(STORE_BITMAP, 64);
    work(600);
    lose_cf01();
    plex_kill(3);
    forget(3);
    plex_settle();
    work(200);
    sound();
    plex_ipl(3);                /* and it can come back */
    plex_settle();
    work(600);
    sound();
}
END_TEST

static void kill_third(void)
{
    unsigned self = host_platform_selected();

    plex_kill(3);
    host_platform_select(self);
}

/* MVS3 dies before message _i of what MVS1 does in the rebuild. */
START_TEST(a_stack_dies_in_the_rebuild)
{
    plex_pair();
    start(STORE_BITMAP, 64);
    work(300);
    lose_cf01();
    plex_select(1);
    host_platform_strike_after((unsigned)_i, kill_third);
    plex_settle();
    plex_select(1);
    host_platform_strike_after(0, NULL);
    if (plex.systems[3].stack)
        plex_kill(3);
    forget(3);
    plex_settle();
    for (unsigned n = 1; n <= 2; n++)
        stack_recover(plex_select(n), "MVS3", 3);
    work(300);
    sound();
}
END_TEST

/* Connections are refused while a structure is being rebuilt: the IPL waits, and the other stacks end the rebuild meanwhile. */
START_TEST(ipl_in_the_middle_of_a_rebuild)
{
    static const char *const structures[] = { XCF_STRUCTURE, CLP_STRUCTURE };

    plex_pair();
    start(STORE_BITMAP, 64);
    work(300);
    plex_kill(2);
    for (unsigned i = 0; i < count[2]; i++)
        owner[held[2][i]] = 0;
    count[2] = 0;
    plex_settle();
    ck_assert_uint_eq(operate(CF_CMD_REBUILD_START, structures[_i]), CF_RSP_OK);
    plex_ipl(2);                /* asserts that it has joined */
    plex_settle();
    work(300);
    sound();
    ck_assert_str_eq((_i ? plex.systems[2].stack->clp.connection : plex.systems[2].stack->xcf.connection)->cfname, "CF02");
}
END_TEST

START_TEST(without_another_cf_ports_that_are_owned_go_on)
{
    unsigned more = 0;

    start(STORE_BITMAP, 64);
    work(300);
    lose_cf01();
    plex_settle();
    while (assign(1) == CLP_OK && more < HELD_MAX / 2)
        more++;
    ck_assert_uint_gt(more, 0);
    ck_assert_uint_lt(more, HELD_MAX / 2);
    ck_assert_int_eq(plex.systems[1].stack->clp.reason, CLP_REASON_CF);
    release(1);
    ck_assert_int_eq(assign(1), CLP_OK);
    ck_assert_ptr_nonnull(strstr(plex_wto, "IXC521I REBUILD FOR STRUCTURE EZBEPORT IS NOT POSSIBLE"));
}
END_TEST

/* Both CFs, one after the other: the second one while the rebuild into it is under way. */
START_TEST(the_other_cf_is_lost_too)
{
    plex_pair();
    start(STORE_BITMAP, 64);
    work(300);
    lose_cf01();
    plex_select(1);
    host_platform_attend(0);
    ck_assert_int_eq(cf_fail(plex.segment2), 0);
    plex_settle();
    for (unsigned n = 1; n <= STACKS; n++) {
        release(n);
        ck_assert_int_eq(assign(n), CLP_OK);
    }
}
END_TEST

/* A duplexed structure: the stacks notice nothing. */
START_TEST(duplexed_nobody_notices)
{
    plex_pair();
    start(STORE_BITMAP, 64);
    ck_assert_uint_eq(operate(CF_CMD_DUPLEX_START, CLP_STRUCTURE), CF_RSP_OK);
    ck_assert_uint_eq(operate(CF_CMD_DUPLEX_START, XCF_STRUCTURE), CF_RSP_OK);
    work(1000);
    lose_cf01();
    work(1000);
    plex_settle();
    sound();
    ck_assert_ptr_null(strstr(plex_wto, "REBUILD"));
}
END_TEST

/* --- the operator -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *command, *answer;
} commands[] = {
    { "D XCF,STR", "EZBEPORT         " },
    { "D XCF,STR", "IXC359I" },
    { "D XCF,STR,STRNAME=EZBEPORT", "STRNAME: EZBEPORT\n STATUS: ALLOCATED\n TYPE: SERIALIZED LIST\n POLICY INFORMATION:\n  STRUCTURE IS NOT IN" },
    { "D XCF,STR,STRNAME=EZBEPORT", "  CFNAME         : CF01\n" },
    { "D XCF,STR,STRNAME=EZBEPORT", " EZBTCPCSMVS2     02 00020001 MVS2     TCPIP    ACTIVE\n" },
    { "D XCF,STR,STRNAME=NOWHERE", "NO STRUCTURES MATCH THE SPECIFIED CRITERIA" },
    { "D XCF,STR,NAME=X", "IEE309I D        UNIDENTIFIABLE KEYWORD" },
    { "D XCF,CF", "CF01     0F00   OPERATIONAL" },
    { "D XCF,CF,CFNAME=CF01", "CFNAME: CF01\n" },
    { "D XCF,CF,CFNAME=CF01", "STRUCTURES:\n  IXCSTR1\n  EZBEPORT\n" },
    { "D XCF,CF,CFNAME=CF09", "NO COUPLING FACILITIES MATCH" },
    { "D CF", "NAMED CF01\nCOUPLING FACILITY SPACE UTILIZATION\n" },
    { "D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT", "IST1517I LIST HEADERS = 1024 - LOCK HEADERS = 1024\nIST1373I STORAGE ELEMENT SIZE = 256\n" },
    { "D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT,LIST=ALL", "IST1834I LIST DVIPA            SYSNAME  TCPNAME  # ASSIGNED PORTS\nIST1835I " },
    { "D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT,LIST=10.1.1.1", " 10.1.1.1\nIST1837I                       MVS1     TCPIP            64\nIST1839I PORTS: " },
    { "D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT,LIST=10.1.1.1", "IST1838I                       DVIPA TOTALS              64\nIST314I END\n" },
    { "D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT,LIST=0", "IST1836I NO PORTS" },
    { "D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT,LIST=1024", "IEE309I D        UNIDENTIFIABLE KEYWORD 1024 - EXPECTED LIST=ALL, LIST=0 TO 1023 OR LIST=IPADDR" },
    { "D NET,STATS,TYPE=CFS,STRNAME=IXCSTR1,LIST=ALL", "IEE309I" },
    { "D NET,STATS,TYPE=CFS,STRNAME=NOWHERE", "IST1371I STRUCTURE NOWHERE IS NOT ALLOCATED" },
    { "D NET,STATS,STRNAME=EZBEPORT", "IEE311I D        PARAMETER MISSING" },
    { "D NET,STATS,TYPE=VTAM,STRNAME=EZBEPORT", "IEE309I" },
    { "SETXCF START,REBUILD", "IEE311I SETXCF   PARAMETER MISSING" },
    { "SETXCF START,REBUILD,STRNAME=NOWHERE", "IXC367I THE SETXCF START REBUILD REQUEST FOR STRUCTURE NOWHERE WAS REJECTED:\n STRUCTURE IS NOT ALLOCATED\n" },
    { "SETXCF START,REBUILD,STRNAME=EZBEPORT,LOCATION=MOON", "IEE309I" },
    { "SETXCF START,REBUILD,STRNAME=EZBEPORT,LOCATION=NORMAL", "WAS REJECTED:\n NO COUPLING FACILITY IS PREFERRED TO CF01 WHERE IT IS" },
    { "SETXCF START,REBUILD,STRNAME=EZBEPORT", "WAS REJECTED:\n NO COUPLING FACILITY IS PREFERRED" },
    { "SETXCF START,REBUILD,STRNAME=EZBEPORT,LOCATION=OTHER", "IXC367I THE SETXCF START REBUILD REQUEST FOR STRUCTURE EZBEPORT WAS ACCEPTED." },
    { "SETXCF STOP,REBUILD,STRNAME=EZBEPORT", "IXC367I THE SETXCF STOP REBUILD REQUEST FOR STRUCTURE EZBEPORT WAS REJECTED:\n A REBUILD" },
    { "SETXCF START,ALTER,STRNAME=EZBEPORT,SIZE=6144", "IXC534I SETXCF REQUEST TO ALTER STRUCTURE EZBEPORT COMPLETED. TARGET SIZE: 6144 K, CURRENT SIZE: 6144 K" },
    { "SETXCF START,ALTER,STRNAME=NOWHERE,SIZE=4096", "IXC533I SETXCF REQUEST TO ALTER STRUCTURE NOWHERE REJECTED: STRUCTURE IS NOT ALLOCATED" },
    { "SETXCF START,ALTER,STRNAME=EZBEPORT,SIZE=BIG", "IEE306I SETXCF   INVALID NUMERICS" },
};

static void command(struct operator *o, const char *text)
{
    plex_select(1);
    plex_wto[0] = 0;
    operator_command(o, text);
}

START_TEST(each_command_is_answered)
{
    struct operator o;
    uint16_t port;

    plex_pair();
    start(STORE_BITMAP, 64);
    ck_assert_int_eq(clp_assign(&plex_select(1)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);     /* a block of 64 */
    operator_init(&o);
    operator_cf_register(&o, &plex.systems[1].stack->clp);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        command(&o, commands[i].command);
        ck_assert_msg(strstr(plex_wto, commands[i].answer), "%s: expected %s, found\n%s", commands[i].command, commands[i].answer, plex_wto);
        if (strstr(plex_wto, "WAS ACCEPTED")) {
            plex_settle();
            plex_settle();
            command(&o, "D XCF,STR,STRNAME=EZBEPORT");
            ck_assert_ptr_nonnull(strstr(plex_wto, "  CFNAME         : CF02\n"));
        }
    }
    lose_cf01();
    command(&o, "D XCF,CF");
    ck_assert_ptr_nonnull(strstr(plex_wto, "NOT OPERATIONAL"));
    command(&o, "D XCF,STR,STRNAME=IXCSTR1");
    ck_assert_ptr_nonnull(strstr(plex_wto, " STATUS: LOSS OF CONNECTIVITY\n"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("cfloss");

    tcase_add_loop_test(t, all_go_on_when_the_cf_is_lost, 0, KEEPERS);
    tcase_add_test(t, a_crht_is_rebuilt_whole);
    tcase_add_loop_test(t, lost_at_any_message, 0, 16);
    tcase_add_loop_test(t, moved_at_any_message, 0, 16);
    tcase_add_loop_test(t, one_rebuild_after_the_other, 0, 60);
    tcase_add_test(t, ports_of_a_stack_that_died_come_back);
    tcase_add_loop_test(t, a_stack_dies_in_the_rebuild, 0, 12);
    tcase_add_loop_test(t, ipl_in_the_middle_of_a_rebuild, 0, 2);
    tcase_add_test(t, without_another_cf_ports_that_are_owned_go_on);
    tcase_add_test(t, the_other_cf_is_lost_too);
    tcase_add_test(t, duplexed_nobody_notices);
    tcase_add_test(t, each_command_is_answered);
    return plex_main(t, "core_cfloss");
}
