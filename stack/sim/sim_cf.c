/* See sim.h: the coupling facilities, and what happens to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf.h"
#include "stack/sim/sim.h"
#include "stack/sim/sim_model.h"

#define APART_US 20000000u          /* from one loss to the next: systems that stand go on before, and a rebuild ends */
#define AGAIN_US 100000u            /* a facility cannot be made active yet */

static const char *const names[SIM_FACILITIES] = { "CF01", "CF02" };
char sim_segment[SIM_FACILITIES][40];
bool sim_cf_lost;

static struct cf *observer;
static unsigned failed;             /* number + 1 of the facility that has failed, while there is another one */
static uint64_t back_us, next_loss_us;

static void must(int error, const char *what)
{
    if (error == 0)
        return;
    fprintf(stderr, "sim: %s in /dev/shm: %s\n", what, strerror(-error));
    exit(2);
}

/* The ports of systems that are dead come back with a rebuild: only what the living have is written into the new structure. */
static void on_wto(const char *text)
{
    if (!strstr(text, "IXC521I") || !strstr(text, "COMPLETED"))
        return;
    for (unsigned i = 0; i <= SIM_DVIPAS; i++)
        model_gone(sim_address(i));
    sim_result.rebuilds++;
}

void sim_cf_start(void)
{
    uint64_t mib = 18;              /* IXCSTR1, EZBEPORT, what the segment needs itself */

    if (sim_plan.clusterports.store == STORE_LISTS)
        mib += 16;
    if (sim_plan.clusterports.store == STORE_CRHT)
        mib += 32;
    mib *= sim_plan.facilities;     /* one of two can have the copies of a rebuild, too */
    failed = 0;
    sim_cf_lost = false;
    next_loss_us = 0;
    simulator_wto = on_wto;
    for (unsigned i = 0; i < sim_plan.facilities; i++) {
        snprintf(sim_segment[i], sizeof sim_segment[i], "sim.%d.%s", (int)getpid(), names[i]);
        must(cf_create(sim_segment[i], names[i], mib << 20), "coupling facility");
    }
    if (sim_plan.facilities == 2)
        must(cf_pair(sim_segment[0], sim_segment[1]), "a pair of coupling facilities");
    must(cf_open(sim_segment[0], "OBSERVER", &observer), "coupling facility");
}

void sim_cf_check(void)
{
    int findings = cf_check(observer, NULL);

    if (findings)
        sim_violation("the coupling facility has %d findings of cf_check()", findings);
}

void sim_cf_end(void)
{
    cf_close(observer);
    sim_cf_remove();
}

void sim_cf_remove(void)
{
    for (unsigned i = 0; i < sim_plan.facilities; i++)
        (void)cf_remove(sim_segment[i]);    /* it was there a moment ago */
}

/* What an operator asks of a structure. */
static void operate(const char *what, enum cf_command command, uint8_t options)
{
    const char *const structures[] = { "IXCSTR1", CLP_STRUCTURE, sim_plan.clusterports.store == STORE_LISTS ? "EZBPLIST" :
                                       sim_plan.clusterports.store == STORE_CRHT ? "EZBCRHT" : CLP_STRUCTURE };
    const char *structure = structures[simulator_below(3)];
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];

    put_be16(mcb + MCB_COMMAND, (uint16_t)command);
    mcb[MCB_OPTIONS] = options;
    xes_name(mcb + MCB_NAME, CF_NAME_SIZE, structure);
    cf_message(observer, mcb, NULL, 0, mrb, NULL, 0);
    simulator_note("%s of %s: %04X", what, structure, get_be16(mrb + MRB_RESPONSE));
}

static void lose(void)
{
    unsigned i = sim_plan.facilities == 1 ? 0 : simulator_below(2);

    simulator_note("%s fails", names[i]);
    sim_result.losses++;
    (void)cf_fail(sim_segment[i]);
    sim_cf_lost = sim_plan.facilities == 1;
    if (sim_cf_lost)
        return;
    failed = i + 1;
    back_us = platform_clock_us() + simulator_below(APART_US);
}

void sim_cf_fault(void)
{
    if (!sim_cf_lost && !failed && platform_clock_us() >= next_loss_us && simulator_chance(sim_plan.loss_ppm))
        lose();
    if (simulator_chance(sim_plan.move_ppm))
        operate("SETXCF START,REBUILD", CF_CMD_REBUILD_START, 0);
    if (!simulator_chance(sim_plan.duplex_ppm))
        return;
    if (simulator_below(2))
        operate("SETXCF START,REBUILD,DUPLEX", CF_CMD_DUPLEX_START, 0);
    else
        operate("SETXCF STOP,REBUILD,DUPLEX", CF_CMD_DUPLEX_STOP, simulator_below(2) ? CF_OPT_KEEP_NEW : 0);
}

void sim_cf_time(void)
{
    if (!failed || platform_clock_us() < back_us)
        return;
    if (cf_activate(sim_segment[failed - 1]) != 0) {
        back_us = platform_clock_us() + AGAIN_US;
        return;
    }
    simulator_note("%s is back", names[failed - 1]);
    failed = 0;
    next_loss_us = platform_clock_us() + APART_US;
}
