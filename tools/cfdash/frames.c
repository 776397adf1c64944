/* Of a model only what is in use goes into a frame: everything before the DVIPAs, then so many of them. */
#include "tools/cfdash/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "cfemu/arch/cf_bytes.h"

static const char magic[8] = "CFDASH03";
enum { FRAME_HEAD = 8 };

struct frame {
    uint8_t *bytes;         /* head, compressed model */
    size_t size;
};

struct frames {
    uint32_t max, count, first;     /* ring */
    size_t bytes_max, bytes;
    uint8_t *plain;                 /* a model as it is compressed */
    uint8_t *packed;
    struct frame *frame;
};

static size_t plain_size(uint32_t dvipas)
{
    return sizeof(struct model) + dvipas * sizeof(struct model_dvipa);
}

struct frames *frames_new(uint32_t count, size_t bytes)
{
    struct frames *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->max = count;
    f->bytes_max = bytes;
    f->plain = malloc(plain_size(MODEL_DVIPAS_MAX));
    f->packed = malloc(compressBound(plain_size(MODEL_DVIPAS_MAX)) + FRAME_HEAD);
    f->frame = calloc(count, sizeof *f->frame);
    if (f->plain && f->packed && f->frame)
        return f;
    frames_free(f);
    return NULL;
}

void frames_free(struct frames *f)
{
    for (uint32_t i = 0; f->frame && i < f->max; i++)
        free(f->frame[i].bytes);
    free(f->frame);
    free(f->plain);
    free(f->packed);
    free(f);
}

static struct frame *frame_at(const struct frames *f, uint32_t n)
{
    return &f->frame[(f->first + n) % f->max];
}

static void drop_oldest(struct frames *f)
{
    struct frame *frame = frame_at(f, 0);
    f->bytes -= frame->size;
    free(frame->bytes);
    *frame = (struct frame){0};
    f->first = (f->first + 1) % f->max;
    f->count--;
}

/* Keep a copy of the frame in f->packed. */
static bool keep(struct frames *f, size_t size)
{
    uint8_t *bytes = malloc(size);
    if (!bytes)
        return false;
    memcpy(bytes, f->packed, size);
    while (f->count == f->max || (f->count > 0 && f->bytes + size > f->bytes_max))
        drop_oldest(f);
    *frame_at(f, f->count++) = (struct frame){bytes, size};
    f->bytes += size;
    return true;
}

bool frames_add(struct frames *f, const struct model *model)
{
    size_t plain = plain_size(model->dvipa_count);
    uLongf packed = compressBound(plain_size(MODEL_DVIPAS_MAX));
    memcpy(f->plain, model, sizeof *model);
    memset(f->plain + offsetof(struct model, dvipa), 0, sizeof model->dvipa);       /* a pointer means nothing in a file */
    memcpy(f->plain + sizeof *model, model->dvipa, plain - sizeof *model);
    if (compress2(f->packed + FRAME_HEAD, &packed, f->plain, plain, Z_BEST_SPEED) != Z_OK)
        return false;
    put_be32(f->packed, (uint32_t)packed);
    put_be32(f->packed + 4, (uint32_t)crc32(0, f->packed + FRAME_HEAD, (uInt)packed));
    return keep(f, packed + FRAME_HEAD);
}

uint32_t frames_count(const struct frames *f)
{
    return f->count;
}

bool frames_get(const struct frames *f, uint32_t n, struct model *model)
{
    if (n >= f->count)
        return false;
    const struct frame *frame = frame_at(f, n);
    struct model_dvipa *dvipa = model->dvipa;
    uLongf plain = plain_size(MODEL_DVIPAS_MAX);
    if (uncompress(f->plain, &plain, frame->bytes + FRAME_HEAD, frame->size - FRAME_HEAD) != Z_OK || plain < sizeof *model)
        return false;
    memcpy(model, f->plain, sizeof *model);
    model->dvipa = dvipa;
    if (model->dvipa_count > MODEL_DVIPAS_MAX || plain != plain_size(model->dvipa_count)) {
        model->dvipa_count = 0;
        return false;
    }
    memcpy(dvipa, f->plain + sizeof *model, plain - sizeof *model);
    return model_valid(model);
}

/* --- recordings ------------------------------------------------------------------------------------------------------------ */

int frames_record_begin(FILE *out)
{
    return fwrite(magic, 1, sizeof magic, out) == sizeof magic && fflush(out) == 0 ? 0 : -errno;
}

int frames_record(const struct frames *f, FILE *out)
{
    const struct frame *frame = frame_at(f, f->count - 1);
    return fwrite(frame->bytes, 1, frame->size, out) == frame->size && fflush(out) == 0 ? 0 : -errno;
}

/* 1: there is one more, 0: the end, -EBADMSG. */
static int read_frame(struct frames *f, FILE *in, struct model *model)
{
    size_t got = fread(f->packed, 1, FRAME_HEAD, in);
    if (got == 0 && feof(in))
        return 0;
    uint32_t size = got == FRAME_HEAD ? get_be32(f->packed) : 0;
    if (size == 0 || size > compressBound(plain_size(MODEL_DVIPAS_MAX)) || fread(f->packed + FRAME_HEAD, 1, size, in) != size ||
        crc32(0, f->packed + FRAME_HEAD, size) != get_be32(f->packed + 4))
        return -EBADMSG;
    if (!keep(f, size + FRAME_HEAD))
        return -ENOMEM;
    if (frames_get(f, f->count - 1, model))
        return 1;
    struct frame *last = frame_at(f, --f->count);
    f->bytes -= last->size;
    free(last->bytes);
    *last = (struct frame){0};
    return -EBADMSG;
}

int frames_replay(struct frames *f, FILE *in, uint32_t *at)
{
    char begin[sizeof magic];
    *at = 0;
    if (fread(begin, 1, sizeof begin, in) != sizeof begin || memcmp(begin, magic, sizeof magic) != 0)
        return -EPROTO;
    struct model *model = model_new();
    int rc = model ? 1 : -ENOMEM;
    while (rc == 1) {
        ++*at;
        rc = read_frame(f, in, model);
    }
    model_free(model);
    return rc;
}
