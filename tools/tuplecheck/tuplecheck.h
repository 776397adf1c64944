/* The judge: reads captures and says whether the cluster kept every 4-tuple to one image at a time. Used by the program
 * of this name and, in process, by `sysplex run`. */
#ifndef TUPLECHECK_H
#define TUPLECHECK_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/tuplecheck/flow.h"

enum verdict { VERDICT_UNIQUE = 0, VERDICT_COLLISION = 1, VERDICT_UNKNOWN = 2 };   /* also the exit codes */

enum { DAMAGE_MAX = 16 };       /* files whose damage is told in words; all are counted */

struct tuplecheck {
    const char *const *files;
    size_t file_count;
    struct flow_table flows;
    uint64_t packets;
    uint64_t kinds[PACKET_KINDS];
    int64_t first_ns, last_ns;
    char *damage[DAMAGE_MAX];
    size_t damage_count;
    bool out_of_memory;
};

/* Read the files through. addresses: the cluster's DVIPAs in host byte order, or none (see flow.h). The arrays must
 * outlive the result. What went wrong is part of the result. */
void tuplecheck_files(struct tuplecheck *t, const char *const *files, size_t file_count, const uint32_t *addresses,
                      size_t address_count);
void tuplecheck_free(struct tuplecheck *t);

enum verdict tuplecheck_verdict(const struct tuplecheck *t);

/* Why it is VERDICT_UNKNOWN, or what limits another verdict, one line each; number of lines. */
int tuplecheck_doubts(const struct tuplecheck *t, void (*line)(void *context, const char *text), void *context);

/* The result as text. shown: collisions listed at most. colour: with terminal colours. */
void tuplecheck_print(const struct tuplecheck *t, FILE *out, unsigned shown, bool colour);
cJSON *tuplecheck_json(const struct tuplecheck *t, unsigned shown);     /* NULL: no memory */

#endif
