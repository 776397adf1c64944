/* D TCPIP,,SYSPLEX,VIPADYN and D TCPIP,,NETSTAT,VIPADYN, modelled on the product's displays. */
#include "stack/base/text.h"
#include "stack/vipa/vipa.h"

#define TCPNAME "TCPIP"

struct out {
    vipa_line_fn *line;
    void *context;
    unsigned records;
};

static void put(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *out, const char *format, ...)
{
    char text[WTO_MAX + 1];
    va_list arguments;

    va_start(arguments, format);
    text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    out->line(out->context, text);
}

static bool is_target(const struct vipa *v, const struct vipa_dvipa *d, uint8_t number)
{
    if (!d->distributed)
        return false;
    for (unsigned i = 0; i < d->dest_count; i++)
        if (d->dests[i] && d->dests[i] == v->xcf_addresses[number])
            return true;
    return d->dest_all;
}

static const char *dist(const struct vipa *v, const struct vipa_dvipa *d, uint8_t number)
{
    bool target = is_target(v, d, number);

    if (d->distributed && d->owner == number)
        return target ? "BOTH" : "DIST";
    return target ? "DEST" : "";
}

static const char *origin(const struct vipa *v, const struct vipa_dvipa *d)
{
    if (d->from_range)
        return "VIPARANGE BIND";
    if (d->owner == v->number)
        return "VIPADEFINE";
    return d->backup_rank[v->number] ? "VIPABACKUP" : "VIPADISTRIBUTE TARGET";
}

/* One stack's line of one address; nothing if it has no part in it. */
static void put_stack(struct out *out, const struct vipa *v, const struct vipa_dvipa *d, uint8_t number)
{
    const struct xcf_member *m = xcf_member(v->xcf, number);
    bool active = d->owner == number || (d->owner && is_target(v, d, number));
    char rank[4] = "", mask[16] = "", prefix[16] = "";

    if (!m || (!active && !d->backup_rank[number]))
        return;
    if (!active)
        text_format(rank, sizeof rank, "%u", d->backup_rank[number]);
    if (active && d->mask) {
        text_ip(mask, d->mask);
        text_ip(prefix, d->address & d->mask);
    }
    put(out, "  %-8s %-8s %-6s %3s  %-15s %-15s %s", TCPNAME, m->name, active ? "ACTIVE" : "BACKUP", rank, mask, prefix,
        dist(v, d, number));
    out->records++;
}

void vipa_display_sysplex(const struct vipa *v, vipa_line_fn *line, void *context)
{
    struct out out = { line, context, 0 };
    const struct xcf_member *me = xcf_member(v->xcf, v->number);
    char address[16];

    if (!me) {
        put(&out, "EZZ8269I %s IS NOT A MEMBER OF A SYSPLEX GROUP", TCPNAME);
        return;
    }
    put(&out, "EZZ8260I SYSPLEX CS V2R5");
    put(&out, "VIPA DYNAMIC DISPLAY FROM %-8s AT %s", TCPNAME, me->name);
    for (unsigned i = 0; i < v->count; i++) {
        const struct vipa_dvipa *d = &v->dvipas[i];

        if (!vipa_find(v, d->address))
            continue;                       /* deleted */
        text_ip(address, d->address);
        if (d->active)
            put(&out, "IPADDR: %s  LINKNAME: VIPL%08X", address, d->address);
        else
            put(&out, "IPADDR: %s", address);
        put(&out, "  ORIGIN: %s", origin(v, d));
        put(&out, "  TCPNAME  MVSNAME  STATUS RANK ADDRESS MASK    NETWORK PREFIX  DIST");
        put(&out, "  -------- -------- ------ ---- --------------- --------------- ----");
        for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
            put_stack(&out, v, d, n);
    }
    put(&out, "%u OF %u RECORDS DISPLAYED", out.records, out.records);
}

void vipa_display_netstat(const struct vipa *v, vipa_line_fn *line, void *context)
{
    struct out out = { line, context, 0 };
    char address[16], mask[16];

    put(&out, "EZD0101I NETSTAT CS V2R5 %s", TCPNAME);
    put(&out, "DYNAMIC VIPA:");
    put(&out, "IP ADDRESS      ADDRESSMASK     STATUS    ORIGINATION           DISTSTAT");
    put(&out, "----------      -----------     ------    -----------           --------");
    for (unsigned i = 0; i < v->count; i++) {
        const struct vipa_dvipa *d = &v->dvipas[i];
        bool target = is_target(v, d, v->number), distributor = d->distributed && d->owner == v->number;

        if (!d->active && !d->backup_rank[v->number])
            continue;
        put(&out, "%-15s %-15s %-9s %-21s %s", text_ip(address, d->address), d->mask ? text_ip(mask, d->mask) : "",
            d->active ? "ACTIVE" : "BACKUP", origin(v, d),
            distributor ? target ? "DIST/DEST" : "DIST" : target && d->active ? "DEST" : "");
        out.records++;
    }
    put(&out, "%u OF %u RECORDS DISPLAYED", out.records, out.records);
    put(&out, "END OF THE REPORT");
}
