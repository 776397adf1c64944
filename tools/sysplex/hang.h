/* An image that hangs where it hurts most: in the middle of a command to a structure, whose mutex it then holds up for all. */
#ifndef SYSPLEX_HANG_H
#define SYSPLEX_HANG_H

#include "tools/sysplex/image.h"

/* Stop the image (SIGSTOP), look into the segment whether a thread of it holds the mutex of the structure, and if not let it go on:
 * some times. 0: it is stopped there. -EAGAIN: it was never found there, and goes on. Else -errno: -EINVAL it is not ready,
 * -ENOENT there is no such structure, -ECHILD its process has ended. */
int hang_inside(struct image *image, const char *segment, const char *structure);

#endif
