/* The operator's commands on coupling facilities and structures. What is shown is read from the CF when it is asked for
 * (READ_STRUCTURE, IDENTIFY); any CF of the pair that is not lost answers for both.
 *
 *   D XCF,STR[,STRNAME=name*|ALL]   IXC359I, IXC360I       SETXCF START,REBUILD,STRNAME=name[,LOCATION=NORMAL|OTHER]
 *   D XCF,CF[,CFNAME=name*|ALL]     IXC361I, IXC362I       SETXCF STOP,REBUILD,STRNAME=name
 *   D CF                            IXL150I                SETXCF START,ALTER,STRNAME=name,SIZE=KiB
 *   D NET,STATS,TYPE=CFS,STRNAME=name[,LIST=ALL|n|dvipa]    IST350I ... IST314I
 *
 * Layouts are modelled on the product's. */
#include "stack/operator/operator.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"
#include "stack/operator/operator_lists.h"
#include "stack/xes/xes.h"

#define DATA_BYTES (STR_SIZE + POL_SIZE + 255u * CONNECTION_SIZE)
#define CFS_SHOWN 2u            /* coupling facilities of an image */

/* Of the display under way; large for the image's stack, and there is one operator. */
static uint8_t data[DATA_BYTES], mrb[CF_MRB_SIZE];

/* A blank padded name. */
static const char *name16(const uint8_t *in)
{
    static char names[2][CF_NAME_SIZE + 1];
    static unsigned turn;
    char *name = names[turn++ % 2];

    memcpy(name, in, CF_NAME_SIZE);
    name[CF_NAME_SIZE] = 0;
    for (unsigned i = CF_NAME_SIZE; i > 0 && (name[i - 1] == ' ' || name[i - 1] == 0); i--)
        name[i - 1] = 0;
    return name;
}

static const char *name8(const uint8_t *in)
{
    static char names[4][NAME_LEN + 1];
    static unsigned turn;
    char *name = names[turn++ % 4];

    text_name_get(name, in);
    return name;
}

static const char *yes_no(uint8_t value)
{
    return value ? "YES" : "NO";
}

static void heading(const char *message, const char *what)
{
    char now[TEXT_CLOCK_SIZE];

    text_wto("%s  %s  DISPLAY %s", message, text_clock(now, platform_clock_us()), what);
}

/* mm/dd/yyyy hh:mm:ss, UTC. */
static const char *timestamp(uint64_t us)
{
    static char text[24];
    struct text_time t = text_time_of(us);

    text_format(text, sizeof text, "%02u/%02u/%04u %02u:%02u:%02u", t.month, t.day, t.year, t.hour, t.minute, t.second);
    return text;
}

/* The structure of this name, or the next one. The first CF that answers. Return code; *reason NOCONN: none does. */
static int read_structure(const char *structure, uint64_t *restart, uint32_t *reason)
{
    int rc = IXLRETCODEENVERROR;

    *reason = IXLRSNCODENOCONN;
    for (unsigned cf = 0; cf < CFS_SHOWN && *reason == IXLRSNCODENOCONN; cf++)
        rc = xes_read_structure(cf, structure, restart, data, sizeof data, mrb, reason);
    return rc;
}

/* --- D XCF,STR ----------------------------------------------------------------------------------------------------- */

static const char *status(void)
{
    if (get_be64(data + STR_ALLOCATED) == 0)
        return "NOT ALLOCATED";
    if (data[STR_REBUILD])
        return "REBUILDING";
    if (data[STR_LOST])
        return "LOSS OF CONNECTIVITY";
    return data[STR_DUPLEX] == 2 ? "DUPLEXED" : data[STR_DUPLEX] == 1 ? "DUPLEX REBUILD" : "ALLOCATED";
}

static const char *type(void)
{
    return get_be32(data + STR_LISTHEADERS) == 0 ? "LOCK" : get_be32(data + STR_LOCKENTRIES) ? "SERIALIZED LIST" : "LIST";
}

static void display_all(void)
{
    uint64_t restart = 0;
    uint32_t reason, shown = 0;

    heading("IXC359I", "XCF");
    text_wto("STRNAME          ALLOCATION TIME     STATUS               TYPE");
    for (; read_structure(NULL, &restart, &reason) == IXLRETCODEOK; shown++) {
        bool allocated = get_be64(data + STR_ALLOCATED) != 0;

        text_wto("%-16s %-19s %-20s %s", name16(data + STR_NAME), allocated ? timestamp(get_be64(data + STR_ALLOCATED)) : "--",
                 status(), allocated ? type() : "");
    }
    if (reason == IXLRSNCODENOCONN)
        text_wto("NO COUPLING FACILITY CAN BE REACHED");
    else if (shown == 0)
        text_wto("NO STRUCTURES MATCH THE SPECIFIED CRITERIA");
}

static void display_policy(const uint8_t *p)
{
    static const char *const duplex[] = { "DISABLED", "ALLOWED", "ENABLED" };
    char list[96] = "";
    size_t length = 0;

    text_wto(" POLICY INFORMATION:");
    if (!p[POL_DEFINED]) {
        text_wto("  STRUCTURE IS NOT IN THE CFRM ACTIVE POLICY");
        return;
    }
    text_wto("  POLICY NAME    : %s", name8(p + POL_NAME));
    text_wto("  POLICY SIZE    : %u K", get_be32(p + POL_SIZE_KIB));
    text_wto("  POLICY INITSIZE: %u K", get_be32(p + POL_INITSIZE_KIB));
    text_wto("  POLICY MINSIZE : %u K", get_be32(p + POL_MINSIZE_KIB));
    text_wto("  FULLTHRESHOLD  : %u", p[POL_FULLTHRESHOLD]);
    text_wto("  ALLOWAUTOALT   : %s", yes_no(p[POL_AUTOALTER]));
    text_wto("  REBUILD PERCENT: %u", p[POL_REBUILDPERCENT]);
    text_wto("  DUPLEX         : %s", duplex[p[POL_DUPLEX] % 3]);
    text_wto("  ALLOWREALLOCATE: %s", yes_no(p[POL_REALLOCATE]));
    for (unsigned i = 0; i < 8 && p[POL_PREFLIST + 8 * i]; i++)
        length += (size_t)text_format(list + length, sizeof list - length, " %s", name8(p + POL_PREFLIST + 8 * i));
    text_wto("  PREFERENCE LIST:%s", list);
    text_wto("  ENFORCEORDER   : %s", yes_no(p[POL_ENFORCEORDER]));
    if (!p[POL_EXCLLIST])
        text_wto("  EXCLUSION LIST IS EMPTY");
    for (unsigned i = 0; i < 8 && p[POL_EXCLLIST + CF_NAME_SIZE * i]; i++)
        text_wto("  EXCLUSION LIST : %s", name16(p + POL_EXCLLIST + CF_NAME_SIZE * i));
}

static void usage(const char *what, uint32_t used, uint32_t total)
{
    text_wto("   %-9s %10u %10u %3u", what, total, used, total ? (uint32_t)((uint64_t)used * 100u / total) : 0);
}

static void display_connections(void)
{
    static const char *const states[] = { "", "ACTIVE", "FAILING", "FAILED-PERSISTENT", "DISCONNECTING" };
    uint32_t connections = get_be32(data + STR_CONNECTIONS);

    text_wto("  MAX CONNECTIONS: %u", get_be32(data + STR_MAXCONN));
    text_wto("  # CONNECTIONS  : %u", connections);
    if (connections == 0)
        return;
    text_wto(" CONNECTION NAME  ID VERSION  SYSNAME  JOBNAME  STATE");
    text_wto(" ---------------- -- -------- -------- -------- ----------------");
    for (uint32_t i = 0; i < connections; i++) {
        const uint8_t *c = data + STR_SIZE + POL_SIZE + i * CONNECTION_SIZE;

        text_wto(" %-16s %02X %08X %-8s %-8s %s", name16(c + CONNECTION_NAME), get_be32(c + CONNECTION_ID),
                 get_be32(c + CONNECTION_VERSION), name8(c + CONNECTION_SYSTEM), name8(c + CONNECTION_JOB),
                 states[get_be32(c + CONNECTION_STATE) % 5]);
    }
}

static void display_active(void)
{
    static const char *const phases[] = { "", "QUIESCE", "CONNECT", "CLEANUP", "STOP", "FINISHED", "STOPPED" };

    text_wto(" ACTIVE STRUCTURE");
    text_wto(" ----------------");
    text_wto("  ALLOCATION TIME: %s", timestamp(get_be64(data + STR_ALLOCATED)));
    text_wto("  CFNAME         : %s", name8(data + STR_CFNAME));
    if (data[STR_REBUILD])
        text_wto("  REBUILD PHASE  : %s", phases[data[STR_REBUILD] % 7]);
    if (data[STR_CFNAME2])
        text_wto("  %s: %s", data[STR_REBUILD] ? "REBUILD NEW CF " : "DUPLEX NEW CF  ", name8(data + STR_CFNAME2));
    text_wto("  ACTUAL SIZE    : %u K", get_be32(data + STR_SIZE_KIB));
    text_wto("  USAGE INFO      TOTAL       USED   %%");
    usage("ENTRIES:", get_be32(mrb + MRB_ENTRIES_USED), get_be32(mrb + MRB_ENTRIES_TOTAL));
    usage("ELEMENTS:", get_be32(mrb + MRB_ELEMENTS_USED), get_be32(mrb + MRB_ELEMENTS_TOTAL));
    text_wto("   LOCKS:    %10u", get_be32(data + STR_LOCKENTRIES));
    text_wto("  DISPOSITION    : %s", data[STR_FLAGS] & CF_CONN_STRDISP_KEEP ? "KEEP" : "DELETE");
    display_connections();
}

/* ALL and names with an asterisk at the end mean any number of structures or coupling facilities. */
static bool is_pattern(const char *name)
{
    return text_equal(name, "ALL") || name[strlen(name) - 1] == '*';
}

static bool is_meant(const char *pattern, const char *name)
{
    return text_equal(pattern, "ALL") || text_match(pattern, name) > 0;
}

/* The structure that was read last. */
static void display_details(void)
{
    text_wto("STRNAME: %s", name16(data + STR_NAME));
    text_wto(" STATUS: %s", status());
    if (get_be64(data + STR_ALLOCATED))
        text_wto(" TYPE: %s", type());
    display_policy(data + STR_SIZE);
    if (get_be64(data + STR_ALLOCATED))
        display_active();
}

/* Result: how many there were; *reason of the last one. */
static uint32_t display_matches(const char *structure, uint32_t *reason)
{
    uint64_t restart = 0;
    uint32_t shown = 0;

    if (!is_pattern(structure)) {
        bool read = read_structure(structure, NULL, reason) == IXLRETCODEOK;

        if (read)
            display_details();
        return read;
    }
    while (read_structure(NULL, &restart, reason) == IXLRETCODEOK)
        if (is_meant(structure, name16(data + STR_NAME))) {
            display_details();
            shown++;
        }
    return shown;
}

static void display_structure(void *context, const struct operator_parameters *parameters)
{
    const char *structure = operator_value(parameters, "STRNAME");
    uint32_t reason;

    (void)context;
    if (!operator_check(parameters, "STRNAME") || !operator_positionals(parameters, 0))
        return;
    if (!structure) {
        display_all();
        return;
    }
    if (!structure[0]) {
        operator_missing(parameters, "STRNAME=NAME");
        return;
    }
    heading("IXC360I", "XCF");
    if (display_matches(structure, &reason) == 0)
        text_wto(reason == IXLRSNCODENOCONN ? "NO COUPLING FACILITY CAN BE REACHED" : "NO STRUCTURES MATCH THE SPECIFIED CRITERIA");
}

/* --- D XCF,CF and D CF --------------------------------------------------------------------------------------------- */

/* The structures that are in the CF of this name. */
static void display_structures_of(const char *cfname)
{
    uint64_t restart = 0;
    uint32_t reason, shown = 0;

    text_wto("STRUCTURES:");
    while (read_structure(NULL, &restart, &reason) == IXLRETCODEOK)
        if ((data[STR_CFNAME] && text_equal(name8(data + STR_CFNAME), cfname)) ||
            (data[STR_CFNAME2] && text_equal(name8(data + STR_CFNAME2), cfname))) {
            text_wto("  %s", name16(data + STR_NAME));
            shown++;
        }
    if (shown == 0)
        text_wto("  NO STRUCTURES ARE IN USE BY THIS SYSPLEX IN THIS COUPLING FACILITY");
}

static void display_facilities(void *context, const struct operator_parameters *parameters)
{
    const char *wanted = operator_value(parameters, "CFNAME");
    uint32_t reason, shown = 0;

    (void)context;
    if (!operator_check(parameters, "CFNAME") || !operator_positionals(parameters, 0))
        return;
    if (wanted && !wanted[0]) {
        operator_missing(parameters, "CFNAME=NAME");
        return;
    }
    heading(wanted ? "IXC362I" : "IXC361I", "XCF");
    if (!wanted)
        text_wto("CFNAME   DEVICE STATUS          TOTAL K     FREE K");
    for (unsigned cf = 0; cf < CFS_SHOWN; cf++) {
        if (xes_identify(cf, mrb, &reason) != IXLRETCODEOK) {
            if (!wanted)
                text_wto("--       0F%u0   NOT OPERATIONAL", cf);
            continue;
        }
        uint32_t total = (uint32_t)get_be64(mrb + MRB_OWN + IDENTIFY_SIZE_KIB);
        uint32_t available = (uint32_t)get_be64(mrb + MRB_OWN + IDENTIFY_FREE_KIB);
        char name[NAME_LEN + 1];

        text_name_get(name, mrb + MRB_OWN + IDENTIFY_NAME);
        if (!wanted) {
            text_wto("%-8s 0F%u0   OPERATIONAL     %10u %10u", name, cf, total, available);
        } else if (is_meant(wanted, name)) {
            text_wto("CFNAME: %s", name);
            text_wto("  TOTAL SPACE: %u K  FREE SPACE: %u K", total, available);
            display_structures_of(name);
        } else {
            continue;
        }
        shown++;
    }
    if (shown == 0)
        text_wto("NO COUPLING FACILITIES MATCH THE SPECIFIED CRITERIA");
}

static void display_cf(void *context, const struct operator_parameters *parameters)
{
    uint32_t reason;

    (void)context;
    if (!operator_none(parameters))
        return;
    heading("IXL150I", "CF");
    for (unsigned cf = 0; cf < CFS_SHOWN; cf++) {
        if (xes_identify(cf, mrb, &reason) != IXLRETCODEOK) {
            text_wto("COUPLING FACILITY AT DEVICE 0F%u0 IS NOT OPERATIONAL", cf);
            continue;
        }
        uint32_t total = (uint32_t)get_be64(mrb + MRB_OWN + IDENTIFY_SIZE_KIB);
        uint32_t available = (uint32_t)get_be64(mrb + MRB_OWN + IDENTIFY_FREE_KIB);
        text_wto("NAMED %s", name8(mrb + MRB_OWN + IDENTIFY_NAME));
        text_wto("COUPLING FACILITY SPACE UTILIZATION");
        text_wto(" STRUCTURES:  %10u K", total - available);
        text_wto(" FREE SPACE:  %10u K", available);
        text_wto(" TOTAL SPACE: %10u K", total);
        text_wto(" VOLATILE: YES        STORAGE INCREMENT SIZE: 256 K");
        text_wto(" CFLEVEL: %u", get_be32(mrb + MRB_OWN + IDENTIFY_LEVEL));
        text_wto("COUPLING FACILITY SUBCHANNEL 0F%u0 ONLINE", cf);
    }
}

/* --- D NET,STATS,TYPE=CFS ------------------------------------------------------------------------------------------ */

static void stats_line(const char *id, const char *what, uint32_t current, uint32_t maximum)
{
    text_wto("%s %-24s %10u %10u %8u", id, what, current, maximum,
             maximum ? (uint32_t)((uint64_t)current * 100u / maximum) : 0);
}

static void display_stats(void *context, const struct operator_parameters *parameters)
{
    const char *structure = operator_value(parameters, "STRNAME"), *kind = operator_value(parameters, "TYPE");
    const char *lists = operator_value(parameters, "LIST");
    struct operator_list list;
    uint32_t reason;

    if (!operator_check(parameters, "TYPE STRNAME LIST"))
        return;
    if (!kind || !structure) {
        operator_missing(parameters, kind ? "STRNAME" : "TYPE");
        return;
    }
    if (!text_equal(kind, "CFS")) {
        operator_unknown(parameters, kind, "CFS");
        return;
    }
    if (lists && !text_equal(structure, CLP_STRUCTURE)) {
        operator_unknown(parameters, structure, "LIST= WITH STRNAME=" CLP_STRUCTURE);
        return;
    }
    if (lists && !operator_list_parse(lists, &list)) {
        operator_unknown(parameters, lists, "LIST=ALL, LIST=0 TO 1023 OR LIST=IPADDR");
        return;
    }
    text_wto("IST097I DISPLAY ACCEPTED");
    text_wto("IST350I DISPLAY TYPE = STATS,TYPE=CFS");
    if (read_structure(structure, NULL, &reason) != IXLRETCODEOK || get_be64(data + STR_ALLOCATED) == 0) {
        text_wto("IST1371I STRUCTURE %s IS NOT ALLOCATED OR CANNOT BE REACHED, REASON %04X", structure, reason);
    } else {
        uint32_t maximum = get_be32(data + STR_SIZE + POL_SIZE_KIB), size = get_be32(data + STR_SIZE_KIB);
        text_wto("IST1370I %u SYSTEMS ARE CONNECTED TO STRUCTURE %s", get_be32(data + STR_CONNECTIONS), structure);
        text_wto("IST1797I STRUCTURE TYPE = %s", type());
        text_wto("IST1517I LIST HEADERS = %u - LOCK HEADERS = %u", get_be32(data + STR_LISTHEADERS), get_be32(data + STR_LOCKENTRIES));
        text_wto("IST1373I STORAGE ELEMENT SIZE = %u", get_be32(data + STR_ELEMENTSIZE));
        text_wto("IST924I -------------------------------------------------------------");
        text_wto("IST1374I                             CURRENT    MAXIMUM  PERCENT");
        text_wto("IST1375I %-24s %9uK %9uK     *NA*", "STRUCTURE SIZE", size, maximum ? maximum : size);
        stats_line("IST1376I", "STORAGE ELEMENTS", get_be32(mrb + MRB_ELEMENTS_USED), get_be32(mrb + MRB_ELEMENTS_TOTAL));
        stats_line("IST1377I", "LIST ENTRIES", get_be32(mrb + MRB_ENTRIES_USED), get_be32(mrb + MRB_ENTRIES_TOTAL));
        if (lists) {
            text_wto("IST924I -------------------------------------------------------------");
            operator_list_display(context, &list);
        }
    }
    text_wto("IST314I END");
}

/* --- SETXCF -------------------------------------------------------------------------------------------------------- */

static const char *refusal(uint32_t reason)
{
    switch (reason) {
    case IXLRSNCODERESOURCENOTFOUND:
        return "STRUCTURE IS NOT ALLOCATED";
    case IXLRSNCODEREBUILD:
        return "A REBUILD OR DUPLEXING IS IN THE WAY, OR THERE IS NONE TO STOP";
    case IXLRSNCODENOCONN:
        return "NO OTHER COUPLING FACILITY CAN BE REACHED";
    case IXLRSNCODEALTERNOTALLOWED:
        return "AN ACTIVE CONNECTION DOES NOT ALLOW ALTER";
    case IXLRSNCODEALTERING:
        return "AN ALTER IS IN PROGRESS";
    case IXLRSNCODEBADPARMLIST:
        return "THE NAME OR THE SIZE IS NOT VALID FOR THE STRUCTURE";
    default:
        return "THE COUPLING FACILITY REFUSES IT";
    }
}

/* Place of a CF in the preference list of the structure that was read; behind all if it is not there. */
static unsigned preference(const uint8_t cfname[NAME_LEN])
{
    const uint8_t *list = data + STR_SIZE + POL_PREFLIST;
    unsigned i = 0;

    while (i < 8 && memcmp(list + NAME_LEN * i, cfname, NAME_LEN) != 0)
        i++;
    return i;
}

/* LOCATION=NORMAL: is there a CF that the policy prefers to the one where the structure is? */
static bool is_misplaced(const char *structure)
{
    uint32_t reason;
    bool misplaced = false;

    if (read_structure(structure, NULL, &reason) != IXLRETCODEOK || get_be64(data + STR_ALLOCATED) == 0 || data[STR_LOST])
        return true;                    /* the request itself says what is wrong, or does what is to be done */
    for (unsigned cf = 0; cf < CFS_SHOWN; cf++)
        if (xes_identify(cf, mrb, &reason) == IXLRETCODEOK)
            misplaced |= preference(mrb + MRB_OWN + IDENTIFY_NAME) < preference(data + STR_CFNAME);
    return misplaced;
}

static void rebuild_command(const struct operator_parameters *parameters, bool stop)
{
    const char *structure = operator_value(parameters, "STRNAME"), *location = operator_value(parameters, "LOCATION");
    uint32_t reason = IXLRSNCODENOCONN;

    if (!operator_check(parameters, stop ? "STRNAME" : "STRNAME LOCATION"))
        return;
    if (!structure) {
        operator_missing(parameters, "STRNAME");
        return;
    }
    bool other = location && text_equal(location, "OTHER");
    if (location && !other && !text_equal(location, "NORMAL")) {
        operator_unknown(parameters, location, "NORMAL OR OTHER");
        return;
    }
    if (!stop && !other && !is_misplaced(structure)) {
        text_wto("IXC367I THE SETXCF START REBUILD REQUEST FOR STRUCTURE %s WAS REJECTED:", structure);
        text_wto(" NO COUPLING FACILITY IS PREFERRED TO %s WHERE IT IS, LOCATION=OTHER MOVES IT NEVERTHELESS", name8(data + STR_CFNAME));
        return;
    }
    for (unsigned cf = 0; cf < CFS_SHOWN && reason == IXLRSNCODENOCONN; cf++)
        (void)xes_operator_rebuild(cf, structure, stop, &reason);
    text_wto("IXC367I THE SETXCF %s REBUILD REQUEST FOR STRUCTURE %s WAS %s", stop ? "STOP" : "START", structure,
             reason == IXLRSNCODEOK ? "ACCEPTED." : "REJECTED:");
    if (reason != IXLRSNCODEOK)
        text_wto(" %s", refusal(reason));
}

static void start_rebuild(void *context, const struct operator_parameters *parameters)
{
    (void)context;
    rebuild_command(parameters, false);
}

static void stop_rebuild(void *context, const struct operator_parameters *parameters)
{
    (void)context;
    rebuild_command(parameters, true);
}

static void start_alter(void *context, const struct operator_parameters *parameters)
{
    const char *structure = operator_value(parameters, "STRNAME");
    uint32_t wanted = 0, reached, reason = IXLRSNCODENOCONN;

    (void)context;
    if (!operator_check(parameters, "STRNAME SIZE"))
        return;
    if (!structure || !operator_value(parameters, "SIZE")) {
        operator_missing(parameters, structure ? "SIZE" : "STRNAME");
        return;
    }
    if (!operator_number(parameters, "SIZE", 1, UINT32_MAX, &wanted))
        return;
    for (unsigned cf = 0; cf < CFS_SHOWN && reason == IXLRSNCODENOCONN; cf++) {
        reached = wanted;
        (void)xes_alter(cf, structure, &reached, &reason);
    }
    if (reason == IXLRSNCODEOK)
        text_wto("IXC534I SETXCF REQUEST TO ALTER STRUCTURE %s COMPLETED. TARGET SIZE: %u K, CURRENT SIZE: %u K", structure, wanted,
                 reached);
    else
        text_wto("IXC533I SETXCF REQUEST TO ALTER STRUCTURE %s REJECTED: %s", structure, refusal(reason));
}

void operator_cf_register(struct operator *operator, struct clp *clp)
{
    operator_register(operator, "D XCF,STR", display_structure, NULL, "[,STRNAME=name*|ALL]  structures of the sysplex");
    operator_register(operator, "D XCF,CF", display_facilities, NULL, "[,CFNAME=name*|ALL]  coupling facilities of the sysplex");
    operator_register(operator, "D CF", display_cf, NULL, "  coupling facilities of this system");
    operator_register(operator, "D NET,STATS", display_stats, clp, ",TYPE=CFS,STRNAME=name[,LIST=ALL|n|ipaddr]  a structure, its lists");
    operator_register(operator, "SETXCF START,REBUILD", start_rebuild, NULL, ",STRNAME=name[,LOCATION=NORMAL|OTHER]  to another CF");
    operator_register(operator, "SETXCF STOP,REBUILD", stop_rebuild, NULL, ",STRNAME=name  back to where it was");
    operator_register(operator, "SETXCF START,ALTER", start_alter, NULL, ",STRNAME=name,SIZE=KiB  another size");
}
