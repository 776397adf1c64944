/* Runs the corpus of the fuzz target that it is linked with, a test a file; or the files that are named to it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fuzz/fuzz.h"

/* The file in memory of exactly its size, so that the sanitizer sees each byte beyond it. false: it cannot be read. */
static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    long size;
    int rc = -1;

    if (file == NULL)
        return rc;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        data = malloc((size_t)size + (size == 0));
        if (data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size)
            rc = LLVMFuzzerTestOneInput(data, (size_t)size);
        free(data);
    }
    (void)fclose(file);
    return rc;
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    char path[512];
    int count = argc > 1 ? argc - 1 : scandir(fuzz_corpus, &entries, is_file, alphasort), failed = 0;

    if (count <= 0) {
        printf("1..1\nnot ok 1 - %s holds no files\n", fuzz_corpus);
        return EXIT_FAILURE;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        if (argc > 1)
            (void)snprintf(path, sizeof path, "%s", argv[i + 1]);
        else
            (void)snprintf(path, sizeof path, "%s/%s", fuzz_corpus, entries[i]->d_name);
        int rc = replay(path);
        printf("%sok %d - %s\n", rc == 0 ? "" : "not ", i + 1, path);
        (void)fflush(stdout);
        failed += rc != 0;
        if (entries != NULL)
            free(entries[i]);
    }
    free(entries);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
