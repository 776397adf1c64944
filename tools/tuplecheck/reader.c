/* Each file is held at its next packet; the earliest of them is delivered. A handful of files, so a linear search. */
#include "tools/tuplecheck/reader.h"

#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    LIVE_SNAPLEN = 192,         /* headers with VLAN tags and extension headers */
    LIVE_BUFFER = 16 << 20,     /* in the kernel, bytes: half a second at a million packets a second */
    LIVE_WAIT_MS = 100,
};

struct source {
    pcap_t *pcap;               /* NULL: at its end */
    struct frame next;
    uint64_t size;              /* of the file, bytes */
};

struct reader {
    const char *const *names;
    size_t count;
    size_t delivered;           /* index of the source of the last frame, count = none */
    bool live;
    pcap_dumper_t *keep;        /* what an interface delivers is written there; NULL: nowhere */
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

static void source_deliver(struct source *s, const struct pcap_pkthdr *header, const u_char *data)
{
    s->next.data = data;
    s->next.captured = header->caplen < header->len ? header->caplen : header->len;
    s->next.length = header->len;
    s->next.at.number++;
    s->next.at.ns = (int64_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec;   /* opened with nanoseconds */
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
    source_deliver(s, header, data);
}

/* Is it a link layer that can be decoded? If not, it is the end of this source. */
static bool source_link(struct reader *r, size_t i)
{
    char error[128];
    int link = pcap_datalink(r->sources[i].pcap);
    r->sources[i].next.link = link;
    if (packet_link_known(link))
        return true;
    const char *name = pcap_datalink_val_to_name(link);
    snprintf(error, sizeof error, "link type %s (%d), expected Ethernet, Linux cooked, raw IP or loopback",
             name ? name : "unknown", link);
    source_end(r, i, error);
    return false;
}

static void source_open(struct reader *r, size_t i)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    struct stat status;
    r->sources[i].next.at.file = (uint32_t)i;
    r->sources[i].pcap = pcap_open_offline_with_tstamp_precision(r->names[i], PCAP_TSTAMP_PRECISION_NANO, error);
    if (!r->sources[i].pcap) {
        source_end(r, i, error);
        return;
    }
    if (fstat(fileno(pcap_file(r->sources[i].pcap)), &status) == 0 && S_ISREG(status.st_mode))
        r->sources[i].size = (uint64_t)status.st_size;
    if (source_link(r, i))
        source_advance(r, i);
}

static struct reader *reader_new(const char *const *names, size_t count, reader_damage_fn *damage, void *context)
{
    struct reader *r = calloc(1, sizeof *r + count * sizeof r->sources[0]);
    if (!r)
        return NULL;
    r->names = names;
    r->count = r->delivered = count;
    r->damage = damage;
    r->context = context;
    return r;
}

struct reader *reader_open(const char *const *names, size_t count, reader_damage_fn *damage, void *context)
{
    struct reader *r = reader_new(names, count, damage, context);
    for (size_t i = 0; r && i < count; i++)
        source_open(r, i);
    return r;
}

/* Each setting has its effect only before pcap_activate(). Positive results are warnings. */
static bool live_activate(pcap_t *p, char error[PCAP_ERRBUF_SIZE])
{
    pcap_set_snaplen(p, LIVE_SNAPLEN);
    pcap_set_promisc(p, 1);
    pcap_set_timeout(p, LIVE_WAIT_MS);
    pcap_set_buffer_size(p, LIVE_BUFFER);
    pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
    if (pcap_activate(p) < 0) {
        snprintf(error, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(p));
        return false;
    }
    if (pcap_get_tstamp_precision(p) != PCAP_TSTAMP_PRECISION_NANO) {
        snprintf(error, PCAP_ERRBUF_SIZE, "has no time stamps in nanoseconds");
        return false;
    }
    return pcap_setnonblock(p, 1, error) == 0;
}

struct reader *reader_open_live(const char *const *name, const char *keep, reader_damage_fn *damage, void *context)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    struct reader *r = reader_new(name, 1, damage, context);
    if (!r)
        return NULL;
    struct source *s = &r->sources[0];
    r->live = true;
    s->pcap = pcap_create(*name, error);
    if (!s->pcap) {
        source_end(r, 0, error);
    } else if (!live_activate(s->pcap, error)) {
        source_end(r, 0, error);
    } else if (source_link(r, 0) && keep && !(r->keep = pcap_dump_open(s->pcap, keep))) {
        snprintf(error, sizeof error, "%.200s", pcap_geterr(s->pcap));
        source_end(r, 0, error);
    }
    return r;
}

static enum reader_result live_next(struct reader *r, struct frame *frame)
{
    struct source *s = &r->sources[0];
    struct pcap_pkthdr *header;
    const u_char *data;
    if (!s->pcap)
        return READER_END;
    int got = pcap_next_ex(s->pcap, &header, &data);
    if (got == 0) {             /* libpcap's own wait has no end while nothing comes */
        struct pollfd fd = { .fd = pcap_get_selectable_fd(s->pcap), .events = POLLIN };
        (void)poll(&fd, 1, LIVE_WAIT_MS);
        return READER_NOTHING_YET;
    }
    if (got < 0) {
        char error[PCAP_ERRBUF_SIZE];
        snprintf(error, sizeof error, "%s", pcap_geterr(s->pcap));
        source_end(r, 0, error);
        return READER_END;
    }
    if (r->keep)
        pcap_dump((u_char *)r->keep, header, data);
    source_deliver(s, header, data);
    *frame = s->next;
    return READER_FRAME;
}

enum reader_result reader_next(struct reader *r, struct frame *frame)
{
    if (r->live)
        return live_next(r, frame);
    if (r->delivered < r->count)
        source_advance(r, r->delivered);
    r->delivered = r->count;
    for (size_t i = 0; i < r->count; i++)
        if (r->sources[i].pcap && (r->delivered == r->count || r->sources[i].next.at.ns < frame->at.ns)) {
            *frame = r->sources[i].next;
            r->delivered = i;
        }
    return r->delivered < r->count ? READER_FRAME : READER_END;
}

uint64_t reader_lost(const struct reader *r)
{
    struct pcap_stat counts;
    if (!r->live || !r->sources[0].pcap || pcap_stats(r->sources[0].pcap, &counts) < 0)
        return 0;
    return (uint64_t)counts.ps_drop + counts.ps_ifdrop;
}

void reader_progress(const struct reader *r, uint64_t *done, uint64_t *all)
{
    *done = *all = 0;
    for (size_t i = 0; i < r->count && !r->live; i++) {
        const struct source *s = &r->sources[i];
        long at = s->pcap ? ftell(pcap_file(s->pcap)) : (long)s->size;
        *all += s->size;
        *done += s->size && at > 0 ? (uint64_t)at : 0;
    }
}

void reader_close(struct reader *r)
{
    if (r->keep)
        pcap_dump_close(r->keep);
    for (size_t i = 0; i < r->count; i++)
        source_end(r, i, NULL);
    free(r);
}
