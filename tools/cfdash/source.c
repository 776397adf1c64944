#include "tools/cfdash/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cfdash/source_private.h"

int source_open(const struct source_options *options, struct source **out)
{
    struct source *source = calloc(1, sizeof *source);
    int error = source ? cf_look_open(options->segment, &source->look) : -ENOMEM;
    if (error == 0 && (!(source->fresh = malloc(sizeof *source->fresh)) || !(source->dvipa = source_ports_new())))
        error = -ENOMEM;
    if (error != 0) {
        if (source)
            source_close(source);
        return error;
    }
    snprintf(source->sysplex, sizeof source->sysplex, "%s", options->sysplex ? options->sysplex : options->segment);
    source->events = options->events ? fopen(options->events, "re") : NULL;
    *out = source;
    return 0;
}

void source_close(struct source *source)
{
    if (source->look)
        cf_look_close(source->look);
    if (source->events)
        fclose(source->events);
    free(source->fresh);
    free(source->dvipa);
    free(source);
}

void source_read(struct source *source, struct model *model, uint64_t now_ms)
{
    memcpy(model->sysplex, source->sysplex, sizeof model->sysplex);
    if (model->began_ms == 0)
        model->began_ms = now_ms;
    model->interval_s = model->time_ms != 0 && now_ms > model->time_ms ? (double)(now_ms - model->time_ms) / 1000 : 0;
    model->time_ms = now_ms;
    source_read_facility(source, model);
    source_read_systems(source, model);
    source_read_ports(source, model);
    source_read_events(source, model);
}

void source_name(char *text, const uint8_t *name, uint32_t size)
{
    uint32_t length = size;
    while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == 0))
        length--;
    for (uint32_t i = 0; i < length; i++)
        text[i] = name[i] > ' ' && name[i] <= '~' ? (char)name[i] : '.';
    memset(text + length, 0, size + 1 - length);
}

uint32_t source_find(struct source *source, const char *name)
{
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        char text[CF_NAME_SIZE + 1];
        struct cf_slot slot;
        const struct cf_structure *s = cf_look_structure(source->look, i, &slot);
        source_name(text, s ? slot.name : (const uint8_t *)"", s ? CF_NAME_SIZE : 0);
        /* Of a user-managed rebuild the old one counts, until it is over. */
        if (s && strcmp(text, name) == 0 && s->rebuild_of == 0)
            return i;
    }
    return CF_STRUCTURES_MAX;
}

void source_each_entry(struct source *source, uint32_t number, uint32_t list, source_entry_fn *each, void *context)
{
    struct cf_slot slot;
    struct cf_list header;
    struct cf_entry entry;
    uint8_t adjunct[CF_ADJUNCT_SIZE];
    struct cf_structure *s = cf_look_structure(source->look, number, &slot);
    if (!s || !cf_look_list(source->look, s, list, &header))
        return;
    uint32_t next = header.head;        /* the chain may be changing under our eyes: no more steps than there are entries */
    for (uint32_t i = 0; i < header.count && next != 0 && cf_look_entry(source->look, s, next, &entry, adjunct); i++) {
        if (entry.list != list + 1)
            return;
        each(context, &entry, adjunct);
        next = entry.next;
    }
}
