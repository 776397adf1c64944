/* CFMSG: send a message to a coupling facility and wait for the answer. B2F1 D2(B2), S format, privileged.
 *
 *   GR1  ─► subsystem identification word of a CFS device       operand ─► MOB ─► MCB   MRB   data out   data in
 *
 * In this order, so that an access exception anywhere leaves the coupling facility as it was and the instruction can be
 * repeated:
 *   1. decode; privileged operation, specification
 *   2. fetch MOB, MCB and data out into buffers of this CPU
 *   3. claim the MRB and data-in areas: every page is translated and checked for stores
 *   4. execute the command: no guest storage is touched, nothing can fault
 *   5. store MRB and data through the addresses that step 3 found, set the condition code
 * Hercules leaves an instruction by longjmp when storage faults; steps 2 and 3 therefore hold nothing that would have to
 * be given back. The addresses of step 3 stay good until the end of the instruction: whoever takes a page away from a
 * guest waits for every CPU to come to the end of its instruction first.
 *
 * A remote CF makes step 4 a round trip over its link, for which the CPU stands still as for any instruction: some 6 µs
 * on this machine, the network's time beyond it, and when the link dies at most its bound, once (cfs_path.h).
 *
 * The addresses in the MOB are logical addresses like the operand's, in its address space, 64 bits or as many as the
 * addressing mode has. Unaligned MOB, MCB or MRB and lengths above CF_DATA_MAX are specification exceptions.
 *
 * This file compiles itself once per architecture (herc_compat.h). */
#include "herc-device/herc_compat.h"
#include "inline.h"

#include "cfemu/arch/cf_bytes.h"
#include "herc-device/cfs_device.h"

#if !defined(CFS_INST_C)
#define CFS_INST_C

#define PAGE_BYTES 4096u
#define SPANS_MAX (CF_DATA_MAX / PAGE_BYTES + 1)    /* pages that an area of CF_DATA_MAX touches at most */

/* Data of the command under way on each CPU. Too large for a CPU thread's stack; untouched pages cost nothing. */
static struct cpu_buffer {
    BYTE out[CF_DATA_MAX];
    BYTE in[CF_DATA_MAX];
} buffers[HC_MAX_CPU];

/* A claimed area of guest storage: host addresses, page by page. */
struct area {
    BYTE *span[SPANS_MAX];
    U32 first_len;      /* bytes in the first page */
};

static U32 up_to_page_end(U64 addr, U32 len)
{
    U32 left = PAGE_BYTES - (U32)(addr % PAGE_BYTES);

    return len < left ? len : left;
}

static void store_area(const struct area *area, const BYTE *from, U32 len)
{
    U32 part = area->first_len;

    for (unsigned i = 0; len > 0; i++, part = PAGE_BYTES) {
        if (part > len)
            part = len;
        memcpy(area->span[i], from, part);
        from += part;
        len -= part;
    }
}

#endif

#if __GEN_ARCH == 900

static void ARCH_DEP(fetch_area)(REGS *regs, int arn, VADR addr, BYTE *to, U32 len)
{
    while (len > 0) {
        U32 part = up_to_page_end(addr, len);
        memcpy(to, MADDRL(addr, part, arn, regs, ACCTYPE_READ, regs->psw.pkey), part);
        addr = (addr + part) & ADDRESS_MAXWRAP(regs);
        to += part;
        len -= part;
    }
}

static void ARCH_DEP(claim_area)(REGS *regs, int arn, VADR addr, U32 len, struct area *area)
{
    area->first_len = up_to_page_end(addr, len);
    for (unsigned i = 0; len > 0; i++) {
        U32 part = up_to_page_end(addr, len);
        area->span[i] = MADDRL(addr, part, arn, regs, ACCTYPE_WRITE, regs->psw.pkey);
        addr = (addr + part) & ADDRESS_MAXWRAP(regs);
        len -= part;
    }
}

DEF_INST(cfmsg)
{
    int b2;
    VADR operand, mcb_addr, mrb_addr, out_addr, in_addr;
    U32 out_len, in_len;
    BYTE mob[MOB_SIZE], mcb[CF_MCB_SIZE], mrb[CF_MRB_SIZE];
    struct area mrb_area, in_area;
    struct cpu_buffer *buffer = &buffers[regs->cpuad];
    struct cfs_path *path;
    enum cfs_cc cc = CFS_NOT_OPERATIONAL;

    S(inst, regs, b2, operand);
    HC_TXF_CHECK(regs);
    PRIV_CHECK(regs);
    SIE_INTERCEPT(regs);
    DW_CHECK(operand, regs);

    ARCH_DEP(fetch_area)(regs, b2, operand, mob, MOB_SIZE);
    mcb_addr = get_be64(mob + MOB_MCB) & ADDRESS_MAXWRAP(regs);
    mrb_addr = get_be64(mob + MOB_MRB) & ADDRESS_MAXWRAP(regs);
    out_addr = get_be64(mob + MOB_DATA_OUT) & ADDRESS_MAXWRAP(regs);
    in_addr = get_be64(mob + MOB_DATA_IN) & ADDRESS_MAXWRAP(regs);
    out_len = get_be32(mob + MOB_DATA_OUT_LEN);
    in_len = get_be32(mob + MOB_DATA_IN_LEN);
    DW_CHECK(mcb_addr | mrb_addr, regs);
    if (out_len > CF_DATA_MAX || in_len > CF_DATA_MAX)
        ARCH_DEP(program_interrupt)(regs, PGM_SPECIFICATION_EXCEPTION);

    ARCH_DEP(fetch_area)(regs, b2, mcb_addr, mcb, CF_MCB_SIZE);
    ARCH_DEP(fetch_area)(regs, b2, out_addr, buffer->out, out_len);
    ARCH_DEP(claim_area)(regs, b2, mrb_addr, CF_MRB_SIZE, &mrb_area);
    ARCH_DEP(claim_area)(regs, b2, in_addr, in_len, &in_area);

    path = cfs_device_path(regs->GR_L(1));
    if (path != NULL)
        cc = cfs_path_message(path, mcb, buffer->out, out_len, mrb, buffer->in, in_len,
                              CFS_INSTRUCTION_WAIT_US);
    if (cc == CFS_DONE) {
        store_area(&mrb_area, mrb, CF_MRB_SIZE);
        store_area(&in_area, buffer->in, cfs_path_data_len(mrb, in_len));
    }
    regs->psw.cc = (BYTE)cc;
}

#else

DEF_INST(cfmsg)
{
    UNREFERENCED(inst);
    ARCH_DEP(program_interrupt)(regs, PGM_OPERATION_EXCEPTION);
}

#endif

#if !defined(_GEN_ARCH)
#if defined(HC_ARCH_390)
#define _GEN_ARCH HC_ARCH_390
#include "herc-device/cfs_inst.c"
#undef _GEN_ARCH
#endif
#if defined(HC_ARCH_900)
#define _GEN_ARCH HC_ARCH_900
#include "herc-device/cfs_inst.c"
#endif
#endif
