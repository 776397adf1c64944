/* Soak: worker processes with random commands on several structures, killed again and again, in the middle of commands
 * too. Every third works in process, every third over a Unix socket, every third over TLS; the server of the links is a
 * process of its own, and killed like the others, which cuts all links at once. What they were told is done is kept in a ledger
 * that their death does not reach, and compared.
 *
 *   PLAIN    named entries, each worker its own: written, replaced, deleted, read again; and a queue that all use
 *            PLAIN, DUP and USERS change their size and ratio all the time (IXLALTER)
 *   DUP      the same, duplexed; one CF of the pair fails and comes back, the copies change roles
 *   USERS    named entries too, rebuilt by its users into the other CF and back all the time, or because its CF failed
 *   SERIAL   serialized list: counters of 13 KiB, read with the lock and written back with its release
 *   IRLM     lock structure: exclusive locks; two live processes never have the same one
 *
 * The ledger of an entry says what it was, what it is about to become, and whether that was acknowledged. After a kill the
 * entry must be one of the two; without one it must be exactly what was acknowledged. */
#ifndef CF_SOAK_H
#define CF_SOAK_H

#include <stdint.h>

#define SOAK_WORKERS_MAX 16

struct soak {
    unsigned seconds, workers, seed;
    /* results */
    uint64_t kills, died_inside, rounds;
    uint64_t acknowledged;      /* updates */
    uint64_t linked;            /* those over links among them */
    uint64_t reads, locks;      /* entries that were read and right; locks held and given back */
    uint64_t rollbacks;         /* commands of the dead undone */
    uint64_t failures;          /* of the second CF */
    uint64_t alters;            /* that reached their target */
    uint64_t cuts;              /* of all links: the server's deaths */
    uint64_t rebuilds, rebuilds_stopped;        /* of USERS, by its users */
    unsigned findings;          /* told on standard error */
    /* its own */
    uint64_t down_since, rebuild_since;         /* CF02, USERS; CLOCK_MONOTONIC, 0 = it is not */
};

/* In segments of the fixture (cf_fixture.h), which end with it. */
void soak_run(struct soak *soak);

#endif
