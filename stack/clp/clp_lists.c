/* The keeper as enumerated lists: list structure EZBPLIST.
 *
 *   list 0                 control: entry "SLOTnn" says which DVIPA has slot nn; lock nn is its lock
 *   list 1 + 33 nn         the available blocks of the DVIPA in slot nn, longest unused first
 *   list 1 + 33 nn + s     the blocks that system s has
 *
 * Only blocks that some stack can give out are there: each stack adds those of its EPHEMERALPORTS that it misses, under the
 * lock. The slot's entry says for which range that is done. So a search does not meet thousands of blocks that nobody wants.
 *
 *   a block is an entry named by DVIPA and first port; adjunct:   0  DVIPA    4  first port    8  its ports (u64)
 *                                                                16  time of the last return   20  who returned it
 *
 * A unit of the lists is a block, at most 64 ports: larger blocks are several. A block changes its list by one MOVE, so
 * that it is on exactly one at any time, whoever dies: nothing can leak here. The lock of the flowcharts is held around the
 * moves of a trip all the same; recovery appends the list of the failed stack to the list of what is available (1210).
 *
 * The order of use is that of the list: what was given back goes to the tail. So the first block has rested longest, and
 * only the first order, made at random, decides which ports come first. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp_random.h"
#include "stack/clp/clp_table.h"

#define STRUCTURE "EZBPLIST"
#define SLOTS 31u
#define SLOT_LISTS (SYSTEMS_MAX + 1u)

enum { BLOCK_ADDRESS = 0, BLOCK_FIRST = 4, BLOCK_PORTS = 8, BLOCK_TIME = 16, BLOCK_GIVER = 20 };
enum { SLOT_ADDRESS = 0, SLOT_UNIT = 8, SLOT_FIRST = 12, SLOT_END = 16 };

static int failed(struct clp *clp, enum clp_reason reason)
{
    return clp_error(clp, CLP_EADDRNOTAVAIL, reason);
}

static uint32_t available_list(const struct clp_table *t)
{
    return 1 + t->slot * SLOT_LISTS;
}

static uint32_t own_list(const struct clp_table *t, uint8_t number)
{
    return available_list(t) + number;
}

static uint32_t unit_of(const struct clp_table *t)
{
    return t->clusterports.blocksize < 64 ? t->clusterports.blocksize : 64;
}

static void block_name(uint8_t out[CF_NAME_SIZE], uint32_t address, uint32_t first)
{
    char text[CF_NAME_SIZE + 1];

    text_format(text, sizeof text, "%08X%05u", address, first);
    xes_name(out, CF_NAME_SIZE, text);
}

static int lock(struct clp *clp, const struct clp_table *t, uint8_t oper)
{
    struct xes_request r = { .command = CF_CMD_LIST_LOCK, .lockoper = oper, .lock_index = t->slot };

    if (oper == CF_LOCK_SET)
        r.lockmode = CF_LOCKMODE_UNCOND;
    if (!clp->lists || xes_list(clp->lists, &r) != IXLRETCODEOK)
        return failed(clp, CLP_REASON_CF);
    return CLP_OK;
}

/* One block from list to list; its adjunct is written, or read as it is. name NULL: the first one. Return code of IXLLIST,
 * *reason NOENTRY: the list is empty, LISTMISMATCH: the named block is on another one, VERSIONMISMATCH: a later life than
 * `life` has taken it (0: any may have). The version of a block is the life of the stack that took it last. */
static int move(struct clp *clp, const struct clp_table *t, const uint8_t *name, uint32_t from, uint32_t to, bool write,
                uint64_t life, uint8_t adjunct[CF_ADJUNCT_SIZE], uint32_t *reason)
{
    struct xes_request r = { .command = CF_CMD_LIST_MOVE, .locate = name ? CF_LOCATE_NAME : CF_LOCATE_HEAD, .list = from,
                             .target_list = to, .position = CF_LOCATE_TAIL, .lockoper = CF_LOCK_HELDBY,
                             .lock_index = t->slot, .dataoper = write ? CF_DATAOPER_WRITE : CF_DATAOPER_READ,
                             .options = CF_OPT_ADJUNCT };

    if (name) {
        memcpy(r.name, name, CF_NAME_SIZE);
        r.options |= CF_OPT_LISTCOMP;
    }
    if (to == own_list(t, clp->number)) {
        r.versupdate = CF_VERSUPDATE_SET;
        r.version = clp_life(clp, clp->number);
    }
    if (life) {
        r.verscomp = CF_VERSCOMP_LESSOREQUAL;
        r.version_comp = life;
    }
    if (write)
        memcpy(r.adjunct, adjunct, CF_ADJUNCT_SIZE);
    int rc = xes_list(clp->lists, &r);
    *reason = r.reason;
    if (!write)
        memcpy(adjunct, r.adjunct, CF_ADJUNCT_SIZE);
    return rc;
}

static void put_block(uint8_t adjunct[CF_ADJUNCT_SIZE], const struct clp_table *t, uint32_t first, uint64_t ports,
                      uint8_t giver)
{
    memset(adjunct, 0, CF_ADJUNCT_SIZE);
    put_be32(adjunct + BLOCK_ADDRESS, t->address);
    put_be32(adjunct + BLOCK_FIRST, first);
    put_be64(adjunct + BLOCK_PORTS, ports);
    if (giver) {
        put_be32(adjunct + BLOCK_TIME, (uint32_t)(platform_clock_us() / 1000000u));
        adjunct[BLOCK_GIVER] = giver;
    }
}

static uint64_t block_ports(const struct clp_table *t, uint32_t first)
{
    return unit_of(t) == 64 ? ~0ull : (~0ull << (64 - unit_of(t))) >> (first & 63);
}

static void grant_block(struct clp_grant *g, uint32_t first, uint64_t ports)
{
    g->words[g->count++] = (struct clp_word){ .word = (uint16_t)(first / 64), .ports = ports };
}

/* --- slots --------------------------------------------------------------------------------------------------------- */

static void slot_name(uint8_t name[CF_NAME_SIZE], uint32_t slot)
{
    char text[CF_NAME_SIZE + 1];

    text_format(text, sizeof text, "SLOT%02u", slot);
    xes_name(name, CF_NAME_SIZE, text);
}

/* Read the entry of a slot. True: it is there, and this DVIPA's. */
static bool read_slot(struct clp *clp, const struct clp_table *t, uint32_t slot, uint8_t adjunct[CF_ADJUNCT_SIZE])
{
    struct xes_request r = { .command = CF_CMD_LIST_READ, .locate = CF_LOCATE_NAME, .options = CF_OPT_ADJUNCT };

    slot_name(r.name, slot);
    bool read = xes_list(clp->lists, &r) == IXLRETCODEOK;
    memcpy(adjunct, r.adjunct, CF_ADJUNCT_SIZE);
    return read && get_be32(adjunct + SLOT_ADDRESS) == t->address;
}

/* Read or make the entry of a slot. True: it is this DVIPA's. */
static bool slot_is(struct clp *clp, const struct clp_table *t, uint32_t slot, uint8_t adjunct[CF_ADJUNCT_SIZE])
{
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .entrytype = CF_ENTRY_NEW,
                             .options = CF_OPT_ADJUNCT };

    slot_name(r.name, slot);
    put_be32(r.adjunct + SLOT_ADDRESS, t->address);
    put_be32(r.adjunct + SLOT_UNIT, unit_of(t));
    memcpy(adjunct, r.adjunct, CF_ADJUNCT_SIZE);
    if (xes_list(clp->lists, &r) == IXLRETCODEOK) {
        FLOW(8B, 855);
        return true;
    }
    return read_slot(clp, t, slot, adjunct);
}

/* The slot of a DVIPA, the first free one if it has none; SLOTS: all are taken. After a rebuild there may be free ones before
 * it: of addresses that nobody had any more. */
static uint32_t find_slot(struct clp *clp, const struct clp_table *t, uint8_t adjunct[CF_ADJUNCT_SIZE])
{
    uint32_t slot = 0;

    while (slot < SLOTS && !read_slot(clp, t, slot, adjunct))
        slot++;
    for (slot = slot < SLOTS ? slot : 0; slot < SLOTS && !slot_is(clp, t, slot, adjunct); slot++)
        ;
    return slot;
}

/* The blocks from port `from` to before `to` onto the list of those available, in random order: a random start and a random
 * odd step. Those that are there already stay where they are. */
static int create_blocks(struct clp *clp, const struct clp_table *t, uint32_t from, uint32_t to)
{
    uint32_t blocks = (to - from) / unit_of(t), turns = 1;

    while (turns < blocks)
        turns *= 2;                         /* an odd step meets each of a power of two */
    uint32_t start = clp_random_below(clp, turns), step = clp_random_below(clp, turns) | 1;
    for (uint32_t i = 0; i < turns; i++) {
        struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .entrytype = CF_ENTRY_NEW,
                                 .options = CF_OPT_ADJUNCT, .list = available_list(t), .lockoper = CF_LOCK_HELDBY,
                                 .lock_index = t->slot };
        uint32_t block = (start + i * step) & (turns - 1), first = from + block * unit_of(t);

        if (block >= blocks)
            continue;
        block_name(r.name, t->address, first);
        put_block(r.adjunct, t, first, block_ports(t, first), 0);
        if (xes_list(clp->lists, &r) != IXLRETCODEOK && r.reason != IXLRSNCODEENTRYEXISTS)
            return failed(clp, CLP_REASON_CF);
    }
    return CLP_OK;
}

/* The range of what this stack can give out, in whole blocks; empty: *first = *end. */
static void eligible_range(const struct clp_table *t, uint32_t *first, uint32_t *end)
{
    *first = *end = 0;
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        if (!t->eligible[w])
            continue;
        uint32_t low = w * 64 + bits_first(t->eligible[w]), high = w * 64 + bits_first(t->eligible[w] & -t->eligible[w]);

        if (*end == 0)
            *first = low & ~(unit_of(t) - 1);
        *end = (high & ~(unit_of(t) - 1)) + unit_of(t);
    }
}

/* Under the lock: all blocks that this stack can give out are there. Who dies over it leaves the slot as it was, and the
 * next one adds what is missing. */
static int cover(struct clp *clp, struct clp_table *t)
{
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .entrytype = CF_ENTRY_OLD,
                             .options = CF_OPT_ADJUNCT };
    uint32_t first, end;

    eligible_range(t, &first, &end);
    if (first >= t->covered_first && end <= t->covered_end)
        return CLP_OK;
    if (!slot_is(clp, t, t->slot, r.adjunct))
        return failed(clp, CLP_REASON_CF);
    uint32_t there_first = get_be32(r.adjunct + SLOT_FIRST), there_end = get_be32(r.adjunct + SLOT_END);
    if (there_end == 0)
        there_first = there_end = first;
    int rc = CLP_OK;
    if (first < there_first)
        rc = create_blocks(clp, t, first, there_first);
    if (rc == CLP_OK && end > there_end)
        rc = create_blocks(clp, t, there_end, end);
    if (rc != CLP_OK)
        return rc;
    t->covered_first = first < there_first ? first : there_first;
    t->covered_end = end > there_end ? end : there_end;
    put_be32(r.adjunct + SLOT_FIRST, t->covered_first);
    put_be32(r.adjunct + SLOT_END, t->covered_end);
    slot_name(r.name, t->slot);
    return xes_list(clp->lists, &r) == IXLRETCODEOK ? CLP_OK : failed(clp, CLP_REASON_CF);
}

/* --- take, give, claim --------------------------------------------------------------------------------------------- */

/* Blocks whose ports are all reserved, or another stack's alone, go to the tail: each is looked at once. */
static void take_under_lock(struct clp *clp, struct clp_table *t, uint32_t wanted, struct clp_grant *g)
{
    uint8_t adjunct[CF_ADJUNCT_SIZE], name[CF_NAME_SIZE];
    uint32_t reason, ports = 0, passed = 0;

    for (g->count = 0; ports < wanted && g->count < CLP_GRANT_WORDS && passed * unit_of(t) < t->covered_end - t->covered_first;) {
        if (move(clp, t, NULL, available_list(t), own_list(t, clp->number), false, 0, adjunct, &reason) != IXLRETCODEOK)
            break;
        uint32_t first = get_be32(adjunct + BLOCK_FIRST);
        uint64_t block = get_be64(adjunct + BLOCK_PORTS);
        if (first >= PORTS_PER_DVIPA)
            break;
        uint64_t mine = block & t->eligible[first / 64];
        if (mine) {
            grant_block(g, first, block);
            ports += bits_count(mine);
            continue;
        }
        passed++;
        block_name(name, t->address, first);
        (void)move(clp, t, name, own_list(t, clp->number), available_list(t), false, 0, adjunct, &reason);
    }
}

static int lists_take(struct clp *clp, struct clp_table *t, uint32_t ports, struct clp_grant *g)
{
    FLOW(9, 925);
    FLOW(4, 415);
    int rc = lock(clp, t, CF_LOCK_SET);
    if (rc != CLP_OK)
        return rc;
    FLOW(9, 935);
    FLOW(4, 420);
    g->count = 0;
    if (cover(clp, t) == CLP_OK)
        take_under_lock(clp, t, ports, g);
    FLOW(9, 940);
    bool lost = clp->lists->lost;
    (void)lock(clp, t, CF_LOCK_RESET);
    if (g->count)
        return CLP_OK;
    return failed(clp, lost ? CLP_REASON_CF : CLP_REASON_EXHAUSTED);
}

/* Whole blocks, as they were taken. What cannot be moved any more (the CF has gone) has not changed its owner. */
static int lists_give(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    uint8_t adjunct[CF_ADJUNCT_SIZE], name[CF_NAME_SIZE];
    uint32_t reason = 0;
    bool all = true;

    FLOW(10, 1015);
    FLOW(5, 515);
    int rc = lock(clp, t, CF_LOCK_SET);
    if (rc != CLP_OK)
        return rc;
    FLOW(10, 1020);
    for (uint32_t i = 0; i < g->count; i++) {
        for (uint64_t left = g->words[i].ports; left;) {
            uint32_t first = g->words[i].word * 64u + (bits_first(left) & ~(unit_of(t) - 1));
            uint64_t block = block_ports(t, first);

            left &= ~block;
            block_name(name, t->address, first);
            put_block(adjunct, t, first, block, clp->number);
            if (move(clp, t, name, own_list(t, clp->number), available_list(t), true, 0, adjunct, &reason) != IXLRETCODEOK)
                all = false;
        }
    }
    FLOW(10, 1025);
    (void)lock(clp, t, CF_LOCK_RESET);
    return all ? CLP_OK : failed(clp, CLP_REASON_CF);
}

static bool lists_available(struct clp *clp, struct clp_table *t, uint16_t port)
{
    struct xes_request r = { .command = CF_CMD_LIST_READ, .locate = CF_LOCATE_NAME, .options = CF_OPT_ADJUNCT | CF_OPT_LISTCOMP,
                             .list = available_list(t) };

    block_name(r.name, t->address, port & ~(unit_of(t) - 1));
    return clp->lists && xes_list(clp->lists, &r) == IXLRETCODEOK;
}

static int lists_claim(struct clp *clp, struct clp_table *t, uint16_t port, struct clp_grant *g)
{
    uint32_t first = port & ~(unit_of(t) - 1), reason = 0;
    uint8_t adjunct[CF_ADJUNCT_SIZE], name[CF_NAME_SIZE];
    int rc = lock(clp, t, CF_LOCK_SET);

    if (rc != CLP_OK)
        return rc;
    block_name(name, t->address, first);
    rc = cover(clp, t);
    if (rc == CLP_OK)
        rc = move(clp, t, name, available_list(t), own_list(t, clp->number), false, 0, adjunct, &reason);
    (void)lock(clp, t, CF_LOCK_RESET);
    if (rc != IXLRETCODEOK)
        return reason == IXLRSNCODELISTMISMATCH ? clp_error(clp, CLP_EADDRINUSE, CLP_REASON_OWNED)
                                                : failed(clp, CLP_REASON_CF);
    g->count = 0;
    grant_block(g, first, block_ports(t, first));
    return CLP_OK;
}

/* Append the blocks that a system has had in its lives up to this one to those available. Blocks, or -1: the CF is lost. */
static int32_t append(struct clp *clp, struct clp_table *t, uint8_t number, uint64_t life)
{
    uint8_t adjunct[CF_ADJUNCT_SIZE];
    uint32_t reason;
    int32_t blocks = 0;

    while (move(clp, t, NULL, own_list(t, number), available_list(t), false, life, adjunct, &reason) == IXLRETCODEOK)
        blocks++;
    return reason == IXLRSNCODENOENTRY || reason == IXLRSNCODEVERSIONMISMATCH ? blocks : -1;
}

static int lists_recover(struct clp *clp, struct clp_table *t, const char *system, uint8_t number, uint32_t *ports)
{
    (void)system;
    FLOW(12, 1205);
    int rc = lock(clp, t, CF_LOCK_SET);
    if (rc != CLP_OK)
        return rc;
    FLOW(12, 1210);
    int32_t blocks = append(clp, t, number, clp_life(clp, number));
    FLOW(12, 1215);
    (void)lock(clp, t, CF_LOCK_RESET);
    if (blocks < 0)
        return failed(clp, CLP_REASON_CF);
    *ports += (uint32_t)blocks * unit_of(t);
    return CLP_OK;
}

/* --- 8B ------------------------------------------------------------------------------------------------------------ */

static int connect(struct clp *clp)
{
    const struct xes_attributes attributes = { .list_headers = 1 + SLOTS * SLOT_LISTS, .lock_entries = SLOTS + 1,
                                               .size_kib = 16384, .max_elements = 1, .entry_ratio = 1, .vector_bits = 32,
                                               .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED };

    return clp_connect_structure(clp, &clp->lists, &clp->lists_refused, STRUCTURE, &attributes);
}

static int lists_init(struct clp *clp, struct clp_table *t, unsigned origin)
{
    uint8_t adjunct[CF_ADJUNCT_SIZE] = { 0 };
    char ip[16];
    int rc = connect(clp);

    (void)origin;
    if (rc != CLP_OK)
        return rc;
    FLOW(8B, 850);
    t->slot = find_slot(clp, t, adjunct);
    if (t->slot == SLOTS)
        return failed(clp, CLP_REASON_TABLES);
    if (get_be32(adjunct + SLOT_UNIT) != unit_of(t)) {
        t->clusterports.blocksize = (uint16_t)get_be32(adjunct + SLOT_UNIT);
        text_wto("EZD1299I %s: BLOCKS OF DVIPA %s HAVE %u PORTS, AS THE FIRST STACK SAID", STRUCTURE, text_ip(ip, t->address),
                 t->clusterports.blocksize);
    }
    rc = lock(clp, t, CF_LOCK_SET);
    if (rc != CLP_OK)
        return rc;
    t->covered_first = t->covered_end = 0;
    rc = cover(clp, t);
    FLOW(8B, 860);
    int32_t earlier = rc == CLP_OK ? append(clp, t, clp->number, clp_life(clp, clp->number)) : 0;     /* this stack's earlier life */
    if (earlier == 0)
        FLOW(8B, 865);
    else if (earlier < 0)
        rc = failed(clp, CLP_REASON_CF);
    (void)lock(clp, t, CF_LOCK_RESET);
    return rc;
}

/* --- rebuild ------------------------------------------------------------------------------------------------------- */

/* The slot and the blocks that this stack has. Of a block it has all. */
static int lists_contribute(struct clp *clp, struct clp_table *t)
{
    uint8_t adjunct[CF_ADJUNCT_SIZE];

    if (!slot_is(clp, t, t->slot, adjunct))
        return failed(clp, CLP_REASON_CF);
    for (uint32_t first = 0; first < PORTS_PER_DVIPA; first += unit_of(t)) {
        struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .entrytype = CF_ENTRY_NEW,
                                 .options = CF_OPT_ADJUNCT, .list = own_list(t, clp->number),
                                 .versupdate = CF_VERSUPDATE_SET, .version = clp_life(clp, clp->number) };

        if (!(t->owned[first / 64] & block_ports(t, first)))
            continue;
        block_name(r.name, t->address, first);
        put_block(r.adjunct, t, first, block_ports(t, first), 0);
        if (xes_list(clp->lists, &r) != IXLRETCODEOK)
            return failed(clp, CLP_REASON_CF);
    }
    return CLP_OK;
}

/* What no stack has is available. The first one makes it so, the others add what they alone can give out. */
static int lists_complete(struct clp *clp, struct clp_table *t)
{
    int rc = lock(clp, t, CF_LOCK_SET);

    if (rc != CLP_OK)
        return rc;
    t->covered_first = t->covered_end = 0;
    rc = cover(clp, t);
    (void)lock(clp, t, CF_LOCK_RESET);
    return rc;
}

const struct clp_store clp_lists_store = {
    .name = "LISTS", .survives = CLP_SURVIVES_BOTH,
    .whole_blocks = true, .init = lists_init, .take = lists_take, .give = lists_give,
    .available = lists_available, .claim = lists_claim, .recover = lists_recover, .contribute = lists_contribute,
    .complete = lists_complete,
};
