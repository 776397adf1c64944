#include "tools/tuplecheck/tests/script.h"

#include <string.h>

bool script_begin(struct script *s, const char *path)
{
    return script_begin_link(s, path, DLT_EN10MB);
}

bool script_begin_link(struct script *s, const char *path, int link)
{
    *s = (struct script){ .us = 1000000000000, .link = link };
    s->pcap = pcap_open_dead(link, 65535);
    s->dumper = s->pcap ? pcap_dump_open(s->pcap, path) : NULL;
    return s->dumper != NULL;
}

void script_end(struct script *s)
{
    pcap_dump_close(s->dumper);
    pcap_close(s->pcap);
}

static uint8_t *put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
    return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    return put16(put16(p, v >> 16), v);
}

static uint8_t *put_mac(uint8_t *p, uint64_t mac)
{
    return put32(put16(p, (uint32_t)(mac >> 32)), (uint32_t)mac);
}

static uint8_t *put_bytes(uint8_t *p, unsigned zeros)
{
    memset(p, 0, zeros);
    return p + zeros;
}

/* The link layer's header, with the type of what follows. */
static uint8_t *put_link(uint8_t *p, const struct script *s, const struct segment *seg, uint64_t receiver, uint16_t type)
{
    switch (s->link) {
    case DLT_LINUX_SLL:
        p = put_mac(put16(put16(put16(p, 0), 1), 6), seg->sender);
        return put16(put16(p, 0), type);
    case DLT_LINUX_SLL2:
        p = put16(put32(put16(put16(p, type), 0), 3), 1);
        p = put_mac(put16(p, 6), seg->sender);
        return put16(p, 0);
    case DLT_RAW:
        return p;
    default:
        p = put_mac(put_mac(p, receiver), seg->sender);
        if (s->vlan)
            p = put16(put16(p, 0x8100), 42);
        return put16(p, type);
    }
}

static uint8_t *put_ip(uint8_t *p, const struct segment *seg, uint32_t length)
{
    uint8_t protocol = seg->udp ? 17 : 6;
    if (address_is_v4(seg->source)) {
        p = put32(put16(put16(p, 0x4500), 20 + length), 0x00010000);
        p = put32(p, 0x40000000 | (uint32_t)protocol << 16);
        return put32(put32(p, (uint32_t)seg->source.low), (uint32_t)seg->destination.low);
    }
    p = put16(put32(p, 0x60000000), 8 + length);
    p = put16(p, 60u << 8 | 64);                /* destination options come first */
    const struct address ends[] = { seg->source, seg->destination };
    for (int i = 0; i < 2; i++) {
        p = put32(put32(p, (uint32_t)(ends[i].high >> 32)), (uint32_t)ends[i].high);
        p = put32(put32(p, (uint32_t)(ends[i].low >> 32)), (uint32_t)ends[i].low);
    }
    return put_bytes(put16(put16(p, (uint32_t)protocol << 8), 0x0104), 4);
}

static uint8_t *put_transport(uint8_t *p, const struct segment *seg)
{
    p = put16(put16(p, seg->source_port), seg->destination_port);
    if (seg->udp)
        return put16(put16(p, 8 + seg->length), 0);
    p = put32(put32(p, seg->seq), seg->ack);
    return put32(put16(put16(p, 0x5000u | seg->flags), 8192), 0);
}

uint32_t script_frame(const struct script *s, const struct segment *seg, uint64_t receiver, uint8_t frame[FRAME_MAX])
{
    uint8_t *p = put_link(frame, s, seg, receiver, address_is_v4(seg->source) ? 0x0800 : 0x86dd);
    p = put_ip(p, seg, (seg->udp ? 8 : 20) + seg->length);
    return (uint32_t)(put_transport(p, seg) - frame);
}

void script_bytes(struct script *s, const uint8_t *bytes, uint32_t captured, uint32_t length)
{
    struct pcap_pkthdr header = { .caplen = captured, .len = length };
    header.ts.tv_sec = s->us / 1000000;
    header.ts.tv_usec = s->us % 1000000;
    s->us += 1000;
    pcap_dump((u_char *)s->dumper, &header, bytes);
}

/* The end of the network that a story is told in. */
static struct address end_point(const struct script *s, struct address a)
{
    if (s->ipv6)
        return (struct address){ 0x20010db800000000u, a.low & 0xffffffff };
    return a;
}

static void put_segment(struct script *s, const struct segment *seg, uint64_t receiver)
{
    uint8_t frame[FRAME_MAX];
    uint32_t headers = script_frame(s, seg, receiver, frame);
    uint32_t captured = s->cut && s->cut < headers ? s->cut : headers;
    script_bytes(s, frame, captured, headers + seg->length);
}

static uint32_t numbers(uint8_t flags, uint32_t length)
{
    return length + ((flags & TCP_SYN) != 0) + ((flags & TCP_FIN) != 0);
}

static struct segment of_image(const struct script *s, const struct talk *t)
{
    return (struct segment){ .sender = MAC_IMAGE(t->image), .source = end_point(s, DVIPA), .destination = end_point(s, SERVER),
                             .source_port = t->port, .destination_port = 80 };
}

static struct segment of_server(const struct script *s, const struct talk *t)
{
    return (struct segment){ .sender = MAC_SERVER, .source = end_point(s, SERVER), .destination = end_point(s, DVIPA),
                             .source_port = 80, .destination_port = t->port };
}

void image_sends(struct script *s, struct talk *t, uint8_t flags, uint32_t length)
{
    struct segment seg = of_image(s, t);
    seg.seq = t->sent;
    seg.ack = flags & TCP_ACK ? t->received : 0;
    seg.length = length;
    seg.flags = flags;
    put_segment(s, &seg, MAC_SERVER);
    t->sent += numbers(flags, length);
}

void server_sends(struct script *s, struct talk *t, uint8_t flags, uint32_t length)
{
    struct segment seg = of_server(s, t);
    seg.seq = t->received;
    seg.ack = flags & TCP_ACK ? t->sent : 0;
    seg.length = length;
    seg.flags = flags;
    put_segment(s, &seg, MAC_IMAGE(1));
    t->received += numbers(flags, length);
}

void image_datagram(struct script *s, const struct talk *t)
{
    struct segment seg = of_image(s, t);
    seg.udp = true;
    put_segment(s, &seg, MAC_SERVER);
}

void server_datagram(struct script *s, const struct talk *t)
{
    struct segment seg = of_server(s, t);
    seg.udp = true;
    put_segment(s, &seg, MAC_IMAGE(1));
}

struct talk script_syn(struct script *s, unsigned image, uint16_t port, uint32_t isn)
{
    struct talk t = { .image = image, .port = port, .sent = isn, .received = isn * 7 + 1 };
    image_sends(s, &t, TCP_SYN, 0);
    return t;
}

void script_accept(struct script *s, struct talk *t)
{
    server_sends(s, t, TCP_SYN | TCP_ACK, 0);
    image_sends(s, t, TCP_ACK, 0);
}

void script_ask(struct script *s, struct talk *t)
{
    image_sends(s, t, TCP_ACK, 40);
    server_sends(s, t, TCP_ACK, 200);
}

void script_close(struct script *s, struct talk *t)
{
    image_sends(s, t, TCP_FIN | TCP_ACK, 0);
    server_sends(s, t, TCP_FIN | TCP_ACK, 0);
    image_sends(s, t, TCP_ACK, 0);
}
