/* What a run showed: text for people (and summary.txt), JSON for programs (summary.json). */
#ifndef SYSPLEX_SUMMARY_H
#define SYSPLEX_SUMMARY_H

#include <stdbool.h>

#include "tools/sysplex/run.h"

/* Judge, write the files, print. true: the run showed what it should. With CLUSTERPORTS: every connection answered, all
 * from the one address, none sharing its 4-tuple, nothing missing from the capture, a valid coupling facility. Without:
 * at least one collision. */
bool summary_report(const struct run *r);

#endif
