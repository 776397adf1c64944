#include "tools/cfdash/words.h"

#include <stdio.h>
#include <string.h>

#include "cfemu/engine/cf_duplex.h"
#include "stack/clp/clp.h"

const char *member_text(uint8_t member)
{
    static const char *const texts[] = {"NOT DEFINED", "ACTIVE", "FAILED", "LEFT", "BEING REMOVED"};
    return member < sizeof texts / sizeof texts[0] ? texts[member] : "?";
}

const char *structure_type_text(uint8_t type)
{
    static const char *const texts[] = {"LIST", "SERIALIZED LIST", "LOCK"};
    return type < sizeof texts / sizeof texts[0] ? texts[type] : "?";
}

const char *structure_status_text(const struct model_structure *s)
{
    if (s->lost)
        return "LOST";
    if (s->rebuild != 0)
        return "REBUILDING";
    return s->duplex == CF_DUPLEX_ACTIVE ? "DUPLEXED" : s->duplex == CF_DUPLEX_ESTABLISHING ? "ESTABLISHING" : "ACTIVE";
}

const char *port_text(uint8_t port)
{
    static const char *const free_texts[] = {"AVAILABLE", "RESTING", "RESERVED", "IN NO MAP"};
    static const char *const texts[] = {"", "OWNED, IDLE", "IN USE", "SHARED"};
    return port_kind(port) == CELL_FREE ? free_texts[port_who(port) & 3] : texts[port_kind(port)];
}

const char *system_state_text(const struct model_system *s)
{
    if (s->process == PROCESS_STOPPED)
        return "STOPPED";
    if (s->process == PROCESS_ENDED && s->member == MEMBER_ACTIVE)
        return "ENDED";
    return s->member == MEMBER_NONE ? s->cf_connections > 0 ? "NO XCF" : "GONE" : member_text(s->member);
}

const char *keeper_text(const struct model_dvipa *d)
{
    static const struct {
        const char *keeper, *text;
    } texts[] = {
        {"BITMAP", "bit maps in the coupling facility"},
        {"REVERSED", "bit maps of the opposite polarity in the coupling facility"},
        {"CLUSTERWIDE", "one bit map in the coupling facility; in use is what the stacks tell"},
        {"LISTS", "lists of blocks in the coupling facility (EZBPLIST); the map is what the stacks tell"},
        {"CRHT", "a table of connections in the coupling facility (EZBCRHT): ports belong to no stack; in use is what the stacks tell"},
        {"BROADCAST", "none: the stacks ask each other; the map is what they tell"},
        {"DISTRIBUTOR", "the distributing stack; the map is what the stacks tell"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i].keeper, d->keeper) == 0)
            return texts[i].text;
    return d->mapped ? "bit maps in the coupling facility" : d->keeper;
}

const char *address_text(uint32_t a, char text[20])
{
    if (a == CLP_EXPLICIT)
        snprintf(text, 20, "EXPLICITBIND");
    else
        snprintf(text, 20, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
    return text;
}
