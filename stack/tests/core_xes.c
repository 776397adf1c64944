/* IXLCONN and IXLLIST over the real coupling facility. */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf_active.h"
#include "stack/tests/core_plex.h"

/* Two systems with a connection each to one structure. */
static struct xes xes[3];
static struct cf *cf[3];
static struct xes_connection *connection[3];
static uint8_t failed_seen[32];
static bool joined_seen;
static unsigned list_seen;

static void on_event(void *context, const uint8_t failed[32], bool joined)
{
    (void)context;
    for (unsigned i = 0; i < 32; i++)
        failed_seen[i] |= failed[i];
    joined_seen = joined_seen || joined;
}

static void on_list(void *context, uint32_t index)
{
    (void)context;
    list_seen |= 1u << index;
}

static void on_attention(void *context)
{
    xes_attention(context);
}

static int connect_with(unsigned n, const char *name, uint8_t flags, uint8_t options, uint32_t *reason)
{
    const struct xes_connect_parms parms = {
        .structure = "TEST1", .connection = name, .system = plex_names[n - 1], .job = "JOB1",
        .attributes = { .list_headers = 8, .lock_entries = 8, .size_kib = 1024, .max_elements = 16,
                        .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED | flags, .entry_ratio = 1, .element_ratio = 4, .vector_bits = 32,
                        .options = options },
        .list_exit = on_list, .event_exit = on_event,
    };

    host_platform_select(n);
    return xes_connect(&xes[n], &parms, &connection[n], reason);
}

static int connect_as(unsigned n, const char *name, uint32_t *reason)
{
    return connect_with(n, name, 0, 0, reason);
}

static void start(void)
{
    uint32_t reason;

    memset(xes, 0, sizeof xes);
    memset(failed_seen, 0, sizeof failed_seen);
    joined_seen = false;
    list_seen = 0;
    for (unsigned n = 1; n <= 2; n++) {
        host_platform_select(n);
        host_platform_reset();
        ck_assert_int_eq(cf_open(plex.segment, plex_names[n - 1], &cf[n]), 0);
        host_platform_add_cf(cf[n]);
        host_platform_on_attention(on_attention, &xes[n]);
        ck_assert_int_le(connect_as(n, n == 1 ? "ONE" : "TWO", &reason), IXLRETCODEWARNING);
    }
}

static void end(void)
{
    for (unsigned n = 1; n <= 2; n++)
        if (cf[n])
            cf_close(cf[n]);
}

static int list(unsigned n, struct xes_request *r)
{
    host_platform_select(n);
    return xes_list(connection[n], r);
}

static struct xes_request named(uint16_t command, const char *name)
{
    struct xes_request r = { .command = command, .locate = CF_LOCATE_NAME, .options = CF_OPT_ADJUNCT };

    xes_name(r.name, CF_NAME_SIZE, name);
    return r;
}

static int lock(unsigned n, uint8_t oper, uint8_t mode, uint32_t *reason)
{
    struct xes_request r = { .command = CF_CMD_LIST_LOCK, .lockoper = oper, .lockmode = mode, .lock_index = 5 };
    int rc = list(n, &r);

    *reason = r.reason;
    return rc;
}

START_TEST(the_second_connector_is_told_of_the_attributes)
{
    uint32_t reason;

    start();
    ck_assert(!connection[1]->existing);
    ck_assert(connection[2]->existing);
    ck_assert_uint_eq(connection[2]->attributes.list_headers, 8);
    ck_assert_uint_eq(connection[2]->attributes.max_elements, 16);
    ck_assert_uint_ne(connection[1]->conid, connection[2]->conid);
    ck_assert_int_eq(connect_as(2, "ONE", &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODECONNAMEINUSE);
    ck_assert_ptr_null(connection[2]);
    end();
}
END_TEST

START_TEST(an_image_has_so_many_connections)
{
    uint32_t reason;
    char name[8];

    start();
    for (unsigned i = 1; i < XES_CONNECTIONS_MAX; i++) {
        snprintf(name, sizeof name, "C%u", i);
        ck_assert_int_eq(connect_as(1, name, &reason), IXLRETCODEWARNING);
        ck_assert_uint_eq(reason, IXLRSNCODESPECIALCONN);
    }
    ck_assert_int_eq(connect_as(1, "LAST", &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODENOSLOT);
    xes_disconnect(&xes[1].connections[3], false);
    ck_assert_int_eq(connect_as(1, "LAST", &reason), IXLRETCODEWARNING);
    end();
}
END_TEST

START_TEST(responses_have_their_return_and_reason_codes)
{
    start();
    struct xes_request r = named(CF_CMD_LIST_READ, "NOBODY");
    ck_assert_int_eq(list(1, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODENOENTRY);
    r = named(CF_CMD_LIST_WRITE, "SOMEBODY");
    r.entrytype = CF_ENTRY_NEW;
    r.adjunct[5] = 77;
    ck_assert_int_eq(list(1, &r), IXLRETCODEOK);
    r = named(CF_CMD_LIST_WRITE, "SOMEBODY");
    r.entrytype = CF_ENTRY_NEW;
    ck_assert_int_eq(list(2, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODEENTRYEXISTS);
    r = named(CF_CMD_LIST_READ, "SOMEBODY");
    ck_assert_int_eq(list(2, &r), IXLRETCODEOK);
    ck_assert_uint_eq(r.adjunct[5], 77);
    r = named(CF_CMD_LIST_WRITE, "SOMEBODY");
    r.verscomp = CF_VERSCOMP_EQUAL;
    r.version_comp = 12345;
    ck_assert_int_eq(list(2, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODEVERSIONMISMATCH);
    r = named(CF_CMD_LIST_READ, "SOMEBODY");
    r.list = 99;
    ck_assert_int_eq(list(2, &r), IXLRETCODEPARMERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODEBADPARMLIST);
    end();
}
END_TEST

START_TEST(a_lock_that_is_held_is_refused_or_waited_for)
{
    uint32_t reason;

    start();
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    ck_assert_int_eq(lock(2, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODELOCKCOND);
    ck_assert_int_eq(lock(2, CF_LOCK_RESET, CF_LOCKMODE_COND, &reason), IXLRETCODEWARNING);
    ck_assert_uint_eq(reason, IXLRSNCODELOCKNOTHELD);
    end();
}
END_TEST

static uint64_t cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static void *second_locks(void *spent_us)
{
    uint32_t reason;
    uint64_t before = cpu_us();

    ck_assert_int_eq(lock(2, CF_LOCK_SET, CF_LOCKMODE_UNCOND, &reason), IXLRETCODEOK);
    *(uint64_t *)spent_us = cpu_us() - before;
    ck_assert_int_eq(lock(2, CF_LOCK_RESET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    return NULL;
}

START_TEST(a_waiter_sleeps_until_the_lock_is_granted)
{
    pthread_t thread;
    uint32_t reason;
    uint64_t spent_us = 0;

    start();
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    pthread_create(&thread, NULL, second_locks, &spent_us);
    usleep(200000);
    ck_assert_uint_eq(connection[2]->queued, 1);
    ck_assert_int_eq(lock(1, CF_LOCK_RESET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    pthread_join(thread, NULL);
    ck_assert_uint_lt(spent_us, 50000);     /* of 200 ms: it did not spin */
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    end();
}
END_TEST

START_TEST(the_lock_of_a_dead_holder_goes_to_the_waiter)
{
    pthread_t thread;
    uint32_t reason;
    uint64_t spent_us = 0;

    start();
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    pthread_create(&thread, NULL, second_locks, &spent_us);
    usleep(50000);
    cf_close(cf[1]);
    cf[1] = NULL;
    pthread_join(thread, NULL);
    end();
}
END_TEST

static void *second_is_refused(void *refused)
{
    uint32_t reason;

    ck_assert_int_eq(lock(2, CF_LOCK_SET, CF_LOCKMODE_UNCOND, &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODELOCKPERSISTENT);
    *(bool *)refused = true;
    return NULL;
}

START_TEST(a_lock_that_becomes_persistent_ends_the_wait)
{
    pthread_t thread;
    uint32_t reason;
    bool refused = false;

    start();
    ck_assert_int_eq(connect_with(1, "PEER", 0, CF_CONN_OPT_RESPONDS, &reason), IXLRETCODEWARNING);
    struct xes_connection *peer = connection[1];
    ck_assert_int_eq(connect_with(1, "KEEPER", CF_CONN_CONDISP_KEEP, 0, &reason), IXLRETCODEWARNING);
    struct xes_connection *keeper = connection[1];
    uint32_t conid = keeper->conid;
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    ck_assert_int_eq(pthread_create(&thread, NULL, second_is_refused, &refused), 0);
    usleep(20000);
    xes_disconnect(keeper, true);
    ck_assert_int_eq(connect_with(1, "KEEPER", CF_CONN_CONDISP_KEEP, 0, &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODERSPNOTREC);
    ck_assert_int_eq(xes_force(0, "TEST1", "KEEPER", &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODERSPNOTREC);
    ck_assert(!refused);
    ck_assert_int_eq(xes_respond(peer, conid, false, &reason), IXLRETCODEOK);
    pthread_join(thread, NULL);
    ck_assert(refused);
    ck_assert_int_eq(xes_force(0, "TEST1", "KEEPER", &reason), IXLRETCODEOK);
    ck_assert_int_eq(lock(2, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    end();
}
END_TEST

/* A policy of two CFs and of TEST2, which prefers the second, and TEST3, which shares no CF with TEST2 if it can. */
static void policy_fill(struct cf_policy *policy)
{
    static const struct { const char *name; uint8_t pref[2]; unsigned excl_count; } rules[] = {
        { "TEST2           ", { 1, 0 }, 0 }, { "TEST3           ", { 1, 0 }, 1 }, { "TEST4           ", { 1, 1 }, 0 },
    };

    *policy = (struct cf_policy){ .cf_count = 2, .structure_count = 3, .replace = 1 };
    memcpy(policy->name, "POLICY  ", 8);
    memcpy(policy->cf[0].name, "CF01    ", 8);
    memcpy(policy->cf[1].name, "CF02    ", 8);
    for (unsigned i = 0; i < 3; i++) {
        struct cf_policy_structure *s = &policy->structure[i];

        memcpy(s->name, rules[i].name, CF_NAME_SIZE);
        s->size_kib = 2048;
        s->pref_count = i < 2 ? 2 : 1;
        memcpy(s->pref, rules[i].pref, 2);
        s->excl_count = (uint8_t)rules[i].excl_count;
    }
}

static int connect_structure(unsigned n, const char *structure, uint32_t *reason)
{
    const struct xes_connect_parms parms = {
        .structure = structure, .connection = plex_names[n - 1], .system = plex_names[n - 1], .job = "JOB1",
        .attributes = { .list_headers = 8, .max_elements = 16, .flags = CF_CONN_NAMED, .entry_ratio = 1, .element_ratio = 4 },
    };

    host_platform_select(n);
    return xes_connect(&xes[n], &parms, &connection[n], reason);
}

START_TEST(the_operator_is_told_of_a_structure_that_is_nearly_full)
{
    static struct cf_policy policy;
    struct xes_request r;
    char name[8];
    unsigned n = 0;

    start();
    policy_fill(&policy);
    memcpy(policy.structure[0].name, "TEST1           ", CF_NAME_SIZE);
    policy.structure[0].fullthreshold = 50;
    ck_assert_int_eq(cf_policy_start(cf[1], &policy), 0);
    plex_wto[0] = 0;
    for (; !strstr(plex_wto, "IXC585E"); n++) {
        ck_assert_uint_lt(n, 100000);
        snprintf(name, sizeof name, "E%u", n);
        r = named(CF_CMD_LIST_WRITE, name);
        r.entrytype = CF_ENTRY_NEW;
        ck_assert_int_eq(list(1, &r), IXLRETCODEOK);
        xes_attention(&xes[1]);
    }
    ck_assert_msg(strstr(plex_wto, "IXC585E STRUCTURE TEST1 IN COUPLING FACILITY CF01 IS AT OR ABOVE STRUCTURE FULL MONITORING THRESHOLD\n"), "%s", plex_wto);
    ck_assert_ptr_nonnull(strstr(plex_wto, " ENTRIES: IN USE: "));
    ck_assert_ptr_null(strstr(plex_wto, "IXC586I"));
    while (n > 0) {
        snprintf(name, sizeof name, "E%u", --n);
        r = named(CF_CMD_LIST_DELETE, name);
        ck_assert_int_eq(list(1, &r), IXLRETCODEOK);
    }
    xes_attention(&xes[1]);
    ck_assert_ptr_nonnull(strstr(plex_wto, "IXC586I STRUCTURE TEST1 IN COUPLING FACILITY CF01 IS NOW BELOW STRUCTURE FULL MONITORING THRESHOLD\n"));
    end();
}
END_TEST

START_TEST(the_preference_list_is_gone_through)
{
    static struct cf_policy policy;
    struct cf *second[3];
    char name[64];
    uint32_t reason;

    start();
    snprintf(name, sizeof name, "%s.2", plex.segment);
    (void)cf_remove(name);
    ck_assert_int_eq(cf_create(name, "CF02", 12u << 20), 0);
    policy_fill(&policy);
    for (unsigned n = 1; n <= 2; n++) {
        ck_assert_int_eq(cf_open(name, plex_names[n - 1], &second[n]), 0);
        host_platform_select(n);
        host_platform_add_cf(second[n]);
    }
    ck_assert_int_eq(cf_remove(name), 0);
    ck_assert_int_eq(cf_policy_start(cf[1], &policy), 0);
    ck_assert_int_eq(cf_policy_start(second[1], &policy), 0);

    ck_assert_int_eq(connect_structure(1, "TEST2", &reason), IXLRETCODEOK);
    ck_assert_uint_eq(connection[1]->cf, 1);
    ck_assert_int_eq(connect_structure(2, "TEST2", &reason), IXLRETCODEWARNING);    /* it is there already */
    ck_assert_uint_eq(connection[2]->cf, 1);
    ck_assert_int_eq(connect_structure(1, "TEST3", &reason), IXLRETCODEOK);         /* not beside TEST2 */
    ck_assert_uint_eq(connection[1]->cf, 0);
    ck_assert_int_eq(connect_structure(1, "TEST9", &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODESTRNOTINPOLICY);

    host_platform_select(1);        /* the second CF is lost to this system: TEST4 has no other */
    host_platform_add_cf(NULL);
    ck_assert_int_eq(connect_structure(1, "TEST4", &reason), IXLRETCODEENVERROR);
    ck_assert_uint_eq(reason, IXLRSNCODENOFAC);
    ck_assert_int_eq(connect_structure(2, "TEST4", &reason), IXLRETCODEOK);
    for (unsigned n = 1; n <= 2; n++)
        cf_close(second[n]);
    end();
}
END_TEST

START_TEST(a_grant_that_nobody_waits_for_is_passed_on)
{
    uint32_t reason;
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];

    start();
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    put_be16(mcb + MCB_COMMAND, CF_CMD_LIST_LOCK);      /* a request that is given up while it is queued */
    mcb[MCB_LOCKOPER] = CF_LOCK_SET;
    mcb[MCB_LOCKMODE] = CF_LOCKMODE_UNCOND;
    put_be32(mcb + MCB_LOCKINDEX, 5);
    put_be32(mcb + MCB_STRUCTURE, connection[2]->structure);
    put_be64(mcb + MCB_TOKEN, connection[2]->token);
    host_platform_select(2);
    ck_assert_int_eq(platform_cf_message(0, mcb, NULL, 0, mrb, NULL, 0), 0);
    ck_assert_uint_eq(get_be16(mrb + MRB_RESPONSE), CF_RSP_LOCK_QUEUED);
    ck_assert_int_eq(lock(1, CF_LOCK_RESET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEENVERROR);  /* it has been granted */
    host_platform_select(2);
    host_platform_attend(1000);
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    end();
}
END_TEST

START_TEST(exits_are_driven_by_attention)
{
    struct xes_request r = { .command = CF_CMD_LIST_MONITOR, .list = 3, .vector_index = 7 };

    start();
    host_platform_select(1);
    host_platform_attend(0);
    ck_assert(joined_seen);
    ck_assert_int_eq(list(1, &r), IXLRETCODEOK);
    r = (struct xes_request){ .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_TAIL, .entrytype = CF_ENTRY_NEW, .list = 3 };
    ck_assert_int_eq(list(2, &r), IXLRETCODEOK);
    host_platform_select(1);
    host_platform_attend(1000);
    ck_assert_uint_eq(list_seen, 1u << 7);
    uint32_t conid = connection[2]->conid;
    cf_close(cf[2]);
    cf[2] = NULL;
    host_platform_attend(1000);
    ck_assert_uint_eq(failed_seen[conid / 8], 0x80u >> conid % 8);
    end();
}
END_TEST

/* --- the requests beyond READ, WRITE, DELETE ----------------------------------------------------------------------------- */

static void write_entries(unsigned n, const char *letters)
{
    for (; *letters; letters++) {
        struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_TAIL, .entrytype = CF_ENTRY_NEW };
        const char name[2] = { *letters, 0 };

        xes_name(r.name, CF_NAME_SIZE, name);
        ck_assert_int_eq(list(n, &r), IXLRETCODEOK);
    }
}

/* Read a list in parts, as many as the buffer demands. Result: names' first letters. */
static const char *letters_of(unsigned n, uint32_t number)
{
    static char text[32];
    static uint8_t buffer[2 * RECORD_SIZE];
    struct xes_list_more more = { 0 };
    int rc, length = 0;

    do {
        struct xes_request r = { .command = CF_CMD_LIST_READ_LIST, .list = number, .in = buffer, .in_cap = sizeof buffer, .more = &more };

        rc = list(n, &r);
        ck_assert_int_le(rc, IXLRETCODEWARNING);
        ck_assert_uint_eq(r.reason, rc == IXLRETCODEOK ? IXLRSNCODEOK : IXLRSNCODEBUFFERFULL);
        for (uint32_t i = 0; i < more.count; i++)
            text[length++] = (char)buffer[i * RECORD_SIZE + RECORD_NAME];
    } while (rc != IXLRETCODEOK);
    text[length] = 0;
    return text;
}

START_TEST(entries_are_moved_read_and_deleted_many_at_a_time)
{
    struct xes_list_more more = { .target_list = 2, .position = CF_LOCATE_HEAD };
    struct xes_request r = named(CF_CMD_LIST_MOVE, "B");

    start();
    write_entries(1, "ABCDE");
    ck_assert_str_eq(letters_of(2, 0), "ABCDE");
    r.more = &more;
    r.options = 0;
    ck_assert_int_eq(list(2, &r), IXLRETCODEOK);
    ck_assert_uint_eq(r.answer_list, 2);
    ck_assert_str_eq(letters_of(1, 0), "ACDE");
    ck_assert_str_eq(letters_of(1, 2), "B");

    uint8_t names[2 * CF_NAME_SIZE];
    xes_name(names, CF_NAME_SIZE, "E");
    xes_name(names + CF_NAME_SIZE, CF_NAME_SIZE, "A");
    more = (struct xes_list_more){ .options2 = CF_OPT2_NAMES };
    r = (struct xes_request){ .command = CF_CMD_LIST_DELETE_ENTRYLIST, .out = names, .out_len = sizeof names, .more = &more };
    ck_assert_int_eq(list(1, &r), IXLRETCODEOK);
    ck_assert_uint_eq(more.count, 2);
    ck_assert_str_eq(letters_of(1, 0), "CD");
    more = (struct xes_list_more){ 0 };
    r = (struct xes_request){ .command = CF_CMD_LIST_DELETE_MULT, .options = CF_OPT_LISTCOMP, .more = &more };
    ck_assert_int_eq(list(1, &r), IXLRETCODEOK);
    ck_assert_uint_eq(more.count, 2);
    r = (struct xes_request){ .command = CF_CMD_LIST_READ_MULT, .more = &more };
    ck_assert_int_eq(list(1, &r), IXLRETCODEWARNING);
    ck_assert_uint_eq(r.reason, IXLRSNCODEBUFFERFULL);
    ck_assert_uint_eq(more.needed, RECORD_SIZE);
    write_entries(1, "XYZ");
    uint8_t one_record[RECORD_SIZE];
    more = (struct xes_list_more){ 0 };
    r = (struct xes_request){ .command = CF_CMD_LIST_READ_LIST, .in = one_record, .in_cap = sizeof one_record, .more = &more };
    ck_assert_int_eq(list(1, &r), IXLRETCODEWARNING);
    struct xes_request gone = named(CF_CMD_LIST_DELETE, "Y");
    ck_assert_int_eq(list(2, &gone), IXLRETCODEOK);
    ck_assert_int_eq(list(1, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODEBADRESTOKEN);
    end();
}
END_TEST

START_TEST(list_controls_and_authority)
{
    struct xes_list_more more = { .options2 = CF_OPT2_AUTH_SET, .auth = "EPOCH 2",
                                  .controls = { .set = LCONTROLS_SET_LIMIT | LCONTROLS_SET_DESCRIPTION, .limit = 1, .description = "blocks" } };
    struct xes_request r = { .command = CF_CMD_LIST_WRITE_LCONTROLS, .more = &more };

    start();
    ck_assert_int_eq(list(1, &r), IXLRETCODEOK);
    more = (struct xes_list_more){ 0 };
    r = (struct xes_request){ .command = CF_CMD_LIST_READ_LCONTROLS, .more = &more };
    ck_assert_int_eq(list(2, &r), IXLRETCODEOK);
    ck_assert_uint_eq(more.controls.limit, 1);
    ck_assert_str_eq((const char *)more.controls.description, "blocks");
    ck_assert_str_eq((const char *)more.auth_comp, "EPOCH 2");
    write_entries(1, "A");
    r = (struct xes_request){ .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_TAIL, .entrytype = CF_ENTRY_NEW };
    ck_assert_int_eq(list(1, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODELISTFULL);
    more = (struct xes_list_more){ .authcomp = CF_AUTHCOMP_EQUAL, .auth_comp = "EPOCH 1" };
    r = (struct xes_request){ .command = CF_CMD_LIST_READ, .locate = CF_LOCATE_HEAD, .more = &more };
    ck_assert_int_eq(list(1, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODEAUTHMISMATCH);
    ck_assert_int_eq(list(1, &r), IXLRETCODEOK);       /* it was told what the authority is */
    more = (struct xes_list_more){ .cursor = CF_CURSOR_CURRENT };
    ck_assert_int_eq(list(1, &r), IXLRETCODEOK);
    r = (struct xes_request){ .command = CF_CMD_LIST_READ, .locate = CF_LOCATE_CURSOR };
    ck_assert_int_eq(list(2, &r), IXLRETCODEOK);
    ck_assert_int_eq(r.name[0], 'A');
    end();
}
END_TEST

START_TEST(locks_of_another_connection_are_found_and_taken)
{
    struct xes_list_more more = { .options2 = CF_OPT2_LOCKCOMP };
    uint32_t reason;

    start();
    ck_assert_int_eq(lock(1, CF_LOCK_SET, CF_LOCKMODE_COND, &reason), IXLRETCODEOK);
    more.lock_comp = connection[1]->conid;
    struct xes_request r = { .command = CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_READNEXT, .more = &more };
    ck_assert_int_eq(list(2, &r), IXLRETCODEOK);
    ck_assert_uint_eq(more.lock_index, 5);
    r.lock_index = 6;
    ck_assert_int_eq(list(2, &r), IXLRETCODEWARNING);
    ck_assert_uint_eq(r.reason, IXLRSNCODENOLOCKENTRY);
    r = (struct xes_request){ .command = CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock_index = 5, .more = &more };
    ck_assert_int_eq(list(2, &r), IXLRETCODEOK);
    ck_assert_uint_eq(r.lock_owner, connection[2]->conid);
    ck_assert_int_eq(lock(1, CF_LOCK_RESET, CF_LOCKMODE_COND, &reason), IXLRETCODEWARNING);
    end();
}
END_TEST

/* A keyed structure: keys from the list's counter, sublists, the event queue and its exit. */
START_TEST(sublists_are_reported_on_the_event_queue)
{
    const struct xes_connect_parms parms = {
        .structure = "KEYED1", .connection = "K", .system = "MVS1", .job = "JOB1",
        .attributes = { .list_headers = 4, .size_kib = 1024, .max_elements = 16, .flags = CF_CONN_KEYED, .entry_ratio = 1,
                        .element_ratio = 1, .vector_bits = 32, .emcstgpct = 100 },
        .list_exit = on_list,
    };
    struct xes_connection *keyed;
    struct xes_list_more more = { .notification = "mine" };
    uint8_t events[4 * EVENT_SIZE];
    uint32_t reason;

    start();
    host_platform_select(1);
    ck_assert_int_eq(xes_connect(&xes[1], &parms, &keyed, &reason), IXLRETCODEOK);
    ck_assert_uint_eq(keyed->attributes.emcstgpct, 100);
    struct xes_request r = { .command = CF_CMD_LIST_MONITOR_EVENTQ, .vector_index = 9 };
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEOK);
    r = (struct xes_request){ .command = CF_CMD_LIST_MONITOR_SUBLIST, .list = 2, .more = &more };
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEOK);
    ck_assert_uint_eq(more.emcs_used, 1);
    more = (struct xes_list_more){ .key_type = CF_KEYTYPE_LISTKEY };
    r = (struct xes_request){ .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_TAIL, .entrytype = CF_ENTRY_NEW, .list = 2, .more = &more };
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEOK);        /* key 0, which is monitored */
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEOK);
    ck_assert_int_eq(r.name[CF_NAME_SIZE - 1], 1);
    host_platform_attend(1000);
    ck_assert_uint_eq(list_seen, 1u << 9);
    r = (struct xes_request){ .command = CF_CMD_LIST_READ_EQCONTROLS, .more = &more };
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEOK);
    ck_assert_uint_eq(more.queue_count, 1);
    ck_assert_uint_eq(more.queue_transitions, 1);
    r = (struct xes_request){ .command = CF_CMD_LIST_DEQ_EVENTQ, .in = events, .in_cap = sizeof events, .more = &more };
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEOK);
    ck_assert_uint_eq(more.count, 1);
    ck_assert_uint_eq(get_be32(events + EVENT_LIST), 2);
    ck_assert_str_eq((const char *)events + EVENT_CONTROLS, "mine");
    r = (struct xes_request){ .command = CF_CMD_LIST_READ_EMCONTROLS, .list = 3, .more = &more };
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODENOEMC);
    more = (struct xes_list_more){ .controls = { .set = LCONTROLS_SET_KEYMAX } };
    r = (struct xes_request){ .command = CF_CMD_LIST_WRITE_LCONTROLS, .list = 2, .more = &more };
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEOK);
    more = (struct xes_list_more){ .key_type = CF_KEYTYPE_LISTKEY };
    r = (struct xes_request){ .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_TAIL, .entrytype = CF_ENTRY_NEW, .list = 2, .more = &more };
    ck_assert_int_eq(xes_list(keyed, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODEMAXLISTKEY);
    end();
}
END_TEST

START_TEST(a_lost_cf_is_loss_of_connectivity)
{
    start();
    host_platform_select(1);
    host_platform_add_cf(NULL);
    struct xes_request r = named(CF_CMD_LIST_READ, "NOBODY");
    ck_assert_int_eq(list(1, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODENOCONN);
    ck_assert(connection[1]->lost);
    end();
}
END_TEST

START_TEST(a_connection_that_the_cf_does_not_know_is_lost)
{
    start();
    struct xes_request r = named(CF_CMD_LIST_READ, "NOBODY");
    connection[1]->token ^= 0x100;
    ck_assert_int_eq(list(1, &r), IXLRETCODEPARMERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODEBADCONTOKEN);
    ck_assert_int_eq(list(1, &r), IXLRETCODEENVERROR);
    ck_assert_uint_eq(r.reason, IXLRSNCODENOCONN);
    end();
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("xes");

    tcase_add_test(t, the_second_connector_is_told_of_the_attributes);
    tcase_add_test(t, an_image_has_so_many_connections);
    tcase_add_test(t, responses_have_their_return_and_reason_codes);
    tcase_add_test(t, a_lock_that_is_held_is_refused_or_waited_for);
    tcase_add_test(t, a_waiter_sleeps_until_the_lock_is_granted);
    tcase_add_test(t, the_lock_of_a_dead_holder_goes_to_the_waiter);
    tcase_add_test(t, a_lock_that_becomes_persistent_ends_the_wait);
    tcase_add_test(t, the_operator_is_told_of_a_structure_that_is_nearly_full);
    tcase_add_test(t, the_preference_list_is_gone_through);
    tcase_add_test(t, a_grant_that_nobody_waits_for_is_passed_on);
    tcase_add_test(t, exits_are_driven_by_attention);
    tcase_add_test(t, entries_are_moved_read_and_deleted_many_at_a_time);
    tcase_add_test(t, list_controls_and_authority);
    tcase_add_test(t, locks_of_another_connection_are_found_and_taken);
    tcase_add_test(t, sublists_are_reported_on_the_event_queue);
    tcase_add_test(t, a_lost_cf_is_loss_of_connectivity);
    tcase_add_test(t, a_connection_that_the_cf_does_not_know_is_lost);
    return plex_main(t, "core_xes");
}
