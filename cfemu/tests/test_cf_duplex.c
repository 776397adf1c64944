/* Pairs of CFs: loss of a CF, system-managed duplexing and rebuild.
 *
 * What one command does stands in tables of short tests; that a duplexed structure loses nothing is shown under load: some
 * processes count up one entry under a lock and an entry of their own, are killed again and again, and in the middle of it
 * a CF fails, or the structure is moved to and fro. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_crash.h"
#include "cfemu/tests/cf_fixture.h"

#define PAIR_SIZE (8u << 20)

static struct cf *cf;
static struct cf_user one, two;

static const struct ask write_a = {CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "A", .options = CF_OPT_DATA | CF_OPT_ADJUNCT, .length = 3000, .fill = 7, .adjunct = 3};
static const struct ask read_a = {CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = "A", .options = CF_OPT_DATA | CF_OPT_ADJUNCT};
static const struct ask vector = {CF_CMD_VECTOR_READ, 0};

static void start(void)
{
    cf = pair_new(PAIR_SIZE);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &one), CF_RSP_OK);
    ck_assert_int_eq(connect_as(cf, "STR1", "TWO", &usual, &two), CF_RSP_OK);
    ck_assert_int_eq(ask(&one, write_a), CF_RSP_OK);
}

static void duplex(void)
{
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR1", 0), CF_RSP_OK);
}

static void end(void)
{
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_close(cf);
}

static bool a_is_there(const struct cf_user *user)
{
    return ask(user, read_a) == CF_RSP_OK && get_be32(mrb + MRB_DATALEN) == 3000 && data_in[2999] == 7 && mrb[MRB_ADJUNCT] == 3;
}

static bool located_in(const char *cfname)
{
    const struct cf_slot *slot = &cf->slots[0];
    return strncmp((const char *)cf->half[slot->where].header->cfname, cfname, strlen(cfname)) == 0;
}

/* --- pairs ------------------------------------------------------------------------------------------------------------ */

START_TEST(who_is_in_use_is_not_paired)
{
    cf = segment_new(PAIR_SIZE);
    cf_remove(peer_name);
    ck_assert_int_eq(cf_create(peer_name, "CF02", PAIR_SIZE), 0);
    ck_assert_int_eq(cf_pair(segment_name, segment_name), -EINVAL);
    ck_assert_int_eq(cf_pair(segment_name, "cf_test.nobody"), -ENOENT);
    ck_assert_int_eq(cf_pair(segment_name, peer_name), -EBUSY);
    ck_assert_int_eq(cf_pair(peer_name, segment_name), -EBUSY);
    cf_close(cf);
    ck_assert_int_eq(cf_pair(segment_name, peer_name), 0);
    ck_assert_int_eq(cf_pair(segment_name, peer_name), -EEXIST);
    cf = segment_open();
    cf_close(cf);
    ck_assert_int_eq(cf_remove(peer_name), 0);
    struct cf *none;
    ck_assert_int_eq(cf_open(segment_name, "TEST", &none), -ENOENT);
    ck_assert_int_eq(cf_create(peer_name, "CF02", PAIR_SIZE), 0);
    ck_assert_int_eq(cf_open(segment_name, "TEST", &none), -EPROTO);
}
END_TEST

START_TEST(a_structure_has_one_name_in_a_pair)
{
    struct cf_user three;
    struct cf *other;
    start();
    ck_assert_int_eq(cf_open(peer_name, "TEST", &other), 0);
    ck_assert_int_eq(connect_as(other, "STR1", "THREE", &usual, &three), CF_RSP_OK);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 1);
    ck_assert_int_eq(memcmp(mrb + MRB_OWN + CONN_CFNAME, "CF01    ", 8), 0);
    ck_assert(a_is_there(&three));
    ck_assert_int_eq(connect_as(other, "STR2", "THREE", &usual, &three), CF_RSP_OK);
    ck_assert_int_eq(memcmp(mrb + MRB_OWN + CONN_CFNAME, "CF02    ", 8), 0);
    ck_assert_int_eq(ask(&three, write_a), CF_RSP_OK);
    cf_close(other);
    end();
}
END_TEST

/* --- loss of a CF --------------------------------------------------------------------------------------------------------- */

START_TEST(a_failed_cf_says_so)
{
    struct cf_user three;
    uint32_t seen = 0;
    start();
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET}), CF_RSP_OK);
    while (cf_wait(cf, &seen, 0))
        ;
    ck_assert_int_eq(cf_fail(segment_name), 0);
    ck_assert(cf_wait(cf, &seen, 0));
    ck_assert_int_eq(ask(&one, read_a), CF_RSP_CF_FAILED);
    ck_assert_int_eq(ask(&one, write_a), CF_RSP_CF_FAILED);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_IDENTIFY, 0}), CF_RSP_CF_FAILED);
    ck_assert_int_eq(ask(&one, vector), CF_RSP_OK);
    ck_assert(get_be32(mrb + MRB_OWN + VECTOR_EVENTS) & CF_EVENT_CF_FAILED);
    ck_assert_int_eq(connect_as(cf, "STR1", "THREE", &usual, &three), CF_RSP_REBUILD);     /* its users will */
    ck_assert_int_eq(connect_as(cf, "STR2", "THREE", &usual, &three), CF_RSP_OK);          /* in the other one */
    ck_assert_int_eq(cf_fail(peer_name), 0);
    ck_assert_int_eq(connect_as(cf, "STR1", "FOUR", &usual, &three), CF_RSP_CF_FAILED);
    ck_assert_int_eq(connect_as(cf, "STR3", "FOUR", &usual, &three), CF_RSP_CF_FAILED);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_DISCONNECT, 0}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_DISCONNECT, 0}), CF_RSP_OK);
    end();
}
END_TEST

START_TEST(a_lost_structure_is_allocated_in_the_other_cf_when_nobody_needs_it)
{
    struct cf *other;
    struct attributes keep = usual;
    keep.flags |= CF_CONN_STRDISP_KEEP;
    cf = pair_new(PAIR_SIZE);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &keep, &one), CF_RSP_OK);
    ck_assert_int_eq(ask(&one, write_a), CF_RSP_OK);
    ck_assert_int_eq(cf_fail(segment_name), 0);
    ck_assert_int_eq(cf_open(peer_name, "TEST", &other), 0);
    ck_assert_int_eq(connect_as(other, "STR1", "TWO", &keep, &two), CF_RSP_REBUILD);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_DISCONNECT, 0}), CF_RSP_OK);
    ck_assert_int_eq(connect_as(other, "STR1", "TWO", &keep, &two), CF_RSP_OK);
    ck_assert_int_eq(mrb[MRB_OWN + CONN_EXISTING], 0);
    ck_assert_int_eq(ask(&two, read_a), CF_RSP_NO_ENTRY);
    cf_close(other);
    end();
}
END_TEST

START_TEST(a_cf_comes_back_empty)
{
    start();
    ck_assert_int_eq(cf_activate(segment_name), -EALREADY);
    ck_assert_int_eq(cf_fail(segment_name), 0);
    ck_assert_int_eq(cf_activate(segment_name), 0);
    ck_assert_uint_eq(cf->header->increments_free, cf->header->increments);
    ck_assert_int_eq(ask(&one, read_a), CF_RSP_NO_STRUCTURE);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &one), CF_RSP_OK);
    ck_assert_int_eq(ask(&one, read_a), CF_RSP_NO_ENTRY);
    end();
}
END_TEST

/* --- duplexing ---------------------------------------------------------------------------------------------------------------- */

static char told[200];

static void hear(const char *line)
{
    snprintf(told, sizeof told, "%s", line);
}

START_TEST(the_user_does_not_notice_which_cf_fails)
{
    bool primary = _i == 0;
    start();
    duplex();
    cf_operator = hear;
    ck_assert(located_in("CF01"));
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock = 2}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND, .lock = 2}), CF_RSP_LOCK_QUEUED);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_LIST_MONITOR, .list = 3, .bit = 5}), CF_RSP_OK);
    ck_assert_int_eq(cf_fail(primary ? segment_name : peer_name), 0);
    ck_assert(a_is_there(&two));
    ck_assert_str_eq(told, primary ? "IXC577I STRUCTURE STR1             SWITCHED, DUPLEXING STOPPED, NOW IN CF02    "
                                   : "IXC577I STRUCTURE STR1             DUPLEXING STOPPED, NOW ONLY IN CF01    ");
    ck_assert(located_in(primary ? "CF02" : "CF01"));
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .list = 3}), CF_RSP_OK);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_RESET, .lock = 2}), CF_RSP_OK);
    uint32_t seen = 0;
    ck_assert(cf_wait(cf, &seen, 0));
    ck_assert_int_eq(ask(&two, vector), CF_RSP_OK);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + VECTOR_EVENTS) & ~(uint32_t)CF_EVENT_CONN_NEW, CF_EVENT_LOCK_GRANTED | CF_EVENT_LIST);
    ck_assert_int_eq(data_in[0], 0x80 >> 5);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR1", 0), CF_RSP_CF_FAILED);
    /* The CF comes back and the structure is duplexed again; then the other one fails. */
    ck_assert_int_eq(cf_activate(primary ? segment_name : peer_name), 0);
    duplex();
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    ck_assert_int_eq(cf_fail(primary ? peer_name : segment_name), 0);
    ck_assert(a_is_there(&one));
    cf_operator = NULL;
    end();
}
END_TEST

START_TEST(both_cfs_fail)
{
    start();
    duplex();
    ck_assert_int_eq(cf_fail(peer_name), 0);
    ck_assert_int_eq(cf_fail(segment_name), 0);
    ck_assert_int_eq(ask(&one, read_a), CF_RSP_CF_FAILED);
    end();
}
END_TEST

START_TEST(the_copy_that_is_kept)
{
    uint32_t free_before[2];
    start();
    for (int i = 0; i < 2; i++)
        free_before[i] = cf->half[i].header->increments_free;
    duplex();
    duplex();           /* again: it is duplexed already */
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_STOP, "STR1", 0), CF_RSP_OK);
    ck_assert(located_in("CF01"));
    ck_assert_uint_eq(cf->half[0].header->increments_free, free_before[0]);
    ck_assert_uint_eq(cf->half[1].header->increments_free, free_before[1]);
    duplex();
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_STOP, "STR1", CF_OPT_KEEP_NEW), CF_RSP_OK);
    ck_assert(located_in("CF02"));
    ck_assert(a_is_there(&one));
    ck_assert_uint_gt(cf->half[0].header->increments_free, free_before[0]);
    ck_assert_int_eq(operate(cf, CF_CMD_REBUILD, "STR1", 0), CF_RSP_OK);
    ck_assert(located_in("CF01"));
    ck_assert(a_is_there(&one));
    ck_assert_uint_eq(cf_control(cf, &cf->slots[0])->conn[one.conid].requests, 3);
    end();
}
END_TEST

START_TEST(what_cannot_be_done)
{
    start();
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR9", 0), CF_RSP_NO_STRUCTURE);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_STOP, "STR1", 0), CF_RSP_REBUILD);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_STOP, "STR1", 0x80), CF_RSP_BAD_REQUEST);
    duplex();
    ck_assert_int_eq(operate(cf, CF_CMD_REBUILD, "STR1", 0), CF_RSP_REBUILD);
    struct attributes large = usual;
    struct cf_user three;
    large.size_kib = 4096;
    ck_assert_int_eq(connect_as(cf, "STR2", "THREE", &large, &three), CF_RSP_OK);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR2", 0), CF_RSP_CF_FULL);
    ck_assert(cf->slots[1].duplex == CF_DUPLEX_NONE);
    end();
    cf = segment_new(PAIR_SIZE);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &usual, &one), CF_RSP_OK);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR1", 0), CF_RSP_REBUILD);
    end();
}
END_TEST

START_TEST(a_large_structure_is_copied_in_steps)
{
    struct attributes large = usual;
    uint8_t mcb[CF_MCB_SIZE] = {0};
    large.size_kib = 12 << 10;
    cf = pair_new(32 << 20);
    ck_assert_int_eq(connect_as(cf, "STR1", "ONE", &large, &one), CF_RSP_OK);
    put_be16(mcb + MCB_COMMAND, CF_CMD_DUPLEX_START);
    cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, "STR1");
    ck_assert_int_eq(cf_send(cf, mcb, mrb), CF_RSP_TIMEOUT);
    ck_assert_uint_gt(get_be64(mrb + MRB_RESTART), 0);
    ck_assert_int_eq(ask(&one, write_a), CF_RSP_OK);                        /* in use meanwhile */
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_STOP, "STR1", CF_OPT_KEEP_NEW), CF_RSP_REBUILD);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    duplex();
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_STOP, "STR1", 0), CF_RSP_OK);
    ck_assert_int_eq(cf_send(cf, mcb, mrb), CF_RSP_TIMEOUT);
    ck_assert_int_eq(cf_fail(segment_name), 0);                             /* a copy that is not complete is none */
    ck_assert_int_eq(ask(&one, read_a), CF_RSP_CF_FAILED);
    end();
}
END_TEST

START_TEST(the_last_user_ends_both_copies)
{
    start();
    duplex();
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_DISCONNECT, 0}), CF_RSP_OK);
    ck_assert_int_eq(ask(&two, (struct ask){CF_CMD_DISCONNECT, 0}), CF_RSP_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_uint_eq(cf->half[i].header->increments_free, cf->half[i].header->increments);
    end();
}
END_TEST

START_TEST(check_finds_a_difference)
{
    start();
    duplex();
    struct cf_structure *copy = cf_copy(cf, &cf->slots[0], 1);
    uint32_t *damage[] = {&cf_list_at(copy, 1)->pad[0], (uint32_t *)cf_adjunct(cf_entry_at(cf, copy, 1)), &copy->conn[1].attachment,
                          &copy->entries_used, (uint32_t *)&copy->sequence};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        *damage[i] ^= 1;
        ck_assert_msg(cf_check(cf, NULL) == 1, "damage %zu", i);
        *damage[i] ^= 1;
    }
    end();
}
END_TEST

/* --- death of the operator's process at every step ----------------------------------------------------------------------------- */

#define DIED 99

static int steps_left;

static void die_in_time(void)
{
    if (--steps_left == 0)
        _exit(DIED);
}

/* Commands that a child begins, what it may find when it is given again, and where the structure is in the end. */
static const struct stage {
    const char *what;
    uint16_t command;
    uint8_t options;
    bool duplexed;              /* before */
    bool fails;                 /* CF01 fails before the next one comes */
    const char *where;
} stages[] = {
    {"START", CF_CMD_DUPLEX_START, 0, false, false, "CF01"},
    {"STOP", CF_CMD_DUPLEX_STOP, 0, true, false, "CF01"},
    {"STOP,KEEP=NEW", CF_CMD_DUPLEX_STOP, CF_OPT_KEEP_NEW, true, false, "CF0"},     /* again: it changes back, if it was done */
    {"REBUILD", CF_CMD_REBUILD, 0, false, false, "CF0"},
    {"STOP,KEEP=NEW, and CF01 fails", CF_CMD_DUPLEX_STOP, CF_OPT_KEEP_NEW, true, true, "CF02"},
};

static bool dies(int step, const struct stage *stage)
{
    pid_t pid = fork();
    if (pid == 0) {
        steps_left = step;
        cf_crash_hook = die_in_time;
        if (stage)
            operate(cf, stage->command, "STR1", stage->options);
        else
            cf_check(cf, NULL);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED), "status %x", (unsigned)status);
    return WEXITSTATUS(status) == DIED;
}

START_TEST(death_at_every_step)
{
    const struct stage *stage = &stages[_i];
    bool died = true;
    int step = 1;
    for (; died; step++) {
        start();
        if (stage->duplexed)
            duplex();
        died = dies(step, stage);
        if (stage->fails)
            ck_assert_int_eq(cf_fail(segment_name), 0);
        if (died)
            dies(1 + step % 3, NULL);
        ck_assert_msg(cf_check(cf, stderr) == 0, "%s, step %d", stage->what, step);
        ck_assert_msg(a_is_there(&one), "%s, step %d", stage->what, step);
        int response = operate(cf, stage->command, "STR1", stage->options);
        ck_assert_msg(response == CF_RSP_OK || (response == CF_RSP_REBUILD && stage->command == CF_CMD_DUPLEX_STOP) ||
                          (response == CF_RSP_CF_FAILED && stage->fails), "%s, step %d: %04X", stage->what, step, (unsigned)response);
        ck_assert_msg(cf_check(cf, stderr) == 0, "%s, step %d", stage->what, step);
        ck_assert(a_is_there(&two) && located_in(stage->where));
        ck_assert_int_eq(ask(&two, write_a), CF_RSP_OK);
        cf_close(cf);
        cf = segment_open();
        for (int i = 0; i < 2; i++)
            ck_assert_msg(cf->half[i].header->increments_free == cf->half[i].header->increments, "%s, step %d", stage->what, step);
        cf_close(cf);
    }
    ck_assert_int_gt(step, 5);
}
END_TEST

START_TEST(every_command_is_among_them)
{
    crash_complete(CRASH_DUPLEX, &stages[0].command, sizeof stages / sizeof stages[0], sizeof stages[0]);
}
END_TEST

/* --- under load ------------------------------------------------------------------------------------------------------------------ */

#define WORKERS 4

static struct tally {
    _Atomic uint64_t counted, own;      /* acknowledged */
    uint64_t slowest_ns;
} *tallies;

/* A request that must succeed. Busy: somebody was stopped while he held the structure, or the machine is slow. */
static void must(const struct cf_user *user, struct ask a, struct tally *tally)
{
    int response;
    uint64_t before = cf_clock_ns(CLOCK_MONOTONIC);
    while ((response = ask(user, a)) == CF_RSP_LOCK_QUEUED || response == CF_RSP_BUSY) {
        uint32_t seen = 0;
        bool granted = response == CF_RSP_BUSY;
        while (!granted) {
            cf_wait(user->cf, &seen, 1000);
            if (ask(user, vector) == CF_RSP_OK)
                granted = get_be32(mrb + MRB_OWN + VECTOR_EVENTS) & CF_EVENT_LOCK_GRANTED;
            else if (get_be16(mrb + MRB_RESPONSE) != CF_RSP_BUSY)
                _exit(3);
        }
    }
    if (response != CF_RSP_OK) {
        fprintf(stderr, "command %04X: response %04X\n", a.command, (unsigned)response);
        _exit(4);
    }
    uint64_t ns = cf_clock_ns(CLOCK_MONOTONIC) - before;
    if (ns > tally->slowest_ns)
        tally->slowest_ns = ns;
}

static void count(const struct cf_user *user, const char *own, struct tally *tally)
{
    must(user, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = "COUNTER", .options = CF_OPT_DATA, .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND}, tally);
    uint64_t version = get_be64(mrb + MRB_VERSION);
    uint32_t length = get_be32(mrb + MRB_DATALEN);
    for (uint32_t i = 0; i < length; i++)
        if (data_in[i] != (uint8_t)version)
            _exit(5);
    must(user, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "COUNTER", .options = CF_OPT_DATA, .length = 1000 + (uint32_t)version % 3000, .fill = (uint8_t)(version + 1),
                            .verscomp = CF_VERSCOMP_EQUAL, .version_comp = version, .versupdate = CF_VERSUPDATE_INC, .lockoper = CF_LOCK_RESET}, tally);
    atomic_fetch_add(&tally->counted, 1);
    must(user, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = own, .list = 1, .options = CF_OPT_ADJUNCT, .adjunct = (uint8_t)version, .versupdate = CF_VERSUPDATE_INC}, tally);
    atomic_fetch_add(&tally->own, 1);
    must(user, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .list = 2, .options = CF_OPT_DATA, .length = (uint32_t)version % 2000}, tally);
    must(user, (struct ask){CF_CMD_LIST_DELETE, CF_LOCATE_HEAD, .list = 2}, tally);
}

/* Odd workers come in through the other CF. */
static pid_t spawn(int number)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char name[] = "WORKER0";
    struct attributes keep = usual;
    struct cf_user user;
    struct cf *own;
    int response;
    name[6] = (char)(name[6] + number);
    keep.flags |= CF_CONN_CONDISP_KEEP;
    if (cf_open(number % 2 ? peer_name : segment_name, "TEST", &own) != 0)
        _exit(6);
    while ((response = connect_as(own, "STR1", name, &keep, &user)) == CF_RSP_BUSY)
        ;
    if (response != CF_RSP_OK)
        _exit(7);
    for (;;)
        count(&user, name, &tallies[number]);
}

static uint64_t version_of(const char *name)
{
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = name}), CF_RSP_OK);
    return get_be64(mrb + MRB_VERSION);
}

static void end_worker(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    ck_assert_msg(WIFSIGNALED(status), "a worker ended by itself: %x", (unsigned)status);
}

static const struct load {
    const char *what;
    bool kills;
    enum { FAIL_PRIMARY, FAIL_SECONDARY, MOVE, DUPLEX_ON_OFF } event;
} loads[] = {
    {"the primary fails", false, FAIL_PRIMARY},
    {"the primary fails, users are killed", true, FAIL_PRIMARY},
    {"the secondary fails, users are killed", true, FAIL_SECONDARY},
    {"moved to and fro, users are killed", true, MOVE},
    {"duplexed and not, users are killed", true, DUPLEX_ON_OFF},
};

static void event_happens(const struct load *load)
{
    switch (load->event) {
    case FAIL_PRIMARY:
        ck_assert_int_eq(cf_fail(segment_name), 0);
        break;
    case FAIL_SECONDARY:
        ck_assert_int_eq(cf_fail(peer_name), 0);
        break;
    case MOVE:
        for (int i = 0; i < 20; i++)
            ck_assert_int_eq(operate(cf, CF_CMD_REBUILD, "STR1", 0), CF_RSP_OK);
        break;
    case DUPLEX_ON_OFF:
        for (int i = 0; i < 20; i++) {
            duplex();
            ck_assert_int_eq(cf_check(cf, stderr), 0);
            ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_STOP, "STR1", i % 2 ? CF_OPT_KEEP_NEW : 0), CF_RSP_OK);
        }
        break;
    }
}

static void murder(pid_t *pids, unsigned ms, uint64_t *kills)
{
    unsigned seed = (unsigned)*kills + 1;
    uint64_t until = cf_clock_ns(CLOCK_MONOTONIC) + ms * 1000000ull;
    while (cf_clock_ns(CLOCK_MONOTONIC) < until) {
        usleep((unsigned)rand_r(&seed) % 15000);
        int victim = rand_r(&seed) % WORKERS;
        end_worker(pids[victim]);
        pids[victim] = spawn(victim);
        ++*kills;
    }
}

START_TEST(nothing_is_lost_under_load)
{
    const struct load *load = &loads[_i];
    struct attributes keep = usual;
    pid_t pids[WORKERS];
    uint64_t kills = 0, counted = 0, slowest = 0, before = 0;
    tallies = mmap(NULL, sizeof *tallies * WORKERS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cf = pair_new(PAIR_SIZE);
    keep.size_kib = 2048;
    ck_assert_int_eq(connect_as(cf, "STR1", "MAIN", &keep, &one), CF_RSP_OK);
    ck_assert_int_eq(ask(&one, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = "COUNTER"}), CF_RSP_OK);
    if (load->event == FAIL_PRIMARY || load->event == FAIL_SECONDARY)
        duplex();
    for (int i = 0; i < WORKERS; i++)
        pids[i] = spawn(i);
    usleep(200000);
    if (load->kills)
        murder(pids, 300, &kills);
    for (int i = 0; i < WORKERS; i++)
        before += tallies[i].counted;
    event_happens(load);
    usleep(200000);
    if (load->kills)
        murder(pids, 300, &kills);
    usleep(100000);
    for (int i = 0; i < WORKERS; i++)
        end_worker(pids[i]);
    kills += WORKERS;
    cf_reap(cf);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    for (int i = 0; i < WORKERS; i++) {
        char name[] = "WORKER0";
        name[6] = (char)(name[6] + i);
        counted += tallies[i].counted;
        slowest = tallies[i].slowest_ns > slowest ? tallies[i].slowest_ns : slowest;
        uint64_t own = version_of(name);
        ck_assert_uint_ge(own, tallies[i].own);
        ck_assert_uint_le(own, tallies[i].own + kills);
    }
    ck_assert_uint_ge(version_of("COUNTER"), counted);
    ck_assert_uint_le(version_of("COUNTER"), counted + kills);
    ck_assert_uint_gt(counted, before + 20);        /* it went on after the event */
    ck_assert_uint_gt(before, 20);
    if (load->event == FAIL_PRIMARY)
        ck_assert(located_in("CF02"));
    printf("# %s: %lu updates acknowledged, %lu done, %lu kills, slowest request %lu us\n", load->what, counted,
           version_of("COUNTER"), kills, slowest / 1000);
    fflush(stdout);
    munmap(tallies, sizeof *tallies * WORKERS);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("CF duplex");
    TCase *tests = tcase_create("duplex");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, who_is_in_use_is_not_paired);
    tcase_add_test(tests, a_structure_has_one_name_in_a_pair);
    tcase_add_test(tests, a_failed_cf_says_so);
    tcase_add_test(tests, a_lost_structure_is_allocated_in_the_other_cf_when_nobody_needs_it);
    tcase_add_test(tests, a_cf_comes_back_empty);
    tcase_add_loop_test(tests, the_user_does_not_notice_which_cf_fails, 0, 2);
    tcase_add_test(tests, both_cfs_fail);
    tcase_add_test(tests, the_copy_that_is_kept);
    tcase_add_test(tests, what_cannot_be_done);
    tcase_add_test(tests, a_large_structure_is_copied_in_steps);
    tcase_add_test(tests, the_last_user_ends_both_copies);
    tcase_add_test(tests, check_finds_a_difference);
    tcase_add_loop_test(tests, death_at_every_step, 0, sizeof stages / sizeof stages[0]);
    tcase_add_test(tests, every_command_is_among_them);
    tcase_add_loop_test(tests, nothing_is_lost_under_load, 0, sizeof loads / sizeof loads[0]);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
