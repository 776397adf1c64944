/* terminal COMMAND ARGUMENT...: runs a command on a terminal (a pty) and does with it what standard input says, line by line:
 *
 *   see TEXT      wait until the command has written TEXT, after what was seen before
 *   type TEXT     type it; the line may hold control characters
 *   run COMMAND   run another command meanwhile, of a shell; it must succeed
 *   signal N      send the command a signal
 *   end CODE      wait until it ends with this exit code; its terminal must be as it was before
 *
 * Exit code: 0 all went so; 1 it did not: what was waited for, and what came, is on standard error. */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

enum { WAIT_MS = 60000 };           /* for what must come; a loaded machine is slow */

static int master, slave;
static pid_t child;
static char output[1 << 20];
static size_t length, seen;
static struct termios before;

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "terminal: %s: %s\nwhat came after the last thing seen:\n%s\n", what, text, output + seen);
    kill(child, SIGKILL);
    exit(1);
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* false: nothing more came in time. */
static bool more(long until_ms)
{
    struct pollfd ready = {.fd = master, .events = POLLIN};
    long left = until_ms - now_ms();
    if (left <= 0 || length == sizeof output - 1 || poll(&ready, 1, (int)left) <= 0)
        return false;
    ssize_t got = read(master, output + length, sizeof output - 1 - length);
    for (ssize_t i = 0; i < got; i++)
        if (output[length + (size_t)i] == 0)
            output[length + (size_t)i] = '?';
    length += got > 0 ? (size_t)got : 0;
    output[length] = 0;
    return got > 0 || errno == EINTR;
}

static void see(const char *text)
{
    long until = now_ms() + WAIT_MS;
    char *at;
    while (!(at = strstr(output + seen, text)))
        if (!more(until))
            fail("this did not come", text);
    seen = (size_t)(at - output) + strlen(text);
}

static void type(const char *text)
{
    for (size_t done = 0, all = strlen(text); done < all;) {
        ssize_t wrote = write(master, text + done, all - done);
        if (wrote < 0)
            fail("cannot type", strerror(errno));
        done += (size_t)wrote;
    }
}

static void end(const char *code)
{
    long until = now_ms() + WAIT_MS;
    int status;
    pid_t ended;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0)
        if (!more(now_ms() + 50) && now_ms() > until)
            fail("it did not end", code);
    if (ended != child || !WIFEXITED(status) || WEXITSTATUS(status) != atoi(code))
        fail("it did not end with this exit code", code);
    struct termios after;
    if (tcgetattr(slave, &after) != 0 || after.c_lflag != before.c_lflag || after.c_iflag != before.c_iflag)
        fail("it left the terminal in another mode", "echo or line mode");
}

static void act(const char *line)
{
    const char *text = strchr(line, ' ');
    text = text ? text + 1 : "";
    if (strncmp(line, "see ", 4) == 0)
        see(text);
    else if (strncmp(line, "type ", 5) == 0)
        type(text);
    else if (strncmp(line, "signal ", 7) == 0)
        kill(child, atoi(text));
    else if (strncmp(line, "end ", 4) == 0)
        end(text);
    else if (strncmp(line, "run ", 4) != 0 || system(text) != 0)
        fail("cannot be done", line);
}

int main(int argc, char **argv)
{
    const struct winsize size = {.ws_row = 40, .ws_col = 132};
    char line[4096];
    if (argc < 2 || openpty(&master, &slave, NULL, NULL, &size) != 0 || tcgetattr(slave, &before) != 0 || (child = fork()) < 0) {
        fprintf(stderr, "terminal: expected COMMAND ARGUMENT..., and a pty: %s\n", strerror(errno));
        return 1;
    }
    if (child == 0) {
        close(master);
        setenv("TERM", "xterm", 1);
        if (login_tty(slave) == 0)
            execvp(argv[1], &argv[1]);
        _exit(127);
    }
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0])
            act(line);
    }
    return 0;
}
