/* IXLLOCK over the real coupling facility: several images, messages in order between each two, deaths. */
#include <stdlib.h>
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "cfemu/engine/cf_segment.h"
#include "stack/tests/core_plex.h"
#include "stack/xes/xes_lock.h"

#define SYSTEMS 4u
#define ENTRIES 4u              /* few, so that names collide */
#define NAMES 6u
#define MAIL_MAX 4096u
#define SHR XES_LOCK_SHR
#define EXCL XES_LOCK_EXCL

/* --- the images ---------------------------------------------------------------------------------------------------------- */

static struct image {
    bool up;
    struct xes xes;
    struct cf *cf;
    struct xes_connection *connection;
    struct xes_lock lock;
    uint64_t failed[4];         /* told by the event exit, not dealt with yet */
    int stopped;                /* sends that are answered "later" */
    unsigned completed, notified;
    uint32_t reason;            /* of the last completion */
    void *completed_user;
    uint8_t held[NAMES];        /* what this image was told it holds */
    uint8_t wanted[NAMES];      /* what it waits for */
} images[SYSTEMS + 1];

/* Messages on their way, by sender and receiver, in order. */
static struct mail {
    unsigned from, to;
    uint8_t message[XES_LOCK_MESSAGE_SIZE];
} mail[MAIL_MAX];
static unsigned mail_count, mail_sent;

static enum xes_lock_decision decision;
static bool release_when_notified;
static const char *const names[NAMES] = { "ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON", "ZETA" };

static unsigned image_of(uint32_t conid)
{
    for (unsigned n = 1; n <= SYSTEMS; n++)
        if (images[n].up && images[n].connection->conid == conid)
            return n;
    return 0;
}

static int on_send(void *context, uint32_t conid, const uint8_t *message, uint32_t length)
{
    struct image *i = context;
    unsigned to = image_of(conid);

    ck_assert_uint_eq(length, XES_LOCK_MESSAGE_SIZE);
    if (i->stopped && i->stopped--)
        return 1;
    if (!to)
        return -1;
    ck_assert_uint_lt(mail_count, MAIL_MAX);
    mail[mail_count].from = (unsigned)(i - images);
    mail[mail_count].to = to;
    memcpy(mail[mail_count++].message, message, length);
    mail_sent++;
    return 0;
}

static unsigned name_of(void *user)
{
    return (unsigned)((uintptr_t)user - 1);
}

static void on_complete(void *context, void *user, uint32_t reason)
{
    struct image *i = context;
    unsigned name = name_of(user);

    i->completed++;
    i->reason = reason;
    i->completed_user = user;
    if (reason == IXLRSNCODEOK)
        i->held[name] = i->wanted[name];
    i->wanted[name] = 0;
}

static struct xes_lock_request request(unsigned name, uint8_t operation, uint8_t state)
{
    return (struct xes_lock_request){
        .operation = operation, .state = state, .name = (const uint8_t *)names[name], .name_length = (uint8_t)strlen(names[name]),
        .user = (void *)(uintptr_t)(name + 1), .hashed = true, .hash = name % 3,    /* A and D, B and E, G and Z collide */
    };
}

static int release(unsigned n, unsigned name)
{
    struct xes_lock_request q = request(name, XES_LOCK_RELEASE, 0);
    uint32_t reason;

    host_platform_select(n);
    images[n].held[name] = images[n].wanted[name] = 0;      /* before: others may get it by it */
    return xes_lock_release(&images[n].lock, &q, &reason);
}

static void on_notify(void *context, void *user, uint32_t conid, uint8_t wanted)
{
    struct image *i = context;

    ck_assert_uint_ne(conid, i->connection->conid);
    ck_assert(wanted == SHR || wanted == EXCL);
    i->notified++;
    if (release_when_notified)
        ck_assert_int_eq(release((unsigned)(i - images), name_of(user)), IXLRETCODEOK);
}

static enum xes_lock_decision on_contention(void *context, const uint8_t *name, uint8_t length, uint32_t conid, uint8_t wanted)
{
    (void)context, (void)name, (void)length, (void)conid, (void)wanted;
    return decision;
}

static const struct xes_lock_ops ops = { on_send, on_complete, on_notify, on_contention };

static void on_event(void *context, const uint8_t failed[32], bool joined)
{
    struct image *i = context;

    (void)joined;
    for (unsigned w = 0; w < 4; w++)
        i->failed[w] |= get_be64(failed + 8 * w);
}

static void on_attention(void *context)
{
    xes_attention(context);
}

static void ipl(unsigned n, uint8_t flags)
{
    struct image *i = &images[n];
    uint32_t reason;
    const struct xes_connect_parms parms = {
        .structure = "LOCK1", .connection = plex_names[n - 1], .system = plex_names[n - 1], .job = "JOB1",
        .attributes = { .lock_entries = ENTRIES, .size_kib = 512, .records = 64, .max_connections = 8, .flags = flags },
        .event_exit = on_event, .context = i,
    };

    memset(i, 0, sizeof *i);
    host_platform_select(n);
    host_platform_reset();
    ck_assert_int_eq(cf_open(plex.segment, plex_names[n - 1], &i->cf), 0);
    host_platform_add_cf(i->cf);
    host_platform_on_attention(on_attention, &i->xes);
    ck_assert_int_le(xes_connect(&i->xes, &parms, &i->connection, &reason), IXLRETCODEWARNING);
    xes_lock_init(&i->lock, i->connection, &ops, i);
    i->up = true;
}

static void deliver(unsigned number)
{
    struct mail m = mail[number];

    memmove(&mail[number], &mail[number + 1], (--mail_count - number) * sizeof mail[0]);
    if (!images[m.to].up)
        return;
    host_platform_select(m.to);
    xes_lock_message(&images[m.to].lock, images[m.from].connection->conid, m.message, sizeof m.message);
}

/* What a pair has on its way comes in order; which pair is next, chance says (0: the oldest). */
static bool deliver_one(unsigned chance)
{
    if (mail_count == 0)
        return false;
    unsigned number = chance % mail_count;
    for (unsigned i = 0; i < number; i++)
        if (mail[i].from == mail[number].from && mail[i].to == mail[number].to)
            number = i;
    deliver(number);
    return true;
}

/* An image deals with failures it was told of: first with the messages that the failed one had sent. */
static void failures(unsigned n)
{
    struct image *i = &images[n];

    host_platform_select(n);
    host_platform_attend(0);
    for (unsigned failed = 1; failed <= SYSTEMS; failed++) {
        uint32_t conid = images[failed].connection ? images[failed].connection->conid : 0;
        if (failed == n || conid == 0 || !(i->failed[conid / 64] >> (63 - conid % 64) & 1))
            continue;
        i->failed[conid / 64] &= ~(1ull << (63 - conid % 64));
        for (unsigned m = 0; m < mail_count;)
            if (mail[m].from == failed && mail[m].to == n)
                deliver(m);
            else
                m++;
        host_platform_select(n);
        xes_lock_failed(&i->lock, conid);
    }
}

static void settle(void)
{
    bool more = true;

    while (more) {
        more = false;
        for (unsigned n = 1; n <= SYSTEMS; n++) {
            if (!images[n].up)
                continue;
            failures(n);
            host_platform_select(n);
            xes_lock_poll(&images[n].lock);
            more = more || images[n].lock.out_count > 0;
        }
        while (deliver_one(0))
            more = true;
    }
}

/* The image dies: its process is gone, its messages are on their way still. */
static void kill_image(unsigned n)
{
    host_platform_select(n);
    host_platform_reset();
    images[n].up = false;
    cf_close(images[n].cf);
}

static int ask(unsigned n, unsigned name, uint8_t operation, uint8_t state, bool conditional, uint32_t *reason)
{
    struct image *i = &images[n];
    struct xes_lock_request q = request(name, operation, state);

    q.conditional = conditional;
    host_platform_select(n);
    i->wanted[name] = state;
    int rc = operation == XES_LOCK_OBTAIN ? xes_lock_obtain(&i->lock, &q, reason) : xes_lock_alter(&i->lock, &q, reason);
    if (rc == IXLRETCODEOK)
        i->held[name] = state;
    if (*reason != IXLRSNCODEASYNCH)
        i->wanted[name] = 0;
    return rc;
}

/* In one line: what is asked and what comes of it at once, and after all messages. */
static void obtain(unsigned n, unsigned name, uint8_t state, uint32_t at_once, uint32_t later)
{
    uint32_t reason;
    unsigned before = images[n].completed;

    (void)ask(n, name, XES_LOCK_OBTAIN, state, false, &reason);
    ck_assert_msg(reason == at_once, "at once: %x", reason);
    settle();
    if (at_once != IXLRSNCODEASYNCH)
        return;
    ck_assert_int_eq(images[n].completed > before, later != IXLRSNCODEASYNCH);
    ck_assert(images[n].completed == before || images[n].reason == later);
}

#define OK IXLRSNCODEOK
#define ASYNCH IXLRSNCODEASYNCH

static void start(void)
{
    memset(images, 0, sizeof images);
    mail_count = mail_sent = 0;
    decision = XES_LOCK_KEEP;
    release_when_notified = false;
    for (unsigned n = 1; n <= SYSTEMS; n++)
        ipl(n, CF_CONN_CONDISP_KEEP);
    settle();
}

static void end(void)
{
    for (unsigned n = 1; n <= SYSTEMS; n++)
        if (images[n].up)
            kill_image(n);
}

static struct cf_structure *structure(void)
{
    struct cf *cf = images[1].up ? images[1].cf : images[2].cf;

    return cf_control(cf, &cf->slots[0]);
}

/* --- one behaviour each ----------------------------------------------------------------------------------------------------- */

enum { ALPHA, BETA, GAMMA, DELTA };     /* DELTA is on the entry of ALPHA */

START_TEST(without_competition_there_is_no_message)
{
    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    obtain(2, BETA, SHR, OK, OK);
    obtain(3, BETA, SHR, OK, OK);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);
    obtain(2, ALPHA, EXCL, OK, OK);
    ck_assert_uint_eq(mail_sent, 0);
    ck_assert_uint_eq(structure()->stats.contentions, 0);
    end();
}
END_TEST

START_TEST(same_name_waits_and_the_holder_is_told)
{
    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    obtain(2, ALPHA, SHR, ASYNCH, ASYNCH);
    obtain(3, ALPHA, SHR, ASYNCH, ASYNCH);
    ck_assert_uint_eq(images[1].notified, 2);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[2].held[ALPHA], SHR);
    ck_assert_uint_eq(images[3].held[ALPHA], SHR);
    ck_assert_ptr_eq(images[2].completed_user, (void *)(uintptr_t)(ALPHA + 1));
    ck_assert_uint_eq(images[1].lock.contention, 2);
    ck_assert_uint_eq(images[1].lock.false_contention, 0);
    end();
}
END_TEST

START_TEST(other_name_of_the_same_hash_is_granted)
{
    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    obtain(2, DELTA, EXCL, ASYNCH, OK);
    ck_assert_uint_eq(images[2].held[DELTA], EXCL);
    ck_assert_uint_eq(images[1].notified, 0);
    ck_assert_uint_eq(images[1].lock.false_contention, 1);
    ck_assert_uint_eq(structure()->stats.false_contentions, 1);
    obtain(3, DELTA, EXCL, ASYNCH, ASYNCH);     /* by way of 1, who has nothing to do with DELTA */
    ck_assert_uint_eq(images[2].notified, 1);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[3].held[DELTA], 0);
    ck_assert_int_eq(release(2, DELTA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[3].held[DELTA], EXCL);
    end();
}
END_TEST

START_TEST(exclusive_beside_sharers_of_another_name)
{
    start();
    obtain(1, ALPHA, SHR, OK, OK);
    obtain(2, ALPHA, SHR, OK, OK);
    obtain(3, DELTA, EXCL, ASYNCH, OK);         /* false */
    obtain(4, ALPHA, EXCL, ASYNCH, ASYNCH);     /* real */
    ck_assert_uint_eq(images[1].notified + images[2].notified, 2);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[4].held[ALPHA], 0);
    ck_assert_int_eq(release(2, ALPHA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[4].held[ALPHA], EXCL);
    end();
}
END_TEST

START_TEST(when_all_is_shared_again_nobody_manages)
{
    start();
    obtain(1, ALPHA, SHR, OK, OK);
    obtain(2, DELTA, EXCL, ASYNCH, OK);
    obtain(3, DELTA, SHR, ASYNCH, ASYNCH);
    ck_assert_int_eq(release(2, DELTA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[3].held[DELTA], SHR);
    unsigned before = mail_sent;
    obtain(4, ALPHA, SHR, OK, OK);
    ck_assert_uint_eq(mail_sent, before);
    end();
}
END_TEST

START_TEST(conditional_requests_do_not_wait)
{
    uint32_t reason;

    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    (void)ask(2, ALPHA, XES_LOCK_OBTAIN, SHR, true, &reason);
    settle();
    ck_assert_uint_eq(images[2].completed, 1);
    ck_assert_uint_eq(images[2].reason, IXLRSNCODELOCKCOND);
    ck_assert_int_eq(ask(1, DELTA, XES_LOCK_OBTAIN, SHR, true, &reason), IXLRETCODEOK);
    (void)ask(2, DELTA, XES_LOCK_OBTAIN, EXCL, false, &reason);
    settle();
    ck_assert_int_eq(ask(1, DELTA, XES_LOCK_ALTER, EXCL, true, &reason), IXLRETCODEOK);   /* who shares it comes first */
    end();
}
END_TEST

START_TEST(alter_up_and_down)
{
    uint32_t reason;

    start();
    obtain(1, ALPHA, SHR, OK, OK);
    obtain(2, ALPHA, SHR, OK, OK);
    ck_assert_int_eq(ask(1, ALPHA, XES_LOCK_ALTER, EXCL, false, &reason), IXLRETCODEWARNING);
    settle();
    ck_assert_uint_eq(images[2].notified, 1);
    ck_assert_int_eq(ask(2, ALPHA, XES_LOCK_ALTER, EXCL, false, &reason), IXLRETCODEWARNING);
    settle();                                   /* each would wait for the other: the second is denied, and keeps SHR */
    ck_assert_uint_eq(images[2].reason, IXLRSNCODELOCKCOND);
    ck_assert_uint_eq(images[2].held[ALPHA], SHR);
    ck_assert_int_eq(release(2, ALPHA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[1].held[ALPHA], EXCL);
    obtain(2, ALPHA, SHR, ASYNCH, ASYNCH);
    ck_assert_int_eq(ask(1, ALPHA, XES_LOCK_ALTER, SHR, false, &reason), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[2].held[ALPHA], SHR);
    end();
}
END_TEST

START_TEST(a_request_that_waits_can_be_taken_back)
{
    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    obtain(2, ALPHA, EXCL, ASYNCH, ASYNCH);
    obtain(3, ALPHA, EXCL, ASYNCH, ASYNCH);
    ck_assert_int_eq(release(2, ALPHA), IXLRETCODEOK);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[2].completed, 0);
    ck_assert_uint_eq(images[3].held[ALPHA], EXCL);
    end();
}
END_TEST

START_TEST(exits_may_call_and_decide)
{
    start();
    release_when_notified = true;
    obtain(1, ALPHA, EXCL, OK, OK);
    obtain(2, ALPHA, EXCL, ASYNCH, OK);
    obtain(3, ALPHA, EXCL, ASYNCH, OK);
    release_when_notified = false;
    decision = XES_LOCK_DENY;
    obtain(4, ALPHA, EXCL, ASYNCH, IXLRSNCODELOCKCOND);
    decision = XES_LOCK_GRANT;
    obtain(4, ALPHA, EXCL, ASYNCH, OK);
    end();
}
END_TEST

START_TEST(requests_that_are_wrong)
{
    struct xes_lock_request q = request(ALPHA, XES_LOCK_OBTAIN, 3);
    uint32_t reason;

    start();
    host_platform_select(1);
    ck_assert_int_eq(xes_lock_obtain(&images[1].lock, &q, &reason), IXLRETCODEPARMERROR);
    q.state = SHR;
    q.name_length = 0;
    ck_assert_int_eq(xes_lock_obtain(&images[1].lock, &q, &reason), IXLRETCODEPARMERROR);
    q.name_length = 65;
    ck_assert_int_eq(xes_lock_obtain(&images[1].lock, &q, &reason), IXLRETCODEPARMERROR);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEPARMERROR);
    ck_assert_int_eq(ask(1, ALPHA, XES_LOCK_ALTER, EXCL, false, &reason), IXLRETCODEPARMERROR);
    obtain(1, ALPHA, SHR, OK, OK);
    obtain(1, ALPHA, SHR, IXLRSNCODERESOURCEHELD, 0);
    static const uint8_t junk[XES_LOCK_MESSAGE_SIZE] = { 1, 9, 0, 200, 0xFF, 0xFF, 0xFF, 0xFF };
    host_platform_select(1);
    xes_lock_message(&images[1].lock, 2, junk, sizeof junk);
    xes_lock_message(&images[1].lock, 2, junk, 3);
    unsigned i = 0;
    for (; i < 2 * XES_LOCK_RECORDS_MAX; i++) {         /* more than there is room for */
        uint8_t name[4];
        struct xes_lock_request many = { .state = SHR, .name = name, .name_length = 4 };
        put_be32(name, i);
        if (xes_lock_obtain(&images[1].lock, &many, &reason) != IXLRETCODEOK)
            break;
    }
    ck_assert_uint_eq(i, XES_LOCK_RECORDS_MAX - 1);
    ck_assert_uint_eq(reason, IXLRSNCODENOSLOT);
    end();
}
END_TEST

START_TEST(processmult_takes_one_command_for_what_nobody_competes_for)
{
    struct xes_lock_request q[3] = { request(ALPHA, XES_LOCK_OBTAIN, EXCL), request(BETA, XES_LOCK_OBTAIN, SHR),
                                     request(GAMMA, XES_LOCK_OBTAIN, EXCL) };

    start();
    obtain(2, GAMMA, EXCL, OK, OK);
    host_platform_select(1);
    uint64_t before = images[1].connection->requests;
    images[1].wanted[GAMMA] = EXCL;
    xes_lock_processmult(&images[1].lock, q, 3);
    ck_assert_uint_eq(images[1].connection->requests, before + 1);
    ck_assert_int_eq(q[0].rc, IXLRETCODEOK);
    ck_assert_int_eq(q[1].rc, IXLRETCODEOK);
    ck_assert_uint_eq(q[2].reason, IXLRSNCODEASYNCH);
    settle();
    ck_assert_int_eq(release(2, GAMMA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[1].held[GAMMA], EXCL);
    host_platform_select(1);
    for (unsigned i = 0; i < 3; i++)
        q[i].operation = XES_LOCK_RELEASE;
    before = images[1].connection->requests;
    xes_lock_processmult(&images[1].lock, q, 3);
    ck_assert_uint_eq(images[1].connection->requests, before + 2);      /* GAMMA is managed by 2 */
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(q[i].rc, IXLRETCODEOK);
    settle();
    images[1].held[GAMMA] = 0;
    obtain(2, ALPHA, EXCL, OK, OK);
    obtain(2, GAMMA, EXCL, OK, OK);
    end();
}
END_TEST

START_TEST(messages_wait_for_signalling)
{
    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    images[2].stopped = 3;
    obtain(2, ALPHA, SHR, ASYNCH, ASYNCH);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[2].held[ALPHA], SHR);
    end();
}
END_TEST

/* --- record data ------------------------------------------------------------------------------------------------------------ */

static uint32_t record_count(void)
{
    return structure()->entries_used;
}

START_TEST(record_data_comes_and_goes_with_the_lock)
{
    uint8_t rdata[CF_ADJUNCT_SIZE] = { 1, 2, 3 };
    struct xes_lock_request q = request(ALPHA, XES_LOCK_OBTAIN, EXCL);
    uint32_t reason;

    start();
    q.rdata = rdata;
    host_platform_select(1);
    ck_assert_int_eq(xes_lock_obtain(&images[1].lock, &q, &reason), IXLRETCODEOK);
    ck_assert_uint_eq(record_count(), 1);
    host_platform_select(2);
    images[2].wanted[ALPHA] = EXCL;
    (void)xes_lock_obtain(&images[2].lock, &q, &reason);
    settle();
    ck_assert_uint_eq(record_count(), 1);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);
    ck_assert_uint_eq(record_count(), 0);
    settle();
    ck_assert_uint_eq(images[2].held[ALPHA], EXCL);
    ck_assert_uint_eq(record_count(), 1);
    kill_image(2);
    settle();
    ck_assert_uint_eq(record_count(), 1);       /* for who recovers */
    obtain(1, ALPHA, SHR, IXLRSNCODELOCKRETAINED, 0);
    host_platform_select(1);
    xes_lock_recover(&images[1].lock, images[2].connection->conid);
    ck_assert_uint_eq(record_count(), 0);
    obtain(1, ALPHA, SHR, OK, OK);
    end();
}
END_TEST

/* --- deaths ------------------------------------------------------------------------------------------------------------------- */

START_TEST(what_a_failed_holder_had_alone_is_retained)
{
    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    obtain(2, BETA, SHR, OK, OK);
    kill_image(1);
    settle();
    obtain(3, ALPHA, EXCL, IXLRSNCODELOCKRETAINED, 0);
    ipl(1, CF_CONN_CONDISP_KEEP);
    settle();
    ck_assert(images[1].connection->reconnected);
    obtain(3, ALPHA, EXCL, ASYNCH, ASYNCH);     /* it is there, but does not know itself yet */
    obtain(1, ALPHA, EXCL, ASYNCH, OK);
    host_platform_select(1);
    xes_lock_recovered(&images[1].lock);
    settle();
    ck_assert_uint_eq(images[3].held[ALPHA], 0);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[3].held[ALPHA], EXCL);
    end();
}
END_TEST

START_TEST(what_is_not_taken_up_again_is_free)
{
    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    obtain(2, DELTA, EXCL, ASYNCH, OK);         /* managed by 1 */
    obtain(2, BETA, EXCL, OK, OK);
    obtain(1, BETA + 3, EXCL, ASYNCH, OK);      /* managed by 2 */
    kill_image(1);
    settle();
    obtain(3, BETA + 3, EXCL, ASYNCH, IXLRSNCODELOCKRETAINED);
    obtain(3, ALPHA, EXCL, ASYNCH, IXLRSNCODELOCKRETAINED);
    ipl(1, CF_CONN_CONDISP_KEEP);
    settle();
    host_platform_select(1);
    xes_lock_recovered(&images[1].lock);
    settle();
    obtain(3, BETA + 3, EXCL, ASYNCH, OK);
    obtain(3, ALPHA, EXCL, OK, OK);             /* it manages */
    ck_assert_uint_eq(images[2].held[DELTA], EXCL);
    end();
}
END_TEST

START_TEST(requests_to_a_dead_manager_begin_again)
{
    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    obtain(2, DELTA, EXCL, ASYNCH, OK);
    obtain(3, DELTA, EXCL, ASYNCH, ASYNCH);
    ck_assert_int_eq(release(1, ALPHA), IXLRETCODEOK);  /* 1 manages without holding anything */
    settle();
    kill_image(1);
    settle();
    ck_assert_uint_eq(images[3].completed, 0);          /* 3 manages now, and knows of 2 */
    ck_assert_int_eq(release(2, DELTA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[3].held[DELTA], EXCL);
    end();
}
END_TEST

START_TEST(a_manager_dies_in_the_middle_of_its_questions)
{
    start();
    obtain(1, ALPHA, SHR, OK, OK);
    obtain(2, DELTA, SHR, OK, OK);
    uint32_t reason;
    (void)ask(3, ALPHA, XES_LOCK_OBTAIN, EXCL, false, &reason);
    ck_assert_uint_eq(mail_count, 2);           /* QUERY to 1 and 2 */
    (void)ask(4, DELTA, XES_LOCK_OBTAIN, EXCL, false, &reason);
    kill_image(3);
    settle();
    ck_assert_uint_eq(images[4].reason, IXLRSNCODELOCKRETAINED);        /* who knows what 3 had? */
    host_platform_select(4);
    xes_lock_recover(&images[4].lock, images[3].connection->conid);
    obtain(4, DELTA, EXCL, ASYNCH, ASYNCH);
    ck_assert_int_eq(release(2, DELTA), IXLRETCODEOK);
    settle();
    ck_assert_uint_eq(images[4].held[DELTA], EXCL);
    end();
}
END_TEST

START_TEST(a_question_of_a_dead_manager_comes_late)
{
    uint32_t reason;

    start();
    obtain(2, DELTA, EXCL, OK, OK);
    obtain(1, ALPHA, EXCL, ASYNCH, OK);
    obtain(1, DELTA, EXCL, ASYNCH, ASYNCH);
    kill_image(2);
    failures(4);
    (void)ask(4, DELTA, XES_LOCK_OBTAIN, SHR, false, &reason);
    ck_assert_uint_eq(mail_count, 1);           /* QUERY to 1 */
    kill_image(4);
    settle();                                   /* 1 takes over, then gets it */
    ck_assert_uint_eq(images[1].reason, IXLRSNCODELOCKRETAINED);
    obtain(3, ALPHA, EXCL, ASYNCH, IXLRSNCODELOCKRETAINED);
    host_platform_select(1);
    xes_lock_recover(&images[1].lock, images[2].connection->conid);
    xes_lock_recover(&images[1].lock, images[4].connection->conid);
    obtain(3, DELTA, EXCL, ASYNCH, OK);
    end();
}
END_TEST

START_TEST(a_holder_dies_before_it_answers)
{
    uint32_t reason;

    start();
    obtain(1, ALPHA, SHR, OK, OK);
    obtain(2, ALPHA, SHR, OK, OK);
    (void)ask(3, ALPHA, XES_LOCK_OBTAIN, EXCL, false, &reason);
    kill_image(1);
    kill_image(2);
    settle();
    ck_assert_uint_eq(images[3].completed, 1);
    ck_assert_uint_eq(images[3].reason, IXLRSNCODELOCKRETAINED);
    end();
}
END_TEST

START_TEST(a_grant_of_a_dead_manager_counts_if_it_came)
{
    uint32_t reason;

    start();
    obtain(1, ALPHA, EXCL, OK, OK);
    (void)ask(2, DELTA, XES_LOCK_OBTAIN, EXCL, false, &reason);
    ck_assert(deliver_one(0));                  /* the request; the grant is on its way */
    kill_image(1);
    settle();
    ck_assert_uint_eq(images[2].held[DELTA], EXCL);
    obtain(3, DELTA, EXCL, ASYNCH, IXLRSNCODELOCKRETAINED);     /* of the same hash as what 1 had: nobody can tell */
    end();
}
END_TEST

/* --- chance ---------------------------------------------------------------------------------------------------------------------- */

#define SEEDS 25
#define STEPS 1500

static int seed_first, seed_last = -1;          /* by the command line: these, with deaths */

static uint8_t retained[SYSTEMS + 1][NAMES];    /* what a dead image held */
static bool dead[SYSTEMS + 1];                  /* and it is not recovered */

/* Nobody holds what another holds, unless both share it; nor what is retained. */
static void exclusion_check(int seed, int step)
{
    for (unsigned name = 0; name < NAMES; name++) {
        unsigned sharers = 0, owners = 0;
        for (unsigned n = 1; n <= SYSTEMS; n++) {
            sharers += images[n].up && images[n].held[name] == SHR;
            owners += images[n].up && images[n].held[name] == EXCL;
            owners += dead[n] && retained[n][name] == EXCL;
        }
        ck_assert_msg(owners <= 1 && (owners == 0 || sharers == 0), "seed %d, step %d: %s has %u owners and %u sharers", seed, step,
                      names[name], owners, sharers);
    }
}

static void random_request(unsigned n, unsigned *seed)
{
    unsigned name = (unsigned)rand_r(seed) % NAMES;
    struct image *i = &images[n];
    uint32_t reason;
    uint8_t state = rand_r(seed) % 2 ? SHR : EXCL;

    if (i->wanted[name] && rand_r(seed) % 4)
        return;
    if (!i->held[name] && !i->wanted[name])
        (void)ask(n, name, XES_LOCK_OBTAIN, state, rand_r(seed) % 4 == 0, &reason);
    else if (!i->wanted[name] && rand_r(seed) % 3 == 0 && state > i->held[name])
        (void)ask(n, name, XES_LOCK_ALTER, state, rand_r(seed) % 4 == 0, &reason);
    else if (!i->wanted[name] && state == SHR && rand_r(seed) % 3) {
        i->held[name] = state;          /* at the latest: others may get it by it */
        ck_assert_int_eq(ask(n, name, XES_LOCK_ALTER, state, false, &reason), IXLRETCODEOK);
    } else
        ck_assert_int_eq(release(n, name), IXLRETCODEOK);
}

static void random_mult(unsigned n, unsigned *seed)
{
    struct image *i = &images[n];
    struct xes_lock_request q[NAMES];
    uint32_t count = 0;

    for (unsigned name = 0; name < NAMES; name++) {
        if (i->wanted[name] || rand_r(seed) % 2)
            continue;
        uint8_t state = rand_r(seed) % 2 ? SHR : EXCL;
        q[count++] = request(name, i->held[name] ? XES_LOCK_RELEASE : XES_LOCK_OBTAIN, state);
        i->wanted[name] = i->held[name] ? 0 : state;
        i->held[name] = 0;
    }
    host_platform_select(n);
    xes_lock_processmult(&i->lock, q, count);
    for (uint32_t k = 0; k < count; k++) {
        unsigned name = name_of(q[k].user);
        if (q[k].operation == XES_LOCK_OBTAIN && q[k].rc == IXLRETCODEOK)
            i->held[name] = q[k].state;
        if (q[k].operation == XES_LOCK_OBTAIN && q[k].reason != IXLRSNCODEASYNCH)
            i->wanted[name] = 0;
    }
}

/* A dead image comes back, takes up some of what it held, and lets go of the rest; or a peer recovers it. */
static void bring_back(unsigned n, unsigned *seed)
{
    uint32_t reason;

    settle();
    if (rand_r(seed) % 2) {
        unsigned peer = 0;
        for (unsigned p = 1; p <= SYSTEMS; p++)
            if (images[p].up)
                peer = p;
        if (!peer)
            return;
        host_platform_select(peer);
        xes_lock_recover(&images[peer].lock, images[n].connection->conid);
        dead[n] = false;
        return;
    }
    ipl(n, CF_CONN_CONDISP_KEEP);
    for (unsigned name = 0; name < NAMES; name++) {
        if (!dead[n] || retained[n][name] != EXCL || rand_r(seed) % 2)
            continue;
        (void)ask(n, name, XES_LOCK_OBTAIN, EXCL, false, &reason);
        settle();
        ck_assert_msg(images[n].held[name] == EXCL, "image %u does not get back %s: %x, %x", n, names[name], reason, images[n].reason);
    }
    dead[n] = false;
    host_platform_select(n);
    xes_lock_recovered(&images[n].lock);
    settle();
}

static void die(unsigned n)
{
    memcpy(retained[n], images[n].held, sizeof retained[n]);
    dead[n] = true;
    kill_image(n);
}

static unsigned granted, waited, false_contentions;

/* When nothing is in the way any more, everybody gets what they wait for. */
static void all_end(int seed)
{
    settle();
    for (unsigned round = 0; round < NAMES * SYSTEMS; round++) {
        for (unsigned n = 1; n <= SYSTEMS; n++)
            for (unsigned name = 0; images[n].up && name < NAMES; name++)
                if (images[n].held[name] && !images[n].wanted[name])
                    (void)release(n, name);
        settle();
    }
    for (unsigned n = 1; n <= SYSTEMS; n++) {
        for (unsigned name = 0; images[n].up && name < NAMES; name++) {
            ck_assert_msg(!images[n].wanted[name], "seed %d: image %u waits for %s for ever", seed, n, names[name]);
            ck_assert(!images[n].held[name]);
        }
        for (unsigned r = 1; images[n].up && r <= XES_LOCK_RECORDS_MAX; r++)
            ck_assert_msg(!images[n].lock.records[r].used || images[n].lock.records[r].retained, "seed %d: image %u forgot a record", seed, n);
        if (images[n].up) {
            granted += (unsigned)images[n].lock.requests;
            waited += (unsigned)images[n].lock.granted_later;
            false_contentions += (unsigned)images[n].lock.false_contention;
        }
    }
}

/* One run: everything that happens follows from the seed. */
static void chance_run(int seed_number, bool deaths)
{
    unsigned seed = (unsigned)seed_number;

    memset(dead, 0, sizeof dead);
    start();
    for (int step = 0; step < STEPS; step++) {
        unsigned n = 1 + (unsigned)rand_r(&seed) % SYSTEMS, what = (unsigned)rand_r(&seed) % 100;
        if (!images[n].up) {
            if (what < 5)
                bring_back(n, &seed);
        } else if (what < 35) {
            random_request(n, &seed);
        } else if (what < 38) {
            random_mult(n, &seed);
        } else if (what < 85) {
            deliver_one((unsigned)rand_r(&seed));
        } else if (what < 97) {
            failures(n);
            host_platform_select(n);
            xes_lock_poll(&images[n].lock);
        } else if (what < 98) {
            images[n].stopped = 1 + rand_r(&seed) % 3;
        } else if (deaths && rand_r(&seed) % 3 == 0) {
            die(n);
        }
        exclusion_check(seed_number, step);
    }
    for (unsigned n = 1; n <= SYSTEMS; n++)
        while (!images[n].up)
            bring_back(n, &seed);
    all_end(seed_number);
    end();
    for (unsigned n = 1; n <= SYSTEMS; n++) {       /* nothing is left to retain: the structure can go */
        ipl(n, 0);
        ck_assert_int_eq(cf_check(images[n].cf, stderr), 0);
        host_platform_select(n);
        xes_lock_recovered(&images[n].lock);
        xes_disconnect(images[n].connection, false);
        kill_image(n);
    }
}

static void chance_runs(int first, int last, bool deaths)
{
    granted = waited = false_contentions = 0;
    for (int seed = first; seed <= last; seed++)
        chance_run(seed, deaths);
    printf("# seeds %d to %d, %s deaths: %u requests, %u granted later, %u contentions were false\n", first, last,
           deaths ? "with" : "without", granted, waited, false_contentions);
    fflush(stdout);
}

START_TEST(by_chance_nobody_holds_what_another_holds)
{
    chance_runs(_i * SEEDS, (_i + 1) * SEEDS - 1, _i > 0);
    ck_assert_uint_gt(waited, 100);
    ck_assert_uint_gt(false_contentions, 100);
}
END_TEST

/* Two owners: the manager that granted it had failed. A grant that nobody wanted any more, and nobody gave back. */
START_TEST(what_chance_has_found)
{
    chance_runs(5817, 5817, true);
    chance_runs(11223, 11223, true);
}
END_TEST

START_TEST(by_chance_of_these_seeds)
{
    chance_runs(seed_first, seed_last, true);
}
END_TEST

/* core_xes_lock FIRST LAST: only the runs by chance with deaths, of these seeds. Their messages name the seed that failed. */
static bool seeds_given(int argc, char **argv)
{
    char rest;

    if (argc == 3 && sscanf(argv[1], "%d%c", &seed_first, &rest) == 1 && sscanf(argv[2], "%d%c", &seed_last, &rest) == 1 &&
        0 <= seed_first && seed_first <= seed_last)
        return true;
    if (argc > 1) {
        fprintf(stderr, "usage: %s [FIRST LAST]    seeds, 0 or more, FIRST not above LAST\n", argv[0]);
        exit(2);
    }
    return false;
}

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("xes_lock");

    if (seeds_given(argc, argv)) {
        plex_timeout_s = 0;
        tcase_add_test(tests, by_chance_of_these_seeds);
        return plex_main(tests, "xes_lock");
    }
    tcase_add_test(tests, without_competition_there_is_no_message);
    tcase_add_test(tests, same_name_waits_and_the_holder_is_told);
    tcase_add_test(tests, other_name_of_the_same_hash_is_granted);
    tcase_add_test(tests, exclusive_beside_sharers_of_another_name);
    tcase_add_test(tests, when_all_is_shared_again_nobody_manages);
    tcase_add_test(tests, conditional_requests_do_not_wait);
    tcase_add_test(tests, alter_up_and_down);
    tcase_add_test(tests, a_request_that_waits_can_be_taken_back);
    tcase_add_test(tests, exits_may_call_and_decide);
    tcase_add_test(tests, requests_that_are_wrong);
    tcase_add_test(tests, processmult_takes_one_command_for_what_nobody_competes_for);
    tcase_add_test(tests, messages_wait_for_signalling);
    tcase_add_test(tests, record_data_comes_and_goes_with_the_lock);
    tcase_add_test(tests, what_a_failed_holder_had_alone_is_retained);
    tcase_add_test(tests, what_is_not_taken_up_again_is_free);
    tcase_add_test(tests, requests_to_a_dead_manager_begin_again);
    tcase_add_test(tests, a_manager_dies_in_the_middle_of_its_questions);
    tcase_add_test(tests, a_question_of_a_dead_manager_comes_late);
    tcase_add_test(tests, a_holder_dies_before_it_answers);
    tcase_add_test(tests, a_grant_of_a_dead_manager_counts_if_it_came);
    tcase_add_test(tests, what_chance_has_found);
    tcase_add_loop_test(tests, by_chance_nobody_holds_what_another_holds, 0, 2);
    return plex_main(tests, "xes_lock");
}
