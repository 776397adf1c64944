#include "cfemu/link/cf_session.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"

static bool system_valid(const char *system)
{
    size_t length = strlen(system);
    return length >= 1 && strspn(system, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$") == length;
}

/* Without the blanks behind it. */
static void system_trim(char *system)
{
    for (size_t length = strlen(system); length > 0 && system[length - 1] == ' '; length--)
        system[length - 1] = '\0';
}

int link_hello_read(const struct link_frame *frame, struct link_hello *hello)
{
    const uint8_t *body = frame->body;
    if (get_be16(body + HELLO_VERSION) != LINK_VERSION || get_be32(body + HELLO_ZERO) != 0)
        return LINK_REFUSED_VERSION;
    *hello = (struct link_hello){
        .kind = (enum link_kind)get_be16(body + HELLO_KIND),
        .epoch = get_be64(body + HELLO_EPOCH),
    };
    if (hello->kind != LINK_COMMANDS && hello->kind != LINK_EVENTS)
        return LINK_REFUSED_VERSION;
    memcpy(hello->name, body + HELLO_NAME, LINK_NAME_SIZE);
    memcpy(hello->system, body + HELLO_SYSTEM, LINK_SYSTEM_SIZE);
    system_trim(hello->system);
    return system_valid(hello->system) ? 0 : LINK_REFUSED_SYSTEM;
}

static size_t command(struct cf *cf, const struct link_frame *frame, uint8_t *out)
{
    uint8_t *mrb = out + LINK_HEADER + RESPONSE_MRB;
    uint32_t in_cap = get_be32(frame->body + COMMAND_IN_CAP);
    cf_message(cf, frame->body + COMMAND_MCB, frame->body + COMMAND_DATA, frame->length - COMMAND_DATA, mrb,
               out + LINK_HEADER + RESPONSE_DATA, in_cap);
    uint32_t length = get_be32(mrb + MRB_DATALEN);
    if (length > in_cap)        /* CF_RSP_BUFFER_FULL: it says how much there would be */
        length = 0;
    return link_frame_header(out, LINK_RESPONSE, frame->sequence, RESPONSE_DATA + length);
}

size_t link_session_answer(struct cf *cf, const struct link_frame *frame, uint8_t *out)
{
    if (frame->type == LINK_COMMAND)
        return command(cf, frame, out);
    return link_frame_header(out, LINK_PONG, frame->sequence, 0);
}

size_t link_session_welcome(uint8_t *out, const uint8_t cfname[8], uint32_t interval_ms, uint64_t epoch)
{
    uint8_t *body = out + LINK_HEADER;
    memset(body, 0, WELCOME_SIZE);
    put_be64(body + WELCOME_MAGIC, LINK_MAGIC);
    put_be16(body + WELCOME_VERSION, LINK_VERSION);
    put_be32(body + WELCOME_INTERVAL, interval_ms);
    memcpy(body + WELCOME_NAME, cfname, 8);
    put_be64(body + WELCOME_EPOCH, epoch);
    return link_frame_header(out, LINK_WELCOME, 0, WELCOME_SIZE);
}

size_t link_session_refuse(uint8_t *out, enum link_refusal reason)
{
    uint8_t *body = out + LINK_HEADER;
    memset(body, 0, REFUSED_SIZE);
    put_be64(body + REFUSED_MAGIC, LINK_MAGIC);
    put_be16(body + REFUSED_VERSION, LINK_VERSION);
    put_be16(body + REFUSED_REASON, (uint16_t)reason);
    return link_frame_header(out, LINK_REFUSED, 0, REFUSED_SIZE);
}

size_t link_session_notify(uint8_t *out, uint64_t sequence, bool news)
{
    put_be32(out + LINK_HEADER + NOTIFY_NEWS, news);
    return link_frame_header(out, LINK_NOTIFY, sequence, NOTIFY_SIZE);
}
