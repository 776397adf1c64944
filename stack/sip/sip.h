/* Source IP address selection: which source address does a connection get? Figures 2, 3 and 7 of the patent.
 *
 *   socket layer ── sip_select(job, socket, tables) ──► address, or an errno for the connect
 *
 *   700 bound to an address? ──yes──► 705 that one
 *    │ no
 *   710 SOURCEIPA for the job? ──no──► 715 SOURCEVIPA, else the address of the outbound link
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
 * sip owns only the table of SOURCEIPA statements; all that the stack knows is asked through struct sip_tables, so that a
 * selection changes nothing but what activate() does. The most specific association wins: the exact name, then the
 * longest before an asterisk, then the asterisk alone; the job name before the user id where they are equally specific. */
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

struct sip_association {
    char job[NAME_LEN + 1];             /* job name or user id; a trailing '*' matches any rest */
    uint32_t address;
};

struct sip {
    struct sip_association associations[SOURCEIPA_MAX];
    unsigned count;
};

struct sip_request {
    const char *job, *user;             /* 1..8 characters; user may be NULL */
    uint32_t bound_address;             /* of the socket; 0 = INADDR_ANY */
    uint32_t destination;
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
};

struct sip_result {
    uint32_t address;                   /* when SIP_OK */
    uint32_t reason;                    /* reason code, 0 or SIP_JRBINDADDRNACTIVE */
    const struct sip_association *association;      /* the SOURCEIPA that was used or failed, NULL = none */
};

/* Fig. 2: take over the SOURCEIPA statements of a profile; also again, after a change of profile. */
void sip_configure(struct sip *sip, const struct profile *profile);

/* Fig. 2, block 210: associate a job with an address; an earlier association of this name is replaced. false: SOURCEIPA_MAX. */
bool sip_associate(struct sip *sip, const char *job, uint32_t address);

/* The most specific association of a job, or NULL. */
const struct sip_association *sip_find(const struct sip *sip, const char *job, const char *user);

/* Figs. 3 and 7: the source address of a connection. SIP_OK: result->address; else an errno, with result->reason. */
int sip_select(const struct sip *sip, const struct sip_request *request, const struct sip_tables *tables, struct sip_result *result);

#endif
