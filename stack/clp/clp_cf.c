/* The keeper in the coupling facility: list structure EZBEPORT with 1024 list headers and 1024 lock entries. Figures 8A, 8B,
 * 9, 10 and 12, store side.
 *
 *   list and lock n = 1 + hash of the DVIPA (0: the explicit-bind pool), holds per DVIPA:
 *     entry "0A010101        "   cluster-wide:  8192 bytes  1 bit a port, 1 = available
 *                                               4096 bytes  per 64 ports: time of the last return, seconds since 1970
 *                                               1024 bytes  per 64 ports: system number of who returned them, 0 = several
 *                                                512 bytes  header: ports available, ports shared; names of the systems
 *                                                           that have a map of their own, by system number
 *     entry "0A010101MVS1    "   of a stack:    8192 bytes  1 bit a port, 1 = this stack's
 *     entry "0A010101#SHARED "   if any are:    4 bytes a port that several stacks have: port, how many stacks
 *     entry "0A010101#USE03  "   of a stack:    which ports are in use there, for whoever looks: clp_show.h
 *   adjunct: "POOL", "OWN " or "SHAR", DVIPA, system name. Port 0 is the high bit of the first byte.
 *
 * Every change is the sequence of the flowcharts:
 *
 *   take  (925) READ pool, LOCKOPER=SET   (935) change   (940) WRITE pool        WRITE own,  LOCKOPER=RESET
 *   give (1015) READ pool, LOCKOPER=SET  (1020) change  (1025) WRITE own         WRITE pool, LOCKOPER=RESET
 *
 * The stack's own map is not read: nobody else writes it while the stack lives, so its table is the same.
 *
 * The order of the two writes is the point: a port is first removed from the map it leaves and then added to the map it
 * goes to, take and give alike. So at every instant, with or without the lock, whoever looks finds a port in at most one
 * map, and "in the pool" always means that nobody owns it. A stack that dies between the writes leaves its block in no
 * map: the next holder of the lock cannot give it out, and recovery and clp_repair() find it as what is in no map, under
 * the same lock, with no journal. Were the order the other way round, the block of a dead taker would be in the pool and
 * in its own map: the next one would take it, and recovery of the dead one would put it back while it is in use.
 *
 * Shared ports are the one case of a port in several maps: its count is written before a further map gets it, and it
 * goes to the pool when it leaves the last one.
 *
 * Variants. Opposite polarity: all maps are stored complemented. Only the cluster-wide structure (figure 8A): no maps of
 * the stacks; recovery then has nothing to read, which is why figure 8B exists.
 *
 * Rest. A port that was just given back may still be in TIME_WAIT at some peer. The stack that gave it back knows what it
 * did; another one waits TIMEWAITINTERVAL, unless nothing else is left: then it takes what has rested longest. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_random.h"
#include "stack/clp/clp_show.h"
#include "stack/clp/clp_table.h"

enum { STAMPS = PORTS_PER_DVIPA / 8, GIVERS = STAMPS + CLP_REGIONS * 4, HEADER = GIVERS + CLP_REGIONS };
enum { HEADER_AVAILABLE = HEADER, HEADER_SHARED = HEADER + 4, HEADER_NAMES = HEADER + 8 };
_Static_assert(HEADER + 8 + (SYSTEMS_MAX + 1) * NAME_LEN <= CLP_POOL_BYTES, "the names of all systems fit");
#define SHARED_NAME "#SHARED"

static int failed(struct clp *clp, enum clp_reason reason)
{
    return clp_error(clp, CLP_EADDRNOTAVAIL, reason);
}

static bool has_own_maps(const struct clp_table *t)
{
    return t->store != &clp_clusterwide_store;
}

/* --- entries ------------------------------------------------------------------------------------------------------- */

/* Not by text_format(), which takes an image longer than the command itself. */
static void entry_name(uint8_t out[CF_NAME_SIZE], uint32_t dvipa, const char *system)
{
    static const char digits[] = "0123456789ABCDEF";

    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)digits[dvipa >> (28 - 4 * i) & 0xF];
    xes_name(out + 8, CF_NAME_SIZE - 8, system);
}

/* A READ, WRITE or DELETE of the entry of `system` ("" = cluster-wide). */
static struct xes_request request(uint16_t command, uint32_t dvipa, const char *system, uint8_t lockoper)
{
    struct xes_request r = { .command = command, .locate = CF_LOCATE_NAME, .options = CF_OPT_DATA, .lockoper = lockoper };

    r.list = clp_list(dvipa);
    r.lock_index = lockoper == CF_LOCK_NONE ? 0 : r.list;
    r.lockmode = lockoper == CF_LOCK_SET ? CF_LOCKMODE_UNCOND : CF_LOCKMODE_COND;
    entry_name(r.name, dvipa, system);
    return r;
}

/* Return code of IXLLIST; *reason tells NOENTRY. */
static int read_entry(struct clp *clp, uint32_t dvipa, const char *system, uint8_t lockoper, uint8_t *data, uint32_t size,
                      uint32_t *reason)
{
    struct xes_request r = request(CF_CMD_LIST_READ, dvipa, system, lockoper);

    r.in = data;
    r.in_cap = size;
    int rc = xes_list(clp->connection, &r);
    *reason = r.reason;
    return rc == IXLRETCODEOK && r.data_len < size ? IXLRETCODECOMPERROR : rc;
}

/* The same of what a system has left, unless it is of a later life of it: VERSIONMISMATCH. */
static int read_left(struct clp *clp, uint32_t dvipa, const char *system, uint64_t life, uint8_t *data, uint32_t *reason)
{
    struct xes_request r = request(CF_CMD_LIST_READ, dvipa, system, CF_LOCK_HELDBY);

    r.verscomp = CF_VERSCOMP_LESSOREQUAL;
    r.version_comp = life;
    r.in = data;
    r.in_cap = CLP_OWN_BYTES;
    int rc = xes_list(clp->connection, &r);
    *reason = r.reason;
    return rc == IXLRETCODEOK && r.data_len < CLP_OWN_BYTES ? IXLRETCODECOMPERROR : rc;
}

/* Its version is the life of the stack that has written it last. */
static int write_entry(struct clp *clp, uint32_t dvipa, const char *system, uint8_t lockoper, const uint8_t *data, uint32_t size)
{
    struct xes_request r = request(CF_CMD_LIST_WRITE, dvipa, system, lockoper);

    r.versupdate = CF_VERSUPDATE_SET;
    r.version = clp_life(clp, clp->number);

    r.entrytype = CF_ENTRY_OLD;
    r.out = data;
    r.out_len = size;
    return xes_list(clp->connection, &r);
}

static int delete_entry(struct clp *clp, uint32_t dvipa, const char *system)
{
    struct xes_request r = request(CF_CMD_LIST_DELETE, dvipa, system, CF_LOCK_HELDBY);

    r.options = 0;
    int rc = xes_list(clp->connection, &r);
    return r.reason == IXLRSNCODENOENTRY ? IXLRETCODEOK : rc;
}

/* What the stack with this number has shown of its ports. */
static void forget_shown(struct clp *clp, const struct clp_table *t, uint8_t number)
{
    char name[NAME_LEN + 1];

    text_format(name, sizeof name, CLP_SHOW_USE, number);
    (void)delete_entry(clp, t->address, name);
}

static int write_pool(struct clp *clp, const struct clp_table *t, uint8_t lockoper)
{
    return write_entry(clp, t->address, "", lockoper, clp->pool, CLP_POOL_BYTES);
}

static int write_own(struct clp *clp, const struct clp_table *t, uint8_t lockoper)
{
    return write_entry(clp, t->address, clp->system, lockoper, clp->own, CLP_OWN_BYTES);
}

static void unlock(struct clp *clp, const struct clp_table *t)
{
    struct xes_request r = { .command = CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_RESET, .lock_index = t->list };

    /* Fails if the CF is lost or the lock went with the write that failed: then it is not ours any more. */
    (void)xes_list(clp->connection, &r);
}

static int undone(struct clp *clp, const struct clp_table *t)
{
    unlock(clp, t);
    return failed(clp, CLP_REASON_CF);
}

/* --- maps in the work areas ---------------------------------------------------------------------------------------- */

bool clp_is_bitmap(const struct clp_table *t)
{
    return t->store == &clp_bitmap_store || t->store == &clp_reversed_store || t->store == &clp_clusterwide_store;
}

static uint64_t polarity(const struct clp_table *t)
{
    return t->store == &clp_reversed_store ? ~0ull : 0;
}

/* Ports of a stored word: 1 = in this map, whatever the polarity. */
static uint64_t word_of(const struct clp_table *t, const uint8_t *map, uint32_t w)
{
    return get_be64(map + 8 * w) ^ polarity(t);
}

static void put_word(const struct clp_table *t, uint8_t *map, uint32_t w, uint64_t ports)
{
    put_be64(map + 8 * w, ports ^ polarity(t));
}

static void empty_map(const struct clp_table *t, uint8_t *map)
{
    memset(map, (int)(polarity(t) & 0xFF), PORTS_PER_DVIPA / 8);
}

/* The ports of a word are in the map too: OR if 1 means "in the map", AND with the opposite polarity (1210). */
static void merge(const struct clp_table *t, uint8_t *map, uint32_t w, uint64_t ports)
{
    uint64_t stored = get_be64(map + 8 * w);

    put_be64(map + 8 * w, t->store == &clp_reversed_store ? stored & ~ports : stored | ports);
}

/* The stack's own map as its table says, in the work area. In an image it has the order of the entry already, and is
 * copied without a loop: an emulated processor takes longer for that than for all the rest of a trip. */
static void own_from_table(struct clp *clp, const struct clp_table *t)
{
    uint64_t turned = polarity(t);

    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ && turned == 0) {
        memcpy(clp->own, t->owned, CLP_OWN_BYTES);
        return;
    }
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        put_be64(clp->own + 8 * w, t->owned[w] ^ turned);
}

static uint32_t available_count(const struct clp *clp)
{
    return get_be32(clp->pool + HEADER_AVAILABLE);
}

static void pool_take(struct clp *clp, const struct clp_table *t, uint32_t w, uint64_t ports)
{
    put_word(t, clp->pool, w, word_of(t, clp->pool, w) & ~ports);
    put_be32(clp->pool + HEADER_AVAILABLE, available_count(clp) - bits_count(ports));
}

static void pool_add(struct clp *clp, const struct clp_table *t, uint32_t w, uint64_t ports)
{
    uint32_t more = bits_count(ports & ~word_of(t, clp->pool, w));

    merge(t, clp->pool, w, ports);
    put_be32(clp->pool + HEADER_AVAILABLE, available_count(clp) + more);
}

/* What stands in the header is counted anew. */
static void pool_count(struct clp *clp, const struct clp_table *t)
{
    uint32_t available = 0;

    for (uint32_t w = 0; w < CLP_WORDS; w++)
        available += bits_count(word_of(t, clp->pool, w));
    put_be32(clp->pool + HEADER_AVAILABLE, available);
}

static void name_at(const struct clp *clp, unsigned n, char name[NAME_LEN + 1])
{
    text_name_get(name, clp->pool + HEADER_NAMES + n * NAME_LEN);
}

static void set_name(struct clp *clp, unsigned n, const char *name)
{
    text_name_put(clp->pool + HEADER_NAMES + n * NAME_LEN, name);
}

static uint32_t now_s(void)
{
    return (uint32_t)(platform_clock_us() / 1000000u);
}

/* Seconds since region r was given back, if it still rests for this stack; else UINT32_MAX. */
static uint32_t resting_s(const struct clp *clp, uint32_t r, uint32_t now)
{
    uint32_t stamp = get_be32(clp->pool + STAMPS + 4 * r);
    uint32_t age = now > stamp ? now - stamp : 0;

    if (stamp == 0 || clp->pool[GIVERS + r] == clp->number || age >= clp->timewait_s)
        return UINT32_MAX;
    return age;
}

/* Ports of region r are given back by system `giver` now. If another one's still rest there, they are several's. */
static void stamp(struct clp *clp, uint32_t r, uint8_t giver, uint32_t now)
{
    if (resting_s(clp, r, now) != UINT32_MAX && clp->pool[GIVERS + r] != giver)
        giver = 0;
    clp->pool[GIVERS + r] = giver;
    put_be32(clp->pool + STAMPS + 4 * r, now);
}

/* --- ports that several stacks have -------------------------------------------------------------------------------- */

static uint32_t shared_count(const struct clp *clp)
{
    return get_be32(clp->pool + HEADER_SHARED);
}

static void set_shared_count(struct clp *clp, uint32_t count)
{
    put_be32(clp->pool + HEADER_SHARED, count);
}

static int read_shared(struct clp *clp, const struct clp_table *t)
{
    struct xes_request r = request(CF_CMD_LIST_READ, t->address, SHARED_NAME, CF_LOCK_HELDBY);

    if (shared_count(clp) == 0)
        return CLP_OK;
    r.in = clp->shared;
    r.in_cap = sizeof clp->shared;
    if (xes_list(clp->connection, &r) != IXLRETCODEOK || r.data_len < 4 * shared_count(clp))
        return failed(clp, CLP_REASON_CF);
    return CLP_OK;
}

static int write_shared(struct clp *clp, const struct clp_table *t)
{
    struct xes_request r = request(CF_CMD_LIST_WRITE, t->address, SHARED_NAME, CF_LOCK_HELDBY);

    r.options |= CF_OPT_ADJUNCT;
    memcpy(r.adjunct, "SHAR", 4);
    put_be32(r.adjunct + 4, t->address);
    r.out = clp->shared;
    r.out_len = (4 * shared_count(clp) + 255u) & ~255u;
    if (xes_list(clp->connection, &r) == IXLRETCODEOK)
        return CLP_OK;
    return failed(clp, CLP_REASON_CF);
}

static uint8_t *shared_record(struct clp *clp, uint16_t port)
{
    for (uint32_t i = 0; i < shared_count(clp); i++)
        if (get_be16(clp->shared + 4 * i) == port)
            return clp->shared + 4 * i;
    return NULL;
}

/* One stack more has the port. False: the list is full. */
static bool shared_more(struct clp *clp, uint16_t port)
{
    uint32_t count = shared_count(clp);
    uint8_t *record = shared_record(clp, port);

    if (record) {
        put_be16(record + 2, (uint16_t)(get_be16(record + 2) + 1));
        return true;
    }
    if (count == CLP_SHARED_MAX)
        return false;
    put_be16(clp->shared + 4 * count, port);
    put_be16(clp->shared + 4 * count + 2, 2);
    set_shared_count(clp, count + 1);
    return true;
}

/* One stack less has it. True: others still do. */
static bool shared_less(struct clp *clp, uint16_t port)
{
    uint8_t *record = shared_record(clp, port);

    if (!record)
        return false;
    uint16_t stacks = (uint16_t)(get_be16(record + 2) - 1);
    put_be16(record + 2, stacks);
    if (stacks < 2) {                       /* the last record takes its place */
        uint32_t last = shared_count(clp) - 1;

        memmove(record, clp->shared + 4 * last, 4);
        set_shared_count(clp, last);
    }
    return true;
}

/* Those of the ports that no other stack has: they go to the pool. */
static uint64_t not_shared(struct clp *clp, uint32_t w, uint64_t ports)
{
    if (shared_count(clp) == 0)
        return ports;
    for (uint64_t left = ports; left; left &= ~port_bit(bits_first(left)))
        if (shared_less(clp, (uint16_t)(w * 64 + bits_first(left))))
            ports &= ~port_bit(bits_first(left));
    return ports;
}

/* --- retrieve and lock, restore and unlock ------------------------------------------------------------------------- */

/* The cluster-wide structure into its work area, under the lock. */
static int lock_pool(struct clp *clp, const struct clp_table *t)
{
    uint32_t reason;

    if (!clp->connection || read_entry(clp, t->address, "", CF_LOCK_SET, clp->pool, CLP_POOL_BYTES, &reason) != IXLRETCODEOK)
        return failed(clp, CLP_REASON_CF);
    return CLP_OK;
}

/* 925, 1015: the structures into the work areas, under the lock. */
static int retrieve_and_lock(struct clp *clp, const struct clp_table *t)
{
    int rc = lock_pool(clp, t);

    if (rc == CLP_OK && has_own_maps(t))
        own_from_table(clp, t);
    return rc;
}

/* 940: the pool loses the ports, then this stack's map gets them. */
static int restore_taken(struct clp *clp, const struct clp_table *t)
{
    if (!has_own_maps(t)) {
        if (write_pool(clp, t, CF_LOCK_RESET) == IXLRETCODEOK)
            return CLP_OK;
    } else if (write_pool(clp, t, CF_LOCK_HELDBY) == IXLRETCODEOK && write_own(clp, t, CF_LOCK_RESET) == IXLRETCODEOK) {
        return CLP_OK;
    }
    return undone(clp, t);
}

/* 1025: this stack's map loses the ports, then the pool gets them. */
static int restore_given(struct clp *clp, const struct clp_table *t, uint32_t shared_before)
{
    if (has_own_maps(t) && write_own(clp, t, CF_LOCK_HELDBY) != IXLRETCODEOK)
        return undone(clp, t);
    if (shared_before && write_shared(clp, t) != CLP_OK)
        return undone(clp, t);
    return write_pool(clp, t, CF_LOCK_RESET) == IXLRETCODEOK ? CLP_OK : undone(clp, t);
}

/* --- choice of blocks (935) ---------------------------------------------------------------------------------------- */

static uint64_t available_in(const struct clp *clp, const struct clp_table *t, uint32_t w)
{
    return word_of(t, clp->pool, w) & t->eligible[w];
}

/* Ports of a block of less than 64: the one around a random port of the word that is in the pool. */
static uint64_t within_word(struct clp *clp, uint64_t available, uint32_t size)
{
    uint32_t turn = clp_random_below(clp, 64);
    uint32_t place = ((bits_first(bits_rotate_left(available, turn)) + turn) & 63) & ~(size - 1);

    return available & ((~0ull << (64 - size)) >> place);
}

/* Take a block out of the unit that begins at word `first`: its ports into the grant. */
static uint32_t grab(struct clp *clp, const struct clp_table *t, uint32_t first, struct clp_grant *g)
{
    uint32_t size = t->clusterports.blocksize, ports = 0;

    for (uint32_t w = first; w < first + (size < 64 ? 1 : size / 64); w++) {
        uint64_t take = available_in(clp, t, w);

        if (size < 64)
            take = within_word(clp, take, size);
        if (take)
            g->words[g->count++] = (struct clp_word){ .word = (uint16_t)w, .ports = take };
        ports += bits_count(take);
    }
    return ports;
}

/* A unit is a block, or the 64 ports around a smaller one. Has it ports, and since when do they rest? */
static bool unit_state(const struct clp *clp, const struct clp_table *t, uint32_t first, uint32_t unit, uint32_t now,
                       uint32_t *rested)
{
    bool any = false;

    *rested = UINT32_MAX;
    for (uint32_t w = first; w < first + unit; w++) {
        if (!available_in(clp, t, w))
            continue;
        uint32_t s = resting_s(clp, w, now);

        any = true;
        *rested = s < *rested ? s : *rested;
    }
    return any;
}

/* Of the units, all of which rested, this one had rested longest. That is so until the second ends or it is given back to or
 * has no port any more: whatever others give back rests too. (What this stack gives back need not: cf_give().) */
static bool still_longest(const struct clp *clp, const struct clp_table *t, uint32_t first, uint32_t unit, uint32_t now)
{
    uint32_t rested;

    return now < t->longest_until_s && unit_state(clp, t, first, unit, now, &rested) && rested >= t->longest_rest_s;
}

/* Units in an order that nobody can foresee: a random start, a random odd step. Those that do not rest, until there are
 * enough ports; if there is none, the one that has rested longest. Where many stacks take and give back ports one by one,
 * all rest all the time. */
static void choose(struct clp *clp, struct clp_table *t, uint32_t wanted, struct clp_grant *g)
{
    uint32_t unit = t->clusterports.blocksize > 64 ? t->clusterports.blocksize / 64 : 1, units = CLP_WORDS / unit;
    uint32_t start = clp_random_below(clp, units), step = clp_random_below(clp, units) | 1, now = now_s();
    uint32_t longest = 0, best = 0, ports = 0, rested;
    bool found = false;

    g->count = 0;
    if (still_longest(clp, t, t->longest_first & ~(unit - 1), unit, now)) {
        (void)grab(clp, t, t->longest_first & ~(unit - 1), g);
        return;
    }
    for (uint32_t i = 0; i < units && ports < wanted && g->count + unit <= CLP_GRANT_WORDS; i++) {
        uint32_t first = (start + i * step) % units * unit;

        if (!unit_state(clp, t, first, unit, now, &rested))
            continue;
        if (rested == UINT32_MAX) {
            ports += grab(clp, t, first, g);
        } else if (!found || rested > longest) {
            found = true;
            longest = rested;
            best = first;
        }
    }
    if (ports > 0 || !found)
        return;
    (void)grab(clp, t, best, g);
    t->longest_until_s = now + 1;
    t->longest_rest_s = longest;
    t->longest_first = best;
}

/* Ports for a trip: while others may want some, no more than an eighth of what is left. */
static uint32_t fair_share(struct clp *clp, struct clp_table *t, uint32_t ports)
{
    uint32_t all = t->eligible == clp->explicit_eligible ? clp->explicit_ports : clp->eligible_ports;
    uint32_t never = PORTS_PER_DVIPA - all, size = t->clusterports.blocksize;
    uint32_t left = available_count(clp) > never ? available_count(clp) - never : 0;

    clp_pool_seen(t, left, all);
    while (ports > size && ports > left / 8)
        ports = ports / 2 > size ? ports / 2 : size;
    return ports;
}

/* --- the store ----------------------------------------------------------------------------------------------------- */

static int cf_take(struct clp *clp, struct clp_table *t, uint32_t ports, struct clp_grant *g)
{
    FLOW(9, 925);
    FLOW(4, 415);
    int rc = retrieve_and_lock(clp, t);
    if (rc != CLP_OK)
        return rc;
    ports = fair_share(clp, t, ports);
    clp_random_stir(clp);
    choose(clp, t, ports, g);
    if (g->count == 0) {
        unlock(clp, t);
        return failed(clp, CLP_REASON_EXHAUSTED);
    }
    FLOW(9, 935);
    FLOW(4, 420);
    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t w = g->words[i].word;

        pool_take(clp, t, w, g->words[i].ports);
        put_word(t, clp->own, w, word_of(t, clp->own, w) | g->words[i].ports);
    }
    FLOW(9, 940);
    return restore_taken(clp, t);
}

static int cf_give(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    uint32_t now = now_s();

    FLOW(10, 1015);
    FLOW(5, 515);
    int rc = retrieve_and_lock(clp, t);
    if (rc != CLP_OK)
        return rc;
    uint32_t shared_before = shared_count(clp);
    if (read_shared(clp, t) != CLP_OK)
        return undone(clp, t);
    FLOW(10, 1020);
    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t w = g->words[i].word;
        uint64_t ports = g->words[i].ports & t->owned[w];

        put_word(t, clp->own, w, word_of(t, clp->own, w) & ~ports);
        pool_add(clp, t, w, not_shared(clp, w, ports));
        stamp(clp, w, clp->number, now);
        if (clp->pool[GIVERS + w] == clp->number)
            t->longest_until_s = 0;         /* these do not rest for this stack */
    }
    FLOW(10, 1025);
    return restore_given(clp, t, shared_before);
}

static bool cf_available(struct clp *clp, struct clp_table *t, uint16_t port)
{
    uint32_t reason;

    return clp->connection &&
           read_entry(clp, t->address, "", CF_LOCK_NONE, clp->pool, CLP_POOL_BYTES, &reason) == IXLRETCODEOK &&
           (word_of(t, clp->pool, port >> 6) & port_bit(port));
}

static int cf_claim(struct clp *clp, struct clp_table *t, uint16_t port, struct clp_grant *g)
{
    int rc = retrieve_and_lock(clp, t);

    if (rc != CLP_OK)
        return rc;
    if (!(word_of(t, clp->pool, port >> 6) & port_bit(port))) {
        unlock(clp, t);
        return clp_error(clp, CLP_EADDRINUSE, CLP_REASON_OWNED);
    }
    pool_take(clp, t, port >> 6, port_bit(port));
    put_word(t, clp->own, port >> 6, word_of(t, clp->own, port >> 6) | port_bit(port));
    grant_one(g, port);
    return restore_taken(clp, t);
}

/* The count goes up before the port stands in a second map. */
static int cf_share(struct clp *clp, struct clp_table *t, uint16_t port)
{
    int rc = retrieve_and_lock(clp, t);

    if (rc != CLP_OK)
        return rc;
    if (word_of(t, clp->pool, port >> 6) & port_bit(port)) {
        unlock(clp, t);                     /* the other one has given it back meanwhile */
        struct clp_grant g;
        return cf_claim(clp, t, port, &g);
    }
    if (read_shared(clp, t) != CLP_OK || !shared_more(clp, port) || write_shared(clp, t) != CLP_OK)
        return undone(clp, t);
    put_word(t, clp->own, port >> 6, word_of(t, clp->own, port >> 6) | port_bit(port));
    return restore_taken(clp, t);
}

/* --- the structure ------------------------------------------------------------------------------------------------- */

/* To EZBEPORT, unless connected already: its CF may have been lost when this stack started. */
static int connect(struct clp *clp)
{
    static const struct xes_attributes attributes = {
        .list_headers = CLP_LISTS, .lock_entries = CLP_LISTS, .size_kib = 8192, .max_elements = 255,
        .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED, .entry_ratio = 1, .element_ratio = 32, .vector_bits = 32,
        .options = CF_CONN_OPT_ALTER };

    bool told = clp->refused;

    if (clp->connection)
        return CLP_OK;
    int rc = clp_connect_structure(clp, &clp->connection, &clp->refused, CLP_STRUCTURE, &attributes);
    if (rc != CLP_OK)
        return rc;
    const struct xes_attributes *a = &clp->connection->attributes;
    if (a->list_headers >= CLP_LISTS && a->lock_entries >= CLP_LISTS && a->max_elements >= CLP_POOL_BYTES / 256 &&
        (a->flags & (CF_CONN_ADJUNCT | CF_CONN_NAMED)) == (CF_CONN_ADJUNCT | CF_CONN_NAMED))
        return CLP_OK;
    if (!told)
        text_wto("EZD1297I TCPIP CANNOT USE STRUCTURE %s: IT WAS ALLOCATED WITH OTHER ATTRIBUTES", CLP_STRUCTURE);
    clp->refused = true;
    xes_disconnect(clp->connection, false);
    clp->connection = NULL;
    return failed(clp, CLP_REASON_CF);
}

int clp_connect(struct clp *clp, struct xes *xes, unsigned cf)
{
    clp->xes = xes;
    clp->cf = cf;
    return connect(clp);
}

/* --- 8A, 8B -------------------------------------------------------------------------------------------------------- */

/* Create an entry; that another stack was faster with the cluster-wide one is as good. */
static int create_entry(struct clp *clp, const struct clp_table *t, const char *system, const uint8_t *data, uint32_t size)
{
    struct xes_request r = request(CF_CMD_LIST_WRITE, t->address, system, CF_LOCK_NONE);
    char ip[16];

    r.entrytype = CF_ENTRY_NEW;
    r.options |= CF_OPT_ADJUNCT;
    memcpy(r.adjunct, system[0] ? "OWN " : "POOL", 4);
    put_be32(r.adjunct + 4, t->address);
    text_name_put(r.adjunct + 8, system);
    r.versupdate = CF_VERSUPDATE_SET;
    r.version = clp_life(clp, clp->number);
    r.out = data;
    r.out_len = size;
    if (xes_list(clp->connection, &r) == IXLRETCODEOK || r.reason == IXLRSNCODEENTRYEXISTS)
        return CLP_OK;
    text_wto("EZD1298I %s: NO ENTRY FOR THE PORTS OF %s, IXLLIST REASON %04X", CLP_STRUCTURE, text_ip(ip, t->address), r.reason);
    return failed(clp, CLP_REASON_CF);
}

static int create_pool(struct clp *clp, const struct clp_table *t)
{
    memset(clp->pool, 0, CLP_POOL_BYTES);
    memset(clp->pool, (int)(~polarity(t) & 0xFF), STAMPS);
    memset(clp->pool + HEADER_NAMES, ' ', (SYSTEMS_MAX + 1) * NAME_LEN);
    put_be32(clp->pool + HEADER_AVAILABLE, PORTS_PER_DVIPA);
    return create_entry(clp, t, "", clp->pool, CLP_POOL_BYTES);
}

/* The ports of this stack's map, which is of its earlier life: nothing of it is in use any more, but it may rest at peers. */
static int return_earlier_life(struct clp *clp, struct clp_table *t)
{
    uint32_t now = now_s();

    if (read_shared(clp, t) != CLP_OK)
        return failed(clp, CLP_REASON_CF);
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint64_t ports = word_of(t, clp->own, w);

        if (ports) {
            pool_add(clp, t, w, not_shared(clp, w, ports));
            stamp(clp, w, 0, now);
        }
    }
    return CLP_OK;
}

/* This stack has an empty map from now on, and the pool's header its name, so that whoever audits or recovers knows of the
 * map. All under the lock: another stack may be about to recover the earlier life, and delete the map. */
static int enter_map(struct clp *clp, struct clp_table *t)
{
    uint32_t reason, shared_before = 0;
    int rc = lock_pool(clp, t);

    if (rc != CLP_OK)
        return rc;
    FLOW(8B, 860);
    rc = read_entry(clp, t->address, clp->system, CF_LOCK_HELDBY, clp->own, CLP_OWN_BYTES, &reason);
    if (rc == IXLRETCODEOK) {
        shared_before = shared_count(clp);
        rc = return_earlier_life(clp, t);
    } else if (reason == IXLRSNCODENOENTRY) {
        FLOW(8B, 865);
        empty_map(t, clp->own);
        rc = create_entry(clp, t, clp->system, clp->own, CLP_OWN_BYTES);
    }
    if (rc != CLP_OK)
        return undone(clp, t);
    empty_map(t, clp->own);
    set_name(clp, clp->number, clp->system);
    return restore_given(clp, t, shared_before);
}

static int init_pool(struct clp *clp, struct clp_table *t)
{
    uint32_t reason;
    int rc = read_entry(clp, t->address, "", CF_LOCK_NONE, clp->pool, CLP_POOL_BYTES, &reason);

    if (rc == IXLRETCODEOK)
        return CLP_OK;
    if (reason != IXLRSNCODENOENTRY)
        return failed(clp, CLP_REASON_CF);
    if (has_own_maps(t))
        FLOW(8B, 855);
    return create_pool(clp, t);
}

static int cf_init(struct clp *clp, struct clp_table *t, unsigned origin)
{
    (void)origin;
    int rc = connect(clp);
    if (rc != CLP_OK)
        return rc;
    FLOW(8B, 850);
    rc = init_pool(clp, t);
    return rc == CLP_OK ? enter_map(clp, t) : rc;
}

static int clusterwide_init(struct clp *clp, struct clp_table *t, unsigned origin)
{
    (void)origin;
    int rc = connect(clp);
    if (rc != CLP_OK)
        return rc;
    FLOW(8A, 805);
    return init_pool(clp, t);
}

/* --- Fig. 12 ------------------------------------------------------------------------------------------------------- */

/* Every map that the header names, but one: their union into clp->own, what two have without being counted as shared into
 * *doubles. The pool and the list of shared ports are in the work areas. */
static int union_of_maps(struct clp *clp, const struct clp_table *t, unsigned without, uint32_t *doubles, uint32_t *owned)
{
    char name[NAME_LEN + 1];
    uint32_t reason;

    empty_map(t, clp->own);
    for (unsigned n = 1; n <= SYSTEMS_MAX; n++) {
        name_at(clp, n, name);
        if (!name[0] || n == without)
            continue;
        if (read_entry(clp, t->address, name, CF_LOCK_HELDBY, clp->other, CLP_OWN_BYTES, &reason) != IXLRETCODEOK) {
            if (reason == IXLRSNCODENOENTRY)
                continue;
            return failed(clp, CLP_REASON_CF);
        }
        for (uint32_t w = 0; w < CLP_WORDS; w++) {
            uint64_t other = word_of(t, clp->other, w);

            if (other == 0)
                continue;                   /* most of it */
            uint64_t before = word_of(t, clp->own, w);
            *owned += bits_count(other & ~before);
            for (uint64_t twice = other & before; twice; twice &= ~port_bit(bits_first(twice)))
                *doubles += !shared_record(clp, (uint16_t)(w * 64 + bits_first(twice)));
            merge(t, clp->own, w, other);
        }
    }
    return CLP_OK;
}

/* What is in no map goes to the pool. Under the lock, so nothing is on its way but what the dead have left. */
static uint32_t add_leaked(struct clp *clp, const struct clp_table *t, uint32_t now)
{
    uint32_t count = 0;

    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint64_t leaked = ~(word_of(t, clp->pool, w) | word_of(t, clp->own, w));

        if (!leaked)
            continue;
        count += bits_count(leaked);
        pool_add(clp, t, w, leaked);
        stamp(clp, w, 0, now);
    }
    return count;
}

/* 1210: the ports of the map in clp->other become available. */
static uint32_t make_available(struct clp *clp, const struct clp_table *t, uint32_t now)
{
    uint32_t count = 0;

    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint64_t ports = word_of(t, clp->other, w);

        if (!ports)
            continue;
        count += bits_count(ports);
        pool_add(clp, t, w, not_shared(clp, w, ports));
        stamp(clp, w, 0, now);
    }
    return count;
}

/* A system that is back already has put back itself what its earlier life had; its map is not touched. Else the dead one's
 * map is deleted before its ports are in the pool: who dies in between leaves them in no map, and the next recovery or
 * repair finds them there. For the same reason this recovery adds what is in no map now. */
static int cf_recover(struct clp *clp, struct clp_table *t, const char *system, uint8_t number, uint32_t *ports)
{
    uint32_t reason, doubles = 0, owned = 0, now = now_s();

    FLOW(12, 1205);
    int rc = lock_pool(clp, t);
    if (rc != CLP_OK)
        return rc;
    uint32_t shared_before = shared_count(clp);
    if (read_shared(clp, t) != CLP_OK)
        return undone(clp, t);
    rc = read_left(clp, t->address, system, clp_life(clp, number), clp->other, &reason);
    bool left = rc == IXLRETCODEOK, back = !left && reason == IXLRSNCODEVERSIONMISMATCH;
    if (!left && !back && reason != IXLRSNCODENOENTRY)
        return undone(clp, t);
    FLOW(12, 1210);
    if (left)
        *ports += make_available(clp, t, now);
    if (!back) {
        set_name(clp, number, "");
        forget_shown(clp, t, number);
    }
    if (union_of_maps(clp, t, back ? 0 : number, &doubles, &owned) != CLP_OK)
        return undone(clp, t);
    *ports += add_leaked(clp, t, now);
    if ((left && delete_entry(clp, t->address, system) != IXLRETCODEOK) || (shared_before && write_shared(clp, t) != CLP_OK))
        return undone(clp, t);
    FLOW(12, 1215);
    return write_pool(clp, t, CF_LOCK_RESET) == IXLRETCODEOK ? CLP_OK : undone(clp, t);
}

static int clusterwide_recover(struct clp *clp, struct clp_table *t, const char *system, uint8_t number, uint32_t *ports)
{
    (void)t, (void)system, (void)number, (void)ports;
    return failed(clp, CLP_REASON_NO_RECORD);
}

/* --- rebuild ------------------------------------------------------------------------------------------------------- */

/* In the new structure the pool begins with all ports: each stack takes out what it owns. What another has taken out
 * already is shared with it. When all have done so, the rest is nobody's: also what a stack had that has died. Who had it
 * last is not known, so all of it rests. */
static int cf_contribute(struct clp *clp, struct clp_table *t)
{
    uint32_t now = now_s();
    int rc = init_pool(clp, t);

    empty_map(t, clp->own);
    if (rc == CLP_OK && has_own_maps(t))
        rc = create_entry(clp, t, clp->system, clp->own, CLP_OWN_BYTES);
    rc = rc == CLP_OK ? retrieve_and_lock(clp, t) : rc;
    if (rc != CLP_OK)
        return rc;
    if (read_shared(clp, t) != CLP_OK)
        return undone(clp, t);
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        for (uint64_t twice = t->owned[w] & ~word_of(t, clp->pool, w); twice; twice &= ~port_bit(bits_first(twice)))
            if (!shared_more(clp, (uint16_t)(w * 64 + bits_first(twice))))
                return undone(clp, t);
        put_word(t, clp->pool, w, word_of(t, clp->pool, w) & ~t->owned[w]);
        stamp(clp, w, 0, now);
    }
    pool_count(clp, t);
    if (has_own_maps(t))
        set_name(clp, clp->number, clp->system);
    if (shared_count(clp) && write_shared(clp, t) != CLP_OK)
        return undone(clp, t);
    return restore_taken(clp, t);
}

const struct clp_store clp_bitmap_store = {
    .name = "BITMAP", .survives = CLP_SURVIVES_BOTH,
    .init = cf_init, .take = cf_take, .give = cf_give, .available = cf_available, .claim = cf_claim,
    .share = cf_share, .recover = cf_recover, .contribute = cf_contribute,
};
const struct clp_store clp_reversed_store = {
    .name = "REVERSED", .survives = CLP_SURVIVES_BOTH,
    .init = cf_init, .take = cf_take, .give = cf_give, .available = cf_available, .claim = cf_claim,
    .share = cf_share, .recover = cf_recover, .contribute = cf_contribute,
};
const struct clp_store clp_clusterwide_store = {
    .name = "CLUSTERWIDE", .survives = "A COUPLING FACILITY, IF THERE IS ANOTHER ONE; NOT STACKS",
    .init = clusterwide_init, .take = cf_take, .give = cf_give, .available = cf_available,
    .claim = cf_claim, .share = cf_share, .recover = clusterwide_recover, .contribute = cf_contribute,
};

/* --- audit --------------------------------------------------------------------------------------------------------- */

static bool is_bitmap(const struct clp_table *t)
{
    return t && t->clusterports.on && (t->store == &clp_bitmap_store || t->store == &clp_reversed_store);
}

/* Ports where this stack's map and table differ. */
static int own_differences(struct clp *clp, const struct clp_table *t, struct clp_audit *audit)
{
    uint32_t reason;

    if (read_entry(clp, t->address, clp->system, CF_LOCK_HELDBY, clp->own, CLP_OWN_BYTES, &reason) != IXLRETCODEOK)
        return failed(clp, CLP_REASON_CF);
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        audit->differences += bits_count(t->owned[w] ^ word_of(t, clp->own, w));
    return CLP_OK;
}

static int examine(struct clp *clp, struct clp_table *t, struct clp_audit *audit)
{
    if (read_shared(clp, t) != CLP_OK || own_differences(clp, t, audit) != CLP_OK ||
        union_of_maps(clp, t, 0, &audit->doubles, &audit->owned) != CLP_OK)
        return failed(clp, CLP_REASON_CF);
    audit->shared = shared_count(clp);
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint64_t pool = word_of(t, clp->pool, w), own = word_of(t, clp->own, w);

        audit->pool += bits_count(pool);
        audit->doubles += bits_count(pool & own);
        audit->leaked += bits_count(~(pool | own));
    }
    return CLP_OK;
}

/* A stack's word on what it owns goes before the pool's. Ports that two stacks own cannot be put right from here. */
static int repair(struct clp *clp, struct clp_table *t, struct clp_audit *audit)
{
    uint32_t doubles = 0, owned = 0;

    own_from_table(clp, t);
    if (audit->differences && write_own(clp, t, CF_LOCK_HELDBY) != IXLRETCODEOK)
        return failed(clp, CLP_REASON_CF);
    if (union_of_maps(clp, t, 0, &doubles, &owned) != CLP_OK)
        return failed(clp, CLP_REASON_CF);
    audit->repaired = audit->differences + add_leaked(clp, t, now_s());
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint64_t both = word_of(t, clp->pool, w) & word_of(t, clp->own, w);

        audit->repaired += bits_count(both);
        put_word(t, clp->pool, w, word_of(t, clp->pool, w) & ~both);
    }
    pool_count(clp, t);
    return CLP_OK;
}

static int audit_table(struct clp *clp, uint32_t dvipa, struct clp_audit *audit, bool repairs)
{
    struct clp_table *t = clp_find(clp, dvipa);

    memset(audit, 0, sizeof *audit);
    if (!is_bitmap(t))
        return failed(clp, t ? CLP_REASON_NO_RECORD : CLP_REASON_TABLES);
    int rc = lock_pool(clp, t);
    if (rc != CLP_OK)
        return rc;
    if (examine(clp, t, audit) != CLP_OK || (repairs && repair(clp, t, audit) != CLP_OK))
        return undone(clp, t);
    if (!repairs) {
        unlock(clp, t);
        return CLP_OK;
    }
    return write_pool(clp, t, CF_LOCK_RESET) == IXLRETCODEOK ? CLP_OK : undone(clp, t);
}

int clp_check(struct clp *clp, uint32_t dvipa, struct clp_audit *audit)
{
    return audit_table(clp, dvipa, audit, false);
}

int clp_repair(struct clp *clp, uint32_t dvipa, struct clp_audit *audit)
{
    return audit_table(clp, dvipa, audit, true);
}

int clp_systems(struct clp *clp, uint32_t dvipa, char names[SYSTEMS_MAX + 1][NAME_LEN + 1], uint32_t *available)
{
    uint32_t reason;

    if (!is_bitmap(clp_find(clp, dvipa)))
        return failed(clp, CLP_REASON_NO_RECORD);
    if (!clp->connection || read_entry(clp, dvipa, "", CF_LOCK_NONE, clp->pool, CLP_POOL_BYTES, &reason) != IXLRETCODEOK)
        return failed(clp, CLP_REASON_CF);
    names[0][0] = 0;
    for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
        name_at(clp, n, names[n]);
    if (available)
        *available = get_be32(clp->pool + HEADER_AVAILABLE);
    return CLP_OK;
}

bool clp_owned_ports(struct clp *clp, uint32_t dvipa, const char *system, uint8_t map[PORTS_PER_DVIPA / 8])
{
    struct clp_table *t = clp_find(clp, dvipa);
    uint32_t reason;

    if (!t || !t->clusterports.on || t->store->enter)
        return false;
    if (text_equal(system, clp->system)) {
        for (uint32_t w = 0; w < CLP_WORDS; w++)
            put_be64(map + 8 * w, t->owned[w]);
        return t->ready;
    }
    if (!is_bitmap(t) || !clp->connection ||
        read_entry(clp, dvipa, system, CF_LOCK_NONE, map, CLP_OWN_BYTES, &reason) != IXLRETCODEOK)
        return false;
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        put_be64(map + 8 * w, word_of(t, map, w));
    return true;
}
