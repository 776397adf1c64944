/* Message blocks made easy for host programs that use the engine as a library: tests, benchmarks, tools. */
#ifndef CF_REQUEST_H
#define CF_REQUEST_H

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf.h"

/* A connection as its user keeps it. */
struct cf_user {
    struct cf *cf;
    uint32_t structure;
    uint64_t token;
    uint32_t conid;
};

static inline void cf_name_put(uint8_t *to, size_t size, const char *name)
{
    memset(to, ' ', size);
    memcpy(to, name, strnlen(name, size));
}

/* Start a message of a connection. */
static inline void cf_request(uint8_t mcb[CF_MCB_SIZE], const struct cf_user *user, enum cf_command command)
{
    memset(mcb, 0, CF_MCB_SIZE);
    put_be16(mcb + MCB_COMMAND, (uint16_t)command);
    put_be32(mcb + MCB_STRUCTURE, user->structure);
    put_be64(mcb + MCB_TOKEN, user->token);
}

/* Start a CONNECT message; the attributes at MCB_OWN are the caller's to add. */
static inline void cf_request_connect(uint8_t mcb[CF_MCB_SIZE], const char *structure, const char *connection, const char *job)
{
    memset(mcb, 0, CF_MCB_SIZE);
    put_be16(mcb + MCB_COMMAND, CF_CMD_CONNECT);
    cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, structure);
    cf_name_put(mcb + MCB_AUTH_COMP, CF_NAME_SIZE, connection);
    cf_name_put(mcb + MCB_AUTH, 8, "HOST");
    cf_name_put(mcb + MCB_AUTH + 8, 8, job);
}

/* Send a message without data. */
static inline int cf_send(struct cf *cf, const uint8_t *mcb, uint8_t *mrb)
{
    cf_message(cf, mcb, NULL, 0, mrb, NULL, 0);
    return get_be16(mrb + MRB_RESPONSE);
}

/* Send a CONNECT message and keep what came back. */
static inline int cf_send_connect(struct cf *cf, const uint8_t *mcb, uint8_t *mrb, struct cf_user *user)
{
    int response = cf_send(cf, mcb, mrb);
    user->cf = cf;
    user->structure = get_be32(mrb + MRB_STRUCTURE);
    user->token = get_be64(mrb + MRB_TOKEN);
    user->conid = get_be32(mrb + MRB_CONID);
    return response;
}

#endif
