#include "cfemu/engine/cf_rebuild.h"

#include <string.h>

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_message.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_undo.h"

static const uint8_t blank[CF_NAME_SIZE] = "                ";

static uint32_t number_of(const struct cf *cf, const struct cf_slot *slot)
{
    return (uint32_t)(slot - cf->slots) + 1;
}

/* The new structure; NULL: nobody has connected to it yet. */
static struct cf_slot *new_of(struct cf *cf, const struct cf_structure *s)
{
    return s->rebuild_new != 0 ? &cf->slots[s->rebuild_new - 1] : NULL;
}

/* --- phases ------------------------------------------------------------------------------------------------------------ */

/* Tell every active connector. Part of a transaction. */
static void phase_tell(struct cf *cf, struct cf_structure *s, uint32_t phase, bool owes, struct cf_wakes *wakes)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        struct cf_conn *conn = &s->conn[i];
        if (conn->state != CF_CONN_ACTIVE)
            continue;
        cf_set32(s, &conn->rebuild, phase);
        cf_set32(s, &conn->rebuild_owes, owes);
        cf_set32(s, &conn->events, conn->events | CF_EVENT_REBUILD);
        cf_tell(cf, s, i, wakes);
    }
}

static void phase_begin(struct cf *cf, struct cf_structure *s, uint32_t phase, struct cf_wakes *wakes)
{
    cf_set32(s, &s->rebuild_phase, phase);
    phase_tell(cf, s, phase, true, wakes);
    cf_commit(s);
}

/* Active connectors, and those of them who owe a response. */
static uint32_t connectors(const struct cf_structure *s, uint32_t *owing)
{
    uint32_t active = 0;
    *owing = 0;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        if (s->conn[i].state != CF_CONN_ACTIVE)
            continue;
        active++;
        *owing += s->conn[i].rebuild_owes;
    }
    return active;
}

/* The new structure is not to be. false: it is held up. */
static bool stopped(struct cf *cf, struct cf_slot *slot, struct cf_wakes *wakes)
{
    struct cf_structure *s = cf_control(cf, slot);
    struct cf_slot *new = new_of(cf, s);
    bool waited;
    if (new && cf_slot_lock(cf, new, &waited) == CF_NOT_TAKEN)
        return false;
    cf_set32(s, &s->rebuild_phase, CF_REBUILD_NONE);
    cf_set32(s, &s->rebuild_new, 0);
    phase_tell(cf, s, CF_REBUILD_STOPPED, false, wakes);
    cf_commit(s);
    if (new) {
        cf_structure_free(cf, new);
        cf_slot_unlock(new);
    }
    return true;
}

/* The new structure takes the name. The commit of its last transaction is the instant; if this process dies before the old
 * one is freed, the next one who takes the directory comes here again. */
static bool finished(struct cf *cf, struct cf_slot *slot, struct cf_wakes *wakes)
{
    struct cf_structure *s = cf_control(cf, slot);
    struct cf_slot *new = new_of(cf, s);
    bool waited;
    if (cf_slot_lock(cf, new, &waited) == CF_NOT_TAKEN)
        return false;
    struct cf_structure *t = cf_control(cf, new);
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        if (s->conn[i].state != CF_CONN_FAILED_PERSISTENT || t->conn[i].state != CF_CONN_FREE)
            continue;
        cf_set_bytes(t, &t->conn[i], &s->conn[i], sizeof s->conn[i]);
        cf_commit(t);
    }
    cf_set32(t, &t->rebuild_of, 0);
    phase_tell(cf, t, CF_REBUILD_FINISHED, false, wakes);
    cf_commit(t);
    cf_structure_free(cf, slot);
    if (cf_structure_unused(t))
        cf_structure_free(cf, new);
    cf_slot_unlock(new);
    return true;
}

bool cf_rebuild_advance(struct cf *cf, struct cf_slot *slot, struct cf_wakes *wakes)
{
    struct cf_structure *s = cf_control(cf, slot);
    uint32_t owing;
    while (s->rebuild_phase != CF_REBUILD_NONE) {
        uint32_t active = connectors(s, &owing);
        if (owing > 0)
            return false;
        if (s->rebuild_phase == CF_REBUILD_CLEANUP)
            return finished(cf, slot, wakes);
        if (s->rebuild_phase == CF_REBUILD_STOP || active == 0)
            return stopped(cf, slot, wakes) && false;
        phase_begin(cf, s, s->rebuild_phase + 1, wakes);
    }
    return false;
}

/* --- commands ------------------------------------------------------------------------------------------------------------ */

/* Lock the structure that a connection names by its token, or an operator by its name. 0: the caller unlocks. */
static int enter(struct cf_call *call, struct cf_slot **slot, struct cf_served *served)
{
    if (get_be32(call->mcb + MCB_STRUCTURE) != 0)
        return cf_structure_enter(call, slot, served);
    *slot = cf_slot_by_name(call->cf, call->mcb + MCB_NAME);
    if (!*slot)
        return CF_RSP_NO_STRUCTURE;
    if (cf_slot_lock_within(call->cf, *slot, call->wait_us, &served->waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    call->s = cf_control(call->cf, *slot);
    return 0;
}

static int start(struct cf_call *call, struct cf_slot *slot)
{
    struct cf *cf = call->cf;
    struct cf_structure *s = call->s;
    uint32_t owing;
    if (!cf->half[1].base || s->rebuild_phase != CF_REBUILD_NONE || s->rebuild_of != 0 || slot->duplex != CF_DUPLEX_NONE ||
        connectors(s, &owing) == 0)
        return CF_RSP_REBUILD;
    if (cf_half_failed(cf, !slot->where))
        return CF_RSP_CF_FAILED;
    phase_begin(cf, s, CF_REBUILD_QUIESCE, &call->wakes);
    return 0;
}

static int stop(struct cf_call *call, struct cf_slot *slot)
{
    (void)slot;
    if (call->s->rebuild_phase != CF_REBUILD_QUIESCE && call->s->rebuild_phase != CF_REBUILD_CONNECT)
        return CF_RSP_REBUILD;
    phase_begin(call->cf, call->s, CF_REBUILD_STOP, &call->wakes);
    return 0;
}

/* true: the caller's connection to the new structure is there. */
static bool connected_to_new(struct cf_call *call)
{
    struct cf_slot *new = new_of(call->cf, call->s);
    return new && cf_control(call->cf, new)->conn[call->conid].state == CF_CONN_ACTIVE;
}

static int respond(struct cf_call *call, struct cf_slot *slot)
{
    struct cf_structure *s = call->s;
    uint32_t phase = get_be32(call->mcb + MCB_OWN);
    if (!call->conn)
        return CF_RSP_NO_CONNECTION;
    if (s->rebuild_phase == CF_REBUILD_NONE || phase != s->rebuild_phase)
        return CF_RSP_NOT_AWAITED;
    if (phase == CF_REBUILD_CONNECT && !connected_to_new(call))
        return CF_RSP_NO_CONNECTION;
    if (call->conn->rebuild_owes) {
        cf_set32(s, &call->conn->rebuild_owes, 0);
        cf_commit(s);
    }
    uint32_t owing;
    connectors(s, &owing);
    if (owing > 0 || cf_rebuild_advance(call->cf, slot, &call->wakes))
        return 0;
    return s->rebuild_phase == phase ? CF_RSP_BUSY : 0;     /* the new structure is held up: repeat it */
}

static int command(struct cf_call *call, int (*run)(struct cf_call *, struct cf_slot *))
{
    struct cf_slot *slot;
    struct cf_served served = {0};
    if (cf_directory_lock_within(call->cf, call->wait_us) != 0)
        return CF_RSP_BUSY;
    int result = enter(call, &slot, &served);
    if (result == 0) {
        result = run(call, slot);
        cf_slot_unlock(slot);
    }
    cf_directory_unlock(call->cf);
    return result;
}

int cf_command_rebuild_start(struct cf_call *call)
{
    return command(call, start);
}

int cf_command_rebuild_respond(struct cf_call *call)
{
    return command(call, respond);
}

int cf_command_rebuild_stop(struct cf_call *call)
{
    return command(call, stop);
}

/* --- IXLCONN REBUILD --------------------------------------------------------------------------------------------------------- */

/* Allocate the new structure. Its name is blank, and then hidden by rebuild_of, until it is linked. */
static int new_allocate(struct cf_call *call, struct cf_slot *slot)
{
    struct cf *cf = call->cf;
    struct cf there = *cf;              /* as one who opened the other CF sees it */
    struct cf_slot *new;
    there.own = !slot->where;
    there.base = cf->half[there.own].base;
    there.header = cf->half[there.own].header;
    there.map = cf->half[there.own].map;
    const struct cf_policy_structure *rule = cf_policy_rule(cf_policy_active(cf), slot->name);
    int result = cf_structure_allocate(&there, blank, call->mcb + MCB_OWN, rule, &new);
    if (result != 0)
        return result;
    struct cf_structure *s = cf_control(cf, slot);
    cf_control(cf, new)->rebuild_of = number_of(cf, slot);
    cf_step();
    memcpy(new->name, slot->name, CF_NAME_SIZE);
    cf_step();
    cf_set32(s, &s->rebuild_new, number_of(cf, new));
    cf_commit(s);
    return 0;
}

/* The caller's active connection by its name; 0: there is none. */
static uint32_t own_connection(const struct cf_call *call, const struct cf_structure *s)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        if (s->conn[i].state == CF_CONN_ACTIVE && s->conn[i].attachment == call->cf->attachment &&
            memcmp(s->conn[i].name, call->mcb + MCB_AUTH_COMP, CF_NAME_SIZE) == 0)
            return i;
    return 0;
}

int cf_rebuild_connect(struct cf_call *call, struct cf_slot **slot_out, bool *existing)
{
    struct cf *cf = call->cf;
    struct cf_slot *slot = cf_slot_by_name(cf, call->mcb + MCB_NAME);
    bool waited;
    if (!slot)
        return CF_RSP_NO_STRUCTURE;
    if (cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    struct cf_structure *s = cf_control(cf, slot);
    int result = 0;
    call->conid = own_connection(call, s);
    *existing = s->rebuild_new != 0;
    if (s->rebuild_phase != CF_REBUILD_CONNECT)
        result = CF_RSP_REBUILD;
    else if (call->conid == 0)
        result = CF_RSP_NO_CONNECTION;
    else if (cf_half_failed(cf, !slot->where))
        result = CF_RSP_CF_FAILED;
    else if (!*existing)
        result = new_allocate(call, slot);
    *slot_out = new_of(cf, s);
    cf_slot_unlock(slot);
    return result;
}

/* --- what is left behind ------------------------------------------------------------------------------------------------------ */

static void free_one(struct cf *cf, struct cf_slot *slot)
{
    bool waited;
    if (cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
        return;
    cf_structure_free(cf, slot);
    cf_slot_unlock(slot);
}

void cf_rebuild_forget(struct cf *cf, struct cf_slot *slot)
{
    struct cf_slot *new = new_of(cf, cf_control(cf, slot));
    if (new && new->state == CF_SLOT_ACTIVE && cf_control(cf, new)->rebuild_of == number_of(cf, slot))
        free_one(cf, new);
}

void cf_rebuild_recover(struct cf *cf)
{
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++) {
        if (slot->state != CF_SLOT_ACTIVE)
            continue;
        bool unlinked = cf_control(cf, slot)->rebuild_of != 0 && !cf_rebuild_valid(cf, slot);
        if (unlinked || memcmp(slot->name, blank, CF_NAME_SIZE) == 0)
            free_one(cf, slot);
    }
}

bool cf_rebuild_valid(struct cf *cf, const struct cf_slot *slot)
{
    const struct cf_structure *s = cf_control(cf, slot);
    const uint32_t partner[2] = {s->rebuild_new, s->rebuild_of};
    if (s->rebuild_new != 0 && (s->rebuild_of != 0 || s->rebuild_phase == CF_REBUILD_NONE))
        return false;
    for (int i = 0; i < 2; i++) {
        if (partner[i] == 0)
            continue;
        if (partner[i] > CF_STRUCTURES_MAX || cf->slots[partner[i] - 1].state != CF_SLOT_ACTIVE)
            return false;
        const struct cf_structure *other = cf_control(cf, &cf->slots[partner[i] - 1]);
        if ((i == 0 ? other->rebuild_of : other->rebuild_new) != number_of(cf, slot))
            return false;
    }
    return true;
}
