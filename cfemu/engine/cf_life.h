/* The end of a connection: what it held, what its peers say to it, and an operator's word.
 *
 *   FREE ◄───────────────── FAILED_PERSISTENT ◄──┐ CONDISP=KEEP, and nobody said RELEASECONN=YES
 *    ▲          FORCE                            │
 *    │◄──────────────────────────── FAILING ─────┤
 *    │◄──────────────────────────── DISCONNECTING┘        1. token void, state         (one transaction)
 *    │                                   ▲                2. leave queues, end monitors (each its own)
 *    └─ CONNECT ─► ACTIVE ───────────────┘                3. told: peers have the event, responses are awaited
 *                                                         4. the last response: locks passed on or made persistent
 *                                                            (each its own), final state
 *
 * Each step is atomic and is recognised by what stands in the connection, so whoever comes next goes on where a dead
 * process stopped: after the directory was taken from a dead owner, every connection in a state of ending is settled.
 * An ended connection owes no responses any more: it is struck from those of the others in step 1.
 *
 * If neither the connection nor any peer uses responses, its locks are passed on in step 2 already, whatever CONDISP
 * says: then nobody is there who could recover what a persistent lock protects. Interest in a lock table and record data
 * are for peers to find: they end, or are retained, in step 4 in any case. */
#ifndef CF_LIFE_H
#define CF_LIFE_H

#include "cfemu/engine/cf_call.h"

/* Commands; the result is an enum cf_response. They take the locks they need. */
int cf_command_respond(struct cf_call *call);
int cf_command_force(struct cf_call *call);

/* End an active connection. The directory mutex and the structure's are held. */
void cf_connection_end(struct cf *cf, struct cf_structure *s, uint32_t conid, bool failed, struct cf_wakes *wakes);

/* Take every connection that is ending as far as it goes. The same mutexes are held. */
void cf_connections_settle(struct cf *cf, struct cf_structure *s, struct cf_wakes *wakes);

/* true: responses for this ending connection are awaited. */
bool cf_connection_awaits(const struct cf_conn *conn);

#endif
