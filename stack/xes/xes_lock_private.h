/* What the files of xes_lock share: messages, records and views, and each other's functions. Essay: xes_lock.h.
 *
 *   xes_lock.c            requests, PROCESSMULT, exits: the requester's side
 *   xes_lock_manager.c    decisions of an entry's manager, failures
 *   xes_lock_mail.c       messages in
 *   xes_lock_table.c      records and views, messages out, commands of the facility */
#ifndef XES_LOCK_PRIVATE_H
#define XES_LOCK_PRIVATE_H

#include "stack/xes/xes_lock.h"

/* Messages. Fields that one does not use are zero. */
enum {
    LM_TYPE = 0,                /* u8: enum lm_type */
    LM_STATE = 1,               /* u8 */
    LM_FLAGS = 2,               /* u8: LM_* */
    LM_NAMELEN = 3,             /* u8 */
    LM_ENTRY = 4,               /* u32 */
    LM_REASON = 8,              /* u32: DENY. NOTIFY: connection id of who waits */
    LM_SEQUENCE = 12,           /* u32: of the request; in its answers, too */
    LM_NAME = 16,               /* 64 bytes */
};
enum lm_type {
    LM_REQUEST = 1,             /* to the manager */
    LM_RELEASE,                 /* to the manager; LM_STATE: what is held still; with LM_SEQUENCE only if the grant of that
                                   request was the last thing */
    LM_GONE,                    /* to the manager: nothing of the entry is held any more */
    LM_GRANT,                   /* from the manager */
    LM_DENY,
    LM_RETRY,                   /* I am not the manager: ask the facility */
    LM_QUERY,                   /* from the manager: what do you hold? */
    LM_HELD,                    /* to the manager, for each */
    LM_ANSWERED,                /* to the manager: that was all */
    LM_NOTIFY,                  /* from the manager: somebody waits */
    LM_TAKEN,                   /* to the manager: the grant counts */
};
enum {                          /* LM_FLAGS */
    LM_CONDITIONAL = 0x80,      /* REQUEST */
    LM_FALSE = 0x40,            /* GRANT: the contention was false */
    LM_ALL = 0x20,              /* ANSWERED: what was not among the HELD is not held */
    LM_RECOVERING = 0x10,       /* REQUEST of who has reconnected, for what it had */
};

#define XL_LOST 0xFFFFu         /* instead of a response: no connectivity */

typedef struct xes_lock_record record;
typedef struct xes_lock_view view;

/* --- xes_lock_table.c --------------------------------------------------------------------------------------------- */

/* Sets of connection ids: bit 0 = high bit of word 0. */
bool xl_set_has(const uint64_t set[4], uint32_t conid);
void xl_set_put(uint64_t set[4], uint32_t conid, bool on);
bool xl_set_any(const uint64_t set[4]);
void xl_set_read(uint64_t set[4], const uint8_t *from);
uint32_t xl_self(const struct xes_lock *l);
uint32_t xl_hash_of(const struct xes_lock_request *r);

/* NULL: there is none; _get: and no room for another. */
view *xl_view_find(struct xes_lock *l, uint32_t index);
view *xl_view_get(struct xes_lock *l, uint32_t index);

/* Forget the entry if there is nothing to remember. */
void xl_view_put(struct xes_lock *l, view *v);
view *xl_view_of(struct xes_lock *l, const record *r);

/* The records of an entry, in the order of requests; NULL: no more. */
record *xl_first(struct xes_lock *l, const view *v);
record *xl_next(struct xes_lock *l, const record *r);
bool xl_same_name(const record *r, const uint8_t *name, uint8_t length);

/* NULL: there is none; _new: and no room for another. */
record *xl_record_find(struct xes_lock *l, const view *v, uint32_t owner, const uint8_t *name, uint8_t length);
record *xl_record_new(struct xes_lock *l, view *v, uint32_t owner, const uint8_t *name, uint8_t length);
void xl_record_free(struct xes_lock *l, record *r);

/* Is anything of the entry held or wanted by us? */
bool xl_own_any(struct xes_lock *l, const view *v);

/* Messages out. They wait until they can be sent. r: whose name goes along, or NULL. */
void xl_flush(struct xes_lock *l);
void xl_post(struct xes_lock *l, uint32_t conid, enum lm_type type, const view *v, const record *r, uint8_t state,
             uint8_t flags, uint32_t sequence, uint32_t reason);
void xl_tell(struct xes_lock *l, uint32_t conid, enum lm_type type, const view *v);

/* The operation block of a request for an entry; r: whose record data goes with it, or NULL. */
void xl_block_build(uint8_t *block, const view *v, uint8_t state, uint8_t options, uint32_t manager, const record *r);

/* The record data that went with an operation is there. */
void xl_record_written(record *r, const uint8_t *result);

/* Response, or XL_LOST. */
uint16_t xl_command(struct xes_lock *l, uint16_t code, const uint8_t *block, uint8_t result[LRES_SIZE]);

/* One operation on the entry. */
uint16_t xl_operate(struct xes_lock *l, uint16_t code, const view *v, uint8_t state, uint8_t options, uint32_t manager,
                    record *r, uint8_t result[LRES_SIZE]);

/* Our interest ends. MANAGE: we go on managing. Result: the manager now. */
uint32_t xl_interest_release(struct xes_lock *l, view *v, uint8_t options);

/* Record data of a resource that was released, where no RELEASE took it along. */
void xl_rdata_delete(struct xes_lock *l);
void xl_rdata_delete_later(struct xes_lock *l, record *r);

/* A request of our own is done. */
void xl_finish(struct xes_lock *l, record *r, uint32_t reason);

/* Reason code of a response, return code of a reason. */
uint32_t xl_reason_of(uint16_t response);
int xl_rc_of(uint32_t reason);

/* --- xes_lock_manager.c ------------------------------------------------------------------------------------------- */

/* Something changed in an entry that we manage: grant what can be granted. */
void xl_decide(struct xes_lock *l, view *v);

/* The lock table says that we are manager now, beside these. */
void xl_become_manager(struct xes_lock *l, view *v, const uint8_t *result);

/* --- xes_lock.c --------------------------------------------------------------------------------------------------- */

/* Send the request to the manager; begin a request. */
void xl_ask_manager(struct xes_lock *l, view *v, record *r);
void xl_start(struct xes_lock *l, record *r);

/* What we have asked a manager that failed begins again. */
void xl_restart(struct xes_lock *l, uint32_t manager);

/* Drive the exits that are due. They may call us again; the outermost call goes on with what is due then. */
void xl_drive(struct xes_lock *l);

/* --- xes_lock_mail.c ---------------------------------------------------------------------------------------------- */

/* Tell the manager what we hold. */
void xl_account(struct xes_lock *l, uint32_t manager, const view *v, uint8_t flags);

#endif
