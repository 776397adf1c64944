/* Every limit of the stack extension, with its reason. */
#ifndef STACK_LIMITS_H
#define STACK_LIMITS_H

#define SYSTEMS_MAX 32          /* systems in a sysplex, numbered 1..32, as in z/OS; 0 = none */
#define NAME_LEN 8              /* system, job, user, member and group names, blank padded on the wire */
#define DVIPA_MAX 64            /* DVIPAs a stack knows; the product allows 1024. Each costs about 200 KiB of an image */
#define SOURCEIPA_MAX 256       /* associations of jobs with addresses */
#define SRCIP_MAX 128           /* entries of an SRCIP block */
#define PORTS_PER_DVIPA 65536
#define PORT_EPHEMERAL_LOW 1024 /* default EPHEMERALPORTS, as before z/OS V2R1 */
#define PORT_EPHEMERAL_HIGH 65535
#define PORTRESERVE_MAX 256     /* PORT and PORTRANGE entries */
#define UNRSV_MAX 32            /* PORT UNRSV entries */
#define DIST_PORTS_MAX 64       /* ports of one VIPADISTRIBUTE, the product's limit */
#define HOME_MAX 16             /* links with addresses */
#define VIPARANGE_MAX 64
#define BLOCKSIZE_DEFAULT 64    /* ports a stack takes at a time, as the product does */
#define BLOCKSIZE_MAX 4096
#define TIMEWAIT_DEFAULT_S 60
#define PROFILE_TEXT_MAX 65536  /* bytes of a profile with everything it includes */
#define INCLUDE_DEPTH_MAX 8     /* members open one within the other */
#define INCLUDE_FILES_MAX 16    /* members of one profile */
#define WTO_MAX 126             /* characters of one message line */

#endif
