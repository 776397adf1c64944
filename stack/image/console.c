/* The operator console. See console.h.
 *
 *    lines[]   tail ──►  the oldest line not yet written
 *              head ──►  the next free place         head - tail = lines waiting, at most QUEUE_LINES
 *    program   the batch on its way: one WRITE per line, command chained, from tail on */
#include "stack/image/console.h"

#include <string.h>

#include "stack/base/limits.h"
#include "stack/image/css.h"
#include "stack/image/ebcdic.h"

#define CCW_WRITE 0x09          /* write with carrier return */
#define QUEUE_LINES 256u        /* a display of many lines; a power of two, as the counters wrap */
#define BATCH_LINES 16u         /* in one channel program */

struct line {
    uint16_t length;
    uint8_t text[WTO_MAX];
};

static struct subchannel console;
static struct line lines[QUEUE_LINES];
static uint32_t head, tail;
static struct ccw program[BATCH_LINES];
static uint32_t batch;          /* lines in the running channel program, 0 = none runs */
static bool by_polling;         /* no interruption is waited for any more: see console_poll() */

static void start_next(void)
{
    uint32_t count = head - tail;

    if (batch != 0 || count == 0)
        return;
    if (count > BATCH_LINES)
        count = BATCH_LINES;
    for (uint32_t i = 0; i < count; i++) {
        struct line *line = &lines[(tail + i) % QUEUE_LINES];
        uint8_t chain = i + 1 < count ? CCW_CHAIN_COMMAND : 0;

        program[i] = (struct ccw){ CCW_WRITE, CCW_SLI | chain, line->length, (uint32_t)(uintptr_t)line->text };
    }
    int answer = css_start(&console, program);
    if (answer == CSS_STARTED)
        batch = count;
    else if (answer == CSS_NOT_OPERATIONAL)
        tail = head;            /* the operator has detached it: nobody reads, and nobody must wait */
}

static void interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    (void)subchannel;
    if (css_is_end(irb)) {
        tail += batch;
        batch = 0;
    }
    start_next();
}

void console_open(void)
{
    ebcdic_init();
    css_open(&console, CONSOLE_DEVICE, ISC_CONSOLE, interrupt);
}

/* Ask the subchannel itself until nothing runs there. */
static void poll_end(void)
{
    struct irb irb;

    do {
        if (tsch(console.id, &irb) == CSS_NOT_OPERATIONAL) {
            batch = head - tail;
            break;
        }
    } while (irb.control & IRB_ACTIVE);
    tail += batch;
    batch = 0;
}

static void wait_for_room(uint32_t lines_left)
{
    while (head - tail > lines_left) {
        if (by_polling) {
            poll_end();
            start_next();
        } else {
            css_wait(ISC_MASK(ISC_CONSOLE), false);
        }
    }
}

static void queue_line(const char *text, size_t length)
{
    wait_for_room(QUEUE_LINES - 1);

    struct line *line = &lines[head % QUEUE_LINES];
    ebcdic_from_ascii(line->text, text, length);
    line->length = (uint16_t)length;
    head++;
    start_next();
}

void console_write(const char *text)
{
    size_t length = strlen(text);

    if (console.id == 0)
        return;
    while (length > WTO_MAX) {
        queue_line(text, WTO_MAX);
        text += WTO_MAX;
        length -= WTO_MAX;
    }
    /* A CCW with a count of zero is not valid: an empty line is a blank. */
    queue_line(length > 0 ? text : " ", length > 0 ? length : 1);
}

void console_poll(void)
{
    by_polling = true;
    if (console.id != 0)
        poll_end();
}

void console_flush(void)
{
    if (console.id != 0)
        wait_for_room(0);
}
