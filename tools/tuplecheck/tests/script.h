/* Writes captures for the tests, packet by packet, through libpcap. */
#ifndef TUPLECHECK_TESTS_SCRIPT_H
#define TUPLECHECK_TESTS_SCRIPT_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/tuplecheck/packet.h"

#define DVIPA address_v4(0x0a010901)    /* 10.1.9.1 */
#define SERVER address_v4(0x0a010064)   /* 10.1.0.100 */
#define MAC_SERVER 0x02000000ff00u
#define MAC_IMAGE(n) (0x020000000000u + (n))

enum { FRAME_MAX = 192 };

struct script {
    pcap_t *pcap;
    pcap_dumper_t *dumper;
    int64_t us;                 /* time of the next packet; each takes 1 ms */
    uint32_t cut;               /* bytes kept of each packet, 0 = all */
    int link;                   /* DLT_... */
    bool vlan, ipv6;
};

/* One side of a connection between an image and the server, with its sequence numbers. */
struct talk {
    unsigned image;
    uint16_t port;              /* of the image; the server's is 80 */
    uint32_t sent, received;    /* next sequence number of the image, of the server */
};

bool script_begin(struct script *s, const char *path);
bool script_begin_link(struct script *s, const char *path, int link);
void script_end(struct script *s);

/* Bytes of the packet that carries this segment, on the script's link layer. receiver: MAC address. */
uint32_t script_frame(const struct script *s, const struct segment *seg, uint64_t receiver, uint8_t frame[FRAME_MAX]);

/* Write raw bytes as a packet. length: bytes it had on the wire. */
void script_bytes(struct script *s, const uint8_t *bytes, uint32_t captured, uint32_t length);

/* The image, the server sends. The sequence numbers of the talk move on. */
void image_sends(struct script *s, struct talk *t, uint8_t flags, uint32_t length);
void server_sends(struct script *s, struct talk *t, uint8_t flags, uint32_t length);

/* A UDP datagram of the image, of the server. */
void image_datagram(struct script *s, const struct talk *t);
void server_datagram(struct script *s, const struct talk *t);

/* The usual parts of a connection. */
struct talk script_syn(struct script *s, unsigned image, uint16_t port, uint32_t isn);
void script_accept(struct script *s, struct talk *t);                   /* SYN ACK, ACK: 2 packets */
void script_ask(struct script *s, struct talk *t);                      /* request, answer: 2 packets */
void script_close(struct script *s, struct talk *t);                    /* FIN ACK, FIN ACK, ACK: 3 packets */

#endif
