/* Benchmark of the limits: does a command cost more when the facility holds more? Medians in nanoseconds, of single
 * commands (or pairs) to random places, and the ratio of the last to the first.
 *
 * "a cache line" is the floor: reading one at a random place of as much storage as the entries take, with what the
 * processor needs to find its page. What grows with it and no more is no longer way, only farther memory. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cfemu/bench/cf_scale.h"
#include "cfemu/engine/cf_limits.h"
#include "cfemu/engine/cf_segment.h"

#define SAMPLES 100000
#define POINTS_MAX 4
#define LINE 128u               /* bytes of an entry with its adjunct */

static uint64_t ticks[SAMPLES];

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void fail(const char *what)
{
    fprintf(stderr, "limits_bench: %s\n", what);
    exit(1);
}

static double median_ns(struct cf *cf, enum cf_scale_command command)
{
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t before = cf_ticks();
        if (!cf_scale_run(command))
            fail("a command was refused");
        ticks[i] = cf_ticks() - before;
    }
    qsort(ticks, SAMPLES, sizeof ticks[0], by_value);
    return (double)ticks[SAMPLES / 2] * 1000.0 / cf_ticks_per_us(cf);
}

/* Nanoseconds to follow a chain through so many lines in random order. */
static double line_ns(uint32_t lines)
{
    uint32_t *chain = mmap(NULL, (size_t)lines * LINE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (chain == MAP_FAILED)
        fail("no storage");
    const uint32_t step = LINE / sizeof *chain;
    unsigned seed = 1;
    for (uint32_t i = 0; i < lines; i++)
        chain[i * step] = i;
    for (uint32_t i = lines - 1; i > 0; i--) {          /* one cycle through all: Sattolo */
        uint32_t j = ((uint32_t)rand_r(&seed) << 15 ^ (uint32_t)rand_r(&seed)) % i;
        uint32_t other = chain[j * step];
        chain[j * step] = chain[i * step];
        chain[i * step] = other;
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < lines; i++)
        at = chain[at * step];
    uint64_t started = cf_clock_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < 1000000; i++)
        at = chain[at * step];
    double ns = (double)(cf_clock_ns(CLOCK_MONOTONIC) - started) / 1000000.0;
    if (at >= lines)
        fail("the chain is broken");
    munmap(chain, (size_t)lines * LINE);
    return ns;
}

static struct cf *segment(uint64_t size_kib)
{
    char name[64];
    struct cf *cf = NULL;
    snprintf(name, sizeof name, "limits_bench.%d", (int)getpid());
    bool ready = cf_create(name, "CFLIMITS", size_kib * 1024) == 0 && cf_open(name, "HOST", &cf) == 0;
    cf_remove(name);
    if (!ready)
        fail("no segment; is there room in /dev/shm?");
    return cf;
}

struct growth {
    const char *what;
    uint32_t count;
    struct { uint32_t number; struct cf_scale scale; } point[POINTS_MAX];
};

static const struct growth growths[] = {
    {"entries, on one list", 4, {{1000, {1000, 1, 3, 1}}, {10000, {10000, 1, 3, 1}}, {100000, {100000, 1, 3, 1}}, {1000000, {1000000, 1, 3, 1}}}},
    {"lists, with 100,000 entries", 2, {{1, {100000, 1, 3, 1}}, {CF_LISTHEADERS_MAX, {100000, CF_LISTHEADERS_MAX, 3, 1}}}},
    {"structures", 2, {{3, {1000, 1, 3, 1}}, {1000, {1000, 1, 1000, 1}}}},
    {"connections to each structure", 2, {{1, {1000, 1, 3, 1}}, {CF_CONNECTIONS_MAX, {1000, 1, 3, CF_CONNECTIONS_MAX}}}},
};

static void measure(const struct growth *growth)
{
    double ns[CF_SCALE_COMMANDS + 1][POINTS_MAX];
    for (uint32_t i = 0; i < growth->count; i++) {
        const struct cf_scale *scale = &growth->point[i].scale;
        struct cf *cf = segment(cf_scale_size_kib(scale));
        if (!cf_scale_make(cf, scale))
            fail("the scene cannot be made");
        for (int command = 0; command < CF_SCALE_COMMANDS; command++)
            ns[command][i] = median_ns(cf, (enum cf_scale_command)command);
        cf_scale_end();
        cf_close(cf);
        ns[CF_SCALE_COMMANDS][i] = line_ns(scale->entries);
    }
    printf("%-32s", growth->what);
    for (uint32_t i = 0; i < growth->count; i++)
        printf(" %9u", growth->point[i].number);
    printf("     ratio\n");
    for (int command = 0; command <= CF_SCALE_COMMANDS; command++) {
        printf("  %-30s", command < CF_SCALE_COMMANDS ? cf_scale_names[command] : "a cache line");
        for (uint32_t i = 0; i < growth->count; i++)
            printf(" %9.0f", ns[command][i]);
        printf(" %9.2f\n", ns[command][growth->count - 1] / ns[command][0]);
    }
    fflush(stdout);
}

int main(void)
{
    for (size_t i = 0; i < sizeof growths / sizeof growths[0]; i++)
        measure(&growths[i]);
    return 0;
}
