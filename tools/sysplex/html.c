#include "tools/sysplex/html.h"

#include <errno.h>
#include <stdarg.h>

/* Bytes of the character that begins here, 0: it is none that may stand in an XML document. */
static size_t character(const unsigned char *c)
{
    size_t length = *c < 0x80 ? 1 : *c >= 0xc2 && *c < 0xe0 ? 2 : *c >= 0xe0 && *c < 0xf0 ? 3 : *c >= 0xf0 && *c < 0xf5 ? 4 : 0;
    if (length == 1)
        return *c >= 0x20 || *c == '\n' || *c == '\t';
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] >= 0xa0) || (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] >= 0x90) ||
        (*c == 0xef && c[1] == 0xbf && c[2] >= 0xbe))
        return 0;
    return length;
}

void html_text(FILE *out, const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    while (*c) {
        size_t length = character(c);
        const char *escaped = *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : *c == '"' ? "&quot;" : *c == '\'' ? "&#39;" : NULL;
        if (escaped || !length)
            fputs(escaped ? escaped : "?", out);
        else
            fwrite(c, 1, length, out);
        c += length ? length : 1;
    }
}

void html_print(FILE *out, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    html_text(out, text);
}

int html_base64(FILE *out, FILE *file)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char in[3];
    size_t got;
    while ((got = fread(in, 1, sizeof in, file)) > 0) {
        uint32_t bits = (uint32_t)in[0] << 16 | (got > 1 ? (uint32_t)in[1] << 8 : 0) | (got > 2 ? in[2] : 0);
        for (unsigned i = 0; i < 4; i++)
            fputc(i <= got ? digits[bits >> (18 - 6 * i) & 63] : '=', out);
    }
    return ferror(file) ? -EIO : 0;
}
