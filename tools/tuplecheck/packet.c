/* Decoding walks a cursor over the captured bytes. A getter that would pass the end delivers 0 and marks the cursor as
 * run out; nothing is read there. So a decoder reads straight on and asks once, where it matters, whether all of it was
 * there. What running out means depends on the frame: cut by the capture, or short by itself. */
#include "tools/tuplecheck/packet.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_QINQ = 0x88a8,
    ETHERTYPE_QINQ_OLD = 0x9100,
    VLAN_TAGS_MAX = 4,          /* more than two do not occur in practice; bounds the walk */
    IPV4_HEADER_MIN = 20,
    TCP_HEADER_MIN = 20,
    PROTOCOL_TCP = 6,
};

struct cursor {
    const uint8_t *at;
    uint32_t left;
    bool ran_out;
};

static const uint8_t *take(struct cursor *c, uint32_t bytes)
{
    if (c->ran_out || c->left < bytes) {
        c->ran_out = true;
        return NULL;
    }
    const uint8_t *p = c->at;
    c->at += bytes;
    c->left -= bytes;
    return p;
}

static uint8_t get_u8(struct cursor *c)
{
    const uint8_t *p = take(c, 1);
    return p ? p[0] : 0;
}

static uint16_t get_u16(struct cursor *c)
{
    const uint8_t *p = take(c, 2);
    if (!p)
        return 0;
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get_u32(struct cursor *c)
{
    uint32_t high = get_u16(c);
    return high << 16 | get_u16(c);
}

static uint64_t get_mac(struct cursor *c)
{
    uint64_t high = get_u16(c);
    return high << 32 | get_u32(c);
}

static void skip(struct cursor *c, uint32_t bytes)
{
    (void)take(c, bytes);
}

static bool is_vlan(uint16_t type)
{
    return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

/* The Ethernet header with its tags. Returns the type of what follows. */
static uint16_t get_ethernet(struct cursor *c, struct segment *s)
{
    skip(c, 6);
    s->sender = get_mac(c);
    uint16_t type = get_u16(c);
    for (int tags = 0; is_vlan(type) && tags < VLAN_TAGS_MAX; tags++) {
        skip(c, 2);
        type = get_u16(c);
    }
    return type;
}

/* The IPv4 header. *payload: bytes of the datagram behind it, as far as the header tells; wire_left: bytes of the frame
 * from the header's first byte on. */
static enum packet_kind get_ipv4(struct cursor *c, uint32_t wire_left, struct segment *s, uint32_t *payload)
{
    uint8_t version_length = get_u8(c);
    skip(c, 1);
    uint32_t total = get_u16(c);
    skip(c, 2);
    uint16_t fragment = get_u16(c);
    skip(c, 1);
    uint8_t protocol = get_u8(c);
    skip(c, 2);
    s->source = get_u32(c);
    s->destination = get_u32(c);
    if (c->ran_out)
        return PACKET_CUT;

    uint32_t header = (version_length & 0x0fu) * 4;
    if (total == 0)             /* segmentation offload leaves it empty: the frame's own length says it */
        total = wire_left;
    if (version_length >> 4 != 4 || header < IPV4_HEADER_MIN || total < header || total > wire_left)
        return PACKET_MALFORMED;
    if (protocol != PROTOCOL_TCP)
        return PACKET_OTHER;
    if (fragment & 0x1fff)
        return PACKET_FRAGMENT;
    skip(c, header - IPV4_HEADER_MIN);
    *payload = total - header;
    return PACKET_TCP;
}

static enum packet_kind get_tcp(struct cursor *c, uint32_t payload, struct segment *s)
{
    s->source_port = get_u16(c);
    s->destination_port = get_u16(c);
    s->seq = get_u32(c);
    s->ack = get_u32(c);
    uint8_t offset = get_u8(c);
    s->flags = get_u8(c);
    if (c->ran_out)
        return PACKET_CUT;

    uint32_t header = (offset >> 4) * 4u;
    if (header < TCP_HEADER_MIN || header > payload)
        return PACKET_MALFORMED;
    s->length = payload - header;
    return PACKET_TCP;
}

enum packet_kind packet_decode(const uint8_t *data, uint32_t captured, uint32_t length, struct segment *segment)
{
    struct cursor c = { .at = data, .left = captured };
    uint16_t type = get_ethernet(&c, segment);
    enum packet_kind kind = PACKET_CUT;

    if (!c.ran_out && type != ETHERTYPE_IPV4)
        return PACKET_OTHER;
    if (!c.ran_out) {
        uint32_t payload = 0;
        uint32_t before = captured - c.left;
        kind = length < before ? PACKET_MALFORMED : get_ipv4(&c, length - before, segment, &payload);
        if (kind == PACKET_TCP)
            kind = get_tcp(&c, payload, segment);
    }
    return kind == PACKET_CUT && captured >= length ? PACKET_MALFORMED : kind;
}
