/* From the bytes of one captured packet to the TCP segment or UDP datagram in it. Pure: no allocation, no I/O, nothing kept. */
#ifndef TUPLECHECK_PACKET_H
#define TUPLECHECK_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/tuplecheck/address.h"

enum tcp_flag { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

/* Ports and sequence numbers in host byte order; a MAC address is the 48-bit number it reads as. */
struct segment {
    uint64_t sender;            /* source MAC address; 0: the link layer tells none */
    struct address source, destination;
    uint16_t source_port, destination_port;
    uint32_t seq, ack;
    uint32_t length;            /* payload bytes, as the headers say, captured or not */
    bool udp;                   /* then seq, ack and flags are 0 */
    bool group;                 /* the link layer sends it to a group of hosts */
    uint8_t flags;
};

enum packet_kind {
    PACKET_TCP,                 /* *segment is filled */
    PACKET_OTHER,               /* not TCP or UDP over IP, or to a group of hosts */
    PACKET_FRAGMENT,            /* a later fragment: carries no TCP header */
    PACKET_MALFORMED,           /* complete, but a header contradicts itself; a receiver drops it too */
    PACKET_CUT,                 /* the capture kept too few bytes of it to read the headers */
    PACKET_UDP,                 /* *segment is filled */
    PACKET_KINDS
};

/* Can packets of this link layer (DLT_..., pcap/dlt.h) be decoded? Ethernet (VLAN tags allowed), Linux cooked of either
 * version, raw IP, BSD loopback. */
bool packet_link_known(int link);

/* data: the captured bytes of a packet of a known link layer, captured: how many; length: bytes of it on the wire. Reads
 * nothing beyond data[captured - 1]. */
enum packet_kind packet_decode(int link, const uint8_t *data, uint32_t captured, uint32_t length, struct segment *segment);

#endif
