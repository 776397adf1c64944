/* Commands in through the card reader, messages out on the console: every line, in order, also in bursts. */
#include <string.h>

#include "guest-tests/lib/gt.h"
#include "stack/base/text.h"
#include "stack/image/loop.h"
#include "stack/image/reader.h"
#include "stack/platform/platform.h"

#define LINES 500u              /* as reader.sh sends */
#define SENDERS 4u
#define DECKS 40u               /* of each sender */
#define DECK_CARDS 3u
#define SPAM 2000u
#define TIME_LIMIT_US 20000000u

static struct reader reader, deck_reader;

/* The next line, waited for; false: none came. */
static bool next_line(struct reader *from, struct card *card)
{
    uint64_t deadline = platform_clock_us() + TIME_LIMIT_US;

    while (!reader_card(from, card)) {
        if (platform_clock_us() >= deadline)
            return false;
        loop_idle(deadline);
    }
    return true;
}

static void test_burst(void)
{
    struct card card;
    char expected[CARD_COLUMNS + 1];
    unsigned n = 0;

    while (n < LINES && next_line(&reader, &card)) {
        text_format(expected, sizeof(expected), "LINE %u OF A BURST, lower case, []^|~\\{}!", n + 1);
        if (strcmp(card.text, expected) != 0)
            break;
        text_wto("ECHO %s", card.text);
        n++;
    }
    gt_check(n == LINES, "%u lines sent in one burst come in order and unchanged, %u did", LINES, n);
}

static void test_odd_lines(void)
{
    struct card card;

    gt_check(next_line(&reader, &card) && strcmp(card.text, "SECOND SENDER") == 0, "a second sender is served after the first");
    gt_check(next_line(&reader, &card) && card.text[0] == 0, "an empty line is an empty line");
    gt_check(next_line(&reader, &card) && strlen(card.text) == 80, "a line of 80 columns comes whole");
    gt_check(next_line(&reader, &card) && strlen(card.text) == 80, "\"trunc\" cuts a line of 100 columns after 80");
    gt_check(next_line(&reader, &card) && strcmp(card.text, "END") == 0, "and nothing of it follows");
}

static bool is_card(const struct card *card, unsigned sender, unsigned deck, unsigned n)
{
    char expected[CARD_COLUMNS + 1];

    text_format(expected, sizeof(expected), "SENDER %u DECK %u CARD %u", sender, deck, n);
    return strcmp(card->text, expected) == 0;
}

/* A sender may be told of when it has been served already; what is read then is a deck without cards. */
static bool first_card(struct reader *from, struct card *card)
{
    uint64_t deadline = platform_clock_us() + TIME_LIMIT_US;

    while (!reader_card(from, card)) {
        if (platform_clock_us() >= deadline)
            return false;
        if (!reader_next_deck(from))
            loop_idle(deadline);
    }
    return true;
}

/* The next deck is whole and its sender's next one. */
static bool next_deck(struct reader *from, unsigned *next)
{
    struct card card;
    unsigned sender = 0;

    if (!first_card(from, &card))
        return false;
    while (sender < SENDERS && !is_card(&card, sender, next[sender], 0))
        sender++;
    for (unsigned n = 1; n < DECK_CARDS; n++)
        if (sender == SENDERS || !next_line(from, &card) || !is_card(&card, sender, next[sender], n))
            return false;
    next[sender]++;
    return true;
}

static bool end_of_deck(struct reader *from)
{
    uint64_t deadline = platform_clock_us() + TIME_LIMIT_US;

    while (!reader_next_deck(from)) {
        if (platform_clock_us() >= deadline)
            return false;
        loop_idle(deadline);
    }
    return true;
}

/* Several senders at a time: one begins in the instant in which another one has just gone. */
static void test_senders(struct reader *from, const char *go, bool with_end)
{
    unsigned next[SENDERS] = { 0 }, decks = 0;

    text_wto("%s", go);
    while (decks < SENDERS * DECKS && next_deck(from, next) && (!with_end || end_of_deck(from)))
        decks++;
    gt_check(decks == SENDERS * DECKS, "%u decks of %u senders at a time come whole%s, %u did", SENDERS * DECKS, SENDERS,
             with_end ? ", each with its end" : "", decks);
}

/* More than the console's queue holds, so that the queue is full most of the time. */
static void test_console(void)
{
    uint64_t began = platform_clock_us();

    for (unsigned n = 1; n <= SPAM; n++)
        text_wto("SPAM %u THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG", n);
    uint64_t took = platform_clock_us() - began;
    gt_note("console: %lu lines a second", SPAM * 1000000ul / (took + 1));
}

int main(void)
{
    gt_start();
    gt_check(reader_open(&reader, READER_COMMANDS), "the command reader is there");
    text_wto("SEND");
    test_burst();
    test_odd_lines();
    test_senders(&reader, "SEND DECKS", false);
    gt_check(reader_open(&deck_reader, READER_MEMBERS) && end_of_deck(&deck_reader), "at a reader that tells the end nobody has sent");
    test_senders(&deck_reader, "SEND DECKS WITH ENDS", true);
    test_console();
    gt_end();
}
