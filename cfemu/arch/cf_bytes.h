/* Big-endian field access.
 *
 * Message blocks, CF entry data and wire formats are big-endian byte arrays on every machine. They are read and
 * written only through these functions; no struct is laid over a buffer. Freestanding. */
#ifndef CF_BYTES_H
#define CF_BYTES_H

#include <stdint.h>

static inline uint16_t get_be16(const uint8_t *p)
{
    return (uint16_t)((p[0] << 8) | p[1]);
}

static inline uint32_t get_be32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

/* The compiler makes one instruction of two or four bytes put together, but not of eight. */
static inline uint64_t get_be64(const uint8_t *p)
{
    uint64_t v;

    __builtin_memcpy(&v, p, sizeof v);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v : __builtin_bswap64(v);
}

static inline void put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
    if (__BYTE_ORDER__ != __ORDER_BIG_ENDIAN__)
        v = __builtin_bswap64(v);
    __builtin_memcpy(p, &v, sizeof v);
}

#endif
