/* The processor: clocks, control registers, waits. One inline function per instruction. */
#ifndef IMAGE_CPU_H
#define IMAGE_CPU_H

#include <stdint.h>

#include "stack/image/lowcore.h"

/* PSW masks for cpu_wait(). */
#define PSW_WAIT 0x0006000180000000u    /* wait, machine checks enabled, 64-bit */
#define PSW_IO 0x0200000000000000u
#define PSW_EXTERNAL 0x0100000000000000u

#define CR0_CLOCK_COMPARATOR 0x800u     /* control register 0: subclass mask */

/* Wait with this PSW mask until an interruption it allows: WOKEN_BY_EXTERNAL or WOKEN_BY_IO. */
unsigned cpu_wait(uint64_t mask);

/* End the image in a disabled wait with this code (waitcode.h). */
_Noreturn void cpu_stop(uint64_t code);

/* The TOD clock: bit 51 is a microsecond, epoch 1900-01-01 UTC. */
static inline uint64_t cpu_tod(void)
{
    uint64_t tod;
    asm volatile("stck %0" : "=Q"(tod) : : "cc");
    return tod;
}

static inline void cpu_set_clock_comparator(uint64_t tod)
{
    asm volatile("sckc %0" : : "Q"(tod));
}

static inline uint64_t cpu_id(void)
{
    uint64_t id;
    asm volatile("stidp %0" : "=Q"(id));
    return id;
}

/* External interruption subclasses. */
static inline void cpu_set_cr0(uint64_t mask)
{
    asm volatile("lctlg 0,0,%0" : : "Q"(mask));
}

/* I/O interruption subclasses: bit 0x80000000 is subclass 0. */
static inline void cpu_set_cr6(uint64_t mask)
{
    asm volatile("lctlg 6,6,%0" : : "Q"(mask));
}

/* A fixed storage location. The compiler must not see that it is a constant near zero: it would warn. */
static inline volatile void *lowcore(uintptr_t location)
{
    asm("" : "+r"(location));
    return (volatile void *)location;
}

static inline uint16_t lowcore_u16(uintptr_t location)
{
    return *(volatile uint16_t *)lowcore(location);
}

static inline uint32_t lowcore_u32(uintptr_t location)
{
    return *(volatile uint32_t *)lowcore(location);
}

static inline uint64_t lowcore_u64(uintptr_t location)
{
    return *(volatile uint64_t *)lowcore(location);
}

#endif
