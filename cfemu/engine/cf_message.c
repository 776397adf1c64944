/* The dispatcher: one message in, one response out. */
#include "cfemu/engine/cf_message.h"

#include <assert.h>
#include <sched.h>
#include <string.h>

#include "cfemu/engine/cf_alter.h"
#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_display.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_fence.h"
#include "cfemu/engine/cf_lcontrols.h"
#include "cfemu/engine/cf_life.h"
#include "cfemu/engine/cf_list.h"
#include "cfemu/engine/cf_list_move.h"
#include "cfemu/engine/cf_list_multi.h"
#include "cfemu/engine/cf_lock.h"
#include "cfemu/engine/cf_locktable.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_rdata.h"
#include "cfemu/engine/cf_rebuild.h"
#include "cfemu/engine/cf_sublist.h"
#include "cfemu/engine/cf_undo.h"

#define LOOK_US 100u            /* to fall asleep and to be woken takes as long */
#define PAUSES_FIRST 64u        /* about 1 us, less than the shortest sequence under a lock */
#define PAUSES_MAX 256u

static enum cf_stat_class response_class(int response)
{
    if (response == CF_RSP_OK)
        return CF_STAT_OK;
    if (response == CF_RSP_NO_ENTRY || response == CF_RSP_ENTRY_EXISTS ||
        (response >= CF_RSP_RESTART_GONE && response <= CF_RSP_NO_MONITOR))
        return CF_STAT_NO_ENTRY;
    if (response >= CF_RSP_VERSION_MISMATCH && response <= CF_RSP_KEY_MISMATCH)
        return CF_STAT_MISMATCH;
    if (response >= CF_RSP_LOCK_HELD && response < CF_RSP_LIST_FULL)
        return CF_STAT_CONTENDED;
    if (response >= CF_RSP_LIST_FULL && response <= CF_RSP_MONITORS_FULL)
        return CF_STAT_FULL;
    return CF_STAT_REFUSED;
}

/* One writer at a time (the mutex), readers without a lock: a relaxed store is enough, and costs what a store costs. */
static inline void add(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

void cf_count(struct cf_structure *s, enum cf_stat_command command, int response, const struct cf_served *served)
{
    uint64_t ticks = cf_ticks() - served->started;
    add(&s->stats.requests[command][response_class(response)], 1);
    add(&s->stats.mutex_waits, served->waited);
    add(&s->stats.synchronous, served->synchronous);
    add(&s->stats.served, 1);
    add(&s->stats.ticks, ticks);
    double squares = s->stats.ticks_squared + (double)ticks * (double)ticks;
    __atomic_store(&s->stats.ticks_squared, &squares, __ATOMIC_RELAXED);
}

void cf_report_counts(struct cf_call *call, const struct cf_structure *s)
{
    put_be32(call->mrb + MRB_ENTRIES_USED, s->entries_used);
    put_be32(call->mrb + MRB_ENTRIES_TOTAL, s->entries_total);
    put_be32(call->mrb + MRB_ELEMENTS_USED, s->elements_used);
    put_be32(call->mrb + MRB_ELEMENTS_TOTAL, s->elements_total);
}

/* What concerns the connection, not the structure, is done although the structure is lost with its CF. */
static bool without_cf(const struct cf_call *call)
{
    uint16_t command = get_be16(call->mcb + MCB_COMMAND);
    return command == CF_CMD_VECTOR_READ || command == CF_CMD_DISCONNECT || command == CF_CMD_RESPOND ||
           (command >= CF_CMD_REBUILD_START && command <= CF_CMD_REBUILD_STOP);
}

static int connection_find(struct cf_call *call, const struct cf_slot *slot, uint32_t id)
{
    if (slot->state != CF_SLOT_ACTIVE || cf_slot_id(call->cf, slot) != id)
        return CF_RSP_NO_STRUCTURE;
    struct cf_structure *s = cf_control(call->cf, slot);
    uint64_t token = get_be64(call->mcb + MCB_TOKEN);
    uint32_t conid = token & 0xFF;
    struct cf_conn *conn = &s->conn[conid];
    if (conid == 0 || token != conn->token || conn->state != CF_CONN_ACTIVE || conn->attachment != call->cf->attachment)
        return CF_RSP_NO_CONNECTION;
    call->s = s;
    call->conn = conn;
    call->conid = conid;
    return cf_half_failed(call->cf, slot->where) && !without_cf(call) ? CF_RSP_CF_FAILED : 0;
}

int cf_structure_enter(struct cf_call *call, struct cf_slot **slot_out, struct cf_served *served)
{
    uint32_t id = get_be32(call->mcb + MCB_STRUCTURE);
    if ((id & 0xFFFF) >= CF_STRUCTURES_MAX || id >> 16 == 0)
        return CF_RSP_NO_STRUCTURE;
    struct cf_slot *slot = &call->cf->slots[id & 0xFFFF];
    enum cf_taken taken = cf_slot_lock_within(call->cf, slot, call->wait_us, &served->waited);
    if (taken == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    served->from_dead = taken == CF_TAKEN_FROM_DEAD;
    served->synchronous = call->wait_us < CF_WAIT_US;
    int result = connection_find(call, slot, id);
    if (result == CF_RSP_CF_FAILED && slot->duplex != CF_DUPLEX_NONE) {
        cf_duplex_enter(call->cf, slot);        /* it has failed since we locked the slot: the other copy goes on */
        result = connection_find(call, slot, id);
    }
    if (result != 0)
        cf_slot_unlock(slot);
    *slot_out = slot;
    return result;
}

static void count_contention(struct cf_call *call)
{
    add(&call->s->stats.contentions, call->contentions);
    add(&call->s->stats.false_contentions, call->false_contentions);
    call->contentions = call->false_contentions = 0;    /* it may be executed again */
}

/* Is it a command for structures of this type? */
static bool type_fits(const struct cf_call *call)
{
    uint16_t code = get_be16(call->mcb + MCB_COMMAND);
    if (call->s->type == CF_TYPE_LOCK)
        return code >> 8 != CF_CMD_LIST_READ >> 8 || code == CF_CMD_VECTOR_READ;
    return code >> 8 != CF_CMD_LOCK_OBTAIN >> 8;
}

/* Responses of a request that did a part of its work, which stands. */
static bool done_in_part(int response)
{
    return response == CF_RSP_TIMEOUT || response == CF_RSP_BUFFER_FULL || response == CF_RSP_MONITORS_FULL;
}

/* A command that works on one structure under its mutex alone. */
static int execute(struct cf_call *call, int (*command)(struct cf_call *), enum cf_stat_command kind)
{
    struct cf_served served = {.started = cf_ticks()};
    struct cf_slot *slot;
    int result = cf_structure_enter(call, &slot, &served);
    if (result != 0)
        return result;
    struct cf_structure *s = call->s;
    result = type_fits(call) ? command(call) : CF_RSP_BAD_COMMAND;
    if (result == CF_RSP_OK || result == CF_RSP_LOCK_QUEUED || done_in_part(result)) {
        if (cf_full(s) != s->full) {
            cf_full_changed(call->cf, s, &call->wakes);
            call->became_full = s->full;
        }
        cf_commit(s);
    } else {
        assert(s->undo.count == 0);     /* what is refused has changed nothing */
    }
    if (!(call->looks_again && result == CF_RSP_LOCK_HELD)) {
        call->conn->requests++;
        if (call->contentions | call->false_contentions)
            count_contention(call);
        cf_report_counts(call, s);
        cf_count(s, kind, result, &served);
    }
    bool grow = call->became_full && s->autoalter;
    uint32_t id = cf_slot_id(call->cf, slot);
    cf_slot_unlock(slot);
    if (grow)
        cf_alter_auto(call->cf, id);
    if (served.from_dead)
        cf_reap(call->cf);
    return result;
}

/* The holder of the lock is in another process, and would not have to wait for this one. */
static bool runs_elsewhere(const struct cf_call *call)
{
    const struct cf_attachment *attachments = call->cf->attachments;
    return call->contender != UINT32_MAX && attachments[call->contender].pid != attachments[call->cf->attachment].pid;
}

/* A lock is held for a few commands, some microseconds. Who stands in its queue sleeps, is handed the lock, and everybody else
 * waits until he has woken up: so first look again, less and less often, for as long as a sleep takes, and as the caller may
 * stand still. Nobody is overtaken by that: a lock with a queue goes from its holder to the first of the queue, and is never
 * found free. The holder may be in want of this very processor. */
static int execute_patiently(struct cf_call *call, int (*command)(struct cf_call *), enum cf_stat_command kind)
{
    int result = CF_RSP_LOCK_HELD;
    uint64_t until_ns = 0;
    call->looks_again = call->mcb[MCB_LOCKOPER] == CF_LOCK_SET && call->mcb[MCB_LOCKMODE] == CF_LOCKMODE_UNCOND;
    for (unsigned pauses = PAUSES_FIRST; call->looks_again; pauses = pauses < PAUSES_MAX ? pauses * 2 : PAUSES_MAX) {
        call->contender = UINT32_MAX;
        result = execute(call, command, kind);
        if (result != CF_RSP_LOCK_HELD)
            return result;
        uint64_t now_ns = cf_clock_ns(CLOCK_MONOTONIC);
        if (until_ns == 0)
            until_ns = now_ns + (call->wait_us < LOOK_US ? call->wait_us : LOOK_US) * 1000u;
        call->looks_again = runs_elsewhere(call) && now_ns < until_ns;
        for (unsigned i = 0; i < pauses && call->looks_again; i++)
            cf_pause_processor();
        if (call->looks_again)
            sched_yield();
    }
    call->contender = UINT32_MAX;
    return execute(call, command, kind);
}

/* The same, but a lock that a dead process holds is freed first. Who stands in the queue gets it by that. */
static int execute_with_lock(struct cf_call *call, int (*command)(struct cf_call *), enum cf_stat_command kind)
{
    int result = execute_patiently(call, command, kind);
    if (call->contender == UINT32_MAX || !cf_attachment_dead(call->cf, call->contender))
        return result;
    cf_reap(call->cf);
    return result == CF_RSP_LOCK_HELD ? execute(call, command, kind) : result;
}

/* The same for lock table operations: those in the way may be dead, and then their shared interest ends, or they show as
 * failed. The operations of PROCESSMULT are done by then; its caller repeats those that met contention. */
static int execute_with_table(struct cf_call *call, int (*command)(struct cf_call *), enum cf_stat_command kind)
{
    int result = execute(call, command, kind);
    bool dead = false;
    if (!cf_wakes_any(&call->contenders))
        return result;
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX / 64; i++)
        for (uint64_t set = call->contenders.set[i]; set != 0; set &= set - 1)
            dead |= cf_attachment_dead(call->cf, i * 64 + (uint32_t)__builtin_ctzll(set));
    if (!dead)
        return result;
    cf_reap(call->cf);
    return result == CF_RSP_LOCK_CONTENTION ? execute(call, command, kind) : result;
}

static int identify(struct cf_call *call)
{
    const struct cf_header *header = call->cf->header;
    uint8_t *own = call->mrb + MRB_OWN;
    if (cf_half_failed(call->cf, call->cf->own))
        return CF_RSP_CF_FAILED;
    memcpy(own + IDENTIFY_NAME, header->cfname, 8);
    put_be32(own + IDENTIFY_LEVEL, CF_LEVEL);
    put_be64(own + IDENTIFY_SIZE_KIB, (uint64_t)header->increments * (CF_INCREMENT / 1024));
    put_be64(own + IDENTIFY_FREE_KIB,
             (uint64_t)__atomic_load_n(&header->increments_free, __ATOMIC_RELAXED) * (CF_INCREMENT / 1024));
    return 0;
}

static int dispatch(struct cf_call *call)
{
    switch (get_be16(call->mcb + MCB_COMMAND)) {
    case CF_CMD_LIST_READ:
        return execute_with_lock(call, cf_command_read, CF_STAT_READ);
    case CF_CMD_LIST_WRITE:
        return execute_with_lock(call, cf_command_write, CF_STAT_WRITE);
    case CF_CMD_LIST_DELETE:
        return execute_with_lock(call, cf_command_delete, CF_STAT_DELETE);
    case CF_CMD_LIST_LOCK:
        return execute_with_lock(call, cf_command_lock, CF_STAT_LOCK);
    case CF_CMD_LIST_MONITOR:
        return execute(call, cf_command_monitor, CF_STAT_MONITOR);
    case CF_CMD_LIST_READ_LIST:
        return execute_with_lock(call, cf_command_read_list, CF_STAT_READ_LIST);
    case CF_CMD_LIST_READ_MULT:
        return execute_with_lock(call, cf_command_read_mult, CF_STAT_READ_MULT);
    case CF_CMD_LIST_MOVE:
        return execute_with_lock(call, cf_command_move, CF_STAT_MOVE);
    case CF_CMD_LIST_DELETE_MULT:
        return execute_with_lock(call, cf_command_delete_mult, CF_STAT_DELETE_MULT);
    case CF_CMD_LIST_DELETE_ENTRYLIST:
        return execute_with_lock(call, cf_command_delete_entrylist, CF_STAT_DELETE_ENTRYLIST);
    case CF_CMD_LIST_READ_LCONTROLS:
        return execute_with_lock(call, cf_command_read_lcontrols, CF_STAT_LCONTROLS);
    case CF_CMD_LIST_WRITE_LCONTROLS:
        return execute_with_lock(call, cf_command_write_lcontrols, CF_STAT_LCONTROLS);
    case CF_CMD_LIST_MONITOR_SUBLIST:
        return execute(call, cf_command_monitor_sublist, CF_STAT_SUBLIST);
    case CF_CMD_LIST_MONITOR_SUBLISTS:
        return execute(call, cf_command_monitor_sublists, CF_STAT_SUBLIST);
    case CF_CMD_LIST_READ_EMCONTROLS:
        return execute(call, cf_command_read_emcontrols, CF_STAT_SUBLIST);
    case CF_CMD_LIST_MONITOR_EVENTQ:
        return execute(call, cf_command_monitor_eventq, CF_STAT_EVENTQ);
    case CF_CMD_LIST_READ_EQCONTROLS:
        return execute(call, cf_command_read_eqcontrols, CF_STAT_EVENTQ);
    case CF_CMD_LIST_DEQ_EVENTQ:
        return execute(call, cf_command_deq_eventq, CF_STAT_EVENTQ);
    case CF_CMD_VECTOR_READ:
        return execute(call, cf_command_vector, CF_STAT_VECTOR);
    case CF_CMD_LOCK_OBTAIN:
        return execute_with_table(call, cf_command_obtain, CF_STAT_OBTAIN);
    case CF_CMD_LOCK_ALTER:
        return execute_with_table(call, cf_command_alter, CF_STAT_ALTER);
    case CF_CMD_LOCK_RELEASE:
        return execute(call, cf_command_release, CF_STAT_RELEASE);
    case CF_CMD_LOCK_PROCESSMULT:
        return execute_with_table(call, cf_command_processmult, CF_STAT_PROCESSMULT);
    case CF_CMD_LOCK_READBYCONN:
        return execute(call, cf_command_lock_readbyconn, CF_STAT_RDATA);
    case CF_CMD_RDATA_READ:
        return execute(call, cf_command_rdata_read, CF_STAT_RDATA);
    case CF_CMD_RDATA_READALL:
        return execute(call, cf_command_rdata_readall, CF_STAT_RDATA);
    case CF_CMD_RDATA_READBYCONN:
        return execute(call, cf_command_rdata_readbyconn, CF_STAT_RDATA);
    case CF_CMD_RDATA_DELETE:
        return execute(call, cf_command_rdata_delete, CF_STAT_RDATA);
    case CF_CMD_RDATA_DELETEBYCONN:
        return execute(call, cf_command_rdata_deletebyconn, CF_STAT_RDATA);
    case CF_CMD_CONNECT:
        return cf_command_connect(call);
    case CF_CMD_DISCONNECT:
        return cf_command_disconnect(call);
    case CF_CMD_RESPOND:
        return cf_command_respond(call);
    case CF_CMD_FORCE:
        return cf_command_force(call);
    case CF_CMD_FENCE:
        return cf_command_fence(call);
    case CF_CMD_RESET:
        return cf_command_reset(call);
    case CF_CMD_DUPLEX_START:
        return cf_command_duplex_start(call);
    case CF_CMD_DUPLEX_STOP:
        return cf_command_duplex_stop(call);
    case CF_CMD_REBUILD:
        return cf_command_rebuild(call);
    case CF_CMD_REBUILD_START:
        return cf_command_rebuild_start(call);
    case CF_CMD_REBUILD_RESPOND:
        return cf_command_rebuild_respond(call);
    case CF_CMD_REBUILD_STOP:
        return cf_command_rebuild_stop(call);
    case CF_CMD_ALTER:
        return cf_command_alter_structure(call);
    case CF_CMD_READ_STRUCTURE:
        return cf_command_read_structure(call);
    case CF_CMD_IDENTIFY:
        return identify(call);
    default:
        return CF_RSP_BAD_COMMAND;
    }
}

void cf_message_within(struct cf *cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap,
                       uint32_t wait_us)
{
    if (__builtin_expect(cf->remote != NULL, 0)) {
        cf->remote->message(cf, mcb, out, out_len, mrb, in, in_cap);
        return;
    }
    memset(mrb, 0, CF_MRB_SIZE);
    struct cf_call call = {
        .cf = cf,
        .mcb = mcb,
        .out = out,
        .out_len = out_len,
        .mrb = mrb,
        .in = in,
        .in_cap = in_cap,
        .wait_us = wait_us,
    };
    int response = dispatch(&call);
    put_be16(mrb + MRB_RESPONSE, (uint16_t)response);
    if (cf_wakes_any(&call.wakes))
        cf_wake(cf, &call.wakes);
    cf_duplex_tell();
}

void cf_message(struct cf *cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap)
{
    cf_message_within(cf, mcb, out, out_len, mrb, in, in_cap, CF_WAIT_US);
}
