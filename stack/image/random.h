/* Random numbers of an image. */
#ifndef IMAGE_RANDOM_H
#define IMAGE_RANDOM_H

#include <stdint.h>

void random_init(void);

/* Stir in something that others cannot know exactly: when an interruption came. */
void random_stir(uint64_t value);

uint64_t random_next(void);

#endif
