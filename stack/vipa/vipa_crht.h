/* The connection routing hash table of the owner of a DVIPA: which stack has which connection that came in, or that was
 * there when the address moved.
 *
 *   DVIPA, port, peer, peer's port  ──hash──►  bucket ──► entry ──► entry
 *
 * An entry is unconfirmed from the SYN that was sent to a target until the target says that it has the connection; one that
 * stays so goes after CRHT_AGE_US. A confirmed one goes when its target says that it has ended, or is gone itself. All
 * entries of a target and port are counted in one place (struct crht_count), which is what WEIGHTEDACTIVE goes by. */
#ifndef VIPA_CRHT_H
#define VIPA_CRHT_H

#include <stdbool.h>
#include <stdint.h>

#define CRHT_MAX 32768u             /* connections: two targets full of sockets; 40 bytes each */
#define CRHT_BUCKETS 16384u         /* a power of two */
#define CRHT_COUNTS 256u            /* DVIPA, port and target that have ever had a connection */
#define CRHT_AGE_US 360000000u      /* 6 minutes, as the product's */
#define CRHT_SWEEP 512u             /* entries that crht_age() looks at in one call */

struct vipa_tuple;

struct crht_entry {
    uint32_t address, peer;         /* address 0: free */
    uint16_t port, peer_port;
    uint8_t system;                 /* 1 .. SYSTEMS_MAX */
    bool confirmed;
    uint16_t count;                 /* index + 1 in counts; 0 = none was free */
    uint32_t next;                  /* index + 1, in its bucket or in the free list */
    uint64_t made_us;
};

struct crht_count {
    uint32_t address;
    uint16_t port;
    uint8_t system;
    uint32_t active;
    uint64_t total;
};

struct vipa_crht {
    struct crht_entry entries[CRHT_MAX];
    uint32_t buckets[CRHT_BUCKETS]; /* index + 1 */
    uint32_t free;                  /* index + 1 of the first that was used and is free again */
    uint32_t used;                  /* entries that were ever used */
    uint32_t count;                 /* connections */
    uint32_t sweep;                 /* where crht_age() goes on */
    struct crht_count counts[CRHT_COUNTS];
    unsigned count_count;
    uint64_t full, aged;            /* statistics: not entered; gone by age */
};

/* Zeros are an empty table. NULL: there is none. */
struct crht_entry *crht_find(struct vipa_crht *crht, uint32_t address, const struct vipa_tuple *tuple);

/* Enter, or change the system of, a connection. NULL: the table is full. */
struct crht_entry *crht_enter(struct vipa_crht *crht, uint32_t address, const struct vipa_tuple *tuple, uint8_t system, bool confirmed,
                              uint64_t now_us);

/* Remove it, if it is this system's. */
void crht_remove(struct vipa_crht *crht, uint32_t address, const struct vipa_tuple *tuple, uint8_t system);

/* Remove all of an address (0 = all addresses) and system (0 = all systems); how many. */
uint32_t crht_clear(struct vipa_crht *crht, uint32_t address, uint8_t system);

/* Is there a connection of the address? */
bool crht_has(const struct vipa_crht *crht, uint32_t address);

/* Look at some more entries for those that have not been confirmed in time. */
void crht_age(struct vipa_crht *crht, uint64_t now_us);

/* Connections of a target, now and ever; NULL: never one. */
const struct crht_count *crht_count_of(const struct vipa_crht *crht, uint32_t address, uint16_t port, uint8_t system);

#endif
