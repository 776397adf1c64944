/* What a run needs of this machine. */
#ifndef SYSPLEX_REQUIREMENTS_H
#define SYSPLEX_REQUIREMENTS_H

#include "tools/sysplex/rundir.h"

/* Each thing that is missing is told with what to do about it, a line each. Number of them. */
unsigned requirements_missing(const struct rundir *r);

#endif
