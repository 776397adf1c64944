/* Fuzz target of PROFILE.TCPIP: up to three members in one input, with a line %% between them.
 *
 *   PROFILE    read as the profile           then each profile that comes out is checked, compared with the one before it,
 *   OBEY       applied to it, checked        displayed, and asked questions
 *   any other name that is INCLUDEd is the third one */
#include "tools/fuzz/fuzz.h"

#include <string.h>

#include "stack/platform/platform.h"
#include "stack/profile/profile.h"
#include "stack/sip/sip.h"
#include "stack/tests/members.h"

const char fuzz_corpus[] = "stack/fuzz/corpus/profile";

struct part {
    const char *text;
    size_t length;
};

static struct part parts[3];
static struct part reading;
static bool is_open;
static struct profile profile, before, scratch;
static struct profile_input input;
static struct sip sip;
static unsigned lines;

static void split(const char *text, size_t length)
{
    const char *end = text + length, *at;

    for (unsigned i = 0; i < 3; i++)
        parts[i] = (struct part){ "", 0 };
    for (unsigned i = 0; i < 3; i++) {
        at = i < 2 ? memmem(text, (size_t)(end - text), "\n%%\n", 4) : NULL;
        parts[i] = (struct part){ text, (size_t)((at != NULL ? at + 1 : end) - text) };
        if (at == NULL)
            return;
        text = at + 4;
    }
}

static bool open_part(void *context, const char *name)
{
    (void)context;
    STACK_ASSERT(!is_open && strlen(name) > 0);
    is_open = true;
    reading = parts[strcmp(name, "PROFILE") == 0 ? 0 : strcmp(name, "OBEY") == 0 ? 1 : 2];
    return strcmp(name, "NOSUCH") != 0 || (is_open = false);
}

static int32_t read_part(void *context, char *text, uint32_t size)
{
    size_t length = reading.length < size ? reading.length : size;

    (void)context;
    STACK_ASSERT(is_open);
    memcpy(text, reading.text, length);
    reading.text += length;
    reading.length -= length;
    return (int32_t)length;
}

static void close_part(void *context)
{
    (void)context;
    is_open = false;
}

static const struct profile_source source = { NULL, open_part, read_part, close_part };

static const char *symbol(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "SYSNAME") == 0)
        return "MVS1";
    return strcmp(name, "CLUSTERPORTS") == 0 ? "CLUSTERPORTS\nBLOCKSIZE 8" : NULL;
}

static void line(void *context, const char *text)
{
    (void)context;
    STACK_ASSERT(strlen(text) <= WTO_MAX);
    for (; *text != 0; text++)
        STACK_ASSERT(*text >= ' ' && *text < 0x7F);
    lines++;
}

static void change(void *context, const struct profile_change *what)
{
    (void)context;
    STACK_ASSERT(what->dvipa == NULL || what->dvipa->address == what->address);
    STACK_ASSERT(what->distribute == NULL || what->distribute->address == what->address);
    STACK_ASSERT(what->range == NULL || what->range->address == what->address);
}

static void ask(const struct profile *p)
{
    struct sip_request request = { .job = "APPA", .user = "USER", .destination = 0x0A070707 };

    members_check_profile(p);
    profile_display(p, UINT32_MAX, line, NULL);
    profile_display_home(p, UINT32_MAX, line, NULL);
    profile_display_srcip(p, UINT32_MAX, line, NULL);
    profile_display_portlist(p, UINT32_MAX, line, NULL);
    profile_display_stats(p, UINT32_MAX, &(struct profile_port_use){ 0 }, line, NULL);
    sip_configure(&sip, p);
    (void)sip_find_for(&sip, &request);
    (void)sip_bind_address(&sip, "APPA", "USER", 60, true);
    (void)profile_port_allowed(p, true, 60, true, "APPA", "USER");
    for (unsigned i = 0; i < p->link_count; i++)
        (void)profile_link_mask(p, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    split(size > 0 ? (const char *)data : "", size);
    input.source = &source;
    input.symbol = symbol;
    input.message = line;
    lines = 0;
    STACK_ASSERT(profile_load(&profile, "PROFILE", &input) >= 0);
    /* with itself: sources, ports and routes that were just read, and what was deleted and perhaps defined again */
    STACK_ASSERT(profile_compare(&profile, &profile, NULL, NULL) <= 3u + 2u * profile.deleted_count);
    ask(&profile);
    STACK_ASSERT(profile_obey(&profile, &before, "OBEY", &input) >= 0);
    (void)profile_compare(&before, &profile, change, NULL);
    ask(&profile);
    STACK_ASSERT(profile_syntaxcheck(&scratch, "OBEY", &input) >= 0);
    ask(&scratch);
    STACK_ASSERT(!is_open && lines > 0);
    return 0;
}
