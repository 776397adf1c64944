/* CONNGEN: the connection generator.
 *
 *   S APPA,PGM=CONNGEN,DEST=10.1.0.100,PORT=80,N=2000,HOLD=1000
 *
 * opens N connections to a server, asks for a file on each as soon as it is open (HTTP GET), and holds it; HOLD are held
 * open at once. The oldest held one is then asked again, which shows that it has stayed whole, and closed. A connection
 * counts as answered if every GET on it was answered with status 200. At most PARALLEL are in work at a time; with RATE no more
 * than so many a second are opened on the average.
 *
 *   connect ─► first GET ─► held (queue, oldest first) ─► second GET ─► close
 *      └──────────┴──────────────────┴──────────────────────┴── reset, refused, no answer in time: failed, with its reason
 *
 * The source address and port are left to the stack: that is what the program is for. BIND=address[:port] binds each socket
 * first; 0.0.0.0 leaves the address to the connect, but has the stack choose the port at the bind. */
#include "stack/image/job.h"

#include <string.h>

#include "stack/base/text.h"
#include "stack/platform/platform.h"
#include "stack/socket/http.h"

#define ANSWER_TIMEOUT_US 15000000u     /* three SYNs sent again fit in; a server on the LAN that has not answered by then will not */
#define PROGRESS_US 1000000u

enum phase { PHASE_FREE, PHASE_CONNECTING, PHASE_FIRST_GET, PHASE_HELD, PHASE_SECOND_GET };

struct connection {
    struct generator *generator;
    struct socket *socket;
    struct connection *next;            /* free list, or the queue of held ones */
    uint64_t deadline_us;
    enum phase phase;
    struct http_response response;
};

/* Why connections failed, for the closing messages. */
struct failure_reason {
    int error;
    const char *name;
};
enum { ERROR_TIMEOUT = -1, ERROR_STATUS = -2, ERROR_EARLY_END = -3 };
static const struct failure_reason failure_reasons[] = {
    {SOCKET_ECONNRESET, "ECONNRESET"},       {SOCKET_ECONNREFUSED, "ECONNREFUSED"},
    {SOCKET_ECONNABORTED, "ECONNABORTED"},   {SOCKET_EADDRNOTAVAIL, "EADDRNOTAVAIL"},
    {SOCKET_EADDRINUSE, "EADDRINUSE"},       {SOCKET_ENOBUFS, "ENOBUFS"},
    {SOCKET_EACCES, "EACCES"},
    {SOCKET_ENETUNREACH, "ENETUNREACH"},     {SOCKET_ETIMEDOUT, "ETIMEDOUT"},
    {ERROR_TIMEOUT, "NO-ANSWER"},            {ERROR_STATUS, "BAD-ANSWER"},
    {ERROR_EARLY_END, "CLOSED-BY-SERVER"},   {0, "OTHER"},
};
#define FAILURE_REASONS (sizeof failure_reasons / sizeof failure_reasons[0])

struct generator {
    struct job *job;
    struct socket_address to, bind;
    bool binds;
    uint32_t total, hold, parallel;
    uint32_t rate;                      /* connections a second; 0: as fast as they go */
    uint64_t began_us;
    uint32_t opened, done, answered, failed, held, in_work, peak;
    uint32_t failures[FAILURE_REASONS];
    struct connection *held_first, *held_last;
    uint64_t next_progress_us;
    struct socket_statistics at_start;
    uint32_t distinct_ports;
    uint8_t ports[PORTS_PER_DVIPA / 8];
    char request[128];
    uint16_t request_length;
    bool active;
};

static struct generator generators[JOB_MAX];
static struct connection connections[SOCKET_MAX];
static struct connection *free_connections;
static bool pool_ready;

static void pool_start(void)
{
    for (int i = SOCKET_MAX - 1; i >= 0; i--) {
        connections[i].next = free_connections;
        free_connections = &connections[i];
    }
    pool_ready = true;
}

/* The connection has left the generator's hands; its socket is gone. */
static void connection_end(struct connection *connection, int error)
{
    struct generator *generator = connection->generator;

    if (connection->phase != PHASE_HELD)
        generator->in_work--;
    generator->done++;
    if (error == SOCKET_OK) {
        generator->answered++;
    } else {
        size_t reason = 0;
        while (failure_reasons[reason].error != error && failure_reasons[reason].error != 0)
            reason++;
        generator->failed++;
        generator->failures[reason]++;
    }
    connection->phase = PHASE_FREE;
    connection->next = free_connections;
    free_connections = connection;
}

static void connection_fail(struct connection *connection, int error)
{
    socket_abort(connection->socket);
    connection_end(connection, error);
}

static void held_append(struct connection *connection)
{
    struct generator *generator = connection->generator;

    connection->next = NULL;
    if (generator->held_last != NULL)
        generator->held_last->next = connection;
    else
        generator->held_first = connection;
    generator->held_last = connection;
    generator->held++;
    if (generator->held > generator->peak)
        generator->peak = generator->held;
}

static void held_unlink(struct connection *connection)
{
    struct generator *generator = connection->generator;
    struct connection *before = NULL;

    for (struct connection *c = generator->held_first; c != connection; c = c->next)
        before = c;
    if (before != NULL)
        before->next = connection->next;
    else
        generator->held_first = connection->next;
    if (generator->held_last == connection)
        generator->held_last = before;
    generator->held--;
}

static void ask(struct connection *connection, enum phase phase)
{
    connection->phase = phase;
    connection->deadline_us = platform_clock_us() + ANSWER_TIMEOUT_US;
    http_response_begin(&connection->response);
    if (socket_send(connection->socket, connection->generator->request, connection->generator->request_length) != SOCKET_OK)
        connection_fail(connection, SOCKET_ENOBUFS);
}

static void on_connected(void *context)
{
    ask(context, PHASE_FIRST_GET);
}

static void on_received(void *context, const uint8_t *data, uint16_t length)
{
    struct connection *connection = context;

    if (connection->phase != PHASE_FIRST_GET && connection->phase != PHASE_SECOND_GET) {
        if (connection->phase == PHASE_HELD)
            held_unlink(connection);
        connection_fail(connection, ERROR_STATUS);
        return;
    }
    enum http_result result = http_response_read(&connection->response, data, length);
    if (result == HTTP_MORE)
        return;
    if (result == HTTP_ERROR || connection->response.status != 200) {
        connection_fail(connection, ERROR_STATUS);
    } else if (connection->phase == PHASE_FIRST_GET) {
        connection->generator->in_work--;
        connection->phase = PHASE_HELD;
        held_append(connection);
    } else {
        socket_close(connection->socket);
        connection_end(connection, SOCKET_OK);
    }
}

static void on_closed(void *context, int error)
{
    struct connection *connection = context;

    if (connection->phase == PHASE_HELD)
        held_unlink(connection);
    if (error == SOCKET_OK) {
        socket_close(connection->socket);
        error = ERROR_EARLY_END;
    }
    connection_end(connection, error);
}

static const struct socket_events events = {.connected = on_connected, .received = on_received, .closed = on_closed};

static void note_port(struct generator *generator, uint16_t port)
{
    uint8_t bit = (uint8_t)(0x80u >> (port % 8));

    if ((generator->ports[port / 8] & bit) == 0) {
        generator->ports[port / 8] |= bit;
        generator->distinct_ports++;
    }
}

/* false: no connection could be begun now (nothing free); try again at the next turn. */
static bool open_one(struct generator *generator)
{
    struct connection *connection = free_connections;
    if (connection == NULL)
        return false;
    struct socket *socket = socket_open(&generator->job->owner, &events, connection);
    if (socket == NULL)
        return false;

    free_connections = connection->next;
    *connection = (struct connection){.generator = generator,
                                      .socket = socket,
                                      .phase = PHASE_CONNECTING,
                                      .deadline_us = platform_clock_us() + ANSWER_TIMEOUT_US};
    generator->opened++;
    generator->in_work++;
    int error = generator->binds ? socket_bind(socket, generator->bind, NULL) : SOCKET_OK;
    if (error == SOCKET_OK)
        error = socket_connect(socket, generator->to, NULL);
    if (error != SOCKET_OK)
        connection_fail(connection, error);
    else
        note_port(generator, socket_local(socket).port);
    return true;
}

static void retire_oldest(struct generator *generator)
{
    struct connection *connection = generator->held_first;

    held_unlink(connection);
    generator->in_work++;
    ask(connection, PHASE_SECOND_GET);
}

static void fail_late(struct generator *generator, uint64_t now_us)
{
    for (int i = 0; i < SOCKET_MAX; i++) {
        struct connection *connection = &connections[i];
        if (connection->generator == generator && connection->phase != PHASE_FREE && connection->phase != PHASE_HELD &&
            now_us >= connection->deadline_us)
            connection_fail(connection, ERROR_TIMEOUT);
    }
}

static void show_progress(struct generator *generator)
{
    text_wto("CFS100I %s PROGRESS OPENED=%u DONE=%u FAILED=%u HELD=%u", generator->job->owner.job, generator->opened,
             generator->done, generator->failed, generator->held);
}

static void show_end(struct generator *generator)
{
    const struct socket_statistics *now = socket_statistics();
    uint64_t assigns = now->assigns - generator->at_start.assigns;
    uint64_t average_ns = assigns == 0 ? 0 : (now->assign_ns - generator->at_start.assign_ns) / assigns;

    for (size_t i = 0; i < FAILURE_REASONS; i++)
        if (generator->failures[i] > 0)
            text_wto("CFS102I %s FAILURE %s COUNT=%u", generator->job->owner.job, failure_reasons[i].name,
                     generator->failures[i]);
    text_wto("CFS101I %s ENDED DONE=%u ANSWERED=%u FAILED=%u PEAK=%u PORTS=%u ASSIGN_NS=%u", generator->job->owner.job,
             generator->done, generator->answered, generator->failed, generator->peak, generator->distinct_ports,
             (unsigned)average_ns);
}

#define PARAMETERS "DEST=address [PORT=80] [PATH='/'] [N=1000] [HOLD=100] [PARALLEL=32] [RATE=n] [BIND=address[:port]]"

static struct generator *generator_new(void)
{
    for (int i = 0; i < JOB_MAX; i++)
        if (!generators[i].active)
            return &generators[i];
    platform_fail(__FILE__, __LINE__, "more jobs than JOB_MAX");
}

/* "10.1.9.1:5000", "10.1.9.1" */
static bool parse_socket_address(const char *text, struct socket_address *address)
{
    char host[16];
    uint32_t port = 0;
    size_t length = 0;

    while (text[length] != 0 && text[length] != ':')
        length++;
    if (length >= sizeof host || (text[length] == ':' && !text_parse_u32(text + length + 1, 65535, &port)))
        return false;
    memcpy(host, text, length);
    host[length] = 0;
    address->port = (uint16_t)port;
    return text_parse_ip(host, &address->address);
}

static bool conngen_start(struct job *job, const struct operator_parameters *parameters)
{
    uint32_t address, port = 80, total = 1000, hold = 100, parallel = 32, rate = 0;
    const char *dest = operator_value(parameters, "DEST");
    const char *path = operator_value(parameters, "PATH");

    if (!operator_check(parameters, "PGM USER DEST PORT PATH N HOLD PARALLEL RATE BIND"))
        return false;
    if (dest == NULL) {
        operator_missing(parameters, "DEST");
        return false;
    }
    if (!text_parse_ip(dest, &address)) {
        text_wto("CFS103E %s DEST=%s IS NOT AN IP ADDRESS, THE JOB IS NOT STARTED", job->owner.job, dest);
        return false;
    }
    struct socket_address bind = {0, 0};
    const char *bind_text = operator_value(parameters, "BIND");
    if (bind_text != NULL && !parse_socket_address(bind_text, &bind)) {
        text_wto("CFS103E %s BIND=%.30s IS NOT ADDRESS[:PORT], THE JOB IS NOT STARTED", job->owner.job, bind_text);
        return false;
    }
    if (!operator_number(parameters, "PORT", 1, 65535, &port) || !operator_number(parameters, "N", 1, 1000000, &total) ||
        !operator_number(parameters, "HOLD", 1, SOCKET_MAX, &hold) || !operator_number(parameters, "PARALLEL", 1, 1024, &parallel) ||
        !operator_number(parameters, "RATE", 1, 100000, &rate))
        return false;

    if (!pool_ready)
        pool_start();
    struct generator *generator = generator_new();
    *generator = (struct generator){.job = job,
                                    .to = {address, (uint16_t)port},
                                    .bind = bind,
                                    .binds = bind_text != NULL,
                                    .total = total,
                                    .hold = hold,
                                    .parallel = parallel,
                                    .rate = rate,
                                    .began_us = platform_clock_us(),
                                    .next_progress_us = platform_clock_us() + PROGRESS_US,
                                    .at_start = *socket_statistics(),
                                    .active = true};
    generator->request_length = (uint16_t)text_format(generator->request, sizeof generator->request,
                                                      "GET %.64s HTTP/1.1\r\nHost: %s\r\n\r\n", path != NULL ? path : "/", dest);
    job->state = generator;
    return true;
}

/* Opened as many as RATE allows by now. */
static bool is_early(const struct generator *generator, uint64_t now_us)
{
    return generator->rate != 0 && (now_us - generator->began_us) * generator->rate / 1000000 < generator->opened;
}

static bool conngen_poll(struct job *job)
{
    struct generator *generator = job->state;
    uint64_t now_us = platform_clock_us();

    if (job->stopping && generator->total > generator->opened)
        generator->total = generator->opened;       /* STOP: open no more, end in order */
    while (generator->in_work < generator->parallel) {
        bool all_opened = generator->opened == generator->total;
        if (generator->held > 0 && (all_opened || generator->held >= generator->hold))
            retire_oldest(generator);
        else if (all_opened || generator->held + generator->in_work >= generator->hold + generator->parallel ||
                 is_early(generator, now_us) || !open_one(generator))
            break;
    }
    if (now_us >= generator->next_progress_us) {
        generator->next_progress_us = now_us + PROGRESS_US;
        fail_late(generator, now_us);
        show_progress(generator);
    }
    if (generator->done < generator->total || generator->in_work > 0)
        return true;
    show_end(generator);
    generator->active = false;
    return false;
}

static void conngen_cancel(struct job *job)
{
    struct generator *generator = job->state;

    for (int i = 0; i < SOCKET_MAX; i++) {
        struct connection *connection = &connections[i];
        if (connection->generator == generator && connection->phase != PHASE_FREE) {
            if (connection->phase == PHASE_HELD)
                held_unlink(connection);
            connection_fail(connection, SOCKET_ECONNABORTED);
        }
    }
    show_end(generator);
    generator->active = false;
}

const struct program conngen_program = {
    .name = "CONNGEN",
    .parameters = PARAMETERS,
    .start = conngen_start,
    .poll = conngen_poll,
    .cancel = conngen_cancel,
};
