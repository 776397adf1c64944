/* The steps of a run stand in run_sysplex(); each has its counterpart in tear_down(), which is right at any point.
 *
 * One thread, one loop: events() waits for signals and for what the images say, and asks after each round whether the step
 * it waits for is done. Signals are taken from a descriptor, so nothing happens between two lines of code. A first Ctrl-C
 * ends the step in work and then the run; from then on a second one kills this process, and the kernel kills the rest. */
#include "tools/sysplex/run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/requirements.h"
#include "tools/sysplex/script.h"
#include "tools/sysplex/server.h"
#include "tools/sysplex/summary.h"
#include "tools/sysplex/tell.h"

enum {
    STALL_MS = 45000,           /* a job gives up a connection after 10 s at the most */
    LIVE_MS_TERMINAL = 200, LIVE_MS_PLAIN = 2000,
    SETTLE_MS = 300,            /* after the job's end: the last FINs and their answers */
    ROUND_MS = 50,
};

/* --- signals and events ------------------------------------------------------------------------------------------- */

static const int handled_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };

static void signal_set(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof handled_signals / sizeof handled_signals[0]; i++)
        sigaddset(set, handled_signals[i]);
}

static int take_signals(struct run *r)
{
    sigset_t set;
    signal_set(&set);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return r->signals < 0 ? -errno : 0;
}

static void release_signals(void)
{
    sigset_t set;
    signal_set(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void collect_children(struct run *r)
{
    for (unsigned i = 0; i < r->image_count; i++) {
        struct image *image = &r->images[i];
        if (image->pid > 0 && waitpid(image->pid, NULL, WNOHANG) == image->pid) {
            image_read(image, &r->plan);        /* its last words */
            image_ended(image);
        }
    }
    if (r->server > 0 && waitpid(r->server, NULL, WNOHANG) == r->server) {
        r->server = 0;
        r->helper_ended = true;
        tell_error("the server has ended; see %s", rundir_file(&r->rundir, "server/error.log"));
    }
    if (r->capture.pid > 0 && waitpid(r->capture.pid, NULL, WNOHANG) == r->capture.pid) {
        r->capture.pid = 0;
        close(r->capture.report);
        r->helper_ended = true;
        tell_error("the capture has ended");
    }
}

static void read_signals(struct run *r)
{
    struct signalfd_siginfo info;
    while (read(r->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo == SIGCHLD)
            collect_children(r);
        else
            r->interrupted = (int)info.ssi_signo;
}

static int one_round(struct run *r)
{
    struct pollfd fds[DEFINED_SYSTEMS_MAX + 1] = { { .fd = r->signals, .events = POLLIN } };
    for (unsigned i = 0; i < r->image_count; i++)
        fds[i + 1] = (struct pollfd){ .fd = r->images[i].output, .events = POLLIN };
    if (poll(fds, r->image_count + 1, ROUND_MS) < 0 && errno != EINTR)
        return -errno;
    int rc = 0;
    for (unsigned i = 0; i < r->image_count && rc == 0; i++)
        if (fds[i + 1].revents)
            rc = image_read(&r->images[i], &r->plan);
    read_signals(r);
    return rc;
}

int run_events(struct run *r, int (*done)(struct run *), uint64_t ms_max)
{
    for (uint64_t end = now_ms() + ms_max;;) {
        int rc = one_round(r);
        if (rc == 0)
            rc = r->interrupted ? -EINTR : r->helper_ended ? -ECHILD : done(r);
        if (rc != 0)
            return rc > 0 ? 0 : rc;
        if (now_ms() >= end)
            return -ETIMEDOUT;
    }
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static double seconds(uint64_t from_ms, uint64_t to_ms)
{
    return (double)(to_ms - from_ms) / 1000;
}

static int apply_options(struct run *r)
{
    const struct run_options *o = r->options;
    struct definition *d = &r->definition;
    if (definition_read(o->config, d, stderr) || (o->images && definition_select(d, o->images, stderr)))
        return -EINVAL;
    if (o->connections != UINT64_MAX)
        d->connections = o->connections;
    if (o->hold != UINT64_MAX)
        d->hold = o->hold;
    if (d->hold > d->connections)
        d->hold = d->connections;
    for (unsigned i = 0; o->kill_system[0]; i++) {
        if (i == d->system_count) {
            tell_error("--kill %s: expected a system of this run", o->kill_system);
            return -EINVAL;
        }
        if (strcmp(d->systems[i].name, o->kill_system) == 0)
            break;
    }
    return 0;
}

static int prepare(struct run *r)
{
    int rc = rundir_find_build(&r->rundir);
    if (rc < 0 || (rc = apply_options(r)) < 0)
        return rc;
    if (requirements_missing(&r->rundir))
        return -ENOENT;
    segment_clean();
    rc = take_signals(r);
    rc = rc ? rc : rundir_make(&r->rundir, r->options->keep);
    if (rc == 0)
        tell_step("%s: %u systems, CLUSTERPORTS %s; everything of this run is in %s", r->definition.sysplex,
                  r->definition.system_count, r->options->clusterports, r->rundir.path);
    return rc;
}

static int build_surroundings(struct run *r)
{
    const struct definition *d = &r->definition;
    int rc = segments_create(&r->segments, d);
    if (rc < 0)
        return rc;
    strcpy(r->segment_name, r->segments.cf[0].name);
    if ((rc = network_open(&r->network, d)) < 0)
        return rc;
    if ((r->server = server_start(d, &r->rundir, &r->network)) < 0) {
        rc = r->server;
        r->server = 0;
        return rc;
    }
    if ((rc = capture_start(&r->capture, &r->network, rundir_file(&r->rundir, "capture.pcap"))) < 0)
        return rc;
    char address[INET_ADDRSTRLEN];
    tell_step("outside server %s:%u, capture of all it sends and receives",
              inet_ntop(AF_INET, &d->server, address, sizeof address), (unsigned)d->server_port);
    return 0;
}

static int image_trouble(const struct image *image)
{
    if (image->state == IMAGE_WAITING)
        tell_error("%s has stopped itself (disabled wait). Its last lines:", image->system->name);
    else
        tell_error("%s: its emulator has ended. Its last lines:", image->system->name);
    image_show_last(image, stderr);
    return -EIO;
}

static int all_ready(struct run *r)
{
    unsigned ready = 0;
    for (unsigned i = 0; i < r->image_count; i++) {
        const struct image *image = &r->images[i];
        if (image->state == IMAGE_WAITING || image->state == IMAGE_DEAD)
            return image_trouble(image);
        ready += image->state == IMAGE_READY;
    }
    return ready == r->image_count;
}

static int boot(struct run *r)
{
    r->plan = (struct image_plan){ .definition = &r->definition, .rundir = &r->rundir, .network = &r->network,
                                   .segments = &r->segments, .clusterports = r->options->clusterports };
    for (unsigned i = 0; i < r->definition.system_count; i++) {
        r->image_count++;
        int rc = image_start(&r->images[i], &r->definition.systems[i], &r->plan);
        if (rc < 0)
            return rc;
    }
    int rc = run_events(r, all_ready, BOOT_MS_MAX);
    r->booted_ms = now_ms();
    for (unsigned i = 0; i < r->image_count; i++) {
        const struct image *image = &r->images[i];
        if (image->state == IMAGE_READY)
            tell_step("%s ready after %.2f s", image->system->name, seconds(image->started_ms, image->ready_ms));
        else if (rc == -ETIMEDOUT) {
            tell_error("%s was not ready after %d s. Its last lines:", image->system->name, BOOT_MS_MAX / 1000);
            image_show_last(image, stderr);
        }
    }
    return rc;
}

/* "MVS1 40 % (999 open, 3 failed, gone)". Number of characters, as snprintf. */
static int progress_of(const struct run *r, const struct image *image, char *text, size_t size)
{
    const struct job *j = &image->job;
    char failed[32] = "";
    if (j->failed)
        snprintf(failed, sizeof failed, ", %lu failed", j->failed);
    return snprintf(text, size, "   %s %3u %% (%lu open%s%s)", image->system->name,
                    job_percent(j, r->definition.connections), j->held, failed,
                    image->state == IMAGE_READY ? "" : ", gone");
}

/* All images as if they were one, when there are too many for a line. */
static void progress_of_all(const struct run *r, char *text, size_t size)
{
    struct job all = { 0 };
    for (unsigned i = 0; i < r->image_count; i++) {
        all.opened += r->images[i].job.opened;
        all.done += r->images[i].job.done;
        all.held += r->images[i].job.held;
        all.failed += r->images[i].job.failed;
    }
    snprintf(text, size, "   %u images %3u %% (%lu open, %lu failed)", r->image_count,
             job_percent(&all, r->definition.connections * r->image_count), all.held, all.failed);
}

static void show_progress(struct run *r, bool at_once)
{
    enum { IMAGES_IN_A_LINE = 4 };
    if (!at_once && now_ms() < r->next_live_ms)
        return;
    r->next_live_ms = now_ms() + (tell_is_terminal() ? LIVE_MS_TERMINAL : LIVE_MS_PLAIN);
    char text[512] = "";
    size_t length = 0;
    if (r->image_count > IMAGES_IN_A_LINE)
        progress_of_all(r, text, sizeof text);
    else
        for (unsigned i = 0; i < r->image_count && length < sizeof text; i++)
            length += (size_t)progress_of(r, &r->images[i], text + length, sizeof text - length);
    tell_live("%5.1f s%s", seconds(r->job_began_ms, now_ms()), text);
}

static void kill_as_ordered(struct run *r, struct image *image)
{
    const struct run_options *o = r->options;
    if (strcmp(o->kill_system, image->system->name) != 0 || image->state != IMAGE_READY || image->job.ended ||
        job_percent(&image->job, r->definition.connections) < o->kill_percent)
        return;
    image_kill(image, IMAGE_KILLED);
    tell_step("%s killed at %u %% of its job", image->system->name,
              job_percent(&image->job, r->definition.connections));
}

/* The jobs of the images that live have ended. An image that stops in between is told once; the others go on. */
static int all_jobs_ended(struct run *r)
{
    uint64_t sum = 0;
    unsigned waited_for = 0;
    for (unsigned i = 0; i < r->image_count; i++) {
        struct image *image = &r->images[i];
        kill_as_ordered(r, image);
        if ((image->state == IMAGE_WAITING || image->state == IMAGE_DEAD) && !(r->trouble_told & 1u << i)) {
            image_trouble(image);
            r->trouble_told |= 1u << i;
        }
        waited_for += image->state == IMAGE_READY && !image->job.ended;
        sum += image->job.opened + image->job.done + image->job.ended + (image->state == IMAGE_READY);
    }
    if (sum != r->job_sum || !r->job_moved_ms)
        r->job_moved_ms = now_ms();
    r->job_sum = sum;
    show_progress(r, waited_for == 0);
    return waited_for == 0 ? 1 : now_ms() - r->job_moved_ms > STALL_MS ? -ETIMEDOUT : 0;
}

static int start_jobs(struct run *r)
{
    const struct definition *d = &r->definition;
    char address[INET_ADDRSTRLEN], command[128];
    snprintf(command, sizeof command, "S %s,PGM=%s,DEST=%s,PORT=%lu,N=%lu,HOLD=%lu", d->job, d->program,
             inet_ntop(AF_INET, &d->server, address, sizeof address), d->server_port, d->connections, d->hold);
    tell_step("all systems: %s", command);
    for (unsigned i = 0; i < r->image_count; i++) {
        int rc = image_command(&r->images[i], command);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int run_jobs(struct run *r)
{
    r->job_began_ms = now_ms();
    int rc = start_jobs(r);
    if (rc < 0)
        return rc;
    rc = run_events(r, all_jobs_ended, UINT64_MAX / 2);
    r->job_ended_ms = now_ms();
    if (rc == -ETIMEDOUT) {
        tell_error("no job made any progress for %d s", STALL_MS / 1000);
        r->job_stalled = true;
        rc = 0;                 /* what there is, is summed up */
    }
    return rc;
}

static int never(struct run *r)
{
    (void)r;
    return 0;
}

/* End the run in order and look at what it left. */
static int conclude(struct run *r)
{
    int rc = run_events(r, never, SETTLE_MS);
    if (rc != -ETIMEDOUT)
        return rc;
    r->capture_complete = capture_stop(&r->capture, &r->captured) == 0;
    for (unsigned i = 0; i < r->image_count; i++)
        if (r->images[i].state == IMAGE_READY)
            image_kill(&r->images[i], IMAGE_READY);

    FILE *findings = fopen(rundir_file(&r->rundir, "cf_check"), "we");
    r->cf_findings = segments_check(&r->segments, findings);
    if (findings)
        fclose(findings);
    return 0;
}

/* Right at any point of a run, also before its first step. */
static void tear_down(struct run *r)
{
    segments_remove(&r->segments);
    release_signals();
    for (unsigned i = 0; i < r->image_count; i++)
        image_close(&r->images[i]);
    capture_kill(&r->capture);
    if (r->server > 0)
        process_kill(r->server);
    r->server = 0;
    network_close(&r->network);
    if (r->signals >= 0)
        close(r->signals);
    r->signals = -1;
}

/* A script has been run: what it has shown is for its reader to judge, but not whether the sysplex is sound. */
static int judge_script(struct run *r)
{
    uint64_t collisions = r->check.flows.collision_count;
    tell_step("coupling facilities %s; %lu 4-tuples were open from two images at once",
              r->cf_findings ? "NOT VALID, see cf_check" : "valid", collisions);
    return r->cf_findings || collisions ? EXIT_NOT_AS_EXPECTED : EXIT_AS_EXPECTED;
}

static int judge(struct run *r)
{
    static char file[PATH_MAX];
    static const char *const files[] = { file };
    snprintf(file, sizeof file, "%s", rundir_file(&r->rundir, "capture.pcap"));
    tuplecheck_files(&r->check, files, 1, NULL, 0);
    r->ended_ms = now_ms();
    int code = r->options->commands ? judge_script(r) : summary_report(r) ? EXIT_AS_EXPECTED : EXIT_NOT_AS_EXPECTED;
    tuplecheck_free(&r->check);
    return code;
}

int run_sysplex(const struct run_options *options)
{
    static struct run run;      /* large */
    struct run *r = &run;
    *r = (struct run){ .options = options, .network = { -1, -1 }, .signals = -1, .rundir.lock = -1,
                       .began_ms = now_ms() };
    tell_init(options->json ? stderr : stdout, options->verbose);

    int rc = prepare(r);
    rc = rc ? rc : build_surroundings(r);
    rc = rc ? rc : boot(r);
    rc = rc ? rc : options->commands ? script_run(r) : run_jobs(r);
    rc = rc ? rc : conclude(r);
    tear_down(r);
    int code = rc == 0 ? judge(r) : r->interrupted ? EXIT_INTERRUPTED : EXIT_NOT_RUN;
    if (r->interrupted)
        tell_step("interrupted; everything is ended");
    if (rc < 0 && r->rundir.lock >= 0)
        tell_step("logs are in %s", r->rundir.path);
    rundir_close(&r->rundir);
    return code;
}
