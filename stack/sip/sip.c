#include "stack/sip/sip.h"

#include <string.h>

#include "stack/base/flow.h"
#include "stack/base/text.h"

/* --- Fig. 2 -------------------------------------------------------------------------------------------------------- */

bool sip_associate(struct sip *sip, const char *job, uint32_t address)
{
    struct sip_association *association = sip->associations;

    while (association < sip->associations + sip->count && !text_equal(association->job, job))
        association++;
    if (association == sip->associations + SOURCEIPA_MAX)
        return false;
    if (association == sip->associations + sip->count)
        sip->count++;
    FLOW(2, 210);
    text_format(association->job, sizeof association->job, "%s", job);
    association->address = address;
    return true;
}

void sip_configure(struct sip *sip, const struct profile *profile)
{
    sip->count = 0;
    FLOW(2, 200);
    for (unsigned i = 0; i < profile->sourceipa_count; i++)
        (void)sip_associate(sip, profile->sourceipas[i].job, profile->sourceipas[i].address);  /* both tables are as large */
}

/* --- Fig. 3 / 7 ---------------------------------------------------------------------------------------------------- */

/* How well an association fits: twice how specific it is, and one more for the job name itself. */
static unsigned fit(const struct sip_association *association, const char *job, const char *user)
{
    unsigned by_job = text_match(association->job, job);
    unsigned by_user = user != NULL ? text_match(association->job, user) : 0;

    return by_job >= by_user && by_job > 0 ? 2 * by_job + 1 : 2 * by_user;
}

const struct sip_association *sip_find(const struct sip *sip, const char *job, const char *user)
{
    const struct sip_association *best = NULL;
    unsigned best_fit = 0, this_fit;

    for (unsigned i = 0; i < sip->count; i++) {
        this_fit = fit(&sip->associations[i], job, user);
        if (this_fit > best_fit) {
            best_fit = this_fit;
            best = &sip->associations[i];
        }
    }
    return best;
}

static int use(struct sip_result *result, uint32_t address)
{
    result->address = address;
    FLOW(3, 320);
    return SIP_OK;
}

/* The address is not to be had: the connect fails, rather than go out from an address that nobody asked for. */
static int refuse(struct sip_result *result)
{
    FLOW(7, 740);
    result->reason = SIP_JRBINDADDRNACTIVE;
    return SIP_EADDRNOTAVAIL;
}

static int select_conventional(const struct sip_request *request, const struct sip_tables *tables, struct sip_result *result)
{
    uint32_t address;

    FLOW(7, 715), FLOW(3, 325);
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
        return refuse(result);
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

static int select_dvipa(uint32_t address, const struct sip_tables *tables, struct sip_result *result)
{
    FLOW(7, 735);
    if (!tables->is_configured(tables->context, address))
        return refuse(result);
    FLOW(7, 745);
    if (!tables->is_active(tables->context, address) && !activate_from_range(address, tables))
        return refuse(result);
    FLOW(7, 755);
    return use(result, address);
}

static int select_associated(uint32_t address, const struct sip_tables *tables, struct sip_result *result)
{
    FLOW(3, 315);
    FLOW(7, 720);
    if (tables->is_dvipa(tables->context, address))
        return select_dvipa(address, tables, result);
    return select_defined(address, tables, result);
}

int sip_select(const struct sip *sip, const struct sip_request *request, const struct sip_tables *tables, struct sip_result *result)
{
    memset(result, 0, sizeof *result);
    FLOW(7, 700), FLOW(3, 300);
    if (request->bound_address != 0) {
        FLOW(7, 705), FLOW(3, 330);
        return use(result, request->bound_address);
    }
    FLOW(3, 305);
    result->association = sip_find(sip, request->job, request->user);
    FLOW(7, 710), FLOW(3, 310);
    if (result->association == NULL)
        return select_conventional(request, tables, result);
    return select_associated(result->association->address, tables, result);
}
