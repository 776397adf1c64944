/* The client's side of a link: a struct cf whose CF is elsewhere. It is made by cf_open() for names with '@' in programs
 * that are linked with this file; cf.h is its whole interface. cf_open() then has these errors besides its own:
 *
 *   -EINVAL                       the name is not NAME@/path or NAME@host:port[,psk=FILE], or the system's name is bad
 *   -ENOKEY                       no key file is named, or it is not a key file that is the user's alone (cf_tls.h)
 *   -EKEYREJECTED                 the other side has another key
 *   -EPROTO                       the other side is no cfd, or one of another version
 *   -ENOENT                       that cfd does not serve this CF; no such Unix socket
 *   -ENOSPC                       no link or attachment is free there
 *   -ETIMEDOUT, -ECONNREFUSED, …  it cannot be reached
 *
 * Threads. Any thread may call cf_message(): one command at a time goes over a link (more views are more links, as
 * subchannels are to a real one), others wait for their turn, for the same bound. CF_RSP_BUSY is then the answer, and
 * nothing was done. One thread of ours, the keeper, reads the event connection, pings, and watches the clock.
 *
 * A command takes a round trip: some 6 µs on a Unix socket, 15 µs by TLS on one machine, and the network's own time
 * beyond. It blocks its caller for so long; the plugin's CFMSG blocks a processor of the guest, which is like a
 * synchronous message over a long link. The caller of a command that gets no answer is held for G at most (cf_link.h; 2 s
 * unless cfd is told otherwise), once: the CF is lost then. */
#ifndef CF_CLIENT_H
#define CF_CLIENT_H

#include "cfemu/engine/cf.h"

#define LINK_PSK_VARIABLE "CF_PSK_FILE"     /* the environment variable that names the key file */

#endif
