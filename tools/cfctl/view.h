/* What the displays share: a snapshot to read from, names and numbers as text and as JSON. A display reads a private
 * copy, so it may take its time: nobody waits for it. */
#ifndef CFCTL_VIEW_H
#define CFCTL_VIEW_H

#include <cjson/cJSON.h>

#include "cfemu/engine/cf_snapshot.h"
#include "tools/cfctl/command.h"

#define INCREMENT_KIB (CF_INCREMENT / 1024)

/* A text of a fixed length, so that functions can return one. */
struct text {
    char text[2 * 64 + 1];
};

/* Snapshot for a command; NULL: it was said why not. strname: NULL = all structures. */
struct cf_snapshot *view_take(struct cf *cf, const struct request *request, const char *strname, enum cf_snapshot_depth depth);

/* The structure of this name in a snapshot that was taken with it; NULL: it was said why not. */
const struct cf_slot *view_structure(struct cf_snapshot *snapshot, const char *what, const char *strname);

/* A name without trailing blanks; in hexadecimal if it is not printable. size: at most 64. */
struct text name_text(const uint8_t *name, size_t size);

/* Bytes in hexadecimal, at most 64. */
struct text hex_text(const uint8_t *bytes, size_t size);

/* MM/DD/YYYY hh:mm:ss, local time; and as ISO 8601 with the zone, for JSON. */
struct text time_text(uint64_t realtime_ns);
struct text time_iso(uint64_t realtime_ns);

/* Message id and title of a display: "IXC359I  hh.mm.ss  DISPLAY XCF". */
void title(const char *id, const char *what);

const char *type_text(const struct cf_structure *s);
uint32_t connections_count(const struct cf_structure *s);
unsigned percent(uint64_t part, uint64_t whole);

/* Numbers above 2^53 would lose digits in JSON; identifiers go as text. */
void json_number(cJSON *object, const char *key, double number);
void json_text(cJSON *object, const char *key, struct text text);

/* Print it, and free it. Result: an exit code. */
int json_print(cJSON *object);

#endif
