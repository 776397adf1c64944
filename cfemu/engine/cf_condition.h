/* What the requests of a list structure have in common: which fields of the message a request may use, the conditions
 * under which it is done, and what else it changes when it is done.
 *
 *   validate ─► begin: authority, lock ─► find the entry ─► compare: list, version, key ─► the work ─► end: authority, lock
 *
 * Up to and with compare nothing is changed (but a place in the queue of the lock), so a request that is refused leaves
 * everything as it was. The structure's mutex is held; results are enum cf_response. */
#ifndef CF_CONDITION_H
#define CF_CONDITION_H

#include "cfemu/engine/cf_call.h"

/* What a request may use. All have the authority and lock operations. */
struct cf_uses {
    uint8_t options;        /* CF_OPT_* */
    uint8_t options2;       /* CF_OPT2_*; AUTH_SET and LOCKCOMP are always allowed */
    bool locate;            /* MCB_LOCATE must find an entry; else it must be 0 */
    bool compare;           /* version, key and list comparison */
    uint8_t versupdate;     /* highest value of each, 0 = unused */
    uint8_t entrytype;
    uint8_t cursor;
    uint8_t keytype;
    uint8_t dataoper;
};

int cf_validate(struct cf_call *call, const struct cf_uses *uses);

/* MCB_LOCATE and the fields that go with it, and MCB_LIST. */
int cf_locate_validate(struct cf_call *call);

/* Is MCB_DATALEN right for a request that writes an entry's data? */
int cf_data_validate(struct cf_call *call);

/* 0, AUTHORITY_MISMATCH, LOCK_HELD, LOCK_QUEUED, LOCK_NOT_HELD. */
int cf_begin(struct cf_call *call);

/* The request is done: replace the authority, obtain or release the lock. */
void cf_end(struct cf_call *call);

/* A part of the request is done, a restart follows: only obtain the lock. */
void cf_pause(struct cf_call *call);

/* 0, LIST_MISMATCH, VERSION_MISMATCH, KEY_MISMATCH. */
int cf_compare(struct cf_call *call, const struct cf_entry *entry);

/* Report the entry; a mismatch reports it too, so that the caller can go on from what is there. */
void cf_report(struct cf_call *call, uint32_t number, const struct cf_entry *entry);

/* Give the entry's data and adjunct to the caller, as asked. 0, BUFFER_FULL. */
int cf_fetch(struct cf_call *call, struct cf_entry *entry);

/* Replace the entry's data by that of the message; there is room for it. */
void cf_data_replace(struct cf_call *call, struct cf_entry *entry);

void cf_version_update(struct cf_call *call, struct cf_entry *entry);

/* LIST_CURSOR, of the list that holds the entry now. */
void cf_cursor_update(struct cf_call *call, uint32_t number, const struct cf_entry *entry);

/* Is there room? more_entries 0 or 1; elements that the list and the structure have now on behalf of the entry, and
 * will have. 0, LIST_FULL, STRUCTURE_FULL. */
struct cf_need {
    uint32_t list;
    uint32_t list_entries, list_elements, list_elements_now;
    uint32_t entries, elements, elements_now;
};
int cf_room(struct cf_structure *s, const struct cf_need *need);

static inline bool cf_option(const struct cf_call *call, uint8_t bit)
{
    return call->mcb[MCB_OPTIONS] & bit;
}

static inline bool cf_option2(const struct cf_call *call, uint8_t bit)
{
    return call->mcb[MCB_OPTIONS2] & bit;
}

#endif
