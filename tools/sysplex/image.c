/* An image is ended with SIGKILL. Hercules' `quit` takes 1.3 to 2 s and does no more for a guest than pulling the plug: the
 * guest has no part in it. Its connections are closed by then, and the coupling facility is made to survive a process that
 * dies at any instruction, so that each run tries that as well. */
#include "tools/sysplex/image.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stack/image/waitcode.h"
#include "tools/sysplex/image_files.h"
#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

#define MESSAGE_READY "EZAIN11I"
#define MESSAGE_DISABLED_WAIT "HHCCP011I"
#define MESSAGE_TAP "TAP device "
#define WAIT_CODE 0xFFF         /* of the address of a disabled wait PSW */

static void read_console(void *context, int fd, short events);

const char *image_state_name(enum image_state state)
{
    static const char *const names[] = { "not started", "booting", "ready", "disabled wait", "halted", "stopped", "ended", "killed" };
    return names[state];
}

static void set_state(struct image *image, enum image_state state)
{
    if (image->state == state)
        return;
    image->state = state;
    if (state != IMAGE_READY && state != IMAGE_STOPPED)
        commands_lost(&image->commands);
    image->plan->changed(image->plan->context, image);
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- start and end ----------------------------------------------------------------------------------------------- */

static int start_hercules(struct image *image)
{
    static const char *const argv[] = { "hercules", "-d", "-f", "hercules.conf", "EXTERNALGUI", NULL };
    const struct image_plan *plan = image->plan;
    int in[2] = { -1, -1 }, out[2] = { -1, -1 };
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    (void)fcntl(out[1], F_SETFL, 0);        /* Hercules' end blocks as it expects */
    struct process_options options = PROCESS_DEFAULTS;
    options.network = plan->network->lan;
    options.directory = rundir_file(plan->rundir, "%s", image->system->name);
    options.input = in[0];
    options.output = out[1];
    options.environment = "HERCULES_RC=hercules.rc";
    image->started_ms = now_ms();
    image->pid = process_spawn(argv, &options);
    close(in[0]);
    close(out[1]);
    image->input = in[1];
    image->output = out[0];
    if (image->pid < 0)
        return image->pid;
    loop_watch(plan->loop, image->output, POLLIN, read_console, image);
    return 0;
}

static void deck_failed(void *context, int error)
{
    const struct image *image = context;
    tell_error("%s: a card reader takes no cards: %s", image->system->name, strerror(-error));
}

int image_start(struct image *image, const struct system_definition *system, const struct image_plan *plan)
{
    memset(image, 0, sizeof *image);
    image->system = system;
    image->plan = plan;
    image->input = image->output = image->folder = -1;
    int rc = image_files_write(image);
    if (rc < 0) {
        tell_error("%s: cannot make its files in %s: %s", system->name, rundir_file(plan->rundir, "%s", system->name),
                   strerror(-rc));
        return rc;
    }
    cards_open(&image->reader, plan->loop, image->folder, "reader", deck_failed, image);
    cards_open(&image->members, plan->loop, image->folder, "members", deck_failed, image);
    commands_open(&image->commands, plan->loop, &image->reader, system->name);
    rc = start_hercules(image);
    if (rc < 0)
        tell_error("%s: cannot start hercules: %s", system->name, strerror(-rc));
    else {
        image->ipls = 1;
        set_state(image, IMAGE_BOOTING);
    }
    return rc;
}

static void close_pipes(struct image *image)
{
    if (image->plan)
        loop_unwatch(image->plan->loop, image->output);
    close_end(&image->input);
    close_end(&image->output);
}

/* Its process is not meant to live any more. */
static bool is_ended(const struct image *image)
{
    return image->state == IMAGE_HALTED || image->state == IMAGE_KILLED || image->state == IMAGE_DEAD;
}

void image_ended(struct image *image)
{
    if (image->output >= 0)
        read_console(image, image->output, POLLIN);     /* its last words */
    image->pid = 0;
    if (!is_ended(image))
        set_state(image, IMAGE_DEAD);
    image->plan->died(image->plan->context, image);
}

/* The state changes first: it is from then on that the others can notice. */
void image_kill(struct image *image, enum image_state state)
{
    set_state(image, state);
    if (image->pid > 0)
        kill(image->pid, SIGKILL);
}

void image_reap(struct image *image)
{
    if (image->pid <= 0)
        return;
    process_kill(image->pid);
    image->pid = 0;
    image->plan->died(image->plan->context, image);
}

static int send_signal(struct image *image, enum image_state from, enum image_state to, int signal_number)
{
    if (image->state != from)
        return -EINVAL;
    if (kill(image->pid, signal_number) < 0)
        return -errno;
    set_state(image, to);
    return 0;
}

int image_stop(struct image *image)
{
    return send_signal(image, IMAGE_READY, IMAGE_STOPPED, SIGSTOP);
}

int image_continue(struct image *image)
{
    return send_signal(image, IMAGE_STOPPED, IMAGE_READY, SIGCONT);
}

static void forget_decks(struct image *image)
{
    cards_close(&image->reader);
    cards_close(&image->members);
}

int image_ipl(struct image *image)
{
    /* An IPL within the emulator would leave what the system had: its connections to the coupling facilities end with the
     * emulator alone, and a read of its LAN adapter goes on. */
    if (image->pid > 0 && !is_ended(image))
        image_kill(image, IMAGE_KILLED);
    image_reap(image);
    forget_decks(image);
    memset(image->jobs, 0, sizeof image->jobs);
    close_pipes(image);
    image->plugged = false;
    image->line_length = 0;
    int rc = start_hercules(image);
    if (rc < 0)
        tell_error("%s: cannot IPL it: %s", image->system->name, strerror(-rc));
    else {
        image->ipls++;
        set_state(image, IMAGE_BOOTING);
    }
    return rc;
}

void image_close(struct image *image)
{
    if (image->pid > 0)
        process_kill(image->pid);
    image->pid = 0;
    commands_lost(&image->commands);
    forget_decks(image);
    close_pipes(image);
    close_end(&image->folder);
    if (image->console)
        fclose(image->console);
    image->console = NULL;
}

/* --- console ----------------------------------------------------------------------------------------------------- */

static void log_line(struct image *image, const char *line)
{
    struct timespec now;
    struct tm local;
    char when[16];
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(when, sizeof when, "%H:%M:%S", localtime_r(&now.tv_sec, &local));
    fprintf(image->console, "%s.%03ld %s\n", when, now.tv_nsec / 1000000, line);
    fflush(image->console);
    memcpy(image->last[image->line_count++ % IMAGE_LAST_LINES], line, IMAGE_LINE_SIZE);
    image->plan->line(image->plan->context, image, line);
}

long image_log_length(const struct image *image)
{
    return ftell(image->console);
}

bool image_log_has(const struct image *image, long from, const char *text)
{
    char line[IMAGE_LINE_SIZE + 32];
    bool found = false;
    fseek(image->console, from, SEEK_SET);
    while (!found && fgets(line, sizeof line, image->console))
        found = strstr(line, text);
    fseek(image->console, 0, SEEK_END);
    return found;
}

/* "HHCLC073I 0E20: TAP device tap0 opened": the name cannot be chosen, only read here. */
static void plug_tap(struct image *image, const char *name)
{
    char tap[16];
    if (sscanf(name, "%15[a-z0-9] opened", tap) != 1)
        return;
    image->plugged = true;
    if (network_plug(image->plan->network, tap) < 0)
        image_kill(image, IMAGE_DEAD);      /* without a network it is of no use; why has been told */
}

/* A disabled wait, in two lines: "HHCCP011I CPU0000: Disabled wait state", "PSW=0002000180000000 0000000000000CCC". */
static void stopped_itself(struct image *image, const char *psw)
{
    const char *code = strrchr(psw, ' ');
    image->wait_told = false;
    if (is_ended(image))
        return;
    if (code && (strtoull(code, NULL, 16) & WAIT_CODE) == WAIT_QUIESCED)
        image_kill(image, IMAGE_HALTED);
    else
        set_state(image, IMAGE_WAITING);
}

static void take_job_message(struct image *image, const char *line)
{
    const struct definition *d = image->plan->definition;
    for (unsigned i = 0; i < d->job_count; i++)
        if (job_message(&image->jobs[i], d->jobs[i].name, line))
            return;
}

int image_start_job(struct image *image, const struct job_definition *job)
{
    static const struct command_listener nobody;
    const struct definition *d = image->plan->definition;
    char command[COMMAND_LINE_MAX + 1];
    definition_job_command(d, job, command);
    image->jobs[job - d->jobs].started = true;
    return image_command(image, command, "", COMMAND_MS_MAX, &nobody);
}

struct job image_job(const struct image *image, uint64_t *connections)
{
    const struct definition *d = image->plan->definition;
    struct job sum = { .ended = true };
    uint64_t expected = 0;
    for (unsigned i = 0; i < d->job_count; i++)
        if (image->jobs[i].started) {
            job_add(&sum, &image->jobs[i]);
            expected += d->jobs[i].connections;
        }
    if (connections)
        *connections = expected;
    return sum;
}

static void act_on(struct image *image, const char *line)
{
    const char *tap = strstr(line, MESSAGE_TAP);
    if (tap && !image->plugged)
        plug_tap(image, tap + strlen(MESSAGE_TAP));
    else if (strstr(line, MESSAGE_DISABLED_WAIT))
        image->wait_told = true;
    else if (image->wait_told && strstr(line, "PSW="))
        stopped_itself(image, line);
    else if (strstr(line, MESSAGE_READY) && image->state == IMAGE_BOOTING) {
        image->ready_ms = now_ms();
        set_state(image, IMAGE_READY);
    } else
        take_job_message(image, line);
}

/* The emulator tells of each deck that comes, goes, or is turned away to be sent again: only chatter, as the cards show on
 * the console. */
static bool is_chatter(const char *line)
{
    return strncmp(line, "HHCSD018I", 9) == 0 || strncmp(line, "HHCSD015E", 9) == 0 || strncmp(line, "HHCRD012I", 9) == 0;
}

/* A line is complete, or as long as there is room. */
static void end_line(struct image *image)
{
    while (image->line_length > 0 && strchr(" \r", image->line[image->line_length - 1]))
        image->line_length--;
    image->line[image->line_length] = '\0';
    image->line_length = 0;
    if (!image->line[0] || is_chatter(image->line) || commands_line(&image->commands, image->line))
        return;
    log_line(image, image->line);
    act_on(image, image->line);
}

static void take_output(struct image *image, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n' || image->line_length == IMAGE_LINE_SIZE - 1)
            end_line(image);
        if (c != '\n' && c != '\0')
            image->line[image->line_length++] = (char)(c < ' ' && c != '\r' && c != '\t' ? '.' : c);
    }
}

/* Takes all there is. */
static void read_console(void *context, int fd, short events)
{
    struct image *image = context;
    char block[8192];
    (void)events;
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got > 0)
            take_output(image, block, (size_t)got);
        else if (got < 0 && errno == EINTR)
            continue;
        else {
            if (got == 0 || errno != EAGAIN)
                close_pipes(image);
            return;
        }
    }
}

void image_show_last(const struct image *image, FILE *out)
{
    unsigned count = image->line_count < IMAGE_LAST_LINES ? image->line_count : IMAGE_LAST_LINES;
    for (unsigned i = image->line_count - count; i < image->line_count; i++)
        fprintf(out, "    %s: %s\n", image->system->name, image->last[i % IMAGE_LAST_LINES]);
}

/* --- commands ---------------------------------------------------------------------------------------------------- */

int image_command(struct image *image, const char *command, const char *awaited, unsigned ms_max, const struct command_listener *listener)
{
    int rc = commands_give(&image->commands, command, awaited, ms_max, listener);
    if (rc < 0)
        tell_error("%s: cannot give it the command %.100s: %s", image->system->name, command,
                   rc == -EINVAL ? "expected at most 126 printable characters" : strerror(-rc));
    return rc;
}

int image_deck(struct image *image, const char *path, char member[DEFINED_NAME_SIZE])
{
    size_t length;
    char *deck = image_deck_text(path, member, &length);
    int rc = deck ? cards_send(&image->members, deck, length) : -errno;
    free(deck);
    if (rc < 0)
        tell_error("%s: cannot load the deck %s: %s", image->system->name, path, strerror(-rc));
    return rc;
}
