/* What the dashboard knows of a Sysplex at an instant: plain data, no pointers but to the port maps, no SDL.
 *
 *   segment, /proc, events.jsonl ─► source.c ─┐                       ┌─► views (SDL)
 *   recording ─────────────────► frames.c ────┴─► struct model ───────┼─► frames.c: history, recording
 *                                                                     └─► model_json.c
 *
 * A view shows a model and nothing else, so that the past and a replay look like the present. Rates are figures of the interval
 * since the model before. model_valid() is asked of a model that was read from a file before anybody uses it. */
#ifndef CFDASH_MODEL_H
#define CFDASH_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/flow.h"

#define MODEL_SYSTEMS_MAX 32u
#define MODEL_CFS_MAX 2u            /* a pair */
#define MODEL_STRUCTURES_MAX 24u    /* that are shown; the others are counted */
#define MODEL_CONNECTIONS_MAX 32u   /* of a structure, likewise */
#define MODEL_LOCKS_MAX 64u         /* lock entries that are held */
#define MODEL_WAITERS_MAX 8u        /* of one lock */
#define MODEL_EVENTS_MAX 200u       /* the newest */
#define MODEL_DVIPAS_MAX 16u
#define MODEL_PORTS 65536u

struct model_system {
    char name[9];
    uint8_t number;                 /* 0: not known */
    uint8_t member;                 /* its record in IXCSTR1: enum model_member */
    uint8_t process;                /* enum model_process */
    uint32_t pid;
    uint32_t cf_connections;        /* active, to all structures */
    uint64_t joined_ms;             /* realtime; 0: not known */
    double cpu_percent;             /* of one processor */
    uint32_t memory_mib;
    uint32_t ports_owned, ports_used;       /* of all DVIPAs */
    bool flow_known;
    uint64_t published_ms;          /* when the stack last told its FLOW counts and ports in use; 0: never */
    uint64_t flow[FLOW_BLOCK_COUNT];
    float flow_rate[FLOW_BLOCK_COUNT];      /* per second */
};

enum model_member { MEMBER_NONE = 0, MEMBER_ACTIVE, MEMBER_FAILED, MEMBER_LEFT, MEMBER_REMOVING };
enum model_process { PROCESS_UNKNOWN = 0, PROCESS_RUNS, PROCESS_STOPPED, PROCESS_ENDED };

struct model_cf {
    char name[9];
    bool failed;
    uint64_t total_kib, free_kib;
    uint32_t structures;
    double per_second;
};

struct model_connection {
    char name[17], system[9], job[9];
    uint8_t id;
    uint8_t state;                  /* enum cf_conn_state */
    uint64_t requests;
    double per_second;
};

enum model_type { MODEL_LIST = 0, MODEL_SERIALIZED, MODEL_LOCK };

struct model_structure {
    char name[17];
    uint8_t type;                   /* enum model_type */
    uint8_t cf;                     /* index */
    uint8_t duplex;                 /* enum cf_duplex_state */
    uint8_t rebuild;                /* enum cf_rebuild_phase, 0: none */
    bool lost;                      /* it went with its CF */
    uint32_t generation;
    uint32_t size_kib;
    uint32_t entries_used, entries_total, elements_used, elements_total, locks_held, locks_total;
    uint64_t requests, contended, false_contended, busy, rolled_back, served;
    uint64_t synchronous;           /* of requests */
    double ticks, ticks_squared;    /* sums, in microseconds */
    double per_second, average_us, deviation_us, synchronous_percent;        /* of the interval */
    double contended_per_second, false_per_second;
    uint32_t connections;           /* in all */
    struct model_connection connection[MODEL_CONNECTIONS_MAX];
};

struct model_lock {
    char structure[17];
    uint32_t index;
    char holder[17];
    uint32_t waiters;
    char waiter[MODEL_WAITERS_MAX][17];
};

struct model_event {
    uint64_t ms;                    /* realtime */
    char system[9], event[20], text[140];
};

/* A port, one byte: kind in the two high bits, who in the others. */
enum model_cell { CELL_FREE = 0, CELL_IDLE = 1, CELL_USED = 2, CELL_SHARED = 3 };
enum model_cell_free { CELL_AVAILABLE = 0, CELL_RESTING, CELL_RESERVED, CELL_NOWHERE };     /* in place of who, of CELL_FREE */
#define MODEL_PORT(kind, who) ((uint8_t)((kind) << 6 | (who)))
static inline enum model_cell port_kind(uint8_t port) { return (enum model_cell)(port >> 6); }
static inline uint8_t port_who(uint8_t port) { return port & 63; }      /* system number 1 .. 32, or enum model_cell_free */

enum model_count { COUNT_AVAILABLE, COUNT_RESTING, COUNT_RESERVED, COUNT_NOWHERE, COUNT_IDLE, COUNT_USED, COUNT_SHARED, MODEL_COUNTS };

struct model_dvipa {
    uint32_t address;               /* CLP_EXPLICIT: the explicit-bind pool */
    char keeper[13];                /* of its ports: "BITMAP", "LISTS", "CRHT", "BROADCAST" ...; "": no stack has told */
    bool mapped;                    /* bit maps in the CF say who has which port; else the stacks, once a second */
    uint32_t count[MODEL_COUNTS];
    uint32_t owned[MODEL_SYSTEMS_MAX + 1], used[MODEL_SYSTEMS_MAX + 1];     /* by system number; used is part of owned */
    bool use_known[MODEL_SYSTEMS_MAX + 1];                                  /* the stack has told which ports it uses */
    uint32_t timewait_s;
    uint8_t port[MODEL_PORTS];
    uint32_t since[MODEL_PORTS];    /* when it became what it is, seconds since 1970; 0: before the dashboard began */
};

struct model {
    char sysplex[33];               /* name, or that of the segment */
    uint64_t time_ms;               /* realtime of the reading */
    uint64_t began_ms;              /* of the first one */
    double interval_s;              /* since the one before */
    uint32_t unsteady;              /* port maps that were changing too fast to be read: the reading before stands */
    uint32_t cf_count, system_count, structure_count, structures_unseen, lock_count, event_count, dvipa_count;
    uint64_t events_seen;
    struct model_cf cf[MODEL_CFS_MAX];
    struct model_system system[MODEL_SYSTEMS_MAX];
    struct model_structure structure[MODEL_STRUCTURES_MAX];
    struct model_lock lock[MODEL_LOCKS_MAX];
    struct model_event event[MODEL_EVENTS_MAX];             /* oldest first */
    struct model_dvipa *dvipa;      /* MODEL_DVIPAS_MAX of them */
};

/* All zeros. NULL: no memory. */
struct model *model_new(void);
void model_free(struct model *model);
void model_copy(struct model *to, const struct model *from);

/* Is everything that is used as an index or a text within its bounds? */
bool model_valid(const struct model *model);

/* The system of this number, or of this name; NULL: none. */
struct model_system *model_system_numbered(struct model *model, uint8_t number);
struct model_system *model_system_named(struct model *model, const char *name);

/* Count the kinds and owners of the ports of a DVIPA from its map. */
void model_dvipa_count(struct model_dvipa *dvipa);

#endif
