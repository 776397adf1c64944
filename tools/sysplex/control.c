#include "tools/sysplex/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/sysplex/plex.h"
#include "tools/sysplex/tell.h"

/* A packet that waits to be sent. */
struct control_packet {
    struct control_packet *next;
    size_t length;
    char text[];
};

static void on_client(void *context, int fd, short events);
static void drop_first(struct control_client *client);

/* --- clients -------------------------------------------------------------------------------------------------------- */

static void end_client(struct control_client *client)
{
    struct plex *p = client->owner->plex;
    if (client->fd < 0)
        return;
    for (unsigned i = 0; i < p->image_count; i++)
        commands_forget(&p->images[i].commands, client);
    loop_unwatch(&p->loop, client->fd);
    close(client->fd);
    while (client->first)
        drop_first(client);
    *client = (struct control_client){ .fd = -1 };
}

/* The loop then sees its end, not somebody in the middle of a call. */
static void cut_off(struct control_client *client)
{
    (void)shutdown(client->fd, SHUT_RDWR);
}

/* false: there is no room. */
static bool send_packet(struct control_client *client, const char *text, size_t length)
{
    if (send(client->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return true;
    if (errno == EAGAIN)
        return false;
    cut_off(client);
    return true;
}

static void queue_packet(struct control_client *client, const char *text, size_t length)
{
    struct control_packet *packet = client->queued + length <= CONTROL_QUEUE_MAX ? malloc(sizeof *packet + length) : NULL;
    if (!packet) {
        cut_off(client);
        return;
    }
    packet->next = NULL;
    packet->length = length;
    memcpy(packet->text, text, length);
    *client->last = packet;
    client->last = &packet->next;
    client->queued += length;
    loop_watch(&client->owner->plex->loop, client->fd, POLLIN | POLLOUT, on_client, client);
}

static void drop_first(struct control_client *client)
{
    struct control_packet *packet = client->first;
    client->queued -= packet->length;
    client->first = packet->next;
    if (!client->first)
        client->last = &client->first;
    free(packet);
}

/* There is room again. */
static void send_queued(struct control_client *client)
{
    while (client->first && send_packet(client, client->first->text, client->first->length))
        drop_first(client);
    if (!client->first)
        loop_watch(&client->owner->plex->loop, client->fd, POLLIN, on_client, client);
}

void control_send(struct control_client *client, cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    if (client->fd >= 0 && text && (client->first || !send_packet(client, text, strlen(text))))
        queue_packet(client, text, strlen(text));
    free(text);
}

void control_send_line(struct control_client *client, const char *system, const char *line)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "system", system);
    cJSON_AddStringToObject(o, "line", line);
    control_send(client, o);
}

void control_end(struct control_client *client, enum control_end end, const char *error, ...)
{
    char text[CONTROL_TEXT_MAX * 2];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "end", end);
    if (error) {
        va_list arguments;
        va_start(arguments, error);
        vsnprintf(text, sizeof text, error, arguments);
        va_end(arguments);
        cJSON_AddStringToObject(o, "error", text);
    }
    client->busy = false;
    client->image = NULL;
    control_send(client, o);
}

static void on_client(void *context, int fd, short events)
{
    struct control_client *client = context;
    static char packet[CONTROL_PACKET_MAX + 1];
    if (events & POLLOUT)
        send_queued(client);
    ssize_t got = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        end_client(client);
        return;
    }
    cJSON *request = got < (ssize_t)sizeof packet ? cJSON_ParseWithLength(packet, (size_t)got) : NULL;
    if (!cJSON_IsObject(request))
        control_end(client, CONTROL_FAILED, "expected a request as one JSON object of at most %d bytes", CONTROL_PACKET_MAX);
    else if (client->busy)
        control_end(client, CONTROL_FAILED, "expected no request before the last one has ended");
    else
        service_request(client, request);
    cJSON_Delete(request);
}

static void on_connection(void *context, int fd, short events)
{
    struct control *c = context;
    (void)events;
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0)
        return;
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd < 0) {
            c->clients[i] = (struct control_client){ .fd = connection, .owner = c, .last = &c->clients[i].first };
            loop_watch(&c->plex->loop, connection, POLLIN, on_client, &c->clients[i]);
            return;
        }
    close(connection);          /* it sees the end of the connection */
}

/* --- what happens --------------------------------------------------------------------------------------------------- */

void control_line(struct control *c, const char *system, const char *line)
{
    for (unsigned i = 0; c->fd >= 0 && i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd >= 0 && strcasecmp(c->clients[i].console, system) == 0)
            control_send_line(&c->clients[i], system, line);
}

void control_changed(struct control *c)
{
    for (unsigned i = 0; c->fd >= 0 && i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd >= 0)
            service_changed(&c->clients[i]);
}

/* --- the socket ----------------------------------------------------------------------------------------------------- */

/* Its path may be longer than a socket's may be: it is named by a descriptor of its folder. */
static int listen_in(const char *directory)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int folder = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", folder);
    mode_t mask = umask(0177);
    int rc = fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, CONTROL_CLIENTS_MAX) < 0 ? -errno : fd;
    umask(mask);
    if (rc < 0 && fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return rc;
}

int control_open(struct control *c, struct plex *p)
{
    *c = (struct control){ .fd = listen_in(p->rundir.path), .plex = p };
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
        c->clients[i].fd = -1;
    if (c->fd < 0) {
        tell_error("cannot make the control socket in %s: %s", p->rundir.path, strerror(-c->fd));
        return c->fd;
    }
    loop_watch(&p->loop, c->fd, POLLIN, on_connection, c);
    return 0;
}

void control_close(struct control *c)
{
    if (c->fd < 0)
        return;
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *client = &c->clients[i];
        if (client->fd >= 0 && client->busy)
            control_end(client, c->down_asked ? CONTROL_DONE : CONTROL_FAILED, c->down_asked ? NULL : "the Sysplex has ended");
        end_client(client);
    }
    loop_unwatch(&c->plex->loop, c->fd);
    close(c->fd);
    c->fd = -1;
    (void)unlink(rundir_file(&c->plex->rundir, "control"));
}
