/* The live source of models: reads the facility of a Sysplex (cf_look.h: it changes nothing), /proc, and the event log in the run
 * directory. */
#ifndef CFDASH_SOURCE_H
#define CFDASH_SOURCE_H

#include "tools/cfdash/model.h"

struct source;

struct source_options {
    const char *segment;            /* of a coupling facility; of a pair either one */
    const char *sysplex;            /* its name, for the title; NULL: the segment's */
    const char *events;             /* path of events.jsonl; NULL: there is none */
};

/* 0, or -errno of cf_look_open(). */
int source_open(const struct source_options *options, struct source **source);
void source_close(struct source *source);

/* Read everything into *model. It holds the reading before, or zeros: rates are the difference, and a port that is what it was
 * keeps its time. now_ms: realtime. */
void source_read(struct source *source, struct model *model, uint64_t now_ms);

#endif
