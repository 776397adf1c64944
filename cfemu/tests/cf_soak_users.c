/* A structure of the soak that its users rebuild themselves, as connectors of IXLREBLD do (cf_rebuild.h): who is told of a
 * phase does its part and responds. To the new structure each of them copies all that is in the old one, so that the death
 * of any of them loses nothing; if the old one is lost, all that the ledger says was acknowledged, which stands for what real
 * users keep in their storage. Nobody changes anything from his response to QUIESCE on until the end. */
#include <stdio.h>
#include <stdlib.h>

#include "cfemu/tests/cf_soak_work.h"

uint64_t users_rebuilt, users_stopped;

static uint32_t phase;              /* that we were told of last */
static bool done;                   /* our part of it */
static char own_name[CF_NAME_SIZE + 1];
static struct cf_user new;          /* our connection to the new structure */

void users_connect(struct cf *view, const char *name)
{
    snprintf(own_name, sizeof own_name, "%s", name);
    phase = CF_REBUILD_NONE;
    connect_patiently(view, store_names[USERS], name, &store_attributes, &stores[USERS]);
}

static bool one_of(int response, const int *expected)
{
    for (; *expected != CF_RSP_OK; expected++)
        if (response == *expected)
            return true;
    return response == CF_RSP_OK;
}

void users_rebuild(void)
{
    static const int expected[] = {CF_RSP_REBUILD, CF_RSP_CF_FAILED, CF_RSP_OK};
    int response = ask_patiently(&stores[USERS], (struct ask){CF_CMD_REBUILD_START, 0});
    if (!one_of(response, expected))
        complain("USERS: response %04x to REBUILD START", response);
}

/* The phase may be another by now: then we are told of it. */
static void respond(void)
{
    static const int expected[] = {CF_RSP_NOT_AWAITED, CF_RSP_NO_STRUCTURE, CF_RSP_OK};
    int response = ask_patiently(&stores[USERS], (struct ask){CF_CMD_REBUILD_RESPOND, .own = {phase}});
    if (!one_of(response, expected))
        complain("USERS: response %04x to the response to phase %u", response, phase);
}

/* --- the new structure ----------------------------------------------------------------------------------------------------- */

/* What came back from it. false: it is not to be. */
static bool new_is_there(int response, const char *request)
{
    static const int gone[] = {CF_RSP_REBUILD, CF_RSP_NO_STRUCTURE, CF_RSP_NO_CONNECTION, CF_RSP_OK};
    if (response == CF_RSP_OK || response == CF_RSP_ENTRY_EXISTS)
        return true;
    if (response == CF_RSP_CF_FAILED) {
        static const int expected[] = {CF_RSP_REBUILD, CF_RSP_OK};
        response = ask_patiently(&stores[USERS], (struct ask){CF_CMD_REBUILD_STOP, 0});
        if (!one_of(response, expected))
            complain("USERS: response %04x to REBUILD STOP", response);
    } else if (!one_of(response, gone)) {
        complain("USERS: response %04x to %s", response, request);
    }
    return false;
}

static bool new_connect(void)
{
    int response;
    do
        response = connect_new_as(stores[USERS].cf, store_names[USERS], own_name, &store_attributes, &new);
    while (unless_cut(&stores[USERS], response) == CF_RSP_BUSY);
    return new_is_there(response, "IXLCONN REBUILD");
}

static bool new_write(struct ask request)
{
    request.entrytype = CF_ENTRY_NEW;
    return new_is_there(ask_patiently(&new, request), "WRITE to the new structure");
}

static bool record_write(const uint8_t *record)
{
    char name[CF_NAME_SIZE + 1] = "";
    memcpy(name, record + RECORD_NAME, CF_NAME_SIZE);
    struct ask request = entry_request((uint32_t)get_be64(record + RECORD_VERSION), name, get_be32(record + RECORD_LIST));
    request.adjunct = record[RECORD_SIZE];
    request.length = get_be32(record + RECORD_DATALEN);
    request.out = record + RECORD_SIZE + CF_ADJUNCT_SIZE;
    return new_write(request);
}

static bool write_from_ledger(void)
{
    for (int worker = 0; worker < SOAK_WORKERS_MAX; worker++)
        for (uint32_t i = 0; i < SOAK_ENTRIES; i++) {
            uint32_t value = ledger->worker[worker].entry[USERS][i].is;
            if (value != 0 && !new_write(entry_request(value, entry_name(worker, i), 0)))
                return false;
        }
    return true;
}

/* The rest of a list of the old structure, from a restart token on; *lost: it is lost. */
static bool list_copy(uint32_t list, bool *lost)
{
    static uint8_t records[CF_DATA_MAX];
    static const int expected[] = {CF_RSP_NO_ENTRY, CF_RSP_BUFFER_FULL, CF_RSP_TIMEOUT, CF_RSP_OK};
    struct ask read = {CF_CMD_LIST_READ_LIST, CF_LOCATE_HEAD, .list = list, .options = CF_OPT_DATA | CF_OPT_ADJUNCT};
    int response;
    do {
        response = ask_patiently(&stores[USERS], read);
        *lost = response == CF_RSP_CF_FAILED;
        if (*lost)
            return true;
        if (!one_of(response, expected))
            complain("USERS: response %04x to READ_LIST", response);
        read.restart = get_be64(mrb + MRB_RESTART);
        uint32_t length = get_be32(mrb + MRB_DATALEN);
        memcpy(records, data_in, length);
        for (uint32_t at = 0; at < length; at += get_be32(records + at + RECORD_LENGTH))
            if (!record_write(records + at))
                return false;
    } while (response == CF_RSP_BUFFER_FULL || response == CF_RSP_TIMEOUT);
    return true;
}

/* true: all is in the new structure. */
static bool fill(void)
{
    bool lost = false;
    for (uint32_t list = 0; list < store_attributes.lists && !lost; list++)
        if (!list_copy(list, &lost))
            return false;
    return !lost || write_from_ledger();
}

/* --- the phases ------------------------------------------------------------------------------------------------------------ */

static void our_part(void)
{
    if (phase == CF_REBUILD_CONNECT && !(new_connect() && fill()))
        return;
    respond();
    if (phase == CF_REBUILD_CLEANUP)
        stores[USERS] = new;
}

bool users_follow(void)
{
    int response = ask_patiently(&stores[USERS], (struct ask){CF_CMD_VECTOR_READ, 0});
    if (response != CF_RSP_OK)
        complain("USERS: response %04x to VECTOR_READ in phase %u", response, phase);
    uint32_t events = get_be32(mrb + MRB_OWN + VECTOR_EVENTS);
    if (events & CF_EVENT_REBUILD) {
        phase = get_be32(mrb + MRB_OWN + VECTOR_REBUILD);
        done = false;
    }
    switch (phase) {
    case CF_REBUILD_FINISHED:
        users_rebuilt += !done;
        break;
    case CF_REBUILD_STOPPED:
        users_stopped += !done;
        break;
    case CF_REBUILD_NONE:
        break;
    default:
        if (!done)
            our_part();
        done = true;
        return false;
    }
    done = true;
    if (events & CF_EVENT_CF_FAILED)
        users_rebuild();
    return !(events & CF_EVENT_CF_FAILED);
}
