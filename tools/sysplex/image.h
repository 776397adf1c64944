/* One image: a Hercules process that has IPLed our control program, its folder, its console, its card readers.
 *
 *            image_start           EZAIN11I on the console          Z EOD: its disabled wait
 *   NONE ──────────────► BOOTING ─────────────────────────► READY ───────────────────────────────► HALTED
 *                           │                               ▲   │ image_stop            any other: WAITING
 *                           │               image_continue  │   ▼
 *                           └──► WAITING, DEAD              STOPPED             image_kill: KILLED, a process that ends: DEAD
 *
 * and image_ipl leads from each of them to BOOTING. Hercules' standard input stays open, its standard output is
 * its log and the guest's console (3215), operator commands to the guest go as cards to its reader 000C (command.h). */
#ifndef SYSPLEX_IMAGE_H
#define SYSPLEX_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "tools/sysplex/cards.h"
#include "tools/sysplex/command.h"
#include "tools/sysplex/definition.h"
#include "tools/sysplex/job.h"
#include "tools/sysplex/loop.h"
#include "tools/sysplex/network.h"
#include "tools/sysplex/rundir.h"
#include "tools/sysplex/segment.h"

enum { IMAGE_LINE_SIZE = 512, IMAGE_LAST_LINES = 12 };

enum image_state {
    IMAGE_NONE,
    IMAGE_BOOTING,
    IMAGE_READY,                /* in the sysplex, with a network */
    IMAGE_WAITING,              /* stopped itself: disabled wait */
    IMAGE_HALTED,               /* ended in order: Z EOD */
    IMAGE_STOPPED,              /* hangs on the user's order: its process is stopped */
    IMAGE_DEAD,                 /* its process has ended without being asked to */
    IMAGE_KILLED,               /* killed on the user's order */
};

struct image;

/* What all images of a Sysplex share. */
struct image_plan {
    const struct definition *definition;
    const struct rundir *rundir;
    const struct network *network;
    const struct segments *segments;        /* of the coupling facilities */
    const char *clusterports;   /* ON, OFF or 1 */
    struct loop *loop;
    void (*line)(void *context, struct image *image, const char *line);     /* its console shows this */
    void (*changed)(void *context, struct image *image);                    /* its state is another one */
    void (*died)(void *context, struct image *image);                       /* its process has */
    void *context;
};

struct image {
    const struct system_definition *system;
    const struct image_plan *plan;
    enum image_state state;
    pid_t pid;
    int input, output;          /* ends of Hercules' standard input and output here */
    int folder;                 /* descriptor of its folder, by which its sockets are reached however long the path is */
    FILE *console;              /* hardcopy log */
    bool plugged;               /* its TAP is on the bridge */
    bool wait_told;             /* a disabled wait, of which the next line gives the code */
    uint64_t started_ms, ready_ms;
    struct cards reader, members;   /* 000C and 002C */
    struct commands commands;
    struct job jobs[DEFINED_JOBS_MAX];      /* as in the definition, since its IPL */
    unsigned ipls;
    char line[IMAGE_LINE_SIZE]; /* console output without its end yet */
    size_t line_length;
    char last[IMAGE_LAST_LINES][IMAGE_LINE_SIZE];   /* ring of the last lines */
    unsigned line_count;
};

/* Make the image's folder with its files, and start Hercules. 0 or -errno, told. */
int image_start(struct image *image, const struct system_definition *system, const struct image_plan *plan);

/* Give an operator command, as commands_give(). 0 or -errno, told. */
int image_command(struct image *image, const char *command, const char *awaited, unsigned ms_max, const struct command_listener *listener);

/* Load a file into its reader 02C: members of its profile. member: the name it has there. 0 or -errno, told. */
int image_deck(struct image *image, const char *path, char member[DEFINED_NAME_SIZE]);

/* Its process has ended (collected by the caller). */
void image_ended(struct image *image);

/* End it at once. state: what it is from then on. It does not wait until the process is gone: its end is collected like any
 * other. image_reap() ends it and waits, and leaves the state as it is. */
void image_kill(struct image *image, enum image_state state);
void image_reap(struct image *image);

/* Let it hang, and go on: SIGSTOP, SIGCONT. 0 or -errno (-EINVAL: it is not ready, or does not hang). */
int image_stop(struct image *image);
int image_continue(struct image *image);

/* IPL it again, in a new emulator; one that lives is killed. 0 or -errno, told. */
int image_ipl(struct image *image);

/* Start a job of the definition on it. 0 or -errno, told. */
int image_start_job(struct image *image, const struct job_definition *job);

/* The jobs of the definition that have been started on it since its IPL, in one. connections: how many it is to open; may be NULL. */
struct job image_job(const struct image *image, uint64_t *connections);

/* Has its console shown the text since the hardcopy log was so long? */
long image_log_length(const struct image *image);
bool image_log_has(const struct image *image, long from, const char *text);

/* Show the last lines of its console. */
void image_show_last(const struct image *image, FILE *out);

void image_close(struct image *image);

const char *image_state_name(enum image_state state);

#endif
