#include "cfemu/engine/cf_list_move.h"

#include <string.h>

#include "cfemu/engine/cf_condition.h"
#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_entry.h"
#include "cfemu/engine/cf_lcontrols.h"
#include "cfemu/engine/cf_list.h"
#include "cfemu/engine/cf_undo.h"

static bool writes(const struct cf_call *call)
{
    return call->mcb[MCB_OWN + LIST_DATAOPER] == CF_DATAOPER_WRITE;
}

static int move_validate(struct cf_call *call)
{
    static const struct cf_uses uses = {
        .options = CF_OPT_DATA | CF_OPT_ADJUNCT | CF_OPT_LISTCOMP,
        .options2 = CF_OPT2_TOHEAD,
        .locate = true,
        .compare = true,
        .versupdate = CF_VERSUPDATE_DEC,
        .entrytype = CF_ENTRY_OLD,
        .cursor = CF_CURSOR_CURRENTCOND,
        .keytype = CF_KEYTYPE_TARGET,
        .dataoper = CF_DATAOPER_WRITE,
    };
    const uint8_t *mcb = call->mcb;
    int result = cf_validate(call, &uses);
    if (result != 0)
        return result;
    if (mcb[MCB_ENTRYTYPE] == CF_ENTRY_NEW)
        return cf_bad(call, MCB_ENTRYTYPE);
    if (mcb[MCB_OWN + LIST_POSITION] != CF_LOCATE_HEAD && mcb[MCB_OWN + LIST_POSITION] != CF_LOCATE_TAIL)
        return cf_bad(call, MCB_OWN + LIST_POSITION);
    if (get_be32(mcb + MCB_TARGET_LIST) >= call->s->listheaders)
        return cf_bad(call, MCB_TARGET_LIST);
    if (mcb[MCB_OWN + LIST_DATAOPER] == CF_DATAOPER_NONE && mcb[MCB_OPTIONS] & (CF_OPT_DATA | CF_OPT_ADJUNCT))
        return cf_bad(call, MCB_OPTIONS);
    return writes(call) ? cf_data_validate(call) : 0;
}

/* The entry to move; *number = 0: a new one. */
static int move_locate(struct cf_call *call, uint32_t *number)
{
    const uint8_t *mcb = call->mcb;
    *number = cf_entry_locate(call);
    if (*number != 0) {
        const struct cf_entry *entry = cf_entry_at(call->cf, call->s, *number);
        cf_report(call, *number, entry);
        return cf_compare(call, entry);
    }
    if (!writes(call) || mcb[MCB_ENTRYTYPE] == CF_ENTRY_OLD || mcb[MCB_LOCATE] == CF_LOCATE_LEID ||
        mcb[MCB_LOCATE] == CF_LOCATE_CURSOR || mcb[MCB_OWN + LIST_KEYREQUEST] != CF_KEYREQUEST_EQUAL)
        return CF_RSP_NO_ENTRY;
    return mcb[MCB_LOCATE] != CF_LOCATE_NAME && cf_name_taken(call) ? CF_RSP_ENTRY_EXISTS : 0;
}

static int room(struct cf_call *call, uint32_t number, uint32_t target)
{
    struct cf_structure *s = call->s;
    struct cf_need need = {.list = target, .list_entries = 1, .entries = number == 0};
    if (number != 0) {
        const struct cf_entry *entry = cf_entry_at(call->cf, s, number);
        need.elements_now = cf_elements_for(s, entry->length);
        if (entry->list - 1 == target) {
            need.list_entries = 0;
            need.list_elements_now = need.elements_now;
        }
    }
    bool data = writes(call) && cf_option(call, CF_OPT_DATA);
    need.elements = data ? cf_elements_for(s, get_be32(call->mcb + MCB_DATALEN)) : need.elements_now;
    need.list_elements = need.elements;
    return cf_room(s, &need);
}

/* The name or key of the entry on the target list. 0 or LISTKEY_MAX. */
static int name_choose(struct cf_call *call, uint32_t number, uint32_t target, uint8_t *name)
{
    const uint8_t *mcb = call->mcb;
    switch (mcb[MCB_OWN + LIST_KEYTYPE]) {
    case CF_KEYTYPE_LISTKEY:
        return cf_list_key(call->s, target, name);
    case CF_KEYTYPE_TARGET:
        memcpy(name, mcb + MCB_OWN + LIST_TARGETKEY, CF_NAME_SIZE);
        return 0;
    default:
        memcpy(name, number != 0 ? cf_entry_at(call->cf, call->s, number)->name : mcb + MCB_NAME, CF_NAME_SIZE);
        return 0;
    }
}

int cf_command_move(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    uint32_t number, target = get_be32(mcb + MCB_TARGET_LIST);
    uint8_t name[CF_NAME_SIZE];
    int result = move_validate(call);
    if (result == 0)
        result = cf_begin(call);
    if (result == 0)
        result = move_locate(call, &number);
    if (result == 0)
        result = room(call, number, target);
    if (result == 0)
        result = name_choose(call, number, target, name);
    if (result == 0 && mcb[MCB_OWN + LIST_DATAOPER] == CF_DATAOPER_READ)
        result = cf_fetch(call, cf_entry_at(call->cf, call->s, number));
    if (result != 0)
        return result;

    bool at_head = mcb[MCB_OWN + LIST_POSITION] == CF_LOCATE_HEAD;
    if (number != 0) {
        cf_cursor_update(call, number, cf_entry_at(call->cf, call->s, number));
        cf_entry_move(call, number, target, name, at_head);
    } else {
        number = cf_entry_create(call, target, name, at_head);
    }
    if (mcb[MCB_OWN + LIST_KEYTYPE] == CF_KEYTYPE_LISTKEY)
        cf_list_key_advance(call->s, target);
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, number);
    if (writes(call) && cf_option(call, CF_OPT_DATA))
        cf_data_replace(call, entry);
    if (writes(call) && cf_option(call, CF_OPT_ADJUNCT))
        cf_set_bytes(call->s, cf_adjunct(entry), mcb + MCB_ADJUNCT, CF_ADJUNCT_SIZE);
    cf_version_update(call, entry);
    cf_report(call, number, entry);
    cf_end(call);
    return 0;
}
