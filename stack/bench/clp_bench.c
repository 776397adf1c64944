/* What assigning and releasing a port costs on the host: with blocks of 64 at several occupancies, and with block size 1,
 * where each assignment and each release is a locked read-modify-write in the coupling facility. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/engine/cf.h"
#include "stack/clp/clp.h"
#include "stack/platform/host.h"
#include "stack/recovery/recovery.h"

#define DVIPA 0x0A010101u
#define SERVER 0x0A636363u
#define PORTS 64512u

static uint16_t held[PORTS];

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "clp_bench: %s failed, code %d\n", what, rc);
    exit(1);
}

#define RUNS 25     /* the best of so many: what others do on the machine is not what is measured */

/* Nanoseconds of an assignment and a release, with `used` ports in use: the oldest connection ends, a new one begins. */
static double measure(struct clp *clp, unsigned used, unsigned rounds)
{
    for (unsigned i = 0; i < used; i++)
        must(clp_assign(clp, DVIPA, 0, SERVER, 80, &held[i]), "assign");
    double spent = 1e18;
    for (unsigned run = 0; run < RUNS; run++) {
        double start = now_ns();
        for (unsigned i = 0; i < rounds / RUNS; i++) {
            uint16_t port;

            must(clp_assign(clp, DVIPA, 0, SERVER, 80, &port), "assign");
            clp_release(clp, DVIPA, used ? held[i % used] : port, SERVER, 80);
            if (used)
                held[i % used] = port;
        }
        if (now_ns() - start < spent)
            spent = now_ns() - start;
    }
    for (unsigned i = 0; i < used; i++)
        clp_release(clp, DVIPA, held[i], SERVER, 80);
    return spent / (rounds / RUNS);
}

/* Another stack has had every port, one by one, and has given it back just now: each rests for this one. */
static void let_all_rest(struct xes *xes, const struct profile *profile, const struct profile_clusterports *on)
{
    struct clp *other = calloc(1, sizeof *other);

    clp_init(other, profile, "OTHER", 2, NULL, NULL);
    must(clp_connect(other, xes, 0), "IXLCONN");
    must(clp_activate(other, DVIPA, on, CLP_DEFINED), "activation");
    for (unsigned i = 0; i < PORTS; i++)
        must(clp_assign(other, DVIPA, 0, SERVER, 80, &held[i]), "assign");
    for (unsigned i = 0; i < PORTS; i++)
        clp_release(other, DVIPA, held[i], SERVER, 80);
    xes_disconnect(other->connection, false);
    free(other);
}

static void run(struct cf *cf, uint16_t blocksize, unsigned used, bool rest, unsigned rounds, double budget_ns)
{
    static const struct profile profile = {
        .ephemeral_low = PORT_EPHEMERAL_LOW, .ephemeral_high = PORT_EPHEMERAL_HIGH, .timewait_s = TIMEWAIT_DEFAULT_S };
    struct profile_clusterports on = { .on = true, .blocksize = blocksize };
    struct xes *xes = calloc(1, sizeof *xes);
    struct clp *clp = calloc(1, sizeof *clp);

    host_platform_reset();
    host_platform_add_cf(cf);
    clp_init(clp, &profile, "BENCH", 1, NULL, NULL);
    must(clp_connect(clp, xes, 0), "IXLCONN");
    must(clp_activate(clp, DVIPA, &on, CLP_DEFINED), "activation");
    if (rest)
        let_all_rest(xes, &profile, &on);
    uint64_t before = clp->statistics.taken;
    double ns = measure(clp, used, rounds);
    printf("clp: block size %4u, %5.1f %% in use%s: assign + release %8.1f ns (budget %.0f ns), %llu blocks taken\n", blocksize,
           100.0 * used / PORTS, rest ? ", the others rest" : "", ns, budget_ns, (unsigned long long)(clp->statistics.taken - before));
    xes_disconnect(clp->connection, false);
    free(clp);
    free(xes);
}

static struct clp *new_clp(struct xes *xes, const struct profile *profile, const char *name, uint8_t number)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64 };
    struct clp *clp = calloc(1, sizeof *clp);

    clp_init(clp, profile, name, number, NULL, NULL);
    must(clp_connect(clp, xes, 0), "IXLCONN");
    must(clp_activate(clp, DVIPA, &on, CLP_DEFINED), "activation");
    return clp;
}

/* A stack with 16,000 ports is gone, another one puts them back; five more have maps that are looked at. */
static void recover(struct cf *cf)
{
    static const struct profile profile = {
        .ephemeral_low = PORT_EPHEMERAL_LOW, .ephemeral_high = PORT_EPHEMERAL_HIGH, .timewait_s = TIMEWAIT_DEFAULT_S };
    struct xes *xes = calloc(1, sizeof *xes);
    struct clp *others[5];
    double best = 1e18;
    char name[9];

    host_platform_reset();
    host_platform_add_cf(cf);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "LIVE%u", i);
        others[i] = new_clp(xes, &profile, name, (uint8_t)(i + 2));
    }
    for (unsigned run = 0; run < 20; run++) {
        struct clp *dead = new_clp(xes, &profile, "DEAD", 1);
        uint16_t port;

        while (clp_usage(dead, DVIPA).owned < 16000)
            must(clp_assign(dead, DVIPA, 0, SERVER, 80, &port), "assign");
        xes_disconnect(dead->connection, true);
        double start = now_ns();
        struct recovery r = recovery_of_ports(others[0], "DEAD", 1);
        double spent = now_ns() - start;
        must(r.failed || r.ports < 16000, "recovery");
        best = spent < best ? spent : best;
        free(dead);
    }
    printf("clp: recovery of 16000 ports of a stack among six: %.1f us (budget 50 us)\n", best / 1000);
    for (unsigned i = 0; i < 5; i++) {
        xes_disconnect(others[i]->connection, false);
        free(others[i]);
    }
    free(xes);
}

int main(void)
{
    char segment[40];
    struct cf *cf;

    snprintf(segment, sizeof segment, "clpbench.%d", (int)getpid());
    must(cf_create(segment, "CF01", 64u << 20), "cf_create");
    must(cf_open(segment, "BENCH", &cf), "cf_open");
    run(cf, 64, 0, false, 5000000, 60);
    run(cf, 64, PORTS / 2, false, 5000000, 60);
    run(cf, 64, PORTS / 100 * 99, false, 5000000, 60);
    run(cf, 1, 0, false, 20000, 5000);
    run(cf, 1, 1000, false, 20000, 5000);
    run(cf, 1, 1000, true, 20000, 5000);
    recover(cf);
    cf_close(cf);
    cf_remove(segment);
    return 0;
}
