#include "cfemu/engine/cf_element.h"

#include <assert.h>
#include <string.h>

#include "cfemu/engine/cf_undo.h"

#define ELEMENT_SHIFT 10                /* element number = increment's place << 10 | slot */
#define ELEMENT_SLOTS (1u << ELEMENT_SHIFT)
#define INCREMENTS_TRIED 8              /* increments looked at for one run before pieces are gathered */

static_assert(ELEMENT_SLOTS == CF_INCREMENT_ELEMENTS, "a slot fits its field");

struct span {
    uint32_t place, slot, length;       /* length 0: none */
};

uint32_t cf_elements_for(const struct cf_structure *s, uint32_t length)
{
    return (length + s->element_size - 1) / s->element_size;
}

static struct cf_run *run_at(const struct cf *cf, struct cf_structure *s, uint32_t number)
{
    return &cf_elements_at(cf, s, number >> ELEMENT_SHIFT)->run[number % ELEMENT_SLOTS];
}

static uint8_t *element_at(const struct cf *cf, struct cf_structure *s, uint32_t number)
{
    return (uint8_t *)cf_elements_at(cf, s, number >> ELEMENT_SHIFT) + s->elements_at +
           (size_t)(number % ELEMENT_SLOTS) * s->element_size;
}

/* First bit from position on that has the given value; limit if none. */
static uint32_t bit_find(const uint64_t *map, uint32_t position, uint32_t limit, bool used)
{
    while (position < limit) {
        uint64_t word = (used ? map[position / 64] : ~map[position / 64]) >> position % 64;
        if (word != 0) {
            position += (uint32_t)__builtin_ctzll(word);
            return position < limit ? position : limit;
        }
        position = (position / 64 + 1) * 64;
    }
    return limit;
}

/* The first free run of at least wanted elements, cut to it; if there is none, the longest one. */
static struct span span_find(const struct cf *cf, struct cf_structure *s, uint32_t place, uint32_t wanted)
{
    const struct cf_elements *elements = cf_elements_at(cf, s, place);
    uint32_t limit = s->elements_per_increment;
    struct span best = {.place = place};
    for (uint32_t start = bit_find(elements->used, 0, limit, false); start < limit;) {
        uint32_t end = bit_find(elements->used, start, limit, true);
        if (end - start > best.length) {
            best.slot = start;
            best.length = end - start;
        }
        if (best.length >= wanted) {
            best.length = wanted;
            break;
        }
        start = bit_find(elements->used, end, limit, false);
    }
    return best;
}

/* The next increment with a free element, from place on, round and round. There is one. */
static uint32_t place_next(struct cf_structure *s, uint32_t place)
{
    const uint64_t *map = cf_at(s, s->element_free);
    uint32_t count = s->element_places;
    uint32_t found = place < count ? bit_find(map, place, count, true) : count;
    if (found == count)
        found = bit_find(map, 0, count, true);
    assert(found < count);
    return found;
}

static struct span span_choose(const struct cf *cf, struct cf_structure *s, uint32_t wanted)
{
    struct span best = {0};
    uint32_t place = s->element_hint;
    for (int i = 0; i < INCREMENTS_TRIED && best.length < wanted; i++) {
        place = place_next(s, place);
        struct span span = span_find(cf, s, place, wanted);
        if (span.length > best.length)
            best = span;
        place++;
    }
    assert(best.length > 0);
    s->element_hint = best.place;
    return best;
}

/* Mark a span used or free. */
static void span_mark(struct cf *cf, struct cf_structure *s, struct span span, bool used)
{
    struct cf_elements *elements = cf_elements_at(cf, s, span.place);
    for (uint32_t slot = span.slot, left = span.length; left > 0;) {
        uint32_t first = slot % 64;
        uint32_t count = 64 - first < left ? 64 - first : left;
        uint64_t bits = (count == 64 ? ~0ull : (1ull << count) - 1) << first;
        uint64_t *word = &elements->used[slot / 64];
        assert((*word & bits) == (used ? 0 : bits));
        cf_set64(s, word, *word ^ bits);
        slot += count;
        left -= count;
    }
    uint32_t before = elements->free;
    uint32_t after = used ? before - span.length : before + span.length;
    cf_set32(s, &elements->free, after);
    if ((before == 0) != (after == 0)) {
        uint64_t *word = (uint64_t *)cf_at(s, s->element_free) + span.place / 64;
        cf_set64(s, word, *word ^ 1ull << span.place % 64);
    }
}

uint32_t cf_elements_store(struct cf *cf, struct cf_structure *s, const uint8_t *data, uint32_t length)
{
    uint32_t first = CF_NO_RUN;
    uint32_t *link = &first;
    for (uint32_t wanted = cf_elements_for(s, length); wanted > 0;) {
        struct span span = span_choose(cf, s, wanted);
        span_mark(cf, s, span, true);
        *link = span.place << ELEMENT_SHIFT | span.slot;
        struct cf_run *run = run_at(cf, s, *link);
        cf_fresh(s, run, sizeof *run);
        run->length = span.length;
        run->next = CF_NO_RUN;
        uint32_t bytes = span.length * s->element_size;
        if (bytes > length)
            bytes = length;
        cf_fresh(s, element_at(cf, s, *link), bytes);
        memcpy(element_at(cf, s, *link), data, bytes);
        data += bytes;
        length -= bytes;
        wanted -= span.length;
        link = &run->next;
    }
    return first;
}

void cf_elements_fetch(const struct cf *cf, struct cf_structure *s, uint32_t run, uint8_t *data, uint32_t length)
{
    while (length > 0) {
        const struct cf_run *head = run_at(cf, s, run);
        uint32_t bytes = head->length * s->element_size;
        if (bytes > length)
            bytes = length;
        memcpy(data, element_at(cf, s, run), bytes);
        data += bytes;
        length -= bytes;
        run = head->next;
    }
}

void cf_elements_free(struct cf *cf, struct cf_structure *s, uint32_t run)
{
    while (run != CF_NO_RUN) {
        const struct cf_run *head = run_at(cf, s, run);
        struct span span = {.place = run >> ELEMENT_SHIFT, .slot = run % ELEMENT_SLOTS, .length = head->length};
        run = head->next;
        span_mark(cf, s, span, false);
    }
}
