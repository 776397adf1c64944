/* Which test lets a process die at every step of which command. Every command of cf_arch.h is one of these, or the compiler
 * complains; crash_complete() is how each of the tests shows that it has all of its own. */
#ifndef CF_CRASH_H
#define CF_CRASH_H

#include <stddef.h>
#include <stdint.h>

enum crash_test {
    CRASH_NO_COMMAND,       /* there is no such command */
    CRASH_CHANGES_NOTHING,  /* test_cf_crash sees that it does not */
    CRASH_COMMANDS,         /* test_cf_crash: what was done is all or nothing, or done when it is repeated */
    CRASH_ALTER,            /* test_cf_alter, _duplex, _rebuild: what consists of many transactions */
    CRASH_DUPLEX,
    CRASH_REBUILD,
};

enum crash_test crash_test_of(uint16_t command);

/* The commands, count of them, size bytes apart, are (at least) all of those that are the test's. Called within a test. */
void crash_complete(enum crash_test test, const uint16_t *first, size_t count, size_t size);

#endif
