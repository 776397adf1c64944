/* Statements for the network that is there without a sysplex: DEVICE, LINK, HOME, START, routes, IPCONFIG.
 *
 *   DEVICE LCS1 LCS E20  ◄── LINK ETH1 ETHERNET 0 LCS1  ◄── HOME 10.1.0.1 ETH1
 *                                                       ◄── ROUTE 10.1.0.0/16 = ETH1 MTU 1500
 * A name must have been defined by an earlier statement. A bad entry of HOME ends it (z/OS), a bad ROUTE ends itself. */
#include "stack/profile/profile_parser.h"

#include <string.h>

#include "stack/base/text.h"

static struct profile_device *find_device(struct profile *profile, const char *name)
{
    for (unsigned i = 0; i < profile->device_count; i++)
        if (text_equal(profile->devices[i].name, name))
            return &profile->devices[i];
    return NULL;
}

static struct profile_link *find_link(struct profile *profile, const char *name)
{
    for (unsigned i = 0; i < profile->link_count; i++)
        if (text_equal(profile->links[i].name, name))
            return &profile->links[i];
    return NULL;
}

static bool parse_hex(const char *text, uint16_t *value)
{
    uint32_t sum = 0;
    unsigned i = 0;

    for (; text[i] != 0; i++) {
        char c = text[i];

        if (c >= '0' && c <= '9')
            sum = sum << 4 | (uint32_t)(c - '0');
        else if (c >= 'A' && c <= 'F')
            sum = sum << 4 | (uint32_t)(c - 'A' + 10);
        else
            return false;
        if (i == 4)
            return false;
    }
    *value = (uint16_t)sum;
    return i > 0;
}

static bool parse_devnum(struct profile_parser *p, struct profile_device *device)
{
    const struct profile *profile = p->profile;

    if (p->token.end || !parse_hex(p->token.text, &device->devnum) || device->devnum == 0)
        return parser_expected(p, "A DEVICE NUMBER (HEX)");
    for (unsigned i = 0; i < profile->device_count; i++)
        if (profile->devices[i].devnum == device->devnum)
            return parser_conflict(p, "DEVICE", p->token.text, profile->devices[i].line);
    parser_advance(p);
    return true;
}

static const struct profile_option device_options[] = {
    { "NETMAN", NULL, 0, false }, { "AUTORESTART", NULL, 0, false }, { NULL, NULL, 0, false },
};

bool statement_device(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_device device = { .line = parser_place(p) }, *earlier;
    uint32_t number;

    if (profile->device_count == HOME_MAX)
        return parser_expected(p, "NO MORE THAN %u DEVICES", HOME_MAX);
    if (!parser_name(p, "A DEVICE NAME", device.name))
        return false;
    earlier = find_device(profile, device.name);
    if (earlier != NULL)
        return parser_conflict(p, "DEVICE", device.name, earlier->line);
    if (parser_keyword(p, "LCS")) {
        if (!parse_devnum(p, &device))
            return false;
    } else if (parser_keyword(p, "VIRTUAL")) {
        device.is_virtual = true;
        if (!parser_number(p, "A NUMBER", 0, 65535, &number))
            return false;
    } else {
        return parser_expected(p, "LCS OR VIRTUAL");
    }
    parser_pass(p, device_options);
    profile->devices[profile->device_count++] = device;
    return true;
}

static const struct profile_option link_options[] = {
    { "IFSPEED", NULL, 1, false }, { "IFHSPEED", NULL, 1, false }, { "SECCLASS", NULL, 1, false }, { "MONSYSPLEX", NULL, 0, false },
    { NULL, NULL, 0, false },
};

/* LINK name ETHERNET adapter device | LINK name VIRTUAL 0 device */
bool statement_link(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_link link = { .line = parser_place(p) }, *earlier;
    struct profile_device *device;
    uint32_t adapter;

    if (profile->link_count == HOME_MAX)
        return parser_expected(p, "NO MORE THAN %u LINKS", HOME_MAX);
    if (!parser_name(p, "A LINK NAME", link.name))
        return false;
    earlier = find_link(profile, link.name);
    if (earlier != NULL)
        return parser_conflict(p, "LINK", link.name, earlier->line);
    link.is_virtual = parser_keyword(p, "VIRTUAL");
    if (!link.is_virtual && !parser_keyword(p, "ETHERNET") && !parser_keyword(p, "ETHEROR802.3"))
        return parser_expected(p, "ETHERNET OR VIRTUAL");
    if (!parser_number(p, "AN ADAPTER NUMBER", 0, 255, &adapter))
        return false;
    device = p->token.end ? NULL : find_device(profile, p->token.text);
    if (device == NULL || device->is_virtual != link.is_virtual)
        return parser_expected(p, "AN EARLIER %s DEVICE", link.is_virtual ? "VIRTUAL" : "LCS");
    parser_advance(p);
    parser_pass(p, link_options);

    memcpy(link.device, device->name, sizeof link.device);
    link.adapter = (uint8_t)adapter;
    link.devnum = device->devnum;
    link.started = device->started || device->is_virtual;
    profile->links[profile->link_count++] = link;
    return true;
}

bool statement_start(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_device *device = p->token.end ? NULL : find_device(profile, p->token.text);

    if (device == NULL)
        return parser_expected(p, "AN EARLIER DEVICE");
    parser_advance(p);
    device->started = true;
    for (unsigned i = 0; i < profile->link_count; i++)
        if (text_equal(profile->links[i].device, device->name))
            profile->links[i].started = true;
    return true;
}

static bool parse_home_entry(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_link *link;
    uint32_t address;
    char text[16];

    if (!parser_address(p, &address) || !parser_address_free(p, address))
        return false;
    link = p->token.end ? NULL : find_link(profile, p->token.text);
    if (link == NULL)
        return parser_expected(p, "AN EARLIER LINK");
    if (link->address != 0)
        return parser_conflict(p, "HOME", text_ip(text, link->address), link->home_line);
    parser_advance(p);
    link->address = address;
    link->home_line = parser_place(p);
    profile->home[profile->home_count++] = (uint8_t)(link - profile->links);
    return true;
}

bool statement_home(struct profile_parser *p)
{
    do {
        if (!parse_home_entry(p))
            return false;
        p->effect = EFFECT_REST;
    } while (!parser_at_statement(p));
    return true;
}

/* --- routes -------------------------------------------------------------------------------------------------------- */

bool statement_beginroutes(struct profile_parser *p)
{
    if (p->profile->routes_line == 0)
        p->profile->route_count = 0;
    p->profile->routes_line = parser_place(p);
    p->block = BLOCK_ROUTES;
    p->block_line = p->statement_line;
    return parser_at_statement(p) || parser_expected(p, "ROUTE");
}

bool statement_endroutes(struct profile_parser *p)
{
    p->block = BLOCK_NONE;
    return true;
}

/* DEFAULT | dest/prefix | dest HOST | dest mask */
static bool parse_destination(struct profile_parser *p, struct profile_route *route)
{
    if (parser_keyword(p, "DEFAULT"))
        return true;
    if (parser_network(p, &route->destination, &route->mask)) {
        if ((route->destination & ~route->mask) != 0)
            return parser_expected(p, "A NETWORK OF ITS PREFIX LENGTH");
        parser_advance(p);
        return true;
    }
    if (p->token.end || !text_parse_ip(p->token.text, &route->destination) || route->destination == 0)
        return parser_expected(p, "DEFAULT OR A DESTINATION");
    parser_advance(p);
    route->mask = UINT32_MAX;
    if (parser_keyword(p, "HOST"))
        return true;
    if (p->token.end || !text_parse_ip(p->token.text, &route->mask) || !profile_is_mask(route->mask))
        return parser_expected(p, "HOST OR AN ADDRESS MASK");
    if ((route->destination & ~route->mask) != 0)
        return parser_expected(p, "A MASK THAT COVERS THE DESTINATION");
    parser_advance(p);
    return true;
}

static bool parse_route_link(struct profile_parser *p, struct profile_route *route)
{
    struct profile_link *link = p->token.end ? NULL : find_link(p->profile, p->token.text);

    if (link == NULL || link->is_virtual)
        return parser_expected(p, "AN EARLIER LINK, NOT VIRTUAL,");
    parser_advance(p);
    route->link = (uint8_t)(link - p->profile->links);
    return true;
}

static bool route_free(struct profile_parser *p, const struct profile_route *route)
{
    const struct profile *profile = p->profile;
    char text[16];

    for (unsigned i = 0; i < profile->route_count; i++)
        if (profile->routes[i].destination == route->destination && profile->routes[i].mask == route->mask)
            return parser_conflict(p, "ROUTE", route->mask == 0 ? "DEFAULT" : text_ip(text, route->destination), profile->routes[i].line);
    return true;
}

/* n | DEFAULTSIZE, which is 576 */
static bool parse_mtu(struct profile_parser *p, uint16_t *mtu)
{
    uint32_t value = 576;

    if (!parser_must(p, "MTU"))
        return false;
    if (!parser_keyword(p, "DEFAULTSIZE") && !parser_number(p, "AN MTU", 576, 65535, &value))
        return false;
    *mtu = (uint16_t)value;
    return true;
}

static const struct profile_option route_options[] = {
    { "MAXImumretransmittime", NULL, 1, false }, { "MINImumretransmittime", NULL, 1, false }, { "ROUNDtripgain", NULL, 1, false },
    { "VARIANCEGain", NULL, 1, false }, { "VARIANCEMultiplier", NULL, 1, false }, { "DELAYAcks", NULL, 0, false },
    { "REPLACEABLE", NULL, 0, false }, { NULL, NULL, 0, false },
};

bool statement_route(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    struct profile_route route = { .line = parser_place(p) };

    if (profile->route_count == HOME_MAX)
        return parser_expected(p, "NO MORE THAN %u ROUTES", HOME_MAX);
    if (!parse_destination(p, &route))
        return false;
    if (!(route.mask != 0 && parser_keyword(p, "=")) && !parser_address(p, &route.gateway))
        return false;
    if (!parse_route_link(p, &route) || !parse_mtu(p, &route.mtu))
        return false;
    parser_pass(p, route_options);
    if (route_free(p, &route))
        profile->routes[profile->route_count++] = route;
    return true;
}

/* --- IPCONFIG ------------------------------------------------------------------------------------------------------ */

/* It cannot be changed once it is there: every stack of the sysplex knows this one by it. */
static bool dynamicxcf_fits(struct profile_parser *p, uint32_t address, uint32_t mask, uint32_t metric)
{
    const struct profile *profile = p->profile;
    char text[16];

    if (profile->dynamicxcf_address == address && profile->dynamicxcf_mask == mask && profile->dynamicxcf_metric == metric)
        return true;
    if (profile->dynamicxcf_address != 0)
        return parser_conflict(p, "DYNAMICXCF", text_ip(text, profile->dynamicxcf_address), profile->dynamicxcf_line);
    return parser_address_free(p, address);
}

/* ipaddr mask metric | ipaddr/bits metric */
static bool parse_dynamicxcf(struct profile_parser *p)
{
    struct profile *profile = p->profile;
    uint32_t address, mask, metric;

    if (parser_network(p, &address, &mask) && parser_is_host(address))
        parser_advance(p);
    else if (!parser_address(p, &address) || !parser_mask(p, &mask))
        return false;
    if (!parser_number(p, "A COST METRIC", 0, 14, &metric))
        return false;
    if (!dynamicxcf_fits(p, address, mask, metric) || profile->dynamicxcf_address != 0)
        return true;
    profile->dynamicxcf_address = address;
    profile->dynamicxcf_mask = mask;
    profile->dynamicxcf_metric = (uint8_t)metric;
    profile->dynamicxcf_line = parser_place(p);
    return true;
}

static bool set_sourcevipa(struct profile_parser *p)
{
    p->profile->sourcevipa = true;
    return true;
}

static bool set_nosourcevipa(struct profile_parser *p)
{
    p->profile->sourcevipa = false;
    return true;
}

static bool set_tcpstacksourcevipa(struct profile_parser *p)
{
    if (!parser_address(p, &p->profile->tcpstacksourcevipa))
        return false;
    p->profile->tcpstack_line = parser_place(p);
    return true;
}

static bool set_notcpstacksourcevipa(struct profile_parser *p)
{
    p->profile->tcpstacksourcevipa = 0;
    return true;
}

static const struct profile_option ip_options[] = {
    { "SOURCEVIPA", set_sourcevipa, 0, false }, { "NOSOURCEVIPA", set_nosourcevipa, 0, false },
    { "TCPSTACKSOURCEVipa", set_tcpstacksourcevipa, 0, false }, { "NOTCPSTACKSOURCEVipa", set_notcpstacksourcevipa, 0, false },
    { "DYNAMICXCF", parse_dynamicxcf, 0, false },
    { "SECCLASS", NULL, 1, false }, { "SMCD", NULL, 0, false }, { "SOURCEVIPAINTerface", NULL, 1, false },
    { "ARPTO", NULL, 1, false }, { "CHECKSUMOFFLoad", NULL, 0, false }, { "CLAWUSEDoublenop", NULL, 0, false },
    { "DATAGRamfwd", NULL, 0, false }, { "FWDMULTipath", NULL, 0, true }, { "PERConnection", NULL, 0, true }, { "PERPacket", NULL, 0, true },
    { "DEVRETRYDURation", NULL, 1, false }, { "FIREWALL", NULL, 0, false }, { "FORMat", NULL, 1, false },
    { "IGNORERedirect", NULL, 0, false }, { "IPSECURITY", NULL, 0, false }, { "IQDIORouting", NULL, 0, false },
    { "MULTIPATH", NULL, 0, false }, { "PATHMTUDISCovery", NULL, 0, false },
    { "QDIOACCELerator", NULL, 0, false }, { "QDIOPriority", NULL, 1, true },
    { "REASSEMBLytimeout", NULL, 1, false }, { "SEGMENTATIONOFFLoad", NULL, 0, false }, { "STOPONclawerror", NULL, 0, false },
    { "SYSPLEXRouting", NULL, 0, false }, { "TTL", NULL, 1, false }, { "VARSUBNETTING", NULL, 0, false },
    { NULL, NULL, 0, false },
};

bool statement_ipconfig(struct profile_parser *p)
{
    return parser_options(p, ip_options);
}
