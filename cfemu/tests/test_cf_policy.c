/* CFRM policies: their text, what is wrong with it, and what an active policy makes of CONNECT. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/engine/cf_active.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_undo.h"
#include "cfemu/policy/cf_policy.h"
#include "cfemu/tests/cf_fixture.h"

#define CF01 "CF NAME(CF01) TYPE(002064) MFG(IBM) PLANT(02) SEQUENCE(000000011111) PARTITION(0)\n"
#define CF02 "CF NAME(CF02) TYPE(002064) MFG(IBM) PLANT(02) SEQUENCE(000000022222) PARTITION(0)\n"
#define BEGIN "DATA TYPE(CFRM)\nDEFINE POLICY NAME(POL1)\n" CF01 CF02
#define STR1 "STRUCTURE NAME(STR1) SIZE(8192) INITSIZE(4M) PREFLIST(CF01,CF02)"

static struct cf_policy_file *file;
static char *report;

/* Read text; what is told of it is in report. */
static unsigned policy_text(const char *text)
{
    size_t size;
    char *exact = malloc(strlen(text) + 1);     /* so that the sanitizer sees overreads */
    free(report);
    FILE *to = open_memstream(&report, &size);
    memcpy(exact, text, strlen(text));
    unsigned mistakes = cf_policy_read(exact, strlen(text), "P", file, to);
    fclose(to);
    free(exact);
    return mistakes;
}

static void setup(void)
{
    file = calloc(1, sizeof *file);
}

static void teardown(void)
{
    free(file);
    free(report);
    report = NULL;
}

/* --- text --------------------------------------------------------------------------------------------------------------- */

START_TEST(a_policy_is_read)
{
    ck_assert_uint_eq(policy_text("/* all of it */ data type(cfrm) report(yes)\n"
        "define policy name(pol1) replace(yes) " CF02
        "CF NAME(CF01) TYPE(ABCDEF)MFG(IBM)PLANT(0A)SEQUENCE(1)PARTITION(1F)CPCID(C)DUMPSPACE(2M)SITE(SITE2)\n"
        "structure name(list_1)size(2g)initsize ( 1024m ) minsize(512) allowautoalt(yes) /* 50 */ fullthreshold(50)\n"
        "  preflist(cf01 , cf02)excllist(A#$@_) rebuildpercent(7) duplex(enabled) enforceorder(no) allowreallocate(no)\n"
        "STRUCTURE NAME(A#$@_) SIZE(1) PREFLIST(CF02)"), 0);
    ck_assert_uint_eq(file->notes, 0);
    ck_assert_uint_eq(file->count, 1);
    const struct cf_policy *p = &file->policy[0];
    ck_assert_mem_eq(p->name, "POL1    ", 8);
    ck_assert_uint_eq(p->replace, 1);
    ck_assert_uint_eq(p->cf_count, 2);
    const struct cf_policy_cf *cf = &p->cf[1];
    ck_assert_mem_eq(cf->name, "CF01    ", 8);
    ck_assert_mem_eq(cf->type, "ABCDEF", 6);
    ck_assert_mem_eq(cf->sequence, "1           ", 12);
    ck_assert_uint_eq(cf->partition, 0x1F);
    ck_assert_uint_eq(cf->cpcid, 0xC);
    ck_assert_uint_eq(cf->dumpspace_kib, 2048);
    ck_assert_uint_eq(cf->site, 2);
    ck_assert_uint_eq(p->structure_count, 2);
    const struct cf_policy_structure *s = &p->structure[0];
    ck_assert_mem_eq(s->name, "LIST_1          ", 16);
    ck_assert_uint_eq(s->size_kib, 2 << 20);
    ck_assert_uint_eq(s->initsize_kib, 1 << 20);
    ck_assert_uint_eq(s->minsize_kib, 512);
    ck_assert_uint_eq(s->allowautoalt, 1);
    ck_assert_uint_eq(s->fullthreshold, 50);
    ck_assert_uint_eq(s->rebuildpercent, 7);
    ck_assert_uint_eq(s->duplex, CF_POLICY_DUPLEX_ENABLED);
    ck_assert_uint_eq(s->allowreallocate, 0);
    ck_assert_uint_eq(s->pref_count, 2);
    ck_assert_uint_eq(s->pref[0], 1);
    ck_assert_uint_eq(s->pref[1], 0);
    ck_assert_uint_eq(s->excl_count, 1);
    ck_assert_uint_eq(s->excl[0], 1);
    s++;
    ck_assert_uint_eq(s->fullthreshold, 80);
    ck_assert_uint_eq(s->allowreallocate, 1);
    ck_assert_uint_eq(s->duplex, CF_POLICY_DUPLEX_DISABLED);
}
END_TEST

/* What is wrong, and what is told of it: the first line of the report. */
static const struct { const char *text, *told; } wrongs[] = {
    {"", "P:1:1: expected DATA TYPE(CFRM) and DEFINE POLICY; there is no policy\n"},
    {"/* no end", "P:1:1: this comment has no end: expected */; the rest of the text is ignored\n"},
    {"HELLO", "P:1:1: expected DATA, DEFINE POLICY, CF or STRUCTURE, found HELLO\n"},
    {"DATA TYPE(SFM)", "P:1:6: DATA: TYPE(SFM): expected CFRM; the statement is ignored\n"},
    {"DATA REPORT(NO)", "P:1:1: DATA: expected TYPE; the statement is ignored\n"},
    {"DEFINE POLICY NAME(A)", "P:1:1: DEFINE POLICY A: expected DATA TYPE(CFRM) before it; the statement is ignored\n"},
    {"DATA TYPE(CFRM) DEFINE NAME(A)", "P:1:24: DEFINE: expected POLICY after it, found NAME; the statement is ignored\n"},
    {"DATA TYPE(CFRM) CF NAME(A)", "P:1:17: CF: expected after DEFINE POLICY; the statement is ignored\n"},
    {"DATA TYPE(CFRM) DEFINE POLICY", "P:1:17: DEFINE POLICY: expected NAME; the statement is ignored\n"},
    {"DATA TYPE(CFRM) DEFINE POLICY NAME(TOOLONGNAME)", "P:1:31: DEFINE POLICY: NAME(TOOLONGNAME): expected a name of 1 to 8 characters A-Z 0-9 $ @ # that does not begin with a digit; the statement is ignored\n"},
    {BEGIN "DEFINE POLICY NAME(POL1)", "P:5:1: DEFINE POLICY POL1: expected a name of its own: another has it; the statement is ignored\n"},
    {BEGIN "DEFINE POLICY NAME(P2) REPLACE(MAYBE)", "P:5:24: DEFINE POLICY P2: REPLACE(MAYBE): expected YES, NO or the time of the policy to replace; the statement is ignored\n"},
    {BEGIN CF01, "P:5:1: CF CF01: expected a name of its own: another has it; the statement is ignored\n"},
    {BEGIN "CF NAME(CF03) TYPE(1) MFG(IBM) PLANT(02) SEQUENCE(1)", "P:5:1: CF CF03: expected PARTITION; the statement is ignored\n"},
    {BEGIN "CF NAME(1F)", "P:5:4: CF: NAME(1F): expected a name of 1 to 8 characters A-Z 0-9 $ @ # that does not begin with a digit; the statement is ignored\n"},
    {BEGIN "CF NAME(CF_3)", "P:5:4: CF: NAME(CF_3): expected a name of 1 to 8 characters A-Z 0-9 $ @ # that does not begin with a digit; the statement is ignored\n"},
    {BEGIN "CF NAME(CF03) PARTITION(1G)", "P:5:15: CF CF03: PARTITION(1G): expected 1 or 2 hexadecimal digits; the statement is ignored\n"},
    {BEGIN "CF NAME(CF03) PLANT(123)", "P:5:15: CF CF03: PLANT(123): expected 1 or 2 letters and digits; the statement is ignored\n"},
    {BEGIN "CF NAME(CF03) SITE(SITE3)", "P:5:15: CF CF03: SITE(SITE3): expected SITE1 or SITE2; the statement is ignored\n"},
    {BEGIN "CF NAME(CF03) SIZE(1)", "P:5:15: CF CF03: SIZE: expected a keyword of the statement; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S)\n  SIZE(12X)", "P:6:3: STRUCTURE S: SIZE(12X): expected a size of 1 to 9 digits, with K, M or G behind it, from 1K to 64G; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(0)", "P:5:19: STRUCTURE S: SIZE(0): expected a size of 1 to 9 digits, with K, M or G behind it, from 1K to 64G; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(65G)", "P:5:19: STRUCTURE S: SIZE(65G): expected a size of 1 to 9 digits, with K, M or G behind it, from 1K to 64G; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(-1)", "P:5:19: STRUCTURE S: SIZE(-1): expected a size of 1 to 9 digits, with K, M or G behind it, from 1K to 64G; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(99999999999)", "P:5:19: STRUCTURE S: SIZE(99999999999): expected a size of 1 to 9 digits, with K, M or G behind it, from 1K to 64G; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(1,2)", "P:5:19: STRUCTURE S: SIZE(1,...): expected a size of 1 to 9 digits, with K, M or G behind it, from 1K to 64G; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE()", "P:5:19: STRUCTURE S: SIZE(): expected a size of 1 to 9 digits, with K, M or G behind it, from 1K to 64G; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(1", "P:5:25: STRUCTURE S: SIZE: expected ) to end its value, found the end; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(,1)", "P:5:24: STRUCTURE S: SIZE: expected a value before the comma; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(1) SIZE(1)", "P:5:27: STRUCTURE S: SIZE: expected only once; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) (1)", "P:5:19: STRUCTURE S: expected a keyword, found (; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE", "P:5:19: STRUCTURE S: SIZE: expected a value in parentheses after it; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(1)", "P:5:1: STRUCTURE S: expected PREFLIST; the statement is ignored\n"},
    {BEGIN "STRUCTURE SIZE(1) PREFLIST(CF01)", "P:5:1: STRUCTURE: expected NAME; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(1) PREFLIST(CF03)", "P:5:36: STRUCTURE S: CF03: expected a CF that this policy defines; the policy cannot be used\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(1) PREFLIST(CF01,CF01)", "P:5:27: STRUCTURE S: PREFLIST(CF01,...): expected 1 to 8 names of CFs, each once, with commas between them; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(1) PREFLIST(A,B,C,D,E,F,G,H,I,J)", "P:5:27: STRUCTURE S: PREFLIST(A,...): expected 1 to 8 names of CFs, each once, with commas between them; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(1) PREFLIST(CF01) EXCLLIST(T)", "P:5:51: STRUCTURE S: T: expected a STRUCTURE that this policy defines; the policy cannot be used\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(4) INITSIZE(5) PREFLIST(CF01)", "P:5:1: STRUCTURE S: INITSIZE is 5 K: expected at most SIZE, 4 K; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(4) INITSIZE(3) MINSIZE(4) PREFLIST(CF01)", "P:5:1: STRUCTURE S: MINSIZE is 4 K: expected at most INITSIZE, 3 K; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) SIZE(4) PREFLIST(CF01) EXCLLIST(S) ENFORCEORDER(YES)", "P:5:1: STRUCTURE S: ENFORCEORDER(YES): expected no EXCLLIST beside it; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) FULLTHRESHOLD(101)", "P:5:19: STRUCTURE S: FULLTHRESHOLD(101): expected a number from 0 to 100; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) REBUILDPERCENT(0)", "P:5:19: STRUCTURE S: REBUILDPERCENT(0): expected a number from 1 to 100; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) DUPLEX(YES)", "P:5:19: STRUCTURE S: DUPLEX(YES): expected DISABLED, ALLOWED or ENABLED; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(S) ALLOWAUTOALT(MAYBE)", "P:5:19: STRUCTURE S: ALLOWAUTOALT(MAYBE): expected YES or NO; the statement is ignored\n"},
    {BEGIN STR1 "\n" STR1, "P:6:1: STRUCTURE STR1: expected a name of its own: another has it; the statement is ignored\n"},
    {BEGIN "STRUCTURE NAME(\001\377)", "P:5:11: STRUCTURE: NAME(?\?): expected a name of 1 to 16 characters A-Z 0-9 $ @ # _ that does not begin with a digit; the statement is ignored\n"},
};

START_TEST(mistakes_say_where_what_and_what_was_expected)
{
    ck_assert_uint_gt(policy_text(wrongs[_i].text), 0);
    ck_assert_msg(strncmp(report, wrongs[_i].told, strlen(wrongs[_i].told)) == 0, "%s\nexpected %s", report, wrongs[_i].told);
}
END_TEST

START_TEST(one_reading_finds_all_mistakes)
{
    ck_assert_uint_eq(policy_text(BEGIN "STRUCTURE NAME(A) SIZE(X) PREFLIST(CF01)\n" STR1 "\nSTRUCTURE NAME(B) PREFLIST(CF01)\n"
                                  "CF NAME(CF03)\nDEFINE POLICY NAME(1)\n" CF01 STR1 " DUPLEX(X)"), 5);
    ck_assert_uint_eq(file->count, 1);
    ck_assert_uint_eq(file->policy[0].structure_count, 1);
}
END_TEST

START_TEST(what_has_no_effect_is_noted)
{
    ck_assert_uint_eq(policy_text(BEGIN STR1 " ENCRYPT(NO) DUPLEX(ALLOWED,CROSSSITE)\n"
                                  "STRUCTURE NAME(B) SIZE(8M) INITSIZE(1M) PREFLIST(CF01)"), 0);
    ck_assert_uint_eq(file->notes, 3);
    ck_assert_str_eq(report, "P:5:66: note: STRUCTURE STR1: ENCRYPT has no effect here\n"
                             "P:5:93: note: STRUCTURE STR1: DUPLEX(...,CROSSSITE) has no effect here\n"
                             "P:6:1: note: STRUCTURE B: INITSIZE is less than half of SIZE: control storage is made for SIZE at once, and much of INITSIZE goes to it\n");
}
END_TEST

START_TEST(limits_are_kept)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    fputs(BEGIN, to);
    for (unsigned i = 0; i <= CF_POLICY_STRUCTURES_MAX; i++)
        fprintf(to, "STRUCTURE NAME(S%u) SIZE(1M) PREFLIST(CF01)\n", i);
    fclose(to);
    ck_assert_uint_eq(policy_text(text), 1);
    ck_assert_ptr_nonnull(strstr(report, "S512: expected at most 512 of them in a policy"));
    free(text);
    to = open_memstream(&text, &size);
    fputs("DATA TYPE(CFRM)\n", to);
    for (unsigned i = 0; i <= CF_POLICIES_MAX; i++)
        fprintf(to, "DEFINE POLICY NAME(P%u)\n", i);
    fclose(to);
    ck_assert_uint_eq(policy_text(text), 1);
    ck_assert_uint_eq(file->count, CF_POLICIES_MAX);
    free(text);
}
END_TEST

START_TEST(what_is_written_reads_the_same)
{
    char *text;
    size_t size;
    ck_assert_uint_eq(policy_text(BEGIN STR1 " MINSIZE(1M) REBUILDPERCENT(3) DUPLEX(ALLOWED) EXCLLIST(B)\n"
                                  "STRUCTURE NAME(B) SIZE(8M) PREFLIST(CF02) ENFORCEORDER(YES) FULLTHRESHOLD(0)"), 0);
    struct cf_policy *before = malloc(sizeof *before);
    *before = file->policy[0];
    FILE *to = open_memstream(&text, &size);
    cf_policy_write(before, to);
    fclose(to);
    ck_assert_uint_eq(policy_text(text), 0);
    ck_assert_mem_eq(before, &file->policy[0], sizeof *before);
    free(text);
    free(before);
}
END_TEST

START_TEST(the_policy_of_the_project_is_in_order)
{
    ck_assert_uint_eq(cf_policy_load("config/CFRMPOL.policy", file, stderr), 0);
    ck_assert_uint_eq(file->notes, 0);
    ck_assert_ptr_nonnull(cf_policy_pick(file, NULL, "config/CFRMPOL.policy", stderr));
    ck_assert_ptr_nonnull(cf_policy_rule(&file->policy[0], (const uint8_t *)"IXCSTR1         "));
    ck_assert_ptr_nonnull(cf_policy_rule(&file->policy[0], (const uint8_t *)"EZBEPORT        "));
}
END_TEST

START_TEST(a_policy_is_picked_by_its_name)
{
    FILE *to = fopen("/dev/null", "w");
    ck_assert_uint_eq(policy_text("DATA TYPE(CFRM) DEFINE POLICY NAME(A) DEFINE POLICY NAME(B)"), 0);
    ck_assert_ptr_eq(cf_policy_pick(file, "B", "P", to), &file->policy[1]);
    ck_assert_ptr_null(cf_policy_pick(file, NULL, "P", to));
    ck_assert_ptr_null(cf_policy_pick(file, "C", "P", to));
    ck_assert_ptr_null(cf_policy_pick(file, "A              ", "P", to));
    ck_assert_uint_gt(cf_policy_load("/nonexistent/policy", file, to), 0);
    fclose(to);
}
END_TEST

/* --- active ---------------------------------------------------------------------------------------------------------------- */

static struct cf *cf;
static struct cf_user user, other;

static void start(const char *text)
{
    ck_assert_msg(policy_text(text) == 0, "%s", report);
    ck_assert_int_eq(cf_policy_start(cf, &file->policy[0]), 0);
}

static void setup_cf(void)
{
    setup();
    cf = segment_new(16 << 20);
}

static void teardown_cf(void)
{
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_close(cf);
    teardown();
}

static int connect_str(const char *structure, uint32_t size_kib, uint8_t options, struct cf_user *of)
{
    struct attributes attributes = usual;
    attributes.size_kib = size_kib;
    attributes.options = options;
    return connect_as(cf, structure, "ONE", &attributes, of);
}

static struct cf_slot *slot_of(const char *structure)
{
    uint8_t name[CF_NAME_SIZE];
    cf_name_put(name, sizeof name, structure);
    return cf_slot_by_name(cf, name);
}

START_TEST(only_what_is_in_the_policy_is_allocated)
{
    ck_assert_int_eq(connect_str("EARLY", 1024, 0, &other), CF_RSP_OK);
    start(BEGIN STR1);
    ck_assert_int_eq(connect_str("STR2", 0, 0, &user), CF_RSP_NOT_IN_POLICY);
    ck_assert_int_eq(connect_str("STR1", 0, 0, &user), CF_RSP_OK);
    struct cf_user again;
    struct attributes usual_again = usual;
    ck_assert_int_eq(connect_as(cf, "EARLY", "TWO", &usual_again, &again), CF_RSP_OK);  /* until it is deallocated */
    ck_assert_int_eq(ask(&again, (struct ask){CF_CMD_DISCONNECT}), CF_RSP_OK);
    ck_assert_int_eq(ask(&other, (struct ask){CF_CMD_DISCONNECT}), CF_RSP_OK);
    ck_assert_int_eq(connect_str("EARLY", 1024, 0, &other), CF_RSP_NOT_IN_POLICY);
    ck_assert_int_eq(cf_policy_stop(cf), 0);
    ck_assert_int_eq(connect_str("EARLY", 1024, 0, &other), CF_RSP_OK);
}
END_TEST

/* READ_STRUCTURE: what is allocated first, then what only the policy has; one by name; a buffer that is too small. */
START_TEST(structures_are_read_for_a_display)
{
    uint64_t restart = 0;
    static const char *const names[] = {"STR1", "STR2"};
    ck_assert_int_eq(ask(&(struct cf_user){cf, 0, 0}, (struct ask){CF_CMD_READ_STRUCTURE, .name = "                "}), CF_RSP_NO_STRUCTURE);
    start(BEGIN STR1 " STRUCTURE NAME(STR2) SIZE(2M) PREFLIST(CF01) DUPLEX(ENABLED)");
    ck_assert_int_eq(connect_str("STR1", 0, 0, &user), CF_RSP_OK);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_READ_STRUCTURE, .name = "                ", .restart = restart}), CF_RSP_OK);
        restart = get_be64(mrb + MRB_RESTART);
        ck_assert(memcmp(data_in + STR_NAME, names[i], 4) == 0);
        ck_assert_uint_eq(get_be64(data_in + STR_ALLOCATED) != 0, i == 0);
        ck_assert_uint_eq(data_in[STR_SIZE + POL_DEFINED], 1);
        ck_assert_uint_eq(data_in[STR_SIZE + POL_DUPLEX], i == 0 ? CF_POLICY_DUPLEX_DISABLED : CF_POLICY_DUPLEX_ENABLED);
        ck_assert(memcmp(data_in + STR_SIZE + POL_PREFLIST, "CF01    ", 8) == 0);
    }
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_READ_STRUCTURE, .name = "                ", .restart = restart}), CF_RSP_NO_STRUCTURE);
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_READ_STRUCTURE, .name = "STR1            "}), CF_RSP_OK);
    ck_assert_uint_eq(get_be32(data_in + STR_CONNECTIONS), 1);
    ck_assert(memcmp(data_in + STR_SIZE + POL_SIZE + CONNECTION_NAME, "ONE  ", 5) == 0);
    ck_assert_uint_eq(get_be32(mrb + MRB_DATALEN), STR_SIZE + POL_SIZE + CONNECTION_SIZE);
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_READ_STRUCTURE, .name = "STR1            ", .in_cap = STR_SIZE + POL_SIZE}), CF_RSP_BUFFER_FULL);
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_READ_STRUCTURE, .name = "NONE            "}), CF_RSP_NO_STRUCTURE);
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_READ_STRUCTURE, .name = "no name         "}), CF_RSP_BAD_REQUEST);
}
END_TEST

static const struct { const char *rule; uint32_t asked_kib; int response; uint32_t size_kib, max_kib; } sizes[] = {
    {"SIZE(8M)", 0, CF_RSP_OK, 8192, 8192},
    {"SIZE(8M) INITSIZE(4M)", 0, CF_RSP_OK, 4096, 8192},
    {"SIZE(8M) INITSIZE(4M)", 2048, CF_RSP_OK, 2048, 8192},
    {"SIZE(8M) INITSIZE(4M)", 6000, CF_RSP_OK, 4096, 8192},
    {"SIZE(8M) INITSIZE(4M) MINSIZE(3M)", 2048, CF_RSP_OK, 3072, 8192},
    {"SIZE(64M)", 0, CF_RSP_CF_FULL, 0, 0},
    {"SIZE(64M) INITSIZE(32M) MINSIZE(8M)", 0, CF_RSP_OK, 0, 65536},        /* what there is */
    {"SIZE(512)", 0, CF_RSP_SIZE_TOO_SMALL, 0, 0},
};

START_TEST(sizes_are_those_of_the_policy)
{
    char text[1000];
    snprintf(text, sizeof text, BEGIN "STRUCTURE NAME(STR1) %s PREFLIST(CF01)", sizes[_i].rule);
    start(text);
    uint32_t there_is = cf->header->increments_free * (CF_INCREMENT / 1024);
    ck_assert_int_eq(connect_str("STR1", sizes[_i].asked_kib, CF_CONN_OPT_ALTER, &user), sizes[_i].response);
    if (sizes[_i].response != CF_RSP_OK)
        return;
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + CONN_SIZE_KIB), sizes[_i].size_kib > 0 ? sizes[_i].size_kib : there_is);
    uint32_t most = sizes[_i].max_kib < there_is ? sizes[_i].max_kib : there_is;
    int response = ask(&user, (struct ask){CF_CMD_ALTER, .name = "STR1", .own = {most}});
    ck_assert_int_eq(response, CF_RSP_OK);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + ALTER_SIZE_KIB), most);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + ALTER_SIZEMAX_KIB), sizes[_i].max_kib);
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_ALTER, .name = "STR1", .own = {sizes[_i].max_kib + 256}}), CF_RSP_BAD_REQUEST);
    if (strstr(sizes[_i].rule, "MINSIZE(3M)"))
        ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_ALTER, .name = "STR1", .own = {2816}}), CF_RSP_BAD_REQUEST);
}
END_TEST

START_TEST(a_cf_that_is_not_in_the_list_says_which_are)
{
    start(BEGIN "STRUCTURE NAME(STR1) SIZE(2M) PREFLIST(CF02)\nSTRUCTURE NAME(STR2) SIZE(2M) PREFLIST(CF02,CF01)");
    ck_assert_int_eq(connect_str("STR1", 0, 0, &user), CF_RSP_NOT_THIS_CF);
    ck_assert_mem_eq(mrb + MRB_OWN, "CF02    \0\0\0\0\0\0\0\0", 16);
    ck_assert_int_eq(connect_str("STR2", 0, CF_CONN_OPT_EXISTING, &user), CF_RSP_NOT_THIS_CF);
    ck_assert_mem_eq(mrb + MRB_OWN, "CF02    CF01    ", 16);
    ck_assert_int_eq(connect_str("STR2", 0, 0, &user), CF_RSP_OK);
    ck_assert_int_eq(cf_policy_stop(cf), 0);
    ck_assert_int_eq(connect_str("STR3", 0, CF_CONN_OPT_EXISTING, &user), CF_RSP_NO_STRUCTURE);
    ck_assert_uint_eq(mrb[MRB_OWN], 0);
}
END_TEST

START_TEST(structures_of_the_exclusion_list_are_kept_apart)
{
    start(BEGIN STR1 "\nSTRUCTURE NAME(STR2) SIZE(2M) PREFLIST(CF01,CF02) EXCLLIST(STR1)");
    ck_assert_int_eq(connect_str("STR1", 0, 0, &user), CF_RSP_OK);
    ck_assert_int_eq(connect_str("STR2", 0, 0, &other), CF_RSP_NOT_THIS_CF);
    ck_assert_mem_eq(mrb + MRB_OWN, "CF01    CF02    ", 16);
    ck_assert_int_eq(connect_str("STR2", 0, CF_CONN_OPT_SHARE, &other), CF_RSP_OK);
}
END_TEST

START_TEST(the_lists_choose_within_a_pair)
{
    cf_close(cf);
    cf = pair_new(16 << 20);
    start(BEGIN STR1 "\nSTRUCTURE NAME(STR2) SIZE(2M) PREFLIST(CF01,CF02) EXCLLIST(STR1)\n"
          "STRUCTURE NAME(STR3) SIZE(2M) PREFLIST(CF02)\nSTRUCTURE NAME(STR4) SIZE(12M) PREFLIST(CF02,CF01)");
    ck_assert_int_eq(connect_str("STR1", 0, 0, &user), CF_RSP_OK);
    ck_assert_int_eq(slot_of("STR1")->where, 0);
    ck_assert_int_eq(connect_str("STR2", 0, 0, &user), CF_RSP_OK);
    ck_assert_int_eq(slot_of("STR2")->where, 1);
    ck_assert_mem_eq(mrb + MRB_OWN + CONN_CFNAME, "CF02    ", 8);
    ck_assert_int_eq(connect_str("STR3", 0, 0, &user), CF_RSP_OK);
    ck_assert_int_eq(slot_of("STR3")->where, 1);
    ck_assert_int_eq(connect_str("STR4", 0, 0, &user), CF_RSP_CF_FULL);
    ck_assert_mem_eq(mrb + MRB_OWN, "CF02    CF01    ", 16);
    ck_assert_int_eq(connect_str("STR4", 3072, 0, &user), CF_RSP_OK);
    ck_assert_int_eq(slot_of("STR4")->where, 1);
}
END_TEST

START_TEST(duplexing_is_as_the_policy_says)
{
    cf_close(cf);
    cf = pair_new(16 << 20);
    start(BEGIN "STRUCTURE NAME(STR1) SIZE(1M) PREFLIST(CF01,CF02)\n"
          "STRUCTURE NAME(STR2) SIZE(1M) PREFLIST(CF01,CF02) DUPLEX(ALLOWED)\n"
          "STRUCTURE NAME(STR3) SIZE(1M) PREFLIST(CF01,CF02) DUPLEX(ENABLED)\n"
          "STRUCTURE NAME(STR4) SIZE(1M) PREFLIST(CF01) DUPLEX(ENABLED)");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(connect_str((const char *[]){"STR1", "STR2", "STR3", "STR4"}[i], 0, 0, &user), CF_RSP_OK);
    ck_assert_int_eq(slot_of("STR1")->duplex, CF_DUPLEX_NONE);
    ck_assert_int_eq(slot_of("STR2")->duplex, CF_DUPLEX_NONE);
    ck_assert_int_eq(slot_of("STR3")->duplex, CF_DUPLEX_ACTIVE);
    ck_assert_int_eq(slot_of("STR4")->duplex, CF_DUPLEX_NONE);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR1", 0), CF_RSP_NOT_IN_POLICY);
    ck_assert_int_eq(operate(cf, CF_CMD_DUPLEX_START, "STR2", 0), CF_RSP_OK);
}
END_TEST

START_TEST(a_start_replaces_only_if_it_may)
{
    start(BEGIN STR1);
    ck_assert_int_eq(cf_policy_start(cf, &file->policy[0]), -EEXIST);
    file->policy[0].replace = 1;
    ck_assert_int_eq(cf_policy_start(cf, &file->policy[0]), 0);
    ck_assert_uint_eq(cf_policy_active(cf)->version, 2);
    file->policy[0].name[0] = 'X';
    file->policy[0].replace = 0;
    ck_assert_int_eq(cf_policy_start(cf, &file->policy[0]), 0);
    ck_assert_mem_eq(cf_policy_active(cf)->name, "XOL1    ", 8);
}
END_TEST

static int put(unsigned n)
{
    char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "N%u", n);
    return ask(&user, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA, .length = 2000});
}

START_TEST(a_structure_grows_by_itself_where_it_may)
{
    start(BEGIN "STRUCTURE NAME(STR1) SIZE(8M) INITSIZE(2M) ALLOWAUTOALT(YES) FULLTHRESHOLD(70) PREFLIST(CF01)");
    ck_assert_int_eq(connect_str("STR1", 0, CF_CONN_OPT_ALTER, &user), CF_RSP_OK);
    unsigned count = 0;
    struct cf_structure *s = cf_control(cf, slot_of("STR1"));
    while (put(count) == CF_RSP_OK)
        count++;
    ck_assert_uint_gt(count, 2500);     /* 5 MB in what began with 2 MiB */
    ck_assert_uint_eq(s->size_kib, 8192);
    ck_assert_uint_eq(s->full, 1);
    ck_assert_int_eq(cf_check(cf, stderr), 0);
}
END_TEST

START_TEST(thresholds_of_a_new_policy_are_good_at_once)
{
    start(BEGIN STR1 " FULLTHRESHOLD(90)");
    ck_assert_int_eq(connect_str("STR1", 0, CF_CONN_OPT_FULL, &user), CF_RSP_OK);
    struct cf_structure *s = cf_control(cf, slot_of("STR1"));
    for (unsigned i = 0; s->elements_used < s->elements_total / 2; i++)
        ck_assert_int_eq(put(i), CF_RSP_OK);
    ck_assert_uint_eq(s->full, 0);
    ck_assert_uint_eq(policy_text(BEGIN STR1 " FULLTHRESHOLD(20)"), 0);
    file->policy[0].replace = 1;
    ck_assert_int_eq(cf_policy_start(cf, &file->policy[0]), 0);
    ck_assert_uint_eq(s->full, 1);
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_VECTOR_READ}), CF_RSP_OK);
    ck_assert_uint_eq(get_be32(mrb + MRB_OWN + VECTOR_EVENTS), CF_EVENT_FULL);
    ck_assert_int_eq(cf_policy_stop(cf), 0);
    ck_assert_uint_eq(s->full, 0);
}
END_TEST

static int steps_left;

static void die_in_time(void)
{
    if (--steps_left == 0)
        _exit(99);
}

START_TEST(death_leaves_the_old_policy_or_the_new_one)
{
    start(BEGIN STR1);
    ck_assert_int_eq(connect_str("STR1", 0, 0, &user), CF_RSP_OK);
    ck_assert_uint_eq(policy_text(BEGIN "STRUCTURE NAME(NEW) SIZE(1M) PREFLIST(CF01)"), 0);
    memcpy(file->policy[0].name, "POL2    ", 8);
    int died = 1, was_old = 0, was_new = 0;
    for (int step = 1; died; step++) {
        pid_t pid = fork();
        if (pid == 0) {
            steps_left = step;
            cf_crash_hook = die_in_time;
            cf_policy_start(cf, &file->policy[0]);
            _exit(0);
        }
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        died = WEXITSTATUS(status) == 99;
        ck_assert_int_eq(cf_check(cf, stderr), 0);
        const struct cf_policy *now = cf_policy_active(cf);
        bool old = memcmp(now->name, "POL1    ", 8) == 0;
        ck_assert_uint_eq(now->structure_count, 1);
        ck_assert_mem_eq(now->structure[0].name, old ? "STR1" : "NEW ", 4);
        was_old += old;
        was_new += !old;
        ck_assert(policy_text(BEGIN STR1) == 0);
        cf_policy_stop(cf);
        ck_assert_int_eq(cf_policy_start(cf, &file->policy[0]), 0);
        ck_assert_uint_eq(policy_text(BEGIN "STRUCTURE NAME(NEW) SIZE(1M) PREFLIST(CF01)"), 0);
        memcpy(file->policy[0].name, "POL2    ", 8);
    }
    ck_assert(was_old > 0 && was_new > 0);
}
END_TEST

START_TEST(damage_is_found)
{
    start(BEGIN STR1);
    struct cf_policy *p = &cf->half[0].policy->copy[0];
    p->structure[0].pref[1] = 2;
    ck_assert_int_gt(cf_check(cf, NULL), 0);
    p->structure[0].pref[1] = 1;
    atomic_store(&cf->half[0].policy->active, 3);
    ck_assert_int_gt(cf_check(cf, NULL), 0);
    atomic_store(&cf->half[0].policy->active, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("CFRM policy");
    TCase *text = tcase_create("text"), *active = tcase_create("active");
    tcase_add_checked_fixture(text, setup, teardown);
    tcase_add_test(text, a_policy_is_read);
    tcase_add_loop_test(text, mistakes_say_where_what_and_what_was_expected, 0, sizeof wrongs / sizeof wrongs[0]);
    tcase_add_test(text, one_reading_finds_all_mistakes);
    tcase_add_test(text, what_has_no_effect_is_noted);
    tcase_add_test(text, limits_are_kept);
    tcase_add_test(text, what_is_written_reads_the_same);
    tcase_add_test(text, the_policy_of_the_project_is_in_order);
    tcase_add_test(text, a_policy_is_picked_by_its_name);
    suite_add_tcase(suite, text);
    tcase_add_checked_fixture(active, setup_cf, teardown_cf);
    tcase_set_timeout(active, 30);
    tcase_add_test(active, structures_are_read_for_a_display);
    tcase_add_test(active, only_what_is_in_the_policy_is_allocated);
    tcase_add_loop_test(active, sizes_are_those_of_the_policy, 0, sizeof sizes / sizeof sizes[0]);
    tcase_add_test(active, a_cf_that_is_not_in_the_list_says_which_are);
    tcase_add_test(active, structures_of_the_exclusion_list_are_kept_apart);
    tcase_add_test(active, the_lists_choose_within_a_pair);
    tcase_add_test(active, duplexing_is_as_the_policy_says);
    tcase_add_test(active, a_start_replaces_only_if_it_may);
    tcase_add_test(active, a_structure_grows_by_itself_where_it_may);
    tcase_add_test(active, thresholds_of_a_new_policy_are_good_at_once);
    tcase_add_test(active, death_leaves_the_old_policy_or_the_new_one);
    tcase_add_test(active, damage_is_found);
    suite_add_tcase(suite, active);
    return run_suite(suite);
}
