/* Benchmark of the engine in process: what one command costs its caller. The budgets are those of the design. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_request.h"
#include "cfemu/engine/cf_segment.h"

#define SAMPLES 200000
#define BATCH 8         /* commands per sample: the clock costs a good part of a command */

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

static void measure(const struct work *work)
{
    bool pair = get_be16(work->second) != 0;
    double per_ns = cf_ticks_per_us(user.cf) / 1000.0 * BATCH;
    uint64_t started = cf_clock_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t before = cf_ticks();
        for (int j = 0; j < BATCH; j++) {
            run(work->first);
            if (pair)
                run(work->second);
        }
        ticks[i] = cf_ticks() - before;
    }
    double elapsed = (double)(cf_clock_ns(CLOCK_MONOTONIC) - started);
    qsort(ticks, SAMPLES, sizeof ticks[0], by_value);
    printf("%-40s %8.0f %8.0f %12.0f %8.0f\n", work->name, (double)ticks[SAMPLES / 2] / per_ns,
           (double)ticks[SAMPLES / 100 * 99] / per_ns, SAMPLES * BATCH / elapsed * 1e9, work->budget_ns);
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

static void connect_user(struct cf *cf)
{
    uint8_t mcb[CF_MCB_SIZE], mrb[CF_MRB_SIZE];
    cf_request_connect(mcb, "BENCH", "BENCH1", "CFBENCH");
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
}

/* --- lock structure ------------------------------------------------------------------------------------------------- */

#define LOCK_TABLE (1u << 20)
#define LOCK_PAIRS 300000u      /* of each process of several */
#define LOCK_PROCESSES 4

static void connect_lock(struct cf *cf, const char *connection, struct cf_user *of)
{
    uint8_t mcb[CF_MCB_SIZE], mrb[CF_MRB_SIZE];
    cf_request_connect(mcb, "BENCHLOCK", connection, "CFBENCH");
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

static double lock_pairs(const char *segment, int number)
{
    uint8_t obtain[CF_MCB_SIZE], release[CF_MCB_SIZE];
    char name[16];
    struct cf *cf;
    if (cf_open(segment, "HOST", &cf) != 0)
        exit(1);
    snprintf(name, sizeof name, "LOCK%d", number);
    connect_lock(cf, name, &user);
    lock_request(obtain, &user, CF_CMD_LOCK_OBTAIN, (uint32_t)number * 1000);
    lock_request(release, &user, CF_CMD_LOCK_RELEASE, (uint32_t)number * 1000);
    uint64_t started = cf_clock_ns(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < LOCK_PAIRS; i++) {
        run(obtain);
        run(release);
    }
    return (double)(cf_clock_ns(CLOCK_MONOTONIC) - started);
}

/* Several processes at once on entries of their own: what they lose is the structure's mutex. */
static void measure_processes(const char *segment)
{
    double *ns = mmap(NULL, LOCK_PROCESSES * sizeof *ns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t started = cf_clock_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < LOCK_PROCESSES; i++) {
        if (fork() == 0) {
            ns[i] = lock_pairs(segment, i);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    double elapsed = (double)(cf_clock_ns(CLOCK_MONOTONIC) - started), mean = 0;
    for (int i = 0; i < LOCK_PROCESSES; i++)
        mean += ns[i] / LOCK_PAIRS / LOCK_PROCESSES;
    printf("%-40s %8.0f %8s %12.0f %8s\n", "lock OBTAIN, RELEASE, 4 processes (mean)", mean, "",
           LOCK_PROCESSES * LOCK_PAIRS / elapsed * 1e9, "");
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
                          {.name = "lock OBTAIN, RELEASE, 1M entries", .budget_ns = 200}};
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
    printf("%-40s %8s %8s %12s %8s\n", title, "median", "p99", "per second", "budget");
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
    connect_user(cf);
    connect_lock(cf, "BENCH1", &lock_user);
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
    if (cf_create(name, "CFBENCH", 32 << 20) != 0 || cf_open(name, "HOST", &cf) != 0) {
        fprintf(stderr, "cf_bench: no segment\n");
        cf_remove(name);
        return 1;
    }
    connect_user(cf);
    connect_lock(cf, "BENCH1", &lock_user);
    measure_commands("CF command in process");
    measure_processes(name);
    cf_remove(name);
    cf_close(cf);
    measure_duplexed();
    return 0;
}
