/* HTTPD: a small web server.
 *
 *   S WEB,PGM=HTTPD,PORT=8080[,BIND=10.1.9.1]
 *
 * answers every GET with a page that tells the name of the job and where the connection came in, so that a client sees which
 * system has served it. Connections are kept until the client closes. P ends the job in order: it takes no new connection
 * and ends when the last one is closed; C ends them at once. */
#include "stack/image/job.h"

#include <string.h>

#include "stack/base/text.h"
#include "stack/image/parm.h"
#include "stack/platform/platform.h"

#define CLIENTS_MAX 4096        /* of all servers of an image; each costs 32 bytes */

struct server {
    struct job *job;            /* NULL: free */
    struct socket *listener;    /* NULL: stopped */
    uint32_t open, served;
    char page[128];
};

struct client {
    struct server *server;      /* NULL: free */
    struct socket *socket;
    uint8_t newlines;           /* empty line at the end of a request: two in a row, CR left out */
    struct client *next;        /* free list */
};

static struct server servers[JOB_MAX];
static struct client clients[CLIENTS_MAX];
static struct client *free_clients;
static bool pool_ready;

static void pool_start(void)
{
    for (int i = CLIENTS_MAX - 1; i >= 0; i--) {
        clients[i].next = free_clients;
        free_clients = &clients[i];
    }
    pool_ready = true;
}

/* The client's socket is gone. */
static void client_end(struct client *client)
{
    client->server->open--;
    client->server = NULL;
    client->next = free_clients;
    free_clients = client;
}

/* false: the client is gone. */
static bool answer(struct client *client)
{
    char text[256], address[16];
    struct server *server = client->server;
    struct socket_address local = socket_local(client->socket);
    char body[192];
    int length = text_format(body, sizeof body, "%s at %s:%u\n", server->page, text_ip(address, local.address), local.port);
    int size = text_format(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", length, body);

    if (socket_send(client->socket, text, (uint16_t)size) == SOCKET_OK) {
        server->served++;
        return true;
    }
    socket_abort(client->socket);
    client_end(client);
    return false;
}

static void on_received(void *context, const uint8_t *data, uint16_t length)
{
    struct client *client = context;

    for (uint16_t i = 0; i < length; i++) {
        if (data[i] == '\n')
            client->newlines++;
        else if (data[i] != '\r')
            client->newlines = 0;
        if (client->newlines < 2)
            continue;
        client->newlines = 0;
        if (!answer(client))
            return;
    }
}

static void on_closed(void *context, int error)
{
    struct client *client = context;

    if (error == SOCKET_OK)
        socket_close(client->socket);
    client_end(client);
}

static const struct socket_events client_events = {.received = on_received, .closed = on_closed};

static void on_accepted(void *context, struct socket *connection)
{
    struct server *server = context;
    struct client *client = free_clients;

    if (client == NULL) {
        socket_abort(connection);
        return;
    }
    free_clients = client->next;
    *client = (struct client){.server = server, .socket = connection};
    server->open++;
    socket_accept(connection, &client_events, client);
}

static const struct socket_events listener_events = {.accepted = on_accepted};

static struct server *server_new(void)
{
    for (int i = 0; i < JOB_MAX; i++)
        if (servers[i].job == NULL)
            return &servers[i];
    platform_fail(__FILE__, __LINE__, "more jobs than JOB_MAX");
}

static bool server_listen(struct server *server, struct socket_address at)
{
    char text[16];
    uint32_t reason = 0;
    const char *call = "SOCKET";
    int error = SOCKET_ENOBUFS;

    server->listener = socket_open(&server->job->owner, &listener_events, server);
    if (server->listener != NULL) {
        call = "BIND";
        error = socket_bind(server->listener, at, &reason);
        if (error == SOCKET_OK) {
            call = "LISTEN";
            error = socket_listen(server->listener, &reason);
        }
        if (error == SOCKET_OK)
            return true;
        socket_close(server->listener);
    }
    text_wto("CFS106E %s %s OF %s PORT %u FAILED, ERRNO %d, REASON %X", server->job->owner.job, call, text_ip(text, at.address),
             at.port, error, reason);
    return false;
}

static bool httpd_start(struct job *job, const struct operator_parameters *parameters)
{
    struct socket_address at = {0, 0};
    uint32_t port = 80;
    char name[NAME_LEN + 1];
    const char *bind = operator_value(parameters, "BIND");

    if (!operator_check(parameters, "PGM USER PORT BIND") || !operator_number(parameters, "PORT", 1, 65535, &port))
        return false;
    if (bind != NULL && !text_parse_ip(bind, &at.address)) {
        text_wto("CFS103E %s BIND=%.30s IS NOT AN IP ADDRESS, THE JOB IS NOT STARTED", job->owner.job, bind);
        return false;
    }
    if (!pool_ready)
        pool_start();
    at.port = (uint16_t)port;
    struct server *server = server_new();
    *server = (struct server){.job = job};
    if (!parm_value("SYSNAME", name, sizeof name))
        name[0] = 0;
    text_format(server->page, sizeof server->page, "%s on %s", job->owner.job, name);
    if (!server_listen(server, at)) {
        server->job = NULL;
        return false;
    }
    job->state = server;
    return true;
}

static void server_end(struct server *server)
{
    text_wto("CFS107I %s ENDED SERVED=%u", server->job->owner.job, server->served);
    server->job = NULL;
}

static bool httpd_poll(struct job *job)
{
    struct server *server = job->state;

    if (job->stopping && server->listener != NULL) {
        socket_close(server->listener);
        server->listener = NULL;
    }
    if (server->listener != NULL || server->open > 0)
        return true;
    server_end(server);
    return false;
}

static void httpd_cancel(struct job *job)
{
    struct server *server = job->state;

    if (server->listener != NULL)
        socket_close(server->listener);
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (clients[i].server == server) {
            socket_abort(clients[i].socket);
            client_end(&clients[i]);
        }
    server_end(server);
}

const struct program httpd_program = {
    .name = "HTTPD",
    .parameters = "[PORT=80] [BIND=address]",
    .start = httpd_start,
    .poll = httpd_poll,
    .cancel = httpd_cancel,
};
