#include "cfemu/engine/cf_locktable.h"

#include <string.h>

#include "cfemu/engine/cf_rdata.h"
#include "cfemu/engine/cf_undo.h"

#define NARROW_ORPHAN 0xFFu
#define NARROW_MANAGER 0xFFull

/* --- entries --------------------------------------------------------------------------------------------------------- */

static uint64_t *entry_at(struct cf_structure *s, uint32_t index)
{
    return (uint64_t *)cf_at(s, s->locks) + (size_t)index * s->table_words;
}

void cf_interest_load(struct cf_structure *s, uint32_t index, struct cf_interest *e)
{
    const uint64_t *word = entry_at(s, index);
    if (s->table_words == 1) {
        uint32_t manager = word[0] & NARROW_MANAGER;
        e->manager = manager == NARROW_ORPHAN ? CF_LOCK_ORPHAN : manager;
        e->words = 1;
        e->holders[0] = word[0] & ~NARROW_MANAGER;
    } else {
        e->manager = (uint32_t)word[0];
        e->words = 4;
        memcpy(e->holders, word + 1, sizeof e->holders);
    }
}

static void interest_store(struct cf_structure *s, uint32_t index, const struct cf_interest *e)
{
    uint64_t *word = entry_at(s, index);
    if (e->words == 1) {
        uint64_t fresh = (e->manager == CF_LOCK_ORPHAN ? NARROW_ORPHAN : e->manager) | e->holders[0];
        if (*word != fresh)
            cf_set64(s, word, fresh);
        return;
    }
    if (word[0] != e->manager)
        cf_set64(s, word, e->manager);
    for (uint32_t i = 0; i < 4; i++)
        if (word[1 + i] != e->holders[i])
            cf_set64(s, &word[1 + i], e->holders[i]);
}

static void interest_set(struct cf_interest *e, uint32_t conid, bool on)
{
    uint64_t bit = 1ull << (63 - conid % 64);
    if (on)
        e->holders[conid / 64] |= bit;
    else
        e->holders[conid / 64] &= ~bit;
}

/* Interest of others than one connection; 0 = of anybody. */
static bool others(const struct cf_interest *e, uint32_t conid)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < e->words; i++)
        any |= i == conid / 64 ? e->holders[i] & ~(1ull << (63 - conid % 64)) : e->holders[i];
    return any != 0;
}

static bool failed(const struct cf_structure *s, uint32_t manager)
{
    return manager == CF_LOCK_ORPHAN || (manager != 0 && s->conn[manager].state != CF_CONN_ACTIVE);
}

/* The next connection with interest after one; 0 = no more. For (c = next(e, 0); c != 0; c = next(e, c)). */
static uint32_t next(const struct cf_interest *e, uint32_t conid)
{
    for (conid++; conid < 64 * e->words; conid = (conid / 64 + 1) * 64) {
        uint64_t left = e->holders[conid / 64] << conid % 64;
        if (left != 0)
            return conid + (uint32_t)__builtin_clzll(left);
    }
    return 0;
}

static bool any_failed(const struct cf_structure *s, const struct cf_interest *e)
{
    for (uint32_t conid = next(e, 0); conid != 0; conid = next(e, conid))
        if (failed(s, conid))
            return true;
    return false;
}

/* The manager gives up: what is left is shared, but where somebody failed nobody would know. */
static uint32_t without_manager(const struct cf_structure *s, const struct cf_interest *e)
{
    return any_failed(s, e) ? CF_LOCK_ORPHAN : 0;
}

/* --- one operation ----------------------------------------------------------------------------------------------------- */

struct operation {
    uint8_t kind, state, options;
    uint32_t index;
    uint32_t manager;
    uint32_t conid;             /* whose interest */
};

static int operation_bad(uint8_t *result, unsigned offset)
{
    put_be16(result + LRES_REASON, (uint16_t)offset);
    return CF_RSP_BAD_REQUEST;
}

static int options_validate(const struct cf_call *call, const struct operation *op, uint8_t *result)
{
    static const uint8_t allowed[] = {
        [CF_LOP_OBTAIN] = CF_LOP_WRITE | CF_LOP_MANAGE | CF_LOP_MANAGED | CF_LOP_FALSE,
        [CF_LOP_ALTER] = CF_LOP_WRITE | CF_LOP_DELETE | CF_LOP_MANAGE | CF_LOP_MANAGED | CF_LOP_FALSE,
        [CF_LOP_RELEASE] = CF_LOP_DELETE | CF_LOP_MANAGE,
    };
    const uint8_t exclusive[] = {CF_LOP_WRITE | CF_LOP_DELETE, CF_LOP_MANAGE | CF_LOP_MANAGED};
    if (op->options & (uint8_t)~allowed[op->kind] || (op->options & CF_LOP_WRITE && call->s->records == 0))
        return operation_bad(result, LOP_OPTIONS);
    for (size_t i = 0; i < sizeof exclusive; i++)
        if ((op->options & exclusive[i]) == exclusive[i])
            return operation_bad(result, LOP_OPTIONS);
    return 0;
}

static int operation_read(const struct cf_call *call, const uint8_t *block, uint8_t kind, struct operation *op, uint8_t *result)
{
    op->kind = kind;
    op->state = block[LOP_STATE];
    op->options = block[LOP_OPTIONS];
    op->index = get_be32(block + LOP_INDEX);
    op->manager = get_be32(block + LOP_MANAGER);
    op->conid = get_be32(block + LOP_CONID);
    if (kind < CF_LOP_OBTAIN || kind > CF_LOP_RELEASE)
        return operation_bad(result, LOP_OPERATION);
    if (kind == CF_LOP_RELEASE ? op->state != 0 : op->state != CF_STATE_SHR && op->state != CF_STATE_EXCL)
        return operation_bad(result, LOP_STATE);
    if (op->index >= call->s->table_entries)
        return operation_bad(result, LOP_INDEX);
    if (op->conid > CF_CONNECTIONS_MAX || (op->conid != 0 && kind != CF_LOP_RELEASE))
        return operation_bad(result, LOP_CONID);
    if (op->conid == 0)
        op->conid = call->conid;
    return options_validate(call, op, result);
}

static int obtain(const struct cf_call *call, const struct operation *op, struct cf_interest *e)
{
    bool manage = op->options & CF_LOP_MANAGE;
    if (op->options & CF_LOP_MANAGED) {
        if (e->manager != op->manager)
            return CF_RSP_LOCK_MANAGER;
        if (failed(call->s, e->manager))
            e->manager = CF_LOCK_ORPHAN;    /* when it reconnects it does not know of this */
    } else if (e->manager != 0 && e->manager != op->conid) {
        if (!manage || !failed(call->s, e->manager))
            return CF_RSP_LOCK_CONTENTION;
        e->manager = op->conid;
    } else if (op->state == CF_STATE_EXCL) {
        if (e->manager == 0 && !manage && others(e, op->conid))
            return CF_RSP_LOCK_CONTENTION;
        e->manager = op->conid;
    }
    interest_set(e, op->conid, true);
    return 0;
}

static int alter(const struct cf_call *call, const struct operation *op, struct cf_interest *e)
{
    if (!cf_interest_of(e, op->conid) && e->manager != op->conid)
        return CF_RSP_LOCK_NOT_HELD;
    if (op->state == CF_STATE_EXCL || op->options & CF_LOP_MANAGED)
        return obtain(call, op, e);
    if (e->manager == op->conid)
        e->manager = without_manager(call->s, e);
    return 0;
}

static int release(const struct cf_call *call, const struct operation *op, struct cf_interest *e)
{
    bool own = op->conid == call->conid;
    if (!own && call->s->conn[op->conid].state == CF_CONN_ACTIVE)
        return CF_RSP_NOT_FAILED;
    if (!cf_interest_of(e, op->conid) && e->manager != op->conid)
        return CF_RSP_LOCK_NOT_HELD;
    interest_set(e, op->conid, false);
    if (e->manager == op->conid && !(own && op->options & CF_LOP_MANAGE))
        e->manager = own ? without_manager(call->s, e) : CF_LOCK_ORPHAN;
    if ((e->manager == op->conid || e->manager == CF_LOCK_ORPHAN) && !others(e, 0))
        e->manager = 0;
    return 0;
}

/* Somebody is in the way (contended), or at least beside: say so, and whether it has failed. It may be dead and nobody knows
 * yet: remember whose process it is. */
static void report_one(struct cf_call *call, uint32_t conid, bool holder, bool contended, uint8_t *result)
{
    uint8_t bit = (uint8_t)(0x80u >> conid % 8);
    const struct cf_conn *conn = &call->s->conn[conid];
    if (holder)
        result[LRES_HOLDERS + conid / 8] |= bit;
    if (conn->state != CF_CONN_ACTIVE)
        result[LRES_FAILED + conid / 8] |= bit;
    else if (contended)
        call->contenders.set[conn->attachment / 64] |= 1ull << conn->attachment % 64;
}

/* Result: the response. */
static int report(struct cf_call *call, const struct operation *op, const struct cf_interest *e, int response, uint8_t *result)
{
    bool contended = response == CF_RSP_LOCK_CONTENTION;
    put_be32(result + LRES_MANAGER, e->manager);
    for (uint32_t conid = next(e, 0); conid != 0; conid = next(e, conid))
        if (conid != op->conid)
            report_one(call, conid, true, contended, result);
    if (e->manager != 0 && e->manager != CF_LOCK_ORPHAN && e->manager != op->conid)
        report_one(call, e->manager, false, contended, result);
    if (!contended)
        return response;
    call->contentions++;
    return failed(call->s, e->manager) || any_failed(call->s, e) ? CF_RSP_LOCK_RETAINED : response;
}

/* An operation block to a result block. */
static int perform(struct cf_call *call, uint8_t kind, const uint8_t *block, uint8_t *result)
{
    struct operation op;
    struct cf_interest e;
    int response = operation_read(call, block, kind, &op, result);
    if (response != 0)
        return response;
    cf_interest_load(call->s, op.index, &e);
    response = kind == CF_LOP_OBTAIN ? obtain(call, &op, &e) : kind == CF_LOP_ALTER ? alter(call, &op, &e) : release(call, &op, &e);
    if (response == 0 && op.options & (CF_LOP_WRITE | CF_LOP_DELETE))
        response = cf_rdata_with(call, block, op.conid, result);
    if (response == 0) {
        interest_store(call->s, op.index, &e);
        call->false_contentions += (op.options & CF_LOP_FALSE) != 0;
    }
    return report(call, &op, &e, response, result);
}

/* --- commands ---------------------------------------------------------------------------------------------------------- */

static int single(struct cf_call *call, uint8_t kind)
{
    const uint8_t *block = call->mcb + MCB_ADJUNCT;
    uint8_t *result = call->mrb + MRB_ADJUNCT;
    if (block[LOP_OPERATION] != 0)
        return cf_bad(call, MCB_ADJUNCT + LOP_OPERATION);
    int response = perform(call, kind, block, result);
    if (response == CF_RSP_BAD_REQUEST) {
        uint16_t reason = get_be16(result + LRES_REASON);
        put_be16(result + LRES_REASON, 0);
        return cf_bad(call, MCB_ADJUNCT + reason);
    }
    put_be16(result + LRES_RESPONSE, (uint16_t)response);
    return response;
}

int cf_command_obtain(struct cf_call *call)
{
    return single(call, CF_LOP_OBTAIN);
}

int cf_command_alter(struct cf_call *call)
{
    return single(call, CF_LOP_ALTER);
}

int cf_command_release(struct cf_call *call)
{
    return single(call, CF_LOP_RELEASE);
}

int cf_command_processmult(struct cf_call *call)
{
    uint32_t length = get_be32(call->mcb + MCB_DATALEN);
    if (length == 0 || length % LOP_SIZE != 0 || length > CF_LOPS_MAX * LOP_SIZE || length > call->out_len)
        return cf_bad(call, MCB_DATALEN);
    put_be32(call->mrb + MRB_DATALEN, length);
    if (length > call->in_cap)
        return CF_RSP_BUFFER_FULL;
    for (uint32_t at = 0; at < length; at += LOP_SIZE) {
        uint8_t block[LOP_SIZE], result[LRES_SIZE] = {0};   /* the caller's two buffers may be one */
        memcpy(block, call->out + at, LOP_SIZE);
        int response = perform(call, block[LOP_OPERATION], block, result);
        put_be16(result + LRES_RESPONSE, (uint16_t)response);
        memcpy(call->in + at, result, LRES_SIZE);
    }
    return 0;
}

int cf_command_lock_readbyconn(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint32_t conid = get_be32(call->mcb + MCB_LIST);
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    uint32_t room = (call->in_cap < CF_DATA_MAX ? call->in_cap : CF_DATA_MAX) / LINT_SIZE, found = 0;
    if (conid < 1 || conid > CF_CONNECTIONS_MAX)
        return cf_bad(call, MCB_LIST);
    if (restart >= s->table_entries)
        return cf_bad(call, MCB_RESTART);
    if (room == 0)
        return CF_RSP_BUFFER_FULL;
    uint32_t index = (uint32_t)restart;
    for (uint32_t seen = 0; index < s->table_entries && seen < CF_SCAN_MAX && found < room; index++, seen++) {
        struct cf_interest e;
        cf_interest_load(s, index, &e);
        if (!cf_interest_of(&e, conid) && e.manager != conid)
            continue;
        put_be32(call->in + found * LINT_SIZE + LINT_INDEX, index);
        put_be32(call->in + found * LINT_SIZE + LINT_MANAGER, e.manager);
        found++;
    }
    put_be32(call->mrb + MRB_DATALEN, found * LINT_SIZE);
    if (index == s->table_entries)
        return 0;
    put_be64(call->mrb + MRB_RESTART, index);
    return CF_RSP_TIMEOUT;
}

/* --- the end of a connection --------------------------------------------------------------------------------------------- */

bool cf_table_interest(struct cf_structure *s, uint32_t conid)
{
    for (uint32_t i = 0; i < s->table_entries; i++) {
        struct cf_interest e;
        cf_interest_load(s, i, &e);
        if (cf_interest_of(&e, conid) || e.manager == conid)
            return true;
    }
    return false;
}

void cf_table_end(struct cf_structure *s, uint32_t conid, bool keep)
{
    for (uint32_t i = 0; i < s->table_entries; i++) {
        struct cf_interest e;
        cf_interest_load(s, i, &e);
        if (!cf_interest_of(&e, conid) && e.manager != conid)
            continue;
        bool retained = keep && e.manager != 0;
        if (e.manager == conid && (!retained || others(&e, conid) || !cf_interest_of(&e, conid)))
            e.manager = CF_LOCK_ORPHAN;     /* what others have beside it nobody knows */
        if (!retained)
            interest_set(&e, conid, false);
        if (e.manager == CF_LOCK_ORPHAN && !others(&e, 0))
            e.manager = 0;
        interest_store(s, i, &e);
        cf_commit(s);
    }
}
