/* Text without a C library (text.h).
 *
 * Everything here works on caller's storage and never writes past it: a text that does not fit is cut, never overrun.
 * The formatter knows only what the messages of this project need; a conversion it does not know stops the image, since
 * only a programming error can bring one here (the compiler checks every format string). */
#include "stack/base/text.h"

#include <string.h>

#include "stack/platform/platform.h"

struct output {
    char *text;
    size_t size, length;
};

struct conversion {
    unsigned width, precision;
    bool left, zero, limited;       /* '-', '0', a precision was given */
    unsigned longs;                 /* l, ll, z: how many times long; 0 = int */
};

static void emit(struct output *out, char c)
{
    if (out->length + 1 < out->size)
        out->text[out->length++] = c;
}

static void emit_padded(struct output *out, const struct conversion *how, const char *text, size_t length)
{
    size_t pad = how->width > length ? how->width - length : 0;

    if (!how->left)
        for (; pad > 0; pad--)
            emit(out, ' ');
    while (length-- > 0)
        emit(out, *text++);
    for (; pad > 0; pad--)
        emit(out, ' ');
}

static void emit_number(struct output *out, struct conversion how, uint64_t value, bool negative, unsigned base, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    size_t at = sizeof text;

    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value != 0);

    if (how.zero && !how.left) {
        if (negative)
            emit(out, '-');
        for (size_t length = sizeof text - at + negative; length < how.width; length++)
            emit(out, '0');
        how.width = 0;
    } else if (negative) {
        text[--at] = '-';
    }
    emit_padded(out, &how, text + at, sizeof text - at);
}

static const char *read_number(const char *format, unsigned *number)
{
    for (*number = 0; *format >= '0' && *format <= '9'; format++)
        *number = *number * 10 + (unsigned)(*format - '0');
    return format;
}

static const char *read_conversion(const char *format, struct conversion *how)
{
    memset(how, 0, sizeof *how);
    for (; *format == '-' || *format == '0'; format++) {
        how->left |= *format == '-';
        how->zero |= *format == '0';
    }
    format = read_number(format, &how->width);
    if (*format == '.') {
        how->limited = true;
        format = read_number(format + 1, &how->precision);
    }
    for (; *format == 'h' || *format == 'l' || *format == 'z'; format++)
        how->longs += *format != 'h';
    return format;
}

/* Passing a va_list by pointer needs this wrapper: the type may be an array. */
struct arguments {
    va_list list;
};

static uint64_t next_unsigned(struct arguments *arguments, unsigned longs)
{
    if (longs == 0)
        return va_arg(arguments->list, unsigned);
    if (longs == 1)
        return va_arg(arguments->list, unsigned long);
    return va_arg(arguments->list, unsigned long long);
}

static int64_t next_signed(struct arguments *arguments, unsigned longs)
{
    if (longs == 0)
        return va_arg(arguments->list, int);
    if (longs == 1)
        return va_arg(arguments->list, long);
    return va_arg(arguments->list, long long);
}

static void emit_string(struct output *out, const struct conversion *how, const char *text)
{
    size_t length = 0;

    while ((!how->limited || length < how->precision) && text[length] != 0)
        length++;
    emit_padded(out, how, text, length);
}

static void emit_conversion(struct output *out, const struct conversion *how, char kind, struct arguments *arguments)
{
    int64_t number;
    char c;

    switch (kind) {
    case 's':
        emit_string(out, how, va_arg(arguments->list, const char *));
        return;
    case 'c':
        c = (char)va_arg(arguments->list, int);
        emit_padded(out, how, &c, 1);
        return;
    case 'd':
        number = next_signed(arguments, how->longs);
        emit_number(out, *how, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0, 10, false);
        return;
    case 'u':
        emit_number(out, *how, next_unsigned(arguments, how->longs), false, 10, false);
        return;
    case 'x':
    case 'X':
        emit_number(out, *how, next_unsigned(arguments, how->longs), false, 16, kind == 'X');
        return;
    case '%':
        emit(out, '%');
        return;
    default:
        STACK_ASSERT(!"conversion known to text_format");
    }
}

int text_vformat(char *out, size_t size, const char *format, va_list list)
{
    struct output output = { out, size, 0 };
    struct conversion how;
    struct arguments arguments;

    STACK_ASSERT(size > 0);
    va_copy(arguments.list, list);
    while (*format != 0) {
        if (*format != '%') {
            emit(&output, *format++);
            continue;
        }
        format = read_conversion(format + 1, &how);
        emit_conversion(&output, &how, *format++, &arguments);
    }
    va_end(arguments.list);
    out[output.length] = 0;
    return (int)output.length;
}

int text_format(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = text_vformat(out, size, format, arguments);
    va_end(arguments);
    return length;
}

void text_wto(const char *format, ...)
{
    char line[WTO_MAX + 1];
    va_list arguments;

    va_start(arguments, format);
    text_vformat(line, sizeof line, format, arguments);
    va_end(arguments);
    platform_wto(line);
}

char *text_ip(char *out, uint32_t address)
{
    text_format(out, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
    return out;
}

/* An unsigned decimal number not above max; *text moves behind it. */
static bool take_number(const char **text, uint32_t max, uint32_t *value)
{
    uint64_t sum = 0;

    if (**text < '0' || **text > '9')
        return false;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        sum = sum * 10 + (uint64_t)(**text - '0');
        if (sum > max)
            return false;
    }
    *value = (uint32_t)sum;
    return true;
}

bool text_parse_ip(const char *text, uint32_t *address)
{
    uint32_t sum = 0, octet;

    for (int i = 0; i < 4; i++) {
        if (i > 0 && *text++ != '.')
            return false;
        if (!take_number(&text, 255, &octet))
            return false;
        sum = sum << 8 | octet;
    }
    if (*text != 0)
        return false;
    *address = sum;
    return true;
}

bool text_parse_u32(const char *text, uint32_t max, uint32_t *value)
{
    uint32_t number;

    if (!take_number(&text, max, &number) || *text != 0)
        return false;
    *value = number;
    return true;
}

/* --- dates (civil calendar; H. Hinnant's algorithms for eras of 400 years) ------------------------------------------ */

#define US_PER_DAY 86400000000u

struct text_time text_time_of(uint64_t us)
{
    uint32_t day = (uint32_t)(us / US_PER_DAY) + 719468u, second = (uint32_t)(us / 1000000u % 86400u);
    uint32_t era = day / 146097u, of_era = day % 146097u;
    uint32_t year = (of_era - of_era / 1460u + of_era / 36524u - of_era / 146096u) / 365u;
    uint32_t of_year = of_era - (365u * year + year / 4u - year / 100u), shifted = (5u * of_year + 2u) / 153u;
    uint32_t month = shifted < 10 ? shifted + 3 : shifted - 9;

    return (struct text_time){
        .year = year + era * 400u + (month <= 2), .month = month, .day = of_year - (153u * shifted + 2u) / 5u + 1,
        .hour = second / 3600u, .minute = second / 60u % 60u, .second = second % 60u,
        .hundredth = (uint32_t)(us / 10000u % 100u),
    };
}

char *text_time(char out[TEXT_TIME_SIZE], uint64_t us)
{
    struct text_time t = text_time_of(us);

    text_format(out, TEXT_TIME_SIZE, "%04u/%02u/%02u %02u:%02u:%02u.%02u", t.year, t.month, t.day, t.hour, t.minute, t.second,
                t.hundredth);
    return out;
}

char *text_clock(char out[TEXT_CLOCK_SIZE], uint64_t us)
{
    struct text_time t = text_time_of(us);

    text_format(out, TEXT_CLOCK_SIZE, "%02u.%02u.%02u", t.hour, t.minute, t.second);
    return out;
}

static uint64_t day_number(uint32_t year, uint32_t month, uint32_t day)
{
    uint32_t y = year - (month <= 2), era = y / 400u, of_era = y % 400u;
    uint32_t of_year = (153u * (month > 2 ? month - 3 : month + 9) + 2u) / 5u + day - 1;

    return era * 146097ull + of_era * 365u + of_era / 4u - of_era / 100u + of_year - 719468u;
}

/* A number from low to high, and one of the characters behind it (0: the end). */
static bool take_part(const char **text, uint32_t low, uint32_t high, const char *behind, uint32_t *number)
{
    if (!take_number(text, high, number) || *number < low)
        return false;
    if (**text == 0)
        return *behind == 0;
    for (; *behind; behind++)
        if (**text == *behind) {
            ++*text;
            return true;
        }
    return false;
}

static bool take_date(const char **text, uint64_t *us)
{
    uint32_t year, month, day;

    if (!take_part(text, 1970, 2105, "/", &year) || !take_part(text, 1, 12, "/", &month) || !take_part(text, 1, 31, "- ", &day))
        return false;
    *us = day_number(year, month, day) * US_PER_DAY;
    return text_time_of(*us).day == day;    /* no 31st of April */
}

bool text_parse_time(const char *text, uint64_t now_us, uint64_t *us)
{
    uint64_t day = now_us / US_PER_DAY * US_PER_DAY;
    uint32_t hour, minute, second, hundredth = 0;
    const char *slash = text;

    while (*slash && *slash != '/')
        slash++;
    if (*slash && !take_date(&text, &day))
        return false;
    if (!take_part(&text, 0, 23, ".:", &hour) || !take_part(&text, 0, 59, ".:", &minute) || !take_number(&text, 59, &second))
        return false;
    if (*text == '.' && (text++, !take_number(&text, 99, &hundredth)))
        return false;
    *us = day + (hour * 3600ull + minute * 60u + second) * 1000000u + hundredth * 10000u;
    return *text == 0;
}

/* --- names ---------------------------------------------------------------------------------------------------------- */

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

void text_name_put(uint8_t out[NAME_LEN], const char *name)
{
    for (int i = 0; i < NAME_LEN; i++)
        out[i] = *name != 0 ? (uint8_t)upper(*name++) : ' ';
}

void text_name_get(char out[NAME_LEN + 1], const uint8_t in[NAME_LEN])
{
    int length = NAME_LEN;

    while (length > 0 && (in[length - 1] == ' ' || in[length - 1] == 0))
        length--;
    memcpy(out, in, (size_t)length);
    out[length] = 0;
}

bool text_equal(const char *a, const char *b)
{
    while (*a != 0 && upper(*a) == upper(*b)) {
        a++;
        b++;
    }
    return upper(*a) == upper(*b);
}

bool text_abbreviates(const char *word, const char *keyword)
{
    size_t i = 0;

    for (; word[i] != 0; i++)
        if (upper(word[i]) != upper(keyword[i]))
            return false;
    return i > 0 && (keyword[i] == 0 || upper(keyword[i]) != keyword[i]);
}

unsigned text_match(const char *pattern, const char *name)
{
    unsigned i = 0;

    for (; pattern[i] != 0 && pattern[i] != '*'; i++)
        if (upper(pattern[i]) != upper(name[i]))
            return 0;
    if (pattern[i] == '*')
        return 1 + i;
    return i > 0 && name[i] == 0 ? TEXT_MATCH_EXACT : 0;
}
