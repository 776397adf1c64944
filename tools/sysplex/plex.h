/* A Sysplex that lives in this process: everything around the images (run directory, coupling facility, network
 * namespaces, outside server, capture) and the images themselves, from plex_up() to plex_down(). It is the same for a
 * Sysplex that is up in the background and for one that lives for a run.
 *
 * One thread, one loop (loop.h). Signals are taken from a descriptor, so nothing happens between two lines of code. A first
 * Ctrl-C ends the step in work and then the Sysplex; from then on a second one kills this process, and the kernel kills
 * the rest: every process has been told to die with this one, and nothing else has a name that outlives it but the
 * segments of the coupling facility, which the next Sysplex or `sysplex clean` removes. */
#ifndef SYSPLEX_PLEX_H
#define SYSPLEX_PLEX_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/sysplex/capture.h"
#include "tools/sysplex/control.h"
#include "tools/sysplex/definition.h"
#include "tools/sysplex/events.h"
#include "tools/sysplex/image.h"
#include "tools/sysplex/links.h"
#include "tools/sysplex/loop.h"
#include "tools/sysplex/network.h"
#include "tools/sysplex/rundir.h"
#include "tools/sysplex/segment.h"
#include "tools/sysplex/statistics.h"
#include "tools/tuplecheck/roster.h"

enum {
    PLEX_BOOT_MS_MAX = 20000,       /* an image is ready within 3 s; a machine may be slow or busy */
    PLEX_BOOT_MS_MORE = 2000,       /* for each image more: they share the processors */
    PLEX_HALT_MS_MAX = 10000,       /* Z EOD, until the disabled wait */
};

struct plex_options {
    const char *name;               /* among the Sysplexes of this machine; NULL: as the definition says */
    const char *config;
    const char *images;             /* names, or NULL: all */
    const char *clusterports;       /* "ON", "OFF", "1" */
    bool keep;                      /* never remove the run directory */
    bool capture;                   /* from the beginning */
};

struct plex {
    struct plex_options options;
    struct loop loop;
    struct definition definition;
    struct rundir rundir;
    struct network network;
    struct segments segments;
    struct links links;             /* of systems that are as on another machine */
    pid_t server;
    struct capture capture;
    unsigned captures;              /* begun so far */
    struct image images[DEFINED_SYSTEMS_MAX];
    unsigned image_count;
    struct image_plan plan;
    struct events events;
    struct statistics statistics;
    struct control control;
    struct roster roster;           /* the systems, when their lives ended and the next ones began: for tuplecheck */
    FILE *operlog;                  /* the hardcopy logs of all systems in one */
    int signals;                    /* descriptor that delivers them */
    int interrupted;                /* by this signal */
    bool helper_ended;              /* the server, the capture or a link, which nobody asked to */
    uint64_t began_ms, booted_ms;
};

/* Nothing yet: plex_down() is right from here on. */
void plex_init(struct plex *p, const struct plex_options *options);

/* Read the definition, look at what is missing on this machine. 0 or -errno, told; nothing has been started. */
int plex_prepare(struct plex *p);

/* Run directory, coupling facility, network, server, capture. 0 or -errno, told. */
int plex_surround(struct plex *p);

/* Start the images and wait until all are ready. 0 or -errno, told. */
int plex_boot(struct plex *p);

/* End the emulators at once; the images keep the states that they have. */
void plex_end_images(struct plex *p);

/* End everything at once; right at any point. */
void plex_down(struct plex *p);

/* After that, when all that the run directory is to hold is in it: nothing of the Sysplex lives any more, and whoever asked
 * for that is told. */
void plex_close(struct plex *p);

/* Take events until done(context) says 1; 0 then. Or its negative result, -EINTR on a signal, -ECHILD if a helper has ended,
 * -ETIMEDOUT after ms_max. */
int plex_wait(struct plex *p, int (*done)(void *context), void *context, uint64_t ms_max);

/* The image of this name in any case, or NULL. */
struct image *plex_image(struct plex *p, const char *name);

/* Begin a capture: capture.pcap, then capture-2.pcap and so on. End it; who sends in it is then in capture.images. 0 or -errno, told. */
int plex_capture_start(struct plex *p);
int plex_capture_stop(struct plex *p, struct capture_counts *counts);

/* Path of the newest capture, "pcap", or of its "images"; valid until the next rundir_file(). */
const char *plex_capture_file(const struct plex *p, const char *kind);

/* Tell why an image is of no use, with its last lines. */
void plex_image_trouble(const struct image *image);

#endif
