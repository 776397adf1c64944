#include "cfemu/engine/cf_duplex.h"

#include <stdio.h>
#include <string.h>

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_message.h"
#include "cfemu/engine/cf_undo.h"

#define UNITS_PER_COMMAND 32u   /* increments copied by one command: 8 MiB, a few ms in which the structure is free again
                                   after each of them */

void (*cf_operator)(const char *line);

/* What the calling thread holds: set when it takes the mutex of a duplexed structure. A thread holds one structure at most. */
static _Thread_local struct {
    struct cf *cf;
    struct cf_slot *slot;
} held;

static _Thread_local char notice[120];

static void note(const struct cf_slot *slot, const char *what, const uint8_t *cfname)
{
    snprintf(notice, sizeof notice, "IXC577I STRUCTURE %.16s %s %.8s", (const char *)slot->name, what, (const char *)cfname);
}

void cf_duplex_tell(void)
{
    if (notice[0] && cf_operator)
        cf_operator(notice);
    notice[0] = 0;
}

/* --- where a byte of the one copy is in the other --------------------------------------------------------------------- */

#define NO_TWIN 0xFFFFFFFFu

/* NULL: not copied yet, or no part of the structure. */
static uint8_t *twin_of(const struct cf_half *from, const struct cf_half *to, const uint8_t *address)
{
    uint64_t offset = (uint64_t)(address - from->base) - from->header->first;
    if (offset / CF_INCREMENT >= from->header->increments)
        return NULL;
    uint32_t twin = from->twin[offset / CF_INCREMENT];
    return twin == NO_TWIN ? NULL : cf_increment(to, twin) + offset % CF_INCREMENT;
}

static uint32_t unit_count(const struct cf_structure *s)
{
    return cf_control_increments(s) + s->entry_increment_count + s->element_places;
}

/* Number of the increment that is the structure's unit-th: control, entries, elements. CF_NO_INCREMENT: a gap. */
static uint32_t unit_increment(struct cf_structure *s, uint32_t unit)
{
    uint32_t control = cf_control_increments(s);
    if (unit < control)
        return (uint32_t)(s->back / CF_INCREMENT) + unit;
    unit -= control;
    if (unit < s->entry_increment_count)
        return cf_entries_at(s, unit)->increment;
    return ((const uint32_t *)cf_at(s, s->element_increments))[unit - s->entry_increment_count];
}

/* --- commit and recovery ------------------------------------------------------------------------------------------------- */

/* Copy to the secondary what plain stores filled in the primary. */
static void filled_copy(const struct cf *cf, const struct cf_slot *slot)
{
    const struct cf_half *from = &cf->half[slot->where], *to = &cf->half[!slot->where];
    const struct cf_structure *s = cf_control(cf, slot);
    for (uint32_t i = 0; i < s->undo.count; i++) {
        int64_t place = s->undo.record[i].place;
        if (!(place & CF_UNDO_FRESH))
            continue;
        const uint8_t *source = (const uint8_t *)s + (place & ~CF_UNDO_FRESH);
        uint8_t *twin = twin_of(from, to, source);
        if (twin) {
            memcpy(twin, source, s->undo.record[i].old);
            cf_step();
        }
    }
}

/* Store in the secondary what the primary's undo log says was changed. Words first: some lie in what was filled, as the links
 * of free entries do, and are to be undone. */
static void changes_apply(const struct cf *cf, const struct cf_slot *slot)
{
    const struct cf_half *from = &cf->half[slot->where], *to = &cf->half[!slot->where];
    struct cf_structure *s = cf_control(cf, slot), *copy = cf_copy(cf, slot, !slot->where);
    bool filled = false;
    for (uint32_t i = 0; i < s->undo.count; i++) {
        int64_t place = s->undo.record[i].place;
        if (place & CF_UNDO_FRESH) {
            filled = true;
            continue;
        }
        const uint8_t *word = (uint8_t *)s + place;
        uint8_t *twin = twin_of(from, to, word);
        if (twin)
            cf_set64(copy, (uint64_t *)(void *)twin, *(const uint64_t *)(const void *)word);
    }
    if (filled)
        filled_copy(cf, slot);
}

/* Roll back both copies, and make them equal also in what nothing refers to: the primary's records stay until that is done. */
static void rollback_both(const struct cf *cf, const struct cf_slot *slot)
{
    struct cf_structure *s = cf_control(cf, slot);
    cf_rollback(cf_copy(cf, slot, !slot->where));
    cf_undo_restore(s);
    filled_copy(cf, slot);
    s->undo.count = 0;
    cf_step();
}

/* The structure goes on alone. The storage of the other copy is freed with the structure, or when its CF comes back. */
static void drop(struct cf *cf, struct cf_slot *slot)
{
    slot->duplex = CF_DUPLEX_NONE;
    slot->target = 0;
    cf_step();
    cf_control(cf, slot)->mirrored = 0;
    cf_step();
}

void cf_commit_mirrored(struct cf_structure *s)
{
    struct cf *cf = held.cf;
    struct cf_slot *slot = held.slot;
    assert(slot && cf_control(cf, slot) == s);
    struct cf_structure *copy = cf_copy(cf, slot, !slot->where);
    changes_apply(cf, slot);
    atomic_thread_fence(memory_order_release);
    s->undo.count = 0;
    cf_step();
    atomic_thread_fence(memory_order_release);
    copy->undo.count = 0;
    cf_step();
}

void cf_duplex_enter(struct cf *cf, struct cf_slot *slot)
{
    uint32_t primary = slot->where;
    if (cf_half_failed(cf, primary)) {
        if (slot->duplex == CF_DUPLEX_ACTIVE && !cf_half_failed(cf, !primary)) {
            slot->where = (uint8_t)!primary;
            cf_step();
            note(slot, "SWITCHED, DUPLEXING STOPPED, NOW IN", cf->half[!primary].header->cfname);
        }
        drop(cf, slot);
    } else if (cf_half_failed(cf, !primary)) {
        note(slot, "DUPLEXING STOPPED, NOW ONLY IN", cf->half[primary].header->cfname);
        drop(cf, slot);
    } else {
        held.cf = cf;
        held.slot = slot;
    }
}

void cf_duplex_recover(struct cf *cf, struct cf_slot *slot)
{
    struct cf_structure *s = cf_control(cf, slot);
    if (slot->duplex == CF_DUPLEX_NONE) {
        cf_rollback(s);
        s->mirrored = 0;        /* drop() ended half-way */
        return;
    }
    struct cf_structure *copy = cf_copy(cf, slot, !slot->where);
    if (cf_half_failed(cf, slot->where)) {
        cf_rollback(copy);
        cf_rollback(s);         /* it has no second copy yet: its connections still can be ended */
    } else if (cf_half_failed(cf, !slot->where)) {
        cf_rollback(s);
    } else if (s->undo.count > 0) {
        rollback_both(cf, slot);
    } else {
        copy->undo.count = 0;
        cf_step();
    }
}

/* --- what the copies do not share ----------------------------------------------------------------------------------------- */

static bool within(uint64_t offset, uint64_t from, uint64_t size)
{
    return offset - from < size;
}

/* Is the doubleword at this offset of the control storage each copy's own? Place, undo log, numbers of increments. */
static bool own_word(const struct cf_structure *s, uint64_t offset)
{
    if (within(offset, s->entry_increments, s->increments_max * sizeof(struct cf_entries)))
        return (offset - s->entry_increments) % sizeof(struct cf_entries) == 0;
    return offset == offsetof(struct cf_structure, back) ||
           within(offset, offsetof(struct cf_structure, undo), sizeof s->undo) ||
           within(offset, s->element_increments, s->element_free - s->element_increments);
}

/* Statistics or hints? */
static bool statistic(const struct cf_structure *s, uint64_t offset)
{
    const uint64_t conns = offsetof(struct cf_structure, conn);
    if (within(offset, conns, sizeof s->conn))
        return (offset - conns) % sizeof s->conn[0] == offsetof(struct cf_conn, requests);
    return offset == offsetof(struct cf_structure, entry_hint) ||
           within(offset, offsetof(struct cf_structure, stats), sizeof s->stats);
}

static void control_copy(struct cf_structure *copy, const struct cf_structure *s, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at += 8)
        if (!own_word(s, at))
            memcpy((uint8_t *)copy + at, (const uint8_t *)s + at, 8);
}

/* Offset of the first doubleword that differs and should not, or UINT64_MAX. */
static uint64_t control_difference(const struct cf_structure *s, const struct cf_structure *copy)
{
    for (uint64_t at = 0; at < s->control_size; at += 8)
        if (memcmp((const uint8_t *)s + at, (const uint8_t *)copy + at, 8) != 0 && !own_word(s, at) && !statistic(s, at))
            return at;
    return UINT64_MAX;
}

uint64_t cf_duplex_compare(struct cf *cf, struct cf_slot *slot)
{
    struct cf_structure *s = cf_control(cf, slot), *copy = cf_copy(cf, slot, !slot->where);
    const struct cf_half *from = &cf->half[slot->where], *to = &cf->half[!slot->where];
    uint64_t differs = control_difference(s, copy);
    if (differs != UINT64_MAX)
        return slot->control[slot->where] + differs;
    for (uint32_t unit = cf_control_increments(s); unit < unit_count(s); unit++) {
        uint32_t number = unit_increment(s, unit), twin = unit_increment(copy, unit);
        if (number == CF_NO_INCREMENT && twin == CF_NO_INCREMENT)
            continue;
        const uint8_t *a = cf_increment(from, number), *b = cf_increment(to, twin);
        for (uint32_t at = 0; memcmp(a, b, CF_INCREMENT) != 0 && at < CF_INCREMENT; at += 8)
            if (memcmp(a + at, b + at, 8) != 0)
                return (uint64_t)(a + at - from->base);
    }
    return 0;
}

/* --- establishing a copy --------------------------------------------------------------------------------------------------- */

/* The structure's mutex is held, and the directory's. */
static int establish(struct cf *cf, struct cf_slot *slot)
{
    struct cf_structure *s = cf_control(cf, slot);
    int result = cf_copy_allocate(cf, slot);
    if (result != 0)
        return result;
    for (uint32_t unit = 0; unit < unit_count(s); unit++) {
        uint32_t number = unit_increment(s, unit);
        if (number != CF_NO_INCREMENT)
            cf->half[slot->where].twin[number] = NO_TWIN;
    }
    slot->copied = 0;
    s->mirrored = 1;
    cf_step();
    slot->duplex = CF_DUPLEX_ESTABLISHING;
    cf_step();
    return 0;
}

static void unit_copy(struct cf *cf, struct cf_slot *slot, uint32_t unit)
{
    struct cf_structure *s = cf_control(cf, slot), *copy = cf_copy(cf, slot, !slot->where);
    const struct cf_half *from = &cf->half[slot->where], *to = &cf->half[!slot->where];
    uint32_t number = unit_increment(s, unit), twin = unit_increment(copy, unit);
    if (unit < cf_control_increments(s))
        control_copy(copy, s, (uint64_t)unit * CF_INCREMENT, (unit + 1ull) * CF_INCREMENT);
    else if (number != CF_NO_INCREMENT)
        memcpy(cf_increment(to, twin), cf_increment(from, number), CF_INCREMENT);
    cf_step();
    if (number != CF_NO_INCREMENT) {
        to->twin[twin] = number;
        from->twin[number] = twin;
    }
    cf_step();
    slot->copied = unit + 1;
    cf_step();
}

/* Copy one increment. The structure's mutex is not held. 0: go on. CF_RSP_OK and *done, or why it is over. */
static int copy_step(struct cf_call *call, struct cf_slot *slot, uint32_t id, bool *done)
{
    bool waited;
    if (cf_slot_lock_within(call->cf, slot, call->wait_us, &waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    int result = 0;
    if (slot->state != CF_SLOT_ACTIVE || cf_slot_id(call->cf, slot) != id) {
        result = CF_RSP_NO_STRUCTURE;
    } else if (slot->duplex == CF_DUPLEX_NONE) {
        result = CF_RSP_REBUILD;        /* stopped, or a CF has failed */
    } else if (slot->duplex == CF_DUPLEX_ESTABLISHING) {
        uint32_t count = unit_count(cf_control(call->cf, slot));
        if (slot->copied < count)
            unit_copy(call->cf, slot, slot->copied);
        if (slot->copied == count)
            slot->duplex = CF_DUPLEX_ACTIVE;
        cf_step();
        put_be64(call->mrb + MRB_RESTART, slot->copied);
    }
    *done = slot->duplex == CF_DUPLEX_ACTIVE;
    cf_slot_unlock(slot);
    return result;
}

/* --- commands -------------------------------------------------------------------------------------------------------------- */

/* Lock the directory and the structure that the message names. 0: the caller unlocks both. */
static int enter(struct cf_call *call, struct cf_slot **slot_out)
{
    struct cf *cf = call->cf;
    bool waited;
    if (cf_directory_lock_within(cf, call->wait_us) != 0)
        return CF_RSP_BUSY;
    struct cf_slot *slot = cf_slot_by_name(cf, call->mcb + MCB_NAME);
    int result = slot ? 0 : CF_RSP_NO_STRUCTURE;
    if (result == 0 && cf_slot_lock_within(cf, slot, call->wait_us, &waited) == CF_NOT_TAKEN)
        result = CF_RSP_BUSY;
    if (result != 0) {
        cf_directory_unlock(cf);
        return result;
    }
    *slot_out = slot;
    return 0;
}

static void leave(struct cf *cf, struct cf_slot *slot)
{
    cf_slot_unlock(slot);
    cf_directory_unlock(cf);
}

/* Begin to establish a copy, or go on where another command ended. */
static int begin(struct cf *cf, struct cf_slot *slot, bool rebuild)
{
    if (!cf->half[1].base)
        return CF_RSP_REBUILD;          /* the CF is not paired */
    if (cf_half_failed(cf, slot->where) || cf_half_failed(cf, !slot->where))
        return CF_RSP_CF_FAILED;
    if (cf_control(cf, slot)->rebuild_phase != CF_REBUILD_NONE)
        return CF_RSP_REBUILD;          /* a user-managed one */
    if (!rebuild && cf_policy_forbids_duplex(cf, slot->name))
        return CF_RSP_NOT_IN_POLICY;
    if (slot->duplex != CF_DUPLEX_NONE)
        return rebuild == (slot->target != 0) ? 0 : CF_RSP_REBUILD;
    slot->target = rebuild ? (uint8_t)(!slot->where + 1) : 0;
    cf_step();
    int result = establish(cf, slot);
    if (result != 0)
        slot->target = 0;
    return result;
}

static int establish_all(struct cf_call *call, bool rebuild)
{
    struct cf_slot *slot;
    int result = enter(call, &slot);
    if (result != 0)
        return result;
    uint32_t id = cf_slot_id(call->cf, slot);
    result = begin(call->cf, slot, rebuild);
    leave(call->cf, slot);
    bool done = false;
    for (uint32_t i = 0; result == 0 && !done; i++)
        result = i < UNITS_PER_COMMAND ? copy_step(call, slot, id, &done) : CF_RSP_TIMEOUT;
    return result;
}

int cf_command_duplex_start(struct cf_call *call)
{
    return establish_all(call, false);
}

/* The copies change their roles. */
static void switch_copies(struct cf *cf, struct cf_slot *slot)
{
    struct cf_structure *s = cf_control(cf, slot), *copy = cf_copy(cf, slot, !slot->where);
    copy->stats = s->stats;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        copy->conn[i].requests = s->conn[i].requests;
    slot->where = (uint8_t)!slot->where;
    cf_step();
}

static void stop(struct cf *cf, struct cf_slot *slot)
{
    drop(cf, slot);
    cf_copy_free(cf, slot, !slot->where);
}

int cf_command_duplex_stop(struct cf_call *call)
{
    struct cf_slot *slot;
    uint8_t options = call->mcb[MCB_OPTIONS];
    if (options & (uint8_t)~CF_OPT_KEEP_NEW)
        return cf_bad(call, MCB_OPTIONS);
    int result = enter(call, &slot);
    if (result != 0)
        return result;
    bool keep_new = options & CF_OPT_KEEP_NEW;
    if (slot->duplex == CF_DUPLEX_NONE || (keep_new && slot->duplex != CF_DUPLEX_ACTIVE)) {
        result = CF_RSP_REBUILD;
    } else {
        if (keep_new)
            switch_copies(call->cf, slot);
        stop(call->cf, slot);
    }
    leave(call->cf, slot);
    return result;
}

int cf_command_rebuild(struct cf_call *call)
{
    struct cf_slot *slot;
    int result = establish_all(call, true);
    if (result == 0)
        result = enter(call, &slot);
    if (result != 0)
        return result;
    if (slot->target == 0 || slot->duplex != CF_DUPLEX_ACTIVE) {
        result = CF_RSP_REBUILD;        /* stopped this instant, or finished by another who repeated the command */
    } else {
        if (slot->where != slot->target - 1)
            switch_copies(call->cf, slot);
        stop(call->cf, slot);
    }
    leave(call->cf, slot);
    return result;
}
