/* The list requests beyond READ, WRITE and DELETE of one entry: many entries, moves, list controls, cursors, conditions on
 * keys and authorities, locks of others, sublists and event queues. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_link_fixture.h"

#define READ CF_CMD_LIST_READ
#define WRITE CF_CMD_LIST_WRITE
#define DELETE CF_CMD_LIST_DELETE
#define MOVE CF_CMD_LIST_MOVE
#define LOCK CF_CMD_LIST_LOCK
#define READ_LIST CF_CMD_LIST_READ_LIST
#define READ_MULT CF_CMD_LIST_READ_MULT
#define DELETE_MULT CF_CMD_LIST_DELETE_MULT
#define DELETE_ENTRYLIST CF_CMD_LIST_DELETE_ENTRYLIST
#define READ_LCONTROLS CF_CMD_LIST_READ_LCONTROLS
#define WRITE_LCONTROLS CF_CMD_LIST_WRITE_LCONTROLS
#define SUBLIST CF_CMD_LIST_MONITOR_SUBLIST
#define SUBLISTS CF_CMD_LIST_MONITOR_SUBLISTS
#define EVENTQ CF_CMD_LIST_MONITOR_EVENTQ
#define DEQ CF_CMD_LIST_DEQ_EVENTQ
#define HEAD CF_LOCATE_HEAD
#define TAIL CF_LOCATE_TAIL
#define NAME CF_LOCATE_NAME
#define CURSOR CF_LOCATE_CURSOR
#define KEY_HEAD CF_LOCATE_KEY_HEAD
#define NEW CF_ENTRY_NEW
#define OLD CF_ENTRY_OLD
#define DATA CF_OPT_DATA
#define ADJUNCT CF_OPT_ADJUNCT
#define LISTCOMP CF_OPT_LISTCOMP
#define RESPONSE(user, expected, ...) ck_assert_int_eq(ask(user, (struct ask){__VA_ARGS__}), CF_RSP_##expected)

static struct cf *cf;
static struct cf_user user, other;      /* names, or no names (plain_setup), or keys */

static void connect_both(uint8_t flags, uint16_t emcstgpct)
{
    struct attributes attributes = usual;
    attributes.flags = flags;
    attributes.emcstgpct = emcstgpct;
    attributes.size_kib = 2048;
    cf = segment_new(SEGMENT_SIZE);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &attributes, &user), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "STR1", "TWO", &attributes, &other), CF_RSP_OK);
}

static void named_setup(void)
{
    connect_both(CF_CONN_ADJUNCT | CF_CONN_NAMED, 0);
}

static void plain_setup(void)
{
    connect_both(0, 0);
}

static void keyed_setup(void)
{
    connect_both(CF_CONN_ADJUNCT | CF_CONN_KEYED, 500);
}

static void teardown(void)
{
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    cf_close(cf);
}

static uint32_t answer(unsigned offset)
{
    return get_be32(mrb + offset);
}

static uint32_t own(unsigned offset)
{
    return get_be32(mrb + MRB_OWN + offset);
}

/* New entries, each a letter: of a name, or key. */
static void fill(uint32_t list, const char *letters)
{
    for (; *letters; letters++) {
        char name[2] = {*letters, 0};
        RESPONSE(&user, OK, WRITE, TAIL, NEW, .list = list, .name = name, .options = DATA, .length = (uint32_t)(*letters - 'A') * 100,
                 .fill = (uint8_t)*letters, .versupdate = CF_VERSUPDATE_SET, .version = (uint64_t)(*letters - 'A'));
    }
}

/* Walk the records of the last answer, checking what they say; their first letters go to text. */
static void records(char *text)
{
    uint32_t length = answer(MRB_DATALEN), count = 0;
    for (uint32_t at = 0; at < length; count++) {
        const uint8_t *record = data_in + at;
        uint32_t size = get_be32(record + RECORD_LENGTH), flags = get_be32(record + RECORD_FLAGS);
        ck_assert_uint_ge(size, RECORD_SIZE);
        ck_assert_uint_eq(size % 8, 0);
        uint32_t data = RECORD_SIZE + (flags & ADJUNCT ? CF_ADJUNCT_SIZE : 0);
        uint32_t data_length = flags & DATA ? get_be32(record + RECORD_DATALEN) : 0;
        ck_assert_uint_eq(size, (data + data_length + 7) / 8 * 8);
        for (uint32_t i = 0; i < data_length; i++)
            ck_assert_int_eq(record[data + i], record[RECORD_NAME]);
        ck_assert_uint_eq(get_be64(record + RECORD_VERSION), record[RECORD_NAME] - 'A');
        *text++ = (char)record[RECORD_NAME];
        at += size;
        ck_assert_uint_le(at, length);
    }
    *text = 0;
    ck_assert_uint_eq(count, own(ANSWER_COUNT));
}

static void list_is(uint32_t list, const char *expected)
{
    char text[512];
    RESPONSE(&user, OK, READ_LIST, .list = list, .options = DATA);
    records(text);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(answer(MRB_LISTCOUNT), strlen(expected));
}

/* --- tables: a request, its response, and the lists 0, 1, 2 after it --------------------------------------------------------- */

struct row {
    const char *what;
    struct ask ask;
    int response;
    const char *after[3];
};

static void table(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(ask(&user, rows[i].ask) == rows[i].response, "%s: response %04x reason %u", rows[i].what, get_be16(mrb), get_be16(mrb + 2));
        for (uint32_t list = 0; list < 3; list++) {
            char text[512];
            RESPONSE(&user, OK, READ_LIST, .list = list, .options = DATA);
            records(text);
            ck_assert_msg(strcmp(text, rows[i].after[list]) == 0, "%s: list %u is %s", rows[i].what, list, text);
        }
        ck_assert_msg(cf_check(inside, stderr) == 0, "%s: check", rows[i].what);
    }
}
#define TABLE(rows) table(rows, sizeof(rows) / sizeof((rows)[0]))

static const struct row moves[] = {
    {"to the tail of another list", {MOVE, NAME, .name = "B", .target = 1, .position = TAIL}, CF_RSP_OK, {"ACD", "B", ""}},
    {"to its head", {MOVE, NAME, .name = "D", .target = 1, .position = HEAD}, CF_RSP_OK, {"AC", "DB", ""}},
    {"in its own list", {MOVE, HEAD, .list = 1, .target = 1, .position = TAIL}, CF_RSP_OK, {"AC", "BD", ""}},
    {"from a place", {MOVE, TAIL, .target = 2, .position = TAIL}, CF_RSP_OK, {"A", "BD", "C"}},
    {"the last of a list", {MOVE, HEAD, .target = 2, .position = HEAD}, CF_RSP_OK, {"", "BD", "AC"}},
    {"nothing there", {MOVE, HEAD, .target = 2, .position = HEAD}, CF_RSP_NO_ENTRY, {"", "BD", "AC"}},
    {"not on that list", {MOVE, NAME, .name = "A", .target = 0, .position = HEAD, .options = LISTCOMP}, CF_RSP_LIST_MISMATCH, {"", "BD", "AC"}},
    {"another version", {MOVE, NAME, .name = "A", .position = HEAD, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 5}, CF_RSP_VERSION_MISMATCH, {"", "BD", "AC"}},
    {"no such target", {MOVE, NAME, .name = "A", .target = 8, .position = HEAD}, CF_RSP_BAD_REQUEST, {"", "BD", "AC"}},
    {"no position", {MOVE, NAME, .name = "A"}, CF_RSP_BAD_REQUEST, {"", "BD", "AC"}},
    {"with a new key", {MOVE, NAME, .name = "A", .position = HEAD, .keytype = CF_KEYTYPE_TARGET}, CF_RSP_BAD_REQUEST, {"", "BD", "AC"}},
    {"data without an operation", {MOVE, NAME, .name = "A", .position = HEAD, .options = DATA}, CF_RSP_BAD_REQUEST, {"", "BD", "AC"}},
    {"as a new entry only", {MOVE, NAME, NEW, .name = "E", .position = HEAD, .dataoper = CF_DATAOPER_WRITE}, CF_RSP_BAD_REQUEST, {"", "BD", "AC"}},
    {"written on the way", {MOVE, NAME, OLD, .name = "A", .target = 1, .position = TAIL, .dataoper = CF_DATAOPER_WRITE, .options = DATA, .length = 5000, .fill = 'A'}, CF_RSP_OK, {"", "BDA", "C"}},
    {"written, but not there", {MOVE, NAME, OLD, .name = "E", .target = 1, .position = TAIL, .dataoper = CF_DATAOPER_WRITE}, CF_RSP_NO_ENTRY, {"", "BDA", "C"}},
    {"written, and created", {MOVE, NAME, .name = "E", .target = 1, .position = HEAD, .dataoper = CF_DATAOPER_WRITE, .options = DATA, .length = 5, .fill = 'E', .versupdate = CF_VERSUPDATE_SET, .version = 4}, CF_RSP_OK, {"", "EBDA", "C"}},
    {"created by place, name taken", {MOVE, HEAD, .name = "E", .target = 1, .position = HEAD, .dataoper = CF_DATAOPER_WRITE}, CF_RSP_ENTRY_EXISTS, {"", "EBDA", "C"}},
};

START_TEST(move_named)
{
    fill(0, "ABCD");
    TABLE(moves);
}
END_TEST

START_TEST(move_and_read_are_one)
{
    fill(0, "BC");
    RESPONSE(&user, OK, WRITE, NAME, .name = "C", .options = ADJUNCT, .adjunct = 3);
    RESPONSE(&user, OK, MOVE, NAME, .name = "C", .target = 1, .position = HEAD, .dataoper = CF_DATAOPER_READ, .options = DATA | ADJUNCT,
             .versupdate = CF_VERSUPDATE_INC, .lockoper = CF_LOCK_SET, .lock = 2);
    ck_assert_uint_eq(answer(MRB_DATALEN), 200);
    ck_assert_int_eq(data_in[199], 'C');
    ck_assert_int_eq(mrb[MRB_ADJUNCT], 3);
    ck_assert_uint_eq(answer(MRB_LIST), 1);
    ck_assert_uint_eq(answer(MRB_LISTCOUNT), 1);
    ck_assert_uint_eq(get_be64(mrb + MRB_VERSION), 3);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), user.conid);
    RESPONSE(&user, BUFFER_FULL, MOVE, NAME, .name = "B", .target = 1, .position = HEAD, .dataoper = CF_DATAOPER_READ, .options = DATA, .in_cap = 99);
    list_is(0, "B");
    RESPONSE(&other, LOCK_HELD, MOVE, NAME, .name = "B", .target = 1, .position = HEAD, .lockoper = CF_LOCK_NOTHELD, .lock = 2);
    list_is(0, "B");
}
END_TEST

static const struct row key_moves[] = {
    {"keeps its key", {MOVE, HEAD, .target = 1, .position = TAIL}, CF_RSP_OK, {"BBCC", "A", ""}},
    {"among its like", {MOVE, KEY_HEAD, .name = "B", .target = 1, .position = TAIL}, CF_RSP_OK, {"BCC", "AB", ""}},
    {"back, before its like", {MOVE, TAIL, .list = 1, .target = 0, .position = HEAD}, CF_RSP_OK, {"BBCC", "A", ""}},
    {"key of another list", {MOVE, TAIL, .target = 1, .position = HEAD, .keycomp = CF_KEYCOMP_EQUAL, .keycompare = "B"}, CF_RSP_KEY_MISMATCH, {"BBCC", "A", ""}},
    {"key not higher", {MOVE, TAIL, .target = 2, .position = HEAD, .keycomp = CF_KEYCOMP_LESSOREQUAL, .keycompare = "C"}, CF_RSP_OK, {"BBC", "A", "C"}},
    {"key higher", {MOVE, TAIL, .target = 2, .position = HEAD, .keycomp = CF_KEYCOMP_LESSOREQUAL, .keycompare = "B"}, CF_RSP_KEY_MISMATCH, {"BBC", "A", "C"}},
    {"the highest up to a key", {MOVE, CF_LOCATE_KEY_TAIL, .name = "BX", .keyrequest = CF_KEYREQUEST_LESSOREQUAL, .target = 2, .position = HEAD}, CF_RSP_OK, {"BC", "A", "BC"}},
    {"the lowest from a key on", {MOVE, KEY_HEAD, .name = "BX", .keyrequest = CF_KEYREQUEST_GREATEROREQUAL, .target = 2, .position = HEAD}, CF_RSP_OK, {"B", "A", "BCC"}},
    {"that very key", {MOVE, KEY_HEAD, .name = "B", .list = 2, .keyrequest = CF_KEYREQUEST_GREATEROREQUAL, .target = 1, .position = HEAD}, CF_RSP_OK, {"B", "AB", "CC"}},
    {"none so low", {MOVE, KEY_HEAD, .name = "A", .list = 2, .keyrequest = CF_KEYREQUEST_LESSOREQUAL, .target = 1, .position = HEAD}, CF_RSP_NO_ENTRY, {"B", "AB", "CC"}},
    {"none so high", {MOVE, KEY_HEAD, .name = "D", .list = 2, .keyrequest = CF_KEYREQUEST_GREATEROREQUAL, .target = 1, .position = HEAD}, CF_RSP_NO_ENTRY, {"B", "AB", "CC"}},
    {"keyrequest without a key", {MOVE, HEAD, .keyrequest = CF_KEYREQUEST_LESSOREQUAL, .target = 1, .position = HEAD}, CF_RSP_BAD_REQUEST, {"B", "AB", "CC"}},
};

START_TEST(move_keyed)
{
    fill(0, "ABBCC");
    TABLE(key_moves);
    RESPONSE(&user, OK, MOVE, HEAD, .target = 1, .position = TAIL, .keytype = CF_KEYTYPE_TARGET, .targetkey = "0");
    RESPONSE(&user, OK, READ, HEAD, .list = 1);
    ck_assert_int_eq(mrb[MRB_NAME], '0');
    RESPONSE(&user, OK, MOVE, HEAD, .list = 1, .target = 1, .position = TAIL, .keytype = CF_KEYTYPE_TARGET, .targetkey = "Z");
    RESPONSE(&user, OK, READ, TAIL, .list = 1);
    ck_assert_int_eq(mrb[MRB_NAME], 'Z');
}
END_TEST

static const struct row plain_moves[] = {
    {"moves by place", {MOVE, TAIL, .target = 1, .position = HEAD}, CF_RSP_OK, {"", "", ""}},
    {"has no names", {MOVE, NAME, .name = "A", .target = 1, .position = HEAD}, CF_RSP_BAD_REQUEST, {"", "", ""}},
    {"has no keys", {MOVE, HEAD, .target = 1, .position = HEAD, .keycomp = CF_KEYCOMP_EQUAL}, CF_RSP_BAD_REQUEST, {"", "", ""}},
};

START_TEST(move_without_names_and_keys)
{
    RESPONSE(&user, OK, WRITE, TAIL, NEW, .list = 3);
    uint8_t leid[CF_LEID_SIZE];
    memcpy(leid, mrb + MRB_LEID, sizeof leid);
    for (size_t i = 0; i < sizeof plain_moves / sizeof plain_moves[0]; i++) {
        struct ask request = plain_moves[i].ask;
        request.list = 3;
        ck_assert_int_eq(ask(&user, request), plain_moves[i].response);
    }
    RESPONSE(&user, OK, MOVE, CF_LOCATE_LEID, .leid = leid, .target = 4, .position = TAIL);
    RESPONSE(&user, OK, READ_LIST, .list = 4);
    ck_assert_uint_eq(own(ANSWER_COUNT), 1);
    ck_assert_mem_eq(data_in + RECORD_LEID, leid, sizeof leid);
    RESPONSE(&user, BAD_REQUEST, SUBLIST, .name = "A");
    RESPONSE(&user, BAD_REQUEST, DELETE_ENTRYLIST, .options2 = CF_OPT2_NAMES);
}
END_TEST

/* --- limits ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(list_limit_counts_entries)
{
    RESPONSE(&user, OK, WRITE_LCONTROLS, .list = 1, .own = {2}, .set = LCONTROLS_SET_LIMIT);
    fill(0, "AB");
    fill(1, "CD");
    RESPONSE(&user, LIST_FULL, WRITE, TAIL, NEW, .list = 1);
    RESPONSE(&user, LIST_FULL, MOVE, NAME, .name = "A", .target = 1, .position = HEAD);
    RESPONSE(&user, OK, MOVE, NAME, .name = "C", .target = 1, .position = TAIL);
    list_is(1, "DC");
    RESPONSE(&user, OK, MOVE, NAME, .name = "C", .target = 0, .position = TAIL);
    RESPONSE(&user, OK, MOVE, NAME, .name = "A", .target = 1, .position = HEAD);
    list_is(1, "AD");
}
END_TEST

START_TEST(list_limit_counts_elements)
{
    struct attributes attributes = usual;
    attributes.flags |= CF_CONN_LIMIT_ELEMENTS;
    ck_assert_int_eq(connect_as(cf, "STR2", "ONE", &attributes, &user), CF_RSP_OK);
    RESPONSE(&user, OK, WRITE_LCONTROLS, .list = 1, .own = {4}, .set = LCONTROLS_SET_LIMIT);
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .list = 1, .options = DATA, .length = 600);
    RESPONSE(&user, OK, WRITE, NAME, .name = "B", .list = 1, .options = DATA, .length = 256);
    RESPONSE(&user, OK, WRITE, NAME, .name = "NONE", .list = 1);
    RESPONSE(&user, LIST_FULL, WRITE, NAME, .name = "B", .list = 1, .options = DATA, .length = 257);
    RESPONSE(&user, LIST_FULL, WRITE, NAME, .name = "C", .list = 1, .options = DATA, .length = 1);
    RESPONSE(&user, OK, WRITE, NAME, .name = "C", .list = 2, .options = DATA, .length = 300);
    RESPONSE(&user, LIST_FULL, MOVE, NAME, .name = "C", .target = 1, .position = HEAD);
    RESPONSE(&user, OK, MOVE, NAME, .name = "C", .target = 1, .position = HEAD, .dataoper = CF_DATAOPER_WRITE, .options = DATA);
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .list = 1, .options = DATA, .length = 256);
    RESPONSE(&user, OK, READ_LCONTROLS, .list = 1);
    ck_assert_uint_eq(own(LCONTROLS_ELEMENTS), 2);
    ck_assert_uint_eq(answer(MRB_LISTCOUNT), 4);
    RESPONSE(&user, OK, DELETE, NAME, .name = "A");
    RESPONSE(&user, OK, READ_LCONTROLS, .list = 1);
    ck_assert_uint_eq(own(LCONTROLS_ELEMENTS), 1);
}
END_TEST

/* --- list controls ------------------------------------------------------------------------------------------------------------------ */

START_TEST(list_controls_are_kept)
{
    RESPONSE(&user, OK, READ_LCONTROLS, .list = 3);
    ck_assert_uint_ge(own(LCONTROLS_LIMIT), cf_control(inside, &inside->slots[0])->entries_total);
    ck_assert_uint_eq(own(LCONTROLS_KEYINC), 1);
    ck_assert_int_eq(mrb[MRB_ADJUNCT + LCONTROLS_KEYMAX], 0xFF);
    RESPONSE(&user, OK, WRITE_LCONTROLS, .list = 3, .adjunct = 'x', .set = LCONTROLS_SET_DESCRIPTION, .own = {7, 9});
    RESPONSE(&other, OK, READ_LCONTROLS, .list = 3);
    ck_assert_mem_eq(mrb + MRB_ADJUNCT, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\0\0", 34);
    ck_assert_uint_ne(own(LCONTROLS_LIMIT), 7);
    RESPONSE(&user, OK, WRITE_LCONTROLS, .list = 3, .set = LCONTROLS_SET_LIMIT, .own = {7, 9});
    ck_assert_uint_eq(own(LCONTROLS_LIMIT), 7);
    RESPONSE(&other, OK, CF_CMD_LIST_MONITOR, .list = 3, .bit = 4);
    RESPONSE(&other, OK, READ_LCONTROLS, .list = 3);
    ck_assert_uint_eq(own(LCONTROLS_MONITORS), 1);
    RESPONSE(&user, OK, READ_LCONTROLS, .list = 4);
    ck_assert_int_eq(mrb[MRB_ADJUNCT], 0);
    RESPONSE(&user, BAD_REQUEST, WRITE_LCONTROLS, .list = 3, .set = 1);
    RESPONSE(&user, BAD_REQUEST, WRITE_LCONTROLS, .list = 3, .set = LCONTROLS_SET_KEY);     /* no keys */
    RESPONSE(&user, BAD_REQUEST, READ_LCONTROLS, .list = 8);
}
END_TEST

START_TEST(authority_is_compared_and_replaced)
{
    static const uint8_t zeros[CF_NAME_SIZE];
    fill(0, "AB");
    RESPONSE(&user, OK, READ, HEAD, .authcomp = CF_AUTHCOMP_EQUAL, .options2 = CF_OPT2_AUTH_SET, .auth = "LEASE 5");
    RESPONSE(&other, AUTHORITY_MISMATCH, DELETE, HEAD, .authcomp = CF_AUTHCOMP_EQUAL, .auth_comp = "LEASE 4");
    ck_assert_mem_eq(mrb + MRB_OWN + ANSWER_AUTHORITY, "LEASE 5 ", 8);
    RESPONSE(&other, AUTHORITY_MISMATCH, WRITE, HEAD, .authcomp = CF_AUTHCOMP_LESSOREQUAL, .auth_comp = "LEASE 4");
    RESPONSE(&other, OK, WRITE, HEAD, .authcomp = CF_AUTHCOMP_LESSOREQUAL, .auth_comp = "LEASE 6");
    RESPONSE(&other, NO_ENTRY, READ, NAME, .name = "Z", .authcomp = CF_AUTHCOMP_EQUAL, .auth_comp = "LEASE 5", .options2 = CF_OPT2_AUTH_SET, .auth = "NOT SET");
    RESPONSE(&other, OK, WRITE_LCONTROLS, .authcomp = CF_AUTHCOMP_EQUAL, .auth_comp = "LEASE 5", .options2 = CF_OPT2_AUTH_SET, .auth = "LEASE 7");
    ck_assert_mem_eq(mrb + MRB_OWN + LCONTROLS_AUTHORITY, "LEASE 7 ", 8);
    static const uint16_t all[] = {READ_LIST, READ_MULT, DELETE_MULT, DELETE_ENTRYLIST, READ_LCONTROLS, WRITE_LCONTROLS, LOCK};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        RESPONSE(&user, AUTHORITY_MISMATCH, all[i], .authcomp = CF_AUTHCOMP_EQUAL, .auth_comp = "LEASE 5", .lockoper = CF_LOCK_SET);
    RESPONSE(&user, AUTHORITY_MISMATCH, MOVE, HEAD, .position = HEAD, .target = 1, .authcomp = CF_AUTHCOMP_EQUAL);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_TEST);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), 0);        /* none of them has taken it */
    RESPONSE(&user, OK, READ_LCONTROLS, .list = 1);
    ck_assert_mem_eq(mrb + MRB_OWN + LCONTROLS_AUTHORITY, zeros, CF_NAME_SIZE);     /* another list has its own */
    list_is(0, "AB");
}
END_TEST

static void next_key_is(int response, uint64_t high, uint64_t low)
{
    RESPONSE(&user, OK, READ_LCONTROLS, .list = 2);
    ck_assert_int_eq(ask(&user, (struct ask){WRITE, TAIL, NEW, .list = 2, .keytype = CF_KEYTYPE_LISTKEY}), response);
    if (response == CF_RSP_OK) {
        ck_assert_uint_eq(get_be64(mrb + MRB_NAME), high);
        ck_assert_uint_eq(get_be64(mrb + MRB_NAME + 8), low);
    }
}

START_TEST(key_counter_gives_keys)
{
    next_key_is(CF_RSP_OK, 0, 0);
    next_key_is(CF_RSP_OK, 0, 1);
    RESPONSE(&user, OK, WRITE_LCONTROLS, .list = 2, .set = LCONTROLS_SET_KEYINC, .own = {0, 10});
    next_key_is(CF_RSP_OK, 0, 2);
    next_key_is(CF_RSP_OK, 0, 12);
    RESPONSE(&user, OK, WRITE_LCONTROLS, .list = 2, .set = LCONTROLS_SET_KEYMAX, .adjunct = 0);
    next_key_is(CF_RSP_LISTKEY_MAX, 0, 0);
    RESPONSE(&user, OK, WRITE_LCONTROLS, .list = 2, .set = LCONTROLS_SET_KEYMAX | LCONTROLS_SET_KEY, .adjunct = 0xFF);
    next_key_is(CF_RSP_LISTKEY_MAX, 0, 0);      /* it has nowhere to go */
    RESPONSE(&user, OK, WRITE_LCONTROLS, .list = 2, .set = LCONTROLS_SET_KEYINC | LCONTROLS_SET_KEY, .own = {0, 0x02020202u}, .adjunct = 0xFE);
    next_key_is(CF_RSP_OK, 0xFEFEFEFEFEFEFEFEu, 0xFEFEFEFEFEFEFEFEu);
    next_key_is(CF_RSP_OK, 0xFEFEFEFEFEFEFEFEu, 0xFEFEFEFF01010100u);   /* a carry on the way */
    fill(0, "A");
    RESPONSE(&user, OK, MOVE, HEAD, .target = 2, .position = HEAD, .keytype = CF_KEYTYPE_LISTKEY);
    ck_assert_uint_eq(get_be64(mrb + MRB_NAME + 8), 0xFEFEFEFF03030302u);
    fill(0, "A");
    RESPONSE(&user, OK, WRITE, HEAD, .keytype = CF_KEYTYPE_LISTKEY);    /* an entry that is there keeps its key */
    ck_assert_int_eq(mrb[MRB_NAME], 'A');
    RESPONSE(&user, BAD_REQUEST, WRITE, HEAD, .keytype = CF_KEYTYPE_TARGET);
    ck_assert_uint_eq(get_be16(mrb + MRB_REASON), MCB_OWN + LIST_KEYTYPE);
}
END_TEST

/* --- the cursor ------------------------------------------------------------------------------------------------------------------------ */

static void cursor_is(char letter)
{
    RESPONSE(&user, OK, READ_LCONTROLS);
    uint8_t leid[CF_LEID_SIZE];
    memcpy(leid, mrb + MRB_OWN + LCONTROLS_CURSOR, sizeof leid);
    if (letter == 0) {
        ck_assert_uint_eq(get_be32(leid), 0);
        RESPONSE(&user, NO_ENTRY, READ, CURSOR);
        return;
    }
    RESPONSE(&user, OK, READ, CURSOR);
    ck_assert_int_eq(mrb[MRB_NAME], letter);
    ck_assert_mem_eq(mrb + MRB_LEID, leid, sizeof leid);
}

static const struct { const char *what; struct ask ask; char cursor; } cursor_rows[] = {
    {"nowhere at first", {READ, HEAD}, 0},
    {"conditionally, it is nowhere", {READ, NAME, .name = "B", .cursor = CF_CURSOR_CURRENTCOND}, 'B'},
    {"conditionally, it is somewhere", {READ, NAME, .name = "D", .cursor = CF_CURSOR_CURRENTCOND}, 'B'},
    {"next, it is elsewhere", {READ, NAME, .name = "D", .cursor = CF_CURSOR_NEXTCOND}, 'B'},
    {"next, it is here", {READ, NAME, .name = "B", .cursor = CF_CURSOR_NEXTCOND}, 'C'},
    {"next from the cursor", {READ, CURSOR, .cursor = CF_CURSOR_NEXT}, 'D'},
    {"towards the head", {READ, CURSOR, .cursor = CF_CURSOR_NEXT, .options2 = CF_OPT2_TOHEAD}, 'C'},
    {"its entry goes, it goes on towards the head", {DELETE, CURSOR}, 'B'},
    {"to the entry", {READ, TAIL, .cursor = CF_CURSOR_CURRENT}, 'E'},
    {"its entry moves, behind the last is nowhere", {MOVE, CURSOR, .target = 1, .position = HEAD}, 0},
    {"deleted and next", {DELETE, HEAD, .cursor = CF_CURSOR_NEXT}, 'B'},
    {"written", {WRITE, CURSOR, OLD, .cursor = CF_CURSOR_NEXT}, 'D'},
    {"a new one", {WRITE, TAIL, NEW, .name = "F", .cursor = CF_CURSOR_CURRENT}, 'F'},
    {"set by the controls", {WRITE_LCONTROLS, HEAD, .set = LCONTROLS_SET_CURSOR}, 'B'},
    {"set nowhere", {WRITE_LCONTROLS, .set = LCONTROLS_SET_CURSOR}, 0},
};

START_TEST(cursor_goes_where_it_is_told)
{
    fill(0, "ABCDE");
    for (size_t i = 0; i < sizeof cursor_rows / sizeof cursor_rows[0]; i++) {
        int response = ask(&user, cursor_rows[i].ask);
        ck_assert_msg(response == CF_RSP_OK, "%s: response %04x reason %u", cursor_rows[i].what, response, get_be16(mrb + 2));
        cursor_is(cursor_rows[i].cursor);
    }
    fill(1, "X");
    RESPONSE(&user, LIST_MISMATCH, WRITE_LCONTROLS, NAME, .name = "X", .set = LCONTROLS_SET_CURSOR);
    RESPONSE(&user, NO_ENTRY, WRITE_LCONTROLS, NAME, .name = "Y", .set = LCONTROLS_SET_CURSOR);
    RESPONSE(&user, BAD_REQUEST, WRITE_LCONTROLS, NAME, .name = "X");
    RESPONSE(&user, BAD_REQUEST, WRITE, CURSOR, NEW);
    RESPONSE(&user, NO_ENTRY, WRITE, CURSOR, .list = 5);
    RESPONSE(&user, BAD_REQUEST, READ, HEAD, .cursor = 5);
    RESPONSE(&user, BAD_REQUEST, READ_LIST, .cursor = 1);
}
END_TEST

/* A whole list, entry by entry, in both directions. */
START_TEST(cursor_iterates)
{
    char text[8] = "";
    fill(0, "ABCDE");
    RESPONSE(&user, OK, WRITE_LCONTROLS, HEAD, .set = LCONTROLS_SET_CURSOR);
    for (int i = 0; ask(&user, (struct ask){READ, CURSOR, .cursor = CF_CURSOR_NEXT}) == CF_RSP_OK; i++)
        text[i] = (char)mrb[MRB_NAME];
    ck_assert_str_eq(text, "ABCDE");
    RESPONSE(&user, OK, WRITE_LCONTROLS, TAIL, .set = LCONTROLS_SET_CURSOR, .options2 = CF_OPT2_TOHEAD);
    for (int i = 0; ask(&user, (struct ask){DELETE, CURSOR}) == CF_RSP_OK; i++)
        text[i] = (char)mrb[MRB_NAME];
    ck_assert_str_eq(text, "EDCBA");
}
END_TEST

/* --- many entries ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(read_list_in_order_from_a_place)
{
    char text[64];
    fill(0, "ABCDE");
    static const struct { struct ask ask; const char *expected; } reads[] = {
        {{READ_LIST}, "ABCDE"},
        {{READ_LIST, .options2 = CF_OPT2_TOHEAD}, "EDCBA"},
        {{READ_LIST, NAME, .name = "C"}, "CDE"},
        {{READ_LIST, NAME, .name = "C", .options2 = CF_OPT2_TOHEAD, .options = DATA | ADJUNCT}, "CBA"},
        {{READ_LIST, TAIL, .options = ADJUNCT}, "E"},
        {{READ_LIST, .verscomp = CF_VERSCOMP_LESSOREQUAL, .version_comp = 1, .options = DATA}, "AB"},
        {{READ_LIST, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 3}, "D"},
        {{READ_LIST, .list = 1}, ""},
    };
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        ck_assert_int_eq(ask(&user, reads[i].ask), CF_RSP_OK);
        records(text);
        ck_assert_str_eq(text, reads[i].expected);
    }
    RESPONSE(&user, NO_ENTRY, READ_LIST, HEAD, .list = 1);
    RESPONSE(&user, LIST_MISMATCH, READ_LIST, NAME, .name = "C", .list = 1);
    RESPONSE(&user, BAD_REQUEST, READ_LIST, .options = LISTCOMP);
    RESPONSE(&user, BAD_REQUEST, READ_LIST, .restart = 7);
    RESPONSE(&user, BAD_REQUEST, READ_LIST, .restart = 1ull << 60);
    RESPONSE(&user, RESTART_GONE, READ_LIST, .restart = 1ull << 40);        /* could have been an entry of this structure */
    RESPONSE(&user, OK, READ_MULT, .restart = 1ull << 40);
    ck_assert_uint_eq(own(ANSWER_COUNT), 0);
    RESPONSE(&user, BAD_REQUEST, READ_MULT, HEAD);
    RESPONSE(&user, BAD_REQUEST, READ_MULT, .verscomp = 3);
}
END_TEST

/* Every part of a request until it is done; the records' letters one behind the other. Result: parts. */
static int in_parts(struct ask request, char *text)
{
    for (int parts = 1;; parts++) {
        int response = ask(&user, request);
        ck_assert_msg(response == CF_RSP_OK || response == CF_RSP_BUFFER_FULL || response == CF_RSP_TIMEOUT, "part %d: %04x", parts, response);
        request.restart = get_be64(mrb + MRB_RESTART);
        ck_assert_int_eq(request.restart != 0, response != CF_RSP_OK);
        if (text) {
            records(text);
            text += strlen(text);
        }
        if (response == CF_RSP_OK)
            return parts;
    }
}

START_TEST(small_buffer_makes_parts)
{
    char text[64];
    fill(0, "ABCDE");
    fill(1, "FGH");
    ck_assert_int_eq(in_parts((struct ask){READ_LIST, .options = DATA, .in_cap = 600}, text), 3);
    ck_assert_str_eq(text, "ABCDE");
    ck_assert_int_eq(in_parts((struct ask){READ_LIST, .options = DATA, .in_cap = 464, .options2 = CF_OPT2_TOHEAD}, text), 4);
    ck_assert_str_eq(text, "EDCBA");
    ck_assert_int_eq(in_parts((struct ask){READ_MULT, .in_cap = 130}, text), 4);
    ck_assert_str_eq(text, "ABCDEFGH");
    ck_assert_int_eq(in_parts((struct ask){READ_MULT, .list = 1, .options = LISTCOMP, .in_cap = 64}, text), 3);
    ck_assert_str_eq(text, "FGH");
    RESPONSE(&user, BUFFER_FULL, READ_LIST, NAME, .name = "E", .options = DATA, .in_cap = 463);
    ck_assert_uint_eq(own(ANSWER_COUNT), 0);
    ck_assert_uint_eq(own(ANSWER_NEEDED), 464);
    ck_assert_uint_eq(answer(MRB_DATALEN), 0);
}
END_TEST

START_TEST(entry_that_does_not_fit_an_answer_comes_without_its_data)
{
    struct attributes large = usual;
    large.elemchar = 4;
    large.maxelemnum = 16;
    ck_assert_int_eq(connect_as(cf, "STR2", "ONE", &large, &user), CF_RSP_OK);
    RESPONSE(&user, OK, WRITE, NAME, .name = "A", .options = DATA, .length = 65536);
    RESPONSE(&user, OK, WRITE, NAME, .name = "B", .options = DATA, .length = 65472, .versupdate = CF_VERSUPDATE_INC);
    RESPONSE(&user, BUFFER_FULL, READ_MULT, .options = DATA);
    ck_assert_uint_eq(own(ANSWER_COUNT), 1);
    ck_assert_uint_eq(get_be32(data_in + RECORD_DATALEN), 65536);
    ck_assert_uint_eq(get_be32(data_in + RECORD_FLAGS), 0);
    RESPONSE(&user, OK, READ_MULT, .options = DATA, .restart = get_be64(mrb + MRB_RESTART));
    ck_assert_uint_eq(answer(MRB_DATALEN), 65536);
    ck_assert_uint_eq(get_be32(data_in + RECORD_FLAGS), DATA);
}
END_TEST

START_TEST(token_of_an_entry_that_left_is_refused)
{
    fill(0, "ABC");
    RESPONSE(&user, BUFFER_FULL, READ_LIST, .in_cap = 64);
    uint64_t restart = get_be64(mrb + MRB_RESTART);
    RESPONSE(&user, OK, MOVE, NAME, .name = "B", .target = 1, .position = HEAD);
    RESPONSE(&user, RESTART_GONE, READ_LIST, .restart = restart);
    RESPONSE(&user, OK, DELETE, NAME, .name = "B");
    RESPONSE(&user, RESTART_GONE, READ_LIST, .restart = restart);
    RESPONSE(&user, OK, WRITE, TAIL, NEW);      /* the same storage, another entry */
    RESPONSE(&user, RESTART_GONE, READ_LIST, .restart = restart);
    RESPONSE(&user, OK, DELETE_MULT, .restart = restart, .options = LISTCOMP);      /* begins again */
    list_is(0, "");
}
END_TEST

static void fill_many(uint32_t list, int count)
{
    char name[CF_NAME_SIZE + 1];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%c%d", 'A' + i % 3, i);
        RESPONSE(&user, OK, WRITE, TAIL, NEW, .list = list, .name = name, .versupdate = CF_VERSUPDATE_SET, .version = (uint64_t)(i % 3));
    }
}

START_TEST(requests_for_many_end_early_and_go_on)
{
    char text[2000];
    fill_many(0, 600);
    fill_many(1, 0);
    ck_assert_int_eq(in_parts((struct ask){READ_LIST}, text), 3);
    ck_assert_uint_eq(strlen(text), 600);
    ck_assert_int_eq(in_parts((struct ask){READ_MULT, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 1}, text), 1);
    ck_assert_uint_eq(strspn(text, "B"), 200);
    ck_assert_int_eq(in_parts((struct ask){DELETE_MULT, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 1}, NULL), 1);
    ck_assert_uint_eq(own(ANSWER_COUNT), 200);
    ck_assert_int_eq(in_parts((struct ask){DELETE_MULT, .options = LISTCOMP, .list = 1}, NULL), 1);
    ck_assert_uint_eq(own(ANSWER_COUNT), 0);
    ck_assert_int_ge(in_parts((struct ask){DELETE_MULT, .options = LISTCOMP}, NULL), 2);
    ck_assert_uint_eq(cf_control(inside, &inside->slots[0])->entries_used, 0);
}
END_TEST

START_TEST(search_without_a_result_is_bounded_too)
{
    char name[CF_NAME_SIZE + 1];
    struct attributes many = usual;
    many.element_ratio = 0;
    ck_assert_int_eq(connect_as(cf, "STR2", "ONE", &many, &user), CF_RSP_OK);
    for (int i = 0; i < 2500; i++) {
        snprintf(name, sizeof name, "%d", i);
        RESPONSE(&user, OK, WRITE, TAIL, NEW, .name = name);
    }
    ck_assert_int_eq(in_parts((struct ask){READ_MULT, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 7}, NULL), 2);
    ck_assert_int_eq(in_parts((struct ask){READ_LIST, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 7}, NULL), 2);
    ck_assert_int_eq(in_parts((struct ask){DELETE_MULT, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 7}, NULL), 2);
    uint8_t leids[3000 * CF_LEID_SIZE] = {0};
    ck_assert_int_eq(in_parts((struct ask){DELETE_ENTRYLIST, .out = leids, .length = sizeof leids}, NULL), 2);
}
END_TEST

START_TEST(lock_of_a_request_in_parts)
{
    fill(0, "ABC");
    RESPONSE(&user, BUFFER_FULL, READ_LIST, .in_cap = 64, .lockoper = CF_LOCK_SET);
    uint64_t restart = get_be64(mrb + MRB_RESTART);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), user.conid);
    RESPONSE(&other, LOCK_HELD, READ_LIST, .lockoper = CF_LOCK_NOTHELD);
    RESPONSE(&user, BUFFER_FULL, READ_LIST, .in_cap = 64, .lockoper = CF_LOCK_RESET, .restart = restart);
    restart = get_be64(mrb + MRB_RESTART);
    RESPONSE(&other, LOCK_HELD, READ_LIST, .lockoper = CF_LOCK_NOTHELD);
    RESPONSE(&user, OK, READ_LIST, .in_cap = 64, .lockoper = CF_LOCK_RESET, .restart = restart);
    RESPONSE(&other, OK, READ_LIST, .lockoper = CF_LOCK_NOTHELD);
    RESPONSE(&other, LOCK_NOT_HELD, DELETE_MULT, .lockoper = CF_LOCK_HELDBY);
    list_is(0, "ABC");
}
END_TEST

START_TEST(delete_entrylist_by_leid_and_name)
{
    uint8_t list[3 * CF_LEID_SIZE] = {0}, names[4 * CF_NAME_SIZE];
    fill(0, "ABCDE");
    for (unsigned i = 0; i < 2; i++) {
        RESPONSE(&user, OK, READ, i == 0 ? HEAD : TAIL);
        memcpy(list + 2 * i * CF_LEID_SIZE, mrb + MRB_LEID, CF_LEID_SIZE);      /* between them one that is not there */
    }
    RESPONSE(&user, OK, DELETE_ENTRYLIST, .out = list, .length = sizeof list, .verscomp = CF_VERSCOMP_EQUAL, .version_comp = 4);
    ck_assert_uint_eq(own(ANSWER_COUNT), 1);
    list_is(0, "ABCD");
    RESPONSE(&user, OK, DELETE_ENTRYLIST, .out = list, .length = sizeof list);
    ck_assert_uint_eq(own(ANSWER_COUNT), 1);
    list_is(0, "BCD");
    fill(1, "XY");
    static const char *const texts[4] = {"X", "D", "NONE", "B"};
    for (unsigned i = 0; i < 4; i++)
        cf_name_put(names + i * CF_NAME_SIZE, CF_NAME_SIZE, texts[i]);
    RESPONSE(&user, OK, DELETE_ENTRYLIST, .out = names, .length = sizeof names, .options2 = CF_OPT2_NAMES, .options = LISTCOMP);
    ck_assert_uint_eq(own(ANSWER_COUNT), 2);
    list_is(0, "C");
    list_is(1, "XY");
    RESPONSE(&user, BAD_REQUEST, DELETE_ENTRYLIST, .out = list, .length = 13);
    RESPONSE(&user, BAD_REQUEST, DELETE_ENTRYLIST, .out = list, .length = 12, .restart = 2);
    RESPONSE(&user, BAD_REQUEST, DELETE_ENTRYLIST, .out = list, .length = 12, .options2 = CF_OPT2_NAMES);
}
END_TEST

START_TEST(delete_entrylist_in_parts)
{
    uint8_t leids[400 * CF_LEID_SIZE];
    for (unsigned i = 0; i < 400; i++) {
        RESPONSE(&user, OK, WRITE, TAIL, NEW);
        memcpy(leids + i * CF_LEID_SIZE, mrb + MRB_LEID, CF_LEID_SIZE);
    }
    ck_assert_int_eq(in_parts((struct ask){DELETE_ENTRYLIST, .out = leids, .length = sizeof leids}, NULL), 2);
    ck_assert_uint_eq(cf_control(inside, &inside->slots[0])->entries_used, 0);
}
END_TEST

/* --- locks of others ------------------------------------------------------------------------------------------------------------------ */

static void owner_is(uint32_t lock, uint32_t conid)
{
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_TEST, .lock = lock);
    ck_assert_uint_eq(answer(MRB_LOCKOWNER), conid);
}

START_TEST(locks_are_found_and_taken_over)
{
    uint8_t comp = CF_OPT2_LOCKCOMP;
    RESPONSE(&other, OK, LOCK, .lockoper = CF_LOCK_SET, .lock = 2);
    RESPONSE(&other, OK, LOCK, .lockoper = CF_LOCK_SET, .lock = 5);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_SET, .lock = 3);
    static const struct { uint32_t from, of; int response; uint32_t found; } finds[] = {
        {0, 2, CF_RSP_OK, 2}, {3, 2, CF_RSP_OK, 5}, {6, 2, CF_RSP_NO_LOCK, 0}, {0, 1, CF_RSP_OK, 3}, {4, 1, CF_RSP_NO_LOCK, 0},
        {3, 0, CF_RSP_OK, 3}, {4, 0, CF_RSP_OK, 5}, {0, 9, CF_RSP_NO_LOCK, 0}};
    for (size_t i = 0; i < sizeof finds / sizeof finds[0]; i++) {
        struct ask request = {LOCK, .lockoper = CF_LOCK_READNEXT, .lock = finds[i].from, .lockcomp = finds[i].of, .options2 = finds[i].of ? comp : 0};
        ck_assert_int_eq(ask(&user, request), finds[i].response);
        ck_assert_uint_eq(own(ANSWER_LOCKINDEX), finds[i].found);
    }
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_TEST, .lock = 2, .options2 = comp, .lockcomp = 2);
    RESPONSE(&user, LOCK_NOT_HELD, LOCK, .lockoper = CF_LOCK_TEST, .lock = 2, .options2 = comp, .lockcomp = 1);
    RESPONSE(&user, LOCK_NOT_HELD, LOCK, .lockoper = CF_LOCK_RESET, .lock = 2, .options2 = comp, .lockcomp = 1);
    RESPONSE(&user, LOCK_NOT_HELD, LOCK, .lockoper = CF_LOCK_SET, .lock = 4, .options2 = comp, .lockcomp = 2);  /* free, not its */
    owner_is(2, 2);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_RESET, .lock = 2, .options2 = comp, .lockcomp = 2);
    owner_is(2, 0);
    RESPONSE(&user, OK, WRITE, TAIL, NEW, .lockoper = CF_LOCK_SET, .lock = 5, .options2 = comp, .lockcomp = 2);
    owner_is(5, 1);
    RESPONSE(&other, LOCK_NOT_HELD, LOCK, .lockoper = CF_LOCK_RESET, .lock = 5);
    RESPONSE(&user, BAD_REQUEST, LOCK, .lockoper = CF_LOCK_NOTHELD, .options2 = comp, .lockcomp = 2);
    RESPONSE(&user, BAD_REQUEST, LOCK, .lockoper = CF_LOCK_SET, .options2 = comp, .lockcomp = 0);
    RESPONSE(&user, BAD_REQUEST, LOCK, .lockoper = CF_LOCK_SET, .options2 = comp, .lockcomp = 256);
    RESPONSE(&user, BAD_REQUEST, READ, HEAD, .options2 = comp, .lockcomp = 2);
    RESPONSE(&user, BAD_REQUEST, READ, HEAD, .lockoper = CF_LOCK_READNEXT);
    RESPONSE(&user, BAD_REQUEST, LOCK, .lockoper = 7);
    RESPONSE(&user, BAD_REQUEST, LOCK, .lockoper = CF_LOCK_READNEXT, .restart = 8);
}
END_TEST

START_TEST(lock_taken_over_keeps_its_waiters)
{
    struct attributes attributes = usual;
    struct cf_user third;
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &attributes, &third), CF_RSP_OK);
    RESPONSE(&other, OK, LOCK, .lockoper = CF_LOCK_SET);
    RESPONSE(&third, LOCK_QUEUED, LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND);
    RESPONSE(&user, LOCK_QUEUED, LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_SET, .options2 = CF_OPT2_LOCKCOMP, .lockcomp = 2);
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_RESET);
    owner_is(0, third.conid);
    /* a grant not reported yet is lost with the lock */
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_RESET, .options2 = CF_OPT2_LOCKCOMP, .lockcomp = third.conid);
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    RESPONSE(&third, OK, CF_CMD_VECTOR_READ);
    ck_assert_uint_eq(own(VECTOR_EVENTS) & CF_EVENT_LOCK_GRANTED, 0);
}
END_TEST

START_TEST(search_of_many_locks_is_bounded)
{
    struct attributes attributes = usual;
    attributes.locks = 4096;
    ck_assert_int_eq(connect_as(cf, "STR2", "ONE", &attributes, &user), CF_RSP_OK);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_SET, .lock = 4000);
    RESPONSE(&user, TIMEOUT, LOCK, .lockoper = CF_LOCK_READNEXT);
    RESPONSE(&user, OK, LOCK, .lockoper = CF_LOCK_READNEXT, .restart = get_be64(mrb + MRB_RESTART));
    ck_assert_uint_eq(own(ANSWER_LOCKINDEX), 4000);
}
END_TEST

/* --- sublists ---------------------------------------------------------------------------------------------------------------------------- */

static uint32_t events(const struct cf_user *of)
{
    ck_assert_int_eq(ask(of, (struct ask){CF_CMD_VECTOR_READ}), CF_RSP_OK);
    return own(VECTOR_EVENTS) & CF_EVENT_LIST;
}

/* The keys that the queue has, dequeued. */
static void queue_is(const struct cf_user *of, const char *expected)
{
    char text[64] = "";
    ck_assert_int_eq(ask(of, (struct ask){DEQ}), CF_RSP_OK);
    for (uint32_t i = 0; i < own(ANSWER_COUNT); i++)
        sprintf(text + strlen(text), "%c%u", data_in[i * EVENT_SIZE + EVENT_KEY], get_be32(data_in + i * EVENT_SIZE + EVENT_LIST));
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(answer(MRB_DATALEN), own(ANSWER_COUNT) * EVENT_SIZE);
}

START_TEST(sublist_that_fills_is_queued)
{
    RESPONSE(&other, OK, EVENTQ, .bit = 9);
    RESPONSE(&other, OK, SUBLIST, .list = 1, .name = "B");
    RESPONSE(&other, OK, SUBLIST, .list = 2, .name = "B");
    RESPONSE(&other, OK, SUBLIST, .list = 1, .name = "C");
    ck_assert_uint_eq(own(EMCONTROLS_USED), 3);
    fill(1, "ABB");
    ck_assert_uint_ne(events(&other), 0);
    ck_assert_int_eq(data_in[1], 0x40);
    ck_assert_uint_eq(events(&other), 0);
    RESPONSE(&other, OK, CF_CMD_LIST_READ_EMCONTROLS, .list = 1, .name = "B");
    ck_assert_uint_eq(own(EMCONTROLS_QUEUED), 1);
    RESPONSE(&other, NO_MONITOR, CF_CMD_LIST_READ_EMCONTROLS, .list = 1, .name = "A");
    RESPONSE(&user, NO_MONITOR, CF_CMD_LIST_READ_EMCONTROLS, .list = 1, .name = "B");
    fill(1, "C");
    ck_assert_uint_eq(events(&other), 0);       /* the queue was not empty */
    RESPONSE(&other, OK, CF_CMD_LIST_READ_EQCONTROLS);
    ck_assert_uint_eq(own(EQCONTROLS_QUEUED), 2);
    ck_assert_uint_eq(own(EQCONTROLS_MONITORS), 3);
    ck_assert_uint_eq(own(EQCONTROLS_MONITORED), 1);
    ck_assert_uint_eq(own(EQCONTROLS_VECTORINDEX), 9);
    ck_assert_uint_eq(own(EQCONTROLS_TRANSITIONS), 1);
    queue_is(&other, "B1C1");
    events(&other);
    ck_assert_int_eq(data_in[1], 0);
    queue_is(&other, "");
    fill(1, "B");                               /* not empty: no news */
    queue_is(&other, "");
    for (int i = 0; i < 3; i++)
        RESPONSE(&user, OK, DELETE, KEY_HEAD, .list = 1, .name = "B");
    fill(1, "B");
    ck_assert_uint_ne(events(&other), 0);
    RESPONSE(&user, OK, DELETE, KEY_HEAD, .list = 1, .name = "B");     /* gone before it was dequeued */
    queue_is(&other, "");
    events(&other);
    ck_assert_int_eq(data_in[1], 0);
}
END_TEST

START_TEST(moves_fill_and_empty_sublists)
{
    RESPONSE(&other, OK, SUBLIST, .list = 0, .name = "B");
    RESPONSE(&other, OK, SUBLIST, .list = 1, .name = "B");
    RESPONSE(&other, OK, SUBLIST, .list = 1, .name = "Z");
    fill(0, "B");
    RESPONSE(&user, OK, MOVE, HEAD, .target = 0, .position = HEAD);
    queue_is(&other, "B0");
    RESPONSE(&user, OK, MOVE, HEAD, .target = 0, .position = TAIL);     /* only its place */
    queue_is(&other, "");
    RESPONSE(&user, OK, MOVE, HEAD, .target = 1, .position = TAIL);
    RESPONSE(&user, OK, MOVE, HEAD, .list = 1, .target = 0, .position = TAIL);
    RESPONSE(&user, OK, MOVE, HEAD, .target = 1, .position = TAIL, .keytype = CF_KEYTYPE_TARGET, .targetkey = "Z");
    queue_is(&other, "Z1");
    fill(0, "BB");
    fill(1, "B");
    RESPONSE(&user, OK, DELETE_MULT);
    queue_is(&other, "");
    /* a list that is monitored */
    RESPONSE(&other, OK, CF_CMD_LIST_MONITOR, .list = 0, .bit = 0);
    fill(0, "B");
    ck_assert_uint_ne(events(&other), 0);
    RESPONSE(&user, OK, MOVE, HEAD, .target = 0, .position = TAIL);
    ck_assert_uint_eq(events(&other), 0);
    RESPONSE(&user, OK, MOVE, HEAD, .target = 1, .position = TAIL);
    events(&other);
    ck_assert_int_eq(data_in[0], 0);
}
END_TEST

START_TEST(filled_sublist_is_queued_at_once)
{
    fill(1, "B");
    RESPONSE(&other, OK, SUBLIST, .list = 1, .name = "B");
    ck_assert_uint_eq(own(EMCONTROLS_QUEUED), 1);
    RESPONSE(&other, OK, EVENTQ, .bit = 3);
    ck_assert_uint_ne(events(&other), 0);
    queue_is(&other, "B1");
    RESPONSE(&other, OK, SUBLIST, .list = 1, .name = "B");     /* again: queued again */
    ck_assert_uint_eq(own(EMCONTROLS_USED), 1);
    RESPONSE(&other, OK, SUBLIST, .list = 1, .name = "B", .options = CF_OPT_STOP);
    queue_is(&other, "");
    RESPONSE(&other, OK, SUBLIST, .list = 1, .name = "B", .options = CF_OPT_STOP);
    RESPONSE(&other, BAD_REQUEST, EVENTQ, .bit = 4);
    RESPONSE(&other, OK, EVENTQ, .bit = 3);
    RESPONSE(&other, BAD_REQUEST, CF_CMD_LIST_MONITOR, .list = 0, .bit = 3);
    RESPONSE(&other, OK, EVENTQ, .options = CF_OPT_STOP);
    RESPONSE(&other, OK, CF_CMD_LIST_MONITOR, .list = 0, .bit = 3);
    RESPONSE(&other, BAD_REQUEST, EVENTQ, .bit = 3);
    RESPONSE(&other, BAD_REQUEST, EVENTQ, .bit = 32);
    RESPONSE(&other, BAD_REQUEST, SUBLIST, .list = 8, .name = "B");
    RESPONSE(&other, BAD_REQUEST, DEQ, .options = DATA);
}
END_TEST

START_TEST(user_controls_come_back_with_the_event)
{
    uint8_t events_out[2 * EVENT_SIZE] = {0};
    for (uint32_t i = 0; i < 2; i++) {
        put_be32(events_out + i * EVENT_SIZE + EVENT_LIST, i);
        cf_name_put(events_out + i * EVENT_SIZE + EVENT_KEY, CF_NAME_SIZE, "K");
        cf_name_put(events_out + i * EVENT_SIZE + EVENT_CONTROLS, CF_NAME_SIZE, i == 0 ? "first" : "second");
    }
    RESPONSE(&other, OK, SUBLISTS, .out = events_out, .length = sizeof events_out);
    ck_assert_uint_eq(own(ANSWER_COUNT), 2);
    fill(1, "K");
    fill(0, "K");
    RESPONSE(&other, BUFFER_FULL, DEQ, .in_cap = EVENT_SIZE - 1);
    RESPONSE(&other, OK, DEQ, .in_cap = EVENT_SIZE);
    ck_assert_mem_eq(data_in, events_out + EVENT_SIZE, EVENT_SIZE);
    ck_assert_uint_eq(own(EQCONTROLS_QUEUED), 1);
    RESPONSE(&other, OK, DEQ);
    ck_assert_mem_eq(data_in, events_out, EVENT_SIZE);
    put_be32(events_out + EVENT_SIZE + EVENT_LIST, 8);
    RESPONSE(&other, BAD_REQUEST, SUBLISTS, .out = events_out, .length = sizeof events_out);
    RESPONSE(&other, BAD_REQUEST, SUBLISTS, .out = events_out, .length = EVENT_SIZE - 1);
    RESPONSE(&other, BAD_REQUEST, SUBLISTS, .out = events_out, .length = EVENT_SIZE, .restart = 2);
}
END_TEST

START_TEST(event_monitors_end_with_storage_and_connection)
{
    static uint8_t many[1300 * EVENT_SIZE];
    for (uint32_t i = 0; i < 1300; i++)
        put_be32(many + i * EVENT_SIZE + EVENT_KEY, i);
    fill(0, "A");
    uint32_t total = cf_control(inside, &inside->slots[0])->emcs_total;
    int parts = 0, done = 0;
    while (ask(&other, (struct ask){SUBLISTS, .out = many, .length = sizeof many, .restart = get_be64(mrb + MRB_RESTART)}) == CF_RSP_TIMEOUT) {
        done += (int)own(ANSWER_COUNT);
        parts++;
    }
    ck_assert_int_eq(parts, 5);
    ck_assert_uint_eq(own(EMCONTROLS_USED), 1300);
    for (uint32_t i = 1300; i < total; i++) {
        char key[CF_NAME_SIZE + 1];
        snprintf(key, sizeof key, "%u", i);
        RESPONSE(&user, OK, SUBLIST, .name = key);
    }
    RESPONSE(&user, MONITORS_FULL, SUBLIST, .name = "A");
    RESPONSE(&user, MONITORS_FULL, SUBLISTS, .out = (const uint8_t[EVENT_SIZE]){[EVENT_KEY] = 'x'}, .length = EVENT_SIZE);
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    RESPONSE(&other, OK, CF_CMD_DISCONNECT);
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    RESPONSE(&user, OK, SUBLIST, .name = "A");
    ck_assert_uint_eq(own(EMCONTROLS_USED), total - 1300 + 1);
}
END_TEST

/* --- all of it at random ---------------------------------------------------------------------------------------------------------------- */

/* Requests that are mostly right, on few names and lists, so that they meet; every now and then all of it is checked. */
static void anything(unsigned seed, int count)
{
    static const uint16_t commands[] = {READ, WRITE, WRITE, WRITE, DELETE, MOVE, MOVE, MOVE, LOCK, READ_LIST, READ_MULT, DELETE_MULT,
                                        DELETE_ENTRYLIST, READ_LCONTROLS, WRITE_LCONTROLS, SUBLIST, SUBLIST, SUBLISTS, EVENTQ,
                                        CF_CMD_LIST_READ_EMCONTROLS, CF_CMD_LIST_READ_EQCONTROLS, DEQ, CF_CMD_LIST_MONITOR, CF_CMD_VECTOR_READ};
    static const uint8_t locates[] = {0, HEAD, TAIL, NAME, CURSOR, KEY_HEAD, CF_LOCATE_KEY_TAIL, HEAD};
    static const uint8_t commons[] = {0, 0, 0, 0, 0, 1, 2, 3};
    uint8_t data[EVENT_SIZE * 20] = {0};
    unsigned oks = 0;
    for (int i = 0; i < count; i++) {
#define R(n) ((unsigned)rand_r(&seed) % (n))
        char name[CF_NAME_SIZE + 1] = {(char)('A' + R(6))};
        char other_name[CF_NAME_SIZE + 1] = {(char)('A' + R(6))};
        struct ask a = {.command = commands[R(sizeof commands / 2)]};
        bool single = a.command == READ || a.command == WRITE || a.command == DELETE || a.command == MOVE;
        a.name = name;
        a.list = R(3);
        a.target = R(3);
        a.lock = R(3);
        a.bit = R(6);
        a.position = (uint8_t)(1 + R(2));
        a.locate = single || R(4) == 0 ? locates[R(8)] : 0;
        a.lockoper = R(4) == 0 ? (uint8_t)R(7) : a.command == LOCK;
        a.entrytype = a.command == WRITE || (a.command == MOVE && R(2)) ? (uint8_t)R(3) : 0;
        a.options = R(2) ? (uint8_t)(R(4) << 6) : a.command == DELETE_MULT ? LISTCOMP : 0;
        if (a.command == DELETE_MULT || R(8) == 0)
            a.verscomp = commons[R(7)], a.version_comp = R(4);
        if (a.command == WRITE || a.command == MOVE)
            a.versupdate = commons[R(8)], a.version = R(4), a.keytype = R(8) == 0 ? (uint8_t)R(3) : 0;
        a.dataoper = a.command == MOVE ? (uint8_t)R(3) : 0;
        a.cursor = single && R(3) == 0 ? (uint8_t)R(5) : 0;
        a.keyrequest = R(8) == 0 ? (uint8_t)R(3) : 0;
        a.targetkey = a.keytype == CF_KEYTYPE_TARGET ? other_name : NULL;
        if (R(8) == 0)
            a.keycomp = (uint8_t)R(3), a.keycompare = other_name;
        if (R(16) == 0)
            a.authcomp = (uint8_t)R(3), a.options2 |= CF_OPT2_AUTH_SET, a.auth = other_name, a.auth_comp = name;
        if (a.lockoper != 0 && R(4) == 0)
            a.options2 |= CF_OPT2_LOCKCOMP, a.lockcomp = R(4);
        if (R(16) == 0)
            a.options2 |= (uint8_t)(R(4) << 4);
        if (a.command == WRITE_LCONTROLS)
            a.set = (uint8_t)R(256) & 0xFC, a.own[0] = R(40), a.own[1] = R(3), a.adjunct = (uint8_t)R(256);
        if (a.options & DATA && (a.command == WRITE || a.command == MOVE))
            a.length = R(9000);
        if (a.command == DELETE_ENTRYLIST || a.command == SUBLISTS) {
            a.out = data;
            a.length = a.command == SUBLISTS ? EVENT_SIZE * R(20) : CF_LEID_SIZE * R(40);
            for (uint32_t j = 0; j < 20; j++) {
                put_be32(data + j * EVENT_SIZE + EVENT_LIST, R(4));
                put_be64(data + j * EVENT_SIZE + 4, R(300));
                cf_name_put(data + j * EVENT_SIZE + EVENT_KEY, CF_NAME_SIZE, other_name);
            }
        }
        if (a.command == SUBLIST || a.command == EVENTQ || a.command == CF_CMD_LIST_MONITOR)
            a.options = R(3) == 0 ? CF_OPT_STOP : 0;
        if (R(6) == 0)
            a.restart = R(2) ? get_be64(mrb + MRB_RESTART) : R(40);
        a.in_cap = R(3) == 0 ? 1 + R(500) : 0;
        oks += ask(R(2) ? &user : &other, a) == CF_RSP_OK;
        if (i % 500 == 0)
            ck_assert_int_eq(cf_check(inside, stderr), 0);
    }
    ck_assert_uint_gt(oks, (unsigned)count / 8);
}

START_TEST(anything_goes)
{
    anything((unsigned)_i + 1, 12000);
}
END_TEST

/* A check that cannot fail proves nothing. */
START_TEST(check_finds_damage)
{
    fill(0, "AB");
    RESPONSE(&user, OK, SUBLIST, .name = "A");
    RESPONSE(&user, OK, SUBLIST, .name = "B");
    RESPONSE(&user, OK, EVENTQ, .bit = 1);
    RESPONSE(&user, OK, WRITE_LCONTROLS, HEAD, .set = LCONTROLS_SET_CURSOR);
    struct cf_structure *s = cf_control(inside, &inside->slots[0]);
    struct cf_conn *conn = &s->conn[1];
    struct cf_emc *emc = cf_emc_at(s, 1);
    uint32_t *damage[] = {&cf_list_at(s, 0)->elements, &cf_list_at(s, 0)->cursor, &emc->conid, &emc->list, (uint32_t *)emc->key,
                          &emc->queued, &emc->eq_next, &emc->eq_prev, &emc->conn_prev, &conn->emcs, &conn->emc_count, &conn->eq_head,
                          &conn->eq_tail, &conn->eq_count, &conn->eq_bit, &s->emcs_used, &s->emc_free};
    ck_assert_int_eq(cf_check(inside, stderr), 0);
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        uint32_t right = *damage[i];
        *damage[i] = damage[i] == &conn->eq_count ? 0 : right ^ 0x401;
        ck_assert_msg(cf_check(inside, NULL) > 0, "damage %zu", i);
        *damage[i] = right;
    }
}
END_TEST

static void add_named(TCase *tests)
{
    tcase_add_test(tests, move_named);
    tcase_add_test(tests, move_and_read_are_one);
    tcase_add_test(tests, list_limit_counts_entries);
    tcase_add_test(tests, list_limit_counts_elements);
    tcase_add_test(tests, list_controls_are_kept);
    tcase_add_test(tests, authority_is_compared_and_replaced);
    tcase_add_test(tests, cursor_goes_where_it_is_told);
    tcase_add_test(tests, cursor_iterates);
    tcase_add_test(tests, read_list_in_order_from_a_place);
    tcase_add_test(tests, small_buffer_makes_parts);
    tcase_add_test(tests, entry_that_does_not_fit_an_answer_comes_without_its_data);
    tcase_add_test(tests, token_of_an_entry_that_left_is_refused);
    tcase_add_test(tests, requests_for_many_end_early_and_go_on);
    tcase_add_test(tests, search_without_a_result_is_bounded_too);
    tcase_add_test(tests, lock_of_a_request_in_parts);
    tcase_add_test(tests, delete_entrylist_by_leid_and_name);
    tcase_add_test(tests, locks_are_found_and_taken_over);
    tcase_add_test(tests, lock_taken_over_keeps_its_waiters);
    tcase_add_test(tests, search_of_many_locks_is_bounded);
    tcase_add_loop_test(tests, anything_goes, 0, 2);
}

static void add_plain(TCase *tests)
{
    tcase_add_test(tests, move_without_names_and_keys);
    tcase_add_test(tests, delete_entrylist_in_parts);
    tcase_add_loop_test(tests, anything_goes, 0, 1);
}

static void add_keyed(TCase *tests)
{
    tcase_add_test(tests, move_keyed);
    tcase_add_test(tests, key_counter_gives_keys);
    tcase_add_test(tests, sublist_that_fills_is_queued);
    tcase_add_test(tests, moves_fill_and_empty_sublists);
    tcase_add_test(tests, filled_sublist_is_queued_at_once);
    tcase_add_test(tests, user_controls_come_back_with_the_event);
    tcase_add_test(tests, event_monitors_end_with_storage_and_connection);
    tcase_add_loop_test(tests, anything_goes, 0, 4);
}

int main(void)
{
    Suite *suite = suite_create("CF lists");
    suite_add_everywhere(suite, "named", named_setup, teardown, add_named);
    suite_add_everywhere(suite, "plain", plain_setup, teardown, add_plain);
    suite_add_everywhere(suite, "keyed", keyed_setup, teardown, add_keyed);
    TCase *tests = tcase_create("in process");
    tcase_add_checked_fixture(tests, keyed_setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, check_finds_damage);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
