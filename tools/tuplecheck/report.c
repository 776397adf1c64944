/* What the judge found, for people and for programs. */
#include "tools/tuplecheck/tuplecheck.h"

#include <inttypes.h>
#include <stdlib.h>

#define RED "\033[1;31m"
#define GREEN "\033[1;32m"
#define YELLOW "\033[1;33m"
#define PLAIN "\033[0m"

struct text {
    char s[72];
};

static struct text sender_text(const struct tuplecheck *t, struct address key)
{
    struct text text;
    snprintf(text.s, sizeof text.s, "%s", tuplecheck_sender((void *)(uintptr_t)t, key.low).s);
    return text;
}

static struct text source_text(const struct tuplecheck *t, struct address key)
{
    struct text text;
    (void)t;
    snprintf(text.s, sizeof text.s, "%s", address_text(key).s);
    return text;
}

/* An IPv6 address beside a port stands in brackets (RFC 3986). */
static struct text endpoint_text(struct address a, uint16_t port)
{
    struct text t;
    snprintf(t.s, sizeof t.s, address_is_v4(a) ? "%s:%u" : "[%s]:%u", address_text(a).s, port);
    return t;
}

struct tuple_text {
    char s[160];
};

static struct tuple_text tuple_text(const struct tuple_id *u)
{
    struct tuple_text t;
    snprintf(t.s, sizeof t.s, "%s > %s%s", endpoint_text(u->address, u->port).s, endpoint_text(u->peer, u->peer_port).s,
             u->udp ? " (UDP)" : "");
    return t;
}

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

/* Tallies in order of their keys, "others" last if there are any. Returns how many. */
static uint32_t sorted(const struct tally_table *table, const struct tally *out[TALLIES_MAX])
{
    uint32_t order[TALLIES_MAX], count = tally_order(table, order);
    for (uint32_t i = 0; i < count; i++)
        out[i] = table->tallies[order[i]];
    const struct tally *others = count ? out[count - 1] : NULL;
    return others && !others->opened && !others->udp_flows && !others->foreign ? count - 1 : count;
}

/* --- text ------------------------------------------------------------------------------------------------------ */

typedef struct text key_text(const struct tuplecheck *t, struct address key);

static void print_tallies(const struct tuplecheck *check, const struct tally_table *table, FILE *out, const char *title,
                          key_text *name)
{
    const struct tally *tallies[TALLIES_MAX];
    uint32_t count = sorted(table, tallies);
    bool udp = check->flows.total.udp_flows;
    fprintf(out, "\n%-18s %9s %9s %8s %8s %8s %9s %7s%s\n", title, "opened", "completed", "refused", "reset", "open",
            "peak open", "ports", udp ? " UDP flows" : "");
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = tallies[i];
        fprintf(out, "%-18s %9" PRIu64 " %9" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64 " %7" PRIu32,
                t == table->tallies[TALLY_OTHERS] ? "others" : name(check, t->key).s, t->opened, t->completed, t->refused,
                t->reset, t->open, t->open_peak, t->ports);
        if (udp)
            fprintf(out, " %9" PRIu64, t->udp_flows);
        fprintf(out, "\n");
    }
}

static const char *const predictability_names[] = {
    [PORTS_TOO_FEW] = "too few to tell", [PORTS_RANDOM] = "not predictable",
    [PORTS_PARTLY_PREDICTABLE] = "partly predictable", [PORTS_SEQUENTIAL] = "sequential",
};

/* Can a third party guess the next port of this address from the last one? */
static void print_predictability(const struct tuplecheck *t, FILE *out)
{
    const struct tally *tallies[TALLIES_MAX];
    uint32_t count = sorted(&t->flows.sources, tallies);
    for (uint32_t i = 0; i < count; i++) {
        enum predictability p = tally_predictability(tallies[i]);
        if (p != PORTS_TOO_FEW && tallies[i] != t->flows.sources.tallies[TALLY_OTHERS])
            fprintf(out, "next port of %s within %d of the last: %.2f %% of the time, by chance %.2f %%: %s\n",
                    address_text(tallies[i]->key).s, TALLY_NEAR, 100 * tally_near(tallies[i]),
                    100 * tally_near_random(tallies[i]), predictability_names[p]);
    }
}

void tuplecheck_collision(const struct tuplecheck *t, const struct collision *c, FILE *out)
{
    fprintf(out, "%s  opened by %s at %.6f s (packet %" PRIu64 "), again by %s at %.6f s (packet %" PRIu64 ")",
            tuple_text(&c->tuple).s, sender_text(t, (struct address){ .low = c->first_sender }).s,
            seconds(c->first.ns - t->first_ns), c->first.number,
            sender_text(t, (struct address){ .low = c->second_sender }).s, seconds(c->second.ns - t->first_ns),
            c->second.number);
}

static void print_collisions(const struct tuplecheck *t, FILE *out, unsigned shown)
{
    const struct flow_table *f = &t->flows;
    uint64_t known = f->collision_count < COLLISIONS_KEPT_MAX ? f->collision_count : COLLISIONS_KEPT_MAX;
    uint64_t count = known < shown ? known : shown;
    for (uint64_t i = 0; i < count; i++) {
        fprintf(out, "  ");
        tuplecheck_collision(t, &f->collisions[i], out);
        fprintf(out, "\n");
    }
    if (f->collision_count > count)
        fprintf(out, "  and %" PRIu64 " more\n", f->collision_count - count);
    if (f->storm.segments)
        fprintf(out, "after collisions: %" PRIu64 " RSTs and challenge ACKs; %" PRIu64 " 4-tuples with %d or more of them, at "
                "most %" PRIu32 " on %s\n", f->storm.segments, f->storm.tuples, FLOW_STORM, f->storm.most,
                tuple_text(&f->storm.tuple).s);
}

static void print_distances(const struct tally *all, FILE *out)
{
    static const char *const names[TALLY_DISTANCES] = { "1 ms", "10 ms", "0.1 s", "1 s", "10 s", "60 s", "10 min", "more" };
    fprintf(out, "distance of reuse below");
    for (unsigned i = 0; i < TALLY_DISTANCES; i++)
        fprintf(out, "%s %s: %" PRIu64, i ? "," : "", names[i], all->reuse_distances[i]);
    fprintf(out, "\n");
}

static void print_rest(const struct tuplecheck *t, FILE *out)
{
    const struct tally *all = &t->flows.total;
    const struct reuse *r = &t->flows.reuse;
    if (r->count)
        fprintf(out, "reuse of a 4-tuple: %" PRIu64 " times, %" PRIu64 " of them by another image; shortest distance "
                "%.6f s, %s, packets %" PRIu64 " and %" PRIu64 "\n", r->count, r->by_other, seconds(r->shortest_ns),
                tuple_text(&r->tuple).s, r->ended.number, r->opened.number);
    if (r->count)
        print_distances(all, out);
    if (r->early)
        fprintf(out, "reuse within %d s: %" PRIu64 " times, in %" PRIu64 " of them the peer was in TIME_WAIT; accepted %" PRIu64
                ", challenged %" PRIu64 ", refused %" PRIu64 ", not answered %" PRIu64 "\n", FLOW_TIME_WAIT_S, r->early,
                r->early_peer_waits, r->accepted, r->challenged, r->refused,
                r->early - r->accepted - r->challenged - r->refused);
    if (all->syns_repeated || all->challenge_acks || all->foreign || all->abandoned)
        fprintf(out, "SYNs repeated: %" PRIu64 "; SYNs answered by a challenge ACK: %" PRIu64 "; segments on a 4-tuple of "
                "another image: %" PRIu64 "; connections abandoned: %" PRIu64 "\n", all->syns_repeated,
                all->challenge_acks, all->foreign, all->abandoned);
    if (t->flows.unopened)
        fprintf(out, "segments of connections opened before the capture: %" PRIu64 "\n", t->flows.unopened);
}

struct print_line {
    FILE *out;
    const char *before, *after;
};

static void print_doubt(void *context, const char *text)
{
    const struct print_line *p = context;
    fprintf(p->out, "%s%s%s\n", p->before, text, p->after);
}

void tuplecheck_print(const struct tuplecheck *t, FILE *out, unsigned shown, bool colour)
{
    const uint64_t *kinds = t->kinds;
    fprintf(out, "%" PRIu64 " packets in %.3f s: %" PRIu64 " TCP, %" PRIu64 " UDP, %" PRIu64 " other, %" PRIu64 " later fragments, %" PRIu64
            " malformed, %" PRIu64 " cut off\n", t->packets, seconds(t->last_ns - t->first_ns), kinds[PACKET_TCP],
            kinds[PACKET_UDP], kinds[PACKET_OTHER], kinds[PACKET_FRAGMENT], kinds[PACKET_MALFORMED], kinds[PACKET_CUT]);
    if (t->flows.total.opened || t->flows.total.udp_flows) {
        print_tallies(t, &t->flows.senders, out, "image", sender_text);
        print_tallies(t, &t->flows.sources, out, "address", source_text);
        fprintf(out, "\n");
        print_predictability(t, out);
        print_rest(t, out);
    }
    struct print_line p = { out, colour ? YELLOW "doubt: " : "doubt: ", colour ? PLAIN : "" };
    tuplecheck_doubts(t, print_doubt, &p);

    const char *end = colour ? PLAIN : "";
    switch (tuplecheck_verdict(t)) {
    case VERDICT_UNIQUE:
        fprintf(out, "%sunique: no 4-tuple was ever open from two images at once%s\n", colour ? GREEN : "", end);
        break;
    case VERDICT_VIOLATED:
        fprintf(out, "%scollisions: %" PRIu64 "%s\n", colour ? RED : "", t->flows.collision_count, end);
        print_collisions(t, out, shown);
        if (t->late)
            fprintf(out, "%spackets of dead images: %" PRIu64 "%s, the first by %s at %.6f s, packet %" PRIu64 "\n", colour ? RED : "", t->late,
                    end, tuplecheck_sender((void *)(uintptr_t)t, t->late_sender).s, seconds(t->late_at.ns - t->first_ns), t->late_at.number);
        break;
    case VERDICT_UNKNOWN:
        fprintf(out, "%scannot judge%s\n", colour ? YELLOW : "", end);
        break;
    }
}

/* --- JSON ------------------------------------------------------------------------------------------------------- */

static void number(cJSON *object, const char *name, uint64_t value)
{
    cJSON_AddNumberToObject(object, name, (double)value);
}

static void add_ref(cJSON *object, const char *name, const struct tuplecheck *t, const struct packet_ref *at)
{
    cJSON *ref = cJSON_AddObjectToObject(object, name);
    cJSON_AddStringToObject(ref, "file", t->files[at->file]);
    number(ref, "packet", at->number);
    cJSON_AddNumberToObject(ref, "seconds", seconds(at->ns - t->first_ns));
}

static void add_ports(cJSON *o, const struct tally *t)
{
    cJSON *ports = cJSON_AddObjectToObject(o, "port_sequence");
    cJSON_AddStringToObject(ports, "judged", predictability_names[tally_predictability(t)]);
    number(ports, "steps", t->steps);
    cJSON_AddNumberToObject(ports, "near", tally_near(t));
    cJSON_AddNumberToObject(ports, "near_by_chance", tally_near_random(t));
    cJSON *distances = cJSON_AddArrayToObject(o, "reuse_distances");
    for (unsigned i = 0; i < TALLY_DISTANCES; i++) {
        cJSON *class = cJSON_CreateObject();
        cJSON_AddItemToArray(distances, class);
        if (i < TALLY_DISTANCES - 1)
            cJSON_AddNumberToObject(class, "below_seconds", seconds(tally_distance_bound(i)));
        number(class, "count", t->reuse_distances[i]);
    }
}

static void add_tallies(cJSON *object, const struct tuplecheck *check, const char *name, const struct tally_table *table,
                        const char *key, key_text *text)
{
    const struct tally *tallies[TALLIES_MAX];
    uint32_t count = sorted(table, tallies);
    cJSON *array = cJSON_AddArrayToObject(object, name);
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = tallies[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToArray(array, o);
        cJSON_AddStringToObject(o, key, t == table->tallies[TALLY_OTHERS] ? "others" : text(check, t->key).s);
        number(o, "opened", t->opened);
        number(o, "completed", t->completed);
        number(o, "refused", t->refused);
        number(o, "reset", t->reset);
        number(o, "abandoned", t->abandoned);
        number(o, "open", t->open);
        number(o, "peak_open", t->open_peak);
        number(o, "ports", t->ports);
        number(o, "syns_repeated", t->syns_repeated);
        number(o, "challenge_acks", t->challenge_acks);
        number(o, "foreign_segments", t->foreign);
        number(o, "udp_flows", t->udp_flows);
        add_ports(o, t);
    }
}

static void add_collisions(cJSON *object, const struct tuplecheck *t, unsigned shown)
{
    const struct flow_table *f = &t->flows;
    cJSON *array = cJSON_AddArrayToObject(object, "collision_details");
    for (uint64_t i = 0; i < f->collision_count && i < COLLISIONS_KEPT_MAX && i < shown; i++) {
        const struct collision *c = &f->collisions[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToArray(array, o);
        cJSON_AddStringToObject(o, "tuple", tuple_text(&c->tuple).s);
        cJSON_AddStringToObject(o, "first_image", sender_text(t, (struct address){ .low = c->first_sender }).s);
        add_ref(o, "first", t, &c->first);
        cJSON_AddStringToObject(o, "second_image", sender_text(t, (struct address){ .low = c->second_sender }).s);
        add_ref(o, "second", t, &c->second);
    }
}

static void add_reuse(cJSON *object, const struct tuplecheck *t)
{
    const struct reuse *r = &t->flows.reuse;
    cJSON *o = cJSON_AddObjectToObject(object, "reuse");
    number(o, "count", r->count);
    number(o, "by_other_image", r->by_other);
    number(o, "early", r->early);
    number(o, "early_peer_in_time_wait", r->early_peer_waits);
    number(o, "early_accepted", r->accepted);
    number(o, "early_challenged", r->challenged);
    number(o, "early_refused", r->refused);
    if (r->count) {
        cJSON_AddNumberToObject(o, "shortest_seconds", seconds(r->shortest_ns));
        cJSON_AddStringToObject(o, "tuple", tuple_text(&r->tuple).s);
        add_ref(o, "ended", t, &r->ended);
        add_ref(o, "opened", t, &r->opened);
    }
}

static void add_storm(cJSON *object, const struct tuplecheck *t)
{
    const struct storm *storm = &t->flows.storm;
    cJSON *o = cJSON_AddObjectToObject(object, "after_collisions");
    number(o, "resets_and_challenge_acks", storm->segments);
    number(o, "storms", storm->tuples);
    number(o, "most_on_one_tuple", storm->most);
    if (storm->segments)
        cJSON_AddStringToObject(o, "tuple", tuple_text(&storm->tuple).s);
}

static void add_doubt(void *context, const char *text)
{
    cJSON_AddItemToArray(context, cJSON_CreateString(text));
}

cJSON *tuplecheck_json(const struct tuplecheck *t, unsigned shown)
{
    static const char *const verdicts[] = { "unique", "collision", "unknown" };
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "verdict", verdicts[tuplecheck_verdict(t)]);
    tuplecheck_doubts(t, add_doubt, cJSON_AddArrayToObject(o, "doubts"));
    number(o, "packets", t->packets);
    number(o, "tcp", t->kinds[PACKET_TCP]);
    number(o, "udp", t->kinds[PACKET_UDP]);
    number(o, "other", t->kinds[PACKET_OTHER]);
    number(o, "fragments", t->kinds[PACKET_FRAGMENT]);
    number(o, "malformed", t->kinds[PACKET_MALFORMED]);
    number(o, "cut_off", t->kinds[PACKET_CUT]);
    number(o, "unopened_segments", t->flows.unopened);
    cJSON_AddNumberToObject(o, "seconds", seconds(t->last_ns - t->first_ns));
    number(o, "opened", t->flows.total.opened);
    number(o, "udp_flows", t->flows.total.udp_flows);
    number(o, "forgotten", t->flows.forgotten);
    number(o, "lost", t->lost);
    number(o, "completed", t->flows.total.completed);
    number(o, "peak_open", t->flows.total.open_peak);
    number(o, "ports", t->flows.total.ports);
    number(o, "collisions", t->flows.collision_count);
    number(o, "packets_of_dead_images", t->late);
    add_tallies(o, t, "images", &t->flows.senders, "image", sender_text);
    add_tallies(o, t, "addresses", &t->flows.sources, "address", source_text);
    add_reuse(o, t);
    add_storm(o, t);
    add_collisions(o, t, shown);
    return o;
}
