#include "cfemu/engine/cf_sublist.h"

#include <string.h>

#include "cfemu/engine/cf_entry.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_undo.h"

/* --- finding --------------------------------------------------------------------------------------------------------- */

uint32_t *cf_emc_bucket(struct cf_structure *s, uint32_t list, const uint8_t *key)
{
    uint64_t hash = cf_name_hash(s, key) + list * 0x9E3779B97F4A7C15u;
    return (uint32_t *)cf_at(s, s->emc_hash) + ((hash ^ hash >> 32) & s->emc_hash_mask);
}

static bool monitors(const struct cf_emc *emc, uint32_t list, const uint8_t *key)
{
    return emc->list == list && memcmp(emc->key, key, CF_NAME_SIZE) == 0;
}

uint32_t cf_emc_find(struct cf_structure *s, uint32_t conid, uint32_t list, const uint8_t *key)
{
    if (s->emcs_used == 0)
        return 0;
    uint32_t number = *cf_emc_bucket(s, list, key);
    while (number != 0 && !(cf_emc_at(s, number)->conid == conid && monitors(cf_emc_at(s, number), list, key)))
        number = cf_emc_at(s, number)->hash_next;
    return number;
}

/* --- pairs of links: neighbours that share a doubleword change in one store --------------------------------------------- */

static void pair_set(struct cf_structure *s, uint32_t *first, uint32_t a, uint32_t b)
{
    const uint32_t both[2] = {a, b};
    cf_set_bytes(s, first, both, sizeof both);
}

/* --- the event queue --------------------------------------------------------------------------------------------------- */

static void queue_bit(struct cf_structure *s, const struct cf_conn *conn, bool on)
{
    if (conn->eq_bit != 0)
        cf_vector_bit_set(s, conn->eq_bit - 1, (uint32_t)(conn - s->conn), on);
}

/* The queue has stopped being empty. */
static void queue_tell(struct cf *cf, struct cf_structure *s, struct cf_conn *conn, struct cf_wakes *wakes)
{
    if (conn->eq_bit == 0)
        return;
    queue_bit(s, conn, true);
    cf_set32(s, &conn->events, conn->events | CF_EVENT_LIST);
    cf_tell(cf, s, (uint32_t)(conn - s->conn), wakes);
}

static void queue_add(struct cf_call *call, uint32_t number)
{
    struct cf_structure *s = call->s;
    struct cf_emc *emc = cf_emc_at(s, number);
    struct cf_conn *conn = &s->conn[emc->conid];
    uint32_t tail = conn->eq_tail;
    cf_set32(s, &emc->queued, 1);
    pair_set(s, &emc->eq_next, 0, tail);
    if (tail != 0)
        cf_set32(s, &cf_emc_at(s, tail)->eq_next, number);
    pair_set(s, &conn->eq_head, tail != 0 ? conn->eq_head : number, number);
    pair_set(s, &conn->eq_count, conn->eq_count + 1, conn->eq_transitions + (tail == 0));
    if (tail == 0)
        queue_tell(call->cf, s, conn, &call->wakes);
}

static void queue_remove(struct cf_structure *s, uint32_t number)
{
    struct cf_emc *emc = cf_emc_at(s, number);
    struct cf_conn *conn = &s->conn[emc->conid];
    uint32_t next = emc->eq_next, prev = emc->eq_prev;
    cf_set32(s, &emc->queued, 0);
    if (next != 0)
        cf_set32(s, &cf_emc_at(s, next)->eq_prev, prev);
    if (prev != 0)
        cf_set32(s, &cf_emc_at(s, prev)->eq_next, next);
    if (next == 0 || prev == 0)
        pair_set(s, &conn->eq_head, prev == 0 ? next : conn->eq_head, next == 0 ? prev : conn->eq_tail);
    cf_set32(s, &conn->eq_count, conn->eq_count - 1);
    if (conn->eq_count == 0)
        queue_bit(s, conn, false);
}

void cf_sublist_transition(struct cf_call *call, uint32_t list, const uint8_t *key, bool filled)
{
    struct cf_structure *s = call->s;
    if (s->emcs_used == 0)
        return;
    for (uint32_t number = *cf_emc_bucket(s, list, key); number != 0; number = cf_emc_at(s, number)->hash_next) {
        const struct cf_emc *emc = cf_emc_at(s, number);
        if (!monitors(emc, list, key) || emc->queued == filled)
            continue;
        if (filled)
            queue_add(call, number);
        else
            queue_remove(s, number);
    }
}

/* --- event monitors ------------------------------------------------------------------------------------------------------ */

/* The caller has seen to it that there is a free one, which may be stored to plainly but for its chain. */
static uint32_t emc_create(struct cf_call *call, uint32_t list, const uint8_t *key)
{
    struct cf_structure *s = call->s;
    struct cf_conn *conn = call->conn;
    uint32_t number = s->emc_free;
    struct cf_emc *emc = cf_emc_at(s, number);
    uint32_t *first = cf_emc_bucket(s, list, key);
    cf_set32(s, &s->emc_free, emc->hash_next);
    cf_set32(s, &s->emcs_used, s->emcs_used + 1);
    cf_fresh(s, emc, sizeof *emc);
    emc->list = list;
    memcpy(emc->key, key, CF_NAME_SIZE);
    emc->queued = emc->eq_next = emc->eq_prev = 0;
    emc->conn_next = conn->emcs;
    emc->conn_prev = 0;
    cf_set32(s, &emc->hash_next, *first);
    cf_set32(s, &emc->conid, call->conid);
    cf_set32(s, first, number);
    if (conn->emcs != 0)
        cf_set32(s, &cf_emc_at(s, conn->emcs)->conn_prev, number);
    pair_set(s, &conn->emcs, number, conn->emc_count + 1);
    return number;
}

static void emc_end(struct cf_structure *s, uint32_t number)
{
    struct cf_emc *emc = cf_emc_at(s, number);
    struct cf_conn *conn = &s->conn[emc->conid];
    if (emc->queued)
        queue_remove(s, number);
    uint32_t *link = cf_emc_bucket(s, emc->list, emc->key);
    while (*link != number)
        link = &cf_emc_at(s, *link)->hash_next;
    cf_set32(s, link, emc->hash_next);
    if (emc->conn_next != 0)
        cf_set32(s, &cf_emc_at(s, emc->conn_next)->conn_prev, emc->conn_prev);
    if (emc->conn_prev != 0)
        cf_set32(s, &cf_emc_at(s, emc->conn_prev)->conn_next, emc->conn_next);
    pair_set(s, &conn->emcs, emc->conn_prev == 0 ? emc->conn_next : conn->emcs, conn->emc_count - 1);
    cf_set32(s, &emc->conid, 0);
    cf_set32(s, &emc->hash_next, s->emc_free);
    cf_set32(s, &s->emc_free, number);
    cf_set32(s, &s->emcs_used, s->emcs_used - 1);
}

bool cf_emc_end_one(struct cf_structure *s, uint32_t conid)
{
    if (s->conn[conid].emcs == 0)
        return false;
    emc_end(s, s->conn[conid].emcs);
    return true;
}

/* Monitor a sublist, or give its monitor new controls. false: no event monitor is free. */
static bool monitor(struct cf_call *call, uint32_t list, const uint8_t *key, const uint8_t *controls)
{
    struct cf_structure *s = call->s;
    uint32_t number = cf_emc_find(s, call->conid, list, key);
    if (number == 0 && s->emc_free == 0)
        return false;
    if (number == 0)
        number = emc_create(call, list, key);
    struct cf_emc *emc = cf_emc_at(s, number);
    cf_set_bytes(s, emc->controls, controls, CF_NAME_SIZE);
    if (!emc->queued && cf_entry_of_key(call, list, key) != 0)
        queue_add(call, number);
    return true;
}

/* --- the requests ---------------------------------------------------------------------------------------------------------- */

static int validate(struct cf_call *call, uint8_t options)
{
    if (!(call->s->flags & CF_CONN_KEYED))
        return cf_bad(call, MCB_COMMAND);
    if (call->mcb[MCB_OPTIONS] & (uint8_t)~options)
        return cf_bad(call, MCB_OPTIONS);
    return get_be32(call->mcb + MCB_LIST) < call->s->listheaders ? 0 : cf_bad(call, MCB_LIST);
}

static void emcs_report(struct cf_call *call)
{
    put_be32(call->mrb + MRB_OWN + EMCONTROLS_USED, call->s->emcs_used);
    put_be32(call->mrb + MRB_OWN + EMCONTROLS_TOTAL, call->s->emcs_total);
}

static void emc_report(struct cf_call *call, uint32_t number)
{
    const struct cf_emc *emc = cf_emc_at(call->s, number);
    put_be32(call->mrb + MRB_LIST, emc->list);
    memcpy(call->mrb + MRB_NAME, emc->key, CF_NAME_SIZE);
    put_be32(call->mrb + MRB_OWN + EMCONTROLS_QUEUED, emc->queued);
    memcpy(call->mrb + MRB_OWN + EMCONTROLS_CONTROLS, emc->controls, CF_NAME_SIZE);
}

static void queue_report(struct cf_call *call)
{
    const struct cf_conn *conn = call->conn;
    uint8_t *own = call->mrb + MRB_OWN;
    put_be32(own + EQCONTROLS_QUEUED, conn->eq_count);
    put_be32(own + EQCONTROLS_MONITORS, conn->emc_count);
    put_be32(own + EQCONTROLS_MONITORED, conn->eq_bit != 0);
    put_be32(own + EQCONTROLS_VECTORINDEX, conn->eq_bit != 0 ? conn->eq_bit - 1 : 0);
    put_be32(own + EQCONTROLS_TRANSITIONS, conn->eq_transitions);
}

int cf_command_monitor_sublist(struct cf_call *call)
{
    const uint8_t *mcb = call->mcb;
    uint32_t list = get_be32(mcb + MCB_LIST);
    int result = validate(call, CF_OPT_STOP);
    if (result != 0)
        return result;
    uint32_t number = cf_emc_find(call->s, call->conid, list, mcb + MCB_NAME);
    if (mcb[MCB_OPTIONS] & CF_OPT_STOP) {
        if (number != 0)
            emc_end(call->s, number);
    } else if (monitor(call, list, mcb + MCB_NAME, mcb + MCB_OWN + EMCONTROLS_CONTROLS)) {
        emc_report(call, cf_emc_find(call->s, call->conid, list, mcb + MCB_NAME));
    } else {
        result = CF_RSP_MONITORS_FULL;
    }
    emcs_report(call);
    return result;
}

int cf_command_monitor_sublists(struct cf_call *call)
{
    uint32_t length = get_be32(call->mcb + MCB_DATALEN), count = length / EVENT_SIZE, done = 0;
    uint64_t restart = get_be64(call->mcb + MCB_RESTART);
    int result = validate(call, 0);
    if (result != 0)
        return result;
    if (length > call->out_len || length > CF_DATA_MAX || length % EVENT_SIZE != 0)
        return cf_bad(call, MCB_DATALEN);
    if (restart > count)
        return cf_bad(call, MCB_RESTART);
    for (uint32_t i = 0; i < count; i++)
        if (get_be32(call->out + i * EVENT_SIZE + EVENT_LIST) >= call->s->listheaders)
            return cf_bad(call, MCB_DATALEN);
    while (result == 0 && restart < count) {
        const uint8_t *event = call->out + restart * EVENT_SIZE;
        if (done == CF_MULTI_ENTRIES) {
            result = CF_RSP_TIMEOUT;
        } else if (!monitor(call, get_be32(event + EVENT_LIST), event + EVENT_KEY, event + EVENT_CONTROLS)) {
            result = CF_RSP_MONITORS_FULL;
        } else {
            done++;
            restart++;
        }
    }
    put_be64(call->mrb + MRB_RESTART, result != 0 ? restart : 0);
    put_be32(call->mrb + MRB_OWN + ANSWER_COUNT, done);
    emcs_report(call);
    return result;
}

int cf_command_read_emcontrols(struct cf_call *call)
{
    int result = validate(call, 0);
    if (result != 0)
        return result;
    uint32_t number = cf_emc_find(call->s, call->conid, get_be32(call->mcb + MCB_LIST), call->mcb + MCB_NAME);
    emcs_report(call);
    if (number == 0)
        return CF_RSP_NO_MONITOR;
    emc_report(call, number);
    return 0;
}

int cf_command_monitor_eventq(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    struct cf_conn *conn = call->conn;
    uint32_t bit = get_be32(call->mcb + MCB_VECTORINDEX);
    int result = validate(call, CF_OPT_STOP);
    if (result != 0)
        return result;
    if (call->mcb[MCB_OPTIONS] & CF_OPT_STOP) {
        queue_bit(s, conn, false);
        if (conn->eq_bit != 0)
            cf_set32(s, &conn->eq_bit, 0);
    } else if (conn->eq_bit != bit + 1) {
        if (conn->eq_bit != 0 || !cf_vector_bit_free(s, call->conid, bit))
            return cf_bad(call, MCB_VECTORINDEX);       /* stop it first; or a list has it */
        cf_set32(s, &conn->eq_bit, bit + 1);
        if (conn->eq_count > 0)
            queue_tell(call->cf, s, conn, &call->wakes);
    }
    queue_report(call);
    return 0;
}

int cf_command_read_eqcontrols(struct cf_call *call)
{
    int result = validate(call, 0);
    if (result == 0)
        queue_report(call);
    return result;
}

int cf_command_deq_eventq(struct cf_call *call)
{
    struct cf_structure *s = call->s;
    uint32_t done = 0;
    int result = validate(call, 0);
    if (result != 0)
        return result;
    if (call->conn->eq_count > 0 && call->in_cap < EVENT_SIZE) {
        put_be32(call->mrb + MRB_DATALEN, EVENT_SIZE);
        return CF_RSP_BUFFER_FULL;
    }
    while (call->conn->eq_head != 0 && done < CF_MULTI_ENTRIES && (done + 1) * EVENT_SIZE <= call->in_cap) {
        const struct cf_emc *emc = cf_emc_at(s, call->conn->eq_head);
        uint8_t *event = call->in + done * EVENT_SIZE;
        memset(event, 0, EVENT_SIZE);
        put_be32(event + EVENT_LIST, emc->list);
        memcpy(event + EVENT_KEY, emc->key, CF_NAME_SIZE);
        memcpy(event + EVENT_CONTROLS, emc->controls, CF_NAME_SIZE);
        queue_remove(s, call->conn->eq_head);
        done++;
    }
    put_be32(call->mrb + MRB_DATALEN, done * EVENT_SIZE);
    put_be32(call->mrb + MRB_OWN + ANSWER_COUNT, done);
    queue_report(call);
    return 0;
}
