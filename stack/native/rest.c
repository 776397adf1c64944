#include "stack/native/rest.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct rest *r)
{
    size_t size = r->size ? 2 * r->size : 64;
    struct rest_entry *entries = malloc(size * sizeof *entries);

    if (!entries)
        return false;
    for (size_t i = 0; i < r->count; i++)
        entries[i] = r->entries[(r->first + i) & (r->size - 1)];
    free(r->entries);
    r->entries = entries;
    r->size = size;
    r->first = 0;
    return true;
}

bool rest_add(struct rest *r, const struct clp_tuple *tuple, uint64_t until_us)
{
    if (r->count == r->size && !grow(r))
        return false;
    r->entries[(r->first + r->count++) & (r->size - 1)] = (struct rest_entry){ *tuple, until_us };
    return true;
}

bool rest_over(struct rest *r, uint64_t now_us, struct clp_tuple *tuple)
{
    if (r->count == 0 || r->entries[r->first].until_us > now_us)
        return false;
    *tuple = r->entries[r->first].tuple;
    r->first = (r->first + 1) & (r->size - 1);
    r->count--;
    return true;
}

void rest_free(struct rest *r)
{
    free(r->entries);
    memset(r, 0, sizeof *r);
}
