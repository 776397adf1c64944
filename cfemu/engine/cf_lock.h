/* The lock entries of a serialized list: exclusive, with a first-come-first-served queue of connections.
 *
 *   lock entry: owner ── first ─► wait entry ─► wait entry ◄─ last        (wait entries stand in their connections)
 *
 * A release hands the lock to the first waiter in the same step: its wait entry becomes GRANTED and its connection gets
 * the event, so a free lock never has waiters. */
#ifndef CF_LOCK_H
#define CF_LOCK_H

#include "cfemu/engine/cf_call.h"

int cf_command_lock(struct cf_call *call);

/* Is the lock operation of the message valid? 0 or CF_RSP_BAD_REQUEST. Nothing is locked yet but the structure. */
int cf_lock_validate(struct cf_call *call);

/* May the request go on as far as its lock operation is concerned? 0, LOCK_HELD, _NOT_HELD, _PERSISTENT; LOCK_QUEUED: the
 * connection stands in the queue now. */
int cf_lock_before(struct cf_call *call);

/* The request succeeded: obtain or release the lock as the message says. With LOCKCOMP it may be another's. */
void cf_lock_after(struct cf_call *call);

/* Release the lock: the first waiter gets it. */
void cf_lock_release(struct cf *cf, struct cf_structure *s, uint32_t index, struct cf_wakes *wakes);

/* The first waiter of a lock that became persistent leaves the queue and is told. */
void cf_lock_refuse(struct cf *cf, struct cf_structure *s, uint32_t index, struct cf_wakes *wakes);

/* Take a wait entry of the connection out of its queue, or forget a grant or refusal not yet reported. */
void cf_lock_forget(struct cf_structure *s, uint32_t conid, uint32_t wait);

#endif
