/* Exit codes of sysplex. */
#ifndef SYSPLEX_EXITS_H
#define SYSPLEX_EXITS_H

enum exit_code {
    EXIT_AS_EXPECTED = 0,       /* done; a run showed what it should */
    EXIT_NOT_AS_EXPECTED = 1,   /* a run did not; a system has refused a command */
    EXIT_NOT_RUN = 2,           /* it could not be done */
    EXIT_USAGE = 64,
    EXIT_INTERRUPTED = 130,
};

#endif
