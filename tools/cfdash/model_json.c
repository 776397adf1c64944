/* The names are those of cfctl's JSON where both tell the same. Ports are told as ranges of equal ones: "49152-49215". */
#include "tools/cfdash/model_json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cfemu/engine/cf_segment.h"
#include "tools/cfdash/words.h"

static void number(cJSON *o, const char *key, double value)
{
    cJSON_AddNumberToObject(o, key, value);
}

static void time_iso(cJSON *o, const char *key, uint64_t ms)
{
    char text[40], end[8];
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));
    snprintf(end, sizeof end, ".%03uZ", (unsigned)(ms % 1000));
    cJSON_AddStringToObject(o, key, strcat(text, end));
}

static cJSON *cf_json(const struct model_cf *cf)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "cfname", cf->name);
    cJSON_AddStringToObject(o, "status", cf->failed ? "FAILED" : "ACTIVE");
    number(o, "totalKiB", (double)cf->total_kib);
    number(o, "freeKiB", (double)cf->free_kib);
    number(o, "structures", cf->structures);
    number(o, "perSecond", cf->per_second);
    return o;
}

static cJSON *flow_json(const struct model_system *s)
{
    cJSON *o = cJSON_CreateObject();
    char key[16];
    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++) {
        snprintf(key, sizeof key, "%s/%u", flow_names[i].figure, flow_names[i].block);
        number(o, key, (double)s->flow[i]);
    }
    return o;
}

static cJSON *system_json(const struct model_system *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "system", s->name);
    number(o, "number", s->number);
    cJSON_AddStringToObject(o, "status", system_state_text(s));
    if (s->pid != 0)
        number(o, "process", s->pid);
    if (s->joined_ms != 0)
        time_iso(o, "joined", s->joined_ms);
    number(o, "cpuPercent", s->cpu_percent);
    number(o, "memoryMiB", s->memory_mib);
    number(o, "connections", s->cf_connections);
    number(o, "portsOwned", s->ports_owned);
    number(o, "portsUsed", s->ports_used);
    if (s->flow_known)
        cJSON_AddItemToObject(o, "flow", flow_json(s));
    return o;
}

static cJSON *connection_json(const struct model_connection *c)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "conname", c->name);
    number(o, "id", c->id);
    cJSON_AddStringToObject(o, "system", c->system);
    cJSON_AddStringToObject(o, "job", c->job);
    cJSON_AddStringToObject(o, "state", cf_conn_state_name(c->state));
    number(o, "requests", (double)c->requests);
    number(o, "perSecond", c->per_second);
    return o;
}

static void usage(cJSON *o, const char *key, uint32_t used, uint32_t total)
{
    cJSON *u = cJSON_AddObjectToObject(o, key);
    number(u, "used", used);
    number(u, "total", total);
}

static cJSON *structure_json(const struct model *model, const struct model_structure *s)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "strname", s->name);
    cJSON_AddStringToObject(o, "type", structure_type_text(s->type));
    cJSON_AddStringToObject(o, "cfname", model->cf[s->cf].name);
    cJSON_AddStringToObject(o, "status", structure_status_text(s));
    number(o, "sizeKiB", s->size_kib);
    usage(o, "entries", s->entries_used, s->entries_total);
    usage(o, "elements", s->elements_used, s->elements_total);
    usage(o, "locks", s->locks_held, s->locks_total);
    number(o, "requests", (double)s->requests);
    number(o, "perSecond", s->per_second);
    number(o, "synchronousPercent", s->synchronous_percent);
    number(o, "serviceTimeAverageMicroseconds", s->average_us);
    number(o, "serviceTimeDeviationMicroseconds", s->deviation_us);
    number(o, "lockContention", (double)s->contended);
    number(o, "falseContention", (double)s->false_contended);
    number(o, "structureBusy", (double)s->busy);
    cJSON *connections = cJSON_AddArrayToObject(o, "connections");
    for (uint32_t i = 0; i < MODEL_CONNECTIONS_MAX; i++)
        if (s->connection[i].id != 0)
            cJSON_AddItemToArray(connections, connection_json(&s->connection[i]));
    return o;
}

static cJSON *lock_json(const struct model_lock *lock)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "strname", lock->structure);
    number(o, "lock", lock->index);
    cJSON_AddStringToObject(o, "holder", lock->holder);
    cJSON *waiters = cJSON_AddArrayToObject(o, "waiters");
    for (uint32_t i = 0; i < lock->waiters && i < MODEL_WAITERS_MAX; i++)
        cJSON_AddItemToArray(waiters, cJSON_CreateString(lock->waiter[i]));
    return o;
}

static cJSON *ranges_json(struct model *model, const struct model_dvipa *d)
{
    cJSON *array = cJSON_CreateArray();
    for (uint32_t first = 0, end; first < MODEL_PORTS; first = end) {
        char text[16], what[40];
        for (end = first + 1; end < MODEL_PORTS && d->port[end] == d->port[first];)
            end++;
        cJSON *o = cJSON_CreateObject();
        snprintf(text, sizeof text, "%u-%u", first, end - 1);
        cJSON_AddStringToObject(o, "ports", text);
        cJSON_AddStringToObject(o, "state", port_text(d->port[first]));
        if (port_kind(d->port[first]) != CELL_FREE) {
            const struct model_system *s = model_system_numbered(model, port_who(d->port[first]));
            snprintf(what, sizeof what, "%s", s ? s->name : "");
            cJSON_AddStringToObject(o, "system", what);
        }
        cJSON_AddItemToArray(array, o);
    }
    return array;
}

static cJSON *dvipa_json(struct model *model, const struct model_dvipa *d)
{
    static const char *const keys[] = {"available", "resting", "reserved", "nowhere", "ownedIdle", "inUse", "shared"};
    cJSON *o = cJSON_CreateObject();
    char address[20];
    cJSON_AddStringToObject(o, "dvipa", address_text(d->address, address));
    cJSON_AddStringToObject(o, "keeper", d->keeper);
    cJSON_AddBoolToObject(o, "bitMaps", d->mapped);
    for (int i = 0; i < MODEL_COUNTS; i++)
        number(o, keys[i], d->count[i]);
    cJSON_AddItemToObject(o, "ranges", ranges_json(model, d));
    return o;
}

static cJSON *event_json(const struct model_event *e)
{
    cJSON *o = cJSON_CreateObject();
    time_iso(o, "time", e->ms);
    cJSON_AddStringToObject(o, "system", e->system);
    cJSON_AddStringToObject(o, "event", e->event);
    cJSON_AddStringToObject(o, "text", e->text);
    return o;
}

cJSON *model_json(struct model *model)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "sysplex", model->sysplex);
    time_iso(o, "time", model->time_ms);
    number(o, "intervalSeconds", model->interval_s);
    cJSON *cfs = cJSON_AddArrayToObject(o, "cfs"), *systems = cJSON_AddArrayToObject(o, "systems");
    cJSON *structures = cJSON_AddArrayToObject(o, "structures"), *locks = cJSON_AddArrayToObject(o, "locks");
    cJSON *dvipas = cJSON_AddArrayToObject(o, "dvipas"), *events = cJSON_AddArrayToObject(o, "events");
    for (uint32_t i = 0; i < model->cf_count; i++)
        cJSON_AddItemToArray(cfs, cf_json(&model->cf[i]));
    for (uint32_t i = 0; i < model->system_count; i++)
        cJSON_AddItemToArray(systems, system_json(&model->system[i]));
    for (uint32_t i = 0; i < model->structure_count; i++)
        cJSON_AddItemToArray(structures, structure_json(model, &model->structure[i]));
    for (uint32_t i = 0; i < model->lock_count; i++)
        cJSON_AddItemToArray(locks, lock_json(&model->lock[i]));
    for (uint32_t i = 0; i < model->dvipa_count; i++)
        cJSON_AddItemToArray(dvipas, dvipa_json(model, &model->dvipa[i]));
    for (uint32_t i = 0; i < model->event_count; i++)
        cJSON_AddItemToArray(events, event_json(&model->event[i]));
    return o;
}
