/* The library of the guest tests. See gt.h. */
#include "guest-tests/lib/gt.h"

#include "stack/base/text.h"
#include "stack/image/fault.h"
#include "stack/image/loop.h"
#include "stack/image/waitcode.h"

static unsigned results;

void gt_start(void)
{
    image_start();
}

bool gt_check(bool ok, const char *format, ...)
{
    char text[WTO_MAX];
    va_list arguments;

    va_start(arguments, format);
    text_vformat(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_wto("%sok %u - %s", ok ? "" : "not ", ++results, text);
    return ok;
}

void gt_note(const char *format, ...)
{
    char text[WTO_MAX];
    va_list arguments;

    va_start(arguments, format);
    text_vformat(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_wto("# %s", text);
}

_Noreturn void gt_end(void)
{
    char plan[16];

    text_format(plan, sizeof(plan), "1..%u", results);
    fault_stop(WAIT_QUIESCED, plan);
}
