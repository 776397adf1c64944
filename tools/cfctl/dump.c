/* dump and restore: a facility as a file.
 *
 * The file is a gzip stream, so that it is small, and damage shows (CRC-32 and length at its end). In it, numbers big-endian:
 *
 *   0   magic "CFDUMP01"                  32  ticks of the statistics per millisecond
 *   8   bytes of the segment              40  version and sizes of the segment's layout (LAYOUT)
 *   16  bytes of its fixed part           56  reserved
 *   24  time taken, ns since 1970         64  pieces
 *
 *   piece: offset in the segment (8), length (8), the bytes. Offset and length zero: the end.
 *
 * The first piece is the fixed part; then each storage increment of a structure, but for those that are all zero. What is
 * in the pieces is the segment as it is in memory: a dump is for machines of the same byte order and this layout. Of a
 * pair of facilities the one is dumped that was named, with what lies in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf_duplex.h"
#include "tools/cfctl/view.h"

static const uint8_t magic[8] = "CFDUMP01";

enum {
    DUMP_SEGMENT = 8,
    DUMP_FIXED = 16,
    DUMP_TAKEN = 24,
    DUMP_TICKS = 32,
    DUMP_LAYOUT = 40,       /* u32: version, bytes of a structure's fixed part, of a list header, of an entry */
    DUMP_HEADER = 64,
    DUMP_PIECE = 16,
};

static void layout_put(uint8_t *to)
{
    put_be32(to, CF_SEGMENT_VERSION);
    put_be32(to + 4, sizeof(struct cf_structure));
    put_be32(to + 8, sizeof(struct cf_list));
    put_be32(to + 12, sizeof(struct cf_entry));
}

/* --- dump ------------------------------------------------------------------------------------------------------------ */

static bool write_all(gzFile file, const void *from, size_t size)
{
    return size == 0 || gzwrite(file, from, (unsigned)size) == (int)size;
}

static bool piece_write(gzFile file, const struct cf *view, uint64_t offset, uint64_t length)
{
    uint8_t head[DUMP_PIECE];
    put_be64(head, offset);
    put_be64(head + 8, length);
    if (!write_all(file, head, sizeof head))
        return false;
    for (uint64_t done = 0; done < length; done += CF_INCREMENT) {
        uint64_t left = length - done;
        if (!write_all(file, view->base + offset + done, left < CF_INCREMENT ? left : CF_INCREMENT))
            return false;
    }
    return true;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Make the copy one of the opened facility alone: its directory is in its own segment, and has what lies in it. Result:
 * structures that should be there, but were not copied. */
static unsigned make_single(struct cf_snapshot *snapshot)
{
    struct cf *view = &snapshot->view;
    unsigned missing = 0;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        struct cf_slot *slot = &view->slots[i];
        if (snapshot->result[i] == CF_SNAPSHOT_HELD_UP || snapshot->result[i] == CF_SNAPSHOT_TOO_LARGE) {
            missing++;
            trouble("dump", name_text(slot->name, CF_NAME_SIZE).text, snapshot->result[i] == CF_SNAPSHOT_TOO_LARGE ?
                    "larger than 512 MiB: left out, others would wait too long" : "held up by another process: left out");
        }
        if (!cf_snapshot_lies_here(snapshot, i)) {
            snapshot->result[i] = CF_SNAPSHOT_NONE;
            slot->state = CF_SLOT_FREE;
        } else if (view->own == 1) {
            slot->control[0] = slot->control[1];
        }
        slot->where = 0;
        slot->duplex = CF_DUPLEX_NONE;
    }
    if (view->own == 1) {
        view->header->epoch = view->half[0].header->epoch;
        size_t start = (size_t)((uint8_t *)view->attachments - view->half[0].base);
        size_t end = (size_t)((uint8_t *)(view->slots + CF_STRUCTURES_MAX) - view->half[0].base);
        memcpy(view->base + start, view->half[0].base + start, end - start);
    }
    return missing;
}

static bool snapshot_write(gzFile file, const struct cf_snapshot *snapshot)
{
    const struct cf *view = &snapshot->view;
    const struct cf_half *half = &view->half[view->own];
    uint8_t header[DUMP_HEADER] = {0};
    memcpy(header, magic, sizeof magic);
    put_be64(header + DUMP_SEGMENT, view->header->size);
    put_be64(header + DUMP_FIXED, view->header->first);
    put_be64(header + DUMP_TAKEN, snapshot->taken_ns);
    put_be64(header + DUMP_TICKS, (uint64_t)(snapshot->ticks_per_us * 1000));
    layout_put(header + DUMP_LAYOUT);
    if (!write_all(file, header, sizeof header) || !piece_write(file, view, 0, view->header->first))
        return false;
    for (uint32_t i = 0; i < view->header->increments; i++) {
        uint32_t owner = view->map[i];
        if (owner == 0 || snapshot->result[owner - 1] != CF_SNAPSHOT_COPIED || all_zero(cf_increment(half, i), CF_INCREMENT))
            continue;
        if (!piece_write(file, view, view->header->first + (uint64_t)i * CF_INCREMENT, CF_INCREMENT))
            return false;
    }
    return piece_write(file, view, 0, 0);
}

/* The file is there when it is complete: it is written under another name. */
static int file_write(const struct cf_snapshot *snapshot, const char *path)
{
    char *part;
    if (asprintf(&part, "%s.part", path) < 0)
        return trouble("dump", path, strerror(ENOMEM));
    gzFile file = gzopen(part, "wb1");
    if (!file) {
        int error = errno;
        free(part);
        return trouble("dump", path, strerror(error));
    }
    errno = 0;
    bool written = snapshot_write(file, snapshot);
    int error = errno;
    bool closed = gzclose(file) == Z_OK;
    int result = EXIT_OK;
    if (!written || !closed || rename(part, path) != 0) {
        result = trouble("dump", path, strerror(error != 0 ? error : errno != 0 ? errno : EIO));
        unlink(part);
    }
    free(part);
    return result;
}

static int dump(struct cf *cf, const struct request *request)
{
    struct cf_snapshot *snapshot;
    int error = cf_snapshot_take(cf, NULL, CF_SNAPSHOT_ALL, &snapshot);
    if (error != 0)
        return trouble("dump", request->facility, why(error));
    unsigned missing = make_single(snapshot);
    int result = file_write(snapshot, request->argument[0]);
    cf_snapshot_free(snapshot);
    return missing > 0 ? EXIT_TROUBLE : result;
}

/* --- restore --------------------------------------------------------------------------------------------------------- */

static bool read_all(gzFile file, void *to, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        uint64_t left = size - done;
        int got = gzread(file, (uint8_t *)to + done, left < CF_INCREMENT ? (unsigned)left : CF_INCREMENT);
        if (got <= 0)
            return false;
        done += (uint64_t)got;
    }
    return true;
}

static const char *pieces_read(gzFile file, const struct cf *view, uint64_t size, uint64_t fixed)
{
    for (bool first = true;; first = false) {
        uint8_t head[DUMP_PIECE];
        if (!read_all(file, head, sizeof head))
            return "the file is damaged, or ends too early";
        uint64_t offset = get_be64(head), length = get_be64(head + 8);
        if (offset == 0 && length == 0 && !first)
            break;
        if (first ? offset != 0 || length != fixed : offset < fixed || (offset - fixed) % CF_INCREMENT != 0 || length != CF_INCREMENT ||
                                                         offset > size - length)
            return "the file has a piece that is nowhere in the facility";
        if (!read_all(file, view->base + offset, length))
            return "the file is damaged, or ends too early";
    }
    uint8_t more;
    int rest = gzread(file, &more, 1);      /* at the end the checksum is compared */
    return rest == 0 && gzeof(file) ? NULL : "the checksum is wrong";
}

/* What the fixed part says must be what the header said. */
static const char *fixed_check(struct cf_snapshot *snapshot, uint64_t size, uint64_t fixed)
{
    const struct cf *view = &snapshot->view;
    const struct cf_header *header = view->header;
    if (header->magic != CF_MAGIC || header->size != size || header->first != fixed || header->increments != (size - fixed) / CF_INCREMENT ||
        cf_segment_fixed(header->increments) > fixed)
        return "the facility in it contradicts itself";
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++)
        snapshot->result[i] = view->slots[i].state == CF_SLOT_ACTIVE ? CF_SNAPSHOT_COPIED : CF_SNAPSHOT_NONE;
    return NULL;
}

static const char *snapshot_read(gzFile file, struct cf_snapshot **out)
{
    uint8_t header[DUMP_HEADER], layout[16];
    layout_put(layout);
    if (!read_all(file, header, sizeof header) || memcmp(header, magic, sizeof magic) != 0)
        return "not a dump of a coupling facility";
    if (memcmp(header + DUMP_LAYOUT, layout, sizeof layout) != 0)
        return "a dump of another version";
    uint64_t size = get_be64(header + DUMP_SEGMENT), fixed = get_be64(header + DUMP_FIXED), ticks = get_be64(header + DUMP_TICKS);
    if (size < CF_SEGMENT_MIN || size > CF_SEGMENT_MAX || fixed < cf_segment_fixed(0) || fixed >= size || ticks == 0)
        return "the header of the file is damaged";
    if (cf_snapshot_new(size, out) != 0)
        return "not enough memory";
    (*out)->taken_ns = get_be64(header + DUMP_TAKEN);
    (*out)->ticks_per_us = (double)ticks / 1000;
    const char *reason = pieces_read(file, &(*out)->view, size, fixed);
    if (!reason)
        reason = fixed_check(*out, size, fixed);
    (*out)->view.header->size = size;       /* what cf_snapshot_free() goes by, whatever was read over it */
    if (reason)
        cf_snapshot_free(*out);
    return reason;
}

static int restore(struct cf *cf, const struct request *request)
{
    (void)cf;
    gzFile file = gzopen(request->facility, "rb");
    if (!file)
        return trouble("restore", request->facility, strerror(errno));
    struct cf_snapshot *snapshot;
    const char *reason = snapshot_read(file, &snapshot);
    gzclose(file);
    if (reason)
        return trouble("restore", request->facility, reason);
    int error = cf_snapshot_restore(snapshot, request->argument[0], stderr);
    cf_snapshot_free(snapshot);
    if (error == -EBADMSG)
        return trouble("restore", request->facility, "the facility in it is damaged");
    return error == 0 ? EXIT_OK : trouble("restore", request->argument[0], why(error));
}

const struct command dump_command = {"dump", "NAME FILE", "the facility to a file, what lies in it", 1, 1, true, dump};
const struct command restore_command = {
    "restore", "FILE NAME", "a new facility from a dump; its connections become failed-persistent", 1, 1, false, restore};
