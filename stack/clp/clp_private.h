/* What the files of this folder share. */
#ifndef CLP_PRIVATE_H
#define CLP_PRIVATE_H

#include "stack/clp/clp.h"

#define CLP_POLL_US 100000u         /* clp_poll() does what can wait no more often than this */

/* The keepers. */
#define CLP_SURVIVES_BOTH "STACKS AND, IF THERE IS ANOTHER ONE, A COUPLING FACILITY"
extern const struct clp_store clp_bitmap_store, clp_reversed_store, clp_clusterwide_store;      /* clp_cf.c */
extern const struct clp_store clp_lists_store, clp_crht_store, clp_broadcast_store, clp_distributor_store;

/* The table of a DVIPA, or of CLP_EXPLICIT; NULL: none. */
struct clp_table *clp_find(struct clp *clp, uint32_t address);

/* The table of a DVIPA; NULL: none. The one of all ordinary addresses. That of clp_find(), else that. */
struct clp_table *clp_dvipa(struct clp *clp, uint32_t address);
struct clp_table *clp_ordinary(struct clp *clp);
struct clp_table *clp_table_of(struct clp *clp, uint32_t address);

/* Conventional assignment: all ports of the address are this stack's, it asks nobody. */
void clp_own_all(struct clp_table *t);

/* Ports have become this stack's: into the table and the log. Into the log alone: they have come, or left. */
void clp_came(struct clp *clp, struct clp_table *t, const struct clp_grant *g);
void clp_logged(struct clp *clp, const struct clp_table *t, const struct clp_grant *g, bool have_come);

/* The store is ready for the table, or it is made so now (figure 8). CLP_OK or EADDRNOTAVAIL. */
int clp_make_ready(struct clp *clp, struct clp_table *t);

/* Ports in use are kept as found ones: they have become eligible. */
void clp_keep_found_ports(struct clp *clp, struct clp_table *t);

/* The stack that distributes the address is told of ports before they are used. CLP_OK or EADDRNOTAVAIL. */
int clp_announce(struct clp *clp, const struct clp_table *t, const struct clp_grant *g);

/* Do what had to wait for the end of a question or a message. */
void clp_settle(struct clp *clp);

/* Are the table's ports kept in bit maps in the CF: clp_cf.c? */
bool clp_is_bitmap(const struct clp_table *t);

/* Show what has changed to who looks at the CF, at most once a second: clp_show.h. */
void clp_show(struct clp *clp, uint64_t now);

/* Who has which port of the address; made if there is none. NULL: no room. */
struct clp_view *clp_view_of(struct clp *clp, uint32_t address);

/* Recovery of the keepers without a CF, see struct clp_store: the ports of the system are nobody's in the view. */
int clp_view_recover(struct clp *clp, struct clp_table *table, const char *system, uint8_t number, uint32_t *ports);

/* Give ports back to the keeper; they leave the table. CLP_OK or an errno: they stay. */
int clp_give(struct clp *clp, struct clp_table *t, const struct clp_grant *grant);

/* Give back what is idle until no more than `keep` free ports are left. Result: ports given back. */
uint32_t clp_give_surplus(struct clp *clp, struct clp_table *t, uint32_t keep);

/* A keeper has seen how full the pool is: `available` of `all` ports that could be given out. */
void clp_pool_seen(struct clp_table *t, uint32_t available, uint32_t all);

/* The life of this stack, or the one that another system is recovered from: the version of what it writes to the CF. */
uint64_t clp_life(const struct clp *clp, uint8_t number);

/* Is the system in the sysplex, as far as this stack knows? */
static inline bool clp_is_member(const struct clp *clp, uint8_t number)
{
    return clp->ops && clp->ops->members && clp->ops->members(clp->context) >> number & 1;
}

/* Does this stack know of every other one? If not, nobody can be asked whether a port is his. */
bool clp_in_sysplex(const struct clp *clp);

/* Messages may come in for at most `us` microseconds. What they change of CLUSTERPORTS waits until this is over. */
void clp_listen(struct clp *clp, uint32_t us);

/* clp->reserved of another system has changed. */
void clp_reservations_changed(struct clp *clp);

/* CRHT: a connection without a record of its destination begins, has ended. counted: clp_loose_add() was told of it, and it is
 * not one that was found when CLUSTERPORTS came. */
void clp_loose_add(struct clp_loose *loose, const struct clp_tuple *tuple);
void clp_loose_remove(struct clp_loose *loose, const struct clp_tuple *tuple, bool counted);

/* A port of the explicit-bind pool. CLP_OK or EADDRNOTAVAIL. */
int clp_claim_explicit(struct clp *clp, uint16_t *port);

int clp_error(struct clp *clp, int code, enum clp_reason reason);

/* Connect to a structure of a keeper unless *connection is there already. CLP_OK or EADDRNOTAVAIL; EZD1297I, but only once
 * until it can be had (*refused): each connection that needs it tries again. */
int clp_connect_structure(struct clp *clp, struct xes_connection **connection, bool *refused, const char *structure,
                          const struct xes_attributes *attributes);

/* A step of the table's keeper has failed with clp->reason. True: the CF was lost under it, and the structure has been rebuilt
 * meanwhile: try again. */
bool clp_again(struct clp *clp, const struct clp_table *table);

/* IXLCONN to a structure of which this stack has `connection` (&clp->connection, ->lists, ->crht), taking part in its
 * rebuilds. The connection's name is filled in. Return code and *reason of IXLCONN. */
int clp_structure_connect(struct clp *clp, struct xes_connection **connection, struct xes_connect_parms *parms,
                          uint32_t *reason);

static inline struct clp_grant *grant_one(struct clp_grant *g, uint16_t port)
{
    g->count = 1;
    g->words[0] = (struct clp_word){ .word = port / 64, .ports = 1ull << (63 - (port & 63)) };
    return g;
}

#endif
