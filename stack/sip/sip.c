#include "stack/sip/sip.h"

#include <string.h>

#include "stack/base/flow.h"
#include "stack/base/text.h"

/* --- Fig. 2 -------------------------------------------------------------------------------------------------------- */

static struct sip_association *find_name(struct sip *sip, const char *job)
{
    for (unsigned i = 0; i < sip->count; i++)
        if (sip->associations[i].kind == SIP_SOURCEIPA && text_equal(sip->associations[i].job, job))
            return &sip->associations[i];
    return NULL;
}

static bool add(struct sip *sip, const struct sip_association *association)
{
    if (sip->count == SIP_ASSOCIATIONS_MAX)
        return false;
    FLOW(2, 210);
    sip->associations[sip->count++] = *association;
    return true;
}

bool sip_associate(struct sip *sip, const char *job, uint32_t address)
{
    struct sip_association *there = find_name(sip, job);
    struct sip_association association = { .kind = SIP_SOURCEIPA, .use = SRCIP_CLIENT, .address = address };
    unsigned statements = 0;

    if (there != NULL) {
        FLOW(2, 210);
        there->address = address;
        return true;
    }
    for (unsigned i = 0; i < sip->count; i++)
        statements += sip->associations[i].kind == SIP_SOURCEIPA;
    text_format(association.job, sizeof association.job, "%s", job);
    return statements < SOURCEIPA_MAX && add(sip, &association);
}

static void configure_rule(struct sip *sip, const struct profile_srcip *rule)
{
    struct sip_association association = {
        .kind = rule->is_destination ? SIP_DESTINATION : SIP_JOBNAME,
        .network = rule->network,
        .mask = rule->mask,
        .use = rule->use,
        .address = rule->source,
    };

    memcpy(association.job, rule->job, sizeof association.job);
    (void)add(sip, &association);       /* the table has room for both kinds of statements */
}

void sip_configure(struct sip *sip, const struct profile *profile)
{
    sip->count = 0;
    sip->profile = profile;
    sip->tcpstack_source = profile->sourcevipa ? profile->tcpstacksourcevipa : 0;
    FLOW(2, 200);
    for (unsigned i = 0; i < profile->sourceipa_count; i++)
        (void)sip_associate(sip, profile->sourceipas[i].job, profile->sourceipas[i].address);  /* both tables are as large */
    for (unsigned i = 0; i < profile->srcip_count; i++)
        configure_rule(sip, &profile->srcips[i]);
}

/* --- the association of a job or a destination --------------------------------------------------------------------- */

static const struct sip_association *find_job(const struct sip *sip, const char *job, const char *user, enum profile_srcip_use use,
                                              unsigned *fit)
{
    const struct sip_association *best = NULL;

    *fit = 0;
    for (unsigned i = 0; i < sip->count; i++) {
        const struct sip_association *association = &sip->associations[i];
        unsigned this_fit = 0;

        if (association->kind != SIP_DESTINATION && (association->use & use) != 0)
            this_fit = profile_job_fit(association->job, job, user);
        if (this_fit > *fit) {
            *fit = this_fit;
            best = association;
        }
    }
    return best;
}

static const struct sip_association *find_destination(const struct sip *sip, uint32_t destination)
{
    const struct sip_association *best = NULL;

    for (unsigned i = 0; i < sip->count; i++) {
        const struct sip_association *association = &sip->associations[i];

        if (association->kind == SIP_DESTINATION && (destination & association->mask) == association->network &&
            (best == NULL || association->mask > best->mask))
            best = association;
    }
    return best;
}

const struct sip_association *sip_find(const struct sip *sip, const char *job, const char *user)
{
    unsigned fit;

    return find_job(sip, job, user, SRCIP_CLIENT, &fit);
}

const struct sip_association *sip_find_for(const struct sip *sip, const struct sip_request *request)
{
    unsigned fit;
    const struct sip_association *by_job = find_job(sip, request->job, request->user, SRCIP_CLIENT, &fit), *by_destination;

    if (fit > PROFILE_FIT_ANY)
        return by_job;
    by_destination = find_destination(sip, request->destination);
    return by_destination != NULL ? by_destination : by_job;
}

static uint32_t port_bind(const struct sip *sip, const char *job, const char *user, uint16_t port)
{
    const struct profile_portreserve *entry = NULL;

    if (port != 0 && sip->profile != NULL)
        entry = profile_port_of(sip->profile, true, port, job, user, NULL);
    return entry != NULL ? entry->bind_address : 0;
}

uint32_t sip_bind_address(const struct sip *sip, const char *job, const char *user, uint16_t port, bool listening)
{
    uint32_t address = port_bind(sip, job, user, port);
    const struct sip_association *association;
    unsigned fit;

    if (address != 0 || !listening)
        return address;
    association = find_job(sip, job, user, SRCIP_SERVER, &fit);
    return association != NULL ? association->address : 0;
}

/* --- Fig. 3 / 7 ---------------------------------------------------------------------------------------------------- */

static int use(struct sip_result *result, uint32_t address)
{
    result->address = address;
    FLOW(3, 320);
    return SIP_OK;
}

/* The address is not to be had: the connect fails, rather than go out from an address that nobody asked for. */
static int refuse(struct sip_result *result, uint32_t reason)
{
    FLOW(7, 740);
    result->reason = reason;
    return SIP_EADDRNOTAVAIL;
}

/* TCPSTACKSOURCEVIPA for a connect without a bind, 0 = none. An address that is not active is passed over. */
static uint32_t tcpstack_source(const struct sip *sip, const struct sip_request *request, const struct sip_tables *tables,
                                struct sip_result *result)
{
    uint32_t address = sip->tcpstack_source;

    if (address == 0 || request->bound_port != 0)
        return 0;
    if (tables->is_dvipa(tables->context, address) ? tables->is_active(tables->context, address)
                                                   : tables->is_defined(tables->context, address))
        return address;
    result->tcpstack_passed_over = true;
    return 0;
}

static int select_conventional(const struct sip *sip, const struct sip_request *request, const struct sip_tables *tables,
                               struct sip_result *result)
{
    uint32_t address;

    FLOW(7, 715), FLOW(3, 325);
    address = tcpstack_source(sip, request, tables, result);
    if (address == 0)
        address = tables->source_vipa(tables->context, request->destination);
    if (address == 0)
        address = tables->link_address(tables->context, request->destination);
    return address != 0 ? use(result, address) : SIP_ENETUNREACH;
}

/* An address of the HOME list: a static VIPA, or that of a link. */
static int select_defined(uint32_t address, const struct sip_tables *tables, struct sip_result *result)
{
    FLOW(7, 725);
    if (!tables->is_defined(tables->context, address))
        return refuse(result, SIP_JRBINDADDRNACTIVE);
    FLOW(7, 730);
    return use(result, address);
}

static bool activate_from_range(uint32_t address, const struct sip_tables *tables)
{
    FLOW(7, 750);
    if (!tables->in_range(tables->context, address))
        return false;
    FLOW(7, 760);
    return tables->activate(tables->context, address);
}

/* The socket has a port that another stack may use with this address: see sip.h. */
static bool port_not_unique(const struct sip *sip, const struct sip_request *request, const struct sip_tables *tables,
                            const struct sip_association *association)
{
    if (association->kind != SIP_DESTINATION || request->bound_port < PORT_EPHEMERAL_LOW || request->pool_port)
        return false;
    if (tables->is_distributed == NULL || !tables->is_distributed(tables->context, association->address))
        return false;
    return sip->profile == NULL ||
           profile_port_of(sip->profile, true, request->bound_port, request->job, request->user, NULL) == NULL;
}

static int select_dvipa(uint32_t address, const struct sip_tables *tables, struct sip_result *result)
{
    FLOW(7, 735);
    if (!tables->is_configured(tables->context, address))
        return refuse(result, SIP_JRBINDADDRNACTIVE);
    FLOW(7, 745);
    if (!tables->is_active(tables->context, address) && !activate_from_range(address, tables))
        return refuse(result, SIP_JRBINDADDRNACTIVE);
    FLOW(7, 755);
    return use(result, address);
}

static int select_associated(const struct sip *sip, const struct sip_request *request, const struct sip_tables *tables,
                             struct sip_result *result)
{
    const struct sip_association *association = result->association;

    FLOW(3, 315);
    FLOW(7, 720);
    if (!tables->is_dvipa(tables->context, association->address))
        return select_defined(association->address, tables, result);
    if (port_not_unique(sip, request, tables, association))
        return refuse(result, SIP_JRSRCIPDISTDVIPA);
    return select_dvipa(association->address, tables, result);
}

int sip_select(const struct sip *sip, const struct sip_request *request, const struct sip_tables *tables, struct sip_result *result)
{
    uint32_t bound = request->bound_address;

    memset(result, 0, sizeof *result);
    FLOW(7, 700), FLOW(3, 300);
    if (bound == 0)
        bound = port_bind(sip, request->job, request->user, request->bound_port);
    if (bound != 0) {
        FLOW(7, 705), FLOW(3, 330);
        return use(result, bound);
    }
    FLOW(3, 305);
    result->association = sip_find_for(sip, request);
    FLOW(7, 710), FLOW(3, 310);
    if (result->association == NULL)
        return select_conventional(sip, request, tables, result);
    return select_associated(sip, request, tables, result);
}

void sip_warn(struct sip *sip, const struct sip_result *result, uint64_t now_us)
{
    char text[16];

    if (!result->tcpstack_passed_over || (sip->warned_us != 0 && now_us - sip->warned_us < SIP_WARNING_US))
        return;
    sip->warned_us = now_us;
    text_wto("EZD1312I TCPSTACKSOURCEVIPA %s IS NOT ACTIVE, CONNECTIONS USE OTHER ADDRESSES", text_ip(text, sip->tcpstack_source));
}
