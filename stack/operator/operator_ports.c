#include "stack/operator/operator_ports.h"

#include <stddef.h>

#include "stack/base/text.h"
#include "stack/platform/platform.h"

/* What is asked for, and how much of it has been shown. */
struct question {
    const struct operator_ports *ports;
    uint32_t address, max;
    uint16_t port;
    uint64_t time_us;               /* 0: any */
    uint32_t shown, found;
};

static void put_header(const struct question *q)
{
    text_wto("EZZ8260I SYSPLEX CS V2R5");
    text_wto("PORTS DISPLAY FROM TCPIP AT %s", q->ports->clp->system);
}

static void put_use(void *argument, const struct port_use *use)
{
    struct question *q = argument;
    char since[TEXT_TIME_SIZE], until[TEXT_TIME_SIZE], local[16], peer[16];

    if (use->destination != 0)
        text_wto("  %-8.8s %s %-22s %s..%u TO %s..%u", use->job, text_time(since, use->since_us),
                 use->until_us ? text_time(until, use->until_us) : "NOW", text_ip(local, use->address), use->port,
                 text_ip(peer, use->destination), use->dport);
    else
        text_wto("  %-8.8s %s %-22s %s..%u BOUND", use->job, text_time(since, use->since_us),
                 use->until_us ? text_time(until, use->until_us) : "NOW", text_ip(local, use->address), use->port);
    q->shown++;
}

static void put_present(void *argument, const struct port_use *use)
{
    struct question *q = argument;

    if (!port_use_matches(use, q->address, q->port, q->time_us))
        return;
    if (q->found++ < q->max)
        put_use(q, use);
}

/* The uses that match, as many as there may be: those that go on first. */
static void put_uses(struct question *q)
{
    text_wto("  JOBNAME  FROM                   TO                     SOCKET AND PEER");
    text_wto("  -------- ---------------------- ---------------------- ---------------");
    q->ports->present(put_present, q);
    q->found += port_log_find(q->ports->log, q->address, q->port, q->time_us, q->max - q->shown, put_use, q);
    text_wto("%u OF %u RECORDS DISPLAYED", q->shown, q->found);
}

/* Had this stack the port then? */
static void put_stack(const struct question *q)
{
    char when[TEXT_TIME_SIZE];
    uint64_t since, at = q->time_us ? q->time_us : platform_clock_us();

    switch (clp_log_had(&q->ports->clp->log, q->address, q->port, at, &since)) {
    case CLP_LOG_YES:
        text_wto("  THE PORT IS OF THIS STACK SINCE %s", text_time(when, since));
        break;
    case CLP_LOG_NO:
        text_wto("  THE PORT IS NOT OF THIS STACK");
        break;
    default:
        text_wto("  THE LOG DOES NOT REACH BACK TO WHEN THE PORT CAME OR LEFT");
        break;
    }
    if (q->time_us != 0 && q->time_us < port_log_reaches_us(q->ports->log))
        text_wto("  USES THAT ENDED BEFORE %s ARE NOT KNOWN", text_time(when, port_log_reaches_us(q->ports->log)));
}

static void who_had(struct question *q)
{
    char ip[16], when[TEXT_TIME_SIZE];

    put_header(q);
    text_wto("IPADDR: %s  PORT: %u%s%s", text_ip(ip, q->address), q->port, q->time_us ? "  TIME: " : "",
             q->time_us ? text_time(when, q->time_us) : "");
    put_stack(q);
    put_uses(q);
}

static void put_logs(struct question *q)
{
    put_header(q);
    clp_log_display(&q->ports->clp->log, q->ports->clp->system, q->address, q->max, operator_line, NULL);
    put_uses(q);
}

/* DVIPA=, PORT=, TIME=, MAX= into the question. false: a message has been written. */
static bool read_question(struct question *q, const struct operator_parameters *parameters)
{
    const char *dvipa = operator_value(parameters, "DVIPA"), *time = operator_value(parameters, "TIME");
    uint32_t port = 0;

    if (!operator_number(parameters, "PORT", 1, 65535, &port) || !operator_max(parameters, &q->max))
        return false;
    q->port = (uint16_t)port;
    if (dvipa != NULL && !text_parse_ip(dvipa, &q->address)) {
        operator_unknown(parameters, dvipa, "DVIPA=IPADDR");
        return false;
    }
    if (time != NULL && (!text_parse_time(time, platform_clock_us(), &q->time_us) || q->time_us == 0)) {
        operator_unknown(parameters, time, "TIME=HH.MM.SS OR TIME=YYYY/MM/DD-HH.MM.SS");
        return false;
    }
    return true;
}

static void display_ports(void *context, const struct operator_parameters *parameters)
{
    struct question q = {.ports = context, .max = OPERATOR_RECORDS_MAX};
    const char *word = operator_positional(parameters, 0);

    if (parameters->count == 0) {
        clp_display(q.ports->clp, operator_line, NULL);
        return;
    }
    if (word != NULL && !text_equal(word, "LOG")) {
        operator_unknown(parameters, word, "LOG");
        return;
    }
    if (!operator_check(parameters, word != NULL ? "DVIPA MAX" : "DVIPA PORT TIME MAX") || !read_question(&q, parameters))
        return;
    if (word != NULL)
        put_logs(&q);
    else if (q.address != 0 && q.port != 0)
        who_had(&q);
    else
        operator_missing(parameters, q.address == 0 ? "DVIPA=IPADDR" : "PORT=NUMBER");
}

void operator_ports_register(struct operator *operator, struct operator_ports *ports)
{
    operator_register(operator, "D TCPIP,,SYSplex,PORTS", display_ports, ports,
                      "[,DVIPA=ipaddr,PORT=n[,TIME=hh.mm.ss]|,LOG]  the cluster-wide ports; who had one");
}
