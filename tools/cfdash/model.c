#include "tools/cfdash/model.h"

#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf_segment.h"

struct model *model_new(void)
{
    struct model *model = calloc(1, sizeof *model);
    if (model)
        model->dvipa = calloc(MODEL_DVIPAS_MAX, sizeof *model->dvipa);
    if (model && !model->dvipa) {
        free(model);
        model = NULL;
    }
    return model;
}

void model_free(struct model *model)
{
    if (model)
        free(model->dvipa);
    free(model);
}

void model_copy(struct model *to, const struct model *from)
{
    struct model_dvipa *dvipa = to->dvipa;
    *to = *from;
    to->dvipa = dvipa;
    memcpy(dvipa, from->dvipa, from->dvipa_count * sizeof *dvipa);
}

/* --- validity ----------------------------------------------------------------------------------------------------------- */

static bool text_ends(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}
#define TEXT_ENDS(text) text_ends(text, sizeof text)

static bool flag_valid(const bool *flag)
{
    return *(const uint8_t *)flag <= 1;
}

static bool system_valid(const struct model_system *s)
{
    return TEXT_ENDS(s->name) && s->number <= MODEL_SYSTEMS_MAX && flag_valid(&s->flow_known);
}

static bool structure_valid(const struct model *model, const struct model_structure *s)
{
    if (!TEXT_ENDS(s->name) || s->cf >= model->cf_count || s->type > MODEL_LOCK || !flag_valid(&s->lost))
        return false;
    for (uint32_t i = 0; i < MODEL_CONNECTIONS_MAX; i++)
        if (!TEXT_ENDS(s->connection[i].name) || !TEXT_ENDS(s->connection[i].system) || !TEXT_ENDS(s->connection[i].job))
            return false;
    return true;
}

static bool lock_valid(const struct model_lock *lock)
{
    bool valid = TEXT_ENDS(lock->structure) && TEXT_ENDS(lock->holder);
    for (uint32_t i = 0; i < MODEL_WAITERS_MAX; i++)
        valid &= TEXT_ENDS(lock->waiter[i]);
    return valid;
}

static bool event_valid(const struct model_event *e)
{
    return TEXT_ENDS(e->system) && TEXT_ENDS(e->event) && TEXT_ENDS(e->text);
}

static bool dvipa_valid(const struct model_dvipa *d)
{
    if (!TEXT_ENDS(d->keeper) || !flag_valid(&d->mapped))
        return false;
    for (uint32_t i = 0; i < MODEL_PORTS; i++)
        if (port_kind(d->port[i]) == CELL_FREE ? port_who(d->port[i]) > CELL_NOWHERE :
                                                 port_who(d->port[i]) > MODEL_SYSTEMS_MAX)
            return false;
    for (uint32_t i = 0; i <= MODEL_SYSTEMS_MAX; i++)
        if (!flag_valid(&d->use_known[i]))
            return false;
    return true;
}

bool model_valid(const struct model *model)
{
    if (!TEXT_ENDS(model->sysplex) || model->cf_count > MODEL_CFS_MAX || model->system_count > MODEL_SYSTEMS_MAX ||
        model->structure_count > MODEL_STRUCTURES_MAX || model->lock_count > MODEL_LOCKS_MAX || model->event_count > MODEL_EVENTS_MAX ||
        model->dvipa_count > MODEL_DVIPAS_MAX)
        return false;
    bool valid = true;
    for (uint32_t i = 0; i < model->cf_count; i++)
        valid &= TEXT_ENDS(model->cf[i].name) && flag_valid(&model->cf[i].failed);
    for (uint32_t i = 0; i < model->system_count; i++)
        valid &= system_valid(&model->system[i]);
    for (uint32_t i = 0; i < model->structure_count; i++)
        valid &= structure_valid(model, &model->structure[i]);
    for (uint32_t i = 0; i < model->lock_count; i++)
        valid &= lock_valid(&model->lock[i]);
    for (uint32_t i = 0; i < model->event_count; i++)
        valid &= event_valid(&model->event[i]);
    for (uint32_t i = 0; i < model->dvipa_count; i++)
        valid &= dvipa_valid(&model->dvipa[i]);
    return valid;
}

/* --- finding, counting ------- ------------------------------------------------------------------------------------------- */

struct model_system *model_system_numbered(struct model *model, uint8_t number)
{
    for (uint32_t i = 0; number != 0 && i < model->system_count; i++)
        if (model->system[i].number == number)
            return &model->system[i];
    return NULL;
}

struct model_system *model_system_named(struct model *model, const char *name)
{
    for (uint32_t i = 0; i < model->system_count; i++)
        if (strcmp(model->system[i].name, name) == 0)
            return &model->system[i];
    return NULL;
}

void model_dvipa_count(struct model_dvipa *d)
{
    static const uint8_t free_count[] = {COUNT_AVAILABLE, COUNT_RESTING, COUNT_RESERVED, COUNT_NOWHERE};
    static const uint8_t kind_count[] = {0, COUNT_IDLE, COUNT_USED, COUNT_SHARED};
    memset(d->count, 0, sizeof d->count);
    memset(d->owned, 0, sizeof d->owned);
    memset(d->used, 0, sizeof d->used);
    for (uint32_t i = 0; i < MODEL_PORTS; i++) {
        enum model_cell kind = port_kind(d->port[i]);
        uint8_t who = port_who(d->port[i]);
        d->count[kind == CELL_FREE ? free_count[who] : kind_count[kind]]++;
        if (kind == CELL_FREE)
            continue;
        d->owned[who]++;
        d->used[who] += kind == CELL_USED;
    }
}
