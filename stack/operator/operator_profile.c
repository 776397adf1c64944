/* VARY TCPIP,,OBEYFILE and VARY TCPIP,,SYNTAXCHECK: a member changes the running profile, or is only looked at.
 *
 *   EZZ0060I PROCESSING COMMAND: VARY TCPIP,,OBEYFILE,OBEY1        EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYNTAXCHECK,OBEY1
 *   EZZ0300I OPENED OBEYFILE FILE OBEY1                            EZZ0061I SYNTAX CHECK OF OBEY1 BEGINS
 *   EZZ0309I PROFILE PROCESSING BEGINNING FOR OBEY1                ... the same messages as OBEYFILE has ...
 *     errors, notes
 *   EZZ0316I PROFILE PROCESSING COMPLETE FOR FILE OBEY1            EZZ0065I SYNTAX CHECK OF OBEY1 COMPLETE, 0 ERRORS
 *   EZZ0053I COMMAND VARY OBEY COMPLETED SUCCESSFULLY
 *
 * What stands between EZZ0061I and EZZ0065I is of no account to automation. The good statements of a member in error are
 * applied, as on z/OS. */
#include "stack/operator/operator.h"

#include <stddef.h>

#include "stack/base/text.h"

/* The member's name, NULL: IEE309I or IEE311I has been written. */
static const char *member_name(const struct operator_parameters *parameters)
{
    const char *name = operator_positional(parameters, 0), *dsn = operator_value(parameters, "DSN");

    if (!operator_check(parameters, "DSN"))
        return NULL;
    if (parameters->count > 1) {
        operator_unknown(parameters, parameters->value[1], "ONE MEMBER");
        return NULL;
    }
    if (name == NULL)
        name = dsn;
    if (name == NULL || name[0] == 0) {
        operator_missing(parameters, "A MEMBER");
        return NULL;
    }
    return name;
}

static void apply(struct operator_profile *profile)
{
    unsigned changes = profile_compare(&profile->before, profile->running, profile->ops->change, profile->context);

    if (changes > 0 && profile->ops->done != NULL)
        profile->ops->done(profile->context);
}

static void obeyfile(void *context, const struct operator_parameters *parameters)
{
    struct operator_profile *profile = context;
    const char *name = member_name(parameters);
    int errors;

    if (name == NULL)
        return;
    text_wto("EZZ0060I PROCESSING COMMAND: VARY TCPIP,,OBEYFILE,%s", name);
    errors = profile_obey(profile->running, &profile->before, name, profile->input);
    apply(profile);
    if (errors == 0)
        text_wto("EZZ0053I COMMAND VARY OBEY COMPLETED SUCCESSFULLY");
    else
        text_wto("EZZ0059I VARY OBEY COMMAND FAILED: SEE PREVIOUS MESSAGES");
}

static void syntaxcheck(void *context, const struct operator_parameters *parameters)
{
    struct operator_profile *profile = context;
    const char *name = member_name(parameters);
    int errors;

    if (name == NULL)
        return;
    text_wto("EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYNTAXCHECK,%s", name);
    text_wto("EZZ0061I SYNTAX CHECK OF %.60s BEGINS", name);
    errors = profile_syntaxcheck(&profile->before, name, profile->input);
    if (errors == PROFILE_UNREADABLE)
        text_wto("EZZ0065I SYNTAX CHECK OF %.60s FAILED: SEE PREVIOUS MESSAGES", name);
    else
        text_wto("EZZ0065I SYNTAX CHECK OF %.60s COMPLETE, %d ERRORS", name, errors);
}

void operator_profile_register(struct operator *operator, struct operator_profile *profile)
{
    operator_register(operator, "V TCPIP,,Obeyfile", obeyfile, profile, ",member  change the running profile");
    operator_register(operator, "V TCPIP,,SYNtaxcheck", syntaxcheck, profile, ",member  only look for errors in a profile");
}
