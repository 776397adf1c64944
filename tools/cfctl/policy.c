/* policy: what IXCMIAPU and SETXCF START,POLICY,TYPE=CFRM do. The word after the command says what:
 *
 *   check FILE               read policies; say what is wrong with them
 *   start NAME... FILE       make a policy of the file active in the facilities; --polname says which, if it has more
 *   stop NAME...             no policy is active: every structure is allowed
 *   display NAME             the active policy, in its own syntax */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf_segment.h"
#include "cfemu/policy/cf_policy.h"
#include "tools/cfctl/command.h"

static int check(const struct cf_policy_file *file, const struct request *request)
{
    printf("%s: %u %s, %u mistake%s, %u note%s\n", request->argument[0], file->count, file->count == 1 ? "policy" : "policies",
           file->mistakes, file->mistakes == 1 ? "" : "s", file->notes, file->notes == 1 ? "" : "s");
    for (unsigned i = 0; i < file->count; i++)
        printf("  %.8s %u CFs, %u structures\n", file->policy[i].name, file->policy[i].cf_count, file->policy[i].structure_count);
    return file->mistakes == 0 ? EXIT_OK : EXIT_FINDINGS;
}

/* Make a policy active in one facility, or with NULL none. */
static int change(const char *name, const struct cf_policy *policy)
{
    struct cf *cf;
    int error = cf_open(name, "CFCTL", &cf);
    if (error != 0)
        return trouble("policy", name, why(error));
    if (cf->remote) {
        cf_close(cf);
        return trouble("policy", name, "this facility is remote: do it where it is");
    }
    error = policy ? cf_policy_start(cf, policy) : cf_policy_stop(cf);
    cf_close(cf);
    if (error == -EEXIST)
        return trouble("policy", name, "a policy of this name is active, and the new one does not say REPLACE(YES)");
    return error == 0 ? EXIT_OK : trouble("policy", name, why(error));
}

static int change_all(const struct request *request, unsigned count, const struct cf_policy *policy)
{
    int result = EXIT_OK;
    for (unsigned i = 0; i < count; i++)
        if (change(request->argument[i], policy) != EXIT_OK)
            result = EXIT_TROUBLE;
    return result;
}

/* What needs a file of policies. */
static int with_file(const struct request *request)
{
    struct cf_policy_file *file = calloc(1, sizeof *file);
    const char *path = request->argument[request->count - 1];
    if (!file)
        return trouble("policy", path, "out of memory");
    cf_policy_load(path, file, stderr);
    int result = EXIT_TROUBLE;
    if (strcmp(request->facility, "check") == 0) {
        result = check(file, request);
    } else if (file->mistakes > 0) {
        trouble("policy", path, "it has mistakes; nothing was started");
    } else {
        const struct cf_policy *policy = cf_policy_pick(file, request->polname, path, stderr);
        result = policy ? change_all(request, request->count - 1, policy) : EXIT_TROUBLE;
    }
    free(file);
    return result;
}

static int display(const char *name)
{
    struct cf *cf;
    int error = cf_open(name, "CFCTL", &cf);
    if (error != 0)
        return trouble("policy", name, why(error));
    struct cf_policy *copy = cf->remote ? NULL : malloc(sizeof *copy);
    bool active = false;
    if (copy && cf_directory_lock(cf) == 0) {
        const struct cf_policy *policy = cf_policy_active(cf);
        active = policy != NULL;
        if (active)
            *copy = *policy;
        cf_directory_unlock(cf);
    }
    if (active)
        cf_policy_write(copy, stdout);
    else
        printf("THE CFRM ACTIVE POLICY IS EMPTY\n");
    free(copy);
    cf_close(cf);
    return EXIT_OK;
}

static int policy(struct cf *cf, const struct request *request)
{
    (void)cf;
    const char *what = request->facility;
    if (strcmp(what, "check") == 0 && request->count == 1)
        return with_file(request);
    if (strcmp(what, "start") == 0 && request->count >= 2)
        return with_file(request);
    if (strcmp(what, "stop") == 0)
        return change_all(request, request->count, NULL);
    if (strcmp(what, "display") == 0 && request->count == 1)
        return display(request->argument[0]);
    return trouble("policy", what, "expected check FILE, start NAME... FILE, stop NAME... or display NAME");
}

const struct command policy_command = {
    "policy", "check FILE | start NAME... FILE | stop NAME... | display NAME", "CFRM policies: read one, make it active (SETXCF START,POLICY), show it",
    1, ARGUMENTS_MAX, false, policy,
};
