#include "cfemu/engine/cf_active.h"

#include <errno.h>
#include <string.h>

#include "cfemu/engine/cf_alter.h"
#include "cfemu/engine/cf_call.h"
#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_undo.h"

/* --- the area ---------------------------------------------------------------------------------------------------------- */

const struct cf_policy *cf_policy_active(const struct cf *cf)
{
    const struct cf_policy_area *area = cf->half[0].policy;
    uint32_t active = atomic_load_explicit(&area->active, memory_order_acquire);
    return active == 0 ? NULL : &area->copy[(active - 1) & 1];
}

const struct cf_policy_structure *cf_policy_rule(const struct cf_policy *policy, const uint8_t *name)
{
    for (uint32_t i = 0; policy && i < policy->structure_count; i++)
        if (memcmp(policy->structure[i].name, name, CF_NAME_SIZE) == 0)
            return &policy->structure[i];
    return NULL;
}

/* Allocated structures go by the new policy's threshold at once. A structure that is held up keeps the old one. */
static void thresholds_take(struct cf *cf, struct cf_wakes *wakes)
{
    const struct cf_policy *policy = cf_policy_active(cf);
    bool waited;
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++) {
        if (slot->state != CF_SLOT_ACTIVE || cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
            continue;
        struct cf_structure *s = cf_control(cf, slot);
        const struct cf_policy_structure *rule = cf_policy_rule(policy, slot->name);
        cf_set32(s, &s->threshold, rule ? rule->fullthreshold : 0);
        cf_set32(s, &s->autoalter, rule ? rule->allowautoalt : 0);
        cf_marks_set(s);
        if (cf_full(s) != s->full)
            cf_full_changed(cf, s, wakes);
        cf_commit(s);
        cf_slot_unlock(slot);
    }
}

static int activate(struct cf *cf, const struct cf_policy *policy)
{
    struct cf_policy_area *area = cf->half[0].policy;
    const struct cf_policy *now = cf_policy_active(cf);
    if (policy && now && !policy->replace && memcmp(now->name, policy->name, sizeof now->name) == 0)
        return -EEXIST;
    uint32_t next = 0;
    if (policy) {
        next = now == &area->copy[0] ? 1 : 0;
        area->copy[next] = *policy;
        area->copy[next].version = ++area->version;
        area->copy[next].started_ns = cf_clock_ns(CLOCK_REALTIME);
        cf_step();
        next++;
    }
    atomic_store_explicit(&area->active, next, memory_order_release);
    cf_step();
    return 0;
}

static int change(struct cf *cf, const struct cf_policy *policy)
{
    struct cf_wakes wakes = {0};
    if (cf_directory_lock(cf) != 0)
        return -EBUSY;
    int result = activate(cf, policy);
    if (result == 0)
        thresholds_take(cf, &wakes);
    cf_directory_unlock(cf);
    cf_wake(cf, &wakes);
    cf_duplex_tell();
    return result;
}

int cf_policy_start(struct cf *cf, const struct cf_policy *policy)
{
    return change(cf, policy);
}

int cf_policy_stop(struct cf *cf)
{
    return change(cf, NULL);
}

bool cf_policy_valid(const struct cf_policy *policy)
{
    if (policy->cf_count > CF_POLICY_CFS_MAX || policy->structure_count > CF_POLICY_STRUCTURES_MAX)
        return false;
    for (uint32_t i = 0; i < policy->structure_count; i++) {
        const struct cf_policy_structure *rule = &policy->structure[i];
        if (rule->pref_count < 1 || rule->pref_count > CF_POLICY_LIST_MAX || rule->excl_count > CF_POLICY_LIST_MAX ||
            rule->size_kib == 0 || rule->initsize_kib > rule->size_kib || rule->fullthreshold > 100)
            return false;
        for (uint32_t j = 0; j < rule->pref_count; j++)
            if (rule->pref[j] >= policy->cf_count)
                return false;
        for (uint32_t j = 0; j < rule->excl_count; j++)
            if (rule->excl[j] >= policy->structure_count)
                return false;
    }
    return true;
}

/* --- where a structure goes -------------------------------------------------------------------------------------------- */

/* Which half of the pair is the CF of this name? 2 = none, or it has failed. */
static uint32_t half_named(const struct cf *cf, const char name[8])
{
    for (uint32_t half = 0; half < 2; half++)
        if (cf->half[half].base && memcmp(cf->half[half].header->cfname, name, 8) == 0 && !cf_half_failed(cf, half))
            return half;
    return 2;
}

/* Is a structure of the exclusion list in this CF? */
static bool excluded(const struct cf *cf, const struct cf_policy *policy, const struct cf_policy_structure *rule, uint32_t half)
{
    for (const struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++)
        for (uint32_t i = 0; slot->state == CF_SLOT_ACTIVE && i < rule->excl_count; i++)
            if (slot->where == half && memcmp(slot->name, policy->structure[rule->excl[i]].name, CF_NAME_SIZE) == 0)
                return true;
    return false;
}

static int allocate_in(struct cf_call *call, uint32_t half, const struct cf_policy_structure *rule, struct cf_slot **slot)
{
    struct cf there = *call->cf;        /* as one who opened that CF sees it */
    cf_view_set(&there, half);
    return cf_structure_allocate(&there, call->mcb + MCB_NAME, call->mcb + MCB_OWN, rule, slot);
}

/* For those who know other CFs: all of the preference list. */
static void preference_report(struct cf_call *call, const struct cf_policy *policy, const struct cf_policy_structure *rule)
{
    for (uint32_t i = 0; i < rule->pref_count; i++)
        memcpy(call->mrb + MRB_OWN + 8 * i, policy->cf[rule->pref[i]].name, 8);
}

/* Without a policy: in the CF that is asked, or if that has failed in the other one of a pair. */
static int allocate_anywhere(struct cf_call *call, struct cf_slot **slot)
{
    const struct cf *cf = call->cf;
    uint32_t half = cf_half_failed(cf, cf->own) && cf->half[!cf->own].base ? !cf->own : cf->own;
    return cf_half_failed(cf, half) ? CF_RSP_CF_FAILED : allocate_in(call, half, NULL, slot);
}

int cf_policy_allocate(struct cf_call *call, struct cf_slot **slot)
{
    struct cf *cf = call->cf;
    uint8_t options = call->mcb[MCB_OWN + CONN_OPTIONS];
    const struct cf_policy *policy = cf_policy_active(cf);
    if (!policy && options & CF_CONN_OPT_EXISTING)
        return CF_RSP_NO_STRUCTURE;
    if (!policy)
        return allocate_anywhere(call, slot);
    const struct cf_policy_structure *rule = cf_policy_rule(policy, call->mcb + MCB_NAME);
    if (!rule)
        return CF_RSP_NOT_IN_POLICY;
    int result = CF_RSP_NOT_THIS_CF;
    for (uint32_t i = 0; i < rule->pref_count && !(options & CF_CONN_OPT_EXISTING); i++) {
        uint32_t half = half_named(cf, policy->cf[rule->pref[i]].name);
        if (half == 2 || (!(options & CF_CONN_OPT_SHARE) && excluded(cf, policy, rule, half)))
            continue;
        result = allocate_in(call, half, rule, slot);
        if (result != CF_RSP_CF_FULL)
            return result;
    }
    preference_report(call, policy, rule);
    return result;
}

/* --- duplexing ----------------------------------------------------------------------------------------------------------- */

bool cf_policy_forbids_duplex(const struct cf *cf, const uint8_t *name)
{
    const struct cf_policy_structure *rule = cf_policy_rule(cf_policy_active(cf), name);
    return rule && rule->duplex == CF_POLICY_DUPLEX_DISABLED;
}

/* Does it want a second copy, and can it have one? */
static bool duplex_wanted(const struct cf *cf, const uint8_t *name)
{
    const struct cf_policy *policy = cf_policy_active(cf);
    const struct cf_policy_structure *rule = cf_policy_rule(policy, name);
    uint32_t halves = 0;
    if (!rule || rule->duplex != CF_POLICY_DUPLEX_ENABLED || !cf->half[1].base)
        return false;
    for (uint32_t i = 0; i < rule->pref_count; i++) {
        uint32_t half = half_named(cf, policy->cf[rule->pref[i]].name);
        halves |= half < 2 ? 1u << half : 0;
    }
    return halves == 3;
}

void cf_policy_duplex(struct cf_call *call)
{
    struct cf *cf = call->cf;
    uint8_t mcb[CF_MCB_SIZE] = {0}, mrb[CF_MRB_SIZE];
    if (!cf_policy_active(cf) || cf_directory_lock(cf) != 0)
        return;
    struct cf_slot *slot = cf_slot_by_name(cf, call->mcb + MCB_NAME);
    bool start = slot && slot->duplex != CF_DUPLEX_ACTIVE && duplex_wanted(cf, slot->name);
    cf_directory_unlock(cf);
    if (!start)
        return;
    memcpy(mcb + MCB_NAME, call->mcb + MCB_NAME, CF_NAME_SIZE);
    struct cf_call duplex = {.cf = cf, .mcb = mcb, .mrb = mrb, .wait_us = CF_WAIT_US};
    /* Each step copies some increments and lets others in; a structure that is large goes on with the next CONNECT. */
    for (int step = 0; step < CF_POLICY_COPY_STEPS && cf_command_duplex_start(&duplex) == CF_RSP_TIMEOUT; step++)
        ;
}
