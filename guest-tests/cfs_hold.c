/* cfs_hold hold|damage SEGMENT STRUCTURE MS : misbehave as a user of a coupling facility, for tests of what others do.
 *
 *   hold     take the mutex of the structure and hold it, like a process that was stopped in the middle of a command
 *   damage   leave an undo record behind that no command made: the next one that is refused fails an assertion. Undoing
 *            it changes nothing, so that the structure is sound again afterwards
 *
 * In both cases it stays MS milliseconds. */
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

static void damage(struct cf *cf, const struct cf_slot *slot)
{
    struct cf_structure *s = cf_control(cf, slot);
    uint64_t value;

    memcpy(&value, s, sizeof value);
    s->undo.record[0].place = 0;
    s->undo.record[0].old = value;
    s->undo.count = 1;
}

static void stay(long ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

static int misbehave(struct cf *cf, const char *how, const char *structure, long ms)
{
    struct cf_slot *slot = find(cf, structure);
    bool holds = strcmp(how, "hold") == 0, waited;

    if (slot == NULL || cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN) {
        fprintf(stderr, "cfs_hold: cannot take structure %s\n", structure);
        return 1;
    }
    if (!holds) {
        damage(cf, slot);
        cf_slot_unlock(slot);
    }
    stay(ms);
    if (holds)
        cf_slot_unlock(slot);
    return 0;
}

int main(int argc, char *argv[])
{
    struct cf *cf;
    long ms = argc == 5 ? strtol(argv[4], NULL, 10) : 0;

    if (ms <= 0 || (strcmp(argv[1], "hold") != 0 && strcmp(argv[1], "damage") != 0)) {
        fprintf(stderr, "usage: cfs_hold hold|damage SEGMENT STRUCTURE MS\n");
        return 2;
    }
    int rc = cf_open(argv[2], "HOLDER", &cf);
    if (rc != 0) {
        fprintf(stderr, "cfs_hold: cannot open %s: %s\n", argv[2], strerror(-rc));
        return 1;
    }
    rc = misbehave(cf, argv[1], argv[3], ms);
    cf_close(cf);
    return rc;
}
