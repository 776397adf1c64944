#include "tools/sysplex/links.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

enum { START_MS_MAX = 20000, PORT_FIRST = 7000, PORTS_OF_A_CF = 100 };

#define KEY_FILE "link.psk"

static unsigned port_of(const struct system_definition *system, unsigned cf)
{
    return PORT_FIRST + cf * PORTS_OF_A_CF + (unsigned)system->number;
}

void link_place(const struct system_definition *system, unsigned cf, char place[LINK_PLACE_SIZE])
{
    place[0] = '\0';
    if (system->link_ms)
        snprintf(place, LINK_PLACE_SIZE, "@127.0.0.1:%u,psk=../" KEY_FILE, port_of(system, cf));
}

static const char *program(const struct rundir *r, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/bin/cfd", r->build);
    return path;
}

static int make_key(const struct rundir *r)
{
    char path[PATH_MAX];
    const char *const argv[] = { program(r, path), "--new-psk", KEY_FILE, NULL };
    struct process_options options = PROCESS_DEFAULTS;
    options.directory = r->path;
    options.error = STDERR_FILENO;
    pid_t pid = process_spawn(argv, &options);
    int code = pid < 0 ? pid : process_wait(pid);
    return code > 0 ? -EIO : code;
}

/* It tells where it serves when it does. */
static int wait_until_serves(int output)
{
    char byte = '\0';
    struct pollfd told = { .fd = output, .events = POLLIN };
    int rc = poll(&told, 1, START_MS_MAX);
    return rc < 0 ? -errno : rc == 0 ? -ETIMEDOUT : read(output, &byte, 1) == 1 ? 0 : -ECHILD;
}

static int start_one(struct links *l, const struct system_definition *system, unsigned cf, const char *segment, const struct rundir *r,
                     const struct network *n)
{
    char path[PATH_MAX], port[16], interval[24];
    const char *const argv[] = { program(r, path), segment, "--listen", port, "--psk-file", KEY_FILE, "--interval", interval, NULL };
    int out[2];
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    snprintf(port, sizeof port, "%u", port_of(system, cf));
    snprintf(interval, sizeof interval, "%lu", system->link_ms);
    struct process_options options = PROCESS_DEFAULTS;
    options.network = n->lan;
    options.directory = r->path;
    options.output = out[1];
    options.error = open(rundir_file(r, "%s.links", system->name), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644);
    pid_t pid = options.error < 0 ? -errno : process_spawn(argv, &options);
    close(out[1]);
    if (options.error >= 0)
        close(options.error);
    if (pid > 0)
        l->pids[l->count++] = pid;
    int rc = pid < 0 ? pid : wait_until_serves(out[0]);
    close(out[0]);
    return rc;
}

int links_open(struct links *l, const struct definition *d, const struct segments *s, const struct rundir *r, const struct network *n)
{
    bool keyed = false;
    for (const struct system_definition *system = d->systems; system < d->systems + d->system_count; system++) {
        if (!system->link_ms)
            continue;
        int rc = keyed ? 0 : make_key(r);
        keyed = true;
        for (unsigned cf = 0; cf < s->count && rc == 0; cf++)
            rc = start_one(l, system, cf, s->cf[cf].name, r, n);
        if (rc < 0) {
            tell_error("%s: its links to the coupling facilities (cfd) did not start: %s; see %s", system->name, strerror(-rc),
                       rundir_file(r, "%s.links", system->name));
            return rc;
        }
        tell_step("%s reaches the coupling facilities over links", system->name);
    }
    return 0;
}

bool links_collect(struct links *l)
{
    for (unsigned i = 0; i < l->count; i++)
        if (l->pids[i] > 0 && process_ended(l->pids[i])) {
            l->pids[i] = 0;
            return true;
        }
    return false;
}

void links_close(struct links *l)
{
    for (unsigned i = 0; i < l->count; i++)
        if (l->pids[i] > 0)
            process_kill(l->pids[i]);
    l->count = 0;
}
