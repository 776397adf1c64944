/* Captured packets, through libpcap: from one or several files in order of time (pcap and pcapng), or from an interface as
 * they come. */
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
    int link;                   /* DLT_... */
};

enum reader_result { READER_END, READER_FRAME, READER_NOTHING_YET };

/* Called for each file that cannot be read on, with what is wrong with it. What came before is delivered all the same. */
typedef void reader_damage_fn(void *context, const char *file, const char *what);

/* names must outlive the reader; "-" is standard input. NULL: no memory. A file that cannot be opened is reported as damage. */
struct reader *reader_open(const char *const *names, size_t count, reader_damage_fn *damage, void *context);

/* The interface *name (or "any"), all packets that pass it. keep: a file to write them to, or NULL. What cannot be done is
 * reported as damage. */
struct reader *reader_open_live(const char *const *name, const char *keep, reader_damage_fn *damage, void *context);

/* The next packet. NOTHING_YET, of an interface only: none came for a while. */
enum reader_result reader_next(struct reader *r, struct frame *frame);

/* Packets that the interface lost because they were not read fast enough. */
uint64_t reader_lost(const struct reader *r);

/* How far the files have been read and how large they are, bytes; what is not a file counts as 0. */
void reader_progress(const struct reader *r, uint64_t *done, uint64_t *all);

void reader_close(struct reader *r);

#endif
