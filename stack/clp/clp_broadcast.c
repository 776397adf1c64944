/* The keeper without a keeper: no CF structure, no stack that decides. Who wants ports asks all the others.
 *
 *   MVS1                         MVS2                         MVS3
 *    │ WANT 2112-2175 ───────────►│                            │
 *    │ ───────────────────────────┼───────────────────────────►│
 *    │ ◄──────────── ANSWER (none)│  not mine, not wanted      │
 *    │ ◄──────────────────────────┼── ANSWER 2112-2115 ────────│  refused: mine, or wanted here before
 *    │ owns 2116-2175
 *
 * An answer names the ports that the asker may not have: those that the answering stack owns or uses, and those that it asks for
 * itself with an older ticket (time, then system number). Where its own ticket is the younger one it withdraws its own
 * wish instead. Nothing is remembered of an answer.
 *
 * No port gets two owners. Suppose A and B both own p. Each has asked the other, after knowing of it, and got leave (a
 * stack that joins asks everybody it finds, and is told of by a message that stands in each queue before its first WANT).
 * When B gave A leave, it neither owned p nor had a wish for it that lived on. So the wish by which B owns p is younger than
 * the leave that B gave to A; and that leave is younger than the wish of A that it answers, by which A owns p. So A's wish is
 * older than B's. In the same way B's is older than A's. Contradiction. The tickets play no part in that; they only see to
 * it that of two that want the same ports one gets them.
 *
 * What a failed stack owned is free as soon as nobody waits for its answer: there is nothing to recover. GIVEN and refusals
 * tell the others what to ask for; they are hints, and may be wrong without harm. */
#include <string.h>

#include "stack/base/flow.h"
#include "stack/clp/clp_peer.h"
#include "stack/clp/clp_random.h"
#include "stack/clp/clp_table.h"

#define TRIES 8u            /* questions of one trip: each refusal is a hint, the next one knows better */

static int failed(struct clp *clp, enum clp_reason reason)
{
    return clp_error(clp, CLP_EADDRNOTAVAIL, reason);
}

static void hint(struct clp_view *view, const struct clp_word *w, uint8_t owner)
{
    for (uint64_t left = w->ports; left; left &= ~port_bit(bits_first(left)))
        view->owner[w->word * 64 + bits_first(left)] = owner;
}

static int broadcast_init(struct clp *clp, struct clp_table *t, unsigned origin)
{
    (void)origin;
    FLOW(8B, 850);
    FLOW(8B, 860);
    return clp_view_of(clp, t->address) ? CLP_OK : failed(clp, CLP_REASON_TABLES);
}

/* Eligible ports of a word that are, for all this stack knows, nobody's. */
static uint64_t hopeful(const struct clp_table *t, const struct clp_view *view, uint32_t w)
{
    uint64_t ports = t->eligible[w] & ~t->owned[w], free = 0;

    for (; ports; ports &= ~port_bit(bits_first(ports)))
        if (view->owner[w * 64 + bits_first(ports)] == 0)
            free |= port_bit(bits_first(ports));
    return free;
}

static void choose(struct clp *clp, const struct clp_table *t, const struct clp_view *view, uint32_t wanted,
                   struct clp_grant *g)
{
    uint32_t start = clp_random_below(clp, CLP_WORDS), step = clp_random_below(clp, CLP_WORDS) | 1, ports = 0;

    g->count = 0;
    for (uint32_t i = 0; i < CLP_WORDS && ports < wanted && g->count < CLP_GRANT_WORDS; i++) {
        uint32_t w = (start + i * step) % CLP_WORDS;
        uint64_t free = hopeful(t, view, w), some = 0;
        uint32_t turn = clp_random_below(clp, 64);

        for (; free && ports < wanted; ports++) {
            uint32_t place = (bits_first(bits_rotate_left(free, turn)) + turn) & 63;

            some |= port_bit(place);
            free &= ~port_bit(place);
        }
        if (some)
            g->words[g->count++] = (struct clp_word){ .word = (uint16_t)w, .ports = some };
    }
}

/* Ask everybody for the ports of *g; *g becomes what nobody refused. CLP_OK: everybody has answered. */
static int ask_all(struct clp *clp, struct clp_table *t, struct clp_grant *g)
{
    struct clp_message m = { .kind = CLP_WANT, .address = t->address, .ticket = platform_clock_us(), .grant = *g };
    uint32_t count = 0;

    if (!clp_in_sysplex(clp) || !clp_ask(clp, 0, &m, CLP_KEEPER_US, false))
        return failed(clp, CLP_REASON_KEEPER);
    *g = clp->question.grant;
    for (uint32_t i = 0; i < g->count; i++)
        if (g->words[i].ports)
            g->words[count++] = g->words[i];
    g->count = count;
    return CLP_OK;
}

static int broadcast_take(struct clp *clp, struct clp_table *t, uint32_t ports, struct clp_grant *g)
{
    struct clp_view *view = clp_view_of(clp, t->address);

    clp_random_stir(clp);
    for (unsigned try = 0; view && try < TRIES; try++) {
        FLOW(9, 925);
        FLOW(4, 415);
        choose(clp, t, view, ports, g);
        if (g->count == 0) {
            memset(view->owner, 0, sizeof view->owner);     /* the hints may be old: once more from the start */
            choose(clp, t, view, ports, g);
            if (g->count == 0)
                break;
        }
        FLOW(9, 935);
        int rc = ask_all(clp, t, g);
        if (rc != CLP_OK)
            return rc;
        if (g->count) {
            FLOW(4, 420);
            FLOW(9, 940);
            return CLP_OK;
        }
    }
    return failed(clp, CLP_REASON_EXHAUSTED);
}

static int broadcast_give(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    struct clp_message m = { .kind = CLP_GIVEN, .address = t->address, .grant = *g };

    FLOW(10, 1015);
    FLOW(5, 515);
    FLOW(10, 1020);
    (void)clp_send(clp, 0, &m);             /* a hint: who does not get it finds out when it asks */
    FLOW(10, 1025);
    return CLP_OK;
}

static int broadcast_claim(struct clp *clp, struct clp_table *t, uint16_t port, struct clp_grant *g)
{
    int rc = ask_all(clp, t, grant_one(g, port));

    if (rc != CLP_OK)
        return rc;
    return g->count ? CLP_OK : clp_error(clp, CLP_EADDRINUSE, CLP_REASON_OWNED);
}

/* Its port is not on its way, and who owns it is asked by the claim: a look would be no more than a guess. */
static bool broadcast_available(struct clp *clp, struct clp_table *t, uint16_t port)
{
    const struct clp_view *view = clp_view_of(clp, t->address);

    return view && view->owner[port] == 0;
}

/* Ports of the word that nobody else may have: owned, or still in use since before CLUSTERPORTS came. */
static uint64_t mine_in(const struct clp_table *t, uint32_t w)
{
    uint64_t ports = t->clusterports.on && t->ready ? t->owned[w] : 0;

    for (uint32_t p = 0; p < 64; p++)
        if (t->use[w * 64 + p])
            ports |= port_bit(p);
    return ports;
}

/* WANT. Ports that I own, or want with an older ticket, are refused; where mine is younger, I want them no more. */
static void refuse(struct clp *clp, const struct clp_table *t, uint8_t from, struct clp_message *m)
{
    struct clp_question *q = &clp->question;
    bool mine_first = q->ticket < m->ticket || (q->ticket == m->ticket && clp->number < from);
    uint32_t count = 0;

    for (uint32_t i = 0; i < m->grant.count; i++) {
        struct clp_word w = m->grant.words[i];
        uint64_t refused = t ? w.ports & mine_in(t, w.word) : 0;

        for (uint32_t k = 0; q->id && q->kind == CLP_WANT && q->address == m->address && k < q->grant.count; k++) {
            if (q->grant.words[k].word != w.word)
                continue;
            if (mine_first)
                refused |= w.ports & q->grant.words[k].ports;
            else
                q->grant.words[k].ports &= ~w.ports;
        }
        if (refused)
            m->grant.words[count++] = (struct clp_word){ .word = w.word, .ports = refused };
    }
    m->grant.count = count;
}

void clp_broadcast_heard(struct clp *clp, uint8_t from, struct clp_message *m)
{
    struct clp_table *t = clp_find(clp, m->address);
    struct clp_view *view = t && t->store == &clp_broadcast_store ? clp_view_of(clp, m->address) : NULL;

    for (uint32_t i = 0; view && i < m->grant.count; i++)
        hint(view, &m->grant.words[i], m->kind == CLP_GIVEN ? 0 : from);
    if (m->kind == CLP_WANT)
        refuse(clp, t, from, m);
    else
        m->kind = 0;
}

void clp_broadcast_refused(struct clp *clp, uint8_t from, const struct clp_message *m)
{
    struct clp_view *view = clp_view_of(clp, clp->question.address);

    for (uint32_t i = 0; view && i < m->grant.count; i++)
        hint(view, &m->grant.words[i], from);
}

const struct clp_store clp_broadcast_store = {
    .name = "BROADCAST", .survives = "STACKS; ALL THAT LIVE MUST ANSWER",
    .asks = true, .init = broadcast_init, .take = broadcast_take, .give = broadcast_give,
    .available = broadcast_available, .claim = broadcast_claim, .recover = clp_view_recover,
};
