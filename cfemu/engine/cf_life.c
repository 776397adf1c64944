#include "cfemu/engine/cf_life.h"

#include <string.h>

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_lock.h"
#include "cfemu/engine/cf_locktable.h"
#include "cfemu/engine/cf_message.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_rdata.h"
#include "cfemu/engine/cf_sublist.h"
#include "cfemu/engine/cf_undo.h"

/* --- the end of a connection ---------------------------------------------------------------------------------------- */

bool cf_connection_awaits(const struct cf_conn *conn)
{
    return conn->awaited[0] | conn->awaited[1] | conn->awaited[2] | conn->awaited[3];
}

static bool ending(const struct cf_conn *conn)
{
    return conn->state == CF_CONN_FAILING || conn->state == CF_CONN_DISCONNECTING;
}

static bool responds(const struct cf_structure *s, uint32_t conid)
{
    return s->conn[conid].state == CF_CONN_ACTIVE && s->conn[conid].options & CF_CONN_OPT_RESPONDS;
}

static void strike(struct cf_structure *s, struct cf_conn *conn, uint32_t conid)
{
    if (cf_conid_in(conn->awaited, conid))
        cf_set64(s, &conn->awaited[conid / 64], conn->awaited[conid / 64] & ~cf_conid_bit(conid));
}

/* Do something to each lock that the connection holds, each time as a transaction of its own. */
static void locks_each(struct cf *cf, struct cf_structure *s, uint32_t conid, struct cf_wakes *wakes,
                       void (*act)(struct cf *, struct cf_structure *, uint32_t, struct cf_wakes *))
{
    for (uint32_t i = 0; i < s->lockentries; i++) {
        if (cf_lock_at(s, i)->owner != conid)
            continue;
        act(cf, s, i, wakes);
        cf_commit(s);
    }
}

static void lock_persists(struct cf *cf, struct cf_structure *s, uint32_t index, struct cf_wakes *wakes)
{
    while (cf_lock_at(s, index)->first != 0) {
        cf_lock_refuse(cf, s, index, wakes);
        cf_commit(s);
    }
}

/* Step 2, and who is to respond. */
static bool let_go(struct cf *cf, struct cf_structure *s, uint32_t conid, uint64_t awaited[4], struct cf_wakes *wakes)
{
    struct cf_conn *conn = &s->conn[conid];
    bool any = false;
    for (uint32_t i = 0; i < CF_WAITS_MAX; i++) {
        if (conn->wait[i].state != CF_WAIT_FREE)
            cf_lock_forget(s, conid, i);
        cf_commit(s);
    }
    while (cf_monitor_end_one(s, conid) || cf_emc_end_one(s, conid))
        cf_commit(s);
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        if (!responds(s, i))
            continue;
        awaited[i / 64] |= cf_conid_bit(i);
        any = true;
    }
    if (!any && !(conn->options & CF_CONN_OPT_RESPONDS))
        locks_each(cf, s, conid, wakes, cf_lock_release);
    return any;
}

/* Step 3. */
static void peers_tell(struct cf *cf, struct cf_structure *s, uint32_t conid, struct cf_wakes *wakes)
{
    struct cf_conn *conn = &s->conn[conid];
    uint64_t awaited[4] = {0};
    bool any = let_go(cf, s, conid, awaited, wakes);
    if (any)
        cf_set_bytes(s, conn->awaited, awaited, sizeof awaited);
    cf_set32(s, &conn->told, 1);
    cf_tell_others(cf, s, conid, conn->state == CF_CONN_FAILING ? CF_EVENT_CONN_FAILED : CF_EVENT_CONN_GONE, wakes);
    cf_commit(s);
}

/* Step 4. */
static void conclude(struct cf *cf, struct cf_structure *s, uint32_t conid, struct cf_wakes *wakes)
{
    struct cf_conn *conn = &s->conn[conid];
    bool keep = conn->state == CF_CONN_FAILING && conn->flags & CF_CONN_CONDISP_KEEP && !conn->release;
    locks_each(cf, s, conid, wakes, keep ? lock_persists : cf_lock_release);
    if (s->type == CF_TYPE_LOCK) {
        cf_table_end(s, conid, keep);
        if (!keep)
            cf_rdata_end(cf, s, conid);
    }
    cf_set32(s, &conn->state, keep ? CF_CONN_FAILED_PERSISTENT : CF_CONN_FREE);
    cf_commit(s);
}

void cf_connections_settle(struct cf *cf, struct cf_structure *s, struct cf_wakes *wakes)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        if (ending(&s->conn[i]) && !s->conn[i].told)
            peers_tell(cf, s, i, wakes);
        if (ending(&s->conn[i]) && !cf_connection_awaits(&s->conn[i]))
            conclude(cf, s, i, wakes);
    }
}

void cf_connection_end(struct cf *cf, struct cf_structure *s, uint32_t conid, bool failed, struct cf_wakes *wakes)
{
    struct cf_conn *conn = &s->conn[conid];
    cf_set64(s, &conn->token, 0);
    cf_set32(s, &conn->state, failed ? CF_CONN_FAILING : CF_CONN_DISCONNECTING);
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        if (ending(&s->conn[i]))
            strike(s, &s->conn[i], conid);
    cf_commit(s);
    cf_connections_settle(cf, s, wakes);
}

/* --- RESPOND --------------------------------------------------------------------------------------------------------- */

static int respond_to(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint32_t conid = get_be32(call->mcb + MCB_OWN + RESPOND_CONID);
    uint32_t version = get_be32(call->mcb + MCB_OWN + RESPOND_VERSION);
    if (conid < 1 || conid > CF_CONNECTIONS_MAX)
        return cf_bad(call, MCB_OWN + RESPOND_CONID);
    struct cf_conn *conn = &s->conn[conid];
    if (!ending(conn) || !cf_conid_in(conn->awaited, call->conid) || (version != 0 && version != conn->version))
        return CF_RSP_NOT_AWAITED;
    strike(s, conn, call->conid);
    if (call->mcb[MCB_OPTIONS] & CF_OPT_RELEASECONN)
        cf_set32(s, &conn->release, 1);
    cf_commit(s);
    cf_connections_settle(call->cf, s, &call->wakes);
    return 0;
}

static int respond_locked(struct cf_call *call)
{
    struct cf_slot *slot;
    struct cf_served served = {.started = cf_ticks()};
    int result = cf_structure_enter(call, &slot, &served);
    if (result != 0)
        return result;
    result = respond_to(call);
    cf_count(call->s, CF_STAT_RESPOND, result, &served);
    cf_slot_unlock(slot);
    return result;
}

int cf_command_respond(struct cf_call *call)
{
    if (call->mcb[MCB_OPTIONS] & (uint8_t)~CF_OPT_RELEASECONN)
        return cf_bad(call, MCB_OPTIONS);
    if (cf_directory_lock_within(call->cf, call->wait_us) != 0)
        return CF_RSP_BUSY;
    int result = respond_locked(call);
    cf_directory_unlock(call->cf);
    return result;
}

/* --- FORCE ----------------------------------------------------------------------------------------------------------- */

static int force_connection(struct cf_call *call, struct cf_structure *s)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        struct cf_conn *conn = &s->conn[i];
        if (conn->state == CF_CONN_FREE || memcmp(conn->name, call->mcb + MCB_AUTH_COMP, CF_NAME_SIZE) != 0)
            continue;
        if (conn->state != CF_CONN_FAILED_PERSISTENT)
            return conn->state == CF_CONN_ACTIVE ? CF_RSP_CONN_ACTIVE : CF_RSP_RESPONSES_MISSING;
        cf_set32(s, &conn->state, CF_CONN_FAILING);
        cf_set32(s, &conn->release, 1);
        cf_commit(s);
        cf_connections_settle(call->cf, s, &call->wakes);
        return 0;
    }
    return CF_RSP_NO_CONNECTION;
}

static int force_structure(const struct cf_structure *s)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        if (s->conn[i].state == CF_CONN_ACTIVE)
            return CF_RSP_CONN_ACTIVE;
        if (ending(&s->conn[i]))
            return CF_RSP_RESPONSES_MISSING;
    }
    return 0;
}

static int force_locked(struct cf_call *call)
{
    struct cf_slot *slot = cf_slot_by_name(call->cf, call->mcb + MCB_NAME);
    if (!slot)
        return CF_RSP_NO_STRUCTURE;
    struct cf_served served = {.started = cf_ticks()};
    if (cf_slot_lock_within(call->cf, slot, call->wait_us, &served.waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    struct cf_structure *s = cf_control(call->cf, slot);
    bool whole = cf_name_blank(call->mcb + MCB_AUTH_COMP);
    int result = whole ? force_structure(s) : force_connection(call, s);
    cf_count(s, CF_STAT_FORCE, result, &served);
    if (result == 0 && (whole || cf_structure_unused(s)))
        cf_structure_free(call->cf, slot);
    cf_slot_unlock(slot);
    return result;
}

int cf_command_force(struct cf_call *call)
{
    if (call->mcb[MCB_OPTIONS] != 0)
        return cf_bad(call, MCB_OPTIONS);
    if (!cf_name_valid(call->mcb + MCB_NAME))
        return cf_bad(call, MCB_NAME);
    if (!cf_name_blank(call->mcb + MCB_AUTH_COMP) && !cf_name_valid(call->mcb + MCB_AUTH_COMP))
        return cf_bad(call, MCB_AUTH_COMP);
    int result = CF_RSP_BUSY;
    for (int attempt = 0; attempt < 2; attempt++) {
        if (cf_directory_lock_within(call->cf, call->wait_us) != 0)
            return CF_RSP_BUSY;
        result = force_locked(call);
        cf_directory_unlock(call->cf);
        if (attempt == 1 || (result != CF_RSP_CONN_ACTIVE && result != CF_RSP_RESPONSES_MISSING))
            break;
        cf_reap(call->cf);      /* what is in the way may belong to a process that has ended */
    }
    return result;
}
