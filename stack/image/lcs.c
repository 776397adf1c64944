/* LCS, the LAN channel station. See lcs.h. */
#include "stack/image/lcs.h"

#include <stddef.h>
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/image/css.h"
#include "stack/image/loop.h"
#include "stack/platform/platform.h"

#define CCW_WRITE 0x01
#define CCW_READ 0x02

#define BLOCK_SIZE 0x5000u          /* the largest the emulator has */
#define RECEIVE_BLOCKS 4u           /* a power of two, as the counters wrap */
#define TRANSMIT_BLOCKS 16u         /* the same; 16 * 13 full frames */

#define FRAME_HEADER 4u
#define TYPE_COMMAND 0
#define TYPE_ETHERNET 1

#define COMMAND_TIMING 0x00
#define COMMAND_STRTLAN 0x01
#define COMMAND_STARTUP 0x07
#define COMMAND_SIZE 16u            /* with the header of the frame */
#define COMMAND_TIMEOUT_US 60000000u        /* the emulator needs 0.3 s; its machine may be busy */

#define COMMAND_WAKEUP_US 640000u           /* while a reply is awaited: the first, if none has come by then */
#define WAKEUP_FIRST_US 20000u
#define WAKEUP_LAST_US 5120000u

struct lcs_counters lcs_counters;

static struct subchannel read_side, write_side;
static lcs_receive *receiver;

static uint8_t received[RECEIVE_BLOCKS][BLOCK_SIZE] __attribute__((aligned(8)));
static uint32_t received_head, received_tail;       /* blocks that have come, blocks taken */
static struct ccw read_program;
static bool reading;

static uint8_t blocks[TRANSMIT_BLOCKS][BLOCK_SIZE] __attribute__((aligned(8)));
static uint16_t block_length[TRANSMIT_BLOCKS];
static uint32_t block_head, block_tail;             /* block_head is being filled, block_tail goes out next */
static uint32_t filled;                             /* bytes in the block being filled */
static struct ccw write_program;
static bool writing;

static struct {
    bool awaited;
    uint8_t command;
    uint16_t return_code;
} reply;

static uint64_t wakeup_at, wakeup_interval = WAKEUP_FIRST_US;

static void start_read(void)
{
    if (reading || received_head - received_tail == RECEIVE_BLOCKS)
        return;
    read_program = (struct ccw){ CCW_READ, CCW_SLI, BLOCK_SIZE,
                                 (uint32_t)(uintptr_t)received[received_head % RECEIVE_BLOCKS] };
    reading = css_start(&read_side, &read_program) == CSS_STARTED;
}

static void read_interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    (void)subchannel;
    if (css_is_end(irb)) {
        reading = false;
        if (!(irb->device_status & DEVICE_UNIT_CHECK))
            received_head++;
    }
    start_read();
}

/* End the block being filled and go to the next. false: there is none. */
static bool close_block(void)
{
    if (block_head + 1 - block_tail == TRANSMIT_BLOCKS)
        return false;
    put_be16(blocks[block_head % TRANSMIT_BLOCKS] + filled, 0);
    block_length[block_head % TRANSMIT_BLOCKS] = (uint16_t)(filled + 2);
    block_head++;
    filled = 0;
    return true;
}

static void start_write(void)
{
    if (writing)
        return;
    if (block_head == block_tail && (filled == 0 || !close_block()))
        return;
    uint32_t block = block_tail % TRANSMIT_BLOCKS;
    write_program = (struct ccw){ CCW_WRITE, CCW_SLI, block_length[block], (uint32_t)(uintptr_t)blocks[block] };
    writing = css_start(&write_side, &write_program) == CSS_STARTED;
}

static void write_interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    (void)subchannel;
    if (css_is_end(irb)) {
        writing = false;
        block_tail++;
        lcs_counters.blocks_out++;
    }
    start_write();
}

/* Room for a frame with its header; NULL if all blocks are full. */
static uint8_t *new_frame(uint8_t type, uint32_t length)
{
    if (filled + FRAME_HEADER + length + 2 > BLOCK_SIZE && !close_block())
        return NULL;

    uint8_t *frame = blocks[block_head % TRANSMIT_BLOCKS] + filled;
    filled += FRAME_HEADER + length;
    put_be16(frame, (uint16_t)filled);
    frame[2] = type;
    frame[3] = 0;
    return frame + FRAME_HEADER;
}

uint8_t *lcs_transmit(uint16_t length)
{
    uint8_t *frame = new_frame(TYPE_ETHERNET, length);

    if (frame != NULL)
        lcs_counters.frames_out++;
    else
        lcs_counters.dropped++;
    return frame;
}

void lcs_flush(void)
{
    start_write();
}

static void send_command(uint8_t command, uint16_t argument)
{
    static uint16_t sequence;
    uint8_t *p = new_frame(TYPE_COMMAND, COMMAND_SIZE - FRAME_HEADER);

    if (p == NULL)
        return;
    memset(p, 0, COMMAND_SIZE - FRAME_HEADER);
    p[0] = command;
    put_be16(p + 2, ++sequence);
    p[6] = TYPE_ETHERNET;
    put_be16(p + 8, argument);
}

static void take_reply(const uint8_t *p, uint32_t length)
{
    if (length < 6 || p[0] != reply.command)
        return;
    reply.return_code = get_be16(p + 4);
    reply.awaited = false;
}

/* Walk the frames of a block; one that does not fit it ends the walk. Returns whether there were Ethernet frames. */
static bool take_block(const uint8_t *block)
{
    uint32_t at = 0;
    bool ethernet = false;

    for (;;) {
        uint32_t next = get_be16(block + at);

        if (next < at + FRAME_HEADER || next > BLOCK_SIZE - FRAME_HEADER)
            return ethernet;
        uint32_t length = next - at - FRAME_HEADER;
        const uint8_t *payload = block + at + FRAME_HEADER;

        if (block[at + 2] == TYPE_ETHERNET) {
            ethernet = true;
            lcs_counters.frames_in++;
            receiver(payload, (uint16_t)length);
        } else if (reply.awaited) {
            take_reply(payload, length);
        }
        at = next;
    }
}

static void send_wakeup(uint64_t now_us)
{
    send_command(COMMAND_TIMING, 0);
    lcs_counters.wakeups++;
    wakeup_at = now_us + wakeup_interval;
    if (wakeup_interval < WAKEUP_LAST_US)
        wakeup_interval *= 2;
}

uint64_t lcs_poll(uint64_t now_us)
{
    while (received_tail != received_head) {
        if (take_block(received[received_tail % RECEIVE_BLOCKS])) {
            wakeup_interval = WAKEUP_FIRST_US;
            wakeup_at = now_us + wakeup_interval;
        }
        received_tail++;
        lcs_counters.blocks_in++;
        start_read();
    }
    if (now_us >= wakeup_at)
        send_wakeup(now_us);
    return wakeup_at;
}

/* Send a command and wait for its reply. false: none came, or it has a return code. */
static bool run_command(uint8_t command, uint16_t argument)
{
    uint64_t deadline = platform_clock_us() + COMMAND_TIMEOUT_US;

    reply.awaited = true;
    reply.command = command;
    send_command(command, argument);
    lcs_flush();
    wakeup_interval = COMMAND_WAKEUP_US;
    wakeup_at = platform_clock_us() + COMMAND_WAKEUP_US;
    while (reply.awaited) {
        uint64_t now = platform_clock_us();

        if (now >= deadline)
            return false;
        lcs_poll(now);
        lcs_flush();
        if (reply.awaited)
            loop_idle(wakeup_at < deadline ? wakeup_at : deadline);
    }
    wakeup_interval = WAKEUP_FIRST_US;
    wakeup_at = platform_clock_us() + WAKEUP_FIRST_US;
    return reply.return_code == 0;
}

const char *lcs_open(uint16_t device, lcs_receive *receive)
{
    receiver = receive;
    if (!css_open(&read_side, device, ISC_DEVICES, read_interrupt) ||
        !css_open(&write_side, (uint16_t)(device + 1), ISC_DEVICES, write_interrupt))
        return "NO SUCH DEVICE";
    start_read();
    if (!run_command(COMMAND_STARTUP, BLOCK_SIZE))
        return "STARTUP FAILED";
    if (!run_command(COMMAND_STRTLAN, 0))
        return "START LAN FAILED";
    return NULL;
}
