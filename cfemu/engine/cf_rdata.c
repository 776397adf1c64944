#include "cfemu/engine/cf_rdata.h"

#include <string.h>

#include "cfemu/engine/cf_entry.h"
#include "cfemu/engine/cf_undo.h"

static const uint8_t no_name[CF_NAME_SIZE];
static const uint8_t no_entryid[CF_LEID_SIZE];

/* The entry with this id; 0 = none. */
static uint32_t find(struct cf_call *call, const uint8_t *entryid)
{
    uint32_t number = get_be32(entryid);
    if (number == 0 || number > call->s->entries_fresh)
        return 0;
    const struct cf_entry *entry = cf_entry_at(call->cf, call->s, number);
    return entry->list != 0 && entry->sequence == get_be64(entryid + 4) ? number : 0;
}

static uint32_t owner(struct cf_call *call, uint32_t number)
{
    return cf_entry_at(call->cf, call->s, number)->list - 1;
}

/* --- together with a lock operation ------------------------------------------------------------------------------------ */

static uint64_t tag(const uint8_t *block)
{
    return (uint64_t)get_be32(block + LOP_INDEX) << 8 | block[LOP_RDATATYPE];
}

static int create(struct cf_call *call, const uint8_t *block, uint32_t conid, uint32_t *number)
{
    if (call->s->entries_used >= call->s->entries_total)
        return CF_RSP_STRUCTURE_FULL;
    *number = cf_entry_create(call, conid, no_name, false);
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, *number);
    entry->version = tag(block);        /* plain stores: undone, the entry is free and its contents mean nothing */
    memcpy(cf_adjunct(entry), block + LOP_RDATA, CF_ADJUNCT_SIZE);
    return 0;
}

int cf_rdata_with(struct cf_call *call, const uint8_t *block, uint32_t conid, uint8_t *result)
{
    struct cf_structure *s = call->s;
    uint32_t number = 0;
    if (!(block[LOP_OPTIONS] & CF_LOP_WRITE) || memcmp(block + LOP_ENTRYID, no_entryid, CF_LEID_SIZE) != 0) {
        number = find(call, block + LOP_ENTRYID);
        if (number == 0 || owner(call, number) != conid)
            return CF_RSP_NO_ENTRY;
    }
    if (block[LOP_OPTIONS] & CF_LOP_DELETE) {
        cf_entry_delete(call, number);
        return 0;
    }
    if (number == 0) {
        int response = create(call, block, conid, &number);
        if (response != 0)
            return response;
    } else {
        struct cf_entry *entry = cf_entry_at(call->cf, s, number);
        cf_set64(s, &entry->version, tag(block));
        cf_set_bytes(s, cf_adjunct(entry), block + LOP_RDATA, CF_ADJUNCT_SIZE);
    }
    cf_leid_put(result + LRES_ENTRYID, number, cf_entry_at(call->cf, s, number));
    return 0;
}

/* --- reading ----------------------------------------------------------------------------------------------------------- */

static void fetch(struct cf_call *call, uint32_t number, uint32_t place)
{
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, number);
    uint8_t *block = call->in + place * RDATA_SIZE;
    memset(block, 0, RDATA_SIZE);
    cf_leid_put(block + RDATA_ENTRYID, number, entry);
    block[RDATA_TYPE] = (uint8_t)entry->version;
    put_be32(block + RDATA_CONID, entry->list - 1);
    put_be32(block + RDATA_INDEX, (uint32_t)(entry->version >> 8));
    memcpy(block + RDATA_DATA, cf_adjunct(entry), CF_ADJUNCT_SIZE);
    put_be32(call->mrb + MRB_DATALEN, (place + 1) * RDATA_SIZE);
    put_be32(call->mrb + MRB_LISTCOUNT, place + 1);
}

static uint32_t room(const struct cf_call *call)
{
    return (call->in_cap < CF_DATA_MAX ? call->in_cap : CF_DATA_MAX) / RDATA_SIZE;
}

int cf_command_rdata_read(struct cf_call *call)
{
    uint32_t number = find(call, call->mcb + MCB_LEID);
    if (number == 0)
        return CF_RSP_NO_ENTRY;
    if (room(call) == 0)
        return CF_RSP_BUFFER_FULL;
    fetch(call, number, 0);
    return 0;
}

/* In the order of entry numbers; the restart token is the next one. */
int cf_command_rdata_readall(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    uint32_t found = 0, seen = 0;
    if (room(call) == 0)
        return CF_RSP_BUFFER_FULL;
    uint64_t number = restart == 0 ? 1 : restart;
    for (; number <= s->entries_fresh && seen < CF_SCAN_MAX && found < room(call); number++, seen++)
        if (cf_entry_at(call->cf, s, (uint32_t)number)->list != 0)
            fetch(call, (uint32_t)number, found++);
    if (number > s->entries_fresh)
        return 0;
    put_be64(call->mrb + MRB_RESTART, number);
    return CF_RSP_TIMEOUT;
}

/* In the order of the list; the restart token is the next entry's number and the low half of its sequence. */
int cf_command_rdata_readbyconn(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint32_t conid = get_be32(call->mcb + MCB_LIST), found = 0;
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    if (conid < 1 || conid > CF_CONNECTIONS_MAX)
        return cf_bad(call, MCB_LIST);
    if (room(call) == 0)
        return CF_RSP_BUFFER_FULL;
    uint32_t number = cf_list_at(s, conid)->head;
    if (restart != 0) {
        number = (uint32_t)(restart >> 32);
        if (number == 0 || number > s->entries_fresh)
            return cf_bad(call, MCB_RESTART);
        const struct cf_entry *entry = cf_entry_at(call->cf, s, number);
        if (entry->list != conid + 1 || (uint32_t)entry->sequence != (uint32_t)restart)
            return CF_RSP_NO_ENTRY;     /* deleted meanwhile: begin again */
    }
    for (; number != 0 && found < room(call); number = cf_entry_at(call->cf, s, number)->next)
        fetch(call, number, found++);
    if (number == 0)
        return 0;
    put_be64(call->mrb + MRB_RESTART, (uint64_t)number << 32 | (uint32_t)cf_entry_at(call->cf, s, number)->sequence);
    return CF_RSP_TIMEOUT;
}

/* --- deleting ---------------------------------------------------------------------------------------------------------- */

static bool may_delete(const struct cf_call *call, uint32_t conid)
{
    return conid == call->conid || call->s->conn[conid].state != CF_CONN_ACTIVE;
}

int cf_command_rdata_delete(struct cf_call *call)
{
    uint32_t length = get_be32(call->mcb + MCB_DATALEN), found = 0;
    if (length == 0 || length % CF_LEID_SIZE != 0 || length > CF_LOPS_MAX * CF_LEID_SIZE || length > call->out_len)
        return cf_bad(call, MCB_DATALEN);
    for (uint32_t at = 0; at < length; at += CF_LEID_SIZE) {
        uint32_t number = find(call, call->out + at);
        if (number != 0 && !may_delete(call, owner(call, number)))
            return CF_RSP_NOT_FAILED;
    }
    for (uint32_t at = 0; at < length; at += CF_LEID_SIZE) {
        uint32_t number = find(call, call->out + at);
        if (number == 0 || !may_delete(call, owner(call, number)))
            continue;
        cf_entry_delete(call, number);
        found++;
    }
    put_be32(call->mrb + MRB_LISTCOUNT, found);
    return 0;
}

int cf_command_rdata_deletebyconn(struct cf_call *call)
{
    uint32_t conid = get_be32(call->mcb + MCB_LIST), found = 0;
    if (conid < 1 || conid > CF_CONNECTIONS_MAX)
        return cf_bad(call, MCB_LIST);
    if (!may_delete(call, conid))
        return CF_RSP_NOT_FAILED;
    const struct cf_list *list = cf_list_at(call->s, conid);
    for (; list->head != 0 && found < CF_LOPS_MAX; found++)
        cf_entry_delete(call, list->head);
    put_be32(call->mrb + MRB_LISTCOUNT, found);
    if (list->head == 0)
        return 0;
    put_be64(call->mrb + MRB_RESTART, list->head);
    return CF_RSP_TIMEOUT;
}

/* --- the end of a connection --------------------------------------------------------------------------------------------- */

bool cf_rdata_any(struct cf_structure *s, uint32_t conid)
{
    return cf_list_at(s, conid)->count > 0;
}

void cf_rdata_end(struct cf *cf, struct cf_structure *s, uint32_t conid)
{
    struct cf_call call = {.cf = cf, .s = s};
    const struct cf_list *list = cf_list_at(s, conid);
    while (list->head != 0) {
        cf_entry_delete(&call, list->head);
        cf_commit(s);
    }
}
