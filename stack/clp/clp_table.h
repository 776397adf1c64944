/* The local table of an address: the ports that this stack owns, which of them are free, and towards which destinations the
 * others are in use. Nothing here asks anybody; everything is constant time, however many ports are in use.
 *
 *     owned     bit map: this stack owns the port
 *     use       count per port: connections and binds that hold it
 *     ring      owned ports that are free, oldest first. A port that is not free or not owned any more may still stand in
 *               it and is passed over: nothing is ever searched
 *     state     per port, for the quick way of a connection: what must be asked before it is given out or taken back.
 *               READY and PLAIN say that nothing must. Whoever changes what they stand for takes them back (table_unsettle)
 *     fresh     bit map: owned from the start and never given out (where a stack owns all ports). They go first, in random
 *               order, and are in the ring only when their first use has ended
 *     solo      bit map: in use by a bind, or by a connection whose destination has no record: not to be shared
 *     draining  bit map: found in use when CLUSTERPORTS came to the address. It may have other stacks' connections too,
 *               so it gets no new ones and leaves as soon as its last one here has ended
 *
 * A destination (address and port) that connections of this stack go to has a record with a bit map of the ports in use
 * towards it. A free port is used first; then one that is in use, but not towards this destination: the search goes round
 * the map, so that a port comes back to the same destination as late as possible. tracked - count says whether there is
 * one without looking. With more destinations than records, the others get ports for themselves alone. */
#ifndef CLP_TABLE_H
#define CLP_TABLE_H

#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_private.h"
#include "stack/platform/platform.h"

#define NO_PORT 65536u

enum port_state {
    PORT_ELSEWHERE,         /* not in the ring */
    PORT_READY,             /* in the ring: free, owned, eligible, not draining, not used since it came there */
    PORT_LOOK,              /* in the ring, but one of these may not be so: if it is free, it goes to the end */
    /* This and the destination's index: in use by one connection, to this destination; owned, eligible, not draining. The
     * bit in the destination's map is not set then, and the counts leave the port out: see struct clp_table. */
    PORT_PLAIN = 64,
};
_Static_assert(PORT_PLAIN + CLP_DESTINATIONS <= 256, "the state of a port fits into a byte");

/* Ports have become this stack's: into the ring, in random order. They have left it. */
void table_add(struct clp *clp, struct clp_table *t, const struct clp_grant *grant);
void table_remove(struct clp_table *t, const struct clp_grant *grant);

/* Every eligible port is this stack's. */
void table_own_all(struct clp_table *t);

/* Other ports are eligible now: count again, free ports into the ring. */
void table_recount(struct clp *clp, struct clp_table *t);

/* Nothing is owned any more; uses stay. */
void table_disown(struct clp_table *t);

/* Blocks of the next trip, and what follows from it. */
void table_set_blocks(struct clp_table *t, uint32_t blocks);

/* The port that was found in use leaves with its last connection. */
void table_drain(struct clp_table *t, uint16_t port);

/* The port that is free for longest, or NO_PORT. It stays free until it is used. */
uint32_t table_pop(struct clp *clp, struct clp_table *t);

/* A popped port is not used after all: to the end of the ring. */
void table_push(struct clp_table *t, uint16_t port);

/* A port in use but not towards this destination, or NO_PORT. */
uint32_t table_share(struct clp_table *t, struct clp_destination *destination);

/* One more use, one less. destination NULL: nobody else may share the port. True: that was the last one. */
void table_use(struct clp_table *t, struct clp_destination *destination, uint16_t port);
bool table_unuse(struct clp *clp, struct clp_table *t, struct clp_destination *destination, uint16_t port);

static inline uint32_t table_used(const struct clp_table *t)
{
    return t->tracked_not_plain + (uint32_t)t->plain + t->solos;
}

/* Owned, eligible and not in use. */
static inline uint32_t table_free_owned(const struct clp_table *t)
{
    return t->free_owned_or_plain - (uint32_t)t->plain;
}

/* Is the port in use towards this destination? */
bool table_towards(const struct clp_table *t, const struct clp_destination *destination, uint16_t port);

/* The quick way: the next port of the ring in use towards its destination, and back. Only where t->quick. False: the long
 * way. The same as table_pop() with table_use(), table_unuse() with table_push(), for a port about which nothing must be
 * asked. On the image most connections cost no more than this, and an access to storage costs as much as three or four
 * instructions without: so there is one count where there could be three, and no bit map. That the ring is empty needs no
 * look: no port is ready then. */
static inline bool table_quick_use(struct clp_table *t, struct clp_destination *d, uint16_t *chosen)
{
    uint64_t head = t->ring_head, port = t->ring[head];

    if (t->state[port] != PORT_READY)
        return false;
    t->ring_head = (uint16_t)(head + 1);
    t->state[port] = d->plain;
    t->use[port] = 1;
    t->plain++;
    d->count++;
    *chosen = (uint16_t)port;
    return true;
}

static inline bool table_quick_unuse(struct clp *clp, struct clp_table *t, uint16_t port)
{
    uint32_t state = t->state[port], tail = t->ring_tail;

    if (state < PORT_PLAIN)
        return false;
    t->state[port] = PORT_READY;
    t->use[port] = 0;
    t->plain--;
    if (--clp->destinations[state - PORT_PLAIN].count == 0)
        clp->destinations_idle = true;
    t->ring[tail] = port;
    t->ring_tail = (uint16_t)(tail + 1);
    return true;
}

/* The record of a destination; made if there is none and room for one. NULL: none, or destination is 0. */
struct clp_destination *destination_find(struct clp *clp, const struct clp_table *t, uint32_t address, uint16_t port);
struct clp_destination *destination_make(struct clp *clp, struct clp_table *t, uint32_t address, uint16_t port);

/* Owned ports of idle blocks, from a random place on, until about `ports` of them are found or the grant is full. */
uint32_t table_idle(struct clp *clp, const struct clp_table *t, uint32_t ports, struct clp_grant *grant);

/* Free owned ports wherever they are, the same way. */
uint32_t table_free(struct clp *clp, const struct clp_table *t, uint32_t ports, struct clp_grant *grant);

/* The whole block of a port, as far as it is owned. */
void table_block(const struct clp_table *t, uint16_t port, struct clp_grant *grant);

/* Is the block of this port idle? */
bool table_block_idle(const struct clp_table *t, uint16_t port);

static inline uint32_t grant_ports(const struct clp_grant *g)
{
    uint32_t ports = 0;

    for (uint32_t i = 0; i < g->count; i++)
        ports += bits_count(g->words[i].ports);
    return ports;
}

#endif
