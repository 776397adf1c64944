/* The golden captures: each a short story with an ending that is known exactly. */
#ifndef TUPLECHECK_TESTS_GOLDEN_H
#define TUPLECHECK_TESTS_GOLDEN_H

#include <stdint.h>

#include "tools/tuplecheck/tests/script.h"
#include "tools/tuplecheck/tuplecheck.h"

struct golden {
    const char *name;
    void (*story)(struct script *s);
    long file_bytes;            /* of the file kept: 0 all, n: the first n, -n: all but the last n */
    const char *content;        /* the file as a whole, instead of a story */
    enum verdict verdict;
    uint64_t packets, opened, completed, refused, reset, abandoned, open, open_peak, collisions;
    uint64_t syns_repeated, challenge_acks, foreign, reuses, reuses_by_other;
    uint32_t ports;
    uint64_t kinds[PACKET_KINDS];
    unsigned doubts;
    uint64_t udp_flows;
    int link;                   /* DLT_..., 0: Ethernet */
};

extern const struct golden golden[];
extern const unsigned golden_count;

/* Write the capture of a story to a file. 0 or -1. */
int golden_write(const struct golden *g, const char *path);

#endif
