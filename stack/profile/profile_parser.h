/* Private to stack/profile: what the statement handlers are written with.
 *
 * A handler is called with the word after its statement in hand. It takes words with parser_*(); those that find something
 * else report it and return false, and the handler returns false at once: the rest of the statement is skipped, and
 * nothing of it has been applied unless p->effect says so. One handler a statement, one table of them (profile.c). */
#ifndef PROFILE_PARSER_H
#define PROFILE_PARSER_H

#include "stack/profile/profile.h"
#include "stack/profile/profile_lex.h"

enum profile_block { BLOCK_NONE, BLOCK_VIPADYNAMIC, BLOCK_ROUTES, BLOCK_ANY };

struct profile_parser {
    struct profile *profile;
    struct profile_lexer lexer;
    struct profile_token token;     /* the word in hand */
    const struct profile_statement *statement;
    uint32_t statement_line;
    const char *effect;             /* what of it an error costs */
    enum profile_block block;       /* the block that is open */
    uint32_t block_line;
    profile_message_fn *message;
    void *context;
    int errors;
};

struct profile_statement {
    const char *word;               /* capitals: the least abbreviation */
    enum profile_block block;       /* where it may stand */
    bool (*parse)(struct profile_parser *p);
    const char *own_word;           /* begins a statement elsewhere, but belongs to this one here; or NULL */
};

#define EFFECT_ALL ""
#define EFFECT_ENTRY "ENTRY "
#define EFFECT_REST "REST "

/* Report: the word in hand is not what was expected. Returns false. */
bool parser_expected(struct profile_parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Report: this statement conflicts with an earlier one by value. Returns false; a handler that has taken its last word by
 * then returns true all the same, or the next statement would be skipped with this one. */
bool parser_conflict(struct profile_parser *p, const char *earlier, const char *value, uint32_t earlier_line);

void parser_advance(struct profile_parser *p);
bool parser_at(const struct profile_parser *p, const char *keyword);
bool parser_at_statement(const struct profile_parser *p);       /* or at the end */
bool parser_at_number(const struct profile_parser *p);

/* Take the keyword if it is there; nothing is reported. */
bool parser_keyword(struct profile_parser *p, const char *keyword);

/* Take what must be there. what: how to call it in the message. */
bool parser_must(struct profile_parser *p, const char *keyword);
bool parser_number(struct profile_parser *p, const char *what, uint32_t min, uint32_t max, uint32_t *value);
bool parser_address(struct profile_parser *p, uint32_t *address);
bool parser_mask(struct profile_parser *p, uint32_t *mask);
bool parser_name(struct profile_parser *p, const char *what, char name[17]);
bool parser_job(struct profile_parser *p, char job[NAME_LEN + 1]);

/* An address may be used once: by HOME, IPCONFIG DYNAMICXCF, or a DVIPA. Reports the conflict and returns false. */
bool parser_address_free(struct profile_parser *p, uint32_t address);

bool profile_is_mask(uint32_t mask);
unsigned profile_mask_bits(uint32_t mask);

/* profile_vipa.c */
bool statement_vipadynamic(struct profile_parser *p);
bool statement_endvipadynamic(struct profile_parser *p);
bool statement_vipadefine(struct profile_parser *p);
bool statement_vipabackup(struct profile_parser *p);
bool statement_vipadistribute(struct profile_parser *p);
bool statement_viparange(struct profile_parser *p);
bool statement_sourceipa(struct profile_parser *p);

/* profile_net.c */
bool statement_device(struct profile_parser *p);
bool statement_link(struct profile_parser *p);
bool statement_home(struct profile_parser *p);
bool statement_start(struct profile_parser *p);
bool statement_beginroutes(struct profile_parser *p);
bool statement_route(struct profile_parser *p);
bool statement_endroutes(struct profile_parser *p);
bool statement_ipconfig(struct profile_parser *p);

/* profile_port.c */
bool statement_port(struct profile_parser *p);
bool statement_portrange(struct profile_parser *p);
bool statement_tcpconfig(struct profile_parser *p);

#endif
