/* Connections: IXLCONN, IXLDISC, and the end of a connection whose process died.
 *
 *            CONNECT                         process dies, DISCONNECT REASON=FAILURE, or NORMAL with locks held
 *   FREE ───────────────► ACTIVE ──────────────────────────────► FAILING ──► FREE               CONDISP=DELETE
 *    ▲                    │  ▲                                      └──────► FAILED_PERSISTENT  CONDISP=KEEP
 *    └── DISCONNECT ──────┘  └──────────── CONNECT with the same name ◄──────────────┘
 *
 * FAILING is done in small steps, each of them atomic: every lock of the connection goes to the next waiter, it leaves
 * the queues it waits in, its monitors end; last its peers get the event. Whoever cleans up may die too: the connection
 * stays FAILING, and the next one goes on. */
#ifndef CF_CONNECT_H
#define CF_CONNECT_H

#include "cfemu/engine/cf_call.h"

/* Commands; the result is an enum cf_response. They take the locks they need. */
int cf_command_connect(struct cf_call *call);
int cf_command_disconnect(struct cf_call *call);

/* Fail all connections of an attachment. false: the directory or a structure is held up, something remains to be done. */
bool cf_fail_attachment(struct cf *cf, uint32_t number);

/* Fail the connections of an attachment (UINT32_MAX: of none) to one structure, and go on with those that are FAILING;
 * free the structure if nobody needs it then. The directory mutex is held. false: the structure is held up. */
bool cf_structure_fail(struct cf *cf, struct cf_slot *slot, uint32_t attachment, struct cf_wakes *wakes);

/* Look for attachments whose process has ended, fail their connections and free their slots. No lock is held. false: something
 * remains to be done. */
bool cf_reap(struct cf *cf);

#endif
