/* The files of an image, in <run>/MVSn (Hercules runs in it, so that none of their names needs a path, and none can be
 * spoilt by a blank in a path):
 *
 *   hercules.conf  devices    oat       MAC of the TAP         image.bin  control program (hard link or copy)
 *   hercules.rc    ipl        profile   PROFILE.TCPIP and the other members of its folder, a deck
 *   parameters     NAME=value ...       reader, members         sockets of the card readers
 *   image.ins      what is loaded where                        lib        link to the folder of the plugin
 *
 * The TAP has the MAC 02:00:00:00:01:NN, the guest sends with 02:00:00:00:00:NN: a bridge takes frames with the TAP's own
 * address for its own.
 *
 * An image is ended with SIGKILL. Hercules' `quit` takes 1.3 to 2 s and does no more for a guest than pulling the plug: the
 * guest has no part in it. Its connections are closed by then, and the coupling facility is made to survive a process that
 * dies at any instruction, so that each run tries that as well. */
#include "tools/sysplex/image.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

#define MESSAGE_READY "EZAIN11I"
#define MESSAGE_DISABLED_WAIT "HHCCP011I"
#define MESSAGE_TAP "TAP device "
#define MESSAGE_NOT_STOPPED "HHCPN053E"

enum { COMMAND_TRIES = 300, COMMAND_RETRY_US = 10000 };

const char *image_state_name(enum image_state state)
{
    static const char *const names[] = { "not started", "booting", "ready", "disabled wait", "stopped", "ended", "killed" };
    return names[state];
}

/* --- files ------------------------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static int write_file(int folder, const char *name, const char *format, ...)
{
    int fd = openat(folder, name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    va_list arguments;
    va_start(arguments, format);
    int rc = vdprintf(fd, format, arguments) < 0 ? -errno : 0;
    va_end(arguments);
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    return rc;
}

static int copy_file(int folder, const char *from, const char *name)
{
    char block[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in < 0 ? -1 : openat(folder, name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t got = 0;
    int rc = out < 0 ? -errno : 0;
    while (rc == 0 && (got = read(in, block, sizeof block)) > 0)
        if (write(out, block, (size_t)got) != got)
            rc = errno ? -errno : -EIO;
    if (rc == 0 && got < 0)
        rc = -errno;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

/* The 3505's socket must be given to Hercules as a path that begins with a slash, and a socket's path is at most 107
 * characters long; its own working directory has a short one. */
static int write_hercules_conf(int folder, const struct image *image, const struct image_plan *plan)
{
    char facilities[DEFINED_CFS_MAX * (SEGMENT_NAME_SIZE + 32)] = "";
    size_t length = 0;
    for (unsigned i = 0; i < plan->segments->count; i++)        /* the n-th is device 0Fn0: stack/image/cfs.h */
        length += (size_t)snprintf(facilities + length, sizeof facilities - length, "0F%u0 CFS %s SYSTEM=%s\n", i,
                                   plan->segments->cf[i].name, image->system->name);
    return write_file(folder, "hercules.conf",
        "ARCHMODE z/Arch\nMAINSIZE 128\nNUMCPU 1\nCPUMODEL 2064\nCPUSERIAL %06X\nLPARNAME %s\nOSTAILOR QUIET\nPANRATE SLOW\n"
        "TIMERINT 1000\nHERCPRIO 0\nTODPRIO 0\nDEVPRIO 0\nCPUPRIO 0\nMODPATH lib\n"
        "0009 3215-C / noprompt\n"
        "000C 3505 /proc/self/cwd/reader sockdev ascii trunc intrq\n"
        "001C 3505 profile ascii eof\n"
        "002C 3505 /proc/self/cwd/members sockdev ascii eof\n"
        "0E20-0E21 LCS -o oat\n"
        "%s",
        (unsigned)image->system->number, image->system->name, facilities);
}

/* The parameters end with a zero byte. */
static int write_parameters(int folder, const struct image *image, const struct image_plan *plan)
{
    return write_file(folder, "parameters", "SYSNAME=%s SYSNUM=%u SYSPLEX=%s CLUSTERPORTS=%s%c", image->system->name,
                      (unsigned)image->system->number, plan->definition->sysplex, plan->clusterports, '\0');
}

static int link_program(int folder, const struct rundir *r)
{
    char program[PATH_MAX];
    snprintf(program, sizeof program, "%s/guest/image.bin", r->build);
    if (linkat(AT_FDCWD, program, folder, "image.bin", 0) == 0)
        return 0;
    return copy_file(folder, program, "image.bin");
}

/* --- the deck of profile members ---------------------------------------------------------------------------------- */

/* The name of a member for the file `name`: FLOW1 for flow1.profile. false: it is none. */
static bool member_of(const char *name, char member[DEFINED_NAME_SIZE])
{
    const char *dot = strrchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : 0;
    if (length == 0 || length >= DEFINED_NAME_SIZE || strcmp(dot, ".profile") != 0)
        return false;
    for (size_t i = 0; i < length; i++)
        member[i] = (char)toupper((unsigned char)name[i]);
    member[length] = '\0';
    return strspn(member, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$") == length;
}

static int add_member(FILE *deck, const char *member, const char *path)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    if (!in)
        return -errno;
    fprintf(deck, "./ ADD NAME=%s\n", member);
    for (ssize_t length; (length = getline(&line, &size, in)) > 0;)
        fprintf(deck, "%s%s", line, line[length - 1] == '\n' ? "" : "\n");
    free(line);
    int rc = ferror(in) ? -EIO : 0;
    fclose(in);
    return rc;
}

/* The profile first, then all others of its folder: it may include them, and OBEYFILE may name them. */
static int add_members(FILE *deck, const char *profile)
{
    char folder[PATH_MAX], member[DEFINED_NAME_SIZE], path[PATH_MAX + 256];
    const char *slash = strrchr(profile, '/'), *own = slash ? slash + 1 : profile;
    int rc = add_member(deck, member_of(own, member) ? member : "PROFILE", profile);
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - profile) : 1, slash ? profile : ".");
    DIR *d = rc ? NULL : opendir(folder);
    if (!d)
        return rc ? rc : -errno;
    for (struct dirent *e; rc == 0 && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (strcmp(e->d_name, own) != 0 && member_of(e->d_name, member))
            rc = add_member(deck, member, path);
    }
    closedir(d);
    return rc;
}

static int write_deck(int folder, const char *profile)
{
    int fd = openat(folder, "profile", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    FILE *deck = fd < 0 ? NULL : fdopen(fd, "w");
    if (!deck)
        return -errno;
    int rc = add_members(deck, profile);
    return fclose(deck) == 0 ? rc : -errno;
}

static int write_files(struct image *image, const struct image_plan *plan)
{
    const struct rundir *r = plan->rundir;
    char modules[PATH_MAX];
    snprintf(modules, sizeof modules, "%s/lib", r->build);
    const char *path = rundir_file(r, "%s", image->system->name);
    if (mkdir(path, 0755) < 0)
        return -errno;
    int folder = image->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -errno;
    unsigned number = (unsigned)image->system->number;
    int rc = symlinkat(modules, folder, "lib") < 0 ? -errno : 0;
    rc = rc ? rc : write_hercules_conf(folder, image, plan);
    rc = rc ? rc : write_file(folder, "oat", "0E20 IP 00 PRI\nHWADD 00 02:00:00:00:01:%02X\n", number);
    rc = rc ? rc : write_file(folder, "hercules.rc", "ipl image.ins\n");
    rc = rc ? rc : write_file(folder, "image.ins", "* image\nimage.bin 0x00000000\nparameters 0x00008000\n");
    rc = rc ? rc : write_parameters(folder, image, plan);
    rc = rc ? rc : link_program(folder, r);
    rc = rc ? rc : write_deck(folder, image->system->profile);
    image->console = rc ? NULL : fopen(rundir_file(r, "%s.console", image->system->name), "we");
    return rc ? rc : image->console ? 0 : -errno;
}

/* --- start and end ----------------------------------------------------------------------------------------------- */

static int start_hercules(struct image *image, const struct image_plan *plan)
{
    static const char *const argv[] = { "hercules", "-d", "-f", "hercules.conf", "EXTERNALGUI", NULL };
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
    return image->pid < 0 ? image->pid : 0;
}

int image_start(struct image *image, const struct system_definition *system, const struct image_plan *plan)
{
    memset(image, 0, sizeof *image);
    image->system = system;
    image->job_name = plan->definition->job;
    image->input = image->output = image->folder = -1;
    int rc = write_files(image, plan);
    if (rc < 0) {
        tell_error("%s: cannot make its files in %s: %s", system->name, rundir_file(plan->rundir, "%s", system->name),
                   strerror(-rc));
        return rc;
    }
    rc = start_hercules(image, plan);
    if (rc < 0)
        tell_error("%s: cannot start hercules: %s", system->name, strerror(-rc));
    else
        image->state = IMAGE_BOOTING;
    return rc;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void image_ended(struct image *image)
{
    image->pid = 0;
    image->state = IMAGE_DEAD;
}

void image_kill(struct image *image, enum image_state state)
{
    if (image->pid > 0)
        process_kill(image->pid);
    image->pid = 0;
    image->state = state;
}

static int send_signal(struct image *image, enum image_state from, enum image_state to, int signal)
{
    if (image->state != from)
        return -EINVAL;
    image->state = to;
    return kill(image->pid, signal) < 0 ? -errno : 0;
}

int image_stop(struct image *image)
{
    return send_signal(image, IMAGE_READY, IMAGE_STOPPED, SIGSTOP);
}

int image_continue(struct image *image)
{
    return send_signal(image, IMAGE_STOPPED, IMAGE_READY, SIGCONT);
}

void image_close(struct image *image)
{
    if (image->pid > 0)
        process_kill(image->pid);
    image->pid = 0;
    close_end(&image->input);
    close_end(&image->output);
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
    tell_detail("%s: %s", image->system->name, line);
}

/* "HHCLC073I 0E20: TAP device tap0 opened": the name cannot be chosen, only read here. */
static int plug_tap(struct image *image, const struct image_plan *plan, const char *name)
{
    char tap[16];
    if (sscanf(name, "%15[a-z0-9] opened", tap) != 1)
        return 0;
    image->plugged = true;
    return network_plug(plan->network, tap);
}

/* To Hercules itself. */
static int panel_command(const struct image *image, const char *lines)
{
    return write(image->input, lines, strlen(lines)) == (ssize_t)strlen(lines) ? 0 : errno ? -errno : -EIO;
}

static int act_on(struct image *image, const struct image_plan *plan, const char *line)
{
    if (strstr(line, MESSAGE_NOT_STOPPED) && image->state == IMAGE_BOOTING)
        return panel_command(image, "ipl image.ins\n");        /* the CPU is about to stop */
    const char *tap = strstr(line, MESSAGE_TAP);
    if (tap && !image->plugged)
        return plug_tap(image, plan, tap + strlen(MESSAGE_TAP));
    if (strstr(line, MESSAGE_DISABLED_WAIT))
        image->state = IMAGE_WAITING;
    else if (strstr(line, MESSAGE_READY) && image->state == IMAGE_BOOTING) {
        image->state = IMAGE_READY;
        image->ready_ms = now_ms();
    } else
        job_message(&image->job, image->job_name, line);
    if (image->awaited && strstr(line, image->awaited))
        image->awaited = NULL;
    return 0;
}

/* A line is complete, or as long as there is room. */
static int end_line(struct image *image, const struct image_plan *plan)
{
    while (image->line_length > 0 && strchr(" \r", image->line[image->line_length - 1]))
        image->line_length--;
    image->line[image->line_length] = '\0';
    image->line_length = 0;
    if (!image->line[0])
        return 0;
    log_line(image, image->line);
    return act_on(image, plan, image->line);
}

static int take_output(struct image *image, const struct image_plan *plan, const char *text, size_t length)
{
    int rc = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n' || image->line_length == IMAGE_LINE_SIZE - 1) {
            int line_rc = end_line(image, plan);
            rc = rc ? rc : line_rc;
        }
        if (c != '\n' && c != '\0')
            image->line[image->line_length++] = (char)(c < ' ' && c != '\r' && c != '\t' ? '.' : c);
    }
    return rc;
}

int image_read(struct image *image, const struct image_plan *plan)
{
    char block[8192];
    int rc = 0;
    if (image->output < 0)
        return 0;
    for (;;) {
        ssize_t got = read(image->output, block, sizeof block);
        if (got > 0) {
            int text_rc = take_output(image, plan, block, (size_t)got);
            rc = rc ? rc : text_rc;
        } else if (got == 0 || errno == EAGAIN) {
            if (got == 0)
                close_end(&image->output);
            return rc;
        } else if (errno != EINTR) {
            int error = errno;
            tell_error("%s: cannot read its console: %s", image->system->name, strerror(error));
            return -error;
        }
    }
}

/* The reader of the profile has come to the end of its file: Hercules opens it anew. */
int image_ipl(struct image *image, const struct image_plan *plan)
{
    int rc = 0;
    if (image->pid > 0) {
        rc = panel_command(image, "devinit 001C profile ascii eof\nstopall\nipl image.ins\n");
        image->started_ms = now_ms();
    } else {
        close_end(&image->input);
        close_end(&image->output);
        image->plugged = false;
        image->line_length = 0;
        rc = start_hercules(image, plan);
    }
    if (rc < 0)
        tell_error("%s: cannot IPL it: %s", image->system->name, strerror(-rc));
    else
        image->state = IMAGE_BOOTING;
    return rc;
}

void image_show_last(const struct image *image, FILE *out)
{
    unsigned count = image->line_count < IMAGE_LAST_LINES ? image->line_count : IMAGE_LAST_LINES;
    for (unsigned i = image->line_count - count; i < image->line_count; i++)
        fprintf(out, "    %s: %s\n", image->system->name, image->last[i % IMAGE_LAST_LINES]);
}

/* --- commands ---------------------------------------------------------------------------------------------------- */

/* One connection to the reader for each command: its end is the end of the deck. A sender that comes while the reader is at
 * work is turned away by closing the connection with the card unread, which is seen as a reset; one that was served sees
 * the end of the file. So a command is neither lost nor given twice when the sender turned away tries again. */
static int send_card(const struct sockaddr_un *address, const char *card, size_t length)
{
    const struct timeval patience = { .tv_sec = 3 };
    char byte;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    bool served = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
                  connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
                  send(fd, card, length, MSG_NOSIGNAL) == (ssize_t)length && shutdown(fd, SHUT_WR) == 0 &&
                  read(fd, &byte, 1) == 0;
    int rc = served ? 0 : -errno;
    close(fd);
    return rc;
}

static int send_cards(const struct image *image, const char *reader, const char *cards, size_t length)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", image->folder, reader);
    int rc = send_card(&address, cards, length);
    for (int tries = 1; tries < COMMAND_TRIES && (rc == -ECONNRESET || rc == -EPIPE); tries++) {
        usleep(COMMAND_RETRY_US);
        rc = send_card(&address, cards, length);
    }
    return rc;
}

int image_command(const struct image *image, const char *command)
{
    char card[160];
    size_t length = (size_t)snprintf(card, sizeof card, "%s\n", command);
    int rc = length < sizeof card ? send_cards(image, "reader", card, length) : -EINVAL;
    if (rc < 0)
        tell_error("%s: cannot send it the command %s: %s", image->system->name, command, strerror(-rc));
    return rc;
}

int image_deck(const struct image *image, const char *path)
{
    char *cards = NULL, member[DEFINED_NAME_SIZE];
    size_t length = 0;
    const char *slash = strrchr(path, '/');
    FILE *deck = open_memstream(&cards, &length);
    int rc = deck ? add_member(deck, member_of(slash ? slash + 1 : path, member) ? member : "OBEY", path) : -errno;
    if (deck)
        fclose(deck);
    rc = rc ? rc : send_cards(image, "members", cards, length);
    free(cards);
    if (rc < 0)
        tell_error("%s: cannot load the deck %s: %s", image->system->name, path, strerror(-rc));
    return rc;
}
