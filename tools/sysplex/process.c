/* PR_SET_PDEATHSIG is what the promise stands on: it is set before anything else, and the parent is looked at again after
 * it, because it may have ended in between. */
#include "tools/sysplex/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_NOT_PREPARED = 126 };

static const char search_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        signal(signal_number, SIG_DFL);     /* fails for the few that cannot be changed: they are at their default */
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A server of thousands of connections needs as many descriptors: as many as this system grants. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool redirect(int from, int to)
{
    int source = from >= 0 ? from : open("/dev/null", O_RDWR | O_CLOEXEC);
    if (source == to)
        return fcntl(to, F_SETFD, 0) == 0;
    return source >= 0 && dup2(source, to) >= 0;
}

static const char *prepare(const struct process_options *o)
{
    raise_file_limit();
    if (o->network >= 0 && setns(o->network, CLONE_NEWNET) < 0)
        return "enter the network namespace";
    if (o->directory && chdir(o->directory) < 0)
        return "enter its folder";
    if (o->environment && putenv((char *)(uintptr_t)o->environment) != 0)
        return "set its environment";
    if (!redirect(o->input, 0) || !redirect(o->output, 1) || !redirect(o->error, 2))
        return "redirect its input and output";
    return NULL;
}

pid_t process_fork(const struct process_options *options)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid < 0 ? -errno : pid;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(EXIT_NOT_PREPARED);
    (void)setpgid(0, 0);
    reset_signals();
    const char *failed = prepare(options);
    if (failed) {
        fprintf(stderr, "cannot %s: %s\n", failed, strerror(errno));
        _exit(EXIT_NOT_PREPARED);
    }
    return 0;
}

/* Execute, looking the program up in the sbin folders too: a user's PATH may lack them. Returns only on failure. */
static void execute(const char *const argv[])
{
    char path[256], folders[sizeof search_path], *rest;
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    strcpy(folders, search_path);
    for (char *f = strtok_r(folders, ":", &rest); f && errno == ENOENT; f = strtok_r(NULL, ":", &rest)) {
        snprintf(path, sizeof path, "%s/%s", f, argv[0]);
        execv(path, (char *const *)(uintptr_t)argv);
    }
}

pid_t process_spawn(const char *const argv[], const struct process_options *options)
{
    int report[2];              /* closes on exec; carries errno if there was none */
    if (pipe2(report, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = process_fork(options);
    if (pid == 0) {
        execute(argv);
        int error = errno;
        (void)!write(report[1], &error, sizeof error);
        _exit(EXIT_NOT_PREPARED);
    }
    close(report[1]);
    int error = 0;
    if (pid > 0 && read(report[0], &error, sizeof error) == sizeof error) {
        process_wait(pid);
        pid = -error;
    }
    close(report[0]);
    return pid;
}

int process_adopt(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? -errno : 0;
}

int process_wait(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A child that has ended, or is about to. As long as it has not been waited for no other process group can have its number. */
static void collect(pid_t pid)
{
    kill(-pid, SIGKILL);
    process_wait(pid);
    while (waitpid(-pid, NULL, 0) > 0 || errno == EINTR)
        ;
}

bool process_ended(pid_t pid)
{
    siginfo_t info = { 0 };
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || info.si_pid != pid)
        return false;
    collect(pid);
    return true;
}

void process_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    collect(pid);
}

bool process_exists(const char *program)
{
    char path[512], folders[4096], *rest;
    const char *own = getenv("PATH");
    snprintf(folders, sizeof folders, "%s:%s", search_path, own ? own : "");
    for (char *f = strtok_r(folders, ":", &rest); f; f = strtok_r(NULL, ":", &rest)) {
        snprintf(path, sizeof path, "%s/%s", f, program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
