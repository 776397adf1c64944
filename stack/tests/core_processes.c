/* Stacks in processes of their own, at the same time, one of them killed in the middle.
 *
 * A table that all share says who has which port: who gets a port finds it free there and enters itself, always. The entries
 * of the killed process stay: nobody has recovered its ports, so nobody may get them. */
#include <signal.h>
#include <stdatomic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stack/tests/core_plex.h"

#define PROCESSES 3
#define HELD_MAX 700

struct shared {
    _Atomic uint8_t owner[PORTS_PER_DVIPA];
    _Atomic uint32_t doubles, errors;
    _Atomic uint64_t assigned[PLEX_STACKS];
    _Atomic bool stop;
};

static struct shared *shared;

static void stack_process(unsigned n, uint16_t blocksize)
{
    struct profile_clusterports on = { .on = true, .blocksize = blocksize };
    uint16_t held[HELD_MAX], port;
    unsigned count = 0;
    uint64_t random = n * 7919u;

    for (unsigned other = 1; other < PLEX_STACKS; other++)
        plex.systems[other].stack = NULL;       /* what runs in the parent does not run here as well */
    struct clp *clp = &plex_ipl(n)->clp;
    if (clp_activate(clp, DVA, &on, CLP_DEFINED) != CLP_OK)
        atomic_fetch_add(&shared->errors, 1);
    while (!atomic_load(&shared->stop)) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        if (count < HELD_MAX && (count == 0 || (random >> 40) % 5 < 3)) {
            if (clp_assign(clp, DVA, 0, SERVER, 80, &port) != CLP_OK) {
                atomic_fetch_add(&shared->errors, 1);
                continue;
            }
            if (atomic_exchange(&shared->owner[port], (uint8_t)n) != 0)
                atomic_fetch_add(&shared->doubles, 1);
            atomic_fetch_add(&shared->assigned[n], 1);
            held[count++] = port;
        } else {
            unsigned victim = (unsigned)(random >> 45) % count;
            atomic_store(&shared->owner[held[victim]], 0);
            clp_release(clp, DVA, held[victim], SERVER, 80);
            held[victim] = held[--count];
        }
    }
    while (count) {
        atomic_store(&shared->owner[held[--count]], 0);
        clp_release(clp, DVA, held[count], SERVER, 80);
    }
    plex_stop(n);
    _exit(0);
}

static void *watch(void *cf)
{
    cf_watch(cf);
    return NULL;
}

static pid_t start_process(unsigned n, uint16_t blocksize)
{
    pid_t pid = fork();

    if (pid == 0)
        stack_process(n, blocksize);
    return pid;
}

/* MVS2 is killed and comes back; the last time it stays away. */
static void kill_and_restart(pid_t *pid, unsigned times, uint16_t blocksize)
{
    int status;

    for (unsigned i = 1; i <= times; i++) {
        usleep(60000 + 7000 * i);
        kill(*pid, SIGKILL);
        ck_assert_int_eq(waitpid(*pid, &status, 0), *pid);
        if (i == times)
            return;
        for (uint32_t port = 0; port < PORTS_PER_DVIPA; port++)    /* its next life returns them to the pool */
            if (shared->owner[port] == 2)
                atomic_store(&shared->owner[port], 0);
        *pid = start_process(2, blocksize);
    }
}

static const struct {
    uint16_t blocksize;
    unsigned kills;
} runs[] = { { 64, 0 }, { 1, 0 }, { 64, 6 }, { 1, 8 }, { 4096, 6 } };

START_TEST(processes_at_the_same_time)
{
    uint16_t blocksize = runs[_i].blocksize;
    struct profile_clusterports on = { .on = true, .blocksize = blocksize };
    pid_t pid[PLEX_STACKS];
    pthread_t watcher;
    struct cf *cf;
    struct clp_audit audit;
    int status;

    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
    for (unsigned n = 1; n <= PROCESSES; n++)
        pid[n] = start_process(n, blocksize);
    /* MVS4 is there all the time, so that the structure is there at the end, and watches. */
    struct clp *clp = &plex_ipl(4)->clp;
    ck_assert_int_eq(clp_activate(clp, DVA, &on, CLP_DEFINED), CLP_OK);
    ck_assert_int_eq(cf_open(plex.segment, "WATCH", &cf), 0);
    pthread_create(&watcher, NULL, watch, cf);
    kill_and_restart(&pid[2], runs[_i].kills, blocksize);
    uint64_t before = shared->assigned[1] + shared->assigned[3];
    usleep(runs[_i].kills ? 100000 : 400000);
    atomic_store(&shared->stop, true);
    for (unsigned n = 1; n <= PROCESSES; n++) {
        if (runs[_i].kills && n == 2)
            continue;
        ck_assert_int_eq(waitpid(pid[n], &status, 0), pid[n]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    cf_interrupt(cf);
    pthread_join(watcher, NULL);
    cf_close(cf);
    ck_assert_uint_eq(shared->doubles, 0);
    ck_assert_uint_eq(shared->errors, 0);
    for (unsigned n = 1; n <= PROCESSES; n++)
        ck_assert_uint_gt(shared->assigned[n], 10);
    ck_assert_uint_gt(shared->assigned[1] + shared->assigned[3], before);   /* the survivors went on to the end */
    munmap(shared, sizeof *shared);

    host_platform_select(4);
    ck_assert_int_eq(clp_check(clp, DVA, &audit), CLP_OK);
    ck_assert_uint_eq(audit.doubles, 0);
    ck_assert_uint_eq(audit.differences, 0);
    ck_assert_uint_le(audit.leaked, runs[_i].kills * blocksize);   /* a block for each death between the two writes */
    ck_assert_uint_eq(audit.pool + audit.owned + audit.leaked, PORTS_PER_DVIPA);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("processes");

    tcase_add_loop_test(t, processes_at_the_same_time, 0, sizeof runs / sizeof runs[0]);
    return plex_main(t, "core_processes");
}
