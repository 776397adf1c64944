/* Displays in the spirit of D XCF,STR and D CF. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cfemu/engine/cf_element.h"
#include "cfemu/engine/cf_request.h"
#include "tools/cfctl/command.h"

enum { DISPLAY_OK = 0, DISPLAY_NO_STRUCTURE, DISPLAY_NO_LIST, DISPLAY_BUSY };

#define INCREMENT_KIB (CF_INCREMENT / 1024)

static const char *time_text(uint64_t realtime_ns, char out[32])
{
    time_t seconds = (time_t)(realtime_ns / 1000000000u);
    struct tm when;
    strftime(out, 32, "%m/%d/%Y %H:%M:%S", localtime_r(&seconds, &when));
    return out;
}

/* A name as text: printable names without trailing blanks, others in hexadecimal. out: 2 * size + 1 bytes. */
static const char *name_text(const uint8_t *name, size_t size, char *out)
{
    size_t length = size, printable = 0;
    while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == 0))
        length--;
    while (printable < length && name[printable] >= ' ' && name[printable] <= '~')
        printable++;
    if (printable == length) {
        memcpy(out, name, length);
        out[length] = 0;
        return out;
    }
    for (size_t i = 0; i < size; i++)
        sprintf(out + 2 * i, "%02X", name[i]);
    return out;
}

static struct cf_slot *slot_find(struct cf *cf, const uint8_t *name)
{
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++)
        if (slot->state == CF_SLOT_ACTIVE && memcmp(slot->name, name, CF_NAME_SIZE) == 0)
            return slot;
    return NULL;
}

static uint32_t connections_count(const struct cf_structure *s)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        count += s->conn[i].state != CF_CONN_FREE;
    return count;
}

static const char *type_text(const struct cf_structure *s)
{
    return s->lockentries > 0 ? "SERIALIZED LIST" : "LIST";
}

static unsigned percent(uint32_t part, uint32_t whole)
{
    return whole > 0 ? (unsigned)((uint64_t)part * 100 / whole) : 0;
}

/* --- facility -------------------------------------------------------------------------------------------------------- */

static void facility_text(struct cf *cf, FILE *to)
{
    const struct cf_header *header = cf->header;
    char text[40];
    fprintf(to, "CFNAME: %s  CFLEVEL: %d\n", name_text(header->cfname, 8, text), CF_LEVEL);
    fprintf(to, " TOTAL SPACE: %u K  FREE SPACE: %u K  STORAGE INCREMENT SIZE: %u K\n", header->increments * INCREMENT_KIB,
            header->increments_free * INCREMENT_KIB, INCREMENT_KIB);
    fprintf(to, " %-8s %-8s %s\n", "SYSNAME", "PROCESS", "ATTACHED");
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++) {
        const struct cf_attachment *attachment = &cf->attachments[i];
        if (i != cf->attachment && atomic_load(&attachment->state) == CF_ATTACHMENT_ACTIVE)
            fprintf(to, " %.8s %-8u %s\n", (const char *)attachment->system, attachment->pid,
                    time_text(attachment->attached_ns, text));
    }
}

static void structure_line(struct cf *cf, struct cf_slot *slot, FILE *to)
{
    char when[32];
    bool waited;
    if (cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN) {
        fprintf(to, " %.16s held up by another process\n", (const char *)slot->name);
        return;
    }
    const struct cf_structure *s = cf_control(cf, slot);
    fprintf(to, " %.16s %-19s %8u K %-15s %5u %9u %9u\n", (const char *)slot->name, time_text(slot->allocated_ns, when),
            s->size_kib, type_text(s), connections_count(s), s->entries_used, s->elements_used);
    cf_slot_unlock(slot);
}

static int display_facility(struct cf *cf, FILE *to)
{
    if (cf_directory_lock(cf) != 0)
        return DISPLAY_BUSY;
    facility_text(cf, to);
    fprintf(to, " %-16s %-19s %10s %-15s %5s %9s %9s\n", "STRNAME", "ALLOCATION TIME", "SIZE", "TYPE", "CONNS", "ENTRIES", "ELEMENTS");
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++)
        if (slot->state == CF_SLOT_ACTIVE)
            structure_line(cf, slot, to);
    cf_directory_unlock(cf);
    return DISPLAY_OK;
}

/* --- structure ------------------------------------------------------------------------------------------------------- */

static void attributes_text(struct cf *cf, const struct cf_slot *slot, const struct cf_structure *s, FILE *to)
{
    char text[40];
    fprintf(to, "STRNAME: %.16s\n TYPE: %s\n", (const char *)slot->name, type_text(s));
    fprintf(to, " ALLOCATION TIME: %s\n", time_text(slot->allocated_ns, text));
    fprintf(to, " CFNAME         : %s\n", name_text(cf->header->cfname, 8, text));
    fprintf(to, " ACTUAL SIZE    : %u K\n", s->size_kib);
    fprintf(to, " LIST HEADERS   : %-8u LOCK ENTRIES: %u\n", s->listheaders, s->lockentries);
    fprintf(to, " ELEMENT SIZE   : %-8u MAXELEMNUM  : %-5u ENTRY:ELEMENT RATIO: %u:%u\n", s->element_size, s->maxelemnum,
            s->entryratio, s->elementratio);
    fprintf(to, " REFOPTION      : %-8s ADJUNCT     : %-5s DISPOSITION: %s\n",
            s->flags & CF_CONN_NAMED ? "NAME" : s->flags & CF_CONN_KEYED ? "KEY" : "NONE",
            s->flags & CF_CONN_ADJUNCT ? "YES" : "NO", s->flags & CF_CONN_STRDISP_KEEP ? "KEEP" : "DELETE");
    fprintf(to, " USAGE INFO             USED      TOTAL    %%\n");
    fprintf(to, "  ENTRIES:       %10u %10u  %3u\n", s->entries_used, s->entries_total, percent(s->entries_used, s->entries_total));
    fprintf(to, "  ELEMENTS:      %10u %10u  %3u\n", s->elements_used, s->elements_total, percent(s->elements_used, s->elements_total));
}

static void connections_text(const struct cf_structure *s, FILE *to)
{
    static const char *const states[] = {"", "ACTIVE", "FAILING", "FAILED-PERSISTENT", "DISCONNECTING"};
    fprintf(to, " # CONNECTIONS: %u\n", connections_count(s));
    fprintf(to, " CONNECTION NAME  ID VERSION  SYSNAME  JOBNAME  STATE             REQUESTS\n");
    fprintf(to, " ---------------- -- -------- -------- -------- ----------------- ----------\n");
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        const struct cf_conn *conn = &s->conn[i];
        if (conn->state == CF_CONN_FREE)
            continue;
        char system[17], job[17];
        fprintf(to, " %.16s %02X %08X %-8s %-8s %-17s %10" PRIu64 "\n", (const char *)conn->name, i,
                conn->version, name_text(conn->system, 8, system), name_text(conn->job, 8, job),
                conn->state <= CF_CONN_DISCONNECTING ? states[conn->state] : "INVALID", conn->requests);
    }
}

static void lock_text(struct cf_structure *s, uint32_t index, FILE *to)
{
    const struct cf_lock *lock = cf_lock_at(s, index);
    if (lock->owner == 0)
        return;
    fprintf(to, " LOCK %-7u HELD BY %02X %.16s\n", index, lock->owner, (const char *)s->conn[lock->owner].name);
    for (uint32_t number = lock->first; number != 0; number = cf_wait_at(s, number)->next)
        fprintf(to, "              WAITER  %02X %.16s\n", number / CF_WAITS_MAX, (const char *)s->conn[number / CF_WAITS_MAX].name);
}

static void statistics_text(const struct cf *cf, const struct cf_stats *stats, FILE *to)
{
    fprintf(to, " %-11s %10s %10s %10s %10s %10s %10s\n", "REQUESTS", "OK", "NO ENTRY", "MISMATCH", "CONTENTION", "FULL", "REFUSED");
    for (int i = 0; i < CF_STAT_COMMANDS; i++) {
        const uint64_t *row = stats->requests[i];
        fprintf(to, " %-11s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", cf_stat_name((enum cf_stat_command)i),
                row[CF_STAT_OK], row[CF_STAT_NO_ENTRY], row[CF_STAT_MISMATCH], row[CF_STAT_CONTENDED], row[CF_STAT_FULL], row[CF_STAT_REFUSED]);
    }
    double scale = cf_ticks_per_us(cf), count = stats->served > 0 ? (double)stats->served : 1;
    double mean = (double)stats->ticks / count;
    double variance = stats->ticks_squared / count - mean * mean;
    fprintf(to, " SERVICE TIME: AVERAGE %.2f MICROSECONDS, STD DEV %.2f\n", mean / scale, sqrt(variance > 0 ? variance : 0) / scale);
    fprintf(to, " STRUCTURE BUSY: %" PRIu64 "  ROLLED BACK: %" PRIu64 "\n", stats->mutex_waits, stats->rollbacks);
}

static void structure_text(struct cf *cf, const struct cf_slot *slot, struct cf_structure *s, FILE *to)
{
    attributes_text(cf, slot, s, to);
    connections_text(s, to);
    for (uint32_t i = 0; i < s->lockentries; i++)
        lock_text(s, i, to);
    statistics_text(cf, &s->stats, to);
}

/* --- entries --------------------------------------------------------------------------------------------------------- */

static void list_text(struct cf *cf, struct cf_structure *s, uint32_t index, FILE *to)
{
    const struct cf_list *list = cf_list_at(s, index);
    fprintf(to, "LIST %u: %u ENTRIES, LIMIT %u\n", index, list->count, list->limit);
    if (list->count > 0)
        fprintf(to, " %-24s %-32s %20s %6s %4s %s\n", "LEID", "NAME OR KEY", "VERSION", "BYTES", "ELEM", s->flags & CF_CONN_ADJUNCT ? "ADJUNCT" : "");
    for (uint32_t number = list->head; number != 0;) {
        struct cf_entry *entry = cf_entry_at(cf, s, number);
        char name[2 * CF_NAME_SIZE + 1];
        fprintf(to, " %08X%016" PRIX64 " %-32s %20" PRIu64 " %6u %4u", number, entry->sequence,
                name_text(entry->name, CF_NAME_SIZE, name), entry->version, entry->length, cf_elements_for(s, entry->length));
        for (uint32_t i = 0; s->flags & CF_CONN_ADJUNCT && i < 16; i++)
            fprintf(to, "%s%02X", i == 0 ? " " : "", cf_adjunct(entry)[i]);
        fputc('\n', to);
        number = entry->next;
    }
}

static int entries_text(struct cf *cf, struct cf_structure *s, long list, FILE *to)
{
    if (list >= (long)s->listheaders)
        return DISPLAY_NO_LIST;
    if (list >= 0)
        list_text(cf, s, (uint32_t)list, to);
    for (uint32_t i = 0; list < 0 && i < s->listheaders; i++)
        if (cf_list_at(s, i)->count > 0)
            list_text(cf, s, i, to);
    return DISPLAY_OK;
}

/* --- one structure under its mutex -------------------------------------------------------------------------------------- */

/* Hold the structure of this name; both mutexes are taken with DISPLAY_OK, none else. */
static int hold(struct cf *cf, const uint8_t *name, struct cf_slot **slot)
{
    bool waited;
    if (cf_directory_lock(cf) != 0)
        return DISPLAY_BUSY;
    *slot = slot_find(cf, name);
    int result = !*slot ? DISPLAY_NO_STRUCTURE : cf_slot_lock(cf, *slot, &waited) == CF_NOT_TAKEN ? DISPLAY_BUSY : DISPLAY_OK;
    if (result != DISPLAY_OK)
        cf_directory_unlock(cf);
    return result;
}

static void release(struct cf *cf, struct cf_slot *slot)
{
    cf_slot_unlock(slot);
    cf_directory_unlock(cf);
}

static int display_structure(struct cf *cf, const uint8_t *name, FILE *to)
{
    struct cf_slot *slot;
    int result = hold(cf, name, &slot);
    if (result != DISPLAY_OK)
        return result;
    structure_text(cf, slot, cf_control(cf, slot), to);
    release(cf, slot);
    return DISPLAY_OK;
}

static int display_entries(struct cf *cf, const uint8_t *name, long list, FILE *to)
{
    struct cf_slot *slot;
    int result = hold(cf, name, &slot);
    if (result != DISPLAY_OK)
        return result;
    result = entries_text(cf, cf_control(cf, slot), list, to);
    release(cf, slot);
    return result;
}

/* --- commands ------------------------------------------------------------------------------------------------------- */

/* Write out what a display function collected. */
static int show(int result, FILE *to, char **text, const char *what, const char *name)
{
    static const char *const reasons[] = {"", "no such structure", "the structure has no such list", "held up by another process; try again"};
    fclose(to);
    if (result == DISPLAY_OK)
        fputs(*text, stdout);
    free(*text);
    return result == DISPLAY_OK ? EXIT_OK : trouble(what, name, reasons[result]);
}

static int display(struct cf *cf, const struct request *request)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return trouble("display", request->facility, strerror(errno));
    if (!request->structure)
        return show(display_facility(cf, to), to, &text, "display", request->facility);
    uint8_t name[CF_NAME_SIZE];
    cf_name_put(name, sizeof name, request->structure);
    return show(display_structure(cf, name, to), to, &text, "display", request->structure);
}

static int list(struct cf *cf, const struct request *request)
{
    char *text = NULL, *end = NULL;
    size_t size;
    const char *number = request->count > 1 ? request->argument[1] : NULL;
    long index = number ? strtol(number, &end, 10) : -1;
    if (number && (*end || end == number || index < 0))
        return trouble("list", number, "expected a list number");
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return trouble("list", request->argument[0], strerror(errno));
    uint8_t name[CF_NAME_SIZE];
    cf_name_put(name, sizeof name, request->argument[0]);
    return show(display_entries(cf, name, index, to), to, &text, "list", request->argument[0]);
}

const struct command display_command = {
    "display", "NAME", "storage, processes, structures; with --structure: one of them in full", 0, 0, true, display};
const struct command list_command = {"list", "NAME STRNAME [LIST]", "the entries of a structure, on one list or on all", 1, 2, true, list};
