/* display: what an operator of z/OS sees with D CF and D XCF, from the host. The argument after the facility is the
 * operand of the operator command:
 *
 *   cf                         IXL150I  storage of the facility, who is attached            (the default)
 *   xcf,cf                     IXC361I  the facility, and the other one of its pair, a line each
 *   xcf,cf,cfname=CF           IXC362I  its storage, systems and structures
 *   xcf,str                    IXC359I  the structures, a line each
 *   xcf,str,strname=S          IXC360I  one of them in full; S* those that begin with S */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_locktable.h"
#include "tools/cfctl/view.h"

/* Storage of the facility in KiB. */
struct space {
    uint64_t total, free, structures, control;
};

static struct space space_of(const struct cf_half *half)
{
    const struct cf_header *header = half->header;
    struct space space = {
        .total = (uint64_t)header->increments * INCREMENT_KIB,
        .free = (uint64_t)header->increments_free * INCREMENT_KIB,
        .control = header->first / 1024,
    };
    space.structures = space.total - space.free;
    return space;
}

/* The facility that the user named; its pair, if it has one, is the other half. */
static const struct cf_half *own_half(const struct cf *view)
{
    return &view->half[view->own];
}

/* The process attached in a place; NULL: none, or ourselves. */
static const struct cf_attachment *attached(const struct cf *view, uint32_t number)
{
    const struct cf_attachment *attachment = &view->attachments[number];
    return number != view->attachment && atomic_load(&attachment->state) == CF_ATTACHMENT_ACTIVE ? attachment : NULL;
}

static struct cf_structure *structure_at(const struct cf_snapshot *snapshot, uint32_t number)
{
    return snapshot->result[number] == CF_SNAPSHOT_COPIED ? cf_control(&snapshot->view, &snapshot->view.slots[number]) : NULL;
}

/* --- the facility ---------------------------------------------------------------------------------------------------- */

static cJSON *facility_json(const struct cf *view, uint32_t half)
{
    struct space space = space_of(&view->half[half]);
    cJSON *object = cJSON_CreateObject();
    json_text(object, "cfname", name_text(view->half[half].header->cfname, 8));
    cJSON_AddStringToObject(object, "status", cf_half_failed(view, half) ? "FAILED" : "ACTIVE");
    json_number(object, "cflevel", CF_LEVEL);
    cJSON_AddBoolToObject(object, "volatile", true);
    json_number(object, "storageIncrementKiB", INCREMENT_KIB);
    json_number(object, "totalKiB", (double)space.total);
    json_number(object, "freeKiB", (double)space.free);
    json_number(object, "structuresKiB", (double)space.structures);
    json_number(object, "controlKiB", (double)space.control);
    cJSON *systems = cJSON_AddArrayToObject(object, "systems");
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++) {
        const struct cf_attachment *attachment = attached(view, i);
        if (!attachment)
            continue;
        cJSON *system = cJSON_CreateObject();
        json_text(system, "system", name_text(attachment->system, 8));
        json_number(system, "process", attachment->pid);
        json_text(system, "attached", time_iso(attachment->attached_ns));
        cJSON_AddItemToArray(systems, system);
    }
    return object;
}

static int display_cf(struct cf_snapshot *snapshot, bool json)
{
    const struct cf *view = &snapshot->view;
    if (json)
        return json_print(facility_json(view, view->own));
    struct space space = space_of(own_half(view));
    title("IXL150I", "DISPLAY CF");
    printf("NAMED %s%s\n", name_text(view->header->cfname, 8).text, cf_half_failed(view, view->own) ? "   COUPLING FACILITY FAILED" : "");
    printf("COUPLING FACILITY SPACE UTILIZATION\n ALLOCATED SPACE\n");
    printf("  STRUCTURES:  %12" PRIu64 " K   %3u %%\n", space.structures, percent(space.structures, space.total));
    printf("  FREE SPACE:  %12" PRIu64 " K   %3u %%\n", space.free, percent(space.free, space.total));
    printf("  TOTAL SPACE: %12" PRIu64 " K\n", space.total);
    printf("  CONTROL SPACE OF THE FACILITY, BESIDES: %" PRIu64 " K\n", space.control);
    printf(" VOLATILE:               YES\n STORAGE INCREMENT SIZE: %u K\n CFLEVEL:                %d\n", INCREMENT_KIB, CF_LEVEL);
    printf(" SYSNAME  PROCESS  ATTACHED\n");
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++) {
        const struct cf_attachment *attachment = attached(view, i);
        if (attachment)
            printf(" %-8s %-8u %s\n", name_text(attachment->system, 8).text, attachment->pid, time_text(attachment->attached_ns).text);
    }
    return EXIT_OK;
}

/* The CFs of the pair, or the one that is alone. */
static int display_xcf_cf(struct cf_snapshot *snapshot, bool json)
{
    const struct cf *view = &snapshot->view;
    cJSON *array = json ? cJSON_CreateArray() : NULL;
    if (!json) {
        title("IXC361I", "DISPLAY XCF");
        printf("CFNAME          TOTAL         FREE   STATUS\n");
    }
    for (uint32_t half = 0; half < 2; half++) {
        if (!view->half[half].base)
            continue;
        struct space space = space_of(&view->half[half]);
        if (json)
            cJSON_AddItemToArray(array, facility_json(view, half));
        else
            printf("%-8s %10" PRIu64 " K %10" PRIu64 " K   %s\n", name_text(view->half[half].header->cfname, 8).text, space.total, space.free,
                   cf_half_failed(view, half) ? "COUPLING FACILITY FAILED" : "ACTIVE");
    }
    return json ? json_print(array) : EXIT_OK;
}

/* The half of this name, or 2. */
static uint32_t half_named(const struct cf *view, const char *cfname)
{
    uint32_t half = 0;
    while (half < 2 && (!view->half[half].base || strcasecmp(name_text(view->half[half].header->cfname, 8).text, cfname) != 0))
        half++;
    return half;
}

static int display_cfname(struct cf_snapshot *snapshot, bool json, const char *cfname)
{
    const struct cf *view = &snapshot->view;
    uint32_t half = half_named(view, cfname);
    if (half == 2)
        return trouble("display", cfname, "NO COUPLING FACILITIES MATCH THE SPECIFIED CRITERIA");
    cJSON *object = json ? facility_json(view, half) : NULL;
    cJSON *structures = json ? cJSON_AddArrayToObject(object, "structures") : NULL;
    if (!json) {
        struct space space = space_of(&view->half[half]);
        title("IXC362I", "DISPLAY XCF");
        printf("CFNAME: %s\n STORAGE INCREMENT SIZE: %u K\n TOTAL: %" PRIu64 " K  FREE: %" PRIu64 " K\n CONNECTED SYSTEMS:\n", name_text(view->half[half].header->cfname, 8).text,
               INCREMENT_KIB, space.total, space.free);
        for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++)
            if (attached(view, i))
                printf("  %s\n", name_text(attached(view, i)->system, 8).text);
        printf(" STRUCTURES:\n");
    }
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        if (view->slots[i].state != CF_SLOT_ACTIVE || view->slots[i].control[half] == 0)
            continue;
        struct text name = name_text(view->slots[i].name, CF_NAME_SIZE);
        if (json)
            cJSON_AddItemToArray(structures, cJSON_CreateString(name.text));
        else
            printf("  %s\n", name.text);
    }
    return json ? json_print(object) : EXIT_OK;
}

/* --- one structure --------------------------------------------------------------------------------------------------- */

static const char *reference_option(const struct cf_structure *s)
{
    return s->flags & CF_CONN_NAMED ? "NAME" : s->flags & CF_CONN_KEYED ? "KEY" : "NONE";
}

/* Lock entries that somebody holds, lock table entries in which somebody has interest. */
static uint32_t locks_held(struct cf_structure *s)
{
    uint32_t held = 0;
    for (uint32_t i = 0; s->type == CF_TYPE_LIST && i < s->lockentries; i++)
        held += cf_lock_at(s, i)->owner != 0;
    for (uint32_t i = 0; s->type == CF_TYPE_LOCK && i < s->table_entries; i++) {
        struct cf_interest e;
        cf_interest_load(s, i, &e);
        held += e.manager != 0 || (e.holders[0] | e.holders[1] | e.holders[2] | e.holders[3]) != 0;
    }
    return held;
}

static uint32_t locks_total(const struct cf_structure *s)
{
    return s->type == CF_TYPE_LOCK ? s->table_entries : s->lockentries;
}

static void usage_json(cJSON *object, const char *what, uint32_t used, uint32_t total)
{
    cJSON *usage = cJSON_AddObjectToObject(object, what);
    json_number(usage, "used", used);
    json_number(usage, "total", total);
}

static const char *duplex_text(const struct cf_slot *slot)
{
    return slot->duplex == CF_DUPLEX_ACTIVE ? "DUPLEX ESTABLISHED" : slot->duplex == CF_DUPLEX_ESTABLISHING ? "ESTABLISHING" : "SIMPLEX";
}

static cJSON *structure_json(const struct cf *view, const struct cf_slot *slot, struct cf_structure *s)
{
    cJSON *object = cJSON_CreateObject();
    json_text(object, "strname", name_text(slot->name, CF_NAME_SIZE));
    json_text(object, "cfname", name_text(view->half[slot->where].header->cfname, 8));
    cJSON_AddStringToObject(object, "duplex", duplex_text(slot));
    json_text(object, "allocated", time_iso(slot->allocated_ns));
    cJSON_AddStringToObject(object, "type", type_text(s));
    json_number(object, "sizeKiB", s->size_kib);
    cJSON_AddStringToObject(object, "disposition", s->flags & CF_CONN_STRDISP_KEEP ? "KEEP" : "DELETE");
    json_number(object, "listHeaders", s->type == CF_TYPE_LIST ? s->listheaders : 0);     /* a lock structure's own affair: cf_rdata.h */
    json_number(object, "elementSize", s->element_size);
    json_number(object, "maxElementsPerEntry", s->maxelemnum);
    cJSON_AddStringToObject(object, "referenceOption", reference_option(s));
    cJSON_AddBoolToObject(object, "adjunct", (s->flags & CF_CONN_ADJUNCT) != 0);
    usage_json(object, "entries", s->entries_used, s->entries_total);
    usage_json(object, "elements", s->elements_used, s->elements_total);
    usage_json(object, "emcs", s->emcs_used, s->emcs_total);
    usage_json(object, "locks", locks_held(s), locks_total(s));
    cJSON *connections = cJSON_AddArrayToObject(object, "connections");
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        const struct cf_conn *conn = &s->conn[i];
        if (conn->state == CF_CONN_FREE)
            continue;
        cJSON *connection = cJSON_CreateObject();
        json_text(connection, "conname", name_text(conn->name, CF_NAME_SIZE));
        json_number(connection, "id", i);
        json_text(connection, "system", name_text(conn->system, 8));
        json_text(connection, "job", name_text(conn->job, 8));
        cJSON_AddStringToObject(connection, "state", cf_conn_state_name(conn->state));
        cJSON_AddStringToObject(connection, "disposition", conn->flags & CF_CONN_CONDISP_KEEP ? "KEEP" : "DELETE");
        json_number(connection, "requests", (double)conn->requests);
        cJSON_AddItemToArray(connections, connection);
    }
    return object;
}

static void usage_text(const char *what, uint32_t used, uint32_t total)
{
    printf("   %-10s %10u %10u   %3u\n", what, used, total, percent(used, total));
}

static void list_attributes_text(const struct cf_structure *s)
{
    printf("  LIST HEADERS   : %-8u LOCK ENTRIES    : %u\n", s->listheaders, s->lockentries);
    printf("  ELEMENT SIZE   : %-8u MAXELEMNUM      : %u\n", s->element_size, s->maxelemnum);
    printf("  REFOPTION      : %-8s ADJUNCT         : %s\n", reference_option(s), s->flags & CF_CONN_ADJUNCT ? "YES" : "NO");
    printf("  ENTRY RATIO    : %-8u ELEMENT RATIO   : %u\n", s->entryratio, s->elementratio);
}

static void structure_text(const struct cf *view, const struct cf_slot *slot, struct cf_structure *s)
{
    printf("STRNAME: %s\n STATUS: ALLOCATED\n TYPE: %s\n", name_text(slot->name, CF_NAME_SIZE).text, type_text(s));
    if (slot->duplex != CF_DUPLEX_NONE)
        printf(" DUPLEX REBUILD, METHOD: SYSTEM-MANAGED\n  PHASE: %s\n  NEW STRUCTURE IN: %s\n", duplex_text(slot),
               name_text(view->half[!slot->where].header->cfname, 8).text);
    printf(" ACTIVE STRUCTURE\n ----------------\n");
    printf("  ALLOCATION TIME: %s\n", time_text(slot->allocated_ns).text);
    printf("  CFNAME         : %s\n", name_text(view->half[slot->where].header->cfname, 8).text);
    printf("  ACTUAL SIZE    : %u K\n  STORAGE INCREMENT SIZE: %u K\n", s->size_kib, INCREMENT_KIB);
    printf("  USAGE INFO           USED      TOTAL     %%\n");
    usage_text("ENTRIES:", s->entries_used, s->entries_total);
    usage_text("ELEMENTS:", s->elements_used, s->elements_total);
    if (s->emcs_total > 0)
        usage_text("EMCS:", s->emcs_used, s->emcs_total);
    if (locks_total(s) > 0)
        usage_text("LOCKS:", locks_held(s), locks_total(s));
    if (s->type == CF_TYPE_LIST)
        list_attributes_text(s);
    printf("  DISPOSITION    : %s\n", s->flags & CF_CONN_STRDISP_KEEP ? "KEEP" : "DELETE");
    printf("  MAX CONNECTIONS: %-8u # CONNECTIONS: %u\n\n", s->maxconn, connections_count(s));
    printf(" CONNECTION NAME  ID VERSION  SYSNAME  JOBNAME  STATE\n");
    printf(" ---------------- -- -------- -------- -------- -----------------\n");
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        const struct cf_conn *conn = &s->conn[i];
        if (conn->state != CF_CONN_FREE)
            printf(" %-16s %02X %08X %-8s %-8s %s\n", name_text(conn->name, CF_NAME_SIZE).text, i, conn->version,
                   name_text(conn->system, 8).text, name_text(conn->job, 8).text, cf_conn_state_name(conn->state));
    }
}

static bool name_matches(const struct cf_slot *slot, const char *pattern)
{
    struct text name = name_text(slot->name, CF_NAME_SIZE);
    return slot->state == CF_SLOT_ACTIVE && (!pattern || fnmatch(pattern, name.text, FNM_CASEFOLD) == 0);
}

static void structure_line(const struct cf_slot *slot, const struct cf_structure *s, enum cf_snapshot_result result)
{
    if (s)
        printf("%-16s %-19s %-12s %s\n", name_text(slot->name, CF_NAME_SIZE).text, time_text(slot->allocated_ns).text, "ALLOCATED", type_text(s));
    else
        printf("%-16s %-19s %s\n", name_text(slot->name, CF_NAME_SIZE).text, time_text(slot->allocated_ns).text,
               result == CF_SNAPSHOT_LOST ? "LOST: ITS COUPLING FACILITY FAILED" : "HELD UP BY ANOTHER PROCESS");
}

/* IXC359I, or IXC360I for those whose name matches. */
static int display_structures(struct cf_snapshot *snapshot, bool json, const char *pattern)
{
    const struct cf *view = &snapshot->view;
    cJSON *array = json ? cJSON_CreateArray() : NULL;
    unsigned found = 0;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++) {
        const struct cf_slot *slot = &view->slots[i];
        struct cf_structure *s = structure_at(snapshot, i);
        if (!name_matches(slot, pattern))
            continue;
        if (found++ == 0 && !json) {
            title(pattern ? "IXC360I" : "IXC359I", "DISPLAY XCF");
            if (!pattern)
                printf("STRNAME          ALLOCATION TIME     STATUS       TYPE\n");
        }
        if (json && s)
            cJSON_AddItemToArray(array, structure_json(view, slot, s));
        else if (!json && pattern && s)
            structure_text(view, slot, cf_control(view, slot));
        else if (!json)
            structure_line(slot, s, snapshot->result[i]);
    }
    if (json)
        return json_print(array);
    if (found > 0)
        return EXIT_OK;
    if (pattern)
        return trouble("display", pattern, "NO STRUCTURES MATCH THE SPECIFIED CRITERIA");
    title("IXC359I", "DISPLAY XCF");
    printf("NO STRUCTURES MATCH THE SPECIFIED CRITERIA\n");
    return EXIT_OK;
}

/* --- the command ------------------------------------------------------------------------------------------------------ */

static const char *after(const char *operand, const char *prefix)
{
    return strncasecmp(operand, prefix, strlen(prefix)) == 0 ? operand + strlen(prefix) : NULL;
}

static int display_operand(struct cf_snapshot *snapshot, const char *operand, bool json)
{
    const char *name;
    if (strcasecmp(operand, "cf") == 0)
        return display_cf(snapshot, json);
    if (strcasecmp(operand, "xcf,cf") == 0)
        return display_xcf_cf(snapshot, json);
    if ((name = after(operand, "xcf,cf,cfname=")) != NULL)
        return display_cfname(snapshot, json, name);
    if (strcasecmp(operand, "xcf,str") == 0)
        return display_structures(snapshot, json, NULL);
    if ((name = after(operand, "xcf,str,strname=")) != NULL || (name = after(operand, "xcf,str,strnm=")) != NULL)
        return display_structures(snapshot, json, name);
    return trouble("display", operand, "expected cf, xcf,cf, xcf,cf,cfname=CF, xcf,str or xcf,str,strname=S");
}

static int display(struct cf *cf, const struct request *request)
{
    struct cf_snapshot *snapshot = view_take(cf, request, NULL, CF_SNAPSHOT_CONTROLS);
    if (!snapshot)
        return EXIT_TROUBLE;
    int result = display_operand(snapshot, request->count > 0 ? request->argument[0] : "cf", request->json);
    cf_snapshot_free(snapshot);
    return result;
}

const struct command display_command = {
    "display", "NAME [cf | xcf,cf[,cfname=CF] | xcf,str[,strname=S]]", "as the operator commands D CF and D XCF; S may end with *", 0, 1, true, display};
