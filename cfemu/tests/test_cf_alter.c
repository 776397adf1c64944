/* ALTER while the structure is in use, and how full it is. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_alter.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_crash.h"
#include "cfemu/tests/cf_fixture.h"

#define WRITE CF_CMD_LIST_WRITE
#define NAME CF_LOCATE_NAME
#define DATA CF_OPT_DATA
#define RESPONSE(user, expected, ...) ck_assert_int_eq(ask(user, (struct ask){__VA_ARGS__}), CF_RSP_##expected)
#define INCREMENT_KIB (CF_INCREMENT / 1024)

static struct cf *cf;
static struct cf_user user, other;
static struct attributes altering;

static struct cf_structure *structure(void)
{
    return cf_control(cf, &cf->slots[0]);
}

/* Control storage, and one increment each for entries and elements. */
static uint32_t smallest(void)
{
    return (cf_control_increments(structure()) + 2) * INCREMENT_KIB;
}

static void setup(void)
{
    cf = segment_new(8 << 20);
    altering = usual;
    altering.size_kib = 4096;
    altering.options = CF_CONN_OPT_ALTER | CF_CONN_OPT_FULL;
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &altering, &user), CF_RSP_OK);
}

static void teardown(void)
{
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_close(cf);
}

static int alter_once(uint32_t size_kib, uint32_t entries, uint32_t elements, uint64_t restart)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, &user, CF_CMD_ALTER);
    cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, "STR1");
    put_be32(mcb + MCB_OWN + ALTER_SIZE_KIB, size_kib);
    put_be16(mcb + MCB_OWN + ALTER_ENTRYRATIO, (uint16_t)entries);
    put_be16(mcb + MCB_OWN + ALTER_ELEMENTRATIO, (uint16_t)elements);
    put_be64(mcb + MCB_RESTART, restart);
    return cf_send(cf, mcb, mrb);
}

/* To the end. Result: was the target reached? */
static bool alter(uint32_t size_kib, uint32_t entries, uint32_t elements)
{
    int response = alter_once(size_kib, entries, elements, 0);
    while (response == CF_RSP_TIMEOUT)
        response = alter_once(0, 0, 0, get_be64(mrb + MRB_RESTART));
    ck_assert_int_eq(response, CF_RSP_OK);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    return mrb[MRB_OWN + ALTER_REACHED];
}

static uint32_t events(void)
{
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_VECTOR_READ}), CF_RSP_OK);
    return get_be32(mrb + MRB_OWN + VECTOR_EVENTS);
}

static int put(unsigned n, uint32_t length)
{
    char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "N%u", n);
    return ask(&user, (struct ask){WRITE, NAME, .name = name, .options = DATA, .length = length, .fill = (uint8_t)n});
}

static int drop(unsigned n)
{
    char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "N%u", n);
    return ask(&user, (struct ask){CF_CMD_LIST_DELETE, NAME, .name = name});
}

/* Entry n is there with its data. */
static void there(unsigned n, uint32_t length)
{
    char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "N%u", n);
    RESPONSE(&user, OK, CF_CMD_LIST_READ, NAME, .name = name, .options = DATA);
    ck_assert_uint_eq(get_be32(mrb + MRB_DATALEN), length);
    for (uint32_t i = 0; i < length; i++)
        if (data_in[i] != (uint8_t)n)
            ck_abort_msg("entry %u: byte %u is %02x", n, i, data_in[i]);
}

/* --- size and ratio ---------------------------------------------------------------------------------------------------- */

START_TEST(free_storage_goes_and_comes_back)
{
    struct cf_structure *s = structure();
    uint32_t free_before = cf->header->increments_free, entries = s->entries_total, elements = s->elements_total;
    put(1, 3000);
    ck_assert(alter(1024, 0, 0));
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + ALTER_SIZE_KIB), 1024);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + ALTER_SIZEMAX_KIB), 4096);
    ck_assert_uint_eq(s->size_kib, 1024);
    ck_assert_uint_eq(cf->header->increments_free, free_before + 12);
    ck_assert_uint_lt(s->elements_total, elements);
    there(1, 3000);
    ck_assert(alter(4096, 0, 0));
    ck_assert_uint_eq(cf->header->increments_free, free_before);
    ck_assert_uint_eq(s->entries_total, entries);
    ck_assert_uint_eq(s->elements_total, elements);
    there(1, 3000);
}
END_TEST

START_TEST(ratio_changes_within_the_size)
{
    struct cf_structure *s = structure();
    uint32_t entries = s->entries_total, elements = s->elements_total, free_before = cf->header->increments_free;
    put(1, 3000);
    ck_assert(alter(0, 1, 1));
    ck_assert_uint_gt(s->entries_total, entries);
    ck_assert_uint_lt(s->elements_total, elements);
    ck_assert_uint_eq(s->entryratio, 1);
    ck_assert_uint_eq(s->elementratio, 1);
    ck_assert_uint_eq(s->size_kib, 4096);
    ck_assert_uint_eq(cf->header->increments_free, free_before);
    ck_assert(alter(0, 1, 4));
    ck_assert_uint_eq(s->entries_total, entries);
    there(1, 3000);
}
END_TEST

START_TEST(what_is_used_stays)
{
    struct cf_structure *s = structure();
    unsigned count = 0;
    while (put(count, 2000) == CF_RSP_OK)
        count++;
    ck_assert(!alter(smallest(), 0, 0));
    ck_assert_uint_gt(s->size_kib, smallest());
    for (unsigned i = 0; i < count; i++)
        there(i, 2000);
    uint32_t used = s->size_kib;
    for (unsigned i = 0; i < count; i++)
        if (i % 50 != 7)
            ck_assert_int_eq(drop(i), CF_RSP_OK);
    alter(smallest(), 0, 0);
    ck_assert_uint_le(s->size_kib, used);
    for (unsigned i = 7; i < count; i += 50)
        there(i, 2000);
    for (unsigned i = 7; i < count; i += 50)
        ck_assert_int_eq(drop(i), CF_RSP_OK);
    ck_assert(alter(smallest(), 0, 0));
}
END_TEST

START_TEST(an_old_leid_finds_nothing_in_new_storage)
{
    uint8_t leid[CF_LEID_SIZE];
    struct cf_structure *s = structure();
    alter(0, 4, 1);
    unsigned count = 0;
    for (; count < s->entries_per_increment + 10; count++)
        ck_assert_int_eq(put(count, 0), CF_RSP_OK);
    memcpy(leid, mrb + MRB_LEID, sizeof leid);
    for (unsigned i = 0; i < count; i++)
        drop(i);
    ck_assert(alter(smallest(), 0, 0));
    RESPONSE(&user, NO_ENTRY, CF_CMD_LIST_READ, CF_LOCATE_LEID, .leid = leid);
    ck_assert(alter(4096, 0, 0));
    RESPONSE(&user, NO_ENTRY, CF_CMD_LIST_READ, CF_LOCATE_LEID, .leid = leid);
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(put(i, 0), CF_RSP_OK);
    RESPONSE(&user, NO_ENTRY, CF_CMD_LIST_READ, CF_LOCATE_LEID, .leid = leid);
}
END_TEST

START_TEST(used_at_random_while_it_changes)
{
    enum { NAMES = 300 };
    uint32_t length[NAMES] = {0};
    bool present[NAMES] = {false};
    unsigned seed = 7;
    for (int i = 0; i < 6000; i++) {
        unsigned n = (unsigned)rand_r(&seed) % NAMES;
        if (rand_r(&seed) % 3 == 0) {
            ck_assert_int_eq(drop(n), present[n] ? CF_RSP_OK : CF_RSP_NO_ENTRY);
            present[n] = false;
        } else {
            uint32_t bytes = (uint32_t)rand_r(&seed) % 20000;
            int response = put(n, bytes);
            ck_assert(response == CF_RSP_OK || response == CF_RSP_STRUCTURE_FULL);
            if (response == CF_RSP_OK) {
                present[n] = true;
                length[n] = bytes;
            }
        }
        if (i % 20 == 0)
            alter(smallest() + INCREMENT_KIB * ((uint32_t)rand_r(&seed) % (4096 / INCREMENT_KIB - smallest() / INCREMENT_KIB + 1)), 1 + (uint32_t)rand_r(&seed) % 3, 1 + (uint32_t)rand_r(&seed) % 9);
        if (present[n])
            there(n, length[n]);
    }
    for (unsigned n = 0; n < NAMES; n++)
        if (present[n])
            there(n, length[n]);
}
END_TEST

START_TEST(a_long_alter_goes_in_steps)
{
    altering.size_kib = 40 << 10;
    cf_close(cf);
    cf = segment_new(64 << 20);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &altering, &user), CF_RSP_OK);
    ck_assert_int_eq(alter_once(2048, 0, 0, 0), CF_RSP_TIMEOUT);
    uint64_t token = get_be64(mrb + MRB_RESTART);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + ALTER_SIZE_KIB), (40 << 10) - CF_ALTER_MOVES * INCREMENT_KIB);
    ck_assert_int_eq(mrb[MRB_OWN + ALTER_REACHED], 0);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    ck_assert_int_eq(put(1, 3000), CF_RSP_OK);
    ck_assert_int_eq(alter_once(2048, 0, 0, 0), CF_RSP_ALTERING);
    ck_assert_uint_eq(get_be64(mrb + MRB_RESTART), token);
    ck_assert_int_eq(alter_once(0, 0, 0, token + 1), CF_RSP_ALTER_ENDED);
    ck_assert_int_eq(alter_once(0, 0, 0, token), CF_RSP_TIMEOUT);
    ck_assert_uint_eq(events(), CF_EVENT_ALTER_BEGIN);
    RESPONSE(&user, OK, CF_CMD_ALTER, .name = "STR1", .options = CF_OPT_STOP);
    ck_assert_uint_eq(events(), CF_EVENT_ALTER_END);
    ck_assert_int_eq(alter_once(0, 0, 0, token), CF_RSP_ALTER_ENDED);
    RESPONSE(&user, OK, CF_CMD_ALTER, .name = "STR1", .options = CF_OPT_STOP);
    ck_assert_uint_eq(structure()->size_kib, (40 << 10) - 2 * CF_ALTER_MOVES * INCREMENT_KIB);
    there(1, 3000);
}
END_TEST

START_TEST(an_alter_that_cannot_be_is_refused)
{
    static const struct { uint32_t size, entries, elements; unsigned reason; } rows[] = {
        {4097, 0, 0, MCB_OWN + ALTER_SIZE_KIB},     /* more than it was allocated for */
        {0xFFFFFFFF, 0, 0, MCB_OWN + ALTER_SIZE_KIB},
        {256, 0, 0, MCB_OWN + ALTER_SIZE_KIB},
        {0, 0, 1, MCB_OWN + ALTER_ENTRYRATIO},
        {0, 1, 0, MCB_OWN + ALTER_ELEMENTRATIO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(alter_once(rows[i].size, rows[i].entries, rows[i].elements, 0), CF_RSP_BAD_REQUEST);
        ck_assert_uint_eq(get_be16(mrb + MRB_REASON), rows[i].reason);
    }
    RESPONSE(&user, BAD_REQUEST, CF_CMD_ALTER, .name = "STR1", .options = DATA);
    RESPONSE(&user, BAD_REQUEST, CF_CMD_ALTER, .name = "str1");
    RESPONSE(&user, NO_STRUCTURE, CF_CMD_ALTER, .name = "STR2");
    ck_assert_int_eq(alter_once(0, 0, 0, 1), CF_RSP_ALTER_ENDED);
    altering.options = 0;
    ck_assert_int_eq(connect_as(cf, "STR1", "TWO", &altering, &other), CF_RSP_OK);
    ck_assert_int_eq(alter_once(1024, 0, 0, 0), CF_RSP_ALTER_NOT_ALLOWED);
    RESPONSE(&other, OK, CF_CMD_DISCONNECT);
    ck_assert_int_eq(alter_once(1024, 0, 0, 0), CF_RSP_OK);
}
END_TEST

START_TEST(a_full_facility_ends_it_short)
{
    struct attributes large = usual;
    ck_assert(alter(1024, 0, 0));
    large.size_kib = (cf->header->increments_free - 4) * INCREMENT_KIB;
    ck_assert_int_eq(connect_as(cf, "STR2", "ONE", &large, &other), CF_RSP_OK);
    ck_assert(!alter(4096, 0, 0));
    ck_assert_uint_eq(structure()->size_kib, 1024 + 4 * INCREMENT_KIB);
    ck_assert_uint_eq(cf->header->increments_free, 0);
}
END_TEST

START_TEST(what_has_two_copies_keeps_its_size)
{
    cf_close(cf);
    cf = pair_new(16 << 20);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &altering, &user), CF_RSP_OK);
    put(1, 3000);
    ck_assert(alter(3072, 0, 0));
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR1", 0), CF_RSP_OK);
    ck_assert_int_eq(alter_once(1024, 0, 0, 0), CF_RSP_REBUILD);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_STOP, "STR1", CF_OPT_KEEP_NEW), CF_RSP_OK);
    ck_assert(alter(1024, 0, 0));       /* it is in the other CF now */
    there(1, 3000);
    ck_assert_int_eq(operate(cf, CF_CMD_REBUILD, "STR1", 0), CF_RSP_OK);
    ck_assert(alter(4096, 0, 0));
    there(1, 3000);
}
END_TEST

/* --- death at every step ------------------------------------------------------------------------------------------------ */

static int steps_left;

static void die_in_time(void)
{
    if (--steps_left == 0)
        _exit(99);
}

/* A child does it and dies at a step; false: it got through. */
static bool dies(int step, void (*act)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        steps_left = step;
        cf_crash_hook = die_in_time;
        act();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 99 || WEXITSTATUS(status) == 0));
    return WEXITSTATUS(status) == 99;
}

static const struct death { uint32_t size, entries, elements; } *death, deaths[] = {{1280, 0, 0}, {2048, 0, 0}, {0, 1, 1}, {1024, 1, 1}};

static void alter_dying(void)
{
    alter_once(death->size, death->entries, death->elements, 0);
}

START_TEST(death_in_an_alter)
{
    int step = 1;
    death = &deaths[_i];
    ck_assert(alter(1536, 1, 3));
    for (unsigned i = 0; i < 40; i++)
        put(i, 1500);
    for (bool died = true; died; step++) {
        died = dies(step, alter_dying);
        ck_assert_int_eq(cf_check(cf, stderr), 0);
        if (structure()->alter.active)      /* another goes on with it */
            ck_assert_int_eq(alter_once(0, 0, 0, structure()->alter.sequence), CF_RSP_OK);
        for (unsigned i = 0; i < 40; i++)
            there(i, 1500);
        alter(1536, 1, 3);
    }
    ck_assert_int_gt(step, 10);
}
END_TEST

/* One that its beginner has died over. */
static void alter_begun(void)
{
    for (int step = 1; !structure()->alter.active; step++) {
        ck_assert(alter(1536, 1, 3));
        ck_assert(dies(step, alter_dying));
        ck_assert_int_eq(cf_check(cf, stderr), 0);
    }
}

static void stop(void)
{
    ask(&user, (struct ask){CF_CMD_ALTER, .name = "STR1", .options = CF_OPT_STOP});
}

START_TEST(death_in_the_stop_of_an_alter)
{
    int step = 1, stopped = 0;
    death = &deaths[0];
    for (bool died = true; died; step++) {
        alter_begun();
        events();
        died = dies(step, stop);
        ck_assert_int_eq(cf_check(cf, stderr), 0);
        stopped += !structure()->alter.active;
        ck_assert(died || !structure()->alter.active);
        ck_assert_uint_eq(events(), structure()->alter.active ? 0 : CF_EVENT_ALTER_END);
        stop();
        ck_assert(!structure()->alter.active);
    }
    ck_assert(step > 3 && stopped > 0);
}
END_TEST

START_TEST(every_command_is_among_them)
{
    static const uint16_t command = CF_CMD_ALTER;
    crash_complete(CRASH_ALTER, &command, 1, sizeof command);
}
END_TEST

/* --- full -------------------------------------------------------------------------------------------------------------- */

START_TEST(full_and_relieved_are_told_once)
{
    struct cf_structure *s = structure();
    s->threshold = 50;
    cf_marks_set(s);
    cf_commit(s);
    unsigned count = 0;
    while (!s->full)
        ck_assert_int_eq(put(count++, 2000), CF_RSP_OK);
    ck_assert_uint_gt(s->elements_used, s->elements_total / 2);
    ck_assert_uint_le(s->elements_used - 8, s->elements_total / 2);
    ck_assert_uint_eq(events(), CF_EVENT_FULL);
    for (int i = 0; i < 10; i++) {          /* at the mark it does not flicker */
        drop(--count);
        put(count++, 2000);
    }
    ck_assert_uint_eq(events(), 0);
    while (s->full)
        ck_assert_int_eq(drop(--count), CF_RSP_OK);
    ck_assert_uint_eq(events(), CF_EVENT_RELIEVED);
    ck_assert_uint_eq(s->full_times, 1);
    while (!s->full)
        ck_assert_int_eq(put(count++, 2000), CF_RSP_OK);
    while (s->full)
        drop(--count);
    ck_assert_uint_eq(events(), CF_EVENT_RELIEVED);     /* the later one */
}
END_TEST

START_TEST(full_is_seen_when_storage_goes)
{
    struct cf_structure *s = structure();
    s->threshold = 90;
    cf_marks_set(s);
    cf_commit(s);
    for (unsigned i = 0; i < 64; i++)
        put(i, 10000);
    ck_assert(!s->full);
    alter(smallest(), 0, 0);
    ck_assert(s->full);
    ck_assert_uint_eq(events() & (CF_EVENT_FULL | CF_EVENT_RELIEVED), CF_EVENT_FULL);
    alter(4096, 0, 0);
    ck_assert(!s->full);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("CF alter");
    TCase *tests = tcase_create("alter");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, free_storage_goes_and_comes_back);
    tcase_add_test(tests, ratio_changes_within_the_size);
    tcase_add_test(tests, what_is_used_stays);
    tcase_add_test(tests, an_old_leid_finds_nothing_in_new_storage);
    tcase_add_test(tests, used_at_random_while_it_changes);
    tcase_add_test(tests, a_long_alter_goes_in_steps);
    tcase_add_test(tests, an_alter_that_cannot_be_is_refused);
    tcase_add_test(tests, a_full_facility_ends_it_short);
    tcase_add_test(tests, what_has_two_copies_keeps_its_size);
    tcase_add_loop_test(tests, death_in_an_alter, 0, sizeof deaths / sizeof deaths[0]);
    tcase_add_test(tests, death_in_the_stop_of_an_alter);
    tcase_add_test(tests, every_command_is_among_them);
    tcase_add_test(tests, full_and_relieved_are_told_once);
    tcase_add_test(tests, full_is_seen_when_storage_goes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
