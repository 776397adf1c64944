/* The connection routing hash table in the coupling facility: list structure EZBCRHT, an entry for each connection.
 *
 *   list s   the connections of system s
 *   entry    named by the 4-tuple: 12 bytes as 16 characters of 6 bits; no data
 *
 * A stack proposes a port and writes the entry, new only: the CF's names are unique in a structure, so the search for the
 * 4-tuple and its addition are one command. Ports are nobody's; the same one serves any number of destinations on any
 * stacks, about 63,000 connections for each destination. The end of a connection deletes its entry. Recovery deletes the
 * failed stack's list. The list that holds an entry says where a connection is: so the distributing stack routes by it. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/flow.h"
#include "stack/base/text.h"
#include "stack/clp/clp_bits.h"
#include "stack/clp/clp_table.h"

#define STRUCTURE "EZBCRHT"

static int failed(struct clp *clp, enum clp_reason reason)
{
    return clp_error(clp, CLP_EADDRNOTAVAIL, reason);
}

static void tuple_name(uint8_t name[CF_NAME_SIZE], const struct clp_tuple *tuple)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$#";
    uint8_t key[12];

    put_be32(key, tuple->source);
    put_be32(key + 4, tuple->destination);
    put_be16(key + 8, tuple->port);
    put_be16(key + 10, tuple->dport);
    for (unsigned i = 0; i < 4; i++, name += 4) {
        uint32_t three = (uint32_t)key[3 * i] << 16 | (uint32_t)key[3 * i + 1] << 8 | key[3 * i + 2];

        for (unsigned k = 0; k < 4; k++)
            name[k] = (uint8_t)digits[three >> (18 - 6 * k) & 63];
    }
}

static int crht_enter(struct clp *clp, struct clp_table *t, const struct clp_tuple *tuple)
{
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .entrytype = CF_ENTRY_NEW,
                             .list = clp->number };

    (void)t;
    if (!clp->crht)
        return failed(clp, CLP_REASON_CF);
    FLOW(9, 925);
    FLOW(4, 415);
    FLOW(9, 935);
    FLOW(4, 420);
    tuple_name(r.name, tuple);
    r.versupdate = CF_VERSUPDATE_SET;
    r.version = clp_life(clp, clp->number);
    if (xes_list(clp->crht, &r) == IXLRETCODEOK) {
        FLOW(9, 940);
        return CLP_OK;
    }
    return r.reason == IXLRSNCODEENTRYEXISTS ? clp_error(clp, CLP_EADDRINUSE, CLP_REASON_OWNED)
                                             : failed(clp, CLP_REASON_CF);
}

static bool crht_leave(struct clp *clp, struct clp_table *t, const struct clp_tuple *tuple)
{
    struct xes_request r = { .command = CF_CMD_LIST_DELETE, .locate = CF_LOCATE_NAME, .options = CF_OPT_LISTCOMP,
                             .list = clp->number };

    (void)t;
    FLOW(10, 1015);
    FLOW(5, 515);
    FLOW(10, 1020);
    tuple_name(r.name, tuple);
    bool deleted = clp->crht && xes_list(clp->crht, &r) == IXLRETCODEOK;    /* the CF is lost: nor is the connection there any more */
    FLOW(10, 1025);
    return deleted;
}

/* Delete what a system has entered in its lives up to this one; the version of an entry is the life. Entries, or -1. */
static int32_t delete_list(struct clp *clp, uint8_t number)
{
    struct xes_request r = { .command = CF_CMD_LIST_DELETE_MULT, .options = CF_OPT_LISTCOMP, .list = number,
                             .verscomp = CF_VERSCOMP_LESSOREQUAL, .version_comp = clp_life(clp, number) };
    int32_t entries = 0;

    for (;;) {
        int rc = xes_list(clp->crht, &r);

        entries += (int32_t)r.count;
        if (rc == IXLRETCODEOK)
            return entries;
        if (r.reason != IXLRSNCODETIMEOUT)
            return -1;
        memset(r.name, 0, sizeof r.name);
        memset(r.leid, 0, sizeof r.leid);
        memset(r.adjunct, 0, sizeof r.adjunct);
    }
}

static int crht_recover(struct clp *clp, struct clp_table *t, const char *system, uint8_t number, uint32_t *ports)
{
    (void)t, (void)system;
    if (!clp->crht)
        return failed(clp, CLP_REASON_CF);
    FLOW(12, 1205);
    FLOW(12, 1210);
    int32_t entries = delete_list(clp, number);
    FLOW(12, 1215);
    if (entries < 0)
        return failed(clp, CLP_REASON_CF);
    *ports += (uint32_t)entries;
    return CLP_OK;
}

static int crht_init(struct clp *clp, struct clp_table *t, unsigned origin)
{
    const struct xes_attributes attributes = { .list_headers = SYSTEMS_MAX + 1, .size_kib = 32768, .max_elements = 1,
                                               .flags = CF_CONN_NAMED, .entry_ratio = 1, .vector_bits = 32 };

    (void)t, (void)origin;
    FLOW(8B, 850);
    if (clp->crht)
        return CLP_OK;
    FLOW(8B, 855);
    int rc = clp_connect_structure(clp, &clp->crht, &clp->crht_refused, STRUCTURE, &attributes);
    if (rc != CLP_OK)
        return rc;
    FLOW(8B, 860);
    int32_t earlier = delete_list(clp, clp->number);    /* of this stack's earlier life */
    if (earlier == 0)
        FLOW(8B, 865);
    return earlier < 0 ? failed(clp, CLP_REASON_CF) : CLP_OK;
}

uint8_t clp_tuple_owner(struct clp *clp, const struct clp_tuple *tuple)
{
    struct xes_request r = { .command = CF_CMD_LIST_READ, .locate = CF_LOCATE_NAME };

    tuple_name(r.name, tuple);
    if (!clp->crht || xes_list(clp->crht, &r) != IXLRETCODEOK || r.answer_list > SYSTEMS_MAX)
        return 0;
    return (uint8_t)r.answer_list;
}

static uint32_t loose_find(const struct clp_loose *loose, const struct clp_tuple *tuple)
{
    uint32_t i = 0;

    for (; i < loose->count; i++) {
        const struct clp_tuple *l = &loose->tuples[i];

        if (l->source == tuple->source && l->port == tuple->port && l->destination == tuple->destination && l->dport == tuple->dport)
            break;
    }
    return i;
}

void clp_loose_add(struct clp_loose *loose, const struct clp_tuple *tuple)
{
    if (loose->count < CLP_LOOSE_MAX)
        loose->tuples[loose->count++] = *tuple;
    else
        loose->untold++;
}

void clp_loose_remove(struct clp_loose *loose, const struct clp_tuple *tuple, bool counted)
{
    uint32_t i = loose_find(loose, tuple);

    if (i < loose->count)
        loose->tuples[i] = loose->tuples[--loose->count];
    else if (counted && loose->untold)
        loose->untold--;
}

/* A connection that is there already. It may not be new in the cluster: then the entry is another stack's, also in a structure
 * that is rebuilt. False: the CF is lost. */
static bool enter_existing(struct clp *clp, struct clp_table *t, const struct clp_tuple *tuple)
{
    if (loose_find(&clp->others, tuple) < clp->others.count)
        return true;
    int rc = crht_enter(clp, t, tuple);
    if (rc == CLP_EADDRINUSE)
        clp_loose_add(&clp->others, tuple);
    return rc != CLP_EADDRNOTAVAIL;
}

/* Rebuild: the connections that this stack knows, by the records of destinations and without. If there are more that it does
 * not know, a table without them would give their 4-tuples out again: then the structure is not rebuilt. */
static int crht_contribute(struct clp *clp, struct clp_table *t)
{
    const struct clp_loose *loose = &clp->loose;

    if (loose->untold)
        return failed(clp, CLP_REASON_NO_RECORD);
    for (uint32_t i = 0; i < loose->count; i++)
        if (loose->tuples[i].source == t->address && !enter_existing(clp, t, &loose->tuples[i]))
            return failed(clp, CLP_REASON_CF);
    for (uint32_t i = 0; i < clp->destination_count; i++) {
        const struct clp_destination *d = &clp->destinations[i];
        struct clp_tuple tuple = { t->address, d->address, 0, d->port };

        if (d->table != t || d->count == 0)
            continue;
        for (uint32_t port = 0; port < PORTS_PER_DVIPA; port++) {
            tuple.port = (uint16_t)port;
            if (table_towards(t, d, tuple.port) && !enter_existing(clp, t, &tuple))
                return failed(clp, CLP_REASON_CF);
        }
    }
    return CLP_OK;
}

const struct clp_store clp_crht_store = {
    .name = "CRHT", .survives = CLP_SURVIVES_BOTH,
    .init = crht_init, .enter = crht_enter, .leave = crht_leave, .recover = crht_recover, .contribute = crht_contribute,
};
