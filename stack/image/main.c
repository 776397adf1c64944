/* The control program of an image: start-up in order, then the event loop.
 *
 *   IPL ─► console ─► IPL parameters ─► coupling facilities ─► LCS and lwIP ─► PROFILE.TCPIP from the card reader
 *       ─► home address and routes ─► join the sysplex, DVIPAs, ports ─► sockets, jobs, operator ─► EZAIN11I: ready
 *
 * What is wrong with a profile or a missing CF is told, and the image comes up with what is left; only IPL parameters that
 * cannot be used and a LAN that does not start end it. */
#include <string.h>

#include "stack/base/text.h"
#include "stack/image/cfs.h"
#include "stack/image/console.h"
#include "stack/image/cpu.h"
#include "stack/image/job.h"
#include "stack/image/loop.h"
#include "stack/image/members.h"
#include "stack/image/net.h"
#include "stack/image/parm.h"
#include "stack/image/reader.h"
#include "stack/image/waitcode.h"
#include "stack/operator/operator_ports.h"
#include "stack/operator/operator_audit.h"
#include "stack/operator/operator_vipa.h"
#include "stack/operator/operator_xcf.h"
#include "stack/platform/platform.h"
#include "stack/profile/profile.h"
#include "stack/socket/socket.h"
#include "stack/stack.h"

#define MEMBERS_WAIT_US 1000000u    /* members answer a new one within ms */
#define JOB_POLL_US 100000u         /* an active job sees its clock this often if nothing else happens */

static struct ipl_parm parm;
static struct profile profile;
static struct profile_input profile_input;
static struct operator_profile changes;     /* VARY TCPIP,,OBEYFILE */
static struct stack stack;
static struct operator operator;
static struct operator_ports ports = {.clp = &stack.clp, .present = socket_present_uses};
static struct reader commands;
static bool ready;

int main(void);

/* --- the coupling facility ----------------------------------------------------------------------------------------- */

static void on_attention(unsigned cf)
{
    (void)cf;
    stack_attention(&stack);
}

/* --- what the stack asks of the image ------------------------------------------------------------------------------ */

static void stack_activate(void *context, uint32_t address, uint32_t mask, bool advertise)
{
    char text[16];
    (void)context;
    (void)mask;

    int result = net_vipa_add(address, advertise);
    if (result == NET_EXISTS)
        result = net_vipa_set_advertise(address, advertise);
    if (result != NET_OK)
        text_wto("EZZ0364I DVIPA %s CANNOT BE ACTIVATED, %d VIPAS ARE ACTIVE", text_ip(text, address), NET_VIPA_MAX);
}

static void stack_deactivate(void *context, uint32_t address)
{
    (void)context;
    net_vipa_remove(address);
}

static void stack_deliver(void *context, const uint8_t *packet, uint32_t length)
{
    (void)context;
    net_ip_input(packet, (uint16_t)length);
}

/* Its emulator is dead: nothing of it uses a port any more. */
static void stack_gone(void *context, const char *system, uint8_t number)
{
    (void)context;
    stack_recover(&stack, system, number);
}

/* The others may have what this system had. */
static void stack_out(void *context)
{
    (void)context;
    console_flush();
    cpu_stop(WAIT_PARTITIONED);
}

static const struct stack_ops stack_calls = {
    .activate = stack_activate,
    .deactivate = stack_deactivate,
    .deliver = stack_deliver,
    .scan = socket_scan,
    .connections = socket_connections,
    .in_use = socket_in_use,
    .gone = stack_gone,
    .out = stack_out,
};

/* --- PROFILE.TCPIP ------------------------------------------------------------------------------------------------- */

/* &CLUSTERPORTS. is what the IPL parameter CLUSTERPORTS=on|off|blocksize makes of it. */
static const char *clusterports_symbol(void)
{
    static char text[40];
    char value[8];
    uint32_t blocksize;

    if (!parm_value("CLUSTERPORTS", value, sizeof value) || text_equal(value, "on"))
        return "CLUSTERPORTS";
    if (text_equal(value, "off"))
        return "";
    if (!text_parse_u32(value, BLOCKSIZE_MAX, &blocksize)) {
        text_wto("CFS010E IPL PARAMETER CLUSTERPORTS=%s IGNORED, EXPECTED ON, OFF OR A BLOCK SIZE", value);
        return "CLUSTERPORTS";
    }
    text_format(text, sizeof text, "CLUSTERPORTS BLOCKSIZE %u", blocksize);
    return text;
}

/* IPL parameters INTERVAL=seconds and CLEANUP=seconds, as COUPLE of COUPLExx has them. */
static uint16_t seconds_parm(const char *keyword, uint32_t seconds)
{
    char value[8];
    uint32_t given;

    if (!parm_value(keyword, value, sizeof value))
        return (uint16_t)seconds;
    if (text_parse_u32(value, XCF_SECONDS_MAX, &given) && given > 0)
        seconds = given;
    else
        text_wto("CFS015E IPL PARAMETER %s=%s IGNORED, EXPECTED 1 TO %u SECONDS", keyword, value, XCF_SECONDS_MAX);
    return (uint16_t)seconds;
}

/* Two digits that no other system has. */
static const char *sysclone(void)
{
    static char text[3];

    text_format(text, sizeof text, "%02u", parm.sysnum);
    return text;
}

static const char *system_symbol(void *context, const char *name)
{
    (void)context;
    if (text_equal(name, "SYSNAME"))
        return parm.sysname;
    if (text_equal(name, "SYSPLEX"))
        return parm.sysplex;
    if (text_equal(name, "CLUSTERPORTS"))
        return clusterports_symbol();
    if (text_equal(name, "SYSCLONE"))
        return sysclone();
    return NULL;
}

static void profile_message(void *context, const char *message)
{
    (void)context;
    text_wto("%s", message);
}

static void profile_read(void)
{
    profile_input.source = &members_source;
    profile_input.symbol = system_symbol;
    profile_input.message = profile_message;
    members_start();
    profile_load(&profile, MEMBERS_PROFILE, &profile_input);
}

/* Give the LAN its address, and lwIP the default route. */
static void addresses_apply(void)
{
    for (unsigned i = 0; i < profile.link_count; i++) {
        const struct profile_link *link = &profile.links[i];
        if (link->address == 0 || link->is_virtual)
            continue;
        if (net_home(NET_LINK_LAN, link->address, profile_link_mask(&profile, i)) == NET_OK)
            text_wto("EZZ4313I INITIALIZATION COMPLETE FOR DEVICE %s", link->device);
    }
    net_default_route(0);           /* a change may have taken it away */
    for (unsigned r = 0; r < profile.route_count; r++)
        if (profile.routes[r].mask == 0)
            net_default_route(profile.routes[r].gateway);
}

/* --- VARY TCPIP,,OBEYFILE ------------------------------------------------------------------------------------------ */

static void profile_changed(void *context, const struct profile_change *change)
{
    (void)context;
    switch (change->kind) {
    case CHANGE_HOME:
    case CHANGE_ROUTES:
        addresses_apply();
        break;
    case CHANGE_TIMEWAIT:
        net_tcp_msl_ms = profile.timewait_s * 1000 / 2;
        break;
    default:
        break;
    }
    stack_change(&stack, change);
}

static void profile_changes_done(void *context)
{
    (void)context;
    stack_changed(&stack);
}

static const struct operator_profile_ops profile_ops = {.change = profile_changed, .done = profile_changes_done};

/* --- operator ------------------------------------------------------------------------------------------------------ */

/* The reports on the profile differ only in the function that writes them. */
struct profile_report {
    const char *pattern, *help;
    void (*display)(const struct profile *profile, unsigned max, profile_message_fn *line, void *context);
};
static const struct profile_report reports[] = {
    {"D TCPIP,,Netstat,VIPADCFG", "[,MAX=n|*]  the configured DVIPAs", profile_display},
    {"D TCPIP,,Netstat,HOme", "[,MAX=n|*]  the home addresses", profile_display_home},
    {"D TCPIP,,Netstat,SRCIP", "[,MAX=n|*]  source addresses of jobs", profile_display_srcip},
    {"D TCPIP,,Netstat,PORTList", "[,MAX=n|*]  reserved ports", profile_display_portlist},
};

static void display_report(void *context, const struct operator_parameters *parameters)
{
    const struct profile_report *report = context;
    uint32_t max = OPERATOR_RECORDS_MAX;

    if (operator_check(parameters, "MAX") && operator_positionals(parameters, 0) && operator_max(parameters, &max))
        report->display(&profile, max, operator_line, NULL);
}

static void display_stats(void *context, const struct operator_parameters *parameters)
{
    const struct profile_port_use tcp = {.in_use = clp_ephemeral_in_use(&stack.clp), .exhausted = stack.clp.statistics.exhausted};
    uint32_t max = OPERATOR_RECORDS_MAX;
    (void)context;

    if (operator_check(parameters, "MAX") && operator_positionals(parameters, 0) && operator_max(parameters, &max))
        profile_display_stats(&profile, max, &tcp, operator_line, NULL);
}

/* D TCPIP,,NETSTAT,CONN[,PORT=n][,MAX=n|*] */
static void display_conn(void *context, const struct operator_parameters *parameters)
{
    uint32_t max = OPERATOR_RECORDS_MAX, port = 0;
    (void)context;

    if (operator_check(parameters, "MAX PORT") && operator_positionals(parameters, 0) && operator_max(parameters, &max) &&
        operator_number(parameters, "PORT", 1, 65535, &port))
        socket_display((uint16_t)port, max, operator_line, NULL);
}

/* Z EOD: leave the sysplex in order and end. */
static void halt_command(void *context, const struct operator_parameters *parameters)
{
    (void)context;
    (void)parameters;
    text_wto("IEE334I HALT EOD SUCCESSFUL");
    stack_stop(&stack);
    image_loop_once();
    console_flush();
    cpu_stop(WAIT_QUIESCED);
}

static void operator_start(void)
{
    operator_init(&operator);
    jobs_start(&operator);
    operator_register(&operator, OPERATOR_FLOW_PATTERN, operator_flow, NULL, OPERATOR_FLOW_HELP);
    operator_vipa_register(&operator, &stack.vipa);
    ports.log = socket_port_log();
    operator_ports_register(&operator, &ports);
    operator_register(&operator, "D TCPIP,,Netstat,COnn", display_conn, NULL, "[,PORT=n][,MAX=n|*]  the connections");
    operator_register(&operator, "D TCPIP,,Netstat,STATS", display_stats, NULL, "[,MAX=n|*]  ports that can be assigned, and that are in use");
    operator_audit_register(&operator, &stack.clp);
    operator_cf_register(&operator, &stack.clp);
    changes.running = &profile;
    changes.input = &profile_input;
    changes.ops = &profile_ops;
    operator_profile_register(&operator, &changes);
    for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++)
        operator_register(&operator, reports[i].pattern, display_report, (void *)&reports[i], reports[i].help);
    operator_xcf_register(&operator, &stack.xcf, parm.sysplex);
    operator_register(&operator, "Z EOD", halt_command, NULL, "  leave the sysplex and end this system");
    if (!reader_open(&commands, READER_COMMANDS))
        text_wto("CFS011W NO CARD READER %03X, THIS SYSTEM TAKES NO COMMANDS", READER_COMMANDS);
}

/* --- event loop ---------------------------------------------------------------------------------------------------- */

/* What came over XCF. Polled before the network, which takes what is delivered in the same round. */
static uint64_t poll_stack(uint64_t now_us)
{
    (void)now_us;
    return ready ? stack_poll(&stack) : LOOP_NEVER;
}

/* The command being read; longer than one may be, so that one that is too long is seen to be. */
static char command_line[2 * CARD_COLUMNS + OPERATOR_LINE_MAX];
static size_t command_length;

/* A card with a + in its last column goes on on the next one. true: the command is complete. */
static bool command_card(const char *text)
{
    size_t length = strlen(text), room = sizeof command_line - 1 - command_length;
    bool more = length == CARD_COLUMNS && text[length - 1] == '+';

    length -= more;
    if (length > room)
        length = room;
    memcpy(command_line + command_length, text, length);
    command_length += length;
    command_line[command_length] = 0;
    if (!more)
        command_length = 0;
    return !more;
}

static uint64_t poll_commands(uint64_t now_us)
{
    struct card card;
    (void)now_us;

    if (ready)
        members_poll();
    while (ready && reader_card(&commands, &card)) {
        if (!command_card(card.text))
            continue;
        text_wto("%s", command_line);   /* the hardcopy log shows a command before its answer */
        xcf_drain(&stack.xcf);          /* what the sysplex told before the command was given comes first */
        operator_command(&operator, command_line);
    }
    return LOOP_NEVER;
}

static uint64_t poll_jobs(uint64_t now_us)
{
    return ready && jobs_poll() ? now_us + JOB_POLL_US : LOOP_NEVER;
}

/* The others' DVIPAs are part of what this stack can do: it is not ready before they have told of them. One that does not
 * answer holds up nobody for long. */
static void wait_for_members(void)
{
    uint64_t until_us = platform_clock_us() + MEMBERS_WAIT_US;

    while (!vipa_complete(&stack.vipa) && platform_clock_us() < until_us) {
        loop_idle(until_us);
        (void)stack_poll(&stack);
    }
}

static void stop_unless(const char *problem, uint64_t code)
{
    if (problem == NULL)
        return;
    text_wto("CFS012E %s, THIS SYSTEM ENDS", problem);
    console_flush();
    cpu_stop(code);
}

int main(void)
{
    image_start();
    stop_unless(parm_read(&parm), WAIT_PARM);
    text_wto("IEA101I SYSTEM %s OF SYSPLEX %s, SYSTEM NUMBER %u", parm.sysname, parm.sysplex, parm.sysnum);
    if (cfs_open(on_attention) == 0)
        text_wto("CFS013W NO COUPLING FACILITY AT DEVICE %04X, THIS SYSTEM RUNS ALONE", CFS_FIRST_DEVICE);

    loop_add(poll_stack, NULL);
    stop_unless(net_start(parm.sysnum), WAIT_PARM);
    loop_add(poll_commands, NULL);
    loop_add(poll_jobs, NULL);

    profile_read();
    addresses_apply();
    net_tcp_msl_ms = profile.timewait_s * 1000 / 2;
    const struct stack_identity identity = {.system = parm.sysname, .number = (uint8_t)parm.sysnum, .cf = 0,
                                            .interval_s = seconds_parm("INTERVAL", XCF_INTERVAL_S), .cleanup_s = seconds_parm("CLEANUP", XCF_CLEANUP_S)};
    stack_start(&stack, &identity, &profile, &stack_calls, NULL);
    socket_start(&stack);
    operator_start();
    wait_for_members();
    ready = true;
    text_wto("EZAIN11I ALL TCPIP SERVICES FOR PROC TCPIP ARE AVAILABLE");
    for (;;)
        image_loop_once();
}
