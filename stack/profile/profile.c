/* The parser of PROFILE.TCPIP: the table of statements, the loop over it, and the words that every statement is made of.
 *
 *   text ──► profile_lex (words) ──► the loop below ──► a handler a statement ──► struct profile
 *
 * z/OS has no mark for the end of a statement: it ends where a word begins the next one. The loop lives by that. An
 * unknown word, or an error in a statement, skips to the next word that begins a statement; and a block whose END word is
 * missing takes in all that follows, statement by statement, each with a message.
 *
 * What z/OS knows and this stack has no use for is in profile_passed.c.
 *
 * Every pass of the loop takes at least one word, so the parser ends on any input. */
#include "stack/profile/profile_parser.h"

#include <string.h>

#include "stack/base/text.h"

static const struct profile_statement statements[] = {
    { "DEVice", BLOCK_NONE, statement_device, NULL },
    { "LINK", BLOCK_NONE, statement_link, NULL },
    { "HOME", BLOCK_NONE, statement_home, NULL },
    { "START", BLOCK_NONE, statement_start, NULL },
    { "BEGINRoutes", BLOCK_NONE, statement_beginroutes, NULL },
    { "ROUTE", BLOCK_ROUTES, statement_route, NULL },
    { "ENDRoutes", BLOCK_ROUTES, statement_endroutes, NULL },
    { "IPCONFig", BLOCK_NONE, statement_ipconfig, NULL },
    { "TCPCONFig", BLOCK_NONE, statement_tcpconfig, NULL },
    { "UDPCONFig", BLOCK_NONE, statement_udpconfig, NULL },
    { "GLOBALCONFig", BLOCK_NONE, statement_globalconfig, NULL },
    { "PORT", BLOCK_NONE, statement_port, NULL },
    { "PORTRange", BLOCK_NONE, statement_portrange, NULL },
    { "DELETE", BLOCK_NONE, statement_delete, NULL },
    { "VIPADYNamic", BLOCK_NONE, statement_vipadynamic, NULL },
    { "VIPADEFine", BLOCK_VIPADYNAMIC, statement_vipadefine, NULL },
    { "VIPABackup", BLOCK_VIPADYNAMIC, statement_vipabackup, NULL },
    { "VIPADISTribute", BLOCK_VIPADYNAMIC, statement_vipadistribute, "PORT" },
    { "VIPARange", BLOCK_VIPADYNAMIC, statement_viparange, NULL },
    { "VIPADELete", BLOCK_VIPADYNAMIC, statement_vipadelete, NULL },
    { "ENDVIPADYNamic", BLOCK_VIPADYNAMIC, statement_endvipadynamic, NULL },
    { "SOURCEIPA", BLOCK_ANY, statement_sourceipa, NULL },
    { "SRCIP", BLOCK_NONE, statement_srcip, NULL },
    { "JOBNAME", BLOCK_SRCIP, statement_jobname, NULL },
    { "DESTINATION", BLOCK_SRCIP, statement_destination, NULL },
    { "ENDSRCIP", BLOCK_SRCIP, statement_endsrcip, NULL },
    { "INCLUDE", BLOCK_ANY, statement_include, NULL },
};

static const struct profile_statement *find_statement(const struct profile_token *token)
{
    if (token->end)
        return NULL;
    for (unsigned i = 0; i < sizeof statements / sizeof *statements; i++)
        if (text_abbreviates(token->text, statements[i].word))
            return &statements[i];
    return parser_find_passed(token->text);
}

/* --- messages ------------------------------------------------------------------------------------------------------ */

/* A keyword as it is written: "VIPADEFine" is VIPADEFINE. */
static void put_upper(char out[17], const char *keyword)
{
    unsigned i = 0;

    for (; i < 16 && keyword[i] != 0; i++)
        out[i] = keyword[i] >= 'a' && keyword[i] <= 'z' ? (char)(keyword[i] - 'a' + 'A') : keyword[i];
    out[i] = 0;
}

void parser_report(struct profile_parser *p, const char *message)
{
    p->errors++;
    p->message(p->context, message);
}

void parser_note(struct profile_parser *p, const char *format, ...)
{
    char line[WTO_MAX + 1];
    va_list arguments;
    int length = text_format(line, sizeof line, "EZZ0328I ");

    va_start(arguments, format);
    text_vformat(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    p->message(p->context, line);
}

uint32_t parser_place(const struct profile_parser *p)
{
    return (uint32_t)p->file << 24 | p->statement_line;
}

bool parser_expected(struct profile_parser *p, const char *format, ...)
{
    char line[WTO_MAX + 1], expected[64], word[17], where[20] = "";
    va_list arguments;

    va_start(arguments, format);
    text_vformat(expected, sizeof expected, format, arguments);
    va_end(arguments);
    put_upper(word, p->statement->word);
    if (p->statement_line != p->token.line)
        text_format(where, sizeof where, " ON LINE %u", p->statement_line);
    text_format(line, sizeof line, "EZZ0318I %.20s WAS FOUND ON LINE %u AND %s WAS EXPECTED - %s%s%s%s IGNORED", p->token.text,
                p->token.line, expected, p->effect, p->effect[0] != 0 ? "OF " : "", word, where);
    p->block_bad = true;
    parser_report(p, line);
    return false;
}

/* Where an earlier statement stands: its line, or the end of its member's name where that is another one. */
static void put_place(const struct profile_parser *p, uint32_t place, char out[24])
{
    const char *name;
    size_t length;

    if (place == 0) {
        text_format(out, 24, "OF THE RUNNING PROFILE");
    } else if (PROFILE_FILE(place) == p->file) {
        text_format(out, 24, "USED ON LINE %u", PROFILE_LINE(place));
    } else {
        name = parser_file_name(p, (uint8_t)PROFILE_FILE(place));
        length = strlen(name);
        text_format(out, 24, "USED IN %s", length > 14 ? name + length - 14 : name);
    }
}

bool parser_conflict(struct profile_parser *p, const char *earlier, const char *value, uint32_t earlier_line)
{
    char line[WTO_MAX + 1], word[17], place[24];

    put_upper(word, p->statement->word);
    put_place(p, earlier_line, place);
    text_format(line, sizeof line, "EZZ0326I %s ON LINE %u CONFLICTS WITH %s VALUE %s %s - %sIGNORED", word, p->statement_line, earlier,
                value, place, p->effect);
    parser_report(p, line);
    return false;
}

/* --- words --------------------------------------------------------------------------------------------------------- */

void parser_advance(struct profile_parser *p)
{
    profile_lex_next(&p->lexer, &p->token);
}

bool parser_at(const struct profile_parser *p, const char *keyword)
{
    return !p->token.end && text_abbreviates(p->token.text, keyword);
}

bool parser_at_statement(const struct profile_parser *p)
{
    if (p->token.end)
        return true;
    if (p->statement->own_word != NULL && text_abbreviates(p->token.text, p->statement->own_word))
        return false;
    return find_statement(&p->token) != NULL;
}

bool parser_at_number(const struct profile_parser *p)
{
    uint32_t any;

    return !p->token.end && text_parse_u32(p->token.text, UINT32_MAX, &any);
}

bool parser_keyword(struct profile_parser *p, const char *keyword)
{
    if (!parser_at(p, keyword))
        return false;
    parser_advance(p);
    return true;
}

bool parser_must(struct profile_parser *p, const char *keyword)
{
    char word[17];

    put_upper(word, keyword);
    return parser_keyword(p, keyword) || parser_expected(p, "%s", word);
}

bool parser_number(struct profile_parser *p, const char *what, uint32_t min, uint32_t max, uint32_t *value)
{
    uint32_t number;

    if (p->token.end || !text_parse_u32(p->token.text, max, &number) || number < min)
        return parser_expected(p, "%s FROM %u TO %u", what, min, max);
    *value = number;
    parser_advance(p);
    return true;
}

bool parser_is_host(uint32_t address)
{
    return address >> 24 > 0 && address >> 24 < 224 && address >> 24 != 127;
}

bool parser_address(struct profile_parser *p, uint32_t *address)
{
    uint32_t value;

    if (p->token.end || !text_parse_ip(p->token.text, &value) || !parser_is_host(value))
        return parser_expected(p, "AN IP ADDRESS");
    *address = value;
    parser_advance(p);
    return true;
}

bool profile_is_mask(uint32_t mask)
{
    return mask != 0 && (~mask & (~mask + 1)) == 0;
}

unsigned profile_mask_bits(uint32_t mask)
{
    unsigned bits = 0;

    for (; mask != 0; mask <<= 1)
        bits++;
    return bits;
}

bool parser_network(struct profile_parser *p, uint32_t *network, uint32_t *mask)
{
    char text[TOKEN_MAX + 1], *slash;
    uint32_t bits;

    memcpy(text, p->token.text, sizeof text);
    for (slash = text; *slash != 0 && *slash != '/'; slash++)
        ;
    if (p->token.end || *slash == 0)
        return false;
    *slash = 0;
    if (!text_parse_ip(text, network) || !text_parse_u32(slash + 1, 32, &bits) || bits == 0)
        return false;
    *mask = UINT32_MAX << (32 - bits);
    return true;
}

bool parser_mask(struct profile_parser *p, uint32_t *mask)
{
    uint32_t value;

    if (p->token.end || !text_parse_ip(p->token.text, &value) || !profile_is_mask(value))
        return parser_expected(p, "AN ADDRESS MASK");
    *mask = value;
    parser_advance(p);
    return true;
}

bool parser_name(struct profile_parser *p, const char *what, char name[17])
{
    size_t length = strlen(p->token.text);

    if (parser_at_statement(p) || length > 16)
        return parser_expected(p, "%s OF AT MOST 16 CHARACTERS", what);
    memcpy(name, p->token.text, length + 1);
    parser_advance(p);
    return true;
}

static bool in_job_name(char c, bool first)
{
    return (c >= 'A' && c <= 'Z') || c == '@' || c == '#' || c == '$' || (!first && c >= '0' && c <= '9');
}

static bool is_job_name(const char *text)
{
    size_t i = 0;

    while (in_job_name(text[i], i == 0))
        i++;
    if (text[i] == '*')
        i++;
    return text[i] == 0 && i > 0 && i <= NAME_LEN;
}

bool parser_job(struct profile_parser *p, char job[NAME_LEN + 1])
{
    if (parser_at_statement(p) || !is_job_name(p->token.text))
        return parser_expected(p, "A JOB NAME");
    memcpy(job, p->token.text, strlen(p->token.text) + 1);
    parser_advance(p);
    return true;
}

bool parser_address_free(struct profile_parser *p, uint32_t address)
{
    const struct profile *profile = p->profile;
    char text[16];

    text_ip(text, address);
    for (unsigned i = 0; i < profile->link_count; i++)
        if (profile->links[i].address == address)
            return parser_conflict(p, "HOME", text, profile->links[i].home_line);
    if (profile->dynamicxcf_address == address)
        return parser_conflict(p, "DYNAMICXCF", text, profile->dynamicxcf_line);
    for (unsigned i = 0; i < profile->dvipa_count; i++)
        if (profile->dvipas[i].address == address)
            return parser_conflict(p, profile->dvipas[i].backup ? "VIPABACKUP" : "VIPADEFINE", text, profile->dvipas[i].line);
    return true;
}

/* --- the loop ------------------------------------------------------------------------------------------------------ */

static void skip(struct profile_parser *p)
{
    while (!parser_at_statement(p))
        parser_advance(p);
}

/* A word that begins no statement: it is named, with how far the parser went to find one. */
static void skip_unknown(struct profile_parser *p)
{
    static const struct profile_statement none = { "", BLOCK_NONE, NULL, NULL };
    struct profile_token bad = p->token;
    char line[WTO_MAX + 1], word[TOKEN_MAX + 1];

    p->statement = &none;
    skip(p);
    memcpy(word, p->token.text, sizeof word);
    text_format(line, sizeof line, "EZZ0318I %.20s WAS FOUND ON LINE %u AND A STATEMENT WAS EXPECTED - SKIPPED TO %.16s ON LINE %u",
                bad.text, bad.line, word, p->token.line);
    p->block_bad = true;
    parser_report(p, line);
}

static const struct {
    const char *begin, *end;
} blocks[] = {
    [BLOCK_VIPADYNAMIC] = { "VIPADYNAMIC", "ENDVIPADYNAMIC" },
    [BLOCK_ROUTES] = { "BEGINROUTES", "ENDROUTES" },
    [BLOCK_SRCIP] = { "SRCIP", "ENDSRCIP" },
};

static const char *block_begin(const struct profile_parser *p)
{
    return p->block == BLOCK_PASSED ? p->passed->statement.word : blocks[p->block].begin;
}

static const char *block_end(const struct profile_parser *p)
{
    return p->block == BLOCK_PASSED ? p->passed->end : blocks[p->block].end;
}

/* A known statement that may not stand here: outside of its block, or in one that should have been ended before. */
static void misplaced(struct profile_parser *p)
{
    if (p->block != BLOCK_NONE)
        parser_expected(p, "%s", blocks[p->block].end);
    else
        parser_expected(p, "A %s BLOCK", blocks[p->statement->block].begin);
    parser_advance(p);
    skip(p);
}

static void parse_statement(struct profile_parser *p, const struct profile_statement *statement)
{
    p->statement = statement;
    p->statement_line = p->token.line;
    p->effect = EFFECT_ALL;
    if (statement->block != p->block && statement->block != BLOCK_ANY) {
        misplaced(p);
        return;
    }
    parser_advance(p);
    if (!statement->parse(p))
        skip(p);
}

static void check_ended(struct profile_parser *p)
{
    char line[WTO_MAX + 1];

    if (p->block == BLOCK_NONE)
        return;
    text_format(line, sizeof line, "EZZ0318I END OF FILE WAS FOUND ON LINE %u AND %s WAS EXPECTED - %s ON LINE %u TOOK ALL THAT FOLLOWED",
                p->token.line, block_end(p), block_begin(p), p->block_line);
    p->block_bad = true;
    parser_report(p, line);
    if (p->block == BLOCK_SRCIP)
        parser_srcip_end(p);
}

static uint32_t check_length(struct profile_parser *p, uint32_t length)
{
    char line[WTO_MAX + 1];

    if (length <= PROFILE_TEXT_MAX)
        return length;
    text_format(line, sizeof line, "EZZ0318I %u BYTES WERE FOUND AND AT MOST %u WAS EXPECTED - THE REST OF THE PROFILE IGNORED", length,
                PROFILE_TEXT_MAX);
    parser_report(p, line);
    return PROFILE_TEXT_MAX;
}

/* What makes sense only for the profile as a whole */
static void check_whole(struct profile_parser *p)
{
    const struct profile *profile = p->profile;

    if (profile->tcpstacksourcevipa != 0 && !profile->sourcevipa && profile->tcpstack_line != 0)
        parser_note(p, "TCPSTACKSOURCEVIPA ON LINE %u IS NOT ENABLED WITHOUT SOURCEVIPA", PROFILE_LINE(profile->tcpstack_line));
}

void parser_run(struct profile_parser *p, const char *name, const char *text, uint32_t length, profile_symbol_fn *symbol)
{
    const struct profile_statement *statement;

    parser_open_first(p, name);
    profile_lex_start(&p->lexer, text, check_length(p, length), symbol, p->context);
    parser_advance(p);
    while (!p->token.end || parser_leave(p)) {
        if (p->token.end)
            continue;
        if (p->block == BLOCK_PASSED) {
            parser_pass_word(p);
            continue;
        }
        statement = find_statement(&p->token);
        if (statement != NULL)
            parse_statement(p, statement);
        else
            skip_unknown(p);
    }
    check_ended(p);
    check_whole(p);
    parser_close_first(p);
}
