#include "stack/image/members.h"

#include <string.h>

#include "stack/base/text.h"
#include "stack/image/reader.h"

struct member {
    char name[NAME_LEN + 1];
    uint32_t at, length;            /* in text */
    uint32_t cards;
};

/* Members stand in text in the order of the table, without gaps: the last one can grow. */
static char text[MEMBERS_TEXT_MAX];
static struct member members[MEMBERS_MAX];
static unsigned count;
static char profile_name[NAME_LEN + 1];

static struct reader reader;        /* 02C */
static bool reader_there;

/* A deck that is being read. */
struct deck {
    uint16_t device;
    const char *unnamed;            /* member of cards in front of the first ./ ADD */
    bool begun;                     /* the last member of the table is this deck's */
    bool ignoring;                  /* up to the next ./ ADD, which has been told */
};

static struct member *find(const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (text_equal(members[i].name, name))
            return &members[i];
    return NULL;
}

static uint32_t text_used(void)
{
    return count == 0 ? 0 : members[count - 1].at + members[count - 1].length;
}

static void remove_member(struct member *member)
{
    uint32_t end = member->at + member->length, length = member->length;

    memmove(text + member->at, text + end, text_used() - end);
    count--;
    for (struct member *m = member; m < members + count; m++) {
        *m = m[1];
        m->at -= length;
    }
}

static void begin_member(struct deck *deck, const char *name)
{
    struct member *old = find(name);

    if (old != NULL)
        remove_member(old);
    deck->begun = count < MEMBERS_MAX;
    deck->ignoring = !deck->begun;
    if (deck->ignoring) {
        text_wto("CFS014E READER %03X: MEMBER %s IGNORED, %u MEMBERS ARE THE LIMIT", deck->device, name, MEMBERS_MAX);
        return;
    }
    members[count] = (struct member){.at = text_used()};
    text_format(members[count].name, sizeof members[0].name, "%s", name);
    count++;
}

static void end_member(const struct deck *deck)
{
    if (deck->begun && deck->device == READER_MEMBERS)
        text_wto("CFS015I MEMBER %s READ FROM READER %03X, %u CARDS", members[count - 1].name, deck->device, members[count - 1].cards);
}

/* What stands behind NAME= on a ./ ADD card; false: no member's name. */
static bool name_of(const char *card, char name[NAME_LEN + 1])
{
    const char *at = strstr(card, "NAME=");
    size_t length = 0;

    if (strncmp(card, "./ ADD ", 7) != 0 || at == NULL)
        return false;
    for (at += 5; at[length] != 0 && at[length] != ' ' && at[length] != ','; length++)
        if (length < NAME_LEN)
            name[length] = at[length];
    if (length == 0 || length > NAME_LEN)
        return false;
    name[length] = 0;
    return true;
}

static void control_card(struct deck *deck, const char *card)
{
    char name[NAME_LEN + 1];

    end_member(deck);
    deck->begun = false;
    deck->ignoring = !name_of(card, name);
    if (!deck->ignoring)
        begin_member(deck, name);
    else if (strncmp(card, "./ ENDUP", 8) != 0)
        text_wto("CFS016E READER %03X: EXPECTED ./ ADD NAME=MEMBER, CARDS UP TO THE NEXT ONE IGNORED: %.30s", deck->device, card);
}

static void data_card(struct deck *deck, const char *card, size_t length)
{
    uint32_t used = text_used();

    if (!deck->begun && !deck->ignoring)
        begin_member(deck, deck->unnamed);
    if (deck->ignoring)
        return;
    if (used + length + 1 > MEMBERS_TEXT_MAX) {
        text_wto("CFS017E READER %03X: MEMBER %s IS CUT, THE LIBRARY HAS ROOM FOR %u BYTES", deck->device,
                 members[count - 1].name, MEMBERS_TEXT_MAX);
        deck->ignoring = true;
        return;
    }
    memcpy(text + used, card, length);
    text[used + length] = '\n';
    members[count - 1].length += (uint32_t)length + 1;
    members[count - 1].cards++;
}

static void take_card(struct deck *deck, const char *card)
{
    if (strncmp(card, "./", 2) == 0)
        control_card(deck, card);
    else
        data_card(deck, card, strlen(card));
}

/* --- readers ------------------------------------------------------------------------------------------------------- */

static void take_lines(struct deck *deck, char *lines)
{
    while (*lines != 0) {
        char *end = strchr(lines, '\n');
        *end = 0;                       /* reader_deck() ends each card with one */
        take_card(deck, lines);
        lines = end + 1;
    }
}

void members_start(void)
{
    static char cards[MEMBERS_TEXT_MAX];
    struct deck deck = {.device = READER_PROFILE, .unnamed = "PROFILE"};

    if (reader_deck(READER_PROFILE, cards, sizeof cards) > 0)
        take_lines(&deck, cards);
    if (count > 0)
        text_format(profile_name, sizeof profile_name, "%s", members[0].name);
    reader_there = reader_open(&reader, READER_MEMBERS);
}

void members_poll(void)
{
    static struct deck deck = {.device = READER_MEMBERS, .unnamed = "OBEY"};
    struct card card;

    while (reader_there && reader_card(&reader, &card))
        if (card.too_long)
            text_wto("READER %04X: A CARD HAS MORE THAN 80 COLUMNS, IGNORED", READER_MEMBERS);
        else
            take_card(&deck, card.text);
    if (!reader_there || !reader_next_deck(&reader))
        return;
    end_member(&deck);
    deck.begun = deck.ignoring = false;
}

/* --- the source of profiles ---------------------------------------------------------------------------------------- */

static const struct member *opened;
static uint32_t place;

static bool source_open(void *context, const char *name)
{
    (void)context;
    opened = find(text_equal(name, MEMBERS_PROFILE) ? profile_name : name);
    place = 0;
    return opened != NULL;
}

static int32_t source_read(void *context, char *to, uint32_t size)
{
    uint32_t left = opened->length - place;
    (void)context;

    if (size > left)
        size = left;
    memcpy(to, text + opened->at + place, size);
    place += size;
    return (int32_t)size;
}

static void source_close(void *context)
{
    (void)context;
    opened = NULL;
}

const struct profile_source members_source = {.open = source_open, .read = source_read, .close = source_close};
