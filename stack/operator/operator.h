/* The operator's commands: parser and dispatcher. It knows no command itself: each module registers its own.
 *
 *   S APPA,PGM=CONNGEN,DEST=10.1.0.100,TEXT='A B'
 *   │ └──────────────── operands ────────────────┘ separated by commas, KEYWORD=VALUE or positional, 'quoted'
 *   verb, then blanks
 *
 * A command is registered with a pattern, "D TCPIP,,FLOW": verb and leading operands. In a pattern an operand's capitals are
 * its least abbreviation ("SYSplex"), and an empty one stands for any or none: the place of the procedure name. The
 * longest pattern that fits has the command; its handler gets the operands after the pattern. The long forms of the
 * verbs are known (DISPLAY, START, STOP, CANCEL, VARY, MODIFY, SETXCF); patterns have the short ones (D S P C V F).
 *
 * Everything is answered with text_wto(), one message at least a command. What does not fit is answered as on z/OS:
 *   IEE305I FROB     COMMAND INVALID           no such verb
 *   IEE306I S        INVALID NUMERICS          a handler's: a value is not the number that it should be
 *   IEE307I S        DELIMITER ERROR           a quotation mark without its partner
 *   IEE308I S        TERM LENGTH ERROR         the command is too long, or has too many operands
 *   IEE309I D        UNIDENTIFIABLE KEYWORD    no command with this operand
 *   IEE310I D        KEYWORD MISSING           the command ends where an operand is needed
 *   IEE311I S        PARAMETER MISSING         a handler's: a parameter must be given
 * each followed by the word at fault and what was expected. */
#ifndef OPERATOR_H
#define OPERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/profile/profile.h"

#define OPERATOR_COMMANDS_MAX 48
#define OPERATOR_OPERANDS_MAX 32
#define OPERATOR_LINE_MAX 126           /* characters of a command, as on a z/OS console */

/* What follows the pattern. Upper case but for what is quoted, quotation marks removed. */
struct operator_parameters {
    const char *verb;                                   /* short form */
    unsigned count;
    const char *keyword[OPERATOR_OPERANDS_MAX];         /* NULL: a positional operand */
    const char *value[OPERATOR_OPERANDS_MAX];           /* "" if there is none */
};

/* The parameters are valid during the call. */
typedef void operator_handler(void *context, const struct operator_parameters *parameters);

struct operator_command_entry {
    const char *pattern, *help;
    operator_handler *handler;
    void *context;
};

struct operator {
    struct operator_command_entry commands[OPERATOR_COMMANDS_MAX];
    unsigned count;
};

/* No commands but HELP. */
void operator_init(struct operator *operator);

/* pattern, help: kept. help: one line, the operands and what the command does. The table's limit and a pattern that is
 * there already are programming errors. */
void operator_register(struct operator *operator, const char *pattern, operator_handler *handler, void *context, const char *help);

/* Do one command. A blank line is none, nor is a comment, a line that begins with an asterisk. */
void operator_command(struct operator *operator, const char *line);

/* Value of KEYWORD=value, NULL if it is not there. */
const char *operator_value(const struct operator_parameters *parameters, const char *keyword);

/* The n-th positional operand, from 0; NULL if there is none or it is empty. */
const char *operator_positional(const struct operator_parameters *parameters, unsigned n);

/* Number of KEYWORD=number into *number, which stays as it is when the keyword is not there. false: it is not a number
 * from min to max; IEE306I has been written. */
bool operator_number(const struct operator_parameters *parameters, const char *keyword, uint32_t min, uint32_t max, uint32_t *number);

/* true: every keyword is one of the words of known, separated by blanks. Else IEE309I has been written. */
bool operator_check(const struct operator_parameters *parameters, const char *known);

/* true: no operand follows the pattern. Else IEE309I has been written. */
bool operator_none(const struct operator_parameters *parameters);

/* IEE309I for a word. expected: what would be right. */
void operator_unknown(const struct operator_parameters *parameters, const char *word, const char *expected);

/* Write a line to the operator: the callback for displays of other modules. context is not used. */
void operator_line(void *context, const char *line);

/* MAX=n (1 to 65535) or MAX=*: records of a display; *max stays as it is if it is not there. false: a message has been written. */
#define OPERATOR_RECORDS_MAX 100u               /* if MAX= is not given */
bool operator_max(const struct operator_parameters *parameters, uint32_t *max);

/* At most so many operands without a keyword. false: a message has been written. */
bool operator_positionals(const struct operator_parameters *parameters, unsigned most);

/* IEE311I for a keyword that must be there. */
void operator_missing(const struct operator_parameters *parameters, const char *keyword);

/* V TCPIP,[proc],OBEYFILE,member and V TCPIP,[proc],SYNTAXCHECK,member (or DSN=member): operator_profile.c. */
struct operator_profile_ops {
    void (*change)(void *context, const struct profile_change *change);     /* act on it; in the order of profile_compare() */
    void (*done)(void *context);                /* after the last one; not called if nothing changed. May be NULL */
};

struct operator_profile {                       /* one a stack; large */
    struct profile *running;
    struct profile_input *input;                /* its source, symbols and text; message must write to the operator */
    const struct operator_profile_ops *ops;
    void *context;                              /* of ops */
    struct profile before;                      /* as it was before the last OBEYFILE; what SYNTAXCHECK reads into */
};

/* Register both commands. *profile is kept, all of it but before filled in. */
void operator_profile_register(struct operator *operator, struct operator_profile *profile);

/* Coupling facilities and structures: D CF, D XCF,CF, D XCF,STR, D NET,STATS,TYPE=CFS, SETXCF START and STOP: operator_cf.c.
 * clp: whose DVIPAs D NET,STATS shows with LIST=. */
struct clp;
void operator_cf_register(struct operator *operator, struct clp *clp);

/* Handler of D TCPIP,,FLOW[,figure]: the trace of the flowcharts' blocks, figure by figure. No context. */
operator_handler operator_flow;
#define OPERATOR_FLOW_PATTERN "D TCPIP,,FLOW"
#define OPERATOR_FLOW_HELP "[,figure]  how often each block of the flowcharts was passed"

#endif
