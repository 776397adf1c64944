/* sysplex console: an operator's console of one system.
 *
 * On a terminal a line is edited with readline; what the system writes meanwhile appears above it, and the line is drawn
 * anew. Commands wait in a queue until the one before has been answered, so that what is typed ahead is kept; they are called
 * back also by the next console (file console.history of the run directory). Without a terminal each line of standard input
 * is a command, and the end comes when the last one has been answered.
 *
 * Signals are taken between poll() and poll(): however the console ends, the terminal is as it was. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "tools/sysplex/client.h"
#include "tools/sysplex/control.h"
#include "tools/sysplex/exits.h"
#include "tools/sysplex/subcommand.h"
#include "tools/sysplex/tell.h"

struct typed {
    struct typed *next;
    char text[];
};

enum { HISTORY_LINES = 500 };

static struct {
    struct client client;
    const char *system;
    char prompt[16];
    bool terminal, busy, leave;
    struct typed *first, **last;
    int code;                           /* of the last command */
} console;

static void send_next(void)
{
    struct typed *typed = console.first;
    if (console.busy || !typed)
        return;
    cJSON *request = client_request("command", "system", console.system);
    cJSON_AddStringToObject(request, "text", typed->text);
    console.busy = client_send(&console.client, request) == 0;
    console.leave = console.leave || !console.busy;
    console.first = typed->next;
    if (!console.first)
        console.last = &console.first;
    free(typed);
}

static void queue_command(const char *text)
{
    size_t length = strlen(text);
    struct typed *typed = text[strspn(text, " \t")] ? malloc(sizeof *typed + length + 1) : NULL;
    if (!typed)
        return;
    typed->next = NULL;
    memcpy(typed->text, text, length + 1);
    *console.last = typed;
    console.last = &typed->next;
    send_next();
}

/* --- the terminal --------------------------------------------------------------------------------------------------- */

/* The line that is being typed is wiped, and drawn anew below. */
static void show_line(const char *line)
{
    if (console.terminal)
        rl_clear_visible_line();
    puts(line);
    fflush(stdout);
    if (console.terminal) {
        rl_on_new_line();
        rl_redisplay();
    }
}

static void line_typed(char *line)
{
    if (!line) {
        console.leave = true;           /* Ctrl-D */
        rl_callback_handler_remove();   /* no prompt any more */
        return;
    }
    if (*line) {
        add_history(line);
        queue_command(line);
    }
    free(line);
}

/* SIGINT, SIGTERM, SIGHUP, SIGWINCH and SIGCONT are blocked but while there is nothing to do; one of each may have come. */
static volatile sig_atomic_t came[NSIG];

static void note_signal(int number)
{
    came[number] = 1;
}

static bool taken(int number)
{
    bool is = came[number];
    came[number] = 0;
    return is;
}

static void watch_signals(sigset_t *while_waiting)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT };
    const struct sigaction action = { .sa_handler = note_signal };
    sigset_t blocked;
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&blocked, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, while_waiting);
}

/* Ctrl-C: another line is begun, as in a shell. */
static void abandon_line(void)
{
    rl_free_line_state();
    rl_callback_sigcleanup();
    rl_replace_line("", 0);
    puts("^C");
    rl_on_new_line();
    rl_redisplay();
}

static void take_signals(void)
{
    if (taken(SIGINT))
        abandon_line();
    if (taken(SIGTERM) || taken(SIGHUP))
        console.leave = true;
    if (taken(SIGWINCH))
        rl_resize_terminal();
    if (taken(SIGCONT)) {               /* the shell has used the terminal meanwhile */
        rl_prep_terminal(1);
        rl_forced_update_display();
    }
}

/* --- the other side ------------------------------------------------------------------------------------------------- */

static void take_packet(void)
{
    cJSON *packet = client_receive(&console.client);
    if (!packet) {
        show_line("The Sysplex has ended.");
        console.leave = true;
        console.code = EXIT_NOT_RUN;
        return;
    }
    const char *line = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packet, "line"));
    const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packet, "error"));
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(packet, "end");
    if (line)
        show_line(line);
    if (error)
        show_line(error);
    if (cJSON_IsNumber(end)) {
        console.code = end->valueint == CONTROL_DONE ? EXIT_AS_EXPECTED : end->valueint == CONTROL_REFUSED ? EXIT_NOT_AS_EXPECTED : EXIT_NOT_RUN;
        console.busy = false;
        send_next();
    }
    cJSON_Delete(packet);
}

/* --- without a terminal --------------------------------------------------------------------------------------------- */

/* What has been read already may hold more lines than poll() knows of: all there are, are taken. */
static void read_input(void)
{
    static char line[4096];
    static size_t length;
    ssize_t got = read(STDIN_FILENO, line + length, sizeof line - 1 - length);
    if (got <= 0) {
        line[length] = '\0';
        queue_command(line);
        console.leave = true;
        return;
    }
    length += (size_t)got;
    for (char *end; (end = memchr(line, '\n', length)) || length == sizeof line - 1;) {
        size_t taken = end ? (size_t)(end - line) + 1 : length;
        line[end ? taken - 1 : taken] = '\0';
        queue_command(line);
        memmove(line, line + taken, length - taken);
        length -= taken;
    }
}

/* --- both ----------------------------------------------------------------------------------------------------------- */

static bool goes_on(void)
{
    return !console.leave || (!console.terminal && (console.busy || console.first) && console.code != EXIT_NOT_RUN);
}

static void talk(const sigset_t *while_waiting)
{
    while (goes_on()) {
        struct pollfd fds[] = { { .fd = console.client.fd, .events = POLLIN }, { .fd = console.leave ? -1 : STDIN_FILENO, .events = POLLIN } };
        int ready = ppoll(fds, 2, NULL, while_waiting);
        if (ready < 0 && errno != EINTR)
            return;
        if (console.terminal)
            take_signals();
        if (ready > 0 && fds[0].revents)
            take_packet();
        if (ready > 0 && fds[1].revents && !console.leave) {
            if (console.terminal)
                rl_callback_read_char();
            else
                read_input();
        }
    }
}

static void talk_on_terminal(void)
{
    const char *history = rundir_file(&console.client.rundir, "console.history");
    sigset_t while_waiting;
    snprintf(console.prompt, sizeof console.prompt, "%s> ", console.system);
    rl_readline_name = "sysplex";
    rl_catch_signals = rl_catch_sigwinch = 0;
    rl_bind_key('\t', rl_insert);       /* names of files mean nothing to a system */
    using_history();
    stifle_history(HISTORY_LINES);
    (void)read_history(history);        /* the first console has none */
    watch_signals(&while_waiting);      /* before the terminal is another one */
    rl_callback_handler_install(console.prompt, line_typed);
    talk(&while_waiting);
    rl_callback_handler_remove();
    putchar('\n');
    if (write_history(rundir_file(&console.client.rundir, "console.history")) != 0)
        tell_error("console.history: %s; the commands are not kept", strerror(errno));
}

int subcommand_console(int argc, char **argv)
{
    struct words w = { .min = 1, .max = 1 };
    words_parse(&w, argc, argv, "", "SYSTEM",
                "Be the operator of a system: type commands, see all that it writes. Ctrl-D leaves; the system goes on.\v"
                "Lines can be edited and called back as in a shell, Ctrl-C begins another one; HELP lists the commands. Without a terminal "
                "each line of standard input is a command.\n\nExit code: of the last command, 0 answered, 1 refused, 2 not done; 2 without a console, 64 wrong usage.\n\n"
                "Examples:\n  sysplex console MVS2\n  echo D A,L | sysplex console MVS2\n\n"
                "Files:\n  console.history of the run directory  the last 500 commands");
    console.last = &console.first;
    console.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (client_open(&console.client, w.name) < 0)
        return EXIT_NOT_RUN;
    char name[16];
    snprintf(name, sizeof name, "%.8s", w.word[0]);
    for (char *c = name; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    console.system = name;
    if (client_send(&console.client, client_request("console", "system", console.system)) < 0)
        return EXIT_NOT_RUN;
    console.busy = true;
    cJSON *packet;
    int code = -1;
    while (code < 0 && (packet = client_receive(&console.client))) {
        const char *line = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packet, "line"));
        if (line && console.terminal)
            puts(line);                 /* what it wrote last */
        code = client_end(packet);
        cJSON_Delete(packet);
    }
    console.busy = false;
    if (code == EXIT_AS_EXPECTED) {
        if (console.terminal)
            talk_on_terminal();
        else
            talk(NULL);
        code = console.terminal ? EXIT_AS_EXPECTED : console.code;
    }
    client_close(&console.client);
    return code < 0 ? EXIT_NOT_RUN : code;
}
