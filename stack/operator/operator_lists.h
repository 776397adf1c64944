/* D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT,LIST=: the lists of the structure, a DVIPA each, and the stacks with ports of it. */
#ifndef OPERATOR_LISTS_H
#define OPERATOR_LISTS_H

#include "stack/clp/clp.h"
#include "stack/operator/operator.h"

/* The value of LIST=: ALL, the number of a list, or a DVIPA, whose ports are then shown one by one. */
struct operator_list {
    bool all, ports;
    uint32_t number, address;
};

/* False: it is none of them. */
bool operator_list_parse(const char *value, struct operator_list *list);

/* As this stack knows: of the DVIPAs that it has with CLUSTERPORTS, and of EXPLICITBINDPORTRANGE (list 0). Keepers with bit maps
 * in the CF only. */
void operator_list_display(struct clp *clp, const struct operator_list *list);

#endif
