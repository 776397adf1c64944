/* The network of a Sysplex: two network namespaces without names, held by descriptors alone, so that nothing is left of
 * them when the tool ends, however it ends.
 *
 *     lan: the images' segment                              server: the outside world
 *     ┌───────────────────────────────────────┐            ┌──────────────────────────┐
 *     │ tap0 (MVS1)  tap1 (MVS2)  tap2 (MVS3) │            │ eth0  10.1.0.100/16      │
 *     │     └────────── br0 ──────────┘──srv0─┼────veth────┤                          │
 *     └───────────────────────────────────────┘            └──────────────────────────┘
 */
#ifndef SYSPLEX_NETWORK_H
#define SYSPLEX_NETWORK_H

#include "tools/sysplex/definition.h"

struct network {
    int lan, server;            /* descriptors of the namespaces, -1: none */
};

/* Functions return 0 or -errno; what failed is told (tell.h). */
int network_open(struct network *n, const struct definition *d);
int network_plug(const struct network *n, const char *tap);     /* put an image's TAP device on the bridge */
void network_close(struct network *n);

/* Enter a namespace with this process; returns a descriptor to go back with by the same call, or -errno. */
int network_enter(int network);

#endif
