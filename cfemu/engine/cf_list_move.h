/* MOVE: an entry goes to another list, or to another place or key of its list, and is read or written on the way; all of it
 * is one command. With DATAOPER=WRITE and ENTRYTYPE=ANY an entry that does not exist is created on the target list. */
#ifndef CF_LIST_MOVE_H
#define CF_LIST_MOVE_H

#include "cfemu/engine/cf_call.h"

int cf_command_move(struct cf_call *call);

#endif
