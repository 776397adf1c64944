/* DVIPAs of several stacks, and what is routed between them. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/flow.h"
#include "stack/tests/core_plex.h"


/* An IPv4 packet with a TCP header, from the server to DVA. */
static uint32_t tcp_packet(uint8_t *p, uint32_t to, uint16_t port)
{
    memset(p, 0, 64);
    p[0] = 0x45;
    put_be16(p + 2, 40);
    p[9] = 6;
    put_be32(p + 12, SERVER);
    put_be32(p + 16, to);
    put_be16(p + 20, 80);
    put_be16(p + 22, port);
    p[33] = 0x12;                       /* SYN, ACK */
    return 40;
}

/* ICMP "fragmentation needed" that quotes a segment from DVA. */
static uint32_t icmp_packet(uint8_t *p, uint32_t from, uint16_t port)
{
    uint8_t quoted[64];

    tcp_packet(quoted, SERVER, 80);
    put_be32(quoted + 12, from);
    put_be16(quoted + 20, port);
    memset(p, 0, 64);
    p[0] = 0x45;
    p[9] = 1;
    put_be32(p + 12, SERVER);
    put_be32(p + 16, from);
    p[20] = 3;
    p[21] = 4;
    memcpy(p + 28, quoted, 28);
    return 56;
}

static const struct plex_event *last_event(unsigned n)
{
    const struct plex_system *s = &plex.systems[n];

    ck_assert_uint_gt(s->event_count, 0);
    return &s->events[(s->event_count - 1) % 16];
}

static bool route(unsigned n, const uint8_t *packet, uint32_t length)
{
    return vipa_route_inbound(&plex_select(n)->vipa, packet, length);
}

static uint16_t connect_from(unsigned n)
{
    uint16_t port;

    ck_assert_int_eq(clp_assign(&plex_select(n)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    return port;
}

START_TEST(the_owner_advertises_and_the_targets_do_not)
{
    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    plex_define(3, DVB, 0);
    for (unsigned n = 1; n <= 3; n++)
        plex_ipl(n);
    plex_settle();
    ck_assert_uint_eq(plex.systems[1].event_count, 1);
    ck_assert(plex.systems[1].events[0].kind == ACTIVATED && plex.systems[1].events[0].advertise);
    ck_assert_uint_eq(plex.systems[2].event_count, 1);
    ck_assert(plex.systems[2].events[0].kind == ACTIVATED && !plex.systems[2].events[0].advertise);
    ck_assert_uint_eq(plex.systems[2].events[0].address, DVA);
    const struct vipa_dvipa *d = vipa_find(&plex.systems[2].stack->vipa, DVA);
    ck_assert(d->active && d->clusterports.on && vipa_is_target(&plex.systems[2].stack->vipa, d));
    ck_assert_uint_eq(d->mask, 0xFFFFFF00u);
    d = vipa_find(&plex.systems[2].stack->vipa, DVB);
    ck_assert(d && !d->active && !vipa_is_target(&plex.systems[2].stack->vipa, d));
}
END_TEST

START_TEST(destip_names_the_targets)
{
    struct profile_distribute *p = plex.systems[1].profile.distributes;

    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    p->dest_all = false;
    p->dests[0] = XCF_ADDRESS(1);
    p->dests[1] = XCF_ADDRESS(3);
    p->dest_count = 2;
    p->ports[0] = 80;
    p->port_count = 1;
    for (unsigned n = 1; n <= 3; n++)
        plex_ipl(n);
    plex_settle();
    ck_assert(!vipa_find(&plex.systems[2].stack->vipa, DVA)->active);
    ck_assert(vipa_find(&plex.systems[3].stack->vipa, DVA)->active);
    ck_assert_uint_eq(vipa_find(&plex.systems[3].stack->vipa, DVA)->distributions[0].ports[0], 80);
}
END_TEST

START_TEST(targets_that_were_there_before_the_owner_get_the_address)
{
    plex_define(3, DVA, 64);
    plex_distribute(3, DVA);
    for (unsigned n = 1; n <= 3; n++)
        plex_ipl(n);
    plex_settle();
    ck_assert(vipa_find(&plex.systems[1].stack->vipa, DVA)->active);
    ck_assert(vipa_find(&plex.systems[2].stack->vipa, DVA)->active);
}
END_TEST

static const uint16_t blocksizes[] = { 0, 1, 16, 64, 4096 };

START_TEST(what_comes_back_reaches_the_stack_that_has_the_port)
{
    uint8_t packet[64];
    uint16_t port;

    plex_define(1, DVA, blocksizes[_i]);
    plex_distribute(1, DVA);
    for (unsigned n = 1; n <= 3; n++)
        plex_ipl(n);
    plex_settle();
    for (unsigned i = 0; i < 200; i++) {
        unsigned n = 1 + i % 3;

        port = connect_from(n);                 /* the announcement is on its way; nobody has given MVS1 attention */
        bool consumed = route(1, packet, tcp_packet(packet, DVA, port));
        ck_assert_int_eq(consumed, n != 1);
        if (n == 1)
            continue;
        plex_settle();
        ck_assert_uint_eq(last_event(n)->kind, DELIVERED);
        ck_assert_uint_eq(last_event(n)->address, 40);
        ck_assert_mem_eq(last_event(n)->packet, packet, 40);
    }
    ck_assert_uint_eq(plex.systems[1].stack->vipa.statistics.forwarded, 133);
    ck_assert_uint_eq(plex.systems[2].stack->vipa.statistics.delivered, 67);
}
END_TEST

START_TEST(a_port_that_changes_its_stack_changes_its_way)
{
    struct profile *p = &plex.systems[1].profile;
    uint8_t packet[64];

    plex.systems[2].profile.ephemeral_low = plex.systems[3].profile.ephemeral_low = p->ephemeral_low = 5000;
    plex.systems[2].profile.ephemeral_high = plex.systems[3].profile.ephemeral_high = p->ephemeral_high = 5000;
    plex_define(1, DVA, 1);
    plex_distribute(1, DVA);
    for (unsigned n = 1; n <= 3; n++)
        plex_ipl(n);
    plex_settle();
    static const unsigned ways[] = { 2, 3, 1, 3, 2, 1 };
    for (unsigned i = 0; i < 6; i++) {
        unsigned n = ways[i], before = plex.systems[n].event_count;

        ck_assert_uint_eq(connect_from(n), 5000);
        ck_assert_int_eq(route(1, packet, tcp_packet(packet, DVA, 5000)), n != 1);
        plex_settle();
        ck_assert_uint_eq(plex.systems[n].event_count, before + (n != 1));
        clp_release(&plex_select(n)->clp, DVA, 5000, SERVER, 80);
    }
}
END_TEST

START_TEST(errors_of_the_network_reach_the_stack_too)
{
    uint8_t packet[64];

    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    plex_ipl(1);
    plex_ipl(2);
    plex_settle();
    ck_assert(route(1, packet, icmp_packet(packet, DVA, connect_from(2))));
    plex_settle();
    ck_assert_uint_eq(last_event(2)->kind, DELIVERED);
    ck_assert_uint_eq(last_event(2)->packet[20], 3);
}
END_TEST

START_TEST(other_packets_are_local)
{
    uint8_t packet[64];

    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    plex_ipl(1);
    plex_ipl(2);
    plex_settle();
    uint16_t port = connect_from(2);
    ck_assert(!route(1, packet, tcp_packet(packet, DVB, port)));        /* not a DVIPA */
    ck_assert(route(2, packet, tcp_packet(packet, DVA, port)));         /* not the distributing stack: it gets it */
    uint32_t length = tcp_packet(packet, DVA, port);
    for (uint32_t cut = 0; cut < 24; cut++)
        ck_assert(!route(1, packet, cut));
    packet[0] = 0x4F;                                                   /* header longer than the packet */
    ck_assert(!route(1, packet, length));
    tcp_packet(packet, DVA, port);
    packet[7] = 1;                                                      /* a later fragment */
    ck_assert(!route(1, packet, length));
    tcp_packet(packet, DVA, port);
    packet[9] = 17;                                                     /* UDP */
    ck_assert(!route(1, packet, length));
    ck_assert(route(1, packet, tcp_packet(packet, DVA, port)));
}
END_TEST

START_TEST(packets_for_a_dead_stack_are_local)
{
    uint8_t packet[64];

    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    plex_ipl(1);
    plex_ipl(2);
    plex_settle();
    uint16_t port = connect_from(2);
    ck_assert(route(1, packet, tcp_packet(packet, DVA, port)));
    plex_kill(2);
    ck_assert(!route(1, packet, tcp_packet(packet, DVA, port)));        /* the failure is read with the messages */
    ck_assert_ptr_nonnull(strstr(plex_wto, "MVS2 HAS FAILED IN THE SYSPLEX GROUP EZBTCPCS"));
}
END_TEST

START_TEST(a_distributing_stack_that_is_back_knows_the_ports)
{
    uint8_t packet[64];

    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    for (unsigned n = 1; n <= 3; n++)
        plex_ipl(n);
    plex_settle();
    uint16_t two = connect_from(2), three = connect_from(3);
    plex_kill(1);
    plex_ipl(1);
    plex_settle();                              /* the others have told it of no port: the map is the CF's */
    ck_assert(route(1, packet, tcp_packet(packet, DVA, two)));
    ck_assert(route(1, packet, tcp_packet(packet, DVA, three)));
    plex_settle();
    ck_assert_uint_eq(plex.systems[2].stack->vipa.statistics.delivered, 1);
    ck_assert_uint_eq(plex.systems[3].stack->vipa.statistics.delivered, 1);
}
END_TEST

START_TEST(ports_taken_while_nobody_distributed_are_told_later)
{
    struct profile_clusterports on = { .on = true, .blocksize = 64 };
    uint8_t packet[64];
    uint16_t port;

    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    plex_ipl(2);
    ck_assert_int_eq(clp_activate(&plex.systems[2].stack->clp, DVA, &on, CLP_DEFINED), CLP_OK);
    plex_ipl(1);
    port = connect_from(2);                     /* MVS1 has read the CF, MVS2 has not read MVS1's list yet */
    plex_settle();
    ck_assert(route(1, packet, tcp_packet(packet, DVA, port)));
    plex_settle();
    ck_assert_uint_eq(plex.systems[2].stack->vipa.statistics.delivered, 1);
}
END_TEST

START_TEST(of_two_that_define_an_address_the_later_one_has_it)
{
    plex_define(1, DVA, 64);
    plex_define(2, DVA, 64);
    plex_ipl(2);
    plex_settle();
    plex_ipl(1);
    plex_settle();
    ck_assert_uint_eq(vipa_find(&plex.systems[1].stack->vipa, DVA)->owner, 1);
    ck_assert_uint_eq(vipa_find(&plex.systems[2].stack->vipa, DVA)->owner, 1);
    ck_assert(!vipa_find(&plex.systems[2].stack->vipa, DVA)->active);
    ck_assert_uint_eq(last_event(2)->kind, DEACTIVATED);
}
END_TEST

START_TEST(an_address_of_a_range_is_activated_once)
{
    for (unsigned n = 1; n <= 2; n++)
        plex.systems[n].profile.ranges[plex.systems[n].profile.range_count++] = (struct profile_range){
            .address = 0x0A020200, .mask = 0xFFFFFF00, .clusterports = { .on = true, .blocksize = 64 } };
    plex_ipl(1);
    plex_ipl(2);
    plex_settle();
    ck_assert_ptr_null(vipa_find_range(&plex_select(1)->vipa, DVA));
    ck_assert_int_eq(vipa_activate_range(&plex_select(1)->vipa, DVA, REQUEST_BIND), VIPA_NOT_IN_RANGE);
    ck_assert_int_eq(vipa_activate_range(&plex_select(1)->vipa, 0x0A020205, REQUEST_CONNECT), VIPA_OK);
    ck_assert_int_eq(vipa_activate_range(&plex_select(1)->vipa, 0x0A020205, REQUEST_BIND), VIPA_OK);
    ck_assert_uint_eq(plex.systems[1].event_count, 1);
    ck_assert(plex.systems[1].events[0].advertise);
    plex_settle();
    ck_assert_int_eq(vipa_activate_range(&plex_select(2)->vipa, 0x0A020205, REQUEST_CONNECT), VIPA_CONFLICT);
    ck_assert_int_eq(vipa_activate_range(&plex_select(2)->vipa, 0x0A020206, REQUEST_CONNECT), VIPA_OK);
}
END_TEST

START_TEST(a_message_that_is_not_valid_changes_nothing)
{
    uint8_t data[200];

    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    plex_ipl(1);
    plex_ipl(2);
    plex_settle();
    unsigned before = plex.systems[1].stack->vipa.count;
    for (unsigned length = 0; length < sizeof data; length += 7) {
        memset(data, 0xFF, sizeof data);
        for (uint16_t type = 1; type <= 8; type++)
            ck_assert_int_eq(xcf_send(&plex_select(2)->xcf, 1, VIPA_GROUP, type, data, length), XCF_OK);
    }
    plex_settle();
    ck_assert_uint_eq(plex.systems[1].stack->vipa.count, before);
    ck_assert(plex.systems[1].stack->vipa.dvipas[0].active);
}
END_TEST

/* --- changes of the running profile -------------------------------------------------------------------------------- */

static void change_stack(void *context, const struct profile_change *change)
{
    stack_change(context, change);
}

/* Change the profile of system n in place, as OBEYFILE does, and let everybody deal with it. */
static void obey(unsigned n, void (*change)(struct profile *profile))
{
    static struct profile before;
    struct profile *profile = &plex.systems[n].profile;
    struct stack *stack = plex_select(n);

    before = *profile;
    profile->deleted_count = 0;
    change(profile);
    profile_compare(&before, profile, change_stack, stack);
    stack_changed(stack);
    plex_settle();
}

static void clusterports_to_range(struct profile *p)
{
    p->ranges[0].clusterports = (struct profile_clusterports){ .on = true, .blocksize = 64 };
}

static void delete_from_range(struct profile *p)
{
    p->deleted[p->deleted_count++] = 0x0A020205;
}

static void add_b(struct profile *p)
{
    p->dvipas[p->dvipa_count++] = (struct profile_dvipa){ .address = DVB, .mask = 0xFFFFFF00u, .line = 1,
                                                          .clusterports = { .on = true, .blocksize = 64 } };
    p->distributes[p->distribute_count++] = (struct profile_distribute){ .address = DVB, .dest_all = true, .line = 2 };
}

static void delete_a(struct profile *p)
{
    p->deleted[p->deleted_count++] = DVA;
    p->dvipa_count = p->distribute_count = 0;
}

static void undistribute(struct profile *p)
{
    p->distribute_count = 0;
}

static void only_to_3(struct profile *p)
{
    p->distributes[0].dest_all = false;
    p->distributes[0].dests[0] = XCF_ADDRESS(3);
    p->distributes[0].dest_count = 1;
}

static void clusterports_to_a(struct profile *p)
{
    p->dvipas[0].clusterports = (struct profile_clusterports){ .on = true, .blocksize = 64 };
}

static bool is_active(unsigned n, uint32_t address)
{
    const struct vipa_dvipa *d = vipa_find(&plex.systems[n].stack->vipa, address);

    return d && d->active;
}

static void three_with_a(uint16_t blocksize)
{
    plex_define(1, DVA, blocksize);
    plex_distribute(1, DVA);
    for (unsigned n = 1; n <= 3; n++)
        plex_ipl(n);
    plex_settle();
}

START_TEST(a_dvipa_that_is_added_becomes_active_on_owner_and_targets)
{
    uint16_t port;

    three_with_a(64);
    obey(1, add_b);
    for (unsigned n = 1; n <= 3; n++) {
        ck_assert(is_active(n, DVB));
        ck_assert_int_eq(last_event(n)->advertise, n == 1);
        ck_assert_int_eq(clp_assign(&plex_select(n)->clp, DVB, 0, SERVER, 80, &port), CLP_OK);
    }
}
END_TEST

START_TEST(a_dvipa_that_is_deleted_goes_on_all_stacks_and_can_come_back)
{
    three_with_a(64);
    obey(1, delete_a);
    for (unsigned n = 1; n <= 3; n++) {
        ck_assert_ptr_null(vipa_find(&plex.systems[n].stack->vipa, DVA));
        ck_assert_uint_eq(last_event(n)->kind, DEACTIVATED);
        ck_assert_uint_eq(last_event(n)->address, DVA);
    }
    plex.systems[2].profile.deleted_count = 0;
    obey(2, add_b);
    ck_assert(is_active(1, DVB));
    ck_assert_uint_eq(vipa_find(&plex.systems[1].stack->vipa, DVB)->owner, 2);
}
END_TEST

START_TEST(targets_follow_the_distribution)
{
    three_with_a(64);
    obey(1, only_to_3);
    ck_assert(is_active(1, DVA) && !is_active(2, DVA) && is_active(3, DVA));
    obey(1, undistribute);
    ck_assert(is_active(1, DVA) && !is_active(2, DVA) && !is_active(3, DVA));
    ck_assert(!vipa_is_distributed(vipa_find(&plex.systems[3].stack->vipa, DVA)));
}
END_TEST

/* CLUSTERPORTS come to an address while connections use it: their ports are not given out again, on any stack. */
START_TEST(clusterports_added_live_spare_the_ports_in_use_on_every_stack)
{
    uint16_t first[PLEX_STACKS], port;
    uint64_t before = flow_count(FLOW_8B_885);
    unsigned given = 0;

    for (unsigned n = 1; n <= 3; n++) {
        plex.systems[n].profile.ephemeral_low = 5000;
        plex.systems[n].profile.ephemeral_high = 5599;
    }
    three_with_a(0);
    for (unsigned n = 1; n <= 3; n++) {
        first[n] = connect_from(n);
        plex.systems[n].scan[0] = first[n];
    }
    obey(1, clusterports_to_a);
    ck_assert_uint_eq(flow_count(FLOW_8B_885), before + 3);
    for (unsigned n = 1; n <= 3; n++) {
        ck_assert(vipa_find(&plex.systems[n].stack->vipa, DVA)->clusterports.on);
        while (clp_assign(&plex_select(n)->clp, DVA, 0, 0, 0, &port) == CLP_OK) {
            ck_assert(port != first[1] && port != first[2] && port != first[3]);
            given++;
        }
    }
    unsigned different = 1u + (first[2] != first[1] ? 1u : 0u) + (first[3] != first[1] && first[3] != first[2] ? 1u : 0u);
    ck_assert_uint_eq(given, 600 - different);      /* all the others, each to one stack */
}
END_TEST

static void clusterports_from_a(struct profile *p)
{
    p->dvipas[0].clusterports = (struct profile_clusterports){ .on = false };
}

START_TEST(clusterports_that_go_leave_no_port_taken)
{
    struct clp_audit audit;
    uint16_t first;

    three_with_a(64);
    first = connect_from(2);
    (void)connect_from(3);
    obey(1, clusterports_from_a);
    for (unsigned n = 1; n <= 3; n++)
        ck_assert(!vipa_find(&plex.systems[n].stack->vipa, DVA)->clusterports.on);
    clp_release(&plex_select(2)->clp, DVA, first, SERVER, 80);
    ck_assert_uint_eq(clp_usage(&plex.systems[2].stack->clp, DVA).used, 0);
    for (unsigned i = 0; i < 500; i++)
        (void)connect_from(2);
    obey(1, clusterports_to_a);
    ck_assert_int_eq(clp_check(&plex_select(1)->clp, DVA, &audit), CLP_OK);
    ck_assert_uint_eq(audit.doubles + audit.leaked, 0);
    ck_assert_uint_eq(audit.owned, 501);            /* what is in use, and nothing of before */
}
END_TEST

START_TEST(clusterports_of_a_range_come_to_its_active_addresses)
{
    struct profile *p = &plex.systems[1].profile;
    uint64_t before = flow_count(FLOW_8B_880);

    p->ranges[p->range_count++] = (struct profile_range){ .address = 0x0A020200, .mask = 0xFFFFFF00 };
    plex_ipl(1);
    ck_assert_int_eq(vipa_activate_range(&plex_select(1)->vipa, 0x0A020205, REQUEST_BIND), VIPA_OK);
    ck_assert(!vipa_find(&plex.systems[1].stack->vipa, 0x0A020205)->clusterports.on);
    obey(1, clusterports_to_range);
    ck_assert(vipa_find(&plex.systems[1].stack->vipa, 0x0A020205)->clusterports.on);
    ck_assert_uint_eq(flow_count(FLOW_8B_880), before + 1);
    obey(1, delete_from_range);
    ck_assert_ptr_null(vipa_find(&plex.systems[1].stack->vipa, 0x0A020205));
}
END_TEST

/* --- ownership ----------------------------------------------------------------------------------------------------- */

static struct profile_dvipa *back_up(unsigned n, uint32_t address, uint8_t rank)
{
    struct profile *p = &plex.systems[n].profile;

    p->dvipas[p->dvipa_count] = (struct profile_dvipa){ .address = address, .backup = true, .rank = rank };
    return &p->dvipas[p->dvipa_count++];
}

static void ipl_all(unsigned count)
{
    for (unsigned n = 1; n <= count; n++)
        plex_ipl(n);
    plex_settle();
}

/* Let time pass for those who wait for it. */
static void pass_time(void)
{
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (plex.systems[n].stack) {
            struct vipa *v = &plex_select(n)->vipa;

            v->polled_us = v->started_us = 0;
            for (unsigned i = 0; i < v->count; i++)
                v->dvipas[i].patience_us = 0;
        }
    plex_settle();
}

/* Every living stack says the same, and exactly that one advertises. */
static void assert_owner(uint32_t address, uint8_t owner)
{
    for (unsigned n = 1; n < PLEX_STACKS; n++) {
        if (!plex.systems[n].stack)
            continue;
        const struct vipa_dvipa *d = vipa_find(&plex.systems[n].stack->vipa, address);

        ck_assert_msg(d ? d->owner == owner : owner == 0, "system %u says %u, not %u", n, d ? d->owner : 0, owner);
        ck_assert_int_eq(d && d->advertised, n == owner);
    }
}

static enum vipa_state state_of(unsigned n, uint32_t address)
{
    const struct vipa_dvipa *d = vipa_find(&plex.systems[n].stack->vipa, address);

    return d ? d->parts[n].state : VIPA_NONE;
}

static void open_connection(unsigned n, unsigned i, uint32_t address, uint16_t port, uint16_t peer_port, bool accepted)
{
    plex.systems[n].connections[i].address = address;
    plex.systems[n].connections[i].tuple = (struct vipa_tuple){ .peer = SERVER, .port = port, .peer_port = peer_port };
    plex.systems[n].connections[i].accepted = accepted;
}

static const struct {
    uint8_t ranks[PLEX_STACKS];     /* of MVS2 .. MVS4, 0 = no backup */
    uint8_t order[PLEX_STACKS];     /* who has the address when the one before has died; 0 = nobody */
} rank_cases[] = {
    { { 0, 0, 10, 20, 30 }, { 1, 4, 3, 2, 0 } },
    { { 0, 0, 30, 20, 10 }, { 1, 2, 3, 4, 0 } },
    { { 0, 0, 20, 20, 254 }, { 1, 4, 2, 3, 0 } },
    { { 0, 0, 0, 5, 0 }, { 1, 3, 0, 0, 0 } },
    { { 0, 0, 0, 0, 0 }, { 1, 0, 0, 0, 0 } },
};

START_TEST(the_highest_rank_of_the_living_takes_over)
{
    plex_define(1, DVA, 64);
    for (uint8_t n = 2; n < PLEX_STACKS; n++)
        if (rank_cases[_i].ranks[n])
            back_up(n, DVA, rank_cases[_i].ranks[n]);
    ipl_all(4);
    for (unsigned i = 0; i < PLEX_STACKS && rank_cases[_i].order[i]; i++) {
        assert_owner(DVA, rank_cases[_i].order[i]);
        plex_kill(rank_cases[_i].order[i]);
        plex_settle();
    }
    assert_owner(DVA, 0);
}
END_TEST

START_TEST(a_backup_that_dies_in_the_middle_of_the_takeover_is_followed_by_the_next)
{
    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    back_up(2, DVA, 10);
    back_up(3, DVA, 20);
    ipl_all(4);
    plex_kill(1);
    plex_select(3);
    host_platform_attend(0);
    (void)stack_poll(plex.systems[3].stack);    /* it has claimed, nobody has read that */
    ck_assert_int_eq(state_of(3, DVA), VIPA_ACTIVE);
    ck_assert(!vipa_find(&plex.systems[3].stack->vipa, DVA)->advertised);
    plex_kill(3);
    plex_settle();
    assert_owner(DVA, 2);
    ck_assert_uint_eq(vipa_find(&plex.systems[4].stack->vipa, DVA)->generation, 3);
    ck_assert_ptr_nonnull(strstr(plex_wto, "EZZ8301I VIPA 10.1.1.1 TAKEN OVER FROM TCPIP ON MVS1"));
    ck_assert(vipa_find(&plex.systems[2].stack->vipa, DVA)->clusterports.on);       /* as the owner had said */
    ck_assert(vipa_is_distributed(vipa_find(&plex.systems[4].stack->vipa, DVA)));
}
END_TEST

START_TEST(a_backup_alone_starts_the_address_only_if_moveable_was_said)
{
    back_up(2, DVA, 10);
    back_up(2, DVB, 10)->mask = 0xFFFFFF00;
    ipl_all(3);
    ck_assert(!vipa_find(&plex.systems[2].stack->vipa, DVA)->active);
    assert_owner(DVB, 2);
    plex_define(4, DVA, 64);
    plex_define(4, DVB, 64);
    plex_ipl(4);
    plex_settle();
    assert_owner(DVA, 4);
    assert_owner(DVB, 4);
    ck_assert_ptr_nonnull(strstr(plex_wto, "EZZ8302I VIPA 10.1.1.2 TAKEN BACK FROM TCPIP ON MVS2"));
    ck_assert_ptr_nonnull(strstr(plex_wto, "EZZ8303I VIPA 10.1.1.2 GIVEN TO TCPIP ON MVS4"));
}
END_TEST

/* Four stacks define the same address and start with all messages crossing, in each order. */
START_TEST(crossing_claims_have_one_winner)
{
    static const unsigned orders[][4] = { { 1, 2, 3, 4 }, { 4, 3, 2, 1 }, { 2, 4, 1, 3 }, { 3, 1, 4, 2 } };

    for (unsigned n = 1; n <= 4; n++)
        plex_define(n, DVA, 64);
    for (unsigned i = 0; i < 4; i++) {
        struct stack *stack = plex_ipl(orders[_i][i]);

        stack->vipa.ready = true;           /* does not wait for the others */
        vipa_changed(&stack->vipa);
        ck_assert(vipa_find(&stack->vipa, DVA)->advertised);
    }
    plex_settle();
    plex_settle();
    uint8_t owner = vipa_find(&plex.systems[1].stack->vipa, DVA)->owner;
    ck_assert_uint_ne(owner, 0);
    assert_owner(DVA, owner);
    for (unsigned n = 1; n <= 4; n++)
        ck_assert_int_eq(state_of(n, DVA), n == owner ? VIPA_ACTIVE : VIPA_BACKUP);
}
END_TEST

/* Both backups of one rank take over before they hear of each other. */
START_TEST(two_takeovers_at_once_have_one_winner)
{
    plex_define(1, DVA, 64);
    back_up(2, DVA, 10);
    back_up(3, DVA, 10);
    ipl_all(4);
    plex_kill(1);
    for (unsigned n = 3; n >= 2; n--) {
        struct vipa *v = &plex_select(n)->vipa;
        struct vipa_dvipa *d = (struct vipa_dvipa *)vipa_find(v, DVA);

        d->parts[5 - n].rank = 0;           /* as if the other one were not known yet */
        host_platform_attend(0);
        (void)stack_poll(plex.systems[n].stack);
        ck_assert_int_eq(state_of(n, DVA), VIPA_ACTIVE);
    }
    plex_settle();
    plex_settle();
    assert_owner(DVA, 2);
}
END_TEST

START_TEST(immediate_takeback_leaves_connections_with_the_old_owner)
{
    uint8_t packet[64];

    plex_define(1, DVA, 0);
    back_up(2, DVA, 10);
    ipl_all(3);
    plex_kill(1);
    plex_settle();
    assert_owner(DVA, 2);
    open_connection(2, 0, DVA, 8080, 80, true);
    plex_ipl(1);
    plex_settle();
    assert_owner(DVA, 1);
    ck_assert_int_eq(state_of(2, DVA), VIPA_MOVING);
    ck_assert(route(1, packet, tcp_packet(packet, DVA, 8080)));
    plex_settle();
    ck_assert_uint_eq(last_event(2)->kind, DELIVERED);
    ck_assert(!route(1, packet, tcp_packet(packet, DVA, 8081)));
    ck_assert(route(2, packet, tcp_packet(packet, DVA, 8081)));     /* the client has not seen the new ARP entry yet */
    unsigned before = plex.systems[1].event_count;
    plex_settle();
    ck_assert_uint_eq(plex.systems[1].event_count, before + 1);
    ck_assert_uint_eq(last_event(1)->kind, DELIVERED);
    plex.systems[2].connections[0].tuple.port = 0;                  /* closed */
    pass_time();
    ck_assert_int_eq(state_of(2, DVA), VIPA_BACKUP);
    ck_assert_uint_eq(last_event(2)->kind, DEACTIVATED);
    ck_assert(!vipa_find(&plex.systems[2].stack->vipa, DVA)->present);
}
END_TEST

START_TEST(whenidle_takeback_waits_for_the_last_connection)
{
    plex_define(1, DVA, 0);
    plex.systems[1].profile.dvipas[0].moveable = MOVEABLE_WHENIDLE;
    back_up(2, DVA, 10);
    ipl_all(3);
    plex_kill(1);
    plex_settle();
    open_connection(2, 0, DVA, 8080, 80, true);
    plex_ipl(1);
    plex_settle();
    pass_time();
    assert_owner(DVA, 2);
    ck_assert_int_eq(state_of(1, DVA), VIPA_BACKUP);
    plex.systems[2].connections[0].tuple.port = 0;
    pass_time();
    assert_owner(DVA, 1);
    ck_assert_int_eq(state_of(2, DVA), VIPA_BACKUP);
}
END_TEST

START_TEST(who_answers_arp_waits_for_the_reports_of_all_but_not_for_ever)
{
    uint8_t packet[64];

    plex_define(1, DVA, 0);
    plex_distribute(1, DVA);
    back_up(2, DVA, 10);
    ipl_all(4);
    open_connection(3, 0, DVA, 8080, 80, true);
    plex_kill(1);
    plex_select(2);
    host_platform_attend(0);
    (void)stack_poll(plex.systems[2].stack);
    struct vipa *v = &plex.systems[2].stack->vipa;
    ck_assert(!vipa_complete(v));
    ck_assert(!vipa_find(v, DVA)->advertised);
    ck_assert(route(2, packet, tcp_packet(packet, DVA, 8080)));     /* not answered with RST */
    ck_assert_uint_eq(v->statistics.withheld, 1);
    plex_select(3);
    host_platform_attend(0);
    (void)stack_poll(plex.systems[3].stack);
    plex_select(2);
    host_platform_attend(0);
    (void)stack_poll(plex.systems[2].stack);
    ck_assert(!vipa_find(v, DVA)->advertised);                      /* MVS4 hangs */
    ck_assert(route(2, packet, tcp_packet(packet, DVA, 8080)));
    ck_assert_uint_eq(v->statistics.forwarded, 1);
    ((struct vipa_dvipa *)vipa_find(v, DVA))->patience_us = 0;
    v->polled_us = 0;
    (void)stack_poll(plex_select(2));
    ck_assert(vipa_find(v, DVA)->advertised);
    ck_assert(!route(2, packet, tcp_packet(packet, DVA, 8081)));
}
END_TEST

START_TEST(a_deleted_address_is_taken_over_and_its_connections_are_gone)
{
    plex_define(1, DVA, 0);
    back_up(2, DVA, 10);
    ipl_all(3);
    open_connection(1, 0, DVA, 8080, 80, true);
    obey(1, delete_a);
    assert_owner(DVA, 2);
    ck_assert_uint_eq(last_event(1)->kind, DEACTIVATED);
}
END_TEST

START_TEST(a_deactivated_address_is_taken_over_with_its_connections_kept)
{
    uint8_t packet[64];

    plex_define(1, DVA, 0);
    back_up(2, DVA, 10);
    ipl_all(3);
    open_connection(1, 0, DVA, 8080, 80, true);
    ck_assert_int_eq(vipa_reactivate(&plex_select(1)->vipa, DVA), VIPA_NO_CHANGE);
    ck_assert_int_eq(vipa_deactivate(&plex_select(1)->vipa, DVB), VIPA_UNKNOWN);
    ck_assert_int_eq(vipa_deactivate(&plex_select(3)->vipa, DVA), VIPA_UNKNOWN);
    ck_assert_int_eq(vipa_deactivate(&plex_select(1)->vipa, DVA), VIPA_OK);
    ck_assert_int_eq(vipa_deactivate(&plex_select(1)->vipa, DVA), VIPA_NO_CHANGE);
    plex_settle();
    assert_owner(DVA, 2);
    ck_assert_int_eq(state_of(1, DVA), VIPA_QUIESCING);
    ck_assert(route(2, packet, tcp_packet(packet, DVA, 8080)));
    plex.systems[1].connections[0].tuple.port = 0;
    pass_time();
    ck_assert_int_eq(state_of(1, DVA), VIPA_DEACTIVATED);
    plex_kill(2);
    plex_settle();
    assert_owner(DVA, 0);                       /* it rests, and is no candidate */
    ck_assert_int_eq(vipa_reactivate(&plex_select(1)->vipa, DVA), VIPA_OK);
    plex_settle();
    assert_owner(DVA, 1);
}
END_TEST

START_TEST(who_leaves_the_group_has_no_dvipas_until_it_joins_again)
{
    plex_define(1, DVA, 0);
    plex_distribute(1, DVA);
    back_up(2, DVA, 10);
    plex_define(3, DVB, 0);
    plex_distribute(3, DVB);
    ipl_all(3);
    ck_assert(is_active(1, DVB));
    ck_assert_int_eq(vipa_leave(&plex_select(1)->vipa), VIPA_OK);
    ck_assert_int_eq(vipa_leave(&plex_select(1)->vipa), VIPA_NO_CHANGE);
    plex_settle();
    assert_owner(DVA, 2);
    ck_assert(!is_active(1, DVA) && !is_active(1, DVB));
    ck_assert_int_eq(vipa_join(&plex_select(1)->vipa), VIPA_OK);
    plex_settle();
    assert_owner(DVA, 1);
    ck_assert(is_active(1, DVB));
}
END_TEST

/* The product's table of conflicts. */
enum action { BIND, IOCTL, DEFINE };
#define IN_RANGE 0x0A020205u

static const struct {
    enum action first, second;
    bool disruptive, other;                     /* the second on another stack */
    enum vipa_result result;                    /* of the second, if it is no DEFINE */
    unsigned owner;                             /* then */
    bool kept;                                  /* the first's connection */
} conflict_cases[] = {
    { BIND, BIND, false, false, VIPA_OK, 1, true },
    { BIND, IOCTL, false, false, VIPA_EXISTS, 1, true },
    { BIND, DEFINE, false, false, VIPA_OK, 1, true },
    { IOCTL, BIND, false, false, VIPA_OK, 1, true },
    { IOCTL, IOCTL, false, false, VIPA_EXISTS, 1, true },
    { IOCTL, DEFINE, false, false, VIPA_OK, 1, true },
    { DEFINE, BIND, false, false, VIPA_OK, 1, true },
    { DEFINE, IOCTL, false, false, VIPA_CONFLICT, 1, true },
    { BIND, BIND, false, true, VIPA_OK, 2, true },
    { BIND, BIND, true, true, VIPA_CONFLICT, 1, true },
    { BIND, IOCTL, false, true, VIPA_OK, 2, false },
    { BIND, IOCTL, true, true, VIPA_OK, 2, false },
    { BIND, DEFINE, false, true, VIPA_OK, 1, true },
    { IOCTL, BIND, false, true, VIPA_CONFLICT, 1, true },
    { IOCTL, BIND, true, true, VIPA_CONFLICT, 1, true },
    { IOCTL, IOCTL, false, true, VIPA_OK, 2, true },
    { IOCTL, IOCTL, true, true, VIPA_OK, 2, false },
    { IOCTL, DEFINE, false, true, VIPA_OK, 1, true },
    { DEFINE, BIND, false, true, VIPA_CONFLICT, 1, true },
    { DEFINE, IOCTL, false, true, VIPA_CONFLICT, 1, true },
};

static bool has_address(unsigned n)
{
    const struct vipa *v = &plex.systems[n].stack->vipa;

    for (unsigned i = 0; i < v->count; i++)
        if (v->dvipas[i].address == IN_RANGE)
            return v->dvipas[i].present;
    return false;
}

static void define_in_range(struct profile *p)
{
    p->dvipas[p->dvipa_count++] = (struct profile_dvipa){ .address = IN_RANGE, .mask = 0xFFFFFF00u, .line = 1 };
}

static enum vipa_result act(unsigned n, enum action action)
{
    if (action == DEFINE) {
        obey(n, define_in_range);
        return VIPA_OK;
    }
    enum vipa_result result = vipa_activate_range(&plex_select(n)->vipa, IN_RANGE, action == BIND ? REQUEST_BIND : REQUEST_IOCTL);
    plex_settle();
    return result;
}

START_TEST(two_actions_on_one_address_follow_the_product_s_table)
{
    unsigned second = conflict_cases[_i].other ? 2 : 1;

    for (unsigned n = 1; n <= 3; n++)
        plex.systems[n].profile.ranges[plex.systems[n].profile.range_count++] = (struct profile_range){
            .address = 0x0A020200, .mask = 0xFFFFFF00, .disruptive = conflict_cases[_i].disruptive };
    ipl_all(3);
    ck_assert_int_eq(act(1, conflict_cases[_i].first), VIPA_OK);
    assert_owner(IN_RANGE, 1);
    open_connection(1, 0, IN_RANGE, 8080, 80, true);
    ck_assert_int_eq(act(second, conflict_cases[_i].second), conflict_cases[_i].result);
    assert_owner(IN_RANGE, (uint8_t)conflict_cases[_i].owner);
    ck_assert_int_eq(has_address(1), conflict_cases[_i].kept);
    ck_assert_int_eq(strstr(plex_wto, "EZD1310I VIPADEFINE") != NULL, conflict_cases[_i].second == DEFINE);
    if (conflict_cases[_i].owner == 2 && conflict_cases[_i].kept)
        ck_assert_int_eq(state_of(1, IN_RANGE), VIPA_MOVING);
    plex.systems[1].connections[0].tuple.port = 0;
    pass_time();
    ck_assert_int_eq(has_address(1), conflict_cases[_i].owner == 1);
}
END_TEST

/* What MODDVIPA has made active stays. */
START_TEST(an_address_of_a_range_goes_with_its_last_socket)
{
    static const enum vipa_request requests[] = { REQUEST_BIND, REQUEST_CONNECT, REQUEST_IOCTL };
    bool stays = requests[_i] == REQUEST_IOCTL;

    plex.systems[1].profile.ranges[plex.systems[1].profile.range_count++] = (struct profile_range){ .address = 0x0A020200, .mask = 0xFFFFFF00 };
    for (unsigned n = 1; n <= 2; n++)
        plex_ipl(n);
    ck_assert_int_eq(vipa_activate_range(&plex_select(1)->vipa, IN_RANGE, requests[_i]), VIPA_OK);
    open_connection(1, 0, IN_RANGE, 8080, 80, true);
    open_connection(1, 1, IN_RANGE, 8081, 80, false);
    for (unsigned left = 2; left-- > 0;) {
        plex.systems[1].connections[left].tuple.port = 0;
        vipa_released(&plex_select(1)->vipa, IN_RANGE);
        plex_settle();
        assert_owner(IN_RANGE, left > 0 || stays);
        const struct vipa_dvipa *d = vipa_find(&plex.systems[1].stack->vipa, IN_RANGE);
        ck_assert_int_eq(d && d->present, left > 0 || stays);
    }
    vipa_released(&plex_select(1)->vipa, DVA);      /* which nobody knows */
    plex_settle();
}
END_TEST

START_TEST(an_address_of_a_range_can_be_deleted)
{
    plex.systems[1].profile.ranges[plex.systems[1].profile.range_count++] = (struct profile_range){ .address = 0x0A020200, .mask = 0xFFFFFF00 };
    ipl_all(2);
    ck_assert_int_eq(act(1, IOCTL), VIPA_OK);
    open_connection(1, 0, IN_RANGE, 8080, 80, true);
    ck_assert_int_eq(vipa_delete_range(&plex_select(2)->vipa, IN_RANGE), VIPA_UNKNOWN);
    ck_assert_int_eq(vipa_delete_range(&plex_select(1)->vipa, IN_RANGE), VIPA_OK);
    plex_settle();
    assert_owner(IN_RANGE, 0);
    ck_assert(!has_address(1));
    ck_assert_int_eq(vipa_delete_range(&plex_select(1)->vipa, IN_RANGE), VIPA_UNKNOWN);
}
END_TEST

/* --- anything in any order ----------------------------------------------------------------------------------------- */

static uint32_t chance(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* One system reads what has come to it; the others do not. */
static void poll_one(unsigned n)
{
    plex_select(n);
    host_platform_attend(0);
    (void)stack_poll(plex.systems[n].stack);
}

static void random_step(uint64_t *seed)
{
    unsigned n = 1 + chance(seed, 4);
    struct vipa *v = plex.systems[n].stack ? &plex_select(n)->vipa : NULL;

    if (!v) {
        plex_settle();              /* an IPL takes longer than the news that the system has failed */
        plex_ipl(n);
        return;
    }
    switch (chance(seed, 12)) {
    case 0:
        plex_kill(n);
        break;
    case 1:
        plex_stop(n);
        break;
    case 2:
        (void)vipa_deactivate(v, DVA);
        break;
    case 3:
        (void)vipa_reactivate(v, DVA);
        break;
    case 4:
        (void)(v->left ? vipa_join(v) : vipa_leave(v));
        break;
    case 5:
        plex.systems[n].connections[0].tuple.port = 0;
        break;
    case 6:
        open_connection(n, 0, chance(seed, 2) ? DVA : IN_RANGE, 80, (uint16_t)(2000 + n), true);
        break;
    case 7:
        (void)vipa_activate_range(v, IN_RANGE, chance(seed, 2) ? REQUEST_BIND : REQUEST_IOCTL);
        break;
    case 8:
        (void)vipa_delete_range(v, IN_RANGE);
        break;
    default:
        poll_one(n);
        break;
    }
}

/* Who has it, as the first living system says. */
static uint8_t owner_of(uint32_t address)
{
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (plex.systems[n].stack) {
            const struct vipa_dvipa *d = vipa_find(&plex.systems[n].stack->vipa, address);

            return d ? d->owner : 0;
        }
    return 0;
}

/* Systems IPL, die and leave, addresses move, messages are read by some and not by others; in the end all say the same. */
START_TEST(whatever_has_happened_all_stacks_say_the_same)
{
    uint64_t seed = (uint64_t)_i + 1;
    bool candidate = false;

    for (unsigned n = 1; n <= 4; n++)
        plex.systems[n].profile.ranges[plex.systems[n].profile.range_count++] = (struct profile_range){
            .address = 0x0A020200, .mask = 0xFFFFFF00, .disruptive = _i % 2 };
    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    plex.systems[1].profile.dvipas[0].moveable = _i % 3 ? MOVEABLE_IMMEDIATE : MOVEABLE_WHENIDLE;
    if (_i % 4 == 0)
        plex_define(4, DVA, 64);
    back_up(2, DVA, 10);
    back_up(3, DVA, 20);
    for (unsigned step = 0; step < 60; step++)
        random_step(&seed);
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        plex.systems[n].connections[0].tuple.port = 0;
    for (unsigned i = 0; i < 4; i++)
        pass_time();
    assert_owner(DVA, owner_of(DVA));
    assert_owner(IN_RANGE, owner_of(IN_RANGE));
    for (unsigned n = 1; n < PLEX_STACKS; n++) {
        if (!plex.systems[n].stack)
            continue;
        enum vipa_state state = state_of(n, DVA);

        candidate |= state == VIPA_BACKUP && vipa_find(&plex.systems[n].stack->vipa, DVA)->generation;
        ck_assert(state != VIPA_MOVING && state != VIPA_QUIESCING);
        ck_assert(owner_of(DVA) == n ? state == VIPA_ACTIVE : state != VIPA_ACTIVE);
    }
    ck_assert(!candidate || owner_of(DVA));
}
END_TEST

/* --- distribution -------------------------------------------------------------------------------------------------- */

/* A SYN from the server's host to DVA. */
static uint32_t syn_packet(uint8_t *p, uint16_t port, uint16_t peer_port)
{
    uint32_t length = tcp_packet(p, DVA, port);

    put_be16(p + 20, peer_port);
    p[33] = 0x02;
    return length;
}

static uint32_t ack_packet(uint8_t *p, uint16_t port, uint16_t peer_port)
{
    uint32_t length = syn_packet(p, port, peer_port);

    p[33] = 0x10;
    return length;
}

/* MVS1 distributes DVA to MVS1 .. MVS3, where servers listen at 80. */
static struct profile_distribute *three_targets(enum profile_distmethod method)
{
    struct profile_distribute *p = plex.systems[1].profile.distributes;

    plex_define(1, DVA, 0);
    plex_distribute(1, DVA);
    p->method = method;
    p->dest_all = false;
    p->dest_count = 3;
    for (uint8_t i = 0; i < 3; i++) {
        p->dests[i] = XCF_ADDRESS(i + 1u);
        p->weights[i] = 10;
    }
    return p;
}

static void serve(unsigned n, bool begins)
{
    vipa_listen(&plex_select(n)->vipa, 0, 80, begins);
    plex_settle();
}

/* The target that MVS `owner` gives a connection from this port; it says that it has it. */
static unsigned target_of(unsigned owner, uint16_t peer_port)
{
    const struct vipa_tuple tuple = { .peer = SERVER, .port = 80, .peer_port = peer_port };
    unsigned before[PLEX_STACKS];
    uint8_t packet[64];

    for (unsigned n = 1; n < PLEX_STACKS; n++)
        before[n] = plex.systems[n].event_count;
    if (!route(owner, packet, syn_packet(packet, 80, peer_port))) {
        vipa_connection(&plex_select(owner)->vipa, DVA, &tuple, true);
        return owner;
    }
    plex_settle();
    for (unsigned n = 1; n < PLEX_STACKS; n++)
        if (plex.systems[n].event_count > before[n]) {
            ck_assert_uint_eq(plex.systems[n].event_count, before[n] + 1);
            vipa_connection(&plex_select(n)->vipa, DVA, &tuple, true);
            plex_settle();
            return n;
        }
    return 0;
}

static void end_connection(unsigned n, uint16_t peer_port)
{
    const struct vipa_tuple tuple = { .peer = SERVER, .port = 80, .peer_port = peer_port };

    vipa_connection(&plex_select(n)->vipa, DVA, &tuple, false);
    plex_settle();
}

START_TEST(connections_go_round_the_targets_where_somebody_listens)
{
    static const unsigned order[] = { 1, 2, 3, 1, 2, 3 }, order_without_2[] = { 1, 3, 1, 3 };
    struct vipa *v;
    uint16_t port = 2000;

    three_targets(DIST_ROUNDROBIN);
    ipl_all(4);
    v = &plex.systems[1].stack->vipa;
    ck_assert_uint_eq(target_of(1, port++), 1);         /* nobody listens: local, where it is refused */
    ck_assert_uint_eq(v->statistics.not_ready, 1);
    end_connection(1, 2000);
    for (unsigned n = 1; n <= 4; n++)
        serve(n, true);                                 /* MVS4 is no target */
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(target_of(1, port++), order[i]);
    serve(2, false);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(target_of(1, port++), order_without_2[i]);
    serve(2, true);
    ck_assert_int_eq(vipa_quiesce(&plex_select(1)->vipa, 0, true), VIPA_OK);
    ck_assert_int_eq(vipa_quiesce(&plex_select(3)->vipa, 80, true), VIPA_OK);
    ck_assert_int_eq(vipa_quiesce(&plex_select(3)->vipa, 80, true), VIPA_NO_CHANGE);
    ck_assert_int_eq(vipa_quiesce(&plex_select(3)->vipa, 81, true), VIPA_UNKNOWN);
    plex_settle();
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(target_of(1, port++), 2);
    ck_assert_int_eq(vipa_quiesce(&plex_select(3)->vipa, 80, false), VIPA_OK);
    plex_settle();
    ck_assert_uint_eq(target_of(1, port++), 3);
    ck_assert_uint_eq(v->statistics.distributed, 14);
}
END_TEST

static const struct {
    uint8_t weights[3];
    unsigned share[3];                  /* of 60 connections that stay */
} weight_cases[] = {
    { { 10, 10, 10 }, { 20, 20, 20 } }, { { 10, 20, 30 }, { 10, 20, 30 } }, { { 99, 0, 0 }, { 60, 0, 0 } }, { { 0, 10, 5 }, { 0, 40, 20 } },
};

START_TEST(weightedactive_keeps_active_connections_in_proportion)
{
    struct profile_distribute *p = three_targets(DIST_WEIGHTEDACTIVE);
    unsigned share[PLEX_STACKS] = { 0 };

    memcpy(p->weights, weight_cases[_i].weights, 3);
    ipl_all(3);
    for (unsigned n = 1; n <= 3; n++)
        serve(n, true);
    for (uint16_t port = 2000; port < 2060; port++)
        share[target_of(1, port)]++;
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(share[i + 1], weight_cases[_i].share[i]);
        const struct crht_count *count = crht_count_of(&plex.systems[1].stack->vipa.crht, DVA, 80, (uint8_t)(i + 1));
        ck_assert_uint_eq(count ? count->active : 0, share[i + 1]);
    }
}
END_TEST

START_TEST(weightedactive_gives_the_next_one_to_the_stack_that_has_become_free)
{
    unsigned target[3];

    three_targets(DIST_WEIGHTEDACTIVE);
    ipl_all(3);
    for (unsigned n = 1; n <= 3; n++)
        serve(n, true);
    for (uint16_t i = 0; i < 3; i++)
        target[i] = target_of(1, (uint16_t)(2000 + i));
    end_connection(target[1], 2001);
    ck_assert_uint_eq(target_of(1, 2003), target[1]);
}
END_TEST

START_TEST(a_connection_stays_with_its_target_until_it_ends)
{
    uint8_t packet[64];

    three_targets(DIST_ROUNDROBIN);
    ipl_all(3);
    serve(2, true);
    serve(3, true);
    ck_assert_uint_eq(target_of(1, 2000), 2);
    ck_assert_uint_eq(target_of(1, 2001), 3);
    unsigned before = plex.systems[2].event_count;
    ck_assert(route(1, packet, ack_packet(packet, 80, 2000)));
    ck_assert(route(1, packet, syn_packet(packet, 80, 2000)));      /* sent again */
    plex_settle();
    ck_assert_uint_eq(plex.systems[2].event_count, before + 2);
    serve(2, false);                                                /* its connections go on */
    ck_assert(route(1, packet, ack_packet(packet, 80, 2000)));
    plex_settle();
    ck_assert_uint_eq(target_of(1, 2000), 3);                       /* the client begins anew: not where nobody listens */
    end_connection(2, 2000);                                        /* of the one before: no concern of the new one */
    ck_assert(route(1, packet, ack_packet(packet, 80, 2000)));
    end_connection(3, 2000);
    ck_assert(!route(1, packet, ack_packet(packet, 80, 2000)));
    ck_assert_uint_eq(plex.systems[1].stack->vipa.crht.count, 1);
}
END_TEST

START_TEST(connections_of_a_dead_target_are_removed_and_others_are_not)
{
    uint8_t packet[64];

    three_targets(DIST_ROUNDROBIN);
    ipl_all(3);
    serve(2, true);
    serve(3, true);
    for (uint16_t i = 0; i < 10; i++)
        ck_assert_uint_eq(target_of(1, (uint16_t)(2000 + i)), i % 2 ? 3 : 2);
    plex_kill(2);
    plex_settle();
    ck_assert_uint_eq(plex.systems[1].stack->vipa.crht.count, 5);
    for (uint16_t i = 0; i < 10; i++)                               /* local: lwIP answers an unknown one with RST */
        ck_assert_int_eq(route(1, packet, ack_packet(packet, 80, (uint16_t)(2000 + i))), i % 2);
    plex_settle();
    for (uint16_t i = 0; i < 4; i++)
        ck_assert_uint_eq(target_of(1, (uint16_t)(3000 + i)), 3);
}
END_TEST

START_TEST(a_new_distributing_stack_knows_listeners_and_connections)
{
    uint8_t packet[64];

    three_targets(DIST_ROUNDROBIN);
    back_up(2, DVA, 10);
    ipl_all(4);
    for (unsigned n = 2; n <= 3; n++)
        serve(n, true);
    ck_assert_uint_eq(target_of(1, 2000), 2);
    ck_assert_uint_eq(target_of(1, 2001), 3);
    open_connection(2, 0, DVA, 80, 2000, true);
    open_connection(3, 0, DVA, 80, 2001, true);
    plex_kill(1);
    plex_settle();
    assert_owner(DVA, 2);
    ck_assert_uint_eq(plex.systems[2].stack->vipa.crht.count, 2);
    ck_assert(!route(2, packet, ack_packet(packet, 80, 2000)));     /* its own */
    ck_assert(route(2, packet, ack_packet(packet, 80, 2001)));
    plex_settle();
    ck_assert_uint_eq(target_of(2, 2002) + target_of(2, 2003), 5);
}
END_TEST

/* The old owner gives a target a connection after the target has reported to the new owner. */
START_TEST(a_connection_that_comes_by_the_old_owner_during_movement_is_known_to_the_new_one)
{
    const struct vipa_tuple tuple = { .peer = SERVER, .port = 80, .peer_port = 2000 };
    uint8_t packet[64];

    three_targets(DIST_ROUNDROBIN);
    back_up(2, DVA, 10);
    ipl_all(3);
    serve(3, true);
    ck_assert_int_eq(vipa_deactivate(&plex_select(1)->vipa, DVA), VIPA_OK);
    plex_settle();
    assert_owner(DVA, 2);
    ck_assert(route(1, packet, syn_packet(packet, 80, 2000)));      /* the client's ARP entry is old */
    plex_settle();
    ck_assert_uint_eq(last_event(3)->kind, DELIVERED);
    vipa_connection(&plex_select(3)->vipa, DVA, &tuple, true);
    ck_assert(route(2, packet, ack_packet(packet, 80, 2000)));
    ck_assert(crht_find(&plex.systems[2].stack->vipa.crht, DVA, &tuple)->confirmed);
}
END_TEST

/* Each of two jobs on different stacks connects to the other: one address in both directions, returns by port. */
START_TEST(paired_applications_share_one_address)
{
    uint8_t packet[64];

    three_targets(DIST_ROUNDROBIN);
    plex.systems[1].profile.dvipas[0].clusterports = (struct profile_clusterports){ .on = true, .blocksize = 64 };
    ipl_all(3);
    vipa_listen(&plex_select(3)->vipa, 0, 9002, true);
    plex_settle();
    uint16_t port = connect_from(2);
    tcp_packet(packet, DVA, 9002);                                  /* MVS2's SYN comes round to MVS2 itself: it is for MVS3 */
    put_be32(packet + 12, DVA);
    put_be16(packet + 20, port);
    packet[33] = 0x02;
    ck_assert(route(2, packet, 40));
    plex_settle();
    ck_assert_uint_eq(last_event(3)->kind, DELIVERED);
    put_be16(packet + 20, 9002);                                    /* MVS3's answer */
    put_be16(packet + 22, port);
    packet[33] = 0x12;
    ck_assert(route(3, packet, 40));
    plex_settle();
    ck_assert_uint_eq(last_event(2)->kind, DELIVERED);
    ck_assert_uint_eq(get_be16(last_event(2)->packet + 22), port);
}
END_TEST

START_TEST(the_routing_table_takes_what_fits_and_gives_all_of_it_back)
{
    static struct vipa_crht crht;
    struct vipa_tuple t = { .peer = SERVER, .port = 80 };

    memset(&crht, 0, sizeof crht);
    for (uint32_t i = 0; i < CRHT_MAX; i++) {
        t.peer_port = (uint16_t)i;
        ck_assert_ptr_nonnull(crht_enter(&crht, DVA, &t, (uint8_t)(1 + i % 3), true, 0));
    }
    t.peer_port = (uint16_t)CRHT_MAX;
    ck_assert_ptr_null(crht_enter(&crht, DVA, &t, 1, true, 0));
    ck_assert_uint_eq(crht.full, 1);
    ck_assert_uint_eq(crht_clear(&crht, DVB, 0), 0);
    ck_assert_uint_eq(crht_clear(&crht, 0, 2), (CRHT_MAX + 1) / 3);
    t.peer_port = 1;
    ck_assert_ptr_null(crht_find(&crht, DVA, &t));
    t.peer_port = 3;
    ck_assert_uint_eq(crht_find(&crht, DVA, &t)->system, 1);
    crht_remove(&crht, DVA, &t, 2);                                 /* not that system's */
    ck_assert_ptr_nonnull(crht_find(&crht, DVA, &t));
    ck_assert(crht_has(&crht, DVA) && !crht_has(&crht, DVB));
    crht_clear(&crht, DVA, 0);
    ck_assert(crht.count == 0 && !crht_has(&crht, DVA));
    t.peer_port = 7;
    ck_assert_ptr_nonnull(crht_enter(&crht, DVA, &t, 1, false, 0));
    for (unsigned i = 0; i < CRHT_MAX / CRHT_SWEEP; i++)
        crht_age(&crht, CRHT_AGE_US);
    ck_assert_uint_eq(crht.count, 1);
    for (unsigned i = 0; i < CRHT_MAX / CRHT_SWEEP; i++)
        crht_age(&crht, CRHT_AGE_US + 1);
    ck_assert_uint_eq(crht.count, 0);
}
END_TEST

/* --- displays ------------------------------------------------------------------------------------------------------ */

static char display[4096];

static void on_line(void *context, const char *line)
{
    size_t used = strlen(display);

    (void)context;
    snprintf(display + used, sizeof display - used, "%s\n", line);
}

START_TEST(the_displays_are_those_of_the_product)
{
    plex_define(1, DVA, 64);
    plex_distribute(1, DVA);
    struct profile *p = &plex.systems[2].profile;
    p->dvipas[p->dvipa_count++] = (struct profile_dvipa){ .address = DVA, .backup = true, .rank = 100 };
    plex_define(2, DVB, 0);
    plex_ipl(1);
    plex_ipl(2);
    plex_settle();
    display[0] = 0;
    vipa_display_sysplex(&plex.systems[1].stack->vipa, 0, 100, on_line, NULL);
    ck_assert_str_eq(display,
                     "EZZ8260I SYSPLEX CS V2R5\n"
                     "VIPA DYNAMIC DISPLAY FROM TCPIP    AT MVS1\n"
                     "IPADDR: 10.1.1.1  LINKNAME: VIPL0A010101\n"
                     "  ORIGIN: VIPADEFINE\n"
                     "  TCPNAME  MVSNAME  STATUS RANK ADDRESS MASK    NETWORK PREFIX  DIST\n"
                     "  -------- -------- ------ ---- --------------- --------------- ----\n"
                     "  TCPIP    MVS1     ACTIVE      255.255.255.0   10.1.1.0        BOTH\n"
                     "  TCPIP    MVS2     BACKUP 100                                  DEST\n"
                     "IPADDR: 10.1.1.2\n"
                     "  ORIGIN: VIPADISTRIBUTE TARGET\n"
                     "  TCPNAME  MVSNAME  STATUS RANK ADDRESS MASK    NETWORK PREFIX  DIST\n"
                     "  -------- -------- ------ ---- --------------- --------------- ----\n"
                     "  TCPIP    MVS2     ACTIVE      255.255.255.0   10.1.1.0        \n"
                     "3 OF 3 RECORDS DISPLAYED\n");
    display[0] = 0;
    vipa_display_sysplex(&plex.systems[1].stack->vipa, DVA, 1, on_line, NULL);
    ck_assert_ptr_nonnull(strstr(display, "  TCPIP    MVS1     ACTIVE      255.255.255.0   10.1.1.0        BOTH\n1 OF 2 RECORDS DISPLAYED\n"));
    display[0] = 0;
    vipa_display_group(&plex.systems[1].stack->vipa, on_line, NULL);
    ck_assert_str_eq(display, "EZZ8270I SYSPLEX GROUP FOR TCPIP AT MVS1 IS EZBTCPCS\n");
    display[0] = 0;
    vipa_display_netstat(&plex.systems[2].stack->vipa, 100, on_line, NULL);
    ck_assert_ptr_nonnull(strstr(display, "10.1.1.1        255.255.255.0   BACKUP      VIPABACKUP            DEST"));
    ck_assert_ptr_nonnull(strstr(display, "10.1.1.2        255.255.255.0   ACTIVE      VIPADEFINE"));
    ck_assert_ptr_nonnull(strstr(display, "2 OF 2 RECORDS DISPLAYED"));
}
END_TEST

START_TEST(vdpt_and_vcrt_show_what_the_distributing_stack_knows)
{
    three_targets(DIST_ROUNDROBIN);
    plex.systems[1].profile.distributes[0].ports[0] = 80;
    plex.systems[1].profile.distributes[0].port_count = 1;
    ipl_all(3);
    serve(2, true);
    ck_assert_uint_eq(target_of(1, 2000), 2);
    ck_assert_uint_eq(target_of(1, 2001), 2);
    end_connection(2, 2000);
    display[0] = 0;
    vipa_display_vdpt(&plex.systems[1].stack->vipa, 100, true, on_line, NULL);
    ck_assert_str_eq(display, "EZD0101I NETSTAT CS V2R5 TCPIP\n"
                              "DYNAMIC VIPA DESTINATION PORT TABLE:\n"
                              "DEST IPADDR     DPORT DESTXCF ADDR    RDY TOTALCONN  WLM\n"
                              "10.1.1.1        00080 192.168.0.1     000 0000000000 01\n"
                              "  DISTMETHOD: ROUNDROBIN     ACTCONN: 0000000000\n"
                              "10.1.1.1        00080 192.168.0.2     001 0000000002 01\n"
                              "  DISTMETHOD: ROUNDROBIN     ACTCONN: 0000000001\n"
                              "10.1.1.1        00080 192.168.0.3     000 0000000000 01\n"
                              "  DISTMETHOD: ROUNDROBIN     ACTCONN: 0000000000\n"
                              "3 OF 3 RECORDS DISPLAYED\n"
                              "END OF THE REPORT\n");
    display[0] = 0;
    vipa_display_vcrt(&plex.systems[1].stack->vipa, 100, true, on_line, NULL);
    ck_assert_str_eq(display, "EZD0101I NETSTAT CS V2R5 TCPIP\n"
                              "DYNAMIC VIPA CONNECTION ROUTING TABLE:\n"
                              "DEST IPADDR     DPORT SRC IPADDR      SPORT DESTXCF ADDR\n"
                              "10.1.1.1        00080 10.99.99.99     02001 192.168.0.2\n"
                              "  MVSNAME: MVS2     STATE: ESTABLISHED\n"
                              "1 OF 1 RECORDS DISPLAYED\n"
                              "END OF THE REPORT\n");
    display[0] = 0;
    vipa_display_vdpt(&plex.systems[2].stack->vipa, 100, false, on_line, NULL);
    ck_assert_ptr_nonnull(strstr(display, "0 OF 0 RECORDS DISPLAYED"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("vipa");

    tcase_add_test(t, the_owner_advertises_and_the_targets_do_not);
    tcase_add_test(t, destip_names_the_targets);
    tcase_add_test(t, targets_that_were_there_before_the_owner_get_the_address);
    tcase_add_loop_test(t, what_comes_back_reaches_the_stack_that_has_the_port, 0, 5);
    tcase_add_test(t, a_port_that_changes_its_stack_changes_its_way);
    tcase_add_test(t, errors_of_the_network_reach_the_stack_too);
    tcase_add_test(t, other_packets_are_local);
    tcase_add_test(t, packets_for_a_dead_stack_are_local);
    tcase_add_test(t, a_distributing_stack_that_is_back_knows_the_ports);
    tcase_add_test(t, ports_taken_while_nobody_distributed_are_told_later);
    tcase_add_test(t, of_two_that_define_an_address_the_later_one_has_it);
    tcase_add_test(t, an_address_of_a_range_is_activated_once);
    tcase_add_test(t, a_message_that_is_not_valid_changes_nothing);
    tcase_add_test(t, a_dvipa_that_is_added_becomes_active_on_owner_and_targets);
    tcase_add_test(t, a_dvipa_that_is_deleted_goes_on_all_stacks_and_can_come_back);
    tcase_add_test(t, targets_follow_the_distribution);
    tcase_add_test(t, clusterports_added_live_spare_the_ports_in_use_on_every_stack);
    tcase_add_test(t, clusterports_that_go_leave_no_port_taken);
    tcase_add_test(t, clusterports_of_a_range_come_to_its_active_addresses);
    tcase_add_loop_test(t, the_highest_rank_of_the_living_takes_over, 0, sizeof rank_cases / sizeof *rank_cases);
    tcase_add_test(t, a_backup_that_dies_in_the_middle_of_the_takeover_is_followed_by_the_next);
    tcase_add_test(t, a_backup_alone_starts_the_address_only_if_moveable_was_said);
    tcase_add_loop_test(t, crossing_claims_have_one_winner, 0, 4);
    tcase_add_test(t, two_takeovers_at_once_have_one_winner);
    tcase_add_test(t, immediate_takeback_leaves_connections_with_the_old_owner);
    tcase_add_test(t, whenidle_takeback_waits_for_the_last_connection);
    tcase_add_test(t, who_answers_arp_waits_for_the_reports_of_all_but_not_for_ever);
    tcase_add_test(t, a_deleted_address_is_taken_over_and_its_connections_are_gone);
    tcase_add_test(t, a_deactivated_address_is_taken_over_with_its_connections_kept);
    tcase_add_test(t, who_leaves_the_group_has_no_dvipas_until_it_joins_again);
    tcase_add_loop_test(t, two_actions_on_one_address_follow_the_product_s_table, 0, sizeof conflict_cases / sizeof *conflict_cases);
    tcase_add_loop_test(t, an_address_of_a_range_goes_with_its_last_socket, 0, 3);
    tcase_add_test(t, an_address_of_a_range_can_be_deleted);
    tcase_add_loop_test(t, whatever_has_happened_all_stacks_say_the_same, 0, 48);
    tcase_add_loop_test(t, weightedactive_keeps_active_connections_in_proportion, 0, sizeof weight_cases / sizeof *weight_cases);
    tcase_add_test(t, connections_go_round_the_targets_where_somebody_listens);
    tcase_add_test(t, weightedactive_gives_the_next_one_to_the_stack_that_has_become_free);
    tcase_add_test(t, a_connection_stays_with_its_target_until_it_ends);
    tcase_add_test(t, connections_of_a_dead_target_are_removed_and_others_are_not);
    tcase_add_test(t, a_new_distributing_stack_knows_listeners_and_connections);
    tcase_add_test(t, a_connection_that_comes_by_the_old_owner_during_movement_is_known_to_the_new_one);
    tcase_add_test(t, paired_applications_share_one_address);
    tcase_add_test(t, the_routing_table_takes_what_fits_and_gives_all_of_it_back);
    tcase_add_test(t, vdpt_and_vcrt_show_what_the_distributing_stack_knows);
    tcase_add_test(t, the_displays_are_those_of_the_product);
    return plex_main(t, "core_vipa");
}
