/* Benchmark of the engine in process: what one command costs its caller. The budgets are those of the design.
 *
 * Each command (or pair of commands) is timed by itself, and what the clock costs is subtracted: p99 is that of single
 * commands. Where several processes work, there are more of them than processors: a command may wait for a process that
 * is not running, which the p99 shows; the rate is that of all together. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_request.h"
#include "cfemu/engine/cf_segment.h"

#define SAMPLES 400000

#define FILLED_LIST 3u
#define LIST_ENTRIES 64     /* on it */

static struct cf_user user, lock_user;
static uint8_t data[CF_DATA_MAX];
static uint64_t ticks[SAMPLES];

struct work {
    const char *name;
    double budget_ns;
    uint8_t first[CF_MCB_SIZE], second[CF_MCB_SIZE];    /* second: the other half of a pair, no command if zero */
};

static void run(const uint8_t *mcb)
{
    uint8_t mrb[CF_MRB_SIZE];
    cf_message(user.cf, mcb, data, get_be32(mcb + MCB_DATALEN), mrb, data, sizeof data);
    if (get_be16(mrb + MRB_RESPONSE) != CF_RSP_OK) {
        fprintf(stderr, "cf_bench: response %04X, reason %u\n", get_be16(mrb + MRB_RESPONSE), get_be16(mrb + MRB_REASON));
        exit(1);
    }
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Ticks between two looks at the clock. */
static uint64_t clock_cost(void)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 10000; i++) {
        uint64_t before = cf_ticks(), cost = cf_ticks() - before;
        least = cost < least ? cost : least;
    }
    return least;
}

static void sample(const struct work *work, uint64_t *to, uint32_t count, uint64_t cost)
{
    bool pair = get_be16(work->second) != 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t before = cf_ticks();
        run(work->first);
        if (pair)
            run(work->second);
        uint64_t spent = cf_ticks() - before;
        to[i] = spent > cost ? spent - cost : 0;
    }
}

static void tell(const char *name, uint64_t *samples, uint32_t count, double rate, double per_ns, double budget_ns)
{
    qsort(samples, count, sizeof samples[0], by_value);
    printf("%-44s %8.0f %8.0f %12.0f", name, (double)samples[count / 2] / per_ns, (double)samples[count / 100 * 99] / per_ns,
           rate);
    if (budget_ns > 0)
        printf(" %8.0f", budget_ns);
    printf("\n");
}

static void measure(const struct work *work)
{
    double per_ns = cf_ticks_per_us(user.cf) / 1000.0;
    sample(work, ticks, SAMPLES / 20, 0);       /* warm */
    uint64_t cost = clock_cost(), started = cf_clock_ns(CLOCK_MONOTONIC);
    sample(work, ticks, SAMPLES, cost);
    double elapsed_ns = (double)(cf_clock_ns(CLOCK_MONOTONIC) - started);
    tell(work->name, ticks, SAMPLES, SAMPLES / elapsed_ns * 1e9, per_ns, work->budget_ns);
}

static void request(uint8_t *mcb, enum cf_command command, const char *name, uint8_t options, uint32_t length, enum cf_lockoper oper)
{
    cf_request(mcb, &user, command);
    mcb[MCB_LOCATE] = CF_LOCATE_NAME;
    cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, name);
    mcb[MCB_OPTIONS] = options;
    mcb[MCB_LOCKOPER] = (uint8_t)oper;
    put_be32(mcb + MCB_DATALEN, length);
}

static void connect_user(struct cf *cf, const char *structure)
{
    uint8_t mcb[CF_MCB_SIZE], mrb[CF_MRB_SIZE];
    cf_request_connect(mcb, structure, "", "CFBENCH");
    put_be32(mcb + MCB_OWN + CONN_SIZE_KIB, 2048);
    put_be32(mcb + MCB_OWN + CONN_LISTHEADERS, 16);
    put_be32(mcb + MCB_OWN + CONN_LOCKENTRIES, 16);
    put_be16(mcb + MCB_OWN + CONN_MAXELEMNUM, 255);
    mcb[MCB_OWN + CONN_FLAGS] = CF_CONN_ADJUNCT | CF_CONN_NAMED;
    put_be16(mcb + MCB_OWN + CONN_ENTRYRATIO, 1);
    put_be16(mcb + MCB_OWN + CONN_ELEMENTRATIO, 16);
    if (cf_send_connect(cf, mcb, mrb, &user) != CF_RSP_OK)
        exit(1);
    static const struct { const char *name; uint32_t length; } entries[] = {{"ADJUNCT", 0}, {"DATA8K", 8192}, {"DATA13K", 13312}};
    for (int i = 0; i < 3; i++) {
        request(mcb, CF_CMD_LIST_WRITE, entries[i].name, CF_OPT_DATA | CF_OPT_ADJUNCT, entries[i].length, CF_LOCK_NONE);
        run(mcb);
    }
    for (int i = 0; i < LIST_ENTRIES; i++) {
        char name[CF_NAME_SIZE + 1];
        snprintf(name, sizeof name, "ENTRY%d", i);
        request(mcb, CF_CMD_LIST_WRITE, name, CF_OPT_ADJUNCT, 0, CF_LOCK_NONE);
        put_be32(mcb + MCB_LIST, FILLED_LIST);
        run(mcb);
    }
}

static void list_request(uint8_t *mcb, enum cf_command command, uint8_t locate, uint32_t list, uint32_t target)
{
    request(mcb, command, "ADJUNCT", command == CF_CMD_LIST_READ_LIST ? CF_OPT_ADJUNCT : 0, 0, CF_LOCK_NONE);
    mcb[MCB_LOCATE] = locate;
    put_be32(mcb + MCB_LIST, list);
    put_be32(mcb + MCB_TARGET_LIST, target);
    mcb[MCB_OWN + LIST_POSITION] = command == CF_CMD_LIST_MOVE ? CF_LOCATE_TAIL : 0;
}

/* --- lock structure ------------------------------------------------------------------------------------------------- */

#define LOCK_TABLE (1u << 20)
static void connect_lock(struct cf *cf, const char *structure, struct cf_user *of)
{
    uint8_t mcb[CF_MCB_SIZE], mrb[CF_MRB_SIZE];
    cf_request_connect(mcb, structure, "", "CFBENCH");
    put_be32(mcb + MCB_OWN + CONN_LOCKENTRIES, LOCK_TABLE);
    put_be32(mcb + MCB_OWN + CONN_RECORDS, 1000);
    mcb[MCB_OWN + CONN_MAXCONN] = 32;
    if (cf_send_connect(cf, mcb, mrb, of) != CF_RSP_OK)
        exit(1);
}

static void lock_request(uint8_t *mcb, const struct cf_user *of, enum cf_command command, uint32_t index)
{
    cf_request(mcb, of, command);
    mcb[MCB_ADJUNCT + LOP_STATE] = command == CF_CMD_LOCK_RELEASE ? 0 : CF_STATE_EXCL;
    put_be32(mcb + MCB_ADJUNCT + LOP_INDEX, index);
}

/* --- several processes ---------------------------------------------------------------------------------------------- */

#define PROCESSES_MAX 4
#define PROCESS_SAMPLES 100000u         /* the last of each process; the rate is that of all */
#define TOGETHER_MS 300

static struct shared {
    _Atomic uint32_t ready, started, stop;
    uint64_t count[PROCESSES_MAX];      /* commands from the start to the stop */
    uint64_t ticks[PROCESSES_MAX][PROCESS_SAMPLES];
} *shared;

enum { LIST_READ, LIST_WRITE, LOCK_PAIR, MUTEX, KINDS };

/* What a command does to the structure's mutex, and nothing under it. */
static void run_mutex(struct cf *cf)
{
    struct cf_slot *slot = &cf->slots[user.structure & 0xFFFF];
    bool waited;
    if (cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
        exit(1);
    cf_slot_unlock(slot);
}

static void run_kind(struct cf *cf, int kind, const struct work *work)
{
    if (kind == MUTEX) {
        run_mutex(cf);
        return;
    }
    run(work->first);
    if (kind == LOCK_PAIR)
        run(work->second);
}

/* One of several processes. own: each in a structure of its own; a lock structure's entries are their own in any case. */
static void process(const char *segment, uint32_t number, int kind, bool own)
{
    struct work work = {0};
    struct cf *cf;
    char list[CF_NAME_SIZE], lock[CF_NAME_SIZE];
    if (cf_open(segment, "HOST", &cf) != 0)
        _exit(1);
    snprintf(list, sizeof list, "LIST%u", own ? number : 0);
    snprintf(lock, sizeof lock, "LOCK%u", own ? number : 0);
    if (kind == LOCK_PAIR) {
        connect_lock(cf, lock, &user);
        lock_request(work.first, &user, CF_CMD_LOCK_OBTAIN, number * 1000);
        lock_request(work.second, &user, CF_CMD_LOCK_RELEASE, number * 1000);
    } else {
        connect_user(cf, list);
        request(work.first, kind == LIST_WRITE ? CF_CMD_LIST_WRITE : CF_CMD_LIST_READ, "ADJUNCT", CF_OPT_ADJUNCT, 0, CF_LOCK_NONE);
    }
    uint64_t *to = shared->ticks[number], cost = clock_cost(), count = 0;
    for (uint32_t i = 0; i < PROCESS_SAMPLES / 20; i++)         /* warm */
        run_kind(cf, kind, &work);
    for (atomic_fetch_add(&shared->ready, 1); !atomic_load(&shared->started);)
        usleep(100);
    for (; !atomic_load_explicit(&shared->stop, memory_order_relaxed); count++) {
        uint64_t before = cf_ticks();
        run_kind(cf, kind, &work);
        uint64_t spent = cf_ticks() - before;
        to[count % PROCESS_SAMPLES] = spent > cost ? spent - cost : 0;
    }
    shared->count[number] = count;
    _exit(0);
}

/* Result: commands (pairs of them) per second. */
static double measure_together(const char *segment, const char *name, uint32_t processes, int kind, bool own)
{
    double per_ns = cf_ticks_per_us(user.cf) / 1000.0;
    uint64_t commands = 0;
    uint32_t samples = 0;
    memset(shared, 0, sizeof *shared);
    fflush(stdout);
    for (uint32_t i = 0; i < processes; i++)
        if (fork() == 0)
            process(segment, i, kind, own);
    while (atomic_load(&shared->ready) < processes)
        usleep(1000);
    uint64_t started = cf_clock_ns(CLOCK_MONOTONIC);
    atomic_store(&shared->started, 1);
    usleep(TOGETHER_MS * 1000);
    atomic_store(&shared->stop, 1);
    double elapsed_ns = (double)(cf_clock_ns(CLOCK_MONOTONIC) - started);
    while (wait(NULL) > 0)
        ;
    for (uint32_t i = 0; i < processes; i++) {
        uint32_t of = shared->count[i] < PROCESS_SAMPLES ? (uint32_t)shared->count[i] : PROCESS_SAMPLES;
        memmove(shared->ticks[0] + samples, shared->ticks[i], of * sizeof(uint64_t));
        samples += of;
        commands += shared->count[i];
    }
    double rate = (double)commands / elapsed_ns * 1e9;
    tell(name, shared->ticks[0], samples, rate, per_ns, 0);
    return rate;
}

/* What commands of several processes on one structure cost more than those of one, and how much of that the mutex costs by
 * itself: handed to and fro with nothing under it. */
static void measure_processes(const char *segment)
{
    static const char *const kinds[KINDS] = {"list READ, adjunct", "list WRITE, adjunct", "lock OBTAIN, RELEASE", "the mutex alone"};
    double one[KINDS], together[KINDS];
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        exit(1);
    printf("%-44s %8s %8s %12s\n", "several processes", "median", "p99", "per second");
    for (int kind = 0; kind < KINDS; kind++) {
        char name[64];
        snprintf(name, sizeof name, "%s, 1 process", kinds[kind]);
        one[kind] = measure_together(segment, name, 1, kind, true);
        snprintf(name, sizeof name, "%s, 4, own structures", kinds[kind]);
        measure_together(segment, name, PROCESSES_MAX, kind, true);
        snprintf(name, sizeof name, "%s, 4, one structure", kinds[kind]);
        together[kind] = measure_together(segment, name, PROCESSES_MAX, kind, false);
    }
    printf("%-44s %8s %17s\n", "4 processes on one structure, against 1", "ratio", "ns more for each");
    for (int kind = 0; kind < KINDS; kind++)
        printf("%-44s %8.2f %17.0f\n", kinds[kind], together[kind] / one[kind], 1e9 / together[kind] - 1e9 / one[kind]);
}

/* Commands of the connections that were just made, each with its budget. */
static void measure_commands(const char *title)
{
    struct work work[] = {{.name = "list READ, adjunct", .budget_ns = 300},
                          {.name = "list WRITE, adjunct", .budget_ns = 300},
                          {.name = "list READ, 8 KiB of data", .budget_ns = 1500},
                          {.name = "list WRITE, 8 KiB of data", .budget_ns = 1500},
                          {.name = "READ + lock, WRITE + unlock, 13 KiB", .budget_ns = 5000},
                          {.name = "LOCK SET, LOCK RESET", .budget_ns = 400},
                          {.name = "lock OBTAIN, RELEASE, 1M entries", .budget_ns = 200},
                          {.name = "MOVE to another list, and back", .budget_ns = 600},
                          {.name = "READ_LIST, 64 entries with adjunct", .budget_ns = 5000}};
    request(work[0].first, CF_CMD_LIST_READ, "ADJUNCT", CF_OPT_ADJUNCT, 0, CF_LOCK_NONE);
    request(work[1].first, CF_CMD_LIST_WRITE, "ADJUNCT", CF_OPT_ADJUNCT, 0, CF_LOCK_NONE);
    request(work[2].first, CF_CMD_LIST_READ, "DATA8K", CF_OPT_DATA, 0, CF_LOCK_NONE);
    request(work[3].first, CF_CMD_LIST_WRITE, "DATA8K", CF_OPT_DATA, 8192, CF_LOCK_NONE);
    request(work[4].first, CF_CMD_LIST_READ, "DATA13K", CF_OPT_DATA | CF_OPT_ADJUNCT, 0, CF_LOCK_SET);
    request(work[4].second, CF_CMD_LIST_WRITE, "DATA13K", CF_OPT_DATA | CF_OPT_ADJUNCT, 13312, CF_LOCK_RESET);
    request(work[5].first, CF_CMD_LIST_LOCK, "", 0, 0, CF_LOCK_SET);
    request(work[5].second, CF_CMD_LIST_LOCK, "", 0, 0, CF_LOCK_RESET);
    lock_request(work[6].first, &lock_user, CF_CMD_LOCK_OBTAIN, 77);
    lock_request(work[6].second, &lock_user, CF_CMD_LOCK_RELEASE, 77);
    list_request(work[7].first, CF_CMD_LIST_MOVE, CF_LOCATE_NAME, 0, 1);
    list_request(work[7].second, CF_CMD_LIST_MOVE, CF_LOCATE_NAME, 0, 0);
    list_request(work[8].first, CF_CMD_LIST_READ_LIST, CF_LOCATE_NONE, FILLED_LIST, 0);
    printf("%-44s %8s %8s %12s %8s\n", title, "median", "p99", "per second", "budget");
    for (size_t i = 0; i < sizeof work / sizeof work[0]; i++)
        measure(&work[i]);
}

static void duplex_start(struct cf *cf, const struct cf_user *of)
{
    uint8_t mcb[CF_MCB_SIZE] = {0}, mrb[CF_MRB_SIZE];
    int response;
    put_be16(mcb + MCB_COMMAND, CF_CMD_DUPLEX_START);
    memcpy(mcb + MCB_NAME, cf->slots[of->structure & 0xFFFF].name, CF_NAME_SIZE);
    do
        response = cf_send(cf, mcb, mrb);
    while (response == CF_RSP_TIMEOUT);
    if (response != CF_RSP_OK)
        exit(1);
}

/* The same commands where each update goes to two CFs. */
static void measure_duplexed(void)
{
    char name[2][64];
    struct cf *cf;
    for (int i = 0; i < 2; i++)
        snprintf(name[i], sizeof name[i], "cf_bench.%d.%d", (int)getpid(), i + 1);
    bool ready = cf_create(name[0], "CFBENCH1", 32 << 20) == 0 && cf_create(name[1], "CFBENCH2", 32 << 20) == 0 &&
                 cf_pair(name[0], name[1]) == 0 && cf_open(name[0], "HOST", &cf) == 0;
    cf_remove(name[0]);
    cf_remove(name[1]);
    if (!ready) {
        fprintf(stderr, "cf_bench: no pair of segments\n");
        exit(1);
    }
    connect_user(cf, "BENCH");
    connect_lock(cf, "BENCHLOCK", &lock_user);
    duplex_start(cf, &user);
    duplex_start(cf, &lock_user);
    measure_commands("CF command in process, duplexed");
    cf_close(cf);
}

int main(void)
{
    char name[64];
    struct cf *cf;
    snprintf(name, sizeof name, "cf_bench.%d", (int)getpid());
    if (cf_create(name, "CFBENCH", 64 << 20) != 0 || cf_open(name, "HOST", &cf) != 0) {
        fprintf(stderr, "cf_bench: no segment\n");
        cf_remove(name);
        return 1;
    }
    connect_user(cf, "BENCH");
    connect_lock(cf, "BENCHLOCK", &lock_user);
    measure_commands("CF command in process");
    measure_processes(name);
    cf_remove(name);
    cf_close(cf);
    measure_duplexed();
    return 0;
}
