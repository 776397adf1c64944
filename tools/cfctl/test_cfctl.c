/* cfctl as its user sees it: what it prints and how it ends. */
#include <check.h>
#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/tests/cf_fixture.h"

static char output[65536];

/* Run cfctl with %s standing for the segment's name; its output and messages go to output[]. Result: its exit code. */
static int cfctl(const char *arguments)
{
    char command[512], filled[256];
    snprintf(filled, sizeof filled, arguments, segment_name);
    snprintf(command, sizeof command, "build/bin/cfctl %s 2>&1", filled);
    FILE *from = popen(command, "r");
    ck_assert_ptr_nonnull(from);
    output[fread(output, 1, sizeof output - 1, from)] = 0;
    return WEXITSTATUS(pclose(from));
}

static void says(const char *text)
{
    ck_assert_msg(strstr(output, text) != NULL, "expected '%s' in:\n%s", text, output);
}

static struct cf *cf;
static struct cf_user one, two;

static void setup(void)
{
    cf = segment_new(SEGMENT_SIZE);
    ck_assert_int_eq(connect_as(cf, "EZBEPORT", "TCPCS1", &usual, &one), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "EZBEPORT", "TCPCS2", &usual, &two), CF_RSP_OK);
}

static void teardown(void)
{
    cf_close(cf);
    cf_remove(segment_name);
}

START_TEST(creates_checks_and_removes)
{
    cf_remove(segment_name);
    ck_assert_int_eq(cfctl("create %s --cfname CF07 --size 2M"), 0);
    ck_assert_int_eq(cfctl("create %s"), 2);
    says("it exists already");
    ck_assert_int_eq(cfctl("display %s"), 0);
    says("NAMED CF07");
    ck_assert_int_eq(cfctl("check %s"), 0);
    says("0 findings");
    ck_assert_int_eq(cfctl("remove %s"), 0);
    ck_assert_int_eq(cfctl("remove %s"), 2);
    says("no such coupling facility");
    ck_assert_int_eq(cfctl("display %s"), 2);
}
END_TEST

START_TEST(policies_are_checked_started_shown_and_stopped)
{
    ck_assert_int_eq(cfctl("policy check config/CFRMPOL.policy"), 0);
    says("1 policy, 0 mistakes");
    ck_assert_int_eq(cfctl("policy display %s"), 0);
    says("THE CFRM ACTIVE POLICY IS EMPTY");
    ck_assert_int_eq(cfctl("policy start %s config/CFRMPOL.policy"), 0);
    ck_assert_int_eq(cfctl("policy display %s"), 0);
    says("STRUCTURE NAME(IXCSTR1) SIZE(16384K)");
    struct cf_user third;
    ck_assert_int_eq(connect_as(cf, "OTHER", "TCPCS3", &usual, &third), CF_RSP_NOT_IN_POLICY);
    ck_assert_int_eq(cfctl("policy stop %s"), 0);
    ck_assert_int_eq(connect_as(cf, "OTHER", "TCPCS3", &usual, &third), CF_RSP_OK);
    ck_assert_int_eq(cfctl("policy start %s config/threeway.conf"), 2);
    says("nothing was started");
    ck_assert_int_eq(cfctl("policy start %s config/CFRMPOL.policy --polname NONE"), 2);
    says("expected the name of one of its policies: PLEX1POL");
    ck_assert_int_eq(cfctl("policy check /nonexistent/policy"), 1);
    ck_assert_int_eq(cfctl("policy start nobody.CF99 config/CFRMPOL.policy"), 2);
    says("no such coupling facility");
    ck_assert_int_eq(cfctl("policy begin %s"), 2);
    says("expected check FILE, start NAME... FILE");
}
END_TEST

START_TEST(displays_connections_locks_and_waiters)
{
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 5}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND, .lock = 5}),
                     CF_RSP_LOCK_QUEUED);
    ck_assert_int_eq(cfctl("display %s xcf,str"), 0);
    says("IXC359I");
    says("EZBEPORT");
    says("SERIALIZED LIST");
    ck_assert_int_eq(cfctl("display %s xcf,str,strname=EZBE*"), 0);
    says("IXC360I");
    says("STRNAME: EZBEPORT");
    says("# CONNECTIONS: 2");
    says("TCPCS1           01");
    says("LOCKS:              1          8    12");
    ck_assert_int_eq(cfctl("display %s xcf,str,strname=NONE"), 2);
    says("NO STRUCTURES MATCH");
    ck_assert_int_eq(cfctl("locks %s EZBEPORT"), 0);
    says("LOCK 5       HELD BY 01 TCPCS1");
    says("WAITER  02 TCPCS2");
    ck_assert_int_eq(cfctl("locks %s NONE"), 2);
    says("no such structure");
}
END_TEST

START_TEST(displays_lock_structures_and_pairs)
{
    struct attributes lock = {.locks = 64, .size_kib = 512};
    struct cf_user holder, sharer;
    cf_close(cf);
    cf = pair_new(SEGMENT_SIZE);
    ck_assert_int_eq(connect_as(cf, "IRLM", "LOCK1", &lock, &holder), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "IRLM", "LOCK2", &lock, &sharer), CF_RSP_OK);
    uint8_t mcb[CF_MCB_SIZE];
    for (int i = 0; i < 3; i++) {
        cf_request(mcb, i == 2 ? &sharer : &holder, CF_CMD_LOCK_OBTAIN);
        mcb[MCB_ADJUNCT + LOP_STATE] = i == 0 ? CF_STATE_EXCL : CF_STATE_SHR;
        put_be32(mcb + MCB_ADJUNCT + LOP_INDEX, i == 0 ? 7 : 9);
        ck_assert_int_eq(cf_send(cf, mcb, mrb), CF_RSP_OK);
    }
    ck_assert_int_eq(cfctl("locks %s IRLM"), 0);
    says("LOCK TABLE ENTRY 7: MANAGER 01 LOCK1\n   INTEREST 01 LOCK1            ACTIVE");
    says("LOCK TABLE ENTRY 9: SHARED\n   INTEREST 01 LOCK1            ACTIVE\n   INTEREST 02 LOCK2");
    ck_assert_int_eq(cfctl("display %s xcf,str,strname=irlm"), 0);
    says("TYPE: LOCK");
    says("LOCKS:              2         64     3");
    ck_assert_int_eq(cfctl("list %s IRLM"), 2);
    ck_assert_int_eq(cfctl("display %s xcf,cf"), 0);
    says("\nCF01 ");
    says("\nCF02 ");
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "IRLM", 0), CF_RSP_OK);
    ck_assert_int_eq(cfctl("display %s xcf,str,strname=IRLM"), 0);
    says("PHASE: DUPLEX ESTABLISHED");
    char command[128];
    snprintf(command, sizeof command, "display %s xcf,cf,cfname=CF02", peer_name);
    ck_assert_int_eq(cfctl(command), 0);
    says("  IRLM\n");
    /* A dump of the second CF has the structure too, and comes back simplex. */
    snprintf(command, sizeof command, "dump %s build/check.%d.dump", peer_name, (int)getpid());
    ck_assert_int_eq(cfctl(command), 0);
    cf_remove(peer_name);
    snprintf(command, sizeof command, "restore build/check.%d.dump %s", (int)getpid(), peer_name);
    ck_assert_int_eq(cfctl(command), 0);
    snprintf(command, sizeof command, "locks %s IRLM", peer_name);
    ck_assert_int_eq(cfctl(command), 0);
    says("LOCK TABLE ENTRY 7: MANAGER 01 LOCK1\n   INTEREST 01 LOCK1            FAILED-PERSISTENT");
    cf_remove(peer_name);
    snprintf(command, sizeof command, "build/check.%d.dump", (int)getpid());
    unlink(command);
}
END_TEST

START_TEST(displays_the_facility)
{
    ck_assert_int_eq(cfctl("display %s"), 0);
    says("IXL150I");
    says("TOTAL SPACE:         3840 K");
    says("VOLATILE:               YES");
    says("STORAGE INCREMENT SIZE: 256 K");
    says("CFLEVEL:                17");
    says(" TEST ");
    ck_assert_int_eq(cfctl("display %s xcf,cf"), 0);
    says("IXC361I");
    ck_assert_int_eq(cfctl("display %s xcf,cf,cfname=cf01"), 0);
    says("IXC362I");
    says("  EZBEPORT");
    ck_assert_int_eq(cfctl("display %s xcf,cf,cfname=CF02"), 2);
    says("NO COUPLING FACILITIES MATCH");
    ck_assert_int_eq(cfctl("display %s xcf"), 2);
    ck_assert_int_eq(cfctl("--json display %s"), 0);
    cJSON *json = cJSON_Parse(output);
    ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(json, "cfname")), "CF01");
    ck_assert_int_eq((int)cJSON_GetNumberValue(cJSON_GetObjectItem(json, "totalKiB")), 3840);
    cJSON_Delete(json);
}
END_TEST

START_TEST(operates_pairs)
{
    ck_assert_int_eq(cfctl("duplex %s START EZBEPORT"), 2);
    says("the facility is not paired");
    cf_close(cf);
    cf_remove(peer_name);
    ck_assert_int_eq(cf_create(peer_name, "CF02", SEGMENT_SIZE), 0);
    ck_assert_int_eq(cfctl("pair %1$s %1$s.2"), 0);
    ck_assert_int_eq(cfctl("pair %1$s %1$s.2"), 2);
    says("of a pair already");
    cf = segment_open();
    ck_assert_int_eq(connect_as(cf, "EZBEPORT", "TCPCS1", &usual, &one), CF_RSP_OK);
    ck_assert_int_eq(cfctl("duplex %s START NOBODY"), 2);
    says("no such structure");
    ck_assert_int_eq(cfctl("duplex %s START EZBEPORT"), 0);
    ck_assert_int_eq(cfctl("display %s xcf,str,strname=EZBEPORT"), 0);
    says("DUPLEX");
    ck_assert_int_eq(cfctl("duplex %s STOP EZBEPORT KEEP=SOME"), 2);
    ck_assert_int_eq(cfctl("duplex %s STOP EZBEPORT KEEP=NEW"), 0);
    ck_assert_uint_eq(cf->slots[0].where, 1);
    ck_assert_int_eq(cfctl("rebuild %s START EZBEPORT"), 0);
    ck_assert_uint_eq(cf->slots[0].where, 0);
    ck_assert_int_eq(cfctl("rebuild %s START EZBEPORT USER"), 0);
    ck_assert_int_eq(cfctl("rebuild %s STOP EZBEPORT"), 0);
    ck_assert_int_eq(cfctl("activate %s"), 2);
    says("has not failed");
    ck_assert_int_eq(cfctl("fail %s.2"), 0);
    ck_assert_int_eq(cfctl("activate %s.2"), 0);
    ck_assert_int_eq(cfctl("check %s"), 0);
}
END_TEST

START_TEST(tells_statistics)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_HEAD}), CF_RSP_NO_ENTRY);
    ck_assert_int_eq(cfctl("statistics %s EZBEPORT"), 0);
    says("# REQ TOTAL            5");       /* with two connects */
    says("READ                        3   60.0          0          3");
    ck_assert_int_eq(cfctl("statistics %s --interval 0.05 --json"), 0);
    cJSON *json = cJSON_Parse(output);
    ck_assert_int_eq(cJSON_GetArraySize(json), 1);
    ck_assert_int_eq((int)cJSON_GetNumberValue(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "requests")), 0);
    cJSON_Delete(json);
    ck_assert_int_eq(cfctl("statistics %s NONE"), 2);
    ck_assert_int_eq(cfctl("statistics %s --interval 0"), 64);
}
END_TEST

START_TEST(lists_entries)
{
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "DVA1", .list = 3, .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .length = 700, .fill = 0x41, .adjunct = 0xA7}),
                     CF_RSP_OK);
    ck_assert_int_eq(cfctl("list %s EZBEPORT"), 0);
    says("LIST 3: 1 ENTRIES, 3 ELEMENTS, LIMIT 8192 ENTRIES");
    says("DVA1");
    says("   700    3\n");
    ck_assert_ptr_null(strstr(output, "ADJUNCT"));
    ck_assert_int_eq(cfctl("list %s EZBEPORT 3"), 0);
    says("        +0030  A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7  *................*");
    says("DATA    +0000  41414141414141414141414141414141  *AAAAAAAAAAAAAAAA*");
    says("+02B0  414141414141414141414141          *AAAAAAAAAAAA*");
    ck_assert_int_eq(cfctl("list %s EZBEPORT 0"), 0);
    says("LIST 0: 0 ENTRIES");
    ck_assert_int_eq(cfctl("list %s EZBEPORT 8"), 2);
    says("no such list");
    ck_assert_int_eq(cfctl("list %s EZBEPORT 1x"), 2);
    ck_assert_int_eq(cfctl("list %s EZBEPORT --json"), 0);
    cJSON *json = cJSON_Parse(output);
    const cJSON *entries = cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "entries");
    ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(entries, 0), "name")), "DVA1");
    ck_assert_uint_eq(strlen(cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(entries, 0), "data"))), 1400);
    cJSON_Delete(json);
}
END_TEST

/* A dump is read, damaged and read again. */
static void damage(const char *path, long at)
{
    FILE *file = fopen(path, "r+");
    ck_assert_ptr_nonnull(file);
    fseek(file, at, at < 0 ? SEEK_END : SEEK_SET);
    int byte = fgetc(file);
    fseek(file, -1, SEEK_CUR);
    fputc(byte ^ 0x10, file);
    fclose(file);
}

START_TEST(dumps_and_restores)
{
    char path[64], copy[64];
    snprintf(path, sizeof path, "build/check.%d.dump", (int)getpid());
    snprintf(copy, sizeof copy, "%s.copy", segment_name);
    static char command[256];
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "DVA1", .list = 3, .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .length = 13312, .fill = 7, .adjunct = 0xA7}),
                     CF_RSP_OK);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 5}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND, .lock = 5}), CF_RSP_LOCK_QUEUED);
    snprintf(command, sizeof command, "dump %%s %s", path);
    ck_assert_int_eq(cfctl(command), 0);
    ck_assert_int_eq(cfctl("dump %s /none/such"), 2);

    snprintf(command, sizeof command, "restore %s %%s.copy", path);
    ck_assert_int_eq(cfctl(command), 0);
    ck_assert_int_eq(cfctl(command), 2);
    says("it exists already");
    ck_assert_int_eq(cfctl("check %s.copy"), 0);
    ck_assert_int_eq(cfctl("display %s.copy xcf,str,strname=EZBEPORT"), 0);
    says("FAILED-PERSISTENT");
    ck_assert_int_eq(cfctl("locks %s.copy EZBEPORT"), 0);
    ck_assert_str_eq(output, "");
    struct cf *restored;
    struct cf_user again;
    ck_assert_int_eq(cf_open(copy, "TEST", &restored), 0);
    ck_assert_int_eq(connect_as(restored, "EZBEPORT", "TCPCS1", &usual, &again), CF_RSP_OK);
    ck_assert_int_eq(ask(&again, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = "DVA1", .options = CF_OPT_DATA | CF_OPT_ADJUNCT}), CF_RSP_OK);
    ck_assert_uint_eq(get_be32(mrb + MRB_DATALEN), 13312);
    ck_assert_uint_eq(data_in[13311], 7);
    ck_assert_uint_eq(mrb[MRB_ADJUNCT + 63], 0xA7);
    cf_close(restored);
    cf_remove(copy);

    damage(path, -5);       /* in the checksum */
    ck_assert_int_eq(cfctl(command), 2);
    damage(path, -5);
    damage(path, 200);
    ck_assert_int_eq(cfctl(command), 2);
    damage(path, 200);
    ck_assert_int_eq(truncate(path, 1000), 0);
    ck_assert_int_eq(cfctl(command), 2);
    ck_assert_int_eq(cfctl("display %s.copy"), 2);      /* nothing was made */
    ck_assert_int_eq(cfctl("restore /dev/null %s.copy"), 2);
    says("not a dump");
    unlink(path);
}
END_TEST

START_TEST(restore_finds_damage)
{
    char path[64], command[256];
    snprintf(path, sizeof path, "build/check.%d.dump", (int)getpid());
    cf_list_at(cf_control(cf, &cf->slots[0]), 2)->count++;
    snprintf(command, sizeof command, "dump %%s %s", path);
    ck_assert_int_eq(cfctl(command), 0);
    cf_list_at(cf_control(cf, &cf->slots[0]), 2)->count--;
    snprintf(command, sizeof command, "restore %s %%s.copy", path);
    ck_assert_int_eq(cfctl(command), 2);
    says("list 2: 0 entries");
    says("is damaged");
    ck_assert_int_eq(cfctl("display %s.copy"), 2);
    unlink(path);
}
END_TEST

START_TEST(check_reports_damage)
{
    cf_list_at(cf_control(cf, &cf->slots[0]), 2)->count++;
    ck_assert_int_eq(cfctl("check %s"), 1);
    says("list 2: 0 entries");
    says("1 finding\n");
    cf_list_at(cf_control(cf, &cf->slots[0]), 2)->count--;
}
END_TEST

START_TEST(refuses_wrong_usage)
{
    ck_assert_int_eq(cfctl("--help"), 0);
    says("Exit code");
    ck_assert_int_eq(cfctl(""), 64);
    ck_assert_int_eq(cfctl("frobnicate %s"), 64);
    says("no such command");
    ck_assert_int_eq(cfctl("list %s"), 64);
    ck_assert_int_eq(cfctl("create %s --size 5"), 64);
    ck_assert_int_eq(cfctl("create %s --size -1M"), 64);
    ck_assert_int_eq(cfctl("create %s --size 64X"), 64);
    ck_assert_int_eq(cfctl("create %s --size 99999999999999999999G"), 64);
    ck_assert_int_eq(cfctl("create %s.x --cfname lower"), 64);
    says("--cfname lower: expected 1 to 8 characters");
    ck_assert_int_eq(cfctl("create %s.x --times 0"), 64);
    says("--times 0: expected a number from 1 to 1000000000");
    ck_assert_int_eq(cfctl("create a/b"), 2);
    says("create a/b: this is no segment's name: expected");
    ck_assert_int_eq(cfctl("display ../etc/passwd"), 2);
    ck_assert_int_eq(cfctl("pair %1$s %1$s"), 2);
    says("expected two facilities");
    ck_assert_int_eq(cfctl("pair %1$s %1$s.none"), 2);
    says("one of them is not there");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cfctl");
    TCase *tests = tcase_create("cfctl");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, creates_checks_and_removes);
    tcase_add_test(tests, policies_are_checked_started_shown_and_stopped);
    tcase_add_test(tests, displays_connections_locks_and_waiters);
    tcase_add_test(tests, lists_entries);
    tcase_add_test(tests, displays_the_facility);
    tcase_add_test(tests, displays_lock_structures_and_pairs);
    tcase_add_test(tests, operates_pairs);
    tcase_add_test(tests, tells_statistics);
    tcase_add_test(tests, dumps_and_restores);
    tcase_add_test(tests, restore_finds_damage);
    tcase_add_test(tests, check_reports_damage);
    tcase_add_test(tests, refuses_wrong_usage);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
