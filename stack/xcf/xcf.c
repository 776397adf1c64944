/* See xcf.h. */
#include "stack/xcf/xcf.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"
#include "stack/xcf/xcf_private.h"
#include "stack/xcf/xcf_record.h"
#include "stack/xcf/xcf_status.h"

/* --- members ------------------------------------------------------------------------------------------------------- */

static void record_name(uint8_t out[CF_NAME_SIZE], uint8_t number)
{
    char text[CF_NAME_SIZE + 1];

    text_format(text, sizeof text, "IXCMEMBR%02u", number);
    xes_name(out, CF_NAME_SIZE, text);
}

static void put_record(uint8_t *adjunct, const struct xcf_member *m, enum record_state state)
{
    memset(adjunct, 0, CF_ADJUNCT_SIZE);
    adjunct[REC_STATE] = (uint8_t)state;
    adjunct[REC_NUMBER] = m->number;
    put_be32(adjunct + REC_CONID, m->conid);
    text_name_put(adjunct + REC_NAME, m->name);
    put_be64(adjunct + REC_JOINED, m->joined_us);
    put_be64(adjunct + REC_STATUS, m->status_us);
    put_be32(adjunct + REC_CONVERSION, m->conversion);
    put_be16(adjunct + REC_INTERVAL, m->interval_s);
    adjunct[REC_PARTITIONER] = m->partitioner;
    adjunct[REC_REASON] = (uint8_t)m->reason;
    put_be64(adjunct + REC_PARTITIONER_JOINED, m->partitioner_joined_us);
}

void xcf_record_get(struct xcf_member *m, const uint8_t *adjunct, uint64_t version)
{
    memset(m, 0, sizeof *m);
    m->number = adjunct[REC_NUMBER];
    m->conid = get_be32(adjunct + REC_CONID);
    text_name_get(m->name, adjunct + REC_NAME);
    m->joined_us = get_be64(adjunct + REC_JOINED);
    m->version = version;
    m->conversion = get_be32(adjunct + REC_CONVERSION);
    m->interval_s = get_be16(adjunct + REC_INTERVAL);
    m->status_us = get_be64(adjunct + REC_STATUS);
    m->seen_us = platform_clock_us();
}

const struct xcf_member *xcf_member(const struct xcf *x, uint8_t number)
{
    return number >= 1 && number <= SYSTEMS_MAX && x->members[number].active ? &x->members[number] : NULL;
}

uint64_t xcf_others(const struct xcf *x)
{
    uint64_t others = 0;

    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (n != x->number && x->members[n].active)
            others |= 1ull << n;
    return others;
}

static void drive_group_exits(struct xcf *x, enum xcf_event event, const struct xcf_member *m)
{
    for (unsigned i = 0; i < x->group_count; i++)
        if (x->groups[i].event)
            x->groups[i].event(x->groups[i].context, event, m);
}

bool xcf_record_read(struct xcf *x, uint8_t number, uint8_t adjunct[CF_ADJUNCT_SIZE], uint64_t *version, int *rc)
{
    struct xes_request r = { .command = CF_CMD_LIST_READ, .locate = CF_LOCATE_NAME, .options = CF_OPT_ADJUNCT };

    record_name(r.name, number);
    *rc = xes_list(x->connection, &r);
    if (*rc != IXLRETCODEOK) {
        if (r.reason == IXLRSNCODENOENTRY)
            *rc = IXLRETCODEOK;
        return false;
    }
    memcpy(adjunct, r.adjunct, CF_ADJUNCT_SIZE);
    *version = r.answer_version;
    return adjunct[REC_NUMBER] == number;
}

/* Write the record of m over connection c; its own says which one that is. */
static int write_record_to(struct xcf *x, struct xes_connection *c, struct xcf_member *m, enum record_state state,
                           const uint64_t *expected, uint32_t *reason)
{
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .list = CONTROL_LIST,
                             .options = CF_OPT_ADJUNCT, .versupdate = CF_VERSUPDATE_INC };

    if (m == &x->members[x->number]) {
        m->conid = c->conid;
        m->conversion = c->conversion;
    }
    record_name(r.name, m->number);
    put_record(r.adjunct, m, state);
    if (expected) {
        r.entrytype = CF_ENTRY_OLD;
        r.verscomp = CF_VERSCOMP_EQUAL;
        r.version_comp = *expected;
    }
    int rc = xes_list(c, &r);
    if (rc == IXLRETCODEOK)
        m->version = r.answer_version;
    if (reason)
        *reason = r.reason;
    return rc;
}

int xcf_record_write(struct xcf *x, struct xcf_member *m, enum record_state state, const uint64_t *expected, uint32_t *reason)
{
    return write_record_to(x, x->connection, m, state, expected, reason);
}

bool xcf_write_own_record(struct xcf *x, struct xes_connection *c)
{
    return write_record_to(x, c, &x->members[x->number], RECORD_ACTIVE, NULL, NULL) == IXLRETCODEOK;
}

/* --- sending ------------------------------------------------------------------------------------------------------- */

#define ROOM_US 100000u             /* who was refused is tried again after so long */

static int refused(struct xcf *x, uint8_t number)
{
    x->members[number].refused = true;
    if (!x->room_us)
        x->room_us = platform_clock_us() + ROOM_US;
    return XCF_FULL;
}

static int send_one(struct xcf *x, const struct xcf_member *to, const char *group, uint16_t type, const void *data,
                    uint32_t length)
{
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_TAIL, .entrytype = CF_ENTRY_NEW,
                             .list = to->number, .out = data, .out_len = length };

    r.options = (uint8_t)(CF_OPT_ADJUNCT | (length ? CF_OPT_DATA : 0));
    r.adjunct[MSG_FROM] = x->number;
    put_be16(r.adjunct + MSG_TYPE, type);
    put_be32(r.adjunct + MSG_LENGTH, length);
    text_name_put(r.adjunct + MSG_GROUP, group);
    put_be64(r.adjunct + MSG_JOINED, x->joined_us);
    put_be64(r.adjunct + MSG_TO_JOINED, to->joined_us);
    put_be64(r.adjunct + MSG_SEQUENCE, ++x->sequence);
    uint8_t adjunct[CF_ADJUNCT_SIZE];
    memcpy(adjunct, r.adjunct, sizeof adjunct);

    int rc = xes_list(x->connection, &r);
    if (rc != IXLRETCODEOK)
        return r.reason == IXLRSNCODELISTFULL || r.reason == IXLRSNCODESTRFULL || r.reason == IXLRSNCODESTRTEMPUNAVAIL
                   ? refused(x, to->number) : XCF_LOST;
    if (r.list_count > XCF_QUEUE_MAX + (group[0] ? 0 : XCF_QUEUE_OWN)) {
        /* One that does not read must not fill the structure for all. Take the message back, if it is still there. */
        struct xes_request back = { .command = CF_CMD_LIST_DELETE, .locate = CF_LOCATE_LEID };

        memcpy(back.leid, r.leid, CF_LEID_SIZE);
        if (xes_list(x->connection, &back) == IXLRETCODEOK)
            return refused(x, to->number);
    }
    x->sent++;
    xcf_resend_keep(&x->resend, to->number, adjunct, data, length);
    return XCF_OK;
}

int xcf_send(struct xcf *x, uint8_t to, const char *group, uint16_t type, const void *data, uint32_t length)
{
    int result = XCF_OK;

    if (length > XCF_MESSAGE_MAX)
        return XCF_TOO_LONG;
    if (!x->connection || (x->connection->lost && !xes_rebuild_wait(x->connection)))
        return XCF_LOST;
    if (to != XCF_ALL)
        return xcf_member(x, to) ? send_one(x, &x->members[to], group, type, data, length) : XCF_NO_MEMBER;
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        if (n == x->number || !x->members[n].active)
            continue;
        int one = send_one(x, &x->members[n], group, type, data, length);
        if (result == XCF_OK)
            result = one;
    }
    return result;
}

void xcf_record_send(struct xcf *x, uint8_t to, uint16_t type, const struct xcf_member *about, enum record_state state)
{
    uint8_t record[CF_ADJUNCT_SIZE];

    put_record(record, about, state);
    int result = xcf_send(x, to, XCF_OWN_GROUP, type, record, sizeof record);
    if (result != XCF_OK && result != XCF_NO_MEMBER)
        text_wto("IXC458I XCF COULD NOT TELL SYSTEM NUMBER %u OF %s, RESULT %d", to, about->name, result);
}

/* --- joining, failing, leaving ------------------------------------------------------------------------------------- */

static void member_gone(struct xcf *x, struct xcf_member *m, enum xcf_event event)
{
    m->active = false;
    m->state = XCF_STATE_ACTIVE;
    m->fenced = m->ended = m->refused = false;
    drive_group_exits(x, event, m);
}

void xcf_member_removed(struct xcf *x, struct xcf_member *m, bool left)
{
    if (!left)
        text_wto("IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR %s - PRIMARY REASON: %s", m->name, xcf_reason_text(m->reason));
    member_gone(x, m, left ? XCF_LEFT : XCF_FAILED);
}

/* A member joined, as it says itself. What is known already changes nothing. */
static void heard_joined(struct xcf *x, const uint8_t *record)
{
    uint8_t number = record[REC_NUMBER];

    if (number < 1 || number > SYSTEMS_MAX || number == x->number)
        return;
    struct xcf_member *m = &x->members[number];
    uint64_t joined = get_be64(record + REC_JOINED);
    if (m->joined_us >= joined)
        return;                             /* known, or an older life */
    if (m->active)
        member_gone(x, m, XCF_FAILED);          /* it is back before its end was noticed */
    xcf_record_get(m, record, 0);
    m->active = true;
    drive_group_exits(x, XCF_JOINED, m);
    /* It may have read the record of a failed system before that was marked. */
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (n != x->number && n != number && !x->members[n].active && x->members[n].joined_us)
            xcf_record_send(x, number, TYPE_GONE, &x->members[n], RECORD_FAILED);
}

static void heard_gone(struct xcf *x, const uint8_t *record)
{
    uint8_t number = record[REC_NUMBER];

    if (number < 1 || number > SYSTEMS_MAX || number == x->number)
        return;
    struct xcf_member *m = &x->members[number];
    if (!m->active || m->joined_us != get_be64(record + REC_JOINED))
        return;
    m->reason = (enum xcf_reason)record[REC_REASON];
    xcf_member_removed(x, m, record[REC_STATE] == RECORD_LEFT);
}

/* --- receiving ----------------------------------------------------------------------------------------------------- */

/* The sender's JOINED may have found the structure full: its record says the same. */
static void meet_sender(struct xcf *x, uint8_t from, uint64_t joined_us)
{
    uint8_t record[CF_ADJUNCT_SIZE];
    uint64_t version;
    int rc;

    if (from < 1 || from > SYSTEMS_MAX || joined_us <= x->members[from].joined_us)
        return;
    if (xcf_record_read(x, from, record, &version, &rc) && (record[REC_STATE] == RECORD_ACTIVE || record[REC_STATE] == RECORD_REMOVING))
        heard_joined(x, record);
}

static void deliver(struct xcf *x, const uint8_t *adjunct, const uint8_t *data)
{
    char group[NAME_LEN + 1];
    uint8_t from = adjunct[MSG_FROM];
    uint16_t type = get_be16(adjunct + MSG_TYPE);
    uint32_t length = get_be32(adjunct + MSG_LENGTH);
    uint64_t to_joined = get_be64(adjunct + MSG_TO_JOINED);

    text_name_get(group, adjunct + MSG_GROUP);
    x->received++;
    if (!xcf_first_time(x, adjunct)) {
        x->dropped++;
        return;
    }
    if (group[0] == 0 && type == TYPE_JOINED && length >= CF_ADJUNCT_SIZE) {
        heard_joined(x, data);
        return;
    }
    if (to_joined == x->joined_us)
        meet_sender(x, from, get_be64(adjunct + MSG_JOINED));
    const struct xcf_member *m = xcf_member(x, from);
    if (!m || m->joined_us != get_be64(adjunct + MSG_JOINED) || to_joined != x->joined_us) {
        x->dropped++;                       /* of an earlier life of the sender, or meant for one of ours */
        return;
    }
    if (group[0] == 0) {
        if (length < CF_ADJUNCT_SIZE)
            return;
        if (type == TYPE_GONE)
            heard_gone(x, data);
        else if (type == TYPE_REMOVING)
            xcf_heard_removing(x, data);
        else if (type == TYPE_STOPPED)
            xcf_heard_stopped(x, from);
        return;
    }
    for (unsigned i = 0; i < x->group_count; i++) {
        if (text_equal(x->groups[i].name, group)) {
            x->groups[i].message(x->groups[i].context, from, type, data, length);
            return;
        }
    }
    x->dropped++;
}

/* Take the first message off the queue. False: it is empty, or the CF is lost. */
static bool receive_one(struct xcf *x, struct xes_request *r)
{
    *r = (struct xes_request){ .command = CF_CMD_LIST_DELETE, .locate = CF_LOCATE_HEAD, .list = x->number,
                               .options = CF_OPT_ADJUNCT | CF_OPT_DATA, .in = x->buffer, .in_cap = sizeof x->buffer };
    int rc = xes_list(x->connection, r);

    if (rc != IXLRETCODEOK && r->reason == IXLRSNCODESTRTEMPUNAVAIL)
        x->pending = true;                  /* busy: later */
    return rc == IXLRETCODEOK;
}

bool xcf_queue_empty(struct xcf *x)
{
    struct xes_request r;

    while (receive_one(x, &r)) {
        uint32_t length = get_be32(r.adjunct + MSG_LENGTH);

        if (length <= r.data_len || length == 0)
            deliver(x, r.adjunct, x->buffer);
        else
            x->dropped++;
    }
    return r.reason != IXLRSNCODESTRTEMPUNAVAIL;
}

static bool conid_in(const uint32_t map[8], uint32_t conid)
{
    return map[conid / 32 % 8] & (0x80000000u >> (conid % 32));
}

/* Connections failed. First read all that those have sent, then act: a failed connection that no known member had belongs to
 * one whose JOINED is still in the queue, and one id may have been two members' that are both gone. Whose connection lives
 * is not removed. What a removed system had sent is read before its exits: it is fenced then, and stands in the queue before
 * whatever says so. */
static void handle_failures(struct xcf *x)
{
    uint32_t failed[8];

    x->failures = false;                    /* before the bits are taken: the event exit may set more at any time */
    for (unsigned i = 0; i < 8; i++)
        failed[i] = __atomic_exchange_n(&x->failed[i], 0, __ATOMIC_RELAXED);
    if (!xcf_queue_empty(x)) {
        for (unsigned i = 0; i < 8; i++)
            __atomic_fetch_or(&x->failed[i], failed[i], __ATOMIC_RELAXED);
        x->failures = true;                 /* who they were may stand in the queue: once more */
        return;
    }
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        struct xcf_member *m = &x->members[n];

        if (m->active && n != x->number && conid_in(failed, m->conid))
            xcf_remove(x, m, XCF_REASON_CONNECTION, true);
    }
}

/* It is lost: because its CF is, or the structure is being rebuilt in the other one, or because this system is fenced. */
static void look_at_connection(struct xcf *x)
{
    if (!x->connection->cf_failed)
        xes_poll(x->connection);            /* says whether it is the CF that has failed */
    if (!x->connection->poll_again && !x->connection->cf_failed && !xes_is_rebuilding(x->connection))
        xcf_isolated(x, "LOSS OF CONNECTIVITY TO THE SIGNALLING STRUCTURE");
}

/* Those to which there was no room. */
static void try_again(struct xcf *x)
{
    x->room_us = 0;
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        if (!x->members[n].active || !x->members[n].refused)
            continue;
        x->members[n].refused = false;
        drive_group_exits(x, XCF_ROOM, &x->members[n]);
    }
}

void xcf_poll(struct xcf *x)
{
    if (!x->connection || x->polling)
        return;
    if (platform_clock_us() >= x->due_us)
        xcf_status_run(x);
    if (x->connection->lost && !x->isolated)
        look_at_connection(x);
    x->polling = true;                      /* exits may send, which may poll */
    if (x->room_us && platform_clock_us() >= x->room_us)
        try_again(x);
    xcf_status_conclude(x);
    while (x->pending || x->failures) {
        x->pending = false;                 /* before the queue is read: what comes now sets it again */
        if (x->failures)
            handle_failures(x);
        else
            (void)xcf_queue_empty(x);
        xcf_status_conclude(x);
        if (x->connection->lost || x->connection->poll_again)
            break;
    }
    x->polling = false;
}

void xcf_drain(struct xcf *x)
{
    if (!x->connection || x->connection->lost || x->polling)
        return;
    xes_poll(x->connection);
    xcf_poll(x);
}

#define LISTEN_US 100u              /* a message takes about as long; the CF is asked each time */

void xcf_listen(struct xcf *x, uint32_t us)
{
    struct ecb never = { 0 };

    platform_wait(&never, us < LISTEN_US ? us : LISTEN_US);
    xcf_drain(x);
}

/* --- exits of the connection, in the attention handler ------------------------------------------------------------- */

static void queue_not_empty(void *context, uint32_t index)
{
    struct xcf *x = context;

    if (index == QUEUE_INDEX)
        x->pending = true;
}

static void connection_event(void *context, const uint8_t failed[32], bool joined)
{
    struct xcf *x = context;
    bool any = false;

    (void)joined;                           /* the new one tells us itself */
    for (unsigned i = 0; i < 8; i++) {
        uint32_t word = get_be32(failed + 4 * i);

        __atomic_fetch_or(&x->failed[i], word, __ATOMIC_RELAXED);
        any = any || word;
    }
    if (any)
        x->failures = true;
}

/* --- start --------------------------------------------------------------------------------------------------------- */

void xcf_join_group(struct xcf *x, const char *group, xcf_message_exit *message, xcf_group_exit *event, void *context)
{
    STACK_ASSERT(x->group_count < XCF_GROUPS_MAX && !x->connection);
    struct xcf_group *g = &x->groups[x->group_count++];

    text_format(g->name, sizeof g->name, "%s", group);
    g->message = message;
    g->event = event;
    g->context = context;
}

static int connect_structure(struct xcf *x, struct xes *xes, unsigned cf, const char *name)
{
    struct xes_connect_parms parms = {
        .cf = cf, .structure = XCF_STRUCTURE, .connection = x->connection_name, .system = name, .job = "XCFAS",
        .attributes = { .list_headers = SYSTEMS_MAX + 1, .size_kib = 8192, .elemchar = 1, .max_elements = 128,
                        .flags = CF_CONN_ADJUNCT | CF_CONN_NAMED, .entry_ratio = 1, .element_ratio = 3, .vector_bits = 32,
                        .options = CF_CONN_OPT_ALTER },
        .list_exit = queue_not_empty, .event_exit = connection_event, .context = x,
    };
    uint32_t reason;

    text_format(x->connection_name, sizeof x->connection_name, "SIGPATH_%s", name);
    x->rebuild.contribute = xcf_contribute;
    x->rebuild.finished = xcf_rebuilt;
    x->rebuild.context = x;
    int rc = xes_rebuild_join(xes, &x->rebuild, &parms, &x->connection, &reason);
    if (rc > IXLRETCODEWARNING) {
        text_wto("IXC463I SYSTEM %s CANNOT USE STRUCTURE %s FOR SIGNALLING: IXLCONN RETURN CODE %X, REASON %04X", name,
                 XCF_STRUCTURE, (unsigned)rc, reason);
        return reason == IXLRSNCODECONNAMEINUSE ? XCF_NUMBER_IN_USE : XCF_LOST;
    }
    return XCF_OK;
}

bool xcf_monitor_queue(struct xcf *x, struct xes_connection *c)
{
    struct xes_request r = { .command = CF_CMD_LIST_MONITOR, .list = x->number, .vector_index = QUEUE_INDEX };

    return xes_list(c, &r) == IXLRETCODEOK;
}

/* Read the records of all systems; those that are active are told of this one. */
static bool meet_members(struct xcf *x)
{
    uint8_t adjunct[CF_ADJUNCT_SIZE];
    uint64_t version;
    int rc;

    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        if (n == x->number)
            continue;
        bool there = xcf_record_read(x, n, adjunct, &version, &rc);
        if (rc != IXLRETCODEOK)
            return false;
        if (!there)
            continue;
        xcf_record_get(&x->members[n], adjunct, version);
        if (adjunct[REC_STATE] != RECORD_ACTIVE && adjunct[REC_STATE] != RECORD_REMOVING)
            continue;
        x->members[n].active = true;        /* REMOVING, too: its end is an event for this system as well */
        x->members[n].suspect = true;       /* it may have ended when nobody was there to see it */
        xcf_record_send(x, n, TYPE_JOINED, &x->members[x->number], RECORD_ACTIVE);
    }
    return true;
}

static int leave_structure(struct xcf *x, int result)
{
    xes_disconnect(x->connection, false);
    x->connection = NULL;
    x->due_us = UINT64_MAX;
    x->room_us = 0;
    return result;
}

int xcf_start(struct xcf *x, struct xes *xes, unsigned cf, const char *name, uint8_t number)
{
    struct xes_request r;
    struct xcf_member *self = &x->members[number];
    struct xcf_member old = { 0 };
    uint8_t adjunct[CF_ADJUNCT_SIZE];
    uint64_t version;
    int rc;

    STACK_ASSERT(number >= 1 && number <= SYSTEMS_MAX && !x->connection);
    x->number = number;
    x->due_us = UINT64_MAX;
    xes_reset();
    rc = connect_structure(x, xes, cf, name);
    if (rc != XCF_OK)
        return rc;
    if (xcf_record_read(x, number, adjunct, &version, &rc)) {
        xcf_record_get(&old, adjunct, version);
        bool lives = adjunct[REC_STATE] == RECORD_ACTIVE || adjunct[REC_STATE] == RECORD_REMOVING;
        if (lives && !text_equal(old.name, name)) {
            text_wto("IXC404I SYSTEM NUMBER %u OF %s IS IN USE BY SYSTEM %s", number, name, old.name);
            return leave_structure(x, XCF_NUMBER_IN_USE);
        }
        if (lives && xcf_remove_earlier_life(x, &old) != XCF_OK)
            return leave_structure(x, XCF_LOST);
    }
    if (rc != IXLRETCODEOK || !xcf_monitor_queue(x, x->connection))
        return leave_structure(x, XCF_LOST);
    while (receive_one(x, &r))
        x->dropped++;                       /* of an earlier life */
    if (x->connection->lost)
        return leave_structure(x, XCF_LOST);

    self->number = number;
    self->conid = x->connection->conid;
    self->conversion = x->connection->conversion;
    self->interval_s = x->interval_s;
    self->status_us = platform_clock_us();
    text_format(self->name, sizeof self->name, "%s", name);
    self->joined_us = platform_clock_us();
    if (self->joined_us <= old.joined_us)
        self->joined_us = old.joined_us + 1;        /* lives must differ also if two fall into one microsecond */
    self->active = true;
    x->joined_us = self->joined_us;
    if (xcf_record_write(x, self, RECORD_ACTIVE, NULL, NULL) != IXLRETCODEOK || !meet_members(x))
        return leave_structure(x, XCF_LOST);
    x->pending = true;                      /* what came while we joined */
    x->due_us = 0;
    xes->wait_exit = xcf_status_wait;
    xes->wait_context = x;
    return XCF_OK;
}

void xcf_stop(struct xcf *x)
{
    if (!x->connection)
        return;
    if (!x->connection->lost) {
        (void)xcf_record_write(x, &x->members[x->number], RECORD_LEFT, NULL, NULL);   /* lost in between: the event tells the others */
        xcf_record_send(x, XCF_ALL, TYPE_GONE, &x->members[x->number], RECORD_LEFT);
    }
    (void)leave_structure(x, XCF_OK);
    memset(x->members, 0, sizeof x->members);
}

/* --- the secret ---------------------------------------------------------------------------------------------------- */

int xcf_secret(struct xcf *x, uint8_t secret[16])
{
    struct xes_request r = { .command = CF_CMD_LIST_WRITE, .locate = CF_LOCATE_NAME, .entrytype = CF_ENTRY_NEW,
                             .list = CONTROL_LIST, .options = CF_OPT_ADJUNCT };

    if (!x->connection)
        return XCF_LOST;
    xes_name(r.name, CF_NAME_SIZE, "IXCSECRET");
    put_be64(r.adjunct, platform_random());
    put_be64(r.adjunct + 8, platform_random());
    memcpy(x->secret, r.adjunct, 16);
    x->secret_known = xes_list(x->connection, &r) == IXLRETCODEOK;
    if (!x->secret_known && r.reason == IXLRSNCODEENTRYEXISTS) {
        r = (struct xes_request){ .command = CF_CMD_LIST_READ, .locate = CF_LOCATE_NAME, .options = CF_OPT_ADJUNCT };
        xes_name(r.name, CF_NAME_SIZE, "IXCSECRET");
        x->secret_known = xes_list(x->connection, &r) == IXLRETCODEOK;
        memcpy(x->secret, r.adjunct, 16);
    }
    memcpy(secret, x->secret, 16);
    return x->secret_known ? XCF_OK : XCF_LOST;
}
