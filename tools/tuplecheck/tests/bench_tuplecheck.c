/* How many packets a second tuplecheck reads and judges on one core: a capture of many short connections. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tools/tuplecheck/tests/script.h"
#include "tools/tuplecheck/tuplecheck.h"

enum { ROUNDS = 4, PORTS_USED = 60000 };

int main(void)
{
    char path[] = "/tmp/tuplecheck-bench.XXXXXX";
    struct script s;
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) < 0 || !script_begin(&s, path))
        return EXIT_FAILURE;
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned port = 0; port < PORTS_USED; port++) {
            struct talk t = script_syn(&s, port % 5 + 1, (uint16_t)(1024 + port), round * PORTS_USED + port);
            script_accept(&s, &t);
            script_ask(&s, &t);
            script_close(&s, &t);
        }
    script_end(&s);

    const char *files[] = { path };
    struct timespec began, ended;
    struct tuplecheck t;
    clock_gettime(CLOCK_MONOTONIC, &began);
    tuplecheck_files(&t, files, 1, NULL);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    double seconds = (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("tuplecheck: %.2f million packets a second (budget 1.00), %lu packets, verdict %d, at most %ld MiB\n",
           (double)t.packets / seconds / 1e6, (unsigned long)t.packets, (int)tuplecheck_verdict(&t), used.ru_maxrss / 1024);
    tuplecheck_free(&t);
    unlink(path);
    return EXIT_SUCCESS;
}
