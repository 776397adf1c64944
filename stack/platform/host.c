/* See host.h. The clock is the machine's real time, which all processes of a test share; it never runs backwards within a
 * process. */
#include "stack/platform/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf.h"

struct host_system {
    struct cf *cfs[HOST_CFS_MAX];   /* NULL below `count`: lost */
    uint32_t seen[HOST_CFS_MAX];    /* of cf_wait() */
    unsigned count;
    bool losing;                    /* the CFs are lost after messages_left more messages */
    unsigned messages_left;
    void (*strike)(void);           /* runs after messages_to_strike more messages; NULL: nothing does */
    unsigned messages_to_strike;
    void (*attention)(void *context);
    void *context;
};

static struct host_system systems[HOST_SYSTEMS_MAX];
static _Thread_local unsigned selected;
static _Thread_local void (*idle)(void);
static void (*wto)(const char *text);
static uint64_t advance_us;

void host_platform_select(unsigned system)
{
    if (system >= HOST_SYSTEMS_MAX)
        abort();
    selected = system;
}

unsigned host_platform_selected(void)
{
    return selected;
}

void host_platform_add_cf(struct cf *cf)
{
    struct host_system *s = &systems[selected];

    if (!cf && s->count) {
        s->cfs[s->count - 1] = NULL;
        return;
    }
    if (s->count == HOST_CFS_MAX)
        abort();
    s->seen[s->count] = 0;
    s->cfs[s->count++] = cf;
}

void host_platform_lose_cfs_after(unsigned messages)
{
    systems[selected].losing = true;
    systems[selected].messages_left = messages;
}

void host_platform_strike_after(unsigned messages, void (*strike)(void))
{
    systems[selected].strike = strike;
    systems[selected].messages_to_strike = messages;
}

static void strike_if_due(struct host_system *s)
{
    void (*strike)(void) = s->strike;

    if (!strike || s->messages_to_strike-- > 0)
        return;
    s->strike = NULL;
    strike();
}

void host_platform_reset(void)
{
    memset(&systems[selected], 0, sizeof systems[selected]);
}

void host_platform_on_attention(void (*handler)(void *context), void *context)
{
    systems[selected].attention = handler;
    systems[selected].context = context;
}

void host_platform_on_wait(void (*run)(void))
{
    idle = run;
}

void host_platform_on_wto(void (*write)(const char *text))
{
    wto = write;
}

void host_platform_advance_us(uint64_t us)
{
    advance_us += us;
}

/* --- waiting ------------------------------------------------------------------------------------------------------- */

static uint64_t monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void sleep_us(uint64_t us)
{
    struct timespec t = { .tv_sec = (time_t)(us / 1000000u), .tv_nsec = (long)(us % 1000000u * 1000u) };

    nanosleep(&t, NULL);
}

void host_platform_attend(int timeout_ms)
{
    struct host_system *s = &systems[selected];
    bool told = false;
    unsigned waited = 0;

    /* One view can be waited for; with several the others are looked at in passing, so wait in small steps. */
    for (unsigned i = 0; i < s->count; i++) {
        if (!s->cfs[i])
            continue;
        int timeout = waited++ ? 0 : s->count > 1 && timeout_ms > 1 ? 1 : timeout_ms;
        told = cf_wait(s->cfs[i], &s->seen[i], timeout) || told;
    }
    if (told && s->attention)
        s->attention(s->context);
    else if (!waited && timeout_ms > 0)
        sleep_us((uint64_t)timeout_ms * 1000u);
}

bool platform_wait(struct ecb *ecb, uint64_t timeout_us)
{
    uint64_t end = monotonic_us() + timeout_us;

    if (idle)
        idle();
    while (!ecb->posted) {
        uint64_t now = monotonic_us();

        if (now >= end)
            return false;
        if (end - now < 1000) {
            sleep_us(end - now);
            host_platform_attend(0);
        } else {
            host_platform_attend((int)((end - now) / 1000));
        }
    }
    ecb->posted = 0;
    return true;
}

void platform_post(struct ecb *ecb)
{
    ecb->posted = 1;
}

/* --- the rest of the contract -------------------------------------------------------------------------------------- */

uint64_t platform_clock_us(void)
{
    static _Thread_local uint64_t last;
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t now = (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u + advance_us;

    if (now > last)
        last = now;
    return last;
}

uint64_t platform_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t platform_random(void)
{
    uint64_t value;

    if (getrandom(&value, sizeof value, 0) != sizeof value)
        platform_fail(__FILE__, __LINE__, "getrandom");
    return value;
}

void platform_wto(const char *text)
{
    if (wto)
        wto(text);
    else
        fprintf(stderr, "%s\n", text);
}

int platform_cf_message(unsigned cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap)
{
    struct host_system *s = &systems[selected];

    strike_if_due(s);
    if (cf >= s->count || !s->cfs[cf] || (s->losing && s->messages_left == 0))
        return 3;
    if (s->losing)
        s->messages_left--;
    cf_message(s->cfs[cf], mcb, out, out_len, mrb, in, in_cap);
    return get_be16(mrb + MRB_RESPONSE) == CF_RSP_CF_FAILED ? 3 : 0;
}

void platform_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
    abort();
}
