/* What PROFILE.TCPIP says, after parsing: the one description that vipa, sip and clp are configured from.
 *
 *   profile_load()          PROFILE.TCPIP at start ──────────► struct profile ──┐
 *   profile_obey()          VARY TCPIP,,OBEYFILE ─────────────► the same, after ─┴─ profile_compare() ──► what vipa, clp and
 *   profile_syntaxcheck()   VARY TCPIP,,SYNTAXCHECK ──────────► messages only                             sip must do
 *
 * The parser knows nothing of a running stack, so that the image, host tools and tests use the same code. Errors are
 * reported a message at a time through the callback, in the shape of the z/OS messages (id, token, line, what was expected,
 * what became of the statement); the rest of the profile is read on. Addresses are in host byte order.
 *
 * A change of a running profile is read like a profile, by the same handlers, on top of what is there. What a statement
 * means when it comes again:
 *   VIPADEFINE, VIPABACKUP    ignored if nothing is new; CLUSTERPORTS where there was none is added to the live address;
 *                             anything else is refused, VIPADELETE must come first
 *   VIPADISTRIBUTE            the same port list: targets are added, CLUSTERPORTS is added live; DELETE takes ports or targets away
 *   VIPARANGE                 the same range: CLUSTERPORTS is added live; DELETE leaves active addresses alone
 *   SOURCEIPA                 a job gets another address; SOURCEIPA DELETE job ... ends it
 *   SRCIP, BEGINROUTES        the new block stands in the place of the old one
 *   PORT, PORTRANGE           add; DELETE PORT or DELETE PORTRANGE takes away
 *   DEVICE, LINK, HOME, START add
 *   DYNAMICXCF                cannot be changed
 *   other options             the last one holds
 * The product refuses SYSPLEXPORTS on a DVIPA that is distributed already; the patent adds it live and counts the
 * connections that share a port. This is what is done, and a message says so.
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
 * - Statements and options that cannot mean anything here (AUTOLOG, ARPTO, OPTLOCAL, SAF and many more: profile_passed.c)
 *   are taken with a message that they have no effect. INTERFACE and GATEWAY, whose effect would be missed, are errors.
 * - Without a workload manager DISTMETHOD BASEWLM, and SERVERWLM with it, gives every target the same weight. HOTSTANDBY,
 *   which needs more than a stack has, is refused.
 * - A bad option of IPCONFIG, TCPCONFIG, UDPCONFIG or GLOBALCONFIG costs only itself.
 * - SYNTAXCHECK finds no conflict with the running profile, as on z/OS; a DELETE of what is not in its text is no error. */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/limits.h"

/* line, in every record: PROFILE_LINE() of it in the member PROFILE_FILE() (1 = the profile itself, more: INCLUDE).
 * 0: the statement was there before the change that is being read. */
#define PROFILE_LINE(line) ((line) & 0xFFFFFFu)
#define PROFILE_FILE(line) ((line) >> 24)

struct profile_device {             /* DEVICE name LCS devnum | DEVICE name VIRTUAL n, START name */
    char name[17];
    uint16_t devnum;                /* 0 for VIRTUAL */
    bool is_virtual;
    bool started;
    uint32_t line;
};

struct profile_link {               /* LINK, HOME */
    char name[17];
    char device[17];
    uint32_t address;               /* 0 = not in the HOME list */
    uint16_t devnum;                /* DEVICE name LCS devnum; 0 for VIRTUAL */
    bool is_virtual;
    bool started;                   /* START of its device; a VIRTUAL one is always up */
    uint8_t adapter;                /* port of the LCS */
    uint32_t line, home_line;
};

struct profile_route {              /* BEGINROUTES ... ROUTE dest/prefix = link MTU n | ROUTE DEFAULT gateway link MTU n */
    uint32_t destination, mask, gateway;
    uint8_t link;                   /* index in links */
    uint16_t mtu;
    uint32_t line;
};

enum profile_moveable { MOVEABLE_IMMEDIATE, MOVEABLE_WHENIDLE };

/* Who keeps what is known about ports: DESIGN.md, section 6. */
enum profile_store {
    STORE_BITMAP,                   /* bit maps in the CF, 1 = available: the default */
    STORE_REVERSED,                 /* the opposite polarity */
    STORE_LISTS,                    /* lists of available and used ports in the CF */
    STORE_CRHT,                     /* an entry in the CF for each connection's 4-tuple */
    STORE_BROADCAST,                /* no CF: every stack is told */
    STORE_DISTRIBUTOR,              /* no CF: the distributing stack knows */
    STORE_CLUSTERWIDE,              /* only the cluster-wide bit map of figure 8A, none of the stacks */
};

struct profile_clusterports {       /* CLUSTERPORTS [BLOCKSIZE n] [STORE how] [QUOTA n [BLOCKS|PORTS]] */
    bool on;
    uint16_t blocksize;             /* power of two, 1 .. BLOCKSIZE_MAX */
    enum profile_store store;
    uint32_t quota;                 /* ports that a stack may own, a whole number of blocks; 0 = as many as there are */
};

struct profile_dvipa {              /* VIPADEFINE or VIPABACKUP */
    uint32_t address, mask;         /* mask 0: VIPABACKUP without one */
    bool backup;
    uint8_t rank;                   /* VIPABACKUP: 1..254 */
    enum profile_moveable moveable;
    struct profile_clusterports clusterports;
    uint32_t line;
};

enum profile_distmethod { DIST_BASEWLM, DIST_ROUNDROBIN, DIST_WEIGHTEDACTIVE };

struct profile_distribute {         /* VIPADISTRIBUTE */
    uint32_t address;
    uint16_t ports[DIST_PORTS_MAX]; /* none: all ports that a server listens on */
    uint8_t port_count;
    bool dest_all;                  /* DESTIP ALL */
    uint32_t dests[SYSTEMS_MAX];    /* dynamic XCF addresses */
    uint8_t dest_count;
    uint8_t weights[SYSTEMS_MAX];   /* of dests, 0 .. 99; all 10 but for WEIGHTEDACTIVE */
    enum profile_distmethod method;
    struct profile_clusterports clusterports;
    uint32_t line;
};

struct profile_range {              /* VIPARANGE */
    uint32_t address, mask;
    bool disruptive;                /* MOVEABLE DISRUPTIVE, else NONDISRUPTIVE */
    struct profile_clusterports clusterports;
    uint32_t line;
};

struct profile_sourceipa {          /* SOURCEIPA ipaddr job [job ...], one record a job */
    uint32_t address;
    char job[NAME_LEN + 1];         /* job name or user id; a trailing '*' matches any rest */
    uint32_t line;
};

enum profile_srcip_use { SRCIP_CLIENT = 1, SRCIP_SERVER = 2, SRCIP_BOTH = 3 };

struct profile_srcip {              /* SRCIP: JOBNAME job source [CLIENT|SERVER|BOTH] | DESTINATION network[/prefix] source */
    bool is_destination;
    char job[NAME_LEN + 1];         /* JOBNAME */
    enum profile_srcip_use use;     /* JOBNAME; connections, listening sockets */
    uint32_t network, mask;         /* DESTINATION */
    uint32_t source;
    uint32_t line;
};

enum profile_share { PORT_NOT_SHARED, PORT_SHARED, PORT_SHARED_WLM };

struct profile_portreserve {        /* PORT, PORTRANGE */
    uint16_t first, count;
    bool tcp;                       /* else UDP */
    bool range;                     /* said by PORTRANGE */
    char job[NAME_LEN + 1];         /* or RESERVED, AUTHPORT */
    bool noautolog, nodelayacks;
    enum profile_share share;       /* SHAREPORT, SHAREPORTWLM */
    uint32_t bind_address;          /* PORT ... BIND: what a bind to INADDR_ANY becomes; 0 = none */
    uint32_t line;
};

struct profile_unrsv {              /* PORT UNRSV: ports that no PORT and no PORTRANGE has */
    char job[NAME_LEN + 1];
    bool tcp, deny;
    bool when_listen;               /* checked at the listen, else at the bind */
    uint32_t line;
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
    uint32_t routes_line;           /* of the last BEGINROUTES */
    bool sourcevipa;                /* IPCONFIG SOURCEVIPA */
    uint32_t tcpstacksourcevipa;    /* IPCONFIG TCPSTACKSOURCEVIPA, 0 = none; it needs sourcevipa */
    uint32_t tcpstack_line;
    uint32_t dynamicxcf_address, dynamicxcf_mask;   /* IPCONFIG DYNAMICXCF; 0 = off */
    uint8_t dynamicxcf_metric;                      /* 0 .. 14 */
    uint32_t dynamicxcf_line;
    struct profile_dvipa dvipas[DVIPA_MAX];
    uint8_t dvipa_count;
    struct profile_distribute distributes[DVIPA_MAX];
    uint8_t distribute_count;
    struct profile_range ranges[VIPARANGE_MAX];
    uint8_t range_count;
    struct profile_sourceipa sourceipas[SOURCEIPA_MAX];
    uint16_t sourceipa_count;
    struct profile_srcip srcips[SRCIP_MAX];
    uint8_t srcip_count;
    uint32_t srcip_line;
    struct profile_portreserve ports[PORTRESERVE_MAX];
    uint16_t port_count;
    struct profile_unrsv unrsvs[UNRSV_MAX];
    uint8_t unrsv_count;
    uint16_t ephemeral_low, ephemeral_high;         /* TCPCONFIG EPHEMERALPORTS */
    uint16_t udp_ephemeral_low, udp_ephemeral_high; /* UDPCONFIG EPHEMERALPORTS */
    uint32_t timewait_s;                            /* TCPCONFIG TIMEWAITINTERVAL */
    uint16_t explicit_first, explicit_count;        /* GLOBALCONFIG EXPLICITBINDPORTRANGE; count 0 = none */
    uint32_t deleted[DVIPA_MAX];                    /* VIPADELETE in the change that was read last */
    uint8_t deleted_count;
};

typedef void profile_message_fn(void *context, const char *message);

/* Parse length bytes of text (lines ended by \n, at most PROFILE_TEXT_MAX) named source in messages. *profile is set to
 * defaults first. symbol: value of a system symbol such as SYSNAME (upper case, without & and period), NULL if unknown;
 * may be NULL. Names have at most 16 characters. The value may be empty or several words; symbols within it stay as they are. message: gets the errors,
 * and EZZ0309I and EZZ0316I around them. Result: number of error messages given. */
int profile_parse(struct profile *profile, const char *source, const char *text, uint32_t length,
                  const char *(*symbol)(void *context, const char *name), profile_message_fn *message, void *context);

/* --- members: PROFILE.TCPIP, what it includes, and changes ---------------------------------------------------------- */

/* Where members are read from: decks of cards in the image, files on the host. One is open at a time. */
struct profile_source {
    void *context;
    bool (*open)(void *context, const char *name);                      /* false: there is no such member */
    int32_t (*read)(void *context, char *text, uint32_t size);          /* bytes read, 0 at the end, negative: an error */
    void (*close)(void *context);
};

/* What a member is read with. The text makes it large: it is not for a stack frame. */
struct profile_input {
    const struct profile_source *source;
    const char *(*symbol)(void *context, const char *name);             /* as in profile_parse() */
    profile_message_fn *message;
    void *context;                                                      /* of symbol and message */
    char text[PROFILE_TEXT_MAX];                                        /* the members that are being read */
};

#define PROFILE_UNREADABLE (-1)     /* the member cannot be opened or read: nothing was done but a message */

/* Read PROFILE.TCPIP and all that it includes. *profile is set to defaults first. Result: number of errors, or
 * PROFILE_UNREADABLE. Messages: EZZ0300I for each member opened, EZZ0309I and EZZ0316I around its own. */
int profile_load(struct profile *profile, const char *name, struct profile_input *input);

/* Apply a change to *running; *before becomes what it was. Good statements hold even where others are in error. */
int profile_obey(struct profile *running, struct profile *before, const char *name, struct profile_input *input);

/* The messages only. *scratch is overwritten. */
int profile_syntaxcheck(struct profile *scratch, const char *name, struct profile_input *input);

enum profile_change_kind {          /* of which records profile_change tells; NULL where nothing is said */
    CHANGE_DVIPA_REMOVED,           /* dvipa: of before. NULL: VIPADELETE of an address that a VIPARANGE made active */
    CHANGE_DISTRIBUTE_REMOVED,      /* distribute: of before */
    CHANGE_RANGE_REMOVED,           /* range: of before; active addresses stay */
    CHANGE_RANGE_ADDED,             /* range: of after; with clusterports.on it is blocks 870 and 880 of figure 8B */
    CHANGE_DVIPA_ADDED,             /* dvipa: of after */
    CHANGE_DISTRIBUTE_ADDED,        /* distribute: of after */
    CHANGE_DISTRIBUTE_CHANGED,      /* distribute: of after; other targets or weights, the same ports */
    CHANGE_CLUSTERPORTS_ADDED,      /* address, clusterports: to an address that stays: blocks 875 and 885 */
    CHANGE_CLUSTERPORTS_REMOVED,    /* address: it stays without */
    CHANGE_RANGE_CLUSTERPORTS,      /* range: of after; CLUSTERPORTS was added: blocks 870 and 880 */
    CHANGE_SOURCES,                 /* SOURCEIPA, SRCIP, SOURCEVIPA, TCPSTACKSOURCEVIPA: sip_configure() again */
    CHANGE_PORTS,                   /* PORT, PORTRANGE, EPHEMERALPORTS: other ports are eligible */
    CHANGE_EXPLICITBIND,            /* EXPLICITBINDPORTRANGE */
    CHANGE_TIMEWAIT,
    CHANGE_HOME,                    /* DEVICE, LINK, START or HOME entries were added, or DYNAMICXCF */
    CHANGE_ROUTES,
};

struct profile_change {
    enum profile_change_kind kind;
    uint32_t address;               /* of the DVIPA; network of the range */
    struct profile_clusterports clusterports;       /* that hold for the address after the change */
    const struct profile_dvipa *dvipa;
    const struct profile_distribute *distribute;
    const struct profile_range *range;
};

typedef void profile_change_fn(void *context, const struct profile_change *change);

/* What profile_obey() changed, in the order of the kinds, so that what goes is gone before what comes. Result: how many. */
unsigned profile_compare(const struct profile *before, const struct profile *after, profile_change_fn *change, void *context);

/* --- what can be asked --------------------------------------------------------------------------------------------- */

/* How well a name with perhaps an asterisk at its end fits a job: 0 not at all; the higher the more specific; the job name
 * before the user id where both are equally specific. user may be NULL. */
unsigned profile_job_fit(const char *pattern, const char *job, const char *user);
#define PROFILE_FIT_ANY 3u          /* an asterisk alone: that of a job name, or less */

/* The PORT or PORTRANGE entry of a port for a job: the most specific one. NULL: none lets the job have it. *reserved (may
 * be NULL): there is an entry for the port at all. OMVS stands for any job, RESERVED and AUTHPORT for none. */
const struct profile_portreserve *profile_port_of(const struct profile *profile, bool tcp, uint16_t port, const char *job,
                                                  const char *user, bool *reserved);

/* May the job bind to the port (listening: listen on it)? By PORT, PORTRANGE and UNRSV; false is EACCES. */
bool profile_port_allowed(const struct profile *profile, bool tcp, uint16_t port, bool listening, const char *job, const char *user);

/* CONFIGURED EPHEMERAL PORTS of Netstat STATS: EPHEMERALPORTS without what PORT and PORTRANGE reserve and, for TCP, without
 * the EXPLICITBINDPORTRANGE. */
uint32_t profile_ephemeral_ports(const struct profile *profile, bool tcp);

/* The cluster-wide port assignment of an address: what VIPADEFINE or VIPABACKUP says, else VIPADISTRIBUTE, else the most
 * specific VIPARANGE that holds it. off if none says CLUSTERPORTS. */
struct profile_clusterports profile_clusterports(const struct profile *profile, uint32_t address);

/* The subnet mask of link (index in links): that of the most specific direct route over it that holds its address, else
 * the mask of the address's network class. */
uint32_t profile_link_mask(const struct profile *profile, unsigned link);

/* The link of the most specific route to a destination. NULL: there is none. */
const struct profile_link *profile_route_link(const struct profile *profile, uint32_t destination);

/* SOURCEVIPA: the static VIPA for connections to a destination, the one that precedes the link of its route most closely in the
 * HOME list. 0: NOSOURCEVIPA, no route, or the link stands before all VIPAs. */
uint32_t profile_source_vipa(const struct profile *profile, uint32_t destination);

/* Mask of the network class of an address: 255.0.0.0, 255.255.0.0 or 255.255.255.0. */
uint32_t profile_class_mask(uint32_t address);

struct profile_port_use {           /* what is known of the ephemeral ports besides */
    uint32_t in_use;
    uint64_t exhausted;             /* requests for one that were refused because none was free */
};

/* Reports in the shape of NETSTAT, header and trailer included, a line at a time. They tell what the profile says, not what
 * is active. profile_display() is NETSTAT VIPADCFG. */
void profile_display(const struct profile *profile, unsigned max, profile_message_fn *line, void *context);
void profile_display_home(const struct profile *profile, unsigned max, profile_message_fn *line, void *context);
void profile_display_srcip(const struct profile *profile, unsigned max, profile_message_fn *line, void *context);
void profile_display_stats(const struct profile *profile, unsigned max, const struct profile_port_use *tcp, profile_message_fn *line, void *context);
void profile_display_portlist(const struct profile *profile, unsigned max, profile_message_fn *line, void *context);

#endif
