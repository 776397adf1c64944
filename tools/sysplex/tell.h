/* What the tool says while it works: steps, errors, and one live line that is rewritten in place on a terminal. */
#ifndef SYSPLEX_TELL_H
#define SYSPLEX_TELL_H

#include <stdbool.h>
#include <stdio.h>

void tell_init(FILE *out, bool verbose);        /* before any other; out: where steps and the live line go */

__attribute__((format(printf, 1, 2))) void tell_step(const char *format, ...);
__attribute__((format(printf, 1, 2))) void tell_detail(const char *format, ...);    /* with -v only */
__attribute__((format(printf, 1, 2))) void tell_live(const char *format, ...);      /* without a terminal: a line each */
__attribute__((format(printf, 1, 2))) void tell_error(const char *format, ...);     /* to standard error */
bool tell_is_terminal(void);

#endif
