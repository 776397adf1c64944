#include "stack/tests/members.h"

#include <string.h>

#include "stack/platform/platform.h"
#include "stack/tests/console.h"

static struct members library;

static bool open_member(void *context, const char *name)
{
    struct members *members = context;

    STACK_ASSERT(members->open == NULL);            /* one at a time */
    for (unsigned i = 0; i < members->count; i++)
        if (strcmp(members->names[i], name) == 0) {
            members->open = members->texts[i];
            members->opened++;
            return true;
        }
    return false;
}

/* In small pieces, as cards come. */
static int32_t read_member(void *context, char *text, uint32_t size)
{
    struct members *members = context;
    uint32_t length = (uint32_t)strnlen(members->open, size < 80 ? size : 80);

    if (members->read_error_after > 0 && --members->read_error_after == 0)
        return -1;
    memcpy(text, members->open, length);
    members->open += length;
    return (int32_t)length;
}

static void close_member(void *context)
{
    ((struct members *)context)->open = NULL;
}

static void message(void *context, const char *line)
{
    const struct members *members = context;

    STACK_ASSERT(strlen(line) < WTO_MAX);           /* none is cut */
    if (members->all_messages || (strncmp(line, "EZZ0300I", 8) != 0 && strncmp(line, "EZZ0309I", 8) != 0 && strncmp(line, "EZZ0316I", 8) != 0))
        console_line(NULL, line);
}

static const char *symbol(void *context, const char *name)
{
    const struct members *members = context;

    return members->symbol != NULL ? members->symbol(NULL, name) : NULL;
}

struct members *members_new(void)
{
    memset(&library, 0, sizeof library);
    library.source = (struct profile_source){ &library, open_member, read_member, close_member };
    library.input.source = &library.source;
    library.input.symbol = symbol;
    library.input.message = message;
    library.input.context = &library;
    return &library;
}

void members_add(struct members *members, const char *name, const char *text)
{
    for (unsigned i = 0; i < members->count; i++)
        if (strcmp(members->names[i], name) == 0) {
            members->texts[i] = text;
            return;
        }
    STACK_ASSERT(members->count < MEMBERS_MAX);
    members->names[members->count] = name;
    members->texts[members->count++] = text;
}

/* --- what every profile keeps -------------------------------------------------------------------------------------- */

static void check_clusterports(const struct profile_clusterports *c)
{
    STACK_ASSERT(!c->on || (c->blocksize > 0 && c->blocksize <= BLOCKSIZE_MAX && (c->blocksize & (c->blocksize - 1)) == 0));
    STACK_ASSERT(!c->on || c->quota % c->blocksize == 0);
    STACK_ASSERT(c->quota <= PORTS_PER_DVIPA && c->store <= STORE_DISTRIBUTOR);
}

static void check_dvipas(const struct profile *p)
{
    STACK_ASSERT(p->dvipa_count <= DVIPA_MAX && p->deleted_count <= DVIPA_MAX);
    for (unsigned i = 0; i < p->dvipa_count; i++) {
        STACK_ASSERT(p->dvipas[i].address != 0 && (p->dvipas[i].backup || p->dvipas[i].mask != 0));
        check_clusterports(&p->dvipas[i].clusterports);
        for (unsigned j = 0; j < i; j++)
            STACK_ASSERT(p->dvipas[i].address != p->dvipas[j].address);
    }
}

static bool share_a_port(const struct profile_distribute *a, const struct profile_distribute *b)
{
    if (a->port_count == 0 || b->port_count == 0)
        return a->port_count == b->port_count;
    for (unsigned i = 0; i < a->port_count; i++)
        for (unsigned j = 0; j < b->port_count; j++)
            if (a->ports[i] == b->ports[j])
                return true;
    return false;
}

static void check_distributes(const struct profile *p)
{
    STACK_ASSERT(p->distribute_count <= DVIPA_MAX);
    for (unsigned i = 0; i < p->distribute_count; i++) {
        const struct profile_distribute *d = &p->distributes[i];

        STACK_ASSERT(d->port_count <= DIST_PORTS_MAX && d->dest_count <= SYSTEMS_MAX);
        STACK_ASSERT(d->dest_all == (d->dest_count == 0));
        check_clusterports(&d->clusterports);
        for (unsigned j = 0; j < i; j++)
            STACK_ASSERT(d->address != p->distributes[j].address || !share_a_port(d, &p->distributes[j]));
    }
}

static void check_ports(const struct profile *p)
{
    STACK_ASSERT(p->port_count <= PORTRESERVE_MAX && p->unrsv_count <= UNRSV_MAX);
    for (unsigned i = 0; i < p->port_count; i++)
        STACK_ASSERT(p->ports[i].first > 0 && p->ports[i].count > 0 && p->ports[i].first + p->ports[i].count <= 65536);
    STACK_ASSERT(p->ephemeral_low >= 1024 && p->ephemeral_low <= p->ephemeral_high);
    STACK_ASSERT(p->udp_ephemeral_low >= 1024 && p->udp_ephemeral_low <= p->udp_ephemeral_high);
    STACK_ASSERT(p->explicit_count == 0 || p->explicit_first + p->explicit_count <= 65536);
    STACK_ASSERT(profile_ephemeral_ports(p, true) <= (uint32_t)p->ephemeral_high - p->ephemeral_low + 1);
    STACK_ASSERT(profile_ephemeral_ports(p, false) <= (uint32_t)p->udp_ephemeral_high - p->udp_ephemeral_low + 1);
}

void members_check_profile(const struct profile *p)
{
    check_dvipas(p);
    check_distributes(p);
    check_ports(p);
    STACK_ASSERT(p->range_count <= VIPARANGE_MAX && p->sourceipa_count <= SOURCEIPA_MAX && p->srcip_count <= SRCIP_MAX);
    for (unsigned i = 0; i < p->range_count; i++)
        STACK_ASSERT((p->ranges[i].address & ~p->ranges[i].mask) == 0);
    for (unsigned i = 0; i < p->srcip_count; i++)
        STACK_ASSERT((p->srcips[i].network & ~p->srcips[i].mask) == 0 && p->srcips[i].source != 0);
    for (unsigned i = 0; i < p->route_count; i++)
        STACK_ASSERT(p->routes[i].link < p->link_count);
}
