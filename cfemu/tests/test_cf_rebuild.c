/* User-managed rebuild: the way through its phases, what ends it, and death at every step. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_rebuild.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_crash.h"
#include "cfemu/tests/cf_fixture.h"

#define PAIR_SIZE (4u << 20)

static struct cf *cf;
static struct cf_user one, two;         /* to the old structure */
static struct cf_user new_one, new_two;

static int write_entry(const struct cf_user *user, const char *name)
{
    return ask(user, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA, .length = 100});
}

static int read_entry(const struct cf_user *user, const char *name)
{
    return ask(user, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = name});
}

static void begin(void)
{
    cf = pair_new(PAIR_SIZE);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &one), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "STR1", "TWO", &usual, &two), CF_RSP_OK);
    ck_assert_int_eq(write_entry(&one, "OLD"), CF_RSP_OK);
}

static void end(void)
{
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_close(cf);
}

static int start(const struct cf_user *user)
{
    return ask(user, (struct ask){CF_CMD_REBUILD_START, 0});
}

static int stop(const struct cf_user *user)
{
    return ask(user, (struct ask){CF_CMD_REBUILD_STOP, 0});
}

static int respond(const struct cf_user *user, uint32_t phase)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, user, CF_CMD_REBUILD_RESPOND);
    put_be32(mcb + MCB_OWN, phase);
    return cf_send(user->cf, mcb, mrb);
}

static int connect_new(const char *name, struct cf_user *user)
{
    static const struct attributes attributes = {.lists = 16, .size_kib = 1024, .maxelemnum = 16, .flags = CF_CONN_NAMED,
                                                 .entry_ratio = 1, .element_ratio = 1};
    return connect_new_as(cf, "STR1", name, &attributes, user);
}

/* The phase that the connection is told of; CF_REBUILD_NONE: of none. */
static uint32_t told(const struct cf_user *user)
{
    ck_assert_int_eq(ask(user, (struct ask){CF_CMD_VECTOR_READ, 0}), CF_RSP_OK);
    return get_be32(mrb + MRB_OWN + VECTOR_EVENTS) & CF_EVENT_REBUILD ? get_be32(mrb + MRB_OWN + VECTOR_REBUILD) : CF_REBUILD_NONE;
}

/* The way, up to and without a phase. */
static void lead_to(uint32_t phase)
{
    ck_assert_int_eq(start(&one), CF_RSP_OK);
    if (phase == CF_REBUILD_QUIESCE)
        return;
    ck_assert_int_eq(respond(&one, CF_REBUILD_QUIESCE), CF_RSP_OK);
    ck_assert_int_eq(respond(&two, CF_REBUILD_QUIESCE), CF_RSP_OK);
    if (phase == CF_REBUILD_CONNECT)
        return;
    ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
    ck_assert_int_eq(connect_new("TWO", &new_two), CF_RSP_OK);
    ck_assert_int_eq(write_entry(&new_one, "NEW"), CF_RSP_OK);
    ck_assert_int_eq(respond(&one, CF_REBUILD_CONNECT), CF_RSP_OK);
    ck_assert_int_eq(respond(&two, CF_REBUILD_CONNECT), CF_RSP_OK);
}

static void rebuilt(const struct cf_user *user)
{
    ck_assert_uint_eq(told(user), CF_REBUILD_FINISHED);
    ck_assert_int_eq(read_entry(user, "NEW"), CF_RSP_OK);
    ck_assert_int_eq(read_entry(user, "OLD"), CF_RSP_NO_ENTRY);
}

static void as_before(const struct cf_user *user)
{
    ck_assert_uint_eq(told(user), CF_REBUILD_STOPPED);
    ck_assert_int_eq(read_entry(user, "OLD"), CF_RSP_OK);
    ck_assert_uint_eq(cf->half[1].header->increments_free, cf->half[1].header->increments);
}

/* Who keeps the others waiting is shown. */
START_TEST(display_says_who_owes_an_answer)
{
    begin();
    ck_assert_int_eq(start(&one), CF_RSP_OK);
    for (int answered = 0; answered < 2; answered++) {
        const uint8_t *blocks = data_in + STR_SIZE + POL_SIZE;
        ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_READ_STRUCTURE, .name = "STR1            "}), CF_RSP_OK);
        ck_assert_uint_eq(data_in[STR_REBUILD], CF_REBUILD_QUIESCE);
        ck_assert_uint_eq(get_be32(blocks + CONNECTION_OWES), answered ? CF_REBUILD_NONE : CF_REBUILD_QUIESCE);
        ck_assert_uint_eq(get_be32(blocks + CONNECTION_SIZE + CONNECTION_OWES), CF_REBUILD_QUIESCE);
        ck_assert_int_eq(respond(&one, CF_REBUILD_QUIESCE), CF_RSP_OK);
    }
    ck_assert_int_eq(stop(&one), CF_RSP_OK);
    end();
}
END_TEST

START_TEST(the_whole_way)
{
    struct cf_user three;
    bool lost = _i == 1;            /* the old CF has failed: the connectors know what to put in the new structure */
    begin();
    if (lost)
        ck_assert_int_eq(cf_fail(segment_name), 0);
    ck_assert_int_eq(start(&one), CF_RSP_OK);
    ck_assert_uint_eq(told(&one), CF_REBUILD_QUIESCE);
    ck_assert_uint_eq(told(&two), CF_REBUILD_QUIESCE);
    ck_assert_uint_eq(told(&two), CF_REBUILD_NONE);
    ck_assert_int_eq(respond(&one, CF_REBUILD_QUIESCE), CF_RSP_OK);
    ck_assert_int_eq(respond(&one, CF_REBUILD_QUIESCE), CF_RSP_OK);
    ck_assert_uint_eq(told(&one), CF_REBUILD_NONE);
    ck_assert_int_eq(respond(&two, CF_REBUILD_QUIESCE), CF_RSP_OK);
    ck_assert_uint_eq(told(&one), CF_REBUILD_CONNECT);
    ck_assert_uint_eq(told(&two), CF_REBUILD_CONNECT);
    ck_assert_int_eq(connect_new("TWO", &new_two), CF_RSP_OK);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 0);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + CONN_LISTHEADERS), 16);
    ck_assert_int_eq(memcmp(mrb + MRB_OWN + CONN_CFNAME, "CF02    ", 8), 0);
    ck_assert_uint_eq(new_two.conid, two.conid);
    ck_assert_int_eq(connect_new("TWO", &three), CF_RSP_NAME_IN_USE);
    ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 1);
    ck_assert_int_eq(read_entry(&one, "OLD"), lost ? CF_RSP_CF_FAILED : CF_RSP_OK);
    ck_assert_int_eq(write_entry(&new_one, "NEW"), CF_RSP_OK);
    ck_assert_int_eq(respond(&one, CF_REBUILD_CONNECT), CF_RSP_OK);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    ck_assert_int_eq(respond(&two, CF_REBUILD_CONNECT), CF_RSP_OK);
    ck_assert_uint_eq(told(&one), CF_REBUILD_CLEANUP);
    ck_assert_uint_eq(told(&two), CF_REBUILD_CLEANUP);
    ck_assert_int_eq(respond(&two, CF_REBUILD_CLEANUP), CF_RSP_OK);
    ck_assert_int_eq(respond(&one, CF_REBUILD_CLEANUP), CF_RSP_OK);
    rebuilt(&new_one);
    rebuilt(&new_two);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_VECTOR_READ, 0}), CF_RSP_NO_STRUCTURE);
    ck_assert_uint_eq(cf->half[0].header->increments_free, cf->half[0].header->increments);
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &three), CF_RSP_OK);
    ck_assert_int_eq(read_entry(&three, "NEW"), CF_RSP_OK);
    if (!lost) {                    /* and back */
        ck_assert_int_eq(ask(&three, (struct ask){CF_CMD_DISCONNECT, 0}), CF_RSP_OK);
        one = new_one;
        two = new_two;
        lead_to(CF_REBUILD_CLEANUP);
        ck_assert_int_eq(respond(&one, CF_REBUILD_CLEANUP), CF_RSP_OK);
        ck_assert_int_eq(respond(&two, CF_REBUILD_CLEANUP), CF_RSP_OK);
        rebuilt(&new_one);
    }
    end();
}
END_TEST

START_TEST(what_does_not_belong_to_the_phase)
{
    struct cf_user three;
    begin();
    ck_assert_int_eq(respond(&one, CF_REBUILD_QUIESCE), CF_RSP_NOT_AWAITED);
    ck_assert_int_eq(respond(&one, CF_REBUILD_NONE), CF_RSP_NOT_AWAITED);
    ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_REBUILD);
    ck_assert_int_eq(stop(&one), CF_RSP_REBUILD);
    ck_assert_int_eq(start(&one), CF_RSP_OK);
    ck_assert_int_eq(start(&two), CF_RSP_REBUILD);
    ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_REBUILD);
    ck_assert_int_eq(respond(&one, CF_REBUILD_CONNECT), CF_RSP_NOT_AWAITED);
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &three), CF_RSP_REBUILD);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR1", 0), CF_RSP_REBUILD);
    ck_assert_int_eq(operate(cf, CF_CMD_REBUILD, "STR1", 0), CF_RSP_REBUILD);
    ck_assert_int_eq(operate(cf, CF_CMD_REBUILD_RESPOND, "STR1", 0), CF_RSP_NO_CONNECTION);
    ck_assert_int_eq(respond(&one, CF_REBUILD_QUIESCE), CF_RSP_OK);
    ck_assert_int_eq(respond(&two, CF_REBUILD_QUIESCE), CF_RSP_OK);
    ck_assert_int_eq(connect_new("THREE", &three), CF_RSP_NO_CONNECTION);
    ck_assert_int_eq(respond(&one, CF_REBUILD_CONNECT), CF_RSP_NO_CONNECTION);      /* not connected to the new one */
    ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
    ck_assert_int_eq(connect_new("TWO", &new_two), CF_RSP_OK);
    ck_assert_int_eq(start(&new_one), CF_RSP_REBUILD);
    ck_assert_int_eq(cf_fail(segment_name), 0);
    ck_assert_int_eq(cf_activate(segment_name), -EBUSY);
    ck_assert_int_eq(respond(&one, CF_REBUILD_CONNECT), CF_RSP_OK);
    ck_assert_int_eq(respond(&two, CF_REBUILD_CONNECT), CF_RSP_OK);
    ck_assert_int_eq(stop(&two), CF_RSP_REBUILD);                                   /* too late */
    end();
    cf = segment_new(PAIR_SIZE);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &one), CF_RSP_OK);
    ck_assert_int_eq(start(&one), CF_RSP_REBUILD);                                  /* no other CF */
    end();
}
END_TEST

START_TEST(a_duplexed_structure_is_not_rebuilt_by_its_users)
{
    begin();
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR1", 0), CF_RSP_OK);
    ck_assert_int_eq(start(&one), CF_RSP_REBUILD);
    end();
}
END_TEST

START_TEST(stopped_on_the_way)
{
    bool connected = _i == 1;
    begin();
    lead_to(connected ? CF_REBUILD_CONNECT : CF_REBUILD_QUIESCE);
    if (connected)
        ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
    ck_assert_int_eq(_i == 2 ? operate(cf, CF_CMD_REBUILD_STOP, "STR1", 0) : stop(&two), CF_RSP_OK);
    ck_assert_uint_eq(told(&one), CF_REBUILD_STOP);
    ck_assert_uint_eq(told(&two), CF_REBUILD_STOP);
    ck_assert_int_eq(respond(&one, CF_REBUILD_STOP), CF_RSP_OK);
    ck_assert_int_eq(respond(&two, CF_REBUILD_STOP), CF_RSP_OK);
    as_before(&one);
    as_before(&two);
    if (connected)
        ck_assert_int_eq(read_entry(&new_one, "NEW"), CF_RSP_NO_STRUCTURE);
    end();
}
END_TEST

START_TEST(the_new_cf_fails)
{
    begin();
    lead_to(CF_REBUILD_CONNECT);
    ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
    ck_assert_int_eq(cf_fail(peer_name), 0);
    ck_assert_int_eq(write_entry(&new_one, "NEW"), CF_RSP_CF_FAILED);
    ck_assert_int_eq(connect_new("TWO", &new_two), CF_RSP_CF_FAILED);
    ck_assert_int_eq(stop(&one), CF_RSP_OK);
    ck_assert_int_eq(respond(&one, CF_REBUILD_STOP), CF_RSP_OK);
    ck_assert_int_eq(respond(&two, CF_REBUILD_STOP), CF_RSP_OK);
    as_before(&one);
    ck_assert_int_eq(cf_activate(peer_name), 0);
    lead_to(CF_REBUILD_CLEANUP);
    end();
}
END_TEST

/* TWO, in a view of its own, ends in a phase: in order, or by death. */
START_TEST(nobody_waits_for_one_who_has_ended)
{
    static const uint32_t phases[] = {CF_REBUILD_QUIESCE, CF_REBUILD_CONNECT, CF_REBUILD_CLEANUP, CF_REBUILD_STOP};
    uint32_t phase = phases[_i % 4];
    bool death = _i >= 4;
    struct cf *own = NULL;
    begin();
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_DISCONNECT, 0}), CF_RSP_OK);
    own = segment_open();
    ck_assert_int_eq(connect_as(own, "STR1", "TWO", &usual, &two), CF_RSP_OK);
    ck_assert_int_eq(start(&one), CF_RSP_OK);
    ck_assert_int_eq(respond(&one, CF_REBUILD_QUIESCE), CF_RSP_OK);
    if (phase == CF_REBUILD_STOP)
        ck_assert_int_eq(stop(&one), CF_RSP_OK);
    if (phase == CF_REBUILD_CONNECT || phase == CF_REBUILD_CLEANUP) {
        ck_assert_int_eq(respond(&two, CF_REBUILD_QUIESCE), CF_RSP_OK);
        ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
        ck_assert_int_eq(write_entry(&new_one, "NEW"), CF_RSP_OK);
        struct cf *mine = cf;
        cf = own;
        ck_assert_int_eq(connect_new("TWO", &new_two), CF_RSP_OK);
        cf = mine;
        ck_assert_int_eq(respond(&one, CF_REBUILD_CONNECT), CF_RSP_OK);
    }
    if (phase == CF_REBUILD_CLEANUP) {
        ck_assert_int_eq(respond(&two, CF_REBUILD_CONNECT), CF_RSP_OK);
        ck_assert_int_eq(respond(&one, CF_REBUILD_CLEANUP), CF_RSP_OK);
    }
    if (phase == CF_REBUILD_STOP)
        ck_assert_int_eq(respond(&one, CF_REBUILD_STOP), CF_RSP_OK);
    if (!death)
        ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_DISCONNECT, 0}), CF_RSP_OK);
    else
        cf_close(own);
    if (phase == CF_REBUILD_STOP)
        as_before(&one);
    else if (phase == CF_REBUILD_CLEANUP)
        rebuilt(&new_one);
    else
        ck_assert_uint_eq(told(&one), phase + 1);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    if (!death)
        cf_close(own);
    end();
}
END_TEST

START_TEST(when_all_have_ended_nothing_is_left)
{
    static const uint32_t phases[] = {CF_REBUILD_QUIESCE, CF_REBUILD_CONNECT, CF_REBUILD_CLEANUP};
    begin();
    lead_to(phases[_i]);
    if (phases[_i] == CF_REBUILD_CONNECT)
        ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
    cf_close(cf);
    cf = segment_open();
    for (int i = 0; i < 2; i++)
        ck_assert_uint_eq(cf->half[i].header->increments_free, cf->half[i].header->increments);
    end();
}
END_TEST

START_TEST(failed_persistent_connections_come_along)
{
    struct attributes keep = usual;
    struct cf_user three;
    keep.flags |= CF_CONN_CONDISP_KEEP;
    begin();
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &keep, &three), CF_RSP_OK);
    uint32_t conid = three.conid;
    ck_assert_int_eq(ask(&three, (struct ask){CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE}), CF_RSP_OK);
    lead_to(CF_REBUILD_CLEANUP);
    ck_assert_int_eq(respond(&one, CF_REBUILD_CLEANUP), CF_RSP_OK);
    ck_assert_int_eq(respond(&two, CF_REBUILD_CLEANUP), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &keep, &three), CF_RSP_OK);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_RECONNECTED], 1);
    ck_assert_uint_eq(three.conid, conid);
    end();
}
END_TEST

/* --- death at every step --------------------------------------------------------------------------------------------------- */

#define DIED 99

static int steps_left;

static void die_in_time(void)
{
    if (--steps_left == 0)
        _exit(DIED);
}

/* Each step of the way is done by a child that dies at its N-th store, then once more by us: it is done then, or was. */
static const struct stage {
    const char *what;
    uint16_t command;
    int (*run)(void);
    uint32_t from;              /* phase at the start */
    bool two_responded;
    int again;                  /* answer if it was done by the child already */
} *stage;

static int run_start(void) { return start(&one); }
static int run_quiesce(void) { return respond(&one, CF_REBUILD_QUIESCE); }
static int run_connect(void) { return connect_new("ONE", &new_one); }
static int run_complete(void) { return respond(&one, CF_REBUILD_CONNECT); }
static int run_cleanup(void) { return respond(&one, CF_REBUILD_CLEANUP); }
static int run_stop(void) { return stop(&one); }
static int run_stopped(void) { return respond(&one, CF_REBUILD_STOP); }

static const struct stage stages[] = {
    {"START", CF_CMD_REBUILD_START, run_start, CF_REBUILD_NONE, false, CF_RSP_REBUILD},
    {"response to QUIESCE", CF_CMD_REBUILD_RESPOND, run_quiesce, CF_REBUILD_QUIESCE, true, CF_RSP_NOT_AWAITED},
    {"IXLCONN REBUILD", CF_CMD_CONNECT, run_connect, CF_REBUILD_CONNECT, false, CF_RSP_NAME_IN_USE},
    {"COMPLETE", CF_CMD_REBUILD_RESPOND, run_complete, CF_REBUILD_CONNECT, true, CF_RSP_NOT_AWAITED},
    {"response to CLEANUP", CF_CMD_REBUILD_RESPOND, run_cleanup, CF_REBUILD_CLEANUP, true, CF_RSP_NO_STRUCTURE},
    {"STOP", CF_CMD_REBUILD_STOP, run_stop, CF_REBUILD_QUIESCE, false, CF_RSP_REBUILD},
    {"response to STOP", CF_CMD_REBUILD_RESPOND, run_stopped, CF_REBUILD_STOP, true, CF_RSP_NOT_AWAITED},
};

static void prepare(void)
{
    begin();
    if (stage->from == CF_REBUILD_STOP) {
        lead_to(CF_REBUILD_CONNECT);
        ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
        ck_assert_int_eq(stop(&one), CF_RSP_OK);
    } else if (stage->from == CF_REBUILD_CONNECT && stage->two_responded) {
        lead_to(CF_REBUILD_CONNECT);
        ck_assert_int_eq(connect_new("TWO", &new_two), CF_RSP_OK);
        ck_assert_int_eq(connect_new("ONE", &new_one), CF_RSP_OK);
    } else if (stage->from != CF_REBUILD_NONE) {
        lead_to(stage->from);
    }
    if (stage->two_responded)
        ck_assert_int_eq(respond(&two, stage->from), CF_RSP_OK);
}

static bool dies(int step, bool check)
{
    pid_t pid = fork();
    if (pid == 0) {
        steps_left = step;
        cf_crash_hook = die_in_time;
        if (check)
            cf_check(cf, NULL);
        else if (stage->run() != CF_RSP_OK)
            _exit(1);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED), "%s, step %d: status %x",
                  stage->what, step, (unsigned)status);
    return WEXITSTATUS(status) == DIED;
}

START_TEST(death_at_every_step)
{
    stage = &stages[_i];
    int repeated = 0, done = 0;
    bool died = true;
    for (int step = 1; died; step++) {
        prepare();
        died = dies(step, false);
        if (died)
            dies(1 + step % 3, true);       /* and the one who recovers dies, too */
        ck_assert_msg(cf_check(cf, stderr) == 0, "%s, step %d", stage->what, step);
        int response = stage->run();
        ck_assert_msg(response == CF_RSP_OK || response == stage->again, "%s, step %d: %04X", stage->what, step, (unsigned)response);
        ck_assert_msg(died || response == stage->again, "%s: acknowledged, but not done", stage->what);
        repeated += response == CF_RSP_OK;
        done += response == stage->again;
        ck_assert_msg(cf_check(cf, stderr) == 0, "%s, step %d", stage->what, step);
        cf_close(cf);
        cf = segment_open();
        for (int i = 0; i < 2; i++)
            ck_assert_uint_eq(cf->half[i].header->increments_free, cf->half[i].header->increments);
        cf_close(cf);
    }
    ck_assert_msg(repeated > 0 && done > 0, "%s: repeated %d, done %d", stage->what, repeated, done);
}
END_TEST

START_TEST(every_command_is_among_them)
{
    crash_complete(CRASH_REBUILD, &stages[0].command, sizeof stages / sizeof stages[0], sizeof stages[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("CF rebuild");
    TCase *tests = tcase_create("rebuild");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, the_whole_way, 0, 2);
    tcase_add_test(tests, what_does_not_belong_to_the_phase);
    tcase_add_test(tests, display_says_who_owes_an_answer);
    tcase_add_test(tests, a_duplexed_structure_is_not_rebuilt_by_its_users);
    tcase_add_loop_test(tests, stopped_on_the_way, 0, 3);
    tcase_add_test(tests, the_new_cf_fails);
    tcase_add_loop_test(tests, nobody_waits_for_one_who_has_ended, 0, 8);
    tcase_add_loop_test(tests, when_all_have_ended_nothing_is_left, 0, 3);
    tcase_add_test(tests, failed_persistent_connections_come_along);
    tcase_add_loop_test(tests, death_at_every_step, 0, sizeof stages / sizeof stages[0]);
    tcase_add_test(tests, every_command_is_among_them);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
