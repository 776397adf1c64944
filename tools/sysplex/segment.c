/* An owner holds an advisory lock (flock) on its segment for as long as it lives, and the kernel lets go of it however the
 * owner ends. So a segment of ours that can be locked is one that nobody owns. Between its creation and its lock a segment
 * would look like that too: creation and cleaning exclude each other by a lock on the folder of shared memory. */
#include "tools/sysplex/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cfemu/engine/cf.h"
#include "cfemu/policy/cf_policy.h"
#include "tools/sysplex/tell.h"

#define SHARED_MEMORY "/dev/shm"
#define PREFIX "sysplex."

static int lock_folder(void)
{
    int fd = open(SHARED_MEMORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) < 0) {
        close(fd);
        fd = -1;
    }
    return fd >= 0 ? fd : -errno;
}

/* Descriptor of a segment that is locked now by it, or -errno; -EWOULDBLOCK: its owner lives. */
static int lock_segment(const char *name)
{
    int fd = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

/* Make the definition's CFRM policy active. 0 or -errno, told. */
static int start_policy(const char *name, const struct definition *d)
{
    struct cf *cf;
    struct cf_policy_file *file = calloc(1, sizeof *file);
    int rc = file ? cf_open(name, "SYSPLEX", &cf) : -ENOMEM;
    if (rc == 0) {
        cf_policy_load(d->cf_policy, file, stderr);
        const struct cf_policy *policy = file->mistakes == 0 ? cf_policy_pick(file, NULL, d->cf_policy, stderr) : NULL;
        rc = policy ? cf_policy_start(cf, policy) : -EINVAL;
        if (rc == 0)
            tell_step("CFRM policy %.8s: %u structures", policy->name, policy->structure_count);
        cf_close(cf);
    }
    if (rc < 0)
        tell_error("cannot start the CFRM policy of %s: %s", d->cf_policy, rc == -EINVAL ? "it has mistakes, or is not one policy" : strerror(-rc));
    free(file);
    return rc;
}

int segment_create(struct segment_owned *s, const struct definition *d)
{
    char name[SEGMENT_NAME_SIZE];
    snprintf(name, sizeof name, PREFIX "%s.%s.%d", d->sysplex, d->cf, (int)getpid());
    int folder = lock_folder();
    int rc = folder < 0 ? folder : cf_create(name, d->cf, d->cf_size);
    if (rc == 0) {
        s->lock = lock_segment(name);
        rc = s->lock < 0 ? s->lock : 0;
        if (rc == 0)
            strcpy(s->name, name);
        else
            cf_remove(name);
    }
    if (folder >= 0)
        close(folder);
    if (rc < 0)
        tell_error("cannot create coupling facility %s of %lu MiB as shared memory %s: %s%s", d->cf, d->cf_size >> 20, name,
                   strerror(-rc), rc == -ENOSPC ? "; df " SHARED_MEMORY " shows how much there is" : "");
    else if (d->cf_policy[0])
        rc = start_policy(name, d);
    if (rc < 0)
        segment_remove(s);
    return rc;
}

int segment_check(const struct segment_owned *s, FILE *report)
{
    struct cf *cf;
    int rc = cf_open(s->name, "SYSPLEX", &cf);
    if (rc < 0) {
        tell_error("cannot open %s to check it: %s", s->name, strerror(-rc));
        return rc;
    }
    rc = cf_check(cf, report);
    cf_close(cf);
    return rc;
}

void segment_remove(struct segment_owned *s)
{
    if (!s->name[0])
        return;
    int rc = cf_remove(s->name);
    if (rc < 0)
        tell_error("cannot remove shared memory %s: %s", s->name, strerror(-rc));
    close(s->lock);
    s->name[0] = '\0';
}

static bool clean_one(const char *name)
{
    int fd = lock_segment(name);
    if (fd < 0)
        return false;
    int rc = cf_remove(name);
    close(fd);
    if (rc == 0)
        tell_step("removed %s, left by a run that was killed", name);
    return rc == 0;
}

int segment_clean(void)
{
    int removed = 0;
    int lock = lock_folder();
    DIR *folder = lock < 0 ? NULL : opendir(SHARED_MEMORY);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
            removed += clean_one(entry->d_name);
    if (folder)
        closedir(folder);
    if (lock >= 0)
        close(lock);
    return removed;
}
