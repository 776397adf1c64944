/* Requests to a coupling facility for guest tests: one connection to a test structure, built by hand.
 *
 * The tests of the doors (herc-device/) use neither the image's driver nor xes: they put every block where they want it.
 * They look at the doors, not at the CF's commands; a structure with a few lists and named entries is enough to see
 * whether a command was executed. The MCB is built in place (cfs_mcb), the last MRB is in cfs_mrb. */
#ifndef GUEST_TESTS_CFS_REQUEST_H
#define GUEST_TESTS_CFS_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "cfemu/arch/cf_arch.h"

#define CFS_DEVICE 0x0F00           /* CFS device numbers of every test that has a CF: two paths to the same one */
#define CFS_DEVICE_2 0x0F01

/* The message operation block as the machine reads it. */
struct mob {
    uint64_t mcb, mrb, out, in;
    uint32_t out_len, in_len;
} __attribute__((aligned(8)));

struct cfs_connection {
    uint32_t id;                    /* subsystem identification word of the CFS device */
    uint32_t structure;
    uint64_t token;
    uint32_t conid;
};

extern uint8_t cfs_mcb[CF_MCB_SIZE], cfs_mrb[CF_MRB_SIZE];

/* CFMSG: its condition code. */
static inline int cfmsg(uint32_t id, const struct mob *mob)
{
    register uint64_t r1 asm("1") = id;
    int cc;
    asm volatile(".insn s,0xb2f10000,%2\n ipm %0\n srl %0,28" : "=d"(cc) : "d"(r1), "Q"(*mob) : "cc", "memory");
    return cc;
}

/* A MOB for cfs_mcb and cfs_mrb with these areas. */
struct mob cfs_mob(const void *out, uint32_t out_len, void *in, uint32_t in_len);

/* Start a new MCB for this connection. */
void cfs_request(const struct cfs_connection *connection, enum cf_command command);

/* The same for an entry by its name, up to 16 characters; list and options as given. */
void cfs_entry_request(const struct cfs_connection *connection, enum cf_command command, const char *name, uint8_t options);

/* Send cfs_mcb, answer to cfs_mrb: condition code. Who holds the structure at the moment, and may have lost the processor, is
 * waited for: 2 is for one that keeps it. */
int cfs_send(uint32_t id, const void *out, uint32_t out_len, void *in, uint32_t in_len);

/* The same with a block of the caller's. */
int cfs_send_mob(uint32_t id, const struct mob *mob);

/* MRB_RESPONSE of the last answer. */
unsigned cfs_response(void);

/* Connect to the structure GUESTTEST under this name through the device: response. */
unsigned cfs_connect(struct cfs_connection *connection, uint32_t id, const char *name);

/* Build the same CONNECT request in cfs_mcb, and take up the answer in cfs_mrb, for another door than CFMSG. */
void cfs_connect_request(const char *name);
void cfs_connected(struct cfs_connection *connection, uint32_t id);

/* Create an entry of this name with this data: response. */
unsigned cfs_write(const struct cfs_connection *connection, const char *name, const void *data, uint32_t len);

/* true: the structure has an entry of this name. */
bool cfs_exists(const struct cfs_connection *connection, const char *name);

/* len bytes that differ from place to place and from seed to seed. */
void cfs_fill(void *data, uint32_t len, uint32_t seed);
bool cfs_is_filled(const void *data, uint32_t len, uint32_t seed);

#endif
