/* cfctl as its user sees it: what it prints and how it ends. */
#include <check.h>
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
    says("CFNAME: CF07");
    ck_assert_int_eq(cfctl("check %s"), 0);
    says("0 findings");
    ck_assert_int_eq(cfctl("remove %s"), 0);
    ck_assert_int_eq(cfctl("remove %s"), 2);
    says("no such coupling facility");
    ck_assert_int_eq(cfctl("display %s"), 2);
}
END_TEST

START_TEST(displays_connections_locks_and_waiters)
{
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 5}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND, .lock = 5}),
                     CF_RSP_LOCK_QUEUED);
    ck_assert_int_eq(cfctl("display %s"), 0);
    says("EZBEPORT");
    says("SERIALIZED LIST");
    ck_assert_int_eq(cfctl("display %s --structure EZBEPORT"), 0);
    says("STRNAME: EZBEPORT");
    says("# CONNECTIONS: 2");
    says("TCPCS1           01");
    says("HELD BY 01 TCPCS1");
    says("WAITER  02 TCPCS2");
    ck_assert_int_eq(cfctl("display %s --structure NONE"), 2);
    says("no such structure");
}
END_TEST

START_TEST(lists_entries)
{
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "DVA1", .list = 3, .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .length = 700, .adjunct = 0xA7}),
                     CF_RSP_OK);
    ck_assert_int_eq(cfctl("list %s EZBEPORT"), 0);
    says("LIST 3: 1 ENTRIES");
    says("DVA1");
    says("   700    3 A7A7");
    ck_assert_int_eq(cfctl("list %s EZBEPORT 0"), 0);
    says("LIST 0: 0 ENTRIES");
    ck_assert_int_eq(cfctl("list %s EZBEPORT 8"), 2);
    says("no such list");
    ck_assert_int_eq(cfctl("list %s EZBEPORT 1x"), 2);
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
    ck_assert_int_eq(cfctl("create %s.x --cfname lower"), 2);
    ck_assert_int_eq(cfctl("display ../etc/passwd"), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cfctl");
    TCase *tests = tcase_create("cfctl");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, creates_checks_and_removes);
    tcase_add_test(tests, displays_connections_locks_and_waiters);
    tcase_add_test(tests, lists_entries);
    tcase_add_test(tests, check_reports_damage);
    tcase_add_test(tests, refuses_wrong_usage);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
