#include "tools/sysplex/events.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/sysplex/process.h"

static const struct {
    const char *id, *event;
} messages[] = {
    { "EZD1176I", "joined" }, { "EZD1177I", "left" }, { "EZD1304I", "recovered" }, { "EZD1305I", "recovered" },
    { "EZZ8301I", "takeover" }, { "EZZ8302I", "takeover" }, { "EZZ8303I", "moved" },
    { "IXC101I", "partitioning" }, { "IXC105I", "partitioned" }, { "IXC108I", "fenced" }, { "IXC109I", "fenced" },
    { "IXC521I", "rebuild" }, { "IXC522I", "rebuild" }, { "IXC526I", "rebuild" },
    { "IEF403I", "job-started" }, { "IEF404I", "job-ended" },
};

int events_open(struct events *e, const char *path)
{
    e->out = fopen(path, "we");
    e->began_ms = now_ms();
    return e->out ? 0 : -errno;
}

void events_close(struct events *e)
{
    if (e->out)
        fclose(e->out);
    e->out = NULL;
}

void events_time(char text[32])
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    size_t length = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
    snprintf(text + length, 32 - length, ".%03ldZ", now.tv_nsec / 1000000);
}

void events_write(struct events *e, const char *system, const char *event, const char *format, ...)
{
    char text[640], when[32];
    va_list arguments;
    if (!e->out)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    events_time(when);
    uint64_t ms = now_ms() - e->began_ms;
    incident_event(&e->incidents, ms, system, event, text);

    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "time", when);
    cJSON_AddNumberToObject(o, "ms", (double)ms);
    cJSON_AddStringToObject(o, "system", system);
    cJSON_AddStringToObject(o, "event", event);
    cJSON_AddStringToObject(o, "text", text);
    char *line = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (line)
        fprintf(e->out, "%s\n", line);
    free(line);
    fflush(e->out);
}

void events_line(struct events *e, const char *system, const char *line)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (strncmp(line, messages[i].id, strlen(messages[i].id)) == 0) {
            events_write(e, system, messages[i].event, "%s", line);
            return;
        }
}
