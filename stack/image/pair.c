/* PAIR: one of two applications that connect to each other.
 *
 *   on one system     S PAIRA,PGM=PAIR,ADDR=10.1.9.1,PORT=9001,PEER=9002[,N=20][,BIND=10.1.9.1]
 *   on another one    S PAIRB,PGM=PAIR,ADDR=10.1.9.1,PORT=9002,PEER=9001[,N=20][,BIND=10.1.9.1]
 *
 * Each listens at its own port, of all addresses or of that of BIND=, and connects N times, one after the other, to the address with
 * its partner's; the address may be one DVIPA for both, as destination and (SOURCEIPA) as source. Connections to a DVIPA find a
 * partner on another system if it distributes that port, or, with CLUSTERPORTS, if that is bound to it and so the system's own. On each connection it sends a line with its name and a number,
 * which the partner sends back. The job ends when it has had N lines back and has served N. A partner that does not listen yet is
 * tried again; after TIMEOUT_US without progress the job gives up. */
#include "stack/image/job.h"

#include <string.h>

#include "stack/base/text.h"
#include "stack/platform/platform.h"

#define PAIR_MAX 4                  /* PAIR jobs of an image */
#define GUESTS_MAX 8                /* connections of the partner that are open at once; it has one at a time, old ones may linger */
#define RETRY_US 100000u
#define TIMEOUT_US 10000000u
#define LINE_SIZE 40

struct guest {
    struct pair *pair;
    struct socket *socket;          /* NULL: free */
};

struct pair {
    struct job *job;                /* NULL: free */
    struct socket *listener, *client;
    struct socket_address to;
    uint32_t total, answered, served, refused;
    char line[LINE_SIZE];           /* that was sent; received bytes of it */
    uint16_t line_length, got;
    struct socket_address from;     /* of the last connection that was answered */
    uint64_t retry_us, moved_us;
    struct guest guests[GUESTS_MAX];
};

static struct pair pairs[PAIR_MAX];

/* --- this one's connections to the partner ------------------------------------------------------------------------- */

static void client_end(struct pair *pair)
{
    pair->client = NULL;
    pair->retry_us = platform_clock_us() + RETRY_US;
}

static void on_connected(void *context)
{
    struct pair *pair = context;

    pair->got = 0;
    pair->line_length = (uint16_t)text_format(pair->line, sizeof pair->line, "%s %u\n", pair->job->owner.job, pair->answered + 1);
    if (socket_send(pair->client, pair->line, pair->line_length) != SOCKET_OK) {
        socket_abort(pair->client);
        client_end(pair);
    }
}

static void on_answer(void *context, const uint8_t *data, uint16_t length)
{
    struct pair *pair = context;

    if (pair->got + length > pair->line_length || memcmp(pair->line + pair->got, data, length) != 0) {
        text_wto("CFS113E %s ITS PARTNER ANSWERED WHAT WAS NOT ASKED", pair->job->owner.job);
        socket_abort(pair->client);
        client_end(pair);
        return;
    }
    pair->got = (uint16_t)(pair->got + length);
    if (pair->got < pair->line_length)
        return;
    pair->from = socket_local(pair->client);
    socket_close(pair->client);
    client_end(pair);
    pair->answered++;
    pair->retry_us = 0;
    pair->moved_us = platform_clock_us();
}

static void on_client_closed(void *context, int error)
{
    struct pair *pair = context;

    if (error == SOCKET_OK)
        socket_close(pair->client);
    pair->refused++;
    client_end(pair);
}

static const struct socket_events client_events = {.connected = on_connected, .received = on_answer, .closed = on_client_closed};

static void connect_again(struct pair *pair)
{
    pair->client = socket_open(&pair->job->owner, &client_events, pair);
    if (pair->client == NULL)
        return;
    if (socket_connect(pair->client, pair->to, NULL) != SOCKET_OK) {
        socket_close(pair->client);
        pair->refused++;
        client_end(pair);
    }
}

/* --- the partner's connections to this one ------------------------------------------------------------------------- */

static void on_asked(void *context, const uint8_t *data, uint16_t length)
{
    struct guest *guest = context;

    if (socket_send(guest->socket, data, length) != SOCKET_OK) {
        socket_abort(guest->socket);
        guest->socket = NULL;
    } else if (length > 0 && data[length - 1] == '\n') {
        guest->pair->served++;
        guest->pair->moved_us = platform_clock_us();
    }
}

static void on_guest_closed(void *context, int error)
{
    struct guest *guest = context;

    if (error == SOCKET_OK)
        socket_close(guest->socket);
    guest->socket = NULL;
}

static const struct socket_events guest_events = {.received = on_asked, .closed = on_guest_closed};

static void on_accepted(void *context, struct socket *connection)
{
    struct pair *pair = context;

    for (int i = 0; i < GUESTS_MAX; i++)
        if (pair->guests[i].socket == NULL) {
            pair->guests[i] = (struct guest){.pair = pair, .socket = connection};
            socket_accept(connection, &guest_events, &pair->guests[i]);
            return;
        }
    socket_abort(connection);
}

static const struct socket_events listener_events = {.accepted = on_accepted};

/* --- the job ------------------------------------------------------------------------------------------------------- */

static bool listen_at(struct pair *pair, struct socket_address at)
{
    char text[16];
    uint32_t reason = 0;
    int error = SOCKET_ENOBUFS;

    pair->listener = socket_open(&pair->job->owner, &listener_events, pair);
    if (pair->listener != NULL && (error = socket_bind(pair->listener, at, &reason)) == SOCKET_OK &&
        (error = socket_listen(pair->listener, &reason)) == SOCKET_OK)
        return true;
    if (pair->listener != NULL)
        socket_close(pair->listener);
    text_wto("CFS106E %s LISTEN AT %s PORT %u FAILED, ERRNO %d, REASON %X", pair->job->owner.job, text_ip(text, at.address), at.port,
             error, reason);
    return false;
}

static bool pair_start(struct job *job, const struct operator_parameters *parameters)
{
    const char *address = operator_value(parameters, "ADDR"), *bind = operator_value(parameters, "BIND");
    struct socket_address at = {0, 0};
    struct pair *pair = pairs;
    uint32_t port = 0, peer = 0, total = 20;

    if (!operator_check(parameters, "PGM USER ADDR PORT PEER N BIND") || !operator_number(parameters, "PORT", 1, 65535, &port) ||
        !operator_number(parameters, "PEER", 1, 65535, &peer) || !operator_number(parameters, "N", 1, 1000000, &total))
        return false;
    while (pair < pairs + PAIR_MAX && pair->job != NULL)
        pair++;
    if (pair == pairs + PAIR_MAX || address == NULL || port == 0 || peer == 0) {
        text_wto("CFS114E %s EXPECTED ADDR=, PORT= AND PEER=, AND NO MORE THAN %d JOBS", job->owner.job, PAIR_MAX);
        return false;
    }
    at.port = (uint16_t)port;
    *pair = (struct pair){.job = job, .total = total, .to.port = (uint16_t)peer, .moved_us = platform_clock_us()};
    if (!text_parse_ip(address, &pair->to.address))
        text_wto("CFS103E %s ADDR=%.30s IS NOT AN IP ADDRESS, THE JOB IS NOT STARTED", job->owner.job, address);
    else if (bind != NULL && !text_parse_ip(bind, &at.address))
        text_wto("CFS103E %s BIND=%.30s IS NOT AN IP ADDRESS, THE JOB IS NOT STARTED", job->owner.job, bind);
    else if (listen_at(pair, at)) {
        job->state = pair;
        return true;
    }
    pair->job = NULL;
    return false;
}

/* Guests that are open stay with lwIP until the partner has closed them; an aborted job resets them. */
static void pair_end(struct pair *pair, bool abort)
{
    char text[16];

    for (int i = 0; i < GUESTS_MAX; i++)
        if (pair->guests[i].socket != NULL)
            (abort ? socket_abort : socket_close)(pair->guests[i].socket);
    if (pair->client != NULL)
        socket_abort(pair->client);
    socket_close(pair->listener);
    text_wto("CFS115I %s %s ANSWERED=%u SERVED=%u REFUSED=%u LAST FROM %s PORT %u", pair->job->owner.job,
             pair->answered == pair->total && pair->served >= pair->total ? "COMPLETE" : "INCOMPLETE", pair->answered, pair->served,
             pair->refused, text_ip(text, pair->from.address), pair->from.port);
    pair->job = NULL;
}

static bool pair_poll(struct job *job)
{
    struct pair *pair = job->state;
    uint64_t now_us = platform_clock_us();
    bool complete = pair->answered >= pair->total && pair->served >= pair->total;

    if (complete || job->stopping || now_us - pair->moved_us > TIMEOUT_US) {
        pair_end(pair, !complete);
        return false;
    }
    if (pair->client == NULL && pair->answered < pair->total && now_us >= pair->retry_us)
        connect_again(pair);
    return true;
}

static void pair_cancel(struct job *job)
{
    pair_end(job->state, true);
}

const struct program pair_program = {
    .name = "PAIR",
    .parameters = "ADDR=address PORT=port PEER=port [N=20] [BIND=address]",
    .start = pair_start,
    .poll = pair_poll,
    .cancel = pair_cancel,
};
