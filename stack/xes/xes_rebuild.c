/* See xes_rebuild.h. */
#include "stack/xes/xes_rebuild.h"

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"

#define WAIT_US 20000u      /* without a post the CF is asked, in case its attention was lost */

static const char *name_of(const struct xes_rebuild *r)
{
    return r->parms.structure;
}

int xes_connect_wait(struct xes *xes, const struct xes_connect_parms *parms, struct xes_connection **connection,
                     uint32_t *reason)
{
    uint64_t deadline = platform_clock_us() + XES_CONNECT_WAIT_US_MAX;
    struct ecb never = { 0 };

    for (;;) {
        int rc = xes_connect(xes, parms, connection, reason);

        if ((*reason != IXLRSNCODEREBUILD && *reason != IXLRSNCODERSPNOTREC) || platform_clock_us() >= deadline)
            return rc;
        platform_wait(&never, WAIT_US);
        xes_attention(xes);
        xes_rebuild_work(xes);              /* others may wait for this system's part in another structure */
    }
}

int xes_rebuild_join(struct xes *xes, struct xes_rebuild *r, const struct xes_connect_parms *parms,
                     struct xes_connection **connection, uint32_t *reason)
{
    r->parms = *parms;
    r->parms.rebuild = r;
    r->temporary = NULL;
    r->noted = r->phase = r->owed = CF_REBUILD_NONE;
    r->over = r->refused = false;
    int rc = xes_connect_wait(xes, &r->parms, connection, reason);
    r->connection = *connection;
    return rc;
}

void xes_rebuild_note(struct xes_rebuild *r, uint32_t phase)
{
    if (phase == CF_REBUILD_FINISHED)
        r->over = true;
    else
        r->noted = phase;
    platform_post(&r->connection->xes->rebuild_ecb);
}

/* The structure is gone with its CF, and there will be no other. */
static void give_up(struct xes_rebuild *r)
{
    r->refused = true;
    text_wto("IXC521I REBUILD FOR STRUCTURE %s IS NOT POSSIBLE, THERE IS NO COUPLING FACILITY FOR IT", name_of(r));
}

static bool is_told(const struct xes_rebuild *r)
{
    return r->over || r->noted != CF_REBUILD_NONE;
}

/* True: it has begun, and this system was told. Another one may have been faster: then there is a phase to be told of. */
static bool start(struct xes_rebuild *r)
{
    uint32_t reason;

    (void)xes_rebuild_start(r->connection, &reason);
    if (reason == IXLRSNCODESTRTEMPUNAVAIL)
        return false;
    xes_poll(r->connection);
    if (!is_told(r) && !r->connection->poll_again)
        give_up(r);
    return is_told(r);
}

static void stop(struct xes_rebuild *r, const char *what, uint32_t code)
{
    uint32_t reason;

    text_wto("IXC522I REBUILD FOR STRUCTURE %s IS BEING STOPPED: %s, REASON %04X", name_of(r), what, code);
    (void)xes_rebuild_stop(r->connection, &reason);     /* stopped by another already: as good */
}

/* Rebuild Connect: into the new structure. */
static void contribute(struct xes_rebuild *r)
{
    struct xes_connect_parms parms = r->parms;
    uint32_t reason;

    if (xes_rebuild_connect(r->connection->xes, r->connection, &parms, &r->temporary, &reason) > IXLRETCODEWARNING) {
        stop(r, "IXLCONN REBUILD HAS FAILED", reason);
        return;
    }
    text_wto("IXC526I STRUCTURE %s IS REBUILDING FROM COUPLING FACILITY %s TO COUPLING FACILITY %s", name_of(r),
             r->connection->cfname, r->temporary->cfname);
    int rc = r->contribute(r->context, r->temporary);
    if (rc == 0)
        r->owed = CF_REBUILD_CONNECT;
    else
        stop(r, "NOT ALL COULD BE WRITTEN", (uint32_t)rc);
}

static void forget_new(struct xes_rebuild *r)
{
    if (r->temporary)
        xes_disconnect(r->temporary, false);
    r->temporary = NULL;
}

static void finished(struct xes_rebuild *r)
{
    r->temporary = NULL;
    r->phase = CF_REBUILD_NONE;
    text_wto("IXC521I REBUILD FOR STRUCTURE %s HAS BEEN COMPLETED", name_of(r));
    if (r->finished)
        r->finished(r->context);
}

static void stopped(struct xes_rebuild *r)
{
    r->phase = CF_REBUILD_NONE;
    text_wto("IXC521I REBUILD FOR STRUCTURE %s HAS BEEN STOPPED", name_of(r));
    if (r->connection->cf_failed)
        give_up(r);
}

static void enter_phase(struct xes_rebuild *r, uint32_t phase)
{
    r->phase = phase;
    r->owed = CF_REBUILD_NONE;
    switch (phase) {
    case CF_REBUILD_QUIESCE:
        text_wto("IXC521I REBUILD FOR STRUCTURE %s HAS BEEN STARTED, REASON: %s", name_of(r),
                 r->connection->cf_failed ? "LOST CONNECTIVITY TO STRUCTURE" : "OPERATOR INITIATED");
        r->owed = phase;
        break;
    case CF_REBUILD_CONNECT:
        contribute(r);
        break;
    case CF_REBUILD_CLEANUP:
        if (r->complete)
            (void)r->complete(r->context, r->temporary);    /* there is no way back; what fails is what a later audit finds */
        r->owed = phase;
        break;
    case CF_REBUILD_STOP:
        forget_new(r);
        r->owed = phase;
        break;
    case CF_REBUILD_FINISHED:
        finished(r);
        break;
    default:
        stopped(r);
        break;
    }
}

static void answer(struct xes_rebuild *r)
{
    uint32_t reason, owed = r->owed;

    r->owed = CF_REBUILD_NONE;              /* before the answer: the next phase may begin with it */
    (void)xes_rebuild_respond(r->connection, owed, &reason);
    if (reason == IXLRSNCODESTRTEMPUNAVAIL && r->phase == owed)
        r->owed = owed;
}

/* One step. False: there is nothing to be done now. */
static bool step(struct xes_rebuild *r)
{
    /* In this order: an attention in between tells of the end before the next phase. */
    uint32_t phase = __atomic_exchange_n(&r->noted, CF_REBUILD_NONE, __ATOMIC_RELAXED);
    bool over = __atomic_exchange_n(&r->over, false, __ATOMIC_RELAXED);

    if (over)
        enter_phase(r, CF_REBUILD_FINISHED);
    if (phase != CF_REBUILD_NONE)
        enter_phase(r, phase);
    if (over || phase != CF_REBUILD_NONE)
        return true;
    if (r->owed != CF_REBUILD_NONE) {
        answer(r);
        return r->owed == CF_REBUILD_NONE;
    }
    if (r->connection->cf_failed && r->phase == CF_REBUILD_NONE && !r->refused)
        return start(r);
    return false;
}

/* While a request or a sequence under a lock is not finished there is nothing to say of its structure. */
static bool is_busy(const struct xes_connection *c)
{
    return c->under_way > 0 || (c->holds > 0 && !c->lost);
}

static bool takes_part(const struct xes_connection *c)
{
    return c->in_use && c->rebuild && !c->rebuild_of && !is_busy(c);
}

void xes_rebuild_work(struct xes *xes)
{
    if (xes->rebuilding)
        return;                             /* a step of a rebuild has used the connection of another one */
    xes->rebuilding = true;
    for (unsigned i = 0; i < XES_CONNECTIONS_MAX; i++)
        while (takes_part(&xes->connections[i]) && step(xes->connections[i].rebuild))
            ;
    xes->rebuilding = false;
}

bool xes_is_rebuilding(const struct xes_connection *c)
{
    const struct xes_rebuild *r = c->rebuild;

    return r->phase != CF_REBUILD_NONE || is_told(r) || (c->cf_failed && !r->refused);
}

int xes_rebuild_owing(struct xes_connection *c, struct xes_owing owing[SYSTEMS_MAX], unsigned *count, uint32_t *phase,
                      uint32_t *reason)
{
    uint8_t data[STR_SIZE + POL_SIZE + SYSTEMS_MAX * CONNECTION_SIZE], mrb[CF_MRB_SIZE];
    int rc = xes_read_structure(c->cf, c->rebuild->parms.structure, NULL, data, sizeof data, mrb, reason);

    *count = 0;
    *phase = CF_REBUILD_NONE;
    if (rc != IXLRETCODEOK)
        return rc;
    *phase = data[STR_REBUILD];
    for (unsigned i = 0; i < get_be32(data + STR_CONNECTIONS); i++) {
        const uint8_t *block = data + STR_SIZE + POL_SIZE + i * CONNECTION_SIZE;

        if (get_be32(block + CONNECTION_OWES) != CF_REBUILD_NONE)
            owing[(*count)++] = (struct xes_owing){ get_be32(block + CONNECTION_ID), get_be32(block + CONNECTION_VERSION) };
    }
    return rc;
}

bool xes_rebuild_wait(struct xes_connection *c)
{
    struct xes *xes = c->xes;
    uint32_t waited = 0;

    if (c->rebuild_of || xes->rebuilding || is_busy(c))
        return !c->lost;
    if (c->lost && !c->cf_failed && !c->rebuild->refused)
        xes_poll(c);                        /* it says why */
    for (xes_rebuild_work(xes); xes_is_rebuilding(c); xes_rebuild_work(xes)) {
        if (waited > XES_REBUILD_WAIT_US_MAX)
            return false;
        xes->waiting = true;
        bool posted = platform_wait(&xes->rebuild_ecb, WAIT_US);
        xes->waiting = false;
        if (!posted) {
            waited += WAIT_US;
            xes_attention(xes);
            xes_waits(xes);                 /* who is waited for may hang */
        }
    }
    return !c->lost;
}
