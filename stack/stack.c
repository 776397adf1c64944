/* See stack.h: nothing here but who knows whom. */
#include "stack/stack.h"

#include "stack/base/text.h"
#include "stack/recovery/recovery.h"

#define RECOVERY_CHECK_US 1000000u      /* so long after a failure each stack looks whether anything is left */

/* --- what vipa asks for -------------------------------------------------------------------------------------------- */

static void vipa_activate(void *context, uint32_t address, uint32_t mask, bool advertise)
{
    struct stack *s = context;

    s->ops->activate(s->context, address, mask, advertise);
}

static void vipa_deactivate_address(void *context, uint32_t address)
{
    struct stack *s = context;

    s->ops->deactivate(s->context, address);
}

static void vipa_deliver(void *context, const uint8_t *packet, uint32_t length)
{
    struct stack *s = context;

    s->ops->deliver(s->context, packet, length);
}

static void vipa_clusterports(void *context, uint32_t address, const struct profile_clusterports *clusterports, bool from_range,
                              bool live)
{
    struct stack *s = context;
    const struct vipa_dvipa *d = vipa_find(&s->vipa, address);
    unsigned origin = (from_range ? CLP_VIPARANGE : 0u) | (live ? CLP_VARY_OBEY : 0u) |
                      (d && vipa_is_distributed(d) && d->owner == s->number ? CLP_DISTRIBUTED : 0u);
    char text[16];

    if (clp_activate(&s->clp, address, clusterports, origin) != CLP_OK)
        text_wto("EZD1303I PORTS OF DVIPA %s CANNOT BE ASSIGNED CLUSTER-WIDE, REASON %04X", text_ip(text, address),
                 (unsigned)s->clp.reason);
}

static bool vipa_owned_ports(void *context, uint32_t address, const char *name, uint8_t map[PORTS_PER_DVIPA / 8])
{
    struct stack *s = context;

    return clp_owned_ports(&s->clp, address, name, map);
}

static uint8_t vipa_connection_owner(void *context, uint32_t address, uint16_t port, uint32_t peer, uint16_t peer_port)
{
    struct stack *s = context;
    const struct clp_tuple tuple = { .source = address, .destination = peer, .port = port, .dport = peer_port };

    return clp_tuple_owner(&s->clp, &tuple);
}

static void vipa_connections(void *context, uint32_t address, vipa_connection_fn *use, void *argument)
{
    struct stack *s = context;

    if (s->ops->connections)
        s->ops->connections(s->context, address, use, argument);
}

static bool vipa_in_use(void *context, uint32_t address)
{
    const struct stack *s = context;

    return !s->ops->in_use || s->ops->in_use(s->context, address);
}

static void vipa_ports_message(void *context, uint8_t from, const uint8_t *data, uint32_t length)
{
    struct stack *s = context;

    clp_receive(&s->clp, from, data, length);
}

static void vipa_system_event(void *context, uint8_t number, bool joined)
{
    struct stack *s = context;

    if (joined) {
        clp_joined(&s->clp, number);
        return;
    }
    clp_gone(&s->clp, number);
    if (s->ops->gone)
        s->ops->gone(s->context, s->xcf.members[number].name, number);
}

static const struct vipa_ops vipa_calls = {
    .activate = vipa_activate,
    .deactivate = vipa_deactivate_address,
    .deliver = vipa_deliver,
    .clusterports = vipa_clusterports,
    .owned_ports = vipa_owned_ports,
    .connection_owner = vipa_connection_owner,
    .connections = vipa_connections,
    .in_use = vipa_in_use,
    .ports_message = vipa_ports_message,
    .system_event = vipa_system_event,
};

/* --- what clp asks for --------------------------------------------------------------------------------------------- */

static int clp_announce(void *context, uint32_t address, const struct clp_grant *g)
{
    struct stack *s = context;
    struct vipa_ports ports[CLP_GRANT_WORDS];

    for (uint32_t i = 0; i < g->count; i++)
        ports[i] = (struct vipa_ports){ .word = g->words[i].word, .ports = g->words[i].ports };
    int result = vipa_announce(&s->vipa, address, ports, g->count);
    return result == XCF_LOST ? 0 : result;     /* no sysplex: nobody routes, and nobody else has the port */
}

_Static_assert(CLP_GRANT_WORDS <= VIPA_ANNOUNCE_MAX, "what comes in one trip goes into one announcement");

static void clp_scan(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument)
{
    struct stack *s = context;

    if (s->ops->scan)
        s->ops->scan(s->context, address, use, argument);
}

/* The connections of the target stacks, as far as this stack routes them: by the ports that they have announced. */
static void clp_scan_targets(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument)
{
    struct stack *s = context;
    const struct vipa_dvipa *d = vipa_find(&s->vipa, address);

    for (uint32_t port = 0; d && port < PORTS_PER_DVIPA; port++)
        if (d->port_owner[port] && d->port_owner[port] != s->number)
            use(argument, (uint16_t)port);
}

static int clp_send_message(void *context, uint8_t to, const uint8_t *message, uint32_t length)
{
    struct stack *s = context;

    return vipa_send_ports_message(&s->vipa, to, message, length);
}

static void clp_listen(void *context, uint32_t us)
{
    struct stack *s = context;

    xcf_listen(&s->xcf, us);
}

static bool clp_delivering(void *context)
{
    const struct stack *s = context;

    return s->xcf.polling;
}

static uint64_t clp_members(void *context)
{
    struct stack *s = context;

    return xcf_others(&s->xcf);
}

static bool clp_is_in_sysplex(void *context)
{
    const struct stack *s = context;

    return s->xcf.connection && !s->xcf.connection->lost;
}

static uint8_t clp_distributor(void *context, uint32_t address, uint64_t *since)
{
    struct stack *s = context;
    const struct vipa_dvipa *d = vipa_find(&s->vipa, address);

    *since = d ? d->generation : 0;
    return d && vipa_is_distributed(d) ? d->owner : 0;
}

/* When it is recovered, its next life is not known yet, or just about to be. */
static uint64_t clp_life_of(void *context, uint8_t number)
{
    struct stack *s = context;

    const struct xcf_member *m = &s->xcf.members[number];

    return m->active && number != s->number ? m->joined_us - 1 : m->joined_us;
}

static const char *clp_known(void *context, uint8_t number)
{
    struct stack *s = context;
    const struct xcf_member *m = &s->xcf.members[number];

    return m->joined_us ? m->name : NULL;
}

static void clp_recovered(void *context, const char *system, uint32_t ports, uint64_t us)
{
    (void)context;
    recovery_tell(&(struct recovery){ .dvipas = 1, .ports = ports, .us = us }, system);
}

static const struct clp_ops clp_calls = {
    .announce = clp_announce, .scan = clp_scan, .scan_targets = clp_scan_targets, .send = clp_send_message,
    .listen = clp_listen, .delivering = clp_delivering, .members = clp_members, .in_sysplex = clp_is_in_sysplex, .distributor = clp_distributor, .life = clp_life_of,
    .known = clp_known, .recovered = clp_recovered,
};

/* --- life ---------------------------------------------------------------------------------------------------------- */

int stack_start(struct stack *s, const struct stack_identity *identity, const struct profile *profile,
                const struct stack_ops *ops, void *context)
{
    text_format(s->system, sizeof s->system, "%s", identity->system);
    s->number = identity->number;
    s->profile = profile;
    s->ops = ops;
    s->context = context;
    sip_configure(&s->sip, profile);
    clp_init(&s->clp, profile, s->system, s->number, &clp_calls, s);
    vipa_init(&s->vipa, &s->xcf, s->number, profile, &vipa_calls, s);
    s->xcf.interval_s = identity->interval_s;
    s->xcf.cleanup_s = identity->cleanup_s;
    s->xcf.out = ops->out;
    s->xcf.out_context = context;
    int result = xcf_start(&s->xcf, &s->xes, identity->cf, s->system, s->number);
    if (result == XCF_OK)
        result = clp_connect(&s->clp, &s->xes, identity->cf);
    if (result != XCF_OK)
        text_wto("EZZ8269I TCPIP %s IS NOT A MEMBER OF A SYSPLEX GROUP", s->system);
    vipa_start(&s->vipa);
    clp_joined(&s->clp, XCF_ALL);
    (void)stack_poll(s);
    return result;
}

/* What systems that are gone may have left still. */
static void recover_absent(struct stack *s)
{
    s->recovery_us = UINT64_MAX;
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        const struct xcf_member *m = &s->xcf.members[n];

        if (n == s->number || m->joined_us == 0)
            continue;                       /* who is back may not know of an address that its earlier life had ports of */
        struct recovery r = recovery_of_ports(&s->clp, m->name, n);
        if (r.ports)
            recovery_tell(&r, m->name);
    }
}

uint64_t stack_poll(struct stack *s)
{
    xes_repoll(&s->xes);
    xcf_poll(&s->xcf);
    if (platform_clock_us() >= s->recovery_us)
        recover_absent(s);
    clp_poll(&s->clp);
    const uint64_t due_us[] = { vipa_poll(&s->vipa), clp_show_due(&s->clp), xcf_due_us(&s->xcf), s->recovery_us };
    uint64_t first_us = UINT64_MAX;
    for (unsigned i = 0; i < sizeof due_us / sizeof due_us[0]; i++)
        if (due_us[i] < first_us)
            first_us = due_us[i];
    return first_us;
}

void stack_attention(struct stack *s)
{
    xes_attention(&s->xes);
}

void stack_change(struct stack *s, const struct profile_change *change)
{
    switch (change->kind) {
    case CHANGE_SOURCES:
        sip_configure(&s->sip, s->profile);
        break;
    case CHANGE_PORTS:
    case CHANGE_EXPLICITBIND:
    case CHANGE_TIMEWAIT:
        clp_configure(&s->clp, s->profile);
        break;
    default:
        vipa_change(&s->vipa, change);
        break;
    }
}

void stack_changed(struct stack *s)
{
    vipa_changed(&s->vipa);
}

/* Its distributing stack, or the backup that takes over from that; else the one with the lowest number. */
static bool recovers_first(struct stack *s, uint32_t address)
{
    uint64_t others = xcf_others(&s->xcf);
    const struct vipa_dvipa *d = vipa_find(&s->vipa, address);
    uint8_t distributor = d ? vipa_distributor(d) : 0;

    if (distributor && (distributor == s->number || others >> distributor & 1))
        return distributor == s->number;
    return (others & ((1ull << s->number) - 1)) == 0;
}

void stack_recover(struct stack *s, const char *system, uint8_t number)
{
    uint64_t check_us = platform_clock_us() + RECOVERY_CHECK_US;
    struct recovery r = { 0 };

    for (unsigned i = 0; i < CLP_TABLES; i++)
        if (recovers_first(s, s->clp.tables[i].address))
            recovery_of_dvipa(&s->clp, &s->clp.tables[i], system, number, &r);
    recovery_tell(&r, system);
    if (check_us < s->recovery_us)
        s->recovery_us = check_us;
}

void stack_stop(struct stack *s)
{
    xcf_stop(&s->xcf);
    if (s->clp.connection) {
        xes_disconnect(s->clp.connection, false);
        s->clp.connection = NULL;
    }
}
