/* The flow table: every 4-tuple of a capture, who has it open, and what that says.
 *
 * A *tuple* is (cluster address, cluster port, peer address, peer port). An *opening* is one image's hold on a tuple: it
 * begins with the image's SYN (or the SYN ACK with which it accepts) and ends when a FIN in each direction has been
 * acknowledged, or with a RST. Images are told apart by the MAC address they send from. As long as the cluster keeps its
 * promise a tuple never has more than one opening; a second one, by another image, is a *collision*.
 *
 *     tuples (open addressing hash)             openings (pool, linked by index)
 *     ┌──────────────────────────┐             ┌─────────────────────────────┐
 *     │ endpoints, side, last end│──openings──►│ sender, SYN, sequence state │──► next one, if the tuple collided
 *     └──────────────────────────┘             └─────────────────────────────┘
 *
 * Pure: fed with decoded segments in capture order, it does no I/O. Memory: 56 bytes a slot of the hash, at most half of
 * them used, and 64 an opening; ended openings are used again, tuples stay, for the distance of reuse. */
#ifndef TUPLECHECK_FLOW_H
#define TUPLECHECK_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/tuplecheck/packet.h"
#include "tools/tuplecheck/tally.h"

enum { COLLISIONS_KEPT_MAX = 1000 };    /* details of so many; all are counted */

struct packet_ref {
    int64_t ns;                 /* capture time, nanoseconds since 1970 */
    uint64_t number;            /* packet in its file, from 1 as Wireshark counts */
    uint32_t file;
};

struct tuple_id {
    uint32_t address, peer;
    uint16_t port, peer_port;
};

struct collision {
    struct tuple_id tuple;
    uint64_t first_sender, second_sender;   /* MAC addresses */
    struct packet_ref first, second;        /* the SYN of each */
};

struct reuse {
    uint64_t count;             /* openings of a tuple that had been open before */
    uint64_t by_other;          /* of these, by another image than the one before */
    struct tuple_id tuple;      /* the shortest distance: */
    int64_t shortest_ns;
    struct packet_ref ended, opened;
};

struct flow_table {
    struct tuple *tuples;
    uint64_t tuple_slots, tuple_count;
    struct opening *openings;
    uint32_t opening_slots, opening_free;
    uint64_t seed;
    const uint32_t *addresses;  /* the cluster's addresses; none: whoever sends the first SYN is the cluster's side */
    size_t address_count;

    struct tally_table senders, sources;    /* by MAC, by cluster address */
    struct tally total;
    struct collision *collisions;
    uint64_t collision_count;
    struct reuse reuse;
    uint64_t unopened;          /* segments of a tuple whose opening was not captured */
    uint64_t elsewhere;         /* segments that concern no address of the cluster */
};

/* addresses, count: see struct flow_table; the array must outlive the table. false: no memory. */
bool flow_table_init(struct flow_table *t, const uint32_t *addresses, size_t count);
void flow_table_free(struct flow_table *t);

/* The next segment of the capture. false: no memory; the table stays valid and has not seen this segment. */
bool flow_table_add(struct flow_table *t, const struct segment *s, const struct packet_ref *at);

#endif
