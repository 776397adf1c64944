/* What each command does, one behaviour per test, and what it refuses. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_link_fixture.h"

#define READ CF_CMD_LIST_READ
#define WRITE CF_CMD_LIST_WRITE
#define DELETE CF_CMD_LIST_DELETE
#define LOCK CF_CMD_LIST_LOCK
#define MONITOR CF_CMD_LIST_MONITOR
#define VECTOR CF_CMD_VECTOR_READ
#define HEAD CF_LOCATE_HEAD
#define TAIL CF_LOCATE_TAIL
#define NAME CF_LOCATE_NAME
#define NEW CF_ENTRY_NEW
#define OLD CF_ENTRY_OLD
#define DATA CF_OPT_DATA
#define ADJUNCT CF_OPT_ADJUNCT
#define SET CF_LOCK_SET
#define RESET CF_LOCK_RESET
#define UNCOND CF_LOCKMODE_UNCOND
#define RESPONSE(user, expected, ...) ck_assert_int_eq(ask(user, (struct ask){__VA_ARGS__}), CF_RSP_##expected)

static struct cf *cf, *other_cf;
static struct cf_user user, other;

static void setup(void)
{
    cf = segment_new(SEGMENT_SIZE);
    other_cf = segment_open();
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &user), CF_RSP_OK);
    ck_assert_int_eq(connect_as(other_cf, "STR1", "TWO", &usual, &other), CF_RSP_OK);
}

static void teardown(void)
{
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    cf_close(other_cf);
    cf_close(cf);
}

static uint32_t answer(unsigned offset)
{
    return get_be32(mrb + offset);
}

static uint32_t events(const struct cf_user *of)
{
    ck_assert_int_eq(ask(of, (struct ask){VECTOR}), CF_RSP_OK);
    return answer(MRB_OWN + VECTOR_EVENTS);
}

/* --- list commands, as a table --------------------------------------------------------------------------------------- */

struct row {
    const char *what;
    struct ask ask;
    int response;
    int count;          /* entries on the list after it, -1 = not looked at */
    int64_t version;    /* -1 = not looked at */
    int fill;           /* first byte of the data returned, -1 = no data */
};

static const struct row rows[] = {
    {"an empty list has no head", {READ, HEAD}, CF_RSP_NO_ENTRY, -1, -1, -1},
    {"no entry of that name", {READ, NAME, .name = "A"}, CF_RSP_NO_ENTRY, -1, -1, -1},
    {"OLD does not create", {WRITE, NAME, OLD, .name = "A"}, CF_RSP_NO_ENTRY, -1, -1, -1},
    {"NEW creates", {WRITE, NAME, NEW, .name = "A", .options = DATA, .length = 700, .fill = 1}, CF_RSP_OK, 1, 0, -1},
    {"NEW finds it there", {WRITE, NAME, NEW, .name = "A"}, CF_RSP_ENTRY_EXISTS, 1, 0, -1},
    {"NEW by position, too", {WRITE, TAIL, NEW, .name = "A", .list = 3}, CF_RSP_ENTRY_EXISTS, -1, -1, -1},
    {"ANY replaces", {WRITE, NAME, .name = "A", .options = DATA, .length = 13312, .fill = 2}, CF_RSP_OK, 1, 0, -1},
    {"READ gives the data", {READ, NAME, .name = "A", .options = DATA}, CF_RSP_OK, 1, 0, 2},
    {"no data asked, none given", {READ, NAME, .name = "A"}, CF_RSP_OK, 1, 0, -1},
    {"WRITE without DATA keeps it", {WRITE, NAME, OLD, .name = "A", .versupdate = CF_VERSUPDATE_INC}, CF_RSP_OK, 1, 1, -1},
    {"still there", {READ, HEAD, .options = DATA}, CF_RSP_OK, 1, 1, 2},
    {"version unequal", {WRITE, NAME, .name = "A", .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 2}, CF_RSP_VERSION_MISMATCH, 1, 1, -1},
    {"version equal", {READ, NAME, .name = "A", .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 1}, CF_RSP_OK, 1, 1, -1},
    {"version higher than comparand", {READ, NAME, .name = "A", .verscomp = CF_VERSCOMP_LESSOREQUAL}, CF_RSP_VERSION_MISMATCH, 1, 1, -1},
    {"version set", {WRITE, NAME, .name = "A", .versupdate = CF_VERSUPDATE_SET, .version = 77}, CF_RSP_OK, 1, 77, -1},
    {"version decreased", {WRITE, NAME, .name = "A", .versupdate = CF_VERSUPDATE_DEC}, CF_RSP_OK, 1, 76, -1},
    {"on another list", {READ, NAME, .name = "A", .list = 2, .options = CF_OPT_LISTCOMP}, CF_RSP_LIST_MISMATCH, 1, 76, -1},
    {"found wherever it is", {READ, NAME, .name = "A", .list = 2}, CF_RSP_OK, 1, 76, -1},
    {"behind it", {WRITE, TAIL, NEW, .name = "B", .options = DATA, .length = 1, .fill = 3}, CF_RSP_OK, 2, 0, -1},
    {"before it", {WRITE, HEAD, NEW, .name = "C", .options = DATA, .length = 255, .fill = 4}, CF_RSP_OK, 3, 0, -1},
    {"the head is C", {READ, HEAD, .options = DATA}, CF_RSP_OK, 3, 0, 4},
    {"the tail is B", {READ, TAIL, .options = DATA}, CF_RSP_OK, 3, 0, 3},
    {"the head goes, with its data", {DELETE, HEAD, .options = DATA}, CF_RSP_OK, 2, 0, 4},
    {"then A", {DELETE, HEAD, .options = DATA}, CF_RSP_OK, 1, 76, 2},
    {"its name is gone", {READ, NAME, .name = "A"}, CF_RSP_NO_ENTRY, -1, -1, -1},
    {"then B", {DELETE, TAIL, .options = DATA}, CF_RSP_OK, 0, 0, 3},
    {"nothing is left", {DELETE, HEAD, .options = DATA}, CF_RSP_NO_ENTRY, -1, -1, -1},
    {"entries may be without a name", {WRITE, TAIL, NEW, .list = 7}, CF_RSP_OK, 1, 0, -1},
    {"and without data", {READ, HEAD, .list = 7, .options = DATA}, CF_RSP_OK, 1, 0, -1},
    {"data is added", {WRITE, HEAD, OLD, .list = 7, .options = DATA, .length = 65280, .fill = 5}, CF_RSP_OK, 1, 0, -1},
    {"as much as fits", {READ, HEAD, .list = 7, .options = DATA}, CF_RSP_OK, 1, 0, 5},
    {"and taken away", {WRITE, HEAD, OLD, .list = 7, .options = DATA}, CF_RSP_OK, 1, 0, -1},
    {"for good", {DELETE, HEAD, .list = 7, .options = DATA}, CF_RSP_OK, 0, 0, -1},
};

START_TEST(list_commands)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        memset(data_in, 0xEE, sizeof data_in);
        ck_assert_msg(ask(&user, row->ask) == row->response, "%s: response %04x", row->what, get_be16(mrb));
        ck_assert_msg(row->count < 0 || answer(MRB_LISTCOUNT) == (uint32_t)row->count, "%s: count %u", row->what, answer(MRB_LISTCOUNT));
        ck_assert_msg(row->version < 0 || (int64_t)get_be64(mrb + MRB_VERSION) == row->version, "%s: version", row->what);
        uint32_t length = answer(MRB_DATALEN);
        ck_assert_msg((length > 0) == (row->fill >= 0), "%s: %u bytes", row->what, length);
        for (uint32_t j = 0; j < length; j++)
            ck_assert_msg(data_in[j] == row->fill, "%s: byte %u is %02x", row->what, j, data_in[j]);
        ck_assert_msg(length == CF_DATA_MAX || data_in[length] == 0xEE, "%s: stored too much", row->what);
        ck_assert_msg(cf_check(inside, stderr) == 0, "%s: check", row->what);
    }
}
END_TEST

START_TEST(leid_finds_one_entry_and_never_another)
{
    uint8_t leid[CF_LEID_SIZE];
    RESPONSE(&user, OK, WRITE, HEAD, NEW);
    memcpy(leid, mrb + MRB_LEID, sizeof leid);
    RESPONSE(&user, OK, READ, CF_LOCATE_LEID, .leid = leid);
    RESPONSE(&user, OK, WRITE, CF_LOCATE_LEID, .leid = leid, .versupdate = CF_VERSUPDATE_INC);
    RESPONSE(&user, OK, DELETE, CF_LOCATE_LEID, .leid = leid);
    RESPONSE(&user, OK, WRITE, HEAD, NEW);      /* the same storage, another entry */
    RESPONSE(&user, NO_ENTRY, READ, CF_LOCATE_LEID, .leid = leid);
    RESPONSE(&user, NO_ENTRY, WRITE, CF_LOCATE_LEID, .leid = leid);
}
END_TEST

START_TEST(adjunct_starts_as_zeros_and_is_kept)
{
    static const uint8_t zeros[CF_ADJUNCT_SIZE];
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .adjunct = 9);
    RESPONSE(&user, OK, READ, NAME, .name = "A", .options = ADJUNCT);
    ck_assert_mem_eq(mrb + MRB_ADJUNCT, zeros, CF_ADJUNCT_SIZE);
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .options = ADJUNCT, .adjunct = 9);
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .options = DATA, .length = 300);
    RESPONSE(&user, OK, READ, NAME, .name = "A", .options = ADJUNCT);
    ck_assert_int_eq(mrb[MRB_ADJUNCT], 9);
    ck_assert_int_eq(mrb[MRB_ADJUNCT + CF_ADJUNCT_SIZE - 1], 9);
}
END_TEST

START_TEST(small_buffer_does_nothing)
{
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .options = DATA, .length = 300);
    uint8_t mcb[CF_MCB_SIZE], *buffer = malloc(299);
    cf_request(mcb, &user, DELETE);
    mcb[MCB_LOCATE] = HEAD;
    mcb[MCB_OPTIONS] = DATA;
    mcb[MCB_LOCKOPER] = SET;
    cf_message(cf, mcb, NULL, 0, mrb, buffer, 299);
    free(buffer);
    ck_assert_int_eq(get_be16(mrb), CF_RSP_BUFFER_FULL);
    ck_assert_uint_eq(answer(MRB_DATALEN), 300);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_TEST);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), 0);
    RESPONSE(&user, OK, READ, HEAD);
}
END_TEST

/* Entries in the order of the list, by the last byte of their keys and their version. */
static void order_is(const struct cf_user *of, const char *expected)
{
    char found[64] = "";
    while (ask(of, (struct ask){DELETE, HEAD}) == CF_RSP_OK)
        sprintf(found + strlen(found), "%c%d", mrb[MRB_NAME], (int)get_be64(mrb + MRB_VERSION));
    ck_assert_str_eq(found, expected);
}

START_TEST(keyed_lists_are_in_order)
{
    struct attributes keyed = usual;
    struct cf_user of;
    keyed.flags = CF_CONN_KEYED;
    ck_assert_int_eq(connect_as(cf, "KEYED", "ONE", &keyed, &of), CF_RSP_OK);
    static const struct { const char *key; uint8_t locate; } entries[] = {
        {"M", TAIL}, {"C", TAIL}, {"X", HEAD}, {"C", TAIL}, {"C", CF_LOCATE_KEY_HEAD}, {"M", CF_LOCATE_KEY_TAIL}, {"A", TAIL}};
    for (unsigned i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        RESPONSE(&of, OK, WRITE, entries[i].locate, NEW, .name = entries[i].key, .versupdate = CF_VERSUPDATE_SET, .version = i);
        ck_assert_int_eq(cf_check(inside, stderr), 0);
    }
    RESPONSE(&of, OK, READ, CF_LOCATE_KEY_HEAD, .name = "C");
    ck_assert_uint_eq(get_be64(mrb + MRB_VERSION), 4);
    RESPONSE(&of, OK, READ, CF_LOCATE_KEY_TAIL, .name = "C");
    ck_assert_uint_eq(get_be64(mrb + MRB_VERSION), 3);
    RESPONSE(&of, NO_ENTRY, READ, CF_LOCATE_KEY_HEAD, .name = "D");
    RESPONSE(&of, OK, DELETE, CF_LOCATE_KEY_HEAD, .name = "C");
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    order_is(&of, "A6C1C3M0M5X2");
}
END_TEST

START_TEST(keyed_list_of_many_random_keys)
{
    struct attributes keyed = usual;
    struct cf_user of;
    keyed.flags = CF_CONN_KEYED;
    keyed.element_ratio = 0;
    ck_assert_int_eq(connect_as(cf, "KEYED", "ONE", &keyed, &of), CF_RSP_OK);
    unsigned seed = 1;
    char key[CF_NAME_SIZE + 1];
    for (int i = 0; i < 6000; i++) {
        snprintf(key, sizeof key, "%03d", rand_r(&seed) % 700);
        if (i % 3 < 2)
            RESPONSE(&of, OK, WRITE, rand_r(&seed) % 2 ? HEAD : TAIL, NEW, .name = key);
        else
            ask(&of, (struct ask){DELETE, rand_r(&seed) % 2 ? CF_LOCATE_KEY_HEAD : CF_LOCATE_KEY_TAIL, .name = key});
        if (i % 500 == 0)
            ck_assert_int_eq(cf_check(inside, stderr), 0);
    }
    ck_assert_int_eq(cf_check(inside, stderr), 0);
}
END_TEST

/* --- storage --------------------------------------------------------------------------------------------------------- */

START_TEST(full_structure_can_still_be_rewritten)
{
    char name[CF_NAME_SIZE + 1];
    int count = 0, response;
    for (;; count++) {
        snprintf(name, sizeof name, "N%d", count);
        response = ask(&user, (struct ask){WRITE, NAME, NEW, .name = name, .options = DATA, .length = 2000 + 100u * (unsigned)(count % 7), .fill = (uint8_t)count});
        if (response != CF_RSP_OK)
            break;
    }
    ck_assert_int_eq(response, CF_RSP_STRUCTURE_FULL);
    for (int i = 0; i < count; i += 2) {
        snprintf(name, sizeof name, "N%d", i);
        RESPONSE(&user, OK, DELETE, NAME, .name = name);
    }
    /* storage is in pieces now: entries of many runs */
    unsigned seed = 3;
    for (int i = 0; i < 400; i++) {
        uint32_t length = (uint32_t)rand_r(&seed) % 65280;
        snprintf(name, sizeof name, "N%d", rand_r(&seed) % count);
        response = ask(&user, (struct ask){WRITE, NAME, .name = name, .options = DATA, .length = length, .fill = (uint8_t)length});
        if (response == CF_RSP_OK) {
            RESPONSE(&user, OK, READ, NAME, .name = name, .options = DATA);
            ck_assert_uint_eq(answer(MRB_DATALEN), length);
            for (uint32_t j = 0; j < length; j++)
                ck_assert_int_eq(data_in[j], (uint8_t)length);
        } else {
            ck_assert_int_eq(response, CF_RSP_STRUCTURE_FULL);
        }
    }
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    while (ask(&user, (struct ask){DELETE, TAIL}) == CF_RSP_OK)
        ;
    ck_assert_uint_eq(cf_control(inside, &inside->slots[0])->elements_used, 0);
}
END_TEST

START_TEST(facility_full_and_given_back)
{
    struct attributes large = usual;
    struct cf_user of[2];
    large.size_kib = 2048;
    uint32_t free_before = inside->header->increments_free;
    ck_assert_int_eq(connect_as(cf, "STR2", "A", &large, &of[0]), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "STR3", "A", &large, &of[1]), CF_RSP_CF_FULL);
    RESPONSE(&of[0], OK, CF_CMD_DISCONNECT);
    ck_assert_uint_eq(inside->header->increments_free, free_before);
    ck_assert_int_eq(connect_as(cf, "STR3", "A", &large, &of[1]), CF_RSP_OK);
    RESPONSE(&of[0], NO_STRUCTURE, READ, HEAD);
}
END_TEST

START_TEST(identify_tells_name_and_storage)
{
    RESPONSE(&user, OK, CF_CMD_IDENTIFY);
    ck_assert_mem_eq(mrb + MRB_OWN + IDENTIFY_NAME, "CF01    ", 8);
    ck_assert_uint_eq(answer(MRB_OWN + IDENTIFY_LEVEL), CF_LEVEL);
    ck_assert_uint_gt(get_be64(mrb + MRB_OWN + IDENTIFY_FREE_KIB), 0);
    ck_assert_uint_gt(get_be64(mrb + MRB_OWN + IDENTIFY_SIZE_KIB), get_be64(mrb + MRB_OWN + IDENTIFY_FREE_KIB));
}
END_TEST

/* --- connections ------------------------------------------------------------------------------------------------------- */

START_TEST(connect_answers_with_the_attributes_in_force)
{
    struct attributes different = usual;
    struct cf_user third;
    different.lists = 100;
    different.locks = 5;
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &different, &third), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_OWN + CONN_LISTHEADERS), usual.lists);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 1);
    ck_assert_uint_eq(third.conid, 3);
    ck_assert_int_eq(connect_as(cf, "STR9", "ONE", &different, &third), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_OWN + CONN_LOCKENTRIES), 8);       /* the next power of two */
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 0);
    ck_assert_mem_eq(mrb + MRB_OWN + CONN_CFNAME, "CF01    ", 8);
    ck_assert_uint_ne(events(&user) & CF_EVENT_CONN_NEW, 0);
}
END_TEST

START_TEST(tokens_stale_forged_or_of_others_are_refused)
{
    struct cf_user bad = user;
    struct cf_user again;
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &again), CF_RSP_NAME_IN_USE);
    bad.token ^= 0x100;
    RESPONSE(&bad, NO_CONNECTION, READ, HEAD);
    bad = other;
    bad.cf = cf;
    RESPONSE(&bad, NO_CONNECTION, READ, HEAD);
    bad = user;
    bad.structure += 0x10000;
    RESPONSE(&bad, NO_STRUCTURE, READ, HEAD);
    RESPONSE(&user, OK, CF_CMD_DISCONNECT);
    RESPONSE(&user, NO_CONNECTION, READ, HEAD);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &again), CF_RSP_OK);
    ck_assert_uint_eq(again.conid, user.conid);
    ck_assert_uint_ne(again.token, user.token);
    RESPONSE(&user, NO_CONNECTION, READ, HEAD);
    RESPONSE(&again, NO_ENTRY, READ, HEAD);
}
END_TEST

START_TEST(failed_persistent_connection_is_taken_up)
{
    struct attributes keep = usual;
    struct cf_user third, again;
    keep.flags |= CF_CONN_CONDISP_KEEP;
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &keep, &third), CF_RSP_OK);
    RESPONSE(&third, OK, CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE);
    ck_assert_uint_ne(events(&user) & CF_EVENT_CONN_FAILED, 0);
    ck_assert_int_eq(mrb[MRB_OWN + VECTOR_FAILED], 0x80 >> third.conid);
    ck_assert_uint_eq(events(&user), 0);
    ck_assert_int_eq(connect_as(other_cf, "STR1", "THREE", &keep, &again), CF_RSP_OK);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_RECONNECTED], 1);
    ck_assert_uint_eq(again.conid, third.conid);
}
END_TEST

START_TEST(strdisp_keep_outlives_its_connections)
{
    struct attributes keep = usual;
    struct cf_user of;
    keep.flags |= CF_CONN_STRDISP_KEEP;
    ck_assert_int_eq(connect_as(cf, "KEPT", "A", &keep, &of), CF_RSP_OK);
    RESPONSE(&of, OK, WRITE, NAME, .name = "A");
    RESPONSE(&of, OK, CF_CMD_DISCONNECT);
    ck_assert_int_eq(connect_as(cf, "KEPT", "A", &keep, &of), CF_RSP_OK);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 1);
    RESPONSE(&of, OK, READ, NAME, .name = "A");
}
END_TEST

START_TEST(segments_refuse_what_they_are_not)
{
    struct cf *none;
    ck_assert_int_eq(cf_create(segment_name, "CF01", SEGMENT_SIZE), -EEXIST);
    ck_assert_int_eq(cf_create("a/b", "CF01", SEGMENT_SIZE), -EINVAL);
    ck_assert_int_eq(cf_create("cf_test_never", "cf01", SEGMENT_SIZE), -EINVAL);
    ck_assert_int_eq(cf_create("cf_test_never", "CF01", 4096), -EINVAL);
    ck_assert_int_eq(cf_open("cf_test_never", "MVS1", &none), -ENOENT);
    ck_assert_int_eq(cf_open(segment_name, "NAMETOOLONG", &none), -EINVAL);
    ck_assert_int_eq(cf_remove("cf_test_never"), -ENOENT);
    uint64_t magic = inside->header->magic;
    inside->header->magic = 0;
    ck_assert_int_eq(cf_open(segment_name, "MVS1", &none), -EPROTO);
    inside->header->magic = magic;
}
END_TEST

/* --- locks ------------------------------------------------------------------------------------------------------------- */

START_TEST(lock_and_request_happen_both_or_neither)
{
    RESPONSE(&user, NO_ENTRY, READ, NAME, .name = "A", .lockoper = SET);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_TEST);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), 0);
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .lockoper = SET);
    RESPONSE(&other, LOCK_HELD, WRITE, NAME, .name = "A", .lockoper = SET, .versupdate = CF_VERSUPDATE_INC);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), user.conid);
    RESPONSE(&other, LOCK_HELD, WRITE, NAME, .name = "A", .lockoper = CF_LOCK_NOTHELD, .versupdate = CF_VERSUPDATE_INC);
    RESPONSE(&other, LOCK_NOT_HELD, WRITE, NAME, .name = "A", .lockoper = RESET, .versupdate = CF_VERSUPDATE_INC);
    RESPONSE(&other, LOCK_NOT_HELD, DELETE, NAME, .name = "A", .lockoper = CF_LOCK_HELDBY);
    RESPONSE(&user, OK, READ, NAME, .name = "A", .lockoper = CF_LOCK_HELDBY);
    ck_assert_uint_eq(get_be64(mrb + MRB_VERSION), 0);
    RESPONSE(&user, OK, READ, NAME, .name = "A", .lockoper = SET);      /* has it already */
    RESPONSE(&user, VERSION_MISMATCH, WRITE, NAME, .name = "A", .lockoper = RESET, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 5);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_TEST);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), user.conid);
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .lockoper = RESET);
    RESPONSE(&other, OK, WRITE, NAME, .name = "A", .lockoper = CF_LOCK_NOTHELD);
    RESPONSE(&user, LOCK_NOT_HELD, LOCK, .lockoper = RESET);
}
END_TEST

START_TEST(waiters_get_the_lock_in_their_order)
{
    struct cf_user third;
    uint32_t seen = 0, seen_other = 0;
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &third), CF_RSP_OK);
    RESPONSE(&user, OK, LOCK, .lockoper = SET, .lock = 3);
    RESPONSE(&other, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);
    RESPONSE(&third, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);
    RESPONSE(&other, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);    /* keeps its place */
    drain(cf, &seen);
    drain(other_cf, &seen_other);
    ck_assert_uint_eq(events(&other) & CF_EVENT_LOCK_GRANTED, 0);
    RESPONSE(&user, OK, LOCK, .lockoper = RESET, .lock = 3);
    ck_assert(cf_wait(other_cf, &seen_other, 1000));
    ck_assert(!cf_wait(cf, &seen, 0));
    ck_assert_uint_ne(events(&other) & CF_EVENT_LOCK_GRANTED, 0);
    ck_assert_uint_eq(answer(MRB_OWN + VECTOR_LOCKINDEX), 3);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), other.conid);
    ck_assert_uint_eq(events(&other) & CF_EVENT_LOCK_GRANTED, 0);
    RESPONSE(&user, LOCK_HELD, LOCK, .lockoper = SET, .lock = 3);
    RESPONSE(&other, OK, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);
    RESPONSE(&other, OK, LOCK, .lockoper = RESET, .lock = 3);
    RESPONSE(&third, OK, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 3);     /* found out by itself: */
    ck_assert_uint_eq(events(&third) & CF_EVENT_LOCK_GRANTED, 0);                   /* not told any more */
    RESPONSE(&third, OK, LOCK, .lockoper = RESET, .lock = 3);
    RESPONSE(&user, OK, LOCK, .lockoper = SET, .lock = 3);
}
END_TEST

START_TEST(end_of_a_connection_frees_its_locks_and_places)
{
    struct cf_user third;
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &third), CF_RSP_OK);
    RESPONSE(&user, OK, LOCK, .lockoper = SET, .lock = 1);
    RESPONSE(&other, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 1);
    RESPONSE(&third, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = 1);
    RESPONSE(&other, OK, CF_CMD_DISCONNECT);
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    RESPONSE(&user, OK, CF_CMD_DISCONNECT);     /* with a lock held: as a failure */
    uint32_t told = events(&third);
    ck_assert_uint_ne(told & CF_EVENT_LOCK_GRANTED, 0);
    ck_assert_uint_ne(told & CF_EVENT_CONN_FAILED, 0);
}
END_TEST

START_TEST(more_waits_than_places_are_refused)
{
    for (uint32_t i = 0; i < 8; i++) {
        RESPONSE(&user, OK, LOCK, .lockoper = SET, .lock = i);
        RESPONSE(&other, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = i);
    }
    struct attributes more = usual;
    struct cf_user of[2];
    more.locks = 16;
    ck_assert_int_eq(connect_as(cf, "STR2", "ONE", &more, &of[0]), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "STR2", "TWO", &more, &of[1]), CF_RSP_OK);
    for (uint32_t i = 0; i < 9; i++) {
        RESPONSE(&of[0], OK, LOCK, .lockoper = SET, .lock = i);
        ck_assert_int_eq(ask(&of[1], (struct ask){LOCK, .lockoper = SET, .lockmode = UNCOND, .lock = i}),
                         i < 8 ? CF_RSP_LOCK_QUEUED : CF_RSP_BUSY);
    }
}
END_TEST

/* --- notification ------------------------------------------------------------------------------------------------------- */

START_TEST(monitored_list_tells_transitions_only)
{
    uint32_t seen = 0;
    RESPONSE(&other, OK, MONITOR, .list = 2, .bit = 9);
    ck_assert_uint_eq(events(&other) & CF_EVENT_LIST, 0);
    drain(other_cf, &seen);
    RESPONSE(&user, OK, WRITE, TAIL, NEW, .list = 2);
    ck_assert(cf_wait(other_cf, &seen, 1000));
    ck_assert_uint_ne(events(&other) & CF_EVENT_LIST, 0);
    ck_assert_uint_eq(answer(MRB_OWN + VECTOR_BYTES), 4);
    ck_assert_int_eq(data_in[1], 0x40);
    RESPONSE(&user, OK, WRITE, TAIL, NEW, .list = 2);
    ck_assert(!cf_wait(other_cf, &seen, 0));
    RESPONSE(&other, OK, DELETE, HEAD, .list = 2);
    RESPONSE(&other, OK, DELETE, HEAD, .list = 2);
    ck_assert(!cf_wait(other_cf, &seen, 0));
    ck_assert_uint_eq(events(&other), 0);
    ck_assert_int_eq(data_in[1], 0);
    RESPONSE(&other, OK, MONITOR, .list = 2, .bit = 9, .options = CF_OPT_STOP);
    RESPONSE(&user, OK, WRITE, TAIL, NEW, .list = 2);
    ck_assert_uint_eq(events(&other), 0);
}
END_TEST

START_TEST(monitor_of_a_filled_list_tells_at_once)
{
    RESPONSE(&user, OK, WRITE, TAIL, NEW, .list = 5);
    RESPONSE(&other, OK, MONITOR, .list = 5, .bit = 0);
    ck_assert_uint_ne(events(&other) & CF_EVENT_LIST, 0);
    ck_assert_int_eq(data_in[0], 0x80);
    RESPONSE(&other, BAD_REQUEST, MONITOR, .list = 6, .bit = 0);
    RESPONSE(&other, BAD_REQUEST, MONITOR, .list = 6, .bit = 32);
}
END_TEST

static void *wait_for_ever(void *result)
{
    uint32_t seen = 0;
    while (cf_wait(cf, &seen, -1))
        ;
    *(bool *)result = true;
    return NULL;
}

START_TEST(interrupt_ends_a_wait)
{
    pthread_t thread;
    bool ended = false;
    uint32_t seen = 0;
    drain(cf, &seen);
    ck_assert(!cf_wait(cf, &seen, 1));
    cf_interrupt(cf);
    ck_assert(!cf_wait(cf, &seen, -1));
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_ever, &ended), 0);
    usleep(20000);
    cf_interrupt(cf);
    pthread_join(thread, NULL);
    ck_assert(ended);
}
END_TEST

/* --- processes that die or stop ------------------------------------------------------------------------------------------ */

/* A process that connects to STR1, takes lock 0, and waits to be killed. */
static bool take_lock(void)
{
    struct cf_user of;
    return connect_as(segment_open(), "STR1", "HOLDER", &usual, &of) == CF_RSP_OK && ask(&of, (struct ask){LOCK, .lockoper = SET}) == CF_RSP_OK;
}

static pid_t holder(void)
{
    return child_holding(take_lock);
}

START_TEST(lock_of_a_dead_process_is_free_at_the_next_request)
{
    pid_t pid = holder();
    RESPONSE(&user, LOCK_HELD, LOCK, .lockoper = SET);
    child_kill(pid);
    RESPONSE(&user, OK, LOCK, .lockoper = SET);
    ck_assert_uint_ne(events(&other) & CF_EVENT_CONN_FAILED, 0);
}
END_TEST

/* However often the lock of another process was looked at before its queue was joined. */
START_TEST(request_that_looks_at_a_lock_again_is_one_request)
{
    pid_t pid = holder();
    const struct cf_stats *stats = &cf_control(inside, &inside->slots[0])->stats;
    uint64_t served = stats->served;
    RESPONSE(&user, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND);
    ck_assert_uint_eq(stats->served, served + 1);
    ck_assert_uint_eq(stats->requests[CF_STAT_LOCK][CF_STAT_CONTENDED], 1);
    ck_assert_uint_eq(stats->contentions, 1);
    RESPONSE(&other, LOCK_HELD, LOCK, .lockoper = SET);
    ck_assert_uint_eq(stats->contentions, 2);
    child_kill(pid);
}
END_TEST

static void *watch(void *view)
{
    cf_watch(view);
    return NULL;
}

START_TEST(watch_notices_a_death_at_once)
{
    pthread_t thread;
    uint32_t seen = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, watch, other_cf), 0);
    usleep(20000);
    pid_t pid = holder();       /* arrives after the watch began */
    usleep(20000);
    RESPONSE(&user, LOCK_QUEUED, LOCK, .lockoper = SET, .lockmode = UNCOND);
    events(&user);
    drain(cf, &seen);
    child_kill(pid);
    ck_assert(cf_wait(cf, &seen, 20000));       /* nothing but the death ends the watch's own wait */
    uint32_t told = 0;
    for (int i = 0; i < 20000 && told != (CF_EVENT_LOCK_GRANTED | CF_EVENT_CONN_FAILED); i++, usleep(1000))
        told |= events(&user);
    ck_assert_uint_eq(told, CF_EVENT_LOCK_GRANTED | CF_EVENT_CONN_FAILED);
    cf_interrupt(other_cf);
    pthread_join(thread, NULL);
}
END_TEST

static void stop_here(void)
{
    raise(SIGSTOP);
}

/* A process that is stopped inside a WRITE of 20 elements, and the mutex with it. */
static pid_t stopped_inside(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        cf_crash_hook = stop_here;
        ask(&user, (struct ask){WRITE, NAME, .name = "HALF", .options = DATA, .length = 5000});
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, NULL, WUNTRACED), pid);
    return pid;
}

START_TEST(caller_says_how_long_it_waits)
{
    uint8_t mcb[CF_MCB_SIZE];
    pid_t pid = stopped_inside();
    uint64_t shortest = UINT64_MAX;
    cf_request(mcb, &user, CF_CMD_LIST_READ);
    mcb[MCB_LOCATE] = CF_LOCATE_HEAD;
    for (uint32_t wait_us = 0; wait_us < 20; wait_us++) {
        uint64_t started = cf_clock_ns(CLOCK_MONOTONIC);
        cf_message_within(cf, mcb, NULL, 0, mrb, NULL, 0, wait_us);
        uint64_t took = cf_clock_ns(CLOCK_MONOTONIC) - started;
        ck_assert_uint_eq(get_be16(mrb + MRB_RESPONSE), CF_RSP_BUSY);
        shortest = took < shortest ? took : shortest;       /* the others may not have had the processor */
    }
    uint64_t started = cf_clock_ns(CLOCK_MONOTONIC);
    RESPONSE(&user, BUSY, READ, HEAD);
    ck_assert_uint_lt(20 * shortest, cf_clock_ns(CLOCK_MONOTONIC) - started);
    child_kill(pid);
    cf_message_within(cf, mcb, NULL, 0, mrb, NULL, 0, 0);
    ck_assert_uint_eq(get_be16(mrb + MRB_RESPONSE), CF_RSP_NO_ENTRY);                       /* a dead one is not waited for */
}
END_TEST

START_TEST(stopped_process_holds_nobody_up_for_long)
{
    pid_t pid = stopped_inside();
    RESPONSE(&user, BUSY, READ, HEAD);
    child_kill(pid);
    RESPONSE(&user, NO_ENTRY, READ, HEAD);
    ck_assert_uint_eq(cf_control(inside, &inside->slots[0])->stats.rollbacks, 1);
}
END_TEST

/* --- bad messages ---------------------------------------------------------------------------------------------------------- */

struct bad {
    struct ask ask;
    int response;
    unsigned reason;
};

static const struct bad bads[] = {
    {{0x7777}, CF_RSP_BAD_COMMAND, 0},
    {{READ, CF_LOCATE_NONE}, CF_RSP_BAD_REQUEST, MCB_LOCATE},
    {{READ, 7}, CF_RSP_BAD_REQUEST, MCB_LOCATE},
    {{READ, CF_LOCATE_KEY_HEAD}, CF_RSP_BAD_REQUEST, MCB_LOCATE},       /* names, not keys */
    {{READ, NAME}, CF_RSP_BAD_REQUEST, MCB_NAME},
    {{READ, HEAD, .list = 8}, CF_RSP_BAD_REQUEST, MCB_LIST},
    {{READ, HEAD, .list = 0xFFFFFFFF}, CF_RSP_BAD_REQUEST, MCB_LIST},
    {{READ, HEAD, .options = CF_OPT_STOP}, CF_RSP_BAD_REQUEST, MCB_OPTIONS},
    {{READ, HEAD, .verscomp = 3}, CF_RSP_BAD_REQUEST, MCB_VERSCOMP},
    {{READ, HEAD, .versupdate = 1}, CF_RSP_BAD_REQUEST, MCB_VERSUPDATE},
    {{READ, HEAD, NEW}, CF_RSP_BAD_REQUEST, MCB_ENTRYTYPE},
    {{READ, HEAD, .lockoper = 6}, CF_RSP_BAD_REQUEST, MCB_LOCKOPER},
    {{READ, HEAD, .lockoper = CF_LOCK_TEST}, CF_RSP_BAD_REQUEST, MCB_LOCKOPER},
    {{LOCK}, CF_RSP_BAD_REQUEST, MCB_LOCKOPER},
    {{READ, HEAD, .lockoper = SET, .lock = 8}, CF_RSP_BAD_REQUEST, MCB_LOCKINDEX},
    {{READ, HEAD, .lockoper = RESET, .lockmode = UNCOND}, CF_RSP_BAD_REQUEST, MCB_LOCKMODE},
    {{READ, HEAD, .lockoper = SET, .lockmode = 2}, CF_RSP_BAD_REQUEST, MCB_LOCKMODE},
    {{WRITE, HEAD, 3}, CF_RSP_BAD_REQUEST, MCB_ENTRYTYPE},
    {{WRITE, CF_LOCATE_LEID, NEW}, CF_RSP_BAD_REQUEST, MCB_ENTRYTYPE},
    {{WRITE, HEAD, .versupdate = 4}, CF_RSP_BAD_REQUEST, MCB_VERSUPDATE},
    {{WRITE, HEAD, .length = 1}, CF_RSP_BAD_REQUEST, MCB_DATALEN},
    {{WRITE, HEAD, .options = DATA, .length = 65281}, CF_RSP_BAD_REQUEST, MCB_DATALEN},
    {{WRITE, HEAD, .options = DATA, .length = 0xFFFFFFFF}, CF_RSP_BAD_REQUEST, MCB_DATALEN},
    {{MONITOR, .list = 8}, CF_RSP_BAD_REQUEST, MCB_LIST},
    {{CF_CMD_DISCONNECT, .options = DATA}, CF_RSP_BAD_REQUEST, MCB_OPTIONS},
};

START_TEST(bad_messages_name_the_field)
{
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        int response = ask(&user, bads[i].ask);
        ck_assert_msg(response == bads[i].response && get_be16(mrb + MRB_REASON) == bads[i].reason,
                      "row %zu: response %04x, reason %u", i, response, get_be16(mrb + MRB_REASON));
    }
}
END_TEST

static const struct { unsigned offset; uint8_t byte; unsigned reason; } bad_attributes[] = {
    {MCB_NAME, ' ', MCB_NAME},
    {MCB_NAME + 1, 'x', MCB_NAME},
    {MCB_AUTH_COMP + 1, 0, MCB_AUTH_COMP},
    {MCB_OWN + CONN_LISTHEADERS, 1, MCB_OWN + CONN_LISTHEADERS},
    {MCB_OWN + CONN_LISTHEADERS + 3, 0, MCB_OWN + CONN_LOCKENTRIES},     /* a lock structure without a lock table */
    {MCB_OWN + CONN_LOCKENTRIES, 1, MCB_OWN + CONN_LOCKENTRIES},
    {MCB_OWN + CONN_MAXELEMNUM, 1, MCB_OWN + CONN_MAXELEMNUM},
    {MCB_OWN + CONN_MAXELEMNUM + 1, 0, MCB_OWN + CONN_MAXELEMNUM},
    {MCB_OWN + CONN_ELEMCHAR, 5, MCB_OWN + CONN_ELEMCHAR},
    {MCB_OWN + CONN_FLAGS, 1, MCB_OWN + CONN_FLAGS},
    {MCB_OWN + CONN_FLAGS, CF_CONN_KEYED | CF_CONN_NAMED, MCB_OWN + CONN_FLAGS},
    {MCB_OWN + CONN_ENTRYRATIO + 1, 0, MCB_OWN + CONN_ENTRYRATIO},
    {MCB_OWN + CONN_VECTORLEN + 3, 33, MCB_OWN + CONN_VECTORLEN},
    {MCB_OWN + CONN_VECTORLEN, 1, MCB_OWN + CONN_VECTORLEN},
};

START_TEST(bad_attributes_name_the_field)
{
    for (size_t i = 0; i < sizeof bad_attributes / sizeof bad_attributes[0]; i++) {
        uint8_t mcb[CF_MCB_SIZE];
        cf_request_connect(mcb, "NEWSTR", "CONN", "TEST");
        put_be32(mcb + MCB_OWN + CONN_LISTHEADERS, 1);
        put_be16(mcb + MCB_OWN + CONN_MAXELEMNUM, 16);
        put_be16(mcb + MCB_OWN + CONN_ENTRYRATIO, 1);
        mcb[bad_attributes[i].offset] = bad_attributes[i].byte;
        ck_assert_int_eq(cf_send(cf, mcb, mrb), CF_RSP_BAD_REQUEST);
        ck_assert_msg(get_be16(mrb + MRB_REASON) == bad_attributes[i].reason, "row %zu: reason %u", i, get_be16(mrb + MRB_REASON));
    }
}
END_TEST

/* Messages that are mostly right, with random bytes in some places, and with random lengths. */
START_TEST(random_messages_do_no_harm)
{
    static const uint16_t commands[] = {READ, WRITE, WRITE, DELETE, LOCK, MONITOR, VECTOR, CF_CMD_CONNECT, CF_CMD_DISCONNECT, CF_CMD_IDENTIFY,
                                        CF_CMD_READ_STRUCTURE,
                                        CF_CMD_LIST_READ_LIST, CF_CMD_LIST_READ_MULT, CF_CMD_LIST_MOVE, CF_CMD_LIST_MOVE, CF_CMD_LIST_DELETE_MULT,
                                        CF_CMD_LIST_DELETE_ENTRYLIST, CF_CMD_LIST_READ_LCONTROLS, CF_CMD_LIST_WRITE_LCONTROLS,
                                        CF_CMD_LIST_MONITOR_SUBLIST, CF_CMD_LIST_DEQ_EVENTQ};
    static const unsigned small[] = {MCB_LOCATE, MCB_ENTRYTYPE, MCB_LOCKOPER, MCB_LOCKMODE, MCB_VERSCOMP, MCB_VERSUPDATE};
    unsigned seed = 2;
    struct cf_user users[2] = {user, other};
    const int count = segment_place[0] ? 3000 : 30000;
    for (int i = 0; i < count; i++) {
        uint8_t mcb[CF_MCB_SIZE];
        struct cf_user *as = &users[rand_r(&seed) % 2];
        uint16_t command = commands[(unsigned)rand_r(&seed) % (sizeof commands / sizeof commands[0])];
        if (command == CF_CMD_DISCONNECT && rand_r(&seed) % 16 != 0)
            command = WRITE;
        if (command == CF_CMD_CONNECT)
            cf_request_connect(mcb, rand_r(&seed) % 2 ? "STR1" : "STR2", as == users ? "ONE" : "TWO", "TEST");
        else
            cf_request(mcb, as, command);
        for (size_t j = 0; command != CF_CMD_CONNECT && j < sizeof small / sizeof small[0]; j++)
            mcb[small[j]] = (uint8_t)(rand_r(&seed) % 3);
        if (command != CF_CMD_CONNECT && rand_r(&seed) % 2)
            mcb[MCB_LOCATE] = NAME;
        mcb[MCB_OPTIONS] = (uint8_t)(rand_r(&seed) & 0xE0);
        mcb[MCB_LIST + 3] = mcb[MCB_LOCKINDEX + 3] = (uint8_t)(rand_r(&seed) % 9);
        mcb[MCB_VECTORINDEX + 3] = (uint8_t)(rand_r(&seed) % 33);
        if (command == CF_CMD_CONNECT) {
            put_be32(mcb + MCB_OWN + CONN_LISTHEADERS, 8);
            put_be16(mcb + MCB_OWN + CONN_MAXELEMNUM, 255);
            put_be16(mcb + MCB_OWN + CONN_ENTRYRATIO, 1);
            put_be32(mcb + MCB_OWN + CONN_VECTORLEN, 32);
        } else {
            mcb[MCB_NAME] = (uint8_t)(rand_r(&seed) % 50);
            put_be32(mcb + MCB_LEID, (uint32_t)rand_r(&seed) % 50);
            put_be64(mcb + MCB_LEID + 4, (uint64_t)rand_r(&seed) % 500);
        }
        uint32_t out_len = mcb[MCB_OPTIONS] & DATA ? (uint32_t)(rand_r(&seed) % 20000) : 0;
        put_be32(mcb + MCB_DATALEN, out_len);
        for (int j = rand_r(&seed) % 8 - 5; j > 0; j--)
            mcb[(unsigned)rand_r(&seed) % CF_MCB_SIZE] = (uint8_t)rand_r(&seed);
        uint32_t in_cap = (uint32_t)(rand_r(&seed) % 20000);
        uint8_t *out = calloc(out_len + 1, 1), *in = malloc(in_cap + 1);
        cf_message(as->cf, mcb, out, out_len, mrb, in, in_cap);
        if (get_be16(mcb) == CF_CMD_CONNECT && get_be16(mrb) == CF_RSP_OK) {
            as->structure = answer(MRB_STRUCTURE);
            as->token = get_be64(mrb + MRB_TOKEN);
        }
        free(out);
        free(in);
        if (i % 2000 == 0)
            ck_assert_int_eq(cf_check(inside, stderr), 0);
    }
}
END_TEST

START_TEST(statistics_count_by_command_and_response)
{
    RESPONSE(&user, OK, WRITE, NAME, .name = "A");
    RESPONSE(&user, OK, READ, NAME, .name = "A");
    RESPONSE(&user, NO_ENTRY, READ, NAME, .name = "B");
    RESPONSE(&user, BAD_REQUEST, READ);
    const struct cf_stats *stats = &cf_control(inside, &inside->slots[0])->stats;
    ck_assert_uint_eq(stats->requests[CF_STAT_WRITE][CF_STAT_OK], 1);
    ck_assert_uint_eq(stats->requests[CF_STAT_READ][CF_STAT_OK], 1);
    ck_assert_uint_eq(stats->requests[CF_STAT_READ][CF_STAT_NO_ENTRY], 1);
    ck_assert_uint_eq(stats->requests[CF_STAT_READ][CF_STAT_REFUSED], 1);
    ck_assert_uint_eq(stats->requests[CF_STAT_CONNECT][CF_STAT_OK], 2);
    ck_assert_uint_eq(stats->served, 6);
    ck_assert_uint_gt(stats->ticks, 0);
    ck_assert(cf_ticks_per_us(inside) > 1.0);
}
END_TEST

/* A check that cannot fail proves nothing. */
START_TEST(check_finds_damage)
{
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .options = DATA, .length = 1000);
    RESPONSE(&user, OK, LOCK, .lockoper = SET);
    struct cf_structure *s = cf_control(inside, &inside->slots[0]);
    struct cf_entry *entry = cf_entry_at(inside, s, 1);
    uint32_t *damage[] = {&cf_list_at(s, 0)->count, &cf_list_at(s, 0)->tail, &entry->list, &entry->next, &entry->run,
                          &entry->length, &s->entries_used, &s->elements_used, &cf_entries_at(s, 0)->free, &s->monitor_free,
                          &cf_lock_at(s, 0)->owner, &cf_lock_at(s, 1)->waiters, &cf_elements_at(inside, s, 0)->free,
                          (uint32_t *)&cf_elements_at(inside, s, 0)->used[5], &s->undo.count, &inside->header->increments_free,
                          (uint32_t *)&entry->name[0], &s->conn[1].state, &inside->map[0], &inside->slots[5].state};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        uint32_t right = *damage[i];
        *damage[i] ^= 0x401;
        if (damage[i] == (uint32_t *)&entry->name[0])
            *damage[i] = right ^ 0x1000000;
        ck_assert_msg(cf_check(inside, NULL) > 0, "damage %zu", i);
        *damage[i] = right;
    }
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, list_commands);
    tcase_add_test(tests, leid_finds_one_entry_and_never_another);
    tcase_add_test(tests, adjunct_starts_as_zeros_and_is_kept);
    tcase_add_test(tests, small_buffer_does_nothing);
    tcase_add_test(tests, keyed_lists_are_in_order);
    tcase_add_test(tests, keyed_list_of_many_random_keys);
    tcase_add_test(tests, full_structure_can_still_be_rewritten);
    tcase_add_test(tests, facility_full_and_given_back);
    tcase_add_test(tests, identify_tells_name_and_storage);
    tcase_add_test(tests, connect_answers_with_the_attributes_in_force);
    tcase_add_test(tests, tokens_stale_forged_or_of_others_are_refused);
    tcase_add_test(tests, failed_persistent_connection_is_taken_up);
    tcase_add_test(tests, strdisp_keep_outlives_its_connections);
    tcase_add_test(tests, lock_and_request_happen_both_or_neither);
    tcase_add_test(tests, waiters_get_the_lock_in_their_order);
    tcase_add_test(tests, end_of_a_connection_frees_its_locks_and_places);
    tcase_add_test(tests, more_waits_than_places_are_refused);
    tcase_add_test(tests, monitored_list_tells_transitions_only);
    tcase_add_test(tests, monitor_of_a_filled_list_tells_at_once);
    tcase_add_test(tests, interrupt_ends_a_wait);
    tcase_add_test(tests, watch_notices_a_death_at_once);
    tcase_add_test(tests, bad_messages_name_the_field);
    tcase_add_test(tests, bad_attributes_name_the_field);
    tcase_add_test(tests, random_messages_do_no_harm);
    tcase_add_test(tests, statistics_count_by_command_and_response);
}

int main(void)
{
    Suite *suite = suite_create("CF commands");
    suite_add_everywhere(suite, "commands", setup, teardown, add);
    TCase *tests = tcase_create("in process");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, segments_refuse_what_they_are_not);
    tcase_add_test(tests, lock_of_a_dead_process_is_free_at_the_next_request);
    tcase_add_test(tests, request_that_looks_at_a_lock_again_is_one_request);
    tcase_add_test(tests, stopped_process_holds_nobody_up_for_long);
    tcase_add_test(tests, caller_says_how_long_it_waits);
    tcase_add_test(tests, check_finds_damage);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
