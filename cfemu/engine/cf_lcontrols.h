/* List controls: what belongs to a list and not to its entries.
 *
 *   limit         of entries, or of elements if the structure was allocated so; the structure as a whole at first
 *   authority     16 bytes that every request can demand to be equal or not higher, and replace: an epoch, a lease
 *   description   32 bytes for the users
 *   key counter   gives new entries ascending keys (key, increment, maximum)
 *   cursor        a place on the list that requests can go to and move on
 *
 * The cursor is always at an entry of the list or nowhere; an entry that leaves hands it on (cf_entry.c). */
#ifndef CF_LCONTROLS_H
#define CF_LCONTROLS_H

#include "cfemu/engine/cf_call.h"

int cf_command_read_lcontrols(struct cf_call *call);
int cf_command_write_lcontrols(struct cf_call *call);

/* The controls of a list of a new structure, by plain stores. */
void cf_lcontrols_init(struct cf_structure *s, uint32_t list);

/* The key that the counter of a list gives to the next entry. 0, or LISTKEY_MAX. */
int cf_list_key(struct cf_structure *s, uint32_t list, uint8_t *key);

/* It was given. */
void cf_list_key_advance(struct cf_structure *s, uint32_t list);

#endif
