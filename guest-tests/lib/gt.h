/* The library of the guest tests: results as TAP lines on the console, which the runner relays.
 *
 *     int main(void)
 *     {
 *         gt_start();
 *         gt_check(1 + 1 == 2, "the adder adds");
 *         gt_end();
 *     } */
#ifndef GUEST_TEST_H
#define GUEST_TEST_H

#include <stdbool.h>

/* Start the image: processor, console. */
void gt_start(void);

/* One result, with a text that names the behaviour. Returns ok. */
bool gt_check(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A measured figure or a word to the runner's script: a line that starts with "# ". */
void gt_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The plan, and the disabled wait WAIT_QUIESCED. */
_Noreturn void gt_end(void);

#endif
