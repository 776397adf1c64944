#include "stack/tests/core_plex.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plex plex;
char plex_wto[4096];
const char *const plex_names[PLEX_STACKS - 1] = { "MVS1", "MVS2", "MVS3", "MVS4" };

unsigned plex_timeout_s = 60;

static pid_t runner_pid;

static void note_wto(const char *text)
{
    size_t used = strlen(plex_wto);

    snprintf(plex_wto + used, sizeof plex_wto - used, "%s\n", text);
}

static struct plex_event *event(void *context)
{
    struct plex_system *s = context;

    return &s->events[s->event_count++ % 16];
}

static void on_activate(void *context, uint32_t address, uint32_t mask, bool advertise)
{
    (void)mask;
    *event(context) = (struct plex_event){ .kind = ACTIVATED, .address = address, .advertise = advertise };
}

static void on_deactivate(void *context, uint32_t address)
{
    *event(context) = (struct plex_event){ .kind = DEACTIVATED, .address = address };
}

static void on_deliver(void *context, const uint8_t *packet, uint32_t length)
{
    struct plex_event *e = event(context);

    *e = (struct plex_event){ .kind = DELIVERED, .address = length };
    memcpy(e->packet, packet, length < sizeof e->packet ? length : sizeof e->packet);
}

static void on_scan(void *context, uint32_t address, void (*use)(void *argument, uint16_t port), void *argument)
{
    const struct plex_system *s = context;

    (void)address;
    for (unsigned i = 0; i < 4 && s->scan[i]; i++)
        use(argument, s->scan[i]);
}

static void on_connections(void *context, uint32_t address, vipa_connection_fn *use, void *argument)
{
    const struct plex_system *s = context;

    for (unsigned i = 0; i < 8 && s->connections[i].tuple.port; i++)
        if (s->connections[i].address == address)
            use(argument, &s->connections[i].tuple, s->connections[i].accepted);
}

static bool on_in_use(void *context, uint32_t address)
{
    const struct plex_system *s = context;

    for (unsigned i = 0; i < 8 && s->connections[i].tuple.port; i++)
        if (s->connections[i].address == address)
            return true;
    return false;
}

static void on_gone(void *context, const char *system, uint8_t number)
{
    if (plex.gone)
        plex.gone((unsigned)((struct plex_system *)context - plex.systems), system, number);
}

static const struct stack_ops ops = {
    .activate = on_activate, .deactivate = on_deactivate, .deliver = on_deliver, .scan = on_scan, .connections = on_connections,
    .in_use = on_in_use, .gone = on_gone,
};

static void default_profile(struct profile *p, unsigned n)
{
    memset(p, 0, sizeof *p);
    p->ephemeral_low = PORT_EPHEMERAL_LOW;
    p->ephemeral_high = PORT_EPHEMERAL_HIGH;
    p->timewait_s = TIMEWAIT_DEFAULT_S;
    p->dynamicxcf_address = XCF_ADDRESS(n);
}

static bool waiting[PLEX_STACKS];      /* inside platform_wait(), further down this thread's stack */

/* Who waits only reads what has come, as it does where it waits. */
static void settle_once(void)
{
    for (unsigned n = 1; n < PLEX_STACKS; n++) {
        if (!plex.systems[n].stack)
            continue;
        plex_select(n);
        host_platform_attend(0);
        if (plex.systems[n].stack->xes.waiting)
            xes_rebuild_work(&plex.systems[n].stack->xes);
        else if (waiting[n])
            xcf_drain(&plex.systems[n].stack->xcf);
        else
            (void)stack_poll(plex.systems[n].stack);
    }
}

/* The others run while one waits. */
static void idle(void)
{
    unsigned self = host_platform_selected();

    if (waiting[self])
        return;
    waiting[self] = true;
    settle_once();
    host_platform_select(self);
    waiting[self] = false;
}

void plex_setup(void)
{
    memset(&plex, 0, sizeof plex);
    memset(waiting, 0, sizeof waiting);
    plex_wto[0] = 0;
    snprintf(plex.segment, sizeof plex.segment, "coretest.%d.CF01", (int)runner_pid);
    snprintf(plex.segment2, sizeof plex.segment2, "coretest.%d.CF02", (int)runner_pid);
    (void)cf_remove(plex.segment);          /* of a test before this one that failed */
    (void)cf_remove(plex.segment2);
    ck_assert_int_eq(cf_create(plex.segment, "CF01", 64u << 20), 0);
    host_platform_on_wto(note_wto);
    host_platform_on_wait(idle);
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        default_profile(&plex.systems[n].profile, n);
}

void plex_pair(void)
{
    ck_assert_int_eq(cf_create(plex.segment2, "CF02", 64u << 20), 0);
    ck_assert_int_eq(cf_pair(plex.segment, plex.segment2), 0);
    plex.paired = true;
}

struct stack *plex_select(unsigned n)
{
    host_platform_select(n);
    return plex.systems[n].stack;
}

static void attention(void *context)
{
    stack_attention(context);
}

struct stack *plex_ipl(unsigned n)
{
    struct plex_system *s = &plex.systems[n];
    struct stack_identity identity = { .system = plex_names[n - 1], .number = (uint8_t)n };

    ck_assert_int_eq(cf_open(plex.segment, identity.system, &s->cf), 0);
    if (s->remote)
        cf_for_remote(s->cf, 1000);
    host_platform_select(n);
    host_platform_reset();
    host_platform_add_cf(s->cf);
    s->stack = calloc(1, sizeof *s->stack);
    s->event_count = 0;
    host_platform_on_attention(attention, s->stack);
    ck_assert_int_eq(stack_start(s->stack, &identity, &s->profile, &ops, s), 0);
    return s->stack;
}

void plex_kill(unsigned n)
{
    struct plex_system *s = &plex.systems[n];

    host_platform_select(n);
    host_platform_reset();
    cf_close(s->cf);
    free(s->stack);
    s->stack = NULL;
}

void plex_stop(unsigned n)
{
    stack_stop(plex_select(n));
    plex_kill(n);
}

void plex_settle(void)
{
    for (unsigned round = 0; round < 4; round++)
        settle_once();
}

void plex_define(unsigned n, uint32_t address, uint16_t blocksize)
{
    struct profile *p = &plex.systems[n].profile;
    struct profile_dvipa *d = &p->dvipas[p->dvipa_count++];

    d->address = address;
    d->mask = 0xFFFFFF00u;
    d->clusterports.on = blocksize != 0;
    d->clusterports.blocksize = blocksize;
}

void plex_distribute(unsigned n, uint32_t address)
{
    struct profile *p = &plex.systems[n].profile;
    struct profile_distribute *d = &p->distributes[p->distribute_count++];

    d->address = address;
    d->dest_all = true;
}

void plex_teardown(void)
{
    struct cf *cf;

    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (plex.systems[n].stack)
            plex_kill(n);
    ck_assert_int_eq(cf_open(plex.segment, "CHECK", &cf), 0);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_close(cf);
    ck_assert_int_eq(cf_remove(plex.segment), 0);
    if (plex.paired)
        ck_assert_int_eq(cf_remove(plex.segment2), 0);
}

int plex_main(TCase *tcase, const char *name)
{
    return plex_main_of(&tcase, 1, name);
}

int plex_main_of(TCase *const *cases, unsigned count, const char *name)
{
    Suite *suite = suite_create(name);
    SRunner *runner = srunner_create(suite);

    runner_pid = getpid();
    for (unsigned i = 0; i < count; i++) {
        tcase_add_checked_fixture(cases[i], plex_setup, plex_teardown);
        tcase_set_timeout(cases[i], plex_timeout_s);
        suite_add_tcase(suite, cases[i]);
    }
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (failed) {
        snprintf(plex.segment, sizeof plex.segment, "coretest.%d.CF01", (int)runner_pid);
        (void)cf_remove(plex.segment);      /* what the last failed one left */
        snprintf(plex.segment2, sizeof plex.segment2, "coretest.%d.CF02", (int)runner_pid);
        (void)cf_remove(plex.segment2);
    }
    return failed != 0;
}
