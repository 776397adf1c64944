/* The simulated sysplex: whole stacks (stack/stack.h) and a real coupling facility in one process, on virtual time, from one
 * seed.
 *
 *   sim_main.c    what is asked for: seeds, steps, report, shrinking
 *   sim_run.c     one seed: the scheduler, the faults, the quiet times in which is counted
 *   sim_system.c  a system: IPL, kill, fence; its main line as a coroutine
 *   sim_cf.c      the coupling facilities: lost, active again; their structures moved and duplexed by an operator
 *   sim_work.c    what its applications do: connections, binds, a changing profile
 *   sim_model.c   what must be true, checked after each step from outside of the code under test
 *
 * A step is what one system does between two calls of the platform, or a fault. */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/platform/simulator.h"
#include "stack/profile/profile.h"
#include "stack/stack.h"

#define SIM_STACKS_MAX 8u
#define SIM_CONNECTIONS 1024u       /* of a system: an audit takes all ports of both addresses */
#define SIM_BUSY_CONNECTIONS 200u   /* that its applications have open at once */
#define SIM_PORTS_MAX 448u          /* of EPHEMERALPORTS */
#define SIM_BINDS 8u
#define SIM_REQUEST_US 30000000u    /* every request has its answer within this time, that the system is held up not counted */
#define SIM_REQUEST_STEPS 200000u   /* and within so many of its steps */

/* Kinds of fault. */
enum {
    SIM_KILL = 1, SIM_HANG = 2, SIM_FENCE = 4, SIM_DELAY = 8, SIM_BUSY = 16, SIM_LOSE_CF = 32, SIM_PROFILE = 64, SIM_LIVE = 128,
    SIM_BIND = 256, SIM_MOVE = 512, SIM_DUPLEX = 1024,     /* the last two with two coupling facilities only */
    SIM_ALL_FAULTS = 2047,
};

struct sim_options {
    uint64_t seed;
    uint64_t steps;
    unsigned stacks;                /* 2 .. SIM_STACKS_MAX; 0 = the seed says */
    unsigned facilities;            /* 1 .. SIM_FACILITIES; with two no loss leaves the systems without one */
    int store;                      /* enum profile_store; -1 = the seed says */
    unsigned faults;                /* SIM_KILL | ...: which may come */
    enum simulator_break broken;
    uint64_t trace_from;            /* trace to standard output from this step on, UINT64_MAX = never */
};

struct sim_result {
    bool violated;
    uint64_t step;                  /* of the violation, else steps done */
    char what[256];
    /* how it was */
    unsigned stacks;
    enum profile_store store;
    uint64_t connections, refused, kills, hangs, fences, ipls, audits, obeys, losses, rebuilds;
    uint64_t virtual_us;
};

/* One seed. */
struct sim_result sim_run(const struct sim_options *options);

/* What the seed has chosen for this run. */
struct sim_plan {
    unsigned stacks, facilities;
    struct profile_clusterports clusterports;
    bool backups, explicit_pool;
    uint16_t low, ports;            /* of EPHEMERALPORTS at the start */
    uint32_t timewait_s;
    unsigned destinations;
    uint32_t hold_us_max;
    unsigned faults;
    uint32_t kill_ppm, hang_ppm, live_ppm, profile_ppm, bind_ppm, loss_ppm, move_ppm, duplex_ppm;
};

/* --- systems ------------------------------------------------------------------------------------------------------- */

enum sim_state { SIM_DOWN, SIM_UP, SIM_HUNG, SIM_FENCED };

struct sim_connection {
    bool open;
    bool closing;                   /* TIME_WAIT, or what comes before it */
    struct clp_tuple tuple;
    const struct sim_bind *bind;    /* of its socket, NULL = none */
    uint64_t due_us;                /* next change of its state */
};

struct sim_bind {
    bool bound;
    struct sim_connection *connection;      /* NULL: none yet. A socket connects once */
    uint32_t address;
    uint16_t port;
    uint64_t due_us;
};

struct sim_system {
    enum sim_state state;
    unsigned number;
    char name[NAME_LEN + 1];
    struct stack *stack;
    struct cf *view;
    struct profile profile, before;
    bool resting;                   /* on its main line between two requests */
    bool started;                   /* stack_start() has returned */
    struct ecb work;                /* wakes the main line */
    uint64_t resume_us;             /* HUNG: then it goes on or is fenced; DOWN: then it is IPLed; 0 = not at all */
    bool doomed;                    /* HUNG: is fenced then */
    unsigned zombie_steps;          /* FENCED: that it still does */
    const char *request;            /* what is waited for, NULL = nothing */
    uint64_t request_us, request_steps;
    uint64_t hold_off_us;           /* its applications are idle until then */
    struct sim_connection connections[SIM_CONNECTIONS];
    unsigned connections_used;      /* none at or above this one is open */
    struct sim_bind binds[SIM_BINDS];
    unsigned audit_round;           /* the last round of an audit that it has dealt with */
};

extern struct sim_plan sim_plan;
extern struct sim_system sim_systems[SIM_STACKS_MAX + 1];   /* by number */
extern struct sim_result sim_result;
extern uint64_t sim_step;

#define SIM_DVIPAS 2u
uint32_t sim_dvipa(unsigned i);                     /* 10.1.1.1, 10.1.1.2 */
uint32_t sim_address(unsigned i);                   /* the same, and behind them the explicit-bind pool */

/* IPL of system n; also again. Its death at once: killed, or by the fence, after which a zombie may try on for a while. */
void sim_ipl(unsigned n);
void sim_kill(unsigned n);
void sim_fence(unsigned n);

/* A request of an application begins and ends: it must have its answer in time. */
void sim_request(struct sim_system *s, const char *what);
void sim_answered(struct sim_system *s);

/* Close what system n has open, whether it is there any more or not. */
void sim_forget(struct sim_system *s);

/* --- what the applications do, on the main line of their system ---------------------------------------------------------- */

/* One thing that is to be done now. */
void sim_work(struct sim_system *s);

/* Parts of an audit: close everything; take every port that can be had. */
void sim_work_close_all(struct sim_system *s);
void sim_work_take_all(struct sim_system *s);

/* The profile of a system as it stands at its IPL. Parsed into s->profile. */
void sim_profile(struct sim_system *s);

/* An OBEYFILE by chance; live: CLUSTERPORTS come and go. */
void sim_obey(struct sim_system *s, bool live);

/* --- one seed ------------------------------------------------------------------------------------------------------ */

enum sim_phase { SIM_CHAOS, SIM_CLOSING, SIM_TAKING, SIM_GIVING };
extern enum sim_phase sim_phase;
extern unsigned sim_round;          /* counts the parts of audits */
extern uint64_t sim_lull_us;        /* nobody opens anything until then */

/* Something is not as it must be. The first one counts. */
void sim_violation(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- coupling facilities ------------------------------------------------------------------------------------------- */

#define SIM_FACILITIES 2u
extern char sim_segment[SIM_FACILITIES][40];
extern bool sim_cf_lost;            /* for good: there is no other one */

void sim_cf_start(void);
void sim_cf_end(void);
void sim_cf_remove(void);           /* only that: also in a signal handler */
void sim_cf_check(void);            /* walk through all of them */
void sim_cf_fault(void);            /* by chance */
void sim_cf_time(void);             /* what has failed is active again after a time */

#endif
