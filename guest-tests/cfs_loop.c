/* Commands without end, for a host that kills the emulator in the middle of one (cfs_kill): entries come, change, go.
 * Ends only when an answer is one that cannot be. */
#include "cfemu/arch/cf_bytes.h"
#include "guest-tests/cfs_request.h"
#include "guest-tests/lib/gt.h"
#include "stack/image/console.h"
#include "stack/image/css.h"
#include "stack/platform/platform.h"

#define NAMES 64u
#define DATA_MAX 16384u
#define REPORT_EVERY 20000u         /* commands */
#define CONNECT_LIMIT_US 5000000u   /* the connection that died with the emulator before is gone by then */

static struct subchannel cfs;
static struct cfs_connection connection;
static uint8_t data[DATA_MAX];

static void ignore(struct subchannel *subchannel, const struct irb *irb)
{
    (void)subchannel;
    (void)irb;
}

static unsigned connect(void)
{
    uint64_t deadline = platform_clock_us() + CONNECT_LIMIT_US;
    char name[] = "LOOPER";
    unsigned response;

    do {
        cfs_connect_request(name);
        cfs_mcb[MCB_OWN + CONN_FLAGS] |= CF_CONN_STRDISP_KEEP;
        response = cfs_send(cfs.id, NULL, 0, NULL, 0) == 0 ? cfs_response() : CF_RSP_BUSY;
        if (response == CF_RSP_NAME_IN_USE && name[5] == 'R')
            name[5] = '2'; /* the other image that loops */
    } while (response != CF_RSP_OK && platform_clock_us() < deadline);
    cfs_connected(&connection, cfs.id);
    return response;
}

/* One random command: true if the answer is a possible one. */
static bool step(uint64_t random)
{
    char name[] = "ENTRY A0";
    uint32_t len = 0;
    enum cf_command command = CF_CMD_LIST_DELETE;

    name[6] = (char)('A' + random % NAMES / 8);
    name[7] = (char)('0' + random % 8);
    if (random >> 8 & 3) {
        command = random >> 8 & 1 ? CF_CMD_LIST_WRITE : CF_CMD_LIST_READ;
        len = command == CF_CMD_LIST_WRITE ? (uint32_t)(random >> 16) % DATA_MAX : 0;
    }
    cfs_entry_request(&connection, command, name, CF_OPT_DATA | CF_OPT_ADJUNCT);
    put_be32(cfs_mcb + MCB_LIST, (uint32_t)(random >> 12 & 7));
    if (cfs_send(cfs.id, data, len, data, sizeof(data)) != 0)
        return true; /* busy: another one died inside, or is slow */
    unsigned response = cfs_response();
    return response == CF_RSP_OK || response == CF_RSP_NO_ENTRY || response == CF_RSP_STRUCTURE_FULL;
}

int main(void)
{
    gt_start();
    gt_check(css_open(&cfs, CFS_DEVICE, ISC_DEVICES, ignore) && connect() == CF_RSP_OK, "connected");
    uint64_t random = platform_random();
    for (unsigned n = 0;; n++) {
        if (n % REPORT_EVERY == 0) {
            gt_note("LOOPING %u", n);
            console_flush();
        }
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (!step(random >> 16)) {
            gt_check(false, "response %04X", cfs_response());
            gt_end();
        }
    }
}
