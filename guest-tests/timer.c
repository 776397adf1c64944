/* The clock, the clock comparator, platform_wait() and platform_post(). The emulator looks at the clock comparator every
 * TIMERINT microseconds (1000 here), and the machine is shared: late is allowed, early is not. */
#include "guest-tests/lib/gt.h"
#include "stack/image/console.h"
#include "stack/image/loop.h"
#include "stack/platform/platform.h"

#define MS 1000u
#define LATE (10000 * MS)       /* a busy host may be this late; a wait that has been forgotten never ends */
#define YEAR_2020_US 1577836800000000u
#define YEAR_2042_US 2272147200000000u

static void test_clock(void)
{
    uint64_t previous = platform_clock_us(), steps_back = 0;

    gt_check(previous > YEAR_2020_US && previous < YEAR_2042_US, "the clock counts from 1970, %lu us", previous);
    for (unsigned n = 0; n < 10000; n++) {
        uint64_t now = platform_clock_us();

        steps_back += now < previous;
        previous = now;
    }
    gt_check(steps_back == 0, "the clock never runs backwards, %lu steps back", steps_back);
}

static void test_time_out(uint64_t us)
{
    struct ecb ecb = { 0 };
    uint64_t began = platform_clock_us();
    bool posted = platform_wait(&ecb, us);
    uint64_t took = platform_clock_us() - began;

    gt_check(!posted && took >= us, "a wait of %lu us times out, not early: after %lu us", us, took);
    gt_check(took < us + LATE, "a wait of %lu us is not forgotten: %lu us late", us, took - us);
}

static void test_late_figure(void)
{
    struct ecb ecb = { 0 };
    uint64_t late = 0;

    for (unsigned n = 0; n < 50; n++) {
        uint64_t began = platform_clock_us();

        platform_wait(&ecb, 2 * MS);
        late += platform_clock_us() - began - 2 * MS;
    }
    gt_note("50 waits of 2 ms: %lu us late on average", late / 50);
}

static void test_posted(void)
{
    struct ecb ecb = { 0 };
    uint64_t began = platform_clock_us();

    platform_post(&ecb);
    gt_check(platform_wait(&ecb, 60000 * MS) && platform_clock_us() - began < LATE,
             "a wait for what is posted already ends at once");
    gt_check(!platform_wait(&ecb, 1 * MS), "and has reset it: the next wait times out");
}

static void test_loop(void)
{
    uint64_t began;

    console_flush();            /* its interruptions would end the sleep */
    began = platform_clock_us();
    loop_idle(began + 20 * MS);
    gt_check(platform_clock_us() - began >= 20 * MS, "the idle loop sleeps until its time");
}

/* Two parts of the event loop. The second one makes work for the first, once. */

static unsigned first_polled;
static bool work_made;

static uint64_t poll_first(uint64_t now_us)
{
    return now_us + (++first_polled == 1 ? 60000 * MS : 200 * MS);
}

static uint64_t poll_second(uint64_t now_us)
{
    (void)now_us;
    if (!work_made)
        loop_again();
    work_made = true;
    return LOOP_NEVER;
}

static void test_rounds(void)
{
    uint64_t began = platform_clock_us();

    loop_add(poll_first, NULL);
    loop_add(poll_second, NULL);
    image_loop_once();
    gt_check(first_polled == 1 && platform_clock_us() - began < LATE, "a round that made work for a part does not sleep");
    console_flush();
    image_loop_once();
    gt_check(first_polled == 2 && platform_clock_us() - began >= 200 * MS,
             "the next one sleeps until the time that a part wants");
}

static void test_random(void)
{
    uint64_t all_or = 0, all_and = UINT64_MAX, equal = 0, previous = platform_random();

    for (unsigned n = 0; n < 1000; n++) {
        uint64_t value = platform_random();

        all_or |= value;
        all_and &= value;
        equal += value == previous;
        previous = value;
    }
    gt_check(all_or == UINT64_MAX && all_and == 0 && equal == 0, "of 1000 random numbers every bit was 0 and 1");
    gt_note("random %016lx", previous);
}

int main(void)
{
    gt_start();
    test_clock();
    test_time_out(1 * MS);
    test_time_out(50 * MS);
    test_late_figure();
    test_posted();
    test_loop();
    console_flush();
    test_rounds();
    test_random();
    gt_end();
}
