/* The way of a command into a structure and out of it: used by the dispatcher, and by CONNECT and DISCONNECT, which hold
 * the directory as well. */
#ifndef CF_MESSAGE_H
#define CF_MESSAGE_H

#include "cfemu/engine/cf_call.h"

/* What the statistics want to know of a command. */
struct cf_served {
    uint64_t started;       /* ticks */
    bool waited;            /* the structure was held by another command */
    bool from_dead;         /* ... of a process that died */
    bool synchronous;       /* the caller stands still for it: cf_message_within() */
};

/* Lock the structure that the message names and find the connection; sets call->s, conn, conid. 0: the caller is to
 * unlock *slot. BUSY, NO_STRUCTURE, NO_CONNECTION: nothing is locked. */
int cf_structure_enter(struct cf_call *call, struct cf_slot **slot, struct cf_served *served);

/* Count a command that ended with a response. The structure's mutex is held. */
void cf_count(struct cf_structure *s, enum cf_stat_command command, int response, const struct cf_served *served);

/* Fill in how full the structure is. */
void cf_report_counts(struct cf_call *call, const struct cf_structure *s);

#endif
