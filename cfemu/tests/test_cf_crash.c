/* Death at every step.
 *
 * Step by step: for each command a thread executes it and dies at its N-th store, for N = 1, 2, … until it gets
 * through; then the next taker recovers, and the structure must be what it was before or what it is after the command,
 * as a text that lists everything in it (without what may differ between two runs: tokens, the secret of the hash).
 * The same with a duplexed structure: both copies stay, or the CF of one of them fails before somebody recovers.
 * By chance: workers are killed again and again for some seconds; what they were told is done must be there. */
#include <pthread.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_locktable.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_crash.h"
#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_soak.h"

/* --- a segment as text ------------------------------------------------------------------------------------------------ */

static void entry_text(struct cf *cf, struct cf_structure *s, struct cf_entry *entry, FILE *to)
{
    uint8_t *data = malloc(entry->length + 1);
    uint64_t sum = 0;
    cf_elements_fetch(cf, s, entry->run, data, entry->length);
    for (uint32_t i = 0; i < entry->length; i++)
        sum = sum * 31 + data[i];
    fprintf(to, " %.16s/%lu v%lu data %u:%lx adjunct %02x\n", (const char *)entry->name, entry->sequence, entry->version,
            entry->length, sum, cf_adjunct(entry)[0]);
    free(data);
}

static void list_text(struct cf *cf, struct cf_structure *s, uint32_t index, FILE *to)
{
    const struct cf_list *list = cf_list_at(s, index);
    const struct cf_controls *controls = cf_controls_at(s, index);
    fprintf(to, "list %u, %u entries, %u elements, limit %u, cursor %u/%u, authority %.16s, key +%u ", index, list->count, list->elements,
            list->limit, list->cursor, list->to_head, (const char *)list->authority, list->key_increment);
    for (unsigned i = 0; s->type != CF_TYPE_LOCK && i < CF_NAME_SIZE; i++)
        fprintf(to, "%02x%02x", controls->key[i], controls->key_max[i]);
    if (s->type != CF_TYPE_LOCK)
        fprintf(to, " %.32s", (const char *)controls->description);
    fprintf(to, ", monitors");
    for (uint32_t n = list->monitors; n != 0; n = s->monitor[n].next)
        fprintf(to, " %u/%u", s->monitor[n].conid, s->monitor[n].bit);
    fputc('\n', to);
    for (uint32_t n = list->head; n != 0; n = cf_entry_at(cf, s, n)->next)
        entry_text(cf, s, cf_entry_at(cf, s, n), to);
}

static void connection_text(struct cf_structure *s, uint32_t conid, FILE *to)
{
    const struct cf_conn *conn = &s->conn[conid];
    fprintf(to, "connection %u %.16s state %u events %x failed %lx gone %lx vector %lx awaited %lx waits", conid,
            (const char *)conn->name, conn->state, conn->events, conn->failed[0], conn->gone[0], conn->vector[0], conn->awaited[0]);
    for (int i = 0; i < (int)CF_WAITS_MAX; i++)
        if (conn->wait[i].state != CF_WAIT_FREE)
            fprintf(to, " %u:%u", conn->wait[i].lock, conn->wait[i].state);
    fprintf(to, " event monitors (%u)", conn->emc_count);
    for (uint32_t n = conn->emcs; n != 0; n = cf_emc_at(s, n)->conn_next)
        fprintf(to, " %.16s/%u %.16s", (const char *)cf_emc_at(s, n)->key, cf_emc_at(s, n)->list, (const char *)cf_emc_at(s, n)->controls);
    fprintf(to, " queue (%u, %u, bit %u)", conn->eq_count, conn->eq_transitions, conn->eq_bit);
    for (uint32_t n = conn->eq_head; n != 0; n = cf_emc_at(s, n)->eq_next)
        fprintf(to, " %u", n);
    fputc('\n', to);
}

static char *segment_text(struct cf *cf)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    fprintf(to, "%u increments free\n", cf->header->increments_free);
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++) {
        if (slot->state != CF_SLOT_ACTIVE)
            continue;
        struct cf_structure *s = cf_control(cf, slot);
        fprintf(to, "%.16s: %u entries, %u elements\n", (const char *)slot->name, s->entries_used, s->elements_used);
        for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
            if (s->conn[i].state != CF_CONN_FREE)
                connection_text(s, i, to);
        for (uint32_t i = 0; i < s->listheaders; i++)
            list_text(cf, s, i, to);
        for (uint32_t i = 0; i < s->table_entries; i++) {
            struct cf_interest e;
            cf_interest_load(s, i, &e);
            fprintf(to, "table %u manager %u holders %lx\n", i, e.manager, e.holders[0]);
        }
        for (uint32_t i = 0; i < s->lockentries; i++) {
            fprintf(to, "lock %u owner %u waiters", i, cf_lock_at(s, i)->owner);
            for (uint32_t n = cf_lock_at(s, i)->first; n != 0; n = cf_wait_at(s, n)->next)
                fprintf(to, " %u", n / CF_WAITS_MAX);
            fputc('\n', to);
        }
    }
    fclose(to);
    return text;
}

/* --- the scene: two connections, names or keys, entries, monitors, locks with waiters ------------------------------------ */

static struct cf *cf;
static struct cf_user one, two;

static enum { SIMPLEX, DUPLEX, PRIMARY_FAILS, SECONDARY_FAILS, MODES } mode;

static void scene(uint8_t flags, uint8_t options)
{
    struct attributes attributes = {.lists = 5, .locks = 4, .size_kib = 768, .vector = 32, .entry_ratio = 1, .element_ratio = 1,
                                    .maxelemnum = 255, .flags = CF_CONN_ADJUNCT | flags, .options = options,
                                    .emcstgpct = flags & CF_CONN_KEYED ? 100 : 0};
    cf = mode == SIMPLEX ? segment_new(4 << 20) : pair_new(6 << 20);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &attributes, &one), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "STR1", "TWO", &attributes, &two), CF_RSP_OK);
    static const uint8_t gap[CF_LEID_SIZE] = {0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3};
    static const struct ask before[] = {
        {CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .name = "A", .options = CF_OPT_DATA, .length = 3000, .fill = 1},
        {CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .name = "B", .options = CF_OPT_DATA, .length = 300, .fill = 2},
        {CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .name = "GAP", .options = CF_OPT_DATA, .length = 700, .fill = 2},
        {CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .name = "D", .options = CF_OPT_ADJUNCT, .adjunct = 4},
        {CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .list = 1, .name = "C"},
        {CF_CMD_LIST_DELETE, CF_LOCATE_LEID, .leid = gap},
        {CF_CMD_LIST_MONITOR, .list = 1, .bit = 1},
        {CF_CMD_LIST_MONITOR, .list = 2, .bit = 2},
        {CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 0},
        {CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 2},
        {CF_CMD_LIST_WRITE_LCONTROLS, CF_LOCATE_TAIL, .set = LCONTROLS_SET_CURSOR, .options2 = CF_OPT2_TOHEAD},
    };
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        ck_assert_int_eq(ask(&one, before[i]), CF_RSP_OK);
    static const struct ask sublists[] = {
        {CF_CMD_LIST_MONITOR_EVENTQ, .bit = 9},
        {CF_CMD_LIST_MONITOR_SUBLIST, .list = 0, .name = "A"},
        {CF_CMD_LIST_MONITOR_SUBLIST, .list = 0, .name = "B"},
        {CF_CMD_LIST_MONITOR_SUBLIST, .list = 2, .name = "B"},
        {CF_CMD_LIST_MONITOR_SUBLIST, .list = 1, .name = "C"},
        {CF_CMD_LIST_MONITOR_SUBLIST, .list = 3, .name = "A"},
    };
    for (size_t i = 0; flags & CF_CONN_KEYED && i < sizeof sublists / sizeof sublists[0]; i++) {
        ck_assert_int_eq(ask(&two, sublists[i]), CF_RSP_OK);
        if (i < 4)
            ck_assert_int_eq(ask(&one, sublists[i]), CF_RSP_OK);
    }
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_MONITOR, .list = 2, .bit = 3}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 1}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND}), CF_RSP_LOCK_QUEUED);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND, .lock = 1}), CF_RSP_LOCK_QUEUED);
    if (mode != SIMPLEX)
        ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR1", 0), CF_RSP_OK);
}

/* --- the scene of a lock structure: exclusive, shared, managed entries and record data of three connections ----------------- */

static struct cf_user lock_one, lock_two, lock_three;
static uint8_t record[CF_LEID_SIZE];

static void lock_scene(void)
{
    struct attributes attributes = {.locks = 8, .size_kib = 512, .records = 1, .maxconn = 8, .flags = CF_CONN_CONDISP_KEEP};
    ck_assert_int_eq(connect_as(cf, "LOCK1", "ONE", &attributes, &lock_one), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "LOCK1", "TWO", &attributes, &lock_two), CF_RSP_OK);
    attributes.flags = 0;
    ck_assert_int_eq(connect_as(cf, "LOCK1", "THREE", &attributes, &lock_three), CF_RSP_OK);
    const struct { struct cf_user *user; struct lop lop; } before[] = {
        {&lock_one, {CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, CF_LOP_WRITE, .index = 0, .fill = 2}},
        {&lock_one, {CF_CMD_LOCK_OBTAIN, CF_STATE_SHR, CF_LOP_WRITE, .index = 1, .fill = 3}},
        {&lock_two, {CF_CMD_LOCK_OBTAIN, CF_STATE_SHR, .index = 1}},
        {&lock_one, {CF_CMD_LOCK_OBTAIN, CF_STATE_SHR, .index = 2}},
        {&lock_two, {CF_CMD_LOCK_OBTAIN, CF_STATE_SHR, .index = 2}},
        {&lock_three, {CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, CF_LOP_MANAGE, .index = 2}},
        {&lock_three, {CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, CF_LOP_WRITE, .index = 3, .fill = 4}},
        {&lock_one, {CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, CF_LOP_WRITE, .index = 4, .fill = 1}},
    };
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        ck_assert_int_eq(lop(before[i].user, before[i].lop), CF_RSP_OK);
    memcpy(record, mrb + MRB_ADJUNCT + LRES_ENTRYID, sizeof record);
    if (mode != SIMPLEX)
        ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "LOCK1", 0), CF_RSP_OK);
}

static int do_obtain(void)
{
    return lop(&lock_two, (struct lop){CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, CF_LOP_WRITE, .index = 7, .fill = 9});
}

static int do_alter(void)
{
    return lop(&lock_one, (struct lop){CF_CMD_LOCK_ALTER, CF_STATE_SHR, CF_LOP_WRITE, .index = 4, .entryid = record, .fill = 9});
}

static int do_manage(void)
{
    return lop(&lock_one, (struct lop){CF_CMD_LOCK_ALTER, CF_STATE_EXCL, CF_LOP_MANAGE, .index = 1});
}

static int do_release(void)
{
    return lop(&lock_one, (struct lop){CF_CMD_LOCK_RELEASE, 0, CF_LOP_DELETE, .index = 4, .entryid = record});
}

static int do_processmult(void)
{
    static const struct lop several[] = {
        {CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, CF_LOP_WRITE, .index = 5, .fill = 5},
        {CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, .index = 2},    /* contention */
        {CF_CMD_LOCK_ALTER, CF_STATE_EXCL, CF_LOP_MANAGE, .index = 1},
        {CF_CMD_LOCK_OBTAIN, CF_STATE_SHR, CF_LOP_WRITE, .index = 6, .fill = 6},
        {CF_CMD_LOCK_RELEASE, .index = 0},
    };
    uint8_t mcb[CF_MCB_SIZE], blocks[5 * LOP_SIZE];
    for (int i = 0; i < 5; i++)
        lop_block(blocks + i * (int)LOP_SIZE, &several[i]);
    cf_request(mcb, &lock_one, CF_CMD_LOCK_PROCESSMULT);
    put_be32(mcb + MCB_DATALEN, sizeof blocks);
    cf_message(cf, mcb, blocks, sizeof blocks, mrb, blocks, sizeof blocks);
    return get_be16(mrb);
}

static int do_rdata_delete(void)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, &lock_one, CF_CMD_RDATA_DELETE);
    put_be32(mcb + MCB_DATALEN, CF_LEID_SIZE);
    cf_message(cf, mcb, record, CF_LEID_SIZE, mrb, NULL, 0);
    return get_be16(mrb);
}

static int do_rdata_deletebyconn(void)
{
    return ask(&lock_one, (struct ask){CF_CMD_RDATA_DELETEBYCONN, .list = lock_one.conid});
}

static int do_fail(void)        /* kept: retained locks, record data */
{
    return ask(&lock_one, (struct ask){CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE});
}

static int do_end(void)         /* not kept: all goes, an orphan stays */
{
    return ask(&lock_three, (struct ask){CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE});
}

static int do_connect(void)
{
    struct attributes attributes = {.locks = 8, .size_kib = 512};
    struct cf_user four;
    return connect_as(cf, "LOCK2", "FOUR", &attributes, &four);
}

/* A view that has connections to both structures: an image that is fenced, or begins a new life. */
static struct cf *image;
static struct cf_user image_list, image_lock;

static void image_scene(uint8_t flags)
{
    struct attributes attributes = {.lists = 5, .maxelemnum = 255, .entry_ratio = 1, .flags = CF_CONN_ADJUNCT | flags};
    image = segment_open();
    ck_assert_int_eq(connect_as(image, "STR1", "IMAGE", &attributes, &image_list), CF_RSP_OK);
    ck_assert_int_eq(ask(&image_list, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 3}), CF_RSP_OK);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND, .lock = 3}), CF_RSP_LOCK_QUEUED);
    attributes = (struct attributes){.locks = 8, .size_kib = 512, .flags = flags & CF_CONN_CONDISP_KEEP};
    ck_assert_int_eq(connect_as(image, "LOCK1", "IMAGE", &attributes, &image_lock), CF_RSP_OK);
    ck_assert_int_eq(lop(&image_lock, (struct lop){CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, .index = 6}), CF_RSP_OK);
}

static int do_fence(void)
{
    return ask(&one, (struct ask){CF_CMD_FENCE, .own = {image_list.conid, image_list.conid << 16 | 1}});
}

static int do_reset(void)
{
    return ask(&(struct cf_user){.cf = image}, (struct ask){CF_CMD_RESET});
}

struct act {
    const char *what;
    uint8_t flags;
    struct ask ask;
    const char *connect;    /* structure to connect to instead */
    uint8_t options;        /* of the connections */
    int ended;              /* connections that have failed before: 1, 2, or the sum */
    const struct cf_user *as;       /* who asks, if not ONE */
    bool unlocked;          /* TWO has let go of its locks */
    int (*does)(void);      /* or something done in a lock structure */
    bool repeats;           /* several transactions, each all or nothing: done when it is repeated */
};

#define NAMED CF_CONN_NAMED
#define KEYED CF_CONN_KEYED
#define KEEP CF_CONN_CONDISP_KEEP
#define RESPONDS CF_CONN_OPT_RESPONDS

static const struct cf_user *const users[] = {&one, &two};

static const struct act acts[] = {
    {"read and lock", NAMED, {CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = "A", .lockoper = CF_LOCK_SET, .lock = 3}, NULL},
    {"new entry on a monitored list", NAMED, {CF_CMD_LIST_WRITE, CF_LOCATE_NAME, CF_ENTRY_NEW, .name = "N", .list = 2, .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .length = 1500, .adjunct = 7}, NULL},
    {"replace and unlock", NAMED, {CF_CMD_LIST_WRITE, CF_LOCATE_NAME, CF_ENTRY_OLD, .name = "A", .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .length = 13312, .fill = 9, .adjunct = 8, .versupdate = CF_VERSUPDATE_INC, .lockoper = CF_LOCK_RESET}, NULL},
    {"replace by nothing", NAMED, {CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "A", .options = CF_OPT_DATA}, NULL},
    {"new entry without a name at the head", 0, {CF_CMD_LIST_WRITE, CF_LOCATE_HEAD, CF_ENTRY_NEW}, NULL},
    {"delete between others", NAMED, {CF_CMD_LIST_DELETE, CF_LOCATE_NAME, .name = "B"}, NULL},
    {"delete the last of a monitored list", NAMED, {CF_CMD_LIST_DELETE, CF_LOCATE_HEAD, .list = 1}, NULL},
    {"new key between others", KEYED, {CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .name = "AB"}, NULL},
    {"same key before", KEYED, {CF_CMD_LIST_WRITE, CF_LOCATE_HEAD, CF_ENTRY_NEW, .name = "B"}, NULL},
    {"same key behind", KEYED, {CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .name = "B"}, NULL},
    {"delete a key", KEYED, {CF_CMD_LIST_DELETE, CF_LOCATE_KEY_HEAD, .name = "B"}, NULL},
    {"lock", NAMED, {CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 3}, NULL},
    {"unlock with a waiter", NAMED, {CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_RESET, .lock = 0}, NULL},
    {"unlock without", NAMED, {CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_RESET, .lock = 2}, NULL},
    {"start a monitor", NAMED, {CF_CMD_LIST_MONITOR, .list = 0, .bit = 5}, NULL},
    {"stop a monitor", NAMED, {CF_CMD_LIST_MONITOR, .list = 2, .options = CF_OPT_STOP}, NULL},
    {"read the vector", NAMED, {CF_CMD_VECTOR_READ, 0}, NULL},
    {"disconnect", NAMED, {CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE}, NULL},
    {"fail, with peers who respond", NAMED, {CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE}, NULL, RESPONDS},
    {"respond to the end of a peer", NAMED, {CF_CMD_RESPOND, .own = {1}}, NULL, RESPONDS, 1, &two},
    {"respond, and its locks are persistent", NAMED | KEEP, {CF_CMD_RESPOND, .own = {1}}, NULL, RESPONDS, 1, &two},
    {"respond with RELEASECONN", NAMED | KEEP, {CF_CMD_RESPOND, .options = CF_OPT_RELEASECONN, .own = {1}}, NULL, RESPONDS, 1, &two},
    {"fail while a response is owed", NAMED | KEEP, {CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE}, NULL, RESPONDS, 1, &two},
    {"force a connection", NAMED | KEEP, {CF_CMD_FORCE, .name = "STR1", .connection = "ONE"}, NULL, 0, 1},
    {"force a connection and the structure with it", NAMED | KEEP, {CF_CMD_FORCE, .name = "STR1", .connection = "ONE"}, NULL, RESPONDS, 3},
    {"force a structure", NAMED | KEEP, {CF_CMD_FORCE, .name = "STR1", .connection = ""}, NULL, RESPONDS, 3},
    {"delete a kept structure", NAMED | CF_CONN_STRDISP_KEEP, {CF_CMD_DISCONNECT, .options = CF_OPT_DELETESTR}, NULL, 0, 1, &two, true},
    {"read, replace the authority, move the cursor on", NAMED, {CF_CMD_LIST_READ, CF_LOCATE_CURSOR, .cursor = CF_CURSOR_NEXT, .authcomp = CF_AUTHCOMP_EQUAL, .options2 = CF_OPT2_AUTH_SET, .auth = "EPOCH 2"}},
    {"delete at the cursor", NAMED, {CF_CMD_LIST_DELETE, CF_LOCATE_CURSOR}},
    {"move by name to a monitored list", NAMED, {CF_CMD_LIST_MOVE, CF_LOCATE_NAME, .name = "B", .target = 2, .position = CF_LOCATE_HEAD, .versupdate = CF_VERSUPDATE_INC}},
    {"move between monitored lists, write and unlock", NAMED, {CF_CMD_LIST_MOVE, CF_LOCATE_HEAD, .list = 1, .target = 2, .position = CF_LOCATE_TAIL, .dataoper = CF_DATAOPER_WRITE, .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .length = 3000, .fill = 5, .adjunct = 6, .lockoper = CF_LOCK_RESET}},
    {"move and create", NAMED, {CF_CMD_LIST_MOVE, CF_LOCATE_NAME, .name = "N", .target = 2, .position = CF_LOCATE_TAIL, .dataoper = CF_DATAOPER_WRITE, .options = CF_OPT_DATA, .length = 300}},
    {"move from the middle to the tail", NAMED, {CF_CMD_LIST_MOVE, CF_LOCATE_NAME, .name = "B", .target = 0, .position = CF_LOCATE_TAIL}},
    {"move a monitored key", KEYED, {CF_CMD_LIST_MOVE, CF_LOCATE_KEY_HEAD, .name = "B", .target = 2, .position = CF_LOCATE_TAIL}},
    {"move to another key, monitored too", KEYED, {CF_CMD_LIST_MOVE, CF_LOCATE_KEY_HEAD, .name = "B", .target = 3, .position = CF_LOCATE_TAIL, .keytype = CF_KEYTYPE_TARGET, .targetkey = "A", .dataoper = CF_DATAOPER_WRITE, .options = CF_OPT_DATA, .length = 900}},
    {"move to a key of the same list", KEYED, {CF_CMD_LIST_MOVE, CF_LOCATE_KEY_HEAD, .name = "B", .position = CF_LOCATE_HEAD, .keytype = CF_KEYTYPE_TARGET, .targetkey = "A"}},
    {"new entry with the list's key", KEYED, {CF_CMD_LIST_WRITE, CF_LOCATE_HEAD, CF_ENTRY_NEW, .list = 3, .keytype = CF_KEYTYPE_LISTKEY, .cursor = CF_CURSOR_CURRENT}},
    {"delete a monitored key", KEYED, {CF_CMD_LIST_DELETE, CF_LOCATE_KEY_HEAD, .name = "A"}},
    {"delete a list", NAMED, {CF_CMD_LIST_DELETE_MULT, .options = CF_OPT_LISTCOMP}},
    {"delete everything, monitored", KEYED, {CF_CMD_LIST_DELETE_MULT, .lockoper = CF_LOCK_RESET}},
    {"delete by names", NAMED, {CF_CMD_LIST_DELETE_ENTRYLIST, .options2 = CF_OPT2_NAMES, .out = "C               X               A               ", .length = 48}},
    {"write list controls", KEYED, {CF_CMD_LIST_WRITE_LCONTROLS, CF_LOCATE_HEAD, .set = 0xFC, .adjunct = 'x', .own = {50, 3}, .options2 = CF_OPT2_AUTH_SET, .auth = "EPOCH 2"}},
    {"read a list and lock", NAMED, {CF_CMD_LIST_READ_LIST, .lockoper = CF_LOCK_SET, .lock = 3}},
    {"take a lock away", NAMED, {CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .options2 = CF_OPT2_LOCKCOMP, .lockcomp = 1}, NULL, 0, 0, &two},
    {"free a lock of another", NAMED, {CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_RESET, .lock = 1, .options2 = CF_OPT2_LOCKCOMP, .lockcomp = 2}},
    {"monitor a sublist that is filled", KEYED, {CF_CMD_LIST_MONITOR_SUBLIST, .list = 1, .name = "C"}},
    {"monitor sublists", KEYED, {CF_CMD_LIST_MONITOR_SUBLISTS, .out = "\0\0\0\1            C               control of C    \0\0\0\2            Z               control of Z    ", .length = 96}},
    {"stop to monitor a queued sublist", KEYED, {CF_CMD_LIST_MONITOR_SUBLIST, .name = "B", .options = CF_OPT_STOP}},
    {"monitor the event queue", KEYED, {CF_CMD_LIST_MONITOR_EVENTQ, .options = CF_OPT_STOP}},
    {"empty the event queue", KEYED, {CF_CMD_LIST_DEQ_EVENTQ}, NULL, 0, 0, &two},
    {"disconnect with event monitors", KEYED, {CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE}},
    {"connect", NAMED, {CF_CMD_CONNECT}, "STR1"},
    {"connect and allocate", NAMED, {CF_CMD_CONNECT}, "STR2"},
    {"obtain with record data", NAMED, {CF_CMD_LOCK_OBTAIN}, .does = do_obtain},
    {"alter with record data", NAMED, {CF_CMD_LOCK_ALTER}, .does = do_alter},
    {"manage beside others", NAMED, {CF_CMD_LOCK_ALTER}, .does = do_manage},
    {"release with record data", NAMED, {CF_CMD_LOCK_RELEASE}, .does = do_release},
    {"several lock operations", NAMED, {CF_CMD_LOCK_PROCESSMULT}, .does = do_processmult},
    {"delete record data", NAMED, {CF_CMD_RDATA_DELETE}, .does = do_rdata_delete},
    {"delete all record data", NAMED, {CF_CMD_RDATA_DELETEBYCONN}, .does = do_rdata_deletebyconn},
    {"failure of a holder that is kept", NAMED, {CF_CMD_DISCONNECT}, .does = do_fail},
    {"failure of a manager that is not", NAMED, {CF_CMD_DISCONNECT}, .does = do_end},
    {"connect and allocate a lock structure", NAMED, {CF_CMD_CONNECT}, .does = do_connect},
    {"read many and lock", NAMED, {CF_CMD_LIST_READ_MULT, .lockoper = CF_LOCK_SET, .lock = 3}},
    {"read list controls, lock, replace the authority", NAMED, {CF_CMD_LIST_READ_LCONTROLS, .lockoper = CF_LOCK_SET, .lock = 3, .options2 = CF_OPT2_AUTH_SET, .auth = "EPOCH 2"}},
    {"fence", NAMED | KEEP, {CF_CMD_FENCE}, .does = do_fence, .repeats = true},
    {"reset", NAMED, {CF_CMD_RESET}, .does = do_reset, .repeats = true},
};

static void perform(const struct act *act)
{
    struct attributes attributes = usual;
    struct cf_user three;
    attributes.size_kib = 768;
    attributes.vector = 0;
    if (act->does)
        ck_assert_int_eq(act->does(), CF_RSP_OK);
    else if (act->connect)
        ck_assert_int_eq(connect_as(cf, act->connect, "THREE", &attributes, &three), CF_RSP_OK);
    else
        ck_assert_int_eq(ask(act->as ? act->as : &one, act->ask), CF_RSP_OK);
}

/* The scene, and what happened before the act. */
static void prepare(const struct act *act)
{
    scene(act->flags, act->options);
    if (act->does)
        lock_scene();
    if (act->does == do_fence || act->does == do_reset)
        image_scene(act->flags);
    for (int i = 0; i < 2; i++)
        if (act->ended & 1 << i)
            ck_assert_int_eq(ask(users[i], (struct ask){CF_CMD_DISCONNECT, .options = CF_OPT_FAILURE}), CF_RSP_OK);
    for (uint32_t lock = 0; act->unlocked && lock < 2; lock++)
        ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_RESET, .lock = lock}), CF_RSP_OK);
}

static void views_close(void)
{
    if (image)
        cf_close(image);
    image = NULL;
    cf_close(cf);
}

static int steps_left;

static void die_in_time(void)
{
    if (--steps_left == 0)
        pthread_exit(NULL);
}

static void *lives(void *of)
{
    static char survived;
    const struct act *act = of;
    __lsan_disable();       /* what it has allocated dies with it, as far as the engine can tell */
    if (act)
        perform(act);
    else
        cf_check(cf, NULL);
    return &survived;
}

/* Run in a thread that dies at a step: to the kernel, who tells the next owner of a mutex, it ends like a process, and it is
 * made in a hundredth of the time. true: it died. Our view lives on, so nothing is cleaned up but what was left half done. */
static bool dies(int step, const struct act *act)
{
    pthread_t thread;
    void *survived;
    steps_left = step;
    cf_crash_hook = die_in_time;
    ck_assert_int_eq(pthread_create(&thread, NULL, lives, (void *)(uintptr_t)act), 0);
    ck_assert_int_eq(pthread_join(thread, &survived), 0);
    cf_crash_hook = NULL;
    return !survived;
}

/* Every step of a simplex structure. A duplexed one takes the same steps and those of its commit: every third, each command
 * beginning at another one; all of them with CF_CRASH_EVERY_STEP in the environment. */
static int stride_choose(void)
{
    if (mode == SIMPLEX || getenv("CF_CRASH_EVERY_STEP"))
        return 1;
    return mode == SECONDARY_FAILS ? 5 : 3;     /* whose end changes little */
}

/* What has several transactions is repeated after a death. true: nothing had been done. */
static bool begun_anew(const struct act *act, bool died, const char *before)
{
    if (!died || !act->repeats)
        return false;
    char *now = segment_text(cf);
    bool is_before = strcmp(now, before) == 0;
    free(now);
    perform(act);
    return is_before;
}

static void every_step(const struct act *act)
{
    prepare(act);
    char *before = segment_text(cf);
    perform(act);
    char *after = segment_text(cf);
    views_close();
    int stride = stride_choose(), was_before = 0, was_after = 0;
    int step = 1 + (int)(act - acts) % stride;
    for (bool died = true; died; step += stride) {
        prepare(act);
        died = dies(step, act);
        if (mode == PRIMARY_FAILS || mode == SECONDARY_FAILS)
            ck_assert_int_eq(cf_fail(mode == PRIMARY_FAILS ? segment_name : peer_name), 0);
        if (died)
            dies(1 + step % 3, NULL);       /* and the one who recovers dies, too */
        ck_assert_msg(cf_check(cf, stderr) == 0, "%s, step %d", act->what, step);
        was_before += begun_anew(act, died, before);
        char *now = segment_text(cf);
        bool is_before = strcmp(now, before) == 0, is_after = strcmp(now, after) == 0;
        ck_assert_msg(died || is_after, "%s: acknowledged, but not done", act->what);
        ck_assert_msg(cf->slots[0].state != CF_SLOT_ACTIVE || cf->slots[0].where == (mode == PRIMARY_FAILS), "%s, step %d", act->what, step);
        if (!is_before && !is_after)
            fprintf(stderr, "now:\n%s\nbefore:\n%s\nafter:\n%s", now, before, after);
        ck_assert_msg(is_before || is_after, "%s, step %d: neither before nor after", act->what, step);
        was_before += is_before;
        was_after += is_after;
        free(now);
        views_close();
    }
    ck_assert_msg(was_after > 0 && step > 2, "%s: %d before, %d after", act->what, was_before, was_after);
    free(before);
    free(after);
}

START_TEST(death_at_every_step)
{
    mode = (unsigned)_i % MODES;
    every_step(&acts[_i / MODES]);
}
END_TEST

START_TEST(every_command_that_changes_something_is_among_them)
{
    crash_complete(CRASH_COMMANDS, &acts[0].ask.command, sizeof acts / sizeof acts[0], sizeof acts[0]);
}
END_TEST

/* --- those that change nothing ------------------------------------------------------------------------------------------ */

static const struct reader {
    uint8_t flags;
    struct ask ask;
    struct cf_user *as;
} readers[] = {
    {NAMED, {CF_CMD_IDENTIFY}, &one},
    {NAMED, {CF_CMD_READ_STRUCTURE, .name = "LOCK1"}, &one},
    {KEYED, {CF_CMD_LIST_READ_EMCONTROLS, .list = 2, .name = "B"}, &two},
    {KEYED, {CF_CMD_LIST_READ_EQCONTROLS}, &two},
    {NAMED, {CF_CMD_LOCK_READBYCONN, .list = 1}, &lock_one},
    {NAMED, {CF_CMD_RDATA_READ, .leid = record}, &lock_one},
    {NAMED, {CF_CMD_RDATA_READALL}, &lock_one},
    {NAMED, {CF_CMD_RDATA_READBYCONN, .list = 1}, &lock_one},
};

static void nothing_is_recorded(void)
{
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++)
        ck_assert(slot->state != CF_SLOT_ACTIVE || cf_control(cf, slot)->undo.count == 0);
}

START_TEST(the_others_change_nothing)
{
    crash_complete(CRASH_CHANGES_NOTHING, &readers[0].ask.command, sizeof readers / sizeof readers[0], sizeof readers[0]);
    const struct reader *reader = &readers[_i / 2];
    mode = _i % 2 ? DUPLEX : SIMPLEX;
    scene(reader->flags, 0);
    lock_scene();
    char *before = segment_text(cf);
    cf_crash_hook = nothing_is_recorded;
    ck_assert_int_eq(ask(reader->as, reader->ask), CF_RSP_OK);
    cf_crash_hook = NULL;
    char *after = segment_text(cf);
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    cf_close(cf);
}
END_TEST

/* --- chance ------------------------------------------------------------------------------------------------------------- */

START_TEST(killed_workers_lose_nothing_acknowledged)
{
    struct soak soak = {.seconds = 3, .workers = 4, .seed = 1};
    soak_run(&soak);
    ck_assert_uint_eq(soak.findings, 0);
    ck_assert_uint_gt(soak.acknowledged, 100);
    ck_assert_uint_gt(soak.rollbacks, 0);
    ck_assert_uint_gt(soak.failures, 0);
    printf("# %lu kills, %lu updates acknowledged, %lu commands rolled back, %lu failures of a CF\n", soak.kills, soak.acknowledged,
           soak.rollbacks, soak.failures);
    fflush(stdout);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("CF crash");
    TCase *tests = tcase_create("crash");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, death_at_every_step, 0, sizeof acts / sizeof acts[0] * MODES);
    tcase_add_test(tests, every_command_that_changes_something_is_among_them);
    tcase_add_loop_test(tests, the_others_change_nothing, 0, sizeof readers / sizeof readers[0] * 2);
    tcase_add_test(tests, killed_workers_lose_nothing_acknowledged);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
