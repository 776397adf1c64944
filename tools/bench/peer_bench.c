/* make bench PEERS=1: the same work done by Redis, on this machine, in this run. A server of its own, on a Unix socket,
 * without persistence, ends with the benchmark.
 *
 *   ports      assign: the first free bit of a bitmap of 64,512 ports and its owner, as a Lua script; release
 *   strings    GET and SET of what a list entry holds: an adjunct (64 bytes), 8 KiB
 *
 * Each command is timed by itself, from call to answer. 1 client, then 4. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 20000u
#define WARM_UP 500u
#define CLIENTS_MAX 4u

static char directory[] = "/tmp/peer_bench.XXXXXX";
static char socket_path[64];

/* One bit a port, 1 = in use, as Redis's BITPOS wants it; the owner of a port in a hash. KEYS: bitmap, owners. */
static const char assign[] =
    "local p = redis.call('BITPOS', KEYS[1], 0) if p < 0 or p >= 64512 then return -1 end "
    "redis.call('SETBIT', KEYS[1], p, 1) redis.call('HSET', KEYS[2], p, ARGV[1]) return p";
static const char release_port[] =
    "redis.call('SETBIT', KEYS[1], ARGV[1], 0) return redis.call('HDEL', KEYS[2], ARGV[1])";

static struct shared {
    _Atomic uint32_t ready;
    uint64_t ns[CLIENTS_MAX * SAMPLES];
} *shared;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "peer_bench: %s: %s\n", what, why);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- the server ------------------------------------------------------------------------------------------------------ */

static pid_t server, owner;        /* owner: the process that ends it */

static void server_end(void)
{
    char path[96];
    if (getpid() != owner)
        return;
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    unlink(socket_path);
    snprintf(path, sizeof path, "%s/log", directory);
    unlink(path);
    rmdir(directory);
}

static void server_start(void)
{
    if (!mkdtemp(directory))
        fail("directory", strerror(errno));
    snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
    owner = getpid();
    server = fork();
    if (server == 0) {
        char log[96];
        snprintf(log, sizeof log, "%s/log", directory);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == owner)
            execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path, "--save", "", "--appendonly", "no",
                   "--dir", directory, "--logfile", log, (char *)NULL);
        _exit(127);
    }
}

static redisContext *client_open(void)
{
    for (int i = 0; i < 100; i++) {
        redisContext *client = redisConnectUnix(socket_path);
        if (client && !client->err)
            return client;
        if (client)
            redisFree(client);
        if (waitpid(server, NULL, WNOHANG) == server) {
            server = 0;
            fail("redis-server", "it does not start");
        }
        usleep(20000);
    }
    fail("redis-server", "no answer");
    return NULL;
}

/* --- work ------------------------------------------------------------------------------------------------------------ */

enum { GET_ADJUNCT, SET_ADJUNCT, GET_8K, SET_8K, PORT_ASSIGN, PORT_RELEASE, KINDS };

static long long answer(redisReply *reply)
{
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        fail("command", reply ? reply->str : "no answer");
    long long value = reply->type == REDIS_REPLY_INTEGER ? reply->integer : (long long)reply->len;
    freeReplyObject(reply);
    return value;
}

static void script_load(redisContext *client, const char *text, char sha[41])
{
    redisReply *reply = redisCommand(client, "SCRIPT LOAD %s", text);
    if (!reply || reply->type != REDIS_REPLY_STRING || reply->len != 40)
        fail("script", reply && reply->str ? reply->str : "no answer");
    memcpy(sha, reply->str, 41);
    freeReplyObject(reply);
}

struct client {
    redisContext *context;
    char assign[41], release[41];
    long long port;
};

/* One piece of work. The result is when the time begins to count: what is done before is not measured. */
static uint64_t work(struct client *c, int kind)
{
    static char data[8192];
    uint64_t started = now_ns();
    switch (kind) {
    case GET_ADJUNCT:
        answer(redisCommand(c->context, "GET adjunct"));
        break;
    case SET_ADJUNCT:
        answer(redisCommand(c->context, "SET adjunct %b", data, (size_t)64));
        break;
    case GET_8K:
        answer(redisCommand(c->context, "GET data"));
        break;
    case SET_8K:
        answer(redisCommand(c->context, "SET data %b", data, sizeof data));
        break;
    case PORT_ASSIGN:
        if (c->port >= 0)
            answer(redisCommand(c->context, "EVALSHA %s 2 map owners %lld", c->release, c->port));
        started = now_ns();
        c->port = answer(redisCommand(c->context, "EVALSHA %s 2 map owners %d", c->assign, (int)getpid()));
        break;
    default:
        c->port = answer(redisCommand(c->context, "EVALSHA %s 2 map owners %d", c->assign, (int)getpid()));
        started = now_ns();
        answer(redisCommand(c->context, "EVALSHA %s 2 map owners %lld", c->release, c->port));
        c->port = -1;
    }
    return started;
}

static void client_run(uint32_t number, uint32_t clients, int kind)
{
    struct client c = {.context = client_open(), .port = -1};
    script_load(c.context, assign, c.assign);
    script_load(c.context, release_port, c.release);
    work(&c, SET_ADJUNCT);
    work(&c, SET_8K);
    for (uint32_t i = 0; i < WARM_UP; i++)
        work(&c, kind);
    for (atomic_fetch_add(&shared->ready, 1); atomic_load(&shared->ready) < clients;)
        usleep(100);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint64_t started = work(&c, kind);
        shared->ns[number * SAMPLES + i] = now_ns() - started;
    }
    redisFree(c.context);
    _exit(0);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* ours: the line of the other benchmarks to hold it against. */
static void measure(const char *name, const char *ours, uint32_t clients, int kind)
{
    atomic_store(&shared->ready, 0);
    fflush(stdout);
    pid_t pids[CLIENTS_MAX];
    for (uint32_t i = 0; i < clients; i++)
        if ((pids[i] = fork()) == 0)
            client_run(i, clients, kind);
    for (uint32_t i = 0; i < clients; i++) {
        int status;
        if (waitpid(pids[i], &status, 0) != pids[i] || status != 0)
            fail(name, "a client failed");
    }
    /* The rate by what a client is busy with: the commands between the measured ones are not in it. */
    double sum = 0;
    uint32_t count = clients * SAMPLES;
    for (uint32_t i = 0; i < count; i++)
        sum += (double)shared->ns[i];
    qsort(shared->ns, count, sizeof shared->ns[0], by_value);
    printf("%-37s %7u %9.1f %9.1f %12.0f   %s\n", name, clients, (double)shared->ns[count / 2] / 1000,
           (double)shared->ns[count / 100 * 99] / 1000, clients * count / sum * 1e9, ours);
}

int main(void)
{
    static const struct {
        const char *name, *ours;
    } kinds[KINDS] = {
        {"GET, 64 bytes", "CF link, Unix socket: READ, adjunct"},
        {"SET, 64 bytes", "CF link, Unix socket: WRITE, adjunct"},
        {"GET, 8 KiB", "CF link, Unix socket: READ, 8 KiB of data"},
        {"SET, 8 KiB", "CF link, Unix socket: WRITE, 8 KiB of data"},
        {"port assign, Lua bitmap", "native, block size 1 and 64: assign + release"},
        {"port release, Lua bitmap", "in them"},
    };
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        fail("memory", strerror(errno));
    atexit(server_end);
    server_start();
    redisFree(client_open());
    printf("%-37s %7s %9s %9s %12s   %s\n", "Redis, Unix socket, on this machine", "clients", "median us", "p99 us", "per second",
           "the same work here");
    for (int kind = 0; kind < KINDS; kind++)
        for (uint32_t clients = 1; clients <= CLIENTS_MAX; clients += CLIENTS_MAX - 1)
            measure(kinds[kind].name, kinds[kind].ours, clients, kind);
    return 0;
}
