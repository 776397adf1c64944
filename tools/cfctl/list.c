/* list: headers and entries of a list structure. locks: lock entries of a serialized list that are held, and who waits; lock
 * table entries of a lock structure in which somebody has interest. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_locktable.h"
#include "tools/cfctl/view.h"

#define ROW 16              /* bytes in a line of data */

/* --- list ------------------------------------------------------------------------------------------------------------ */

static void bytes_text(const char *what, const uint8_t *bytes, uint32_t length)
{
    for (uint32_t at = 0; at < length; at += ROW) {
        uint32_t count = length - at < ROW ? length - at : ROW;
        printf("  %-7s +%04X  %-32s  *", at == 0 ? what : "", at, hex_text(bytes + at, count).text);
        for (uint32_t i = at; i < at + count; i++)
            putchar(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.');
        printf("*\n");
    }
}

static struct text leid_text(uint32_t number, const struct cf_entry *entry)
{
    struct text out;
    snprintf(out.text, sizeof out.text, "%08X%016" PRIX64, number, entry->sequence);
    return out;
}

/* The data of an entry, from a copy of the structure. */
static const uint8_t *data_of(const struct cf *view, struct cf_structure *s, const struct cf_entry *entry)
{
    static uint8_t data[CF_DATA_MAX];
    cf_elements_fetch(view, s, entry->run, data, entry->length);
    return data;
}

static void entry_text(const struct cf *view, struct cf_structure *s, uint32_t number, bool contents)
{
    struct cf_entry *entry = cf_entry_at(view, s, number);
    printf(" %s %-32s %20" PRIu64 " %6u %4u\n", leid_text(number, entry).text, name_text(entry->name, CF_NAME_SIZE).text, entry->version,
           entry->length, cf_elements_for(s, entry->length));
    if (!contents)
        return;
    if (s->flags & CF_CONN_ADJUNCT)
        bytes_text("ADJUNCT", cf_adjunct(entry), CF_ADJUNCT_SIZE);
    bytes_text("DATA", data_of(view, s, entry), entry->length);
}

static const char *limit_unit(const struct cf_structure *s)
{
    return s->flags & CF_CONN_LIMIT_ELEMENTS ? "ELEMENTS" : "ENTRIES";
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static void list_text(const struct cf *view, struct cf_structure *s, uint32_t index, bool contents)
{
    const struct cf_list *list = cf_list_at(s, index);
    printf("LIST %u: %u ENTRIES, %u ELEMENTS, LIMIT %u %s\n", index, list->count, list->elements, list->limit, limit_unit(s));
    if (!all_zero(list->authority, CF_NAME_SIZE))
        printf(" AUTHORITY: %s\n", name_text(list->authority, CF_NAME_SIZE).text);
    if (list->count > 0)
        printf(" %-24s %-32s %20s %6s %4s\n", "LEID", "NAME OR KEY", "VERSION", "BYTES", "ELEM");
    for (uint32_t number = list->head; number != 0; number = cf_entry_at(view, s, number)->next)
        entry_text(view, s, number, contents);
}

/* Bytes as text in hexadecimal, however many. */
static void json_bytes(cJSON *object, const char *key, const uint8_t *bytes, uint32_t length)
{
    char *text = malloc(2 * (size_t)length + 1);
    if (!text)
        return;
    text[0] = 0;
    for (uint32_t i = 0; i < length; i++)
        sprintf(text + 2 * (size_t)i, "%02X", bytes[i]);
    cJSON_AddStringToObject(object, key, text);
    free(text);
}

static cJSON *entry_json(const struct cf *view, struct cf_structure *s, uint32_t number)
{
    struct cf_entry *entry = cf_entry_at(view, s, number);
    cJSON *object = cJSON_CreateObject();
    struct text version;
    snprintf(version.text, sizeof version.text, "%" PRIu64, entry->version);
    json_text(object, "leid", leid_text(number, entry));
    json_text(object, "name", name_text(entry->name, CF_NAME_SIZE));
    json_text(object, "version", version);
    json_number(object, "length", entry->length);
    if (s->flags & CF_CONN_ADJUNCT)
        json_bytes(object, "adjunct", cf_adjunct(entry), CF_ADJUNCT_SIZE);
    json_bytes(object, "data", data_of(view, s, entry), entry->length);
    return object;
}

static cJSON *list_json(const struct cf *view, struct cf_structure *s, uint32_t index)
{
    const struct cf_list *list = cf_list_at(s, index);
    cJSON *object = cJSON_CreateObject();
    json_number(object, "list", index);
    json_number(object, "count", list->count);
    json_number(object, "elements", list->elements);
    json_number(object, "limit", list->limit);
    cJSON_AddStringToObject(object, "limitUnit", limit_unit(s));
    json_text(object, "authority", hex_text(list->authority, CF_NAME_SIZE));
    cJSON *entries = cJSON_AddArrayToObject(object, "entries");
    for (uint32_t number = list->head; number != 0; number = cf_entry_at(view, s, number)->next)
        cJSON_AddItemToArray(entries, entry_json(view, s, number));
    return object;
}

/* One list with the contents of its entries, or (index < 0) all that have entries, a line an entry. */
static int lists_show(const struct cf *view, struct cf_structure *s, long index, bool json)
{
    uint32_t first = index < 0 ? 0 : (uint32_t)index;
    uint32_t end = index < 0 ? s->listheaders : first + 1;
    cJSON *array = json ? cJSON_CreateArray() : NULL;
    for (uint32_t i = first; i < end; i++) {
        if (index < 0 && cf_list_at(s, i)->count == 0)
            continue;
        if (json)
            cJSON_AddItemToArray(array, list_json(view, s, i));
        else
            list_text(view, s, i, index >= 0);
    }
    return json ? json_print(array) : EXIT_OK;
}

static int list(struct cf *cf, const struct request *request)
{
    char *end = NULL;
    const char *number = request->count > 1 ? request->argument[1] : NULL;
    long index = number ? strtol(number, &end, 10) : -1;
    if (number && (*end || end == number || index < 0))
        return trouble("list", number, "expected a list number");
    struct cf_snapshot *snapshot = view_take(cf, request, request->argument[0], CF_SNAPSHOT_ALL);
    if (!snapshot)
        return EXIT_TROUBLE;
    const struct cf_slot *slot = view_structure(snapshot, "list", request->argument[0]);
    int result = EXIT_TROUBLE;
    if (slot) {
        struct cf_structure *s = cf_control(&snapshot->view, slot);
        result = index >= (long)s->listheaders || s->type == CF_TYPE_LOCK ? trouble("list", request->argument[0], "the structure has no such list") :
                                                 lists_show(&snapshot->view, s, index, request->json);
    }
    cf_snapshot_free(snapshot);
    return result;
}

/* --- locks ----------------------------------------------------------------------------------------------------------- */

static void lock_text(struct cf_structure *s, uint32_t index)
{
    const struct cf_lock *lock = cf_lock_at(s, index);
    printf("LOCK %-7u HELD BY %02X %s\n", index, lock->owner, name_text(s->conn[lock->owner].name, CF_NAME_SIZE).text);
    for (uint32_t number = lock->first; number != 0; number = cf_wait_at(s, number)->next)
        printf("             WAITER  %02X %s\n", number / CF_WAITS_MAX, name_text(s->conn[number / CF_WAITS_MAX].name, CF_NAME_SIZE).text);
}

static cJSON *lock_json(struct cf_structure *s, uint32_t index)
{
    const struct cf_lock *lock = cf_lock_at(s, index);
    cJSON *object = cJSON_CreateObject();
    json_number(object, "lock", index);
    json_number(object, "owner", lock->owner);
    json_text(object, "conname", name_text(s->conn[lock->owner].name, CF_NAME_SIZE));
    cJSON *waiters = cJSON_AddArrayToObject(object, "waiters");
    for (uint32_t number = lock->first; number != 0; number = cf_wait_at(s, number)->next)
        cJSON_AddItemToArray(waiters, cJSON_CreateNumber(number / CF_WAITS_MAX));
    return object;
}

/* An entry of a lock table: who has interest, and its manager. */
static void interest_text(const struct cf_structure *s, uint32_t index, const struct cf_interest *e)
{
    printf("LOCK TABLE ENTRY %u: ", index);
    if (e->manager == 0)
        printf("SHARED\n");
    else if (e->manager == CF_LOCK_ORPHAN)
        printf("MANAGER IS GONE\n");
    else
        printf("MANAGER %02X %s\n", e->manager, name_text(s->conn[e->manager].name, CF_NAME_SIZE).text);
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        if (cf_interest_of(e, i))
            printf("   INTEREST %02X %-16s %s\n", i, name_text(s->conn[i].name, CF_NAME_SIZE).text, cf_conn_state_name(s->conn[i].state));
}

static cJSON *interest_json(uint32_t index, const struct cf_interest *e)
{
    cJSON *object = cJSON_CreateObject();
    json_number(object, "entry", index);
    json_number(object, "manager", e->manager);
    cJSON *holders = cJSON_AddArrayToObject(object, "interest");
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        if (cf_interest_of(e, i))
            cJSON_AddItemToArray(holders, cJSON_CreateNumber(i));
    return object;
}

static void table_entry_show(struct cf_structure *s, uint32_t index, cJSON *array)
{
    struct cf_interest e;
    cf_interest_load(s, index, &e);
    if (e.manager == 0 && (e.holders[0] | e.holders[1] | e.holders[2] | e.holders[3]) == 0)
        return;
    if (array)
        cJSON_AddItemToArray(array, interest_json(index, &e));
    else
        interest_text(s, index, &e);
}

static void lock_show(struct cf_structure *s, uint32_t index, cJSON *array)
{
    if (cf_lock_at(s, index)->owner == 0)
        return;
    if (array)
        cJSON_AddItemToArray(array, lock_json(s, index));
    else
        lock_text(s, index);
}

static int locks_show(struct cf_structure *s, bool json)
{
    cJSON *array = json ? cJSON_CreateArray() : NULL;
    for (uint32_t i = 0; s->type == CF_TYPE_LIST && i < s->lockentries; i++)
        lock_show(s, i, array);
    for (uint32_t i = 0; s->type == CF_TYPE_LOCK && i < s->table_entries; i++)
        table_entry_show(s, i, array);
    return json ? json_print(array) : EXIT_OK;
}

static int locks(struct cf *cf, const struct request *request)
{
    struct cf_snapshot *snapshot = view_take(cf, request, request->argument[0], CF_SNAPSHOT_CONTROLS);
    if (!snapshot)
        return EXIT_TROUBLE;
    const struct cf_slot *slot = view_structure(snapshot, "locks", request->argument[0]);
    int result = slot ? locks_show(cf_control(&snapshot->view, slot), request->json) : EXIT_TROUBLE;
    cf_snapshot_free(snapshot);
    return result;
}

const struct command list_command = {
    "list", "NAME STRNAME [LIST]", "entries of all lists, or of one with their adjuncts and data", 1, 2, true, list};
const struct command locks_command = {"locks", "NAME STRNAME", "locks: held by whom, who waits; of a lock structure: interest and manager", 1, 1, true, locks};
