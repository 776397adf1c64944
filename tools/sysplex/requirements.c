#include "tools/sysplex/requirements.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

static unsigned need_program(const char *program, const char *package)
{
    if (process_exists(program))
        return 0;
    tell_error("the program %s is missing: apt install %s, or make setup", program, package);
    return 1;
}

static unsigned need_built(const struct rundir *r, const char *file)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", r->build, file);
    if (access(path, R_OK) == 0)
        return 0;
    tell_error("%s is missing: make build", path);
    return 1;
}

static unsigned need_tun(void)
{
    static const char tun[] = "/dev/net/tun";
    int fd = open(tun, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    if (errno == ENOENT)
        tell_error("%s is missing: modprobe tun; in a container start it with --device %s", tun, tun);
    else if (errno == EACCES)
        tell_error("%s is root's alone: run it with sudo, or as root: chmod 666 %s (it gives nobody more than a device in its "
                   "own namespace)", tun, tun);
    else
        tell_error("%s cannot be opened: %s; in a container start it with --device %s --cap-add NET_ADMIN", tun,
                   strerror(errno), tun);
    return 1;
}

unsigned requirements_missing(const struct rundir *r)
{
    return need_tun() + need_program("hercules", "hercules") + need_program("nginx", "nginx-light") +
           need_program("ip", "iproute2") + need_built(r, "lib/hdtcfs.so") + need_built(r, "guest/image.bin");
}
