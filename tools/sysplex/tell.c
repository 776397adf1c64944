/* The live line is wiped before anything else is said. */
#include "tools/sysplex/tell.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct {
    FILE *out;
    bool verbose, terminal, live;
} state;

void tell_init(FILE *out, bool verbose)
{
    state.out = out;
    state.verbose = verbose;
    state.terminal = isatty(fileno(out));
}

bool tell_is_terminal(void)
{
    return state.terminal;
}

static void wipe(void)
{
    if (state.live)
        fputs("\r\033[K", state.out);
    state.live = false;
    fflush(state.out);
}

static void say(FILE *out, const char *before, const char *format, va_list arguments, const char *after)
{
    wipe();
    fputs(before, out);
    vfprintf(out, format, arguments);
    fputs(after, out);
    fflush(out);
}

void tell_step(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(state.out, "", format, arguments, "\n");
    va_end(arguments);
}

void tell_detail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (state.verbose)
        say(state.out, "  ", format, arguments, "\n");
    va_end(arguments);
}

/* A line longer than the terminal is wide would wrap, and could not be rewritten: it is cut. */
void tell_live(const char *format, ...)
{
    char text[512];
    struct winsize size;
    int width = (int)sizeof text;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (state.terminal && ioctl(fileno(state.out), TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
        width = size.ws_col - 1;
    wipe();
    fprintf(state.out, "%.*s%s", width, text, state.terminal ? "" : "\n");
    fflush(state.out);
    state.live = state.terminal;
}

void tell_error(const char *format, ...)
{
    va_list arguments;
    char before[40];
    snprintf(before, sizeof before, "%.30s: ", program_invocation_short_name);
    va_start(arguments, format);
    say(stderr, before, format, arguments, "\n");
    va_end(arguments);
}
