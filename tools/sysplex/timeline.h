/* The events of a Sysplex that has ended (events.jsonl), read again, and drawn: a lane for each system.
 *
 *            ┌──┬────────────┬──────────┬──┬─────────────────────────────┐
 *      MVS2  │  │ ready      │ killed   │  │ ready                       │   above: what it did for the sysplex,
 *            └──┴────────────┴──────────┴──┴─────────────────────────────┘   below: a line while a job runs
 *            0 s            2 s                4 s                    6 s
 */
#ifndef SYSPLEX_TIMELINE_H
#define SYSPLEX_TIMELINE_H

#include <stdint.h>
#include <stdio.h>

#include "tools/sysplex/definition.h"

struct timeline_event {
    uint64_t ms;                /* since "up" */
    char system[DEFINED_NAME_SIZE];
    char event[16];
    char *text;
};

struct timeline {
    struct timeline_event *events;
    size_t count;
};

/* Read the file. 0 or -errno; timeline_free() is right after either. */
int timeline_read(struct timeline *t, const char *path);
void timeline_free(struct timeline *t);

/* Draw it as SVG. */
void timeline_svg(const struct timeline *t, const struct definition *d, FILE *out);

#endif
