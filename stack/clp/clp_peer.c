#include "stack/clp/clp_peer.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/clp/clp_table.h"

/* --- messages ------------------------------------------------------------------------------------------------------ */

static int transmit(struct clp *clp, uint8_t to, uint32_t length)
{
    if (!clp->ops || !clp->ops->send)
        return 1;
    return clp->ops->send(clp->context, to, clp->message, length);
}

int clp_send(struct clp *clp, uint8_t to, const struct clp_message *m)
{
    uint8_t *p = clp->message;

    p[0] = m->kind;
    p[1] = m->flags;
    put_be16(p + 2, (uint16_t)m->grant.count);
    put_be32(p + 4, m->id);
    put_be32(p + 8, m->address);
    put_be64(p + 12, m->ticket);
    p += CLP_HEADER;
    for (uint32_t i = 0; i < m->grant.count; i++, p += CLP_WORD_BYTES) {
        put_be16(p, m->grant.words[i].word);
        put_be64(p + 2, m->grant.words[i].ports);
    }
    return transmit(clp, to, (uint32_t)(p - clp->message));
}

/* False: not valid. */
static bool unpack(struct clp_message *m, const uint8_t *p, uint32_t length)
{
    if (length < CLP_HEADER)
        return false;
    m->kind = p[0];
    m->flags = p[1];
    m->grant.count = get_be16(p + 2);
    m->id = get_be32(p + 4);
    m->address = get_be32(p + 8);
    m->ticket = get_be64(p + 12);
    if (m->grant.count > CLP_GRANT_WORDS || length != CLP_HEADER + m->grant.count * CLP_WORD_BYTES)
        return false;
    p += CLP_HEADER;
    for (uint32_t i = 0; i < m->grant.count; i++, p += CLP_WORD_BYTES) {
        m->grant.words[i].word = get_be16(p);
        m->grant.words[i].ports = get_be64(p + 2);
        if (m->grant.words[i].word >= CLP_WORDS)
            return false;
    }
    return true;
}

/* --- questions ----------------------------------------------------------------------------------------------------- */

static uint64_t members(const struct clp *clp)
{
    return clp->ops && clp->ops->members ? clp->ops->members(clp->context) : 0;
}

bool clp_in_sysplex(const struct clp *clp)
{
    return !clp->ops || !clp->ops->in_sysplex || clp->ops->in_sysplex(clp->context);
}

bool clp_ask(struct clp *clp, uint8_t to, struct clp_message *m, uint32_t us, bool favour)
{
    struct clp_question *q = &clp->question;
    uint64_t silent = q->silent;
    uint64_t asked = to ? members(clp) & (1ull << to) : members(clp), end = platform_clock_us() + us;

    STACK_ASSERT(q->id == 0);
    *q = (struct clp_question){ .id = ++clp->questions ? clp->questions : ++clp->questions, .kind = m->kind,
                                .address = m->address, .ticket = m->ticket, .waiting = asked & ~(favour ? silent : 0),
                                .silent = silent, .grant = m->grant };
    m->id = q->id;
    if (asked && clp_send(clp, to, m) == 0) {
        while ((q->waiting &= members(clp)) && !(favour && q->yes)) {
            uint64_t now = platform_clock_us();
            if (now >= end) {
                q->silent |= q->waiting;
                break;
            }
            clp_listen(clp, (uint32_t)(end - now));
        }
    }
    q->id = 0;
    return q->waiting == 0;
}

/* What an answer was to, and since when its sender is the distributing stack. */
static uint8_t kind_of(const struct clp_message *answer)
{
    return (uint8_t)answer->ticket;
}

static uint64_t since_of(const struct clp_message *answer)
{
    return answer->ticket >> 8;
}

static bool brings_ports(uint8_t kind)
{
    return kind == CLP_TAKE || kind == CLP_CLAIM;
}

static void take_answer(struct clp *clp, uint8_t from, const struct clp_message *m)
{
    struct clp_question *q = &clp->question;

    if (q->id == 0 || m->id != q->id || !(q->waiting & (1ull << from))) {
        if (brings_ports(kind_of(m)) && m->grant.count)
            clp_distributor_late(clp, from, m->address, &m->grant, since_of(m));
        return;
    }
    q->waiting &= ~(1ull << from);
    q->yes = q->yes || m->flags & CLP_FLAG_YES;
    q->no = q->no || m->flags & CLP_FLAG_NO;
    if (brings_ports(q->kind)) {
        q->grant = m->grant;
        q->since = since_of(m);
    }
    if (q->kind == CLP_WANT)
        clp_broadcast_refused(clp, from, m);
    for (uint32_t i = 0; q->kind == CLP_WANT && i < m->grant.count; i++)
        for (uint32_t k = 0; k < q->grant.count; k++)
            if (q->grant.words[k].word == m->grant.words[i].word)
                q->grant.words[k].ports &= ~m->grant.words[i].ports;
}

/* --- ports asked back ---------------------------------------------------------------------------------------------- */

/* Others want ports of this address: demand here does not count now. Idle blocks but one; if it is urgent, also half of
 * the free ports of blocks in use. */
static void give_back(struct clp *clp, struct clp_table *t, bool urgent)
{
    struct clp_grant g;
    uint32_t size = t->clusterports.blocksize;

    table_set_blocks(t, 1);
    t->yielded_us = platform_clock_us();
    uint32_t given = clp_give_surplus(clp, t, urgent ? 0 : size);
    if (urgent && given == 0 && !t->store->whole_blocks) {
        given = table_free(clp, t, (table_free_owned(t) + 1) / 2, &g);
        if (g.count && clp_give(clp, t, &g) != CLP_OK)
            given = 0;
    }
    clp->statistics.returned += given;
}

static void take_return(struct clp *clp, struct clp_table *t, struct clp_message *m)
{
    clp->statistics.answered++;
    uint64_t before = clp->statistics.returned;
    if (t && t->ready && t->clusterports.on && !t->store->enter)
        give_back(clp, t, m->flags & CLP_FLAG_URGENT);
    m->flags = clp->statistics.returned > before ? CLP_FLAG_YES : CLP_FLAG_NO;
}

bool clp_ask_owner(struct clp *clp, const struct clp_table *t, uint16_t port)
{
    struct clp_message m = { .kind = CLP_GIVE_UP, .address = t->address };

    grant_one(&m.grant, port);
    (void)clp_ask(clp, 0, &m, CLP_ASK_US, true);
    return clp->question.yes;
}

static void take_give_up(struct clp *clp, struct clp_table *t, struct clp_message *m)
{
    struct clp_grant g = { 0 };

    m->flags = CLP_FLAG_NO;
    if (!t || !t->ready || !t->clusterports.on || t->store->enter || m->grant.count != 1)
        return;
    uint16_t port = (uint16_t)(m->grant.words[0].word * 64 + bits_first(m->grant.words[0].ports | 1));
    if (!port_in(t->owned, port) || t->use[port])
        return;
    grant_one(&g, port);
    if (t->store->whole_blocks) {
        if (!table_block_idle(t, port))
            return;
        table_block(t, port, &g);
    }
    if (clp_give(clp, t, &g) == CLP_OK)
        m->flags = CLP_FLAG_YES;
}

/* --- reservations -------------------------------------------------------------------------------------------------- */

void clp_tell_reserved(struct clp *clp, uint8_t to)
{
    const struct clp_reserved *mine = &clp->reserved[clp->number];
    uint8_t *p = clp->message;

    memset(p, 0, CLP_HEADER);
    p[0] = CLP_RESERVED;
    put_be16(p + 2, mine->count);
    p += CLP_HEADER;
    for (unsigned i = 0; i < mine->count; i++, p += 4) {
        put_be16(p, mine->ranges[i].first);
        put_be16(p + 2, mine->ranges[i].count);
    }
    (void)transmit(clp, to, (uint32_t)(p - clp->message));      /* not in the sysplex: told when it joins */
}

static void take_reserved(struct clp *clp, uint8_t from, const uint8_t *p, uint32_t length)
{
    struct clp_reserved *r = &clp->reserved[from];
    uint16_t count = get_be16(p + 2);

    if (count > sizeof r->ranges / sizeof r->ranges[0] || length != CLP_HEADER + 4u * count)
        return;
    r->count = count;
    p += CLP_HEADER;
    for (unsigned i = 0; i < count; i++, p += 4) {
        r->ranges[i].first = get_be16(p);
        r->ranges[i].count = get_be16(p + 2);
    }
    clp_reservations_changed(clp);
}

/* --- what comes in ------------------------------------------------------------------------------------------------- */

void clp_joined(struct clp *clp, uint8_t number)
{
    clp_tell_reserved(clp, number);
}

void clp_receive(struct clp *clp, uint8_t from, const uint8_t *message, uint32_t length)
{
    struct clp_message m;
    uint64_t since = 0;

    if (from == 0 || from > SYSTEMS_MAX || from == clp->number)
        return;
    clp->question.silent &= ~(1ull << from);
    if (length >= CLP_HEADER && message[0] == CLP_RESERVED) {
        take_reserved(clp, from, message, length);
        return;
    }
    if (!unpack(&m, message, length))
        return;
    struct clp_table *t = clp_find(clp, m.address);
    uint8_t kind = m.kind;
    switch (kind) {
    case CLP_WANT:
    case CLP_GIVEN:
        clp_broadcast_heard(clp, from, &m);
        break;
    case CLP_TAKE:
    case CLP_CLAIM:
    case CLP_BACK:
    case CLP_HAVE:
    case CLP_TELL:
        clp_distributor_heard(clp, from, &m);
        since = m.ticket;
        break;
    case CLP_RETURN:
        take_return(clp, t, &m);
        m.grant.count = 0;
        break;
    case CLP_GIVE_UP:
        take_give_up(clp, t, &m);
        m.grant.count = 0;
        break;
    case CLP_ANSWER:
        take_answer(clp, from, &m);
        return;
    default:
        return;
    }
    if (m.kind == 0 || m.id == 0)
        return;
    m.kind = CLP_ANSWER;
    m.ticket = since << 8 | kind;
    if (clp_send(clp, from, &m) == 0 || !brings_ports(kind))
        return;                             /* does not arrive: the asker waits its time, and then knows no more than now */
    m.kind = CLP_BACK;                      /* nor has it the ports */
    m.ticket = since;
    clp_distributor_heard(clp, from, &m);
}
