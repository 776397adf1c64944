/* Data elements: the storage of entries' data.
 *
 * An entry's data lies in runs of consecutive elements. A request takes one run if it can, so the usual entry is copied
 * with one memcpy; only when storage is fragmented the pieces are gathered. The cost is bounded by the pieces, not by
 * the size of the structure: a bit map per increment, and a bit per increment that says whether any element is free.
 *
 *   entry ── run ─► element 7 { length 40, next 1031 } … element 1031 { length 12, next none }
 *
 * Data is never overwritten in place: a WRITE fills fresh elements, switches the entry to them and frees the old ones,
 * so that the undo log holds a few words of bit map instead of the data. For that the structure owns more elements than
 * users can fill (cf_structure.elements_total): as many spare ones as the largest entry has. */
#ifndef CF_ELEMENT_H
#define CF_ELEMENT_H

#include "cfemu/engine/cf_segment.h"

/* Elements that length bytes need. */
uint32_t cf_elements_for(const struct cf_structure *s, uint32_t length);

/* Store data in fresh elements; the caller has seen to it that there are enough. Result: the first run. */
uint32_t cf_elements_store(struct cf *cf, struct cf_structure *s, const uint8_t *data, uint32_t length);

/* Copy length bytes of the runs that start with run. */
void cf_elements_fetch(const struct cf *cf, struct cf_structure *s, uint32_t run, uint8_t *data, uint32_t length);

void cf_elements_free(struct cf *cf, struct cf_structure *s, uint32_t run);

#endif
