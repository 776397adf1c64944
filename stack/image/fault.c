/* Faults. See fault.h. */
#include "stack/image/fault.h"

#include "stack/base/text.h"
#include "stack/image/console.h"
#include "stack/image/cpu.h"
#include "stack/image/waitcode.h"
#include "stack/platform/platform.h"

static bool expecting;
static struct program_check seen;

void fault_expect(void)
{
    seen = (struct program_check){ 0 };
    expecting = true;
}

struct program_check fault_expected(void)
{
    expecting = false;
    return seen;
}

_Noreturn void fault_stop(uint64_t waitcode, const char *reason)
{
    console_write(reason);
    console_flush();
    cpu_stop(waitcode);
}

static void show_registers(void)
{
    const volatile uint64_t *gpr = lowcore(LC_FAULT_GPRS);

    for (unsigned n = 0; n < 16; n += 4)
        text_wto("GR%02u %016lX %016lX %016lX %016lX", n, gpr[n], gpr[n + 1], gpr[n + 2], gpr[n + 3]);
}

static _Noreturn void report(uint64_t waitcode, uintptr_t old_psw, const char *what, uint64_t code)
{
    char reason[WTO_MAX];

    text_format(reason, sizeof(reason), "%s, CODE %016lX, WAIT STATE %03lX", what, code, waitcode);
    text_wto("PSW  %016lX %016lX", lowcore_u64(old_psw), lowcore_u64(old_psw + 8));
    show_registers();
    fault_stop(waitcode, reason);
}

static void program_check(uintptr_t old_psw)
{
    if (!expecting) {
        text_wto("TRANSLATION EXCEPTION ID %016lX", lowcore_u64(LC_TRANSLATION_ID));
        report(WAIT_PROGRAM_CHECK, old_psw, "PROGRAM CHECK", lowcore_u16(LC_PROGRAM_CODE));
    }
    expecting = false;
    seen = (struct program_check){
        .code = lowcore_u16(LC_PROGRAM_CODE),
        .length = *(volatile uint8_t *)lowcore(LC_PROGRAM_ILC),
        .old_mask = lowcore_u64(old_psw),
        .old_address = lowcore_u64(old_psw + 8),
    };
}

void fault_interruption(unsigned class, uintptr_t old_psw)
{
    if (class != FAULT_PROGRAM || !expecting)
        console_poll();
    switch (class) {
    case FAULT_PROGRAM:
        program_check(old_psw);
        return;
    case FAULT_MACHINE_CHECK:
        report(WAIT_MACHINE_CHECK, old_psw, "MACHINE CHECK", lowcore_u64(LC_MACHINE_CHECK_CODE));
    case FAULT_SVC:
        report(WAIT_SVC, old_psw, "UNEXPECTED SVC", lowcore_u16(LC_SVC_CODE));
    default:
        report(WAIT_RESTART, old_psw, "RESTART", 0);
    }
}

_Noreturn void platform_fail(const char *file, int line, const char *what)
{
    char reason[WTO_MAX + 128];

    asm volatile("stmg %%r0,%%r15,%0" : "=Q"(*(volatile uint64_t (*)[16])lowcore(LC_FAULT_GPRS)));
    console_poll();
    show_registers();
    text_format(reason, sizeof(reason), "ASSERTION FAILED, %s LINE %d: %s, WAIT STATE %03X", file, line, what,
                WAIT_ASSERTION);
    fault_stop(WAIT_ASSERTION, reason);
}
