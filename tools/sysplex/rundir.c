/* Who lives holds a lock on the file `owner` of its directory; the kernel lets go of it however it ends. Others try a shared
 * lock: it fails as long as the owner lives. Two that begin at once exclude each other by a lock on the folder of the run
 * directories, so that no name is taken twice. */
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

/* Folders that can be written, the first one counts. */
static int find_runs(struct rundir *r)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *user = getenv(RUNDIR_USER);
    snprintf(r->runs, sizeof r->runs, "%s/run", r->build);
    if ((mkdir(r->runs, 0755) == 0 || errno == EEXIST) && access(r->runs, W_OK) == 0)
        return 0;
    if (runtime && *runtime == '/')
        snprintf(r->runs, sizeof r->runs, "%s/sysplex", runtime);
    else
        snprintf(r->runs, sizeof r->runs, "/tmp/sysplex.%lu", user ? strtoul(user, NULL, 10) : geteuid());
    struct stat status;
    if ((mkdir(r->runs, 0700) < 0 && errno != EEXIST) || lstat(r->runs, &status) < 0)
        return -errno;
    return S_ISDIR(status.st_mode) && status.st_uid == geteuid() ? 0 : -EACCES;
}

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
    else if ((rc = find_runs(r)) < 0)
        tell_error("no folder for run directories can be made: %s: %s", r->runs, strerror(-rc));
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

static int lock_owner(const char *run, int flags, int operation)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/owner", run);
    int fd = open(path, flags | O_RDWR | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    if (flock(fd, operation) == 0)
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
    int lock = lock_owner(run, 0, LOCK_EX | LOCK_NB);
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

/* Call for each run directory, from the oldest on; left: so many come after it. Stops at a result other than 0. */
static int each_run(const struct rundir *r, int (*each)(void *context, const char *run, int left), void *context)
{
    char run[PATH_MAX - 256];
    struct dirent **entries;
    int rc = 0, count = scandir(r->runs, &entries, is_run, alphasort);      /* by name is by age */
    for (int i = 0; i < count; i++) {
        snprintf(run, sizeof run, "%s/%s", r->runs, entries[i]->d_name);
        if (rc == 0)
            rc = each(context, run, count - i - 1);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return rc;
}

struct cleaning {
    int spared, removed;
};

static int clean_one(void *context, const char *run, int left)
{
    struct cleaning *cleaning = context;
    if (left >= cleaning->spared)
        cleaning->removed += remove_run(run);
    return 0;
}

int rundir_clean(const struct rundir *r, unsigned spared)
{
    struct cleaning cleaning = { .spared = (int)spared };
    each_run(r, clean_one, &cleaning);
    return cleaning.removed;
}

/* --- those that live ------------------------------------------------------------------------------------------------ */

struct visit {
    int (*each)(void *context, const char *name, const char *path);
    void *context;
    int count;
};

static int visit_run(void *context, const char *run, int left)
{
    struct visit *visit = context;
    char path[PATH_MAX], name[RUN_NAME_SIZE] = "";
    (void)left;
    int lock = lock_owner(run, 0, LOCK_SH | LOCK_NB);
    if (lock >= 0)
        close(lock);
    if (lock != -EWOULDBLOCK)
        return 0;
    snprintf(path, sizeof path, "%s/name", run);
    FILE *in = fopen(path, "re");
    bool known = in && fgets(name, sizeof name, in);
    if (in)
        fclose(in);
    if (!known)
        return 0;               /* it is just being made */
    visit->count++;
    return visit->each(visit->context, name, run);
}

int rundir_each(const struct rundir *r, int (*each)(void *context, const char *name, const char *path), void *context)
{
    struct visit visit = { .each = each, .context = context };
    int rc = each_run(r, visit_run, &visit);
    return rc ? rc : visit.count;
}

struct search {
    const char *name;           /* NULL: any */
    struct rundir *found;
    char names[256];
    unsigned count;
};

static int compare_one(void *context, const char *name, const char *path)
{
    struct search *search = context;
    size_t length = strlen(search->names);
    snprintf(search->names + length, sizeof search->names - length, "%s%s", length ? ", " : "", name);
    if (search->name && strcmp(search->name, name) != 0)
        return 0;
    search->count++;
    snprintf(search->found->path, sizeof search->found->path, "%s", path);
    snprintf(search->found->name, sizeof search->found->name, "%s", name);
    return 0;
}

int rundir_find(struct rundir *r, const char *name)
{
    struct search search = { .name = name, .found = r };
    rundir_each(r, compare_one, &search);
    if (search.count == 1)
        return 0;
    if (search.count > 1)
        tell_error("which Sysplex? These are up: %s. Say it with --name", search.names);
    else if (name && search.names[0])
        tell_error("no Sysplex %s is up; these are: %s", name, search.names);
    else
        tell_error("no Sysplex%s%s is up: sysplex up", name ? " " : "", name ? name : "");
    return search.count > 1 ? -EEXIST : -ENOENT;
}

static int same_name(void *context, const char *name, const char *path)
{
    (void)path;
    return strcmp(context, name) == 0;
}

bool rundir_name_valid(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length < RUN_NAME_SIZE &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_@#$") == length;
}

static bool is_taken(struct rundir *r)
{
    struct visit visit = { .each = same_name, .context = r->name };
    return each_run(r, visit_run, &visit) != 0;
}

static int choose_name(struct rundir *r, const char *name, const char *otherwise)
{
    snprintf(r->name, sizeof r->name, "%s", name ? name : otherwise);
    for (int i = 2; !name && is_taken(r) && i < 100; i++)
        snprintf(r->name, sizeof r->name, "%.20s-%d", otherwise, i);
    return is_taken(r) ? -EEXIST : 0;
}

/* --- a new one ------------------------------------------------------------------------------------------------------ */

static void point_latest(const struct rundir *r)
{
    char latest[PATH_MAX], fresh[PATH_MAX];
    snprintf(latest, sizeof latest, "%s/latest", r->runs);
    snprintf(fresh, sizeof fresh, "%s/.latest.%d", r->runs, (int)getpid());
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
        snprintf(r->path, sizeof r->path, letter == 'a' ? "%s/%s" : "%s/%s%c", r->runs, when, letter);
        rc = mkdir(r->path, 0755);
        if (rc == 0 || errno != EEXIST)
            break;
    }
    return rc < 0 ? -errno : 0;
}

static int write_name(const struct rundir *r)
{
    FILE *out = fopen(rundir_file(r, "name"), "we");
    if (!out)
        return -errno;
    fputs(r->name, out);
    return fclose(out) == 0 ? 0 : -errno;
}

int rundir_make(struct rundir *r, const char *name, const char *otherwise, bool keep)
{
    int folder = open(r->runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = folder < 0 || flock(folder, LOCK_EX) < 0 ? -errno : choose_name(r, name, otherwise);
    rc = rc ? rc : make_unique(r);
    if (rc == 0) {
        r->lock = lock_owner(r->path, O_CREAT, LOCK_EX);
        rc = r->lock < 0 ? r->lock : write_name(r);
    }
    if (folder >= 0)
        close(folder);
    if (rc == -EEXIST && !r->path[0])
        tell_error("a Sysplex %s is up already: sysplex down --name %s, or choose another --name", r->name, r->name);
    else if (rc < 0)
        tell_error("cannot make a run directory %s: %s", r->path[0] ? r->path : r->runs, strerror(-rc));
    if (rc < 0)
        return rc;
    if (keep)
        close(open(rundir_file(r, "keep"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    point_latest(r);
    rundir_clean(r, RUNS_KEPT);
    return 0;
}

int rundir_copy(const struct rundir *r, const char *from, const char *name)
{
    char block[8192];
    size_t got;
    FILE *in = fopen(from, "re"), *out = in ? fopen(rundir_file(r, "%s", name), "we") : NULL;
    int rc = out ? 0 : -errno;
    while (rc == 0 && (got = fread(block, 1, sizeof block, in)) > 0)
        if (fwrite(block, 1, got, out) != got)
            rc = -EIO;
    if (in)
        fclose(in);
    if (out && fclose(out) != 0 && rc == 0)
        rc = -errno;
    return rc;
}

void rundir_close(struct rundir *r)
{
    if (r->lock >= 0)
        close(r->lock);
    r->lock = -1;
}
