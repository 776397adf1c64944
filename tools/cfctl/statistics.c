/* statistics: what the Structure Activity part of an RMF coupling facility report tells, since the structure was
 * allocated or (--interval) in an interval. The counters are read without a lock: each is right by itself. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/engine/cf_request.h"
#include "tools/cfctl/view.h"

/* The counters of the structures at an instant. */
struct sample {
    uint64_t at_ns;                                 /* monotonic */
    uint32_t generation[CF_STRUCTURES_MAX];         /* 0: no structure there */
    struct cf_stats stats[CF_STRUCTURES_MAX];
};

static void sample_take(struct cf_snapshot *snapshot, struct sample *sample)
{
    sample->at_ns = cf_clock_ns(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        const struct cf_slot *slot = &snapshot->view.slots[i];
        bool there = snapshot->result[i] == CF_SNAPSHOT_COPIED;
        sample->generation[i] = there ? slot->generation : 0;
        if (there)
            sample->stats[i] = cf_control(&snapshot->view, slot)->stats;
    }
}

/* All members of cf_stats are counters that only grow. */
static struct cf_stats difference(const struct cf_stats *now, const struct cf_stats *then)
{
    struct cf_stats d = *now;
    for (int i = 0; i < CF_STAT_COMMANDS; i++)
        for (int j = 0; j < CF_STAT_CLASSES; j++)
            d.requests[i][j] -= then->requests[i][j];
    d.contentions -= then->contentions;
    d.false_contentions -= then->false_contentions;
    d.mutex_waits -= then->mutex_waits;
    d.rollbacks -= then->rollbacks;
    d.synchronous -= then->synchronous;
    d.served -= then->served;
    d.ticks -= then->ticks;
    d.ticks_squared -= then->ticks_squared;
    return d;
}

struct figures {
    uint64_t requests, contended;
    double average_us, deviation_us, per_second;    /* per_second: 0 without an interval */
};

static struct figures figures_of(const struct cf_stats *stats, double ticks_per_us, double seconds)
{
    struct figures f = {0};
    for (int i = 0; i < CF_STAT_COMMANDS; i++) {
        for (int j = 0; j < CF_STAT_CLASSES; j++)
            f.requests += stats->requests[i][j];
        f.contended += stats->requests[i][CF_STAT_CONTENDED];
    }
    if (f.contended < stats->contentions)
        f.contended = stats->contentions;       /* PROCESSMULT: many operations, one request */
    if (stats->served > 0) {
        double mean = (double)stats->ticks / (double)stats->served;
        double variance = stats->ticks_squared / (double)stats->served - mean * mean;
        f.average_us = mean / ticks_per_us;
        f.deviation_us = sqrt(variance > 0 ? variance : 0) / ticks_per_us;
    }
    f.per_second = seconds > 0 ? (double)f.requests / seconds : 0;
    return f;
}

/* --- as text and as JSON ----------------------------------------------------------------------------------------------- */

static const char *const classes[CF_STAT_CLASSES] = {"OK", "NO ENTRY", "MISMATCH", "CONTENTION", "FULL", "REFUSED"};

static uint64_t row_sum(const uint64_t *row)
{
    uint64_t sum = 0;
    for (int i = 0; i < CF_STAT_CLASSES; i++)
        sum += row[i];
    return sum;
}

static void statistics_text(const struct cf_slot *slot, const struct cf_structure *s, const struct cf_stats *stats, const struct figures *f)
{
    printf("STRUCTURE NAME = %-16s  TYPE = %-15s  STATUS = ACTIVE\n", name_text(slot->name, CF_NAME_SIZE).text, type_text(s));
    printf(" # REQ TOTAL %12" PRIu64 "   AVG/SEC %12.1f   SERV TIME(MIC): AVG %.2f  STD_DEV %.2f\n", f->requests, f->per_second,
           f->average_us, f->deviation_us);
    printf(" REQ DEFERRED: -CONT %" PRIu64 "   -FALSE CONT %" PRIu64 "   STRUCTURE BUSY %" PRIu64 "   ROLLED BACK %" PRIu64 "\n", f->contended, stats->false_contentions, stats->mutex_waits,
           stats->rollbacks);
    printf(" %-16s %12s %6s", "REQUESTS", "#", "% ALL");
    for (int i = 0; i < CF_STAT_CLASSES; i++)
        printf(" %10s", classes[i]);
    printf("\n");
    for (int i = 0; i < CF_STAT_COMMANDS; i++) {
        uint64_t sum = row_sum(stats->requests[i]);
        if (sum == 0)
            continue;
        printf(" %-16s %12" PRIu64 " %6.1f", cf_stat_name((enum cf_stat_command)i), sum, 100.0 * (double)sum / (double)f->requests);
        for (int j = 0; j < CF_STAT_CLASSES; j++)
            printf(" %10" PRIu64, stats->requests[i][j]);
        printf("\n");
    }
}

static cJSON *statistics_json(const struct cf_slot *slot, const struct cf_structure *s, const struct cf_stats *stats, const struct figures *f)
{
    cJSON *object = cJSON_CreateObject();
    json_text(object, "strname", name_text(slot->name, CF_NAME_SIZE));
    cJSON_AddStringToObject(object, "type", type_text(s));
    json_number(object, "requests", (double)f->requests);
    if (f->per_second > 0)
        json_number(object, "perSecond", f->per_second);
    json_number(object, "serviceTimeAverageMicroseconds", f->average_us);
    json_number(object, "serviceTimeDeviationMicroseconds", f->deviation_us);
    json_number(object, "lockContention", (double)f->contended);
    json_number(object, "falseContention", (double)stats->false_contentions);
    json_number(object, "structureBusy", (double)stats->mutex_waits);
    json_number(object, "rolledBack", (double)stats->rollbacks);
    cJSON *kinds = cJSON_AddObjectToObject(object, "kinds");
    for (int i = 0; i < CF_STAT_COMMANDS; i++) {
        if (row_sum(stats->requests[i]) == 0)
            continue;
        cJSON *kind = cJSON_AddObjectToObject(kinds, cf_stat_name((enum cf_stat_command)i));
        for (int j = 0; j < CF_STAT_CLASSES; j++)
            json_number(kind, classes[j], (double)stats->requests[i][j]);
    }
    return object;
}

/* --- the command ------------------------------------------------------------------------------------------------------- */

/* Show what happened between two samples; before NULL: since each structure was allocated. */
static int samples_show(struct cf_snapshot *snapshot, const struct sample *now, const struct sample *before, bool json)
{
    cJSON *array = json ? cJSON_CreateArray() : NULL;
    double seconds = before ? (double)(now->at_ns - before->at_ns) / 1e9 : 0;
    bool any = false;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        if (now->generation[i] == 0)
            continue;
        any = true;
        bool same = before && before->generation[i] == now->generation[i];
        struct cf_stats stats = same ? difference(&now->stats[i], &before->stats[i]) : now->stats[i];
        struct figures figures = figures_of(&stats, snapshot->ticks_per_us, seconds);
        const struct cf_slot *slot = &snapshot->view.slots[i];
        const struct cf_structure *s = cf_control(&snapshot->view, slot);
        if (json)
            cJSON_AddItemToArray(array, statistics_json(slot, s, &stats, &figures));
        else
            statistics_text(slot, s, &stats, &figures);
    }
    if (!json && !any)
        puts("NO STRUCTURE IS ALLOCATED");
    return json ? json_print(array) : EXIT_OK;
}

/* Take a sample of what was asked for and show it. */
static int sample_and_show(struct cf *cf, const struct request *request, struct sample *now, const struct sample *before, bool show)
{
    const char *strname = request->count > 0 ? request->argument[0] : NULL;
    struct cf_snapshot *snapshot = view_take(cf, request, strname, CF_SNAPSHOT_CONTROLS);
    if (!snapshot)
        return EXIT_TROUBLE;
    int result = strname && !view_structure(snapshot, "statistics", strname) ? EXIT_TROUBLE : EXIT_OK;
    if (result == EXIT_OK) {
        sample_take(snapshot, now);
        if (show)
            result = samples_show(snapshot, now, before, request->json);
    }
    cf_snapshot_free(snapshot);
    return result;
}

static int statistics(struct cf *cf, const struct request *request)
{
    struct sample *samples = calloc(2, sizeof *samples);
    if (!samples)
        return trouble("statistics", request->facility, "not enough memory");
    int result = sample_and_show(cf, request, &samples[0], NULL, request->interval == 0);
    for (unsigned i = 1; result == EXIT_OK && request->interval > 0 && i <= request->times; i++) {
        struct timespec pause = {.tv_sec = (time_t)request->interval, .tv_nsec = (long)(fmod(request->interval, 1) * 1e9)};
        nanosleep(&pause, NULL);
        result = sample_and_show(cf, request, &samples[i % 2], &samples[1 - i % 2], true);
        fflush(stdout);
    }
    free(samples);
    return result;
}

const struct command statistics_command = {
    "statistics", "NAME [STRNAME]", "requests, service times, contention; --interval: in an interval", 0, 1, true, statistics};
