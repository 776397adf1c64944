/* The TOD clock in microseconds since 1970-01-01 UTC, the clock of the platform contract. */
#ifndef IMAGE_CLOCK_H
#define IMAGE_CLOCK_H

#include <stdint.h>

#define TOD_PER_US 4096u                        /* bit 51 of the TOD clock is a microsecond */
#define TOD_EPOCH_US 2208988800000000u          /* from 1900-01-01 to 1970-01-01, 70 years with 17 leap days */

static inline uint64_t clock_us(uint64_t tod)
{
    return tod / TOD_PER_US - TOD_EPOCH_US;
}

/* The TOD clock value of a time; a time beyond its range (the year 2042) is never reached. */
static inline uint64_t clock_tod(uint64_t us)
{
    return us < UINT64_MAX / TOD_PER_US - TOD_EPOCH_US ? (us + TOD_EPOCH_US) * TOD_PER_US : UINT64_MAX;
}

#endif
