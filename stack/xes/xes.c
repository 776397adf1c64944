/* See xes.h. */
#include "stack/xes/xes.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"
#include "stack/xes/xes_rebuild.h"

/* What each response of the CF is called by IXLCONN and IXLLIST. */
static const struct {
    uint16_t response;
    uint16_t reason;
    uint8_t code;
} meanings[] = {
    { CF_RSP_OK, IXLRSNCODEOK, IXLRETCODEOK },
    { CF_RSP_NO_ENTRY, IXLRSNCODENOENTRY, IXLRETCODEENVERROR },
    { CF_RSP_ENTRY_EXISTS, IXLRSNCODEENTRYEXISTS, IXLRETCODEENVERROR },
    { CF_RSP_VERSION_MISMATCH, IXLRSNCODEVERSIONMISMATCH, IXLRETCODEENVERROR },
    { CF_RSP_LIST_MISMATCH, IXLRSNCODELISTMISMATCH, IXLRETCODEENVERROR },
    { CF_RSP_AUTHORITY_MISMATCH, IXLRSNCODEAUTHMISMATCH, IXLRETCODEENVERROR },
    { CF_RSP_KEY_MISMATCH, IXLRSNCODEKEYMISMATCH, IXLRETCODEENVERROR },
    { CF_RSP_RESTART_GONE, IXLRSNCODEBADRESTOKEN, IXLRETCODEENVERROR },
    { CF_RSP_NO_LOCK, IXLRSNCODENOLOCKENTRY, IXLRETCODEWARNING },
    { CF_RSP_NO_MONITOR, IXLRSNCODENOEMC, IXLRETCODEENVERROR },
    { CF_RSP_LISTKEY_MAX, IXLRSNCODEMAXLISTKEY, IXLRETCODEENVERROR },
    { CF_RSP_MONITORS_FULL, IXLRSNCODEEMCFULL, IXLRETCODEENVERROR },
    { CF_RSP_LOCK_HELD, IXLRSNCODELOCKCOND, IXLRETCODEENVERROR },
    { CF_RSP_LOCK_NOT_HELD, IXLRSNCODELOCKNOTHELD, IXLRETCODEWARNING },
    { CF_RSP_LOCK_PERSISTENT, IXLRSNCODELOCKPERSISTENT, IXLRETCODEENVERROR },
    { CF_RSP_LIST_FULL, IXLRSNCODELISTFULL, IXLRETCODEENVERROR },
    { CF_RSP_STRUCTURE_FULL, IXLRSNCODESTRFULL, IXLRETCODEENVERROR },
    { CF_RSP_CF_FULL, IXLRSNCODECFFULL, IXLRETCODEENVERROR },
    { CF_RSP_BUFFER_FULL, IXLRSNCODEBUFFERFULL, IXLRETCODEWARNING },
    { CF_RSP_TIMEOUT, IXLRSNCODETIMEOUT, IXLRETCODEWARNING },
    { CF_RSP_NO_STRUCTURE, IXLRSNCODERESOURCENOTFOUND, IXLRETCODEPARMERROR },
    { CF_RSP_NO_CONNECTION, IXLRSNCODEBADCONTOKEN, IXLRETCODEPARMERROR },
    { CF_RSP_NAME_IN_USE, IXLRSNCODECONNAMEINUSE, IXLRETCODEENVERROR },
    { CF_RSP_TOO_MANY, IXLRSNCODEMAXCONN, IXLRETCODEENVERROR },
    { CF_RSP_RESPONSES_MISSING, IXLRSNCODERSPNOTREC, IXLRETCODEENVERROR },
    { CF_RSP_NOT_AWAITED, IXLRSNCODENOTAWAITED, IXLRETCODEPARMERROR },
    { CF_RSP_CONN_ACTIVE, IXLRSNCODECONNACTIVE, IXLRETCODEENVERROR },
    { CF_RSP_CF_LEVEL, IXLRSNCODEINSUFFCFLEVEL, IXLRETCODEENVERROR },
    { CF_RSP_NOT_IN_POLICY, IXLRSNCODESTRNOTINPOLICY, IXLRETCODEENVERROR },
    { CF_RSP_NOT_THIS_CF, IXLRSNCODENOFAC, IXLRETCODEENVERROR },
    { CF_RSP_SIZE_TOO_SMALL, IXLRSNCODESTRSIZE, IXLRETCODEENVERROR },
    { CF_RSP_BUSY, IXLRSNCODESTRTEMPUNAVAIL, IXLRETCODEENVERROR },
    { CF_RSP_CF_FAILED, IXLRSNCODENOCONN, IXLRETCODEENVERROR },
    { CF_RSP_REBUILD, IXLRSNCODEREBUILD, IXLRETCODEENVERROR },
    { CF_RSP_ALTERING, IXLRSNCODEALTERING, IXLRETCODEENVERROR },
    { CF_RSP_ALTER_ENDED, IXLRSNCODEALTERENDED, IXLRETCODEENVERROR },
    { CF_RSP_ALTER_NOT_ALLOWED, IXLRSNCODEALTERNOTALLOWED, IXLRETCODEENVERROR },
    { CF_RSP_BAD_COMMAND, IXLRSNCODEBADPARMLIST, IXLRETCODEPARMERROR },
    { CF_RSP_BAD_REQUEST, IXLRSNCODEBADPARMLIST, IXLRETCODEPARMERROR },
};

static int meaning(uint16_t response, uint32_t *reason)
{
    for (unsigned i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].response == response) {
            *reason = meanings[i].reason;
            return meanings[i].code;
        }
    }
    *reason = IXLRSNCODESTRFAILURE;
    return IXLRETCODECOMPERROR;
}

void xes_name(uint8_t *out, uint32_t size, const char *text)
{
    uint32_t i = 0;

    for (; i < size && text[i]; i++)
        out[i] = (uint8_t)text[i];
    memset(out + i, ' ', size - i);
}

/* --- one command --------------------------------------------------------------------------------------------------- */

struct message {
    uint8_t mcb[CF_MCB_SIZE];
    uint8_t mrb[CF_MRB_SIZE];
};

void xes_waits(struct xes *xes)
{
    if (!xes)
        return;
    xes_repoll(xes);                        /* an attention may have found another structure busy */
    if (xes->wait_exit)
        xes->wait_exit(xes->wait_context);
}

/* Send the message; a busy subchannel or structure is tried again a bounded number of times. False: CF lost. */
static bool send_patiently(struct xes *xes, unsigned cf, struct message *m, const void *out, uint32_t out_len, void *in,
                           uint32_t in_cap, uint64_t *busy)
{
    struct ecb never = { 0 };

    for (unsigned try = 0;; try++) {
        int cc = platform_cf_message(cf, m->mcb, out, out_len, m->mrb, in, in_cap);

        if (cc != 0 && cc != 2)
            return false;
        if (cc == 2)
            put_be16(m->mrb + MRB_RESPONSE, CF_RSP_BUSY);
        if (get_be16(m->mrb + MRB_RESPONSE) != CF_RSP_BUSY || try == XES_BUSY_TRIES)
            return true;
        ++*busy;
        platform_wait(&never, 100ull << (try < 9 ? try : 9));
        xes_waits(xes);
    }
}

static bool send_message(unsigned cf, struct message *m, const void *out, uint32_t out_len, void *in, uint32_t in_cap,
                         uint64_t *busy)
{
    return send_patiently(NULL, cf, m, out, out_len, in, in_cap, busy);
}

bool xes_send(struct xes_connection *c, uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in, uint32_t in_cap)
{
    struct message m;

    put_be32(mcb + MCB_STRUCTURE, c->structure);
    put_be64(mcb + MCB_TOKEN, c->token);
    memcpy(m.mcb, mcb, sizeof m.mcb);
    c->requests++;
    if (c->lost || !send_message(c->cf, &m, out, out_len, in, in_cap, &c->busy)) {
        c->lost = true;
        return false;
    }
    uint16_t response = get_be16(m.mrb + MRB_RESPONSE);
    if (response == CF_RSP_NO_CONNECTION || response == CF_RSP_NO_STRUCTURE)
        c->lost = true;
    memcpy(mrb, m.mrb, sizeof m.mrb);
    return true;
}

/* --- connections --------------------------------------------------------------------------------------------------- */

static void put_attributes(uint8_t *own, const struct xes_attributes *a)
{
    put_be32(own + CONN_LISTHEADERS, a->list_headers);
    put_be32(own + CONN_LOCKENTRIES, a->lock_entries);
    put_be32(own + CONN_SIZE_KIB, a->size_kib);
    put_be16(own + CONN_MAXELEMNUM, a->max_elements);
    own[CONN_ELEMCHAR] = a->elemchar;
    own[CONN_FLAGS] = a->flags;
    put_be16(own + CONN_ENTRYRATIO, a->entry_ratio);
    put_be16(own + CONN_ELEMENTRATIO, a->element_ratio);
    put_be32(own + CONN_VECTORLEN, a->vector_bits);
    put_be16(own + CONN_EMCSTGPCT, a->emcstgpct);
    own[CONN_OPTIONS] = a->options;
    own[CONN_CFLEVEL] = a->cf_level;
    own[CONN_MAXCONN] = a->max_connections;
    put_be32(own + CONN_RECORDS, a->records);
}

static void get_attributes(struct xes_attributes *a, const uint8_t *own)
{
    a->list_headers = get_be32(own + CONN_LISTHEADERS);
    a->lock_entries = get_be32(own + CONN_LOCKENTRIES);
    a->size_kib = get_be32(own + CONN_SIZE_KIB);
    a->max_elements = get_be16(own + CONN_MAXELEMNUM);
    a->elemchar = own[CONN_ELEMCHAR];
    a->flags = own[CONN_FLAGS];
    a->entry_ratio = get_be16(own + CONN_ENTRYRATIO);
    a->element_ratio = get_be16(own + CONN_ELEMENTRATIO);
    a->vector_bits = get_be32(own + CONN_VECTORLEN);
    a->emcstgpct = get_be16(own + CONN_EMCSTGPCT);
    a->options = own[CONN_OPTIONS];
    a->cf_level = own[CONN_CFLEVEL];
    a->max_connections = own[CONN_MAXCONN];
    a->records = get_be32(own + CONN_RECORDS);
}

static struct xes_connection *free_connection(struct xes *xes)
{
    for (unsigned i = 0; i < XES_CONNECTIONS_MAX; i++)
        if (!xes->connections[i].in_use)
            return &xes->connections[i];
    return NULL;
}

/* Where a structure is to be: one IXLCONN as it goes from CF to CF. */
struct search {
    const struct xes_connect_parms *parms;
    const struct xes_connection *old;       /* IXLCONN REBUILD: its other connection, over the same path; NULL: none */
    struct message m;
    uint64_t busy;
    unsigned cf;                            /* that was asked last */
    uint8_t preference[8 * XES_CFS_MAX];    /* names, zeros behind the last */
};

/* Send CONNECT to a CF. Result: its response; CF_RSP_CF_FAILED if there is none. */
static uint16_t connect_to(struct search *s, unsigned cf, uint8_t options)
{
    const struct xes_connect_parms *parms = s->parms;
    uint8_t *mcb = s->m.mcb;

    memset(mcb, 0, CF_MCB_SIZE);
    put_be16(mcb + MCB_COMMAND, CF_CMD_CONNECT);
    mcb[MCB_OPTIONS] = s->old ? CF_OPT_REBUILD : 0;
    xes_name(mcb + MCB_NAME, CF_NAME_SIZE, parms->structure);
    xes_name(mcb + MCB_AUTH_COMP, CF_NAME_SIZE, parms->connection);
    xes_name(mcb + MCB_AUTH, NAME_LEN, parms->system);
    xes_name(mcb + MCB_AUTH + NAME_LEN, NAME_LEN, parms->job);
    put_attributes(mcb + MCB_OWN, &parms->attributes);
    mcb[MCB_OWN + CONN_OPTIONS] |= options | CF_CONN_OPT_FULL;      /* the system monitors every structure that it uses */
    s->cf = cf;
    return send_message(cf, &s->m, NULL, 0, NULL, 0, &s->busy) ? get_be16(s->m.mrb + MRB_RESPONSE) : CF_RSP_CF_FAILED;
}

/* Is there no use in asking another CF? */
static bool final(uint16_t response)
{
    return response != CF_RSP_NOT_THIS_CF && response != CF_RSP_NO_STRUCTURE && response != CF_RSP_CF_FULL &&
           response != CF_RSP_CF_FAILED;
}

/* The number on this image of the CF of this name; XES_CFS_MAX = it has none. */
static unsigned cf_named(const uint8_t name[8])
{
    struct message m;

    for (unsigned cf = 0; cf < XES_CFS_MAX; cf++) {
        memset(m.mcb, 0, sizeof m.mcb);
        put_be16(m.mcb + MCB_COMMAND, CF_CMD_IDENTIFY);
        if (platform_cf_message(cf, m.mcb, NULL, 0, m.mrb, NULL, 0) == 0 && get_be16(m.mrb + MRB_RESPONSE) == CF_RSP_OK &&
            memcmp(m.mrb + MRB_OWN + IDENTIFY_NAME, name, 8) == 0)
            return cf;
    }
    return XES_CFS_MAX;
}

/* Ask the CFs of the preference list in its order. */
static uint16_t connect_in_order(struct search *s, uint8_t options)
{
    uint16_t response = CF_RSP_NOT_THIS_CF;

    for (unsigned i = 0; i < XES_CFS_MAX && s->preference[8 * i] != 0 && !final(response); i++) {
        unsigned cf = cf_named(s->preference + 8 * i);

        if (cf < XES_CFS_MAX)
            response = connect_to(s, cf, options);
    }
    return response;
}

/* The first CF is asked only for what it has. If it does not have the structure, it says whether a CFRM policy is active,
 * and then which CFs may: one of them may have it already, else it is allocated in the first that can, and at last also
 * where structures of the exclusion list are. */
static uint16_t connect_somewhere(struct search *s)
{
    if (s->old)
        return connect_to(s, s->old->cf, 0);
    uint16_t response = connect_to(s, s->parms->cf, CF_CONN_OPT_EXISTING);

    if (response == CF_RSP_NO_STRUCTURE)
        return connect_to(s, s->parms->cf, 0);
    if (response != CF_RSP_NOT_THIS_CF)
        return response;
    memcpy(s->preference, s->m.mrb + MRB_OWN, sizeof s->preference);
    static const uint8_t rounds[] = { CF_CONN_OPT_EXISTING, 0, CF_CONN_OPT_SHARE };
    for (unsigned i = 0; i < sizeof rounds && !final(response); i++)
        response = connect_in_order(s, rounds[i]);
    return response;
}

/* old: IXLCONN REBUILD, of a connection to the old structure. */
static int connect(struct xes *xes, const struct xes_connect_parms *parms, struct xes_connection *old,
                   struct xes_connection **connection, uint32_t *reason)
{
    struct search s = { .parms = parms, .old = old };
    struct xes_connection *c = free_connection(xes);

    *connection = NULL;
    *reason = IXLRSNCODENOSLOT;
    if (!c)
        return IXLRETCODEENVERROR;
    int rc = meaning(connect_somewhere(&s), reason);
    if (rc != IXLRETCODEOK)
        return rc;

    const struct message *m = &s.m;
    memset(c, 0, sizeof *c);
    c->cf = s.cf;
    c->structure = get_be32(m->mrb + MRB_STRUCTURE);
    c->conid = get_be32(m->mrb + MRB_CONID);
    c->conversion = get_be32(m->mrb + MRB_OWN + CONN_VERSION);
    c->token = get_be64(m->mrb + MRB_TOKEN);
    xes_name((uint8_t *)c->name, CF_NAME_SIZE, parms->structure);
    text_name_get(c->cfname, m->mrb + MRB_OWN + CONN_CFNAME);
    get_attributes(&c->attributes, m->mrb + MRB_OWN);
    c->existing = m->mrb[MRB_OWN + CONN_EXISTING];
    c->reconnected = m->mrb[MRB_OWN + CONN_RECONNECTED];
    c->list_exit = parms->list_exit;
    c->event_exit = parms->event_exit;
    c->rebuild_exit = parms->rebuild_exit;
    c->rebuild = parms->rebuild;
    c->xes = xes;
    c->rebuild_of = old;
    c->context = parms->context;
    c->busy = s.busy;
    c->poll_again = true;   /* an attention since the CF answered was not about a connection that is known here */
    c->in_use = true;       /* last: from here on the attention handler looks at it */
    *connection = c;
    if (!c->existing && !c->reconnected)
        return IXLRETCODEOK;
    *reason = IXLRSNCODESPECIALCONN;
    return IXLRETCODEWARNING;
}

int xes_connect(struct xes *xes, const struct xes_connect_parms *parms, struct xes_connection **connection, uint32_t *reason)
{
    return connect(xes, parms, NULL, connection, reason);
}

void xes_disconnect(struct xes_connection *c, bool failure)
{
    struct message m;

    memset(m.mcb, 0, sizeof m.mcb);
    put_be16(m.mcb + MCB_COMMAND, CF_CMD_DISCONNECT);
    m.mcb[MCB_OPTIONS] = failure ? CF_OPT_FAILURE : 0;
    put_be32(m.mcb + MCB_STRUCTURE, c->structure);
    put_be64(m.mcb + MCB_TOKEN, c->token);
    c->in_use = false;
    /* Whatever the answer is, this image has no use for the connection any more; a CF that is lost knows without us. */
    (void)send_message(c->cf, &m, NULL, 0, NULL, 0, &c->busy);
}

static int simple_command(unsigned cf, struct message *m, uint32_t *reason)
{
    uint64_t busy = 0;

    *reason = IXLRSNCODENOCONN;
    if (!send_message(cf, m, NULL, 0, NULL, 0, &busy))
        return IXLRETCODEENVERROR;
    return meaning(get_be16(m->mrb + MRB_RESPONSE), reason);
}

int xes_respond(struct xes_connection *c, uint32_t conid, bool release, uint32_t *reason)
{
    struct message m;

    memset(m.mcb, 0, sizeof m.mcb);
    put_be16(m.mcb + MCB_COMMAND, CF_CMD_RESPOND);
    m.mcb[MCB_OPTIONS] = release ? CF_OPT_RELEASECONN : 0;
    put_be32(m.mcb + MCB_STRUCTURE, c->structure);
    put_be64(m.mcb + MCB_TOKEN, c->token);
    put_be32(m.mcb + MCB_OWN + RESPOND_CONID, conid);
    return simple_command(c->cf, &m, reason);
}

int xes_force(unsigned cf, const char *structure, const char *connection, uint32_t *reason)
{
    struct message m;

    memset(m.mcb, 0, sizeof m.mcb);
    put_be16(m.mcb + MCB_COMMAND, CF_CMD_FORCE);
    xes_name(m.mcb + MCB_NAME, CF_NAME_SIZE, structure);
    xes_name(m.mcb + MCB_AUTH_COMP, CF_NAME_SIZE, connection ? connection : "");
    return simple_command(cf, &m, reason);
}

/* --- the operator's ------------------------------------------------------------------------------------------------- */

static void command_by_name(struct message *m, uint16_t command, const char *structure)
{
    memset(m->mcb, 0, sizeof m->mcb);
    put_be16(m->mcb + MCB_COMMAND, command);
    xes_name(m->mcb + MCB_NAME, CF_NAME_SIZE, structure);
}

int xes_operator_rebuild(unsigned cf, const char *structure, bool stop, uint32_t *reason)
{
    struct message m;

    command_by_name(&m, stop ? CF_CMD_REBUILD_STOP : CF_CMD_REBUILD_START, structure);
    return simple_command(cf, &m, reason);
}

int xes_alter(unsigned cf, const char *structure, uint32_t *size_kib, uint32_t *reason)
{
    struct message m;
    uint64_t restart = 0;
    int rc;

    do {                                    /* in steps, the structure is free between them */
        command_by_name(&m, CF_CMD_ALTER, structure);
        put_be32(m.mcb + MCB_OWN + ALTER_SIZE_KIB, *size_kib);
        put_be64(m.mcb + MCB_RESTART, restart);
        rc = simple_command(cf, &m, reason);
        restart = get_be64(m.mrb + MRB_RESTART);
    } while (*reason == IXLRSNCODETIMEOUT);
    if (rc == IXLRETCODEOK)
        *size_kib = get_be32(m.mrb + MRB_OWN + ALTER_SIZE_KIB);
    return rc;
}

int xes_read_structure(unsigned cf, const char *structure, uint64_t *restart, uint8_t *data, uint32_t cap, uint8_t *mrb,
                       uint32_t *reason)
{
    struct message m;
    uint64_t busy = 0;

    command_by_name(&m, CF_CMD_READ_STRUCTURE, structure ? structure : "");
    put_be64(m.mcb + MCB_RESTART, structure ? 0 : *restart);
    *reason = IXLRSNCODENOCONN;
    if (!send_message(cf, &m, NULL, 0, data, cap, &busy))
        return IXLRETCODEENVERROR;
    if (!structure)
        *restart = get_be64(m.mrb + MRB_RESTART);
    memcpy(mrb, m.mrb, sizeof m.mrb);
    return meaning(get_be16(m.mrb + MRB_RESPONSE), reason);
}

int xes_identify(unsigned cf, uint8_t *mrb, uint32_t *reason)
{
    struct message m;

    memset(m.mcb, 0, sizeof m.mcb);
    put_be16(m.mcb + MCB_COMMAND, CF_CMD_IDENTIFY);
    int rc = simple_command(cf, &m, reason);
    memcpy(mrb, m.mrb, sizeof m.mrb);
    return rc;
}

int xes_fence(struct xes_connection *c, uint32_t conid, uint32_t conversion, bool only_failed,
              char system[NAME_LEN + 1], uint32_t *reason)
{
    struct message m;

    memset(m.mcb, 0, sizeof m.mcb);
    put_be16(m.mcb + MCB_COMMAND, CF_CMD_FENCE);
    m.mcb[MCB_OPTIONS] = only_failed ? CF_OPT_FAILURE : 0;
    put_be32(m.mcb + MCB_STRUCTURE, c->structure);
    put_be32(m.mcb + MCB_OWN + FENCE_CONID, conid);
    put_be32(m.mcb + MCB_OWN + FENCE_VERSION, conversion);
    system[0] = 0;
    int rc = simple_command(c->cf, &m, reason);
    if (*reason != IXLRSNCODENOCONN && m.mrb[MRB_OWN + FENCE_SYSTEM] != 0)
        text_name_get(system, m.mrb + MRB_OWN + FENCE_SYSTEM);
    return rc;
}

void xes_reset(void)
{
    struct message m;
    uint32_t reason;

    memset(m.mcb, 0, sizeof m.mcb);
    put_be16(m.mcb + MCB_COMMAND, CF_CMD_RESET);
    for (unsigned cf = 0; cf < XES_CFS_MAX; cf++)
        (void)simple_command(cf, &m, &reason);      /* a CF that cannot be reached has nothing of ours, or will not have it for long */
}

/* --- rebuild ------------------------------------------------------------------------------------------------------- */

static int rebuild_command(struct xes_connection *c, uint16_t command, uint32_t phase, uint32_t *reason)
{
    struct message m;

    memset(m.mcb, 0, sizeof m.mcb);
    put_be16(m.mcb + MCB_COMMAND, command);
    put_be32(m.mcb + MCB_STRUCTURE, c->structure);
    put_be64(m.mcb + MCB_TOKEN, c->token);
    put_be32(m.mcb + MCB_OWN, phase);
    return simple_command(c->cf, &m, reason);
}

int xes_rebuild_start(struct xes_connection *c, uint32_t *reason)
{
    return rebuild_command(c, CF_CMD_REBUILD_START, 0, reason);
}

int xes_rebuild_stop(struct xes_connection *c, uint32_t *reason)
{
    return rebuild_command(c, CF_CMD_REBUILD_STOP, 0, reason);
}

int xes_rebuild_respond(struct xes_connection *c, uint32_t phase, uint32_t *reason)
{
    return rebuild_command(c, CF_CMD_REBUILD_RESPOND, phase, reason);
}

int xes_rebuild_connect(struct xes *xes, struct xes_connection *old, const struct xes_connect_parms *parms,
                        struct xes_connection **temporary, uint32_t *reason)
{
    return connect(xes, parms, old, temporary, reason);
}

/* The new structure has taken over: the connection to the old one becomes one to it. Nobody uses either since CLEANUP. */
static struct xes_connection *take_over(struct xes_connection *temporary)
{
    struct xes_connection *c = temporary->rebuild_of;

    c->cf = temporary->cf;
    c->structure = temporary->structure;
    c->conversion = temporary->conversion;
    c->token = temporary->token;
    c->attributes = temporary->attributes;
    memcpy(c->cfname, temporary->cfname, sizeof c->cfname);
    c->lost = temporary->lost;
    c->cf_failed = temporary->cf_failed;
    c->holds = 0;
    temporary->in_use = false;
    return c;
}

static void tell_phase(struct xes_connection *c, uint32_t phase)
{
    if (c->rebuild)
        xes_rebuild_note(c->rebuild, phase);
    else if (c->rebuild_exit)
        c->rebuild_exit(c->context, phase);
}

/* The new structure is told of nothing before it has taken over: if its connection is told of another phase, that is of the
 * next rebuild, and came before anybody asked for the end of this one. */
static void rebuild_event(struct xes_connection *c, uint32_t phase)
{
    if (c->rebuild_of) {
        c = take_over(c);
        tell_phase(c, CF_REBUILD_FINISHED);
        if (phase == CF_REBUILD_FINISHED)
            return;
    }
    tell_phase(c, phase);
}

/* --- list requests ------------------------------------------------------------------------------------------------- */

static void put_list_controls(uint8_t *mcb, const struct xes_list_controls *controls)
{
    uint8_t *own = mcb + MCB_OWN, *adjunct = mcb + MCB_ADJUNCT;

    put_be32(own + LCONTROLS_LIMIT, controls->limit);
    put_be32(own + LCONTROLS_KEYINC, controls->key_increment);
    own[LCONTROLS_SET] = controls->set;
    memcpy(adjunct + LCONTROLS_DESCRIPTION, controls->description, sizeof controls->description);
    memcpy(adjunct + LCONTROLS_KEY, controls->key, CF_NAME_SIZE);
    memcpy(adjunct + LCONTROLS_KEYMAX, controls->key_max, CF_NAME_SIZE);
}

static void get_list_controls(struct xes_list_controls *controls, const uint8_t *mrb)
{
    const uint8_t *own = mrb + MRB_OWN, *adjunct = mrb + MRB_ADJUNCT;

    controls->limit = get_be32(own + LCONTROLS_LIMIT);
    controls->key_increment = get_be32(own + LCONTROLS_KEYINC);
    controls->to_head = own[LCONTROLS_TOHEAD];
    controls->elements = get_be32(own + LCONTROLS_ELEMENTS);
    controls->monitors = get_be32(own + LCONTROLS_MONITORS);
    memcpy(controls->description, adjunct + LCONTROLS_DESCRIPTION, sizeof controls->description);
    memcpy(controls->key, adjunct + LCONTROLS_KEY, CF_NAME_SIZE);
    memcpy(controls->key_max, adjunct + LCONTROLS_KEYMAX, CF_NAME_SIZE);
    memcpy(controls->cursor, own + LCONTROLS_CURSOR, CF_LEID_SIZE);
}

static void build_more(uint8_t *mcb, uint16_t command, const struct xes_list_more *more)
{
    uint8_t *own = mcb + MCB_OWN;

    mcb[MCB_OPTIONS2] = more->options2;
    mcb[MCB_KEYCOMP] = more->keycomp;
    mcb[MCB_AUTHCOMP] = more->authcomp;
    memcpy(mcb + MCB_AUTH_COMP, more->auth_comp, CF_NAME_SIZE);
    memcpy(mcb + MCB_AUTH, more->auth, CF_NAME_SIZE);
    put_be32(mcb + MCB_TARGET_LIST, more->target_list);
    put_be64(mcb + MCB_RESTART, more->restart);
    if (command == CF_CMD_LIST_MONITOR_SUBLIST) {
        memcpy(own + EMCONTROLS_CONTROLS, more->notification, CF_NAME_SIZE);
        return;
    }
    memcpy(own + LIST_KEYCOMPARE, more->key_compare, CF_NAME_SIZE);
    memcpy(own + LIST_TARGETKEY, more->target_key, CF_NAME_SIZE);
    put_be32(own + LIST_LOCKCOMP, more->lock_comp);
    own[LIST_KEYREQUEST] = more->key_request;
    own[LIST_KEYTYPE] = more->key_type;
    own[LIST_CURSOR] = more->cursor;
    own[LIST_DATAOPER] = more->data_oper;
    own[LIST_POSITION] = more->position;
    if (command == CF_CMD_LIST_WRITE_LCONTROLS)
        put_list_controls(mcb, &more->controls);
}

/* What the command's own part of the answer means depends on the command. */
static void take_more(struct xes_list_more *more, uint16_t command, const uint8_t *mrb)
{
    const uint8_t *own = mrb + MRB_OWN;
    uint16_t response = get_be16(mrb + MRB_RESPONSE);

    more->restart = get_be64(mrb + MRB_RESTART);
    if (response == CF_RSP_AUTHORITY_MISMATCH) {
        memcpy(more->auth_comp, own + ANSWER_AUTHORITY, CF_NAME_SIZE);
        return;
    }
    switch (command) {
    case CF_CMD_LIST_READ_LCONTROLS:
    case CF_CMD_LIST_WRITE_LCONTROLS:
        if (response != CF_RSP_OK)
            return;
        get_list_controls(&more->controls, mrb);
        memcpy(more->auth_comp, own + LCONTROLS_AUTHORITY, CF_NAME_SIZE);
        break;
    case CF_CMD_LIST_MONITOR_SUBLIST:
    case CF_CMD_LIST_MONITOR_SUBLISTS:
    case CF_CMD_LIST_READ_EMCONTROLS:
        more->count = get_be32(own + ANSWER_COUNT);
        more->event_queued = get_be32(own + EMCONTROLS_QUEUED) != 0;
        more->emcs_used = get_be32(own + EMCONTROLS_USED);
        more->emcs_total = get_be32(own + EMCONTROLS_TOTAL);
        memcpy(more->notification, own + EMCONTROLS_CONTROLS, CF_NAME_SIZE);
        break;
    case CF_CMD_LIST_MONITOR_EVENTQ:
    case CF_CMD_LIST_READ_EQCONTROLS:
    case CF_CMD_LIST_DEQ_EVENTQ:
        more->count = get_be32(own + ANSWER_COUNT);
        more->queue_count = get_be32(own + EQCONTROLS_QUEUED);
        more->queue_emcs = get_be32(own + EQCONTROLS_MONITORS);
        more->queue_transitions = get_be32(own + EQCONTROLS_TRANSITIONS);
        break;
    default:
        more->count = get_be32(own + ANSWER_COUNT);
        more->lock_index = get_be32(own + ANSWER_LOCKINDEX);
        more->needed = get_be32(own + ANSWER_NEEDED);
        break;
    }
}

static void build(uint8_t *mcb, const struct xes_connection *c, const struct xes_request *r, uint8_t lockoper)
{
    memset(mcb, 0, CF_MCB_SIZE);
    put_be16(mcb + MCB_COMMAND, r->command);
    mcb[MCB_LOCATE] = r->locate;
    mcb[MCB_ENTRYTYPE] = r->entrytype;
    mcb[MCB_LOCKOPER] = lockoper;
    mcb[MCB_LOCKMODE] = lockoper == r->lockoper ? r->lockmode : CF_LOCKMODE_COND;
    mcb[MCB_VERSCOMP] = r->verscomp;
    mcb[MCB_VERSUPDATE] = r->versupdate;
    mcb[MCB_OPTIONS] = r->options;
    put_be32(mcb + MCB_STRUCTURE, c->structure);
    put_be64(mcb + MCB_TOKEN, c->token);
    put_be32(mcb + MCB_LIST, r->list);
    put_be32(mcb + MCB_LOCKINDEX, r->lock_index);
    put_be32(mcb + MCB_TARGET_LIST, r->target_list);
    put_be64(mcb + MCB_RESTART, r->restart);
    mcb[MCB_OWN + LIST_DATAOPER] = r->dataoper;
    mcb[MCB_OWN + LIST_POSITION] = r->position;
    put_be64(mcb + MCB_VERSION_COMP, r->version_comp);
    put_be64(mcb + MCB_VERSION, r->version);
    memcpy(mcb + MCB_LEID, r->leid, CF_LEID_SIZE);
    put_be32(mcb + MCB_DATALEN, r->out_len);
    memcpy(mcb + MCB_NAME, r->name, CF_NAME_SIZE);
    put_be32(mcb + MCB_VECTORINDEX, r->vector_index);
    memcpy(mcb + MCB_ADJUNCT, r->adjunct, CF_ADJUNCT_SIZE);
    if (r->more)
        build_more(mcb, r->command, r->more);
}

static void take_answer(struct xes_request *r, const uint8_t *mrb)
{
    r->data_len = get_be32(mrb + MRB_DATALEN);
    r->answer_list = get_be32(mrb + MRB_LIST);
    r->lock_owner = get_be32(mrb + MRB_LOCKOWNER);
    r->answer_version = get_be64(mrb + MRB_VERSION);
    r->list_count = get_be32(mrb + MRB_LISTCOUNT);
    r->elements = get_be32(mrb + MRB_ELEMENTS);
    r->restart = get_be64(mrb + MRB_RESTART);
    r->count = get_be32(mrb + MRB_OWN + ANSWER_COUNT);
    memcpy(r->leid, mrb + MRB_LEID, CF_LEID_SIZE);
    memcpy(r->name, mrb + MRB_NAME, CF_NAME_SIZE);
    memcpy(r->adjunct, mrb + MRB_ADJUNCT, CF_ADJUNCT_SIZE);
    if (r->more)
        take_more(r->more, r->command, mrb);
}

/* Wait for the grant of the lock that this connection is queued for. The CF's attention posts the event control block; a
 * while without it is used to ask the CF, in case the attention itself was lost. */
#define LOCK_WAIT_US 200000u
static bool wait_for_grant(struct xes_connection *c)
{
    for (uint32_t waited = 0; waited < XES_LOCK_WAIT_US_MAX && !c->lost; waited += LOCK_WAIT_US) {
        if (platform_wait(&c->lock_ecb, LOCK_WAIT_US))
            return true;
        xes_poll(c);
        xes_waits(c->xes);
    }
    return false;
}

static int request(struct xes_connection *c, struct xes_request *r)
{
    struct message m;
    uint8_t lockoper = r->lockoper;
    int rc = IXLRETCODEENVERROR;

    r->reason = IXLRSNCODENOCONN;
    c->requests++;
    if (lockoper == CF_LOCK_SET) {
        c->lock_ecb.posted = 0;
        c->lock_refused = false;
        c->lock_wanted = r->lock_index + 1;     /* before the request: the grant may come before its response is looked at */
    }
    while (!c->lost) {
        build(m.mcb, c, r, lockoper);
        if (!send_patiently(c->xes, c->cf, &m, r->out, r->out_len, r->in, r->in_cap, &c->busy)) {
            c->lost = true;
            break;
        }
        uint16_t response = get_be16(m.mrb + MRB_RESPONSE);
        if (response == CF_RSP_LOCK_QUEUED) {
            c->queued++;
            rc = IXLRETCODEENVERROR;
            r->reason = IXLRSNCODELOCKCOND;
            if (!wait_for_grant(c))
                break;
            lockoper = c->lock_refused ? r->lockoper : CF_LOCK_HELDBY;
            c->lock_refused = false;
            continue;
        }
        take_answer(r, m.mrb);
        rc = meaning(response, &r->reason);
        if (response == CF_RSP_NO_CONNECTION || response == CF_RSP_NO_STRUCTURE)
            c->lost = true;
        if (response == CF_RSP_OK)
            c->holds = c->holds + (r->lockoper == CF_LOCK_SET) - (r->lockoper == CF_LOCK_RESET && c->holds);
        break;
    }
    if (r->lockoper == CF_LOCK_SET)
        c->lock_wanted = 0;
    return rc;
}

static int list_once(struct xes_connection *c, struct xes_request *r)
{
    c->under_way++;
    int rc = request(c, r);
    c->under_way--;
    return rc;
}

/* A request that relies on no lock of an earlier one waits for a rebuild, and is made again in the new structure if the old
 * one was lost: whatever it has done there went with it. Others are part of a sequence that is not finished, and that
 * ends in the structure in which it began; so does what is asked while a lock is held, until the structure is lost. */
int xes_list(struct xes_connection *c, struct xes_request *r)
{
    bool first = r->lockoper != CF_LOCK_HELDBY && r->lockoper != CF_LOCK_RESET;

    if (!c->rebuild || !first)
        return list_once(c, r);
    (void)xes_rebuild_wait(c);              /* too long: as with a lost CF, the request says so */
    struct xes_request again = *r;
    int rc = list_once(c, r);
    if (c->lost && xes_rebuild_wait(c)) {
        *r = again;
        rc = list_once(c, r);
    }
    return rc;
}

/* --- attention ----------------------------------------------------------------------------------------------------- */

/* A lock was granted that nobody waits for any more (the wait was given up): pass it on. */
static void return_stray_lock(struct xes_connection *c, uint32_t index)
{
    struct message m;
    struct xes_request r = { .command = CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_RESET, .lock_index = index };

    build(m.mcb, c, &r, CF_LOCK_RESET);
    if (platform_cf_message(c->cf, m.mcb, NULL, 0, m.mrb, NULL, 0) == 3)
        c->lost = true;
}

static void lock_granted(struct xes_connection *c, uint32_t index)
{
    if (c->lock_wanted == index + 1)
        platform_post(&c->lock_ecb);
    else
        return_stray_lock(c, index);
}

static void lists_not_empty(struct xes_connection *c, const uint8_t *vector, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes * 8; i++)
        if (vector[i / 8] & (0x80u >> (i % 8)))
            c->list_exit(c->context, i);
}

/* Full threshold monitoring: the structure is above FULLTHRESHOLD of the policy, or below it again. Modelled on the product's. */
static void full_changed(const struct xes_connection *c, bool full, const uint8_t *mrb)
{
    char name[sizeof c->name];

    text_format(name, sizeof name, "%s", c->name);
    for (uint32_t i = CF_NAME_SIZE; i > 0 && name[i - 1] == ' '; i--)
        name[i - 1] = 0;
    text_wto("%s STRUCTURE %s IN COUPLING FACILITY %s IS %s STRUCTURE FULL MONITORING THRESHOLD", full ? "IXC585E" : "IXC586I", name,
             c->cfname, full ? "AT OR ABOVE" : "NOW BELOW");
    if (full)
        text_wto(" ENTRIES: IN USE: %u TOTAL: %u  ELEMENTS: IN USE: %u TOTAL: %u", get_be32(mrb + MRB_ENTRIES_USED),
                 get_be32(mrb + MRB_ENTRIES_TOTAL), get_be32(mrb + MRB_ELEMENTS_USED), get_be32(mrb + MRB_ELEMENTS_TOTAL));
}

void xes_poll(struct xes_connection *c)
{
    struct message m;
    uint8_t vector[128];        /* 1024 bits, the most that a connection can have */
    uint32_t events;

    do {
        memset(m.mcb, 0, sizeof m.mcb);
        put_be16(m.mcb + MCB_COMMAND, CF_CMD_VECTOR_READ);
        put_be32(m.mcb + MCB_STRUCTURE, c->structure);
        put_be64(m.mcb + MCB_TOKEN, c->token);
        c->poll_again = false;              /* before: an attention that comes after the command may find the CF busy */
        uint64_t token = c->token;
        int cc = platform_cf_message(c->cf, m.mcb, NULL, 0, m.mrb, vector, sizeof vector);
        if (c->token != token)
            return;                         /* such an attention has told of the end of a rebuild: this is of the old structure */
        if (cc == 2 || (cc == 0 && get_be16(m.mrb + MRB_RESPONSE) == CF_RSP_BUSY)) {
            c->poll_again = true;
            return;
        }
        if (cc != 0 || get_be16(m.mrb + MRB_RESPONSE) == CF_RSP_NO_CONNECTION) {
            c->lost = true;
            platform_post(&c->lock_ecb);
            return;
        }
        if (get_be16(m.mrb + MRB_RESPONSE) != CF_RSP_OK)
            return;
        const uint8_t *own = m.mrb + MRB_OWN;
        events = get_be32(own + VECTOR_EVENTS);
        if (events & CF_EVENT_CF_FAILED) {
            c->lost = c->cf_failed = true;
            platform_post(&c->lock_ecb);
        }
        if (events & (CF_EVENT_FULL | CF_EVENT_RELIEVED))
            full_changed(c, (events & CF_EVENT_FULL) != 0, m.mrb);
        if (events & CF_EVENT_REBUILD)
            rebuild_event(c, get_be32(own + VECTOR_REBUILD));
        if (events & CF_EVENT_LOCK_GRANTED)
            lock_granted(c, get_be32(own + VECTOR_LOCKINDEX));
        if (events & CF_EVENT_LOCK_REFUSED && c->lock_wanted == get_be32(own + VECTOR_LOCKINDEX) + 1) {
            c->lock_refused = true;
            platform_post(&c->lock_ecb);
        }
        if ((events & CF_EVENT_LIST) && c->list_exit)
            lists_not_empty(c, vector, get_be32(own + VECTOR_BYTES));
        if ((events & (CF_EVENT_CONN_FAILED | CF_EVENT_CONN_GONE | CF_EVENT_CONN_NEW)) && c->event_exit) {
            uint8_t ended[32];
            for (unsigned i = 0; i < sizeof ended; i++)
                ended[i] = own[VECTOR_FAILED + i] | m.mrb[VECTOR_GONE + i];
            c->event_exit(c->context, ended, (events & CF_EVENT_CONN_NEW) != 0);
        }
    } while (events & (CF_EVENT_LOCK_GRANTED | CF_EVENT_LOCK_REFUSED));     /* one is reported at a time */
}

void xes_attention(struct xes *xes)
{
    for (unsigned i = 0; i < XES_CONNECTIONS_MAX; i++)
        if (xes->connections[i].in_use && (!xes->connections[i].lost || xes->connections[i].rebuild_exit || xes->connections[i].rebuild))
            xes_poll(&xes->connections[i]);
}

void xes_repoll(struct xes *xes)
{
    for (unsigned i = 0; i < XES_CONNECTIONS_MAX; i++)
        if (xes->connections[i].in_use && xes->connections[i].poll_again)
            xes_poll(&xes->connections[i]);
    xes_rebuild_work(xes);
}
