/* See xes_lock.h, and xes_lock_private.h for what is where. The manager of an entry. */
#include "stack/xes/xes_lock_private.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"

/* --- the manager -------------------------------------------------------------------------------------------------- */

static void deny(struct xes_lock *l, record *r, uint32_t reason)
{
    if (r->owner == xl_self(l)) {
        xl_finish(l, r, reason);
        return;
    }
    xl_post(l, r->owner, LM_DENY, xl_view_of(l, r), r, 0, 0, r->sequence, reason);
    r->wanted = 0;
    if (!r->held)
        xl_record_free(l, r);
}

static void grant_own(struct xes_lock *l, view *v, record *r, bool spurious)
{
    uint8_t result[LRES_SIZE];
    uint16_t response = CF_RSP_OK;

    if (!v->interest || r->rdata_pending || spurious)
        response = xl_operate(l, CF_CMD_LOCK_ALTER, v, CF_STATE_EXCL, spurious ? CF_LOP_FALSE : 0, 0, r, result);
    if (response == CF_RSP_OK) {
        v->interest = true;
        r->held = r->wanted;
    }
    xl_finish(l, r, response == CF_RSP_OK ? IXLRSNCODEOK : xl_reason_of(response));
}

static void grant(struct xes_lock *l, view *v, record *r)
{
    bool spurious = r->contended && !r->real;

    l->false_contention += spurious;
    r->contended = r->real = r->asked = false;
    if (r->owner == xl_self(l)) {
        grant_own(l, v, r, spurious);
        return;
    }
    xl_post(l, r->owner, LM_GRANT, v, r, r->wanted, spurious ? LM_FALSE : 0, r->sequence, 0);
    r->held = r->wanted;
    r->wanted = 0;
    r->granting = true;
}

/* Look into the lock table whether failed connections are still there. */
static void refresh(struct xes_lock *l, view *v)
{
    uint8_t result[LRES_SIZE];
    uint64_t holders[4], failed[4];

    if (xl_operate(l, CF_CMD_LOCK_ALTER, v, CF_STATE_EXCL, 0, 0, NULL, result) != CF_RSP_OK)
        return;
    v->interest = true;
    xl_set_read(holders, result + LRES_HOLDERS);
    xl_set_read(failed, result + LRES_FAILED);
    for (uint32_t conid = 1; conid < 256; conid++) {
        if (!xl_set_has(v->unknown, conid) || (xl_set_has(holders, conid) && xl_set_has(failed, conid)))
            continue;
        xl_set_put(v->unknown, conid, false);
        if (xl_set_has(holders, conid)) {          /* it is back, and can be asked */
            xl_set_put(v->pending, conid, true);
            xl_tell(l, conid, LM_QUERY, v);
        }
    }
    for (record *r = xl_first(l, v), *after; r; r = after) {
        after = xl_next(l, r);
        if (r->retained && !xl_set_has(holders, r->owner))
            xl_record_free(l, r);
        else if (r->retained && !xl_set_has(failed, r->owner))
            r->retained = false;
    }
}

static void notify(struct xes_lock *l, view *v, record *holder, const record *waiter)
{
    if (holder->owner != xl_self(l)) {
        xl_post(l, holder->owner, LM_NOTIFY, v, holder, waiter->wanted, 0, 0, waiter->owner);
        return;
    }
    holder->notify = true;
    holder->notify_conid = waiter->owner;
    holder->notify_state = waiter->wanted;
}

static bool compatible(const record *holder, const record *r)
{
    return !holder->held || (holder->held == CF_STATE_SHR && r->wanted == CF_STATE_SHR);
}

/* Does it share the resource, and want it alone? */
static bool upgrade(const record *r)
{
    return r->held && r->wanted > r->held;
}

enum verdict { GRANT, WAIT, RETAINED, REFUSE };

static enum verdict judge(struct xes_lock *l, view *v, record *r)
{
    bool conflict = false, before = true;

    if (r->held >= r->wanted)
        return GRANT;
    if (xl_set_any(v->unknown) && !r->recovering)
        return RETAINED;
    for (record *o = xl_first(l, v); o; o = xl_next(l, o)) {
        before = before && o != r;
        if (o->owner == r->owner || !xl_same_name(o, r->name, r->name_length))
            continue;
        if (upgrade(r) && upgrade(o) && before)
            return REFUSE;                      /* each would wait for the other to let go */
        if (!compatible(o, r) && o->retained)
            return RETAINED;
        if (!compatible(o, r) || (o->wanted && (upgrade(o) || before) && !upgrade(r) && !r->recovering))
            conflict = true;
    }
    if (!conflict)
        return GRANT;
    r->real = true;
    if (r->conditional)
        return REFUSE;
    if (r->asked)
        return WAIT;
    r->asked = true;
    enum xes_lock_decision decision = !l->ops->contention ? XES_LOCK_KEEP :
        l->ops->contention(l->context, r->name, r->name_length, r->owner, r->wanted);
    if (decision != XES_LOCK_KEEP)
        return decision == XES_LOCK_GRANT ? GRANT : REFUSE;
    for (record *o = xl_first(l, v); o; o = xl_next(l, o))
        if (o->owner != r->owner && xl_same_name(o, r->name, r->name_length) && !compatible(o, r))
            notify(l, v, o, r);
    return WAIT;
}

/* What others hold of the entry is not our affair any more; who waits is to ask the facility. */
static void others_forget(struct xes_lock *l, view *v)
{
    for (record *r = xl_first(l, v), *after; r; r = after) {
        after = xl_next(l, r);
        if (r->owner == xl_self(l))
            continue;
        if (r->wanted)
            xl_post(l, r->owner, LM_RETRY, v, r, 0, 0, r->sequence, 0);
        xl_record_free(l, r);
    }
    memset(v->unknown, 0, sizeof v->unknown);
}

/* Is the manager needed? If not, give the entry back to the facility alone. */
static void relax(struct xes_lock *l, view *v)
{
    uint8_t result[LRES_SIZE];
    bool needed = false, granting = false, own = xl_own_any(l, v);

    if (v->manager != xl_self(l) || xl_set_any(v->pending))
        return;
    for (record *r = xl_first(l, v); r; r = xl_next(l, r)) {
        needed = needed || r->wanted || r->held == CF_STATE_EXCL;
        granting = granting || r->granting;
    }
    if (granting)
        return;         /* it is to find us managing, and not again, but still */
    if (needed) {
        if (own || !v->interest || xl_interest_release(l, v, CF_LOP_MANAGE) == xl_self(l))
            return;
    } else if (own) {
        (void)xl_operate(l, CF_CMD_LOCK_ALTER, v, CF_STATE_SHR, 0, 0, NULL, result);
    } else {
        (void)xl_interest_release(l, v, 0);
    }
    v->manager = 0;
    others_forget(l, v);
    xl_view_put(l, v);
}

void xl_decide(struct xes_lock *l, view *v)
{
    bool waiting = false, doubtful = xl_set_any(v->unknown);

    for (record *r = xl_first(l, v); r; r = xl_next(l, r)) {
        waiting = waiting || r->wanted;
        doubtful = doubtful || r->retained;
    }
    if (waiting && doubtful && !xl_set_any(v->pending))
        refresh(l, v);
    for (unsigned pass = 0; pass < 2; pass++) {         /* upgrades first */
        for (record *r = xl_first(l, v), *after; r; r = after) {
            after = xl_next(l, r);
            if (!r->wanted || upgrade(r) != (pass == 0) || (xl_set_any(v->pending) && !r->recovering))
                continue;
            enum verdict verdict = judge(l, v, r);
            if (verdict == GRANT)
                grant(l, v, r);
            else if (verdict != WAIT)
                deny(l, r, verdict == RETAINED ? IXLRSNCODELOCKRETAINED : IXLRSNCODELOCKCOND);
        }
    }
    relax(l, v);
}

void xl_become_manager(struct xes_lock *l, view *v, const uint8_t *result)
{
    uint64_t holders[4], failed[4];

    v->manager = xl_self(l);
    xl_set_read(holders, result + LRES_HOLDERS);
    xl_set_read(failed, result + LRES_FAILED);
    for (uint32_t conid = 1; conid < 256; conid++) {
        if (!xl_set_has(holders, conid))
            continue;
        bool gone = xl_set_has(failed, conid);
        xl_set_put(gone ? v->unknown : v->pending, conid, true);
        if (!gone)
            xl_tell(l, conid, LM_QUERY, v);
    }
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

static void interest_release_for(struct xes_lock *l, uint32_t index, uint32_t conid)
{
    uint8_t block[LOP_SIZE], result[LRES_SIZE];
    const view v = { .index = index };

    xl_block_build(block, &v, 0, 0, 0, NULL);
    put_be32(block + LOP_CONID, conid);
    (void)xl_command(l, CF_CMD_LOCK_RELEASE, block, result);   /* not there any more: all the better */
}

/* A connection failed that had to do with an entry we manage. */
static void holder_failed(struct xes_lock *l, view *v, uint32_t conid)
{
    bool retained = xl_set_has(v->pending, conid) || xl_set_has(v->unknown, conid), met = retained;

    xl_set_put(v->unknown, conid, retained);
    xl_set_put(v->pending, conid, false);
    for (record *r = xl_first(l, v), *after; r; r = after) {
        after = xl_next(l, r);
        if (r->owner != conid)
            continue;
        met = true;
        r->wanted = 0;
        r->retained = r->held == CF_STATE_EXCL;
        retained = retained || r->retained;
        if (!r->retained)
            xl_record_free(l, r);
    }
    if (met && !retained)
        interest_release_for(l, v->index, conid);
    if (met)
        xl_decide(l, v);
}

static void out_forget(struct xes_lock *l, uint32_t conid)
{
    uint32_t count = l->out_count;

    l->out_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct xes_lock_outbound *o = &l->out[(l->out_first + i) % XES_LOCK_QUEUE_MAX];

        if (o->conid != conid)
            l->out[(l->out_first + l->out_count++) % XES_LOCK_QUEUE_MAX] = *o;
    }
}

void xes_lock_failed(struct xes_lock *l, uint32_t conid)
{
    out_forget(l, conid);
    for (uint16_t i = 1; i <= XES_LOCK_VIEWS_MAX; i++) {
        view *v = &l->views[i];

        if (v->used && v->manager == xl_self(l)) {
            holder_failed(l, v, conid);
        } else if (v->used && v->manager == conid) {
            v->manager = 0;
            xl_view_put(l, v);
        }
    }
    xl_restart(l, conid);
    xl_drive(l);
}

void xes_lock_poll(struct xes_lock *l)
{
    xl_drive(l);
}

/* Call something for each lock table entry in which a connection has interest, as many as a block of answers at a time. */
static void interest_each(struct xes_lock *l, uint32_t conid, void (*act)(struct xes_lock *, uint32_t, uint32_t, uint32_t))
{
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];
    uint64_t restart_token = 0;

    put_be16(mcb + MCB_COMMAND, CF_CMD_LOCK_READBYCONN);
    put_be32(mcb + MCB_LIST, conid);
    do {
        put_be64(mcb + MCB_RESTART, restart_token);
        if (!xes_send(l->connection, mcb, NULL, 0, mrb, l->blocks, sizeof l->blocks))
            return;
        uint32_t length = get_be32(mrb + MRB_DATALEN);
        for (uint32_t at = 0; at < length; at += LINT_SIZE)
            act(l, conid, get_be32(l->blocks + at + LINT_INDEX), get_be32(l->blocks + at + LINT_MANAGER));
        restart_token = get_be64(mrb + MRB_RESTART);
    } while (get_be16(mrb + MRB_RESPONSE) == CF_RSP_TIMEOUT);
}

static void let_go(struct xes_lock *l, uint32_t conid, uint32_t index, uint32_t manager)
{
    view gone = { .index = index };

    if (xl_view_find(l, index))
        return;                                 /* taken up again */
    (void)xl_interest_release(l, &gone, 0);
    if (manager != 0 && manager != conid && manager != CF_LOCK_ORPHAN)
        xl_tell(l, manager, LM_GONE, &gone);
}

void xes_lock_recovered(struct xes_lock *l)
{
    l->recovering = false;
    interest_each(l, xl_self(l), let_go);
    for (uint16_t i = 1; i <= XES_LOCK_VIEWS_MAX; i++) {
        view *v = &l->views[i];

        if (v->used && v->manager != 0 && v->manager != xl_self(l))
            xl_account(l, v->manager, v, LM_ALL);
    }
    xl_drive(l);
}

static void let_go_for(struct xes_lock *l, uint32_t conid, uint32_t index, uint32_t manager)
{
    (void)manager;
    interest_release_for(l, index, conid);
}

void xes_lock_recover(struct xes_lock *l, uint32_t conid)
{
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];

    interest_each(l, conid, let_go_for);
    put_be16(mcb + MCB_COMMAND, CF_CMD_RDATA_DELETEBYCONN);
    put_be32(mcb + MCB_LIST, conid);
    while (xes_send(l->connection, mcb, NULL, 0, mrb, NULL, 0) && get_be16(mrb + MRB_RESPONSE) == CF_RSP_TIMEOUT)
        ;
}
