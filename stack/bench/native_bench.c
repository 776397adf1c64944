/* What a Linux program pays for a port with libclusterports.a: assign and release, in one process and in four at the same
 * time over one coupling facility. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/engine/cf.h"
#include "stack/native/clusterports.h"

#define PROCESSES_MAX 4
#define HELD 1000u          /* connections that each process has open */

struct result {
    double ns[PROCESSES_MAX];
    unsigned long long trips[PROCESSES_MAX];
};

static char segment[40];

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "native_bench: %s: %s\n", what, clusterports_error(rc));
    exit(1);
}

static struct sockaddr_in at(const char *text, uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

    inet_pton(AF_INET, text, &a.sin_addr);
    return a;
}

/* The oldest connection ends, a new one begins, `rounds` times. */
static void measure(unsigned number, uint16_t block_size, unsigned rounds, struct result *result)
{
    static struct sockaddr_in held[HELD];
    const struct sockaddr_in to = at("10.0.0.1", 80);
    struct clusterports_statistics before, after;
    struct clusterports *member;
    char name[9];

    snprintf(name, sizeof name, "BENCH%u", number);
    struct clusterports_options options = { .facility = segment, .name = name, .number = (uint8_t)number, .block_size = block_size };
    must(clusterports_open(&options, &member), "open");
    must(clusterports_add(member, at("10.1.1.1", 0).sin_addr), "add");
    for (unsigned i = 0; i < HELD; i++) {
        held[i] = at("10.1.1.1", 0);
        must(clusterports_assign(member, &held[i], &to), "assign");
    }
    must(clusterports_statistics(member, held[0].sin_addr, &before), "statistics");
    double start = now_ns();
    for (unsigned i = 0; i < rounds; i++) {
        struct sockaddr_in *c = &held[i % HELD];

        must(clusterports_release(member, c, &to, CLUSTERPORTS_CLOSED), "release");
        c->sin_port = 0;
        must(clusterports_assign(member, c, &to), "assign");
    }
    result->ns[number - 1] = (now_ns() - start) / rounds;
    must(clusterports_statistics(member, held[0].sin_addr, &after), "statistics");
    result->trips[number - 1] = after.taken + after.given - before.taken - before.given;
    clusterports_close(member);
}

static void run(unsigned processes, uint16_t block_size, unsigned rounds)
{
    struct result *result = mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double ns = 0;
    unsigned long long trips = 0;
    int status;

    must(result == MAP_FAILED ? -1 : cf_create(segment, "CF01", 64u << 20), "CF");
    for (unsigned n = 1; n <= processes; n++) {
        if (fork() == 0) {
            measure(n, block_size, rounds, result);
            _exit(0);
        }
    }
    for (unsigned n = 1; n <= processes; n++)
        must(wait(&status) < 0 || status != 0 ? -ECHILD : 0, "a process");
    cf_remove(segment);
    for (unsigned n = 0; n < processes; n++) {
        ns += result->ns[n] / processes;
        trips += result->trips[n];
    }
    printf("native: %u process%s, block size %2u: assign + release %8.1f ns in each, %.3f trips to the CF for each\n", processes,
           processes == 1 ? "  " : "es", block_size, ns, (double)trips / processes / rounds);
    munmap(result, sizeof *result);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(segment, sizeof segment, "nativebench.%d", (int)getpid());
    run(1, 64, 5000000);
    run(4, 64, 5000000);
    run(1, 1, 50000);
    run(4, 1, 50000);
    return 0;
}
