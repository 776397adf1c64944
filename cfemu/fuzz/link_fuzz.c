/* Fuzz target: what a peer sends to cfd. An input is the bytes of one connection, from its first; they go through the
 * frame parser and the session as the server would send them, HELLO first, then commands to a small coupling facility. At
 * the end every invariant must hold, and every answer must have been a frame that the client takes.
 *
 * The input's bytes lie at the end of their storage, a piece at a time as long as what was received by then, so that the
 * sanitizer sees every read beyond them. A token or structure id of all FF stands for the one that the last CONNECT gave:
 * chance cannot guess it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cfemu/engine/cf_request.h"
#include "cfemu/engine/cf_segment.h"
#include "cfemu/link/cf_session.h"
#include "tools/fuzz/fuzz.h"

#define SIZE (2u << 20)
#define FRAMES_MAX 100

const char fuzz_corpus[] = "cfemu/fuzz/corpus/link";

static struct cf *cf;
static uint8_t *pristine, out[LINK_FRAME_MAX];

static void require(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "link_fuzz: %s\n", what);
    abort();
}

static void start(void)
{
    char name[64];
    snprintf(name, sizeof name, "cf_link_fuzz.%d", (int)getpid());
    int error = cf_create(name, "CF01", SIZE);
    if (error == 0)
        error = cf_open(name, "FUZZ", &cf);
    cf_remove(name);
    pristine = malloc(SIZE);
    require(error == 0 && pristine, "no segment");
    memcpy(pristine, cf->base, SIZE);
}

/* The client would take the answer. */
static void answer_valid(const uint8_t *bytes, size_t length, uint64_t sequence)
{
    struct link_frame frame;
    size_t need;
    require(length <= LINK_FRAME_MAX, "an answer that is too long");
    require(link_frame_judge(bytes, length, LINK_ALLOW(LINK_RESPONSE) | LINK_ALLOW(LINK_PONG), &frame, &need) == LINK_WHOLE &&
                need == length && frame.sequence == sequence, "an answer that is none");
}

/* One frame after HELLO, which stands in storage of just its length. */
static void serve(struct link_frame *frame, uint8_t *bytes)
{
    static uint8_t structure[4], token[8];
    uint8_t *mcb = bytes + LINK_HEADER + COMMAND_MCB;
    if (frame->type == LINK_COMMAND) {
        if (get_be32(mcb + MCB_STRUCTURE) == UINT32_MAX)
            memcpy(mcb + MCB_STRUCTURE, structure, sizeof structure);
        if (get_be64(mcb + MCB_TOKEN) == UINT64_MAX)
            memcpy(mcb + MCB_TOKEN, token, sizeof token);
    }
    size_t length = link_session_answer(cf, frame, out);
    answer_valid(out, length, frame->sequence);
    const uint8_t *mrb = out + LINK_HEADER;
    if (frame->type == LINK_COMMAND && get_be16(mcb) == CF_CMD_CONNECT && get_be16(mrb) == CF_RSP_OK) {
        memcpy(structure, mrb + MRB_STRUCTURE, sizeof structure);
        memcpy(token, mrb + MRB_TOKEN, sizeof token);
    }
}

/* The next frame of so many bytes. Result: its length, 0: there is no whole one, the connection ends. */
static size_t next(const uint8_t *data, size_t size, uint32_t allowed, bool hello)
{
    size_t need = 0;
    for (;;) {
        struct link_frame frame;
        uint8_t *piece = malloc(need);
        require(piece || need == 0, "no memory");
        if (need > 0)
            memcpy(piece, data, need);
        enum link_judgement judgement = link_frame_judge(piece, need, allowed, &frame, &need);
        if (judgement == LINK_WHOLE) {
            struct link_hello read;
            if (hello && link_hello_read(&frame, &read) != 0)
                need = 0;
            else if (!hello)
                serve(&frame, piece);
        }
        free(piece);
        require(need <= link_frame_longest(allowed), "more is buffered than the longest frame");
        if (judgement == LINK_WHOLE)
            return need;
        if (judgement == LINK_BAD || need > size)
            return 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!cf)
        start();
    memcpy(cf->base, pristine, SIZE);
    size_t used = next(data, size, LINK_ALLOW(LINK_HELLO), true);
    for (int i = 0; used > 0 && i < FRAMES_MAX; i++) {
        data += used;
        size -= used;
        used = next(data, size, LINK_ALLOW(LINK_COMMAND) | LINK_ALLOW(LINK_PING), false);
    }
    require(cf_check(cf, stderr) == 0, "the facility is damaged");
    return 0;
}
