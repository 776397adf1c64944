/* Counters of one image (by its MAC address) or of one address of the cluster, and a small table of them. */
#ifndef TUPLECHECK_TALLY_H
#define TUPLECHECK_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PORTS = 65536,
    TALLIES_MAX = 1024,         /* a cluster has 32 images and 64 DVIPAs; a hostile capture may show millions of MACs */
    TALLY_OTHERS = 0,           /* index that stands for all beyond TALLIES_MAX */
};

struct tally {
    uint64_t key;               /* MAC or IPv4 address */
    uint64_t opened;            /* connections whose opening SYN (or SYN ACK of an accepted one) was seen */
    uint64_t completed;         /* ended by a FIN in each direction, both acknowledged */
    uint64_t refused;           /* opening SYN answered by RST */
    uint64_t reset;             /* ended by RST later */
    uint64_t abandoned;         /* given up without an end on the wire: opened again by the same image, or no answer */
    uint64_t open, open_peak;
    uint64_t syns_repeated;
    uint64_t challenge_acks;    /* SYNs that the peer answered with the ACK of another connection */
    uint64_t foreign;           /* segments sent on a 4-tuple that only another image had open */
    uint32_t ports;             /* distinct ports */
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
uint32_t tally_find(struct tally_table *t, uint64_t key);

void tally_opened(struct tally *t, uint16_t port);

#endif
