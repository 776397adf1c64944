/* IXLLOCK: resources with names, in shared or exclusive state, over a lock structure of the coupling facility.
 *
 * A resource name is hashed to an entry of the lock table. The facility knows who has interest in an entry, not in which
 * names (cf_arch.h, "lock structures"). While nobody competes for an entry, a request is one command and no message. When the
 * facility reports contention the connections ("xes" below, one on each image) settle among themselves by messages whether
 * it is real (the same name) or false (another name of the same hash). One of them, the entry's manager as the lock table says,
 * decides for all:
 *
 *   requester                        manager of the entry                    holder
 *   OBTAIN ──► contention, manager m
 *   REQUEST(name, state) ──────────► same name, held otherwise? no: ┐
 *                                      yes: waits; NOTIFY ──────────┼───────► notify exit: lets go, or not
 *                                      RELEASE(name) ◄──────────────┼──────── release
 *   OBTAIN with m's consent ◄─ GRANT ◄──────────────────────────────┘
 *   complete exit, TAKEN ──►
 *
 * The manager is who had the entry exclusively when the first contention was met. Who wants an entry exclusively that others
 * share becomes its manager beside them (CF_LOP_MANAGE) and asks each what it holds (QUERY; HELD ..., ANSWERED) before it
 * decides anything. When all that is held is shared, nobody waits and no grant is on its way, the manager gives up.
 *
 * Invariants
 *   1. Who holds a resource has interest in its entry: before a grant counts, the interest is in the lock table, by OBTAIN
 *      with the consent of m, which fails if m is the manager no more. Then the request begins again.
 *   2. An entry without manager: all that is held of it is shared.
 *   3. The manager knows everything held and waited for, except by those whose answers it awaits, and then it decides nothing,
 *      and by those who failed before they answered (unknown).
 *   4. Requests for one resource are granted in their order; who shares a resource and wants it alone comes first.
 *
 * Failure of a connection (xes_lock_failed(), from the event exit; messages it sent have come before)
 *   it managed             the lock table says so (failed manager, orphan). The next who wants something takes over and asks
 *                          the others. Requests that it had are made anew at once
 *   it held, under me      shared: forgotten. Exclusive: retained. Requests that conflict are denied, not queued
 *                          (IXLRSNCODELOCKRETAINED), until it reconnects and lets go, is deleted, or a peer that has recovered
 *                          says xes_lock_recover(). The manager looks into the lock table for that at each such request
 *   unknown                the same, for every name of the entry
 *   it reconnects          until xes_lock_recovered() its OBTAINs are for what it had exclusively, and are granted without waiting
 *                          for answers: nobody else can have that
 *   it waited              forgotten
 *
 * Messages: the caller's ops carry them (xcf does), in order between two connections, each once, none from an earlier life of
 * a connection id. What cannot be sent at the moment waits here; if too much waits, signalling is lost, and with it the
 * connection, as in the product.
 *
 * Everything is bounded, nothing is allocated. Functions are for the main line. Exits are driven at the end of a function,
 * and may call requests, but not PROCESSMULT; only the contention exit, which decides, may call nothing. */
#ifndef XES_LOCK_H
#define XES_LOCK_H

#include "stack/xes/xes.h"

#define XES_LOCK_NAME_MAX 64u
#define XES_LOCK_RECORDS_MAX 256u       /* resources held or waited for here, and those of others in entries managed here */
#define XES_LOCK_VIEWS_MAX 256u         /* entries they belong to */
#define XES_LOCK_MESSAGE_SIZE 80u
#define XES_LOCK_QUEUE_MAX 256u         /* messages that wait for signalling */

enum xes_lock_state { XES_LOCK_SHR = CF_STATE_SHR, XES_LOCK_EXCL = CF_STATE_EXCL };

enum xes_lock_operation { XES_LOCK_OBTAIN = CF_LOP_OBTAIN, XES_LOCK_ALTER = CF_LOP_ALTER, XES_LOCK_RELEASE = CF_LOP_RELEASE };

enum xes_lock_decision {
    XES_LOCK_KEEP,                      /* the request waits */
    XES_LOCK_DENY,                      /* IXLRSNCODELOCKCOND */
    XES_LOCK_GRANT,                     /* granted beside the others: the user knows better */
};

struct xes_lock_request {
    uint8_t operation;                  /* enum xes_lock_operation; for PROCESSMULT */
    uint8_t state;                      /* enum xes_lock_state */
    bool conditional;                   /* real contention: denied at once */
    bool hashed;                        /* hash is given, else made from the name */
    uint32_t hash;
    const uint8_t *name;
    uint8_t name_length;                /* 1 .. 64 */
    void *user;                         /* for the exits */
    const uint8_t *rdata;               /* 64 bytes of record data for the lock structure, or NULL; deleted by RELEASE */
    uint8_t rdatatype;
    int rc;                             /* PROCESSMULT: result */
    uint32_t reason;
};

struct xes_lock_ops {
    /* Send to a connection of the structure. 0: done. 1: later. -1: never, it is gone. */
    int (*send)(void *context, uint32_t conid, const uint8_t *message, uint32_t length);

    /* A request that ended with IXLRSNCODEASYNCH is done. Granted: IXLRSNCODEOK. */
    void (*complete)(void *context, void *user, uint32_t reason);

    /* Somebody waits for a resource held here, `wanted` is the state. May be NULL. */
    void (*notify)(void *context, void *user, uint32_t conid, uint8_t wanted);

    /* The manager's system: real contention between connection conid and holders. May be NULL: KEEP. */
    enum xes_lock_decision (*contention)(void *context, const uint8_t *name, uint8_t length, uint32_t conid, uint8_t wanted);
};

struct xes_lock_record {                /* private */
    bool used, conditional, async, done, retained, contended, real, asked, notify, confirmed, recovering, granting;
    uint8_t owner;                      /* connection id */
    uint8_t held, wanted;               /* enum xes_lock_state, 0 = not */
    uint8_t name_length;
    uint8_t manager;                    /* whom it was asked of */
    uint8_t notify_conid, notify_state;
    uint8_t rdatatype;
    bool rdata_pending, rdata_written;
    uint16_t view, next;
    uint32_t sequence;                  /* of the request, the owner's count */
    uint32_t reason;
    void *user;
    uint8_t name[XES_LOCK_NAME_MAX];
    uint8_t rdata[CF_ADJUNCT_SIZE];
    uint8_t entryid[CF_LEID_SIZE];
};

struct xes_lock_view {                  /* private: what is known of an entry; there is one where there are records */
    bool used, interest;                /* interest: ours stands in the lock table */
    uint32_t index;
    uint32_t manager;                   /* as far as known; 0 = none */
    uint16_t first, last;               /* records, in the order of requests */
    uint16_t next;                      /* in the hash chain */
    uint64_t pending[4], unknown[4];    /* bit maps of connection ids: answers awaited; failed without answer */
};

struct xes_lock_outbound {              /* private */
    uint32_t conid;
    uint8_t message[XES_LOCK_MESSAGE_SIZE];
};

struct xes_lock {
    struct xes_connection *connection;
    const struct xes_lock_ops *ops;
    void *context;
    uint32_t mask;                      /* entries - 1 */
    bool recovering;                    /* reconnected, xes_lock_recovered() is to come */
    bool driving;
    uint32_t sequence;
    uint32_t out_first, out_count;
    uint8_t delete_id[CF_LEID_SIZE];    /* record data to delete with the next RELEASE */
    bool deleting;
    struct xes_lock_record records[XES_LOCK_RECORDS_MAX + 1];       /* [0] = none */
    struct xes_lock_view views[XES_LOCK_VIEWS_MAX + 1];
    uint16_t buckets[XES_LOCK_VIEWS_MAX];
    struct xes_lock_outbound out[XES_LOCK_QUEUE_MAX];
    uint8_t blocks[CF_LOPS_MAX * LOP_SIZE];
    uint64_t requests, contention, false_contention, granted_later, denied;     /* statistics; the second and third as manager */
};

/* Use a connection to a lock structure. Its event exit must call xes_lock_failed() from the main line. */
void xes_lock_init(struct xes_lock *lock, struct xes_connection *connection, const struct xes_lock_ops *ops, void *context);

/* Requests. IXLRETCODEOK: done. IXLRETCODEWARNING, IXLRSNCODEASYNCH: the complete exit tells. Else: *reason. An ALTER that is
 * denied leaves the state as it was; RELEASE of a request that waits takes it back, and the complete exit is not driven. */
int xes_lock_obtain(struct xes_lock *lock, const struct xes_lock_request *request, uint32_t *reason);
int xes_lock_alter(struct xes_lock *lock, const struct xes_lock_request *request, uint32_t *reason);
int xes_lock_release(struct xes_lock *lock, const struct xes_lock_request *request, uint32_t *reason);

/* 1 .. CF_LOPS_MAX requests, each of another resource and each with its own rc and reason; those that nobody competes for take
 * one command of the facility together. */
void xes_lock_processmult(struct xes_lock *lock, struct xes_lock_request *requests, uint32_t count);

/* A message of connection conid has come. */
void xes_lock_message(struct xes_lock *lock, uint32_t conid, const uint8_t *message, uint32_t length);

/* Connection conid failed or disconnected. */
void xes_lock_failed(struct xes_lock *lock, uint32_t conid);

/* Send what waits. For the main loop. */
void xes_lock_poll(struct xes_lock *lock);

/* After a reconnection: what was to be taken up again has been obtained; let go of what else was retained for this one. Before
 * it, nothing may be obtained that was not held exclusively in the earlier life. */
void xes_lock_recovered(struct xes_lock *lock);

/* This image has recovered what failed connection conid held: its retained locks and record data end. */
void xes_lock_recover(struct xes_lock *lock, uint32_t conid);

#endif
