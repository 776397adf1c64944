/* See xes_lock.h, and xes_lock_private.h for what is where. Messages in. */
#include "stack/xes/xes_lock_private.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"

/* --- messages in -------------------------------------------------------------------------------------------------- */

/* A message, read. */
struct mail {
    uint32_t from;
    uint8_t type, state, flags, name_length;
    uint32_t index, reason, sequence;
    const uint8_t *name;
};

static void on_request(struct xes_lock *l, view *v, const struct mail *m)
{
    const view nobody = { .index = m->index };
    record named = { .name_length = m->name_length };

    memcpy(named.name, m->name, m->name_length);
    if (!v || v->manager != xl_self(l) || l->recovering) {
        bool deny_it = l->recovering;           /* what was retained for us cannot be told yet */
        xl_post(l, m->from, deny_it ? LM_DENY : LM_RETRY, &nobody, &named, 0, 0, m->sequence, deny_it ? IXLRSNCODELOCKRETAINED : 0);
        return;
    }
    record *r = xl_record_find(l, v, m->from, m->name, m->name_length);
    if (!r)
        r = xl_record_new(l, v, m->from, m->name, m->name_length);
    if (!r) {
        xl_post(l, m->from, LM_DENY, v, &named, 0, 0, m->sequence, IXLRSNCODENOSLOT);
        return;
    }
    r->sequence = m->sequence;
    r->conditional = m->flags & LM_CONDITIONAL;
    r->wanted = m->state;
    r->retained = false;                        /* it is back and speaks of it */
    r->recovering = m->flags & LM_RECOVERING;
    if (xl_set_has(v->unknown, m->from)) {
        xl_set_put(v->unknown, m->from, false);
        xl_set_put(v->pending, m->from, true);
        xl_tell(l, m->from, LM_QUERY, v);
    }
    r->contended = true;
    r->real = r->asked = false;
    l->contention++;
    xl_decide(l, v);
}

/* To the manager: somebody lets go, says what it holds, or that it has said it all. */
static void on_holder(struct xes_lock *l, view *v, const struct mail *m)
{
    record *r = xl_record_find(l, v, m->from, m->name, m->name_length);

    switch (m->type) {
    case LM_RELEASE:
        if (!r || (m->sequence != 0 && (!r->granting || r->sequence != m->sequence)))
            return;             /* a grant that is long forgotten was given back */
        r->granting = false;
        if (m->state == 0)
            xl_record_free(l, r);
        else if (r->held)
            r->held = m->state;
        break;
    case LM_GONE:
        for (record *o = xl_first(l, v), *after; o; o = after) {
            after = xl_next(l, o);
            if (o->owner == m->from)
                xl_record_free(l, o);
        }
        xl_set_put(v->unknown, m->from, false);
        xl_set_put(v->pending, m->from, false);
        break;
    case LM_HELD:
        if (!r)
            r = xl_record_new(l, v, m->from, m->name, m->name_length);
        if (!r) {
            xl_set_put(v->unknown, m->from, true); /* no room to know it; asked again when it matters */
            return;
        }
        r->held = m->state;
        r->confirmed = true;
        return;
    case LM_TAKEN:
        if (r)
            r->granting = false;
        break;
    default:
        xl_set_put(v->pending, m->from, false);
        for (record *o = xl_first(l, v), *after; o; o = after) {
            after = xl_next(l, o);
            if (o->owner == m->from && !o->confirmed && !o->wanted && m->flags & LM_ALL)
                xl_record_free(l, o);
            else
                o->confirmed = o->confirmed && o->owner != m->from;
        }
        break;
    }
    xl_decide(l, v);
}

static void on_grant(struct xes_lock *l, view *v, record *r, const struct mail *m)
{
    uint8_t result[LRES_SIZE];
    bool spurious = m->flags & LM_FALSE;
    uint16_t response = CF_RSP_OK;

    if (!v->interest || r->rdata_pending || spurious)
        response = xl_operate(l, CF_CMD_LOCK_OBTAIN, v, r->wanted, CF_LOP_MANAGED | (spurious ? CF_LOP_FALSE : 0), m->from, r, result);
    if (response == CF_RSP_LOCK_MANAGER) {
        v->manager = 0;
        xl_start(l, r);
        return;
    }
    if (response == CF_RSP_OK) {
        v->interest = true;
        r->held = r->wanted;
        xl_post(l, m->from, LM_TAKEN, v, r, 0, 0, 0, 0);
        xl_finish(l, r, IXLRSNCODEOK);
        return;
    }
    xl_post(l, m->from, LM_RELEASE, v, r, r->held, 0, 0, 0);
    xl_finish(l, r, xl_reason_of(response));
}

/* A grant comes that we have no use for: who gave it is told, or it would wait for ever for us to let go. */
static void grant_return(struct xes_lock *l, const record *r, const struct mail *m)
{
    const view nobody = { .index = m->index };
    record named = { .name_length = m->name_length };

    memcpy(named.name, m->name, m->name_length);
    xl_post(l, m->from, LM_RELEASE, &nobody, &named, r ? r->held : 0, 0, m->sequence, 0);
}

/* From the manager, to a request of ours, which may have been taken back, or go by another manager. v: or NULL. */
static void on_answer(struct xes_lock *l, view *v, const struct mail *m)
{
    record *r = v ? xl_record_find(l, v, xl_self(l), m->name, m->name_length) : NULL;
    bool awaited = r && r->wanted && r->sequence == m->sequence && r->manager == m->from;
    bool counts = awaited && v->manager == m->from;

    if (m->type == LM_GRANT && !counts)
        grant_return(l, r, m);
    if (!awaited)
        return;
    if (m->type == LM_GRANT && counts) {
        on_grant(l, v, r, m);
    } else if (m->type == LM_DENY) {
        xl_finish(l, r, m->reason);
    } else {
        if (v->manager == m->from)
            v->manager = 0;
        xl_start(l, r);
    }
}

void xl_account(struct xes_lock *l, uint32_t manager, const view *v, uint8_t flags)
{
    for (record *r = xl_first(l, v); r; r = xl_next(l, r))
        if (r->owner == xl_self(l) && r->held)
            xl_post(l, manager, LM_HELD, v, r, r->held, 0, 0, 0);
    xl_post(l, manager, LM_ANSWERED, v, NULL, 0, flags, 0, 0);
}

/* There is a new manager, and it asks what we hold. What we wait for, the old one cannot give any more. After a reconnection
 * it is answered when we know it ourselves: xes_lock_recovered(). */
static void on_query(struct xes_lock *l, view *v, const struct mail *m)
{
    const view nobody = { .index = m->index };

    if (v && v->manager == xl_self(l))
        return;         /* of one that died since: we took over from it */
    if (v)
        v->manager = m->from;
    if (!l->recovering)
        xl_account(l, m->from, v ? v : &nobody, 0);
    for (record *r = v ? xl_first(l, v) : NULL; r; r = xl_next(l, r))
        if (r->owner == xl_self(l) && r->wanted && r->manager != m->from)     /* not asked yet */
            xl_ask_manager(l, v, r);
}

static void on_notify(struct xes_lock *l, view *v, const struct mail *m)
{
    record *r = xl_record_find(l, v, xl_self(l), m->name, m->name_length);

    if (!r || !r->held)
        return;
    r->notify = true;
    r->notify_conid = (uint8_t)m->reason;
    r->notify_state = m->state;
}

void xes_lock_message(struct xes_lock *l, uint32_t conid, const uint8_t *message, uint32_t length)
{
    if (length != XES_LOCK_MESSAGE_SIZE)
        return;
    const struct mail m = {
        .from = conid, .type = message[LM_TYPE], .state = message[LM_STATE], .flags = message[LM_FLAGS],
        .name_length = message[LM_NAMELEN], .index = get_be32(message + LM_ENTRY), .reason = get_be32(message + LM_REASON),
        .sequence = get_be32(message + LM_SEQUENCE), .name = message + LM_NAME,
    };

    if (conid < 1 || conid > 255 || conid == xl_self(l) || m.name_length > XES_LOCK_NAME_MAX ||
        m.index > l->mask || m.state > CF_STATE_EXCL)
        return;
    view *v = xl_view_find(l, m.index);
    bool managed = v && v->manager == xl_self(l);

    if (m.type == LM_REQUEST && m.state != 0)
        on_request(l, v, &m);
    else if (m.type == LM_QUERY)
        on_query(l, v, &m);
    else if (managed && (m.type == LM_RELEASE || m.type == LM_GONE || m.type == LM_HELD || m.type == LM_ANSWERED || m.type == LM_TAKEN))
        on_holder(l, v, &m);
    else if (!managed && (m.type == LM_GRANT || m.type == LM_DENY || m.type == LM_RETRY))
        on_answer(l, v, &m);
    else if (v && m.type == LM_NOTIFY)
        on_notify(l, v, &m);
    xl_drive(l);
}
