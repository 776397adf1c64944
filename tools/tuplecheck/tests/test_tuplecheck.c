/* Tests of tuplecheck: the golden captures through files, the decoder with every length and bytes turned over, and the flow
 * table against a schedule that knows what it planted. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/tuplecheck/tests/golden.h"

static char folder[] = "/tmp/tuplecheck.XXXXXX";

/* --- golden captures ------------------------------------------------------------------------------------------- */

static void ignore(void *context, const char *text)
{
    (void)context, (void)text;
}

static void check_golden(const struct golden *g, const struct tuplecheck *t)
{
    const struct tally *all = &t->flows.total;
    ck_assert_int_eq(tuplecheck_verdict(t), g->verdict);
    ck_assert_uint_eq(t->packets, g->packets);
    ck_assert_uint_eq(all->opened, g->opened);
    ck_assert_uint_eq(all->completed, g->completed);
    ck_assert_uint_eq(all->refused, g->refused);
    ck_assert_uint_eq(all->reset, g->reset);
    ck_assert_uint_eq(all->abandoned, g->abandoned);
    ck_assert_uint_eq(all->open, g->open);
    ck_assert_uint_eq(all->open_peak, g->open_peak);
    ck_assert_uint_eq(t->flows.collision_count, g->collisions);
    ck_assert_uint_eq(all->syns_repeated, g->syns_repeated);
    ck_assert_uint_eq(all->challenge_acks, g->challenge_acks);
    ck_assert_uint_eq(all->foreign, g->foreign);
    ck_assert_uint_eq(t->flows.reuse.count, g->reuses);
    ck_assert_uint_eq(t->flows.reuse.by_other, g->reuses_by_other);
    ck_assert_uint_eq(all->ports, g->ports);
    for (int kind = 0; kind < PACKET_KINDS; kind++)
        ck_assert_uint_eq(t->kinds[kind], g->kinds[kind]);
    ck_assert_uint_eq((unsigned)tuplecheck_doubts(t, ignore, NULL), g->doubts);
}

static void judge_golden(const struct golden *g, const uint32_t *addresses, size_t count)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s.pcap", folder, g->name);
    ck_assert_int_eq(golden_write(g, path), 0);
    const char *files[] = { path };
    struct tuplecheck t;
    tuplecheck_files(&t, files, 1, addresses, count);
    check_golden(g, &t);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    tuplecheck_print(&t, out, 10, false);
    fclose(out);
    static const char *const said[] = { "unique:", "collisions: ", "cannot judge" };
    ck_assert_ptr_nonnull(strstr(text, said[g->verdict]));
    free(text);
    tuplecheck_free(&t);
    unlink(path);
}

START_TEST(golden_capture_is_judged_exactly)
{
    judge_golden(&golden[_i], NULL, 0);
}
END_TEST

START_TEST(golden_capture_is_judged_the_same_with_its_dvipa_given)
{
    static const uint32_t addresses[] = { 0x0a010902, DVIPA };
    judge_golden(&golden[_i], addresses, 2);
}
END_TEST

static const struct golden *find_golden(const char *name)
{
    for (unsigned i = 0; i < golden_count; i++)
        if (strcmp(golden[i].name, name) == 0)
            return &golden[i];
    ck_abort_msg("no golden capture %s", name);
}

START_TEST(collision_names_both_packets)
{
    char path[128];
    snprintf(path, sizeof path, "%s/named.pcap", folder);
    ck_assert_int_eq(golden_write(find_golden("collision"), path), 0);
    const char *files[] = { path };
    struct tuplecheck t;
    tuplecheck_files(&t, files, 1, NULL, 0);
    const struct collision *c = &t.flows.collisions[0];
    ck_assert_uint_eq(c->first.number, 1);
    ck_assert_uint_eq(c->second.number, 6);
    ck_assert_int_eq(c->second.ns - c->first.ns, 5000000);
    ck_assert_uint_eq(c->first_sender, MAC_IMAGE(1));
    ck_assert_uint_eq(c->second_sender, MAC_IMAGE(2));
    ck_assert_uint_eq(c->tuple.address, DVIPA);
    ck_assert_uint_eq(c->tuple.port, 2000);
    ck_assert_uint_eq(c->tuple.peer, SERVER);
    ck_assert_uint_eq(c->tuple.peer_port, 80);
    tuplecheck_free(&t);
    unlink(path);
}
END_TEST

START_TEST(reuse_tells_its_shortest_distance)
{
    char path[128];
    snprintf(path, sizeof path, "%s/reuse.pcap", folder);
    ck_assert_int_eq(golden_write(find_golden("reuse"), path), 0);
    const char *files[] = { path };
    struct tuplecheck t;
    tuplecheck_files(&t, files, 1, NULL, 0);
    ck_assert_int_eq(t.flows.reuse.shortest_ns, 1000000);
    ck_assert_uint_eq(t.flows.reuse.ended.number, 6);
    ck_assert_uint_eq(t.flows.reuse.opened.number, 7);
    tuplecheck_free(&t);
    unlink(path);
}
END_TEST

START_TEST(json_says_what_the_text_says)
{
    char path[128];
    snprintf(path, sizeof path, "%s/json.pcap", folder);
    ck_assert_int_eq(golden_write(find_golden("collision"), path), 0);
    const char *files[] = { path };
    struct tuplecheck t;
    tuplecheck_files(&t, files, 1, NULL, 0);
    cJSON *json = tuplecheck_json(&t, 10);
    ck_assert_str_eq(cJSON_GetObjectItem(json, "verdict")->valuestring, "collision");
    ck_assert_int_eq(cJSON_GetObjectItem(json, "collisions")->valueint, 1);
    ck_assert_int_eq(cJSON_GetObjectItem(json, "packets")->valueint, 19);
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "images")), 2);
    cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "collision_details"), 0);
    ck_assert_str_eq(cJSON_GetObjectItem(first, "tuple")->valuestring, "10.1.9.1:2000 > 10.1.0.100:80");
    ck_assert_str_eq(cJSON_GetObjectItem(first, "second_image")->valuestring, "02:00:00:00:00:02");
    cJSON_Delete(json);
    tuplecheck_free(&t);
    unlink(path);
}
END_TEST

/* The story of each image in a file of its own: together they tell what one file told. */
START_TEST(several_files_are_one_capture_in_order_of_time)
{
    char paths[2][128];
    for (unsigned i = 0; i < 2; i++) {
        struct script s;
        snprintf(paths[i], sizeof paths[i], "%s/part%u.pcap", folder, i);
        ck_assert(script_begin(&s, paths[i]));
        s.us += (int64_t)(1 - i) * 500;         /* the second file begins first */
        struct talk t = script_syn(&s, i + 1, 2000, 1000 + i * 5000);
        script_accept(&s, &t);
        script_end(&s);
    }
    const char *files[] = { paths[0], paths[1] };
    struct tuplecheck t;
    tuplecheck_files(&t, files, 2, NULL, 0);
    ck_assert_uint_eq(t.packets, 6);
    ck_assert_uint_eq(t.flows.collision_count, 1);
    ck_assert_uint_eq(t.flows.collisions[0].first.file, 1);
    ck_assert_uint_eq(t.flows.collisions[0].second.file, 0);
    tuplecheck_free(&t);
    unlink(paths[0]);
    unlink(paths[1]);
}
END_TEST

START_TEST(other_addresses_are_left_out)
{
    static const uint32_t addresses[] = { 0x0a010902 };
    char path[128];
    snprintf(path, sizeof path, "%s/other.pcap", folder);
    ck_assert_int_eq(golden_write(find_golden("collision"), path), 0);
    const char *files[] = { path };
    struct tuplecheck t;
    tuplecheck_files(&t, files, 1, addresses, 1);
    ck_assert_int_eq(tuplecheck_verdict(&t), VERDICT_UNKNOWN);
    ck_assert_uint_eq(t.flows.elsewhere, 19);
    tuplecheck_free(&t);
    unlink(path);
}
END_TEST

/* --- decoder ------------------------------------------------------------------------------------------------------ */

static const struct segment sample = { .sender = MAC_IMAGE(3), .source = DVIPA, .destination = SERVER, .source_port = 40000,
                                       .destination_port = 80, .seq = 0xfedcba98, .ack = 0x01234567, .length = 77,
                                       .flags = TCP_ACK };

START_TEST(decoder_reads_back_what_was_written)
{
    uint8_t frame[FRAME_MAX];
    for (int vlan = 0; vlan < 2; vlan++) {
        struct segment s;
        uint32_t headers = script_frame(&sample, MAC_SERVER, vlan, frame);
        ck_assert_int_eq(packet_decode(frame, headers, headers + 77, &s), PACKET_TCP);
        ck_assert_uint_eq(s.sender, sample.sender);
        ck_assert_uint_eq(s.source, sample.source);
        ck_assert_uint_eq(s.destination, sample.destination);
        ck_assert_uint_eq(s.source_port, sample.source_port);
        ck_assert_uint_eq(s.destination_port, sample.destination_port);
        ck_assert_uint_eq(s.seq, sample.seq);
        ck_assert_uint_eq(s.ack, sample.ack);
        ck_assert_uint_eq(s.length, sample.length);
        ck_assert_uint_eq(s.flags, sample.flags);
    }
}
END_TEST

/* In a block of exactly that size, so that the sanitizer sees a read beyond it. The TCP flags are at 47. */
START_TEST(decoder_of_a_cut_packet_says_cut)
{
    uint8_t frame[FRAME_MAX];
    uint32_t headers = script_frame(&sample, MAC_SERVER, false, frame);
    for (uint32_t kept = 0; kept <= headers; kept++) {
        struct segment s;
        uint8_t *exact = malloc(kept ? kept : 1);
        memcpy(exact, frame, kept);
        ck_assert_int_eq(packet_decode(exact, kept, headers + 77, &s), kept < 48 ? PACKET_CUT : PACKET_TCP);
        free(exact);
    }
}
END_TEST

START_TEST(decoder_survives_any_bytes)
{
    uint8_t frame[FRAME_MAX];
    srandom(4711);
    for (int round = 0; round < 50000; round++) {
        uint32_t headers = script_frame(&sample, MAC_SERVER, round & 1, frame);
        for (int change = 0; change < 1 + round % 5; change++)
            frame[(uint32_t)random() % headers] = (uint8_t)random();
        uint32_t kept = (uint32_t)random() % (headers + 1);
        uint8_t *exact = malloc(kept ? kept : 1);
        memcpy(exact, frame, kept);
        struct segment s;
        enum packet_kind kind = packet_decode(exact, kept, (uint32_t)random() % 200, &s);
        ck_assert(kind < PACKET_KINDS);
        ck_assert(kind != PACKET_TCP || s.length <= 65535);
        free(exact);
    }
}
END_TEST

/* --- flow table against a schedule --------------------------------------------------------------------------------- */

enum { IMAGES = 5, TUPLES = 300, STEPS = 30000 };

struct holding {
    int phase;                  /* 0 none, then the number of segments seen */
    uint32_t sent, received;
};

struct schedule {
    struct flow_table table;
    struct holding holdings[TUPLES][IMAGES];
    struct packet_ref at;
    uint64_t opened, completed, reset, collisions, open, peak;
};

static void feed(struct schedule *s, int tuple, int image, bool from_server, uint8_t flags)
{
    struct holding *h = &s->holdings[tuple][image];
    struct segment seg = { .flags = flags, .length = 0 };
    uint16_t port = (uint16_t)(1024 + tuple);
    seg = from_server
        ? (struct segment){ .sender = MAC_SERVER, .source = SERVER, .destination = DVIPA, .source_port = 80,
                            .destination_port = port, .seq = h->received, .ack = h->sent, .flags = flags }
        : (struct segment){ .sender = MAC_IMAGE((unsigned)image), .source = DVIPA, .destination = SERVER, .source_port = port,
                            .destination_port = 80, .seq = h->sent, .ack = h->received, .flags = flags };
    uint32_t *numbers = from_server ? &h->received : &h->sent;
    *numbers += (flags & (TCP_SYN | TCP_FIN)) != 0;
    s->at.number++;
    s->at.ns += 1000;
    ck_assert(flow_table_add(&s->table, &seg, &s->at));
}

static bool held_by_other(const struct schedule *s, int tuple, int image)
{
    for (int other = 0; other < IMAGES; other++)
        if (other != image && s->holdings[tuple][other].phase)
            return true;
    return false;
}

static void open_one(struct schedule *s, int tuple, int image)
{
    s->collisions += held_by_other(s, tuple, image);
    s->opened++;
    if (++s->open > s->peak)
        s->peak = s->open;
    s->holdings[tuple][image] = (struct holding){ .phase = 1, .sent = (uint32_t)random() << 1, .received = (uint32_t)random() };
    feed(s, tuple, image, false, TCP_SYN);
}

static void end_one(struct schedule *s, int tuple, int image, uint64_t *counter)
{
    ++*counter;
    s->open--;
    s->holdings[tuple][image].phase = 0;
}

/* SYN | SYN ACK, ACK, (some ACKs,) FIN, FIN ACK, ACK; or a RST in between. */
static void go_on(struct schedule *s, int tuple, int image)
{
    struct holding *h = &s->holdings[tuple][image];
    static const struct {
        bool from_server;
        uint8_t flags;
    } steps[] = { { true, TCP_SYN | TCP_ACK }, { false, TCP_ACK }, { false, TCP_ACK }, { true, TCP_ACK },
                  { false, TCP_FIN | TCP_ACK }, { true, TCP_FIN | TCP_ACK }, { false, TCP_ACK } };
    int last = (int)(sizeof steps / sizeof steps[0]);
    if (h->phase > 1 && random() % 40 == 0) {
        feed(s, tuple, image, false, TCP_RST | TCP_ACK);
        end_one(s, tuple, image, &s->reset);
        return;
    }
    feed(s, tuple, image, steps[h->phase - 1].from_server, steps[h->phase - 1].flags);
    if (h->phase++ == last)
        end_one(s, tuple, image, &s->completed);
}

/* plant: one opening in so many goes to a tuple whoever holds it; 0: never. */
static void run_schedule(struct schedule *s, unsigned seed, int plant)
{
    memset(s, 0, sizeof *s);
    srandom(seed);
    ck_assert(flow_table_init(&s->table, NULL, 0));
    for (int step = 0; step < STEPS; step++) {
        int tuple = (int)(random() % TUPLES), image = (int)(random() % IMAGES);
        if (s->holdings[tuple][image].phase)
            go_on(s, tuple, image);
        else if (!held_by_other(s, tuple, image) || (plant && random() % plant == 0))
            open_one(s, tuple, image);
    }
}

static void check_schedule(struct schedule *s)
{
    const struct tally *all = &s->table.total;
    ck_assert_uint_eq(s->table.collision_count, s->collisions);
    ck_assert_uint_eq(all->opened, s->opened);
    ck_assert_uint_eq(all->completed, s->completed);
    ck_assert_uint_eq(all->reset, s->reset);
    ck_assert_uint_eq(all->open, s->open);
    ck_assert_uint_eq(all->open_peak, s->peak);
    ck_assert_uint_eq(all->ports, TUPLES);
    flow_table_free(&s->table);
}

START_TEST(schedule_without_collisions_shows_none)
{
    static struct schedule s;
    run_schedule(&s, (unsigned)_i, 0);
    ck_assert_uint_eq(s.collisions, 0);
    check_schedule(&s);
}
END_TEST

START_TEST(schedule_with_planted_collisions_shows_each)
{
    static struct schedule s;
    run_schedule(&s, (unsigned)_i, 50);
    ck_assert_uint_gt(s.collisions, 10);
    check_schedule(&s);
}
END_TEST

/* More senders than tallies are kept for: none is lost from the sums. */
START_TEST(a_flood_of_senders_is_counted_together)
{
    struct flow_table t;
    struct packet_ref at = { .number = 1 };
    ck_assert(flow_table_init(&t, NULL, 0));
    for (uint32_t i = 0; i < 5000; i++) {
        struct segment s = { .sender = 0x100000 + i, .source = 0x0b000000 + i, .destination = SERVER, .source_port = 1000,
                             .destination_port = 80, .seq = i, .flags = TCP_SYN };
        ck_assert(flow_table_add(&t, &s, &at));
    }
    ck_assert_uint_eq(t.senders.count, TALLIES_MAX);
    ck_assert_uint_eq(t.senders.tallies[TALLY_OTHERS]->opened, 5000 - (TALLIES_MAX - 1));
    ck_assert_uint_eq(t.total.opened, 5000);
    ck_assert_uint_eq(t.total.open, 5000);
    ck_assert_uint_eq(t.collision_count, 0);
    flow_table_free(&t);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("tuplecheck");
    TCase *c = tcase_create("tuplecheck");
    tcase_add_loop_test(c, golden_capture_is_judged_exactly, 0, (int)golden_count);
    tcase_add_loop_test(c, golden_capture_is_judged_the_same_with_its_dvipa_given, 0, (int)golden_count);
    tcase_add_test(c, collision_names_both_packets);
    tcase_add_test(c, reuse_tells_its_shortest_distance);
    tcase_add_test(c, json_says_what_the_text_says);
    tcase_add_test(c, several_files_are_one_capture_in_order_of_time);
    tcase_add_test(c, other_addresses_are_left_out);
    tcase_add_test(c, decoder_reads_back_what_was_written);
    tcase_add_test(c, decoder_of_a_cut_packet_says_cut);
    tcase_add_test(c, decoder_survives_any_bytes);
    tcase_add_loop_test(c, schedule_without_collisions_shows_none, 1, 6);
    tcase_add_loop_test(c, schedule_with_planted_collisions_shows_each, 1, 16);
    tcase_add_test(c, a_flood_of_senders_is_counted_together);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    SRunner *runner = srunner_create(suite());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    rmdir(folder);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
