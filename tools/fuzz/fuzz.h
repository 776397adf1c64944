/* A fuzz target: clang's libFuzzer calls it (make fuzz), replay.c runs its corpus as a test (make check). */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Any bytes. It returns 0, or finds something wrong and does not return. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The folder of its corpus, from the root of the repository. */
extern const char fuzz_corpus[];

#endif
