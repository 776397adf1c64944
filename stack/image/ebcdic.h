/* EBCDIC as Hercules translates it by default. Characters without a counterpart become a question mark. */
#ifndef IMAGE_EBCDIC_H
#define IMAGE_EBCDIC_H

#include <stddef.h>
#include <stdint.h>

void ebcdic_init(void);
void ebcdic_from_ascii(uint8_t *out, const char *in, size_t length);
void ebcdic_to_ascii(char *out, const uint8_t *in, size_t length);

#endif
