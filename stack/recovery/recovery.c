#include "stack/recovery/recovery.h"

#include "stack/base/flow.h"
#include "stack/base/text.h"

struct recovery recovery_of_ports(struct clp *clp, const char *system, uint8_t number)
{
    struct recovery r = { 0 };

    FLOW(12, 1200);
    for (unsigned i = 0; i < CLP_TABLES; i++) {
        struct clp_table *t = &clp->tables[i];

        if (!t->ready || !t->clusterports.on)
            continue;
        r.dvipas++;
        if (t->store->recover(clp, t, system, number, &r.ports) != CLP_OK)     /* 1205 - 1215 */
            r.failed++;
    }
    return r;
}

void recovery_tell(const struct recovery *r, const char *system)
{
    if (r->ports)
        text_wto("EZD1304I %u PORTS OF SYSTEM %s ARE AVAILABLE AGAIN", r->ports, system);
    if (r->failed)
        text_wto("EZD1305I PORTS OF SYSTEM %s COULD NOT BE RECOVERED FOR %u OF %u DVIPAS", system, r->failed, r->dvipas);
}
