/* Segments: create, map, attach; the directory mutex; storage of structures. Layout and rules: cf_segment.h. */
#include "cfemu/engine/cf_segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf_alter.h"
#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_fence.h"
#include "cfemu/engine/cf_lcontrols.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_rebuild.h"
#include "cfemu/engine/cf_undo.h"

static_assert(sizeof(struct cf_attachment) == 128, "attachments are cache line pairs");
static_assert(sizeof(struct cf_slot) == 128, "slots are cache line pairs");
static_assert(sizeof(struct cf_header) <= 4096, "the header is a page");
static_assert(sizeof(struct cf_entry) == 64, "an entry is a cache line");
static_assert(sizeof(struct cf_list) == 64, "a list header is a cache line");
static_assert(sizeof(struct cf_emc) == 64, "an event monitor is a cache line");
static_assert(sizeof(struct cf_structure) < CF_INCREMENT, "a small structure has one control increment");

/* Waiting for a mutex, in pauses of the processor (10 to 50 ns each): before the second look, the same for a thread that had to
 * wait within the last so many ticks, and between looks at most. */
#define PAUSES_FIRST 8
#define PAUSES_FIRST_OFTEN 64
#define OFTEN_TICKS 100000u
#define PAUSES_MAX 256
#define SPIN_US 60      /* a sleep with its wake-up is cheaper then, and who holds it is probably not running */
#define NAP_US 5000     /* the one who was woken in our place may have died before it could take the mutex, and wake us */

uint64_t cf_clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

double cf_ticks_per_us(const struct cf *cf)
{
    uint64_t ns = cf_clock_ns(CLOCK_MONOTONIC) - cf->header->created_ns;
    return (double)(cf_ticks() - cf->header->created_ticks) / ((double)ns / 1000.0);
}

/* --- mutexes ------------------------------------------------------------------------------------------------------- */

static int mutex_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error != 0)
        return error;
    error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0)
        error = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (error == 0)
        error = pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return error;
}

/* Does nobody live hold it? A look at the word, which leaves its cache line with the owner: each try would take it away
 * from him, and make everybody's command longer. The word is the owner's thread id, as the kernel wants it. */
static bool mutex_looks_free(const pthread_mutex_t *mutex)
{
    return (__atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) & FUTEX_TID_MASK) == 0;
}

/* Look for the mutex, less and less often: who holds it and goes on with more commands has the structure's cache lines near,
 * and handing them over for each command would make every command several times as long. 0, EOWNERDEAD, EBUSY. */
static int mutex_spin(pthread_mutex_t *mutex, uint64_t until_ns)
{
    static _Thread_local uint64_t waited_at;
    unsigned pauses = cf_ticks() - waited_at < OFTEN_TICKS ? PAUSES_FIRST_OFTEN : PAUSES_FIRST;
    int error;
    do {
        for (unsigned i = 0; i < pauses; i++)
            cf_pause_processor();
        pauses = pauses < PAUSES_MAX ? pauses * 2 : PAUSES_MAX;
        error = mutex_looks_free(mutex) ? pthread_mutex_trylock(mutex) : EBUSY;
    } while (error == EBUSY && cf_clock_ns(CLOCK_MONOTONIC) < until_ns);
    waited_at = cf_ticks();
    return error;
}

/* Sleep until the owner lets go, or so long. pthread_mutex_lock() would do, but it does not look again when it was woken: one
 * that is on its way out of sleep loses against those who run, and each loss costs the winner a system call. The word's
 * protocol is the kernel's (robust futexes): an owner that sees FUTEX_WAITERS, or the kernel when it dies, wakes one. */
static void mutex_nap(pthread_mutex_t *mutex, uint64_t ns)
{
    const struct timespec nap = {.tv_nsec = (long)ns};
    int *word = &mutex->__data.__lock, seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    if ((seen & FUTEX_TID_MASK) == 0)
        return;
    int wanted = seen | (int)FUTEX_WAITERS;
    if (seen == wanted || __atomic_compare_exchange_n(word, &seen, wanted, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        syscall(SYS_futex, word, FUTEX_WAIT, wanted, &nap, NULL, 0);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int mutex_wait(pthread_mutex_t *mutex, uint32_t wait_us)
{
    uint64_t now = cf_clock_ns(CLOCK_MONOTONIC), until = now + wait_us * 1000ull;
    int error = mutex_spin(mutex, least(now + SPIN_US * 1000u, until));
    if (error != EBUSY)
        return error;
    while (error == EBUSY && (now = cf_clock_ns(CLOCK_MONOTONIC)) < until) {
        mutex_nap(mutex, least(NAP_US * 1000u, until - now));
        error = mutex_spin(mutex, cf_clock_ns(CLOCK_MONOTONIC) + SPIN_US * 1000u);
    }
    /* We were woken alone: others may sleep, of whom the word says nothing any more. */
    if (error != EBUSY)
        __atomic_fetch_or(&mutex->__data.__lock, (int)FUTEX_WAITERS, __ATOMIC_RELAXED);
    return error;
}

/* 0, EOWNERDEAD (taken; pthread_mutex_consistent() is to follow), EBUSY after wait_us. */
static int mutex_take(pthread_mutex_t *mutex, uint32_t wait_us, bool *waited)
{
    int error = pthread_mutex_trylock(mutex);
    *waited = error == EBUSY;
    if (error == EBUSY)
        error = mutex_wait(mutex, wait_us);
    assert(error == 0 || error == EOWNERDEAD || error == EBUSY);
    return error;
}

static void mutex_release(pthread_mutex_t *mutex)
{
    int error = pthread_mutex_unlock(mutex);
    assert(error == 0);
    (void)error;
}

enum cf_taken cf_slot_lock_within(struct cf *cf, struct cf_slot *slot, uint32_t wait_us, bool *waited)
{
    int error = mutex_take(&slot->mutex, wait_us, waited);
    if (error == EBUSY)
        return CF_NOT_TAKEN;
    if (error == EOWNERDEAD) {
        if (slot->state == CF_SLOT_ACTIVE) {
            if (cf_control(cf, slot)->undo.count > 0)
                cf_control(cf, slot)->stats.rollbacks++;
            cf_duplex_recover(cf, slot);
        }
        pthread_mutex_consistent(&slot->mutex);
    }
    if (slot->duplex != CF_DUPLEX_NONE)
        cf_duplex_enter(cf, slot);
    return error == 0 ? CF_TAKEN : CF_TAKEN_FROM_DEAD;
}

enum cf_taken cf_slot_lock(struct cf *cf, struct cf_slot *slot, bool *waited)
{
    return cf_slot_lock_within(cf, slot, CF_WAIT_US, waited);
}

void cf_slot_unlock(struct cf_slot *slot)
{
    mutex_release(&slot->mutex);
}

/* --- storage of structures ----------------------------------------------------------------------------------------- */

void cf_increments_release(struct cf *cf, uint32_t half, uint32_t owner)
{
    const struct cf_half *in = &cf->half[half];
    uint32_t free_count = 0;
    for (uint32_t i = 0; in->base && i < in->header->increments; i++) {
        uint32_t of = in->map[i];
        if (of != 0 && (of == owner || (cf->slots[of - 1].state == CF_SLOT_ACTIVE && cf->slots[of - 1].control[half] == 0)))
            in->map[i] = 0;
        free_count += in->map[i] == 0;
    }
    if (in->base)
        in->header->increments_free = free_count;
}

void cf_structure_free(struct cf *cf, struct cf_slot *slot)
{
    if (slot->state == CF_SLOT_ACTIVE)
        cf_rebuild_forget(cf, slot);
    slot->state = CF_SLOT_FREEING;
    cf_step();
    slot->duplex = CF_DUPLEX_NONE;
    slot->target = 0;
    for (uint32_t half = 0; half < 2; half++) {
        cf_increments_release(cf, half, (uint32_t)(slot - cf->slots) + 1);
        cf_step();
    }
    slot->control[0] = slot->control[1] = 0;
    slot->state = CF_SLOT_FREE;
    cf_step();
}

void cf_copy_free(struct cf *cf, struct cf_slot *slot, uint32_t half)
{
    slot->control[half] = 0;
    cf_step();
    cf_increments_release(cf, half, (uint32_t)(slot - cf->slots) + 1);
    cf_step();
}

bool cf_structure_unused(struct cf_structure *s)
{
    if (s->flags & CF_CONN_STRDISP_KEEP || s->rebuild_of != 0)
        return false;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        if (s->conn[i].state != CF_CONN_FREE)
            return false;
    return true;
}

/* A process died while it held the directory: finish what it was about. */
static void directory_recover(struct cf *cf)
{
    struct cf_wakes wakes = {0};
    bool waited;
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++) {
        if (slot->state == CF_SLOT_ALLOCATING || slot->state == CF_SLOT_FREEING)
            cf_structure_free(cf, slot);
        if (slot->state != CF_SLOT_ACTIVE || cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
            continue;
        cf_alter_recover(cf, slot);
        cf_slot_unlock(slot);
        cf_structure_fail(cf, slot, UINT32_MAX, &wakes);
    }
    cf_increments_release(cf, 0, 0);
    cf_increments_release(cf, 1, 0);
    cf_rebuild_recover(cf);
    cf_wake(cf, &wakes);
}

int cf_directory_lock_within(struct cf *cf, uint32_t wait_us)
{
    bool waited;
    pthread_mutex_t *mutex = &cf->half[0].header->mutex;
    int error = mutex_take(mutex, wait_us, &waited);
    if (error == EBUSY)
        return CF_RSP_BUSY;
    if (error == EOWNERDEAD) {
        directory_recover(cf);
        pthread_mutex_consistent(mutex);
    }
    return 0;
}

int cf_directory_lock(struct cf *cf)
{
    return cf_directory_lock_within(cf, CF_WAIT_US);
}

void cf_directory_unlock(struct cf *cf)
{
    mutex_release(&cf->half[0].header->mutex);
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

static uint32_t power_of_two(uint64_t value)
{
    uint32_t power = 1;
    while (power < value)
        power <<= 1;
    return power;
}

/* A lock structure keeps the record data of a connection as the entries of a list, their adjuncts: cf_rdata.h. */
static void lock_attributes_take(struct cf_structure *s, const uint8_t *own)
{
    s->type = CF_TYPE_LOCK;
    s->table_entries = s->lockentries;
    s->lockentries = 0;
    s->table_words = s->maxconn <= CF_NARROW_USERS ? 1 : 5;
    s->records = get_be32(own + CONN_RECORDS);
    s->listheaders = CF_CONNECTIONS_MAX + 1;
    s->flags = CF_CONN_ADJUNCT | (s->flags & CF_CONN_STRDISP_KEEP);
    s->maxelemnum = s->entryratio = 1;
    s->elemchar = s->elementratio = 0;
}

static void attributes_take(struct cf_structure *s, const uint8_t *own)
{
    memset(s, 0, offsetof(struct cf_structure, conn));
    s->listheaders = get_be32(own + CONN_LISTHEADERS);
    s->lockentries = get_be32(own + CONN_LOCKENTRIES);
    if (s->lockentries > 0)
        s->lockentries = power_of_two(s->lockentries);
    s->maxelemnum = get_be16(own + CONN_MAXELEMNUM);
    s->elemchar = own[CONN_ELEMCHAR];
    s->flags = own[CONN_FLAGS] &
               (CF_CONN_ADJUNCT | CF_CONN_NAMED | CF_CONN_KEYED | CF_CONN_STRDISP_KEEP | CF_CONN_LIMIT_ELEMENTS);
    s->emcstgpct = s->flags & CF_CONN_KEYED ? get_be16(own + CONN_EMCSTGPCT) : 0;
    s->entryratio = get_be16(own + CONN_ENTRYRATIO);
    s->elementratio = get_be16(own + CONN_ELEMENTRATIO);
    s->maxconn = own[CONN_MAXCONN] > 0 ? own[CONN_MAXCONN] : CF_CONNECTIONS_MAX;
    if (s->listheaders == 0)
        lock_attributes_take(s, own);
    s->element_size = CF_ELEMENT_MIN << s->elemchar;
    s->entry_size = (uint32_t)sizeof(struct cf_entry) + (s->flags & CF_CONN_ADJUNCT ? CF_ADJUNCT_SIZE : 0);
    s->entries_per_increment = CF_INCREMENT / s->entry_size;
    uint64_t each = s->element_size + sizeof(struct cf_run);
    s->elements_per_increment = (uint32_t)((CF_INCREMENT - sizeof(struct cf_elements) - CF_ELEMENT_MIN) / each);
    s->elements_at = (uint32_t)round_up(
        sizeof(struct cf_elements) + s->elements_per_increment * sizeof(struct cf_run), CF_ELEMENT_MIN);
}

void cf_storage_split(const struct cf_structure *s, uint32_t storage, uint32_t entryratio, uint32_t elementratio,
                      uint32_t *entries, uint32_t *elements)
{
    uint64_t for_entries = (uint64_t)entryratio * s->elements_per_increment;
    uint64_t for_elements = (uint64_t)elementratio * s->entries_per_increment;
    *entries = (uint32_t)((storage * for_entries + (for_entries + for_elements) / 2) / (for_entries + for_elements));
    if (*entries == 0 && storage > 0)
        *entries = 1;
    if (*entries == storage && elementratio > 0)
        *entries = storage - 1;
    *elements = storage - *entries;
}

void cf_totals_set(struct cf_structure *s)
{
    uint64_t elements = (uint64_t)s->element_increment_count * s->elements_per_increment;
    uint32_t storage = s->entry_increment_count + s->element_increment_count;
    cf_set32(s, &s->entries_total, s->entry_increment_count * s->entries_per_increment);
    cf_set32(s, &s->elements_total, elements > s->spare ? (uint32_t)(elements - s->spare) : 0);
    cf_set32(s, &s->size_kib, (cf_control_increments(s) + storage) * (CF_INCREMENT / 1024));
    cf_marks_set(s);
}

/* List controls, event monitors and their buckets, from an offset on. */
static void controls_geometry(struct cf_structure *s, uint32_t increments, uint64_t at)
{
    s->controls = round_up(at, 64);
    at = s->controls + (s->type == CF_TYPE_LOCK ? 0 : s->listheaders * sizeof(struct cf_controls));
    uint64_t emcs = (uint64_t)increments * CF_INCREMENT * s->emcstgpct / (10000 * sizeof(struct cf_emc));
    s->emcs_total = emcs < CF_EMCS_MAX ? (uint32_t)emcs : CF_EMCS_MAX;
    uint64_t buckets = power_of_two(s->emcs_total);
    s->emc_hash_mask = (uint32_t)(buckets - 1);
    s->emcs = round_up(at, 64);
    s->emc_hash = s->emcs + s->emcs_total * sizeof(struct cf_emc);
    s->entry_increments = round_up(s->emc_hash + buckets * sizeof(uint32_t), 64);
}

/* Lay out a structure of so many increments, that can grow to capacity. Result: control increments, or 0 if they are too
 * few. */
static uint32_t geometry(struct cf_structure *s, uint32_t increments, uint32_t capacity)
{
    uint64_t entries_max = (uint64_t)capacity * s->entries_per_increment;
    uint64_t buckets = s->flags & CF_CONN_NAMED ? power_of_two(entries_max / 2) : 1;
    s->hash_mask = (uint32_t)(buckets - 1);
    s->lists = round_up(sizeof(struct cf_structure), 64);
    s->locks = round_up(s->lists + s->listheaders * sizeof(struct cf_list), 64);
    uint64_t table = (uint64_t)s->table_entries * s->table_words * sizeof(uint64_t);
    s->hash = round_up(s->locks + s->lockentries * sizeof(struct cf_lock) + table, 64);
    controls_geometry(s, increments, s->hash + buckets * sizeof(uint32_t));
    uint64_t bits = (capacity + 63) / 64 * sizeof(uint64_t);
    s->entry_free = s->entry_increments + capacity * sizeof(struct cf_entries);
    s->element_increments = round_up(s->entry_free + bits, 64);
    s->element_free = round_up(s->element_increments + capacity * sizeof(uint32_t), 64);
    s->control_size = round_up(s->element_free + bits, 64);
    s->increments_max = capacity;

    uint32_t control = cf_control_increments(s);
    uint32_t needed = s->elementratio > 0 ? 2 : s->type == CF_TYPE_LIST || s->records > 0;
    if (control + needed > increments)
        return 0;
    cf_storage_split(s, increments - control, s->entryratio, s->elementratio, &s->entry_increment_count,
                     &s->element_increment_count);
    if (s->entry_increment_count * s->entries_per_increment < s->records)
        return 0;
    s->element_places = s->element_increment_count;
    s->spare = CF_DATA_MAX / s->element_size;           /* see cf_element.h */
    if (s->spare > s->maxelemnum)
        s->spare = s->maxelemnum;
    return control;
}

/* Claim count consecutive free increments. Result: the first, or UINT32_MAX. */
static uint32_t increments_claim(struct cf *cf, uint32_t owner, uint32_t count)
{
    uint32_t run = 0;
    for (uint32_t i = 0; i < cf->header->increments; i++) {
        run = cf->map[i] == 0 ? run + 1 : 0;
        if (run < count)
            continue;
        for (uint32_t j = 0; j < count; j++) {
            cf->map[i - j] = owner;
            cf_step();
        }
        cf->header->increments_free -= count;
        return i - count + 1;
    }
    return UINT32_MAX;
}

static uint32_t increment_take(struct cf *cf, uint32_t *from, uint32_t owner)
{
    while (cf->map[*from] != 0)
        ++*from;
    cf->map[*from] = owner;
    cf->header->increments_free--;
    cf_step();
    return *from;
}

/* Give each place of the tables, but the gaps, an increment of its own. */
static void tables_fill(struct cf *cf, struct cf_structure *s, uint32_t owner)
{
    uint32_t *elements = cf_at(s, s->element_increments);
    uint32_t from = 0;
    for (uint32_t i = 0; i < s->entry_increment_count; i++)
        cf_entries_at(s, i)->increment = increment_take(cf, &from, owner);
    for (uint32_t i = 0; i < s->element_places; i++)
        if (elements[i] != CF_NO_INCREMENT)
            elements[i] = increment_take(cf, &from, owner);
}

void cf_elements_init(struct cf *cf, struct cf_structure *s, uint32_t place)
{
    struct cf_elements *elements = cf_elements_at(cf, s, place);
    uint64_t *element_free = cf_at(s, s->element_free);
    memset(elements, 0, sizeof *elements);
    elements->free = s->elements_per_increment;
    element_free[place / 64] |= 1ull << place % 64;
}

static void contents_init(struct cf *cf, struct cf_structure *s)
{
    for (uint32_t i = 0; i < s->listheaders; i++)
        cf_lcontrols_init(s, i);
    for (uint32_t i = 1; i < s->emcs_total; i++)
        cf_emc_at(s, i)->hash_next = i + 1;
    s->emc_free = s->emcs_total > 0;
    for (uint32_t i = 1; i < CF_MONITORS_MAX; i++)
        s->monitor[i].next = i + 1;
    s->monitor_free = 1;
    for (uint32_t i = 0; i < s->element_increment_count; i++)
        cf_elements_init(cf, s, i);
    cf_totals_set(s);
    cf_commit(s);
}

static uint32_t increments_for(uint64_t size_kib)
{
    return (uint32_t)((size_kib * 1024 + CF_INCREMENT - 1) / CF_INCREMENT);
}

/* How large is it to be? Of so many increments at first; it can grow to *capacity. */
static uint32_t size_plan(const struct cf *cf, uint32_t asked_kib, const struct cf_policy_structure *rule, uint32_t *capacity)
{
    uint32_t free_count = cf->header->increments_free;
    uint32_t increments = asked_kib > 0 ? increments_for(asked_kib) : increments_for(CF_SIZE_DEFAULT / 1024);
    *capacity = 0;
    if (rule) {
        uint32_t initial = increments_for(rule->initsize_kib > 0 ? rule->initsize_kib : rule->size_kib);
        uint32_t least = increments_for(rule->minsize_kib);
        *capacity = increments_for(rule->size_kib);
        increments = asked_kib > 0 && increments < initial ? increments : initial;
        if (increments < least)
            increments = least;
        if (increments > free_count && least > 0 && least <= free_count)
            increments = free_count;
    } else if (asked_kib == 0 && increments > free_count) {
        increments = free_count;
    }
    return increments;
}

/* Lay it out. 0, CF_RSP_CF_FULL, CF_RSP_SIZE_TOO_SMALL. */
static int plan_make(const struct cf *cf, struct cf_structure *plan, const uint8_t *own, const struct cf_policy_structure *rule, uint32_t *increments, uint32_t *control)
{
    uint32_t free_count = cf->header->increments_free, capacity;
    attributes_take(plan, own);
    *increments = size_plan(cf, get_be32(own + CONN_SIZE_KIB), rule, &capacity);
    for (*control = 0; *control == 0; ++*increments) {
        if (*increments > free_count)
            return CF_RSP_CF_FULL;
        if (rule && *increments > capacity)
            return CF_RSP_SIZE_TOO_SMALL;
        *control = geometry(plan, *increments, *increments > capacity ? *increments : capacity);
        if (*control != 0)
            break;
    }
    if (rule) {
        plan->increments_min = increments_for(rule->minsize_kib);
        plan->threshold = rule->fullthreshold;
        plan->autoalter = rule->allowautoalt;
    }
    return 0;
}

int cf_structure_allocate(struct cf *cf, const uint8_t *name, const uint8_t *own, const struct cf_policy_structure *rule, struct cf_slot **slot_out)
{
    struct cf_slot *slot = cf->slots;
    while (slot < cf->slots + CF_STRUCTURES_MAX && slot->state != CF_SLOT_FREE)
        slot++;
    if (slot == cf->slots + CF_STRUCTURES_MAX)
        return CF_RSP_TOO_MANY;

    struct cf_structure plan;
    uint32_t increments, control;
    int result = plan_make(cf, &plan, own, rule, &increments, &control);
    if (result != 0)
        return result;

    uint32_t owner = (uint32_t)(slot - cf->slots) + 1;
    slot->state = CF_SLOT_ALLOCATING;
    cf_step();
    uint32_t first = increments_claim(cf, owner, control);
    if (first == UINT32_MAX) {
        cf_structure_free(cf, slot);
        return CF_RSP_CF_FULL;
    }
    struct cf_structure *s = (struct cf_structure *)cf_increment(&cf->half[cf->own], first);
    memset(s, 0, (size_t)control * CF_INCREMENT);
    memcpy(s, &plan, offsetof(struct cf_structure, conn));
    s->back = (uint64_t)first * CF_INCREMENT;
    if (getrandom(&s->hash_seed, sizeof s->hash_seed, 0) != sizeof s->hash_seed)
        s->hash_seed = cf_clock_ns(CLOCK_REALTIME);
    tables_fill(cf, s, owner);
    contents_init(cf, s);

    memcpy(slot->name, name, CF_NAME_SIZE);
    slot->control[cf->own] = (uint64_t)((uint8_t *)s - cf->base);
    slot->control[!cf->own] = 0;
    slot->where = (uint8_t)cf->own;
    slot->duplex = CF_DUPLEX_NONE;
    slot->target = 0;
    slot->increments = increments;
    slot->allocated_ns = cf_clock_ns(CLOCK_REALTIME);
    slot->generation = slot->generation % 0xFFFF + 1;
    atomic_thread_fence(memory_order_release);
    slot->state = CF_SLOT_ACTIVE;
    cf_step();
    *slot_out = slot;
    return 0;
}

int cf_copy_allocate(struct cf *cf, struct cf_slot *slot)
{
    uint32_t half = !slot->where, owner = (uint32_t)(slot - cf->slots) + 1;
    const struct cf_half *to = &cf->half[half];
    struct cf there = *cf;              /* as one who opened the other CF sees it */
    there.base = to->base;
    there.header = to->header;
    there.map = to->map;
    struct cf_structure *s = cf_control(cf, slot);
    uint32_t control = cf_control_increments(s);
    if (slot->control[half] != 0)       /* what a process left that died here */
        cf_copy_free(cf, slot, half);
    if (slot->increments > to->header->increments_free)
        return CF_RSP_CF_FULL;
    uint32_t first = increments_claim(&there, owner, control);
    if (first == UINT32_MAX)
        return CF_RSP_CF_FULL;
    struct cf_structure *copy = (struct cf_structure *)cf_increment(to, first);
    memset(copy, 0, (size_t)control * CF_INCREMENT);
    memcpy(copy, s, offsetof(struct cf_structure, stats));
    copy->back = (uint64_t)first * CF_INCREMENT;
    memcpy(cf_at(copy, copy->element_increments), cf_at(s, s->element_increments), s->element_places * sizeof(uint32_t));
    tables_fill(&there, copy, owner);
    slot->control[half] = (uint64_t)((uint8_t *)copy - to->base);
    cf_step();
    return 0;
}

/* --- segments ------------------------------------------------------------------------------------------------------ */

static bool cfname_valid(const char *name)
{
    size_t length = strlen(name);
    return length >= 1 && length <= 8 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$") == length;
}

/* The name as shm_open wants it. */
static int shm_path(char out[NAME_MAX + 2], const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX || strchr(name, '/') || name[0] == '.')
        return -EINVAL;
    snprintf(out, NAME_MAX + 2, "/%s", name);
    return 0;
}

static void name_pad(uint8_t out[8], const char *name)
{
    memset(out, ' ', 8);
    memcpy(out, name, strnlen(name, 8));
}

static struct cf_attachment *attachments_of(uint8_t *base)
{
    return (struct cf_attachment *)(base + 4096);
}

static struct cf_slot *slots_of(uint8_t *base)
{
    return (struct cf_slot *)(attachments_of(base) + CF_ATTACHMENTS_MAX);
}

void cf_half_set(struct cf_half *half, uint8_t *base, uint32_t increments)
{
    half->base = base;
    half->header = (struct cf_header *)base;
    half->policy = (struct cf_policy_area *)(slots_of(base) + CF_STRUCTURES_MAX);
    half->map = (uint32_t *)(half->policy + 1);
    half->twin = half->map + increments;
}

void cf_view_set(struct cf *cf, uint32_t own)
{
    cf->own = own;
    cf->base = cf->half[own].base;
    cf->header = cf->half[own].header;
    cf->map = cf->half[own].map;
    cf->attachments = attachments_of(cf->half[0].base);
    cf->slots = slots_of(cf->half[0].base);
}

static int segment_init(uint8_t *base, const char *cfname, uint64_t size)
{
    uint32_t increments = (uint32_t)(size / CF_INCREMENT);
    uint64_t fixed = cf_segment_fixed(increments);
    increments = (uint32_t)((size - fixed) / CF_INCREMENT);
    struct cf_header *header = (struct cf_header *)base;
    header->version = CF_SEGMENT_VERSION;
    header->increments = header->increments_free = increments;
    header->size = size;
    header->first = fixed;
    name_pad(header->cfname, cfname);
    header->created_ns = cf_clock_ns(CLOCK_MONOTONIC);
    header->created_ticks = cf_ticks();
    int error = mutex_init(&header->mutex);
    for (uint32_t i = 0; error == 0 && i < CF_STRUCTURES_MAX; i++)
        error = mutex_init(&slots_of(base)[i].mutex);
    atomic_thread_fence(memory_order_release);
    header->magic = CF_MAGIC;
    return -error;
}

int cf_create(const char *name, const char *cfname, uint64_t size)
{
    char path[NAME_MAX + 2];
    if (shm_path(path, name) != 0 || !cfname_valid(cfname) || size < CF_SEGMENT_MIN || size > CF_SEGMENT_MAX)
        return -EINVAL;
    int fd = shm_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    /* Storage is reserved now: a store into a segment that the machine cannot hold would be a SIGBUS later. */
    int result = -posix_fallocate(fd, 0, (off_t)size);
    if (result == 0) {
        uint8_t *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        result = base == MAP_FAILED ? -errno : segment_init(base, cfname, size);
        if (base != MAP_FAILED)
            munmap(base, size);
    }
    close(fd);
    if (result != 0)
        shm_unlink(path);
    return result;
}

int cf_remove(const char *name)
{
    char path[NAME_MAX + 2];
    int error = shm_path(path, name);
    if (error != 0)
        return error;
    return shm_unlink(path) == 0 ? 0 : -errno;
}

static int file_map(int fd, struct cf_half *half)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -errno;
    uint64_t size = (uint64_t)status.st_size;
    if (size < CF_SEGMENT_MIN || size > CF_SEGMENT_MAX)
        return -EPROTO;
    uint8_t *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED)
        return -errno;
    struct cf_header *header = (struct cf_header *)base;
    uint64_t magic = __atomic_load_n(&header->magic, __ATOMIC_ACQUIRE);
    if (magic == CF_MAGIC && header->version == CF_SEGMENT_VERSION && header->size == size) {
        cf_half_set(half, base, header->increments);
        return 0;
    }
    munmap(base, size);
    return -EPROTO;
}

/* Map one segment. *fd: of its file, the caller's to close. */
static int segment_map(const char *name, struct cf_half *half, int *fd)
{
    char path[NAME_MAX + 2];
    int error = shm_path(path, name);
    if (error != 0)
        return error;
    *fd = shm_open(path, O_RDWR | O_CLOEXEC, 0);
    if (*fd < 0)
        return -errno;
    error = file_map(*fd, half);
    if (error != 0) {
        close(*fd);
        *fd = -1;
    }
    return error;
}

/* Map a CF, and the other one if it is half of a pair. */
static int halves_map(struct cf *cf, const char *name)
{
    struct cf_half own = {0}, other = {0};
    int error = segment_map(name, &own, &cf->fd);
    if (error != 0)
        return error;
    uint64_t pair = atomic_load(&own.header->pair);
    uint32_t half = pair != 0 ? own.header->half : 0;
    cf->half[half] = own;
    if (pair != 0) {
        int fd;
        error = segment_map(own.header->pair_name, &other, &fd);
        if (error != 0)
            return error;
        cf->half[!half] = other;
        if (atomic_load(&other.header->pair) != pair || other.header->half != !half)
            error = -EPROTO;            /* another CF of that name */
        close(half == 0 ? fd : cf->fd);
        cf->fd = half == 0 ? cf->fd : fd;
    }
    if (error == 0)
        cf_view_set(cf, half);
    return error;
}

static void halves_unmap(struct cf *cf)
{
    for (uint32_t half = 0; half < 2; half++)
        if (cf->half[half].base)
            munmap(cf->half[half].base, cf->half[half].header->size);
    if (cf->fd >= 0)
        close(cf->fd);
}

/* --- attachments --------------------------------------------------------------------------------------------------- */

bool cf_process_ended(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return errno == ESRCH;
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    bool result = poll(&ended, 1, 0) == 1;
    close(fd);
    return result;
}

static struct flock life_lock(short type, uint32_t number)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = CF_LIFE_BYTE + number, .l_len = 1};
    return lock;
}

bool cf_attachment_gone(struct cf *cf, uint32_t number)
{
    struct cf_attachment *attachment = &cf->attachments[number];
    if (number == cf->attachment || atomic_load(&attachment->state) != CF_ATTACHMENT_ACTIVE)
        return false;
    struct flock lock = life_lock(F_WRLCK, number);
    if (fcntl(cf->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK)
        return true;
    return cf_process_ended((pid_t)attachment->pid);    /* a child that it forked may still have the file open */
}

bool cf_attachment_dead(struct cf *cf, uint32_t number)
{
    struct cf_attachment *attachment = &cf->attachments[number];
    if (!cf_attachment_gone(cf, number))
        return false;
    if (attachment->remote == 0)
        return true;
    uint64_t now = cf_clock_ns(CLOCK_BOOTTIME), since = 0;
    if (atomic_compare_exchange_strong(&attachment->gone_ns, &since, now))
        since = now;
    return now - since >= attachment->remote * 1000000ull;
}

/* Take the first slot that nobody has: the kernel's file lock decides among those who try at once. */
static bool slot_take(struct cf *cf, const char *system)
{
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++) {
        struct cf_attachment *attachment = &cf->attachments[i];
        struct flock lock = life_lock(F_WRLCK, i);
        if (atomic_load(&attachment->state) != CF_ATTACHMENT_FREE || fcntl(cf->fd, F_OFD_SETLK, &lock) != 0)
            continue;
        if (atomic_load(&attachment->state) == CF_ATTACHMENT_FREE) {
            attachment->pid = (uint32_t)getpid();
            atomic_store(&attachment->notify, 0);
            atomic_store(&attachment->waiting, 0);
            name_pad(attachment->system, system);
            attachment->attached_ns = cf_clock_ns(CLOCK_REALTIME);
            attachment->born = cf_process_born(getpid());
            attachment->remote = 0;
            atomic_store(&attachment->gone_ns, 0);
            atomic_store(&attachment->fenced, 0);
            cf->attachment = i;
            atomic_store(&attachment->state, CF_ATTACHMENT_ACTIVE);
            return true;
        }
        lock = life_lock(F_UNLCK, i);
        fcntl(cf->fd, F_OFD_SETLK, &lock);
    }
    return false;
}

static void view_free(struct cf *cf)
{
    halves_unmap(cf);
    if (cf->interrupt_fd >= 0)
        close(cf->interrupt_fd);
    free(cf);
}

int cf_open(const char *name, const char *system, struct cf **cf_out)
{
    if (strchr(name, '@'))
        return cf_remote_open ? cf_remote_open(name, system, cf_out) : -EPROTONOSUPPORT;
    if (strlen(system) < 1 || strlen(system) > 8)
        return -EINVAL;
    struct cf *cf = calloc(1, sizeof *cf);
    if (!cf)
        return -ENOMEM;
    cf->fd = -1;
    cf->attachment = UINT32_MAX;
    cf->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = cf->interrupt_fd < 0 ? -errno : halves_map(cf, name);
    if (error == 0) {
        cf_reap(cf);
        if (!slot_take(cf, system))
            error = -ENOSPC;
        else if (atomic_load(&cf->header->pair) != 0 && !cf->half[1].base)
            error = -EAGAIN;            /* it was made half of a pair this instant */
    }
    if (error == 0 && futimens(cf->fd, NULL) != 0)      /* tells the watchers that somebody came: cf_watch() */
        error = -errno;
    if (error != 0) {
        view_free(cf);
        return error;
    }
    *cf_out = cf;
    return 0;
}

void cf_close(struct cf *cf)
{
    if (cf->remote) {
        cf->remote->close(cf);
        return;
    }
    cf_fail_attachment(cf, cf->attachment);     /* held up? To the others we are dead as soon as the file is closed. */
    view_free(cf);
}

void cf_for_remote(struct cf *cf, uint32_t interval_ms)
{
    cf->attachments[cf->attachment].remote = interval_ms;
}

bool cf_fenced(struct cf *cf)
{
    return atomic_load(&cf->attachments[cf->attachment].fenced) != 0;
}

/* Does the calling thread hold it? The owner is what glibc itself goes by when a robust mutex is unlocked. */
static bool mutex_mine(const pthread_mutex_t *mutex)
{
    return mutex->__data.__owner == gettid();
}

const char *cf_lost(struct cf *cf)
{
    return cf->remote ? cf->remote->lost(cf) : NULL;
}

uint64_t cf_standstill(struct cf *cf)
{
    return cf->remote ? cf->remote->standstill(cf) : UINT64_MAX;
}

void cf_abandon(struct cf *cf)
{
    if (cf->remote) {
        cf->remote->abandon(cf);
        return;
    }
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++) {
        if (!mutex_mine(&slot->mutex))
            continue;
        if (slot->state == CF_SLOT_ACTIVE)
            cf_duplex_recover(cf, slot);
        cf_slot_unlock(slot);
    }
    if (mutex_mine(&cf->half[0].header->mutex)) {
        directory_recover(cf);
        cf_directory_unlock(cf);
    }
    struct flock life = life_lock(F_UNLCK, cf->attachment);
    if (fcntl(cf->fd, F_OFD_SETLK, &life) == 0)
        (void)futimens(cf->fd, NULL);                   /* tells the watchers to look who is alive */
}

/* --- pairs ----------------------------------------------------------------------------------------------------------- */

/* Does anybody live in the segment? Who opens it meanwhile sees that it is half of a pair, and tries again (cf_open). */
static bool in_use(const struct cf_half *half, int fd)
{
    struct cf view = {.fd = fd, .attachment = UINT32_MAX, .interrupt_fd = -1, .half = {*half}};
    cf_view_set(&view, 0);
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++)
        if (atomic_load(&view.attachments[i].state) == CF_ATTACHMENT_ACTIVE && !cf_attachment_dead(&view, i))
            return true;
    return false;
}

static bool has_structures(const struct cf_half *half)
{
    return half->header->increments_free != half->header->increments;
}

int cf_pair(const char *first, const char *second)
{
    struct cf_half half[2] = {0};
    int fd[2] = {-1, -1};
    const char *name[2] = {first, second};
    int error = strcmp(first, second) == 0 ? -EINVAL : 0;
    for (int i = 0; error == 0 && i < 2; i++)
        error = segment_map(name[i], &half[i], &fd[i]);
    if (error == 0 && (atomic_load(&half[0].header->pair) != 0 || atomic_load(&half[1].header->pair) != 0))
        error = -EEXIST;
    if (error == 0) {
        uint64_t pair = cf_clock_ns(CLOCK_REALTIME);
        for (uint32_t i = 0; i < 2; i++) {
            half[i].header->half = i;
            snprintf(half[i].header->pair_name, sizeof half[i].header->pair_name, "%s", name[!i]);
            atomic_store(&half[i].header->pair, pair);
        }
        if (in_use(&half[0], fd[0]) || in_use(&half[1], fd[1]) || has_structures(&half[0]) || has_structures(&half[1])) {
            atomic_store(&half[0].header->pair, 0);
            atomic_store(&half[1].header->pair, 0);
            error = -EBUSY;
        }
    }
    for (int i = 0; i < 2; i++) {
        if (half[i].base)
            munmap(half[i].base, half[i].header->size);
        if (fd[i] >= 0)
            close(fd[i]);
    }
    return error;
}

/* --- loss of a CF ------------------------------------------------------------------------------------------------------ */

/* A view without an attachment, for the operator. */
static int operator_open(const char *name, struct cf *cf)
{
    *cf = (struct cf){.fd = -1, .interrupt_fd = -1, .attachment = UINT32_MAX};
    int error = halves_map(cf, name);
    if (error != 0)
        halves_unmap(cf);
    return error;
}

int cf_fail(const char *name)
{
    struct cf cf;
    struct cf_wakes all;
    int error = operator_open(name, &cf);
    if (error != 0)
        return error;
    atomic_store(&cf.header->failed, 1);
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++)
        atomic_fetch_add(&cf.attachments[i].notify, 1);
    memset(&all, 0xFF, sizeof all);
    cf_wake(&cf, &all);
    halves_unmap(&cf);
    return 0;
}

/* The directory mutex is held. false: the structure is held up, or its users are about to rebuild it. */
static bool activate_one(struct cf *cf, struct cf_slot *slot)
{
    bool waited;
    if (slot->state != CF_SLOT_ACTIVE || slot->control[cf->own] == 0)
        return true;
    if (cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
        return false;
    const struct cf_structure *s = cf_control(cf, slot);
    bool rebuilding = s->rebuild_phase != CF_REBUILD_NONE || s->rebuild_of != 0;
    if (slot->where != cf->own)
        cf_copy_free(cf, slot, cf->own);
    else if (!rebuilding)
        cf_structure_free(cf, slot);
    cf_slot_unlock(slot);
    return slot->where != cf->own || !rebuilding;
}

int cf_activate(const char *name)
{
    struct cf cf;
    int error = operator_open(name, &cf);
    if (error != 0)
        return error;
    if (atomic_load(&cf.header->failed) == 0) {
        error = -EALREADY;
    } else if (cf_directory_lock(&cf) != 0) {
        error = -EBUSY;
    } else {
        for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++)
            if (!activate_one(&cf, &cf.slots[i]))
                error = -EBUSY;
        if (error == 0)
            atomic_store(&cf.header->failed, 0);
        cf_directory_unlock(&cf);
    }
    halves_unmap(&cf);
    return error;
}
