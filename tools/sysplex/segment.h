/* The shared-memory segments of one run, one for each coupling facility, and those that killed runs left. */
#ifndef SYSPLEX_SEGMENT_H
#define SYSPLEX_SEGMENT_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/sysplex/definition.h"

enum { SEGMENT_NAME_SIZE = 64 };

struct segment_owned {
    char name[SEGMENT_NAME_SIZE];       /* as shared memory object; empty: none */
    int lock;                           /* descriptor that holds the owner's lock */
};

struct segments {
    struct segment_owned cf[DEFINED_CFS_MAX];       /* as in the definition */
    unsigned count;
};

/* Create and own a segment for each CF of the definition, make two of them a pair, and make the CFRM policy active if the
 * definition names one. 0 or -errno, told. */
int segments_create(struct segments *s, const struct definition *d);

/* Check every invariant of them; findings go to report. Number of findings, or -errno, told. */
int segments_check(const struct segments *s, FILE *report);

/* CF number cf is lost, for all systems at once. 0 or -errno, told. */
int segment_fail(const struct segments *s, unsigned cf);

/* It comes back, empty. 0 or -errno, told. */
int segment_activate(const struct segments *s, unsigned cf);

void segments_remove(struct segments *s);

/* Remove the segments whose owner has ended without doing so; each is told. Number removed. */
int segment_clean(void);

#endif
