/* The report of a run: report.html in its run directory, one file that stands alone: nothing in it is fetched from anywhere. */
#ifndef SYSPLEX_REPORT_H
#define SYSPLEX_REPORT_H

#include <stdbool.h>

#include "tools/sysplex/summary.h"

/* Write it. false, told: it could not be written. */
bool report_write(const struct run *r, const struct reasons *reasons);

#endif
