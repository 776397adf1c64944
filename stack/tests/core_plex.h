/* A sysplex in one process for the tests of the stack's core: one CF in a real segment, several stacks, each with its own
 * view of the CF, one running at a time. */
#ifndef CORE_PLEX_H
#define CORE_PLEX_H

#include <check.h>
#include <stdio.h>

#include "cfemu/engine/cf.h"
#include "stack/platform/host.h"
#include "stack/stack.h"

#define PLEX_STACKS 5           /* systems MVS1 .. MVS4; [0] is not used, a system's index is its number */
#define DVA 0x0A010101u         /* 10.1.1.1 */
#define DVB 0x0A010102u
#define SERVER 0x0A636363u      /* 10.99.99.99, whom everybody connects to */
#define XCF_ADDRESS(n) (0xC0A80000u + (n))

struct plex_event {
    enum { ACTIVATED, DEACTIVATED, DELIVERED } kind;
    uint32_t address;           /* of DELIVERED: length */
    bool advertise;
    uint8_t packet[64];
};

struct plex_system {
    struct stack *stack;        /* NULL: down, or it hangs */
    bool remote;                /* its CF is elsewhere: a fence of it is over when its view is closed */
    struct cf *cf;
    struct profile profile;
    struct plex_event events[16];
    unsigned event_count;
    struct {                    /* open connections that the stack asks for; port 0 = end */
        uint32_t address;
        struct vipa_tuple tuple;
        bool accepted;
    } connections[8];
    uint16_t scan[4];           /* ports of connections that a scan finds; 0 = end */
};

struct plex {
    char segment[40], segment2[40];     /* of CF01 and, after plex_pair(), CF02 */
    bool paired;
    void (*gone)(unsigned n, const char *system, uint8_t number);   /* system n is told; NULL: nothing is done about it */
    struct plex_system systems[PLEX_STACKS];
};

extern struct plex plex;
extern char plex_wto[4096];     /* what the operators were told, a line each */

/* For checked fixtures: an empty plex with default profiles; the end of it, with cf_check. */
void plex_setup(void);
void plex_teardown(void);

/* CF02, paired with CF01; before the first IPL. Structures are allocated in CF01. */
void plex_pair(void);

/* Let system n run in this thread. */
struct stack *plex_select(unsigned n);

/* IPL of system n with its profile; its stack. */
struct stack *plex_ipl(unsigned n);

/* End of system n: in order, or as if its process had died. */
void plex_stop(unsigned n);
void plex_kill(unsigned n);

/* All systems deal with what they were sent, until nothing moves. They also do while one of them waits. */
void plex_settle(void);

/* Profile statements. */
void plex_define(unsigned n, uint32_t address, uint16_t blocksize);     /* 0: without CLUSTERPORTS */
void plex_distribute(unsigned n, uint32_t address);                     /* DESTIP ALL */

/* Names of all systems. */
extern const char *const plex_names[PLEX_STACKS - 1];

/* Seconds that one test may take, 0 = as long as it likes. Before plex_main(). */
extern unsigned plex_timeout_s;

/* Run a suite of one case with the fixtures; TAP to standard output; exit code. */
int plex_main(TCase *tcase, const char *name);

/* The same of several cases. */
int plex_main_of(TCase *const *cases, unsigned count, const char *name);

#endif
