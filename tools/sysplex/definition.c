/* One table says which keywords there are, in which section, what their value is and where it goes. Reading is a loop over
 * lines that looks its keyword up; what is missing at the end is found by the same table. */
#include "tools/sysplex/definition.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cfemu/link/cf_link.h"

enum section { SECTION_NONE, SECTION_SYSPLEX, SECTION_CF, SECTION_SERVER, SECTION_JOB, SECTION_SYSTEM, SECTIONS };
enum kind { KIND_NAME, KIND_NUMBER, KIND_SIZE, KIND_ADDRESS, KIND_ADDRESS_PREFIX, KIND_FILE, KIND_OPTIONAL_FILE, KIND_OPTIONAL_NAMES,
            KIND_OPTIONAL_NUMBER };

struct keyword {
    const char *word;
    enum section section;
    bool begins;                        /* this keyword begins the section */
    enum kind kind;
    size_t offset;                      /* in struct definition, or for CF, JOB and SYSTEM in the struct of each */
    uint64_t low, high;                 /* numbers, sizes */
};

#define DEFINITION(member) offsetof(struct definition, member)
#define FACILITY(member) offsetof(struct cf_definition, member)
#define JOB(member) offsetof(struct job_definition, member)
#define SYSTEM(member) offsetof(struct system_definition, member)
#define MIB ((uint64_t)1 << 20)

static const struct keyword keywords[] = {
    { "SYSPLEX", SECTION_SYSPLEX, true, KIND_NAME, DEFINITION(sysplex), 0, 0 },
    { "POLICY", SECTION_SYSPLEX, false, KIND_OPTIONAL_FILE, DEFINITION(policy), 0, 0 },
    { "STORY", SECTION_SYSPLEX, false, KIND_OPTIONAL_FILE, DEFINITION(story), 0, 0 },
    { "INTERVAL", SECTION_SYSPLEX, false, KIND_OPTIONAL_NUMBER, DEFINITION(interval_s), 1, 3600 },
    { "CLEANUP", SECTION_SYSPLEX, false, KIND_OPTIONAL_NUMBER, DEFINITION(cleanup_s), 1, 3600 },
    { "CF", SECTION_CF, true, KIND_NAME, FACILITY(name), 0, 0 },
    { "SIZE", SECTION_CF, false, KIND_SIZE, FACILITY(size), MIB, MIB << 16 },
    { "SERVER", SECTION_SERVER, true, KIND_ADDRESS_PREFIX, DEFINITION(server), 0, 0 },
    { "PORT", SECTION_SERVER, false, KIND_NUMBER, DEFINITION(server_port), 1, 65535 },
    { "JOB", SECTION_JOB, true, KIND_NAME, JOB(name), 0, 0 },
    { "PROGRAM", SECTION_JOB, false, KIND_NAME, JOB(program), 0, 0 },
    { "CONNECTIONS", SECTION_JOB, false, KIND_NUMBER, JOB(connections), 1, 10000000 },
    { "HOLD", SECTION_JOB, false, KIND_NUMBER, JOB(hold), 0, 65535 },
    { "RATE", SECTION_JOB, false, KIND_OPTIONAL_NUMBER, JOB(rate), 1, 100000 },
    { "SOURCE", SECTION_JOB, false, KIND_ADDRESS, JOB(source), 0, 0 },
    { "SYSTEMS", SECTION_JOB, false, KIND_OPTIONAL_NAMES, JOB(systems), 0, 0 },
    { "SYSTEM", SECTION_SYSTEM, true, KIND_NAME, SYSTEM(name), 0, 0 },
    { "NUMBER", SECTION_SYSTEM, false, KIND_NUMBER, SYSTEM(number), 1, 32 },
    { "PROFILE", SECTION_SYSTEM, false, KIND_FILE, SYSTEM(profile), 0, 0 },
    { "LINK", SECTION_SYSTEM, false, KIND_OPTIONAL_NUMBER, SYSTEM(link_ms), LINK_INTERVAL_MS_MIN, LINK_INTERVAL_MS_MAX },
};
enum { KEYWORDS = sizeof keywords / sizeof keywords[0] };

static const char *const section_names[] = { "", "SYSPLEX", "CF", "SERVER", "JOB", "SYSTEM" };

struct reading {
    struct definition *d;
    FILE *mistakes;
    unsigned mistake_count, line;
    enum section section;
    unsigned seen[SECTIONS];            /* bit n: keywords[n] was seen in the section in work */
};

__attribute__((format(printf, 3, 4))) static void mistake(struct reading *r, unsigned line, const char *format, ...)
{
    va_list arguments;
    fprintf(r->mistakes, "%s:%u: ", r->d->path, line);
    va_start(arguments, format);
    vfprintf(r->mistakes, format, arguments);
    va_end(arguments);
    fputc('\n', r->mistakes);
    r->mistake_count++;
}

/* --- sections that there may be several of ---------------------------------------------------------------------- */

/* NULL: of this section there is only one. limit: as many as there may be; noun: what they are. */
static unsigned *section_count(struct definition *d, enum section section, unsigned *limit, const char **noun)
{
    *limit = section == SECTION_CF ? DEFINED_CFS_MAX : section == SECTION_JOB ? DEFINED_JOBS_MAX : DEFINED_SYSTEMS_MAX;
    *noun = section == SECTION_CF ? "facilities" : section == SECTION_JOB ? "jobs" : "systems";
    return section == SECTION_CF ? &d->cf_count : section == SECTION_JOB ? &d->job_count : section == SECTION_SYSTEM ? &d->system_count : NULL;
}

/* Where the values of the section in work are. */
static char *section_base(struct definition *d, enum section section)
{
    switch (section) {
    case SECTION_CF:
        return (char *)&d->cfs[d->cf_count - 1];
    case SECTION_JOB:
        return (char *)&d->jobs[d->job_count - 1];
    case SECTION_SYSTEM:
        return (char *)&d->systems[d->system_count - 1];
    default:
        return (char *)d;
    }
}

/* The line it begins at, its name; the reading's line and "" for a section of which there is only one. */
static unsigned section_line(struct definition *d, enum section section, unsigned line, const char **name)
{
    bool several = section == SECTION_CF || section == SECTION_JOB || section == SECTION_SYSTEM;
    *name = several ? section_base(d, section) : "";        /* the first member of each */
    return section == SECTION_CF    ? d->cfs[d->cf_count - 1].line
         : section == SECTION_JOB   ? d->jobs[d->job_count - 1].line
         : section == SECTION_SYSTEM ? d->systems[d->system_count - 1].line : line;
}

/* --- values ----------------------------------------------------------------------------------------------------- */

static bool get_name(const char *text, char *name)
{
    size_t length = strlen(text);
    if (length == 0 || length >= DEFINED_NAME_SIZE)
        return false;
    for (size_t i = 0; i <= length; i++) {
        char c = text[i];
        name[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$") == length && !strchr("0123456789", name[0]);
}

static bool get_number(const char *text, const char **end, uint64_t *value)
{
    errno = 0;
    *value = strtoull(text, (char **)(uintptr_t)end, 10);
    return *end != text && *text != '-' && *text != '+' && errno == 0;
}

static bool get_size(const char *text, uint64_t *value)
{
    const char *end;
    if (!get_number(text, &end, value) || !*end || end[1])
        return false;
    unsigned shift = *end == 'K' || *end == 'k' ? 10 : *end == 'M' || *end == 'm' ? 20 : *end == 'G' || *end == 'g' ? 30 : 0;
    if (!shift || *value > UINT64_MAX >> shift)
        return false;
    *value <<= shift;
    return true;
}

static bool get_address_prefix(const char *text, struct in_addr *address, uint64_t *prefix)
{
    char copy[INET_ADDRSTRLEN];
    const char *slash = strchr(text, '/'), *end;
    if (!slash || (size_t)(slash - text) >= sizeof copy)
        return false;
    memcpy(copy, text, (size_t)(slash - text));
    copy[slash - text] = '\0';
    return inet_pton(AF_INET, copy, address) == 1 && get_number(slash + 1, &end, prefix) && !*end && *prefix >= 8 &&
           *prefix <= 30;
}

static bool get_file(const struct definition *d, const char *text, char *path)
{
    const char *slash = strrchr(d->path, '/');
    int folder = *text == '/' || !slash ? 0 : (int)(slash - d->path) + 1;
    return snprintf(path, PATH_MAX, "%.*s%s", folder, d->path, text) < PATH_MAX && access(path, R_OK) == 0;
}

/* "MVS1,MVS2", in capitals; whether there are such systems is looked at when all are known. */
static bool get_names(const char *text, char *names)
{
    char copy[DEFINED_SYSTEMS_MAX * DEFINED_NAME_SIZE], name[DEFINED_NAME_SIZE], *rest;
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return false;
    *names = '\0';
    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (!get_name(word, name))
            return false;
        strcat(strcat(names, *names ? "," : ""), name);
    }
    return *names != '\0';
}

static void set_value(struct reading *r, const struct keyword *k, const char *text)
{
    struct definition *d = r->d;
    void *at = section_base(d, k->section) + k->offset;
    const char *end;
    uint64_t *number = at;

    switch (k->kind) {
    case KIND_NAME:
        if (!get_name(text, at))
            mistake(r, r->line, "%s %s: expected a name of 1 to 8 characters A-Z 0-9 @ # $ that begins with no digit",
                    k->word, text);
        break;
    case KIND_NUMBER:
    case KIND_OPTIONAL_NUMBER:
        if (!get_number(text, &end, number) || *end || *number < k->low || *number > k->high)
            mistake(r, r->line, "%s %s: expected a number from %lu to %lu", k->word, text, k->low, k->high);
        break;
    case KIND_SIZE:
        if (!get_size(text, number) || *number < k->low || *number > k->high)
            mistake(r, r->line, "%s %s: expected a size from 1M to 64G, such as 16M", k->word, text);
        break;
    case KIND_ADDRESS:
        if (inet_pton(AF_INET, text, at) != 1)
            mistake(r, r->line, "%s %s: expected an IPv4 address such as 10.1.9.1", k->word, text);
        break;
    case KIND_ADDRESS_PREFIX:
        if (!get_address_prefix(text, at, &d->server_prefix))
            mistake(r, r->line, "%s %s: expected an IPv4 address with the length of its network's prefix, 8 to 30, such as "
                    "10.1.0.100/16", k->word, text);
        break;
    case KIND_OPTIONAL_NAMES:
        if (!get_names(text, at))
            mistake(r, r->line, "%s %s: expected names of systems with commas between them, such as MVS1,MVS2", k->word, text);
        break;
    case KIND_FILE:
    case KIND_OPTIONAL_FILE:
        if (!get_file(d, text, at))
            mistake(r, r->line, "%s %s: expected a file that can be read; tried %s: %s", k->word, text, (char *)at,
                    strerror(errno));
        break;
    }
}

/* --- lines ------------------------------------------------------------------------------------------------------ */

static const struct keyword *find_keyword(const char *word, enum section section)
{
    for (size_t i = 0; i < KEYWORDS; i++)
        if (strcasecmp(word, keywords[i].word) == 0 && (keywords[i].begins || keywords[i].section == section))
            return &keywords[i];
    return NULL;
}

static const char *section_of(const char *word)
{
    for (size_t i = 0; i < KEYWORDS; i++)
        if (strcasecmp(word, keywords[i].word) == 0)
            return section_names[keywords[i].section];
    return NULL;
}

/* The section in work is complete: is everything there that it needs? */
static void end_section(struct reading *r)
{
    const char *name;
    if (r->section == SECTION_NONE)
        return;
    unsigned line = section_line(r->d, r->section, r->line, &name);
    for (size_t i = 0; i < KEYWORDS; i++)
        if (keywords[i].section == r->section && keywords[i].kind < KIND_OPTIONAL_FILE && !(r->seen[r->section] & 1u << i))
            mistake(r, line, "%s%s%s: expected %s", section_names[r->section], *name ? " " : "", name, keywords[i].word);
}

/* true: the keyword's value is to be read. */
static bool begin_section(struct reading *r, const struct keyword *k)
{
    unsigned limit;
    const char *noun;
    unsigned *count = section_count(r->d, k->section, &limit, &noun);
    end_section(r);
    r->section = k->section;
    if (!count)
        return true;
    if (*count == limit) {
        mistake(r, r->line, "%s: expected at most %u %s", k->word, limit, noun);
        r->section = SECTION_NONE;
        return false;
    }
    ++*count;
    r->seen[k->section] = 0;
    if (k->section == SECTION_CF)
        r->d->cfs[*count - 1].line = r->line;
    else if (k->section == SECTION_JOB)
        r->d->jobs[*count - 1].line = r->line;
    else
        r->d->systems[*count - 1].line = r->line;
    return true;
}

static void read_statement(struct reading *r, const char *word, const char *value)
{
    const struct keyword *k = find_keyword(word, r->section);
    const char *belongs = k ? NULL : section_of(word);
    if (belongs)
        mistake(r, r->line, "%s: expected after %s, not here", word, belongs);
    else if (!k)
        mistake(r, r->line, "%s: expected SYSPLEX, CF, SERVER, JOB, SYSTEM or a keyword of these", word);
    if (!k || (k->begins && !begin_section(r, k)))
        return;

    unsigned bit = 1u << (k - keywords);
    if (r->seen[k->section] & bit)
        mistake(r, r->line, "%s: expected only once", k->word);
    r->seen[k->section] |= bit;
    if (value)
        set_value(r, k, value);
    else
        mistake(r, r->line, "%s: expected a value after it", k->word);
}

/* A comment begins with a # at the beginning of a word: within one it is a letter of names. */
static void cut_comment(char *line)
{
    for (char *c = line; (c = strchr(c, '#')); c++)
        if (c == line || c[-1] == ' ' || c[-1] == '\t') {
            *c = '\0';
            return;
        }
}

static void read_line(struct reading *r, char *line)
{
    static const char blanks[] = " \t\r\n";
    char *rest;
    cut_comment(line);
    const char *word = strtok_r(line, blanks, &rest);
    const char *value = word ? strtok_r(NULL, blanks, &rest) : NULL;
    const char *more = value ? strtok_r(NULL, blanks, &rest) : NULL;
    if (more)
        mistake(r, r->line, "%s %s: expected nothing after it, found %s", word, value, more);
    if (word)
        read_statement(r, word, value);
}

/* Is name a word of the list "A,B,C"? */
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

void definition_job_command(const struct definition *d, const struct job_definition *job, char command[81])
{
    char address[INET_ADDRSTRLEN];
    int length = snprintf(command, 81, "S %s,PGM=%s,DEST=%s,PORT=%lu,N=%lu,HOLD=%lu", job->name, job->program,
                          inet_ntop(AF_INET, &d->server, address, sizeof address), d->server_port, job->connections, job->hold);
    if (job->rate)
        snprintf(command + length, (size_t)(81 - length), ",RATE=%lu", job->rate);
}

bool definition_job_runs(const struct job_definition *job, const char *system)
{
    return !job->systems[0] || is_listed(job->systems, system);
}

static void check_job(struct reading *r, const struct job_definition *job)
{
    const struct definition *d = r->d;
    char names[sizeof job->systems], *rest;
    if (job->hold > job->connections && job->connections)
        mistake(r, job->line, "JOB %s: HOLD %lu: expected at most CONNECTIONS, %lu", job->name, job->hold, job->connections);
    for (const struct job_definition *other = d->jobs; other < job; other++)
        if (strcmp(other->name, job->name) == 0)
            mistake(r, job->line, "JOB %s: expected a name of its own; line %u has it", job->name, other->line);
    strcpy(names, job->systems);
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        unsigned i = 0;
        while (i < d->system_count && strcmp(d->systems[i].name, name) != 0)
            i++;
        if (i == d->system_count)
            mistake(r, job->line, "JOB %s: SYSTEMS %s: expected systems that are defined; %s is not", job->name, job->systems, name);
    }
}

static void check_whole(struct reading *r)
{
    const struct definition *d = r->d;
    end_section(r);
    for (enum section s = SECTION_SYSPLEX; s < SECTIONS; s++)
        if (!r->seen[s] && !(s == SECTION_JOB && d->story[0]))
            mistake(r, r->line, "expected %s%s", section_names[s],
                    s == SECTION_SYSTEM ? ", one for each system" : s == SECTION_JOB ? ", or a STORY after SYSPLEX" : "");
    if (d->cf_count == DEFINED_CFS_MAX && strcmp(d->cfs[0].name, d->cfs[1].name) == 0)
        mistake(r, d->cfs[1].line, "CF %s: expected a name of its own; line %u has it", d->cfs[1].name, d->cfs[0].line);
    for (unsigned i = 0; i < d->system_count; i++)
        for (unsigned j = 0; j < i; j++) {
            const struct system_definition *one = &d->systems[j], *other = &d->systems[i];
            if (strcmp(one->name, other->name) == 0)
                mistake(r, other->line, "SYSTEM %s: expected a name of its own; line %u has it", other->name, one->line);
            if (one->number == other->number && one->number)
                mistake(r, other->line, "SYSTEM %s: NUMBER %lu: expected a number of its own; %s has it", other->name,
                        other->number, one->name);
        }
    for (unsigned i = 0; i < d->job_count; i++)
        check_job(r, &d->jobs[i]);
}

/* Bytes up to the first that no text has. UTF-8 is text: in comments. */
static size_t text_length(const char *line)
{
    size_t length = 0;
    while ((unsigned char)line[length] >= ' ' || (line[length] && strchr("\t\r\n\f", line[length])))
        length++;
    return length;
}

unsigned definition_read(const char *path, struct definition *d, FILE *mistakes)
{
    memset(d, 0, sizeof *d);
    d->interval_s = DEFINED_INTERVAL_S;
    d->cleanup_s = DEFINED_CLEANUP_S;
    struct reading r = { .d = d, .mistakes = mistakes };
    FILE *in = fopen(path, "re");
    if (!in || snprintf(d->path, sizeof d->path, "%s", path) >= (int)sizeof d->path) {
        fprintf(mistakes, "%s: %s\n", path, in ? "this path is too long" : strerror(errno));
        if (in)
            fclose(in);
        return 1;
    }
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    bool is_text = true;
    while (is_text && (length = getline(&line, &size, in)) >= 0) {
        r.line++;
        is_text = text_length(line) == (size_t)length;
        if (is_text)
            read_line(&r, line);
        else
            mistake(&r, r.line, "expected a definition, text; this is something else");
    }
    free(line);
    if (ferror(in))
        r.mistake_count += fprintf(mistakes, "%s: %s\n", path, strerror(errno)) > 0;
    else if (is_text)
        check_whole(&r);
    fclose(in);
    return r.mistake_count;
}

unsigned definition_select(struct definition *d, const char *list, FILE *mistakes)
{
    struct definition all = *d;
    char names[512], *rest;
    unsigned mistake_count = 0;
    d->system_count = 0;
    if (snprintf(names, sizeof names, "%s", list) >= (int)sizeof names)
        return fprintf(mistakes, "%.20s...: expected names of systems, such as MVS1,MVS2\n", list) > 0;
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        unsigned i = 0;
        while (i < all.system_count && strcasecmp(all.systems[i].name, name) != 0)
            i++;
        if (i < all.system_count && all.systems[i].number) {
            d->systems[d->system_count++] = all.systems[i];
            all.systems[i].number = 0;      /* taken: a second mention is not found */
        } else {
            fprintf(mistakes, "%s: expected a system of %s, once\n", name, d->path);
            mistake_count++;
        }
    }
    if (d->system_count == 0 && mistake_count == 0)
        mistake_count += fprintf(mistakes, "%s: expected names of systems, such as MVS1,MVS2\n", list) > 0;
    return mistake_count;
}
