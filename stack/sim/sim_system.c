/* A system of the simulated sysplex: its life, and its main line, which is what stack/image/main.c is to an image. */
#include "stack/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf.h"
#include "stack/sim/sim_model.h"

struct sim_system sim_systems[SIM_STACKS_MAX + 1];

#define IDLE_US 500000u             /* the main line of an idle image still comes round this often */

/* --- requests ------------------------------------------------------------------------------------------------------- */

void sim_request(struct sim_system *s, const char *what)
{
    s->resting = false;
    s->request = what;
    s->request_us = platform_clock_us();
    s->request_steps = 0;
    simulator_note("%s", what);
}

void sim_answered(struct sim_system *s)
{
    s->request = NULL;
}

/* --- what the stack asks of its image ------------------------------------------------------------------------------- */

static void on_activate(void *context, uint32_t address, uint32_t mask, bool advertise)
{
    (void)context, (void)address, (void)mask, (void)advertise;
}

static void on_deactivate(void *context, uint32_t address)
{
    (void)context, (void)address;
}

static void on_deliver(void *context, const uint8_t *packet, uint32_t length)
{
    (void)context, (void)packet, (void)length;
}

/* As an image does it: what a system leaves is recovered when the sysplex says that it is gone. */
static void on_gone(void *context, const char *system, uint8_t number)
{
    struct sim_system *s = context;

    simulator_note("recovers %s", system);
    model_recovered(number);
    stack_recover(s->stack, system, number);
}

static void each_connection(void *context, uint32_t address, vipa_connection_fn *use, void *argument)
{
    const struct sim_system *s = context;

    for (unsigned i = 0; i < s->connections_used; i++) {
        const struct clp_tuple *t = &s->connections[i].tuple;
        const struct vipa_tuple tuple = { .peer = t->destination, .port = t->port, .peer_port = t->dport };

        if (s->connections[i].open && t->source == address)
            use(argument, &tuple, false);
    }
}

static const struct stack_ops calls = {
    .activate = on_activate, .deactivate = on_deactivate, .deliver = on_deliver, .connections = each_connection, .gone = on_gone,
};

static void on_attention(void *context)
{
    struct sim_system *s = context;

    stack_attention(s->stack);
    platform_post(&s->work);
}

/* --- the main line --------------------------------------------------------------------------------------------------- */

static void rest(struct sim_system *s, uint64_t polled_us)
{
    uint64_t now = platform_clock_us(), until = s->hold_off_us > sim_lull_us ? s->hold_off_us : sim_lull_us;

    if (sim_phase != SIM_CHAOS || until > now + IDLE_US)
        until = now + IDLE_US;
    if (until > polled_us)
        until = polled_us;
    model_rests(s->number);
    s->resting = true;
    (void)platform_wait(&s->work, until > now ? until - now : 0);
    s->resting = false;
}

/* Parts of an audit, each once. */
static void audit(struct sim_system *s)
{
    if (s->audit_round == sim_round)
        return;
    if (sim_phase == SIM_TAKING)
        sim_work_take_all(s);
    else
        sim_work_close_all(s);
    s->audit_round = sim_round;
}

static void main_line(void *context)
{
    struct sim_system *s = context;
    const struct stack_identity identity = { .system = s->name, .number = (uint8_t)s->number };

    sim_request(s, "start of the stack");
    (void)stack_start(s->stack, &identity, &s->profile, &calls, s);
    sim_answered(s);
    s->started = true;
    for (;;) {
        uint64_t again_us = stack_poll(s->stack);
        if (sim_phase == SIM_CHAOS)
            sim_work(s);
        else
            audit(s);
        rest(s, again_us);
    }
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

static void open_view(struct sim_system *s)
{
    int error = cf_open(sim_segment[0], s->name, &s->view);

    if (error != 0) {
        fprintf(stderr, "sim: %s: %s\n", sim_segment[0], strerror(-error));
        exit(2);
    }
}

void sim_ipl(unsigned n)
{
    struct sim_system *s = &sim_systems[n];

    memset(s, 0, sizeof *s);
    s->number = n;
    snprintf(s->name, sizeof s->name, "MVS%u", n);
    s->state = SIM_UP;
    s->stack = calloc(1, sizeof *s->stack);
    if (!s->stack) {
        fprintf(stderr, "sim: no storage for a stack of %zu bytes\n", sizeof *s->stack);
        exit(2);
    }
    sim_profile(s);
    open_view(s);
    simulator_note("IPL of %s", s->name);
    simulator_start(n, s->view, main_line, on_attention, s);
    model_recovered(n);             /* its next life puts back what the last one had */
    sim_result.ipls++;
}

/* Has it the structure with the ports of an address? Who decides without one remembers as long as it lives in the sysplex. */
static bool keeps(const struct stack *stack, enum profile_store store)
{
    return store == STORE_DISTRIBUTOR ? stack->xcf.connection != NULL
                                      : (store == STORE_LISTS ? stack->clp.lists : stack->clp.connection) != NULL;
}

static bool anybody(uint32_t address)
{
    enum profile_store store = address == CLP_EXPLICIT ? STORE_BITMAP : sim_plan.clusterports.store;

    for (unsigned n = 1; n <= sim_plan.stacks; n++) {
        const struct sim_system *s = &sim_systems[n];

        if ((s->state == SIM_UP || s->state == SIM_HUNG) && keeps(s->stack, store))
            return true;
    }
    return false;
}

/* Its applications and what they have are gone, and its ports are nobody's to use. */
static void die(struct sim_system *s)
{
    sim_forget(s);
    model_step(s->number);
    model_died(s->number, simulator_changed(s->number));
    s->request = NULL;
    s->resting = false;
}

static void end_of_state(struct sim_system *s, enum sim_state state)
{
    s->state = state;
    for (unsigned i = 0; i <= SIM_DVIPAS; i++) {
        if (!anybody(sim_address(i)))
            model_gone(sim_address(i));    /* the structure went with the last connection */
    }
}

static void bury(struct sim_system *s)
{
    simulator_drop(s->number);
    cf_close(s->view);
    s->view = NULL;
    free(s->stack);
    s->stack = NULL;
    end_of_state(s, SIM_DOWN);
}

void sim_kill(unsigned n)
{
    struct sim_system *s = &sim_systems[n];

    simulator_note("%s is killed%s%s", s->name, s->request ? " in the middle of: " : "", s->request ? s->request : "");
    if (s->state != SIM_FENCED)
        die(s);
    bury(s);
}

void sim_fence(unsigned n)
{
    struct sim_system *s = &sim_systems[n];

    simulator_note("%s is fenced%s%s", s->name, s->request ? " in the middle of: " : "", s->request ? s->request : "");
    die(s);
    cf_close(s->view);              /* its connections end: whatever it still sends is refused */
    open_view(s);
    simulator_fence(n, s->view);
    end_of_state(s, SIM_FENCED);
}
