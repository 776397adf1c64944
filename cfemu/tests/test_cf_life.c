/* The life of connections: attributes, the end with and without responses, persistent locks, FORCE. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_link_fixture.h"

#define LOCK CF_CMD_LIST_LOCK
#define SET CF_LOCK_SET
#define RESET CF_LOCK_RESET
#define UNCOND CF_LOCKMODE_UNCOND
#define RESPONSE(user, expected, ...) ck_assert_int_eq(ask(user, (struct ask){__VA_ARGS__}), CF_RSP_##expected)
#define CONNECTED(name, attributes, user) ck_assert_int_eq(connect_as(cf, "STR1", name, attributes, user), CF_RSP_OK)

static struct cf *cf;
static struct cf_user one, two, three;
static struct attributes keeping, responding, both;

static void setup(void)
{
    cf = segment_new(SEGMENT_SIZE);
    keeping = responding = both = usual;
    keeping.flags |= CF_CONN_CONDISP_KEEP;
    responding.options = CF_CONN_OPT_RESPONDS;
    both = keeping;
    both.options = CF_CONN_OPT_RESPONDS;
}

static void teardown(void)
{
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    cf_close(cf);
}

static struct cf_structure *structure(void)
{
    return cf_control(inside, &inside->slots[0]);
}

static uint32_t state_of(const struct cf_user *of)
{
    return structure()->conn[of->conid].state;
}

static uint32_t events(const struct cf_user *of)
{
    ck_assert_int_eq(ask(of, (struct ask){CF_CMD_VECTOR_READ}), CF_RSP_OK);
    return get_be32(mrb + MRB_OWN + VECTOR_EVENTS);
}

static int respond(const struct cf_user *of, const struct cf_user *about, uint8_t options)
{
    return ask(of, (struct ask){CF_CMD_RESPOND, .options = options, .own = {about->conid}});
}

static int force(const char *name, const char *connection)
{
    struct cf_user nobody = {.cf = cf};
    return ask(&nobody, (struct ask){CF_CMD_FORCE, .name = name, .connection = connection});
}

/* --- attributes ------------------------------------------------------------------------------------------------------ */

START_TEST(answer_tells_name_version_level)
{
    struct cf_user unnamed;
    char generated[CF_NAME_SIZE];
    CONNECTED("", &usual, &unnamed);
    ck_assert_mem_eq(mrb + MRB_OWN + CONN_NAME, "CON_", 4);
    memcpy(generated, mrb + MRB_OWN + CONN_NAME, sizeof generated);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_CFLEVEL], CF_LEVEL);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + CONN_VERSION), 0x00010001);
    CONNECTED("", &usual, &one);
    ck_assert_mem_ne(mrb + MRB_OWN + CONN_NAME, generated, sizeof generated);
    RESPONSE(&unnamed, OK, CF_CMD_DISCONNECT);
    CONNECTED("TWO", &usual, &two);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + CONN_VERSION), 0x00010002);
}
END_TEST

START_TEST(connections_of_a_structure_are_limited)
{
    struct attributes few = usual;
    few.maxconn = 2;
    CONNECTED("ONE", &few, &one);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_MAXCONN], 2);
    CONNECTED("TWO", &keeping, &two);
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &three), CF_RSP_TOO_MANY);
    RESPONSE(&two, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &three), CF_RSP_TOO_MANY);  /* its place is kept */
    CONNECTED("TWO", &keeping, &two);
    RESPONSE(&two, OK, CF_CMD_DISCONNECT);
    CONNECTED("THREE", &usual, &three);
}
END_TEST

START_TEST(mincflevel_above_ours_is_refused)
{
    struct attributes high = usual;
    high.level = CF_LEVEL;
    CONNECTED("ONE", &high, &one);
    high.level = CF_LEVEL + 1;
    ck_assert_int_eq(connect_as(cf, "STR2", "ONE", &high, &two), CF_RSP_CF_LEVEL);
    high.level = 0;
    high.options = 1;
    ck_assert_int_eq(connect_as(cf, "STR2", "ONE", &high, &two), CF_RSP_BAD_REQUEST);
    ck_assert_uint_eq(get_be16(mrb + MRB_REASON), MCB_OWN + CONN_OPTIONS);
}
END_TEST

/* --- responses ------------------------------------------------------------------------------------------------------- */

START_TEST(failing_until_every_responder_has_answered)
{
    struct cf_user silent, again;
    CONNECTED("ONE", &keeping, &one);
    uint32_t version = get_be32(mrb + MRB_OWN + CONN_VERSION);
    CONNECTED("TWO", &responding, &two);
    CONNECTED("THREE", &responding, &three);
    CONNECTED("SILENT", &usual, &silent);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FAILING);
    RESPONSE(&one, NO_CONNECTION, CF_CMD_LIST_READ, CF_LOCATE_HEAD);
    ck_assert_uint_ne(events(&silent) & CF_EVENT_CONN_FAILED, 0);
    ck_assert_uint_ne(events(&two) & CF_EVENT_CONN_FAILED, 0);
    ck_assert_int_eq(mrb[MRB_OWN + VECTOR_FAILED], 0x80 >> one.conid);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &keeping, &again), CF_RSP_RESPONSES_MISSING);
    ck_assert_int_eq(force("STR1", "ONE"), CF_RSP_RESPONSES_MISSING);
    ck_assert_int_eq(respond(&silent, &one, 0), CF_RSP_NOT_AWAITED);
    ck_assert_int_eq(respond(&two, &three, 0), CF_RSP_NOT_AWAITED);
    RESPONSE(&two, NOT_AWAITED, CF_CMD_RESPOND, .own = {one.conid, version + 1});
    RESPONSE(&two, OK, CF_CMD_RESPOND, .own = {one.conid, version});
    ck_assert_int_eq(respond(&two, &one, 0), CF_RSP_NOT_AWAITED);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FAILING);
    ck_assert_int_eq(respond(&three, &one, 0), CF_RSP_OK);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FAILED_PERSISTENT);
    CONNECTED("ONE", &keeping, &again);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_RECONNECTED], 1);
    ck_assert_uint_eq(again.conid, one.conid);
}
END_TEST

START_TEST(releaseconn_by_one_is_enough)
{
    CONNECTED("ONE", &keeping, &one);
    CONNECTED("TWO", &responding, &two);
    CONNECTED("THREE", &responding, &three);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_int_eq(respond(&two, &one, CF_OPT_RELEASECONN), CF_RSP_OK);
    ck_assert_int_eq(respond(&three, &one, 0), CF_RSP_OK);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FREE);
}
END_TEST

START_TEST(who_ends_owes_no_response)
{
    CONNECTED("ONE", &keeping, &one);
    CONNECTED("TWO", &responding, &two);
    CONNECTED("THREE", &responding, &three);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_int_eq(respond(&three, &one, 0), CF_RSP_OK);
    RESPONSE(&two, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FAILED_PERSISTENT);
    ck_assert_uint_eq(state_of(&two), CF_CONN_FAILING);
    ck_assert_int_eq(respond(&three, &two, 0), CF_RSP_OK);
    ck_assert_uint_eq(state_of(&two), CF_CONN_FREE);
}
END_TEST

START_TEST(a_new_peer_owes_none_for_the_past)
{
    CONNECTED("ONE", &usual, &one);
    CONNECTED("TWO", &responding, &two);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    CONNECTED("THREE", &responding, &three);
    ck_assert_int_eq(respond(&three, &one, 0), CF_RSP_NOT_AWAITED);
    ck_assert_int_eq(respond(&two, &one, 0), CF_RSP_OK);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FREE);
}
END_TEST

START_TEST(disconnect_is_told_to_responders)
{
    struct cf_user again;
    CONNECTED("ONE", &keeping, &one);
    CONNECTED("TWO", &responding, &two);
    CONNECTED("SILENT", &usual, &three);
    events(&two);
    events(&three);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT);
    ck_assert_uint_eq(state_of(&one), CF_CONN_DISCONNECTING);
    ck_assert_uint_eq(events(&three), 0);
    ck_assert_uint_eq(events(&two), CF_EVENT_CONN_GONE);
    ck_assert_int_eq(mrb[VECTOR_GONE], 0x80 >> one.conid);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &again), CF_RSP_RESPONSES_MISSING);
    ck_assert_int_eq(respond(&two, &one, 0), CF_RSP_OK);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FREE);    /* CONDISP=KEEP is for failures */
    CONNECTED("ONE", &usual, &again);
}
END_TEST

/* --- locks ----------------------------------------------------------------------------------------------------------- */

START_TEST(locks_are_held_while_responses_are_awaited)
{
    CONNECTED("ONE", &usual, &one);
    CONNECTED("TWO", &responding, &two);
    RESPONSE(&one, OK, LOCK, .lockoper = SET);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT);      /* with a lock held: a failure */
    ck_assert_uint_eq(state_of(&one), CF_CONN_FAILING);
    RESPONSE(&two, LOCK_HELD, LOCK, .lockoper = SET);
    RESPONSE(&two, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND);
    ck_assert_int_eq(respond(&two, &one, 0), CF_RSP_OK);
    ck_assert_uint_ne(events(&two) & CF_EVENT_LOCK_GRANTED, 0);
    ck_assert_uint_eq(get_be32(mrb + MRB_LOCKOWNER), two.conid);
}
END_TEST

START_TEST(locks_of_a_failed_persistent_connection_are_persistent)
{
    struct cf_user again;
    CONNECTED("ONE", &keeping, &one);
    CONNECTED("TWO", &responding, &two);
    CONNECTED("THREE", &usual, &three);
    RESPONSE(&one, OK, LOCK, .lockoper = SET, .lock = 3);
    RESPONSE(&two, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);
    RESPONSE(&three, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_uint_eq(events(&two) & (CF_EVENT_LOCK_GRANTED | CF_EVENT_LOCK_REFUSED), 0);
    ck_assert_int_eq(respond(&two, &one, 0), CF_RSP_OK);
    ck_assert_uint_ne(events(&two) & CF_EVENT_LOCK_REFUSED, 0);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + VECTOR_LOCKINDEX), 3);
    ck_assert_uint_eq(get_be32(mrb + MRB_LOCKOWNER), one.conid);
    ck_assert_uint_eq(events(&two), 0);
    RESPONSE(&two, LOCK_PERSISTENT, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);
    RESPONSE(&two, LOCK_PERSISTENT, CF_CMD_LIST_READ, CF_LOCATE_HEAD, .lockoper = CF_LOCK_NOTHELD, .lock = 3);
    RESPONSE(&two, LOCK_NOT_HELD, LOCK, .lockoper = RESET, .lock = 3);
    RESPONSE(&two, OK, LOCK, .lockoper = CF_LOCK_TEST, .lock = 3);
    ck_assert_uint_eq(get_be32(mrb + MRB_LOCKOWNER), one.conid);

    CONNECTED("ONE", &keeping, &again);
    /* a refusal that was not read yet does not stand in the way of a new wait */
    RESPONSE(&three, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);
    RESPONSE(&again, OK, LOCK, .lockoper = RESET, .lock = 3);
    ck_assert_uint_eq(events(&three) & (CF_EVENT_LOCK_GRANTED | CF_EVENT_LOCK_REFUSED), CF_EVENT_LOCK_GRANTED);
}
END_TEST

START_TEST(without_responses_locks_pass_on_at_once)
{
    CONNECTED("ONE", &keeping, &one);
    CONNECTED("TWO", &usual, &two);
    RESPONSE(&one, OK, LOCK, .lockoper = SET);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FAILED_PERSISTENT);
    RESPONSE(&two, OK, LOCK, .lockoper = SET);
}
END_TEST

START_TEST(last_one_keeps_its_locks_until_it_returns)
{
    CONNECTED("ONE", &both, &one);
    RESPONSE(&one, OK, LOCK, .lockoper = SET);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    CONNECTED("TWO", &usual, &two);
    RESPONSE(&two, LOCK_PERSISTENT, LOCK, .lockoper = SET);
    CONNECTED("ONE", &both, &one);
    RESPONSE(&two, LOCK_HELD, LOCK, .lockoper = SET);
    RESPONSE(&one, OK, LOCK, .lockoper = RESET);
    RESPONSE(&two, OK, LOCK, .lockoper = SET);
}
END_TEST

static bool take_lock(void)
{
    return connect_as(segment_open(), "STR1", "DEAD", &keeping, &one) == CF_RSP_OK && ask(&one, (struct ask){LOCK, .lockoper = SET}) == CF_RSP_OK;
}

START_TEST(dead_process_is_failing_too)
{
    CONNECTED("TWO", &responding, &two);
    child_kill(child_holding(take_lock));
    RESPONSE(&two, LOCK_HELD, LOCK, .lockoper = SET);
    ck_assert_uint_ne(events(&two) & CF_EVENT_CONN_FAILED, 0);
    RESPONSE(&two, OK, CF_CMD_RESPOND, .options = CF_OPT_RELEASECONN, .own = {2});
    RESPONSE(&two, OK, LOCK, .lockoper = SET);
}
END_TEST

/* --- structures and FORCE ---------------------------------------------------------------------------------------------- */

START_TEST(deletestr_of_the_last_deletes_a_kept_structure)
{
    struct attributes kept = usual;
    kept.flags |= CF_CONN_STRDISP_KEEP;
    uint32_t free_before = inside->header->increments_free;
    CONNECTED("ONE", &kept, &one);
    CONNECTED("TWO", &kept, &two);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_DELETESTR);     /* not the last */
    RESPONSE(&two, OK, CF_CMD_DISCONNECT);
    CONNECTED("ONE", &kept, &one);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 1);
    RESPONSE(&one, OK, LOCK, .lockoper = SET);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_DELETESTR);     /* with a lock: a failure, which deletes nothing */
    CONNECTED("ONE", &kept, &one);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 1);
    RESPONSE(&one, BAD_REQUEST, CF_CMD_DISCONNECT, .options = CF_OPT_DELETESTR | CF_OPT_FAILURE);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_DELETESTR);
    ck_assert_uint_eq(inside->header->increments_free, free_before);
}
END_TEST

START_TEST(force_ends_what_is_failed_persistent)
{
    uint32_t free_before = inside->header->increments_free;
    CONNECTED("ONE", &both, &one);
    CONNECTED("TWO", &usual, &two);
    RESPONSE(&one, OK, LOCK, .lockoper = SET);
    ck_assert_int_eq(force("STR1", "ONE"), CF_RSP_CONN_ACTIVE);
    ck_assert_int_eq(force("STR1", "NOBODY"), CF_RSP_NO_CONNECTION);
    ck_assert_int_eq(force("STR2", "ONE"), CF_RSP_NO_STRUCTURE);
    ck_assert_int_eq(force("STR1", ""), CF_RSP_CONN_ACTIVE);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    RESPONSE(&two, LOCK_PERSISTENT, LOCK, .lockoper = SET);
    ck_assert_int_eq(force("STR1", "ONE"), CF_RSP_OK);
    ck_assert_uint_eq(state_of(&one), CF_CONN_FREE);
    RESPONSE(&two, OK, LOCK, .lockoper = SET);
    RESPONSE(&two, OK, LOCK, .lockoper = RESET);

    CONNECTED("ONE", &keeping, &one);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    RESPONSE(&two, OK, CF_CMD_DISCONNECT);
    ck_assert_int_eq(force("STR1", "ONE"), CF_RSP_OK);      /* the last one: the structure goes with it */
    ck_assert_uint_eq(inside->header->increments_free, free_before);
}
END_TEST

START_TEST(force_deletes_a_structure_without_active_connections)
{
    struct attributes kept = keeping;
    kept.flags |= CF_CONN_STRDISP_KEEP;
    uint32_t free_before = inside->header->increments_free;
    CONNECTED("ONE", &kept, &one);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_int_eq(force("STR1", ""), CF_RSP_OK);
    ck_assert_uint_eq(inside->header->increments_free, free_before);
    ck_assert_int_eq(force("STR1", ""), CF_RSP_NO_STRUCTURE);
    ck_assert_int_eq(force("str1", ""), CF_RSP_BAD_REQUEST);
    ck_assert_uint_eq(get_be16(mrb + MRB_REASON), MCB_NAME);
    ck_assert_int_eq(force("STR1", "one"), CF_RSP_BAD_REQUEST);
    ck_assert_uint_eq(get_be16(mrb + MRB_REASON), MCB_AUTH_COMP);
    CONNECTED("ONE", &usual, &one);
    RESPONSE(&one, BAD_REQUEST, CF_CMD_FORCE, .options = 1, .name = "STR1", .connection = "ONE");
    RESPONSE(&one, BAD_REQUEST, CF_CMD_RESPOND, .own = {0});
    RESPONSE(&one, BAD_REQUEST, CF_CMD_RESPOND, .own = {256});
    RESPONSE(&one, BAD_REQUEST, CF_CMD_RESPOND, .options = 1, .own = {1});
}
END_TEST

START_TEST(damage_is_found)
{
    CONNECTED("ONE", &both, &one);
    CONNECTED("TWO", &responding, &two);
    RESPONSE(&one, OK, LOCK, .lockoper = SET);
    RESPONSE(&one, OK, CF_CMD_DISCONNECT);
    struct cf_conn *conn = &structure()->conn[one.conid];
    uint32_t *damage[] = {&conn->told, &conn->state, (uint32_t *)&conn->awaited[3], (uint32_t *)&conn->awaited[0] + 1,
                          &structure()->conn[two.conid].options};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        uint32_t right = *damage[i];
        *damage[i] = i == 3 || i == 4 ? 0 : right ^ 1;
        ck_assert_msg(cf_check(inside, NULL) > 0, "damage %zu", i);
        *damage[i] = right;
    }
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, answer_tells_name_version_level);
    tcase_add_test(tests, connections_of_a_structure_are_limited);
    tcase_add_test(tests, mincflevel_above_ours_is_refused);
    tcase_add_test(tests, failing_until_every_responder_has_answered);
    tcase_add_test(tests, releaseconn_by_one_is_enough);
    tcase_add_test(tests, who_ends_owes_no_response);
    tcase_add_test(tests, a_new_peer_owes_none_for_the_past);
    tcase_add_test(tests, disconnect_is_told_to_responders);
    tcase_add_test(tests, locks_are_held_while_responses_are_awaited);
    tcase_add_test(tests, locks_of_a_failed_persistent_connection_are_persistent);
    tcase_add_test(tests, without_responses_locks_pass_on_at_once);
    tcase_add_test(tests, last_one_keeps_its_locks_until_it_returns);
    tcase_add_test(tests, deletestr_of_the_last_deletes_a_kept_structure);
    tcase_add_test(tests, force_ends_what_is_failed_persistent);
    tcase_add_test(tests, force_deletes_a_structure_without_active_connections);
}

int main(void)
{
    Suite *suite = suite_create("CF connection life");
    suite_add_everywhere(suite, "life", setup, teardown, add);
    TCase *tests = tcase_create("in process");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, dead_process_is_failing_too);
    tcase_add_test(tests, damage_is_found);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
