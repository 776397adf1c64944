#include "stack/tests/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/platform/platform.h"

static char text[65536];
static size_t length;

const char *console_text(void)
{
    return text;
}

void console_clear(void)
{
    length = 0;
    text[0] = 0;
}

void platform_wto(const char *line)
{
    length += (size_t)snprintf(text + length, sizeof text - length, "%s\n", line);
    if (length >= sizeof text)
        platform_fail(__FILE__, __LINE__, "console is full");
}

void console_line(void *context, const char *line)
{
    (void)context;
    platform_wto(line);
}

void platform_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}
