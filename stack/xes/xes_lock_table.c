/* See xes_lock.h, and xes_lock_private.h for what is where. What is known of entries and resources; messages out; commands of the facility. */
#include "stack/xes/xes_lock_private.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"

/* --- sets of connections ------------------------------------------------------------------------------------------ */

bool xl_set_has(const uint64_t set[4], uint32_t conid)
{
    return set[conid / 64] >> (63 - conid % 64) & 1;
}

void xl_set_put(uint64_t set[4], uint32_t conid, bool on)
{
    uint64_t bit = 1ull << (63 - conid % 64);

    set[conid / 64] = on ? set[conid / 64] | bit : set[conid / 64] & ~bit;
}

bool xl_set_any(const uint64_t set[4])
{
    return (set[0] | set[1] | set[2] | set[3]) != 0;
}

void xl_set_read(uint64_t set[4], const uint8_t *from)
{
    for (unsigned i = 0; i < 4; i++)
        set[i] = get_be64(from + 8 * i);
}

/* --- views and records -------------------------------------------------------------------------------------------- */

uint32_t xl_self(const struct xes_lock *l)
{
    return l->connection->conid;
}

uint32_t xl_hash_of(const struct xes_lock_request *r)
{
    uint64_t hash = 0xCBF29CE484222325u;        /* FNV-1a, and a last mixing: the same on every image */

    if (r->hashed)
        return r->hash;
    for (unsigned i = 0; i < r->name_length; i++)
        hash = (hash ^ r->name[i]) * 0x100000001B3u;
    return (uint32_t)((hash ^ hash >> 29) * 0x9E3779B97F4A7C15u >> 32);
}

view *xl_view_find(struct xes_lock *l, uint32_t index)
{
    for (uint16_t i = l->buckets[index % XES_LOCK_VIEWS_MAX]; i; i = l->views[i].next)
        if (l->views[i].index == index)
            return &l->views[i];
    return NULL;
}

view *xl_view_get(struct xes_lock *l, uint32_t index)
{
    view *v = xl_view_find(l, index);
    uint16_t *bucket = &l->buckets[index % XES_LOCK_VIEWS_MAX];

    for (uint16_t i = 1; !v && i <= XES_LOCK_VIEWS_MAX; i++) {
        if (l->views[i].used)
            continue;
        v = &l->views[i];
        *v = (view){ .used = true, .index = index, .next = *bucket };
        *bucket = i;
    }
    return v;
}

void xl_view_put(struct xes_lock *l, view *v)
{
    uint16_t *link = &l->buckets[v->index % XES_LOCK_VIEWS_MAX];

    if (!v->used || v->first || v->interest || v->manager == xl_self(l))
        return;
    while (&l->views[*link] != v)
        link = &l->views[*link].next;
    *link = v->next;
    v->used = false;
}

view *xl_view_of(struct xes_lock *l, const record *r)
{
    return &l->views[r->view];
}

record *xl_first(struct xes_lock *l, const view *v)
{
    return v->first ? &l->records[v->first] : NULL;
}

record *xl_next(struct xes_lock *l, const record *r)
{
    return r->next ? &l->records[r->next] : NULL;
}

bool xl_same_name(const record *r, const uint8_t *name, uint8_t length)
{
    return r->name_length == length && memcmp(r->name, name, length) == 0;
}

record *xl_record_find(struct xes_lock *l, const view *v, uint32_t owner, const uint8_t *name, uint8_t length)
{
    for (record *r = xl_first(l, v); r; r = xl_next(l, r))
        if (r->owner == owner && xl_same_name(r, name, length))
            return r;
    return NULL;
}

record *xl_record_new(struct xes_lock *l, view *v, uint32_t owner, const uint8_t *name, uint8_t length)
{
    for (uint16_t i = 1; i <= XES_LOCK_RECORDS_MAX; i++) {
        record *r = &l->records[i];

        if (r->used)
            continue;
        memset(r, 0, sizeof *r);
        r->used = true;
        r->owner = (uint8_t)owner;
        r->view = (uint16_t)(v - l->views);
        r->name_length = length;
        memcpy(r->name, name, length);
        if (v->last)
            l->records[v->last].next = i;
        else
            v->first = i;
        v->last = i;
        return r;
    }
    return NULL;
}

void xl_record_free(struct xes_lock *l, record *r)
{
    view *v = xl_view_of(l, r);
    uint16_t number = (uint16_t)(r - l->records), before = 0;

    for (uint16_t i = v->first; i != number; i = l->records[i].next)
        before = i;
    if (before)
        l->records[before].next = r->next;
    else
        v->first = r->next;
    if (v->last == number)
        v->last = before;
    r->used = false;
}

bool xl_own_any(struct xes_lock *l, const view *v)
{
    for (record *r = xl_first(l, v); r; r = xl_next(l, r))
        if (r->owner == xl_self(l) && (r->held || r->wanted))
            return true;
    return false;
}

/* --- messages out ------------------------------------------------------------------------------------------------- */

void xl_flush(struct xes_lock *l)
{
    while (l->out_count) {
        const struct xes_lock_outbound *o = &l->out[l->out_first];

        if (l->ops->send(l->context, o->conid, o->message, sizeof o->message) > 0)
            return;
        l->out_first = (l->out_first + 1) % XES_LOCK_QUEUE_MAX;
        l->out_count--;
    }
}

void xl_post(struct xes_lock *l, uint32_t conid, enum lm_type type, const view *v, const record *r, uint8_t state,
                 uint8_t flags, uint32_t sequence, uint32_t reason)
{
    if (l->out_count == XES_LOCK_QUEUE_MAX)
        xl_flush(l);
    if (l->out_count == XES_LOCK_QUEUE_MAX) {
        l->connection->lost = true;     /* no signalling: the others will see us fail */
        return;
    }
    struct xes_lock_outbound *o = &l->out[(l->out_first + l->out_count++) % XES_LOCK_QUEUE_MAX];
    uint8_t *m = o->message;

    memset(o, 0, sizeof *o);
    o->conid = conid;
    m[LM_TYPE] = (uint8_t)type;
    m[LM_STATE] = state;
    m[LM_FLAGS] = flags;
    put_be32(m + LM_ENTRY, v->index);
    put_be32(m + LM_REASON, reason);
    put_be32(m + LM_SEQUENCE, sequence);
    if (r) {
        m[LM_NAMELEN] = r->name_length;
        memcpy(m + LM_NAME, r->name, r->name_length);
    }
}

void xl_tell(struct xes_lock *l, uint32_t conid, enum lm_type type, const view *v)
{
    xl_post(l, conid, type, v, NULL, 0, 0, 0, 0);
}

/* --- the facility ------------------------------------------------------------------------------------------------- */

void xl_block_build(uint8_t *block, const view *v, uint8_t state, uint8_t options, uint32_t manager, const record *r)
{
    memset(block, 0, LOP_SIZE);
    block[LOP_STATE] = state;
    block[LOP_OPTIONS] = options;
    put_be32(block + LOP_INDEX, v->index);
    put_be32(block + LOP_MANAGER, manager);
    if (!r || !r->rdata_pending)
        return;
    block[LOP_OPTIONS] |= CF_LOP_WRITE;
    block[LOP_RDATATYPE] = r->rdatatype;
    memcpy(block + LOP_RDATA, r->rdata, CF_ADJUNCT_SIZE);
    memcpy(block + LOP_ENTRYID, r->entryid, CF_LEID_SIZE);
}

void xl_record_written(record *r, const uint8_t *result)
{
    if (!r->rdata_pending)
        return;
    r->rdata_pending = false;
    r->rdata_written = true;
    memcpy(r->entryid, result + LRES_ENTRYID, CF_LEID_SIZE);
}

uint16_t xl_command(struct xes_lock *l, uint16_t code, const uint8_t *block, uint8_t result[LRES_SIZE])
{
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];

    put_be16(mcb + MCB_COMMAND, code);
    memcpy(mcb + MCB_ADJUNCT, block, LOP_SIZE);
    if (!xes_send(l->connection, mcb, NULL, 0, mrb, NULL, 0))
        return XL_LOST;
    memcpy(result, mrb + MRB_ADJUNCT, LRES_SIZE);
    return get_be16(mrb + MRB_RESPONSE);
}

uint16_t xl_operate(struct xes_lock *l, uint16_t code, const view *v, uint8_t state, uint8_t options, uint32_t manager,
                        record *r, uint8_t result[LRES_SIZE])
{
    uint8_t block[LOP_SIZE];

    xl_block_build(block, v, state, options, manager, r);
    uint16_t response = xl_command(l, code, block, result);
    if (response == CF_RSP_OK && r)
        xl_record_written(r, result);
    return response;
}

uint32_t xl_interest_release(struct xes_lock *l, view *v, uint8_t options)
{
    uint8_t block[LOP_SIZE], result[LRES_SIZE];

    xl_block_build(block, v, 0, options, 0, NULL);
    if (l->deleting) {
        block[LOP_OPTIONS] |= CF_LOP_DELETE;
        memcpy(block + LOP_ENTRYID, l->delete_id, CF_LEID_SIZE);
        l->deleting = false;
    }
    v->interest = false;
    return xl_command(l, CF_CMD_LOCK_RELEASE, block, result) == CF_RSP_OK ? get_be32(result + LRES_MANAGER) : 0;
}

void xl_rdata_delete(struct xes_lock *l)
{
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];

    if (!l->deleting)
        return;
    l->deleting = false;
    put_be16(mcb + MCB_COMMAND, CF_CMD_RDATA_DELETE);
    put_be32(mcb + MCB_DATALEN, CF_LEID_SIZE);
    (void)xes_send(l->connection, mcb, l->delete_id, CF_LEID_SIZE, mrb, NULL, 0);
}

void xl_rdata_delete_later(struct xes_lock *l, record *r)
{
    if (!r->rdata_written)
        return;
    r->rdata_written = false;
    l->deleting = true;
    memcpy(l->delete_id, r->entryid, CF_LEID_SIZE);
}

/* --- the end of requests ------------------------------------------------------------------------------------------ */

void xl_finish(struct xes_lock *l, record *r, uint32_t reason)
{
    r->wanted = 0;
    r->done = true;
    r->reason = reason;
    r->rdata_pending = false;
    if (reason == IXLRSNCODEOK)
        return;
    l->denied++;
    if (!r->held) {
        xl_rdata_delete_later(l, r);
        xl_rdata_delete(l);
    }
}

uint32_t xl_reason_of(uint16_t response)
{
    switch (response) {
    case XL_LOST:
        return IXLRSNCODENOCONN;
    case CF_RSP_STRUCTURE_FULL:
        return IXLRSNCODESTRFULL;
    case CF_RSP_BUSY:
        return IXLRSNCODESTRTEMPUNAVAIL;
    case CF_RSP_BAD_REQUEST:
        return IXLRSNCODEBADPARMLIST;
    case CF_RSP_NO_CONNECTION:
    case CF_RSP_NO_STRUCTURE:
        return IXLRSNCODEBADCONTOKEN;
    default:
        return IXLRSNCODESTRFAILURE;
    }
}

int xl_rc_of(uint32_t reason)
{
    if (reason == IXLRSNCODEOK)
        return IXLRETCODEOK;
    if (reason == IXLRSNCODEASYNCH)
        return IXLRETCODEWARNING;
    if (reason == IXLRSNCODEBADPARMLIST || reason == IXLRSNCODEBADCONTOKEN || reason == IXLRSNCODERESOURCENOTFOUND ||
        reason == IXLRSNCODERESOURCEHELD)
        return IXLRETCODEPARMERROR;
    return reason == IXLRSNCODESTRFAILURE ? IXLRETCODECOMPERROR : IXLRETCODEENVERROR;
}
