/* `sysplex up`: a Sysplex in the background.
 *
 *   sysplex up ──fork──► supervisor (own session): boots, telling on the terminal; ready
 *        │  ◄── exit code ──┘ over a pipe         └──► log in supervisor.log, serves requests until `sysplex down`
 *        └──► ends with it
 *
 * Interrupted before it is ready, `up` has the supervisor take everything down. */
#ifndef SYSPLEX_SUPERVISE_H
#define SYSPLEX_SUPERVISE_H

#include "tools/sysplex/plex.h"

/* Boot and leave it in the background. Exit code: EXIT_AS_EXPECTED when all systems are ready. */
int supervise(const struct plex_options *options);

#endif
