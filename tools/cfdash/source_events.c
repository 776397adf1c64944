/* The event log of the run directory (tools/sysplex/events.h): what has been added since the last reading. A line that is not
 * complete yet is kept; one that is no event is passed over. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/cfdash/source_private.h"

static const char *text_of(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return text ? text : "";
}

/* "2026-11-23T07:30:12.345Z" as milliseconds since 1970; 0: it is no such time. */
static uint64_t time_of(const char *text)
{
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    unsigned ms = 0;
    if (!rest || (*rest == '.' && sscanf(rest, ".%3uZ", &ms) != 1))
        return 0;
    return (uint64_t)timegm(&utc) * 1000 + ms;
}

static void add_event(struct model *model, const char *line)
{
    cJSON *o = cJSON_Parse(line);
    uint64_t ms = o ? time_of(text_of(o, "time")) : 0;
    if (ms != 0) {
        if (model->event_count == MODEL_EVENTS_MAX)
            memmove(&model->event[0], &model->event[1], --model->event_count * sizeof model->event[0]);
        struct model_event *e = &model->event[model->event_count++];
        memset(e, 0, sizeof *e);
        e->ms = ms;
        snprintf(e->system, sizeof e->system, "%s", text_of(o, "system"));
        snprintf(e->event, sizeof e->event, "%s", text_of(o, "event"));
        snprintf(e->text, sizeof e->text, "%s", text_of(o, "text"));
        model->events_seen++;
    }
    cJSON_Delete(o);
}

void source_read_events(struct source *source, struct model *model)
{
    if (!source->events)
        return;
    clearerr(source->events);           /* its end was seen before; more may stand there now */
    for (int c; (c = getc(source->events)) != EOF;) {
        if (c != '\n') {
            if (source->line_length < EVENT_LINE_MAX - 1)
                source->line[source->line_length++] = (char)c;
            continue;
        }
        source->line[source->line_length] = 0;
        source->line_length = 0;
        add_event(model, source->line);
    }
}
