/* What the files of stack/vipa share: vipa.c has the table, its messages and the profile; vipa_owner.c who owns an address;
 * vipa_route.c packets, listeners and connections. */
#ifndef VIPA_PRIVATE_H
#define VIPA_PRIVATE_H

#include "stack/vipa/vipa.h"

enum { TYPE_STACK = 1, TYPE_PORTOWN = 2, TYPE_PACKET = 3, TYPE_CLP = 4, TYPE_LISTEN = 5, TYPE_REPORT = 6, TYPE_CONNECTION = 7,
       TYPE_REROUTE = 8 };

/* --- vipa.c -------------------------------------------------------------------------------------------------------- */

struct vipa_dvipa *vipa_entry(struct vipa *vipa, uint32_t address);            /* also of one that is known no more; or NULL */
struct vipa_dvipa *vipa_entry_or_new(struct vipa *vipa, uint32_t address);     /* NULL: DVIPA_MAX, told */
bool vipa_is_dest(const struct vipa *vipa, const struct vipa_dvipa *dvipa, uint8_t number);
bool vipa_distribution_has(const struct vipa *vipa, const struct vipa_distribution *distribution, uint8_t number, uint8_t *weight);

/* Tell system `to` (or XCF_ALL) of this stack's parts. */
void vipa_send_stack(struct vipa *vipa, uint8_t to);

/* The VIPADISTRIBUTE statements of this stack for the address; false: it has none, and nothing was changed. */
bool vipa_distribute(struct vipa *vipa, struct vipa_dvipa *dvipa);

/* Who has which port stands in the CF: for one that has just become the distributing stack. */
void vipa_build_port_map(struct vipa *vipa, struct vipa_dvipa *dvipa);

/* Tell the owner of the ports that this stack has had before it knew whom to tell. */
void vipa_announce_all(struct vipa *vipa, const struct vipa_dvipa *dvipa);

/* --- vipa_owner.c -------------------------------------------------------------------------------------------------- */

/* Only who owns the address now; an owner that is this stack no more yields. Before the attributes of the new one are
 * taken over; vipa_decide() follows. */
void vipa_elect(struct vipa *vipa, struct vipa_dvipa *dvipa);

/* This stack's part as VIPADEFINE or VIPABACKUP says it. */
void vipa_define(struct vipa *vipa, const struct profile_dvipa *statement);

/* Parts, members or this stack's state have changed: who owns the address now, and what follows here. true: this stack's
 * part has changed, the others must be told. */
bool vipa_decide(struct vipa *vipa, struct vipa_dvipa *dvipa);

/* All of them, and tell the others if need be (tell: in any case). */
void vipa_decide_all(struct vipa *vipa, bool tell);

bool vipa_distributes_here(const struct vipa *vipa, const struct vipa_dvipa *dvipa);

/* Connections of this stack with the address. */
bool vipa_has_connections(struct vipa *vipa, uint32_t address);

/* --- vipa_route.c -------------------------------------------------------------------------------------------------- */

void vipa_send_listeners(struct vipa *vipa, uint8_t to);

/* Tell the new owner of the connections here; this stack itself, if it is the owner. */
void vipa_report(struct vipa *vipa, struct vipa_dvipa *dvipa);

void vipa_take_listeners(struct vipa *vipa, uint8_t from, const uint8_t *data, uint32_t length);
void vipa_take_report(struct vipa *vipa, uint8_t from, const uint8_t *data, uint32_t length);
void vipa_take_connections(struct vipa *vipa, uint8_t from, const uint8_t *data, uint32_t length);
void vipa_take_rerouted(struct vipa *vipa, const uint8_t *packet, uint32_t length);

/* Sockets of the system that take a connection to address and port now; 0: none, or it is quiesced. */
unsigned vipa_servers(const struct vipa *vipa, uint8_t number, uint32_t address, uint16_t port);

bool vipa_distributes_port(const struct vipa_distribution *distribution, uint16_t port);

/* Send the ends of connections that have been collected. */
void vipa_flush_ended(struct vipa *vipa);

#endif
