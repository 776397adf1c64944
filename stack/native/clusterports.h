/* Cluster-unique source ports for Linux programs: an egress proxy, a NAT box, a load generator. Several processes, on one
 * machine or on several, open connections from the same source address; no two of them ever use the same source port of it,
 * so no 4-tuple exists twice. The ports are kept in a coupling facility (CF), as for the images of a Parallel Sysplex; it
 * is the same code that runs there (stack/clp, stack/xcf, stack/xes), and no Hercules is needed.
 *
 *     cfctl create PLEX1.CF01                                 the CF, once; cfd serves it to other machines
 *
 *     struct clusterports_options options = { .facility = "PLEX1.CF01", .name = "PROXY1", .number = 1 };
 *     clusterports_open(&options, &member);                   a member of the cluster
 *     clusterports_add(member, address);                      an address that it shares
 *
 *     clusterports_assign(member, &source, &destination);     source.sin_port is the cluster's now
 *     setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ...);          a port serves several destinations
 *     bind(fd, &source), connect(fd, &destination), ..., close(fd);
 *     clusterports_release(member, &source, &destination, CLUSTERPORTS_TIME_WAIT);
 *
 * A member takes ports in blocks and gives them out without the CF, longest unused first; idle blocks go back, and members
 * give ports to each other when they run short. A service thread of the library does that, and another one sees at once that
 * a process has died: the ports of a member that is killed are reclaimed by the survivors, and rest for TIMEWAITINTERVAL
 * before another member uses them (unless there are no others). When the last member has gone, nothing is kept.
 *
 * What the program has to see to: nothing else on the machine uses the shared addresses as a source (the kernel, asked
 * for a port by bind() to port 0 or connect() without bind(), would choose among the same ones); the members that share an
 * address have the same port range; IPv4 only. The wire is not watched: what is released is free.
 *
 * The end of the CF. If the CF fails, or the link to a remote one is lost, every call but clusterports_release() and
 * clusterports_close() returns -ENOTCONN for ever, and clusterports_fd() becomes readable. To the others this member has
 * failed (of a remote CF a third of the link's interval later: 1 s unless cfd is told otherwise), and they reclaim its
 * ports: connections that are still open must be closed at once. Then close, and open again.
 *
 * Threads: any thread may call with any member; each member has a lock inside, held while the CF is asked. A call normally
 * takes below a microsecond, some microseconds when it asks a CF in shared memory, a round trip for a remote one; 20 ms when
 * the pool is empty and the others are asked for ports; longer if a process is stopped (SIGSTOP) while it holds a lock of
 * the CF. Not for signal handlers. After fork() the child must not use the parent's members.
 *
 * Errors are negative errno values; clusterports_error() says what each means here. */
#ifndef CLUSTERPORTS_H
#define CLUSTERPORTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct clusterports;                /* one member of the cluster; a process may have up to 32 */

struct clusterports_options {
    const char *facility;           /* segment NAME, or of cfd NAME@/path/of/socket, NAME@host:port,psk=FILE */
    const char *name;               /* of the member: 1..8 characters A-Z 0-9 @ # $ */
    uint8_t number;                 /* of the member, 1..32: no other live member has it */
    uint16_t block_size;            /* ports taken at a time, a power of two, 1..4096; 0: 64. 1: each one from the CF */
    uint16_t port_low, port_high;   /* ports that are given out; 0, 0: 1024 to 65535 */
    uint16_t time_wait_s;           /* TIMEWAITINTERVAL in seconds; 0: 60, what the kernel keeps */
    uint32_t quota;                 /* ports of an address that this member may own, rounded down to blocks; 0: all */
    void (*log)(void *context, const char *line);   /* messages to the operator, from any thread; NULL: none */
    void *context;
};

/* Become a member. 0 and *member, or:
 *   -EINVAL an option is not as above    -ENOENT no such CF    -EEXIST another live member has the number or the name
 *   -EMFILE the process has 32 members   -ENOTCONN the CF refuses to serve    -EAGAIN, -ENOMEM no thread, no memory
 * and those of opening a CF: -EPROTO no CF or another version, -ENOSPC it is full, -EACCES, -ENOKEY, -EKEYREJECTED,
 * -ETIMEDOUT, -ECONNREFUSED, ... */
int clusterports_open(const struct clusterports_options *options, struct clusterports **member);

/* Leave. The ports of this member are the others': its connections are closed by now. No other call is under way. */
void clusterports_close(struct clusterports *member);

/* Share an address; again: nothing happens. 0, -EINVAL (0.0.0.0), -ENOSPC (more than 64 addresses), -ENOTCONN. */
int clusterports_add(struct clusterports *member, struct in_addr address);

/* A port for a connection from source to destination. source->sin_port 0: any, chosen unpredictably, and set; else that one
 * is wanted. It is this member's until it is released; the same port may serve other destinations meanwhile.
 *   -EADDRNOTAVAIL no port is free, here or in the cluster (or the quota is reached); a wanted port is another member's
 *   -EADDRINUSE this member has this very connection open, or has bound the port
 *   -ENOENT the address was not added    -EAFNOSUPPORT not AF_INET    -EINVAL destination 0.0.0.0 or port 0    -ENOTCONN */
int clusterports_assign(struct clusterports *member, struct sockaddr_in *source, const struct sockaddr_in *destination);

/* The port source->sin_port for one use of its own, for example to listen at. (A port outside of the range is in no pool:
 * then, here and with assign, only this member is asked.) -EADDRINUSE: another use, here or on another
 * member. -EINVAL: port 0. Else as above. */
int clusterports_bind(struct clusterports *member, const struct sockaddr_in *source);

enum clusterports_end {
    CLUSTERPORTS_CLOSED = 0,        /* nothing is left of it: closed by the peer first, reset, or never opened */
    CLUSTERPORTS_TIME_WAIT = 1,     /* closed by this side first: the kernel keeps it, and so does this member as long */
};

/* A connection has ended, or (destination NULL) a bind. Arguments of its assign or bind. 0; -ENOENT: there is none such;
 * -ENOMEM: it cannot be kept for TIME_WAIT, and is not released. */
int clusterports_release(struct clusterports *member, const struct sockaddr_in *source, const struct sockaddr_in *destination,
                         enum clusterports_end end);

/* Readable (POLLIN) once the CF is lost to this member, for an event loop. Nobody reads it; it is closed with the member. */
int clusterports_fd(const struct clusterports *member);

struct clusterports_statistics {
    uint32_t used, owned, free_owned;       /* ports of the address: in use, this member's, of these free */
    /* of all addresses, since open */
    uint64_t assigned, released;            /* connections and binds; TIME_WAIT counts as in use */
    uint64_t shared;                        /* connections whose port served another destination already */
    uint64_t taken, given;                  /* trips to the CF for ports, and to give them back */
    uint64_t asked, answered;               /* times that others were asked for ports; that they asked */
    uint64_t exhausted;                     /* requests refused because no port was free */
    uint64_t reclaimed;                     /* ports of other members that have ended */
};
int clusterports_statistics(struct clusterports *member, struct in_addr address, struct clusterports_statistics *statistics);

/* Compare what this member knows of an address and what the CF has, under its lock. All ports are in `pool` or `owned`;
 * doubles and differences are always 0; leaked: ports of a process that died while it moved a block, reclaimed with the
 * rest of it. repair: put in order what is found. 0, -ENOENT, -ENOTCONN. */
struct clusterports_audit {
    uint32_t pool, owned;           /* ports of the cluster's pool, of any member; of 65536, those below the range included */
    uint32_t doubles;               /* in the pool and owned, or owned twice */
    uint32_t leaked;                /* in neither */
    uint32_t differences;           /* this member's as it knows and as the CF has it */
    uint32_t repaired;
};
int clusterports_audit(struct clusterports *member, struct in_addr address, bool repair, struct clusterports_audit *audit);

/* What an error of this library means, in English, without a dot. */
const char *clusterports_error(int error);

#ifdef __cplusplus
}
#endif

#endif
