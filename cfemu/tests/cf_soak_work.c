/* A worker of the soak. */
#include "cfemu/tests/cf_soak_work.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *const store_names[STORES] = {"PLAIN", "DUP", "USERS"};
struct ledger *ledger;
struct cf_user stores[STORES], serial;

static struct worker *me;
static unsigned chance;
static struct cf_user irlm;

static uint32_t draw(uint32_t below)
{
    return (uint32_t)rand_r(&chance) % below;
}

void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("soak: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(1);
}

/* Who has lost its link is fenced: what it was about to be told it will not know. It ends as if it was killed. */
int unless_cut(const struct cf_user *of, int response)
{
    if (response == CF_RSP_CF_FAILED && cf_lost(of->cf))
        raise(SIGKILL);
    return response;
}

int ask_patiently(const struct cf_user *of, struct ask a)
{
    int response;
    do
        response = unless_cut(of, ask(of, a));
    while (response == CF_RSP_BUSY);
    return response;
}

const char *entry_name(int worker, uint32_t number)
{
    static char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "W%02d_%u", worker, number);
    return name;
}

struct ask entry_request(uint32_t value, const char *name, uint32_t list)
{
    return (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = name, .list = list, .options = CF_OPT_DATA | CF_OPT_ADJUNCT,
                        .length = value % 3000, .fill = (uint8_t)value, .adjunct = (uint8_t)value,
                        .versupdate = CF_VERSUPDATE_SET, .version = value};
}

/* What the entry is; 0 = it is not there. false: the structure is lost. */
static bool entry_read(const struct cf_user *of, const char *name, uint32_t *value)
{
    int response = ask_patiently(of, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA | CF_OPT_ADJUNCT});
    *value = 0;
    if (response == CF_RSP_NO_ENTRY)
        return true;
    if (response == CF_RSP_CF_FAILED && of == &stores[USERS])
        return false;
    *value = (uint32_t)get_be64(mrb + MRB_VERSION);
    uint32_t length = get_be32(mrb + MRB_DATALEN);
    if (response != CF_RSP_OK || length != *value % 3000 || mrb[MRB_ADJUNCT] != (uint8_t)*value)
        complain("READ %s, structure %08x: response %04x, value %u, %u bytes", name, of->structure, response, *value, length);
    for (uint32_t i = 0; i < length; i++)
        if (data_in[i] != (uint8_t)*value)
            complain("READ %s: value %u, byte %u is %02x", name, *value, i, data_in[i]);
    return true;
}

void entry_verify(int store, int worker, uint32_t number)
{
    struct promise *promise = &ledger->worker[worker].entry[store][number];
    const char *name = entry_name(worker, number);
    uint32_t value;
    if (!entry_read(&stores[store], name, &value))
        return;
    if (value != promise->is && !(promise->open && value == promise->becomes))
        complain("%s %s is %u; acknowledged was %u%s", store_names[store], name, value, promise->is, promise->open ? ", another update was begun" : "");
    promise->is = value;
    promise->open = 0;
}

static void entry_change(int store, int worker, uint32_t number)
{
    struct promise *promise = &me->entry[store][number];
    const struct cf_user *of = &stores[store];
    const char *name = entry_name(worker, number);
    uint32_t value = draw(3) == 0 ? 0 : 1 + draw(1u << 30);
    promise->becomes = value;
    atomic_thread_fence(memory_order_release);
    promise->open = 1;
    atomic_thread_fence(memory_order_release);
    int response, expected = CF_RSP_OK;
    if (value == 0) {
        response = ask_patiently(of, (struct ask){CF_CMD_LIST_DELETE, CF_LOCATE_NAME, .name = name});
        expected = promise->is == 0 ? CF_RSP_NO_ENTRY : CF_RSP_OK;
    } else {
        response = ask_patiently(of, entry_request(value, name, draw(4)));
    }
    if (response == CF_RSP_CF_FAILED && store == USERS)
        return;                         /* lost: it stays open until it is known again */
    if (response == CF_RSP_STRUCTURE_FULL)
        promise->becomes = promise->is;
    else if (response != expected)
        complain("%s %s to %u: response %04x", store_names[store], name, value, response);
    promise->is = promise->becomes;
    atomic_thread_fence(memory_order_release);
    promise->open = 0;
    me->acknowledged++;
}

static void queue_use(void)
{
    bool push = draw(2);
    struct count *count = push ? &me->push : &me->pop;
    count->begun++;
    int response = push ? ask_patiently(&stores[PLAIN], (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_TAIL, CF_ENTRY_NEW, .list = SOAK_QUEUE_LIST, .options = CF_OPT_DATA, .length = draw(3000)}) :
                          ask_patiently(&stores[PLAIN], (struct ask){CF_CMD_LIST_DELETE, CF_LOCATE_HEAD, .list = SOAK_QUEUE_LIST});
    if (response == CF_RSP_OK) {
        count->done++;
        me->acknowledged++;
    } else if (response == (push ? CF_RSP_STRUCTURE_FULL : CF_RSP_NO_ENTRY)) {
        count->begun--;
    } else {
        complain("queue: response %04x", response);
    }
}

/* A lock that we stand in the queue for: wait until the facility tells us something, then ask again. */
static int counter_get(struct ask get)
{
    uint32_t seen = 0;
    int response;
    while ((response = ask_patiently(&serial, get)) == CF_RSP_LOCK_QUEUED) {
        cf_wait(serial.cf, &seen, 100);
        ask_patiently(&serial, (struct ask){CF_CMD_VECTOR_READ, 0});
    }
    return response;
}

static void counter_use(void)
{
    uint32_t number = draw(SOAK_COUNTERS);
    char name[8];
    snprintf(name, sizeof name, "CNT%u", number);
    int response = counter_get((struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA,
                                            .lockoper = CF_LOCK_SET, .lockmode = CF_LOCKMODE_UNCOND, .lock = number});
    uint64_t version = get_be64(mrb + MRB_VERSION);
    if (response != CF_RSP_OK || get_be32(mrb + MRB_DATALEN) != SOAK_COUNTER_SIZE)
        complain("counter %u: response %04x to READ", number, response);
    for (uint32_t i = 0; i < SOAK_COUNTER_SIZE; i++)
        if (data_in[i] != (uint8_t)version)
            complain("counter %u: version %lu, byte %u is %02x", number, version, i, data_in[i]);
    me->counter[number].begun++;
    response = ask_patiently(&serial, (struct ask){CF_CMD_LIST_WRITE, CF_LOCATE_NAME, .name = name, .options = CF_OPT_DATA, .length = SOAK_COUNTER_SIZE,
                                                   .fill = (uint8_t)(version + 1), .verscomp = CF_VERSCOMP_EQUAL, .version_comp = version,
                                                   .versupdate = CF_VERSUPDATE_INC, .lockoper = CF_LOCK_RESET, .lock = number});
    if (response != CF_RSP_OK)
        complain("counter %u: response %04x to WRITE", number, response);
    me->counter[number].done++;
    me->acknowledged++;
}

static int lock_patiently(struct lop operation)
{
    int response;
    do
        response = unless_cut(&irlm, lop(&irlm, operation));
    while (response == CF_RSP_BUSY);
    return response;
}

/* A process that dies has let go of its files, and the facility of its locks, a moment before others see that it ended. */
static bool dying(pid_t pid)
{
    for (int i = 0; i < 2000; i++) {
        if (cf_process_ended(pid))
            return true;
        usleep(1000);
    }
    return false;
}

static void lock_use(void)
{
    uint32_t index = draw(SOAK_LOCKS);
    int response = lock_patiently((struct lop){CF_CMD_LOCK_OBTAIN, CF_STATE_EXCL, .index = index});
    if (response == CF_RSP_LOCK_CONTENTION || response == CF_RSP_LOCK_RETAINED)
        return;
    if (response != CF_RSP_OK)
        complain("lock %u: response %04x to OBTAIN", index, response);
    uint32_t before = atomic_exchange(&ledger->lock_owner[index], (uint32_t)getpid());
    if (before != 0 && !dying((pid_t)before))
        complain("lock %u: process %u has it, too", index, before);
    uint32_t mine = (uint32_t)getpid();
    bool alone = true;
    for (int i = 0; i < 100; i++)
        alone = alone && atomic_load(&ledger->lock_owner[index]) == mine;
    alone = atomic_compare_exchange_strong(&ledger->lock_owner[index], &mine, 0) && alone;
    response = lock_patiently((struct lop){CF_CMD_LOCK_RELEASE, .index = index});
    if (response != CF_RSP_OK)
        complain("lock %u: response %04x to RELEASE", index, response);
    if (!alone)         /* and our link was not cut meanwhile */
        complain("lock %u: another process has it, too", index);
    me->locks++;
}

/* What is in the way goes: one of our name has died, and that takes a moment; a rebuild comes to its end. */
static bool in_the_way(int response, const char *structure)
{
    if (response == CF_RSP_REBUILD || response == CF_RSP_CF_FAILED) {
        usleep(1000);
        return strcmp(structure, store_names[USERS]) == 0;
    }
    return response == CF_RSP_BUSY || response == CF_RSP_NAME_IN_USE;
}

void connect_patiently(struct cf *view, const char *structure, const char *name, const struct attributes *attributes, struct cf_user *user)
{
    int response;
    do
        response = unless_cut(&(struct cf_user){.cf = view}, connect_as(view, structure, name, attributes, user));
    while (in_the_way(response, structure));
    if (response != CF_RSP_OK)
        complain("%s: response %04x to CONNECT", structure, response);
}

const struct attributes store_attributes = {.lists = 8, .size_kib = 2048, .entry_ratio = 1, .element_ratio = 8, .maxelemnum = 255,
                                                   .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED | CF_CONN_CONDISP_KEEP,
                                                   .options = CF_CONN_OPT_ALTER};
static const struct attributes serial_attributes = {.lists = 1, .locks = SOAK_COUNTERS, .size_kib = 1024, .entry_ratio = 1, .element_ratio = 8,
                                                    .maxelemnum = 255, .flags = CF_CONN_NAMED};
static const struct attributes irlm_attributes = {.locks = SOAK_LOCKS, .size_kib = 512};

void soak_connect(struct cf *view, const char *name)
{
    connect_patiently(view, store_names[PLAIN], name, &store_attributes, &stores[PLAIN]);
    connect_patiently(view, store_names[DUP], name, &store_attributes, &stores[DUP]);
    users_connect(view, name);
    connect_patiently(view, "SERIAL", name, &serial_attributes, &serial);
    connect_patiently(view, "IRLM", name, &irlm_attributes, &irlm);
}

/* Over a link, if it is this worker's turn; it waits for the server to be there. */
static struct cf *view_open(int number)
{
    struct cf *view = NULL;
    if (number % 3 == 0)
        return segment_open();
    do
        usleep(5000);
    while (!atomic_load(&ledger->serving) || cf_open(number % 3 == 1 ? ledger->unix_name : ledger->tls_name, "TEST", &view) != 0);
    return view;
}

static void entry_use(int number)
{
    int store = (int)draw(STORES);
    uint32_t entry = draw(SOAK_ENTRIES);
    if (store == USERS && !users_follow())
        return;
    if (draw(3) == 0) {
        entry_verify(store, number, entry);
        me->reads++;
    } else {
        entry_change(store, number, entry);
    }
}

void soak_work(int number, unsigned seed)
{
    char name[CF_NAME_SIZE + 1];
    snprintf(name, sizeof name, "WORKER%02d", number);
    chance = seed;
    me = &ledger->worker[number];
    soak_connect(view_open(number), name);
    for (int store = 0; store < STORES; store++)
        for (uint32_t i = 0; i < SOAK_ENTRIES; i++)
            entry_verify(store, number, i);
    for (;;) {
        switch (draw(6)) {
        case 0:
            counter_use();
            break;
        case 1:
            queue_use();
            break;
        case 2:
            lock_use();
            break;
        default:
            entry_use(number);
        }
    }
}
