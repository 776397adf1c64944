/* The door to a Sysplex that is up: a Unix socket (SOCK_SEQPACKET), "control" in its run directory, for its user alone.
 *
 * A packet is one JSON object in UTF-8, at most CONTROL_PACKET_MAX bytes. A client sends a request and gets packets until
 * the one with "end"; then it may send another one. Names of systems in any case.
 *
 *   {"request":"status"}
 *   {"request":"command","system":"MVS2" or "all","text":"D A,L","await":"text that must come","seconds":20}
 *   {"request":"obey","system":"MVS1","file":"/absolute/path"}         V TCPIP,,OBEYFILE with this file
 *   {"request":"console","system":"MVS2"}                              every line from now on, to the end of the connection;
 *                                                                      further requests may be made meanwhile
 *   {"request":"kill" | "stop" | "ipl","system":"MVS3","force":true}   stop: Z EOD, until it has halted;
 *                                                                      ipl of a system that is active: only with force
 *   {"request":"vary","system":"MVS3"}                                 V XCF,MVS3,OFFLINE, given to another system, and confirmed
 *   {"request":"capture","start":true}                                 or false: end it
 *   {"request":"down","force":true}                                    Z EOD on all systems, unless force; then the end
 *
 *   {"system":"MVS2","line":"IEE114I DISPLAY ACTIVITY"}                of an answer, or of a console
 *   {"status":{...}}                                                   statistics.h, and name, sysplex, pid, directory, ...
 *   {"told":"..."}                                                     for the user
 *   {"end":0}  {"end":1,"error":"..."}                                 enum control_end
 *
 * A packet that is no such request is answered by an end with an error. A client that leaves CONTROL_QUEUE_MAX bytes unread loses its connection;
 * one that is gone leaves its request behind, which is carried out. */
#ifndef SYSPLEX_CONTROL_H
#define SYSPLEX_CONTROL_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "tools/sysplex/command.h"

enum { CONTROL_PACKET_MAX = 65536, CONTROL_QUEUE_MAX = 4 << 20 /* bytes that a client may leave unread */, CONTROL_CLIENTS_MAX = 64, CONTROL_TEXT_MAX = 200 };

/* Also exit codes of the client. */
enum control_end {
    CONTROL_DONE = 0,
    CONTROL_REFUSED = 1,        /* by the system: the answer says why */
    CONTROL_FAILED = 2,         /* it could not be done: no answer, no such system, ... */
};

struct plex;
struct image;

/* What a client waits for. */
struct control_client {
    int fd;                     /* -1: free */
    struct control *owner;
    struct control_packet *first, **last;   /* packets that the socket had no room for */
    size_t queued;              /* bytes of them */
    bool busy;                  /* a request is in work */
    unsigned pending;           /* commands of it that are not answered */
    enum control_end end;       /* the worst so far */
    char error[CONTROL_TEXT_MAX];
    char console[9];            /* system whose console it sees, or "" */
    struct image *image;        /* whose state it waits for, or NULL */
    int wanted;                 /* enum image_state */
    char then[COMMAND_LINE_MAX + 1];        /* command to give after the one in work, or "" */
};

struct control {
    int fd;                     /* that listens, -1: none */
    struct plex *plex;
    struct control_client clients[CONTROL_CLIENTS_MAX];
    bool down_asked, force_asked;           /* somebody wants the Sysplex taken down */
};

#define CONTROL_NONE { .fd = -1 }

/* Listen. 0 or -errno, told. */
int control_open(struct control *c, struct plex *p);

/* The Sysplex is down: whoever asked for that is told; all connections end. */
void control_close(struct control *c);

/* A console shows a line; the state of an image has changed. */
void control_line(struct control *c, const char *system, const char *line);
void control_changed(struct control *c);

/* --- between control.c and service.c -------------------------------------------------------------------------------- */

/* Send an object, and delete it. */
void control_send(struct control_client *client, cJSON *packet);
void control_send_line(struct control_client *client, const char *system, const char *line);

/* The request is done. error: NULL, or what could not be done and why. */
__attribute__((format(printf, 3, 4))) void control_end(struct control_client *client, enum control_end end, const char *error, ...);

/* Do a request: service.c. */
void service_request(struct control_client *client, const cJSON *request);

/* An image has another state: requests that wait for it may be done. */
void service_changed(struct control_client *client);

#endif
