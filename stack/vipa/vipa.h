/* The dynamic VIPAs of the sysplex as this stack knows them: which stack owns an address, which stack distributes it, which
 * stacks are its targets, and, on the distributing stack, which stack has which port.
 *
 * The stacks are members of XCF group EZBTCPCS. Each tells the others, at its start and to each one that joins, its
 * dynamic XCF address and the list of DVIPAs that it defines with all that belongs to them; again when its profile has
 * changed: what is not in the list any more it does not have any more. A stack that finds itself
 * among the targets of an address activates it without answering ARP for it: it got the DVIPA from the routing stack.
 *
 *   STACK     u32 dynamic XCF address, u16 number of records, then per DVIPA:
 *             u32 address, u32 mask, u8 flags, u8 rank, u16 block size, u32 quota, u8 ports, u16 port ..., u8 dests, u32 dest ...
 *   PORTOWN   u32 DVIPA, u32 number of words, then per word: u16 word of the port map, u64 ports: the sender owns them now
 *   PACKET    an IP packet that belongs to the receiver
 *   CLP       what the port assigners say to each other (stack/clp/clp_peer.h)
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
 * the attention was faster than the network. So PORTOWN is always read before the packet is routed. That goes for any
 * packet that a SYN can cause (RST, challenge ACK, ICMP). A port that changes its stack is announced by the new one; last
 * announcer wins, and the CF's locks let no two own it at once. */
#ifndef VIPA_H
#define VIPA_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/profile/profile.h"
#include "stack/xcf/xcf.h"

#define VIPA_GROUP "EZBTCPCS"

/* What the image does for the table. Called on the main line, also from inside vipa_route_inbound(). */
struct vipa_ops {
    /* The address is this stack's now; advertise: answer ARP for it (owner), else only accept packets to it (target). */
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
    /* What came for the port assigner; a system has joined, or is gone. */
    void (*ports_message)(void *context, uint8_t from, const uint8_t *data, uint32_t length);
    void (*system_event)(void *context, uint8_t number, bool joined);
};

struct vipa_dvipa {
    uint32_t address, mask;
    struct profile_clusterports clusterports;
    enum profile_moveable moveable;
    uint8_t owner;                  /* system that defines it; 0 = none known */
    bool distributed;               /* the owner has a VIPADISTRIBUTE for it */
    bool dest_all;
    uint8_t dest_count, port_count;
    uint32_t dests[SYSTEMS_MAX];    /* dynamic XCF addresses */
    uint16_t ports[DIST_PORTS_MAX];
    bool active;                    /* on this stack: as owner or as target */
    bool from_range;                /* this stack activated it by a VIPARANGE statement */
    bool assigned_clusterwide;      /* CLUSTERPORTS as port assignment has been told, while active */
    bool distributing;              /* this stack distributes it, and port_owner has been built */
    uint8_t backup_rank[SYSTEMS_MAX + 1];   /* VIPABACKUP of each system, 0 = none */
    uint8_t port_owner[PORTS_PER_DVIPA];    /* distributing stack only: system number, 0 = nobody */
};

struct vipa_statistics {
    uint64_t forwarded, forward_failed, delivered, announced;
};

struct vipa {
    const struct vipa_ops *ops;
    void *context;
    const struct profile *profile;
    struct xcf *xcf;
    uint8_t number;                 /* of this system */
    bool started;
    uint32_t xcf_addresses[SYSTEMS_MAX + 1];        /* dynamic XCF address of each system, 0 = not known */
    bool told[SYSTEMS_MAX + 1];     /* the system has told of itself (STACK) */
    struct vipa_dvipa dvipas[DVIPA_MAX];
    unsigned count;
    struct vipa_statistics statistics;
    uint8_t buffer[24576];          /* STACK message that is being built: 64 records of at most 281 bytes fit */
};

/* Take over what the profile says (it is kept); joins group EZBTCPCS of xcf. Before xcf_start(). *vipa is zeros. */
void vipa_init(struct vipa *vipa, struct xcf *xcf, uint8_t number, const struct profile *profile,
               const struct vipa_ops *ops, void *context);

/* The sysplex is joined: activate what this stack defines, tell the others. Also without sysplex (xcf not joined). */
void vipa_start(struct vipa *vipa);

/* Every active member has told of itself: what this stack knows of the sysplex's DVIPAs is complete. */
bool vipa_complete(const struct vipa *vipa);

/* The running profile, in place, is what it is after a change (of DVIPAs, distributions, ranges, CLUSTERPORTS). One change
 * after the other, then vipa_changed(): activates, deactivates, tells the others. */
void vipa_change(struct vipa *vipa, const struct profile_change *change);
void vipa_changed(struct vipa *vipa);

/* The DVIPA table's entry, or NULL: not a DVIPA that this stack knows. */
const struct vipa_dvipa *vipa_find(const struct vipa *vipa, uint32_t address);

/* This stack is a target of the DVIPA (also its owner may be). */
bool vipa_is_target(const struct vipa *vipa, const struct vipa_dvipa *dvipa);

/* The most specific VIPARANGE of this stack that holds the address, or NULL. */
const struct profile_range *vipa_find_range(const struct vipa *vipa, uint32_t address);

/* Activate an address of a VIPARANGE of this stack and tell the others. False: it is in none, or another stack has it. */
bool vipa_activate_range(struct vipa *vipa, uint32_t address);

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
void vipa_display_sysplex(const struct vipa *vipa, vipa_line_fn *line, void *context);     /* D TCPIP,,SYSPLEX,VIPADYN */
void vipa_display_netstat(const struct vipa *vipa, vipa_line_fn *line, void *context);     /* D TCPIP,,NETSTAT,VIPADYN */

#endif
