/* An IP address: IPv6, or IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
#ifndef TUPLECHECK_ADDRESS_H
#define TUPLECHECK_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

struct address {
    uint64_t high, low;
};

struct address_text {
    char s[48];
};

static inline struct address address_v4(uint32_t a)
{
    return (struct address){ .low = 0xffff00000000u | a };
}

static inline bool address_is_v4(struct address a)
{
    return a.high == 0 && a.low >> 32 == 0xffff;
}

static inline bool address_equal(struct address a, struct address b)
{
    return a.high == b.high && a.low == b.low;
}

/* Order of addresses as numbers: less than 0, 0, more than 0. */
static inline int address_compare(struct address a, struct address b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low < b.low ? -1 : a.low > b.low;
}

/* Can a packet to or from it belong to a flow between two hosts? Not :: and 0.0.0.0, no multicast, no limited broadcast. */
bool address_is_unicast(struct address a);

/* Usual notation of either family. false: text is no address. */
bool address_parse(const char *text, struct address *a);
struct address_text address_text(struct address a);

#endif
