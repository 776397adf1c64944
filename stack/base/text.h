/* Text without a C library: formatting, names, IPv4 addresses. The same source in the image and on the host. */
#ifndef STACK_TEXT_H
#define STACK_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/limits.h"

/* Format into out (size bytes, always ended by 0). Knows %s %.Ns %-Ns %c %d %u %x %X with width, '-', '0' and the length
 * modifiers h, hh, l, ll, z; %%. Returns the length without the ending 0, cut at size-1. */
int text_format(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int text_vformat(char *out, size_t size, const char *format, va_list arguments);

/* Format one line and write it to the operator. */
void text_wto(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Dotted decimal of an address in host byte order; out has room for 16 bytes. Returns out. */
char *text_ip(char *out, uint32_t address);

/* Parse dotted decimal (exactly four numbers 0..255, nothing after). */
bool text_parse_ip(const char *text, uint32_t *address);

/* Parse an unsigned decimal number not above max, nothing after it. */
bool text_parse_u32(const char *text, uint32_t max, uint32_t *value);

/* Names: NAME_LEN bytes, blank padded, upper case on the wire; C strings in the code. */
void text_name_put(uint8_t out[NAME_LEN], const char *name);
void text_name_get(char out[NAME_LEN + 1], const uint8_t in[NAME_LEN]);

/* Compare without regard to case. */
bool text_equal(const char *a, const char *b);

/* Is word an abbreviation of keyword? Its capitals are the least that must be there: "VIPADEFine" is met by VIPADEF,
 * vipadefi, VIPADEFINE. A keyword in capitals only must be written in full. */
bool text_abbreviates(const char *word, const char *keyword);

/* How well pattern, a name with perhaps an asterisk at its end, matches name: 0 not at all, 1 for the asterisk alone,
 * 1 + n for n characters before the asterisk, TEXT_MATCH_EXACT without one. The higher is the more specific. */
#define TEXT_MATCH_EXACT 64
unsigned text_match(const char *pattern, const char *name);

#endif
