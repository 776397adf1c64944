/* The watchdog of a link: a process beside the emulator.
 *
 * A remote CF fails a system that it has not heard of for the interval, and the others take what that system had. The emulator
 * knows that by its own clock and stops being one of the sysplex in time (cfemu/link/cf_link.h). But an emulator that is
 * stopped as a process (SIGSTOP, a debugger) looks at no clock, and when it is continued, its processors and adapters go on
 * where they were: packets leave from ports that are another system's by then. So a process that is not stopped with it
 * looks at the clock for it, and kills it before the CF acts: a system reset. The same becomes of an emulator that runs, whose link
 * is cut (a fence), if its program does not take note of that. The watchdog has nothing of the emulator but the state of the link, which
 * is shared; it ends with the emulator, or when the link is lost and the program was told: condition code 3.
 *
 * A machine that sleeps as a whole stops both. Then the watchdog's timer is over when it wakes up. */
#include "herc-device/cfs_device.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Wait until the time has come, or the emulator has ended. */
static bool wait_until(int timer, uint64_t ns, int emulator)
{
    const struct itimerspec at = {.it_value = timespec_of(ns)};
    struct pollfd either[] = {{.fd = timer, .events = POLLIN}, {.fd = emulator, .events = POLLIN}};

    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL) == 0 && poll(either, 2, -1) > 0 && either[1].revents == 0;
}

/* The child. Others of its kind and the emulator's files are not its: who waits for the emulator's end waits for theirs. */
static _Noreturn void watch(struct cf *cf, int emulator)
{
    int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);

    if (dup2(emulator, 0) < 0 || dup2(timer, 1) < 0 || close_range(2, ~0u, 0) < 0)
        _exit(1);
    prctl(PR_SET_NAME, "cfs-watchdog");
    for (uint64_t end; (end = cf_standstill(cf)) != UINT64_MAX;) {
        if (now_ns() >= end)
            _exit(syscall(SYS_pidfd_send_signal, 0, SIGKILL, NULL, 0) == 0 ? 0 : 1);
        if (!wait_until(1, end, 0))
            break;
    }
    _exit(0);
}

int cfs_watchdog_start(struct cfs_device *device)
{
    struct cf *cf = atomic_load(&device->path.cf);
    sigset_t all, before;
    int rc = 0, emulator;

    device->watchdog = 0;
    if (cf_standstill(cf) == UINT64_MAX)
        return 0;
    emulator = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (emulator < 0)
        return errno;
    /* What Hercules does on a signal is not for its child to do. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    device->watchdog = fork();
    if (device->watchdog == 0)
        watch(cf, emulator);
    if (device->watchdog < 0) {
        rc = errno;
        device->watchdog = 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(emulator);
    return rc;
}

void cfs_watchdog_stop(struct cfs_device *device)
{
    if (device->watchdog == 0)
        return;
    kill(device->watchdog, SIGKILL);
    waitpid(device->watchdog, NULL, 0);
    device->watchdog = 0;
}
