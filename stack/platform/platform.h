/* The port contract: everything the portable stack extension needs from where it runs.
 *
 * Three ports implement it: the image (platform/guest, z/Architecture under Hercules), the host (platform/host, a Linux
 * process, for tests and native use), the simulator. The functions take no context: a port that runs several stacks
 * knows which one is running. State of the stack itself never lives in globals; it hangs off the context structures of
 * its modules, so that many stacks fit in one process. Freestanding headers only. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sysplex-wide clock: microseconds since 1970-01-01 UTC, the same on every image, never runs backwards. */
uint64_t platform_clock_us(void);

/* A clock for measuring: nanoseconds from some point on, as fine as the machine has it. */
uint64_t platform_clock_ns(void);

/* 64 random bits, unpredictable to others. */
uint64_t platform_random(void);

/* Write to operator: one line of text, without line end. */
void platform_wto(const char *text);

/* Execute one CF command (cf_arch.h) in coupling facility cf (0 = the first one this image has). Sizes in bytes.
 * Result: condition code 0 done, MRB filled; 2 busy, nothing was done; 3 not operational, this CF is lost. */
int platform_cf_message(unsigned cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap);

/* Event control block. Wait for a post; the wait of a stack may let interrupts in but runs no other part of the same
 * stack, except what those interrupts post. */
struct ecb {
    volatile uint32_t posted;
};

/* Wait until *ecb is posted or timeout_us microseconds have passed (at most 60,000,000). true: posted; it is reset. */
bool platform_wait(struct ecb *ecb, uint64_t timeout_us);

/* Post *ecb. Callable from the attention handler. */
void platform_post(struct ecb *ecb);

/* A programming error: report it and stop this image (a disabled wait, abort()). Does not return. */
_Noreturn void platform_fail(const char *file, int line, const char *what);

#define STACK_ASSERT(condition)                                     \
    do {                                                            \
        if (!(condition))                                           \
            platform_fail(__FILE__, __LINE__, #condition);          \
    } while (0)

#endif
