#include "stack/socket/hold.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include "stack/base/text.h"
#include "stack/platform/platform.h"
#include "stack/socket/source.h"
#include "stack/stack.h"

#define HOLD_EXTENSION 0        /* the extension argument of a PCB */

struct binding {
    struct socket_owner owner;
    struct socket_address at;
    uint64_t since_us;
    bool from_pool;
    uint32_t users;             /* the socket, and connections that were accepted or opened at it; 0: free */
    struct binding *next;       /* free list */
};

struct hold {
    struct socket_owner owner;
    struct socket_address from, to;
    uint64_t since_us;
    struct binding *binding;    /* accepted; NULL: the port is the connection's own */
    struct binding *bound;      /* opened by a bound socket: whose port it is */
    struct hold *next;          /* free list */
};

static struct stack *stack_of_image;
static struct binding bindings[SOCKET_MAX], *free_bindings;
static struct hold holds[MEMP_NUM_TCP_PCB], *free_holds;
static struct port_log port_log;

void hold_start(struct stack *stack)
{
    stack_of_image = stack;
    for (int i = SOCKET_MAX - 1; i >= 0; i--) {
        bindings[i].next = free_bindings;
        free_bindings = &bindings[i];
    }
    for (int i = MEMP_NUM_TCP_PCB - 1; i >= 0; i--) {
        holds[i].next = free_holds;
        free_holds = &holds[i];
    }
}

/* --- uses of ports ------------------------------------------------------------------------------------------------- */

static struct port_use use_of(const struct socket_owner *owner, uint64_t since_us, struct socket_address from,
                              struct socket_address to)
{
    struct port_use use = port_use_begin(owner->job, since_us);

    use.address = from.address;
    use.port = from.port;
    use.destination = to.address;
    use.dport = to.port;
    return use;
}

/* What came to a binding is a use of the binding. */
static struct port_use use_of_binding(const struct binding *binding)
{
    return use_of(&binding->owner, binding->since_us, binding->at, (struct socket_address){0, 0});
}

static struct port_use use_of_hold(const struct hold *hold)
{
    return use_of(&hold->owner, hold->since_us, hold->from, hold->to);
}

/* --- bindings ------------------------------------------------------------------------------------------------------ */

int binding_new(const struct socket_owner *owner, struct socket_address at, struct binding **binding, uint32_t *reason)
{
    struct binding *b = free_bindings;
    bool any = at.address == 0 && at.port == 0;

    if (b == NULL)
        return SOCKET_ENOBUFS;
    int error = source_bind(stack_of_image, at.address, at.port, &at.port, reason);
    if (error != SOCKET_OK)
        return error;
    free_bindings = b->next;
    *b = (struct binding){.owner = *owner, .at = at, .since_us = platform_clock_us(), .from_pool = any && stack_of_image->profile->explicit_count > 0, .users = 1};
    *binding = b;
    return SOCKET_OK;
}

void binding_drop(struct binding *binding)
{
    if (--binding->users > 0)
        return;
    source_unbind(stack_of_image, binding->at.address, binding->at.port);
    vipa_released(&stack_of_image->vipa, binding->at.address);
    if (binding->at.port != 0) {
        struct port_use use = use_of_binding(binding);
        port_log_write(&port_log, &use, platform_clock_us());
    }
    binding->next = free_bindings;
    free_bindings = binding;
}

struct socket_address binding_address(const struct binding *binding)
{
    return binding->at;
}

bool binding_from_pool(const struct binding *binding)
{
    return binding->from_pool;
}

/* --- protocol control blocks --------------------------------------------------------------------------------------- */

/* The owner of the DVIPA that a connection came in to must know where it is. */
static void tell_accepted(const struct hold *hold, bool begins)
{
    const struct vipa_tuple tuple = {.peer = hold->to.address, .port = hold->from.port, .peer_port = hold->to.port};

    vipa_connection(&stack_of_image->vipa, hold->from.address, &tuple, begins);
}

static void on_pcb_destroyed(u8_t id, void *data)
{
    struct hold *hold = data;
    (void)id;

    if (hold->binding != NULL) {
        tell_accepted(hold, false);
        binding_drop(hold->binding);
    } else {
        struct port_use use = use_of_hold(hold);
        port_log_write(&port_log, &use, platform_clock_us());
        clp_release(&stack_of_image->clp, hold->from.address, hold->from.port, hold->to.address, hold->to.port);
        if (hold->bound != NULL)
            binding_drop(hold->bound);
    }
    vipa_released(&stack_of_image->vipa, hold->from.address);
    hold->next = free_holds;
    free_holds = hold;
}

static const struct tcp_ext_arg_callbacks connection_callbacks = {.destroy = on_pcb_destroyed};

static struct hold *hold_new(struct tcp_pcb *pcb, const struct socket_owner *owner)
{
    struct hold *hold = free_holds;

    if (hold == NULL)
        return NULL;
    free_holds = hold->next;
    *hold = (struct hold){.owner = *owner};
    tcp_ext_arg_set_callbacks(pcb, HOLD_EXTENSION, &connection_callbacks);
    tcp_ext_arg_set(pcb, HOLD_EXTENSION, hold);
    return hold;
}

bool hold_connection(struct tcp_pcb *pcb, const struct socket_owner *owner, struct binding *bound, struct socket_address from,
                     struct socket_address to)
{
    struct hold *hold = hold_new(pcb, owner);

    if (hold == NULL)
        return false;
    /* Not tcp_bind(): it searches all PCBs for the port, and whose port this is has been settled. */
    ip_addr_set_ip4_u32(&pcb->local_ip, lwip_htonl(from.address));
    pcb->local_port = from.port;
    hold->from = from;
    hold->to = to;
    hold->since_us = platform_clock_us();
    hold->bound = bound;
    if (bound != NULL)
        bound->users++;
    return true;
}

static struct socket_address address_of(const ip_addr_t *address, uint16_t port)
{
    return (struct socket_address){lwip_ntohl(ip_addr_get_ip4_u32(address)), port};
}

/* A SYN has come: the new block is not to outlive the port. */
static err_t on_passive_open(u8_t id, struct tcp_pcb_listen *listener, struct tcp_pcb *pcb)
{
    struct binding *binding = tcp_ext_arg_get((struct tcp_pcb *)listener, id);
    struct hold *hold = hold_new(pcb, &binding->owner);

    if (hold == NULL)
        return ERR_MEM;
    hold->from = address_of(&pcb->local_ip, pcb->local_port);
    hold->to = address_of(&pcb->remote_ip, pcb->remote_port);
    hold->binding = binding;
    binding->users++;
    tell_accepted(hold, true);
    return ERR_OK;
}

static const struct tcp_ext_arg_callbacks listener_callbacks = {.passive_open = on_passive_open};

void hold_listener(struct tcp_pcb *pcb, struct binding *binding)
{
    tcp_ext_arg_set_callbacks(pcb, HOLD_EXTENSION, &listener_callbacks);
    tcp_ext_arg_set(pcb, HOLD_EXTENSION, binding);
}

/* --- what there is ------------------------------------------------------------------------------------------------- */

void socket_scan(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument)
{
    struct tcp_pcb *lists[] = {tcp_active_pcbs, tcp_tw_pcbs};
    (void)context;

    for (unsigned i = 0; i < 2; i++)
        for (struct tcp_pcb *pcb = lists[i]; pcb != NULL; pcb = pcb->next) {
            const struct hold *hold = tcp_ext_arg_get(pcb, HOLD_EXTENSION);
            if (hold != NULL && hold->binding == NULL && hold->from.address == address)
                use(argument, hold->from.port);
        }
    for (unsigned i = 0; address != 0 && i < SOCKET_MAX; i++)
        if (bindings[i].users > 0 && bindings[i].at.address == address && bindings[i].at.port != 0)
            use(argument, bindings[i].at.port);
}

void socket_connections(void *context, uint32_t address, vipa_connection_fn *use, void *argument)
{
    struct tcp_pcb *lists[] = {tcp_active_pcbs, tcp_tw_pcbs};
    (void)context;

    for (unsigned i = 0; i < 2; i++)
        for (struct tcp_pcb *pcb = lists[i]; pcb != NULL; pcb = pcb->next) {
            const struct hold *hold = tcp_ext_arg_get(pcb, HOLD_EXTENSION);
            if (hold == NULL || hold->from.address != address)
                continue;
            const struct vipa_tuple tuple = {.peer = hold->to.address, .port = hold->from.port, .peer_port = hold->to.port};
            use(argument, &tuple, hold->binding != NULL);
        }
}

bool socket_in_use(void *context, uint32_t address)
{
    struct tcp_pcb *lists[] = {tcp_active_pcbs, tcp_tw_pcbs};
    (void)context;

    for (unsigned i = 0; i < SOCKET_MAX; i++)
        if (bindings[i].users > 0 && bindings[i].at.address == address)
            return true;
    for (unsigned i = 0; i < 2; i++)
        for (struct tcp_pcb *pcb = lists[i]; pcb != NULL; pcb = pcb->next) {
            const struct hold *hold = tcp_ext_arg_get(pcb, HOLD_EXTENSION);
            if (hold != NULL && hold->from.address == address)
                return true;
        }
    return false;
}

const struct port_log *socket_port_log(void)
{
    return &port_log;
}

void socket_present_uses(port_use_fn *use, void *argument)
{
    struct tcp_pcb *lists[] = {tcp_active_pcbs, tcp_tw_pcbs};

    for (unsigned i = 0; i < SOCKET_MAX; i++)
        if (bindings[i].users > 0 && bindings[i].at.port != 0) {
            struct port_use u = use_of_binding(&bindings[i]);
            use(argument, &u);
        }
    for (unsigned i = 0; i < 2; i++)
        for (struct tcp_pcb *pcb = lists[i]; pcb != NULL; pcb = pcb->next) {
            const struct hold *hold = tcp_ext_arg_get(pcb, HOLD_EXTENSION);
            if (hold == NULL || hold->binding != NULL)
                continue;
            struct port_use u = use_of_hold(hold);
            use(argument, &u);
        }
}

static void put_end(char *text, size_t size, const ip_addr_t *address, uint16_t port)
{
    char dotted[16];

    text_format(text, size, "%s..%u", text_ip(dotted, lwip_ntohl(ip_addr_get_ip4_u32(address))), port);
}

static void put_pcb(const struct tcp_pcb *pcb, const char *job, socket_line_fn *line, void *context)
{
    char text[WTO_MAX + 1], local[24], remote[24] = "0.0.0.0..0";
    static const char *const states[] = {"CLOSED",   "LISTEN",   "SYNSENT", "SYNRECEIVED", "ESTABLSH", "FINWAIT1",
                                         "FINWAIT2", "CLOSWAIT", "CLOSING", "LASTACK",     "TIMEWAIT"};

    put_end(local, sizeof local, &pcb->local_ip, pcb->local_port);
    if (pcb->state != LISTEN)
        put_end(remote, sizeof remote, &pcb->remote_ip, pcb->remote_port);
    text_format(text, sizeof text, "%-8s %-21s %-21s %s", job, local, remote, states[pcb->state]);
    line(context, text);
}

static const char *owner_of(struct tcp_pcb *pcb)
{
    if (pcb->state == LISTEN) {
        const struct binding *binding = tcp_ext_arg_get(pcb, HOLD_EXTENSION);
        return binding != NULL ? binding->owner.job : "";
    }
    const struct hold *hold = tcp_ext_arg_get(pcb, HOLD_EXTENSION);
    return hold != NULL ? hold->owner.job : "";
}

void socket_display(uint16_t port, unsigned max, socket_line_fn *line, void *context)
{
    struct tcp_pcb *lists[] = {tcp_listen_pcbs.pcbs, tcp_active_pcbs, tcp_tw_pcbs};
    char text[WTO_MAX + 1];
    unsigned all = 0;

    line(context, "EZD0101I NETSTAT CS V2R5 TCPIP");
    line(context, "USER ID  LOCAL SOCKET          FOREIGN SOCKET        STATE");
    for (unsigned i = 0; i < 3; i++)
        for (struct tcp_pcb *pcb = lists[i]; pcb != NULL; pcb = pcb->next)
            if ((port == 0 || pcb->local_port == port) && all++ < max)
                put_pcb(pcb, owner_of(pcb), line, context);
    text_format(text, sizeof text, "%u OF %u RECORDS DISPLAYED", all < max ? all : max, all);
    line(context, text);
    line(context, "END OF THE REPORT");
}
