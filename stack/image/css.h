/* The channel subsystem.
 *
 * A driver owns a struct subchannel. css_open() finds the device by its number, enables it and notes the driver's
 * interrupt function. css_start() starts a channel program; its end comes as a call of the interrupt function, from
 * css_poll() or css_wait(), never in the middle of other code: the control program runs disabled.
 *
 * Every driver follows one pattern, which also settles the cases that are not its turn (status pending, busy):
 *
 *     start_next()   if nothing runs and there is work: css_start(); if that answers 0, note that it runs
 *     interrupt()    take the end of what ran, then start_next()
 *
 * css_start() answers CSS_PENDING while the subchannel holds a status that nobody has fetched: that status will come
 * as an interruption, and interrupt() ends with start_next(). */
#ifndef IMAGE_CSS_H
#define IMAGE_CSS_H

#include <stdbool.h>
#include <stdint.h>

#define CSS_SUBCHANNELS_MAX 64      /* devices of one image: a dozen; Hercules numbers subchannels from 0 */

/* The machine's own structures, format as in the Principles of Operation; the machine is big-endian. */
struct ccw {                        /* format 1 */
    uint8_t command;
    uint8_t flags;
    uint16_t count;
    uint32_t address;
} __attribute__((aligned(8)));

#define CCW_CHAIN_DATA 0x80
#define CCW_CHAIN_COMMAND 0x40
#define CCW_SLI 0x20                /* suppress incorrect length indication */

struct orb {
    uint32_t parameter;
    uint32_t control;
    uint32_t program;
    uint32_t reserved[5];
} __attribute__((aligned(8)));

#define ORB_FORMAT_1 0x00800000u
#define ORB_ALL_PATHS 0x0000FF00u

struct irb {
    uint32_t control;
    uint32_t ccw;                   /* address of the CCW after the last one used */
    uint8_t device_status;
    uint8_t subchannel_status;
    uint16_t residual;              /* of the last CCW: bytes not transferred */
    uint32_t extended_status[5];
    uint8_t sense[32];              /* with a unit check, if the subchannel has concurrent sense */
    uint32_t measurement[8];
} __attribute__((aligned(8)));

#define IRB_ACTIVE 0x00000FE0u      /* a function is pending, or the subchannel or the device is active */
#define IRB_SECONDARY 0x00000002u   /* the device has ended */
#define IRB_START 0x00004000u       /* the status belongs to a start function */
#define DEVICE_ATTENTION 0x80
#define DEVICE_CHANNEL_END 0x08
#define DEVICE_END 0x04
#define DEVICE_UNIT_CHECK 0x02
#define DEVICE_UNIT_EXCEPTION 0x01

struct schib {
    uint32_t parameter;
    uint32_t control;
    uint32_t paths[4];
    uint32_t modes;
    uint32_t rest[6];
} __attribute__((aligned(8)));

#define SCHIB_ENABLED 0x00800000u
#define SCHIB_VALID 0x00010000u
#define SCHIB_DEVICE 0x0000FFFFu
#define SCHIB_ISC_SHIFT 27
#define SCHIB_CONCURRENT_SENSE 0x00000001u  /* modes */

/* Condition codes of the instructions below, as css_start() answers them. */
#define CSS_STARTED 0
#define CSS_PENDING 1
#define CSS_BUSY 2
#define CSS_NOT_OPERATIONAL 3

/* Interruption subclasses. The console has its own, so that a full output queue can wait for it alone. */
#define ISC_CONSOLE 1
#define ISC_DEVICES 3
#define ISC_MASK(isc) (0x80000000u >> (isc))
#define ISC_ALL (ISC_MASK(ISC_CONSOLE) | ISC_MASK(ISC_DEVICES))

struct subchannel;
typedef void css_interrupt(struct subchannel *subchannel, const struct irb *irb);

struct subchannel {
    uint32_t id;                    /* subsystem identification word, 0 = not open */
    uint16_t device;                /* device number */
    css_interrupt *interrupt;
};

/* Find and enable device, interruptions in subclass isc to interrupt. false: there is no such device. */
bool css_open(struct subchannel *subchannel, uint16_t device, unsigned isc, css_interrupt *interrupt);

/* The same, with concurrent sense: a unit check comes with the sense data, so that no channel program has to ask for them. */
bool css_open_sensing(struct subchannel *subchannel, uint16_t device, unsigned isc, css_interrupt *interrupt);

/* Start the channel program at ccw: CSS_STARTED, CSS_PENDING, CSS_BUSY or CSS_NOT_OPERATIONAL. */
int css_start(struct subchannel *subchannel, const struct ccw *ccw);

/* The status ends what was started, as opposed to one that the device sent on its own. */
static inline bool css_is_end(const struct irb *irb)
{
    return (irb->control & IRB_START) && (irb->control & IRB_SECONDARY);
}

/* Deliver every pending interruption of the subclasses enabled now. true: there was one. */
bool css_poll(void);

/* Interruptions delivered since IPL. */
uint64_t css_delivered(void);

/* Wait until an interruption has been delivered, only from the subclasses in isc_mask; an external one ends the wait too if
 * external is set. */
void css_wait(uint32_t isc_mask, bool external);

/* One function per instruction; each returns its condition code. */

static inline int ssch(uint32_t id, const struct orb *orb)
{
    register uint64_t r1 asm("1") = id;
    int cc;
    asm volatile("ssch %2\n ipm %0\n srl %0,28" : "=d"(cc) : "d"(r1), "Q"(*orb) : "cc", "memory");
    return cc;
}

static inline int tsch(uint32_t id, struct irb *irb)
{
    register uint64_t r1 asm("1") = id;
    int cc;
    asm volatile("tsch %1\n ipm %0\n srl %0,28" : "=d"(cc), "=Q"(*irb) : "d"(r1) : "cc", "memory");
    return cc;
}

static inline int stsch(uint32_t id, struct schib *schib)
{
    register uint64_t r1 asm("1") = id;
    int cc;
    asm volatile("stsch %1\n ipm %0\n srl %0,28" : "=d"(cc), "=Q"(*schib) : "d"(r1) : "cc", "memory");
    return cc;
}

static inline int msch(uint32_t id, const struct schib *schib)
{
    register uint64_t r1 asm("1") = id;
    int cc;
    asm volatile("msch %2\n ipm %0\n srl %0,28" : "=d"(cc) : "d"(r1), "Q"(*schib) : "cc", "memory");
    return cc;
}

/* Condition code 1: an interruption was pending; it is cleared and code[0] is its subsystem identification word. */
static inline int tpi(uint64_t *code)
{
    int cc;
    asm volatile("tpi %1\n ipm %0\n srl %0,28" : "=d"(cc), "=Q"(*code) : : "cc", "memory");
    return cc;
}

#endif
