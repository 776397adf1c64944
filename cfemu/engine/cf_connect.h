/* Connections: IXLCONN and IXLDISC; what becomes of the connections of a process that ended. States and the end of a
 * connection: cf_life.h. */
#ifndef CF_CONNECT_H
#define CF_CONNECT_H

#include "cfemu/engine/cf_call.h"

/* Commands; the result is an enum cf_response. They take the locks they need. */
int cf_command_connect(struct cf_call *call);
int cf_command_disconnect(struct cf_call *call);

/* 1 to 16 characters A-Z 0-9 $ @ # _, then blanks. */
bool cf_name_valid(const uint8_t *name);

bool cf_name_blank(const uint8_t *name);

/* The allocated structure of this name, or NULL. The directory mutex is held. */
struct cf_slot *cf_slot_by_name(struct cf *cf, const uint8_t *name);

/* Fail all connections of an attachment. false: the directory or a structure is held up, something remains to be done. */
bool cf_fail_attachment(struct cf *cf, uint32_t number);

/* Fail the connections of an attachment (UINT32_MAX: of none) to one structure, and settle those that are ending;
 * free the structure if nobody needs it then. The directory mutex is held. false: the structure is held up. */
bool cf_structure_fail(struct cf *cf, struct cf_slot *slot, uint32_t attachment, struct cf_wakes *wakes);

/* Look for attachments whose process has ended, fail their connections and free their slots. No lock is held. false: something
 * remains to be done. */
bool cf_reap(struct cf *cf);

#endif
