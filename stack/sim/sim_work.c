/* See sim.h: the applications and the operator of a system. */
#include "stack/sim/sim.h"

#include <stdio.h>
#include <string.h>

#include "stack/base/text.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_private.h"
#include "stack/sim/sim_model.h"
#include "stack/socket/source.h"

#define SERVER 0x0A090000u          /* 10.9.0.0 + number */
#define XCF "192.168.0.%u"
#define POOL_PORTS 48u              /* of EXPLICITBINDPORTRANGE, behind EPHEMERALPORTS */
#define TAKE_TRIES 2u               /* times that a stack asks for ports that others may give back */

uint32_t sim_dvipa(unsigned i)
{
    return 0x0A010101u + i;
}

uint32_t sim_address(unsigned i)
{
    return i < SIM_DVIPAS ? sim_dvipa(i) : CLP_EXPLICIT;
}

/* --- connections ------------------------------------------------------------------------------------------------------ */

static struct sim_connection *free_connection(struct sim_system *s)
{
    for (unsigned i = 0; i < s->connections_used; i++)
        if (!s->connections[i].open)
            return &s->connections[i];
    return s->connections_used < SIM_CONNECTIONS ? &s->connections[s->connections_used++] : NULL;
}

/* Is a 4-tuple with this port the cluster's promise? */
static bool promised(struct sim_system *s, const struct clp_tuple *tuple, bool from_pool)
{
    const struct clp_table *t = clp_find(&s->stack->clp, tuple->source);

    return t && t->clusterports.on && (from_pool || t->store->enter || port_in(t->eligible, tuple->port));
}

/* The port of a connection from source; bound: the port that the socket has, 0 = none. */
static int assign(struct sim_system *s, struct clp_tuple *tuple, uint16_t bound, bool from_pool)
{
    sim_request(s, bound ? "connect with a bound port" : "connect");
    int error = clp_assign(&s->stack->clp, tuple->source, bound, tuple->destination, tuple->dport, &tuple->port);
    sim_answered(s);
    if (error != CLP_OK) {
        simulator_note("refused: errno %d, reason %04X", error, (unsigned)s->stack->clp.reason);
        sim_result.refused++;
        return error;
    }
    simulator_note("port %u of %08X to %08X:%u", tuple->port, tuple->source, tuple->destination, tuple->dport);
    if (s->state == SIM_FENCED)
        return CLP_OK;                      /* it does not know yet that nobody hears it */
    sim_result.connections++;
    model_opened(s->number, tuple, tuple->destination && promised(s, tuple, from_pool));
    return CLP_OK;
}

/* From the source address that the job has. */
static void open_connection(struct sim_system *s, struct sim_bind *bind)
{
    static const char *const jobs[SIM_DVIPAS] = { "APPA", "APPB" };
    struct sim_connection *c = free_connection(s);
    struct sip_result source;
    struct clp_tuple tuple = { .destination = SERVER + 1 + simulator_below(sim_plan.destinations), .dport = 80 };
    const struct sip_request request = {
        .job = jobs[simulator_below(SIM_DVIPAS)], .destination = tuple.destination, .bound_address = bind ? bind->address : 0,
        .bound_port = bind ? bind->port : 0, .pool_port = bind && bind->address == 0,
    };

    if (c >= s->connections + SIM_BUSY_CONNECTIONS || source_select(s->stack, &request, &source) != SIP_OK || source.address == 0)
        return;
    tuple.source = source.address;
    if (assign(s, &tuple, bind ? bind->port : 0, request.pool_port) != CLP_OK)
        return;
    if (bind)
        bind->connection = c;
    *c = (struct sim_connection){ .open = true, .tuple = tuple, .bind = bind,
                                  .due_us = platform_clock_us() + simulator_below(sim_plan.hold_us_max + 1) };
}

static void close_connection(struct sim_system *s, struct sim_connection *c)
{
    model_closed(s->number, &c->tuple);
    c->open = false;
    sim_request(s, "end of a connection");
    simulator_note("port %u of %08X to %08X", c->tuple.port, c->tuple.source, c->tuple.destination);
    clp_release(&s->stack->clp, c->tuple.source, c->tuple.port, c->tuple.destination, c->tuple.dport);
    sim_answered(s);
}

/* Half of them are closed by this side first and stay in TIME_WAIT. */
static bool age_connection(struct sim_system *s, struct sim_connection *c)
{
    if (!c->open || c->due_us > platform_clock_us())
        return false;
    if (!c->closing && s->profile.timewait_s && simulator_below(2)) {
        c->closing = true;
        c->due_us = platform_clock_us() + s->profile.timewait_s * 1000000ull;
        return false;
    }
    close_connection(s, c);
    return true;
}

void sim_forget(struct sim_system *s)
{
    for (unsigned i = 0; i < s->connections_used; i++)
        if (s->connections[i].open)
            model_closed(s->number, &s->connections[i].tuple);
    s->connections_used = 0;
    memset(s->binds, 0, sizeof s->binds);
}

/* --- binds ------------------------------------------------------------------------------------------------------------ */

static void unbind(struct sim_system *s, struct sim_bind *b)
{
    b->bound = false;
    sim_request(s, "end of a bind");
    source_unbind(s->stack, b->address, b->port);
    sim_answered(s);
}

/* To a port of a DVIPA, or to any port of any address. */
static void bind_new(struct sim_system *s, struct sim_bind *b)
{
    bool any = sim_plan.explicit_pool && simulator_below(2);
    uint32_t address = any ? 0 : sim_dvipa(simulator_below(SIM_DVIPAS)), reason;
    uint16_t port = any ? 0 : (uint16_t)(sim_plan.low + simulator_below(sim_plan.ports)), bound = 0;

    sim_request(s, any ? "bind to any port" : "bind to a given port");
    simulator_note("address %08X, port %u", address, port);
    int error = source_bind(s->stack, address, port, &bound, &reason);
    sim_answered(s);
    if (error != CLP_OK) {
        sim_result.refused++;
        return;
    }
    *b = (struct sim_bind){ .bound = true, .address = address, .port = bound,
                            .due_us = platform_clock_us() + simulator_below(sim_plan.hold_us_max + 1) };
}

/* The connection of a socket outlives its close, and the bind outlives that, as in stack/socket/hold.c. */
static bool age_bind(struct sim_system *s, struct sim_bind *b)
{
    if (!b->bound || (b->connection && b->connection->open && b->connection->bind == b) || b->due_us > platform_clock_us())
        return false;
    unbind(s, b);
    return true;
}

/* A new one, or a connection from one that is there. */
static void work_with_binds(struct sim_system *s)
{
    struct sim_bind *b = &s->binds[simulator_below(SIM_BINDS)];

    if (!b->bound)
        bind_new(s, b);
    else if (!b->connection)
        open_connection(s, b);
}

/* --- what is to be done ------------------------------------------------------------------------------------------------ */

static bool age_something(struct sim_system *s)
{
    for (unsigned i = 0; i < s->connections_used; i++)
        if (age_connection(s, &s->connections[i]))
            return true;
    for (unsigned i = 0; i < SIM_BINDS; i++)
        if (age_bind(s, &s->binds[i]))
            return true;
    return false;
}

/* Most of the time much is going on; now and then an application thinks. */
static void think(struct sim_system *s)
{
    uint32_t how = simulator_below(100);
    uint32_t us = how < 60 ? simulator_below(2000) : how < 95 ? simulator_below(100000) : simulator_below(3000000);

    s->hold_off_us = platform_clock_us() + us;
}

void sim_work(struct sim_system *s)
{
    if (s->hold_off_us > platform_clock_us() || age_something(s))
        return;
    if (sim_lull_us > platform_clock_us())
        return;
    if (simulator_chance(sim_plan.live_ppm))
        sim_obey(s, true);
    else if (simulator_chance(sim_plan.profile_ppm))
        sim_obey(s, false);
    else if (simulator_chance(sim_plan.bind_ppm))
        work_with_binds(s);
    else
        open_connection(s, NULL);
    think(s);
}

void sim_work_close_all(struct sim_system *s)
{
    for (unsigned i = 0; i < s->connections_used; i++)
        if (s->connections[i].open)
            close_connection(s, &s->connections[i]);
    for (unsigned i = 0; i < SIM_BINDS; i++)
        if (s->binds[i].bound)
            unbind(s, &s->binds[i]);
    s->connections_used = 0;
}

/* Ports for connections whose destination is not known (0), with which nothing else can be done; for a CRHT, all towards one
 * destination. Result: how many there were. */
static uint32_t take_address(struct sim_system *s, uint32_t address, uint32_t destination)
{
    struct ecb never = { 0 };
    unsigned tries = 0;
    uint32_t taken = 0;

    while (tries < TAKE_TRIES) {
        struct sim_connection *c = free_connection(s);
        struct clp_tuple tuple = { .source = address, .destination = destination, .dport = 80 };

        if (!c)
            break;
        if (assign(s, &tuple, 0, false) == CLP_OK) {
            *c = (struct sim_connection){ .open = true, .tuple = tuple };
            taken++;
            continue;
        }
        tries++;
        (void)platform_wait(&never, 150000);
        xcf_poll(&s->stack->xcf);
    }
    return taken;
}

static void check_address(struct sim_system *s, const struct clp_table *t)
{
    struct clp_audit a;

    if (sim_cf_lost || s->state == SIM_FENCED || (t->store != &clp_bitmap_store && t->store != &clp_reversed_store))
        return;
    int error = clp_check(&s->stack->clp, t->address, &a);
    if (error != CLP_OK || a.differences || a.doubles || a.leaked)
        sim_violation("audit by %s of %08X: errno %d, %u differences, %u doubles, %u leaked", s->name, t->address, error,
                      a.differences, a.doubles, a.leaked);
}

static bool lowest(const struct sim_system *s)
{
    for (unsigned n = 1; n < s->number; n++)
        if (sim_systems[n].state == SIM_UP)
            return false;
    return true;
}

void sim_work_take_all(struct sim_system *s)
{
    for (unsigned i = 0; i < SIM_DVIPAS; i++) {
        const struct clp_table *t = clp_find(&s->stack->clp, sim_dvipa(i));

        if (!t || !t->clusterports.on)
            continue;
        check_address(s, t);
        if (!t->store->enter)
            (void)take_address(s, sim_dvipa(i), 0);
        else if (lowest(s) && !sim_cf_lost && s->state == SIM_UP)
            model_all_open(s->number, sim_dvipa(i), take_address(s, sim_dvipa(i), SERVER));
    }
}

/* --- the profile ------------------------------------------------------------------------------------------------------- */

static const char *const store_words[] = {
    [STORE_BITMAP] = "BITMAP", [STORE_REVERSED] = "REVERSED", [STORE_LISTS] = "LISTS", [STORE_CRHT] = "CRHT",
    [STORE_BROADCAST] = "BROADCAST", [STORE_DISTRIBUTOR] = "DISTRIBUTOR", [STORE_CLUSTERWIDE] = "CLUSTERWIDE",
};

static const char *clusterports(char *text, size_t size)
{
    const struct profile_clusterports *c = &sim_plan.clusterports;
    size_t used = (size_t)snprintf(text, size, "CLUSTERPORTS BLOCKSIZE %u STORE %s", c->blocksize, store_words[c->store]);

    if (c->quota)
        snprintf(text + used, size - used, " QUOTA %u PORTS", c->quota);
    return text;
}

static void message(void *context, const char *line)
{
    (void)context;
    simulator_note("%s", line);
}

/* DVA is defined by MVS1, DVB by MVS2; everybody is a target of both. */
static size_t put_dvipa(char *text, size_t size, unsigned i, unsigned number)
{
    char options[80], ip[16];

    text_ip(ip, sim_dvipa(i));
    clusterports(options, sizeof options);
    if (number == i + 1)
        return (size_t)snprintf(text, size, "VIPADEFINE 255.255.255.0 %s\nVIPADISTRIBUTE %s %s DESTIP ALL\n", ip, options, ip);
    if (!sim_plan.backups)
        return 0;
    return (size_t)snprintf(text, size, "VIPABACKUP %u %s %s\nVIPADISTRIBUTE %s %s DESTIP ALL\n", 100 - number, options, ip,
                            options, ip);
}

void sim_profile(struct sim_system *s)
{
    char text[2048];
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "IPCONFIG DYNAMICXCF " XCF " 255.255.255.0 1\nTCPCONFIG EPHEMERALPORTS %u %u TIMEWAITINTERVAL %u\n",
                                   s->number, sim_plan.low, sim_plan.low + sim_plan.ports - 1u, sim_plan.timewait_s);

    if (sim_plan.explicit_pool)
        used += (size_t)snprintf(text + used, sizeof text - used, "GLOBALCONFIG EXPLICITBINDPORTRANGE %u %u\n",
                                 sim_plan.low + sim_plan.ports, POOL_PORTS);
    used += (size_t)snprintf(text + used, sizeof text - used, "VIPADYNAMIC\n");
    for (unsigned i = 0; i < SIM_DVIPAS; i++)
        used += put_dvipa(text + used, sizeof text - used, i, s->number);
    used += (size_t)snprintf(text + used, sizeof text - used, "ENDVIPADYNAMIC\nSRCIP JOBNAME APPA 10.1.1.1 JOBNAME APPB 10.1.1.2 ENDSRCIP\n");
    int errors = profile_parse(&s->profile, "PROFILE", text, (uint32_t)used, NULL, message, NULL);
    if (errors)
        sim_violation("%d errors in the profile of %s", errors, s->name);
}

/* --- OBEYFILE ---------------------------------------------------------------------------------------------------------- */

/* The member that is being read. */
static const char *member;

static bool open_member(void *context, const char *name)
{
    (void)context, (void)name;
    return true;
}

static int32_t read_member(void *context, char *text, uint32_t size)
{
    uint32_t length = (uint32_t)strnlen(member, size);

    (void)context;
    memcpy(text, member, length);
    member += length;
    return (int32_t)length;
}

static void close_member(void *context)
{
    (void)context;
}

static const struct profile_source source = { .open = open_member, .read = read_member, .close = close_member };
static struct profile_input input = { .source = &source, .message = message };

/* Other ephemeral ports within those of the start, a port that is reserved or not any more, another TIMEWAITINTERVAL. */
static void change_ports(const struct sim_system *s, char *text, size_t size)
{
    uint32_t low, high;

    switch (simulator_below(3)) {
    case 0:
        low = simulator_below(sim_plan.ports / 4 + 1);
        high = sim_plan.ports - 1 - simulator_below(sim_plan.ports / 4 + 1);
        snprintf(text, size, "TCPCONFIG EPHEMERALPORTS %u %u\n", sim_plan.low + low, sim_plan.low + high);
        break;
    case 1:
        if (s->profile.port_count > 2)
            snprintf(text, size, "DELETE PORT %u TCP RESERVED\n", s->profile.ports[0].first);
        else
            snprintf(text, size, "PORT %u TCP RESERVED\n", sim_plan.low + simulator_below(sim_plan.ports));
        break;
    default:
        snprintf(text, size, "TCPCONFIG TIMEWAITINTERVAL %u\n", simulator_below(2) ? 0 : sim_plan.timewait_s);
        break;
    }
}

/* CLUSTERPORTS comes to an address that this stack distributes, or goes from it. */
static void change_clusterports(struct sim_system *s, char *text, size_t size)
{
    unsigned i = simulator_below(SIM_DVIPAS);
    const struct vipa_dvipa *d = vipa_find(&s->stack->vipa, sim_dvipa(i));
    char options[80] = "", ip[16];

    if (!d || d->owner != s->number)
        return;
    if (!d->clusterports.on)
        clusterports(options, sizeof options);
    snprintf(text, size, "VIPADYNAMIC VIPADISTRIBUTE DELETE %s DESTIP ALL VIPADISTRIBUTE DEFINE %s %s DESTIP ALL ENDVIPADYNAMIC\n",
             text_ip(ip, sim_dvipa(i)), options, ip);
}

static void on_change(void *context, const struct profile_change *change)
{
    struct sim_system *s = context;

    stack_change(s->stack, change);
}

void sim_obey(struct sim_system *s, bool live)
{
    char text[256] = "";

    if (live)
        change_clusterports(s, text, sizeof text);
    else
        change_ports(s, text, sizeof text);
    if (!text[0])
        return;
    sim_request(s, "OBEYFILE");
    simulator_note("%.*s", (int)strlen(text) - 1, text);
    xcf_drain(&s->stack->xcf);
    member = text;
    (void)profile_obey(&s->profile, &s->before, "OBEY", &input);
    if (profile_compare(&s->before, &s->profile, on_change, s))
        stack_changed(s->stack);
    sim_answered(s);
    sim_result.obeys++;
}
