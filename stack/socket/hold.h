/* Who holds a local port, and for how long.
 *
 *   binding   a bind(): held by its socket, and by each connection that was accepted at it or opened by that socket; the port
 *             goes back with the last
 *   hold      of a protocol control block of lwIP, by its extension argument: the port that clp_assign() gave to a
 *             connection, or a share in the binding that it was accepted at
 *
 * lwIP calls the destroy function of the extension argument when it frees the block: after TIME_WAIT for the side that closed
 * first. Invariant: each port is released once for each time that it was assigned or bound, and not before the last block
 * that uses it is gone. All of it is in tables, so that a scan and NETSTAT see what lwIP sees. */
#ifndef STACK_HOLD_H
#define STACK_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/socket/socket.h"

struct tcp_pcb;
struct binding;

/* Start for the stack of this image. */
void hold_start(struct stack *stack);

/* Fig. 11: bind owner to address (0 = INADDR_ANY) and port (0 = any). *binding, or an errno with its reason. */
int binding_new(const struct socket_owner *owner, struct socket_address at, struct binding **binding, uint32_t *reason);

/* The socket is done with it. */
void binding_drop(struct binding *binding);

struct socket_address binding_address(const struct binding *binding);

/* The port was given out of EXPLICITBINDPORTRANGE. */
bool binding_from_pool(const struct binding *binding);

/* Give pcb the local address and port that clp_assign() has assigned to its connection to `to`; from now on they are
 * released when lwIP frees the block. bound: the binding of its socket, which lasts as long; NULL: it has none. false: no
 * room, nothing is done. */
bool hold_connection(struct tcp_pcb *pcb, const struct socket_owner *owner, struct binding *bound, struct socket_address from,
                     struct socket_address to);

/* pcb listens at binding: connections that are accepted at it have a share in it. */
void hold_listener(struct tcp_pcb *pcb, struct binding *binding);

#endif
