/* Counters of one image (by its MAC address) or of one address of the cluster, and a small table of them. */
#ifndef TUPLECHECK_TALLY_H
#define TUPLECHECK_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/tuplecheck/address.h"

enum {
    PORTS = 65536,
    TALLIES_MAX = 1024,         /* a cluster has 32 images and 64 DVIPAs; a hostile capture may show millions of MACs */
    TALLY_OTHERS = 0,           /* index that stands for all beyond TALLIES_MAX */
    TALLY_DISTANCES = 8,        /* classes of the distance of reuse: tally_distance_bound() */
    TALLY_NEAR = 8,             /* ports this near to the last one are what a guess would try first */
    TALLY_STEPS_MIN = 100,      /* steps from port to port below which nothing is said of them */
};

/* How well a third party can guess the next port from the last one: by the part of the steps from an opening's port to that
 * of the next one that are at most TALLY_NEAR, against what ports chosen at random from the same range would show. */
enum predictability { PORTS_TOO_FEW, PORTS_RANDOM, PORTS_PARTLY_PREDICTABLE, PORTS_SEQUENTIAL };

struct tally {
    struct address key;         /* address, or the sender as .low */
    uint64_t opened;            /* connections whose opening SYN (or SYN ACK of an accepted one) was seen */
    uint64_t completed;         /* ended by a FIN in each direction, both acknowledged */
    uint64_t refused;           /* opening SYN answered by RST */
    uint64_t reset;             /* ended by RST later */
    uint64_t abandoned;         /* given up without an end on the wire: opened again by the same image, or no answer */
    uint64_t open, open_peak;
    uint64_t syns_repeated;
    uint64_t challenge_acks;    /* SYNs that the peer answered with the ACK of another connection */
    uint64_t foreign;           /* segments sent on a 4-tuple that only another image had open */
    uint64_t udp_flows;         /* begun; not part of the counters above */
    uint64_t reuse_distances[TALLY_DISTANCES];      /* openings of a 4-tuple that had been open before */
    uint64_t steps, near_steps;
    uint32_t ports;             /* distinct ports */
    uint16_t port_lowest, port_highest, port_last;  /* of the chosen ones */
    bool port_chosen;           /* there was one */
    uint8_t port_seen[PORTS / 8];
};

struct tally_table {
    struct tally *tallies[TALLIES_MAX];     /* [TALLY_OTHERS] first, then in order of appearance */
    uint32_t count;
    uint16_t slots[TALLIES_MAX * 2];        /* hash: index into tallies, 0 = empty */
};

bool tally_table_init(struct tally_table *t);   /* false: no memory */
void tally_table_free(struct tally_table *t);

/* Index of the tally of key, made if new; TALLY_OTHERS if the table is full or memory is out. */
uint32_t tally_find(struct tally_table *t, struct address key);

/* Indices of the tallies in the order of their keys, TALLY_OTHERS last. Returns how many: all. */
uint32_t tally_order(const struct tally_table *t, uint32_t order[TALLIES_MAX]);

/* A TCP connection from this port. chosen: the port was this side's choice, not a server's. */
void tally_opened(struct tally *t, uint16_t port, bool chosen);
void tally_udp_flow(struct tally *t, uint16_t port);
void tally_reused(struct tally *t, int64_t distance_ns);

/* Upper bound of a class of distances, nanoseconds; INT64_MAX for the last. */
int64_t tally_distance_bound(unsigned class);

enum predictability tally_predictability(const struct tally *t);
double tally_near(const struct tally *t);           /* part of the steps that are near, 0 .. 1 */
double tally_near_random(const struct tally *t);    /* what random choice would give */

#endif
