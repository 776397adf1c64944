/* CFMSG and access exceptions: the right interruption, and a coupling facility that knows nothing of the attempt.
 *
 * Each attempt would create an entry of its own name. Afterwards the entry must not be there; at the end of each test
 * the same request goes through, so that nothing but the exception can have been in its way. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "guest-tests/cfs_request.h"
#include "guest-tests/lib/gt.h"
#include "stack/image/cpu.h"
#include "stack/image/css.h"

#define PAGE 4096u
#define OUTSIDE 0x100000000000u             /* beyond the main storage of any test */

#define PSW_BASE 0x0000000180000000u        /* disabled, 64-bit, supervisor, key 0, DAT off */
#define PSW_DAT 0x0400000000000000u
#define PSW_PROBLEM 0x0001000000000000u
#define PSW_KEY_8 0x0080000000000000u
#define CR0_LOW_ADDRESS_PROTECTION 0x10000000u

enum { PRIVILEGED = 0x02, PROTECTION = 0x04, ADDRESSING = 0x05, SPECIFICATION = 0x06, PAGE_TRANSLATION = 0x11 };

/* cfs_trap.S */
int cfs_trap(uint64_t gr1, const void *mob, uint64_t psw_mask, uint64_t cr0);
extern const char cfs_trap_instruction[];

static struct subchannel cfs;
static struct cfs_connection connection;
static uint8_t pages[8 * PAGE] __attribute__((aligned(4096)));

static void ignore(struct subchannel *subchannel, const struct irb *irb)
{
    (void)subchannel;
    (void)irb;
}

/* --- storage keys, control register 0, DAT ------------------------------------------------------------------------- */

#define KEY_FETCH_PROTECTED 0x08

static void set_key(void *page, unsigned key)
{
    asm volatile("sske %0,%1" : : "d"((uint64_t)key), "a"(page) : "memory");
}

static uint64_t cr0(void)
{
    uint64_t value;
    asm volatile("stctg 0,0,%0" : "=Q"(value));
    return value;
}

#define SEGMENTS 16u            /* mapped: 16 MiB, virtual = real */
#define PTES 256u
#define PTE_INVALID 0x400u
#define STE_INVALID 0x20u

static uint64_t segment_table[512] __attribute__((aligned(4096)));
static uint64_t page_tables[SEGMENTS][PTES] __attribute__((aligned(4096)));

static void map_storage(void)
{
    uint64_t asce = (uintptr_t)segment_table;   /* table type: segment; one unit of 512 entries */

    for (unsigned s = 0; s < 512; s++)
        segment_table[s] = s < SEGMENTS ? (uintptr_t)page_tables[s] : STE_INVALID;
    for (unsigned s = 0; s < SEGMENTS; s++)
        for (unsigned p = 0; p < PTES; p++)
            page_tables[s][p] = ((uint64_t)s << 20) + p * PAGE;
    asm volatile("lctlg 1,1,%0\n ptlb" : : "Q"(asce) : "memory");
}

static uint64_t *pte(const void *page)
{
    return &page_tables[(uintptr_t)page >> 20][(uintptr_t)page >> 12 & (PTES - 1)];
}

static void set_page_valid(const void *page, bool valid)
{
    *pte(page) = (*pte(page) & ~(uint64_t)PTE_INVALID) | (valid ? 0 : PTE_INVALID);
    asm volatile("ptlb" : : : "memory");
}

/* --- attempts ------------------------------------------------------------------------------------------------------ */

struct attempt {
    struct mob mob;
    uint64_t mob_offset;        /* added to the address of mob */
    uint64_t psw;
    uint64_t cr0;
};

/* A request that creates the entry with a page of data and asks for data back, its areas in pages. */
static struct attempt attempt(const char *name)
{
    cfs_entry_request(&connection, CF_CMD_LIST_WRITE, name, CF_OPT_DATA);
    cfs_mcb[MCB_ENTRYTYPE] = CF_ENTRY_NEW;
    put_be32(cfs_mcb + MCB_DATALEN, PAGE);
    memcpy(pages, cfs_mcb, CF_MCB_SIZE);
    return (struct attempt){
        .mob = { .mcb = (uintptr_t)pages,
                 .mrb = (uintptr_t)pages + PAGE,
                 .out = (uintptr_t)pages + 2 * PAGE,
                 .out_len = PAGE,
                 .in = (uintptr_t)pages + 4 * PAGE,
                 .in_len = 2 * PAGE },
        .psw = PSW_BASE,
        .cr0 = cr0(),
    };
}

static int try(const struct attempt *a)
{
    return cfs_trap(cfs.id, (const char *)&a->mob + a->mob_offset, a->psw, a->cr0);
}

/* The attempt must end with this interruption code, and the old PSW must stand at the instruction if the exception
 * nullifies, behind it if it suppresses. */
static void expect(const char *what, const char *name, const struct attempt *a, unsigned code)
{
    uint64_t at = (uintptr_t)cfs_trap_instruction + (code == PAGE_TRANSLATION ? 0 : 4);
    int cc = try(a);
    unsigned got = lowcore_u16(LC_PROGRAM_CODE);
    unsigned length = *(volatile uint8_t *)lowcore(LC_PROGRAM_ILC);

    gt_check(cc == -1 && got == code, "%s: program interruption %04X", what, code);
    gt_check(lowcore_u64(LC_PROGRAM_OLD + 8) == at && length == 4, "%s: old PSW and instruction length", what);
    gt_check(!cfs_exists(&connection, name), "%s: the command was not executed", what);
}

/* What stands in the way of nothing: the same request is executed. */
static void expect_done(const char *what, const char *name)
{
    struct attempt a = attempt(name);

    gt_check(try(&a) == 0 && get_be16(pages + PAGE) == CF_RSP_OK && cfs_exists(&connection, name), "%s: then it is done", what);
}

static void addressing(void)
{
    struct attempt a;

    a = attempt("ADDRESSING");
    a.mob.mcb = OUTSIDE;
    expect("MCB outside storage", "ADDRESSING", &a, ADDRESSING);
    a = attempt("ADDRESSING");
    a.mob.out = OUTSIDE;
    expect("data out outside storage", "ADDRESSING", &a, ADDRESSING);
    a = attempt("ADDRESSING");
    a.mob.mrb = OUTSIDE;
    expect("MRB outside storage", "ADDRESSING", &a, ADDRESSING);
    a = attempt("ADDRESSING");
    a.mob.in = OUTSIDE;
    expect("data in outside storage", "ADDRESSING", &a, ADDRESSING);
    a.mob_offset = OUTSIDE - (uintptr_t)&a.mob;
    expect("MOB outside storage", "ADDRESSING", &a, ADDRESSING);
    expect_done("addressing", "ADDRESSING");
}

static void specification(void)
{
    struct attempt a;

    a = attempt("SPECIFICATION");
    a.mob_offset = 4;
    expect("MOB not on a doubleword", "SPECIFICATION", &a, SPECIFICATION);
    a = attempt("SPECIFICATION");
    a.mob.mcb += 4;
    expect("MCB not on a doubleword", "SPECIFICATION", &a, SPECIFICATION);
    a = attempt("SPECIFICATION");
    a.mob.mrb += 1;
    expect("MRB not on a doubleword", "SPECIFICATION", &a, SPECIFICATION);
    a = attempt("SPECIFICATION");
    a.mob.out_len = CF_DATA_MAX + 1;
    expect("too much data out", "SPECIFICATION", &a, SPECIFICATION);
    a = attempt("SPECIFICATION");
    a.mob.in_len = 0xFFFFFFFF;
    expect("too much room for data in", "SPECIFICATION", &a, SPECIFICATION);
    expect_done("specification", "SPECIFICATION");
}

static void problem_state(void)
{
    struct attempt a = attempt("PROBLEM");

    a.psw |= PSW_PROBLEM;
    expect("problem state", "PROBLEM", &a, PRIVILEGED);
    expect_done("problem state", "PROBLEM");
}

/* Key 8 in the PSW: it may store where the storage key is 8, and fetch where nothing is fetch-protected. */
static void key_protection(void)
{
    struct attempt a = attempt("KEY");

    a.psw |= PSW_KEY_8;
    expect("MRB of another key", "KEY", &a, PROTECTION);
    set_key(pages + PAGE, 0x80);
    set_key(pages + 4 * PAGE, 0x80);
    expect("last page of data in of another key", "KEY", &a, PROTECTION);
    set_key(pages + 5 * PAGE, 0x80);
    set_key(pages + 2 * PAGE, KEY_FETCH_PROTECTED);
    expect("data out fetch-protected", "KEY", &a, PROTECTION);
    set_key(pages + 2 * PAGE, 0);
    set_key(pages, KEY_FETCH_PROTECTED);
    expect("MCB fetch-protected", "KEY", &a, PROTECTION);
    set_key(pages, 0);
    gt_check(try(&a) == 0 && get_be16(pages + PAGE) == CF_RSP_OK && cfs_exists(&connection, "KEY"),
           "with its own key it is done");
    for (unsigned i = 0; i < 8; i++)
        set_key(pages + i * PAGE, 0);
}

static void low_address_protection(void)
{
    struct attempt a = attempt("LOW");

    a.cr0 |= CR0_LOW_ADDRESS_PROTECTION;
    a.mob.mrb = 0x100;
    expect("MRB in protected low storage", "LOW", &a, PROTECTION);
    a = attempt("LOW");
    a.cr0 |= CR0_LOW_ADDRESS_PROTECTION;
    a.mob.in = PAGE - 512;  /* begins outside of the protected ranges, runs into the second */
    expect("data in that runs into protected low storage", "LOW", &a, PROTECTION);
    expect_done("low-address protection", "LOW");
}

/* A program that pages: each page that is not there is brought in after the exception that names it, and the
 * instruction is repeated until it succeeds. The command must have been executed once. */
static void demand_paging(void)
{
    static const uint8_t missing[] = { 0, 1, 2, 4, 5 };
    struct attempt a = attempt("PAGING");
    bool named = true;

    map_storage();
    a.psw |= PSW_DAT;
    for (unsigned i = 0; i < sizeof(missing); i++)
        set_page_valid(pages + missing[i] * PAGE, false);
    for (unsigned i = 0; i < sizeof(missing); i++) {
        uint8_t *page;
        expect("page not there", "PAGING", &a, PAGE_TRANSLATION);
        page = (uint8_t *)(lowcore_u64(LC_TRANSLATION_ID) & ~(uint64_t)(PAGE - 1));
        if (page < pages || page >= pages + sizeof(pages) || !(*pte(page) & PTE_INVALID))
            named = false;
        else
            set_page_valid(page, true);
    }
    gt_check(named, "each exception names a page that is not there");
    gt_check(try(&a) == 0 && get_be16(pages + PAGE) == CF_RSP_OK, "with all pages there it is done, for the first time");
    gt_check(try(&a) == 0 && get_be16(pages + PAGE) == CF_RSP_ENTRY_EXISTS, "the second time it has been done");
}

static void swap_pages(void *page, void *other)
{
    uint64_t entry = *pte(page);

    *pte(page) = *pte(other);
    *pte(other) = entry;
    asm volatile("ptlb" : : : "memory");
}

/* Areas whose pages are next to each other, but not in real storage: the data is that of the virtual addresses. */
static void scattered_pages(void)
{
    uint8_t *out = pages + 2 * PAGE, *in = pages + 4 * PAGE;
    struct attempt a = attempt("SCATTERED");

    map_storage();
    swap_pages(out, out + PAGE);
    swap_pages(in, in + PAGE);
    a.psw |= PSW_DAT;
    cfs_fill(out, PAGE, 1);
    cfs_fill(out + PAGE, PAGE, 2);
    memset(in, 0, 3 * PAGE);
    a.mob.out_len = 2 * PAGE;
    put_be32(pages + MCB_DATALEN, 2 * PAGE);
    gt_check(try(&a) == 0 && get_be16(pages + PAGE) == CF_RSP_OK, "WRITE from scattered pages");

    cfs_entry_request(&connection, CF_CMD_LIST_READ, "SCATTERED", CF_OPT_DATA);
    memcpy(pages, cfs_mcb, CF_MCB_SIZE);
    a.mob.out_len = 0;
    gt_check(try(&a) == 0 && get_be16(pages + PAGE) == CF_RSP_OK, "READ into scattered pages");
    gt_check(cfs_is_filled(in, PAGE, 1) && cfs_is_filled(in + PAGE, PAGE, 2), "each page is where its address says");
    memset(in, 0, 2 * PAGE);
    gt_check(cfs_send(cfs.id, NULL, 0, in, 2 * PAGE) == 0 && cfs_is_filled(in, PAGE, 2) &&
                 cfs_is_filled(in + PAGE, PAGE, 1),
             "the CF has them in the order of the addresses");
}

int main(void)
{
    gt_start();
    gt_check(css_open(&cfs, CFS_DEVICE, ISC_DEVICES, ignore), "a CFS device is there");
    gt_check(cfs_connect(&connection, cfs.id, "ACCESS") == CF_RSP_OK, "CONNECT");
    addressing();
    specification();
    problem_state();
    key_protection();
    low_address_protection();
    demand_paging();
    scattered_pages();
    gt_end();
}
