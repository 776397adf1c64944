/* The lock table of a lock structure: who has interest in resources of each hash. What the operations mean stands in
 * cf_arch.h ("lock structures"); here is what is stored.
 *
 *   entry of one word (MAXCONN up to 55)       63  62 …………………………… 8   7 …… 0
 *                                               0  connection 1 … 55    manager, 255 = orphan
 *
 *   entry of five words                        manager │ bit map of connections 0 … 255, bit 0 = high bit
 *
 * Invariants:
 *   no manager      every interest is shared, and no failed-persistent connection's
 *   manager m       m is a connection, active or failed
 *   orphan          somebody has interest
 *
 * The width is fixed when the structure is allocated, as on the real machine, so that the table is an array and an
 * operation is one or two stores. The usual case, one word, is what makes a lock as cheap as it is. */
#ifndef CF_LOCKTABLE_H
#define CF_LOCKTABLE_H

#include "cfemu/engine/cf_call.h"

/* An entry, unpacked. */
struct cf_interest {
    uint32_t manager;           /* connection id, 0 = none, CF_LOCK_ORPHAN */
    uint32_t words;             /* of the bit map: 1 or 4; the others are zero */
    uint64_t holders[4];        /* bit map of connection ids, bit 0 = high bit of word 0 */
};

int cf_command_obtain(struct cf_call *call);
int cf_command_alter(struct cf_call *call);
int cf_command_release(struct cf_call *call);
int cf_command_processmult(struct cf_call *call);
int cf_command_lock_readbyconn(struct cf_call *call);

void cf_interest_load(struct cf_structure *s, uint32_t index, struct cf_interest *e);

static inline bool cf_interest_of(const struct cf_interest *e, uint32_t conid)
{
    return e->holders[conid / 64] >> (63 - conid % 64) & 1;
}

/* Has the connection interest in any entry? */
bool cf_table_interest(struct cf_structure *s, uint32_t conid);

/* The connection fails and is kept, or is gone for good: end its interest, or what of it is not retained. An entry at a
 * time, each a transaction of its own. */
void cf_table_end(struct cf_structure *s, uint32_t conid, bool keep);

#endif
