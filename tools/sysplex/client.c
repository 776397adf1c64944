#include "tools/sysplex/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/sysplex/control.h"
#include "tools/sysplex/exits.h"
#include "tools/sysplex/tell.h"

int client_connect(struct client *c)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int folder = open(c->rundir.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    c->fd = folder < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", folder);
    int rc = c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
    if (folder >= 0)
        close(folder);
    if (rc < 0)
        tell_error("cannot talk to the Sysplex in %s: %s", c->rundir.path, strerror(-rc));
    return rc;
}

int client_open(struct client *c, const char *name)
{
    c->fd = -1;
    int rc = rundir_find_build(&c->rundir);
    rc = rc ? rc : rundir_find(&c->rundir, name);
    return rc ? rc : client_connect(c);
}

void client_close(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

cJSON *client_request(const char *request, const char *key, const char *text)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "request", request);
    if (key)
        cJSON_AddStringToObject(o, key, text);
    return o;
}

int client_send(struct client *c, cJSON *request)
{
    char *text = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    int rc = text && send(c->fd, text, strlen(text), MSG_NOSIGNAL) >= 0 ? 0 : -errno;
    free(text);
    if (rc < 0)
        tell_error("the Sysplex takes no request: %s", strerror(-rc));
    return rc;
}

cJSON *client_receive(struct client *c)
{
    static char packet[CONTROL_PACKET_MAX];
    ssize_t got = recv(c->fd, packet, sizeof packet, 0);
    return got > 0 ? cJSON_ParseWithLength(packet, (size_t)got) : NULL;
}

int client_end(const cJSON *packet)
{
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(packet, "end");
    const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packet, "error"));
    if (!cJSON_IsNumber(end))
        return -1;
    if (error)
        tell_error("%s", error);
    return end->valueint == CONTROL_DONE ? EXIT_AS_EXPECTED : end->valueint == CONTROL_REFUSED ? EXIT_NOT_AS_EXPECTED : EXIT_NOT_RUN;
}

static void take(const cJSON *packet, const struct client_taker *taker)
{
    const char *line = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packet, "line"));
    const char *system = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packet, "system"));
    const char *told = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packet, "told"));
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(packet, "status");
    if (line && taker->line)
        taker->line(taker->context, system ? system : "", line);
    if (told)
        tell_step("%s", told);
    if (status && taker->status)
        taker->status(taker->context, status);
}

int client_do(struct client *c, cJSON *request, const struct client_taker *taker)
{
    if (client_send(c, request) < 0)
        return EXIT_NOT_RUN;
    for (;;) {
        cJSON *packet = client_receive(c);
        if (!packet) {
            tell_error("the Sysplex has ended");
            return EXIT_NOT_RUN;
        }
        int code = client_end(packet);
        if (code < 0)
            take(packet, taker);
        cJSON_Delete(packet);
        if (code >= 0)
            return code;
    }
}
