#include "stack/recovery/recovery.h"

#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/platform/platform.h"

void recovery_of_dvipa(struct clp *clp, struct clp_table *t, const char *system, uint8_t number, struct recovery *r)
{
    uint64_t began = platform_clock_us();

    if (!t->ready || !t->clusterports.on)
        return;
    FLOW(12, 1200);
    r->dvipas++;
    if (t->store->recover(clp, t, system, number, &r->ports) != CLP_OK)     /* 1205 - 1215 */
        r->failed++;
    r->us += platform_clock_us() - began;
}

struct recovery recovery_of_ports(struct clp *clp, const char *system, uint8_t number)
{
    struct recovery r = { 0 };

    for (unsigned i = 0; i < CLP_TABLES; i++)
        recovery_of_dvipa(clp, &clp->tables[i], system, number, &r);
    return r;
}

void recovery_tell(const struct recovery *r, const char *system)
{
    if (r->ports)
        text_wto("EZD1304I %u PORTS OF SYSTEM %s ARE AVAILABLE AGAIN, RECOVERED IN %llu MICROSECONDS", r->ports, system,
                 (unsigned long long)r->us);
    if (r->failed)
        text_wto("EZD1305I PORTS OF SYSTEM %s COULD NOT BE RECOVERED FOR %u OF %u DVIPAS", system, r->failed, r->dvipas);
}
