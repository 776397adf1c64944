/* The dynamic VIPAs of the sysplex as this stack knows them: which stack owns an address, which stack distributes it, which
 * stacks are its targets, and, on the distributing stack, whose each connection is.
 *
 * The stacks are members of XCF group EZBTCPCS. Each tells the others its part in every DVIPA: where that comes from, its
 * state and its rank (STACK: at its start, to each one that joins, after each change; always the whole list, so that
 * nothing depends on what was told before). From the parts, and from nothing else, each stack computes the same owner:
 *
 *   A part that is ACTIVE carries a generation: its claim. The owner is the best claim of the living: the highest generation,
 *   then VIPADEFINE before VIPABACKUP before VIPARANGE, the higher rank, the lower system number. A stack claims with one more
 *   than the highest generation that it knows; who sees a better claim than its own yields to it.
 *
 * That is a maximum, so the order in which messages cross does not matter: two stacks that claim at once have the same
 * generation and the rest decides; a claimer that dies takes its part with it (XCF reports the end of a system after
 * all that it has sent, and after it was fenced), and the maximum of the others holds. Who claims:
 *
 *   nobody owns it       the best candidate of the living: who defines it; else the VIPABACKUP of the highest rank, if the
 *                        address has been active before or MOVEABLE was said (a backup that IPLs first does not start it)
 *   a backup owns it     who defines it takes it back: at once (MOVEABLE IMMEDIATE), or when the owner offers it, having no
 *                        connection (WHENIDLE)
 *   another defines it   the later VIPADEFINE gets it, once, in the same way
 *   of a VIPARANGE       a bind() takes it from another bind() if that is NONDISRUPTIVE; MODDVIPA takes it from both; VIPADEFINE
 *                        and VIPABACKUP are refused while it is active: the product's table, vipa_activate_range()
 *
 * Movement. Whoever sees a new owner reports the connections that it has with the address (REPORT). The new owner answers
 * ARP for it (gratuitously, too) when all living stacks have reported, or REPORT_US later: by then it knows where each
 * packet goes. Connections stay where they are: the old owner keeps the address without answering ARP (MOVING) until the
 * last one is closed, and what still arrives there is passed to the owner (REROUTE).
 *
 * Distribution. A connection that comes in for a distributed port goes to a target on which an application listens
 * (LISTEN: every stack tells all others, so that a new owner knows), chosen round robin or by active connections per
 * weight, and stands in the connection routing hash table (vipa_crht.h) until the target says that it has ended. The target
 * says that it has begun (CONNECTION) before it answers the SYN: a connection whose SYN came by an old owner is known to the
 * new one before the client's next packet. Replies go straight out.
 *
 *   STACK       u32 dynamic XCF address, u16 number of records, then per DVIPA:
 *               u32 address, u32 mask, u64 generation, u8 origin, u8 state, u8 rank, u8 flags, u16 block size, u8 store,
 *               u8 distributions, u32 quota, then per distribution: u8 method, u8 all targets, u8 ports, u16 port ...,
 *               u8 targets, per target u32 dynamic XCF address, u8 weight
 *   LISTEN      u8 stack is quiesced, u8 number, per listener: u32 address, u16 port, u16 servers, u8 quiesced
 *   REPORT      u32 DVIPA, u64 generation of the owner, u8 last, u32 number, per connection: u32 peer, u16 port, u16 peer's port
 *   CONNECTION  u16 number, per connection: u32 DVIPA, u32 peer, u16 port, u16 peer's port, u8 begun (else ended)
 *   PORTOWN     u32 DVIPA, u32 number of words, then per word: u16 word of the port map, u64 ports: the sender owns them now
 *   PACKET      an IP packet that belongs to the receiver
 *   REROUTE     an IP packet to an address that the receiver owns, which has come to the sender
 *   CLP         what the port assigners say to each other (stack/clp/clp_peer.h)
 *
 * What comes back to an outbound connection carries the DVIPA as destination and arrives at the distributing stack, which
 * must know whose it is. The port says it: a stack tells the distributing stack (PORTOWN) BEFORE it uses a port.
 *
 *   target stack                       CF                distributing stack            peer
 *     PORTOWN ───────────────────► list n │
 *     (the write is done)                 │
 *     SYN ─────────────────────────────────────────────────────────────────────────────►
 *                                         │                      ◄────────────── SYN-ACK
 *                                         │ ◄── xcf_drain() ── route_inbound()
 *                                         │ ─── PORTOWN ─────►  map[port] = target
 *     ◄──────────────────────────── PACKET ──────────────────── SYN-ACK
 *
 * xcf_send() returns when the message stands in the CF; the SYN leaves after that; the SYN-ACK answers the SYN; the
 * distributing stack reads all that stands in its list when it routes the SYN-ACK, asking the CF rather than trusting that
 * the attention was faster than the network. So PORTOWN (and CONNECTION) is always read before the packet is routed. That
 * goes for any packet that a SYN can cause (RST, challenge ACK, ICMP). A port that changes its stack is announced by the new
 * one; last announcer wins, and the CF's locks let no two own it at once.
 *
 * Not routed: later fragments of a TCP segment (they carry no port), UDP, and ICMP other than errors about a segment: the
 * owner answers a ping itself. */
#ifndef VIPA_H
#define VIPA_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/profile/profile.h"
#include "stack/vipa/vipa_crht.h"
#include "stack/xcf/xcf.h"

#define VIPA_GROUP "EZBTCPCS"
#define VIPA_REPORT_US 500000u      /* a stack that is alive reports within ms; one that hangs holds nobody up for longer */
#define VIPA_START_US 1000000u      /* the same for the first word of the others at a start */
#define VIPA_POLL_US 100000u        /* how soon the end of the last connection, or of patience, is seen */
#define VIPA_NEVER UINT64_MAX

/* A connection of a DVIPA: its local port, and the other end. */
struct vipa_tuple {
    uint32_t peer;
    uint16_t port, peer_port;
};
typedef void vipa_connection_fn(void *argument, const struct vipa_tuple *tuple, bool accepted);

/* What the image does for the table. Called on the main line, also from inside vipa_route_inbound(). */
struct vipa_ops {
    /* The address is this stack's now; advertise: answer ARP for it (owner), else only accept packets to it (target). Again
     * when advertise changes; each time it is true the address is announced. */
    void (*activate)(void *context, uint32_t address, uint32_t mask, bool advertise);
    void (*deactivate)(void *context, uint32_t address);
    /* An IP packet for this stack that came over XCF. Valid during the call: copy it and let the IP layer take it later,
     * not inside. */
    void (*deliver)(void *context, const uint8_t *packet, uint32_t length);
    /* Port assignment for an address that is active here; from_range: by a VIPARANGE statement; live: CLUSTERPORTS has
     * changed on an address that has been active before. */
    void (*clusterports)(void *context, uint32_t address, const struct profile_clusterports *clusterports, bool from_range,
                         bool live);
    /* Bit map of the ports that system `name` owns of the DVIPA, as the CF has it (1 bit a port, port 0 = high bit of byte
     * 0); false: it has none. */
    bool (*owned_ports)(void *context, uint32_t address, const char *name, uint8_t map[PORTS_PER_DVIPA / 8]);
    /* CLUSTERPORTS STORE CRHT: the system that has the connection, 0 = none. */
    uint8_t (*connection_owner)(void *context, uint32_t address, uint16_t port, uint32_t peer, uint16_t peer_port);
    /* Drive use(argument, tuple, accepted) for each TCP connection of this stack whose local address this is; accepted: it
     * came in. */
    void (*connections)(void *context, uint32_t address, vipa_connection_fn *use, void *argument);
    /* A socket is bound to the address, or a connection of this stack has it. */
    bool (*in_use)(void *context, uint32_t address);
    /* What came for the port assigner; a system has joined, or is gone. */
    void (*ports_message)(void *context, uint8_t from, const uint8_t *data, uint32_t length);
    void (*system_event)(void *context, uint8_t number, bool joined);
};

/* Where a stack's part in a DVIPA comes from; of two claims of one generation the higher value wins. */
enum vipa_origin { ORIGIN_NONE, ORIGIN_RANGE_BIND, ORIGIN_RANGE_IOCTL, ORIGIN_BACKUP, ORIGIN_DEFINE };

/* The product's states. NONE: no part in it but perhaps that of a target. */
enum vipa_state { VIPA_NONE, VIPA_BACKUP, VIPA_ACTIVE, VIPA_MOVING, VIPA_QUIESCING, VIPA_DEACTIVATED };

struct vipa_part {                  /* of one stack in one DVIPA, as it has told */
    enum vipa_origin origin;
    enum vipa_state state;
    uint8_t rank;                   /* VIPABACKUP 1..254, VIPADEFINE 255 */
    bool wants;                     /* VIPADEFINE that is new: takes it from another VIPADEFINE */
    bool offers;                    /* the owner has no connection: who may take it back may do it now */
    bool starts;                    /* VIPABACKUP MOVEABLE: activates an address that never was active */
    bool seen;                      /* the stack knows that the address has been active: a VIPABACKUP takes over only then */
    uint64_t generation;            /* of the claim, if ACTIVE */
};

#define DISTRIBUTIONS_MAX 8         /* VIPADISTRIBUTE statements of one DVIPA: lists of ports with their own targets */

struct vipa_distribution {          /* VIPADISTRIBUTE */
    enum profile_distmethod method;
    bool dest_all;
    uint8_t dest_count, port_count; /* no ports: all that an application listens on */
    uint8_t weights[SYSTEMS_MAX];   /* of dests; WEIGHTEDACTIVE */
    uint32_t dests[SYSTEMS_MAX];    /* dynamic XCF addresses */
    uint16_t ports[DIST_PORTS_MAX];
    uint8_t last;                   /* distributing stack: the system that was chosen last */
};

struct vipa_dvipa {
    uint32_t address, mask;
    struct profile_clusterports clusterports;
    enum profile_moveable moveable;
    bool disruptive;                /* of a VIPARANGE MOVEABLE DISRUPTIVE */
    uint8_t owner;                  /* system number; 0 = nobody */
    uint8_t last_owner;             /* the same, or who had it before nobody */
    uint64_t generation;            /* the highest that was ever claimed */
    bool orphaned;                  /* its owner is dead: connections here may live to see another */
    uint8_t distribution_count;     /* 0: the owner does not distribute it */
    struct vipa_distribution distributions[DISTRIBUTIONS_MAX];
    struct vipa_part parts[SYSTEMS_MAX + 1];
    bool active;                    /* on this stack: as owner or as target */
    bool present;                   /* the image has it: active, or connections are left */
    bool advertised;                /* the image answers ARP for it */
    bool dropped;                   /* connections that are left are not kept */
    bool released;                  /* of a VIPARANGE: a use of it has ended, perhaps the last one */
    bool assigned_clusterwide;      /* CLUSTERPORTS as port assignment has been told, while active */
    bool distributing;              /* this stack distributes it, and port_owner has been built */
    uint64_t awaited;               /* owner: systems that have not reported, bit 1 << number */
    uint64_t patience_us;           /* ... until then */
    uint8_t reported_to;            /* the owner that has this stack's report, for its claim of ... */
    uint64_t reported_generation;
    uint8_t port_owner[PORTS_PER_DVIPA];    /* distributing stack only: system number, 0 = nobody */
};

#define VIPA_LISTENERS_MAX 64u      /* as many as a stack has listening sockets */

struct vipa_listener {
    uint32_t address;               /* 0 = any */
    uint16_t port, servers;         /* listening sockets */
    bool quiesced;
};

struct vipa_listeners {             /* of one stack */
    bool quiesced;                  /* QUIESCE,TARGET */
    unsigned count;
    struct vipa_listener entries[VIPA_LISTENERS_MAX];
};

#define VIPA_ENDED_MAX 64u          /* ends of connections that wait to be told together */

struct vipa_ended {
    uint32_t address;
    struct vipa_tuple tuple;
};

struct vipa_statistics {
    uint64_t forwarded, forward_failed, delivered, announced;
    uint64_t distributed, not_ready;    /* connections given to a target; for which there was none */
    uint64_t rerouted;                  /* packets that came to a stack which does not own the address */
    uint64_t withheld;                  /* of unknown connections, before all stacks had reported */
};

struct vipa {
    const struct vipa_ops *ops;
    void *context;
    const struct profile *profile;
    struct xcf *xcf;
    uint8_t number;                 /* of this system */
    bool started;
    bool ready;                     /* all have told of themselves, or long enough has been waited: may claim */
    bool left;                      /* LEAVEGROUP */
    uint64_t started_us, polled_us;
    bool released;                  /* of any of the dvipas */
    uint32_t xcf_addresses[SYSTEMS_MAX + 1];        /* dynamic XCF address of each system, 0 = not known */
    bool told[SYSTEMS_MAX + 1];     /* the system has told of itself (STACK) */
    struct vipa_dvipa dvipas[DVIPA_MAX];
    unsigned count;
    struct vipa_listeners listeners[SYSTEMS_MAX + 1];
    struct vipa_crht crht;
    struct vipa_ended ended[VIPA_ENDED_MAX];
    unsigned ended_count;
    struct vipa_statistics statistics;
    uint8_t buffer[XCF_MESSAGE_MAX];        /* message that is being built */
};

/* Take over what the profile says (it is kept); joins group EZBTCPCS of xcf. Before xcf_start(). *vipa is zeros. */
void vipa_init(struct vipa *vipa, struct xcf *xcf, uint8_t number, const struct profile *profile,
               const struct vipa_ops *ops, void *context);

/* The sysplex is joined: activate what this stack defines, tell the others. Also without sysplex (xcf not joined). */
void vipa_start(struct vipa *vipa);

/* Main loop: what has waited for its time. When to call again at the latest (platform clock), or VIPA_NEVER. */
uint64_t vipa_poll(struct vipa *vipa);

/* Every active member has told of itself and of its connections: what this stack knows of the sysplex's DVIPAs is complete,
 * and its own are reachable. */
bool vipa_complete(const struct vipa *vipa);

/* The running profile, in place, is what it is after a change (of DVIPAs, distributions, ranges, CLUSTERPORTS). One change
 * after the other, then vipa_changed(): activates, deactivates, tells the others. */
void vipa_change(struct vipa *vipa, const struct profile_change *change);
void vipa_changed(struct vipa *vipa);

/* The DVIPA table's entry, or NULL: not a DVIPA that this stack knows. */
const struct vipa_dvipa *vipa_find(const struct vipa *vipa, uint32_t address);

/* This stack is a target of the DVIPA (also its owner may be). */
bool vipa_is_target(const struct vipa *vipa, const struct vipa_dvipa *dvipa);

/* Somebody owns and distributes it. */
bool vipa_is_distributed(const struct vipa_dvipa *dvipa);

/* Who distributes it, or is about to because that one has failed: the backup that takes it over. 0: nobody. */
uint8_t vipa_distributor(const struct vipa_dvipa *dvipa);

/* This stack defines, backs up or has activated the address. */
bool vipa_has_part(const struct vipa *vipa, const struct vipa_dvipa *dvipa);

/* The most specific VIPARANGE of this stack that holds the address, or NULL. */
const struct profile_range *vipa_find_range(const struct vipa *vipa, uint32_t address);

/* Who asks for an address of a VIPARANGE. A connect takes it from nobody: two stacks whose jobs have the same source address
 * would take it from each other with every connection. */
enum vipa_request { REQUEST_CONNECT, REQUEST_BIND, REQUEST_IOCTL };
enum vipa_result {
    VIPA_OK = 0,
    VIPA_EXISTS = 4,                /* IOCTL: it is active here already; a warning, it can be used */
    VIPA_NOT_IN_RANGE = 8,          /* no VIPARANGE of this stack holds it */
    VIPA_CONFLICT = 12,             /* another stack has it and keeps it; or it is that of a VIPADEFINE or VIPABACKUP */
    VIPA_UNKNOWN = 16,              /* no such DVIPA of this stack */
    VIPA_NO_CHANGE = 20,            /* it is in that state already */
};

/* Activate an address of a VIPARANGE of this stack and tell the others; the product's table of what follows when two
 * actions concern one address (first: what made it active, second: this one; DISRUPTIVE is said by the first):
 *
 *   first        second     this stack     another stack
 *   bind         bind       OK             NONDISRUPTIVE: it moves, the old one keeps its connections; DISRUPTIVE: CONFLICT
 *   bind         ioctl      EXISTS         it moves, the old one and its connections are gone
 *   ioctl        bind       OK             CONFLICT
 *   ioctl        ioctl      EXISTS         it moves; NONDISRUPTIVE: the old one keeps its connections, else they are gone
 *   VIPADEFINE   bind       OK             CONFLICT
 *   VIPADEFINE   ioctl      CONFLICT       CONFLICT
 *   bind, ioctl  VIPADEFINE, VIPABACKUP    refused on every stack, EZD1310I
 * VIPABACKUP that has taken over counts as VIPADEFINE. */
enum vipa_result vipa_activate_range(struct vipa *vipa, uint32_t address, enum vipa_request request);

/* A bind or a connection of this stack with this address has ended. If it was the last one, and a bind or connect had made the address
 * active, the address is deleted in the next vipa_poll(). */
void vipa_released(struct vipa *vipa, uint32_t address);

/* MODDVIPA -d: an address that a VIPARANGE of this stack made active goes, with its connections. OK, UNKNOWN. */
enum vipa_result vipa_delete_range(struct vipa *vipa, uint32_t address);

/* V TCPIP,,SYSPLEX,DEACTIVATE / REACTIVATE,DVIPA=: this stack's part rests: a backup takes the address over, connections
 * are kept if one does (QUIESCING, then DEACTIVATED). OK, UNKNOWN, NO_CHANGE. */
enum vipa_result vipa_deactivate(struct vipa *vipa, uint32_t address);
enum vipa_result vipa_reactivate(struct vipa *vipa, uint32_t address);

/* V TCPIP,,SYSPLEX,LEAVEGROUP / JOINGROUP: this stack has no DVIPAs, and is nobody's target; and again as its profile says.
 * OK, NO_CHANGE. */
enum vipa_result vipa_leave(struct vipa *vipa);
enum vipa_result vipa_join(struct vipa *vipa);

/* V TCPIP,,SYSPLEX,QUIESCE / RESUME: this stack as a target (port 0), or its servers at a port, get no new connections of
 * distributed DVIPAs. OK, NO_CHANGE, UNKNOWN: nobody listens at the port. */
enum vipa_result vipa_quiesce(struct vipa *vipa, uint16_t port, bool quiesce);

/* An application of this stack listens at address (0 = any) and port, or has stopped to. */
void vipa_listen(struct vipa *vipa, uint32_t address, uint16_t port, bool begins);

/* A connection has come in to a socket of this stack, before its SYN is answered; or has ended for good (after TIME_WAIT).
 * Any local address: what is not a DVIPA is ignored. */
void vipa_connection(struct vipa *vipa, uint32_t address, const struct vipa_tuple *tuple, bool begins);

/* Ports of a port map: bit 63 - (p & 63) of word p >> 6. */
struct vipa_ports {
    uint16_t word;
    uint64_t ports;
};

/* Tell the distributing stack that this stack uses these ports from now on; returns when it will read that before anything
 * that is caused later. count: 1 .. VIPA_ANNOUNCE_MAX. XCF_OK; XCF_FULL: its queue is full, do not use the ports. No
 * distributing stack: XCF_OK, nobody routes. */
#define VIPA_ANNOUNCE_MAX 64u
int vipa_announce(struct vipa *vipa, uint32_t address, const struct vipa_ports *ports, uint32_t count);

/* Send what the port assigner of system `to` (XCF_ALL: of every other) gets; result of xcf_send(). */
int vipa_send_ports_message(struct vipa *vipa, uint8_t to, const uint8_t *data, uint32_t length);

/* An IP packet from the network. true: it belongs to a connection of another stack, or to none because that stack cannot be
 * reached, and is consumed; false: local. */
bool vipa_route_inbound(struct vipa *vipa, const uint8_t *packet, uint32_t length);

/* Displays. */
typedef void vipa_line_fn(void *context, const char *line);
/* D TCPIP,,SYSPLEX,VIPADYN: of this address, 0 = all; the lines of at most max stacks. */
void vipa_display_sysplex(const struct vipa *vipa, uint32_t address, unsigned max, vipa_line_fn *line, void *context);
void vipa_display_group(const struct vipa *vipa, vipa_line_fn *line, void *context);                                /* D TCPIP,,SYSPLEX,GROUP */
void vipa_display_netstat(const struct vipa *vipa, unsigned max, vipa_line_fn *line, void *context);                /* D TCPIP,,NETSTAT,VIPADYN */
void vipa_display_vdpt(const struct vipa *vipa, unsigned max, bool detail, vipa_line_fn *line, void *context);      /* D TCPIP,,NETSTAT,VDPT */
void vipa_display_vcrt(const struct vipa *vipa, unsigned max, bool detail, vipa_line_fn *line, void *context);  /* ... VCRT */

#endif
