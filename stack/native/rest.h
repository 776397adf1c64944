/* Connections in TIME_WAIT: ended, but their ports are not to be used towards the same peer yet. First in, first out, because
 * they all wait for the same time. */
#ifndef NATIVE_REST_H
#define NATIVE_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/clp/clp.h"

struct rest {
    struct rest_entry {
        struct clp_tuple tuple;
        uint64_t until_us;
    } *entries;                     /* a ring of `size`, a power of two */
    size_t size, first, count;
};

/* Zeros are an empty one. False: no memory. */
bool rest_add(struct rest *rest, const struct clp_tuple *tuple, uint64_t until_us);

/* Take out one whose time has come. False: there is none. */
bool rest_over(struct rest *rest, uint64_t now_us, struct clp_tuple *tuple);

void rest_free(struct rest *rest);

#endif
