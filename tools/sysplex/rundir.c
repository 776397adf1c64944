/* A live run holds a lock on the file `owner` of its directory; the kernel lets go of it however the run ends. */
#include "tools/sysplex/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/sysplex/tell.h"

int rundir_find_build(struct rundir *r)
{
    r->lock = -1;
    ssize_t length = readlink("/proc/self/exe", r->build, sizeof r->build - 1);
    int rc = length < 0 ? -errno : 0;
    r->build[length < 0 ? 0 : length] = '\0';
    for (int up = 0; up < 2; up++) {            /* <build>/bin/sysplex */
        char *slash = strrchr(r->build, '/');
        if (!slash)
            rc = -ENOENT;
        else
            *slash = '\0';
    }
    if (rc < 0)
        tell_error("cannot find out where this program is: %s", strerror(-rc));
    return rc;
}

const char *rundir_file(const struct rundir *r, const char *format, ...)
{
    static char path[PATH_MAX];
    size_t length = (size_t)snprintf(path, sizeof path, "%s/", r->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path + length, sizeof path - length, format, arguments);
    va_end(arguments);
    return path;
}

static int lock_owner(const char *run, int flags)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/owner", run);
    int fd = open(path, flags | O_RDWR | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

/* Only what a run has made is removed: a directory with an owner file that no live run holds. */
static bool remove_run(const char *run)
{
    char keep[PATH_MAX];
    snprintf(keep, sizeof keep, "%s/keep", run);
    if (access(keep, F_OK) == 0)
        return false;
    int lock = lock_owner(run, 0);
    if (lock < 0)
        return false;
    bool removed = nftw(run, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0;
    close(lock);
    return removed;
}

static int is_run(const struct dirent *entry)
{
    return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

int rundir_clean(const struct rundir *r, unsigned spared)
{
    char runs[PATH_MAX - 512], run[PATH_MAX - 256];
    struct dirent **entries;
    int removed = 0;
    snprintf(runs, sizeof runs, "%s/run", r->build);
    int count = scandir(runs, &entries, is_run, alphasort);     /* by name is by age */
    for (int i = 0; i < count; i++) {
        snprintf(run, sizeof run, "%s/%s", runs, entries[i]->d_name);
        if ((unsigned)(count - i) > spared)
            removed += remove_run(run);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return removed;
}

static void point_latest(const struct rundir *r)
{
    char latest[PATH_MAX], fresh[PATH_MAX];
    snprintf(latest, sizeof latest, "%s/run/latest", r->build);
    snprintf(fresh, sizeof fresh, "%s/run/.latest.%d", r->build, (int)getpid());
    if (symlink(strrchr(r->path, '/') + 1, fresh) < 0 || rename(fresh, latest) < 0)
        tell_error("cannot point %s to this run: %s", latest, strerror(errno));
}

/* The name is the time; a second run in the same second gets a letter behind it. */
static int make_unique(struct rundir *r)
{
    char when[32];
    time_t now = time(NULL);
    struct tm local;
    strftime(when, sizeof when, "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    int rc = -1;
    for (char letter = 'a'; letter <= 'z'; letter++) {
        snprintf(r->path, sizeof r->path, letter == 'a' ? "%s/run/%s" : "%s/run/%s%c", r->build, when, letter);
        rc = mkdir(r->path, 0755);
        if (rc == 0 || errno != EEXIST)
            break;
    }
    return rc < 0 ? -errno : 0;
}

int rundir_make(struct rundir *r, bool keep)
{
    char runs[PATH_MAX];
    snprintf(runs, sizeof runs, "%s/run", r->build);
    int rc = mkdir(runs, 0755) < 0 && errno != EEXIST ? -errno : make_unique(r);
    if (rc == 0) {
        r->lock = lock_owner(r->path, O_CREAT);
        rc = r->lock < 0 ? r->lock : 0;
    }
    if (rc < 0) {
        tell_error("cannot make a run directory %s: %s", r->path[0] ? r->path : runs, strerror(-rc));
        return rc;
    }
    if (keep)
        close(open(rundir_file(r, "keep"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    point_latest(r);
    rundir_clean(r, RUNS_KEPT);
    return 0;
}

void rundir_close(struct rundir *r)
{
    if (r->lock >= 0)
        close(r->lock);
    r->lock = -1;
}
