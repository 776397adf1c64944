/* IPL, the six interruption classes, and the enabled wait.
 *
 * The image is one flat file that a .ins file loads at location 0. It starts in ESA/390 mode with the PSW at location 0,
 * switches itself to z/Architecture, and calls main() on a 256 KiB stack.
 *
 * The control program runs disabled for I/O and external interruptions all the time; the only window is the wait of
 * cpu_wait(). So these two first-level handlers have nothing to save: they answer what woke the wait and return to the
 * caller of cpu_wait(), whose return address still stands in register 14. Faults (program check, SVC, machine check,
 * restart) save the registers and go to fault_interruption() on a stack of their own. */
#include "stack/image/lowcore.h"
#include "stack/image/waitcode.h"

#define PSW_RUN 0x0004000180000000      /* machine checks enabled, 64-bit */
#define PSW_DISABLED 0x0000000180000000
#define PSW_STOP 0x0002000180000000     /* disabled wait */

    .section .boot, "ax"
    .org 0
    .long 0x00080000, 0x80000000 + IPL_ENTRY
    .org LC_NEW_PSWS
    .quad PSW_DISABLED, restart_interruption
    .quad PSW_DISABLED, external_interruption
    .quad PSW_DISABLED, svc_interruption
    .quad PSW_DISABLED, program_interruption
    .quad PSW_DISABLED, machine_check_interruption
    .quad PSW_DISABLED, io_interruption
    .org IPL_ENTRY
    .globl _start
_start:
    lhi %r1, 1
    lhi %r2, 0
    sigp %r1, %r2, 0x12                 /* set architecture: z/Architecture */
    sam64
    larl %r2, __bss_start
    larl %r3, __bss_end
    sgr %r3, %r2
    lghi %r4, 0
    lghi %r5, 0
0:  mvcle %r2, %r4, 0                   /* a second IPL finds storage as the first one left it */
    jo 0b
    larl %r15, stack_top - 160
    larl %r1, run_psw
    lpswe 0(%r1)
run:
    brasl %r14, main
    lghi %r2, WAIT_RETURNED
    /* falls through */

/* void cpu_stop(uint64_t code): the disabled wait that ends an image */
    .globl cpu_stop
cpu_stop:
    larl %r1, stop_psw
    stg %r2, 8(%r1)
    lpswe 0(%r1)

/* unsigned cpu_wait(uint64_t mask): wait with this PSW mask until an interruption it allows */
    .globl cpu_wait
cpu_wait:
    stg %r2, LC_WAIT_PSW
    lpswe LC_WAIT_PSW
external_interruption:
    lghi %r2, WOKEN_BY_EXTERNAL
    br %r14
io_interruption:
    lghi %r2, WOKEN_BY_IO
    br %r14

    .macro fault name, class, old
\name\()_interruption:
    cli LC_FAULT_ACTIVE, 0
    jne recursive
    mvi LC_FAULT_ACTIVE, 1
    stmg %r0, %r15, LC_FAULT_GPRS
    larl %r15, fault_stack_top - 160
    lghi %r2, \class
    lghi %r3, \old
    brasl %r14, fault_interruption      /* returns if the fault was expected: go on after it */
    mvi LC_FAULT_ACTIVE, 0
    lmg %r0, %r15, LC_FAULT_GPRS
    lpswe \old
    .endm
    fault restart, FAULT_RESTART, LC_RESTART_OLD
    fault svc, FAULT_SVC, LC_SVC_OLD
    fault program, FAULT_PROGRAM, LC_PROGRAM_OLD
    fault machine_check, FAULT_MACHINE_CHECK, LC_MACHINE_CHECK_OLD
recursive:
    lghi %r2, WAIT_RECURSIVE
    j cpu_stop

    .data
    .balign 8
run_psw:
    .quad PSW_RUN, run
stop_psw:
    .quad PSW_STOP, 0

    .bss
    .balign 8
    .globl stack_bottom
stack_bottom:
    .space 262144
stack_top:
    .space 16384
fault_stack_top:
