/* What is done for a stack that has failed: figure 12. Its ports of every DVIPA go back to the cluster's pool.
 *
 * When and by whom is the caller's decision: the distributing stack or its backup, after the failed system has been
 * partitioned out of the sysplex, that is fenced: it must not be able to use its ports or to write to the CF any more.
 * Called twice, also by two stacks at once, it does the work once; called after a death in the middle of it, the rest. */
#ifndef RECOVERY_H
#define RECOVERY_H

#include "stack/clp/clp.h"

struct recovery {
    uint32_t dvipas;            /* whose ports were looked at */
    uint32_t ports;             /* that became available */
    uint32_t failed;            /* DVIPAs for which it could not be done: the CF is not there, or the keeper keeps no record */
    uint64_t us;                /* it took so long */
};

/* The ports of one address that `system` had (its name and number in the sysplex) are added to *recovery. An address without
 * CLUSTERPORTS is nobody's business. */
void recovery_of_dvipa(struct clp *clp, struct clp_table *table, const char *system, uint8_t number, struct recovery *recovery);

/* The same for all addresses that this stack has. */
struct recovery recovery_of_ports(struct clp *clp, const char *system, uint8_t number);

/* The operator is told what came of it; nothing if there was nothing to recover. */
void recovery_tell(const struct recovery *recovery, const char *system);

#endif
