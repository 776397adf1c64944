#include "stack/socket/socket.h"

#include <string.h>

#include "lwip/tcp.h"

#include "stack/image/lwip/hooks.h"
#include "stack/platform/platform.h"
#include "stack/socket/isn.h"
#include "stack/socket/source.h"
#include "stack/stack.h"

#define PORT_EXTENSION 0        /* the extension argument of a PCB that says which port it gives back */

struct socket {
    struct tcp_pcb *pcb;        /* NULL before socket_connect() */
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

/* The connection that a PCB is for, from before the PCB until lwIP has freed it. */
struct tuple {
    struct clp_tuple key;
    struct tuple *next;         /* free list */
};
static struct tuple tuples[MEMP_NUM_TCP_PCB];
static struct tuple *free_tuples;

void socket_start(struct stack *stack)
{
    STACK_ASSERT(stack_of_image == NULL);
    stack_of_image = stack;
    for (int i = SOCKET_MAX - 1; i >= 0; i--) {
        sockets[i].next = free_sockets;
        free_sockets = &sockets[i];
    }
    for (int i = MEMP_NUM_TCP_PCB - 1; i >= 0; i--) {
        tuples[i].next = free_tuples;
        free_tuples = &tuples[i];
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
    socket->pcb = NULL;
    socket->next = free_sockets;
    free_sockets = socket;
}

/* lwIP calls nothing of this socket any more. */
static void pcb_detach(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
}

/* --- the port of a PCB --------------------------------------------------------------------------------------------- */

/* lwIP has freed the PCB: at the end of TIME_WAIT, or at once after RST or a close by the peer. Its addresses are gone with
 * it; the extension argument kept them. */
static void on_pcb_destroyed(u8_t id, void *data)
{
    struct tuple *tuple = data;
    (void)id;
    clp_release(&stack_of_image->clp, tuple->key.source, tuple->key.port, tuple->key.destination, tuple->key.dport);
    tuple->next = free_tuples;
    free_tuples = tuple;
}

static const struct tcp_ext_arg_callbacks port_callbacks = {.destroy = on_pcb_destroyed};

/* There are as many tuples as PCBs. */
static void pcb_set_local(struct tcp_pcb *pcb, const struct clp_tuple *key)
{
    struct tuple *tuple = free_tuples;

    STACK_ASSERT(tuple != NULL);
    free_tuples = tuple->next;
    tuple->key = *key;
    /* Not tcp_bind(): it searches all PCBs for the port, and whose port this is has been settled. */
    ip_addr_set_ip4_u32(&pcb->local_ip, lwip_htonl(key->source));
    pcb->local_port = key->port;
    tcp_ext_arg_set_callbacks(pcb, PORT_EXTENSION, &port_callbacks);
    tcp_ext_arg_set(pcb, PORT_EXTENSION, tuple);
}

/* key->port is the result. */
static int assign_port(struct clp_tuple *key)
{
    uint64_t start_ns = platform_clock_ns();
    int error = clp_assign(&stack_of_image->clp, key->source, 0, key->destination, key->dport, &key->port);

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
    const struct sip_request request = {.job = socket->owner->job, .user = socket->owner->user, .destination = destination};
    int error = source_select(stack_of_image, &request, &result);

    *source = result.address;
    *reason = result.reason;
    return error;
}

int socket_connect(struct socket *socket, struct socket_address to, uint32_t *reason)
{
    uint32_t ignored;
    struct clp_tuple key = {.destination = to.address, .dport = to.port};
    ip_addr_t destination = IPADDR4_INIT(lwip_htonl(to.address));

    STACK_ASSERT(socket->pcb == NULL);
    if (reason == NULL)
        reason = &ignored;
    statistics.connects++;
    int error = select_source(socket, to.address, &key.source, reason);
    if (error == SOCKET_OK && (error = assign_port(&key)) != SOCKET_OK)
        *reason = stack_of_image->clp.reason;
    if (error != SOCKET_OK) {
        statistics.refused++;
        return error;
    }
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL) {
        clp_release(&stack_of_image->clp, key.source, key.port, key.destination, key.dport);
        return SOCKET_ENOBUFS;
    }
    pcb_set_local(pcb, &key);
    socket->pcb = pcb;
    tcp_arg(pcb, socket);
    tcp_recv(pcb, on_received);
    tcp_err(pcb, on_error);
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
    if (socket->pcb == NULL)
        return (struct socket_address){0, 0};
    return (struct socket_address){lwip_ntohl(ip_addr_get_ip4_u32(&socket->pcb->local_ip)), socket->pcb->local_port};
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

/* A packet from the network that may belong to another stack. A packet lies in one buffer: LCS frames are shorter than one. */
int stack_hook_ip4_input(struct pbuf *packet, struct netif *netif)
{
    (void)netif;
    if (packet->next != NULL || !vipa_route_inbound(&stack_of_image->vipa, packet->payload, packet->len))
        return 0;
    pbuf_free(packet);
    return 1;
}
