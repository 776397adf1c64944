/* Taking part in the rebuild of a structure: what a user of a structure needs so that it outlives its coupling facility, or
 * moves to another one while it is in use.
 *
 *   IXLCONN with a struct xes_rebuild
 *
 *   the CF is lost ──► IXLREBLD START         every user notices, the first one starts it; so does SETXCF START,REBUILD
 *        Rebuild Quiesce                      requests wait: xes_list() returns when the rebuild is over
 *        Rebuild Connect    ──► contribute()  each writes into the new structure what it knows by itself
 *        Rebuild Cleanup    ──► complete()    all that live have contributed; what takes all of them can be done
 *        Process Complete   ──► finished()    the connection is one to the new structure; waiting requests go there
 *        Stop               the old structure is in use again, or, if it was lost, there is none: NOCONN for every request
 *
 * The functions run on the main line: in xes_repoll(), or while a request waits. They use no other structure that may be
 * rebuilt. A sequence of requests under a lock is not interrupted by a rebuild: only a request that relies on no lock
 * of an earlier one waits (xes_list), so nobody has said that it is quiet while it is in the middle of something. When the
 * CF is lost under a sequence, its further requests fail, and the user's tables are what they were before.
 *
 * A system that fails while it owes its part is waited for no longer. One that hangs is, until it is fenced: status monitoring
 * goes on in the wait exit (xes.h), also for the structure that it needs itself (xcf_status.h). */
#ifndef XES_REBUILD_H
#define XES_REBUILD_H

#include "stack/xes/xes.h"

#define XES_REBUILD_WAIT_US_MAX 60000000u       /* a request waits: systems that hang are fenced before this */

#define XES_CONNECT_WAIT_US_MAX 10000000u       /* the same for IXLCONN */

struct xes_rebuild {
    /* Write what this system knows into the new structure, over a connection to it. 0: done; else the rebuild is stopped. */
    int (*contribute)(void *context, struct xes_connection *new);
    int (*complete)(void *context, struct xes_connection *new);         /* may be NULL */
    void (*finished)(void *context);                                    /* may be NULL */
    void *context;
    struct xes_connect_parms parms;         /* of the IXLCONN: for the one to the new structure. Their texts stay valid */
    /* filled in by xes */
    struct xes_connection *connection, *temporary;
    volatile uint32_t noted;                /* enum cf_rebuild_phase that the exit was told of */
    volatile bool over;                     /* before that it was told of FINISHED */
    uint32_t phase;                         /* that is under way; CF_REBUILD_NONE: the structure is in use */
    uint32_t owed;                          /* that this system has to answer */
    bool refused;                           /* the CF is lost and there is no other: nothing to wait for */
};

/* IXLCONN that waits, at most XES_CONNECT_WAIT_US_MAX, while the structure is being rebuilt, or peers have not yet answered
 * the end of the connection of this name; then it ends with that reason. Else as xes_connect(). Main line only. */
int xes_connect_wait(struct xes *xes, const struct xes_connect_parms *parms, struct xes_connection **connection,
                     uint32_t *reason);

/* xes_connect_wait() of a user that takes part: parms as for xes_connect(), copied; contribute and context are set. */
int xes_rebuild_join(struct xes *xes, struct xes_rebuild *rebuild, const struct xes_connect_parms *parms,
                     struct xes_connection **connection, uint32_t *reason);

/* Do what is to be done about rebuilds. Main line only; costs a few loads when there is nothing. */
void xes_rebuild_work(struct xes *xes);

/* The structure is being rebuilt, or will be: if the connection is lost, not for good. */
bool xes_is_rebuilding(const struct xes_connection *connection);

/* A connection that has not answered the phase that is under way. */
struct xes_owing {
    uint32_t conid, conversion;
};

/* Who delays a rebuild: at most SYSTEMS_MAX connections into owing, *count. *phase: that is under way, CF_REBUILD_NONE: none is.
 * Return code; *reason. */
int xes_rebuild_owing(struct xes_connection *connection, struct xes_owing owing[SYSTEMS_MAX], unsigned *count, uint32_t *phase,
                      uint32_t *reason);

/* Wait until the structure of the connection is not being rebuilt. true: it can be used. */
bool xes_rebuild_wait(struct xes_connection *connection);

/* In the attention handler: the rebuild is in another phase. */
void xes_rebuild_note(struct xes_rebuild *rebuild, uint32_t phase);

#endif
