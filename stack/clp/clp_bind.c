/* bind(): figure 11. Whether the address can be used is asked of the caller's tables, whether the port can of the keeper. */
#include "stack/base/flow.h"
#include "stack/clp/clp_peer.h"
#include "stack/clp/clp_table.h"

/* 1105: is the port this stack's, in the pool, or given up by its owner when asked? *mark: it must be taken from the pool
 * when the bind succeeds. */
static bool port_available(struct clp *clp, struct clp_table *t, uint16_t port, bool *mark)
{
    *mark = false;
    if (t->use[port])
        return false;
    if (!port_in(t->eligible, port) || !t->store->available)
        return true;                        /* no other stack's business, or settled with each connection */
    if (port_in(t->owned, port))
        return true;
    *mark = true;
    return t->store->available(clp, t, port) || clp_ask_owner(clp, t, port);
}

/* 1120 - 1160: may the address be bound to? A DVIPA of a VIPARANGE becomes active by that. */
static bool address_usable(const struct clp_addresses *a, uint32_t address)
{
    FLOW(11, 1120);
    if (!a->is_dvipa(a->context, address)) {
        FLOW(11, 1125);
        return a->is_defined(a->context, address);
    }
    FLOW(11, 1135);
    if (!a->is_configured(a->context, address))
        return false;
    FLOW(11, 1145);
    if (a->is_active(a->context, address))
        return true;
    FLOW(11, 1150);
    if (!a->in_range(a->context, address))
        return false;
    FLOW(11, 1160);
    return a->activate(a->context, address);
}

/* 1130, 1155: with the port in use here, and out of the pool if marked (which clp_claim() does: the port may have become
 * another's since 1105). */
static int complete(struct clp *clp, const struct clp_addresses *a, uint32_t address, uint16_t port)
{
    if (a->is_dvipa(a->context, address))
        FLOW(11, 1155);
    else
        FLOW(11, 1130);
    int rc = port ? clp_claim(clp, address, port) : CLP_OK;
    if (rc != CLP_OK)
        FLOW(11, 1110);
    return rc;
}

static int bind_any(struct clp *clp, uint16_t port, uint16_t *bound)
{
    if (port) {
        *bound = port;
        return clp_claim(clp, 0, port);
    }
    if (clp->explicit_ports)
        return clp_claim_explicit(clp, bound);
    return clp_assign(clp, 0, 0, 0, 0, bound);
}

/* 1102: the table of an address with CLUSTERPORTS. That of a VIPARANGE may not have one yet: its ports are asked about before it
 * becomes active here, so that a bind that is rejected does not activate it. */
static struct clp_table *clustered_table(struct clp *clp, const struct clp_addresses *a, uint32_t address)
{
    struct clp_table *t = clp_find(clp, address);

    if (!t) {
        const struct profile_clusterports clusterports = a->clusterports(a->context, address);

        if (clusterports.on && clp_activate(clp, address, &clusterports, CLP_VIPARANGE) == CLP_OK)
            t = clp_find(clp, address);
    }
    return t && t->clusterports.on && t->ready ? t : NULL;
}

int clp_bind(struct clp *clp, const struct clp_addresses *a, uint32_t address, uint16_t port, uint16_t *bound)
{
    bool mark = false;

    if (address == 0)
        return bind_any(clp, port, bound);
    FLOW(11, 1100);
    if (port) {
        FLOW(11, 1102);
        struct clp_table *t = clustered_table(clp, a, address);
        if (t) {
            FLOW(11, 1105);
            if (!port_available(clp, t, port, &mark)) {
                FLOW(11, 1110);
                return clp_error(clp, CLP_EADDRINUSE, t->use[port] ? CLP_REASON_USED : CLP_REASON_OWNED);
            }
            if (mark)
                FLOW(11, 1115);
        }
    }
    if (!address_usable(a, address)) {
        FLOW(11, 1140);
        return clp_error(clp, CLP_EADDRNOTAVAIL, CLP_REASON_JRBINDADDRNACTIVE);
    }
    int rc = complete(clp, a, address, port);
    if (rc == CLP_OK)
        *bound = port;
    return rc;
}

void clp_unbind(struct clp *clp, uint32_t address, uint16_t bound)
{
    if (bound == 0)
        return;
    if (address == 0 && port_in(clp->explicit_eligible, bound))
        address = CLP_EXPLICIT;
    clp_release(clp, address, bound, 0, 0);
}
