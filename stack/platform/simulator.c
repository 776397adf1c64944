/* See simulator.h. */
#include "stack/platform/simulator.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf.h"

#define STACK_BYTES (256u << 10)
#define GUARD_BYTES 4096u
#define START_US 1767225600000000ull        /* 2026-01-01 */
#define BREAK_PPM 20000u                    /* of what BREAK_UNLOCK, _STALE and _WRITE break now and then */
#define BEFORE_PPM 250000u                  /* commands before which others may run; after it they always may */

struct system {
    bool there, waiting, fenced;
    bool changed;                           /* it has made a change of which it does not know yet */
    unsigned masked;                        /* depth of its attention handler */
    struct cf *view;
    uint32_t seen;                          /* of cf_wait() */
    uint64_t attention_us;                  /* when the attention reaches it, 0 = there is none */
    const struct ecb *ecb;                  /* waiting: for this, and until then */
    uint64_t until_us;
    void (*main)(void *context);
    void (*attention)(void *context);
    void *context;
    ucontext_t coroutine;
    uint8_t *memory;                        /* of its stack, with the guard page; kept for the next life */
    uint32_t stale_length;                  /* BREAK_STALE: what was read last under a lock */
    uint8_t stale[16384];
};

struct simulator_faults simulator_faults;
void (*simulator_trace)(const char *line);
void (*simulator_failed)(const char *what);
void (*simulator_wto)(const char *text);

static struct system systems[SYSTEMS_MAX + 1];
static ucontext_t scheduler;
static unsigned current;
static uint64_t chance, now_us;

/* --- chance and time ----------------------------------------------------------------------------------------------- */

uint64_t simulator_random(void)
{
    uint64_t z = chance += 0x9E3779B97F4A7C15ull;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

uint32_t simulator_below(uint32_t n)
{
    return (uint32_t)(((simulator_random() >> 32) * n) >> 32);
}

bool simulator_chance(uint32_t ppm)
{
    return ppm && simulator_below(1000000) < ppm;
}

void simulator_pass(uint64_t us)
{
    now_us += us;
}

uint64_t platform_clock_us(void)
{
    return now_us;
}

uint64_t platform_clock_ns(void)
{
    return now_us * 1000u;
}

uint64_t platform_random(void)
{
    return simulator_random();
}

/* --- what is told -------------------------------------------------------------------------------------------------- */

void simulator_note(const char *format, ...)
{
    char line[256];
    va_list arguments;

    if (!simulator_trace)
        return;
    int used = snprintf(line, sizeof line, "%11.6f ", (double)(now_us - START_US) / 1e6);
    used += current ? snprintf(line + used, sizeof line - (size_t)used, "MVS%-2u ", current)
                    : snprintf(line + used, sizeof line - (size_t)used, "      ");
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
    va_end(arguments);
    simulator_trace(line);
}

void platform_wto(const char *text)
{
    if (simulator_wto)
        simulator_wto(text);
    simulator_note("%s", text);
}

/* --- coroutines ---------------------------------------------------------------------------------------------------- */

static _Noreturn void leave_for_good(void)
{
    unsigned n = current;

    current = 0;
    systems[n].there = false;
    swapcontext(&systems[n].coroutine, &scheduler);
    abort();
}

void platform_fail(const char *file, int line, const char *what)
{
    char text[256];

    snprintf(text, sizeof text, "%s:%d: assertion failed: %s", file, line, what);
    simulator_failed(text);
    if (!current)
        abort();
    leave_for_good();
}

static void begin(void)
{
    struct system *s = &systems[current];

    s->main(s->context);
    platform_fail(__FILE__, __LINE__, "the main line of a system does not end");
}

static bool attention_due(struct system *s)
{
    if (!s->view)
        return false;
    if (cf_wait(s->view, &s->seen, 0) && !s->attention_us)
        s->attention_us = now_us + (simulator_chance(simulator_faults.delayed_ppm)
                                        ? simulator_below(simulator_faults.delay_us_max + 1) : 0);
    return s->attention_us && s->attention_us <= now_us;
}

/* Let the others run. When this one is continued, what is due interrupts it first. */
static void suspend(struct system *s)
{
    unsigned n = current;

    current = 0;
    swapcontext(&s->coroutine, &scheduler);
    current = n;
    while (!s->masked && attention_due(s)) {
        bool waiting = s->waiting;

        s->attention_us = 0;
        s->masked++;
        s->waiting = false;                 /* the handler can go on whatever the wait is for that it interrupts */
        simulator_note("attention");
        s->attention(s->context);
        s->waiting = waiting;
        s->masked--;
    }
}

static struct system *running(void)
{
    if (!current)
        platform_fail(__FILE__, __LINE__, "the platform is called by a system");
    return &systems[current];
}

void simulator_reset(uint64_t seed)
{
    for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
        simulator_drop(n);
    simulator_faults = (struct simulator_faults){ 0 };
    chance = seed * 0xD1342543DE82EF95ull + 1;
    now_us = START_US;
}

void simulator_start(unsigned n, struct cf *view, void (*main)(void *context), void (*attention)(void *context), void *context)
{
    struct system *s = &systems[n];
    uint8_t *memory = s->memory;

    if (!memory) {
        memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE) != 0) {
            perror("simulator: storage for a system");
            abort();
        }
    }
    memset(s, 0, sizeof *s);
    s->memory = memory;
    s->there = true;
    s->view = view;
    s->main = main;
    s->attention = attention;
    s->context = context;
    getcontext(&s->coroutine);
    s->coroutine.uc_stack.ss_sp = memory + GUARD_BYTES;
    s->coroutine.uc_stack.ss_size = STACK_BYTES;
    s->coroutine.uc_link = NULL;
    makecontext(&s->coroutine, begin, 0);
}

bool simulator_changed(unsigned n)
{
    return systems[n].changed;
}

void simulator_drop(unsigned n)
{
    systems[n].there = false;
    systems[n].view = NULL;
}

void simulator_fence(unsigned n, struct cf *view)
{
    systems[n].view = view;
    systems[n].seen = 0;
    systems[n].fenced = true;
}

bool simulator_ready(unsigned n)
{
    struct system *s = &systems[n];

    return s->there && (!s->waiting || s->ecb->posted || now_us >= s->until_us || (!s->masked && attention_due(s)));
}

uint64_t simulator_wakes_us(unsigned n)
{
    const struct system *s = &systems[n];

    if (!s->there)
        return UINT64_MAX;
    if (!s->waiting)
        return now_us;
    return s->attention_us && s->attention_us < s->until_us ? s->attention_us : s->until_us;
}

void simulator_run(unsigned n)
{
    if (!systems[n].there)
        return;
    current = n;
    swapcontext(&scheduler, &systems[n].coroutine);
}

/* --- waiting ------------------------------------------------------------------------------------------------------- */

bool platform_wait(struct ecb *ecb, uint64_t timeout_us)
{
    struct system *s = running();
    uint64_t until_us = now_us + timeout_us;

    do {
        s->ecb = ecb;                       /* again: the handler may have waited in between */
        s->until_us = until_us;
        s->waiting = true;
        suspend(s);
        s->waiting = false;
    } while (!ecb->posted && now_us < until_us);
    bool posted = ecb->posted;
    ecb->posted = 0;
    return posted;
}

void platform_post(struct ecb *ecb)
{
    ecb->posted = 1;
}

/* --- CF commands --------------------------------------------------------------------------------------------------- */

static bool is_list_command(uint16_t command)
{
    return command == CF_CMD_LIST_READ || command == CF_CMD_LIST_WRITE || command == CF_CMD_LIST_DELETE ||
           command == CF_CMD_LIST_MOVE || command == CF_CMD_LIST_LOCK;
}

/* Break the command as simulator_faults.broken says. True: it is done already, as far as its sender can tell. */
static bool break_command(uint8_t *mcb, uint8_t *mrb)
{
    uint16_t command = get_be16(mcb + MCB_COMMAND);
    uint8_t lockoper = mcb[MCB_LOCKOPER];
    bool done = false;

    if (simulator_faults.broken == BREAK_NOTHING || !is_list_command(command) || lockoper == CF_LOCK_NONE)
        return false;
    if (simulator_faults.broken == BREAK_LOCK) {
        mcb[MCB_LOCKOPER] = CF_LOCK_NONE;
        done = command == CF_CMD_LIST_LOCK;
    } else if (simulator_faults.broken == BREAK_UNLOCK && lockoper == CF_LOCK_RESET && simulator_chance(BREAK_PPM)) {
        mcb[MCB_LOCKOPER] = CF_LOCK_HELDBY;
        done = command == CF_CMD_LIST_LOCK;
    } else if (simulator_faults.broken == BREAK_WRITE && lockoper == CF_LOCK_HELDBY && command != CF_CMD_LIST_LOCK) {
        done = command != CF_CMD_LIST_READ && simulator_chance(BREAK_PPM);
    }
    if (done)
        memset(mrb, 0, CF_MRB_SIZE);
    return done;
}

/* BREAK_STALE: data that was locked and read is remembered, and now and then comes again. */
static void serve_stale(struct system *s, const uint8_t *mcb, const uint8_t *mrb, void *in)
{
    uint32_t length = get_be32(mrb + MRB_DATALEN);

    if (simulator_faults.broken != BREAK_STALE || get_be16(mcb + MCB_COMMAND) != CF_CMD_LIST_READ ||
        mcb[MCB_LOCKOPER] != CF_LOCK_SET || get_be16(mrb + MRB_RESPONSE) != CF_RSP_OK || length > sizeof s->stale)
        return;
    if (s->stale_length == length && simulator_chance(BREAK_PPM)) {
        memcpy(in, s->stale, length);
        simulator_note("stale data");
    }
    memcpy(s->stale, in, length);
    s->stale_length = length;
}

static void note_command(const uint8_t *mcb, const uint8_t *mrb)
{
    static const char *const lockopers[] = { "", " SET", " RESET", " NOTHELD", " HELDBY", " TEST", " READNEXT" };
    uint8_t lockoper = mcb[MCB_LOCKOPER];

    if (simulator_trace)
        simulator_note("CF %04X %08X list %-4u %-16.16s%s: %04X", get_be16(mcb + MCB_COMMAND), get_be32(mcb + MCB_STRUCTURE),
                       get_be32(mcb + MCB_LIST), mcb[MCB_NAME] ? (const char *)mcb + MCB_NAME : "",
                       lockoper < sizeof lockopers / sizeof lockopers[0] ? lockopers[lockoper] : " ?",
                       get_be16(mrb + MRB_RESPONSE));
}

static int execute(struct system *s, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in,
                   uint32_t in_cap)
{
    uint8_t copy[CF_MCB_SIZE];

    if (!s->view || (s->fenced && get_be16(mcb + MCB_COMMAND) == CF_CMD_CONNECT))
        return 3;
    if (simulator_chance(simulator_faults.busy_ppm)) {
        simulator_note("busy");
        return 2;
    }
    memcpy(copy, mcb, sizeof copy);
    if (break_command(copy, mrb))
        return 0;
    cf_message(s->view, copy, out, out_len, mrb, in, in_cap);
    serve_stale(s, copy, mrb, in);
    note_command(mcb, mrb);
    return get_be16(mrb + MRB_RESPONSE) == CF_RSP_CF_FAILED ? 3 : 0;
}

int platform_cf_message(unsigned cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap)
{
    struct system *s = running();

    if (cf != 0)
        return 3;
    if (simulator_chance(BEFORE_PPM))
        suspend(s);
    int code = execute(s, mcb, out, out_len, mrb, in, in_cap);
    uint16_t command = get_be16(mcb + MCB_COMMAND);
    s->changed = command == CF_CMD_LIST_WRITE || command == CF_CMD_LIST_MOVE;
    suspend(s);
    s->changed = false;
    return code;
}
