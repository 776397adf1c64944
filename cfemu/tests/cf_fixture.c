#include "cfemu/tests/cf_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

char segment_name[32], segment_place[512];
char peer_name[32];
void (*segment_made)(void);
struct cf *inside;
uint8_t mrb[CF_MRB_SIZE];
uint8_t data_in[CF_DATA_MAX];

const struct attributes usual = {
    .lists = 8,
    .locks = 8,
    .size_kib = 1024,
    .vector = 32,
    .entry_ratio = 1,
    .element_ratio = 4,
    .maxelemnum = 255,
    .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED,
};

static void text_put(uint8_t *to, const char *text)
{
    if (text)
        cf_name_put(to, CF_NAME_SIZE, text);
}

static void list_fields(uint8_t *mcb, const struct ask *a)
{
    uint8_t *own = mcb + MCB_OWN;
    mcb[MCB_OPTIONS2] = a->options2;
    mcb[MCB_KEYCOMP] = a->keycomp;
    mcb[MCB_AUTHCOMP] = a->authcomp;
    put_be32(mcb + MCB_TARGET_LIST, a->target);
    put_be64(mcb + MCB_RESTART, a->restart);
    text_put(mcb + MCB_AUTH_COMP, a->auth_comp);
    text_put(mcb + MCB_AUTH, a->auth);
    text_put(own + LIST_KEYCOMPARE, a->keycompare);
    text_put(own + LIST_TARGETKEY, a->targetkey);
    put_be32(own + LIST_LOCKCOMP, a->lockcomp);
    own[LIST_KEYREQUEST] = a->keyrequest;
    own[LIST_KEYTYPE] = a->keytype;
    own[LIST_CURSOR] = a->cursor;
    own[LIST_DATAOPER] = a->dataoper;
    own[LIST_POSITION] = a->position;
    own[LCONTROLS_SET] |= a->set;
}

int ask(const struct cf_user *user, struct ask a)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, user, a.command);
    mcb[MCB_LOCATE] = a.locate;
    mcb[MCB_ENTRYTYPE] = a.entrytype;
    mcb[MCB_LOCKOPER] = a.lockoper;
    mcb[MCB_LOCKMODE] = a.lockmode;
    mcb[MCB_VERSCOMP] = a.verscomp;
    mcb[MCB_VERSUPDATE] = a.versupdate;
    mcb[MCB_OPTIONS] = a.options;
    put_be32(mcb + MCB_LIST, a.list);
    put_be32(mcb + MCB_LOCKINDEX, a.lock);
    put_be32(mcb + MCB_VECTORINDEX, a.bit);
    put_be64(mcb + MCB_VERSION_COMP, a.version_comp);
    put_be64(mcb + MCB_VERSION, a.version);
    put_be32(mcb + MCB_DATALEN, a.length);
    if (a.leid)
        memcpy(mcb + MCB_LEID, a.leid, CF_LEID_SIZE);
    if (a.name)
        cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, a.name);
    memset(mcb + MCB_ADJUNCT, a.adjunct, CF_ADJUNCT_SIZE);
    if (a.connection)
        cf_name_put(mcb + MCB_AUTH_COMP, CF_NAME_SIZE, a.connection);
    for (unsigned i = 0; i < 2; i++)
        put_be32(mcb + MCB_OWN + 4 * i, a.own[i]);
    list_fields(mcb, &a);
    uint8_t *out = a.length <= CF_DATA_MAX ? malloc(a.length + 1) : NULL;   /* exact, so that the sanitizer sees overreads */
    uint32_t out_len = out ? a.length : 0;
    if (out && a.out)
        memcpy(out, a.out, a.length);
    else if (out)
        memset(out, a.fill, a.length);
    uint32_t in_cap = a.in_cap > 0 ? a.in_cap : (uint32_t)sizeof data_in;
    uint8_t *in = a.in_cap > 0 ? malloc(in_cap) : data_in;
    cf_message(user->cf, mcb, out, out_len, mrb, in, in_cap);
    if (in != data_in) {
        memcpy(data_in, in, in_cap);
        free(in);
    }
    free(out);
    return get_be16(mrb + MRB_RESPONSE);
}

void lop_block(uint8_t block[LOP_SIZE], const struct lop *l)
{
    memset(block, 0, LOP_SIZE);
    block[LOP_OPERATION] = (uint8_t)(l->command - CF_CMD_LOCK_OBTAIN + CF_LOP_OBTAIN);
    block[LOP_STATE] = l->state;
    block[LOP_OPTIONS] = l->options;
    block[LOP_RDATATYPE] = l->type;
    put_be32(block + LOP_INDEX, l->index);
    put_be32(block + LOP_MANAGER, l->manager);
    put_be32(block + LOP_CONID, l->conid);
    if (l->entryid)
        memcpy(block + LOP_ENTRYID, l->entryid, CF_LEID_SIZE);
    memset(block + LOP_RDATA, l->fill, CF_ADJUNCT_SIZE);
}

int lop(const struct cf_user *user, struct lop l)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request(mcb, user, l.command);
    lop_block(mcb + MCB_ADJUNCT, &l);
    mcb[MCB_ADJUNCT + LOP_OPERATION] = 0;
    return cf_send(user->cf, mcb, mrb);
}

bool result_set_is(unsigned offset, const uint32_t *conids)
{
    uint8_t expected[32] = {0};
    for (; *conids != 0; conids++)
        expected[*conids / 8] |= (uint8_t)(0x80u >> *conids % 8);
    return memcmp(mrb + MRB_ADJUNCT + offset, expected, sizeof expected) == 0;
}

static int connect_with(uint8_t options, struct cf *cf, const char *structure, const char *name, const struct attributes *a, struct cf_user *user)
{
    uint8_t mcb[CF_MCB_SIZE];
    cf_request_connect(mcb, structure, name, "TEST");
    mcb[MCB_OPTIONS] = options;
    uint8_t *own = mcb + MCB_OWN;
    put_be32(own + CONN_LISTHEADERS, a->lists);
    put_be32(own + CONN_LOCKENTRIES, a->locks);
    put_be32(own + CONN_SIZE_KIB, a->size_kib);
    put_be32(own + CONN_VECTORLEN, a->vector);
    put_be16(own + CONN_MAXELEMNUM, a->maxelemnum);
    put_be16(own + CONN_ENTRYRATIO, a->entry_ratio);
    put_be16(own + CONN_ELEMENTRATIO, a->element_ratio);
    own[CONN_ELEMCHAR] = a->elemchar;
    own[CONN_FLAGS] = a->flags;
    own[CONN_OPTIONS] = a->options;
    own[CONN_CFLEVEL] = a->level;
    own[CONN_MAXCONN] = a->maxconn;
    put_be32(own + CONN_RECORDS, a->records);
    put_be16(own + CONN_EMCSTGPCT, a->emcstgpct);
    return cf_send_connect(cf, mcb, mrb, user);
}

int connect_as(struct cf *cf, const char *structure, const char *name, const struct attributes *attributes, struct cf_user *user)
{
    return connect_with(0, cf, structure, name, attributes, user);
}

int connect_new_as(struct cf *cf, const char *structure, const char *name, const struct attributes *attributes, struct cf_user *user)
{
    return connect_with(CF_OPT_REBUILD, cf, structure, name, attributes, user);
}

struct cf *segment_open(void)
{
    struct cf *cf = NULL;
    ck_assert_int_eq(cf_open(segment_place[0] ? segment_place : segment_name, "TEST", &cf), 0);
    return cf;
}

/* The first view of a new segment, and the view inside. */
static struct cf *segment_first(void)
{
    if (!segment_made) {
        inside = segment_open();
        return inside;
    }
    ck_assert_int_eq(cf_open(segment_name, "INSIDE", &inside), 0);
    segment_made();
    return segment_open();
}

struct cf *segment_new(uint64_t size)
{
    cf_remove(segment_name);
    ck_assert_int_eq(cf_create(segment_name, "CF01", size), 0);
    return segment_first();
}

struct cf *pair_new(uint64_t size)
{
    cf_remove(segment_name);
    cf_remove(peer_name);
    ck_assert_int_eq(cf_create(segment_name, "CF01", size), 0);
    ck_assert_int_eq(cf_create(peer_name, "CF02", size / 2), 0);
    ck_assert_int_eq(cf_pair(segment_name, peer_name), 0);
    return segment_first();
}

int operate(struct cf *cf, uint16_t command, const char *structure, uint8_t options)
{
    uint8_t mcb[CF_MCB_SIZE] = {0}, answer[CF_MRB_SIZE];
    put_be16(mcb + MCB_COMMAND, command);
    mcb[MCB_OPTIONS] = options;
    cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, structure);
    int response;
    do
        response = cf_send(cf, mcb, answer);
    while (response == CF_RSP_TIMEOUT);
    return response;
}

void drain(struct cf *cf, uint32_t *seen)
{
    while (cf_wait(cf, seen, segment_place[0] ? 30 : 0))
        ck_assert_ptr_null(cf_lost(cf));
}

pid_t child_holding(bool (*take)(void))
{
    int ready[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        byte = take();
        if (write(ready[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq((int)read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

void child_stop(pid_t pid)
{
    ck_assert_int_eq(kill(pid, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(pid, NULL, WUNTRACED), pid);
}

void child_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int run_suite(Suite *suite)
{
    snprintf(segment_name, sizeof segment_name, "cf_test.%d", (int)getpid());
    snprintf(peer_name, sizeof peer_name, "cf_test.%d.2", (int)getpid());
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    cf_remove(segment_name);
    cf_remove(peer_name);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
