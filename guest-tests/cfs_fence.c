/* A failed assertion in the engine costs the path to the coupling facility, not the emulator and not the structure.
 *
 * The host side of this test damages the structure at the word DAMAGE so that the next refused command fails an
 * assertion. That path is not operational from then on by either door; a second path to the same CF works, finds the
 * structure sound, and is told that the first one's connection has failed. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "guest-tests/cfs_request.h"
#include "guest-tests/lib/gt.h"
#include "stack/image/console.h"
#include "stack/image/css.h"
#include "stack/image/loop.h"
#include "stack/platform/platform.h"

#define LIMIT_US 20000000u
#define INTERVENTION_REQUIRED 0x40      /* sense byte 0 */

static struct path {
    struct subchannel subchannel;       /* first: the interrupt function finds the rest by it */
    struct cfs_connection connection;
    struct irb end;
    volatile unsigned ends, attentions;
} first, second;

static void interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    struct path *path = (struct path *)subchannel;

    if (css_is_end(irb)) {
        path->end = *irb;
        path->ends++;
    }
    if (irb->device_status & DEVICE_ATTENTION)
        path->attentions++;
}

static bool wait_for(volatile unsigned *count)
{
    uint64_t deadline = platform_clock_us() + LIMIT_US;

    while (*count == 0 && platform_clock_us() < deadline)
        loop_idle(deadline);
    return *count > 0;
}

/* One CCW by the first path: device status. */
static unsigned command(uint8_t code, void *area, uint16_t count)
{
    static struct ccw ccw;
    int cc;

    ccw = (struct ccw){ code, CCW_SLI, count, (uint32_t)(uintptr_t)area };
    first.ends = 0;
    while ((cc = css_start(&first.subchannel, &ccw)) == CSS_PENDING)
        css_poll();
    return cc == CSS_STARTED && wait_for(&first.ends) ? first.end.device_status : 0;
}

/* READ of an entry that is not there, the command that is refused: condition code. */
static int refused(void)
{
    cfs_entry_request(&first.connection, CF_CMD_LIST_READ, "NOT THERE", 0);
    return cfs_send(first.subchannel.id, NULL, 0, NULL, 0);
}

static void first_path_is_lost(void)
{
    uint64_t deadline = platform_clock_us() + LIMIT_US;
    uint8_t sense[32] = { 0 };
    int cc;

    css_poll();
    first.attentions = 0;
    gt_note("DAMAGE");
    console_flush();
    do
        cc = refused();
    while (cc == 0 && platform_clock_us() < deadline);
    gt_check(cc == 3, "condition code 3 at the assertion");
    gt_check(refused() == 3, "and from then on");
    gt_check(wait_for(&first.attentions), "a last attention");
    gt_check(command(CFS_CCW_WRITE, cfs_mcb, CF_MCB_SIZE) & DEVICE_UNIT_CHECK, "WRITE: unit check");
    gt_check(command(CFS_CCW_SENSE, sense, sizeof(sense)) != 0 && sense[0] == INTERVENTION_REQUIRED &&
                 sense[1] == CFS_SENSE_NOT_OPERATIONAL,
             "SENSE: intervention required, reason %u", CFS_SENSE_NOT_OPERATIONAL);
}

static bool failure_told(void)
{
    uint8_t vector[4];

    cfs_request(&second.connection, CF_CMD_VECTOR_READ);
    return cfs_send(second.subchannel.id, NULL, 0, vector, sizeof(vector)) == 0 && cfs_response() == CF_RSP_OK &&
           (get_be32(cfs_mrb + MRB_OWN + VECTOR_EVENTS) & CF_EVENT_CONN_FAILED);
}

static void second_path_works(void)
{
    uint64_t deadline = platform_clock_us() + LIMIT_US;
    bool told = failure_told();

    while (!told && platform_clock_us() < deadline) {
        loop_idle(deadline);
        told = failure_told();
    }
    gt_check(told, "the other path is told that the connection has failed");
    gt_check(cfs_exists(&second.connection, "BEFORE"), "it finds what was there before");
    gt_check(cfs_write(&second.connection, "AFTER", cfs_mcb, 200) == CF_RSP_OK, "and can write");
}

int main(void)
{
    gt_start();
    gt_check(css_open(&first.subchannel, CFS_DEVICE, ISC_DEVICES, interrupt) &&
                 css_open(&second.subchannel, CFS_DEVICE_2, ISC_DEVICES, interrupt),
             "two CFS devices are there");
    gt_check(cfs_connect(&first.connection, first.subchannel.id, "FIRST") == CF_RSP_OK &&
                 cfs_connect(&second.connection, second.subchannel.id, "SECOND") == CF_RSP_OK,
             "a connection by each");
    gt_check(cfs_write(&first.connection, "BEFORE", cfs_mcb, 200) == CF_RSP_OK, "an entry is written");
    loop_idle(platform_clock_us() + 10000);
    first_path_is_lost();
    second_path_works();
    gt_end();
}
