#include "cfemu/link/cf_frame.h"

#include "cfemu/arch/cf_bytes.h"

static const struct { uint32_t least, most; } lengths[LINK_TYPES] = {
    [LINK_HELLO] = {HELLO_SIZE, HELLO_SIZE},
    [LINK_WELCOME] = {WELCOME_SIZE, WELCOME_SIZE},
    [LINK_REFUSED] = {REFUSED_SIZE, REFUSED_SIZE},
    [LINK_COMMAND] = {COMMAND_DATA, COMMAND_DATA + CF_DATA_MAX},
    [LINK_RESPONSE] = {RESPONSE_DATA, RESPONSE_DATA + CF_DATA_MAX},
    [LINK_PING] = {0, 0},
    [LINK_PONG] = {0, 0},
    [LINK_NOTIFY] = {NOTIFY_SIZE, NOTIFY_SIZE},
};

static bool body_valid(enum link_type type, const uint8_t *body)
{
    switch (type) {
    case LINK_HELLO:
        return get_be64(body + HELLO_MAGIC) == LINK_MAGIC;      /* the rest is judged by its version */
    case LINK_WELCOME:
        return get_be64(body + WELCOME_MAGIC) == LINK_MAGIC && get_be16(body + WELCOME_ZERO) == 0;
    case LINK_REFUSED:
        return get_be64(body + REFUSED_MAGIC) == LINK_MAGIC;
    case LINK_COMMAND:
        return get_be32(body + COMMAND_ZERO) == 0 && get_be32(body + COMMAND_IN_CAP) <= CF_DATA_MAX;
    case LINK_NOTIFY:
        return get_be32(body + NOTIFY_NEWS) <= 1;
    default:
        return true;
    }
}

enum link_judgement link_frame_judge(const uint8_t *bytes, size_t have, uint32_t allowed, struct link_frame *frame, size_t *need)
{
    *need = LINK_HEADER;
    if (have < LINK_HEADER)
        return LINK_PARTIAL;
    uint32_t length = get_be32(bytes + FRAME_LENGTH);
    uint16_t type = get_be16(bytes + FRAME_TYPE);
    if (type == 0 || type >= LINK_TYPES || !(allowed & LINK_ALLOW(type)) || get_be16(bytes + FRAME_ZERO) != 0)
        return LINK_BAD;
    if (length < lengths[type].least || length > lengths[type].most)
        return LINK_BAD;
    *need = LINK_HEADER + length;
    if (have < *need)
        return LINK_PARTIAL;
    *frame = (struct link_frame){
        .type = (enum link_type)type,
        .sequence = get_be64(bytes + FRAME_SEQUENCE),
        .length = length,
        .body = bytes + LINK_HEADER,
    };
    return body_valid(frame->type, frame->body) ? LINK_WHOLE : LINK_BAD;
}

size_t link_frame_longest(uint32_t allowed)
{
    uint32_t longest = 0;
    for (unsigned type = 1; type < LINK_TYPES; type++)
        if (allowed & LINK_ALLOW(type) && lengths[type].most > longest)
            longest = lengths[type].most;
    return LINK_HEADER + longest;
}

size_t link_frame_header(uint8_t *bytes, enum link_type type, uint64_t sequence, uint32_t length)
{
    put_be32(bytes + FRAME_LENGTH, length);
    put_be16(bytes + FRAME_TYPE, (uint16_t)type);
    put_be16(bytes + FRAME_ZERO, 0);
    put_be64(bytes + FRAME_SEQUENCE, sequence);
    return LINK_HEADER + length;
}
