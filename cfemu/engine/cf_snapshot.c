#include "cfemu/engine/cf_snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cfemu/engine/cf_duplex.h"

/* --- copying --------------------------------------------------------------------------------------------------------- */

static bool wanted(const struct cf_slot *slot, const uint8_t *only)
{
    return slot->state == CF_SLOT_ACTIVE && (!only || memcmp(slot->name, only, CF_NAME_SIZE) == 0);
}

/* A copy of a structure that is complete: the primary, or the second one of a duplexed structure. */
static bool copy_valid(const struct cf *cf, const struct cf_slot *slot, uint32_t half)
{
    return cf->half[half].base && slot->control[half] != 0 && (half == slot->where || slot->duplex == CF_DUPLEX_ACTIVE) &&
           !cf_half_failed(cf, half);
}

/* Copy the increments that a structure has in one half. */
static void increments_copy(const struct cf_half *from, const struct cf_half *to, uint32_t owner, uint64_t control, enum cf_snapshot_depth depth)
{
    const struct cf_structure *s = (const struct cf_structure *)(from->base + control);
    uint64_t first = (control - from->header->first) / CF_INCREMENT;
    uint64_t last = first + (s->control_size - 1) / CF_INCREMENT;
    for (uint32_t i = 0; i < from->header->increments; i++)
        if (from->map[i] == owner && (depth == CF_SNAPSHOT_ALL || (i >= first && i <= last)))
            memcpy(cf_increment(to, i), cf_increment(from, i), CF_INCREMENT);
}

static enum cf_snapshot_result slot_copy(struct cf *from, const struct cf *to, uint32_t number, enum cf_snapshot_depth depth)
{
    struct cf_slot *slot = &from->slots[number];
    bool waited;
    if (depth == CF_SNAPSHOT_ALL && slot->increments > CF_SNAPSHOT_MAX / CF_INCREMENT)
        return CF_SNAPSHOT_TOO_LARGE;
    if (cf_slot_lock(from, slot, &waited) == CF_NOT_TAKEN)
        return CF_SNAPSHOT_HELD_UP;
    memcpy(&to->slots[number], slot, offsetof(struct cf_slot, mutex));      /* taking it may have switched to the other copy */
    for (uint32_t half = 0; half < 2; half++)
        if (copy_valid(from, slot, half))
            increments_copy(&from->half[half], &to->half[half], number + 1, slot->control[half], depth);
    enum cf_snapshot_result result = copy_valid(from, slot, slot->where) ? CF_SNAPSHOT_COPIED : CF_SNAPSHOT_LOST;
    cf_slot_unlock(slot);
    return result;
}

/* Have the pages of the copy there before anybody has to wait for us. */
static void pages_touch(const struct cf *cf, const struct cf_half *from, const struct cf_half *to, const uint8_t *only)
{
    for (uint32_t i = 0; i < from->header->increments; i++) {
        uint32_t owner = from->map[i];
        if (owner == 0 || owner > CF_STRUCTURES_MAX || !wanted(&cf->slots[owner - 1], only))
            continue;
        for (size_t page = 0; page < CF_INCREMENT; page += 4096)
            *(volatile uint8_t *)(cf_increment(to, i) + page) = 0;
    }
}

static int half_new(struct cf_half *half, uint64_t size, uint32_t increments)
{
    uint8_t *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return -ENOMEM;
    cf_half_set(half, base, increments);
    half->header->size = size;
    return 0;
}

/* Increments of a segment of so many bytes. */
static uint32_t increments_of(uint64_t size)
{
    return (uint32_t)((size - cf_segment_fixed((uint32_t)(size / CF_INCREMENT))) / CF_INCREMENT);
}

int cf_snapshot_new(uint64_t size, struct cf_snapshot **out)
{
    struct cf_snapshot *snapshot = calloc(1, sizeof *snapshot);
    int error = snapshot ? half_new(&snapshot->view.half[0], size, increments_of(size)) : -ENOMEM;
    if (error != 0) {
        free(snapshot);
        return error;
    }
    cf_view_set(&snapshot->view, 0);
    *out = snapshot;
    return 0;
}

void cf_snapshot_free(struct cf_snapshot *snapshot)
{
    for (uint32_t half = 0; half < 2; half++)
        if (snapshot->view.half[half].base)
            munmap(snapshot->view.half[half].base, snapshot->view.half[half].header->size);
    free(snapshot);
}

static void fixed_copy(const struct cf *from, const struct cf *to)
{
    for (uint32_t half = 0; half < 2; half++)
        if (from->half[half].base)
            memcpy(to->half[half].base, from->half[half].base, from->half[half].header->first);
}

static int halves_new(const struct cf *cf, struct cf_snapshot *snapshot)
{
    for (uint32_t half = 0; half < 2; half++) {
        const struct cf_half *from = &cf->half[half];
        int error = from->base ? half_new(&snapshot->view.half[half], from->header->size, from->header->increments) : 0;
        if (error != 0)
            return error;
    }
    cf_view_set(&snapshot->view, cf->own);
    snapshot->view.attachment = cf->attachment;
    return 0;
}

int cf_snapshot_take(struct cf *cf, const uint8_t *only, enum cf_snapshot_depth depth, struct cf_snapshot **out)
{
    struct cf_snapshot *snapshot = calloc(1, sizeof *snapshot);
    int error = snapshot ? halves_new(cf, snapshot) : -ENOMEM;
    if (error == 0) {
        for (uint32_t half = 0; half < 2 && depth == CF_SNAPSHOT_ALL; half++)
            if (cf->half[half].base)
                pages_touch(cf, &cf->half[half], &snapshot->view.half[half], only);
        fixed_copy(cf, &snapshot->view);        /* for the pages, too */
        error = cf_directory_lock(cf) == 0 ? 0 : -EBUSY;
    }
    if (error != 0) {
        if (snapshot)
            cf_snapshot_free(snapshot);
        return error;
    }
    fixed_copy(cf, &snapshot->view);
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++)
        if (wanted(&cf->slots[i], only))
            snapshot->result[i] = (uint8_t)slot_copy(cf, &snapshot->view, i, depth);
    cf_directory_unlock(cf);
    snapshot->taken_ns = cf_clock_ns(CLOCK_REALTIME);
    snapshot->ticks_per_us = cf_ticks_per_us(cf);
    *out = snapshot;
    return 0;
}

bool cf_snapshot_lies_here(const struct cf_snapshot *snapshot, uint32_t number)
{
    const struct cf *view = &snapshot->view;
    const struct cf_slot *slot = &view->slots[number];
    return snapshot->result[number] == CF_SNAPSHOT_COPIED && copy_valid(view, slot, view->own) && cf_control(view, slot)->rebuild_of == 0;
}

/* --- putting back ------------------------------------------------------------------------------------------------------ */

/* Whose processes are gone: their connections are ours now, and fail with us when we close the view. A rebuild into the
 * other CF, which is not there, is over. */
static void connections_adopt(const struct cf *cf, struct cf_structure *s)
{
    s->rebuild_phase = s->rebuild_new = 0;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        s->conn[i].rebuild = s->conn[i].rebuild_owes = 0;
        s->conn[i].attachment = cf->attachment;
        if (s->conn[i].state != CF_CONN_FREE)
            s->conn[i].flags |= CF_CONN_CONDISP_KEEP;
    }
}

/* The directory is held; the slot stays ALLOCATING, to be swept if we die, until the structure is complete. */
static void structure_put(struct cf *cf, const struct cf_snapshot *snapshot, uint32_t number)
{
    const struct cf *from = &snapshot->view;
    const struct cf_slot *copy = &from->slots[number];
    struct cf_slot *slot = &cf->slots[number];
    slot->state = CF_SLOT_ALLOCATING;
    for (uint32_t i = 0; i < cf->header->increments; i++) {
        if (from->map[i] != number + 1)
            continue;
        cf->map[i] = number + 1;
        cf->header->increments_free--;
        memcpy(cf_increment(&cf->half[0], i), cf_increment(&from->half[0], i), CF_INCREMENT);
    }
    slot->generation = copy->generation;
    memcpy(slot->name, copy->name, CF_NAME_SIZE);
    slot->control[0] = copy->control[0];
    slot->increments = copy->increments;
    slot->allocated_ns = copy->allocated_ns;
    struct cf_structure *s = cf_control(cf, slot);
    s->mirrored = 0;
    connections_adopt(cf, s);
    double scale = cf_ticks_per_us(cf) / snapshot->ticks_per_us;    /* the dump may be of another machine */
    s->stats.ticks = (uint64_t)((double)s->stats.ticks * scale);
    s->stats.ticks_squared *= scale * scale;
    slot->state = CF_SLOT_ACTIVE;
}

/* May structure_put() follow what the slot says? The rest is for cf_check() to see. */
static bool slot_valid(const struct cf *view, const struct cf_slot *slot)
{
    uint64_t offset = slot->control[0] - view->header->first;
    uint64_t number = offset / CF_INCREMENT;
    return slot->control[0] >= view->header->first && offset % CF_INCREMENT == 0 && number < view->header->increments &&
           view->map[number] == (uint32_t)(slot - view->slots) + 1;
}

static int contents_put(struct cf *cf, const struct cf_snapshot *snapshot)
{
    const struct cf *view = &snapshot->view;
    if (cf->header->increments != view->header->increments || cf->header->first != view->header->first)
        return -EBADMSG;
    if (cf_directory_lock(cf) != 0)
        return -EBUSY;
    /* Nobody knows of it yet; who came nevertheless has made a facility of his own of it. */
    int error = cf->header->increments_free == cf->header->increments && !cf->half[1].base ? 0 : -EEXIST;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX && error == 0; i++) {
        if (snapshot->result[i] != CF_SNAPSHOT_COPIED)
            continue;
        if (slot_valid(view, &view->slots[i]))
            structure_put(cf, snapshot, i);
        else
            error = -EBADMSG;
    }
    if (error == 0)
        cf->header->epoch = view->header->epoch;
    cf_directory_unlock(cf);
    return error;
}

int cf_snapshot_restore(struct cf_snapshot *snapshot, const char *name, FILE *report)
{
    char cfname[9] = "";
    memcpy(cfname, snapshot->view.header->cfname, 8);
    cfname[strcspn(cfname, " ")] = 0;
    int error = cf_create(name, cfname, snapshot->view.header->size);
    if (error != 0)
        return error;
    struct cf *cf;
    error = cf_open(name, "RESTORE", &cf);
    if (error == 0) {
        error = contents_put(cf, snapshot);
        if (error == 0 && cf_check(cf, report) != 0)
            error = -EBADMSG;
        for (uint32_t i = 0; error == -EBADMSG && i < CF_STRUCTURES_MAX; i++)
            cf->slots[i].state = CF_SLOT_FREE;          /* what is damaged is not to be looked at again */
        if (error != 0 && error != -EEXIST)
            cf_remove(name);
        cf_close(cf);
    }
    return error;
}
