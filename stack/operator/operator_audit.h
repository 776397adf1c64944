/* Operator commands that compare the tables of cluster-wide ports with the coupling facility (clp_check, clp_repair):
 *
 *   D TCPIP,,SYSPLEX,AUDIT      shows, of each DVIPA, what differs
 *   V TCPIP,,SYSPLEX,AUDIT      and puts it in order
 *
 *   IPADDR          POOL  OWNED SHARED DIFFERENCES DOUBLES LEAKED REPAIRED
 *   10.1.9.1        59200  5312      0           0       0      0        0
 *
 * POOL and OWNED (by any stack) are together all ports of the DVIPA; DIFFERENCES is between this stack's table and its map. */
#ifndef OPERATOR_AUDIT_H
#define OPERATOR_AUDIT_H

#include "stack/clp/clp.h"
#include "stack/operator/operator.h"

void operator_audit_register(struct operator *o, struct clp *clp);

#endif
