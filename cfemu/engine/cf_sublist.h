/* Sublist monitoring of keyed structures: event monitors (EMC) and the event queue of each connection.
 *
 *   bucket of (list, key) ─► EMC of connection 1 ─► EMC of connection 2 ─► (others that fell into the bucket)
 *   connection ─► its EMCs, chained both ways: they end with it
 *              ─► event queue: eq_head ─► EMC ─► EMC ◄─ eq_tail           vector bit eq_bit-1 = queue not empty
 *
 * An EMC is on the queue from the moment its sublist stops being empty until it is dequeued (DEQ_EVENTQ) or the sublist
 * is empty again. A structure without EMCs pays one comparison for a new or vanished key; with them a bucket is searched,
 * whose length grows with the connections that monitor the same sublist only. */
#ifndef CF_SUBLIST_H
#define CF_SUBLIST_H

#include "cfemu/engine/cf_call.h"

int cf_command_monitor_sublist(struct cf_call *call);
int cf_command_monitor_sublists(struct cf_call *call);
int cf_command_monitor_eventq(struct cf_call *call);
int cf_command_read_emcontrols(struct cf_call *call);
int cf_command_read_eqcontrols(struct cf_call *call);
int cf_command_deq_eventq(struct cf_call *call);

/* The key came to the list, or its last entry has left it: queue or withdraw those who monitor it. */
void cf_sublist_transition(struct cf_call *call, uint32_t list, const uint8_t *key, bool filled);

/* End one event monitor of the connection. false: it has none. */
bool cf_emc_end_one(struct cf_structure *s, uint32_t conid);

/* The EMC of a connection for a list and key; 0 = none. */
uint32_t cf_emc_find(struct cf_structure *s, uint32_t conid, uint32_t list, const uint8_t *key);

/* The bucket of a list and key. */
uint32_t *cf_emc_bucket(struct cf_structure *s, uint32_t list, const uint8_t *key);

#endif
