/* Commands in through the card reader, messages out on the console: every line, in order, also in bursts. */
#include <string.h>

#include "guest-tests/lib/gt.h"
#include "stack/base/text.h"
#include "stack/image/loop.h"
#include "stack/image/reader.h"
#include "stack/platform/platform.h"

#define LINES 500u              /* as reader.sh sends */
#define SPAM 2000u
#define TIME_LIMIT_US 10000000u

static struct reader reader;

/* The next line, waited for; false: none came. */
static bool next_line(struct card *card)
{
    uint64_t deadline = platform_clock_us() + TIME_LIMIT_US;

    while (!reader_card(&reader, card)) {
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

    while (n < LINES && next_line(&card)) {
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

    gt_check(next_line(&card) && strcmp(card.text, "SECOND SENDER") == 0, "a second sender is served after the first");
    gt_check(next_line(&card) && card.text[0] == 0, "an empty line is an empty line");
    gt_check(next_line(&card) && strlen(card.text) == 80, "a line of 80 columns comes whole");
    gt_check(next_line(&card) && strlen(card.text) == 80, "\"trunc\" cuts a line of 100 columns after 80");
    gt_check(next_line(&card) && strcmp(card.text, "END") == 0, "and nothing of it follows");
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
    test_console();
    gt_end();
}
