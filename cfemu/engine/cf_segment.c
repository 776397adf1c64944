/* Segments: create, map, attach; the directory mutex; storage of structures. Layout and rules: cf_segment.h. */
#include "cfemu/engine/cf_segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_undo.h"

static_assert(sizeof(struct cf_attachment) == 128, "attachments are cache line pairs");
static_assert(sizeof(struct cf_slot) == 128, "slots are cache line pairs");
static_assert(sizeof(struct cf_header) <= 4096, "the header is a page");
static_assert(sizeof(struct cf_entry) == 64, "an entry is a cache line");
static_assert(sizeof(struct cf_structure) < CF_INCREMENT, "a small structure has one control increment");

#define SPINS_MAX 100   /* about as long as the longest usual command: less than a sleep and a wake-up cost */

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

static inline void pause_processor(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* 0, EOWNERDEAD (taken; pthread_mutex_consistent() is to follow), ETIMEDOUT. */
static int mutex_take(pthread_mutex_t *mutex, bool *waited)
{
    int error = pthread_mutex_trylock(mutex);
    *waited = error == EBUSY;
    for (int spin = 0; error == EBUSY && spin < SPINS_MAX; spin++) {
        pause_processor();
        error = pthread_mutex_trylock(mutex);
    }
    if (error == EBUSY) {
        uint64_t until = cf_clock_ns(CLOCK_MONOTONIC) + CF_BUSY_MS * 1000000ull;
        struct timespec deadline = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
        error = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline);
    }
    assert(error == 0 || error == EOWNERDEAD || error == ETIMEDOUT);
    return error;
}

static void mutex_release(pthread_mutex_t *mutex)
{
    int error = pthread_mutex_unlock(mutex);
    assert(error == 0);
    (void)error;
}

enum cf_taken cf_slot_lock(struct cf *cf, struct cf_slot *slot, bool *waited)
{
    int error = mutex_take(&slot->mutex, waited);
    if (error == ETIMEDOUT)
        return CF_NOT_TAKEN;
    if (error == 0)
        return CF_TAKEN;
    if (slot->state == CF_SLOT_ACTIVE) {
        struct cf_structure *s = cf_control(cf, slot);
        if (s->undo.count > 0)
            s->stats.rollbacks++;
        cf_rollback(s);
    }
    pthread_mutex_consistent(&slot->mutex);
    return CF_TAKEN_FROM_DEAD;
}

void cf_slot_unlock(struct cf_slot *slot)
{
    mutex_release(&slot->mutex);
}

/* --- storage of structures ----------------------------------------------------------------------------------------- */

static void increments_release(struct cf *cf, uint32_t owner)
{
    uint32_t free_count = 0;
    for (uint32_t i = 0; i < cf->header->increments; i++) {
        if (cf->map[i] == owner)
            cf->map[i] = 0;
        free_count += cf->map[i] == 0;
    }
    cf->header->increments_free = free_count;
}

void cf_structure_free(struct cf *cf, struct cf_slot *slot)
{
    slot->state = CF_SLOT_FREEING;
    cf_step();
    increments_release(cf, (uint32_t)(slot - cf->slots) + 1);
    cf_step();
    slot->state = CF_SLOT_FREE;
    cf_step();
}

bool cf_structure_unused(struct cf_structure *s)
{
    if (s->flags & CF_CONN_STRDISP_KEEP)
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
    increments_release(cf, 0);
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++) {
        if (slot->state == CF_SLOT_ALLOCATING || slot->state == CF_SLOT_FREEING)
            cf_structure_free(cf, slot);
        if (slot->state == CF_SLOT_ACTIVE)
            cf_structure_fail(cf, slot, UINT32_MAX, &wakes);
    }
    cf_wake(cf, &wakes);
}

int cf_directory_lock(struct cf *cf)
{
    bool waited;
    int error = mutex_take(&cf->header->mutex, &waited);
    if (error == ETIMEDOUT)
        return CF_RSP_BUSY;
    if (error == EOWNERDEAD) {
        directory_recover(cf);
        pthread_mutex_consistent(&cf->header->mutex);
    }
    return 0;
}

void cf_directory_unlock(struct cf *cf)
{
    mutex_release(&cf->header->mutex);
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

static void attributes_take(struct cf_structure *s, const uint8_t *own)
{
    memset(s, 0, offsetof(struct cf_structure, conn));
    s->listheaders = get_be32(own + CONN_LISTHEADERS);
    s->lockentries = get_be32(own + CONN_LOCKENTRIES);
    if (s->lockentries > 0)
        s->lockentries = power_of_two(s->lockentries);
    s->maxelemnum = get_be16(own + CONN_MAXELEMNUM);
    s->elemchar = own[CONN_ELEMCHAR];
    s->flags = own[CONN_FLAGS] & (CF_CONN_ADJUNCT | CF_CONN_NAMED | CF_CONN_KEYED | CF_CONN_STRDISP_KEEP);
    s->entryratio = get_be16(own + CONN_ENTRYRATIO);
    s->elementratio = get_be16(own + CONN_ELEMENTRATIO);
    s->maxconn = own[CONN_MAXCONN] > 0 ? own[CONN_MAXCONN] : CF_CONNECTIONS_MAX;
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
    if (*entries == 0)
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
    s->hash = round_up(s->locks + s->lockentries * sizeof(struct cf_lock), 64);
    s->entry_increments = round_up(s->hash + buckets * sizeof(uint32_t), 64);
    uint64_t bits = (capacity + 63) / 64 * sizeof(uint64_t);
    s->entry_free = s->entry_increments + capacity * sizeof(struct cf_entries);
    s->element_increments = round_up(s->entry_free + bits, 64);
    s->element_free = round_up(s->element_increments + capacity * sizeof(uint32_t), 64);
    s->control_size = round_up(s->element_free + bits, 64);
    s->increments_max = capacity;

    uint32_t control = cf_control_increments(s);
    uint32_t needed = s->elementratio > 0 ? 2 : 1;
    if (control + needed > increments)
        return 0;
    cf_storage_split(s, increments - control, s->entryratio, s->elementratio, &s->entry_increment_count,
                     &s->element_increment_count);
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

/* Give each place of the tables an increment of its own. */
static void tables_fill(struct cf *cf, struct cf_structure *s, uint32_t owner)
{
    uint32_t *elements = cf_at(s, s->element_increments);
    uint32_t count = s->entry_increment_count + s->element_increment_count, increment = 0;
    for (uint32_t i = 0; i < count; i++) {
        while (cf->map[increment] != 0)
            increment++;
        cf->map[increment] = owner;
        if (i < s->entry_increment_count)
            cf_entries_at(s, i)->increment = increment;
        else
            elements[i - s->entry_increment_count] = increment;
        cf_step();
    }
    cf->header->increments_free -= count;
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
        cf_list_at(s, i)->limit = s->increments_max * s->entries_per_increment;     /* the whole structure, however it grows */
    for (uint32_t i = 1; i < CF_MONITORS_MAX; i++)
        s->monitor[i].next = i + 1;
    s->monitor_free = 1;
    for (uint32_t i = 0; i < s->element_increment_count; i++)
        cf_elements_init(cf, s, i);
    cf_totals_set(s);
    cf_commit(s);
}

int cf_structure_allocate(struct cf *cf, const uint8_t *name, const uint8_t *own, struct cf_slot **slot_out)
{
    struct cf_slot *slot = cf->slots;
    while (slot < cf->slots + CF_STRUCTURES_MAX && slot->state != CF_SLOT_FREE)
        slot++;
    if (slot == cf->slots + CF_STRUCTURES_MAX)
        return CF_RSP_TOO_MANY;

    struct cf_structure plan;
    attributes_take(&plan, own);
    uint32_t free_count = cf->header->increments_free;
    uint64_t size = (uint64_t)get_be32(own + CONN_SIZE_KIB) * 1024;
    uint64_t increments = ((size > 0 ? size : CF_SIZE_DEFAULT) + CF_INCREMENT - 1) / CF_INCREMENT;
    if (size == 0 && increments > free_count)
        increments = free_count;
    uint32_t control = 0;
    while (increments <= free_count && (control = geometry(&plan, (uint32_t)increments, (uint32_t)increments)) == 0)
        increments++;
    if (control == 0)
        return CF_RSP_CF_FULL;

    uint32_t owner = (uint32_t)(slot - cf->slots) + 1;
    slot->state = CF_SLOT_ALLOCATING;
    cf_step();
    uint32_t first = increments_claim(cf, owner, control);
    if (first == UINT32_MAX) {
        cf_structure_free(cf, slot);
        return CF_RSP_CF_FULL;
    }
    struct cf_structure *s = (struct cf_structure *)cf_increment(cf, first);
    memset(s, 0, (size_t)control * CF_INCREMENT);
    memcpy(s, &plan, offsetof(struct cf_structure, conn));
    if (getrandom(&s->hash_seed, sizeof s->hash_seed, 0) != sizeof s->hash_seed)
        s->hash_seed = cf_clock_ns(CLOCK_REALTIME);
    tables_fill(cf, s, owner);
    contents_init(cf, s);

    memcpy(slot->name, name, CF_NAME_SIZE);
    slot->control = (uint64_t)((uint8_t *)s - cf->base);
    slot->increments = (uint32_t)increments;
    slot->allocated_ns = cf_clock_ns(CLOCK_REALTIME);
    slot->generation = slot->generation % 0xFFFF + 1;
    atomic_thread_fence(memory_order_release);
    slot->state = CF_SLOT_ACTIVE;
    cf_step();
    *slot_out = slot;
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

static void view_set(struct cf *cf, uint8_t *base)
{
    cf->base = base;
    cf->header = (struct cf_header *)base;
    cf->attachments = (struct cf_attachment *)(base + 4096);
    cf->slots = (struct cf_slot *)(cf->attachments + CF_ATTACHMENTS_MAX);
    cf->map = (uint32_t *)(cf->slots + CF_STRUCTURES_MAX);
}

static int segment_init(uint8_t *base, const char *cfname, uint64_t size)
{
    struct cf cf = {0};
    view_set(&cf, base);
    uint32_t increments = (uint32_t)(size / CF_INCREMENT);
    uint64_t fixed = cf_segment_fixed(increments);
    increments = (uint32_t)((size - fixed) / CF_INCREMENT);
    struct cf_header *header = cf.header;
    header->version = CF_SEGMENT_VERSION;
    header->increments = header->increments_free = increments;
    header->size = size;
    header->first = fixed;
    name_pad(header->cfname, cfname);
    header->created_ns = cf_clock_ns(CLOCK_MONOTONIC);
    header->created_ticks = cf_ticks();
    int error = mutex_init(&header->mutex);
    for (uint32_t i = 0; error == 0 && i < CF_STRUCTURES_MAX; i++)
        error = mutex_init(&cf.slots[i].mutex);
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

static int segment_map(const char *path, struct cf *cf)
{
    cf->fd = shm_open(path, O_RDWR | O_CLOEXEC, 0);
    if (cf->fd < 0)
        return -errno;
    struct stat status;
    if (fstat(cf->fd, &status) != 0)
        return -errno;
    uint64_t size = (uint64_t)status.st_size;
    if (size < CF_SEGMENT_MIN || size > CF_SEGMENT_MAX)
        return -EPROTO;
    uint8_t *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cf->fd, 0);
    if (base == MAP_FAILED)
        return -errno;
    view_set(cf, base);
    struct cf_header *header = cf->header;
    uint64_t magic = __atomic_load_n(&header->magic, __ATOMIC_ACQUIRE);
    if (magic == CF_MAGIC && header->version == CF_SEGMENT_VERSION && header->size == size)
        return 0;
    munmap(base, size);
    cf->base = NULL;
    return -EPROTO;
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

bool cf_attachment_dead(struct cf *cf, uint32_t number)
{
    struct cf_attachment *attachment = &cf->attachments[number];
    if (number == cf->attachment || atomic_load(&attachment->state) != CF_ATTACHMENT_ACTIVE)
        return false;
    struct flock lock = life_lock(F_WRLCK, number);
    if (fcntl(cf->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK)
        return true;
    return cf_process_ended((pid_t)attachment->pid);    /* a child that it forked may still have the file open */
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
    if (cf->base)
        munmap(cf->base, cf->header->size);
    if (cf->fd >= 0)
        close(cf->fd);
    if (cf->interrupt_fd >= 0)
        close(cf->interrupt_fd);
    free(cf);
}

int cf_open(const char *name, const char *system, struct cf **cf_out)
{
    char path[NAME_MAX + 2];
    if (shm_path(path, name) != 0 || strlen(system) < 1 || strlen(system) > 8)
        return -EINVAL;
    struct cf *cf = calloc(1, sizeof *cf);
    if (!cf)
        return -ENOMEM;
    cf->fd = -1;
    cf->attachment = UINT32_MAX;
    cf->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = cf->interrupt_fd < 0 ? -errno : segment_map(path, cf);
    if (error == 0) {
        cf_reap(cf);
        if (!slot_take(cf, system))
            error = -ENOSPC;
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
    cf_fail_attachment(cf, cf->attachment);     /* held up? To the others we are dead as soon as the file is closed. */
    view_free(cf);
}

/* Does the calling thread hold it? The owner is what glibc itself goes by when a robust mutex is unlocked. */
static bool mutex_mine(const pthread_mutex_t *mutex)
{
    return mutex->__data.__owner == gettid();
}

void cf_abandon(struct cf *cf)
{
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++) {
        if (!mutex_mine(&slot->mutex))
            continue;
        if (slot->state == CF_SLOT_ACTIVE)
            cf_rollback(cf_control(cf, slot));
        cf_slot_unlock(slot);
    }
    if (mutex_mine(&cf->header->mutex)) {
        directory_recover(cf);
        cf_directory_unlock(cf);
    }
    struct flock life = life_lock(F_UNLCK, cf->attachment);
    if (fcntl(cf->fd, F_OFD_SETLK, &life) == 0)
        (void)futimens(cf->fd, NULL);                   /* tells the watchers to look who is alive */
}
