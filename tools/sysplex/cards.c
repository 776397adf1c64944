#include "tools/sysplex/cards.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TRIES_MAX = 2000, RETRY_MS = 10 };

struct deck {
    struct deck *next;
    size_t length;
    char text[];
};

static void begin_deck(void *context);
static void on_socket(void *context, int fd, short events);

static void end_connection(struct cards *c)
{
    if (c->fd < 0)
        return;
    loop_unwatch(c->loop, c->fd);
    close(c->fd);
    c->fd = -1;
}

static void next_deck(struct cards *c)
{
    struct deck *deck = c->first;
    end_connection(c);
    c->first = deck->next;
    c->waiting--;
    c->tries = 0;
    free(deck);
    if (c->first)
        begin_deck(c);
}

static void try_again(struct cards *c, int error)
{
    end_connection(c);
    if (++c->tries < TRIES_MAX) {
        loop_timer(c->loop, RETRY_MS, begin_deck, c);
        return;
    }
    c->failed(c->context, -error);
    next_deck(c);
}

/* Called again whenever there is room. */
static void write_cards(struct cards *c)
{
    size_t left = c->first->length - c->written;
    ssize_t sent = send(c->fd, c->first->text + c->written, left, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        try_again(c, errno);
        return;
    }
    c->written += sent > 0 ? (size_t)sent : 0;
    if (c->written < c->first->length)
        loop_watch(c->loop, c->fd, POLLOUT, on_socket, c);
    else if (shutdown(c->fd, SHUT_WR) < 0)
        try_again(c, errno);
    else
        loop_watch(c->loop, c->fd, POLLIN, on_socket, c);
}

static void on_socket(void *context, int fd, short events)
{
    struct cards *c = context;
    char byte;
    (void)events;
    if (c->written < c->first->length) {
        write_cards(c);
        return;
    }
    ssize_t got = recv(fd, &byte, 1, 0);
    if (got == 0)
        next_deck(c);
    else if (got < 0 && errno != EAGAIN)
        try_again(c, errno);
}

static void begin_deck(void *context)
{
    struct cards *c = context;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", c->folder, c->reader);
    c->written = 0;
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        try_again(c, errno);
    else
        write_cards(c);
}

void cards_open(struct cards *c, struct loop *loop, int folder, const char *reader, cards_failed *failed, void *context)
{
    *c = (struct cards){ .loop = loop, .folder = folder, .reader = reader, .fd = -1, .failed = failed, .context = context };
}

int cards_send(struct cards *c, const char *text, size_t length)
{
    struct deck *deck = c->waiting < CARDS_WAITING_MAX ? malloc(sizeof *deck + length) : NULL;
    struct deck **end = &c->first;
    if (!deck)
        return c->waiting < CARDS_WAITING_MAX ? -ENOMEM : -EAGAIN;
    deck->next = NULL;
    deck->length = length;
    memcpy(deck->text, text, length);
    while (*end)
        end = &(*end)->next;
    *end = deck;
    if (c->waiting++ == 0)
        begin_deck(c);
    return 0;
}

void cards_close(struct cards *c)
{
    if (!c->loop)
        return;
    end_connection(c);
    loop_timer_stop(c->loop, begin_deck, c);
    while (c->first) {
        struct deck *deck = c->first;
        c->first = deck->next;
        free(deck);
    }
    c->waiting = 0;
}
