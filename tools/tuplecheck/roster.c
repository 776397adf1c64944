#include "tools/tuplecheck/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 256 };

/* One more element at the end of a growing array; NULL: no memory. */
static void *grow(void **array, size_t *count, size_t size)
{
    void *more = realloc(*array, (*count + 1) * size);
    if (!more)
        return NULL;
    *array = more;
    return (char *)more + size * (*count)++;
}

bool roster_add_image(struct roster *r, uint64_t sender, const char *name)
{
    void *array = r->images;
    struct roster_image *image = grow(&array, &r->image_count, sizeof *image);
    r->images = array;
    if (image) {
        image->sender = sender;
        snprintf(image->name, sizeof image->name, "%s", name);
    }
    return image;
}

bool roster_add_death(struct roster *r, const struct flow_death *death)
{
    void *array = r->deaths;
    struct flow_death *added = grow(&array, &r->death_count, sizeof *added);
    r->deaths = array;
    if (added)
        *added = *death;
    return added;
}

const char *roster_name(const struct roster *r, uint64_t sender)
{
    for (size_t i = 0; i < r->image_count; i++)
        if (r->images[i].sender == sender)
            return r->images[i].name;
    return NULL;
}

void roster_free(struct roster *r)
{
    free(r->images);
    free(r->deaths);
    *r = (struct roster){ 0 };
}

/* --- text ----------------------------------------------------------------------------------------------------------- */

/* Behind the MAC address, NULL: there is none. */
static const char *parse_mac(const char *text, uint64_t *mac)
{
    int length = 0;
    *mac = 0;
    for (int i = 0; i < 6; i++, text += length) {
        unsigned byte;
        if (sscanf(text, i ? ":%2x%n" : "%2x%n", &byte, &length) != 1)
            return NULL;
        *mac = *mac << 8 | byte;
    }
    return text;
}

/* "1763887812.345678901", seconds since 1970. *end: behind it, NULL: it is none. */
static int64_t parse_time(const char *text, char **end)
{
    uint64_t seconds = strtoull(text, end, 10), ns = 0, unit = 1000000000;
    if (*text < '0' || *text > '9' || seconds > 1ull << 33) {
        *end = NULL;
        return 0;
    }
    if (**end == '.')
        for (++*end; **end >= '0' && **end <= '9'; ++*end)
            ns += (uint64_t)(**end - '0') * (unit /= 10);
    return (int64_t)(seconds * 1000000000 + ns);
}

bool roster_parse_death(const char *text, struct flow_death *death)
{
    char *end;
    text = parse_mac(text, &death->sender);
    if (!text || *text != '@')
        return false;
    death->ns = parse_time(text + 1, &end);
    death->back_ns = INT64_MAX;
    if (end && *end == '-')
        death->back_ns = parse_time(end + 1, &end);
    return end && *end == '\0' && death->back_ns > death->ns;
}

/* 0, -EINVAL: it is neither, -ENOMEM. */
static int take_line(struct roster *r, const char *line)
{
    char name[ROSTER_NAME_SIZE], more;
    uint64_t mac;
    struct flow_death death;
    const char *rest = parse_mac(line, &mac);
    if (rest && *rest == ' ' && sscanf(rest, " %31s %c", name, &more) == 1)
        return roster_add_image(r, mac, name) ? 0 : -ENOMEM;
    if (roster_parse_death(line, &death))
        return roster_add_death(r, &death) ? 0 : -ENOMEM;
    return -EINVAL;
}

int roster_read(struct roster *r, const char *path)
{
    char line[LINE_SIZE];
    int rc = 0;
    unsigned number = 0;
    FILE *in = fopen(path, "re");
    if (!in) {
        rc = -errno;
        fprintf(stderr, "tuplecheck: %s: %s\n", path, strerror(-rc));
        return rc;
    }
    while (rc == 0 && fgets(line, sizeof line, in)) {
        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] && line[0] != '#')
            rc = take_line(r, line);
    }
    if (rc == 0 && ferror(in))
        rc = -EIO;
    if (rc == -EINVAL)
        fprintf(stderr, "tuplecheck: %s:%u: %s: expected a MAC address and a name, such as 02:00:00:00:00:03 MVS3, or when it was dead, such as "
                "02:00:00:00:00:03@1763887812.345-1763887813.5\n", path, number, line);
    else if (rc < 0)
        fprintf(stderr, "tuplecheck: %s: %s\n", path, strerror(-rc));
    fclose(in);
    return rc;
}

static void write_mac(uint64_t mac, FILE *out)
{
    for (int shift = 40; shift >= 0; shift -= 8)
        fprintf(out, "%02x%s", (unsigned)(mac >> shift & 0xff), shift ? ":" : "");
}

static void write_time(char before, int64_t ns, FILE *out)
{
    fprintf(out, "%c%lld.%09lld", before, (long long)(ns / 1000000000), (long long)(ns % 1000000000));
}

void roster_write(const struct roster *r, FILE *out)
{
    fputs("# The images that send in the capture: what each is called, and when it was dead (seconds since 1970). For tuplecheck --images.\n", out);
    for (size_t i = 0; i < r->image_count; i++) {
        write_mac(r->images[i].sender, out);
        fprintf(out, " %s\n", r->images[i].name);
    }
    for (size_t i = 0; i < r->death_count; i++) {
        write_mac(r->deaths[i].sender, out);
        write_time('@', r->deaths[i].ns, out);
        if (r->deaths[i].back_ns != INT64_MAX)
            write_time('-', r->deaths[i].back_ns, out);
        putc('\n', out);
    }
}
