/* See sim.h: one seed. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/clp/clp_private.h"
#include "stack/sim/sim.h"
#include "stack/sim/sim_model.h"

struct sim_plan sim_plan;
struct sim_result sim_result;
uint64_t sim_step, sim_lull_us;
enum sim_phase sim_phase;
unsigned sim_round;

static const struct sim_options *options;
static struct simulator_faults faults;      /* of the chaos; an audit has none */
static bool deaths;                         /* has anybody died in this seed? */

#define AUDIT_STEPS_MAX 3000000u
#define CHECK_STEPS 25000u                  /* between two walks through the whole CF */

void sim_violation(const char *format, ...)
{
    va_list arguments;

    if (sim_result.violated)
        return;
    sim_result.violated = true;
    sim_result.step = sim_step;
    va_start(arguments, format);
    vsnprintf(sim_result.what, sizeof sim_result.what, format, arguments);
    va_end(arguments);
    simulator_note("VIOLATION: %s", sim_result.what);
    simulator_trace = NULL;             /* what comes now is only the end of the run */
}

static void failed(const char *what)
{
    sim_violation("%s", what);
}

/* --- what this seed is about ------------------------------------------------------------------------------------------ */

static uint32_t one_of(const uint32_t *values, unsigned count)
{
    return values[simulator_below(count)];
}
#define ONE_OF(...) one_of((const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* Not every fault in every seed: where less happens, other things do. */
static void plan_faults(void)
{
    struct sim_plan *p = &sim_plan;
    uint32_t delayed = ONE_OF(20000, 100000, 500000), delay_us = ONE_OF(300, 20000, 2000000), busy = ONE_OF(500, 5000, 50000);

    p->faults = SIM_BIND;
    for (unsigned kind = SIM_KILL; kind < SIM_BIND; kind *= 2)
        p->faults |= simulator_below(100) < 65 ? kind : 0;
    if (simulator_below(100) >= 10)
        p->faults &= ~(unsigned)SIM_LOSE_CF;
    if (simulator_below(100) >= 30)
        p->faults &= ~(unsigned)SIM_LIVE;
    p->kill_ppm = ONE_OF(100, 300, 1000);
    p->hang_ppm = ONE_OF(100, 300, 1000);
    p->live_ppm = ONE_OF(10000, 50000);
    p->profile_ppm = ONE_OF(10000, 50000);
    p->bind_ppm = ONE_OF(20000, 200000);
    if (p->facilities == 2) {
        p->faults |= SIM_MOVE | SIM_DUPLEX | (simulator_below(100) < 70 ? SIM_LOSE_CF : 0u);
        p->move_ppm = ONE_OF(50, 300, 2000);
        p->duplex_ppm = ONE_OF(0, 100, 1000);
    }
    p->faults &= options->faults;
    p->loss_ppm = p->faults & SIM_LOSE_CF ? 200 : 0;
    p->move_ppm *= (p->faults & SIM_MOVE) != 0;
    p->duplex_ppm *= (p->faults & SIM_DUPLEX) != 0;
    faults = (struct simulator_faults){ .broken = options->broken };
    if (p->faults & SIM_DELAY)
        faults.delayed_ppm = delayed, faults.delay_us_max = delay_us;
    if (p->faults & SIM_BUSY)
        faults.busy_ppm = busy;
    p->kill_ppm *= (p->faults & SIM_KILL) != 0;
    p->hang_ppm *= (p->faults & SIM_HANG) != 0;
    p->live_ppm *= (p->faults & SIM_LIVE) != 0;
    p->profile_ppm *= (p->faults & SIM_PROFILE) != 0;
    p->bind_ppm *= (p->faults & SIM_BIND) != 0;
}

static void plan(void)
{
    struct sim_plan *p = &sim_plan;
    uint32_t stacks = 2 + simulator_below(4);
    uint32_t store = ONE_OF(STORE_BITMAP, STORE_BITMAP, STORE_BITMAP, STORE_REVERSED, STORE_LISTS, STORE_CRHT, STORE_BROADCAST,
                            STORE_DISTRIBUTOR, STORE_CLUSTERWIDE);

    p->facilities = options->facilities;
    p->stacks = options->stacks ? options->stacks : stacks;
    p->clusterports = (struct profile_clusterports){
        .on = true,
        .blocksize = (uint16_t)ONE_OF(1, 1, 4, 16, 64, 64, 128),
        .store = options->store >= 0 ? (enum profile_store)options->store : (enum profile_store)store,
    };
    p->backups = simulator_below(2);
    p->explicit_pool = simulator_below(2);
    p->low = (uint16_t)(1024 + simulator_below(1024));
    bool few = simulator_below(2) || p->clusterports.store == STORE_BROADCAST || p->clusterports.store == STORE_DISTRIBUTOR;
    p->ports = (uint16_t)(32 + simulator_below(few ? 96 : SIM_PORTS_MAX - 31));     /* asking for the last of many takes its time */
    uint32_t quota = p->ports / 3u / p->clusterports.blocksize * p->clusterports.blocksize;
    if (simulator_below(5) == 0)
        p->clusterports.quota = quota;
    p->timewait_s = ONE_OF(0, 0, 1, 5, 60);
    p->destinations = 1 + simulator_below(6);
    p->hold_us_max = ONE_OF(1000, 100000, 3000000, 30000000);
    plan_faults();
}

/* --- faults ------------------------------------------------------------------------------------------------------------ */

static bool alive(unsigned n)
{
    return sim_systems[n].state == SIM_UP;
}

static void come_back_later(struct sim_system *s, uint64_t us_max)
{
    s->resume_us = platform_clock_us() + 1 + simulator_random() % us_max;
}

static void kill(unsigned n)
{
    sim_kill(n);
    deaths = true;
    come_back_later(&sim_systems[n], simulator_below(2) ? 50000 : 5000000);
}

static void hang(unsigned n)
{
    struct sim_system *s = &sim_systems[n];

    s->state = SIM_HUNG;
    s->doomed = sim_plan.faults & SIM_FENCE && simulator_below(2);
    come_back_later(s, ONE_OF(1000, 50000, 3000000));
    simulator_note("%s stops%s%s", s->name, s->request ? " in the middle of: " : "", s->request ? s->request : "");
    sim_result.hangs++;
}

static void fault(void)
{
    unsigned n = 1 + simulator_below(sim_plan.stacks);

    if (simulator_chance(sim_plan.kill_ppm) && alive(n)) {
        kill(n);
        sim_result.kills++;
    }
    if (simulator_chance(sim_plan.hang_ppm) && alive(n))
        hang(n);
    if (simulator_chance(1000))
        sim_lull_us = platform_clock_us() + ONE_OF(10000, 500000, 10000000);
    sim_cf_fault();
}

/* What time brings: a system that stands goes on, or is fenced; one that is down is IPLed. */
static void resume(struct sim_system *s)
{
    if (s->state == SIM_DOWN) {
        sim_ipl(s->number);
    } else if (s->doomed) {
        sim_fence(s->number);
        deaths = true;
        s->zombie_steps = simulator_below(100);
        sim_result.fences++;
    } else {
        simulator_note("%s goes on", s->name);
        if (s->request)
            s->request_us = platform_clock_us();
        s->state = SIM_UP;
    }
}

static void timers(bool ipls)
{
    sim_cf_time();
    for (unsigned n = 1; n <= sim_plan.stacks; n++) {
        struct sim_system *s = &sim_systems[n];

        if (((s->state == SIM_DOWN && ipls) || s->state == SIM_HUNG) && s->resume_us <= platform_clock_us())
            resume(s);
        if (s->state == SIM_FENCED && s->zombie_steps == 0)
            kill(n);
    }
}

/* --- steps --------------------------------------------------------------------------------------------------------------- */

static bool runs(unsigned n)
{
    return sim_systems[n].state == SIM_UP || sim_systems[n].state == SIM_FENCED;
}

static unsigned choose(void)
{
    unsigned first = simulator_below(sim_plan.stacks);

    for (unsigned i = 0; i < sim_plan.stacks; i++) {
        unsigned n = 1 + (first + i) % sim_plan.stacks;

        if (runs(n) && simulator_ready(n))
            return n;
    }
    return 0;
}

/* Nobody can do anything: on to when something happens. In an audit nobody is IPLed: if all are dead, time just passes. */
static void jump(bool ipls)
{
    uint64_t next = UINT64_MAX;
    bool anybody = false;

    for (unsigned n = 1; n <= sim_plan.stacks; n++) {
        const struct sim_system *s = &sim_systems[n];
        uint64_t at = runs(n) ? simulator_wakes_us(n) : s->state == SIM_HUNG || ipls ? s->resume_us : UINT64_MAX;

        next = at < next ? at : next;
        anybody = anybody || s->state != SIM_DOWN;
    }
    if (next == UINT64_MAX && !anybody && !ipls)
        simulator_pass(1000000);
    else if (next == UINT64_MAX)
        sim_violation("nothing will ever happen again");
    else if (next > platform_clock_us())
        simulator_pass(next - platform_clock_us());
}

static void check_request(struct sim_system *s)
{
    if (!s->request)
        return;
    if (platform_clock_us() - s->request_us > SIM_REQUEST_US || ++s->request_steps > SIM_REQUEST_STEPS)
        sim_violation("%s has had no answer for %.1f s and %llu steps: %s", s->name,
                      (double)(platform_clock_us() - s->request_us) / 1e6, (unsigned long long)s->request_steps, s->request);
}

/* The structures were there: a stack that was IPLed at all must have joined. */
static void run(unsigned n)
{
    struct sim_system *s = &sim_systems[n];

    simulator_run(n);
    if (s->state == SIM_UP) {
        model_step(n);
        check_request(s);
    } else {
        s->zombie_steps -= s->zombie_steps != 0;
    }
}

static void trace_line(const char *line)
{
    printf("%8llu %s\n", (unsigned long long)sim_step, line);
}

static void step(bool chaos)
{
    sim_step++;
    if (sim_step >= options->trace_from && !sim_result.violated)
        simulator_trace = trace_line;
    simulator_pass(1 + simulator_below(3));
    if (chaos)
        fault();
    timers(chaos);
    unsigned n = choose();
    if (n)
        run(n);
    else
        jump(chaos);
    if (sim_step % CHECK_STEPS == 0)
        sim_cf_check();
}

/* --- audits ---------------------------------------------------------------------------------------------------------- */

static bool all_done(void)
{
    for (unsigned n = 1; n <= sim_plan.stacks; n++)
        if (sim_systems[n].state == SIM_HUNG || sim_systems[n].state == SIM_FENCED ||
            (alive(n) && sim_systems[n].audit_round != sim_round))
            return false;
    return true;
}

/* One part of an audit on every system that lives, and then some time. */
static void part(enum sim_phase phase, uint64_t settle_us)
{
    uint64_t until_step = sim_step + AUDIT_STEPS_MAX;

    sim_phase = phase;
    sim_round++;
    simulator_note("audit: %s", phase == SIM_CLOSING ? "everything is closed" : phase == SIM_TAKING ? "all ports are taken" : "and given back");
    while (!sim_result.violated && !all_done() && sim_step < until_step)
        step(false);
    uint64_t until_us = platform_clock_us() + settle_us;
    while (!sim_result.violated && platform_clock_us() < until_us && sim_step < until_step)
        step(false);
    if (sim_step >= until_step)
        sim_violation("an audit has not ended after %u steps", AUDIT_STEPS_MAX);
}

/* Can all ports of the address be got back by those who live? */
static bool complete(uint32_t address)
{
    const struct profile_clusterports *c = &sim_plan.clusterports;
    unsigned living = 0, has = 0, on = 0;
    bool distributor = false;

    for (unsigned n = 1; n <= sim_plan.stacks; n++) {
        if (!alive(n))
            continue;
        const struct clp_table *t = clp_find(&sim_systems[n].stack->clp, address);
        const struct vipa_dvipa *d = vipa_find(&sim_systems[n].stack->vipa, address);
        living++;
        has += t != NULL;
        on += t && t->clusterports.on;
        distributor |= d && vipa_is_distributed(d) && d->owner == n;
    }
    if (sim_cf_lost || has == 0 || on != has || c->store == STORE_CRHT || (c->store == STORE_CLUSTERWIDE && deaths) ||
        (c->store == STORE_DISTRIBUTOR && !distributor))
        return false;
    return c->quota == 0 || has * c->quota >= sim_plan.ports + living * c->blocksize;
}

static void audit(void)
{
    simulator_faults = (struct simulator_faults){ .broken = faults.broken };
    for (unsigned n = 1; n <= sim_plan.stacks; n++)
        if (sim_systems[n].state == SIM_HUNG)
            sim_systems[n].resume_us = platform_clock_us();
    part(SIM_CLOSING, 3000000);
    part(SIM_TAKING, 0);
    for (unsigned i = 0; i < SIM_DVIPAS && !sim_result.violated; i++)
        if (complete(sim_dvipa(i)))
            model_all_taken(sim_dvipa(i));
    part(SIM_GIVING, 0);
    if (!sim_result.violated)
        sim_cf_check();
    if (!sim_result.violated && model_open())
        sim_violation("%u connections are open after all have been closed", model_open());
    sim_result.audits++;
    sim_phase = SIM_CHAOS;
    simulator_faults = faults;
}

/* --- one seed ------------------------------------------------------------------------------------------------------------ */

static void begin(void)
{
    memset(&sim_result, 0, sizeof sim_result);
    memset(&sim_plan, 0, sizeof sim_plan);
    memset(sim_systems, 0, sizeof sim_systems);
    sim_step = sim_lull_us = 0;
    sim_phase = SIM_CHAOS;
    sim_round = 0;
    deaths = false;
    simulator_trace = options->trace_from == 0 ? trace_line : NULL;
    simulator_failed = failed;
    simulator_reset(options->seed);
    plan();
    model_reset(sim_plan.low + sim_plan.ports + 64u);
    sim_cf_start();
    simulator_faults = faults;
    for (unsigned n = 1; n <= sim_plan.stacks; n++) {
        sim_systems[n].number = n;
        come_back_later(&sim_systems[n], 300000);
    }
    sim_result.stacks = sim_plan.stacks;
    sim_result.store = sim_plan.clusterports.store;
}

static void end(void)
{
    for (unsigned n = 1; n <= sim_plan.stacks; n++)
        if (sim_systems[n].state != SIM_DOWN)
            sim_kill(n);
    sim_cf_end();
}

struct sim_result sim_run(const struct sim_options *of)
{
    options = of;
    begin();
    uint64_t started = platform_clock_us(), next_audit = 3000 + simulator_below(9000);
    while (!sim_result.violated && sim_step < options->steps) {
        step(true);
        if (sim_step < next_audit)
            continue;
        audit();
        next_audit = sim_step + 3000 + simulator_below(9000);
    }
    if (!sim_result.violated)
        audit();
    if (!sim_result.violated)
        sim_result.step = sim_step;
    sim_result.virtual_us = platform_clock_us() - started;
    struct sim_result result = sim_result;
    end();
    return result;
}
