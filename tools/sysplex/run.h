/* One run, from nothing to the summary: boot the images, run the job on all of them, check what was captured. */
#ifndef SYSPLEX_RUN_H
#define SYSPLEX_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/sysplex/capture.h"
#include "tools/sysplex/definition.h"
#include "tools/sysplex/image.h"
#include "tools/sysplex/network.h"
#include "tools/sysplex/rundir.h"
#include "tools/sysplex/segment.h"
#include "tools/tuplecheck/tuplecheck.h"

enum { BOOT_MS_MAX = 20000 };   /* an image is ready within 3 s; a machine may be slow or busy */

enum exit_code { EXIT_AS_EXPECTED = 0, EXIT_NOT_AS_EXPECTED = 1, EXIT_NOT_RUN = 2, EXIT_INTERRUPTED = 130 };

struct run_options {
    const char *config;
    const char *images;                 /* names, or NULL: all */
    uint64_t connections, hold;         /* UINT64_MAX: as the definition says */
    const char *clusterports;           /* "ON", "OFF", "1" */
    const char *commands;               /* script of operator commands in place of the job, or NULL */
    bool keep, json, verbose;
    char kill_system[DEFINED_NAME_SIZE];    /* kill this system's image ... */
    unsigned kill_percent;              /* ... when its job is so far */
};

struct run {
    const struct run_options *options;
    struct definition definition;
    struct rundir rundir;
    struct network network;
    struct segments segments;
    pid_t server;
    struct capture capture;
    struct image images[DEFINED_SYSTEMS_MAX];
    unsigned image_count;
    struct image_plan plan;
    int signals;                        /* descriptor that delivers them */
    int interrupted;                    /* by this signal */
    bool helper_ended;                  /* the server or the capture, which nobody asked to */
    bool job_stalled;
    uint64_t job_sum, job_moved_ms;     /* what all jobs have done, when that last changed */
    uint64_t next_live_ms;              /* when the live line is due */
    uint32_t trouble_told;              /* bit i: that images[i] has stopped has been told */

    uint64_t began_ms, booted_ms, job_began_ms, job_ended_ms, ended_ms;
    char segment_name[SEGMENT_NAME_SIZE];   /* outlives the segment, for the summary */
    int cf_findings;
    bool capture_complete;
    struct capture_counts captured;
    struct tuplecheck check;
};

/* Take events until done() says 1; 0 then. Or its negative result, -EINTR on a signal, -ECHILD if a helper has ended,
 * -ETIMEDOUT after ms_max. */
int run_events(struct run *r, int (*done)(struct run *), uint64_t ms_max);

/* Everything. The exit code. */
int run_sysplex(const struct run_options *options);

#endif
