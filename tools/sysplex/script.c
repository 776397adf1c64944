#include "tools/sysplex/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tools/sysplex/hang.h"
#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    return text;
}

enum { WAIT_MS_MAX = 60000, SCRIPT_SECONDS_MAX = 1000000 };

/* A script that runs: its Sysplex and its file. */
struct script {
    struct plex *plex;
    const char *path;
    bool check;                 /* nothing is done: can it be understood? There are no images then */
    bool explained;             /* what a line can be has been told */
    unsigned waiting;           /* commands that are not answered */
    int rc;                     /* of the command in work */
    unsigned percent;           /* of the jobs that is waited for */
    const struct image *awaited;        /* the system that failed, of which ... */
    unsigned steps;             /* ... these steps are waited for: bit n, enum incident_step */
    const char *text;           /* that one */
    /* The logs when the systems were given the last command of which nothing was awaited: that may be done in the next line, and
     * the text may have come by then. */
    long marks[DEFINED_SYSTEMS_MAX];
};

/* Does the definition have this system? */
static bool is_system(const struct script *s, const char *name)
{
    const struct definition *d = &s->plex->definition;
    for (unsigned i = 0; i < d->system_count; i++)
        if (strcasecmp(d->systems[i].name, name) == 0)
            return true;
    return false;
}

static int nothing(void *context)
{
    (void)context;
    return 0;
}

static int pause_ms(struct script *s, uint64_t ms)
{
    int rc = plex_wait(s->plex, nothing, NULL, ms);
    return rc == -ETIMEDOUT ? 0 : rc;
}

static int all_answered(void *context)
{
    const struct script *s = context;
    return s->waiting == 0;
}

/* A refusal is an answer: who wants another one says so by the text that is awaited. */
static void answered(void *context, const char *system, enum command_end end)
{
    struct script *s = context;
    s->waiting--;
    if (end == COMMAND_UNANSWERED) {
        tell_error("%s: %s: no answer in %d s", system, s->text, WAIT_MS_MAX / 1000);
        s->rc = -ETIMEDOUT;
    }
}

static void answered_as_awaited(void *context, const char *system, enum command_end end)
{
    struct script *s = context;
    answered(context, system, end);
    if (end == COMMAND_REFUSED) {
        tell_error("%s: %s: refused", system, s->text);
        s->rc = -EPROTO;
    }
}

/* Give it, and wait for the answers of those who have been given it. */
static int wait_for_answers(struct script *s)
{
    int rc = plex_wait(s->plex, all_answered, s, UINT64_MAX / 2);
    return rc ? rc : s->rc;
}

static int give(struct script *s, struct image *image, const char *text, const char *awaited)
{
    const struct command_listener listener = { NULL, *awaited ? answered_as_awaited : answered, s };
    int rc = image_command(image, text, awaited, WAIT_MS_MAX, &listener);
    s->waiting += rc == 0;
    return rc;
}

/* Give it a command, or only wait for the text if it has not come yet. */
static int give_or_wait(struct script *s, struct image *image, const char *text, const char *awaited)
{
    long *mark = &s->marks[image - s->plex->images];
    if (*text && !*awaited)
        *mark = image_log_length(image);
    return !*text && *mark && image_log_has(image, *mark, awaited) ? 0 : give(s, image, text, awaited);
}

/* To one system, or to all that live; then wait for the answers. */
static int command(struct script *s, const char *to, char *text)
{
    char *arrow = strstr(text, "=>");
    const char *awaited = arrow ? trim(arrow + 2) : "";
    const struct image *one = plex_image(s->plex, to);
    int rc = 0;
    if (arrow)
        *arrow = '\0';
    text = trim(text);
    s->text = *text ? text : awaited;
    for (unsigned i = 0; i < s->plex->image_count && rc == 0; i++)
        if (s->plex->images[i].state == IMAGE_READY && (!one || one == &s->plex->images[i]))
            rc = give_or_wait(s, &s->plex->images[i], text, awaited);
    return rc ? rc : wait_for_answers(s);
}

static int outside(struct script *s, const char *text)
{
    const char *const argv[] = { "sh", "-c", text, NULL };
    struct process_options options = PROCESS_DEFAULTS;
    int log = open(rundir_file(&s->plex->rundir, "outside.console"), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644);
    options.network = s->plex->network.server;
    options.output = options.error = log;
    pid_t pid = log < 0 ? -errno : process_spawn(argv, &options);
    int code = pid < 0 ? 0 : process_wait(pid);
    if (log >= 0)
        close(log);
    if (pid < 0 || code != 0)
        tell_error("outside: %s: %s %d", text, pid < 0 ? "error" : "exit code", pid < 0 ? -pid : code);
    return pid < 0 ? pid : code ? -EIO : 0;
}

static int load_deck(struct script *s, const char *to, const char *file)
{
    struct image *image = plex_image(s->plex, to);
    const char *slash = strrchr(s->path, '/');
    int folder = *file == '/' || !slash ? 0 : (int)(slash - s->path) + 1;
    char path[PATH_MAX], member[DEFINED_NAME_SIZE];
    if (!is_system(s, to) || snprintf(path, sizeof path, "%.*s%s", folder, s->path, file) >= (int)sizeof path)
        return -EINVAL;
    if (s->check)
        return access(path, R_OK) < 0 ? -errno : 0;
    if (image->state != IMAGE_READY)
        return -EINVAL;
    s->text = file;
    int rc = give(s, image, "", "READ FROM READER");
    rc = rc ? rc : image_deck(image, path, member);
    return rc ? rc : wait_for_answers(s);
}

static int none_boots(void *context)
{
    const struct plex *p = context;
    for (unsigned i = 0; i < p->image_count; i++)
        if (p->images[i].state == IMAGE_BOOTING)
            return 0;
    return 1;
}

static int kill_system(struct plex *p, struct image *image)
{
    (void)p;
    image_kill(image, IMAGE_KILLED);
    return 0;
}

static int stop_system(struct plex *p, struct image *image)
{
    (void)p;
    return image_stop(image);
}

/* "MVS3", or "MVS3 inside IXCSTR1". */
static int stop_inside(struct script *s, char *text)
{
    char *rest, *name = strtok_r(text, " \t", &rest), *inside = strtok_r(NULL, " \t", &rest), *structure = strtok_r(NULL, " \t", &rest);
    if (!structure || strcmp(inside, "inside") != 0 || !is_system(s, name))
        return -EINVAL;
    if (s->check)
        return 0;
    struct image *image = plex_image(s->plex, name);
    int rc;
    for (uint64_t end = now_ms() + COMMAND_MS_MAX; (rc = hang_inside(image, s->plex->segments.cf[0].name, structure)) == -EAGAIN;) {
        rc = pause_ms(s, 0);
        if (rc < 0 || now_ms() > end)
            return rc < 0 ? rc : -ETIMEDOUT;
    }
    return rc;
}

static int continue_system(struct plex *p, struct image *image)
{
    int rc = plex_wait(p, nothing, NULL, 0);        /* take what has happened */
    if (rc != -ETIMEDOUT)
        return rc;
    return image->state == IMAGE_DEAD ? 0 : image_continue(image);      /* killed while it hung: there is nothing to go on */
}

static int ipl_system(struct plex *p, struct image *image)
{
    int rc = image_ipl(image);
    rc = rc ? rc : plex_wait(p, none_boots, p, PLEX_BOOT_MS_MAX);
    if (rc == 0 && image->state != IMAGE_READY)
        rc = -EIO;
    if (rc < 0)
        image_show_last(image, stderr);
    return rc;
}

static int start_jobs(struct plex *p, struct image *image)
{
    int rc = image->state == IMAGE_READY ? 0 : -EINVAL;
    for (const struct job_definition *job = p->definition.jobs; job < p->definition.jobs + p->definition.job_count && rc == 0; job++)
        if (definition_job_runs(job, image->system->name))
            rc = image_start_job(image, job);
    return rc;
}

/* "kill MVS3" and its like. */
static const struct verb {
    const char *name;
    int (*act)(struct plex *p, struct image *image);
} verbs[] = {
    { "kill ", kill_system }, { "stop ", stop_system }, { "cont ", continue_system }, { "ipl ", ipl_system },
    { "jobs ", start_jobs },
};

static const struct verb *find_verb(const char *line)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strncmp(line, verbs[i].name, strlen(verbs[i].name)) == 0)
            return &verbs[i];
    return NULL;
}

static int facility(struct script *s, const char *name, int (*act)(const struct segments *s, unsigned cf))
{
    const struct definition *d = &s->plex->definition;
    for (unsigned i = 0; i < d->cf_count; i++)
        if (strcasecmp(d->cfs[i].name, name) == 0)
            return s->check ? 0 : act(&s->plex->segments, i);
    return -EINVAL;
}

/* --- waiting -------------------------------------------------------------------------------------------------------- */

static int jobs_are_so_far(void *context)
{
    const struct script *s = context;
    struct job all = { .ended = true };
    uint64_t connections, sum = 0;
    for (unsigned i = 0; i < s->plex->image_count; i++)
        if (s->plex->images[i].state == IMAGE_READY) {
            struct job job = image_job(&s->plex->images[i], &connections);
            job_add(&all, &job);
            sum += connections;
        }
    return job_percent(&all, sum) >= s->percent;
}

/* "1.5", seconds, or "40%", of the jobs. */
static int wait_for(struct script *s, char *text)
{
    char *end;
    double value = strtod(text, &end);
    end = trim(end);
    if (strcmp(end, "%") == 0 && value >= 0 && value <= 100) {
        s->percent = (unsigned)value;
        return s->check ? 0 : plex_wait(s->plex, jobs_are_so_far, s, WAIT_MS_MAX);
    }
    if (end == text || *end || value < 0 || value > 600)
        return -EINVAL;
    return s->check ? 0 : pause_ms(s, (uint64_t)(value * 1000));
}

static int steps_are_made(void *context)
{
    const struct script *s = context;
    const struct incident *i = incident_latest(&s->plex->events.incidents, s->awaited->system->name);
    for (int step = 0; i && step < INCIDENT_STEPS; step++)
        if (s->steps >> step & 1 && !i->ms[step])
            return 0;
    return i ? 1 : -EINVAL;
}

/* "MVS2 partitioned recovered": the steps of its latest failure. */
static int await_steps(struct script *s, char *text)
{
    char *rest, *word = strtok_r(text, " \t", &rest);
    if (!word || !is_system(s, word))
        return -EINVAL;
    s->awaited = plex_image(s->plex, word);
    s->steps = 0;
    while ((word = strtok_r(NULL, " \t", &rest))) {
        int step = incident_step(word);
        if (step < 0)
            return -EINVAL;
        s->steps |= 1u << step;
    }
    if (!s->steps)
        return -EINVAL;
    return s->check ? 0 : plex_wait(s->plex, steps_are_made, s, WAIT_MS_MAX);
}

/* --- the script ---------------------------------------------------------------------------------------------------- */

static int one_line(struct script *s, char *line)
{
    char *colon = strchr(line, ':'), *less = strchr(line, '<');
    if (strncmp(line, "wait ", 5) == 0)
        return wait_for(s, line + 5);
    if (strncmp(line, "await ", 6) == 0)
        return await_steps(s, line + 6);
    if (strncmp(line, "stop ", 5) == 0 && strstr(line, " inside "))
        return stop_inside(s, line + 5);
    const struct verb *verb = find_verb(line);
    if (verb) {
        const char *name = trim(line + strlen(verb->name));
        if (s->check || !is_system(s, name))
            return is_system(s, name) ? 0 : -EINVAL;
        return verb->act(s->plex, plex_image(s->plex, name));
    }
    if (strncmp(line, "fail ", 5) == 0)
        return facility(s, trim(line + 5), segment_fail);
    if (strncmp(line, "activate ", 9) == 0)
        return facility(s, trim(line + 9), segment_activate);
    if (less && (!colon || less < colon)) {
        *less = '\0';
        return load_deck(s, trim(line), trim(less + 1));
    }
    if (!colon)
        return -EINVAL;
    *colon = '\0';
    if (strcasecmp(line, "outside") == 0)
        return s->check ? 0 : outside(s, trim(colon + 1));
    if (strcasecmp(line, "all") != 0 && !is_system(s, line))
        return -EINVAL;
    return s->check ? 0 : command(s, line, trim(colon + 1));
}

/* Have so many seconds passed? 1, 0, -EINVAL: that is no number of seconds. */
static int is_over(const char *text, uint64_t began_ms)
{
    char *end;
    double seconds = strtod(text, &end);
    return end == text || *end || seconds < 0 || seconds > SCRIPT_SECONDS_MAX ? -EINVAL : now_ms() - began_ms >= (uint64_t)(seconds * 1000);
}

static void tell_mistake(struct script *s, unsigned number, const char *line, int rc)
{
    tell_error("%s:%u: %s: %s", s->path, number, line,
               rc == -EINVAL && s->explained ? "nor is this a line of a script"
               : rc == -EINVAL ? "expected SYSTEM: command, SYSTEM < deck, outside: command, wait SECONDS, wait N%, await SYSTEM step..., repeat, until SECONDS, "
                               "fail CF, activate CF, or kill, stop, cont, ipl or jobs and a SYSTEM that it can be done to"
                             : strerror(-rc));
    s->explained |= rc == -EINVAL;
}

/* Each line, or those between a mark and "until" until that is over. A check goes on after a mistake, to show them all. */
static int all_lines(struct script *s, FILE *in)
{
    char text[512], whole[512];
    uint64_t began_ms = now_ms();
    long mark = 0;              /* where the repeated lines begin: the beginning, unless said otherwise */
    unsigned marked = 0;
    int result = 0;
    for (unsigned number = 1; (result == 0 || s->check) && fgets(text, sizeof text, in); number++) {
        char *line = trim(text);
        int rc = s->rc = 0;
        if (*line == '\0' || *line == '#')
            continue;
        snprintf(whole, sizeof whole, "%s", line);
        if (!s->check)
            tell_step("%s", whole);
        if (strcmp(line, "repeat") == 0) {
            mark = ftell(in);
            marked = number;
        } else if (strncmp(line, "until ", 6) == 0) {
            rc = is_over(line + 6, began_ms);
            if (rc == 0 && !s->check && fseek(in, mark, SEEK_SET) == 0)
                number = marked;
            rc = rc > 0 ? 0 : rc;
        } else
            rc = one_line(s, line);
        if (rc < 0) {
            tell_mistake(s, number, whole, rc);
            result = rc;
        }
    }
    return result;
}

static int with_script(struct plex *p, const char *path, bool check)
{
    struct script script = { .plex = p, .path = path, .check = check };
    FILE *in = fopen(path, "re");
    int rc = in ? all_lines(&script, in) : 0;
    if (!in || (rc == 0 && ferror(in))) {
        rc = -errno;
        tell_error("%s: %s", path, strerror(-rc));
    }
    if (in)
        fclose(in);
    return rc;
}

int script_check(struct plex *p, const char *path)
{
    return with_script(p, path, true);
}

int script_run(struct plex *p, const char *path)
{
    return with_script(p, path, false);
}
