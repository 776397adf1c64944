/* The profile deck: read at IPL to the end of the file into one text. */
#include <string.h>

#include "guest-tests/lib/gt.h"
#include "stack/base/text.h"
#include "stack/image/reader.h"
#include "stack/platform/platform.h"

#define CARDS 1000u             /* as deck.sh writes, after five special ones */

static char text[PROFILE_TEXT_MAX];

/* Line n of the text, from 1, without its end. */
static const char *line(unsigned n, size_t *length)
{
    const char *at = text;

    for (unsigned i = 1; i < n && at != NULL; i++) {
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    const char *end = at != NULL ? strchr(at, '\n') : NULL;
    *length = end != NULL ? (size_t)(end - at) : 0;
    return at;
}

static bool line_is(unsigned n, const char *expected)
{
    size_t length;
    const char *at = line(n, &length);

    return at != NULL && length == strlen(expected) && strncmp(at, expected, length) == 0;
}

int main(void)
{
    char expected[CARD_COLUMNS + 1];
    size_t length;
    unsigned same = 0;

    gt_start();
    uint64_t began = platform_clock_us();
    int size = reader_deck(READER_PROFILE, text, sizeof(text));
    uint64_t took = platform_clock_us() - began;

    gt_check(size > 0 && (size_t)size == strlen(text), "the deck is read to its end, %d bytes", size);
    gt_check(line_is(1, "; A PROFILE"), "the first card is the first line");
    line(2, &length);
    gt_check(length == CARD_COLUMNS, "a line of 80 columns is whole, %lu", length);
    gt_check(line_is(3, ""), "a line of 81 columns is left out, its place is empty");
    gt_check(line_is(4, ""), "so is one of 300");
    gt_check(line_is(5, "        TABS"), "a tab becomes blanks");
    for (unsigned n = 1; n <= CARDS; n++) {
        text_format(expected, sizeof(expected), "CARD %u", n);
        same += line_is(5 + n, expected);
    }
    gt_check(same == CARDS, "%u cards follow in order, the last one without a line end: %u", CARDS, same);
    gt_note("%u cards in %lu us", CARDS + 5, took);
    gt_check(reader_deck(0x001D, text, sizeof(text)) == -1, "a reader that is not there is an error");
    gt_end();
}
