/* The requests for one entry where it is: READ, WRITE, DELETE; what they have in common is in cf_condition.h. Others:
 * cf_list_move.h, cf_list_multi.h, cf_lcontrols.h, cf_sublist.h. */
#ifndef CF_LIST_H
#define CF_LIST_H

#include "cfemu/engine/cf_call.h"

int cf_command_read(struct cf_call *call);
int cf_command_write(struct cf_call *call);
int cf_command_delete(struct cf_call *call);

/* Does the name that the message gives to a new entry belong to another one? */
bool cf_name_taken(struct cf_call *call);

#endif
