/* LCS, lwIP and the VIPA netifs against a real Linux host: ping, HTTP, ARP. The host's part of each step is a function of
 * net.sh, which runs while the guest goes on serving the network, and then answers with a card. */
#include <string.h>

#include "guest-tests/lib/gt.h"
#include "lwip/ip.h"
#include "lwip/tcp.h"
#include "lwip/inet_chksum.h"
#include "lwip/prot/icmp.h"
#include "stack/base/text.h"
#include "stack/image/lcs.h"
#include "stack/image/loop.h"
#include "stack/image/lwip/hooks.h"
#include "stack/image/net.h"
#include "stack/image/reader.h"
#include "stack/platform/platform.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define HOME IP(10, 1, 0, 7)
#define HOME_MASK IP(255, 255, 0, 0)
#define SERVER IP(10, 1, 0, 100)
#define VIPA IP(10, 1, 9, 1)
#define HTTP_PORT 80
#define GREETING_PORT 7000
#define GREETING "HELLO FROM THE GUEST\n"
#define TIME_LIMIT_US 20000000u
#define GETS 300u
#define HELD 1000u
#define IN_FLIGHT 64u

static struct reader reader;
static unsigned from_lan, from_xcf;

/* The hooks that the stack extension has in a real image. */

int stack_hook_ip4_input(struct pbuf *p, struct netif *netif)
{
    (void)p;
    if (net_came_over_xcf(netif))
        from_xcf++;
    else
        from_lan++;
    return 0;
}

u32_t stack_hook_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port)
{
    (void)local_ip, (void)local_port, (void)remote_ip, (void)remote_port;
    return (u32_t)platform_random();
}

/* Have the host do its part of a step, and serve the network meanwhile. */
static void host(const char *step)
{
    struct card card;

    text_wto("HOST %s", step);
    while (!reader_card(&reader, &card))
        image_loop_once();
}

/* One HTTP request at a time. */

static struct {
    bool done, failed;
    char answer[16];            /* the first bytes, "HTTP/1.1 200 OK" */
    unsigned length;
} http;

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)argument, (void)error;
    if (p == NULL) {
        http.done = true;
        return tcp_close(pcb);
    }
    if (http.length == 0)
        pbuf_copy_partial(p, http.answer, sizeof(http.answer) - 1, 0);
    http.length += p->tot_len;
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static void on_error(void *argument, err_t error)
{
    (void)argument, (void)error;
    http.done = http.failed = true;
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";

    (void)argument, (void)error;
    if (pcb->remote_port != HTTP_PORT)
        return ERR_OK;
    tcp_write(pcb, request, sizeof(request) - 1, 0);
    return tcp_output(pcb);
}

/* GET / from the server at port, or just listen to what another port says; source 0 = as lwIP chooses. Returns the length of the answer, 0 on failure. */
static unsigned get(uint32_t source, uint32_t server, uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new();
    ip_addr_t from = { lwip_htonl(source) }, to = { lwip_htonl(server) };
    uint64_t deadline = platform_clock_us() + TIME_LIMIT_US;

    memset(&http, 0, sizeof(http));
    tcp_recv(pcb, on_receive);
    tcp_err(pcb, on_error);
    if (tcp_bind(pcb, &from, 0) != ERR_OK || tcp_connect(pcb, &to, port, on_connected) != ERR_OK) {
        tcp_abort(pcb);
        return 0;
    }
    while (!http.done && platform_clock_us() < deadline)
        image_loop_once();
    if (!http.done)
        tcp_abort(pcb);
    return http.failed || !http.done ? 0 : http.length;
}

/* A listener that greets and closes. */

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument;
    if (pcb == NULL || error != ERR_OK)
        return ERR_VAL;
    tcp_write(pcb, GREETING, sizeof(GREETING) - 1, 0);
    return tcp_close(pcb);
}

static void listen(void)
{
    struct tcp_pcb *pcb = tcp_new();

    tcp_bind(pcb, IP_ADDR_ANY, GREETING_PORT);
    tcp_accept(tcp_listen(pcb), on_accept);
}

/* Steps. */

static void test_start(void)
{
    uint64_t began = platform_clock_us();
    const char *error = net_start(7);

    gt_check(error == NULL, "the LAN starts%s%s", error ? ": " : "", error ? error : "");
    gt_check(net_home(NET_LINK_LAN, HOME, HOME_MASK) == NET_OK && net_is_home(HOME), "the link gets its address");
    gt_check(net_home(1, HOME, HOME_MASK) == NET_UNKNOWN, "a link that is not there gets none");
    gt_note("LAN start %lu us", platform_clock_us() - began);
    text_wto("READY");
}

static void test_home(void)
{
    host("ping_home");
    unsigned length = get(0, SERVER, HTTP_PORT);
    gt_check(length > 1000 && strncmp(http.answer, "HTTP/1.1 200 OK", 15) == 0, "an HTTP GET is answered: \"%s\", %u bytes",
             http.answer, length);
    listen();
    host("connect_home");
}

static void test_rate(void)
{
    uint64_t began = platform_clock_us();
    unsigned good = 0;

    for (unsigned n = 0; n < GETS; n++)
        good += get(0, SERVER, HTTP_PORT) > 1000;
    uint64_t took = platform_clock_us() - began;
    gt_check(good == GETS, "%u HTTP GETs in a row are answered, %u were", GETS, good);
    gt_note("%lu GETs a second, one at a time", GETS * 1000000ul / (took + 1));
}

/* Many connections open at once, as CONNGEN does it: a few on their way, the others held. */

static struct tcp_pcb *held[HELD];
static unsigned held_open, held_failed;

static err_t on_held(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument, (void)pcb, (void)error;
    held_open++;
    return ERR_OK;
}

static void on_held_error(void *argument, err_t error)
{
    (void)error;
    *(struct tcp_pcb **)argument = NULL;
    held_failed++;
}

static bool hold_one(unsigned n)
{
    ip_addr_t to = { lwip_htonl(SERVER) };

    held[n] = tcp_new();
    tcp_arg(held[n], &held[n]);
    tcp_err(held[n], on_held_error);
    return tcp_connect(held[n], &to, HTTP_PORT, on_held) == ERR_OK;
}

static void test_many_connections(void)
{
    uint64_t began = platform_clock_us(), deadline = began + TIME_LIMIT_US;
    unsigned started = 0;

    while (held_open + held_failed < HELD && platform_clock_us() < deadline) {
        while (started < HELD && started - held_open - held_failed < IN_FLIGHT && hold_one(started))
            started++;
        image_loop_once();
    }
    uint64_t took = platform_clock_us() - began;
    gt_check(held_open == HELD, "%u connections are open at once, %u are", HELD, held_open);
    gt_note("%lu connections a second, %u in flight", held_open * 1000000ul / (took + 1), IN_FLIGHT);
    for (unsigned n = 0; n < started; n++) {
        if (held[n] != NULL)
            tcp_close(held[n]);
        if (n % IN_FLIGHT == 0)
            image_loop_once();
    }
    host("ping_home");
}

static void test_vipa_advertised(void)
{
    gt_check(net_vipa_add(VIPA, true) == NET_OK && net_is_home(VIPA), "an advertised VIPA is added");
    gt_check(net_vipa_add(VIPA, true) == NET_EXISTS, "but not twice");
    host("ping_vipa");
    gt_check(get(VIPA, SERVER, HTTP_PORT) > 1000, "the VIPA can be the source of a connection");
    host("vipa_was_source");
    host("connect_vipa");
    gt_check(get(0, VIPA, GREETING_PORT) == sizeof(GREETING) - 1, "a connection to an address of its own works");
}

static void test_vipa_hidden(void)
{
    gt_check(net_vipa_set_advertise(VIPA, false) == NET_OK, "the VIPA is hidden");
    host("vipa_is_silent");
    host("vipa_accepts");
}

static void test_takeover(void)
{
    host("vipa_is_elsewhere");
    gt_check(net_vipa_set_advertise(VIPA, true) == NET_OK, "the VIPA is advertised again");
    host("vipa_has_moved");
}

/* A ping as if forwarded over XCF: the hook sees where it came from, the answer leaves by the LAN. */
static void test_xcf_input(void)
{
    static uint8_t packet[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1 };
    uint32_t source = SERVER, destination = VIPA;

    memcpy(packet + 12, &source, 4);
    memcpy(packet + 16, &destination, 4);
    packet[20] = ICMP_ECHO;
    uint16_t header_sum = inet_chksum(packet, 20), icmp_sum = inet_chksum(packet + 20, 8);
    memcpy(packet + 10, &header_sum, 2);
    memcpy(packet + 22, &icmp_sum, 2);

    host("count_echo_replies");
    from_xcf = 0;
    net_ip_input(packet, sizeof(packet));
    gt_check(from_xcf == 0, "a packet that comes over XCF waits for its turn");
    image_loop_once();
    gt_check(from_xcf == 1, "the input hook can tell a packet that came over XCF");
    host("echo_reply_came");
}

static void test_vipa_removed(void)
{
    gt_check(net_vipa_remove(VIPA) == NET_OK && !net_is_home(VIPA), "the VIPA is removed");
    gt_check(net_vipa_remove(VIPA) == NET_UNKNOWN, "but not twice");
    host("vipa_is_gone");
}

static void test_many_vipas(void)
{
    unsigned added = 0, removed = 0;

    while (net_vipa_add(VIPA + added, false) == NET_OK)
        added++;
    gt_check(added == NET_VIPA_MAX, "%u VIPAs fit, %u did", NET_VIPA_MAX, added);
    while (removed < added && net_vipa_remove(VIPA + removed) == NET_OK)
        removed++;
    gt_check(removed == added, "and all of them go again");
}

/* More frames than the blocks hold, without a chance for the channel to write them: the rest is dropped and counted, and
 * what follows works as before. */
static void test_too_many_frames(void)
{
    static const uint8_t header[14] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 7, 0x88, 0xB5 };
    uint64_t before = lcs_counters.frames_out;
    unsigned taken = 0;

    for (unsigned n = 0; n < 1000; n++) {
        uint8_t *frame = lcs_transmit(1514);

        if (frame != NULL) {
            memcpy(frame, header, sizeof(header));
            memset(frame + sizeof(header), 0, 1514 - sizeof(header));
            taken++;
        }
    }
    gt_check(taken > 150 && taken < 1000 && lcs_counters.dropped == 1000 - taken && lcs_counters.frames_out == before + taken,
             "of 1000 frames at once %u fit, the others are dropped and counted", taken);
    host("ping_home");
}

int main(void)
{
    gt_start();
    gt_check(reader_open(&reader, READER_COMMANDS), "the command reader is there");
    test_start();
    test_home();
    test_rate();
    test_many_connections();
    test_vipa_advertised();
    test_xcf_input();
    test_vipa_hidden();
    test_takeover();
    test_vipa_removed();
    test_many_vipas();
    gt_check(from_lan > 0 && lcs_counters.dropped == 0, "no frame was dropped");
    test_too_many_frames();
    gt_note("frames %lu in, %lu out, blocks %lu in, %lu out, wakeups %lu", lcs_counters.frames_in, lcs_counters.frames_out,
            lcs_counters.blocks_in, lcs_counters.blocks_out, lcs_counters.wakeups);
    gt_end();
}
