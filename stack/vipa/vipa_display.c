/* D TCPIP,,SYSPLEX,VIPADYN and D TCPIP,,NETSTAT,VIPADYN, VDPT and VCRT, modelled on the product's displays. */
#include "stack/base/text.h"
#include "stack/vipa/vipa_private.h"

#define TCPNAME "TCPIP"

struct out {
    vipa_line_fn *line;
    void *context;
    unsigned records, max;      /* so far; of which so many are shown */
};

static void put(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *out, const char *format, ...)
{
    char text[WTO_MAX + 1];
    va_list arguments;

    if (out->records > out->max)
        return;
    va_start(arguments, format);
    text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    out->line(out->context, text);
}

/* What is put from now on is of one record more. */
static void record(struct out *out)
{
    out->records++;
}

static void put_count(struct out *out, unsigned all)
{
    unsigned shown = out->records < out->max ? out->records : out->max;

    out->records = 0;
    put(out, "%u OF %u RECORDS DISPLAYED", shown, all);
}

static void put_header(struct out *out, const char *title)
{
    put(out, "EZD0101I NETSTAT CS V2R5 %s", TCPNAME);
    put(out, "%s", title);
}

static void put_trailer(struct out *out, unsigned all)
{
    put_count(out, all);
    put(out, "END OF THE REPORT");
}

static const char *dist(const struct vipa *v, const struct vipa_dvipa *d, uint8_t number)
{
    bool target = vipa_is_dest(v, d, number);

    if (vipa_is_distributed(d) && d->owner == number)
        return target ? "BOTH" : "DIST";
    return target ? "DEST" : "";
}

static const char *const origins[] = {
    [ORIGIN_NONE] = "VIPADISTRIBUTE TARGET", [ORIGIN_RANGE_BIND] = "VIPARANGE BIND", [ORIGIN_RANGE_IOCTL] = "VIPARANGE IOCTL",
    [ORIGIN_BACKUP] = "VIPABACKUP", [ORIGIN_DEFINE] = "VIPADEFINE",
};

static const char *const states[] = {
    [VIPA_NONE] = "ACTIVE", [VIPA_BACKUP] = "BACKUP", [VIPA_ACTIVE] = "ACTIVE", [VIPA_MOVING] = "MOVING",
    [VIPA_QUIESCING] = "QUIESCING", [VIPA_DEACTIVATED] = "DEACTIVATED",
};

/* The same in six columns. */
static const char *const short_states[] = {
    [VIPA_NONE] = "ACTIVE", [VIPA_BACKUP] = "BACKUP", [VIPA_ACTIVE] = "ACTIVE", [VIPA_MOVING] = "MOVING",
    [VIPA_QUIESCING] = "QUIESC", [VIPA_DEACTIVATED] = "DEACT",
};

static const char *origin(const struct vipa *v, const struct vipa_dvipa *d)
{
    return origins[d->parts[v->number].origin];
}

static bool has_part(const struct vipa *v, const struct vipa_dvipa *d, uint8_t number)
{
    return xcf_member(v->xcf, number) && (d->parts[number].state != VIPA_NONE || vipa_is_dest(v, d, number));
}

/* One stack's line of one address. */
static void put_stack(struct out *out, const struct vipa *v, const struct vipa_dvipa *d, uint8_t number)
{
    const struct vipa_part *p = &d->parts[number];
    bool active = p->state == VIPA_ACTIVE || p->state == VIPA_NONE;
    char rank[4] = "", mask[16] = "", prefix[16] = "";

    if (!active)
        text_format(rank, sizeof rank, "%u", p->rank);
    if (active && d->mask) {
        text_ip(mask, d->mask);
        text_ip(prefix, d->address & d->mask);
    }
    record(out);
    put(out, "  %-8s %-8s %-6s %3s  %-15s %-15s %s", TCPNAME, xcf_member(v->xcf, number)->name, short_states[p->state], rank, mask,
        prefix, dist(v, d, number));
}

static void put_dvipa(struct out *out, const struct vipa *v, const struct vipa_dvipa *d)
{
    char address[16];

    text_ip(address, d->address);
    if (out->records < out->max) {          /* it will have a record to stand above */
        if (d->active)
            put(out, "IPADDR: %s  LINKNAME: VIPL%08X", address, d->address);
        else
            put(out, "IPADDR: %s", address);
        put(out, "  ORIGIN: %s", origin(v, d));
        put(out, "  TCPNAME  MVSNAME  STATUS RANK ADDRESS MASK    NETWORK PREFIX  DIST");
        put(out, "  -------- -------- ------ ---- --------------- --------------- ----");
    }
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (has_part(v, d, n))
            put_stack(out, v, d, n);
}

/* The name of this system; NULL: it is in no group, which has been said. */
static const char *in_group(struct out *out, const struct vipa *v)
{
    const struct xcf_member *me = xcf_member(v->xcf, v->number);

    if (me && !v->left)
        return me->name;
    put(out, "EZZ8269I %s IS NOT A MEMBER OF A SYSPLEX GROUP", TCPNAME);
    return NULL;
}

void vipa_display_sysplex(const struct vipa *v, uint32_t address, unsigned max, vipa_line_fn *line, void *context)
{
    struct out out = { line, context, 0, max };
    const char *me = in_group(&out, v);

    if (!me)
        return;
    put(&out, "EZZ8260I SYSPLEX CS V2R5");
    put(&out, "VIPA DYNAMIC DISPLAY FROM %-8s AT %s", TCPNAME, me);
    for (unsigned i = 0; i < v->count; i++)
        if (vipa_find(v, v->dvipas[i].address) && (address == 0 || v->dvipas[i].address == address))
            put_dvipa(&out, v, &v->dvipas[i]);
    put_count(&out, out.records);
}

void vipa_display_group(const struct vipa *v, vipa_line_fn *line, void *context)
{
    struct out out = { line, context, 0, 1 };
    const char *me = in_group(&out, v);

    if (me)
        put(&out, "EZZ8270I SYSPLEX GROUP FOR %s AT %s IS %s", TCPNAME, me, VIPA_GROUP);
}

void vipa_display_netstat(const struct vipa *v, unsigned max, vipa_line_fn *line, void *context)
{
    struct out out = { line, context, 0, max };
    char address[16], mask[16];

    put_header(&out, "DYNAMIC VIPA:");
    put(&out, "IP ADDRESS      ADDRESSMASK     STATUS      ORIGINATION           DISTSTAT");
    put(&out, "----------      -----------     ------      -----------           --------");
    for (unsigned i = 0; i < v->count; i++) {
        const struct vipa_dvipa *d = &v->dvipas[i];
        bool target = vipa_is_dest(v, d, v->number), distributor = vipa_distributes_here(v, d);

        if (!d->present && d->parts[v->number].state == VIPA_NONE)
            continue;
        record(&out);
        put(&out, "%-15s %-15s %-11s %-21s %s", text_ip(address, d->address), d->mask ? text_ip(mask, d->mask) : "",
            states[d->parts[v->number].state], origin(v, d), distributor ? target ? "DIST/DEST" : "DIST" : target ? "DEST" : "");
    }
    put_trailer(&out, out.records);
}

/* --- VDPT ---------------------------------------------------------------------------------------------------------- */

static const char *const methods[] = { [DIST_BASEWLM] = "BASEWLM", [DIST_ROUNDROBIN] = "ROUNDROBIN", [DIST_WEIGHTEDACTIVE] = "WEIGHTEDACTIVE" };

static void put_target(struct out *out, const struct vipa *v, const struct vipa_dvipa *d, const struct vipa_distribution *t,
                       uint16_t port, uint8_t number, bool detail)
{
    const struct crht_count *count = crht_count_of(&v->crht, d->address, port, number);
    char address[16], xcf[16];
    uint8_t weight;

    if (!vipa_distribution_has(v, t, number, &weight))
        return;
    record(out);
    put(out, "%-15s %05u %-15s %03u %010llu %02u", text_ip(address, d->address), port, text_ip(xcf, v->xcf_addresses[number]),
        vipa_servers(v, number, d->address, port), (unsigned long long)(count ? count->total : 0), weight);
    if (detail)
        put(out, "  DISTMETHOD: %-14s ACTCONN: %010u", methods[t->method], count ? count->active : 0);
}

static void put_port(struct out *out, const struct vipa *v, const struct vipa_dvipa *d, const struct vipa_distribution *t, uint16_t port,
                     bool detail)
{
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        put_target(out, v, d, t, port, n, detail);
}

/* A statement without ports: those that a server listens on, each once. Their order is that of the numbers. */
static void put_found_ports(struct out *out, const struct vipa *v, const struct vipa_dvipa *d, const struct vipa_distribution *t, bool detail)
{
    for (uint32_t after = 0, next; after <= UINT16_MAX; after = next + 1) {
        next = UINT32_MAX - 1;
        for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
            for (unsigned i = 0; i < v->listeners[n].count; i++) {
                const struct vipa_listener *l = &v->listeners[n].entries[i];

                if (l->port >= after && l->port < next && (!l->address || l->address == d->address))
                    next = l->port;
            }
        if (next <= UINT16_MAX)
            put_port(out, v, d, t, (uint16_t)next, detail);
    }
}

void vipa_display_vdpt(const struct vipa *v, unsigned max, bool detail, vipa_line_fn *line, void *context)
{
    struct out out = { line, context, 0, max };

    put_header(&out, "DYNAMIC VIPA DESTINATION PORT TABLE:");
    put(&out, "DEST IPADDR     DPORT DESTXCF ADDR    RDY TOTALCONN  WLM");
    for (unsigned i = 0; i < v->count; i++) {
        const struct vipa_dvipa *d = &v->dvipas[i];

        for (unsigned n = 0; vipa_distributes_here(v, d) && n < d->distribution_count; n++) {
            const struct vipa_distribution *t = &d->distributions[n];

            for (unsigned p = 0; p < t->port_count; p++)
                put_port(&out, v, d, t, t->ports[p], detail);
            if (!t->port_count)
                put_found_ports(&out, v, d, t, detail);
        }
    }
    put_trailer(&out, out.records);
}

/* --- VCRT ---------------------------------------------------------------------------------------------------------- */

void vipa_display_vcrt(const struct vipa *v, unsigned max, bool detail, vipa_line_fn *line, void *context)
{
    struct out out = { line, context, 0, max };
    char destination[16], source[16], xcf[16];

    put_header(&out, "DYNAMIC VIPA CONNECTION ROUTING TABLE:");
    put(&out, "DEST IPADDR     DPORT SRC IPADDR      SPORT DESTXCF ADDR");
    for (uint32_t i = 0; i < v->crht.used && out.records < max; i++) {
        const struct crht_entry *e = &v->crht.entries[i];

        if (!e->address)
            continue;
        record(&out);
        put(&out, "%-15s %05u %-15s %05u %s", text_ip(destination, e->address), e->port, text_ip(source, e->peer), e->peer_port,
            text_ip(xcf, v->xcf_addresses[e->system]));
        if (detail)
            put(&out, "  MVSNAME: %-8s STATE: %s", v->xcf->members[e->system].name, e->confirmed ? "ESTABLISHED" : "ROUTED");
    }
    put_trailer(&out, v->crht.count);
}
