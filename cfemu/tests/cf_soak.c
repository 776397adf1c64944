#include "cfemu/tests/cf_soak.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/tests/cf_link_fixture.h"
#include "cfemu/tests/cf_soak_work.h"

#define ROUND_SECONDS 10
#define STEPS_MAX 6000          /* of the engine until a worker dies by itself */
#define SEGMENT (16u << 20)
#define PATIENCE_NS 120000000000ull     /* for what is sure to end, on a busy machine */

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
    link_interval_ms = LINK_INTERVAL_MS_MIN;    /* what it leaves when it is killed stays for so long */
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
    steps_left = rand_r(&seed) % (number == SERVER ? 20 * STEPS_MAX : STEPS_MAX);
    if (number != WATCHER && rand_r(&seed) % 2)
        cf_crash_hook = kill_in_time;
    if (number == SERVER)
        serve();
    if (number >= 0)
        soak_work(number, seed);
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
    } else if (response != CF_RSP_REBUILD && response != CF_RSP_ALTER_ENDED && response != CF_RSP_BUSY && response != CF_RSP_CF_FULL &&
               response != CF_RSP_CF_FAILED) {
        fprintf(stderr, "soak: response %04x, reason %u to ALTER\n", response, get_be16(answer + MRB_REASON));
        soak->findings++;
    }
}

static void answer_expected(struct soak *soak, int response, int other)
{
    if (response == CF_RSP_OK || response == CF_RSP_BUSY || response == CF_RSP_REBUILD || response == other)
        return;
    fprintf(stderr, "soak: response %04x to the operator\n", response);
    soak->findings++;
}

/* The second CF comes back when nothing is in the way: a structure that was in it is rebuilt by its users first. */
static void revive(struct soak *soak)
{
    if (!users_follow())
        return;                 /* lost with it, and the rebuild that begins now may have had to wait for the end of another one */
    int error = cf_activate(peer_name);
    if (error == 0)
        soak->down_since = 0;
    else if (error != -EBUSY || cf_clock_ns(CLOCK_MONOTONIC) - soak->down_since > PATIENCE_NS)
        finding(soak, "CF02 does not come back");
}

/* The second CF fails. Nothing but a copy of DUP is in it, and USERS, or what is to become it. */
static void other_fails(struct soak *soak)
{
    if (cf_fail(peer_name) != 0)
        finding(soak, "CF02 does not fail");
    soak->down_since = cf_clock_ns(CLOCK_MONOTONIC);
    soak->failures++;
    users_follow();             /* before a CF that comes back has forgotten it, the rebuild has begun */
}

/* A step in the life of the duplexed structure and of the second CF, or of the one that is rebuilt. */
static void disturb(struct soak *soak, struct cf *view)
{
    bool duplexed = false;
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX; i++)
        duplexed |= view->slots[i].state == CF_SLOT_ACTIVE && view->slots[i].duplex == CF_DUPLEX_ACTIVE;
    if (rand() % 2)
        answer_expected(soak, operate(view, rand() % 4 ? CF_CMD_REBUILD_START : CF_CMD_REBUILD_STOP, "USERS", 0), CF_RSP_CF_FAILED);
    else if (soak->down_since != 0)
        revive(soak);
    else if (!duplexed)
        answer_expected(soak, operate(view, CF_CMD_DUPLEX_START, "DUP", 0), CF_RSP_OK);
    else if (rand() % 2)
        other_fails(soak);
    else
        answer_expected(soak, operate(view, CF_CMD_DUPLEX_STOP, "DUP", rand() % 2 ? CF_OPT_KEEP_NEW : 0), CF_RSP_OK);
}

/* A rebuild that goes on. true: there is none. */
static bool users_settled(struct soak *soak)
{
    if (users_follow())
        soak->rebuild_since = 0;
    else if (soak->rebuild_since == 0)
        soak->rebuild_since = cf_clock_ns(CLOCK_MONOTONIC);
    else if (cf_clock_ns(CLOCK_MONOTONIC) - soak->rebuild_since > PATIENCE_NS)
        finding(soak, "a rebuild does not come to its end");
    return soak->rebuild_since == 0;
}

/* Whom the dead server has served fails, and frees his locks, only when its interval is over. */
static bool reap_all(struct cf *view)
{
    bool gone = true;
    uint64_t until_ns = cf_clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
    while (cf_reap(view) && gone && cf_clock_ns(CLOCK_MONOTONIC) < until_ns) {
        gone = false;
        for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX && !gone; i++)
            gone = cf_attachment_gone(view, i);
        usleep(gone ? 10000 : 0);
    }
    return !gone;
}

/* All workers are dead. Compare everything with the ledger. */
static void compare(struct soak *soak, struct cf *view)
{
    if (!reap_all(view))
        finding(soak, "the dead cannot be cleaned up");
    if (cf_check(view, stderr) != 0)
        finding(soak, "the check has findings");
    while (!users_settled(soak) && soak->findings == 0)
        ;
    for (int store = 0; store < STORES; store++)
        for (int worker = 0; worker < (int)soak->workers; worker++)
            for (uint32_t i = 0; i < SOAK_ENTRIES; i++)
                entry_verify(store, worker, i);
    struct count push = {0}, pop = {0};
    for (unsigned i = 0; i < soak->workers; i++) {
        const struct worker *w = &ledger->worker[i];
        push.begun += w->push.begun, push.done += w->push.done;
        pop.begun += w->pop.begun, pop.done += w->pop.done;
    }
    for (uint32_t i = 0; i < SOAK_COUNTERS; i++) {
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
            uint64_t queued = cf_list_at(cf_control(view, &view->slots[i]), SOAK_QUEUE_LIST)->count;
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
        users_settled(soak);
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
    soak_connect(view, "SOAK");
    for (uint32_t i = 0; i < SOAK_COUNTERS; i++) {
        char name[8];
        snprintf(name, sizeof name, "CNT%u", i);
        ck_assert_int_eq(ask(&serial, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA, .length = SOAK_COUNTER_SIZE}), CF_RSP_OK);
    }
    ck_assert_int_eq(operate(view, CF_CMD_DUPLEX_START, "DUP", 0), CF_RSP_OK);
}

static void results(struct soak *soak, struct cf *view)
{
    soak->rebuilds = users_rebuilt;
    soak->rebuilds_stopped = users_stopped;
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
