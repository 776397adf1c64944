#include "cfemu/engine/cf_undo.h"

#ifdef CF_CRASH_HOOK
void (*cf_crash_hook)(void);
_Thread_local uint64_t cf_entries_visited;
#endif

void cf_undo_restore(struct cf_structure *s)
{
    for (uint32_t i = s->undo.count; i-- > 0;) {
        int64_t place = s->undo.record[i].place;
        if (!(place & CF_UNDO_FRESH))
            *(uint64_t *)(void *)((uint8_t *)s + place) = s->undo.record[i].old;
        cf_step();
    }
    atomic_thread_fence(memory_order_release);
}

void cf_rollback(struct cf_structure *s)
{
    cf_undo_restore(s);
    s->undo.count = 0;
    cf_step();
}
