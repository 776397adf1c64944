/* What is in a coupling facility, as text. Each function collects under the locks and leaves the writing to the caller:
 * no output while a structure is held. */
#ifndef CFCTL_DISPLAY_H
#define CFCTL_DISPLAY_H

#include <stdio.h>

#include "cfemu/engine/cf_segment.h"

enum { DISPLAY_OK = 0, DISPLAY_NO_STRUCTURE, DISPLAY_NO_LIST, DISPLAY_BUSY };

/* The facility: storage, structures, attached processes. */
int display_facility(struct cf *cf, FILE *to);

/* A structure: attributes, use, connections, locks held and who waits, statistics. name: blank padded, 16 bytes. */
int display_structure(struct cf *cf, const uint8_t *name, FILE *to);

/* The entries of a list, or of all lists that have any (list < 0). */
int display_entries(struct cf *cf, const uint8_t *name, long list, FILE *to);

#endif
