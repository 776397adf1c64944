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

/* A time of the platform's clock (us since 1970, UTC) as date and time of day. */
struct text_time {
    uint32_t year, month, day, hour, minute, second, hundredth;
};
struct text_time text_time_of(uint64_t us);

/* "yyyy/mm/dd hh:mm:ss.th"; out has room for TEXT_TIME_SIZE bytes. Returns out. */
#define TEXT_TIME_SIZE 24
char *text_time(char out[TEXT_TIME_SIZE], uint64_t us);

/* "hh.mm.ss", as displays have it; out has room for TEXT_CLOCK_SIZE bytes. Returns out. */
#define TEXT_CLOCK_SIZE 9
char *text_clock(char out[TEXT_CLOCK_SIZE], uint64_t us);

/* Parse [yyyy/mm/dd-]hh.mm.ss[.th], years 1970 to 2105; a colon does for a point and a blank for the dash. Without a date: the day of now_us. */
bool text_parse_time(const char *text, uint64_t now_us, uint64_t *us);

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
