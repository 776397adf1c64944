/* Where lwIP asks the stack extension; defined by whoever is linked on top (stack/socket, or a test). */
#ifndef IMAGE_LWIP_HOOKS_H
#define IMAGE_LWIP_HOOKS_H

#include "lwip/ip_addr.h"

struct pbuf;
struct netif;

/* An IP packet has come, its header at p->payload, not yet checked. Nonzero: taken, and p is freed by the taker. Whether it
 * came from the LAN or over XCF: net_came_over_xcf(netif). */
int stack_hook_ip4_input(struct pbuf *p, struct netif *netif);

/* The initial sequence number of a connection. */
u32_t stack_hook_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port);

#define LWIP_HOOK_IP4_INPUT(p, netif) stack_hook_ip4_input(p, netif)
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) \
    stack_hook_tcp_isn(local_ip, local_port, remote_ip, remote_port)

#endif
