/* What a command costs does not depend on how much the facility holds. Counted, not timed: the entries that a command looks
 * at, and the steps in which it changes the segment (cf_undo.h). The full size, and times: cfemu/bench/limits_bench.c. */
#include <math.h>
#include <stdio.h>

#include "cfemu/bench/cf_scale.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_fixture.h"

#define RUNS 300

struct cost {
    double visits, steps;       /* means of RUNS commands */
};

static uint64_t steps;

static void count_step(void)
{
    steps++;
}

static void costs_of(const struct cf_scale *scale, struct cost cost[CF_SCALE_COMMANDS])
{
    struct cf *cf = segment_new(cf_scale_size_kib(scale) * 1024);
    ck_assert(cf_scale_make(cf, scale));
    for (int command = 0; command < CF_SCALE_COMMANDS; command++) {
        steps = cf_entries_visited = 0;
        cf_crash_hook = count_step;
        for (int i = 0; i < RUNS; i++)
            ck_assert(cf_scale_run((enum cf_scale_command)command));
        cf_crash_hook = NULL;
        cost[command] = (struct cost){(double)cf_entries_visited / RUNS, (double)steps / RUNS};
    }
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_scale_end();
    cf_close(cf);
}

/* How often a command goes down the tree of keys: to find the entry, to take it out, to put it in. */
static int descents(int command)
{
    return command == CF_SCALE_READ_KEY ? 1 : command == CF_SCALE_MOVE_KEY ? 3 : 0;
}

static const struct growth {
    const char *what;
    struct cf_scale small, large;
} growths[] = {
    {"entries of a list", {1000, 1, 3, 1}, {100000, 1, 3, 1}},
    {"lists", {5000, 1, 3, 1}, {5000, CF_LISTHEADERS_MAX, 3, 1}},
    {"structures", {1000, 1, 3, 1}, {1000, 1, 150, 1}},
    {"connections", {1000, 1, 3, 1}, {1000, 1, 3, CF_CONNECTIONS_MAX}},
};

START_TEST(cost_does_not_grow)
{
    const struct growth *growth = &growths[_i];
    struct cost small[CF_SCALE_COMMANDS], large[CF_SCALE_COMMANDS];
    costs_of(&growth->small, small);
    costs_of(&growth->large, large);
    for (int command = 0; command < CF_SCALE_COMMANDS; command++) {
        printf("# %s, %s: %.1f entries looked at, %.1f steps; then %.1f and %.1f\n", growth->what, cf_scale_names[command],
               small[command].visits, small[command].steps, large[command].visits, large[command].steps);
        /* The mean depth of an entry in the tree is 2 ln n; half of that more for chance, here too. A bucket of names has 2 at
         * most, in the mean, and a command looks into it three times. */
        double entries = (double)growth->large.entries / growth->small.entries;
        double deeper = descents(command) * 1.5 * 2 * log(entries);
        ck_assert_double_le(large[command].visits, small[command].visits * 1.5 + deeper + 6);
        ck_assert_double_le(large[command].steps, small[command].steps + (descents(command) > 0 ? 6 : 2));
    }
    fflush(stdout);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("CF limits");
    TCase *tests = tcase_create("limits");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, cost_does_not_grow, 0, sizeof growths / sizeof growths[0]);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
