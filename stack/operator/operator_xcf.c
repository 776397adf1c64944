#include "stack/operator/operator_xcf.h"

#include <stddef.h>

#include "stack/base/text.h"

/* One console, one XCF: what is asked and not yet answered. */
struct operator_xcf {
    struct xcf *xcf;
    const char *sysplex;
    uint64_t asked;             /* IXC371D: bit 1 << number */
    uint64_t asked_force;
};

static void heading(const char *message)
{
    char now[TEXT_CLOCK_SIZE];

    text_wto("%s  %s  DISPLAY XCF", message, text_clock(now, platform_clock_us()));
}

static bool joined(const struct operator_xcf *o)
{
    if (o->xcf->connection)
        return true;
    text_wto("IXC334I THIS SYSTEM IS NOT IN A SYSPLEX");
    return false;
}

static const char *status_text(const struct xcf_member *m)
{
    return m->state == XCF_STATE_REMOVING         ? "BEING REMOVED - RSN: "
           : m->state == XCF_STATE_STATUS_MISSING ? "STATUS UPDATE MISSING" : "ACTIVE";
}

static void display_systems(void *context, const struct operator_parameters *parameters)
{
    const struct operator_xcf *o = context;

    if (!operator_none(parameters) || !joined(o))
        return;
    heading("IXC334I");
    text_wto(" SYSPLEX %s:", o->sysplex);
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (xcf_member(o->xcf, n))
            text_wto("    %-8s", o->xcf->members[n].name);
}

static void display_status(void *context, const struct operator_parameters *parameters)
{
    const struct operator_xcf *o = context;

    if (!operator_none(parameters) || !joined(o))
        return;
    heading("IXC335I");
    text_wto(" SYSPLEX %s", o->sysplex);
    text_wto(" SYSTEM   NUMBER JOINED   STATUS TIME INTERVAL SYSTEM STATUS");
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        const struct xcf_member *m = xcf_member(o->xcf, n);
        char since[TEXT_CLOCK_SIZE], status[TEXT_CLOCK_SIZE];

        if (!m)
            continue;
        (void)text_clock(since, m->joined_us);
        (void)text_clock(status, m->status_us);
        text_wto(" %-8s %6u %s %s    %8u %s%s", m->name, n, since, status, m->interval_s, status_text(m),
                 m->state == XCF_STATE_REMOVING ? xcf_reason_text(m->reason) : "");
    }
}

static void display_groups(const struct operator_xcf *o)
{
    unsigned members = 0;

    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        members += xcf_member(o->xcf, n) != NULL;
    heading("IXC331I");
    text_wto(" GROUPS(SIZE):");
    for (unsigned i = 0; i < o->xcf->group_count; i++)
        text_wto("    %s(%u)", o->xcf->groups[i].name, members);
}

/* Every system has every group: what runs in an image is the same on each. */
static void display_group(void *context, const struct operator_parameters *parameters)
{
    const struct operator_xcf *o = context;
    const char *name = operator_positional(parameters, 0);
    unsigned group = 0;

    if (!operator_check(parameters, "") || !joined(o))
        return;
    if (!name) {
        display_groups(o);
        return;
    }
    while (group < o->xcf->group_count && !text_equal(o->xcf->groups[group].name, name))
        group++;
    if (group == o->xcf->group_count) {
        text_wto("IXC333I NO GROUP %s", name);
        return;
    }
    heading("IXC332I");
    text_wto(" GROUP %s:", o->xcf->groups[group].name);
    text_wto(" MEMBER NAME      SYSTEM   STATUS");
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        const struct xcf_member *m = xcf_member(o->xcf, n);

        if (m)
            text_wto(" %-8sTCPIP    %-8s %s", m->name, m->name, m->state == XCF_STATE_REMOVING ? "TERMINATING" : "ACTIVE");
    }
}

static void display_couple(void *context, const struct operator_parameters *parameters)
{
    const struct operator_xcf *o = context;

    if (!operator_none(parameters) || !joined(o))
        return;
    heading("IXC357I");
    text_wto(" SYSTEM %s DATA", o->xcf->members[o->xcf->number].name);
    text_wto("  INTERVAL  CLEANUP  MAXMSG   SSUM ACTION  ISOLATETIME");
    text_wto("  %8u %8u %7u   %11s %12u", o->xcf->interval_s, o->xcf->cleanup_s, XCF_MESSAGE_MAX, "ISOLATE", 0u);
    text_wto(" SIGNALLING STRUCTURE %s", XCF_STRUCTURE);
    text_wto("  SENT %llu RECEIVED %llu DISCARDED %llu", (unsigned long long)o->xcf->sent, (unsigned long long)o->xcf->received,
             (unsigned long long)o->xcf->dropped);
}

/* --- removal --------------------------------------------------------------------------------------------------------- */

/* The number of an active system by its name, 0: there is none. */
static uint8_t number_of(const struct xcf *xcf, const char *name)
{
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (xcf_member(xcf, n) && text_equal(xcf->members[n].name, name))
            return n;
    return 0;
}

/* V XCF,sys,OFFLINE[,FORCE] */
static void vary(void *context, const struct operator_parameters *parameters)
{
    struct operator_xcf *o = context;
    const char *system = operator_positional(parameters, 0), *what = operator_positional(parameters, 1);
    const char *force = operator_positional(parameters, 2);

    if (!operator_check(parameters, "") || !joined(o))
        return;
    if (!system || !what) {
        operator_missing(parameters, system ? "OFFLINE" : "SYSNAME");
        return;
    }
    if (!text_equal(what, "OFFLINE") || (force && !text_equal(force, "FORCE"))) {
        operator_unknown(parameters, text_equal(what, "OFFLINE") ? force : what, "V XCF,SYSTEM,OFFLINE OR OFFLINE,FORCE");
        return;
    }
    uint8_t number = number_of(o->xcf, system);
    if (number == 0 || number == o->xcf->number) {
        text_wto("IXC372I VARY XCF REJECTED FOR %s: %s", system, number ? "GIVE IT ON ANOTHER SYSTEM" : "NOT AN ACTIVE SYSTEM OF THE SYSPLEX");
        return;
    }
    o->asked |= 1ull << number;
    o->asked_force = force ? o->asked_force | 1ull << number : o->asked_force & ~(1ull << number);
    text_wto("*%02u IXC371D CONFIRM REQUEST TO VARY SYSTEM %s OFFLINE. REPLY SYSNAME=%s TO REMOVE %s OR C TO CANCEL.", number,
             o->xcf->members[number].name, o->xcf->members[number].name, o->xcf->members[number].name);
}

static void confirm(struct operator_xcf *o, uint8_t number, const char *sysname)
{
    bool force = o->asked_force >> number & 1;

    if (sysname && number_of(o->xcf, sysname) != number) {
        text_wto("IXC373I SYSNAME=%s IS NOT THE SYSTEM THAT WAS ASKED FOR; THE REQUEST STANDS", sysname);
        return;
    }
    o->asked &= ~(1ull << number);
    if (!sysname)
        text_wto("IXC374I VARY XCF CANCELLED");
    else if (!xcf_vary_offline(o->xcf, number, force))
        text_wto("IXC372I VARY XCF REJECTED FOR %s: IT IS BEING REMOVED, OR IS NOT ACTIVE ANY MORE", sysname);
}

/* R nn,text */
static void reply(void *context, const struct operator_parameters *parameters)
{
    struct operator_xcf *o = context;
    const char *id = operator_positional(parameters, 0), *text = operator_positional(parameters, 1);
    const char *sysname = operator_value(parameters, "SYSNAME");
    uint32_t number;

    if (!operator_check(parameters, "SYSNAME"))
        return;
    if (!id || (!text && !sysname)) {
        operator_missing(parameters, id ? "TEXT" : "ID");
        return;
    }
    bool valid = text_parse_u32(id, SYSTEMS_MAX, &number) && number > 0;
    bool cancel = text && text_equal(text, "C");
    if (valid && o->asked >> number & 1 && (cancel || sysname)) {
        confirm(o, (uint8_t)number, cancel ? NULL : sysname);
        return;
    }
    if (valid && text && text_equal(text, "DOWN") && xcf_reply_down(o->xcf, (uint8_t)number))
        return;
    text_wto("IEE%s", valid && text && (o->asked >> number & 1) ? "711I REPLY IS NOT SYSNAME=SYSTEM OR C" : "700I REPLY ID NOT OUTSTANDING");
}

/* SETXCF COUPLE,INTERVAL=s,CLEANUP=s */
static void set_couple(void *context, const struct operator_parameters *parameters)
{
    const struct operator_xcf *o = context;
    uint32_t interval = o->xcf->interval_s, cleanup = o->xcf->cleanup_s;

    if (!operator_check(parameters, "INTERVAL CLEANUP"))
        return;
    if (parameters->count == 0) {
        operator_missing(parameters, "INTERVAL");
        return;
    }
    if (!operator_number(parameters, "INTERVAL", 1, XCF_SECONDS_MAX, &interval) ||
        !operator_number(parameters, "CLEANUP", 1, XCF_SECONDS_MAX, &cleanup))
        return;
    xcf_set_intervals(o->xcf, (uint16_t)interval, (uint16_t)cleanup);
    text_wto("IXC309I SETXCF COUPLE REQUEST WAS ACCEPTED: INTERVAL=%u CLEANUP=%u", interval, cleanup);
}

void operator_xcf_register(struct operator *operator, struct xcf *xcf, const char *sysplex)
{
    static struct operator_xcf o;       /* an image has one console */

    o = (struct operator_xcf){ .xcf = xcf, .sysplex = sysplex };
    operator_register(operator, "D XCF", display_systems, &o, "  the systems of the sysplex");
    operator_register(operator, "D XCF,Sysplex,ALL", display_status, &o, "  the systems with their status");
    operator_register(operator, "D XCF,Group", display_group, &o, "[,name]  the groups, or the members of one");
    operator_register(operator, "D XCF,COUPLE", display_couple, &o, "  intervals and signalling");
    operator_register(operator, "V XCF", vary, &o, ",system,OFFLINE[,FORCE]  remove a system from the sysplex");
    operator_register(operator, "R", reply, &o, "nn,text  answer a message that begins with *nn");
    operator_register(operator, "SETXCF COUPLE", set_couple, &o, ",INTERVAL=seconds,CLEANUP=seconds  of this system");
}
