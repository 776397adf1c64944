/* IXLLOCK between systems: a user of a lock structure, whose negotiations (xes_lock.h) go by messages of an XCF group of
 * its own, IXCLO..., one for each structure.
 *
 *   xes_lock ──► send(connection id) ──► xcf_send(system) ──► group exit ──► xes_lock_message()
 *   event exit: connections ended ──► xcf_lock_poll(): what they had sent, xes_lock_failed(), IXLEERSP
 *
 *   message    0  connection id of the sender (u32)        8  life of the sender's connection (u64)
 *                                                         16  life of the receiver's, in LOCK (u64)
 *   HELLO      I am this connection; who are you?         24  LOCK: 80 bytes of xes_lock
 *   HERE       the answer to it
 *   LOCK
 *
 * Whose connection ids those are. The facility knows connections, XCF knows systems. Who connects says HELLO to all members;
 * each that uses the structure answers. What is to be sent to a connection that has not been heard of waits for that.
 *
 * Lives. A connection id may come back: of the same system, which has taken up its connection again, or of another one. A
 * life is a random number. What was sent to an earlier life, or by one, is dropped here. The connection is one whose peers
 * respond (CF_CONN_OPT_RESPONDS): its name cannot be used again before each of them has read what it had sent, dealt with
 * its end, and said so; until then what it had is retained, whatever its disposition. A system that has failed and is back waits for that (xes_connect_wait()).
 *
 * Order. Messages of XCF come in the order sent, each once, also over a rebuild of its structure, and before the end of who
 * sent them is acted on. Only what a system that fails had in a signalling structure that is lost at the same time is lost;
 * for the manager such a connection is one that failed before it answered.
 *
 * Nothing in the image uses it by itself: ports are serialized by the locks of the list structure (clp), in one command with
 * the update. It is for programs that need named resources, as GRS or a data base's lock manager does. */
#ifndef XCF_LOCK_H
#define XCF_LOCK_H

#include "stack/xcf/xcf.h"
#include "stack/xes/xes_lock.h"

struct xcf_lock {
    struct xcf *xcf;
    struct xes_connection *connection;          /* NULL: not started */
    const struct xes_lock_ops *exits;
    void *context;
    char group[NAME_LEN + 1];
    uint64_t life;                              /* of this connection */
    struct {
        uint32_t conid;                         /* 0 = has none, or not heard of */
        uint64_t life;
    } peers[SYSTEMS_MAX + 1];                   /* by system number */
    uint64_t greet, answer;                     /* systems that HELLO and HERE are still to be sent to: bit 1 << number */
    volatile bool ends;                         /* ended[] has bits to deal with */
    uint32_t ended[8];                          /* bit map of connection ids, set by the event exit; atomic access only */
    uint32_t gone[8], respond[8];               /* dealt with; of those the ones that IXLEERSP is due for */
    uint64_t dropped;                           /* messages of another life */
    struct xes_lock_ops ops;
    struct xes_lock lock;                       /* for requests: xes_lock_obtain() and the others */
};

/* Join the group, before xcf_start(). *lock is zeros. */
void xcf_lock_join(struct xcf_lock *lock, struct xcf *xcf, const char *group);

/* IXLCONN to the lock structure, after xcf_start(). parms: without event exit and context. exits: complete, notify and
 * contention, with this context; send is not used. Waits at most XES_CONNECT_WAIT_US_MAX for what the failure of an
 * earlier life still needs. Return code of IXLCONN; *reason. */
int xcf_lock_start(struct xcf_lock *lock, struct xes *xes, const struct xes_connect_parms *parms,
                   const struct xes_lock_ops *exits, void *context, uint32_t *reason);

/* Deal with ended connections, send what waits. For the main loop, beside xcf_poll(). */
void xcf_lock_poll(struct xcf_lock *lock);

/* IXLDISC: what is held is let go by the facility, and the peers are told. */
void xcf_lock_stop(struct xcf_lock *lock);

#endif
