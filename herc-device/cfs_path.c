#include "herc-device/cfs_path.h"

#include <time.h>

#include "cfemu/arch/cf_bytes.h"

int cfs_path_open(struct cfs_path *path, const char *segment, const char *system)
{
    struct cf *cf;
    int rc = cf_open(segment, system, &cf);

    if (rc == 0)
        atomic_store(&path->cf, cf);
    return rc;
}

void cfs_path_close(struct cfs_path *path)
{
    const struct timespec moment = {.tv_nsec = 20000};
    struct cf *cf = atomic_exchange(&path->cf, NULL);

    while (atomic_load(&path->users) > 0)
        nanosleep(&moment, NULL);
    if (cf != NULL)
        cf_close(cf);
}

enum cfs_cc cfs_path_message(struct cfs_path *path, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb,
                             void *in, uint32_t in_cap)
{
    enum cfs_cc cc = CFS_NOT_OPERATIONAL;
    struct cf *cf;

    atomic_fetch_add(&path->users, 1);
    cf = atomic_load(&path->cf);
    if (cf != NULL) {
        cf_message(cf, mcb, out, out_len, mrb, in, in_cap);
        cc = get_be16(mrb + MRB_RESPONSE) == CF_RSP_BUSY ? CFS_BUSY : CFS_DONE;
    }
    atomic_fetch_sub(&path->users, 1);
    return cc;
}

uint32_t cfs_path_data_len(const uint8_t *mrb, uint32_t in_cap)
{
    uint32_t len = get_be32(mrb + MRB_DATALEN);

    return len <= in_cap ? len : 0;
}
