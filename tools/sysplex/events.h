/* What happened in a Sysplex, for reports and the dashboard: events.jsonl in its run directory, one JSON object a line, each
 * written whole before the next begins.
 *
 *   {"time":"2026-11-23T07:30:12.345Z","ms":1234,"system":"MVS3","event":"ready","text":"..."}
 *
 *   time    UTC, of this machine's clock
 *   ms      since "up", the first event
 *   system  the system that it is about or, for an event from a console, the one whose console says so: what concerns the
 *           sysplex is told by every system. "" for events of the Sysplex as a whole
 *   event   up        the Sysplex is being brought up; text: name, definition file
 *           sysplex-ready  all systems were ready
 *           down      it is being taken down
 *           ipl, ready, halted (in order), wait (disabled wait), stopped (hangs), killed, failed (its process has ended)
 *           capture   begins or ends; text: the file
 *           server    the outside server has ended
 *           operator  a command of the operator; text: the command
 *           and from the consoles, text: the message:
 *           joined, left           the sysplex group of the stacks
 *           partitioning, partitioned, fenced     a system leaves the sysplex
 *           takeover, moved        of a DVIPA
 *           recovered              the ports of a failed system are available again
 *           rebuild                of a structure
 *           job-started, job-ended
 *   text    may be empty */
#ifndef SYSPLEX_EVENTS_H
#define SYSPLEX_EVENTS_H

#include <stdint.h>
#include <stdio.h>

#include "tools/sysplex/incident.h"

struct events {
    FILE *out;                  /* NULL: not open, nothing is written */
    uint64_t began_ms;
    struct incidents incidents;
};

/* Open the file. 0 or -errno. */
int events_open(struct events *e, const char *path);
void events_close(struct events *e);

__attribute__((format(printf, 4, 5))) void events_write(struct events *e, const char *system, const char *event, const char *format, ...);

/* A console shows this line: an event if its message is one of those above. */
void events_line(struct events *e, const char *system, const char *line);

/* "2026-11-23T07:30:12.345Z". */
void events_time(char text[32]);

#endif
