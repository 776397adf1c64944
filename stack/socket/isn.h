/* Initial sequence numbers after RFC 6528: ISN = M + F(4-tuple, secret).
 *
 * M is the sysplex-wide clock in 4 us steps, F a keyed hash (SipHash-2-4). Secret and clock are the same on all images, so
 * that a 4-tuple which another image uses again goes on where the first one stopped and a peer in TIME_WAIT accepts it
 * (RFC 6191, RFC 1122 4.2.2.13). */
#ifndef STACK_ISN_H
#define STACK_ISN_H

#include <stdint.h>

/* secret: 16 bytes. Addresses and ports in host byte order. clock_us: sysplex-wide clock, microseconds. */
uint32_t isn_generate(const uint8_t secret[16], uint32_t local_address, uint16_t local_port, uint32_t remote_address,
                      uint16_t remote_port, uint64_t clock_us);

/* SipHash-2-4 (Aumasson and Bernstein, 2012) of a message of 16 bytes, given as its two little-endian words. */
uint64_t siphash_16(const uint8_t key[16], uint64_t first, uint64_t second);

#endif
