/* Attribution: which job had an address and port at what time, and where it was connected to. With the log of the ports
 * that come to a stack and leave it (clp_log.h) it answers, for each stack, who was behind what a server has in its log.
 *
 * A use is written when it ends, when the port goes back; what goes on is known to who holds it (hold.h). The log is a ring in
 * memory: the newest PORT_LOG_USES uses. */
#ifndef STACK_PORT_LOG_H
#define STACK_PORT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/limits.h"

#define PORT_LOG_USES 16384u                /* 640 KiB: a few seconds of connections as fast as they go, hours of usual ones */

struct port_use {
    uint64_t since_us, until_us;            /* until_us 0: it goes on */
    uint32_t address, destination;          /* destination 0: bound, not connected */
    uint16_t port, dport;
    char job[NAME_LEN];                     /* ends with a 0 if it is shorter */
};

struct port_log {
    uint64_t written;                       /* uses ever; use n stands at n % PORT_LOG_USES */
    struct port_use uses[PORT_LOG_USES];
};

typedef void port_use_fn(void *argument, const struct port_use *use);

/* A use that begins now. job: 1 to 8 characters. */
struct port_use port_use_begin(const char *job, uint64_t now_us);

/* The use has ended. */
void port_log_write(struct port_log *log, const struct port_use *use, uint64_t now_us);

/* Is it a use of this address (0: of any) and port (0: any)? An address of INADDR_ANY is all addresses. time_us: that went on
 * then; 0: at any time. */
bool port_use_matches(const struct port_use *use, uint32_t address, uint16_t port, uint64_t time_us);

/* The uses that match, the newest `most` of them, oldest first. Result: how many match. */
uint32_t port_log_find(const struct port_log *log, uint32_t address, uint16_t port, uint64_t time_us, uint32_t most,
                       port_use_fn *use, void *argument);

/* Since when the log is complete: 0 = since IPL. */
uint64_t port_log_reaches_us(const struct port_log *log);

#endif
