#include "tools/sysplex/hang.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/engine/cf_look.h"

enum { LOOKS = 100, PAUSE_NS_MIN = 100000, PAUSE_NS_MORE = 900000 };

/* Wait until the process is stopped as a whole. 0, -ECHILD: it has ended; its end is left for who collects it. */
static int wait_stopped(pid_t pid)
{
    siginfo_t info;
    if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0)
        return -errno;
    if (info.si_code != CLD_STOPPED)
        return -ECHILD;
    return waitid(P_PID, (id_t)pid, &info, WSTOPPED) < 0 ? -errno : 0;
}

static bool is_thread_of(pid_t pid, pid_t thread)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d", (int)pid, (int)thread);
    return thread != 0 && access(path, F_OK) == 0;
}

/* Does the process hold a structure of this name? While it is rebuilt there are two. -ENOENT: there is none. */
static int holds(pid_t pid, const struct cf_look *look, const char *structure)
{
    char name[CF_NAME_SIZE + 1];
    struct cf_slot slot;
    int rc = -ENOENT;
    snprintf(name, sizeof name, "%-16s", structure);
    for (uint32_t i = 0; i < CF_STRUCTURES_MAX && rc <= 0; i++)
        if (cf_look_structure(look, i, &slot) && memcmp(slot.name, name, CF_NAME_SIZE) == 0)
            rc = is_thread_of(pid, cf_look_holder(look, i));
    return rc;
}

static int try_once(pid_t pid, const struct cf_look *look, const char *structure)
{
    int rc = kill(pid, SIGSTOP) < 0 ? -errno : wait_stopped(pid);
    rc = rc ? rc : holds(pid, look, structure);
    if (rc > 0)
        return 0;
    struct timespec pause = { .tv_nsec = PAUSE_NS_MIN + random() % PAUSE_NS_MORE };     /* its own rhythm is not to be met */
    kill(pid, SIGCONT);
    nanosleep(&pause, NULL);
    return rc ? rc : -EAGAIN;
}

int hang_inside(struct image *image, const char *segment, const char *structure)
{
    struct cf_look *look;
    if (image->state != IMAGE_READY)
        return -EINVAL;
    int rc = cf_look_open(segment, &look);
    if (rc < 0)
        return rc;
    rc = -EAGAIN;
    for (int i = 0; i < LOOKS && rc == -EAGAIN; i++)
        rc = try_once(image->pid, look, structure);
    cf_look_close(look);
    return rc ? rc : image_stop(image);
}
