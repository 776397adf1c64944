/* lwIP includes it for atoi. */
#ifndef IMAGE_STDLIB_H
#define IMAGE_STDLIB_H

int atoi(const char *text);

#endif
