/* The images that may send in a capture: what each is called, and when it was dead. As text, which `sysplex` writes beside a capture:
 *
 *   # comment
 *   02:00:00:00:00:01 MVS1                                                MAC address, name
 *   02:00:00:00:00:01@1763887812.345678901-1763887813.1                   it was dead from then until then, seconds since 1970
 *   02:00:00:00:00:01@1763887815.2                                        and for good */
#ifndef TUPLECHECK_ROSTER_H
#define TUPLECHECK_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/tuplecheck/flow.h"

enum { ROSTER_NAME_SIZE = 32 };

struct roster_image {
    uint64_t sender;            /* MAC address */
    char name[ROSTER_NAME_SIZE];
};

struct roster {                 /* all 0: empty */
    struct roster_image *images;
    size_t image_count;
    struct flow_death *deaths;
    size_t death_count;
};

/* false: no memory. */
bool roster_add_image(struct roster *r, uint64_t sender, const char *name);
bool roster_add_death(struct roster *r, const struct flow_death *death);

/* NULL: it has none. */
const char *roster_name(const struct roster *r, uint64_t sender);

/* "02:00:00:00:00:03@1763887812.345", or with "-" and a later time behind it. false: it is something else. */
bool roster_parse_death(const char *text, struct flow_death *death);

/* Add what a file says. 0, or -errno: told on standard error, -EINVAL for a wrong line. */
int roster_read(struct roster *r, const char *path);
void roster_write(const struct roster *r, FILE *out);
void roster_free(struct roster *r);

#endif
