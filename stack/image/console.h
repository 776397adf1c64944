/* The operator console, a 3215 at device number 0009: messages out.
 *
 * console_write() queues a line and returns; lines go out in order, as many in one channel program as are waiting. No
 * line is lost: when the queue is full, the caller waits for the console, and only for it (its interruptions have a
 * subclass of their own), so that no other driver runs meanwhile. */
#ifndef IMAGE_CONSOLE_H
#define IMAGE_CONSOLE_H

#define CONSOLE_DEVICE 0x0009

void console_open(void);

/* Write text, any length; it is cut into lines of WTO_MAX characters. */
void console_write(const char *text);

/* For a fault, which may have come between any two instructions: also after the interruption that ends the running channel
 * program and before its interrupt function. So from now on the console asks its subchannel. A line that was on its way may
 * be written a second time. */
void console_poll(void);

/* Wait until everything written is out. */
void console_flush(void);

#endif
