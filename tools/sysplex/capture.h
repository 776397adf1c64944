/* The capture of everything that passes the server's interface: a process of its own with a large kernel buffer. */
#ifndef SYSPLEX_CAPTURE_H
#define SYSPLEX_CAPTURE_H

#include <stdint.h>
#include <sys/types.h>

#include "tools/sysplex/network.h"

struct capture {
    pid_t pid;                  /* 0: not running */
    int report;                 /* descriptor its report comes on */
};

struct capture_counts {
    uint64_t packets;           /* written to the file */
    uint64_t dropped;           /* seen by the kernel, not written */
};

/* Start, and wait until packets are caught. 0 or -errno, told. */
int capture_start(struct capture *c, const struct network *n, const char *file);

/* Write what the kernel holds, end. 0 or -errno, told. */
int capture_stop(struct capture *c, struct capture_counts *counts);

/* End at once; the file may lack its end. */
void capture_kill(struct capture *c);

#endif
