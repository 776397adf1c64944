/* Every limit of the coupling facility, each with its reason. Limits of the messages stand in cf_arch.h. */
#ifndef CF_LIMITS_H
#define CF_LIMITS_H

#define CF_SEGMENT_MIN (1ull << 20)     /* the fixed part and one smallest structure */
#define CF_SEGMENT_MAX (64ull << 30)    /* increment numbers and element numbers stay well inside 32 bits */
#define CF_INCREMENT (256u << 10)       /* storage increment: small enough for small structures, large enough that the
                                           255 elements of an entry find a contiguous run in it */
#define CF_STRUCTURES_MAX 1024u         /* directory slots; 1023 structures is the architected limit of CFLEVEL 17 */
#define CF_CONNECTIONS_MAX 255u         /* connection ids are 1 .. 255 */
#define CF_ATTACHMENTS_MAX 256u         /* processes (and views in them) of one CF: 32 images and tools, with room */
#define CF_ALTER_MOVES 64u              /* increments that one ALTER command moves: some 50 us under the directory mutex */
#define CF_ALTER_LOOKS 1024u            /* element increments it looks at: a cache miss each, 0.1 ms */
#define CF_POLICY_COPY_STEPS 64         /* times 8 MiB that a CONNECT copies for DUPLEX(ENABLED) */
#define CF_LISTHEADERS_MAX 65536u
#define CF_LOCKENTRIES_MAX (1u << 20)   /* lock entries of one structure: 16 MiB of control storage */
#define CF_NARROW_USERS 55u             /* MAXCONN up to which connection ids fit a lock table entry of one word: cf_locktable.h */
#define CF_RECORDS_MAX (1u << 20)       /* record data entries a connector may ask for: 128 MiB */
#define CF_SCAN_MAX 65536u              /* lock table or record data entries one command looks at: about 0.1 ms */
#define CF_MAXELEMNUM_MAX 255u
#define CF_ELEMCHAR_MAX 4u              /* elements of 256 .. 4096 bytes */
#define CF_VECTOR_BITS_MAX 1024u        /* list notification vector of one connection */
#define CF_WAITS_MAX 8u                 /* locks that one connection can wait for at once */
#define CF_MONITORS_MAX 1024u           /* list monitors of one structure */
#define CF_INCREMENT_ELEMENTS 1024u     /* elements of one increment, at most: 256 KiB of the smallest ones */
#define CF_EMCS_MAX 65536u              /* event monitors of one structure: 4 MiB, and what a connection has ends with it */
#define CF_EMCSTGPCT_MAX 5000u          /* at most half of the storage for them */
#define CF_MULTI_ENTRIES 256u           /* entries (event monitors) that one request handles before it ends with TIMEOUT */
#define CF_MULTI_EXAMINED 2048u         /* entries, and lock entries, that one request only looks at: some 20 us */
#define CF_UNDO_MAX 6144u               /* stores of one command. Worst case: MOVE with WRITE of 255 scattered elements for
                                           as many (5 words for each new one, 3 for each old: 2040) from a list and a key
                                           that 255 connections monitor to another such one (3 words for the lists: 765;
                                           5 for an event monitor taken from its queue, 6 for one put on it: 2805), and
                                           some 100 for the entry: 5710 */
#define CF_UNDO_DELETE 3072u            /* stores that deleting one entry takes at most, of the same kind */
#define CF_SIZE_DEFAULT (4u << 20)      /* CONN_SIZE_KIB = 0 */
#define CF_BUSY_MS 250                  /* longest wait for a structure before CF_RSP_BUSY. Commands take microseconds:
                                           who holds one longer is stopped, not slow */
#define CF_WAIT_US (CF_BUSY_MS * 1000u) /* the same, for callers who have nothing else to do */

#endif
