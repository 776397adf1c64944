/* Every number of the segment is read once and checked before it is used: it may change between two readings. */
#include "cfemu/engine/cf_look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK_BUSY UINT64_MAX

/* --- opening ---------------------------------------------------------------------------------------------------------- */

static bool header_valid(const struct cf_header *header, uint64_t size)
{
    return size >= sizeof *header && header->magic == CF_MAGIC && header->version == CF_SEGMENT_VERSION && header->size <= size &&
           header->increments <= size / CF_INCREMENT && header->first == cf_segment_fixed(header->increments) &&
           header->first + (uint64_t)header->increments * CF_INCREMENT <= header->size;
}

static int half_open(struct cf_look *look, uint32_t half, const char *name)
{
    char path[258];
    struct stat status;
    snprintf(path, sizeof path, "/%s", name);
    int fd = strlen(name) < 255 ? shm_open(path, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return strlen(name) < 255 ? -errno : -ENAMETOOLONG;
    int error = fstat(fd, &status) == 0 ? 0 : -errno;
    if (error == 0 && status.st_size < (off_t)sizeof(struct cf_header))
        error = -EPROTO;
    uint8_t *base = error == 0 ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (error == 0 && base == MAP_FAILED)
        error = -errno;
    close(fd);
    if (error == 0 && !header_valid((const struct cf_header *)base, (uint64_t)status.st_size)) {
        munmap(base, (size_t)status.st_size);
        error = -EPROTO;
    }
    if (error != 0)
        return error;
    look->size[half] = (uint64_t)status.st_size;
    cf_half_set(&look->view.half[half], base, ((const struct cf_header *)base)->increments);
    return 0;
}

/* The one that was named is mapped as half 0; it may be half 1. */
static int halves_open(struct cf_look *look, const char *name)
{
    int error = half_open(look, 0, name);
    if (error != 0)
        return error;
    const struct cf_header *header = look->view.half[0].header;
    if (atomic_load(&header->pair) == 0) {
        cf_view_set(&look->view, 0);
        return 0;
    }
    char other[sizeof header->pair_name];
    memcpy(other, header->pair_name, sizeof other);
    other[sizeof other - 1] = 0;
    uint32_t own = header->half & 1;
    if ((error = half_open(look, 1, other)) != 0)
        return error;
    if (own == 1) {
        struct cf_half aside = look->view.half[0];
        uint64_t size = look->size[0];
        look->view.half[0] = look->view.half[1];
        look->size[0] = look->size[1];
        look->view.half[1] = aside;
        look->size[1] = size;
    }
    cf_view_set(&look->view, own);
    return 0;
}

int cf_look_open(const char *name, struct cf_look **out)
{
    struct cf_look *look = calloc(1, sizeof *look);
    int error = look ? halves_open(look, name) : -ENOMEM;
    if (error != 0 && look)
        cf_look_close(look);
    else if (error == 0)
        *out = look;
    return error;
}

void cf_look_close(struct cf_look *look)
{
    for (uint32_t half = 0; half < 2; half++)
        if (look->view.half[half].base)
            munmap(look->view.half[half].base, look->size[half]);
    free(look);
}

/* --- structures ------------------------------------------------------------------------------------------------------- */

static uint32_t half_of(const struct cf_look *look, const struct cf_structure *s)
{
    const uint8_t *at = (const uint8_t *)s, *base = look->view.half[0].base;
    return at < base || at >= base + look->size[0];
}

/* Bytes from the structure's control to the end of its segment. */
static uint64_t room_behind(const struct cf_look *look, const struct cf_structure *s)
{
    uint32_t half = half_of(look, s);
    return look->size[half] - (uint64_t)((const uint8_t *)s - look->view.half[half].base);
}

/* Count things of this size lie at an offset of the structure. NULL: they cannot. */
static const void *array_at(const struct cf_look *look, const struct cf_structure *s, uint64_t offset, uint64_t index, uint64_t size)
{
    uint64_t room = room_behind(look, s);
    if (offset >= room || index >= room / size || offset + (index + 1) * size > room)
        return NULL;
    return (const uint8_t *)s + offset + index * size;
}

struct cf_structure *cf_look_structure(const struct cf_look *look, uint32_t number, struct cf_slot *slot)
{
    memcpy(slot, &look->view.slots[number], offsetof(struct cf_slot, mutex));
    uint32_t half = slot->where;
    if (slot->state != CF_SLOT_ACTIVE || half > 1 || !look->view.half[half].base)
        return NULL;
    uint64_t control = slot->control[half], first = look->view.half[half].header->first;
    if (control < first || (control - first) % CF_INCREMENT != 0 || control + sizeof(struct cf_structure) > look->size[half])
        return NULL;
    return (struct cf_structure *)(look->view.half[half].base + control);
}

bool cf_look_list(const struct cf_look *look, struct cf_structure *s, uint32_t index, struct cf_list *list)
{
    const void *at = index < s->listheaders ? array_at(look, s, s->lists, index, sizeof *list) : NULL;
    if (at)
        memcpy(list, at, sizeof *list);
    return at != NULL;
}

bool cf_look_lock(const struct cf_look *look, struct cf_structure *s, uint32_t index, struct cf_lock *lock)
{
    const void *at = index < s->lockentries ? array_at(look, s, s->locks, index, sizeof *lock) : NULL;
    if (at)
        memcpy(lock, at, sizeof *lock);
    return at != NULL;
}

/* Increment of the structure's segment; NULL: it has no such increment. */
static const uint8_t *increment_at(const struct cf_look *look, const struct cf_structure *s, uint32_t number)
{
    const struct cf_half *half = &look->view.half[half_of(look, s)];
    return number < half->header->increments ? cf_increment(half, number) : NULL;
}

bool cf_look_entry(const struct cf_look *look, struct cf_structure *s, uint32_t number, struct cf_entry *entry, uint8_t *adjunct)
{
    uint32_t each = s->entries_per_increment, size = s->entry_size;
    if (number == 0 || each == 0 || size < sizeof *entry || (uint64_t)each * size > CF_INCREMENT)
        return false;
    const struct cf_entries *place = array_at(look, s, s->entry_increments, (number - 1) / each, sizeof *place);
    const uint8_t *increment = place ? increment_at(look, s, place->increment) : NULL;
    if (!increment)
        return false;
    const uint8_t *at = increment + (size_t)((number - 1) % each) * size;
    memcpy(entry, at, sizeof *entry);
    memset(adjunct, 0, CF_ADJUNCT_SIZE);
    if (size >= sizeof *entry + CF_ADJUNCT_SIZE)
        memcpy(adjunct, at + sizeof *entry, CF_ADJUNCT_SIZE);
    return true;
}

/* A run of elements: where its bytes are, how many, the next one. NULL: there is no such run. */
static const uint8_t *run_look(const struct cf_look *look, struct cf_structure *s, uint32_t number, uint32_t *bytes, uint32_t *next)
{
    uint32_t each = s->elements_per_increment, size = s->element_size, at = s->elements_at, slot = number % CF_INCREMENT_ELEMENTS;
    const uint32_t *place = array_at(look, s, s->element_increments, number / CF_INCREMENT_ELEMENTS, sizeof *place);
    const struct cf_elements *elements = place ? (const struct cf_elements *)increment_at(look, s, *place) : NULL;
    if (!elements || slot >= each || each > CF_INCREMENT_ELEMENTS || size == 0 || at + (uint64_t)each * size > CF_INCREMENT)
        return NULL;
    struct cf_run run = elements->run[slot];
    if (run.length == 0 || run.length > each - slot)
        return NULL;
    *bytes = run.length * size;
    *next = run.next;
    return (const uint8_t *)elements + at + (size_t)slot * size;
}

uint32_t cf_look_data(const struct cf_look *look, struct cf_structure *s, const struct cf_entry *entry, uint8_t *data, uint32_t size)
{
    uint32_t done = 0, wanted = entry->length < size ? entry->length : size, next = entry->run, bytes;
    while (done < wanted && next != CF_NO_RUN) {
        const uint8_t *from = run_look(look, s, next, &bytes, &next);
        if (!from)
            break;
        bytes = bytes < wanted - done ? bytes : wanted - done;
        memcpy(data + done, from, bytes);
        done += bytes;
    }
    return done;
}

/* --- marks ------------------------------------------------------------------------------------------------------------ */

pid_t cf_look_holder(const struct cf_look *look, uint32_t number)
{
    return __atomic_load_n(&look->view.slots[number].mutex.__data.__lock, __ATOMIC_ACQUIRE) & FUTEX_TID_MASK;
}

uint64_t cf_look_mark(const struct cf_look *look, uint32_t number)
{
    struct cf_slot slot;
    const struct cf_structure *s = cf_look_structure(look, number, &slot);
    if (!s || cf_look_holder(look, number) != 0)
        return MARK_BUSY;
    uint64_t served = __atomic_load_n(&s->stats.served, __ATOMIC_ACQUIRE);
    return served << 16 ^ slot.generation;
}

bool cf_look_steady(const struct cf_look *look, uint32_t number, uint64_t mark)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return mark != MARK_BUSY && cf_look_mark(look, number) == mark;
}
