/* Decks of cards on their way to a card reader of an image, a Unix socket of its emulator.
 *
 * One connection for each deck: its end is the end of the deck. A sender that comes while the reader is at work is turned
 * away by closing the connection with the card unread, which is seen as a reset; one that was served sees the end of the
 * file. So a deck is neither lost nor read twice when the sender that was turned away tries again. Decks wait in a queue
 * and are sent in their order, without anybody waiting. */
#ifndef SYSPLEX_CARDS_H
#define SYSPLEX_CARDS_H

#include <stddef.h>

#include "tools/sysplex/loop.h"

enum { CARDS_WAITING_MAX = 64 };        /* decks; a reader that leaves more of them lying does not read */

/* The deck cannot be delivered; error: -errno. */
typedef void cards_failed(void *context, int error);

struct cards {
    struct loop *loop;
    int folder;                 /* descriptor of the folder of the socket, which a path of it would be too long for */
    const char *reader;         /* name of the socket */
    int fd;                     /* connection of the first deck, -1: none */
    size_t written;             /* bytes of it */
    unsigned tries, waiting;
    struct deck *first;
    cards_failed *failed;
    void *context;
};

void cards_open(struct cards *c, struct loop *loop, int folder, const char *reader, cards_failed *failed, void *context);

/* Queue a copy of the deck, lines with a newline each. 0, -ENOMEM, or -EAGAIN: too many wait already. */
int cards_send(struct cards *c, const char *deck, size_t length);

/* Forget all decks. Right also for one that was never opened, all zero. */
void cards_close(struct cards *c);

#endif
