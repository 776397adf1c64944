/* What the judge found, for people and for programs. */
#include "tools/tuplecheck/tuplecheck.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>

#define RED "\033[1;31m"
#define GREEN "\033[1;32m"
#define YELLOW "\033[1;33m"
#define PLAIN "\033[0m"

struct text {
    char s[64];
};

static struct text mac_text(uint64_t mac)
{
    struct text t;
    snprintf(t.s, sizeof t.s, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)(mac >> 40 & 0xff), (unsigned)(mac >> 32 & 0xff),
             (unsigned)(mac >> 24 & 0xff), (unsigned)(mac >> 16 & 0xff), (unsigned)(mac >> 8 & 0xff),
             (unsigned)(mac & 0xff));
    return t;
}

static struct text address_text(uint64_t address)
{
    struct text t;
    struct in_addr in = { htonl((uint32_t)address) };
    inet_ntop(AF_INET, &in, t.s, sizeof t.s);
    return t;
}

static struct text tuple_text(const struct tuple_id *u)
{
    struct text t;
    snprintf(t.s, sizeof t.s, "%.15s:%u > %.15s:%u", address_text(u->address).s, u->port, address_text(u->peer).s,
             u->peer_port);
    return t;
}

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

/* Tallies in order of their keys, "others" last. Returns how many. */
static uint32_t sorted(const struct tally_table *table, const struct tally *out[TALLIES_MAX])
{
    uint32_t count = 0;
    if (!table->count)
        return 0;
    for (uint32_t i = 1; i < table->count; i++) {
        uint32_t at = count++;
        for (; at > 0 && out[at - 1]->key > table->tallies[i]->key; at--)
            out[at] = out[at - 1];
        out[at] = table->tallies[i];
    }
    if (table->tallies[TALLY_OTHERS]->opened || table->tallies[TALLY_OTHERS]->foreign)
        out[count++] = table->tallies[TALLY_OTHERS];
    return count;
}

/* --- text ------------------------------------------------------------------------------------------------------ */

static void print_tallies(const struct tally_table *table, FILE *out, const char *title, struct text (*name)(uint64_t))
{
    const struct tally *tallies[TALLIES_MAX];
    uint32_t count = sorted(table, tallies);
    fprintf(out, "\n%-18s %9s %9s %8s %8s %8s %9s %7s\n", title, "opened", "completed", "refused", "reset", "open",
            "peak open", "ports");
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = tallies[i];
        fprintf(out, "%-18s %9" PRIu64 " %9" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64 " %7" PRIu32 "\n",
                t == table->tallies[TALLY_OTHERS] ? "others" : name(t->key).s, t->opened, t->completed, t->refused,
                t->reset, t->open, t->open_peak, t->ports);
    }
}

static void print_collisions(const struct tuplecheck *t, FILE *out, unsigned shown)
{
    const struct flow_table *f = &t->flows;
    uint64_t known = f->collision_count < COLLISIONS_KEPT_MAX ? f->collision_count : COLLISIONS_KEPT_MAX;
    uint64_t count = known < shown ? known : shown;
    for (uint64_t i = 0; i < count; i++) {
        const struct collision *c = &f->collisions[i];
        fprintf(out, "  %s  opened by %s at %.6f s (packet %" PRIu64 "), again by %s at %.6f s (packet %" PRIu64 ")\n",
                tuple_text(&c->tuple).s, mac_text(c->first_sender).s, seconds(c->first.ns - t->first_ns),
                c->first.number, mac_text(c->second_sender).s, seconds(c->second.ns - t->first_ns), c->second.number);
    }
    if (f->collision_count > count)
        fprintf(out, "  and %" PRIu64 " more\n", f->collision_count - count);
}

static void print_rest(const struct tuplecheck *t, FILE *out)
{
    const struct tally *all = &t->flows.total;
    const struct reuse *r = &t->flows.reuse;
    if (r->count)
        fprintf(out, "reuse of a 4-tuple: %" PRIu64 " times, %" PRIu64 " of them by another image; shortest distance "
                "%.6f s, %s, packets %" PRIu64 " and %" PRIu64 "\n", r->count, r->by_other, seconds(r->shortest_ns),
                tuple_text(&r->tuple).s, r->ended.number, r->opened.number);
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
    fprintf(out, "%" PRIu64 " packets in %.3f s: %" PRIu64 " TCP, %" PRIu64 " other, %" PRIu64 " later fragments, %" PRIu64
            " malformed, %" PRIu64 " cut off\n", t->packets, seconds(t->last_ns - t->first_ns), kinds[PACKET_TCP],
            kinds[PACKET_OTHER], kinds[PACKET_FRAGMENT], kinds[PACKET_MALFORMED], kinds[PACKET_CUT]);
    if (t->flows.total.opened) {
        print_tallies(&t->flows.senders, out, "image", mac_text);
        print_tallies(&t->flows.sources, out, "address", address_text);
        fprintf(out, "\n");
        print_rest(t, out);
    }
    struct print_line p = { out, colour ? YELLOW "doubt: " : "doubt: ", colour ? PLAIN : "" };
    tuplecheck_doubts(t, print_doubt, &p);

    const char *end = colour ? PLAIN : "";
    switch (tuplecheck_verdict(t)) {
    case VERDICT_UNIQUE:
        fprintf(out, "%sunique: no 4-tuple was ever open from two images at once%s\n", colour ? GREEN : "", end);
        break;
    case VERDICT_COLLISION:
        fprintf(out, "%scollisions: %" PRIu64 "%s\n", colour ? RED : "", t->flows.collision_count, end);
        print_collisions(t, out, shown);
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

static void add_tallies(cJSON *object, const char *name, const struct tally_table *table, const char *key,
                        struct text (*text)(uint64_t))
{
    const struct tally *tallies[TALLIES_MAX];
    uint32_t count = sorted(table, tallies);
    cJSON *array = cJSON_AddArrayToObject(object, name);
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = tallies[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToArray(array, o);
        cJSON_AddStringToObject(o, key, t == table->tallies[TALLY_OTHERS] ? "others" : text(t->key).s);
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
        cJSON_AddStringToObject(o, "first_image", mac_text(c->first_sender).s);
        add_ref(o, "first", t, &c->first);
        cJSON_AddStringToObject(o, "second_image", mac_text(c->second_sender).s);
        add_ref(o, "second", t, &c->second);
    }
}

static void add_reuse(cJSON *object, const struct tuplecheck *t)
{
    const struct reuse *r = &t->flows.reuse;
    cJSON *o = cJSON_AddObjectToObject(object, "reuse");
    number(o, "count", r->count);
    number(o, "by_other_image", r->by_other);
    if (r->count) {
        cJSON_AddNumberToObject(o, "shortest_seconds", seconds(r->shortest_ns));
        cJSON_AddStringToObject(o, "tuple", tuple_text(&r->tuple).s);
        add_ref(o, "ended", t, &r->ended);
        add_ref(o, "opened", t, &r->opened);
    }
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
    number(o, "other", t->kinds[PACKET_OTHER]);
    number(o, "fragments", t->kinds[PACKET_FRAGMENT]);
    number(o, "malformed", t->kinds[PACKET_MALFORMED]);
    number(o, "cut_off", t->kinds[PACKET_CUT]);
    number(o, "unopened_segments", t->flows.unopened);
    cJSON_AddNumberToObject(o, "seconds", seconds(t->last_ns - t->first_ns));
    number(o, "opened", t->flows.total.opened);
    number(o, "completed", t->flows.total.completed);
    number(o, "peak_open", t->flows.total.open_peak);
    number(o, "ports", t->flows.total.ports);
    number(o, "collisions", t->flows.collision_count);
    add_tallies(o, "images", &t->flows.senders, "mac", mac_text);
    add_tallies(o, "addresses", &t->flows.sources, "address", address_text);
    add_reuse(o, t);
    add_collisions(o, t, shown);
    return o;
}
