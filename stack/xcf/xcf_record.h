/* Member records in list 0 of the signalling structure, for the files of stack/xcf.
 *
 *   adjunct   0  state          1  system number     2  partitioner (number)   3  reason (enum xcf_reason)
 *             4  connection id  8  system name (8)  16  joined (us)            24  status time stamp (us)
 *            32  connection version                 36  interval (s, u16)      40  joined of the partitioner (us)
 *
 * Messages of XCF itself carry such an adjunct as data. */
#ifndef XCF_RECORD_H
#define XCF_RECORD_H

#include "stack/xcf/xcf.h"

enum record_state { RECORD_ACTIVE = 1, RECORD_FAILED = 2, RECORD_LEFT = 3, RECORD_REMOVING = 4 };

enum {
    REC_STATE = 0, REC_NUMBER = 1, REC_PARTITIONER = 2, REC_REASON = 3, REC_CONID = 4, REC_NAME = 8, REC_JOINED = 16,
    REC_STATUS = 24, REC_CONVERSION = 32, REC_INTERVAL = 36, REC_PARTITIONER_JOINED = 40,
};

/* Messages of XCF itself: the group is blank. */
#define XCF_OWN_GROUP ""
enum { TYPE_JOINED = 1, TYPE_GONE = 2, TYPE_REMOVING = 3, TYPE_STOPPED = 4 };

/* Read the record of a system: true and *adjunct, *version if there is one. *rc tells a lost CF from "none". */
bool xcf_record_read(struct xcf *xcf, uint8_t number, uint8_t adjunct[CF_ADJUNCT_SIZE], uint64_t *version, int *rc);

/* Write the record of member. expected: NULL, or the version that the record must still have. Return code of IXLLIST; *reason may
 * be NULL. */
int xcf_record_write(struct xcf *xcf, struct xcf_member *member, enum record_state state, const uint64_t *expected, uint32_t *reason);

/* Send a message of XCF itself that carries a record. */
void xcf_record_send(struct xcf *xcf, uint8_t to, uint16_t type, const struct xcf_member *about, enum record_state state);

void xcf_record_get(struct xcf_member *member, const uint8_t *adjunct, uint64_t version);

/* The member is none any more: it has left in order, or its removal, for member->reason, is complete. Tell the operator, drive
 * the group exits. */
void xcf_member_removed(struct xcf *xcf, struct xcf_member *member, bool left);

/* Read all that stands in this system's queue. False: the CF is busy, there may be more. */
bool xcf_queue_empty(struct xcf *xcf);

#endif
