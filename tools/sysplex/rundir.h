/* Where things are, and the run directory of a Sysplex: build/run/<date-time>, `latest` is the newest. Where build cannot be
 * written, $XDG_RUNTIME_DIR/sysplex, else /tmp/sysplex.<uid>, in place of build/run. It is kept after the Sysplex has ended;
 * the oldest are removed when a new one begins. In it:
 *
 *   owner             locked while the Sysplex lives          definition.conf, CFRM.policy   copies
 *   name              of the Sysplex among those that live    MVS1 ...       folders of the images: their configuration
 *   control           socket, while it lives                  MVS1.console ...   hardcopy logs, operlog: all in one
 *   supervisor.log    what it told since it was ready         server         the outside server's
 *   capture.pcap ...  with capture.images: who sends in it    events.jsonl, statistics.jsonl
 *
 * and of a run: summary.txt, summary.json, report.html, tuplecheck.txt, cf_check; dashboard.cfdash, what cfdash recorded, with
 * dashboard.png and ports.png. */
#ifndef SYSPLEX_RUNDIR_H
#define SYSPLEX_RUNDIR_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum { RUNS_KEPT = 5, RUN_NAME_SIZE = 33 };

/* Environment of what is started in a user namespace, where everybody is 0: who that is outside. */
#define RUNDIR_USER "SYSPLEX_USER"

struct rundir {
    char build[PATH_MAX / 2];   /* folder that `make` builds in, found from where this program is */
    char path[PATH_MAX - 256];  /* the run directory; room is left for names in it */
    char runs[PATH_MAX - 512];  /* where the run directories are */
    char name[RUN_NAME_SIZE];   /* of the Sysplex that lives in it */
    int lock;                   /* held while it lives */
};

/* Find the build folder, and where run directories are. 0 or -errno, told. */
int rundir_find_build(struct rundir *r);

/* Is it a name for a Sysplex: 1 to 32 letters, digits, dots, hyphens, underscores? */
bool rundir_name_valid(const char *name);

/* Make a new run directory, remove old ones beyond RUNS_KEPT. name: of the Sysplex; NULL: otherwise, or if a Sysplex that
 * lives has it, otherwise-2 and so on. keep: mark it as never to be removed. 0 or -errno, told; -EEXIST: a Sysplex that lives
 * has this name. */
int rundir_make(struct rundir *r, const char *name, const char *otherwise, bool keep);

/* Find the run directory of the Sysplex that lives and has this name; NULL: the only one that lives. 0 or -errno, told. */
int rundir_find(struct rundir *r, const char *name);

/* Call for each Sysplex that lives. Their number, or the first result of each that is not 0. */
int rundir_each(const struct rundir *r, int (*each)(void *context, const char *name, const char *path), void *context);

/* Copy a file into it. 0 or -errno. */
int rundir_copy(const struct rundir *r, const char *from, const char *name);

/* Remove the directories of all ended runs that are not marked to be kept, but for the newest `spared`. Number removed. */
int rundir_clean(const struct rundir *r, unsigned spared);

/* The run is over: its directory may be removed by a later one. */
void rundir_close(struct rundir *r);

/* Path of a file in the run directory; the result is valid until the next call. */
__attribute__((format(printf, 2, 3))) const char *rundir_file(const struct rundir *r, const char *format, ...);

#endif
