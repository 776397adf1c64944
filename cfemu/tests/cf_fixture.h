/* What the engine's tests share: a segment per test, connections, a command in one line. */
#ifndef CF_FIXTURE_H
#define CF_FIXTURE_H

#include <check.h>
#include <stdint.h>

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_request.h"
#include "cfemu/engine/cf_segment.h"

#define SEGMENT_SIZE (4u << 20)

extern char segment_name[];         /* contains the pid of the test program; removed when it ends */
extern char peer_name[];            /* of the other CF of a pair, likewise */

/* A command with what matters of it; the rest is zero. */
struct ask {
    uint16_t command;
    uint8_t locate, entrytype, lockoper, lockmode, verscomp, versupdate, options;
    uint32_t list, lock, bit;
    uint64_t version_comp, version;
    const uint8_t *leid;
    const char *name;
    uint32_t length;        /* of the data, all bytes fill */
    uint8_t fill;
    uint8_t adjunct;        /* all bytes of the adjunct */
    const char *connection; /* MCB_AUTH_COMP as a name, NULL: zeros */
    uint32_t own[2];        /* first words at MCB_OWN */
    /* of list requests; own must be zero with keycompare, of which it is the beginning */
    uint8_t options2, keycomp, authcomp, keyrequest, keytype, cursor, dataoper, position, set;
    const char *auth_comp, *auth, *keycompare, *targetkey;      /* 16 bytes, blank padded */
    uint32_t target, lockcomp, in_cap;                          /* in_cap 0: all of data_in */
    uint64_t restart;
    const void *out;        /* the data, instead of fill */
};

/* The last answer. */
extern uint8_t mrb[CF_MRB_SIZE];
extern uint8_t data_in[CF_DATA_MAX];

int ask(const struct cf_user *user, struct ask a);

struct attributes {
    uint32_t lists, locks, size_kib, vector;
    uint16_t entry_ratio, element_ratio, maxelemnum;
    uint8_t elemchar, flags, options, level, maxconn;
    uint32_t records;       /* lock structure (lists 0) */
    uint16_t emcstgpct;
};

/* Usual attributes: 8 lists, 8 locks, names, adjuncts, 256-byte elements, a vector of 32 bits. */
extern const struct attributes usual;

int connect_as(struct cf *cf, const char *structure, const char *name, const struct attributes *attributes, struct cf_user *user);

/* IXLCONN REBUILD: to the new structure. */
int connect_new_as(struct cf *cf, const char *structure, const char *name, const struct attributes *attributes, struct cf_user *user);

/* A lock table operation with what matters of it. */
struct lop {
    uint16_t command;       /* CF_CMD_LOCK_OBTAIN, _ALTER, _RELEASE */
    uint8_t state, options;
    uint32_t index, manager, conid;
    uint8_t type;           /* RDATATYPE */
    uint8_t fill;           /* all bytes of the record data */
    const uint8_t *entryid; /* NULL: zeros */
};

/* Write its operation block, with the operation that PROCESSMULT wants; alone it stands in an MCB, without. */
void lop_block(uint8_t block[LOP_SIZE], const struct lop *lop);
int lop(const struct cf_user *user, struct lop lop);

/* Does a bit map of connection ids in the last answer hold exactly these connections? Ends with 0. */
bool result_set_is(unsigned offset, const uint32_t *conids);

/* Create the segment anew and open a view. */
struct cf *segment_new(uint64_t size);
struct cf *segment_open(void);

/* The same with a second CF of half the size, CF02, that makes a pair with it. */
struct cf *pair_new(uint64_t size);

/* A command of the operator on a structure, repeated until it is over. */
int operate(struct cf *cf, uint16_t command, const char *structure, uint8_t options);

/* A view in which the segment can be looked at and checked. The views above may be links (cf_link_fixture.h), and then
 * only commands go through them. */
extern struct cf *inside;

/* Where segment_open() finds the segment, "" for its name; what segment_new() calls before it opens it. */
extern char segment_place[512];
extern void (*segment_made)(void);

/* Nothing is left to be told about what was done before. */
void drain(struct cf *cf, uint32_t *seen);

/* A process that takes something (take() says whether it got it; it has no view yet) and holds it until it is killed. */
pid_t child_holding(bool (*take)(void));
void child_stop(pid_t pid);         /* it has stopped: the signal alone takes its time on a busy machine */
void child_kill(pid_t pid);

/* main() of a test program. */
int run_suite(Suite *suite);

#endif
