/* IPL parameters: blank-separated KEYWORD=VALUE, ASCII, that the .ins file loads at location 8000 hexadecimal.
 *
 *     SYSNAME=MVS1 SYSNUM=1 SYSPLEX=PLEX1 */
#ifndef IMAGE_PARM_H
#define IMAGE_PARM_H

#include <stdbool.h>
#include <stddef.h>

#include "stack/base/limits.h"

struct ipl_parm {
    char sysname[NAME_LEN + 1];
    char sysplex[NAME_LEN + 1];
    unsigned sysnum;            /* 1 .. SYSTEMS_MAX; the last byte of the MAC address too */
};

/* The value of a keyword. false: it is not there, or longer than size - 1. */
bool parm_value(const char *keyword, char *value, size_t size);

/* Read the three parameters that every image must have. NULL, or what is wrong. */
const char *parm_read(struct ipl_parm *parm);

#endif
