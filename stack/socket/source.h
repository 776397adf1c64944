/* What source selection asks of a running stack: the tables of sip.h, answered from the profile and the DVIPA table. */
#ifndef STACK_SOURCE_H
#define STACK_SOURCE_H

#include "stack/sip/sip.h"
#include "stack/stack.h"

/* Select the source address of a connection on this stack (Figs. 3 and 7). As sip_select(). */
int source_select(struct stack *stack, const struct sip_request *request, struct sip_result *result);

#endif
