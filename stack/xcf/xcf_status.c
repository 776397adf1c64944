#include "stack/xcf/xcf_status.h"

#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "stack/base/text.h"
#include "stack/xcf/xcf_record.h"

#define UPDATES_PER_INTERVAL 4u
#define SOON_US 10000u              /* something is under way: a killed process needs some ms to be dead */
#define EARLIER_WAITS_MAX 300u      /* times SOON_US: another system that removes this one's earlier life has so long */
#define DEACTIVATION_US 10000000u   /* not fenced after so long: the operator is asked to */

static uint64_t seconds_us(uint16_t seconds)
{
    return seconds * 1000000ull;
}

uint64_t xcf_due_us(const struct xcf *x)
{
    return x->room_us && x->room_us < x->due_us ? x->room_us : x->due_us;
}

const char *xcf_reason_text(enum xcf_reason reason)
{
    static const char *const texts[] = {
        [XCF_REASON_NONE] = "UNKNOWN", [XCF_REASON_CONNECTION] = "LOSS OF CONNECTIVITY",
        [XCF_REASON_STATUS] = "SYSTEM STATUS UPDATE MISSING", [XCF_REASON_OPERATOR] = "OPERATOR VARY REQUEST",
        [XCF_REASON_IPL] = "SYSTEM IS IPLED AGAIN",
    };

    return texts[reason < sizeof texts / sizeof texts[0] ? reason : XCF_REASON_NONE];
}

static void soon(struct xcf *x, uint64_t at_us)
{
    if (at_us < x->due_us)
        x->due_us = at_us;
}

void xcf_isolated(struct xcf *x, const char *why)
{
    if (x->isolated)
        return;
    x->isolated = true;
    x->due_us = UINT64_MAX;
    text_wto("IXC220W XCF IS UNABLE TO CONTINUE: WAIT STATE CODE 0A2, %s", why);
    if (x->out)
        x->out(x->out_context);
}

/* --- removal: the partitioner ---------------------------------------------------------------------------------------- */

static bool same_life(const struct xcf_member *m, const uint8_t *record)
{
    return m->joined_us == get_be64(record + REC_JOINED);
}

static void take_partitioner(struct xcf_member *m, const uint8_t *record)
{
    m->state = XCF_STATE_REMOVING;
    m->partitioner = record[REC_PARTITIONER];
    m->partitioner_joined_us = get_be64(record + REC_PARTITIONER_JOINED);
    m->reason = (enum xcf_reason)record[REC_REASON];
}

/* Is a removal in the hands of a system that can end it? */
static bool in_good_hands(const struct xcf *x, const struct xcf_member *m)
{
    const struct xcf_member *p = xcf_member(x, m->partitioner);

    return p && p->joined_us == m->partitioner_joined_us && p->state != XCF_STATE_REMOVING;
}

static bool is_mine(const struct xcf *x, const struct xcf_member *m)
{
    return m->state == XCF_STATE_REMOVING && m->partitioner == x->number && m->partitioner_joined_us == x->joined_us;
}

/* Fence it, if it is time to. */
static void fence(struct xcf *x, struct xcf_member *m)
{
    char system[NAME_LEN + 1];
    uint32_t reason;
    uint64_t now = platform_clock_us();

    if (m->fenced || (now < m->fence_us && !m->stopped)) {
        soon(x, m->fence_us);
        return;
    }
    int rc = xes_fence(x->connection, m->conid, m->conversion, false, system, &reason);
    m->fenced = rc == IXLRETCODEOK || reason == IXLRSNCODEBADCONTOKEN || m->down;
    if (m->fenced) {
        x->concluding = true;
        return;
    }
    soon(x, now + SOON_US);
    if (!m->waited && now - m->began_us > DEACTIVATION_US) {
        m->waited = true;
        text_wto("*IXC102A XCF IS WAITING FOR SYSTEM %s DEACTIVATION. REPLY %02u,DOWN WHEN MVS ON %s HAS BEEN SYSTEM RESET", m->name,
                 m->number, m->name);
    }
}

/* Become the partitioner of m, whose record is this. False: the record has changed meanwhile. */
static bool begin(struct xcf *x, struct xcf_member *m, enum xcf_reason reason, bool force, uint64_t version)
{
    struct xcf_member was = *m;

    m->partitioner = x->number;
    m->partitioner_joined_us = x->joined_us;
    m->reason = reason;
    m->state = XCF_STATE_REMOVING;
    if (xcf_record_write(x, m, RECORD_REMOVING, &version, NULL) != IXLRETCODEOK) {
        *m = was;
        soon(x, platform_clock_us() + SOON_US);
        return false;
    }
    m->began_us = platform_clock_us();
    m->fence_us = force ? 0 : m->began_us + seconds_us(x->cleanup_s);
    text_wto("IXC101I SYSPLEX PARTITIONING IN PROGRESS FOR %s REQUESTED BY %s. REASON: %s", m->name,
             reason == XCF_REASON_OPERATOR ? "*MASTER*" : "XCFAS", xcf_reason_text(reason));
    if (m != &x->earlier)           /* which has no queue any more */
        xcf_record_send(x, XCF_ALL, TYPE_REMOVING, m, RECORD_REMOVING);
    fence(x, m);
    return true;
}

/* Its record says that it is gone; whoever wrote that has sent GONE, which may not have found room. Or it has none: it ended
 * during a rebuild of the structure, which only those that live take part in. */
static void note_ended(struct xcf *x, struct xcf_member *m, bool left)
{
    m->left = left;
    m->ended = x->concluding = true;
}

enum reading { READ_LATER, READ_ENDED, READ_OTHER_LIFE, READ_IT };

/* Read the record of a member's present life. A later life tells of itself. */
static enum reading read_member(struct xcf *x, struct xcf_member *m, uint8_t record[CF_ADJUNCT_SIZE], uint64_t *version)
{
    int rc;

    if (!xcf_record_read(x, m->number, record, version, &rc)) {
        if (rc != IXLRETCODEOK)
            return READ_LATER;
        if (m->reason == XCF_REASON_NONE)
            m->reason = XCF_REASON_CONNECTION;
        note_ended(x, m, false);
        return READ_ENDED;
    }
    if (!same_life(m, record))
        return READ_OTHER_LIFE;
    if (record[REC_STATE] == RECORD_ACTIVE || record[REC_STATE] == RECORD_REMOVING)
        return READ_IT;
    m->reason = (enum xcf_reason)record[REC_REASON];
    note_ended(x, m, record[REC_STATE] == RECORD_LEFT);
    return READ_ENDED;
}

/* An event names a connection by its id, which may be another one's by now. */
static bool connection_lives(struct xcf *x, const struct xcf_member *m)
{
    char system[NAME_LEN + 1];
    uint32_t reason;

    (void)xes_fence(x->connection, m->conid, m->conversion, true, system, &reason);
    return reason == IXLRSNCODECONNACTIVE;
}

bool xcf_remove(struct xcf *x, struct xcf_member *m, enum xcf_reason reason, bool force)
{
    uint8_t record[CF_ADJUNCT_SIZE];
    uint64_t version;

    if (is_mine(x, m))
        return false;
    enum reading reading = read_member(x, m, record, &version);
    m->suspect = reading == READ_LATER && reason == XCF_REASON_CONNECTION;
    if (reading == READ_LATER)
        soon(x, platform_clock_us() + SOON_US);
    if (reading != READ_IT)
        return false;
    m->conid = get_be32(record + REC_CONID);
    m->conversion = get_be32(record + REC_CONVERSION);
    m->status_us = get_be64(record + REC_STATUS);
    if (record[REC_STATE] == RECORD_REMOVING) {
        take_partitioner(m, record);
        return !in_good_hands(x, m) && begin(x, m, m->reason, true, version);
    }
    if (reason == XCF_REASON_CONNECTION && connection_lives(x, m))
        return false;
    if (begin(x, m, reason, force, version))
        return true;
    m->suspect = reason == XCF_REASON_CONNECTION;
    return false;
}

void xcf_status_rebuilt(struct xcf *x)
{
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        struct xcf_member *m = &x->members[n];

        if (!m->active || !is_mine(x, m))
            continue;
        m->state = XCF_STATE_ACTIVE;
        m->fenced = false;
        (void)xcf_remove(x, m, m->reason, true);
    }
}

/* It is fenced: now the others may have what it had. */
static void complete(struct xcf *x, struct xcf_member *m)
{
    uint8_t record[CF_ADJUNCT_SIZE];
    uint64_t version;
    enum reading reading = read_member(x, m, record, &version);

    m->fenced = reading == READ_LATER ||
                (reading == READ_IT && xcf_record_write(x, m, RECORD_FAILED, &version, NULL) != IXLRETCODEOK);
    if (m->fenced || reading != READ_IT)
        return;                     /* later; or another has completed it */
    xcf_record_send(x, XCF_ALL, TYPE_GONE, m, RECORD_FAILED);
    xcf_member_removed(x, m, false);
}

void xcf_status_conclude(struct xcf *x)
{
    if (!x->concluding)
        return;
    x->concluding = false;
    (void)xcf_queue_empty(x);             /* what they have sent comes before their end */
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++) {
        struct xcf_member *m = &x->members[n];

        if (m->active && m->fenced)
            complete(x, m);
        if (m->active && m->ended)
            xcf_member_removed(x, m, m->left);
        x->concluding = x->concluding || (m->active && m->fenced);
    }
    x->due_us = 0;                  /* a partitioner that is gone may have left others half removed: look at once */
}

/* --- removal: what others say ---------------------------------------------------------------------------------------- */

void xcf_heard_removing(struct xcf *x, const uint8_t *record)
{
    uint8_t number = record[REC_NUMBER];

    if (number < 1 || number > SYSTEMS_MAX || !same_life(&x->members[number], record))
        return;
    if (number != x->number) {
        if (!is_mine(x, &x->members[number]))
            take_partitioner(&x->members[number], record);
        return;
    }
    xcf_record_send(x, record[REC_PARTITIONER], TYPE_STOPPED, &x->members[number], RECORD_REMOVING);
    xcf_isolated(x, "THIS SYSTEM HAS BEEN REMOVED FROM THE SYSPLEX");
}

void xcf_heard_stopped(struct xcf *x, uint8_t from)
{
    struct xcf_member *m = &x->members[from];

    if (!is_mine(x, m))
        return;
    m->stopped = true;
    fence(x, m);
}

bool xcf_vary_offline(struct xcf *x, uint8_t number, bool force)
{
    struct xcf_member *m = &x->members[number];
    bool begun = false;

    if (is_mine(x, m) && force) {
        m->fence_us = 0;
        fence(x, m);
        return true;
    }
    for (int tries = 0; m->active && !begun && tries < 3; tries++)     /* its own update may come in between */
        begun = xcf_remove(x, m, XCF_REASON_OPERATOR, force);
    return begun;
}

void xcf_set_intervals(struct xcf *x, uint16_t interval_s, uint16_t cleanup_s)
{
    x->interval_s = interval_s;
    x->cleanup_s = cleanup_s;
    x->look_us = 0;
    x->due_us = x->connection ? 0 : UINT64_MAX;
}

bool xcf_reply_down(struct xcf *x, uint8_t number)
{
    struct xcf_member *m = &x->members[number];

    if (!m->active || !is_mine(x, m) || !m->waited)
        return false;
    m->down = true;
    fence(x, m);
    return true;
}

/* --- monitoring ------------------------------------------------------------------------------------------------------ */

/* The structure is held up by somebody in the middle of a command. */
static void held_up(struct xcf *x, uint64_t since_us)
{
    char system[NAME_LEN + 1];
    uint32_t reason;

    if (!x->stuck_us)
        x->stuck_us = since_us;
    if (platform_clock_us() - x->stuck_us < seconds_us(x->interval_s))
        return;
    (void)xes_fence(x->connection, 0, 0, false, system, &reason);
    if (system[0])
        text_wto("IXC109I FENCE ACTION FOR SYSTEM %s: IT HELD STRUCTURE %s UP FOR %u SECONDS", system, XCF_STRUCTURE, x->interval_s);
}

/* False: the structure is held up. */
static bool update_own(struct xcf *x)
{
    struct xcf_member *self = &x->members[x->number];
    uint8_t record[CF_ADJUNCT_SIZE];
    uint64_t version, began = platform_clock_us();
    uint32_t reason;
    int rc;

    self->status_us = began;
    self->interval_s = x->interval_s;
    if (xcf_record_write(x, self, RECORD_ACTIVE, &self->version, &reason) == IXLRETCODEOK) {
        x->stuck_us = 0;
    } else if (reason == IXLRSNCODESTRTEMPUNAVAIL) {
        held_up(x, began);
        return false;
    } else if (reason == IXLRSNCODEVERSIONMISMATCH && xcf_record_read(x, x->number, record, &version, &rc)) {
        if (same_life(self, record) && record[REC_STATE] == RECORD_ACTIVE)
            self->version = version;
        else
            xcf_isolated(x, "THIS SYSTEM HAS BEEN REMOVED FROM THE SYSPLEX");
    }
    return true;
}

static void look_at(struct xcf *x, struct xcf_member *m)
{
    uint8_t record[CF_ADJUNCT_SIZE];
    uint64_t version, now = platform_clock_us();

    if (read_member(x, m, record, &version) != READ_IT)
        return;
    if (record[REC_STATE] == RECORD_REMOVING) {
        if (!is_mine(x, m))
            take_partitioner(m, record);
        return;
    }
    uint64_t interval_us = seconds_us(m->interval_s = get_be16(record + REC_INTERVAL));
    if (m->status_us != get_be64(record + REC_STATUS)) {
        m->status_us = get_be64(record + REC_STATUS);
        m->seen_us = now;
        m->state = XCF_STATE_ACTIVE;
    } else if (interval_us && now - m->seen_us > interval_us / 2) {
        m->state = XCF_STATE_STATUS_MISSING;
        if (now - m->seen_us > interval_us)
            (void)xcf_remove(x, m, XCF_REASON_STATUS, true);
    }
}

/* What does not wait for the next look. */
static void go_on(struct xcf *x, struct xcf_member *m)
{
    if (is_mine(x, m))
        fence(x, m);
    else if (m->suspect)
        (void)xcf_remove(x, m, XCF_REASON_CONNECTION, true);
    else if (m->state == XCF_STATE_REMOVING && !in_good_hands(x, m))
        (void)xcf_remove(x, m, m->reason, true);
}

static uint64_t period_us(const struct xcf *x)
{
    return seconds_us(x->interval_s) / UPDATES_PER_INTERVAL;
}

/* A look that comes late judges nobody: this system was stopped, and perhaps the others were with it. */
static bool is_late(const struct xcf *x, uint64_t now)
{
    return x->look_us != 0 && now > x->look_us + period_us(x);
}

/* The member that owes an answer. A connection has the same id in both structures. */
static struct xcf_member *owing_member(struct xcf *x, const struct xes_owing *owing)
{
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        if (n != x->number && x->members[n].active && x->members[n].conid == owing->conid)
            return &x->members[n];
    return NULL;
}

/* Everybody waits for it. That takes more than one command: a killed process needs a while, a remote system its lease. */
static void fence_owing(struct xcf *x, struct xcf_member *m, const struct xes_owing *owing)
{
    char system[NAME_LEN + 1];
    uint32_t reason;

    if (m->reason != XCF_REASON_STATUS)
        text_wto("IXC109I FENCE ACTION FOR SYSTEM %s: IT HAS NOT ANSWERED THE REBUILD OF STRUCTURE %s FOR %u SECONDS", m->name,
                 XCF_STRUCTURE, m->interval_s);
    m->reason = XCF_REASON_STATUS;
    if (xes_fence(x->connection, owing->conid, owing->conversion, false, system, &reason) != IXLRETCODEOK)
        x->look_us = platform_clock_us() + SOON_US;
}

/* The structure is being rebuilt. What the members' stamps say counts from its end on. */
static void look_at_rebuild(struct xcf *x, uint64_t now)
{
    struct xes_owing owing[SYSTEMS_MAX];
    unsigned count;
    uint32_t phase, reason;
    bool late = is_late(x, now);

    x->look_us = now + period_us(x);
    for (uint8_t n = 1; n <= SYSTEMS_MAX; n++)
        x->members[n].seen_us = now;
    if (xes_rebuild_owing(x->connection, owing, &count, &phase, &reason) != IXLRETCODEOK) {
        if (reason == IXLRSNCODESTRTEMPUNAVAIL)
            held_up(x, now);
        return;
    }
    x->stuck_us = 0;
    if (late || phase != x->owed_phase || x->connection->structure != x->owed_structure) {
        x->owed_phase = phase;
        x->owed_structure = x->connection->structure;
        x->owed_us = now;
    }
    for (unsigned i = 0; i < count; i++) {
        struct xcf_member *m = owing_member(x, &owing[i]);

        if (m && m->interval_s > 0 && now - x->owed_us > seconds_us(m->interval_s))
            fence_owing(x, m, &owing[i]);
    }
}

static void look(struct xcf *x, uint64_t now)
{
    bool late = is_late(x, now);

    x->look_us = now + period_us(x);
    if (!update_own(x))
        return;
    for (uint8_t n = 1; n <= SYSTEMS_MAX && !x->isolated; n++) {
        if (n == x->number || !x->members[n].active)
            continue;
        if (late || is_late(x, platform_clock_us()))    /* or it has waited for the structure, as the others have then */
            x->members[n].seen_us = platform_clock_us();
        look_at(x, &x->members[n]);
    }
}

void xcf_status_run(struct xcf *x)
{
    uint64_t now = platform_clock_us();

    if (!x->connection || x->isolated)
        return;
    if (xes_is_rebuilding(x->connection)) {     /* also when it is the monitoring itself that waits for it */
        if (x->interval_s > 0 && now >= x->look_us)
            look_at_rebuild(x, now);
        x->due_us = x->interval_s > 0 ? x->look_us : now + SOON_US;
        return;
    }
    x->owed_phase = CF_REBUILD_NONE;
    if (x->watching || now < x->due_us)
        return;
    x->watching = true;
    x->due_us = UINT64_MAX;
    if (x->interval_s > 0 && now >= x->look_us)
        look(x, now);
    for (uint8_t n = 1; n <= SYSTEMS_MAX && !x->isolated; n++)
        if (n != x->number && x->members[n].active)
            go_on(x, &x->members[n]);
    if (!x->isolated && x->interval_s > 0)
        soon(x, x->look_us);
    x->watching = false;
}

void xcf_status_wait(void *context)
{
    xcf_status_run(context);
}

int xcf_remove_earlier_life(struct xcf *x, struct xcf_member *old)
{
    struct ecb never = { 0 };
    uint8_t record[CF_ADJUNCT_SIZE];
    uint64_t version;
    unsigned waits = 0;
    int rc;

    x->joined_us = platform_clock_us();         /* of the partitioner: a life that is never seen otherwise */
    x->earlier = *old;
    for (;; platform_wait(&never, SOON_US)) {
        bool there = xcf_record_read(x, x->number, record, &version, &rc);
        if (x->connection->lost)
            return XCF_LOST;
        if (!there && rc != IXLRETCODEOK)
            continue;                           /* busy */
        if (!there || !same_life(old, record))
            return XCF_OK;
        if (record[REC_STATE] != RECORD_ACTIVE && record[REC_STATE] != RECORD_REMOVING)
            return XCF_OK;
        bool mine = record[REC_STATE] == RECORD_REMOVING && record[REC_PARTITIONER] == x->number &&
                    get_be64(record + REC_PARTITIONER_JOINED) == x->joined_us;
        if (mine && x->earlier.fenced)
            (void)xcf_record_write(x, &x->earlier, RECORD_FAILED, &version, NULL);
        else if (mine)
            fence(x, &x->earlier);
        else if (record[REC_STATE] == RECORD_ACTIVE || record[REC_PARTITIONER] == x->number)
            (void)begin(x, &x->earlier, XCF_REASON_IPL, true, version);
        else if (++waits > EARLIER_WAITS_MAX)
            (void)begin(x, &x->earlier, XCF_REASON_IPL, true, version);
    }
}
