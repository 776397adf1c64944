/* Commands on a coupling facility of a given size: what shows whether their cost depends on it. For the benchmark, which
 * measures times, and the test, which counts what a command looks at and stores.
 *
 *   KEYED    list structure, its entries keyed, adjuncts       NAMED    the same, named
 *   LOCK     lock table, every connection with interest        OTHERnnn small list structures that nobody uses meanwhile
 *
 * The commands go to random entries, lists and lock table entries, in a sequence that follows from a seed. */
#ifndef CF_SCALE_H
#define CF_SCALE_H

#include <stdint.h>

#include "cfemu/engine/cf.h"

struct cf_scale {
    uint32_t entries;           /* in KEYED, and in NAMED */
    uint32_t lists;             /* over which they are spread */
    uint32_t structures;        /* in all, 3 or more */
    uint32_t connections;       /* to each of the three, 1 to 255 */
};

enum cf_scale_command {
    CF_SCALE_READ,              /* READ by name */
    CF_SCALE_WRITE,             /* WRITE of an old entry by name */
    CF_SCALE_CREATE_DELETE,     /* WRITE of a new entry, DELETE by name */
    CF_SCALE_READ_KEY,          /* READ by key */
    CF_SCALE_MOVE_KEY,          /* MOVE by key to another key */
    CF_SCALE_OBTAIN_RELEASE,    /* OBTAIN, RELEASE of a lock table entry */
    CF_SCALE_COMMANDS
};

extern const char *const cf_scale_names[CF_SCALE_COMMANDS];

/* KiB of a segment that holds it. */
uint64_t cf_scale_size_kib(const struct cf_scale *scale);

/* Make it in a segment that is empty; fill it. false: told on standard error. The structures are deleted by cf_scale_end(). */
bool cf_scale_make(struct cf *cf, const struct cf_scale *scale);
void cf_scale_end(void);

/* Execute a command (or the pair). false: its response is not CF_RSP_OK, told on standard error. */
bool cf_scale_run(enum cf_scale_command command);

#endif
