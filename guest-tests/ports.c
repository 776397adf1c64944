/* Port assignment on the image: what a connection and its end cost in it, with the coupling facility behind CFMSG. The oldest
 * connection ends, a new one begins, so many are open: as on the host (stack/bench/clp_bench.c). */
#include <string.h>

#include "guest-tests/lib/gt.h"
#include "stack/clp/clp.h"
#include "stack/image/cfs.h"
#include "stack/platform/platform.h"

#define DVIPA 0x0A010101u
#define SERVER 0x0A636363u
#define HELD_MAX 8000u
#define RUNS 40u        /* the best of so many: what others do on the machine is not what is measured */

static const struct profile profile = {
    .ephemeral_low = PORT_EPHEMERAL_LOW, .ephemeral_high = PORT_EPHEMERAL_HIGH, .timewait_s = TIMEWAIT_DEFAULT_S };
static struct xes xes;
static struct clp clp;
static uint16_t held[HELD_MAX];
static uint8_t in_use[PORTS_PER_DVIPA];
static unsigned twice, refused;

static void attention(unsigned cf)
{
    (void)cf;
    xes_attention(&xes);
}

static uint16_t assign(uint32_t source)
{
    uint16_t port = 0;

    refused += clp_assign(&clp, source, 0, SERVER, 80, &port) != CLP_OK;
    return port;
}

static void connect_one(uint32_t source, unsigned n)
{
    held[n] = assign(source);
    twice += in_use[held[n]]++ != 0;
}

/* Nanoseconds of an assignment and a release with `open` connections open, in the best run of `pairs`. */
static uint64_t pair_ns(uint32_t source, unsigned open, unsigned pairs)
{
    uint64_t best = UINT64_MAX;

    memset(in_use, 0, sizeof in_use);
    for (unsigned n = 0; n < open; n++)
        connect_one(source, n);
    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t began = platform_clock_ns();
        for (unsigned i = 0, n = 0; i < pairs; i++, n = n + 1 == open ? 0 : n + 1) {
            uint16_t port;

            if (clp_assign(&clp, source, 0, SERVER, 80, &port) != CLP_OK)
                refused++;
            clp_release(&clp, source, held[n], SERVER, 80);
            held[n] = port;
        }
        uint64_t took = platform_clock_ns() - began;
        best = took < best ? took : best;
    }
    for (unsigned n = 0; n < open; n++)
        clp_release(&clp, source, held[n], SERVER, 80);
    return best / pairs;
}

static void costs(const char *what, uint32_t source, unsigned open, unsigned pairs)
{
    gt_note("%s, %u open: %lu ns a pair", what, open, pair_ns(source, open, pairs));
    gt_check(refused == 0 && twice == 0, "%s, %u open: every request got a port of its own", what, open);
}

/* What the emulated machine does in this moment: the figures below are to be read by it. */
static void machine(void)
{
    uint64_t best = UINT64_MAX;

    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t began = platform_clock_ns();
        for (unsigned i = 0; i < 10000; i++)
            asm volatile("" : : : "memory");
        uint64_t took = platform_clock_ns() - began;
        best = took < best ? took : best;
    }
    gt_note("a turn of an empty loop: %lu ps", best / 10);
}

int main(void)
{
    const struct profile_clusterports blocks = { .on = true, .blocksize = 64 }, ports = { .on = true, .blocksize = 1 };

    gt_start();
    gt_check(cfs_open(attention) > 0, "a coupling facility is there");
    clp_init(&clp, &profile, "MVS1", 1, NULL, NULL);
    gt_check(clp_connect(&clp, &xes, 0) == 0, "IXLCONN to EZBEPORT");
    machine();
    gt_check(clp_activate(&clp, DVIPA, &blocks, CLP_DEFINED) == CLP_OK, "a DVIPA with blocks of 64");
    costs("ports, blocks of 64", DVIPA, 1, 1000);
    costs("ports, blocks of 64", DVIPA, HELD_MAX, HELD_MAX);
    gt_check(clp_activate(&clp, DVIPA + 1, &ports, CLP_DEFINED) == CLP_OK, "a DVIPA with ports one by one");
    costs("ports, one by one", DVIPA + 1, 1, 25);
    uint64_t began = platform_clock_ns();
    uint16_t first = assign(DVIPA + 2);
    gt_note("first port of an address without CLUSTERPORTS: %lu us", (platform_clock_ns() - began) / 1000);
    clp_release(&clp, DVIPA + 2, first, SERVER, 80);
    costs("ports, without CLUSTERPORTS", DVIPA + 2, 1, 1000);
    costs("ports, without CLUSTERPORTS", DVIPA + 2, HELD_MAX, HELD_MAX);
    gt_end();
}
