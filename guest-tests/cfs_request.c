#include "guest-tests/cfs_request.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/image/cpu.h"

#define BUSY_LIMIT_US 20000000ul

uint8_t cfs_mcb[CF_MCB_SIZE] __attribute__((aligned(8)));
uint8_t cfs_mrb[CF_MRB_SIZE] __attribute__((aligned(8)));

struct mob cfs_mob(const void *out, uint32_t out_len, void *in, uint32_t in_len)
{
    return (struct mob){
        .mcb = (uintptr_t)cfs_mcb,
        .mrb = (uintptr_t)cfs_mrb,
        .out = (uintptr_t)out,
        .in = (uintptr_t)in,
        .out_len = out_len,
        .in_len = in_len,
    };
}

static void put_name(uint8_t *to, const char *name, unsigned size, char pad)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = (uint8_t)(*name != '\0' ? *name++ : pad);
}

void cfs_request(const struct cfs_connection *connection, enum cf_command command)
{
    memset(cfs_mcb, 0, sizeof(cfs_mcb));
    put_be16(cfs_mcb + MCB_COMMAND, command);
    put_be32(cfs_mcb + MCB_STRUCTURE, connection->structure);
    put_be64(cfs_mcb + MCB_TOKEN, connection->token);
}

void cfs_entry_request(const struct cfs_connection *connection, enum cf_command command, const char *name, uint8_t options)
{
    cfs_request(connection, command);
    cfs_mcb[MCB_LOCATE] = CF_LOCATE_NAME;
    cfs_mcb[MCB_OPTIONS] = options;
    put_name(cfs_mcb + MCB_NAME, name, CF_NAME_SIZE, ' ');
}

int cfs_send(uint32_t id, const void *out, uint32_t out_len, void *in, uint32_t in_len)
{
    struct mob mob = cfs_mob(out, out_len, in, in_len);

    put_be32(cfs_mcb + MCB_DATALEN, out_len);
    return cfs_send_mob(id, &mob);
}

int cfs_send_mob(uint32_t id, const struct mob *mob)
{
    int cc = cfmsg(id, mob);

    if (cc != 2)
        return cc;                          /* before the clock is read: to be unique it waits for the next microsecond */
    for (uint64_t end = cpu_tod() + BUSY_LIMIT_US * 4096; cc == 2 && cpu_tod() < end;)
        cc = cfmsg(id, mob);
    return cc;
}

unsigned cfs_response(void)
{
    return get_be16(cfs_mrb + MRB_RESPONSE);
}

void cfs_connect_request(const char *name)
{
    uint8_t *own = cfs_mcb + MCB_OWN;

    cfs_request(&(struct cfs_connection){ 0 }, CF_CMD_CONNECT);
    put_name(cfs_mcb + MCB_NAME, "GUESTTEST", CF_NAME_SIZE, ' ');
    put_name(cfs_mcb + MCB_AUTH_COMP, name, CF_NAME_SIZE, ' ');
    put_name(cfs_mcb + MCB_AUTH, "MVS1", 8, ' ');
    put_name(cfs_mcb + MCB_AUTH + 8, "GTEST", 8, ' ');
    put_be32(own + CONN_LISTHEADERS, 8);
    put_be32(own + CONN_SIZE_KIB, 4096);
    put_be16(own + CONN_MAXELEMNUM, 255);
    put_be16(own + CONN_ENTRYRATIO, 1);
    put_be16(own + CONN_ELEMENTRATIO, 16);
    put_be32(own + CONN_VECTORLEN, 32);
    own[CONN_FLAGS] = CF_CONN_ADJUNCT | CF_CONN_NAMED;
}

void cfs_connected(struct cfs_connection *connection, uint32_t id)
{
    connection->id = id;
    connection->structure = get_be32(cfs_mrb + MRB_STRUCTURE);
    connection->token = get_be64(cfs_mrb + MRB_TOKEN);
    connection->conid = get_be32(cfs_mrb + MRB_CONID);
}

unsigned cfs_connect(struct cfs_connection *connection, uint32_t id, const char *name)
{
    cfs_connect_request(name);
    if (cfs_send(id, NULL, 0, NULL, 0) != 0)
        return CF_RSP_BUSY;
    cfs_connected(connection, id);
    return cfs_response();
}

unsigned cfs_write(const struct cfs_connection *connection, const char *name, const void *data, uint32_t len)
{
    cfs_entry_request(connection, CF_CMD_LIST_WRITE, name, CF_OPT_DATA);
    cfs_mcb[MCB_ENTRYTYPE] = CF_ENTRY_NEW;
    return cfs_send(connection->id, data, len, NULL, 0) == 0 ? cfs_response() : CF_RSP_BUSY;
}

bool cfs_exists(const struct cfs_connection *connection, const char *name)
{
    cfs_entry_request(connection, CF_CMD_LIST_READ, name, 0);
    return cfs_send(connection->id, NULL, 0, NULL, 0) == 0 && cfs_response() == CF_RSP_OK;
}

static uint8_t pattern(uint32_t place, uint32_t seed)
{
    return (uint8_t)((place * 31 + (place >> 8) * 7 + seed * 101) ^ seed);
}

void cfs_fill(void *data, uint32_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++)
        ((uint8_t *)data)[i] = pattern(i, seed);
}

bool cfs_is_filled(const void *data, uint32_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++)
        if (((const uint8_t *)data)[i] != pattern(i, seed))
            return false;
    return true;
}
