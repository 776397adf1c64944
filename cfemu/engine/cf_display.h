/* What an operator's display shows of a structure, for those who reach the CF by messages only. (Who maps the segment takes a
 * snapshot: cf_snapshot.h.) Nothing is changed. */
#ifndef CF_DISPLAY_H
#define CF_DISPLAY_H

#include "cfemu/engine/cf_call.h"

/* READ_STRUCTURE: see cf_arch.h. It takes the locks it needs. */
int cf_command_read_structure(struct cf_call *call);

#endif
