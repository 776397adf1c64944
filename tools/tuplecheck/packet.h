/* From the bytes of one captured frame to the TCP segment in it. Pure: no allocation, no I/O, nothing kept. */
#ifndef TUPLECHECK_PACKET_H
#define TUPLECHECK_PACKET_H

#include <stdint.h>

enum tcp_flag { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

/* Addresses, ports and sequence numbers in host byte order; a MAC address is the 48-bit number it reads as. */
struct segment {
    uint64_t sender;            /* source MAC address */
    uint32_t source, destination;
    uint16_t source_port, destination_port;
    uint32_t seq, ack;
    uint32_t length;            /* payload bytes, as the IP header says, captured or not */
    uint8_t flags;
};

enum packet_kind {
    PACKET_TCP,                 /* *segment is filled */
    PACKET_OTHER,               /* not TCP over IPv4 */
    PACKET_FRAGMENT,            /* a later fragment: carries no TCP header */
    PACKET_MALFORMED,           /* complete, but a header contradicts itself; a receiver drops it too */
    PACKET_CUT,                 /* the capture kept too few bytes of it to read the TCP header */
    PACKET_KINDS
};

/* data: the captured bytes of an Ethernet frame (VLAN tags allowed), captured: how many; length: bytes of the frame on
 * the wire. Reads nothing beyond data[captured - 1]. */
enum packet_kind packet_decode(const uint8_t *data, uint32_t captured, uint32_t length, struct segment *segment);

#endif
