/* lwIP's view of the machine and the compiler. */
#ifndef IMAGE_LWIP_CC_H
#define IMAGE_LWIP_CC_H

#include "stack/base/text.h"
#include "stack/platform/platform.h"

#define BYTE_ORDER BIG_ENDIAN
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_LIMITS_H 1
#define INT_MAX __INT_MAX__
#define SSIZE_MAX INT32_MAX
typedef long ssize_t;

#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "lu"

#define LWIP_PLATFORM_DIAG(message) do { text_wto message; } while (0)
#define LWIP_PLATFORM_ASSERT(what) platform_fail(__FILE__, __LINE__, what)
#define LWIP_RAND() ((u32_t)platform_random())

/* The checksum of the Internet is one instruction here. */
static inline uint16_t cc_checksum(const void *data, int length)
{
    uint32_t sum = 0;
    register uint64_t r4 asm("4") = (uint64_t)data;
    register uint64_t r5 asm("5") = (uint64_t)length;

    asm volatile("0: cksm %0,4\n jo 0b" : "+d"(sum), "+d"(r4), "+d"(r5) : : "cc", "memory");
    sum = (sum >> 16) + (sum & 0xFFFF);
    return (uint16_t)(sum + (sum >> 16));
}

#endif
