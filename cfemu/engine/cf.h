/* The coupling facility as its users see it: one shared-memory segment is one CF, any number of processes on this
 * machine map it and execute commands in their own thread, under one robust mutex per structure.
 *
 *   process A (Hercules, plugin) ─┐
 *   process B (Hercules, plugin) ─┼─ cf_message() ─► segment /dev/shm/<name>
 *   host tool (cfctl, tests)     ─┤
 *   cfd (cfemu/link)             ─┘  for remote images, which make the same calls: cf_open("CF01@host:port", …)
 *
 * Invariant: kill -9 of any user at any instruction leaves every structure valid and every acknowledged command done.
 * See cf_segment.h for the layout and cf_undo.h for how. */
#ifndef CF_H
#define CF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cfemu/arch/cf_arch.h"

struct cf;      /* one process's view of a CF */

/* Create the segment of a CF. name: shared memory object name as for shm_open without the slash, e.g. "plex1.CF01";
 * cfname: 1..8 characters A-Z 0-9 @ # $; size: bytes of the whole segment, 1 MiB .. 64 GiB.
 * 0, or -errno (-EEXIST: it exists, -EINVAL: a value out of range). */
int cf_create(const char *name, const char *cfname, uint64_t size);

/* Make two CFs a pair: structures can be duplexed and rebuilt between them, and have one name and id in both. Nobody has
 * them open yet. 0 or -errno (-EBUSY: in use, -EEXIST: one is paired already). */
int cf_pair(const char *first, const char *second);

/* The CF fails: from now on every command on a structure that has no other copy gets CF_RSP_CF_FAILED. Every waiter is
 * told. (Removing the segment is no failure: who has it mapped would not notice.) 0 or -errno. */
int cf_fail(const char *name);

/* A failed CF comes back, empty. 0 or -errno (-EALREADY: it has not failed, -EBUSY: a structure is held up or
 * being rebuilt by its users). */
int cf_activate(const char *name);

/* Lines for the operator, from the thread that noticed; no lock is held. NULL (the start): they are dropped. */
extern void (*cf_operator)(const char *line);

/* Remove the name; users that have it mapped keep it until they close. 0 or -errno. */
int cf_remove(const char *name);

/* Map a CF and attach this process to it: *cf gets the view. system: name of the image for displays (1..8 characters).
 * 0, or -errno: -ENOENT no such CF, -EPROTO not a CF segment or another version, -ENOSPC no attachment slot free,
 * -EAGAIN it is being paired.
 *
 * A name with '@' is a CF that cfd serves, in programs that are linked with cfemu/link (else -EPROTONOSUPPORT):
 *   NAME@/path/of/socket         NAME@host:port,psk=FILE         (psk= may be left out if CF_PSK_FILE is in the environment)
 * NAME is the segment's or the CF's own. More errors then: see cfemu/link/cf_client.h. */
int cf_open(const char *name, const char *system, struct cf **cf);

/* Detach: connections made through this view are disconnected as by a failure of the user. */
void cf_close(struct cf *cf);

/* The view is of a system elsewhere, which this process serves: FENCE of it is cf_fenced(), not the end of this process, and if this
 * process ends without cf_close(), the connections fail interval_ms later: so long that system may go on. Before the first cf_message(). */
void cf_for_remote(struct cf *cf, uint32_t interval_ms);

/* The view is fenced: it has no connections and gets none. cf_wait() returns to tell. Close it when its system can be taken for
 * stopped. */
bool cf_fenced(struct cf *cf);

/* Why the CF behind this view cannot be reached any more; NULL: it can. Only a remote one can be lost: every command is
 * then answered with CF_RSP_CF_FAILED, cf_wait() returns once more to say so, and nothing but cf_close() is left to do. */
const char *cf_lost(struct cf *cf);

/* When the users of this view must be at a standstill, in ns of CLOCK_BOOTTIME, unless the CF answers once more until then: a
 * moment later it may take them for gone. Always in the future while there are none. UINT64_MAX: never, as the CF is a local one, or
 * is lost and one of them has been told (CF_RSP_CF_FAILED), or there are none. A child that was forked after cf_open() sees the same. */
uint64_t cf_standstill(struct cf *cf);

/* Execute one command. mcb: CF_MCB_SIZE bytes. out: data to the CF, out_len 0 .. CF_DATA_MAX. mrb: CF_MRB_SIZE bytes,
 * always filled. in: buffer for data from the CF, in_cap bytes. The result is in MRB_RESPONSE; there is no other error.
 * Callable from any thread. Takes no other lock than the structure's, makes no system call unless it waits or wakes. */
void cf_message(struct cf *cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap);

/* The same for a caller who cannot stand still for long: CF_RSP_BUSY after wait_us microseconds (0: as soon as it is seen) if another
 * command holds what this one needs. cf_message() waits CF_BUSY_MS. Commands that allocate, end or repair something may still
 * wait that long inside, for what they have begun. A remote CF's server waits as cf_message() does. */
void cf_message_within(struct cf *cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap,
                       uint32_t wait_us);

/* Wait until a connection of this view has something to report (list transition, lock grant, connection event), or
 * timeout_ms passes (-1: for ever), or cf_interrupt() is called. seen: in/out, the notification count that the caller
 * has dealt with; start with 0. true: there is something new, read it with VECTOR_READ. Of several threads that wait with
 * one view each gets the news, and one of them the interrupt. */
bool cf_wait(struct cf *cf, uint32_t *seen, int timeout_ms);

/* Make the current or the next cf_wait() return. */
void cf_interrupt(struct cf *cf);

/* Watch the other processes of this CF until cf_interrupt(): as soon as one ends, its connections fail (locks go to the
 * next waiter, survivors get the event). Run it in a thread of its own, or not at all (then the next command that meets
 * the dead one cleans up). */
void cf_watch(struct cf *cf);

/* The calling thread has left cf_message() or cf_watch() half-way, at a failed assertion: let go of the mutexes it holds,
 * undone, as if it had died, and end the view for the others: its connections fail. The view is of no use any more, and
 * stays mapped for threads that are still in it. A thread that may be caught so must not run cf_close(). */
void cf_abandon(struct cf *cf);

/* Walk the whole segment and check every invariant; findings go to report (may be NULL), a line each. Takes each
 * structure's mutex in turn, repairs nothing. Number of findings, 0 = valid. */
int cf_check(struct cf *cf, FILE *report);

#endif
