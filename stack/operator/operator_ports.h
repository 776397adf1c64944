/* The operator's questions about ports:
 *
 *   D TCPIP,,SYSPLEX,PORTS                                        per DVIPA: this stack's ports, the cluster's pool, each stack's
 *   D TCPIP,,SYSPLEX,PORTS,DVIPA=ipaddr,PORT=port[,TIME=time]     who had it: this stack or not, which job, connected to what
 *   D TCPIP,,SYSPLEX,PORTS,LOG[,DVIPA=ipaddr][,MAX=records]       both logs, for the hardcopy
 *
 * time: hh.mm.ss[.th] of today, or yyyy/mm/dd-hh.mm.ss[.th] (UTC); without it all that is known. Each stack answers for itself.
 * Layouts are modelled on the product's displays of DVIPAs. */
#ifndef OPERATOR_PORTS_H
#define OPERATOR_PORTS_H

#include "stack/clp/clp.h"
#include "stack/operator/operator.h"
#include "stack/socket/port_log.h"

struct operator_ports {
    struct clp *clp;
    const struct port_log *log;
    /* Drive use() for each use that goes on. */
    void (*present)(port_use_fn *use, void *argument);
};

/* *ports is kept. */
void operator_ports_register(struct operator *operator, struct operator_ports *ports);

#endif
