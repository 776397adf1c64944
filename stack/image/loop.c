/* The event loop of an image. See loop.h. */
#include "stack/image/loop.h"

#include <stddef.h>

#include "stack/image/clock.h"
#include "stack/image/console.h"
#include "stack/image/cpu.h"
#include "stack/image/css.h"
#include "stack/image/random.h"
#include "stack/platform/platform.h"

/* The lowest doubleword of the stack; an overflow is found here, not as damage elsewhere. */
#define STACK_MARK 0x5354414B454E4421u
extern volatile uint64_t stack_bottom;

struct part {
    loop_poll *poll;
    void (*flush)(void);
};

static struct part parts[LOOP_PARTS_MAX];
static unsigned part_count;
static bool again;

void image_start(void)
{
    stack_bottom = STACK_MARK;
    cpu_set_cr0(CR0_CLOCK_COMPARATOR);
    cpu_set_cr6(ISC_ALL);
    cpu_set_clock_comparator(UINT64_MAX);
    random_init();
    console_open();
}

void loop_add(loop_poll *poll, void (*flush)(void))
{
    STACK_ASSERT(part_count < LOOP_PARTS_MAX);
    parts[part_count++] = (struct part){ poll, flush };
}

static void flush_all(void)
{
    for (unsigned i = 0; i < part_count; i++)
        if (parts[i].flush != NULL)
            parts[i].flush();
}

void loop_again(void)
{
    again = true;
}

void loop_idle(uint64_t until_us)
{
    flush_all();
    cpu_set_clock_comparator(clock_tod(until_us));
    css_wait(ISC_ALL, true);
    cpu_set_clock_comparator(UINT64_MAX);
}

void image_loop_once(void)
{
    uint64_t now = platform_clock_us();
    uint64_t until = LOOP_NEVER;

    STACK_ASSERT(stack_bottom == STACK_MARK);
    again = false;
    css_poll();
    uint64_t delivered = css_delivered();
    for (unsigned i = 0; i < part_count; i++) {
        uint64_t wanted = parts[i].poll != NULL ? parts[i].poll(now) : LOOP_NEVER;

        if (wanted < until)
            until = wanted;
    }
    /* A part that waited inside its poll may have let in an interruption that brings work to a part already polled. */
    if (until > now && !again && css_delivered() == delivered)
        loop_idle(until);
    else
        flush_all();
}
