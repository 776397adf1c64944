/* What source selection and bind ask of a running stack: the tables of sip.h, answered from the profile and the DVIPA
 * table. */
#ifndef STACK_SOURCE_H
#define STACK_SOURCE_H

#include "stack/sip/sip.h"
#include "stack/stack.h"

/* Select the source address of a connection on this stack (Figs. 3 and 7). As sip_select(). */
int source_select(struct stack *stack, const struct sip_request *request, struct sip_result *result);

/* Bind a socket to address (0 = INADDR_ANY) and port (0 = any); *bound: the port that it has now, 0: it comes with the
 * connection. 0 or an errno with its reason. Given back with source_unbind(). */
int source_bind(struct stack *stack, uint32_t address, uint16_t port, uint16_t *bound, uint32_t *reason);
void source_unbind(struct stack *stack, uint32_t address, uint16_t bound);

#endif
