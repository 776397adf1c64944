/* The network of an image. See net.h. */
#include "stack/image/net.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/ip4.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "cfemu/arch/cf_bytes.h"
#include "stack/image/lcs.h"
#include "stack/image/loop.h"
#include "stack/platform/platform.h"

#define FRAME_MIN 60u
#define FRAME_ARP_TARGET 38u        /* offset of the target protocol address of an ARP frame */
#define FRAME_ARP_SIZE 42u
#define ETHERNET_MTU 1500u

uint32_t net_tcp_msl_ms = 30000;

static uint8_t mac[ETH_HWADDR_LEN] = { 0x02, 0, 0, 0, 0, 0 };
static struct netif lan;
static struct netif xcf;            /* not in lwIP's list: it only marks where a packet came from */
static struct netif vipas[NET_VIPA_MAX];
static bool vipa_used[NET_VIPA_MAX];

/* lwIP's clock. */
u32_t sys_now(void)
{
    return (u32_t)(platform_clock_us() / 1000);
}

static ip4_addr_t ip4(uint32_t address)
{
    return (ip4_addr_t){ lwip_htonl(address) };
}

static uint32_t address_of(const struct netif *netif)
{
    return lwip_ntohl(ip4_addr_get_u32(netif_ip4_addr(netif)));
}

static struct netif *find_vipa(uint32_t address)
{
    for (unsigned i = 0; i < NET_VIPA_MAX; i++)
        if (vipa_used[i] && address_of(&vipas[i]) == address)
            return &vipas[i];
    return NULL;
}

/* Frames out. */

static err_t frame_out(struct netif *netif, struct pbuf *p)
{
    uint16_t length = p->tot_len < FRAME_MIN ? FRAME_MIN : p->tot_len;
    uint8_t *frame = lcs_transmit(length);

    (void)netif;
    if (frame == NULL)
        return ERR_OK;              /* dropped, as on any wire */
    pbuf_copy_partial(p, frame, p->tot_len, 0);
    memset(frame + p->tot_len, 0, length - p->tot_len);
    return ERR_OK;
}

/* lwIP answers a ping by the netif that it came in by. */
static err_t xcf_output(struct netif *netif, struct pbuf *p, const ip4_addr_t *destination)
{
    (void)netif;
    return lan.output(&lan, p, destination);
}

/* Frames in. */

static bool is_arp(const uint8_t *frame, uint16_t length)
{
    return length >= FRAME_ARP_SIZE && get_be16(frame + 12) == ETHTYPE_ARP;
}

static struct netif *netif_of_frame(const uint8_t *frame, uint16_t length)
{
    struct netif *vipa = is_arp(frame, length) ? find_vipa(get_be32(frame + FRAME_ARP_TARGET)) : NULL;

    return vipa != NULL && (vipa->flags & NETIF_FLAG_ETHARP) ? vipa : &lan;
}

static struct pbuf *pbuf_of(const uint8_t *data, uint16_t length)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, length, PBUF_POOL);

    if (p != NULL)
        pbuf_take(p, data, length);
    return p;
}

/* The adapter is a TAP device and takes what the bridge floods, too: frames to the adapter of a system that has just died,
 * whose packets would be answered with a RST by every other stack that has their address. A group address has its low bit set. */
static bool is_for_us(const uint8_t *frame, uint16_t length)
{
    return length >= ETH_HWADDR_LEN && (frame[0] & 1 || memcmp(frame, mac, ETH_HWADDR_LEN) == 0);
}

static void frame_in(const uint8_t *frame, uint16_t length)
{
    if (!is_for_us(frame, length))
        return;
    struct netif *netif = netif_of_frame(frame, length);
    struct pbuf *p = pbuf_of(frame, length);

    if (p != NULL && netif->input(p, netif) != ERR_OK)
        pbuf_free(p);
}

/* What came over XCF and waits for its turn: it comes while lwIP is in the middle of another packet. */
static struct pbuf *xcf_queue[NET_XCF_QUEUE];
static uint32_t xcf_head, xcf_tail;     /* head - tail packets wait */

void net_ip_input(const uint8_t *packet, uint16_t length)
{
    struct pbuf *p = xcf_head - xcf_tail < NET_XCF_QUEUE ? pbuf_of(packet, length) : NULL;

    if (p == NULL)
        return;
    xcf_queue[xcf_head++ % NET_XCF_QUEUE] = p;
    loop_again();
}

static void xcf_poll_queue(void)
{
    while (xcf_tail != xcf_head)
        ip4_input(xcf_queue[xcf_tail++ % NET_XCF_QUEUE], &xcf);
}

bool net_came_over_xcf(const struct netif *netif)
{
    return netif == &xcf;
}

/* The event loop. */

static uint64_t poll(uint64_t now_us)
{
    uint64_t lcs_due = lcs_poll(now_us);

    xcf_poll_queue();
    netif_poll_all();
    sys_check_timeouts();
    u32_t sleep_ms = sys_timeouts_sleeptime();
    uint64_t timer_due = sleep_ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? LOOP_NEVER : now_us + sleep_ms * 1000ull;
    return timer_due < lcs_due ? timer_due : lcs_due;
}

/* Netifs. */

static err_t init_netif(struct netif *netif)
{
    netif->name[0] = netif == &lan ? 'l' : 'v';
    netif->name[1] = 'n';
    netif->output = etharp_output;
    netif->linkoutput = frame_out;
    netif->mtu = ETHERNET_MTU;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(netif->hwaddr, mac, ETH_HWADDR_LEN);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

const char *net_start(unsigned sysnum)
{
    mac[5] = (uint8_t)sysnum;
    lwip_init();
    xcf.output = xcf_output;
    xcf.mtu = ETHERNET_MTU;
    netif_add_noaddr(&lan, NULL, init_netif, ethernet_input);
    lan.flags |= NETIF_FLAG_ETHARP;
    netif_set_up(&lan);
    netif_set_default(&lan);

    const char *error = lcs_open(LCS_DEVICE, frame_in);
    if (error == NULL)
        loop_add(poll, lcs_flush);
    return error;
}

int net_home(unsigned link, uint32_t address, uint32_t mask)
{
    ip4_addr_t ip = ip4(address), netmask = ip4(mask);

    if (link != NET_LINK_LAN)
        return NET_UNKNOWN;
    if (find_vipa(address) != NULL)
        return NET_EXISTS;
    netif_set_addr(&lan, &ip, &netmask, netif_ip4_gw(&lan));
    return NET_OK;
}

int net_default_route(uint32_t gateway)
{
    ip4_addr_t ip = ip4(gateway);

    netif_set_gw(&lan, &ip);
    return NET_OK;
}

bool net_is_home(uint32_t address)
{
    return address == address_of(&lan) || find_vipa(address) != NULL;
}

static int free_vipa(void)
{
    for (int i = 0; i < NET_VIPA_MAX; i++)
        if (!vipa_used[i])
            return i;
    return -1;
}

int net_vipa_add(uint32_t address, bool advertise)
{
    ip4_addr_t ip = ip4(address), netmask = ip4(UINT32_MAX), none = ip4(0);
    int i = free_vipa();

    if (net_is_home(address))
        return NET_EXISTS;
    if (i < 0)
        return NET_FULL;
    netif_add(&vipas[i], &ip, &netmask, &none, NULL, init_netif, ethernet_input);
    vipa_used[i] = true;
    netif_set_up(&vipas[i]);
    return advertise ? net_vipa_set_advertise(address, true) : NET_OK;
}

int net_vipa_set_advertise(uint32_t address, bool advertise)
{
    struct netif *vipa = find_vipa(address);

    if (vipa == NULL)
        return NET_UNKNOWN;
    vipa->flags &= (u8_t)~NETIF_FLAG_ETHARP;
    if (advertise) {
        vipa->flags |= NETIF_FLAG_ETHARP;
        etharp_gratuitous(vipa);
    }
    return NET_OK;
}

int net_vipa_remove(uint32_t address)
{
    struct netif *vipa = find_vipa(address);

    if (vipa == NULL)
        return NET_UNKNOWN;
    netif_remove(vipa);
    vipa_used[vipa - vipas] = false;
    return NET_OK;
}
