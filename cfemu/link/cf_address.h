/* Where a CF is, from its name, and sockets to and at such places.
 *
 *   NAME@/path/of/socket
 *   NAME@host:port[,psk=FILE]        host: a name, an IPv4 address, or an IPv6 address in brackets
 *
 * A host's name is looked up by the system's resolver, which keeps its own time; addresses are not. */
#ifndef CF_ADDRESS_H
#define CF_ADDRESS_H

#include <stdint.h>

#include "cfemu/link/cf_link.h"

struct link_address {
    char name[LINK_NAME_SIZE];  /* of the CF or its segment */
    char path[108];             /* of a Unix socket, or "" */
    char host[256], port[8];    /* if path is "" */
    char psk[256];              /* key file, or "" */
};

/* Take a name apart. 0, or -EINVAL: this is none of the two forms, or too long. */
int link_address_parse(const char *text, struct link_address *address);

/* "addr:port", "[addr]:port", or only "port" for 127.0.0.1. 0 or -EINVAL. */
int link_address_parse_listen(const char *text, struct link_address *address);

/* Connect until the deadline (of link_now()). A socket that does not block, or -errno. */
int link_connect(const struct link_address *address, uint64_t deadline);

/* Listen. A socket that does not block, or -errno; -EADDRINUSE: another one listens there. A Unix socket that nobody
 * listens at any more is replaced; its file is for its user alone (mode 0600). */
int link_listen(const struct link_address *address);

/* Small frames at once; and let the kernel find out within the interval that nobody takes what was sent. */
void link_tcp_options(int fd, uint32_t interval_ms);

#endif
