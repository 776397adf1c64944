/* MODDVIPA: an address of a VIPARANGE is made active, or goes.
 *
 *   S MODDVIPA,PGM=MODDVIPA,PARM='-p TCPIP -c 10.1.9.9'
 *
 * as the product's utility does with the ioctl SIOCSVIPA: -c creates the DVIPA, -d deletes it with its connections. -p names
 * the stack; an image has one, TCPIP. The job ends at once; its return code: 0 done, 4 it was active here already and can be
 * used, 8 not done. */
#include "stack/image/job.h"

#include <string.h>

#include "stack/base/text.h"

#define WORD_MAX 24

struct request {
    uint32_t address;
    bool create, delete;
};

/* The next word of *at. false: there is none. A word that is too long is cut: it is nothing that is known then. */
static bool next_word(const char **at, char word[WORD_MAX + 1])
{
    size_t length = 0;

    while (**at == ' ')
        ++*at;
    for (; **at != 0 && **at != ' '; ++*at)
        if (length < WORD_MAX)
            word[length++] = **at;
    word[length] = 0;
    return length > 0;
}

static bool parse(const char *text, struct request *request)
{
    char option[WORD_MAX + 1], value[WORD_MAX + 1];

    *request = (struct request){0};
    while (next_word(&text, option)) {
        bool create = strcmp(option, "-c") == 0, delete = strcmp(option, "-d") == 0;

        if (!next_word(&text, value))
            return false;
        if (strcmp(option, "-p") == 0 ? !text_equal(value, "TCPIP") : !(create || delete) || !text_parse_ip(value, &request->address))
            return false;
        request->create |= create;
        request->delete |= delete;
    }
    return request->create != request->delete;
}

static bool moddvipa_start(struct job *job, const struct operator_parameters *parameters)
{
    const char *text = operator_value(parameters, "PARM");
    struct request request;
    char address[16];

    if (!operator_check(parameters, "PGM USER PARM"))
        return false;
    if (text == NULL || !parse(text, &request)) {
        text_wto("CFS110E %s EXPECTED PARM='-p TCPIP -c ADDRESS' OR '-p TCPIP -d ADDRESS'", job->owner.job);
        return false;
    }
    enum vipa_result result = socket_dvipa(request.address, request.create);
    text_ip(address, request.address);
    if (result == VIPA_OK)
        text_wto("CFS111I %s DVIPA %s %s, RETURN CODE 0", job->owner.job, address, request.create ? "CREATED" : "DELETED");
    else if (result == VIPA_EXISTS)
        text_wto("CFS111I %s DVIPA %s IS ACTIVE ALREADY, RETURN CODE 4", job->owner.job, address);
    else
        text_wto("CFS112E %s DVIPA %s: %s, RETURN CODE 8", job->owner.job, address,
                 result == VIPA_NOT_IN_RANGE ? "NO VIPARANGE OF THIS STACK HOLDS IT"
                 : result == VIPA_UNKNOWN    ? "NOT MADE ACTIVE HERE BY A VIPARANGE"
                                             : "ANOTHER STATEMENT OR STACK HAS IT");
    return true;
}

static bool moddvipa_poll(struct job *job)
{
    (void)job;
    return false;
}

static void moddvipa_cancel(struct job *job)
{
    (void)job;
}

const struct program moddvipa_program = {
    .name = "MODDVIPA",
    .parameters = "PARM='-p TCPIP -c|-d address'",
    .start = moddvipa_start,
    .poll = moddvipa_poll,
    .cancel = moddvipa_cancel,
};
