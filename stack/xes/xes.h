/* Cross-system extended services: the calls IXLCONN, IXLDISC and IXLLIST of a program on an image, over the commands of
 * the coupling facility (cf_arch.h).
 *
 *   xcf, clp ──► xes_list(connection, request) ──► MCB ──► platform_cf_message() ──► MRB ──► return and reason code
 *                                                        attention ──► xes_attention() ──► exits, event control blocks
 *
 * A request is synchronous and ends in bounded time. What it does about what can come in between:
 *
 *   lock held by another (LOCKMODE_UNCOND)   the CF queues the request, this image waits on the connection's event
 *                                            control block until the CF tells of the grant, and repeats it (HELDBY).
 *                                            Nothing spins. Longest wait XES_LOCK_WAIT_US_MAX
 *   subchannel or structure busy             repeated XES_BUSY_TRIES times with growing waits, then STRTEMPUNAVAIL
 *   CF not operational, connection fenced    the connection is lost: NOCONN, now and for every later request
 *
 * User-managed rebuild (IXLREBLD) leads all connectors of a structure into a new one in the other CF of the pair:
 *
 *   rebuild_exit(QUIESCE)  leave the structure alone               xes_rebuild_respond(QUIESCE)
 *   rebuild_exit(CONNECT)  xes_rebuild_connect() gives a           xes_rebuild_respond(CONNECT)     REQUEST=COMPLETE
 *                          temporary connection: fill it
 *   rebuild_exit(CLEANUP)  use neither until the last event        xes_rebuild_respond(CLEANUP)
 *   rebuild_exit(FINISHED) the connection is one to the new structure now, the temporary one is gone
 *
 *   rebuild_exit(STOP)     xes_disconnect() the temporary one      xes_rebuild_respond(STOP)
 *   rebuild_exit(STOPPED)  everything is as before
 *
 * It works also when the old structure is lost with its CF: the connection says lost, and still gets these events. Who gives
 * a struct xes_rebuild with IXLCONN leaves all of that to xes_rebuild.h.
 *
 * xes_attention() may run as an interrupt handler between any two instructions of the main line. Therefore message blocks
 * live on the caller's stack, and the handler only stores to words that the main line reads whole. Exits run in it: they
 * note what happened and return; they send nothing and wait for nothing.
 *
 * Names of return and reason codes are IBM's (Sysplex Services Reference); reason codes whose number is not published
 * have numbers of our own, above 0F00. */
#ifndef XES_H
#define XES_H

#include <stdbool.h>
#include <stdint.h>

#include "cfemu/arch/cf_arch.h"
#include "stack/base/limits.h"
#include "stack/platform/platform.h"

#define XES_CONNECTIONS_MAX 8               /* structures an image uses at once: IXC..., EZBEPORT, their rebuilt copies */
#define XES_LOCK_WAIT_US_MAX 60000000u      /* a dead holder is noticed within ms; a stopped one is fenced before this */
#define XES_CFS_MAX 8u                      /* coupling facilities of an image, and names in a preference list */
#define XES_BUSY_TRIES 60u                  /* waits 100 us, 200 us, ... 51.2 ms, 51.2 ms: about 2.7 s in all, which is long enough
                                               for a system that is stopped inside a command to be fenced */

enum xes_return_code {
    IXLRETCODEOK = 0x0,
    IXLRETCODEWARNING = 0x4,
    IXLRETCODEPARMERROR = 0x8,
    IXLRETCODEENVERROR = 0xC,
    IXLRETCODECOMPERROR = 0x10,
};

enum xes_reason_code {
    IXLRSNCODEOK = 0,
    IXLRSNCODEASYNCH = 0x0402,              /* goes on; the complete exit tells of its end */
    IXLRSNCODESPECIALCONN = 0x0407,         /* connected; the structure was there already or the connection was taken up
                                               again: look at xes_connection.existing, .reconnected */
    IXLRSNCODETIMEOUT = 0x0409,             /* ended early: repeat with the restart token */
    IXLRSNCODELOCKNOTHELD = 0x040E,
    IXLRSNCODEBUFFERFULL = 0x040F,
    IXLRSNCODEBADPARMLIST = 0x0801,
    IXLRSNCODEBADCONTOKEN = 0x080A,
    IXLRSNCODERESOURCENOTFOUND = 0x0810,
    /* numbers of our own */
    IXLRSNCODENOENTRY = 0x0F10,
    IXLRSNCODEENTRYEXISTS = 0x0F11,
    IXLRSNCODEVERSIONMISMATCH = 0x0F12,
    IXLRSNCODELISTMISMATCH = 0x0F13,
    IXLRSNCODEAUTHMISMATCH = 0x0F14,
    IXLRSNCODEKEYMISMATCH = 0x0F15,
    IXLRSNCODEBADRESTOKEN = 0x0F16,         /* the entry at which the request was to go on has left its list: begin again */
    IXLRSNCODENOLOCKENTRY = 0x0F17,         /* LOCK READNEXT: no further lock of that kind */
    IXLRSNCODENOEMC = 0x0F18,               /* the connection does not monitor this sublist */
    IXLRSNCODELOCKCOND = 0x0F20,            /* the lock is held by another; or the wait for it was too long */
    IXLRSNCODELOCKRETAINED = 0x0F24,        /* a failed connection has the resource, or may have it */
    IXLRSNCODERESOURCEHELD = 0x0F26,        /* IXLLOCK: held or asked for already by this connection */
    IXLRSNCODELOCKPERSISTENT = 0x0F27,      /* a failed-persistent connection holds it */
    IXLRSNCODELISTFULL = 0x0F30,
    IXLRSNCODESTRFULL = 0x0F31,
    IXLRSNCODECFFULL = 0x0F32,
    IXLRSNCODEMAXLISTKEY = 0x0F35,          /* the key counter of the list has passed its maximum */
    IXLRSNCODEEMCFULL = 0x0F36,             /* no storage for another event monitor */
    IXLRSNCODECONNAMEINUSE = 0x0F42,
    IXLRSNCODEMAXCONN = 0x0F43,
    IXLRSNCODERSPNOTREC = 0x0F44,           /* peers have not yet answered the end of the connection of this name */
    IXLRSNCODENOTAWAITED = 0x0F45,          /* IXLEERSP: no answer of this connection is awaited */
    IXLRSNCODECONNACTIVE = 0x0F46,          /* IXLFORCE: it is active, or connections of the structure are */
    IXLRSNCODEINSUFFCFLEVEL = 0x0F47,       /* the CF is below MINCFLEVEL */
    IXLRSNCODEALTERING = 0x0F48,            /* IXLALTER: another is under way */
    IXLRSNCODEALTERENDED = 0x0F49,          /* IXLALTER: it was stopped, or another brought it to its end */
    IXLRSNCODEALTERNOTALLOWED = 0x0F4A,     /* IXLALTER: not every connection allows it */
    IXLRSNCODESTRNOTINPOLICY = 0x0F4B,      /* not defined in the CFRM active policy */
    IXLRSNCODENOFAC = 0x0F4C,               /* no CF of the preference list can have it */
    IXLRSNCODESTRSIZE = 0x0F4D,             /* SIZE of the policy is too small for such a structure */
    IXLRSNCODESTRTEMPUNAVAIL = 0x0F50,      /* busy for longer than we wait */
    IXLRSNCODEREBUILD = 0x0F52,             /* a rebuild or duplexing is in the way, or not in the phase for this */
    IXLRSNCODENOCONN = 0x0F60,              /* loss of connectivity to the CF */
    IXLRSNCODESTRFAILURE = 0x0F61,          /* an answer that the architecture does not know */
    IXLRSNCODENOSLOT = 0x0F62,              /* no xes_connection is free on this image */
};

struct xes_connection;
struct xes_rebuild;
struct xes;

/* A monitored list became non-empty; vector_index as given to MONITOR. */
typedef void xes_list_exit(void *context, uint32_t vector_index);

/* Connections that failed (bit map of 256 bits, bit 0 = high bit of byte 0) and whether a new one joined. With
 * CF_CONN_OPT_RESPONDS also those that disconnected; for each of both xes_respond() is due, from the main line. */
typedef void xes_event_exit(void *context, const uint8_t failed[32], bool joined);

/* A rebuild is in another phase (enum cf_rebuild_phase). As the others it notes that and returns. */
typedef void xes_rebuild_exit(void *context, uint32_t phase);

struct xes_attributes {             /* of a structure; see CONNECT in cf_arch.h */
    uint32_t list_headers;
    uint32_t lock_entries;
    uint32_t size_kib;
    uint16_t max_elements;
    uint8_t elemchar;
    uint8_t flags;                  /* CF_CONN_* */
    uint16_t entry_ratio, element_ratio;
    uint32_t vector_bits;
    uint16_t emcstgpct;             /* hundredths of a percent of the storage for event monitors; keyed only */
    uint8_t options;                /* CF_CONN_OPT_* */
    uint8_t cf_level;               /* MINCFLEVEL; answer: CFLEVEL */
    uint8_t max_connections;        /* 0 = as many as the facility has */
    uint32_t records;               /* lock structure (list_headers 0): record data entries, at least */
};

struct xes_connect_parms {
    unsigned cf;                    /* number of the CF on this image that is asked first; a CFRM policy may name others */
    const char *structure;          /* 1..16 characters */
    const char *connection;         /* 1..16 characters */
    const char *system, *job;       /* 1..8 characters, for displays */
    struct xes_attributes attributes;
    xes_list_exit *list_exit;       /* may be NULL */
    xes_event_exit *event_exit;     /* may be NULL */
    xes_rebuild_exit *rebuild_exit; /* may be NULL: ALLOWREBLD=NO */
    struct xes_rebuild *rebuild;    /* in place of rebuild_exit; kept. May be NULL */
    void *context;
};

struct xes_connection {
    bool in_use;
    volatile bool lost;             /* loss of connectivity, or fenced */
    volatile bool cf_failed;        /* that is why it is lost: the structure went with its CF */
    volatile bool poll_again;       /* the CF was busy when it was asked what it has to report */
    bool existing, reconnected;
    unsigned cf;
    uint32_t structure;             /* id */
    uint32_t conid;
    uint32_t conversion;            /* connection version */
    uint64_t token;
    char name[CF_NAME_SIZE + 1];    /* of the structure */
    char cfname[NAME_LEN + 1];      /* where it is */
    struct xes_attributes attributes;       /* in force; the caller checks them, as with IXLYCONA */
    xes_list_exit *list_exit;
    xes_event_exit *event_exit;
    xes_rebuild_exit *rebuild_exit;
    struct xes_rebuild *rebuild;
    struct xes *xes;
    void *context;
    struct xes_connection *rebuild_of;      /* this is the temporary connection of a rebuild: whose */
    struct ecb lock_ecb;            /* posted when the lock that the main line waits for is granted */
    volatile uint32_t lock_wanted;  /* lock index + 1 that the main line waits for, 0 = none */
    volatile bool lock_refused;     /* ... and it became persistent */
    unsigned under_way;             /* list requests that have been sent: until their answer this system is not quiet, */
    unsigned holds;                 /* nor while it holds lock entries: others wait for them, and would not be quiet either */
    uint64_t requests, queued, busy;        /* statistics: requests, lock contentions, busy answers */
};

struct xes {
    struct xes_connection connections[XES_CONNECTIONS_MAX];
    struct ecb rebuild_ecb;         /* posted when a rebuild is in another phase: xes_rebuild.h */
    bool rebuilding;                /* xes_rebuild_work() is running */
    bool waiting;                   /* a request waits for a rebuild, and does this system's part of it meanwhile */
    /* Runs from time to time while a list request waits, for what cannot wait for it; it may make requests, those of a structure
     * that is being rebuilt excepted. NULL: nothing. */
    void (*wait_exit)(void *context);
    void *wait_context;
};

/* List controls: READ_LCONTROLS, WRITE_LCONTROLS. */
struct xes_list_controls {
    uint8_t set;                    /* WRITE: LCONTROLS_SET_*, what of it is written */
    bool to_head;                   /* answer: direction of the cursor */
    uint32_t limit, key_increment;
    uint32_t elements, monitors;    /* answer */
    uint8_t description[32];
    uint8_t key[CF_NAME_SIZE], key_max[CF_NAME_SIZE];
    uint8_t cursor[CF_LEID_SIZE];   /* answer; zeros: nowhere */
};

/* What few list requests need. As with struct xes_request, unused fields stay zero. */
struct xes_list_more {
    uint8_t options2, keycomp, authcomp;                        /* CF_OPT2_*, enum cf_keycomp, enum cf_authcomp */
    uint8_t key_request, key_type, cursor, data_oper, position; /* LIST_* in cf_arch.h */
    uint8_t auth_comp[CF_NAME_SIZE];                            /* out: authority of the list, if that was asked or differs */
    uint8_t auth[CF_NAME_SIZE];
    uint8_t key_compare[CF_NAME_SIZE];
    uint8_t target_key[CF_NAME_SIZE];
    uint32_t target_list, lock_comp;
    uint64_t restart;               /* in and out: RESTOKEN; 0: from the beginning, the end was reached */
    struct xes_list_controls controls;                          /* in and out */
    uint8_t notification[CF_NAME_SIZE];                         /* in and out: user notification controls of a sublist */
    /* answer */
    uint32_t count;                 /* entries read or deleted, sublists monitored, events dequeued */
    uint32_t needed;                /* BUFFERFULL and nothing read: bytes that the next entry needs */
    uint32_t lock_index;            /* READNEXT */
    bool event_queued;              /* READ_EMCONTROLS, MONITOR_SUBLIST: the sublist is on the event queue */
    uint32_t emcs_used, emcs_total; /* those, and MONITOR_SUBLISTS: of the structure */
    uint32_t queue_count, queue_emcs, queue_transitions;        /* READ_EQCONTROLS, MONITOR_EVENTQ, DEQ_EVENTQ */
};

/* A list request and its answer. Fields that a request does not use stay zero. */
struct xes_request {
    uint16_t command;               /* CF_CMD_LIST_* */
    uint8_t locate, entrytype, lockoper, lockmode, verscomp, versupdate, options;
    uint8_t dataoper, position;     /* MOVE: enum cf_dataoper; CF_LOCATE_HEAD or CF_LOCATE_TAIL of target_list */
    uint32_t list, lock_index, target_list;
    uint64_t version_comp, version;
    uint64_t restart;               /* in and out: of requests for many entries that ended early (TIMEOUT) */
    uint8_t leid[CF_LEID_SIZE];     /* in and out */
    uint8_t name[CF_NAME_SIZE];     /* in and out: entry name or key */
    uint32_t vector_index;
    uint8_t adjunct[CF_ADJUNCT_SIZE];       /* in and out */
    const void *out;                /* data to the CF */
    uint32_t out_len;
    void *in;                       /* buffer for data from the CF */
    uint32_t in_cap;
    struct xes_list_more *more;     /* may be NULL */
    /* answer */
    uint32_t reason;                /* enum xes_reason_code */
    uint32_t data_len, answer_list, lock_owner, list_count, elements;
    uint32_t count;                 /* entries that a request for many has read or deleted */
    uint64_t answer_version;
};

/* IXLCONN. RC 0 or 4 (SPECIALCONN): *connection is valid. 8, 0xC: *connection is NULL. *reason may not be NULL. */
int xes_connect(struct xes *xes, const struct xes_connect_parms *parms, struct xes_connection **connection, uint32_t *reason);

/* IXLDISC; failure: REASON=FAILURE. The connection is free afterwards whatever the CF answered. */
void xes_disconnect(struct xes_connection *connection, bool failure);

/* IXLEERSP: this connection has dealt with the end of another; release: RELEASECONN=YES. Return code; *reason. */
int xes_respond(struct xes_connection *connection, uint32_t conid, bool release, uint32_t *reason);

/* IXLFORCE of a failed-persistent connection, or with connection NULL of a structure without active ones. The names are
 * of 1..16 characters. Return code; *reason. */
int xes_force(unsigned cf, const char *structure, const char *connection, uint32_t *reason);

/* The operator's, by structure name over any CF of the pair. Return code; *reason.
 * IXLREBLD START, or STOP; IXLALTER to a size, *size_kib: in, and out what was reached; what displays show (READ_STRUCTURE in
 * cf_arch.h): of the structure of this name, or with NULL of the next one, *restart 0 for the first; mrb: CF_MRB_SIZE bytes.
 * IDENTIFY: mrb. */
int xes_operator_rebuild(unsigned cf, const char *structure, bool stop, uint32_t *reason);
int xes_alter(unsigned cf, const char *structure, uint32_t *size_kib, uint32_t *reason);
int xes_read_structure(unsigned cf, const char *structure, uint64_t *restart, uint8_t *data, uint32_t cap, uint8_t *mrb,
                       uint32_t *reason);
int xes_identify(unsigned cf, uint8_t *mrb, uint32_t *reason);

/* Isolate the system that made a connection to the structure of this one (CF_CMD_FENCE); conid 0: that holds the structure
 * up. only_failed: CONNACTIVE if the connection has not failed. Return code 0: it is isolated; TIMEOUT: not yet, repeat it;
 * BADCONTOKEN: such a connection is not there any more. *reason;
 * system: name of it, "" = not known. */
int xes_fence(struct xes_connection *connection, uint32_t conid, uint32_t conversion, bool only_failed,
              char system[NAME_LEN + 1], uint32_t *reason);

/* What this image has of connections over any CF is of an earlier IPL: end it (CF_CMD_RESET). Before the first xes_connect(). A CF
 * that is not there has none. */
void xes_reset(void);

/* IXLREBLD REQUEST=START, REQUEST=STOP of the connection's structure. Return code; *reason. */
int xes_rebuild_start(struct xes_connection *connection, uint32_t *reason);
int xes_rebuild_stop(struct xes_connection *connection, uint32_t *reason);

/* IXLEERSP to a phase, for CF_REBUILD_CONNECT IXLREBLD REQUEST=COMPLETE. Return code; *reason. */
int xes_rebuild_respond(struct xes_connection *connection, uint32_t phase, uint32_t *reason);

/* IXLCONN REBUILD: a temporary connection to the new structure, allocated with parms->attributes if it is the first. parms
 * name the same structure and connection as the old one. As xes_connect(). */
int xes_rebuild_connect(struct xes *xes, struct xes_connection *old, const struct xes_connect_parms *parms,
                        struct xes_connection **temporary, uint32_t *reason);

/* IXLLIST. Result: return code; request->reason and the answer fields are set. */
int xes_list(struct xes_connection *connection, struct xes_request *request);

/* Send a message of this connection, all but structure and token filled in; busy is waited for. mrb: CF_MRB_SIZE bytes.
 * false: the connection is lost. */
bool xes_send(struct xes_connection *connection, uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in,
              uint32_t in_cap);

/* A request of this image has waited for a while: take part in rebuilds of structures that it is not about, run the wait exit. xes
 * may be NULL. */
void xes_waits(struct xes *xes);

/* Read what the CF has to report to one connection and drive its exits. Callable from the attention handler. */
void xes_poll(struct xes_connection *connection);

/* The CF gave attention: xes_poll() for every connection. Callable from the attention handler. */
void xes_attention(struct xes *xes);

/* Ask again where the CF was too busy to say what it has to report; take part in rebuilds. For the main loop; costs a few
 * loads. */
void xes_repoll(struct xes *xes);

/* Entry names and others: text into size bytes, blank padded. */
void xes_name(uint8_t *out, uint32_t size, const char *text);

#endif
