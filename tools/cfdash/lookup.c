#include "tools/cfdash/lookup.h"

#include <poll.h>
#include <string.h>

#include "stack/clp/clp.h"
#include "tools/cfdash/words.h"

void lookup_end(struct lookup *l)
{
    if (l->state == LOOKUP_WAITS)
        client_close(&l->client);
    l->state = LOOKUP_NONE;
}

void lookup_begin(struct lookup *l, const char *run, const char *system, uint32_t address, uint32_t port)
{
    char text[64], dvipa[20];
    lookup_end(l);
    snprintf(l->local, sizeof l->local, "%s..%u ", address == CLP_EXPLICIT ? "" : address_text(address, dvipa), port);
    l->lines = 0;
    l->state = LOOKUP_FAILED;
    if (!run[0])
        return;
    snprintf(l->client.rundir.path, sizeof l->client.rundir.path, "%s", run);
    if (client_connect(&l->client) < 0)
        return;
    snprintf(text, sizeof text, "D TCPIP,,NETSTAT,CONN,PORT=%u", port);
    cJSON *request = client_request("command", "system", system);
    cJSON_AddStringToObject(request, "text", text);
    cJSON_AddStringToObject(request, "await", "END OF THE REPORT");
    if (client_send(&l->client, request) == 0)
        l->state = LOOKUP_WAITS;
    else
        client_close(&l->client);
}

/* Lines of connections have two sockets, ADDRESS..PORT; those of other addresses may have the same port. */
static void take_line(struct lookup *l, const char *line)
{
    if (line && strstr(line, l->local) && l->lines < LOOKUP_LINES_MAX)
        snprintf(l->line[l->lines++], sizeof l->line[0], "%s", line);
}

bool lookup_step(struct lookup *l)
{
    bool came = false;
    while (l->state == LOOKUP_WAITS) {
        struct pollfd ready = {.fd = l->client.fd, .events = POLLIN};
        if (poll(&ready, 1, 0) <= 0)
            return came;
        came = true;
        cJSON *packet = client_receive(&l->client);
        const cJSON *end = cJSON_GetObjectItemCaseSensitive(packet, "end");
        take_line(l, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packet, "line")));
        if (!packet || cJSON_IsNumber(end)) {
            l->state = packet && end->valueint == 0 ? LOOKUP_ANSWERED : LOOKUP_FAILED;
            client_close(&l->client);
        }
        cJSON_Delete(packet);
    }
    return came;
}
