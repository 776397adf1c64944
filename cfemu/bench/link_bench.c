/* Benchmark of links: the round trip of one command over a Unix socket and over TLS on loopback, against a server in a
 * process of its own. 1 client, then 4 (figures of one of them, commands per second of all). The goal is that of the
 * design: a Unix socket round trip no slower than one to Redis on the same machine (21 to 31 µs where it was measured). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_request.h"
#include "cfemu/engine/cf_segment.h"
#include "cfemu/link/cf_server.h"

#define SAMPLES 20000
#define WARM_UP 500
#define CLIENTS_MAX 4
#define GOAL_US 21.0

struct work {
    const char *name;
    enum cf_command command;
    const char *entry;
    uint8_t options;
    uint32_t length;
};

static const struct work works[] = {
    {"READ, adjunct", CF_CMD_LIST_READ, "ADJUNCT", CF_OPT_ADJUNCT, 0},
    {"WRITE, adjunct", CF_CMD_LIST_WRITE, "ADJUNCT", CF_OPT_ADJUNCT, 0},
    {"READ, 8 KiB of data", CF_CMD_LIST_READ, "DATA8K", CF_OPT_DATA, 0},
    {"WRITE, 8 KiB of data", CF_CMD_LIST_WRITE, "DATA8K", CF_OPT_DATA, 8192},
};

static char segment[64], unix_name[256], tls_name[512], directory[64];
static uint8_t data[CF_DATA_MAX];
static double samples_us[SAMPLES];

static void fail(const char *what)
{
    fprintf(stderr, "link_bench: %s\n", what);
    exit(1);
}

/* --- the server -------------------------------------------------------------------------------------------------------- */

/* Its pid; *port: its TCP port. */
static pid_t server_start(uint16_t *port)
{
    int ready[2];
    if (pipe(ready) != 0)
        fail("no pipe");
    pid_t pid = fork();
    if (pid == 0) {
        struct link_address at_unix = {0}, at_tcp;
        struct link_server *server;
        uint8_t psk[LINK_PSK_SIZE];
        const char *why;
        char file[128];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        snprintf(at_unix.path, sizeof at_unix.path, "%s/socket", directory);
        snprintf(file, sizeof file, "%s/psk", directory);
        link_address_parse_listen("0", &at_tcp);
        if (link_psk_create(file) != 0 || link_psk_read(file, psk, &why) != 0)
            _exit(1);
        struct link_server_config config = {.segment = segment, .unix_address = &at_unix, .tcp_address = &at_tcp, .psk = psk,
                                            .interval_ms = LINK_INTERVAL_MS};
        if (link_server_start(&config, &server, NULL) != 0)
            _exit(1);
        *port = link_server_port(server);
        if (write(ready[1], port, sizeof *port) == sizeof *port)
            pause();
        _exit(1);
    }
    close(ready[1]);
    if (read(ready[0], port, sizeof *port) != sizeof *port)
        fail("no server");
    close(ready[0]);
    return pid;
}

/* --- clients ----------------------------------------------------------------------------------------------------------- */

static void request(uint8_t *mcb, const struct cf_user *user, const struct work *work)
{
    cf_request(mcb, user, work->command);
    mcb[MCB_LOCATE] = CF_LOCATE_NAME;
    cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, work->entry);
    mcb[MCB_OPTIONS] = work->options;
    put_be32(mcb + MCB_DATALEN, work->length);
}

static void run(const struct cf_user *user, const uint8_t *mcb)
{
    uint8_t mrb[CF_MRB_SIZE];
    cf_message(user->cf, mcb, data, get_be32(mcb + MCB_DATALEN), mrb, data, sizeof data);
    if (get_be16(mrb + MRB_RESPONSE) != CF_RSP_OK)
        fail("a command was refused");
}

static void connect_user(const char *name, struct cf_user *user)
{
    uint8_t mcb[CF_MCB_SIZE], mrb[CF_MRB_SIZE];
    struct cf *cf;
    if (cf_open(name, "BENCH", &cf) != 0)
        fail("no link");
    cf_request_connect(mcb, "BENCH", "", "LNKBENCH");
    put_be32(mcb + MCB_OWN + CONN_LISTHEADERS, 16);
    put_be16(mcb + MCB_OWN + CONN_MAXELEMNUM, 255);
    mcb[MCB_OWN + CONN_FLAGS] = CF_CONN_ADJUNCT | CF_CONN_NAMED;
    put_be16(mcb + MCB_OWN + CONN_ENTRYRATIO, 1);
    put_be16(mcb + MCB_OWN + CONN_ELEMENTRATIO, 16);
    if (cf_send_connect(cf, mcb, mrb, user) != CF_RSP_OK)
        fail("no connection");
    static const struct work entries[] = {{"", CF_CMD_LIST_WRITE, "ADJUNCT", CF_OPT_ADJUNCT, 0},
                                          {"", CF_CMD_LIST_WRITE, "DATA8K", CF_OPT_DATA, 8192}};
    for (int i = 0; i < 2; i++) {
        request(mcb, user, &entries[i]);
        run(user, mcb);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Another client: it works until it is killed. */
static pid_t companion(const char *name, const struct work *work, _Atomic uint64_t *done)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct cf_user user;
        uint8_t mcb[CF_MCB_SIZE];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        connect_user(name, &user);
        request(mcb, &user, work);
        for (;; atomic_fetch_add(done, 1))
            run(&user, mcb);
    }
    return pid;
}

static void measure(const char *name, const char *link, const struct work *work, int clients, _Atomic uint64_t *done)
{
    struct cf_user user;
    uint8_t mcb[CF_MCB_SIZE];
    pid_t others[CLIENTS_MAX];
    connect_user(name, &user);
    request(mcb, &user, work);
    for (int i = 1; i < clients; i++)
        others[i] = companion(name, work, done);
    for (int i = 0; i < WARM_UP; i++)
        run(&user, mcb);
    uint64_t started = cf_clock_ns(CLOCK_MONOTONIC), before = started, others_before = atomic_load(done);
    for (int i = 0; i < SAMPLES; i++) {
        run(&user, mcb);
        uint64_t now = cf_clock_ns(CLOCK_MONOTONIC);
        samples_us[i] = (double)(now - before) / 1000.0;
        before = now;
    }
    double elapsed = (double)(before - started);
    double all = SAMPLES + (double)(atomic_load(done) - others_before);
    for (int i = 1; i < clients; i++) {
        kill(others[i], SIGKILL);
        waitpid(others[i], NULL, 0);
    }
    cf_close(user.cf);
    qsort(samples_us, SAMPLES, sizeof samples_us[0], by_value);
    printf("%-12s %-24s %7d %9.1f %9.1f %12.0f %7.0f\n", link, work->name, clients, samples_us[SAMPLES / 2],
           samples_us[SAMPLES / 100 * 99], all / elapsed * 1e9, GOAL_US);
}

int main(void)
{
    _Atomic uint64_t *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint16_t port;
    char file[128];
    snprintf(segment, sizeof segment, "link_bench.%d", (int)getpid());
    snprintf(directory, sizeof directory, "/tmp/link_bench.XXXXXX");
    if (done == MAP_FAILED || !mkdtemp(directory) || cf_create(segment, "CFBENCH", 16 << 20) != 0)
        fail("no segment");
    pid_t server = server_start(&port);
    snprintf(unix_name, sizeof unix_name, "%s@%s/socket", segment, directory);
    snprintf(tls_name, sizeof tls_name, "%s@127.0.0.1:%u,psk=%s/psk", segment, port, directory);
    printf("%-12s %-24s %7s %9s %9s %12s %7s\n", "CF link", "command", "clients", "median us", "p99 us", "per second", "goal");
    for (int clients = 1; clients <= CLIENTS_MAX; clients *= CLIENTS_MAX) {
        for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
            measure(unix_name, "Unix socket", &works[i], clients, done);
        for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
            measure(tls_name, "TLS 1.3", &works[i], clients, done);
    }
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    cf_remove(segment);
    snprintf(file, sizeof file, "%s/socket", directory);
    unlink(file);
    snprintf(file, sizeof file, "%s/psk", directory);
    unlink(file);
    rmdir(directory);
    return 0;
}
