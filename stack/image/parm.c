/* IPL parameters. See parm.h. */
#include "stack/image/parm.h"

#include <string.h>

#include "stack/base/text.h"
#include "stack/image/cpu.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t word_length(const char *word, const char *end)
{
    size_t length = 0;

    while (word + length < end && word[length] != 0 && !is_blank(word[length]))
        length++;
    return length;
}

bool parm_value(const char *keyword, char *value, size_t size)
{
    const char *at = (const char *)(uintptr_t)lowcore(IPL_PARM);
    const char *end = at + IPL_PARM_MAX;
    size_t key = strlen(keyword);

    while (at < end && *at != 0) {
        size_t length = word_length(at, end);

        if (length > key && strncmp(at, keyword, key) == 0 && at[key] == '=' && length - key <= size) {
            memcpy(value, at + key + 1, length - key - 1);
            value[length - key - 1] = 0;
            return true;
        }
        at += length > 0 ? length : 1;
    }
    return false;
}

const char *parm_read(struct ipl_parm *parm)
{
    char number[4];
    uint32_t sysnum;

    if (!parm_value("SYSNAME", parm->sysname, sizeof(parm->sysname)) || parm->sysname[0] == 0)
        return "SYSNAME= MUST GIVE 1 TO 8 CHARACTERS";
    if (!parm_value("SYSPLEX", parm->sysplex, sizeof(parm->sysplex)) || parm->sysplex[0] == 0)
        return "SYSPLEX= MUST GIVE 1 TO 8 CHARACTERS";
    if (!parm_value("SYSNUM", number, sizeof(number)) || !text_parse_u32(number, SYSTEMS_MAX, &sysnum) || sysnum == 0)
        return "SYSNUM= MUST BE 1 TO 32";
    parm->sysnum = sysnum;
    return NULL;
}
