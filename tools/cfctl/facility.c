/* Facilities as a whole: create, remove, check. */
#include <stdio.h>

#include "tools/cfctl/command.h"

static int create(struct cf *cf, const struct request *request)
{
    (void)cf;
    int error = cf_create(request->facility, request->cfname, request->size);
    return error == 0 ? EXIT_OK : trouble("create", request->facility, why(error));
}

static int remove_facility(struct cf *cf, const struct request *request)
{
    (void)cf;
    int error = cf_remove(request->facility);
    return error == 0 ? EXIT_OK : trouble("remove", request->facility, why(error));
}

static int check(struct cf *cf, const struct request *request)
{
    int findings = cf_check(cf, stdout);
    printf("%s: %d finding%s\n", request->facility, findings, findings == 1 ? "" : "s");
    return findings == 0 ? EXIT_OK : EXIT_FINDINGS;
}

const struct command create_command = {
    "create", "NAME", "make a facility; --cfname (default CF01), --size (default 64M)", 0, 0, false, create};
const struct command remove_command = {
    "remove", "NAME", "remove it; who uses it keeps it until its end", 0, 0, false, remove_facility};
const struct command check_command = {"check", "NAME", "verify everything in it", 0, 0, true, check};
