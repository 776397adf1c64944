/* One command on its way through the engine: what came in, what goes out, and what it works on. */
#ifndef CF_CALL_H
#define CF_CALL_H

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf_segment.h"

struct cf_call {
    struct cf *cf;
    const uint8_t *mcb;
    const uint8_t *out;
    uint32_t out_len;
    uint8_t *mrb;
    uint8_t *in;
    uint32_t in_cap;
    uint32_t wait_us;       /* for the structure, the directory: then CF_RSP_BUSY */
    /* set when the structure is locked and the connection found */
    struct cf_structure *s;
    struct cf_conn *conn;
    uint32_t conid;
    uint64_t token;         /* CONNECT: the new one */
    struct cf_wakes wakes;
    bool became_full;       /* the structure passed FULLTHRESHOLD by this command */
    uint32_t contentions, false_contentions;    /* for the statistics */
    struct cf_wakes contenders; /* lock table: attachments of those whose interest is in the way */
    uint32_t contender;     /* attachment of the connection that holds the lock in question, or UINT32_MAX */
    bool looks_again;       /* a lock that is held is LOCK_HELD this time, and no request is counted: it is tried again at once */
};

/* Result of a command that finds fault with the MCB field at offset. */
static inline int cf_bad(struct cf_call *call, unsigned offset)
{
    put_be16(call->mrb + MRB_REASON, (uint16_t)offset);
    return CF_RSP_BAD_REQUEST;
}

#endif
