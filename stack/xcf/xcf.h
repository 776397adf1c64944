/* Cross-system coupling facility services: who is in the sysplex, and ordered messages between the systems, over one list
 * structure of the CF (IXCSTR1).
 *
 *   list 0   control: a member record per system number, the sysplex-wide secret
 *   list n   inbound queue of system n: first in, first out, monitored by system n
 *
 *   member record   name "IXCMEMBR" + two digits,                 message   adjunct, and data of 0 .. XCF_MESSAGE_MAX bytes:
 *                   adjunct: xcf_record.h                           0  from (system number)   2  type
 *                                                                   4  length of the data     8  group (8)
 *                                                                  16  joined: which life of the sender
 *                                                                  24  which life of the receiver, 0 = any
 *
 * Order. Messages of one sender to one receiver arrive in the order sent, before the event that the sender left or failed:
 * they are entries of one list, and the receiver empties the list before it acts on a failed connection.
 *
 * Joining. The system empties its queue of an earlier life, writes its member record, reads all records, and tells every
 * active member (JOINED). Of two systems that join at once the later writer sees the other's record; so each pair knows of
 * each other, and a JOINED that tells nothing new is dropped. A message carries the life (join time) of both ends;
 * what belongs to an earlier life of either is dropped.
 *
 * Failing. The CF reports a dead connection to the survivors, or a system's status update is missing: one of them partitions
 * it, that is, has it fenced, and tells the others; then all drive their group exits (xcf_status.h). Recovery of what the
 * system held is the business of those exits. A system that is back starts by removing its earlier life.
 *
 * Loss or rebuild of the structure: xcf_rebuild.c. Messages have numbers, so that what was in the queues is sent again.
 *
 * Nothing waits for a receiver: a queue of XCF_QUEUE_MAX messages, a full structure, a dead system are errors to the sender,
 * whose group exit is driven with XCF_ROOM a moment later. XCF's own messages have room besides: who joins and who is gone is
 * known also to a system that stands still for a while.
 * Group exits and message exits run in xcf_poll() and xcf_drain(), on the main line, and may send. */
#ifndef XCF_H
#define XCF_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/xes/xes_rebuild.h"

#define XCF_GROUPS_MAX 8
#define XCF_MESSAGE_MAX 65536u      /* 128 elements of 512 bytes */
#define XCF_QUEUE_MAX 512u          /* messages that wait for one system: what a stopped image may hold of the structure */
#define XCF_QUEUE_OWN (4u * SYSTEMS_MAX)    /* and of XCF besides: a JOINED, REMOVING, STOPPED, GONE of each system */
#define XCF_STRUCTURE "IXCSTR1"
#define XCF_RESEND_BYTES (256u << 10)       /* messages kept to be sent again: more than the queues hold when nobody hangs */
#define XCF_ALL 0                   /* xcf_send: to every active member but this one */

enum xcf_result {
    XCF_OK = 0,
    XCF_NO_MEMBER = 4,              /* the system is not an active member */
    XCF_FULL = 8,                   /* its queue or the structure is full; try later */
    XCF_TOO_LONG = 12,
    XCF_NUMBER_IN_USE = 16,         /* join: another system has this number, or this name */
    XCF_LOST = 20,                  /* no connectivity to the CF, or not joined */
};

/* XCF_ROOM: a message to the member was refused because there was no room; what it has to know may be sent again. */
enum xcf_event { XCF_JOINED, XCF_LEFT, XCF_FAILED, XCF_ROOM };

/* Why a system is removed. */
enum xcf_reason { XCF_REASON_NONE, XCF_REASON_CONNECTION, XCF_REASON_STATUS, XCF_REASON_OPERATOR, XCF_REASON_IPL };

enum xcf_state { XCF_STATE_ACTIVE, XCF_STATE_STATUS_MISSING, XCF_STATE_REMOVING };

#define XCF_INTERVAL_S 10u          /* failure detection interval of an image that is given none: load delays it by less */
#define XCF_CLEANUP_S 15u           /* cleanup interval, likewise */
#define XCF_SECONDS_MAX 3600u

struct xcf_member {
    bool active;
    uint8_t number;                 /* 1 .. SYSTEMS_MAX */
    char name[NAME_LEN + 1];
    uint32_t conid;
    uint64_t joined_us;             /* tells the lives of a system apart; 0 = never seen */
    uint64_t version;               /* of the member record */
    uint32_t conversion;            /* connection version: with conid it names the connection for ever */
    uint16_t interval_s;            /* its failure detection interval, 0 = it is not monitored */
    uint64_t status_us;             /* its time stamp when it was read last, */
    uint64_t seen_us;               /* and since when it has been that, on this system's clock */
    enum xcf_state state;
    /* REMOVING */
    enum xcf_reason reason;
    uint8_t partitioner;            /* system number, and its life */
    uint64_t partitioner_joined_us;
    uint64_t began_us, fence_us;    /* this system is the partitioner: since when, and when it may be fenced */
    bool stopped;                   /* it has said that it has stopped */
    bool down;                      /* the operator has said so */
    bool fenced;
    bool waited;                    /* IXC102A has been told */
    bool suspect;                   /* its connection has failed or may have, and it could not be removed yet */
    bool refused;                   /* a message to it has found no room */
    bool ended, left;               /* the record says that it is gone, in order; its exits are due */
};

typedef void xcf_message_exit(void *context, uint8_t from, uint16_t type, const uint8_t *data, uint32_t length);
typedef void xcf_group_exit(void *context, enum xcf_event event, const struct xcf_member *member);

struct xcf_group {
    char name[NAME_LEN + 1];
    xcf_message_exit *message;
    xcf_group_exit *event;
    void *context;
};

/* The messages sent last, oldest first; see xcf_rebuild.c. */
struct xcf_resend {
    uint32_t first, end;            /* of the records: bytes from the start */
    uint32_t wrapped;               /* end of the records before the start is used again; 0 = it is not */
    uint8_t bytes[XCF_RESEND_BYTES];
};

struct xcf {
    struct xes_connection *connection;      /* NULL: not joined */
    struct xes_rebuild rebuild;             /* of its structure */
    char connection_name[CF_NAME_SIZE + 1];
    uint64_t sequence;                      /* of the last message sent in this life */
    struct {
        uint64_t joined_us, sequence;       /* life of the sender, and its last message that came */
    } heard[SYSTEMS_MAX + 1];
    struct xcf_resend resend;
    bool secret_known;
    uint8_t secret[16];
    struct xcf_group groups[XCF_GROUPS_MAX];
    unsigned group_count;
    struct xcf_member members[SYSTEMS_MAX + 1];     /* by number; [0] unused */
    uint8_t number;                         /* of this system */
    uint64_t joined_us;
    volatile bool pending;                  /* the queue may hold messages */
    volatile bool failures;                 /* failed[] has bits to deal with */
    uint32_t failed[8];                     /* bit map of connection ids, set by the event exit; atomic access only */
    bool polling;
    uint16_t interval_s, cleanup_s;         /* 0 .. XCF_SECONDS_MAX; interval 0: no status monitoring, of it and by it */
    uint64_t due_us;                        /* when there is something to do, UINT64_MAX: never */
    uint64_t stuck_us;                      /* since when the structure has been held up, 0 = it is not */
    uint64_t owed_us;                       /* the structure is being rebuilt: since when this phase, */
    uint32_t owed_phase, owed_structure;    /* of the structure with this id, is waited for */
    uint64_t look_us;                       /* when the next status update and look at the others is due */
    uint64_t room_us;                       /* when XCF_ROOM is due, 0 = nobody was refused */
    bool watching;                          /* inside xcf_status_run() */
    bool concluding;                        /* members are fenced or ended */
    bool isolated;                          /* this system is out of the sysplex */
    struct xcf_member earlier;              /* this system's earlier life, while it is being removed */
    void (*out)(void *context);             /* this system is out of the sysplex: stop, do not return. NULL: nothing */
    void *out_context;
    uint64_t sent, received, dropped;       /* statistics */
    uint8_t buffer[XCF_MESSAGE_MAX];        /* the message that is being delivered */
};

/* IXCJOIN of this system's program in a group; before xcf_start(), so that no message is missed. */
void xcf_join_group(struct xcf *xcf, const char *group, xcf_message_exit *message, xcf_group_exit *event, void *context);

/* Join the sysplex as system `name` with number 1..SYSTEMS_MAX, over the CF numbered cf. XCF_OK, _NUMBER_IN_USE, _LOST.
 * No events are driven for members that are there already: read them with xcf_member(). */
int xcf_start(struct xcf *xcf, struct xes *xes, unsigned cf, const char *name, uint8_t number);

/* Leave: the others get XCF_LEFT. */
void xcf_stop(struct xcf *xcf);

/* Deliver what has come; costs two loads if nothing has. For the main loop. */
void xcf_poll(struct xcf *xcf);

/* Deliver every message that was sent before this call, also if the CF's attention has not arrived yet: asks the CF. */
void xcf_drain(struct xcf *xcf);

/* Let messages come in for at most us microseconds, for who waits for an answer on the main line. */
void xcf_listen(struct xcf *xcf, uint32_t us);

/* Send to one system or XCF_ALL (then the first error is returned, the others are still served). When it returns XCF_OK
 * the message stands in the receiver's queue. */
int xcf_send(struct xcf *xcf, uint8_t to, const char *group, uint16_t type, const void *data, uint32_t length);

/* The active member with this number, or NULL; this system included. */
const struct xcf_member *xcf_member(const struct xcf *xcf, uint8_t number);

/* The other active members: bit 1 << number. */
uint64_t xcf_others(const struct xcf *xcf);

/* Why, as in messages. */
const char *xcf_reason_text(enum xcf_reason reason);

/* When xcf_poll() has something to do although nothing comes; UINT64_MAX: never. */
uint64_t xcf_due_us(const struct xcf *xcf);

/* Both 1 .. XCF_SECONDS_MAX; the others learn the interval by the next status update, which is due at once. */
void xcf_set_intervals(struct xcf *xcf, uint16_t interval_s, uint16_t cleanup_s);

/* V XCF,sys,OFFLINE. force: do not wait for it to stop by itself. False: it is being removed already. */
bool xcf_vary_offline(struct xcf *xcf, uint8_t number, bool force);

/* The operator says that a system which could not be fenced has been reset. False: nobody asked. */
bool xcf_reply_down(struct xcf *xcf, uint8_t number);

/* The 128-bit secret of the sysplex: made by the first system, the same for all as long as the structure lives. XCF_OK or
 * XCF_LOST. */
int xcf_secret(struct xcf *xcf, uint8_t secret[16]);

#endif
