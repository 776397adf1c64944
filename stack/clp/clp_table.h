/* The local table of an address: the ports that this stack owns, which of them are free, and towards which destinations the
 * others are in use. Nothing here asks anybody; everything is constant time, however many ports are in use.
 *
 *     owned     bit map: this stack owns the port
 *     use       count per port: connections and binds that hold it
 *     ring      owned ports that are free, oldest first. A port that is not free or not owned any more may still stand in
 *               it and is passed over: nothing is ever searched
 *     queued    bit map: the port stands in the ring (so it stands there once at most)
 *     touched   bit map: used while it stood there; goes to the end instead of being given out
 *     solo      bit map: in use by a bind, or by a connection whose destination has no record: not to be shared
 *     draining  bit map: found in use when CLUSTERPORTS came to the address. It may have other stacks' connections too,
 *               so it gets no new ones and leaves as soon as its last one here has ended
 *     busy      ports in use of each word, whether owned or not
 *
 * A destination (address and port) that connections of this stack go to has a record with a bit map of the ports in use
 * towards it. A free port is used first; then one that is in use, but not towards this destination: the search goes round
 * the map, so that a port comes back to the same destination as late as possible. tracked - count says whether there is
 * one without looking. With more destinations than records, the others get ports for themselves alone. */
#ifndef CLP_TABLE_H
#define CLP_TABLE_H

#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_private.h"

#define NO_PORT 65536u

/* Ports have become this stack's: into the ring, in random order. They have left it. */
void table_add(struct clp *clp, struct clp_table *t, const struct clp_grant *grant);
void table_remove(struct clp_table *t, const struct clp_grant *grant);

/* Other ports are eligible now: count again, free ports into the ring. */
void table_recount(struct clp *clp, struct clp_table *t);

/* The whole ring in random order. */
void table_mix(struct clp *clp, struct clp_table *t);

/* Nothing is owned any more; uses stay. */
void table_disown(struct clp_table *t);

/* The port that is free for longest, or NO_PORT. It stays free until it is used. */
uint32_t table_pop(struct clp_table *t);

/* A popped port is not used after all: to the end of the ring. */
void table_push(struct clp_table *t, uint16_t port);

/* A port in use but not towards this destination, or NO_PORT. */
uint32_t table_share(struct clp_table *t, struct clp_destination *destination);

/* One more use, one less. destination NULL: nobody else may share the port. True: that was the last one. */
void table_use(struct clp *clp, struct clp_table *t, struct clp_destination *destination, uint16_t port);
bool table_unuse(struct clp *clp, struct clp_table *t, struct clp_destination *destination, uint16_t port);

/* The record of a destination; made if there is none and room for one. NULL: none, or destination is 0. */
struct clp_destination *destination_find(struct clp *clp, const struct clp_table *t, uint32_t address, uint16_t port);
struct clp_destination *destination_make(struct clp *clp, const struct clp_table *t, uint32_t address, uint16_t port);

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
