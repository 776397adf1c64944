/* The structures with ports in another coupling facility, because their own is lost, or an operator wants it so (IXLREBLD,
 * stack/xes/xes_rebuild.h).
 *
 * Connections go on all the time with the ports that their stacks own; only who needs another port waits. Each stack writes
 * what it owns into the new structure from its own tables, the old one is not read. The pool is what nobody has written;
 * it can be taken from only when all stacks that live have contributed, because until then the rebuild is not over and
 * every request for a port waits. So nothing is given out twice, and what a dead stack had comes back. */
#include <string.h>

#include "stack/base/text.h"
#include "stack/clp/clp_private.h"

/* The connection to the structure of a keeper that has one. */
static struct xes_connection **connection_of(struct clp *clp, const struct clp_table *t)
{
    return t->store == &clp_lists_store ? &clp->lists : t->store == &clp_crht_store ? &clp->crht : &clp->connection;
}

/* Has this structure the ports of the table? */
static bool keeps(const struct clp_structure *s, const struct clp_table *t)
{
    return t->ready && t->clusterports.on && t->store->contribute && connection_of(s->clp, t) == s->connection;
}

bool clp_again(struct clp *clp, const struct clp_table *t)
{
    struct xes_connection *c = *connection_of(clp, t);

    return clp->reason == CLP_REASON_CF && t->store->contribute && c && c->lost && xes_rebuild_wait(c);
}

/* The keepers write over the connection that they always use: it leads to the new structure for as long as this takes. The
 * request that waits meanwhile may be one that writes from the work areas. */
static int each_table(struct clp_structure *s, struct xes_connection *new, bool complete)
{
    struct xes_connection *old = *s->connection;
    struct clp *clp = s->clp;
    enum clp_reason reason = clp->reason;
    int rc = CLP_OK;

    memcpy(clp->pool_aside, clp->pool, sizeof clp->pool);
    memcpy(clp->own_aside, clp->own, sizeof clp->own);
    *s->connection = new;
    for (unsigned i = 0; i < CLP_TABLES && rc == CLP_OK; i++) {
        struct clp_table *t = &clp->tables[i];

        if (keeps(s, t) && (!complete || t->store->complete))
            rc = complete ? t->store->complete(clp, t) : t->store->contribute(clp, t);
    }
    *s->connection = old;
    memcpy(clp->pool, clp->pool_aside, sizeof clp->pool);
    memcpy(clp->own, clp->own_aside, sizeof clp->own);
    rc = rc == CLP_OK ? 0 : (int)clp->reason;
    clp->reason = reason;                /* the one that waits for a port has an error of its own, or none */
    return rc;
}

static int contribute(void *context, struct xes_connection *new)
{
    return each_table(context, new, false);
}

static int complete(void *context, struct xes_connection *new)
{
    return each_table(context, new, true);
}

int clp_structure_connect(struct clp *clp, struct xes_connection **connection, struct xes_connect_parms *parms,
                          uint32_t *reason)
{
    struct clp_structure *s = clp->structures;

    while (s->connection && s->connection != connection)
        s++;

    s->clp = clp;
    s->connection = connection;
    text_format(s->connection_name, sizeof s->connection_name, "EZBTCPCS%s", clp->system);
    parms->connection = s->connection_name;
    s->rebuild.contribute = contribute;
    s->rebuild.complete = complete;
    s->rebuild.context = s;
    return xes_rebuild_join(clp->xes, &s->rebuild, parms, connection, reason);
}
