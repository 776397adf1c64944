/* The message architecture of the coupling facility: what every door (CFMSG instruction, CFS channel device, process,
 * link) carries, byte for byte.
 *
 * A request is a 256-byte message command block (MCB) and, for writes, up to 64 KiB of data; the answer is a 256-byte
 * message response block (MRB) and, for reads, up to 64 KiB of data. All fields are big-endian (cf_bytes.h). Bytes that
 * a command does not use must be zero in the MCB and are zero in the MRB.
 *
 *   MCB                                            MRB
 *   0   command            2  locate               0   response          2  reason
 *   3   entry type         4  lock operation       4   data length
 *   5   lock mode          6  version compare      8   connect token
 *   7   version update     8  options              16  structure id     20  connection id
 *   9   more options      10  key compare          24  list number      28  lock owner (connection id)
 *   11  authority compare
 *   12  structure id      16  connect token
 *   24  list number       28  lock index           32  version number
 *   32  version comparand 40  version value        40  list entry count
 *   48  LEID (12)         60  data length          48  LEID (12)        60  elements of the entry
 *   64  name or key (16)  80  authority comparand  64  name or key (16)
 *   96  authority (16)    112 target list          80  entries in use   84  entries in all
 *   116 vector index      120 restart token        88  elements in use  92  elements in all
 *   128 adjunct (64)      192 command's own (64)   120 restart token    128 adjunct (64)   192 command's own (64)
 *
 * Modelled on the published interfaces of IXLCONN and IXLLIST (z/OS MVS Sysplex Services Reference); the bytes are ours,
 * the real ones are not published. Freestanding: no other header of the project is needed. */
#ifndef CF_ARCH_H
#define CF_ARCH_H

#include <stdint.h>

/* Sizes */
#define CF_MCB_SIZE 256u
#define CF_MRB_SIZE 256u
#define CF_DATA_MAX 65536u      /* data of one command, bytes: 255 elements of 256 fit, and so do 16 buffers of 4 KiB */
#define CF_ADJUNCT_SIZE 64u
#define CF_NAME_SIZE 16u        /* structure, connection and entry names; entry keys; authorities */
#define CF_LEID_SIZE 12u
#define CF_ELEMENT_MIN 256u     /* element size is CF_ELEMENT_MIN << ELEMCHAR */
#define CF_LEVEL 17             /* the CFLEVEL whose limits we follow */

/* MCB field offsets */
enum {
    MCB_COMMAND = 0,        /* u16: enum cf_command */
    MCB_LOCATE = 2,         /* u8: enum cf_locate */
    MCB_ENTRYTYPE = 3,      /* u8: enum cf_entrytype, WRITE only */
    MCB_LOCKOPER = 4,       /* u8: enum cf_lockoper */
    MCB_LOCKMODE = 5,       /* u8: enum cf_lockmode */
    MCB_VERSCOMP = 6,       /* u8: enum cf_verscomp */
    MCB_VERSUPDATE = 7,     /* u8: enum cf_versupdate */
    MCB_OPTIONS = 8,        /* u8: CF_OPT_* */
    MCB_OPTIONS2 = 9,       /* u8: CF_OPT2_* */
    MCB_KEYCOMP = 10,       /* u8: enum cf_keycomp */
    MCB_AUTHCOMP = 11,      /* u8: enum cf_authcomp */
    MCB_STRUCTURE = 12,     /* u32: structure id from CONNECT */
    MCB_TOKEN = 16,         /* u64: connect token from CONNECT; carries connection id and epoch, opaque to users */
    MCB_LIST = 24,          /* u32: list number, 0 .. LISTHEADERS-1 */
    MCB_LOCKINDEX = 28,     /* u32: lock entry, 0 .. LOCKENTRIES-1 */
    MCB_VERSION_COMP = 32,  /* u64 */
    MCB_VERSION = 40,       /* u64: new value for VERSUPDATE=SET */
    MCB_LEID = 48,          /* 12 bytes */
    MCB_DATALEN = 60,       /* u32: bytes of data that accompany the command */
    MCB_NAME = 64,          /* 16 bytes: entry name or key; CONNECT: structure name, blank padded EBCDIC-free ASCII */
    MCB_AUTH_COMP = 80,     /* 16 bytes; CONNECT: connection name */
    MCB_AUTH = 96,          /* 16 bytes; CONNECT: system name (8), job name (8), for displays */
    MCB_TARGET_LIST = 112,  /* u32 */
    MCB_VECTORINDEX = 116,  /* u32: bit in the connector's list notification vector */
    MCB_RESTART = 120,      /* u64 */
    MCB_ADJUNCT = 128,      /* 64 bytes */
    MCB_OWN = 192,          /* 64 bytes: the command's own, see below */
};

/* MRB field offsets */
enum {
    MRB_RESPONSE = 0,       /* u16: enum cf_response */
    MRB_REASON = 2,         /* u16: offset of the MCB field at fault for CF_RSP_BAD_REQUEST, else 0 */
    MRB_DATALEN = 4,        /* u32: bytes of data returned */
    MRB_TOKEN = 8,          /* u64 */
    MRB_STRUCTURE = 16,     /* u32 */
    MRB_CONID = 20,         /* u32: 1 .. 255 */
    MRB_LIST = 24,          /* u32: list that holds the entry */
    MRB_LOCKOWNER = 28,     /* u32: connection that holds the lock, 0 = nobody */
    MRB_VERSION = 32,       /* u64: version of the entry after the command */
    MRB_LISTCOUNT = 40,     /* u32: entries on the list after the command */
    MRB_LEID = 48,          /* 12 bytes */
    MRB_ELEMENTS = 60,      /* u32 */
    MRB_NAME = 64,          /* 16 bytes */
    MRB_ENTRIES_USED = 80,
    MRB_ENTRIES_TOTAL = 84,
    MRB_ELEMENTS_USED = 88,
    MRB_ELEMENTS_TOTAL = 92,
    MRB_RESTART = 120,
    MRB_ADJUNCT = 128,
    MRB_OWN = 192,
};

enum cf_command {
    CF_CMD_IDENTIFY = 0x0001,       /* what CF is this: name, level, storage */
    CF_CMD_READ_STRUCTURE = 0x0002, /* what a display shows of a structure, allocated or only in the CFRM policy */
    CF_CMD_CONNECT = 0x0010,        /* IXLCONN: connect, allocate the structure if it does not exist */
    CF_CMD_DISCONNECT = 0x0011,     /* IXLDISC; CF_OPT_FAILURE, CF_OPT_DELETESTR */
    CF_CMD_RESPOND = 0x0012,        /* IXLEERSP: the caller has dealt with the end of another connection */
    CF_CMD_ALTER = 0x0014,          /* IXLALTER of a structure (MCB_NAME); CF_OPT_STOP stops it where it is */
    CF_CMD_FORCE = 0x0013,          /* IXLFORCE of a connection (MCB_AUTH_COMP) or, if that is blank, of a structure (MCB_NAME) */
    CF_CMD_FENCE = 0x0015,          /* isolate the system that made a connection; see "FENCE" below */
    CF_CMD_RESET = 0x0016,          /* system reset: what connections the caller's door has are of an earlier IPL; they fail */
    CF_CMD_LIST_READ = 0x0100,      /* IXLLIST REQUEST=READ */
    CF_CMD_LIST_WRITE = 0x0101,     /* IXLLIST REQUEST=WRITE */
    CF_CMD_LIST_DELETE = 0x0102,    /* IXLLIST REQUEST=DELETE; returns what it deleted (data and adjunct as asked) */
    CF_CMD_LIST_LOCK = 0x0103,      /* IXLLIST REQUEST=LOCK: only the lock operation */
    CF_CMD_LIST_MONITOR = 0x0104,   /* IXLLIST REQUEST=MONITOR_LIST; CF_OPT_STOP ends it */
    CF_CMD_LIST_READ_LIST = 0x0105,     /* the entries of a list in their order, from the located one on */
    CF_CMD_LIST_READ_MULT = 0x0106,     /* every entry of the structure or (LISTCOMP) of a list that the comparisons admit */
    CF_CMD_LIST_MOVE = 0x0107,          /* an entry to MCB_TARGET_LIST, with its READ or WRITE in the same command */
    CF_CMD_LIST_DELETE_MULT = 0x0108,   /* every entry that the comparisons admit, as READ_MULT finds them */
    CF_CMD_LIST_DELETE_ENTRYLIST = 0x0109,  /* the entries whose LEIDs or names are the data */
    CF_CMD_LIST_READ_LCONTROLS = 0x010A,
    CF_CMD_LIST_WRITE_LCONTROLS = 0x010B,
    CF_CMD_LIST_MONITOR_SUBLIST = 0x010C,   /* the entries of one key on a list; CF_OPT_STOP ends it */
    CF_CMD_LIST_MONITOR_SUBLISTS = 0x010D,  /* many of them, as data */
    CF_CMD_LIST_MONITOR_EVENTQ = 0x010E,    /* vector bit that says whether the event queue has something; CF_OPT_STOP */
    CF_CMD_LIST_READ_EMCONTROLS = 0x010F,
    CF_CMD_VECTOR_READ = 0x0110,    /* IXLVECTR: the connection's notification vector and its pending events */
    CF_CMD_LIST_READ_EQCONTROLS = 0x0111,
    CF_CMD_LIST_DEQ_EVENTQ = 0x0112,        /* take what the event queue has */
    /* lock structures; see "lock structures" below */
    CF_CMD_LOCK_OBTAIN = 0x0200,    /* IXLLOCK REQUEST=OBTAIN, what of it is the facility's */
    CF_CMD_LOCK_ALTER = 0x0201,
    CF_CMD_LOCK_RELEASE = 0x0202,
    CF_CMD_LOCK_PROCESSMULT = 0x0203,
    CF_CMD_LOCK_READBYCONN = 0x0204,    /* lock table entries in which a connection has interest */
    CF_CMD_RDATA_READ = 0x0208,     /* IXLRT REQUEST=READ: one record data entry by its entry id */
    CF_CMD_RDATA_READALL = 0x0209,
    CF_CMD_RDATA_READBYCONN = 0x020A,
    CF_CMD_RDATA_DELETE = 0x020B,   /* IXLRT REQUEST=DELETEENTRYLST: those of a list of entry ids */
    CF_CMD_RDATA_DELETEBYCONN = 0x020C,
    /* The operator's, by structure name at MCB_NAME, without a connection. Both CFs of a pair are needed. What is long ends
     * with CF_RSP_TIMEOUT: repeat it. The structure is in use all the time, and keeps its id, tokens and contents. */
    CF_CMD_DUPLEX_START = 0x0300,   /* SETXCF START,REBUILD,DUPLEX: keep a second copy in the other CF. OK: it is complete */
    CF_CMD_DUPLEX_STOP = 0x0301,    /* SETXCF STOP,REBUILD,DUPLEX: keep the old copy, or the new one with CF_OPT_KEEP_NEW */
    CF_CMD_REBUILD = 0x0302,        /* SETXCF START,REBUILD,LOCATION=OTHER of a simplex structure: move it, system-managed */
    /* User-managed rebuild, IXLREBLD. START and STOP come from a connection, or by name with structure id 0. */
    CF_CMD_REBUILD_START = 0x0303,
    CF_CMD_REBUILD_RESPOND = 0x0304,    /* IXLEERSP, and for CF_REBUILD_CONNECT IXLREBLD REQUEST=COMPLETE: the connection has done
                                       with the phase at MCB_OWN (u32). BUSY: it counts, but repeat it */
    CF_CMD_REBUILD_STOP = 0x0305,   /* not from CLEANUP on */
};

/* How an entry is found. */
enum cf_locate {
    CF_LOCATE_NONE = 0,
    CF_LOCATE_HEAD = 1,             /* first entry of MCB_LIST; WRITE of a new entry: place it there */
    CF_LOCATE_TAIL = 2,
    CF_LOCATE_LEID = 3,
    CF_LOCATE_NAME = 4,             /* unique name in the structure, whichever list holds it */
    CF_LOCATE_KEY_HEAD = 5,         /* first entry of MCB_LIST with this key */
    CF_LOCATE_KEY_TAIL = 6,
    CF_LOCATE_CURSOR = 8,           /* the entry at the cursor of MCB_LIST */
};

enum cf_keyrequest {                /* LIST_KEYREQUEST: which key CF_LOCATE_KEY_* finds. A WRITE that creates: EQUAL only */
    CF_KEYREQUEST_EQUAL = 0,
    CF_KEYREQUEST_LESSOREQUAL = 1,      /* the highest key that is not above MCB_NAME */
    CF_KEYREQUEST_GREATEROREQUAL = 2,   /* the lowest one that is not below it */
};

enum cf_entrytype {                 /* WRITE: ENTRYTYPE= */
    CF_ENTRY_ANY = 0,               /* replace it if it is there, else create it */
    CF_ENTRY_NEW = 1,               /* create; CF_RSP_ENTRY_EXISTS if it is there: test-and-add in one command */
    CF_ENTRY_OLD = 2,               /* replace; CF_RSP_NO_ENTRY if it is not there */
};

enum cf_lockoper {                  /* LOCKOPER=, done together with the request: both happen or neither */
    CF_LOCK_NONE = 0,
    CF_LOCK_SET = 1,                /* obtain. A connection that holds it already (a grant after waiting) simply has it */
    CF_LOCK_RESET = 2,              /* the caller must hold it; released after the request, granted to the next waiter */
    CF_LOCK_NOTHELD = 3,            /* do the request only if nobody holds the lock */
    CF_LOCK_HELDBY = 4,             /* do the request only if the caller holds the lock, and keep it */
    CF_LOCK_TEST = 5,               /* LOCK request only: who holds it */
    CF_LOCK_READNEXT = 6,           /* LOCK request only: the first lock from MCB_LOCKINDEX on that is held, with LOCKCOMP
                                       by that connection; ANSWER_LOCKINDEX, MRB_LOCKOWNER, or CF_RSP_NO_LOCK. A search
                                       that takes long ends with CF_RSP_TIMEOUT: repeat with MRB_RESTART */
};

enum cf_lockmode {
    CF_LOCKMODE_COND = 0,           /* contention: CF_RSP_LOCK_HELD */
    CF_LOCKMODE_UNCOND = 1,         /* contention: CF_RSP_LOCK_QUEUED, first come first served; a grant is an event */
};

enum cf_verscomp { CF_VERSCOMP_NONE = 0, CF_VERSCOMP_EQUAL = 1, CF_VERSCOMP_LESSOREQUAL = 2 };
enum cf_keycomp { CF_KEYCOMP_NONE = 0, CF_KEYCOMP_EQUAL = 1, CF_KEYCOMP_LESSOREQUAL = 2 };
enum cf_authcomp { CF_AUTHCOMP_NONE = 0, CF_AUTHCOMP_EQUAL = 1, CF_AUTHCOMP_LESSOREQUAL = 2 };
enum cf_versupdate { CF_VERSUPDATE_NONE = 0, CF_VERSUPDATE_SET = 1, CF_VERSUPDATE_INC = 2, CF_VERSUPDATE_DEC = 3 };

enum {                              /* MCB_OPTIONS */
    CF_OPT_DATA = 0x80,             /* read or write the data entry; a WRITE without it leaves the data as it is */
    CF_OPT_ADJUNCT = 0x40,          /* read or write the adjunct; unspecified on a new entry: zeros */
    CF_OPT_LISTCOMP = 0x20,         /* LISTNUM compare: the entry must be on MCB_LIST */
    CF_OPT_STOP = 0x10,             /* MONITOR: stop */
    CF_OPT_FAILURE = 0x08,          /* DISCONNECT REASON=FAILURE */
    CF_OPT_DELETESTR = 0x04,        /* DISCONNECT REASON=DELETESTR: the last one deletes the structure, STRDISP=KEEP or not */
    CF_OPT_RELEASECONN = 0x04,      /* RESPOND RELEASECONN=YES */
    CF_OPT_REBUILD = 0x02,          /* CONNECT: IXLCONN REBUILD, to the new structure of a rebuild, by a connection to the old
                                       one, whose connection name is given; the token and structure id stay good when the
                                       rebuild is over, while those of the old one end */
    CF_OPT_KEEP_NEW = 0x04,         /* DUPLEX_STOP: KEEP=NEW, else OLD */
};

enum {                              /* MCB_OPTIONS2 */
    CF_OPT2_AUTH_SET = 0x80,        /* the list authority of MCB_LIST becomes MCB_AUTH, if the request succeeds */
    CF_OPT2_LOCKCOMP = 0x40,        /* SET, RESET, HELDBY, TEST: only if connection LIST_LOCKCOMP holds the lock. SET takes the
                                       lock away from it, RESET frees it in its place; waiters keep their order */
    CF_OPT2_TOHEAD = 0x20,          /* direction of READ_LIST and of LIST_CURSOR; else towards the tail */
    CF_OPT2_NAMES = 0x10,           /* DELETE_ENTRYLIST: the data are names of 16 bytes; else LEIDs of 12 bytes */
};

/* List requests: further fields at MCB_OWN.
 *
 * Conditions of a request, in the order in which they are looked at; the first that does not hold is the response, and
 * nothing is changed: the authority of list MCB_LIST (MCB_AUTHCOMP against MCB_AUTH_COMP: the list's authority equals
 * it, or is not higher), the lock, and of the entry its list (CF_OPT_LISTCOMP), its version (MCB_VERSCOMP) and its key
 * (MCB_KEYCOMP). Requests for many entries pass over the entries that do not meet the last three. */
enum {
    LIST_KEYCOMPARE = 0,            /* 16 bytes: comparand of MCB_KEYCOMP */
    LIST_TARGETKEY = 16,            /* 16 bytes: MOVE with CF_KEYTYPE_TARGET: the new key of the entry */
    LIST_LOCKCOMP = 32,             /* u32: connection id, 1 .. 255, with CF_OPT2_LOCKCOMP; else 0 */
    LIST_KEYREQUEST = 36,           /* u8: enum cf_keyrequest */
    LIST_KEYTYPE = 37,              /* u8: enum cf_keytype */
    LIST_CURSOR = 38,               /* u8: enum cf_cursor_update; READ, WRITE, MOVE, DELETE */
    LIST_DATAOPER = 39,             /* u8: enum cf_dataoper; MOVE only */
    LIST_POSITION = 40,             /* u8: MOVE: CF_LOCATE_HEAD or CF_LOCATE_TAIL of the target list (keyed: of its key) */
};

enum cf_keytype {                   /* where the key of a new or moved entry comes from */
    CF_KEYTYPE_ENTRY = 0,           /* WRITE: MCB_NAME; MOVE: the entry keeps its key */
    CF_KEYTYPE_LISTKEY = 1,         /* the key counter of the list it comes to, which is then increased by its increment;
                                       CF_RSP_LISTKEY_MAX if it has passed its maximum */
    CF_KEYTYPE_TARGET = 2,          /* MOVE: LIST_TARGETKEY */
};

enum cf_cursor_update {             /* UPDATECURSOR=, of the list that holds the entry before the request (WRITE: after it) */
    CF_CURSOR_KEEP = 0,
    CF_CURSOR_NEXT = 1,             /* to the next entry in the direction of the request, behind the last: nowhere */
    CF_CURSOR_NEXTCOND = 2,         /* the same, if it is at the entry now */
    CF_CURSOR_CURRENT = 3,          /* to the entry */
    CF_CURSOR_CURRENTCOND = 4,      /* the same, if it is nowhere now */
};  /* An entry that leaves its list while the cursor is at it hands it to the next in the direction of the last update. */

enum cf_dataoper { CF_DATAOPER_NONE = 0, CF_DATAOPER_READ = 1, CF_DATAOPER_WRITE = 2 };

/* List requests: further fields at MRB_OWN. */
enum {
    ANSWER_COUNT = 0,               /* u32: entries read or deleted, event monitors dequeued, sublists monitored */
    ANSWER_LOCKINDEX = 4,           /* u32: READNEXT */
    ANSWER_NEEDED = 8,              /* u32: CF_RSP_BUFFER_FULL without any entry: bytes that the next one needs */
    ANSWER_AUTHORITY = 16,          /* 16 bytes: CF_RSP_AUTHORITY_MISMATCH: the authority of the list */
};

/* READ_LIST and READ_MULT give a record per entry as data, one behind the other, each a multiple of 8 bytes long: fixed
 * part, adjunct if asked for (CF_OPT_ADJUNCT), data if asked for (CF_OPT_DATA), zeros up to RECORD_LENGTH.
 *
 *   ┌─ RECORD_SIZE ─┬─ 64 ────┬─ RECORD_DATALEN ─┬─ 0..7 ─┐┌───
 *   │ fixed part    │ adjunct │ data             │ zeros  ││ next record
 *   └───────────────┴─────────┴──────────────────┴────────┘└───
 *
 * MRB_DATALEN is the length of all of them, ANSWER_COUNT their number. A request that has not come to its end has
 * response CF_RSP_BUFFER_FULL or CF_RSP_TIMEOUT and a restart token: what it gives is valid, and the same request with
 * the token at MCB_RESTART goes on behind it (MCB_LOCATE does not matter then). The lock operation is looked at each time:
 * SET is done by the first part, RESET by the last. A token for an entry that has meanwhile left its list gets
 * CF_RSP_RESTART_GONE from READ_LIST and READ_MULT: begin again. */
enum {
    RECORD_LENGTH = 0,              /* u32: where the next record begins */
    RECORD_DATALEN = 4,             /* u32: bytes of data of the entry */
    RECORD_LIST = 8,                /* u32 */
    RECORD_ELEMENTS = 12,           /* u32 */
    RECORD_LEID = 16,               /* 12 bytes */
    RECORD_FLAGS = 28,              /* u32: CF_OPT_DATA, CF_OPT_ADJUNCT: the record has them. Data that does not fit the
                                       largest answer together with the fixed part is left out: READ it by LEID */
    RECORD_VERSION = 32,            /* u64 */
    RECORD_NAME = 40,               /* 16 bytes */
    RECORD_SIZE = 64,
};

/* READ_LCONTROLS, WRITE_LCONTROLS. At MCB_ADJUNCT and MRB_ADJUNCT: */
enum {
    LCONTROLS_DESCRIPTION = 0,      /* 32 bytes, the users' own */
    LCONTROLS_KEY = 32,             /* 16 bytes: the next key of CF_KEYTYPE_LISTKEY, an unsigned number */
    LCONTROLS_KEYMAX = 48,          /* 16 bytes: the last one that is given out; at first all ones */
};
/* At MCB_OWN and MRB_OWN: */
enum {
    LCONTROLS_LIMIT = 0,            /* u32: entries or (CF_CONN_LIMIT_ELEMENTS) elements; at first those of the structure */
    LCONTROLS_KEYINC = 4,           /* u32: increment of the key counter; at first 1 */
    LCONTROLS_SET = 8,              /* u8, WRITE: LCONTROLS_SET_* */
    LCONTROLS_TOHEAD = 9,           /* u8, READ: direction of the cursor */
    LCONTROLS_MONITORS = 12,        /* u32, READ: connections that monitor the list */
    LCONTROLS_AUTHORITY = 16,       /* 16 bytes, READ; it is changed with CF_OPT2_AUTH_SET */
    LCONTROLS_CURSOR = 32,          /* 12 bytes, READ: LEID of the entry at the cursor, zeros: nowhere */
    LCONTROLS_ELEMENTS = 44,        /* u32, READ: elements of the list's entries; MRB_LISTCOUNT: the entries */
};
enum {
    LCONTROLS_SET_LIMIT = 0x80,
    LCONTROLS_SET_DESCRIPTION = 0x40,
    LCONTROLS_SET_KEY = 0x20,
    LCONTROLS_SET_KEYMAX = 0x10,
    LCONTROLS_SET_KEYINC = 0x08,
    LCONTROLS_SET_CURSOR = 0x04,    /* to the entry that MCB_LOCATE finds on the list (CF_LOCATE_NONE: nowhere), in the
                                       direction of CF_OPT2_TOHEAD */
};

/* Sublists: the entries of one key on one list of a keyed structure. An event monitor (EMC) says that a connection wants to
 * know when a sublist stops being empty; that puts the monitor on the connection's event queue, until it is dequeued or
 * the sublist is empty again. MONITOR_EVENTQ names the vector bit that says whether the queue has something.
 *
 * MONITOR_SUBLIST takes list and key at MCB_LIST and MCB_NAME; a monitor that is there gets the new notification
 * controls. Sublists that are not empty are queued at once. MONITOR_SUBLISTS takes EVENT_SIZE bytes of data for each;
 * MCB_RESTART is the number of them already done. DEQ_EVENTQ and MONITOR_SUBLISTS have the same format: */
enum {
    EVENT_LIST = 0,                 /* u32 */
    EVENT_KEY = 16,                 /* 16 bytes */
    EVENT_CONTROLS = 32,            /* 16 bytes: user notification controls, given back with the event */
    EVENT_SIZE = 48,
};
enum {                              /* MONITOR_SUBLIST: at MCB_OWN; READ_EMCONTROLS: at MRB_OWN (else CF_RSP_NO_MONITOR) */
    EMCONTROLS_QUEUED = 4,          /* u32, answer: 1 = on the event queue */
    EMCONTROLS_USED = 8,            /* u32, answer: monitors of the structure in use */
    EMCONTROLS_TOTAL = 12,          /* u32, answer: and in all */
    EMCONTROLS_CONTROLS = 32,       /* 16 bytes: user notification controls */
};
enum {                              /* READ_EQCONTROLS, MONITOR_EVENTQ, DEQ_EVENTQ: at MRB_OWN */
    EQCONTROLS_QUEUED = 4,          /* u32: event monitors on the queue (DEQ_EVENTQ: that are still there) */
    EQCONTROLS_MONITORS = 8,        /* u32: event monitors of the connection */
    EQCONTROLS_MONITORED = 12,      /* u32: 1 = MONITOR_EVENTQ is on */
    EQCONTROLS_VECTORINDEX = 16,    /* u32: with which bit */
    EQCONTROLS_TRANSITIONS = 20,    /* u32: how often the queue has stopped being empty */
};

/* CONNECT: attributes at MCB_OWN, fixed by the first connector; the answer has the attributes in force at MRB_OWN in
 * the same layout, and the caller checks them itself, as on the real machine. */
enum {
    CONN_LISTHEADERS = 0,           /* u32, 1 .. 65536; 0 = lock structure */
    CONN_LOCKENTRIES = 4,           /* u32, 0 = not serialized, else rounded up to a power of two. Lock structure:
                                       entries of the lock table, at least 1 */
    CONN_SIZE_KIB = 8,              /* u32: storage of the structure; 0 = as the facility decides */
    CONN_MAXELEMNUM = 12,           /* u16, 1 .. 255 */
    CONN_ELEMCHAR = 14,             /* u8: element size 256 << ELEMCHAR, 0 .. 4 */
    CONN_FLAGS = 15,                /* u8: CF_CONN_* */
    CONN_ENTRYRATIO = 16,           /* u16: entries : elements */
    CONN_ELEMENTRATIO = 18,         /* u16 */
    CONN_VECTORLEN = 20,            /* u32: bits of the list notification vector, multiple of 32, at most 1024 */
    CONN_EXISTING = 24,             /* u8, answer only: 1 = structure was there already */
    CONN_RECONNECTED = 25,          /* u8, answer only: 1 = a failed-persistent connection of this name was taken up */
    CONN_EMCSTGPCT = 26,            /* u16: hundredths of a percent of the storage for event monitors, 0 .. 5000; keyed only */
    CONN_RECORDS = 28,              /* u32, lock structure: record data entries at least; 0 = RECORD=NO */
    CONN_CFNAME = 32,               /* 8 bytes, answer only */
    CONN_OPTIONS = 40,              /* u8: CF_CONN_OPT_*, of this connection */
    CONN_CFLEVEL = 41,              /* u8: MINCFLEVEL; answer: the level of this CF */
    CONN_MAXCONN = 42,              /* u8: connections of the structure at most, 0 = 255. Lock structure: an entry of the lock
                                       table has 8 bytes up to 55, 40 bytes above */
    CONN_VERSION = 44,              /* u32, answer only: connection version: connection id << 16 | count of its uses */
    CONN_NAME = 48,                 /* 16 bytes, answer only: connection name, generated if none was given */
};
enum {
    CF_CONN_ADJUNCT = 0x80,         /* ADJUNCT=YES */
    CF_CONN_NAMED = 0x40,           /* REFOPTION=NAME */
    CF_CONN_KEYED = 0x20,           /* REFOPTION=KEY */
    CF_CONN_STRDISP_KEEP = 0x10,    /* STRDISP=KEEP */
    CF_CONN_CONDISP_KEEP = 0x08,    /* CONDISP=KEEP */
    CF_CONN_LIMIT_ELEMENTS = 0x04,  /* LISTCNTLTYPE=ELEMENT: list limits count elements, else entries */
};
enum {
    CF_CONN_OPT_RESPONDS = 0x80,    /* the event exit answers the end of a peer with RESPOND */
    CF_CONN_OPT_ALTER = 0x40,       /* ALLOWALTER=YES; ALTER needs it of every connection. It gets CF_EVENT_ALTER_* */
    CF_CONN_OPT_FULL = 0x20,        /* it gets CF_EVENT_FULL and _RELIEVED */
    /* for the one who looks for a CF, see below */
    CF_CONN_OPT_EXISTING = 0x10,    /* connect only if the structure is allocated here, else CF_RSP_NO_STRUCTURE or _NOT_THIS_CF */
    CF_CONN_OPT_SHARE = 0x08,       /* no other CF will do: put up with structures of the exclusion list */
};

/* CONNECT where a CFRM policy is active. A structure that is not allocated must be in the policy, or CF_RSP_NOT_IN_POLICY. It
 * is allocated in the first CF of its preference list that is this CF or the other one of its pair, has room, and has no
 * structure of its exclusion list. If there is none: CF_RSP_NOT_THIS_CF, or CF_RSP_CF_FULL, and the preference list at
 * MRB_OWN, 8 names of 8 bytes, zeros behind the last. A system that has other CFs goes on there: first to see whether one
 * of them has the structure (CF_CONN_OPT_EXISTING), then in the order of the list, then again with CF_CONN_OPT_SHARE. */

/* The end of a connection, and who must agree to it.
 *
 *   FAILING         its process died, DISCONNECT REASON=FAILURE, or DISCONNECT while it held locks
 *   DISCONNECTING   DISCONNECT otherwise
 *
 * Each active peer that has said CF_CONN_OPT_RESPONDS is told (CF_EVENT_CONN_FAILED, _CONN_GONE) and is waited for: it
 * recovers what it wants and says RESPOND. Until the last one has, or has ended itself, the connection's name cannot be
 * used (CF_RSP_RESPONSES_MISSING). Then a failed connection with CONDISP=KEEP is failed-persistent, unless somebody said
 * RELEASECONN=YES; any other one is undefined.
 *
 * Its locks: while responses are awaited it holds them, and others queue for them. When it becomes undefined the first
 * waiters get them. When it becomes failed-persistent they are persistent: the waiters are told CF_EVENT_LOCK_REFUSED,
 * requests for them end with CF_RSP_LOCK_PERSISTENT, and the connection has them when it connects again.
 * Where neither the connection nor a peer responds, the locks of a failed connection go to the first waiters at once. */
enum {                              /* RESPOND: at MCB_OWN */
    RESPOND_CONID = 0,              /* u32: connection that ended */
    RESPOND_VERSION = 4,            /* u32: its version, 0 = whichever */
};

/* Lock structures (IXLLOCK): a lock table and record data.
 *
 * A lock table entry, chosen by the caller's hash of the resource name, says which connections have interest in resources
 * of that hash, and which one of them is its manager, if any:
 *
 *   no manager    every interest is shared
 *   manager m     m has the entry exclusively. Others whose interest stands beside it had it before m came, or got it with
 *                 m's consent. Only m knows which resources are held how
 *
 *   OBTAIN, ALTER to SHR    manager 0 or the caller: done. Manager is another: contention
 *   OBTAIN, ALTER to EXCL   manager is the caller, or 0 and nobody else has interest: the caller is manager. Others have
 *                           interest: contention, but with CF_LOP_MANAGE the caller is manager beside them, and is told
 *                           who they are. Manager is another: contention
 *   with CF_LOP_MANAGED     LOP_MANAGER has consented: done if that is the manager now, else CF_RSP_LOCK_MANAGER
 *   ALTER to SHR            the caller is manager no more: what is left is shared
 *   RELEASE                 the caller's interest ends, and that it is manager; with CF_LOP_MANAGE it stays manager as long
 *                           as others have interest
 *
 * The facility detects contention of entries only. Whether two connections want the same resource or two of one hash
 * (false contention) is for the connections to find out (stack/xes/xes_lock.h).
 *
 * A connection that is FAILING has its interest and record data until all responses are there (see above). When it becomes
 * failed-persistent its shared interest ends; entries that it has exclusively, interest beside a manager, and its record
 * data stay (retained locks) until it reconnects, is deleted, or its peers have recovered the resources and RELEASE them for
 * it (LOP_CONID), which they can do from the moment it fails. When it becomes undefined all ends. In both cases an entry that
 * it managed and in which others have interest has manager CF_LOCK_ORPHAN from then on. A request with CF_LOP_MANAGE makes the caller manager in place of an
 * orphan's or of a failed connection, whose own interest stays; without it it is contention, CF_RSP_LOCK_RETAINED where
 * the manager or another with interest has failed.
 *
 * OBTAIN, ALTER, RELEASE have their operands, an operation block, in the second half of the MCB, and a result block in the
 * second half of the MRB. PROCESSMULT has 1 .. 128 operation blocks as data, and as many result blocks come back: each
 * operation has its own response, the command's is CF_RSP_OK whatever they are. Record data is written or deleted together
 * with the operation, or neither is done. */
enum {                              /* operation block */
    LOP_RDATA = 0,                  /* 64 bytes: record data */
    LOP_OPERATION = 64,             /* u8: enum cf_lop; PROCESSMULT only, else 0 */
    LOP_STATE = 65,                 /* u8: enum cf_lockstate; RELEASE: 0 */
    LOP_OPTIONS = 66,               /* u8: CF_LOP_* */
    LOP_RDATATYPE = 67,             /* u8: of the user */
    LOP_INDEX = 68,                 /* u32: lock table entry */
    LOP_MANAGER = 72,               /* u32: connection id, with CF_LOP_MANAGED */
    LOP_CONID = 76,                 /* u32, RELEASE: for this connection, which has failed; 0 = for the caller */
    LOP_ENTRYID = 80,               /* 12 bytes: record data entry to write again or to delete; zeros: a new one */
    LOP_SIZE = 128,
};
enum cf_lop { CF_LOP_OBTAIN = 1, CF_LOP_ALTER = 2, CF_LOP_RELEASE = 3 };
enum cf_lockstate { CF_STATE_SHR = 1, CF_STATE_EXCL = 2 };
enum {                              /* LOP_OPTIONS */
    CF_LOP_WRITE = 0x80,            /* OBTAIN, ALTER: write record data */
    CF_LOP_DELETE = 0x40,           /* ALTER, RELEASE: delete record data LOP_ENTRYID */
    CF_LOP_MANAGE = 0x20,
    CF_LOP_MANAGED = 0x10,          /* OBTAIN, ALTER */
    CF_LOP_FALSE = 0x08,            /* the contention was found to be false: for the statistics */
};
enum {                              /* result block */
    LRES_RESPONSE = 0,              /* u16: enum cf_response; also at MRB_RESPONSE */
    LRES_REASON = 2,                /* u16: BAD_REQUEST: offset in the operation block, PROCESSMULT only */
    LRES_MANAGER = 4,               /* u32: connection id, 0 = none, CF_LOCK_ORPHAN; after the operation */
    LRES_ENTRYID = 8,               /* 12 bytes: of the record data written */
    LRES_HOLDERS = 64,              /* 32 bytes: bit map of the other connections with interest, bit 0 = high bit of byte 0 */
    LRES_FAILED = 96,               /* 32 bytes: those of the holders and the manager that have failed */
    LRES_SIZE = 128,
};
#define CF_LOCK_ORPHAN 256u
#define CF_LOPS_MAX 128u            /* operations of one PROCESSMULT */

/* LOCK_READBYCONN, RDATA_READBYCONN, RDATA_DELETEBYCONN: connection id in MCB_LIST. LOCK_READBYCONN, RDATA_READALL and
 * _READBYCONN return as many blocks as the buffer holds or the time allows; CF_RSP_TIMEOUT: go on with MRB_RESTART in
 * MCB_RESTART. RDATA_READ: entry id at MCB_LEID. RDATA_DELETE: entry ids as data to the facility, 12 bytes each; MRB_LISTCOUNT
 * says how many were found. Record data of an active connection is deleted by itself only: CF_RSP_NOT_FAILED. */
enum {                              /* block of LOCK_READBYCONN */
    LINT_INDEX = 0,                 /* u32: lock table entry */
    LINT_MANAGER = 4,               /* u32: its manager */
    LINT_SIZE = 8,
};
enum {                              /* block of RDATA_READ, _READALL, _READBYCONN */
    RDATA_ENTRYID = 0,              /* 12 bytes */
    RDATA_TYPE = 12,                /* u8 */
    RDATA_CONID = 16,               /* u32: whose */
    RDATA_INDEX = 20,               /* u32: lock table entry it was written with last */
    RDATA_DATA = 32,                /* 64 bytes */
    RDATA_SIZE = 96,
};

/* ALTER: bounded steps. It ends with CF_RSP_TIMEOUT as long as there is more to do: repeat it with MRB_RESTART in
 * MCB_RESTART. Only free storage moves, so it can end short of its target. The structure is in use all the time. */
enum {                              /* at MCB_OWN, and at MRB_OWN what is in force */
    ALTER_SIZE_KIB = 0,             /* u32: target size, 0 = as it is */
    ALTER_ENTRYRATIO = 4,           /* u16: entries : elements, 0 : 0 = as they are */
    ALTER_ELEMENTRATIO = 6,         /* u16 */
    ALTER_REACHED = 8,              /* u8, answer only: 1 = the target */
    ALTER_SIZEMAX_KIB = 12,         /* u32, answer only */
};

/* FENCE: the system that made connection FENCE_CONID of MCB_STRUCTURE is reset, whatever has become of the connection. OK: it
 * is isolated, it changes nothing any more and sends nothing. TIMEOUT: not yet; repeat it until OK. NO_CONNECTION: the
 * connection id is another one's by now, so that the one of FENCE_VERSION has long ended. With FENCE_CONID 0 it is the system
 * that holds the structure, or the directory of structures, up in the middle of a command; OK, too, if there is none. With CF_OPT_FAILURE only if the connection
 * has failed, else CF_RSP_CONN_ACTIVE. The caller needs no connection. */
enum {                              /* at MCB_OWN */
    FENCE_CONID = 0,                /* u32 */
    FENCE_VERSION = 4,              /* u32: CONN_VERSION of it */
};
#define FENCE_SYSTEM 8u             /* at MRB_OWN: 8 bytes, its name; zeros: not known */

/* IDENTIFY: at MRB_OWN */
enum {
    IDENTIFY_NAME = 0,              /* 8 bytes */
    IDENTIFY_LEVEL = 8,             /* u32: CFLEVEL */
    IDENTIFY_SIZE_KIB = 16,         /* u64: storage for structures */
    IDENTIFY_FREE_KIB = 24,         /* u64 */
};

/* READ_STRUCTURE: of the structure of a name (MCB_NAME), or, if that is blank, of the next one from MCB_RESTART on (0: the
 * first; MRB_RESTART goes on behind it); else CF_RSP_NO_STRUCTURE. MRB_ENTRIES_* and MRB_ELEMENTS_* are set. Data: a structure
 * block, a policy block, and for each connection a connection block; CF_RSP_BUFFER_FULL, MRB_DATALEN says what they need. */
enum {                              /* structure block */
    STR_NAME = 0,                   /* 16 bytes */
    STR_ALLOCATED = 16,             /* u64: when, microseconds since 1970; 0: it is not allocated, the rest is zero */
    STR_CFNAME = 24,                /* 8 bytes; duplexed: of the primary copy */
    STR_CFNAME2 = 32,               /* 8 bytes: of the second copy, or of the new structure of a rebuild; zeros: none */
    STR_SIZE_KIB = 40,              /* u32 */
    STR_LISTHEADERS = 44,           /* u32; 0 = lock structure */
    STR_LOCKENTRIES = 48,           /* u32 */
    STR_ELEMENTSIZE = 52,           /* u32 */
    STR_CONNECTIONS = 56,           /* u32: connection blocks */
    STR_MAXCONN = 60,               /* u32 */
    STR_FLAGS = 64,                 /* u8: CF_CONN_* */
    STR_LOST = 65,                  /* u8: 1 = its CF has failed */
    STR_DUPLEX = 66,                /* u8: 0 no, 1 a copy is being made, 2 duplexed */
    STR_REBUILD = 67,               /* u8: enum cf_rebuild_phase */
    STR_SIZE = 72,
};
enum {                              /* policy block */
    POL_DEFINED = 0,                /* u8: 1 = the active policy has the structure; else the rest is zero */
    POL_DUPLEX = 1,                 /* u8: 0 DISABLED, 1 ALLOWED, 2 ENABLED */
    POL_FULLTHRESHOLD = 2,          /* u8: percent */
    POL_REBUILDPERCENT = 3,         /* u8 */
    POL_AUTOALTER = 4,              /* u8: 1 = YES; so the next two */
    POL_REALLOCATE = 5,
    POL_ENFORCEORDER = 6,
    POL_SIZE_KIB = 8,               /* u32 each */
    POL_INITSIZE_KIB = 12,
    POL_MINSIZE_KIB = 16,
    POL_NAME = 24,                  /* 8 bytes: of the policy */
    POL_PREFLIST = 32,              /* 8 names of 8 bytes, zeros behind the last */
    POL_EXCLLIST = 96,              /* 8 names of 16 bytes, the same */
    POL_SIZE = 224,
};
enum {                              /* connection block */
    CONNECTION_NAME = 0,            /* 16 bytes */
    CONNECTION_SYSTEM = 16,         /* 8 bytes */
    CONNECTION_JOB = 24,            /* 8 bytes */
    CONNECTION_ID = 32,             /* u32 */
    CONNECTION_VERSION = 36,        /* u32 */
    CONNECTION_STATE = 40,          /* u32: 1 active, 2 failing, 3 failed-persistent, 4 disconnecting */
    CONNECTION_OWES = 44,           /* u32: enum cf_rebuild_phase that it has not answered, 0: none */
    CONNECTION_SIZE = 48,
};

/* VECTOR_READ: the vector comes as data (bit 0 = high bit of byte 0, 1 = list not empty); at MRB_OWN: */
enum {
    VECTOR_BYTES = 0,               /* u32: length of the vector */
    VECTOR_EVENTS = 8,              /* u32: CF_EVENT_*, reported once */
    VECTOR_LOCKINDEX = 12,          /* u32: LOCK_GRANTED: which lock */
    VECTOR_REBUILD = 48,            /* u32: REBUILD: enum cf_rebuild_phase */
    VECTOR_FAILED = 16,             /* 32 bytes: CONN_FAILED: bit map of connection ids, bit 0 = high bit of byte 0 */
};
#define VECTOR_GONE MRB_ADJUNCT     /* in the MRB, 32 bytes: CONN_GONE: bit map of connection ids */
enum {
    CF_EVENT_LOCK_GRANTED = 0x80000000u,    /* a queued lock is the caller's now. One grant per VECTOR_READ: repeat it
                                               until it reports none */
    CF_EVENT_CONN_FAILED = 0x40000000u,     /* connections have failed since the last report */
    CF_EVENT_LIST = 0x20000000u,            /* a monitored list became non-empty since the last report */
    CF_EVENT_CONN_NEW = 0x10000000u,        /* a new connection joined the structure since the last report */
    CF_EVENT_CONN_GONE = 0x08000000u,       /* CF_CONN_OPT_RESPONDS only: connections have disconnected since the last report */
    CF_EVENT_ALTER_BEGIN = 0x02000000u,
    CF_EVENT_ALTER_END = 0x01000000u,
    CF_EVENT_FULL = 0x00100000u,            /* used entries or elements have passed FULLTHRESHOLD */
    CF_EVENT_RELIEVED = 0x00200000u,        /* ... and are below it again; the later of the two is reported */
    CF_EVENT_LOCK_REFUSED = 0x04000000u,    /* a queued lock became persistent: repeat the request, it says so. One per
                                               VECTOR_READ, in place of a grant */
    CF_EVENT_REBUILD = 0x00400000u,         /* a rebuild is in another phase; the last one is reported */
    CF_EVENT_CF_FAILED = 0x00800000u,       /* loss of connectivity: the CF has failed, and the structure with it. Every
                                               report says so */
};

/* Phases of a user-managed rebuild. Each connection is told (for FINISHED: by its connection to the new structure, the
 * others by the old) and responds to those below FINISHED. */
enum cf_rebuild_phase {
    CF_REBUILD_NONE = 0,
    CF_REBUILD_QUIESCE = 1,         /* Rebuild Quiesce: leave the structure alone */
    CF_REBUILD_CONNECT = 2,         /* Rebuild Connect: connect to the new one, fill it; the response is COMPLETE */
    CF_REBUILD_CLEANUP = 3,         /* Rebuild Cleanup: forget the old one */
    CF_REBUILD_STOP = 4,            /* Rebuild Stop: forget the new one */
    CF_REBUILD_FINISHED = 5,        /* Rebuild Process Complete */
    CF_REBUILD_STOPPED = 6,         /* Rebuild Stop Process Complete */
};

enum cf_response {
    CF_RSP_OK = 0,
    CF_RSP_NO_ENTRY = 0x0010,
    CF_RSP_ENTRY_EXISTS = 0x0011,
    CF_RSP_VERSION_MISMATCH = 0x0012,
    CF_RSP_LIST_MISMATCH = 0x0013,
    CF_RSP_AUTHORITY_MISMATCH = 0x0014,
    CF_RSP_KEY_MISMATCH = 0x0015,
    CF_RSP_RESTART_GONE = 0x0016,       /* the entry that the restart token means has left its list: begin again */
    CF_RSP_NO_LOCK = 0x0017,            /* READNEXT: no such lock from here on */
    CF_RSP_NO_MONITOR = 0x0018,         /* the connection does not monitor this sublist */
    CF_RSP_LOCK_HELD = 0x0020,          /* MRB_LOCKOWNER says by whom */
    CF_RSP_LOCK_QUEUED = 0x0021,        /* a grant event follows; then repeat the request */
    CF_RSP_LOCK_NOT_HELD = 0x0022,      /* RESET, HELDBY, ALTER, RELEASE: the caller does not hold it */
    CF_RSP_LOCK_CONTENTION = 0x0023,    /* others have interest in the lock table entry: LRES_MANAGER, LRES_HOLDERS */
    CF_RSP_LOCK_RETAINED = 0x0024,      /* the same, and at least one of those in the way has failed: LRES_FAILED */
    CF_RSP_LOCK_MANAGER = 0x0025,       /* CF_LOP_MANAGED: the manager is another now */
    CF_RSP_NOT_FAILED = 0x0026,         /* the connection is active: what it holds is its own affair */
    CF_RSP_LOCK_PERSISTENT = 0x0027,    /* MRB_LOCKOWNER, a failed-persistent connection, holds it */
    CF_RSP_LIST_FULL = 0x0030,
    CF_RSP_STRUCTURE_FULL = 0x0031,
    CF_RSP_CF_FULL = 0x0032,            /* no storage for the structure */
    CF_RSP_BUFFER_FULL = 0x0033,        /* the data does not fit the caller's buffer; nothing was done; MRB_DATALEN says what is
                                           needed. READ_LIST, READ_MULT: see there */
    CF_RSP_TIMEOUT = 0x0034,            /* ended early: repeat with MRB_RESTART */
    CF_RSP_LISTKEY_MAX = 0x0035,        /* the key counter of the list has passed its maximum */
    CF_RSP_MONITORS_FULL = 0x0036,      /* no storage for another event monitor; ANSWER_COUNT sublists are monitored */
    CF_RSP_NO_STRUCTURE = 0x0040,
    CF_RSP_NO_CONNECTION = 0x0041,      /* token unknown or of an epoch that was fenced */
    CF_RSP_NAME_IN_USE = 0x0042,        /* CONNECT: an active connection has this name */
    CF_RSP_TOO_MANY = 0x0043,           /* CONNECT: no connection (MAXCONN) or structure slot is free */
    CF_RSP_RESPONSES_MISSING = 0x0044,  /* CONNECT, FORCE: peers have not yet answered the end of the connection of this name */
    CF_RSP_NOT_AWAITED = 0x0045,        /* RESPOND: no response of the caller for this connection is awaited */
    CF_RSP_CONN_ACTIVE = 0x0046,        /* FORCE: the connection, or a connection of the structure, is active */
    CF_RSP_CF_LEVEL = 0x0047,           /* CONNECT: this CF is below MINCFLEVEL */
    CF_RSP_ALTERING = 0x0048,           /* ALTER: another is under way; MRB_RESTART is its token */
    CF_RSP_ALTER_ENDED = 0x0049,        /* ALTER with a restart token: it was stopped, or another brought it to its end */
    CF_RSP_ALTER_NOT_ALLOWED = 0x004A,  /* ALTER: not every connection has said ALLOWALTER=YES */
    CF_RSP_NOT_IN_POLICY = 0x004B,      /* CONNECT: the active CFRM policy does not have the structure; DUPLEX_START: it says
                                           DUPLEX(DISABLED) */
    CF_RSP_NOT_THIS_CF = 0x004C,        /* CONNECT: the policy wants it in another CF; the preference list is at MRB_OWN */
    CF_RSP_SIZE_TOO_SMALL = 0x004D,     /* CONNECT: SIZE of the policy is too small for such a structure */
    CF_RSP_BUSY = 0x0050,               /* the structure is held up; nothing was done; try again */
    CF_RSP_CF_FAILED = 0x0051,          /* the coupling facility is lost, with the structure. Over a link: it cannot be reached
                                           any more, for ever, and whether this command was executed is not known */
    CF_RSP_REBUILD = 0x0052,            /* a rebuild or duplexing is in the way, or not in the phase for this */
    CF_RSP_BAD_COMMAND = 0x0060,
    CF_RSP_BAD_REQUEST = 0x0061,        /* MRB_REASON = offset of the MCB field at fault */
};

/* CFMSG, the instruction: B2F1 D2(B2), S format, privileged. General register 1 holds the subsystem identification word
 * of a CFS device, which names the coupling facility; the operand address (doubleword boundary) designates the message
 * operation block. Condition code 0: done, the MRB is stored; 2: busy, nothing was done; 3: not operational. */
#define CFMSG_OPCODE 0xB2F1
enum {
    MOB_MCB = 0,                    /* u64 address, doubleword boundary */
    MOB_MRB = 8,                    /* u64 address, doubleword boundary */
    MOB_DATA_OUT = 16,              /* u64 address of data to the CF */
    MOB_DATA_IN = 24,               /* u64 address of the buffer for data from the CF */
    MOB_DATA_OUT_LEN = 32,          /* u32 bytes, 0 .. CF_DATA_MAX */
    MOB_DATA_IN_LEN = 36,           /* u32 bytes, 0 .. CF_DATA_MAX */
    MOB_SIZE = 40,
};

/* CFS, the channel device. WRITE carries MCB + data, READ fetches MRB + data of the last WRITE; SENSE, SENSE ID, NOP as
 * usual. Attention (unsolicited) means: a connection of this image has something to read with VECTOR_READ. */
#define CFS_CCW_WRITE 0x01
#define CFS_CCW_READ 0x02
#define CFS_CCW_NOP 0x03
#define CFS_CCW_SENSE 0x04
#define CFS_CCW_SENSE_ID 0xE4
#define CFS_CU_TYPE 0x2064          /* control unit and device type in SENSE ID: a machine that is its own */
#define CFS_CU_MODEL 0x01

/* A unit check of a CFS device: sense byte 0 as usual (command reject, intervention required), byte 1 says why. */
enum cfs_sense {
    CFS_SENSE_UNKNOWN_COMMAND = 1,
    CFS_SENSE_SHORT_WRITE = 2,      /* less than an MCB */
    CFS_SENSE_LONG_WRITE = 3,       /* more than an MCB and CF_DATA_MAX, gathered from data-chained CCWs */
    CFS_SENSE_NOTHING_TO_READ = 4,  /* no WRITE was executed since the last one that was rejected */
    CFS_SENSE_NOT_OPERATIONAL = 5,  /* with intervention required: the CF is lost to this device */
};

#endif
