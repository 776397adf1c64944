/* A console for tests: what the stack writes to the operator is kept, line by line. It is a whole platform for modules
 * that only write; tests of modules that do more link platform/host instead. */
#ifndef TEST_CONSOLE_H
#define TEST_CONSOLE_H

/* All lines since the last call of console_clear(), each ended by \n. */
const char *console_text(void);
void console_clear(void);

/* As a callback of displays: context is not used. */
void console_line(void *context, const char *line);

#endif
