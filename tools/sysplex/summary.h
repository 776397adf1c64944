/* What a run showed: text for people (and summary.txt), JSON for programs (summary.json), and the report (report.h). */
#ifndef SYSPLEX_SUMMARY_H
#define SYSPLEX_SUMMARY_H

#include <stdbool.h>

#include "tools/sysplex/run.h"

enum { REASONS_MAX = 64 };

/* Why a run is not what it should be. */
struct reasons {
    char text[REASONS_MAX][256];
    unsigned count;
};

/* Sums over the jobs of all images. */
struct totals {
    uint64_t done, answered, failed, peak, ports;
};

struct totals summary_totals(const struct run *r);

/* The verdict in a sentence. */
const char *summary_verdict(const struct run *r, const struct reasons *rs);

/* The tally of an image by the MAC address its stack sends from; NULL: it sent nothing that opened a connection. */
const struct tally *summary_wire(const struct run *r, const struct image *image);

/* Judge, write the files, print. true: the run showed what it should. With CLUSTERPORTS: every connection answered, all
 * from the addresses of the jobs, none sharing its 4-tuple, nothing missing from the capture, a valid coupling facility, each
 * system that failed removed. Without: at least one collision. What commands in place of the jobs show is
 * for their reader to judge, but not collisions and the coupling facilities; the summary goes to the files only. */
bool summary_report(const struct run *r);

#endif
