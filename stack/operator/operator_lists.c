#include "stack/operator/operator_lists.h"

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"
#include "stack/clp/clp_bits.h"

#define LINE_USED 60u           /* of a line with ports: then the next one begins */

static uint8_t map[PORTS_PER_DVIPA / 8];        /* too large for the image's stack */

bool operator_list_parse(const char *value, struct operator_list *list)
{
    *list = (struct operator_list){ .all = text_equal(value, "ALL") };
    if (list->all || text_parse_u32(value, CLP_LISTS - 1, &list->number))
        return true;
    list->ports = text_parse_ip(value, &list->address);
    list->number = clp_list(list->address);
    return list->ports && list->address != 0;
}

static bool is_meant(const struct operator_list *list, uint32_t address)
{
    return list->all || (list->ports ? list->address == address : list->number == clp_list(address));
}

static bool has(uint32_t port)
{
    return map[port / 8] & (0x80u >> port % 8);
}

/* Ranges, as many as a line takes. */
static void put_ports(void)
{
    char line[WTO_MAX + 1];
    uint32_t used = 0;

    for (uint32_t port = 0; port < PORTS_PER_DVIPA; port++) {
        uint32_t first = port;

        if (!has(port))
            continue;
        while (port + 1 < PORTS_PER_DVIPA && has(port + 1))
            port++;
        if (first == port)
            used += (uint32_t)text_format(line + used, sizeof line - used, " %u", first);
        else
            used += (uint32_t)text_format(line + used, sizeof line - used, " %u-%u", first, port);
        if (used >= LINE_USED) {
            text_wto("IST1839I PORTS:%s", line);
            used = 0;
        }
    }
    if (used)
        text_wto("IST1839I PORTS:%s", line);
}

static uint32_t put_stack(struct clp *clp, const struct operator_list *list, uint32_t address, const char *name)
{
    uint32_t ports = 0;

    if (!clp_owned_ports(clp, address, name, map))
        return 0;
    for (uint32_t w = 0; w < CLP_WORDS; w++)
        ports += bits_count(get_be64(map + 8 * w));
    text_wto("IST1837I                       %-8s TCPIP    %10u", name, ports);
    if (list->ports)
        put_ports();
    return ports;
}

/* False: nothing of it is in the structure. */
static bool put_dvipa(struct clp *clp, const struct operator_list *list, uint32_t address)
{
    static char names[SYSTEMS_MAX + 1][NAME_LEN + 1];
    uint32_t total = 0;
    char ip[16];

    if (!is_meant(list, address) || clp_systems(clp, address, names, NULL) != CLP_OK)
        return false;
    text_wto("IST1835I %4u %s", clp_list(address), address == CLP_EXPLICIT ? "EXPLICITBIND" : text_ip(ip, address));
    for (unsigned n = 1; n <= SYSTEMS_MAX; n++)
        if (names[n][0])
            total += put_stack(clp, list, address, names[n]);
    text_wto("IST1838I                       DVIPA TOTALS      %10u", total);
    return true;
}

void operator_list_display(struct clp *clp, const struct operator_list *list)
{
    enum clp_reason reason = clp->reason;
    unsigned shown = 0;

    text_wto("IST1834I LIST DVIPA            SYSNAME  TCPNAME  # ASSIGNED PORTS");
    if (clp->explicit_ports)
        shown += put_dvipa(clp, list, CLP_EXPLICIT);
    for (unsigned i = 0; i < clp->count; i++)
        shown += put_dvipa(clp, list, clp->addresses[i]);
    if (shown == 0)
        text_wto("IST1836I NO PORTS OF A DVIPA OF THIS STACK ARE ASSIGNED FROM SUCH A LIST");
    clp->reason = reason;
}
