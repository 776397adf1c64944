/* Coupling facilities, structures with their statistics and connections, locks that are held. */
#include <math.h>
#include <string.h>

#include "cfemu/engine/cf_locktable.h"
#include "tools/cfdash/source_private.h"

#define INCREMENT_KIB (CF_INCREMENT / 1024u)
#define LOCKS_SCANNED 65536u            /* lock table entries looked at */

static void read_cf(const struct cf_half *half, struct model_cf *cf)
{
    const struct cf_header *header = half->header;
    memset(cf, 0, sizeof *cf);
    source_name(cf->name, header->cfname, 8);
    cf->failed = atomic_load(&header->failed) != 0;
    cf->total_kib = (uint64_t)header->increments * INCREMENT_KIB;
    cf->free_kib = (uint64_t)header->increments_free * INCREMENT_KIB;
}

/* --- a structure -------------------------------------------------------------------------------------------------------- */

/* The sums since the structure was allocated. */
static void read_sums(const struct cf_stats *stats, double ticks_per_us, struct model_structure *to)
{
    uint64_t held = 0;
    to->requests = 0;
    for (int i = 0; i < CF_STAT_COMMANDS; i++) {
        for (int j = 0; j < CF_STAT_CLASSES; j++)
            to->requests += stats->requests[i][j];
        held += stats->requests[i][CF_STAT_CONTENDED];
    }
    to->contended = held > stats->contentions ? held : stats->contentions;     /* PROCESSMULT: many operations, one request */
    to->false_contended = stats->false_contentions;
    to->busy = stats->mutex_waits;
    to->rolled_back = stats->rollbacks;
    to->synchronous = stats->synchronous;
    to->served = stats->served;
    to->ticks = (double)stats->ticks / ticks_per_us;
    to->ticks_squared = stats->ticks_squared / (ticks_per_us * ticks_per_us);
}

/* Figures of the interval, in which the sums have grown from what they were. */
static void find_rates(struct model_structure *now, const struct model_structure *then, double seconds)
{
    static const struct model_structure nothing;
    bool same = then && then->generation == now->generation && now->requests >= then->requests && now->served >= then->served;
    const struct model_structure *from = same ? then : &nothing;
    double served = (double)(now->served - from->served);
    if (served > 0) {
        double mean = (now->ticks - from->ticks) / served;
        double variance = (now->ticks_squared - from->ticks_squared) / served - mean * mean;
        now->average_us = mean;
        now->deviation_us = sqrt(variance > 0 ? variance : 0);
        now->synchronous_percent = 100 * (double)(now->synchronous - from->synchronous) / served;
    }
    if (seconds > 0 && same) {
        now->per_second = (double)(now->requests - then->requests) / seconds;
        now->contended_per_second = (double)(now->contended - then->contended) / seconds;
        now->false_per_second = (double)(now->false_contended - then->false_contended) / seconds;
    }
}

static void read_connections(const struct cf_structure *s, struct model_structure *to, const struct model_structure *then, double seconds)
{
    uint32_t seen = 0;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        const struct cf_conn *conn = &s->conn[i];
        if (conn->state == CF_CONN_FREE || conn->state > CF_CONN_DISCONNECTING)
            continue;
        to->connections++;
        if (seen == MODEL_CONNECTIONS_MAX)
            continue;
        struct model_connection *c = &to->connection[seen];
        source_name(c->name, conn->name, CF_NAME_SIZE);
        source_name(c->system, conn->system, 8);
        source_name(c->job, conn->job, 8);
        c->id = (uint8_t)i;
        c->state = (uint8_t)conn->state;
        c->requests = conn->requests;
        const struct model_connection *old = then ? &then->connection[seen] : NULL;
        if (old && old->id == c->id && seconds > 0 && c->requests >= old->requests)
            c->per_second = (double)(c->requests - old->requests) / seconds;
        seen++;
    }
}

/* --- locks -------------------------------------------------------------------------------------------------------------- */

static void connection_name(const struct cf_structure *s, uint32_t conid, char name[CF_NAME_SIZE + 1])
{
    if (conid <= CF_CONNECTIONS_MAX)
        source_name(name, s->conn[conid].name, CF_NAME_SIZE);
}

static struct model_lock *new_lock(struct model *model, const char *structure, uint32_t index)
{
    if (model->lock_count == MODEL_LOCKS_MAX)
        return NULL;
    struct model_lock *lock = &model->lock[model->lock_count++];
    memset(lock, 0, sizeof *lock);
    memcpy(lock->structure, structure, sizeof lock->structure);
    lock->index = index;
    return lock;
}

static void add_waiter(struct model_lock *lock, const struct cf_structure *s, uint32_t conid)
{
    if (lock->waiters < MODEL_WAITERS_MAX)
        connection_name(s, conid, lock->waiter[lock->waiters]);
    lock->waiters++;
}

/* Lock entries of a serialized list. */
static void read_locks(const struct source *source, struct cf_structure *s, struct model *model, struct model_structure *to)
{
    struct cf_lock entry;
    to->locks_total = s->lockentries;
    for (uint32_t i = 0; i < CF_LOCKENTRIES_MAX && cf_look_lock(source->look, s, i, &entry); i++) {
        if (entry.owner == 0)
            continue;
        to->locks_held++;
        struct model_lock *lock = new_lock(model, to->name, i);
        if (!lock)
            continue;
        connection_name(s, entry.owner, lock->holder);
        uint32_t next = entry.first;
        for (uint32_t n = 0; n < CF_CONNECTIONS_MAX && next != 0 && next / CF_WAITS_MAX <= CF_CONNECTIONS_MAX; n++) {
            add_waiter(lock, s, next / CF_WAITS_MAX);
            next = cf_wait_at(s, next)->next;
        }
    }
}

/* The lock table of a lock structure: the manager holds, or everybody shares. Its words are interpreted as cf_locktable.h does,
 * from a place that was seen to lie in the segment. */
static void read_table(const struct source *source, struct cf_structure *s, struct model *model, struct model_structure *to)
{
    uint32_t words = s->table_words;
    const uint8_t *base = source->look->view.half[to->cf].base;
    uint64_t end = (uint64_t)((uint8_t *)s - base) + s->locks + (uint64_t)s->table_entries * words * 8;
    to->locks_total = s->table_entries;
    if ((words != 1 && words != 5) || s->locks >= source->look->size[to->cf] || end > source->look->size[to->cf])
        return;
    for (uint32_t i = 0; i < s->table_entries && i < LOCKS_SCANNED; i++) {
        struct cf_interest e = {0};
        cf_interest_load(s, i, &e);
        if (e.manager == 0 && (e.holders[0] | e.holders[1] | e.holders[2] | e.holders[3]) == 0)
            continue;
        to->locks_held++;
        struct model_lock *lock = new_lock(model, to->name, i);
        if (!lock)
            continue;
        if (e.manager != 0)
            connection_name(s, e.manager, lock->holder);
        for (uint32_t c = 1; c <= CF_CONNECTIONS_MAX; c++)
            if (cf_interest_of(&e, c) && c != e.manager)
                add_waiter(lock, s, c);
    }
}

/* --- all ------------------------------------------------------------------------------------------------------------------ */

static void read_structure(const struct source *source, const struct cf_slot *slot, struct cf_structure *s, struct model *model,
                           const struct model_structure *then, struct model_structure *to)
{
    memset(to, 0, sizeof *to);
    source_name(to->name, slot->name, CF_NAME_SIZE);
    to->type = s->type == CF_TYPE_LOCK ? MODEL_LOCK : s->lockentries > 0 ? MODEL_SERIALIZED : MODEL_LIST;
    to->cf = slot->where;
    to->duplex = slot->duplex;
    to->rebuild = (uint8_t)s->rebuild_phase;
    to->lost = cf_half_failed(&source->look->view, slot->where) && slot->duplex == 0;
    to->generation = slot->generation;
    to->size_kib = s->size_kib;
    to->entries_used = s->entries_used;
    to->entries_total = s->entries_total;
    to->elements_used = s->elements_used;
    to->elements_total = s->elements_total;
    read_sums(&s->stats, cf_ticks_per_us(&source->look->view), to);
    find_rates(to, then, model->interval_s);
    read_connections(s, to, then, model->interval_s);
    if (s->type == CF_TYPE_LOCK)
        read_table(source, s, model, to);
    else
        read_locks(source, s, model, to);
}

static const struct model_structure *structure_then(const struct model_structure *then, uint32_t count, const struct cf_slot *slot)
{
    char name[CF_NAME_SIZE + 1];
    source_name(name, slot->name, CF_NAME_SIZE);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(then[i].name, name) == 0 && then[i].generation == slot->generation)
            return &then[i];
    return NULL;
}

void source_read_facility(struct source *source, struct model *model)
{
    static struct model_structure then[MODEL_STRUCTURES_MAX];
    uint32_t then_count = model->structure_count;
    memcpy(then, model->structure, sizeof then);
    model->cf_count = source->look->view.half[1].base ? 2 : 1;
    for (uint32_t half = 0; half < model->cf_count; half++)
        read_cf(&source->look->view.half[half], &model->cf[half]);
    model->structure_count = model->structures_unseen = model->lock_count = 0;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        struct cf_slot slot;
        struct cf_structure *s = cf_look_structure(source->look, i, &slot);
        if (!s)
            continue;
        if (model->structure_count == MODEL_STRUCTURES_MAX) {
            model->structures_unseen++;
            continue;
        }
        struct model_structure *to = &model->structure[model->structure_count++];
        read_structure(source, &slot, s, model, structure_then(then, then_count, &slot), to);
        model->cf[to->cf].structures++;
        model->cf[to->cf].per_second += to->per_second;
    }
    memset(&model->structure[model->structure_count], 0, (MODEL_STRUCTURES_MAX - model->structure_count) * sizeof model->structure[0]);
    memset(&model->lock[model->lock_count], 0, (MODEL_LOCKS_MAX - model->lock_count) * sizeof model->lock[0]);
}
