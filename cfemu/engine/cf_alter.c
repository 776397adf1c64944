#include "cfemu/engine/cf_alter.h"

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_message.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_undo.h"

static_assert(sizeof(struct cf_alter) % 8 == 0 && offsetof(struct cf_structure, alter) % 8 == 0, "it is stored in words");

/* One command's work on a structure. */
struct altering {
    struct cf *cf;
    const struct cf_half *half;     /* the CF that the structure is in */
    struct cf_slot *slot;
    struct cf_structure *s;
    struct cf_wakes *wakes;
    uint32_t moves;         /* made */
    uint32_t looked;        /* element increments looked at */
    uint32_t free_from;     /* no increment below this one is free */
};

/* --- how full it is -------------------------------------------------------------------------------------------------- */

static uint32_t mark(const struct cf_structure *s, uint32_t total)
{
    if (s->threshold == 0 || total == 0)
        return UINT32_MAX;
    uint32_t high = (uint32_t)((uint64_t)total * s->threshold / 100);
    uint32_t gap = total / 50 + 1;
    return !s->full ? high : high > gap ? high - gap : 0;
}

void cf_marks_set(struct cf_structure *s)
{
    cf_set32(s, &s->entries_mark, mark(s, s->entries_total));
    cf_set32(s, &s->elements_mark, mark(s, s->elements_total));
}

static void options_tell(struct cf *cf, struct cf_structure *s, uint32_t option, uint32_t event, uint32_t instead_of, struct cf_wakes *wakes)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        struct cf_conn *conn = &s->conn[i];
        if (conn->state != CF_CONN_ACTIVE || !(conn->options & option))
            continue;
        cf_set32(s, &conn->events, (conn->events & ~instead_of) | event);
        cf_tell(cf, s, i, wakes);
    }
}

void cf_full_changed(struct cf *cf, struct cf_structure *s, struct cf_wakes *wakes)
{
    cf_set32(s, &s->full, !s->full);
    cf_marks_set(s);
    if (s->full)
        cf_set32(s, &s->full_times, s->full_times + 1);
    uint32_t event = s->full ? CF_EVENT_FULL : CF_EVENT_RELIEVED;
    options_tell(cf, s, CF_CONN_OPT_FULL, event, CF_EVENT_FULL | CF_EVENT_RELIEVED, wakes);
}

/* --- increments come and go -------------------------------------------------------------------------------------------- */

static uint32_t storage_of(const struct cf_structure *s)
{
    return s->entry_increment_count + s->element_increment_count;
}

static void slot_count(struct cf_slot *slot, const struct cf_structure *s)
{
    slot->increments = cf_control_increments(s) + storage_of(s);
    cf_step();
}

void cf_alter_recover(struct cf *cf, struct cf_slot *slot)
{
    struct cf_structure *s = cf_control(cf, slot);
    uint32_t owner = (uint32_t)(slot - cf->slots) + 1, pending = s->alter.pending;
    uint32_t *map = cf->half[slot->where].map;
    if (pending != 0 && map[pending - 1] == owner)
        map[pending - 1] = 0;
    slot_count(slot, s);
    if (pending != 0) {
        cf_set32(s, &s->alter.pending, 0);
        cf_commit(s);
    }
}

/* The end of a move: the totals are others, and it may be full or not by that. */
static void totals_change(struct altering *a)
{
    cf_totals_set(a->s);
    if (cf_full(a->s) != a->s->full)
        cf_full_changed(a->cf, a->s, a->wakes);
}

/* Step 2 of taking an increment back. */
static void increment_release(struct altering *a)
{
    uint32_t number = a->s->alter.pending - 1;
    a->half->map[number] = 0;
    cf_step();
    a->half->header->increments_free++;
    slot_count(a->slot, a->s);
    cf_set32(a->s, &a->s->alter.pending, 0);
    cf_commit(a->s);
    if (number < a->free_from)
        a->free_from = number;
    a->moves++;
}

/* Steps 1 and 2 of growing, without the contents. CF_NO_INCREMENT: the facility has none. */
static uint32_t increment_claim(struct altering *a)
{
    if (a->half->header->increments_free == 0)
        return CF_NO_INCREMENT;
    while (a->half->map[a->free_from] != 0)
        a->free_from++;
    cf_set32(a->s, &a->s->alter.pending, a->free_from + 1);
    cf_commit(a->s);
    a->half->map[a->free_from] = (uint32_t)(a->slot - a->cf->slots) + 1;
    cf_step();
    a->half->header->increments_free--;
    return a->free_from;
}

/* Step 3. */
static void increment_claimed(struct altering *a)
{
    cf_set32(a->s, &a->s->alter.pending, 0);
    totals_change(a);
    cf_commit(a->s);
    slot_count(a->slot, a->s);
    a->moves++;
}

static bool entries_give(struct altering *a)
{
    struct cf_structure *s = a->s;
    uint32_t last = s->entry_increment_count - 1;
    const struct cf_entries *entries = cf_entries_at(s, last);
    if (last == 0 || entries->used > 0 || last * s->entries_per_increment < s->records)
        return false;
    if (entries->free != 0) {
        uint64_t *word = (uint64_t *)cf_at(s, s->entry_free) + last / 64;
        cf_set64(s, word, *word & ~(1ull << last % 64));
    }
    if (s->entries_fresh > last * s->entries_per_increment)
        cf_set32(s, &s->entries_fresh, last * s->entries_per_increment);
    cf_set32(s, &s->entry_increment_count, last);
    cf_set32(s, &s->alter.pending, entries->increment + 1);
    totals_change(a);
    cf_commit(s);
    increment_release(a);
    return true;
}

static bool entries_grow(struct altering *a)
{
    struct cf_structure *s = a->s;
    uint32_t place = s->entry_increment_count;
    uint32_t number = place < s->increments_max ? increment_claim(a) : CF_NO_INCREMENT;
    if (number == CF_NO_INCREMENT)
        return false;
    *cf_entries_at(s, place) = (struct cf_entries){.increment = number};
    cf_set32(s, &s->entry_increment_count, place + 1);
    increment_claimed(a);
    return true;
}

static bool elements_enough(const struct cf_structure *s, uint32_t increments)
{
    return (uint64_t)increments * s->elements_per_increment >= (uint64_t)s->elements_used + s->spare + 1;
}

/* Take back the next element increment that is free, going down from s->alter.place. */
static bool elements_give(struct altering *a)
{
    struct cf_structure *s = a->s;
    uint32_t *table = cf_at(s, s->element_increments);
    if (!elements_enough(s, s->element_increment_count - 1))
        return false;
    for (; s->alter.place > 0 && a->looked < CF_ALTER_LOOKS; a->looked++) {
        uint32_t place = --s->alter.place;      /* where to go on; no harm if it is not undone */
        if (table[place] == CF_NO_INCREMENT || cf_elements_at(a->cf, s, place)->free < s->elements_per_increment)
            continue;
        uint64_t *word = (uint64_t *)cf_at(s, s->element_free) + place / 64;
        cf_set64(s, word, *word & ~(1ull << place % 64));
        cf_set32(s, &s->alter.pending, table[place] + 1);
        cf_set32(s, &table[place], CF_NO_INCREMENT);
        cf_set32(s, &s->element_increment_count, s->element_increment_count - 1);
        if (place == s->element_places - 1)
            cf_set32(s, &s->element_places, place);
        totals_change(a);
        cf_commit(s);
        increment_release(a);
        return true;
    }
    return false;
}

static bool elements_grow(struct altering *a)
{
    struct cf_structure *s = a->s;
    uint32_t *table = cf_at(s, s->element_increments);
    uint32_t place = s->element_places;
    if (s->element_increment_count < s->element_places)
        for (place = 0; table[place] != CF_NO_INCREMENT; place++)
            ;
    uint32_t number = place < s->increments_max ? increment_claim(a) : CF_NO_INCREMENT;
    if (number == CF_NO_INCREMENT)
        return false;
    /* Its contents and its bit are made where nobody looks: the table does not have it. */
    struct cf_elements *elements = (struct cf_elements *)cf_increment(a->half, number);
    uint64_t *word = (uint64_t *)cf_at(s, s->element_free) + place / 64;
    *elements = (struct cf_elements){.free = s->elements_per_increment};
    cf_set64(s, word, *word | 1ull << place % 64);
    cf_set32(s, &table[place], number);
    cf_set32(s, &s->element_increment_count, s->element_increment_count + 1);
    if (place == s->element_places)
        cf_set32(s, &s->element_places, place + 1);
    increment_claimed(a);
    return true;
}

/* --- ALTER ------------------------------------------------------------------------------------------------------------ */

static void target(const struct cf_structure *s, uint32_t *entries, uint32_t *elements)
{
    cf_storage_split(s, s->alter.increments - cf_control_increments(s), s->alter.entryratio, s->alter.elementratio, entries, elements);
}

/* One move towards the target; false: none is possible, or all that may be looked at in one command was. */
static bool move(struct altering *a)
{
    struct cf_structure *s = a->s;
    uint32_t entries, elements;
    target(s, &entries, &elements);
    if (s->entry_increment_count > entries && entries_give(a))
        return true;
    if (s->element_increment_count > elements && elements_give(a))
        return true;
    if (storage_of(s) >= entries + elements)
        return false;
    return (s->entry_increment_count < entries && entries_grow(a)) || (s->element_increment_count < elements && elements_grow(a));
}

static bool reached(const struct cf_structure *s)
{
    uint32_t entries, elements;
    target(s, &entries, &elements);
    return s->entry_increment_count == entries && s->element_increment_count == elements;
}

static void alter_end(struct altering *a)
{
    struct cf_structure *s = a->s;
    if (reached(s)) {
        cf_set32(s, &s->entryratio, s->alter.entryratio);
        cf_set32(s, &s->elementratio, s->alter.elementratio);
    }
    cf_set32(s, &s->alter.active, 0);
    options_tell(a->cf, s, CF_CONN_OPT_ALTER, CF_EVENT_ALTER_END, 0, a->wakes);
    cf_commit(s);
}

static bool all_allow(const struct cf_structure *s)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        if (s->conn[i].state != CF_CONN_FREE && !(s->conn[i].options & CF_CONN_OPT_ALTER))
            return false;
    return true;
}

static int start(struct cf_call *call, struct altering *a)
{
    struct cf_structure *s = a->s;
    const uint8_t *own = call->mcb + MCB_OWN;
    uint32_t increments = (uint32_t)(((uint64_t)get_be32(own + ALTER_SIZE_KIB) * 1024 + CF_INCREMENT - 1) / CF_INCREMENT);
    uint32_t entryratio = get_be16(own + ALTER_ENTRYRATIO), elementratio = get_be16(own + ALTER_ELEMENTRATIO);
    put_be64(call->mrb + MRB_RESTART, s->alter.active ? s->alter.sequence : 0);
    if (s->alter.active)
        return CF_RSP_ALTERING;
    if (increments == 0)
        increments = cf_control_increments(s) + storage_of(s);
    if (increments > s->increments_max || increments < s->increments_min ||
        increments < cf_control_increments(s) + (s->elementratio > 0 ? 2 : 1))
        return cf_bad(call, MCB_OWN + ALTER_SIZE_KIB);
    if (entryratio == 0 && elementratio == 0) {
        entryratio = s->entryratio;
        elementratio = s->elementratio;
    }
    if (entryratio == 0)
        return cf_bad(call, MCB_OWN + ALTER_ENTRYRATIO);
    if ((elementratio == 0) != (s->elementratio == 0))      /* a structure without data elements never has any */
        return cf_bad(call, MCB_OWN + ALTER_ELEMENTRATIO);
    if (!all_allow(s) || s->entry_increment_count == 0)
        return CF_RSP_ALTER_NOT_ALLOWED;
    const struct cf_alter alter = {.active = 1, .sequence = s->alter.sequence + 1, .increments = increments,
                                   .entryratio = entryratio, .elementratio = elementratio, .place = s->element_places};
    cf_set_bytes(s, &s->alter, &alter, sizeof alter);
    options_tell(a->cf, s, CF_CONN_OPT_ALTER, CF_EVENT_ALTER_BEGIN, 0, a->wakes);
    cf_commit(s);
    return 0;
}

static void report(struct cf_call *call, const struct cf_structure *s)
{
    uint8_t *own = call->mrb + MRB_OWN;
    put_be32(own + ALTER_SIZE_KIB, s->size_kib);
    put_be16(own + ALTER_ENTRYRATIO, (uint16_t)s->entryratio);
    put_be16(own + ALTER_ELEMENTRATIO, (uint16_t)s->elementratio);
    own[ALTER_REACHED] = reached(s);
    put_be32(own + ALTER_SIZEMAX_KIB, s->increments_max * (CF_INCREMENT / 1024));
    cf_report_counts(call, s);
}

static int alter(struct cf_call *call, struct altering *a)
{
    struct cf_structure *s = a->s;
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    if (call->mcb[MCB_OPTIONS] & CF_OPT_STOP) {
        if (s->alter.active)
            alter_end(a);
        return 0;
    }
    int result = restart == 0 ? start(call, a) : s->alter.active && restart == s->alter.sequence ? 0 : CF_RSP_ALTER_ENDED;
    if (result != 0)
        return result;
    while (a->moves < CF_ALTER_MOVES && move(a))
        ;
    if (a->moves == CF_ALTER_MOVES || a->looked == CF_ALTER_LOOKS) {
        put_be64(call->mrb + MRB_RESTART, s->alter.sequence);
        return CF_RSP_TIMEOUT;
    }
    alter_end(a);
    return 0;
}

/* Is this a structure whose size can change now? Sweeps what is left of other changes. */
static int prepare(struct cf *cf, struct cf_slot *slot)
{
    if (cf_half_failed(cf, slot->where))
        return CF_RSP_CF_FAILED;
    if (slot->duplex != CF_DUPLEX_NONE || cf_control(cf, slot)->rebuild_phase != CF_REBUILD_NONE)
        return CF_RSP_REBUILD;
    if (slot->control[!slot->where] != 0)                   /* a copy that is not in use any more */
        cf_copy_free(cf, slot, !slot->where);
    if (cf_control(cf, slot)->alter.pending != 0) {         /* a recovery did not get at the structure */
        cf_alter_recover(cf, slot);
        cf_increments_release(cf, slot->where, 0);
    }
    return 0;
}

static int alter_locked(struct cf_call *call)
{
    struct cf *cf = call->cf;
    struct cf_slot *slot = cf_slot_by_name(cf, call->mcb + MCB_NAME);
    if (!slot)
        return CF_RSP_NO_STRUCTURE;
    struct cf_served served = {.started = cf_ticks()};
    if (cf_slot_lock_within(cf, slot, call->wait_us, &served.waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    struct cf_structure *s = cf_control(cf, slot);
    struct altering a = {.cf = cf, .half = &cf->half[slot->where], .slot = slot, .s = s, .wakes = &call->wakes};
    int result = prepare(cf, slot);
    if (result == 0)
        result = alter(call, &a);
    if (s->alter.sequence != 0)
        report(call, s);
    cf_count(s, CF_STAT_ALTER_STRUCTURE, result, &served);
    cf_slot_unlock(slot);
    return result;
}

int cf_command_alter_structure(struct cf_call *call)
{
    if (call->mcb[MCB_OPTIONS] & (uint8_t)~CF_OPT_STOP)
        return cf_bad(call, MCB_OPTIONS);
    if (!cf_name_valid(call->mcb + MCB_NAME))
        return cf_bad(call, MCB_NAME);
    if (cf_directory_lock_within(call->cf, call->wait_us) != 0)
        return CF_RSP_BUSY;
    int result = alter_locked(call);
    cf_directory_unlock(call->cf);
    return result;
}

/* --- ALLOWAUTOALT ------------------------------------------------------------------------------------------------------ */

static void grow_where_full(struct altering *a)
{
    struct cf_structure *s = a->s;
    uint32_t tenth = storage_of(s) / 10 + 1;
    uint32_t room = s->increments_max - cf_control_increments(s) - storage_of(s);
    if (tenth > CF_ALTER_MOVES)
        tenth = CF_ALTER_MOVES;
    if (tenth > room)
        tenth = room;
    while (a->moves < tenth && cf_full(s))
        if (!(s->entries_used > s->entries_mark ? entries_grow(a) : elements_grow(a)))
            break;
}

void cf_alter_auto(struct cf *cf, uint32_t id)
{
    struct cf_wakes wakes = {0};
    struct cf_slot *slot = &cf->slots[id & 0xFFFF];
    bool waited;
    if (cf_directory_lock(cf) != 0)
        return;
    if (slot->state == CF_SLOT_ACTIVE && cf_slot_id(cf, slot) == id && cf_slot_lock(cf, slot, &waited) != CF_NOT_TAKEN) {
        struct altering a = {.cf = cf, .half = &cf->half[slot->where], .slot = slot, .s = cf_control(cf, slot), .wakes = &wakes};
        if (prepare(cf, slot) == 0 && a.s->full && !a.s->alter.active && all_allow(a.s))
            grow_where_full(&a);
        cf_slot_unlock(slot);
    }
    cf_directory_unlock(cf);
    cf_wake(cf, &wakes);
}
