/* The list commands: READ, WRITE, DELETE. Each first validates the message against the structure, then tries the lock
 * operation, finds the entry, compares, sees to storage; only then it changes anything, so that every refusal leaves
 * everything as it was. The structure's mutex is held; results are enum cf_response. */
#ifndef CF_LIST_H
#define CF_LIST_H

#include "cfemu/engine/cf_call.h"

int cf_command_read(struct cf_call *call);
int cf_command_write(struct cf_call *call);
int cf_command_delete(struct cf_call *call);

#endif
