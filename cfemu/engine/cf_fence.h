/* Isolation of a system from what it shares: FENCE, the counterpart of a system reset, and RESET, which a system that IPLs
 * gives itself.
 *
 * A connection remembers the process that made it, by process id and start time: a pidfd that is opened first and then
 * found to have this start time means that process and no other, ever.
 *
 *   who made the connection             FENCE
 *     another process of this machine   SIGKILL, also if it is stopped. It is over when the process is dead: nothing it had
 *                                       under way goes on, no packet leaves its adapters any more
 *     cfd, for a remote image           the connections of the view fail at once (those that a rebuild waits for when cfd
 *                                       closes it), CONNECT through it is refused, cfd cuts the link. It is over when cfd has closed the view: that is so late that the image
 *                                       has given up by its own clock (cf_link.h)
 *     this process, by another view     the same without a link: several systems in one process are a test's
 *     nobody any more                   RESET, or an orderly DISCONNECT: the program has given it up itself
 *
 * FENCE takes no mutex of a structure, so that it can be used against a process that was stopped while it holds one; that
 * one is found by the mutex's word, or by that of the directory. Its kill marks the mutex; the next who takes it undoes what was half done. */
#ifndef CF_FENCE_H
#define CF_FENCE_H

#include "cfemu/engine/cf_call.h"

/* Commands; the result is an enum cf_response. They take the locks they need. */
int cf_command_fence(struct cf_call *call);
int cf_command_reset(struct cf_call *call);

/* Start time of a process in clock ticks since the machine's start, 0: there is no such process. */
uint64_t cf_process_born(pid_t pid);

#endif
