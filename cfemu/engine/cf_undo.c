#include "cfemu/engine/cf_undo.h"

#ifdef CF_CRASH_HOOK
void (*cf_crash_hook)(void);
#endif

void cf_rollback(struct cf_structure *s)
{
    struct cf_undo *undo = &s->undo;
    while (undo->count > 0) {
        uint32_t last = undo->count - 1;
        int64_t place = undo->record[last].place;
        if (!(place & CF_UNDO_FRESH))
            *(uint64_t *)(void *)((uint8_t *)s + place) = undo->record[last].old;
        atomic_thread_fence(memory_order_release);
        undo->count = last;
        cf_step();
    }
}
