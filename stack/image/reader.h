/* Card readers, 3505: the operator's commands, and decks of profile members.
 *
 *     000C 3505 <socket> sockdev ascii trunc intrq     commands: each line sent to the socket is a card; one that does not fit
 *                                                      goes on on the next, which a + in column 80 says
 *     001C 3505 <file> ascii eof                       PROFILE.TCPIP and its members: each line of the file is a card
 *     002C 3505 <socket> sockdev ascii eof             more members, at any time
 *
 * Nothing is lost: cards wait in a queue; when it is full the driver reads no more, and the sender of a socket is held up.
 * A card has 80 columns; trailing blanks are removed. What becomes of a longer line is up to the device statement: with
 * "trunc" the emulator cuts it and does not tell; without, the card comes as one that is too long, without its text.
 * A socket takes one sender at a time; a second one, or one in the instant in which a sender has just gone, is turned away
 * by the emulator and sees its connection closed before it could send: senders try again.
 *
 * A sender that was let in is told by a device end, once, and the emulator drops that if the device is busy. So nothing but
 * reads is ever started, as a read finds the sender itself; a SENSE in answer to "nobody there" would not, and the sender
 * would wait for ever. That is why the subchannel has concurrent sense. */
#ifndef IMAGE_READER_H
#define IMAGE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/image/css.h"

#define READER_COMMANDS 0x000C
#define READER_PROFILE 0x001C
#define READER_MEMBERS 0x002C

#define CARD_COLUMNS 80
#define READER_QUEUE 64u            /* cards; a power of two, as the counters wrap */

struct card {
    char text[CARD_COLUMNS + 1];
    bool too_long;                  /* the line had more than 80 columns; text is empty */
};

struct reader {
    struct subchannel subchannel;   /* first: the interrupt function finds the rest by it */
    bool running;                   /* a read */
    bool ready;                     /* there may be a card: a read is worth starting */
    bool skip;                      /* the next card is the rest of one that was too long */
    bool ended;                     /* end of file, or the file cannot be read: no more is read of the next deck */
    bool failed;                    /* the latter */
    uint32_t head, tail;            /* head - tail = cards waiting */
    struct card queue[READER_QUEUE];
    struct ccw program;
    uint8_t image[CARD_COLUMNS];    /* the card being read, EBCDIC */
    uint8_t sense;                  /* why it failed */
};

/* Open and start reading. false: there is no such device. */
bool reader_open(struct reader *reader, uint16_t device);

/* The next card, if there is one. */
bool reader_card(struct reader *reader, struct card *card);

/* Once the last card of a deck has been taken, which a device that says "end of file" has: go on to the next one. false: the
 * deck has not ended, or cards of it wait. */
bool reader_next_deck(struct reader *reader);

/* Read device to its end of file into text, a newline after each card, ended by 0. Cards that are too long become empty
 * lines and a message. Returns the length, or -1: no such device, unreadable, or longer than size - 1 (a message says
 * which). */
int reader_deck(uint16_t device, char *text, size_t size);

#endif
