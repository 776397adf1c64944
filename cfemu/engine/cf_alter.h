/* ALTER: the size of a structure and its entry-to-element ratio change while it is in use; and how full it is.
 *
 * Increments come from the facility and go back to it one at a time. Nothing in use is moved: LEIDs say where an entry
 * is, and data has no way back to its entry. So an entry increment can go only from the end, an element increment from
 * anywhere, each only if nothing in it is used. What cannot go now stays, and the alter ends short of its target.
 *
 *   take back   1. {table forgets it, totals, pending = its number}   one transaction
 *               2. map: free; slot->increments; pending = 0
 *   grow        1. {pending = its number}
 *               2. map: the structure's; its contents made
 *               3. {table has it, totals, pending = 0}                one transaction
 *
 * An increment that is pending is in no table: a recovery gives it back to the facility, whichever way it went. Moves are
 * made under the directory mutex and the structure's, at most CF_ALTER_MOVES in one command; then it ends with
 * CF_RSP_TIMEOUT, and others get their turn.
 *
 * How full it is: s->full goes up when used entries or elements pass FULLTHRESHOLD percent, and down when both are two
 * percent of the total below it, so that one entry at the mark does not make it flicker.
 *
 * A structure with a second copy (cf_duplex.h) keeps its size: an increment would have to come and go in both CFs at once. So does one
 * that is being rebuilt. */
#ifndef CF_ALTER_H
#define CF_ALTER_H

#include "cfemu/engine/cf_call.h"

int cf_command_alter_structure(struct cf_call *call);

/* A process died: the increment that was on its way goes back, and the slot says what there is. Both mutexes are held; the
 * caller counts the free increments. */
void cf_alter_recover(struct cf *cf, struct cf_slot *slot);

/* ALLOWAUTOALT(YES), and the structure just became full: let it grow by a tenth, as far as policy and facility allow. No
 * mutex is held. id: of the structure. */
void cf_alter_auto(struct cf *cf, uint32_t id);

/* Set the marks at which the structure is full, or no longer; part of a transaction. */
void cf_marks_set(struct cf_structure *s);

static inline bool cf_full(const struct cf_structure *s)
{
    return s->entries_used > s->entries_mark || s->elements_used > s->elements_mark;
}

/* cf_full() is not what s->full says: note it and tell who wants to know. Part of a transaction. */
void cf_full_changed(struct cf *cf, struct cf_structure *s, struct cf_wakes *wakes);

#endif
