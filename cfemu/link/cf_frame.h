/* Frames: make a header, and judge what comes in before any of it is used. Knows nothing of sockets (cf_link.h has the
 * layout, the fuzz target feeds it). */
#ifndef CF_FRAME_H
#define CF_FRAME_H

#include "cfemu/link/cf_link.h"

struct link_frame {
    enum link_type type;
    uint64_t sequence;
    uint32_t length;        /* of the body, within the bounds of its type */
    const uint8_t *body;
};

enum link_judgement { LINK_WHOLE, LINK_PARTIAL, LINK_BAD };

/* Look at have bytes. allowed: LINK_ALLOW() of the types that may come now. LINK_WHOLE: frame is set, and LINK_HEADER +
 * frame->length bytes are used. LINK_PARTIAL: more is needed; *need says how many bytes there must be in all before it
 * is worth to look again. LINK_BAD: this is no frame that may come. */
enum link_judgement link_frame_judge(const uint8_t *bytes, size_t have, uint32_t allowed, struct link_frame *frame, size_t *need);

/* The longest frame of the allowed types, bytes with the header. */
size_t link_frame_longest(uint32_t allowed);

/* Write the header of a frame. Result: bytes of the whole frame. */
size_t link_frame_header(uint8_t *bytes, enum link_type type, uint64_t sequence, uint32_t length);

#endif
