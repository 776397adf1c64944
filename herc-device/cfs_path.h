/* The path from one CFS device to its coupling facility. Knows nothing of Hercules.
 *
 * A path may be taken away (detach, quit) while CPUs use it: cfs_path_message() counts itself in before it looks at the
 * CF, cfs_path_close() first takes the CF out of sight and then waits until nobody is inside. That wait is short,
 * because a command's is.
 *
 * A failed assertion in the engine fences the path, never the emulator: the thread leaves the engine (__assert_fail is
 * ours within the module), lets go of what it holds there (cf_abandon), and the path is not operational for ever. To the
 * other images this one's connections have failed.
 *
 * A path to a remote CF (cfemu/link) ends the same way when its link is lost: not operational for ever. Its commands take
 * a round trip. One that gets no answer, or waits behind such a one, holds its CPU for the link's bound at most (2 s
 * unless cfd is told otherwise); in that time Hercules' other CPUs cannot come to a common halt either. It happens once,
 * then the link is lost. What is busy in the CF itself is answered as ever, after its own bound. */
#ifndef CFS_PATH_H
#define CFS_PATH_H

#include <stdatomic.h>
#include <stdint.h>

#include "cfemu/engine/cf.h"
#include "cfemu/engine/cf_limits.h"

enum cfs_end { CFS_ASSERTION, CFS_LINK_LOST };

struct cfs_path {
    struct cf *_Atomic cf;      /* NULL: not operational */
    struct cf *_Atomic lost;    /* a view whose link is lost, to be closed with the path */
    atomic_uint users;          /* commands under way */
    /* Called once when the path is fenced or lost, by the thread that found out, which holds nothing. what: one line. */
    void (*fenced)(struct cfs_path *path, enum cfs_end how, const char *what);
};

/* Condition codes of CFMSG. */
enum cfs_cc { CFS_DONE = 0, CFS_BUSY = 2, CFS_NOT_OPERATIONAL = 3 };

/* Open the segment, or the remote CF, for an image of this name. 0 or the -errno of cf_open(). */
int cfs_path_open(struct cfs_path *path, const char *segment, const char *system,
                  void (*fenced)(struct cfs_path *path, enum cfs_end how, const char *what));

/* Close it; connections made through it fail. Nothing happens to a path that is not open. */
void cfs_path_close(struct cfs_path *path);

/* How long the instruction waits for a structure that another command holds, in microseconds: the CPU stands still for it.
 * Enough for a command of usual length; for one that is not running, or a large copy, the guest gets condition code 2 and can
 * let interrupts in. The channel waits CF_WAIT_US: the program in the CPU chose not to wait for its end. */
#define CFS_INSTRUCTION_WAIT_US 50u

/* Execute a command, see cf_message_within(). CFS_DONE: mrb is filled. CFS_BUSY: mrb is filled and says CF_RSP_BUSY, nothing
 * was done. CFS_NOT_OPERATIONAL: the path has no CF (mrb is as it was), or the CF has failed and the structure with it. */
enum cfs_cc cfs_path_message(struct cfs_path *path, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb,
                             void *in, uint32_t in_cap, uint32_t wait_us);

/* See whether the link is lost, for who is told by cf_wait() that something is new. */
void cfs_path_look(struct cfs_path *path);

/* cf_watch(), until cf_interrupt() or the path is fenced. */
void cfs_path_watch(struct cfs_path *path);

/* Bytes of data that came with an answer into a buffer of in_cap bytes. An answer that names more than that came without
 * its data (CF_RSP_BUFFER_FULL). */
uint32_t cfs_path_data_len(const uint8_t *mrb, uint32_t in_cap);

#endif
