/* One TCP/IP stack of the sysplex: the context that ties the modules of the portable extension together. The image has
 * one; a host test has several.
 *
 *   stack_start()      joins the sysplex, connects to EZBEPORT, activates the DVIPAs of the profile
 *   stack_change()     the running profile has changed: VARY TCPIP,,OBEYFILE
 *   stack_poll()       main loop: what came over XCF
 *   stack_attention()  the CF has something to report; callable from the interrupt handler
 *
 * Without a CF, or with one that is lost, the stack runs alone: DVIPAs are active, ports of CLUSTERPORTS addresses cannot
 * be taken. */
#ifndef STACK_H
#define STACK_H

#include "stack/clp/clp.h"
#include "stack/sip/sip.h"
#include "stack/vipa/vipa.h"
#include "stack/xcf/xcf.h"
#include "stack/xes/xes.h"

struct stack_identity {
    const char *system;         /* 1..8 characters */
    uint8_t number;             /* 1 .. SYSTEMS_MAX */
    unsigned cf;                /* number of the CF on this image */
    uint16_t interval_s;        /* failure detection interval, 0 .. XCF_SECONDS_MAX; 0: no status monitoring */
    uint16_t cleanup_s;         /* cleanup interval, the same */
};

/* What the image gives; all are required but scan, connections, in_use and gone. As in vipa_ops and clp_ops. */
struct stack_ops {
    void (*activate)(void *context, uint32_t address, uint32_t mask, bool advertise);
    void (*deactivate)(void *context, uint32_t address);
    void (*deliver)(void *context, const uint8_t *packet, uint32_t length);
    void (*scan)(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument);
    /* The TCP connections with this local address; NULL: there are none. */
    void (*connections)(void *context, uint32_t address, vipa_connection_fn *use, void *argument);
    /* A socket is bound to the address, or a connection has it. NULL: always. */
    bool (*in_use)(void *context, uint32_t address);
    /* A system has left the sysplex or failed; the CF refuses its commands from now on. */
    void (*gone)(void *context, const char *system, uint8_t number);
    /* This system is not in the sysplex any more: send nothing from now on. Does not return. NULL: nothing. */
    void (*out)(void *context);
};

struct stack {
    char system[NAME_LEN + 1];
    uint8_t number;
    const struct stack_ops *ops;
    void *context;
    const struct profile *profile;
    struct sip sip;
    struct xes xes;
    struct xcf xcf;
    struct vipa vipa;
    struct clp clp;
    uint64_t recovery_us;       /* when to look for what systems that are gone have left, UINT64_MAX: not */
};

/* *stack is zeros. profile, ops and context are kept. Messages go to the operator. 0: joined the sysplex; else the stack
 * runs alone. Call again is not possible. */
int stack_start(struct stack *stack, const struct stack_identity *identity, const struct profile *profile,
                const struct stack_ops *ops, void *context);
/* When to call again at the latest, on the platform's clock. */
uint64_t stack_poll(struct stack *stack);
void stack_attention(struct stack *stack);

/* The running profile, in place, is what it is after VARY TCPIP,,OBEYFILE. One change after the other, then the end. */
void stack_change(struct stack *stack, const struct profile_change *change);
void stack_changed(struct stack *stack);

/* Fig. 12: a system is gone and fenced; its ports of the addresses that this stack has become available. Each survivor calls
 * it. Whose turn it is does it at once: the distributing stack of the address or its backup, or else the system with the
 * lowest number. The others look a second later what is left, in case that one has died over it, or knew the members
 * differently: whoever comes later finds it done. */
void stack_recover(struct stack *stack, const char *system, uint8_t number);

/* Leave the sysplex in order. */
void stack_stop(struct stack *stack);

#endif
