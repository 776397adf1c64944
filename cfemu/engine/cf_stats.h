/* Statistics of a structure, kept in the segment beside it. Written under the structure's mutex, read by anybody without
 * a lock: each number is right by itself, a set of them is not an instant. A command that was rolled back is not
 * counted. Times are in ticks (the time stamp counter where there is one); cf_ticks_per_us() scales them. */
#ifndef CF_STATS_H
#define CF_STATS_H

#include <stdint.h>
#include <time.h>

enum cf_stat_command {
    CF_STAT_CONNECT,
    CF_STAT_DISCONNECT,
    CF_STAT_READ,
    CF_STAT_WRITE,
    CF_STAT_DELETE,
    CF_STAT_LOCK,
    CF_STAT_MONITOR,
    CF_STAT_VECTOR,
    CF_STAT_RESPOND,
    CF_STAT_FORCE,
    CF_STAT_ALTER_STRUCTURE,
    CF_STAT_OBTAIN,
    CF_STAT_ALTER,
    CF_STAT_RELEASE,
    CF_STAT_PROCESSMULT,
    CF_STAT_RDATA,      /* record data, interest of a connection */
    CF_STAT_READ_LIST,
    CF_STAT_READ_MULT,
    CF_STAT_MOVE,
    CF_STAT_DELETE_MULT,
    CF_STAT_DELETE_ENTRYLIST,
    CF_STAT_LCONTROLS,
    CF_STAT_SUBLIST,
    CF_STAT_EVENTQ,
    CF_STAT_COMMANDS
};

static inline const char *cf_stat_name(enum cf_stat_command command)
{
    static const char *const names[] = {"CONNECT", "DISCONNECT", "READ", "WRITE", "DELETE", "LOCK", "MONITOR", "VECTOR", "RESPOND", "FORCE",
                                        "IXLALTER", "OBTAIN", "ALTER", "RELEASE", "PROCESSMULT", "RDATA",
                                        "READ_LIST", "READ_MULT", "MOVE", "DELETE_MULT", "DELETE_ENTRYLIST", "LCONTROLS",
                                        "SUBLIST", "EVENTQ"};
    _Static_assert(sizeof names / sizeof names[0] == CF_STAT_COMMANDS, "every kind of command has a name");
    return names[command];
}

enum cf_stat_class {
    CF_STAT_OK,
    CF_STAT_NO_ENTRY,   /* no entry, entry exists */
    CF_STAT_MISMATCH,   /* version, list, key, authority */
    CF_STAT_CONTENDED,  /* lock held, lock queued, lock not held, contention of a lock table entry */
    CF_STAT_FULL,       /* list, structure, facility, buffer */
    CF_STAT_REFUSED,    /* everything else: bad requests, unknown tokens */
    CF_STAT_CLASSES
};

struct cf_stats {
    uint64_t requests[CF_STAT_COMMANDS][CF_STAT_CLASSES];
    uint64_t mutex_waits;       /* commands that found the structure held by another command */
    uint64_t contentions;       /* lock table operations that met the interest of others, requests that found a lock of a list held */
    uint64_t false_contentions; /* ... and were found to want another resource, as the connections report it */
    uint64_t rollbacks;         /* commands of dead processes undone */
    uint64_t synchronous;       /* of the served: of callers who stood still for it, and for no longer than they said (CFMSG);
                                   the others came through the channel, or from the host */
    uint64_t served;            /* commands timed: count, sum and sum of squares of ticks, waiting included */
    uint64_t ticks;
    double ticks_squared;
};

static inline uint64_t cf_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

#endif
