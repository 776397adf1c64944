/* The judge: reads captures and says whether the cluster kept every 4-tuple to one image at a time, and whether images that
 * were dead were silent. Used by the program of this name and, in process, by `sysplex run`. */
#ifndef TUPLECHECK_H
#define TUPLECHECK_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/tuplecheck/flow.h"
#include "tools/tuplecheck/reader.h"
#include "tools/tuplecheck/roster.h"

/* Also the exit codes. VIOLATED: a collision, or a packet of an image that was dead. */
enum verdict { VERDICT_UNIQUE = 0, VERDICT_VIOLATED = 1, VERDICT_UNKNOWN = 2 };

enum { DAMAGE_MAX = 16 };       /* files whose damage is told in words; all are counted */

struct tuplecheck {
    const char *const *files;   /* or the name of the interface */
    size_t file_count;
    const struct roster *roster;    /* names of senders, set after tuplecheck_begin(), or NULL */
    struct flow_table flows;
    struct reader *reader;      /* NULL: all has been read */
    uint64_t packets, lost;
    uint64_t kinds[PACKET_KINDS];
    int64_t first_ns, last_ns;
    uint64_t late;              /* packets of any kind that an image sent while it was dead (struct flow_death) */
    uint64_t late_sender;       /* the first of them */
    struct packet_ref late_at;
    char *damage[DAMAGE_MAX];
    size_t damage_count;
    bool out_of_memory;
    bool broken_off;            /* the files were not read to their end */
};

/* Read the files through. options: NULL for none; its addresses and the names must outlive the result. What went wrong is
 * part of the result. */
void tuplecheck_files(struct tuplecheck *t, const char *const *files, size_t file_count, const struct flow_options *options);

/* The same step by step; tuplecheck_step() once a packet, until READER_END. An interface (keep: see reader_open_live()) has
 * no end: tuplecheck_end() whenever enough has been seen. */
void tuplecheck_begin(struct tuplecheck *t, const char *const *files, size_t file_count, const struct flow_options *options);
void tuplecheck_begin_live(struct tuplecheck *t, const char *const *interface, const char *keep,
                           const struct flow_options *options);
enum reader_result tuplecheck_step(struct tuplecheck *t);
void tuplecheck_end(struct tuplecheck *t);

/* What a sender is called: its name, its MAC address, or the file it was alone in. context: the tuplecheck. */
struct sender_text tuplecheck_sender(void *context, uint64_t sender);

void tuplecheck_free(struct tuplecheck *t);

enum verdict tuplecheck_verdict(const struct tuplecheck *t);

/* Why it is VERDICT_UNKNOWN, or what limits another verdict, one line each; number of lines. */
int tuplecheck_doubts(const struct tuplecheck *t, void (*line)(void *context, const char *text), void *context);

/* One collision as a line, without line end. */
void tuplecheck_collision(const struct tuplecheck *t, const struct collision *c, FILE *out);

/* The result as text. shown: collisions listed at most. colour: with terminal colours. */
void tuplecheck_print(const struct tuplecheck *t, FILE *out, unsigned shown, bool colour);
cJSON *tuplecheck_json(const struct tuplecheck *t, unsigned shown);     /* NULL: no memory */

#endif
