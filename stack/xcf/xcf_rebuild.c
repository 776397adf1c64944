/* IXCSTR1 in another coupling facility, because its own is lost, or an operator wants it so.
 *
 *   contribute   each system writes into the new structure: its member record, the secret, its queue's monitor, and what it
 *                has heard: "IXCHEARD" + two digits, 16 bytes for each system number: life of the sender, its last message
 *   finished     each reads what the others have heard and sends them again what came after that
 *
 * So no message is lost with the old queues, and none is delivered twice or out of order: each system numbers what it
 * sends, in one series for all receivers, and keeps the last XCF_RESEND_BYTES of it; a receiver drops what it has had. The
 * lives of the systems go on; records of systems that have failed or left are not taken over, they count as never seen.
 *
 *   record of the buffer   0 length of the record (multiple of 8)   4 receiver   8 adjunct (64)   72 data */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"
#include "stack/xcf/xcf_private.h"
#include "stack/xcf/xcf_status.h"

enum { KEPT_LENGTH = 0, KEPT_TO = 4, KEPT_ADJUNCT = 8, KEPT_DATA = KEPT_ADJUNCT + CF_ADJUNCT_SIZE };
enum { HEARD_JOINED = 0, HEARD_SEQUENCE = 8, HEARD_SIZE = 16 };
#define HEARD_BYTES ((SYSTEMS_MAX + 1) * HEARD_SIZE)

/* --- the buffer ---------------------------------------------------------------------------------------------------- */

/*   not wrapped   [ .... first ████████ end ........... ]
 *   wrapped       [ ████ end ... first ██████ wrapped . ]     */

static void drop_first(struct xcf_resend *s)
{
    s->first += get_be32(s->bytes + s->first + KEPT_LENGTH);
    if (s->wrapped && s->first == s->wrapped)
        s->first = s->wrapped = 0;
}

/* Room for a record, at s->end; the oldest ones go. */
static uint8_t *make_room(struct xcf_resend *s, uint32_t length)
{
    if (s->end + length > sizeof s->bytes) {
        while (s->wrapped)                  /* those behind end are older than those before it */
            drop_first(s);
        s->wrapped = s->end;
        s->end = 0;
        if (s->first == s->wrapped)
            s->first = s->wrapped = 0;
    }
    while (s->wrapped && s->first - s->end < length)
        drop_first(s);
    return s->bytes + s->end;
}

void xcf_resend_keep(struct xcf_resend *s, uint8_t to, const uint8_t adjunct[CF_ADJUNCT_SIZE], const void *data, uint32_t length)
{
    uint32_t all = (KEPT_DATA + length + 7u) & ~7u;
    uint8_t *record = make_room(s, all);

    put_be32(record + KEPT_LENGTH, all);
    record[KEPT_TO] = to;
    memcpy(record + KEPT_ADJUNCT, adjunct, CF_ADJUNCT_SIZE);
    if (length)
        memcpy(record + KEPT_DATA, data, length);
    s->end += all;
}

/* The record at *at, and *at behind it; NULL: there is none. Begin with first. */
static const uint8_t *next_kept(const struct xcf_resend *s, uint32_t *at, bool *low)
{
    if (s->wrapped && !*low && *at == s->wrapped) {
        *at = 0;
        *low = true;
    }
    if (*at == s->end && (!s->wrapped || *low))
        return NULL;
    const uint8_t *record = s->bytes + *at;
    *at += get_be32(record + KEPT_LENGTH);
    return record;
}

/* --- what came ----------------------------------------------------------------------------------------------------- */

bool xcf_first_time(struct xcf *x, const uint8_t adjunct[CF_ADJUNCT_SIZE])
{
    uint8_t from = adjunct[MSG_FROM];
    uint64_t joined = get_be64(adjunct + MSG_JOINED), sequence = get_be64(adjunct + MSG_SEQUENCE);

    if (from < 1 || from > SYSTEMS_MAX)
        return false;
    if (joined < x->heard[from].joined_us || (joined == x->heard[from].joined_us && sequence <= x->heard[from].sequence))
        return false;
    x->heard[from].joined_us = joined;
    x->heard[from].sequence = sequence;
    return true;
}

static void heard_name(uint8_t out[CF_NAME_SIZE], uint8_t number)
{
    char text[CF_NAME_SIZE + 1];

    text_format(text, sizeof text, "IXCHEARD%02u", number);
    xes_name(out, CF_NAME_SIZE, text);
}

static bool write_heard(struct xcf *x, struct xes_connection *new)
{
    uint8_t heard[HEARD_BYTES] = { 0 };
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .list = CONTROL_LIST,
                             .options = CF_OPT_DATA, .out = heard, .out_len = sizeof heard };

    for (unsigned n = 1; n <= SYSTEMS_MAX; n++) {
        put_be64(heard + n * HEARD_SIZE + HEARD_JOINED, x->heard[n].joined_us);
        put_be64(heard + n * HEARD_SIZE + HEARD_SEQUENCE, x->heard[n].sequence);
    }
    heard_name(r.name, x->number);
    return xes_list(new, &r) == IXLRETCODEOK;
}

/* The number of the last message of this life of ours that system n has heard; 0: none. False: n was not in the rebuild. */
static bool read_heard(struct xcf *x, uint8_t n, uint64_t *sequence)
{
    uint8_t heard[HEARD_BYTES];
    struct xes_request r = { .command = CF_CMD_LIST_READ, .locate = CF_LOCATE_NAME, .options = CF_OPT_DATA, .in = heard,
                             .in_cap = sizeof heard };

    heard_name(r.name, n);
    if (xes_list(x->connection, &r) != IXLRETCODEOK || r.data_len < sizeof heard)
        return false;
    const uint8_t *mine = heard + x->number * HEARD_SIZE;
    *sequence = get_be64(mine + HEARD_JOINED) == x->joined_us ? get_be64(mine + HEARD_SEQUENCE) : 0;
    return true;
}

/* --- the parts of a rebuild ---------------------------------------------------------------------------------------- */

static bool write_secret(struct xcf *x, struct xes_connection *new)
{
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .entrytype = CF_ENTRY_NEW,
                             .list = CONTROL_LIST, .options = CF_OPT_ADJUNCT };

    xes_name(r.name, CF_NAME_SIZE, "IXCSECRET");
    memcpy(r.adjunct, x->secret, sizeof x->secret);
    return !x->secret_known || xes_list(new, &r) == IXLRETCODEOK || r.reason == IXLRSNCODEENTRYEXISTS;
}

int xcf_contribute(void *context, struct xes_connection *new)
{
    struct xcf *x = context;

    return xcf_monitor_queue(x, new) && xcf_write_own_record(x, new) && write_secret(x, new) && write_heard(x, new)
               ? XCF_OK : XCF_LOST;
}

static bool send_again(struct xcf *x, const uint8_t *record)
{
    uint32_t length = get_be32(record + KEPT_ADJUNCT + MSG_LENGTH);
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_TAIL, .entrytype = CF_ENTRY_NEW,
                             .list = record[KEPT_TO], .out = record + KEPT_DATA, .out_len = length };

    r.options = (uint8_t)(CF_OPT_ADJUNCT | (length ? CF_OPT_DATA : 0));
    memcpy(r.adjunct, record + KEPT_ADJUNCT, CF_ADJUNCT_SIZE);
    return xes_list(x->connection, &r) == IXLRETCODEOK;
}

/* What is kept begins behind the first message that system n misses only if it was kept long enough. */
static void send_missing(struct xcf *x, uint8_t n, uint64_t heard)
{
    uint32_t at = x->resend.first, sent = 0, failed = 0;
    bool low = false;

    for (const uint8_t *record; (record = next_kept(&x->resend, &at, &low));)
        if (record[KEPT_TO] == n && get_be64(record + KEPT_ADJUNCT + MSG_SEQUENCE) > heard) {
            if (send_again(x, record))
                sent++;
            else
                failed++;
        }
    if (sent || failed)
        text_wto("IXC467I %u SIGNALS SENT AGAIN TO SYSTEM %s, %u COULD NOT BE SENT", sent, x->members[n].name, failed);
}

void xcf_rebuilt(void *context)
{
    struct xcf *x = context;
    uint64_t heard;

    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (n != x->number && x->members[n].active && read_heard(x, n, &heard))
            send_missing(x, n, heard);
    xcf_status_rebuilt(x);
    x->pending = true;
}
