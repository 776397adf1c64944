/* The socket layer: what jobs call, with source selection and port assignment in front of lwIP and behind its teardown.
 *
 *   job: socket_connect() ─► sip_select()  which source address?            (Fig. 7)
 *                         ─► clp_assign()  which source port?               (Figs. 9, 4)
 *                         ─► tcp_connect() of lwIP with both already set
 *   lwIP frees the PCB    ─► clp_release() the port goes back               (Figs. 10, 5)
 *
 *   job: socket_bind()    ─► sip_bind_address()  PORT ... BIND, SRCIP ... SERVER
 *                         ─► source_bind()         may it have this address and port?   (Fig. 11)
 *   job: socket_listen()  ─► tcp_listen() of lwIP; `accepted` for each connection
 *
 * A port belongs to lwIP's protocol control blocks, not to the socket: see hold.h.
 *
 * Sockets are event driven: a job gives three functions and never waits. Invariant: `closed` is called exactly once for each
 * socket that was opened, unless the job closed or aborted it itself; after it the socket is gone. */
#ifndef STACK_SOCKET_H
#define STACK_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/limits.h"
#include "stack/socket/port_log.h"
#include "stack/vipa/vipa.h"

struct stack;
struct socket;

/* Sockets of an image. 16 bits of PCBs less what rests in TIME_WAIT; the table costs 64 bytes a socket. */
#define SOCKET_MAX 16384

/* z/OS UNIX errno values that the layer returns (z/OS UNIX System Services Messages and Codes). */
enum socket_errno {
    SOCKET_OK = 0,
    SOCKET_EACCES = 111,
    SOCKET_EINVAL = 121,
    SOCKET_EADDRINUSE = 1115,
    SOCKET_EADDRNOTAVAIL = 1116,
    SOCKET_ENETUNREACH = 1118,
    SOCKET_ECONNABORTED = 1120,
    SOCKET_ECONNRESET = 1121,
    SOCKET_ENOBUFS = 1122,
    SOCKET_ETIMEDOUT = 1127,
    SOCKET_ECONNREFUSED = 1128,
};

/* Who opens a socket. Names are C strings of 1..8 characters. */
struct socket_owner {
    char job[NAME_LEN + 1];
    char user[NAME_LEN + 1];
};

struct socket_events {
    void (*connected)(void *context);
    void (*received)(void *context, const uint8_t *data, uint16_t length);
    /* error 0: the peer closed in order; the job calls socket_close() */
    void (*closed)(void *context, int error);
    /* A connection has come to a socket that listens. The job calls socket_accept() or socket_abort() on it, now. */
    void (*accepted)(void *context, struct socket *connection);
};

struct socket_address {
    uint32_t address;   /* host byte order, 0 = INADDR_ANY */
    uint16_t port;      /* 0 = ephemeral */
};

/* Cost of what stands before a connection, read by CONNGEN. */
struct socket_statistics {
    uint64_t assigns;           /* calls of port assignment */
    uint64_t assign_ns;         /* time in it */
    uint64_t connects;
    uint64_t refused;           /* source selection or port assignment gave an error */
};

/* Start the layer of this image for stack. Called once, before any job. */
void socket_start(struct stack *stack);

/* A new socket of owner; events and context are kept. NULL: none is free. */
struct socket *socket_open(const struct socket_owner *owner, const struct socket_events *events, void *context);

/* bind(). 0, or an errno; *reason gets the reason code (may be NULL). Once for a socket. Port 0 of a given address: the
 * port comes with the connection. */
int socket_bind(struct socket *socket, struct socket_address at, uint32_t *reason);

/* listen() on a socket that is bound to a port. 0 or an errno. */
int socket_listen(struct socket *socket, uint32_t *reason);

/* Take over a connection that has come. events and context are kept. */
void socket_accept(struct socket *connection, const struct socket_events *events, void *context);

/* connect(). 0: under way, `connected` or `closed` follows. Else an errno; *reason gets the reason code (may be NULL), and
 * the socket stays open, unconnected. */
int socket_connect(struct socket *socket, struct socket_address to, uint32_t *reason);

/* Local address and port of a socket that is bound, connects or is connected. */
struct socket_address socket_local(const struct socket *socket);

/* Send length bytes now. 0, or SOCKET_ENOBUFS: nothing was sent, try later. */
int socket_send(struct socket *socket, const void *data, uint16_t length);

/* Orderly end; the socket is gone for the job. */
void socket_close(struct socket *socket);

/* RST; the socket is gone for the job. */
void socket_abort(struct socket *socket);

/* ioctl SIOCSVIPA: make an address of a VIPARANGE active, or delete one that is active by that. */
enum vipa_result socket_dvipa(uint32_t address, bool create);

const struct socket_statistics *socket_statistics(void);

/* Connections of this image with this source address, for struct stack_ops. */
void socket_scan(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument);

/* All connections of this image with this local address, for struct stack_ops. */
void socket_connections(void *context, uint32_t address, vipa_connection_fn *use, void *argument);

/* Whether one of this image's sockets or connections has this local address, for struct stack_ops. */
bool socket_in_use(void *context, uint32_t address);

/* Who has had which port (port_log.h), and the uses that go on: bindings, and connections that this image has opened, those
 * in TIME_WAIT too. */
const struct port_log *socket_port_log(void);
void socket_present_uses(port_use_fn *use, void *argument);

/* NETSTAT CONN: the protocol control blocks with this local port, 0 = all; at most max of them. */
typedef void socket_line_fn(void *context, const char *line);
void socket_display(uint16_t port, unsigned max, socket_line_fn *line, void *context);

#endif
