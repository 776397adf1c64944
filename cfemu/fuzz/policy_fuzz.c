/* Fuzz target: the text of a CFRM policy. Whatever it is, reading ends and refers to nothing that is not there; a file
 * without mistakes gives policies that cf_check() would pass, and that read the same when they are written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfemu/policy/cf_policy.h"
#include "tools/fuzz/fuzz.h"

const char fuzz_corpus[] = "cfemu/fuzz/corpus/policy";

static void require(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "policy_fuzz: %s\n", what);
    abort();
}

static void round_trip(const struct cf_policy *policy, FILE *report)
{
    char *text = NULL;
    size_t size = 0;
    struct cf_policy_file *again = calloc(1, sizeof *again);
    FILE *to = open_memstream(&text, &size);
    require(again && to, "out of memory");
    cf_policy_write(policy, to);
    fclose(to);
    require(cf_policy_read(text, size, "again", again, report) == 0 && again->count == 1, "what is written is not read");
    require(memcmp(policy, &again->policy[0], sizeof *policy) == 0, "what is written reads as something else");
    free(text);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_policy_file *file = calloc(1, sizeof *file);
    char *text = malloc(size + 1), *told = NULL;
    size_t told_size = 0;
    FILE *report = open_memstream(&told, &told_size);
    require(file && text && report, "out of memory");
    memcpy(text, data, size);
    char *exact = realloc(text, size > 0 ? size : 1);       /* so that the sanitizer sees overreads */
    unsigned mistakes = cf_policy_read(exact, size, "fuzz", file, report);
    require(mistakes == file->mistakes && file->count <= CF_POLICIES_MAX, "the count of mistakes or policies");
    for (unsigned i = 0; mistakes == 0 && i < file->count; i++) {
        require(cf_policy_valid(&file->policy[i]), "a policy without mistakes is not valid");
        round_trip(&file->policy[i], report);
    }
    fclose(report);
    require(mistakes == 0 || told_size > 0, "a mistake that nobody is told of");
    free(told);
    free(exact);
    free(file);
    return 0;
}
