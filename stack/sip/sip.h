/* Source IP address selection: which source address does a connection get? Figures 2, 3 and 7 of the patent.
 *
 *   socket layer ── sip_select(job, socket, tables) ──► address, or an errno for the connect
 *
 *   700 bound to an address? ──yes──► 705 that one
 *    │ no
 *   710 statement for the job? ──no──► 715 TCPSTACKSOURCEVIPA, else SOURCEVIPA, else the address of the outbound link
 *    │ yes
 *   720 a DVIPA? ──no──► 725 defined here? ──yes──► 730 use it
 *    │ yes                └──no──────────────────────────────────────┐
 *   735 configured here? ──no────────────────────────────────────────┤
 *    │ yes                                                           ▼
 *   745 active here? ──no──► 750 in a VIPARANGE here? ──no──► 740 EADDRNOTAVAIL
 *    │ yes                        │ yes
 *   755 use it ◄── 760 activate it ┘
 *
 * Figure 3 is the general form of figure 7: its blocks are traced at the same places.
 *
 * The statements that can name an address, and their order (the product's, with the patent's SOURCEIPA in it):
 *   1  the socket's own bind                                          700
 *   2  PORT ... BIND of the port that the socket is bound to          700: the bind is the statement's
 *   3  SOURCEIPA job, SRCIP JOBNAME job, but for an asterisk alone    710: the most specific one, SOURCEIPA before SRCIP,
 *                                                                          the job name before the user id
 *   4  SRCIP DESTINATION                                              710: the longest prefix
 *   5  SOURCEIPA * and SRCIP JOBNAME *                                710
 *   6  TCPSTACKSOURCEVIPA, if the address is active and the socket has no bind at all; 7 SOURCEVIPA; 8 the link    715
 *
 * A DESTINATION is known only at the connect. A socket that has got its port before, by a bind to INADDR_ANY, cannot have a
 * distributed DVIPA then: another stack may use this port of it. Unless the port comes from EXPLICITBINDPORTRANGE, is below
 * 1024, or is reserved for the job: then it is unique, or the application's affair (z/OS). Else: JRSRCIPDistDVIPA.
 *
 * sip owns only the tables of statements; all that the stack knows is asked through struct sip_tables, so that a selection
 * changes nothing but what activate() does. */
#ifndef SIP_H
#define SIP_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/limits.h"
#include "stack/profile/profile.h"

enum sip_errno {                        /* z/OS UNIX errno values */
    SIP_OK = 0,
    SIP_EADDRNOTAVAIL = 1116,
    SIP_ENETUNREACH = 1118,             /* conventional selection found no route */
};

#define SIP_JRBINDADDRNACTIVE 0x744C7230u       /* reason: the address is not active on this stack */

#define SIP_JRSRCIPDISTDVIPA 0x744C7231u        /* reason JRSRCIPDistDVIPA; its number is not published: ours */

enum sip_kind { SIP_SOURCEIPA, SIP_JOBNAME, SIP_DESTINATION };

struct sip_association {
    enum sip_kind kind;
    char job[NAME_LEN + 1];             /* job name or user id; a trailing '*' matches any rest */
    uint32_t network, mask;             /* SIP_DESTINATION */
    enum profile_srcip_use use;         /* SIP_SOURCEIPA: SRCIP_CLIENT */
    uint32_t address;
};

#define SIP_ASSOCIATIONS_MAX (SOURCEIPA_MAX + SRCIP_MAX)
#define SIP_WARNING_US 300000000u       /* between two warnings of a TCPSTACKSOURCEVIPA that is not active */

struct sip {
    struct sip_association associations[SIP_ASSOCIATIONS_MAX];
    unsigned count;
    const struct profile *profile;      /* PORT ... BIND, reservations; NULL = none */
    uint32_t tcpstack_source;           /* TCPSTACKSOURCEVIPA, 0 = none */
    uint64_t warned_us;
};

struct sip_request {
    const char *job, *user;             /* 1..8 characters; user may be NULL */
    uint32_t bound_address;             /* of the socket; 0 = INADDR_ANY */
    uint32_t destination;
    uint16_t bound_port;                /* of the socket; 0 = it has none yet */
    bool pool_port;                     /* bound_port was given out of EXPLICITBINDPORTRANGE */
};

/* What the stack knows. Addresses in host byte order. */
struct sip_tables {
    void *context;
    bool (*is_dvipa)(void *context, uint32_t address);      /* known as a DVIPA: defined, backed up or within a VIPARANGE
                                                               here, or distributed by another stack */
    bool (*is_defined)(void *context, uint32_t address);    /* in the HOME list or the dynamic XCF address */
    bool (*is_configured)(void *context, uint32_t address); /* the DVIPA may be used on this stack: (a) VIPADEFINE or
                                                               VIPABACKUP, (b) VIPARANGE, (c) this stack is a target */
    bool (*is_active)(void *context, uint32_t address);
    bool (*in_range)(void *context, uint32_t address);      /* within a VIPARANGE of this stack */
    bool (*activate)(void *context, uint32_t address);      /* as a DVIPA of its VIPARANGE; false: that failed */
    uint32_t (*source_vipa)(void *context, uint32_t destination);   /* the static VIPA that SOURCEVIPA gives, 0 = none */
    uint32_t (*link_address)(void *context, uint32_t destination);  /* of the outbound link, 0 = no route */
    bool (*is_distributed)(void *context, uint32_t address);        /* the DVIPA is distributed, by whichever stack;
                                                                       NULL: the stack has no distributed ones */
};

struct sip_result {
    uint32_t address;                   /* when SIP_OK */
    uint32_t reason;                    /* 0, SIP_JRBINDADDRNACTIVE or SIP_JRSRCIPDISTDVIPA */
    const struct sip_association *association;      /* the statement that was used or failed, NULL = none */
    bool tcpstack_passed_over;          /* TCPSTACKSOURCEVIPA is not active: see sip_warn() */
};

/* Fig. 2: take over the statements of a profile, which is kept; also again, after a change of profile. */
void sip_configure(struct sip *sip, const struct profile *profile);

/* Fig. 2, block 210: associate a job with an address as SOURCEIPA does; an earlier association of this name is replaced.
 * false: SOURCEIPA_MAX. */
bool sip_associate(struct sip *sip, const char *job, uint32_t address);

/* The most specific association of a job for its connections, or NULL; destinations are not looked at. */
const struct sip_association *sip_find(const struct sip *sip, const char *job, const char *user);

/* The association of a connection, in the order 3, 4, 5 above, or NULL. */
const struct sip_association *sip_find_for(const struct sip *sip, const struct sip_request *request);

/* Figs. 3 and 7: the source address of a connection. SIP_OK: result->address; else an errno, with result->reason. */
int sip_select(const struct sip *sip, const struct sip_request *request, const struct sip_tables *tables, struct sip_result *result);

/* The address that a bind of the job to INADDR_ANY and the port stands for: that of PORT ... BIND, else, for a socket that
 * is to listen, that of JOBNAME ... SERVER or BOTH; 0 = all addresses. The bind to it goes through figure 11. */
uint32_t sip_bind_address(const struct sip *sip, const char *job, const char *user, uint16_t port, bool listening);

/* Tell the operator of a TCPSTACKSOURCEVIPA that was passed over, once in SIP_WARNING_US. now_us: the time, not 0. */
void sip_warn(struct sip *sip, const struct sip_result *result, uint64_t now_us);

#endif
