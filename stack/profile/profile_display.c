/* NETSTAT reports of what a profile says. The shapes are modelled on those of z/OS: headings, indentation, the trailer
 * with the number of records. */
#include "stack/profile/profile_parser.h"

#include "stack/base/text.h"

struct report {
    profile_message_fn *line;
    void *context;
    unsigned records, max;      /* so far; of which so many are shown */
};

static void put(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct report *report, const char *format, ...)
{
    char text[WTO_MAX + 1];
    va_list arguments;
    int length;

    if (report->records > report->max)
        return;
    va_start(arguments, format);
    length = text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    while (length > 0 && text[length - 1] == ' ')
        text[--length] = 0;
    report->line(report->context, text);
}

/* What is put from now on is of one record more. */
static void record(struct report *report)
{
    report->records++;
}

static struct report begin(unsigned max, profile_message_fn *line, void *context)
{
    struct report report = { line, context, 0, max };

    put(&report, "EZD0101I NETSTAT CS V2R5 TCPIP");
    return report;
}

static void end(struct report *report)
{
    unsigned all = report->records, shown = all < report->max ? all : report->max;

    report->records = 0;
    put(report, "%u OF %u RECORDS DISPLAYED", shown, all);
    put(report, "END OF THE REPORT");
}

/* --- VIPADCFG ------------------------------------------------------------------------------------------------------ */

/* "10.1.9.1/16", or without the prefix length if the mask is not known */
static void put_address(struct report *report, const char *label, uint32_t address, uint32_t mask)
{
    char text[16];

    record(report);
    text_ip(text, address);
    if (mask != 0)
        put(report, "    %s: %s/%u", label, text, profile_mask_bits(mask));
    else
        put(report, "    %s: %s", label, text);
}

static void put_clusterports(struct report *report, const struct profile_clusterports *clusterports)
{
    char store[24] = "", quota[24] = "";

    if (!clusterports->on) {
        put(report, "      ClusterPorts: No");
        return;
    }
    if (clusterports->store != STORE_BITMAP)
        text_format(store, sizeof store, "  Store: %s", profile_store_names[clusterports->store]);
    if (clusterports->quota != 0)
        text_format(quota, sizeof quota, "  Quota: %u", clusterports->quota);
    put(report, "      ClusterPorts: Yes  BlockSize: %u%s%s", clusterports->blocksize, store, quota);
}

static const char *moveable_text(const struct profile_dvipa *dvipa)
{
    if (dvipa->backup && dvipa->mask == 0)
        return "";
    return dvipa->moveable == MOVEABLE_IMMEDIATE ? "Immediate" : "WhenIdle";
}

static void put_dvipas(struct report *report, const struct profile *profile, bool backup)
{
    bool heading = false;

    for (unsigned i = 0; i < profile->dvipa_count; i++) {
        const struct profile_dvipa *dvipa = &profile->dvipas[i];

        if (dvipa->backup != backup)
            continue;
        if (!heading)
            put(report, backup ? "  VIPA Backup:" : "  VIPA Define:");
        heading = true;
        put_address(report, "IpAddr/PrefixLen", dvipa->address, dvipa->mask);
        if (backup)
            put(report, "      Rank: %06u Moveable: %s", dvipa->rank, moveable_text(dvipa));
        else
            put(report, "      Moveable: %s", moveable_text(dvipa));
        put_clusterports(report, &dvipa->clusterports);
    }
}

static void put_ranges(struct report *report, const struct profile *profile)
{
    if (profile->range_count > 0)
        put(report, "  VIPA Range:");
    for (unsigned i = 0; i < profile->range_count; i++) {
        put_address(report, "IpAddr/PrefixLen", profile->ranges[i].address, profile->ranges[i].mask);
        put(report, "      Moveable: %s", profile->ranges[i].disruptive ? "Disr" : "NonDisr");
        put_clusterports(report, &profile->ranges[i].clusterports);
    }
}

static void put_destinations(struct report *report, const struct profile_distribute *distribute)
{
    static const char *const methods[] = { [DIST_BASEWLM] = "BaseWLM", [DIST_ROUNDROBIN] = "Roundrobin", [DIST_WEIGHTEDACTIVE] = "WeightedActive" };
    char text[16];

    put(report, "      DistMethod: %s", methods[distribute->method]);
    if (distribute->dest_all)
        put(report, "      DestXCF: ALL");
    for (unsigned i = 0; i < distribute->dest_count; i++) {
        text_ip(text, distribute->dests[i]);
        if (distribute->method == DIST_WEIGHTEDACTIVE)
            put(report, "      DestXCF: %-15s  Weight: %u", text, distribute->weights[i]);
        else
            put(report, "      DestXCF: %s", text);
    }
}

/* A record for each port, as the product shows it. */
static void put_distribution(struct report *report, const struct profile_distribute *distribute)
{
    char text[16];

    text_ip(text, distribute->address);
    for (unsigned i = 0; i < distribute->port_count; i++) {
        record(report);
        put(report, "    Dest: %s..%u", text, distribute->ports[i]);
    }
    if (distribute->port_count == 0) {
        record(report);
        put(report, "    Dest: %s..n/a", text);
    }
    put_destinations(report, distribute);
    put_clusterports(report, &distribute->clusterports);
}

void profile_display(const struct profile *profile, unsigned max, profile_message_fn *line, void *context)
{
    struct report report = begin(max, line, context);

    put(&report, "Dynamic VIPA Information:");
    put_dvipas(&report, profile, true);
    put_dvipas(&report, profile, false);
    put_ranges(&report, profile);
    if (profile->distribute_count > 0)
        put(&report, "  VIPA Distribute:");
    for (unsigned i = 0; i < profile->distribute_count; i++)
        put_distribution(&report, &profile->distributes[i]);
    end(&report);
}

/* --- HOME, SRCIP, PORTLIST ----------------------------------------------------------------------------------------- */

static void put_home(struct report *report, const char *link, uint32_t address, const char *flag)
{
    char text[16];

    record(report);
    put(report, "LinkName:   %s", link);
    put(report, "  Address:  %s", text_ip(text, address));
    put(report, "    Flags:  %s", flag);
}

void profile_display_home(const struct profile *profile, unsigned max, profile_message_fn *line, void *context)
{
    struct report report = begin(max, line, context);
    char name[17];

    put(&report, "Home address list:");
    for (unsigned i = 0; i < profile->home_count; i++) {
        const struct profile_link *link = &profile->links[profile->home[i]];

        put_home(&report, link->name, link->address, i == 0 ? "Primary" : "");
    }
    if (profile->dynamicxcf_address != 0)
        put_home(&report, "EZASAMEMVS", profile->dynamicxcf_address, "");
    for (unsigned i = 0; i < profile->dvipa_count; i++) {
        if (profile->dvipas[i].backup)
            continue;
        text_format(name, sizeof name, "VIPL%08X", profile->dvipas[i].address);
        put_home(&report, name, profile->dvipas[i].address, "");
    }
    end(&report);
}

/* Flg: C = connections out, S = listening sockets, B = both */
static const char *use_flag(enum profile_srcip_use use)
{
    return use == SRCIP_BOTH ? "B" : use == SRCIP_SERVER ? "S" : "C";
}

static void put_jobs(struct report *report, const struct profile *profile)
{
    char text[16];

    put(report, "Source IP Address Based on Job Name:");
    put(report, "Job Name  Type  Flg  Source");
    put(report, "--------  ----  ---  ------");
    for (unsigned i = 0; i < profile->sourceipa_count; i++) {
        record(report);
        put(report, "%-8s  IPV4  C    %s", profile->sourceipas[i].job, text_ip(text, profile->sourceipas[i].address));
    }
    for (unsigned i = 0; i < profile->srcip_count; i++) {
        const struct profile_srcip *rule = &profile->srcips[i];

        if (rule->is_destination)
            continue;
        record(report);
        put(report, "%-8s  IPV4  %s    %s", rule->job, use_flag(rule->use), text_ip(text, rule->source));
    }
}

static void put_destination_rules(struct report *report, const struct profile *profile)
{
    char text[16];
    bool heading = false;

    for (unsigned i = 0; i < profile->srcip_count; i++) {
        const struct profile_srcip *rule = &profile->srcips[i];

        if (!rule->is_destination)
            continue;
        if (!heading)
            put(report, "Source IP Address Based on Destination:");
        heading = true;
        record(report);
        put(report, "Destination: %s/%u", text_ip(text, rule->network), profile_mask_bits(rule->mask));
        put(report, "  Source: %s", text_ip(text, rule->source));
    }
}

void profile_display_srcip(const struct profile *profile, unsigned max, profile_message_fn *line, void *context)
{
    struct report report = begin(max, line, context);

    put_jobs(&report, profile);
    put_destination_rules(&report, profile);
    end(&report);
}

/* A = AUTOLOG, D = DELAYACKS, R = PORTRANGE, S = SHAREPORT, W = SHAREPORTWLM, B = BIND, P = AUTHPORT */
static void port_flags(const struct profile_portreserve *entry, char out[8])
{
    bool owned = !text_equal(entry->job, "RESERVED") && !text_equal(entry->job, "AUTHPORT");

    text_format(out, 8, "%s%s%s%s%s", owned && !entry->nodelayacks ? "D" : "", owned && !entry->noautolog ? "A" : "",
                entry->range ? "R" : "", entry->share == PORT_SHARED ? "S" : entry->share == PORT_SHARED_WLM ? "W" : "",
                entry->bind_address != 0 ? "B" : text_equal(entry->job, "AUTHPORT") ? "P" : "");
}

static void put_port(struct report *report, const struct profile_portreserve *entry)
{
    char range[16] = "", flags[8], text[16];

    port_flags(entry, flags);
    if (entry->range)
        text_format(range, sizeof range, "%05u-%05u", entry->first, entry->first + entry->count - 1);
    record(report);
    put(report, "%05u %-4s %-8s %-8s %s", entry->first, entry->tcp ? "TCP" : "UDP", entry->job, flags, range);
    if (entry->bind_address != 0)
        put(report, "      BindSpecific: %s", text_ip(text, entry->bind_address));
}

void profile_display_portlist(const struct profile *profile, unsigned max, profile_message_fn *line, void *context)
{
    struct report report = begin(max, line, context);

    put(&report, "Port# Prot User     Flags    Range");
    put(&report, "----- ---- ----     -----    -----");
    for (unsigned i = 0; i < profile->unrsv_count; i++) {
        const struct profile_unrsv *entry = &profile->unrsvs[i];

        record(&report);
        put(&report, "UNRSV %-4s %-8s %s%s", entry->tcp ? "TCP" : "UDP", entry->job, entry->deny ? "X" : "", entry->when_listen ? "L" : "B");
    }
    for (unsigned i = 0; i < profile->port_count; i++)
        put_port(&report, &profile->ports[i]);
    end(&report);
}

/* --- STATS --------------------------------------------------------------------------------------------------------- */

void profile_display_stats(const struct profile *profile, unsigned max, const struct profile_port_use *tcp, profile_message_fn *line, void *context)
{
    struct report report = begin(max, line, context);

    record(&report);
    put(&report, "TCP STATISTICS");
    put(&report, "  CONFIGURED EPHEMERAL PORTS           = %010u", profile_ephemeral_ports(profile, true));
    put(&report, "  EPHEMERAL PORTS IN USE               = %010u", tcp->in_use);
    put(&report, "  EPHEMERAL PORTS EXHAUSTED            = %010llu", (unsigned long long)tcp->exhausted);
    record(&report);
    put(&report, "UDP STATISTICS");
    put(&report, "  CONFIGURED EPHEMERAL PORTS           = %010u", profile_ephemeral_ports(profile, false));
    if (profile->explicit_count > 0)
        put(&report, "EXPLICIT BIND PORT RANGE %u-%u", profile->explicit_first, profile->explicit_first + profile->explicit_count - 1);
    end(&report);
}
