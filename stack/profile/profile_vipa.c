/* VIPADYNAMIC … ENDVIPADYNAMIC, and SOURCEIPA: what makes the addresses of the sysplex.
 *
 *   VIPADEFINE     [MOVEABLE IMMEDIATE|WHENIDLE] [CLUSTERPORTS [BLOCKSIZE n]] [mask] ipaddr ...
 *   VIPABACKUP     [rank] [MOVEABLE IMMEDIATE|WHENIDLE [CLUSTERPORTS ...] [mask]] ipaddr ...
 *   VIPADISTRIBUTE [DEFINE] [CLUSTERPORTS ...] ipaddr [PORT n|n-n ...] DESTIP ALL|xcfaddr ...
 *   VIPARANGE      [DEFINE] [MOVEABLE NONDISRUPTIVE] [CLUSTERPORTS ...] mask ipaddr
 *   SOURCEIPA      ipaddr job ...
 * A word that is wrong costs its statement; an address that is in use already, or one too many, costs only itself. */
#include "stack/profile/profile_parser.h"

#include <string.h>

#include "stack/base/text.h"

bool statement_vipadynamic(struct profile_parser *p)
{
    p->block = BLOCK_VIPADYNAMIC;
    p->block_line = p->statement_line;
    return parser_at_statement(p) || parser_expected(p, "A VIPADYNAMIC STATEMENT");
}

bool statement_endvipadynamic(struct profile_parser *p)
{
    p->block = BLOCK_NONE;
    return true;
}

static bool is_power_of_two(uint32_t number)
{
    return (number & (number - 1)) == 0;
}

/* [CLUSTERPORTS|SYSPLEXPORTS [BLOCKSIZE n]] */
static bool parse_clusterports(struct profile_parser *p, struct profile_clusterports *clusterports)
{
    uint32_t size;

    clusterports->on = true;
    clusterports->blocksize = BLOCKSIZE_DEFAULT;
    if (!parser_keyword(p, "BLOCKSIZE"))
        return true;
    if (p->token.end || !text_parse_u32(p->token.text, BLOCKSIZE_MAX, &size) || size == 0 || !is_power_of_two(size))
        return parser_expected(p, "A POWER OF TWO FROM 1 TO %u", BLOCKSIZE_MAX);
    clusterports->blocksize = (uint16_t)size;
    parser_advance(p);
    return true;
}

static bool at_clusterports(struct profile_parser *p)
{
    return parser_keyword(p, "CLUSTERPorts") || parser_keyword(p, "SYSPLEXPorts");
}

static bool parse_moveable(struct profile_parser *p, enum profile_moveable *moveable)
{
    if (parser_keyword(p, "IMMEDiate"))
        *moveable = MOVEABLE_IMMEDIATE;
    else if (parser_keyword(p, "WHENIDLE"))
        *moveable = MOVEABLE_WHENIDLE;
    else
        return parser_expected(p, "IMMEDIATE OR WHENIDLE");
    return true;
}

/* The options before the mask, in any order. *moveable_said: MOVEABLE was among them. */
static bool parse_dvipa_options(struct profile_parser *p, struct profile_dvipa *dvipa, bool *moveable_said)
{
    *moveable_said = false;
    for (;;) {
        if (parser_keyword(p, "MOVEable")) {
            *moveable_said = true;
            if (!parse_moveable(p, &dvipa->moveable))
                return false;
        } else if (!at_clusterports(p)) {
            return true;
        } else if (!parse_clusterports(p, &dvipa->clusterports)) {
            return false;
        }
    }
}

/* A mask begins with ones, 255 at least in its first number; no address of a host does. */
static bool at_mask(const struct profile_parser *p)
{
    uint32_t value;

    return !p->token.end && text_parse_ip(p->token.text, &value) && (value >> 24 >= 224 || (profile_is_mask(value) && value >> 24 != 0));
}

/* An address in the subnet of base. Judged before it is taken, so that the message has it in hand. */
static bool parse_address_near(struct profile_parser *p, uint32_t base, uint32_t mask, uint32_t *address)
{
    char subnet[16];
    uint32_t value;

    if (!p->token.end && text_parse_ip(p->token.text, &value) && ((value ^ base) & mask) != 0)
        return parser_expected(p, "AN ADDRESS IN %s/%u", text_ip(subnet, base & mask), profile_mask_bits(mask));
    return parser_address(p, address);
}

/* ipaddr ... into addresses. They must lie in one subnet of *mask, 0: which becomes that of the first one's network
 * class; NULL: they may lie anywhere. */
static bool parse_addresses(struct profile_parser *p, uint32_t *mask, uint32_t addresses[DVIPA_MAX], unsigned *count)
{
    if (!parser_address(p, &addresses[0]))
        return false;
    if (mask != NULL && *mask == 0)
        *mask = profile_class_mask(addresses[0]);
    for (*count = 1; !parser_at_statement(p); ++*count) {
        if (*count == DVIPA_MAX)
            return parser_expected(p, "NO MORE THAN %u ADDRESSES", DVIPA_MAX);
        if (!parse_address_near(p, addresses[0], mask != NULL ? *mask : 0, &addresses[*count]))
            return false;
    }
    return true;
}

static void too_many_vipas(struct profile_parser *p, uint32_t address)
{
    char line[WTO_MAX + 1], text[16];

    text_format(line, sizeof line, "EZZ8309I TOO MANY VIPAS - %s REJECTED, LINE %u, AT MOST %u", text_ip(text, address), p->statement_line,
                DVIPA_MAX);
    p->errors++;
    p->message(p->context, line);
}

static void add_dvipas(struct profile_parser *p, struct profile_dvipa *dvipa, const uint32_t *addresses, unsigned count)
{
    struct profile *profile = p->profile;

    p->effect = EFFECT_ENTRY;
    for (unsigned i = 0; i < count; i++) {
        dvipa->address = addresses[i];
        if (profile->dvipa_count == DVIPA_MAX)
            too_many_vipas(p, addresses[i]);
        else if (parser_address_free(p, addresses[i]))
            profile->dvipas[profile->dvipa_count++] = *dvipa;
    }
}

bool statement_vipadefine(struct profile_parser *p)
{
    struct profile_dvipa dvipa = { .line = (uint16_t)p->statement_line };
    uint32_t addresses[DVIPA_MAX];
    unsigned count;
    bool moveable_said;

    if (!parse_dvipa_options(p, &dvipa, &moveable_said))
        return false;
    if (at_mask(p) && !parser_mask(p, &dvipa.mask))
        return false;
    if (!parse_addresses(p, &dvipa.mask, addresses, &count))
        return false;
    add_dvipas(p, &dvipa, addresses, count);
    return true;
}

/* A mask belongs to MOVEABLE: that form activates the addresses itself if nobody has them. The other one waits for an
 * owner to fail, and takes the mask over with the address. */
bool statement_vipabackup(struct profile_parser *p)
{
    struct profile_dvipa dvipa = { .backup = true, .line = (uint16_t)p->statement_line };
    uint32_t addresses[DVIPA_MAX], rank = 1;
    unsigned count;
    bool moveable_said;

    if (parser_at_number(p) && !parser_number(p, "A RANK", 1, 254, &rank))
        return false;
    dvipa.rank = (uint8_t)rank;
    if (!parse_dvipa_options(p, &dvipa, &moveable_said))
        return false;
    if (at_mask(p) && !moveable_said)
        return parser_expected(p, "MOVEABLE BEFORE A MASK");
    if (at_mask(p) && !parser_mask(p, &dvipa.mask))
        return false;
    if (!parse_addresses(p, moveable_said ? &dvipa.mask : NULL, addresses, &count))
        return false;
    add_dvipas(p, &dvipa, addresses, count);
    return true;
}

/* --- VIPADISTRIBUTE ------------------------------------------------------------------------------------------------ */

static bool add_ports(struct profile_parser *p, struct profile_distribute *distribute, uint32_t first, uint32_t last)
{
    for (uint32_t port = first; port <= last; port++) {
        if (distribute->port_count == DIST_PORTS_MAX)
            return parser_expected(p, "NO MORE THAN %u PORTS", DIST_PORTS_MAX);
        distribute->ports[distribute->port_count++] = (uint16_t)port;
    }
    return true;
}

/* n or n-n in the word in hand */
static bool parse_port_or_range(struct profile_parser *p, struct profile_distribute *distribute)
{
    char text[TOKEN_MAX + 1], *dash;
    uint32_t first, last;

    memcpy(text, p->token.text, sizeof text);
    for (dash = text; *dash != 0 && *dash != '-'; dash++)
        ;
    if (*dash == '-')
        *dash++ = 0;        /* dash: what follows, nothing for a single port */
    if (p->token.end || !text_parse_u32(text, 65535, &first) || first == 0)
        return parser_expected(p, "A PORT OR DESTIP");
    last = first;
    if (dash[0] != 0 && (!text_parse_u32(dash, 65535, &last) || last < first))
        return parser_expected(p, "A PORT OR DESTIP");
    if (!add_ports(p, distribute, first, last))
        return false;
    parser_advance(p);
    return true;
}

static bool parse_ports(struct profile_parser *p, struct profile_distribute *distribute)
{
    if (!parser_keyword(p, "PORT"))
        return true;
    do {
        if (!parse_port_or_range(p, distribute))
            return false;
    } while (!parser_at(p, "DESTIP"));
    return true;
}

static bool parse_destip(struct profile_parser *p, struct profile_distribute *distribute)
{
    if (!parser_must(p, "DESTIP"))
        return false;
    distribute->dest_all = parser_keyword(p, "ALL");
    if (distribute->dest_all)
        return true;
    do {
        if (distribute->dest_count == SYSTEMS_MAX)
            return parser_expected(p, "NO MORE THAN %u TARGETS", SYSTEMS_MAX);
        if (!parser_address(p, &distribute->dests[distribute->dest_count]))
            return false;
        distribute->dest_count++;
    } while (!parser_at_statement(p));
    return true;
}

/* The port that both distribute, 0 = none; a statement without ports distributes them all. */
static bool same_port(const struct profile_distribute *a, const struct profile_distribute *b, uint16_t *port)
{
    *port = 0;
    if (a->port_count == 0 || b->port_count == 0)
        return a->port_count == b->port_count;
    for (unsigned i = 0; i < a->port_count; i++)
        for (unsigned j = 0; j < b->port_count; j++)
            if (a->ports[i] == b->ports[j]) {
                *port = a->ports[i];
                return true;
            }
    return false;
}

static bool distribution_free(struct profile_parser *p, const struct profile_distribute *distribute)
{
    const struct profile *profile = p->profile;
    char text[16], value[24];
    uint16_t port;

    for (unsigned i = 0; i < profile->distribute_count; i++) {
        const struct profile_distribute *other = &profile->distributes[i];

        if (other->address != distribute->address || !same_port(distribute, other, &port))
            continue;
        text_ip(text, other->address);
        if (port == 0)
            text_format(value, sizeof value, "%s", text);
        else
            text_format(value, sizeof value, "%s..%u", text, port);
        return parser_conflict(p, "VIPADISTRIBUTE", value, other->line);
    }
    return true;
}

/* The options before the address, in any order */
static bool parse_distribute_options(struct profile_parser *p, struct profile_distribute *distribute)
{
    for (;;) {
        if (at_clusterports(p)) {
            if (!parse_clusterports(p, &distribute->clusterports))
                return false;
        } else if (!parser_keyword(p, "DEFINE")) {
            return true;
        }
    }
}

bool statement_vipadistribute(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_distribute distribute = { .line = (uint16_t)p->statement_line };

    if (profile->distribute_count == DVIPA_MAX)
        return parser_expected(p, "NO MORE THAN %u VIPADISTRIBUTE", DVIPA_MAX);
    if (!parse_distribute_options(p, &distribute))
        return false;
    if (!parser_address(p, &distribute.address) || !parse_ports(p, &distribute) || !parse_destip(p, &distribute))
        return false;
    if (distribution_free(p, &distribute))
        profile->distributes[profile->distribute_count++] = distribute;
    return true;
}

/* --- VIPARANGE, SOURCEIPA ------------------------------------------------------------------------------------------ */

static bool range_free(struct profile_parser *p, uint32_t address, uint32_t mask)
{
    const struct profile *profile = p->profile;
    char text[16];

    for (unsigned i = 0; i < profile->range_count; i++)
        if (profile->ranges[i].mask == mask && profile->ranges[i].address == address)
            return parser_conflict(p, "VIPARANGE", text_ip(text, address), profile->ranges[i].line);
    return true;
}

bool statement_viparange(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_range range = { .line = (uint16_t)p->statement_line };

    if (profile->range_count == VIPARANGE_MAX)
        return parser_expected(p, "NO MORE THAN %u VIPARANGE", VIPARANGE_MAX);
    parser_keyword(p, "DEFINE");
    if (parser_keyword(p, "MOVEable") && !parser_must(p, "NONDISRUPTive"))
        return false;
    if (at_clusterports(p) && !parse_clusterports(p, &range.clusterports))
        return false;
    if (!parser_mask(p, &range.mask) || !parser_address(p, &range.address))
        return false;
    range.address &= range.mask;
    if (range_free(p, range.address, range.mask))
        profile->ranges[profile->range_count++] = range;
    return true;
}

/* A job has one address; asking for the same one again changes nothing. */
static bool job_free(struct profile_parser *p, const struct profile_sourceipa *entry, bool *known)
{
    const struct profile *profile = p->profile;

    *known = false;
    for (unsigned i = 0; i < profile->sourceipa_count; i++) {
        if (!text_equal(profile->sourceipas[i].job, entry->job))
            continue;
        *known = profile->sourceipas[i].address == entry->address;
        return *known || parser_conflict(p, "SOURCEIPA", entry->job, profile->sourceipas[i].line);
    }
    return true;
}

bool statement_sourceipa(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_sourceipa entry = { .line = (uint16_t)p->statement_line };
    bool known;

    if (!parser_address(p, &entry.address))
        return false;
    do {
        if (profile->sourceipa_count == SOURCEIPA_MAX)
            return parser_expected(p, "NO MORE THAN %u JOBS", SOURCEIPA_MAX);
        if (!parser_job(p, entry.job))
            return false;
        p->effect = EFFECT_ENTRY;
        if (job_free(p, &entry, &known) && !known)
            profile->sourceipas[profile->sourceipa_count++] = entry;
        p->effect = EFFECT_REST;
    } while (!parser_at_statement(p));
    return true;
}

/* --- what can be asked --------------------------------------------------------------------------------------------- */

static struct profile_clusterports range_clusterports(const struct profile *profile, uint32_t address)
{
    struct profile_clusterports clusterports = { false, 0 };
    uint32_t best = 0;

    for (unsigned i = 0; i < profile->range_count; i++) {
        const struct profile_range *range = &profile->ranges[i];

        if (range->mask > best && (address & range->mask) == range->address) {
            best = range->mask;
            clusterports = range->clusterports;
        }
    }
    return clusterports;
}

struct profile_clusterports profile_clusterports(const struct profile *profile, uint32_t address)
{
    for (unsigned i = 0; i < profile->dvipa_count; i++)
        if (profile->dvipas[i].address == address && profile->dvipas[i].clusterports.on)
            return profile->dvipas[i].clusterports;
    for (unsigned i = 0; i < profile->distribute_count; i++)
        if (profile->distributes[i].address == address && profile->distributes[i].clusterports.on)
            return profile->distributes[i].clusterports;
    return range_clusterports(profile, address);
}
