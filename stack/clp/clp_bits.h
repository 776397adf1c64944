/* Port maps: 64-bit words, port p is bit p & 63 from the high end of word p >> 6. In the CF the same words stand big-endian,
 * so that port 0 is the high bit of byte 0. The compiler's built-in here is an instruction on either machine (FLOGR, BSR), not a library call. */
#ifndef CLP_BITS_H
#define CLP_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t port_bit(uint32_t port)
{
    return 1ull << (63 - (port & 63));
}

static inline bool port_in(const uint64_t *map, uint32_t port)
{
    return (map[port >> 6] & port_bit(port)) != 0;
}

static inline void port_set(uint64_t *map, uint32_t port)
{
    map[port >> 6] |= port_bit(port);
}

static inline void port_clear(uint64_t *map, uint32_t port)
{
    map[port >> 6] &= ~port_bit(port);
}

/* Number of bits set. */
static inline uint32_t bits_count(uint64_t w)
{
    w -= (w >> 1) & 0x5555555555555555ull;
    w = (w & 0x3333333333333333ull) + ((w >> 2) & 0x3333333333333333ull);
    w = (w + (w >> 4)) & 0x0F0F0F0F0F0F0F0Full;
    return (uint32_t)((w * 0x0101010101010101ull) >> 56);
}

/* Place of the first bit set, 0 = high end; w is not 0. */
static inline uint32_t bits_first(uint64_t w)
{
    return (uint32_t)__builtin_clzll(w);
}

static inline uint64_t bits_rotate_left(uint64_t w, uint32_t n)
{
    return n ? (w << n) | (w >> (64 - n)) : w;
}

#endif
