/* Fuzz target: commands to a small pair of coupling facilities, from two connections. At the end every invariant must hold.
 *
 * An input is a byte that chooses the structure, then commands:
 *
 *   command (2)   how (1)   n (1)   n pairs: offset in the MCB, value
 *
 * how: bit 0 = which connection; bits 1-2 = room for the answer's data: all, none, 300, 4096 bytes; bits 3-4 = data that
 * comes with it: as MCB_DATALEN says, none, 100 bytes. A pair with an offset from TAKE on takes a field of the last
 * answer over, so that what the facility gave out (LEIDs, restart tokens, versions) is met again.
 *
 * The segments are made once; each input starts with the bytes that they had then. Chance is switched off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cfemu/engine/cf_request.h"
#include "cfemu/engine/cf_segment.h"
#include "tools/fuzz/fuzz.h"

#define SIZE (2u << 20)
#define COMMANDS_MAX 200
#define TAKE 0xF8u

const char fuzz_corpus[] = "cfemu/fuzz/corpus/message";

static struct cf *cf, *other_cf;
static uint8_t *pristine[2];
static struct cf_user users[2];
static uint8_t mrb[CF_MRB_SIZE];

/* Instead of the system's: the same tokens and hash seeds in each run of an input. */
static uint64_t drawn;

ssize_t getrandom(void *to, size_t size, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < size; i++) {
        drawn = drawn * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)to)[i] = (uint8_t)(drawn >> 56);
    }
    return (ssize_t)size;
}

static void require(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "message_fuzz: %s\n", what);
    abort();
}

static void start(void)
{
    char first[64], second[64];
    snprintf(first, sizeof first, "cf_fuzz.%d.1", (int)getpid());
    snprintf(second, sizeof second, "cf_fuzz.%d.2", (int)getpid());
    int error = cf_create(first, "CF01", SIZE);
    if (error == 0)
        error = cf_create(second, "CF02", SIZE);
    if (error == 0)
        error = cf_pair(first, second);
    if (error == 0)
        error = cf_open(first, "SYS1", &cf);
    if (error == 0)
        error = cf_open(first, "SYS2", &other_cf);
    cf_remove(first);
    cf_remove(second);
    require(error == 0, "no segments");
    for (int i = 0; i < 2; i++) {
        pristine[i] = malloc(SIZE);
        require(pristine[i] != NULL, "no memory");
        memcpy(pristine[i], cf->half[i].base, SIZE);
    }
}

/* The structure by the bits of the first byte: reference option or lock structure (2), locks or a wide lock table, adjunct or
 * record data, element size, no elements, disposition, what list limits count. */
static void connect_user(int number, uint8_t shape)
{
    static const uint8_t references[4] = {0, CF_CONN_NAMED, CF_CONN_KEYED, 0};
    bool lock = (shape & 3) == 3;
    uint8_t mcb[CF_MCB_SIZE];
    uint8_t *own = mcb + MCB_OWN;
    cf_request_connect(mcb, "FUZZ", number == 0 ? "ONE" : "TWO", "FUZZ");
    put_be32(own + CONN_SIZE_KIB, 768);
    put_be32(own + CONN_VECTORLEN, lock ? 0 : 64);
    put_be32(own + CONN_LOCKENTRIES, lock || shape & 4 ? 4 : 0);
    own[CONN_FLAGS] = shape & 64 ? CF_CONN_CONDISP_KEEP : 0;
    if (lock) {
        put_be32(own + CONN_RECORDS, shape & 8 ? 16 : 0);
        own[CONN_MAXCONN] = shape & 4 ? 255 : 8;
    } else {
        put_be32(own + CONN_LISTHEADERS, 4);
        put_be16(own + CONN_MAXELEMNUM, 255);
        put_be16(own + CONN_ENTRYRATIO, 1);
        put_be16(own + CONN_ELEMENTRATIO, shape & 32 ? 0 : 1);
        own[CONN_ELEMCHAR] = shape & 16 ? 4 : 0;
        put_be16(own + CONN_EMCSTGPCT, (shape & 3) == 2 ? 2000 : 0);
        own[CONN_FLAGS] |= (uint8_t)(references[shape & 3] | (shape & 8 ? CF_CONN_ADJUNCT : 0) | (shape & 128 ? CF_CONN_LIMIT_ELEMENTS : 0));
    }
    cf_send_connect(number == 0 ? cf : other_cf, mcb, mrb, &users[number]);
}

/* Fields of the last answer, and where they belong in the next request. */
static void take_over(uint8_t *mcb, uint8_t which)
{
    static const struct {
        uint8_t from, to, size;
    } fields[] = {{MRB_LEID, MCB_LEID, CF_LEID_SIZE},    {MRB_RESTART, MCB_RESTART, 8},         {MRB_VERSION, MCB_VERSION_COMP, 8},
                  {MRB_NAME, MCB_NAME, CF_NAME_SIZE},    {MRB_ADJUNCT, MCB_ADJUNCT, 64},        {MRB_LIST, MCB_LIST, 4},
                  {MRB_STRUCTURE, MCB_STRUCTURE, 4},     {MRB_TOKEN, MCB_TOKEN, 8}};
    memcpy(mcb + fields[which].to, mrb + fields[which].from, fields[which].size);
}

/* Execute the command at data. Result: its bytes. */
static size_t command(const uint8_t *data, size_t size)
{
    static const uint32_t rooms[4] = {CF_DATA_MAX, 0, 300, 4096};
    uint8_t mcb[CF_MCB_SIZE];
    uint8_t how = data[2];
    size_t used = 4, count = data[3];
    cf_request(mcb, &users[how & 1], (enum cf_command)get_be16(data));
    for (; count > 0 && used + 2 <= size; count--, used += 2) {
        if (data[used] >= TAKE)
            take_over(mcb, (uint8_t)(data[used] - TAKE));
        else
            mcb[data[used]] = data[used + 1];
    }
    uint32_t length = get_be32(mcb + MCB_DATALEN);
    uint32_t out_len = (how >> 3 & 3) == 1 ? 0 : (how >> 3 & 3) == 2 ? 100 : length > CF_DATA_MAX ? CF_DATA_MAX : length;
    uint32_t room = rooms[how >> 1 & 3];
    uint8_t *out = malloc(out_len + 1), *in = malloc(room + 1);         /* so that the sanitizer sees each byte beyond them */
    require(out && in, "no memory");
    for (uint32_t i = 0; i < out_len; i++)
        out[i] = data[i % (used < size ? used : size)];
    cf_message(users[how & 1].cf, mcb, out, out_len, mrb, in, room);
    require(get_be32(mrb + MRB_DATALEN) <= room || get_be16(mrb + MRB_RESPONSE) != CF_RSP_OK, "more data than the buffer holds");
    free(out);
    free(in);
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!cf)
        start();
    drawn = 1;
    for (int i = 0; i < 2; i++)
        memcpy(cf->half[i].base, pristine[i], SIZE);
    size_t at = size > 0;
    connect_user(0, at > 0 ? data[0] : 0);
    connect_user(1, at > 0 ? data[0] : 0);
    for (int i = 0; i < COMMANDS_MAX && at + 4 <= size; i++)
        at += command(data + at, size - at);
    require(cf_check(cf, stderr) == 0, "the check has findings");
    return 0;
}
