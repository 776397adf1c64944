/* The plumbing is done by `ip`, reading commands from its standard input, once in each namespace. A veth's other end is
 * given to the other namespace by the path of our descriptor of it. */
#include "tools/sysplex/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

struct setting {
    const char *name, *value;
};

/* Thousands of connections in a burst must not be turned into SYN cookies or drops by the server's defaults. IPv6 would
 * only add neighbour discovery to the capture. */
static const struct setting lan_settings[] = {
    { "net/ipv6/conf/all/disable_ipv6", "1" },
    { "net/ipv6/conf/default/disable_ipv6", "1" },
};
static const struct setting server_settings[] = {
    { "net/ipv6/conf/all/disable_ipv6", "1" },
    { "net/ipv6/conf/default/disable_ipv6", "1" },
    { "net/ipv4/tcp_max_syn_backlog", "16384" },
    { "net/core/somaxconn", "16384" },
};
#define COUNT(array) (sizeof(array) / sizeof (array)[0])

int network_enter(int network)
{
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own >= 0 && setns(network, CLONE_NEWNET) < 0) {
        close(own);
        own = -1;
    }
    return own >= 0 ? own : -errno;
}

static void leave(int own)
{
    if (setns(own, CLONE_NEWNET) < 0)
        tell_error("cannot go back to the own network namespace: %s", strerror(errno));
    close(own);
}

/* A system without IPv6 has no such setting and needs none. */
static int apply(const struct setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char path[128];
        snprintf(path, sizeof path, "/proc/sys/%s", settings[i].name);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            continue;
        ssize_t written = fd < 0 ? -1 : write(fd, settings[i].value, strlen(settings[i].value));
        int error = errno;
        if (fd >= 0)
            close(fd);
        if (written < 0) {
            tell_error("cannot set %s: %s", path, strerror(error));
            return -error;
        }
    }
    return 0;
}

/* A new namespace with these settings: its descriptor or -errno. */
static int namespace_new(const struct setting *settings, size_t count)
{
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0 || unshare(CLONE_NEWNET) < 0) {
        int error = errno;
        tell_error("cannot make a network namespace: %s", strerror(error));
        if (own >= 0)
            close(own);
        return -error;
    }
    int made = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int rc = made < 0 ? -errno : apply(settings, count);
    leave(own);
    if (rc < 0 && made >= 0)
        close(made);
    return rc < 0 ? rc : made;
}

/* Let `ip` execute the commands, one a line, in a namespace. */
static int run_ip(int network, const char *commands)
{
    static const char *const argv[] = { "ip", "-batch", "-", NULL };
    int to_ip[2];
    if (pipe2(to_ip, O_CLOEXEC) < 0)
        return -errno;
    struct process_options options = PROCESS_DEFAULTS;
    options.network = network;
    options.input = to_ip[0];
    options.error = STDERR_FILENO;
    pid_t pid = process_spawn(argv, &options);
    close(to_ip[0]);
    ssize_t written = pid > 0 ? write(to_ip[1], commands, strlen(commands)) : 0;
    close(to_ip[1]);
    int code = pid > 0 ? process_wait(pid) : pid;
    if (code == 0 && written == (ssize_t)strlen(commands))
        return 0;
    tell_error("ip failed (%d) at one of these commands:\n%s", code, commands);
    return -EIO;
}

int network_open(struct network *n, const struct definition *d)
{
    char commands[1024], address[INET_ADDRSTRLEN];
    n->server = -1;
    n->lan = namespace_new(lan_settings, COUNT(lan_settings));
    if (n->lan < 0)
        return n->lan;
    n->server = namespace_new(server_settings, COUNT(server_settings));
    if (n->server < 0)
        return n->server;

    /* The bridge's own MAC is pinned: else it would change with each TAP that comes and goes. */
    snprintf(commands, sizeof commands,
             "link set lo up\n"
             "link add br0 address 02:00:00:00:00:fe type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
             "link set br0 up\n"
             "link add srv0 type veth peer name eth0 netns /proc/%d/fd/%d\n"
             "link set srv0 master br0 up\n", (int)getpid(), n->server);
    int rc = run_ip(n->lan, commands);
    if (rc < 0)
        return rc;
    inet_ntop(AF_INET, &d->server, address, sizeof address);
    snprintf(commands, sizeof commands, "link set lo up\naddr add %s/%u dev eth0\nlink set eth0 up\n", address,
             (unsigned)d->server_prefix);
    return run_ip(n->server, commands);
}

int network_plug(const struct network *n, const char *tap)
{
    char command[64];
    snprintf(command, sizeof command, "link set %s master br0\n", tap);
    return run_ip(n->lan, command);
}

void network_close(struct network *n)
{
    if (n->lan >= 0)
        close(n->lan);
    if (n->server >= 0)
        close(n->server);
    n->lan = n->server = -1;
}
