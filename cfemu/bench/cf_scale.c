#include "cfemu/bench/cf_scale.h"

#include <stdio.h>
#include <stdlib.h>

#include "cfemu/engine/cf_request.h"

#define LOCK_ENTRIES 65536u
#define ENTRY_BYTES 128u        /* with its adjunct */

const char *const cf_scale_names[CF_SCALE_COMMANDS] = {
    "READ by name", "WRITE by name", "WRITE new, DELETE", "READ by key", "MOVE by key, to another key", "lock OBTAIN, RELEASE",
};

enum { KEYED, NAMED, LOCK, KINDS };
static const char *const kind_names[KINDS] = {"KEYED", "NAMED", "LOCK"};

static struct {
    struct cf *cf;
    struct cf_scale scale;
    struct cf_user *users[KINDS];   /* scale.connections each */
    struct cf_user *others;
    uint32_t *key;                  /* of each entry of KEYED */
    uint32_t keys;                  /* given out */
    unsigned seed;
} made;

static uint32_t draw(uint32_t below)
{
    return ((uint32_t)rand_r(&made.seed) << 15 ^ (uint32_t)rand_r(&made.seed)) % below;
}

static bool send_message(const uint8_t *mcb, const char *what)
{
    uint8_t mrb[CF_MRB_SIZE];
    if (cf_send(made.cf, mcb, mrb) == CF_RSP_OK)
        return true;
    fprintf(stderr, "cf_scale: %s: response %04X, reason %u\n", what, get_be16(mrb + MRB_RESPONSE), get_be16(mrb + MRB_REASON));
    return false;
}

/* --- making it ----------------------------------------------------------------------------------------------------------- */

/* KiB of a list structure: its tables and its entries, all adjuncts and no data. */
static uint32_t list_size_kib(uint32_t entries, uint32_t lists)
{
    return (uint32_t)(((uint64_t)entries * (ENTRY_BYTES + 8) + (uint64_t)lists * 128) / 1024 + 2048);
}

uint64_t cf_scale_size_kib(const struct cf_scale *scale)
{
    return 2ull * list_size_kib(scale->entries, scale->lists) + (uint64_t)scale->structures * 1024 + 16384;
}

static bool connect_one(const char *structure, uint32_t number, uint32_t size_kib, int kind, struct cf_user *user)
{
    uint8_t mcb[CF_MCB_SIZE], mrb[CF_MRB_SIZE], *own = mcb + MCB_OWN;
    char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "C%u", number);
    cf_request_connect(mcb, structure, name, "SCALE");
    put_be32(own + CONN_SIZE_KIB, size_kib);
    if (kind == LOCK) {
        put_be32(own + CONN_LOCKENTRIES, LOCK_ENTRIES);
    } else {
        put_be32(own + CONN_LISTHEADERS, made.scale.lists);
        own[CONN_FLAGS] = (uint8_t)(CF_CONN_ADJUNCT | (kind == KEYED ? CF_CONN_KEYED : CF_CONN_NAMED));
        put_be16(own + CONN_MAXELEMNUM, 1);
        put_be16(own + CONN_ENTRYRATIO, 1);     /* no storage for elements: their ratio is 0 */
    }
    int response = cf_send_connect(made.cf, mcb, mrb, user);
    if (response != CF_RSP_OK)
        fprintf(stderr, "cf_scale: CONNECT %u to %s: response %04X, reason %u\n", number, structure, response, get_be16(mrb + MRB_REASON));
    return response == CF_RSP_OK;
}

static bool connect_all(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        made.users[kind] = calloc(made.scale.connections, sizeof(struct cf_user));
        uint32_t size = kind == LOCK ? 4096 : list_size_kib(made.scale.entries, made.scale.lists);
        for (uint32_t i = 0; i < made.scale.connections; i++)
            if (!made.users[kind] || !connect_one(kind_names[kind], i, size, kind, &made.users[kind][i]))
                return false;
    }
    uint32_t lists = made.scale.lists;
    made.others = calloc(made.scale.structures - KINDS + 1, sizeof(struct cf_user));
    made.scale.lists = 1;
    for (uint32_t i = 0; i < made.scale.structures - KINDS; i++) {
        char name[CF_NAME_SIZE + 1];
        snprintf(name, sizeof name, "OTHER%u", i);
        if (!made.others || !connect_one(name, 0, 1024, NAMED, &made.others[i]))
            return false;
    }
    made.scale.lists = lists;
    return true;
}

/* Numbers in no order, none twice. */
static uint32_t key_next(void)
{
    return made.keys++ * 2654435761u;
}

static void key_put(uint8_t *to, uint32_t key)
{
    memset(to, 0, CF_NAME_SIZE);
    put_be32(to, key);
}

static void name_put(uint8_t *to, uint32_t number)
{
    char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "ENTRY%u", number);
    cf_name_put(to, CF_NAME_SIZE, name);
}

/* One of the connections, by turns of chance. */
static void begin(uint8_t *mcb, int kind, enum cf_command command)
{
    cf_request(mcb, &made.users[kind][draw(made.scale.connections)], command);
}

static bool entry_write(int kind, uint32_t number, uint8_t type)
{
    uint8_t mcb[CF_MCB_SIZE];
    begin(mcb, kind, CF_CMD_LIST_WRITE);
    mcb[MCB_LOCATE] = kind == NAMED ? CF_LOCATE_NAME : CF_LOCATE_KEY_TAIL;
    mcb[MCB_ENTRYTYPE] = type;
    mcb[MCB_OPTIONS] = CF_OPT_ADJUNCT;
    put_be32(mcb + MCB_LIST, number % made.scale.lists);
    if (kind == NAMED)
        name_put(mcb + MCB_NAME, number);
    else
        key_put(mcb + MCB_NAME, made.key[number]);
    return send_message(mcb, "WRITE");
}

static bool fill(void)
{
    made.key = calloc(made.scale.entries, sizeof(uint32_t));
    for (uint32_t i = 0; i < made.scale.entries; i++) {
        if (!made.key)
            return false;
        made.key[i] = key_next();
        if (!entry_write(KEYED, i, CF_ENTRY_NEW) || !entry_write(NAMED, i, CF_ENTRY_NEW))
            return false;
    }
    return true;
}

bool cf_scale_make(struct cf *cf, const struct cf_scale *scale)
{
    made.cf = cf;
    made.scale = *scale;
    made.keys = 0;
    made.seed = 1;
    return connect_all() && fill();
}

static void disconnect(const struct cf_user *user)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, user, CF_CMD_DISCONNECT);
    (void)send_message(mcb, "DISCONNECT");
}

void cf_scale_end(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (uint32_t i = 0; i < made.scale.connections; i++)
            disconnect(&made.users[kind][i]);
        free(made.users[kind]);
    }
    for (uint32_t i = 0; i < made.scale.structures - KINDS; i++)
        disconnect(&made.others[i]);
    free(made.others);
    free(made.key);
}

/* --- commands ------------------------------------------------------------------------------------------------------------ */

static bool read_entry(int kind)
{
    uint8_t mcb[CF_MCB_SIZE];
    uint32_t number = draw(made.scale.entries);
    begin(mcb, kind, CF_CMD_LIST_READ);
    mcb[MCB_LOCATE] = kind == NAMED ? CF_LOCATE_NAME : CF_LOCATE_KEY_HEAD;
    mcb[MCB_OPTIONS] = CF_OPT_ADJUNCT;
    put_be32(mcb + MCB_LIST, number % made.scale.lists);
    if (kind == NAMED)
        name_put(mcb + MCB_NAME, number);
    else
        key_put(mcb + MCB_NAME, made.key[number]);
    return send_message(mcb, "READ");
}

static bool create_delete(void)
{
    uint8_t mcb[CF_MCB_SIZE];
    uint32_t number = made.scale.entries + draw(made.scale.entries);
    if (!entry_write(NAMED, number, CF_ENTRY_NEW))
        return false;
    begin(mcb, NAMED, CF_CMD_LIST_DELETE);
    mcb[MCB_LOCATE] = CF_LOCATE_NAME;
    name_put(mcb + MCB_NAME, number);
    return send_message(mcb, "DELETE");
}

static bool move_key(void)
{
    uint8_t mcb[CF_MCB_SIZE];
    uint32_t number = draw(made.scale.entries), key = key_next();
    begin(mcb, KEYED, CF_CMD_LIST_MOVE);
    mcb[MCB_LOCATE] = CF_LOCATE_KEY_HEAD;
    put_be32(mcb + MCB_LIST, number % made.scale.lists);
    put_be32(mcb + MCB_TARGET_LIST, number % made.scale.lists);
    key_put(mcb + MCB_NAME, made.key[number]);
    key_put(mcb + MCB_OWN + LIST_TARGETKEY, key);
    mcb[MCB_OWN + LIST_KEYTYPE] = CF_KEYTYPE_TARGET;
    mcb[MCB_OWN + LIST_POSITION] = CF_LOCATE_TAIL;
    made.key[number] = key;
    return send_message(mcb, "MOVE");
}

static bool obtain_release(void)
{
    uint8_t mcb[CF_MCB_SIZE];
    uint32_t index = draw(LOCK_ENTRIES);
    const struct cf_user *user = &made.users[LOCK][draw(made.scale.connections)];
    cf_request(mcb, user, CF_CMD_LOCK_OBTAIN);
    mcb[MCB_ADJUNCT + LOP_STATE] = CF_STATE_EXCL;
    put_be32(mcb + MCB_ADJUNCT + LOP_INDEX, index);
    if (!send_message(mcb, "OBTAIN"))
        return false;
    cf_request(mcb, user, CF_CMD_LOCK_RELEASE);
    put_be32(mcb + MCB_ADJUNCT + LOP_INDEX, index);
    return send_message(mcb, "RELEASE");
}

bool cf_scale_run(enum cf_scale_command command)
{
    switch (command) {
    case CF_SCALE_READ:
        return read_entry(NAMED);
    case CF_SCALE_WRITE:
        return entry_write(NAMED, draw(made.scale.entries), CF_ENTRY_OLD);
    case CF_SCALE_CREATE_DELETE:
        return create_delete();
    case CF_SCALE_READ_KEY:
        return read_entry(KEYED);
    case CF_SCALE_MOVE_KEY:
        return move_key();
    default:
        return obtain_release();
    }
}
