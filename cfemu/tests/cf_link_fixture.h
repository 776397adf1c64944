/* For tests that run over a link, too: a server of the test's segment in the test's own process. */
#ifndef CF_LINK_FIXTURE_H
#define CF_LINK_FIXTURE_H

#include <check.h>

#include "cfemu/link/cf_server.h"

/* Add a test case three times: in process, over a Unix socket, over TLS. add() adds the tests, which look at the segment
 * through inside, and do not expect others to be told within an instant. */
void suite_add_everywhere(Suite *suite, const char *name, void (*setup)(void), void (*teardown)(void), void (*add)(TCase *));

extern char link_directory[];       /* the test's own: socket, key */
extern struct link_server *link_server;
extern uint32_t link_interval_ms;   /* of the next server */

/* Call one of them first in a set-up: the segment that segment_new() makes is then served, and segment_open() opens it
 * over the link. */
void link_use_unix(void);
void link_use_tls(void);

/* Both at once: names of the segment to cf_open(); and of the key's file. */
void link_unix_name(char name[512]);
void link_tls_name(char name[512]);
void link_key_file(char path[128]);

/* Start the server alone, in this process; and remove the files of one that has ended, also in another process. */
void link_serve(void);
void link_sweep(void);

/* Stop the server, close the view inside, and remove what was made. */
void link_stop(void);

#endif
