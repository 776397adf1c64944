/* PORT, PORTRANGE, DELETE PORT; TCPCONFIG, UDPCONFIG, GLOBALCONFIG: which ports are whose, and which are for connections.
 *
 *   PORT      60 TCP APPA SHAREPORT          PORTRANGE 4000 100 TCP RESERVED
 *             61 TCP RESERVED                DELETE PORT 61 TCP RESERVED
 *             21 TCP FTPD BIND 10.1.9.1
 *             UNRSV TCP * DENY
 * A port of a protocol stands in one PORTRANGE, or in PORT: once for each of its jobs. An entry that asks for a port again
 * is ignored, the others of its list are not. Options come in the order of z/OS: NOAUTOLOG, DELAYACKS, SHAREPORT, BIND, SAF. */
#include "stack/profile/profile_parser.h"

#include <string.h>

#include "stack/base/text.h"

static bool overlaps(const struct profile_portreserve *a, const struct profile_portreserve *b)
{
    return a->tcp == b->tcp && a->first < b->first + b->count && b->first < a->first + a->count;
}

static bool is_reserved(const struct profile_portreserve *entry)
{
    return text_equal(entry->job, "RESERVED");
}

/* Two PORT entries may give one TCP port to two jobs, or to one job on two addresses. */
static bool may_share(const struct profile_portreserve *a, const struct profile_portreserve *b)
{
    if (a->range || b->range || !a->tcp || is_reserved(a) || is_reserved(b))
        return false;
    return !text_equal(a->job, b->job) || (a->bind_address != b->bind_address && a->bind_address != 0 && b->bind_address != 0);
}

static bool port_free(struct profile_parser *p, const struct profile_portreserve *entry)
{
    const struct profile *profile = p->profile;
    char value[8];

    for (unsigned i = 0; i < profile->port_count; i++) {
        const struct profile_portreserve *other = &profile->ports[i];

        if (!overlaps(entry, other) || may_share(entry, other))
            continue;
        text_format(value, sizeof value, "%u", entry->first > other->first ? entry->first : other->first);
        return parser_conflict(p, other->range ? "PORTRANGE" : "PORT", value, other->line);
    }
    return true;
}

/* --- one entry ----------------------------------------------------------------------------------------------------- */

static bool parse_protocol(struct profile_parser *p, bool *tcp)
{
    *tcp = parser_keyword(p, "TCP");
    return *tcp || parser_keyword(p, "UDP") || parser_expected(p, "TCP OR UDP");
}

/* What this stack has no use for: there is no security server to ask, and no shared memory link to use. */
static bool parse_without_effect(struct profile_parser *p)
{
    char resource[17];

    if (parser_keyword(p, "SAF")) {
        if (!parser_name(p, "A RESOURCE NAME", resource))
            return false;
        parser_note(p, "SAF %s ON LINE %u HAS NO EFFECT", resource, p->statement_line);
    }
    if (parser_keyword(p, "SMC") || parser_keyword(p, "NOSMC"))
        parser_note(p, "SMC ON LINE %u HAS NO EFFECT", p->statement_line);
    return true;
}

static bool parse_port_options(struct profile_parser *p, struct profile_portreserve *entry)
{
    entry->noautolog = parser_keyword(p, "NOAUTOLog");
    entry->nodelayacks = parser_keyword(p, "NODELAYAcks");
    if (!entry->nodelayacks)
        (void)parser_keyword(p, "DELAYAcks");
    if (!entry->range && entry->tcp) {
        if (parser_keyword(p, "SHAREPORTWLM"))
            entry->share = PORT_SHARED_WLM;
        else if (parser_keyword(p, "SHAREPort"))
            entry->share = PORT_SHARED;
    }
    if (!entry->range && parser_keyword(p, "BIND") && !parser_address(p, &entry->bind_address))
        return false;
    return parse_without_effect(p);
}

static bool parse_owner(struct profile_parser *p, struct profile_portreserve *entry)
{
    if (!parse_protocol(p, &entry->tcp))
        return false;
    if (parser_at(p, "AUTHPORT") && !(entry->range && entry->tcp))
        return parser_expected(p, "AUTHPORT IN PORTRANGE OF TCP ONLY");
    return parser_job(p, entry->job);
}

/* 1st_port [num_ports] */
static bool parse_numbers(struct profile_parser *p, struct profile_portreserve *entry)
{
    uint32_t first, count = 1;

    if (!parser_number(p, "A PORT", 1, 65535, &first))
        return false;
    if (entry->range && !parser_number(p, "A NUMBER OF PORTS", 1, 65535, &count))
        return false;
    if (count > 65536 - first)
        count = 65536 - first;      /* as z/OS: cut at 65535 without a word */
    entry->first = (uint16_t)first;
    entry->count = (uint16_t)count;
    return true;
}

static bool has_options(const struct profile_portreserve *entry)
{
    return !is_reserved(entry) && !text_equal(entry->job, "AUTHPORT");
}

/* true: read to its end, whether it was taken or reported as a conflict. */
static bool parse_entry(struct profile_parser *p, bool range)
{
    struct profile *profile = p->profile;
    struct profile_portreserve entry = { .line = parser_place(p), .range = range };

    if (profile->port_count == PORTRESERVE_MAX)
        return parser_expected(p, "NO MORE THAN %u PORT ENTRIES", PORTRESERVE_MAX);
    if (!parse_numbers(p, &entry) || !parse_owner(p, &entry) || (has_options(&entry) && !parse_port_options(p, &entry)))
        return false;
    if (port_free(p, &entry))
        profile->ports[profile->port_count++] = entry;
    return true;
}

/* --- UNRSV --------------------------------------------------------------------------------------------------------- */

/* TCP ports are checked at the bind or at the listen, for all entries alike. */
static bool unrsv_free(struct profile_parser *p, const struct profile_unrsv *entry)
{
    const struct profile *profile = p->profile;
    char line[WTO_MAX + 1];

    for (unsigned i = 0; i < profile->unrsv_count; i++) {
        const struct profile_unrsv *other = &profile->unrsvs[i];

        if (other->tcp != entry->tcp)
            continue;
        if (text_equal(other->job, entry->job))
            return parser_conflict(p, "UNRSV", entry->job, other->line);
        if (other->when_listen != entry->when_listen) {
            text_format(line, sizeof line, "EZZ0147I UNRSV %s ON LINE %u CONFLICTS WITH %s OF EARLIER UNRSV ENTRIES - ENTRY IGNORED",
                        entry->when_listen ? "WHENLISTEN" : "WHENBIND", p->statement_line, other->when_listen ? "WHENLISTEN" : "WHENBIND");
            parser_report(p, line);
            return false;
        }
    }
    return true;
}

/* UNRSV TCP|UDP job [SAF resource | DENY] [WHENBIND | WHENLISTEN] */
static bool parse_unrsv(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_unrsv entry = { .line = parser_place(p) };

    if (profile->unrsv_count == UNRSV_MAX)
        return parser_expected(p, "NO MORE THAN %u UNRSV ENTRIES", UNRSV_MAX);
    if (!parse_protocol(p, &entry.tcp) || !parser_job(p, entry.job))
        return false;
    entry.deny = parser_keyword(p, "DENY");
    if (!entry.deny && !parse_without_effect(p))
        return false;
    entry.when_listen = entry.tcp && !parser_keyword(p, "WHENBIND");
    if (entry.when_listen)
        (void)parser_keyword(p, "WHENLISTEN");
    else if (!entry.tcp)
        (void)parser_keyword(p, "WHENBIND");
    if (unrsv_free(p, &entry))
        profile->unrsvs[profile->unrsv_count++] = entry;
    return true;
}

/* --- lists of entries ---------------------------------------------------------------------------------------------- */

static bool at_entry(const struct profile_parser *p)
{
    return parser_at_number(p) || parser_at(p, "UNRSV");
}

/* From the bad word to the next entry: it begins with a number, the first one after another word. */
static void skip_entry(struct profile_parser *p)
{
    bool was_number;

    do {
        was_number = parser_at_number(p);
        if (parser_at_statement(p))
            return;
        parser_advance(p);
    } while (was_number || !at_entry(p));
}

static void parse_entries(struct profile_parser *p, bool range, bool parse(struct profile_parser *p, bool range))
{
    p->effect = EFFECT_ENTRY;
    do {
        p->statement_line = p->token.line;
        if (!parse(p, range))
            skip_entry(p);
    } while (!parser_at_statement(p));
}

static bool parse_port(struct profile_parser *p, bool range)
{
    return parser_keyword(p, "UNRSV") ? parse_unrsv(p) : parse_entry(p, range);
}

bool statement_port(struct profile_parser *p)
{
    parse_entries(p, false, parse_port);
    return true;
}

bool statement_portrange(struct profile_parser *p)
{
    parse_entries(p, true, parse_entry);
    return true;
}

/* --- DELETE -------------------------------------------------------------------------------------------------------- */

static bool delete_unrsv(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_unrsv entry = { 0 }, *at = profile->unrsvs;

    if (!parse_protocol(p, &entry.tcp) || !parser_job(p, entry.job))
        return false;
    while (at < profile->unrsvs + profile->unrsv_count && !(at->tcp == entry.tcp && text_equal(at->job, entry.job)))
        at++;
    if (at == profile->unrsvs + profile->unrsv_count) {
        if (!p->syntax_only)
            parser_note(p, "DELETE PORT UNRSV %s ON LINE %u HAS NO EFFECT, THERE IS NONE", entry.job, p->statement_line);
        return true;
    }
    memmove(at, at + 1, (size_t)(profile->unrsvs + profile->unrsv_count-- - (at + 1)) * sizeof *at);
    return true;
}

static bool same_entry(const struct profile_portreserve *a, const struct profile_portreserve *b)
{
    return a->first == b->first && a->count == b->count && a->tcp == b->tcp && a->range == b->range && text_equal(a->job, b->job) &&
           (b->bind_address == 0 || a->bind_address == b->bind_address);
}

/* What was said when it was reserved: numbers, protocol and owner; options may follow, of them BIND counts. */
static bool delete_entry(struct profile_parser *p, bool range)
{
    struct profile *profile = p->profile;
    struct profile_portreserve entry = { .range = range }, *at = profile->ports;

    if (!range && parser_keyword(p, "UNRSV"))
        return delete_unrsv(p);
    if (!parse_numbers(p, &entry) || !parse_owner(p, &entry) || (has_options(&entry) && !parse_port_options(p, &entry)))
        return false;
    while (at < profile->ports + profile->port_count && !same_entry(at, &entry))
        at++;
    if (at == profile->ports + profile->port_count) {
        if (!p->syntax_only)
            parser_note(p, "DELETE PORT %u %s ON LINE %u HAS NO EFFECT, THERE IS NONE", entry.first, entry.job, p->statement_line);
        return true;
    }
    memmove(at, at + 1, (size_t)(profile->ports + profile->port_count-- - (at + 1)) * sizeof *at);
    return true;
}

bool statement_delete(struct profile_parser *p)
{
    bool range = parser_keyword(p, "PORTRange");

    if (!range && !parser_keyword(p, "PORT"))
        return parser_expected(p, "PORT OR PORTRANGE");
    parse_entries(p, range, delete_entry);
    return true;
}

/* --- TCPCONFIG, UDPCONFIG, GLOBALCONFIG ---------------------------------------------------------------------------- */

/* EPHEMERALPORTS low high, the keyword has been read */
static bool parse_ephemeral(struct profile_parser *p, uint16_t *low_port, uint16_t *high_port)
{
    uint32_t low, high;

    if (!parser_number(p, "A PORT", 1024, 65535, &low) || !parser_number(p, "A PORT", low, 65535, &high))
        return false;
    *low_port = (uint16_t)low;
    *high_port = (uint16_t)high;
    return true;
}

static bool tcp_ephemeral(struct profile_parser *p)
{
    return parse_ephemeral(p, &p->profile->ephemeral_low, &p->profile->ephemeral_high);
}

static bool tcp_timewait(struct profile_parser *p)
{
    return parser_number(p, "A NUMBER OF SECONDS", 0, 120, &p->profile->timewait_s);
}

static const struct profile_option tcp_options[] = {
    { "EPHEMERALPorts", tcp_ephemeral, 0, false }, { "TIMEWAITInterval", tcp_timewait, 0, false },
    { "AUTODELAYAcks", NULL, 0, false }, { "CONNECTInitinterval", NULL, 1, false }, { "CONNECTTimeout", NULL, 1, false },
    { "DELAYAcks", NULL, 0, false }, { "FINWait2time", NULL, 1, false }, { "FRRTHReshold", NULL, 1, false },
    { "INTerval", NULL, 1, false }, { "KEEPALIVEPROBEInterval", NULL, 1, false }, { "KEEPALIVEPROBES", NULL, 1, false },
    { "MAXImumretransmittime", NULL, 1, false }, { "NAGLE", NULL, 0, false }, { "QUEUEDrtt", NULL, 1, false },
    { "RESTRICTLowports", NULL, 0, false }, { "RETRANSMITAttempts", NULL, 1, false }, { "SELECTIVEACK", NULL, 0, false },
    { "SENDGarbage", NULL, 1, false }, { "TCPMAXRCVBufrsize", NULL, 1, false }, { "TCPMAXSENDBufrsize", NULL, 1, false },
    { "TCPRCVBufrsize", NULL, 1, false }, { "TCPSENDBfrsize", NULL, 1, false }, { "TCPTIMEstamp", NULL, 0, false },
    { "TTLS", NULL, 0, false }, { "UNRESTRICTLowports", NULL, 0, false },
    { NULL, NULL, 0, false },
};

bool statement_tcpconfig(struct profile_parser *p)
{
    return parser_options(p, tcp_options);
}

static bool udp_ephemeral(struct profile_parser *p)
{
    return parse_ephemeral(p, &p->profile->udp_ephemeral_low, &p->profile->udp_ephemeral_high);
}

static const struct profile_option udp_options[] = {
    { "EPHEMERALPorts", udp_ephemeral, 0, false },
    { "RESTRICTLowports", NULL, 0, false }, { "UDPCHKsum", NULL, 0, false }, { "UDPQueuelimit", NULL, 0, false },
    { "UDPRCVBufrsize", NULL, 1, false }, { "UDPSENDBfrsize", NULL, 1, false }, { "UNRESTRICTLowports", NULL, 0, false },
    { NULL, NULL, 0, false },
};

bool statement_udpconfig(struct profile_parser *p)
{
    return parser_options(p, udp_options);
}

static bool explicit_range(struct profile_parser *p)
{
    uint32_t first, count;

    if (!parser_number(p, "A PORT", 1024, 65535, &first) || !parser_number(p, "A NUMBER OF PORTS", 1, 65536 - first, &count))
        return false;
    p->profile->explicit_first = (uint16_t)first;
    p->profile->explicit_count = (uint16_t)count;
    return true;
}

static bool no_explicit_range(struct profile_parser *p)
{
    p->profile->explicit_count = 0;
    return true;
}

static const struct profile_option global_options[] = {
    { "EXPLICITBINDPORTRANGE", explicit_range, 0, false }, { "NOEXPLICITBINDPORTRANGE", no_explicit_range, 0, false },
    { "ADJUSTDVipamss", NULL, 1, false },
    { "AUTOIQDC", NULL, 0, false }, { "AUTOIQDX", NULL, 0, false }, { "ALLTRAFFIC", NULL, 0, true }, { "LARGEDATA", NULL, 0, true },
    { "ECSALimit", NULL, 1, false }, { "IQDMULTIWRITE", NULL, 0, false }, { "IQDVLANid", NULL, 1, false },
    { "MAXRECS", NULL, 1, false }, { "MLSCHKTERMinate", NULL, 0, false }, { "POOLLimit", NULL, 1, false },
    { "SEGMENTATIONOFFLoad", NULL, 0, false },
    { "SMCD", NULL, 0, false }, { "SMCR", NULL, 0, false }, { "FIXEDMemory", NULL, 1, true }, { "TCPKEEPmininterval", NULL, 1, true },
    { "PFID", NULL, 1, true }, { "PORTNum", NULL, 1, true }, { "MTU", NULL, 1, true },
    { "SMCGlobal", NULL, 0, false }, { "AUTOCACHE", NULL, 0, true }, { "AUTOSMC", NULL, 0, true },
    { "SYSPLEXMONitor", NULL, 0, false }, { "AUTOREJOIN", NULL, 0, true }, { "DELAYJOIN", NULL, 0, true }, { "JOIN", NULL, 0, true },
    { "MONINTERFACE", NULL, 0, true }, { "DYNROUTE", NULL, 0, true }, { "RECOVERY", NULL, 0, true }, { "TIMERSECS", NULL, 1, true },
    { "SYSPLEXWLMPoll", NULL, 1, false }, { "TCPIPStatistics", NULL, 0, false },
    { "WLMPRIORITYQ", NULL, 0, false }, { "IOPRI1", NULL, OPTION_NUMBERS, true }, { "IOPRI2", NULL, OPTION_NUMBERS, true },
    { "IOPRI3", NULL, OPTION_NUMBERS, true }, { "IOPRI4", NULL, OPTION_NUMBERS, true }, { "FWD", NULL, 0, true },
    { "XCFGRPid", NULL, 1, false }, { "ZERT", NULL, 0, false }, { "AGGregation", NULL, 0, true },
    { "ZIIP", NULL, 0, false }, { "IPSECURITY", NULL, 0, true }, { "IQDIOMULTIWRITE", NULL, 0, true },
    { NULL, NULL, 0, false },
};

bool statement_globalconfig(struct profile_parser *p)
{
    return parser_options(p, global_options);
}
