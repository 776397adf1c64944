/* One image: a Hercules process that has IPLed our control program, its folder, its console.
 *
 * Hercules' standard input takes its own commands, its standard output is its log and the guest's console (3215), operator
 * commands to the guest go as cards through a Unix socket to its reader 000C. */
#ifndef SYSPLEX_IMAGE_H
#define SYSPLEX_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "tools/sysplex/definition.h"
#include "tools/sysplex/job.h"
#include "tools/sysplex/network.h"
#include "tools/sysplex/rundir.h"
#include "tools/sysplex/segment.h"

enum { IMAGE_LINE_SIZE = 512, IMAGE_LAST_LINES = 12 };

enum image_state {
    IMAGE_NONE,
    IMAGE_BOOTING,
    IMAGE_READY,                /* in the sysplex, with a network */
    IMAGE_WAITING,              /* stopped itself: disabled wait */
    IMAGE_STOPPED,              /* hangs on the user's order: its process is stopped */
    IMAGE_DEAD,                 /* its process has ended without being asked to */
    IMAGE_KILLED,               /* killed on the user's order */
};

struct image {
    const struct system_definition *system;
    const char *job_name;
    enum image_state state;
    pid_t pid;
    int input, output;          /* ends of Hercules' standard input and output here */
    int folder;                 /* descriptor of its folder, by which its socket is reached however long the path is */
    FILE *console;              /* hardcopy log */
    bool plugged;
    uint64_t started_ms, ready_ms;
    struct job job;
    const char *awaited;        /* text that somebody waits for on its console; NULL when it has come */
    char line[IMAGE_LINE_SIZE]; /* console output without its end yet */
    size_t line_length;
    char last[IMAGE_LAST_LINES][IMAGE_LINE_SIZE];   /* ring of the last lines */
    unsigned line_count;
};

struct image_plan {
    const struct definition *definition;
    const struct rundir *rundir;
    const struct network *network;
    const struct segments *segments;        /* of the coupling facilities */
    const char *clusterports;   /* ON, OFF or 1 */
};

/* Make the image's folder with its files, and start Hercules. 0 or -errno, told. */
int image_start(struct image *image, const struct system_definition *system, const struct image_plan *plan);

/* Its output can be read: take it in, act on what it says. 0; or -errno, told: something could not be done. */
int image_read(struct image *image, const struct image_plan *plan);

/* Send one operator command. 0 or -errno, told. */
int image_command(const struct image *image, const char *command);

/* Load a file into its reader 02C: members of its profile. 0 or -errno, told. */
int image_deck(const struct image *image, const char *path);

/* Its process has ended (collected by the caller). */
void image_ended(struct image *image);

/* End it at once. state: what it is from then on. */
void image_kill(struct image *image, enum image_state state);

/* Let it hang, and go on: SIGSTOP, SIGCONT. 0 or -errno (-EINVAL: it is not ready, or does not hang). */
int image_stop(struct image *image);
int image_continue(struct image *image);

/* IPL it again: within its emulator if that lives, else in a new one. IMAGE_BOOTING from then on. 0 or -errno, told. */
int image_ipl(struct image *image, const struct image_plan *plan);

/* Show the last lines of its console. */
void image_show_last(const struct image *image, FILE *out);

void image_close(struct image *image);

const char *image_state_name(enum image_state state);

#endif
