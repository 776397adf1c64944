#include "tools/tuplecheck/tests/script.h"

#include <string.h>

bool script_begin(struct script *s, const char *path)
{
    *s = (struct script){ .us = 1000000000000 };
    s->pcap = pcap_open_dead(DLT_EN10MB, 65535);
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

uint32_t script_frame(const struct segment *seg, uint64_t receiver, bool vlan, uint8_t frame[FRAME_MAX])
{
    memset(frame, 0, FRAME_MAX);
    uint8_t *p = put_mac(put_mac(frame, receiver), seg->sender);
    if (vlan)
        p = put16(put16(p, 0x8100), 42);
    p = put16(p, 0x0800);
    p = put16(p, 0x4500);
    p = put16(p, 40 + seg->length);
    p = put32(p, 0x00010000);
    p = put32(p, 0x40060000);
    p = put32(put32(p, seg->source), seg->destination);
    p = put16(put16(p, seg->source_port), seg->destination_port);
    p = put32(put32(p, seg->seq), seg->ack);
    p = put16(p, 0x5000u | seg->flags);
    p = put16(p, 8192);
    return (uint32_t)(p + 4 - frame);
}

void script_bytes(struct script *s, const uint8_t *bytes, uint32_t captured, uint32_t length)
{
    struct pcap_pkthdr header = { .caplen = captured, .len = length };
    header.ts.tv_sec = s->us / 1000000;
    header.ts.tv_usec = s->us % 1000000;
    s->us += 1000;
    pcap_dump((u_char *)s->dumper, &header, bytes);
}

static void put_segment(struct script *s, const struct segment *seg, uint64_t receiver)
{
    uint8_t frame[FRAME_MAX];
    uint32_t headers = script_frame(seg, receiver, s->vlan, frame);
    uint32_t captured = s->cut && s->cut < headers ? s->cut : headers;
    script_bytes(s, frame, captured, headers + seg->length);
}

static uint32_t numbers(uint8_t flags, uint32_t length)
{
    return length + ((flags & TCP_SYN) != 0) + ((flags & TCP_FIN) != 0);
}

void image_sends(struct script *s, struct talk *t, uint8_t flags, uint32_t length)
{
    struct segment seg = { .sender = MAC_IMAGE(t->image), .source = DVIPA, .destination = SERVER, .source_port = t->port,
                           .destination_port = 80, .seq = t->sent, .ack = flags & TCP_ACK ? t->received : 0,
                           .length = length, .flags = flags };
    put_segment(s, &seg, MAC_SERVER);
    t->sent += numbers(flags, length);
}

void server_sends(struct script *s, struct talk *t, uint8_t flags, uint32_t length)
{
    struct segment seg = { .sender = MAC_SERVER, .source = SERVER, .destination = DVIPA, .source_port = 80,
                           .destination_port = t->port, .seq = t->received, .ack = flags & TCP_ACK ? t->sent : 0,
                           .length = length, .flags = flags };
    put_segment(s, &seg, MAC_IMAGE(1));
    t->received += numbers(flags, length);
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
