/* The CFS device: channel programs that work, channel programs that do not and the sense that says why. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "guest-tests/cfs_request.h"
#include "guest-tests/lib/gt.h"
#include "stack/image/cpu.h"
#include "stack/image/css.h"

#define ROUND_TRIPS 20000u
#define DATA_MAX (255u * 256u)          /* the largest entry; with its MCB it is one byte more than a CCW counts */
#define ENDED (DEVICE_CHANNEL_END | DEVICE_END)
#define INCORRECT_LENGTH 0x40           /* subchannel status */
#define COMMAND_REJECT 0x80             /* sense byte 0 */

static struct subchannel cfs;
static struct irb end;
static volatile bool ended;
static struct cfs_connection connection;
static uint8_t request[CF_MCB_SIZE + CF_DATA_MAX], answer[CF_MRB_SIZE + CF_DATA_MAX];

static void interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    (void)subchannel;
    if (css_is_end(irb)) {
        end = *irb;
        ended = true;
    }
}

/* Run a channel program to its end; true if it started. */
static bool run(const struct ccw *program)
{
    ended = false;
    if (css_start(&cfs, program) != CSS_STARTED)
        return false;
    while (!ended)
        if (!css_poll())
            css_wait(ISC_MASK(ISC_DEVICES), false);
    return true;
}

static struct ccw ccw(uint8_t command, uint8_t flags, const void *area, uint32_t count)
{
    return (struct ccw){ command, flags, (uint16_t)count, (uint32_t)(uintptr_t)area };
}

/* One CCW: device status. */
static unsigned command(uint8_t code, uint8_t flags, const void *area, uint32_t count)
{
    struct ccw program = ccw(code, flags, area, count);

    return run(&program) ? end.device_status : 0;
}

/* WRITE request of len bytes, READ answer of up to room bytes: true if both ended well. */
static bool exchange(uint32_t len, uint32_t room)
{
    struct ccw program[] = {
        ccw(CFS_CCW_WRITE, CCW_CHAIN_COMMAND, request, len),
        ccw(CFS_CCW_READ, CCW_SLI, answer, room),
    };

    return run(program) && end.device_status == ENDED && end.subchannel_status == 0;
}

/* Put cfs_mcb and len bytes of data made from seed into request: its length. */
static uint32_t fill_request(uint32_t len, uint32_t seed)
{
    put_be32(cfs_mcb + MCB_DATALEN, len);
    memcpy(request, cfs_mcb, CF_MCB_SIZE);
    cfs_fill(request + CF_MCB_SIZE, len, seed);
    return CF_MCB_SIZE + len;
}

/* The last program ended in unit check, and SENSE says this. */
static void sense_is(const char *what, enum cfs_sense reason)
{
    uint8_t sense[32] = { 0 };
    bool unit_check = end.device_status == (ENDED | DEVICE_UNIT_CHECK);

    gt_check(unit_check && command(CFS_CCW_SENSE, 0, sense, sizeof(sense)) == ENDED && sense[0] == COMMAND_REJECT &&
                 sense[1] == reason,
             "%s: unit check, command reject, reason %u", what, reason);
}

static void sense_id(void)
{
    static const uint8_t expected[] = { 0xFF, 0x20, 0x64, 0x01, 0x20, 0x64, 0x01 };
    uint8_t id[16] = { 0 };

    gt_check(command(CFS_CCW_SENSE_ID, CCW_SLI, id, sizeof(id)) == ENDED && memcmp(id, expected, sizeof(expected)) == 0,
             "SENSE ID is 2064-01");
    gt_check(end.residual == sizeof(id) - sizeof(expected), "SENSE ID: residual count");
    gt_check(command(CFS_CCW_NOP, 0, id, 1) == ENDED, "NOP ends");
}

static void rejects(void)
{
    static const uint8_t unknown[] = { 0x05, 0x17, 0x06 };

    command(CFS_CCW_READ, CCW_SLI, answer, CF_MRB_SIZE);
    sense_is("READ before any WRITE", CFS_SENSE_NOTHING_TO_READ);
    for (unsigned i = 0; i < sizeof(unknown); i++) {
        command(unknown[i], CCW_SLI, answer, CF_MRB_SIZE);
        sense_is("unknown command", CFS_SENSE_UNKNOWN_COMMAND);
    }
    command(CFS_CCW_WRITE, 0, request, CF_MCB_SIZE - 1);
    sense_is("WRITE of less than an MCB", CFS_SENSE_SHORT_WRITE);
    gt_check(end.device_status == ENDED, "SENSE clears the sense");
    uint8_t sense[32];
    gt_check(command(CFS_CCW_SENSE, 0, sense, sizeof(sense)) == ENDED && sense[0] == 0 && sense[1] == 0,
             "a second SENSE finds nothing");
}

static void connect(void)
{
    cfs_connect_request("CHANNEL");
    bool done = exchange(fill_request(0, 0), CF_MRB_SIZE);
    memcpy(cfs_mrb, answer, CF_MRB_SIZE);
    cfs_connected(&connection, cfs.id);
    gt_check(done && cfs_response() == CF_RSP_OK && connection.conid != 0, "CONNECT by WRITE and READ");
}

/* Create an entry by the channel. */
static bool write_entry(const char *name, uint32_t len, uint32_t seed)
{
    cfs_entry_request(&connection, CF_CMD_LIST_WRITE, name, CF_OPT_DATA);
    cfs_mcb[MCB_ENTRYTYPE] = CF_ENTRY_NEW;
    return exchange(fill_request(len, seed), CF_MRB_SIZE) && get_be16(answer) == CF_RSP_OK;
}

static uint32_t read_request(const char *name)
{
    cfs_entry_request(&connection, CF_CMD_LIST_READ, name, CF_OPT_DATA);
    return fill_request(0, 0);
}

static bool answer_is(uint32_t len, uint32_t seed)
{
    return get_be16(answer) == CF_RSP_OK && get_be32(answer + MRB_DATALEN) == len &&
           cfs_is_filled(answer + CF_MRB_SIZE, len, seed);
}

static void data_comes_back(void)
{
    static const uint32_t sizes[] = { 256, 4096, 61440 };
    static const char *const names[] = { "SMALL", "PAGE", "SIXTY KIB" };

    for (unsigned i = 0; i < 3; i++) {
        gt_check(write_entry(names[i], sizes[i], i), "WRITE %u bytes", sizes[i]);
        memset(answer, 0, sizeof(answer));
        gt_check(exchange(read_request(names[i]), CF_MRB_SIZE + sizes[i]) && answer_is(sizes[i], i), "READ %u bytes",
                 sizes[i]);
    }
    cfs_entry_request(&connection, CF_CMD_LIST_READ, "PAGE", CF_OPT_DATA);
    gt_check(cfs_send(cfs.id, NULL, 0, answer, 4096) == 0 && cfs_is_filled(answer, 4096, 1),
             "CFMSG reads what the channel wrote");
}

static void lengths(void)
{
    gt_check(exchange(read_request("SMALL"), CF_MRB_SIZE + 1000) && end.residual == 744 && answer_is(256, 0),
             "residual count of a READ with more room");
    gt_check(command(CFS_CCW_READ, 0, answer, CF_MRB_SIZE + 1000) == ENDED && end.subchannel_status == INCORRECT_LENGTH,
             "incorrect length without SLI");
    gt_check(command(CFS_CCW_READ, CCW_SLI, answer, CF_MRB_SIZE) == ENDED && end.residual == 0 && end.subchannel_status == 0,
             "a READ may fetch only the MRB");
    memset(answer, 0, sizeof(answer));
    gt_check(command(CFS_CCW_READ, 0, answer, CF_MRB_SIZE + 256) == ENDED && end.subchannel_status == 0 && answer_is(256, 0),
             "and another all of the same answer");
}

static void data_chaining(void)
{
    uint32_t len;

    cfs_entry_request(&connection, CF_CMD_LIST_WRITE, "CHAINED", CF_OPT_DATA);
    len = fill_request(DATA_MAX, 4);
    struct ccw writes[] = {
        ccw(CFS_CCW_WRITE, CCW_CHAIN_DATA, request, 100),
        ccw(CFS_CCW_WRITE, CCW_CHAIN_DATA, request + 100, 30000),
        ccw(CFS_CCW_WRITE, CCW_CHAIN_COMMAND, request + 30100, len - 30100),
        ccw(CFS_CCW_READ, 0, answer, CF_MRB_SIZE),
    };
    gt_check(run(writes) && end.device_status == ENDED && get_be16(answer) == CF_RSP_OK, "WRITE by data chaining");

    memset(answer, 0, sizeof(answer));
    len = read_request("CHAINED");
    struct ccw reads[] = {
        ccw(CFS_CCW_WRITE, CCW_CHAIN_COMMAND, request, len),
        ccw(CFS_CCW_READ, CCW_CHAIN_DATA, answer, CF_MRB_SIZE),
        ccw(CFS_CCW_READ, CCW_CHAIN_DATA, answer + CF_MRB_SIZE, 40000),
        ccw(CFS_CCW_READ, 0, answer + CF_MRB_SIZE + 40000, DATA_MAX - 40000),
    };
    gt_check(run(reads) && end.device_status == ENDED && end.subchannel_status == 0 && answer_is(DATA_MAX, 4),
             "READ by data chaining");

    struct ccw too_long[] = {
        ccw(CFS_CCW_WRITE, CCW_CHAIN_DATA, request, 40000),
        ccw(CFS_CCW_WRITE, 0, request, 40000),
    };
    run(too_long);
    sense_is("WRITE of more than a command has", CFS_SENSE_LONG_WRITE);
    command(CFS_CCW_READ, CCW_SLI, answer, CF_MRB_SIZE);
    sense_is("READ after a rejected WRITE", CFS_SENSE_NOTHING_TO_READ);
}

/* HSCH, CSCH: no operand but register 1. */
static int halt(uint32_t id)
{
    register uint64_t r1 asm("1") = id;
    int cc;
    asm volatile("hsch\n ipm %0\n srl %0,28" : "=d"(cc) : "d"(r1) : "cc", "memory");
    return cc;
}

static int clear(uint32_t id)
{
    register uint64_t r1 asm("1") = id;
    int cc;
    asm volatile("csch\n ipm %0\n srl %0,28" : "=d"(cc) : "d"(r1) : "cc", "memory");
    return cc;
}

static void halt_and_clear(void)
{
    struct irb irb;

    gt_check(halt(cfs.id) == 0 && tsch(cfs.id, &irb) == 0, "HALT ends");
    gt_check(clear(cfs.id) == 0 && tsch(cfs.id, &irb) == 0, "CLEAR ends");
    gt_check(exchange(read_request("PAGE"), CF_MRB_SIZE + 4096) && answer_is(4096, 1), "the device works on after both");
}

static void cost(void)
{
    uint32_t len = read_request("SMALL");
    bool all = true;
    uint64_t start = cpu_tod();

    for (unsigned i = 0; i < ROUND_TRIPS; i++)
        all = exchange(len, CF_MRB_SIZE + 256) && all;
    uint64_t ns = (cpu_tod() - start) * 1000 / 4096 / ROUND_TRIPS;
    gt_check(all && answer_is(256, 0), "%u round trips", ROUND_TRIPS);
    gt_note("channel, WRITE and READ of 256 bytes: %lu ns a round trip", (unsigned long)ns);
}

int main(void)
{
    gt_start();
    gt_check(css_open(&cfs, CFS_DEVICE, ISC_DEVICES, interrupt), "a CFS device is there");
    sense_id();
    rejects();
    connect();
    data_comes_back();
    lengths();
    data_chaining();
    halt_and_clear();
    cost();
    gt_end();
}
