/* Reader, decoder and flow table put together, and the verdict. A collision found is a collision however bad the
 * capture; "unique" is said only of a capture that shows everything. */
#include "tools/tuplecheck/tuplecheck.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tuplecheck/packet.h"
#include "tools/tuplecheck/reader.h"

static void note_damage(void *context, const char *file, const char *what)
{
    struct tuplecheck *t = context;
    char *text = NULL;
    if (t->damage_count < DAMAGE_MAX && asprintf(&text, "%s: %s", file, what) >= 0)
        t->damage[t->damage_count] = text;
    t->damage_count++;
}

static bool add(struct tuplecheck *t, const struct frame *frame)
{
    struct segment segment;
    enum packet_kind kind = packet_decode(frame->data, frame->captured, frame->length, &segment);
    if (t->packets++ == 0)
        t->first_ns = frame->at.ns;
    t->last_ns = frame->at.ns;
    t->kinds[kind]++;
    return kind != PACKET_TCP || flow_table_add(&t->flows, &segment, &frame->at);
}

void tuplecheck_files(struct tuplecheck *t, const char *const *files, size_t file_count, const uint32_t *addresses,
                      size_t address_count)
{
    memset(t, 0, sizeof *t);
    t->files = files;
    t->file_count = file_count;
    t->out_of_memory = !flow_table_init(&t->flows, addresses, address_count);
    struct reader *reader = t->out_of_memory ? NULL : reader_open(files, file_count, note_damage, t);
    if (!reader) {
        t->out_of_memory = true;
        return;
    }
    struct frame frame;
    while (!t->out_of_memory && reader_next(reader, &frame))
        t->out_of_memory = !add(t, &frame);
    reader_close(reader);
}

void tuplecheck_free(struct tuplecheck *t)
{
    for (size_t i = 0; i < DAMAGE_MAX; i++)
        free(t->damage[i]);
    flow_table_free(&t->flows);
}

static bool complete(const struct tuplecheck *t)
{
    return !t->out_of_memory && !t->damage_count && !t->kinds[PACKET_CUT] && t->flows.total.opened;
}

enum verdict tuplecheck_verdict(const struct tuplecheck *t)
{
    if (t->flows.collision_count)
        return VERDICT_COLLISION;
    return complete(t) ? VERDICT_UNIQUE : VERDICT_UNKNOWN;
}

struct doubts {
    void (*line)(void *context, const char *text);
    void *context;
    int count;
};

__attribute__((format(printf, 2, 3))) static void doubt(struct doubts *d, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    d->line(d->context, text);
    d->count++;
}

int tuplecheck_doubts(const struct tuplecheck *t, void (*line)(void *context, const char *text), void *context)
{
    struct doubts d = { .line = line, .context = context };
    for (size_t i = 0; i < t->damage_count && i < DAMAGE_MAX; i++)
        doubt(&d, "%s", t->damage[i] ? t->damage[i] : "a file is damaged");
    if (t->damage_count > DAMAGE_MAX)
        doubt(&d, "%zu more files are damaged", t->damage_count - DAMAGE_MAX);
    if (t->out_of_memory)
        doubt(&d, "out of memory after packet %lu", (unsigned long)t->packets);
    if (t->kinds[PACKET_CUT])
        doubt(&d, "%lu packets are cut off before the end of their TCP header; capture 96 bytes of each or more",
              (unsigned long)t->kinds[PACKET_CUT]);
    if (!t->packets && !t->damage_count)
        doubt(&d, "the capture holds no packets");
    else if (t->packets && !t->flows.total.opened)
        doubt(&d, "no connection was opened%s", t->flows.address_count ? " from the given addresses" : "");
    return d.count;
}
