#include "tools/tuplecheck/address.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

bool address_is_unicast(struct address a)
{
    uint32_t v4 = (uint32_t)a.low;
    if (address_is_v4(a))
        return v4 >> 24 != 0 && v4 >> 28 != 0xe && v4 != UINT32_MAX;
    return a.high >> 56 != 0xff && (a.high | a.low) != 0;
}

bool address_parse(const char *text, struct address *a)
{
    struct in_addr v4;
    uint64_t v6[2];
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *a = address_v4(ntohl(v4.s_addr));
        return true;
    }
    if (inet_pton(AF_INET6, text, v6) != 1)
        return false;
    *a = (struct address){ be64toh(v6[0]), be64toh(v6[1]) };
    return true;
}

struct address_text address_text(struct address a)
{
    struct address_text t;
    struct in_addr v4 = { htonl((uint32_t)a.low) };
    uint64_t v6[2] = { htobe64(a.high), htobe64(a.low) };
    if (address_is_v4(a))
        inet_ntop(AF_INET, &v4, t.s, sizeof t.s);
    else
        inet_ntop(AF_INET6, v6, t.s, sizeof t.s);
    return t;
}
