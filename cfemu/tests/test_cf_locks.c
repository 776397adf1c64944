/* Lock structures: the lock table, record data, what is left of a connection that failed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_locktable.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_link_fixture.h"

#define OBTAIN CF_CMD_LOCK_OBTAIN
#define ALTER CF_CMD_LOCK_ALTER
#define RELEASE CF_CMD_LOCK_RELEASE
#define SHR CF_STATE_SHR
#define EXCL CF_STATE_EXCL
#define MANAGE CF_LOP_MANAGE
#define MANAGED CF_LOP_MANAGED
#define ORPHAN CF_LOCK_ORPHAN
#define KEEP CF_CONN_CONDISP_KEEP
#define ENTRIES 16u
#define LOP(user, expected, ...) ck_assert_int_eq(lop(user, (struct lop){__VA_ARGS__}), CF_RSP_##expected)

static const struct attributes lock_usual = {.locks = ENTRIES, .size_kib = 512, .records = 100, .maxconn = 55, .flags = KEEP};

static struct cf *cf;
static struct cf_user a, b, c;      /* connections 1, 2, 3; c is not kept when it fails */

static void setup(void)
{
    struct attributes deleted = lock_usual;
    deleted.flags = 0;
    cf = segment_new(SEGMENT_SIZE);
    ck_assert_int_eq(connect_as(cf, "LOCK1", "A", &lock_usual, &a), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "LOCK1", "B", &lock_usual, &b), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "LOCK1", "C", &deleted, &c), CF_RSP_OK);
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

static struct cf_structure *structure(void)
{
    return cf_control(inside, &inside->slots[0]);
}

/* Manager and holders of an entry: "manager:holders", letters of the connections, "-" none, "O" orphan. */
static const char *entry_text(uint32_t index)
{
    static char text[32];
    struct cf_interest e;
    char *to = text;
    cf_interest_load(structure(), index, &e);
    *to++ = e.manager == 0 ? '-' : e.manager == ORPHAN ? 'O' : (char)('A' + e.manager - 1);
    *to++ = ':';
    for (uint32_t i = 1; i <= 5; i++)
        if (cf_interest_of(&e, i))
            *to++ = (char)('A' + i - 1);
    *to = 0;
    return text;
}

static int user_fails(const struct cf_user *user)
{
    return ask(user, (struct ask){CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE});
}

/* --- the lock table, as a table ------------------------------------------------------------------------------------------ */

#define FAIL 1      /* instead of an operation: the connection fails */
#define RECONNECT 2

struct row {
    const char *what;
    struct cf_user *user;
    struct lop lop;
    int response;
    const char *entry;      /* 0, after it */
    const char *holders;    /* in the answer: others with interest */
    const char *failed;     /* in the answer */
};

#define NEW_SCENE(what) {what, NULL, {0}, 0, NULL, NULL, NULL}

static const struct row rows[] = {
    NEW_SCENE("shared and exclusive"),
    {"a free entry, shared", &a, {OBTAIN, SHR}, CF_RSP_OK, "-:A", "", ""},
    {"twice is once", &a, {OBTAIN, SHR}, CF_RSP_OK, "-:A", "", ""},
    {"shared with another", &b, {OBTAIN, SHR}, CF_RSP_OK, "-:AB", "A", ""},
    {"not exclusive then", &c, {OBTAIN, EXCL}, CF_RSP_LOCK_CONTENTION, "-:AB", "AB", ""},
    {"not even for one of them", &a, {OBTAIN, EXCL}, CF_RSP_LOCK_CONTENTION, "-:AB", "B", ""},
    {"nor by ALTER", &a, {ALTER, EXCL}, CF_RSP_LOCK_CONTENTION, "-:AB", "B", ""},
    {"one goes", &b, {RELEASE}, CF_RSP_OK, "-:A", "A", ""},
    {"it cannot go twice", &b, {RELEASE}, CF_RSP_LOCK_NOT_HELD, "-:A", "A", ""},
    {"nor alter what it has not", &b, {ALTER, SHR}, CF_RSP_LOCK_NOT_HELD, "-:A", "A", ""},
    {"the last one may have it exclusively", &a, {ALTER, EXCL}, CF_RSP_OK, "A:A", "", ""},
    {"no shared interest beside it", &b, {OBTAIN, SHR}, CF_RSP_LOCK_CONTENTION, "A:A", "A", ""},
    {"no exclusive one", &b, {OBTAIN, EXCL}, CF_RSP_LOCK_CONTENTION, "A:A", "A", ""},
    {"twice is once", &a, {OBTAIN, EXCL}, CF_RSP_OK, "A:A", "", ""},
    {"shared again", &a, {ALTER, SHR}, CF_RSP_OK, "-:A", "", ""},
    {"others come", &b, {OBTAIN, SHR}, CF_RSP_OK, "-:AB", "A", ""},
    {"all go", &a, {RELEASE}, CF_RSP_OK, "-:B", "B", ""},
    {"all go", &b, {RELEASE}, CF_RSP_OK, "-:", "", ""},
    {"a free entry, exclusive", &b, {OBTAIN, EXCL}, CF_RSP_OK, "B:B", "", ""},
    {"and free again", &b, {RELEASE}, CF_RSP_OK, "-:", "", ""},

    NEW_SCENE("a manager"),
    {"shared by two", &a, {OBTAIN, SHR}, CF_RSP_OK, "-:A", "", ""},
    {"shared by two", &b, {OBTAIN, SHR}, CF_RSP_OK, "-:AB", "A", ""},
    {"a third manages beside them", &c, {OBTAIN, EXCL, MANAGE}, CF_RSP_OK, "C:ABC", "AB", ""},
    {"nobody else does", &a, {ALTER, EXCL, MANAGE}, CF_RSP_LOCK_CONTENTION, "C:ABC", "BC", ""},
    {"with its consent", &a, {OBTAIN, SHR, MANAGED, .manager = 3}, CF_RSP_OK, "C:ABC", "BC", ""},
    {"the consent of another is none", &a, {OBTAIN, SHR, MANAGED, .manager = 2}, CF_RSP_LOCK_MANAGER, "C:ABC", "BC", ""},
    {"those beside it go", &a, {RELEASE}, CF_RSP_OK, "C:BC", "BC", ""},
    {"it goes, but manages on", &c, {RELEASE, 0, MANAGE}, CF_RSP_OK, "C:B", "B", ""},
    {"somebody comes with its consent", &a, {OBTAIN, EXCL, MANAGED, .manager = 3}, CF_RSP_OK, "C:AB", "B", ""},
    {"and alters with it", &a, {ALTER, SHR, MANAGED, .manager = 3}, CF_RSP_OK, "C:AB", "B", ""},
    {"what is left is shared", &c, {ALTER, SHR}, CF_RSP_OK, "-:AB", "AB", ""},
    {"a consent of then", &c, {OBTAIN, SHR, MANAGED, .manager = 3}, CF_RSP_LOCK_MANAGER, "-:AB", "AB", ""},
    {"manages", &a, {ALTER, EXCL, MANAGE}, CF_RSP_OK, "A:AB", "B", ""},
    {"and goes for good", &a, {RELEASE}, CF_RSP_OK, "-:B", "B", ""},
    {"nobody is left to manage for", &b, {ALTER, EXCL}, CF_RSP_OK, "B:B", "", ""},
    {"nobody is left to manage for", &b, {RELEASE, 0, MANAGE}, CF_RSP_OK, "-:", "", ""},

    NEW_SCENE("shared interest ends with a failure"),
    {"shared", &a, {OBTAIN, SHR}, CF_RSP_OK, "-:A", "", ""},
    {"shared", &b, {OBTAIN, SHR}, CF_RSP_OK, "-:AB", "A", ""},
    {"failed", &a, {FAIL}, CF_RSP_OK, "-:B", NULL, NULL},
    {"the other can have it exclusively", &b, {ALTER, EXCL}, CF_RSP_OK, "B:B", "", ""},

    NEW_SCENE("exclusive interest of a kept connection is retained"),
    {"exclusive", &a, {OBTAIN, EXCL}, CF_RSP_OK, "A:A", "", ""},
    {"failed", &a, {FAIL}, CF_RSP_OK, "A:A", NULL, NULL},
    {"retained", &b, {OBTAIN, SHR}, CF_RSP_LOCK_RETAINED, "A:A", "A", "A"},
    {"taken over, but not taken away", &b, {OBTAIN, SHR, MANAGE}, CF_RSP_OK, "B:AB", "A", "A"},
    {"what is left is not all shared", &b, {ALTER, SHR}, CF_RSP_OK, "O:AB", "A", "A"},
    {"an orphan is nobody's", &c, {OBTAIN, SHR}, CF_RSP_LOCK_RETAINED, "O:AB", "AB", "A"},
    {"and can be taken over", &c, {OBTAIN, SHR, MANAGE}, CF_RSP_OK, "C:ABC", "AB", "A"},
    {"the failed one comes back", &a, {RECONNECT}, CF_RSP_OK, "C:ABC", NULL, NULL},
    {"and has its interest", &a, {RELEASE}, CF_RSP_OK, "C:BC", "BC", ""},

    NEW_SCENE("a peer has recovered it"),
    {"exclusive", &a, {OBTAIN, EXCL}, CF_RSP_OK, "A:A", "", ""},
    {"an active connection looks after itself", &b, {RELEASE, .conid = 1}, CF_RSP_NOT_FAILED, "A:A", "", ""},
    {"failed", &a, {FAIL}, CF_RSP_OK, "A:A", NULL, NULL},
    {"released for it", &b, {RELEASE, .conid = 1}, CF_RSP_OK, "-:", "", ""},
    {"once", &b, {RELEASE, .conid = 1}, CF_RSP_LOCK_NOT_HELD, "-:", "", ""},

    NEW_SCENE("an orphan"),
    {"shared", &a, {OBTAIN, SHR}, CF_RSP_OK, "-:A", "", ""},
    {"managed", &c, {OBTAIN, EXCL, MANAGE}, CF_RSP_OK, "C:AC", "A", ""},
    {"the manager fails and is not kept", &c, {FAIL}, CF_RSP_OK, "O:A", NULL, NULL},
    {"who knows what the other has?", &b, {OBTAIN, SHR}, CF_RSP_LOCK_RETAINED, "O:A", "A", ""},
    {"the manager to be will ask", &b, {OBTAIN, SHR, MANAGE}, CF_RSP_OK, "B:AB", "A", ""},
    {"fails, too", &b, {FAIL}, CF_RSP_OK, "O:AB", NULL, NULL},
    {"but is retained", &a, {ALTER, EXCL, MANAGE}, CF_RSP_OK, "A:AB", "B", "B"},

    NEW_SCENE("a manager without interest of its own retains nothing"),
    {"shared", &a, {OBTAIN, SHR}, CF_RSP_OK, "-:A", "", ""},
    {"managed", &b, {OBTAIN, EXCL, MANAGE}, CF_RSP_OK, "B:AB", "A", ""},
    {"only managed", &b, {RELEASE, 0, MANAGE}, CF_RSP_OK, "B:A", "A", ""},
    {"failed", &b, {FAIL}, CF_RSP_OK, "O:A", NULL, NULL},
    {"nobody is left", &a, {RELEASE}, CF_RSP_OK, "-:", "", ""},

    NEW_SCENE("the consent of a manager that failed since makes an orphan"),
    {"exclusive", &a, {OBTAIN, EXCL}, CF_RSP_OK, "A:A", "", ""},
    {"failed", &a, {FAIL}, CF_RSP_OK, "A:A", NULL, NULL},
    {"a consent that it gave before", &b, {OBTAIN, EXCL, MANAGED, .manager = 1}, CF_RSP_OK, "O:AB", "A", "A"},
    {"it comes back", &a, {RECONNECT}, CF_RSP_OK, "O:AB", NULL, NULL},
    {"and lets go: it does not say that all is shared", &a, {RELEASE}, CF_RSP_OK, "O:B", "B", ""},
    {"nobody shares it", &c, {OBTAIN, SHR}, CF_RSP_LOCK_RETAINED, "O:B", "B", ""},

    NEW_SCENE("interest beside a manager is retained"),
    {"managed", &a, {OBTAIN, EXCL}, CF_RSP_OK, "A:A", "", ""},
    {"with consent", &b, {OBTAIN, EXCL, MANAGED, .manager = 1}, CF_RSP_OK, "A:AB", "A", ""},
    {"failed", &b, {FAIL}, CF_RSP_OK, "A:AB", NULL, NULL},
    {"asks the manager", &c, {OBTAIN, SHR}, CF_RSP_LOCK_RETAINED, "A:AB", "AB", "B"},
    {"the manager knows that it is not needed", &a, {RELEASE, .conid = 2}, CF_RSP_OK, "A:A", "A", ""},
};

static uint32_t *conids_of(const char *letters)
{
    static uint32_t conids[8];
    size_t i = 0;
    for (; letters[i]; i++)
        conids[i] = (uint32_t)(letters[i] - 'A' + 1);
    conids[i] = 0;
    return conids;
}

static int row_do(const struct row *row)
{
    static const char *const names[] = {"A", "B", "C"};
    if (row->lop.command == FAIL)
        return user_fails(row->user);
    if (row->lop.command == RECONNECT)
        return connect_as(cf, "LOCK1", names[row->user - &a], &lock_usual, row->user);
    return lop(row->user, row->lop);
}

START_TEST(lock_table)
{
    const char *scene = NULL;
    a.cf = b.cf = c.cf = cf;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        if (!row->user) {
            scene = row->what;
            teardown();
            setup();
            continue;
        }
        int response = row_do(row);
        ck_assert_msg(response == row->response, "%s, %s: response %04x", scene, row->what, response);
        ck_assert_msg(strcmp(entry_text(0), row->entry) == 0, "%s, %s: entry %s", scene, row->what, entry_text(0));
        if (row->holders)
            ck_assert_msg(result_set_is(LRES_HOLDERS, conids_of(row->holders)), "%s, %s: holders", scene, row->what);
        if (row->failed)
            ck_assert_msg(result_set_is(LRES_FAILED, conids_of(row->failed)), "%s, %s: failed", scene, row->what);
        ck_assert_msg(cf_check(inside, stderr) == 0, "%s, %s: check", scene, row->what);
    }
}
END_TEST

START_TEST(entries_are_apart)
{
    LOP(&a, OK, OBTAIN, EXCL, .index = 0);
    LOP(&b, OK, OBTAIN, EXCL, .index = 1);
    LOP(&c, OK, OBTAIN, EXCL, .index = ENTRIES - 1);
    LOP(&a, LOCK_CONTENTION, OBTAIN, SHR, .index = 1);
    ck_assert_uint_eq(answer(MRB_ADJUNCT + LRES_MANAGER), b.conid);
    LOP(&a, OK, RELEASE);
    ck_assert_str_eq(entry_text(1), "B:B");
}
END_TEST

START_TEST(peers_recover_before_they_respond)
{
    struct attributes responds = lock_usual;
    struct cf_user d;
    responds.options = CF_CONN_OPT_RESPONDS;
    ck_assert_int_eq(connect_as(cf, "LOCK1", "D", &responds, &d), CF_RSP_OK);
    LOP(&a, OK, OBTAIN, EXCL, CF_LOP_WRITE);
    LOP(&a, OK, OBTAIN, SHR, .index = 1);
    LOP(&c, OK, OBTAIN, EXCL, .index = 2);
    ck_assert_int_eq(user_fails(&a), CF_RSP_OK);
    ck_assert_int_eq(user_fails(&c), CF_RSP_OK);
    LOP(&d, LOCK_RETAINED, OBTAIN, EXCL, .index = 0);
    LOP(&d, LOCK_RETAINED, OBTAIN, EXCL, .index = 1);
    LOP(&d, LOCK_RETAINED, OBTAIN, EXCL, .index = 2);
    LOP(&d, OK, RELEASE, .index = 2, .conid = c.conid);
    LOP(&d, OK, OBTAIN, EXCL, .index = 2);
    ck_assert_int_eq(ask(&d, (struct ask){CF_CMD_RESPOND, .own = {(uint8_t)a.conid}}), CF_RSP_OK);
    LOP(&d, OK, OBTAIN, EXCL, .index = 1);              /* shared: failed-persistent connections do without */
    LOP(&d, LOCK_RETAINED, OBTAIN, EXCL, .index = 0);
    ck_assert_int_eq(ask(&d, (struct ask){CF_CMD_RESPOND, .own = {(uint8_t)c.conid}}), CF_RSP_OK);
    ck_assert_int_eq(ask(&d, (struct ask){CF_CMD_FORCE, .name = "LOCK1", .connection = "A"}), CF_RSP_OK);
    LOP(&d, OK, OBTAIN, EXCL, .index = 0);
    ck_assert_uint_eq(structure()->entries_used, 0);
}
END_TEST

START_TEST(kept_connection_that_is_deleted_retains_nothing)
{
    LOP(&a, OK, OBTAIN, EXCL, CF_LOP_WRITE);
    LOP(&c, OK, OBTAIN, EXCL, CF_LOP_WRITE, .index = 1);
    ck_assert_int_eq(user_fails(&a), CF_RSP_OK);
    ck_assert_int_eq(user_fails(&c), CF_RSP_OK);
    LOP(&b, LOCK_RETAINED, OBTAIN, EXCL);
    LOP(&b, OK, OBTAIN, EXCL, .index = 1);
    ck_assert_uint_eq(structure()->entries_used, 1);
    ck_assert_int_eq(connect_as(cf, "LOCK1", "A", &lock_usual, &a), CF_RSP_OK);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_RECONNECTED], 1);
    ck_assert_int_eq(ask(&a, (struct ask){CF_CMD_RDATA_DELETEBYCONN, .list = a.conid}), CF_RSP_OK);
    LOP(&a, OK, RELEASE);
    ck_assert_int_eq(ask(&a, (struct ask){CF_CMD_DISCONNECT}), CF_RSP_OK);
    LOP(&b, OK, OBTAIN, EXCL);
}
END_TEST

START_TEST(disconnect_while_holding_is_a_failure)
{
    LOP(&a, OK, OBTAIN, SHR);
    ck_assert_int_eq(ask(&a, (struct ask){CF_CMD_DISCONNECT}), CF_RSP_OK);
    ck_assert_uint_eq(structure()->conn[1].state, CF_CONN_FAILED_PERSISTENT);
    LOP(&b, OK, OBTAIN, SHR, CF_LOP_WRITE);
    LOP(&b, OK, RELEASE);
    ck_assert_int_eq(ask(&b, (struct ask){CF_CMD_DISCONNECT}), CF_RSP_OK);      /* record data holds it, too */
    ck_assert_uint_eq(structure()->conn[2].state, CF_CONN_FAILED_PERSISTENT);
}
END_TEST

/* --- record data ----------------------------------------------------------------------------------------------------------- */

/* A command with a restart token and a buffer of so many bytes. */
static int read_blocks(const struct cf_user *of, enum cf_command command, uint32_t conid, uint64_t restart, uint32_t capacity)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, of, command);
    put_be32(mcb + MCB_LIST, conid);
    put_be64(mcb + MCB_RESTART, restart);
    cf_message(of->cf, mcb, NULL, 0, mrb, data_in, capacity);
    return get_be16(mrb);
}

static int delete_ids(const struct cf_user *of, const uint8_t *ids, uint32_t length)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, of, CF_CMD_RDATA_DELETE);
    put_be32(mcb + MCB_DATALEN, length);
    cf_message(of->cf, mcb, ids, length, mrb, NULL, 0);
    return get_be16(mrb);
}

START_TEST(record_data_is_written_with_the_lock_or_not_at_all)
{
    uint8_t id[CF_LEID_SIZE];
    LOP(&a, OK, OBTAIN, EXCL, CF_LOP_WRITE, .index = 5, .type = 7, .fill = 0x11);
    memcpy(id, mrb + MRB_ADJUNCT + LRES_ENTRYID, sizeof id);
    ck_assert_int_eq(ask(&b, (struct ask){CF_CMD_RDATA_READ, .leid = id}), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_DATALEN), RDATA_SIZE);
    ck_assert_mem_eq(data_in + RDATA_ENTRYID, id, sizeof id);
    ck_assert_int_eq(data_in[RDATA_TYPE], 7);
    ck_assert_uint_eq(get_be32(data_in + RDATA_CONID), a.conid);
    ck_assert_uint_eq(get_be32(data_in + RDATA_INDEX), 5);
    ck_assert_int_eq(data_in[RDATA_DATA], 0x11);
    ck_assert_int_eq(data_in[RDATA_DATA + 63], 0x11);

    LOP(&b, LOCK_CONTENTION, OBTAIN, EXCL, CF_LOP_WRITE, .index = 5);
    ck_assert_uint_eq(structure()->entries_used, 1);
    LOP(&a, OK, ALTER, SHR, CF_LOP_WRITE, .index = 5, .type = 8, .fill = 0x22, .entryid = id);
    ck_assert_int_eq(ask(&b, (struct ask){CF_CMD_RDATA_READ, .leid = id}), CF_RSP_OK);
    ck_assert_int_eq(data_in[RDATA_TYPE], 8);
    ck_assert_int_eq(data_in[RDATA_DATA + 63], 0x22);
    LOP(&b, NO_ENTRY, OBTAIN, SHR, CF_LOP_WRITE, .index = 5, .entryid = id);    /* not its own: nothing is done */
    ck_assert_str_eq(entry_text(5), "-:A");
    LOP(&a, OK, RELEASE, 0, CF_LOP_DELETE, .index = 5, .entryid = id);
    ck_assert_int_eq(ask(&b, (struct ask){CF_CMD_RDATA_READ, .leid = id}), CF_RSP_NO_ENTRY);
    LOP(&a, OK, OBTAIN, EXCL, .index = 5);
    LOP(&a, NO_ENTRY, RELEASE, 0, CF_LOP_DELETE, .index = 5, .entryid = id);
    ck_assert_str_eq(entry_text(5), "A:A");
}
END_TEST

START_TEST(record_data_of_a_failed_connection_is_read_by_its_peers)
{
    uint8_t id[CF_LEID_SIZE];
    for (uint32_t i = 0; i < 10; i++) {
        LOP(&a, OK, OBTAIN, EXCL, CF_LOP_WRITE, .index = i, .type = (uint8_t)i);
        LOP(&b, OK, OBTAIN, SHR, CF_LOP_WRITE, .index = 10, .type = (uint8_t)(100 + i));
    }
    memcpy(id, mrb + MRB_ADJUNCT + LRES_ENTRYID, sizeof id);
    ck_assert_int_eq(read_blocks(&b, CF_CMD_RDATA_DELETEBYCONN, a.conid, 0, 0), CF_RSP_NOT_FAILED);
    ck_assert_int_eq(delete_ids(&a, id, sizeof id), CF_RSP_NOT_FAILED);
    ck_assert_int_eq(user_fails(&a), CF_RSP_OK);

    uint64_t restart = 0;
    for (uint32_t i = 0; i < 10; i += 4) {
        int response = read_blocks(&b, CF_CMD_RDATA_READBYCONN, a.conid, restart, 4 * RDATA_SIZE + 5);
        restart = get_be64(mrb + MRB_RESTART);
        ck_assert_int_eq(response, i < 8 ? CF_RSP_TIMEOUT : CF_RSP_OK);
        ck_assert_uint_eq(answer(MRB_LISTCOUNT), i < 8 ? 4 : 2);
        for (uint32_t j = 0; j < answer(MRB_LISTCOUNT); j++)
            ck_assert_int_eq(data_in[j * RDATA_SIZE + RDATA_TYPE], i + j);
    }
    uint32_t found = 0;
    int response = CF_RSP_TIMEOUT;
    for (restart = 0; response == CF_RSP_TIMEOUT; restart = get_be64(mrb + MRB_RESTART)) {
        response = read_blocks(&b, CF_CMD_RDATA_READALL, 0, restart, 7 * RDATA_SIZE);
        found += answer(MRB_LISTCOUNT);
    }
    ck_assert_int_eq(response, CF_RSP_OK);
    ck_assert_uint_eq(found, 20);

    ck_assert_int_eq(read_blocks(&b, CF_CMD_RDATA_READBYCONN, a.conid, 0, RDATA_SIZE), CF_RSP_TIMEOUT);
    restart = get_be64(mrb + MRB_RESTART);
    ck_assert_int_eq(read_blocks(&b, CF_CMD_RDATA_DELETEBYCONN, a.conid, 0, 0), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_LISTCOUNT), 10);
    ck_assert_int_eq(read_blocks(&b, CF_CMD_RDATA_READBYCONN, a.conid, restart, RDATA_SIZE), CF_RSP_NO_ENTRY);
    ck_assert_int_eq(read_blocks(&b, CF_CMD_RDATA_READBYCONN, a.conid, 0, RDATA_SIZE), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_LISTCOUNT), 0);
    ck_assert_int_eq(delete_ids(&b, id, sizeof id), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_LISTCOUNT), 1);
    ck_assert_int_eq(delete_ids(&b, id, sizeof id), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_LISTCOUNT), 0);
}
END_TEST

START_TEST(no_room_for_record_data_no_lock)
{
    uint32_t records = structure()->entries_total;
    ck_assert_uint_ge(records, 100);
    for (uint32_t i = 0; i < records; i++)
        LOP(&a, OK, OBTAIN, SHR, CF_LOP_WRITE);
    LOP(&a, STRUCTURE_FULL, OBTAIN, SHR, CF_LOP_WRITE, .index = 1);
    ck_assert_str_eq(entry_text(1), "-:");
    int response = CF_RSP_TIMEOUT, commands = 0;
    for (; response == CF_RSP_TIMEOUT; commands++)      /* many entries go in pieces */
        response = read_blocks(&a, CF_CMD_RDATA_DELETEBYCONN, a.conid, 0, 0);
    ck_assert_int_eq(response, CF_RSP_OK);
    ck_assert_int_eq(commands, (int)((records + CF_LOPS_MAX - 1) / CF_LOPS_MAX));
    ck_assert_uint_eq(structure()->entries_used, 0);
}
END_TEST

START_TEST(interest_of_a_connection_can_be_listed)
{
    struct attributes large = lock_usual;
    struct cf_user of;
    large.locks = 200000;
    large.records = 0;
    ck_assert_int_eq(connect_as(cf, "LOCK2", "A", &large, &of), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_OWN + CONN_LOCKENTRIES), 262144);
    ck_assert_uint_eq(answer(MRB_OWN + CONN_RECORDS), 0);
    LOP(&of, BAD_REQUEST, OBTAIN, SHR, CF_LOP_WRITE);
    static const uint32_t held[] = {0, 1, 70000, 262143};
    for (int i = 0; i < 4; i++)
        LOP(&of, OK, OBTAIN, i % 2 ? SHR : EXCL, .index = held[i]);
    uint64_t restart = 0;
    int response = CF_RSP_TIMEOUT, found = 0, commands = 0;
    for (; response == CF_RSP_TIMEOUT; commands++) {
        response = read_blocks(&of, CF_CMD_LOCK_READBYCONN, of.conid, restart, 3 * LINT_SIZE);
        restart = get_be64(mrb + MRB_RESTART);
        for (uint32_t at = 0; at < answer(MRB_DATALEN); at += LINT_SIZE, found++) {
            ck_assert_uint_eq(get_be32(data_in + at + LINT_INDEX), held[found]);
            ck_assert_uint_eq(get_be32(data_in + at + LINT_MANAGER), found % 2 ? 0 : of.conid);
        }
    }
    ck_assert_int_eq(response, CF_RSP_OK);
    ck_assert_int_eq(found, 4);
    ck_assert_int_eq(commands, 4);
}
END_TEST

/* --- PROCESSMULT ------------------------------------------------------------------------------------------------------------- */

static uint8_t mult[(CF_LOPS_MAX + 1) * LOP_SIZE];

static int processmult(const struct cf_user *of, uint32_t length, uint32_t capacity)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, of, CF_CMD_LOCK_PROCESSMULT);
    put_be32(mcb + MCB_DATALEN, length);
    cf_message(of->cf, mcb, mult, length, mrb, data_in, capacity);
    return get_be16(mrb);
}

static int result_of(uint32_t number)
{
    return get_be16(data_in + number * LRES_SIZE + LRES_RESPONSE);
}

START_TEST(each_of_many_operations_has_its_own_result)
{
    static const struct { struct lop lop; int response; } several[] = {
        {{OBTAIN, EXCL, .index = 1}, CF_RSP_OK},
        {{OBTAIN, EXCL, .index = 2}, CF_RSP_LOCK_CONTENTION},
        {{OBTAIN, SHR, .index = 3}, CF_RSP_OK},
        {{ALTER, EXCL, .index = 3}, CF_RSP_OK},         /* of what was obtained just before */
        {{RELEASE, .index = 4}, CF_RSP_LOCK_NOT_HELD},
        {{OBTAIN, 3, .index = 5}, CF_RSP_BAD_REQUEST},
        {{OBTAIN, SHR, CF_LOP_WRITE, .index = 6, .type = 9}, CF_RSP_OK},
        {{RELEASE, .index = 1}, CF_RSP_OK},
    };
    uint32_t count = sizeof several / sizeof several[0];
    LOP(&b, OK, OBTAIN, EXCL, .index = 2);
    for (uint32_t i = 0; i < count; i++)
        lop_block(mult + i * LOP_SIZE, &several[i].lop);
    ck_assert_int_eq(processmult(&a, count * LOP_SIZE, sizeof data_in), CF_RSP_OK);
    ck_assert_uint_eq(answer(MRB_DATALEN), count * LRES_SIZE);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_msg(result_of(i) == several[i].response, "operation %u: %04x", i, result_of(i));
    ck_assert_int_eq(data_in[1 * LRES_SIZE + LRES_HOLDERS], 0x80 >> b.conid);
    ck_assert_uint_eq(get_be16(data_in + 5 * LRES_SIZE + LRES_REASON), LOP_STATE);
    ck_assert_str_eq(entry_text(1), "-:");
    ck_assert_str_eq(entry_text(3), "A:A");
    ck_assert_str_eq(entry_text(5), "-:");
    ck_assert_uint_eq(structure()->entries_used, 1);
}
END_TEST

START_TEST(as_many_operations_as_the_architecture_allows)
{
    for (uint32_t i = 0; i <= CF_LOPS_MAX; i++)
        lop_block(mult + i * LOP_SIZE, &(struct lop){OBTAIN, SHR, CF_LOP_WRITE, .index = i % ENTRIES});
    ck_assert_int_eq(processmult(&a, CF_LOPS_MAX * LOP_SIZE, CF_LOPS_MAX * LRES_SIZE), CF_RSP_OK);
    for (uint32_t i = 0; i < CF_LOPS_MAX; i++)
        ck_assert_int_eq(result_of(i), CF_RSP_OK);
    ck_assert_uint_eq(structure()->entries_used, CF_LOPS_MAX);
    ck_assert_int_eq(processmult(&a, (CF_LOPS_MAX + 1) * LOP_SIZE, sizeof data_in), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(processmult(&a, LOP_SIZE + 1, sizeof data_in), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(processmult(&a, 0, sizeof data_in), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(processmult(&b, LOP_SIZE, LRES_SIZE - 1), CF_RSP_BUFFER_FULL);
    ck_assert_str_eq(entry_text(0), "-:A");
}
END_TEST

/* --- many connections ---------------------------------------------------------------------------------------------------------- */

START_TEST(as_many_users_as_the_structure_was_made_for)
{
    struct attributes wide = lock_usual;
    struct cf_user of[CF_CONNECTIONS_MAX], more;
    char name[CF_NAME_SIZE + 1];
    uint32_t all[CF_CONNECTIONS_MAX] = {0};
    wide.maxconn = 0;
    for (uint32_t i = 0; i < CF_CONNECTIONS_MAX; i++) {
        snprintf(name, sizeof name, "U%u", i);
        ck_assert_int_eq(connect_as(cf, "WIDE", name, &wide, &of[i]), CF_RSP_OK);
        LOP(&of[i], OK, OBTAIN, SHR, .index = 3);
    }
    for (uint32_t i = 0; i < CF_CONNECTIONS_MAX - 1; i++)
        all[i] = of[i].conid;
    LOP(&of[254], LOCK_CONTENTION, ALTER, EXCL, .index = 3);
    ck_assert(result_set_is(LRES_HOLDERS, all));
    for (uint32_t i = 0; i < CF_CONNECTIONS_MAX - 1; i++)
        LOP(&of[i], OK, RELEASE, .index = 3);
    LOP(&of[254], OK, ALTER, EXCL, .index = 3);
    LOP(&of[0], LOCK_CONTENTION, OBTAIN, SHR, .index = 3);
    ck_assert_uint_eq(answer(MRB_ADJUNCT + LRES_MANAGER), 255);
    ck_assert(result_set_is(LRES_HOLDERS, (uint32_t[]){255, 0}));
    ck_assert_int_eq(user_fails(&of[254]), CF_RSP_OK);
    LOP(&of[0], OK, OBTAIN, SHR, MANAGE, .index = 3);
    ck_assert_int_eq(user_fails(&of[0]), CF_RSP_OK);
    LOP(&of[1], LOCK_RETAINED, OBTAIN, SHR, .index = 3);
    ck_assert(result_set_is(LRES_FAILED, (uint32_t[]){1, 255, 0}));

    wide.maxconn = 2;
    ck_assert_int_eq(connect_as(cf, "FEW", "A", &wide, &more), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "FEW", "B", &wide, &more), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "FEW", "C", &wide, &more), CF_RSP_TOO_MANY);
    ck_assert_uint_eq(cf_control(inside, &inside->slots[2])->table_words, 1);
}
END_TEST

/* --- messages that are wrong ------------------------------------------------------------------------------------------------------ */

#define IN_BLOCK(offset) (MCB_ADJUNCT + (offset))

static const struct { struct lop lop; unsigned reason; } bads[] = {
    {{OBTAIN, 0}, IN_BLOCK(LOP_STATE)},
    {{OBTAIN, 3}, IN_BLOCK(LOP_STATE)},
    {{RELEASE, SHR}, IN_BLOCK(LOP_STATE)},
    {{OBTAIN, SHR, .index = ENTRIES}, IN_BLOCK(LOP_INDEX)},
    {{OBTAIN, SHR, .index = 0xFFFFFFFF}, IN_BLOCK(LOP_INDEX)},
    {{OBTAIN, SHR, CF_LOP_DELETE}, IN_BLOCK(LOP_OPTIONS)},
    {{ALTER, SHR, CF_LOP_DELETE | CF_LOP_WRITE}, IN_BLOCK(LOP_OPTIONS)},
    {{RELEASE, 0, CF_LOP_WRITE}, IN_BLOCK(LOP_OPTIONS)},
    {{RELEASE, 0, MANAGED}, IN_BLOCK(LOP_OPTIONS)},
    {{OBTAIN, SHR, MANAGE | MANAGED}, IN_BLOCK(LOP_OPTIONS)},
    {{OBTAIN, SHR, 1}, IN_BLOCK(LOP_OPTIONS)},
    {{OBTAIN, SHR, .conid = 1}, IN_BLOCK(LOP_CONID)},
    {{RELEASE, .conid = 256}, IN_BLOCK(LOP_CONID)},
    {{RELEASE, .conid = 0xFFFFFFFF}, IN_BLOCK(LOP_CONID)},
};

START_TEST(bad_operations_name_the_field)
{
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        int response = lop(&a, bads[i].lop);
        ck_assert_msg(response == CF_RSP_BAD_REQUEST && get_be16(mrb + MRB_REASON) == bads[i].reason,
                      "row %zu: response %04x, reason %u", i, response, get_be16(mrb + MRB_REASON));
    }
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, &a, OBTAIN);
    lop_block(mcb + MCB_ADJUNCT, &(struct lop){OBTAIN, SHR});
    ck_assert_int_eq(cf_send(cf, mcb, mrb), CF_RSP_BAD_REQUEST);        /* the operation stands in the command */
    static const enum cf_command by_conn[] = {CF_CMD_LOCK_READBYCONN, CF_CMD_RDATA_READBYCONN, CF_CMD_RDATA_DELETEBYCONN};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(read_blocks(&a, by_conn[i], 0, 0, 1000), CF_RSP_BAD_REQUEST);
        ck_assert_int_eq(read_blocks(&a, by_conn[i], 256, 0, 1000), CF_RSP_BAD_REQUEST);
    }
    ck_assert_int_eq(read_blocks(&a, CF_CMD_LOCK_READBYCONN, 1, ENTRIES, 1000), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(read_blocks(&a, CF_CMD_LOCK_READBYCONN, 1, ~0ull, 1000), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(read_blocks(&a, CF_CMD_RDATA_READBYCONN, 1, ~0ull, 1000), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(read_blocks(&a, CF_CMD_RDATA_READBYCONN, 1, 1, 1000), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(read_blocks(&a, CF_CMD_RDATA_READALL, 0, ~0ull, 1000), CF_RSP_OK);
    ck_assert_int_eq(read_blocks(&a, CF_CMD_RDATA_READALL, 0, 0, RDATA_SIZE - 1), CF_RSP_BUFFER_FULL);
    ck_assert_int_eq(delete_ids(&a, data_in, 13), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(delete_ids(&a, data_in, 0), CF_RSP_BAD_REQUEST);
    ck_assert_int_eq(delete_ids(&a, data_in, 129 * CF_LEID_SIZE), CF_RSP_BAD_REQUEST);
}
END_TEST

START_TEST(commands_of_the_other_structure_type_are_refused)
{
    struct cf_user list;
    ck_assert_int_eq(connect_as(cf, "STR1", "A", &usual, &list), CF_RSP_OK);
    LOP(&list, BAD_COMMAND, OBTAIN, SHR);
    ck_assert_int_eq(read_blocks(&list, CF_CMD_RDATA_READALL, 0, 0, 1000), CF_RSP_BAD_COMMAND);
    for (uint16_t command = CF_CMD_LIST_READ; command <= CF_CMD_LIST_MONITOR; command++)
        ck_assert_int_eq(ask(&a, (struct ask){command, CF_LOCATE_HEAD}), CF_RSP_BAD_COMMAND);
    ck_assert_int_eq(ask(&a, (struct ask){CF_CMD_VECTOR_READ}), CF_RSP_OK);
}
END_TEST

static const struct { unsigned offset; uint8_t byte; } bad_attributes[] = {
    {CONN_LOCKENTRIES + 3, 0}, {CONN_LOCKENTRIES, 1}, {CONN_RECORDS, 1},
    {CONN_FLAGS, CF_CONN_ADJUNCT}, {CONN_FLAGS, CF_CONN_NAMED}, {CONN_VECTORLEN, 1},
};

START_TEST(bad_attributes_name_the_field)
{
    for (size_t i = 0; i < sizeof bad_attributes / sizeof bad_attributes[0]; i++) {
        uint8_t mcb[CF_MCB_SIZE];
        cf_request_connect(mcb, "NEWSTR", "CONN", "TEST");
        put_be32(mcb + MCB_OWN + CONN_LOCKENTRIES, 1);
        mcb[MCB_OWN + bad_attributes[i].offset] = bad_attributes[i].byte;
        ck_assert_int_eq(cf_send(cf, mcb, mrb), CF_RSP_BAD_REQUEST);
        ck_assert_uint_eq(get_be16(mrb + MRB_REASON), MCB_OWN + (bad_attributes[i].offset == CONN_FLAGS ? CONN_FLAGS : bad_attributes[i].offset & ~3u));
    }
}
END_TEST

/* Operations by chance, with random bytes in some, failures and reconnections; the table stays what it promises to be. */
START_TEST(random_operations_do_no_harm)
{
    static const uint16_t commands[] = {OBTAIN, OBTAIN, ALTER, RELEASE, RELEASE, CF_CMD_LOCK_PROCESSMULT, CF_CMD_LOCK_READBYCONN,
        CF_CMD_RDATA_READ, CF_CMD_RDATA_READALL, CF_CMD_RDATA_READBYCONN, CF_CMD_RDATA_DELETE, CF_CMD_RDATA_DELETEBYCONN, CF_CMD_DISCONNECT};
    static const char *const names[] = {"A", "B", "C"};
    unsigned seed = 5;
    struct cf_user *users[] = {&a, &b, &c};
    for (int i = 0; i < 30000; i++) {
        uint8_t mcb[CF_MCB_SIZE];
        unsigned who = (unsigned)rand_r(&seed) % 3;
        uint16_t command = commands[(unsigned)rand_r(&seed) % (sizeof commands / sizeof commands[0])];
        if (command == CF_CMD_DISCONNECT && rand_r(&seed) % 16 != 0)
            command = RELEASE;
        cf_request(mcb, users[who], command);
        uint32_t length = (uint32_t)rand_r(&seed) % 5 * 64;
        for (uint8_t *block = mcb + MCB_ADJUNCT, j = 0; j < 4; block = mult + j * LOP_SIZE, j++) {
            memset(block, 0, LOP_SIZE);
            block[LOP_OPERATION] = (uint8_t)(block == mcb + MCB_ADJUNCT ? 0 : rand_r(&seed) % 4);
            block[LOP_STATE] = (uint8_t)(command == RELEASE ? 0 : 1 + rand_r(&seed) % 2);
            block[LOP_OPTIONS] = (uint8_t)(1u << rand_r(&seed) % 8);
            block[LOP_INDEX + 3] = (uint8_t)(rand_r(&seed) % 17);
            block[LOP_MANAGER + 3] = block[LOP_CONID + 3] = (uint8_t)(rand_r(&seed) % 4);
            put_be32(block + LOP_ENTRYID, (uint32_t)rand_r(&seed) % 20);
            put_be64(block + LOP_ENTRYID + 4, (uint64_t)rand_r(&seed) % 100);
            if (rand_r(&seed) % 2)
                memset(block + LOP_CONID, 0, 16);
        }
        mcb[MCB_LIST + 3] = (uint8_t)(rand_r(&seed) % 5);
        mcb[MCB_OPTIONS] = command == CF_CMD_DISCONNECT ? CF_OPT_FAILURE : 0;
        put_be32(mcb + MCB_DATALEN, length);
        for (int j = rand_r(&seed) % 8 - 5; j > 0; j--)
            mcb[MCB_LIST + (unsigned)rand_r(&seed) % (CF_MCB_SIZE - MCB_LIST)] = (uint8_t)rand_r(&seed);
        uint32_t capacity = (uint32_t)rand_r(&seed) % 1000;
        uint8_t *in = malloc(capacity + 1), *out = malloc(length + 1);
        memcpy(out, mult, length);
        cf_message(cf, mcb, out, length, mrb, in, capacity);
        free(in);
        free(out);
        if (command == CF_CMD_DISCONNECT)
            ck_assert_int_eq(connect_as(cf, "LOCK1", names[who], &lock_usual, users[who]), CF_RSP_OK);
        if (i % 500 == 0)
            ck_assert_int_eq(cf_check(inside, stderr), 0);
    }
}
END_TEST

START_TEST(statistics_count_operations_and_contention)
{
    LOP(&a, OK, OBTAIN, EXCL);
    LOP(&b, LOCK_CONTENTION, OBTAIN, SHR);
    LOP(&b, OK, OBTAIN, SHR, MANAGED | CF_LOP_FALSE, .manager = 1);
    LOP(&a, OK, ALTER, SHR);
    LOP(&a, OK, RELEASE);
    const struct cf_stats *stats = &structure()->stats;
    ck_assert_uint_eq(stats->requests[CF_STAT_OBTAIN][CF_STAT_OK], 2);
    ck_assert_uint_eq(stats->requests[CF_STAT_OBTAIN][CF_STAT_CONTENDED], 1);
    ck_assert_uint_eq(stats->requests[CF_STAT_ALTER][CF_STAT_OK], 1);
    ck_assert_uint_eq(stats->requests[CF_STAT_RELEASE][CF_STAT_OK], 1);
    ck_assert_uint_eq(stats->contentions, 1);
    ck_assert_uint_eq(stats->false_contentions, 1);
}
END_TEST

START_TEST(check_finds_damage)
{
    LOP(&a, OK, OBTAIN, EXCL, CF_LOP_WRITE);
    LOP(&b, OK, OBTAIN, SHR, .index = 1);
    struct cf_structure *s = structure();
    uint64_t *table = cf_at(s, s->locks);
    struct cf_entry *record = cf_entry_at(inside, s, 1);
    const struct { void *place; uint64_t wrong; } damage[] = {
        {&table[0], 0x21}, {&table[0], 0x3F}, {&table[1], 1ull << 30}, {&table[2], 0xFF}, {&table[2], 1ull << 63},
        {&record->version, (uint64_t)ENTRIES << 8}, {&record->list, 5}, {&s->table_words, 5}, {&s->table_words, 0}, {&s->maxconn, 100}};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        uint32_t right[2];
        memcpy(right, damage[i].place, sizeof right);
        memcpy(damage[i].place, &damage[i].wrong, damage[i].wrong > 0xFFFFFFFF ? 8 : 4);
        ck_assert_msg(cf_check(inside, NULL) > 0, "damage %zu", i);
        memcpy(damage[i].place, right, sizeof right);
    }
}
END_TEST

/* --- processes that die ------------------------------------------------------------------------------------------------------------- */

/* A process that obtains entries 0 exclusive and 1 shared, and waits to be killed. */
static struct attributes holder_attributes;

static bool take_both(void)
{
    struct cf_user of;
    return connect_as(segment_open(), "LOCK1", "HOLDER", &holder_attributes, &of) == CF_RSP_OK &&
           lop(&of, (struct lop){OBTAIN, EXCL}) == CF_RSP_OK && lop(&of, (struct lop){OBTAIN, SHR, .index = 1}) == CF_RSP_OK;
}

static pid_t holder(uint8_t flags)
{
    holder_attributes = lock_usual;
    holder_attributes.flags = flags;
    return child_holding(take_both);
}

START_TEST(interest_of_a_dead_process_is_dealt_with_at_the_next_request)
{
    pid_t pid = holder(KEEP);
    LOP(&a, LOCK_CONTENTION, OBTAIN, EXCL, .index = 0);
    LOP(&a, LOCK_CONTENTION, OBTAIN, EXCL, .index = 1);
    child_kill(pid);
    LOP(&a, OK, OBTAIN, EXCL, .index = 1);
    LOP(&a, LOCK_RETAINED, OBTAIN, EXCL, .index = 0);
    ck_assert(result_set_is(LRES_FAILED, (uint32_t[]){4, 0}));
    LOP(&a, OK, RELEASE, .index = 0, .conid = 4);
    LOP(&a, OK, RELEASE, .index = 1);
    struct cf_user again;
    ck_assert_int_eq(connect_as(cf, "LOCK1", "HOLDER", &lock_usual, &again), CF_RSP_OK);
    ck_assert_int_eq(ask(&again, (struct ask){CF_CMD_DISCONNECT}), CF_RSP_OK);
    pid = holder(0);
    child_kill(pid);
    LOP(&a, OK, OBTAIN, EXCL, .index = 0);
}
END_TEST

#define WORKERS 4
#define SECONDS 3

/* What the holders of an entry see of each other, where their death does not reach it. */
static struct shared {
    int owner[ENTRIES];         /* worker + 1 that has it exclusively */
    int readers[ENTRIES][WORKERS];      /* process that shares it */
    uint64_t obtained, contended, retained;
    int broken;
} *shared;

static void expect(bool condition, int what)
{
    int none = 0;
    if (!condition)
        __atomic_compare_exchange_n(&shared->broken, &none, what, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Have the entry for a while; nobody else may see it otherwise meanwhile. A dead worker leaves its marks; what it held
 * exclusively is retained until it comes back. */
static void hold(int number, uint32_t index, uint8_t state)
{
    int *own = &shared->readers[index][number];
    if (state == SHR) {
        __atomic_store_n(own, getpid(), __ATOMIC_SEQ_CST);
        expect(__atomic_load_n(&shared->owner[index], __ATOMIC_SEQ_CST) == 0, 3);
        __atomic_store_n(own, 0, __ATOMIC_SEQ_CST);
        return;
    }
    expect(__atomic_exchange_n(&shared->owner[index], number + 1, __ATOMIC_SEQ_CST) == 0, 1);
    for (int i = 0; i < WORKERS; i++) {
        pid_t pid = __atomic_load_n(&shared->readers[index][i], __ATOMIC_SEQ_CST);
        expect(pid == 0 || cf_process_ended(pid), 2);
    }
    __atomic_store_n(&shared->owner[index], 0, __ATOMIC_SEQ_CST);
}

/* A worker that does not get the processor in the middle of an operation holds the others up, for as long as they wait. */
static int patient_lop(const struct cf_user *of, struct lop l)
{
    int response;
    do
        response = lop(of, l);
    while (response == CF_RSP_BUSY);
    return response;
}

static int patient_connect(const char *name, struct cf_user *of)
{
    struct cf *own = segment_open();
    int response;
    do
        response = connect_as(own, "LOCK1", name, &lock_usual, of);
    while (response == CF_RSP_BUSY);
    return response;
}

/* A worker that comes back finds what it held exclusively retained: it takes its marks away and lets go. */
static void recover(struct cf_user *of, int number)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        int self = number + 1;
        __atomic_store_n(&shared->readers[i][number], 0, __ATOMIC_SEQ_CST);
        __atomic_compare_exchange_n(&shared->owner[i], &self, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    int response;
    do
        response = read_blocks(of, CF_CMD_LOCK_READBYCONN, of->conid, 0, sizeof data_in);
    while (response == CF_RSP_BUSY);
    expect(response == CF_RSP_OK, 7);
    uint32_t count = answer(MRB_DATALEN) / LINT_SIZE;
    for (uint32_t i = 0; i < count; i++) {
        expect(patient_lop(of, (struct lop){RELEASE, .index = get_be32(data_in + i * LINT_SIZE)}) == CF_RSP_OK, 4);
        __atomic_add_fetch(&shared->retained, 1, __ATOMIC_RELAXED);
    }
}

static void kill_in_time(void)
{
    static int left = 0;
    if (left == 0)
        left = 1 + rand() % 3000;
    if (--left == 0)
        raise(SIGKILL);
}

static void worker(int number)
{
    char name[CF_NAME_SIZE + 1];
    struct cf_user of;
    unsigned seed = (unsigned)getpid();
    srand(seed);
    snprintf(name, sizeof name, "WORKER%c", (char)('A' + number));
    if (patient_connect(name, &of) != CF_RSP_OK)
        _exit(5);
    recover(&of, number);
    if (rand_r(&seed) % 2)
        cf_crash_hook = kill_in_time;
    for (;;) {
        uint32_t index = (uint32_t)rand_r(&seed) % 4;
        uint8_t state = rand_r(&seed) % 2 ? EXCL : SHR;
        int response = patient_lop(&of, (struct lop){OBTAIN, state, .index = index});
        if (response == CF_RSP_OK) {
            hold(number, index, state);
            __atomic_add_fetch(&shared->obtained, 1, __ATOMIC_RELAXED);
            expect(patient_lop(&of, (struct lop){RELEASE, .index = index}) == CF_RSP_OK, 6);
        } else {
            expect(response == CF_RSP_LOCK_CONTENTION || response == CF_RSP_LOCK_RETAINED, response);
            __atomic_add_fetch(&shared->contended, 1, __ATOMIC_RELAXED);
        }
    }
}

static pid_t spawn(int number)
{
    pid_t pid = fork();
    if (pid == 0)
        worker(number);
    return pid;
}

START_TEST(killed_workers_exclude_each_other)
{
    pid_t pids[WORKERS];
    unsigned seed = 1, kills = 0;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < WORKERS; i++)
        pids[i] = spawn(i);
    uint64_t until = cf_clock_ns(CLOCK_MONOTONIC) + SECONDS * 1000000000ull;
    while (cf_clock_ns(CLOCK_MONOTONIC) < until) {
        usleep((unsigned)rand_r(&seed) % 20000);
        int victim = rand_r(&seed) % WORKERS, status;
        kill(pids[victim], SIGKILL);
        waitpid(pids[victim], &status, 0);
        ck_assert_msg(WIFSIGNALED(status), "worker %d ended by itself: %x", victim, status);
        cf_reap(cf);
        if (++kills % 16 == 0)
            ck_assert_int_eq(cf_check(inside, stderr), 0);
        pids[victim] = spawn(victim);
    }
    for (int i = 0; i < WORKERS; i++)
        child_kill(pids[i]);
    cf_reap(cf);
    ck_assert_int_eq(shared->broken, 0);
    ck_assert_uint_gt(shared->obtained, 1000);
    ck_assert_uint_gt(shared->contended, 10);
    printf("# %u kills, %lu locks obtained, %lu contended, %lu retained; %lu commands rolled back\n", kills, shared->obtained,
           shared->contended, shared->retained, structure()->stats.rollbacks);
    fflush(stdout);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, lock_table);
    tcase_add_test(tests, entries_are_apart);
    tcase_add_test(tests, peers_recover_before_they_respond);
    tcase_add_test(tests, kept_connection_that_is_deleted_retains_nothing);
    tcase_add_test(tests, disconnect_while_holding_is_a_failure);
    tcase_add_test(tests, record_data_is_written_with_the_lock_or_not_at_all);
    tcase_add_test(tests, record_data_of_a_failed_connection_is_read_by_its_peers);
    tcase_add_test(tests, no_room_for_record_data_no_lock);
    tcase_add_test(tests, interest_of_a_connection_can_be_listed);
    tcase_add_test(tests, each_of_many_operations_has_its_own_result);
    tcase_add_test(tests, as_many_operations_as_the_architecture_allows);
    tcase_add_test(tests, as_many_users_as_the_structure_was_made_for);
    tcase_add_test(tests, bad_operations_name_the_field);
    tcase_add_test(tests, commands_of_the_other_structure_type_are_refused);
    tcase_add_test(tests, bad_attributes_name_the_field);
    tcase_add_test(tests, random_operations_do_no_harm);
    tcase_add_test(tests, statistics_count_operations_and_contention);
}

int main(void)
{
    Suite *suite = suite_create("CF locks");
    suite_add_everywhere(suite, "locks", setup, teardown, add);
    TCase *tests = tcase_create("in process");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, check_finds_damage);
    tcase_add_test(tests, interest_of_a_dead_process_is_dealt_with_at_the_next_request);
    tcase_add_test(tests, killed_workers_exclude_each_other);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
