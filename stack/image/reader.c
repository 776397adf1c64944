/* Card readers. See reader.h. */
#include "stack/image/reader.h"

#include <string.h>

#include "stack/base/text.h"
#include "stack/image/ebcdic.h"
#include "stack/image/loop.h"

#define CCW_READ 0x02
#define SENSE_INTERVENTION_REQUIRED 0x40    /* no file, nobody connected: a device end comes when there is */
#define SENSE_DATA_CHECK 0x08               /* as Hercules says that a line has more than 80 columns */
#define EBCDIC_BLANK 0x40

static void start_next(struct reader *r)
{
    if (r->running || r->ended || !r->ready || r->head - r->tail == READER_QUEUE)
        return;
    r->program = (struct ccw){ CCW_READ, CCW_SLI, CARD_COLUMNS, (uint32_t)(uintptr_t)r->image };
    r->running = css_start(&r->subchannel, &r->program) == CSS_STARTED;
}

static void queue_card(struct reader *r, size_t columns, bool too_long)
{
    struct card *card = &r->queue[r->head++ % READER_QUEUE];

    while (columns > 0 && r->image[columns - 1] == EBCDIC_BLANK)
        columns--;
    ebcdic_to_ascii(card->text, r->image, columns);
    card->text[columns] = 0;
    card->too_long = too_long;
}

/* The emulator finds out in the middle of a line that it is too long, and gives the rest of it as the next card: a very
 * long one several times. */
static void unit_check(struct reader *r, uint8_t sense)
{
    if (sense & SENSE_DATA_CHECK) {
        if (!r->skip)
            queue_card(r, 0, true);
        r->skip = true;
    } else if (sense & SENSE_INTERVENTION_REQUIRED) {
        r->ready = false;
    } else {
        r->sense = sense;
        r->ended = r->failed = true;
    }
}

static void end_of_read(struct reader *r, const struct irb *irb)
{
    if (irb->device_status & DEVICE_UNIT_EXCEPTION) {
        r->ended = true;
        r->ready = false;
    } else if (irb->device_status & DEVICE_UNIT_CHECK) {
        unit_check(r, irb->sense[0]);
    } else if (r->skip) {
        r->skip = false;
    } else {
        queue_card(r, CARD_COLUMNS, false);
    }
}

static void interrupt(struct subchannel *subchannel, const struct irb *irb)
{
    struct reader *r = (struct reader *)subchannel;

    if (css_is_end(irb)) {
        r->running = false;
        end_of_read(r, irb);
    } else if (irb->device_status & DEVICE_END) {
        r->ready = true;
    }
    start_next(r);
}

bool reader_open(struct reader *reader, uint16_t device)
{
    memset(reader, 0, sizeof(*reader));
    if (!css_open_sensing(&reader->subchannel, device, ISC_DEVICES, interrupt))
        return false;
    reader->ready = true;
    start_next(reader);
    return true;
}

bool reader_card(struct reader *reader, struct card *card)
{
    if (reader->head == reader->tail)
        return false;
    *card = reader->queue[reader->tail++ % READER_QUEUE];
    start_next(reader);
    return true;
}

bool reader_next_deck(struct reader *reader)
{
    if (!reader->ended || reader->head != reader->tail)
        return false;
    reader->ended = false;
    start_next(reader);
    return true;
}

static bool append(char *text, size_t size, size_t *length, const char *line)
{
    size_t add = strlen(line);

    if (*length + add + 2 > size)
        return false;
    memcpy(text + *length, line, add);
    text[*length + add] = '\n';
    *length += add + 1;
    text[*length] = 0;
    return true;
}

int reader_deck(uint16_t device, char *text, size_t size)
{
    static struct reader reader;
    struct card card;
    size_t length = 0;
    unsigned number = 0;

    text[0] = 0;
    if (!reader_open(&reader, device)) {
        text_wto("READER %04X: NO SUCH DEVICE", device);
        return -1;
    }
    while (!reader.ended || reader.head != reader.tail) {
        if (!reader_card(&reader, &card)) {
            loop_idle(LOOP_NEVER);
            continue;
        }
        number++;
        if (card.too_long)
            text_wto("READER %04X: CARD %u HAS MORE THAN 80 COLUMNS, IGNORED", device, number);
        if (!append(text, size, &length, card.text)) {
            text_wto("READER %04X: DECK IS LARGER THAN %u BYTES", device, (unsigned)size);
            return -1;
        }
    }
    if (reader.failed) {
        text_wto("READER %04X: CANNOT BE READ, SENSE %02X", device, reader.sense);
        return -1;
    }
    return (int)length;
}
