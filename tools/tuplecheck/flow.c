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
 * A FIN is the last number of its direction, so "acknowledged" is equality, which another image's numbers do not meet.
 *
 *   A death of an image (flow_options) ends what it had open: another image may open it then.
 *
 *   UDP, from the cluster's side       goes on with the sender's opening, or opens; ends only by silence */
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

#define SECONDS 1000000000LL

/* A tuple is kept with its lower endpoint first. */
struct tuple_key {
    struct address low, high;
    uint16_t low_port, high_port;
    bool udp;
    bool in_use;                /* false: an unused slot */
};

struct tuple {
    struct tuple_key key;
    struct packet_ref ended;    /* last end on the wire; number 0 = none */
    uint32_t ended_sender;      /* tally of it */
    uint32_t openings;          /* index + 1 of the latest one, 0 = not open */
    uint32_t quarrel;           /* RSTs and challenge ACKs since it collided */
    bool collided;
    bool cluster_is_low;
    bool peer_waits;            /* the peer closed first at the last end */
};

enum opening_state {
    ANSWERED = 1,               /* the peer's SYN ACK was seen, or this side sent it */
    SYN_WAITS = 2,              /* nothing came back since the last SYN */
    FIN_SENT = 4,
    FIN_RECEIVED = 8,
    FIN_SENT_ACKED = 16,
    FIN_RECEIVED_ACKED = 32,
    PEER_CLOSED_FIRST = 64,
    EARLY = 128,                /* a reuse within TIME_WAIT whose SYN has not been answered */
};

struct opening {
    struct packet_ref opened;
    int64_t sent_ns;            /* last segment of the sender */
    uint32_t next;              /* index + 1 */
    uint32_t sender, source;    /* tallies */
    uint32_t isn;
    uint32_t sent_end;          /* sequence number after the last one sent */
    uint32_t fin_sent, fin_received;    /* sequence number after the FIN */
    uint8_t state;
};

enum ending { COMPLETED, REFUSED, RESET, ABANDONED };

/* --- storage --------------------------------------------------------------------------------------------------- */

bool flow_table_init(struct flow_table *t, const struct flow_options *options)
{
    memset(t, 0, sizeof *t);
    t->options = *options;
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

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * 0xbf58476d1ce4e5b9u;
    return h ^ h >> 32;
}

static uint64_t hash(const struct flow_table *t, const struct tuple_key *k)
{
    uint64_t h = mix(mix(t->seed, k->low.low ^ (uint64_t)k->low_port << 48), k->high.low ^ (uint64_t)k->high_port << 48);
    if (k->low.high | k->high.high)
        h = mix(mix(h, k->low.high), k->high.high);
    h *= 0x94d049bb133111ebu;
    return h ^ h >> 29;
}

static bool same_key(const struct tuple_key *a, const struct tuple_key *b)
{
    return address_equal(a->low, b->low) && address_equal(a->high, b->high) && a->low_port == b->low_port &&
           a->high_port == b->high_port && a->udp == b->udp;
}

static struct tuple *tuple_slot(const struct flow_table *t, const struct tuple_key *k)
{
    uint64_t mask = t->tuple_slots - 1;
    uint64_t slot = hash(t, k) & mask;
    while (t->tuples[slot].key.in_use && !same_key(&t->tuples[slot].key, k))
        slot = (slot + 1) & mask;
    return &t->tuples[slot];
}

static bool within_memory(const struct flow_table *t, uint64_t tuple_slots, uint64_t opening_slots)
{
    return !t->options.memory ||
           tuple_slots * sizeof(struct tuple) + opening_slots * sizeof(struct opening) <= t->options.memory;
}

/* The tuples into a table of so many slots, but for those that are not open and ended before the horizon. */
static bool rebuild_tuples(struct flow_table *t, uint64_t slots, int64_t horizon_ns)
{
    struct flow_table fresh = { .tuple_slots = slots, .seed = t->seed };
    fresh.tuples = calloc(slots, sizeof *fresh.tuples);
    if (!fresh.tuples)
        return false;
    t->tuple_count = 0;
    for (uint64_t i = 0; i < t->tuple_slots; i++) {
        const struct tuple *u = &t->tuples[i];
        if (!u->key.in_use)
            continue;
        if (u->openings || u->ended.ns >= horizon_ns) {
            *tuple_slot(&fresh, &u->key) = *u;
            t->tuple_count++;
        } else {
            t->forgotten++;
        }
    }
    free(t->tuples);
    t->tuples = fresh.tuples;
    t->tuple_slots = slots;
    return true;
}

static bool grow_openings(struct flow_table *t)
{
    uint32_t slots = t->opening_slots ? t->opening_slots * 2 : OPENING_SLOTS_FIRST;
    struct opening *bigger = slots > t->opening_slots && within_memory(t, t->tuple_slots, slots)
        ? realloc(t->openings, slots * sizeof *bigger) : NULL;
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

/* --- openings -------------------------------------------------------------------------------------------------- */

static struct tuple_id tuple_id(const struct tuple *u)
{
    const struct tuple_key *k = &u->key;
    if (u->cluster_is_low)
        return (struct tuple_id){ k->low, k->high, k->low_port, k->high_port, k->udp };
    return (struct tuple_id){ k->high, k->low, k->high_port, k->low_port, k->udp };
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
    if (!u->key.udp) {
        count_end(t->senders.tallies[o->sender], ending);
        count_end(t->sources.tallies[o->source], ending);
        count_end(&t->total, ending);
    }
    if (ending != ABANDONED) {
        u->ended = *at;
        u->ended_sender = o->sender;
        u->peer_waits = ending == COMPLETED && o->state & PEER_CLOSED_FIRST;
    }
    uint32_t index_plus_1 = (uint32_t)(o - t->openings) + 1;
    uint32_t *link = &u->openings;
    while (*link != index_plus_1)
        link = &t->openings[*link - 1].next;
    *link = o->next;
    o->next = t->opening_free;
    t->opening_free = index_plus_1;
}

static void note_collision(struct flow_table *t, struct tuple *u, const struct opening *held, uint32_t sender,
                           const struct packet_ref *at)
{
    u->collided = true;
    if (t->collision_count < COLLISIONS_KEPT_MAX)
        t->collisions[t->collision_count] = (struct collision){
            .tuple = tuple_id(u),
            .first_sender = t->senders.tallies[held->sender]->key.low, .first = held->opened,
            .second_sender = t->senders.tallies[sender]->key.low, .second = *at,
        };
    t->collision_count++;
}

/* A segment such as collisions lead to. */
static void note_quarrel(struct flow_table *t, struct tuple *u)
{
    struct storm *storm = &t->storm;
    if (!u->collided)
        return;
    storm->segments++;
    storm->tuples += ++u->quarrel == FLOW_STORM;
    if (u->quarrel > storm->most) {
        storm->most = u->quarrel;
        storm->tuple = tuple_id(u);
    }
}

/* Count an event for the sender, for the cluster address, and in all. */
#define TALLY(t, sender, source, counter)               \
    do {                                                \
        (t)->senders.tallies[sender]->counter++;        \
        (t)->sources.tallies[source]->counter++;        \
        (t)->total.counter++;                           \
    } while (0)

/* Opened again after an end. true: early. */
static bool note_reuse(struct flow_table *t, const struct tuple *u, uint32_t sender, uint32_t source,
                       const struct packet_ref *at)
{
    struct reuse *r = &t->reuse;
    int64_t distance = at->ns - u->ended.ns;
    bool early = distance < FLOW_TIME_WAIT_S * SECONDS;
    if (r->count++ == 0 || distance < r->shortest_ns) {
        r->shortest_ns = distance;
        r->tuple = tuple_id(u);
        r->ended = u->ended;
        r->opened = *at;
    }
    r->by_other += sender != u->ended_sender;
    r->early += early;
    r->early_peer_waits += early && u->peer_waits;
    tally_reused(t->senders.tallies[sender], distance);
    tally_reused(t->sources.tallies[source], distance);
    tally_reused(&t->total, distance);
    return early;
}

/* The first answer to an early SYN. */
static void note_answer(struct opening *o, uint64_t *outcome)
{
    *outcome += (o->state & EARLY) != 0;
    o->state &= (uint8_t)~EARLY;
}

/* Has the image died since it last sent something on this opening? */
static bool died(const struct flow_table *t, const struct opening *o, int64_t now_ns)
{
    for (size_t i = 0; i < t->options.death_count; i++) {
        const struct flow_death *death = &t->options.deaths[i];
        if (o->sent_ns <= death->ns && death->ns <= now_ns && t->senders.tallies[o->sender]->key.low == death->sender)
            return true;
    }
    return false;
}

/* Nothing more will come of this opening. */
static bool given_up(const struct flow_table *t, const struct tuple *u, const struct opening *o, int64_t now_ns)
{
    int64_t silent = now_ns - o->sent_ns;
    if (u->key.udp && silent > FLOW_UDP_IDLE_S * SECONDS)
        return true;
    return (!u->key.udp && !(o->state & ANSWERED) && silent > SYN_GIVEN_UP_NS) || died(t, o, now_ns);
}

/* The holder that has the tuple open still, after those that gave up long ago are taken away. */
static struct opening *holder(struct flow_table *t, struct tuple *u, const struct packet_ref *at)
{
    struct opening *oldest = NULL;
    for (struct opening *o = opening_at(t, u->openings), *next; o; o = next) {
        next = opening_at(t, o->next);
        if (given_up(t, u, o, at->ns))
            end_opening(t, u, o, ABANDONED, at);
        else
            oldest = o;
    }
    return oldest;
}

static void tally_new_opening(struct tally *t, const struct segment *s)
{
    if (s->udp)
        tally_udp_flow(t, s->source_port);
    else
        tally_opened(t, s->source_port, !(s->flags & TCP_ACK));
}

static void open_tuple(struct flow_table *t, struct tuple *u, const struct segment *s, uint32_t sender,
                       const struct packet_ref *at)
{
    struct opening *held = holder(t, u, at);
    uint32_t source = tally_find(&t->sources, s->source);
    bool early = false;
    if (held)
        note_collision(t, u, held, sender, at);
    else if (u->ended.number)
        early = note_reuse(t, u, sender, source, at);

    struct opening *o = opening_at(t, t->opening_free);
    uint32_t rest = o->next;
    *o = (struct opening){
        .opened = *at, .sent_ns = at->ns, .next = u->openings, .sender = sender, .source = source, .isn = s->seq,
        .sent_end = s->seq + s->length + 1,
        .state = (uint8_t)((s->udp || s->flags & TCP_ACK ? ANSWERED : SYN_WAITS) | (early ? EARLY : 0)),
    };
    u->openings = t->opening_free;
    t->opening_free = rest;
    tally_new_opening(t->senders.tallies[sender], s);
    tally_new_opening(t->sources.tallies[source], s);
    tally_new_opening(&t->total, s);
    plot_opening(&t->plot, at->ns, s->source_port, sender);
}

/* --- room ---------------------------------------------------------------------------------------------------------- */

/* End openings of which nothing more will come; with idle_ns also connections that are silent for so long. */
static void give_up_openings(struct flow_table *t, const struct packet_ref *at, int64_t idle_ns)
{
    for (uint64_t i = 0; i < t->tuple_slots; i++) {
        struct tuple *u = &t->tuples[i];
        (void)holder(t, u, at);
        for (struct opening *o = opening_at(t, u->openings), *next; idle_ns && o; o = next) {
            next = opening_at(t, o->next);
            if (at->ns - o->sent_ns > idle_ns) {
                t->forgotten++;
                end_opening(t, u, o, ABANDONED, at);
            }
        }
    }
}

/* Room for one more tuple and one more opening, so that nothing fails half-way. First what is over is forgotten; then more
 * memory is taken; where there is none, all that has ended goes, and connections that are silent. */
static bool make_room(struct flow_table *t, const struct packet_ref *at)
{
    if (t->tuple_count < t->tuple_slots / 2 && t->opening_free)
        return true;
    give_up_openings(t, at, 0);
    if (t->tuple_count >= t->tuple_slots / 2) {
        if (!rebuild_tuples(t, t->tuple_slots, at->ns - FLOW_REUSE_S * SECONDS))
            return false;
        if (t->tuple_count >= t->tuple_slots / 4 && within_memory(t, t->tuple_slots * 2, t->opening_slots))
            (void)rebuild_tuples(t, t->tuple_slots * 2, INT64_MIN);
    }
    if (!t->opening_free && !grow_openings(t))
        give_up_openings(t, at, FLOW_TCP_IDLE_S * SECONDS);
    if (t->tuple_count >= t->tuple_slots / 2)
        give_up_openings(t, at, FLOW_TCP_IDLE_S * SECONDS), (void)rebuild_tuples(t, t->tuple_slots, INT64_MAX);
    return t->tuple_count < t->tuple_slots / 2 && t->opening_free;
}

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
        o->sent_ns = at->ns;
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
    uint32_t sender = tally_find(&t->senders, (struct address){ .low = s->sender });
    struct opening *o = opening_of(t, u, sender);

    if (s->flags & TCP_RST)
        note_quarrel(t, u);
    if (s->flags & TCP_SYN) {
        cluster_syn(t, u, o, s, sender, at);
        return;
    }
    if (!o) {
        if (u->openings)
            TALLY(t, sender, tally_find(&t->sources, s->source), foreign);
        return;
    }
    o->sent_ns = at->ns;
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
        if (!meant || o == meant) {
            note_answer(o, &t->reuse.refused);
            end_opening(t, u, o, o->state & ANSWERED ? RESET : REFUSED, at);
        }
    }
}

/* The latest SYN has got an answer that is not for it. */
static void note_challenge(struct flow_table *t, struct tuple *u, const struct opening *meant)
{
    struct opening *latest = opening_at(t, u->openings);
    if (latest == meant || !(latest->state & SYN_WAITS))
        return;
    TALLY(t, latest->sender, latest->source, challenge_acks);
    note_answer(latest, &t->reuse.challenged);
    note_quarrel(t, u);
    latest->state &= (uint8_t)~SYN_WAITS;
}

static void from_peer(struct flow_table *t, struct tuple *u, const struct segment *s, const struct packet_ref *at)
{
    if (!u->openings)
        return;
    if (s->flags & TCP_RST) {
        note_quarrel(t, u);
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
    note_answer(o, &t->reuse.accepted);
    o->state = (uint8_t)((o->state | ANSWERED) & ~SYN_WAITS);
    if (s->flags & TCP_FIN) {
        o->fin_received = end_of(s);
        o->state |= FIN_RECEIVED | (o->state & FIN_SENT ? 0 : PEER_CLOSED_FIRST);
    }
    if (o->state & FIN_SENT && s->ack == o->fin_sent)
        o->state |= FIN_SENT_ACKED;
    end_if_complete(t, u, o, at);
}

static void udp_from_cluster(struct flow_table *t, struct tuple *u, const struct segment *s, const struct packet_ref *at)
{
    uint32_t sender = tally_find(&t->senders, (struct address){ .low = s->sender });
    (void)holder(t, u, at);
    struct opening *o = opening_of(t, u, sender);
    if (o)
        o->sent_ns = at->ns;
    else
        open_tuple(t, u, s, sender, at);
}

static bool of_cluster(const struct flow_table *t, struct address address)
{
    for (size_t i = 0; i < t->options.address_count; i++)
        if (address_equal(t->options.addresses[i], address))
            return true;
    return false;
}

/* May this segment open a tuple from the cluster's side? With known addresses a SYN ACK does it too: an image accepts. Of
 * UDP any datagram may. */
static bool opens(const struct flow_table *t, const struct segment *s)
{
    bool known = t->options.address_count;
    if (known && !of_cluster(t, s->source))
        return false;
    if (s->udp)
        return true;
    return s->flags & TCP_SYN && !(s->flags & TCP_RST) && (known || !(s->flags & TCP_ACK));
}

static struct tuple_key key_of(const struct segment *s, bool *from_is_low)
{
    int order = address_compare(s->source, s->destination);
    *from_is_low = order < 0 || (order == 0 && s->source_port < s->destination_port);
    if (*from_is_low)
        return (struct tuple_key){ s->source, s->destination, s->source_port, s->destination_port, s->udp, true };
    return (struct tuple_key){ s->destination, s->source, s->destination_port, s->source_port, s->udp, true };
}

bool flow_table_add(struct flow_table *t, const struct segment *s, const struct packet_ref *at)
{
    if (t->options.address_count && !of_cluster(t, s->source) && !of_cluster(t, s->destination)) {
        t->elsewhere++;
        return true;
    }
    bool from_is_low;
    struct tuple_key key = key_of(s, &from_is_low);
    bool opening = opens(t, s);
    if (opening && !make_room(t, at))
        return false;

    struct tuple *u = tuple_slot(t, &key);
    if (!u->key.in_use) {
        bool to_itself = address_equal(s->source, s->destination) && s->source_port == s->destination_port;
        if (!opening || to_itself) {
            t->unopened += !s->udp && (s->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN;
            return true;
        }
        *u = (struct tuple){ .key = key };
        t->tuple_count++;
    }
    if (s->udp && u->openings && !t->options.address_count)
        opening = u->cluster_is_low == from_is_low;     /* an answer is no opening */
    if (opening && !u->openings)
        u->cluster_is_low = from_is_low;
    if (u->cluster_is_low != from_is_low) {
        if (!s->udp)
            from_peer(t, u, s, at);
    } else if (s->udp) {
        udp_from_cluster(t, u, s, at);
    } else {
        from_cluster(t, u, s, at);
    }
    return true;
}
