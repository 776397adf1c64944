/* See xes_lock.h, and xes_lock_private.h for what is where. Requests. */
#include "stack/xes/xes_lock_private.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"

/* --- the requester ------------------------------------------------------------------------------------------------ */

void xl_ask_manager(struct xes_lock *l, view *v, record *r)
{
    r->sequence = ++l->sequence;
    r->manager = (uint8_t)v->manager;
    xl_post(l, v->manager, LM_REQUEST, v, r, r->wanted,
         (uint8_t)((r->conditional ? LM_CONDITIONAL : 0) | (r->recovering ? LM_RECOVERING : 0)), r->sequence, 0);
}

/* The facility has answered an OBTAIN, or an ALTER to EXCL, with CF_LOP_MANAGE. */
static void answered(struct xes_lock *l, view *v, record *r, uint16_t response, const uint8_t *result)
{
    uint32_t manager = response == XL_LOST ? 0 : get_be32(result + LRES_MANAGER);

    if (response == CF_RSP_OK) {
        v->interest = true;
        if (!r->held)
            xl_record_written(r, result);
        if (manager == xl_self(l)) {
            if (v->manager != xl_self(l))
                xl_become_manager(l, v, result);
            r->contended = xl_set_any(v->pending) || xl_set_any(v->unknown);
            l->contention += r->contended;
            xl_decide(l, v);
            return;
        }
        r->held = r->wanted;
        xl_finish(l, r, IXLRSNCODEOK);
    } else if ((response == CF_RSP_LOCK_CONTENTION || response == CF_RSP_LOCK_RETAINED) && manager >= 1 && manager <= 255) {
        v->manager = manager;
        xl_ask_manager(l, v, r);
    } else {
        xl_finish(l, r, xl_reason_of(response));
        xl_view_put(l, v);
    }
}

void xl_start(struct xes_lock *l, record *r)
{
    uint8_t result[LRES_SIZE];
    view *v = xl_view_of(l, r);

    r->manager = 0;
    if (v->manager == 0) {
        uint8_t block[LOP_SIZE];
        xl_block_build(block, v, r->wanted, CF_LOP_MANAGE, 0, r->held ? NULL : r);     /* what was written stays, if it is denied */
        uint16_t code = r->held && v->interest ? CF_CMD_LOCK_ALTER : CF_CMD_LOCK_OBTAIN;
        uint16_t response = xl_command(l, code, block, result);
        answered(l, v, r, response, result);
    } else if (v->manager == xl_self(l)) {
        xl_decide(l, v);
    } else {
        xl_ask_manager(l, v, r);
    }
}

void xl_restart(struct xes_lock *l, uint32_t manager)
{
    for (uint16_t i = 1; i <= XES_LOCK_RECORDS_MAX; i++) {
        record *r = &l->records[i];

        if (r->used && r->owner == xl_self(l) && r->wanted && r->manager == manager && xl_view_of(l, r)->manager != xl_self(l))
            xl_start(l, r);
    }
}

/* --- exits -------------------------------------------------------------------------------------------------------- */

void xl_drive(struct xes_lock *l)
{
    xl_flush(l);
    if (l->driving)
        return;
    l->driving = true;
    for (uint16_t i = 1; i <= XES_LOCK_RECORDS_MAX; i++) {
        record *r = &l->records[i];

        if (!r->used || r->owner != xl_self(l))
            continue;
        if (r->done && r->async) {
            void *user = r->user;
            uint32_t reason = r->reason;
            view *v = xl_view_of(l, r);

            r->done = r->async = false;
            l->granted_later += reason == IXLRSNCODEOK;
            if (!r->held) {
                xl_record_free(l, r);
                xl_view_put(l, v);
            }
            l->ops->complete(l->context, user, reason);
            i = 0;
        } else if (r->notify) {
            r->notify = false;
            if (!l->ops->notify)
                continue;
            l->ops->notify(l->context, r->user, r->notify_conid, r->notify_state);
            i = 0;
        }
    }
    l->driving = false;
    xl_flush(l);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

void xes_lock_init(struct xes_lock *l, struct xes_connection *connection, const struct xes_lock_ops *ops, void *context)
{
    memset(l, 0, sizeof *l);
    l->connection = connection;
    l->ops = ops;
    l->context = context;
    l->mask = connection->attributes.lock_entries - 1;
    l->recovering = connection->reconnected;
}

static bool valid(const struct xes_lock_request *q)
{
    return q->name && q->name_length >= 1 && q->name_length <= XES_LOCK_NAME_MAX &&
           (q->operation == XES_LOCK_RELEASE || q->state == XES_LOCK_SHR || q->state == XES_LOCK_EXCL);
}

static record *own_find(struct xes_lock *l, const struct xes_lock_request *q)
{
    view *v = xl_view_find(l, xl_hash_of(q) & l->mask);

    return v ? xl_record_find(l, v, xl_self(l), q->name, q->name_length) : NULL;
}

static void rdata_take(record *r, const struct xes_lock_request *q)
{
    if (!q->rdata)
        return;
    r->rdata_pending = true;
    r->rdatatype = q->rdatatype;
    memcpy(r->rdata, q->rdata, CF_ADJUNCT_SIZE);
}

/* A record for an OBTAIN; NULL: *reason. */
static record *obtain_prepare(struct xes_lock *l, const struct xes_lock_request *q, uint32_t *reason)
{
    l->requests++;
    *reason = IXLRSNCODEBADPARMLIST;
    if (!valid(q))
        return NULL;
    *reason = IXLRSNCODERESOURCEHELD;
    if (own_find(l, q))
        return NULL;
    *reason = IXLRSNCODENOSLOT;
    view *v = xl_view_get(l, xl_hash_of(q) & l->mask);
    record *r = v ? xl_record_new(l, v, xl_self(l), q->name, q->name_length) : NULL;
    if (!r) {
        if (v)
            xl_view_put(l, v);
        return NULL;
    }
    r->wanted = q->state;
    r->conditional = q->conditional;
    r->recovering = l->recovering;
    r->user = q->user;
    rdata_take(r, q);
    return r;
}

/* What became of a request so far: its result, or it goes on without the caller. */
static int outcome(struct xes_lock *l, record *r, uint32_t *reason)
{
    if (!r->done) {
        r->async = true;
        *reason = IXLRSNCODEASYNCH;
    } else {
        view *v = xl_view_of(l, r);

        *reason = r->reason;
        r->done = false;
        if (!r->held) {
            xl_record_free(l, r);
            xl_view_put(l, v);
        }
    }
    return xl_rc_of(*reason);
}

int xes_lock_obtain(struct xes_lock *l, const struct xes_lock_request *q, uint32_t *reason)
{
    record *r = obtain_prepare(l, q, reason);

    if (!r)
        return xl_rc_of(*reason);
    xl_start(l, r);
    int rc = outcome(l, r, reason);
    xl_drive(l);
    return rc;
}

/* To SHR: only others gain by it. */
static void downgrade(struct xes_lock *l, view *v, record *r)
{
    uint8_t result[LRES_SIZE];
    uint16_t response = CF_RSP_OK;

    r->held = CF_STATE_SHR;
    if (r->rdata_pending)
        response = xl_operate(l, CF_CMD_LOCK_ALTER, v, v->manager == xl_self(l) ? CF_STATE_EXCL : CF_STATE_SHR, 0, 0, r, result);
    xl_finish(l, r, response == CF_RSP_OK ? IXLRSNCODEOK : xl_reason_of(response));
    if (v->manager == xl_self(l))
        xl_decide(l, v);
    else if (v->manager)
        xl_post(l, v->manager, LM_RELEASE, v, r, CF_STATE_SHR, 0, 0, 0);
}

int xes_lock_alter(struct xes_lock *l, const struct xes_lock_request *q, uint32_t *reason)
{
    record *r = valid(q) ? own_find(l, q) : NULL;

    l->requests++;
    *reason = valid(q) ? IXLRSNCODERESOURCENOTFOUND : IXLRSNCODEBADPARMLIST;
    if (r && (r->wanted || r->done))
        *reason = IXLRSNCODERESOURCEHELD;       /* one thing after the other */
    if (!r || r->wanted || r->done)
        return xl_rc_of(*reason);
    r->conditional = q->conditional;
    r->recovering = l->recovering;
    rdata_take(r, q);
    if (q->state == XES_LOCK_SHR && r->held == CF_STATE_EXCL) {
        downgrade(l, xl_view_of(l, r), r);
    } else if (q->state == r->held && !r->rdata_pending) {
        xl_finish(l, r, IXLRSNCODEOK);
    } else {
        r->wanted = q->state;
        xl_start(l, r);
    }
    int rc = outcome(l, r, reason);
    xl_drive(l);
    return rc;
}

/* A resource of ours is let go. Result: the facility has to be told that our interest ends, and nothing else is to do. */
static bool release_here(struct xes_lock *l, view *v, record *r)
{
    uint32_t manager = v->manager;

    xl_rdata_delete_later(l, r);
    if (manager != 0 && manager != xl_self(l))
        xl_post(l, manager, LM_RELEASE, v, r, 0, 0, 0, 0);
    xl_record_free(l, r);
    return v->interest && (manager == xl_self(l) ? !v->first && !xl_set_any(v->pending) && !xl_set_any(v->unknown) : !xl_own_any(l, v));
}

static void released(struct xes_lock *l, view *v)
{
    v->interest = false;
    if (v->manager == xl_self(l))
        v->manager = 0;
    xl_view_put(l, v);
}

int xes_lock_release(struct xes_lock *l, const struct xes_lock_request *q, uint32_t *reason)
{
    record *r = own_find(l, q);

    l->requests++;
    *reason = IXLRSNCODERESOURCENOTFOUND;
    if (!r)
        return xl_rc_of(*reason);
    view *v = xl_view_of(l, r);
    if (release_here(l, v, r)) {
        (void)xl_interest_release(l, v, 0);
        released(l, v);
    } else if (v->manager == xl_self(l)) {
        xl_decide(l, v);
    } else {
        xl_view_put(l, v);
    }
    xl_rdata_delete(l);
    xl_drive(l);
    *reason = l->connection->lost ? IXLRSNCODENOCONN : IXLRSNCODEOK;
    return xl_rc_of(*reason);
}

/* --- PROCESSMULT -------------------------------------------------------------------------------------------------- */

struct batch {
    struct { uint16_t request, record, view; } of[CF_LOPS_MAX];
    uint32_t count;
};

static uint8_t *batch_add(struct xes_lock *l, struct batch *b, uint32_t request, const record *r, const view *v)
{
    b->of[b->count].request = (uint16_t)request;
    b->of[b->count].record = r ? (uint16_t)(r - l->records) : 0;
    b->of[b->count].view = (uint16_t)(v - l->views);
    return l->blocks + b->count++ * LOP_SIZE;
}

/* Put a request into the batch; false: it is none of those that one command can do. */
static bool batch_take(struct xes_lock *l, struct batch *b, uint32_t number, struct xes_lock_request *q)
{
    view *v = xl_view_find(l, xl_hash_of(q) & l->mask);
    uint8_t *block;

    if (q->operation == XES_LOCK_OBTAIN && (!v || v->manager == 0)) {
        record *r = obtain_prepare(l, q, &q->reason);
        if (!r) {
            q->rc = xl_rc_of(q->reason);
            return true;
        }
        block = batch_add(l, b, number, r, xl_view_of(l, r));
        xl_block_build(block, xl_view_of(l, r), r->wanted, CF_LOP_MANAGE, 0, r);
        block[LOP_OPERATION] = CF_LOP_OBTAIN;
        return true;
    }
    record *r = q->operation == XES_LOCK_RELEASE ? own_find(l, q) : NULL;
    if (!r || r->wanted || (v->manager != 0 && v->manager != xl_self(l)) || v->first != v->last || !v->interest ||
        xl_set_any(v->pending) || xl_set_any(v->unknown))
        return false;
    l->requests++;
    block = batch_add(l, b, number, NULL, v);
    (void)release_here(l, v, r);
    xl_block_build(block, v, 0, 0, 0, NULL);
    block[LOP_OPERATION] = CF_LOP_RELEASE;
    if (l->deleting) {
        block[LOP_OPTIONS] |= CF_LOP_DELETE;
        memcpy(block + LOP_ENTRYID, l->delete_id, CF_LEID_SIZE);
        l->deleting = false;
    }
    v->interest = false;
    if (v->manager == xl_self(l))
        v->manager = 0;
    return true;
}

static void batch_send(struct xes_lock *l, struct batch *b, struct xes_lock_request *requests)
{
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];
    uint32_t length = b->count * LOP_SIZE;

    put_be16(mcb + MCB_COMMAND, CF_CMD_LOCK_PROCESSMULT);
    put_be32(mcb + MCB_DATALEN, length);
    bool sent = b->count == 0 || xes_send(l->connection, mcb, l->blocks, length, mrb, l->blocks, length);
    uint16_t whole = !sent ? XL_LOST : b->count == 0 ? CF_RSP_OK : get_be16(mrb + MRB_RESPONSE);

    for (uint32_t i = 0; i < b->count; i++) {
        const uint8_t *result = l->blocks + i * LRES_SIZE;
        uint16_t response = whole != CF_RSP_OK ? whole : get_be16(result + LRES_RESPONSE);
        struct xes_lock_request *q = &requests[b->of[i].request];
        view *v = &l->views[b->of[i].view];
        record *r = &l->records[b->of[i].record];

        if (b->of[i].record) {
            answered(l, v, r, response, result);
            q->rc = outcome(l, r, &q->reason);
        } else {
            xl_view_put(l, v);
            q->reason = response == CF_RSP_OK ? IXLRSNCODEOK : xl_reason_of(response);
            q->rc = xl_rc_of(q->reason);
        }
    }
}

void xes_lock_processmult(struct xes_lock *l, struct xes_lock_request *requests, uint32_t count)
{
    struct batch batch;
    bool taken[CF_LOPS_MAX];

    STACK_ASSERT(count <= CF_LOPS_MAX && !l->driving);
    batch.count = 0;
    for (uint32_t i = 0; i < count; i++)
        taken[i] = batch_take(l, &batch, i, &requests[i]);
    batch_send(l, &batch, requests);
    l->driving = true;          /* exits come at the end */
    for (uint32_t i = 0; i < count; i++) {
        struct xes_lock_request *q = &requests[i];

        if (taken[i])
            continue;
        q->rc = q->operation == XES_LOCK_OBTAIN ? xes_lock_obtain(l, q, &q->reason) :
                q->operation == XES_LOCK_ALTER ? xes_lock_alter(l, q, &q->reason) : xes_lock_release(l, q, &q->reason);
    }
    l->driving = false;
    xl_drive(l);
}
