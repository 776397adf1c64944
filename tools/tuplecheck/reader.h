/* Captured packets from one or several files, in order of time. pcap and pcapng, through libpcap; Ethernet. */
#ifndef TUPLECHECK_READER_H
#define TUPLECHECK_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/tuplecheck/flow.h"

struct reader;

struct frame {
    const uint8_t *data;        /* valid until the next call of reader_next() */
    uint32_t captured, length;
    struct packet_ref at;       /* file: index into the names */
};

/* Called for each file that cannot be read on, with what is wrong with it. What came before is delivered all the same. */
typedef void reader_damage_fn(void *context, const char *file, const char *what);

/* names must outlive the reader. NULL: no memory. A file that cannot be opened is reported as damage. */
struct reader *reader_open(const char *const *names, size_t count, reader_damage_fn *damage, void *context);
bool reader_next(struct reader *r, struct frame *frame);    /* false: no more */
void reader_close(struct reader *r);

#endif
