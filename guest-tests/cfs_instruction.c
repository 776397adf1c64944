/* CFMSG: commands and their data arrive whole, wherever in storage they lie; condition codes; what it costs. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "guest-tests/cfs_request.h"
#include "guest-tests/lib/gt.h"
#include "stack/image/console.h"
#include "stack/image/cpu.h"
#include "stack/image/css.h"

#define PAGE 4096u
#define COMMANDS 100000u
#define BUSY_SECONDS 30u        /* the holder of the structure comes and goes within this time */
#define PRINTER_DEVICE 0x000E

static struct subchannel cfs;
static struct cfs_connection connection;
static uint8_t room[CF_DATA_MAX + 2 * PAGE] __attribute__((aligned(4096)));
static uint8_t data[CF_DATA_MAX] __attribute__((aligned(4096)));

static void ignore(struct subchannel *subchannel, const struct irb *irb)
{
    (void)subchannel;
    (void)irb;
}

static void identify(void)
{
    cfs_request(&(struct cfs_connection){ 0 }, CF_CMD_IDENTIFY);
    gt_check(cfs_send(cfs.id, NULL, 0, NULL, 0) == 0 && cfs_response() == CF_RSP_OK, "IDENTIFY is answered");
    gt_check(memcmp(cfs_mrb + MRB_OWN, "CF01    ", 8) == 0, "the CF has its name");
    gt_check(get_be32(cfs_mrb + MRB_OWN + 8) == CF_LEVEL, "the CF has its level");
}

static void connect(void)
{
    gt_check(cfs_connect(&connection, cfs.id, "INSTRUCTION") == CF_RSP_OK && connection.conid != 0, "CONNECT");
}

/* Read the entry into len bytes at to: true if the data is the pattern and nothing behind it has changed. */
static bool read_back(const char *name, uint8_t *to, uint32_t len, uint32_t seed)
{
    memset(room, 0xEE, sizeof(room));
    cfs_entry_request(&connection, CF_CMD_LIST_READ, name, CF_OPT_DATA);
    return cfs_send(cfs.id, NULL, 0, to, CF_DATA_MAX) == 0 && cfs_response() == CF_RSP_OK &&
           get_be32(cfs_mrb + MRB_DATALEN) == len && cfs_is_filled(to, len, seed) && to[-1] == 0xEE && to[len] == 0xEE;
}

static void data_comes_back(void)
{
    static const struct {
        const char *name;
        uint32_t len;
    } sizes[] = { { "ONE", 256 }, { "PAGE", PAGE }, { "TWO PAGES", 2 * PAGE }, { "MOST", 255 * 256 } };

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        cfs_fill(data, sizes[i].len, i);
        gt_check(cfs_write(&connection, sizes[i].name, data, sizes[i].len) == CF_RSP_OK, "WRITE %u bytes", sizes[i].len);
        gt_check(read_back(sizes[i].name, room + PAGE, sizes[i].len, i), "READ %u bytes", sizes[i].len);
    }
}

static void adjunct_comes_back(void)
{
    uint8_t adjunct[CF_ADJUNCT_SIZE];

    cfs_fill(adjunct, sizeof(adjunct), 77);
    cfs_entry_request(&connection, CF_CMD_LIST_WRITE, "ADJUNCT", CF_OPT_ADJUNCT);
    memcpy(cfs_mcb + MCB_ADJUNCT, adjunct, sizeof(adjunct));
    gt_check(cfs_send(cfs.id, NULL, 0, NULL, 0) == 0 && cfs_response() == CF_RSP_OK, "WRITE an adjunct");
    cfs_entry_request(&connection, CF_CMD_LIST_READ, "ADJUNCT", CF_OPT_ADJUNCT);
    gt_check(cfs_send(cfs.id, NULL, 0, NULL, 0) == 0 && memcmp(cfs_mrb + MRB_ADJUNCT, adjunct, sizeof(adjunct)) == 0,
           "READ it");
}

/* Every block crosses a page boundary where it can: blocks at doublewords, data at odd addresses. */
static void blocks_cross_pages(void)
{
    static uint8_t blocks[4 * PAGE] __attribute__((aligned(4096)));
    struct mob *mob = (struct mob *)(blocks + PAGE - 8);
    uint8_t *mcb = blocks + 2 * PAGE - 136, *mrb = blocks + 3 * PAGE - 8;
    uint8_t *odd = room + PAGE - 3;

    memset(blocks, 0xDD, sizeof(blocks));
    cfs_fill(odd, 2 * PAGE, 9);
    cfs_entry_request(&connection, CF_CMD_LIST_WRITE, "CROSSING", CF_OPT_DATA);
    put_be32(cfs_mcb + MCB_DATALEN, 2 * PAGE);
    memcpy(mcb, cfs_mcb, CF_MCB_SIZE);
    *mob = (struct mob){ .mcb = (uintptr_t)mcb, .mrb = (uintptr_t)mrb, .out = (uintptr_t)odd, .out_len = 2 * PAGE };
    gt_check(cfmsg(cfs.id, mob) == 0 && get_be16(mrb) == CF_RSP_OK, "WRITE with blocks that cross pages");
    gt_check(mrb[-1] == 0xDD && mrb[CF_MRB_SIZE] == 0xDD, "the MRB is stored where it belongs");
    gt_check(read_back("CROSSING", room + 1, 2 * PAGE, 9), "READ to an odd address");
    gt_check(read_back("MOST", room + 2 * PAGE - 1, 255 * 256, 3), "READ over seventeen pages");
}

static void small_buffer_is_left_alone(void)
{
    memset(data, 0xEE, PAGE);
    cfs_entry_request(&connection, CF_CMD_LIST_READ, "PAGE", CF_OPT_DATA);
    gt_check(cfs_send(cfs.id, NULL, 0, data, PAGE - 1) == 0 && cfs_response() == CF_RSP_BUFFER_FULL,
           "data that does not fit is refused");
    gt_check(get_be32(cfs_mrb + MRB_DATALEN) == PAGE && data[0] == 0xEE && data[PAGE - 2] == 0xEE, "its length is told");
}

static void other_subchannels_are_not_operational(void)
{
    static struct subchannel printer;
    const uint32_t ids[] = { 0, 0x00010FFF, 0xFFFFFFFF, 0x00000001, 0x000F0000 };
    bool all = true;

    memset(cfs_mrb, 0xAA, sizeof(cfs_mrb));
    cfs_request(&(struct cfs_connection){ 0 }, CF_CMD_IDENTIFY);
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        all = all && cfs_send(ids[i], NULL, 0, NULL, 0) == 3;
    gt_check(all, "condition code 3 for what is no subchannel");
    gt_check(css_open(&printer, PRINTER_DEVICE, ISC_DEVICES, ignore) && cfs_send(printer.id, NULL, 0, NULL, 0) == 3,
           "condition code 3 for another device");
    gt_check(cfs_mrb[0] == 0xAA && cfs_mrb[CF_MRB_SIZE - 1] == 0xAA, "no MRB is stored with condition code 3");
}

static int read_once(void)
{
    struct mob mob = cfs_mob(NULL, 0, NULL, 0);

    cfs_entry_request(&connection, CF_CMD_LIST_READ, "ONE", 0);
    return cfmsg(cfs.id, &mob);
}

/* At this word the host side of this test has another process take the structure and hold it for a while. */
static void busy_when_held_up(void)
{
    uint64_t end = cpu_tod() + ((uint64_t)BUSY_SECONDS * 1000000 << 12);
    int cc = 0;

    gt_note("HOLD");
    console_flush();
    while (cc == 0 && cpu_tod() < end) {
        cfs_mrb[CF_MRB_SIZE - 1] = 0xAA;
        cc = read_once();
    }
    gt_check(cc == 2, "condition code 2 when the structure is held up");
    gt_check(cfs_mrb[CF_MRB_SIZE - 1] == 0xAA, "no MRB is stored with condition code 2");
    while (cc == 2 && cpu_tod() < end)
        cc = read_once();
    gt_check(cc == 0 && cfs_response() == CF_RSP_OK, "and 0 again when it is released");
}

/* The time of a command, with the few instructions of the loop around it. */
static void cost_of(const char *what, enum cf_command command, const char *name, uint8_t options, uint32_t out_len,
                    uint32_t in_len)
{
    struct mob mob = cfs_mob(data, out_len, data, in_len);
    int cc = 0;
    uint64_t start;

    cfs_entry_request(&connection, command, name, options);
    put_be32(cfs_mcb + MCB_DATALEN, out_len);
    start = cpu_tod();
    for (unsigned i = 0; i < COMMANDS; i++)
        cc |= cfs_send_mob(cfs.id, &mob);
    uint64_t ns = (cpu_tod() - start) * 1000 / 4096 / COMMANDS;
    gt_check(cc == 0 && cfs_response() == CF_RSP_OK, "%u commands: %s", COMMANDS, what);
    gt_note("CFMSG, %s: %lu ns a command", what, (unsigned long)ns);
}

static void costs(void)
{
    cost_of("IDENTIFY", CF_CMD_IDENTIFY, "", 0, 0, 0);
    cost_of("READ of an adjunct", CF_CMD_LIST_READ, "ADJUNCT", CF_OPT_ADJUNCT, 0, 0);
    cost_of("WRITE of an adjunct", CF_CMD_LIST_WRITE, "ADJUNCT", CF_OPT_ADJUNCT, 0, 0);
    cost_of("READ of 8 KiB", CF_CMD_LIST_READ, "TWO PAGES", CF_OPT_DATA, 0, 2 * PAGE);
    cost_of("WRITE of 8 KiB", CF_CMD_LIST_WRITE, "TWO PAGES", CF_OPT_DATA, 2 * PAGE, 0);
}

int main(void)
{
    gt_start();
    gt_check(css_open(&cfs, CFS_DEVICE, ISC_DEVICES, ignore), "a CFS device is there");
    identify();
    connect();
    data_comes_back();
    adjunct_comes_back();
    blocks_cross_pages();
    small_buffer_is_left_alone();
    other_subchannels_are_not_operational();
    costs();
    busy_when_held_up();
    gt_end();
}
