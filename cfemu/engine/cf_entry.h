/* List entries: their storage, the order of a list, and the ways to find one.
 *
 * On a list the entries are chained both ways. A structure with names has a hash table (names are unique in it). In a
 * structure with keys a list is ordered by key, entries of equal key by placement; a tree over the list holds the first
 * entry of each key, so that a place is found in O(log n):
 *
 *   head ─► A ─► B ─► B' ─► B" ─► D ─► D' ◄─ tail       the last B stands before the first of the next key
 *           └────┴───── tree ─────┘
 *
 * The tree is a treap: ordered by key, and in heap order of a secret hash of the key, which keeps it balanced whatever
 * keys come. No cost grows with the number of lists or structures. */
#ifndef CF_ENTRY_H
#define CF_ENTRY_H

#include "cfemu/engine/cf_call.h"

/* Find the entry that the message designates. 0 = there is none. */
uint32_t cf_entry_locate(struct cf_call *call);

/* Find by name; 0 = none. */
uint32_t cf_entry_named(struct cf *cf, struct cf_structure *s, const uint8_t *name);

/* Find by LEID; 0 = none. */
uint32_t cf_entry_by_leid(struct cf_call *call, const uint8_t *leid);

/* The first entry with this key on a list of a keyed structure; 0 = none. */
uint32_t cf_entry_of_key(struct cf_call *call, uint32_t list, const uint8_t *key);

/* Create an empty entry on a list; at_head: before the others (of its key), else behind them. The caller has seen to
 * it that there is room. */
uint32_t cf_entry_create(struct cf_call *call, uint32_t list, const uint8_t *name, bool at_head);

/* Delete an entry and its data. */
void cf_entry_delete(struct cf_call *call, uint32_t number);

/* Move an entry to another list, or place on its list. key: its name or key from then on; a name stays what it is. */
void cf_entry_move(struct cf_call *call, uint32_t number, uint32_t list, const uint8_t *key, bool at_head);

void cf_leid_put(uint8_t *to, uint32_t number, const struct cf_entry *entry);

/* Secret hash of a name or key: bucket of the one, heap order of the other. */
uint64_t cf_name_hash(const struct cf_structure *s, const uint8_t *name);

#endif
