#include "tools/sysplex/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
    struct command *next;
    struct commands *owner;
    struct command_listener listener;
    unsigned number;
    bool begun, echoed, answered, refused;
    bool text_due;                          /* awaited has not come yet */
    char awaited[COMMAND_AWAITED_MAX + 1];
};

static const char comment_format[] = "* ANSWER %u %6[A-Z]";
static const char hercules_message[] = "HHC";       /* the emulator's own messages are no part of an answer */

static void time_out(void *context);

/* Messages by which z/OS and this stack refuse a command or a part of it; of the project's own, those of type E. */
bool command_is_refusal(const char *line)
{
    static const char *const ids[] = {
        "IEE122I", "IEE305I", "IEE306I", "IEE307I", "IEE308I", "IEE309I", "IEE310I", "IEE311I", "IEE341I", "IEE535I", "IEE700I", "IEE711I",
        "IEF452I", "IXC372I", "IXC373I", "IXC533I", "EZZ0059I", "EZZ0301I",
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (strncmp(line, ids[i], strlen(ids[i])) == 0)
            return true;
    return (strncmp(line, "CFS", 3) == 0 && strspn(line + 3, "0123456789") == 3 && line[6] == 'E') ||
           (strncmp(line, "IXC367I", 7) == 0 && strstr(line, "REJECTED")) || (strncmp(line, "EZZ0065I", 8) == 0 && !strstr(line, ", 0 ERRORS"));
}

/* Take it out of the list and tell. */
static void end_command(struct command *command, enum command_end end)
{
    struct commands *c = command->owner;
    struct command **at = &c->first;
    while (*at != command)
        at = &(*at)->next;
    *at = command->next;
    c->count--;
    loop_timer_stop(c->loop, time_out, command);
    if (command->listener.ended)
        command->listener.ended(command->listener.context, c->system, end);
    free(command);
}

static void time_out(void *context)
{
    end_command(context, COMMAND_UNANSWERED);
}

void commands_open(struct commands *c, struct loop *loop, struct cards *cards, const char *system)
{
    *c = (struct commands){ .loop = loop, .cards = cards, .system = system };
}

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

/* What one card has no room for goes on on the next: a + in the last column says so. */
static int send_deck(struct commands *c, const char *text, unsigned number)
{
    char deck[COMMAND_LINE_MAX + 96];
    size_t all = strlen(text);
    bool two = all > COMMAND_CARD_MAX || (all == COMMAND_CARD_MAX && text[all - 1] == '+');
    int first = two ? COMMAND_CARD_MAX - 1 : (int)all;
    int length = snprintf(deck, sizeof deck, "* ANSWER %u BEGINS\n%.*s%s%s\n* ANSWER %u ENDS\n", number, first, text, two ? "+\n" : "",
                          text + first, number);
    return cards_send(c->cards, deck, (size_t)length);
}

int commands_give(struct commands *c, const char *text, const char *awaited, unsigned ms_max, const struct command_listener *listener)
{
    bool is_card = text[strspn(text, " ")] != '\0';
    if (strlen(text) > COMMAND_LINE_MAX || strlen(awaited) > COMMAND_AWAITED_MAX || !is_printable(text) || !is_printable(awaited) ||
        (!is_card && !*awaited))
        return -EINVAL;
    if (c->count == COMMANDS_MAX)
        return -EAGAIN;
    struct command *command = calloc(1, sizeof *command);
    if (!command)
        return -ENOMEM;
    *command = (struct command){ .next = c->first, .owner = c, .listener = *listener, .number = ++c->last_number,
                                 .begun = !is_card, .echoed = !is_card, .answered = !is_card, .text_due = *awaited };
    strcpy(command->awaited, awaited);
    int rc = is_card ? send_deck(c, text, command->number) : 0;
    if (rc < 0) {
        free(command);
        return rc;
    }
    c->first = command;
    c->count++;
    loop_timer(c->loop, ms_max, time_out, command);
    return 0;
}

/* Who waits for a text judges by that: a refusal ends the wait only if the text is not a part of it. */
static void end_if_complete(struct command *command)
{
    bool text_came = command->awaited[0] && !command->text_due;
    if (command->answered && command->refused && !text_came)
        end_command(command, COMMAND_REFUSED);
    else if (command->answered && !command->text_due)
        end_command(command, COMMAND_ANSWERED);
}

static void comment(struct commands *c, unsigned number, bool begins)
{
    struct command *command = c->first;
    while (command && command->number != number)
        command = command->next;
    if (!command)
        return;                             /* it has timed out */
    command->begun = true;
    command->answered = command->answered || !begins;
    end_if_complete(command);
}

static void take_line(struct command *command, const char *line)
{
    if (!command->echoed) {
        command->echoed = true;
        return;
    }
    if (command->listener.line)
        command->listener.line(command->listener.context, command->owner->system, line);
    command->refused = command->refused || (!command->answered && command_is_refusal(line));
    if (command->text_due && strstr(line, command->awaited))
        command->text_due = false;
    end_if_complete(command);
}

bool commands_line(struct commands *c, const char *line)
{
    unsigned number;
    char word[8];
    if (sscanf(line, comment_format, &number, word) == 2 && (strcmp(word, "BEGINS") == 0 || strcmp(word, "ENDS") == 0)) {
        comment(c, number, strcmp(word, "BEGINS") == 0);
        return true;
    }
    if (strncmp(line, hercules_message, strlen(hercules_message)) == 0)
        return false;
    for (struct command *command = c->first, *next; command; command = next) {
        next = command->next;
        if (command->begun)
            take_line(command, line);
    }
    return false;
}

void commands_lost(struct commands *c)
{
    while (c->first)
        end_command(c->first, COMMAND_LOST);
}

void commands_forget(struct commands *c, const void *context)
{
    for (struct command *command = c->first; command; command = command->next)
        if (command->listener.context == context)
            command->listener = (struct command_listener){ 0 };
}
