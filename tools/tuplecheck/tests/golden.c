#include "tools/tuplecheck/tests/golden.h"

#include <sys/stat.h>
#include <unistd.h>

static struct talk established(struct script *s, unsigned image, uint16_t port, uint32_t isn)
{
    struct talk t = script_syn(s, image, port, isn);
    script_accept(s, &t);
    return t;
}

/* Three images, a port each, all open at once, closed one after the other: 3 * 8 packets. */
static void clean_run(struct script *s)
{
    struct talk talks[3];
    for (unsigned i = 0; i < 3; i++)
        talks[i] = established(s, i + 1, (uint16_t)(2000 + i), 1000 * i);
    for (unsigned i = 0; i < 3; i++)
        script_ask(s, &talks[i]);
    for (unsigned i = 0; i < 3; i++)
        script_close(s, &talks[i]);
}

/* MVS2 takes port 2000 while MVS1 has it (packets 1 and 6). The server answers with an ACK of MVS1's numbers, MVS2 resets
 * what it takes for an old connection, and MVS1's is gone: its next segment is answered by RST. */
static void collision(struct script *s)
{
    struct talk one = established(s, 1, 2000, 1000);
    script_ask(s, &one);
    struct talk two = script_syn(s, 2, 2000, 0x5eed0000);
    server_sends(s, &one, TCP_ACK, 0);
    struct talk reset = { .image = 2, .port = 2000, .sent = one.sent };
    image_sends(s, &reset, TCP_RST, 0);
    two.sent--;
    image_sends(s, &two, TCP_SYN, 0);           /* and tries again */
    script_accept(s, &two);
    image_sends(s, &one, TCP_ACK, 40);          /* MVS1's request meets MVS2's connection: answered by a challenge ACK */
    server_sends(s, &two, TCP_ACK, 0);
    struct talk refusal = { .image = 1, .port = 2000, .sent = two.sent };
    image_sends(s, &refusal, TCP_RST, 0);       /* the reset of a stack that does not know these numbers */
    script_ask(s, &two);
    script_close(s, &two);
}

/* The same with sequence numbers that are close to each other, as those of one cluster are by RFC 6528: MVS2's reset of what
 * it takes for an old connection is near its own numbers, but it is no end of its own attempt. */
static void close_numbers(struct script *s)
{
    struct talk one = established(s, 1, 2000, 1000);
    script_ask(s, &one);
    struct talk two = script_syn(s, 2, 2000, 3000);
    server_sends(s, &one, TCP_ACK, 0);
    struct talk reset = { .image = 2, .port = 2000, .sent = one.sent };
    image_sends(s, &reset, TCP_RST, 0);
    two.sent--;
    image_sends(s, &two, TCP_SYN, 0);
    script_accept(s, &two);
    script_close(s, &two);
}

/* An image gives up before it is answered, and says so. */
static void taken_back(struct script *s)
{
    struct talk t = script_syn(s, 1, 2000, 1000);
    image_sends(s, &t, TCP_RST, 0);
}

/* MVS1 and MVS2 send a SYN each before either is answered. */
static void both_at_once(struct script *s)
{
    struct talk one = script_syn(s, 1, 2000, 1000);
    struct talk two = script_syn(s, 2, 2000, 0x5eed0000);
    script_accept(s, &one);
    script_close(s, &one);
    (void)two;
}

static void reuse(struct script *s)
{
    for (unsigned image = 1; image <= 2; image++)
        for (unsigned i = 0; i < 2; i++) {
            struct talk t = established(s, image, 2000, 5000 * (image * 2 + i));
            script_close(s, &t);
        }
}

/* The second SYN comes before the last ACK of the first connection: not closed yet, so it is a collision. */
static void reuse_too_early(struct script *s)
{
    struct talk one = established(s, 1, 2000, 1000);
    image_sends(s, &one, TCP_FIN | TCP_ACK, 0);
    server_sends(s, &one, TCP_FIN | TCP_ACK, 0);
    script_syn(s, 2, 2000, 0x5eed0000);
    image_sends(s, &one, TCP_ACK, 0);
}

static void resets(struct script *s)
{
    struct talk refused = script_syn(s, 1, 2000, 1000);
    server_sends(s, &refused, TCP_RST | TCP_ACK, 0);
    struct talk by_server = established(s, 1, 2001, 2000);
    server_sends(s, &by_server, TCP_RST, 0);
    struct talk by_image = established(s, 2, 2002, 3000);
    image_sends(s, &by_image, TCP_RST | TCP_ACK, 0);
}

static void repeated_syn(struct script *s)
{
    struct talk t = script_syn(s, 1, 2000, 1000);
    for (int i = 0; i < 2; i++) {
        t.sent--;
        image_sends(s, &t, TCP_SYN, 0);
    }
    script_accept(s, &t);
    script_close(s, &t);
}

/* The image was started anew and knows nothing of its old connection. */
static void opened_anew(struct script *s)
{
    established(s, 1, 2000, 1000);
    struct talk t = established(s, 1, 2000, 50000);
    script_close(s, &t);
}

/* MVS1 never had an answer; MVS2 takes the port 200 s later. */
static void given_up(struct script *s)
{
    script_syn(s, 1, 2000, 1000);
    s->us += 200000000;
    struct talk t = established(s, 2, 2000, 50000);
    script_close(s, &t);
}

/* Sequence numbers pass 2^32 in the middle. */
static void numbers_wrap(struct script *s)
{
    struct talk t = established(s, 1, 2000, UINT32_MAX - 20);
    script_ask(s, &t);
    script_close(s, &t);
}

static void tagged(struct script *s)
{
    s->vlan = true;
    collision(s);
}

static void cut_off(struct script *s)
{
    s->cut = 40;
    clean_run(s);
}

/* Everything that is not a TCP segment, and one connection. */
static void mixed(struct script *s)
{
    static const uint8_t arp[60] = { [12] = 0x08, [13] = 0x06 };
    static const uint8_t udp_to_all[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 0x08, [14] = 0x45, [17] = 46, [23] = 17,
                                            [26] = 10, [30] = 10, [39] = 26 };
    static const uint8_t icmp[60] = { [12] = 0x08, [14] = 0x45, [17] = 46, [23] = 1 };
    static const uint8_t udp_too_short[60] = { [12] = 0x08, [14] = 0x45, [17] = 46, [23] = 17, [39] = 7 };
    static const uint8_t fragment[60] = { [12] = 0x08, [14] = 0x45, [17] = 46, [20] = 0x00, [21] = 0x10, [23] = 6 };
    static const uint8_t header_too_short[60] = { [12] = 0x08, [14] = 0x42, [17] = 46, [23] = 6 };
    static const uint8_t longer_than_itself[60] = { [12] = 0x08, [14] = 0x45, [16] = 0x40, [23] = 6 };
    static const uint8_t tcp_too_short[60] = { [12] = 0x08, [14] = 0x45, [17] = 46, [23] = 6, [46] = 0x10 };
    const uint8_t *const frames[] = { arp, udp_to_all, icmp, udp_too_short, fragment, header_too_short, longer_than_itself, tcp_too_short };
    for (unsigned i = 0; i < sizeof frames / sizeof frames[0]; i++)
        script_bytes(s, frames[i], 60, 60);
    script_bytes(s, arp, 5, 5);
    struct talk t = established(s, 1, 2000, 1000);
    script_close(s, &t);
}

static void over_ipv6(struct script *s)
{
    s->ipv6 = true;
    collision(s);
}

static void ipv6_clean(struct script *s)
{
    s->ipv6 = true;
    clean_run(s);
}

/* A flow ends by silence: then another image may have it. */
static void udp_alone(struct script *s)
{
    const struct talk one = { .image = 1, .port = 2000 }, two = { .image = 2, .port = 2000 };
    for (int i = 0; i < 2; i++) {
        image_datagram(s, &one);
        server_datagram(s, &one);
        s->us += 100000000;
    }
    s->us += 100000000;
    image_datagram(s, &two);
    server_datagram(s, &two);
}

static void udp_collision(struct script *s)
{
    const struct talk one = { .image = 1, .port = 2000 }, two = { .image = 2, .port = 2000 };
    image_datagram(s, &one);
    s->us += 60000000;
    image_datagram(s, &two);
    image_datagram(s, &one);
}

static void nothing(struct script *s)
{
    (void)s;
}

/* One line a story: name, story, file; verdict; packets, opened, completed, refused, reset, abandoned, open, peak,
 * collisions; repeated SYNs, challenge ACKs, foreign segments, reuses, of these by another; ports; kinds; doubts; UDP flows;
 * link layer. */
const struct golden golden[] = {
    { "clean", clean_run, 0, NULL, VERDICT_UNIQUE, 24, 3, 3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 3, { 24 }, 0, 0, 0 },
    { "collision", collision, 0, NULL, VERDICT_VIOLATED, 19, 2, 1, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 1, { 19 }, 0, 0, 0 },
    { "close-numbers", close_numbers, 0, NULL, VERDICT_VIOLATED, 14, 2, 1, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 1, { 14 }, 0, 0, 0 },
    { "taken-back", taken_back, 0, NULL, VERDICT_UNIQUE, 2, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, { 2 }, 0, 0, 0 },
    { "both-at-once", both_at_once, 0, NULL, VERDICT_VIOLATED, 7, 2, 1, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 1, { 7 }, 0, 0, 0 },
    { "reuse", reuse, 0, NULL, VERDICT_UNIQUE, 24, 4, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 1, 1, { 24 }, 0, 0, 0 },
    { "reuse-too-early", reuse_too_early, 0, NULL, VERDICT_VIOLATED, 7, 2, 1, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 1, { 7 }, 0, 0, 0 },
    { "resets", resets, 0, NULL, VERDICT_UNIQUE, 10, 3, 0, 1, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, { 10 }, 0, 0, 0 },
    { "repeated-syn", repeated_syn, 0, NULL, VERDICT_UNIQUE, 8, 1, 1, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 1, { 8 }, 0, 0, 0 },
    { "opened-anew", opened_anew, 0, NULL, VERDICT_UNIQUE, 9, 2, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, { 9 }, 0, 0, 0 },
    { "given-up", given_up, 0, NULL, VERDICT_UNIQUE, 7, 2, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, { 7 }, 0, 0, 0 },
    { "numbers-wrap", numbers_wrap, 0, NULL, VERDICT_UNIQUE, 8, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, { 8 }, 0, 0, 0 },
    { "vlan", tagged, 0, NULL, VERDICT_VIOLATED, 19, 2, 1, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 1, { 19 }, 0, 0, 0 },
    { "mixed", mixed, 0, NULL, VERDICT_UNIQUE, 15, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, { 6, 3, 1, 5, 0, 0 }, 0, 0, 0 },
    { "cooked", collision, 0, NULL, VERDICT_VIOLATED, 19, 2, 1, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 1, { 19 }, 0,
      .link = DLT_LINUX_SLL },
    { "cooked-2", collision, 0, NULL, VERDICT_VIOLATED, 19, 2, 1, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 1, { 19 }, 0,
      .link = DLT_LINUX_SLL2 },
    { "raw", clean_run, 0, NULL, VERDICT_UNIQUE, 24, 3, 3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 3, { 24 }, 0, .link = DLT_RAW },
    { "ipv6", over_ipv6, 0, NULL, VERDICT_VIOLATED, 19, 2, 1, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 1, { 19 }, 0, 0, 0 },
    { "ipv6-raw", ipv6_clean, 0, NULL, VERDICT_UNIQUE, 24, 3, 3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 3, { 24 }, 0,
      .link = DLT_RAW },
    { "udp", udp_alone, 0, NULL, VERDICT_UNIQUE, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, { [PACKET_UDP] = 6 }, 0,
      .udp_flows = 2 },
    { "udp-collision", udp_collision, 0, NULL, VERDICT_VIOLATED, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1,
      { [PACKET_UDP] = 3 }, 0, .udp_flows = 2 },
    { "link-unknown", clean_run, 0, NULL, VERDICT_UNKNOWN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, 1,
      .link = DLT_PPP },
    { "cut-off", cut_off, 0, NULL, VERDICT_UNKNOWN, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0, 0, 0, 0, 24 }, 2, 0, 0 },
    { "truncated", clean_run, -10, NULL, VERDICT_UNKNOWN, 23, 3, 2, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 3, { 23 }, 1, 0, 0 },
    { "truncated-collision", collision, -10, NULL, VERDICT_VIOLATED, 18, 2, 0, 0, 0, 0, 2, 2, 1, 1, 1, 0, 0, 0, 1, { 18 }, 1, 0, 0 },
    { "no-packets", nothing, 0, NULL, VERDICT_UNKNOWN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, 1, 0, 0 },
    { "half-a-header", clean_run, 13, NULL, VERDICT_UNKNOWN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, 1, 0, 0 },
    { "empty", NULL, 0, "", VERDICT_UNKNOWN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, 1, 0, 0 },
    { "garbage", NULL, 0, "This is a letter to a friend, and not a capture at all.\n", VERDICT_UNKNOWN, 0, 0, 0, 0, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, { 0 }, 1, 0, 0 },
};
const unsigned golden_count = sizeof golden / sizeof golden[0];

static int write_content(const struct golden *g, const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return -1;
    int written = fputs(g->content, out);
    return fclose(out) == 0 && written >= 0 ? 0 : -1;
}

int golden_write(const struct golden *g, const char *path)
{
    struct script s;
    if (g->content)
        return write_content(g, path);
    if (!script_begin_link(&s, path, g->link ? g->link : DLT_EN10MB))
        return -1;
    g->story(&s);
    script_end(&s);
    struct stat status;
    if (!g->file_bytes || stat(path, &status) < 0)
        return 0;
    return truncate(path, g->file_bytes > 0 ? g->file_bytes : status.st_size + g->file_bytes);
}
