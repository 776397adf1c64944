/* The steps of plex_surround() and plex_boot() have their counterparts in plex_down(). */
#include "tools/sysplex/plex.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/requirements.h"
#include "tools/sysplex/server.h"
#include "tools/sysplex/tell.h"

enum { ROUND_MS = 50 };

/* --- signals and events ------------------------------------------------------------------------------------------- */

static const int handled_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };

static void signal_set(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof handled_signals / sizeof handled_signals[0]; i++)
        sigaddset(set, handled_signals[i]);
}

static void collect_images(struct plex *p)
{
    for (unsigned i = 0; i < p->image_count; i++) {
        struct image *image = &p->images[i];
        if (image->pid > 0 && process_ended(image->pid))
            image_ended(image);
    }
}

static void collect_helpers(struct plex *p)
{
    if (p->server > 0 && process_ended(p->server)) {
        p->server = 0;
        p->helper_ended = true;
        tell_error("the server has ended; see %s", rundir_file(&p->rundir, "server/error.log"));
        events_write(&p->events, "", "server", "the outside server has ended");
    }
    if (links_collect(&p->links)) {
        p->helper_ended = true;
        tell_error("a link to a coupling facility (cfd) has ended");
        events_write(&p->events, "", "link", "a link to a coupling facility has ended by itself");
    }
    if (p->capture.pid > 0 && process_ended(p->capture.pid)) {
        p->capture.pid = 0;
        close(p->capture.report);
        p->helper_ended = true;
        tell_error("the capture has ended");
        events_write(&p->events, "", "capture", "%s has ended by itself", strrchr(plex_capture_file(p, "pcap"), '/') + 1);
    }
}

static void read_signals(void *context, int fd, short events)
{
    struct plex *p = context;
    struct signalfd_siginfo info;
    (void)events;
    while (read(fd, &info, sizeof info) == sizeof info)
        if (info.ssi_signo == SIGCHLD) {
            collect_images(p);
            collect_helpers(p);
        } else
            p->interrupted = (int)info.ssi_signo;
}

static int take_signals(struct plex *p)
{
    sigset_t set;
    signal_set(&set);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (p->signals < 0)
        return -errno;
    loop_watch(&p->loop, p->signals, POLLIN, read_signals, p);
    return 0;
}

static void release_signals(void)
{
    sigset_t set;
    signal_set(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int plex_wait(struct plex *p, int (*done)(void *context), void *context, uint64_t ms_max)
{
    for (uint64_t end = now_ms() + ms_max;;) {
        int rc = loop_round(&p->loop, ROUND_MS);
        if (rc == 0)
            rc = p->interrupted ? -EINTR : p->helper_ended ? -ECHILD : done(context);
        if (rc != 0)
            return rc > 0 ? 0 : rc;
        if (now_ms() >= end)
            return -ETIMEDOUT;
    }
}

/* --- what the images say ------------------------------------------------------------------------------------------ */

/* Nanoseconds since 1970, ms_ago. */
static int64_t clock_ns(uint64_t ms_ago)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec - (int64_t)ms_ago * 1000000;
}

/* The death of an image that has had no next life yet. */
static struct flow_death *open_death(struct plex *p, const struct image *image)
{
    struct roster *r = &p->roster;
    for (size_t i = r->death_count; i-- > 0;)
        if (r->deaths[i].sender == system_mac(image->system))
            return r->deaths[i].back_ns == INT64_MAX ? &r->deaths[i] : NULL;
    return NULL;
}

/* From now on it sends nothing: its process has ended, or the others say that it is fenced, whichever comes first. */
static void note_dead(struct plex *p, const struct image *image)
{
    const struct flow_death death = { system_mac(image->system), clock_ns(0), INT64_MAX };
    if (!open_death(p, image) && !roster_add_death(&p->roster, &death))
        tell_error("not enough memory to note the end of %s: tuplecheck will not know of it", image->system->name);
}

static void note_back(struct plex *p, const struct image *image)
{
    struct flow_death *death = open_death(p, image);
    int64_t back_ns = clock_ns(now_ms() - image->started_ms);
    if (death)                  /* that are whole milliseconds */
        death->back_ns = back_ns > death->ns ? back_ns : death->ns + 1;
}

/* A system that failed is partitioned. Its next life may have begun before anybody said so. */
static void note_partitioned(struct plex *p)
{
    for (unsigned i = 0; i < p->image_count; i++) {
        const struct incident *last = incident_latest(&p->events.incidents, p->images[i].system->name);
        if (last && last->ms[INCIDENT_PARTITIONED] && !last->ms[INCIDENT_IPL])
            note_dead(p, &p->images[i]);
    }
}

static void console_line(void *context, struct image *image, const char *line)
{
    struct plex *p = context;
    char when[32];
    events_time(when);
    fprintf(p->operlog, "%s %-8s %s\n", when, image->system->name, line);
    fflush(p->operlog);
    tell_detail("%s: %s", image->system->name, line);
    events_line(&p->events, image->system->name, line);
    note_partitioned(p);
    control_line(&p->control, image->system->name, line);
}

static void image_changed(void *context, struct image *image)
{
    static const char *const names[] = { "", "ipl", "ready", "wait", "halted", "stopped", "failed", "killed" };
    struct plex *p = context;
    events_write(&p->events, image->system->name, names[image->state], "%s", "");
    if (image->state == IMAGE_BOOTING)
        note_back(p, image);
    control_changed(&p->control);
}

static void image_died(void *context, struct image *image)
{
    note_dead(context, image);
}

struct image *plex_image(struct plex *p, const char *name)
{
    for (unsigned i = 0; i < p->image_count; i++)
        if (strcasecmp(p->images[i].system->name, name) == 0)
            return &p->images[i];
    return NULL;
}

void plex_image_trouble(const struct image *image)
{
    if (image->state == IMAGE_WAITING)
        tell_error("%s has stopped itself (disabled wait). Its last lines:", image->system->name);
    else
        tell_error("%s: its emulator has ended. Its last lines:", image->system->name);
    image_show_last(image, stderr);
}

/* --- up ----------------------------------------------------------------------------------------------------------- */

void plex_init(struct plex *p, const struct plex_options *options)
{
    *p = (struct plex){ .options = *options, .network = { -1, -1 }, .signals = -1, .rundir.lock = -1, .control = CONTROL_NONE,
                        .began_ms = now_ms() };
    loop_init(&p->loop);
}

int plex_prepare(struct plex *p)
{
    const struct plex_options *o = &p->options;
    int rc = rundir_find_build(&p->rundir);
    if (rc < 0)
        return rc;
    if (definition_read(o->config, &p->definition, stderr) || (o->images && definition_select(&p->definition, o->images, stderr)))
        return -EINVAL;
    return requirements_missing(&p->rundir) ? -ENOENT : 0;
}

static int open_logs(struct plex *p)
{
    p->operlog = fopen(rundir_file(&p->rundir, "operlog"), "we");
    return p->operlog ? events_open(&p->events, rundir_file(&p->rundir, "events.jsonl")) : -errno;
}

int plex_surround(struct plex *p)
{
    const struct definition *d = &p->definition;
    segment_clean();
    int rc = process_adopt();
    rc = rc ? rc : take_signals(p);
    rc = rc ? rc : rundir_make(&p->rundir, p->options.name, d->sysplex, p->options.keep);
    if (rc < 0)
        return rc;
    tell_step("%s: %u systems, CLUSTERPORTS %s; everything of this run is in %s", d->sysplex, d->system_count,
              p->options.clusterports, p->rundir.path);
    rc = rundir_copy(&p->rundir, d->path, "definition.conf");
    rc = rc || !d->policy[0] ? rc : rundir_copy(&p->rundir, d->policy, "CFRM.policy");
    rc = rc ? rc : open_logs(p);
    if (rc < 0) {
        tell_error("cannot write into %s: %s", p->rundir.path, strerror(-rc));
        return rc;
    }
    events_write(&p->events, "", "up", "%s, %s", p->rundir.name, d->path);
    rc = control_open(&p->control, p);
    rc = rc ? rc : segments_create(&p->segments, d);
    if (rc < 0)
        return rc;
    if ((rc = network_open(&p->network, d)) < 0)
        return rc;
    if ((rc = links_open(&p->links, d, &p->segments, &p->rundir, &p->network)) < 0)
        return rc;
    if ((p->server = server_start(d, &p->rundir, &p->network)) < 0) {
        rc = p->server;
        p->server = 0;
        return rc;
    }
    if (p->options.capture && (rc = plex_capture_start(p)) < 0)
        return rc;
    char address[INET_ADDRSTRLEN];
    tell_step("outside server %s:%u%s", inet_ntop(AF_INET, &d->server, address, sizeof address), (unsigned)d->server_port,
              p->options.capture ? ", capture of all it sends and receives" : "");
    return 0;
}

static int all_ready(void *context)
{
    const struct plex *p = context;
    unsigned ready = 0;
    for (unsigned i = 0; i < p->image_count; i++) {
        const struct image *image = &p->images[i];
        if (image->state == IMAGE_WAITING || image->state == IMAGE_DEAD) {
            plex_image_trouble(image);
            return -EIO;
        }
        ready += image->state == IMAGE_READY;
    }
    return ready == p->image_count;
}

static void tell_boot(const struct plex *p, int rc, unsigned ms_max)
{
    for (unsigned i = 0; i < p->image_count; i++) {
        const struct image *image = &p->images[i];
        if (image->state == IMAGE_READY)
            tell_step("%s ready after %.2f s", image->system->name, (double)(image->ready_ms - image->started_ms) / 1000);
        else if (rc == -ETIMEDOUT) {
            tell_error("%s was not ready after %u s. Its last lines:", image->system->name, ms_max / 1000);
            image_show_last(image, stderr);
        }
    }
}

int plex_boot(struct plex *p)
{
    unsigned ms_max = PLEX_BOOT_MS_MAX + PLEX_BOOT_MS_MORE * p->definition.system_count;
    p->plan = (struct image_plan){ .definition = &p->definition, .rundir = &p->rundir, .network = &p->network,
                                   .segments = &p->segments, .clusterports = p->options.clusterports, .loop = &p->loop,
                                   .line = console_line, .changed = image_changed, .died = image_died,
                                   .context = p };
    for (unsigned i = 0; i < p->definition.system_count; i++) {
        p->image_count++;
        if (!roster_add_image(&p->roster, system_mac(&p->definition.systems[i]), p->definition.systems[i].name))
            return -ENOMEM;
        int rc = image_start(&p->images[i], &p->definition.systems[i], &p->plan);
        if (rc < 0)
            return rc;
    }
    int rc = plex_wait(p, all_ready, p, ms_max);
    p->booted_ms = now_ms();
    tell_boot(p, rc, ms_max);
    if (rc == 0) {
        events_write(&p->events, "", "sysplex-ready", "%.2f s", (double)(p->booted_ms - p->began_ms) / 1000);
        rc = statistics_open(&p->statistics, p);
    }
    return rc;
}

/* --- capture ------------------------------------------------------------------------------------------------------ */

const char *plex_capture_file(const struct plex *p, const char *kind)
{
    return p->captures < 2 ? rundir_file(&p->rundir, "capture.%s", kind) : rundir_file(&p->rundir, "capture-%u.%s", p->captures, kind);
}

static int write_roster(const struct plex *p)
{
    FILE *out = fopen(plex_capture_file(p, "images"), "we");
    if (out)
        roster_write(&p->roster, out);
    if (out && fclose(out) == 0)
        return 0;
    int rc = -errno;
    tell_error("cannot write %s: %s", plex_capture_file(p, "images"), strerror(-rc));
    return rc;
}

int plex_capture_start(struct plex *p)
{
    char file[PATH_MAX];
    p->captures++;
    snprintf(file, sizeof file, "%s", plex_capture_file(p, "pcap"));
    int rc = capture_start(&p->capture, &p->network, file);
    if (rc == 0)
        events_write(&p->events, "", "capture", "%s begins", strrchr(file, '/') + 1);
    return rc;
}

int plex_capture_stop(struct plex *p, struct capture_counts *counts)
{
    int rc = capture_stop(&p->capture, counts);
    rc = rc ? rc : write_roster(p);
    events_write(&p->events, "", "capture", "%s ends", strrchr(plex_capture_file(p, "pcap"), '/') + 1);
    return rc;
}

/* --- down --------------------------------------------------------------------------------------------------------- */

/* All are killed before one is waited for: each takes its time to give up its TAP device. */
void plex_end_images(struct plex *p)
{
    for (unsigned i = 0; i < p->image_count; i++)
        if (p->images[i].pid > 0)
            kill(p->images[i].pid, SIGKILL);
    for (unsigned i = 0; i < p->image_count; i++)
        image_reap(&p->images[i]);
}

void plex_down(struct plex *p)
{
    events_write(&p->events, "", "down", "%s", "");
    statistics_close(&p->statistics);
    segments_remove(&p->segments);
    release_signals();
    plex_end_images(p);
    for (unsigned i = 0; i < p->image_count; i++)
        image_close(&p->images[i]);
    capture_kill(&p->capture);
    links_close(&p->links);
    if (p->server > 0)
        process_kill(p->server);
    p->server = 0;
    network_close(&p->network);
    events_close(&p->events);
    if (p->operlog)
        fclose(p->operlog);
    p->operlog = NULL;
    if (p->signals >= 0)
        close(p->signals);
    p->signals = -1;
}

void plex_close(struct plex *p)
{
    roster_free(&p->roster);
    rundir_close(&p->rundir);
    control_close(&p->control);
}
