/* Systems that reach the coupling facilities over a link, as if they were on another machine (LINK in the definition): for each of
 * them and each facility a cfd, on the loopback interface of the namespace that the emulators are in, by TLS. */
#ifndef SYSPLEX_LINKS_H
#define SYSPLEX_LINKS_H

#include <sys/types.h>

#include "tools/sysplex/definition.h"
#include "tools/sysplex/network.h"
#include "tools/sysplex/rundir.h"
#include "tools/sysplex/segment.h"

enum { LINK_PLACE_SIZE = 64 };

struct links {
    pid_t pids[DEFINED_SYSTEMS_MAX * DEFINED_CFS_MAX];      /* 0: it has ended */
    unsigned count;
};

/* Start them, and wait until each serves. Nothing happens if no system has a link. 0 or -errno, told. */
int links_open(struct links *links, const struct definition *d, const struct segments *s, const struct rundir *r, const struct network *n);

/* A child of ours has ended: was it one of them? Collects it. */
bool links_collect(struct links *links);

void links_close(struct links *links);

/* What stands behind the name of facility number cf in the device statement of a system: "" or "@host:port,psk=FILE", as seen from
 * its folder. */
void link_place(const struct system_definition *system, unsigned cf, char place[LINK_PLACE_SIZE]);

#endif
