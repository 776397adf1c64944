/* The keeper in the coupling facility: list structure EZBEPORT with 1024 list headers and 1024 lock entries. Figures 8B, 9
 * and 10, store side.
 *
 *   list and lock n = 1 + hash of the DVIPA, holds per DVIPA:
 *     entry "0A010101        "   cluster-wide:  8192 bytes  1 bit a port, 1 = available
 *                                               4096 bytes  per 64 ports: time of the last return, seconds since 1970
 *                                               1024 bytes  per 64 ports: system number of who returned them, 0 = several
 *     entry "0A010101MVS1    "   of a stack:    8192 bytes  1 bit a port, 1 = this stack's
 *   adjunct of both: "POOL" or "OWN ", DVIPA, system name. Port 0 is the high bit of the first byte.
 *
 * Every change is the sequence of the flowcharts:
 *
 *   take  (925) READ pool, LOCKOPER=SET   READ own   (935) change   (940) WRITE pool        WRITE own,  LOCKOPER=RESET
 *   give (1015) READ pool, LOCKOPER=SET   READ own  (1020) change  (1025) WRITE own         WRITE pool, LOCKOPER=RESET
 *
 * The order of the two writes is the point: a port is first removed from the map it leaves and then added to the map it
 * goes to, take and give alike. So at every instant, with or without the lock, whoever looks finds a port in at most one
 * map, and "in the pool" always means that nobody owns it. A stack that dies between the writes leaves its block in no
 * map: the next holder of the lock cannot give it out, and recovery finds it as what is in no map (clp_check counts it),
 * under the same lock, with no journal. Were the order the other way round, the block of a dead taker would be in the pool
 * and in its own map: the next one would take it, and recovery of the dead one would put it back while it is in use.
 *
 * Rest. A port that was just given back may still be in TIME_WAIT at some peer. The stack that gave it back knows what it
 * did; another one waits TIMEWAITINTERVAL, unless nothing else is left: then it takes what has rested longest. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_random.h"

enum { STAMPS = PORTS_PER_DVIPA / 8, GIVERS = STAMPS + CLP_REGIONS * 4 };

static int failed(struct clp *clp, enum clp_reason reason)
{
    clp->reason = reason;
    return CLP_EADDRNOTAVAIL;
}

/* --- entries ------------------------------------------------------------------------------------------------------- */

static void entry_name(uint8_t out[CF_NAME_SIZE], uint32_t dvipa, const char *system)
{
    char text[CF_NAME_SIZE + 1];

    text_format(text, sizeof text, "%08X%s", dvipa, system);
    xes_name(out, CF_NAME_SIZE, text);
}

/* A READ or WRITE of the entry of `system` ("" = cluster-wide). */
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

static int write_entry(struct clp *clp, uint32_t dvipa, const char *system, uint8_t lockoper, const uint8_t *data, uint32_t size)
{
    struct xes_request r = request(CF_CMD_LIST_WRITE, dvipa, system, lockoper);

    r.entrytype = CF_ENTRY_OLD;
    r.out = data;
    r.out_len = size;
    return xes_list(clp->connection, &r);
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

/* 925, 1015: both structures into the work areas, under the lock. */
static int retrieve_and_lock(struct clp *clp, const struct clp_table *t)
{
    uint32_t reason;

    if (!clp->connection)
        return failed(clp, CLP_REASON_CF);
    if (read_entry(clp, t->address, "", CF_LOCK_SET, clp->pool, CLP_POOL_BYTES, &reason) != IXLRETCODEOK)
        return failed(clp, CLP_REASON_CF);
    if (read_entry(clp, t->address, clp->system, CF_LOCK_HELDBY, clp->own, CLP_OWN_BYTES, &reason) != IXLRETCODEOK) {
        unlock(clp, t);
        return failed(clp, CLP_REASON_CF);
    }
    return CLP_OK;
}

/* 940: the pool loses the ports, then this stack's map gets them. */
static int restore_taken(struct clp *clp, const struct clp_table *t)
{
    if (write_pool(clp, t, CF_LOCK_HELDBY) == IXLRETCODEOK && write_own(clp, t, CF_LOCK_RESET) == IXLRETCODEOK)
        return CLP_OK;
    unlock(clp, t);
    return failed(clp, CLP_REASON_CF);
}

/* 1025: this stack's map loses the ports, then the pool gets them. */
static int restore_given(struct clp *clp, const struct clp_table *t)
{
    if (write_own(clp, t, CF_LOCK_HELDBY) == IXLRETCODEOK && write_pool(clp, t, CF_LOCK_RESET) == IXLRETCODEOK)
        return CLP_OK;
    unlock(clp, t);
    return failed(clp, CLP_REASON_CF);
}

/* --- maps in the work areas ---------------------------------------------------------------------------------------- */

static uint64_t word_of(const uint8_t *map, uint32_t w)
{
    return get_be64(map + 8 * w);
}

/* Move ports of word w out of one map into the other. */
static void move(uint8_t *from, uint8_t *to, uint32_t w, uint64_t ports)
{
    put_be64(from + 8 * w, word_of(from, w) & ~ports);
    put_be64(to + 8 * w, word_of(to, w) | ports);
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

/* --- choice of a block (935) --------------------------------------------------------------------------------------- */

/* First word of the unit (a block, or the 64 ports around a smaller one) to take from: random starting point, the first that
 * has ports and does not rest, else the one that has rested longest. False: no port is in the pool. */
static bool choose_unit(struct clp *clp, uint32_t unit, uint32_t *chosen)
{
    uint32_t units = CLP_WORDS / unit, start = clp_random_below(clp, units), now = now_s();
    uint32_t longest = 0;
    bool found = false;

    for (uint32_t i = 0; i < units; i++) {
        uint32_t first = (start + i) % units * unit, rested = UINT32_MAX;
        uint64_t any = 0;

        for (uint32_t w = first; w < first + unit; w++)
            any |= word_of(clp->pool, w) & clp->eligible[w];
        if (!any)
            continue;
        for (uint32_t w = first; w < first + unit; w++) {
            uint32_t s = resting_s(clp, w, now);

            rested = s < rested ? s : rested;
        }
        if (!found || rested > longest) {
            found = true;
            longest = rested;
            *chosen = first;
        }
        if (rested == UINT32_MAX)
            break;
    }
    return found;
}

/* A block smaller than 64 ports: the one around a random port of the word that is in the pool. */
static uint32_t choose_within(struct clp *clp, uint64_t available, uint32_t size)
{
    uint32_t turn = clp_random_below(clp, 64);
    uint32_t place = (bits_first(bits_rotate_left(available, turn)) + turn) & 63;

    return place & ~(size - 1);
}

static bool choose_block(struct clp *clp, const struct clp_table *t, struct clp_grant *g)
{
    uint32_t size = t->clusterports.blocksize, first = 0, place = 0;
    uint64_t within = ~0ull;

    if (!choose_unit(clp, size < 64 ? 1 : size / 64, &first))
        return false;
    if (size < 64) {
        place = choose_within(clp, word_of(clp->pool, first) & clp->eligible[first], size);
        within = (~0ull << (64 - size)) >> place;
    }
    g->first = first * 64 + place;
    g->count = size;
    for (uint32_t w = 0; w < (size < 64 ? 1 : size / 64); w++)
        g->ports[w] = word_of(clp->pool, first + w) & clp->eligible[first + w] & within;
    return true;
}

/* --- the store ----------------------------------------------------------------------------------------------------- */

static int cf_take(struct clp *clp, struct clp_table *t, struct clp_grant *g)
{
    FLOW(9, 925);
    int rc = retrieve_and_lock(clp, t);
    if (rc != CLP_OK)
        return rc;
    clp_random_stir(clp);
    if (!choose_block(clp, t, g)) {
        unlock(clp, t);
        return failed(clp, CLP_REASON_EXHAUSTED);
    }
    FLOW(9, 935);
    for (uint32_t w = 0; w < (g->count < 64 ? 1 : g->count / 64); w++)
        move(clp->pool, clp->own, g->first / 64 + w, g->ports[w]);
    FLOW(9, 940);
    return restore_taken(clp, t);
}

static int cf_give(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    uint32_t now = now_s();

    FLOW(10, 1015);
    int rc = retrieve_and_lock(clp, t);
    if (rc != CLP_OK)
        return rc;
    FLOW(10, 1020);
    for (uint32_t w = 0; w < (g->count < 64 ? 1 : g->count / 64); w++) {
        uint32_t word = g->first / 64 + w;

        /* Only what the CF too has as ours: a port that is another's must not get into the pool by our mistake. */
        move(clp->own, clp->pool, word, g->ports[w] & word_of(clp->own, word));
        stamp(clp, word, clp->number, now);
    }
    FLOW(10, 1025);
    return restore_given(clp, t);
}

static int cf_claim(struct clp *clp, struct clp_table *t, uint16_t port)
{
    int rc = retrieve_and_lock(clp, t);

    if (rc != CLP_OK)
        return rc;
    if (!(word_of(clp->pool, port >> 6) & port_bit(port))) {
        unlock(clp, t);
        clp->reason = CLP_REASON_OWNED;
        return CLP_EADDRINUSE;
    }
    move(clp->pool, clp->own, port >> 6, port_bit(port));
    return restore_taken(clp, t);
}

/* --- 8B ------------------------------------------------------------------------------------------------------------ */

/* Create an entry; that another stack was faster with the cluster-wide one is as good. */
static int create_entry(struct clp *clp, const struct clp_table *t, const char *system, const uint8_t *data, uint32_t size)
{
    struct xes_request r = request(CF_CMD_LIST_WRITE, t->address, system, CF_LOCK_NONE);

    r.entrytype = CF_ENTRY_NEW;
    r.options |= CF_OPT_ADJUNCT;
    memcpy(r.adjunct, system[0] ? "OWN " : "POOL", 4);
    put_be32(r.adjunct + 4, t->address);
    text_name_put(r.adjunct + 8, system);
    r.out = data;
    r.out_len = size;
    if (xes_list(clp->connection, &r) == IXLRETCODEOK || r.reason == IXLRSNCODEENTRYEXISTS)
        return CLP_OK;
    text_wto("EZD1298I %s: NO ENTRY FOR THE PORTS OF %08X, IXLLIST REASON %04X", CLP_STRUCTURE, t->address, r.reason);
    return failed(clp, CLP_REASON_CF);
}

/* This stack's map is of its earlier life: nothing of it is in use any more, but it may rest at peers. */
static int return_earlier_life(struct clp *clp, const struct clp_table *t)
{
    uint32_t now = now_s();
    int rc = retrieve_and_lock(clp, t);

    if (rc != CLP_OK)
        return rc;
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint64_t ports = word_of(clp->own, w);

        if (ports) {
            move(clp->own, clp->pool, w, ports);
            stamp(clp, w, 0, now);
        }
    }
    return restore_given(clp, t);
}

static int cf_init(struct clp *clp, struct clp_table *t)
{
    uint32_t reason;

    if (!clp->connection)
        return failed(clp, CLP_REASON_CF);
    FLOW(8B, 850);
    int rc = read_entry(clp, t->address, "", CF_LOCK_NONE, clp->pool, CLP_POOL_BYTES, &reason);
    if (rc != IXLRETCODEOK && reason != IXLRSNCODENOENTRY)
        return failed(clp, CLP_REASON_CF);
    if (rc != IXLRETCODEOK) {
        FLOW(8B, 855);
        memset(clp->pool, 0xFF, STAMPS);
        memset(clp->pool + STAMPS, 0, CLP_POOL_BYTES - STAMPS);
        if (create_entry(clp, t, "", clp->pool, CLP_POOL_BYTES) != CLP_OK)
            return CLP_EADDRNOTAVAIL;
    }
    FLOW(8B, 860);
    rc = read_entry(clp, t->address, clp->system, CF_LOCK_NONE, clp->own, CLP_OWN_BYTES, &reason);
    if (rc == IXLRETCODEOK)
        return return_earlier_life(clp, t);
    if (reason != IXLRSNCODENOENTRY)
        return failed(clp, CLP_REASON_CF);
    FLOW(8B, 865);
    memset(clp->own, 0, CLP_OWN_BYTES);
    return create_entry(clp, t, clp->system, clp->own, CLP_OWN_BYTES);
}

const struct clp_store clp_cf_store = { .init = cf_init, .take = cf_take, .give = cf_give, .claim = cf_claim };

/* --- the structure ------------------------------------------------------------------------------------------------- */

int clp_connect(struct clp *clp, struct xes *xes, unsigned cf)
{
    char connection[CF_NAME_SIZE + 1];
    struct xes_connect_parms parms = {
        .cf = cf, .structure = CLP_STRUCTURE, .connection = connection, .system = clp->system, .job = "TCPIP",
        .attributes = { .list_headers = CLP_LISTS, .lock_entries = CLP_LISTS, .size_kib = 8192, .max_elements = 255,
                        .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED, .entry_ratio = 1, .element_ratio = 32, .vector_bits = 32 },
        .context = clp,
    };
    uint32_t reason;

    text_format(connection, sizeof connection, "EZBTCPCS%s", clp->system);
    int rc = xes_connect(xes, &parms, &clp->connection, &reason);
    if (rc > IXLRETCODEWARNING) {
        text_wto("EZD1297I TCPIP CANNOT USE STRUCTURE %s: IXLCONN RETURN CODE %X, REASON %04X", CLP_STRUCTURE, (unsigned)rc,
                 reason);
        return rc;
    }
    const struct xes_attributes *a = &clp->connection->attributes;
    if (a->list_headers < CLP_LISTS || a->lock_entries < CLP_LISTS || a->max_elements < CLP_POOL_BYTES / 256 ||
        (a->flags & (CF_CONN_ADJUNCT | CF_CONN_NAMED)) != (CF_CONN_ADJUNCT | CF_CONN_NAMED)) {
        text_wto("EZD1297I TCPIP CANNOT USE STRUCTURE %s: IT WAS ALLOCATED WITH OTHER ATTRIBUTES", CLP_STRUCTURE);
        xes_disconnect(clp->connection, false);
        clp->connection = NULL;
        return IXLRETCODEENVERROR;
    }
    return 0;
}

bool clp_owned_ports(struct clp *clp, uint32_t dvipa, const char *system, uint8_t map[PORTS_PER_DVIPA / 8])
{
    uint32_t reason;

    return clp->connection &&
           read_entry(clp, dvipa, system, CF_LOCK_NONE, map, CLP_OWN_BYTES, &reason) == IXLRETCODEOK;
}

/* --- audit --------------------------------------------------------------------------------------------------------- */

/* Add the map of one stack to what has been seen so far (clp->pool). */
static void audit_stack(struct clp *clp, const struct clp_table *mine, struct clp_audit *audit)
{
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        uint64_t seen = word_of(clp->pool, w), own = word_of(clp->own, w);

        audit->doubles += bits_count(seen & own);
        audit->owned += bits_count(own);
        if (mine)
            audit->differences += bits_count(mine->owned[w] ^ own);
        put_be64(clp->pool + 8 * w, seen | own);
    }
}

int clp_check(struct clp *clp, uint32_t dvipa, const char *const *names, unsigned count, struct clp_audit *audit)
{
    struct clp_table *t = NULL;
    uint32_t reason;

    memset(audit, 0, sizeof *audit);
    for (unsigned i = 0; i < clp->count; i++)
        if (clp->addresses[i] == dvipa)
            t = &clp->tables[i];
    if (!t)
        return failed(clp, CLP_REASON_CF);
    int rc = retrieve_and_lock(clp, t);
    if (rc != CLP_OK)
        return rc;
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        audit->pool += bits_count(word_of(clp->pool, w));
    audit_stack(clp, t, audit);
    for (unsigned i = 0; i < count && rc == CLP_OK; i++) {
        if (text_equal(names[i], clp->system))
            continue;
        if (read_entry(clp, dvipa, names[i], CF_LOCK_HELDBY, clp->own, CLP_OWN_BYTES, &reason) == IXLRETCODEOK)
            audit_stack(clp, NULL, audit);
        else if (reason != IXLRSNCODENOENTRY)
            rc = failed(clp, CLP_REASON_CF);
    }
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        audit->leaked += 64 - bits_count(word_of(clp->pool, w));
    unlock(clp, t);
    return rc;
}
