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

/* Make the definition's CFRM policy active; it stands in the first CF and governs all. 0 or -errno, told. */
static int start_policy(const struct segments *s, const struct definition *d)
{
    struct cf *cf;
    struct cf_policy_file *file = calloc(1, sizeof *file);
    int rc = file ? cf_open(s->cf[0].name, "SYSPLEX", &cf) : -ENOMEM;
    if (rc == 0) {
        cf_policy_load(d->policy, file, stderr);
        const struct cf_policy *policy = file->mistakes == 0 ? cf_policy_pick(file, NULL, d->policy, stderr) : NULL;
        rc = policy ? cf_policy_start(cf, policy) : -EINVAL;
        if (rc == 0)
            tell_step("CFRM policy %.8s: %u structures", policy->name, policy->structure_count);
        cf_close(cf);
    }
    if (rc < 0)
        tell_error("cannot start the CFRM policy of %s: %s", d->policy, rc == -EINVAL ? "it has mistakes, or is not one policy" : strerror(-rc));
    free(file);
    return rc;
}

static int create_one(struct segment_owned *s, const char *sysplex, const struct cf_definition *d)
{
    char name[SEGMENT_NAME_SIZE];
    snprintf(name, sizeof name, PREFIX "%s.%s.%d", sysplex, d->name, (int)getpid());
    int folder = lock_folder();
    int rc = folder < 0 ? folder : cf_create(name, d->name, d->size);
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
        tell_error("cannot create coupling facility %s of %lu MiB as shared memory %s: %s%s", d->name, d->size >> 20, name,
                   strerror(-rc), rc == -ENOSPC ? "; df " SHARED_MEMORY " shows how much there is" : "");
    else
        tell_step("coupling facility %s: %lu MiB", d->name, d->size >> 20);
    return rc;
}

int segments_create(struct segments *s, const struct definition *d)
{
    int rc = 0;
    for (unsigned i = 0; i < d->cf_count && rc == 0; i++) {
        rc = create_one(&s->cf[i], d->sysplex, &d->cfs[i]);
        s->count += rc == 0;
    }
    if (rc == 0 && s->count == 2 && (rc = cf_pair(s->cf[0].name, s->cf[1].name)) < 0)
        tell_error("cannot make %s and %s a pair: %s", s->cf[0].name, s->cf[1].name, strerror(-rc));
    if (rc == 0 && d->policy[0])
        rc = start_policy(s, d);
    if (rc < 0)
        segments_remove(s);
    return rc;
}

int segments_check(const struct segments *s, FILE *report)
{
    int findings = 0;
    for (unsigned i = 0; i < s->count; i++) {
        struct cf *cf;
        int rc = cf_open(s->cf[i].name, "SYSPLEX", &cf);
        if (rc < 0) {
            tell_error("cannot open %s to check it: %s", s->cf[i].name, strerror(-rc));
            return rc;
        }
        findings += cf_check(cf, report);
        cf_close(cf);
    }
    return findings;
}

int segment_fail(const struct segments *s, unsigned cf)
{
    int rc = cf_fail(s->cf[cf].name);
    if (rc < 0)
        tell_error("cannot fail %s: %s", s->cf[cf].name, strerror(-rc));
    return rc;
}

int segment_activate(const struct segments *s, unsigned cf)
{
    int rc = cf_activate(s->cf[cf].name);
    if (rc < 0)
        tell_error("cannot activate %s: %s", s->cf[cf].name, strerror(-rc));
    return rc;
}

void segments_remove(struct segments *s)
{
    for (; s->count > 0; s->count--) {
        struct segment_owned *last = &s->cf[s->count - 1];
        int rc = cf_remove(last->name);
        if (rc < 0)
            tell_error("cannot remove shared memory %s: %s", last->name, strerror(-rc));
        close(last->lock);
        last->name[0] = '\0';
    }
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
