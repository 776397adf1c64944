/* make soak: soak SECONDS [WORKERS [SEED]]. One test, whose last line of output are the figures. */
#include <stdio.h>
#include <stdlib.h>

#include "cfemu/engine/cf_segment.h"
#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_soak.h"

static struct soak soak;

START_TEST(soaks)
{
    printf("# %u s, %u workers, seed %u\n", soak.seconds, soak.workers, soak.seed);
    fflush(stdout);
    soak_run(&soak);
    printf("# %u findings; %lu rounds, %lu kills, %lu more deaths inside a command, %lu commands rolled back, %lu failures of CF02,\n"
           "# %lu alters, %lu rebuilds by the users, %lu more stopped on the way, links cut %lu times;\n# %lu updates acknowledged, %lu of them over links, %lu entries read, %lu locks held\n", soak.findings, soak.rounds, soak.kills - soak.died_inside,
           soak.died_inside, soak.rollbacks, soak.failures, soak.alters,
           soak.rebuilds, soak.rebuilds_stopped, soak.cuts, soak.acknowledged, soak.linked, soak.reads, soak.locks);
    fflush(stdout);
    ck_assert_uint_eq(soak.findings, 0);
}
END_TEST

int main(int argc, char **argv)
{
    soak.seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 60;
    soak.workers = argc > 2 ? (unsigned)atoi(argv[2]) : 4;
    soak.seed = argc > 3 ? (unsigned)atoi(argv[3]) : (unsigned)cf_clock_ns(CLOCK_REALTIME);
    if (soak.seconds < 1 || soak.workers < 1 || soak.workers > SOAK_WORKERS_MAX) {
        fprintf(stderr, "usage: soak SECONDS [WORKERS 1 to %d [SEED]]\n", SOAK_WORKERS_MAX);
        return 2;
    }
    Suite *suite = suite_create("CF soak");
    TCase *tests = tcase_create("soak");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, soaks);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
