/* sysplex status: what a Sysplex that is up says of itself, as text or as the JSON it came as. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sysplex/client.h"
#include "tools/sysplex/exits.h"
#include "tools/sysplex/subcommand.h"
#include "tools/sysplex/tell.h"

struct shown {
    bool json, colours;
    cJSON *array;               /* of all that are up, for JSON */
    int code;
};

static const char *text_of(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return text ? text : "";
}

static double number_of(const cJSON *o, const char *key)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(number) ? number->valuedouble : 0;
}

static const char *colour_of(const struct shown *s, const char *state)
{
    if (!s->colours)
        return "";
    return strcmp(state, "ready") == 0 ? "\033[32m" : strcmp(state, "booting") == 0 || strcmp(state, "halted") == 0 ? "\033[33m" : "\033[31m";
}

static void print_systems(const struct shown *s, const cJSON *status)
{
    const cJSON *system;
    printf("\n%-8s %6s  %-13s %8s %10s %9s\n", "SYSTEM", "NUMBER", "STATE", "LOAD", "MEMORY", "IPL");
    cJSON_ArrayForEach(system, cJSON_GetObjectItemCaseSensitive(status, "systems")) {
        const char *state = text_of(system, "state");
        printf("%-8s %6.0f  %s%-13s%s", text_of(system, "name"), number_of(system, "number"), colour_of(s, state), state,
               s->colours ? "\033[0m" : "");
        if (cJSON_HasObjectItem(system, "pid"))
            printf(" %6.1f %% %6.0f MiB %7.2f s", number_of(system, "cpu_percent"), number_of(system, "memory_kib") / 1024,
                   number_of(system, "ready_ms") / 1000);
        putchar('\n');
    }
}

static void print_facilities(const struct shown *s, const cJSON *status)
{
    const cJSON *cf, *structure;
    printf("\n%-8s %10s %10s  %s\n", "CF", "SIZE", "FREE", "STRUCTURES (REQUESTS)");
    cJSON_ArrayForEach(cf, cJSON_GetObjectItemCaseSensitive(status, "cfs")) {
        printf("%-8s %6.0f MiB %6.0f MiB ", text_of(cf, "name"), number_of(cf, "size") / 1048576, number_of(cf, "free") / 1048576);
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(cf, "failed")))
            printf(" %sfailed%s", s->colours ? "\033[31m" : "", s->colours ? "\033[0m" : "");
        cJSON_ArrayForEach(structure, cJSON_GetObjectItemCaseSensitive(cf, "structures"))
            printf(" %s(%.0f)", text_of(structure, "name"), number_of(structure, "requests"));
        putchar('\n');
    }
}

static void show(void *context, const cJSON *status)
{
    struct shown *s = context;
    if (s->json) {
        cJSON_AddItemToArray(s->array, cJSON_Duplicate(status, true));
        return;
    }
    printf("%s: sysplex %s, up %.0f s, CLUSTERPORTS %s, process %.0f\n", text_of(status, "name"), text_of(status, "sysplex"),
           number_of(status, "up_seconds"), text_of(status, "clusterports"), number_of(status, "pid"));
    printf("directory %s\n", text_of(status, "directory"));
    if (*text_of(status, "capture"))
        printf("capture   %s\n", text_of(status, "capture"));
    print_systems(s, status);
    print_facilities(s, status);
}

static int show_one(struct client *client, struct shown *s)
{
    const struct client_taker taker = { .status = show, .context = s };
    int code = client_connect(client);
    code = code < 0 ? EXIT_NOT_RUN : client_do(client, client_request("status", NULL, NULL), &taker);
    client_close(client);
    return code;
}

static int show_each(void *context, const char *name, const char *path)
{
    struct shown *s = context;
    static bool another;
    struct client client = { .fd = -1 };
    (void)name;
    snprintf(client.rundir.path, sizeof client.rundir.path, "%s", path);
    if (another && !s->json)
        putchar('\n');
    another = true;
    int code = show_one(&client, s);
    s->code = code > s->code ? code : s->code;
    return 0;
}

int subcommand_status(int argc, char **argv)
{
    struct words w = { .max = 0 };
    struct client client = { .fd = -1 };
    struct shown s = { .colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"), .array = cJSON_CreateArray() };
    words_parse(&w, argc, argv, "j", "",
                "Show systems with their state and load, and coupling facilities with their structures, of each Sysplex that is up.\v"
                "LOAD is of one processor since the last look or sample, at most 10 s ago. --json prints an array; its members are described in "
                "tools/sysplex/statistics.h.\n\nExit code: 0 shown, 2 none is up, or not the one asked for, 64 wrong usage.\n\nExample:\n  sysplex status --json");
    s.json = w.json;
    if (rundir_find_build(&client.rundir) < 0 || (w.name && rundir_find(&client.rundir, w.name) < 0))
        s.code = EXIT_NOT_RUN;
    else if (w.name)
        s.code = show_one(&client, &s);
    else if (rundir_each(&client.rundir, show_each, &s) == 0)
        s.code = rundir_find(&client.rundir, NULL) < 0 ? EXIT_NOT_RUN : EXIT_AS_EXPECTED;      /* tells that there is none */
    char *text = w.json && s.code == EXIT_AS_EXPECTED ? cJSON_Print(s.array) : NULL;
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(s.array);
    return s.code;
}
