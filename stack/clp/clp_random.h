/* Random orders and starting points (RFC 6056). splitmix64, stirred with the platform's entropy at every move of a block:
 * cheap inside a block, and nobody who has seen the ports of one block knows the next. (With blocks of one port, every
 * sixteenth move: the platform's entropy may cost more than the move.) */
#ifndef CLP_RANDOM_H
#define CLP_RANDOM_H

#include "stack/clp/clp.h"

static inline void clp_random_stir(struct clp *clp)
{
    if (clp->stirred++ % 16 == 0 || clp->statistics.ports_taken > clp->statistics.taken)
        clp->random ^= platform_random();
}

static inline uint64_t clp_random(struct clp *clp)
{
    uint64_t z = clp->random += 0x9E3779B97F4A7C15ull;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

/* 0 .. n-1; n is at most 65536, the bias of the scaling is below 2^-16. */
static inline uint32_t clp_random_below(struct clp *clp, uint32_t n)
{
    return (uint32_t)(((clp_random(clp) >> 32) * n) >> 32);
}

#endif
