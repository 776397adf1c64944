/* What became of systems that failed: when each step from the failure to the system's next life was made, as the consoles
 * told it. Fed with the events (events.h) as they are written; the summary and the report of a run show it, scripts wait for
 * its steps.
 *
 *   killed, failed, wait, stopped ──► partitioning ──► partitioned ──► recovered
 *                                                          │     └───► takeover        ipl ──► ready
 *                                                          └───────────────────────────►│
 */
#ifndef SYSPLEX_INCIDENT_H
#define SYSPLEX_INCIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/sysplex/definition.h"

enum { INCIDENTS_MAX = 512 };           /* kept; all are counted */

enum incident_step {
    INCIDENT_PARTITIONING,              /* IXC101I: a survivor has noticed */
    INCIDENT_PARTITIONED,               /* IXC105I: fenced, out of the sysplex; when the last survivor says so */
    INCIDENT_RECOVERED,                 /* EZD1304I: its ports are available again; when the last of those who recovered says so */
    INCIDENT_TAKEOVER,                  /* EZZ8301I: its addresses are on other systems */
    INCIDENT_IPL,
    INCIDENT_READY,
    INCIDENT_STEPS
};

struct incident {
    char system[DEFINED_NAME_SIZE];
    char how[16];                       /* the event it began with */
    uint64_t began_ms;                  /* since the event "up" */
    uint64_t ms[INCIDENT_STEPS];        /* the same; 0: not made */
    uint64_t ports;                     /* recovered */
    char noticed_by[DEFINED_NAME_SIZE];
    char taken_over[64];                /* "10.1.9.1 by MVS5, ..." */
};

struct incidents {
    struct incident list[INCIDENTS_MAX];
    unsigned count, lost;               /* lost: beyond INCIDENTS_MAX */
};

/* An event, as events_write() has it. */
void incident_event(struct incidents *all, uint64_t ms, const char *system, const char *event, const char *text);

/* The latest incident of a system, NULL: none. */
const struct incident *incident_latest(const struct incidents *all, const char *system);

/* The step of this name ("partitioned"), -1: there is none. */
int incident_step(const char *name);
const char *incident_step_name(enum incident_step step);

/* Milliseconds from the failure to a step that has been made. */
uint64_t incident_ms(const struct incident *i, enum incident_step step);

#endif
