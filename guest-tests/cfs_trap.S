/* int cfs_trap(uint64_t gr1, const void *mob, uint64_t psw_mask, uint64_t cr0)
 *
 * Execute one CFMSG under this PSW mask and control register 0, whatever comes: the condition code 0..3, or -1 for a
 * program interruption, whose code and old PSW then stand in the lowcore. The PSW may be in the problem state, have a
 * key, or DAT on with virtual addresses equal to real ones for this code. Between LPSWE and the interruption nothing is
 * stored here. The way back from any PSW is a program interruption: that of CFMSG, or else of the 0000 behind it. */
#include "stack/image/lowcore.h"

#define PROGRAM_NEW (LC_NEW_PSWS + 3 * 16)
#define PSW_DISABLED 0x0000000180000000

    .text
    .globl cfs_trap
cfs_trap:
    stmg %r6, %r15, 48(%r15)
    larl %r6, saved_psw
    mvc 0(16,%r6), PROGRAM_NEW(%r0)
    larl %r7, trap_psw
    mvc PROGRAM_NEW(16,%r0), 0(%r7)
    larl %r7, test_psw
    stg %r4, 0(%r7)
    larl %r8, cfs_trap_instruction
    stg %r8, 8(%r7)
    stctg %c0, %c0, 16(%r7)
    stg %r5, 24(%r7)
    lgr %r1, %r2
    lghi %r2, -1
    lctlg %c0, %c0, 24(%r7)
    lpswe 0(%r7)

    .globl cfs_trap_instruction
cfs_trap_instruction:
    .insn s, 0xb2f10000, 0(%r3)
    ipm %r2
    srl %r2, 28
    llgfr %r2, %r2
    .word 0

trapped:
    lctlg %c0, %c0, 16(%r7)
    mvc PROGRAM_NEW(16,%r0), 0(%r6)
    lmg %r6, %r15, 48(%r15)
    br %r14

    .data
    .balign 8
trap_psw:
    .quad PSW_DISABLED, trapped
test_psw:
    .quad 0, 0          /* the PSW under test */
    .quad 0, 0          /* control register 0: as it was, under test */
saved_psw:
    .quad 0, 0
