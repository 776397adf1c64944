/* The event loop of an image.
 *
 * Each part that has something to do outside of interruptions adds a poll function. One round of the loop delivers what the
 * channel subsystem has, calls every poll function in the order in which they were added, calls every flush function (what
 * the round produced for the network goes out as one block), and waits until the earliest time a poll function named, or an
 * interruption. */
#ifndef IMAGE_LOOP_H
#define IMAGE_LOOP_H

#include <stdint.h>

#define LOOP_PARTS_MAX 16
#define LOOP_NEVER UINT64_MAX

/* Do what there is to do. now_us is platform_clock_us(). Returns when to be called again at the latest, on the same clock:
 * LOOP_NEVER if only an interruption can bring work, now_us or earlier if there is more work at once. */
typedef uint64_t loop_poll(uint64_t now_us);

/* Add a part; either function may be NULL. */
void loop_add(loop_poll *poll, void (*flush)(void));

/* The start-up of every image and guest test, in this order: processor, random numbers, console. */
void image_start(void);

/* Work has come for a part that may have been polled in this round already: do not wait after it. Work that an interruption
 * brings needs no such call. */
void loop_again(void);

/* One round. */
void image_loop_once(void);

/* Flush, then wait for an interruption and deliver it, or until this time. No poll function is called: the wait of a
 * part that is in the middle of something (platform_wait). */
void loop_idle(uint64_t until_us);

#endif
