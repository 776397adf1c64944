/* Who uses a port: the CF does not know, the stack that owns it does. It is asked as an operator would, D TCPIP,,NETSTAT,CONN,PORT=n,
 * through the control socket of the Sysplex; only when somebody has clicked at the port. */
#ifndef CFDASH_LOOKUP_H
#define CFDASH_LOOKUP_H

#include <stdint.h>

#include "tools/sysplex/client.h"

enum lookup_state { LOOKUP_NONE, LOOKUP_WAITS, LOOKUP_ANSWERED, LOOKUP_FAILED };

enum { LOOKUP_LINES_MAX = 8 };

struct lookup {
    enum lookup_state state;
    struct client client;
    char local[32];                         /* ADDRESS..PORT, or ..PORT for any address */
    unsigned lines;
    char line[LOOKUP_LINES_MAX][96];        /* of the answer: connections */
};

/* run: path of the run directory; "": there is none, nobody can be asked. address: of the DVIPA, or CLP_EXPLICIT. */
void lookup_begin(struct lookup *l, const char *run, const char *system, uint32_t address, uint32_t port);

/* Take what has come. true: something has. */
bool lookup_step(struct lookup *l);
void lookup_end(struct lookup *l);

#endif
