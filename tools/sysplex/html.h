/* Text in an HTML file that is well-formed XML, too. */
#ifndef SYSPLEX_HTML_H
#define SYSPLEX_HTML_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Text as it is to be read: markup characters are escaped; what is no UTF-8, and control characters, become question marks. */
void html_text(FILE *out, const char *text);

/* The same, formatted first; what is beyond 1023 bytes is cut off. */
__attribute__((format(printf, 2, 3))) void html_print(FILE *out, const char *format, ...);

/* A file's bytes in base64 (RFC 4648). 0 or -errno; something may have been written. */
int html_base64(FILE *out, FILE *file);

#endif
