/* The table, its exchange with the other stacks, and routing by port ownership. See vipa.h; displays in vipa_display.c. */
#include "stack/vipa/vipa.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"

enum { TYPE_STACK = 1, TYPE_PORTOWN = 2, TYPE_PACKET = 3, TYPE_CLP = 4 };
enum { FLAG_DISTRIBUTED = 0x80, FLAG_CLUSTERPORTS = 0x40, FLAG_DEST_ALL = 0x20, FLAG_BACKUP = 0x10, FLAG_WHENIDLE = 0x08,
       FLAG_STORE = 0x07 };

#define RECORD_FIXED 16u        /* address, mask, flags, rank, block size, quota */
#define PORTOWN_FIXED 8u        /* DVIPA, count */
#define PORTOWN_WORD 10u        /* word, ports */
#define ANNOUNCE_TRIES 20u      /* waits of 1 ms for room in the queue of the distributing stack */

/* --- the table ----------------------------------------------------------------------------------------------------- */

static struct vipa_dvipa *find(struct vipa *v, uint32_t address)
{
    for (unsigned i = 0; i < v->count; i++)
        if (v->dvipas[i].address == address)
            return &v->dvipas[i];
    return NULL;
}

/* Entries stay when their address is deleted: a stack must still own or back it up. */
static bool is_known(const struct vipa_dvipa *d)
{
    bool known = d->owner != 0;

    for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
        known |= d->backup_rank[n] != 0;
    return known;
}

const struct vipa_dvipa *vipa_find(const struct vipa *v, uint32_t address)
{
    for (unsigned i = 0; i < v->count; i++)
        if (v->dvipas[i].address == address)
            return is_known(&v->dvipas[i]) ? &v->dvipas[i] : NULL;
    return NULL;
}

static struct vipa_dvipa *new_entry(struct vipa *v)
{
    if (v->count < DVIPA_MAX)
        return &v->dvipas[v->count++];
    for (unsigned i = 0; i < DVIPA_MAX; i++)
        if (!is_known(&v->dvipas[i]))
            return &v->dvipas[i];
    return NULL;
}

static struct vipa_dvipa *find_or_add(struct vipa *v, uint32_t address)
{
    struct vipa_dvipa *d = find(v, address);
    char text[16];

    if (d)
        return d;
    d = new_entry(v);
    if (!d) {
        text_wto("EZD1299I DVIPA %s IS NOT USED: %u DVIPAS ARE THE LIMIT OF A STACK", text_ip(text, address), DVIPA_MAX);
        return NULL;
    }
    memset(d, 0, sizeof *d);
    d->address = address;
    return d;
}

static bool is_dest(const struct vipa *v, const struct vipa_dvipa *d, uint8_t number)
{
    uint32_t address = v->xcf_addresses[number];

    if (!d->distributed)
        return false;
    for (unsigned i = 0; i < d->dest_count; i++)
        if (d->dests[i] == address && address)
            return true;
    return d->dest_all;
}

bool vipa_is_target(const struct vipa *v, const struct vipa_dvipa *d)
{
    return is_dest(v, d, v->number);
}

static bool distributes_here(const struct vipa *v, const struct vipa_dvipa *d)
{
    return d->active && d->distributed && d->owner == v->number;
}

/* --- activation ---------------------------------------------------------------------------------------------------- */

/* The distributing stack has just become that: who has which port stands in the CF. */
static void build_port_map(struct vipa *v, struct vipa_dvipa *d)
{
    uint8_t *map = v->buffer;       /* large enough for 8192 bytes; no message is being built now */

    memset(d->port_owner, 0, sizeof d->port_owner);
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        const struct xcf_member *m = xcf_member(v->xcf, n);

        if (!m || n == v->number || !v->ops->owned_ports(v->context, d->address, m->name, map))
            continue;
        for (uint32_t port = 0; port < PORTS_PER_DVIPA; port++)
            if (map[port / 8] & (0x80u >> (port % 8)))
                d->port_owner[port] = n;
    }
}

/* Make the address active or inactive here, as ownership and targets say; CLUSTERPORTS may come to one that is active. */
static void settle(struct vipa *v, struct vipa_dvipa *d)
{
    bool owner = d->owner == v->number, was = d->active;
    bool active = owner || (d->owner && is_dest(v, d, v->number));

    d->active = active;
    if (was && !active)
        v->ops->deactivate(v->context, d->address);
    if (!was && active)
        v->ops->activate(v->context, d->address, d->mask, owner);
    if (active && (!was || d->clusterports.on != d->assigned_clusterwide)) {
        d->assigned_clusterwide = d->clusterports.on;
        v->ops->clusterports(v->context, d->address, &d->clusterports, d->from_range, was);
    }
    if (distributes_here(v, d) && !d->distributing && d->clusterports.on)
        build_port_map(v, d);
    d->distributing = distributes_here(v, d);
}

/* --- STACK message ------------------------------------------------------------------------------------------------- */

static uint8_t *put_record(uint8_t *p, const struct vipa *v, const struct vipa_dvipa *d)
{
    bool owner = d->owner == v->number;
    unsigned flags = (owner && d->distributed ? FLAG_DISTRIBUTED : 0u) | (d->clusterports.on ? FLAG_CLUSTERPORTS : 0u) |
                     (d->dest_all ? FLAG_DEST_ALL : 0u) | (owner ? 0u : FLAG_BACKUP) |
                     (d->moveable == MOVEABLE_WHENIDLE ? FLAG_WHENIDLE : 0u) | ((unsigned)d->clusterports.store & FLAG_STORE);

    put_be32(p, d->address);
    put_be32(p + 4, d->mask);
    p[8] = (uint8_t)flags;
    p[9] = d->backup_rank[v->number];
    put_be16(p + 10, d->clusterports.blocksize);
    put_be32(p + 12, d->clusterports.quota);
    p += RECORD_FIXED;
    *p++ = d->port_count;
    for (unsigned i = 0; i < d->port_count; i++, p += 2)
        put_be16(p, d->ports[i]);
    *p++ = d->dest_count;
    for (unsigned i = 0; i < d->dest_count; i++, p += 4)
        put_be32(p, d->dests[i]);
    return p;
}

/* Tell system `to` (or XCF_ALL) what this stack defines. */
static void send_stack(struct vipa *v, uint8_t to)
{
    uint8_t *p = v->buffer + 6;
    uint16_t records = 0;

    put_be32(v->buffer, v->xcf_addresses[v->number]);
    for (unsigned i = 0; i < v->count; i++) {
        const struct vipa_dvipa *d = &v->dvipas[i];

        if (d->owner == v->number || d->backup_rank[v->number]) {
            p = put_record(p, v, d);
            records++;
        }
    }
    put_be16(v->buffer + 4, records);
    int result = xcf_send(v->xcf, to, VIPA_GROUP, TYPE_STACK, v->buffer, (uint32_t)(p - v->buffer));
    if (result != XCF_OK && result != XCF_LOST)
        text_wto("EZD1300I THE DVIPAS OF THIS STACK COULD NOT BE TOLD TO SYSTEM NUMBER %u, RESULT %d", to, result);
}

/* Bytes of the record at p, 0 if it does not fit into `left` or is not valid. */
static uint32_t record_length(const uint8_t *p, uint32_t left)
{
    uint32_t length = RECORD_FIXED + 1;

    if (left < length || p[RECORD_FIXED] > DIST_PORTS_MAX)
        return 0;
    length += 2u * p[RECORD_FIXED] + 1;
    if (left < length || p[length - 1] > SYSTEMS_MAX)
        return 0;
    length += 4u * p[length - 1];
    return left < length ? 0 : length;
}

/* Another stack defines an address that this stack owns. The one that joined first keeps it, the other one stands back. */
static bool stands_back(const struct vipa *v, uint8_t from)
{
    const struct xcf_member *me = xcf_member(v->xcf, v->number), *other = xcf_member(v->xcf, from);

    return me && other && (other->joined_us < me->joined_us || (other->joined_us == me->joined_us && from < v->number));
}

/* A distributing stack has told of itself: tell it what this stack has had before it knew whom to tell. */
static void announce_all(struct vipa *v, const struct vipa_dvipa *d)
{
    static const uint64_t none = 0;
    uint8_t *map = v->buffer, *message = v->buffer + PORTS_PER_DVIPA / 8, *p = message + PORTOWN_FIXED;
    uint32_t count = 0;

    if (!d->clusterports.on || !is_dest(v, d, v->number))
        return;
    const struct xcf_member *me = xcf_member(v->xcf, v->number);
    if (!me || !v->ops->owned_ports(v->context, d->address, me->name, map))
        return;
    for (uint32_t w = 0; w < PORTS_PER_DVIPA / 64; w++) {
        if (memcmp(map + 8 * w, &none, 8) == 0)
            continue;
        put_be16(p, (uint16_t)w);
        memcpy(p + 2, map + 8 * w, 8);
        p += PORTOWN_WORD;
        count++;
    }
    put_be32(message, d->address);
    put_be32(message + 4, count);
    int result = xcf_send(v->xcf, d->owner, VIPA_GROUP, TYPE_PORTOWN, message, (uint32_t)(p - message));
    if (result != XCF_OK)
        text_wto("EZD1302I THE PORTS OF THIS STACK COULD NOT BE TOLD TO SYSTEM NUMBER %u, RESULT %d", d->owner, result);
}

static struct profile_clusterports clusterports_of(const uint8_t *p)
{
    struct profile_clusterports c = { .on = p[8] & FLAG_CLUSTERPORTS, .blocksize = get_be16(p + 10) };

    if (!c.blocksize || c.blocksize > BLOCKSIZE_MAX || (c.blocksize & (c.blocksize - 1)))
        c.blocksize = BLOCKSIZE_DEFAULT;
    c.store = (enum profile_store)(p[8] & FLAG_STORE);
    c.quota = get_be32(p + 12) / c.blocksize * c.blocksize;
    return c;
}

/* The system that owned it does not any more. */
static void owner_gone(struct vipa *v, struct vipa_dvipa *d)
{
    d->owner = 0;
    d->distributed = d->from_range = false;
    settle(v, d);
}

static void take_record(struct vipa *v, uint8_t from, struct vipa_dvipa *d, const uint8_t *p)
{
    uint8_t flags = p[8];
    char text[16];

    d->backup_rank[from] = p[9];
    if (flags & FLAG_BACKUP) {
        if (d->owner == from)
            owner_gone(v, d);
        return;
    }
    if (d->owner == v->number) {
        if (!stands_back(v, from))
            return;
        text_wto("EZZ8303I VIPA %s GIVEN TO SYSTEM NUMBER %u", text_ip(text, d->address), from);
        d->owner = from;
        d->from_range = false;
        settle(v, d);                       /* inactive here before it is a target's again */
    }
    d->owner = from;
    d->mask = get_be32(p + 4);
    d->distributed = flags & FLAG_DISTRIBUTED;
    d->dest_all = flags & FLAG_DEST_ALL;
    d->moveable = flags & FLAG_WHENIDLE ? MOVEABLE_WHENIDLE : MOVEABLE_IMMEDIATE;
    d->clusterports = clusterports_of(p);
    p += RECORD_FIXED;
    d->port_count = *p++;
    for (unsigned i = 0; i < d->port_count; i++, p += 2)
        d->ports[i] = get_be16(p);
    d->dest_count = *p++;
    for (unsigned i = 0; i < d->dest_count; i++, p += 4)
        d->dests[i] = get_be32(p);
    settle(v, d);
    if (d->distributed)
        announce_all(v, d);
}

/* What a stack does not tell of, it does not have any more. */
static void forget_untold(struct vipa *v, uint8_t from, const bool told[DVIPA_MAX])
{
    for (unsigned i = 0; i < v->count; i++) {
        if (told[i])
            continue;
        v->dvipas[i].backup_rank[from] = 0;
        if (v->dvipas[i].owner == from)
            owner_gone(v, &v->dvipas[i]);
    }
}

static void take_stack(struct vipa *v, uint8_t from, const uint8_t *data, uint32_t length)
{
    bool told[DVIPA_MAX] = { false };

    if (length < 6)
        return;
    uint16_t records = get_be16(data + 4);

    v->xcf_addresses[from] = get_be32(data);
    v->told[from] = true;
    data += 6;
    length -= 6;
    for (; records; records--) {
        uint32_t n = record_length(data, length);

        if (!n) {
            text_wto("EZD1301I A MESSAGE OF SYSTEM NUMBER %u IS NOT VALID, THE REST OF IT IS IGNORED", from);
            return;
        }
        struct vipa_dvipa *d = find_or_add(v, get_be32(data));
        if (d) {
            told[d - v->dvipas] = true;
            take_record(v, from, d, data);
        }
        data += n;
        length -= n;
    }
    forget_untold(v, from, told);
}

/* --- PORTOWN ------------------------------------------------------------------------------------------------------- */

static void set_owner(struct vipa_dvipa *d, uint8_t number, uint32_t word, uint64_t ports)
{
    for (uint32_t i = 0; ports; i++, ports <<= 1)
        if (ports >> 63)
            d->port_owner[word * 64 + i] = number;
}

int vipa_send_ports_message(struct vipa *v, uint8_t to, const uint8_t *data, uint32_t length)
{
    return xcf_send(v->xcf, to, VIPA_GROUP, TYPE_CLP, data, length);
}

int vipa_announce(struct vipa *v, uint32_t address, const struct vipa_ports *ports, uint32_t count)
{
    uint8_t message[PORTOWN_FIXED + VIPA_ANNOUNCE_MAX * PORTOWN_WORD];
    struct vipa_dvipa *d = find(v, address);
    struct ecb never = { 0 };
    int result;

    STACK_ASSERT(count >= 1 && count <= VIPA_ANNOUNCE_MAX);
    if (d && d->owner == v->number) {
        /* The same order as for a message: what the others announced before counts as before. */
        xcf_drain(v->xcf);
        for (uint32_t i = 0; i < count; i++)
            set_owner(d, v->number, ports[i].word, ports[i].ports);
        return XCF_OK;
    }
    if (!d || !d->distributed || !xcf_member(v->xcf, d->owner))
        return XCF_OK;                      /* nobody routes */
    put_be32(message, address);
    put_be32(message + 4, count);
    for (uint32_t i = 0; i < count; i++) {
        put_be16(message + PORTOWN_FIXED + i * PORTOWN_WORD, ports[i].word);
        put_be64(message + PORTOWN_FIXED + i * PORTOWN_WORD + 2, ports[i].ports);
    }
    v->statistics.announced++;
    for (unsigned try = 0; try < ANNOUNCE_TRIES; try++) {
        result = xcf_send(v->xcf, d->owner, VIPA_GROUP, TYPE_PORTOWN, message, PORTOWN_FIXED + count * PORTOWN_WORD);
        if (result != XCF_FULL)
            break;
        platform_wait(&never, 1000);
    }
    return result == XCF_NO_MEMBER ? XCF_OK : result;
}

static void take_portown(struct vipa *v, uint8_t from, const uint8_t *data, uint32_t length)
{
    if (length < PORTOWN_FIXED)
        return;
    struct vipa_dvipa *d = find(v, get_be32(data));
    uint32_t count = get_be32(data + 4);

    if (!d || count > PORTS_PER_DVIPA / 64 || length != PORTOWN_FIXED + count * PORTOWN_WORD)
        return;
    for (data += PORTOWN_FIXED; count; count--, data += PORTOWN_WORD)
        if (get_be16(data) < PORTS_PER_DVIPA / 64)
            set_owner(d, from, get_be16(data), get_be64(data + 2));
}

/* --- packets ------------------------------------------------------------------------------------------------------- */

enum { PROTO_ICMP = 1, PROTO_TCP = 6, ICMP_UNREACHABLE = 3, ICMP_TIME_EXCEEDED = 11, ICMP_PARAMETER = 12 };

/* Header length of an IPv4 packet of which `length` bytes are there; 0 if it is none. */
static uint32_t ip_header(const uint8_t *packet, uint32_t length)
{
    if (length < 20 || packet[0] >> 4 != 4)
        return 0;
    uint32_t header = (packet[0] & 15u) * 4;
    return header >= 20 && header <= length ? header : 0;
}

struct flow {
    uint32_t peer;
    uint16_t port, peer_port;
};

/* The TCP connection of DVIPA `address` that the packet is about: destination of a segment, source of the segment that an
 * ICMP error quotes. false: it is about none. */
static bool flow_of(const uint8_t *packet, uint32_t length, uint32_t address, struct flow *flow)
{
    uint32_t header = ip_header(packet, length);

    if (!header || (get_be16(packet + 6) & 0x1FFF))
        return false;                       /* a later fragment carries no port; hosts that matter send none for TCP */
    const uint8_t *body = packet + header;
    uint32_t left = length - header;
    if (packet[9] == PROTO_TCP) {
        if (left < 4)
            return false;
        *flow = (struct flow){ .peer = get_be32(packet + 12), .port = get_be16(body + 2), .peer_port = get_be16(body) };
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
    *flow = (struct flow){ .peer = get_be32(quoted + 16), .port = get_be16(quoted + inner),
                           .peer_port = get_be16(quoted + inner + 2) };
    return true;
}

static uint8_t connection_owner(struct vipa *v, const struct vipa_dvipa *d, const struct flow *flow)
{
    if (d->clusterports.on && d->clusterports.store == STORE_CRHT)
        return v->ops->connection_owner(v->context, d->address, flow->port, flow->peer, flow->peer_port);
    return d->port_owner[flow->port];
}

bool vipa_route_inbound(struct vipa *v, const uint8_t *packet, uint32_t length)
{
    struct flow flow;

    if (!ip_header(packet, length))
        return false;
    struct vipa_dvipa *d = find(v, get_be32(packet + 16));
    if (!d || !distributes_here(v, d))
        return false;
    if (!flow_of(packet, length, d->address, &flow) || flow.port == 0)
        return false;
    xcf_drain(v->xcf);                      /* whatever was announced before this packet was caused: see vipa.h */
    uint8_t owner = connection_owner(v, d, &flow);
    if (!owner || owner == v->number || !distributes_here(v, d))
        return false;
    int result = xcf_send(v->xcf, owner, VIPA_GROUP, TYPE_PACKET, packet, length);
    if (result == XCF_NO_MEMBER)
        return false;                       /* its connection died with it: let this stack answer as for any unknown one */
    if (result == XCF_OK)
        v->statistics.forwarded++;
    else
        v->statistics.forward_failed++;     /* as a packet that was lost on the way: TCP repeats it */
    return true;
}

/* --- exits of the group -------------------------------------------------------------------------------------------- */

static void message_exit(void *context, uint8_t from, uint16_t type, const uint8_t *data, uint32_t length)
{
    struct vipa *v = context;

    switch (type) {
    case TYPE_STACK:
        take_stack(v, from, data, length);
        break;
    case TYPE_PORTOWN:
        take_portown(v, from, data, length);
        break;
    case TYPE_PACKET:
        v->statistics.delivered++;
        v->ops->deliver(v->context, data, length);
        break;
    case TYPE_CLP:
        v->ops->ports_message(v->context, from, data, length);
        break;
    default:
        break;                              /* of a later release */
    }
}

static void event_exit(void *context, enum xcf_event event, const struct xcf_member *member)
{
    struct vipa *v = context;

    if (event == XCF_JOINED) {
        text_wto("EZD1176I %s HAS JOINED THE SYSPLEX GROUP %s", member->name, VIPA_GROUP);
        if (v->started)
            send_stack(v, member->number);
        v->ops->system_event(v->context, member->number, true);
        return;
    }
    text_wto("EZD1177I %s HAS %s THE SYSPLEX GROUP %s", member->name, event == XCF_LEFT ? "LEFT" : "FAILED IN", VIPA_GROUP);
    v->xcf_addresses[member->number] = 0;
    v->told[member->number] = false;
    for (unsigned i = 0; i < v->count; i++)
        v->dvipas[i].backup_rank[member->number] = 0;
    v->ops->system_event(v->context, member->number, false);
}

/* --- what the profile says ----------------------------------------------------------------------------------------- */

static void define(struct vipa *v, const struct profile_dvipa *p)
{
    struct vipa_dvipa *d = find_or_add(v, p->address);

    if (!d)
        return;
    if (p->backup) {
        d->backup_rank[v->number] = p->rank ? p->rank : 1;
        return;
    }
    d->owner = v->number;
    d->mask = p->mask;
    d->moveable = p->moveable;
    d->clusterports = profile_clusterports(v->profile, d->address);
}

static void undefine(struct vipa *v, struct vipa_dvipa *d)
{
    d->backup_rank[v->number] = 0;
    if (d->owner == v->number)
        owner_gone(v, d);
}

static void add_port(struct vipa_dvipa *d, uint16_t port)
{
    for (unsigned i = 0; i < d->port_count; i++)
        if (d->ports[i] == port)
            return;
    if (d->port_count < DIST_PORTS_MAX)
        d->ports[d->port_count++] = port;
}

static void add_dest(struct vipa_dvipa *d, uint32_t dest)
{
    for (unsigned i = 0; i < d->dest_count; i++)
        if (d->dests[i] == dest)
            return;
    if (d->dest_count < SYSTEMS_MAX)
        d->dests[d->dest_count++] = dest;
}

/* All VIPADISTRIBUTE statements of an address that this stack has; of one that it only backs up they come into effect at
 * takeover. Several statements are taken together: the targets of any one of them. */
static void distribute(struct vipa *v, struct vipa_dvipa *d)
{
    bool all_ports = false;

    d->distributed = d->dest_all = false;
    d->dest_count = d->port_count = 0;
    for (unsigned i = 0; i < v->profile->distribute_count; i++) {
        const struct profile_distribute *p = &v->profile->distributes[i];

        if (p->address != d->address)
            continue;
        d->distributed = true;
        d->dest_all |= p->dest_all;
        all_ports |= p->port_count == 0;
        for (unsigned n = 0; n < p->port_count; n++)
            add_port(d, p->ports[n]);
        for (unsigned n = 0; n < p->dest_count; n++)
            add_dest(d, p->dests[n]);
    }
    if (all_ports)
        d->port_count = 0;
    d->clusterports = profile_clusterports(v->profile, d->address);
}

/* CLUSTERPORTS of a range is that of the addresses which it has made active. */
static void range_changed(struct vipa *v, const struct profile_range *range)
{
    for (unsigned i = 0; i < v->count; i++) {
        struct vipa_dvipa *d = &v->dvipas[i];

        if (d->owner == v->number && d->from_range && vipa_find_range(v, d->address) == range)
            d->clusterports = profile_clusterports(v->profile, d->address);
    }
}

void vipa_change(struct vipa *v, const struct profile_change *change)
{
    struct vipa_dvipa *d = find(v, change->address);

    switch (change->kind) {
    case CHANGE_DVIPA_REMOVED:
        if (d)
            undefine(v, d);
        break;
    case CHANGE_DVIPA_ADDED:
        define(v, change->dvipa);
        break;
    case CHANGE_DISTRIBUTE_REMOVED:
    case CHANGE_DISTRIBUTE_ADDED:
    case CHANGE_DISTRIBUTE_CHANGED:
        if (d && d->owner == v->number)
            distribute(v, d);
        break;
    case CHANGE_CLUSTERPORTS_ADDED:
    case CHANGE_CLUSTERPORTS_REMOVED:
        if (d && d->owner == v->number)
            d->clusterports = change->clusterports;
        break;
    case CHANGE_RANGE_ADDED:
    case CHANGE_RANGE_CLUSTERPORTS:
        range_changed(v, change->range);
        break;
    default:
        break;                              /* not of DVIPAs; a range that is gone leaves its active addresses alone */
    }
}

void vipa_changed(struct vipa *v)
{
    for (unsigned i = 0; i < v->count; i++)
        settle(v, &v->dvipas[i]);
    send_stack(v, XCF_ALL);
}

/* --- start --------------------------------------------------------------------------------------------------------- */

void vipa_init(struct vipa *v, struct xcf *xcf, uint8_t number, const struct profile *profile, const struct vipa_ops *ops,
               void *context)
{
    v->ops = ops;
    v->context = context;
    v->profile = profile;
    v->xcf = xcf;
    v->number = number;
    v->xcf_addresses[number] = profile->dynamicxcf_address;
    for (unsigned i = 0; i < profile->dvipa_count; i++)
        define(v, &profile->dvipas[i]);
    for (unsigned i = 0; i < v->count; i++)
        if (v->dvipas[i].owner == number)
            distribute(v, &v->dvipas[i]);
    xcf_join_group(xcf, VIPA_GROUP, message_exit, event_exit, v);
}

bool vipa_complete(const struct vipa *v)
{
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (n != v->number && xcf_member(v->xcf, n) && !v->told[n])
            return false;
    return true;
}

/* --- VIPARANGE ----------------------------------------------------------------------------------------------------- */

const struct profile_range *vipa_find_range(const struct vipa *v, uint32_t address)
{
    const struct profile_range *best = NULL;

    for (unsigned i = 0; i < v->profile->range_count; i++) {
        const struct profile_range *r = &v->profile->ranges[i];

        if ((address & r->mask) == (r->address & r->mask) && (!best || r->mask > best->mask))
            best = r;
    }
    return best;
}

bool vipa_activate_range(struct vipa *v, uint32_t address)
{
    const struct profile_range *range = vipa_find_range(v, address);
    struct vipa_dvipa *d = range ? find_or_add(v, address) : NULL;

    if (!d || (d->owner && d->owner != v->number && xcf_member(v->xcf, d->owner)))
        return false;
    if (d->active)
        return true;
    d->owner = v->number;
    d->mask = range->mask;
    d->from_range = true;
    distribute(v, d);
    settle(v, d);
    send_stack(v, XCF_ALL);
    return true;
}

void vipa_start(struct vipa *v)
{
    v->started = true;
    for (unsigned i = 0; i < v->count; i++)
        settle(v, &v->dvipas[i]);
    send_stack(v, XCF_ALL);
}
