/* What the operator sees of ports: the log, the job that had one, the display. */
#include "stack/tests/core_clp.h"

#include <string.h>

#include "stack/operator/operator_ports.h"

START_TEST(the_log_tells_when_a_port_was_this_stacks)
{
    uint16_t port;
    uint64_t since;
    char line[128];

    start(1, 1);
    struct clp *clp = &plex_select(1)->clp;
    uint64_t before = platform_clock_us();
    host_platform_advance_us(1000000);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    uint64_t during = platform_clock_us();
    host_platform_advance_us(1000000);
    release(1, port);
    uint64_t after = platform_clock_us();
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port, before, NULL), CLP_LOG_NO);
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port, during, &since), CLP_LOG_YES);
    MUST(since > before && since <= during);
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port, after, NULL), CLP_LOG_NO);
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port ^ 1, during, NULL), CLP_LOG_NO);
    clp_log_line(&(struct clp_log_record){ .time_us = 951868799990000ull, .ports = 3, .address = DVA, .word = 2, .came = true },
                 "MVS1", line, sizeof line);
    ck_assert_str_eq(line, "2000/02/29 23:59:59.99 MVS1 10.1.1.1 CAME 190-191 (2 PORTS)");
    for (unsigned i = 0; i < CLP_LOG_RECORDS; i++)
        clp_log_write(&clp->log, after, DVB, 1, 1, true);
    ck_assert_int_eq(clp_log_had(&clp->log, DVA, port, during, NULL), CLP_LOG_UNKNOWN);
}
END_TEST

static struct port_use present_use;

static void present(port_use_fn *use, void *argument)
{
    use(argument, &present_use);
}

static struct port_use use_of(const char *job, uint16_t port, uint64_t since_us)
{
    struct port_use use = port_use_begin(job, since_us);

    use.address = DVA;
    use.port = port;
    use.destination = SERVER;
    use.dport = 80;
    return use;
}

START_TEST(the_operator_asks_which_job_had_a_port)
{
    static struct port_log log;
    static struct operator operator;
    uint64_t day = 951782400000000ull;      /* 2000/02/29 */
    char command[128], line[128];
    uint16_t port;

    start(1, 64);
    struct clp *clp = &plex_select(1)->clp;
    struct operator_ports ports = { .clp = clp, .log = &log, .present = present };
    log.written = 0;
    operator_init(&operator);
    operator_ports_register(&operator, &ports);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    struct port_use use = use_of("APPA", port, day + 3600000000ull);
    port_log_write(&log, &use, day + 3660000000ull);
    use = use_of("LONGNAME", port, day + 7200000000ull);
    port_log_write(&log, &use, day + 7260000000ull);
    present_use = use_of("APPB", port, day + 10800000000ull);
    static const struct { const char *time, *job; } asked[] = {
        { "01.00.00", "APPA" }, { "01:00:59.99", "APPA" }, { "01.01.00", NULL }, { "02.00.30", "LONGNAME" }, { "23.00.00", "APPB" },
        { "00.59.59", NULL },
    };
    for (unsigned i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        plex_wto[0] = 0;
        snprintf(command, sizeof command, "D TCPIP,,SYS,PORTS,DVIPA=10.1.1.1,PORT=%u,TIME='2000/02/29 %s'", port, asked[i].time);
        operator_command(&operator, command);
        snprintf(line, sizeof line, "%u OF %u RECORDS DISPLAYED", asked[i].job != NULL, asked[i].job != NULL);
        ck_assert_msg(strstr(plex_wto, line) != NULL, "%s", plex_wto);
        ck_assert_msg(asked[i].job == NULL || strstr(plex_wto, asked[i].job) != NULL, "%s", plex_wto);
        ck_assert_msg(strstr(plex_wto, "THE PORT IS NOT OF THIS STACK") != NULL, "%s", plex_wto);  /* it came just now */
    }
    plex_wto[0] = 0;
    snprintf(command, sizeof command, "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1,PORT=%u", port);
    operator_command(&operator, command);
    ck_assert_msg(strstr(plex_wto, "THE PORT IS OF THIS STACK SINCE") != NULL, "%s", plex_wto);
    snprintf(line, sizeof line, "  APPA     2000/02/29 01:00:00.00 2000/02/29 01:01:00.00 10.1.1.1..%u TO 10.99.99.99..80", port);
    ck_assert_msg(strstr(plex_wto, line) != NULL, "%s", plex_wto);
    snprintf(line, sizeof line, "  APPB     2000/02/29 03:00:00.00 NOW                    10.1.1.1..%u TO 10.99.99.99..80", port);
    ck_assert_msg(strstr(plex_wto, line) != NULL, "%s", plex_wto);
    ck_assert_ptr_nonnull(strstr(plex_wto, "3 OF 3 RECORDS DISPLAYED"));
    plex_wto[0] = 0;
    operator_command(&operator, "D TCPIP,,SYSPLEX,PORTS,LOG,MAX=2");
    ck_assert_msg(strstr(plex_wto, "10.1.1.1 CAME") != NULL, "%s", plex_wto);
    ck_assert_msg(strstr(plex_wto, "2 OF 3 RECORDS DISPLAYED") != NULL && strstr(plex_wto, "LONGNAME") != NULL, "%s", plex_wto);
    static const struct { const char *command, *answer; } wrong[] = {
        { "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1", "EXPECTED PORT=NUMBER" },
        { "D TCPIP,,SYSPLEX,PORTS,PORT=80", "EXPECTED DVIPA=IPADDR" },
        { "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1,PORT=80", "UNIDENTIFIABLE KEYWORD 10.1.1" },
        { "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1,PORT=80,TIME=25.00.00", "UNIDENTIFIABLE KEYWORD 25.00.00" },
        { "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1,PORT=0", "IEE306I" },
        { "D TCPIP,,SYSPLEX,PORTS,PAST", "EXPECTED LOG" },
        { "D TCPIP,,SYSPLEX,PORTS,LOG,PORT=80", "EXPECTED DVIPA MAX" },
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        plex_wto[0] = 0;
        operator_command(&operator, wrong[i].command);
        ck_assert_msg(strstr(plex_wto, wrong[i].answer) != NULL, "%s: %s", wrong[i].command, plex_wto);
    }
    use.port = (uint16_t)(port ^ 1);
    for (unsigned i = 0; i < PORT_LOG_USES - 1; i++)
        port_log_write(&log, &use, day + 14400000000ull);
    plex_wto[0] = 0;                        /* APPA has left the log, LONGNAME is its oldest */
    snprintf(command, sizeof command, "D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.1.1,PORT=%u,TIME=2000/02/29-01.30.00", port);
    operator_command(&operator, command);
    ck_assert_msg(strstr(plex_wto, "USES THAT ENDED BEFORE 2000/02/29 02:01:00.00 ARE NOT KNOWN") != NULL, "%s", plex_wto);
}
END_TEST

/* Each stack sees the same pool, and what the others have. */
START_TEST(the_display_shows_the_cluster)
{
    char lines[3][64];
    uint16_t port;

    start(2, 64);
    ck_assert_int_eq(assign(1, &port), CLP_OK);
    ck_assert_int_eq(assign(2, &port), CLP_OK);
    uint32_t one = clp_usage(&plex_select(1)->clp, DVA).owned, two = clp_usage(&plex_select(2)->clp, DVA).owned;
    struct clp_audit audit;
    ck_assert_int_eq(clp_check(&plex_select(1)->clp, DVA, &audit), CLP_OK);
    snprintf(lines[0], sizeof lines[0], "%5u AVAILABLE IN THE SYSPLEX\n", audit.pool);
    snprintf(lines[1], sizeof lines[1], "%5u OF TCPIP AT MVS1\n", one);
    snprintf(lines[2], sizeof lines[2], "%5u OF TCPIP AT MVS2\n", two);
    for (unsigned n = 1; n <= 2; n++) {
        plex_wto[0] = 0;
        clp_display(&plex_select(n)->clp, operator_line, NULL);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_msg(strstr(plex_wto, lines[i]) != NULL, "%s is not in %s", lines[i], plex_wto);
        ck_assert_ptr_nonnull(strstr(plex_wto, "  SURVIVES FAILURE OF STACKS AND, IF THERE IS ANOTHER ONE, A COUPLING FACILITY\n"));
    }
}
END_TEST

TCase *clp_log_tests(void)
{
    TCase *t = tcase_create("clp log");

    tcase_add_test(t, the_operator_asks_which_job_had_a_port);
    tcase_add_test(t, the_display_shows_the_cluster);
    tcase_add_test(t, the_log_tells_when_a_port_was_this_stacks);
    return t;
}
