/* How a Sysplex does: state and load of its systems, space and requests of its coupling facilities. As one JSON object for
 * `sysplex status`, and every STATISTICS_MS a line of it in statistics.jsonl of the run directory:
 *
 *   {"time":"2026-11-23T07:30:12.345Z",
 *    "systems":[{"name":"MVS1","number":1,"state":"ready","pid":4711,"cpu_percent":1.5,"memory_kib":30120,"ready_ms":350}],
 *    "cfs":[{"name":"CF01","segment":"sysplex.PLEX1.CF01.4700","size":67108864,"free":50331648,"failed":false,
 *            "structures":[{"name":"EZBEPORT","requests":1234}]}]}
 *
 * cpu_percent: of one processor, since the last line or status. */
#ifndef SYSPLEX_STATISTICS_H
#define SYSPLEX_STATISTICS_H

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/sysplex/definition.h"

struct plex;
struct cf;

enum { STATISTICS_MS = 10000 };

struct statistics {
    FILE *out;
    struct plex *plex;
    struct cf *cf[DEFINED_CFS_MAX];             /* views to read from */
    struct {
        uint64_t ticks, at_ms;
        double percent;
    } last[DEFINED_SYSTEMS_MAX];                /* processor time of an image, when that was */
};

/* Begin to write lines. 0 or -errno, told. */
int statistics_open(struct statistics *s, struct plex *p);
void statistics_close(struct statistics *s);

/* The object above, to be deleted by the caller. */
cJSON *statistics_json(struct statistics *s);

#endif
