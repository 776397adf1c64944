/* What must be true in the simulated sysplex, by an observer who sees every system at once.
 *
 *   (a) a port of a DVIPA has at most one owner. The owners are the stacks that live, and those that are dead and not yet
 *       recovered. Ports that are shared since CLUSTERPORTS came to a live address are counted, not owned: they drain.
 *   (b) no 4-tuple is open twice. Connections from before CLUSTERPORTS, and from ports that no pool has, are nobody's promise.
 *   (c) nothing leaks: when everything is closed and every system that lives has taken all it can get, all ports are owned.
 *
 * (a) and (b) are checked after each step, in constant time: what a stack's tables say is compared with what they said
 * before. A port leaves a table at the end of the call that gives it to the keeper, so two stacks may seem to have it while
 * that call is under way. The former owner's call must have ended well when its main line rests again. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "stack/sim/sim.h"

/* Ports of EPHEMERALPORTS and of EXPLICITBINDPORTRANGE are below `ports` always. */
void model_reset(uint32_t ports);

/* System n has made a step; its main line rests. */
void model_step(unsigned n);
void model_rests(unsigned n);

/* It is dead: nothing of it is open any more, its ports are owned until a survivor (or its next life) puts them back. changed:
 * it may have given ports away without knowing it. */
void model_died(unsigned n, bool changed);
void model_recovered(unsigned n);
void model_gone(uint32_t address);  /* nobody has been connected to the structure of its ports: it is gone, too */

/* A connection is open from the answer to the request on, until its end is told. */
void model_opened(unsigned n, const struct clp_tuple *tuple, bool promised);
void model_closed(unsigned n, const struct clp_tuple *tuple);
unsigned model_open(void);

/* (c) for an address, when every living system has taken what it can. */
void model_all_taken(uint32_t address);

/* The same for a keeper of 4-tuples: system n has opened so many connections to one destination, and no more. */
void model_all_open(unsigned n, uint32_t address, uint32_t count);

/* What system n has of an address, as a map; NULL: nothing. */
const uint64_t *model_owned(unsigned n, uint32_t address);

#endif
