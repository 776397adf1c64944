/* Attention of a CFS device: notifications of the CF reach the connection they are for, soon, and none is lost.
 *
 * Two connections to one structure through two devices: one watches a list, the other writes to it. */
#include <string.h>

#include "cfemu/arch/cf_bytes.h"
#include "guest-tests/cfs_request.h"
#include "guest-tests/lib/gt.h"
#include "stack/image/css.h"
#include "stack/image/loop.h"
#include "stack/platform/platform.h"

#define LIST 3u
#define BIT 5u
#define ROUNDS 100u
#define SOON_US 10000000u       /* far more than it takes; a machine with other work gives no promise */
#define QUIET_US 30000u

static struct watched {         /* a device and its connection */
    struct subchannel subchannel;       /* first: the interrupt function finds the rest by it */
    struct cfs_connection connection;
    volatile unsigned attentions;
} watcher, writer;

static void interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    if (irb->device_status & DEVICE_ATTENTION)
        ((struct watched *)subchannel)->attentions++;
}

/* Wait until the device had an attention that was not taken up yet, and take it up. */
static bool attention(struct watched *w, uint64_t limit_us)
{
    uint64_t deadline = platform_clock_us() + limit_us;

    while (w->attentions == 0 && platform_clock_us() < deadline)
        loop_idle(deadline);
    if (w->attentions == 0)
        return false;
    w->attentions--;
    return true;
}

/* Take up everything, until nothing has come for a while. */
static void settle(void)
{
    while (attention(&watcher, QUIET_US) || attention(&writer, 0))
        continue;
}

/* VECTOR_READ: the event bits, and in *bit the watched list's bit. */
static uint32_t events(struct watched *w, bool *bit)
{
    uint8_t vector[4] = { 0 };

    cfs_request(&w->connection, CF_CMD_VECTOR_READ);
    if (cfs_send(w->connection.id, NULL, 0, vector, sizeof(vector)) != 0 || cfs_response() != CF_RSP_OK)
        return 0;
    *bit = vector[BIT / 8] & 0x80 >> BIT % 8;
    return get_be32(cfs_mrb + MRB_OWN + 8);
}

static bool monitor(void)
{
    cfs_request(&watcher.connection, CF_CMD_LIST_MONITOR);
    put_be32(cfs_mcb + MCB_LIST, LIST);
    put_be32(cfs_mcb + MCB_VECTORINDEX, BIT);
    return cfs_send(watcher.connection.id, NULL, 0, NULL, 0) == 0 && cfs_response() == CF_RSP_OK;
}

static bool put(void)
{
    cfs_entry_request(&writer.connection, CF_CMD_LIST_WRITE, "MESSAGE", CF_OPT_ADJUNCT);
    cfs_mcb[MCB_ENTRYTYPE] = CF_ENTRY_NEW;
    put_be32(cfs_mcb + MCB_LIST, LIST);
    return cfs_send(writer.connection.id, NULL, 0, NULL, 0) == 0 && cfs_response() == CF_RSP_OK;
}

static bool take(void)
{
    cfs_entry_request(&watcher.connection, CF_CMD_LIST_DELETE, "MESSAGE", 0);
    return cfs_send(watcher.connection.id, NULL, 0, NULL, 0) == 0 && cfs_response() == CF_RSP_OK;
}

static void a_new_connection_is_told(void)
{
    bool bit;

    gt_check(attention(&watcher, SOON_US) && (events(&watcher, &bit) & CF_EVENT_CONN_NEW),
             "a new connection is told to the first one");
    settle();
    events(&watcher, &bit);
    events(&writer, &bit);
}

static void a_list_is_told(void)
{
    bool bit = false;

    gt_check(monitor(), "monitor an empty list");
    settle();
    gt_check(put() && attention(&watcher, SOON_US), "attention when the list becomes non-empty");
    gt_check((events(&watcher, &bit) & CF_EVENT_LIST) && bit, "the vector says which list");
    gt_check(!attention(&writer, QUIET_US), "none for the connection that wrote");
    gt_check(take() && events(&watcher, &bit) == 0 && !bit, "the bit goes with the last entry");
}

static void soon(void)
{
    uint64_t sum = 0, most = 0;
    bool all = true, bit;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t start = platform_clock_us();
        all = all && put() && attention(&watcher, SOON_US);
        uint64_t us = platform_clock_us() - start;
        sum += us;
        most = us > most ? us : most;
        all = all && (events(&watcher, &bit) & CF_EVENT_LIST) && take();
    }
    gt_check(all, "%u attentions, one for each time the list becomes non-empty", ROUNDS);
    gt_note("WRITE to attention: mean %lu us, most %lu us", (unsigned long)(sum / ROUNDS), (unsigned long)most);
}

/* While an attention is pending at the subchannel, more happens: the program finds all of it when it looks. */
static void more_while_one_is_pending(void)
{
    bool all = true, bit = false;

    settle();
    for (unsigned i = 0; i < 10; i++)
        all = all && put() && take();
    all = all && put();
    gt_check(all && attention(&watcher, SOON_US) && (events(&watcher, &bit) & CF_EVENT_LIST) && bit,
             "the state after an attention is that of the last change");
    settle();
    gt_check(take(), "and is left orderly");
}

/* A subchannel with status pending takes no attention; it comes when the status has gone. */
static void after_status_pending(void)
{
    static struct ccw nop = { CFS_CCW_NOP, CCW_SLI, 1, 0x10000 };
    uint64_t until = platform_clock_us() + QUIET_US;
    struct irb irb;

    int cc;

    settle();
    while ((cc = css_start(&watcher.subchannel, &nop)) == CSS_PENDING)      /* one that was late */
        css_poll();
    bool started = cc == CSS_STARTED;
    bool written = put();
    while (platform_clock_us() < until) /* the notifier meets the status pending */
        continue;
    gt_check(started && written && tsch(watcher.subchannel.id, &irb) == 0 && css_is_end(&irb),
             "the end of a channel program is fetched first");
    gt_check(attention(&watcher, SOON_US), "then the attention comes");
    take();
    settle();
}

static void a_failed_connection_is_told(void)
{
    bool bit;

    cfs_request(&writer.connection, CF_CMD_DISCONNECT);
    cfs_mcb[MCB_OPTIONS] = CF_OPT_FAILURE;
    gt_check(cfs_send(writer.connection.id, NULL, 0, NULL, 0) == 0 && cfs_response() == CF_RSP_OK &&
                 attention(&watcher, SOON_US) && (events(&watcher, &bit) & CF_EVENT_CONN_FAILED),
             "a failed connection is told to the other");
    uint32_t conid = writer.connection.conid;
    gt_check(cfs_mrb[MRB_OWN + 16 + conid / 8] & 0x80 >> conid % 8, "by its number");
}

int main(void)
{
    gt_start();
    gt_check(css_open(&watcher.subchannel, CFS_DEVICE, ISC_DEVICES, interrupt) &&
                 css_open(&writer.subchannel, CFS_DEVICE_2, ISC_DEVICES, interrupt),
             "two CFS devices are there");
    gt_check(cfs_connect(&watcher.connection, watcher.subchannel.id, "WATCHER") == CF_RSP_OK &&
                 cfs_connect(&writer.connection, writer.subchannel.id, "WRITER") == CF_RSP_OK,
             "a connection by each");
    a_new_connection_is_told();
    a_list_is_told();
    soon();
    more_while_one_is_pending();
    after_status_pending();
    a_failed_connection_is_told();
    gt_end();
}
