/* VIPADISTRIBUTE: which stacks serve the connections that come in to a DVIPA.
 *
 *   VIPADISTRIBUTE [DEFINE] [DISTMETHOD m] [CLUSTERPORTS …] ipaddr [PORT n|n-n ...] DESTIP ALL|xcfaddr [WEIGHT n] ...
 *   VIPADISTRIBUTE DELETE ipaddr [PORT n|n-n ...] DESTIP ALL|xcfaddr ...
 *
 * An address has a record for each of its port lists. DELETE takes targets away, from some of the ports or from all of them
 * (no PORT), and so may make two records of one. */
#include "stack/profile/profile_parser.h"

#include <string.h>

#include "stack/base/text.h"

#define WEIGHT_DEFAULT 10u

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

static unsigned find_dest(const struct profile_distribute *distribute, uint32_t address)
{
    unsigned i = 0;

    while (i < distribute->dest_count && distribute->dests[i] != address)
        i++;
    return i;
}

/* xcfaddr [WEIGHT n] */
static bool parse_dest(struct profile_parser *p, struct profile_distribute *distribute)
{
    uint32_t address = 0, weight = WEIGHT_DEFAULT;

    if (distribute->dest_count == SYSTEMS_MAX)
        return parser_expected(p, "NO MORE THAN %u TARGETS", SYSTEMS_MAX);
    if (text_parse_ip(p->token.text, &address) && find_dest(distribute, address) < distribute->dest_count)
        return parser_expected(p, "EACH TARGET ONCE");
    if (!parser_address(p, &address))
        return false;
    if (distribute->method == DIST_WEIGHTEDACTIVE && parser_keyword(p, "WEIGHT") && !parser_number(p, "A WEIGHT", 0, 99, &weight))
        return false;
    distribute->dests[distribute->dest_count] = address;
    distribute->weights[distribute->dest_count++] = (uint8_t)weight;
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
        if (!parse_dest(p, distribute))
            return false;
    } while (!parser_at_statement(p));
    return true;
}

/* --- options ------------------------------------------------------------------------------------------------------- */

static bool parse_method(struct profile_parser *p, enum profile_distmethod *method)
{
    if (parser_keyword(p, "ROUNDROBIN"))
        *method = DIST_ROUNDROBIN;
    else if (parser_keyword(p, "WEIGHTEDActive"))
        *method = DIST_WEIGHTEDACTIVE;
    else if (parser_keyword(p, "BASEWLM"))
        *method = DIST_BASEWLM;
    else if (!parser_keyword(p, "SERVERWLM"))
        return parser_expected(p, "ROUNDROBIN, WEIGHTEDACTIVE OR BASEWLM");
    else
        parser_note(p, "SERVERWLM ON LINE %u IS TAKEN FOR BASEWLM", p->statement_line);
    return true;
}

/* What the product has to keep a client at one target, or connections in one system: not here. */
static bool parse_affinity(struct profile_parser *p, bool *taken)
{
    uint32_t value = 1;

    *taken = true;
    if (parser_keyword(p, "OPTLOCAL")) {
        if (parser_at_number(p) && !parser_number(p, "A NUMBER", 0, 16, &value))
            return false;
        parser_note(p, "OPTLOCAL ON LINE %u HAS NO EFFECT", p->statement_line);
    } else if (parser_keyword(p, "TIMEDAFFinity")) {
        if (!parser_number(p, "A NUMBER OF SECONDS", 0, 9999, &value))
            return false;
        if (value != 0)
            parser_note(p, "TIMEDAFFINITY ON LINE %u HAS NO EFFECT", p->statement_line);
    } else {
        *taken = parser_keyword(p, "NOOPTLOCAL");
    }
    return true;
}

/* The weights that a workload manager would reckon with. */
static const struct profile_option weight_options[] = {
    { "PROCTYPE", NULL, 0, false }, { "PROCXCOST", NULL, 0, false }, { "CP", NULL, 1, true }, { "ZAAP", NULL, 1, true },
    { "ZIIP", NULL, 1, true }, { "ILWEIGHTing", NULL, 1, false }, { NULL, NULL, 0, false },
};

/* Those before the address, in any order. */
static bool parse_distribute_options(struct profile_parser *p, struct profile_distribute *distribute, bool *delete)
{
    bool taken = true;

    *delete = false;
    while (taken) {
        parser_pass(p, parser_tiers);
        parser_pass(p, weight_options);
        if (parser_keyword(p, "DELEte")) {
            *delete = true;
        } else if (parser_keyword(p, "DISTMethod")) {
            if (!parse_method(p, &distribute->method))
                return false;
        } else if (parser_at_clusterports(p)) {
            if (!parser_clusterports(p, &distribute->clusterports))
                return false;
        } else if (!parser_keyword(p, "DEFINE") && !parse_affinity(p, &taken)) {
            return false;
        }
    }
    return true;
}

/* --- DEFINE -------------------------------------------------------------------------------------------------------- */

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

static bool same_list(const struct profile_distribute *a, const struct profile_distribute *b)
{
    return a->port_count == b->port_count && memcmp(a->ports, b->ports, a->port_count * sizeof *a->ports) == 0;
}

static bool targets_fit(const struct profile_distribute *there, const struct profile_distribute *more)
{
    unsigned count = there->dest_count;

    for (unsigned i = 0; i < more->dest_count; i++)
        count += find_dest(there, more->dests[i]) == there->dest_count;
    return count <= SYSTEMS_MAX;
}

/* DEFINE again, for a list of ports that the running profile has: more targets, other weights, CLUSTERPORTS. */
static bool extend(struct profile_parser *p, struct profile_distribute *there, const struct profile_distribute *more)
{
    unsigned at;

    if (there->line != 0 || !same_list(there, more) || there->method != more->method || !targets_fit(there, more))
        return false;
    if (more->clusterports.on && !parser_add_clusterports(p, &there->clusterports, &more->clusterports, there->address))
        return false;
    if (more->dest_all) {
        there->dest_all = true;
        there->dest_count = 0;
    }
    for (unsigned i = 0; i < more->dest_count && !there->dest_all; i++) {
        at = find_dest(there, more->dests[i]);
        there->dests[at] = more->dests[i];
        there->weights[at] = more->weights[i];
        there->dest_count = (uint8_t)(there->dest_count + (at == there->dest_count));
    }
    return true;
}

static void report_overlap(struct profile_parser *p, const struct profile_distribute *there, uint16_t port)
{
    char text[16], value[24];

    text_ip(text, there->address);
    if (port == 0)
        text_format(value, sizeof value, "%s", text);
    else
        text_format(value, sizeof value, "%s..%u", text, port);
    (void)parser_conflict(p, "VIPADISTRIBUTE", value, there->line);
}

static void add_distribution(struct profile_parser *p, const struct profile_distribute *distribute)
{
    struct profile *profile = p->profile;
    uint16_t port;

    for (unsigned i = 0; i < profile->distribute_count; i++) {
        struct profile_distribute *there = &profile->distributes[i];

        if (there->address != distribute->address || !same_port(distribute, there, &port))
            continue;
        if (!extend(p, there, distribute))
            report_overlap(p, there, port);
        return;
    }
    profile->distributes[profile->distribute_count++] = *distribute;
}

/* --- DELETE -------------------------------------------------------------------------------------------------------- */

static bool lists_port(const struct profile_distribute *distribute, uint16_t port)
{
    for (unsigned i = 0; i < distribute->port_count; i++)
        if (distribute->ports[i] == port)
            return true;
    return false;
}

/* Move the ports of *from that which lists into *part, which becomes a copy of *from but for its ports. No ports in
 * which: all of them. */
static void split(struct profile_distribute *from, const struct profile_distribute *which, struct profile_distribute *part)
{
    unsigned kept = 0;

    *part = *from;
    if (which->port_count == 0) {
        from->port_count = 0;
        return;
    }
    part->port_count = 0;
    for (unsigned i = 0; i < from->port_count; i++) {
        if (lists_port(which, from->ports[i]))
            part->ports[part->port_count++] = from->ports[i];
        else
            from->ports[kept++] = from->ports[i];
    }
    from->port_count = (uint8_t)kept;
}

/* Take the targets of *which away. true: some are left. */
static bool remove_targets(struct profile_distribute *part, const struct profile_distribute *which)
{
    unsigned kept = 0;

    if (which->dest_all)
        return false;
    for (unsigned i = 0; i < part->dest_count; i++)
        if (find_dest(which, part->dests[i]) == which->dest_count) {
            part->dests[kept] = part->dests[i];
            part->weights[kept++] = part->weights[i];
        }
    part->dest_count = (uint8_t)kept;
    return part->dest_all || kept > 0;
}

/* One record: what of it stays goes back to the table, in one part or two. Result: something was taken away. */
static bool delete_from(struct profile *profile, struct profile_distribute record, const struct profile_distribute *which)
{
    struct profile_distribute part;
    bool all_ports = record.port_count == 0;
    unsigned targets = record.dest_count;

    if ((all_ports && which->port_count > 0) || (record.dest_all && !which->dest_all)) {
        profile->distributes[profile->distribute_count++] = record;
        return false;
    }
    split(&record, which, &part);
    if (record.port_count > 0)
        profile->distributes[profile->distribute_count++] = record;
    if (!all_ports && part.port_count == 0)
        return false;
    if (!remove_targets(&part, which))
        return true;
    profile->distributes[profile->distribute_count++] = part;
    return part.dest_count < targets;
}

/* Each record may become two. */
static bool room_to_split(struct profile_parser *p, const struct profile_distribute *which)
{
    const struct profile *profile = p->profile;
    unsigned count = profile->distribute_count;
    char line[WTO_MAX + 1];

    for (unsigned i = 0; i < profile->distribute_count && which->port_count > 0; i++)
        count += profile->distributes[i].address == which->address;
    if (count <= DVIPA_MAX)
        return true;
    text_format(line, sizeof line, "EZZ0312I VIPADISTRIBUTE DELETE ON LINE %u NEEDS ROOM FOR MORE THAN %u VIPADISTRIBUTE - IGNORED",
                p->statement_line, DVIPA_MAX);
    parser_report(p, line);
    return false;
}

static void delete_distribution(struct profile_parser *p, const struct profile_distribute *which)
{
    struct profile *profile = p->profile;
    struct profile_distribute record;
    char text[16];
    bool deleted = false;

    /* the table is a queue for a while: each record is taken from its head, what is left of it goes to its end */
    for (unsigned n = profile->distribute_count; n > 0; n--) {
        record = profile->distributes[0];
        memmove(profile->distributes, profile->distributes + 1, --profile->distribute_count * sizeof record);
        if (record.address == which->address)
            deleted |= delete_from(profile, record, which);
        else
            profile->distributes[profile->distribute_count++] = record;
    }
    if (!deleted && !p->syntax_only)
        parser_note(p, "VIPADISTRIBUTE DELETE %s ON LINE %u HAS NO EFFECT, THERE IS NONE", text_ip(text, which->address), p->statement_line);
}

bool statement_vipadistribute(struct profile_parser *p)
{
    struct profile_distribute distribute = { .line = parser_place(p) };
    bool delete;

    if (!parse_distribute_options(p, &distribute, &delete))
        return false;
    if (!delete && p->profile->distribute_count == DVIPA_MAX)
        return parser_expected(p, "NO MORE THAN %u VIPADISTRIBUTE", DVIPA_MAX);
    if (!parser_address(p, &distribute.address) || !parse_ports(p, &distribute) || !parse_destip(p, &distribute))
        return false;
    if (!delete)
        add_distribution(p, &distribute);
    else if (room_to_split(p, &distribute))
        delete_distribution(p, &distribute);
    return true;
}
