/* What an operator sees of the systems of the sysplex in each of their states, and what can be done about them: D XCF, V XCF, R. */
#include <stdlib.h>
#include <string.h>

#include "stack/operator/operator_xcf.h"
#include "stack/tests/core_plex.h"

#define ROW(system, number, interval, status) " " system "          " number " ##.##.## ##.##.##           " interval " " status "\n"

static struct operator operator;
static struct stack *hanging;       /* MVS3's, while it is not at work */

/* Give a command: its answer. */
static const char *command(const char *text)
{
    plex_select(1);
    plex_wto[0] = 0;
    operator_command(&operator, text);
    return plex_wto;
}

/* Does the answer have these lines? # in the lines stands for any digit. */
static bool has(const char *answer, const char *lines)
{
    for (; *answer; answer++) {
        size_t i = 0;
        while (lines[i] && (answer[i] == lines[i] || (lines[i] == '#' && answer[i] >= '0' && answer[i] <= '9')))
            i++;
        if (!lines[i])
            return true;
    }
    return false;
}

static void shows(const char *text, const char *lines)
{
    const char *answer = command(text);

    ck_assert_msg(has(answer, lines), "%s: expected\n%sfound\n%s", text, lines, answer);
}

static void shows_not(const char *text, const char *lines)
{
    const char *answer = command(text);

    ck_assert_msg(!has(answer, lines), "%s: expected no\n%sfound\n%s", text, lines, answer);
}

/* Time goes on for those that are at work. */
static void pass_ms(unsigned ms)
{
    for (unsigned passed = 0; passed < ms; passed += 200) {
        host_platform_advance_us(200000);
        plex_settle();
    }
}

static void console_on(unsigned n)
{
    operator_init(&operator);
    operator_xcf_register(&operator, &plex.systems[n].stack->xcf, "PLEX1");
}

static void ipl(unsigned n)
{
    plex_ipl(n);
    xcf_set_intervals(&plex.systems[n].stack->xcf, 4, 6);
}

static void start(bool remote)
{
    plex.systems[3].remote = remote;
    for (unsigned n = 1; n <= 3; n++)
        ipl(n);
    plex_settle();
    pass_ms(2000);                          /* each has read the others' interval */
    console_on(1);
}

static void hang(void)
{
    hanging = plex.systems[3].stack;
    plex.systems[3].stack = NULL;
}

/* It ends for good. */
static void down(void)
{
    plex.systems[3].stack = hanging;
    plex_kill(3);
    plex_settle();
}

START_TEST(all_are_active)
{
    start(false);
    shows("D XCF", "IXC334I  ##.##.##  DISPLAY XCF\n SYSPLEX PLEX1:\n    MVS1    \n    MVS2    \n    MVS3    \n");
    shows("D XCF,S,ALL", "IXC335I  ##.##.##  DISPLAY XCF\n SYSPLEX PLEX1\n SYSTEM   NUMBER JOINED   STATUS TIME INTERVAL SYSTEM STATUS\n");
    shows("D XCF,S,ALL", ROW("MVS1", "1", "4", "ACTIVE") ROW("MVS2", "2", "4", "ACTIVE") ROW("MVS3", "3", "4", "ACTIVE"));
    shows("D XCF,GROUP", "IXC331I  ##.##.##  DISPLAY XCF\n GROUPS(SIZE):\n");
    shows("D XCF,GROUP", "    EZBTCPCS(3)\n");
    shows("D XCF,G,EZBTCPCS", " MVS1    TCPIP    MVS1     ACTIVE\n MVS2    TCPIP    MVS2     ACTIVE\n MVS3    TCPIP    MVS3     ACTIVE\n");
    shows("D XCF,G,NONE", "IXC333I NO GROUP NONE\n");
    shows("D XCF,COUPLE", "IXC357I  ##.##.##  DISPLAY XCF\n SYSTEM MVS1 DATA\n");
    shows("D XCF,COUPLE", "         4        6   65536       ISOLATE            0\n SIGNALLING STRUCTURE IXCSTR1\n");
    shows("SETXCF COUPLE,INTERVAL=20,CLEANUP=30", "IXC309I SETXCF COUPLE REQUEST WAS ACCEPTED: INTERVAL=20 CLEANUP=30\n");
    shows("D XCF,COUPLE", "        20       30   65536       ISOLATE            0\n");
}
END_TEST

START_TEST(who_hangs_is_shown_until_it_is_gone)
{
    start(false);
    hang();
    pass_ms(1600);
    shows("D XCF,S,ALL", ROW("MVS3", "3", "4", "ACTIVE"));
    pass_ms(1600);
    shows("D XCF,S,ALL", ROW("MVS2", "2", "4", "ACTIVE") ROW("MVS3", "3", "4", "STATUS UPDATE MISSING"));
    shows("D XCF", "    MVS3    \n");
    shows("D XCF,GROUP", "    EZBTCPCS(3)\n");
    pass_ms(3000);
    shows_not("D XCF", "MVS3");
    shows_not("D XCF,S,ALL", "MVS3");
    shows("D XCF,S,ALL", ROW("MVS2", "2", "4", "ACTIVE"));
    shows("D XCF,GROUP", "    EZBTCPCS(2)\n");
    shows_not("D XCF,G,EZBTCPCS", "MVS3");
    down();
    ipl(3);
    pass_ms(2000);
    shows("D XCF,S,ALL", ROW("MVS3", "3", "4", "ACTIVE"));
    shows("D XCF,G,EZBTCPCS", " MVS3    TCPIP    MVS3     ACTIVE\n");
}
END_TEST

/* Who recovers from hanging in time is as the others. */
START_TEST(who_goes_on_is_active_again)
{
    start(false);
    hang();
    pass_ms(3000);
    shows("D XCF,S,ALL", ROW("MVS3", "3", "4", "STATUS UPDATE MISSING"));
    plex.systems[3].stack = hanging;
    pass_ms(2400);
    shows("D XCF,S,ALL", ROW("MVS3", "3", "4", "ACTIVE"));
}
END_TEST

START_TEST(who_is_removed_is_shown_until_it_is_gone)
{
    start(false);
    shows("V XCF,MVS3,OFFLINE", "*03 IXC371D CONFIRM REQUEST TO VARY SYSTEM MVS3 OFFLINE. REPLY SYSNAME=MVS3 TO REMOVE MVS3 OR C TO CANCEL.\n");
    shows("R 3,C", "IXC374I VARY XCF CANCELLED\n");
    shows("R 3,SYSNAME=MVS3", "IEE700I REPLY ID NOT OUTSTANDING\n");
    hang();                                 /* it cannot say that it has stopped: it has the cleanup interval for that */
    shows("V XCF,MVS3,OFFLINE", "IXC371D");
    shows("R 3,SYSNAME=MVS3", "IXC101I SYSPLEX PARTITIONING IN PROGRESS FOR MVS3 REQUESTED BY *MASTER*. REASON: OPERATOR VARY REQUEST\n");
    pass_ms(5000);
    shows("D XCF,S,ALL", ROW("MVS3", "3", "4", "BEING REMOVED - RSN: OPERATOR VARY REQUEST"));
    shows("D XCF,G,EZBTCPCS", " MVS3    TCPIP    MVS3     TERMINATING\n");
    shows("D XCF,GROUP", "    EZBTCPCS(3)\n");
    shows("V XCF,MVS3,OFFLINE", "IXC371D");
    shows("R 3,SYSNAME=MVS3", "IXC372I VARY XCF REJECTED FOR MVS3: IT IS BEING REMOVED, OR IS NOT ACTIVE ANY MORE\n");
    console_on(2);                          /* who does not do it sees the same */
    shows("D XCF,S,ALL", ROW("MVS3", "3", "4", "BEING REMOVED - RSN: OPERATOR VARY REQUEST"));
    pass_ms(2000);
    shows_not("D XCF,S,ALL", "MVS3");
    down();
}
END_TEST

/* A remote system that nobody fences in time, as the cfd that serves it hangs, too: the operator has reset it. */
START_TEST(the_operator_answers_for_who_cannot_be_fenced)
{
    start(true);
    hang();
    pass_ms(5000);
    shows("D XCF,S,ALL", ROW("MVS3", "3", "4", "BEING REMOVED - RSN: SYSTEM STATUS UPDATE MISSING"));
    shows("R 3,DOWN", "IEE700I REPLY ID NOT OUTSTANDING\n");      /* nobody has asked for that yet */
    plex_wto[0] = 0;
    pass_ms(12000);
    ck_assert_ptr_nonnull(strstr(plex_wto, "*IXC102A XCF IS WAITING FOR SYSTEM MVS3 DEACTIVATION. "
                                           "REPLY 03,DOWN WHEN MVS ON MVS3 HAS BEEN SYSTEM RESET\n"));
    ck_assert_ptr_null(strstr(plex_wto, "IXC105I"));
    shows("D XCF,S,ALL", ROW("MVS3", "3", "4", "BEING REMOVED - RSN: SYSTEM STATUS UPDATE MISSING"));
    unsigned partitioner = xcf_member(&plex.systems[1].stack->xcf, 3)->partitioner;
    console_on(partitioner);
    plex_select(partitioner);
    operator_command(&operator, "R 3,DOWN");
    plex_settle();
    ck_assert_ptr_nonnull(strstr(plex_wto, "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS3 - PRIMARY REASON: SYSTEM STATUS UPDATE MISSING\n"));
    shows_not("D XCF,S,ALL", "MVS3");
    down();
}
END_TEST

START_TEST(alone_there_is_nothing_to_see)
{
    static const char *const commands[] = { "D XCF", "D XCF,S,ALL", "D XCF,G", "D XCF,COUPLE", "V XCF,MVS2,OFFLINE" };

    start(false);
    xcf_stop(&plex_select(1)->xcf);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        ck_assert_str_eq(command(commands[i]), "IXC334I THIS SYSTEM IS NOT IN A SYSPLEX\n");
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("operator of xcf");

    tcase_add_test(t, all_are_active);
    tcase_add_test(t, who_hangs_is_shown_until_it_is_gone);
    tcase_add_test(t, who_goes_on_is_active_again);
    tcase_add_test(t, who_is_removed_is_shown_until_it_is_gone);
    tcase_add_test(t, the_operator_answers_for_who_cannot_be_fenced);
    tcase_add_test(t, alone_there_is_nothing_to_see);
    return plex_main(t, "core_xcf_operator");
}
