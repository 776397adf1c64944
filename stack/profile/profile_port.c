/* PORT, PORTRANGE and TCPCONFIG: which ports are whose, and which are for connections.
 *
 *   PORT      60 TCP APPA                    PORTRANGE 4000 100 TCP RESERVED
 *             61 TCP RESERVED
 * A port of a protocol stands in one PORTRANGE, or in PORT: once for each of its jobs. An entry that asks for a port again
 * is ignored, the others of its list are not. */
#include "stack/profile/profile_parser.h"

#include "stack/base/text.h"

static bool is_portrange(const struct profile_parser *p)
{
    return p->statement->parse == statement_portrange;
}

static bool overlaps(const struct profile_portreserve *a, const struct profile_portreserve *b)
{
    return a->tcp == b->tcp && a->first < b->first + b->count && b->first < a->first + a->count;
}

static bool is_reserved(const struct profile_portreserve *entry)
{
    return text_equal(entry->job, "RESERVED");
}

/* Two PORT entries may give one TCP port to two jobs. */
static bool may_share(const struct profile_portreserve *a, const struct profile_portreserve *b)
{
    return !a->range && !b->range && a->tcp && !is_reserved(a) && !is_reserved(b) && !text_equal(a->job, b->job);
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

static bool parse_owner(struct profile_parser *p, struct profile_portreserve *entry)
{
    entry->tcp = parser_keyword(p, "TCP");
    if (!entry->tcp && !parser_keyword(p, "UDP"))
        return parser_expected(p, "TCP OR UDP");
    return parser_job(p, entry->job);
}

/* true: read to its end, whether it was taken or reported as a conflict. */
static bool parse_entry(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_portreserve entry = { .line = (uint16_t)p->token.line, .range = is_portrange(p) };
    uint32_t first, count = 1;

    if (profile->port_count == PORTRESERVE_MAX)
        return parser_expected(p, "NO MORE THAN %u PORT ENTRIES", PORTRESERVE_MAX);
    if (!parser_number(p, "A PORT", 1, 65535, &first))
        return false;
    if (entry.range && !parser_number(p, "A NUMBER OF PORTS", 1, 65535, &count))
        return false;
    if (count > 65536 - first)
        count = 65536 - first;      /* as z/OS: cut at 65535 without a word */
    entry.first = (uint16_t)first;
    entry.count = (uint16_t)count;
    if (!parse_owner(p, &entry))
        return false;
    if (port_free(p, &entry))
        profile->ports[profile->port_count++] = entry;
    return true;
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
    } while (was_number || !parser_at_number(p));
}

static bool parse_entries(struct profile_parser *p)
{
    p->effect = EFFECT_ENTRY;
    do {
        p->statement_line = p->token.line;
        if (!parse_entry(p))
            skip_entry(p);
    } while (!parser_at_statement(p));
    return true;
}

bool statement_port(struct profile_parser *p)
{
    return parse_entries(p);
}

bool statement_portrange(struct profile_parser *p)
{
    return parse_entries(p);
}

bool statement_tcpconfig(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    uint32_t low, high;

    do {
        if (parser_keyword(p, "EPHEMERALPorts")) {
            if (!parser_number(p, "A PORT", 1024, 65535, &low) || !parser_number(p, "A PORT", low, 65535, &high))
                return false;
            profile->ephemeral_low = (uint16_t)low;
            profile->ephemeral_high = (uint16_t)high;
        } else if (!parser_keyword(p, "TIMEWAITInterval")) {
            return parser_expected(p, "EPHEMERALPORTS OR TIMEWAITINTERVAL");
        } else if (!parser_number(p, "A NUMBER OF SECONDS", 0, 120, &profile->timewait_s)) {
            return false;
        }
        p->effect = EFFECT_REST;
    } while (!parser_at_statement(p));
    return true;
}
