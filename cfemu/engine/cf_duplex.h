/* System-managed duplexing and rebuild: a structure with a second copy in the other CF of the pair.
 *
 *   slot ─┬─ control[where]   primary copy: every command executes here
 *         └─ control[!where]  secondary copy: the same bytes, at other increments
 *
 *   NONE ── START ─► ESTABLISHING ── all copied ─► DUPLEXED ── STOP KEEP=OLD|NEW, or a CF fails ─► NONE
 *
 * A command executes on the primary alone. What it changed is known from its undo records (cf_undo.h), so its commit is:
 *
 *   1. the changed words are stored in the secondary, under the secondary's own undo log
 *   2. what plain stores filled is copied
 *   3. primary's undo count = 0          the command is done
 *   4. secondary's undo count = 0        only now can it be acknowledged
 *
 * Both copies stand under one mutex, the slot's. Who takes it after a dead owner goes by the primary: its undo count is 0,
 * so the secondary's stores stand; or it is not, so both are rolled back, the secondary first. If the primary's CF has
 * failed meanwhile, the secondary goes by its own log: what stands there was not acknowledged.
 *
 * When the primary's CF fails, the next command that takes the mutex finds it so and goes on with the secondary: same
 * structure id, same tokens, same bytes. When the secondary's fails, the primary goes on alone.
 *
 * A copy is established while the structure is in use, one increment at a time under the mutex; commits go to those
 * increments that are copied already (half.twin says which). A system-managed rebuild is that, then a change of roles,
 * then the end of the old copy.
 *
 * What the copies do not share: their place (increment numbers), undo log, statistics, the hint where to look for free
 * elements. Everything else is equal, byte for byte, whenever the mutex is free: cf_check() compares. */
#ifndef CF_DUPLEX_H
#define CF_DUPLEX_H

#include "cfemu/engine/cf_call.h"

enum cf_duplex_state { CF_DUPLEX_NONE = 0, CF_DUPLEX_ESTABLISHING, CF_DUPLEX_ACTIVE };

/* Commands of the operator. They take the locks they need. */
int cf_command_duplex_start(struct cf_call *call);
int cf_command_duplex_stop(struct cf_call *call);
int cf_command_rebuild(struct cf_call *call);

/* The mutex of a structure that is duplexed or being so was taken: see whether its CFs are alive. */
void cf_duplex_enter(struct cf *cf, struct cf_slot *slot);

/* The mutex was taken from a dead process: roll back or commit what it was about. For simplex structures, too. */
void cf_duplex_recover(struct cf *cf, struct cf_slot *slot);

/* What this thread noticed goes to the operator. No mutex is held. */
void cf_duplex_tell(void);

/* Compare the copies of a duplexed structure, whose mutex is held. Result: offset in the segment of the primary of the
 * first doubleword that differs, 0 = none does. */
uint64_t cf_duplex_compare(struct cf *cf, struct cf_slot *slot);

#endif
