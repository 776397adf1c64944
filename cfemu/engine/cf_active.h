/* The active CFRM policy: what structures there may be, how large, in which coupling facilities.
 *
 *   policy text ── cf_policy_read() ─► struct cf_policy ── cf_policy_start() ─► area behind the fixed part of the segment
 *                  cfemu/policy                                                  active: 0 none, 1 or 2: which copy
 *
 * It stands in the segment of half 0 and serves both CFs of a pair, as the couple data set serves a sysplex. A start fills
 * the copy that is not active and then says that it is: one store, so that a death leaves the old policy or the new one.
 *
 * Where no policy is active every structure is allowed, of whatever size its first connector asks for. Where one is, a
 * structure is allocated as it says: INITSIZE, or SIZE; less if the connector asks for less, or if the CF has less and
 * MINSIZE allows it; and it can grow to SIZE. A structure that is allocated already is not touched by another policy but for
 * FULLTHRESHOLD and ALLOWAUTOALT, and can be connected to until it is deallocated, whatever the policy says. */
#ifndef CF_ACTIVE_H
#define CF_ACTIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cfemu/arch/cf_arch.h"

#define CF_POLICY_CFS_MAX 16u           /* as in a real couple data set */
#define CF_POLICY_STRUCTURES_MAX 512u   /* two policies stay under 70 KiB of the segment */
#define CF_POLICY_LIST_MAX 8u           /* names in PREFLIST, EXCLLIST */

enum cf_policy_duplex { CF_POLICY_DUPLEX_DISABLED = 0, CF_POLICY_DUPLEX_ALLOWED, CF_POLICY_DUPLEX_ENABLED };

struct cf_policy_cf {
    char name[8];               /* all texts are blank padded */
    char type[6];
    char mfg[3];
    char plant[2];
    char sequence[12];
    uint8_t partition, cpcid;
    uint8_t site;               /* 0 = not said, 1, 2 */
    uint32_t dumpspace_kib;
};

struct cf_policy_structure {
    uint8_t name[CF_NAME_SIZE];
    uint32_t size_kib, initsize_kib, minsize_kib;   /* INITSIZE, MINSIZE: 0 = not said */
    uint8_t fullthreshold, rebuildpercent;          /* percent */
    uint8_t duplex;                                 /* enum cf_policy_duplex */
    uint8_t allowautoalt, enforceorder, allowreallocate;    /* 1 = YES */
    uint8_t pref_count, excl_count;
    uint8_t pref[CF_POLICY_LIST_MAX];               /* numbers of CFs */
    uint16_t excl[CF_POLICY_LIST_MAX];              /* numbers of structures */
};

struct cf_policy {
    char name[8];
    uint32_t version;           /* counts starts; set by cf_policy_start() */
    uint32_t cf_count, structure_count;
    uint32_t replace;           /* REPLACE(YES) */
    uint64_t started_ns;        /* realtime */
    struct cf_policy_cf cf[CF_POLICY_CFS_MAX];
    struct cf_policy_structure structure[CF_POLICY_STRUCTURES_MAX];
};

struct cf_policy_area {
    _Atomic uint32_t active;    /* copy + 1, 0 = none */
    uint32_t version;           /* of the last start */
    struct cf_policy copy[2];
};

struct cf;
struct cf_call;
struct cf_slot;

/* SETXCF START,POLICY,TYPE=CFRM. 0, -EBUSY the directory is held up, -EEXIST a policy of that name is active and
 * replace is 0. */
int cf_policy_start(struct cf *cf, const struct cf_policy *policy);

/* SETXCF STOP,POLICY,TYPE=CFRM. 0 or -EBUSY. */
int cf_policy_stop(struct cf *cf);

/* The active policy, NULL = none. Sure only while the directory mutex is held. */
const struct cf_policy *cf_policy_active(const struct cf *cf);

/* What a policy says of a structure, NULL = nothing, or there is no policy. */
const struct cf_policy_structure *cf_policy_rule(const struct cf_policy *policy, const uint8_t *name);

/* Allocate the structure of a CONNECT message, where the active policy says. The directory mutex is held. 0, or a
 * response: CF_RSP_NOT_IN_POLICY, CF_RSP_NOT_THIS_CF with the preference list at MRB_OWN, those of an allocation. */
int cf_policy_allocate(struct cf_call *call, struct cf_slot **slot);

/* The policy says DUPLEX(DISABLED) of the structure. The directory mutex is held. */
bool cf_policy_forbids_duplex(const struct cf *cf, const uint8_t *name);

/* A CONNECT has succeeded: where the policy says DUPLEX(ENABLED), see to it that there is a second copy. No mutex is held. */
void cf_policy_duplex(struct cf_call *call);

/* Is the policy of a segment in order? For cf_check(). */
bool cf_policy_valid(const struct cf_policy *policy);

#endif
