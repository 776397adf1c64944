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
    ck_assert_uint_eq(vipa_find(&plex.systems[3].stack->vipa, DVA)->ports[0], 80);
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
    ck_assert(!route(2, packet, tcp_packet(packet, DVA, port)));        /* not the distributing stack */
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
    plex_ipl(1);                                /* the others have told it of nothing yet: the map is the CF's */
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

START_TEST(of_two_that_define_an_address_the_first_has_it)
{
    plex_define(1, DVA, 64);
    plex_define(2, DVA, 64);
    plex_ipl(2);
    plex_ipl(1);
    plex_settle();
    ck_assert_uint_eq(vipa_find(&plex.systems[1].stack->vipa, DVA)->owner, 2);
    ck_assert_uint_eq(vipa_find(&plex.systems[2].stack->vipa, DVA)->owner, 2);
    ck_assert(!vipa_find(&plex.systems[1].stack->vipa, DVA)->active);
    ck_assert_uint_eq(last_event(1)->kind, DEACTIVATED);
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
    ck_assert(!vipa_activate_range(&plex_select(1)->vipa, DVA));
    ck_assert(vipa_activate_range(&plex_select(1)->vipa, 0x0A020205));
    ck_assert(vipa_activate_range(&plex_select(1)->vipa, 0x0A020205));
    ck_assert_uint_eq(plex.systems[1].event_count, 1);
    ck_assert(plex.systems[1].events[0].advertise);
    plex_settle();
    ck_assert(!vipa_activate_range(&plex_select(2)->vipa, 0x0A020205));
    ck_assert(vipa_activate_range(&plex_select(2)->vipa, 0x0A020206));
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
        for (uint16_t type = 1; type <= 4; type++)
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
    ck_assert(!vipa_find(&plex.systems[3].stack->vipa, DVA)->distributed);
}
END_TEST

/* CLUSTERPORTS come to an address while connections use it: their ports are not given out again, on any stack. */
START_TEST(clusterports_added_live_spare_the_ports_in_use_on_every_stack)
{
    uint16_t first[PLEX_STACKS], port;
    uint64_t before = flow_counts[FLOW_8B_885];
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
    ck_assert_uint_eq(flow_counts[FLOW_8B_885], before + 3);
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
    uint64_t before = flow_counts[FLOW_8B_880];

    p->ranges[p->range_count++] = (struct profile_range){ .address = 0x0A020200, .mask = 0xFFFFFF00 };
    plex_ipl(1);
    ck_assert(vipa_activate_range(&plex_select(1)->vipa, 0x0A020205));
    ck_assert(!vipa_find(&plex.systems[1].stack->vipa, 0x0A020205)->clusterports.on);
    obey(1, clusterports_to_range);
    ck_assert(vipa_find(&plex.systems[1].stack->vipa, 0x0A020205)->clusterports.on);
    ck_assert_uint_eq(flow_counts[FLOW_8B_880], before + 1);
    obey(1, delete_from_range);
    ck_assert_ptr_null(vipa_find(&plex.systems[1].stack->vipa, 0x0A020205));
}
END_TEST

static char display[2048];

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
    vipa_display_sysplex(&plex.systems[1].stack->vipa, on_line, NULL);
    ck_assert_str_eq(display,
                     "EZZ8260I SYSPLEX CS V2R5\n"
                     "VIPA DYNAMIC DISPLAY FROM TCPIP    AT MVS1\n"
                     "IPADDR: 10.1.1.1  LINKNAME: VIPL0A010101\n"
                     "  ORIGIN: VIPADEFINE\n"
                     "  TCPNAME  MVSNAME  STATUS RANK ADDRESS MASK    NETWORK PREFIX  DIST\n"
                     "  -------- -------- ------ ---- --------------- --------------- ----\n"
                     "  TCPIP    MVS1     ACTIVE      255.255.255.0   10.1.1.0        BOTH\n"
                     "  TCPIP    MVS2     ACTIVE      255.255.255.0   10.1.1.0        DEST\n"
                     "IPADDR: 10.1.1.2\n"
                     "  ORIGIN: VIPADISTRIBUTE TARGET\n"
                     "  TCPNAME  MVSNAME  STATUS RANK ADDRESS MASK    NETWORK PREFIX  DIST\n"
                     "  -------- -------- ------ ---- --------------- --------------- ----\n"
                     "  TCPIP    MVS2     ACTIVE      255.255.255.0   10.1.1.0        \n"
                     "3 OF 3 RECORDS DISPLAYED\n");
    display[0] = 0;
    vipa_display_netstat(&plex.systems[2].stack->vipa, on_line, NULL);
    ck_assert_ptr_nonnull(strstr(display, "10.1.1.1        255.255.255.0   ACTIVE    VIPABACKUP            DEST"));
    ck_assert_ptr_nonnull(strstr(display, "10.1.1.2        255.255.255.0   ACTIVE    VIPADEFINE"));
    ck_assert_ptr_nonnull(strstr(display, "2 OF 2 RECORDS DISPLAYED"));
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
    tcase_add_test(t, of_two_that_define_an_address_the_first_has_it);
    tcase_add_test(t, an_address_of_a_range_is_activated_once);
    tcase_add_test(t, a_message_that_is_not_valid_changes_nothing);
    tcase_add_test(t, a_dvipa_that_is_added_becomes_active_on_owner_and_targets);
    tcase_add_test(t, a_dvipa_that_is_deleted_goes_on_all_stacks_and_can_come_back);
    tcase_add_test(t, targets_follow_the_distribution);
    tcase_add_test(t, clusterports_added_live_spare_the_ports_in_use_on_every_stack);
    tcase_add_test(t, clusterports_that_go_leave_no_port_taken);
    tcase_add_test(t, clusterports_of_a_range_come_to_its_active_addresses);
    tcase_add_test(t, the_displays_are_those_of_the_product);
    return plex_main(t, "core_vipa");
}
