/* The words of a profile: the lexical rules of z/OS.
 *
 * Free format: words are separated by blanks, line ends, and commas; a statement goes on over any number of lines. A
 * semicolon at the start of a word begins a comment that runs to the end of the line. Lower case is folded to upper.
 * &NAME. is replaced by the value of the system symbol NAME (the period may be missing where the name ends anyhow); a
 * symbol that is not known stays as it is. */
#ifndef PROFILE_LEX_H
#define PROFILE_LEX_H

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_MAX 63            /* longer words are cut: nothing valid is that long */
#define SYMBOL_MAX 16           /* characters of the name of a system symbol */

typedef const char *profile_symbol_fn(void *context, const char *name);

struct profile_token {
    char text[TOKEN_MAX + 1];
    uint32_t line;              /* where it begins, from 1 */
    bool end;                   /* end of the file: text says so */
};

struct profile_lexer {
    const char *text;
    uint32_t length, at;        /* at: the next character to read */
    const char *value;          /* what is left of a symbol's value */
    int c;                      /* the character in hand, -1 at the end */
    uint32_t line;
    profile_symbol_fn *symbol;
    void *context;
};

void profile_lex_start(struct profile_lexer *lexer, const char *text, uint32_t length, profile_symbol_fn *symbol, void *context);

/* The next word. After the last one every call gives the end. */
void profile_lex_next(struct profile_lexer *lexer, struct profile_token *token);

#endif
