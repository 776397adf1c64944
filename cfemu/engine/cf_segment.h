/* The layout of a CF segment, private to the engine and to tools that display it.
 *
 *   segment                                       structure = control increments, contiguous, then any others
 *   ┌──────────────────────────────┐ 0            ┌────────────────────────────────┐ slot.control
 *   │ header: magic, size, epoch,  │              │ struct cf_structure: attributes│
 *   │   directory mutex            │              │   counts, statistics, undo log │
 *   │ attachments: process slots   │              │   connections, monitors        │
 *   │ directory: structure slots   │              │ list headers                   │ lists
 *   │   with their mutexes         │              │ lock entries, or lock table    │ locks
 *   │ active CFRM policy           │              │                                │
 *   │ map, twin: of each increment │              │ hash buckets of names          │ hash
 *   ├──────────────────────────────┤ first        │ list controls                  │ controls
 *   │ increment 0                  │              │ event monitors, their buckets  │ emcs, emc_hash
 *   │ increment 1                  │              │ entry increments: number, free │ entry_increments
 *   │ …                            │              │ bit per entry increment        │ entry_free
 *   └──────────────────────────────┘ size         │ numbers of element increments  │ element_increments
 *                                                 │ bit per element increment      │ element_free
 *                                                 └────────────────────────────────┘
 *
 *   entry increment: entry controls, each followed by its adjunct if the structure has adjuncts
 *   element increment: struct cf_elements (bit map of used elements, heads of runs), then the elements
 *
 * All places are offsets or numbers, never pointers: each process maps the segment where it likes. Entries are numbered
 * from 1; number n is entry n-1 of the entry increments in their order. Element number = increment's place << 10 | slot.
 * Entry increments have no gaps: they come and go at the end (cf_alter.h). Element increments can be missing anywhere.
 *
 * Two CFs can be made a pair (cf_pair): each is a half of it. The attachments, the directory and its mutexes of half 0
 * serve both, so that a structure has one name, one id and one mutex wherever it lies. They stand for what XES and the
 * CFRM couple data set know in a real sysplex, and outlive a CF that fails: what fails is its increments.
 *
 * Who may change what
 *   directory mutex   slots' state, increment map, attachments' end, connections (with the structure's mutex)
 *   structure mutex   everything in the structure, stores through cf_undo.h
 * The directory mutex is taken first. Directory changes need no undo: a slot in state ALLOCATING or FREEING is swept by
 * the next one who takes the mutex from a dead process (cf_directory_recover). */
#ifndef CF_SEGMENT_H
#define CF_SEGMENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cfemu/arch/cf_arch.h"
#include "cfemu/engine/cf.h"
#include "cfemu/engine/cf_active.h"
#include "cfemu/engine/cf_limits.h"
#include "cfemu/engine/cf_remote.h"
#include "cfemu/engine/cf_stats.h"

#define CF_MAGIC 0xC3C6E2C5C7F1F7D7ull
#define CF_SEGMENT_VERSION 5u

/* --- fixed part ---------------------------------------------------------------------------------------------------- */

struct cf_header {
    uint64_t magic;             /* stored last */
    uint32_t version;
    uint32_t increments;        /* increments in all */
    uint64_t size;              /* bytes of the segment */
    uint64_t first;             /* offset of increment 0 */
    uint8_t cfname[8];          /* blank padded */
    uint64_t epoch;             /* of the last connection; each gets its own, none comes twice */
    uint64_t created_ticks;     /* the same instant on two clocks: */
    uint64_t created_ns;        /*   the scale of the statistics' ticks */
    uint32_t increments_free;
    _Atomic uint32_t failed;    /* the CF is lost: cf_fail() */
    _Atomic uint64_t pair;      /* names the pair, the same in both segments; 0 = alone */
    uint32_t half;              /* of a pair: 0 = the first, which has the attachments and the directory of both */
    char pair_name[256];        /* of the other segment */
    pthread_mutex_t mutex;
};

enum cf_attachment_state { CF_ATTACHMENT_FREE = 0, CF_ATTACHMENT_ACTIVE = 1 };
enum cf_fence_state { CF_FENCE_BEGUN = 1, CF_FENCE_DONE = 2 };

/* A view of a process. Alive while its owner holds the file lock on byte CF_LIFE_BYTE + slot number: an open file
 * description lock, which the kernel drops when the process ends, however it ends. */
struct cf_attachment {
    _Atomic uint32_t state;
    uint32_t pid;
    _Atomic uint32_t notify;    /* futex: counts what the connections of this view were told */
    _Atomic uint32_t waiting;   /* threads of the view that are in cf_wait */
    uint8_t system[8];
    uint64_t attached_ns;       /* realtime */
    uint64_t born;              /* start time of the process: cf_fence.h */
    uint32_t remote;            /* the process is cfd, for an image elsewhere that goes on without it for so many ms at most */
    _Atomic uint32_t fenced;    /* CF_FENCE_BEGUN: CONNECT is refused; CF_FENCE_DONE: its connections have ended */
    _Atomic uint64_t gone_ns;   /* remote: when it was first seen that the process is gone (BOOTTIME) */
    uint8_t pad[72];
};

#define CF_LIFE_BYTE (1ll << 40)    /* beyond any segment: lock bytes are names, not data */

enum cf_slot_state { CF_SLOT_FREE = 0, CF_SLOT_ALLOCATING, CF_SLOT_ACTIVE, CF_SLOT_FREEING };

struct cf_slot {
    uint32_t state;
    uint32_t generation;        /* part of the structure id, so that an old id finds nothing */
    uint8_t name[CF_NAME_SIZE];
    uint64_t control[2];        /* offset of struct cf_structure in each CF of the pair, 0 = it has no copy */
    uint32_t increments;        /* of one copy */
    uint8_t where;              /* which CF has the structure; duplexed: the primary copy */
    uint8_t duplex;             /* enum cf_duplex_state, see cf_duplex.h */
    uint8_t target;             /* system-managed rebuild: which CF the structure goes to, plus 1 */
    uint8_t pad0;
    uint64_t allocated_ns;      /* realtime */
    uint32_t copied;            /* establishing: increments of the copy that are complete */
    uint8_t pad[128 - 60 - sizeof(pthread_mutex_t)];
    pthread_mutex_t mutex;
};

/* --- structure ----------------------------------------------------------------------------------------------------- */

struct cf_undo {
    uint32_t count;
    uint32_t pad;
    struct {
        int64_t place;          /* of the word, bytes from the structure's control */
        uint64_t old;
    } record[CF_UNDO_MAX];
};

enum cf_conn_state { CF_CONN_FREE = 0, CF_CONN_ACTIVE, CF_CONN_FAILING, CF_CONN_FAILED_PERSISTENT, CF_CONN_DISCONNECTING };

static inline const char *cf_conn_state_name(uint32_t state)
{
    static const char *const names[] = {"FREE", "ACTIVE", "FAILING", "FAILED-PERSISTENT", "DISCONNECTING"};
    return state < sizeof names / sizeof names[0] ? names[state] : "INVALID";
}

enum cf_wait_state { CF_WAIT_FREE = 0, CF_WAIT_QUEUED, CF_WAIT_GRANTED, CF_WAIT_REFUSED };

/* A lock that a connection waits for, or was granted or refused and has not heard of. Number of it: conid * CF_WAITS_MAX + index. */
struct cf_wait_entry {
    uint32_t state;
    uint32_t lock;
    uint32_t next;              /* number of the next waiter of the lock, 0 = last */
    uint32_t pad;
};

struct cf_conn {
    uint32_t state;
    uint32_t attachment;
    uint64_t token;             /* 0 = none is valid */
    uint8_t name[CF_NAME_SIZE];
    uint8_t system[8];
    uint8_t job[8];
    uint32_t flags;             /* CF_CONN_CONDISP_KEEP */
    uint32_t options;           /* CF_CONN_OPT_* */
    uint32_t version;           /* connection id << 16 | count of its uses */
    uint32_t vector_bits;
    uint32_t events;            /* CF_EVENT_* not yet reported, without LOCK_GRANTED and _REFUSED, which the waits tell */
    /* FAILING, DISCONNECTING: cf_life.h */
    uint32_t told;              /* its waits and monitors have ended, and its peers have the event */
    uint32_t release;           /* a peer said RELEASECONN=YES, or an operator FORCE */
    uint32_t rebuild;           /* the phase of a rebuild it was told of last */
    uint32_t rebuild_owes;      /* 1: it has not responded to that */
    uint32_t pid, remote;       /* who made it, also when its view is another's: cf_fence.h; pid 0: nobody any more */
    uint64_t born, attached_ns;
    uint64_t requests;
    uint64_t failed[4];         /* bit map of connection ids, bit 0 = high bit of word 0 */
    uint64_t gone[4];           /* the same of those that disconnected */
    uint64_t awaited[4];        /* FAILING, DISCONNECTING: whose responses are awaited */
    uint64_t vector[CF_VECTOR_BITS_MAX / 64];
    struct cf_wait_entry wait[CF_WAITS_MAX];
    /* event monitors: cf_sublist.h */
    uint32_t emcs, emc_count;           /* first of the connection's, and how many */
    uint32_t eq_head, eq_tail;          /* event queue, one word */
    uint32_t eq_count, eq_transitions;
    uint32_t eq_bit;                    /* vector bit of the queue + 1, 0 = none */
    uint32_t eq_pad;
};

/* Event monitor controls: a connection's interest in a key of a list. Numbers start at 1. */
struct cf_emc {
    uint32_t conid;                     /* 0 = free */
    uint32_t list;
    uint8_t key[CF_NAME_SIZE];
    uint8_t controls[CF_NAME_SIZE];     /* the user's, given back with the event */
    uint32_t hash_next;                 /* in the bucket of list and key; of the free ones */
    uint32_t queued;                    /* on the event queue */
    uint32_t eq_next, eq_prev;          /* one word */
    uint32_t conn_next, conn_prev;      /* the connection's, one word */
};

static inline bool cf_conid_in(const uint64_t set[4], uint32_t conid)
{
    return set[conid / 64] >> (63 - conid % 64) & 1;
}

static inline uint64_t cf_conid_bit(uint32_t conid)
{
    return 1ull << (63 - conid % 64);
}

struct cf_monitor {
    uint32_t conid;             /* 0 = free */
    uint32_t list;
    uint32_t bit;
    uint32_t next;              /* number of the next monitor of the list, 0 = last; numbers start at 1 */
};

struct cf_list {
    uint32_t head, tail;        /* entry numbers, 0 = none */
    uint32_t count;
    uint32_t limit;             /* entries or elements: cf_list_full() */
    uint32_t monitors;          /* first monitor */
    uint32_t root;              /* keyed: of the tree of the first entries of each key */
    uint32_t elements;          /* of its entries */
    uint32_t cursor;            /* entry number, 0 = nowhere */
    uint32_t to_head;           /* direction of the cursor */
    uint32_t key_increment;
    uint8_t authority[CF_NAME_SIZE];
    uint32_t pad[2];
};

/* List controls that few requests need; lock structures have none: cf_lcontrols.h. */
struct cf_controls {
    uint8_t key[CF_NAME_SIZE];          /* the next one that the counter gives out */
    uint8_t key_max[CF_NAME_SIZE];
    uint8_t description[32];
};

struct cf_lock {
    uint32_t owner;             /* connection id, 0 = free */
    uint32_t waiters;
    uint32_t first, last;       /* wait entry numbers, 0 = none */
};

struct cf_entry {
    uint64_t sequence;          /* of its creation; with the number it makes the LEID */
    uint64_t version;
    uint8_t name[CF_NAME_SIZE]; /* name or key; all zero: no name */
    uint32_t list;              /* list number + 1, 0 = free */
    uint32_t next, prev;        /* entry numbers; next links the free ones */
    uint32_t hash_next;         /* named: next in the bucket */
    uint32_t left, right;       /* keyed, first of its key: in the tree of the list */
    uint32_t run;               /* first run of elements, CF_NO_RUN = none */
    uint32_t length;            /* bytes of data */
};

#define CF_NO_RUN 0xFFFFFFFFu

/* An entry increment. Its free entries that were used before are chained; a bit in entry_free says that there are any. */
struct cf_entries {
    uint32_t increment;         /* number */
    uint32_t pad;
    uint32_t free;              /* first free entry; with used one word */
    uint32_t used;
};

#define CF_NO_INCREMENT 0xFFFFFFFFu

/* A run: consecutive elements of one increment. Its length and the next run of the entry stand at its first element. */
struct cf_run {
    uint32_t next;
    uint32_t length;
};

struct cf_elements {
    uint32_t free;
    uint32_t pad;
    uint64_t used[CF_INCREMENT_ELEMENTS / 64];
    struct cf_run run[];        /* elements_per_increment of them */
};

enum cf_structure_type { CF_TYPE_LIST = 0, CF_TYPE_LOCK };

/* An alter that is under way, or the last one. */
struct cf_alter {
    uint32_t active;
    uint32_t sequence;          /* restart token; 0 = there was none yet */
    uint32_t increments;        /* target */
    uint32_t entryratio, elementratio;
    uint32_t place;             /* element increments from here on need not be looked at again */
    uint32_t pending;           /* increment on its way + 1, 0 = none: cf_alter.h */
    uint32_t pad;
};

struct cf_structure {
    /* attributes */
    uint32_t type;
    uint32_t table_entries, table_words;        /* lock structure: lock table, words of an entry: cf_locktable.h */
    uint32_t records;                           /* lock structure: RECORDS */
    uint32_t listheaders, lockentries;
    uint32_t maxelemnum, elemchar, flags, size_kib;
    uint32_t entryratio, elementratio;
    uint32_t maxconn;
    uint32_t threshold;                         /* FULLTHRESHOLD in percent, 0 = none */
    uint32_t autoalter;                         /* ALLOWAUTOALT(YES) */
    uint64_t hash_seed;
    /* geometry */
    uint32_t element_size, entry_size;
    uint32_t entries_per_increment, elements_per_increment;
    uint32_t elements_at;                       /* offset of the elements in their increment */
    uint32_t entry_increment_count, element_increment_count;
    uint32_t element_places;                    /* of the table of element increments in use, gaps included */
    uint32_t increments_max;                    /* that the control area is laid out for */
    uint32_t increments_min;                    /* MINSIZE */
    uint32_t spare;                             /* elements that users may not use, see cf_element.h */
    uint32_t hash_mask;
    uint64_t back;                              /* from increment 0 of the segment to here */
    uint64_t lists, locks, hash;                /* offsets from here */
    uint64_t controls, emcs, emc_hash;
    uint32_t emc_hash_mask, emcstgpct;
    uint64_t entry_increments, entry_free, element_increments, element_free;
    uint64_t control_size;
    /* contents */
    uint32_t entries_total, elements_total;     /* what users may use; some elements are spare, see cf_element.h */
    uint32_t entries_used, elements_used;
    uint32_t entries_mark, elements_mark;       /* above which it is full, or still full: cf_alter.h */
    uint32_t full, full_times;
    struct cf_alter alter;
    uint32_t entries_fresh;                     /* entry numbers above were never used */
    uint32_t monitor_free;
    uint32_t emcs_total, emcs_used;
    uint32_t emc_free;
    uint64_t sequence;
    uint32_t entry_hint, element_hint;          /* increment to look in first; only a hint */
    uint32_t rebuild_phase;                     /* enum cf_rebuild_phase, see cf_rebuild.h */
    uint32_t mirrored;                          /* there is a second copy: commits go there too, see cf_duplex.h */
    uint32_t rebuild_new, rebuild_of;           /* structures of a rebuild: slot number + 1 of the other */
    struct cf_stats stats;
    struct cf_conn conn[CF_CONNECTIONS_MAX + 1];    /* by connection id; 0 is not used */
    struct cf_monitor monitor[CF_MONITORS_MAX + 1]; /* by number; 0 is not used */
    struct cf_undo undo;
};

/* --- one process's view ---------------------------------------------------------------------------------------------- */

struct cf_half {
    uint8_t *base;                      /* NULL: there is no such half */
    struct cf_header *header;
    uint32_t *map;                      /* owner of each increment: slot number + 1, 0 = free */
    uint32_t *twin;                     /* duplexed: the increment of the other CF that is a copy of this one */
    struct cf_policy_area *policy;      /* of half 0 */
};

struct cf {
    const struct cf_remote *remote;     /* NULL: the segment is mapped here */
    uint8_t *base;                      /* of the CF that was opened: as in half[own] */
    struct cf_header *header;
    uint32_t *map;
    struct cf_attachment *attachments;  /* of half[0] */
    struct cf_slot *slots;              /* of half[0] */
    struct cf_half half[2];             /* a CF that is alone is half 0 */
    uint32_t own;
    uint32_t attachment;                /* this view's */
    int fd;                             /* of half[0]: holds the life lock */
    int interrupt_fd;                   /* eventfd: ends cf_watch */
    _Atomic uint32_t interrupted;       /* ends cf_wait */
};

/* Views to wake when the locks are released. */
struct cf_wakes {
    uint64_t set[CF_ATTACHMENTS_MAX / 64];
};

static inline bool cf_wakes_any(const struct cf_wakes *wakes)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX / 64; i++)
        any |= wakes->set[i];
    return any != 0;
}

static inline uint64_t cf_segment_fixed(uint32_t increments)
{
    uint64_t size = 4096 + CF_ATTACHMENTS_MAX * sizeof(struct cf_attachment) +
                    CF_STRUCTURES_MAX * sizeof(struct cf_slot) + sizeof(struct cf_policy_area) + increments * 2ull * sizeof(uint32_t);
    return (size + 4095) & ~4095ull;
}

static inline uint8_t *cf_increment(const struct cf_half *half, uint32_t number)
{
    return half->base + half->header->first + (uint64_t)number * CF_INCREMENT;
}

/* The copy of a structure in one of the CFs. */
static inline struct cf_structure *cf_copy(const struct cf *cf, const struct cf_slot *slot, uint32_t half)
{
    return (struct cf_structure *)(cf->half[half].base + slot->control[half]);
}

static inline struct cf_structure *cf_control(const struct cf *cf, const struct cf_slot *slot)
{
    return cf_copy(cf, slot, slot->where);
}

static inline bool cf_half_failed(const struct cf *cf, uint32_t half)
{
    return atomic_load_explicit(&cf->half[half].header->failed, memory_order_acquire) != 0;
}

static inline uint32_t cf_control_increments(const struct cf_structure *s)
{
    return (uint32_t)((s->control_size + CF_INCREMENT - 1) / CF_INCREMENT);
}

static inline void *cf_at(struct cf_structure *s, uint64_t offset)
{
    return (uint8_t *)s + offset;
}

static inline struct cf_list *cf_list_at(struct cf_structure *s, uint32_t number)
{
    return (struct cf_list *)cf_at(s, s->lists) + number;
}

static inline struct cf_controls *cf_controls_at(struct cf_structure *s, uint32_t list)
{
    return (struct cf_controls *)cf_at(s, s->controls) + list;
}

static inline struct cf_emc *cf_emc_at(struct cf_structure *s, uint32_t number)
{
    return (struct cf_emc *)cf_at(s, s->emcs) + (number - 1);
}

static inline struct cf_lock *cf_lock_at(struct cf_structure *s, uint32_t index)
{
    return (struct cf_lock *)cf_at(s, s->locks) + index;
}

static inline struct cf_wait_entry *cf_wait_at(struct cf_structure *s, uint32_t number)
{
    return &s->conn[number / CF_WAITS_MAX].wait[number % CF_WAITS_MAX];
}

static inline struct cf_entries *cf_entries_at(struct cf_structure *s, uint32_t place)
{
    return (struct cf_entries *)cf_at(s, s->entry_increments) + place;
}

/* Increments of the segment that the structure lies in, whichever of its copies it is. */
static inline uint8_t *cf_increment_of(struct cf_structure *s, uint32_t number)
{
    return (uint8_t *)s - s->back + (uint64_t)number * CF_INCREMENT;
}

/* Tests: how many entries were looked at. Compiled in where CF_CRASH_HOOK is defined (cf_undo.h). */
#ifdef CF_CRASH_HOOK
extern _Thread_local uint64_t cf_entries_visited;
static inline void cf_visit(void)
{
    cf_entries_visited++;
}
#else
static inline void cf_visit(void)
{
}
#endif

static inline struct cf_entry *cf_entry_at(const struct cf *cf, struct cf_structure *s, uint32_t number)
{
    (void)cf;
    cf_visit();
    uint32_t index = number - 1;
    return (struct cf_entry *)(cf_increment_of(s, cf_entries_at(s, index / s->entries_per_increment)->increment) +
                               (size_t)(index % s->entries_per_increment) * s->entry_size);
}

static inline uint8_t *cf_adjunct(struct cf_entry *entry)
{
    return (uint8_t *)(entry + 1);
}

static inline struct cf_elements *cf_elements_at(const struct cf *cf, struct cf_structure *s, uint32_t place)
{
    (void)cf;
    const uint32_t *table = cf_at(s, s->element_increments);
    return (struct cf_elements *)cf_increment_of(s, table[place]);
}

/* Which CF this copy is in. */
static inline uint32_t cf_half_of(const struct cf *cf, const struct cf_structure *s)
{
    const uint8_t *at = (const uint8_t *)s, *base = cf->half[0].base;
    return at < base || at >= base + cf->half[0].header->size;
}

/* true: it went with its CF. */
static inline bool cf_structure_lost(const struct cf *cf, const struct cf_structure *s)
{
    return cf_half_failed(cf, cf_half_of(cf, s));
}

static inline uint32_t cf_slot_id(const struct cf *cf, const struct cf_slot *slot)
{
    return slot->generation << 16 | (uint32_t)(slot - cf->slots);
}

/* Take the directory mutex, sweeping what a dead owner left. 0, or CF_RSP_BUSY after wait_us (cf_directory_lock: CF_WAIT_US). */
int cf_directory_lock_within(struct cf *cf, uint32_t wait_us);
int cf_directory_lock(struct cf *cf);
void cf_directory_unlock(struct cf *cf);

enum cf_taken { CF_TAKEN = 0, CF_TAKEN_FROM_DEAD, CF_NOT_TAKEN };

/* Take a structure's mutex, rolling back the unfinished command of a dead owner. The slot may hold no structure.
 * *waited says whether another command was in the way. CF_NOT_TAKEN: it still was after wait_us (cf_slot_lock: CF_WAIT_US). */
enum cf_taken cf_slot_lock_within(struct cf *cf, struct cf_slot *slot, uint32_t wait_us, bool *waited);
enum cf_taken cf_slot_lock(struct cf *cf, struct cf_slot *slot, bool *waited);
void cf_slot_unlock(struct cf_slot *slot);

/* Allocate an empty structure with the attributes of a CONNECT message, already checked, and set *slot. The directory
 * mutex is held. rule: of the policy, NULL = none. 0, CF_RSP_CF_FULL, CF_RSP_TOO_MANY, CF_RSP_SIZE_TOO_SMALL. */
int cf_structure_allocate(struct cf *cf, const uint8_t *name, const uint8_t *own, const struct cf_policy_structure *rule, struct cf_slot **slot);

/* How many of storage increments entries and elements get in this ratio. */
void cf_storage_split(const struct cf_structure *s, uint32_t storage, uint32_t entryratio, uint32_t elementratio,
                      uint32_t *entries, uint32_t *elements);

/* Set what users may use, by the increments there are; part of a transaction. */
void cf_totals_set(struct cf_structure *s);

/* All elements of a new element increment are free. Nobody can see it yet. */
void cf_elements_init(struct cf *cf, struct cf_structure *s, uint32_t place);

/* Free the increments of an owner in one half (0: of none), and those of structures that have no copy there; count the free
 * ones. The directory mutex is held. */
void cf_increments_release(struct cf *cf, uint32_t half, uint32_t owner);

/* Free it. The directory mutex and the structure's are held. */
void cf_structure_free(struct cf *cf, struct cf_slot *slot);

/* Allocate storage for a second copy in the other CF: attributes, geometry and increments, no contents. Free one of two
 * copies. The directory mutex and the structure's are held. 0, CF_RSP_CF_FULL. */
int cf_copy_allocate(struct cf *cf, struct cf_slot *slot);
void cf_copy_free(struct cf *cf, struct cf_slot *slot, uint32_t half);

/* true: no connection needs the structure, and it is not to be kept without one. */
bool cf_structure_unused(struct cf_structure *s);

/* true: the process of this attachment has ended. Sure only while the directory mutex is held. */
bool cf_attachment_gone(struct cf *cf, uint32_t number);

/* true: so it has, and whom it served has been gone for as long as he may go on without it. Sure as above. */
bool cf_attachment_dead(struct cf *cf, uint32_t number);

/* true: no such process, or it is a zombie. */
bool cf_process_ended(pid_t pid);

/* Set the pointers of a half whose segment, of so many increments, is at base; and those of a view, when its halves are set. */
void cf_half_set(struct cf_half *half, uint8_t *base, uint32_t increments);
void cf_view_set(struct cf *cf, uint32_t own);

/* Nanoseconds of a clock. */
uint64_t cf_clock_ns(clockid_t clock);

/* Between two looks at what another processor may change. */
static inline void cf_pause_processor(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Ticks of the statistics per microsecond. */
double cf_ticks_per_us(const struct cf *cf);

#endif
