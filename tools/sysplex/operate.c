/* The subcommands that make one request of a Sysplex that is up, and show the answer. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/sysplex/client.h"
#include "tools/sysplex/control.h"
#include "tools/sysplex/definition.h"
#include "tools/sysplex/exits.h"
#include "tools/sysplex/subcommand.h"
#include "tools/sysplex/tell.h"

#define EXIT_CODES "\n\nExit code: 0 done, 1 refused by the system, 2 it could not be done, 64 wrong usage."

/* --- answers -------------------------------------------------------------------------------------------------------- */

static void print_line(void *context, const char *system, const char *line)
{
    (void)context, (void)system;
    puts(line);
    fflush(stdout);
}

/* Answers of several systems come at the same time: they are shown one after the other. */
struct answers {
    struct {
        char system[DEFINED_NAME_SIZE];
        char *text;
        size_t size;
        FILE *out;
    } of[DEFINED_SYSTEMS_MAX];
    unsigned count;
};

static void collect_line(void *context, const char *system, const char *line)
{
    struct answers *a = context;
    unsigned i = 0;
    while (i < a->count && strcmp(a->of[i].system, system) != 0)
        i++;
    if (i == DEFINED_SYSTEMS_MAX)
        return;
    if (i == a->count) {
        snprintf(a->of[i].system, sizeof a->of[i].system, "%s", system);
        a->of[i].out = open_memstream(&a->of[i].text, &a->of[i].size);
        a->count++;
    }
    if (a->of[i].out)
        fprintf(a->of[i].out, "%-8s %s\n", system, line);
}

static int by_system(const void *one, const void *other)
{
    return strcmp(one, other);          /* the name is the first member */
}

static void print_answers(struct answers *a)
{
    for (unsigned i = 0; i < a->count; i++)
        if (a->of[i].out)
            fclose(a->of[i].out);
    qsort(a->of, a->count, sizeof a->of[0], by_system);
    for (unsigned i = 0; i < a->count; i++) {
        fputs(a->of[i].text ? a->of[i].text : "", stdout);
        free(a->of[i].text);
    }
}

/* Make the request, show what is answered. */
static int make(const struct words *w, cJSON *request, bool several)
{
    struct client client;
    struct answers answers = { 0 };
    const struct client_taker one = { print_line, NULL, NULL }, all = { collect_line, NULL, &answers };
    if (client_open(&client, w->name) < 0) {
        cJSON_Delete(request);
        return EXIT_NOT_RUN;
    }
    int code = client_do(&client, request, several ? &all : &one);
    print_answers(&answers);
    client_close(&client);
    return code;
}

/* --- operator commands ---------------------------------------------------------------------------------------------- */

static cJSON *command_request(const struct words *w, const char *text)
{
    cJSON *request = client_request("command", "system", w->word[0]);
    cJSON_AddStringToObject(request, "text", text);
    if (w->await)
        cJSON_AddStringToObject(request, "await", w->await);
    if (w->seconds > 0)
        cJSON_AddNumberToObject(request, "seconds", w->seconds);
    return request;
}

/* The words from first on with a separator between them. */
static void join(const struct words *w, unsigned first, const char *separator, char *text, size_t size)
{
    size_t length = strlen(text);
    for (unsigned i = first; i < w->count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", i > first ? separator : "", w->word[i]);
}

static int command(const struct words *w, const char *text)
{
    if (strlen(text) > COMMAND_LINE_MAX) {
        tell_error("%s: expected a command of at most %d characters, this has %zu", text, COMMAND_LINE_MAX, strlen(text));
        return EXIT_USAGE;
    }
    return make(w, command_request(w, text), strcasecmp(w->word[0], "all") == 0);
}

int subcommand_cmd(int argc, char **argv)
{
    struct words w = { .min = 2, .max = SUBCOMMAND_WORDS_MAX };
    char text[512] = "";
    words_parse(&w, argc, argv, "ws", "SYSTEM|all COMMAND...",
                "Give a system an operator command and show its answer.\vThe words of COMMAND are joined by blanks; put it in quotation "
                "marks if it contains any. HELP is the command that lists them.\n\nExamples:\n"
                "  sysplex cmd MVS2 D TCPIP,,NETSTAT,VIPADCFG\n  sysplex cmd all D A,L\n"
                "  sysplex cmd MVS1 --wait 'APPA - ENDED' S APPA,PGM=CONNGEN,DEST=10.1.0.100,N=100" EXIT_CODES);
    join(&w, 1, " ", text, sizeof text);
    return command(&w, text);
}

int subcommand_start(int argc, char **argv)
{
    struct words w = { .min = 2, .max = SUBCOMMAND_WORDS_MAX };
    char text[512] = "S ";
    words_parse(&w, argc, argv, "ws", "SYSTEM|all JOB [KEYWORD=VALUE...]",
                "Start a job: the command S JOB,KEYWORD=VALUE,...\vPrograms are CONNGEN, which opens connections, and HTTPD, a server.\n\n"
                "Example:\n  sysplex start MVS2 APPA PGM=CONNGEN DEST=10.1.0.100 N=2000 HOLD=100 --wait 'APPA - ENDED'" EXIT_CODES);
    join(&w, 1, ",", text, sizeof text);
    return command(&w, text);
}

int subcommand_obey(int argc, char **argv)
{
    struct words w = { .min = 2, .max = 2 };
    char path[PATH_MAX];
    words_parse(&w, argc, argv, "", "SYSTEM FILE",
                "Change a running PROFILE.TCPIP: load FILE into the system's card reader and give it V TCPIP,,OBEYFILE.\v"
                "The member is named like the file, NAME.profile; any other file becomes OBEY.\n\nExample:\n  sysplex obey MVS1 more.profile" EXIT_CODES);
    if (!realpath(w.word[1], path)) {
        tell_error("%s: %s", w.word[1], strerror(errno));
        return EXIT_NOT_RUN;
    }
    cJSON *request = client_request("obey", "system", w.word[0]);
    cJSON_AddStringToObject(request, "file", path);
    return make(&w, request, false);
}

/* --- systems -------------------------------------------------------------------------------------------------------- */

static int system_request(int argc, char **argv, const char *request_name, const char *options, const char *doc)
{
    struct words w = { .min = 1, .max = 1 };
    words_parse(&w, argc, argv, options, "SYSTEM", doc);
    cJSON *request = client_request(request_name, "system", w.word[0]);
    cJSON_AddBoolToObject(request, "force", w.force);
    return make(&w, request, false);
}

int subcommand_kill(int argc, char **argv)
{
    return system_request(argc, argv, "kill", "",
                          "Kill the emulator of a system with SIGKILL: the system fails.\vThe others find out, partition it out of the "
                          "sysplex and recover its ports. `sysplex ipl` brings it back.\n\nExample:\n  sysplex kill MVS3" EXIT_CODES);
}

int subcommand_stop(int argc, char **argv)
{
    return system_request(argc, argv, "stop", "",
                          "End a system in order: Z EOD. Returns when it has halted.\v`sysplex ipl` brings it back.\n\nExample:\n  sysplex stop MVS3" EXIT_CODES);
}

int subcommand_ipl(int argc, char **argv)
{
    return system_request(argc, argv, "ipl", "f",
                          "IPL a system that has halted, failed or been killed. Returns when it is ready.\v"
                          "--force does it to a system that is active, too, as a system reset.\n\nExample:\n  sysplex ipl MVS3" EXIT_CODES);
}

int subcommand_vary(int argc, char **argv)
{
    struct words w = { .min = 2, .max = 2 };
    words_parse(&w, argc, argv, "", "SYSTEM offline",
                "Remove a system from the sysplex: V XCF,SYSTEM,OFFLINE, given to another system.\vReturns when it has been partitioned "
                "out. `sysplex ipl --force` brings it back.\n\nExample:\n  sysplex vary MVS3 offline" EXIT_CODES);
    if (strcasecmp(w.word[1], "offline") != 0) {
        tell_error("%s: expected offline", w.word[1]);
        return EXIT_USAGE;
    }
    return make(&w, client_request("vary", "system", w.word[0]), false);
}

/* --- the Sysplex ---------------------------------------------------------------------------------------------------- */

int subcommand_capture(int argc, char **argv)
{
    struct words w = { .min = 1, .max = 1 };
    words_parse(&w, argc, argv, "", "start|stop",
                "Begin or end a capture of all packets that the outside server sends and receives.\vThe file is told; it is for tuplecheck, "
                "tcpdump or Wireshark.\n\nExample:\n  sysplex capture start\n\nFiles:\n  capture.pcap, then capture-2.pcap, ... of the run directory\n"
                "  capture.images  who sends in it, for tuplecheck --images" EXIT_CODES);
    bool start = strcmp(w.word[0], "start") == 0;
    if (!start && strcmp(w.word[0], "stop") != 0) {
        tell_error("%s: expected start or stop", w.word[0]);
        return EXIT_USAGE;
    }
    cJSON *request = client_request("capture", NULL, NULL);
    cJSON_AddBoolToObject(request, "start", start);
    return make(&w, request, false);
}

int subcommand_down(int argc, char **argv)
{
    struct words w = { .max = 0 };
    words_parse(&w, argc, argv, "f", "",
                "Take a Sysplex down: Z EOD on all systems, then the end of everything.\vNothing is left but its run directory.\n\nExample:\n  sysplex down --name PLEX2" EXIT_CODES);
    cJSON *request = client_request("down", NULL, NULL);
    cJSON_AddBoolToObject(request, "force", w.force);
    return make(&w, request, false);
}
