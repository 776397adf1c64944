/* What a job says of itself on its system's console, one line a message:
 *
 *   CFS100I CONNGEN PROGRESS OPENED=n DONE=n FAILED=n HELD=n
 *   CFS102I CONNGEN FAILURE reason COUNT=n
 *   CFS101I CONNGEN ENDED DONE=n ANSWERED=n FAILED=n PEAK=n PORTS=n ASSIGN_NS=average
 */
#ifndef SYSPLEX_JOB_H
#define SYSPLEX_JOB_H

#include <stdbool.h>
#include <stdint.h>

enum { JOB_REASONS_MAX = 16, JOB_REASON_SIZE = 24 };

struct job_reason {
    char reason[JOB_REASON_SIZE];
    uint64_t count;
};

struct job {
    bool started, ended;
    uint64_t opened, done, failed, held;
    uint64_t answered, peak, ports, assign_ns;      /* known at the end */
    struct job_reason reasons[JOB_REASONS_MAX];
    unsigned reason_count;
};

/* Take in a console line. true: it was a message of the job of this name, and has been understood. */
bool job_message(struct job *job, const char *name, const char *line);

/* Add a job's figures to a sum, which has ended if all in it have. The peaks are added, too; assign_ns is the average. */
void job_add(struct job *sum, const struct job *job);

/* How far the job is, 0 .. 100: each connection counts when it is opened and when it is done. */
unsigned job_percent(const struct job *job, uint64_t connections);

#endif
