/* SOURCEIPA and SRCIP: which source address the connections of a job get, or those to a destination.
 *
 *   SOURCEIPA ipaddr job ...              SRCIP
 *   SOURCEIPA DELETE job ...                JOBNAME     job source [CLIENT|SERVER|BOTH]
 *                                           DESTINATION network[/prefix] source
 *                                         ENDSRCIP
 * SOURCEIPA is the patent's statement: a bad job costs only itself. SRCIP is the product's block: a syntax error anywhere
 * in it discards all of it, the block that was in force before stays; a second one in the same profile is passed over. */
#include "stack/profile/profile_parser.h"

#include <string.h>

#include "stack/base/text.h"

/* --- SOURCEIPA ----------------------------------------------------------------------------------------------------- */

static struct profile_sourceipa *find_job(struct profile *profile, const char *job)
{
    for (unsigned i = 0; i < profile->sourceipa_count; i++)
        if (text_equal(profile->sourceipas[i].job, job))
            return &profile->sourceipas[i];
    return NULL;
}

static bool delete_job(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_sourceipa *entry = p->token.end ? NULL : find_job(profile, p->token.text);
    char job[NAME_LEN + 1];

    if (entry == NULL && !p->syntax_only)
        return parser_expected(p, "A JOB OF AN EARLIER SOURCEIPA");
    if (!parser_job(p, job))
        return false;
    if (entry != NULL)
        memmove(entry, entry + 1, (size_t)(profile->sourceipas + profile->sourceipa_count-- - (entry + 1)) * sizeof *entry);
    return true;
}

/* A job has one address. Asking for the same one again changes nothing; a change of the running profile gives another. */
static bool set_job(struct profile_parser *p, const struct profile_sourceipa *entry)
{
    struct profile *profile = p->profile;
    struct profile_sourceipa *earlier = find_job(profile, entry->job);

    if (earlier == NULL)
        profile->sourceipas[profile->sourceipa_count++] = *entry;
    else if (earlier->address == entry->address)
        return true;
    else if (earlier->line != 0)
        return parser_conflict(p, "SOURCEIPA", entry->job, earlier->line);
    else
        *earlier = *entry;
    return true;
}

static bool add_job(struct profile_parser *p, struct profile_sourceipa *entry)
{
    bool full = p->profile->sourceipa_count == SOURCEIPA_MAX;

    if (full && (p->token.end || find_job(p->profile, p->token.text) == NULL))
        return parser_expected(p, "NO MORE THAN %u JOBS", SOURCEIPA_MAX);
    if (!parser_job(p, entry->job))
        return false;
    p->effect = EFFECT_ENTRY;
    (void)set_job(p, entry);            /* a conflict costs only the entry */
    return true;
}

bool statement_sourceipa(struct profile_parser *p)
{
    struct profile_sourceipa entry = { .line = parser_place(p) };
    bool delete = parser_keyword(p, "DELEte");

    if (!delete && !parser_address(p, &entry.address))
        return false;
    do {
        if (!(delete ? delete_job(p) : add_job(p, &entry)))
            return false;
        p->effect = EFFECT_REST;
    } while (!parser_at_statement(p));
    return true;
}

/* --- SRCIP --------------------------------------------------------------------------------------------------------- */

static void pass_over(struct profile_parser *p)
{
    parser_note(p, "SRCIP ON LINE %u IGNORED, THIS PROFILE HAS ONE ALREADY", p->statement_line);
    while (!p->token.end && !parser_at(p, "ENDSRCIP"))
        parser_advance(p);
    if (!p->token.end)
        parser_advance(p);
}

bool statement_srcip(struct profile_parser *p)
{
    struct profile *profile = p->profile;

    if (profile->srcip_line != 0) {
        pass_over(p);
        return true;
    }
    profile->srcip_line = parser_place(p);
    profile->srcip_count = 0;
    p->block = BLOCK_SRCIP;
    p->block_line = p->statement_line;
    p->block_bad = false;
    return parser_at_statement(p) || parser_expected(p, "JOBNAME, DESTINATION OR ENDSRCIP");
}

void parser_srcip_end(struct profile_parser *p)
{
    struct profile *profile = p->profile;

    p->block = BLOCK_NONE;
    if (!p->block_bad)
        return;
    profile->srcip_count = 0;
    if (p->before != NULL) {
        memcpy(profile->srcips, p->before->srcips, sizeof profile->srcips);
        profile->srcip_count = p->before->srcip_count;
    }
    parser_note(p, "SRCIP ON LINE %u IGNORED AS A WHOLE, IT HAS ERRORS", p->block_line);
}

bool statement_endsrcip(struct profile_parser *p)
{
    parser_srcip_end(p);
    return true;
}

static bool same_rule(const struct profile_srcip *a, const struct profile_srcip *b)
{
    if (a->is_destination || b->is_destination)
        return a->is_destination == b->is_destination && a->network == b->network && a->mask == b->mask;
    return text_equal(a->job, b->job) && (a->use & b->use) != 0;
}

/* The rest of an entry has been read: a second one of the same rule is ignored by itself. */
static bool add_rule(struct profile_parser *p, const struct profile_srcip *rule, const char *what, const char *value)
{
    struct profile *profile = p->profile;

    for (unsigned i = 0; i < profile->srcip_count; i++)
        if (same_rule(&profile->srcips[i], rule)) {
            (void)parser_conflict(p, what, value, profile->srcips[i].line);
            return true;
        }
    profile->srcips[profile->srcip_count++] = *rule;
    return true;
}

static bool rule_fits(struct profile_parser *p)
{
    return p->profile->srcip_count < SRCIP_MAX || parser_expected(p, "NO MORE THAN %u ENTRIES", SRCIP_MAX);
}

bool statement_jobname(struct profile_parser *p)
{
    struct profile_srcip rule = { .use = SRCIP_CLIENT, .line = parser_place(p) };

    if (!rule_fits(p) || !parser_job(p, rule.job) || !parser_address(p, &rule.source))
        return false;
    if (parser_keyword(p, "SERVER"))
        rule.use = SRCIP_SERVER;
    else if (parser_keyword(p, "BOTH"))
        rule.use = SRCIP_BOTH;
    else
        (void)parser_keyword(p, "CLIENT");
    return add_rule(p, &rule, "JOBNAME", rule.job);
}

bool statement_destination(struct profile_parser *p)
{
    struct profile_srcip rule = { .is_destination = true, .mask = UINT32_MAX, .line = parser_place(p) };
    char value[20], text[16];

    if (!rule_fits(p))
        return false;
    if (parser_network(p, &rule.network, &rule.mask)) {
        if ((rule.network & ~rule.mask) != 0)
            return parser_expected(p, "A NETWORK OF ITS PREFIX LENGTH");
        parser_advance(p);
    } else if (!parser_address(p, &rule.network)) {
        return false;
    }
    if (!parser_address(p, &rule.source))
        return false;
    text_format(value, sizeof value, "%s/%u", text_ip(text, rule.network), profile_mask_bits(rule.mask));
    return add_rule(p, &rule, "DESTINATION", value);
}
