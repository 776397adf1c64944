/* The operator's commands for DVIPAs:
 *
 *   V TCPIP,,SYSPLEX,DEACTIVATE,DVIPA=ipaddr      the address goes to a backup, and this stack's part in it rests
 *   V TCPIP,,SYSPLEX,REACTIVATE,DVIPA=ipaddr      and works again
 *   V TCPIP,,SYSPLEX,QUIESCE,{TARGET|PORT=port}   this stack, or its servers at a port, get no new connections
 *   V TCPIP,,SYSPLEX,RESUME,{TARGET|PORT=port}
 *   V TCPIP,,SYSPLEX,LEAVEGROUP                   this stack has no DVIPAs and is no target
 *   V TCPIP,,SYSPLEX,JOINGROUP
 *   D TCPIP,,SYSPLEX,{VIPADYN[,IPADDR=ipaddr][,MAX=number|*]|GROUP}
 *   D TCPIP,,NETSTAT,{VIPADYN|VDPT[,DETAIL]|VCRT[,DETAIL][,MAX=number|*]} */
#ifndef OPERATOR_VIPA_H
#define OPERATOR_VIPA_H

#include "stack/operator/operator.h"
#include "stack/vipa/vipa.h"

/* *vipa is kept. */
void operator_vipa_register(struct operator *operator, struct vipa *vipa);

#endif
