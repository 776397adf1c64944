/* LCS, the LAN channel station (3088 model 60) at an even and the next odd device number: Ethernet frames in and out.
 *
 * Frames travel in blocks, many at a time, in both directions:
 *
 *     +0  u16  offset of the next frame in the block, 0 = this is the end
 *     +2  u8   type: 0 command, 1 Ethernet
 *     +3  u8   port
 *     +4       Ethernet frame without FCS, or a command:
 *              +4 u8 command  +5 u8 initiator  +6 u16 sequence  +8 u16 return code  +10 u8 LAN type  +11 u8 adapter
 *              +12 data
 *
 * Out: lcs_transmit() gives room in the block being filled; lcs_flush() starts the channel if it is idle. While it is
 * busy, frames gather, so that batches grow with the load. When all blocks are full a frame is dropped and counted, as
 * on any wire; nothing here ever waits for the channel, because the channel may be waiting for us to read.
 *
 * In: one READ is always posted while a buffer is free; the interruption only notes that a block has come, lcs_poll()
 * takes the frames out, outside of interruptions.
 *
 * The emulator can lose the wakeup of a posted READ, which then sleeps although frames are there. A TIMING command is
 * answered, and its answer wakes the READ; lcs_poll() sends one 20 ms after the last block, and then ever more rarely. */
#ifndef IMAGE_LCS_H
#define IMAGE_LCS_H

#include <stdbool.h>
#include <stdint.h>

#define LCS_DEVICE 0x0E20

struct lcs_counters {
    uint64_t frames_in, frames_out, blocks_in, blocks_out;
    uint64_t dropped;           /* frames out: all blocks were full */
    uint64_t wakeups;           /* TIMING commands sent */
};
extern struct lcs_counters lcs_counters;

/* What takes the frames. The frame is gone after the return. */
typedef void lcs_receive(const uint8_t *frame, uint16_t length);

/* Open and start the LAN; takes about 0.3 s, most of it in the emulator. Frames go to receive() from now on, in
 * lcs_poll(). NULL, or what is wrong. */
const char *lcs_open(uint16_t device, lcs_receive *receive);

/* Room for one frame of length bytes, or NULL: dropped. */
uint8_t *lcs_transmit(uint16_t length);

void lcs_flush(void);

/* Deliver what has come. Returns when to be called again at the latest (loop.h). */
uint64_t lcs_poll(uint64_t now_us);

#endif
