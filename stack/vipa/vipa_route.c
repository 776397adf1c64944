/* Where packets go: connections that come in are given to targets, and found again in the connection routing hash table; what
 * comes back to outbound connections goes by its port. And what the stacks tell each other about that. See vipa.h. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"
#include "stack/vipa/vipa_private.h"

#define LISTEN_FIXED 2u
#define LISTEN_ENTRY 9u
#define REPORT_FIXED 17u        /* DVIPA, generation, last, number */
#define REPORT_TUPLE 8u
#define REPORT_TUPLES ((XCF_MESSAGE_MAX - REPORT_FIXED) / REPORT_TUPLE)
#define CONNECTION_FIXED 2u
#define CONNECTION_ENTRY 13u

enum { PROTO_ICMP = 1, PROTO_TCP = 6, ICMP_UNREACHABLE = 3, ICMP_TIME_EXCEEDED = 11, ICMP_PARAMETER = 12 };
enum { TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

/* --- listeners ----------------------------------------------------------------------------------------------------- */

void vipa_send_listeners(struct vipa *v, uint8_t to)
{
    const struct vipa_listeners *own = &v->listeners[v->number];
    uint8_t message[LISTEN_FIXED + VIPA_LISTENERS_MAX * LISTEN_ENTRY], *p = message + LISTEN_FIXED;

    message[0] = own->quiesced;
    message[1] = (uint8_t)own->count;
    for (unsigned i = 0; i < own->count; i++, p += LISTEN_ENTRY) {
        put_be32(p, own->entries[i].address);
        put_be16(p + 4, own->entries[i].port);
        put_be16(p + 6, own->entries[i].servers);
        p[8] = own->entries[i].quiesced;
    }
    int result = xcf_send(v->xcf, to, VIPA_GROUP, TYPE_LISTEN, message, (uint32_t)(p - message));
    if (result != XCF_OK && result != XCF_LOST)
        text_wto("EZD1312I THE SERVERS OF THIS STACK COULD NOT BE TOLD TO SYSTEM NUMBER %u, RESULT %d", to, result);
}

void vipa_take_listeners(struct vipa *v, uint8_t from, const uint8_t *data, uint32_t length)
{
    struct vipa_listeners *l = &v->listeners[from];

    if (length < LISTEN_FIXED || data[1] > VIPA_LISTENERS_MAX || length != LISTEN_FIXED + data[1] * LISTEN_ENTRY)
        return;
    l->quiesced = data[0];
    l->count = data[1];
    data += LISTEN_FIXED;
    for (unsigned i = 0; i < l->count; i++, data += LISTEN_ENTRY)
        l->entries[i] = (struct vipa_listener){ .address = get_be32(data), .port = get_be16(data + 4), .servers = get_be16(data + 6),
                                                .quiesced = data[8] };
}

static struct vipa_listener *own_listener(struct vipa *v, uint32_t address, uint16_t port)
{
    struct vipa_listeners *own = &v->listeners[v->number];

    for (unsigned i = 0; i < own->count; i++)
        if (own->entries[i].address == address && own->entries[i].port == port)
            return &own->entries[i];
    return NULL;
}

void vipa_listen(struct vipa *v, uint32_t address, uint16_t port, bool begins)
{
    struct vipa_listeners *own = &v->listeners[v->number];
    struct vipa_listener *l = own_listener(v, address, port);

    if (begins && l)
        l->servers++;
    else if (begins && own->count < VIPA_LISTENERS_MAX)
        own->entries[own->count++] = (struct vipa_listener){ .address = address, .port = port, .servers = 1 };
    else if (!begins && l && --l->servers == 0)
        *l = own->entries[--own->count];
    vipa_send_listeners(v, XCF_ALL);
}

enum vipa_result vipa_quiesce(struct vipa *v, uint16_t port, bool quiesce)
{
    struct vipa_listeners *own = &v->listeners[v->number];
    bool found = port == 0, changed = port == 0 && own->quiesced != quiesce;

    if (port == 0)
        own->quiesced = quiesce;
    for (unsigned i = 0; port && i < own->count; i++)
        if (own->entries[i].port == port) {
            found = true;
            changed |= own->entries[i].quiesced != quiesce;
            own->entries[i].quiesced = quiesce;
        }
    if (changed)
        vipa_send_listeners(v, XCF_ALL);
    return !found ? VIPA_UNKNOWN : changed ? VIPA_OK : VIPA_NO_CHANGE;
}

unsigned vipa_servers(const struct vipa *v, uint8_t number, uint32_t address, uint16_t port)
{
    const struct vipa_listeners *l = &v->listeners[number];
    unsigned servers = 0;

    for (unsigned i = 0; i < l->count && !l->quiesced; i++)
        if (l->entries[i].port == port && !l->entries[i].quiesced && (!l->entries[i].address || l->entries[i].address == address))
            servers += l->entries[i].servers;
    return servers;
}

/* --- choosing a target --------------------------------------------------------------------------------------------- */

bool vipa_distributes_port(const struct vipa_distribution *t, uint16_t port)
{
    for (unsigned i = 0; i < t->port_count; i++)
        if (t->ports[i] == port)
            return true;
    return t->port_count == 0;
}

/* The statement that names the port before one for all ports. */
static struct vipa_distribution *distribution_for(struct vipa_dvipa *d, uint16_t port)
{
    struct vipa_distribution *any = NULL;

    for (unsigned i = 0; i < d->distribution_count; i++) {
        struct vipa_distribution *t = &d->distributions[i];

        if (t->port_count && vipa_distributes_port(t, port))
            return t;
        if (!t->port_count && !any)
            any = t;
    }
    return any;
}

static uint64_t active_connections(const struct vipa *v, uint32_t address, uint16_t port, uint8_t number)
{
    const struct crht_count *count = crht_count_of(&v->crht, address, port, number);

    return count ? count->active : 0;
}

/* A target where an application listens: the next one in turn, for WEIGHTEDACTIVE the one that will have the fewest
 * connections for its weight, the next in turn of those. 0: none. */
static uint8_t choose(struct vipa *v, const struct vipa_dvipa *d, struct vipa_distribution *t, uint16_t port)
{
    uint64_t best_load = 0;
    uint8_t best = 0, best_weight = 1, weight;

    for (unsigned i = 0; i < SYSTEMS_MAX; i++) {
        uint8_t n = (uint8_t)((t->last + i) % SYSTEMS_MAX + 1);

        if ((n != v->number && !xcf_member(v->xcf, n)) || !vipa_distribution_has(v, t, n, &weight) || !weight ||
            !vipa_servers(v, n, d->address, port))
            continue;
        uint64_t load = t->method == DIST_WEIGHTEDACTIVE ? active_connections(v, d->address, port, n) + 1 : 1;
        if (!best || load * best_weight < best_load * weight) {
            best = n;
            best_load = load;
            best_weight = weight;
        }
    }
    t->last = best ? best : t->last;
    return best;
}

/* --- packets ------------------------------------------------------------------------------------------------------- */

/* Header length of an IPv4 packet of which `length` bytes are there; 0 if it is none. */
static uint32_t ip_header(const uint8_t *packet, uint32_t length)
{
    if (length < 20 || packet[0] >> 4 != 4)
        return 0;
    uint32_t header = (packet[0] & 15u) * 4;
    return header >= 20 && header <= length ? header : 0;
}

/* The TCP connection of DVIPA `address` that the packet is about: destination of a segment, source of the segment that an
 * ICMP error quotes. *opens: it is a SYN. false: it is about none. */
static bool tuple_of(const uint8_t *packet, uint32_t length, uint32_t address, struct vipa_tuple *t, bool *opens)
{
    uint32_t header = ip_header(packet, length);

    *opens = false;
    if (!header || (get_be16(packet + 6) & 0x1FFF))
        return false;                       /* a later fragment carries no port; hosts that matter send none for TCP */
    const uint8_t *body = packet + header;
    uint32_t left = length - header;
    if (packet[9] == PROTO_TCP) {
        if (left < 4)
            return false;
        *t = (struct vipa_tuple){ .peer = get_be32(packet + 12), .port = get_be16(body + 2), .peer_port = get_be16(body) };
        *opens = left >= 14 && (body[13] & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_SYN;
        return true;
    }
    if (packet[9] != PROTO_ICMP || left < 8)
        return false;
    if (body[0] != ICMP_UNREACHABLE && body[0] != ICMP_TIME_EXCEEDED && body[0] != ICMP_PARAMETER)
        return false;
    const uint8_t *quoted = body + 8;
    uint32_t inner = ip_header(quoted, left - 8);
    if (!inner || left - 8 < inner + 4 || quoted[9] != PROTO_TCP || get_be32(quoted + 12) != address)
        return false;
    *t = (struct vipa_tuple){ .peer = get_be32(quoted + 16), .port = get_be16(quoted + inner), .peer_port = get_be16(quoted + inner + 2) };
    return true;
}

/* A SYN of a connection that the table has: its target has it or, if nobody listens there any more, has had it. */
static bool is_stale(const struct vipa *v, const struct crht_entry *e, bool opens)
{
    return opens && !vipa_servers(v, e->system, e->address, e->port);
}

/* A new connection to a distributed port gets a target; 0: it is not distributed, or nobody serves it. */
static uint8_t distribute(struct vipa *v, struct vipa_dvipa *d, const struct vipa_tuple *t)
{
    struct vipa_distribution *distribution = distribution_for(d, t->port);
    uint8_t system = distribution ? choose(v, d, distribution, t->port) : 0;

    if (!distribution)
        return 0;
    if (!system) {
        v->statistics.not_ready++;
        return 0;
    }
    v->statistics.distributed++;
    /* Full: the target's CONNECTION may find room; else what follows the SYN is answered with RST. */
    (void)crht_enter(&v->crht, d->address, t, system, false, platform_clock_us());
    return system;
}

/* Whose the packet is; 0: nobody's that this stack knows of. */
static uint8_t system_of(struct vipa *v, struct vipa_dvipa *d, const struct vipa_tuple *t, bool opens)
{
    struct crht_entry *e = crht_find(&v->crht, d->address, t);
    uint8_t system = 0;

    if (e && !is_stale(v, e, opens))
        return e->system;
    if (e)
        crht_remove(&v->crht, d->address, t, e->system);
    if (opens)
        system = distribute(v, d, t);
    if (system || !d->distribution_count)
        return system;
    if (d->clusterports.on && d->clusterports.store == STORE_CRHT)
        return v->ops->connection_owner(v->context, d->address, t->port, t->peer, t->peer_port);
    return d->port_owner[t->port];
}

static bool forward(struct vipa *v, uint8_t to, uint16_t type, const uint8_t *packet, uint32_t length)
{
    int result = xcf_send(v->xcf, to, VIPA_GROUP, type, packet, length);

    if (result == XCF_NO_MEMBER)
        return false;                       /* its connection died with it: let this stack answer as for any unknown one */
    if (result == XCF_OK)
        v->statistics.forwarded++;
    else
        v->statistics.forward_failed++;     /* as a packet that was lost on the way: TCP repeats it */
    return true;
}

/* A packet to an address that this stack owns. */
static bool route_owned(struct vipa *v, struct vipa_dvipa *d, const struct vipa_tuple *t, bool opens, const uint8_t *packet, uint32_t length)
{
    uint8_t system = system_of(v, d, t, opens);

    if (!system && !opens && d->awaited) {
        v->statistics.withheld++;           /* an RST would end a connection that has not been reported yet */
        return true;
    }
    return system && system != v->number && forward(v, system, TYPE_PACKET, packet, length);
}

bool vipa_route_inbound(struct vipa *v, const uint8_t *packet, uint32_t length)
{
    struct vipa_dvipa *d = ip_header(packet, length) ? vipa_entry(v, get_be32(packet + 16)) : NULL;
    struct vipa_tuple t;
    bool opens;

    if (!d || !tuple_of(packet, length, d->address, &t, &opens) || t.port == 0)
        return false;
    xcf_drain(v->xcf);                      /* whatever was announced before this packet was caused: see vipa.h */
    if (d->owner == v->number)
        return route_owned(v, d, &t, opens, packet, length);
    if (!d->owner || !xcf_member(v->xcf, d->owner))
        return false;
    v->statistics.rerouted++;               /* of one who has not seen that the address has moved; or from this very stack */
    return forward(v, d->owner, TYPE_REROUTE, packet, length);
}

/* Never rerouted again: two stacks that each think the other is the owner would play with it. */
void vipa_take_rerouted(struct vipa *v, const uint8_t *packet, uint32_t length)
{
    struct vipa_dvipa *d = ip_header(packet, length) ? vipa_entry(v, get_be32(packet + 16)) : NULL;
    struct vipa_tuple t;
    bool opens;

    if (!d || d->owner != v->number || !tuple_of(packet, length, d->address, &t, &opens))
        return;
    if (!route_owned(v, d, &t, opens, packet, length)) {
        v->statistics.delivered++;
        v->ops->deliver(v->context, packet, length);
    }
}

/* --- reports ------------------------------------------------------------------------------------------------------- */

struct report {
    struct vipa *vipa;
    struct vipa_dvipa *dvipa;
    uint32_t count;                 /* in vipa->buffer */
};

static void send_report(struct report *r, bool last)
{
    struct vipa *v = r->vipa;
    const struct vipa_dvipa *d = r->dvipa;
    uint8_t *p = v->buffer;

    put_be32(p, d->address);
    put_be64(p + 4, d->parts[d->owner].generation);
    p[12] = last;
    put_be32(p + 13, r->count);
    int result = xcf_send(v->xcf, d->owner, VIPA_GROUP, TYPE_REPORT, p, REPORT_FIXED + r->count * REPORT_TUPLE);
    if (result != XCF_OK && result != XCF_NO_MEMBER)
        text_wto("EZD1302I THE CONNECTIONS OF THIS STACK COULD NOT BE TOLD TO SYSTEM NUMBER %u, RESULT %d", d->owner, result);
    r->count = 0;
}

/* Ports of CLUSTERPORTS say themselves whose outbound connections are. */
static void report_one(void *argument, const struct vipa_tuple *t, bool accepted)
{
    struct report *r = argument;
    struct vipa *v = r->vipa;
    const struct vipa_dvipa *d = r->dvipa;

    if (!accepted && d->clusterports.on && d->distribution_count)
        return;
    if (d->owner == v->number) {
        (void)crht_enter(&v->crht, d->address, t, v->number, true, platform_clock_us());
        return;
    }
    if (r->count == REPORT_TUPLES)
        send_report(r, false);
    uint8_t *p = v->buffer + REPORT_FIXED + r->count++ * REPORT_TUPLE;
    put_be32(p, t->peer);
    put_be16(p + 4, t->port);
    put_be16(p + 6, t->peer_port);
}

void vipa_report(struct vipa *v, struct vipa_dvipa *d)
{
    struct report r = { .vipa = v, .dvipa = d };

    if (!d->owner || (d->reported_to == d->owner && d->reported_generation == d->parts[d->owner].generation))
        return;
    d->reported_to = d->owner;
    d->reported_generation = d->parts[d->owner].generation;
    v->ops->connections(v->context, d->address, report_one, &r);
    if (d->owner != v->number)
        send_report(&r, true);
}

void vipa_take_report(struct vipa *v, uint8_t from, const uint8_t *data, uint32_t length)
{
    struct vipa_dvipa *d = length >= REPORT_FIXED ? vipa_entry(v, get_be32(data)) : NULL;
    uint64_t now_us = platform_clock_us();

    if (!d || d->owner != v->number || get_be64(data + 4) != d->parts[v->number].generation)
        return;
    bool last = data[12];
    uint32_t count = get_be32(data + 13);
    if (count > REPORT_TUPLES || length != REPORT_FIXED + count * REPORT_TUPLE)
        return;
    for (data += REPORT_FIXED; count; count--, data += REPORT_TUPLE) {
        struct vipa_tuple t = { .peer = get_be32(data), .port = get_be16(data + 4), .peer_port = get_be16(data + 6) };

        (void)crht_enter(&v->crht, d->address, &t, from, true, now_us);
    }
    if (!last)
        return;
    d->awaited &= ~(1ull << from);
    if (!d->awaited && !d->advertised && vipa_decide(v, d))
        vipa_send_stack(v, XCF_ALL);
}

/* --- connections that begin and end -------------------------------------------------------------------------------- */

static uint8_t *put_connection(uint8_t *p, uint32_t address, const struct vipa_tuple *t, bool begins)
{
    put_be32(p, address);
    put_be32(p + 4, t->peer);
    put_be16(p + 8, t->port);
    put_be16(p + 10, t->peer_port);
    p[12] = begins;
    return p + CONNECTION_ENTRY;
}

static void send_connections(struct vipa *v, uint8_t to, uint8_t *message, const uint8_t *end)
{
    uint32_t length = (uint32_t)(end - message);

    put_be16(message, (uint16_t)((length - CONNECTION_FIXED) / CONNECTION_ENTRY));
    if (xcf_send(v->xcf, to, VIPA_GROUP, TYPE_CONNECTION, message, length) != XCF_OK)
        v->statistics.forward_failed++;     /* the owner keeps an entry too many, or drops one that it takes for unused */
}

/* All of one owner go together; those of an address that nobody owns now concern nobody. */
void vipa_flush_ended(struct vipa *v)
{
    uint8_t message[CONNECTION_FIXED + VIPA_ENDED_MAX * CONNECTION_ENTRY], *p = message + CONNECTION_FIXED;
    uint8_t to = 0;

    for (unsigned i = 0; i < v->ended_count; i++) {
        const struct vipa_ended *e = &v->ended[i];
        const struct vipa_dvipa *d = vipa_entry(v, e->address);

        if (!d || !d->owner || d->owner == v->number)
            continue;
        if (to && to != d->owner) {
            send_connections(v, to, message, p);
            p = message + CONNECTION_FIXED;
        }
        to = d->owner;
        p = put_connection(p, e->address, &e->tuple, false);
    }
    v->ended_count = 0;
    if (to)
        send_connections(v, to, message, p);
}

static void note_connection(struct vipa *v, const struct vipa_dvipa *d, const struct vipa_tuple *t, uint8_t system, bool begins)
{
    if (begins && d->distribution_count)
        (void)crht_enter(&v->crht, d->address, t, system, true, platform_clock_us());
    else if (!begins)
        crht_remove(&v->crht, d->address, t, system);
}

void vipa_connection(struct vipa *v, uint32_t address, const struct vipa_tuple *t, bool begins)
{
    struct vipa_dvipa *d = vipa_entry(v, address);
    uint8_t message[CONNECTION_FIXED + CONNECTION_ENTRY];

    if (!d || !d->owner)
        return;
    if (d->owner == v->number) {
        note_connection(v, d, t, v->number, begins);
        return;
    }
    if (!begins) {
        v->ended[v->ended_count++] = (struct vipa_ended){ .address = address, .tuple = *t };
        if (v->ended_count == VIPA_ENDED_MAX)
            vipa_flush_ended(v);
        return;
    }
    vipa_flush_ended(v);                    /* the end of an earlier one with the same tuple comes before it */
    send_connections(v, d->owner, message, put_connection(message + CONNECTION_FIXED, address, t, true));
}

void vipa_take_connections(struct vipa *v, uint8_t from, const uint8_t *data, uint32_t length)
{
    uint32_t count = length >= CONNECTION_FIXED ? get_be16(data) : 0;

    if (!count || length != CONNECTION_FIXED + count * CONNECTION_ENTRY)
        return;
    for (data += CONNECTION_FIXED; count; count--, data += CONNECTION_ENTRY) {
        const struct vipa_dvipa *d = vipa_entry(v, get_be32(data));
        struct vipa_tuple t = { .peer = get_be32(data + 4), .port = get_be16(data + 8), .peer_port = get_be16(data + 10) };

        if (d && d->owner == v->number)
            note_connection(v, d, &t, from, data[12]);
    }
}
