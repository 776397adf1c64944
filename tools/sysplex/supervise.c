#include "tools/sysplex/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tools/sysplex/exits.h"
#include "tools/sysplex/privilege.h"
#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

enum { IDLE_MS = 60000 };

static struct plex plex;        /* large */

/* --- in order ------------------------------------------------------------------------------------------------------- */

static int none_active(void *context)
{
    const struct plex *p = context;
    for (unsigned i = 0; i < p->image_count; i++)
        if (p->images[i].state == IMAGE_READY)
            return 0;
    return 1;
}

/* All systems at once: who goes first hands its addresses to those that are about to go, too. */
static void halt_systems(struct plex *p)
{
    static const struct command_listener nobody;
    for (unsigned i = 0; i < p->image_count; i++)
        if (p->images[i].state == IMAGE_READY)
            (void)image_command(&p->images[i], "Z EOD", "", PLEX_HALT_MS_MAX, &nobody);
    p->helper_ended = false;
    if (plex_wait(p, none_active, p, PLEX_HALT_MS_MAX) == -ETIMEDOUT)
        tell_error("not all systems have halted in %d s; they are ended", PLEX_HALT_MS_MAX / 1000);
}

/* --- the supervisor ------------------------------------------------------------------------------------------------- */

/* The pipe to `sysplex up` can be read only when that has ended without waiting. */
static void starter_gone(void *context, int fd, short events)
{
    struct plex *p = context;
    (void)events;
    loop_unwatch(&p->loop, fd);
    p->interrupted = SIGHUP;
}

static int to_log(struct plex *p)
{
    int log = open(rundir_file(&p->rundir, "supervisor.log"), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int rc = log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || chdir("/") < 0 ? -errno : 0;
    if (log >= 0)
        close(log);
    if (null >= 0)
        close(null);
    if (rc < 0)
        tell_error("cannot write supervisor.log: %s", strerror(-rc));
    else
        tell_init(stdout, false);
    return rc;
}

static int bring_up(struct plex *p, int starter)
{
    loop_watch(&p->loop, starter, POLLERR, starter_gone, p);
    int rc = plex_surround(p);
    rc = rc ? rc : plex_boot(p);
    loop_unwatch(&p->loop, starter);
    return rc;
}

static void serve(struct plex *p)
{
    while (!p->interrupted && !p->control.down_asked)
        if (loop_round(&p->loop, IDLE_MS) < 0)
            return;
    if (!p->interrupted && !p->control.force_asked)
        halt_systems(p);
}

static int supervisor(struct plex *p, int starter)
{
    (void)setsid();
    int rc = bring_up(p, starter);
    unsigned char code = rc == 0 ? EXIT_AS_EXPECTED : p->interrupted ? EXIT_INTERRUPTED : EXIT_NOT_RUN;
    if (rc == 0) {
        tell_step("%s is up: sysplex ready after %.2f s", p->rundir.name, (double)(p->booted_ms - p->began_ms) / 1000);
        if ((rc = to_log(p)) < 0)
            code = EXIT_NOT_RUN;
    } else if (p->rundir.lock >= 0)
        tell_step(p->interrupted ? "interrupted; everything is ended" : "everything is ended");
    if (rc < 0)
        plex_down(p);           /* before `up` ends */
    if (write(starter, &code, 1) != 1)
        rc = -EPIPE;
    close(starter);
    if (rc == 0)
        serve(p);
    plex_down(p);
    plex_close(p);
    return code;
}

/* --- sysplex up ----------------------------------------------------------------------------------------------------- */

static pid_t child;

static void pass_on(int signal_number)
{
    kill(child, signal_number);
}

int supervise(const struct plex_options *options)
{
    int report[2];
    plex_init(&plex, options);
    if (plex_prepare(&plex) < 0 || privilege_gain() < 0)
        return EXIT_NOT_RUN;
    if (!plex.options.name)
        plex.options.name = plex.definition.sysplex;
    if (pipe2(report, O_CLOEXEC) < 0 || (child = fork()) < 0) {
        tell_error("cannot start the supervisor: %s", strerror(errno));
        return EXIT_NOT_RUN;
    }
    if (child == 0) {
        close(report[0]);
        _exit(supervisor(&plex, report[1]));
    }
    close(report[1]);
    const struct sigaction pass = { .sa_handler = pass_on, .sa_flags = SA_RESTART };
    sigaction(SIGINT, &pass, NULL);
    sigaction(SIGTERM, &pass, NULL);
    sigaction(SIGHUP, &pass, NULL);
    unsigned char code;
    return read(report[0], &code, 1) == 1 ? code : EXIT_NOT_RUN;
}
