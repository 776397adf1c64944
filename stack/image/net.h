/* The network of an image: lwIP on the LCS adapter.
 *
 * One LAN netif carries the wire. Every VIPA is a netif of its own without a wire: lwIP then accepts packets to the address
 * and lets it be a source; what goes out goes by the LAN netif. A VIPA is advertised (answers ARP, announces itself)
 * or hidden (the target of a distributed DVIPA: the distributing stack answers ARP for it). lwIP answers ARP only for the
 * address of the netif that a request came in by, so ARP frames about an advertised VIPA are given to its netif.
 *
 * Addresses are in host byte order; functions that return int answer 0 or a NET_ code. */
#ifndef IMAGE_NET_H
#define IMAGE_NET_H

#include <stdbool.h>
#include <stdint.h>

struct netif;

#define NET_LINK_LAN 0
#define NET_VIPA_MAX 64         /* as DVIPA_MAX */
#define NET_XCF_QUEUE 1024u     /* half of lwIP's pool of packet buffers; a power of two, as the counters wrap */

enum {
    NET_OK = 0,
    NET_FULL = 1,               /* there are NET_VIPA_MAX already */
    NET_EXISTS = 2,             /* the address is one of this stack already */
    NET_UNKNOWN = 3,            /* it is not; or there is no such link */
};

/* TCP's maximum segment lifetime; a connection stays in TIME-WAIT for twice that. Default 30 s. */
extern uint32_t net_tcp_msl_ms;

/* Start lwIP and the LAN; the MAC address is 02:00:00:00:00:sysnum. Adds itself to the event loop. NULL, or what is
 * wrong. */
const char *net_start(unsigned sysnum);

/* Give a link its address, and announce it. */
int net_home(unsigned link, uint32_t address, uint32_t mask);

/* The gateway for what is not on the link; 0 = none. */
int net_default_route(uint32_t gateway);

/* Always with a host mask, whatever mask the profile gives (that one is for routing daemons): lwIP would otherwise send what
 * goes to the VIPA's subnet by the VIPA's netif, and ask ARP questions in the VIPA's name. */
int net_vipa_add(uint32_t address, bool advertise);

/* Turning it on announces the address with a gratuitous ARP, whether it was on or not. */
int net_vipa_set_advertise(uint32_t address, bool advertise);

/* Connections from and to the address are reset. */
int net_vipa_remove(uint32_t address);

/* Is it the address of a link or a VIPA of this stack? */
bool net_is_home(uint32_t address);

/* An IP packet that came over XCF, as if it had come from the LAN. It is copied; lwIP takes it in the next round of the
 * event loop. Dropped when NET_XCF_QUEUE wait already: TCP sends again. */
void net_ip_input(const uint8_t *packet, uint16_t length);

/* The netif of a packet, as stack_hook_ip4_input() sees it: the packet came by net_ip_input(). */
bool net_came_over_xcf(const struct netif *netif);

#endif
