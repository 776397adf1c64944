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
    ck_assert_uint_eq(all->udp_flows, g->udp_flows);
    for (int kind = 0; kind < PACKET_KINDS; kind++)
        ck_assert_uint_eq(t->kinds[kind], g->kinds[kind]);
    ck_assert_uint_eq((unsigned)tuplecheck_doubts(t, ignore, NULL), g->doubts);
}

static void judge_golden(const struct golden *g, const struct flow_options *options)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s.pcap", folder, g->name);
    ck_assert_int_eq(golden_write(g, path), 0);
    const char *files[] = { path };
    struct tuplecheck t;
    tuplecheck_files(&t, files, 1, options);
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
    judge_golden(&golden[_i], NULL);
}
END_TEST

START_TEST(golden_capture_is_judged_the_same_with_its_dvipa_given)
{
    struct address addresses[3] = { address_v4(0x0a010902), DVIPA };
    ck_assert(address_parse("2001:db8::a01:901", &addresses[2]));
    judge_golden(&golden[_i], &(struct flow_options){ .addresses = addresses, .address_count = 3 });
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
    tuplecheck_files(&t, files, 1, NULL);
    const struct collision *c = &t.flows.collisions[0];
    ck_assert_uint_eq(c->first.number, 1);
    ck_assert_uint_eq(c->second.number, 6);
    ck_assert_int_eq(c->second.ns - c->first.ns, 5000000);
    ck_assert_uint_eq(c->first_sender, MAC_IMAGE(1));
    ck_assert_uint_eq(c->second_sender, MAC_IMAGE(2));
    ck_assert(address_equal(c->tuple.address, DVIPA));
    ck_assert_uint_eq(c->tuple.port, 2000);
    ck_assert(address_equal(c->tuple.peer, SERVER));
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
    tuplecheck_files(&t, files, 1, NULL);
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
    tuplecheck_files(&t, files, 1, NULL);
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
    tuplecheck_files(&t, files, 2, NULL);
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
    const struct address addresses[] = { address_v4(0x0a010902) };
    char path[128];
    snprintf(path, sizeof path, "%s/other.pcap", folder);
    ck_assert_int_eq(golden_write(find_golden("collision"), path), 0);
    const char *files[] = { path };
    struct tuplecheck t;
    tuplecheck_files(&t, files, 1, &(struct flow_options){ .addresses = addresses, .address_count = 1 });
    ck_assert_int_eq(tuplecheck_verdict(&t), VERDICT_UNKNOWN);
    ck_assert_uint_eq(t.flows.elsewhere, 19);
    tuplecheck_free(&t);
    unlink(path);
}
END_TEST

/* --- decoder ------------------------------------------------------------------------------------------------------ */

/* Link layers and IP versions: headers in front of the TCP flags, whose offset says from where on a cut packet can be read. */
static const struct script layers[] = {
    { .link = DLT_EN10MB }, { .link = DLT_EN10MB, .vlan = true }, { .link = DLT_LINUX_SLL }, { .link = DLT_LINUX_SLL2 },
    { .link = DLT_RAW }, { .link = DLT_EN10MB, .ipv6 = true }, { .link = DLT_RAW, .ipv6 = true },
};
enum { LAYERS = sizeof layers / sizeof layers[0] };

static struct segment sample_on(const struct script *layer, bool udp)
{
    struct segment s = { .sender = MAC_IMAGE(3), .source = DVIPA, .destination = SERVER, .source_port = 40000,
                         .destination_port = 80, .length = 77, .udp = udp };
    if (layer->ipv6) {
        s.source = (struct address){ 0x20010db800000001, 1 };
        s.destination = (struct address){ 0x20010db800000002, 0xffffffff00000002 };
    }
    if (layer->link == DLT_RAW)
        s.sender = 0;
    if (!udp) {
        s.seq = 0xfedcba98;
        s.ack = 0x01234567;
        s.flags = TCP_ACK;
    }
    return s;
}

START_TEST(decoder_reads_back_what_was_written)
{
    uint8_t frame[FRAME_MAX];
    for (int udp = 0; udp < 2; udp++) {
        struct segment sample = sample_on(&layers[_i], udp), s;
        uint32_t headers = script_frame(&layers[_i], &sample, MAC_SERVER, frame);
        ck_assert_int_eq(packet_decode(layers[_i].link, frame, headers, headers + 77, &s), udp ? PACKET_UDP : PACKET_TCP);
        ck_assert_uint_eq(s.sender, sample.sender);
        ck_assert(address_equal(s.source, sample.source));
        ck_assert(address_equal(s.destination, sample.destination));
        ck_assert_uint_eq(s.source_port, sample.source_port);
        ck_assert_uint_eq(s.destination_port, sample.destination_port);
        ck_assert_uint_eq(s.seq, sample.seq);
        ck_assert_uint_eq(s.ack, sample.ack);
        ck_assert_uint_eq(s.length, sample.length);
        ck_assert_uint_eq(s.flags, sample.flags);
        ck_assert_int_eq(s.udp, udp);
    }
}
END_TEST

/* In a block of exactly that size, so that the sanitizer sees a read beyond it. The TCP flags are at 13, the length of UDP
 * at 4 of their headers. */
START_TEST(decoder_of_a_cut_packet_says_cut)
{
    uint8_t frame[FRAME_MAX];
    for (int udp = 0; udp < 2; udp++) {
        struct segment sample = sample_on(&layers[_i], udp);
        uint32_t headers = script_frame(&layers[_i], &sample, MAC_SERVER, frame);
        uint32_t enough = udp ? headers - 2 : headers - 6;
        for (uint32_t kept = 0; kept <= headers; kept++) {
            struct segment s;
            uint8_t *exact = malloc(kept ? kept : 1);
            memcpy(exact, frame, kept);
            ck_assert_int_eq(packet_decode(layers[_i].link, exact, kept, headers + 77, &s),
                             kept < enough ? PACKET_CUT : udp ? PACKET_UDP : PACKET_TCP);
            free(exact);
        }
    }
}
END_TEST

START_TEST(decoder_survives_any_bytes)
{
    uint8_t frame[FRAME_MAX];
    srandom(4711);
    for (int round = 0; round < 10000; round++) {
        struct segment sample = sample_on(&layers[_i], round & 1);
        uint32_t headers = script_frame(&layers[_i], &sample, MAC_SERVER, frame);
        for (int change = 0; change < 1 + round % 5; change++)
            frame[(uint32_t)random() % headers] = (uint8_t)random();
        uint32_t kept = (uint32_t)random() % (headers + 1);
        uint8_t *exact = malloc(kept ? kept : 1);
        memcpy(exact, frame, kept);
        struct segment s;
        enum packet_kind kind = packet_decode(layers[_i].link, exact, kept, (uint32_t)random() % 200, &s);
        ck_assert(kind < PACKET_KINDS);
        ck_assert((kind != PACKET_TCP && kind != PACKET_UDP) || s.length <= 65535);
        free(exact);
    }
}
END_TEST

START_TEST(addresses_are_read_and_written)
{
    static const char *const good[] = { "10.1.9.1", "255.255.255.255", "2001:db8::1", "fe80::1:2:3:4", "::1" };
    static const char *const bad[] = { "", "10.1.9", "10.1.9.256", "2001:db8", ":::", "host" };
    struct address a;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert(address_parse(good[i], &a));
        ck_assert_str_eq(address_text(a).s, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert(!address_parse(bad[i], &a));
    static const char *const no_flow[] = { "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1", "255.255.255.255", "::", "ff02::1" };
    for (size_t i = 0; i < sizeof no_flow / sizeof no_flow[0]; i++) {
        ck_assert(address_parse(no_flow[i], &a));
        ck_assert_msg(!address_is_unicast(a), "%s", no_flow[i]);
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
    ck_assert(flow_table_init(&s->table, &(struct flow_options){ 0 }));
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

/* --- what else is told of a capture ---------------------------------------------------------------------------------- */

/* A table that is fed by hand. */
struct feed {
    struct flow_table table;
    struct packet_ref at;
};

static void feed_begin(struct feed *f, uint64_t memory)
{
    memset(f, 0, sizeof *f);
    f->at.ns = 1000000000;
    ck_assert(flow_table_init(&f->table, &(struct flow_options){ .memory = memory }));
}

static void feed_segment(struct feed *f, bool from_server, unsigned image, uint16_t port, uint32_t seq, uint32_t ack,
                         uint8_t flags)
{
    struct segment s = { .sender = MAC_IMAGE(image), .source = DVIPA, .destination = SERVER, .source_port = port,
                         .destination_port = 80, .seq = seq, .ack = ack, .flags = flags };
    if (from_server)
        s = (struct segment){ .sender = MAC_SERVER, .source = SERVER, .destination = DVIPA, .source_port = 80,
                              .destination_port = port, .seq = seq, .ack = ack, .flags = flags };
    f->at.number++;
    f->at.ns += 1000;
    ck_assert(flow_table_add(&f->table, &s, &f->at));
}

/* A whole connection with no data; who closes first. */
static void feed_connection(struct feed *f, unsigned image, uint16_t port, bool server_closes)
{
    feed_segment(f, false, image, port, 100, 0, TCP_SYN);
    feed_segment(f, true, image, port, 500, 101, TCP_SYN | TCP_ACK);
    feed_segment(f, false, image, port, 101, 501, TCP_ACK);
    if (server_closes) {
        feed_segment(f, true, image, port, 501, 101, TCP_FIN | TCP_ACK);
        feed_segment(f, false, image, port, 101, 502, TCP_FIN | TCP_ACK);
        feed_segment(f, true, image, port, 502, 102, TCP_ACK);
    } else {
        feed_segment(f, false, image, port, 101, 501, TCP_FIN | TCP_ACK);
        feed_segment(f, true, image, port, 501, 102, TCP_FIN | TCP_ACK);
        feed_segment(f, false, image, port, 102, 502, TCP_ACK);
    }
}

/* Four tuples are used again one second later; each SYN fares differently. A fifth is used again after TIME_WAIT. */
START_TEST(reuse_in_time_wait_tells_what_became_of_it)
{
    static struct feed f;
    feed_begin(&f, 0);
    for (uint16_t port = 2000; port < 2005; port++)
        feed_connection(&f, 1, port, port < 2003);
    f.at.ns += 1000000000;
    for (uint16_t port = 2000; port < 2004; port++)
        feed_segment(&f, false, 2, port, 9000, 0, TCP_SYN);
    feed_segment(&f, true, 2, 2000, 7000, 9001, TCP_SYN | TCP_ACK);
    feed_segment(&f, true, 2, 2001, 501, 102, TCP_ACK);
    feed_segment(&f, true, 2, 2002, 0, 9001, TCP_RST | TCP_ACK);
    f.at.ns += 60000000000;
    feed_connection(&f, 2, 2004, false);
    const struct reuse *r = &f.table.reuse;
    ck_assert_uint_eq(r->count, 5);
    ck_assert_uint_eq(r->by_other, 5);
    ck_assert_uint_eq(r->early, 4);
    ck_assert_uint_eq(r->early_peer_waits, 3);
    ck_assert_uint_eq(r->accepted, 1);
    ck_assert_uint_eq(r->challenged, 1);
    ck_assert_uint_eq(r->refused, 1);
    ck_assert_uint_eq(f.table.total.reuse_distances[4], 4);        /* 1 to 10 s */
    ck_assert_uint_eq(f.table.total.reuse_distances[6], 1);        /* 1 to 10 minutes */
    ck_assert_uint_eq(f.table.collision_count, 0);
    flow_table_free(&f.table);
}
END_TEST

/* What an image had open when it died, another may open; what it opened in its next life, not. */
START_TEST(what_a_dead_image_had_open_is_free)
{
    static struct feed f;
    const struct flow_death death = { MAC_IMAGE(1), 2000000000, INT64_MAX };
    feed_begin(&f, 0);
    f.table.options.deaths = &death;
    f.table.options.death_count = (size_t)_i;
    for (uint16_t port = 2000; port < 2003; port++)
        feed_segment(&f, false, port == 2002 ? 3 : 1, port, 100, 0, TCP_SYN);
    f.at.ns = 3000000000;
    feed_segment(&f, false, 2, 2000, 9000, 0, TCP_SYN);         /* of the dead one */
    ck_assert_uint_eq(f.table.collision_count, !_i);
    feed_segment(&f, false, 1, 2001, 200, 0, TCP_SYN);          /* its next life */
    feed_segment(&f, false, 2, 2001, 9000, 0, TCP_SYN);
    feed_segment(&f, false, 2, 2002, 9000, 0, TCP_SYN);         /* another one's */
    ck_assert_uint_eq(f.table.collision_count, !_i + 2);
    flow_table_free(&f.table);
}
END_TEST

/* Image 1 dies with a connection; image 2 gets its port; image 1 is back. */
START_TEST(dead_images_are_silent)
{
    char path[128];
    snprintf(path, sizeof path, "%s/dead.pcap", folder);
    const char *files[] = { path };
    struct script s;
    ck_assert(script_begin(&s, path));
    int64_t began = s.us * 1000;
    struct talk one = script_syn(&s, 1, 2000, 100);
    script_accept(&s, &one);
    int64_t died = s.us * 1000;
    s.us += 1000;
    struct talk two = script_syn(&s, 2, 2000, 5000);
    script_accept(&s, &two);
    script_close(&s, &two);
    int64_t back = s.us * 1000;
    struct talk again = script_syn(&s, 1, 2001, 100);
    script_accept(&s, &again);
    script_end(&s);

    const struct { int64_t ns, back_ns; enum verdict verdict; uint64_t collisions, late; } cases[] = {
        { died, back, VERDICT_UNIQUE, 0, 0 },                   /* as it was */
        { died, INT64_MAX, VERDICT_VIOLATED, 0, 2 },            /* it should not have come back: its SYN and its ACK */
        { died + 3600000000000, INT64_MAX, VERDICT_VIOLATED, 1, 0 },    /* it died after that */
        { began - 1, back, VERDICT_VIOLATED, 1, 2 },        /* it was dead when it opened what collides */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct flow_death death = { MAC_IMAGE(1), cases[i].ns, cases[i].back_ns };
        const struct flow_options options = { .deaths = &death, .death_count = 1 };
        static struct tuplecheck t;
        tuplecheck_files(&t, files, 1, &options);
        ck_assert_int_eq(tuplecheck_verdict(&t), cases[i].verdict);
        ck_assert_uint_eq(t.flows.collision_count, cases[i].collisions);
        ck_assert_uint_eq(t.late, cases[i].late);
        if (cases[i].late)
            ck_assert_uint_eq(t.late_sender, MAC_IMAGE(1));
        tuplecheck_free(&t);
    }
    unlink(path);
}
END_TEST

START_TEST(storm_after_a_collision_is_counted)
{
    static struct feed f;
    feed_begin(&f, 0);
    feed_segment(&f, false, 1, 2000, 100, 0, TCP_SYN);
    feed_segment(&f, true, 1, 2000, 500, 101, TCP_SYN | TCP_ACK);
    feed_segment(&f, false, 1, 2001, 100, 0, TCP_SYN);
    feed_segment(&f, true, 1, 2001, 0, 101, TCP_RST | TCP_ACK);     /* no collision: not of a storm */
    for (int i = 0; i < 20; i++) {
        feed_segment(&f, false, 2, 2000, 70000, 0, TCP_SYN);
        feed_segment(&f, true, 2, 2000, 501, 101, TCP_ACK);
        feed_segment(&f, false, 2, 2000, 101, 0, TCP_RST);
    }
    ck_assert_uint_eq(f.table.collision_count, 1);
    ck_assert_uint_eq(f.table.total.challenge_acks, 20);
    ck_assert_uint_eq(f.table.storm.segments, 40);
    ck_assert_uint_eq(f.table.storm.tuples, 1);
    ck_assert_uint_eq(f.table.storm.most, 40);
    ck_assert_uint_eq(f.table.storm.tuple.port, 2000);
    flow_table_free(&f.table);
}
END_TEST

/* Three days of short connections, 1,000 an hour but for a busy minute each hour, in 4 MiB; a collision at the end is found, and
 * one whose holder opened three days ago. */
START_TEST(days_are_judged_in_bounded_memory)
{
    enum { MEMORY = 4 << 20, HOURS = 72, AN_HOUR = 1000 };
    static struct feed f;
    feed_begin(&f, MEMORY);
    feed_segment(&f, false, 1, 1024, 100, 0, TCP_SYN);
    feed_segment(&f, true, 1, 1024, 500, 101, TCP_SYN | TCP_ACK);
    for (unsigned i = 0; i < HOURS * AN_HOUR; i++) {
        f.at.ns += 3600000000000 / AN_HOUR;
        feed_connection(&f, i % 5 + 1, (uint16_t)(2000 + i % 60000), i & 1);
        if (i % 60 == 0)
            feed_segment(&f, false, 1, 1024, 101, 501, TCP_ACK);
    }
    feed_segment(&f, false, 2, 1024, 70000, 0, TCP_SYN);
    ck_assert_uint_eq(f.table.collision_count, 1);
    ck_assert_uint_eq(f.table.total.opened, HOURS * AN_HOUR + 2);
    ck_assert_uint_eq(f.table.total.completed, HOURS * AN_HOUR);
    ck_assert_uint_gt(f.table.forgotten, HOURS * AN_HOUR / 2);
    ck_assert_uint_le(f.table.tuple_slots * 80 + f.table.opening_slots * 64, MEMORY);
    flow_table_free(&f.table);
}
END_TEST

/* More open connections than the memory can hold: it says so, and what it has is intact. */
START_TEST(memory_too_small_is_told)
{
    static struct feed f;
    struct segment s = { .sender = MAC_IMAGE(1), .source = DVIPA, .destination = SERVER, .destination_port = 80, .flags = TCP_SYN };
    unsigned fed = 0;
    feed_begin(&f, 1 << 20);
    do {
        s.source_port = (uint16_t)(1024 + fed);
        f.at.number++;
    } while (flow_table_add(&f.table, &s, &f.at) && ++fed < 60000);
    ck_assert_uint_lt(fed, 60000);
    ck_assert_uint_gt(fed, 1000);
    ck_assert_uint_eq(f.table.total.open, fed);
    flow_table_free(&f.table);
}
END_TEST

/* The ports of a stack that counts up, of one that draws blocks of 64 and shuffles each, of one that draws each. */
START_TEST(port_sequences_are_told_apart)
{
    static struct tally up, blocks, drawn, few;
    srandom(99);
    for (unsigned i = 0; i < 20000; i++) {
        tally_opened(&up, (uint16_t)(20000 + i), true);
        tally_opened(&blocks, (uint16_t)(1024 + i / 64 * 37 % 1000 * 64 + random() % 64), true);
        tally_opened(&drawn, (uint16_t)(1024 + random() % 64512), true);
    }
    for (unsigned i = 0; i < 50; i++)
        tally_opened(&few, (uint16_t)i, true);
    ck_assert_int_eq(tally_predictability(&up), PORTS_SEQUENTIAL);
    ck_assert_int_eq(tally_predictability(&blocks), PORTS_PARTLY_PREDICTABLE);
    ck_assert_int_eq(tally_predictability(&drawn), PORTS_RANDOM);
    ck_assert_int_eq(tally_predictability(&few), PORTS_TOO_FEW);
}
END_TEST

/* What is written is read again the same: names, a death with and without a next life. */
START_TEST(roster_is_read_as_it_was_written)
{
    char path[128];
    static struct roster r, again;
    const struct flow_death deaths[] = { { MAC_IMAGE(1), 1763887812345678901, 1763887813000000001 }, { MAC_IMAGE(2), 5, INT64_MAX } };
    snprintf(path, sizeof path, "%s/roster", folder);
    ck_assert(roster_add_image(&r, MAC_IMAGE(1), "MVS1") && roster_add_image(&r, MAC_IMAGE(2), "MVS2"));
    ck_assert(roster_add_death(&r, &deaths[0]) && roster_add_death(&r, &deaths[1]));
    FILE *out = fopen(path, "w");
    roster_write(&r, out);
    fclose(out);
    ck_assert_int_eq(roster_read(&again, path), 0);
    ck_assert_uint_eq(again.image_count, 2);
    ck_assert_str_eq(roster_name(&again, MAC_IMAGE(2)), "MVS2");
    ck_assert_ptr_null(roster_name(&again, MAC_IMAGE(3)));
    ck_assert_uint_eq(again.death_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(again.deaths[i].sender, deaths[i].sender);
        ck_assert_int_eq(again.deaths[i].ns, deaths[i].ns);
        ck_assert_int_eq(again.deaths[i].back_ns, deaths[i].back_ns);
    }
    roster_free(&r);
    roster_free(&again);
    unlink(path);
}
END_TEST

static unsigned occurrences(const char *text, const char *what)
{
    unsigned count = 0;
    while ((text = strstr(text, what)) && ++count)
        text++;
    return count;
}

/* A point an opening while the capture is short, none lost to another column when it becomes long. */
START_TEST(plot_shows_each_image_and_collision)
{
    char path[128], *text;
    size_t size;
    snprintf(path, sizeof path, "%s/plot.pcap", folder);
    ck_assert_int_eq(golden_write(find_golden("collision"), path), 0);
    const char *files[] = { path };
    static struct tuplecheck t;
    tuplecheck_files(&t, files, 1, NULL);
    static struct roster roster;
    ck_assert(roster_add_image(&roster, MAC_IMAGE(1), "MVS1"));
    t.roster = &roster;
    FILE *out = open_memstream(&text, &size);
    plot_svg(&t.flows, tuplecheck_sender, &t, out);
    fclose(out);
    ck_assert_uint_eq(occurrences(text, "<path"), 2);
    ck_assert_uint_eq(occurrences(text, "<circle"), 1);
    ck_assert_ptr_nonnull(strstr(text, "MVS1"));                 /* the legend: by MAC address, with names where there are */
    ck_assert(strstr(text, "MVS1") < strstr(text, "02:00:00:00:00:02"));
    ck_assert_ptr_nonnull(strstr(text, "</svg>"));
    free(text);
    tuplecheck_free(&t);
    roster_free(&roster);
    unlink(path);

    static struct plot p;
    for (unsigned i = 0; i < 10; i++)
        plot_opening(&p, i * 86400000000000, (uint16_t)(i * 1000), i);
    unsigned points = 0;
    for (unsigned row = 0; row < PLOT_ROWS; row++)
        for (unsigned column = 0; column < PLOT_COLUMNS; column++)
            points += p.cells[row][column] != PLOT_EMPTY;
    ck_assert_uint_eq(points, 10);
}
END_TEST

/* --- another reader of the same file ------------------------------------------------------------------------------------ */

struct conversations {
    uint64_t count, frames;
};

/* What tshark finds in a capture: its table of TCP conversations, a line each: A <-> B, then frames and bytes of each
 * direction and in all. */
static struct conversations tshark_conversations(const char *path)
{
    char command[256], line[512];
    struct conversations c = { 0 };
    snprintf(command, sizeof command, "tshark -n -q -z conv,tcp -r %s 2>/dev/null", path);
    FILE *in = popen(command, "r");
    ck_assert_ptr_nonnull(in);
    while (fgets(line, sizeof line, in)) {
        unsigned long frames[2];
        char bytes[2][32], unit[2][16];
        const char *ends = strstr(line, "<->");
        if (ends && sscanf(ends + 3, "%*s %lu %31s %15s %lu %31s %15s", &frames[0], bytes[0], unit[0], &frames[1], bytes[1],
                           unit[1]) == 6) {
            c.count++;
            c.frames += frames[0] + frames[1];
        }
    }
    ck_assert_int_eq(pclose(in), 0);
    return c;
}

/* 400 connections of five images, some at once, some on a tuple used before, among datagrams. */
static void write_busy_capture(const char *path)
{
    struct script s;
    struct talk talks[8];
    ck_assert(script_begin(&s, path));
    srandom(5);
    for (unsigned i = 0; i < 400; i++) {
        struct talk *t = &talks[i % 8];
        if (i >= 8) {
            script_ask(&s, t);
            script_close(&s, t);
        }
        *t = script_syn(&s, i % 5 + 1, (uint16_t)(1024 + i % 300), (uint32_t)random());
        script_accept(&s, t);
        image_datagram(&s, t);
    }
    script_end(&s);
}

START_TEST(tshark_finds_the_same_conversations)
{
    char path[128];
    static struct tuplecheck t;
    static const char *const stories[] = { "clean", "resets", "vlan", "cooked", "cooked-2", "ipv6", "raw", NULL };
    for (int i = 0; i == 0 || stories[i - 1]; i++) {
        snprintf(path, sizeof path, "%s/tshark%d.pcap", folder, i);
        if (stories[i])
            ck_assert_int_eq(golden_write(find_golden(stories[i]), path), 0);
        else
            write_busy_capture(path);
        const char *files[] = { path };
        tuplecheck_files(&t, files, 1, NULL);
        struct conversations seen = tshark_conversations(path);
        ck_assert_uint_eq(seen.count, t.flows.total.opened);
        ck_assert_uint_eq(seen.frames, t.kinds[PACKET_TCP]);
        tuplecheck_free(&t);
        unlink(path);
    }
}
END_TEST

/* More senders than tallies are kept for: none is lost from the sums. */
START_TEST(a_flood_of_senders_is_counted_together)
{
    struct flow_table t;
    struct packet_ref at = { .number = 1 };
    ck_assert(flow_table_init(&t, &(struct flow_options){ 0 }));
    for (uint32_t i = 0; i < 5000; i++) {
        struct segment s = { .sender = 0x100000 + i, .source = address_v4(0x0b000000 + i), .destination = SERVER, .source_port = 1000,
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
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, golden_capture_is_judged_exactly, 0, (int)golden_count);
    tcase_add_loop_test(c, golden_capture_is_judged_the_same_with_its_dvipa_given, 0, (int)golden_count);
    tcase_add_test(c, collision_names_both_packets);
    tcase_add_test(c, reuse_tells_its_shortest_distance);
    tcase_add_test(c, json_says_what_the_text_says);
    tcase_add_test(c, several_files_are_one_capture_in_order_of_time);
    tcase_add_test(c, other_addresses_are_left_out);
    tcase_add_loop_test(c, decoder_reads_back_what_was_written, 0, LAYERS);
    tcase_add_loop_test(c, decoder_of_a_cut_packet_says_cut, 0, LAYERS);
    tcase_add_loop_test(c, decoder_survives_any_bytes, 0, LAYERS);
    tcase_add_loop_test(c, schedule_without_collisions_shows_none, 1, 6);
    tcase_add_loop_test(c, schedule_with_planted_collisions_shows_each, 1, 16);
    tcase_add_test(c, addresses_are_read_and_written);
    tcase_add_test(c, reuse_in_time_wait_tells_what_became_of_it);
    tcase_add_loop_test(c, what_a_dead_image_had_open_is_free, 0, 2);
    tcase_add_test(c, dead_images_are_silent);
    tcase_add_test(c, storm_after_a_collision_is_counted);
    tcase_add_test(c, days_are_judged_in_bounded_memory);
    tcase_add_test(c, memory_too_small_is_told);
    tcase_add_test(c, port_sequences_are_told_apart);
    tcase_add_test(c, roster_is_read_as_it_was_written);
    tcase_add_test(c, plot_shows_each_image_and_collision);
    tcase_add_test(c, tshark_finds_the_same_conversations);
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
