/* The requests for many entries: READ_LIST, READ_MULT, DELETE_MULT, DELETE_ENTRYLIST.
 *
 * Each ends after a bounded amount of work (CF_MULTI_ENTRIES, CF_MULTI_EXAMINED, the caller's buffer, the undo log), so that
 * others get the structure in between, and goes on with a restart token. One part is atomic, a request of several parts is
 * not: entries may come and go between them.
 *
 *   walk of a list      in its order, token = entry (number, low half of its sequence)    READ_LIST, and with LISTCOMP
 *   walk of everything  in order of entry numbers, token = number                         READ_MULT, DELETE_MULT
 *   walk of the data    token = index                                                     DELETE_ENTRYLIST
 *
 * A walk of everything gives each entry that stays where it is exactly once, whatever else happens; so does the walk of a
 * list, or it ends with CF_RSP_RESTART_GONE. DELETE_MULT then simply begins again: what it has passed over stays. */
#ifndef CF_LIST_MULTI_H
#define CF_LIST_MULTI_H

#include "cfemu/engine/cf_call.h"

int cf_command_read_list(struct cf_call *call);
int cf_command_read_mult(struct cf_call *call);
int cf_command_delete_mult(struct cf_call *call);
int cf_command_delete_entrylist(struct cf_call *call);

#endif
