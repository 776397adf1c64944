#include "cfemu/engine/cf_display.h"

#include <string.h>

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_message.h"

_Static_assert(CF_CONN_ACTIVE == 1 && CF_CONN_DISCONNECTING == 4, "the architecture's numbers");
_Static_assert(STR_SIZE + POL_SIZE + CF_CONNECTIONS_MAX * CONNECTION_SIZE <= CF_DATA_MAX, "it fits one answer");

static void policy_put(uint8_t *block, const struct cf_policy *policy, const struct cf_policy_structure *rule)
{
    memset(block, 0, POL_SIZE);
    if (!rule)
        return;
    block[POL_DEFINED] = 1;
    block[POL_DUPLEX] = rule->duplex;
    block[POL_FULLTHRESHOLD] = rule->fullthreshold;
    block[POL_REBUILDPERCENT] = rule->rebuildpercent;
    block[POL_AUTOALTER] = rule->allowautoalt;
    block[POL_REALLOCATE] = rule->allowreallocate;
    block[POL_ENFORCEORDER] = rule->enforceorder;
    put_be32(block + POL_SIZE_KIB, rule->size_kib);
    put_be32(block + POL_INITSIZE_KIB, rule->initsize_kib);
    put_be32(block + POL_MINSIZE_KIB, rule->minsize_kib);
    memcpy(block + POL_NAME, policy->name, 8);
    for (uint32_t i = 0; i < rule->pref_count; i++)
        memcpy(block + POL_PREFLIST + 8 * i, policy->cf[rule->pref[i]].name, 8);
    for (uint32_t i = 0; i < rule->excl_count; i++)
        memcpy(block + POL_EXCLLIST + CF_NAME_SIZE * i, policy->structure[rule->excl[i]].name, CF_NAME_SIZE);
}

/* The structure's mutex is held. */
static void structure_put(uint8_t *block, struct cf *cf, const struct cf_slot *slot, uint32_t connections)
{
    const struct cf_structure *s = cf_control(cf, slot);
    bool second = cf->half[1].base && (slot->duplex != CF_DUPLEX_NONE || s->rebuild_new != 0);
    memset(block, 0, STR_SIZE);
    memcpy(block + STR_NAME, slot->name, CF_NAME_SIZE);
    put_be64(block + STR_ALLOCATED, slot->allocated_ns / 1000);
    memcpy(block + STR_CFNAME, cf->half[slot->where].header->cfname, 8);
    if (second)
        memcpy(block + STR_CFNAME2, cf->half[!slot->where].header->cfname, 8);
    put_be32(block + STR_SIZE_KIB, s->size_kib);
    put_be32(block + STR_LISTHEADERS, s->type == CF_TYPE_LOCK ? 0 : s->listheaders);
    put_be32(block + STR_LOCKENTRIES, s->type == CF_TYPE_LOCK ? s->table_entries : s->lockentries);
    put_be32(block + STR_ELEMENTSIZE, s->element_size);
    put_be32(block + STR_CONNECTIONS, connections);
    put_be32(block + STR_MAXCONN, s->maxconn);
    block[STR_FLAGS] = (uint8_t)s->flags;
    block[STR_LOST] = cf_half_failed(cf, slot->where);
    block[STR_DUPLEX] = slot->duplex;
    block[STR_REBUILD] = (uint8_t)s->rebuild_phase;
}

static void connection_put(uint8_t *block, const struct cf_conn *conn, uint32_t conid)
{
    memset(block, 0, CONNECTION_SIZE);
    memcpy(block + CONNECTION_NAME, conn->name, CF_NAME_SIZE);
    memcpy(block + CONNECTION_SYSTEM, conn->system, 8);
    memcpy(block + CONNECTION_JOB, conn->job, 8);
    put_be32(block + CONNECTION_ID, conid);
    put_be32(block + CONNECTION_VERSION, conn->version);
    put_be32(block + CONNECTION_STATE, conn->state);
    put_be32(block + CONNECTION_OWES, conn->rebuild_owes ? conn->rebuild : CF_REBUILD_NONE);
}

static bool fits(struct cf_call *call, uint32_t connections)
{
    uint32_t length = STR_SIZE + POL_SIZE + connections * CONNECTION_SIZE;
    put_be32(call->mrb + MRB_DATALEN, length);
    return length <= call->in_cap;
}

/* One that is allocated. The directory mutex is held. */
static int read_allocated(struct cf_call *call, struct cf_slot *slot)
{
    struct cf *cf = call->cf;
    bool waited;
    if (cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    struct cf_structure *s = cf_control(cf, slot);
    uint32_t connections = 0;
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++)
        connections += s->conn[i].state != CF_CONN_FREE;
    bool room = fits(call, connections);
    if (room) {
        uint8_t *at = (uint8_t *)call->in + STR_SIZE + POL_SIZE;
        structure_put(call->in, cf, slot, connections);
        for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
            if (s->conn[i].state == CF_CONN_FREE)
                continue;
            connection_put(at, &s->conn[i], i);
            at += CONNECTION_SIZE;
        }
        cf_report_counts(call, s);
    }
    cf_slot_unlock(slot);
    return room ? 0 : CF_RSP_BUFFER_FULL;
}

/* One of the policy that is not allocated. */
static int read_defined(struct cf_call *call, const uint8_t *name)
{
    if (!fits(call, 0))
        return CF_RSP_BUFFER_FULL;
    memset(call->in, 0, STR_SIZE);
    memcpy((uint8_t *)call->in + STR_NAME, name, CF_NAME_SIZE);
    return 0;
}

static int read_named(struct cf_call *call, const uint8_t *name)
{
    const struct cf_policy *policy = cf_policy_active(call->cf);
    const struct cf_policy_structure *rule = cf_policy_rule(policy, name);
    struct cf_slot *slot = cf_slot_by_name(call->cf, name);
    if (!slot && !rule)
        return CF_RSP_NO_STRUCTURE;
    int result = slot ? read_allocated(call, slot) : read_defined(call, name);
    if (result == 0)
        policy_put((uint8_t *)call->in + STR_SIZE, policy, rule);
    return result;
}

/* First the slots, then the structures of the policy that have none. NULL: no more. */
static const uint8_t *next_name(const struct cf_call *call, uint64_t *index)
{
    struct cf *cf = call->cf;
    const struct cf_policy *policy = cf_policy_active(cf);
    uint32_t defined = policy ? policy->structure_count : 0;
    while (*index < CF_STRUCTURES_MAX + defined) {
        uint64_t i = (*index)++;
        if (i >= CF_STRUCTURES_MAX) {
            const uint8_t *name = policy->structure[i - CF_STRUCTURES_MAX].name;
            if (!cf_slot_by_name(cf, name))
                return name;
        } else if (cf->slots[i].state == CF_SLOT_ACTIVE && cf_slot_by_name(cf, cf->slots[i].name) == &cf->slots[i]) {
            return cf->slots[i].name;
        }
    }
    return NULL;
}

int cf_command_read_structure(struct cf_call *call)
{
    const uint8_t *name = call->mcb + MCB_NAME;
    uint64_t index = get_be64(call->mcb + MCB_RESTART);
    bool next = cf_name_blank(name);
    if (!next && !cf_name_valid(name))
        return cf_bad(call, MCB_NAME);
    if (cf_directory_lock(call->cf) != 0)
        return CF_RSP_BUSY;
    if (next)
        name = next_name(call, &index);
    int result = name ? read_named(call, name) : CF_RSP_NO_STRUCTURE;
    cf_directory_unlock(call->cf);
    if (result == 0 && next)
        put_be64(call->mrb + MRB_RESTART, index);
    return result;
}
