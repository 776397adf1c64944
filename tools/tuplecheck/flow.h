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
 * UDP has no openings of its own: a flow is open from the first datagram of an image until none has come from it for
 * FLOW_UDP_IDLE_S; two images that both have it open have collided too.
 *
 * Pure: fed with decoded segments in capture order, it does no I/O. Memory: 80 bytes a slot of the hash, at most half of
 * them used, and 64 an opening. Ended openings are used again; a tuple that ended FLOW_REUSE_S ago is forgotten when
 * room is needed, so that a capture of days needs what its busiest ten minutes need. */
#ifndef TUPLECHECK_FLOW_H
#define TUPLECHECK_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/tuplecheck/packet.h"
#include "tools/tuplecheck/plot.h"
#include "tools/tuplecheck/tally.h"

enum {
    COLLISIONS_KEPT_MAX = 1000,     /* details of so many; all are counted */
    FLOW_UDP_IDLE_S = 120,          /* RFC 4787 REQ-5: what a NAT keeps a mapping for at least */
    FLOW_TCP_IDLE_S = 7440,         /* RFC 5382 REQ-5: an open connection may be silent for so long; only if memory is short */
    FLOW_REUSE_S = 600,             /* the distance of reuse is known up to here at least */
    FLOW_TIME_WAIT_S = 60,          /* reuse before that is early: what stacks in the field stay in TIME_WAIT */
    FLOW_STORM = 16,                /* RSTs and challenge ACKs on a tuple that has collided, from which it is a storm */
};

struct packet_ref {
    int64_t ns;                 /* capture time, nanoseconds since 1970 */
    uint64_t number;            /* packet in its file, from 1 as Wireshark counts */
    uint32_t file;
};

struct tuple_id {
    struct address address, peer;
    uint16_t port, peer_port;
    bool udp;
};

struct collision {
    struct tuple_id tuple;
    uint64_t first_sender, second_sender;   /* MAC addresses */
    struct packet_ref first, second;        /* the SYN, the first datagram of each */
};

/* What became of a SYN on a tuple that had been open within FLOW_TIME_WAIT_S. */
struct reuse {
    uint64_t count;             /* openings of a tuple that had been open before, however long ago */
    uint64_t by_other;          /* of these, by another image than the one before */
    uint64_t early;             /* within FLOW_TIME_WAIT_S */
    uint64_t early_peer_waits;  /* of these: the peer had closed first, so that it is the one in TIME_WAIT */
    uint64_t accepted, challenged, refused;     /* of the early ones; the rest got no answer */
    struct tuple_id tuple;      /* the shortest distance: */
    int64_t shortest_ns;
    struct packet_ref ended, opened;
};

/* What collisions lead to: RSTs of either side and challenge ACKs, on tuples that have collided. */
struct storm {
    uint64_t segments;
    uint64_t tuples;            /* with FLOW_STORM of them or more */
    struct tuple_id tuple;      /* the one with most: */
    uint32_t most;
};

/* An image died: what it had open when it sent its last packet before this is open no more, and another image may have it. It is to
 * send nothing until its next life begins. */
struct flow_death {
    uint64_t sender;            /* MAC address */
    int64_t ns;                 /* since 1970; not before its last packet */
    int64_t back_ns;            /* the same; INT64_MAX: it does not come back */
};

struct flow_options {
    const struct address *addresses;    /* of the cluster; none: whoever sends the first SYN is the cluster's side */
    size_t address_count;
    uint64_t memory;            /* bytes for tuples and openings at most; 0: as many as there are */
    const struct flow_death *deaths;
    size_t death_count;
};

struct flow_table {
    struct flow_options options;
    struct tuple *tuples;
    uint64_t tuple_slots, tuple_count;
    struct opening *openings;
    uint32_t opening_slots, opening_free;
    uint64_t seed;

    struct tally_table senders, sources;    /* by MAC, by cluster address */
    struct tally total;
    struct collision *collisions;
    uint64_t collision_count;
    struct reuse reuse;
    struct storm storm;
    struct plot plot;
    uint64_t unopened;          /* segments of a tuple whose opening was not captured */
    uint64_t elsewhere;         /* segments that concern no address of the cluster */
    uint64_t forgotten;         /* ended tuples given up, open connections (FLOW_TCP_IDLE_S) too */
};

/* The addresses must outlive the table. false: no memory. */
bool flow_table_init(struct flow_table *t, const struct flow_options *options);
void flow_table_free(struct flow_table *t);

/* The next segment of the capture. false: no memory; the table stays valid and has not seen this segment. */
bool flow_table_add(struct flow_table *t, const struct segment *s, const struct packet_ref *at);

#endif
