/* The client's side of the control socket (control.h). */
#ifndef SYSPLEX_CLIENT_H
#define SYSPLEX_CLIENT_H

#include <cjson/cJSON.h>

#include "tools/sysplex/rundir.h"

struct client {
    int fd;
    struct rundir rundir;
};

/* Connect to the Sysplex of this name, NULL: the only one that is up. 0 or -errno, told. */
int client_open(struct client *c, const char *name);

/* Connect to the one in c->rundir.path. */
int client_connect(struct client *c);
void client_close(struct client *c);

/* Send a request, which is deleted. 0 or -errno, told. */
int client_send(struct client *c, cJSON *request);

/* Wait for the next packet, to be deleted by the caller. NULL: the Sysplex has ended. */
cJSON *client_receive(struct client *c);

/* Send a request and take packets to its end. line: called for each line of an answer, status for the status; either may be
 * NULL. What is told goes to standard output, an error is told. Exit code (exits.h). */
struct client_taker {
    void (*line)(void *context, const char *system, const char *line);
    void (*status)(void *context, const cJSON *status);
    void *context;
};
int client_do(struct client *c, cJSON *request, const struct client_taker *taker);

/* A request with its name and one text: key may be NULL. */
cJSON *client_request(const char *request, const char *key, const char *text);

/* The exit code that an "end" packet means, its error told; -1: it is another packet. */
int client_end(const cJSON *packet);

#endif
