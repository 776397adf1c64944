#include "stack/recovery/recovery.h"

#include "stack/base/flow.h"

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
