#include "stack/socket/source.h"

#include <stddef.h>

#include "stack/platform/platform.h"

static bool in_range(void *context, uint32_t address)
{
    const struct stack *stack = context;
    return vipa_find_range(&stack->vipa, address) != NULL;
}

static bool is_dvipa(void *context, uint32_t address)
{
    const struct stack *stack = context;
    return vipa_find(&stack->vipa, address) != NULL || in_range(context, address);
}

static bool is_defined(void *context, uint32_t address)
{
    const struct profile *profile = ((const struct stack *)context)->profile;

    for (unsigned i = 0; i < profile->link_count; i++)
        if (profile->links[i].address == address)
            return true;
    return profile->dynamicxcf_address == address;
}

static bool is_configured(void *context, uint32_t address)
{
    const struct stack *stack = context;
    const struct vipa_dvipa *dvipa = vipa_find(&stack->vipa, address);

    if (dvipa != NULL && (vipa_has_part(&stack->vipa, dvipa) || vipa_is_target(&stack->vipa, dvipa)))
        return true;
    return in_range(context, address);
}

static bool is_active(void *context, uint32_t address)
{
    const struct stack *stack = context;
    const struct vipa_dvipa *dvipa = vipa_find(&stack->vipa, address);
    return dvipa != NULL && dvipa->active;
}

static bool is_distributed(void *context, uint32_t address)
{
    const struct stack *stack = context;
    const struct vipa_dvipa *dvipa = vipa_find(&stack->vipa, address);
    return dvipa != NULL && vipa_is_distributed(dvipa);
}

/* Who asks may fail still: then nothing uses the address. */
static bool activate(struct stack *stack, uint32_t address, enum vipa_request request)
{
    bool active = vipa_activate_range(&stack->vipa, address, request) == VIPA_OK;

    if (active)
        vipa_released(&stack->vipa, address);
    return active;
}

static bool activate_for_connect(void *context, uint32_t address)
{
    return activate(context, address, REQUEST_CONNECT);
}

static bool activate_for_bind(void *context, uint32_t address)
{
    return activate(context, address, REQUEST_BIND);
}

static struct profile_clusterports clusterports(void *context, uint32_t address)
{
    return profile_clusterports(((const struct stack *)context)->profile, address);
}

static uint32_t source_vipa(void *context, uint32_t destination)
{
    return profile_source_vipa(((const struct stack *)context)->profile, destination);
}

static uint32_t link_address(void *context, uint32_t destination)
{
    const struct profile_link *link = profile_route_link(((const struct stack *)context)->profile, destination);

    return link != NULL ? link->address : 0;
}

int source_select(struct stack *stack, const struct sip_request *request, struct sip_result *result)
{
    const struct sip_tables tables = {
        .context = stack,
        .is_dvipa = is_dvipa,
        .is_defined = is_defined,
        .is_configured = is_configured,
        .is_active = is_active,
        .is_distributed = is_distributed,
        .in_range = in_range,
        .activate = activate_for_connect,
        .source_vipa = source_vipa,
        .link_address = link_address,
    };
    int error = sip_select(&stack->sip, request, &tables, result);
    sip_warn(&stack->sip, result, platform_clock_us());
    return error;
}

int source_bind(struct stack *stack, uint32_t address, uint16_t port, uint16_t *bound, uint32_t *reason)
{
    const struct clp_addresses addresses = {
        .context = stack,
        .is_dvipa = is_dvipa,
        .is_defined = is_defined,
        .is_configured = is_configured,
        .is_active = is_active,
        .in_range = in_range,
        .activate = activate_for_bind,
        .clusterports = clusterports,
    };
    int error = clp_bind(&stack->clp, &addresses, address, port, bound);

    if (error != CLP_OK)
        *reason = stack->clp.reason;
    return error;
}

void source_unbind(struct stack *stack, uint32_t address, uint16_t bound)
{
    clp_unbind(&stack->clp, address, bound);
}
