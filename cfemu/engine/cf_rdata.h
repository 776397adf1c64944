/* Record data of a lock structure: 64 bytes that a connection leaves for whoever has to recover what it held.
 *
 *   list number = connection id ─► entry ─► entry ◄─     adjunct: the 64 bytes
 *                                                        version: lock table entry << 8 | RDATATYPE
 *                                                        LEID: the entry id
 *
 * They are entries of lists, a list for each connection id, so that storage, chains, undo and cf_check() are those of
 * list structures. New ones go to the tail: a list is in the order of sequence numbers. */
#ifndef CF_RDATA_H
#define CF_RDATA_H

#include "cfemu/engine/cf_call.h"

int cf_command_rdata_read(struct cf_call *call);
int cf_command_rdata_readall(struct cf_call *call);
int cf_command_rdata_readbyconn(struct cf_call *call);
int cf_command_rdata_delete(struct cf_call *call);
int cf_command_rdata_deletebyconn(struct cf_call *call);

/* Write or delete record data of a connection as a lock operation asks; all of it or nothing. 0, NO_ENTRY, STRUCTURE_FULL. */
int cf_rdata_with(struct cf_call *call, const uint8_t *block, uint32_t conid, uint8_t *result);

/* Has the connection record data? */
bool cf_rdata_any(struct cf_structure *s, uint32_t conid);

/* Delete what the connection has, each entry a transaction of its own. */
void cf_rdata_end(struct cf *cf, struct cf_structure *s, uint32_t conid);

#endif
