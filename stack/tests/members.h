/* A library of members for tests: names and texts, and what profile_load() and the like read them with. Messages go to the
 * console but for those that tell of the members themselves. */
#ifndef TEST_MEMBERS_H
#define TEST_MEMBERS_H

#include <stdbool.h>

#include "stack/profile/profile.h"

#define MEMBERS_MAX 64

struct members {
    const char *names[MEMBERS_MAX], *texts[MEMBERS_MAX];
    unsigned count;
    const char *open;                   /* what is left of the open member's text, NULL: none is open */
    unsigned opened;                    /* how often one was */
    int read_error_after;               /* > 0: so many reads succeed, then one fails */
    bool all_messages;                  /* to the console, also EZZ0300I, EZZ0309I, EZZ0316I */
    const char *(*symbol)(void *context, const char *name);
    struct profile_source source;
    struct profile_input input;
};

/* The one library, empty. */
struct members *members_new(void);
void members_add(struct members *members, const char *name, const char *text);

/* Exactly the fields and rows that all profiles must keep, whatever they were read from; aborts. */
void members_check_profile(const struct profile *profile);

#endif
