#include "tools/sysplex/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Value of " KEY=n" in a message. */
static bool get_value(const char *message, const char *key, uint64_t *value)
{
    char pattern[32];
    snprintf(pattern, sizeof pattern, " %s=", key);
    const char *at = strstr(message, pattern);
    if (!at)
        return false;
    at += strlen(pattern);
    char *end;
    uint64_t number = strtoull(at, &end, 10);
    if (end == at || *at == '-')
        return false;
    *value = number;
    return true;
}

static bool take_progress(struct job *job, const char *m)
{
    return get_value(m, "OPENED", &job->opened) && get_value(m, "DONE", &job->done) &&
           get_value(m, "FAILED", &job->failed) && get_value(m, "HELD", &job->held);
}

static bool take_end(struct job *job, const char *m)
{
    job->ended = get_value(m, "DONE", &job->done) && get_value(m, "ANSWERED", &job->answered) &&
                 get_value(m, "FAILED", &job->failed) && get_value(m, "PEAK", &job->peak) &&
                 get_value(m, "PORTS", &job->ports) && get_value(m, "ASSIGN_NS", &job->assign_ns);
    if (job->ended) {
        job->opened = job->done;
        job->held = 0;
    }
    return job->ended;
}

static bool take_failure(struct job *job, const char *m)
{
    struct job_reason *r = &job->reasons[job->reason_count];
    if (job->reason_count == JOB_REASONS_MAX || sscanf(m, " FAILURE %23s", r->reason) != 1 || strchr(r->reason, '=') ||
        !get_value(m, "COUNT", &r->count))
        return false;
    job->reason_count++;
    return true;
}

bool job_message(struct job *job, const char *name, const char *line)
{
    static const struct {
        const char *id, *word;
        bool (*take)(struct job *, const char *);
    } messages[] = {
        { "CFS100I", " PROGRESS ", take_progress },
        { "CFS101I", " ENDED ", take_end },
        { "CFS102I", " FAILURE ", take_failure },
    };
    for (unsigned i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        char begin[64];
        snprintf(begin, sizeof begin, "%s %s", messages[i].id, name);
        const char *at = strstr(line, begin);
        if (at && strncmp(at + strlen(begin), messages[i].word, strlen(messages[i].word)) == 0)
            return messages[i].take(job, at + strlen(begin));
    }
    return false;
}

static void add_reason(struct job *sum, const struct job_reason *reason)
{
    unsigned i = 0;
    while (i < sum->reason_count && strcmp(sum->reasons[i].reason, reason->reason) != 0)
        i++;
    if (i == JOB_REASONS_MAX)
        return;
    if (i == sum->reason_count)
        sum->reasons[sum->reason_count++] = *reason;
    else
        sum->reasons[i].count += reason->count;
}

void job_add(struct job *sum, const struct job *job)
{
    if (sum->done + job->done > 0)
        sum->assign_ns = (sum->assign_ns * sum->done + job->assign_ns * job->done) / (sum->done + job->done);
    sum->ended = sum->ended && job->ended;
    sum->opened += job->opened;
    sum->done += job->done;
    sum->failed += job->failed;
    sum->held += job->held;
    sum->answered += job->answered;
    sum->peak += job->peak;
    sum->ports += job->ports;
    for (unsigned i = 0; i < job->reason_count; i++)
        add_reason(sum, &job->reasons[i]);
}

unsigned job_percent(const struct job *job, uint64_t connections)
{
    uint64_t percent = connections ? (job->opened + job->done) * 50 / connections : 100;
    return job->ended || percent > 100 ? 100 : (unsigned)percent;
}
