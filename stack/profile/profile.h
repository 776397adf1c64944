/* What PROFILE.TCPIP says, after parsing: the one description that vipa, sip and clp are configured from.
 *
 * profile_parse() reads text and fills a struct profile; it knows nothing of a running stack, so that SYNTAXCHECK and the
 * host tools use the same code. Errors are reported a message at a time through the callback, in the shape of the z/OS
 * messages (id, token, line, what was expected, what became of the statement); the rest of the profile is read on.
 * Addresses are in host byte order.
 *
 * Where the patent and z/OS leave a choice, this is what was chosen:
 * - CLUSTERPORTS is legal on VIPADEFINE, VIPABACKUP, VIPADISTRIBUTE and VIPARANGE as in the patent; SYSPLEXPORTS is the
 *   product's word for it. profile_clusterports() tells what holds for an address.
 * - VIPADEFINE without a mask, as in the patent's example, takes the mask of the network class of its first address.
 * - A comma separates words like a blank: the patent writes DESTIP XCF1, XCF2, XCF4.
 * - VIPADISTRIBUTE of an address that this profile does not define is accepted; it comes into effect when this stack
 *   gets the address. The patent's MVS5 distributes DVA1 in this way, as the backup of MVS1.
 * - SOURCEIPA may stand inside the VIPADYNAMIC block or outside; whether its address is usable is known only when a job
 *   connects, since a target stack learns its DVIPAs from others (cases (a) to (d) of the patent; sip decides).
 * - INCLUDE is refused: a profile is one deck of cards. */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/limits.h"

struct profile_device {             /* DEVICE name LCS devnum | DEVICE name VIRTUAL n, START name */
    char name[17];
    uint16_t devnum;                /* 0 for VIRTUAL */
    bool is_virtual;
    bool started;
    uint16_t line;
};

struct profile_link {               /* LINK, HOME */
    char name[17];
    char device[17];
    uint32_t address;               /* 0 = not in the HOME list */
    uint16_t devnum;                /* DEVICE name LCS devnum; 0 for VIRTUAL */
    bool is_virtual;
    bool started;                   /* START of its device; a VIRTUAL one is always up */
    uint8_t adapter;                /* port of the LCS */
    uint16_t line, home_line;
};

struct profile_route {              /* BEGINROUTES ... ROUTE dest/prefix = link MTU n | ROUTE DEFAULT gateway link MTU n */
    uint32_t destination, mask, gateway;
    uint8_t link;                   /* index in links */
    uint16_t mtu;
    uint16_t line;
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
    bool range;                     /* said by PORTRANGE */
    char job[NAME_LEN + 1];         /* or RESERVED, AUTHPORT */
    uint16_t line;
};

struct profile {
    struct profile_device devices[HOME_MAX];
    uint8_t device_count;
    struct profile_link links[HOME_MAX];
    uint8_t link_count;
    uint8_t home[HOME_MAX];         /* the HOME list in its order: indexes in links */
    uint8_t home_count;
    struct profile_route routes[HOME_MAX];
    uint8_t route_count;
    bool sourcevipa;                /* IPCONFIG SOURCEVIPA */
    uint32_t dynamicxcf_address, dynamicxcf_mask;   /* IPCONFIG DYNAMICXCF; 0 = off */
    uint8_t dynamicxcf_metric;                      /* 0 .. 14 */
    uint16_t dynamicxcf_line;
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

/* Parse length bytes of text (lines ended by \n, at most PROFILE_TEXT_MAX) named source in messages. *profile is set to
 * defaults first. symbol: value of a system symbol such as SYSNAME (upper case, without & and period), NULL if unknown;
 * may be NULL. Names have at most 16 characters. The value may be empty or several words; symbols within it stay as they are. message: gets the errors,
 * and EZZ0309I and EZZ0316I around them. Result: number of error messages given. */
int profile_parse(struct profile *profile, const char *source, const char *text, uint32_t length,
                  const char *(*symbol)(void *context, const char *name), profile_message_fn *message, void *context);

/* The cluster-wide port assignment of an address: what VIPADEFINE or VIPABACKUP says, else VIPADISTRIBUTE, else the most
 * specific VIPARANGE that holds it. off if none says CLUSTERPORTS. */
struct profile_clusterports profile_clusterports(const struct profile *profile, uint32_t address);

/* The subnet mask of link (index in links): that of the most specific direct route over it that holds its address, else
 * the mask of the address's network class. */
uint32_t profile_link_mask(const struct profile *profile, unsigned link);

/* Mask of the network class of an address: 255.0.0.0, 255.255.0.0 or 255.255.255.0. */
uint32_t profile_class_mask(uint32_t address);

/* Reports in the shape of NETSTAT, header and trailer included, a line at a time. They tell what the profile says, not what
 * is active. profile_display() is NETSTAT VIPADCFG. */
void profile_display(const struct profile *profile, profile_message_fn *line, void *context);
void profile_display_home(const struct profile *profile, profile_message_fn *line, void *context);
void profile_display_srcip(const struct profile *profile, profile_message_fn *line, void *context);
void profile_display_portlist(const struct profile *profile, profile_message_fn *line, void *context);

#endif
