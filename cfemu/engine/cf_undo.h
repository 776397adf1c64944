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

static inline void cf_record(struct cf_structure *s, uintptr_t field)
{
    struct cf_undo *undo = &s->undo;
    uint64_t *word = (uint64_t *)(field & ~(uintptr_t)7);
    assert(undo->count < CF_UNDO_MAX);
    undo->record[undo->count].place = (uint8_t *)word - (uint8_t *)s;
    undo->record[undo->count].old = *word;
    atomic_thread_fence(memory_order_release);
    undo->count++;
    atomic_thread_fence(memory_order_release);
    cf_step();
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

static inline void cf_commit(struct cf_structure *s)
{
    atomic_thread_fence(memory_order_release);
    s->undo.count = 0;
    cf_step();
}

/* Undo what is recorded. */
void cf_rollback(struct cf_structure *s);

#endif
