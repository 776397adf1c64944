#include "stack/socket/isn.h"

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void sip_rounds(uint64_t v[4], int rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static uint64_t get_le64(const uint8_t *p)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = (value << 8) | p[i];
    return value;
}

uint64_t siphash_16(const uint8_t key[16], uint64_t first, uint64_t second)
{
    uint64_t k0 = get_le64(key), k1 = get_le64(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
    const uint64_t words[3] = {first, second, (uint64_t)16 << 56};

    for (int i = 0; i < 3; i++) {
        v[3] ^= words[i];
        sip_rounds(v, 2);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t isn_generate(const uint8_t secret[16], uint32_t local_address, uint16_t local_port, uint32_t remote_address,
                      uint16_t remote_port, uint64_t clock_us)
{
    uint64_t addresses = ((uint64_t)local_address << 32) | remote_address;
    uint64_t ports = ((uint64_t)local_port << 16) | remote_port;
    return (uint32_t)(clock_us / 4) + (uint32_t)siphash_16(secret, addresses, ports);
}
