/* One run, from nothing to the summary: boot the images, run the job on all of them, check what was captured. */
#ifndef SYSPLEX_RUN_H
#define SYSPLEX_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/sysplex/exits.h"
#include "tools/sysplex/plex.h"
#include "tools/tuplecheck/tuplecheck.h"

struct run_options {
    struct plex_options plex;
    uint64_t connections, hold;         /* UINT64_MAX: as the definition says */
    const char *commands;               /* script of operator commands in place of the jobs and the story, or NULL */
    bool json, verbose;
    char kill_system[DEFINED_NAME_SIZE];    /* kill this system's image ... */
    unsigned kill_percent;              /* ... when its job is so far */
};

struct run {
    const struct run_options *options;
    struct plex plex;
    bool is_script;             /* commands in place of the jobs */
    bool job_stalled;
    bool story_told, story_broken;      /* to its end, or not */
    pid_t dashboard;                    /* that records, or takes a picture, 0: none */
    uint64_t job_sum, job_moved_ms;     /* what all jobs have done, when that last changed */
    uint64_t next_live_ms;              /* when the live line is due */
    uint32_t trouble_told;              /* bit i: that image i has stopped has been told */

    uint64_t job_began_ms, job_ended_ms, ended_ms;
    char segment_name[SEGMENT_NAME_SIZE];   /* outlives the segment, for the summary */
    size_t death_count;                     /* of the roster, before the end of all */
    int cf_findings;
    bool capture_complete;
    struct capture_counts captured;
    struct tuplecheck check;
};

/* Everything. The exit code. */
int run_sysplex(const struct run_options *options);

#endif
