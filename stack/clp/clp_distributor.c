/* The distributing stack as keeper: it decides which stack has which port of an address that it distributes, in its own
 * storage, and the others ask it. No CF structure.
 *
 *   target stack                              distributing stack
 *    │ TAKE about 64 of 1024-65535 ───────────►│ chooses; owner[p] = target
 *    │ ◄─────────────────────── ANSWER ports ──│
 *    │ BACK ports ────────────────────────────►│ owner[p] = 0
 *
 * Messages of one stack to another arrive in their order, so what a stack has given back is in the pool before its next
 * question. An answer that comes too late, or to a stack that has died, leaves its ports with a stack that does not know of
 * them: a late one is given back by its receiver (BACK); a dead one's ports are recovered. So each port is given back once
 * for each time that it was given: a CLAIM of a port that the asker has already is not answered with YES, or the BACK for the
 * first answer, which was late, would take it from the stack that goes by the second. It has no answer, and is repeated.
 *
 * A stack that becomes the distributing one, or meets a new stack, asks what the others have (TELL), and gives out nothing
 * until every active stack has told (HAVE): heard. What a stack tells replaces all that was known of it, but only while it
 * has not been heard: a second TELL may have crossed with ports on their way. Who has told regards the asker as the
 * distributing stack from then on, even if it has not heard of it otherwise, and if it was so itself; ports that another one
 * gave it before, and that arrive only now, it does not take: it has told without them. What refers to an earlier time of
 * being the distributing stack (`since`) is dropped. A stack that is gone is not heard any more; its ports stay its own until they are recovered, or until its next life tells what it has. */
#include <string.h>

#include "stack/base/flow.h"
#include "stack/clp/clp_peer.h"
#include "stack/clp/clp_random.h"
#include "stack/clp/clp_table.h"

static int failed(struct clp *clp, enum clp_reason reason)
{
    return clp_error(clp, CLP_EADDRNOTAVAIL, reason);
}

/* Whoever has asked what this stack has, because it distributes the address now, does so even if that is not known here
 * otherwise yet. */
static uint8_t distributor_of(struct clp *clp, uint32_t address, uint64_t *since)
{
    const struct clp_view *view = clp_view_of(clp, address);
    uint8_t number = clp->number;

    *since = 0;
    if (clp->ops && clp->ops->distributor)
        number = clp->ops->distributor(clp->context, address, since);
    if (!view || view->told_since <= *since)
        return number;
    *since = view->told_since;
    return view->told;
}

static void set_owner(struct clp_view *view, const struct clp_word *w, uint8_t owner, uint8_t only_of)
{
    for (uint64_t left = w->ports; left; left &= ~port_bit(bits_first(left))) {
        uint8_t *p = &view->owner[w->word * 64 + bits_first(left)];

        if (only_of == 0 || *p == only_of)
            *p = owner;
    }
}

/* The view of the distributing stack, which this one is; NULL: it is not. What it knew when it was before does not count, nor
 * what it knew when CLUSTERPORTS went: it begins with what it has itself. */
static struct clp_view *view_of_distributor(struct clp *clp, const struct clp_table *t)
{
    uint64_t since;
    uint8_t number = distributor_of(clp, t->address, &since);
    struct clp_view *view = number == clp->number ? clp_view_of(clp, t->address) : NULL;

    if (!view || (view->valid && view->since == since))
        return view;
    memset(view->owner, 0, sizeof view->owner);
    view->valid = true;
    view->since = since;
    view->heard = view->asked = 0;
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        set_owner(view, &(struct clp_word){ .word = (uint16_t)w, .ports = t->owned[w] }, clp->number, 0);
    return view;
}

/* --- the distributing stack's side --------------------------------------------------------------------------------- */

#define ASK_AGAIN_US 100000u    /* who has been asked and has not told may stand still: its queue must not be filled */

/* Has every other active stack told what it has? Who has not is asked. */
static bool complete(struct clp *clp, struct clp_view *view)
{
    uint64_t others = clp->ops && clp->ops->members ? clp->ops->members(clp->context) : 0;
    struct clp_message m = { .kind = CLP_TELL, .address = view->address, .ticket = view->since };

    if (platform_clock_us() - view->asked_us >= ASK_AGAIN_US)
        view->asked = 0;
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        if (!((others & ~view->heard & ~view->asked) >> n & 1))
            continue;
        (void)clp_send(clp, n, &m);         /* does not arrive: it is asked again */
        view->asked |= 1ull << n;
        view->asked_us = platform_clock_us();
    }
    return (others & ~view->heard) == 0 && clp_in_sysplex(clp);
}

static void take_have(struct clp_view *view, uint8_t from, const struct clp_message *m)
{
    if (view->heard >> from & 1 || m->ticket != view->since)
        return;
    for (uint32_t p = 0; m->flags & CLP_FLAG_FIRST && p < PORTS_PER_DVIPA; p++)
        if (view->owner[p] == from)
            view->owner[p] = 0;
    for (uint32_t i = 0; i < m->grant.count; i++)
        set_owner(view, &m->grant.words[i], from, 0);
    if (m->flags & CLP_FLAG_LAST)
        view->heard |= 1ull << from;
}

/* EPHEMERALPORTS of the asker, what it asks for. */
struct wanted {
    uint32_t ports;
    uint16_t low, high;
};

static uint64_t free_in(const struct clp *clp, const struct clp_view *view, uint32_t w, const struct wanted *wanted)
{
    uint64_t free = 0;

    for (uint64_t left = clp->unreserved[w]; left; left &= ~port_bit(bits_first(left))) {
        uint32_t port = w * 64 + bits_first(left);

        if (view->owner[port] == 0 && port >= wanted->low && port <= wanted->high)
            free |= port_bit(port);
    }
    return free;
}

/* Whole words as long as ports are wanted, from a random place in random steps; then ports of one. */
static void give_out(struct clp *clp, struct clp_view *view, const struct wanted *wanted, uint8_t to, struct clp_grant *g)
{
    uint32_t start = clp_random_below(clp, CLP_WORDS), step = clp_random_below(clp, CLP_WORDS) | 1, ports = 0;

    clp_random_stir(clp);
    g->count = 0;
    for (uint32_t i = 0; i < CLP_WORDS && ports < wanted->ports && g->count < CLP_GRANT_WORDS; i++) {
        uint32_t w = (start + i * step) % CLP_WORDS, turn = clp_random_below(clp, 64);
        struct clp_word word = { .word = (uint16_t)w };

        for (uint64_t free = free_in(clp, view, w, wanted); free && ports < wanted->ports; ports++) {
            uint32_t place = (bits_first(bits_rotate_left(free, turn)) + turn) & 63;

            word.ports |= port_bit(place);
            free &= ~port_bit(place);
        }
        if (!word.ports)
            continue;
        set_owner(view, &word, to, 0);
        g->words[g->count++] = word;
    }
}

static uint64_t take_ticket(const struct wanted *wanted)
{
    return (uint64_t)wanted->high << 48 | (uint64_t)wanted->low << 32 | wanted->ports;
}

static void answer_take(struct clp *clp, struct clp_view *view, uint8_t from, struct clp_message *m)
{
    const struct wanted wanted = { .ports = (uint32_t)m->ticket, .low = (uint16_t)(m->ticket >> 32), .high = (uint16_t)(m->ticket >> 48) };

    m->flags = 0;
    m->grant.count = 0;
    if (!view || !complete(clp, view))
        return;
    m->flags = CLP_FLAG_YES;
    m->ticket = view->since;
    give_out(clp, view, &wanted, from, &m->grant);
}

static void answer_claim(struct clp *clp, struct clp_view *view, uint8_t from, struct clp_message *m)
{
    bool one = m->grant.count == 1 && m->grant.words[0].ports;
    uint16_t port = one ? (uint16_t)(m->grant.words[0].word * 64 + bits_first(m->grant.words[0].ports)) : 0;

    m->flags = 0;
    m->grant.count = 0;
    if (!view || !complete(clp, view) || (one && view->owner[port] == from))
        return;
    m->flags = one && view->owner[port] == 0 ? CLP_FLAG_YES : CLP_FLAG_NO;
    if (m->flags != CLP_FLAG_YES)
        return;
    m->ticket = view->since;
    view->owner[port] = from;
    grant_one(&m->grant, port);
}

/* Tell the asker what this stack has; nothing is an answer too. From now on it is asked for ports, and gets them back. */
static void answer_tell(struct clp *clp, const struct clp_table *t, uint8_t to, const struct clp_message *question)
{
    struct clp_message m = { .kind = CLP_HAVE, .flags = CLP_FLAG_FIRST, .address = question->address, .ticket = question->ticket };
    struct clp_view *view = clp_view_of(clp, question->address);
    uint64_t since;

    (void)distributor_of(clp, question->address, &since);
    if (question->ticket < since)
        return;                             /* it is not the distributing stack any more */
    if (view) {
        view->told = to;
        view->told_since = question->ticket;
    }
    for (uint32_t w = 0; w < CLP_WORDS; w++) {
        if (t && t->owned[w])
            m.grant.words[m.grant.count++] = (struct clp_word){ .word = (uint16_t)w, .ports = t->owned[w] };
        if (w == CLP_WORDS - 1)
            m.flags |= CLP_FLAG_LAST;
        if (m.grant.count < CLP_GRANT_WORDS && w < CLP_WORDS - 1)
            continue;
        (void)clp_send(clp, to, &m);        /* does not arrive: it asks again */
        m.flags = 0;
        m.grant.count = 0;
    }
}

void clp_distributor_heard(struct clp *clp, uint8_t from, struct clp_message *m)
{
    struct clp_table *t = clp_find(clp, m->address);
    struct clp_view *view = t && t->store == &clp_distributor_store ? view_of_distributor(clp, t) : NULL;

    switch (m->kind) {
    case CLP_TAKE:
        answer_take(clp, view, from, m);
        return;
    case CLP_CLAIM:
        answer_claim(clp, view, from, m);
        return;
    case CLP_TELL:
        answer_tell(clp, t && t->store == &clp_distributor_store ? t : NULL, from, m);
        break;
    case CLP_HAVE:
        if (view)
            take_have(view, from, m);
        break;
    case CLP_BACK:
        for (uint32_t i = 0; view && (m->ticket == 0 || m->ticket == view->since) && i < m->grant.count; i++)
            set_owner(view, &m->grant.words[i], 0, from);
        break;
    default:
        break;
    }
    m->kind = 0;                            /* no answer */
}

/* --- the target stack's side --------------------------------------------------------------------------------------- */

static int distributor_init(struct clp *clp, struct clp_table *t, unsigned origin)
{
    (void)origin;
    struct clp_view *view = clp_view_of(clp, t->address);
    FLOW(8B, 850);
    FLOW(8B, 860);
    if (!view)
        return failed(clp, CLP_REASON_TABLES);
    view->valid = false;
    if (view_of_distributor(clp, t))
        (void)complete(clp, view);          /* asks */
    return CLP_OK;
}

#define RETRIES 20u             /* of 1 ms: for a distributing stack to be known */

static bool is_distributor(struct clp *clp, uint32_t address, uint8_t number, uint64_t then)
{
    uint64_t since;

    return distributor_of(clp, address, &since) == number && since == then;
}

/* Cannot be given back at once: nobody gets them until clp_poll() has done it. Whom this stack regards as the distributing
 * one by now has been told without them. */
void clp_distributor_late(struct clp *clp, uint8_t from, uint32_t address, const struct clp_grant *ports, uint64_t since)
{
    struct clp_message back = { .kind = CLP_BACK, .address = address, .ticket = since, .grant = *ports };
    struct clp_table *t = clp_find(clp, address);

    if (clp_send(clp, from, &back) == 0 || !t || t->store != &clp_distributor_store || !is_distributor(clp, address, from, since))
        return;
    table_add(clp, t, ports);
    for (uint32_t i = 0; i < ports->count; i++)
        for (uint64_t left = ports->words[i].ports; left; left &= ~port_bit(bits_first(left)))
            table_drain(t, (uint16_t)(ports->words[i].word * 64 + bits_first(left)));
    t->undrained = true;
}

/* Ask another stack. Ports come too late, too, if it has ceased to be the distributing one meanwhile. */
static bool ask_distributor(struct clp *clp, uint8_t to, struct clp_message *m)
{
    const struct clp_question *q = &clp->question;

    if (!clp_ask(clp, to, m, CLP_KEEPER_US, false) || !(q->yes || q->no))
        return false;
    if (!q->yes || q->grant.count == 0 || is_distributor(clp, m->address, to, q->since))
        return true;
    clp_distributor_late(clp, to, m->address, &q->grant, q->since);
    return false;
}

/* Ask the distributing stack, or do it here if that is this one. */
static bool ask_once(struct clp *clp, struct clp_table *t, struct clp_message *m)
{
    uint64_t since;
    uint8_t to = distributor_of(clp, t->address, &since);

    clp->question.yes = clp->question.no = false;
    if (to == 0)
        return false;
    if (to != clp->number)
        return ask_distributor(clp, to, m);
    clp_distributor_heard(clp, clp->number, m);
    clp->question.yes = m->flags & CLP_FLAG_YES;
    clp->question.no = m->flags & CLP_FLAG_NO;
    clp->question.grant = m->grant;
    return clp->question.yes || clp->question.no;
}

/* The distributing stack may wait for what others have to tell: as long as for an answer. */
static int ask(struct clp *clp, struct clp_table *t, const struct clp_message *question)
{
    uint64_t since, until = platform_clock_us() + CLP_KEEPER_US;

    for (unsigned try = 0; try < RETRIES || (platform_clock_us() < until && distributor_of(clp, t->address, &since)); try++) {
        struct clp_message m = *question;

        if (ask_once(clp, t, &m))
            return CLP_OK;
        clp_listen(clp, 1000);
    }
    return failed(clp, CLP_REASON_KEEPER);
}

static int distributor_take(struct clp *clp, struct clp_table *t, uint32_t ports, struct clp_grant *g)
{
    const struct wanted wanted = { .ports = ports, .low = clp->low, .high = clp->high };
    struct clp_message m = { .kind = CLP_TAKE, .address = t->address, .ticket = take_ticket(&wanted) };

    FLOW(9, 925);
    FLOW(4, 415);
    int rc = ask(clp, t, &m);
    if (rc != CLP_OK)
        return rc;
    FLOW(9, 935);
    FLOW(4, 420);
    *g = clp->question.grant;
    FLOW(9, 940);
    if (g->count)
        return CLP_OK;
    return failed(clp, CLP_REASON_EXHAUSTED);
}

static int distributor_give(struct clp *clp, struct clp_table *t, const struct clp_grant *g)
{
    struct clp_message m = { .kind = CLP_BACK, .address = t->address, .grant = *g };
    uint64_t since;
    uint8_t to = distributor_of(clp, t->address, &since);

    FLOW(10, 1015);
    FLOW(5, 515);
    FLOW(10, 1020);
    if (to == clp->number)
        clp_distributor_heard(clp, clp->number, &m);
    else if (to == 0 || clp_send(clp, to, &m) != 0)
        return failed(clp, CLP_REASON_KEEPER);
    FLOW(10, 1025);
    return CLP_OK;
}

static int distributor_claim(struct clp *clp, struct clp_table *t, uint16_t port, struct clp_grant *g)
{
    struct clp_message m = { .kind = CLP_CLAIM, .address = t->address };

    grant_one(&m.grant, port);
    int rc = ask(clp, t, &m);
    if (rc != CLP_OK)
        return rc;
    if (!clp->question.yes)
        return clp_error(clp, CLP_EADDRINUSE, CLP_REASON_OWNED);
    grant_one(g, port);
    return CLP_OK;
}

/* A look would be a question too: the claim asks it. */
static bool distributor_available(struct clp *clp, struct clp_table *t, uint16_t port)
{
    const struct clp_view *view = clp_view_of(clp, t->address);

    uint64_t since;

    return distributor_of(clp, t->address, &since) != clp->number || (view && view->owner[port] == 0);
}

const struct clp_store clp_distributor_store = {
    .name = "DISTRIBUTOR", .survives = "STACKS; THE DISTRIBUTING ONE MUST ANSWER",
    .asks = true, .init = distributor_init, .take = distributor_take, .give = distributor_give,
    .available = distributor_available, .claim = distributor_claim, .recover = clp_view_recover,
};
