/* Faults: program checks, machine checks, SVCs, RESTART and failed assertions.
 *
 * Each shows a reason, the PSW, the interruption code and the sixteen registers on the console, and ends the image in a
 * disabled wait (waitcode.h). A test can say that it expects a program check; that one is recorded and the program goes
 * on after the instruction. */
#ifndef IMAGE_FAULT_H
#define IMAGE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct program_check {
    uint16_t code;          /* interruption code, 0 = none has come */
    uint8_t length;         /* of the instruction, bytes */
    uint64_t old_mask;      /* program old PSW */
    uint64_t old_address;
};

/* From now on, up to fault_expected(), one program check is expected. */
void fault_expect(void);

/* What came, code 0 if nothing did. */
struct program_check fault_expected(void);

/* Write what is on the console and end in a disabled wait with this code. */
_Noreturn void fault_stop(uint64_t waitcode, const char *reason);

/* Called by the first-level handlers in boot.S. */
void fault_interruption(unsigned class, uintptr_t old_psw);

#endif
