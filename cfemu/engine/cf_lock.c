#include "cfemu/engine/cf_lock.h"

#include "cfemu/engine/cf_condition.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_undo.h"

/* The wait entry of a connection for a lock; 0 = none. */
static uint32_t wait_find(struct cf_structure *s, uint32_t conid, uint32_t index)
{
    for (uint32_t i = 0; i < CF_WAITS_MAX; i++) {
        const struct cf_wait_entry *wait = &s->conn[conid].wait[i];
        if (wait->state != CF_WAIT_FREE && wait->lock == index)
            return conid * CF_WAITS_MAX + i;
    }
    return 0;
}

/* Stand in the queue; who stands there already keeps the place. */
static int enqueue(struct cf_call *call, struct cf_lock *lock, uint32_t index)
{
    struct cf_structure *s = call->s;
    struct cf_wait_entry *wait = call->conn->wait;
    uint32_t known = wait_find(s, call->conid, index);
    uint32_t i = known % CF_WAITS_MAX;
    if (known != 0 && wait[i].state != CF_WAIT_REFUSED)
        return CF_RSP_LOCK_QUEUED;
    if (known == 0)
        while (i < CF_WAITS_MAX && wait[i].state != CF_WAIT_FREE)
            i++;
    if (i == CF_WAITS_MAX)
        return CF_RSP_BUSY;
    uint32_t number = call->conid * CF_WAITS_MAX + i;
    cf_fresh(s, &wait[i], sizeof wait[i]);
    wait[i].lock = index;
    wait[i].next = 0;
    cf_set32(s, &wait[i].state, CF_WAIT_QUEUED);
    cf_set32(s, lock->last != 0 ? &cf_wait_at(s, lock->last)->next : &lock->first, number);
    cf_set32(s, &lock->last, number);
    cf_set32(s, &lock->waiters, lock->waiters + 1);
    return CF_RSP_LOCK_QUEUED;
}

void cf_lock_release(struct cf *cf, struct cf_structure *s, uint32_t index, struct cf_wakes *wakes)
{
    struct cf_lock *lock = cf_lock_at(s, index);
    if (lock->first == 0) {
        cf_set32(s, &lock->owner, 0);
        return;
    }
    uint32_t conid = lock->first / CF_WAITS_MAX;
    struct cf_wait_entry *wait = cf_wait_at(s, lock->first);
    cf_set32(s, &lock->owner, conid);
    cf_set32(s, &wait->state, CF_WAIT_GRANTED);
    cf_set32(s, &lock->first, wait->next);
    if (wait->next == 0)
        cf_set32(s, &lock->last, 0);
    cf_set32(s, &lock->waiters, lock->waiters - 1);
    cf_tell(cf, s, conid, wakes);
}

void cf_lock_refuse(struct cf *cf, struct cf_structure *s, uint32_t index, struct cf_wakes *wakes)
{
    uint32_t number = cf_lock_at(s, index)->first;
    cf_lock_forget(s, number / CF_WAITS_MAX, number % CF_WAITS_MAX);
    cf_set32(s, &cf_wait_at(s, number)->state, CF_WAIT_REFUSED);
    cf_tell(cf, s, number / CF_WAITS_MAX, wakes);
}

void cf_lock_forget(struct cf_structure *s, uint32_t conid, uint32_t i)
{
    struct cf_wait_entry *wait = &s->conn[conid].wait[i];
    uint32_t number = conid * CF_WAITS_MAX + i;
    if (wait->state == CF_WAIT_QUEUED) {
        struct cf_lock *lock = cf_lock_at(s, wait->lock);
        uint32_t before = 0;
        for (uint32_t n = lock->first; n != number; n = cf_wait_at(s, n)->next)
            before = n;
        cf_set32(s, before != 0 ? &cf_wait_at(s, before)->next : &lock->first, wait->next);
        if (lock->last == number)
            cf_set32(s, &lock->last, before);
        cf_set32(s, &lock->waiters, lock->waiters - 1);
    }
    cf_set32(s, &wait->state, CF_WAIT_FREE);
}

int cf_lock_validate(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    uint8_t oper = mcb[MCB_LOCKOPER];
    bool alone = get_be16(mcb + MCB_COMMAND) == CF_CMD_LIST_LOCK;
    if (oper > CF_LOCK_READNEXT || (oper >= CF_LOCK_TEST && !alone) || (oper == CF_LOCK_NONE && alone))
        return cf_bad(call, MCB_LOCKOPER);
    if (mcb[MCB_OPTIONS2] & CF_OPT2_LOCKCOMP) {
        uint32_t conid = get_be32(mcb + MCB_OWN + LIST_LOCKCOMP);
        if (oper == CF_LOCK_NONE || oper == CF_LOCK_NOTHELD)
            return cf_bad(call, MCB_OPTIONS2);
        if (conid < 1 || conid > CF_CONNECTIONS_MAX)
            return cf_bad(call, MCB_OWN + LIST_LOCKCOMP);
    }
    if (mcb[MCB_LOCKMODE] > CF_LOCKMODE_UNCOND || (mcb[MCB_LOCKMODE] != CF_LOCKMODE_COND && oper != CF_LOCK_SET))
        return cf_bad(call, MCB_LOCKMODE);
    if (oper != CF_LOCK_NONE && get_be32(mcb + MCB_LOCKINDEX) >= call->s->lockentries)
        return cf_bad(call, MCB_LOCKINDEX);
    return 0;
}

/* Who is to hold the lock for the request to be done; 0 = nobody. */
static uint32_t holder_wanted(const struct cf_call *call)
{
    if (call->mcb[MCB_OPTIONS2] & CF_OPT2_LOCKCOMP)
        return get_be32(call->mcb + MCB_OWN + LIST_LOCKCOMP);
    return call->mcb[MCB_LOCKOPER] == CF_LOCK_NOTHELD ? 0 : call->conid;
}

int cf_lock_before(struct cf_call *call)
{
    uint8_t oper = call->mcb[MCB_LOCKOPER];
    if (oper == CF_LOCK_NONE)
        return 0;
    uint32_t index = get_be32(call->mcb + MCB_LOCKINDEX);
    struct cf_lock *lock = cf_lock_at(call->s, index);
    bool compared = call->mcb[MCB_OPTIONS2] & CF_OPT2_LOCKCOMP;
    put_be32(call->mrb + MRB_LOCKOWNER, lock->owner);
    if (lock->owner == holder_wanted(call) || (oper == CF_LOCK_TEST && !compared))
        return 0;
    if (oper == CF_LOCK_RESET || oper == CF_LOCK_HELDBY || compared)
        return CF_RSP_LOCK_NOT_HELD;
    if (lock->owner == 0)
        return 0;
    const struct cf_conn *owner = &call->s->conn[lock->owner];
    call->contentions = 1;
    if (owner->state == CF_CONN_FAILED_PERSISTENT)
        return CF_RSP_LOCK_PERSISTENT;
    if (owner->state == CF_CONN_ACTIVE)     /* the attachment of one that failed may be another's by now */
        call->contender = owner->attachment;
    return call->mcb[MCB_LOCKMODE] == CF_LOCKMODE_UNCOND && !call->looks_again ? enqueue(call, lock, index) : CF_RSP_LOCK_HELD;
}

/* A grant that was not reported yet: whoever it is finds out by itself, or has lost it. */
static void grant_forget(struct cf_structure *s, uint32_t conid, uint32_t index)
{
    uint32_t wait = wait_find(s, conid, index);
    if (wait != 0)
        cf_lock_forget(s, conid, wait % CF_WAITS_MAX);
}

void cf_lock_after(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint8_t oper = call->mcb[MCB_LOCKOPER];
    if (oper != CF_LOCK_SET && oper != CF_LOCK_RESET)
        return;
    uint32_t index = get_be32(call->mcb + MCB_LOCKINDEX);
    struct cf_lock *lock = cf_lock_at(s, index);
    uint32_t before = lock->owner;
    grant_forget(s, call->conid, index);
    if (before != 0 && before != call->conid)
        grant_forget(s, before, index);
    if (oper == CF_LOCK_RESET)
        cf_lock_release(call->cf, s, index, &call->wakes);
    else if (before != call->conid)
        cf_set32(s, &lock->owner, call->conid);
    put_be32(call->mrb + MRB_LOCKOWNER, lock->owner);
}

/* READNEXT. The locks of a connection are not chained, that would cost every SET and RESET; the search is bounded. */
static int read_next(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint32_t wanted = call->mcb[MCB_OPTIONS2] & CF_OPT2_LOCKCOMP ? holder_wanted(call) : 0;
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    uint32_t index = get_be32(call->mcb + MCB_LOCKINDEX);
    if (restart != 0 && restart >= s->lockentries)
        return cf_bad(call, MCB_RESTART);
    if (restart > index)
        index = (uint32_t)restart;
    for (uint32_t examined = 0; index < s->lockentries; index++, examined++) {
        uint32_t owner = cf_lock_at(s, index)->owner;
        if (owner != 0 && (wanted == 0 || owner == wanted)) {
            put_be32(call->mrb + MRB_OWN + ANSWER_LOCKINDEX, index);
            put_be32(call->mrb + MRB_LOCKOWNER, owner);
            return 0;
        }
        if (examined == CF_MULTI_EXAMINED) {
            put_be64(call->mrb + MRB_RESTART, index);
            return CF_RSP_TIMEOUT;
        }
    }
    return CF_RSP_NO_LOCK;
}

int cf_command_lock(struct cf_call *call)
{
    static const struct cf_uses uses = {0};
    const uint8_t *mcb = call->mcb;
    bool plain = (mcb[MCB_OPTIONS2] | mcb[MCB_AUTHCOMP]) == 0;      /* the usual one, which has no list */
    int result = plain ? cf_lock_validate(call) : cf_validate(call, &uses);
    if (result == 0 && call->mcb[MCB_LOCKOPER] == CF_LOCK_READNEXT)
        return read_next(call);
    if (result == 0)
        result = cf_begin(call);
    if (result == 0)
        cf_end(call);
    return result;
}
