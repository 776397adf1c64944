/* What the server makes of a frame: no sockets, no threads, so that a fuzzer can do all that a peer can. */
#ifndef CF_SESSION_H
#define CF_SESSION_H

#include "cfemu/engine/cf.h"
#include "cfemu/link/cf_frame.h"

struct link_hello {
    enum link_kind kind;
    char name[LINK_NAME_SIZE + 1];
    char system[LINK_SYSTEM_SIZE + 1];
    uint64_t epoch;             /* LINK_EVENTS: of the link */
};

/* Take a HELLO apart. 0 or why it is refused. */
int link_hello_read(const struct link_frame *frame, struct link_hello *hello);

/* Execute a COMMAND or a PING; the answer's frame is made at out, which has LINK_FRAME_MAX bytes. Result: its length. */
size_t link_session_answer(struct cf *cf, const struct link_frame *frame, uint8_t *out);

/* Make the frames of the server's own at out. Result: the length. */
size_t link_session_welcome(uint8_t *out, const uint8_t cfname[8], uint32_t interval_ms, uint64_t epoch);
size_t link_session_refuse(uint8_t *out, enum link_refusal reason);
size_t link_session_notify(uint8_t *out, uint64_t sequence, bool news);

#endif
