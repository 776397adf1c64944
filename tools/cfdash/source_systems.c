/* Systems: their member records in IXCSTR1, the connections and views they have, their processes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/xcf/xcf_record.h"
#include "tools/cfdash/source_private.h"

#define SHORTEST_MS 200u        /* processor time is counted in ticks of 10 ms: of less, no load can be told */

_Static_assert((int)MEMBER_ACTIVE == RECORD_ACTIVE && (int)MEMBER_FAILED == RECORD_FAILED && (int)MEMBER_LEFT == RECORD_LEFT &&
               (int)MEMBER_REMOVING == RECORD_REMOVING, "the model tells of a record as it is");

static struct model_system *system_of(struct model *model, const char *name)
{
    struct model_system *found = model_system_named(model, name);
    if (found || name[0] == 0 || model->system_count == MODEL_SYSTEMS_MAX)
        return found;
    found = &model->system[model->system_count++];
    memset(found, 0, sizeof *found);
    strcpy(found->name, name);
    return found;
}

static void read_member(void *context, const struct cf_entry *entry, const uint8_t *adjunct)
{
    struct model *model = context;
    char name[9];
    if (memcmp(entry->name, "IXCMEMBR", 8) != 0)
        return;
    source_name(name, adjunct + REC_NAME, 8);
    struct model_system *s = system_of(model, name);
    if (!s)
        return;
    s->number = adjunct[REC_NUMBER] <= MODEL_SYSTEMS_MAX ? adjunct[REC_NUMBER] : 0;
    s->member = adjunct[REC_STATE] <= MEMBER_REMOVING ? adjunct[REC_STATE] : MEMBER_NONE;
    s->joined_ms = get_be64(adjunct + REC_JOINED) / 1000;
}

static void count_connections(struct model *model)
{
    for (uint32_t i = 0; i < model->structure_count; i++)
        for (uint32_t j = 0; j < MODEL_CONNECTIONS_MAX; j++) {
            const struct model_connection *c = &model->structure[i].connection[j];
            struct model_system *s = c->id != 0 && c->state == CF_CONN_ACTIVE ? system_of(model, c->system) : NULL;
            if (s)
                s->cf_connections++;
        }
}

/* --- processes ---------------------------------------------------------------------------------------------------------- */

/* State, processor time, start time and memory of /proc/<pid>/stat: fields 3, 14 + 15, 22 and 24. */
static bool read_stat(uint32_t pid, char *state, uint64_t *ticks, uint64_t *born, uint64_t *memory_mib)
{
    char path[64], text[1024];
    unsigned long user, system, pages;
    unsigned long long start;
    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    FILE *in = fopen(path, "re");
    if (!in)
        return false;
    size_t length = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[length] = 0;
    const char *after = strrchr(text, ')');         /* the name before it may have blanks */
    if (!after || sscanf(after + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %llu %*u %lu", state, &user,
                         &system, &start, &pages) != 5)
        return false;
    *ticks = user + system;
    *born = start;
    *memory_mib = pages * (uint64_t)sysconf(_SC_PAGESIZE) >> 20;
    return true;
}

static void read_process(struct source_process *p, struct model_system *s, uint64_t now_ms)
{
    char state;
    uint64_t ticks, born, memory_mib;
    if (!read_stat(p->pid, &state, &ticks, &born, &memory_mib) || born != p->born || state == 'Z' || state == 'X') {
        s->process = PROCESS_ENDED;
        s->cpu_percent = 0;
        s->memory_mib = 0;
        return;
    }
    s->process = state == 'T' || state == 't' ? PROCESS_STOPPED : PROCESS_RUNS;
    s->memory_mib = (uint32_t)memory_mib;
    if (p->at_ms != 0 && now_ms - p->at_ms < SHORTEST_MS)
        return;
    if (p->at_ms != 0)
        s->cpu_percent = 100.0 * (double)(ticks - p->ticks) / (double)sysconf(_SC_CLK_TCK) / ((double)(now_ms - p->at_ms) / 1000);
    p->ticks = ticks;
    p->at_ms = now_ms;
}

static const struct cf_attachment *view_of(const struct source *source, const char *system)
{
    const struct cf_attachment *views = source->look->view.attachments;
    char name[9];
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++) {
        if (atomic_load(&views[i].state) != CF_ATTACHMENT_ACTIVE || views[i].remote)
            continue;
        source_name(name, views[i].system, 8);
        if (strcmp(name, system) == 0)
            return &views[i];
    }
    return NULL;
}

/* The process of a system stays known when its view is gone: so it is seen to have ended. */
static void read_processes(struct source *source, struct model *model)
{
    for (uint32_t i = 0; i < model->system_count; i++) {
        struct source_process *p = &source->process[i];
        struct model_system *s = &model->system[i];
        const struct cf_attachment *view = view_of(source, s->name);
        if (view && (view->pid != p->pid || view->born != p->born))
            *p = (struct source_process){.pid = view->pid, .born = view->born};
        s->pid = p->pid;
        if (p->pid == 0)
            s->process = PROCESS_UNKNOWN;
        else
            read_process(p, s, model->time_ms);
    }
}

/* By number; those without one at the end, as they came. */
static void sort(struct source *source, struct model *model)
{
    for (uint32_t i = 1; i < model->system_count; i++)
        for (uint32_t j = i; j > 0 && (uint8_t)(model->system[j].number - 1) < (uint8_t)(model->system[j - 1].number - 1); j--) {
            struct model_system system = model->system[j];
            struct source_process process = source->process[j];
            model->system[j] = model->system[j - 1];
            source->process[j] = source->process[j - 1];
            model->system[j - 1] = system;
            source->process[j - 1] = process;
        }
}

void source_read_systems(struct source *source, struct model *model)
{
    for (uint32_t i = 0; i < model->system_count; i++) {
        model->system[i].cf_connections = 0;
        model->system[i].member = MEMBER_NONE;
    }
    source_each_entry(source, source_find(source, XCF_STRUCTURE), 0, read_member, model);
    count_connections(model);
    sort(source, model);
    read_processes(source, model);
}
