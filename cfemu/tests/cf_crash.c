#include "cfemu/tests/cf_crash.h"

#include <check.h>

#include "cfemu/arch/cf_arch.h"

enum crash_test crash_test_of(uint16_t command)
{
    switch ((enum cf_command)command) {         /* no default: a new command has its place here */
    case CF_CMD_IDENTIFY:
    case CF_CMD_READ_STRUCTURE:
    case CF_CMD_LIST_READ_EMCONTROLS:
    case CF_CMD_LIST_READ_EQCONTROLS:
    case CF_CMD_LOCK_READBYCONN:
    case CF_CMD_RDATA_READ:
    case CF_CMD_RDATA_READALL:
    case CF_CMD_RDATA_READBYCONN:
        return CRASH_CHANGES_NOTHING;
    case CF_CMD_CONNECT:
    case CF_CMD_DISCONNECT:
    case CF_CMD_RESPOND:
    case CF_CMD_FORCE:
    case CF_CMD_FENCE:
    case CF_CMD_RESET:
    case CF_CMD_LIST_READ:
    case CF_CMD_LIST_WRITE:
    case CF_CMD_LIST_DELETE:
    case CF_CMD_LIST_LOCK:
    case CF_CMD_LIST_MONITOR:
    case CF_CMD_LIST_READ_LIST:
    case CF_CMD_LIST_READ_MULT:
    case CF_CMD_LIST_MOVE:
    case CF_CMD_LIST_DELETE_MULT:
    case CF_CMD_LIST_DELETE_ENTRYLIST:
    case CF_CMD_LIST_READ_LCONTROLS:
    case CF_CMD_LIST_WRITE_LCONTROLS:
    case CF_CMD_LIST_MONITOR_SUBLIST:
    case CF_CMD_LIST_MONITOR_SUBLISTS:
    case CF_CMD_LIST_MONITOR_EVENTQ:
    case CF_CMD_LIST_DEQ_EVENTQ:
    case CF_CMD_VECTOR_READ:
    case CF_CMD_LOCK_OBTAIN:
    case CF_CMD_LOCK_ALTER:
    case CF_CMD_LOCK_RELEASE:
    case CF_CMD_LOCK_PROCESSMULT:
    case CF_CMD_RDATA_DELETE:
    case CF_CMD_RDATA_DELETEBYCONN:
        return CRASH_COMMANDS;
    case CF_CMD_ALTER:
        return CRASH_ALTER;
    case CF_CMD_DUPLEX_START:
    case CF_CMD_DUPLEX_STOP:
    case CF_CMD_REBUILD:
        return CRASH_DUPLEX;
    case CF_CMD_REBUILD_START:
    case CF_CMD_REBUILD_RESPOND:
    case CF_CMD_REBUILD_STOP:
        return CRASH_REBUILD;
    }
    return CRASH_NO_COMMAND;
}

void crash_complete(enum crash_test test, const uint16_t *first, size_t count, size_t size)
{
    for (uint32_t command = 0; command <= UINT16_MAX; command++) {
        if (crash_test_of((uint16_t)command) != test)
            continue;
        size_t i = 0;
        while (i < count && *(const uint16_t *)(const void *)((const uint8_t *)first + i * size) != command)
            i++;
        ck_assert_msg(i < count, "command %04x is not in the list", command);
    }
}
