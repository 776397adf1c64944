#include "tools/sysplex/statistics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cfemu/engine/cf.h"
#include "cfemu/engine/cf_snapshot.h"
#include "tools/sysplex/plex.h"
#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

#define SHORTEST_S 0.2          /* processor time is counted in ticks of 10 ms: of less, no load can be told */

/* utime, stime, rss of /proc/<pid>/stat: the fields 14, 15 and 24; the name before them may have blanks. */
static bool read_process(pid_t pid, uint64_t *ticks, uint64_t *memory_kib)
{
    char path[64], text[1024];
    unsigned long user, system, pages;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *in = pid > 0 ? fopen(path, "re") : NULL;
    if (!in)
        return false;
    size_t length = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[length] = '\0';
    const char *after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %lu",
                         &user, &system, &pages) != 3)
        return false;
    *ticks = user + system;
    *memory_kib = pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    return true;
}

static void add_load(struct statistics *s, unsigned i, cJSON *o)
{
    const struct image *image = &s->plex->images[i];
    uint64_t ticks, memory_kib, now = now_ms();
    if (!read_process(image->pid, &ticks, &memory_kib))
        return;
    if (ticks < s->last[i].ticks || s->last[i].at_ms < image->started_ms) {     /* another process than then */
        s->last[i].ticks = 0;
        s->last[i].at_ms = image->started_ms;
    }
    double seconds = (double)(now - s->last[i].at_ms) / 1000;
    double used = (double)(ticks - s->last[i].ticks) / (double)sysconf(_SC_CLK_TCK);
    if (seconds >= SHORTEST_S) {
        s->last[i].percent = (double)(long)(used / seconds * 1000) / 10;
        s->last[i].ticks = ticks;
        s->last[i].at_ms = now;
    }
    cJSON_AddNumberToObject(o, "cpu_percent", s->last[i].percent);
    cJSON_AddNumberToObject(o, "memory_kib", (double)memory_kib);
}

static cJSON *system_json(struct statistics *s, unsigned i)
{
    const struct image *image = &s->plex->images[i];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", image->system->name);
    cJSON_AddNumberToObject(o, "number", (double)image->system->number);
    cJSON_AddStringToObject(o, "state", image_state_name(image->state));
    if (image->pid > 0)
        cJSON_AddNumberToObject(o, "pid", image->pid);
    add_load(s, i, o);
    if (image->ready_ms > image->started_ms)
        cJSON_AddNumberToObject(o, "ready_ms", (double)(image->ready_ms - image->started_ms));
    return o;
}

static double requests_of(const struct cf_stats *stats)
{
    double sum = 0;
    for (int i = 0; i < CF_STAT_COMMANDS; i++)
        for (int j = 0; j < CF_STAT_CLASSES; j++)
            sum += (double)stats->requests[i][j];
    return sum;
}

static void add_structures(struct cf *cf, cJSON *o)
{
    struct cf_snapshot *snapshot;
    cJSON *array = cJSON_AddArrayToObject(o, "structures");
    if (cf_snapshot_take(cf, NULL, CF_SNAPSHOT_CONTROLS, &snapshot) < 0)
        return;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        const struct cf_slot *slot = &snapshot->view.slots[i];
        if (snapshot->result[i] != CF_SNAPSHOT_COPIED || !cf_snapshot_lies_here(snapshot, i))
            continue;
        cJSON *structure = cJSON_CreateObject();
        char name[CF_NAME_SIZE + 1];
        snprintf(name, sizeof name, "%.*s", (int)CF_NAME_SIZE, (const char *)slot->name);
        name[strcspn(name, " ")] = '\0';
        cJSON_AddStringToObject(structure, "name", name);
        cJSON_AddNumberToObject(structure, "requests", requests_of(&cf_control(&snapshot->view, slot)->stats));
        cJSON_AddItemToArray(array, structure);
    }
    cf_snapshot_free(snapshot);
}

static cJSON *cf_json(struct statistics *s, unsigned i)
{
    const struct plex *p = s->plex;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", p->definition.cfs[i].name);
    cJSON_AddStringToObject(o, "segment", p->segments.cf[i].name);
    cJSON_AddNumberToObject(o, "size", (double)p->definition.cfs[i].size);
    if (s->cf[i]) {
        cJSON_AddNumberToObject(o, "free", (double)s->cf[i]->header->increments_free * CF_INCREMENT);
        cJSON_AddBoolToObject(o, "failed", s->cf[i]->header->failed != 0);
        add_structures(s->cf[i], o);
    }
    return o;
}

cJSON *statistics_json(struct statistics *s)
{
    char when[32];
    cJSON *o = cJSON_CreateObject();
    events_time(when);
    cJSON_AddStringToObject(o, "time", when);
    cJSON *systems = cJSON_AddArrayToObject(o, "systems");
    for (unsigned i = 0; i < s->plex->image_count; i++)
        cJSON_AddItemToArray(systems, system_json(s, i));
    cJSON *cfs = cJSON_AddArrayToObject(o, "cfs");
    for (unsigned i = 0; i < s->plex->segments.count; i++)
        cJSON_AddItemToArray(cfs, cf_json(s, i));
    return o;
}

static void write_line(void *context)
{
    struct statistics *s = context;
    cJSON *o = statistics_json(s);
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (text)
        fprintf(s->out, "%s\n", text);
    free(text);
    fflush(s->out);
    loop_timer(&s->plex->loop, STATISTICS_MS, write_line, s);
}

int statistics_open(struct statistics *s, struct plex *p)
{
    int rc = 0;
    s->plex = p;
    s->out = fopen(rundir_file(&p->rundir, "statistics.jsonl"), "we");
    if (!s->out)
        rc = -errno;
    for (unsigned i = 0; rc == 0 && i < p->segments.count; i++)
        rc = cf_open(p->segments.cf[i].name, "SYSPLEX", &s->cf[i]);
    if (rc < 0)
        tell_error("cannot begin the statistics: %s", strerror(-rc));
    else
        write_line(s);
    return rc;
}

void statistics_close(struct statistics *s)
{
    for (unsigned i = 0; i < DEFINED_CFS_MAX; i++)
        if (s->cf[i])
            cf_close(s->cf[i]);
    if (s->out)
        fclose(s->out);
    memset(s, 0, sizeof *s);
}
