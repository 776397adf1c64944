/* echo ADDRESS COUNT SIZE TIMEOUT-MS : send COUNT ICMP echo requests with SIZE bytes of data, one after the other, and check the
 * replies: source, identifier, sequence number and every byte. Exit code 0 when each came within the time. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DATA_MAX 60000
#define HEADER 8u
#define IP_HEADER_MAX 60

static uint16_t checksum(const uint8_t *data, size_t length)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum += (uint32_t)data[i] << (i % 2 == 0 ? 8 : 0);
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static void build(uint8_t *packet, uint16_t id, uint16_t sequence, size_t size)
{
    memset(packet, 0, HEADER);
    packet[0] = ICMP_ECHO;
    packet[4] = (uint8_t)(id >> 8), packet[5] = (uint8_t)id;
    packet[6] = (uint8_t)(sequence >> 8), packet[7] = (uint8_t)sequence;
    for (size_t i = 0; i < size; i++)
        packet[HEADER + i] = (uint8_t)(i * 7 + sequence);
    uint16_t sum = checksum(packet, HEADER + size);
    packet[2] = (uint8_t)(sum >> 8), packet[3] = (uint8_t)sum;
}

/* The reply to this request: the same but for the type and the checksum. */
static bool is_reply(const uint8_t *packet, ssize_t length, const uint8_t *request, size_t request_length)
{
    size_t ip_header = (size_t)(packet[0] & 0x0F) * 4;

    return length > 0 && (size_t)length == ip_header + request_length && packet[ip_header] == ICMP_ECHOREPLY &&
           memcmp(packet + ip_header + 4, request + 4, request_length - 4) == 0;
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static bool echo(int fd, const struct sockaddr_in *to, const uint8_t *request, size_t length, int64_t timeout_us)
{
    static uint8_t packet[IP_HEADER_MAX + HEADER + DATA_MAX];
    int64_t deadline = now_us() + timeout_us;

    if (sendto(fd, request, length, 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
        return false;
    for (int64_t left; (left = deadline - now_us()) > 0;) {
        struct timeval limit = { left / 1000000, left % 1000000 };
        struct sockaddr_in from;
        socklen_t size = sizeof(from);

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        ssize_t got = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size);
        if (got > 0 && from.sin_addr.s_addr == to->sin_addr.s_addr && is_reply(packet, got, request, length))
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    static uint8_t request[HEADER + DATA_MAX];
    struct sockaddr_in to = { .sin_family = AF_INET };

    if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || atoi(argv[3]) > DATA_MAX || atoi(argv[3]) < 0) {
        fprintf(stderr, "usage: echo ADDRESS COUNT SIZE TIMEOUT-MS\n");
        return 2;
    }
    int count = atoi(argv[2]), answered = 0;
    int64_t longest = 0;
    size_t size = (size_t)atoi(argv[3]);
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    int64_t began = now_us();

    if (fd < 0) {
        perror("echo: raw socket");
        return 1;
    }
    for (int n = 0; n < count; n++) {
        int64_t sent = now_us();

        build(request, (uint16_t)getpid(), (uint16_t)n, size);
        answered += echo(fd, &to, request, HEADER + size, atol(argv[4]) * 1000);
        if (now_us() - sent > longest)
            longest = now_us() - sent;
    }
    printf("%d of %d answered, %ld us each, the longest %ld us\n", answered, count,
           (long)(now_us() - began) / (count > 0 ? count : 1), (long)longest);
    return answered == count ? 0 : 1;
}
