/* HTML5 that is well-formed XML, with its style and its drawings in it. Every text goes through html.h. */
#include "tools/sysplex/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/sysplex/html.h"
#include "tools/sysplex/tell.h"
#include "tools/sysplex/timeline.h"

static const char style[] =
    ":root{color-scheme:light}"
    "body{font:15px/1.45 system-ui,sans-serif;color:#222;background:#f4f5f7;margin:0}"
    "main{max-width:1080px;margin:0 auto;padding:24px 16px 60px}"
    "h1{margin:0;font-size:26px}h2{font-size:18px;margin:0 0 10px}p{margin:6px 0}.when{color:#666}"
    "section{background:#fff;border:1px solid #e2e4e8;border-radius:8px;padding:16px 18px;margin-top:16px;overflow-x:auto}"
    ".verdict{border-left:8px solid #009e73}.verdict.bad{border-left-color:#d55e00}"
    ".verdict strong{font-size:17px}.figures{display:flex;flex-wrap:wrap;gap:10px;margin-top:14px}"
    ".figures div{background:#f4f5f7;border-radius:6px;padding:8px 12px;min-width:96px}"
    ".figures b{display:block;font-size:20px;font-variant-numeric:tabular-nums}.figures span{color:#666;font-size:13px}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%;font-size:14px}"
    "th{text-align:right;font-weight:600;color:#555;border-bottom:2px solid #e2e4e8}td{text-align:right;border-bottom:1px solid #eee}"
    "th,td{padding:4px 7px;white-space:nowrap}th:first-child,td:first-child,.left{text-align:left}"
    "p.bad{color:#a33}figure{margin:0 0 14px}figcaption{margin-bottom:4px}svg,img{width:100%;height:auto;display:block}"
    "pre{font:12px/1.35 ui-monospace,monospace;margin:0;white-space:pre-wrap;overflow-wrap:anywhere}"
    "details{margin-top:10px}summary{cursor:pointer;color:#0072b2}.note{color:#666;font-size:13px}code{font:13px ui-monospace,monospace}";

/* --- top ------------------------------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static void figure(FILE *out, const char *label, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fputs("<div><b>", out);
    html_text(out, text);
    fputs("</b><span>", out);
    html_text(out, label);
    fputs("</span></div>\n", out);
}

static void write_top(const struct run *r, const struct reasons *reasons, FILE *out)
{
    const struct flow_table *flows = &r->check.flows;
    struct totals t = summary_totals(r);
    time_t now = time(NULL);
    struct tm local;
    char when[40];
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
    fputs("<h1>", out);
    html_print(out, "Sysplex %s", r->plex.definition.sysplex);
    fputs("</h1>\n<p class=\"when\">", out);
    html_print(out, "%u systems, %u coupling facilities, CLUSTERPORTS %s, %s; %s", r->plex.image_count, r->plex.definition.cf_count,
               r->options->plex.clusterports, r->plex.definition.path, when);
    fprintf(out, "</p>\n<section class=\"verdict%s\"><strong>", reasons->count ? " bad" : "");
    html_text(out, summary_verdict(r, reasons));
    fputs("</strong>\n", out);
    for (unsigned i = 0; i < reasons->count; i++) {
        fputs("<p class=\"bad\">", out);
        html_text(out, reasons->text[i]);
        fputs("</p>\n", out);
    }
    fputs("<div class=\"figures\">\n", out);
    figure(out, "collisions", "%lu", flows->collision_count);
    figure(out, "connections answered", "%lu of %lu", t.answered, t.done);
    figure(out, "failed", "%lu", t.failed);
    figure(out, "opened on the wire", "%lu", flows->total.opened);
    figure(out, "open at once", "%lu", flows->total.open_peak);
    figure(out, "distinct ports", "%u", flows->total.ports);
    figure(out, "packets captured", "%lu", r->captured.packets);
    figure(out, "in all", "%.1f s", (double)(r->ended_ms - r->plex.began_ms) / 1000);
    fputs("</div></section>\n", out);
}

/* --- what happened --------------------------------------------------------------------------------------------------- */

static void write_step(const struct incident *i, enum incident_step step, FILE *out)
{
    if (i->ms[step])
        fprintf(out, "<td>%lu ms</td>", incident_ms(i, step));
    else
        fputs("<td>&#8211;</td>", out);
}

static void write_incidents(const struct incidents *all, FILE *out)
{
    if (!all->count)
        return;
    fputs("<table><tr><th>system</th><th class=\"left\">what</th><th>at</th><th>noticed</th><th>partitioned</th><th>ports back</th>"
          "<th>taken over</th><th>IPLed</th><th>ready again</th><th>ports</th><th class=\"left\">addresses</th></tr>\n", out);
    for (unsigned n = 0; n < all->count; n++) {
        const struct incident *i = &all->list[n];
        fprintf(out, "<tr><td>%s</td><td class=\"left\">%s</td><td>%.2f s</td>", i->system, i->how, (double)i->began_ms / 1000);
        for (enum incident_step step = 0; step < INCIDENT_STEPS; step++)
            write_step(i, step, out);
        fprintf(out, "<td>%lu</td><td class=\"left\">", i->ports);
        html_text(out, i->taken_over);
        fputs("</td></tr>\n", out);
    }
    fputs("</table>\n<p class=\"note\">Milliseconds are from the failure to the message on the consoles.</p>\n", out);
}

static void write_events(const struct timeline *t, FILE *out)
{
    fputs("<details><summary>All events</summary><table><tr><th>time</th><th class=\"left\">system</th><th class=\"left\">event</th>"
          "<th class=\"left\">text</th></tr>\n", out);
    for (size_t i = 0; i < t->count; i++) {
        const struct timeline_event *e = &t->events[i];
        fprintf(out, "<tr><td>%.3f s</td><td class=\"left\">", (double)e->ms / 1000);
        html_text(out, e->system);
        fputs("</td><td class=\"left\">", out);
        html_text(out, e->event);
        fputs("</td><td class=\"left\">", out);
        html_text(out, e->text);
        fputs("</td></tr>\n", out);
    }
    fputs("</table></details>\n", out);
}

static int write_timeline(const struct run *r, FILE *out)
{
    struct timeline t;
    int rc = timeline_read(&t, rundir_file(&r->plex.rundir, "events.jsonl"));
    if (rc == 0) {
        fputs("<section id=\"timeline\"><h2>What happened</h2>\n", out);
        timeline_svg(&t, &r->plex.definition, out);
        fputs("<p class=\"note\">Light blue: IPL; blue: ready; red: failed. Green line: its jobs run. Point at a bar for its times.</p>\n", out);
        write_incidents(&r->plex.events.incidents, out);
        write_events(&t, out);
        fputs("</section>\n", out);
    }
    timeline_free(&t);
    return rc;
}

/* --- ports, systems, verdict of the checker -------------------------------------------------------------------------- */

static void write_ports(const struct run *r, FILE *out)
{
    fputs("<section id=\"ports\"><h2>Ports</h2>\n", out);
    plot_svg(&r->check.flows, tuplecheck_sender, (void *)(uintptr_t)&r->check, out);
    fputs("</section>\n", out);
}

static void write_systems(const struct run *r, FILE *out)
{
    fputs("<section id=\"systems\"><h2>Systems</h2>\n<table><tr><th>system</th><th class=\"left\">state</th><th>IPLs</th><th>IPL took</th>"
          "<th>connections</th><th>answered</th><th>failed</th><th>open at once</th><th>ports</th><th>a port took</th><th>on the wire</th>"
          "<th>reset</th></tr>\n", out);
    for (unsigned i = 0; i < r->plex.image_count; i++) {
        const struct image *m = &r->plex.images[i];
        const struct job j = image_job(m, NULL);
        const struct tally *wire = summary_wire(r, m);
        fprintf(out, "<tr><td>%s</td><td class=\"left\">%s</td><td>%u</td><td>%lu ms</td><td>%lu</td><td>%lu</td><td>%lu</td>", m->system->name,
                image_state_name(m->state), m->ipls, m->ready_ms - m->started_ms, j.done, j.answered, j.failed);
        fprintf(out, "<td>%lu</td><td>%lu</td><td>%.2f &#181;s</td><td>%lu</td><td>%lu</td></tr>\n", j.peak, j.ports, (double)j.assign_ns / 1000,
                wire ? wire->opened : 0, wire ? wire->reset : 0);
    }
    fputs("</table>\n<p class=\"note\">The jobs are those of the system's last IPL; on the wire stands what it did in all its lives.</p></section>\n",
          out);
}

/* A picture of the dashboard, where there is one. */
static int write_picture(const struct run *r, const char *file, const char *caption, FILE *out)
{
    FILE *picture = fopen(rundir_file(&r->plex.rundir, "%s", file), "re");
    if (!picture)
        return 0;
    fprintf(out, "<figure><figcaption>%s</figcaption><img alt=\"%s\" src=\"data:image/png;base64,", caption, file);
    int rc = html_base64(out, picture);
    fputs("\"/></figure>\n", out);
    fclose(picture);
    return rc;
}

static int write_dashboard(const struct run *r, FILE *out)
{
    if (access(rundir_file(&r->plex.rundir, "dashboard.cfdash"), R_OK) < 0)
        return 0;
    fputs("<section id=\"dashboard\"><h2>The dashboard</h2>\n", out);
    int rc = write_picture(r, "dashboard.png", "When the jobs had ended: systems, coupling facilities, what happened", out);
    rc = rc ? rc : write_picture(r, "ports.png", "The ports of an address while they ran, each in the colour of the system that has it", out);
    fputs("<p class=\"note\">All of it: cfdash --replay dashboard.cfdash</p></section>\n", out);
    return rc;
}

static int write_check(const struct run *r, FILE *out)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return -ENOMEM;
    tuplecheck_print(&r->check, memory, COLLISIONS_KEPT_MAX, false);
    if (fclose(memory) != 0) {
        free(text);
        return -ENOMEM;
    }
    fputs("<section id=\"tuplecheck\"><h2>The checker's verdict</h2>\n<p>", out);
    html_print(out, "tuplecheck has followed each 4-tuple through the %lu packets of the capture%s.", r->check.packets,
               r->plex.events.incidents.count ? ", and knows when systems died" : "");
    fputs("</p>\n<pre>", out);
    html_text(out, text);
    fputs("</pre></section>\n", out);
    free(text);
    return 0;
}

static void write_files(const struct run *r, FILE *out)
{
    static const struct {
        const char *name, *what;
    } files[] = {
        { "capture.pcap", "every packet to and from the outside server" }, { "capture.images", "who sends in it, for tuplecheck" }, { "events.jsonl", "the events" },
        { "operlog", "the consoles of all systems in one" }, { "summary.txt", "the summary" }, { "summary.json", "the same for programs" },
        { "tuplecheck.txt", "the checker's report" }, { "statistics.jsonl", "figures of systems and coupling facilities, second by second" },
        { "dashboard.cfdash", "a recording for cfdash --replay" }, { "definition.conf", "the definition of the Sysplex" },
    };
    fputs("<section id=\"files\"><h2>Files beside this one</h2>\n<table>\n", out);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (access(rundir_file(&r->plex.rundir, "%s", files[i].name), R_OK) == 0)
            fprintf(out, "<tr><td><a href=\"%s\">%s</a></td><td class=\"left\">%s</td></tr>\n", files[i].name, files[i].name, files[i].what);
    fputs("</table></section>\n", out);
}

static int write_all(const struct run *r, const struct reasons *reasons, FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head><meta charset=\"utf-8\"/>"
          "<meta name=\"viewport\" content=\"width=device-width\"/><title>", out);
    html_print(out, "Sysplex %s: report of a run", r->plex.definition.sysplex);
    fprintf(out, "</title>\n<style>%s</style></head>\n<body><main>\n", style);
    write_top(r, reasons, out);
    int rc = write_timeline(r, out);
    write_ports(r, out);
    write_systems(r, out);
    rc = rc ? rc : write_dashboard(r, out);
    rc = rc ? rc : write_check(r, out);
    write_files(r, out);
    fputs("</main></body></html>\n", out);
    return rc ? rc : ferror(out) ? -EIO : 0;
}

bool report_write(const struct run *r, const struct reasons *reasons)
{
    FILE *out = fopen(rundir_file(&r->plex.rundir, "report.html"), "we");
    int rc = out ? write_all(r, reasons, out) : -errno;
    if (out && fclose(out) != 0 && rc == 0)
        rc = -errno;
    if (rc < 0)
        tell_error("cannot write %s: %s", rundir_file(&r->plex.rundir, "report.html"), strerror(-rc));
    return rc == 0;
}
