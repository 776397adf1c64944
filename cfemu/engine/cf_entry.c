#include "cfemu/engine/cf_entry.h"

#include <assert.h>
#include <string.h>

#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_sublist.h"
#include "cfemu/engine/cf_undo.h"

static const uint8_t no_name[CF_NAME_SIZE];

static struct cf_entry *entry_at(const struct cf_call *call, uint32_t number)
{
    return cf_entry_at(call->cf, call->s, number);
}

uint64_t cf_name_hash(const struct cf_structure *s, const uint8_t *name)
{
    uint64_t part[2];
    memcpy(part, name, sizeof part);
    uint64_t hash = (part[0] ^ s->hash_seed) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 32 ^ part[1]) * 0xD6E8FEB86659FD93u;
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93u;
    return hash ^ hash >> 32;
}

void cf_leid_put(uint8_t *to, uint32_t number, const struct cf_entry *entry)
{
    put_be32(to, number);
    put_be64(to + 4, entry->sequence);
}

/* --- names --------------------------------------------------------------------------------------------------------- */

static uint32_t *bucket(struct cf_structure *s, const uint8_t *name)
{
    return (uint32_t *)cf_at(s, s->hash) + (cf_name_hash(s, name) & s->hash_mask);
}

uint32_t cf_entry_named(struct cf *cf, struct cf_structure *s, const uint8_t *name)
{
    uint32_t number = *bucket(s, name);
    while (number != 0) {
        const struct cf_entry *entry = cf_entry_at(cf, s, number);
        if (memcmp(entry->name, name, CF_NAME_SIZE) == 0)
            break;
        number = entry->hash_next;
    }
    return number;
}

static void name_unlink(struct cf_call *call, uint32_t number, const struct cf_entry *entry)
{
    uint32_t *link = bucket(call->s, entry->name);
    while (*link != number)
        link = &entry_at(call, *link)->hash_next;
    cf_set32(call->s, link, entry->hash_next);
}

/* --- keys: the tree holds the first entry of each key --------------------------------------------------------------- */

/* The link to the tree entry with this key, or to where it would be. */
static uint32_t *tree_find(struct cf_call *call, struct cf_list *list, const uint8_t *key)
{
    uint32_t *link = &list->root;
    while (*link != 0) {
        struct cf_entry *entry = entry_at(call, *link);
        int order = memcmp(key, entry->name, CF_NAME_SIZE);
        if (order == 0)
            break;
        link = order < 0 ? &entry->left : &entry->right;
    }
    return link;
}

/* The first entry with a higher key; 0 = none. */
static uint32_t tree_above(struct cf_call *call, const struct cf_list *list, const uint8_t *key)
{
    uint32_t above = 0;
    for (uint32_t number = list->root; number != 0;) {
        const struct cf_entry *entry = entry_at(call, number);
        if (memcmp(key, entry->name, CF_NAME_SIZE) < 0) {
            above = number;
            number = entry->left;
        } else {
            number = entry->right;
        }
    }
    return above;
}

/* What one way down says about a key that is to come: each entry on it is a cache line that may be far away. */
struct place {
    uint32_t *link;             /* to the tree entry with this key; 0 there: it has none */
    uint32_t *split;            /* no such entry: where one comes in by its rank */
    uint32_t above;             /* the first entry with a higher key, 0 = none; but see place_above() */
};

static struct place tree_place(struct cf_call *call, struct cf_list *list, const uint8_t *key)
{
    uint64_t rank = cf_name_hash(call->s, key);
    struct place place = {.link = &list->root};
    while (*place.link != 0) {
        struct cf_entry *entry = entry_at(call, *place.link);
        int order = memcmp(key, entry->name, CF_NAME_SIZE);
        if (order == 0)
            break;
        if (!place.split && cf_name_hash(call->s, entry->name) < rank)
            place.split = place.link;
        if (order < 0)
            place.above = *place.link;
        place.link = order < 0 ? &entry->left : &entry->right;
    }
    if (!place.split)
        place.split = place.link;
    return place;
}

/* The same when the tree has the key: higher ones may hang below it. */
static uint32_t place_above(struct cf_call *call, const struct place *place)
{
    uint32_t above = place->above;
    for (uint32_t number = entry_at(call, *place->link)->right; number != 0; number = entry_at(call, number)->left)
        above = number;
    return above;
}

/* Put in an entry with a key that the tree does not have: below those of higher rank, above the rest, which is split. */
static void tree_insert(struct cf_call *call, uint32_t *link, uint32_t number)
{
    struct cf_structure *s = call->s;
    struct cf_entry *entry = entry_at(call, number);
    uint32_t rest = *link;
    cf_set32(s, link, number);
    uint32_t *lower = &entry->left, *higher = &entry->right;
    while (rest != 0) {
        struct cf_entry *other = entry_at(call, rest);
        uint32_t **side = memcmp(other->name, entry->name, CF_NAME_SIZE) < 0 ? &lower : &higher;
        cf_set32(s, *side, rest);
        *side = side == &lower ? &other->right : &other->left;
        rest = **side;
    }
    cf_set32(s, lower, 0);
    cf_set32(s, higher, 0);
}

/* Take out the entry at a link; its two subtrees become one. */
static void tree_remove(struct cf_call *call, uint32_t *link)
{
    struct cf_structure *s = call->s;
    uint32_t left = entry_at(call, *link)->left, right = entry_at(call, *link)->right;
    while (left != 0 && right != 0) {
        struct cf_entry *l = entry_at(call, left), *r = entry_at(call, right);
        if (cf_name_hash(s, l->name) >= cf_name_hash(s, r->name)) {
            cf_set32(s, link, left);
            link = &l->right;
            left = l->right;
        } else {
            cf_set32(s, link, right);
            link = &r->left;
            right = r->left;
        }
    }
    cf_set32(s, link, left != 0 ? left : right);
}

/* Another entry takes the place of the one at a link. It has the same key, so the order stays. */
static void tree_replace(struct cf_call *call, uint32_t *link, uint32_t number)
{
    const struct cf_entry *old = entry_at(call, *link);
    struct cf_entry *entry = entry_at(call, number);
    cf_set32(call->s, &entry->left, old->left);
    cf_set32(call->s, &entry->right, old->right);
    cf_set32(call->s, link, number);
}

static bool same_key(struct cf_call *call, uint32_t number, const uint8_t *key)
{
    return number != 0 && memcmp(entry_at(call, number)->name, key, CF_NAME_SIZE) == 0;
}

/* true: it was the last of its key. */
static bool key_unlink(struct cf_call *call, struct cf_list *list, uint32_t number, const struct cf_entry *entry)
{
    if (same_key(call, entry->prev, entry->name))
        return false;           /* not the first one: the tree does not know it */
    uint32_t *link = tree_find(call, list, entry->name);
    assert(*link == number);
    if (same_key(call, entry->next, entry->name)) {
        tree_replace(call, link, entry->next);
        return false;
    }
    tree_remove(call, link);
    return true;
}

/* --- lists --------------------------------------------------------------------------------------------------------- */

/* Chain an entry in before another, or last if before is 0. */
static void list_link(struct cf_call *call, struct cf_list *list, uint32_t number, uint32_t before)
{
    struct cf_structure *s = call->s;
    struct cf_entry *entry = entry_at(call, number);
    uint32_t after = before != 0 ? entry_at(call, before)->prev : list->tail;
    cf_set32(s, &entry->next, before);
    cf_set32(s, &entry->prev, after);
    cf_set32(s, after != 0 ? &entry_at(call, after)->next : &list->head, number);
    cf_set32(s, before != 0 ? &entry_at(call, before)->prev : &list->tail, number);
    cf_set32(s, &list->count, list->count + 1);
}

static void list_unlink(struct cf_call *call, struct cf_list *list, uint32_t number, const struct cf_entry *entry)
{
    struct cf_structure *s = call->s;
    if (list->cursor == number)
        cf_set32(s, &list->cursor, list->to_head ? entry->prev : entry->next);
    cf_set32(s, entry->prev != 0 ? &entry_at(call, entry->prev)->next : &list->head, entry->next);
    cf_set32(s, entry->next != 0 ? &entry_at(call, entry->next)->prev : &list->tail, entry->prev);
    cf_set32(s, &list->count, list->count - 1);
}

/* true: it is the first of its key. */
static bool key_link(struct cf_call *call, struct cf_list *list, uint32_t number, bool at_head)
{
    const struct cf_entry *entry = entry_at(call, number);
    struct place place = tree_place(call, list, entry->name);
    uint32_t first = *place.link;
    list_link(call, list, number, first == 0 ? place.above : at_head ? first : place_above(call, &place));
    if (first == 0)
        tree_insert(call, place.split, number);
    else if (at_head)
        tree_replace(call, place.link, number);
    return first == 0;
}

static void elements_count(struct cf_call *call, struct cf_list *list, const struct cf_entry *entry, bool more)
{
    uint32_t elements = entry->length > 0 ? cf_elements_for(call->s, entry->length) : 0;
    if (elements > 0)
        cf_set32(call->s, &list->elements, more ? list->elements + elements : list->elements - elements);
}

/* Put an entry on a list, take it off; what that means to those who monitor the list is the caller's to tell. true: its key
 * came to the list, has left it. */
static bool attach(struct cf_call *call, struct cf_list *list, uint32_t number, bool at_head)
{
    elements_count(call, list, entry_at(call, number), true);
    if (call->s->flags & CF_CONN_KEYED)
        return key_link(call, list, number, at_head);
    list_link(call, list, number, at_head ? list->head : 0);
    return false;
}

static bool detach(struct cf_call *call, struct cf_list *list, uint32_t number)
{
    const struct cf_entry *entry = entry_at(call, number);
    bool last = call->s->flags & CF_CONN_KEYED && key_unlink(call, list, number, entry);
    list_unlink(call, list, number, entry);
    elements_count(call, list, entry, false);
    return last;
}

/* --- entries ------------------------------------------------------------------------------------------------------- */

/* The entry increment to take an entry from: one that has free ones, the lower ones first, or that of the next fresh one. */
static uint32_t place_choose(struct cf_structure *s)
{
    if (s->entry_hint < s->entry_increment_count && cf_entries_at(s, s->entry_hint)->free != 0)
        return s->entry_hint;
    const uint64_t *map = cf_at(s, s->entry_free);
    for (uint32_t i = 0; i < (s->entry_increment_count + 63) / 64; i++)
        if (map[i] != 0)
            return i * 64 + (uint32_t)__builtin_ctzll(map[i]);
    return s->entries_fresh / s->entries_per_increment;
}

static void entries_set(struct cf_structure *s, uint32_t place, uint32_t free, uint32_t used)
{
    struct cf_entries *entries = cf_entries_at(s, place);
    const uint32_t now[2] = {free, used};
    if ((entries->free != 0) != (free != 0)) {
        uint64_t *word = (uint64_t *)cf_at(s, s->entry_free) + place / 64;
        cf_set64(s, word, *word ^ 1ull << place % 64);
    }
    cf_set_bytes(s, &entries->free, now, sizeof now);
}

/* A free entry, taken. Its contents may be stored plainly, but for what the chain of free entries needs. */
static uint32_t entry_take(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint32_t place = place_choose(s);
    struct cf_entries *entries = cf_entries_at(s, place);
    uint32_t number = entries->free, next = 0;
    if (number != 0) {
        next = entry_at(call, number)->next;
    } else {
        number = s->entries_fresh + 1;
        cf_set32(s, &s->entries_fresh, number);
    }
    entries_set(s, place, next, entries->used + 1);
    cf_set32(s, &s->entries_used, s->entries_used + 1);
    s->entry_hint = place;
    return number;
}

static void entry_give(struct cf_call *call, uint32_t number, struct cf_entry *entry)
{
    struct cf_structure *s = call->s;
    uint32_t place = (number - 1) / s->entries_per_increment;
    struct cf_entries *entries = cf_entries_at(s, place);
    cf_set32(s, &entry->list, 0);
    cf_set32(s, &entry->next, entries->free);
    entries_set(s, place, number, entries->used - 1);
    cf_set32(s, &s->entries_used, s->entries_used - 1);
    s->entry_hint = place;
}

uint32_t cf_entry_create(struct cf_call *call, uint32_t list_number, const uint8_t *name, bool at_head)
{
    struct cf_structure *s = call->s;
    struct cf_list *list = cf_list_at(s, list_number);
    uint32_t number = entry_take(call);
    struct cf_entry *entry = entry_at(call, number);
    cf_fresh(s, entry, s->entry_size);
    cf_set64(s, &s->sequence, s->sequence + 1);
    entry->sequence = s->sequence;
    entry->version = 0;
    memcpy(entry->name, s->flags & (CF_CONN_NAMED | CF_CONN_KEYED) ? name : no_name, CF_NAME_SIZE);
    entry->hash_next = entry->left = entry->right = 0;
    entry->run = CF_NO_RUN;
    entry->length = 0;
    if (s->flags & CF_CONN_ADJUNCT)
        memset(cf_adjunct(entry), 0, CF_ADJUNCT_SIZE);
    cf_set32(s, &entry->list, list_number + 1);

    if (attach(call, list, number, at_head))
        cf_sublist_transition(call, list_number, name, true);
    if (list->count == 1)
        cf_list_transition(call, list);
    if (s->flags & CF_CONN_NAMED && memcmp(name, no_name, CF_NAME_SIZE) != 0) {
        uint32_t *first = bucket(s, name);
        entry->hash_next = *first;
        cf_set32(s, first, number);
    }
    return number;
}

void cf_entry_delete(struct cf_call *call, uint32_t number)
{
    struct cf_structure *s = call->s;
    struct cf_entry *entry = entry_at(call, number);
    struct cf_list *list = cf_list_at(s, entry->list - 1);
    if (detach(call, list, number))
        cf_sublist_transition(call, entry->list - 1, entry->name, false);
    if (list->count == 0)
        cf_list_transition(call, list);
    if (s->flags & CF_CONN_NAMED && memcmp(entry->name, no_name, CF_NAME_SIZE) != 0)
        name_unlink(call, number, entry);
    if (entry->run != CF_NO_RUN) {
        cf_elements_free(call->cf, s, entry->run);
        cf_set32(s, &s->elements_used, s->elements_used - cf_elements_for(s, entry->length));
    }
    entry_give(call, number, entry);
}

void cf_entry_move(struct cf_call *call, uint32_t number, uint32_t to_number, const uint8_t *key, bool at_head)
{
    struct cf_structure *s = call->s;
    struct cf_entry *entry = entry_at(call, number);
    uint32_t from_number = entry->list - 1;
    struct cf_list *from = cf_list_at(s, from_number), *to = cf_list_at(s, to_number);
    uint8_t old_key[CF_NAME_SIZE];
    memcpy(old_key, entry->name, CF_NAME_SIZE);
    bool other_key = memcmp(old_key, key, CF_NAME_SIZE) != 0;

    bool last = detach(call, from, number);
    if (other_key)
        cf_set_bytes(s, entry->name, key, CF_NAME_SIZE);
    if (from != to)
        cf_set32(s, &entry->list, to_number + 1);
    bool first = attach(call, to, number, at_head);

    /* An entry that is alone and only changes its place has neither emptied nor filled anything. */
    if (last && (from != to || other_key))
        cf_sublist_transition(call, from_number, old_key, false);
    if (first && (from != to || other_key))
        cf_sublist_transition(call, to_number, key, true);
    if (from->count == 0)
        cf_list_transition(call, from);
    if (to->count == 1 && from != to)
        cf_list_transition(call, to);
}

uint32_t cf_entry_by_leid(struct cf_call *call, const uint8_t *leid)
{
    uint32_t number = get_be32(leid);
    if (number == 0 || number > call->s->entries_fresh)
        return 0;
    const struct cf_entry *entry = entry_at(call, number);
    return entry->list != 0 && entry->sequence == get_be64(leid + 4) ? number : 0;
}

/* The last entry whose key is not above this one; 0 = none. */
static uint32_t last_up_to(struct cf_call *call, const struct cf_list *list, const uint8_t *key)
{
    uint32_t above = tree_above(call, list, key);
    return above != 0 ? entry_at(call, above)->prev : list->tail;
}

static uint32_t by_key(struct cf_call *call, struct cf_list *list, const uint8_t *key, bool first)
{
    uint8_t request = call->mcb[MCB_OWN + LIST_KEYREQUEST];
    uint32_t number = *tree_find(call, list, key);
    if (number == 0 && request == CF_KEYREQUEST_LESSOREQUAL) {
        number = last_up_to(call, list, key);
        return number == 0 || !first ? number : *tree_find(call, list, entry_at(call, number)->name);
    }
    if (number == 0 && request != CF_KEYREQUEST_EQUAL)
        number = tree_above(call, list, key);
    return number == 0 || first ? number : last_up_to(call, list, entry_at(call, number)->name);
}

uint32_t cf_entry_of_key(struct cf_call *call, uint32_t list, const uint8_t *key)
{
    return *tree_find(call, cf_list_at(call->s, list), key);
}

uint32_t cf_entry_locate(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    struct cf_list *list = cf_list_at(call->s, get_be32(mcb + MCB_LIST));
    switch (mcb[MCB_LOCATE]) {
    case CF_LOCATE_HEAD:
        return list->head;
    case CF_LOCATE_TAIL:
        return list->tail;
    case CF_LOCATE_LEID:
        return cf_entry_by_leid(call, mcb + MCB_LEID);
    case CF_LOCATE_NAME:
        return cf_entry_named(call->cf, call->s, mcb + MCB_NAME);
    case CF_LOCATE_KEY_HEAD:
        return by_key(call, list, mcb + MCB_NAME, true);
    case CF_LOCATE_KEY_TAIL:
        return by_key(call, list, mcb + MCB_NAME, false);
    case CF_LOCATE_CURSOR:
        return list->cursor;
    default:
        return 0;
    }
}
