#include "tools/cfctl/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cfemu/engine/cf_request.h"

struct cf_snapshot *view_take(struct cf *cf, const struct request *request, const char *strname, enum cf_snapshot_depth depth)
{
    struct cf_snapshot *snapshot = NULL;
    uint8_t name[CF_NAME_SIZE];
    if (strname)
        cf_name_put(name, sizeof name, strname);
    int error = cf_snapshot_take(cf, strname ? name : NULL, depth, &snapshot);
    if (error != 0)
        trouble("read", request->facility, why(error));
    return error == 0 ? snapshot : NULL;
}

const struct cf_slot *view_structure(struct cf_snapshot *snapshot, const char *what, const char *strname)
{
    static const char *const reasons[] = {
        [CF_SNAPSHOT_NONE] = "no such structure",
        [CF_SNAPSHOT_HELD_UP] = "held up by another process; try again",
        [CF_SNAPSHOT_LOST] = "it went with its coupling facility",
        [CF_SNAPSHOT_TOO_LARGE] = "larger than 512 MiB: others would wait too long",
    };
    uint8_t name[CF_NAME_SIZE];
    cf_name_put(name, sizeof name, strname);
    enum cf_snapshot_result result = CF_SNAPSHOT_NONE;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        const struct cf_slot *slot = &snapshot->view.slots[i];
        if (slot->state != CF_SLOT_ACTIVE || memcmp(slot->name, name, CF_NAME_SIZE) != 0)
            continue;
        result = snapshot->result[i];
        if (result == CF_SNAPSHOT_COPIED)
            return slot;
    }
    trouble(what, strname, reasons[result]);
    return NULL;
}

struct text hex_text(const uint8_t *bytes, size_t size)
{
    struct text out;
    out.text[0] = 0;
    for (size_t i = 0; i < size && i < 64; i++)
        sprintf(out.text + 2 * i, "%02X", bytes[i]);
    return out;
}

struct text name_text(const uint8_t *name, size_t size)
{
    struct text out;
    size_t length = size, printable = 0;
    while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == 0))
        length--;
    while (printable < length && name[printable] >= ' ' && name[printable] <= '~')
        printable++;
    if (printable < length)
        return hex_text(name, size);
    memcpy(out.text, name, length);
    out.text[length] = 0;
    return out;
}

static struct text clock_text(uint64_t realtime_ns, const char *format)
{
    struct text out;
    struct tm when;
    time_t seconds = (time_t)(realtime_ns / 1000000000u);
    if (strftime(out.text, sizeof out.text, format, localtime_r(&seconds, &when)) == 0)
        out.text[0] = 0;
    return out;
}

struct text time_text(uint64_t realtime_ns)
{
    return clock_text(realtime_ns, "%m/%d/%Y %H:%M:%S");
}

struct text time_iso(uint64_t realtime_ns)
{
    return clock_text(realtime_ns, "%Y-%m-%dT%H:%M:%S%z");
}

void title(const char *id, const char *what)
{
    printf("%s  %s  %s\n", id, clock_text(cf_clock_ns(CLOCK_REALTIME), "%H.%M.%S").text, what);
}

const char *type_text(const struct cf_structure *s)
{
    return s->type == CF_TYPE_LOCK ? "LOCK" : s->lockentries > 0 ? "SERIALIZED LIST" : "LIST";
}

uint32_t connections_count(const struct cf_structure *s)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        count += s->conn[i].state != CF_CONN_FREE;
    return count;
}

unsigned percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (unsigned)(part * 100 / whole) : 0;
}

void json_number(cJSON *object, const char *key, double number)
{
    cJSON_AddNumberToObject(object, key, number);
}

void json_text(cJSON *object, const char *key, struct text text)
{
    cJSON_AddStringToObject(object, key, text.text);
}

int json_print(cJSON *object)
{
    char *text = cJSON_Print(object);
    cJSON_Delete(object);
    if (!text)
        return trouble("print", "the answer", "not enough memory");
    puts(text);
    free(text);
    return EXIT_OK;
}
