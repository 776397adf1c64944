/* The reasons why a run is not what it should be are collected first; the verdict is that there are none. */
#include "tools/sysplex/summary.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sysplex/report.h"
#include "tools/sysplex/tell.h"

enum { SHOWN_COLLISIONS = 5 };

__attribute__((format(printf, 2, 3))) static void add_reason(struct reasons *rs, const char *format, ...)
{
    if (rs->count == REASONS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rs->text[rs->count++], sizeof rs->text[0], format, arguments);
    va_end(arguments);
}

static bool is_off(const struct run *r)
{
    return strcmp(r->options->plex.clusterports, "OFF") == 0;
}

struct totals summary_totals(const struct run *r)
{
    struct totals t = { 0 };
    for (unsigned i = 0; i < r->plex.image_count; i++) {
        struct job j = image_job(&r->plex.images[i], NULL);
        t.done += j.done;
        t.answered += j.answered;
        t.failed += j.failed;
        t.peak += j.peak;
        t.ports += j.ports;
    }
    return t;
}

const struct tally *summary_wire(const struct run *r, const struct image *image)
{
    uint64_t mac = system_mac(image->system);
    const struct tally_table *senders = &r->check.flows.senders;
    for (uint32_t i = 1; i < senders->count; i++)
        if (senders->tallies[i]->key.low == mac)
            return senders->tallies[i];
    return NULL;
}

/* --- judgement ----------------------------------------------------------------------------------------------------- */

static void judge_job(const struct job_definition *d, const struct job *j, const char *system, struct reasons *rs)
{
    if (!j->ended)
        add_reason(rs, "%s: its job %s did not end", system, d->name);
    else if (j->answered < d->connections)
        add_reason(rs, "%s: %lu of %lu connections of %s answered", system, j->answered, d->connections, d->name);
    if (j->ended && j->peak < d->hold)
        add_reason(rs, "%s: at most %lu of %s open at once, expected %lu", system, j->peak, d->name, d->hold);
}

static void judge_image(const struct run *r, const struct image *image, struct reasons *rs)
{
    const struct definition *d = &r->plex.definition;
    const char *name = image->system->name;
    const struct tally *wire = summary_wire(r, image);
    struct job all = image_job(image, NULL);
    if (image->state == IMAGE_KILLED)
        return;
    if (image->state != IMAGE_READY) {
        add_reason(rs, "%s: %s during the job", name, image_state_name(image->state));
        return;
    }
    for (unsigned i = 0; i < d->job_count; i++)
        if (image->jobs[i].started)
            judge_job(&d->jobs[i], &image->jobs[i], name, rs);
    if (all.ended && all.answered > (wire ? wire->opened : 0))
        add_reason(rs, "%s: the capture shows %lu connections opened, its jobs count %lu", name, wire ? wire->opened : 0, all.answered);
}

static bool is_source(const struct definition *d, struct in_addr address)
{
    for (unsigned i = 0; i < d->job_count; i++)
        if (d->jobs[i].source.s_addr == address.s_addr)
            return true;
    return false;
}

static void judge_sources(const struct run *r, struct reasons *rs)
{
    const struct tally_table *sources = &r->check.flows.sources;
    for (uint32_t i = 1; i < sources->count; i++) {
        const struct tally *t = sources->tallies[i];
        struct in_addr address = { htonl((uint32_t)t->key.low) };
        if (t->opened && !(address_is_v4(t->key) && is_source(&r->plex.definition, address)))
            add_reason(rs, "%lu connections came from %s", t->opened, address_text(t->key).s);
    }
}

static void judge_capture(const struct run *r, struct reasons *rs)
{
    if (!r->capture_complete)
        add_reason(rs, "the capture did not end well");
    if (r->captured.dropped)
        add_reason(rs, "the capture lost %lu packets", r->captured.dropped);
    if (tuplecheck_verdict(&r->check) == VERDICT_UNKNOWN)
        add_reason(rs, "the capture allows no verdict");
}

/* Who fails is removed. That its ports are recovered is told by a message only if they were not when somebody asked for them. */
static void judge_incident(const struct incident *i, struct reasons *rs)
{
    if (!i->ms[INCIDENT_PARTITIONED])
        add_reason(rs, "%s %s: no survivor has removed it from the sysplex", i->system, i->how);
}

static void judge_incidents(const struct run *r, struct reasons *rs)
{
    const struct incidents *all = &r->plex.events.incidents;
    for (unsigned i = 0; i < all->count; i++)
        judge_incident(&all->list[i], rs);
    if (r->story_broken)
        add_reason(rs, "the story was not told to its end");
}

static void judge_jobs(const struct run *r, struct reasons *rs)
{
    bool killed = r->options->kill_system[0] == '\0';
    for (unsigned i = 0; i < r->plex.image_count; i++)
        killed = killed || r->plex.images[i].state == IMAGE_KILLED;
    if (!killed)
        add_reason(rs, "%s ended its job before it could be killed", r->options->kill_system);
    if (r->job_stalled)
        add_reason(rs, "the jobs came to a halt");
    judge_capture(r, rs);
    judge_sources(r, rs);
    if (is_off(r))
        return;
    for (unsigned i = 0; i < r->plex.image_count; i++)
        judge_image(r, &r->plex.images[i], rs);
    judge_incidents(r, rs);
}

static void judge(const struct run *r, struct reasons *rs)
{
    uint64_t collisions = r->check.flows.collision_count;
    if (r->cf_findings)
        add_reason(rs, "coupling facilities: %d findings, see cf_check", r->cf_findings);
    if (r->check.late)
        add_reason(rs, "%lu packets of systems that were dead", r->check.late);
    if (collisions && (!is_off(r) || r->is_script))
        add_reason(rs, "%lu 4-tuples were open from two images at once", collisions);
    else if (!collisions && is_off(r) && !r->is_script)
        add_reason(rs, "no collision, although ports are assigned without the cluster");
    if (!r->is_script)
        judge_jobs(r, rs);
}

/* --- text ---------------------------------------------------------------------------------------------------------- */

static void print_images(const struct run *r, FILE *out)
{
    fprintf(out, "\n%-9s %8s %9s %9s %7s %10s %7s %10s\n", "image", "ready", "done", "answered", "failed", "peak open",
            "ports", "assign");
    for (unsigned i = 0; i < r->plex.image_count; i++) {
        const struct image *m = &r->plex.images[i];
        const struct job sum = image_job(m, NULL), *j = &sum;
        fprintf(out, "%-9s %6.2f s %9lu %9lu %7lu ", m->system->name, (double)(m->ready_ms - m->started_ms) / 1000, j->done,
                j->answered, j->failed);
        if (j->ended)
            fprintf(out, "%10lu %7lu %7.2f us\n", j->peak, j->ports, (double)j->assign_ns / 1000);
        else
            fprintf(out, "%s\n", m->state == IMAGE_READY ? "job not ended" : image_state_name(m->state));
        for (unsigned k = 0; k < j->reason_count; k++)
            fprintf(out, "%-9s failed: %s %lu\n", "", j->reasons[k].reason, j->reasons[k].count);
    }
}

static void print_collisions(const struct run *r, FILE *out)
{
    const struct flow_table *f = &r->check.flows;
    const struct tally *all = &f->total;
    fprintf(out, "collisions   %lu\n", f->collision_count);
    if (f->collision_count)
        fprintf(out, "             4-tuples that two images had open at once; %lu SYNs met another image's connection, %lu "
                "connections\n             were reset, %lu segments went out on another image's 4-tuple\n",
                all->challenge_acks, all->reset + all->refused, all->foreign);
}

static void print_silence(const struct run *r, FILE *out)
{
    if (r->death_count)
        fprintf(out, "the dead     systems ended or were fenced %zu times; %lu packets of theirs after that\n", r->death_count, r->check.late);
}

/* A time from a failure on, blanks for a step that was not made. */
static void print_step(const struct incident *i, enum incident_step step, int width, FILE *out)
{
    if (i->ms[step])
        fprintf(out, " %*lu ms", width - 3, incident_ms(i, step));
    else
        fprintf(out, " %*s", width, "-");
}

static void print_incidents(const struct run *r, FILE *out)
{
    const struct incidents *all = &r->plex.events.incidents;
    if (!all->count)
        return;
    fprintf(out, "\n%-16s %9s %9s %11s %10s %10s %11s\n", "failure", "at", "noticed", "partitioned", "ports back", "taken over",
            "ready again");
    for (unsigned n = 0; n < all->count; n++) {
        static const int widths[INCIDENT_STEPS] = { 9, 11, 10, 10, 0, 11 };
        const struct incident *i = &all->list[n];
        fprintf(out, "%-8s %-7s %7.2f s", i->system, i->how, (double)i->began_ms / 1000);
        for (enum incident_step step = 0; step < INCIDENT_STEPS; step++)
            if (widths[step])
                print_step(i, step, widths[step], out);
        fprintf(out, "\n         %lu ports recovered%s%s\n", i->ports, i->taken_over[0] ? "; taken over: " : "", i->taken_over);
    }
    fprintf(out, "Times are from the failure to the message on the consoles.\n");
}

/* "10.1.9.1, 10.1.9.2" */
static const char *list_sources(const struct definition *d, char text[DEFINED_JOBS_MAX * (INET_ADDRSTRLEN + 2)])
{
    char address[INET_ADDRSTRLEN];
    *text = '\0';
    for (unsigned i = 0; i < d->job_count; i++) {
        unsigned first = 0;
        while (d->jobs[first].source.s_addr != d->jobs[i].source.s_addr)
            first++;
        if (first == i)
            strcat(strcat(text, *text ? ", " : ""), inet_ntop(AF_INET, &d->jobs[i].source, address, sizeof address));
    }
    return text;
}

const char *summary_verdict(const struct run *r, const struct reasons *rs)
{
    if (rs->count)
        return "This is not what the run should show.";
    if (r->is_script)
        return "As expected: the coupling facilities are valid, no 4-tuple was ever shared.";
    if (is_off(r))
        return "As expected: without cluster-wide port assignment the images take each other's 4-tuples.";
    return r->plex.events.incidents.count
        ? "As expected: systems failed and others went on, every connection of those that lived was answered, no 4-tuple was ever shared, the dead were silent."
        : "As expected: every connection answered, no 4-tuple ever shared.";
}

static void print(const struct run *r, const struct reasons *rs, FILE *out)
{
    struct totals t = summary_totals(r);
    const struct tally *wire = &r->check.flows.total;
    char sources[DEFINED_JOBS_MAX * (INET_ADDRSTRLEN + 2)];
    print_images(r, out);
    print_incidents(r, out);
    fprintf(out, "\nclusterports %s\n", r->options->plex.clusterports);
    fprintf(out, "connections  %lu of %u images, %lu answered, %lu failed\n", t.done, r->plex.image_count, t.answered, t.failed);
    fprintf(out, "on the wire  %lu opened, %lu open at once, %u distinct ports of %s\n", wire->opened, wire->open_peak,
            wire->ports, list_sources(&r->plex.definition, sources));
    print_collisions(r, out);
    print_silence(r, out);
    fprintf(out, "facilities   %s\n", r->cf_findings ? "NOT VALID" : "valid");
    fprintf(out, "capture      %s\n             %lu packets, %lu lost; tuplecheck.txt beside it tells more\n",
            rundir_file(&r->plex.rundir, "capture.pcap"), r->captured.packets, r->captured.dropped);
    fprintf(out, "time         boot %.1f s, job %.1f s, in all %.1f s\n\n", (double)(r->plex.booted_ms - r->plex.began_ms) / 1000,
            (double)(r->job_ended_ms - r->job_began_ms) / 1000, (double)(r->ended_ms - r->plex.began_ms) / 1000);
    for (unsigned i = 0; i < rs->count; i++)
        fprintf(out, "  ! %s\n", rs->text[i]);
    fprintf(out, "%s\n", summary_verdict(r, rs));
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static void number(cJSON *o, const char *name, uint64_t value)
{
    cJSON_AddNumberToObject(o, name, (double)value);
}

static void add_image(cJSON *array, const struct run *r, const struct image *m)
{
    const struct tally *wire = summary_wire(r, m);
    const struct job j = image_job(m, NULL);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToArray(array, o);
    cJSON_AddStringToObject(o, "name", m->system->name);
    cJSON_AddStringToObject(o, "state", image_state_name(m->state));
    cJSON_AddBoolToObject(o, "job_ended", j.ended);
    number(o, "ready_ms", m->ready_ms - m->started_ms);
    number(o, "done", j.done);
    number(o, "answered", j.answered);
    number(o, "failed", j.failed);
    number(o, "peak_open", j.peak);
    number(o, "ports", j.ports);
    number(o, "assign_ns", j.assign_ns);
    number(o, "opened_on_wire", wire ? wire->opened : 0);
    cJSON *failures = cJSON_AddObjectToObject(o, "failures");
    for (unsigned i = 0; i < j.reason_count; i++)
        number(failures, j.reasons[i].reason, j.reasons[i].count);
}

static void add_incident(cJSON *array, const struct incident *i)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToArray(array, o);
    cJSON_AddStringToObject(o, "system", i->system);
    cJSON_AddStringToObject(o, "how", i->how);
    number(o, "at_ms", i->began_ms);
    for (enum incident_step step = 0; step < INCIDENT_STEPS; step++)
        if (i->ms[step])
            number(o, incident_step_name(step), incident_ms(i, step));
    number(o, "ports", i->ports);
    cJSON_AddStringToObject(o, "noticed_by", i->noticed_by);
    cJSON_AddStringToObject(o, "taken_over", i->taken_over);
}

static cJSON *to_json(const struct run *r, const struct reasons *rs)
{
    struct totals t = summary_totals(r);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "sysplex", r->plex.definition.sysplex);
    cJSON_AddStringToObject(o, "clusterports", r->options->plex.clusterports);
    cJSON_AddBoolToObject(o, "as_expected", rs->count == 0);
    cJSON *reasons = cJSON_AddArrayToObject(o, "reasons");
    for (unsigned i = 0; i < rs->count; i++)
        cJSON_AddItemToArray(reasons, cJSON_CreateString(rs->text[i]));
    cJSON *images = cJSON_AddArrayToObject(o, "images");
    for (unsigned i = 0; i < r->plex.image_count; i++)
        add_image(images, r, &r->plex.images[i]);
    cJSON_AddBoolToObject(o, "story", r->story_told);
    cJSON *incidents = cJSON_AddArrayToObject(o, "incidents");
    for (unsigned i = 0; i < r->plex.events.incidents.count; i++)
        add_incident(incidents, &r->plex.events.incidents.list[i]);
    number(o, "connections", t.done);
    number(o, "answered", t.answered);
    number(o, "failed", t.failed);
    number(o, "collisions", r->check.flows.collision_count);
    number(o, "deaths", r->death_count);
    number(o, "packets_of_dead_images", r->check.late);
    number(o, "distinct_ports", r->check.flows.total.ports);
    number(o, "peak_open", r->check.flows.total.open_peak);
    cJSON_AddStringToObject(o, "cf_segment", r->segment_name);
    cJSON_AddNumberToObject(o, "cf_findings", r->cf_findings);
    number(o, "boot_ms", r->plex.booted_ms - r->plex.began_ms);
    number(o, "job_ms", r->job_ended_ms - r->job_began_ms);
    number(o, "all_ms", r->ended_ms - r->plex.began_ms);
    cJSON_AddStringToObject(o, "report", rundir_file(&r->plex.rundir, "report.html"));
    cJSON_AddStringToObject(o, "capture", rundir_file(&r->plex.rundir, "capture.pcap"));
    number(o, "captured", r->captured.packets);
    number(o, "capture_dropped", r->captured.dropped);
    cJSON_AddItemToObject(o, "tuplecheck", tuplecheck_json(&r->check, SHOWN_COLLISIONS));
    return o;
}

static void write_file(const struct run *r, const char *name, const char *text)
{
    FILE *out = fopen(rundir_file(&r->plex.rundir, "%s", name), "we");
    if (out && fputs(text, out) < 0)
        tell_error("cannot write %s", name);
    if (!out || fclose(out) != 0)
        tell_error("cannot write %s", rundir_file(&r->plex.rundir, "%s", name));
}

static void write_check(const struct run *r)
{
    FILE *out = fopen(rundir_file(&r->plex.rundir, "tuplecheck.txt"), "we");
    if (!out)
        return;
    fputs("$ tuplecheck --images capture.images capture.pcap\n", out);       /* gives the same */
    tuplecheck_print(&r->check, out, COLLISIONS_KEPT_MAX, false);
    fclose(out);
}

bool summary_report(const struct run *r)
{
    static struct reasons reasons;
    judge(r, &reasons);
    write_check(r);

    cJSON *json = to_json(r, &reasons);
    char *text = cJSON_Print(json);
    cJSON_Delete(json);
    write_file(r, "summary.json", text ? text : "");
    if (r->options->json && !r->is_script && text)
        puts(text);
    free(text);

    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return false;
    print(r, &reasons, memory);
    fclose(memory);
    write_file(r, "summary.txt", text);
    if (r->is_script)
        tell_step("coupling facilities %s; %lu 4-tuples were open from two images at once",
                  r->cf_findings ? "NOT VALID, see cf_check" : "valid", r->check.flows.collision_count);
    else if (!r->options->json)
        fputs(text, stdout);
    free(text);
    if (report_write(r, &reasons))
        tell_step("report: %s", rundir_file(&r->plex.rundir, "report.html"));
    return reasons.count == 0;
}
