/* stack/operator: how a command is split, who gets it, what is answered to what does not fit. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/operator/operator.h"
#include "stack/tests/console.h"
#include "stack/tests/members.h"

/* Writes what it was called with: "name verb|KEYWORD=value|value". */
static void echo(void *context, const struct operator_parameters *parameters)
{
    char line[256];
    size_t length = (size_t)sprintf(line, "%s %s", (const char *)context, parameters->verb);

    for (unsigned i = 0; i < parameters->count; i++) {
        const char *keyword = parameters->keyword[i];

        length += (size_t)sprintf(line + length, "|%s%s%s", keyword != NULL ? keyword : "", keyword != NULL ? "=" : "", parameters->value[i]);
    }
    operator_line(NULL, line);
}

static void numbers(void *context, const struct operator_parameters *parameters)
{
    uint32_t *count = context;

    if (!operator_check(parameters, "COUNT PGM"))
        return;
    if (operator_value(parameters, "PGM") == NULL) {
        operator_missing(parameters, "PGM");
        return;
    }
    if (operator_number(parameters, "COUNT", 1, 500, count))
        text_wto("COUNT %u", *count);
}

static uint32_t count;

static void set_up(struct operator *operator)
{
    static char names[][8] = { "start", "list", "dyn", "cfg", "xcf", "xcfs" };

    operator_init(operator);
    operator_register(operator, "S", echo, names[0], "name,PGM=program,... starts a job");
    operator_register(operator, "D A,L", echo, names[1], "lists the jobs");
    operator_register(operator, "D TCPIP,,SYSplex,VIPADyn", echo, names[2], "");
    operator_register(operator, "D TCPIP,,NETstat,VIPADCFG", echo, names[3], "");
    operator_register(operator, "D XCF", echo, names[4], "");
    operator_register(operator, "D XCF,S,ALL", echo, names[5], "");
    operator_register(operator, OPERATOR_FLOW_PATTERN, operator_flow, NULL, OPERATOR_FLOW_HELP);
    operator_register(operator, "F", numbers, &count, "");
    console_clear();
}

static const struct {
    const char *command, *answer;
} commands[] = {
    /* splitting */
    { "S APPA,PGM=CONNGEN,DEST=10.1.0.100", "start S|APPA|PGM=CONNGEN|DEST=10.1.0.100\n" },
    { "  start appa,pgm=conngen  ", "start S|APPA|PGM=CONNGEN\n" },
    { "S APPA,TEXT='a, B=''c'' ',X=", "start S|APPA|TEXT=a, B='c' |X=\n" },
    { "S A='x'y,B=1=2", "start S|A=xY|B=1=2\n" },
    { "S 'a=b'", "start S|a=b\n" },
    { "S A , B ,,C", "start S|A|B||C\n" },
    { "S\tA,", "start S|A|\n" },
    { "S", "start S\n" },
    { "", "" },
    { "   ", "" },
    { "* S APPA: A COMMENT", "" },
    { "S A B", "IEE307I S        DELIMITER ERROR - OPERAND 1: BLANK OR QUOTATION MARK\n" },
    { "S A,B='x", "IEE307I S        DELIMITER ERROR - OPERAND 2: BLANK OR QUOTATION MARK\n" },
    { "S 1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3",
      "IEE308I S        TERM LENGTH ERROR - AT MOST 32 OPERANDS\n" },
    { "S AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
      "IEE308I S AAAAAA TERM LENGTH ERROR - AT MOST 126 CHARACTERS\n" },
    /* dispatching */
    { "D A,L", "list D\n" },
    { "DISPLAY A,L", "list D\n" },
    { "D TCPIP,,SYSPLEX,VIPADYN", "dyn D\n" },
    { "D TCPIP,TCPCS,SYS,VIPAD,MAX=5", "dyn D|MAX=5\n" },
    { "d tcpip,,net,vipadcfg", "cfg D\n" },
    { "D XCF", "xcf D\n" },
    { "D XCF,S,ALL", "xcfs D\n" },
    { "D XCF,S", "xcf D|S\n" },
    /* what does not fit */
    { "FROB", "IEE305I FROB     COMMAND INVALID\n" },
    { "FROBNICATE ALL", "IEE305I FROBNICA COMMAND INVALID\n" },
    { "DI A,L", "IEE305I DI       COMMAND INVALID\n" },
    { "D", "IEE310I D        KEYWORD MISSING - EXPECTED A, TCPIP, XCF\n" },
    { "D U,ALL", "IEE309I D        UNIDENTIFIABLE KEYWORD U - EXPECTED A, TCPIP, XCF\n" },
    { "D TCPIP", "IEE310I D        KEYWORD MISSING - EXPECTED [PROCNAME]\n" },
    { "D TCPIP,", "IEE310I D        KEYWORD MISSING - EXPECTED SYSPLEX, NETSTAT, FLOW\n" },
    { "D TCPIP,,", "IEE310I D        KEYWORD MISSING - EXPECTED SYSPLEX, NETSTAT, FLOW\n" },
    { "D TCPIP,,SY", "IEE309I D        UNIDENTIFIABLE KEYWORD SY - EXPECTED SYSPLEX, NETSTAT, FLOW\n" },
    { "D TCPIP,,NETSTAT,CONFIG", "IEE309I D        UNIDENTIFIABLE KEYWORD CONFIG - EXPECTED VIPADCFG\n" },
    { "D TCPIP,,NETSTAT=1", "IEE309I D        UNIDENTIFIABLE KEYWORD NETSTAT - EXPECTED SYSPLEX, NETSTAT, FLOW\n" },
    /* handlers' own checks */
    { "F PGM=X,COUNT=500", "COUNT 500\n" },
    { "MODIFY PGM=X,COUNT=1", "COUNT 1\n" },
    { "F COUNT=5", "IEE311I F        PARAMETER MISSING - EXPECTED PGM\n" },
    { "F PGM=X,COUNT=501", "IEE306I F        INVALID NUMERICS - COUNT=501, EXPECTED 1 TO 500\n" },
    { "F PGM=X,COUNT=", "IEE306I F        INVALID NUMERICS - COUNT=, EXPECTED 1 TO 500\n" },
    { "F PGM=X,COUN=5", "IEE309I F        UNIDENTIFIABLE KEYWORD COUN - EXPECTED COUNT PGM\n" },
    { "HELP ME", "IEE309I HELP     UNIDENTIFIABLE KEYWORD ME - EXPECTED NO MORE OPERANDS\n" },
};

START_TEST(each_command_has_its_answer)
{
    struct operator operator;

    set_up(&operator);
    operator_command(&operator, commands[_i].command);
    ck_assert_str_eq(console_text(), commands[_i].answer);
}
END_TEST

START_TEST(help_lists_every_command)
{
    struct operator operator;

    set_up(&operator);
    operator_command(&operator, "HELP");
    for (unsigned i = 0; i < operator.count; i++)
        ck_assert_ptr_nonnull(strstr(console_text(), operator.commands[i].pattern));
    ck_assert_ptr_nonnull(strstr(console_text(), "  S                              name,PGM=program,... starts a job\n"));
}
END_TEST

START_TEST(flow_shows_the_counts_of_a_figure)
{
    struct operator operator;

    set_up(&operator);
    flow_reset();
    FLOW(12, 1205);
    FLOW(12, 1205);
    operator_command(&operator, "D TCPIP,,FLOW,12");
    ck_assert_str_eq(console_text(), "EZD0101I FLOW CS TCPIP\n"
                                     "FIGURE BLOCK      COUNT WHAT\n"
                                     "------ ----- ---------- ----\n"
                                     "12      1200          0 NOTIFIED OF A STACK'S FAILURE\n"
                                     "12      1205          2 STRUCTURES OBTAINED AND LOCKED\n"
                                     "12      1210          0 PORTS MADE AVAILABLE, STRUCTURE DELETED\n"
                                     "12      1215          0 CLUSTER-WIDE STRUCTURE RESTORED\n"
                                     "4 OF 91 RECORDS DISPLAYED\n"
                                     "END OF THE REPORT\n");
}
END_TEST

START_TEST(flow_shows_all_blocks_or_says_which_figures_there_are)
{
    struct operator operator;
    char block[32];

    set_up(&operator);
    operator_command(&operator, "D TCPIP,,FLOW");
    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++) {
        sprintf(block, "\n%-6s %5u ", flow_names[i].figure, flow_names[i].block);
        ck_assert_ptr_nonnull(strstr(console_text(), block));
    }
    console_clear();
    operator_command(&operator, "D TCPIP,,FLOW,8A");
    ck_assert_ptr_nonnull(strstr(console_text(), "8A       800 "));
    ck_assert_ptr_null(strstr(console_text(), "8B"));
    console_clear();
    operator_command(&operator, "D TCPIP,,FLOW,6");
    ck_assert_str_eq(console_text(), "IEE309I D        UNIDENTIFIABLE KEYWORD 6 - EXPECTED 2, 3, 4, 5, 7, 8A, 8B, 9, 10, 11 OR 12\n");
}
END_TEST

START_TEST(a_pattern_is_registered_once)
{
    struct operator operator;

    set_up(&operator);
    operator_register(&operator, "D A,L", echo, NULL, "");
}
END_TEST

/* --- OBEYFILE, SYNTAXCHECK ----------------------------------------------------------------------------------------- */

static void write_change(void *context, const struct profile_change *change)
{
    char text[16];

    ck_assert_ptr_eq(context, &count);
    text_wto("CHANGE %d %s", (int)change->kind, text_ip(text, change->address));
}

static void write_done(void *context)
{
    ck_assert_ptr_eq(context, &count);
    text_wto("DONE");
}

static const struct operator_profile_ops profile_ops = { write_change, write_done };
static struct profile running;
static struct operator_profile obeyed;

static void set_up_profile(struct operator *operator)
{
    static const char text[] = "VIPADYNAMIC VIPADEFINE 255.255.0.0 10.1.9.1 ENDVIPADYNAMIC PORT 60 TCP APPA";
    struct members *members = members_new();

    set_up(operator);
    members->all_messages = true;
    members_add(members, "GOOD", "VIPADYNAMIC VIPADEFINE CLUSTERPORTS 255.255.0.0 10.1.9.1 10.1.9.2 ENDVIPADYNAMIC");
    members_add(members, "BAD", "PORT 61 TPC APPA 62 TCP APPA");
    members_add(members, "NOTHING", "");
    ck_assert_int_eq(profile_parse(&running, "T", text, sizeof text - 1, NULL, console_line, NULL), 0);
    obeyed.running = &running;
    obeyed.input = &members->input;
    obeyed.ops = &profile_ops;
    obeyed.context = &count;
    operator_profile_register(operator, &obeyed);
    console_clear();
}

static const struct {
    const char *command, *answer;
} obeys[] = {
    { "V TCPIP,,OBEYFILE,GOOD",
      "EZZ0060I PROCESSING COMMAND: VARY TCPIP,,OBEYFILE,GOOD\nEZZ0300I OPENED OBEYFILE FILE GOOD\n"
      "EZZ0309I PROFILE PROCESSING BEGINNING FOR GOOD\n"
      "EZZ0328I CLUSTERPORTS ON LINE 1 ADDED LIVE TO 10.1.9.1, PORTS SHARED NOW ARE COUNTED UNTIL THEY ARE FREE\n"
      "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE GOOD\nCHANGE 4 10.1.9.2\nCHANGE 7 10.1.9.1\nDONE\n"
      "EZZ0053I COMMAND VARY OBEY COMPLETED SUCCESSFULLY\n" },
    { "VARY TCPIP,TCPIP,O,DSN=NOTHING",
      "EZZ0060I PROCESSING COMMAND: VARY TCPIP,,OBEYFILE,NOTHING\nEZZ0300I OPENED OBEYFILE FILE NOTHING\n"
      "EZZ0309I PROFILE PROCESSING BEGINNING FOR NOTHING\nEZZ0316I PROFILE PROCESSING COMPLETE FOR FILE NOTHING\n"
      "EZZ0053I COMMAND VARY OBEY COMPLETED SUCCESSFULLY\n" },
    { "V TCPIP,,OBEYFILE,BAD",
      "EZZ0060I PROCESSING COMMAND: VARY TCPIP,,OBEYFILE,BAD\nEZZ0300I OPENED OBEYFILE FILE BAD\n"
      "EZZ0309I PROFILE PROCESSING BEGINNING FOR BAD\n"
      "EZZ0318I TPC WAS FOUND ON LINE 1 AND TCP OR UDP WAS EXPECTED - ENTRY OF PORT IGNORED\n"
      "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE BAD\nCHANGE 11 0.0.0.0\nDONE\n"
      "EZZ0059I VARY OBEY COMMAND FAILED: SEE PREVIOUS MESSAGES\n" },
    { "V TCPIP,,OBEYFILE,NOSUCH",
      "EZZ0060I PROCESSING COMMAND: VARY TCPIP,,OBEYFILE,NOSUCH\nEZZ0301I OBEYFILE FILE NOSUCH CANNOT BE READ - NOTHING CHANGED\n"
      "EZZ0059I VARY OBEY COMMAND FAILED: SEE PREVIOUS MESSAGES\n" },
    { "V TCPIP,,SYNTAXCHECK,BAD",
      "EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYNTAXCHECK,BAD\nEZZ0061I SYNTAX CHECK OF BAD BEGINS\n"
      "EZZ0300I OPENED SYNTAXCHECK FILE BAD\nEZZ0309I PROFILE PROCESSING BEGINNING FOR BAD\n"
      "EZZ0318I TPC WAS FOUND ON LINE 1 AND TCP OR UDP WAS EXPECTED - ENTRY OF PORT IGNORED\n"
      "EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE BAD\nEZZ0065I SYNTAX CHECK OF BAD COMPLETE, 1 ERRORS\n" },
    { "V TCPIP,,SYN,NOSUCH",
      "EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYNTAXCHECK,NOSUCH\nEZZ0061I SYNTAX CHECK OF NOSUCH BEGINS\n"
      "EZZ0301I SYNTAXCHECK FILE NOSUCH CANNOT BE READ - NOTHING CHANGED\nEZZ0065I SYNTAX CHECK OF NOSUCH FAILED: SEE PREVIOUS MESSAGES\n" },
    { "V TCPIP,,OBEYFILE", "IEE311I V        PARAMETER MISSING - EXPECTED A MEMBER\n" },
    { "V TCPIP,,OBEYFILE,", "IEE311I V        PARAMETER MISSING - EXPECTED A MEMBER\n" },
    { "V TCPIP,,OBEYFILE,GOOD,BAD", "IEE309I V        UNIDENTIFIABLE KEYWORD BAD - EXPECTED ONE MEMBER\n" },
    { "V TCPIP,,SYNTAXCHECK,X=GOOD", "IEE309I V        UNIDENTIFIABLE KEYWORD X - EXPECTED DSN\n" },
};

START_TEST(a_member_is_obeyed_or_checked)
{
    struct operator operator;

    set_up_profile(&operator);
    operator_command(&operator, obeys[_i].command);
    ck_assert_str_eq(console_text(), obeys[_i].answer);
}
END_TEST

START_TEST(a_syntax_check_leaves_the_running_profile_alone)
{
    struct operator operator;

    set_up_profile(&operator);
    operator_command(&operator, "V TCPIP,,SYNTAXCHECK,GOOD");
    ck_assert_uint_eq(running.dvipa_count, 1);
    operator_command(&operator, "V TCPIP,,OBEYFILE,GOOD");
    ck_assert_uint_eq(running.dvipa_count, 2);
}
END_TEST

/* Any line is answered, and nothing is read or written outside of it (the sanitizers watch). */
START_TEST(random_lines_are_harmless)
{
    static const char letters[] = "SDPF TCIN,=''A\t,,=";
    struct operator operator;
    char *line;

    set_up(&operator);
    srand(1);
    for (int round = 0; round < 20000; round++) {
        int length = rand() % 130;

        line = malloc((size_t)length + 1);
        for (int i = 0; i < length; i++)
            line[i] = (char)(rand() % 50 == 0 ? 1 + rand() % 255 : letters[(size_t)rand() % (sizeof letters - 1)]);
        line[length] = 0;
        console_clear();
        operator_command(&operator, line);
        free(line);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operator");
    TCase *tcase = tcase_create("operator");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, each_command_has_its_answer, 0, sizeof commands / sizeof *commands);
    tcase_add_test(tcase, help_lists_every_command);
    tcase_add_test(tcase, flow_shows_the_counts_of_a_figure);
    tcase_add_test(tcase, flow_shows_all_blocks_or_says_which_figures_there_are);
    tcase_add_test_raise_signal(tcase, a_pattern_is_registered_once, SIGABRT);
    tcase_add_loop_test(tcase, a_member_is_obeyed_or_checked, 0, sizeof obeys / sizeof *obeys);
    tcase_add_test(tcase, a_syntax_check_leaves_the_running_profile_alone);
    tcase_add_test(tcase, random_lines_are_harmless);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
