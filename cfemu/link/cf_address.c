#include "cfemu/link/cf_address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cfemu/link/cf_wire.h"

#define BACKLOG 64

/* --- names ----------------------------------------------------------------------------------------------------------- */

/* Copy length bytes to a string of size bytes. false: empty, or they do not fit. */
static bool piece(char *to, size_t size, const char *from, size_t length)
{
    if (length == 0 || length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

/* host:port of length bytes. */
static bool host_port(const char *text, size_t length, struct link_address *address)
{
    const char *colon = memrchr(text, ':', length);
    if (!colon)
        return false;
    size_t host = (size_t)(colon - text), port = length - host - 1;
    if (host >= 2 && text[0] == '[' && text[host - 1] == ']') {
        text++;
        host -= 2;
    } else if (memchr(text, ':', host)) {
        return false;
    }
    return piece(address->host, sizeof address->host, text, host) && piece(address->port, sizeof address->port, colon + 1, port) &&
           strspn(address->port, "0123456789") == port;
}

int link_address_parse(const char *text, struct link_address *address)
{
    *address = (struct link_address){0};
    const char *at = strchr(text, '@');
    if (!at || !piece(address->name, sizeof address->name, text, (size_t)(at - text)))
        return -EINVAL;
    const char *place = at + 1;
    if (place[0] == '/')
        return piece(address->path, sizeof address->path, place, strlen(place)) ? 0 : -EINVAL;
    size_t length = strcspn(place, ",");
    if (!host_port(place, length, address))
        return -EINVAL;
    if (place[length] == '\0')
        return 0;
    const char *option = place + length + 1;
    if (strncmp(option, "psk=", 4) != 0 || !piece(address->psk, sizeof address->psk, option + 4, strlen(option + 4)))
        return -EINVAL;
    return 0;
}

int link_address_parse_listen(const char *text, struct link_address *address)
{
    *address = (struct link_address){.host = "127.0.0.1"};
    size_t length = strlen(text);
    if (strchr(text, ':'))
        return host_port(text, length, address) ? 0 : -EINVAL;
    if (strspn(text, "0123456789") != length || !piece(address->port, sizeof address->port, text, length))
        return -EINVAL;
    return 0;
}

/* --- sockets --------------------------------------------------------------------------------------------------------- */

void link_tcp_options(int fd, uint32_t interval_ms)
{
    int one = 1, timeout = (int)interval_ms;
    /* Both make it better and neither is needed: on a Unix socket, or a kernel without them, the link works too. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

static int new_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

/* The outcome of a connect() that did not end at once. */
static int connect_outcome(int fd, uint64_t deadline)
{
    struct pollfd poll = {.fd = fd, .events = POLLOUT};
    uint64_t now = link_now();
    int error = ETIMEDOUT;
    socklen_t size = sizeof error;
    uint64_t left = deadline > now ? deadline - now : 0;
    struct timespec wait = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
    if (ppoll(&poll, 1, &wait, NULL) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return -error;
}

static int connect_to(const struct sockaddr *to, socklen_t length, uint64_t deadline)
{
    int fd = new_socket(to->sa_family);
    if (fd < 0)
        return fd;
    int error = connect(fd, to, length) == 0 ? 0 : -errno;
    if (error == -EINPROGRESS)
        error = connect_outcome(fd, deadline);
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

static struct sockaddr_un unix_address(const struct link_address *address)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strcpy(to.sun_path, address->path);
    return to;
}

static int resolve(const struct link_address *address, int flags, struct addrinfo **list)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    switch (getaddrinfo(address->host, address->port, &hints, list)) {
    case 0:
        return 0;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SERVICE:
        return -EINVAL;
    default:
        return -EHOSTUNREACH;
    }
}

int link_connect(const struct link_address *address, uint64_t deadline)
{
    if (address->path[0]) {
        struct sockaddr_un to = unix_address(address);
        return connect_to((struct sockaddr *)&to, sizeof to, deadline);
    }
    struct addrinfo *list;
    int fd = resolve(address, 0, &list);
    if (fd != 0)
        return fd;
    fd = -EHOSTUNREACH;
    for (struct addrinfo *one = list; one && fd < 0; one = one->ai_next)
        fd = connect_to(one->ai_addr, one->ai_addrlen, deadline);
    freeaddrinfo(list);
    return fd;
}

static int listen_at(const struct sockaddr *at, socklen_t length)
{
    int one = 1, fd = new_socket(at->sa_family);
    if (fd < 0)
        return fd;
    if (at->sa_family != AF_UNIX)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, at, length) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

/* The file of a socket that nobody listens at stays behind when its server is killed. */
static void unix_sweep(const struct link_address *address)
{
    struct stat status;
    if (stat(address->path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    int fd = link_connect(address, link_now());
    if (fd >= 0)
        close(fd);
    else if (fd == -ECONNREFUSED)
        unlink(address->path);
}

static int unix_listen(const struct link_address *address)
{
    struct sockaddr_un at = unix_address(address);
    unix_sweep(address);
    mode_t before = umask(0177);
    int fd = listen_at((struct sockaddr *)&at, sizeof at);
    umask(before);
    return fd;
}

int link_listen(const struct link_address *address)
{
    if (address->path[0])
        return unix_listen(address);
    struct addrinfo *list;
    int fd = resolve(address, AI_PASSIVE, &list);
    if (fd == 0) {
        fd = listen_at(list->ai_addr, list->ai_addrlen);
        freeaddrinfo(list);
    }
    return fd;
}
