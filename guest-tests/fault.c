/* How an image ends when something is wrong. The IPL parameter FAULT= says what; fault.sh looks at the console. */
#include <string.h>

#include "guest-tests/lib/gt.h"
#include "stack/image/console.h"
#include "stack/image/cpu.h"
#include "stack/image/loop.h"
#include "stack/image/parm.h"
#include "stack/platform/platform.h"

extern volatile uint64_t stack_bottom;

static void program_check(void)
{
    register uint64_t r8 asm("8") = 0x0123456789ABCDEFu;
    register uint64_t r9 asm("9") = 0xFEDCBA9876543210u;

    asm volatile(".short 0x0000" : : "d"(r8), "d"(r9) : "memory");
}

static void recursive_program_check(void)
{
    *(volatile uint8_t *)lowcore(LC_FAULT_ACTIVE) = 1;
    program_check();
}

static void supervisor_call(void)
{
    asm volatile("svc 77" : : : "memory");
}

static void assertion(void)
{
    STACK_ASSERT(1 + 1 == 3);
}

static void stack_overflow(void)
{
    stack_bottom = 0;
    image_loop_once();
}

static void restart(void)
{
    gt_note("RESTART");
    console_flush();
    for (;;)
        loop_idle(LOOP_NEVER);
}

static const struct {
    const char *name;
    void (*function)(void);
} faults[] = {
    { "program", program_check },
    { "recursive", recursive_program_check },
    { "svc", supervisor_call },
    { "assertion", assertion },
    { "stack", stack_overflow },
    { "restart", restart },
};

int main(void)
{
    char name[16] = "";

    gt_start();
    parm_value("FAULT", name, sizeof(name));
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (strcmp(name, faults[i].name) == 0)
            faults[i].function();
    if (strcmp(name, "return") == 0)
        return 0;
    gt_check(false, "the fault %s did not end the image", name);
    gt_end();
}
