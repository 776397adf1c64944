#include "tools/sysplex/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sysplex/rundir.h"
#include "tools/sysplex/tell.h"

__attribute__((format(printf, 2, 3))) static int write_once(const char *path, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = fd >= 0 && write(fd, text, (size_t)length) == length ? 0 : -errno;
    if (fd >= 0)
        close(fd);
    return rc;
}

static bool is_on(const char *path)
{
    char value = '0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool on = fd >= 0 && read(fd, &value, 1) == 1 && value != '0';
    if (fd >= 0)
        close(fd);
    return on;
}

static void advise(int rc)
{
    tell_error("a user other than root needs a user namespace, and this machine gives none: %s", strerror(-rc));
    if (access("/proc/sys/kernel/unprivileged_userns_clone", F_OK) == 0 && !is_on("/proc/sys/kernel/unprivileged_userns_clone"))
        tell_error("run it with sudo, or as root: sysctl kernel.unprivileged_userns_clone=1");
    else if (is_on("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"))
        tell_error("run it with sudo, or as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0");
    else if (!is_on("/proc/sys/user/max_user_namespaces"))
        tell_error("run it with sudo, or as root: sysctl user.max_user_namespaces=15000");
    else
        tell_error("run it with sudo; in a container, start that with --privileged");
}

int privilege_gain(void)
{
    unsigned user = (unsigned)geteuid(), group = (unsigned)getegid();
    char text[16];
    if (user == 0)
        return 0;
    snprintf(text, sizeof text, "%u", user);
    setenv(RUNDIR_USER, text, 1);
    /* With a network namespace of its own: the one that it is in belongs to others, and it could not come back to it. */
    int rc = unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 ? -errno : 0;
    rc = rc ? rc : write_once("/proc/self/setgroups", "deny");      /* else the map of groups is not a user's to write */
    rc = rc ? rc : write_once("/proc/self/uid_map", "0 %u 1", user);
    rc = rc ? rc : write_once("/proc/self/gid_map", "0 %u 1", group);
    if (rc < 0)
        advise(rc);
    return rc;
}
