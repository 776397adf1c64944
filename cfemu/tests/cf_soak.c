#include "cfemu/tests/cf_soak.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_link_fixture.h"

#define ENTRIES 32              /* of a worker in a structure */
#define COUNTERS 4
#define LOCKS 4
#define QUEUE_LIST 7
#define COUNTER_SIZE 13312
#define ROUND_SECONDS 10
#define STEPS_MAX 6000          /* of the engine until a worker dies by itself */
#define SEGMENT (16u << 20)

enum { PLAIN, DUP, STORES };
static const char *const store_names[STORES] = {"PLAIN", "DUP"};

/* An update is begun, then it is done. A kill in between leaves it open. */
struct count {
    uint64_t begun, done;
};

struct promise {
    uint32_t is, becomes, open;         /* values, 0 = there is no entry; open: told to become, not acknowledged yet */
};

struct worker {
    struct promise entry[STORES][ENTRIES];
    struct count counter[COUNTERS], push, pop;
    uint64_t acknowledged, reads, locks;
};

static struct ledger {
    struct worker worker[SOAK_WORKERS_MAX];
    _Atomic uint32_t lock_owner[LOCKS];         /* process that has the lock, by itself */
    _Atomic uint32_t serving;                   /* the server of links is up, and these are its names */
    char unix_name[512], tls_name[512];
} *ledger;

/* --- a worker -------------------------------------------------------------------------------------------------------- */

static struct worker *me;
static unsigned chance;
static struct cf_user stores[STORES], serial, irlm;

static uint32_t draw(uint32_t below)
{
    return (uint32_t)rand_r(&chance) % below;
}

__attribute__((format(printf, 1, 2), noreturn)) static void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("soak: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(1);
}

/* Who has lost its link is fenced: what it was about to be told it will not know. It ends as if it was killed. */
static int unless_cut(const struct cf_user *of, int response)
{
    if (response == CF_RSP_CF_FAILED && cf_lost(of->cf))
        raise(SIGKILL);
    return response;
}

/* A structure that is held up for a moment is no failure: the command has done nothing. */
static int ask_patiently(const struct cf_user *of, struct ask a)
{
    int response;
    do
        response = unless_cut(of, ask(of, a));
    while (response == CF_RSP_BUSY);
    return response;
}

static const char *entry_name(int worker, uint32_t number)
{
    static char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "W%02d_%u", worker, number);
    return name;
}

/* What the entry is; 0 = it is not there. */
static uint32_t entry_read(const struct cf_user *of, const char *name)
{
    int response = ask_patiently(of, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA | CF_OPT_ADJUNCT});
    if (response == CF_RSP_NO_ENTRY)
        return 0;
    uint32_t value = (uint32_t)get_be64(mrb + MRB_VERSION), length = get_be32(mrb + MRB_DATALEN);
    if (response != CF_RSP_OK || length != value % 3000 || mrb[MRB_ADJUNCT] != (uint8_t)value)
        complain("READ %s, structure %08x: response %04x, value %u, %u bytes", name, of->structure, response, value, length);
    for (uint32_t i = 0; i < length; i++)
        if (data_in[i] != (uint8_t)value)
            complain("READ %s: value %u, byte %u is %02x", name, value, i, data_in[i]);
    return value;
}

static void entry_verify(const struct cf_user *of, int store, int worker, uint32_t number)
{
    struct promise *promise = &ledger->worker[worker].entry[store][number];
    const char *name = entry_name(worker, number);
    uint32_t value = entry_read(of, name);
    if (value != promise->is && !(promise->open && value == promise->becomes))
        complain("%s %s is %u; acknowledged was %u%s", store_names[store], name, value, promise->is, promise->open ? ", another update was begun" : "");
    promise->is = value;
    promise->open = 0;
}

static void entry_change(int store, int worker, uint32_t number)
{
    struct promise *promise = &me->entry[store][number];
    const struct cf_user *of = &stores[store];
    const char *name = entry_name(worker, number);
    uint32_t value = draw(3) == 0 ? 0 : 1 + draw(1u << 30);
    promise->becomes = value;
    atomic_thread_fence(memory_order_release);
    promise->open = 1;
    atomic_thread_fence(memory_order_release);
    int response, expected = CF_RSP_OK;
    if (value == 0) {
        response = ask_patiently(of, (struct ask){CF_CMD_LIST_DELETE, CF_LOCATE_NAME, .name = name});
        expected = promise->is == 0 ? CF_RSP_NO_ENTRY : CF_RSP_OK;
    } else {
        response = ask_patiently(of, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = name, .list = draw(4), .options = CF_OPT_DATA | CF_OPT_ADJUNCT,
                                                  .length = value % 3000, .fill = (uint8_t)value, .adjunct = (uint8_t)value,
                                                  .versupdate = CF_VERSUPDATE_SET, .version = value});
    }
    if (response == CF_RSP_STRUCTURE_FULL)
        promise->becomes = promise->is;
    else if (response != expected)
        complain("%s %s to %u: response %04x", store_names[store], name, value, response);
    promise->is = promise->becomes;
    atomic_thread_fence(memory_order_release);
    promise->open = 0;
    me->acknowledged++;
}

static void queue_use(void)
{
    bool push = draw(2);
    struct count *count = push ? &me->push : &me->pop;
    count->begun++;
    int response = push ? ask_patiently(&stores[PLAIN], (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .list = QUEUE_LIST, .options = CF_OPT_DATA, .length = draw(3000)}) :
                          ask_patiently(&stores[PLAIN], (struct ask){CF_CMD_LIST_DELETE, CF_LOCATE_HEAD, .list = QUEUE_LIST});
    if (response == CF_RSP_OK) {
        count->done++;
        me->acknowledged++;
    } else if (response == (push ? CF_RSP_STRUCTURE_FULL : CF_RSP_NO_ENTRY)) {
        count->begun--;
    } else {
        complain("queue: response %04x", response);
    }
}

/* A lock that we stand in the queue for: wait until the facility tells us something, then ask again. */
static int counter_get(struct ask get)
{
    uint32_t seen = 0;
    int response;
    while ((response = ask_patiently(&serial, get)) == CF_RSP_LOCK_QUEUED) {
        cf_wait(serial.cf, &seen, 100);
        ask_patiently(&serial, (struct ask){CF_CMD_VECTOR_READ, 0});
    }
    return response;
}

static void counter_use(void)
{
    uint32_t number = draw(COUNTERS);
    char name[8];
    snprintf(name, sizeof name, "CNT%u", number);
    int response = counter_get((struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA,
                                            .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND, .lock = number});
    uint64_t version = get_be64(mrb + MRB_VERSION);
    if (response != CF_RSP_OK || get_be32(mrb + MRB_DATALEN) != COUNTER_SIZE)
        complain("counter %u: response %04x to READ", number, response);
    for (uint32_t i = 0; i < COUNTER_SIZE; i++)
        if (data_in[i] != (uint8_t)version)
            complain("counter %u: version %lu, byte %u is %02x", number, version, i, data_in[i]);
    me->counter[number].begun++;
    response = ask_patiently(&serial, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA, .length = COUNTER_SIZE,
                                                   .fill = (uint8_t)(version + 1), .verscomp = CF_VERSCOMP_EQUAL, .version_comp = version,
                                                   .versupdate = CF_VERSUPDATE_INC, .lockoper = CF_LOCK_RESET, .lock = number});
    if (response != CF_RSP_OK)
        complain("counter %u: response %04x to WRITE", number, response);
    me->counter[number].done++;
    me->acknowledged++;
}

static int lock_patiently(struct lop operation)
{
    int response;
    do
        response = unless_cut(&irlm, lop(&irlm, operation));
    while (response == CF_RSP_BUSY);
    return response;
}

/* A process that dies has let go of its files, and the facility of its locks, a moment before others see that it ended. */
static bool dying(pid_t pid)
{
    for (int i = 0; i < 2000; i++) {
        if (cf_process_ended(pid))
            return true;
        usleep(1000);
    }
    return false;
}

static void lock_use(void)
{
    uint32_t index = draw(LOCKS);
    int response = lock_patiently((struct lop){CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, .index = index});
    if (response == CF_RSP_LOCK_CONTENTION || response == CF_RSP_LOCK_RETAINED)
        return;
    if (response != CF_RSP_OK)
        complain("lock %u: response %04x to OBTAIN", index, response);
    uint32_t before = atomic_exchange(&ledger->lock_owner[index], (uint32_t)getpid());
    if (before != 0 && !dying((pid_t)before))
        complain("lock %u: process %u has it, too", index, before);
    uint32_t mine = (uint32_t)getpid();
    bool alone = true;
    for (int i = 0; i < 100; i++)
        alone = alone && atomic_load(&ledger->lock_owner[index]) == mine;
    alone = atomic_compare_exchange_strong(&ledger->lock_owner[index], &mine, 0) && alone;
    response = lock_patiently((struct lop){CF_CMD_LOCK_RELEASE, .index = index});
    if (response != CF_RSP_OK)
        complain("lock %u: response %04x to RELEASE", index, response);
    if (!alone)         /* and our link was not cut meanwhile */
        complain("lock %u: another process has it, too", index);
    me->locks++;
}

static void connect_patiently(struct cf *view, const char *structure, const char *name, const struct attributes *attributes, struct cf_user *user)
{
    int response;
    do
        response = unless_cut(&(struct cf_user){.cf = view}, connect_as(view, structure, name, attributes, user));
    while (response == CF_RSP_BUSY || response == CF_RSP_NAME_IN_USE);  /* the one before us has died, and that takes a moment */
    if (response != CF_RSP_OK)
        complain("%s: response %04x to CONNECT", structure, response);
}

static const struct attributes store_attributes = {.lists = 8, .size_kib = 2048, .entry_ratio = 1, .element_ratio = 8, .maxelemnum = 255,
                                                   .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED | CF_CONN_CONDISP_KEEP,
                                                   .options = CF_CONN_OPT_ALTER};
static const struct attributes serial_attributes = {.lists = 1, .locks = COUNTERS, .size_kib = 1024, .entry_ratio = 1, .element_ratio = 8,
                                                    .maxelemnum = 255, .flags = CF_CONN_NAMED};
static const struct attributes irlm_attributes = {.locks = LOCKS, .size_kib = 512};

static void connect_all(struct cf *view, const char *name)
{
    for (int store = 0; store < STORES; store++)
        connect_patiently(view, store_names[store], name, &store_attributes, &stores[store]);
    connect_patiently(view, "SERIAL", name, &serial_attributes, &serial);
    connect_patiently(view, "IRLM", name, &irlm_attributes, &irlm);
}

/* Over a link, if it is this worker's turn; it waits for the server to be there. */
static struct cf *view_open(int number)
{
    struct cf *view = NULL;
    if (number % 3 == 0)
        return segment_open();
    do
        usleep(5000);
    while (!atomic_load(&ledger->serving) || cf_open(number % 3 == 1 ? ledger->unix_name : ledger->tls_name, "TEST", &view) != 0);
    return view;
}

static void work(int number)
{
    char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "WORKER%02d", number);
    me = &ledger->worker[number];
    connect_all(view_open(number), name);
    for (int store = 0; store < STORES; store++)
        for (uint32_t i = 0; i < ENTRIES; i++)
            entry_verify(&stores[store], store, number, i);
    for (;;) {
        int store = draw(2) ? DUP : PLAIN;
        uint32_t entry = draw(ENTRIES);
        switch (draw(6)) {
        case 0:
            counter_use();
            break;
        case 1:
            queue_use();
            break;
        case 2:
            lock_use();
            break;
        case 3:
            entry_verify(&stores[store], store, number, entry);
            me->reads++;
            break;
        default:
            entry_change(store, number, entry);
        }
    }
}

/* --- the killer ------------------------------------------------------------------------------------------------------ */

static int steps_left;

static void kill_in_time(void)
{
    if (--steps_left == 0)
        raise(SIGKILL);
}

/* Beside the workers: */
enum { WATCHER = -1, SERVER = -2 };

static void serve(void)
{
    link_serve();
    link_unix_name(ledger->unix_name);
    link_tls_name(ledger->tls_name);
    atomic_store(&ledger->serving, 1);
    for (;;)
        pause();
}

/* Workers from 0 on; half of them die by themselves inside a command, as half of the servers do. */
static pid_t spawn(int number)
{
    unsigned seed = (unsigned)rand();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    chance = seed;
    steps_left = (int)draw(number == SERVER ? 20 * STEPS_MAX : STEPS_MAX);
    if (number != WATCHER && draw(2))
        cf_crash_hook = kill_in_time;
    if (number == SERVER)
        serve();
    if (number >= 0)
        work(number);
    cf_watch(segment_open());
    _exit(0);
}

static void finding(struct soak *soak, const char *what)
{
    soak->findings++;
    fprintf(stderr, "soak: %s\n", what);
}

static void end(struct soak *soak, pid_t pid, bool killed)
{
    int status;
    siginfo_t info;
    /* Dead already, and by its own hand: it died inside a command, or complained. */
    bool own = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == pid;
    if (!own)
        kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        finding(soak, "a worker ended by itself");
    soak->kills += killed;
    soak->died_inside += own;
}

/* Another size and ratio for a structure in use. What is in the way ends it early: that is no failure. */
static void alter(struct soak *soak, struct cf *view)
{
    uint8_t mcb[CF_MCB_SIZE] = {0}, answer[CF_MRB_SIZE];
    int response;
    put_be16(mcb + MCB_COMMAND, CF_CMD_ALTER);
    cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, store_names[rand() % STORES]);
    put_be32(mcb + MCB_OWN + ALTER_SIZE_KIB, 1280 + 256 * ((uint32_t)rand() % 4));
    put_be16(mcb + MCB_OWN + ALTER_ENTRYRATIO, (uint16_t)(1 + rand() % 2));
    put_be16(mcb + MCB_OWN + ALTER_ELEMENTRATIO, (uint16_t)(4 + rand() % 12));
    for (int step = 0; step < 1000; step++) {
        response = cf_send(view, mcb, answer);
        if (response != CF_RSP_TIMEOUT && response != CF_RSP_BUSY && response != CF_RSP_ALTERING)
            break;
        if (response != CF_RSP_BUSY)
            memcpy(mcb + MCB_RESTART, answer + MRB_RESTART, sizeof(uint64_t));
    }
    if (response == CF_RSP_OK) {
        soak->alters += answer[MRB_OWN + ALTER_REACHED];
    } else if (response != CF_RSP_REBUILD && response != CF_RSP_ALTER_ENDED && response != CF_RSP_BUSY && response != CF_RSP_CF_FULL) {
        fprintf(stderr, "soak: response %04x, reason %u to ALTER\n", response, get_be16(answer + MRB_REASON));
        soak->findings++;
    }
}

/* A step in the life of the duplexed structure and of the second CF. Nothing but its second copy, or its first, is in it. */
static void disturb(struct soak *soak, struct cf *view)
{
    bool duplexed = false;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++)
        duplexed |= view->slots[i].state == CF_SLOT_ACTIVE && view->slots[i].duplex == CF_DUPLEX_ACTIVE;
    int response = CF_RSP_OK;
    if (!duplexed) {
        response = operate(view, CF_CMD_DUPLEX_START, "DUP", 0);
    } else if (rand() % 2) {
        int error = cf_fail(peer_name);
        for (int i = 0; error == 0 && i < 100; i++)
            if ((error = cf_activate(peer_name)) == -EBUSY)     /* who holds a structure up does not run now */
                error = 0;
            else
                break;
        if (error != 0 || atomic_load(&view->half[1].header->failed)) {
            fprintf(stderr, "soak: CF02 does not fail or come back: error %d\n", error);
            soak->findings++;
        }
        soak->failures++;
    } else {
        response = operate(view, CF_CMD_DUPLEX_STOP, "DUP", rand() % 2 ? CF_OPT_KEEP_NEW : 0);
    }
    if (response != CF_RSP_OK && response != CF_RSP_BUSY) {
        fprintf(stderr, "soak: response %04x to the operator\n", response);
        soak->findings++;
    }
}

/* All workers are dead. Compare everything with the ledger. */
static void compare(struct soak *soak, struct cf *view)
{
    if (!cf_reap(view))
        finding(soak, "the dead cannot be cleaned up");
    if (cf_check(view, stderr) != 0)
        finding(soak, "the check has findings");
    for (int store = 0; store < STORES; store++)
        for (int worker = 0; worker < (int)soak->workers; worker++)
            for (uint32_t i = 0; i < ENTRIES; i++)
                entry_verify(&stores[store], store, worker, i);
    struct count push = {0}, pop = {0};
    for (unsigned i = 0; i < soak->workers; i++) {
        const struct worker *w = &ledger->worker[i];
        push.begun += w->push.begun, push.done += w->push.done;
        pop.begun += w->pop.begun, pop.done += w->pop.done;
    }
    for (uint32_t i = 0; i < COUNTERS; i++) {
        struct count count = {0};
        for (unsigned j = 0; j < soak->workers; j++) {
            count.begun += ledger->worker[j].counter[i].begun;
            count.done += ledger->worker[j].counter[i].done;
        }
        char name[8];
        snprintf(name, sizeof name, "CNT%u", i);
        int response = ask(&serial, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = name, .lockoper = CF_LOCK_NOTHELD, .lock = i});
        uint64_t version = get_be64(mrb + MRB_VERSION);
        if (response != CF_RSP_OK || version < count.done || version > count.begun)
            finding(soak, "a counter is not what was acknowledged");
    }
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++)
        if (view->slots[i].state == CF_SLOT_ACTIVE && memcmp(view->slots[i].name, "PLAIN ", 6) == 0) {
            uint64_t queued = cf_list_at(cf_control(view, &view->slots[i]), QUEUE_LIST)->count;
            if (queued + pop.begun < push.done || queued + pop.done > push.begun)
                finding(soak, "the queue is not what was acknowledged");
        }
}

static void round_run(struct soak *soak, struct cf *view, uint64_t until_ns)
{
    const int workers = (int)soak->workers;
    pid_t pids[SOAK_WORKERS_MAX], watcher = spawn(WATCHER), server = spawn(SERVER);
    for (int i = 0; i < workers; i++)
        pids[i] = spawn(i);
    while (cf_clock_ns(CLOCK_MONOTONIC) < until_ns && soak->findings == 0) {
        usleep((unsigned)rand() % 20000);
        int victim = rand() % workers;
        end(soak, pids[victim], true);
        pids[victim] = spawn(victim);
        if (rand() % 8 == 0)
            disturb(soak, view);
        if (rand() % 4 == 0)
            alter(soak, view);
        if (rand() % 50 == 0 || cf_process_ended(server)) {
            atomic_store(&ledger->serving, 0);
            end(soak, server, true);
            server = spawn(SERVER);
            soak->cuts++;
        }
    }
    for (int i = 0; i < workers; i++)
        end(soak, pids[i], true);
    atomic_store(&ledger->serving, 0);
    end(soak, server, true);
    end(soak, watcher, false);
    soak->rounds++;
}

static void scene(struct cf *view)
{
    connect_all(view, "SOAK");
    for (uint32_t i = 0; i < COUNTERS; i++) {
        char name[8];
        snprintf(name, sizeof name, "CNT%u", i);
        ck_assert_int_eq(ask(&serial, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA, .length = COUNTER_SIZE}), CF_RSP_OK);
    }
    ck_assert_int_eq(operate(view, CF_CMD_DUPLEX_START, "DUP", 0), CF_RSP_OK);
}

static void results(struct soak *soak, struct cf *view)
{
    for (unsigned i = 0; i < soak->workers; i++) {
        soak->acknowledged += ledger->worker[i].acknowledged;
        soak->linked += i % 3 != 0 ? ledger->worker[i].acknowledged : 0;
        soak->reads += ledger->worker[i].reads;
        soak->locks += ledger->worker[i].locks;
    }
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++)
        if (view->slots[i].state == CF_SLOT_ACTIVE)
            soak->rollbacks += cf_control(view, &view->slots[i])->stats.rollbacks;
}

void soak_run(struct soak *soak)
{
    ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(ledger != MAP_FAILED);
    struct cf *view = pair_new(SEGMENT);
    srand(soak->seed);
    scene(view);
    uint64_t now = cf_clock_ns(CLOCK_MONOTONIC), until = now + soak->seconds * 1000000000ull;
    while (now < until && soak->findings == 0) {
        uint64_t round_end = now + ROUND_SECONDS * 1000000000ull;
        round_run(soak, view, round_end < until ? round_end : until);
        compare(soak, view);
        now = cf_clock_ns(CLOCK_MONOTONIC);
    }
    results(soak, view);
    cf_close(view);
    link_sweep();
    munmap(ledger, sizeof *ledger);
}
