/* The link: the protocol between a remote image and cfd, on one page.
 *
 * A link is two connections to the same address, over a Unix socket in clear (the permissions of the file say who may)
 * or over TCP with TLS 1.3 and a pre-shared key (cf_tls.h):
 *
 *   client                                            server: one link = one view of the CF = one attachment
 *     │ ── HELLO command ────────────────────────────► │        command connection: one request, one answer, in turn
 *     │ ◄──────────────────── WELCOME (epoch, interval)│
 *     │ ══ HELLO event (epoch) ══════════════════════► │        event connection: after its WELCOME the server alone
 *     │ ◄═════════════════════════════════════ WELCOME │        sends
 *     │ ── COMMAND: MCB, data ───────────────────────► │ ── cf_message()
 *     │ ◄───────────────────────── RESPONSE: MRB, data │
 *     │ ◄══════════════════════════════ NOTIFY (news=1)│ ◄── cf_wait(): look at your vectors
 *     │ ◄══════════════════════════════ NOTIFY (news=0)│     nothing new for a while: the connection is alive
 *     │ ── PING ──────────────► │ ◄────────────── PONG │     no command for a while
 *
 * Two connections, because then no thread ever hands a frame to another one: who sends a command reads its answer, which
 * saves a wake-up per command, and the two directions of a TLS connection are never used at once.
 *
 * A frame, big-endian as everything on it:
 *
 *   0  u32 length of the body    4  u16 type    6  u16 zero    8  u64 sequence: the answer has its request's    16 body
 *
 *   type         body                                                                         bytes
 *   HELLO        LINK_MAGIC u64, version u16, kind u16, zero u32, CF name 64, system 8, epoch 8        96
 *   WELCOME      LINK_MAGIC u64, version u16, zero u16, interval ms u32, CF name 8, epoch u64          32
 *   REFUSED      LINK_MAGIC u64, version u16, reason u16, zero u32                                     16
 *   COMMAND      bytes of data wanted at most u32, zero u32, MCB 256, data 0..65536           264..65800
 *   RESPONSE     MRB 256, data 0..65536                                                       256..65792
 *   PING, PONG   none                                                                                  0
 *   NOTIFY       news u32                                                                              4
 *
 * HELLO, WELCOME and REFUSED begin alike in every version, so that two that differ can say so. Each side knows which
 * types may come next; another type, a length outside the table, or bytes that are to be zero and are not end the link.
 * No more than the longest of the allowed frames is ever buffered: a client that has not said HELLO gets 112 bytes.
 * Nothing queues: one request is under way per link, and all notifications that nobody has fetched are one.
 *
 * Who stops first. interval, F, is the server's; it tells it in WELCOME. All times are on clocks that count suspended
 * time, of which only differences are used.
 *   - The server ends a link whose last complete frame came F ago. Then its attachment is closed: its connections fail,
 *     their tokens are of no use for ever, locks pass on, survivors get the event. A connection that is closed, because
 *     the client's process or system ended, has the same effect at once.
 *   - The client notes for each request when it sent it. If the newest request that was answered was sent at s, the
 *     server received it at r ≥ s and does not act before r + F. The client gives up at s + G, G = 2/3 F, on its own clock:
 *     F/3 before the server can. That covers clocks that run differently and a thread that wakes up late.
 *   - It pings when nothing was sent for F/6, so a healthy link never comes near. No request waits longer than G.
 *   - A client that was stopped or suspended looks at its clock before each command and before it believes an answer.
 *   - What a stopped client is in the middle of goes on when it is continued, before it can look at any clock. An emulator would
 *     send the packets that it was about to send. Another process watches it and kills it at s + 5/6 F, F/6 before the server can
 *     act, unless the program that has connections was told that the link is lost (cf_standstill(), herc-device/cfs_watchdog.c).
 *   - If the server's process ends in the middle, whoever sees that (cf_attachment_dead()) waits for F before the connections fail:
 *     its clients may not have heard of it.
 *   - A system that is fenced (CF_CMD_FENCE) has its connections failed and its link cut at once, so that a client that is
 *     well gives up at once; its attachment is closed, and the fence complete, F after its last frame.
 * To give up is for ever: the view says CF_RSP_CF_FAILED from then on. There is no reconnecting under the same epoch; a new
 * cf_open() makes a new link, view and attachment, whose connections have tokens of their own. */
#ifndef CF_LINK_H
#define CF_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfemu/arch/cf_arch.h"

#define LINK_MAGIC 0x43464C494E4B0D0Aull    /* CFLINK CR LF: a text protocol at the other end shows at once */
#define LINK_VERSION 1u

#define LINK_HEADER 16u
#define LINK_BODY_MAX (8u + CF_MCB_SIZE + CF_DATA_MAX)
#define LINK_FRAME_MAX (LINK_HEADER + LINK_BODY_MAX)

enum link_type {
    LINK_HELLO = 1,
    LINK_WELCOME = 2,
    LINK_REFUSED = 3,
    LINK_COMMAND = 4,
    LINK_RESPONSE = 5,
    LINK_PING = 6,
    LINK_PONG = 7,
    LINK_NOTIFY = 8,
    LINK_TYPES
};

#define LINK_ALLOW(type) (1u << (type))

enum { FRAME_LENGTH = 0, FRAME_TYPE = 4, FRAME_ZERO = 6, FRAME_SEQUENCE = 8 };

enum link_kind { LINK_COMMANDS = 1, LINK_EVENTS = 2 };

enum {
    HELLO_MAGIC = 0, HELLO_VERSION = 8, HELLO_KIND = 10, HELLO_ZERO = 12, HELLO_NAME = 16, HELLO_SYSTEM = 80, HELLO_EPOCH = 88,
    HELLO_SIZE = 96,
};
enum {
    WELCOME_MAGIC = 0, WELCOME_VERSION = 8, WELCOME_ZERO = 10, WELCOME_INTERVAL = 12, WELCOME_NAME = 16, WELCOME_EPOCH = 24,
    WELCOME_SIZE = 32,
};
enum { REFUSED_MAGIC = 0, REFUSED_VERSION = 8, REFUSED_REASON = 10, REFUSED_ZERO = 12, REFUSED_SIZE = 16 };
enum { COMMAND_IN_CAP = 0, COMMAND_ZERO = 4, COMMAND_MCB = 8, COMMAND_DATA = COMMAND_MCB + CF_MCB_SIZE };
enum { RESPONSE_MRB = 0, RESPONSE_DATA = CF_MRB_SIZE };
enum { NOTIFY_NEWS = 0, NOTIFY_SIZE = 4 };

#define LINK_NAME_SIZE 64u      /* of a CF or its segment, with zeros behind it */
#define LINK_SYSTEM_SIZE 8u     /* blank padded */

enum link_refusal {
    LINK_REFUSED_VERSION = 1,   /* REFUSED_VERSION says which one the server speaks */
    LINK_REFUSED_NAME = 2,      /* it serves another CF */
    LINK_REFUSED_SYSTEM = 3,    /* not 1 to 8 characters A-Z 0-9 @ # $ */
    LINK_REFUSED_FULL = 4,      /* no link or attachment is free */
    LINK_REFUSED_EPOCH = 5,     /* event connection: no such link, or it has one */
};

/* Limits, each with its reason. */
#define LINK_LINKS_MAX 128u             /* of one cfd: half the attachments of a CF stay for local processes */
#define LINK_PENDING_MAX 32u            /* connections that have not said HELLO; more wait in the kernel's queue */
#define LINK_HELLO_MS 2000u             /* for TLS and HELLO, so that who says nothing does not stay pending */
#define LINK_INTERVAL_MS 3000u          /* F, unless cfd is told otherwise: as soon as a person notices, far above the
                                           pauses of a loaded machine or a network that loses packets */
#define LINK_INTERVAL_MS_MIN 300u       /* a sixth of it still is several time slices */
#define LINK_INTERVAL_MS_MAX 60000u
#define LINK_SPIN_US 40u                /* see cf_wire.h */

static inline uint64_t link_give_up_ns(uint32_t interval_ms)
{
    return interval_ms * 1000000ull / 3 * 2;
}

static inline uint64_t link_standstill_ns(uint32_t interval_ms)
{
    return interval_ms * 1000000ull / 6 * 5;
}

static inline uint64_t link_keepalive_ns(uint32_t interval_ms)
{
    return interval_ms * 1000000ull / 6;
}

#endif
