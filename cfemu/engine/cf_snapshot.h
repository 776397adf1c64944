/* Snapshots: a private copy of a facility, for those who want to look at it at leisure (displays) or keep it (dump).
 *
 *   segment  header │ slots │ map │ increments: A A B . A B B
 *                                    │ each structure under its own mutex, for the time of a memcpy
 *   copy     header │ slots │ map │ A A B . A B B                 read it with the functions of cf_segment.h, no mutex
 *
 * Each structure is the state between two of its commands. Structures are copied one after the other: two of them are
 * not of the same instant. A copy is laid out as the segment, offsets and numbers are the same, so that it can be put
 * back into a segment of the same size.
 *
 * Commands wait while their structure is copied, some 0.2 ms a MiB. So that none of them ends with CF_RSP_BUSY, a
 * structure larger than CF_SNAPSHOT_MAX is left out. The directory is held meanwhile, so that no storage moves from one
 * structure to another: CONNECT and DISCONNECT wait for the copy of all, and in a facility with gigabytes of structures
 * may have to try again.
 */
#ifndef CF_SNAPSHOT_H
#define CF_SNAPSHOT_H

#include "cfemu/engine/cf_segment.h"

#define CF_SNAPSHOT_MAX (512ull << 20)      /* bytes copied under one mutex: some 100 ms, of the CF_BUSY_MS = 250 */

enum cf_snapshot_result { CF_SNAPSHOT_NONE = 0, CF_SNAPSHOT_COPIED, CF_SNAPSHOT_HELD_UP, CF_SNAPSHOT_TOO_LARGE, CF_SNAPSHOT_LOST };

struct cf_snapshot {
    struct cf view;                                     /* of the copy, both halves of a pair: not for commands */
    uint64_t taken_ns;                                  /* realtime */
    double ticks_per_us;
    uint8_t result[CF_STRUCTURES_MAX];                  /* by slot: enum cf_snapshot_result */
};

enum cf_snapshot_depth {
    CF_SNAPSHOT_CONTROLS,       /* connections, list headers, lock entries, statistics */
    CF_SNAPSHOT_ALL,            /* entries and their data as well */
};

/* Copy the facility, with the other one of its pair, or only the structure of this name (16 bytes; the directory comes anyway). The caller frees it.
 * 0, or -errno: -EBUSY the directory is held up, -ENOMEM. */
int cf_snapshot_take(struct cf *cf, const uint8_t *only, enum cf_snapshot_depth depth, struct cf_snapshot **snapshot);

/* An empty copy of a segment of so many bytes, alone, to be filled by who reads a dump. 0 or -ENOMEM. */
int cf_snapshot_new(uint64_t size, struct cf_snapshot **snapshot);

void cf_snapshot_free(struct cf_snapshot *snapshot);

/* true: the structure in this slot lies, complete, in the facility that was opened (and not only in the other of its pair, and not
 * as the new structure of a rebuild, which is not filled yet). */
bool cf_snapshot_lies_here(const struct cf_snapshot *snapshot, uint32_t number);

/* Make a facility of it: segment name, the copy's cfname and size. Its users are not there: their connections fail as if
 * all had died at once, and become failed-persistent whatever their disposition was, so that no structure is lost.
 * A duplexed structure comes back simplex. What is copied is checked; findings go to report, and then nothing is made.
 * 0, or -errno as of cf_create() and cf_open(); -EBADMSG: cf_check() has found damage. */
int cf_snapshot_restore(struct cf_snapshot *snapshot, const char *name, FILE *report);

#endif
