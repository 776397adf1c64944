#include "tools/sysplex/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

enum { ANSWER_MS_MAX = 20000 };

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    return text;
}

static struct image *find_image(struct run *r, const char *name)
{
    for (unsigned i = 0; i < r->image_count; i++)
        if (strcasecmp(r->images[i].system->name, name) == 0)
            return &r->images[i];
    return NULL;
}

static int nothing(struct run *r)
{
    (void)r;
    return 0;
}

static int pause_ms(struct run *r, uint64_t ms)
{
    int rc = run_events(r, nothing, ms);
    return rc == -ETIMEDOUT ? 0 : rc;
}

static int all_answered(struct run *r)
{
    for (unsigned i = 0; i < r->image_count; i++)
        if (r->images[i].awaited && r->images[i].state == IMAGE_READY)
            return 0;
    return 1;
}

/* To one system, or to all that live; then wait for the answers. */
static int command(struct run *r, const char *to, char *text)
{
    char *arrow = strstr(text, "=>"), *answer = arrow ? trim(arrow + 2) : NULL;
    struct image *one = find_image(r, to);
    int rc = 0;
    if (arrow)
        *arrow = '\0';
    text = trim(text);
    for (unsigned i = 0; i < r->image_count && rc == 0; i++)
        if (r->images[i].state == IMAGE_READY && (!one || one == &r->images[i])) {
            r->images[i].awaited = answer;
            rc = *text ? image_command(&r->images[i], text) : 0;
        }
    if (rc == 0)
        rc = run_events(r, all_answered, ANSWER_MS_MAX);
    for (unsigned i = 0; i < r->image_count; i++) {
        if (rc == -ETIMEDOUT && r->images[i].awaited)
            tell_error("%s: %s: no answer \"%s\" in %d s", r->images[i].system->name, text, answer, ANSWER_MS_MAX / 1000);
        r->images[i].awaited = NULL;
    }
    return rc;
}

static int outside(struct run *r, const char *text)
{
    const char *const argv[] = { "sh", "-c", text, NULL };
    struct process_options options = PROCESS_DEFAULTS;
    int log = open(rundir_file(&r->rundir, "outside.console"), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644);
    options.network = r->network.server;
    options.output = options.error = log;
    pid_t pid = log < 0 ? -errno : process_spawn(argv, &options);
    int code = pid < 0 ? 0 : process_wait(pid);
    if (log >= 0)
        close(log);
    if (pid < 0 || code != 0)
        tell_error("outside: %s: %s %d", text, pid < 0 ? "error" : "exit code", pid < 0 ? -pid : code);
    return pid < 0 ? pid : code ? -EIO : 0;
}

static int load_deck(struct run *r, const char *to, const char *file)
{
    struct image *image = find_image(r, to);
    const char *slash = strrchr(r->options->commands, '/');
    int folder = *file == '/' || !slash ? 0 : (int)(slash - r->options->commands) + 1;
    char path[PATH_MAX];
    if (!image || snprintf(path, sizeof path, "%.*s%s", folder, r->options->commands, file) >= (int)sizeof path)
        return -EINVAL;
    image->awaited = "READ FROM READER";
    int rc = image_deck(image, path);
    rc = rc ? rc : run_events(r, all_answered, ANSWER_MS_MAX);
    image->awaited = NULL;
    return rc;
}

static int none_boots(struct run *r)
{
    for (unsigned i = 0; i < r->image_count; i++)
        if (r->images[i].state == IMAGE_BOOTING)
            return 0;
    return 1;
}

static int kill_system(struct run *r, struct image *image)
{
    (void)r;
    image_kill(image, IMAGE_KILLED);
    return 0;
}

static int stop_system(struct run *r, struct image *image)
{
    (void)r;
    return image_stop(image);
}

static int continue_system(struct run *r, struct image *image)
{
    (void)r;
    return image_continue(image);
}

static int ipl_system(struct run *r, struct image *image)
{
    int rc = image_ipl(image, &r->plan);
    rc = rc ? rc : run_events(r, none_boots, BOOT_MS_MAX);
    if (rc == 0 && image->state != IMAGE_READY)
        rc = -EIO;
    if (rc < 0)
        image_show_last(image, stderr);
    return rc;
}

/* "kill MVS3" and its like. */
static const struct verb {
    const char *name;
    int (*act)(struct run *r, struct image *image);
} verbs[] = {
    { "kill ", kill_system }, { "stop ", stop_system }, { "cont ", continue_system }, { "ipl ", ipl_system },
};

static const struct verb *find_verb(const char *line)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strncmp(line, verbs[i].name, strlen(verbs[i].name)) == 0)
            return &verbs[i];
    return NULL;
}

static int fail_facility(struct run *r, const char *name)
{
    for (unsigned i = 0; i < r->definition.cf_count; i++)
        if (strcasecmp(r->definition.cfs[i].name, name) == 0)
            return segment_fail(&r->segments, i);
    return -EINVAL;
}

static int one_line(struct run *r, char *line)
{
    char *colon = strchr(line, ':'), *less = strchr(line, '<'), *end;
    if (strncmp(line, "wait ", 5) == 0) {
        double seconds = strtod(line + 5, &end);
        return *trim(end) || seconds < 0 || seconds > 600 ? -EINVAL : pause_ms(r, (uint64_t)(seconds * 1000));
    }
    const struct verb *verb = find_verb(line);
    if (verb) {
        struct image *image = find_image(r, trim(line + strlen(verb->name)));
        return image ? verb->act(r, image) : -EINVAL;
    }
    if (strncmp(line, "fail ", 5) == 0)
        return fail_facility(r, trim(line + 5));
    if (less && (!colon || less < colon)) {
        *less = '\0';
        return load_deck(r, trim(line), trim(less + 1));
    }
    if (!colon)
        return -EINVAL;
    *colon = '\0';
    if (strcasecmp(line, "outside") == 0)
        return outside(r, trim(colon + 1));
    if (strcasecmp(line, "all") != 0 && !find_image(r, line))
        return -EINVAL;
    return command(r, line, trim(colon + 1));
}

int script_run(struct run *r)
{
    FILE *in = fopen(r->options->commands, "re");
    char text[512];
    int rc = in ? 0 : -errno;
    if (!in)
        tell_error("%s: %s", r->options->commands, strerror(errno));
    for (unsigned number = 1; rc == 0 && in && fgets(text, sizeof text, in); number++) {
        char whole[512], *line = trim(text);
        if (*line == '\0' || *line == '#')
            continue;
        snprintf(whole, sizeof whole, "%s", line);
        tell_step("%s", whole);
        rc = one_line(r, line);
        if (rc < 0)
            tell_error("%s:%u: %s: %s", r->options->commands, number, whole,
                       rc == -EINVAL ? "expected SYSTEM: command, SYSTEM < deck, outside: command, wait SECONDS, fail CF, or "
                                       "kill, stop, cont or ipl and a SYSTEM that it can be done to"
                                     : strerror(-rc));
    }
    if (in)
        fclose(in);
    return rc;
}
