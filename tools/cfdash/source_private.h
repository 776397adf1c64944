/* The parts of a source, each of which reads its part of the model. */
#ifndef CFDASH_SOURCE_PRIVATE_H
#define CFDASH_SOURCE_PRIVATE_H

#include <stdio.h>

#include "cfemu/engine/cf_look.h"
#include "tools/cfdash/source.h"

enum { EVENT_LINE_MAX = 4096 };

struct source_process {
    uint32_t pid;
    uint64_t born, ticks, at_ms;
};

struct source {
    struct cf_look *look;
    char sysplex[33];
    struct source_process process[MODEL_SYSTEMS_MAX];       /* as in the model, by place */
    FILE *events;
    char line[EVENT_LINE_MAX];      /* of the event log, without its end yet */
    size_t line_length;
    struct model_dvipa *fresh;      /* that is being made */
    struct dvipa *dvipa;            /* the maps of each as they are read: source_ports.c */
    uint8_t entry[65536];           /* data of one */
};

/* A blank padded name as text; size: at most 32, the text has one byte more. Unprintable bytes become '.'. */
void source_name(char *text, const uint8_t *name, uint32_t size);

void source_read_facility(struct source *source, struct model *model);      /* CFs, structures, locks */
void source_read_systems(struct source *source, struct model *model);       /* members, processes */
void source_read_ports(struct source *source, struct model *model);         /* EZBEPORT: DVIPAs, FLOW counts */
void source_read_events(struct source *source, struct model *model);

/* Call each entry of a list of the structure in this slot. */
typedef void source_entry_fn(void *context, const struct cf_entry *entry, const uint8_t *adjunct);
void source_each_entry(struct source *source, uint32_t number, uint32_t list, source_entry_fn *each, void *context);

/* Room for the maps of all DVIPAs. NULL: no memory. */
struct dvipa *source_ports_new(void);

/* The slot of the structure of this name that is in use, CF_STRUCTURES_MAX: none. */
uint32_t source_find(struct source *source, const char *name);

#endif
