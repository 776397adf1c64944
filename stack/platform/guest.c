/* The port contract on the image: z/Architecture under Hercules. */
#include "stack/platform/platform.h"

#include "stack/image/cfs.h"
#include "stack/image/clock.h"
#include "stack/image/console.h"
#include "stack/image/cpu.h"
#include "stack/image/loop.h"
#include "stack/image/random.h"

uint64_t platform_clock_us(void)
{
    static uint64_t last;
    uint64_t now = clock_us(cpu_tod());

    /* The TOD clock follows the host's, which may be set back. */
    if (now > last)
        last = now;
    return last;
}

uint64_t platform_clock_ns(void)
{
    return (cpu_tod() >> 9) * 125;      /* 4096 units are 1000 ns */
}

uint64_t platform_random(void)
{
    return random_next();
}

void platform_wto(const char *text)
{
    console_write(text);
}

int platform_cf_message(unsigned cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in,
                        uint32_t in_cap)
{
    return cfs_message(cf, mcb, out, out_len, mrb, in, in_cap);
}

bool platform_wait(struct ecb *ecb, uint64_t timeout_us)
{
    uint64_t deadline = platform_clock_us() + timeout_us;

    while (!ecb->posted) {
        if (platform_clock_us() >= deadline)
            return false;
        loop_idle(deadline);
    }
    ecb->posted = 0;
    return true;
}

void platform_post(struct ecb *ecb)
{
    ecb->posted = 1;
}
