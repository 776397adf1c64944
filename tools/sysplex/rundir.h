/* Where things are, and the run directory: build/run/<date-time>, `latest` is the newest. It holds everything a run made
 * (configuration, consoles, capture, summary) and is kept after it; the oldest are removed when a new run begins. */
#ifndef SYSPLEX_RUNDIR_H
#define SYSPLEX_RUNDIR_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct rundir {
    char build[PATH_MAX / 2];   /* folder that `make` builds in, found from where this program is */
    char path[PATH_MAX - 256];  /* the run directory; room is left for names in it */
    int lock;                   /* held while the run lasts */
};

enum { RUNS_KEPT = 5 };

/* Find the build folder. 0 or -errno, told. */
int rundir_find_build(struct rundir *r);

/* Make a new run directory, remove old ones beyond RUNS_KEPT. keep: mark it as never to be removed. 0 or -errno, told. */
int rundir_make(struct rundir *r, bool keep);

/* Remove the directories of all ended runs that are not marked to be kept, but for the newest `spared`. Number removed. */
int rundir_clean(const struct rundir *r, unsigned spared);

/* The run is over: its directory may be removed by a later one. */
void rundir_close(struct rundir *r);

/* Path of a file in the run directory; the result is valid until the next call. */
__attribute__((format(printf, 2, 3))) const char *rundir_file(const struct rundir *r, const char *format, ...);

#endif
