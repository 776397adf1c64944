/* A look at a facility without taking part in it: mapped read-only, no attachment, no mutex, nothing changed. Whoever works
 * with the facility does not notice. For monitors, which look several times a second.
 *
 * What is read may be changing, and may be damaged, so nothing that stands in the segment is followed before it was seen to
 * lead into the segment. Things that belong together are read between two looks at the structure's mark:
 *
 *   do {
 *       mark = cf_look_mark(look, number);
 *       … read entries …
 *   } while (!cf_look_steady(look, number, mark) && tries-- > 0);
 *
 * Steady: no command ran in between. The mutex was free at both ends, and the count of commands is the same; a command
 * counts before it lets go of the mutex (cf_stats.h). Numbers of the statistics are right by themselves and need no mark. */
#ifndef CF_LOOK_H
#define CF_LOOK_H

#include "cfemu/engine/cf_segment.h"

struct cf_look {
    struct cf view;             /* of the mapped segments, both of a pair: for reading what is of fixed size */
    uint64_t size[2];           /* bytes mapped of each */
};

/* Open the facility of this segment name, and the other one of its pair. 0, or -errno: -ENOENT there is none, -EPROTO it is no
 * segment, or of another version, or damaged in its header. */
int cf_look_open(const char *name, struct cf_look **look);
void cf_look_close(struct cf_look *look);

/* The structure in a slot of the directory, 0 .. CF_STRUCTURES_MAX - 1, where its commands execute, and a copy of the slot without
 * its mutex. NULL: none is there, or what is there cannot be one. Its attributes may be read; lists, locks and entries by
 * the functions below. */
struct cf_structure *cf_look_structure(const struct cf_look *look, uint32_t number, struct cf_slot *slot);

/* Copies of a list header, a lock entry, an entry with its adjunct (CF_ADJUNCT_SIZE bytes, zeros if it has none). false: there is
 * no such thing. */
bool cf_look_list(const struct cf_look *look, struct cf_structure *s, uint32_t index, struct cf_list *list);
bool cf_look_lock(const struct cf_look *look, struct cf_structure *s, uint32_t index, struct cf_lock *lock);
bool cf_look_entry(const struct cf_look *look, struct cf_structure *s, uint32_t number, struct cf_entry *entry, uint8_t *adjunct);

/* The data of an entry, at most size bytes. Result: bytes copied. */
uint32_t cf_look_data(const struct cf_look *look, struct cf_structure *s, const struct cf_entry *entry, uint8_t *data, uint32_t size);

/* The thread that is in the middle of a command to the structure in this slot, 0: none is. */
pid_t cf_look_holder(const struct cf_look *look, uint32_t number);

uint64_t cf_look_mark(const struct cf_look *look, uint32_t number);
bool cf_look_steady(const struct cf_look *look, uint32_t number, uint64_t mark);

#endif
