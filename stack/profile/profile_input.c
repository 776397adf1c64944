/* Members: PROFILE.TCPIP, what it includes, and changes of the running profile.
 *
 *   PROFILE ──INCLUDE A──► A ──INCLUDE B──► B          outer[]: PROFILE, A, each with the place where it goes on
 *     ▲                    │ ▲              │          input text: |PROFILE......|A....|B..|
 *     └────end of A────────┘ └───end of B───┘
 *
 * A member is read as a whole before its first word is looked at, so that a source need have only one open at a time. Its
 * text is given up again at its end. A statement ends with its member, a block may go on in the outer one. */
#include "stack/profile/profile_parser.h"

#include <string.h>

#include "stack/base/text.h"

#define READ_FAILED UINT32_MAX

static void inform(struct profile_parser *p, const char *what, const char *name)
{
    char line[WTO_MAX + 1];

    text_format(line, sizeof line, "%s %.60s", what, name);
    p->message(p->context, line);
}

const char *parser_file_name(const struct profile_parser *p, uint8_t file)
{
    return p->names[file - 1];
}

static void begin_member(struct profile_parser *p, const char *name)
{
    text_format(p->names[p->file_count], sizeof p->names[0], "%s", name);
    p->file = ++p->file_count;
    inform(p, "EZZ0309I PROFILE PROCESSING BEGINNING FOR", name);
}

void parser_open_first(struct profile_parser *p, const char *name)
{
    begin_member(p, name);
}

void parser_close_first(struct profile_parser *p)
{
    inform(p, "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE", p->names[0]);
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

/* All of the open member into text. Result: its length, more than size if there is more of it. */
static uint32_t read_open(const struct profile_source *source, char *text, uint32_t size)
{
    uint32_t length = 0;
    int32_t got;
    char more;

    while (length < size) {
        got = source->read(source->context, text + length, size - length);
        if (got < 0 || (uint32_t)got > size - length)
            return READ_FAILED;
        if (got == 0)
            return length;
        length += (uint32_t)got;
    }
    got = source->read(source->context, &more, 1);
    return got < 0 ? READ_FAILED : length + (uint32_t)got;
}

/* Result: length, or READ_FAILED */
static uint32_t read_member(const struct profile_source *source, const char *name, char *text, uint32_t size)
{
    uint32_t length;

    if (!source->open(source->context, name))
        return READ_FAILED;
    length = read_open(source, text, size);
    source->close(source->context);
    return length;
}

/* --- INCLUDE ------------------------------------------------------------------------------------------------------- */

static bool is_being_read(const struct profile_parser *p, const char *name)
{
    if (text_equal(p->names[p->file - 1], name))
        return true;
    for (unsigned i = 0; i < p->depth; i++)
        if (text_equal(p->names[p->outer[i].file - 1], name))
            return true;
    return false;
}

static bool may_include(struct profile_parser *p)
{
    if (p->token.end)
        return parser_expected(p, "A MEMBER");
    if (p->input == NULL || p->input->source == NULL)
        return parser_expected(p, "ITS TEXT IN PLACE OF IT");
    if (is_being_read(p, p->token.text))
        return parser_expected(p, "A MEMBER THAT DOES NOT INCLUDE ITSELF");
    if (p->depth == INCLUDE_DEPTH_MAX)
        return parser_expected(p, "NO MORE THAN %u MEMBERS IN EACH OTHER", INCLUDE_DEPTH_MAX);
    if (p->file_count == INCLUDE_FILES_MAX)
        return parser_expected(p, "NO MORE THAN %u MEMBERS", INCLUDE_FILES_MAX);
    return true;
}

bool statement_include(struct profile_parser *p)
{
    char *text;
    uint32_t length, room = PROFILE_TEXT_MAX - p->text_used;

    if (!may_include(p))
        return false;
    text = p->input->text + p->text_used;
    length = read_member(p->input->source, p->token.text, text, room);
    if (length == READ_FAILED)
        return parser_expected(p, "A MEMBER THAT CAN BE READ");
    if (length > room)
        return parser_expected(p, "A MEMBER OF AT MOST %u BYTES", room);

    p->outer[p->depth++] = (struct profile_member){ p->lexer, p->file, p->text_at };
    p->text_at = p->text_used;
    p->text_used += length;
    inform(p, "EZZ0300I OPENED INCLUDE FILE", p->token.text);
    begin_member(p, p->token.text);
    profile_lex_start(&p->lexer, text, length, p->lexer.symbol, p->context);
    parser_advance(p);
    return true;
}

bool parser_leave(struct profile_parser *p)
{
    if (p->depth == 0)
        return false;
    inform(p, "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE", p->names[p->file - 1]);
    p->text_used = p->text_at;
    p->depth--;
    p->lexer = p->outer[p->depth].lexer;
    p->file = p->outer[p->depth].file;
    p->text_at = p->outer[p->depth].text_at;
    parser_advance(p);
    return true;
}

/* --- profiles and changes ------------------------------------------------------------------------------------------ */

void profile_defaults(struct profile *profile)
{
    memset(profile, 0, sizeof *profile);
    profile->ephemeral_low = profile->udp_ephemeral_low = PORT_EPHEMERAL_LOW;
    profile->ephemeral_high = profile->udp_ephemeral_high = PORT_EPHEMERAL_HIGH;
    profile->timewait_s = TIMEWAIT_DEFAULT_S;
}

int profile_parse(struct profile *profile, const char *source, const char *text, uint32_t length,
                  const char *(*symbol)(void *context, const char *name), profile_message_fn *message, void *context)
{
    struct profile_parser parser = { .profile = profile, .message = message, .context = context };

    profile_defaults(profile);
    parser_run(&parser, source, text, length, symbol);
    return parser.errors;
}

/* Read the first member into the input; UINT32_MAX: it cannot be read, which has been said. */
static bool read_first(struct profile_parser *p, const char *what, const char *name)
{
    struct profile_input *input = p->input;
    char line[WTO_MAX + 1];

    p->message = input->message;
    p->context = input->context;
    p->text_used = input->source != NULL ? read_member(input->source, name, input->text, PROFILE_TEXT_MAX) : READ_FAILED;
    if (p->text_used == READ_FAILED) {
        text_format(line, sizeof line, "EZZ0301I %s FILE %.60s CANNOT BE READ - NOTHING CHANGED", what, name);
        p->message(p->context, line);
        return false;
    }
    text_format(line, sizeof line, "EZZ0300I OPENED %s FILE %.60s", what, name);
    p->message(p->context, line);
    return true;
}

static int run(struct profile_parser *p, const char *name)
{
    uint32_t length = p->text_used;

    if (length > PROFILE_TEXT_MAX)
        p->text_used = PROFILE_TEXT_MAX;
    parser_run(p, name, p->input->text, length, p->input->symbol);
    return p->errors;
}

int profile_load(struct profile *profile, const char *name, struct profile_input *input)
{
    struct profile_parser parser = { .profile = profile, .input = input };

    profile_defaults(profile);
    return read_first(&parser, "PROFILE", name) ? run(&parser, name) : PROFILE_UNREADABLE;
}

int profile_syntaxcheck(struct profile *scratch, const char *name, struct profile_input *input)
{
    struct profile_parser parser = { .profile = scratch, .input = input, .syntax_only = true };

    profile_defaults(scratch);
    return read_first(&parser, "SYNTAXCHECK", name) ? run(&parser, name) : PROFILE_UNREADABLE;
}

/* Everything is of the running profile now: see PROFILE_LINE(). */
static void forget_lines(struct profile *profile)
{
    profile->dynamicxcf_line = profile->tcpstack_line = profile->srcip_line = profile->routes_line = 0;
    profile->deleted_count = 0;
    for (unsigned i = 0; i < HOME_MAX; i++)
        profile->devices[i].line = profile->links[i].line = profile->links[i].home_line = profile->routes[i].line = 0;
    for (unsigned i = 0; i < DVIPA_MAX; i++)
        profile->dvipas[i].line = profile->distributes[i].line = 0;
    for (unsigned i = 0; i < VIPARANGE_MAX; i++)
        profile->ranges[i].line = 0;
    for (unsigned i = 0; i < SOURCEIPA_MAX; i++)
        profile->sourceipas[i].line = 0;
    for (unsigned i = 0; i < SRCIP_MAX; i++)
        profile->srcips[i].line = 0;
    for (unsigned i = 0; i < PORTRESERVE_MAX; i++)
        profile->ports[i].line = 0;
    for (unsigned i = 0; i < UNRSV_MAX; i++)
        profile->unrsvs[i].line = 0;
}

int profile_obey(struct profile *running, struct profile *before, const char *name, struct profile_input *input)
{
    struct profile_parser parser = { .profile = running, .before = before, .input = input };

    forget_lines(running);
    *before = *running;
    return read_first(&parser, "OBEYFILE", name) ? run(&parser, name) : PROFILE_UNREADABLE;
}
