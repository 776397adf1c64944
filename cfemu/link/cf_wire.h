/* One connection of a link: whole frames in and out, in clear or through TLS, every wait with an end.
 *
 * The socket does not block; waits are this file's. Before it sleeps, a receiver that expects a frame at once may look
 * for it again and again for LINK_SPIN_US: a Unix socket hands over in about 2 µs when both sides are awake, but waking
 * one that sleeps costs 7 to 90 µs, twice per round trip. While it looks it yields the processor, so that the other side
 * can run where there are fewer processors than parties. A client always does so for its answer, as a processor waits for
 * a synchronous message; of a server's threads only as many as it has processors to spare (spinners). Who has found
 * nothing that way sleeps at once the next times, and tries again only once in a while (luck): an idle link costs nothing.
 *
 * Times are nanoseconds of link_now(), a clock that goes on while the machine is suspended. */
#ifndef CF_WIRE_H
#define CF_WIRE_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "cfemu/link/cf_frame.h"

/* Why a connection is of no use any more. */
enum link_trouble {
    LINK_FINE = 0,
    LINK_CLOSED,        /* by the other side, or by the network */
    LINK_LATE,          /* the deadline has passed */
    LINK_GARBAGE,       /* a frame that may not come */
    LINK_REFUSED_KEY,   /* the TLS handshake failed */
};

struct link_wire {
    int fd;                     /* -1: none */
    SSL *ssl;                   /* NULL: in clear */
    atomic_int *spinners;       /* places for receivers that may spin at once; NULL: no such limit */
    int luck;                   /* receives that may spin before one that found nothing by it costs the next ones theirs */
    size_t at, have;            /* input: used up to, filled up to */
    uint8_t *out;               /* a frame to send is made here: room for LINK_FRAME_MAX */
    uint8_t *in;                /* of LINK_FRAME_MAX */
};

uint64_t link_now(void);

/* Take over a connected socket; with a context, TLS over it. 0 or -ENOMEM, then the socket is closed. */
int link_wire_open(struct link_wire *wire, int fd, SSL_CTX *context);

/* Close and free it. No other thread may be in it: link_wire_cut() gets them out. */
void link_wire_close(struct link_wire *wire);

/* From any thread: who waits in it comes back with LINK_CLOSED, and so does the other side. */
void link_wire_cut(const struct link_wire *wire);

/* The TLS handshake, nothing in clear. */
enum link_trouble link_wire_handshake(struct link_wire *wire, bool server, uint64_t deadline);

/* Send the frame of so many bytes at wire->out. */
enum link_trouble link_wire_send(struct link_wire *wire, size_t length, uint64_t deadline);

/* Receive one frame of an allowed type. spin: it is expected at once. What frame->body points to is good until the next
 * receive. */
enum link_trouble link_wire_receive(struct link_wire *wire, uint32_t allowed, bool spin, uint64_t deadline, struct link_frame *frame);

const char *link_trouble_text(enum link_trouble trouble);

#endif
