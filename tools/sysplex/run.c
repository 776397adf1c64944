/* The steps of a run stand in run_sysplex(); plex_down() is right at any point of it. */
#include "tools/sysplex/run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tools/sysplex/privilege.h"
#include "tools/sysplex/process.h"
#include "tools/sysplex/script.h"
#include "tools/sysplex/summary.h"
#include "tools/sysplex/tell.h"

enum {
    STALL_MS = 45000,           /* a job gives up a connection after two answers of 15 s at the most */
    LIVE_MS_TERMINAL = 200, LIVE_MS_PLAIN = 2000,
    PICTURE_MS_MAX = 20000,
    SETTLE_MS = 300,            /* after the job's end: the last FINs and their answers */
};

static double seconds(uint64_t from_ms, uint64_t to_ms)
{
    return (double)(to_ms - from_ms) / 1000;
}

static int apply_options(struct run *r)
{
    const struct run_options *o = r->options;
    struct definition *d = &r->plex.definition;
    for (struct job_definition *job = d->jobs; job < d->jobs + d->job_count; job++) {
        if (o->connections != UINT64_MAX)
            job->connections = o->connections;
        if (o->hold != UINT64_MAX)
            job->hold = o->hold;
        if (job->hold > job->connections)
            job->hold = job->connections;
    }
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

/* "MVS1 40 % (999 open, 3 failed, gone)". Number of characters, as snprintf. */
static int progress_of(const struct image *image, char *text, size_t size)
{
    uint64_t connections;
    struct job j = image_job(image, &connections);
    char failed[32] = "";
    if (j.failed)
        snprintf(failed, sizeof failed, ", %lu failed", j.failed);
    return snprintf(text, size, "   %s %3u %% (%lu open%s%s)", image->system->name, job_percent(&j, connections), j.held, failed,
                    image->state == IMAGE_READY ? "" : ", gone");
}

/* All images as if they were one, when there are too many for a line. */
static void progress_of_all(const struct run *r, char *text, size_t size)
{
    struct job all = { .ended = true };
    uint64_t connections, sum = 0;
    for (unsigned i = 0; i < r->plex.image_count; i++) {
        struct job j = image_job(&r->plex.images[i], &connections);
        job_add(&all, &j);
        sum += connections;
    }
    snprintf(text, size, "   %u images %3u %% (%lu open, %lu failed)", r->plex.image_count, job_percent(&all, sum), all.held, all.failed);
}

static void show_progress(struct run *r, bool at_once)
{
    enum { IMAGES_IN_A_LINE = 4 };
    if (!at_once && now_ms() < r->next_live_ms)
        return;
    r->next_live_ms = now_ms() + (tell_is_terminal() ? LIVE_MS_TERMINAL : LIVE_MS_PLAIN);
    char text[512] = "";
    size_t length = 0;
    if (r->plex.image_count > IMAGES_IN_A_LINE)
        progress_of_all(r, text, sizeof text);
    else
        for (unsigned i = 0; i < r->plex.image_count && length < sizeof text; i++)
            length += (size_t)progress_of(&r->plex.images[i], text + length, sizeof text - length);
    tell_live("%5.1f s%s", seconds(r->job_began_ms, now_ms()), text);
}

static void kill_as_ordered(struct run *r, struct image *image)
{
    const struct run_options *o = r->options;
    uint64_t connections;
    struct job job = image_job(image, &connections);
    unsigned percent = job_percent(&job, connections);
    if (strcmp(o->kill_system, image->system->name) != 0 || image->state != IMAGE_READY || job.ended || percent < o->kill_percent)
        return;
    image_kill(image, IMAGE_KILLED);
    tell_step("%s killed at %u %% of its job", image->system->name, percent);
}

/* The jobs of the images that live have ended. An image that stops in between is told once; the others go on. */
static int all_jobs_ended(void *context)
{
    struct run *r = context;
    uint64_t sum = 0;
    unsigned waited_for = 0;
    for (unsigned i = 0; i < r->plex.image_count; i++) {
        struct image *image = &r->plex.images[i];
        kill_as_ordered(r, image);
        if ((image->state == IMAGE_WAITING || image->state == IMAGE_DEAD) && !(r->trouble_told & 1u << i)) {
            plex_image_trouble(image);
            r->trouble_told |= 1u << i;
        }
        struct job job = image_job(image, NULL);
        waited_for += image->state == IMAGE_READY && !job.ended;
        sum += job.opened + job.done + job.ended + (image->state == IMAGE_READY);
    }
    if (sum != r->job_sum || !r->job_moved_ms)
        r->job_moved_ms = now_ms();
    r->job_sum = sum;
    show_progress(r, waited_for == 0);
    return waited_for == 0 ? 1 : now_ms() - r->job_moved_ms > STALL_MS ? -ETIMEDOUT : 0;
}

static int start_job(struct run *r, const struct job_definition *job)
{
    char command[COMMAND_LINE_MAX + 1];
    definition_job_command(&r->plex.definition, job, command);
    tell_step("%s: %s", job->systems[0] ? job->systems : "all systems", command);
    int rc = 0;
    for (unsigned i = 0; i < r->plex.image_count && rc == 0; i++)
        if (definition_job_runs(job, r->plex.images[i].system->name))
            rc = image_start_job(&r->plex.images[i], job);
    return rc;
}

static int start_jobs(struct run *r)
{
    int rc = 0;
    for (unsigned i = 0; i < r->plex.definition.job_count && rc == 0; i++)
        rc = start_job(r, &r->plex.definition.jobs[i]);
    return rc;
}

/* The story that is told while the jobs run, or NULL: it is about a whole sysplex that shares its ports. */
static const char *story_of(const struct run *r)
{
    const struct run_options *o = r->options;
    bool whole = !o->plex.images && !o->kill_system[0] && strcmp(o->plex.clusterports, "OFF") != 0;
    const struct definition *d = &r->plex.definition;
    return d->story[0] && (whole || d->job_count == 0) ? d->story : NULL;
}

/* A script that is run in place of all jobs, or NULL. */
static const char *script_of(const struct run *r)
{
    return r->options->commands ? r->options->commands : r->plex.definition.job_count == 0 ? r->plex.definition.story : NULL;
}

/* Before anything is started. */
static int check_script(struct run *r)
{
    const char *script = script_of(r) ? script_of(r) : story_of(r);
    return script ? script_check(&r->plex, script) : 0;
}

/* --- pictures of the dashboard -------------------------------------------------------------------------------------- */

/* For the report, if the dashboard has been built: one that records while the jobs run and leaves a picture of it all when they have
 * ended; another that takes from the recording what the ports were like after a third of that time. */
static pid_t start_dashboard(struct run *r, const char *const options[])
{
    char program[PATH_MAX];
    const char *argv[16] = { program, "--size", "1440x900" };
    const struct process_options surroundings = { .network = -1, .directory = r->plex.rundir.path, .input = -1, .output = -1, .error = -1 };
    snprintf(program, sizeof program, "%s/bin/cfdash", r->plex.rundir.build);
    for (unsigned i = 0; options[i]; i++)
        argv[3 + i] = options[i];
    return access(program, X_OK) == 0 ? process_spawn(argv, &surroundings) : 0;
}

static void begin_pictures(struct run *r)
{
    r->dashboard = start_dashboard(r, (const char *const[]){ "--name", r->plex.rundir.name, "--record", "dashboard.cfdash", "--screenshot",
                                                             "dashboard.png", "--after", "86400", NULL });
}

static int picture_taken(void *context)
{
    const struct run *r = context;
    return process_ended(r->dashboard);
}

static int await_picture(struct run *r)
{
    int rc = r->dashboard > 0 ? plex_wait(&r->plex, picture_taken, r, PICTURE_MS_MAX) : 0;
    if (rc < 0)
        process_kill(r->dashboard);
    r->dashboard = 0;
    return rc == -ETIMEDOUT ? 0 : rc;
}

static int end_pictures(struct run *r)
{
    char early[32];
    if (r->dashboard <= 0)
        return 0;
    kill(r->dashboard, SIGTERM);
    int rc = await_picture(r);
    snprintf(early, sizeof early, "%.3f", (double)(r->job_ended_ms - r->job_began_ms) / 3000);
    if (rc == 0)
        r->dashboard = start_dashboard(r, (const char *const[]){ "--replay", "dashboard.cfdash", "--view", "ports", "--after", early,
                                                                 "--screenshot", "ports.png", NULL });
    return rc ? rc : await_picture(r);
}

static int run_jobs(struct run *r)
{
    r->job_began_ms = now_ms();
    int rc = start_jobs(r);
    begin_pictures(r);
    if (rc == 0 && story_of(r)) {
        rc = script_run(&r->plex, story_of(r));
        r->story_told = rc == 0;
        r->story_broken = rc < 0 && rc != -EINTR && rc != -ECHILD;
    }
    if (rc < 0 && !r->story_broken)
        return rc;
    rc = plex_wait(&r->plex, all_jobs_ended, r, UINT64_MAX / 2);
    r->job_ended_ms = now_ms();
    if (rc == -ETIMEDOUT) {
        tell_error("no job made any progress for %d s", STALL_MS / 1000);
        r->job_stalled = true;
        rc = 0;                 /* what there is, is summed up */
    }
    return rc;
}

static int never(void *context)
{
    (void)context;
    return 0;
}

/* End the run in order and look at what it left. */
static int conclude(struct run *r)
{
    int rc = end_pictures(r);
    rc = rc ? rc : plex_wait(&r->plex, never, NULL, SETTLE_MS);
    if (rc != -ETIMEDOUT)
        return rc;
    r->capture_complete = plex_capture_stop(&r->plex, &r->captured) == 0;
    r->death_count = r->plex.roster.death_count;
    plex_end_images(&r->plex);
    FILE *findings = fopen(rundir_file(&r->plex.rundir, "cf_check"), "we");
    r->cf_findings = segments_check(&r->plex.segments, findings);
    if (findings)
        fclose(findings);
    return 0;
}

static int judge(struct run *r)
{
    static char file[PATH_MAX];
    static const char *const files[] = { file };
    snprintf(file, sizeof file, "%s", rundir_file(&r->plex.rundir, "capture.pcap"));
    const struct flow_options options = { .deaths = r->plex.roster.deaths, .death_count = r->death_count };
    tuplecheck_files(&r->check, files, 1, &options);
    r->check.roster = &r->plex.roster;
    r->ended_ms = now_ms();
    int code = summary_report(r) ? EXIT_AS_EXPECTED : EXIT_NOT_AS_EXPECTED;
    tuplecheck_free(&r->check);
    return code;
}

int run_sysplex(const struct run_options *options)
{
    static struct run run;      /* large */
    struct run *r = &run;
    struct plex *p = &r->plex;
    *r = (struct run){ .options = options };
    tell_init(options->json ? stderr : stdout, options->verbose);
    plex_init(p, &options->plex);

    int rc = plex_prepare(p);
    rc = rc ? rc : apply_options(r);
    rc = rc ? rc : check_script(r);
    rc = rc ? rc : privilege_gain();
    rc = rc ? rc : plex_surround(p);
    strcpy(r->segment_name, p->segments.cf[0].name);
    rc = rc ? rc : plex_boot(p);
    r->is_script = script_of(r) != NULL;
    rc = rc ? rc : r->is_script ? script_run(p, script_of(r)) : run_jobs(r);
    rc = rc ? rc : conclude(r);
    plex_down(p);
    int code = rc == 0 ? judge(r) : p->interrupted ? EXIT_INTERRUPTED : EXIT_NOT_RUN;
    if (p->interrupted)
        tell_step("interrupted; everything is ended");
    if (rc < 0 && p->rundir.lock >= 0)
        tell_step("logs are in %s", p->rundir.path);
    plex_close(p);
    return code;
}
