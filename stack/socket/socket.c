#include "stack/socket/socket.h"

#include <string.h>

#include "lwip/tcp.h"

#include "stack/image/lwip/hooks.h"
#include "stack/image/net.h"
#include "stack/platform/platform.h"
#include "stack/socket/hold.h"
#include "stack/socket/isn.h"
#include "stack/socket/source.h"
#include "stack/stack.h"

struct socket {
    struct tcp_pcb *pcb;        /* NULL before socket_connect() and socket_listen() */
    struct binding *binding;    /* NULL: not bound */
    const struct socket_owner *owner;
    const struct socket_events *events;
    void *context;
    bool connected;
    struct socket *next;        /* free list */
};

static struct stack *stack_of_image;
static struct socket sockets[SOCKET_MAX];
static struct socket *free_sockets;
static struct socket_statistics statistics;
static uint8_t isn_secret[16];

void socket_start(struct stack *stack)
{
    STACK_ASSERT(stack_of_image == NULL);
    stack_of_image = stack;
    hold_start(stack);
    for (int i = SOCKET_MAX - 1; i >= 0; i--) {
        sockets[i].next = free_sockets;
        free_sockets = &sockets[i];
    }
    /* Without a sysplex the secret is this image's alone. */
    if (xcf_secret(&stack->xcf, isn_secret) != XCF_OK)
        for (int i = 0; i < 16; i++)
            isn_secret[i] = (uint8_t)platform_random();
}

struct socket *socket_open(const struct socket_owner *owner, const struct socket_events *events, void *context)
{
    struct socket *socket = free_sockets;

    if (socket == NULL)
        return NULL;
    free_sockets = socket->next;
    *socket = (struct socket){.owner = owner, .events = events, .context = context};
    return socket;
}

static void socket_free(struct socket *socket)
{
    if (socket->binding != NULL)
        binding_drop(socket->binding);
    socket->binding = NULL;
    socket->pcb = NULL;
    socket->next = free_sockets;
    free_sockets = socket;
}

/* lwIP calls nothing of this socket any more. */
static void pcb_detach(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    if (pcb->state == LISTEN) {
        vipa_listen(&stack_of_image->vipa, lwip_ntohl(ip_addr_get_ip4_u32(&pcb->local_ip)), pcb->local_port, false);
        return;
    }
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
}

static int assign_port(struct socket_address *from, struct socket_address to)
{
    uint64_t start_ns = platform_clock_ns();
    int error = clp_assign(&stack_of_image->clp, from->address, from->port, to.address, to.port, &from->port);

    statistics.assign_ns += platform_clock_ns() - start_ns;
    statistics.assigns++;
    return error;
}

/* --- connections --------------------------------------------------------------------------------------------------- */

/* lwIP must be told when a job has aborted, within a callback, the very PCB that the callback is about. */
static struct tcp_pcb *callback_pcb;

static err_t callback_end(void)
{
    err_t result = callback_pcb == NULL ? ERR_ABRT : ERR_OK;
    callback_pcb = NULL;
    return result;
}

static int errno_of(const struct socket *socket, err_t error)
{
    switch (error) {
    case ERR_OK:
        return SOCKET_OK;
    case ERR_RST:
        return socket->connected ? SOCKET_ECONNRESET : SOCKET_ECONNREFUSED;
    case ERR_ABRT:
        return SOCKET_ETIMEDOUT;        /* lwIP gives up after its last retransmission this way */
    case ERR_RTE:
        return SOCKET_ENETUNREACH;
    case ERR_USE:
        return SOCKET_EADDRINUSE;
    case ERR_CLSD:
        return SOCKET_ECONNABORTED;
    default:
        return SOCKET_ENOBUFS;
    }
}

/* lwIP frees the PCB around this call. */
static void on_error(void *argument, err_t error)
{
    struct socket *socket = argument;
    const struct socket_events *events = socket->events;
    void *context = socket->context;
    int code = errno_of(socket, error);

    socket_free(socket);
    events->closed(context, code);
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct socket *socket = argument;
    (void)error;                /* always ERR_OK; failure comes through on_error() */

    callback_pcb = pcb;
    socket->connected = true;
    socket->events->connected(socket->context);
    return callback_end();
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct socket *socket = argument;
    (void)error;

    callback_pcb = pcb;
    if (data == NULL) {
        socket->events->closed(socket->context, SOCKET_OK);
        return callback_end();
    }
    tcp_recved(pcb, data->tot_len);
    /* The job may close the socket on any part; then the rest is nobody's. */
    for (struct pbuf *part = data; part != NULL && socket->pcb == pcb; part = part->next)
        socket->events->received(socket->context, part->payload, part->len);
    pbuf_free(data);
    return callback_end();
}

static int select_source(const struct socket *socket, uint32_t destination, uint32_t *source, uint32_t *reason)
{
    struct sip_result result;
    struct socket_address bound = socket->binding != NULL ? binding_address(socket->binding) : (struct socket_address){0, 0};
    const struct sip_request request = {
        .job = socket->owner->job,
        .user = socket->owner->user,
        .destination = destination,
        .bound_address = bound.address,
        .bound_port = bound.port,
        .pool_port = socket->binding != NULL && binding_from_pool(socket->binding),
    };
    int error = source_select(stack_of_image, &request, &result);

    *source = result.address;
    *reason = result.reason;
    return error;
}

/* The events of a connection go to its socket. */
static void pcb_attach(struct tcp_pcb *pcb, struct socket *socket)
{
    socket->pcb = pcb;
    tcp_arg(pcb, socket);
    tcp_recv(pcb, on_received);
    tcp_err(pcb, on_error);
}

/* A block of lwIP with source address and port; both go back when lwIP frees it. */
static int pcb_new(const struct socket *socket, struct socket_address from, struct socket_address to, struct tcp_pcb **pcb)
{
    *pcb = tcp_new();
    if (*pcb != NULL && hold_connection(*pcb, socket->owner, socket->binding, from, to))
        return SOCKET_OK;
    if (*pcb != NULL)
        tcp_abort(*pcb);
    clp_release(&stack_of_image->clp, from.address, from.port, to.address, to.port);
    return SOCKET_ENOBUFS;
}

int socket_connect(struct socket *socket, struct socket_address to, uint32_t *reason)
{
    struct socket_address from = socket_local(socket);
    struct tcp_pcb *pcb;
    uint32_t ignored;
    ip_addr_t destination = IPADDR4_INIT(lwip_htonl(to.address));

    STACK_ASSERT(socket->pcb == NULL);
    if (reason == NULL)
        reason = &ignored;
    statistics.connects++;
    int error = select_source(socket, to.address, &from.address, reason);
    if (error == SOCKET_OK && (error = assign_port(&from, to)) != SOCKET_OK)
        *reason = stack_of_image->clp.reason;
    if (error != SOCKET_OK) {
        statistics.refused++;
        return error;
    }
    error = pcb_new(socket, from, to, &pcb);
    if (error != SOCKET_OK)
        return error;
    pcb_attach(pcb, socket);
    error = errno_of(socket, tcp_connect(pcb, &destination, to.port, on_connected));
    if (error != SOCKET_OK) {
        pcb_detach(pcb);
        tcp_abort(pcb);
        socket->pcb = NULL;
    }
    return error;
}

struct socket_address socket_local(const struct socket *socket)
{
    if (socket->pcb != NULL)
        return (struct socket_address){lwip_ntohl(ip_addr_get_ip4_u32(&socket->pcb->local_ip)), socket->pcb->local_port};
    return socket->binding != NULL ? binding_address(socket->binding) : (struct socket_address){0, 0};
}

/* --- servers ------------------------------------------------------------------------------------------------------- */

/* May the job have the port, and which address does INADDR_ANY stand for? */
static int bind_checked(struct socket *socket, struct socket_address at, bool listening, uint32_t *reason)
{
    const struct socket_owner *owner = socket->owner;

    if (at.port != 0 && !profile_port_allowed(stack_of_image->profile, true, at.port, listening, owner->job, owner->user))
        return SOCKET_EACCES;
    if (at.address == 0)
        at.address = sip_bind_address(&stack_of_image->sip, owner->job, owner->user, at.port, listening);
    if (socket->binding != NULL) {
        if (binding_address(socket->binding).address == at.address)
            return SOCKET_OK;           /* the listen brings nothing new */
        binding_drop(socket->binding);
        socket->binding = NULL;
    }
    return binding_new(owner, at, &socket->binding, reason);
}

int socket_bind(struct socket *socket, struct socket_address at, uint32_t *reason)
{
    uint32_t ignored;

    if (socket->binding != NULL || socket->pcb != NULL)
        return SOCKET_EINVAL;
    return bind_checked(socket, at, false, reason != NULL ? reason : &ignored);
}

static err_t on_accepted(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct socket *listener = argument;
    struct socket *socket = pcb != NULL && error == ERR_OK ? socket_open(listener->owner, NULL, NULL) : NULL;

    if (socket == NULL)
        return ERR_MEM;                 /* lwIP resets the connection */
    callback_pcb = pcb;
    socket->connected = true;
    pcb_attach(pcb, socket);
    listener->events->accepted(listener->context, socket);
    return callback_end();
}

void socket_accept(struct socket *connection, const struct socket_events *events, void *context)
{
    connection->events = events;
    connection->context = context;
}

int socket_listen(struct socket *socket, uint32_t *reason)
{
    uint32_t ignored;
    struct socket_address at = socket_local(socket);

    if (at.port == 0 || socket->pcb != NULL)
        return SOCKET_EINVAL;
    int error = bind_checked(socket, at, true, reason != NULL ? reason : &ignored);
    if (error != SOCKET_OK)
        return error;
    at = binding_address(socket->binding);
    struct tcp_pcb *closed = tcp_new(), *pcb = NULL;
    if (closed != NULL) {
        ip_addr_set_ip4_u32(&closed->local_ip, lwip_htonl(at.address));
        closed->local_port = at.port;
        pcb = tcp_listen(closed);
        if (pcb == NULL)
            tcp_abort(closed);
    }
    if (pcb == NULL)
        return SOCKET_ENOBUFS;
    socket->pcb = pcb;
    hold_listener(pcb, socket->binding);
    vipa_listen(&stack_of_image->vipa, at.address, at.port, true);
    tcp_arg(pcb, socket);
    tcp_accept(pcb, on_accepted);
    return SOCKET_OK;
}

int socket_send(struct socket *socket, const void *data, uint16_t length)
{
    if (tcp_write(socket->pcb, data, length, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return SOCKET_ENOBUFS;
    tcp_output(socket->pcb);
    return SOCKET_OK;
}

void socket_abort(struct socket *socket)
{
    if (socket->pcb != NULL) {
        pcb_detach(socket->pcb);
        if (socket->pcb->state == LISTEN)
            tcp_close(socket->pcb);     /* cannot fail */
        else
            tcp_abort(socket->pcb);
        if (callback_pcb == socket->pcb)
            callback_pcb = NULL;
    }
    socket_free(socket);
}

void socket_close(struct socket *socket)
{
    if (socket->pcb == NULL) {
        socket_free(socket);
        return;
    }
    pcb_detach(socket->pcb);
    if (tcp_close(socket->pcb) == ERR_OK) {
        socket_free(socket);
    } else {
        socket_abort(socket);   /* no memory for the FIN: an RST needs none */
    }
}

enum vipa_result socket_dvipa(uint32_t address, bool create)
{
    struct vipa *vipa = &stack_of_image->vipa;
    return create ? vipa_activate_range(vipa, address, REQUEST_IOCTL) : vipa_delete_range(vipa, address);
}

const struct socket_statistics *socket_statistics(void)
{
    return &statistics;
}

/* --- what lwIP asks ------------------------------------------------------------------------------------------------ */

uint32_t stack_hook_tcp_isn(const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote, uint16_t remote_port)
{
    return isn_generate(isn_secret, lwip_ntohl(ip_addr_get_ip4_u32(local)), local_port, lwip_ntohl(ip_addr_get_ip4_u32(remote)),
                        remote_port, platform_clock_us());
}

/* A packet from the network that may belong to another stack. A packet lies in one buffer: LCS frames are shorter than one.
 * What came over XCF has been routed; what this stack sends to its own address may be for another one that shares it. */
int stack_hook_ip4_input(struct pbuf *packet, struct netif *netif)
{
    if (net_came_over_xcf(netif) || packet->next != NULL || !vipa_route_inbound(&stack_of_image->vipa, packet->payload, packet->len))
        return 0;
    pbuf_free(packet);
    return 1;
}
