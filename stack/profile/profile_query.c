/* What can be asked of a profile: everything that the rest of the stack would otherwise have to know of its rules. It needs
 * nothing of the parser. */
#include "stack/profile/profile.h"

#include <stddef.h>

#include "stack/base/text.h"

/* --- addresses ----------------------------------------------------------------------------------------------------- */

uint32_t profile_class_mask(uint32_t address)
{
    if (address >> 31 == 0)
        return 0xFF000000;
    return address >> 30 == 2 ? 0xFFFF0000 : 0xFFFFFF00;
}

uint32_t profile_link_mask(const struct profile *profile, unsigned link)
{
    uint32_t address = profile->links[link].address, best = 0;

    for (unsigned i = 0; i < profile->route_count; i++) {
        const struct profile_route *route = &profile->routes[i];

        if (route->link == link && route->gateway == 0 && route->mask > best && (address & route->mask) == route->destination)
            best = route->mask;
    }
    return best != 0 ? best : profile_class_mask(address);
}

const struct profile_link *profile_route_link(const struct profile *profile, uint32_t destination)
{
    const struct profile_route *best = NULL;

    for (unsigned i = 0; i < profile->route_count; i++) {
        const struct profile_route *route = &profile->routes[i];

        if ((destination & route->mask) == route->destination && (best == NULL || route->mask > best->mask))
            best = route;
    }
    return best != NULL ? &profile->links[best->link] : NULL;
}

uint32_t profile_source_vipa(const struct profile *profile, uint32_t destination)
{
    const struct profile_link *out = profile->sourcevipa ? profile_route_link(profile, destination) : NULL;
    uint32_t vipa = 0;

    for (unsigned i = 0; out != NULL && i < profile->home_count; i++) {
        const struct profile_link *link = &profile->links[profile->home[i]];

        if (link == out)
            return vipa;
        if (link->is_virtual)
            vipa = link->address;
    }
    return 0;
}

static struct profile_clusterports range_clusterports(const struct profile *profile, uint32_t address)
{
    struct profile_clusterports clusterports = { .on = false };
    uint32_t best = 0;

    for (unsigned i = 0; i < profile->range_count; i++) {
        const struct profile_range *range = &profile->ranges[i];

        if (range->mask > best && (address & range->mask) == range->address) {
            best = range->mask;
            clusterports = range->clusterports;
        }
    }
    return clusterports;
}

struct profile_clusterports profile_clusterports(const struct profile *profile, uint32_t address)
{
    for (unsigned i = 0; i < profile->dvipa_count; i++)
        if (profile->dvipas[i].address == address && profile->dvipas[i].clusterports.on)
            return profile->dvipas[i].clusterports;
    for (unsigned i = 0; i < profile->distribute_count; i++)
        if (profile->distributes[i].address == address && profile->distributes[i].clusterports.on)
            return profile->distributes[i].clusterports;
    return range_clusterports(profile, address);
}

/* --- jobs and ports ------------------------------------------------------------------------------------------------ */

unsigned profile_job_fit(const char *pattern, const char *job, const char *user)
{
    unsigned by_job = text_match(pattern, job);
    unsigned by_user = user != NULL ? text_match(pattern, user) : 0;

    return by_job >= by_user && by_job > 0 ? 2 * by_job + 1 : 2 * by_user;
}

/* OMVS: any UNIX process, and here all are that. */
static unsigned owner_fit(const char *owner, const char *job, const char *user)
{
    if (text_equal(owner, "RESERVED") || text_equal(owner, "AUTHPORT"))
        return 0;
    return text_equal(owner, "OMVS") ? 1 : profile_job_fit(owner, job, user);
}

static bool holds(const struct profile_portreserve *entry, bool tcp, uint32_t port)
{
    return entry->tcp == tcp && port >= entry->first && port < (uint32_t)entry->first + entry->count;
}

const struct profile_portreserve *profile_port_of(const struct profile *profile, bool tcp, uint16_t port, const char *job,
                                                  const char *user, bool *reserved)
{
    const struct profile_portreserve *best = NULL;
    unsigned best_fit = 0, fit;
    bool any = false;

    for (unsigned i = 0; i < profile->port_count; i++) {
        if (!holds(&profile->ports[i], tcp, port))
            continue;
        any = true;
        fit = owner_fit(profile->ports[i].job, job, user);
        if (fit > best_fit) {
            best_fit = fit;
            best = &profile->ports[i];
        }
    }
    if (reserved != NULL)
        *reserved = any;
    return best;
}

/* UNRSV: the most specific entry for the job decides; without one, the port is for all. */
static bool unrsv_allowed(const struct profile *profile, bool tcp, bool listening, const char *job, const char *user)
{
    const struct profile_unrsv *best = NULL;
    unsigned best_fit = 0, fit;

    for (unsigned i = 0; i < profile->unrsv_count; i++) {
        const struct profile_unrsv *entry = &profile->unrsvs[i];

        fit = entry->tcp == tcp && entry->when_listen == listening ? owner_fit(entry->job, job, user) : 0;
        if (fit > best_fit) {
            best_fit = fit;
            best = entry;
        }
    }
    return best == NULL || !best->deny;
}

bool profile_port_allowed(const struct profile *profile, bool tcp, uint16_t port, bool listening, const char *job, const char *user)
{
    bool reserved;

    if (profile_port_of(profile, tcp, port, job, user, &reserved) != NULL)
        return true;
    return !reserved && unrsv_allowed(profile, tcp, listening, job, user);
}

/* The first port after those that are taken from port on, one step; port itself if it is free. *next: where the next
 * taken ones begin, at most what it was. */
static uint32_t step_over(uint32_t port, uint32_t first, uint32_t count, uint32_t *next)
{
    if (count > 0 && port >= first && port < first + count)
        return first + count;
    if (count > 0 && first > port && first < *next)
        *next = first;
    return port;
}

uint32_t profile_ephemeral_ports(const struct profile *profile, bool tcp)
{
    uint32_t port = tcp ? profile->ephemeral_low : profile->udp_ephemeral_low;
    uint32_t end = (tcp ? profile->ephemeral_high : profile->udp_ephemeral_high) + 1u, free = 0;

    while (port < end) {
        uint32_t next = end, after = port;

        if (tcp)
            after = step_over(after, profile->explicit_first, profile->explicit_count, &next);
        for (unsigned i = 0; i < profile->port_count && after == port; i++)
            if (profile->ports[i].tcp == tcp)
                after = step_over(port, profile->ports[i].first, profile->ports[i].count, &next);
        if (after == port) {
            free += next - port;
            after = next;
        }
        port = after;
    }
    return free;
}
