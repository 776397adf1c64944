/* Decoding walks a cursor over the captured bytes. A getter that would pass the end delivers 0 and marks the cursor as
 * run out; nothing is read there. So a decoder reads straight on and asks once, where it matters, whether all of it was
 * there. What running out means depends on the packet: cut by the capture, or short by itself. */
#include "tools/tuplecheck/packet.h"

#include <pcap/dlt.h>
#include <stddef.h>

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_QINQ = 0x88a8,
    ETHERTYPE_QINQ_OLD = 0x9100,
    ETHERTYPE_NONE = 0x10000,   /* the IP header's version says it */
    VLAN_TAGS_MAX = 4,          /* more than two do not occur in practice; bounds the walk */
    IPV4_HEADER_MIN = 20,
    IPV6_HEADER = 40,
    IPV6_EXTENSIONS_MAX = 8,
    TCP_HEADER_MIN = 20,
    UDP_HEADER = 8,
    MAC_SIZE = 6,
    COOKED_ADDRESS_SIZE = 8,
    COOKED_BROADCAST = 1,
    COOKED_MULTICAST = 2,
};

enum {                          /* IANA protocol numbers; the extension headers of RFC 8200 */
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    IPV6_HOP_BY_HOP = 0,
    IPV6_ROUTING = 43,
    IPV6_FRAGMENT = 44,
    IPV6_AUTHENTICATION = 51,
    IPV6_DESTINATION = 60,
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

static struct address get_ipv6_address(struct cursor *c)
{
    uint64_t words[4];
    for (int i = 0; i < 4; i++)
        words[i] = get_u32(c);
    return (struct address){ words[0] << 32 | words[1], words[2] << 32 | words[3] };
}

static void skip(struct cursor *c, uint32_t bytes)
{
    (void)take(c, bytes);
}

static bool is_vlan(uint16_t type)
{
    return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

/* VLAN tags that follow a type; returns the type behind them. */
static uint16_t get_vlan(struct cursor *c, uint16_t type)
{
    for (int tags = 0; is_vlan(type) && tags < VLAN_TAGS_MAX; tags++) {
        skip(c, 2);
        type = get_u16(c);
    }
    return type;
}

static void get_packet_type(uint16_t type, struct segment *s)
{
    s->group = type == COOKED_BROADCAST || type == COOKED_MULTICAST;
}

/* The sender's address of a Linux cooked header: length bytes in a field of eight. */
static void get_cooked_sender(struct cursor *c, uint16_t length, struct segment *s)
{
    if (length == MAC_SIZE) {
        s->sender = get_mac(c);
        skip(c, COOKED_ADDRESS_SIZE - MAC_SIZE);
    } else {
        skip(c, COOKED_ADDRESS_SIZE);
    }
}

/* The link layer's header. Returns the type of what follows. */
static uint32_t get_link(struct cursor *c, int link, struct segment *s)
{
    uint16_t type;
    switch (link) {
    case DLT_EN10MB:
        s->group = get_mac(c) >> 40 & 1;
        s->sender = get_mac(c);
        return get_vlan(c, get_u16(c));
    case DLT_LINUX_SLL:         /* packet type, hardware type, length of the address, address, protocol */
        get_packet_type(get_u16(c), s);
        skip(c, 2);
        get_cooked_sender(c, get_u16(c), s);
        return get_vlan(c, get_u16(c));
    case DLT_LINUX_SLL2:        /* protocol, reserved, interface, hardware type, packet type, length, address */
        type = get_u16(c);
        skip(c, 2 + 4 + 2);
        get_packet_type(get_u8(c), s);
        get_cooked_sender(c, get_u8(c), s);
        return get_vlan(c, type);
    case DLT_NULL:
    case DLT_LOOP:
        skip(c, 4);
        return ETHERTYPE_NONE;
    default:
        return ETHERTYPE_NONE;
    }
}

/* What an IP header leaves to be read: protocol, and bytes of the datagram behind it, as far as the header tells. */
struct rest {
    uint8_t protocol;
    uint32_t length;
};

/* wire_left: bytes of the packet from the header's first byte on. PACKET_TCP: go on. */
static enum packet_kind get_ipv4(struct cursor *c, uint32_t wire_left, struct segment *s, struct rest *rest)
{
    uint8_t version_length = get_u8(c);
    skip(c, 1);
    uint32_t total = get_u16(c);
    skip(c, 2);
    uint16_t fragment = get_u16(c);
    skip(c, 1);
    rest->protocol = get_u8(c);
    skip(c, 2);
    s->source = address_v4(get_u32(c));
    s->destination = address_v4(get_u32(c));
    if (c->ran_out)
        return PACKET_CUT;

    uint32_t header = (version_length & 0x0fu) * 4;
    if (total == 0)             /* segmentation offload leaves it empty: the packet's own length says it */
        total = wire_left;
    if (version_length >> 4 != 4 || header < IPV4_HEADER_MIN || total < header || total > wire_left)
        return PACKET_MALFORMED;
    skip(c, header - IPV4_HEADER_MIN);
    rest->length = total - header;
    return fragment & 0x1fff ? PACKET_FRAGMENT : PACKET_TCP;
}

/* The extension headers of IPv6, up to the one of the transport protocol. */
static enum packet_kind get_ipv6_extensions(struct cursor *c, struct rest *rest)
{
    for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
        uint8_t header = rest->protocol;
        if (header != IPV6_HOP_BY_HOP && header != IPV6_ROUTING && header != IPV6_DESTINATION && header != IPV6_FRAGMENT &&
            header != IPV6_AUTHENTICATION)
            return PACKET_TCP;
        rest->protocol = get_u8(c);
        uint32_t words = get_u8(c);
        uint32_t bytes = header == IPV6_FRAGMENT ? 8 : header == IPV6_AUTHENTICATION ? (words + 2) * 4 : (words + 1) * 8;
        uint16_t offset = get_u16(c);
        skip(c, bytes - 4);
        if (c->ran_out)
            return PACKET_CUT;
        if (bytes > rest->length)
            return PACKET_MALFORMED;
        rest->length -= bytes;
        if (header == IPV6_FRAGMENT && offset >> 3)
            return PACKET_FRAGMENT;
    }
    return PACKET_MALFORMED;
}

static enum packet_kind get_ipv6(struct cursor *c, uint32_t wire_left, struct segment *s, struct rest *rest)
{
    uint32_t version = get_u32(c) >> 28;
    rest->length = get_u16(c);
    rest->protocol = get_u8(c);
    skip(c, 1);
    s->source = get_ipv6_address(c);
    s->destination = get_ipv6_address(c);
    if (c->ran_out)
        return PACKET_CUT;
    if (version != 6 || wire_left < IPV6_HEADER || rest->length > wire_left - IPV6_HEADER)
        return PACKET_MALFORMED;
    if (rest->length == 0)      /* segmentation offload, or a jumbogram */
        rest->length = wire_left - IPV6_HEADER;
    return get_ipv6_extensions(c, rest);
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

static enum packet_kind get_udp(struct cursor *c, uint32_t payload, struct segment *s)
{
    s->source_port = get_u16(c);
    s->destination_port = get_u16(c);
    uint32_t length = get_u16(c);
    if (c->ran_out)
        return PACKET_CUT;
    if (payload < UDP_HEADER || length < UDP_HEADER)
        return PACKET_MALFORMED;
    s->udp = true;
    s->length = length - UDP_HEADER;
    return !s->group && address_is_unicast(s->source) && address_is_unicast(s->destination) ? PACKET_UDP : PACKET_OTHER;
}

bool packet_link_known(int link)
{
    return link == DLT_EN10MB || link == DLT_LINUX_SLL || link == DLT_LINUX_SLL2 || link == DLT_RAW || link == DLT_IPV4 ||
           link == DLT_IPV6 || link == DLT_NULL || link == DLT_LOOP;
}

static enum packet_kind get_packet(struct cursor *c, int link, uint32_t captured, uint32_t length, struct segment *s)
{
    uint32_t type = get_link(c, link, s);
    if (!c->ran_out && type == ETHERTYPE_NONE && c->left)
        type = *c->at >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
    if (c->ran_out || (type == ETHERTYPE_NONE && !c->left))
        return PACKET_CUT;
    if (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6)
        return PACKET_OTHER;

    uint32_t before = captured - c->left;
    struct rest rest = { 0 };
    if (length < before)
        return PACKET_MALFORMED;
    enum packet_kind kind = type == ETHERTYPE_IPV4 ? get_ipv4(c, length - before, s, &rest)
                                                   : get_ipv6(c, length - before, s, &rest);
    if (kind != PACKET_TCP)
        return kind;
    if (rest.protocol == PROTOCOL_TCP)
        return get_tcp(c, rest.length, s);
    return rest.protocol == PROTOCOL_UDP ? get_udp(c, rest.length, s) : PACKET_OTHER;
}

enum packet_kind packet_decode(int link, const uint8_t *data, uint32_t captured, uint32_t length, struct segment *segment)
{
    struct cursor c = { .at = data, .left = captured };
    *segment = (struct segment){ 0 };
    enum packet_kind kind = get_packet(&c, link, captured, length, segment);
    return kind == PACKET_CUT && captured >= length ? PACKET_MALFORMED : kind;
}
