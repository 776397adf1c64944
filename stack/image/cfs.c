/* The two doors to the coupling facilities. See cfs.h. */
#include "stack/image/cfs.h"

#include <string.h>

#include "stack/image/css.h"
#include "stack/platform/platform.h"

#define CHANNEL_TIMEOUT_US 5000000u

struct cfs {
    struct subchannel subchannel;       /* first: the interrupt function finds the rest by it */
    struct ecb ended;
    struct irb irb;                     /* of the channel program that ended */
    bool busy;
};

static struct cfs facilities[CFS_MAX];
static cfs_attention *on_attention;

/* The channel's buffers, of the one channel program that runs at a time. */
static uint8_t buffer_out[CF_MCB_SIZE + CFS_CHANNEL_DATA_MAX], buffer_in[CF_MRB_SIZE + CFS_CHANNEL_DATA_MAX];

static void interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    struct cfs *cfs = (struct cfs *)subchannel;

    if (css_is_end(irb)) {
        cfs->irb = *irb;
        cfs->busy = false;
        platform_post(&cfs->ended);
    }
    if ((irb->device_status & DEVICE_ATTENTION) && on_attention != NULL)
        on_attention((unsigned)(cfs - facilities));
}

unsigned cfs_open(cfs_attention *attention)
{
    unsigned found = 0;

    on_attention = attention;
    for (unsigned cf = 0; cf < CFS_MAX; cf++) {
        uint16_t device = (uint16_t)(CFS_FIRST_DEVICE + cf * CFS_DEVICE_STEP);

        found += css_open(&facilities[cf].subchannel, device, ISC_DEVICES, interrupt);
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

    if (cf >= CFS_MAX || facilities[cf].subchannel.id == 0)
        return 3;
    memcpy(mcb_copy, mcb, CF_MCB_SIZE);
    int cc = cfmsg(facilities[cf].subchannel.id, (const uint8_t *)&mob);
    if (cc == 0)
        memcpy(mrb, mrb_copy, CF_MRB_SIZE);
    return cc;
}

static uint32_t address_of(const void *storage)
{
    return (uint32_t)(uintptr_t)storage;
}

/* Start and wait for the end; CSS_PENDING is an attention on its way, which the next wait delivers. */
static int run(struct cfs *cfs, const struct ccw *program)
{
    int cc;

    cfs->ended.posted = 0;
    while ((cc = css_start(&cfs->subchannel, program)) == CSS_PENDING)
        css_poll();
    if (cc != CSS_STARTED)
        return cc;
    cfs->busy = true;
    return platform_wait(&cfs->ended, CHANNEL_TIMEOUT_US) ? 0 : 3;
}

int cfs_channel_message(unsigned cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in,
                        uint32_t in_cap)
{
    static struct ccw program[2];

    if (cf >= CFS_MAX || facilities[cf].subchannel.id == 0)
        return 3;
    STACK_ASSERT(out_len <= CFS_CHANNEL_DATA_MAX && in_cap <= CFS_CHANNEL_DATA_MAX);
    if (facilities[cf].busy)
        return 2;

    memcpy(buffer_out, mcb, CF_MCB_SIZE);
    memcpy(buffer_out + CF_MCB_SIZE, out, out_len);
    program[0] = (struct ccw){ CFS_CCW_WRITE, CCW_SLI | CCW_CHAIN_COMMAND, (uint16_t)(CF_MCB_SIZE + out_len),
                               address_of(buffer_out) };
    program[1] = (struct ccw){ CFS_CCW_READ, CCW_SLI, (uint16_t)(CF_MRB_SIZE + in_cap), address_of(buffer_in) };
    int cc = run(&facilities[cf], program);
    if (cc != 0)
        return cc;
    if (facilities[cf].irb.device_status & DEVICE_UNIT_CHECK)
        return 3;
    uint32_t received = CF_MRB_SIZE + in_cap - facilities[cf].irb.residual;
    if (received < CF_MRB_SIZE)
        return 3;
    memcpy(mrb, buffer_in, CF_MRB_SIZE);
    memcpy(in, buffer_in + CF_MRB_SIZE, received - CF_MRB_SIZE);
    return 0;
}
