#include "stack/operator/operator.h"

#include <stddef.h>
#include <string.h>

#include "stack/base/text.h"
#include "stack/platform/platform.h"

#define PATTERN_WORD_MAX 16

static const struct {
    const char *verb, *name;
} verbs[] = {
    { "D", "DISPLAY" }, { "S", "START" }, { "P", "STOP" }, { "C", "CANCEL" }, { "V", "VARY" }, { "F", "MODIFY" },
    { "R", "REPLY" },
};

/* --- splitting a command -------------------------------------------------------------------------------------------- */

/* Copies from one place of a buffer to an earlier one: removing quotation marks makes a command only shorter. */
struct cursor {
    const char *from;
    char *to;
};

static char fold(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void skip_blanks(struct cursor *at)
{
    while (*at->from == ' ' || *at->from == '\t')
        at->from++;
}

/* From behind the opening mark to behind the closing one; two marks are one of the text. false: there is no closing one. */
static bool copy_quoted(struct cursor *at)
{
    for (; *at->from != 0; at->from++) {
        if (*at->from == '\'' && *++at->from != '\'')
            return true;
        *at->to++ = *at->from;
    }
    return false;
}

/* One operand, up to a comma or the end. false: quotation marks, or a blank in the middle. */
static bool split_operand(struct cursor *at, const char **keyword, const char **value)
{
    char *start = at->to;

    *keyword = NULL;
    skip_blanks(at);
    while (*at->from != 0 && *at->from != ',' && *at->from != ' ' && *at->from != '\t') {
        char c = *at->from++;

        if (c == '\'') {
            if (!copy_quoted(at))
                return false;
        } else if (c == '=' && *keyword == NULL) {
            *keyword = start;
            *at->to++ = 0;
            start = at->to;
        } else {
            *at->to++ = fold(c);
        }
    }
    skip_blanks(at);
    *value = start;
    return *at->from == 0 || *at->from == ',';
}

static const char *short_verb(const char *word)
{
    for (unsigned i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (text_equal(word, verbs[i].name))
            return verbs[i].verb;
    return word;
}

/* Verb and operands of text, in place. false: a message has been written. */
static bool split(char *text, struct operator_parameters *parameters)
{
    struct cursor at = { text, text };
    bool more;

    skip_blanks(&at);
    parameters->verb = at.to;
    while (*at.from != 0 && *at.from != ' ' && *at.from != '\t')
        *at.to++ = fold(*at.from++);
    skip_blanks(&at);
    more = *at.from != 0;
    *at.to++ = 0;
    parameters->verb = short_verb(parameters->verb);
    parameters->count = 0;
    while (more) {
        unsigned n = parameters->count;

        if (n == OPERATOR_OPERANDS_MAX) {
            text_wto("IEE308I %-8.8s TERM LENGTH ERROR - AT MOST %u OPERANDS", parameters->verb, OPERATOR_OPERANDS_MAX);
            return false;
        }
        if (!split_operand(&at, &parameters->keyword[n], &parameters->value[n])) {
            text_wto("IEE307I %-8.8s DELIMITER ERROR - OPERAND %u: BLANK OR QUOTATION MARK", parameters->verb, n + 1);
            return false;
        }
        parameters->count++;
        more = *at.from == ',';
        at.from += more;
        *at.to++ = 0;
    }
    return true;
}

/* --- patterns ------------------------------------------------------------------------------------------------------- */

/* The n-th part of a pattern: 0 the verb, 1 and up its operands. false: there is none. */
static bool pattern_part(const char *pattern, unsigned n, char part[PATTERN_WORD_MAX + 1])
{
    unsigned length = 0;

    for (; n > 0; n--) {
        while (*pattern != 0 && *pattern != ' ' && *pattern != ',')
            pattern++;
        if (*pattern++ == 0)
            return false;
    }
    while (*pattern != 0 && *pattern != ' ' && *pattern != ',' && length < PATTERN_WORD_MAX)
        part[length++] = *pattern++;
    part[length] = 0;
    return true;
}

static bool part_fits(const char *part, const struct operator_parameters *command, unsigned operand)
{
    if (part[0] == 0)
        return true;
    return command->keyword[operand] == NULL && text_abbreviates(command->value[operand], part);
}

/* How many operands of the command the pattern fits; -1: not even the verb. *whole: that is all of the pattern. */
static int pattern_depth(const char *pattern, const struct operator_parameters *command, bool *whole)
{
    char part[PATTERN_WORD_MAX + 1];
    unsigned n = 0;

    *whole = false;
    if (!pattern_part(pattern, 0, part) || !text_equal(part, command->verb))
        return -1;
    for (; pattern_part(pattern, n + 1, part); n++)
        if (n == command->count || !part_fits(part, command, n))
            return (int)n;
    *whole = true;
    return (int)n;
}

static const struct operator_command_entry *find_command(const struct operator *operator, const struct operator_parameters *command,
                                                         int *deepest)
{
    const struct operator_command_entry *best = NULL;
    int best_depth = -1, depth;
    bool whole;

    *deepest = -1;
    for (unsigned i = 0; i < operator->count; i++) {
        depth = pattern_depth(operator->commands[i].pattern, command, &whole);
        if (depth > *deepest)
            *deepest = depth;
        if (whole && depth > best_depth) {
            best_depth = depth;
            best = &operator->commands[i];
        }
    }
    return best;
}

/* --- answers to what does not fit ----------------------------------------------------------------------------------- */

/* Append ", WORD" in capitals unless it is in the list already. */
static void add_word(char list[96], const char *word)
{
    size_t length = strlen(list), word_length = strlen(word);

    for (const char *at = list; *at != 0; at++)
        if ((at == list || at[-1] == ' ') && strlen(at) >= word_length && (at[word_length] == ',' || at[word_length] == 0)) {
            size_t i = 0;

            while (i < word_length && at[i] == fold(word[i]))
                i++;
            if (i == word_length)
                return;
        }
    if (length + 2 + word_length >= 96)
        return;
    if (length > 0) {
        memcpy(list + length, ", ", 2);
        length += 2;
    }
    for (size_t i = 0; i <= word_length; i++)
        list[length + i] = fold(word[i]);
}

/* The words that patterns have at operand n, of those that fit so far. */
static void list_expected(const struct operator *operator, const struct operator_parameters *command, unsigned n, char list[96])
{
    char part[PATTERN_WORD_MAX + 1];
    bool whole;

    list[0] = 0;
    for (unsigned i = 0; i < operator->count; i++) {
        const char *pattern = operator->commands[i].pattern;

        if (pattern_depth(pattern, command, &whole) == (int)n && pattern_part(pattern, n + 1, part))
            add_word(list, part[0] != 0 ? part : "[PROCNAME]");
    }
}

static void reject(const struct operator *operator, const struct operator_parameters *command, int deepest)
{
    char expected[96];

    if (deepest < 0) {
        text_wto("IEE305I %-8.8s COMMAND INVALID", command->verb);
        return;
    }
    list_expected(operator, command, (unsigned)deepest, expected);
    if ((unsigned)deepest == command->count || (command->keyword[deepest] == NULL && command->value[deepest][0] == 0))
        text_wto("IEE310I %-8s KEYWORD MISSING - EXPECTED %s", command->verb, expected);
    else if (command->keyword[deepest] != NULL)
        operator_unknown(command, command->keyword[deepest], expected);
    else
        operator_unknown(command, command->value[deepest], expected);
}

void operator_unknown(const struct operator_parameters *parameters, const char *word, const char *expected)
{
    if (expected[0] != 0)
        text_wto("IEE309I %-8s UNIDENTIFIABLE KEYWORD %.16s - EXPECTED %s", parameters->verb, word, expected);
    else
        text_wto("IEE309I %-8s UNIDENTIFIABLE KEYWORD %.16s", parameters->verb, word);
}

void operator_missing(const struct operator_parameters *parameters, const char *keyword)
{
    text_wto("IEE311I %-8s PARAMETER MISSING - EXPECTED %s", parameters->verb, keyword);
}

void operator_line(void *context, const char *line)
{
    (void)context;
    platform_wto(line);
}

/* --- what handlers ask ---------------------------------------------------------------------------------------------- */

const char *operator_value(const struct operator_parameters *parameters, const char *keyword)
{
    for (unsigned i = 0; i < parameters->count; i++)
        if (parameters->keyword[i] != NULL && text_equal(parameters->keyword[i], keyword))
            return parameters->value[i];
    return NULL;
}

const char *operator_positional(const struct operator_parameters *parameters, unsigned n)
{
    for (unsigned i = 0; i < parameters->count; i++)
        if (parameters->keyword[i] == NULL && n-- == 0)
            return parameters->value[i][0] != 0 ? parameters->value[i] : NULL;
    return NULL;
}

bool operator_number(const struct operator_parameters *parameters, const char *keyword, uint32_t min, uint32_t max, uint32_t *number)
{
    const char *text = operator_value(parameters, keyword);
    uint32_t value;

    if (text == NULL)
        return true;
    if (!text_parse_u32(text, max, &value) || value < min) {
        text_wto("IEE306I %-8s INVALID NUMERICS - %s=%.16s, EXPECTED %u TO %u", parameters->verb, keyword, text, min, max);
        return false;
    }
    *number = value;
    return true;
}

bool operator_max(const struct operator_parameters *parameters, uint32_t *max)
{
    const char *text = operator_value(parameters, "MAX");

    if (text == NULL || !text_equal(text, "*"))
        return operator_number(parameters, "MAX", 1, 65535, max);
    *max = UINT32_MAX;
    return true;
}

bool operator_positionals(const struct operator_parameters *parameters, unsigned most)
{
    const char *word = operator_positional(parameters, most);

    if (word != NULL)
        operator_unknown(parameters, word, "NO MORE OPERANDS");
    return word == NULL;
}

static bool is_known(const char *known, const char *keyword)
{
    size_t length = strlen(keyword);

    for (const char *word = known; *word != 0;) {
        size_t end = 0;

        while (word[end] != 0 && word[end] != ' ')
            end++;
        if (end == length && memcmp(word, keyword, length) == 0)
            return true;
        word += end;
        while (*word == ' ')
            word++;
    }
    return false;
}

bool operator_check(const struct operator_parameters *parameters, const char *known)
{
    for (unsigned i = 0; i < parameters->count; i++)
        if (parameters->keyword[i] != NULL && !is_known(known, parameters->keyword[i])) {
            operator_unknown(parameters, parameters->keyword[i], known);
            return false;
        }
    return true;
}

bool operator_none(const struct operator_parameters *parameters)
{
    if (parameters->count == 0)
        return true;
    operator_unknown(parameters, parameters->keyword[0] != NULL ? parameters->keyword[0] : parameters->value[0], "NO MORE OPERANDS");
    return false;
}

/* --- the table ------------------------------------------------------------------------------------------------------ */

static void help(void *context, const struct operator_parameters *parameters)
{
    const struct operator *operator = context;

    if (!operator_none(parameters))
        return;
    text_wto("COMMANDS: CAPITALS ARE THE LEAST ABBREVIATION");
    for (unsigned i = 0; i < operator->count; i++)
        text_wto("  %-30s %s", operator->commands[i].pattern, operator->commands[i].help);
}

void operator_init(struct operator *operator)
{
    operator->count = 0;
    operator_register(operator, "HELP", help, operator, "this list");
}

void operator_register(struct operator *operator, const char *pattern, operator_handler *handler, void *context, const char *help_text)
{
    STACK_ASSERT(operator->count < OPERATOR_COMMANDS_MAX);
    for (unsigned i = 0; i < operator->count; i++)
        STACK_ASSERT(!text_equal(operator->commands[i].pattern, pattern));
    operator->commands[operator->count++] = (struct operator_command_entry){ pattern, help_text, handler, context };
}

/* The operands that follow the pattern's. */
static void drop_operands(struct operator_parameters *parameters, unsigned count)
{
    parameters->count -= count;
    for (unsigned i = 0; i < parameters->count; i++) {
        parameters->keyword[i] = parameters->keyword[i + count];
        parameters->value[i] = parameters->value[i + count];
    }
}

static void run(const struct operator_command_entry *entry, struct operator_parameters *parameters)
{
    bool whole;
    int depth = pattern_depth(entry->pattern, parameters, &whole);

    drop_operands(parameters, (unsigned)depth);
    entry->handler(entry->context, parameters);
}

void operator_command(struct operator *operator, const char *line)
{
    char text[OPERATOR_LINE_MAX + 1];
    struct operator_parameters parameters;
    const struct operator_command_entry *entry;
    size_t length = strlen(line);
    int deepest;

    if (line[0] == '*')
        return;
    if (length > OPERATOR_LINE_MAX) {
        text_wto("IEE308I %.8s TERM LENGTH ERROR - AT MOST %u CHARACTERS", line, OPERATOR_LINE_MAX);
        return;
    }
    memcpy(text, line, length + 1);
    if (!split(text, &parameters) || parameters.verb[0] == 0)
        return;
    entry = find_command(operator, &parameters, &deepest);
    if (entry != NULL)
        run(entry, &parameters);
    else
        reject(operator, &parameters, deepest);
}
