/* Serves a CF to remote images: sockets and threads around cf_session.h.
 *
 *   acceptor ── a thread per connection: TLS, HELLO, and then one of
 *                 commands   receive, cf_message(), send; its end is the link's end
 *                 events     cf_wait() of the link's view, NOTIFY; its end is the link's end, too
 *   watcher  ── cf_watch(): local processes that end
 *
 * A link is a view of the CF with an attachment of its own. When its command connection ends, for whatever reason, the
 * event connection is cut, and when both threads are out of the view it is closed: that is the fence. Everything that
 * waits has an end (cf_link.h), so stopping is bounded, too.
 *
 * An assertion that fails in the engine ends the server like any program; to the CF its process is then dead, and what it
 * was in the middle of is undone. */
#ifndef CF_SERVER_H
#define CF_SERVER_H

#include <stdint.h>

#include "cfemu/link/cf_address.h"
#include "cfemu/link/cf_tls.h"

struct link_server;

struct link_server_config {
    const char *segment;
    const struct link_address *unix_address;    /* or NULL */
    const struct link_address *tcp_address;     /* or NULL; psk is not looked at */
    const uint8_t *psk;                         /* LINK_PSK_SIZE bytes, needed with tcp_address */
    uint32_t interval_ms;                       /* LINK_INTERVAL_MS_MIN .. _MAX */
    void (*log)(const char *line);              /* what happens to links; called from any thread; or NULL */
};

/* 0 or -errno of cf_open() or of listening; *what (may be NULL) says which of them. */
int link_server_start(const struct link_server_config *config, struct link_server **server, const char **what);

/* Ends all links as if each was cut, and frees it. */
void link_server_stop(struct link_server *server);

/* The TCP port it listens at, 0 = none. */
uint16_t link_server_port(const struct link_server *server);

#endif
