/* The two doors to the coupling facilities. See cfs.h. */
#include "stack/image/cfs.h"

#include <string.h>

#include "stack/image/css.h"
#include "stack/platform/platform.h"

static struct subchannel facilities[CFS_MAX];
static cfs_attention *on_attention;

static void interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    if ((irb->device_status & DEVICE_ATTENTION) && on_attention != NULL)
        on_attention((unsigned)(subchannel - facilities));
}

unsigned cfs_open(cfs_attention *attention)
{
    unsigned found = 0;

    on_attention = attention;
    for (unsigned cf = 0; cf < CFS_MAX; cf++) {
        uint16_t device = (uint16_t)(CFS_FIRST_DEVICE + cf * CFS_DEVICE_STEP);

        found += css_open(&facilities[cf], device, ISC_DEVICES, interrupt);
    }
    return found;
}

/* CFMSG, the instruction: general register 1 names the device, the operand is the message operation block. */
static inline int cfmsg(uint32_t id, const uint8_t *mob)
{
    register uint64_t r1 asm("1") = id;
    int cc;

    asm volatile(".insn s,0xb2f10000,0(%2)\n ipm %0\n srl %0,28" : "=d"(cc) : "d"(r1), "a"(mob) : "cc", "memory");
    return cc;
}

int cfs_message(unsigned cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in,
                uint32_t in_cap)
{
    /* The blocks must start at a doubleword boundary; the caller's need not. */
    static uint8_t mcb_copy[CF_MCB_SIZE] __attribute__((aligned(8)));
    static uint8_t mrb_copy[CF_MRB_SIZE] __attribute__((aligned(8)));
    struct {
        uint64_t mcb, mrb, out, in;
        uint32_t out_len, in_len;
    } mob = { (uintptr_t)mcb_copy, (uintptr_t)mrb_copy, (uintptr_t)out, (uintptr_t)in, out_len, in_cap };
    _Static_assert(sizeof(mob) == MOB_SIZE, "message operation block");

    if (cf >= CFS_MAX || facilities[cf].id == 0)
        return 3;
    memcpy(mcb_copy, mcb, CF_MCB_SIZE);
    int cc = cfmsg(facilities[cf].id, (const uint8_t *)&mob);
    if (cc == 0)
        memcpy(mrb, mrb_copy, CF_MRB_SIZE);
    return cc;
}
