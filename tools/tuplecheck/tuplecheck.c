/* Reader, decoder and flow table put together, and the verdict. What is found is found however bad the capture; "unique" is said only of a capture that shows everything. */
#include "tools/tuplecheck/tuplecheck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_damage(void *context, const char *file, const char *what)
{
    struct tuplecheck *t = context;
    char *text = NULL;
    if (t->damage_count < DAMAGE_MAX && asprintf(&text, "%s: %s", file, what) >= 0)
        t->damage[t->damage_count] = text;
    t->damage_count++;
}

/* A packet whose link layer names no sender has been sent by whose file it is. */
#define SENDER_OF_FILE 0x1000000000000u

struct sender_text tuplecheck_sender(void *context, uint64_t sender)
{
    const struct tuplecheck *t = context;
    struct sender_text text;
    uint64_t file = sender - SENDER_OF_FILE;
    const char *name = t->roster ? roster_name(t->roster, sender) : NULL;
    if (name) {
        snprintf(text.s, sizeof text.s, "%s", name);
    } else if (sender >= SENDER_OF_FILE && file < t->file_count) {
        const char *base = strrchr(t->files[file], '/');
        snprintf(text.s, sizeof text.s, "%.63s", base ? base + 1 : t->files[file]);
    } else {
        snprintf(text.s, sizeof text.s, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)(sender >> 40 & 0xff),
                 (unsigned)(sender >> 32 & 0xff), (unsigned)(sender >> 24 & 0xff), (unsigned)(sender >> 16 & 0xff),
                 (unsigned)(sender >> 8 & 0xff), (unsigned)(sender & 0xff));
    }
    return text;
}

/* Whoever is fenced, or has ended, sends nothing before its next life: what others do with its ports and addresses rests on it. */
static void note_late(struct tuplecheck *t, uint64_t sender, const struct packet_ref *at)
{
    const struct flow_options *o = &t->flows.options;
    for (size_t i = 0; i < o->death_count; i++) {
        const struct flow_death *death = &o->deaths[i];
        if (death->sender != sender || at->ns <= death->ns || at->ns >= death->back_ns)
            continue;
        if (t->late++ == 0) {
            t->late_sender = sender;
            t->late_at = *at;
        }
        return;
    }
}

static bool add(struct tuplecheck *t, const struct frame *frame)
{
    struct segment segment;
    enum packet_kind kind = packet_decode(frame->link, frame->data, frame->captured, frame->length, &segment);
    if (segment.sender == 0)
        segment.sender = SENDER_OF_FILE + frame->at.file;
    if (t->packets++ == 0)
        t->first_ns = frame->at.ns;
    t->last_ns = frame->at.ns;
    t->kinds[kind]++;
    note_late(t, segment.sender, &frame->at);
    return (kind != PACKET_TCP && kind != PACKET_UDP) || flow_table_add(&t->flows, &segment, &frame->at);
}

static void begin(struct tuplecheck *t, const char *const *files, size_t file_count, const struct flow_options *options)
{
    static const struct flow_options none;
    memset(t, 0, sizeof *t);
    t->files = files;
    t->file_count = file_count;
    t->out_of_memory = !flow_table_init(&t->flows, options ? options : &none);
}

void tuplecheck_begin(struct tuplecheck *t, const char *const *files, size_t file_count, const struct flow_options *options)
{
    begin(t, files, file_count, options);
    t->reader = t->out_of_memory ? NULL : reader_open(files, file_count, note_damage, t);
    t->out_of_memory = !t->reader;
}

void tuplecheck_begin_live(struct tuplecheck *t, const char *const *interface, const char *keep,
                           const struct flow_options *options)
{
    begin(t, interface, 1, options);
    t->reader = t->out_of_memory ? NULL : reader_open_live(interface, keep, note_damage, t);
    t->out_of_memory = !t->reader;
}

enum reader_result tuplecheck_step(struct tuplecheck *t)
{
    struct frame frame;
    if (!t->reader || t->out_of_memory)
        return READER_END;
    enum reader_result result = reader_next(t->reader, &frame);
    if (result == READER_FRAME)
        t->out_of_memory = !add(t, &frame);
    return result;
}

void tuplecheck_end(struct tuplecheck *t)
{
    if (!t->reader)
        return;
    t->lost = reader_lost(t->reader);
    reader_close(t->reader);
    t->reader = NULL;
}

void tuplecheck_files(struct tuplecheck *t, const char *const *files, size_t file_count, const struct flow_options *options)
{
    tuplecheck_begin(t, files, file_count, options);
    while (tuplecheck_step(t) != READER_END)
        continue;
    tuplecheck_end(t);
}

void tuplecheck_free(struct tuplecheck *t)
{
    tuplecheck_end(t);
    for (size_t i = 0; i < DAMAGE_MAX; i++)
        free(t->damage[i]);
    flow_table_free(&t->flows);
}

static bool opened(const struct tuplecheck *t)
{
    return t->flows.total.opened || t->flows.total.udp_flows;
}

static bool complete(const struct tuplecheck *t)
{
    return !t->out_of_memory && !t->broken_off && !t->damage_count && !t->lost && !t->kinds[PACKET_CUT] && opened(t);
}

enum verdict tuplecheck_verdict(const struct tuplecheck *t)
{
    if (t->flows.collision_count || t->late)
        return VERDICT_VIOLATED;
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
    if (t->broken_off)
        doubt(&d, "broken off after packet %lu", (unsigned long)t->packets);
    if (t->lost)
        doubt(&d, "%lu packets were lost because they could not be read fast enough", (unsigned long)t->lost);
    if (t->kinds[PACKET_CUT])
        doubt(&d, "%lu packets are cut off before the end of their headers; capture 96 bytes of each or more",
              (unsigned long)t->kinds[PACKET_CUT]);
    if (!t->packets && !t->damage_count)
        doubt(&d, "the capture holds no packets");
    else if (t->packets && !opened(t))
        doubt(&d, "no connection was opened%s", t->flows.options.address_count ? " from the given addresses" : "");
    return d.count;
}
