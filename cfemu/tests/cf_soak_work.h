/* What the worker processes of the soak share with each other and with the one who kills them (cf_soak.h). */
#ifndef CF_SOAK_WORK_H
#define CF_SOAK_WORK_H

#include <stdatomic.h>
#include <stdint.h>

#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_soak.h"

#define SOAK_ENTRIES 32         /* of a worker in a structure */
#define SOAK_COUNTERS 4
#define SOAK_COUNTER_SIZE 13312 /* bytes */
#define SOAK_LOCKS 4
#define SOAK_QUEUE_LIST 7

/* Structures of named entries. */
enum { PLAIN, DUP, USERS, STORES };
extern const char *const store_names[STORES];
extern const struct attributes store_attributes;

/* An update is begun, then it is done. A kill in between leaves it open. */
struct count {
    uint64_t begun, done;
};

struct promise {
    uint32_t is, becomes, open;         /* values, 0 = there is no entry; open: told to become, not acknowledged yet */
};

struct worker {
    struct promise entry[STORES][SOAK_ENTRIES];
    struct count counter[SOAK_COUNTERS], push, pop;
    uint64_t acknowledged, reads, locks;
};

/* What their death does not reach. */
extern struct ledger {
    struct worker worker[SOAK_WORKERS_MAX];
    _Atomic uint32_t lock_owner[SOAK_LOCKS];    /* process that has the lock, by itself */
    _Atomic uint32_t serving;                   /* the server of links is up, and these are its names */
    char unix_name[512], tls_name[512];
} *ledger;

/* Of this process. */
extern struct cf_user stores[STORES], serial;

/* Work as worker number (0 on) until killed; seed: of its choices. */
void soak_work(int number, unsigned seed);

/* Connect to all structures, by this name. */
void soak_connect(struct cf *view, const char *name);

/* Compare an entry with its promise; what it is then is the promise. The entry of a structure that is lost is not known. */
void entry_verify(int store, int worker, uint32_t number);
const char *entry_name(int worker, uint32_t number);    /* good until the next call */

/* The request of an entry of this value: its version; length, data and adjunct follow from it. */
struct ask entry_request(uint32_t value, const char *name, uint32_t list);

/* A command; BUSY is no failure, nothing was done: it is repeated. Who has lost its link is fenced and ends as if killed. */
int ask_patiently(const struct cf_user *of, struct ask a);

/* Tell on standard error and end: that is a finding. */
__attribute__((format(printf, 1, 2), noreturn)) void complain(const char *format, ...);

int unless_cut(const struct cf_user *of, int response);
void connect_patiently(struct cf *view, const char *structure, const char *name, const struct attributes *attributes, struct cf_user *user);

/* --- USERS: user-managed rebuild (cf_soak_users.c) --- */

void users_connect(struct cf *view, const char *name);
/* See whether the rebuild has gone on, and do our part of it. true: the structure can be used, until the next time. */
bool users_follow(void);
/* It is lost, or about to be: begin the rebuild, unless somebody has. */
void users_rebuild(void);
/* How often this process has come to the end of a rebuild, and of one that was stopped. */
extern uint64_t users_rebuilt, users_stopped;

#endif
