#include "stack/profile/profile_lex.h"

#include <stddef.h>
#include <string.h>


static char fold(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool in_symbol_name(char c)
{
    c = fold(c);
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '@' || c == '#' || c == '$' || c == '_';
}

/* At an ampersand: if it begins a known symbol, step over the symbol and read from its value. */
static bool substitute(struct profile_lexer *lexer)
{
    char name[SYMBOL_MAX + 1];
    uint32_t at = lexer->at + 1, length = 0;
    const char *value;

    if (lexer->symbol == NULL)
        return false;
    for (; at < lexer->length && in_symbol_name(lexer->text[at]); at++) {
        if (length == SYMBOL_MAX)
            return false;
        name[length++] = fold(lexer->text[at]);
    }
    name[length] = 0;
    value = length > 0 ? lexer->symbol(lexer->context, name) : NULL;
    if (value == NULL)
        return false;
    if (at < lexer->length && lexer->text[at] == '.')
        at++;
    lexer->at = at;
    lexer->value = value;
    return true;
}

static int read_char(struct profile_lexer *lexer)
{
    char c;

    for (;;) {
        if (*lexer->value != 0) {
            c = *lexer->value++;
            return c == '\n' ? ' ' : (unsigned char)fold(c);    /* the lines of a value are not those of the profile */
        }
        if (lexer->at >= lexer->length)
            return -1;
        if (lexer->text[lexer->at] != '&' || !substitute(lexer))
            return (unsigned char)fold(lexer->text[lexer->at++]);
    }
}

static void step(struct profile_lexer *lexer)
{
    if (lexer->c == '\n')
        lexer->line++;
    lexer->c = read_char(lexer);
}

static void skip_comment(struct profile_lexer *lexer)
{
    lexer->value = "";
    while (lexer->at < lexer->length && lexer->text[lexer->at] != '\n')
        lexer->at++;
    step(lexer);
}

static bool separates(int c)
{
    return (c >= 0 && c <= ' ') || c == ',';
}

void profile_lex_start(struct profile_lexer *lexer, const char *text, uint32_t length, profile_symbol_fn *symbol, void *context)
{
    *lexer = (struct profile_lexer){ text, length, 0, "", ' ', 1, symbol, context };
}

void profile_lex_next(struct profile_lexer *lexer, struct profile_token *token)
{
    size_t length = 0;

    while (separates(lexer->c) || lexer->c == ';') {
        if (lexer->c == ';')
            skip_comment(lexer);
        else
            step(lexer);
    }
    token->line = lexer->line;
    token->end = lexer->c == -1;
    if (token->end) {
        memcpy(token->text, "END OF FILE", sizeof "END OF FILE");
        return;
    }
    for (; lexer->c != -1 && !separates(lexer->c); step(lexer))
        if (length < TOKEN_MAX)
            token->text[length++] = lexer->c > ' ' && lexer->c < 0x7F ? (char)lexer->c : '?';
    token->text[length] = 0;
}
