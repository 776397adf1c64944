/* The dashboard's model of real stacks in a real segment: what it tells is what the stacks have. No SDL. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cfemu/engine/cf_segment.h"
#include "stack/clp/clp.h"
#include "stack/tests/core_plex.h"
#include "tools/cfdash/model_json.h"
#include "tools/cfdash/session.h"
#include "tools/cfdash/words.h"

#define SECOND_US 1000000u

static struct source *source;
static struct model *model;

static void setup(void)
{
    model = model_new();
}

static void teardown(void)
{
    if (source)
        source_close(source);
    source = NULL;
    model_free(model);
}

static void start(unsigned stacks, uint16_t blocksize)
{
    plex_define(1, DVA, blocksize);
    plex_distribute(1, DVA);
    for (unsigned n = 1; n <= stacks; n++)
        plex_ipl(n);
    plex_settle();
    struct source_options options = {.segment = plex.segment};
    ck_assert_int_eq(source_open(&options, &source), 0);
}

/* What the stacks tell once a second is there afterwards. */
static void read_model(void)
{
    host_platform_advance_us(SECOND_US + SECOND_US / 10);
    plex_settle();
    source_read(source, model, platform_clock_us() / 1000);
}

static uint16_t assign(unsigned n)
{
    uint16_t port;
    ck_assert_int_eq(clp_assign(&plex_select(n)->clp, DVA, 0, SERVER, 80, &port), CLP_OK);
    return port;
}

static const uint16_t blocksizes[] = {1, 64, 4096};

START_TEST(each_port_is_shown_as_its_stack_has_it)
{
    uint16_t mine[3][40];
    start(3, blocksizes[_i]);
    for (unsigned n = 1; n <= 3; n++)
        for (unsigned i = 0; i < 40; i++)
            mine[n - 1][i] = assign(n);
    read_model();
    ck_assert_uint_eq(model->dvipa_count, 1);
    const struct model_dvipa *d = &model->dvipa[0];
    ck_assert_uint_eq(d->address, DVA);
    for (unsigned n = 1; n <= 3; n++) {
        struct clp *clp = &plex_select(n)->clp;
        struct clp_usage usage = clp_usage(clp, DVA);
        uint8_t map[PORTS_PER_DVIPA / 8];
        ck_assert(clp_owned_ports(clp, DVA, plex_names[n - 1], map));
        for (unsigned port = 0; port < PORTS_PER_DVIPA; port++) {
            bool owned = map[port / 8] >> (7 - port % 8) & 1;
            bool shown = port_kind(d->port[port]) != CELL_FREE && port_who(d->port[port]) == n;
            if (owned != shown)
                ck_abort_msg("port %u: owned by %u: %d, shown so: %d", port, n, owned, shown);
        }
        for (unsigned i = 0; i < 40; i++)
            ck_assert_uint_eq(d->port[mine[n - 1][i]], MODEL_PORT(CELL_USED, n));
        ck_assert_uint_eq(d->owned[n], usage.owned);
        ck_assert_uint_eq(d->used[n], 40);
        ck_assert(d->use_known[n]);
    }
    ck_assert_uint_eq(d->count[COUNT_USED], 120);
    ck_assert_uint_eq(d->count[COUNT_RESERVED], PORT_EPHEMERAL_LOW);
    ck_assert_uint_eq(d->count[COUNT_NOWHERE], 0);
    ck_assert_uint_eq(d->port[80], MODEL_PORT(CELL_FREE, CELL_RESERVED));
}
END_TEST

START_TEST(a_port_that_was_given_back_rests_and_then_is_available)
{
    start(2, 1);
    uint16_t port = assign(1);
    read_model();
    ck_assert_uint_eq(model->dvipa[0].port[port], MODEL_PORT(CELL_USED, 1));
    clp_release(&plex_select(1)->clp, DVA, port, SERVER, 80);
    read_model();
    ck_assert_uint_eq(model->dvipa[0].port[port], MODEL_PORT(CELL_FREE, CELL_RESTING));
    uint32_t given_back = model->dvipa[0].since[port], now = (uint32_t)(platform_clock_us() / SECOND_US);
    ck_assert_uint_le(now - given_back, 2);
    host_platform_advance_us((TIMEWAIT_DEFAULT_S + 1) * SECOND_US);
    read_model();
    ck_assert_uint_eq(model->dvipa[0].port[port], MODEL_PORT(CELL_FREE, CELL_AVAILABLE));
    ck_assert_uint_ge(model->dvipa[0].since[port], now + TIMEWAIT_DEFAULT_S - 1);
}
END_TEST

START_TEST(systems_their_records_and_the_end_of_one)
{
    start(3, 64);
    uint16_t port = assign(3);
    read_model();
    ck_assert_uint_eq(model->system_count, 3);
    for (unsigned n = 0; n < 3; n++) {
        ck_assert_str_eq(model->system[n].name, plex_names[n]);
        ck_assert_uint_eq(model->system[n].number, n + 1);
        ck_assert_str_eq(system_state_text(&model->system[n]), "ACTIVE");
        ck_assert_uint_eq(model->system[n].cf_connections, 2);
        ck_assert_uint_eq(model->system[n].process, PROCESS_RUNS);
        ck_assert_uint_eq(model->system[n].pid, (uint32_t)getpid());
    }
    ck_assert_uint_eq(model_system_named(model, "MVS3")->ports_used, 1);
    plex_kill(3);
    plex_settle();
    read_model();
    ck_assert_str_eq(system_state_text(&model->system[2]), "FAILED");
    plex_select(1);
    stack_recover(plex.systems[1].stack, "MVS3", 3);
    read_model();
    ck_assert_uint_eq(port_kind(model->dvipa[0].port[port]), CELL_FREE);
    ck_assert_uint_eq(model->dvipa[0].owned[3], 0);
    ck_assert(!model->dvipa[0].use_known[3]);
}
END_TEST

static const struct model_structure *structure(const char *name)
{
    for (uint32_t i = 0; i < model->structure_count; i++)
        if (strcmp(model->structure[i].name, name) == 0)
            return &model->structure[i];
    ck_abort_msg("no structure %s", name);
}

START_TEST(requests_of_an_interval_and_locks_with_holder)
{
    start(2, 1);
    read_model();
    uint64_t before = structure("EZBEPORT")->requests;
    for (unsigned i = 0; i < 50; i++)
        assign(1);
    read_model();
    const struct model_structure *s = structure("EZBEPORT");
    ck_assert_uint_ge(s->requests - before, 150);           /* READ, WRITE, WRITE for each */
    ck_assert_double_eq_tol(s->per_second, (double)(s->requests - before) / model->interval_s, 0.01);
    ck_assert(s->average_us > 0 && s->deviation_us >= 0 && s->served == s->requests);
    ck_assert_uint_eq(s->type, MODEL_SERIALIZED);
    ck_assert_uint_eq(s->connections, 2);
    ck_assert_str_eq(s->connection[0].system, "MVS1");
    ck_assert_uint_eq(model->lock_count, 0);
    struct xes_request lock = {.command = CF_CMD_LIST_LOCK, .lockoper = CF_LOCK_SET, .lock_index = 5};
    ck_assert_int_eq(xes_list(plex_select(2)->clp.connection, &lock), 0);
    read_model();
    ck_assert_uint_eq(model->lock_count, 1);
    ck_assert_uint_eq(model->lock[0].index, 5);
    ck_assert_str_eq(model->lock[0].holder, structure("EZBEPORT")->connection[1].name);
    ck_assert_uint_eq(structure("EZBEPORT")->locks_held, 1);
}
END_TEST

START_TEST(flow_counts_are_those_of_the_stack)
{
    start(1, 64);
    for (unsigned i = 0; i < 5; i++)
        assign(1);
    read_model();
    ck_assert(model->system[0].flow_known);
    ck_assert_uint_eq(model->system[0].flow[FLOW_9_945], flow_count(FLOW_9_945));
    ck_assert_uint_ge(model->system[0].flow[FLOW_9_900], 5);
    assign(1);
    assign(1);
    read_model();
    ck_assert_float_eq_tol(model->system[0].flow_rate[FLOW_9_900], 2 / 1.1f, 0.3f);
}
END_TEST

/* --- it changes nothing, and bears everything ----------------------------------------------------------------------------- */

static uint8_t *map_segment(const char *name, size_t *size, int flags)
{
    int fd = shm_open(name, flags, 0600);
    ck_assert_int_ge(fd, 0);
    *size = (size_t)lseek(fd, 0, SEEK_END);
    uint8_t *base = mmap(NULL, *size, flags == O_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(base, MAP_FAILED);
    close(fd);
    return base;
}

START_TEST(looking_changes_no_byte_of_the_facility)
{
    size_t size;
    start(2, 64);
    assign(1);
    read_model();
    uint8_t *base = map_segment(plex.segment, &size, O_RDONLY), *copy = malloc(size);
    memcpy(copy, base, size);
    for (int i = 0; i < 3; i++)
        source_read(source, model, platform_clock_us() / 1000);
    ck_assert_int_eq(memcmp(copy, base, size), 0);
    free(copy);
    munmap(base, size);
}
END_TEST

static bool shown_as_json(void)
{
    cJSON *o = model_json(model);
    char *text = cJSON_PrintUnformatted(o);
    bool shown = text != NULL;
    free(text);
    cJSON_Delete(o);
    return shown;
}

/* A copy of the segment with chance bytes in it, in the control storage above all. Whatever is read of it, the model is valid. */
START_TEST(a_damaged_facility_is_read_without_harm)
{
    char name[64];
    size_t size, copied;
    uint64_t random = 88172645463325252u + (uint64_t)_i;
    start(2, 64);
    assign(1);
    assign(2);
    read_model();
    source_close(source);
    source = NULL;
    uint8_t *base = map_segment(plex.segment, &size, O_RDONLY);
    snprintf(name, sizeof name, "cfdash.%d", (int)getpid());
    ck_assert_int_eq(cf_create(name, "CF01", size), 0);
    uint8_t *copy = map_segment(name, &copied, O_RDWR);
    memcpy(copy, base, size);
    const struct cf_header *header = (const struct cf_header *)base;
    for (int i = 0; i < 3000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint64_t range = i % 2 ? 2u << 20 : header->first;
        copy[4096 + random % (range - 4096)] = (uint8_t)(random >> 40);
    }
    struct source_options options = {.segment = name};
    ck_assert_int_eq(source_open(&options, &source), 0);
    for (int i = 0; i < 2; i++) {
        source_read(source, model, platform_clock_us() / 1000 + 500 * (uint64_t)i);
        ck_assert(model_valid(model));
        ck_assert(shown_as_json());
    }
    munmap(copy, copied);
    munmap(base, size);
    cf_remove(name);
}
END_TEST

START_TEST(what_is_no_facility_is_refused)
{
    char name[64];
    struct source_options options = {.segment = name};
    snprintf(name, sizeof name, "cfdash.no.%d", (int)getpid());
    ck_assert_int_eq(source_open(&options, &source), -ENOENT);
    int fd = shm_open(name, O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq(source_open(&options, &source), -EPROTO);
    ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
    ck_assert_int_eq(source_open(&options, &source), -EPROTO);
    close(fd);
    shm_unlink(name);
}
END_TEST

/* --- events, history, recordings ------------------------------------------------------------------------------------------- */

START_TEST(events_are_read_as_they_are_written)
{
    char path[] = "/tmp/cfdash-events-XXXXXX";
    FILE *out = fdopen(mkstemp(path), "w");
    start(1, 64);
    source_close(source);
    struct source_options options = {.segment = plex.segment, .events = path};
    ck_assert_int_eq(source_open(&options, &source), 0);
    fputs("{\"time\":\"2026-11-23T07:30:12.345Z\",\"ms\":1,\"system\":\"MVS3\",\"event\":\"ready\",\"text\":\"first\"}\nnonsense\n{\"time\":1}\n"
          "{\"time\":\"2026-11-23T07:30:13.000Z\",\"system\":\"\",\"ev", out);
    fflush(out);
    read_model();
    ck_assert_uint_eq(model->event_count, 1);
    ck_assert_str_eq(model->event[0].system, "MVS3");
    ck_assert_str_eq(model->event[0].text, "first");
    ck_assert_uint_eq(model->event[0].ms, 1795419012345u);
    fputs("ent\":\"down\",\"text\":\"\"}\n", out);
    for (unsigned i = 0; i < MODEL_EVENTS_MAX; i++)
        fprintf(out, "{\"time\":\"2026-11-23T07:31:00.%03uZ\",\"system\":\"\",\"event\":\"up\",\"text\":\"%u\"}\n", i, i);
    fflush(out);
    read_model();
    ck_assert_uint_eq(model->event_count, MODEL_EVENTS_MAX);
    ck_assert_str_eq(model->event[MODEL_EVENTS_MAX - 1].text, "199");
    fclose(out);
    unlink(path);
}
END_TEST

static void same(const struct model *a, const struct model *b)
{
    struct model x = *a, y = *b;
    x.dvipa = y.dvipa = NULL;
    ck_assert_int_eq(memcmp(&x, &y, sizeof x), 0);
    ck_assert_int_eq(memcmp(a->dvipa, b->dvipa, a->dvipa_count * sizeof *a->dvipa), 0);
}

START_TEST(a_recording_shows_what_was_shown)
{
    char path[] = "/tmp/cfdash-record-XXXXXX";
    struct session live, replay;
    struct model *was[4];
    uint32_t at;
    close(mkstemp(path));
    start(2, 64);
    struct source_options options = {.segment = plex.segment, .sysplex = "PLEX1"};
    ck_assert_int_eq(session_open(&live, &options), 0);
    ck_assert_int_eq(session_record(&live, path), 0);
    for (unsigned i = 0; i < 4; i++) {
        assign(1 + i % 2);
        read_model();
        ck_assert_int_eq(session_step(&live, (i + 1) * 1000), 0);
        was[i] = model_new();
        model_copy(was[i], live.shown);
    }
    FILE *in = fopen(path, "r");
    ck_assert_int_eq(session_open_replay(&replay, in, &at), 0);
    ck_assert_uint_eq(frames_count(replay.frames), 4);
    for (unsigned i = 0; i < 4; i++) {
        session_seek(&replay, i == 0 ? -100 : 1);
        same(replay.shown, was[i]);
    }
    session_seek(&live, -2);                    /* the history is the same */
    same(live.shown, was[1]);
    session_pause(&live, false);
    same(live.shown, was[3]);
    for (unsigned i = 0; i < 4; i++)
        model_free(was[i]);
    fclose(in);
    session_close(&live);
    session_close(&replay);
    unlink(path);
}
END_TEST

static const struct {
    long at;            /* of the byte that is changed; < 0: from the end */
    long cut;           /* so many bytes are left; 0: all */
    int error;
} damages[] = {{0, 0, -EPROTO}, {9, 0, -EBADMSG}, {200, 0, -EBADMSG}, {-1, 0, -EBADMSG}, {0, 5, -EPROTO}, {-1, 100, -EBADMSG}, {7, 8, -EPROTO}};

START_TEST(a_damaged_recording_is_refused)
{
    char bytes[65536];
    FILE *file = tmpfile();
    struct session session;
    uint32_t at;
    start(1, 64);
    read_model();
    struct frames *frames = frames_new(4, 1 << 20);
    ck_assert(frames_add(frames, model));
    ck_assert_int_eq(frames_record_begin(file), 0);
    ck_assert_int_eq(frames_record(frames, file), 0);
    frames_free(frames);
    rewind(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    ck_assert_uint_lt(size, sizeof bytes);
    bytes[damages[_i].at < 0 ? (long)size + damages[_i].at : damages[_i].at] ^= 0x55;
    rewind(file);
    ck_assert_int_eq(ftruncate(fileno(file), 0), 0);
    fwrite(bytes, 1, damages[_i].cut ? (size_t)damages[_i].cut : size, file);
    rewind(file);
    ck_assert_int_eq(session_open_replay(&session, file, &at), damages[_i].error);
    ck_assert_uint_eq(at, damages[_i].error == -EBADMSG);
    fclose(file);
}
END_TEST

START_TEST(the_history_forgets_the_oldest)
{
    struct frames *frames = frames_new(3, 1 << 20);
    struct model *m = model_new();
    for (uint64_t i = 1; i <= 5; i++) {
        m->time_ms = i;
        ck_assert(frames_add(frames, m));
    }
    ck_assert_uint_eq(frames_count(frames), 3);
    ck_assert(frames_get(frames, 0, m));
    ck_assert_uint_eq(m->time_ms, 3);
    ck_assert(!frames_get(frames, 3, m));
    model_free(m);
    frames_free(frames);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("model");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, each_port_is_shown_as_its_stack_has_it, 0, 3);
    tcase_add_test(t, a_port_that_was_given_back_rests_and_then_is_available);
    tcase_add_test(t, systems_their_records_and_the_end_of_one);
    tcase_add_test(t, requests_of_an_interval_and_locks_with_holder);
    tcase_add_test(t, flow_counts_are_those_of_the_stack);
    tcase_add_test(t, looking_changes_no_byte_of_the_facility);
    tcase_add_loop_test(t, a_damaged_facility_is_read_without_harm, 0, 10);
    tcase_add_test(t, what_is_no_facility_is_refused);
    tcase_add_test(t, events_are_read_as_they_are_written);
    tcase_add_test(t, a_recording_shows_what_was_shown);
    tcase_add_loop_test(t, a_damaged_recording_is_refused, 0, sizeof damages / sizeof damages[0]);
    tcase_add_test(t, the_history_forgets_the_oldest);
    return plex_main(t, "cfdash_model");
}
