/* Private to stack/profile: what the statement handlers are written with.
 *
 * A handler is called with the word after its statement in hand. It takes words with parser_*(); those that find something
 * else report it and return false, and the handler returns false at once: the rest of the statement is skipped, and
 * nothing of it has been applied unless p->effect says so. One handler a statement, one table of them (profile.c). */
#ifndef PROFILE_PARSER_H
#define PROFILE_PARSER_H

#include "stack/profile/profile.h"
#include "stack/profile/profile_lex.h"

enum profile_block { BLOCK_NONE, BLOCK_VIPADYNAMIC, BLOCK_ROUTES, BLOCK_SRCIP, BLOCK_PASSED, BLOCK_ANY };

struct profile_member {             /* one that is being read */
    struct profile_lexer lexer;
    uint8_t file;                   /* its number, from 1: see PROFILE_FILE() */
    uint32_t text_at;               /* where its text begins in the input */
};

struct profile_parser {
    struct profile *profile;
    const struct profile *before;   /* what a change is applied to, as it was; NULL: no change is read */
    bool syntax_only;               /* what the running profile has is not known */
    struct profile_input *input;    /* NULL: there are no members */
    uint32_t text_used;             /* of its text */
    struct profile_member outer[INCLUDE_DEPTH_MAX];     /* the members that wait for the end of the one that is read */
    unsigned depth;
    char names[INCLUDE_FILES_MAX][TOKEN_MAX + 1];       /* of the members */
    uint8_t file_count, file;       /* file: that is read, from 1 */
    uint32_t text_at;               /* of its text */
    struct profile_lexer lexer;
    struct profile_token token;     /* the word in hand */
    const struct profile_statement *statement;
    uint32_t statement_line;
    const char *effect;             /* what of it an error costs */
    enum profile_block block;       /* the block that is open */
    uint32_t block_line;
    const struct profile_passed *passed;    /* BLOCK_PASSED: which one */
    bool block_bad;                 /* SRCIP: an error discards all of it */
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

/* profile_passed.c: a statement that this stack has no use for. */
struct profile_passed {
    struct profile_statement statement;
    const char *end;                /* the word that ends its block; NULL: it is no block */
    const char *instead;            /* what to write in place of it; NULL: nothing is missed */
};

/* An option of a statement: one of a list that ends with a word NULL. */
struct profile_option {
    const char *word;               /* capitals: the least abbreviation */
    bool (*parse)(struct profile_parser *p);    /* called with the word after it in hand; NULL: it is passed over */
    uint8_t parameters;             /* of an option that is passed over, or OPTION_NUMBERS */
    bool part;                      /* of the option before it: it is passed over without a word */
};
#define OPTION_NUMBERS 0xFFu        /* as many numbers as there are */

#define EFFECT_ALL ""
#define EFFECT_ENTRY "ENTRY "
#define EFFECT_REST "REST "
#define EFFECT_OPTION "OPTION "

/* Report: the word in hand is not what was expected. Returns false. */
bool parser_expected(struct profile_parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Report: this statement conflicts with an earlier one by value. Returns false; a handler that has taken its last word by
 * then returns true all the same, or the next statement would be skipped with this one. */
bool parser_conflict(struct profile_parser *p, const char *earlier, const char *value, uint32_t earlier_line);

/* Say something that is no error. */
void parser_note(struct profile_parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The place of the statement, for the line of its record. */
uint32_t parser_place(const struct profile_parser *p);

/* Report an error that has a message of its own. */
void parser_report(struct profile_parser *p, const char *message);

/* Read the whole profile: text is the first member. */
void parser_run(struct profile_parser *p, const char *name, const char *text, uint32_t length, profile_symbol_fn *symbol);

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
bool parser_network(struct profile_parser *p, uint32_t *network, uint32_t *mask);   /* dest/prefix in the word in hand; nothing is reported */
bool parser_mask(struct profile_parser *p, uint32_t *mask);
bool parser_name(struct profile_parser *p, const char *what, char name[17]);
bool parser_job(struct profile_parser *p, char job[NAME_LEN + 1]);

/* Options to the end of the statement, in any order: a bad one costs only itself. */
bool parser_options(struct profile_parser *p, const struct profile_option *options);

/* Pass over what is there of the options, none of which has a parse(). */
void parser_pass(struct profile_parser *p, const struct profile_option *options);

/* An address may be used once: by HOME, IPCONFIG DYNAMICXCF, or a DVIPA. Reports the conflict and returns false. */
bool parser_address_free(struct profile_parser *p, uint32_t address);

/* What VIPADEFINE, VIPABACKUP and VIPADISTRIBUTE say of tiers, which this stack has not. */
extern const struct profile_option parser_tiers[];

/* The word CLUSTERPORTS or its alias, taken if it is there; then its options. */
bool parser_at_clusterports(struct profile_parser *p);
bool parser_clusterports(struct profile_parser *p, struct profile_clusterports *clusterports);

/* What a repeated statement says of CLUSTERPORTS against what is there: nothing new, or it is added with a note. false: it is
 * neither, and nothing was done. */
bool parser_add_clusterports(struct profile_parser *p, struct profile_clusterports *there, const struct profile_clusterports *said,
                             uint32_t address);

extern const char *const profile_store_names[];     /* by enum profile_store */

bool parser_is_host(uint32_t address);      /* an address that a host can have: not of this network, loopback, multicast or reserved */
bool profile_is_mask(uint32_t mask);
unsigned profile_mask_bits(uint32_t mask);

/* profile_input.c */
void parser_open_first(struct profile_parser *p, const char *name);     /* EZZ0309I */
void parser_close_first(struct profile_parser *p);                      /* EZZ0316I */
bool parser_leave(struct profile_parser *p);        /* the end of an included member: go on in the outer one. false: there is none */
const char *parser_file_name(const struct profile_parser *p, uint8_t file);
bool statement_include(struct profile_parser *p);
void profile_defaults(struct profile *profile);

/* profile_passed.c */
const struct profile_statement *parser_find_passed(const char *word);   /* NULL: no such statement */
bool statement_passed(struct profile_parser *p);
void parser_pass_word(struct profile_parser *p);    /* in BLOCK_PASSED: one word on, perhaps its end */

/* profile_vipa.c */
bool statement_vipadynamic(struct profile_parser *p);
bool statement_endvipadynamic(struct profile_parser *p);
bool statement_vipadefine(struct profile_parser *p);
bool statement_vipabackup(struct profile_parser *p);
bool statement_viparange(struct profile_parser *p);
bool statement_vipadelete(struct profile_parser *p);

/* profile_distribute.c */
bool statement_vipadistribute(struct profile_parser *p);

/* profile_source.c */
bool statement_srcip(struct profile_parser *p);
bool statement_jobname(struct profile_parser *p);
bool statement_destination(struct profile_parser *p);
bool statement_endsrcip(struct profile_parser *p);
void parser_srcip_end(struct profile_parser *p);    /* also without its END */
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
bool statement_delete(struct profile_parser *p);
bool statement_tcpconfig(struct profile_parser *p);
bool statement_udpconfig(struct profile_parser *p);
bool statement_globalconfig(struct profile_parser *p);

#endif
