/* Tests of what sysplex reads: the definition file, each mistake in it, the messages of the job, the events of a failure; and of
 * what it writes in HTML. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sysplex/definition.h"
#include "tools/sysplex/html.h"
#include "tools/sysplex/incident.h"
#include "tools/sysplex/job.h"

static char folder[] = "/tmp/sysplex.XXXXXX";
static char file[64];

#define GOOD_BEGIN "SYSPLEX PLEX1\nCF CF01\n SIZE 16M\nCF CF02\n SIZE 8M\nSERVER 10.1.0.100/16\n PORT 80\n"
#define GOOD_JOB "JOB CONNGEN\n PROGRAM CONNGEN\n CONNECTIONS 20\n HOLD 10\n SOURCE 10.1.9.1\n"
#define GOOD_SYSTEM "SYSTEM MVS1\n NUMBER 1\n PROFILE deck\n"

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

/* Read text as a definition file; the mistakes, to be freed. */
static char *read_text(const char *text, struct definition *d, unsigned *count)
{
    char *mistakes;
    size_t size;
    write_file(text);
    FILE *out = open_memstream(&mistakes, &size);
    *count = definition_read(file, d, out);
    fclose(out);
    return mistakes;
}

START_TEST(definition_is_read)
{
    struct definition d;
    unsigned count;
    char *mistakes = read_text("# a comment\n" GOOD_BEGIN "\n" GOOD_JOB GOOD_SYSTEM
                               "  system  mvs#2 # another\n\tnumber 32\r\n profile deck\n", &d, &count);
    ck_assert_str_eq(mistakes, "");
    free(mistakes);
    ck_assert_uint_eq(count, 0);
    ck_assert_str_eq(d.sysplex, "PLEX1");
    ck_assert_uint_eq(d.cf_count, 2);
    ck_assert_str_eq(d.cfs[0].name, "CF01");
    ck_assert_uint_eq(d.cfs[0].size, 16u << 20);
    ck_assert_str_eq(d.cfs[1].name, "CF02");
    ck_assert_uint_eq(d.cfs[1].size, 8u << 20);
    ck_assert_uint_eq(ntohl(d.server.s_addr), 0x0a010064);
    ck_assert_uint_eq(d.server_prefix, 16);
    ck_assert_uint_eq(d.server_port, 80);
    ck_assert_uint_eq(d.job_count, 1);
    ck_assert_uint_eq(d.jobs[0].connections, 20);
    ck_assert_uint_eq(d.jobs[0].hold, 10);
    ck_assert_uint_eq(ntohl(d.jobs[0].source.s_addr), 0x0a010901);
    ck_assert(definition_job_runs(&d.jobs[0], "MVS1"));
    ck_assert_uint_eq(d.system_count, 2);
    ck_assert_str_eq(d.systems[1].name, "MVS#2");
    ck_assert_uint_eq(d.systems[1].number, 32);
    ck_assert_ptr_nonnull(strstr(d.systems[1].profile, "/deck"));
}
END_TEST

START_TEST(jobs_run_on_their_systems)
{
    struct definition d;
    unsigned count;
    free(read_text(GOOD_BEGIN GOOD_JOB " SYSTEMS s2,S10\nJOB OTHER\n PROGRAM CONNGEN\n CONNECTIONS 1\n HOLD 1\n SOURCE 10.1.9.2\n"
                   "SYSTEM S1\n NUMBER 1\n PROFILE deck\nSYSTEM S2\n NUMBER 2\n PROFILE deck\nSYSTEM S10\n NUMBER 3\n PROFILE deck\n",
                   &d, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(d.job_count, 2);
    ck_assert(!definition_job_runs(&d.jobs[0], "S1"));
    ck_assert(definition_job_runs(&d.jobs[0], "S2"));
    ck_assert(definition_job_runs(&d.jobs[0], "S10"));
    ck_assert(definition_job_runs(&d.jobs[1], "S1"));
}
END_TEST

START_TEST(jobs_become_commands)
{
    struct definition d;
    unsigned count;
    char command[81];
    free(read_text(GOOD_BEGIN GOOD_JOB "JOB B\n PROGRAM P\n CONNECTIONS 7\n HOLD 3\n RATE 150\n SOURCE 10.1.9.2\n" GOOD_SYSTEM, &d, &count));
    ck_assert_uint_eq(count, 0);
    definition_job_command(&d, &d.jobs[0], command);
    ck_assert_str_eq(command, "S CONNGEN,PGM=CONNGEN,DEST=10.1.0.100,PORT=80,N=20,HOLD=10");
    definition_job_command(&d, &d.jobs[1], command);
    ck_assert_str_eq(command, "S B,PGM=P,DEST=10.1.0.100,PORT=80,N=7,HOLD=3,RATE=150");
}
END_TEST

START_TEST(a_story_needs_no_jobs)
{
    struct definition d;
    unsigned count;
    char *mistakes = read_text("SYSPLEX A\n STORY deck\nCF CF01\n SIZE 1M\nSERVER 10.1.0.100/16\n PORT 80\n" GOOD_SYSTEM, &d, &count);
    ck_assert_str_eq(mistakes, "");
    free(mistakes);
    ck_assert_ptr_nonnull(strstr(d.story, "/deck"));
}
END_TEST

/* A definition with one mistake, and what is said of it after "file:". */
static const struct {
    const char *text, *said;
} mistaken[] = {
    { "SYSPLEX\n", "1: SYSPLEX: expected a value after it" },
    { "SYSPLEX PLEX1 X\n", "1: SYSPLEX PLEX1: expected nothing after it, found X" },
    { "SYSPLEX TOOLONGNAME\n", "1: SYSPLEX TOOLONGNAME: expected a name of 1 to 8 characters" },
    { "SYSPLEX 1PLEX\n", "1: SYSPLEX 1PLEX: expected a name" },
    { "SYSPLEX PLEX-1\n", "1: SYSPLEX PLEX-1: expected a name" },
    { "SYSPLEX A\nSYSPLEX B\n", "2: SYSPLEX: expected only once" },
    { "NONSENSE 1\n", "1: NONSENSE: expected SYSPLEX, CF, SERVER, JOB, SYSTEM or a keyword of these" },
    { "SYSPLEX A\nPORT 80\n", "2: PORT: expected after SERVER, not here" },
    { "NUMBER 1\n", "1: NUMBER: expected after SYSTEM, not here" },
    { "CF CF01\n SIZE 16\n", "2: SIZE 16: expected a size from 1M to 64G" },
    { "CF CF01\n SIZE 1K\n", "2: SIZE 1K: expected a size" },
    { "CF CF01\n SIZE 65G\n", "2: SIZE 65G: expected a size" },
    { "CF CF01\n SIZE 99999999999G\n", "2: SIZE 99999999999G: expected a size" },
    { "CF CF01\n SIZE -1M\n", "2: SIZE -1M: expected a size" },
    { "CF CF01\n", "1: CF CF01: expected SIZE" },
    { "CF CF01\n SIZE 1M\nCF CF01\n SIZE 1M\n", "3: CF CF01: expected a name of its own; line 1 has it" },
    { "CF CF01\n SIZE 1M\nCF CF02\n SIZE 1M\nCF CF03\n", "5: CF: expected at most 2 facilities" },
    { "SYSPLEX PLEX1\n POLICY nowhere\n", "2: POLICY nowhere: expected a file that can be read; tried /tmp/" },
    { "SERVER 10.1.0.100\n", "1: SERVER 10.1.0.100: expected an IPv4 address with the length" },
    { "SERVER 10.1.0.100/33\n", "1: SERVER 10.1.0.100/33: expected an IPv4 address with the length" },
    { "SERVER 10.1.0/16\n", "1: SERVER 10.1.0/16: expected an IPv4 address with the length" },
    { "SERVER 1.2.3.4/16\n PORT 0\n", "2: PORT 0: expected a number from 1 to 65535" },
    { "SERVER 1.2.3.4/16\n PORT 65536\n", "2: PORT 65536: expected a number from 1 to 65535" },
    { "SERVER 1.2.3.4/16\n PORT http\n", "2: PORT http: expected a number" },
    { "JOB A\n SOURCE here\n", "2: SOURCE here: expected an IPv4 address" },
    { "JOB A\n CONNECTIONS 5\n HOLD 6\n", "1: JOB A: HOLD 6: expected at most CONNECTIONS, 5" },
    { "JOB A\n HOLD 1\nJOB A\n HOLD 1\n", "3: JOB A: expected a name of its own; line 1 has it" },
    { "JOB A\n SYSTEMS MVS1,MVS2\n" GOOD_SYSTEM, "1: JOB A: SYSTEMS MVS1,MVS2: expected systems that are defined; MVS2 is not" },
    { "JOB A\n SYSTEMS MVS1,,1X\n", "2: SYSTEMS MVS1,,1X: expected names of systems with commas between them" },
    { "JOB A\n SYSTEMS ,\n", "2: SYSTEMS ,: expected names of systems with commas between them" },
    { "JOB A\nJOB B\nJOB C\nJOB D\nJOB E\nJOB F\nJOB G\nJOB H\nJOB I\n", "9: JOB: expected at most 8 jobs" },
    { "JOB A\nJOB B\n HOLD 1\n", "1: JOB A: expected PROGRAM" },
    { "SYSPLEX A\n STORY nowhere\n", "2: STORY nowhere: expected a file that can be read" },
    { GOOD_BEGIN GOOD_SYSTEM, "10: expected JOB, or a STORY after SYSPLEX" },
    { GOOD_SYSTEM " LINK 299\n", "4: LINK 299: expected a number from 300 to 60000" },
    { "SYSTEM MVS1\n NUMBER 33\n", "2: NUMBER 33: expected a number from 1 to 32" },
    { "SYSTEM MVS1\n NUMBER 1\n NUMBER 2\n", "3: NUMBER: expected only once" },
    { "SYSTEM MVS1\n NUMBER 1\n", "1: SYSTEM MVS1: expected PROFILE" },
    { "SYSTEM MVS1\n PROFILE nowhere\n", "2: PROFILE nowhere: expected a file that can be read; tried /tmp/" },
    { GOOD_SYSTEM "SYSTEM MVS1\n NUMBER 2\n", "4: SYSTEM MVS1: expected a name of its own; line 1 has it" },
    { GOOD_SYSTEM "SYSTEM MVS2\n NUMBER 1\n", "4: SYSTEM MVS2: NUMBER 1: expected a number of its own; MVS1 has it" },
    { GOOD_BEGIN GOOD_JOB, "12: expected SYSTEM, one for each system" },
    { "", "0: expected SYSPLEX\n" },
};

START_TEST(each_mistake_is_told_with_its_line_and_what_was_expected)
{
    struct definition d;
    unsigned count;
    char expected[256];
    char *mistakes = read_text(mistaken[_i].text, &d, &count);
    snprintf(expected, sizeof expected, "%s:%s", file, mistaken[_i].said);
    ck_assert_uint_gt(count, 0);
    ck_assert_msg(strstr(mistakes, expected) != NULL, "expected %s, found %s", expected, mistakes);
    free(mistakes);
}
END_TEST

START_TEST(more_systems_than_a_sysplex_has_are_refused)
{
    char text[8192] = GOOD_BEGIN GOOD_JOB;
    for (int i = 1; i <= 33; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "SYSTEM S%d\n NUMBER %d\n PROFILE deck\n", i,
                 i < 33 ? i : 1);
    struct definition d;
    unsigned count;
    char *mistakes = read_text(text, &d, &count);
    ck_assert_ptr_nonnull(strstr(mistakes, "SYSTEM: expected at most 32 systems"));
    ck_assert_uint_eq(d.system_count, 32);
    free(mistakes);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_told)
{
    struct definition d;
    char *mistakes;
    size_t size;
    FILE *out = open_memstream(&mistakes, &size);
    ck_assert_uint_eq(definition_read("/nowhere/a.conf", &d, out), 1);
    fclose(out);
    ck_assert_str_eq(mistakes, "/nowhere/a.conf: No such file or directory\n");
    free(mistakes);
}
END_TEST

START_TEST(any_bytes_are_survived)
{
    static const char text[] = GOOD_BEGIN GOOD_JOB GOOD_SYSTEM;
    char changed[sizeof text];
    srandom(4711);
    for (int round = 0; round < 500; round++) {
        struct definition d;
        unsigned count;
        memcpy(changed, text, sizeof text);
        for (int i = 0; i < 1 + round % 8; i++)
            changed[(unsigned long)random() % (sizeof text - 1)] = (char)(random() % 255 + 1);
        free(read_text(changed, &d, &count));
        ck_assert_uint_le(d.system_count, DEFINED_SYSTEMS_MAX);
    }
}
END_TEST

static const struct {
    const char *list;
    unsigned mistakes, systems;
} selections[] = {
    { "S1", 0, 1 }, { "s3,S1", 0, 2 }, { "S1,S2,S3", 0, 3 }, { "S4", 1, 0 }, { "S1,S1", 1, 1 }, { "", 1, 0 }, { ",", 1, 0 },
};

START_TEST(systems_are_selected_by_name)
{
    struct definition d;
    unsigned count;
    free(read_text(GOOD_BEGIN GOOD_JOB "SYSTEM S1\n NUMBER 1\n PROFILE deck\nSYSTEM S2\n NUMBER 2\n PROFILE deck\n"
                   "SYSTEM S3\n NUMBER 3\n PROFILE deck\n", &d, &count));
    ck_assert_uint_eq(count, 0);
    FILE *nowhere = fopen("/dev/null", "w");
    ck_assert_uint_eq(definition_select(&d, selections[_i].list, nowhere), selections[_i].mistakes);
    ck_assert_uint_eq(d.system_count, selections[_i].systems);
    fclose(nowhere);
}
END_TEST

START_TEST(messages_of_the_job_are_understood)
{
    struct job j = { 0 };
    ck_assert(job_message(&j, "CONNGEN", "CFS100I CONNGEN PROGRESS OPENED=700 DONE=300 FAILED=2 HELD=398"));
    ck_assert_uint_eq(j.opened, 700);
    ck_assert_uint_eq(j.done, 300);
    ck_assert_uint_eq(j.failed, 2);
    ck_assert_uint_eq(j.held, 398);
    ck_assert(!j.ended);
    ck_assert_uint_eq(job_percent(&j, 1000), 50);
    ck_assert(job_message(&j, "CONNGEN", "CFS102I CONNGEN FAILURE ECONNRESET COUNT=12"));
    ck_assert(job_message(&j, "CONNGEN",
                          "CFS101I CONNGEN ENDED DONE=1000 ANSWERED=988 FAILED=12 PEAK=501 PORTS=990 ASSIGN_NS=1234"));
    ck_assert(j.ended);
    ck_assert_uint_eq(j.answered, 988);
    ck_assert_uint_eq(j.peak, 501);
    ck_assert_uint_eq(j.ports, 990);
    ck_assert_uint_eq(j.assign_ns, 1234);
    ck_assert_uint_eq(j.reason_count, 1);
    ck_assert_str_eq(j.reasons[0].reason, "ECONNRESET");
    ck_assert_uint_eq(j.reasons[0].count, 12);
    ck_assert_uint_eq(job_percent(&j, 1000), 100);
}
END_TEST

START_TEST(jobs_are_summed)
{
    struct job sum = { .ended = true };
    const struct job one = { .ended = true, .done = 100, .answered = 90, .peak = 5, .assign_ns = 10, .reasons = { { "A", 10 } }, .reason_count = 1 };
    const struct job other = { .done = 300, .answered = 300, .assign_ns = 50, .reasons = { { "B", 1 }, { "A", 2 } }, .reason_count = 2 };
    job_add(&sum, &one);
    ck_assert(sum.ended);
    job_add(&sum, &other);
    ck_assert(!sum.ended);
    ck_assert_uint_eq(sum.done, 400);
    ck_assert_uint_eq(sum.answered, 390);
    ck_assert_uint_eq(sum.assign_ns, 40);
    ck_assert_uint_eq(sum.reason_count, 2);
    ck_assert_uint_eq(sum.reasons[0].count, 12);
}
END_TEST

static const char *const no_messages[] = {
    "", "CFS100I", "CFS100I OTHERJOB PROGRESS OPENED=1 DONE=1 FAILED=1 HELD=1",
    "CFS100I CONNGENX PROGRESS OPENED=1 DONE=1 FAILED=1 HELD=1", "CFS100I CONNGEN PROGRESS OPENED=1 DONE=1",
    "CFS100I CONNGEN PROGRESS OPENED=-1 DONE=1 FAILED=1 HELD=1", "CFS101I CONNGEN ENDED DONE=1 ANSWERED=x",
    "CFS102I CONNGEN FAILURE COUNT=1", "EZAIN11I ALL TCPIP SERVICES FOR PROC TCPIP ARE AVAILABLE",
};

START_TEST(other_lines_are_no_messages_of_the_job)
{
    struct job j = { 0 };
    ck_assert(!job_message(&j, "CONNGEN", no_messages[_i]));
    ck_assert(!j.ended);
    ck_assert_uint_eq(j.reason_count, 0);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof (array)[0])
/* --- what became of a system that failed ----------------------------------------------------------------------------- */

START_TEST(steps_of_a_failure_are_gathered)
{
    static struct incidents all;
    static const struct {
        uint64_t ms;
        const char *system, *event, *text;
    } events[] = {
        { 900, "MVS1", "ready", "" },
        { 1000, "MVS1", "stopped", "" },
        { 1100, "MVS2", "partitioning", "IXC101I SYSPLEX PARTITIONING IN PROGRESS FOR MVS1 REQUESTED BY XCFAS. REASON: X" },
        { 1150, "MVS1", "failed", "" },
        { 1200, "MVS2", "partitioned", "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS1 - PRIMARY REASON: X" },
        { 1210, "MVS3", "partitioned", "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS1 - PRIMARY REASON: X" },
        { 1220, "MVS2", "recovered", "EZD1304I 64 PORTS OF SYSTEM MVS1 ARE AVAILABLE AGAIN" },
        { 1230, "MVS3", "recovered", "EZD1304I 128 PORTS OF SYSTEM MVS1 ARE AVAILABLE AGAIN" },
        { 1240, "MVS2", "takeover", "EZZ8301I VIPA 10.1.9.1 TAKEN OVER FROM TCPIP ON MVS1" },
        { 1250, "MVS3", "takeover", "EZZ8301I VIPA 10.1.9.2 TAKEN OVER FROM TCPIP ON MVS1" },
        { 1300, "MVS2", "partitioned", "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS4 - PRIMARY REASON: X" },
        { 2000, "MVS1", "ipl", "" },
        { 2500, "MVS1", "ready", "" },
        { 2600, "MVS1", "takeover", "EZZ8302I VIPA 10.1.9.1 TAKEN BACK FROM TCPIP ON MVS2" },
        { 3000, "MVS1", "killed", "" },
        { 3100, "MVS3", "partitioned", "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS1 - PRIMARY REASON: X" },
        { 3110, "MVS1", "ipl", "" },
        { 3120, "MVS2", "partitioning", "IXC101I SYSPLEX PARTITIONING IN PROGRESS FOR MVS1 REQUESTED BY XCFAS. REASON: X" },
        { 3130, "MVS2", "partitioned", "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS1 - PRIMARY REASON: X" },
    };
    for (size_t i = 0; i < COUNT(events); i++)
        incident_event(&all, events[i].ms, events[i].system, events[i].event, events[i].text);
    static const uint64_t expected[INCIDENT_STEPS] = { 100, 210, 230, 250, 1000, 1500 };
    const struct incident *first = &all.list[0];
    ck_assert_uint_eq(all.count, 2);
    ck_assert_str_eq(first->system, "MVS1");
    ck_assert_str_eq(first->how, "stopped");
    for (enum incident_step step = 0; step < INCIDENT_STEPS; step++)
        ck_assert_uint_eq(incident_ms(first, step), expected[step]);
    ck_assert_uint_eq(first->ports, 192);
    ck_assert_str_eq(first->noticed_by, "MVS2");
    ck_assert_str_eq(first->taken_over, "10.1.9.1 by MVS2, 10.1.9.2 by MVS3");
    ck_assert_ptr_eq(incident_latest(&all, "MVS1"), &all.list[1]);
    ck_assert_uint_eq(all.list[1].began_ms, 3000);
    ck_assert_uint_eq(incident_ms(&all.list[1], INCIDENT_PARTITIONING), 100);      /* not after the next life began */
    ck_assert_uint_eq(incident_ms(&all.list[1], INCIDENT_PARTITIONED), 130);
    ck_assert_str_eq(all.list[1].noticed_by, "MVS2");
    ck_assert_ptr_null(incident_latest(&all, "MVS4"));
}
END_TEST

/* --- HTML ------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *text, *html;
} html_texts[] = {
    { "plain text, 100 %\n", "plain text, 100 %\n" },
    { "<a href=\"x\">&'", "&lt;a href=&quot;x&quot;&gt;&amp;&#39;" },
    { "\303\244\342\202\254\360\237\230\200", "\303\244\342\202\254\360\237\230\200" },
    { "a\001\033b\377c", "a??b?c" },
    { "\303", "?" }, { "\342\202", "??" }, { "\300\257", "??" }, { "\355\240\200", "???" },
};

START_TEST(text_stands_in_html_as_it_is)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    html_text(out, html_texts[_i].text);
    fclose(out);
    ck_assert_str_eq(text, html_texts[_i].html);
    free(text);
}
END_TEST

START_TEST(bytes_become_base64)
{
    static const char *const expected[] = { "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };      /* RFC 4648, 10 */
    char *text;
    size_t size;
    write_file("foobar");
    FILE *in = fopen(file, "r"), *out = open_memstream(&text, &size);
    ck_assert_int_eq(truncate(file, _i), 0);
    ck_assert_int_eq(html_base64(out, in), 0);
    fclose(in);
    fclose(out);
    ck_assert_str_eq(text, expected[_i]);
    free(text);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sysplex");
    TCase *c = tcase_create("definition");
    tcase_add_test(c, definition_is_read);
    tcase_add_test(c, jobs_run_on_their_systems);
    tcase_add_test(c, jobs_become_commands);
    tcase_add_test(c, a_story_needs_no_jobs);
    tcase_add_loop_test(c, each_mistake_is_told_with_its_line_and_what_was_expected, 0, COUNT(mistaken));
    tcase_add_test(c, more_systems_than_a_sysplex_has_are_refused);
    tcase_add_test(c, a_file_that_is_not_there_is_told);
    tcase_add_test(c, any_bytes_are_survived);
    tcase_add_loop_test(c, systems_are_selected_by_name, 0, COUNT(selections));
    tcase_add_test(c, messages_of_the_job_are_understood);
    tcase_add_test(c, jobs_are_summed);
    tcase_add_loop_test(c, other_lines_are_no_messages_of_the_job, 0, COUNT(no_messages));
    tcase_add_test(c, steps_of_a_failure_are_gathered);
    tcase_add_loop_test(c, text_stands_in_html_as_it_is, 0, COUNT(html_texts));
    tcase_add_loop_test(c, bytes_become_base64, 0, 7);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    char deck[64];
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    snprintf(file, sizeof file, "%s/a.conf", folder);
    snprintf(deck, sizeof deck, "%s/deck", folder);
    FILE *out = fopen(deck, "w");
    if (!out || fclose(out) != 0)
        return EXIT_FAILURE;
    SRunner *runner = srunner_create(suite());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    unlink(file);
    unlink(deck);
    rmdir(folder);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
