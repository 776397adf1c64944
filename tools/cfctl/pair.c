/* Pairs of facilities: loss of one, duplexing and rebuild of structures (SETXCF START and STOP,REBUILD). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cfemu/engine/cf_request.h"
#include "tools/cfctl/command.h"

/* --- the facilities ---------------------------------------------------------------------------------------------------- */

static int pair(struct cf *cf, const struct request *request)
{
    (void)cf;
    const char *other = request->argument[0];
    char both[128];
    int error = cf_pair(request->facility, other);
    if (error == 0)
        return EXIT_OK;
    snprintf(both, sizeof both, "%s with %s", request->facility, other);
    if (strcmp(request->facility, other) == 0)
        return trouble("pair", both, "expected two facilities");
    if (error == -EEXIST)
        return trouble("pair", both, "one of them is of a pair already");
    return trouble("pair", both, error == -ENOENT ? "one of them is not there, in /dev/shm" : why(error));
}

static int fail(struct cf *cf, const struct request *request)
{
    (void)cf;
    int error = cf_fail(request->facility);
    return error == 0 ? EXIT_OK : trouble("fail", request->facility, why(error));
}

static int activate(struct cf *cf, const struct request *request)
{
    (void)cf;
    int error = cf_activate(request->facility);
    return error == 0 ? EXIT_OK : trouble("activate", request->facility, why(error));
}

/* --- their structures -------------------------------------------------------------------------------------------------- */

static const char *meaning(int response)
{
    switch (response) {
    case CF_RSP_NO_STRUCTURE:
        return "there is no such structure";
    case CF_RSP_CF_FULL:
        return "the other facility has not enough storage";
    case CF_RSP_CF_FAILED:
        return "a facility has failed";
    case CF_RSP_BUSY:
        return "held up by another process; try again";
    case CF_RSP_REBUILD:
        return "not now: the facility is not paired, or a rebuild or duplexing is in another phase (display says which)";
    default:
        return "the facility refuses it";
    }
}

/* One command, repeated until it is over. */
static int operate(struct cf *cf, const char *what, const char *structure, enum cf_command command, uint8_t options)
{
    uint8_t mcb[CF_MCB_SIZE] = {0}, mrb[CF_MRB_SIZE];
    int response;
    put_be16(mcb + MCB_COMMAND, (uint16_t)command);
    mcb[MCB_OPTIONS] = options;
    cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, structure);
    do
        response = cf_send(cf, mcb, mrb);
    while (response == CF_RSP_TIMEOUT);
    return response == CF_RSP_OK ? EXIT_OK : trouble(what, structure, meaning(response));
}

static bool is(const struct request *request, unsigned argument, const char *word)
{
    return argument < request->count && strcasecmp(request->argument[argument], word) == 0;
}

static int duplex(struct cf *cf, const struct request *request)
{
    const char *structure = request->argument[1];
    bool keep_new = is(request, 2, "KEEP=NEW");
    if (is(request, 0, "START") && request->count == 2)
        return operate(cf, "duplex", structure, CF_CMD_DUPLEX_START, 0);
    if (is(request, 0, "STOP") && (request->count == 2 || keep_new || is(request, 2, "KEEP=OLD")))
        return operate(cf, "duplex", structure, CF_CMD_DUPLEX_STOP, keep_new ? CF_OPT_KEEP_NEW : 0);
    return trouble("duplex", structure, "expected START STRUCTURE or STOP STRUCTURE [KEEP=OLD|KEEP=NEW]");
}

static int rebuild(struct cf *cf, const struct request *request)
{
    const char *structure = request->argument[1];
    bool user = is(request, 2, "USER");
    if (is(request, 0, "START") && (request->count == 2 || user))
        return operate(cf, "rebuild", structure, user ? CF_CMD_REBUILD_START : CF_CMD_REBUILD, 0);
    if (is(request, 0, "STOP") && request->count == 2)
        return operate(cf, "rebuild", structure, CF_CMD_REBUILD_STOP, 0);
    return trouble("rebuild", structure, "expected START STRUCTURE [USER] or STOP STRUCTURE");
}

const struct command pair_command = {"pair", "NAME OTHER", "make two facilities a pair; nobody uses them yet", 1, 1, false, pair};
const struct command fail_command = {"fail", "NAME", "the facility fails, with what only it has", 0, 0, false, fail};
const struct command activate_command = {"activate", "NAME", "a failed facility comes back, empty", 0, 0, false, activate};
const struct command duplex_command = {
    "duplex", "NAME START|STOP STRUCTURE [KEEP=NEW]", "keep a second copy in the other facility, or one no more", 2, 3, true, duplex};
const struct command rebuild_command = {
    "rebuild", "NAME START|STOP STRUCTURE [USER]", "move it to the other facility; USER: by those who use it", 2, 3, true, rebuild};
