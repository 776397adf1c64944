#include "cfemu/engine/cf_connect.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_life.h"
#include "cfemu/engine/cf_locktable.h"
#include "cfemu/engine/cf_message.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_rdata.h"
#include "cfemu/engine/cf_rebuild.h"
#include "cfemu/engine/cf_undo.h"

static const char blanks[CF_NAME_SIZE + 1] = "                ";

bool cf_name_valid(const uint8_t *name)
{
    size_t length = 0;
    while (length < CF_NAME_SIZE && name[length] != 0 &&
           strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$@#_", name[length]))
        length++;
    return length > 0 && memcmp(name + length, blanks, CF_NAME_SIZE - length) == 0;
}

bool cf_name_blank(const uint8_t *name)
{
    return memcmp(name, blanks, CF_NAME_SIZE) == 0;
}

struct cf_slot *cf_slot_by_name(struct cf *cf, const uint8_t *name)
{
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++)
        if (slot->state == CF_SLOT_ACTIVE && memcmp(slot->name, name, CF_NAME_SIZE) == 0 &&
            cf_control(cf, slot)->rebuild_of == 0)
            return slot;
    return NULL;
}

/* --- connections of a process that ended ------------------------------------------------------------------------------ */

bool cf_structure_fail(struct cf *cf, struct cf_slot *slot, uint32_t attachment, struct cf_wakes *wakes)
{
    bool waited;
    if (cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
        return false;
    struct cf_structure *s = cf_control(cf, slot);
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        const struct cf_conn *conn = &s->conn[i];
        if (conn->state == CF_CONN_ACTIVE && conn->attachment == attachment)
            cf_connection_end(cf, s, i, true, wakes);
    }
    cf_connections_settle(cf, s, wakes);
    if (!cf_rebuild_advance(cf, slot, wakes) && cf_structure_unused(s))
        cf_structure_free(cf, slot);
    cf_slot_unlock(slot);
    return true;
}

bool cf_fail_attachment(struct cf *cf, uint32_t number)
{
    struct cf_wakes wakes = {0};
    if (cf_directory_lock(cf) != 0)
        return false;
    bool complete = true;
    if (number == cf->attachment || cf_attachment_dead(cf, number)) {   /* nobody else has done it meanwhile */
        for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++)
            if (slot->state == CF_SLOT_ACTIVE && !cf_structure_fail(cf, slot, number, &wakes))
                complete = false;
        if (complete)
            atomic_store(&cf->attachments[number].state, CF_ATTACHMENT_FREE);
    }
    cf_directory_unlock(cf);
    cf_wake(cf, &wakes);
    cf_duplex_tell();
    return complete;
}

bool cf_reap(struct cf *cf)
{
    bool complete = true;
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++)
        if (cf_attachment_dead(cf, i) && !cf_fail_attachment(cf, i))
            complete = false;
    return complete;
}

/* --- CONNECT ------------------------------------------------------------------------------------------------------- */

/* What only lock structures have; elements and ratios are not looked at. */
static int lock_connect_validate(struct cf_call *call)
{
    const uint8_t *own = call->mcb + MCB_OWN;
    if (own[CONN_FLAGS] & (uint8_t)~(CF_CONN_STRDISP_KEEP | CF_CONN_CONDISP_KEEP))
        return cf_bad(call, MCB_OWN + CONN_FLAGS);
    return get_be32(own + CONN_RECORDS) <= CF_RECORDS_MAX ? 0 : cf_bad(call, MCB_OWN + CONN_RECORDS);
}

static int list_connect_validate(struct cf_call *call)
{
    const uint8_t *own = call->mcb + MCB_OWN;
    uint8_t flags = own[CONN_FLAGS];
    uint16_t maxelemnum = get_be16(own + CONN_MAXELEMNUM);
    if (maxelemnum < 1 || maxelemnum > CF_MAXELEMNUM_MAX)
        return cf_bad(call, MCB_OWN + CONN_MAXELEMNUM);
    if (own[CONN_ELEMCHAR] > CF_ELEMCHAR_MAX)
        return cf_bad(call, MCB_OWN + CONN_ELEMCHAR);
    if ((flags & CF_CONN_NAMED && flags & CF_CONN_KEYED) ||
        flags & (uint8_t)~(CF_CONN_ADJUNCT | CF_CONN_NAMED | CF_CONN_KEYED | CF_CONN_STRDISP_KEEP | CF_CONN_CONDISP_KEEP |
                           CF_CONN_LIMIT_ELEMENTS))
        return cf_bad(call, MCB_OWN + CONN_FLAGS);
    if (get_be16(own + CONN_EMCSTGPCT) > (flags & CF_CONN_KEYED ? CF_EMCSTGPCT_MAX : 0))
        return cf_bad(call, MCB_OWN + CONN_EMCSTGPCT);
    return get_be16(own + CONN_ENTRYRATIO) != 0 ? 0 : cf_bad(call, MCB_OWN + CONN_ENTRYRATIO);
}

static int connect_validate(struct cf_call *call)
{
    const uint8_t *own = call->mcb + MCB_OWN;
    uint32_t headers = get_be32(own + CONN_LISTHEADERS), vector = get_be32(own + CONN_VECTORLEN);
    if (!cf_name_valid(call->mcb + MCB_NAME))
        return cf_bad(call, MCB_NAME);
    bool unnamed = cf_name_blank(call->mcb + MCB_AUTH_COMP);
    if (unnamed ? own[CONN_FLAGS] & CF_CONN_CONDISP_KEEP : !cf_name_valid(call->mcb + MCB_AUTH_COMP))
        return cf_bad(call, MCB_AUTH_COMP);
    if (headers > CF_LISTHEADERS_MAX)
        return cf_bad(call, MCB_OWN + CONN_LISTHEADERS);
    uint32_t locks = get_be32(own + CONN_LOCKENTRIES);
    if (locks > CF_LOCKENTRIES_MAX || (headers == 0 && locks == 0))
        return cf_bad(call, MCB_OWN + CONN_LOCKENTRIES);
    int result = headers == 0 ? lock_connect_validate(call) : list_connect_validate(call);
    if (result != 0)
        return result;
    if (vector % 32 != 0 || vector > CF_VECTOR_BITS_MAX)
        return cf_bad(call, MCB_OWN + CONN_VECTORLEN);
    if (own[CONN_OPTIONS] & (uint8_t)~(CF_CONN_OPT_RESPONDS | CF_CONN_OPT_ALTER | CF_CONN_OPT_FULL |
                                          CF_CONN_OPT_EXISTING | CF_CONN_OPT_SHARE))
        return cf_bad(call, MCB_OWN + CONN_OPTIONS);
    return own[CONN_CFLEVEL] <= CF_LEVEL ? 0 : CF_RSP_CF_LEVEL;
}

/* The connection id to use: of the failed-persistent connection of this name, else a free one. */
static int conid_choose(struct cf_structure *s, const uint8_t *name, bool unnamed, uint32_t *conid)
{
    uint32_t count = 0;
    *conid = 0;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        const struct cf_conn *conn = &s->conn[i];
        if (conn->state == CF_CONN_FREE) {
            if (*conid == 0)
                *conid = i;
            continue;
        }
        count++;
        if (unnamed || memcmp(conn->name, name, CF_NAME_SIZE) != 0)
            continue;
        *conid = i;
        if (conn->state == CF_CONN_FAILED_PERSISTENT)
            return 0;
        return cf_connection_awaits(conn) ? CF_RSP_RESPONSES_MISSING : CF_RSP_NAME_IN_USE;
    }
    return *conid != 0 && count < s->maxconn ? 0 : CF_RSP_TOO_MANY;
}

/* A token is never given out twice (epoch), and not to be guessed (random); the low byte is for the connection id. */
static uint64_t token_make(struct cf *cf)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = (uint32_t)cf_ticks();
    return ++cf->half[0].header->epoch << 32 | (random & 0xFFFFFF00u);
}

static void attributes_report(struct cf_call *call, const struct cf_structure *s, uint32_t vector_bits)
{
    uint8_t *own = call->mrb + MRB_OWN;
    put_be32(own + CONN_LISTHEADERS, s->listheaders);
    put_be32(own + CONN_LOCKENTRIES, s->lockentries);
    put_be32(own + CONN_SIZE_KIB, s->size_kib);
    put_be16(own + CONN_MAXELEMNUM, (uint16_t)s->maxelemnum);
    own[CONN_ELEMCHAR] = (uint8_t)s->elemchar;
    own[CONN_FLAGS] = (uint8_t)(s->flags | (call->mcb[MCB_OWN + CONN_FLAGS] & CF_CONN_CONDISP_KEEP));
    put_be16(own + CONN_ENTRYRATIO, (uint16_t)s->entryratio);
    put_be16(own + CONN_ELEMENTRATIO, (uint16_t)s->elementratio);
    put_be32(own + CONN_VECTORLEN, vector_bits);
    put_be16(own + CONN_EMCSTGPCT, (uint16_t)s->emcstgpct);
    if (s->type == CF_TYPE_LOCK) {
        put_be32(own + CONN_LISTHEADERS, 0);
        put_be32(own + CONN_LOCKENTRIES, s->table_entries);
        own[CONN_FLAGS] &= (uint8_t)~CF_CONN_ADJUNCT;
        put_be32(own + CONN_RECORDS, s->records > 0 ? s->entries_total : 0);
    }
    memcpy(own + CONN_CFNAME, call->cf->half[cf_half_of(call->cf, s)].header->cfname, 8);
    own[CONN_CFLEVEL] = CF_LEVEL;
    own[CONN_MAXCONN] = (uint8_t)s->maxconn;
    cf_report_counts(call, s);
}

/* The structure's mutex is held. */
static int connection_make(struct cf_call *call, struct cf_structure *s)
{
    const uint8_t *mcb = call->mcb;
    bool unnamed = cf_name_blank(mcb + MCB_AUTH_COMP);
    uint32_t conid = call->conid;       /* REBUILD: the same as in the old structure */
    int result = conid != 0 && s->conn[conid].state != CF_CONN_FREE ? CF_RSP_NAME_IN_USE : 0;
    if (conid == 0)
        result = conid_choose(s, mcb + MCB_AUTH_COMP, unnamed, &conid);
    if (result != 0)
        return result;

    struct cf_conn *conn = &s->conn[conid];
    const struct cf_attachment *by = &call->cf->attachments[call->cf->attachment];
    struct cf_conn fresh = {
        .state = CF_CONN_ACTIVE,
        .attachment = call->cf->attachment,
        .token = call->token,
        .flags = mcb[MCB_OWN + CONN_FLAGS] & CF_CONN_CONDISP_KEEP,
        .options = mcb[MCB_OWN + CONN_OPTIONS] & (CF_CONN_OPT_RESPONDS | CF_CONN_OPT_ALTER | CF_CONN_OPT_FULL),
        .version = conid << 16 | ((conn->version + 1) & 0xFFFF),
        .vector_bits = get_be32(mcb + MCB_OWN + CONN_VECTORLEN),
        .pid = by->pid,
        .remote = by->remote,
        .born = by->born,
        .attached_ns = by->attached_ns,
    };
    fresh.token |= conid;
    memcpy(fresh.name, mcb + MCB_AUTH_COMP, CF_NAME_SIZE);
    if (unnamed) {
        char name[CF_NAME_SIZE + 1];
        snprintf(name, sizeof name, "CON_%08X    ", (unsigned)(fresh.token >> 32));
        memcpy(fresh.name, name, CF_NAME_SIZE);
    }
    memcpy(fresh.system, mcb + MCB_AUTH, 8);
    memcpy(fresh.job, mcb + MCB_AUTH + 8, 8);
    bool reconnected = conn->state == CF_CONN_FAILED_PERSISTENT;
    cf_set_bytes(s, conn, &fresh, sizeof fresh);
    cf_tell_others(call->cf, s, conid, CF_EVENT_CONN_NEW, &call->wakes);
    cf_commit(s);

    put_be64(call->mrb + MRB_TOKEN, fresh.token);
    put_be32(call->mrb + MRB_CONID, conid);
    attributes_report(call, s, fresh.vector_bits);
    call->mrb[MRB_OWN + CONN_RECONNECTED] = reconnected;
    call->mrb[MRB_OWN + CONN_OPTIONS] = (uint8_t)fresh.options;
    put_be32(call->mrb + MRB_OWN + CONN_VERSION, fresh.version);
    memcpy(call->mrb + MRB_OWN + CONN_NAME, fresh.name, CF_NAME_SIZE);
    return 0;
}

/* The structure was in a CF that has failed. If it has a second copy, that is taken; else it is gone, but for those who
 * are still connected, and who rebuild it in the other CF if there is one. *slot: NULL if it is gone for all. */
static int lost_replace(struct cf *cf, struct cf_slot **slot)
{
    bool waited, active = false;
    if (cf_slot_lock(cf, *slot, &waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    bool lost = cf_half_failed(cf, (*slot)->where);
    struct cf_structure *s = cf_control(cf, *slot);
    for (uint32_t i = 1; lost && i <= CF_CONNECTIONS_MAX; i++)
        active |= s->conn[i].state == CF_CONN_ACTIVE;
    if (lost && !active)
        cf_structure_free(cf, *slot);
    cf_slot_unlock(*slot);
    if (lost && !active)
        *slot = NULL;
    if (!lost || !active)
        return 0;
    uint32_t other = !cf->own;
    return cf->half[other].base && cf_half_failed(cf, cf->own) != cf_half_failed(cf, other) ? CF_RSP_REBUILD : CF_RSP_CF_FAILED;
}

/* The structure to connect to, allocated if it is not there. */
static int structure_find(struct cf_call *call, struct cf_slot **slot_out, bool *existing)
{
    struct cf *cf = call->cf;
    struct cf_slot *slot = cf_slot_by_name(cf, call->mcb + MCB_NAME);
    int result = slot && cf_half_failed(cf, slot->where) ? lost_replace(cf, &slot) : 0;
    *existing = slot != NULL;
    if (result == 0 && slot && cf_control(cf, slot)->rebuild_phase != CF_REBUILD_NONE)
        result = CF_RSP_REBUILD;
    if (result == 0 && !slot)
        result = cf_policy_allocate(call, &slot);
    *slot_out = slot;
    return result;
}

/* The directory mutex is held. */
static int connect_locked(struct cf_call *call)
{
    struct cf *cf = call->cf;
    uint64_t started = cf_ticks();
    struct cf_slot *slot;
    bool existing, rebuild = call->mcb[MCB_OPTIONS] & CF_OPT_REBUILD;
    int result = rebuild ? cf_rebuild_connect(call, &slot, &existing) : structure_find(call, &slot, &existing);
    if (result != 0)
        return result;
    call->token = token_make(cf);
    struct cf_served served = {.started = started};
    if (cf_slot_lock_within(cf, slot, existing ? call->wait_us : CF_WAIT_US, &served.waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    struct cf_structure *s = cf_control(cf, slot);
    result = connection_make(call, s);
    if (result == 0) {
        put_be32(call->mrb + MRB_STRUCTURE, cf_slot_id(cf, slot));
        call->mrb[MRB_OWN + CONN_EXISTING] = existing;
    }
    cf_count(s, CF_STAT_CONNECT, result, &served);
    cf_slot_unlock(slot);
    return result;
}

int cf_command_connect(struct cf_call *call)
{
    int result = connect_validate(call);
    if (result == 0 && cf_fenced(call->cf))
        result = CF_RSP_NO_CONNECTION;
    for (int attempt = 0; result == 0 && attempt < 2; attempt++) {
        if (cf_directory_lock_within(call->cf, call->wait_us) != 0)
            return CF_RSP_BUSY;
        result = connect_locked(call);
        cf_directory_unlock(call->cf);
        if (result == 0)
            cf_policy_duplex(call);
        if (attempt == 1 || (result != CF_RSP_NAME_IN_USE && result != CF_RSP_TOO_MANY && result != CF_RSP_CF_FULL))
            return result;
        cf_reap(call->cf);      /* what is in the way may belong to a process that has ended */
        memset(call->mrb, 0, CF_MRB_SIZE);
        result = 0;
    }
    return result;
}

/* --- DISCONNECT ---------------------------------------------------------------------------------------------------- */

static bool holds_locks(struct cf_structure *s, uint32_t conid)
{
    for (uint32_t i = 0; i < s->lockentries; i++)
        if (cf_lock_at(s, i)->owner == conid)
            return true;
    return s->type == CF_TYPE_LOCK && (cf_table_interest(s, conid) || cf_rdata_any(s, conid));
}

/* true: no other connection is there, nor one that failed or is about to end. */
static bool only_one(const struct cf_structure *s, uint32_t conid)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        if (i != conid && s->conn[i].state != CF_CONN_FREE)
            return false;
    return true;
}

static int disconnect_locked(struct cf_call *call)
{
    struct cf *cf = call->cf;
    struct cf_slot *slot;
    struct cf_served served = {.started = cf_ticks()};
    int result = cf_structure_enter(call, &slot, &served);
    if (result != 0)
        return result;
    struct cf_structure *s = call->s;
    uint8_t options = call->mcb[MCB_OPTIONS];
    bool failed = options & CF_OPT_FAILURE || holds_locks(s, call->conid);
    if (!failed && options & CF_OPT_DELETESTR && s->flags & CF_CONN_STRDISP_KEEP && only_one(s, call->conid))
        cf_set32(s, &s->flags, s->flags & ~(uint32_t)CF_CONN_STRDISP_KEEP);     /* in the first transaction of the end */
    cf_connection_end(cf, s, call->conid, failed, &call->wakes);
    cf_count(s, CF_STAT_DISCONNECT, 0, &served);
    if (!cf_rebuild_advance(cf, slot, &call->wakes) && cf_structure_unused(s))
        cf_structure_free(cf, slot);
    cf_slot_unlock(slot);
    return 0;
}

int cf_command_disconnect(struct cf_call *call)
{
    uint8_t options = call->mcb[MCB_OPTIONS];
    if (options & (uint8_t)~(CF_OPT_FAILURE | CF_OPT_DELETESTR) || options == (CF_OPT_FAILURE | CF_OPT_DELETESTR))
        return cf_bad(call, MCB_OPTIONS);
    if (cf_directory_lock_within(call->cf, call->wait_us) != 0)
        return CF_RSP_BUSY;
    int result = disconnect_locked(call);
    cf_directory_unlock(call->cf);
    return result;
}
