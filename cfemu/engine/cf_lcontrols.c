#include "cfemu/engine/cf_lcontrols.h"

#include <string.h>

#include "cfemu/engine/cf_condition.h"
#include "cfemu/engine/cf_entry.h"
#include "cfemu/engine/cf_undo.h"

void cf_lcontrols_init(struct cf_structure *s, uint32_t number)
{
    struct cf_list *list = cf_list_at(s, number);
    list->limit = s->increments_max *           /* the whole structure, however it grows */
                  (s->flags & CF_CONN_LIMIT_ELEMENTS ? s->elements_per_increment : s->entries_per_increment);
    list->key_increment = 1;
    if (s->type != CF_TYPE_LOCK)
        memset(cf_controls_at(s, number)->key_max, 0xFF, CF_NAME_SIZE);
}

/* --- the key counter ---------------------------------------------------------------------------------------------------- */

/* key + increment; false: it does not fit 128 bits. */
static bool key_add(uint8_t *sum, const uint8_t *key, uint32_t increment)
{
    uint64_t low = get_be64(key + 8) + increment;
    uint64_t high = get_be64(key) + (low < increment);
    put_be64(sum, high);
    put_be64(sum + 8, low);
    return high >= get_be64(key);
}

int cf_list_key(struct cf_structure *s, uint32_t number, uint8_t *key)
{
    const struct cf_controls *controls = cf_controls_at(s, number);
    uint8_t following[CF_NAME_SIZE];
    if (memcmp(controls->key, controls->key_max, CF_NAME_SIZE) > 0 ||
        !key_add(following, controls->key, cf_list_at(s, number)->key_increment))
        return CF_RSP_LISTKEY_MAX;
    memcpy(key, controls->key, CF_NAME_SIZE);
    return 0;
}

void cf_list_key_advance(struct cf_structure *s, uint32_t number)
{
    struct cf_controls *controls = cf_controls_at(s, number);
    uint8_t following[CF_NAME_SIZE];
    key_add(following, controls->key, cf_list_at(s, number)->key_increment);
    cf_set_bytes(s, controls->key, following, CF_NAME_SIZE);
}

/* --- READ_LCONTROLS, WRITE_LCONTROLS ------------------------------------------------------------------------------------ */

static uint32_t monitors_count(const struct cf_structure *s, const struct cf_list *list)
{
    uint32_t count = 0;
    for (uint32_t number = list->monitors; number != 0; number = s->monitor[number].next)
        count++;
    return count;
}

static void controls_report(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint32_t number = get_be32(call->mcb + MCB_LIST);
    const struct cf_list *list = cf_list_at(s, number);
    const struct cf_controls *controls = cf_controls_at(s, number);
    uint8_t *mrb = call->mrb, *own = mrb + MRB_OWN;
    put_be32(mrb + MRB_LIST, number);
    put_be32(mrb + MRB_LISTCOUNT, list->count);
    memcpy(mrb + MRB_ADJUNCT + LCONTROLS_DESCRIPTION, controls->description, sizeof controls->description);
    memcpy(mrb + MRB_ADJUNCT + LCONTROLS_KEY, controls->key, CF_NAME_SIZE);
    memcpy(mrb + MRB_ADJUNCT + LCONTROLS_KEYMAX, controls->key_max, CF_NAME_SIZE);
    put_be32(own + LCONTROLS_LIMIT, list->limit);
    put_be32(own + LCONTROLS_KEYINC, list->key_increment);
    own[LCONTROLS_TOHEAD] = list->to_head != 0;
    put_be32(own + LCONTROLS_MONITORS, monitors_count(s, list));
    memcpy(own + LCONTROLS_AUTHORITY, list->authority, CF_NAME_SIZE);
    if (list->cursor != 0)
        cf_leid_put(own + LCONTROLS_CURSOR, list->cursor, cf_entry_at(call->cf, s, list->cursor));
    put_be32(own + LCONTROLS_ELEMENTS, list->elements);
}

int cf_command_read_lcontrols(struct cf_call *call)
{
    static const struct cf_uses uses = {0};
    int result = cf_validate(call, &uses);
    if (result == 0)
        result = cf_begin(call);
    if (result != 0)
        return result;
    cf_end(call);
    controls_report(call);
    return 0;
}

static int write_validate(struct cf_call *call, uint8_t set)
{
    static const struct cf_uses uses = {.options2 = CF_OPT2_TOHEAD};
    static const struct cf_uses with_cursor = {.options2 = CF_OPT2_TOHEAD, .locate = true};
    bool locate = set & LCONTROLS_SET_CURSOR && call->mcb[MCB_LOCATE] != CF_LOCATE_NONE;
    int result = cf_validate(call, locate ? &with_cursor : &uses);
    if (result != 0)
        return result;
    uint8_t for_keys = LCONTROLS_SET_KEY | LCONTROLS_SET_KEYMAX | LCONTROLS_SET_KEYINC;
    if (set & 0x03 || (set & for_keys && !(call->s->flags & CF_CONN_KEYED)))
        return cf_bad(call, MCB_OWN + LCONTROLS_SET);
    return 0;
}

static int cursor_locate(struct cf_call *call, uint32_t *number)
{
    *number = 0;
    if (call->mcb[MCB_LOCATE] == CF_LOCATE_NONE)
        return 0;
    *number = cf_entry_locate(call);
    if (*number == 0)
        return CF_RSP_NO_ENTRY;
    const struct cf_entry *entry = cf_entry_at(call->cf, call->s, *number);
    return entry->list - 1 == get_be32(call->mcb + MCB_LIST) ? 0 : CF_RSP_LIST_MISMATCH;
}

int cf_command_write_lcontrols(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    const uint8_t *new = call->mcb + MCB_ADJUNCT, *own = call->mcb + MCB_OWN;
    uint8_t set = own[LCONTROLS_SET];
    uint32_t cursor = 0;
    int result = write_validate(call, set);
    if (result == 0)
        result = cf_begin(call);
    if (result == 0 && set & LCONTROLS_SET_CURSOR)
        result = cursor_locate(call, &cursor);
    if (result != 0)
        return result;

    struct cf_list *list = cf_list_at(s, get_be32(call->mcb + MCB_LIST));
    struct cf_controls *controls = cf_controls_at(s, get_be32(call->mcb + MCB_LIST));
    if (set & LCONTROLS_SET_LIMIT)
        cf_set32(s, &list->limit, get_be32(own + LCONTROLS_LIMIT));
    if (set & LCONTROLS_SET_DESCRIPTION)
        cf_set_bytes(s, controls->description, new + LCONTROLS_DESCRIPTION, sizeof controls->description);
    if (set & LCONTROLS_SET_KEY)
        cf_set_bytes(s, controls->key, new + LCONTROLS_KEY, CF_NAME_SIZE);
    if (set & LCONTROLS_SET_KEYMAX)
        cf_set_bytes(s, controls->key_max, new + LCONTROLS_KEYMAX, CF_NAME_SIZE);
    if (set & LCONTROLS_SET_KEYINC)
        cf_set32(s, &list->key_increment, get_be32(own + LCONTROLS_KEYINC));
    if (set & LCONTROLS_SET_CURSOR) {
        cf_set32(s, &list->cursor, cursor);
        cf_set32(s, &list->to_head, cf_option2(call, CF_OPT2_TOHEAD));
    }
    cf_end(call);
    controls_report(call);
    return 0;
}
