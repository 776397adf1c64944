/* The sysplex definition file: what one Sysplex consists of. Read before anything is started.
 *
 * A file of lines `KEYWORD value`. SYSPLEX, CF, SERVER, JOB and SYSTEM each begin a section; the keywords after it, indented
 * by habit, belong to it. There may be several of CF, JOB and SYSTEM. `#` begins a comment. Keywords and names are written in any case.
 * config/threeway.conf shows those that must be there, fig6.conf, xcf.conf and remote.conf the others. */
#ifndef SYSPLEX_DEFINITION_H
#define SYSPLEX_DEFINITION_H

#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { DEFINED_SYSTEMS_MAX = 32, DEFINED_CFS_MAX = 2, DEFINED_JOBS_MAX = 8, DEFINED_NAME_SIZE = 9 };
enum { DEFINED_INTERVAL_S = 10, DEFINED_CLEANUP_S = 15 };       /* where the file says nothing */

struct cf_definition {
    char name[DEFINED_NAME_SIZE];
    uint64_t size;                      /* bytes */
    unsigned line;
};

struct system_definition {
    char name[DEFINED_NAME_SIZE];
    uint64_t number;                    /* 1..32; also the last byte of its MAC address */
    char profile[PATH_MAX];
    uint64_t link_ms;                   /* it reaches the CFs over links with this interval (cfd); 0: directly */
    unsigned line;
};

/* The MAC address of its LCS adapter. */
static inline uint64_t system_mac(const struct system_definition *system)
{
    return 0x020000000000u | system->number;
}

struct job_definition {
    char name[DEFINED_NAME_SIZE];
    char program[DEFINED_NAME_SIZE];
    uint64_t connections, hold;         /* on each system */
    uint64_t rate;                      /* connections a second on each; 0: as fast as they go */
    struct in_addr source;              /* the one address all of its connections must come from */
    char systems[DEFINED_SYSTEMS_MAX * DEFINED_NAME_SIZE];      /* "MVS1,MVS2"; empty: all */
    unsigned line;
};

struct definition {
    char path[PATH_MAX];
    char sysplex[DEFINED_NAME_SIZE];
    char policy[PATH_MAX];              /* CFRM policy of all CFs; empty: none, every structure is allowed */
    uint64_t interval_s, cleanup_s;     /* failure detection and cleanup interval of XCF, as in COUPLExx */
    struct cf_definition cfs[DEFINED_CFS_MAX];      /* two are a pair: structures are rebuilt and duplexed between them */
    unsigned cf_count;
    struct in_addr server;              /* the outside server */
    uint64_t server_prefix;             /* length of the network's prefix */
    uint64_t server_port;
    struct job_definition jobs[DEFINED_JOBS_MAX];
    unsigned job_count;
    char story[PATH_MAX];               /* script of commands (script.h) that a run does while the jobs run; empty: none */
    struct system_definition systems[DEFINED_SYSTEMS_MAX];
    unsigned system_count;
};

/* Read path into *d. The path of a profile or a policy is taken relative to the file's folder. Each mistake is reported as
 * "file:line: what is wrong, what was expected". Number of mistakes; *d is to be used only if it is 0. */
unsigned definition_read(const char *path, struct definition *d, FILE *mistakes);

/* The operator command that starts it: a card. */
void definition_job_command(const struct definition *d, const struct job_definition *job, char command[81]);

/* Does the job run on the system of this name? */
bool definition_job_runs(const struct job_definition *job, const char *system);

/* Leave only the systems of a list "MVS1,MVS3". Number of mistakes, reported as above. */
unsigned definition_select(struct definition *d, const char *list, FILE *mistakes);

#endif
