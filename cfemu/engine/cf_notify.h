/* Notification: list monitors, the notification vector and events of a connection, waking the process that owns it.
 *
 * Under the structure's mutex a command sets vector bits and events, and counts up the notify word of the connection's
 * view; when the mutex is released it wakes those who sleep on the word (a futex). If the process dies in between, the
 * events stand, and the failure of its connection wakes the same views again. */
#ifndef CF_NOTIFY_H
#define CF_NOTIFY_H

#include "cfemu/engine/cf_call.h"

int cf_command_monitor(struct cf_call *call);
int cf_command_vector(struct cf_call *call);

/* The connection has something to read: count it, and remember to wake its view. */
void cf_tell(struct cf *cf, struct cf_structure *s, uint32_t conid, struct cf_wakes *wakes);

/* Give an event about a connection to every other one that is active; CONN_GONE only to those who respond. */
void cf_tell_others(struct cf *cf, struct cf_structure *s, uint32_t conid, uint32_t event, struct cf_wakes *wakes);

/* Wake the views. No structure's mutex is held. */
void cf_wake(struct cf *cf, const struct cf_wakes *wakes);

/* A list became empty or stopped being so: set the bits of those who monitor it. */
void cf_list_transition(struct cf_call *call, struct cf_list *list);

/* Set a bit of a connection's notification vector. */
void cf_vector_bit_set(struct cf_structure *s, uint32_t bit, uint32_t conid, bool on);

/* Is the bit in the vector, and used for nothing yet? */
bool cf_vector_bit_free(struct cf_structure *s, uint32_t conid, uint32_t bit);

/* End one monitor of the connection. false: it has none. */
bool cf_monitor_end_one(struct cf_structure *s, uint32_t conid);

#endif
