#include "cfemu/engine/cf_condition.h"

#include <string.h>

#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_entry.h"
#include "cfemu/engine/cf_lock.h"
#include "cfemu/engine/cf_undo.h"

static const uint8_t no_name[CF_NAME_SIZE];

/* --- validity -------------------------------------------------------------------------------------------------------- */

static bool by_key(uint8_t locate)
{
    return locate == CF_LOCATE_KEY_HEAD || locate == CF_LOCATE_KEY_TAIL;
}

int cf_locate_validate(struct cf_call *call)
{
    const struct cf_structure *s = call->s;
    const uint8_t *mcb = call->mcb;
    switch (mcb[MCB_LOCATE]) {
    case CF_LOCATE_HEAD:
    case CF_LOCATE_TAIL:
    case CF_LOCATE_LEID:
    case CF_LOCATE_CURSOR:
        break;
    case CF_LOCATE_NAME:
        if (!(s->flags & CF_CONN_NAMED))
            return cf_bad(call, MCB_LOCATE);
        if (memcmp(mcb + MCB_NAME, no_name, CF_NAME_SIZE) == 0)
            return cf_bad(call, MCB_NAME);
        break;
    case CF_LOCATE_KEY_HEAD:
    case CF_LOCATE_KEY_TAIL:
        if (!(s->flags & CF_CONN_KEYED))
            return cf_bad(call, MCB_LOCATE);
        break;
    default:
        return cf_bad(call, MCB_LOCATE);
    }
    if (mcb[MCB_OWN + LIST_KEYREQUEST] > (by_key(mcb[MCB_LOCATE]) ? CF_KEYREQUEST_GREATEROREQUAL : 0))
        return cf_bad(call, MCB_OWN + LIST_KEYREQUEST);
    /* Every request names a valid list, also if it finds the entry in another way: zero will do. */
    return get_be32(mcb + MCB_LIST) < s->listheaders ? 0 : cf_bad(call, MCB_LIST);
}

/* The fields behind MCB_OPTIONS, which few requests use. */
static int rare_validate(struct cf_call *call, const struct cf_uses *uses)
{
    const uint8_t *mcb = call->mcb;
    uint8_t options2 = uses->options2 | CF_OPT2_AUTH_SET | CF_OPT2_LOCKCOMP;
    if (mcb[MCB_OPTIONS2] & (uint8_t)~options2)
        return cf_bad(call, MCB_OPTIONS2);
    if (mcb[MCB_KEYCOMP] > (uses->compare && call->s->flags & CF_CONN_KEYED ? CF_KEYCOMP_LESSOREQUAL : 0))
        return cf_bad(call, MCB_KEYCOMP);
    if (mcb[MCB_AUTHCOMP] > CF_AUTHCOMP_LESSOREQUAL)
        return cf_bad(call, MCB_AUTHCOMP);
    return 0;
}

static int own_validate(struct cf_call *call, const struct cf_uses *uses)
{
    const uint8_t *own = call->mcb + MCB_OWN;
    if (own[LIST_KEYREQUEST] != CF_KEYREQUEST_EQUAL && !uses->locate)
        return cf_bad(call, MCB_OWN + LIST_KEYREQUEST);
    if (own[LIST_KEYTYPE] > uses->keytype || (own[LIST_KEYTYPE] != CF_KEYTYPE_ENTRY && !(call->s->flags & CF_CONN_KEYED)))
        return cf_bad(call, MCB_OWN + LIST_KEYTYPE);
    if (own[LIST_CURSOR] > uses->cursor)
        return cf_bad(call, MCB_OWN + LIST_CURSOR);
    if (own[LIST_DATAOPER] > uses->dataoper)
        return cf_bad(call, MCB_OWN + LIST_DATAOPER);
    return 0;
}

int cf_validate(struct cf_call *call, const struct cf_uses *uses)
{
    const uint8_t *mcb = call->mcb;
    int result = 0;
    if (mcb[MCB_OPTIONS] & (uint8_t)~uses->options)
        return cf_bad(call, MCB_OPTIONS);
    if (cf_option(call, CF_OPT_ADJUNCT) && !(call->s->flags & CF_CONN_ADJUNCT))
        return cf_bad(call, MCB_OPTIONS);
    if (mcb[MCB_VERSCOMP] > (uses->compare ? CF_VERSCOMP_LESSOREQUAL : 0))
        return cf_bad(call, MCB_VERSCOMP);
    if (uses->locate)
        result = cf_locate_validate(call);
    else if (mcb[MCB_LOCATE] != CF_LOCATE_NONE)
        result = cf_bad(call, MCB_LOCATE);
    else if (get_be32(mcb + MCB_LIST) >= call->s->listheaders)
        result = cf_bad(call, MCB_LIST);
    if (result == 0 && mcb[MCB_VERSUPDATE] > uses->versupdate)
        result = cf_bad(call, MCB_VERSUPDATE);
    if (result == 0 && mcb[MCB_ENTRYTYPE] > uses->entrytype)
        result = cf_bad(call, MCB_ENTRYTYPE);
    if (result == 0 && (mcb[MCB_OPTIONS2] | mcb[MCB_KEYCOMP] | mcb[MCB_AUTHCOMP]) != 0)
        result = rare_validate(call, uses);
    if (result == 0 && get_be32(mcb + MCB_OWN + LIST_KEYREQUEST) != 0)
        result = own_validate(call, uses);
    return result != 0 ? result : cf_lock_validate(call);
}

int cf_data_validate(struct cf_call *call)
{
    const struct cf_structure *s = call->s;
    uint32_t length = get_be32(call->mcb + MCB_DATALEN);
    uint32_t length_max = s->element_increment_count > 0 ? s->maxelemnum * s->element_size : 0;
    if (length > call->out_len || length > CF_DATA_MAX || length > length_max ||
        (length > 0 && !cf_option(call, CF_OPT_DATA)))
        return cf_bad(call, MCB_DATALEN);
    return 0;
}

/* --- conditions ------------------------------------------------------------------------------------------------------ */

static int authority_compare(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    const struct cf_list *list = cf_list_at(call->s, get_be32(mcb + MCB_LIST));
    int order = memcmp(list->authority, mcb + MCB_AUTH_COMP, CF_NAME_SIZE);
    if (order == 0 || (order < 0 && mcb[MCB_AUTHCOMP] == CF_AUTHCOMP_LESSOREQUAL))
        return 0;
    memcpy(call->mrb + MRB_OWN + ANSWER_AUTHORITY, list->authority, CF_NAME_SIZE);
    return CF_RSP_AUTHORITY_MISMATCH;
}

int cf_begin(struct cf_call *call)
{
    int result = call->mcb[MCB_AUTHCOMP] != CF_AUTHCOMP_NONE ? authority_compare(call) : 0;
    return result != 0 ? result : cf_lock_before(call);
}

void cf_end(struct cf_call *call)
{
    if (cf_option2(call, CF_OPT2_AUTH_SET)) {
        struct cf_list *list = cf_list_at(call->s, get_be32(call->mcb + MCB_LIST));
        cf_set_bytes(call->s, list->authority, call->mcb + MCB_AUTH, CF_NAME_SIZE);
    }
    cf_lock_after(call);
}

void cf_pause(struct cf_call *call)
{
    if (call->mcb[MCB_LOCKOPER] == CF_LOCK_SET)
        cf_lock_after(call);
}

static int key_compare(const struct cf_call *call, const struct cf_entry *entry)
{
    int order = memcmp(entry->name, call->mcb + MCB_OWN + LIST_KEYCOMPARE, CF_NAME_SIZE);
    bool holds = order == 0 || (order < 0 && call->mcb[MCB_KEYCOMP] == CF_KEYCOMP_LESSOREQUAL);
    return holds ? 0 : CF_RSP_KEY_MISMATCH;
}

int cf_compare(struct cf_call *call, const struct cf_entry *entry)
{
    const uint8_t *mcb = call->mcb;
    uint64_t comparand = get_be64(mcb + MCB_VERSION_COMP);
    if (cf_option(call, CF_OPT_LISTCOMP) && entry->list - 1 != get_be32(mcb + MCB_LIST))
        return CF_RSP_LIST_MISMATCH;
    if (mcb[MCB_VERSCOMP] == CF_VERSCOMP_EQUAL && entry->version != comparand)
        return CF_RSP_VERSION_MISMATCH;
    if (mcb[MCB_VERSCOMP] == CF_VERSCOMP_LESSOREQUAL && entry->version > comparand)
        return CF_RSP_VERSION_MISMATCH;
    return mcb[MCB_KEYCOMP] != CF_KEYCOMP_NONE ? key_compare(call, entry) : 0;
}

int cf_room(struct cf_structure *s, const struct cf_need *need)
{
    const struct cf_list *list = cf_list_at(s, need->list);
    if (s->flags & CF_CONN_LIMIT_ELEMENTS) {
        if (need->list_elements > need->list_elements_now &&
            (uint64_t)list->elements - need->list_elements_now + need->list_elements > list->limit)
            return CF_RSP_LIST_FULL;
    } else if (need->list_entries > 0 && list->count >= list->limit) {
        return CF_RSP_LIST_FULL;
    }
    if (s->entries_used + need->entries > s->entries_total ||
        s->elements_used - need->elements_now + need->elements > s->elements_total)
        return CF_RSP_STRUCTURE_FULL;
    return 0;
}

/* --- what is given and changed --------------------------------------------------------------------------------------- */

void cf_report(struct cf_call *call, uint32_t number, const struct cf_entry *entry)
{
    uint8_t *mrb = call->mrb;
    put_be32(mrb + MRB_LIST, entry->list - 1);
    put_be64(mrb + MRB_VERSION, entry->version);
    put_be32(mrb + MRB_LISTCOUNT, cf_list_at(call->s, entry->list - 1)->count);
    cf_leid_put(mrb + MRB_LEID, number, entry);
    put_be32(mrb + MRB_ELEMENTS, cf_elements_for(call->s, entry->length));
    memcpy(mrb + MRB_NAME, entry->name, CF_NAME_SIZE);
}

int cf_fetch(struct cf_call *call, struct cf_entry *entry)
{
    if (cf_option(call, CF_OPT_DATA)) {
        put_be32(call->mrb + MRB_DATALEN, entry->length);
        if (entry->length > call->in_cap)
            return CF_RSP_BUFFER_FULL;
        cf_elements_fetch(call->cf, call->s, entry->run, call->in, entry->length);
    }
    if (cf_option(call, CF_OPT_ADJUNCT))
        memcpy(call->mrb + MRB_ADJUNCT, cf_adjunct(entry), CF_ADJUNCT_SIZE);
    return 0;
}

void cf_data_replace(struct cf_call *call, struct cf_entry *entry)
{
    struct cf_structure *s = call->s;
    struct cf_list *list = cf_list_at(s, entry->list - 1);
    uint32_t length = get_be32(call->mcb + MCB_DATALEN);
    uint32_t old_run = entry->run;
    uint32_t before = cf_elements_for(s, entry->length), after = cf_elements_for(s, length);
    uint32_t run = cf_elements_store(call->cf, s, call->out, length);
    cf_set32(s, &entry->run, run);
    cf_set32(s, &entry->length, length);
    cf_elements_free(call->cf, s, old_run);
    if (before != after) {
        cf_set32(s, &s->elements_used, s->elements_used - before + after);
        cf_set32(s, &list->elements, list->elements - before + after);
    }
}

void cf_version_update(struct cf_call *call, struct cf_entry *entry)
{
    switch (call->mcb[MCB_VERSUPDATE]) {
    case CF_VERSUPDATE_SET:
        cf_set64(call->s, &entry->version, get_be64(call->mcb + MCB_VERSION));
        break;
    case CF_VERSUPDATE_INC:
        cf_set64(call->s, &entry->version, entry->version + 1);
        break;
    case CF_VERSUPDATE_DEC:
        cf_set64(call->s, &entry->version, entry->version - 1);
        break;
    default:
        break;
    }
}

void cf_cursor_update(struct cf_call *call, uint32_t number, const struct cf_entry *entry)
{
    struct cf_structure *s = call->s;
    struct cf_list *list = cf_list_at(s, entry->list - 1);
    uint8_t update = call->mcb[MCB_OWN + LIST_CURSOR];
    bool to_head = cf_option2(call, CF_OPT2_TOHEAD);
    if (update == CF_CURSOR_KEEP || (update == CF_CURSOR_NEXTCOND && list->cursor != number) ||
        (update == CF_CURSOR_CURRENTCOND && list->cursor != 0))
        return;
    bool next = update == CF_CURSOR_NEXT || update == CF_CURSOR_NEXTCOND;
    uint32_t neighbour = to_head ? entry->prev : entry->next;
    cf_set32(s, &list->cursor, next ? neighbour : number);
    cf_set32(s, &list->to_head, to_head);
}
