#include "tools/sysplex/incident.h"

#include <stdio.h>
#include <string.h>

/* The names are those of the events. */
static const char *const step_names[INCIDENT_STEPS] = { "partitioning", "partitioned", "recovered", "takeover", "ipl", "ready" };

int incident_step(const char *name)
{
    for (int i = 0; i < INCIDENT_STEPS; i++)
        if (strcmp(step_names[i], name) == 0)
            return i;
    return -1;
}

const char *incident_step_name(enum incident_step step)
{
    return step_names[step];
}

uint64_t incident_ms(const struct incident *i, enum incident_step step)
{
    return i->ms[step] > i->began_ms ? i->ms[step] - i->began_ms : 0;
}

const struct incident *incident_latest(const struct incidents *all, const char *system)
{
    for (unsigned i = all->count; i-- > 0;)
        if (strcmp(all->list[i].system, system) == 0)
            return &all->list[i];
    return NULL;
}

/* Its incident that is not over: the system has had no next life yet. */
static struct incident *open_incident(struct incidents *all, const char *system)
{
    struct incident *i = (struct incident *)(uintptr_t)incident_latest(all, system);
    return i && !i->ms[INCIDENT_READY] ? i : NULL;
}

static bool is_failure(const char *event)
{
    static const char *const failures[] = { "killed", "failed", "wait", "stopped" };
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (strcmp(event, failures[i]) == 0)
            return true;
    return false;
}

/* A system that hangs and is then fenced has failed once. */
static void begin(struct incidents *all, uint64_t ms, const char *system, const char *event)
{
    const struct incident *open = open_incident(all, system);
    if (open && !open->ms[INCIDENT_IPL])
        return;
    if (all->count == INCIDENTS_MAX) {
        all->lost++;
        return;
    }
    struct incident *i = &all->list[all->count++];
    *i = (struct incident){ .began_ms = ms };
    snprintf(i->system, sizeof i->system, "%s", system);
    snprintf(i->how, sizeof i->how, "%s", event);
}

/* Which system is it about, what more does the message say? address, ports: where the message names them. */
static bool about(enum incident_step step, const char *text, char system[DEFINED_NAME_SIZE], char address[16], uint64_t *ports)
{
    switch (step) {
    case INCIDENT_PARTITIONING:
        return sscanf(text, "IXC101I SYSPLEX PARTITIONING IN PROGRESS FOR %8s", system) == 1;
    case INCIDENT_PARTITIONED:
        return sscanf(text, "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR %8s", system) == 1;
    case INCIDENT_RECOVERED:
        return sscanf(text, "EZD1304I %lu PORTS OF SYSTEM %8s", ports, system) == 2;
    case INCIDENT_TAKEOVER:
        return sscanf(text, "EZZ8301I VIPA %15s TAKEN OVER FROM TCPIP ON %8s", address, system) == 2;
    default:
        return false;
    }
}

static void note_takeover(struct incident *i, const char *address, const char *by)
{
    size_t length = strlen(i->taken_over);
    snprintf(i->taken_over + length, sizeof i->taken_over - length, "%s%s by %s", length ? ", " : "", address, by);
}

void incident_event(struct incidents *all, uint64_t ms, const char *system, const char *event, const char *text)
{
    char gone[DEFINED_NAME_SIZE], address[16] = "";
    uint64_t ports = 0;
    int step = incident_step(event);
    if (is_failure(event))
        begin(all, ms, system, event);
    if (step < 0)
        return;
    bool own = step == INCIDENT_IPL || step == INCIDENT_READY;
    struct incident *i = own ? open_incident(all, system)
                             : about((enum incident_step)step, text, gone, address, &ports) ? open_incident(all, gone) : NULL;
    if (!i || (i->ms[step] && own))
        return;
    /* The one who noticed it tells, all tell its end, and another one's console may be read first. */
    if (step == INCIDENT_PARTITIONING && !i->noticed_by[0])
        snprintf(i->noticed_by, sizeof i->noticed_by, "%s", system);
    if (step == INCIDENT_PARTITIONED && !i->ms[INCIDENT_PARTITIONING])
        i->ms[INCIDENT_PARTITIONING] = ms;
    if (step != INCIDENT_PARTITIONING || !i->ms[step])
        i->ms[step] = ms;
    i->ports += ports;
    if (address[0])
        note_takeover(i, address, system);
}
