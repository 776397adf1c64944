/* Operator commands that an image has been given, and where the answer of each begins and ends on its console.
 *
 * An image does one command after the other and writes the answer of each before it reads the next card. So a command goes
 * as a deck of three cards: a comment, itself, a comment. The image repeats each card on its console before it does it,
 * and does nothing at a comment:
 *
 *     * ANSWER 17 BEGINS          not logged
 *     D A,L                       the echo: logged, no part of the answer
 *     IEE114I DISPLAY ACTIVITY    the answer
 *      JOBS 00000
 *     * ANSWER 17 ENDS            not logged
 *
 * What jobs and the sysplex say on their own comes before or after, not in between. Who needs to know of something that
 * happens later ("A - ENDED") waits for a text, too. */
#ifndef SYSPLEX_COMMAND_H
#define SYSPLEX_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/sysplex/cards.h"
#include "tools/sysplex/loop.h"

enum {
    COMMAND_LINE_MAX = 126,     /* characters, as on a console: two cards */
    COMMAND_CARD_MAX = 80,
    COMMANDS_MAX = 16,          /* on their way to an image */
    COMMAND_AWAITED_MAX = 100,  /* characters of a text that is waited for */
    COMMAND_MS_MAX = 20000,     /* until the answer, unless said otherwise */
};

enum command_end {
    COMMAND_ANSWERED,
    COMMAND_REFUSED,            /* answered by a message that it cannot be done */
    COMMAND_UNANSWERED,         /* no answer, or the text did not come, in time */
    COMMAND_LOST,               /* the system has ended */
};

/* Who has given the command. Either may be NULL. */
struct command_listener {
    void (*line)(void *context, const char *system, const char *line);      /* of the answer */
    void (*ended)(void *context, const char *system, enum command_end end);
    void *context;
};

struct commands {
    struct loop *loop;
    struct cards *cards;
    const char *system;
    struct command *first;
    unsigned count, last_number;
};

void commands_open(struct commands *c, struct loop *loop, struct cards *cards, const char *system);

/* Give a command. text: may be empty, if only awaited is to be waited for. awaited: text that the console must show after
 * the command's echo before it counts as answered, or "". 0; -EINVAL: longer than a console line, not of
 * printable ASCII characters, or both empty; -EAGAIN: too many are on their way; -ENOMEM. On an error nothing is called. */
int commands_give(struct commands *c, const char *text, const char *awaited, unsigned ms_max, const struct command_listener *listener);

/* A line of the console. true: it is a comment of ours. */
bool commands_line(struct commands *c, const char *line);

/* The system has ended: nothing will be answered. */
void commands_lost(struct commands *c);

/* The listener with this context is gone: its commands go on without. */
void commands_forget(struct commands *c, const void *context);

/* Does this line say that the command before it was refused? */
bool command_is_refusal(const char *line);

#endif
