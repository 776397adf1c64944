/* Program checks: the expected one is recorded and the program goes on after the instruction, registers unharmed. */
#include <stdint.h>

#include "guest-tests/lib/gt.h"
#include "stack/image/fault.h"

#define CODE_OPERATION 0x0001
#define CODE_SPECIFICATION 0x0006
#define CODE_ADDRESSING 0x0005
#define MASK_64_BIT 0x0000000180000000u

static uint64_t here(void)
{
    uint64_t address;
    asm volatile("larl %0,." : "=d"(address));
    return address;
}

static void test_operation_exception(void)
{
    fault_expect();
    uint64_t before = here();
    asm volatile(".short 0x0000" : : : "memory");
    struct program_check check = fault_expected();

    gt_check(check.code == CODE_OPERATION, "an invalid operation code gives interruption code 1, got %X", check.code);
    gt_check(check.length == 2, "the instruction length code is stored, got %u", check.length);
    gt_check(check.old_address > before && check.old_address < before + 64, "the old PSW points behind the instruction");
    gt_check((check.old_mask & MASK_64_BIT) == MASK_64_BIT, "the old PSW is a 64-bit PSW, got %016lX", check.old_mask);
}

static void test_addressing_exception(void)
{
    uint64_t value = 0x1122334455667788;

    fault_expect();
    asm volatile("lg %0,0(%1)" : "+d"(value) : "a"(0x7FFFFFFFF000u) : "memory");
    struct program_check check = fault_expected();

    gt_check(check.code == CODE_ADDRESSING, "a load beyond main storage gives interruption code 5, got %X", check.code);
    gt_check(value == 0x1122334455667788, "the register keeps its value");
}

static void test_specification_exception(void)
{
    uint64_t registers[16], expected[16];

    fault_expect();
    asm volatile("stmg %%r0,%%r15,%0\n"
                 " lpsw 4\n"
                 " stmg %%r0,%%r15,%1"
                 : "=Q"(expected), "=Q"(registers)
                 :
                 : "memory");
    struct program_check check = fault_expected();
    unsigned same = 0;

    for (unsigned n = 0; n < 16; n++)
        same += registers[n] == expected[n];
    gt_check(check.code == CODE_SPECIFICATION, "LPSW off a doubleword gives interruption code 6, got %X", check.code);
    gt_check(same == 16, "all 16 registers are the same after the interruption, %u are", same);
}

static void test_none(void)
{
    fault_expect();
    gt_check(fault_expected().code == 0, "no program check, no code");
}

int main(void)
{
    gt_start();
    test_operation_exception();
    test_addressing_exception();
    test_specification_exception();
    test_none();
    gt_end();
}
