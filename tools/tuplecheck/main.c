/* tuplecheck: does any 4-tuple in this capture belong to two images at once? */
#include <argp.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/tuplecheck/tuplecheck.h"

enum { ADDRESSES_MAX = 64 };    /* as many DVIPAs as a stack knows */

struct options {
    uint32_t addresses[ADDRESSES_MAX];
    size_t address_count;
    unsigned shown;
    bool json;
    const char **files;
    size_t file_count;
};

static const char doc[] =
    "Read captures of a cluster's traffic and report every 4-tuple that two images had open at once.\v"
    "FILE is pcap or pcapng with Ethernet frames; several are read in order of time as one capture. Images are told apart "
    "by the MAC address they send from.\n\n"
    "Exit code: 0 every 4-tuple was unique, 1 a collision was found, 2 the captures do not allow a verdict, 64 wrong usage.";

static const struct argp_option argp_options[] = {
    { "dvipa", 'd', "ADDRESS", 0, "An address of the cluster (repeatable); without it the side that sends the first SYN of "
      "a connection is taken for the cluster", 0 },
    { "show", 'n', "COUNT", 0, "List at most so many collisions (default 10)", 0 },
    { "json", 'j', NULL, 0, "Report as JSON", 0 },
    { 0 },
};

static void add_address(struct options *o, const char *text, struct argp_state *state)
{
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1)
        argp_error(state, "--dvipa %s: expected an IPv4 address such as 10.1.9.1", text);
    if (o->address_count == ADDRESSES_MAX)
        argp_error(state, "--dvipa %s: at most %d addresses", text, ADDRESSES_MAX);
    o->addresses[o->address_count++] = ntohl(address.s_addr);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    switch (key) {
    case 'd':
        add_address(o, argument, state);
        return 0;
    case 'n':
        o->shown = (unsigned)strtoul(argument, &end, 10);
        if (*end || end == argument)
            argp_error(state, "--show %s: expected a number", argument);
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        o->files[o->file_count++] = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "expected a capture file");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_json(const struct tuplecheck *t, unsigned shown)
{
    cJSON *json = tuplecheck_json(t, shown);
    char *text = json ? cJSON_Print(json) : NULL;
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(json);
}

int main(int argc, char **argv)
{
    static const struct argp argp = { argp_options, parse, "FILE...", doc, NULL, NULL, NULL };
    struct options options = { .shown = 10 };
    options.files = calloc((size_t)argc, sizeof *options.files);
    if (!options.files)
        return VERDICT_UNKNOWN;
    argp_err_exit_status = 64;
    argp_parse(&argp, argc, argv, 0, NULL, &options);

    struct tuplecheck t;
    tuplecheck_files(&t, options.files, options.file_count, options.addresses, options.address_count);
    if (options.json)
        print_json(&t, options.shown);
    else
        tuplecheck_print(&t, stdout, options.shown, isatty(STDOUT_FILENO));
    enum verdict verdict = tuplecheck_verdict(&t);
    tuplecheck_free(&t);
    free(options.files);
    return verdict;
}
