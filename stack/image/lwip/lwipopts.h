/* lwIP 2.1.3 as an image uses it, unpatched: no operating system, raw API, IPv4. Each size with its reason. */
#ifndef IMAGE_LWIPOPTS_H
#define IMAGE_LWIPOPTS_H

#include <stdint.h>

#define LWIP_HOOK_FILENAME "stack/image/lwip/hooks.h"
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1     /* the socket layer learns of a PCB's end by its destroy function */

/* One thread, raw API. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0

/* Memory. */
#define MEM_ALIGNMENT 8
#define MEM_SIZE (8 * 1024 * 1024)      /* what is sent and not yet acknowledged */
#define MEMP_NUM_TCP_PCB 17000          /* 16,000 connections held open, and some in TIME-WAIT */
#define MEMP_NUM_TCP_PCB_LISTEN 64
#define MEMP_NUM_TCP_SEG 8192
#define MEMP_NUM_UDP_PCB 8
#define MEMP_NUM_RAW_PCB 4
#define MEMP_NUM_PBUF 4096
#define MEMP_NUM_ARP_QUEUE 256
#define PBUF_POOL_SIZE 2048             /* more than the LCS hands over in one round: 4 blocks of 20 KiB */
#define PBUF_POOL_BUFSIZE 1600          /* an Ethernet frame in one piece */

/* Ethernet. */
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_SINGLE_NETIF 0
#define ETHARP_TABLE_MATCH_NETIF 0      /* every VIPA is a netif on the same wire: what one learned all know */
#define ARP_TABLE_SIZE 127              /* the largest; neighbours on the segment */
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 128               /* default 3: all but three of the first burst of SYNs would wait for a time-out */
#define LWIP_NETIF_LOOPBACK 1           /* a connection to an address of this stack */
#define LWIP_HAVE_LOOPIF 0

/* IP and what is on it. */
#define LWIP_IPV6 0
#define LWIP_ICMP 1
#define LWIP_RAW 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define IP_REASSEMBLY 1
#define IP_FRAG 1
#define IP_FORWARD 0                    /* the stack extension forwards, in its hook */

/* TCP. */
#define TCP_MSS 1460
#define TCP_WND (16 * TCP_MSS)
#define TCP_SND_BUF (8 * TCP_MSS)
#define TCP_SND_QUEUELEN 32
#define LWIP_TCP_RTO_TIME 1000          /* default 3 s; RFC 6298 says 1 s */
#define LWIP_TCP_KEEPALIVE 1
#define SO_REUSE 1
extern uint32_t net_tcp_msl_ms;
#define TCP_MSL net_tcp_msl_ms          /* a variable: the profile gives TIMEWAITINTERVAL, twice this */

#define LWIP_STATS 1
#define LWIP_STATS_DISPLAY 0
#define LWIP_CHKSUM cc_checksum

#endif
