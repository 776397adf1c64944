/* What a change of the running profile has changed: the profile as it was against the profile as it is.
 *
 * profile_obey() leaves line 0 in every record that it did not write, and VIPADELETE leaves its addresses in deleted[]: an
 * address that was deleted and defined again in one change goes and comes, even if it comes back the same. */
#include "stack/profile/profile.h"

#include <stddef.h>

struct comparison {
    const struct profile *before, *after;
    profile_change_fn *change;
    void *context;
    unsigned count;
};

static void tell(struct comparison *c, const struct profile_change *change)
{
    c->count++;
    if (c->change != NULL)
        c->change(c->context, change);
}

static void tell_kind(struct comparison *c, enum profile_change_kind kind)
{
    struct profile_change change = { .kind = kind };

    tell(c, &change);
}

/* --- DVIPAs -------------------------------------------------------------------------------------------------------- */

static const struct profile_dvipa *find_dvipa(const struct profile *profile, uint32_t address)
{
    for (unsigned i = 0; i < profile->dvipa_count; i++)
        if (profile->dvipas[i].address == address)
            return &profile->dvipas[i];
    return NULL;
}

static bool was_deleted(const struct profile *profile, uint32_t address)
{
    for (unsigned i = 0; i < profile->deleted_count; i++)
        if (profile->deleted[i] == address)
            return true;
    return false;
}

static void tell_dvipa(struct comparison *c, enum profile_change_kind kind, uint32_t address, const struct profile_dvipa *dvipa)
{
    struct profile_change change = { .kind = kind, .address = address, .dvipa = dvipa };

    change.clusterports = profile_clusterports(c->after, address);
    tell(c, &change);
}

static void compare_deleted(struct comparison *c)
{
    for (unsigned i = 0; i < c->after->deleted_count; i++)
        tell_dvipa(c, CHANGE_DVIPA_REMOVED, c->after->deleted[i], find_dvipa(c->before, c->after->deleted[i]));
}

static bool stays(const struct comparison *c, uint32_t address)
{
    return find_dvipa(c->before, address) != NULL && !was_deleted(c->after, address);
}

static void compare_added(struct comparison *c)
{
    for (unsigned i = 0; i < c->after->dvipa_count; i++)
        if (!stays(c, c->after->dvipas[i].address))
            tell_dvipa(c, CHANGE_DVIPA_ADDED, c->after->dvipas[i].address, &c->after->dvipas[i]);
}

/* --- distributions ------------------------------------------------------------------------------------------------- */

static bool same_ports(const struct profile_distribute *a, const struct profile_distribute *b)
{
    if (a->address != b->address || a->port_count != b->port_count)
        return false;
    for (unsigned i = 0; i < a->port_count; i++)
        if (a->ports[i] != b->ports[i])
            return false;
    return true;
}

static const struct profile_distribute *find_distribute(const struct profile *profile, const struct profile_distribute *like)
{
    for (unsigned i = 0; i < profile->distribute_count; i++)
        if (same_ports(&profile->distributes[i], like))
            return &profile->distributes[i];
    return NULL;
}

static bool same_targets(const struct profile_distribute *a, const struct profile_distribute *b)
{
    if (a->dest_all != b->dest_all || a->dest_count != b->dest_count || a->method != b->method)
        return false;
    for (unsigned i = 0; i < a->dest_count; i++)
        if (a->dests[i] != b->dests[i] || a->weights[i] != b->weights[i])
            return false;
    return true;
}

static void tell_distribute(struct comparison *c, enum profile_change_kind kind, const struct profile_distribute *distribute)
{
    struct profile_change change = { .kind = kind, .address = distribute->address, .distribute = distribute };

    change.clusterports = profile_clusterports(c->after, distribute->address);
    tell(c, &change);
}

static void compare_undistributed(struct comparison *c)
{
    for (unsigned i = 0; i < c->before->distribute_count; i++)
        if (find_distribute(c->after, &c->before->distributes[i]) == NULL)
            tell_distribute(c, CHANGE_DISTRIBUTE_REMOVED, &c->before->distributes[i]);
}

static void compare_distributed(struct comparison *c, enum profile_change_kind kind)
{
    for (unsigned i = 0; i < c->after->distribute_count; i++) {
        const struct profile_distribute *now = &c->after->distributes[i], *then = find_distribute(c->before, now);

        if (then == NULL ? kind == CHANGE_DISTRIBUTE_ADDED : kind == CHANGE_DISTRIBUTE_CHANGED && !same_targets(then, now))
            tell_distribute(c, kind, now);
    }
}

/* --- CLUSTERPORTS on addresses that stay --------------------------------------------------------------------------- */

static bool is_distributed(const struct profile *profile, uint32_t address, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (profile->distributes[i].address == address)
            return true;
    return false;
}

static void compare_clusterports_of(struct comparison *c, enum profile_change_kind kind, uint32_t address)
{
    bool on = profile_clusterports(c->before, address).on, is_on = profile_clusterports(c->after, address).on;

    if (on != is_on && is_on == (kind == CHANGE_CLUSTERPORTS_ADDED))
        tell_dvipa(c, kind, address, find_dvipa(c->after, address));
}

/* Addresses that this stack defines, then those that it only distributes, each once. */
static void compare_clusterports(struct comparison *c, enum profile_change_kind kind)
{
    const struct profile *after = c->after;

    for (unsigned i = 0; i < after->dvipa_count; i++)
        if (stays(c, after->dvipas[i].address))
            compare_clusterports_of(c, kind, after->dvipas[i].address);
    for (unsigned i = 0; i < after->distribute_count; i++) {
        uint32_t address = after->distributes[i].address;

        if (find_dvipa(after, address) == NULL && find_dvipa(c->before, address) == NULL && !is_distributed(after, address, i) &&
            is_distributed(c->before, address, c->before->distribute_count))
            compare_clusterports_of(c, kind, address);
    }
}

/* --- ranges -------------------------------------------------------------------------------------------------------- */

static const struct profile_range *find_range(const struct profile *profile, const struct profile_range *like)
{
    for (unsigned i = 0; i < profile->range_count; i++)
        if (profile->ranges[i].address == like->address && profile->ranges[i].mask == like->mask)
            return &profile->ranges[i];
    return NULL;
}

static void tell_range(struct comparison *c, enum profile_change_kind kind, const struct profile_range *range)
{
    struct profile_change change = { .kind = kind, .address = range->address, .clusterports = range->clusterports, .range = range };

    tell(c, &change);
}

static void compare_ranges_gone(struct comparison *c)
{
    for (unsigned i = 0; i < c->before->range_count; i++)
        if (find_range(c->after, &c->before->ranges[i]) == NULL)
            tell_range(c, CHANGE_RANGE_REMOVED, &c->before->ranges[i]);
}

static void compare_ranges(struct comparison *c, enum profile_change_kind kind)
{
    for (unsigned i = 0; i < c->after->range_count; i++) {
        const struct profile_range *now = &c->after->ranges[i], *then = find_range(c->before, now);

        if (then == NULL ? kind == CHANGE_RANGE_ADDED : kind == CHANGE_RANGE_CLUSTERPORTS && now->clusterports.on && !then->clusterports.on)
            tell_range(c, kind, now);
    }
}

/* --- tables that are taken over as a whole ------------------------------------------------------------------------- */

static bool sources_differ(const struct profile *before, const struct profile *after)
{
    bool differ = before->sourceipa_count != after->sourceipa_count || before->srcip_count != after->srcip_count ||
                  before->sourcevipa != after->sourcevipa || before->tcpstacksourcevipa != after->tcpstacksourcevipa;

    for (unsigned i = 0; i < after->sourceipa_count; i++)
        differ |= after->sourceipas[i].line != 0;
    for (unsigned i = 0; i < after->srcip_count; i++)
        differ |= after->srcips[i].line != 0;
    return differ;
}

static bool ports_differ(const struct profile *before, const struct profile *after)
{
    bool differ = before->port_count != after->port_count || before->unrsv_count != after->unrsv_count ||
                  before->ephemeral_low != after->ephemeral_low || before->ephemeral_high != after->ephemeral_high ||
                  before->udp_ephemeral_low != after->udp_ephemeral_low || before->udp_ephemeral_high != after->udp_ephemeral_high;

    for (unsigned i = 0; i < after->port_count; i++)
        differ |= after->ports[i].line != 0;
    for (unsigned i = 0; i < after->unrsv_count; i++)
        differ |= after->unrsvs[i].line != 0;
    return differ;
}

static bool explicit_differs(const struct profile *before, const struct profile *after)
{
    return before->explicit_count != after->explicit_count ||
           (after->explicit_count != 0 && before->explicit_first != after->explicit_first);
}

static bool home_differs(const struct profile *before, const struct profile *after)
{
    bool differ = before->device_count != after->device_count || before->link_count != after->link_count ||
                  before->home_count != after->home_count || before->dynamicxcf_address != after->dynamicxcf_address;

    for (unsigned i = 0; i < before->device_count; i++)
        differ |= before->devices[i].started != after->devices[i].started;
    return differ;
}

static void compare_tables(struct comparison *c)
{
    const struct profile *before = c->before, *after = c->after;

    if (sources_differ(before, after))
        tell_kind(c, CHANGE_SOURCES);
    if (ports_differ(before, after))
        tell_kind(c, CHANGE_PORTS);
    if (explicit_differs(before, after))
        tell_kind(c, CHANGE_EXPLICITBIND);
    if (before->timewait_s != after->timewait_s)
        tell_kind(c, CHANGE_TIMEWAIT);
    if (home_differs(before, after))
        tell_kind(c, CHANGE_HOME);
    if (after->routes_line != 0)
        tell_kind(c, CHANGE_ROUTES);
}

unsigned profile_compare(const struct profile *before, const struct profile *after, profile_change_fn *change, void *context)
{
    struct comparison c = { before, after, change, context, 0 };

    compare_deleted(&c);
    compare_undistributed(&c);
    compare_ranges_gone(&c);
    compare_ranges(&c, CHANGE_RANGE_ADDED);
    compare_added(&c);
    compare_distributed(&c, CHANGE_DISTRIBUTE_ADDED);
    compare_distributed(&c, CHANGE_DISTRIBUTE_CHANGED);
    compare_clusterports(&c, CHANGE_CLUSTERPORTS_ADDED);
    compare_clusterports(&c, CHANGE_CLUSTERPORTS_REMOVED);
    compare_ranges(&c, CHANGE_RANGE_CLUSTERPORTS);
    compare_tables(&c);
    return c.count;
}
