/* Who owns an address: the rule of vipa.h, and what follows from it on this stack. */
#include <string.h>

#include "stack/base/text.h"
#include "stack/vipa/vipa_private.h"

#define RANK_DEFINE 255u            /* VIPADEFINE among the candidates: before every VIPABACKUP */

static struct vipa_part *own_part(const struct vipa *v, struct vipa_dvipa *d)
{
    return &d->parts[v->number];
}

static bool of_range(const struct vipa_part *p)
{
    return p->origin == ORIGIN_RANGE_BIND || p->origin == ORIGIN_RANGE_IOCTL;
}

static const char *name_of(const struct vipa *v, uint8_t number)
{
    return v->xcf->members[number].name;
}

/* --- the rule ------------------------------------------------------------------------------------------------------ */

/* Is the claim of system a, or that it is a candidate, better than that of b (0 = none)? Candidates have generation 0,
 * claims do not want. */
static bool better(const struct vipa_dvipa *d, uint8_t a, uint8_t b)
{
    const struct vipa_part *pa = &d->parts[a], *pb = &d->parts[b];

    if (!b)
        return true;
    if (pa->generation != pb->generation)
        return pa->generation > pb->generation;
    if (pa->wants != pb->wants)
        return pa->wants;
    if (pa->origin != pb->origin)
        return pa->origin > pb->origin;
    return pa->rank != pb->rank ? pa->rank > pb->rank : a < b;
}

static uint8_t best_claim(const struct vipa_dvipa *d)
{
    uint8_t best = 0;

    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (d->parts[n].state == VIPA_ACTIVE && better(d, n, best))
            best = n;
    return best;
}

/* Can the system take an address that nobody owns? */
static bool is_candidate(const struct vipa_dvipa *d, uint8_t n)
{
    const struct vipa_part *p = &d->parts[n];

    if (p->state != VIPA_BACKUP && p->state != VIPA_MOVING)
        return false;
    return p->origin == ORIGIN_DEFINE || (p->origin == ORIGIN_BACKUP && (p->seen || p->starts));
}

static uint8_t best_candidate(const struct vipa_dvipa *d)
{
    uint8_t best = 0;

    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (is_candidate(d, n) && better(d, n, best))
            best = n;
    return best;
}

uint8_t vipa_distributor(const struct vipa_dvipa *d)
{
    if (!d->distribution_count)
        return 0;
    return d->owner || !d->orphaned ? d->owner : best_candidate(d);
}

static bool may_claim(const struct vipa *v, const struct vipa_dvipa *d)
{
    const struct vipa_part *p = &d->parts[v->number], *o = &d->parts[d->owner];

    if (!v->ready || d->owner == v->number || !is_candidate(d, v->number))
        return false;
    if (!d->owner)
        return best_candidate(d) == v->number;
    if (p->origin != ORIGIN_DEFINE || of_range(o) || (o->origin == ORIGIN_DEFINE && !p->wants))
        return false;
    return d->moveable == MOVEABLE_IMMEDIATE || o->offers;
}

/* --- claiming and yielding ----------------------------------------------------------------------------------------- */

static const struct profile_dvipa *statement_of(const struct vipa *v, uint32_t address)
{
    for (unsigned i = 0; i < v->profile->dvipa_count; i++)
        if (v->profile->dvipas[i].address == address)
            return &v->profile->dvipas[i];
    return NULL;
}

/* What the address is from now on, as this stack says. A backup that does not say it goes on with what the owner before it
 * has said; that is the product's way with the distribution, too. */
static void set_attributes(struct vipa *v, struct vipa_dvipa *d)
{
    const struct vipa_part *p = own_part(v, d);
    const struct profile_dvipa *statement = of_range(p) ? NULL : statement_of(v, d->address);
    const struct profile_range *range = of_range(p) ? vipa_find_range(v, d->address) : NULL;
    struct profile_clusterports clusterports = profile_clusterports(v->profile, d->address);
    bool inherits = p->origin == ORIGIN_BACKUP;

    if (!vipa_distribute(v, d) && !inherits)
        d->distribution_count = 0;
    if (clusterports.on || !inherits)
        d->clusterports = clusterports;
    d->disruptive = range && range->disruptive;
    if (range)
        d->mask = range->mask;
    if (!statement || (inherits && !p->starts))
        return;
    d->mask = statement->mask;
    d->moveable = statement->moveable;
}

static uint64_t living_others(const struct vipa *v)
{
    uint64_t others = 0;

    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (n != v->number && xcf_member(v->xcf, n))
            others |= 1ull << n;
    return others;
}

static void claim(struct vipa *v, struct vipa_dvipa *d)
{
    struct vipa_part *p = own_part(v, d);
    uint8_t from = d->owner ? d->owner : d->last_owner;
    bool back = d->owner && p->origin == ORIGIN_DEFINE;
    char text[16];

    d->awaited = d->generation ? living_others(v) : 0;      /* nobody has connections with what never was active */
    d->patience_us = platform_clock_us() + VIPA_REPORT_US;
    p->generation = ++d->generation;
    p->state = VIPA_ACTIVE;
    p->seen = true;
    p->wants = p->offers = false;
    d->owner = d->last_owner = v->number;
    d->orphaned = d->dropped = false;
    set_attributes(v, d);
    if (from && from != v->number)
        text_wto("EZZ830%cI VIPA %s TAKEN %s FROM TCPIP ON %s", back ? '2' : '1', text_ip(text, d->address), back ? "BACK" : "OVER",
                 name_of(v, from));
}

/* Do the connections of this stack's part outlive that another one claims the address? The table in vipa.h. */
static bool keeps_connections(const struct vipa_dvipa *d, const struct vipa_part *p, const struct vipa_part *winner)
{
    return !of_range(p) || (p->origin == winner->origin && !d->disruptive);
}

static void yield(struct vipa *v, struct vipa_dvipa *d)
{
    struct vipa_part *p = own_part(v, d);
    char text[16];

    text_wto("EZZ8303I VIPA %s GIVEN TO TCPIP ON %s", text_ip(text, d->address), name_of(v, d->owner));
    d->dropped = !keeps_connections(d, p, &d->parts[d->owner]);
    p->generation = 0;
    p->wants = p->offers = false;
    p->state = of_range(p) ? VIPA_MOVING : VIPA_BACKUP;     /* label() sees whether connections are left */
}

void vipa_elect(struct vipa *v, struct vipa_dvipa *d)
{
    uint8_t now = best_claim(d), was = d->owner;

    if (now == was)
        return;
    d->owner = now;
    d->orphaned = was && !now && was != v->number && !xcf_member(v->xcf, was);
    if (now)
        d->last_owner = now;
    if (was == v->number) {
        d->awaited = 0;
        crht_clear(&v->crht, d->address, 0);
        if (now && own_part(v, d)->state == VIPA_ACTIVE)    /* else it has given up its claim itself */
            yield(v, d);
    }
}

/* VIPADEFINE and VIPABACKUP do not stand beside an address that a VIPARANGE has made active. */
static void refuse(struct vipa *v, struct vipa_dvipa *d)
{
    struct vipa_part *p = own_part(v, d);
    char text[16];

    if (!d->owner || d->owner == v->number || !of_range(&d->parts[d->owner]) || p->origin < ORIGIN_BACKUP)
        return;
    text_wto("EZD1310I %s %s IS REFUSED: VIPARANGE HAS MADE IT ACTIVE ON %s", p->origin == ORIGIN_DEFINE ? "VIPADEFINE" : "VIPABACKUP",
             text_ip(text, d->address), name_of(v, d->owner));
    *p = (struct vipa_part){ 0 };
}

/* --- what follows here --------------------------------------------------------------------------------------------- */

bool vipa_distributes_here(const struct vipa *v, const struct vipa_dvipa *d)
{
    return d->owner == v->number && d->distribution_count;
}

static void note_connection(void *argument, const struct vipa_tuple *tuple, bool accepted)
{
    bool *any = argument;

    (void)tuple;
    (void)accepted;
    *any = true;
}

bool vipa_has_connections(struct vipa *v, uint32_t address)
{
    bool any = false;

    v->ops->connections(v->context, address, note_connection, &any);
    return any;
}

/* The address is neither owned nor a target's here any more. Does it stay for what uses it? For as long as there are
 * connections and somebody who routes to them, or who will soon. */
static bool lingers(struct vipa *v, const struct vipa_dvipa *d)
{
    if (!d->present || d->dropped)
        return false;
    if (!d->owner && !d->orphaned)
        return best_candidate(d) != 0;
    return vipa_has_connections(v, d->address);
}

static void settle_ports(struct vipa *v, struct vipa_dvipa *d, bool was_active)
{
    bool distributes = vipa_distributes_here(v, d);

    if (d->active && (!was_active || d->clusterports.on != d->assigned_clusterwide)) {
        d->assigned_clusterwide = d->clusterports.on;
        v->ops->clusterports(v->context, d->address, &d->clusterports, of_range(own_part(v, d)), was_active);
    }
    if (distributes && !d->distributing)
        vipa_build_port_map(v, d);
    d->distributing = distributes;
}

/* Its owner has failed, and a system that lives is about to take it over: until that says otherwise a target goes on with it, so that
 * connections can be opened without a pause. */
static bool is_inherited(const struct vipa_dvipa *d)
{
    return d->orphaned && !d->owner && best_candidate(d);
}

/* Make the address active or inactive here, as ownership and targets say; CLUSTERPORTS may come to one that is active. */
static void settle(struct vipa *v, struct vipa_dvipa *d)
{
    bool owner = d->owner == v->number, was_active = d->active, advertise = owner && !d->awaited;

    d->active = owner || (d->owner && vipa_is_dest(v, d, v->number)) || (was_active && is_inherited(d));
    bool present = d->active || lingers(v, d);
    if (d->present && !present)
        v->ops->deactivate(v->context, d->address);
    if (present && (!d->present || advertise != d->advertised))
        v->ops->activate(v->context, d->address, d->mask, advertise);
    d->present = present;
    d->advertised = advertise;
    d->dropped = d->dropped && present;
    settle_ports(v, d, was_active);
}

/* The state of a part that is not ACTIVE says whether connections are left. */
static void label(const struct vipa *v, struct vipa_dvipa *d)
{
    struct vipa_part *p = own_part(v, d);
    bool left = d->present && !d->active;

    if (of_range(p) && p->state == VIPA_MOVING && !left)
        *p = (struct vipa_part){ 0 };
    else if (p->state == VIPA_BACKUP || p->state == VIPA_MOVING)
        p->state = left ? VIPA_MOVING : VIPA_BACKUP;
    else if (p->state == VIPA_QUIESCING || p->state == VIPA_DEACTIVATED)
        p->state = left ? VIPA_QUIESCING : VIPA_DEACTIVATED;
}

/* WHENIDLE: somebody waits for the address of this stack. */
static bool is_waited_for(const struct vipa *v, const struct vipa_dvipa *d)
{
    if (d->owner != v->number || d->moveable != MOVEABLE_WHENIDLE)
        return false;
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (n != v->number && d->parts[n].origin == ORIGIN_DEFINE && is_candidate(d, n) &&
            (d->parts[n].wants || d->parts[v->number].origin == ORIGIN_BACKUP))
            return true;
    return false;
}

static void offer(struct vipa *v, struct vipa_dvipa *d)
{
    struct vipa_part *p = own_part(v, d);

    p->offers = is_waited_for(v, d) && !crht_has(&v->crht, d->address) && !vipa_has_connections(v, d->address);
}

static bool differ(const struct vipa_part *a, const struct vipa_part *b)
{
    return a->origin != b->origin || a->state != b->state || a->rank != b->rank || a->wants != b->wants || a->offers != b->offers ||
           a->starts != b->starts || a->generation != b->generation;
}

bool vipa_decide(struct vipa *v, struct vipa_dvipa *d)
{
    const struct vipa_part before = *own_part(v, d);

    vipa_elect(v, d);
    refuse(v, d);
    if (may_claim(v, d))
        claim(v, d);
    settle(v, d);
    label(v, d);
    offer(v, d);
    vipa_report(v, d);
    return differ(&before, own_part(v, d));
}

void vipa_decide_all(struct vipa *v, bool tell)
{
    for (unsigned i = 0; i < v->count; i++)
        tell |= vipa_decide(v, &v->dvipas[i]);
    if (tell && v->started)
        vipa_send_stack(v, XCF_ALL);
}

/* This stack's part has been changed by hand. */
static void decide_and_tell(struct vipa *v, struct vipa_dvipa *d)
{
    (void)vipa_decide(v, d);
    if (v->started)
        vipa_send_stack(v, XCF_ALL);
}

/* --- time ---------------------------------------------------------------------------------------------------------- */

static bool needs_time(const struct vipa *v)
{
    bool needs = !v->ready;

    for (unsigned i = 0; i < v->count && !needs; i++) {
        const struct vipa_dvipa *d = &v->dvipas[i];

        needs = d->awaited || (d->present && !d->active) || is_waited_for(v, d);
    }
    return needs;
}

/* An address that a bind or connect has made active goes when nothing uses it any more; one of MODDVIPA does not. */
static void drop_unused(struct vipa *v)
{
    v->released = false;
    for (unsigned i = 0; i < v->count; i++) {
        struct vipa_dvipa *d = &v->dvipas[i];

        if (!d->released)
            continue;
        d->released = false;
        if (own_part(v, d)->origin != ORIGIN_RANGE_BIND || own_part(v, d)->state != VIPA_ACTIVE || v->ops->in_use(v->context, d->address))
            continue;
        char address[16];
        text_wto("EZD1313I VIPA %s DELETED: THE LAST SOCKET BOUND TO IT IS CLOSED", text_ip(address, d->address));
        (void)vipa_delete_range(v, d->address);
    }
}

void vipa_released(struct vipa *v, uint32_t address)
{
    struct vipa_dvipa *d = vipa_entry(v, address);

    if (!d || own_part(v, d)->origin != ORIGIN_RANGE_BIND)
        return;
    d->released = v->released = true;
}

uint64_t vipa_poll(struct vipa *v)
{
    uint64_t now_us = platform_clock_us();

    vipa_flush_ended(v);
    if (v->released)
        drop_unused(v);
    if (v->started && now_us - v->polled_us >= VIPA_POLL_US && needs_time(v)) {
        v->polled_us = now_us;
        v->ready |= now_us - v->started_us >= VIPA_START_US;
        for (unsigned i = 0; i < v->count; i++)
            if (now_us >= v->dvipas[i].patience_us)
                v->dvipas[i].awaited = 0;
        vipa_decide_all(v, false);
    }
    crht_age(&v->crht, now_us);
    return v->started && needs_time(v) ? v->polled_us + VIPA_POLL_US : VIPA_NEVER;
}

/* --- what the profile and the operator say ------------------------------------------------------------------------- */

void vipa_define(struct vipa *v, const struct profile_dvipa *s)
{
    struct vipa_dvipa *d = vipa_entry_or_new(v, s->address);
    char text[16];

    if (!d)
        return;
    struct vipa_part *p = own_part(v, d);
    if (of_range(p) && p->state == VIPA_ACTIVE) {
        text_wto("EZD1310I %s %s IS REFUSED: VIPARANGE HAS MADE IT ACTIVE ON THIS SYSTEM", s->backup ? "VIPABACKUP" : "VIPADEFINE",
                 text_ip(text, s->address));
        return;
    }
    *p = (struct vipa_part){ .origin = s->backup ? ORIGIN_BACKUP : ORIGIN_DEFINE, .state = VIPA_BACKUP, .wants = !s->backup,
                             .starts = s->backup && s->mask, .seen = d->generation, .rank = s->backup ? s->rank ? s->rank : 1 : RANK_DEFINE };
}

/* May this stack take an address of a VIPARANGE from its owner? */
static bool may_take(const struct vipa_dvipa *d, enum vipa_request request)
{
    const struct vipa_part *o = &d->parts[d->owner];

    if (request == REQUEST_BIND)
        return o->origin == ORIGIN_RANGE_BIND && !d->disruptive;
    return request == REQUEST_IOCTL;
}

static bool is_defined(const struct vipa_dvipa *d)
{
    for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
        if (d->parts[n].origin >= ORIGIN_BACKUP)
            return true;
    return false;
}

enum vipa_result vipa_activate_range(struct vipa *v, uint32_t address, enum vipa_request request)
{
    struct vipa_dvipa *d = vipa_find_range(v, address) ? vipa_entry_or_new(v, address) : NULL;

    if (!d)
        return VIPA_NOT_IN_RANGE;
    if (d->active && request != REQUEST_IOCTL)
        return VIPA_OK;
    if (is_defined(d) || v->left)
        return VIPA_CONFLICT;
    if (d->owner == v->number)
        return VIPA_EXISTS;
    if (d->owner && !may_take(d, request))
        return VIPA_CONFLICT;
    *own_part(v, d) = (struct vipa_part){ .origin = request == REQUEST_IOCTL ? ORIGIN_RANGE_IOCTL : ORIGIN_RANGE_BIND };
    claim(v, d);
    decide_and_tell(v, d);
    return VIPA_OK;
}

enum vipa_result vipa_delete_range(struct vipa *v, uint32_t address)
{
    struct vipa_dvipa *d = vipa_entry(v, address);

    if (!d || !of_range(own_part(v, d)))
        return VIPA_UNKNOWN;
    d->dropped = true;
    *own_part(v, d) = (struct vipa_part){ 0 };
    decide_and_tell(v, d);
    return VIPA_OK;
}

enum vipa_result vipa_deactivate(struct vipa *v, uint32_t address)
{
    struct vipa_dvipa *d = vipa_entry(v, address);
    struct vipa_part *p = d ? own_part(v, d) : NULL;

    if (!p || p->origin < ORIGIN_BACKUP)
        return VIPA_UNKNOWN;
    if (p->state == VIPA_QUIESCING || p->state == VIPA_DEACTIVATED)
        return VIPA_NO_CHANGE;
    p->state = VIPA_DEACTIVATED;
    p->generation = 0;
    p->wants = p->offers = false;
    decide_and_tell(v, d);
    return VIPA_OK;
}

enum vipa_result vipa_reactivate(struct vipa *v, uint32_t address)
{
    struct vipa_dvipa *d = vipa_entry(v, address);
    struct vipa_part *p = d ? own_part(v, d) : NULL;

    if (!p || p->origin < ORIGIN_BACKUP)
        return VIPA_UNKNOWN;
    if (p->state != VIPA_QUIESCING && p->state != VIPA_DEACTIVATED)
        return VIPA_NO_CHANGE;
    p->state = VIPA_BACKUP;
    p->wants = p->origin == ORIGIN_DEFINE;
    decide_and_tell(v, d);
    return VIPA_OK;
}

enum vipa_result vipa_leave(struct vipa *v)
{
    if (v->left)
        return VIPA_NO_CHANGE;
    v->left = true;
    v->xcf_addresses[v->number] = 0;
    for (unsigned i = 0; i < v->count; i++)
        *own_part(v, &v->dvipas[i]) = (struct vipa_part){ 0 };
    vipa_decide_all(v, true);
    return VIPA_OK;
}

enum vipa_result vipa_join(struct vipa *v)
{
    if (!v->left)
        return VIPA_NO_CHANGE;
    v->left = false;
    v->xcf_addresses[v->number] = v->profile->dynamicxcf_address;
    for (unsigned i = 0; i < v->profile->dvipa_count; i++)
        vipa_define(v, &v->profile->dvipas[i]);
    vipa_decide_all(v, true);
    return VIPA_OK;
}
