/* VIPADYNAMIC … ENDVIPADYNAMIC: what makes the addresses of the sysplex.
 *
 *   VIPADEFINE     [MOVEABLE IMMEDIATE|WHENIDLE] [CLUSTERPORTS …] [mask] ipaddr ...
 *   VIPABACKUP     [rank] [MOVEABLE IMMEDIATE|WHENIDLE] [CLUSTERPORTS …] [mask] ipaddr ...      a mask needs MOVEABLE
 *   VIPADELETE     ipaddr ...
 *   VIPADISTRIBUTE in profile_distribute.c
 *   VIPARANGE      [DEFINE|DELETE] [MOVEABLE NONDISRUPTIVE|DISRUPTIVE] [CLUSTERPORTS …] mask ipaddr
 *   CLUSTERPORTS   [BLOCKSIZE n] [STORE how] [QUOTA n [BLOCKS|PORTS]], in any order
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

static bool parse_blocksize(struct profile_parser *p, struct profile_clusterports *clusterports)
{
    uint32_t size;

    if (p->token.end || !text_parse_u32(p->token.text, BLOCKSIZE_MAX, &size) || size == 0 || !is_power_of_two(size))
        return parser_expected(p, "A POWER OF TWO FROM 1 TO %u", BLOCKSIZE_MAX);
    clusterports->blocksize = (uint16_t)size;
    parser_advance(p);
    return true;
}

const char *const profile_store_names[] = {
    [STORE_BITMAP] = "BITMAP", [STORE_REVERSED] = "REVERSED", [STORE_LISTS] = "LISTS",
    [STORE_CRHT] = "CRHT", [STORE_BROADCAST] = "BROADCAST", [STORE_DISTRIBUTOR] = "DISTRIBUTOR", [STORE_CLUSTERWIDE] = "CLUSTERWIDE",
};

static bool parse_store(struct profile_parser *p, struct profile_clusterports *clusterports)
{
    for (unsigned i = 0; i < sizeof profile_store_names / sizeof *profile_store_names; i++)
        if (parser_keyword(p, profile_store_names[i])) {
            clusterports->store = (enum profile_store)i;
            return true;
        }
    return parser_expected(p, "BITMAP, LISTS, CRHT OR ANOTHER STORE");
}

struct quota {
    uint32_t number;
    bool said, blocks;
};

static bool parse_quota(struct profile_parser *p, struct quota *quota)
{
    quota->said = true;
    if (!parser_number(p, "A QUOTA", 1, PORTS_PER_DVIPA, &quota->number))
        return false;
    quota->blocks = parser_keyword(p, "BLOCKS");
    if (!quota->blocks)
        (void)parser_keyword(p, "PORTS");
    return true;
}

/* In ports, whole blocks: a stack takes no part of one. */
static bool set_quota(struct profile_parser *p, struct profile_clusterports *clusterports, const struct quota *quota)
{
    uint32_t ports = quota->blocks ? quota->number * clusterports->blocksize : quota->number;

    if (!quota->said)
        return true;
    if (ports < clusterports->blocksize)
        return parser_expected(p, "A QUOTA OF A BLOCK OF %u OR MORE BEFORE IT", clusterports->blocksize);
    ports = ports > PORTS_PER_DVIPA ? PORTS_PER_DVIPA : ports;
    clusterports->quota = ports - ports % clusterports->blocksize;
    return true;
}

bool parser_clusterports(struct profile_parser *p, struct profile_clusterports *clusterports)
{
    struct quota quota = { 0, false, false };

    *clusterports = (struct profile_clusterports){ .on = true, .blocksize = BLOCKSIZE_DEFAULT };
    for (;;) {
        if (parser_keyword(p, "BLOCKSIZE")) {
            if (!parse_blocksize(p, clusterports))
                return false;
        } else if (parser_keyword(p, "STORE")) {
            if (!parse_store(p, clusterports))
                return false;
        } else if (!parser_keyword(p, "QUOTA")) {
            return set_quota(p, clusterports, &quota);
        } else if (!parse_quota(p, &quota)) {
            return false;
        }
    }
}

bool parser_at_clusterports(struct profile_parser *p)
{
    return parser_keyword(p, "CLUSTERPorts") || parser_keyword(p, "SYSPLEXPorts");
}

static bool same_clusterports(const struct profile_clusterports *a, const struct profile_clusterports *b)
{
    return a->on == b->on && a->blocksize == b->blocksize && a->store == b->store && a->quota == b->quota;
}

bool parser_add_clusterports(struct profile_parser *p, struct profile_clusterports *there, const struct profile_clusterports *said,
                             uint32_t address)
{
    char text[16];

    if (same_clusterports(there, said))
        return true;
    if (there->on || !said->on)
        return false;
    *there = *said;
    parser_note(p, "CLUSTERPORTS ON LINE %u ADDED LIVE TO %s, PORTS SHARED NOW ARE COUNTED UNTIL THEY ARE FREE", p->statement_line,
                text_ip(text, address));
    return true;
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

const struct profile_option parser_tiers[] = {
    { "TIER1", NULL, 0, false }, { "TIER2", NULL, 0, false }, { "CPCSCOPE", NULL, 0, false }, { "GRE", NULL, 0, true },
    { "SERVICEMGR", NULL, 0, false }, { NULL, NULL, 0, false },
};

/* The options before the mask, in any order. *moveable_said: MOVEABLE was among them. */
static bool parse_dvipa_options(struct profile_parser *p, struct profile_dvipa *dvipa, bool *moveable_said)
{
    *moveable_said = false;
    for (;;) {
        parser_pass(p, parser_tiers);
        if (parser_keyword(p, "MOVEable")) {
            *moveable_said = true;
            if (!parse_moveable(p, &dvipa->moveable))
                return false;
        } else if (!parser_at_clusterports(p)) {
            return true;
        } else if (!parser_clusterports(p, &dvipa->clusterports)) {
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

static struct profile_dvipa *find_dvipa(struct profile *profile, uint32_t address)
{
    for (unsigned i = 0; i < profile->dvipa_count; i++)
        if (profile->dvipas[i].address == address)
            return &profile->dvipas[i];
    return NULL;
}

/* A statement for an address that the running profile has: true if it says nothing new, or no more than CLUSTERPORTS. */
static bool repeats(struct profile_parser *p, const struct profile_dvipa *dvipa, bool mask_said)
{
    struct profile_dvipa *there = find_dvipa(p->profile, dvipa->address);

    return there != NULL && there->line == 0 && there->backup == dvipa->backup && there->rank == dvipa->rank &&
           there->moveable == dvipa->moveable && (!mask_said || there->mask == dvipa->mask) &&
           parser_add_clusterports(p, &there->clusterports, &dvipa->clusterports, dvipa->address);
}

static void add_dvipas(struct profile_parser *p, struct profile_dvipa *dvipa, bool mask_said, const uint32_t *addresses, unsigned count)
{
    struct profile *profile = p->profile;

    p->effect = EFFECT_ENTRY;
    for (unsigned i = 0; i < count; i++) {
        dvipa->address = addresses[i];
        if (repeats(p, dvipa, mask_said))
            continue;
        if (profile->dvipa_count == DVIPA_MAX)
            too_many_vipas(p, addresses[i]);
        else if (parser_address_free(p, addresses[i]))
            profile->dvipas[profile->dvipa_count++] = *dvipa;
    }
}

bool statement_vipadefine(struct profile_parser *p)
{
    struct profile_dvipa dvipa = { .line = parser_place(p) };
    uint32_t addresses[DVIPA_MAX];
    unsigned count;
    bool moveable_said, mask_said;

    if (!parse_dvipa_options(p, &dvipa, &moveable_said))
        return false;
    mask_said = at_mask(p);
    if (mask_said && !parser_mask(p, &dvipa.mask))
        return false;
    if (!parse_addresses(p, &dvipa.mask, addresses, &count))
        return false;
    add_dvipas(p, &dvipa, mask_said, addresses, count);
    return true;
}

/* A mask belongs to MOVEABLE: that form activates the addresses itself if nobody has them. The other one waits for an
 * owner to fail, and takes the mask over with the address. */
bool statement_vipabackup(struct profile_parser *p)
{
    struct profile_dvipa dvipa = { .backup = true, .line = parser_place(p) };
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
    add_dvipas(p, &dvipa, true, addresses, count);
    return true;
}

/* --- VIPADELETE ---------------------------------------------------------------------------------------------------- */

static bool in_a_range(const struct profile *profile, uint32_t address)
{
    for (unsigned i = 0; i < profile->range_count; i++)
        if ((address & profile->ranges[i].mask) == profile->ranges[i].address)
            return true;
    return false;
}

/* What distributes the address goes with it. */
static void undistribute(struct profile *profile, uint32_t address)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < profile->distribute_count; i++)
        if (profile->distributes[i].address != address)
            profile->distributes[kept++] = profile->distributes[i];
    profile->distribute_count = (uint8_t)kept;
}

static bool note_deleted(struct profile_parser *p, uint32_t address)
{
    struct profile *profile = p->profile;

    for (unsigned i = 0; i < profile->deleted_count; i++)
        if (profile->deleted[i] == address)
            return true;
    if (profile->deleted_count == DVIPA_MAX)
        return parser_expected(p, "NO MORE THAN %u ADDRESSES", DVIPA_MAX);
    profile->deleted[profile->deleted_count++] = address;
    return true;
}

/* An address that is defined here, or one that a job may have made active out of a VIPARANGE. */
static bool delete_dvipa(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_dvipa *dvipa;
    uint32_t address = 0;

    (void)text_parse_ip(p->token.text, &address);
    dvipa = p->token.end ? NULL : find_dvipa(profile, address);
    if (dvipa == NULL && !in_a_range(profile, address) && !p->syntax_only)
        return parser_expected(p, "A DVIPA");
    if (!note_deleted(p, address) || !parser_address(p, &address))
        return false;
    if (dvipa != NULL)
        memmove(dvipa, dvipa + 1, (size_t)(profile->dvipas + profile->dvipa_count-- - (dvipa + 1)) * sizeof *dvipa);
    undistribute(profile, address);
    return true;
}

bool statement_vipadelete(struct profile_parser *p)
{
    do {
        if (!delete_dvipa(p))
            return false;
        p->effect = EFFECT_REST;
    } while (!parser_at_statement(p));
    return true;
}

/* --- VIPARANGE ----------------------------------------------------------------------------------------------------- */

static struct profile_range *find_range(struct profile *profile, const struct profile_range *like)
{
    for (unsigned i = 0; i < profile->range_count; i++)
        if (profile->ranges[i].mask == like->mask && profile->ranges[i].address == like->address)
            return &profile->ranges[i];
    return NULL;
}

static bool parse_range_moveable(struct profile_parser *p, struct profile_range *range)
{
    if (!parser_keyword(p, "MOVEable"))
        return true;
    range->disruptive = parser_keyword(p, "DISRUPTive");
    return range->disruptive || parser_keyword(p, "NONDISRUPTive") || parser_expected(p, "NONDISRUPTIVE OR DISRUPTIVE");
}

/* Addresses that are active stay so, without it. */
static void delete_range(struct profile_parser *p, const struct profile_range *range)
{
    struct profile *profile = p->profile;
    struct profile_range *there = find_range(profile, range);
    char text[16];

    if (there != NULL)
        memmove(there, there + 1, (size_t)(profile->ranges + profile->range_count-- - (there + 1)) * sizeof *there);
    else if (!p->syntax_only)
        parser_note(p, "VIPARANGE DELETE %s ON LINE %u HAS NO EFFECT, THERE IS NONE", text_ip(text, range->address), p->statement_line);
}

static void add_range(struct profile_parser *p, const struct profile_range *range)
{
    struct profile *profile = p->profile;
    struct profile_range *there = find_range(profile, range);
    char text[16];

    if (there == NULL)
        profile->ranges[profile->range_count++] = *range;
    else if (there->line != 0 || there->disruptive != range->disruptive ||
             !parser_add_clusterports(p, &there->clusterports, &range->clusterports, range->address))
        (void)parser_conflict(p, "VIPARANGE", text_ip(text, range->address), there->line);
}

static const struct profile_option range_options[] = {
    { "SAF", NULL, 1, false }, { "ZCX", NULL, 0, false }, { NULL, NULL, 0, false },
};

bool statement_viparange(struct profile_parser *p)
{
    struct profile_range range = { .line = parser_place(p) };
    bool delete = parser_keyword(p, "DELEte");

    if (!delete && p->profile->range_count == VIPARANGE_MAX)
        return parser_expected(p, "NO MORE THAN %u VIPARANGE", VIPARANGE_MAX);
    if (!delete)
        (void)parser_keyword(p, "DEFINE");
    if (!parse_range_moveable(p, &range) || (parser_at_clusterports(p) && !parser_clusterports(p, &range.clusterports)))
        return false;
    if (!parser_mask(p, &range.mask) || !parser_address(p, &range.address))
        return false;
    parser_pass(p, range_options);
    range.address &= range.mask;
    if (delete)
        delete_range(p, &range);
    else
        add_range(p, &range);
    return true;
}
