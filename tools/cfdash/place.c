#include "tools/cfdash/place.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sysplex/tell.h"

struct search {
    struct place *place;
    const char *name;
    char names[256];                /* of those that are up */
    bool found;
};

/* From the oldest on: the last one stands. */
static int look_at(void *context, const char *name, const char *path)
{
    struct search *search = context;
    struct rundir *r = &search->place->rundir;
    size_t length = strlen(search->names);
    snprintf(search->names + length, sizeof search->names - length, "%s%s", length ? ", " : "", name);
    if (search->name && strcmp(search->name, name) != 0)
        return 0;
    search->found = true;
    snprintf(r->path, sizeof r->path, "%s", path);
    snprintf(r->name, sizeof r->name, "%s", name);
    return 0;
}

/* The first line of the statistics names the segments of the coupling facilities. */
static int read_segment(struct place *place)
{
    const char *path = rundir_file(&place->rundir, "statistics.jsonl");
    char *line = NULL;
    size_t size = 0;
    FILE *in = fopen(path, "re");
    int rc = !in ? -errno : getline(&line, &size, in) < 0 ? -ENODATA : 0;
    cJSON *o = rc == 0 ? cJSON_Parse(line) : NULL;
    const cJSON *cf = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(o, "cfs"), 0);
    const char *segment = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cf, "segment"));
    if (segment)
        snprintf(place->segment, sizeof place->segment, "%s", segment);
    else if (rc == 0)
        rc = -ENODATA;
    if (rc < 0)
        tell_error("%s: %s; expected a line that names the segments of the coupling facilities", path, strerror(-rc));
    cJSON_Delete(o);
    free(line);
    if (in)
        fclose(in);
    return rc;
}

int place_find(struct place *place, const char *name)
{
    struct search search = {.place = place, .name = name};
    int rc = rundir_find_build(&place->rundir);
    if (rc < 0)
        return rc;
    rundir_each(&place->rundir, look_at, &search);
    if (!search.found && name && search.names[0])
        tell_error("no Sysplex %s is up; these are: %s", name, search.names);
    else if (!search.found)
        tell_error("no Sysplex%s%s is up: sysplex up boots one; or name the segment of a coupling facility", name ? " " : "", name ? name : "");
    if (!search.found)
        return -ENOENT;
    snprintf(place->events, sizeof place->events, "%s", rundir_file(&place->rundir, "events.jsonl"));
    return read_segment(place);
}
