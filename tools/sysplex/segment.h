/* The coupling facility's shared-memory segment of one run, and those that killed runs left. */
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

/* Create the segment, own it, and make its CFRM policy active if the definition names one. 0 or -errno, told. */
int segment_create(struct segment_owned *s, const struct definition *d);

/* Check every invariant of it; findings go to report. Number of findings, or -errno, told. */
int segment_check(const struct segment_owned *s, FILE *report);

void segment_remove(struct segment_owned *s);

/* Remove the segments whose owner has ended without doing so; each is told. Number removed. */
int segment_clean(void);

#endif
