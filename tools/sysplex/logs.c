/* sysplex logs: the hardcopy log of a system, or that of all in one. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "tools/sysplex/exits.h"
#include "tools/sysplex/rundir.h"
#include "tools/sysplex/subcommand.h"
#include "tools/sysplex/tell.h"

/* All there is now. */
static bool copy(int from)
{
    char block[8192];
    ssize_t got;
    while ((got = read(from, block, sizeof block)) > 0)
        if (write(STDOUT_FILENO, block, (size_t)got) != got)
            return false;
    return got == 0;
}

static int follow(int log, const char *path)
{
    char events[4096];
    int watch = inotify_init1(IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, path, IN_MODIFY) < 0) {
        tell_error("cannot follow %s: %s", path, strerror(errno));
        return EXIT_NOT_RUN;
    }
    while (copy(log) && read(watch, events, sizeof events) > 0)
        ;
    close(watch);
    return EXIT_AS_EXPECTED;
}

int subcommand_logs(int argc, char **argv)
{
    struct words w = { .max = 1 };
    struct rundir r = { .lock = -1 };
    char path[PATH_MAX], system[9] = "";
    words_parse(&w, argc, argv, "F", "[SYSTEM]",
                "Show the hardcopy log of a system that is up: all it wrote on its console, with the time. Without SYSTEM, that of all in one.\v"
                "Of a Sysplex that has ended they lie in its run directory: MVS1.console, operlog.\n\nExit code: 0 shown, 2 it is not there, 64 wrong usage.\n\n"
                "Example:\n  sysplex logs --follow MVS2");
    if (rundir_find_build(&r) < 0 || rundir_find(&r, w.name) < 0)
        return EXIT_NOT_RUN;
    if (w.count)
        for (size_t i = 0; i < sizeof system - 1 && w.word[0][i]; i++)
            system[i] = (char)(w.word[0][i] >= 'a' && w.word[0][i] <= 'z' ? w.word[0][i] - 'a' + 'A' : w.word[0][i]);
    snprintf(path, sizeof path, w.count ? "%s/%s.console" : "%s/operlog%.0s", r.path, system);
    int log = w.count && strchr(w.word[0], '/') ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (log < 0) {
        tell_error("%s: expected a system of %s", w.count ? w.word[0] : path, r.name);
        return EXIT_NOT_RUN;
    }
    int code = w.follow ? follow(log, path) : copy(log) ? EXIT_AS_EXPECTED : EXIT_NOT_RUN;
    close(log);
    return code;
}
