/* Cluster-wide port assignment: which source port a connection gets, so that no two stacks that share an address ever use
 * one port of it at the same time. Figures 8B, 9 and 10 of the patent.
 *
 *   socket layer ── clp_assign(source, port) / clp_release(source, port) ──► local table of the address
 *                                                                               │ empty: take a block   ▲ idle: give it back
 *                                                                               ▼                       │
 *                                                                            struct clp_store (bitmaps in the CF, clp_cf.c)
 *
 * Invariant: a port of a DVIPA is at any moment either in the cluster's pool or owned by exactly one stack. (A stack that
 * dies while it moves a block may leave the block in neither: never in both. See clp_cf.c.)
 *
 * One algorithm with the block size as parameter. Block size 1 is the patent to the letter: each connection goes through
 * 925-940, each end through 1015-1025. With larger blocks a stack moves a whole block that way and then gives out its
 * ports without the CF, longest unused first. Addresses without CLUSTERPORTS use the same local table with all ports in it.
 *
 *   local table      owned     bit map: this stack owns the port
 *                    use       count per port: connections and binds that hold it
 *                    ring      owned ports that are free, oldest first. A port that is not free or not owned any more may
 *                              still stand in it and is passed over: nothing is ever searched
 *                    queued    bit map: the port stands in the ring (so it stands there once at most)
 *                    touched   bit map: used while it stood there; goes to the end instead of being given out
 *
 * Only eligible ports are ever given out: within EPHEMERALPORTS, not reserved by PORT or PORTRANGE. A given port (bind) that
 * is not eligible is this stack's own affair and is not in the cluster's pool. */
#ifndef CLP_H
#define CLP_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/profile/profile.h"
#include "stack/xes/xes.h"

#define CLP_STRUCTURE "EZBEPORT"
#define CLP_LISTS 1024u                     /* list headers and lock entries, as the product's structure has */
#define CLP_WORDS (PORTS_PER_DVIPA / 64)    /* 64-bit words of a port map; port p is bit p & 63 from the high end of word p >> 6 */
#define CLP_REGION 64u                      /* ports that share a time stamp */
#define CLP_REGIONS (PORTS_PER_DVIPA / CLP_REGION)
#define CLP_TABLES (DVIPA_MAX + 1)          /* one for all ordinary addresses together */
#define CLP_POOL_BYTES (PORTS_PER_DVIPA / 8 + CLP_REGIONS * 5)
#define CLP_OWN_BYTES (PORTS_PER_DVIPA / 8)

enum clp_errno {                            /* z/OS UNIX errno values */
    CLP_OK = 0,
    CLP_EADDRINUSE = 1115,
    CLP_EADDRNOTAVAIL = 1116,
};

enum clp_reason {                           /* reason codes; the product's numbers are not published, ours are 7CCx */
    CLP_REASON_NONE = 0,
    CLP_REASON_EXHAUSTED = 0x7CC1,          /* no port is free: neither here nor in the cluster's pool */
    CLP_REASON_CF = 0x7CC2,                 /* a new port would need the CF, which cannot be reached or refused */
    CLP_REASON_ROUTING = 0x7CC3,            /* the distributing stack could not be told */
    CLP_REASON_OWNED = 0x7CC4,              /* the given port belongs to another stack */
    CLP_REASON_USED = 0x7CC5,               /* the given port is bound on this stack */
    CLP_REASON_TABLES = 0x7CC6,             /* more than DVIPA_MAX addresses */
};

enum clp_origin { CLP_DEFINED = 0, CLP_VIPARANGE = 1, CLP_VARY_OBEY = 2 };     /* may be or-ed */

struct clp_table {
    uint32_t address;                       /* 0: the table of all ordinary addresses */
    bool ready;                             /* the store has been initialised for it, or none is needed */
    struct profile_clusterports clusterports;
    uint32_t list;                          /* list and lock number in the structure */
    uint32_t free_owned;                    /* owned, eligible and not in use */
    uint32_t used;                          /* ports in use */
    uint32_t ring_head, ring_count;
    uint64_t owned[CLP_WORDS], queued[CLP_WORDS], touched[CLP_WORDS];
    uint8_t use[PORTS_PER_DVIPA];
    uint16_t ring[PORTS_PER_DVIPA];
};

/* Ports that moved between pool and stack: words first >> 6 onwards. */
struct clp_grant {
    uint32_t first, count;                  /* block; count is 1 .. BLOCKSIZE_MAX, aligned */
    uint64_t ports[BLOCKSIZE_MAX / 64];     /* which of them, words as in the maps, [0] holds port first & ~63 */
};

struct clp;

/* The keeper of the cluster's pool. Each function is one step seen from outside; CLP_OK or an errno, reason in clp->reason. */
struct clp_store {
    int (*init)(struct clp *clp, struct clp_table *table);                      /* 8B: 850-865 */
    int (*take)(struct clp *clp, struct clp_table *table, struct clp_grant *grant);         /* 9: 925-940 */
    int (*give)(struct clp *clp, struct clp_table *table, const struct clp_grant *grant);   /* 10: 1015-1025 */
    int (*claim)(struct clp *clp, struct clp_table *table, uint16_t port);      /* take this one, or EADDRINUSE */
};

struct clp_ops {
    /* Before any of the ports is used. 0: done, else: do not use them. owned as in vipa_announce(). */
    int (*announce)(void *context, uint32_t address, uint32_t first, uint32_t count, const uint8_t *owned);
    /* Drive use(argument, port) for each local port of a connection of this stack with this source address. */
    void (*scan)(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument);
};

struct clp_statistics {
    uint64_t assigned, released;
    uint64_t taken, given;                  /* blocks */
    uint64_t exhausted;                     /* requests refused because no port was free */
    uint64_t conflicts;                     /* ports of earlier connections that another stack has already (VARY OBEY) */
};

struct clp {
    const struct clp_store *store;
    const struct clp_ops *ops;
    void *context;
    struct xes_connection *connection;      /* to EZBEPORT; NULL: none */
    char system[NAME_LEN + 1];
    uint8_t number;
    uint32_t timewait_s;
    enum clp_reason reason;                 /* of the last error */
    uint64_t random;                        /* state of the generator for orders and starting points */
    struct clp_statistics statistics;
    uint64_t eligible[CLP_WORDS];
    uint8_t pool[CLP_POOL_BYTES];           /* work areas of clp_cf.c: the entries as they stand in the CF */
    uint8_t own[CLP_OWN_BYTES];
    unsigned count;                         /* DVIPAs */
    uint32_t addresses[DVIPA_MAX];          /* of tables[], beside each other because every connection searches them */
    struct clp_table tables[CLP_TABLES];    /* [DVIPA_MAX]: ordinary addresses */
};

struct clp_audit {
    uint32_t differences;       /* ports where the own table and the stack's map in the CF differ */
    uint32_t doubles;           /* ports in the pool and owned, or owned twice */
    uint32_t leaked;            /* ports in no map */
    uint32_t pool, owned;       /* ports in the pool; owned by any stack */
};

/* *clp is zeros. profile: EPHEMERALPORTS, PORT, PORTRANGE, TIMEWAITINTERVAL. ops may be NULL (nobody to tell). */
void clp_init(struct clp *clp, const struct profile *profile, const char *system, uint8_t number,
              const struct clp_ops *ops, void *context);

extern const struct clp_store clp_cf_store;     /* bitmaps in list structure EZBEPORT (clp_cf.c) */

/* Connect to EZBEPORT in the CF numbered cf. 0 or the return code of IXLCONN (8, 0xC). */
int clp_connect(struct clp *clp, struct xes *xes, unsigned cf);

/* A DVIPA has become active on this stack: Fig. 8B. origin: CLP_VIPARANGE, CLP_VARY_OBEY: connections that exist are
 * looked for. CLP_OK or EADDRNOTAVAIL. Again for an address that is active: nothing. */
int clp_activate(struct clp *clp, uint32_t dvipa, const struct profile_clusterports *clusterports, unsigned origin);

/* Fig. 9: a port for a connection from source. bound_port 0: an ephemeral one; else the port that the socket is bound to (it
 * may have other users on this stack). *port is set on CLP_OK and is given back with clp_release(), once for each time. */
int clp_assign(struct clp *clp, uint32_t source, uint16_t bound_port, uint16_t *port);

/* bind() to a given port: owned by this stack and by no other use on it, or EADDRINUSE. Given back with clp_release(). */
int clp_claim(struct clp *clp, uint32_t source, uint16_t port);

/* Fig. 10: a connection (or bind) with this source address and port has ended for good. */
void clp_release(struct clp *clp, uint32_t source, uint16_t port);

/* Compare the table of a DVIPA with the CF and the CF's maps with each other, under the lock. systems: names of the systems
 * whose maps are looked at. CLP_OK or EADDRNOTAVAIL. */
int clp_check(struct clp *clp, uint32_t dvipa, const char *const *systems, unsigned count, struct clp_audit *audit);

/* The map of the ports that `system` owns of the DVIPA, as the CF has it (port 0 = high bit of byte 0). */
bool clp_owned_ports(struct clp *clp, uint32_t dvipa, const char *system, uint8_t map[PORTS_PER_DVIPA / 8]);

/* Ports of the address in use, owned and free here, for displays; all 0 if it has no table. */
struct clp_usage {
    uint32_t used, free_owned;
};
struct clp_usage clp_usage(const struct clp *clp, uint32_t address);


/* Number of the list and of the lock entry of a DVIPA in EZBEPORT. Addresses may share one: entries are told apart by name. */
uint32_t clp_list(uint32_t dvipa);

#endif
