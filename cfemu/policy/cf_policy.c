/* Words and parentheses are found by a scanner. A word that no parenthesis follows begins a statement; those of its keywords
 * that are known stand in one table, which says what form a value has and where it goes. Lists of names are kept until the
 * policy ends, because they may name what is defined later. */
#include "cfemu/policy/cf_policy.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- the language ------------------------------------------------------------------------------------------------------- */

enum statement { DATA, DEFINE, CF, STRUCTURE, STATEMENTS };

static const char *const statement_names[STATEMENTS] = {"DATA", "DEFINE POLICY", "CF", "STRUCTURE"};

enum form {
    NAME,           /* width characters A-Z 0-9 $ @ # at most, _ in names of structures; begins with no digit */
    TEXT,           /* 1 .. width letters and digits */
    HEX,            /* number of at most two hexadecimal digits */
    NUMBER,         /* low .. high */
    SIZE,           /* KiB, low .. high */
    YESNO,
    DUPLEX,
    SITE,
    CFS,            /* list of names of CFs */
    STRUCTURES,     /* list of names of structures */
    CFRM,           /* the word */
    REPLACE,        /* YES, NO, or a time: as NO, for there is no couple data set to compare it with */
    IGNORED,        /* any value: no effect here */
};

struct keyword {
    const char *word;
    enum statement statement;
    enum form form;
    bool required;
    size_t offset;          /* in struct define, cf_policy_cf, cf_policy_structure */
    uint32_t width;         /* NAME, TEXT */
    uint32_t low, high;     /* NUMBER, SIZE */
    const char *expected;
};

/* What DEFINE POLICY says. */
struct define {
    char name[8];
    uint32_t replace;
};

#define POLICY(member) offsetof(struct define, member)
#define FACILITY(member) offsetof(struct cf_policy_cf, member)
#define RULE(member) offsetof(struct cf_policy_structure, member)
#define NAME8 "a name of 1 to 8 characters A-Z 0-9 $ @ # that does not begin with a digit"
#define SIZES "a size of 1 to 9 digits, with K, M or G behind it, "

static const struct keyword keywords[] = {
    {"TYPE", DATA, CFRM, true, 0, 0, 0, 0, "CFRM"},
    {"REPORT", DATA, IGNORED, false, 0, 0, 0, 0, NULL},
    {"NAME", DEFINE, NAME, true, POLICY(name), 8, 0, 0, NAME8},
    {"REPLACE", DEFINE, REPLACE, false, POLICY(replace), 0, 0, 0, "YES, NO or the time of the policy to replace"},
    {"NAME", CF, NAME, true, FACILITY(name), 8, 0, 0, NAME8},
    {"TYPE", CF, TEXT, true, FACILITY(type), 6, 0, 0, "1 to 6 letters and digits"},
    {"MFG", CF, TEXT, true, FACILITY(mfg), 3, 0, 0, "1 to 3 letters and digits"},
    {"PLANT", CF, TEXT, true, FACILITY(plant), 2, 0, 0, "1 or 2 letters and digits"},
    {"SEQUENCE", CF, TEXT, true, FACILITY(sequence), 12, 0, 0, "1 to 12 letters and digits"},
    {"PARTITION", CF, HEX, true, FACILITY(partition), 0, 0, 0, "1 or 2 hexadecimal digits"},
    {"SIDE", CF, IGNORED, false, 0, 0, 0, 0, NULL},
    {"CPCID", CF, HEX, false, FACILITY(cpcid), 0, 0, 0, "1 or 2 hexadecimal digits"},
    {"DUMPSPACE", CF, SIZE, false, FACILITY(dumpspace_kib), 0, 0, 67108864, SIZES "at most 64G"},
    {"SITE", CF, SITE, false, FACILITY(site), 0, 0, 0, "SITE1 or SITE2"},
    {"NAME", STRUCTURE, NAME, true, RULE(name), 16, 0, 0, "a name of 1 to 16 characters A-Z 0-9 $ @ # _ that does not begin with a digit"},
    {"SIZE", STRUCTURE, SIZE, true, RULE(size_kib), 0, 1, 67108864, SIZES "from 1K to 64G"},
    {"INITSIZE", STRUCTURE, SIZE, false, RULE(initsize_kib), 0, 1, 67108864, SIZES "from 1K to 64G"},
    {"MINSIZE", STRUCTURE, SIZE, false, RULE(minsize_kib), 0, 0, 67108864, SIZES "at most 64G"},
    {"SCMMAXSIZE", STRUCTURE, IGNORED, false, 0, 0, 0, 0, NULL},
    {"SCMALGORITHM", STRUCTURE, IGNORED, false, 0, 0, 0, 0, NULL},
    {"ALLOWAUTOALT", STRUCTURE, YESNO, false, RULE(allowautoalt), 0, 0, 0, "YES or NO"},
    {"FULLTHRESHOLD", STRUCTURE, NUMBER, false, RULE(fullthreshold), 0, 0, 100, "a number from 0 to 100"},
    {"PREFLIST", STRUCTURE, CFS, true, 0, 0, 0, 0, "1 to 8 names of CFs, each once, with commas between them"},
    {"EXCLLIST", STRUCTURE, STRUCTURES, false, 0, 0, 0, 0, "1 to 8 names of structures, each once, with commas between them"},
    {"REBUILDPERCENT", STRUCTURE, NUMBER, false, RULE(rebuildpercent), 0, 1, 100, "a number from 1 to 100"},
    {"DUPLEX", STRUCTURE, DUPLEX, false, RULE(duplex), 0, 0, 0, "DISABLED, ALLOWED or ENABLED"},
    {"RECPRTY", STRUCTURE, IGNORED, false, 0, 0, 0, 0, NULL},
    {"SUBNOTIFYDELAY", STRUCTURE, IGNORED, false, 0, 0, 0, 0, NULL},
    {"LISTNOTIFYDELAY", STRUCTURE, IGNORED, false, 0, 0, 0, 0, NULL},
    {"KEYRNOTIFYDELAY", STRUCTURE, IGNORED, false, 0, 0, 0, 0, NULL},
    {"ENFORCEORDER", STRUCTURE, YESNO, false, RULE(enforceorder), 0, 0, 0, "YES or NO"},
    {"ALLOWREALLOCATE", STRUCTURE, YESNO, false, RULE(allowreallocate), 0, 0, 0, "YES or NO"},
    {"ENCRYPT", STRUCTURE, IGNORED, false, 0, 0, 0, 0, NULL},
};
enum { KEYWORDS = sizeof keywords / sizeof keywords[0] };
_Static_assert(KEYWORDS <= 64, "a bit for each");

/* --- reading ------------------------------------------------------------------------------------------------------------ */

#define WORD_MAX 40u        /* a longer one is cut: no word of the language is as long */
#define VALUES_MAX 9u       /* one more than any list has */

struct token {
    unsigned line, column;
    size_t length;          /* as it stands in the text; 0 = the end of it */
    char word[WORD_MAX];    /* upper case; punctuation is a word of one character */
};

/* A name in a list, to be looked up when the policy is complete. */
struct reference {
    struct token token;
    uint32_t structure;     /* which has the list */
    bool exclusion;
};

struct reading {
    const char *at, *end;
    unsigned line, column;
    struct token token;     /* the next one */
    const char *path;
    FILE *report;
    struct cf_policy_file *file;
    struct cf_policy *policy;           /* being defined, NULL = none */
    bool data;                          /* DATA TYPE(CFRM) was seen */
    /* the statement in work */
    enum statement statement;
    struct token begin;
    uint64_t seen;                      /* bit n: keywords[n] */
    bool wrong;
    union {
        struct define define;
        struct cf_policy_cf cf;
        struct cf_policy_structure structure;
    } work;
    struct reference *references;       /* of the policy, those of the statement in work last */
    size_t reference_count, reference_room, reference_mark;
};

static const char *statement_label(struct reading *r, char label[48])
{
    const char *name = r->statement == CF ? r->work.cf.name : r->statement == STRUCTURE ? (const char *)r->work.structure.name
                     : r->statement == DEFINE ? r->work.define.name : "";
    int width = r->statement == STRUCTURE ? CF_NAME_SIZE : 8;
    snprintf(label, 48, "%s%s%.*s", statement_names[r->statement], *name ? " " : "", *name ? width : 0, name);
    for (size_t end = strlen(label); end > 0 && label[end - 1] == ' '; end--)
        label[end - 1] = '\0';
    return label;
}

__attribute__((format(printf, 3, 0))) static void tell(struct reading *r, const struct token *where, const char *format, va_list arguments)
{
    fprintf(r->report, "%s:%u:%u: ", r->path, where->line, where->column);
    vfprintf(r->report, format, arguments);
}

/* A mistake that is no statement's. */
__attribute__((format(printf, 3, 4))) static void mistake(struct reading *r, const struct token *where, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(r, where, format, arguments);
    va_end(arguments);
    fputc('\n', r->report);
    r->file->mistakes++;
}

/* A mistake in the statement in work, which is lost by it. */
__attribute__((format(printf, 3, 4))) static void wrong(struct reading *r, const struct token *where, const char *format, ...)
{
    va_list arguments;
    char label[48];
    fprintf(r->report, "%s:%u:%u: %s: ", r->path, where->line, where->column, statement_label(r, label));
    va_start(arguments, format);
    vfprintf(r->report, format, arguments);
    va_end(arguments);
    fputs("; the statement is ignored\n", r->report);
    r->file->mistakes++;
    r->wrong = true;
}

__attribute__((format(printf, 3, 4))) static void remark(struct reading *r, const struct token *where, const char *format, ...)
{
    va_list arguments;
    char label[48];
    fprintf(r->report, "%s:%u:%u: note: %s: ", r->path, where->line, where->column, statement_label(r, label));
    va_start(arguments, format);
    vfprintf(r->report, format, arguments);
    va_end(arguments);
    fputc('\n', r->report);
    r->file->notes++;
}

/* What was found, for messages. */
static const char *found(const struct token *token)
{
    return token->length > 0 ? token->word : "the end";
}

static void advance(struct reading *r)
{
    if (*r->at == '\n') {
        r->line++;
        r->column = 0;
    }
    r->at++;
    r->column++;
}

static bool comment_begins(const struct reading *r)
{
    return r->end - r->at >= 2 && r->at[0] == '/' && r->at[1] == '*';
}

static void comment_skip(struct reading *r)
{
    const struct token begin = {.line = r->line, .column = r->column};
    advance(r);
    advance(r);
    while (r->end - r->at >= 2 && !(r->at[0] == '*' && r->at[1] == '/'))
        advance(r);
    if (r->end - r->at >= 2) {
        advance(r);
        advance(r);
        return;
    }
    while (r->at < r->end)
        advance(r);
    mistake(r, &begin, "this comment has no end: expected */; the rest of the text is ignored");
}

static bool separates(char c)
{
    return isspace((unsigned char)c) || c == '(' || c == ')' || c == ',';
}

static void next(struct reading *r)
{
    while (r->at < r->end && (isspace((unsigned char)*r->at) || comment_begins(r))) {
        if (comment_begins(r))
            comment_skip(r);
        else
            advance(r);
    }
    struct token *token = &r->token;
    *token = (struct token){.line = r->line, .column = r->column};
    do {
        if (r->at == r->end || (token->length > 0 && (separates(*r->at) || comment_begins(r))))
            break;
        char c = (char)toupper((unsigned char)*r->at);
        if (token->length < WORD_MAX - 1)
            token->word[token->length] = isprint((unsigned char)c) ? c : '?';
        token->length++;
        advance(r);
    } while (!separates(r->at[-1]));
}

static bool is(const struct token *token, const char *word)
{
    return strcmp(token->word, word) == 0;
}

/* Length of a blank-padded text. */
static int width_of(const char *text, int size)
{
    while (size > 0 && text[size - 1] == ' ')
        size--;
    return size;
}

#define PADDED(text) width_of((const char *)(text), (int)sizeof(text)), (const char *)(text)

/* --- values ---------------------------------------------------------------------------------------------------------------- */

static bool get_name(const struct token *token, uint32_t width, bool underscore)
{
    const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$@#_";
    for (size_t i = 0; i < token->length && i < width; i++)
        if (!strchr(letters, token->word[i]) || (token->word[i] == '_' && !underscore))
            return false;
    return token->length >= 1 && token->length <= width && !isdigit((unsigned char)token->word[0]);
}

static bool get_text(const struct token *token, uint32_t width)
{
    for (size_t i = 0; i < token->length && i < width; i++)
        if (!isalnum((unsigned char)token->word[i]))
            return false;
    return token->length >= 1 && token->length <= width;
}

static void put_text(char *to, const struct token *token, uint32_t width)
{
    memset(to, ' ', width);
    memcpy(to, token->word, token->length);
}

/* Digits, then at most one character, which *unit gets. */
static bool get_number(const struct token *token, unsigned base, uint64_t *value, char *unit)
{
    char *end;
    if (token->length > 10 || !isxdigit((unsigned char)token->word[0]))
        return false;
    *value = strtoull(token->word, &end, (int)base);
    *unit = *end;
    return end != token->word && (*end == '\0' || end[1] == '\0');
}

static bool get_size(const struct token *token, uint64_t *kib)
{
    char unit;
    if (!get_number(token, 10, kib, &unit) || (unit != '\0' && !strchr("KMG", unit)) || *kib > 999999999)
        return false;
    *kib <<= unit == 'M' ? 10 : unit == 'G' ? 20 : 0;
    return true;
}

static bool choose(const struct token *token, const char *const *words, uint8_t *to)
{
    for (uint8_t i = 0; words[i]; i++) {
        if (is(token, words[i])) {
            *to = i;
            return true;
        }
    }
    return false;
}

static bool reference_add(struct reading *r, const struct token *token, bool exclusion)
{
    if (r->reference_count == r->reference_room) {
        size_t room = r->reference_room > 0 ? 2 * r->reference_room : 64;
        struct reference *more = realloc(r->references, room * sizeof *more);
        if (!more)
            return false;
        r->references = more;
        r->reference_room = room;
    }
    r->references[r->reference_count++] =
        (struct reference){.token = *token, .structure = r->policy->structure_count, .exclusion = exclusion};
    return true;
}

static bool set_list(struct reading *r, const struct keyword *k, const struct token *values, unsigned count)
{
    bool exclusion = k->form == STRUCTURES;
    bool valid = count >= 1 && count <= CF_POLICY_LIST_MAX;
    for (unsigned i = 0; valid && i < count; i++) {
        valid = get_name(&values[i], exclusion ? 16 : 8, exclusion) && reference_add(r, &values[i], exclusion);
        for (unsigned j = 0; j < i; j++)
            valid &= !is(&values[j], values[i].word);
    }
    return valid;
}

/* Store a value as its form says. false: it has another form. */
static bool set_value(struct reading *r, const struct keyword *k, const struct token *values, unsigned count)
{
    static const char *const yesno[] = {"NO", "YES", NULL}, *const duplex[] = {"DISABLED", "ALLOWED", "ENABLED", NULL},
                             *const site[] = {"", "SITE1", "SITE2", NULL};
    const struct token *value = &values[0];
    char *to = (char *)&r->work + k->offset, unit;
    uint64_t number;
    if (k->form == CFS || k->form == STRUCTURES)
        return set_list(r, k, values, count);
    if (k->form == DUPLEX && count > 1)
        remark(r, &values[1], "DUPLEX(...,%s) has no effect here", values[1].word);
    else if (count != 1)
        return k->form == IGNORED;
    switch (k->form) {
    case NAME:
        if (!get_name(value, k->width, k->width == CF_NAME_SIZE))
            return false;
        put_text(to, value, k->width);
        return true;
    case TEXT:
        if (!get_text(value, k->width))
            return false;
        put_text(to, value, k->width);
        return true;
    case HEX:
        if (value->length > 2 || !get_number(value, 16, &number, &unit) || unit != '\0')
            return false;
        *(uint8_t *)to = (uint8_t)number;
        return true;
    case NUMBER:
        if (!get_number(value, 10, &number, &unit) || unit != '\0' || number < k->low || number > k->high)
            return false;
        *(uint8_t *)to = (uint8_t)number;
        return true;
    case SIZE:
        if (!get_size(value, &number) || number < k->low || number > k->high)
            return false;
        *(uint32_t *)(void *)to = (uint32_t)number;
        return true;
    case YESNO:
        return choose(value, yesno, (uint8_t *)to);
    case DUPLEX:
        return choose(value, duplex, (uint8_t *)to);
    case SITE:
        return value->length > 0 && choose(value, site, (uint8_t *)to);
    case CFRM:
        return is(value, "CFRM");
    case REPLACE:
        *(uint32_t *)(void *)to = is(value, "YES");
        return is(value, "YES") || is(value, "NO") || strchr(value->word, '/') != NULL;
    default:
        return true;
    }
}

/* --- statements ------------------------------------------------------------------------------------------------------------- */

static const struct keyword *keyword_find(const struct reading *r, const struct token *word)
{
    for (size_t i = 0; i < KEYWORDS; i++)
        if (keywords[i].statement == r->statement && is(word, keywords[i].word))
            return &keywords[i];
    return NULL;
}

/* The values between parentheses; at most VALUES_MAX are kept. false: the parentheses are not in order, told. */
static bool values_read(struct reading *r, const struct token *word, struct token *values, unsigned *count)
{
    *count = 0;
    next(r);            /* ( */
    while (r->token.length > 0 && !is(&r->token, ")") && !is(&r->token, "(")) {
        if (is(&r->token, ",")) {
            wrong(r, &r->token, "%s: expected a value before the comma", word->word);
            return false;
        }
        if (*count < VALUES_MAX)
            values[(*count)++] = r->token;
        next(r);
        if (is(&r->token, ","))
            next(r);
    }
    if (!is(&r->token, ")")) {
        wrong(r, &r->token, "%s: expected ) to end its value, found %s", word->word, found(&r->token));
        return false;
    }
    next(r);
    return true;
}

static void keyword_read(struct reading *r, const struct token *word)
{
    struct token values[VALUES_MAX];
    unsigned count;
    const struct keyword *k = keyword_find(r, word);
    if (!k) {
        wrong(r, word, "%s: expected a keyword of the statement", word->word);
        return;
    }
    uint64_t bit = 1ull << (k - keywords);
    if (!values_read(r, word, values, &count))
        return;
    if (r->seen & bit)
        wrong(r, word, "%s: expected only once", word->word);
    else if (!set_value(r, k, values, count))
        wrong(r, word, "%s(%s%s): expected %s", word->word, count > 0 ? values[0].word : "", count > 1 ? ",..." : "", k->expected);
    else if (k->form == IGNORED && k->statement != DATA)
        remark(r, word, "%s has no effect here", word->word);
    r->seen |= bit;
}

static void structure_check(struct reading *r)
{
    const struct cf_policy_structure *s = &r->work.structure;
    bool excl = false;
    for (size_t i = r->reference_mark; i < r->reference_count; i++)
        excl |= r->references[i].exclusion;
    if (s->initsize_kib > s->size_kib)
        wrong(r, &r->begin, "INITSIZE is %u K: expected at most SIZE, %u K", s->initsize_kib, s->size_kib);
    else if (s->minsize_kib > (s->initsize_kib > 0 ? s->initsize_kib : s->size_kib))
        wrong(r, &r->begin, "MINSIZE is %u K: expected at most %s, %u K", s->minsize_kib, s->initsize_kib > 0 ? "INITSIZE" : "SIZE",
              s->initsize_kib > 0 ? s->initsize_kib : s->size_kib);
    else if (s->enforceorder && excl)
        wrong(r, &r->begin, "ENFORCEORDER(YES): expected no EXCLLIST beside it");
    else if (s->initsize_kib > 0 && s->initsize_kib < s->size_kib / 2)
        remark(r, &r->begin, "INITSIZE is less than half of SIZE: control storage is made for SIZE at once, and much of INITSIZE goes to it");
}

static bool twice(const struct reading *r)
{
    const struct cf_policy *p = r->policy;
    for (uint32_t i = 0; r->statement == CF && i < p->cf_count; i++)
        if (memcmp(p->cf[i].name, r->work.cf.name, 8) == 0)
            return true;
    for (uint32_t i = 0; r->statement == STRUCTURE && i < p->structure_count; i++)
        if (memcmp(p->structure[i].name, r->work.structure.name, CF_NAME_SIZE) == 0)
            return true;
    for (unsigned i = 0; r->statement == DEFINE && i < r->file->count; i++)
        if (memcmp(r->file->policy[i].name, r->work.define.name, 8) == 0)
            return true;
    return false;
}

/* Is what it needs there, and does it go together? */
static void statement_check(struct reading *r)
{
    for (size_t i = 0; i < KEYWORDS && !r->wrong; i++)
        if (keywords[i].statement == r->statement && keywords[i].required && !(r->seen & 1ull << i))
            wrong(r, &r->begin, "expected %s", keywords[i].word);
    if (!r->wrong && twice(r))
        wrong(r, &r->begin, "expected a name of its own: another has it");
    if (!r->wrong && r->statement == STRUCTURE)
        structure_check(r);
}

/* The policy is complete: look up the names in its lists. */
static void references_resolve(struct reading *r)
{
    struct cf_policy *p = r->policy;
    for (size_t i = 0; i < r->reference_count; i++) {
        const struct reference *ref = &r->references[i];
        struct cf_policy_structure *s = &p->structure[ref->structure];
        uint32_t n = 0, count = ref->exclusion ? p->structure_count : p->cf_count;
        char name[CF_NAME_SIZE];
        put_text(name, &ref->token, ref->exclusion ? CF_NAME_SIZE : 8);
        while (n < count && (ref->exclusion ? memcmp(p->structure[n].name, name, CF_NAME_SIZE) : memcmp(p->cf[n].name, name, 8)) != 0)
            n++;
        if (n == count)
            mistake(r, &ref->token, "STRUCTURE %.*s: %s: expected a %s that this policy defines; the policy cannot be used",
                    PADDED(s->name), ref->token.word, ref->exclusion ? "STRUCTURE" : "CF");
        else if (ref->exclusion)
            s->excl[s->excl_count++] = (uint16_t)n;
        else
            s->pref[s->pref_count++] = (uint8_t)n;
    }
    r->reference_count = 0;
    r->policy = NULL;
}

/* A wrong DEFINE POLICY begins one, too, which is not counted: what follows it is looked at, and lost. */
static void policy_begin(struct reading *r)
{
    if (r->policy)
        references_resolve(r);
    if (!r->wrong && !r->data)
        wrong(r, &r->begin, "expected DATA TYPE(CFRM) before it");
    if (r->file->count == CF_POLICIES_MAX) {
        if (!r->wrong)
            wrong(r, &r->begin, "expected at most %u policies in a file", CF_POLICIES_MAX);
        return;
    }
    r->policy = &r->file->policy[r->file->count];
    memset(r->policy, 0, sizeof *r->policy);
    if (r->wrong)
        return;
    memcpy(r->policy->name, r->work.define.name, sizeof r->policy->name);
    r->policy->replace = r->work.define.replace;
    r->file->count++;
}

static void statement_end(struct reading *r)
{
    if (!r->wrong)
        statement_check(r);
    if (r->statement == DEFINE) {
        policy_begin(r);
    } else if (r->wrong || r->statement == DATA) {
        r->reference_count = r->reference_mark;
        r->data |= r->statement == DATA;
    } else if (r->statement == CF && r->policy->cf_count < CF_POLICY_CFS_MAX) {
        r->policy->cf[r->policy->cf_count++] = r->work.cf;
    } else if (r->statement == STRUCTURE && r->policy->structure_count < CF_POLICY_STRUCTURES_MAX) {
        r->policy->structure[r->policy->structure_count++] = r->work.structure;
    } else {
        wrong(r, &r->begin, "expected at most %u of them in a policy", r->statement == CF ? CF_POLICY_CFS_MAX : CF_POLICY_STRUCTURES_MAX);
        r->reference_count = r->reference_mark;
    }
}

/* The next word begins a statement. false: it is none; what follows it is skipped. */
static bool statement_begin(struct reading *r)
{
    r->begin = r->token;
    r->seen = 0;
    r->wrong = false;
    r->reference_mark = r->reference_count;
    memset(&r->work, 0, sizeof r->work);
    if (is(&r->token, "DATA")) {
        r->statement = DATA;
    } else if (is(&r->token, "DEFINE")) {
        r->statement = DEFINE;
        next(r);
        if (!is(&r->token, "POLICY")) {
            mistake(r, &r->token, "DEFINE: expected POLICY after it, found %s; the statement is ignored", found(&r->token));
            return false;
        }
    } else if (is(&r->token, "CF") || is(&r->token, "STRUCTURE")) {
        r->statement = is(&r->token, "CF") ? CF : STRUCTURE;
        r->work.structure.fullthreshold = r->statement == STRUCTURE ? 80 : 0;
        r->work.structure.allowreallocate = r->statement == STRUCTURE;
        if (!r->policy) {
            mistake(r, &r->token, "%s: expected after DEFINE POLICY; the statement is ignored", r->token.word);
            return false;
        }
    } else {
        mistake(r, &r->token, "expected DATA, DEFINE POLICY, CF or STRUCTURE, found %s", found(&r->token));
        return false;
    }
    return true;
}

/* Does the next token end the statement? A word without a value does. */
static bool statement_over(const struct reading *r)
{
    struct reading ahead = *r;
    if (r->token.length == 0 || is(&r->token, "(") || is(&r->token, ")") || is(&r->token, ","))
        return r->token.length == 0;
    while (ahead.at < ahead.end && (isspace((unsigned char)*ahead.at) || comment_begins(&ahead))) {
        const char *end = comment_begins(&ahead) ? memmem(ahead.at + 2, (size_t)(ahead.end - ahead.at) - 2, "*/", 2) : ahead.at - 1;
        ahead.at = end ? end + 2 : ahead.end;
    }
    return ahead.at == ahead.end || *ahead.at != '(';
}

static bool begins(const struct token *word)
{
    return is(word, "DATA") || is(word, "DEFINE") || is(word, "CF") || is(word, "STRUCTURE");
}

/* To the next statement. A word that begins none is passed over: what it belongs to was told to be ignored. */
static void skip(struct reading *r)
{
    bool inside = false;
    while (r->token.length > 0 && (inside || !begins(&r->token) || !statement_over(r))) {
        inside = is(&r->token, "(") || (inside && !is(&r->token, ")"));
        next(r);
    }
}

static void statement_read(struct reading *r)
{
    bool known = statement_begin(r);
    next(r);
    while (known && !r->wrong && !statement_over(r)) {
        struct token word = r->token;
        next(r);
        if (is(&word, "(") || is(&word, ")") || is(&word, ","))
            wrong(r, &word, "expected a keyword, found %s", word.word);
        else
            keyword_read(r, &word);
    }
    if (known && !r->wrong && r->token.length > 0 && !begins(&r->token))
        wrong(r, &r->token, "%s: expected a value in parentheses after it", r->token.word);
    if (known)
        statement_end(r);
    skip(r);
}

/* --- files ------------------------------------------------------------------------------------------------------------------- */

unsigned cf_policy_read(const char *text, size_t length, const char *path, struct cf_policy_file *file, FILE *report)
{
    struct reading r = {.at = text, .end = text + length, .line = 1, .column = 1, .path = path, .report = report, .file = file};
    file->count = file->mistakes = file->notes = 0;
    next(&r);
    while (r.token.length > 0)
        statement_read(&r);
    if (r.policy)
        references_resolve(&r);
    if (file->count == 0 && file->mistakes == 0)
        mistake(&r, &r.token, "expected DATA TYPE(CFRM) and DEFINE POLICY; there is no policy");
    free(r.references);
    return file->mistakes;
}

unsigned cf_policy_load(const char *path, struct cf_policy_file *file, FILE *report)
{
    file->count = file->notes = 0;
    file->mistakes = 1;
    FILE *in = fopen(path, "re");
    char *text = malloc(CF_POLICY_TEXT_MAX + 1);
    if (!in || !text) {
        fprintf(report, "%s: %s\n", path, strerror(errno));
    } else {
        size_t length = fread(text, 1, CF_POLICY_TEXT_MAX + 1, in);
        if (ferror(in))
            fprintf(report, "%s: cannot be read\n", path);
        else if (length > CF_POLICY_TEXT_MAX)
            fprintf(report, "%s: expected at most %u bytes\n", path, CF_POLICY_TEXT_MAX);
        else
            cf_policy_read(text, length, path, file, report);
    }
    free(text);
    if (in)
        fclose(in);
    return file->mistakes;
}

const struct cf_policy *cf_policy_pick(const struct cf_policy_file *file, const char *name, const char *path, FILE *report)
{
    char padded[9];
    if (!name && file->count == 1)
        return &file->policy[0];
    for (unsigned i = 0; name && i < file->count; i++) {
        snprintf(padded, sizeof padded, "%-8s", name);
        if (strlen(name) <= 8 && memcmp(file->policy[i].name, padded, 8) == 0)
            return &file->policy[i];
    }
    fprintf(report, "%s: expected the name of one of its policies:", path);
    for (unsigned i = 0; i < file->count; i++)
        fprintf(report, " %.8s", file->policy[i].name);
    fputc('\n', report);
    return NULL;
}

/* --- writing ------------------------------------------------------------------------------------------------------------------ */

static void list_write(const char *word, uint32_t count, const struct cf_policy *policy, const struct cf_policy_structure *s, FILE *to)
{
    bool exclusion = strcmp(word, "EXCLLIST") == 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = exclusion ? (const char *)policy->structure[s->excl[i]].name : policy->cf[s->pref[i]].name;
        fprintf(to, "%s%.*s", i == 0 ? "" : ",", width_of(name, exclusion ? CF_NAME_SIZE : 8), name);
    }
}

static void structure_write(const struct cf_policy *policy, const struct cf_policy_structure *s, FILE *to)
{
    static const char *const duplex[] = {"DISABLED", "ALLOWED", "ENABLED"}, *const yesno[] = {"NO", "YES"};
    fprintf(to, "  STRUCTURE NAME(%.*s) SIZE(%uK)", PADDED(s->name), s->size_kib);
    if (s->initsize_kib > 0)
        fprintf(to, " INITSIZE(%uK)", s->initsize_kib);
    if (s->minsize_kib > 0)
        fprintf(to, " MINSIZE(%uK)", s->minsize_kib);
    fprintf(to, "\n    ALLOWAUTOALT(%s) FULLTHRESHOLD(%u) DUPLEX(%s)", yesno[s->allowautoalt & 1], s->fullthreshold, duplex[s->duplex % 3]);
    if (s->rebuildpercent > 0)
        fprintf(to, " REBUILDPERCENT(%u)", s->rebuildpercent);
    fprintf(to, "\n    ENFORCEORDER(%s) ALLOWREALLOCATE(%s) PREFLIST(", yesno[s->enforceorder & 1], yesno[s->allowreallocate & 1]);
    list_write("PREFLIST", s->pref_count, policy, s, to);
    fputc(')', to);
    if (s->excl_count > 0) {
        fputs(" EXCLLIST(", to);
        list_write("EXCLLIST", s->excl_count, policy, s, to);
        fputc(')', to);
    }
    fputc('\n', to);
}

void cf_policy_write(const struct cf_policy *policy, FILE *to)
{
    fprintf(to, "DATA TYPE(CFRM)\nDEFINE POLICY NAME(%.*s) REPLACE(%s)\n", PADDED(policy->name), policy->replace ? "YES" : "NO");
    for (uint32_t i = 0; i < policy->cf_count; i++) {
        const struct cf_policy_cf *cf = &policy->cf[i];
        fprintf(to, "  CF NAME(%.*s) TYPE(%.*s) MFG(%.*s) PLANT(%.*s) SEQUENCE(%.*s) PARTITION(%X) CPCID(%02X) DUMPSPACE(%uK)",
                PADDED(cf->name), PADDED(cf->type), PADDED(cf->mfg), PADDED(cf->plant), PADDED(cf->sequence), cf->partition,
                cf->cpcid, cf->dumpspace_kib);
        fprintf(to, cf->site > 0 ? " SITE(SITE%u)\n" : "\n", cf->site);
    }
    for (uint32_t i = 0; i < policy->structure_count; i++)
        structure_write(policy, &policy->structure[i], to);
}
