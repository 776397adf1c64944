/* Members and messages over the real coupling facility. The groups' exits note what they see. */
#include <string.h>
#include <stdlib.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/tests/core_plex.h"

#define GROUP "TESTGRP"

static struct system {
    struct xes xes;
    struct xcf *xcf;
    struct cf *cf;
    char log[1024];             /* "J2" joined, "L2" left, "F2" failed, "m2" a message of system 2 */
    uint32_t next[PLEX_STACKS]; /* expected number of the next message of each system */
    unsigned received;
    bool hangs, out;            /* is not polled; has been told that it is out of the sysplex */
} systems[PLEX_STACKS];

static void note(struct system *s, char what, unsigned number)
{
    size_t used = strlen(s->log);

    snprintf(s->log + used, sizeof s->log - used, "%c%u ", what, number);
}

/* A message holds its number, and its length is a function of it. */
static uint32_t length_of(uint32_t number)
{
    static const uint32_t lengths[] = { 4, 5, 255, 256, 257, 1500, 9000, XCF_MESSAGE_MAX };

    return lengths[number % 8];
}

static void on_message(void *context, uint8_t from, uint16_t type, const uint8_t *data, uint32_t length)
{
    struct system *s = context;

    ck_assert_uint_eq(type, 42);
    ck_assert_uint_eq(get_be32(data), s->next[from]);
    ck_assert_uint_eq(length, length_of(s->next[from]));
    if (length > 4)
        ck_assert_uint_eq(data[length - 1], (uint8_t)s->next[from]);
    s->next[from]++;
    s->received++;
    note(s, 'm', from);
}

static void on_event(void *context, enum xcf_event event, const struct xcf_member *member)
{
    static const char letters[] = { [XCF_JOINED] = 'J', [XCF_LEFT] = 'L', [XCF_FAILED] = 'F', [XCF_ROOM] = 'R' };

    note(context, letters[event], member->number);
}

static void on_attention(void *context)
{
    xes_attention(context);
}

static uint16_t interval_s;         /* of who joins, 0 = no status monitoring */
static unsigned lost_after;         /* commands of the next one that joins, 0 = it does not lose the CF */

static void on_out(void *context)
{
    struct system *s = context;

    s->out = s->hangs = true;
}

static int join_as(unsigned n, const char *name, uint8_t number)
{
    struct system *s = &systems[n];

    memset(s, 0, sizeof *s);
    ck_assert_int_eq(cf_open(plex.segment, name, &s->cf), 0);
    host_platform_select(n);
    host_platform_reset();
    host_platform_add_cf(s->cf);
    host_platform_on_attention(on_attention, &s->xes);
    if (lost_after)
        host_platform_lose_cfs_after(lost_after);
    s->xcf = calloc(1, sizeof *s->xcf);
    s->xcf->interval_s = interval_s;
    s->xcf->cleanup_s = 5;
    s->xcf->out = on_out;
    s->xcf->out_context = s;
    xcf_join_group(s->xcf, GROUP, on_message, on_event, s);
    return xcf_start(s->xcf, &s->xes, 0, name, number);
}

static void join(unsigned n)
{
    ck_assert_int_eq(join_as(n, plex_names[n - 1], (uint8_t)n), XCF_OK);
}

static struct xcf *select_system(unsigned n)
{
    host_platform_select(n);
    return systems[n].xcf;
}

static void down(unsigned n)
{
    host_platform_select(n);
    host_platform_reset();
    cf_close(systems[n].cf);
    free(systems[n].xcf);
    systems[n].xcf = NULL;
}

static void all_down(void)
{
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (systems[n].xcf)
            down(n);
}

static void settle(void)
{
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned n = 1; n < PLEX_STACKS; n++) {
            if (!systems[n].xcf || systems[n].hangs)
                continue;
            host_platform_select(n);
            host_platform_attend(0);
            xes_repoll(&systems[n].xes);
            xcf_poll(systems[n].xcf);
        }
    }
}

static int send_number(unsigned from, uint8_t to, uint32_t number)
{
    static uint8_t data[XCF_MESSAGE_MAX];

    put_be32(data, number);
    data[length_of(number) - 1] = (uint8_t)number;
    return xcf_send(select_system(from), to, GROUP, 42, data, length_of(number));
}

START_TEST(each_learns_of_each)
{
    for (unsigned n = 1; n <= 4; n++)
        join(n);
    for (unsigned n = 1; n <= 4; n++)
        ck_assert_ptr_nonnull(xcf_member(systems[4].xcf, (uint8_t)n));     /* the joiner knows at once */
    ck_assert_ptr_null(xcf_member(systems[1].xcf, 4));
    settle();
    ck_assert_str_eq(systems[1].log, "J2 J3 J4 ");
    ck_assert_str_eq(systems[2].log, "J3 J4 ");
    ck_assert_str_eq(systems[4].log, "");
    ck_assert_str_eq(xcf_member(systems[1].xcf, 4)->name, "MVS4");
    all_down();
}
END_TEST

START_TEST(joined_comes_before_the_messages_of_the_joiner)
{
    join(1);
    join(2);
    ck_assert_int_eq(send_number(2, 1, 0), XCF_OK);
    settle();
    ck_assert_str_eq(systems[1].log, "J2 m2 ");
    all_down();
}
END_TEST

START_TEST(messages_arrive_in_order_and_whole)
{
    for (unsigned n = 1; n <= 3; n++)
        join(n);
    settle();
    for (uint32_t i = 0; i < 200; i++) {
        ck_assert_int_eq(send_number(1, 3, i), XCF_OK);
        ck_assert_int_eq(send_number(2, 3, i), XCF_OK);
        if (i % 10 == 9)
            settle();
    }
    settle();
    ck_assert_uint_eq(systems[3].next[1], 200);
    ck_assert_uint_eq(systems[3].next[2], 200);
    ck_assert_uint_eq(systems[2].received, 0);
    all_down();
}
END_TEST

START_TEST(all_means_all_others)
{
    for (unsigned n = 1; n <= 4; n++)
        join(n);
    settle();
    ck_assert_int_eq(send_number(2, XCF_ALL, 0), XCF_OK);
    settle();
    for (unsigned n = 1; n <= 4; n++)
        ck_assert_uint_eq(systems[n].received, n == 2 ? 0 : 1);
    all_down();
}
END_TEST

START_TEST(drain_does_not_depend_on_attention)
{
    join(1);
    join(2);
    settle();
    ck_assert_int_eq(send_number(2, 1, 0), XCF_OK);
    xcf_poll(select_system(1));                 /* no attention yet: nothing is known */
    ck_assert_uint_eq(systems[1].received, 0);
    xcf_drain(select_system(1));
    ck_assert_uint_eq(systems[1].received, 1);
    all_down();
}
END_TEST

START_TEST(polling_costs_no_request_when_nothing_has_come)
{
    join(1);
    settle();
    uint64_t before = systems[1].xcf->connection->requests;
    for (unsigned i = 0; i < 100; i++)
        xcf_poll(select_system(1));
    ck_assert_uint_eq(systems[1].xcf->connection->requests, before);
    all_down();
}
END_TEST

START_TEST(a_full_queue_is_an_error_and_not_a_hang)
{
    join(1);
    join(2);
    join(3);
    settle();
    uint32_t sent = 0;
    while (send_number(1, 2, sent * 8) == XCF_OK)       /* all of 4 bytes */
        sent++;
    ck_assert_uint_eq(sent, XCF_QUEUE_MAX);
    ck_assert_int_eq(send_number(1, 2, 0), XCF_FULL);
    ck_assert_int_eq(send_number(1, 3, 0), XCF_OK);     /* the others are not concerned */
    uint8_t count = 0;
    struct xes_request r = { .command = CF_CMD_LIST_DELETE, .locate = CF_LOCATE_HEAD, .list = 2,
                             .options = CF_OPT_ADJUNCT | CF_OPT_DATA, .in = &count, .in_cap = 0 };
    ck_assert_int_eq(xes_list(systems[1].xcf->connection, &r), IXLRETCODEWARNING);
    ck_assert_uint_eq(r.list_count, XCF_QUEUE_MAX);     /* what was refused does not stand in the queue */
    all_down();
}
END_TEST

START_TEST(messages_that_fill_the_structure_are_an_error)
{
    int result = XCF_OK;
    uint32_t sent = 0;

    join(1);
    join(2);
    settle();
    while ((result = send_number(1, 2, 7)) == XCF_OK && sent < 2 * XCF_QUEUE_MAX)    /* the longest */
        sent++;
    ck_assert_int_eq(result, XCF_FULL);
    ck_assert_uint_gt(sent, 50);
    ck_assert_uint_lt(sent, XCF_QUEUE_MAX);
    all_down();
}
END_TEST

START_TEST(nonsense_is_refused)
{
    join(1);
    ck_assert_int_eq(xcf_send(select_system(1), 2, GROUP, 42, "x", 1), XCF_NO_MEMBER);
    ck_assert_int_eq(xcf_send(select_system(1), 200, GROUP, 42, "x", 1), XCF_NO_MEMBER);
    ck_assert_int_eq(xcf_send(select_system(1), 1, GROUP, 42, "x", XCF_MESSAGE_MAX + 1), XCF_TOO_LONG);
    all_down();
}
END_TEST

START_TEST(a_failure_is_told_after_the_last_message)
{
    for (unsigned n = 1; n <= 3; n++)
        join(n);
    settle();
    systems[1].log[0] = 0;
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(send_number(2, 1, i), XCF_OK);
    down(2);
    settle();
    ck_assert_str_eq(systems[1].log, "m2 m2 m2 F2 ");
    ck_assert_str_eq(systems[3].log, "F2 ");
    ck_assert_int_eq(send_number(1, 2, 0), XCF_NO_MEMBER);
    all_down();
}
END_TEST

START_TEST(who_joins_and_dies_at_once_joins_and_fails)
{
    join(1);
    settle();
    join(2);
    down(2);
    settle();
    ck_assert_str_eq(systems[1].log, "J2 F2 ");
    all_down();
}
END_TEST

/* One event names the connections of both, by the one id that they had one after the other: members, or lives of one. */
START_TEST(two_that_had_one_connection_id_both_fail)
{
    unsigned second = 2 + (unsigned)_i;

    join(1);
    join(2);
    settle();
    systems[1].log[0] = 0;
    uint32_t id = xcf_member(systems[1].xcf, 2)->conid;
    down(2);
    join(second);
    ck_assert_uint_eq(systems[second].xcf->members[second].conid, id);
    down(second);
    settle();
    ck_assert_str_eq(systems[1].log, second == 2 ? "F2 J2 F2 " : "J3 F2 F3 ");
    all_down();
}
END_TEST

/* The connection of a life that has told nobody of itself fails, and the next life gets its id. */
START_TEST(the_end_of_an_unknown_life_is_not_that_of_the_next_one)
{
    join(1);
    settle();
    lost_after = 2;                         /* RESET goes before */
    ck_assert_int_eq(join_as(2, plex_names[1], 2), XCF_LOST);
    lost_after = 0;
    down(2);
    join(2);
    settle();
    ck_assert_str_eq(systems[1].log, "J2 ");
    down(2);
    settle();
    ck_assert_str_eq(systems[1].log, "J2 F2 ");
    all_down();
}
END_TEST

/* Time goes on for all, who are at work twice in each update of their status. */
static void pass_ms(unsigned ms)
{
    for (unsigned passed = 0; passed < ms; passed += 200) {
        host_platform_advance_us(200000);
        settle();
    }
}

static unsigned told(const char *text)
{
    unsigned count = 0;

    for (const char *at = plex_wto; (at = strstr(at, text)); at++)
        count++;
    return count;
}

static void three_with_interval(uint16_t seconds)
{
    interval_s = seconds;
    for (unsigned n = 1; n <= 3; n++)
        join(n);
    interval_s = 0;
    settle();
    for (unsigned n = 1; n <= 3; n++)
        systems[n].log[0] = 0;
}

/* Of two that find out at once one does it. */
START_TEST(who_hangs_for_the_interval_is_removed_once)
{
    three_with_interval(2);
    pass_ms(5000);
    ck_assert_uint_eq(told("IXC101I"), 0);
    systems[3].hangs = true;
    pass_ms(1800);
    ck_assert_str_eq(systems[1].log, "");
    pass_ms(1000);
    ck_assert_str_eq(systems[1].log, "F3 ");
    ck_assert_str_eq(systems[2].log, "F3 ");
    ck_assert_uint_eq(told("IXC101I SYSPLEX PARTITIONING IN PROGRESS FOR MVS3"), 1);
    ck_assert_uint_eq(told("IXC105I"), 2);
    systems[3].hangs = false;               /* as if the fence had not held: it can not write any more, and stops */
    settle();
    ck_assert(systems[3].out);
    ck_assert_uint_eq(told("IXC220W"), 1);
    all_down();
}
END_TEST

/* Every system is late, because this process did not run. */
START_TEST(who_was_stopped_itself_judges_nobody)
{
    three_with_interval(2);
    host_platform_advance_us(10000000);
    settle();
    pass_ms(3000);
    ck_assert_uint_eq(told("IXC101I"), 0);
    all_down();
}
END_TEST

START_TEST(another_takes_over_from_a_partitioner_that_dies)
{
    three_with_interval(2);
    systems[3].hangs = true;
    host_platform_select(1);
    ck_assert(xcf_vary_offline(systems[1].xcf, 3, false));
    settle();
    ck_assert_int_eq(xcf_member(systems[2].xcf, 3)->state, XCF_STATE_REMOVING);
    ck_assert_str_eq(systems[2].log, "");
    down(1);
    pass_ms(1000);
    ck_assert_str_eq(systems[2].log, "F1 F3 ");
    all_down();
}
END_TEST

START_TEST(who_is_varied_offline_stops_before_the_others_take_what_it_had)
{
    three_with_interval(2);
    host_platform_select(1);
    ck_assert(xcf_vary_offline(systems[1].xcf, 3, false));
    ck_assert(!xcf_vary_offline(systems[1].xcf, 3, false));
    ck_assert_str_eq(systems[1].log, "");
    settle();
    ck_assert(systems[3].out);
    settle();
    ck_assert_str_eq(systems[1].log, "F3 ");
    ck_assert_str_eq(systems[2].log, "F3 ");
    all_down();
}
END_TEST

/* Its own messages have room besides. */
START_TEST(who_joins_is_known_also_where_the_queue_is_full)
{
    join(1);
    join(2);
    settle();
    for (uint32_t sent = 0; send_number(1, 2, sent) == XCF_OK;)
        sent++;
    join(3);
    settle();
    ck_assert_ptr_nonnull(xcf_member(systems[2].xcf, 3));
    all_down();
}
END_TEST

START_TEST(who_was_refused_is_told_to_try_again)
{
    join(1);
    join(2);
    settle();
    for (uint32_t sent = 0; send_number(1, 2, sent) == XCF_OK;)
        sent++;
    systems[1].log[0] = 0;
    settle();
    ck_assert_str_eq(systems[1].log, "");
    pass_ms(200);
    ck_assert_str_eq(systems[1].log, "R2 ");
    ck_assert_uint_eq(xcf_due_us(systems[1].xcf), UINT64_MAX);     /* nothing has been refused again */
    all_down();
}
END_TEST

/* For everybody: with messages to one that does not read them. */
static void fill_structure(unsigned from, unsigned to)
{
    systems[to].hangs = true;
    while (send_number(from, (uint8_t)to, 7) == XCF_OK) {}     /* the longest */
    while (send_number(from, (uint8_t)to, 0) == XCF_OK) {}     /* the shortest */
}

/* The structure is full for its JOINED, too. */
START_TEST(who_could_not_tell_that_it_joined_is_met_by_its_first_message)
{
    for (unsigned n = 1; n <= 4; n++)
        join(n);
    settle();
    xcf_stop(select_system(3));
    down(3);
    settle();
    fill_structure(1, 4);
    join(3);
    ck_assert_uint_eq(told("IXC458I"), 3);
    settle();
    ck_assert_ptr_null(xcf_member(systems[2].xcf, 3));
    struct xes_request r = { .command = CF_CMD_LIST_DELETE, .locate = CF_LOCATE_HEAD, .list = 4 };
    host_platform_select(1);
    ck_assert_int_eq(xes_list(systems[1].xcf->connection, &r), IXLRETCODEOK);
    ck_assert_int_eq(send_number(3, 2, 0), XCF_OK);
    systems[2].log[0] = 0;
    settle();
    ck_assert_str_eq(systems[2].log, "J3 m3 ");
    all_down();
}
END_TEST

/* Who has no room for the message reads it from the record, and its operator is told all the same. */
START_TEST(a_removal_that_could_not_be_told_is_read)
{
    three_with_interval(2);
    join(4);
    settle();
    fill_structure(1, 4);
    systems[1].log[0] = 0;
    host_platform_select(1);
    ck_assert(xcf_vary_offline(systems[1].xcf, 3, true));
    xcf_poll(systems[1].xcf);
    ck_assert_str_eq(systems[1].log, "F3 ");
    ck_assert_uint_gt(told("IXC458I"), 0);
    ck_assert_uint_eq(told("IXC105I"), 1);
    systems[3].hangs = true;
    pass_ms(1000);
    ck_assert_ptr_null(xcf_member(systems[2].xcf, 3));
    ck_assert_uint_eq(told("IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS3 - PRIMARY REASON: OPERATOR VARY REQUEST"), 2);
    all_down();
}
END_TEST

START_TEST(who_ended_while_nobody_looked_is_removed_by_who_joins)
{
    join(1);
    join(3);
    settle();
    systems[3].hangs = true;
    down(1);
    join(2);
    settle();
    ck_assert_str_eq(systems[2].log, "F1 ");
    ck_assert_ptr_nonnull(xcf_member(systems[2].xcf, 3));
    all_down();
}
END_TEST

/* If it does not answer it has the cleanup interval. */
START_TEST(who_does_not_stop_is_fenced_after_the_cleanup_interval)
{
    three_with_interval(60);
    systems[3].hangs = true;
    host_platform_select(1);
    ck_assert(xcf_vary_offline(systems[1].xcf, 3, false));
    pass_ms(4600);
    ck_assert_str_eq(systems[1].log, "");
    pass_ms(800);
    ck_assert_str_eq(systems[1].log, "F3 ");
    all_down();
}
END_TEST

START_TEST(who_is_back_before_its_end_was_read_is_not_marked_failed)
{
    for (unsigned n = 1; n <= 2; n++)
        join(n);
    settle();
    for (unsigned life = 0; life < 5; life++) {
        systems[1].log[0] = 0;
        down(2);
        join(2);
        settle();
        ck_assert_str_eq(systems[1].log, "F2 J2 ");
        join(3);
        settle();
        ck_assert_ptr_nonnull(xcf_member(systems[3].xcf, 2));
        ck_assert_str_eq(systems[2].log, "J3 ");
        down(3);
        settle();
    }
    all_down();
}
END_TEST

START_TEST(who_joins_after_a_failure_does_not_see_the_dead)
{
    join(1);
    join(2);
    settle();
    down(2);
    join(3);                                    /* reads the record of 2 before anybody has marked it */
    ck_assert_ptr_nonnull(xcf_member(systems[3].xcf, 2));
    settle();
    ck_assert_ptr_null(xcf_member(systems[3].xcf, 2));
    ck_assert_str_eq(systems[3].log, "F2 ");
    join(4);
    ck_assert_ptr_null(xcf_member(systems[4].xcf, 2));
    all_down();
}
END_TEST

START_TEST(who_is_back_gets_nothing_of_the_earlier_life)
{
    join(1);
    join(2);
    settle();
    systems[1].log[0] = 0;
    ck_assert_int_eq(send_number(1, 2, 0), XCF_OK);     /* never read */
    down(2);
    ck_assert_int_eq(send_number(1, 2, 0), XCF_OK);     /* 1 does not know yet */
    join(2);
    ck_assert_int_eq(send_number(1, 2, 0), XCF_OK);     /* meant for the earlier life */
    settle();
    ck_assert_uint_eq(systems[2].received, 0);
    ck_assert_str_eq(systems[1].log, "F2 J2 ");
    ck_assert_ptr_nonnull(xcf_member(systems[1].xcf, 2));
    ck_assert_int_eq(send_number(1, 2, 0), XCF_OK);
    settle();
    ck_assert_uint_eq(systems[2].received, 1);
    all_down();
}
END_TEST

START_TEST(who_leaves_has_left)
{
    for (unsigned n = 1; n <= 3; n++)
        join(n);
    settle();
    systems[1].log[0] = 0;
    xcf_stop(select_system(2));
    down(2);
    settle();
    ck_assert_str_eq(systems[1].log, "L2 ");
    ck_assert_ptr_null(xcf_member(systems[3].xcf, 2));
    join(2);
    settle();
    ck_assert_str_eq(systems[1].log, "L2 J2 ");
    all_down();
}
END_TEST

START_TEST(a_number_and_a_name_are_used_once)
{
    join(1);
    ck_assert_int_eq(join_as(2, "MVSX", 1), XCF_NUMBER_IN_USE);
    ck_assert_ptr_nonnull(strstr(plex_wto, "IXC404I SYSTEM NUMBER 1 OF MVSX IS IN USE BY SYSTEM MVS1"));
    down(2);
    ck_assert_int_eq(join_as(2, "MVS1", 2), XCF_NUMBER_IN_USE);
    ck_assert_ptr_nonnull(strstr(plex_wto, "IXC463I SYSTEM MVS1 CANNOT USE STRUCTURE IXCSTR1"));
    all_down();
}
END_TEST

START_TEST(the_secret_is_one)
{
    uint8_t one[16], two[16], again[16];
    static const uint8_t zeros[16];

    join(1);
    join(2);
    ck_assert_int_eq(xcf_secret(select_system(1), one), XCF_OK);
    ck_assert_int_eq(xcf_secret(select_system(2), two), XCF_OK);
    ck_assert_int_eq(xcf_secret(select_system(1), again), XCF_OK);
    ck_assert_mem_eq(one, two, 16);
    ck_assert_mem_eq(one, again, 16);
    ck_assert_mem_ne(one, zeros, 16);
    all_down();
}
END_TEST

START_TEST(a_lost_cf_is_an_error_to_the_sender)
{
    join(1);
    join(2);
    settle();
    select_system(1);
    host_platform_add_cf(NULL);
    ck_assert_int_eq(send_number(1, 2, 0), XCF_LOST);
    ck_assert_int_eq(send_number(1, XCF_ALL, 0), XCF_LOST);
    xcf_drain(systems[1].xcf);
    xcf_poll(systems[1].xcf);
    all_down();
}
END_TEST

/* While one waits for a rebuild, all do their part of it. */
static void rebuild_together(void)
{
    unsigned self = host_platform_selected();

    for (unsigned n = 1; n < PLEX_STACKS; n++) {
        if (!systems[n].xcf || systems[n].hangs)
            continue;
        host_platform_select(n);
        host_platform_attend(0);
        xes_rebuild_work(&systems[n].xes);
    }
    host_platform_select(self);
}

static void start_rebuild(void)
{
    uint8_t mcb[CF_MCB_SIZE] = { 0 }, mrb[CF_MRB_SIZE];

    put_be16(mcb + MCB_COMMAND, CF_CMD_REBUILD_START);
    xes_name(mcb + MCB_NAME, CF_NAME_SIZE, XCF_STRUCTURE);
    cf_message(systems[1].cf, mcb, NULL, 0, mrb, NULL, 0);
    ck_assert_uint_eq(get_be16(mrb + MRB_RESPONSE), CF_RSP_OK);
}

/* Everybody waits for its answer, to the first phase, or to the second, and no status can be read meanwhile. */
START_TEST(who_hangs_in_a_rebuild_of_the_signalling_structure_is_fenced)
{
    plex_pair();
    host_platform_on_wait(rebuild_together);
    three_with_interval(2);
    if (_i == 1)
        start_rebuild();
    if (_i == 1) {
        host_platform_select(3);
        host_platform_attend(0);
        xes_repoll(&systems[3].xes);        /* it is quiet, as it says */
        ck_assert_uint_eq(systems[3].xcf->rebuild.phase, CF_REBUILD_QUIESCE);
    }
    systems[3].hangs = true;
    if (_i == 0)
        start_rebuild();
    else if (_i == 2)
        ck_assert_int_eq(cf_fail(plex.segment), 0);
    settle();
    pass_ms(1800);
    ck_assert_str_eq(systems[1].log, "");
    ck_assert(xes_is_rebuilding(systems[1].xcf->connection));
    pass_ms(1400);
    for (unsigned n = 1; n <= 2; n++) {
        ck_assert_str_eq(systems[n].log, "F3 ");
        ck_assert_str_eq(systems[n].xcf->connection->cfname, "CF02");
        ck_assert(!xes_is_rebuilding(systems[n].xcf->connection));
    }
    ck_assert_uint_eq(told("IXC109I FENCE ACTION FOR SYSTEM MVS3: IT HAS NOT ANSWERED THE REBUILD OF STRUCTURE IXCSTR1 FOR 2 SECONDS"), 1);
    ck_assert_uint_eq(told("IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS3"), 2);
    systems[1].log[0] = 0;
    pass_ms(5000);                          /* the survivors are not taken for hanging after it */
    ck_assert_str_eq(systems[1].log, "");
    ck_assert_int_eq(send_number(1, 2, 0), XCF_OK);
    settle();
    ck_assert_uint_eq(systems[2].received, 1);
    all_down();
}
END_TEST

/* Messages that stand in the queues when the CF is lost, or the structure moves, come all the same, once, in order; so do
 * those that are sent before the receivers know of it. */
START_TEST(signals_outlive_their_structure)
{
    uint8_t before[16], after[16];
    uint64_t joined[4];

    plex_pair();
    host_platform_on_wait(rebuild_together);
    for (unsigned n = 1; n <= 3; n++)
        join(n);
    settle();
    ck_assert_int_eq(xcf_secret(select_system(2), before), XCF_OK);
    for (unsigned n = 1; n <= 3; n++)
        joined[n] = xcf_member(systems[n].xcf, (uint8_t)n)->joined_us;
    for (uint32_t i = 0; i < 40; i++) {
        ck_assert_int_eq(send_number(1, XCF_ALL, i), XCF_OK);
        ck_assert_int_eq(send_number(2, 3, i), XCF_OK);
        if (i == 10) {
            select_system(3);
            xcf_drain(systems[3].xcf);      /* it has had some of them */
        }
        if (i == 12 && _i == 0)
            ck_assert_int_eq(cf_fail(plex.segment), 0);
        if (i == 12 && _i == 1)
            start_rebuild();
        if (i >= 12)
            settle();
    }
    for (unsigned n = 1; n <= 3; n++) {
        ck_assert_str_eq(systems[n].xcf->connection->cfname, "CF02");
        ck_assert_ptr_null(strchr(systems[n].log, 'F'));
        for (unsigned other = 1; other <= 3; other++)
            ck_assert_uint_eq(xcf_member(systems[n].xcf, (uint8_t)other)->joined_us, joined[other]);
    }
    ck_assert_uint_eq(systems[3].next[1], 40);
    ck_assert_uint_eq(systems[3].next[2], 40);
    ck_assert_uint_eq(systems[2].next[1], 40);
    ck_assert_int_eq(xcf_secret(select_system(2), after), XCF_OK);
    ck_assert_mem_eq(before, after, sizeof before);
    down(2);                                /* a failure is seen in the new structure as in the old one */
    settle();
    ck_assert_ptr_nonnull(strstr(systems[1].log, "F2"));
    join(2);
    settle();
    ck_assert_ptr_nonnull(strstr(systems[1].log, "F2 J2"));
    all_down();
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("xcf");

    tcase_add_loop_test(t, signals_outlive_their_structure, 0, 2);
    tcase_add_loop_test(t, who_hangs_in_a_rebuild_of_the_signalling_structure_is_fenced, 0, 3);
    tcase_add_test(t, each_learns_of_each);
    tcase_add_test(t, joined_comes_before_the_messages_of_the_joiner);
    tcase_add_test(t, messages_arrive_in_order_and_whole);
    tcase_add_test(t, all_means_all_others);
    tcase_add_test(t, drain_does_not_depend_on_attention);
    tcase_add_test(t, polling_costs_no_request_when_nothing_has_come);
    tcase_add_test(t, a_full_queue_is_an_error_and_not_a_hang);
    tcase_add_test(t, messages_that_fill_the_structure_are_an_error);
    tcase_add_test(t, nonsense_is_refused);
    tcase_add_test(t, a_failure_is_told_after_the_last_message);
    tcase_add_test(t, who_joins_and_dies_at_once_joins_and_fails);
    tcase_add_loop_test(t, two_that_had_one_connection_id_both_fail, 0, 2);
    tcase_add_test(t, the_end_of_an_unknown_life_is_not_that_of_the_next_one);
    tcase_add_test(t, who_hangs_for_the_interval_is_removed_once);
    tcase_add_test(t, who_was_stopped_itself_judges_nobody);
    tcase_add_test(t, another_takes_over_from_a_partitioner_that_dies);
    tcase_add_test(t, who_is_varied_offline_stops_before_the_others_take_what_it_had);
    tcase_add_test(t, who_joins_is_known_also_where_the_queue_is_full);
    tcase_add_test(t, who_was_refused_is_told_to_try_again);
    tcase_add_test(t, who_could_not_tell_that_it_joined_is_met_by_its_first_message);
    tcase_add_test(t, a_removal_that_could_not_be_told_is_read);
    tcase_add_test(t, who_ended_while_nobody_looked_is_removed_by_who_joins);
    tcase_add_test(t, who_does_not_stop_is_fenced_after_the_cleanup_interval);
    tcase_add_test(t, who_is_back_before_its_end_was_read_is_not_marked_failed);
    tcase_add_test(t, who_joins_after_a_failure_does_not_see_the_dead);
    tcase_add_test(t, who_is_back_gets_nothing_of_the_earlier_life);
    tcase_add_test(t, who_leaves_has_left);
    tcase_add_test(t, a_number_and_a_name_are_used_once);
    tcase_add_test(t, the_secret_is_one);
    tcase_add_test(t, a_lost_cf_is_an_error_to_the_sender);
    return plex_main(t, "core_xcf");
}
