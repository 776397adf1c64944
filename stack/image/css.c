/* The channel subsystem: finding devices, starting channel programs, delivering interruptions. See css.h. */
#include "stack/image/css.h"

#include <stddef.h>

#include "stack/image/cpu.h"
#include "stack/image/random.h"

#define FIRST_SUBCHANNEL 0x00010000u

static struct subchannel *opened[CSS_SUBCHANNELS_MAX];
static uint64_t delivered;

static bool enable(uint32_t id, struct schib *schib, unsigned isc, uint32_t modes)
{
    schib->control |= SCHIB_ENABLED | (isc << SCHIB_ISC_SHIFT);
    schib->modes |= modes;
    return msch(id, schib) == 0;
}

static bool find_and_enable(struct subchannel *subchannel, uint16_t device, unsigned isc, uint32_t modes, css_interrupt *interrupt)
{
    struct schib schib;

    for (uint32_t n = 0; n < CSS_SUBCHANNELS_MAX && stsch(FIRST_SUBCHANNEL + n, &schib) == 0; n++) {
        if (!(schib.control & SCHIB_VALID) || (schib.control & SCHIB_DEVICE) != device)
            continue;
        *subchannel = (struct subchannel){ .id = FIRST_SUBCHANNEL + n, .device = device, .interrupt = interrupt };
        opened[n] = subchannel;
        return enable(subchannel->id, &schib, isc, modes);
    }
    return false;
}

bool css_open(struct subchannel *subchannel, uint16_t device, unsigned isc, css_interrupt *interrupt)
{
    return find_and_enable(subchannel, device, isc, 0, interrupt);
}

bool css_open_sensing(struct subchannel *subchannel, uint16_t device, unsigned isc, css_interrupt *interrupt)
{
    return find_and_enable(subchannel, device, isc, SCHIB_CONCURRENT_SENSE, interrupt);
}

int css_start(struct subchannel *subchannel, const struct ccw *ccw)
{
    struct orb orb = {
        .control = ORB_FORMAT_1 | ORB_ALL_PATHS,
        .program = (uint32_t)(uintptr_t)ccw,
    };

    return ssch(subchannel->id, &orb);
}

static void deliver(uint32_t id)
{
    struct irb irb;
    struct subchannel *subchannel = opened[(id & 0xFFFF) % CSS_SUBCHANNELS_MAX];

    delivered++;
    random_stir(cpu_tod());
    /* The status may have been fetched already; then there is nothing to tell. */
    if (tsch(id, &irb) == 0 && subchannel != NULL)
        subchannel->interrupt(subchannel, &irb);
}

bool css_poll(void)
{
    uint64_t code;
    bool any = false;

    while (tpi(&code) == 1) {
        deliver((uint32_t)(code >> 32));
        any = true;
    }
    return any;
}

uint64_t css_delivered(void)
{
    return delivered;
}

void css_wait(uint32_t isc_mask, bool external)
{
    cpu_set_cr6(isc_mask);
    if (cpu_wait(PSW_WAIT | PSW_IO | (external ? PSW_EXTERNAL : 0)) == WOKEN_BY_IO)
        deliver(lowcore_u32(LC_IO_SUBSYSTEM_ID));
    cpu_set_cr6(ISC_ALL);
}
