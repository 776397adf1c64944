/* What PROFILE.TCPIP has on z/OS and this stack has no use for: statements, blocks and options that are passed over, each
 * with a message, so that the profile of a real system can be read as it is and what matters here is found in it.
 *
 *   ARPAGE 20                                  statement: to the next one                            EZZ0328I, no error
 *   AUTOLOG 5 FTPD JOBNAME FTPD1 ENDAUTOLOG    block: to its END, whatever words are within          EZZ0328I, no error
 *   TCPCONFIG FINWAIT2TIME 60 ...              option: with its parameters                           EZZ0328I, no error
 *   INTERFACE, GATEWAY                         what they make is missed: the statement to use for it is named, an error
 *
 * The words are those of the product's IP Configuration Reference. An option has a number of parameters, and parts, which
 * are options of its own without a message of theirs. NO before any of them takes it back, and has no parameters. */
#include "stack/profile/profile_parser.h"

#include <string.h>

#include "stack/base/text.h"

/* --- statements ---------------------------------------------------------------------------------------------------- */

static const struct profile_passed passed[] = {
    { { "ARPAGE", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "ASSORTEDPARMS", BLOCK_NONE, statement_passed, NULL }, "ENDASSORTEDPARMS", NULL },
    { { "AUTOLOG", BLOCK_NONE, statement_passed, NULL }, "ENDAUTOLOG", NULL },
    { { "BEGINVTAM", BLOCK_NONE, statement_passed, NULL }, "ENDVTAM", NULL },
    { { "BSDROUTINGPARMS", BLOCK_NONE, statement_passed, NULL }, "ENDBSDROUTINGPARMS", NULL },
    { { "DEFADDRTABLE", BLOCK_NONE, statement_passed, NULL }, "ENDDEFADDRTABLE", NULL },
    { { "GATEWAY", BLOCK_NONE, statement_passed, NULL }, NULL, "BEGINROUTES" },
    { { "INTERFACE", BLOCK_NONE, statement_passed, "DELETE" }, NULL, "DEVICE AND LINK" },
    { { "IPCONFIG6", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "IPSEC", BLOCK_NONE, statement_passed, NULL }, "ENDIPSEC", NULL },
    { { "ITRACE", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "KEEPALIVEOPTIONS", BLOCK_NONE, statement_passed, NULL }, "ENDKEEPALIVEOPTIONS", NULL },
    { { "NETACCESS", BLOCK_NONE, statement_passed, NULL }, "ENDNETACCESS", NULL },
    { { "NETMONITOR", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "OSAENTA", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "PKTTRACE", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "PRIMARYINTERFACE", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "SACONFIG", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "SMFCONFIG", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "SMFPARMS", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "SOMAXCONN", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "STOP", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "TELNETGLOBALS", BLOCK_NONE, statement_passed, NULL }, "ENDTELNETGLOBALS", NULL },
    { { "TELNETPARMS", BLOCK_NONE, statement_passed, NULL }, "ENDTELNETPARMS", NULL },
    { { "TRANSLATE", BLOCK_NONE, statement_passed, NULL }, NULL, NULL },
    { { "VIPAROUTE", BLOCK_VIPADYNAMIC, statement_passed, "DELETE" }, NULL, NULL },
    { { "VIPASMPARMS", BLOCK_VIPADYNAMIC, statement_passed, NULL }, NULL, NULL },
};

const struct profile_statement *parser_find_passed(const char *word)
{
    for (unsigned i = 0; i < sizeof passed / sizeof *passed; i++)
        if (text_abbreviates(word, passed[i].statement.word))
            return &passed[i].statement;
    return NULL;
}

bool statement_passed(struct profile_parser *p)
{
    const struct profile_passed *this = (const struct profile_passed *)p->statement;
    char line[WTO_MAX + 1];

    if (this->instead != NULL) {
        text_format(line, sizeof line, "EZZ0318I %s WAS FOUND ON LINE %u AND %s WAS EXPECTED - %s IGNORED", this->statement.word,
                    p->statement_line, this->instead, this->statement.word);
        parser_report(p, line);
    } else {
        parser_note(p, "%s ON LINE %u HAS NO EFFECT", this->statement.word, p->statement_line);
    }
    if (this->end == NULL)
        return false;                       /* to the next statement */
    p->passed = this;
    p->block = BLOCK_PASSED;
    p->block_line = p->statement_line;
    return true;
}

void parser_pass_word(struct profile_parser *p)
{
    if (text_abbreviates(p->token.text, p->passed->end))
        p->block = BLOCK_NONE;
    parser_advance(p);
}

/* --- options ------------------------------------------------------------------------------------------------------- */

/* NULL: the word is none of them. *taken_back: NO stands before it. */
static const struct profile_option *find_option(const struct profile_parser *p, const struct profile_option *options, bool *taken_back)
{
    const char *word = p->token.text;

    *taken_back = false;
    if (p->token.end)
        return NULL;
    for (const struct profile_option *option = options; option->word != NULL; option++)
        if (text_abbreviates(word, option->word))
            return option;
    *taken_back = word[0] == 'N' && word[1] == 'O';
    for (const struct profile_option *option = options; *taken_back && option->word != NULL; option++)
        if (option->parse == NULL && text_abbreviates(word + 2, option->word))
            return option;
    return NULL;
}

static void pass_parameters(struct profile_parser *p, const struct profile_option *options, unsigned count)
{
    bool taken_back;

    while (count == OPTION_NUMBERS ? parser_at_number(p) :
           count-- > 0 && !parser_at_statement(p) && find_option(p, options, &taken_back) == NULL)
        parser_advance(p);
}

static void pass(struct profile_parser *p, const struct profile_option *options, const struct profile_option *option, bool taken_back)
{
    if (!option->part)
        parser_note(p, "%.20s ON LINE %u HAS NO EFFECT", p->token.text, p->token.line);
    parser_advance(p);
    pass_parameters(p, options, taken_back ? 0 : option->parameters);
}

void parser_pass(struct profile_parser *p, const struct profile_option *options)
{
    const struct profile_option *option;
    bool taken_back;

    while ((option = find_option(p, options, &taken_back)) != NULL)
        pass(p, options, option, taken_back);
}

static bool at_option(const struct profile_parser *p, const struct profile_option *options)
{
    bool taken_back;

    return parser_at_statement(p) || find_option(p, options, &taken_back) != NULL;
}

static void take_option(struct profile_parser *p, const struct profile_option *options)
{
    bool taken_back, good;
    const struct profile_option *option = find_option(p, options, &taken_back);

    if (option == NULL) {
        good = parser_expected(p, "AN OPTION");
    } else if (option->parse == NULL) {
        pass(p, options, option, taken_back);
        good = true;
    } else {
        parser_advance(p);
        good = option->parse(p);
    }
    while (!good && !at_option(p, options))
        parser_advance(p);
}

bool parser_options(struct profile_parser *p, const struct profile_option *options)
{
    p->effect = EFFECT_OPTION;
    do {
        if (parser_at_statement(p))
            return parser_expected(p, "AN OPTION");
        take_option(p, options);
    } while (!parser_at_statement(p));
    return true;
}
