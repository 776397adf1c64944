/* See flow.h. The rules in one place:
 *
 *   from the cluster's side            what it means for the sender's opening of the tuple
 *     SYN, none open by this sender    opened; a collision if another image has it open
 *     SYN, same sequence number        repeated
 *     SYN, other sequence number       the sender has lost the old one: abandoned, opened anew
 *     RST of its own numbers           ends it
 *     RST of other numbers             no end: an image in SYN-SENT so answers the challenge ACK that its SYN drew
 *     FIN; ACK of the peer's FIN       half of the orderly end each
 *     anything, none open by it        foreign, if another image has the tuple open
 *   from the peer                      belongs to the opening whose sequence numbers it acknowledges
 *     SYN ACK, or what acknowledges it established
 *     RST                              refused before that, reset after; one without ACK speaks to all
 *     ACK that is not the SYN's        to an image waiting for its SYN's answer: a challenge ACK
 *
 * A FIN is the last number of its direction, so "acknowledged" is equality, which another image's numbers do not meet. */
#include "tools/tuplecheck/flow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TUPLE_SLOTS_FIRST = 1 << 12, OPENING_SLOTS_FIRST = 1 << 10 };

/* A SYN without any answer for so long is given up: RFC 1122 asks for 3 minutes at least, stacks in the field use 75 s. */
#define SYN_GIVEN_UP_NS (180 * 1000000000LL)

/* A RST carries a number of the sender's window or of what it has sent and not got acknowledged: at most so many bytes from
 * the last number seen. */
#define RST_DISTANCE (1u << 20)

/* An endpoint is address and port as one number; a tuple is kept with its lower endpoint first. 0,0 = unused slot (port
 * 0 of address 0 does not talk). */
struct tuple {
    uint64_t low, high;
    struct packet_ref ended;    /* last end on the wire; number 0 = none */
    uint32_t ended_sender;      /* tally of it */
    uint32_t openings;          /* index + 1 of the latest one, 0 = not open */
    bool cluster_is_low;
};

enum opening_state {
    ANSWERED = 1,               /* the peer's SYN ACK was seen, or this side sent it */
    SYN_WAITS = 2,              /* nothing came back since the last SYN */
    FIN_SENT = 4,
    FIN_RECEIVED = 8,
    FIN_SENT_ACKED = 16,
    FIN_RECEIVED_ACKED = 32,
};

struct opening {
    struct packet_ref opened;
    int64_t last_syn_ns;
    uint32_t next;              /* index + 1 */
    uint32_t sender, source;    /* tallies */
    uint32_t isn;
    uint32_t sent_end;          /* sequence number after the last one sent */
    uint32_t fin_sent, fin_received;    /* sequence number after the FIN */
    uint8_t state;
};

enum ending { COMPLETED, REFUSED, RESET, ABANDONED };

/* --- storage --------------------------------------------------------------------------------------------------- */

bool flow_table_init(struct flow_table *t, const uint32_t *addresses, size_t count)
{
    memset(t, 0, sizeof *t);
    t->addresses = addresses;
    t->address_count = count;
    t->tuples = calloc(TUPLE_SLOTS_FIRST, sizeof *t->tuples);
    t->collisions = calloc(COLLISIONS_KEPT_MAX, sizeof *t->collisions);
    t->tuple_slots = TUPLE_SLOTS_FIRST;
    /* An unseeded hash could be flooded by a capture made for it. Without randomness it is only slower then. */
    if (getrandom(&t->seed, sizeof t->seed, 0) != sizeof t->seed)
        t->seed = 0;
    if (t->tuples && t->collisions && tally_table_init(&t->senders) && tally_table_init(&t->sources))
        return true;
    flow_table_free(t);
    return false;
}

void flow_table_free(struct flow_table *t)
{
    free(t->tuples);
    free(t->openings);
    free(t->collisions);
    tally_table_free(&t->senders);
    tally_table_free(&t->sources);
    memset(t, 0, sizeof *t);
}

static uint64_t hash(const struct flow_table *t, uint64_t low, uint64_t high)
{
    uint64_t h = (low ^ t->seed) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 32 ^ high) * 0xbf58476d1ce4e5b9u;
    h = (h ^ h >> 29) * 0x94d049bb133111ebu;
    return h ^ h >> 32;
}

static struct tuple *tuple_slot(const struct flow_table *t, uint64_t low, uint64_t high)
{
    uint64_t mask = t->tuple_slots - 1;
    uint64_t slot = hash(t, low, high) & mask;
    while (t->tuples[slot].high && (t->tuples[slot].low != low || t->tuples[slot].high != high))
        slot = (slot + 1) & mask;
    return &t->tuples[slot];
}

static bool grow_tuples(struct flow_table *t)
{
    struct flow_table bigger = { .tuple_slots = t->tuple_slots * 2, .seed = t->seed };
    bigger.tuples = calloc(bigger.tuple_slots, sizeof *bigger.tuples);
    if (!bigger.tuples)
        return false;
    for (uint64_t i = 0; i < t->tuple_slots; i++)
        if (t->tuples[i].high)
            *tuple_slot(&bigger, t->tuples[i].low, t->tuples[i].high) = t->tuples[i];
    free(t->tuples);
    t->tuples = bigger.tuples;
    t->tuple_slots = bigger.tuple_slots;
    return true;
}

static bool grow_openings(struct flow_table *t)
{
    uint32_t slots = t->opening_slots ? t->opening_slots * 2 : OPENING_SLOTS_FIRST;
    struct opening *bigger = slots > t->opening_slots ? realloc(t->openings, slots * sizeof *bigger) : NULL;
    if (!bigger)
        return false;
    for (uint32_t i = slots; i-- > t->opening_slots;) {
        bigger[i].next = t->opening_free;
        t->opening_free = i + 1;
    }
    t->openings = bigger;
    t->opening_slots = slots;
    return true;
}

/* Room for one more tuple and one more opening, so that nothing fails half-way. */
static bool make_room(struct flow_table *t)
{
    return (t->tuple_count < t->tuple_slots / 2 || grow_tuples(t)) && (t->opening_free || grow_openings(t));
}

/* --- openings -------------------------------------------------------------------------------------------------- */

static struct tuple_id tuple_id(const struct tuple *u)
{
    uint64_t cluster = u->cluster_is_low ? u->low : u->high;
    uint64_t peer = u->cluster_is_low ? u->high : u->low;
    return (struct tuple_id){ .address = (uint32_t)(cluster >> 16), .port = (uint16_t)cluster,
                              .peer = (uint32_t)(peer >> 16), .peer_port = (uint16_t)peer };
}

static struct opening *opening_at(const struct flow_table *t, uint32_t index_plus_1)
{
    return index_plus_1 ? &t->openings[index_plus_1 - 1] : NULL;
}

static struct opening *opening_of(const struct flow_table *t, const struct tuple *u, uint32_t sender)
{
    struct opening *o = opening_at(t, u->openings);
    while (o && o->sender != sender)
        o = opening_at(t, o->next);
    return o;
}

static void count_end(struct tally *t, enum ending ending)
{
    t->open--;
    uint64_t *counters[] = { [COMPLETED] = &t->completed, [REFUSED] = &t->refused, [RESET] = &t->reset,
                             [ABANDONED] = &t->abandoned };
    ++*counters[ending];
}

static void end_opening(struct flow_table *t, struct tuple *u, struct opening *o, enum ending ending,
                        const struct packet_ref *at)
{
    count_end(t->senders.tallies[o->sender], ending);
    count_end(t->sources.tallies[o->source], ending);
    count_end(&t->total, ending);
    if (ending != ABANDONED) {
        u->ended = *at;
        u->ended_sender = o->sender;
    }
    uint32_t index_plus_1 = (uint32_t)(o - t->openings) + 1;
    uint32_t *link = &u->openings;
    while (*link != index_plus_1)
        link = &t->openings[*link - 1].next;
    *link = o->next;
    o->next = t->opening_free;
    t->opening_free = index_plus_1;
}

static void note_collision(struct flow_table *t, const struct tuple *u, const struct opening *held, uint32_t sender,
                           const struct packet_ref *at)
{
    if (t->collision_count < COLLISIONS_KEPT_MAX)
        t->collisions[t->collision_count] = (struct collision){
            .tuple = tuple_id(u),
            .first_sender = t->senders.tallies[held->sender]->key, .first = held->opened,
            .second_sender = t->senders.tallies[sender]->key, .second = *at,
        };
    t->collision_count++;
}

static void note_reuse(struct flow_table *t, const struct tuple *u, uint32_t sender, const struct packet_ref *at)
{
    struct reuse *r = &t->reuse;
    int64_t distance = at->ns - u->ended.ns;
    if (r->count++ == 0 || distance < r->shortest_ns) {
        r->shortest_ns = distance;
        r->tuple = tuple_id(u);
        r->ended = u->ended;
        r->opened = *at;
    }
    r->by_other += sender != u->ended_sender;
}

/* The holder that has the tuple open still, after those that gave up long ago are taken away. */
static struct opening *holder(struct flow_table *t, struct tuple *u, const struct packet_ref *at)
{
    struct opening *oldest = NULL;
    for (struct opening *o = opening_at(t, u->openings), *next; o; o = next) {
        next = opening_at(t, o->next);
        if (!(o->state & ANSWERED) && at->ns - o->last_syn_ns > SYN_GIVEN_UP_NS)
            end_opening(t, u, o, ABANDONED, at);
        else
            oldest = o;
    }
    return oldest;
}

static void open_tuple(struct flow_table *t, struct tuple *u, const struct segment *s, uint32_t sender,
                       const struct packet_ref *at)
{
    struct opening *held = holder(t, u, at);
    if (held)
        note_collision(t, u, held, sender, at);
    else if (u->ended.number)
        note_reuse(t, u, sender, at);

    struct opening *o = opening_at(t, t->opening_free);
    uint32_t rest = o->next;
    *o = (struct opening){
        .opened = *at, .last_syn_ns = at->ns, .next = u->openings, .sender = sender,
        .source = tally_find(&t->sources, s->source), .isn = s->seq, .sent_end = s->seq + s->length + 1,
        .state = s->flags & TCP_ACK ? ANSWERED : SYN_WAITS,
    };
    u->openings = t->opening_free;
    t->opening_free = rest;
    tally_opened(t->senders.tallies[sender], s->source_port);
    tally_opened(t->sources.tallies[o->source], s->source_port);
    tally_opened(&t->total, s->source_port);
}

/* Count an event for the sender, for the cluster address, and in all. */
#define TALLY(t, sender, source, counter)               \
    do {                                                \
        (t)->senders.tallies[sender]->counter++;        \
        (t)->sources.tallies[source]->counter++;        \
        (t)->total.counter++;                           \
    } while (0)

/* --- segments -------------------------------------------------------------------------------------------------- */

static uint32_t end_of(const struct segment *s)
{
    return s->seq + s->length + ((s->flags & TCP_SYN) != 0) + ((s->flags & TCP_FIN) != 0);
}

static void end_if_complete(struct flow_table *t, struct tuple *u, struct opening *o, const struct packet_ref *at)
{
    uint8_t both = FIN_SENT_ACKED | FIN_RECEIVED_ACKED;
    if ((o->state & both) == both)
        end_opening(t, u, o, COMPLETED, at);
}

static void cluster_syn(struct flow_table *t, struct tuple *u, struct opening *o, const struct segment *s,
                        uint32_t sender, const struct packet_ref *at)
{
    if (o && o->isn == s->seq) {
        TALLY(t, o->sender, o->source, syns_repeated);
        o->last_syn_ns = at->ns;
        o->state |= o->state & ANSWERED ? 0 : SYN_WAITS;
        return;
    }
    if (o)
        end_opening(t, u, o, ABANDONED, at);
    open_tuple(t, u, s, sender, at);
}

/* Is a RST with this number an end that an image makes of its own opening? Before the SYN is answered only exact numbers
 * are: the images of a cluster take their first numbers from one clock, so that another's are near. */
static bool ends_own(const struct opening *o, uint32_t seq)
{
    if (!(o->state & ANSWERED))
        return seq == o->isn || seq == o->sent_end;
    return seq - o->sent_end + RST_DISTANCE <= 2 * RST_DISTANCE;
}

static void from_cluster(struct flow_table *t, struct tuple *u, const struct segment *s, const struct packet_ref *at)
{
    uint32_t sender = tally_find(&t->senders, s->sender);
    struct opening *o = opening_of(t, u, sender);

    if (s->flags & TCP_SYN) {
        cluster_syn(t, u, o, s, sender, at);
        return;
    }
    if (!o) {
        if (u->openings)
            TALLY(t, sender, tally_find(&t->sources, s->source), foreign);
        return;
    }
    if (s->flags & TCP_RST) {
        if (ends_own(o, s->seq))
            end_opening(t, u, o, RESET, at);
        return;
    }
    if ((int32_t)(end_of(s) - o->sent_end) > 0)
        o->sent_end = end_of(s);
    if (s->flags & TCP_FIN) {
        o->fin_sent = end_of(s);
        o->state |= FIN_SENT;
    }
    if (s->flags & TCP_ACK && o->state & FIN_RECEIVED && s->ack == o->fin_received)
        o->state |= FIN_RECEIVED_ACKED;
    end_if_complete(t, u, o, at);
}

/* The opening that a segment of the peer acknowledges: the nearest one in sequence numbers. NULL: none waits for it. */
static struct opening *acknowledged(const struct flow_table *t, const struct tuple *u, uint32_t ack)
{
    struct opening *nearest = NULL;
    for (struct opening *o = opening_at(t, u->openings); o; o = opening_at(t, o->next)) {
        if (!(o->state & ANSWERED) && (ack == o->isn || ack - o->isn > o->sent_end - o->isn))
            continue;
        if (!nearest || o->sent_end - ack < nearest->sent_end - ack)
            nearest = o;
    }
    return nearest;
}

static void peer_rst(struct flow_table *t, struct tuple *u, const struct segment *s, const struct packet_ref *at)
{
    struct opening *meant = s->flags & TCP_ACK ? acknowledged(t, u, s->ack) : NULL;
    if (s->flags & TCP_ACK && !meant)
        return;
    for (struct opening *o = opening_at(t, u->openings), *next; o; o = next) {
        next = opening_at(t, o->next);
        if (!meant || o == meant)
            end_opening(t, u, o, o->state & ANSWERED ? RESET : REFUSED, at);
    }
}

/* The latest SYN has got an answer that is not for it. */
static void note_challenge(struct flow_table *t, const struct tuple *u, const struct opening *meant)
{
    struct opening *latest = opening_at(t, u->openings);
    if (latest == meant || !(latest->state & SYN_WAITS))
        return;
    TALLY(t, latest->sender, latest->source, challenge_acks);
    latest->state &= (uint8_t)~SYN_WAITS;
}

static void from_peer(struct flow_table *t, struct tuple *u, const struct segment *s, const struct packet_ref *at)
{
    if (!u->openings)
        return;
    if (s->flags & TCP_RST) {
        peer_rst(t, u, s, at);
        return;
    }
    if (!(s->flags & TCP_ACK))
        return;
    struct opening *o = acknowledged(t, u, s->ack);
    if (s->length == 0 && !(s->flags & (TCP_SYN | TCP_FIN)))
        note_challenge(t, u, o);
    if (!o)
        return;
    o->state = (uint8_t)((o->state | ANSWERED) & ~SYN_WAITS);
    if (s->flags & TCP_FIN) {
        o->fin_received = end_of(s);
        o->state |= FIN_RECEIVED;
    }
    if (o->state & FIN_SENT && s->ack == o->fin_sent)
        o->state |= FIN_SENT_ACKED;
    end_if_complete(t, u, o, at);
}

static bool of_cluster(const struct flow_table *t, uint32_t address)
{
    for (size_t i = 0; i < t->address_count; i++)
        if (t->addresses[i] == address)
            return true;
    return false;
}

/* Does this segment open a tuple from the cluster's side? With known addresses a SYN ACK does it too: an image accepts. */
static bool opens(const struct flow_table *t, const struct segment *s)
{
    if (!(s->flags & TCP_SYN) || s->flags & TCP_RST)
        return false;
    return t->address_count ? of_cluster(t, s->source) : !(s->flags & TCP_ACK);
}

bool flow_table_add(struct flow_table *t, const struct segment *s, const struct packet_ref *at)
{
    if (t->address_count && !of_cluster(t, s->source) && !of_cluster(t, s->destination)) {
        t->elsewhere++;
        return true;
    }
    uint64_t from = (uint64_t)s->source << 16 | s->source_port;
    uint64_t to = (uint64_t)s->destination << 16 | s->destination_port;
    bool from_is_low = from < to;
    bool opening = opens(t, s);
    if (opening && !make_room(t))
        return false;

    struct tuple *u = from_is_low ? tuple_slot(t, from, to) : tuple_slot(t, to, from);
    if (!u->high) {
        if (!opening || from == to) {
            t->unopened += (s->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN;
            return true;
        }
        *u = (struct tuple){ .low = from_is_low ? from : to, .high = from_is_low ? to : from };
        t->tuple_count++;
    }
    if (opening && !u->openings)
        u->cluster_is_low = from_is_low;
    if (u->cluster_is_low == from_is_low)
        from_cluster(t, u, s, at);
    else
        from_peer(t, u, s, at);
    return true;
}
