#include "cfemu/engine/cf_list.h"

#include <string.h>

#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_entry.h"
#include "cfemu/engine/cf_lock.h"
#include "cfemu/engine/cf_undo.h"

static const uint8_t no_name[CF_NAME_SIZE];

static bool option(const struct cf_call *call, uint8_t bit)
{
    return call->mcb[MCB_OPTIONS] & bit;
}

/* --- what all three have in common ---------------------------------------------------------------------------------- */

static int locate_validate(struct cf_call *call)
{
    const struct cf_structure *s = call->s;
    switch (call->mcb[MCB_LOCATE]) {
    case CF_LOCATE_HEAD:
    case CF_LOCATE_TAIL:
    case CF_LOCATE_LEID:
        break;
    case CF_LOCATE_NAME:
        if (!(s->flags & CF_CONN_NAMED))
            return cf_bad(call, MCB_LOCATE);
        if (memcmp(call->mcb + MCB_NAME, no_name, CF_NAME_SIZE) == 0)
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
    /* Every request names a valid list, also if it finds the entry in another way: zero will do. */
    return get_be32(call->mcb + MCB_LIST) < s->listheaders ? 0 : cf_bad(call, MCB_LIST);
}

static int validate(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    if (mcb[MCB_OPTIONS] & (uint8_t)~(CF_OPT_DATA | CF_OPT_ADJUNCT | CF_OPT_LISTCOMP))
        return cf_bad(call, MCB_OPTIONS);
    if (option(call, CF_OPT_ADJUNCT) && !(call->s->flags & CF_CONN_ADJUNCT))
        return cf_bad(call, MCB_OPTIONS);
    if (mcb[MCB_VERSCOMP] > CF_VERSCOMP_LESSOREQUAL)
        return cf_bad(call, MCB_VERSCOMP);
    int result = locate_validate(call);
    return result != 0 ? result : cf_lock_validate(call);
}

static int compare(struct cf_call *call, const struct cf_entry *entry)
{
    uint64_t comparand = get_be64(call->mcb + MCB_VERSION_COMP);
    if (option(call, CF_OPT_LISTCOMP) && entry->list - 1 != get_be32(call->mcb + MCB_LIST))
        return CF_RSP_LIST_MISMATCH;
    switch (call->mcb[MCB_VERSCOMP]) {
    case CF_VERSCOMP_EQUAL:
        return entry->version == comparand ? 0 : CF_RSP_VERSION_MISMATCH;
    case CF_VERSCOMP_LESSOREQUAL:
        return entry->version <= comparand ? 0 : CF_RSP_VERSION_MISMATCH;
    default:
        return 0;
    }
}

/* Report the entry; a version mismatch reports it too, so that the caller can go on from what is there. */
static void report(struct cf_call *call, uint32_t number, const struct cf_entry *entry)
{
    uint8_t *mrb = call->mrb;
    put_be32(mrb + MRB_LIST, entry->list - 1);
    put_be64(mrb + MRB_VERSION, entry->version);
    put_be32(mrb + MRB_LISTCOUNT, cf_list_at(call->s, entry->list - 1)->count);
    cf_leid_put(mrb + MRB_LEID, number, entry);
    put_be32(mrb + MRB_ELEMENTS, cf_elements_for(call->s, entry->length));
    memcpy(mrb + MRB_NAME, entry->name, CF_NAME_SIZE);
}

/* Give the entry's data and adjunct to the caller, as asked. */
static int fetch(struct cf_call *call, struct cf_entry *entry)
{
    if (option(call, CF_OPT_DATA)) {
        put_be32(call->mrb + MRB_DATALEN, entry->length);
        if (entry->length > call->in_cap)
            return CF_RSP_BUFFER_FULL;
        cf_elements_fetch(call->cf, call->s, entry->run, call->in, entry->length);
    }
    if (option(call, CF_OPT_ADJUNCT))
        memcpy(call->mrb + MRB_ADJUNCT, cf_adjunct(entry), CF_ADJUNCT_SIZE);
    return 0;
}

/* Lock, find, compare, fetch: what READ and DELETE do alike. */
static int retrieve(struct cf_call *call, uint32_t *number)
{
    int result = validate(call);
    if (result == 0 && call->mcb[MCB_VERSUPDATE] != CF_VERSUPDATE_NONE)
        result = cf_bad(call, MCB_VERSUPDATE);
    if (result == 0 && call->mcb[MCB_ENTRYTYPE] != CF_ENTRY_ANY)
        result = cf_bad(call, MCB_ENTRYTYPE);
    if (result == 0)
        result = cf_lock_before(call);
    if (result != 0)
        return result;
    *number = cf_entry_locate(call);
    if (*number == 0)
        return CF_RSP_NO_ENTRY;
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, *number);
    report(call, *number, entry);
    result = compare(call, entry);
    return result != 0 ? result : fetch(call, entry);
}

/* --- READ and DELETE ------------------------------------------------------------------------------------------------ */

int cf_command_read(struct cf_call *call)
{
    uint32_t number;
    int result = retrieve(call, &number);
    if (result == 0)
        cf_lock_after(call);
    return result;
}

int cf_command_delete(struct cf_call *call)
{
    uint32_t number;
    int result = retrieve(call, &number);
    if (result != 0)
        return result;
    const struct cf_list *list = cf_list_at(call->s, cf_entry_at(call->cf, call->s, number)->list - 1);
    cf_entry_delete(call, number);
    put_be32(call->mrb + MRB_LISTCOUNT, list->count);
    cf_lock_after(call);
    return 0;
}

/* --- WRITE ---------------------------------------------------------------------------------------------------------- */

static int write_validate(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    const struct cf_structure *s = call->s;
    int result = validate(call);
    if (result != 0)
        return result;
    if (mcb[MCB_VERSUPDATE] > CF_VERSUPDATE_DEC)
        return cf_bad(call, MCB_VERSUPDATE);
    if (mcb[MCB_ENTRYTYPE] > CF_ENTRY_OLD)
        return cf_bad(call, MCB_ENTRYTYPE);
    if (mcb[MCB_ENTRYTYPE] == CF_ENTRY_NEW && mcb[MCB_LOCATE] == CF_LOCATE_LEID)
        return cf_bad(call, MCB_ENTRYTYPE);     /* LEIDs are given by the facility */
    uint32_t length = get_be32(mcb + MCB_DATALEN);
    uint32_t length_max = s->element_increment_count > 0 ? s->maxelemnum * s->element_size : 0;
    if (length > call->out_len || length > CF_DATA_MAX || length > length_max || (length > 0 && !option(call, CF_OPT_DATA)))
        return cf_bad(call, MCB_DATALEN);
    return 0;
}

/* Which entry is written? *number = 0: a new one. */
static int write_locate(struct cf_call *call, uint32_t *number)
{
    const uint8_t *mcb = call->mcb;
    bool by_name = mcb[MCB_LOCATE] == CF_LOCATE_NAME;
    bool is_new = mcb[MCB_ENTRYTYPE] == CF_ENTRY_NEW;
    *number = is_new && !by_name ? 0 : cf_entry_locate(call);
    if (*number == 0) {
        if (mcb[MCB_ENTRYTYPE] == CF_ENTRY_OLD || mcb[MCB_LOCATE] == CF_LOCATE_LEID)
            return CF_RSP_NO_ENTRY;
        if (!by_name && call->s->flags & CF_CONN_NAMED && memcmp(mcb + MCB_NAME, no_name, CF_NAME_SIZE) != 0 &&
            cf_entry_named(call->cf, call->s, mcb + MCB_NAME) != 0)
            return CF_RSP_ENTRY_EXISTS;
        return 0;
    }
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, *number);
    report(call, *number, entry);
    return is_new ? CF_RSP_ENTRY_EXISTS : compare(call, entry);
}

static int room(const struct cf_call *call, uint32_t number)
{
    struct cf_structure *s = call->s;
    const struct cf_list *list = cf_list_at(s, get_be32(call->mcb + MCB_LIST));
    if (number == 0 && list->count >= list->limit)
        return CF_RSP_LIST_FULL;
    if (number == 0 && s->entries_used >= s->entries_total)
        return CF_RSP_STRUCTURE_FULL;
    if (!option(call, CF_OPT_DATA))
        return 0;
    uint32_t old = number != 0 ? cf_elements_for(s, cf_entry_at(call->cf, s, number)->length) : 0;
    uint32_t wanted = cf_elements_for(s, get_be32(call->mcb + MCB_DATALEN));
    return s->elements_used - old + wanted <= s->elements_total ? 0 : CF_RSP_STRUCTURE_FULL;
}

static void data_replace(struct cf_call *call, struct cf_entry *entry)
{
    struct cf_structure *s = call->s;
    uint32_t length = get_be32(call->mcb + MCB_DATALEN);
    uint32_t old_run = entry->run;
    uint32_t used = s->elements_used - cf_elements_for(s, entry->length) + cf_elements_for(s, length);
    uint32_t run = cf_elements_store(call->cf, s, call->out, length);
    cf_set32(s, &entry->run, run);
    cf_set32(s, &entry->length, length);
    cf_elements_free(call->cf, s, old_run);
    if (used != s->elements_used)
        cf_set32(s, &s->elements_used, used);
}

static void version_update(struct cf_call *call, struct cf_entry *entry)
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

static bool placed_at_head(const uint8_t *mcb)
{
    return mcb[MCB_LOCATE] == CF_LOCATE_HEAD || mcb[MCB_LOCATE] == CF_LOCATE_KEY_HEAD;
}

int cf_command_write(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    uint32_t number;
    int result = write_validate(call);
    if (result == 0)
        result = cf_lock_before(call);
    if (result == 0)
        result = write_locate(call, &number);
    if (result == 0)
        result = room(call, number);
    if (result != 0)
        return result;

    if (number == 0)
        number = cf_entry_create(call, get_be32(mcb + MCB_LIST), mcb + MCB_NAME, placed_at_head(mcb));
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, number);
    if (option(call, CF_OPT_DATA))
        data_replace(call, entry);
    if (option(call, CF_OPT_ADJUNCT))
        cf_set_bytes(call->s, cf_adjunct(entry), mcb + MCB_ADJUNCT, CF_ADJUNCT_SIZE);
    version_update(call, entry);
    report(call, number, entry);
    cf_lock_after(call);
    return 0;
}
