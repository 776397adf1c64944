/* Where the Sysplex is that is to be shown: its run directory, its segment. */
#ifndef CFDASH_PLACE_H
#define CFDASH_PLACE_H

#include "tools/sysplex/rundir.h"

struct place {
    struct rundir rundir;           /* path "": there is none, only a segment */
    char segment[256];
    char events[PATH_MAX];
};

/* The Sysplex of this name that is up; NULL: the one that was brought up last. 0, or -errno, told on standard error. */
int place_find(struct place *place, const char *name);

#endif
