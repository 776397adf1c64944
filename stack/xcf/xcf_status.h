/* Status monitoring and sysplex partitioning: which systems live, and the removal of those that do not.
 *
 * Each system writes a time stamp into its member record, four times in its failure detection interval, and at the same
 * time reads the records of the others. What is judged is whether a stamp has changed, by the reader's own clock.
 *
 *              stamp unchanged for INTERVAL of the system it is about
 *   ACTIVE ──────────────────────────────► STATUS UPDATE MISSING ─┐   conditional write of the record: exactly one system
 *     │  connection failed, V XCF,sys,OFFLINE                     ▼   is the partitioner
 *     └───────────────────────────────────────────────────► BEING REMOVED      IXC101I, all are told
 *                                                                 │ FENCE (cf_arch.h) until it is done
 *                                                                 ▼
 *                                          record FAILED, all are told, group exits: what it had is recovered      IXC105I
 *
 * Nothing that the system had is touched before it is fenced: it is dead, or cannot reach anybody any more.
 *
 * The partitioner may die in the middle. Who reads a record BEING REMOVED by a system that is not an active member, or is in
 * a later life, takes over by the same conditional write; every step can be done twice.
 *
 * A system that finds its own record BEING REMOVED, or its connection gone without a failure of the CF, is out: it stops
 * (IXC220W, disabled wait 0A2) and sends nothing any more. One that V XCF,sys,OFFLINE removes says so before, and is
 * fenced then; if it does not answer, after the cleanup interval.
 *
 * While the signalling structure is rebuilt nobody can read or write a record. Then it is the rebuild that is watched: who has
 * not answered its phase for its own interval is fenced, which lets the others go on. That it has no record in the new structure
 * says that it is gone.
 *
 * A system can be stopped in the middle of a CF command and hold the signalling structure up for all: then no record can be
 * read or written by anybody. Who has waited for the interval has the one that holds it fenced.
 *
 * xcf_status_run() may run in the middle of a request of this system that waits (xes.h): it sends, but drives no exits;
 * they follow in xcf_poll(). */
#ifndef XCF_STATUS_H
#define XCF_STATUS_H

#include "stack/xcf/xcf.h"

/* Update, look, and go on with what is under way, if it is time. */
void xcf_status_run(struct xcf *xcf);

/* The same as xcf_status_run(), for the wait exit of xes. context: the struct xcf. */
void xcf_status_wait(void *context);

/* Remove a member. False: another system does it, or there is nothing to remove. */
bool xcf_remove(struct xcf *xcf, struct xcf_member *member, enum xcf_reason reason, bool force);

/* The records are in a new structure, as each system that lives has written its own: what this one removes begins anew. */
void xcf_status_rebuilt(struct xcf *xcf);

/* Drive the exits of those whose removal is complete. On the main line. */
void xcf_status_conclude(struct xcf *xcf);

/* A message of XCF itself about a removal has come: the record it is about. */
void xcf_heard_removing(struct xcf *xcf, const uint8_t *record);
void xcf_heard_stopped(struct xcf *xcf, uint8_t from);

/* This system is out of the sysplex. */
void xcf_isolated(struct xcf *xcf, const char *why);

/* This system IPLs: remove its earlier life, or wait until another has. XCF_OK, XCF_LOST. */
int xcf_remove_earlier_life(struct xcf *xcf, struct xcf_member *old);

#endif
