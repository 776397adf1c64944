/* IXLREBLD over a pair of real coupling facilities: several systems move what they know into a new structure, asked by one of
 * them, or because the CF was lost. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cfemu/engine/cf.h"
#include "stack/platform/host.h"
#include "stack/xes/xes.h"

#define SYSTEMS 3

/* A system: what it knows by itself, and where it stands in the rebuild. The exit notes, work() does. */
static struct system {
    const char *name;
    struct cf *cf;
    struct xes xes;
    struct xes_connection *connection, *temporary;
    uint32_t phase;             /* noted by the exit, not dealt with */
    bool finished, stopped, slow;
} systems[SYSTEMS + 1] = { { .name = "" }, { .name = "MVS1" }, { .name = "MVS2" }, { .name = "MVS3" } };

static char segments[2][40];
static pid_t runner_pid;

static void on_rebuild(void *context, uint32_t phase)
{
    struct system *s = context;

    s->phase = phase;
}

static void on_attention(void *context)
{
    xes_attention(&((struct system *)context)->xes);
}

static struct xes_connect_parms parms_of(struct system *s, uint32_t lists)
{
    return (struct xes_connect_parms){
        .structure = "PORTS", .connection = s->name, .system = s->name, .job = "TCPIP",
        .attributes = { .list_headers = lists, .size_kib = 1024, .max_elements = 16, .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED,
                        .entry_ratio = 1, .element_ratio = 1, .vector_bits = 32 },
        .rebuild_exit = on_rebuild, .context = s,
    };
}

static int entry(struct xes_connection *c, uint16_t command, const char *name, uint32_t *reason)
{
    struct xes_request r = { .command = command, .locate = CF_LOCATE_NAME, .options = CF_OPT_ADJUNCT };

    xes_name(r.name, CF_NAME_SIZE, name);
    int rc = xes_list(c, &r);
    *reason = r.reason;
    return rc;
}

static struct system *select_system(unsigned n)
{
    host_platform_select(n);
    return &systems[n];
}

static void ipl(unsigned n)
{
    struct system *s = select_system(n);
    struct xes_connect_parms parms = parms_of(s, 8);
    uint32_t reason;

    host_platform_reset();
    memset(&s->xes, 0, sizeof s->xes);
    s->phase = CF_REBUILD_NONE;
    s->finished = s->stopped = s->slow = false;
    s->temporary = NULL;
    ck_assert_int_eq(cf_open(segments[0], s->name, &s->cf), 0);
    host_platform_add_cf(s->cf);
    host_platform_on_attention(on_attention, s);
    ck_assert_int_le(xes_connect(&s->xes, &parms, &s->connection, &reason), IXLRETCODEWARNING);
    ck_assert_int_eq(entry(s->connection, CF_CMD_LIST_WRITE, s->name, &reason), IXLRETCODEOK);
}

static void setup(void)
{
    for (unsigned i = 0; i < 2; i++) {
        snprintf(segments[i], sizeof segments[i], "coretest.%d.CF%02u", (int)runner_pid, i + 1);
        (void)cf_remove(segments[i]);
        ck_assert_int_eq(cf_create(segments[i], i ? "CF02" : "CF01", 8u << 20), 0);
    }
    ck_assert_int_eq(cf_pair(segments[0], segments[1]), 0);
    for (unsigned n = 1; n <= SYSTEMS; n++)
        ipl(n);
}

static void kill_system(unsigned n)
{
    struct system *s = select_system(n);

    host_platform_reset();
    cf_close(s->cf);
    s->cf = NULL;
}

static void teardown(void)
{
    struct cf *cf;

    for (unsigned n = 1; n <= SYSTEMS; n++)
        if (systems[n].cf)
            kill_system(n);
    ck_assert_int_eq(cf_open(segments[0], "CHECK", &cf), 0);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_close(cf);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(cf_remove(segments[i]), 0);
}

/* Deal with the phase that the exit noted. */
static void work(struct system *s)
{
    struct xes_connect_parms parms = parms_of(s, 16);
    uint32_t phase = s->phase, reason;

    s->phase = CF_REBUILD_NONE;
    switch (phase) {
    case CF_REBUILD_NONE:
        return;
    case CF_REBUILD_FINISHED:
        s->finished = true;
        return;
    case CF_REBUILD_STOPPED:
        s->stopped = true;
        return;
    case CF_REBUILD_CONNECT:
        ck_assert_int_le(xes_rebuild_connect(&s->xes, s->connection, &parms, &s->temporary, &reason), IXLRETCODEWARNING);
        ck_assert_uint_eq(s->temporary->conid, s->connection->conid);
        ck_assert_int_eq(entry(s->temporary, CF_CMD_LIST_WRITE, s->name, &reason), IXLRETCODEOK);
        break;
    case CF_REBUILD_STOP:
        if (s->temporary)
            xes_disconnect(s->temporary, false);
        s->temporary = NULL;
        break;
    default:
        break;
    }
    ck_assert_int_eq(xes_rebuild_respond(s->connection, phase, &reason), IXLRETCODEOK);
}

/* Each lives its own life until nothing moves. A slow one does nothing. */
static void settle(void)
{
    for (unsigned round = 0; round < 8; round++) {
        for (unsigned n = 1; n <= SYSTEMS; n++) {
            struct system *s = select_system(n);
            if (!s->cf)
                continue;
            host_platform_attend(0);
            if (!s->slow)
                work(s);
        }
    }
}

/* All systems that are up are connected to the new structure, by the connection they have always had, and all of them are in
 * it. */
static void rebuilt(void)
{
    uint32_t reason;

    for (unsigned n = 1; n <= SYSTEMS; n++) {
        struct system *s = select_system(n);
        if (!s->cf)
            continue;
        ck_assert(s->finished);
        ck_assert(!s->connection->lost);
        ck_assert(!s->temporary->in_use);
        ck_assert_uint_eq(s->connection->attributes.list_headers, 16);
        for (unsigned other = 1; other <= SYSTEMS; other++)
            if (systems[other].cf)
                ck_assert_int_eq(entry(s->connection, CF_CMD_LIST_READ, systems[other].name, &reason), IXLRETCODEOK);
    }
}

START_TEST(all_move)
{
    uint32_t reason;

    ck_assert_int_eq(xes_rebuild_start(select_system(2)->connection, &reason), IXLRETCODEOK);
    ck_assert_int_eq(xes_rebuild_start(select_system(1)->connection, &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODEREBUILD);
    systems[3].slow = true;             /* nothing goes on without it */
    settle();
    ck_assert(!systems[1].finished);
    ck_assert_ptr_null(systems[1].temporary);
    systems[3].slow = false;
    settle();
    rebuilt();
    settle();
    ck_assert_int_eq(xes_rebuild_start(select_system(1)->connection, &reason), IXLRETCODEOK);       /* and back */
    settle();
    rebuilt();
}
END_TEST

START_TEST(a_lost_cf_is_rebuilt_from_what_each_knows)
{
    uint32_t reason;

    ck_assert_int_eq(cf_fail(segments[0]), 0);
    ck_assert_int_eq(entry(select_system(1)->connection, CF_CMD_LIST_READ, "MVS1", &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODENOCONN);
    settle();
    for (unsigned n = 1; n <= SYSTEMS; n++)
        ck_assert(systems[n].connection->lost);         /* without having asked for anything */
    ck_assert_int_eq(xes_rebuild_start(select_system(3)->connection, &reason), IXLRETCODEOK);
    settle();
    rebuilt();
}
END_TEST

START_TEST(nobody_waits_for_a_dead_system)
{
    uint32_t reason;

    systems[3].slow = true;
    ck_assert_int_eq(xes_rebuild_start(select_system(1)->connection, &reason), IXLRETCODEOK);
    settle();
    ck_assert(!systems[1].finished);
    kill_system(3);
    settle();
    rebuilt();
}
END_TEST

START_TEST(stopped_everything_is_as_before)
{
    uint32_t reason;

    ck_assert_int_eq(xes_rebuild_start(select_system(1)->connection, &reason), IXLRETCODEOK);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned n = 1; n <= SYSTEMS; n++) {
            struct system *s = select_system(n);
            host_platform_attend(0);
            if (round == 0 || n == 1)
                work(s);
        }
    ck_assert_ptr_nonnull(systems[1].temporary);
    ck_assert_int_eq(xes_rebuild_stop(select_system(2)->connection, &reason), IXLRETCODEOK);
    settle();
    for (unsigned n = 1; n <= SYSTEMS; n++) {
        ck_assert(systems[n].stopped);
        ck_assert_int_eq(entry(select_system(n)->connection, CF_CMD_LIST_READ, "MVS3", &reason), IXLRETCODEOK);
        ck_assert_uint_eq(systems[n].connection->attributes.list_headers, 8);
    }
}
END_TEST

/* The structure is duplexed and its CF fails: the systems see nothing of it but what they see anyhow. */
START_TEST(a_duplexed_structure_is_not_lost)
{
    uint8_t mcb[CF_MCB_SIZE] = { CF_CMD_DUPLEX_START >> 8, CF_CMD_DUPLEX_START & 0xFF }, mrb[CF_MRB_SIZE];
    uint32_t reason;

    xes_name(mcb + MCB_NAME, CF_NAME_SIZE, "PORTS");
    cf_message(systems[1].cf, mcb, NULL, 0, mrb, NULL, 0);
    ck_assert_int_eq(mrb[0] << 8 | mrb[1], CF_RSP_OK);
    ck_assert_int_eq(cf_fail(segments[0]), 0);
    settle();
    for (unsigned n = 1; n <= SYSTEMS; n++) {
        ck_assert_int_eq(entry(select_system(n)->connection, CF_CMD_LIST_READ, "MVS1", &reason), IXLRETCODEOK);
        ck_assert(!systems[n].connection->lost);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core_rebuild");
    TCase *t = tcase_create("rebuild");
    SRunner *runner = srunner_create(suite);

    runner_pid = getpid();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, all_move);
    tcase_add_test(t, a_lost_cf_is_rebuilt_from_what_each_knows);
    tcase_add_test(t, nobody_waits_for_a_dead_system);
    tcase_add_test(t, stopped_everything_is_as_before);
    tcase_add_test(t, a_duplexed_structure_is_not_lost);
    suite_add_tcase(suite, t);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    for (unsigned i = 0; i < 2 && failed; i++) {        /* what a failed one left */
        snprintf(segments[i], sizeof segments[i], "coretest.%d.CF%02u", (int)runner_pid, i + 1);
        (void)cf_remove(segments[i]);
    }
    return failed != 0;
}
