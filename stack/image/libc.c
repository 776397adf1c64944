/* The part of the C library that lwIP, the stack and the compiler use in an image.
 *
 * Moving and filling use MVCLE: one instruction of the emulator per page, far faster than a loop. The others are plain. */
#include <stdlib.h>
#include <string.h>

#include <stdint.h>

static inline void move_long(void *to, uint64_t to_size, const void *from, uint64_t from_size, uint64_t padding)
{
    register uint64_t r2 asm("2") = (uint64_t)to;
    register uint64_t r3 asm("3") = to_size;
    register uint64_t r4 asm("4") = (uint64_t)from;
    register uint64_t r5 asm("5") = from_size;

    asm volatile("0: mvcle 2,4,0(%4)\n jo 0b"
                 : "+d"(r2), "+d"(r3), "+d"(r4), "+d"(r5)
                 : "a"(padding)
                 : "cc", "memory");
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    move_long(to, size, from, size, 0);
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *t = to;
    const volatile uint8_t *f = from;

    if ((uintptr_t)to - (uintptr_t)from >= size)
        return memcpy(to, from, size);
    while (size-- > 0)
        t[size] = f[size];
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    move_long(to, size, NULL, 0, (uint8_t)byte);
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (; size > 0; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *in, int byte, size_t size)
{
    for (const uint8_t *p = in; size > 0; size--, p++)
        if (*p == (uint8_t)byte)
            return (void *)(uintptr_t)p;
    return NULL;
}

/* volatile: or the compiler makes this loop a call of strlen. */
size_t strlen(const char *text)
{
    size_t length = 0;

    while (((const volatile char *)text)[length] != 0)
        length++;
    return length;
}

size_t strnlen(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length] != 0)
        length++;
    return length;
}

int strncmp(const char *a, const char *b, size_t size)
{
    for (; size > 0; size--, a++, b++)
        if (*a != *b || *a == 0)
            return (uint8_t)*a - (uint8_t)*b;
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int character)
{
    for (;; text++) {
        if (*text == (char)character)
            return (char *)(uintptr_t)text;
        if (*text == 0)
            return NULL;
    }
}

char *strstr(const char *text, const char *part)
{
    size_t length = strlen(part);

    for (; *text != 0 || length == 0; text++)
        if (strncmp(text, part, length) == 0)
            return (char *)(uintptr_t)text;
    return NULL;
}

int atoi(const char *text)
{
    int value = 0;

    while (*text >= '0' && *text <= '9')
        value = value * 10 + (*text++ - '0');
    return value;
}
