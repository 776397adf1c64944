/* Each file is held at its next packet; the earliest of them is delivered. A handful of files, so a linear search. */
#include "tools/tuplecheck/reader.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

struct source {
    pcap_t *pcap;               /* NULL: at its end */
    struct frame next;
};

struct reader {
    const char *const *names;
    size_t count;
    size_t delivered;           /* index of the source of the last frame, count = none */
    reader_damage_fn *damage;
    void *context;
    struct source sources[];
};

static void source_end(struct reader *r, size_t i, const char *damage)
{
    if (damage)
        r->damage(r->context, r->names[i], damage);
    if (r->sources[i].pcap)
        pcap_close(r->sources[i].pcap);
    r->sources[i].pcap = NULL;
}

static void source_advance(struct reader *r, size_t i)
{
    struct source *s = &r->sources[i];
    struct pcap_pkthdr *header;
    const u_char *data;
    int got = pcap_next_ex(s->pcap, &header, &data);
    if (got != 1) {
        char text[PCAP_ERRBUF_SIZE + 64];
        snprintf(text, sizeof text, "%s (after packet %lu)", pcap_geterr(s->pcap), (unsigned long)s->next.at.number);
        source_end(r, i, got == PCAP_ERROR_BREAK ? NULL : text);
        return;
    }
    s->next.data = data;
    s->next.captured = header->caplen < header->len ? header->caplen : header->len;
    s->next.length = header->len;
    s->next.at.number++;
    s->next.at.ns = (int64_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec;   /* opened with nanoseconds */
}

static void source_open(struct reader *r, size_t i)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    r->sources[i].next.at.file = (uint32_t)i;
    r->sources[i].pcap = pcap_open_offline_with_tstamp_precision(r->names[i], PCAP_TSTAMP_PRECISION_NANO, error);
    if (!r->sources[i].pcap) {
        source_end(r, i, error);
        return;
    }
    int link = pcap_datalink(r->sources[i].pcap);
    if (link != DLT_EN10MB) {
        const char *name = pcap_datalink_val_to_name(link);
        snprintf(error, sizeof error, "link type %s, expected Ethernet (EN10MB)", name ? name : "unknown");
        source_end(r, i, error);
        return;
    }
    source_advance(r, i);
}

struct reader *reader_open(const char *const *names, size_t count, reader_damage_fn *damage, void *context)
{
    struct reader *r = calloc(1, sizeof *r + count * sizeof r->sources[0]);
    if (!r)
        return NULL;
    r->names = names;
    r->count = r->delivered = count;
    r->damage = damage;
    r->context = context;
    for (size_t i = 0; i < count; i++)
        source_open(r, i);
    return r;
}

bool reader_next(struct reader *r, struct frame *frame)
{
    if (r->delivered < r->count)
        source_advance(r, r->delivered);
    r->delivered = r->count;
    for (size_t i = 0; i < r->count; i++)
        if (r->sources[i].pcap && (r->delivered == r->count || r->sources[i].next.at.ns < frame->at.ns)) {
            *frame = r->sources[i].next;
            r->delivered = i;
        }
    return r->delivered < r->count;
}

void reader_close(struct reader *r)
{
    for (size_t i = 0; i < r->count; i++)
        source_end(r, i, NULL);
    free(r);
}
