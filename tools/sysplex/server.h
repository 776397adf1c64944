/* The outside server: nginx, in the server's namespace, with a configuration of its own. */
#ifndef SYSPLEX_SERVER_H
#define SYSPLEX_SERVER_H

#include <sys/types.h>

#include "tools/sysplex/definition.h"
#include "tools/sysplex/network.h"
#include "tools/sysplex/rundir.h"

/* Start it and wait until it accepts connections. Its pid, or -errno, told. */
pid_t server_start(const struct definition *d, const struct rundir *r, const struct network *n);

#endif
