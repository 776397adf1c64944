/* cfs_hold SEGMENT STRUCTURE MS : take the mutex of a structure and hold it, as a process does that was stopped in the
 * middle of a command. For tests of what others do meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cfemu/engine/cf_segment.h"

static struct cf_slot *find(struct cf *cf, const char *structure)
{
    for (unsigned i = 0; i < CF_STRUCTURES_MAX; i++)
        if (cf->slots[i].state == CF_SLOT_ACTIVE && strncmp((char *)cf->slots[i].name, structure, strlen(structure)) == 0)
            return &cf->slots[i];
    return NULL;
}

int main(int argc, char *argv[])
{
    struct timespec time;
    struct cf_slot *slot;
    struct cf *cf;
    bool waited;
    long ms;

    if (argc != 4 || (ms = strtol(argv[3], NULL, 10)) <= 0) {
        fprintf(stderr, "usage: cfs_hold SEGMENT STRUCTURE MS\n");
        return 2;
    }
    int rc = cf_open(argv[1], "HOLDER", &cf);
    if (rc != 0) {
        fprintf(stderr, "cfs_hold: cannot open %s: %s\n", argv[1], strerror(-rc));
        return 1;
    }
    slot = find(cf, argv[2]);
    if (slot == NULL || cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN) {
        fprintf(stderr, "cfs_hold: cannot take structure %s\n", argv[2]);
        cf_close(cf);
        return 1;
    }
    time = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
    cf_slot_unlock(slot);
    cf_close(cf);
    return 0;
}
