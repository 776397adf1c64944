/* Cluster-wide ports over the real coupling facility, several stacks in one process: what the tests of core_clp_*.c share. */
#ifndef CORE_CLP_H
#define CORE_CLP_H

#include "stack/tests/core_plex.h"

/* For what runs a hundred thousand times: each ck_assert writes to the runner, this one only when it fails. */
#define MUST(condition)                     \
    do {                                    \
        if (!(condition))                   \
            ck_abort_msg("%s", #condition); \
    } while (0)

/* Who has which port of DVA: the truth to which the stacks are held. */
extern uint8_t owner[PORTS_PER_DVIPA];

extern uint16_t towards[4][PORTS_PER_DVIPA];    /* users of a port per destination, all stacks */

extern enum profile_store store;                /* for start() */
extern uint32_t quota;

enum { RECOVERABLE = 2 };
extern const enum profile_store recoverable[RECOVERABLE];       /* keepers with maps of the stacks */

/* MVS1 distributes DVA to all; `stacks` systems. */
void start(unsigned stacks, uint16_t blocksize);

/* clp_assign(), clp_release() on system n, from DVA to SERVER. A port that another one has fails the test. */
int assign(unsigned n, uint16_t *port);
void release(unsigned n, uint16_t port);

/* clp_check() on system n: no difference, no double. */
struct clp_audit audit(unsigned n);

/* clp_bind() on system n. */
int bind_on(unsigned n, uint32_t address, uint16_t port, uint16_t *bound);

/* The tests. */
TCase *clp_blocks_tests(void);
TCase *clp_initial_tests(void);
TCase *clp_bind_tests(void);
TCase *clp_recovery_tests(void);
TCase *clp_log_tests(void);
TCase *clp_keepers_tests(void);

#endif
