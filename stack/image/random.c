/* Random numbers of an image: xoshiro256** (Blackman, Vigna), seeded through SplitMix64.
 *
 * What it is worth: this machine has no instruction that gives random numbers. The seed is the TOD clock at IPL (microseconds
 * that an outsider can guess to about a second, and 12 bits below that which Hercules makes unique) and the CPU id; the time of
 * every interruption is stirred in, so what comes later depends on network and host timing to a fraction of a microsecond.
 * That keeps an outsider on the network from predicting ports, which is all it is used for. It is no generator for keys:
 * xoshiro's state can be computed from its output. */
#include "stack/image/random.h"

#include "stack/image/cpu.h"

static uint64_t state[4];

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = *x += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void random_init(void)
{
    uint64_t seed = cpu_tod() ^ rotate(cpu_id(), 32);

    for (unsigned i = 0; i < 4; i++)
        state[i] = splitmix(&seed);
}

void random_stir(uint64_t value)
{
    state[0] ^= splitmix(&value);
}

uint64_t random_next(void)
{
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t t = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotate(state[3], 45);
    return result;
}
