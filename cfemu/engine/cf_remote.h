/* A view whose CF is elsewhere: how cf.h reaches it without the engine knowing of sockets.
 *
 * cfemu/link, where a program is linked with it, defines cf_remote_open(), which cf_open() calls for names that contain
 * '@'. It makes a view with these calls set. A view without them is a local one, and pays one predictable branch.
 *
 * A remote view has no segment (header, slots and map are NULL), but it has attachments: one, its own and in its own
 * memory, which children share (cf_standstill()), so that cf_wait() and cf_interrupt() are the same for both kinds. */
#ifndef CF_REMOTE_H
#define CF_REMOTE_H

#include <stdint.h>

struct cf;

struct cf_remote {
    void (*message)(struct cf *cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in,
                    uint32_t in_cap);
    void (*close)(struct cf *cf);
    void (*abandon)(struct cf *cf);
    const char *(*lost)(struct cf *cf);
    uint64_t (*standstill)(struct cf *cf);
};

/* As cf_open(). NULL in programs without cfemu/link. */
int cf_remote_open(const char *name, const char *system, struct cf **cf) __attribute__((weak));

#endif
