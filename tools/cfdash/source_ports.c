/* EZBEPORT: the port maps of the DVIPAs (clp_cf.c), the ports in use and FLOW counts that stacks show (clp_show.h). Of a DVIPA
 * whose keeper has no bit maps there is only what the stacks show: what they own, and what they use.
 *
 * All entries of a DVIPA stand on one list. They are read between two looks at the structure's mark, so that a port that
 * moves between two maps is seen in one of them. When the structure is too busy for that, the reading before stands. */
#include <stdlib.h>
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/clp/clp.h"
#include "stack/clp/clp_show.h"
#include "tools/cfdash/source_private.h"

enum { TRIES = 50, QUIET_MS = 3000 };      /* a stack that has told nothing for so long: nothing has changed */

/* The entry of the pool, as clp_cf.c lays it out. */
enum { STAMPS = MODEL_PORTS / 8, GIVERS = STAMPS + CLP_REGIONS * 4, HEADER = GIVERS + CLP_REGIONS, NAMES = HEADER + 8 };

struct map {
    uint64_t word[CLP_WORDS];
};

struct dvipa {
    uint32_t address;
    bool pool_seen, reversed;   /* pool_seen: there are bit maps */
    char keeper[CLP_SHOW_KEEPER_LEN + 1];       /* "": no stack has shown itself */
    struct map pool, reserved, owned[MODEL_SYSTEMS_MAX + 1], used[MODEL_SYSTEMS_MAX + 1];
    bool has[MODEL_SYSTEMS_MAX + 1], tells[MODEL_SYSTEMS_MAX + 1];
    char name[MODEL_SYSTEMS_MAX + 1][9];
    uint8_t pool_entry[CLP_POOL_BYTES];
    uint32_t timewait_s;
};

struct dvipa *source_ports_new(void)
{
    return calloc(MODEL_DVIPAS_MAX, sizeof(struct dvipa));
}

struct flow {
    bool seen;
    uint64_t at_ms, count[FLOW_BLOCK_COUNT];
};

struct reading {
    struct source *source;
    struct model *model;
    struct cf_structure *s;
    struct dvipa *dvipa;        /* MODEL_DVIPAS_MAX of them */
    uint32_t count;
    struct flow flow[MODEL_SYSTEMS_MAX + 1];        /* by system number */
};

/* --- entries into maps --------------------------------------------------------------------------------------------------- */

static struct dvipa *dvipa_of(struct reading *r, const uint8_t *entry_name)
{
    char text[9], *end;
    memcpy(text, entry_name, 8);
    text[8] = 0;
    uint32_t address = (uint32_t)strtoul(text, &end, 16);
    if (*end != 0)
        return NULL;
    for (uint32_t i = 0; i < r->count; i++)
        if (r->dvipa[i].address == address)
            return &r->dvipa[i];
    if (r->count == MODEL_DVIPAS_MAX)
        return NULL;
    struct dvipa *d = &r->dvipa[r->count++];
    memset(d, 0, sizeof *d);
    d->address = address;
    return d;
}

static void map_get(struct map *map, const uint8_t *bytes)
{
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        map->word[w] = get_be64(bytes + 8 * w);
}

static uint32_t map_count(const struct map *map)
{
    uint32_t count = 0;
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        count += (uint32_t)__builtin_popcountll(map->word[w]);
    return count;
}

/* The header says how many ports are available: with the opposite polarity it is the zeros that number so many. */
static void read_pool(struct reading *r, struct dvipa *d, const struct cf_entry *entry)
{
    if (cf_look_data(r->source->look, r->s, entry, d->pool_entry, CLP_POOL_BYTES) < CLP_POOL_BYTES)
        return;
    map_get(&d->pool, d->pool_entry);
    uint32_t available = get_be32(d->pool_entry + HEADER), ones = map_count(&d->pool);
    d->pool_seen = true;
    d->reversed = ones != available && MODEL_PORTS - ones == available;
    for (uint32_t n = 1; n <= MODEL_SYSTEMS_MAX; n++)
        source_name(d->name[n], d->pool_entry + NAMES + n * 8, 8);
}

static uint8_t number_of(const struct reading *r, const char *name)
{
    const struct model_system *s = model_system_named(r->model, name);
    return s ? s->number : 0;
}

static void read_owned(struct reading *r, struct dvipa *d, const struct cf_entry *entry, const uint8_t *adjunct)
{
    char name[9];
    source_name(name, adjunct + 8, 8);
    uint8_t number = number_of(r, name);
    for (uint8_t n = 1; number == 0 && n <= MODEL_SYSTEMS_MAX; n++)     /* a program without XCF is named by the pool alone */
        number = strcmp(d->name[n], name) == 0 ? n : 0;
    if (number == 0 || cf_look_data(r->source->look, r->s, entry, r->source->entry, CLP_OWN_BYTES) < CLP_OWN_BYTES)
        return;
    map_get(&d->owned[number], r->source->entry);
    d->has[number] = true;
}

static uint32_t number_behind(const uint8_t *name, uint32_t at)
{
    uint32_t tens = (uint32_t)(name[at] - '0'), ones = (uint32_t)(name[at + 1] - '0');
    return tens <= 9 && ones <= 9 && tens * 10 + ones <= MODEL_SYSTEMS_MAX ? tens * 10 + ones : 0;
}

/* So many records of words into a map. Result: what is behind them. */
static const uint8_t *read_words(const uint8_t *record, uint32_t words, struct map *map)
{
    for (; words > 0; words--, record += CLP_SHOW_RECORD)
        if (get_be16(record) < CLP_WORDS)
            map->word[get_be16(record)] |= get_be64(record + 2);
    return record;
}

/* Of bit maps, what a failed stack used is deleted by its recovery. Else it stays, and means nothing. */
static bool is_over(const struct reading *r, uint32_t owned_words, const uint8_t *keeper, uint32_t number)
{
    const struct model_system *s = model_system_numbered(r->model, (uint8_t)number);
    return (owned_words > 0 || memcmp(keeper, "CRHT", 4) == 0) && (!s || s->member != MEMBER_ACTIVE);
}

static void read_used(struct reading *r, struct dvipa *d, const struct cf_entry *entry, const uint8_t *adjunct)
{
    uint32_t number = number_behind(entry->name, 12), used = get_be32(adjunct + SHOW_USED), reserved = get_be32(adjunct + SHOW_NOT_ELIGIBLE),
             owned = get_be32(adjunct + SHOW_OWNED);
    if (number == 0 || used > CLP_WORDS || reserved > CLP_WORDS || owned > CLP_WORDS || is_over(r, owned, adjunct + SHOW_KEEPER, number))
        return;
    uint32_t length = (used + reserved + owned) * CLP_SHOW_RECORD;
    if (cf_look_data(r->source->look, r->s, entry, r->source->entry, length) < length)
        return;
    const uint8_t *record = read_words(r->source->entry, used, &d->used[number]);
    record = read_words(record, reserved, &d->reserved);
    read_words(record, owned, &d->owned[number]);
    d->tells[number] = true;
    d->timewait_s = get_be32(adjunct + SHOW_TIMEWAIT);
    source_name(d->keeper, adjunct + SHOW_KEEPER, CLP_SHOW_KEEPER_LEN);
}

static void read_flow(struct reading *r, const struct cf_entry *entry, const uint8_t *adjunct)
{
    struct flow *f = &r->flow[number_behind(entry->name, 5)];
    uint32_t blocks = get_be32(adjunct + SHOW_BLOCKS);
    f->seen = blocks == FLOW_BLOCK_COUNT && cf_look_data(r->source->look, r->s, entry, r->source->entry, 8 * blocks) == 8 * blocks;
    f->at_ms = get_be64(adjunct + SHOW_TIME) / 1000;
    for (uint32_t i = 0; f->seen && i < blocks; i++)
        f->count[i] = get_be64(r->source->entry + 8 * i);
}

static void read_entry(void *context, const struct cf_entry *entry, const uint8_t *adjunct)
{
    struct reading *r = context;
    if (memcmp(adjunct, "FLOW", 4) == 0) {
        read_flow(r, entry, adjunct);
        return;
    }
    struct dvipa *d = dvipa_of(r, entry->name);
    if (!d)
        return;
    if (memcmp(adjunct, "POOL", 4) == 0)
        read_pool(r, d, entry);
    else if (memcmp(adjunct, "OWN ", 4) == 0)
        read_owned(r, d, entry, adjunct);
    else if (memcmp(adjunct, "USE ", 4) == 0)
        read_used(r, d, entry, adjunct);
}

/* --- maps into the model ------------------------------------------------------------------------------------------------- */

static void polarity_undo(struct dvipa *d)
{
    for (uint32_t w = 0; d->reversed && w < CLP_WORDS; w++) {
        d->pool.word[w] = ~d->pool.word[w];
        for (uint32_t n = 1; n <= MODEL_SYSTEMS_MAX; n++)
            d->owned[n].word[w] = d->has[n] ? ~d->owned[n].word[w] : 0;
    }
}

static bool map_has(const struct map *map, uint32_t port)
{
    return map->word[port / 64] >> (63 - port % 64) & 1;
}

/* A port that is in a stack's map. */
static uint8_t owned_port(const struct dvipa *d, uint32_t port)
{
    uint8_t owner = 0, owners = 0;
    for (uint8_t n = 1; n <= MODEL_SYSTEMS_MAX; n++)
        if (map_has(&d->owned[n], port)) {
            owner = n;
            owners++;
        }
    if (owners > 1)
        return MODEL_PORT(CELL_SHARED, owner);
    return MODEL_PORT(map_has(&d->used[owner], port) ? CELL_USED : CELL_IDLE, owner);
}

/* A port that is nobody's, but may be in use: the keeper has no maps of the stacks, or keeps connections (CRHT), of which several
 * stacks may have one at a port, to different peers. 0: it is not. */
static uint8_t used_port(const struct dvipa *d, uint32_t port)
{
    uint8_t user = 0, users = 0;
    for (uint8_t n = 1; n <= MODEL_SYSTEMS_MAX; n++)
        if (map_has(&d->used[n], port)) {
            user = n;
            users++;
        }
    if (users == 0)
        return 0;
    return users > 1 ? MODEL_PORT(CELL_SHARED, user) : MODEL_PORT(CELL_USED, user);
}

static uint8_t pool_port(const struct dvipa *d, uint32_t port, bool rests)
{
    if (map_has(&d->reserved, port))
        return MODEL_PORT(CELL_FREE, CELL_RESERVED);
    return MODEL_PORT(CELL_FREE, rests ? CELL_RESTING : CELL_AVAILABLE);
}

/* 64 ports, which share a time stamp. */
static void fill_word(const struct dvipa *d, uint32_t w, uint8_t *port, uint32_t now_s)
{
    uint32_t stamp = d->pool_seen ? get_be32(d->pool_entry + STAMPS + 4 * w) : 0;
    bool rests = stamp != 0 && now_s < stamp + d->timewait_s;
    uint64_t owned = 0;
    for (uint32_t n = 1; n <= MODEL_SYSTEMS_MAX; n++)
        owned |= d->owned[n].word[w];
    for (uint32_t i = w * 64; i < w * 64 + 64; i++) {
        bool pooled = d->pool_seen && map_has(&d->pool, i);
        uint8_t used = pooled ? 0 : used_port(d, i);
        if (owned >> (63 - i % 64) & 1)
            port[i] = owned_port(d, i);
        else if (used != 0)
            port[i] = used;
        else
            port[i] = pooled || !d->pool_seen ? pool_port(d, i, rests) : MODEL_PORT(CELL_FREE, CELL_NOWHERE);
    }
}

static void fill(const struct dvipa *d, const struct model_dvipa *then, struct model_dvipa *now, uint32_t now_s)
{
    memset(now, 0, sizeof *now);
    now->address = d->address;
    now->timewait_s = d->timewait_s;
    now->mapped = d->pool_seen;
    memcpy(now->keeper, d->keeper, sizeof now->keeper);
    memcpy(now->use_known, d->tells, sizeof now->use_known);
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        fill_word(d, w, now->port, now_s);
    for (uint32_t port = 0; port < MODEL_PORTS; port++) {
        if (then)
            now->since[port] = now->port[port] == then->port[port] ? then->since[port] : now_s;
        if (now->port[port] == MODEL_PORT(CELL_FREE, CELL_RESTING))
            now->since[port] = get_be32(d->pool_entry + STAMPS + 4 * (port / CLP_REGION));
    }
    model_dvipa_count(now);
}

static int by_address(const void *a, const void *b)
{
    uint32_t x = ((const struct dvipa *)a)->address, y = ((const struct dvipa *)b)->address;
    return x < y ? -1 : x > y;
}

static void fill_all(struct reading *r)
{
    struct model *model = r->model;
    uint32_t count = 0;
    qsort(r->dvipa, r->count, sizeof r->dvipa[0], by_address);
    for (uint32_t i = 0; i < r->count; i++) {
        if (!r->dvipa[i].pool_seen && r->dvipa[i].keeper[0] == 0)
            continue;
        polarity_undo(&r->dvipa[i]);
        const struct model_dvipa *then = count < model->dvipa_count && model->dvipa[count].address == r->dvipa[i].address ? &model->dvipa[count] : NULL;
        fill(&r->dvipa[i], then, r->source->fresh, (uint32_t)(model->time_ms / 1000));
        memcpy(&model->dvipa[count++], r->source->fresh, sizeof *r->source->fresh);
    }
    model->dvipa_count = count;
}

/* --- all ------------------------------------------------------------------------------------------------------------------ */

static void read_lists(struct reading *r, uint32_t number)
{
    struct cf_list list;
    r->count = 0;
    for (uint32_t i = 0; i < CF_LISTHEADERS_MAX && cf_look_list(r->source->look, r->s, i, &list); i++)
        if (list.count > 0)
            source_each_entry(r->source, number, i, read_entry, r);
}

static void fill_flow(const struct flow *f, struct model_system *s, uint64_t now_ms)
{
    double seconds = (double)(f->at_ms - s->published_ms) / 1000;
    bool fresh = f->at_ms > s->published_ms, follows = fresh && s->flow_known && seconds < 10;
    for (uint32_t i = 0; i < FLOW_BLOCK_COUNT; i++) {
        if (fresh)
            s->flow_rate[i] = follows && f->count[i] >= s->flow[i] ? (float)((double)(f->count[i] - s->flow[i]) / seconds) : 0;
        else if (now_ms > f->at_ms + QUIET_MS)
            s->flow_rate[i] = 0;
        s->flow[i] = f->count[i];
    }
    s->flow_known = true;
    s->published_ms = f->at_ms;
}

static void count_of_systems(struct model *model)
{
    for (uint32_t i = 0; i < model->system_count; i++) {
        struct model_system *s = &model->system[i];
        s->ports_owned = s->ports_used = 0;
        for (uint32_t d = 0; d < model->dvipa_count; d++) {
            s->ports_owned += model->dvipa[d].owned[s->number];
            s->ports_used += model->dvipa[d].used[s->number];
        }
    }
}

void source_read_ports(struct source *source, struct model *model)
{
    struct reading r = {.source = source, .model = model, .dvipa = source->dvipa};
    uint32_t number = source_find(source, CLP_STRUCTURE);
    struct cf_slot slot;
    bool steady = false;
    for (int i = 0; number < CF_STRUCTURES_MAX && i < TRIES && !steady; i++) {
        uint64_t mark = cf_look_mark(source->look, number);
        r.s = cf_look_structure(source->look, number, &slot);
        if (!r.s)
            break;
        read_lists(&r, number);
        steady = cf_look_steady(source->look, number, mark);
    }
    if (number == CF_STRUCTURES_MAX)
        r.count = 0;                        /* there is none: nor are there DVIPAs */
    if (steady || number == CF_STRUCTURES_MAX)
        fill_all(&r);
    else
        model->unsteady++;
    for (uint32_t i = 0; steady && i < model->system_count; i++)
        if (r.flow[model->system[i].number].seen)
            fill_flow(&r.flow[model->system[i].number], &model->system[i], model->time_ms);
    count_of_systems(model);
}
