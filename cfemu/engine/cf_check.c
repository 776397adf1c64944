/* cf_check(): walk a segment and verify what cf_segment.h promises, trusting no number before it is checked.
 *
 *   directory   each increment of the map belongs to a structure in use; free ones are counted
 *   structure   its increments are its own, each in one place
 *   lists       chains agree both ways and with the counts; each entry is on one list; keys in order, tree well-formed;
 *               elements are counted, the cursor is at an entry of the list
 *   free list   every entry number is on a list or free, never both
 *   elements    each element belongs to the data of one entry or is free, as the bit maps and counts say
 *   names       each named entry is in its bucket, once
 *   connections names once; responses are awaited from those who owe them
 *   locks       queues agree with the wait entries of the connections; owners are connected; nobody waits for persistent ones
 *   lock table  interest is that of connections; managers as cf_locktable.h says; record data has an owner
 *   monitors    each is on the chain of its list or free; vector bits say whether the list is empty
 *   sublists    each event monitor is in its bucket, with its connection and on its queue, or free; queued only if the
 *               sublist has an entry
 *   undo        nothing is half done
 *   copies      those of a duplexed structure are equal */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_entry.h"
#include "cfemu/engine/cf_rebuild.h"
#include "cfemu/engine/cf_life.h"
#include "cfemu/engine/cf_locktable.h"
#include "cfemu/engine/cf_sublist.h"
#include "cfemu/engine/cf_undo.h"

struct check {
    struct cf *cf;
    FILE *report;
    int findings;
    struct cf_slot *slot;
    struct cf_structure *s;
    uint8_t *entry_seen;        /* by entry number */
    uint8_t *element_seen;      /* by place * CF_INCREMENT_ELEMENTS + slot */
    uint32_t elements_used;
};

__attribute__((format(printf, 2, 3))) static void finding(struct check *check, const char *format, ...)
{
    va_list arguments;
    check->findings++;
    if (!check->report)
        return;
    if (check->slot)
        fprintf(check->report, "%.16s: ", (const char *)check->slot->name);
    va_start(arguments, format);
    vfprintf(check->report, format, arguments);
    va_end(arguments);
    fputc('\n', check->report);
}

/* --- geometry ------------------------------------------------------------------------------------------------------- */

/* The structure's, and in no other place of it? */
static bool increment_check(struct check *check, const char *what, uint32_t place, uint32_t number, uint8_t *seen)
{
    const struct cf_half *half = &check->cf->half[check->slot->where];
    uint32_t owner = (uint32_t)(check->slot - check->cf->slots) + 1;
    if (number < half->header->increments && half->map[number] == owner && !seen[number]++)
        return true;
    finding(check, "%s increment %u is number %u, which is not the structure's or is used twice", what, place, number);
    return false;
}

static bool increments_check(struct check *check, uint32_t first, uint8_t *seen)
{
    struct cf_structure *s = check->s;
    const uint32_t *elements = cf_at(s, s->element_increments);
    uint32_t gaps = 0;
    bool valid = true;
    for (uint32_t i = 0; i < cf_control_increments(s); i++)
        valid &= increment_check(check, "control", i, first + i, seen);
    for (uint32_t i = 0; valid && i < s->entry_increment_count; i++)
        valid &= increment_check(check, "entry", i, cf_entries_at(s, i)->increment, seen);
    for (uint32_t i = 0; valid && i < s->element_places; i++) {
        gaps += elements[i] == CF_NO_INCREMENT;
        valid &= elements[i] == CF_NO_INCREMENT || increment_check(check, "element", i, elements[i], seen);
    }
    if (valid && s->element_increment_count + gaps != s->element_places)
        finding(check, "%u places of element increments, %u of them gaps, counted as %u", s->element_places, gaps,
                s->element_increment_count);
    return valid;
}

/* Are the offsets sane? Everything else relies on them. */
static bool geometry_check(struct check *check)
{
    const struct cf_slot *slot = check->slot;
    const struct cf_header *header = check->cf->half[slot->where].header;
    struct cf_structure *s = check->s;
    uint64_t first = (slot->control[slot->where] - header->first) / CF_INCREMENT;
    if (s->back != first * CF_INCREMENT ||
        cf_control_increments(s) + s->entry_increment_count + s->element_increment_count != slot->increments ||
        s->entries_per_increment == 0 || s->element_size != CF_ELEMENT_MIN << s->elemchar ||
        s->lists < sizeof *s || s->locks < s->lists ||
        s->hash < s->locks + (uint64_t)s->table_entries * s->table_words * sizeof(uint64_t) ||
        s->controls < s->hash || s->emcs < s->controls || s->emc_hash < s->emcs || s->entry_increments < s->emc_hash || s->emcs_total > CF_EMCS_MAX ||
        s->entry_free < s->entry_increments || s->element_increments < s->entry_free ||
        s->element_free < s->element_increments || s->control_size < s->element_free ||
        slot->increments > s->increments_max || s->element_places > s->increments_max ||
        s->element_places < s->element_increment_count || s->entries_total != s->entry_increment_count * s->entries_per_increment) {
        finding(check, "the geometry contradicts itself");
        return false;
    }
    uint8_t *seen = calloc(header->increments, 1);
    if (!seen) {
        finding(check, "out of memory");
        return false;
    }
    bool valid = increments_check(check, (uint32_t)first, seen);
    free(seen);
    return valid;
}

/* --- data elements --------------------------------------------------------------------------------------------------- */

static void runs_check(struct check *check, uint32_t number, const struct cf_entry *entry)
{
    struct cf_structure *s = check->s;
    const uint32_t *element_increments = cf_at(s, s->element_increments);
    uint32_t wanted = cf_elements_for(s, entry->length), found = 0;
    for (uint32_t run = entry->run; run != CF_NO_RUN && found <= wanted;) {
        uint32_t place = run / CF_INCREMENT_ELEMENTS, slot = run % CF_INCREMENT_ELEMENTS;
        if (place >= s->element_places || element_increments[place] == CF_NO_INCREMENT || slot >= s->elements_per_increment) {
            finding(check, "entry %u: run at %u, where no element is", number, run);
            return;
        }
        const struct cf_elements *elements = cf_elements_at(check->cf, s, place);
        const struct cf_run *head = &elements->run[slot];
        if (head->length == 0 || head->length > s->elements_per_increment - slot) {
            finding(check, "entry %u: run of %u elements at %u", number, head->length, run);
            return;
        }
        for (uint32_t i = slot; i < slot + head->length; i++) {
            if (check->element_seen[run - slot + i]++)
                finding(check, "entry %u: element %u belongs to another entry too", number, run - slot + i);
            if (!(elements->used[i / 64] >> i % 64 & 1))
                finding(check, "entry %u: element %u is marked free", number, run - slot + i);
        }
        found += head->length;
        run = head->next;
    }
    if (found != wanted)
        finding(check, "entry %u: %u bytes of data in %u elements or more", number, entry->length, found);
    check->elements_used += found;
}

static void elements_check(struct check *check)
{
    struct cf_structure *s = check->s;
    const uint64_t *element_free = cf_at(s, s->element_free);
    const uint32_t *table = cf_at(s, s->element_increments);
    for (uint32_t place = 0; place < s->element_places; place++) {
        if (table[place] == CF_NO_INCREMENT) {
            if (element_free[place / 64] >> place % 64 & 1)
                finding(check, "element increment %u is a gap, and said to have free elements", place);
            continue;
        }
        const struct cf_elements *elements = cf_elements_at(check->cf, s, place);
        uint32_t free_count = 0;
        for (uint32_t i = 0; i < s->elements_per_increment; i++) {
            bool used = elements->used[i / 64] >> i % 64 & 1;
            free_count += !used;
            if (used && !check->element_seen[place * CF_INCREMENT_ELEMENTS + i])
                finding(check, "element %u is marked used, but no entry has it", place * CF_INCREMENT_ELEMENTS + i);
        }
        if (free_count != elements->free)
            finding(check, "element increment %u: %u free, counted as %u", place, free_count, elements->free);
        if ((free_count > 0) != (element_free[place / 64] >> place % 64 & 1))
            finding(check, "element increment %u: the bit for free elements is wrong", place);
    }
    if (check->elements_used != s->elements_used)
        finding(check, "%u elements used, counted as %u", check->elements_used, s->elements_used);
    if (s->elements_used > s->elements_total)
        finding(check, "%u elements used of %u", s->elements_used, s->elements_total);
}

/* --- entries and lists ------------------------------------------------------------------------------------------------ */

static bool entry_valid(struct check *check, const char *where, uint32_t number)
{
    if (number >= 1 && number <= check->s->entries_fresh && check->s->entries_fresh <= check->s->entries_total)
        return true;
    finding(check, "%s: entry number %u of %u", where, number, check->s->entries_fresh);
    return false;
}

static struct cf_entry *entry_of(struct check *check, uint32_t number)
{
    return cf_entry_at(check->cf, check->s, number);
}

/* The tree between two keys (NULL: no bound). Depth is bounded, so that a loop ends. Result: entries in it. */
static uint32_t tree_check(struct check *check, uint32_t list, uint32_t number, const uint8_t *low, const uint8_t *high, int depth)
{
    if (number == 0)
        return 0;
    if (depth == 0 || !entry_valid(check, "tree", number)) {
        finding(check, "list %u: the tree is too deep or leaves the structure", list);
        return 0;
    }
    struct cf_structure *s = check->s;
    const struct cf_entry *entry = entry_of(check, number);
    if (entry->list != list + 1 || (low && memcmp(entry->name, low, CF_NAME_SIZE) <= 0) ||
        (high && memcmp(entry->name, high, CF_NAME_SIZE) >= 0))
        finding(check, "list %u: entry %u is in a wrong place of the tree", list, number);
    if (entry->prev != 0 && memcmp(entry_of(check, entry->prev)->name, entry->name, CF_NAME_SIZE) == 0)
        finding(check, "list %u: entry %u is in the tree, but not the first of its key", list, number);
    const uint32_t child[2] = {entry->left, entry->right};
    for (int i = 0; i < 2; i++)
        if (child[i] != 0 && entry_valid(check, "tree", child[i]) &&
            cf_name_hash(s, entry_of(check, child[i])->name) > cf_name_hash(s, entry->name))
            finding(check, "list %u: entry %u ranks above its parent in the tree", list, child[i]);
    return 1 + tree_check(check, list, entry->left, low, entry->name, depth - 1) +
           tree_check(check, list, entry->right, entry->name, high, depth - 1);
}

static void list_check(struct check *check, uint32_t index)
{
    struct cf_structure *s = check->s;
    const struct cf_list *list = cf_list_at(s, index);
    uint32_t count = 0, before = 0, keys = 0;
    uint64_t elements = 0;
    bool cursor_met = list->cursor == 0;
    for (uint32_t number = list->head; number != 0; number = entry_of(check, number)->next) {
        if (!entry_valid(check, "list", number))
            return;
        const struct cf_entry *entry = entry_of(check, number);
        if (check->entry_seen[number]++) {
            finding(check, "list %u: entry %u is met twice", index, number);
            return;
        }
        if (entry->list != index + 1 || entry->prev != before)
            finding(check, "list %u: entry %u says list %d and predecessor %u, not %u", index, number,
                    (int)entry->list - 1, entry->prev, before);
        int order = before == 0 ? 1 : memcmp(entry->name, entry_of(check, before)->name, CF_NAME_SIZE);
        if (s->flags & CF_CONN_KEYED && order < 0)
            finding(check, "list %u: entry %u has a lower key than the one before", index, number);
        if (entry->sequence == 0 || entry->sequence > s->sequence)
            finding(check, "list %u: entry %u has sequence %" PRIu64 " of %" PRIu64, index, number, entry->sequence, s->sequence);
        keys += order != 0;
        elements += cf_elements_for(s, entry->length);
        cursor_met |= number == list->cursor;
        runs_check(check, number, entry);
        before = number;
        count++;
    }
    if (list->tail != before || list->count != count)
        finding(check, "list %u: %u entries, tail %u; header says %u, %u", index, count, before, list->count, list->tail);
    if (list->elements != elements || !cursor_met)
        finding(check, "list %u: %" PRIu64 " elements; header says %u; cursor at %u", index, elements, list->elements, list->cursor);
    if (s->flags & CF_CONN_KEYED && tree_check(check, index, list->root, NULL, NULL, 1000) != keys)
        finding(check, "list %u: the tree does not have its %u keys", index, keys);
}

/* The free entries of an entry increment, and its count of used ones. Result: how many are free. */
static uint32_t place_check(struct check *check, uint32_t place)
{
    struct cf_structure *s = check->s;
    const struct cf_entries *entries = cf_entries_at(s, place);
    const uint64_t *map = cf_at(s, s->entry_free);
    uint32_t first = place * s->entries_per_increment + 1, used = 0, free_count = 0;
    for (uint32_t number = first; number < first + s->entries_per_increment && number <= s->entries_fresh; number++)
        used += check->entry_seen[number] && entry_of(check, number)->list != 0;
    if (used != entries->used)
        finding(check, "entry increment %u: %u entries used, counted as %u", place, used, entries->used);
    if ((entries->free != 0) != (map[place / 64] >> place % 64 & 1))
        finding(check, "entry increment %u: the bit for free entries is wrong", place);
    for (uint32_t number = entries->free; number != 0; number = entry_of(check, number)->next) {
        if (!entry_valid(check, "free entries", number))
            break;
        if (number < first || number >= first + s->entries_per_increment || check->entry_seen[number]++ ||
            entry_of(check, number)->list != 0) {
            finding(check, "entry %u is free and in use, or free twice, or in a wrong increment", number);
            break;
        }
        free_count++;
    }
    return free_count;
}

static void free_entries_check(struct check *check)
{
    struct cf_structure *s = check->s;
    uint32_t used = 0;
    for (uint32_t number = 1; number <= s->entries_fresh; number++)
        used += check->entry_seen[number];
    if (used != s->entries_used)
        finding(check, "%u entries on lists, counted as %u", used, s->entries_used);
    uint32_t free_count = 0;
    for (uint32_t place = 0; place < s->entry_increment_count; place++)
        free_count += place_check(check, place);
    if (used + free_count != s->entries_fresh)
        finding(check, "%u entries used and %u free of %u", used, free_count, s->entries_fresh);
}

static void names_check(struct check *check)
{
    static const uint8_t no_name[CF_NAME_SIZE];
    struct cf_structure *s = check->s;
    const uint32_t *buckets = cf_at(s, s->hash);
    uint32_t named = 0, found = 0;
    for (uint32_t number = 1; number <= s->entries_fresh; number++) {
        const struct cf_entry *entry = entry_of(check, number);
        named += entry->list != 0 && memcmp(entry->name, no_name, CF_NAME_SIZE) != 0;
    }
    for (uint32_t i = 0; i <= s->hash_mask; i++) {
        for (uint32_t number = buckets[i]; number != 0; number = entry_of(check, number)->hash_next) {
            if (!entry_valid(check, "names", number))
                return;
            const struct cf_entry *entry = entry_of(check, number);
            if (entry->list == 0 || (cf_name_hash(s, entry->name) & s->hash_mask) != i ||
                cf_entry_named(check->cf, s, entry->name) != number)
                finding(check, "entry %u is in a wrong bucket, or its name is there twice", number);
            if (++found > named) {
                finding(check, "more entries in the hash table than have names");
                return;
            }
        }
    }
    if (found != named)
        finding(check, "%u entries have names, %u are in the hash table", named, found);
}

/* --- connections, locks, monitors -------------------------------------------------------------------------------------- */

/* May have waits and monitors. */
static bool connected(const struct cf_structure *s, uint32_t conid)
{
    if (conid < 1 || conid > CF_CONNECTIONS_MAX)
        return false;
    uint32_t state = s->conn[conid].state;
    return state == CF_CONN_ACTIVE || ((state == CF_CONN_FAILING || state == CF_CONN_DISCONNECTING) && !s->conn[conid].told);
}

/* May hold locks. */
static bool holder(const struct cf_structure *s, uint32_t conid)
{
    return conid >= 1 && conid <= CF_CONNECTIONS_MAX && s->conn[conid].state != CF_CONN_FREE;
}

static void responses_check(struct check *check, uint32_t conid)
{
    const struct cf_structure *s = check->s;
    const struct cf_conn *conn = &s->conn[conid];
    bool ending = conn->state == CF_CONN_FAILING || conn->state == CF_CONN_DISCONNECTING;
    for (uint32_t i = 0; i <= CF_CONNECTIONS_MAX; i++)
        if (cf_conid_in(conn->awaited, i) && (!ending || !conn->told || i == 0 || s->conn[i].state != CF_CONN_ACTIVE ||
                                              !(s->conn[i].options & CF_CONN_OPT_RESPONDS)))
            finding(check, "connection %u: a response of %u is awaited, which owes none", conid, i);
    if (ending && !cf_connection_awaits(conn))
        finding(check, "connection %u is ending, and waits for nobody", conid);
}

static void connections_check(struct check *check)
{
    const struct cf_structure *s = check->s;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        const struct cf_conn *conn = &s->conn[i];
        if (conn->state > CF_CONN_DISCONNECTING)
            finding(check, "connection %u: state %u", i, conn->state);
        if (conn->state == CF_CONN_ACTIVE &&
            (conn->attachment >= CF_ATTACHMENTS_MAX || (conn->token & 0xFF) != i || conn->token >> 32 > check->cf->half[0].header->epoch ||
             atomic_load(&check->cf->attachments[conn->attachment].state) != CF_ATTACHMENT_ACTIVE))
            finding(check, "connection %u: active without a process or a valid token", i);
        if (conn->state != CF_CONN_ACTIVE && conn->token != 0)
            finding(check, "connection %u: not active, but its token is valid", i);
        if (conn->state != CF_CONN_FREE)
            responses_check(check, i);
        for (uint32_t j = 1; j < i && conn->state != CF_CONN_FREE; j++)
            if (s->conn[j].state != CF_CONN_FREE && memcmp(conn->name, s->conn[j].name, CF_NAME_SIZE) == 0)
                finding(check, "connections %u and %u have the same name", j, i);
    }
}

static uint32_t queue_check(struct check *check, uint32_t index)
{
    struct cf_structure *s = check->s;
    const struct cf_lock *lock = cf_lock_at(s, index);
    uint32_t count = 0, last = 0;
    for (uint32_t number = lock->first; number != 0 && count <= lock->waiters; number = cf_wait_at(s, number)->next) {
        if (!connected(s, number / CF_WAITS_MAX) || cf_wait_at(s, number)->state != CF_WAIT_QUEUED ||
            cf_wait_at(s, number)->lock != index) {
            finding(check, "lock %u: wait entry %u does not wait for it", index, number);
            return count;
        }
        last = number;
        count++;
    }
    if (count != lock->waiters || last != lock->last)
        finding(check, "lock %u: %u waiters, last %u; it says %u, %u", index, count, last, lock->waiters, lock->last);
    if (lock->owner == 0 ? count > 0 : !holder(s, lock->owner))
        finding(check, "lock %u: owner %u, %u waiters", index, lock->owner, count);
    return count;
}

static void locks_check(struct check *check)
{
    struct cf_structure *s = check->s;
    uint32_t queued = 0, waiting = 0;
    for (uint32_t i = 0; i < s->lockentries; i++)
        queued += queue_check(check, i);
    for (uint32_t i = CF_WAITS_MAX; i < (CF_CONNECTIONS_MAX + 1) * CF_WAITS_MAX; i++) {
        const struct cf_wait_entry *wait = cf_wait_at(s, i);
        waiting += wait->state == CF_WAIT_QUEUED;
        if (wait->state == CF_WAIT_FREE)
            continue;
        if (wait->lock >= s->lockentries || !connected(s, i / CF_WAITS_MAX) ||
            (wait->state == CF_WAIT_GRANTED && cf_lock_at(s, wait->lock)->owner != i / CF_WAITS_MAX))
            finding(check, "wait entry %u: state %u for lock %u", i, wait->state, wait->lock);
    }
    if (queued != waiting)
        finding(check, "%u wait entries in queues, %u say they are", queued, waiting);
}

static void table_entry_check(struct check *check, uint32_t index)
{
    struct cf_structure *s = check->s;
    struct cf_interest e;
    bool any = false;
    cf_interest_load(s, index, &e);
    bool managed = e.manager >= 1 && e.manager <= s->maxconn && s->conn[e.manager].state != CF_CONN_FREE;
    for (uint32_t conid = 0; conid < 64 * e.words; conid++) {
        if (!cf_interest_of(&e, conid))
            continue;
        any = true;
        if (conid < 1 || conid > s->maxconn || s->conn[conid].state == CF_CONN_FREE)
            finding(check, "lock table entry %u: interest of connection %u, which there is not", index, conid);
        else if (e.manager == 0 && s->conn[conid].state == CF_CONN_FAILED_PERSISTENT)
            finding(check, "lock table entry %u: shared interest of failed connection %u", index, conid);
    }
    if (e.manager != 0 && e.manager != CF_LOCK_ORPHAN && !managed)
        finding(check, "lock table entry %u: manager %u is no connection", index, e.manager);
    if (e.manager == CF_LOCK_ORPHAN && !any)
        finding(check, "lock table entry %u: an orphan that nobody has interest in", index);
}

static void lock_structure_check(struct check *check)
{
    struct cf_structure *s = check->s;
    if (s->table_words != (s->maxconn <= CF_NARROW_USERS ? 1u : 5u) || s->listheaders != CF_CONNECTIONS_MAX + 1) {
        finding(check, "lock table entries of %u words for %u connections", s->table_words, s->maxconn);
        return;
    }
    for (uint32_t i = 0; i < s->table_entries; i++)
        table_entry_check(check, i);
    for (uint32_t i = 0; i <= CF_CONNECTIONS_MAX; i++)
        if (cf_list_at(s, i)->count > 0 && (i == 0 || s->conn[i].state == CF_CONN_FREE))
            finding(check, "connection %u has record data, but is not there", i);
    for (uint32_t number = 1; number <= s->entries_fresh; number++) {
        const struct cf_entry *entry = entry_of(check, number);
        if (entry->list != 0 && (entry->version >> 8 >= s->table_entries || entry->length != 0))
            finding(check, "record data %u is of lock table entry %" PRIu64, number, entry->version >> 8);
    }
}

static void monitors_check(struct check *check)
{
    struct cf_structure *s = check->s;
    uint32_t found = 0;
    for (uint32_t i = 0; i < s->listheaders; i++) {
        const struct cf_list *list = cf_list_at(s, i);
        for (uint32_t number = list->monitors; number != 0; number = s->monitor[number].next) {
            const struct cf_monitor *monitor = &s->monitor[number];
            if (number > CF_MONITORS_MAX || ++found > CF_MONITORS_MAX || !connected(s, monitor->conid) ||
                monitor->list != i || monitor->bit >= s->conn[monitor->conid].vector_bits) {
                finding(check, "list %u: monitor %u is not of this list or has no connection", i, number);
                return;
            }
            bool on = s->conn[monitor->conid].vector[monitor->bit / 64] >> (63 - monitor->bit % 64) & 1;
            if (on != (list->count > 0))
                finding(check, "list %u: %u entries, vector bit of connection %u is %d", i, list->count, monitor->conid, on);
        }
    }
    for (uint32_t number = s->monitor_free; number != 0; number = s->monitor[number].next) {
        if (number > CF_MONITORS_MAX || ++found > CF_MONITORS_MAX || s->monitor[number].conid != 0) {
            finding(check, "monitor %u is free and in use", number);
            return;
        }
    }
    if (found != CF_MONITORS_MAX)
        finding(check, "%u monitors of %u are accounted for", found, CF_MONITORS_MAX);
}

/* --- event monitors ---------------------------------------------------------------------------------------------------- */

static bool emc_valid(struct check *check, uint32_t number)
{
    if (number >= 1 && number <= check->s->emcs_total)
        return true;
    finding(check, "event monitor number %u of %u", number, check->s->emcs_total);
    return false;
}

/* The sublist has an entry; found in the chain of the list's tree, which was checked before. */
static bool sublist_filled(struct check *check, const struct cf_emc *emc)
{
    struct cf_call call = {.cf = check->cf, .s = check->s};
    return cf_entry_of_key(&call, emc->list, emc->key) != 0;
}

static void emc_check(struct check *check, uint32_t number)
{
    struct cf_structure *s = check->s;
    const struct cf_emc *emc = cf_emc_at(s, number);
    if (!connected(s, emc->conid) || emc->list >= s->listheaders) {
        finding(check, "event monitor %u: connection %u, list %u", number, emc->conid, emc->list);
        return;
    }
    if (cf_emc_find(s, emc->conid, emc->list, emc->key) != number)
        finding(check, "event monitor %u: not in its bucket, or there twice", number);
    if (emc->queued > 1 || (emc->queued && !sublist_filled(check, emc)))
        finding(check, "event monitor %u: queued (%u), and the sublist is empty", number, emc->queued);
}

/* Chain of a connection's monitors and its queue. Result: monitors. */
static uint32_t conn_emcs_check(struct check *check, uint32_t conid)
{
    struct cf_structure *s = check->s;
    const struct cf_conn *conn = &s->conn[conid];
    uint32_t count = 0, queued = 0, before = 0;
    for (uint32_t number = conn->emcs; number != 0 && count <= s->emcs_used; number = cf_emc_at(s, number)->conn_next) {
        if (!emc_valid(check, number))
            return count;
        if (cf_emc_at(s, number)->conid != conid || cf_emc_at(s, number)->conn_prev != before)
            finding(check, "event monitor %u is in the chain of connection %u by mistake", number, conid);
        queued += cf_emc_at(s, number)->queued;
        before = number;
        count++;
    }
    before = 0;
    for (uint32_t number = conn->eq_head; number != 0 && queued > 0; number = cf_emc_at(s, number)->eq_next, queued--) {
        if (!emc_valid(check, number))
            return count;
        if (cf_emc_at(s, number)->conid != conid || !cf_emc_at(s, number)->queued || cf_emc_at(s, number)->eq_prev != before)
            finding(check, "event monitor %u is on the queue of connection %u by mistake", number, conid);
        before = number;
    }
    if (count != conn->emc_count || queued != 0 || conn->eq_tail != before || (conn->eq_count == 0) != (conn->eq_head == 0))
        finding(check, "connection %u: %u event monitors, %u not found on the queue; it says %u, and %u queued", conid, count,
                queued, conn->emc_count, conn->eq_count);
    if (conn->eq_bit > conn->vector_bits ||
        (conn->eq_bit != 0 && (conn->vector[(conn->eq_bit - 1) / 64] >> (63 - (conn->eq_bit - 1) % 64) & 1) != (conn->eq_count > 0)))
        finding(check, "connection %u: %u events queued, vector bit %d is wrong", conid, conn->eq_count, (int)conn->eq_bit - 1);
    return count;
}

static void sublists_check(struct check *check)
{
    struct cf_structure *s = check->s;
    uint32_t used = 0, chained = 0, hashed = 0, free_count = 0;
    for (uint32_t number = 1; number <= s->emcs_total; number++) {
        if (cf_emc_at(s, number)->conid == 0)
            continue;
        emc_check(check, number);
        used++;
    }
    for (uint32_t i = 0; i <= s->emc_hash_mask && hashed <= used; i++)
        for (uint32_t number = ((uint32_t *)cf_at(s, s->emc_hash))[i]; number != 0 && hashed++ <= used;
             number = cf_emc_at(s, number)->hash_next)
            if (!emc_valid(check, number))
                return;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        chained += conn_emcs_check(check, i);
    for (uint32_t number = s->emc_free; number != 0 && free_count++ <= s->emcs_total; number = cf_emc_at(s, number)->hash_next)
        if (!emc_valid(check, number))
            return;
    if (used != s->emcs_used || chained != used || hashed != used || used + free_count != s->emcs_total)
        finding(check, "%u event monitors of %u: %u chained, %u in buckets, %u free, counted as %u", used, s->emcs_total, chained,
                hashed, free_count, s->emcs_used);
}

/* --- all of it --------------------------------------------------------------------------------------------------------- */

static void contents_check(struct check *check)
{
    struct cf_structure *s = check->s;
    int before = check->findings;
    check->elements_used = 0;
    check->entry_seen = calloc((size_t)s->entries_total + 1, 1);
    check->element_seen = calloc((size_t)s->element_places * CF_INCREMENT_ELEMENTS + 1, 1);
    if (check->entry_seen && check->element_seen) {
        for (uint32_t i = 0; i < s->listheaders; i++)
            list_check(check, i);
        free_entries_check(check);
        elements_check(check);
        if (s->flags & CF_CONN_NAMED)
            names_check(check);
        connections_check(check);
        locks_check(check);
        monitors_check(check);
        if (check->findings == before)
            sublists_check(check);      /* goes by the trees */
        if (s->type == CF_TYPE_LOCK)
            lock_structure_check(check);
    } else {
        finding(check, "out of memory");
    }
    free(check->entry_seen);
    free(check->element_seen);
}

static void structure_check(struct check *check)
{
    check->s = cf_control(check->cf, check->slot);
    if (check->s->undo.count != 0)
        finding(check, "%u stores of an unfinished command", check->s->undo.count);
    if (geometry_check(check))
        contents_check(check);
    if (!cf_rebuild_valid(check->cf, check->slot))
        finding(check, "the structures of a rebuild do not refer to each other");
    if (check->slot->duplex == CF_DUPLEX_ACTIVE) {
        uint64_t difference = cf_duplex_compare(check->cf, check->slot);
        if (difference != 0)
            finding(check, "the copies differ, first at %" PRIx64 " of the primary's segment", difference);
    }
}

static void storage_check(struct check *check, uint32_t in)
{
    const struct cf *cf = check->cf;
    const struct cf_half *half = &cf->half[in];
    uint32_t free_count = 0;
    uint32_t owned[CF_STRUCTURES_MAX + 1] = {0};
    check->slot = NULL;
    for (uint32_t i = 0; i < half->header->increments; i++) {
        uint32_t owner = half->map[i];
        if (owner > CF_STRUCTURES_MAX || (owner != 0 && cf->slots[owner - 1].state != CF_SLOT_ACTIVE))
            finding(check, "increment %u belongs to %u, which is no structure", i, owner);
        else
            owned[owner]++;
        free_count += owner == 0;
    }
    if (free_count != half->header->increments_free)
        finding(check, "%u increments are free, counted as %u", free_count, half->header->increments_free);
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        const struct cf_slot *slot = &cf->slots[i];
        if (slot->state == CF_SLOT_ACTIVE && slot->control[in] != 0 && owned[i + 1] != slot->increments)
            finding(check, "structure slot %u has %u increments in CF %.8s, not %u", i, owned[i + 1],
                    (const char *)half->header->cfname, slot->increments);
    }
}

static void directory_check(struct check *check)
{
    const struct cf *cf = check->cf;
    const struct cf_policy *policy = cf_policy_active(cf);
    if (atomic_load(&cf->half[0].policy->active) > 2 || (policy && !cf_policy_valid(policy)))
        finding(check, "the active policy refers to what it does not have");
    for (uint32_t half = 0; half < 2; half++)
        if (cf->half[half].base)
            storage_check(check, half);
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        const struct cf_slot *slot = &cf->slots[i];
        if (slot->state != CF_SLOT_FREE && slot->state != CF_SLOT_ACTIVE)
            finding(check, "structure slot %u is half %s", i, slot->state == CF_SLOT_FREEING ? "freed" : "allocated");
    }
}

/* Everything under the directory mutex and each structure's in turn. */
static void segment_check(struct check *check)
{
    struct cf *cf = check->cf;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        if (cf->slots[i].state != CF_SLOT_ACTIVE)
            continue;
        check->slot = &cf->slots[i];
        bool waited;
        if (cf_slot_lock(cf, &cf->slots[i], &waited) == CF_NOT_TAKEN) {
            finding(check, "held up; not checked");
            continue;
        }
        structure_check(check);
        cf_slot_unlock(&cf->slots[i]);
    }
    directory_check(check);
}

int cf_check(struct cf *cf, FILE *report)
{
    if (cf->remote) {
        if (report)
            fprintf(report, "a remote coupling facility is checked where it is; nothing was checked\n");
        return 1;
    }
    char *text = NULL;
    size_t size = 0;
    struct check check = {.cf = cf, .report = report ? open_memstream(&text, &size) : NULL};  /* no output under a lock */
    if (cf_directory_lock(cf) == 0) {
        segment_check(&check);
        cf_directory_unlock(cf);
    } else {
        finding(&check, "the directory is held up; nothing was checked");
    }
    if (check.report && fclose(check.report) == 0)
        fwrite(text, 1, size, report);
    free(text);
    return check.findings;
}
