/* plant_leak SEGMENT ADDRESS PORT: what a stack leaves behind that dies between the two writes of 935 and 940. The port of the
 * DVIPA is taken out of the cluster's pool, under the lock, and put into nobody's map. For tests of V TCPIP,,SYSPLEX,AUDIT.
 *
 * Exit code: 0 done, 1 it could not be done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf.h"
#include "stack/base/text.h"
#include "stack/clp/clp.h"
#include "stack/platform/host.h"

enum { AVAILABLE = CLP_POOL_BYTES - CLP_POOL_HEADER };      /* of the pool's entry: how many ports are (clp_cf.c) */

static int fail(const char *what, int rc, uint32_t reason)
{
    fprintf(stderr, "plant_leak: %s: return code %d, reason %04X\n", what, rc, reason);
    return 1;
}

static struct xes_request request_of(uint16_t command, uint32_t dvipa, uint8_t lockoper)
{
    struct xes_request r = {.command = command, .locate = CF_LOCATE_NAME, .options = CF_OPT_DATA, .list = clp_list(dvipa),
                            .lock_index = clp_list(dvipa), .lockoper = lockoper};
    char name[CF_NAME_SIZE + 1];
    r.lockmode = lockoper == CF_LOCK_SET ? CF_LOCKMODE_UNCOND : CF_LOCKMODE_COND;
    snprintf(name, sizeof name, "%08X", dvipa);
    xes_name(r.name, CF_NAME_SIZE, name);
    return r;
}

/* 925: retrieved and locked; 935: the port leaves the pool; 940, its second half: no map gets it, the lock is let go of. */
static int plant(struct xes_connection *connection, uint32_t dvipa, uint32_t port)
{
    static uint8_t pool[CLP_POOL_BYTES];
    uint8_t bit = (uint8_t)(0x80 >> port % 8);
    struct xes_request r = request_of(CF_CMD_LIST_READ, dvipa, CF_LOCK_SET);
    r.in = pool;
    r.in_cap = sizeof pool;
    int rc = xes_list(connection, &r);
    if (rc != IXLRETCODEOK || r.data_len < sizeof pool)
        return fail("the pool cannot be read", rc, r.reason);
    bool available = pool[port / 8] & bit;
    if (available) {
        pool[port / 8] &= (uint8_t)~bit;
        put_be32(pool + AVAILABLE, get_be32(pool + AVAILABLE) - 1);
    }
    r = request_of(CF_CMD_LIST_WRITE, dvipa, CF_LOCK_RESET);
    r.entrytype = CF_ENTRY_OLD;
    r.out = pool;
    r.out_len = sizeof pool;
    rc = xes_list(connection, &r);
    if (rc != IXLRETCODEOK)
        return fail("the pool cannot be written", rc, r.reason);
    return available ? 0 : fail("the port is not in the pool", 0, 0);
}

int main(int argc, char **argv)
{
    static struct xes xes;
    const struct xes_connect_parms parms = {
        .structure = CLP_STRUCTURE, .connection = "LEAK", .system = "LEAK", .job = "LEAK",
        .attributes = {.list_headers = CLP_LISTS, .lock_entries = CLP_LISTS, .size_kib = 8192, .max_elements = 255,
                       .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED, .entry_ratio = 1, .element_ratio = 32, .vector_bits = 32},
    };
    struct xes_connection *connection;
    struct cf *cf;
    uint32_t dvipa, port, reason = 0;
    if (argc != 4 || !text_parse_ip(argv[2], &dvipa) || !text_parse_u32(argv[3], 65535, &port)) {
        fprintf(stderr, "usage: plant_leak SEGMENT ADDRESS PORT\n");
        return 1;
    }
    int rc = cf_open(argv[1], "LEAK", &cf);
    if (rc < 0)
        return fail(argv[1], rc, 0);
    host_platform_reset();
    host_platform_add_cf(cf);
    rc = xes_connect(&xes, &parms, &connection, &reason);
    if (rc > IXLRETCODEWARNING)
        return fail("IXLCONN", rc, reason);
    rc = plant(connection, dvipa, port);
    xes_disconnect(connection, false);
    cf_close(cf);
    return rc;
}
