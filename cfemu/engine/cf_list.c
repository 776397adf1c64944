#include "cfemu/engine/cf_list.h"

#include <string.h>

#include "cfemu/engine/cf_condition.h"
#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_entry.h"
#include "cfemu/engine/cf_lcontrols.h"
#include "cfemu/engine/cf_undo.h"

static const uint8_t no_name[CF_NAME_SIZE];

/* --- READ and DELETE ------------------------------------------------------------------------------------------------ */

/* Lock, find, compare, fetch: what READ and DELETE do alike. */
static int retrieve(struct cf_call *call, uint32_t *number)
{
    static const struct cf_uses uses = {
        .options = CF_OPT_DATA | CF_OPT_ADJUNCT | CF_OPT_LISTCOMP,
        .options2 = CF_OPT2_TOHEAD,
        .locate = true,
        .compare = true,
        .cursor = CF_CURSOR_CURRENTCOND,
    };
    int result = cf_validate(call, &uses);
    if (result == 0)
        result = cf_begin(call);
    if (result != 0)
        return result;
    *number = cf_entry_locate(call);
    if (*number == 0)
        return CF_RSP_NO_ENTRY;
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, *number);
    cf_report(call, *number, entry);
    result = cf_compare(call, entry);
    if (result == 0)
        result = cf_fetch(call, entry);
    if (result == 0)
        cf_cursor_update(call, *number, entry);
    return result;
}

int cf_command_read(struct cf_call *call)
{
    uint32_t number;
    int result = retrieve(call, &number);
    if (result == 0)
        cf_end(call);
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
    cf_end(call);
    return 0;
}

/* --- WRITE ---------------------------------------------------------------------------------------------------------- */

/* Can the request create an entry? LEIDs are given by the facility, and a cursor is at an entry that exists. */
static bool creates(const uint8_t *mcb)
{
    return mcb[MCB_LOCATE] != CF_LOCATE_LEID && mcb[MCB_LOCATE] != CF_LOCATE_CURSOR;
}

static int write_validate(struct cf_call *call)
{
    static const struct cf_uses uses = {
        .options = CF_OPT_DATA | CF_OPT_ADJUNCT | CF_OPT_LISTCOMP,
        .options2 = CF_OPT2_TOHEAD,
        .locate = true,
        .compare = true,
        .versupdate = CF_VERSUPDATE_DEC,
        .entrytype = CF_ENTRY_OLD,
        .cursor = CF_CURSOR_CURRENTCOND,
        .keytype = CF_KEYTYPE_LISTKEY,
    };
    const uint8_t *mcb = call->mcb;
    int result = cf_validate(call, &uses);
    if (result != 0)
        return result;
    if (mcb[MCB_ENTRYTYPE] == CF_ENTRY_NEW && !creates(mcb))
        return cf_bad(call, MCB_ENTRYTYPE);
    if (mcb[MCB_ENTRYTYPE] != CF_ENTRY_OLD && creates(mcb) && mcb[MCB_OWN + LIST_KEYREQUEST] != CF_KEYREQUEST_EQUAL)
        return cf_bad(call, MCB_OWN + LIST_KEYREQUEST);
    return cf_data_validate(call);
}

bool cf_name_taken(struct cf_call *call)
{
    const uint8_t *name = call->mcb + MCB_NAME;
    return call->s->flags & CF_CONN_NAMED && memcmp(name, no_name, CF_NAME_SIZE) != 0 &&
           cf_entry_named(call->cf, call->s, name) != 0;
}

/* Which entry is written? *number = 0: a new one. */
static int write_locate(struct cf_call *call, uint32_t *number)
{
    const uint8_t *mcb = call->mcb;
    bool by_name = mcb[MCB_LOCATE] == CF_LOCATE_NAME;
    bool is_new = mcb[MCB_ENTRYTYPE] == CF_ENTRY_NEW;
    *number = is_new && !by_name ? 0 : cf_entry_locate(call);
    if (*number == 0) {
        if (mcb[MCB_ENTRYTYPE] == CF_ENTRY_OLD || !creates(mcb))
            return CF_RSP_NO_ENTRY;
        return !by_name && cf_name_taken(call) ? CF_RSP_ENTRY_EXISTS : 0;
    }
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, *number);
    cf_report(call, *number, entry);
    return is_new ? CF_RSP_ENTRY_EXISTS : cf_compare(call, entry);
}

/* Room for the data on the list that has the entry, or for a new entry. */
static int room(struct cf_call *call, uint32_t number)
{
    struct cf_structure *s = call->s;
    struct cf_need need = {.list = get_be32(call->mcb + MCB_LIST), .list_entries = 1, .entries = 1};
    bool data = cf_option(call, CF_OPT_DATA);
    if (number != 0) {
        if (!data)
            return 0;
        const struct cf_entry *entry = cf_entry_at(call->cf, s, number);
        need = (struct cf_need){.list = entry->list - 1, .elements_now = cf_elements_for(s, entry->length)};
    }
    need.elements = data ? cf_elements_for(s, get_be32(call->mcb + MCB_DATALEN)) : 0;
    need.list_elements = need.elements;
    need.list_elements_now = need.elements_now;
    return cf_room(s, &need);
}

static bool placed_at_head(const uint8_t *mcb)
{
    return mcb[MCB_LOCATE] == CF_LOCATE_HEAD || mcb[MCB_LOCATE] == CF_LOCATE_KEY_HEAD;
}

/* The name or key of a new entry. 0 or LISTKEY_MAX. */
static int new_name(struct cf_call *call, uint32_t number, uint8_t *name)
{
    memcpy(name, call->mcb + MCB_NAME, CF_NAME_SIZE);
    if (number != 0 || call->mcb[MCB_OWN + LIST_KEYTYPE] != CF_KEYTYPE_LISTKEY)
        return 0;
    return cf_list_key(call->s, get_be32(call->mcb + MCB_LIST), name);
}

int cf_command_write(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    uint32_t number, list = get_be32(mcb + MCB_LIST);
    uint8_t name[CF_NAME_SIZE];
    int result = write_validate(call);
    if (result == 0)
        result = cf_begin(call);
    if (result == 0)
        result = write_locate(call, &number);
    if (result == 0)
        result = room(call, number);
    if (result == 0)
        result = new_name(call, number, name);
    if (result != 0)
        return result;

    if (number == 0) {
        number = cf_entry_create(call, list, name, placed_at_head(mcb));
        if (mcb[MCB_OWN + LIST_KEYTYPE] == CF_KEYTYPE_LISTKEY)
            cf_list_key_advance(call->s, list);
    }
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, number);
    if (cf_option(call, CF_OPT_DATA))
        cf_data_replace(call, entry);
    if (cf_option(call, CF_OPT_ADJUNCT))
        cf_set_bytes(call->s, cf_adjunct(entry), mcb + MCB_ADJUNCT, CF_ADJUNCT_SIZE);
    cf_version_update(call, entry);
    cf_cursor_update(call, number, entry);
    cf_report(call, number, entry);
    cf_end(call);
    return 0;
}
