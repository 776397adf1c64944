/* What PROFILE.TCPIP says, after parsing: the one description that vipa, sip and clp are configured from.
 *
 * profile_parse() reads text and fills a struct profile; it knows nothing of a running stack, so that SYNTAXCHECK and the
 * host tools use the same code. Errors are reported a message at a time through the callback, in the shape of the z/OS
 * messages (id, token, line, what was expected, what became of the statement); the rest of the profile is read on.
 * Addresses are in host byte order. */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/limits.h"

struct profile_link {               /* LINK, HOME */
    char name[17];
    char device[17];
    uint32_t address;               /* 0 = not in the HOME list */
    uint16_t devnum;                /* DEVICE name LCS devnum; 0 for VIRTUAL */
    bool is_virtual;
};

struct profile_route {              /* BEGINROUTES ... ROUTE dest/prefix = link MTU n | ROUTE DEFAULT gateway link MTU n */
    uint32_t destination, mask, gateway;
    uint8_t link;                   /* index in links */
    uint16_t mtu;
};

enum profile_moveable { MOVEABLE_IMMEDIATE, MOVEABLE_WHENIDLE };

struct profile_clusterports {       /* CLUSTERPORTS [BLOCKSIZE n] */
    bool on;
    uint16_t blocksize;             /* power of two, 1 .. BLOCKSIZE_MAX */
};

struct profile_dvipa {              /* VIPADEFINE or VIPABACKUP */
    uint32_t address, mask;         /* mask 0: VIPABACKUP without one */
    bool backup;
    uint8_t rank;                   /* VIPABACKUP: 1..254 */
    enum profile_moveable moveable;
    struct profile_clusterports clusterports;
    uint16_t line;
};

struct profile_distribute {         /* VIPADISTRIBUTE */
    uint32_t address;
    uint16_t ports[DIST_PORTS_MAX]; /* none: all ports that a server listens on */
    uint8_t port_count;
    bool dest_all;                  /* DESTIP ALL */
    uint32_t dests[SYSTEMS_MAX];    /* dynamic XCF addresses */
    uint8_t dest_count;
    struct profile_clusterports clusterports;
    uint16_t line;
};

struct profile_range {              /* VIPARANGE */
    uint32_t address, mask;
    struct profile_clusterports clusterports;
    uint16_t line;
};

struct profile_sourceipa {          /* SOURCEIPA ipaddr job [job ...], one record a job */
    uint32_t address;
    char job[NAME_LEN + 1];         /* job name or user id; a trailing '*' matches any rest */
    uint16_t line;
};

struct profile_portreserve {        /* PORT, PORTRANGE */
    uint16_t first, count;
    bool tcp;                       /* else UDP */
    char job[NAME_LEN + 1];         /* or RESERVED, AUTHPORT */
    uint16_t line;
};

struct profile {
    struct profile_link links[HOME_MAX];
    uint8_t link_count;
    struct profile_route routes[HOME_MAX];
    uint8_t route_count;
    bool sourcevipa;                /* IPCONFIG SOURCEVIPA */
    uint32_t dynamicxcf_address, dynamicxcf_mask;   /* IPCONFIG DYNAMICXCF; 0 = off */
    struct profile_dvipa dvipas[DVIPA_MAX];
    uint8_t dvipa_count;
    struct profile_distribute distributes[DVIPA_MAX];
    uint8_t distribute_count;
    struct profile_range ranges[VIPARANGE_MAX];
    uint8_t range_count;
    struct profile_sourceipa sourceipas[SOURCEIPA_MAX];
    uint16_t sourceipa_count;
    struct profile_portreserve ports[PORTRESERVE_MAX];
    uint16_t port_count;
    uint16_t ephemeral_low, ephemeral_high;         /* TCPCONFIG EPHEMERALPORTS */
    uint32_t timewait_s;                            /* TCPCONFIG TIMEWAITINTERVAL */
};

typedef void profile_message_fn(void *context, const char *message);

/* Parse length bytes of text (lines ended by \n) named source in messages. *profile is set to defaults first.
 * symbol: value of a system symbol such as SYSNAME (without & and period), NULL if unknown; may be NULL.
 * Result: number of error messages given. */
int profile_parse(struct profile *profile, const char *source, const char *text, uint32_t length,
                  const char *(*symbol)(void *context, const char *name), profile_message_fn *message, void *context);

#endif
