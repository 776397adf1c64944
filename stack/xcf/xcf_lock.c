/* See xcf_lock.h. */
#include "stack/xcf/xcf_lock.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"

enum { TYPE_HELLO = 1, TYPE_HERE = 2, TYPE_LOCK = 3 };
enum { LOCK_FROM = 0, LOCK_FROM_LIFE = 8, LOCK_TO_LIFE = 16, LOCK_BODY = 24 };

#define CONID_BIT(conid) (0x80000000u >> ((conid) % 32))

static bool has(const uint32_t map[8], uint32_t conid)
{
    return map[conid / 32 % 8] & CONID_BIT(conid);
}

/* --- messages out -------------------------------------------------------------------------------------------------- */

static int send(struct xcf_lock *l, uint8_t to, uint16_t type, const uint8_t *body, uint32_t length)
{
    uint8_t data[LOCK_BODY + XES_LOCK_MESSAGE_SIZE] = { 0 };

    put_be32(data + LOCK_FROM, l->connection->conid);
    put_be64(data + LOCK_FROM_LIFE, l->life);
    put_be64(data + LOCK_TO_LIFE, l->peers[to].life);
    if (length)
        memcpy(data + LOCK_BODY, body, length);
    return xcf_send(l->xcf, to, l->group, type, data, LOCK_BODY + length);
}

/* To each system of the set that can take it now, or is no member any more. */
static void send_all(struct xcf_lock *l, uint64_t *set, uint16_t type)
{
    for (uint8_t n = 1; *set && n <= SYSTEMS_MAX; n++) {
        if (!(*set & 1ull << n))
            continue;
        int result = send(l, n, type, NULL, 0);
        if (result == XCF_OK || result == XCF_NO_MEMBER)
            *set &= ~(1ull << n);
    }
}

static int exit_send(void *context, uint32_t conid, const uint8_t *message, uint32_t length)
{
    struct xcf_lock *l = context;

    if (has(l->gone, conid))
        return -1;
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        if (l->peers[n].conid != conid)
            continue;
        if (l->answer & 1ull << n)
            return 1;                       /* it does not know us before that */
        int result = send(l, n, TYPE_LOCK, message, length);
        return result == XCF_OK ? 0 : result == XCF_NO_MEMBER ? -1 : 1;
    }
    return 1;                               /* its HELLO or HERE is on its way, or its end */
}

/* --- messages in --------------------------------------------------------------------------------------------------- */

static void group_message(void *context, uint8_t from, uint16_t type, const uint8_t *data, uint32_t length)
{
    struct xcf_lock *l = context;

    if (!l->connection || length < LOCK_BODY)
        return;
    uint32_t conid = get_be32(data + LOCK_FROM);
    uint64_t life = get_be64(data + LOCK_FROM_LIFE);
    if (type == TYPE_HELLO || type == TYPE_HERE) {
        if (conid < 1 || conid > 255)
            return;
        l->peers[from].conid = conid;
        l->peers[from].life = life;
        l->gone[conid / 32] &= ~CONID_BIT(conid);
        if (type == TYPE_HELLO)
            l->answer |= 1ull << from;
        send_all(l, &l->answer, TYPE_HERE);
        return;
    }
    if (type != TYPE_LOCK || life != l->peers[from].life || conid != l->peers[from].conid ||
        get_be64(data + LOCK_TO_LIFE) != l->life) {
        l->dropped++;
        return;
    }
    xes_lock_message(&l->lock, conid, data + LOCK_BODY, length - LOCK_BODY);
}

/* --- the user's exits ---------------------------------------------------------------------------------------------- */

static void exit_complete(void *context, void *user, uint32_t reason)
{
    struct xcf_lock *l = context;

    l->exits->complete(l->context, user, reason);
}

static void exit_notify(void *context, void *user, uint32_t conid, uint8_t wanted)
{
    struct xcf_lock *l = context;

    l->exits->notify(l->context, user, conid, wanted);
}

static enum xes_lock_decision exit_contention(void *context, const uint8_t *name, uint8_t length, uint32_t conid, uint8_t wanted)
{
    struct xcf_lock *l = context;

    return l->exits->contention(l->context, name, length, conid, wanted);
}

/* --- ends of connections ------------------------------------------------------------------------------------------- */

/* In the attention handler. */
static void connection_event(void *context, const uint8_t ended[32], bool joined)
{
    struct xcf_lock *l = context;
    bool any = false;

    (void)joined;                           /* the new one says HELLO */
    for (unsigned i = 0; i < 8; i++) {
        uint32_t word = get_be32(ended + 4 * i);

        __atomic_fetch_or(&l->ended[i], word, __ATOMIC_RELAXED);
        any = any || word;
    }
    if (any)
        l->ends = true;
}

/* Read what all that ended before this call have sent. False: not now. */
static bool read_signals(struct xcf_lock *l)
{
    struct xcf *x = l->xcf;

    xcf_drain(x);
    return !x->connection || x->connection->lost || !(x->polling || x->pending || x->connection->poll_again);
}

static void peer_ended(struct xcf_lock *l, uint32_t conid)
{
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        if (l->peers[n].conid == conid) {
            l->peers[n].conid = 0;
            l->peers[n].life = 0;
        }
    }
    l->gone[conid / 32] |= CONID_BIT(conid);
    l->respond[conid / 32] |= CONID_BIT(conid);
    xes_lock_failed(&l->lock, conid);
}

static void handle_ends(struct xcf_lock *l)
{
    uint32_t ended[8];

    l->ends = false;                        /* before the bits are taken: the event exit may set more at any time */
    for (unsigned i = 0; i < 8; i++)
        ended[i] = __atomic_exchange_n(&l->ended[i], 0, __ATOMIC_RELAXED);
    if (!read_signals(l)) {
        for (unsigned i = 0; i < 8; i++)
            __atomic_fetch_or(&l->ended[i], ended[i], __ATOMIC_RELAXED);
        l->ends = true;
        return;
    }
    for (uint32_t conid = 1; conid <= 255; conid++)
        if (has(ended, conid))
            peer_ended(l, conid);
}

/* IXLEERSP. What is not awaited any more is as good as answered. */
static void respond(struct xcf_lock *l)
{
    uint32_t reason;

    for (uint32_t conid = 1; conid <= 255; conid++) {
        if (!has(l->respond, conid))
            continue;
        (void)xes_respond(l->connection, conid, false, &reason);
        if (reason != IXLRSNCODESTRTEMPUNAVAIL)
            l->respond[conid / 32] &= ~CONID_BIT(conid);
    }
}

/* --- life ---------------------------------------------------------------------------------------------------------- */

void xcf_lock_join(struct xcf_lock *l, struct xcf *xcf, const char *group)
{
    l->xcf = xcf;
    text_format(l->group, sizeof l->group, "%s", group);
    xcf_join_group(xcf, l->group, group_message, NULL, l);
}

int xcf_lock_start(struct xcf_lock *l, struct xes *xes, const struct xes_connect_parms *parms,
                   const struct xes_lock_ops *exits, void *context, uint32_t *reason)
{
    struct xes_connect_parms own = *parms;
    struct xes_connection *connection;

    STACK_ASSERT(!l->connection && l->xcf->connection);
    own.attributes.options |= CF_CONN_OPT_RESPONDS;
    own.event_exit = connection_event;
    own.context = l;
    l->ends = false;
    memset(l->ended, 0, sizeof l->ended);
    int rc = xes_connect_wait(xes, &own, &connection, reason);
    if (rc > IXLRETCODEWARNING)
        return rc;
    l->exits = exits;
    l->context = context;
    l->ops = (struct xes_lock_ops){ .send = exit_send, .complete = exit_complete,
                                    .notify = exits->notify ? exit_notify : NULL,
                                    .contention = exits->contention ? exit_contention : NULL };
    l->life = platform_random();
    memset(l->peers, 0, sizeof l->peers);
    memset(l->gone, 0, sizeof l->gone);
    memset(l->respond, 0, sizeof l->respond);
    xes_lock_init(&l->lock, connection, &l->ops, l);
    l->connection = connection;
    l->greet = xcf_others(l->xcf);
    l->answer = 0;
    send_all(l, &l->greet, TYPE_HELLO);
    return rc;
}

void xcf_lock_poll(struct xcf_lock *l)
{
    if (!l->connection)
        return;
    send_all(l, &l->greet, TYPE_HELLO);
    send_all(l, &l->answer, TYPE_HERE);
    if (l->ends)
        handle_ends(l);
    respond(l);
    xes_lock_poll(&l->lock);
}

void xcf_lock_stop(struct xcf_lock *l)
{
    if (!l->connection)
        return;
    xes_disconnect(l->connection, false);
    l->connection = NULL;
}
