/* cfs_segment create NAME CFNAME MIB | check NAME | rollbacks NAME | remove NAME : the coupling facility of a test,
 * straight by the engine. check writes what it finds, a line each; exit code 0 only if there is nothing to find.
 * rollbacks writes how many commands of dead processes were undone after they had changed something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/engine/cf_segment.h"

static int check(const char *name)
{
    struct cf *cf;
    int rc = cf_open(name, "CHECK", &cf);

    if (rc != 0)
        return rc;
    rc = cf_check(cf, stdout) == 0 ? 0 : -1;
    cf_close(cf);
    return rc;
}

static int rollbacks(const char *name)
{
    unsigned long sum = 0;
    struct cf *cf;
    int rc = cf_open(name, "CHECK", &cf);

    if (rc != 0)
        return rc;
    for (unsigned i = 0; i < CF_STRUCTURES_MAX; i++)
        if (cf->slots[i].state == CF_SLOT_ACTIVE)
            sum += cf_control(cf, &cf->slots[i])->stats.rollbacks;
    printf("%lu\n", sum);
    cf_close(cf);
    return 0;
}

int main(int argc, char *argv[])
{
    int rc;

    if (argc == 5 && strcmp(argv[1], "create") == 0) {
        rc = cf_create(argv[2], argv[3], strtoull(argv[4], NULL, 10) << 20);
    } else if (argc == 3 && strcmp(argv[1], "check") == 0) {
        rc = check(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "rollbacks") == 0) {
        rc = rollbacks(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "remove") == 0) {
        rc = cf_remove(argv[2]);
    } else {
        fprintf(stderr, "usage: cfs_segment create NAME CFNAME MIB | check NAME | rollbacks NAME | remove NAME\n");
        return 2;
    }
    if (rc < -1)
        fprintf(stderr, "cfs_segment: %s: %s\n", argv[2], strerror(-rc));
    return rc == 0 ? 0 : 1;
}
