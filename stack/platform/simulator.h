/* The simulator's port: many stacks in one thread on virtual time, each a coroutine that can be stopped, held up or dropped
 * at each of its calls of the platform.
 *
 *   scheduler (stack/sim)                         system n, a coroutine
 *     simulator_run(n) ───────────────────────────► continues behind the platform call in which it was
 *                                                     … stack code, no time passes …
 *     returns ◄───────────────────────────────────── platform_cf_message(): before the command (by chance), after it
 *                                                    platform_wait()
 *
 * A coroutine that is never continued is a system that was killed at that call. All chance comes from one generator, all
 * time from one clock: a seed replays to the last command.
 *
 * The coupling facility is the real one (cfemu/engine). An attention reaches a system at one of its platform calls, at the
 * earliest when the chance of attention_delay_us has let it pass; its handler runs there, on top of what was interrupted,
 * and can be stopped and dropped like everything else. */
#ifndef PLATFORM_SIMULATOR_H
#define PLATFORM_SIMULATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/limits.h"
#include "stack/platform/platform.h"

struct cf;

/* A keeper is broken on its way to the CF, so that the product needs no switch for it: the simulator must notice. */
enum simulator_break {
    BREAK_NOTHING,
    BREAK_LOCK,             /* requests for a lock entry are done without it */
    BREAK_UNLOCK,           /* now and then a release of a lock is lost */
    BREAK_STALE,            /* now and then a read under a lock gets what this system read last time */
    BREAK_WRITE,            /* now and then a write is acknowledged but not done */
};

struct simulator_faults {
    enum simulator_break broken;
    uint32_t busy_ppm;              /* commands in a million that meet a busy subchannel (condition code 2) */
    uint32_t delayed_ppm;           /* attentions in a million that take up to delay_us_max, the others are there at once */
    uint32_t delay_us_max;
};

/* Forget every system, set clock and chance to their start. */
void simulator_reset(uint64_t seed);

extern struct simulator_faults simulator_faults;

/* --- chance and time ----------------------------------------------------------------------------------------------- */

uint64_t simulator_random(void);
uint32_t simulator_below(uint32_t n);               /* 0 .. n-1; n > 0 */
bool simulator_chance(uint32_t ppm);                /* true in ppm of a million cases */
void simulator_pass(uint64_t us);

/* --- systems, 1 .. SYSTEMS_MAX -------------------------------------------------------------------------------------- */

/* Start system n with its view of the CF (kept by the caller): main(context) runs as its coroutine and may not return;
 * attention(context) is its handler. */
void simulator_start(unsigned n, struct cf *view, void (*main)(void *context), void (*attention)(void *context), void *context);

/* Does it stand between a change that it has made in the coupling facility and the answer that tells it so? */
bool simulator_changed(unsigned n);

/* Drop it where it is. */
void simulator_drop(unsigned n);

/* Can it go on now: it does not wait, its wait is over, or an attention is due? */
bool simulator_ready(unsigned n);

/* When it can at the latest; UINT64_MAX: it is not there. */
uint64_t simulator_wakes_us(unsigned n);

/* Let it run to its next call of the platform. */
void simulator_run(unsigned n);

/* Fenced: its messages go through `view` from now on, in which it has no connection, and no new one is made for it. */
void simulator_fence(unsigned n, struct cf *view);

/* What the systems do: NULL (the start) or a function that writes a line. */
extern void (*simulator_trace)(const char *line);
void simulator_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a system tells its operator. NULL (the start): nobody looks. */
extern void (*simulator_wto)(const char *text);

/* A programming error (STACK_ASSERT) of a system; the coroutine is not continued after it. */
extern void (*simulator_failed)(const char *what);

#endif
