/* Models as compressed frames: the history that one can step back through, and recordings.
 *
 *   recording   "CFDASH03", then frame after frame        frame   4 bytes length of the compressed model
 *                                                                 4 bytes CRC-32 of it      (both big-endian)
 *                                                                 zlib stream of the model
 *
 * A recording is for the same build of this program: the first frame's size and the CRC tell. */
#ifndef CFDASH_FRAMES_H
#define CFDASH_FRAMES_H

#include <stddef.h>
#include <stdio.h>

#include "tools/cfdash/model.h"

struct frames;

/* History of at most `count` models and `bytes` compressed bytes; the oldest are dropped. NULL: no memory. */
struct frames *frames_new(uint32_t count, size_t bytes);
void frames_free(struct frames *frames);

/* false: no memory; the model is not kept. */
bool frames_add(struct frames *frames, const struct model *model);
uint32_t frames_count(const struct frames *frames);

/* Model n, 0 = the oldest. false: it is none that can be shown. */
bool frames_get(const struct frames *frames, uint32_t n, struct model *model);

/* Write the beginning of a recording; the newest frame to it. 0 or -errno. */
int frames_record_begin(FILE *out);
int frames_record(const struct frames *frames, FILE *out);

/* Add all frames of a recording. 0, or -errno: -EPROTO it is no recording, -EBADMSG it is damaged or of another build; *at is then
 * the number of the frame, from 1, and the frames before it are there. */
int frames_replay(struct frames *frames, FILE *in, uint32_t *at);

#endif
