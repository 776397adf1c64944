/* The host port: a Linux process in which one or several stacks run, one at a time per thread. */
#ifndef PLATFORM_HOST_H
#define PLATFORM_HOST_H

#include <stdint.h>

#include "stack/platform/platform.h"

struct cf;

#define HOST_SYSTEMS_MAX 32
#define HOST_CFS_MAX 4

/* The system that runs from now on in this thread, 0 .. HOST_SYSTEMS_MAX-1; 0 at the start. */
void host_platform_select(unsigned system);
unsigned host_platform_selected(void);

/* Give the selected system its next CF: CF 0 first. The view belongs to the caller. NULL as cf marks the newest one as lost:
 * requests to it get condition code 3. */
void host_platform_add_cf(struct cf *cf);

/* After `messages` more messages of the selected system every CF is lost to it: the system stops in the middle of what it
 * does, for tests of what it leaves behind. */
void host_platform_lose_cfs_after(unsigned messages);

/* Run strike() once, before the message to a CF that follows `messages` more of the selected system: for tests of what happens
 * when something comes in between. */
void host_platform_strike_after(unsigned messages, void (*strike)(void));

/* Forget the CFs and the handler of the selected system. */
void host_platform_reset(void);

/* What runs when the CF has something to report to the selected system; on the main line, from platform_wait() and
 * host_platform_attend(). */
void host_platform_on_attention(void (*handler)(void *context), void *context);

/* Wait at most timeout_ms for an attention and run the handler. */
void host_platform_attend(int timeout_ms);

/* What runs in each platform_wait() of this thread: other systems of the same process may. NULL: nothing (the start). */
void host_platform_on_wait(void (*idle)(void));

/* Lines of platform_wto(); NULL: standard error (the start). */
void host_platform_on_wto(void (*write)(const char *text));

/* Move the clock of this process ahead, for tests of time limits. */
void host_platform_advance_us(uint64_t us);

#endif
