/* The table, its exchange with the other stacks, and what the profile says. See vipa.h; displays in vipa_display.c. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"
#include "stack/vipa/vipa_private.h"

enum { FLAG_CLUSTERPORTS = 0x80, FLAG_WHENIDLE = 0x40, FLAG_WANTS = 0x20, FLAG_OFFERS = 0x10, FLAG_STARTS = 0x08,
       FLAG_DISRUPTIVE = 0x04 };

#define STACK_FIXED 6u          /* dynamic XCF address, number of records */
#define RECORD_FIXED 28u
#define DISTRIBUTION_FIXED 4u   /* method, all targets, ports, targets */
#define RECORD_MAX (RECORD_FIXED + DISTRIBUTIONS_MAX * (DISTRIBUTION_FIXED + 2 * DIST_PORTS_MAX + 5 * SYSTEMS_MAX))
#define PORTOWN_FIXED 8u        /* DVIPA, count */
#define PORTOWN_WORD 10u        /* word, ports */
#define ANNOUNCE_US 1000000u    /* wait for room in the queue of the distributing stack; who takes nothing out of it for so long is stopped or dead */

/* --- the table ----------------------------------------------------------------------------------------------------- */

struct vipa_dvipa *vipa_entry(struct vipa *v, uint32_t address)
{
    for (unsigned i = 0; i < v->count; i++)
        if (v->dvipas[i].address == address)
            return &v->dvipas[i];
    return NULL;
}

/* Entries stay when their address is deleted, for its generation: a stack must still have a part in it. */
static bool is_known(const struct vipa_dvipa *d)
{
    bool known = false;

    for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
        known |= d->parts[n].origin != ORIGIN_NONE;
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

struct vipa_dvipa *vipa_entry_or_new(struct vipa *v, uint32_t address)
{
    struct vipa_dvipa *d = vipa_entry(v, address);
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

bool vipa_distribution_has(const struct vipa *v, const struct vipa_distribution *distribution, uint8_t number, uint8_t *weight)
{
    uint32_t address = v->xcf_addresses[number];

    *weight = 1;
    for (unsigned i = 0; address && i < distribution->dest_count; i++)
        if (distribution->dests[i] == address) {
            *weight = distribution->method == DIST_WEIGHTEDACTIVE ? distribution->weights[i] : 1;
            return true;
        }
    return address && distribution->dest_all;
}

bool vipa_is_dest(const struct vipa *v, const struct vipa_dvipa *d, uint8_t number)
{
    uint8_t weight;

    for (unsigned i = 0; d->owner && i < d->distribution_count; i++)
        if (vipa_distribution_has(v, &d->distributions[i], number, &weight))
            return true;
    return false;
}

bool vipa_is_target(const struct vipa *v, const struct vipa_dvipa *d)
{
    return vipa_is_dest(v, d, v->number) || (d->active && !d->owner);      /* of the owner before, until the next one says more */
}

bool vipa_is_distributed(const struct vipa_dvipa *d)
{
    return d->owner && d->distribution_count;
}

bool vipa_has_part(const struct vipa *v, const struct vipa_dvipa *d)
{
    enum vipa_state state = d->parts[v->number].state;

    return state == VIPA_ACTIVE || state == VIPA_BACKUP || state == VIPA_MOVING;
}

/* --- STACK message ------------------------------------------------------------------------------------------------- */

static uint8_t *put_distribution(uint8_t *p, const struct vipa_distribution *t)
{
    *p++ = (uint8_t)t->method;
    *p++ = t->dest_all;
    *p++ = t->port_count;
    for (unsigned i = 0; i < t->port_count; i++, p += 2)
        put_be16(p, t->ports[i]);
    *p++ = t->dest_count;
    for (unsigned i = 0; i < t->dest_count; i++, p += 5) {
        put_be32(p, t->dests[i]);
        p[4] = t->weights[i];
    }
    return p;
}

static uint8_t *put_record(uint8_t *p, const struct vipa *v, const struct vipa_dvipa *d)
{
    const struct vipa_part *part = &d->parts[v->number];
    bool owner = part->state == VIPA_ACTIVE;
    unsigned flags = (d->clusterports.on ? FLAG_CLUSTERPORTS : 0u) | (d->moveable == MOVEABLE_WHENIDLE ? FLAG_WHENIDLE : 0u) |
                     (part->wants ? FLAG_WANTS : 0u) | (part->offers ? FLAG_OFFERS : 0u) | (part->starts ? FLAG_STARTS : 0u) |
                     (d->disruptive ? FLAG_DISRUPTIVE : 0u);

    put_be32(p, d->address);
    put_be32(p + 4, d->mask);
    put_be64(p + 8, owner ? part->generation : d->generation);
    p[16] = (uint8_t)part->origin;
    p[17] = (uint8_t)part->state;
    p[18] = part->rank;
    p[19] = (uint8_t)flags;
    put_be16(p + 20, d->clusterports.blocksize);
    p[22] = (uint8_t)d->clusterports.store;
    p[23] = owner ? d->distribution_count : 0;
    put_be32(p + 24, d->clusterports.quota);
    p += RECORD_FIXED;
    for (unsigned i = 0; owner && i < d->distribution_count; i++)
        p = put_distribution(p, &d->distributions[i]);
    return p;
}

void vipa_send_stack(struct vipa *v, uint8_t to)
{
    uint8_t *p = v->buffer + STACK_FIXED, *end = v->buffer + sizeof v->buffer;
    uint16_t records = 0;

    put_be32(v->buffer, v->xcf_addresses[v->number]);
    for (unsigned i = 0; i < v->count; i++) {
        const struct vipa_dvipa *d = &v->dvipas[i];
        char text[16];

        if (d->parts[v->number].origin == ORIGIN_NONE && !d->generation)
            continue;
        if (end - p < (ptrdiff_t)RECORD_MAX) {
            text_wto("EZD1300I DVIPA %s CANNOT BE TOLD TO THE SYSPLEX: TOO MANY VIPADISTRIBUTE", text_ip(text, d->address));
            break;
        }
        p = put_record(p, v, d);
        records++;
    }
    put_be16(v->buffer + 4, records);
    int result = xcf_send(v->xcf, to, VIPA_GROUP, TYPE_STACK, v->buffer, (uint32_t)(p - v->buffer));
    if (result != XCF_OK && result != XCF_LOST)
        text_wto("EZD1300I THE DVIPAS OF THIS STACK COULD NOT BE TOLD TO SYSTEM NUMBER %u, RESULT %d", to, result);
}

/* Bytes of the distribution at p, 0 if it does not fit into `left` or is not valid. */
static uint32_t distribution_length(const uint8_t *p, uint32_t left)
{
    uint32_t length = DISTRIBUTION_FIXED;

    if (left < length || p[0] > DIST_WEIGHTEDACTIVE || p[2] > DIST_PORTS_MAX)
        return 0;
    length += 2u * p[2];
    if (left < length || p[length - 1] > SYSTEMS_MAX)
        return 0;
    length += 5u * p[length - 1];
    return left < length ? 0 : length;
}

/* The same for a record. */
static uint32_t record_length(const uint8_t *p, uint32_t left)
{
    uint32_t length = RECORD_FIXED;

    if (left < length || p[16] > ORIGIN_DEFINE || p[17] > VIPA_DEACTIVATED || p[23] > DISTRIBUTIONS_MAX)
        return 0;
    for (unsigned i = 0; i < p[23]; i++) {
        uint32_t n = distribution_length(p + length, left - length);

        if (!n)
            return 0;
        length += n;
    }
    return length;
}

void vipa_announce_all(struct vipa *v, const struct vipa_dvipa *d)
{
    static const uint64_t none = 0;
    uint8_t *map = v->buffer, *message = v->buffer + PORTS_PER_DVIPA / 8, *p = message + PORTOWN_FIXED;
    uint32_t count = 0;

    if (!d->clusterports.on || d->owner == v->number || !vipa_is_distributed(d) || !d->present)
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
    struct profile_clusterports c = { .on = p[19] & FLAG_CLUSTERPORTS, .blocksize = get_be16(p + 20) };

    if (!c.blocksize || c.blocksize > BLOCKSIZE_MAX || (c.blocksize & (c.blocksize - 1)))
        c.blocksize = BLOCKSIZE_DEFAULT;
    c.store = p[22] <= STORE_CLUSTERWIDE ? (enum profile_store)p[22] : STORE_BITMAP;
    c.quota = get_be32(p + 24) / c.blocksize * c.blocksize;
    return c;
}

static const uint8_t *get_distribution(const uint8_t *p, struct vipa_distribution *t)
{
    *t = (struct vipa_distribution){ .method = (enum profile_distmethod)p[0], .dest_all = p[1], .port_count = p[2] };
    p += 3;
    for (unsigned i = 0; i < t->port_count; i++, p += 2)
        t->ports[i] = get_be16(p);
    t->dest_count = *p++;
    for (unsigned i = 0; i < t->dest_count; i++, p += 5) {
        t->dests[i] = get_be32(p);
        t->weights[i] = p[4];
    }
    return p;
}

/* What the address is, as its owner says. */
static void get_attributes(struct vipa_dvipa *d, const uint8_t *p)
{
    d->mask = get_be32(p + 4);
    d->moveable = p[19] & FLAG_WHENIDLE ? MOVEABLE_WHENIDLE : MOVEABLE_IMMEDIATE;
    d->disruptive = p[19] & FLAG_DISRUPTIVE;
    d->clusterports = clusterports_of(p);
    d->distribution_count = p[23];
    p += RECORD_FIXED;
    for (unsigned i = 0; i < d->distribution_count; i++)
        p = get_distribution(p, &d->distributions[i]);
}

/* true: this stack's part has changed by it. */
static bool take_record(struct vipa *v, uint8_t from, struct vipa_dvipa *d, const uint8_t *p)
{
    struct vipa_part *part = &d->parts[from], *own = &d->parts[v->number];
    enum vipa_state before = own->state;
    uint64_t generation = get_be64(p + 8);

    *part = (struct vipa_part){ .origin = (enum vipa_origin)p[16], .state = (enum vipa_state)p[17], .rank = p[18],
                                .wants = p[19] & FLAG_WANTS, .offers = p[19] & FLAG_OFFERS, .starts = p[19] & FLAG_STARTS, .seen = generation };
    if (part->state == VIPA_ACTIVE)
        part->generation = generation;
    if (generation > d->generation)
        d->generation = generation;
    bool news = d->generation && !own->seen && own->origin != ORIGIN_NONE;
    own->seen = d->generation;
    vipa_elect(v, d);
    if (d->owner == from)
        get_attributes(d, p);
    bool changed = vipa_decide(v, d) || own->state != before || news;
    if (d->owner == from)
        vipa_announce_all(v, d);
    return changed;
}

/* What a stack does not tell of, it does not have any more. */
static bool forget_untold(struct vipa *v, uint8_t from, const bool told[DVIPA_MAX])
{
    bool changed = false;

    for (unsigned i = 0; i < v->count; i++) {
        if (told[i])
            continue;
        v->dvipas[i].parts[from] = (struct vipa_part){ 0 };
        changed |= vipa_decide(v, &v->dvipas[i]);
    }
    return changed;
}

/* The entry for a record; none is made for an address that the sender only remembers when the table is full. */
static struct vipa_dvipa *entry_of_record(struct vipa *v, const uint8_t *p)
{
    return p[16] == ORIGIN_NONE && v->count == DVIPA_MAX ? vipa_entry(v, get_be32(p)) : vipa_entry_or_new(v, get_be32(p));
}

static bool all_told(const struct vipa *v)
{
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (n != v->number && xcf_member(v->xcf, n) && !v->told[n])
            return false;
    return true;
}

static void take_stack(struct vipa *v, uint8_t from, const uint8_t *data, uint32_t length)
{
    bool told[DVIPA_MAX] = { false }, changed = false;

    if (length < STACK_FIXED)
        return;
    uint16_t records = get_be16(data + 4);

    v->xcf_addresses[from] = get_be32(data);
    v->told[from] = true;
    data += STACK_FIXED;
    length -= STACK_FIXED;
    for (; records; records--) {
        uint32_t n = record_length(data, length);

        if (!n) {
            text_wto("EZD1301I A MESSAGE OF SYSTEM NUMBER %u IS NOT VALID, THE REST OF IT IS IGNORED", from);
            break;
        }
        struct vipa_dvipa *d = entry_of_record(v, data);
        if (d) {
            told[d - v->dvipas] = true;
            changed |= take_record(v, from, d, data);
        }
        data += n;
        length -= n;
    }
    if (!records)
        changed |= forget_untold(v, from, told);
    if (!v->ready && v->started && all_told(v)) {
        v->ready = true;
        vipa_decide_all(v, changed);
    } else if (changed && v->started) {
        vipa_send_stack(v, XCF_ALL);
    }
}

/* --- PORTOWN ------------------------------------------------------------------------------------------------------- */

static void set_owner(struct vipa_dvipa *d, uint8_t number, uint32_t word, uint64_t ports)
{
    for (uint32_t i = 0; ports; i++, ports <<= 1)
        if (ports >> 63)
            d->port_owner[word * 64 + i] = number;
}

void vipa_build_port_map(struct vipa *v, struct vipa_dvipa *d)
{
    uint8_t *map = v->buffer;       /* large enough for 8192 bytes; no message is being built now */

    memset(d->port_owner, 0, sizeof d->port_owner);
    for (uint8_t n = 1; d->clusterports.on && n <= SYSTEMS_MAX; n++) {
        const struct xcf_member *m = xcf_member(v->xcf, n);

        if (!m || n == v->number || !v->ops->owned_ports(v->context, d->address, m->name, map))
            continue;
        for (uint32_t port = 0; port < PORTS_PER_DVIPA; port++)
            if (map[port / 8] & (0x80u >> (port % 8)))
                d->port_owner[port] = n;
    }
}

int vipa_send_ports_message(struct vipa *v, uint8_t to, const uint8_t *data, uint32_t length)
{
    return xcf_send(v->xcf, to, VIPA_GROUP, TYPE_CLP, data, length);
}

int vipa_announce(struct vipa *v, uint32_t address, const struct vipa_ports *ports, uint32_t count)
{
    uint8_t message[PORTOWN_FIXED + VIPA_ANNOUNCE_MAX * PORTOWN_WORD];
    struct vipa_dvipa *d = vipa_entry(v, address);
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
    if (!d || !vipa_is_distributed(d) || !xcf_member(v->xcf, d->owner))
        return XCF_OK;                      /* nobody routes */
    put_be32(message, address);
    put_be32(message + 4, count);
    for (uint32_t i = 0; i < count; i++) {
        put_be16(message + PORTOWN_FIXED + i * PORTOWN_WORD, ports[i].word);
        put_be64(message + PORTOWN_FIXED + i * PORTOWN_WORD + 2, ports[i].ports);
    }
    v->statistics.announced++;
    uint64_t until = platform_clock_us() + ANNOUNCE_US;
    while ((result = xcf_send(v->xcf, d->owner, VIPA_GROUP, TYPE_PORTOWN, message, PORTOWN_FIXED + count * PORTOWN_WORD)) == XCF_FULL &&
           platform_clock_us() < until)
        platform_wait(&never, 1000);
    return result == XCF_NO_MEMBER ? XCF_OK : result;
}

static void take_portown(struct vipa *v, uint8_t from, const uint8_t *data, uint32_t length)
{
    if (length < PORTOWN_FIXED)
        return;
    struct vipa_dvipa *d = vipa_entry(v, get_be32(data));
    uint32_t count = get_be32(data + 4);

    if (!d || count > PORTS_PER_DVIPA / 64 || length != PORTOWN_FIXED + count * PORTOWN_WORD)
        return;
    for (data += PORTOWN_FIXED; count; count--, data += PORTOWN_WORD)
        if (get_be16(data) < PORTS_PER_DVIPA / 64)
            set_owner(d, from, get_be16(data), get_be64(data + 2));
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
    case TYPE_LISTEN:
        vipa_take_listeners(v, from, data, length);
        break;
    case TYPE_REPORT:
        vipa_take_report(v, from, data, length);
        break;
    case TYPE_CONNECTION:
        vipa_take_connections(v, from, data, length);
        break;
    case TYPE_REROUTE:
        vipa_take_rerouted(v, data, length);
        break;
    default:
        break;                              /* of a later release */
    }
}

static void member_gone(struct vipa *v, uint8_t number)
{
    v->xcf_addresses[number] = 0;
    v->told[number] = false;
    v->listeners[number].count = 0;
    crht_clear(&v->crht, 0, number);
    for (unsigned i = 0; i < v->count; i++) {
        v->dvipas[i].parts[number] = (struct vipa_part){ 0 };
        v->dvipas[i].awaited &= ~(1ull << number);
    }
    v->ready |= v->started && all_told(v);
    vipa_decide_all(v, false);
}

/* All that a system has to know of this stack. It replaces what it knew. */
static void tell_all(struct vipa *v, uint8_t to)
{
    if (!v->started)
        return;
    vipa_send_listeners(v, to);
    vipa_send_stack(v, to);
    for (unsigned i = 0; i < v->count; i++)
        if (v->dvipas[i].owner == to)
            vipa_announce_all(v, &v->dvipas[i]);
}

static void event_exit(void *context, enum xcf_event event, const struct xcf_member *member)
{
    struct vipa *v = context;

    if (event == XCF_JOINED)
        text_wto("EZD1176I %s HAS JOINED THE SYSPLEX GROUP %s", member->name, VIPA_GROUP);
    if (event == XCF_JOINED || event == XCF_ROOM) {
        tell_all(v, member->number);
        v->ops->system_event(v->context, member->number, true);
        return;
    }
    text_wto("EZD1177I %s HAS %s THE SYSPLEX GROUP %s", member->name, event == XCF_LEFT ? "LEFT" : "FAILED IN", VIPA_GROUP);
    member_gone(v, member->number);
    v->ops->system_event(v->context, member->number, false);
}

/* --- what the profile says ----------------------------------------------------------------------------------------- */

static void undefine(struct vipa *v, struct vipa_dvipa *d)
{
    d->dropped = d->present && d->owner == v->number;
    d->parts[v->number] = (struct vipa_part){ 0 };
}

static struct vipa_distribution distribution_of(const struct profile_distribute *p)
{
    struct vipa_distribution t = { .method = p->method, .dest_all = p->dest_all, .dest_count = p->dest_count, .port_count = p->port_count };

    memcpy(t.ports, p->ports, sizeof t.ports);
    memcpy(t.dests, p->dests, sizeof t.dests);
    memcpy(t.weights, p->weights, sizeof t.weights);
    return t;
}

bool vipa_distribute(struct vipa *v, struct vipa_dvipa *d)
{
    bool said = false;
    char text[16];

    for (unsigned i = 0; i < v->profile->distribute_count; i++) {
        const struct profile_distribute *p = &v->profile->distributes[i];

        if (p->address != d->address)
            continue;
        if (!said)
            d->distribution_count = 0;
        said = true;
        if (d->distribution_count < DISTRIBUTIONS_MAX)
            d->distributions[d->distribution_count++] = distribution_of(p);
        else
            text_wto("EZD1311I VIPADISTRIBUTE OF %s IS NOT USED, %u ARE THE LIMIT OF A DVIPA", text_ip(text, d->address), DISTRIBUTIONS_MAX);
    }
    return said;
}

/* CLUSTERPORTS of a range is that of the addresses which it has made active. */
static void range_changed(struct vipa *v, const struct profile_range *range)
{
    for (unsigned i = 0; i < v->count; i++) {
        struct vipa_dvipa *d = &v->dvipas[i];

        if (d->owner == v->number && d->parts[v->number].origin < ORIGIN_BACKUP && vipa_find_range(v, d->address) == range)
            d->clusterports = profile_clusterports(v->profile, d->address);
    }
}

void vipa_change(struct vipa *v, const struct profile_change *change)
{
    struct vipa_dvipa *d = vipa_entry(v, change->address);
    bool owner = d && d->owner == v->number;

    switch (change->kind) {
    case CHANGE_DVIPA_REMOVED:
        if (d)
            undefine(v, d);
        break;
    case CHANGE_DVIPA_ADDED:
        if (!v->left)
            vipa_define(v, change->dvipa);
        break;
    case CHANGE_DISTRIBUTE_REMOVED:
    case CHANGE_DISTRIBUTE_ADDED:
    case CHANGE_DISTRIBUTE_CHANGED:
        if (owner && !vipa_distribute(v, d))
            d->distribution_count = 0;
        if (owner)
            d->clusterports = profile_clusterports(v->profile, d->address);
        break;
    case CHANGE_CLUSTERPORTS_ADDED:
    case CHANGE_CLUSTERPORTS_REMOVED:
        if (owner)
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
    vipa_decide_all(v, true);
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
        vipa_define(v, &profile->dvipas[i]);
    xcf_join_group(xcf, VIPA_GROUP, message_exit, event_exit, v);
}

bool vipa_complete(const struct vipa *v)
{
    bool complete = all_told(v);

    for (unsigned i = 0; i < v->count; i++)
        complete &= !v->dvipas[i].awaited;
    return complete;
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

void vipa_start(struct vipa *v)
{
    v->started = true;
    v->started_us = platform_clock_us();
    v->ready = all_told(v);
    vipa_send_listeners(v, XCF_ALL);
    vipa_decide_all(v, true);
}
