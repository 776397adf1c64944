/* FENCE and RESET: what is fenced is dead, or cannot do anything any more, before FENCE says so; nobody else is hurt. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_link_fixture.h"

static struct cf *cf;
static struct cf_user one, two;

static void setup(void)
{
    cf = segment_new(SEGMENT_SIZE);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &one), CF_RSP_OK);
}

static void teardown(void)
{
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    cf_close(cf);
}

static int fence(uint32_t conid, uint32_t version)
{
    return ask(&one, (struct ask){CF_CMD_FENCE, .own = {conid, version}});
}

/* TIMEOUT is "not yet". */
static int fence_done(uint32_t conid, uint32_t version)
{
    const struct timespec moment = {.tv_nsec = 2000000};
    int result = fence(conid, version);
    for (int i = 0; result == CF_RSP_TIMEOUT && i < 5000; i++) {
        nanosleep(&moment, NULL);
        result = fence(conid, version);
    }
    return result;
}

static bool failed_event(void)
{
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_VECTOR_READ}), CF_RSP_OK);
    return get_be32(mrb + MRB_OWN + VECTOR_EVENTS) & CF_EVENT_CONN_FAILED;
}

enum held { NOTHING, STRUCTURE, DIRECTORY };

/* Another process that connects, and stops itself, perhaps inside a command. It has ended its set-up when this returns. */
static pid_t stopped_user(enum held held, uint32_t *conid, uint32_t *version)
{
    int answer[2];
    uint32_t words[2];
    ck_assert_int_eq(pipe(answer), 0);
    pid_t child = fork();
    if (child == 0) {
        struct cf *own = segment_open();
        bool waited;
        if (connect_as(own, "STR1", "TWO", &usual, &two) != CF_RSP_OK)
            _exit(1);
        words[0] = two.conid;
        words[1] = get_be32(mrb + MRB_OWN + CONN_VERSION);
        if (held == STRUCTURE)
            cf_slot_lock(own, &own->slots[0], &waited);
        else if (held == DIRECTORY)
            cf_directory_lock(own);
        if (write(answer[1], words, sizeof words) != sizeof words)
            _exit(1);
        raise(SIGSTOP);
        _exit(0);
    }
    ck_assert_int_gt(child, 0);
    close(answer[1]);
    ck_assert_int_eq(read(answer[0], words, sizeof words), sizeof words);
    close(answer[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
    ck_assert(WIFSTOPPED(status));
    *conid = words[0];
    *version = words[1];
    return child;
}

static bool was_killed(pid_t child)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

START_TEST(stopped_process_is_dead_and_its_connections_have_failed)
{
    uint32_t conid, version;
    pid_t child = stopped_user(NOTHING, &conid, &version);
    ck_assert_int_eq(fence_done(conid, version), CF_RSP_OK);
    ck_assert_mem_eq(mrb + MRB_OWN + FENCE_SYSTEM, cf_control(inside, &inside->slots[0])->conn[conid].system, 8);
    ck_assert(was_killed(child));
    ck_assert(failed_event());
    ck_assert_int_eq(fence(conid, version), CF_RSP_OK);    /* again: it is done */
}
END_TEST

START_TEST(process_stopped_inside_a_command_is_found_by_what_it_holds)
{
    uint32_t conid, version;
    pid_t child = stopped_user(STRUCTURE, &conid, &version);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "A"}), CF_RSP_BUSY);
    ck_assert_int_eq(fence_done(0, 0), CF_RSP_OK);
    ck_assert(was_killed(child));
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "A"}), CF_RSP_OK);
    ck_assert(failed_event());
    ck_assert_int_eq(fence(0, 0), CF_RSP_OK);              /* nobody holds it now */
}
END_TEST

START_TEST(process_stopped_with_the_directory_is_found)
{
    uint32_t conid, version;
    struct cf_user three;
    pid_t child = stopped_user(DIRECTORY, &conid, &version);
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &three), CF_RSP_BUSY);
    ck_assert_int_eq(fence_done(0, 0), CF_RSP_OK);
    ck_assert(was_killed(child));
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &three), CF_RSP_OK);
}
END_TEST

START_TEST(later_user_of_the_connection_id_is_not_meant)
{
    uint32_t conid, version;
    pid_t child = stopped_user(NOTHING, &conid, &version);
    ck_assert_int_eq(fence(conid, version - 1), CF_RSP_NO_CONNECTION);
    ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    kill(child, SIGKILL);
    ck_assert(was_killed(child));
}
END_TEST

START_TEST(other_process_of_that_pid_is_not_meant)
{
    uint32_t conid, version;
    pid_t child = stopped_user(NOTHING, &conid, &version), other = fork();
    if (other == 0)
        for (;;)
            pause();
    kill(child, SIGKILL);
    ck_assert(was_killed(child));
    cf_control(inside, &inside->slots[0])->conn[conid].pid = (uint32_t)other;
    cf_control(inside, &inside->slots[0])->conn[conid].born--;
    ck_assert_int_eq(fence_done(conid, version), CF_RSP_OK);
    ck_assert_int_eq(waitpid(other, NULL, WNOHANG), 0);
    kill(other, SIGKILL);
    ck_assert(was_killed(other));
}
END_TEST

START_TEST(reset_ends_the_connections_of_the_earlier_life_without_a_kill)
{
    struct cf *second = segment_open();
    ck_assert_int_eq(connect_as(second, "STR1", "TWO", &usual, &two), CF_RSP_OK);
    uint32_t version = get_be32(mrb + MRB_OWN + CONN_VERSION);
    struct cf_user nobody = {.cf = second};
    ck_assert_int_eq(ask(&nobody, (struct ask){CF_CMD_RESET}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "A"}), CF_RSP_NO_CONNECTION);
    ck_assert(failed_event());
    ck_assert_int_eq(fence(two.conid, version), CF_RSP_OK);
    ck_assert_int_eq(connect_as(second, "STR1", "TWO", &usual, &two), CF_RSP_OK);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "A"}), CF_RSP_OK);
    cf_close(second);
}
END_TEST

START_TEST(fenced_view_can_do_nothing_any_more)
{
    struct cf *second = segment_open();
    ck_assert_int_eq(connect_as(second, "STR1", "TWO", &usual, &two), CF_RSP_OK);
    ck_assert_int_eq(fence_done(two.conid, get_be32(mrb + MRB_OWN + CONN_VERSION)), CF_RSP_OK);
    ck_assert_int_ne(ask(&two, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "A"}), CF_RSP_OK);
    ck_assert_int_ne(connect_as(second, "STR1", "THREE", &usual, &two), CF_RSP_OK);
    cf_close(second);
}
END_TEST

/* The image itself notices first, by its own clock. */
static void remote_setup(void)
{
    link_interval_ms = 3000;    /* a busy machine does not break the link before the test does */
    link_use_unix();
    cf = segment_new(SEGMENT_SIZE);
    ck_assert_int_eq(connect_as(inside, "STR1", "ONE", &usual, &one), CF_RSP_OK);
}

START_TEST(link_of_a_remote_system_is_cut_and_its_lease_outlasted)
{
    ck_assert_int_eq(connect_as(cf, "STR1", "TWO", &usual, &two), CF_RSP_OK);
    uint32_t version = get_be32(mrb + MRB_OWN + CONN_VERSION);
    ck_assert_int_eq(fence(two.conid, version), CF_RSP_TIMEOUT);
    int result;                 /* its connection has failed at once, its link is cut a moment later */
    do {
        result = ask(&two, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "A"});
        ck_assert_int_ne(result, CF_RSP_OK);
    } while (result == CF_RSP_NO_CONNECTION);
    ck_assert_int_eq(result, CF_RSP_CF_FAILED);
    ck_assert_ptr_nonnull(cf_lost(cf));
    ck_assert_int_eq(fence_done(two.conid, version), CF_RSP_OK);
    ck_assert(failed_event());
}
END_TEST

/* The others wait for it in a rebuild, and take its silence for its end: not before it is one. */
START_TEST(rebuild_goes_on_when_the_lease_is_outlasted)
{
    ck_assert_int_eq(connect_as(cf, "STR1", "TWO", &usual, &two), CF_RSP_OK);
    uint32_t version = get_be32(mrb + MRB_OWN + CONN_VERSION);
    struct cf_structure *s = cf_control(inside, &inside->slots[0]);
    s->rebuild_phase = CF_REBUILD_QUIESCE;
    s->conn[two.conid].rebuild_owes = 1;
    ck_assert_int_eq(fence(two.conid, version), CF_RSP_TIMEOUT);
    ck_assert_int_eq(s->conn[two.conid].state, CF_CONN_ACTIVE);
    ck_assert_int_eq(fence_done(two.conid, version), CF_RSP_OK);
    ck_assert_int_ne(s->conn[two.conid].state, CF_CONN_ACTIVE);
    s->rebuild_phase = CF_REBUILD_NONE;
}
END_TEST

static void remote_teardown(void)
{
    cf_close(cf);
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    link_stop();
}

START_TEST(bad_requests)
{
    ck_assert_int_eq(fence(256, 0), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(fence(one.conid, 0x00010001), CF_RSP_BAD_REQUEST);     /* itself */
    struct cf_user nobody = {.cf = cf, .structure = 0x00050005};
    ck_assert_int_eq(ask(&nobody, (struct ask){CF_CMD_FENCE, .own = {1, 1}}), CF_RSP_NO_STRUCTURE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("CF fence");
    TCase *tests = tcase_create("local"), *remote = tcase_create("remote");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, stopped_process_is_dead_and_its_connections_have_failed);
    tcase_add_test(tests, process_stopped_inside_a_command_is_found_by_what_it_holds);
    tcase_add_test(tests, process_stopped_with_the_directory_is_found);
    tcase_add_test(tests, later_user_of_the_connection_id_is_not_meant);
    tcase_add_test(tests, other_process_of_that_pid_is_not_meant);
    tcase_add_test(tests, reset_ends_the_connections_of_the_earlier_life_without_a_kill);
    tcase_add_test(tests, fenced_view_can_do_nothing_any_more);
    tcase_add_test(tests, bad_requests);
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(remote, remote_setup, remote_teardown);
    tcase_set_timeout(remote, 30);
    tcase_add_test(remote, rebuild_goes_on_when_the_lease_is_outlasted);
    tcase_add_test(remote, link_of_a_remote_system_is_cut_and_its_lease_outlasted);
    suite_add_tcase(suite, remote);
    return run_suite(suite);
}
