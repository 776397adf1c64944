/* sim: the sysplex in one process, seed after seed. See sim.h, and sim --help. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "stack/sim/sim.h"

#define TRACE_STEPS 2000u       /* before a violation that are looked at for its trace */
#define SHRINK_SEEDS 6u         /* that are tried with less of everything */
#define PROGRESS_S 5

static const char *const stores[] = {
    [STORE_BITMAP] = "bitmap", [STORE_REVERSED] = "reversed", [STORE_LISTS] = "lists", [STORE_CRHT] = "crht",
    [STORE_BROADCAST] = "broadcast", [STORE_DISTRIBUTOR] = "distributor", [STORE_CLUSTERWIDE] = "clusterwide", NULL,
};
static const char *const breaks[] = {
    [BREAK_NOTHING] = "nothing", [BREAK_LOCK] = "lock", [BREAK_UNLOCK] = "unlock", [BREAK_STALE] = "stale",
    [BREAK_WRITE] = "write", NULL,
};
static const char *const faults[] = { "kill", "hang", "fence", "delay", "busy", "loss", "profile", "live", "bind", "move",
                                     "duplex", NULL };

struct request {
    struct sim_options options;
    uint64_t first, last;               /* seeds */
    bool json, trace, shrink;
    unsigned lines;                     /* of the trace of a violation */
};

/* --- options ----------------------------------------------------------------------------------------------------------- */

static const struct argp_option argp_options[] = {
    { "seed", 's', "N[-M]", 0, "seed, or seeds from N to M (1-10)", 0 },
    { "steps", 'n', "N", 0, "steps of each seed (10000)", 0 },
    { "stacks", 'k', "N", 0, "2 to 8 stacks, whatever the seed says", 0 },
    { "facilities", 'F', "N", 0, "1 or 2 coupling facilities (1); of two one is lost, comes back, structures are moved and duplexed", 0 },
    { "keeper", 'K', "NAME", 0, "bitmap, reversed, lists, crht, broadcast, distributor, clusterwide", 0 },
    { "faults", 'f', "LIST", 0, "only these, with commas between them: kill, hang, fence, delay, busy, loss, profile, live, bind, move, duplex", 0 },
    { "break", 'b', "WHAT", 0, "break the way to the coupling facility: lock (none is obtained), unlock (now and then a "
                               "release is lost), stale (a read gets old data), write (one is lost)", 0 },
    { "trace", 't', NULL, 0, "print all that happens; one seed", 0 },
    { "lines", 'l', "N", 0, "lines of the trace of a violation (60)", 0 },
    { "no-shrink", 'S', NULL, 0, "take a violation as it is", 0 },
    { "json", 'j', NULL, 0, "report as JSON", 0 },
    { 0 },
};

static uint64_t number(struct argp_state *state, const char *text, const char *what, uint64_t low, uint64_t high)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || value < low || value > high)
        argp_error(state, "%s is %s, a number from %llu to %llu was expected", what, text, (unsigned long long)low,
                   (unsigned long long)high);
    return value;
}

static int word(struct argp_state *state, const char *text, const char *what, const char *const *words)
{
    char all[160] = "";

    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", words[i]);
    }
    argp_error(state, "%s %s: expected one of %s", what, text, all);
    return 0;
}

static void take_seeds(struct argp_state *state, struct request *r, char *text)
{
    char *dash = strchr(text, '-');

    if (dash)
        *dash = 0;
    r->first = r->last = number(state, text, "the seed", 0, INT64_MAX);
    if (dash)
        r->last = number(state, dash + 1, "the last seed", r->first, INT64_MAX);
}

static error_t take(int key, char *value, struct argp_state *state)
{
    struct request *r = state->input;

    switch (key) {
    case 's':
        take_seeds(state, r, value);
        break;
    case 'n':
        r->options.steps = number(state, value, "the number of steps", 1, 1ull << 40);
        break;
    case 'k':
        r->options.stacks = (unsigned)number(state, value, "the number of stacks", 2, SIM_STACKS_MAX);
        break;
    case 'F':
        r->options.facilities = (unsigned)number(state, value, "the number of coupling facilities", 1, SIM_FACILITIES);
        break;
    case 'K':
        r->options.store = word(state, value, "keeper", stores);
        break;
    case 'f':
        r->options.faults = 0;
        for (char *one = strtok(value, ","); one; one = strtok(NULL, ","))
            r->options.faults |= 1u << word(state, one, "fault", faults);
        break;
    case 'b':
        r->options.broken = (enum simulator_break)word(state, value, "--break", breaks);
        break;
    case 't':
        r->trace = true;
        break;
    case 'l':
        r->lines = (unsigned)number(state, value, "the number of lines", 1, 100000);
        break;
    case 'S':
        r->shrink = false;
        break;
    case 'j':
        r->json = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: there are no arguments, only options", value);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* --- a violation -------------------------------------------------------------------------------------------------------- */

static void put_faults(char *text, size_t size, unsigned mask)
{
    size_t used = 0;

    text[0] = 0;
    for (unsigned i = 0; faults[i]; i++)
        if (mask & 1u << i)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", faults[i]);
}

/* The command that does it again. */
static void put_command(char *text, size_t size, const struct sim_options *o)
{
    char list[80];
    int used = snprintf(text, size, "make sim SEED=%llu STEPS=%llu", (unsigned long long)o->seed, (unsigned long long)o->steps);

    if (o->stacks)
        used += snprintf(text + used, size - (size_t)used, " STACKS=%u", o->stacks);
    if (o->facilities != 1)
        used += snprintf(text + used, size - (size_t)used, " FACILITIES=%u", o->facilities);
    if (o->store >= 0)
        used += snprintf(text + used, size - (size_t)used, " KEEPER=%s", stores[o->store]);
    if (o->broken)
        used += snprintf(text + used, size - (size_t)used, " BREAK=%s", breaks[o->broken]);
    if (o->faults != SIM_ALL_FAULTS) {
        put_faults(list, sizeof list, o->faults);
        snprintf(text + used, size - (size_t)used, " FAULTS=%s", list);
    }
}

/* As many steps as it needs: what is found in the last audit comes after them. */
static void cut(struct sim_options *o, const struct sim_result *found)
{
    if (found->step < o->steps)
        o->steps = found->step;
}

/* Try with other options; they are taken over if that violates something after fewer steps. */
static bool try(struct sim_options *best, struct sim_result *found, struct sim_options candidate)
{
    for (unsigned i = 0; i < SHRINK_SEEDS; i++, candidate.seed++) {
        struct sim_result r = sim_run(&candidate);

        if (!r.violated || r.step >= found->step)
            continue;
        *best = candidate;
        cut(best, &r);
        *found = r;
        return true;
    }
    return false;
}

/* Fewer stacks, fewer kinds of fault, for as long as that leads to a violation sooner. */
static void shrink(struct sim_options *best, struct sim_result *found)
{
    bool smaller = true;

    for (unsigned round = 0; smaller && round < 8; round++) {
        struct sim_options candidate = *best;

        smaller = false;
        for (candidate.stacks = 2; candidate.stacks < found->stacks && !smaller; candidate.stacks++)
            smaller = try(best, found, candidate);
        for (unsigned kind = 1; kind < SIM_ALL_FAULTS; kind *= 2) {
            candidate = *best;
            candidate.faults &= ~kind;
            if (best->faults & kind)
                smaller = try(best, found, candidate) || smaller;
        }
    }
}

/* --- the trace of its end: the run is repeated, its output goes through here -------------------------------------------------- */

static void print_end(struct sim_options o, unsigned lines)
{
    char **ring = calloc(lines, sizeof *ring);
    FILE *trace = tmpfile();
    size_t capacity = 0;
    uint64_t count = 0;

    if (!ring || !trace) {
        perror("sim: trace");
        exit(2);
    }
    fflush(stdout);
    int out = dup(STDOUT_FILENO);
    dup2(fileno(trace), STDOUT_FILENO);
    o.trace_from = o.steps > TRACE_STEPS ? o.steps - TRACE_STEPS : 0;
    (void)sim_run(&o);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    rewind(trace);
    for (char *line = NULL; getline(&line, &capacity, trace) > 0; line = NULL, capacity = 0) {
        free(ring[count % lines]);
        ring[count++ % lines] = line;
    }
    for (uint64_t i = count > lines ? count - lines : 0; i < count; i++)
        fputs(ring[i % lines], stdout);
    for (unsigned i = 0; i < lines; i++)
        free(ring[i]);
    free(ring);
    fclose(trace);
}

static void report_violation(const struct request *r, struct sim_options o, struct sim_result found)
{
    char command[256];

    cut(&o, &found);
    put_command(command, sizeof command, &o);
    printf("VIOLATION  seed %llu, step %llu: %s\n", (unsigned long long)o.seed, (unsigned long long)found.step, found.what);
    printf("           %u stacks, keeper %s, %.1f s of virtual time\n           again: %s\n", found.stacks, stores[found.store],
           (double)found.virtual_us / 1e6, command);
    if (r->shrink) {
        shrink(&o, &found);
        put_command(command, sizeof command, &o);
        printf("smallest   seed %llu, step %llu: %s\n           %u stacks\n           again: %s\n", (unsigned long long)o.seed,
               (unsigned long long)found.step, found.what, found.stacks, command);
    }
    printf("its end:\n");
    print_end(o, r->lines);
}

/* --- all seeds --------------------------------------------------------------------------------------------------------- */

struct total {
    uint64_t seeds, steps, virtual_us;
    struct sim_result sum;
    double seconds;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add(struct total *total, const struct sim_result *r)
{
    total->seeds++;
    total->steps += r->step;
    total->virtual_us += r->virtual_us;
    total->sum.connections += r->connections;
    total->sum.refused += r->refused;
    total->sum.kills += r->kills;
    total->sum.hangs += r->hangs;
    total->sum.fences += r->fences;
    total->sum.ipls += r->ipls;
    total->sum.audits += r->audits;
    total->sum.obeys += r->obeys;
    total->sum.losses += r->losses;
    total->sum.rebuilds += r->rebuilds;
}

static void report(const struct total *t)
{
    const struct sim_result *s = &t->sum;

    printf("%llu steps over %llu seeds in %.1f s, %.0f s of virtual time: no violation\n", (unsigned long long)t->steps,
           (unsigned long long)t->seeds, t->seconds, (double)t->virtual_us / 1e6);
    printf("%llu connections, %llu refused; %llu killed, %llu stopped, %llu fenced, %llu IPLs, %llu facilities lost,\n"
           "%llu ends of rebuilds, %llu profiles changed, %llu audits\n",
           (unsigned long long)s->connections, (unsigned long long)s->refused, (unsigned long long)s->kills,
           (unsigned long long)s->hangs, (unsigned long long)s->fences, (unsigned long long)s->ipls,
           (unsigned long long)s->losses, (unsigned long long)s->rebuilds, (unsigned long long)s->obeys, (unsigned long long)s->audits);
}

static void report_json(const struct total *t, const struct sim_options *violated, const struct sim_result *found)
{
    const struct { const char *name; uint64_t value; } counts[] = {
        { "seeds", t->seeds }, { "steps", t->steps }, { "connections", t->sum.connections }, { "refused", t->sum.refused },
        { "killed", t->sum.kills }, { "stopped", t->sum.hangs }, { "fenced", t->sum.fences }, { "ipls", t->sum.ipls },
        { "facilities_lost", t->sum.losses }, { "rebuilds", t->sum.rebuilds },
        { "profiles_changed", t->sum.obeys }, { "audits", t->sum.audits },
    };
    cJSON *root = cJSON_CreateObject();

    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++)
        cJSON_AddNumberToObject(root, counts[i].name, (double)counts[i].value);
    cJSON_AddNumberToObject(root, "seconds", t->seconds);
    cJSON_AddNumberToObject(root, "virtual_seconds", (double)t->virtual_us / 1e6);
    cJSON_AddBoolToObject(root, "violation", violated != NULL);
    if (violated) {
        cJSON_AddNumberToObject(root, "seed", (double)violated->seed);
        cJSON_AddNumberToObject(root, "step", (double)found->step);
        cJSON_AddNumberToObject(root, "stacks", found->stacks);
        cJSON_AddStringToObject(root, "keeper", stores[found->store]);
        cJSON_AddStringToObject(root, "what", found->what);
    }
    char *text = cJSON_Print(root);
    puts(text ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}

static void progress(const struct total *t, const struct request *r, double *told_s)
{
    double now = now_s();

    if (now - *told_s < PROGRESS_S)
        return;
    *told_s = now;
    fprintf(stderr, "seed %llu of %llu, %llu steps\n", (unsigned long long)(r->first + t->seeds), (unsigned long long)r->last,
            (unsigned long long)t->steps);
}

/* The segment goes with the process, however that ends. Only what a signal handler may do. */
static void on_end(int sig)
{
    sim_cf_remove();
    signal(sig, SIG_DFL);
    raise(sig);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = argp_options, .parser = take,
        .doc = "Simulate a sysplex: whole TCP/IP stacks and a coupling facility in one process, on virtual time, with systems "
               "that are killed, stopped and fenced in the middle of any step.\v"
               "After each step a model outside of the code looks whether a port has two owners; in quiet times all are counted. A violation is shown with the steps before it, "
               "after the seed has been tried with less of everything.\n\n"
               "Exit code: 0 no violation, 1 a violation, 2 it cannot run, 64 wrong usage.\n\n"
               "Examples:\n"
               "  sim --seed 1-100\n"
               "  sim --seed 803 --trace\n"
               "  sim --keeper crht --facilities 2 --steps 100000 --json",
    };
    struct request r = { .options = { .steps = 10000, .facilities = 1, .store = -1, .faults = SIM_ALL_FAULTS, .trace_from = UINT64_MAX },
                         .first = 1, .last = 10, .shrink = true, .lines = 60 };
    struct total total = { 0 };
    static const int ends[] = { SIGINT, SIGTERM, SIGSEGV, SIGBUS, SIGABRT };

    argp_parse(&argp, argc, argv, 0, NULL, &r);
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++)
        signal(ends[i], on_end);
    if (r.trace)
        r.options.trace_from = 0;
    double started = now_s(), told = started;
    for (r.options.seed = r.first; r.options.seed <= r.last; r.options.seed++) {
        struct sim_result found = sim_run(&r.options);

        add(&total, &found);
        total.seconds = now_s() - started;
        if (found.violated) {
            r.options.trace_from = UINT64_MAX;
            if (r.json)
                report_json(&total, &r.options, &found);
            else
                report_violation(&r, r.options, found);
            return 1;
        }
        progress(&total, &r, &told);
    }
    if (r.json)
        report_json(&total, NULL, NULL);
    else
        report(&total);
    return 0;
}
