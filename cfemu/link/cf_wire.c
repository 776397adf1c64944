#include "cfemu/link/cf_wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/link/cf_tls.h"

#define LUCK_MAX 4          /* a link in use goes on spinning after some answers that took longer */
#define LUCK_NONE (-64)     /* receives without spinning before it is tried again */

uint64_t link_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const char *link_trouble_text(enum link_trouble trouble)
{
    static const char *const texts[] = {
        [LINK_FINE] = "nothing is wrong",
        [LINK_CLOSED] = "the connection was closed",
        [LINK_LATE] = "no answer in time",
        [LINK_GARBAGE] = "the other side does not keep to the protocol",
        [LINK_REFUSED_KEY] = "the other side has another key",
    };
    return texts[trouble];
}

int link_wire_open(struct link_wire *wire, int fd, SSL_CTX *context)
{
    *wire = (struct link_wire){.fd = fd, .luck = LUCK_MAX, .in = malloc(LINK_FRAME_MAX), .out = malloc(LINK_FRAME_MAX)};
    wire->ssl = context ? link_tls_attach(context, fd) : NULL;
    if (wire->in && wire->out && (wire->ssl || !context))
        return 0;
    link_wire_close(wire);
    return -ENOMEM;
}

void link_wire_close(struct link_wire *wire)
{
    SSL_free(wire->ssl);
    if (wire->fd >= 0)
        close(wire->fd);
    free(wire->in);
    free(wire->out);
    *wire = (struct link_wire){.fd = -1};
}

void link_wire_cut(const struct link_wire *wire)
{
    if (wire->fd >= 0)
        shutdown(wire->fd, SHUT_RDWR);
}

/* --- waiting --------------------------------------------------------------------------------------------------------- */

static enum link_trouble sleep_until(const struct link_wire *wire, short events, uint64_t deadline)
{
    uint64_t now = link_now();
    if (now >= deadline)
        return LINK_LATE;
    struct timespec left = {.tv_sec = (time_t)((deadline - now) / 1000000000u), .tv_nsec = (long)((deadline - now) % 1000000000u)};
    struct pollfd poll = {.fd = wire->fd, .events = events};
    ppoll(&poll, 1, &left, NULL);   /* whatever came of it: the caller tries again, and then looks at the clock again */
    return LINK_FINE;
}

/* true: something can be read. */
static bool spin(struct link_wire *wire)
{
    if (wire->luck <= 0) {
        if (++wire->luck == 0)
            wire->luck = LUCK_MAX;
        return false;
    }
    if (wire->spinners && atomic_fetch_sub(wire->spinners, 1) <= 0) {
        atomic_fetch_add(wire->spinners, 1);
        return false;
    }
    uint64_t end = link_now() + LINK_SPIN_US * 1000u;
    bool readable = false;
    char byte;
    do {
        sched_yield();
        readable = recv(wire->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
    } while (!readable && link_now() < end);
    if (wire->spinners)
        atomic_fetch_add(wire->spinners, 1);
    if (readable)
        wire->luck = LUCK_MAX;
    else if (--wire->luck == 0)
        wire->luck = LUCK_NONE;
    return readable;
}

/* --- bytes ----------------------------------------------------------------------------------------------------------- */

/* What TLS wants before it can go on; 0: it has failed. */
static short tls_wants(struct link_wire *wire, int result)
{
    int error = SSL_get_error(wire->ssl, result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ ? POLLIN : error == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

/* Result: bytes moved; 0: none now, *wants says what to wait for; -1: the connection is over. */
static ssize_t move_in(struct link_wire *wire, size_t room, short *wants)
{
    uint8_t *to = wire->in + wire->have;
    if (wire->ssl) {
        int n = SSL_read(wire->ssl, to, (int)room);
        return n > 0 ? n : (*wants = tls_wants(wire, n)) ? 0 : -1;
    }
    ssize_t n = recv(wire->fd, to, room, MSG_DONTWAIT);
    *wants = POLLIN;
    return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t move_out(struct link_wire *wire, const uint8_t *from, size_t length, short *wants)
{
    if (wire->ssl) {
        int n = SSL_write(wire->ssl, from, (int)length);
        return n > 0 ? n : (*wants = tls_wants(wire, n)) ? 0 : -1;
    }
    ssize_t n = send(wire->fd, from, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    *wants = POLLOUT;
    return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

enum link_trouble link_wire_handshake(struct link_wire *wire, bool server, uint64_t deadline)
{
    while (wire->ssl) {
        int result = server ? SSL_accept(wire->ssl) : SSL_connect(wire->ssl);
        if (result == 1)
            return link_tls_proven(wire->ssl) ? LINK_FINE : LINK_REFUSED_KEY;
        short wants = tls_wants(wire, result);
        if (wants == 0)
            return LINK_REFUSED_KEY;
        if (sleep_until(wire, wants, deadline) != LINK_FINE)
            return LINK_LATE;
    }
    return LINK_FINE;
}

enum link_trouble link_wire_send(struct link_wire *wire, size_t length, uint64_t deadline)
{
    for (size_t sent = 0; sent < length;) {
        short wants;
        ssize_t n = move_out(wire, wire->out + sent, length - sent, &wants);
        if (n < 0)
            return LINK_CLOSED;
        sent += (size_t)n;
        if (n == 0 && sleep_until(wire, wants, deadline) != LINK_FINE)
            return LINK_LATE;
    }
    return LINK_FINE;
}

/* Have need bytes of input, or more if they are there, but never more than room. */
static enum link_trouble fill(struct link_wire *wire, size_t need, size_t room, bool may_spin, uint64_t deadline)
{
    while (wire->have - wire->at < need) {
        short wants;
        ssize_t n = move_in(wire, room - (wire->have - wire->at), &wants);
        if (n < 0)
            return LINK_CLOSED;
        wire->have += (size_t)n;
        if (n == 0 && (!may_spin || !spin(wire)) && sleep_until(wire, wants, deadline) != LINK_FINE)
            return LINK_LATE;
    }
    return LINK_FINE;
}

enum link_trouble link_wire_receive(struct link_wire *wire, uint32_t allowed, bool may_spin, uint64_t deadline, struct link_frame *frame)
{
    memmove(wire->in, wire->in + wire->at, wire->have - wire->at);
    wire->have -= wire->at;
    wire->at = 0;
    size_t need, room = link_frame_longest(allowed);
    for (;;) {
        switch (link_frame_judge(wire->in, wire->have, allowed, frame, &need)) {
        case LINK_WHOLE:
            wire->at = LINK_HEADER + frame->length;
            return LINK_FINE;
        case LINK_BAD:
            return LINK_GARBAGE;
        case LINK_PARTIAL:
            break;
        }
        enum link_trouble trouble = fill(wire, need, room, may_spin, deadline);
        if (trouble != LINK_FINE)
            return trouble;
    }
}
