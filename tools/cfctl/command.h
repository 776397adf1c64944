/* A command of cfctl.
 *
 * To add one: a file with a `const struct command NAME_command`, its declaration below, its line in the table of cfctl.c,
 * its object in cfctl.mk. A command gets the facility open if it says so, writes its answer to standard output and
 * returns an exit code; what goes wrong it says with trouble(). */
#ifndef CFCTL_COMMAND_H
#define CFCTL_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "cfemu/engine/cf.h"

enum { EXIT_OK = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };    /* argp: 64 for wrong usage */

#define ARGUMENTS_MAX 8u

/* What the user typed. */
struct request {
    const char *facility;                   /* the first argument: name of the facility's segment */
    const char *argument[ARGUMENTS_MAX];    /* those that follow it */
    unsigned count;
    const char *cfname;                     /* --cfname */
    uint64_t size;                          /* --size, bytes */
    bool json;                              /* --json */
    double interval;                        /* --interval, seconds; 0 = not given */
    unsigned times;                         /* --times */
    const char *polname;                    /* --polname */
};

struct command {
    const char *name;
    const char *arguments;      /* as --help shows them */
    const char *purpose;        /* likewise, at most 75 characters */
    unsigned least, most;       /* arguments that follow the facility */
    bool opens;                 /* works on an existing facility */
    int (*run)(struct cf *cf, const struct request *request);
};

extern const struct command create_command, remove_command, check_command;     /* facility.c */
extern const struct command pair_command, fail_command, activate_command;       /* pair.c */
extern const struct command duplex_command, rebuild_command;                    /* pair.c */
extern const struct command display_command;                                   /* display.c */
extern const struct command list_command, locks_command;                       /* list.c */
extern const struct command statistics_command;                                /* statistics.c */
extern const struct command policy_command;                                    /* policy.c */
extern const struct command dump_command, restore_command;                     /* dump.c */

/* Say on standard error what could not be done with what, and why. Result: EXIT_TROUBLE. */
int trouble(const char *what, const char *name, const char *reason);

/* A negative errno of the engine in words. */
const char *why(int error);

#endif
