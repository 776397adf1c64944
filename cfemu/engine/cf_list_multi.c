#include "cfemu/engine/cf_list_multi.h"

#include <string.h>

#include "cfemu/engine/cf_condition.h"
#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_entry.h"

#define RECORD_ALIGN 8u

/* A request on its way. */
struct walk {
    struct cf_call *call;
    bool on_list;           /* along the chain of MCB_LIST, else by entry number */
    bool to_head;
    uint32_t next;          /* entry to look at, or index of the data; 0 = the end is reached */
    uint32_t examined;
    uint32_t done;          /* entries read or deleted */
    uint32_t bytes;         /* given to the caller */
};

typedef int each_entry(struct walk *walk, uint32_t number, struct cf_entry *entry);

/* --- where a part begins and ends ------------------------------------------------------------------------------------------ */

static uint32_t following(const struct walk *walk)
{
    struct cf_structure *s = walk->call->s;
    if (!walk->on_list)
        return walk->next < s->entries_fresh ? walk->next + 1 : 0;
    const struct cf_entry *entry = cf_entry_at(walk->call->cf, s, walk->next);
    return walk->to_head ? entry->prev : entry->next;
}

static uint64_t token(const struct walk *walk)
{
    uint64_t number = (uint64_t)walk->next << 32;
    if (!walk->on_list)
        return number;
    return number | (uint32_t)cf_entry_at(walk->call->cf, walk->call->s, walk->next)->sequence;
}

/* Go on where the last part ended. The structure may have become smaller since. */
static int resume(struct walk *walk, uint64_t restart)
{
    struct cf_structure *s = walk->call->s;
    uint64_t number = restart >> 32;
    if (number < 1 || number > (uint64_t)s->increments_max * s->entries_per_increment)
        return cf_bad(walk->call, MCB_RESTART);
    walk->next = number <= s->entries_fresh ? (uint32_t)number : 0;
    if (!walk->on_list)
        return 0;
    if (walk->next == 0)
        return CF_RSP_RESTART_GONE;
    const struct cf_entry *entry = cf_entry_at(walk->call->cf, s, walk->next);
    bool there = entry->list == get_be32(walk->call->mcb + MCB_LIST) + 1 && token(walk) == restart;
    return there ? 0 : CF_RSP_RESTART_GONE;
}

/* The first entry of a walk that is not told where to begin. */
static uint32_t first(const struct walk *walk)
{
    struct cf_structure *s = walk->call->s;
    const struct cf_list *list = cf_list_at(s, get_be32(walk->call->mcb + MCB_LIST));
    if (!walk->on_list)
        return s->entries_fresh > 0 ? 1 : 0;
    return walk->to_head ? list->tail : list->head;
}

static int run(struct walk *walk, each_entry *each)
{
    while (walk->next != 0) {
        if (walk->done == CF_MULTI_ENTRIES || walk->examined == CF_MULTI_EXAMINED)
            return CF_RSP_TIMEOUT;
        struct cf_entry *entry = cf_entry_at(walk->call->cf, walk->call->s, walk->next);
        uint32_t after = following(walk);
        if (entry->list != 0 && cf_compare(walk->call, entry) == 0) {
            int result = each(walk, walk->next, entry);
            if (result != 0)
                return result;
            walk->done++;
        }
        walk->examined++;
        walk->next = after;
    }
    return 0;
}

/* Answer with what was done. */
static int finish(struct walk *walk, int result, uint64_t restart)
{
    struct cf_call *call = walk->call;
    uint32_t list = get_be32(call->mcb + MCB_LIST);
    put_be32(call->mrb + MRB_DATALEN, walk->bytes);
    put_be32(call->mrb + MRB_OWN + ANSWER_COUNT, walk->done);
    put_be32(call->mrb + MRB_LIST, list);
    put_be32(call->mrb + MRB_LISTCOUNT, cf_list_at(call->s, list)->count);
    if (result == 0) {
        cf_end(call);
    } else {
        put_be64(call->mrb + MRB_RESTART, restart);
        cf_pause(call);
    }
    return result;
}

static int run_all(struct walk *walk, each_entry *each)
{
    int result = run(walk, each);
    return finish(walk, result, result != 0 ? token(walk) : 0);
}

/* --- READ_LIST, READ_MULT -------------------------------------------------------------------------------------------------- */

static void record_fill(struct cf_call *call, uint8_t *record, uint32_t number, struct cf_entry *entry, uint32_t length, uint8_t parts)
{
    memset(record, 0, RECORD_SIZE);
    put_be32(record + RECORD_LENGTH, length);
    put_be32(record + RECORD_DATALEN, entry->length);
    put_be32(record + RECORD_LIST, entry->list - 1);
    put_be32(record + RECORD_ELEMENTS, cf_elements_for(call->s, entry->length));
    cf_leid_put(record + RECORD_LEID, number, entry);
    put_be32(record + RECORD_FLAGS, parts);
    put_be64(record + RECORD_VERSION, entry->version);
    memcpy(record + RECORD_NAME, entry->name, CF_NAME_SIZE);
    uint8_t *to = record + RECORD_SIZE;
    if (parts & CF_OPT_ADJUNCT) {
        memcpy(to, cf_adjunct(entry), CF_ADJUNCT_SIZE);
        to += CF_ADJUNCT_SIZE;
    }
    if (parts & CF_OPT_DATA) {
        cf_elements_fetch(call->cf, call->s, entry->run, to, entry->length);
        to += entry->length;
    }
    memset(to, 0, (size_t)(record + length - to));
}

static int record_give(struct walk *walk, uint32_t number, struct cf_entry *entry)
{
    struct cf_call *call = walk->call;
    uint8_t parts = call->mcb[MCB_OPTIONS] & (CF_OPT_DATA | CF_OPT_ADJUNCT);
    uint32_t length = RECORD_SIZE + (parts & CF_OPT_ADJUNCT ? CF_ADJUNCT_SIZE : 0);
    if (parts & CF_OPT_DATA && length + entry->length > CF_DATA_MAX)
        parts &= (uint8_t)~CF_OPT_DATA;
    if (parts & CF_OPT_DATA)
        length = (length + entry->length + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
    if (length > call->in_cap - walk->bytes) {
        if (walk->done == 0)
            put_be32(call->mrb + MRB_OWN + ANSWER_NEEDED, length);
        return CF_RSP_BUFFER_FULL;
    }
    record_fill(call, call->in + walk->bytes, number, entry, length, parts);
    walk->bytes += length;
    return 0;
}

/* Where READ_LIST begins: at the located entry, which is on the list. */
static int start_located(struct walk *walk)
{
    struct cf_call *call = walk->call;
    walk->next = cf_entry_locate(call);
    if (walk->next == 0)
        return CF_RSP_NO_ENTRY;
    const struct cf_entry *entry = cf_entry_at(call->cf, call->s, walk->next);
    return entry->list - 1 == get_be32(call->mcb + MCB_LIST) ? 0 : CF_RSP_LIST_MISMATCH;
}

int cf_command_read_list(struct cf_call *call)
{
    static const struct cf_uses uses = {
        .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .options2 = CF_OPT2_TOHEAD, .compare = true};
    static const struct cf_uses with_start = {
        .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .options2 = CF_OPT2_TOHEAD, .compare = true, .locate = true};
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    bool located = call->mcb[MCB_LOCATE] != CF_LOCATE_NONE;
    int result = cf_validate(call, located ? &with_start : &uses);
    if (result == 0)
        result = cf_begin(call);
    if (result != 0)
        return result;
    struct walk walk = {.call = call, .on_list = true, .to_head = cf_option2(call, CF_OPT2_TOHEAD)};
    if (restart != 0)
        result = resume(&walk, restart);
    else if (located)
        result = start_located(&walk);
    else
        walk.next = first(&walk);
    return result != 0 ? result : run_all(&walk, record_give);
}

int cf_command_read_mult(struct cf_call *call)
{
    static const struct cf_uses uses = {.options = CF_OPT_DATA | CF_OPT_ADJUNCT | CF_OPT_LISTCOMP, .compare = true};
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    int result = cf_validate(call, &uses);
    if (result == 0)
        result = cf_begin(call);
    if (result != 0)
        return result;
    struct walk walk = {.call = call, .on_list = cf_option(call, CF_OPT_LISTCOMP)};
    walk.next = first(&walk);
    if (restart != 0)
        result = resume(&walk, restart);
    return result != 0 ? result : run_all(&walk, record_give);
}

/* --- DELETE_MULT, DELETE_ENTRYLIST ------------------------------------------------------------------------------------------ */

static int entry_drop(struct walk *walk, uint32_t number, struct cf_entry *entry)
{
    (void)entry;
    if (walk->call->s->undo.count + CF_UNDO_DELETE > CF_UNDO_MAX)
        return CF_RSP_TIMEOUT;
    cf_entry_delete(walk->call, number);
    return 0;
}

int cf_command_delete_mult(struct cf_call *call)
{
    static const struct cf_uses uses = {.options = CF_OPT_LISTCOMP, .compare = true};
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    int result = cf_validate(call, &uses);
    if (result == 0)
        result = cf_begin(call);
    if (result != 0)
        return result;
    struct walk walk = {.call = call, .on_list = cf_option(call, CF_OPT_LISTCOMP)};
    walk.next = first(&walk);
    if (restart != 0)
        result = resume(&walk, restart);
    if (result == CF_RSP_RESTART_GONE) {
        walk.next = first(&walk);
        result = 0;
    }
    return result != 0 ? result : run_all(&walk, entry_drop);
}

static int entrylist_validate(struct cf_call *call, uint32_t each)
{
    static const struct cf_uses uses = {.options = CF_OPT_LISTCOMP, .options2 = CF_OPT2_NAMES, .compare = true};
    uint32_t length = get_be32(call->mcb + MCB_DATALEN);
    int result = cf_validate(call, &uses);
    if (result != 0)
        return result;
    if (cf_option2(call, CF_OPT2_NAMES) && !(call->s->flags & CF_CONN_NAMED))
        return cf_bad(call, MCB_OPTIONS2);
    if (length > call->out_len || length > CF_DATA_MAX || length % each != 0)
        return cf_bad(call, MCB_DATALEN);
    return get_be64(call->mcb + MCB_RESTART) <= length / each ? 0 : cf_bad(call, MCB_RESTART);
}

/* Delete one of those that the data name, if it is there and meets the comparisons. 0, TIMEOUT. */
static int named_drop(struct walk *walk, const uint8_t *name)
{
    struct cf_call *call = walk->call;
    uint32_t number = cf_option2(call, CF_OPT2_NAMES) ? cf_entry_named(call->cf, call->s, name) : cf_entry_by_leid(call, name);
    if (number == 0)
        return 0;
    struct cf_entry *entry = cf_entry_at(call->cf, call->s, number);
    if (cf_compare(call, entry) != 0)
        return 0;
    int result = walk->done == CF_MULTI_ENTRIES ? CF_RSP_TIMEOUT : entry_drop(walk, number, entry);
    if (result == 0)
        walk->done++;
    return result;
}

int cf_command_delete_entrylist(struct cf_call *call)
{
    uint32_t each = cf_option2(call, CF_OPT2_NAMES) ? CF_NAME_SIZE : CF_LEID_SIZE;
    uint32_t count = get_be32(call->mcb + MCB_DATALEN) / each;
    int result = entrylist_validate(call, each);
    if (result == 0)
        result = cf_begin(call);
    if (result != 0)
        return result;
    struct walk walk = {.call = call, .next = (uint32_t)get_be64(call->mcb + MCB_RESTART)};
    for (; walk.next < count; walk.next++) {
        result = walk.examined++ == CF_MULTI_EXAMINED ? CF_RSP_TIMEOUT : named_drop(&walk, call->out + walk.next * each);
        if (result != 0)
            break;      /* this one is the next part's */
    }
    return finish(&walk, result, walk.next);
}
