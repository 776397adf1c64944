/* Fuzz target of tuplecheck: any file as a capture. It is read, judged and reported in every form; the sums must agree. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/fuzz/fuzz.h"
#include "tools/tuplecheck/tuplecheck.h"

const char fuzz_corpus[] = "tools/fuzz/corpus/capture";

#define MUST(condition)                                                             \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                \
        }                                                                           \
    } while (0)

static void check_sums(const struct tuplecheck *t)
{
    const struct tally *all = &t->flows.total;
    uint64_t opened = 0, open = 0, udp = 0, packets = 0;
    for (uint32_t i = 0; i < t->flows.senders.count; i++) {
        opened += t->flows.senders.tallies[i]->opened;
        open += t->flows.senders.tallies[i]->open;
        udp += t->flows.senders.tallies[i]->udp_flows;
    }
    for (int kind = 0; kind < PACKET_KINDS; kind++)
        packets += t->kinds[kind];
    MUST(packets == t->packets);
    MUST(opened == all->opened && open == all->open && udp == all->udp_flows);
    MUST(all->opened == all->completed + all->refused + all->reset + all->abandoned + all->open);
    MUST(t->flows.collision_count <= all->opened + all->udp_flows);
    MUST(t->flows.reuse.accepted + t->flows.reuse.challenged + t->flows.reuse.refused <= t->flows.reuse.early);
}

static void report(struct tuplecheck *t)
{
    FILE *out = fopen("/dev/null", "w");
    MUST(out);
    tuplecheck_print(t, out, 10, true);
    plot_svg(&t->flows, tuplecheck_sender, t, out);
    fclose(out);
    cJSON *json = tuplecheck_json(t, 10);
    char *text = cJSON_PrintUnformatted(json);
    MUST(text);
    free(text);
    cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tuplecheck t;
    char path[32];
    const char *files[] = { path, path };
    int fd = memfd_create("capture", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (size_t count = 1; count <= 2; count++) {
        const struct flow_options options = { .memory = count == 2 ? 4 << 20 : 0 };
        tuplecheck_files(&t, files, count, &options);
        check_sums(&t);
        report(&t);
        tuplecheck_free(&t);
    }
    close(fd);
    return 0;
}
