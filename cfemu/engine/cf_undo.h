/* Undo: how a command is all or nothing although its process can be killed at any instruction.
 *
 *   cf_set32(s, &list->count, n)
 *     1. record[count] = place and old value of the word     a kill here: the record does not count
 *     2. count = count + 1                                   a kill here: undone to the value it still has
 *     3. the word = new value                                a kill here: undone
 *   cf_commit(s): count = 0                                  the instant at which the command is done
 *
 * Whoever takes the mutex after a dead owner restores the records, newest first, before it looks at anything. Restoring
 * is repeatable, so it may be killed too. Storage that nothing refers to (free entries, fresh elements, an unused
 * connection slot) is filled by plain stores; only the words that make it visible are recorded. Bounded by CF_UNDO_MAX.
 *
 * A structure that is duplexed (cf_duplex.h) is committed by copying what the command changed to its second copy: every word
 * that is recorded, and what plain stores filled and the command makes visible. The latter must therefore be announced,
 * before it is filled:
 *
 *   cf_fresh(s, entry, sizeof *entry)     then plain stores to *entry, then cf_set32(s, &list->head, number)
 *
 * So the second copy becomes the same bytes without executing anything; a command need not be deterministic. What is
 * neither recorded nor announced stays behind: only statistics and hints may.
 *
 * A killed process leaves its stores in memory in program order, so the compiler is the only one to be told the order
 * (and on machines with weaker order than x86 the release fences cost what they must). */
#ifndef CF_UNDO_H
#define CF_UNDO_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "cfemu/engine/cf_segment.h"

/* Tests: a step at which a process can be made to die. Compiled in where CF_CRASH_HOOK is defined. */
#ifdef CF_CRASH_HOOK
extern void (*cf_crash_hook)(void);
static inline void cf_step(void)
{
    if (cf_crash_hook)
        cf_crash_hook();
}
#else
static inline void cf_step(void)
{
}
#endif

#define CF_UNDO_FRESH 1     /* in record.place, which is a multiple of 8: record.old is a length, there is nothing to undo */

static inline void cf_record_add(struct cf_structure *s, int64_t place, uint64_t old)
{
    struct cf_undo *undo = &s->undo;
    assert(undo->count < CF_UNDO_MAX);
    undo->record[undo->count].place = place;
    undo->record[undo->count].old = old;
    atomic_thread_fence(memory_order_release);
    undo->count++;
    atomic_thread_fence(memory_order_release);
    cf_step();
}

static inline void cf_record(struct cf_structure *s, uintptr_t field)
{
    uint64_t *word = (uint64_t *)(field & ~(uintptr_t)7);
    cf_record_add(s, (uint8_t *)word - (uint8_t *)s, *word);
}

/* size bytes at `at` (doubleword boundary), which nothing refers to yet, are about to be filled by plain stores. */
static inline void cf_fresh(struct cf_structure *s, const void *at, size_t size)
{
    assert(((uintptr_t)at & 7) == 0);
    if (s->mirrored)
        cf_record_add(s, ((const uint8_t *)at - (uint8_t *)s) | CF_UNDO_FRESH, size);
}

static inline void cf_set32(struct cf_structure *s, uint32_t *field, uint32_t value)
{
    cf_record(s, (uintptr_t)field);
    *field = value;
    cf_step();
}

static inline void cf_set64(struct cf_structure *s, uint64_t *field, uint64_t value)
{
    cf_record(s, (uintptr_t)field);
    *field = value;
    cf_step();
}

/* size: multiple of 8; to: doubleword boundary. */
static inline void cf_set_bytes(struct cf_structure *s, void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t value;
        __builtin_memcpy(&value, (const uint8_t *)from + i, 8);
        cf_set64(s, (uint64_t *)(void *)((uint8_t *)to + i), value);
    }
}

/* Commit in both copies: cf_duplex.c. */
void cf_commit_mirrored(struct cf_structure *s);

static inline void cf_commit(struct cf_structure *s)
{
    if (s->mirrored) {
        cf_commit_mirrored(s);
        return;
    }
    atomic_thread_fence(memory_order_release);
    s->undo.count = 0;
    cf_step();
}

/* Store the old values, newest first; the records stay. */
void cf_undo_restore(struct cf_structure *s);

/* Undo what is recorded. */
void cf_rollback(struct cf_structure *s);

#endif
