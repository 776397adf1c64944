/* Cluster-wide port assignment: which source port a connection gets, so that no two stacks that share an address ever have
 * the same connection open. Figures 4, 5, 8A, 8B, 9, 10 and 11 of the patent, and the store side of figure 12.
 *
 *   socket layer ── clp_bind / clp_assign / clp_release ──► local table of the address (clp_table.h)
 *                                                              │ empty: take blocks   ▲ idle: give them back
 *                                                              ▼                      │
 *                                                           struct clp_store, the keeper of the cluster's pool
 *     bit maps in the CF, either polarity, with or without maps of the stacks    clp_cf.c
 *     lists in the CF                                                            clp_lists.c
 *     an entry in the CF for each 4-tuple (CRHT)                                 clp_crht.c
 *     no CF: the other stacks are asked                                          clp_broadcast.c
 *     no CF: the distributing stack is asked                                     clp_distributor.c
 *
 * What each keeper survives, wherever it strikes (a system that stands still counts as failed when it has been fenced):
 *
 *   BITMAP, REVERSED, LISTS   any number of stacks, one after the other or at once: who lives puts back what they had, also what was
 *                 on its way. A CF, if there is another one: the structure is rebuilt from what the stacks have, and what
 *                 stacks had that failed with it comes back. With the last CF no more ports can be had; those that are
 *                 here serve on
 *   CRHT          the same, for connections. A rebuild needs every stack to know its own: it is not done while one has
 *                 more than CLP_LOOSE_MAX that no record of a destination has
 *   CLUSTERWIDE   a CF, as above. A stack: the others go on, but what it had is lost to them until the structure is rebuilt
 *                 or all have left, for nothing says what that was: with figure 8A there is no figure 12
 *   BROADCAST     any number of stacks; what they had is free as soon as nobody waits for their answer. Needs no structure of
 *                 its own, but signalling (stack/xcf): a port takes the answer of all, so while one stands still there is none
 *   DISTRIBUTOR   any number of stacks, the distributing one too: the next one asks those who live, and gives out nothing before
 *                 all have told. While the distributing one stands still, or none is known, no more ports can be had
 *
 * Invariant: a port of a DVIPA is at any moment either in the cluster's pool or owned by exactly one stack. (A stack that
 * dies while it moves a block may leave the block in neither: never in both. See clp_cf.c.) Two exceptions: with CRHT no
 * port is owned, the 4-tuple is; and ports that connections of several stacks shared when CLUSTERPORTS came to the address
 * are theirs until the last of these connections has ended.
 *
 * One algorithm with the block size as parameter. Block size 1 is the patent to the letter: each connection goes through
 * 925-940, each end through 1015-1025. With larger blocks a stack moves blocks that way and then gives out their ports
 * without the CF, longest unused first. How many blocks a trip moves follows demand: it doubles while the stack runs dry
 * within a second of the trip before, and halves with every second without a trip. Addresses without CLUSTERPORTS use the
 * same local table with all ports in it.
 *
 * A 4-tuple is unique if its port is owned and its own stack uses the port once towards each destination. So a port whose
 * connections all have known destinations serves many of them, before another block is taken; the limit is per
 * destination, not per DVIPA. Block size 1 does not do that: there each connection has a port of its own.
 *
 * Only eligible ports are given out: within EPHEMERALPORTS, not reserved by PORT or PORTRANGE of any stack, not in the
 * EXPLICITBINDPORTRANGE. A given port (bind) that is not eligible is this stack's own affair and is not in the pool. */
#ifndef CLP_H
#define CLP_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/clp/clp_log.h"
#include "stack/profile/profile.h"
#include "stack/xes/xes_rebuild.h"

#define CLP_STRUCTURE "EZBEPORT"
#define CLP_LISTS 1024u                     /* list headers and lock entries, as the product's structure has */
#define CLP_WORDS (PORTS_PER_DVIPA / 64)    /* 64-bit words of a port map; port p is bit p & 63 from the high end of word p >> 6 */
#define CLP_REGION 64u                      /* ports that share a time stamp */
#define CLP_REGIONS (PORTS_PER_DVIPA / CLP_REGION)
#define CLP_TABLES (DVIPA_MAX + 2)          /* the DVIPAs, all ordinary addresses together, the explicit-bind pool */
#define CLP_GRANT_WORDS 64u                 /* words that move in one trip: 4096 ports, what one announcement holds */
#define CLP_DESTINATIONS 64u                /* destinations that share ports; each costs 8 KiB of an image */
#define CLP_EXPLICIT 0xFFFFFFFFu            /* "address" of the explicit-bind pool: list 0 of the structure */

/* The entry of the pool, see clp_cf.c. */
#define CLP_POOL_HEADER 512u
#define CLP_POOL_BYTES (PORTS_PER_DVIPA / 8 + CLP_REGIONS * 5 + CLP_POOL_HEADER)
#define CLP_OWN_BYTES (PORTS_PER_DVIPA / 8)
#define CLP_SHARED_MAX 4096u                /* ports of a DVIPA that several stacks can share; 16 KiB while there are any */

enum clp_errno {                            /* z/OS UNIX errno values */
    CLP_OK = 0,
    CLP_EADDRINUSE = 1115,
    CLP_EADDRNOTAVAIL = 1116,
};

enum clp_reason {                           /* where the product's numbers are not published, ours are 7CCx */
    CLP_REASON_NONE = 0,
    CLP_REASON_EXHAUSTED = 0x7CC1,          /* no port is free: neither here nor in the cluster's pool */
    CLP_REASON_CF = 0x7CC2,                 /* a new port would need the CF, which cannot be reached or refused */
    CLP_REASON_ROUTING = 0x7CC3,            /* the distributing stack could not be told */
    CLP_REASON_OWNED = 0x7CC4,              /* the given port belongs to another stack, which uses it */
    CLP_REASON_USED = 0x7CC5,               /* the given port is bound on this stack */
    CLP_REASON_TABLES = 0x7CC6,             /* more than DVIPA_MAX addresses */
    CLP_REASON_JRSRCIPDISTDVIPA = 0x7CC7,   /* JRSRCIPDistDVIPA: no port that is the cluster's can be had for the DVIPA */
    CLP_REASON_QUOTA = 0x7CC8,              /* this stack owns as many ports as it may */
    CLP_REASON_KEEPER = 0x7CC9,             /* the stack or the stacks to be asked do not answer */
    CLP_REASON_NO_RECORD = 0x7CCA,          /* this keeper does not know what a stack had */
    CLP_REASON_JRBINDADDRNACTIVE = 0x744C7230,      /* JRBINDADDRNACTIVE: the address is not active on this stack */
};

enum clp_origin { CLP_DEFINED = 0, CLP_VIPARANGE = 1, CLP_VARY_OBEY = 2, CLP_DISTRIBUTED = 4 };     /* may be or-ed */

/* Ports that move between pool and stack: words of port maps, each once, ascending or not. */
struct clp_word {
    uint16_t word;
    uint64_t ports;
};
struct clp_grant {
    uint32_t count;
    struct clp_word words[CLP_GRANT_WORDS];
};

/* A connection: source address and port, destination address and port. Host byte order. */
struct clp_tuple {
    uint32_t source, destination;
    uint16_t port, dport;
};

struct clp;
struct clp_store;

/* What this stack has of one address. */
struct clp_table {
    uint32_t address;                       /* 0: the table of all ordinary addresses */
    bool ready;                             /* the store has been initialised for it, or none is needed */
    unsigned origin;                        /* enum clp_origin: how what is assigned cluster-wide came to it */
    struct profile_clusterports clusterports;
    const struct clp_store *store;
    const uint64_t *eligible;
    struct clp_destination *destinations;   /* of the stack */
    uint32_t list;                          /* list and lock number in the structure */
    uint32_t slot;                          /* clp_lists.c: its slot, and the ports from .. to before .. whose blocks are there */
    uint32_t covered_first, covered_end;
    uint32_t longest_until_s, longest_rest_s, longest_first;       /* clp_cf.c: what rests longest; until then, seconds, first word */
    uint32_t blocks;                        /* appetite: blocks of the next trip; set by table_set_blocks() */
    uint32_t low, high;                     /* free ports below which more are wanted, above which idle blocks go: */
    int32_t plain_low, plain_high;          /* that is when `plain` is above the one, below the other */
    bool quick;                             /* blocks of this stack: a port of the ring needs no further question */
    uint64_t taken_us, cooled_us;           /* last trip; last halving */
    uint64_t asked_us, begged_us;           /* last time that others were asked for ports, by the way and urgently */
    uint64_t yielded_us;                    /* last time that others asked */
    uint32_t owned_ports;                   /* owned and eligible */
    int32_t plain;                          /* ports in the state PORT_PLAIN: in use, but counted among ... */
    uint32_t free_owned_or_plain;           /* ... owned, eligible and not in use, */
    uint32_t tracked_not_plain;             /* not among those in use all of whose connections have known destinations */
    uint32_t solos;                         /* the other ports in use */
    bool low_told;                          /* the operator knows that the pool is nearly empty */
    bool wanting;                           /* the other stacks are to be asked for ports */
    bool undrained;                         /* `draining` has ports without use that are to be given back */
    bool found;                             /* ports in use have become eligible: they are to be kept as found ones */
    bool changing;                          /* CLUSTERPORTS come or go as soon as no question is open: */
    struct profile_clusterports next;
    unsigned next_origin;
    uint16_t ring_head, ring_tail;          /* equal: empty; port 0 is never given out, so it is never full */
    uint32_t fresh_ports;                   /* in `fresh` */
    uint64_t owned[CLP_WORDS], fresh[CLP_WORDS], solo[CLP_WORDS], draining[CLP_WORDS];
    uint8_t state[PORTS_PER_DVIPA];         /* enum port_state, see clp_table.h */
    uint8_t use[PORTS_PER_DVIPA];
    uint16_t ring[PORTS_PER_DVIPA];
};

/* A destination: which ports are in use towards it. */
struct clp_destination {
    uint32_t source, address;               /* source: address of the table */
    uint16_t port;
    uint16_t cursor;                        /* word at which the next search begins */
    struct clp_table *table;
    uint8_t next;                           /* index + 1 in its bucket */
    uint8_t plain;                          /* state of a port that is in use only towards this destination */
    uint32_t count;                         /* ports in use; 0: may be reused for another one */
    uint64_t busy[CLP_WORDS];               /* without those in the state PORT_PLAIN */
};

/* The keeper of the cluster's pool. Each function is one step seen from outside; CLP_OK or an errno, reason in clp->reason.
 * A keeper knows ports (take, give, claim) or connections (enter, leave); what it does not do is NULL. */
struct clp_store {
    const char *name;
    const char *survives;                   /* for the operator: what no port is lost by */
    bool whole_blocks;                      /* give takes whole blocks only */
    bool asks;                              /* other stacks, and waits for their answers */
    int (*init)(struct clp *clp, struct clp_table *table, unsigned origin);                 /* 8A: 805; 8B: 850-865 */
    /* 9: 925-940. About `ports` ports in whole blocks, at least one. */
    int (*take)(struct clp *clp, struct clp_table *table, uint32_t ports, struct clp_grant *grant);
    int (*give)(struct clp *clp, struct clp_table *table, const struct clp_grant *grant);   /* 10: 1015-1025 */
    /* 11: 1105. May port be had? A look, nothing changes. */
    bool (*available)(struct clp *clp, struct clp_table *table, uint16_t port);
    /* Take this one (grant may hold more), or EADDRINUSE. */
    int (*claim)(struct clp *clp, struct clp_table *table, uint16_t port, struct clp_grant *grant);
    /* 8B: 875-890. The port of a connection that was there before CLUSTERPORTS is another stack's: share it. */
    int (*share)(struct clp *clp, struct clp_table *table, uint16_t port);
    int (*enter)(struct clp *clp, struct clp_table *table, const struct clp_tuple *tuple);  /* add if new, or EADDRINUSE */
    bool (*leave)(struct clp *clp, struct clp_table *table, const struct clp_tuple *tuple);  /* false: it was not entered, or the CF is lost */
    /* 12: 1205-1215. The ports of a system that has failed and is fenced; *ports: how many. A survivor may be late: the
     * system may be back, and what it has now stays. */
    int (*recover)(struct clp *clp, struct clp_table *table, const char *system, uint8_t number, uint32_t *ports);
    /* The structure is rebuilt (clp_rebuild.c), the connections lead to the new one. Write what this stack owns; when all have,
     * the rest is nobody's. CLP_OK or an errno. */
    int (*contribute)(struct clp *clp, struct clp_table *table);
    int (*complete)(struct clp *clp, struct clp_table *table);
};

struct clp_ops {
    /* Before any of the ports is used. 0: done, else: do not use them. */
    int (*announce)(void *context, uint32_t address, const struct clp_grant *ports);
    /* Drive use(argument, port) for each local port of a connection of this stack with this source address that
     * clp_assign() was not asked for. */
    void (*scan)(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument);
    /* The same for the connections of the target stacks that this stack distributes to, from its routing table. */
    void (*scan_targets)(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument);
    /* Send to system (0 = every other) what its clp_receive() gets; 0: it will. */
    int (*send)(void *context, uint8_t to, const uint8_t *message, uint32_t length);
    /* Let messages come in for at most us microseconds; clp_receive() runs inside. */
    void (*listen)(void *context, uint32_t us);
    /* Is a message or an event of another system being delivered? Then no other one comes in. NULL: never. */
    bool (*delivering)(void *context);
    uint64_t (*members)(void *context);     /* other active systems: bit 1 << number */
    bool (*in_sysplex)(void *context);      /* is what members() says the whole truth? NULL: always */
    /* System that distributes the DVIPA, 0 = none known; *since tells its times of being so apart. */
    uint8_t (*distributor)(void *context, uint32_t address, uint64_t *since);
    /* Which life of a system: of this one the present one; of another one the last that has ended. What a later
     * life has in the CF is not touched by its recovery. NULL: a name has one life only. */
    uint64_t (*life)(void *context, uint8_t number);
    /* The name of a system that is or was in the sysplex; NULL: not known. */
    const char *(*known)(void *context, uint8_t number);
    /* Ports of such a system, which has ended, were found when this stack met an address: they are available again. */
    void (*recovered)(void *context, const char *system, uint32_t ports, uint64_t us);
};

struct clp_statistics {
    uint64_t taken, given;                  /* trips to the keeper */
    uint64_t ports_taken, ports_given;
    uint64_t shared;                        /* connections whose port had another destination already */
    uint64_t exhausted;                     /* requests refused because no port was free */
    uint64_t over_quota;                    /* requests refused or cut because of the quota */
    uint64_t conflicts;                     /* ports of earlier connections that several stacks have (VARY OBEY) */
    uint64_t asked, answered;               /* times that others were asked to give ports back; that they asked us */
    uint64_t returned;                      /* ports given back because others asked */
    uint64_t prefetched;                    /* trips made before a connection had to wait for them */
};

/* What this stack waits for while it asks others: one question at a time. See clp_peer.h. */
struct clp_question {
    uint32_t id;                            /* 0: none is open */
    uint8_t kind;
    uint32_t address;
    uint64_t ticket;                        /* time of the question: decides between two that want the same */
    uint64_t waiting;                       /* systems whose answer is missing */
    uint64_t silent;                        /* that have not answered the last time, and have said nothing since */
    bool yes, no;                           /* an answer said so */
    struct clp_grant grant;                 /* what is asked for, less what was refused; or what was granted */
    uint64_t since;                         /* granted by the distributing stack since then */
};

/* Who has which port, for keepers without a CF: as this stack has heard, or as it decides. */
#define CLP_VIEWS 8u                        /* DVIPAs of a stack with such a keeper; each costs 64 KiB of an image */
struct clp_view {
    uint32_t address;
    bool valid;                             /* distributing stack: the rest is of this time of being so: */
    uint64_t since;
    uint64_t heard;                         /* systems that have told what they have, */
    uint64_t asked, asked_us;               /* have been asked to, and when that was last */
    uint8_t told;                           /* whom this stack has told what it has, as the distributing stack since: */
    uint64_t told_since;
    uint8_t owner[PORTS_PER_DVIPA];         /* system number, 0 = nobody */
};

/* One of the structures: the connection to it, and its part in a rebuild. */
struct clp_structure {
    struct clp *clp;
    struct xes_connection **connection;     /* &clp->connection, ->lists or ->crht */
    char connection_name[CF_NAME_SIZE + 1];
    struct xes_rebuild rebuild;
};

/* Connections of DVIPAs without CLUSTERPORTS or with CRHT that no record of a destination has: there were more destinations than records, or the
 * socket was bound. What the structure has entries of when
 * CLUSTERPORTS come, or it is rebuilt. */
#define CLP_LOOSE_MAX 1024u                 /* 12 KiB of an image */
struct clp_loose {
    uint32_t count;                         /* in tuples */
    uint32_t untold;                        /* for which there was no room */
    struct clp_tuple tuples[CLP_LOOSE_MAX];
};

struct clp_reserved {                       /* PORT and PORTRANGE of one system */
    uint16_t count;
    struct {
        uint16_t first, count;
    } ranges[PORTRESERVE_MAX + 1];
};

struct clp {
    const struct clp_ops *ops;
    void *context;
    struct xes *xes;                        /* NULL: no CF */
    unsigned cf;
    struct xes_connection *connection;      /* to EZBEPORT; NULL: none */
    struct xes_connection *lists, *crht;    /* to the structures of clp_lists.c and clp_crht.c, when they are used */
    bool refused, lists_refused, crht_refused;      /* and the operator knows that they cannot be had */
    struct clp_structure structures[3];     /* EZBEPORT, and these */
    char system[NAME_LEN + 1];
    uint8_t number;
    uint32_t timewait_s;
    enum clp_reason reason;                 /* of the last error */
    uint64_t random;                        /* state of the generator for orders and starting points */
    uint32_t stirred;
    struct clp_table *thirsty;              /* runs low: clp_poll() takes more for it */
    uint64_t polled_us;
    struct clp_statistics statistics;
    struct clp_question question;
    uint32_t questions;
    unsigned outside;                       /* depth of calls in which messages of other stacks come in */
    bool changing;                          /* a table is */
    struct clp_log log;
    uint32_t eligible_ports, explicit_ports;        /* how many are in these maps */
    uint16_t low, high;                     /* EPHEMERALPORTS */
    uint64_t unreserved[CLP_WORDS];         /* on every stack */
    uint64_t own_eligible[CLP_WORDS];       /* by this stack's profile */
    uint64_t eligible[CLP_WORDS];           /* and not reserved on another stack */
    uint64_t explicit_eligible[CLP_WORDS];
    struct clp_reserved reserved[SYSTEMS_MAX + 1];
    /* Work areas of clp_cf.c: the entries as they stand in the CF. Aligned, because they are gone through by doublewords. */
    _Alignas(16) uint8_t pool[CLP_POOL_BYTES];
    _Alignas(16) uint8_t own[CLP_OWN_BYTES];
    _Alignas(16) uint8_t other[CLP_OWN_BYTES];
    uint8_t pool_aside[CLP_POOL_BYTES];     /* what was in them when a rebuild came in between: clp_rebuild.c */
    uint8_t own_aside[CLP_OWN_BYTES];
    uint8_t shared[CLP_SHARED_MAX * 4];
    uint8_t message[16384];                 /* that is being built */
    uint8_t shown[CLP_WORDS * 3 * 10 + 256];        /* entry that is being built, clp_show.c */
    uint64_t shown_us, shown_connections, shown_blocks, shown_token;        /* when last, and what it said */
    struct clp_destination *destination;    /* found last */
    struct clp_destination *quick;          /* the same if its table is quick, else NULL */
    bool destinations_idle;                 /* one with count 0 may be there */
    uint32_t destination_count;             /* ever used */
    uint8_t buckets[CLP_DESTINATIONS];      /* index + 1 of the first destination of a hash value */
    struct clp_destination destinations[CLP_DESTINATIONS];
    struct clp_loose loose;
    struct clp_loose others;                /* CRHT: found when CLUSTERPORTS came, but entered by another stack that has the same 4-tuple */
    struct clp_view views[CLP_VIEWS];
    unsigned count;                         /* DVIPAs */
    uint32_t addresses[DVIPA_MAX];          /* of tables[], beside each other because every connection searches them */
    struct clp_table tables[CLP_TABLES];    /* [DVIPA_MAX]: ordinary addresses; [DVIPA_MAX + 1]: the explicit-bind pool */
};

/* *clp is zeros. profile: EPHEMERALPORTS, EXPLICITBINDPORTRANGE, PORT, PORTRANGE, TIMEWAITINTERVAL. ops may be NULL (nobody
 * to tell), and so may each of its functions. */
void clp_init(struct clp *clp, const struct profile *profile, const char *system, uint8_t number,
              const struct clp_ops *ops, void *context);

/* The profile has changed: other ports are eligible from now on. Ports in use stay. Tells the other stacks. */
void clp_configure(struct clp *clp, const struct profile *profile);

/* Connect to EZBEPORT in the CF numbered cf. CLP_OK or EADDRNOTAVAIL; then each address that needs it tries again. */
int clp_connect(struct clp *clp, struct xes *xes, unsigned cf);

/* A DVIPA has become active on this stack: Fig. 8B, or 8A for the keeper without maps of the stacks. origin:
 * CLP_VIPARANGE, CLP_VARY_OBEY: connections that exist are looked for; CLP_DISTRIBUTED: this stack distributes it. CLP_OK
 * or EADDRNOTAVAIL. Again for an address: nothing, if it has CLUSTERPORTS as before; for one that gets it now: Fig. 8 with
 * the connections that exist; for one that loses it: its ports go back to the pool. While a question to other stacks is open
 * this waits for its end: the request that asks still counts on what it knew. So does a keeper that asks others, for the end
 * of the message that brings the news: no answer comes before. */
int clp_activate(struct clp *clp, uint32_t dvipa, const struct profile_clusterports *clusterports, unsigned origin);

/* Fig. 9 (4): a port for a connection from source to destination. bound_port 0: an ephemeral one; else the port that the
 * socket is bound to (it may have other uses on this stack). destination 0: not known. *port is set on CLP_OK and is given
 * back with clp_release(), once for each time. EADDRNOTAVAIL, EADDRINUSE (this very connection is open). */
int clp_assign(struct clp *clp, uint32_t source, uint16_t bound_port, uint32_t destination, uint16_t dport, uint16_t *port);

/* Fig. 10 (5): a connection has ended for good; the arguments of its clp_assign(). */
void clp_release(struct clp *clp, uint32_t source, uint16_t port, uint32_t destination, uint16_t dport);

/* Is there such a connection or (destination 0) claim, which clp_release() could end? */
bool clp_in_use(struct clp *clp, uint32_t source, uint16_t port, uint32_t destination, uint16_t dport);

/* A given port for this stack alone and for one use of it, or EADDRINUSE. Given back with clp_release(..., 0, 0). */
int clp_claim(struct clp *clp, uint32_t source, uint16_t port);

/* What the addresses of this stack are, for clp_bind(); as in struct sip_tables. */
struct clp_addresses {
    void *context;
    bool (*is_dvipa)(void *context, uint32_t address);
    bool (*is_defined)(void *context, uint32_t address);        /* in the HOME list */
    bool (*is_configured)(void *context, uint32_t address);     /* a DVIPA of this stack: owner, backup, target, range */
    bool (*is_active)(void *context, uint32_t address);
    bool (*in_range)(void *context, uint32_t address);          /* of a VIPARANGE of this stack */
    bool (*activate)(void *context, uint32_t address);
    struct profile_clusterports (*clusterports)(void *context, uint32_t address);   /* that hold for it, active or not */
};

/* Fig. 11: bind() of a socket. address 0: INADDR_ANY; port 0: any. *bound: the port that the socket has now. It is 0 for
 * port 0 of a given address: the port comes with the connection, when its destination is known. INADDR_ANY and port 0
 * give a port of the EXPLICITBINDPORTRANGE if there is one, which serves as source port of any DVIPA later. Given back
 * with clp_unbind(). EADDRINUSE, EADDRNOTAVAIL. */
int clp_bind(struct clp *clp, const struct clp_addresses *addresses, uint32_t address, uint16_t port, uint16_t *bound);
void clp_unbind(struct clp *clp, uint32_t address, uint16_t bound);

/* Main loop: ports that will be needed, ports that are not needed any more. Costs a few loads when there is nothing. */
void clp_poll(struct clp *clp);

/* When clp_poll() is wanted again although nothing else happens (platform clock), UINT64_MAX: not at all. */
uint64_t clp_show_due(const struct clp *clp);

/* A message of the clp of another system. */
void clp_receive(struct clp *clp, uint8_t from, const uint8_t *message, uint32_t length);

/* A system has joined: tell it what it must know. It has left or failed: its reservations are void. */
void clp_joined(struct clp *clp, uint8_t number);
void clp_gone(struct clp *clp, uint8_t number);

/* Compare the table of a DVIPA with the CF and the CF's maps with each other, under the lock. clp_repair() also puts in
 * order what it finds: ports in no map go to the pool, ports of the pool that a stack has leave it, a map of this stack that
 * differs from its table is written anew, counts of shared ports are set right. CLP_OK or EADDRNOTAVAIL. Bit maps in the CF
 * with maps of the stacks only. */
struct clp_audit {
    uint32_t differences;       /* ports where the own table and the stack's map in the CF differ */
    uint32_t doubles;           /* ports in the pool and owned, or owned twice without being counted as shared */
    uint32_t leaked;            /* ports in no map */
    uint32_t shared;            /* ports that several stacks share */
    uint32_t pool, owned;       /* ports in the pool; owned by any stack */
    uint32_t repaired;          /* of these findings */
};
int clp_check(struct clp *clp, uint32_t dvipa, struct clp_audit *audit);
int clp_repair(struct clp *clp, uint32_t dvipa, struct clp_audit *audit);

/* The map of the ports that `system` owns of the DVIPA, as the CF has it (port 0 = high bit of byte 0). Of this system also
 * with keepers that have no such map. */
bool clp_owned_ports(struct clp *clp, uint32_t dvipa, const char *system, uint8_t map[PORTS_PER_DVIPA / 8]);

/* The systems that have a map of the DVIPA in the CF, by number; "": none. *available: ports in the pool (may be NULL). Bit
 * maps in the CF only. CLP_OK or EADDRNOTAVAIL. */
int clp_systems(struct clp *clp, uint32_t dvipa, char names[SYSTEMS_MAX + 1][NAME_LEN + 1], uint32_t *available);

/* CRHT: the system that has this connection open, 0 = none. */
uint8_t clp_tuple_owner(struct clp *clp, const struct clp_tuple *tuple);

/* Ports of the address in use, owned and free here, for displays; all 0 if it has no table. */
struct clp_usage {
    uint32_t used, owned, free_owned;
};
struct clp_usage clp_usage(const struct clp *clp, uint32_t address);

/* Ephemeral ports that connections and sockets of this stack have, a port that is in use from several addresses once for each. */
uint32_t clp_ephemeral_in_use(const struct clp *clp);

/* D TCPIP,,SYSPLEX,PORTS: a line for each DVIPA of this stack that has CLUSTERPORTS, and where the keeper has maps of the
 * stacks the cluster's view. Modelled on the other displays. */
void clp_display(struct clp *clp, clp_line_fn *line, void *context);

/* Number of the list and of the lock entry of a DVIPA in EZBEPORT. Addresses may share one: entries are told apart by name. */
uint32_t clp_list(uint32_t dvipa);

#endif
