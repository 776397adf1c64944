#include "tools/cfdash/words.h"

#include <stdio.h>

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

const char *address_text(uint32_t a, char text[20])
{
    if (a == CLP_EXPLICIT)
        snprintf(text, 20, "EXPLICITBIND");
    else
        snprintf(text, 20, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
    return text;
}
