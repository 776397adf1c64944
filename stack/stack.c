/* See stack.h: nothing here but who knows whom. */
#include "stack/stack.h"

#include "stack/base/text.h"

/* --- what vipa asks for -------------------------------------------------------------------------------------------- */

static void vipa_activate(void *context, uint32_t address, uint32_t mask, bool advertise)
{
    struct stack *s = context;

    s->ops->activate(s->context, address, mask, advertise);
}

static void vipa_deactivate(void *context, uint32_t address)
{
    struct stack *s = context;

    s->ops->deactivate(s->context, address);
}

static void vipa_deliver(void *context, const uint8_t *packet, uint32_t length)
{
    struct stack *s = context;

    s->ops->deliver(s->context, packet, length);
}

static void vipa_clusterports(void *context, uint32_t address, const struct profile_clusterports *clusterports,
                              bool from_range)
{
    struct stack *s = context;
    char text[16];

    if (clp_activate(&s->clp, address, clusterports, from_range ? CLP_VIPARANGE : CLP_DEFINED) != CLP_OK)
        text_wto("EZD1303I PORTS OF DVIPA %s CANNOT BE ASSIGNED CLUSTER-WIDE, REASON %04X", text_ip(text, address),
                 (unsigned)s->clp.reason);
}

static bool vipa_owned_ports(void *context, uint32_t address, const char *name, uint8_t map[PORTS_PER_DVIPA / 8])
{
    struct stack *s = context;

    return clp_owned_ports(&s->clp, address, name, map);
}

static const struct vipa_ops vipa_calls = {
    .activate = vipa_activate,
    .deactivate = vipa_deactivate,
    .deliver = vipa_deliver,
    .clusterports = vipa_clusterports,
    .owned_ports = vipa_owned_ports,
};

/* --- what clp asks for --------------------------------------------------------------------------------------------- */

static int clp_announce(void *context, uint32_t address, uint32_t first, uint32_t count, const uint8_t *owned)
{
    struct stack *s = context;
    int result = vipa_announce(&s->vipa, address, first, count, owned);

    return result == XCF_LOST ? 0 : result;     /* no sysplex: nobody routes, and nobody else has the port */
}

static void clp_scan(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument)
{
    struct stack *s = context;

    if (s->ops->scan)
        s->ops->scan(s->context, address, use, argument);
}

static const struct clp_ops clp_calls = { .announce = clp_announce, .scan = clp_scan };

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
    int result = xcf_start(&s->xcf, &s->xes, identity->cf, s->system, s->number);
    if (result == XCF_OK)
        result = clp_connect(&s->clp, &s->xes, identity->cf);
    if (result != XCF_OK)
        text_wto("EZZ8269I TCPIP %s IS NOT A MEMBER OF A SYSPLEX GROUP", s->system);
    vipa_start(&s->vipa);
    stack_poll(s);
    return result;
}

void stack_poll(struct stack *s)
{
    xes_repoll(&s->xes);
    xcf_poll(&s->xcf);
}

void stack_attention(struct stack *s)
{
    xes_attention(&s->xes);
}

void stack_stop(struct stack *s)
{
    xcf_stop(&s->xcf);
    if (s->clp.connection) {
        xes_disconnect(s->clp.connection, false);
        s->clp.connection = NULL;
    }
}
