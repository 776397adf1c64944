/* User-managed rebuild (IXLREBLD): the connectors themselves move what they keep in a structure into a new one of the same
 * name in the other CF of the pair. The CF's part is to lead them through it, each phase when all have done with the last.
 *
 *            each connector answers                                each IXLCONN REBUILD, fills the new
 *   START ─► QUIESCE ──────────────► CONNECT ────────────────────► CLEANUP ─────────────► the new structure has the name,
 *              │ REBUILD_RESPOND        │   REBUILD_RESPOND           │  REBUILD_RESPOND     the old one is freed
 *              └────────── STOP ────────┘   (REQUEST=COMPLETE)        └ no way back
 *                           └─ each answers ─► the new structure is freed, the old one is as before
 *
 * A phase is an event to every active connector (CF_EVENT_REBUILD), who then owes a response. A connector that ends owes
 * nothing any more, so nobody waits for a dead one. While it lasts there are two structures of the name:
 *
 *   old: rebuild_phase, rebuild_new ──► new: rebuild_of      hidden: only tokens of IXLCONN REBUILD lead to it
 *
 * A connection has the same id in both. Its token for the new structure is good also afterwards; the token for the old one
 * dies with it. Failed-persistent connections are taken over.
 *
 * All of it is done under the directory mutex, old structure before new. The phase and who owes what are kept in the old
 * structure, as the connections are: both are XES' knowledge, and there also when the old CF is lost (cf_segment.h), so
 * that the loss of a CF can be answered by a rebuild. */
#ifndef CF_REBUILD_H
#define CF_REBUILD_H

#include "cfemu/engine/cf_call.h"

/* Commands; the result is an enum cf_response. They take the locks they need. */
int cf_command_rebuild_start(struct cf_call *call);
int cf_command_rebuild_respond(struct cf_call *call);
int cf_command_rebuild_stop(struct cf_call *call);

/* CONNECT with CF_OPT_REBUILD: the new structure, allocated if nobody was before, and the caller's connection id in it
 * (call->conid). The directory mutex is held. 0, or why not. */
int cf_rebuild_connect(struct cf_call *call, struct cf_slot **slot, bool *existing);

/* A connection of the structure has ended: go on if nobody owes a response any more. The directory mutex and the
 * structure's are held. true: the structure is freed. */
bool cf_rebuild_advance(struct cf *cf, struct cf_slot *slot, struct cf_wakes *wakes);

/* The old structure is about to be freed: free the new one with it, if it was not to take over. */
void cf_rebuild_forget(struct cf *cf, struct cf_slot *slot);

/* The directory was taken from a dead process, and what it had begun in the structures is undone: free a new structure that
 * it had not linked yet. */
void cf_rebuild_recover(struct cf *cf);

/* true: the structures of a rebuild refer to each other as they should, or it is none of them. */
bool cf_rebuild_valid(struct cf *cf, const struct cf_slot *slot);

#endif
