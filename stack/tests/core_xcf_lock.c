/* IXLLOCK whose negotiations go over XCF: contention between systems, deaths, systems that are back, what was said to an
 * earlier life. */
#include <stdlib.h>
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/tests/core_plex.h"
#include "stack/xcf/xcf_lock.h"

#define GROUP "IXCLO001"
#define SHR XES_LOCK_SHR
#define EXCL XES_LOCK_EXCL
#define OK IXLRSNCODEOK
#define ASYNCH IXLRSNCODEASYNCH
#define RESOURCE ((const uint8_t *)"SYSDSN  PROD.DATA")
#define RESOURCE_LENGTH 17u

static struct system {
    struct xes xes;
    struct xcf *xcf;
    struct xcf_lock *lock;
    struct cf *cf;
    unsigned completed, notified;
    uint32_t reason;            /* of the last completion */
    bool generous;              /* lets go when it is told that somebody waits */
} systems[PLEX_STACKS];

static uint8_t disposition;     /* CF_CONN_CONDISP_KEEP, or 0 */
static bool running[PLEX_STACKS];   /* inside settle_one(), further down the stack */

static uint32_t ask(unsigned n, uint8_t operation, uint8_t state);

static void on_complete(void *context, void *user, uint32_t reason)
{
    struct system *s = context;

    ck_assert_ptr_eq(user, s);
    s->completed++;
    s->reason = reason;
}

static void on_notify(void *context, void *user, uint32_t conid, uint8_t wanted)
{
    struct system *s = context;

    ck_assert_ptr_eq(user, s);
    ck_assert_uint_ne(conid, s->lock->connection->conid);
    ck_assert(wanted == SHR || wanted == EXCL);
    s->notified++;
    if (s->generous)
        ck_assert_uint_eq(ask((unsigned)(s - systems), XES_LOCK_RELEASE, 0), OK);
}

static const struct xes_lock_ops exits = { .complete = on_complete, .notify = on_notify };

static void on_attention(void *context)
{
    xes_attention(context);
}

static struct system *select_system(unsigned n)
{
    host_platform_select(n);
    return &systems[n];
}

static void settle_one(unsigned n)
{
    if (!systems[n].lock || running[n])
        return;
    running[n] = true;
    select_system(n);
    host_platform_attend(0);
    xes_repoll(&systems[n].xes);
    xcf_poll(systems[n].xcf);
    xcf_lock_poll(systems[n].lock);
    running[n] = false;
}

static void settle(void)
{
    for (unsigned round = 0; round < 6; round++)
        for (unsigned n = 1; n < PLEX_STACKS; n++)
            settle_one(n);
}

/* While one waits, the others run. */
static void others_run(void)
{
    unsigned self = host_platform_selected();

    host_platform_advance_us(100000);       /* who waits for nothing shall not do so for long */
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (n != self)
            settle_one(n);
    host_platform_select(self);
}

static int connect_lock(unsigned n, uint32_t *reason)
{
    const struct xes_connect_parms parms = {
        .structure = "ISGLOCK", .connection = plex_names[n - 1], .system = plex_names[n - 1], .job = "GRS",
        .attributes = { .lock_entries = 16, .size_kib = 512, .records = 64, .max_connections = 8, .flags = disposition },
    };
    struct system *s = select_system(n);

    return xcf_lock_start(s->lock, &s->xes, &parms, &exits, s, reason);
}

static void ipl(unsigned n)
{
    struct system *s = select_system(n);
    uint32_t reason;

    memset(s, 0, sizeof *s);
    ck_assert_int_eq(cf_open(plex.segment, plex_names[n - 1], &s->cf), 0);
    host_platform_reset();
    host_platform_add_cf(s->cf);
    host_platform_on_attention(on_attention, &s->xes);
    s->xcf = calloc(1, sizeof *s->xcf);
    s->lock = calloc(1, sizeof *s->lock);
    xcf_lock_join(s->lock, s->xcf, GROUP);
    ck_assert_int_eq(xcf_start(s->xcf, &s->xes, 0, plex_names[n - 1], (uint8_t)n), XCF_OK);
    ck_assert_int_le(connect_lock(n, &reason), IXLRETCODEWARNING);
}

static void down(unsigned n)
{
    select_system(n);
    host_platform_reset();
    cf_close(systems[n].cf);
    free(systems[n].xcf);
    free(systems[n].lock);
    systems[n].xcf = NULL;
    systems[n].lock = NULL;
}

static void start(uint8_t condisp)
{
    disposition = condisp;
    memset(systems, 0, sizeof systems);
    memset(running, 0, sizeof running);
    host_platform_on_wait(others_run);
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        ipl(n);
    settle();
}

static void end(void)
{
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (systems[n].lock)
            down(n);
    host_platform_on_wait(NULL);
}

/* A request for the resource: its reason. */
static uint32_t ask(unsigned n, uint8_t operation, uint8_t state)
{
    struct system *s = &systems[n];
    const struct xes_lock_request q = { .operation = operation, .state = state, .name = RESOURCE,
                                        .name_length = RESOURCE_LENGTH, .user = s };
    unsigned before = host_platform_selected();
    uint32_t reason;

    host_platform_select(n);
    if (operation == XES_LOCK_OBTAIN)
        (void)xes_lock_obtain(&s->lock->lock, &q, &reason);
    else
        (void)xes_lock_release(&s->lock->lock, &q, &reason);
    host_platform_select(before);
    return reason;
}

START_TEST(systems_get_a_resource_one_after_the_other)
{
    start(CF_CONN_CONDISP_KEEP);
    ck_assert_uint_eq(ask(1, XES_LOCK_OBTAIN, EXCL), OK);
    for (unsigned n = 2; n < PLEX_STACKS; n++)
        ck_assert_uint_eq(ask(n, XES_LOCK_OBTAIN, EXCL), ASYNCH);
    settle();
    ck_assert_uint_ge(systems[1].notified, 1);
    for (unsigned n = 2; n < PLEX_STACKS; n++)
        ck_assert_uint_eq(systems[n].completed, 0);
    for (unsigned holder = 1; holder < PLEX_STACKS - 1; holder++) {
        ck_assert_uint_eq(ask(holder, XES_LOCK_RELEASE, 0), OK);
        settle();
        for (unsigned n = 2; n < PLEX_STACKS; n++)
            ck_assert_uint_eq(systems[n].completed, n <= holder + 1);
    }
    end();
}
END_TEST

START_TEST(a_holder_lets_go_when_it_is_told)
{
    start(CF_CONN_CONDISP_KEEP);
    systems[1].generous = true;
    ck_assert_uint_eq(ask(1, XES_LOCK_OBTAIN, EXCL), OK);
    ck_assert_uint_eq(ask(3, XES_LOCK_OBTAIN, SHR), ASYNCH);
    settle();
    ck_assert_uint_eq(systems[1].notified, 1);
    ck_assert_uint_eq(systems[3].completed, 1);
    ck_assert_uint_eq(systems[3].reason, OK);
    end();
}
END_TEST

/* What it had exclusively is retained, until it is back and lets go of it. */
START_TEST(a_holder_dies_and_is_back)
{
    start(CF_CONN_CONDISP_KEEP);
    ck_assert_uint_eq(ask(2, XES_LOCK_OBTAIN, EXCL), OK);
    ck_assert_uint_eq(ask(1, XES_LOCK_OBTAIN, EXCL), ASYNCH);
    settle();
    uint64_t life = systems[2].lock->life;
    down(2);
    settle();
    ck_assert_uint_eq(systems[1].completed, 1);
    ck_assert_uint_eq(systems[1].reason, IXLRSNCODELOCKRETAINED);
    ipl(2);
    settle();
    ck_assert(systems[2].lock->connection->reconnected);
    ck_assert_uint_ne(systems[2].lock->life, life);
    ck_assert_uint_eq(ask(2, XES_LOCK_OBTAIN, EXCL), OK);
    xes_lock_recovered(&select_system(2)->lock->lock);
    ck_assert_uint_eq(ask(3, XES_LOCK_OBTAIN, EXCL), ASYNCH);
    settle();
    ck_assert_uint_eq(ask(2, XES_LOCK_RELEASE, 0), OK);
    settle();
    ck_assert_uint_eq(systems[3].completed, 1);
    ck_assert_uint_eq(systems[3].reason, OK);
    end();
}
END_TEST

/* Ask, and get it, at once or when the messages have come. */
static void get(unsigned n)
{
    uint32_t reason = ask(n, XES_LOCK_OBTAIN, EXCL);

    if (reason == OK)
        return;
    ck_assert_uint_eq(reason, ASYNCH);
    systems[n].completed = 0;
    settle();
    ck_assert_uint_eq(systems[n].completed, 1);
    ck_assert_uint_eq(systems[n].reason, OK);
}

/* A manager decides for others; when it dies, those who wait ask the next. */
START_TEST(a_manager_dies_and_the_others_go_on)
{
    start(0);
    ck_assert_uint_eq(ask(1, XES_LOCK_OBTAIN, SHR), OK);
    ck_assert_uint_eq(ask(2, XES_LOCK_OBTAIN, SHR), OK);
    ck_assert_uint_eq(ask(3, XES_LOCK_OBTAIN, EXCL), ASYNCH);       /* manages */
    settle();
    ck_assert_uint_eq(ask(4, XES_LOCK_OBTAIN, EXCL), ASYNCH);
    settle();
    down(3);
    settle();
    ck_assert_uint_eq(ask(1, XES_LOCK_RELEASE, 0), OK);
    settle();
    ck_assert_uint_eq(systems[4].completed, 0);
    ck_assert_uint_eq(ask(2, XES_LOCK_RELEASE, 0), OK);
    settle();
    ck_assert_uint_eq(systems[4].completed, 1);
    ck_assert_uint_eq(systems[4].reason, OK);
    end();
}
END_TEST

/* The manager grants; before that is read, the asker has left the structure and has come again, under the same id. */
START_TEST(what_was_said_to_an_earlier_life_is_dropped)
{
    uint32_t reason;

    start(CF_CONN_CONDISP_KEEP);
    ck_assert_uint_eq(ask(1, XES_LOCK_OBTAIN, EXCL), OK);
    ck_assert_uint_eq(ask(2, XES_LOCK_OBTAIN, EXCL), ASYNCH);
    settle();
    ck_assert_uint_eq(ask(1, XES_LOCK_RELEASE, 0), OK);             /* GRANT stands in the queue of MVS2 */
    uint32_t conid = systems[2].lock->connection->conid;
    select_system(2);
    xcf_lock_stop(systems[2].lock);
    running[2] = true;                                              /* reads nothing yet */
    ck_assert_int_le(connect_lock(2, &reason), IXLRETCODEWARNING);
    running[2] = false;
    ck_assert_uint_eq(systems[2].lock->connection->conid, conid);
    settle();
    ck_assert_uint_gt(systems[2].lock->dropped, 0);
    ck_assert_uint_eq(systems[2].completed, 0);
    get(3);                                                         /* nobody thinks that MVS2 has it */
    end();
}
END_TEST

/* Its peers have not answered its end yet: it waits for them, and is refused if they do not come to it in time. */
START_TEST(a_system_that_is_back_waits_for_the_answers_of_its_peers)
{
    uint32_t reason;

    start(CF_CONN_CONDISP_KEEP);
    xcf_lock_stop(select_system(2)->lock);
    running[1] = true;                                              /* MVS1 does not come to it */
    ck_assert_int_eq(connect_lock(2, &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODERSPNOTREC);
    running[1] = false;
    ck_assert_int_eq(connect_lock(2, &reason), IXLRETCODEWARNING);
    settle();
    ck_assert_uint_eq(ask(2, XES_LOCK_OBTAIN, EXCL), OK);
    end();
}
END_TEST

/* A long history: whoever has the resource is alone with it, and everybody gets it in the end. */
START_TEST(by_turns_under_deaths)
{
    start(CF_CONN_CONDISP_KEEP);
    srand(7);
    for (unsigned step = 0; step < 400; step++) {
        unsigned n = 1 + (unsigned)rand() % (PLEX_STACKS - 1), what = (unsigned)rand() % 16, holders = 0;

        if (what == 0 && systems[n].lock) {
            down(n);
        } else if (!systems[n].lock) {
            settle();
            ipl(n);
            xes_lock_recovered(&systems[n].lock->lock);
        } else if (what < 8) {
            systems[n].generous = what & 1;
            (void)ask(n, XES_LOCK_OBTAIN, EXCL);
        } else if (what < 12) {
            (void)ask(n, XES_LOCK_RELEASE, 0);
        } else {
            settle_one(n);
        }
        for (unsigned m = 1; m < PLEX_STACKS; m++)
            for (unsigned r = 1; systems[m].lock && r <= XES_LOCK_RECORDS_MAX; r++)
                holders += systems[m].lock->lock.records[r].used && systems[m].lock->lock.records[r].held == EXCL &&
                           systems[m].lock->lock.records[r].owner == systems[m].lock->connection->conid;
        ck_assert_uint_le(holders, 1);
    }
    settle();
    for (unsigned n = 1; n < PLEX_STACKS; n++) {
        if (!systems[n].lock)
            ipl(n);
        (void)ask(n, XES_LOCK_RELEASE, 0);
        xes_lock_recovered(&select_system(n)->lock->lock);
    }
    settle();
    for (unsigned n = 1; n < PLEX_STACKS; n++) {
        get(n);
        ck_assert_uint_eq(ask(n, XES_LOCK_RELEASE, 0), OK);
        settle();
    }
    end();
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("xcf_lock");

    tcase_add_test(t, systems_get_a_resource_one_after_the_other);
    tcase_add_test(t, a_holder_lets_go_when_it_is_told);
    tcase_add_test(t, a_holder_dies_and_is_back);
    tcase_add_test(t, a_manager_dies_and_the_others_go_on);
    tcase_add_test(t, what_was_said_to_an_earlier_life_is_dropped);
    tcase_add_test(t, a_system_that_is_back_waits_for_the_answers_of_its_peers);
    tcase_add_test(t, by_turns_under_deaths);
    return plex_main(t, "core_xcf_lock");
}
