#include "stack/operator/operator_vipa.h"

#include <stddef.h>

#include "stack/base/text.h"

static void answer(enum vipa_result result, const char *unknown)
{
    if (result == VIPA_OK)
        text_wto("EZZ0053I COMMAND VARY SYSPLEX COMPLETED SUCCESSFULLY");
    else
        text_wto("EZZ0059I VARY SYSPLEX COMMAND FAILED: %s", result == VIPA_NO_CHANGE ? "IT IS IN THAT STATE ALREADY" : unknown);
}

/* --- VARY ---------------------------------------------------------------------------------------------------------- */

static void vary_dvipa(struct vipa *vipa, const struct operator_parameters *parameters, const char *name,
                       enum vipa_result (*action)(struct vipa *vipa, uint32_t address))
{
    const char *text = operator_value(parameters, "DVIPA");
    uint32_t address;

    if (!operator_check(parameters, "DVIPA"))
        return;
    if (text == NULL) {
        operator_missing(parameters, "DVIPA=IPADDR");
        return;
    }
    text_wto("EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYSPLEX,%s,DVIPA=%.40s", name, text);
    if (text_parse_ip(text, &address))
        answer(action(vipa, address), "THIS STACK HAS NO VIPADEFINE OR VIPABACKUP FOR THE DVIPA");
    else
        text_wto("EZZ0059I VARY SYSPLEX COMMAND FAILED: %.40s IS NOT AN IP ADDRESS", text);
}

static void deactivate(void *context, const struct operator_parameters *parameters)
{
    vary_dvipa(context, parameters, "DEACTIVATE", vipa_deactivate);
}

static void reactivate(void *context, const struct operator_parameters *parameters)
{
    vary_dvipa(context, parameters, "REACTIVATE", vipa_reactivate);
}

static void vary_target(struct vipa *vipa, const struct operator_parameters *parameters, bool quiesce)
{
    const char *target = operator_positional(parameters, 0);
    uint32_t port = 0;

    if (!operator_check(parameters, "PORT") || !operator_number(parameters, "PORT", 1, 65535, &port))
        return;
    if (parameters->count != 1 || (port == 0 && (target == NULL || !text_equal(target, "TARGET")))) {
        operator_missing(parameters, "TARGET OR PORT=NUMBER");
        return;
    }
    text_wto("EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYSPLEX,%s", quiesce ? "QUIESCE" : "RESUME");
    answer(vipa_quiesce(vipa, (uint16_t)port, quiesce), "NO SERVER OF THIS STACK LISTENS AT THE PORT");
}

static void quiesce_target(void *context, const struct operator_parameters *parameters)
{
    vary_target(context, parameters, true);
}

static void resume_target(void *context, const struct operator_parameters *parameters)
{
    vary_target(context, parameters, false);
}

static void vary_group(struct vipa *vipa, const struct operator_parameters *parameters, const char *name,
                       enum vipa_result (*action)(struct vipa *vipa))
{
    if (!operator_none(parameters))
        return;
    text_wto("EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYSPLEX,%s", name);
    answer(action(vipa), "");
}

static void leave_group(void *context, const struct operator_parameters *parameters)
{
    vary_group(context, parameters, "LEAVEGROUP", vipa_leave);
}

static void join_group(void *context, const struct operator_parameters *parameters)
{
    vary_group(context, parameters, "JOINGROUP", vipa_join);
}

/* --- DISPLAY ------------------------------------------------------------------------------------------------------- */

/* [,IPADDR=ipaddr][,MAX=n|*] */
static void display_sysplex(void *context, const struct operator_parameters *parameters)
{
    const char *text = operator_value(parameters, "IPADDR");
    uint32_t address = 0, max = OPERATOR_RECORDS_MAX;

    if (!operator_check(parameters, "IPADDR MAX") || !operator_positionals(parameters, 0) || !operator_max(parameters, &max))
        return;
    if (text != NULL && !text_parse_ip(text, &address))
        operator_unknown(parameters, text, "IPADDR=IPADDR");
    else
        vipa_display_sysplex(context, address, max, operator_line, NULL);
}

static void display_group(void *context, const struct operator_parameters *parameters)
{
    if (operator_none(parameters))
        vipa_display_group(context, operator_line, NULL);
}

static void display_vipadyn(void *context, const struct operator_parameters *parameters)
{
    uint32_t max = OPERATOR_RECORDS_MAX;

    if (operator_check(parameters, "MAX") && operator_positionals(parameters, 0) && operator_max(parameters, &max))
        vipa_display_netstat(context, max, operator_line, NULL);
}

/* DETAIL or nothing. false: a message has been written. */
static bool detail_said(const struct operator_parameters *parameters, bool *detail)
{
    const char *word = operator_positional(parameters, 0);

    *detail = word != NULL && text_abbreviates(word, "DETail");
    if (word != NULL && !*detail)
        operator_unknown(parameters, word, "DETAIL");
    return (word == NULL || *detail) && operator_positionals(parameters, 1);
}

static void display_vdpt(void *context, const struct operator_parameters *parameters)
{
    uint32_t max = OPERATOR_RECORDS_MAX;
    bool detail;

    if (operator_check(parameters, "MAX") && detail_said(parameters, &detail) && operator_max(parameters, &max))
        vipa_display_vdpt(context, max, detail, operator_line, NULL);
}

static void display_vcrt(void *context, const struct operator_parameters *parameters)
{
    uint32_t max = OPERATOR_RECORDS_MAX;
    bool detail;

    if (operator_check(parameters, "MAX") && detail_said(parameters, &detail) && operator_max(parameters, &max))
        vipa_display_vcrt(context, max, detail, operator_line, NULL);
}

static const struct {
    const char *pattern;
    operator_handler *handler;
    const char *help;
} commands[] = {
    { "V TCPIP,,SYSplex,DEACTivate", deactivate, ",DVIPA=ipaddr  give a DVIPA to a backup" },
    { "V TCPIP,,SYSplex,REACTivate", reactivate, ",DVIPA=ipaddr  take part in it again" },
    { "V TCPIP,,SYSplex,QUIesce", quiesce_target, ",TARGET|PORT=n  no new connections from the distributor" },
    { "V TCPIP,,SYSplex,RESUME", resume_target, ",TARGET|PORT=n  new connections again" },
    { "V TCPIP,,SYSplex,LEAVEGROUP", leave_group, "  have no DVIPAs" },
    { "V TCPIP,,SYSplex,JOINGROUP", join_group, "  have them again" },
    { "D TCPIP,,SYSplex,VIPADyn", display_sysplex, "[,IPADDR=ipaddr][,MAX=n|*]  the DVIPAs of the sysplex" },
    { "D TCPIP,,SYSplex,GROUP", display_group, "  the group of the stacks" },
    { "D TCPIP,,Netstat,VIPADyn", display_vipadyn, "[,MAX=n|*]  the DVIPAs of this stack" },
    { "D TCPIP,,Netstat,VDPT", display_vdpt, "[,DETAIL][,MAX=n|*]  targets and servers of distributed DVIPAs" },
    { "D TCPIP,,Netstat,VCRT", display_vcrt, "[,DETAIL][,MAX=n|*]  the connection routing table" },
};

void operator_vipa_register(struct operator *operator, struct vipa *vipa)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        operator_register(operator, commands[i].pattern, commands[i].handler, vipa, commands[i].help);
}
