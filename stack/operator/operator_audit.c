#include "stack/operator/operator_audit.h"

#include "stack/base/text.h"

static void show(const struct clp_table *t, int error, const struct clp_audit *a)
{
    char ip[16];
    if (error != CLP_OK)
        text_wto("%-15s NOT AVAILABLE: NO BIT MAPS IN A COUPLING FACILITY", text_ip(ip, t->address));
    else
        text_wto("%-15s %5u %5u %6u %11u %7u %6u %8u", text_ip(ip, t->address), a->pool, a->owned, a->shared, a->differences, a->doubles,
                 a->leaked, a->repaired);
}

static void audit(struct clp *clp, const struct operator_parameters *parameters, int (*examine)(struct clp *clp, uint32_t dvipa, struct clp_audit *audit))
{
    unsigned records = 0;
    if (!operator_none(parameters))
        return;
    text_wto("EZZ8260I SYSPLEX CS V2R5");
    text_wto("AUDIT OF PORTS FROM TCPIP AT %s", clp->system);
    text_wto("IPADDR          POOL  OWNED SHARED DIFFERENCES DOUBLES LEAKED REPAIRED");
    for (unsigned i = 0; i < clp->count; i++) {
        const struct clp_table *t = &clp->tables[i];
        struct clp_audit a = { 0 };
        if (!t->clusterports.on)
            continue;
        show(t, examine(clp, t->address, &a), &a);
        records++;
    }
    text_wto("%u OF %u RECORDS DISPLAYED", records, records);
}

static void display(void *context, const struct operator_parameters *parameters)
{
    audit(context, parameters, clp_check);
}

static void repair(void *context, const struct operator_parameters *parameters)
{
    audit(context, parameters, clp_repair);
}

void operator_audit_register(struct operator *o, struct clp *clp)
{
    operator_register(o, "D TCPIP,,SYSplex,AUDIT", display, clp, "  compare the tables of ports with the coupling facility");
    operator_register(o, "V TCPIP,,SYSplex,AUDIT", repair, clp, "  the same, and put in order what differs");
}
